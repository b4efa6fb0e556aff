//! `GetMembership` and `ListJoinedGuids`: what other services ask. A user asks about others only as a member.

use halley_contracts::groups::v1::{
    GetMembershipRequest, GetMembershipResponse, ListJoinedGuidsRequest, ListJoinedGuidsResponse,
};
use halley_kit::Caller;
use halley_model::rights::Action;

use crate::{
    access::Scene,
    domain::{self, Place},
    error::{GroupsError, Result},
    service::Groups,
    store::{members, places},
};

/// Most guids of one answer; a user in more of them hears of the others only when asking.
const JOINED_MAX: i64 = 30_000;

pub(super) async fn get(
    groups: &Groups,
    caller: Caller,
    request: GetMembershipRequest,
) -> Result<GetMembershipResponse> {
    let guid = domain::known_guid(&request.guid)?;
    let uid = domain::known_uid(&request.uid);
    if caller.acting_uid().is_some_and(|acting| Some(acting) != uid.as_deref()) {
        Scene::read(groups, &caller, &guid).await?.require(Action::ListMembers)?;
    }
    let found = places::find_group_and_place(&groups.pool, caller.app_id(), &guid, uid.as_deref()).await?;
    let (group, place) = found.ok_or(GroupsError::GroupNotFound { guid: request.guid })?;
    let member = match place {
        Some(Place::Member(membership)) => Some(membership.show(&guid, &uid.unwrap_or_default())),
        Some(Place::Banned) | None => None,
    };
    Ok(GetMembershipResponse { group: Some(group.into()), member, banned: place == Some(Place::Banned) })
}

pub(super) async fn list_guids(
    groups: &Groups,
    caller: Caller,
    request: ListJoinedGuidsRequest,
) -> Result<ListJoinedGuidsResponse> {
    let Some(uid) = domain::known_uid(&request.uid) else { return Ok(ListJoinedGuidsResponse::default()) };
    if caller.acting_uid().is_some_and(|acting| acting != uid) {
        return Err(GroupsError::NotForUsers { what: "list the groups of somebody else" });
    }
    let mut guids = members::list_guids_of(&groups.pool, caller.app_id(), &uid, JOINED_MAX + 1).await?;
    if guids.len() as i64 > JOINED_MAX {
        tracing::warn!(app = caller.app_id(), max = JOINED_MAX, "a user is in more groups than one answer holds");
        guids.truncate(JOINED_MAX as usize);
    }
    Ok(ListJoinedGuidsResponse { guids })
}
