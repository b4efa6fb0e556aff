//! Changes of a group's row, also of whose it is: for `UpdateGroup` and `TransferOwnership`.

use chrono::{DateTime, Utc};
use halley_bus::outbox::Entry;
use halley_contracts::groups::v1::{Group, MembershipAction};
use halley_kit::Caller;
use halley_model::rights::Scope;
use sqlx::PgConnection;

use super::seats::Seats;
use crate::{
    access::Scene,
    domain::{self, GroupChanges, Membership},
    error::{GroupsError, Result},
    events::{self, Change, Origin},
    store::{
        groups::{self, Update},
        members,
    },
};

/// Makes the new owner a member with the scope admin; answers what that changed.
pub(super) async fn give<'a>(
    conn: &mut PgConnection,
    app_id: &str,
    scene: &Scene<'_>,
    owner: &'a str,
    seats: &Seats,
    at: DateTime<Utc>,
) -> Result<Option<Change<'a>>> {
    let guid = &scene.group.guid;
    if !domain::is_user(owner) {
        return Ok(None);
    }
    if scene.is_banned(owner) {
        return Err(GroupsError::Banned { uid: owner.to_owned() });
    }
    let before = scene.membership(owner);
    let joined_at = before.map_or(at, |before| before.joined_at);
    let after = Some(Membership { scope: Scope::Admin, joined_at });
    let action = match before {
        Some(before) if before.scope == Scope::Admin => return Ok(None),
        Some(_) => {
            members::update_scope(conn, app_id, guid, owner, Scope::Admin).await?;
            MembershipAction::ScopeChanged
        }
        None => {
            seats.take(owner)?;
            members::insert_members(conn, app_id, guid, &[(owner, Scope::Admin)], at).await?;
            MembershipAction::Added
        }
    };
    Ok(Some(Change { action, uid: owner, before, after, at }))
}

/// Changes the row of a group as it was seen; answers the group and what is told of it.
pub(super) async fn write(
    conn: &mut PgConnection,
    caller: &Caller,
    scene: &Scene<'_>,
    changes: &GroupChanges,
    update: Update<'_>,
    rise: Option<Change<'_>>,
) -> Result<(Group, Vec<Entry>)> {
    let before = &scene.group;
    let group: Group = groups::update_group(conn, caller.app_id(), &before.guid, changes, update).await?.into();
    let origin = Origin::of(caller);
    let mut entries: Vec<Entry> = rise.map(|rise| events::membership(origin, &group, rise).1).into_iter().collect();
    entries.push(events::group_updated(origin, &before.owner, group.clone()));
    Ok((group, entries))
}
