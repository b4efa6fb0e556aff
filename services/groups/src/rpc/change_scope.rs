//! `ChangeMemberScope`.

use halley_contracts::groups::v1::{ChangeMemberScopeRequest, ChangeMemberScopeResponse, Group, MembershipAction};
use halley_kit::{Caller, time};
use halley_model::{FieldError, rights::Action};

use crate::{
    access::Scene,
    domain::{self, Membership, scope_from_pb, scope_to_pb},
    error::{GroupsError, Result},
    events::{self, Change, Origin},
    service::Groups,
    store::members,
};

pub(super) async fn change(
    groups: &Groups,
    caller: Caller,
    request: ChangeMemberScopeRequest,
) -> Result<ChangeMemberScopeResponse> {
    let guid = domain::known_guid(&request.guid)?;
    let to = scope_from_pb(request.scope())
        .ok_or_else(|| FieldError::new("scope", "must be admin, moderator or participant"))?;
    let uid = domain::known_uid(&request.uid).ok_or(GroupsError::NotAMember { uid: request.uid })?;
    let app_id = caller.app_id();
    let mut transaction = halley_kit::postgres::begin(&groups.pool).await?;
    let (scene, _) = Scene::lock(&mut transaction, &caller, &guid, &[&uid]).await?;
    scene.require_other(&uid)?;
    scene.require(Action::ChangeScope { target: scene.standing(&uid), to })?;
    let before = scene.require_member(&uid)?;
    if before.scope == to {
        return Err(GroupsError::SameScope { uid });
    }
    if scene.is_owner(&uid) {
        return Err(GroupsError::OwnersScope { uid });
    }
    members::update_scope(&mut transaction, app_id, &guid, &uid, to).await?;
    let after = Membership { scope: to, ..before };
    let group: Group = scene.group.into();
    let change = Change {
        action: MembershipAction::ScopeChanged,
        uid: &uid,
        before: Some(before),
        after: Some(after),
        at: time::now(),
    };
    let (event, entry) = events::membership(Origin::of(&caller), &group, change);
    groups.commit(transaction, &[entry]).await?;
    Ok(ChangeMemberScopeResponse {
        member: Some(after.show(&guid, &uid)),
        old_scope: scope_to_pb(before.scope).into(),
        event: Some(event),
    })
}
