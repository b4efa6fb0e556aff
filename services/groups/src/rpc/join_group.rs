//! `JoinGroup`.

use halley_contracts::groups::v1::{Group, JoinGroupRequest, JoinGroupResponse, MembershipAction};
use halley_kit::{Caller, time};
use halley_model::{Limit, field, limits, rights::Scope};

use super::seats::Seats;
use crate::{
    access::Scene,
    domain::{self, Kind, Membership},
    error::{GroupsError, Result},
    events::{self, Change, Origin},
    service::Groups,
    store::{
        groups::{self, Door},
        members,
    },
};

pub(super) async fn join(groups: &Groups, caller: Caller, request: JoinGroupRequest) -> Result<JoinGroupResponse> {
    let uid = caller.require_uid()?;
    let guid = domain::known_guid(&request.guid)?;
    let app_id = caller.app_id();
    let known_hash = knock(groups, app_id, &guid, uid, request.password).await?;
    let settings = groups.apps.settings(app_id).await;
    let mut transaction = halley_kit::postgres::begin(&groups.pool).await?;
    let (scene, hash) = Scene::lock(&mut transaction, &caller, &guid, &[]).await?;
    // Asked again under the lock: the answer may be another by now.
    check_place(uid, scene.own().is_some(), scene.is_banned(uid))?;
    match scene.group.kind {
        Kind::Private => return Err(GroupsError::JoinNotAllowed),
        Kind::Password if hash != known_hash => return Err(GroupsError::WrongPassword),
        Kind::Password | Kind::Public => {}
    }
    let max = settings.limit(Limit::Members);
    if usize::try_from(scene.group.members_count).is_ok_and(|members| members >= max) {
        return Err(GroupsError::Full);
    }
    Seats::of(&mut transaction, app_id, &settings, &[uid]).await?.take(uid)?;
    let at = time::now();
    let member = Membership { scope: Scope::Participant, joined_at: at };
    members::insert_members(&mut transaction, app_id, &guid, &[(uid, member.scope)], at).await?;
    let group: Group = groups::update_members_count(&mut transaction, app_id, &guid, 1).await?.into();
    let change = Change { action: MembershipAction::Joined, uid, before: None, after: Some(member), at };
    let (event, entry) = events::membership(Origin::of(&caller), &group, change);
    groups.commit(transaction, &[entry]).await?;
    Ok(JoinGroupResponse { group: Some(group), member: Some(member.show(&guid, uid)), event: Some(event) })
}

/// Checks the password, which takes too long for a transaction; answers the hash that it fits.
async fn knock(groups: &Groups, app_id: &str, guid: &str, uid: &str, password: String) -> Result<Option<String>> {
    let door = groups::find_door(&groups.pool, app_id, guid, uid).await?;
    let Door { kind, password_hash, is_member, is_banned } =
        door.ok_or_else(|| GroupsError::GroupNotFound { guid: guid.to_owned() })?;
    check_place(uid, is_member, is_banned)?;
    let hash = match (kind, password_hash) {
        (Kind::Private, _) => return Err(GroupsError::JoinNotAllowed),
        (Kind::Password, Some(hash)) => hash,
        (Kind::Public | Kind::Password, _) => return Ok(None),
    };
    if password.is_empty() {
        return Err(GroupsError::EmptyPassword);
    }
    // No group has such a password, and it costs nothing to say so.
    let is_possible = field::text("password", &password, limits::GROUP_PASSWORD_MAX).is_ok();
    if is_possible && groups.passwords.is_right(password, hash.clone()).await? {
        Ok(Some(hash))
    } else {
        Err(GroupsError::WrongPassword)
    }
}

fn check_place(uid: &str, is_member: bool, is_banned: bool) -> Result<()> {
    if is_member {
        return Err(GroupsError::AlreadyJoined { uid: uid.to_owned() });
    }
    if is_banned {
        return Err(GroupsError::Banned { uid: uid.to_owned() });
    }
    Ok(())
}
