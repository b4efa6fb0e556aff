//! `BanMember`.

use halley_contracts::groups::v1::{BanMemberRequest, BanMemberResponse, Group, MembershipAction};
use halley_kit::{Caller, time};
use halley_model::rights::Action;

use crate::{
    access::Scene,
    domain,
    error::{GroupsError, Result},
    events::{self, Change, Origin},
    service::Groups,
    store::{bans, groups, members},
};

pub(super) async fn ban(groups: &Groups, caller: Caller, request: BanMemberRequest) -> Result<BanMemberResponse> {
    let guid = domain::known_guid(&request.guid)?;
    let uid = domain::known_uid(&request.uid).ok_or(GroupsError::NotAMember { uid: request.uid })?;
    let app_id = caller.app_id();
    let mut transaction = halley_kit::postgres::begin(&groups.pool).await?;
    let (scene, _) = Scene::lock(&mut transaction, &caller, &guid, &[&uid]).await?;
    scene.require_removal(&uid, Action::Ban)?;
    if scene.is_banned(&uid) {
        return Err(GroupsError::AlreadyBanned { uid });
    }
    let before = Some(scene.require_member(&uid)?);
    let at = time::now();
    members::delete_members(&mut transaction, app_id, &guid, &[&uid]).await?;
    bans::insert_bans(&mut transaction, app_id, &guid, &[&uid], at).await?;
    let group: Group = groups::update_members_count(&mut transaction, app_id, &guid, -1).await?.into();
    let change = Change { action: MembershipAction::Banned, uid: &uid, before, after: None, at };
    let (event, entry) = events::membership(Origin::of(&caller), &group, change);
    groups.commit(transaction, &[entry]).await?;
    Ok(BanMemberResponse { group: Some(group), event: Some(event) })
}
