//! `LeaveGroup`.

use halley_contracts::groups::v1::{Group, LeaveGroupRequest, LeaveGroupResponse, MembershipAction};
use halley_kit::{Caller, time};
use halley_model::rights::Action;

use crate::{
    access::Scene,
    domain,
    error::Result,
    events::{self, Change, Origin},
    service::Groups,
    store::{groups, members},
};

pub(super) async fn leave(groups: &Groups, caller: Caller, request: LeaveGroupRequest) -> Result<LeaveGroupResponse> {
    let uid = caller.require_uid()?;
    let guid = domain::known_guid(&request.guid)?;
    let app_id = caller.app_id();
    let mut transaction = halley_kit::postgres::begin(&groups.pool).await?;
    let (scene, _) = Scene::lock(&mut transaction, &caller, &guid, &[]).await?;
    scene.require(Action::Leave)?;
    members::delete_members(&mut transaction, app_id, &guid, &[uid]).await?;
    let group: Group = groups::update_members_count(&mut transaction, app_id, &guid, -1).await?.into();
    let change = Change { action: MembershipAction::Left, uid, before: scene.own(), after: None, at: time::now() };
    let (event, entry) = events::membership(Origin::of(&caller), &group, change);
    groups.commit(transaction, &[entry]).await?;
    Ok(LeaveGroupResponse { group: Some(group), event: Some(event) })
}
