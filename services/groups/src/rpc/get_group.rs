//! `GetGroup` and `BatchGetGroups`. Whoever knows a guid may see the group, also a private one: only lists hide it.

use halley_contracts::groups::v1::{BatchGetGroupsRequest, BatchGetGroupsResponse, GetGroupRequest, GetGroupResponse};
use halley_kit::Caller;
use halley_model::limits;

use crate::{access::Scene, domain, error::Result, service::Groups, store};

pub(super) async fn get(groups: &Groups, caller: Caller, request: GetGroupRequest) -> Result<GetGroupResponse> {
    let guid = domain::known_guid(&request.guid)?;
    let scene = Scene::read(groups, &caller, &guid).await?;
    let own = scene.show_own();
    Ok(GetGroupResponse { group: Some(scene.group.into()), own })
}

pub(super) async fn batch_get(
    groups: &Groups,
    caller: Caller,
    request: BatchGetGroupsRequest,
) -> Result<BatchGetGroupsResponse> {
    domain::at_most("guids", &request.guids, limits::BATCH_MAX)?;
    let guids = domain::known_guids(&request.guids);
    let rows = store::groups::list_groups_by_guid(&groups.pool, caller.app_id(), &guids).await?;
    let own = match caller.acting_uid() {
        Some(uid) if !rows.is_empty() => {
            let places = store::members::list_own(&groups.pool, caller.app_id(), uid, &guids).await?;
            places.iter().map(|(guid, row)| row.membership().show(guid, uid)).collect()
        }
        _ => Vec::new(),
    };
    Ok(BatchGetGroupsResponse { groups: rows.into_iter().map(Into::into).collect(), own })
}
