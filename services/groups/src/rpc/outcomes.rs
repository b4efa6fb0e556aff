//! What the lists of members of a call come to: for `CreateGroup` and `AddMembers`.

use chrono::{DateTime, Utc};
use halley_bus::outbox::Entry;
use halley_contracts::groups::v1::{Group, MemberOutcome, MemberScope, MembershipAction};
use halley_model::rights::{Action, Scope};
use sqlx::PgConnection;

use super::seats::Seats;
use crate::{
    access::Scene,
    domain::{Membership, Wanted, Wish, scope_to_pb},
    error::{GroupsError, Result, item},
    events::{self, Change, Origin},
    store::{bans, groups, members},
};

/// What was done.
pub(super) struct Applied {
    /// The group with the members it has now.
    pub group: Group,
    pub outcomes: Vec<MemberOutcome>,
    pub entries: Vec<Entry>,
}

/// How full a group is, and the groups of those who come into it.
#[derive(Debug)]
pub(super) struct Room {
    /// Members who are in the group already and not in its number yet.
    pub uncounted: i32,
    /// The most that it may have.
    pub max: usize,
    /// Of those who come.
    pub seats: Seats,
}

impl Room {
    /// How many more may come in.
    fn left(&self, group: &groups::GroupRow) -> usize {
        let members = usize::try_from(group.members_count.saturating_add(self.uncounted)).unwrap_or(0);
        self.max.saturating_sub(members)
    }
}

/// Does what the lists want, each uid by itself.
pub(super) async fn apply(
    conn: &mut PgConnection,
    origin: Origin<'_>,
    scene: &Scene<'_>,
    wanted: &[Wanted],
    room: &Room,
    now: DateTime<Utc>,
) -> Result<Applied> {
    let mut left = room.left(&scene.group);
    let decisions: Vec<Result<Change<'_>>> = wanted
        .iter()
        .map(|wanted| decide(scene, wanted, now).and_then(|change| seat(change, room, &mut left)))
        .collect();
    let changes: Vec<Change<'_>> = decisions.iter().filter_map(|decision| decision.as_ref().ok().copied()).collect();
    let group = write(conn, origin.app_id, scene, &changes, room.uncounted, now).await?;
    let mut outcomes = Vec::with_capacity(wanted.len());
    let mut entries = Vec::with_capacity(changes.len());
    for (wanted, decision) in wanted.iter().zip(decisions) {
        let (event, decision) = match decision {
            Ok(change) => {
                let (event, entry) = events::membership(origin, &group, change);
                entries.push(entry);
                (Some(event), Ok(()))
            }
            Err(fault) => (None, Err(fault)),
        };
        let result = Some(item(wanted.id.clone(), decision)?);
        outcomes.push(MemberOutcome { result, scope: scope(wanted.wish).into(), event });
    }
    Ok(Applied { group, outcomes, entries })
}

fn scope(wish: Wish) -> MemberScope {
    match wish {
        Wish::Member(scope) => scope_to_pb(scope),
        Wish::Ban => MemberScope::Unspecified,
    }
}

/// What is to be done for one uid, or why not.
fn decide<'a>(scene: &Scene<'_>, wanted: &'a Wanted, now: DateTime<Utc>) -> Result<Change<'a>> {
    let uid = wanted.uid.as_deref().ok_or_else(|| GroupsError::UserNotFound { uid: wanted.id.clone() })?;
    let (before, is_banned) = (scene.membership(uid), scene.is_banned(uid));
    match wanted.wish {
        Wish::Member(_) if is_banned => Err(GroupsError::Banned { uid: uid.to_owned() }),
        Wish::Member(_) if before.is_some() => Err(GroupsError::AlreadyJoined { uid: uid.to_owned() }),
        Wish::Member(scope) => {
            let after = Some(Membership { scope, joined_at: now });
            Ok(Change { action: MembershipAction::Added, uid, before, after, at: now })
        }
        Wish::Ban if is_banned => Err(GroupsError::AlreadyBanned { uid: uid.to_owned() }),
        Wish::Ban => {
            scene.require_removal(uid, Action::Ban)?;
            Ok(Change { action: MembershipAction::Banned, uid, before, after: None, at: now })
        }
    }
}

/// Gives who comes in a place. Who is banned by the same call leaves theirs only afterwards.
fn seat<'a>(change: Change<'a>, room: &Room, left: &mut usize) -> Result<Change<'a>> {
    if change.after.is_none() || change.before.is_some() {
        return Ok(change);
    }
    room.seats.take(change.uid)?;
    *left = left.checked_sub(1).ok_or(GroupsError::Full)?;
    Ok(change)
}

async fn write(
    conn: &mut PgConnection,
    app_id: &str,
    scene: &Scene<'_>,
    changes: &[Change<'_>],
    uncounted: i32,
    now: DateTime<Utc>,
) -> Result<Group> {
    let guid = &scene.group.guid;
    let joined: Vec<(&str, Scope)> =
        changes.iter().filter_map(|change| Some((change.uid, change.after?.scope))).collect();
    let banned: Vec<&str> = changes.iter().filter(|change| change.after.is_none()).map(|change| change.uid).collect();
    let left: Vec<&str> = changes.iter().filter(|change| change.before.is_some()).map(|change| change.uid).collect();
    members::delete_members(&mut *conn, app_id, guid, &left).await?;
    members::insert_members(&mut *conn, app_id, guid, &joined, now).await?;
    bans::insert_bans(&mut *conn, app_id, guid, &banned, now).await?;
    // A call has few uids, so the numbers are small.
    let more = uncounted + joined.len() as i32 - left.len() as i32;
    if more == 0 {
        return Ok(scene.group.clone().into());
    }
    Ok(groups::update_members_count(conn, app_id, guid, more).await?.into())
}
