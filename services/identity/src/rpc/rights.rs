//! What roles let their users do. Only the app's server side reads and changes it; every change is told before the
//! answer, because it may take a right away.

use halley_contracts::{common::v1::PermissionValue, identity::v1 as pb};
use halley_kit::{Caller, time};
use halley_model::{FieldError, permissions::Permission as _};
use sqlx::{PgConnection, Postgres, Transaction};

use super::{commit, roles::known_role};
use crate::{
    Identity, access,
    domain::{self, NewPermissions},
    error::{IdentityError, Result},
    events, store,
};

pub(super) async fn get(
    identity: &Identity,
    caller: Caller,
    request: pb::GetRoleRightsRequest,
) -> Result<pb::GetRoleRightsResponse> {
    access::server_side(&caller, "read roles")?;
    let app_id = caller.app_id();
    let role = known_role(&request.role)?;
    let mut connection = identity.make_default_role(app_id).await?;
    let found = store::roles::find_role(&mut connection, app_id, &role).await?;
    let row = found.ok_or_else(|| IdentityError::RoleNotFound { role: role.clone() })?;
    Ok(pb::GetRoleRightsResponse {
        role: Some(row.into()),
        permissions: store::rights::list_permissions(&mut connection, app_id, &role).await?,
        restricted_features: store::rights::list_features(&mut connection, app_id, &role).await?,
    })
}

pub(super) async fn set_permissions(
    identity: &Identity,
    caller: Caller,
    request: pb::SetRolePermissionsRequest,
) -> Result<pb::SetRolePermissionsResponse> {
    access::server_side(&caller, "change roles")?;
    let app_id = caller.app_id();
    let role = known_role(&request.role)?;
    let new = NewPermissions::parse(&request.permissions)?;
    let mut transaction = identity.begin_with_role(app_id, &role).await?;
    require_named_roles(&mut transaction, app_id, &new).await?;
    store::rights::upsert_permissions(&mut transaction, app_id, &role, &new.values, time::now()).await?;
    let permissions = store::rights::list_permissions(&mut transaction, app_id, &role).await?;
    identity.tell_role(transaction, &caller, &role).await?;
    Ok(pb::SetRolePermissionsResponse { permissions })
}

/// A list that names a role which does not exist would silently deny everybody.
async fn require_named_roles(connection: &mut PgConnection, app_id: &str, new: &NewPermissions) -> Result<()> {
    let named = new.roles();
    if named.is_empty() {
        return Ok(());
    }
    let roles: Vec<String> = named.iter().map(|(_, role)| (*role).clone()).collect();
    let known = store::roles::find_known_roles(connection, app_id, &roles).await?;
    match named.into_iter().find(|(_, role)| !known.contains(role)) {
        None => Ok(()),
        Some((permission, role)) => {
            Err(IdentityError::RoleOfListNotFound { permission: permission.id(), role: role.clone() })
        }
    }
}

pub(super) async fn unset_permission(
    identity: &Identity,
    caller: Caller,
    request: pb::UnsetRolePermissionRequest,
) -> Result<pb::UnsetRolePermissionResponse> {
    access::server_side(&caller, "change roles")?;
    let app_id = caller.app_id();
    let role = known_role(&request.role)?;
    let permission = domain::known_permission("permission", &request.permission)?;
    let mut transaction = identity.begin_with_role(app_id, &role).await?;
    store::rights::delete_permission(&mut transaction, app_id, &role, permission).await?;
    let permissions: Vec<PermissionValue> = store::rights::list_permissions(&mut transaction, app_id, &role).await?;
    identity.tell_role(transaction, &caller, &role).await?;
    Ok(pb::UnsetRolePermissionResponse { permissions })
}

pub(super) async fn restrict(
    identity: &Identity,
    caller: Caller,
    request: pb::RestrictFeaturesRequest,
) -> Result<pb::RestrictFeaturesResponse> {
    access::server_side(&caller, "change roles")?;
    let app_id = caller.app_id();
    let role = known_role(&request.role)?;
    let keys = domain::features("featuresToRestrict", &request.keys)?;
    if keys.is_empty() {
        return Err(FieldError::new("featuresToRestrict", "is required").into());
    }
    let mut transaction = identity.begin_with_role(app_id, &role).await?;
    store::rights::insert_features(&mut transaction, app_id, &role, &keys, time::now()).await?;
    identity.tell_role(transaction, &caller, &role).await?;
    Ok(pb::RestrictFeaturesResponse {})
}

pub(super) async fn allow(
    identity: &Identity,
    caller: Caller,
    request: pb::AllowFeaturesRequest,
) -> Result<pb::AllowFeaturesResponse> {
    access::server_side(&caller, "change roles")?;
    let app_id = caller.app_id();
    let role = known_role(&request.role)?;
    let keys = domain::features("featuresToAllow", &request.keys)?;
    if keys.is_empty() && !request.all {
        return Err(FieldError::new("featuresToAllow", "is required, or allowAll").into());
    }
    let keys = (!request.all).then_some(keys.as_slice());
    let mut transaction = identity.begin_with_role(app_id, &role).await?;
    store::rights::delete_features(&mut transaction, app_id, &role, keys).await?;
    identity.tell_role(transaction, &caller, &role).await?;
    Ok(pb::AllowFeaturesResponse {})
}

impl Identity {
    /// Begins a transaction that holds the lock of a role.
    async fn begin_with_role(&self, app_id: &str, role: &str) -> Result<Transaction<'static, Postgres>> {
        let mut transaction = self.begin_with_default_role(app_id).await?;
        match store::rights::lock_role(&mut transaction, app_id, role).await? {
            true => Ok(transaction),
            false => Err(IdentityError::RoleNotFound { role: role.to_owned() }),
        }
    }

    /// Commits a change of a role, and waits until it is told.
    pub(super) async fn tell_role(
        &self,
        transaction: Transaction<'static, Postgres>,
        caller: &Caller,
        role: &str,
    ) -> Result<()> {
        let pending = commit(transaction, &[events::role_changed(caller, role)]).await?;
        self.relay.publish_now(pending).await;
        Ok(())
    }
}
