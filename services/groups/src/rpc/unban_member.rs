//! `UnbanMember`. It lets the user come back and does not bring the user back.

use halley_contracts::groups::v1::{Group, MembershipAction, UnbanMemberRequest, UnbanMemberResponse};
use halley_kit::{Caller, time};
use halley_model::rights::Action;

use crate::{
    access::Scene,
    domain,
    error::{GroupsError, Result},
    events::{self, Change, Origin},
    service::Groups,
    store::bans,
};

pub(super) async fn unban(groups: &Groups, caller: Caller, request: UnbanMemberRequest) -> Result<UnbanMemberResponse> {
    let guid = domain::known_guid(&request.guid)?;
    let uid = domain::known_uid(&request.uid).ok_or(GroupsError::NotBanned { uid: request.uid })?;
    let mut transaction = halley_kit::postgres::begin(&groups.pool).await?;
    let (scene, _) = Scene::lock(&mut transaction, &caller, &guid, &[&uid]).await?;
    scene.require(Action::Unban)?;
    if !scene.is_banned(&uid) {
        return Err(GroupsError::NotBanned { uid });
    }
    bans::delete_ban(&mut transaction, caller.app_id(), &guid, &uid).await?;
    let group: Group = scene.group.into();
    let change = Change { action: MembershipAction::Unbanned, uid: &uid, before: None, after: None, at: time::now() };
    let (event, entry) = events::membership(Origin::of(&caller), &group, change);
    groups.commit(transaction, &[entry]).await?;
    Ok(UnbanMemberResponse { group: Some(group), event: Some(event) })
}
