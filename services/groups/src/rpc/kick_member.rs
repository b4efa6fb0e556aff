//! `KickMember`.

use halley_contracts::groups::v1::{Group, KickMemberRequest, KickMemberResponse, MembershipAction};
use halley_kit::{Caller, time};
use halley_model::rights::Action;

use crate::{
    access::Scene,
    domain,
    error::{GroupsError, Result},
    events::{self, Change, Origin},
    service::Groups,
    store::{groups, members},
};

pub(super) async fn kick(groups: &Groups, caller: Caller, request: KickMemberRequest) -> Result<KickMemberResponse> {
    let guid = domain::known_guid(&request.guid)?;
    let uid = domain::known_uid(&request.uid).ok_or(GroupsError::NotAMember { uid: request.uid })?;
    let app_id = caller.app_id();
    let mut transaction = halley_kit::postgres::begin(&groups.pool).await?;
    let (scene, _) = Scene::lock(&mut transaction, &caller, &guid, &[&uid]).await?;
    scene.require_removal(&uid, Action::Kick)?;
    let before = Some(scene.require_member(&uid)?);
    members::delete_members(&mut transaction, app_id, &guid, &[&uid]).await?;
    let group: Group = groups::update_members_count(&mut transaction, app_id, &guid, -1).await?.into();
    let change = Change { action: MembershipAction::Kicked, uid: &uid, before, after: None, at: time::now() };
    let (event, entry) = events::membership(Origin::of(&caller), &group, change);
    groups.commit(transaction, &[entry]).await?;
    Ok(KickMemberResponse { group: Some(group), event: Some(event) })
}
