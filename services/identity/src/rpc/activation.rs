//! Deactivating and reactivating users.

use std::collections::HashSet;

use halley_contracts::{events::v1::ChangeKind, identity::v1 as pb};
use halley_kit::{Caller, time};
use halley_model::limits;

use super::commit;
use crate::{
    Identity, access,
    domain::{self, known_uids},
    error::Result,
    events, store,
    store::users::UserRow,
};

pub(super) async fn deactivate(
    identity: &Identity,
    caller: Caller,
    request: pb::DeactivateUsersRequest,
) -> Result<pb::DeactivateUsersResponse> {
    access::server_side(&caller, "deactivate users")?;
    domain::at_most("uidsToDeactivate", &request.uids, limits::BATCH_MAX)?;
    let fates = switch(identity, &caller, &request.uids, Switch::Off).await?;
    Ok(pb::DeactivateUsersResponse {
        deactivated: fates.switched,
        already_deactivated: fates.unchanged,
        not_found: fates.not_found,
    })
}

pub(super) async fn reactivate(
    identity: &Identity,
    caller: Caller,
    request: pb::ReactivateUsersRequest,
) -> Result<pb::ReactivateUsersResponse> {
    access::server_side(&caller, "reactivate users")?;
    domain::at_most("uidsToActivate", &request.uids, limits::BATCH_MAX)?;
    let fates = switch(identity, &caller, &request.uids, Switch::On).await?;
    Ok(pb::ReactivateUsersResponse {
        reactivated: fates.switched,
        not_deactivated: fates.unchanged,
        not_found: fates.not_found,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Switch {
    On,
    Off,
}

/// What became of the uids of a call, each named once.
struct Fates {
    switched: Vec<String>,
    unchanged: Vec<String>,
    not_found: Vec<String>,
}

async fn switch(identity: &Identity, caller: &Caller, asked: &[String], to: Switch) -> Result<Fates> {
    let (app_id, now) = (caller.app_id(), time::now());
    let mut transaction = halley_kit::postgres::begin(&identity.pool).await?;
    let users = store::users::lock_users(&mut transaction, app_id, &known_uids(asked)).await?;
    let not_found = not_among(asked, &users);
    let is_on = |user: &UserRow| user.deactivated_at.is_none();
    let (unchanged, to_switch): (Vec<UserRow>, Vec<UserRow>) =
        users.into_iter().partition(|user| is_on(user) == (to == Switch::On));
    let switched: Vec<String> = to_switch.into_iter().map(|user| user.uid).collect();
    let (deactivated_at, kind) = match to {
        Switch::On => (None, ChangeKind::Reactivated),
        Switch::Off => (Some(now), ChangeKind::Deactivated),
    };
    let changed = store::users::update_deactivated_at(&mut transaction, app_id, &switched, deactivated_at, now).await?;
    let facts: Vec<_> = changed.iter().map(|user| events::user_changed(caller, kind, user)).collect();
    let pending = commit(transaction, &facts).await?;
    identity.relay.publish_now(pending).await;
    Ok(Fates { switched, unchanged: unchanged.into_iter().map(|user| user.uid).collect(), not_found })
}

/// The uids as they were given that none of these users has.
fn not_among(asked: &[String], users: &[UserRow]) -> Vec<String> {
    let mut seen: HashSet<String> = users.iter().map(|user| user.uid.clone()).collect();
    asked.iter().filter(|uid| seen.insert(uid.to_ascii_lowercase())).cloned().collect()
}
