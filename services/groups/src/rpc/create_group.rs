//! `CreateGroup`.

use halley_contracts::{
    events::v1::ChangeKind,
    groups::v1::{CreateGroupRequest, CreateGroupResponse},
};
use halley_kit::{Caller, time};
use halley_model::{Limit, rights::Scope};

use super::{
    outcomes::{self, Room},
    seats::Seats,
};
use crate::{
    access::Scene,
    domain::{self, Membership, NewGroup, Place, Wanted, is_user},
    error::{GroupsError, Result},
    events::{self, Origin},
    service::Groups,
    store::{self, members},
};

pub(super) async fn create(
    groups: &Groups,
    caller: Caller,
    mut request: CreateGroupRequest,
) -> Result<CreateGroupResponse> {
    let settings = groups.apps.settings(caller.app_id()).await;
    let wanted = Wanted::parse(request.members.take().unwrap_or_default(), settings.limit(Limit::MembersPerCall))?;
    let mut new = NewGroup::parse(&caller, request, time::now())?;
    domain::at_most("tags", &new.tags, settings.limit(Limit::Tags))?;
    let hash = match new.password.take() {
        Some(password) => Some(groups.passwords.hash(password).await?),
        None => None,
    };
    let app_id = caller.app_id();
    let mut transaction = halley_kit::postgres::begin(&groups.pool).await?;
    let stored = store::groups::insert_group(&mut transaction, app_id, &new, hash.as_deref()).await?;
    let group = stored.ok_or_else(|| GroupsError::GroupExists { guid: new.guid.clone() })?;
    // The owner is in it from the beginning; that is told by the group's creation and by no event of membership.
    let owner = is_user(&new.owner).then_some(Membership { scope: Scope::Admin, joined_at: new.created_at });
    let coming = owner.map(|_| new.owner.as_str()).into_iter();
    let coming: Vec<&str> = coming.chain(wanted.iter().filter_map(|wanted| wanted.uid.as_deref())).collect();
    let seats = Seats::of(&mut transaction, app_id, &settings, &coming).await?;
    if owner.is_some() {
        seats.take(&new.owner)?;
        let owner = [(new.owner.as_str(), Scope::Admin)];
        members::insert_members(&mut transaction, app_id, &new.guid, &owner, new.created_at).await?;
    }
    let places = owner.map(|membership| (new.owner.clone(), Place::Member(membership)));
    let scene = Scene::new(&caller, group, places.into_iter().collect());
    let origin = Origin::of(&caller);
    let room = Room { uncounted: i32::from(owner.is_some()), max: settings.limit(Limit::Members), seats };
    let applied = outcomes::apply(&mut transaction, origin, &scene, &wanted, &room, new.created_at).await?;
    let mut entries = vec![events::group_changed(origin, ChangeKind::Created, applied.group.clone())];
    entries.extend(applied.entries);
    groups.commit(transaction, &entries).await?;
    Ok(CreateGroupResponse { group: Some(applied.group), own: scene.show_own(), outcomes: applied.outcomes })
}
