//! `TransferOwnership`. The old owner stays an admin.

use halley_contracts::groups::v1::{TransferOwnershipRequest, TransferOwnershipResponse};
use halley_kit::{Caller, time};
use halley_model::rights::Action;

use super::{ownership, seats::Seats};
use crate::{
    access::Scene,
    domain::{self, GroupChanges},
    error::{GroupsError, Result},
    service::Groups,
    store::groups::Update,
};

pub(super) async fn transfer(
    groups: &Groups,
    caller: Caller,
    request: TransferOwnershipRequest,
) -> Result<TransferOwnershipResponse> {
    let guid = domain::known_guid(&request.guid)?;
    let owner = domain::known_uid(&request.new_owner);
    let mut transaction = halley_kit::postgres::begin(&groups.pool).await?;
    let uids: Vec<&str> = owner.as_deref().into_iter().collect();
    let (scene, hash) = Scene::lock(&mut transaction, &caller, &guid, &uids).await?;
    scene.require(Action::TransferOwnership)?;
    let owner = owner.as_deref().ok_or(GroupsError::NotAMember { uid: request.new_owner })?;
    scene.require_other(owner)?;
    scene.require_member(owner)?;
    let at = time::now();
    // Who is a member already needs no seat.
    let seats = Seats::default();
    let rise = ownership::give(&mut transaction, caller.app_id(), &scene, owner, &seats, at).await?;
    let update =
        Update { kind: scene.group.kind, password_hash: hash.as_deref(), owner, joined: 0, at, by: caller.actor() };
    let changes = GroupChanges::default();
    let (group, entries) = ownership::write(&mut transaction, &caller, &scene, &changes, update, rise).await?;
    groups.commit(transaction, &entries).await?;
    Ok(TransferOwnershipResponse { group: Some(group) })
}
