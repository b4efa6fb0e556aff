//! `CreateBot`, `DeleteBot` and `ListBots`: users in whose name the app's server side sends. What is a bot is the app's to
//! say; a bot is a user like others in everything else.

use std::slice;

use halley_contracts::{events::v1::ChangeKind, identity::v1 as pb};
use halley_kit::{Caller, time};
use halley_model::limits;

use super::commit;
use crate::{
    Identity, access,
    domain::known_uid,
    error::{IdentityError, Result},
    events,
    store::{bots, users},
};

pub(super) async fn create(
    identity: &Identity,
    caller: Caller,
    request: pb::CreateBotRequest,
) -> Result<pb::CreateBotResponse> {
    access::server_side(&caller, "make bots")?;
    let app_id = caller.app_id();
    let uid = known_uid(&request.uid)?;
    let mut transaction = halley_kit::postgres::begin(&identity.pool).await?;
    bots::lock_bots(&mut transaction, app_id).await?;
    let found = users::lock_users(&mut transaction, app_id, slice::from_ref(&uid)).await?;
    match found.first() {
        Some(user) if user.deactivated_at.is_some() => return Err(IdentityError::UserNotFound { uid }),
        Some(user) if user.bot => return Err(IdentityError::BotExists { uid }),
        Some(_) => {}
        None => return Err(IdentityError::UserNotFound { uid }),
    }
    if bots::count_bots(&mut transaction, app_id).await? >= limits::BOTS_MAX {
        return Err(IdentityError::TooManyBots { max: limits::BOTS_MAX });
    }
    let changed = bots::update_bot(&mut transaction, app_id, &uid, true, time::now()).await?;
    let user = changed.ok_or(IdentityError::UserNotFound { uid })?;
    let pending = commit(transaction, &[events::user_changed(&caller, ChangeKind::Updated, &user)]).await?;
    identity.relay.publish_now(pending).await;
    Ok(pb::CreateBotResponse { user: Some(user.into()) })
}

pub(super) async fn delete(
    identity: &Identity,
    caller: Caller,
    request: pb::DeleteBotRequest,
) -> Result<pb::DeleteBotResponse> {
    access::server_side(&caller, "unmake bots")?;
    let app_id = caller.app_id();
    let not_found = || IdentityError::BotNotFound { uid: request.uid.clone() };
    let uid = known_uid(&request.uid).map_err(|_| not_found())?;
    let mut transaction = halley_kit::postgres::begin(&identity.pool).await?;
    let changed = bots::update_bot(&mut transaction, app_id, &uid, false, time::now()).await?;
    let user = changed.ok_or_else(not_found)?;
    let pending = commit(transaction, &[events::user_changed(&caller, ChangeKind::Updated, &user)]).await?;
    identity.relay.publish_now(pending).await;
    Ok(pb::DeleteBotResponse {})
}

pub(super) async fn list(identity: &Identity, caller: Caller, _: pb::ListBotsRequest) -> Result<pb::ListBotsResponse> {
    access::server_side(&caller, "list bots")?;
    let users = bots::list_bots(&identity.pool, caller.app_id()).await?;
    Ok(pb::ListBotsResponse { users: users.into_iter().map(Into::into).collect() })
}
