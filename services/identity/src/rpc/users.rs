//! One user, and users by uid.

use std::slice;

use halley_contracts::{events::v1::ChangeKind, identity::v1 as pb};
use halley_kit::{Caller, time};
use halley_model::{Limit, limits};
use sqlx::PgConnection;

use super::commit;
use crate::{
    Identity, access,
    domain::{self, NewUser, UserChanges, known_uid},
    error::{IdentityError, Result},
    events, store,
};

pub(super) async fn create(
    identity: &Identity,
    caller: Caller,
    request: pb::CreateUserRequest,
) -> Result<pb::CreateUserResponse> {
    access::server_side(&caller, "create users")?;
    let app_id = caller.app_id();
    let new = NewUser::parse(request, time::now())?;
    domain::at_most("tags", &new.tags, identity.apps.settings(app_id).await.limit(Limit::Tags))?;
    let mut transaction = identity.begin_with_default_role(app_id).await?;
    require_role(&mut transaction, app_id, &new.role).await?;
    let mut stored = store::users::insert_users(&mut transaction, app_id, slice::from_ref(&new)).await?;
    let Some(user) = stored.pop() else { return Err(IdentityError::UserExists { uid: new.uid }) };
    let pending = commit(transaction, &[events::user_changed(&caller, ChangeKind::Created, &user)]).await?;
    // Nobody remembers that a user was missing, so nobody need hear of it before the answer.
    identity.relay.publish(pending);
    Ok(pb::CreateUserResponse { user: Some(user.into()) })
}

/// Makes sure that a role exists, and goes on existing until the transaction ends.
async fn require_role(connection: &mut PgConnection, app_id: &str, role: &str) -> Result<()> {
    let known = store::roles::lock_known_roles(connection, app_id, &[role.to_owned()]).await?;
    if known.is_empty() { Err(IdentityError::RoleNotFound { role: role.to_owned() }) } else { Ok(()) }
}

pub(super) async fn get(
    identity: &Identity,
    caller: Caller,
    request: pb::GetUserRequest,
) -> Result<pb::GetUserResponse> {
    let uid = known_uid(&request.uid)?;
    let found = store::users::find_user(&identity.pool, caller.app_id(), &uid).await?;
    let user = found
        .filter(|user| request.with_deactivated || user.deactivated_at.is_none())
        .ok_or(IdentityError::UserNotFound { uid })?;
    Ok(pb::GetUserResponse { user: Some(user.into()) })
}

pub(super) async fn batch_get(
    identity: &Identity,
    caller: Caller,
    request: pb::BatchGetUsersRequest,
) -> Result<pb::BatchGetUsersResponse> {
    domain::at_most("uids", &request.uids, limits::BATCH_MAX)?;
    let uids = domain::known_uids(&request.uids);
    let users = store::users::list_users_by_uid(&identity.pool, caller.app_id(), &uids).await?;
    Ok(pb::BatchGetUsersResponse { users: users.into_iter().map(Into::into).collect() })
}

pub(super) async fn update(
    identity: &Identity,
    caller: Caller,
    request: pb::UpdateUserRequest,
) -> Result<pb::UpdateUserResponse> {
    let app_id = caller.app_id();
    let uid = known_uid(&request.uid)?;
    access::own_or_server_side(&caller, &uid, "change other users")?;
    let fields = request.fields.unwrap_or_default();
    if fields.role.is_some() {
        access::server_side(&caller, "change their role")?;
    }
    let mut changes = UserChanges::parse(fields, &request.unset)?;
    if let Some(tags) = &changes.tags {
        domain::at_most("tags", tags, identity.apps.settings(app_id).await.limit(Limit::Tags))?;
    }
    let mut transaction = match &changes.role {
        Some(role) => {
            let mut transaction = identity.begin_with_default_role(app_id).await?;
            require_role(&mut transaction, app_id, role).await?;
            transaction
        }
        None => halley_kit::postgres::begin(&identity.pool).await?,
    };
    if caller.is_logged_in_user()
        && let Some(metadata) = &mut changes.metadata
    {
        let locked = store::users::lock_users(&mut transaction, app_id, slice::from_ref(&uid)).await?;
        // What users are never shown they must not lose by writing back what they were shown.
        if let Some(user) = locked.first() {
            domain::keep_private(metadata, &user.metadata);
        }
    }
    let changed = store::users::update_user(&mut transaction, app_id, &uid, &changes, time::now()).await?;
    let user = changed.ok_or(IdentityError::UserNotFound { uid })?;
    let pending = commit(transaction, &[events::user_changed(&caller, ChangeKind::Updated, &user)]).await?;
    identity.relay.publish_now(pending).await;
    Ok(pb::UpdateUserResponse { user: Some(user.into()) })
}

pub(super) async fn delete(
    identity: &Identity,
    caller: Caller,
    request: pb::DeleteUserRequest,
) -> Result<pb::DeleteUserResponse> {
    access::server_side(&caller, "delete users")?;
    let app_id = caller.app_id();
    let uid = known_uid(&request.uid)?;
    let mut transaction = halley_kit::postgres::begin(&identity.pool).await?;
    store::users::lock_deletions(&mut transaction, app_id).await?;
    // Before their friends are read: from here on nobody becomes one.
    store::users::lock_users(&mut transaction, app_id, slice::from_ref(&uid)).await?;
    store::friends::delete_from_friends_of_others(&mut transaction, app_id, &uid).await?;
    let deleted = store::users::delete_user(&mut transaction, app_id, &uid).await?;
    let user = deleted.ok_or(IdentityError::UserNotFound { uid })?;
    let pending = commit(transaction, &[events::user_changed(&caller, ChangeKind::Deleted, &user)]).await?;
    identity.relay.publish_now(pending).await;
    Ok(pb::DeleteUserResponse {})
}
