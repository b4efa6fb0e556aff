//! `ListMembers` and `ListBannedMembers`.

use halley_contracts::groups::v1::{
    ListBannedMembersRequest, ListBannedMembersResponse, ListMembersRequest, ListMembersResponse, MemberScope,
};
use halley_kit::{
    Caller,
    cursor::{Order, SortBy, Walk},
    page::Page,
};
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
        bans::{self, BanRow},
        members::{self, MemberFilter, MemberRow},
    },
};

/// Most uids of a filter, to list or to leave out.
const UIDS_MAX: usize = 10_000;
/// Without a cursor.
const BY_UID: Order = Order { by: SortBy::Id, descending: false };

pub(super) async fn list(groups: &Groups, caller: Caller, request: ListMembersRequest) -> Result<ListMembersResponse> {
    let walk = Walk::new(Page::parse(request.page)?, &request.cursor, BY_UID, &members::ORDERS)?;
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
    let (rows, total) = members::list_members(&groups.pool, caller.app_id(), &guid, &filter, &walk).await?;
    let next_cursor = walk.cursor(rows.last().map(MemberRow::keys));
    let info = walk.info(total, rows.len());
    let members = rows.iter().map(|row| row.membership().show(&guid, &row.uid)).collect();
    Ok(ListMembersResponse { members, page: Some(info), next_cursor })
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
    let walk = Walk::new(Page::parse(request.page)?, &request.cursor, BY_UID, &bans::ORDERS)?;
    domain::at_most("uids", &request.uids, UIDS_MAX)?;
    let uids = (!request.uids.is_empty()).then(|| domain::known_uids(&request.uids));
    let guid = domain::known_guid(&request.guid)?;
    Scene::read(groups, &caller, &guid).await?.require(Action::ListBanned)?;
    let (rows, total) = bans::list_bans(&groups.pool, caller.app_id(), &guid, uids.as_deref(), &walk).await?;
    let next_cursor = walk.cursor(rows.last().map(BanRow::keys));
    let info = walk.info(total, rows.len());
    let bans = rows.into_iter().map(Into::into).collect();
    Ok(ListBannedMembersResponse { bans, page: Some(info), next_cursor })
}
