//! `ListMembers` and `ListBannedMembers`.

use halley_contracts::groups::v1::{
    ListBannedMembersRequest, ListBannedMembersResponse, ListMembersRequest, ListMembersResponse, MemberScope,
};
use halley_kit::{Caller, page::Page};
use halley_model::{
    FieldError,
    rights::{Action, Scope},
};

use crate::{
    access::Scene,
    domain::{self, scope_from_pb},
    error::{GroupsError, Result},
    service::Groups,
    store::{
        bans,
        members::{self, MemberFilter},
    },
};

/// Most uids of a filter, to list or to leave out.
const UIDS_MAX: usize = 10_000;

pub(super) async fn list(groups: &Groups, caller: Caller, request: ListMembersRequest) -> Result<ListMembersResponse> {
    let page = Page::parse(request.page)?;
    domain::at_most("uids", &request.uids, UIDS_MAX)?;
    domain::at_most("excludedUids", &request.excluded_uids, UIDS_MAX)?;
    let mut filter = MemberFilter {
        scopes: scopes(&request.scopes)?,
        uids: (!request.uids.is_empty()).then(|| domain::known_uids(&request.uids)),
        excluded_uids: domain::known_uids(&request.excluded_uids),
    };
    let guid = domain::known_guid(&request.guid)?;
    let scene = Scene::read(groups, &caller, &guid).await?;
    scene.require(Action::ListMembers)?;
    if let Some(own) = scene.own() {
        let rights = groups.own_rights(&caller, &scene).await?;
        let narrowed = rights.narrow_members(&filter.scopes);
        filter.scopes = narrowed.map_err(|denied| GroupsError::NotPermitted { denied, scope: own.scope })?;
    }
    let (rows, total) = members::list_members(&groups.pool, caller.app_id(), &guid, &filter, page).await?;
    let info = page.info(total, rows.len());
    let members = rows.iter().map(|row| row.membership().show(&guid, &row.uid)).collect();
    Ok(ListMembersResponse { members, page: Some(info) })
}

fn scopes(numbers: &[i32]) -> Result<Vec<Scope>> {
    let fault = || FieldError::new("scopes", "may hold only admin, moderator and participant");
    let scope = |number: &i32| MemberScope::try_from(*number).ok().and_then(scope_from_pb).ok_or_else(fault);
    Ok(numbers.iter().map(scope).collect::<std::result::Result<_, _>>()?)
}

pub(super) async fn list_banned(
    groups: &Groups,
    caller: Caller,
    request: ListBannedMembersRequest,
) -> Result<ListBannedMembersResponse> {
    let page = Page::parse(request.page)?;
    let guid = domain::known_guid(&request.guid)?;
    Scene::read(groups, &caller, &guid).await?.require(Action::ListBanned)?;
    let (rows, total) = bans::list_bans(&groups.pool, caller.app_id(), &guid, page).await?;
    let info = page.info(total, rows.len());
    Ok(ListBannedMembersResponse { bans: rows.into_iter().map(Into::into).collect(), page: Some(info) })
}
