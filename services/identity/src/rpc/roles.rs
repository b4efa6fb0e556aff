//! Roles. They are the app's: logged-in users neither read nor change them.

use halley_contracts::{events::v1::ChangeKind, identity::v1 as pb};
use halley_kit::{Caller, page::Page, time};
use halley_model::{DEFAULT_ROLE, Limit, RoleId};

use super::commit;
use crate::{
    Identity, access,
    domain::{NewRole, RoleChanges},
    error::{IdentityError, Result},
    events, store,
};

/// Users who lose a deleted role in one transaction; each is a fact to tell.
const MOVED_AT_ONCE: i64 = 1000;

pub(super) async fn create(
    identity: &Identity,
    caller: Caller,
    request: pb::CreateRoleRequest,
) -> Result<pb::CreateRoleResponse> {
    access::server_side(&caller, "create roles")?;
    let app_id = caller.app_id();
    let new = NewRole::parse(request)?;
    let max = identity.apps.settings(app_id).await.limit_i64(Limit::Roles);
    let mut transaction = identity.begin_with_default_role(app_id).await?;
    // So that two calls don't both take the last place.
    store::roles::lock_roles(&mut transaction, app_id).await?;
    let stored = store::roles::insert_role(&mut transaction, app_id, &new, time::now()).await?;
    let role = stored.ok_or(IdentityError::RoleExists { role: new.role })?;
    if store::roles::count_roles(&mut transaction, app_id).await? > max {
        return Err(IdentityError::TooManyRoles { max });
    }
    transaction.commit().await?;
    Ok(pb::CreateRoleResponse { role: Some(role.into()) })
}

/// Reads the id of a role to look for: what is no id names no role.
pub(super) fn known_role(value: &str) -> Result<String> {
    RoleId::parse(value).map(RoleId::into_string).map_err(|_| IdentityError::RoleNotFound { role: value.to_owned() })
}

pub(super) async fn get(
    identity: &Identity,
    caller: Caller,
    request: pb::GetRoleRequest,
) -> Result<pb::GetRoleResponse> {
    access::server_side(&caller, "read roles")?;
    let role = known_role(&request.role)?;
    let mut connection = identity.make_default_role(caller.app_id()).await?;
    let found = store::roles::find_role(&mut connection, caller.app_id(), &role).await?;
    let role = found.ok_or(IdentityError::RoleNotFound { role })?;
    Ok(pb::GetRoleResponse { role: Some(role.into()) })
}

pub(super) async fn list(
    identity: &Identity,
    caller: Caller,
    request: pb::ListRolesRequest,
) -> Result<pb::ListRolesResponse> {
    access::server_side(&caller, "read roles")?;
    let page = Page::parse(request.page)?;
    let mut connection = identity.make_default_role(caller.app_id()).await?;
    let (rows, total) = store::roles::list_roles(&mut connection, caller.app_id(), page).await?;
    let page = page.info(total, rows.len());
    Ok(pb::ListRolesResponse { roles: rows.into_iter().map(Into::into).collect(), page: Some(page) })
}

pub(super) async fn update(
    identity: &Identity,
    caller: Caller,
    request: pb::UpdateRoleRequest,
) -> Result<pb::UpdateRoleResponse> {
    access::server_side(&caller, "change roles")?;
    let app_id = caller.app_id();
    let role = known_role(&request.role)?;
    let changes = RoleChanges::parse(request)?;
    let mut transaction = identity.begin_with_default_role(app_id).await?;
    let changed = store::roles::update_role(&mut transaction, app_id, &role, &changes, time::now()).await?;
    let role = changed.ok_or(IdentityError::RoleNotFound { role })?;
    identity.tell_role(transaction, &caller, &role.role).await?;
    Ok(pb::UpdateRoleResponse { role: Some(role.into()) })
}

/// The users of the role get the default one first, so many in a transaction; the role goes with the last of them. A
/// call that is cut short has moved some and can be repeated.
pub(super) async fn delete(
    identity: &Identity,
    caller: Caller,
    request: pb::DeleteRoleRequest,
) -> Result<pb::DeleteRoleResponse> {
    access::server_side(&caller, "delete roles")?;
    let role = known_role(&request.role)?;
    if role == DEFAULT_ROLE {
        return Err(IdentityError::DefaultRole);
    }
    while !delete_or_empty(identity, &caller, &role).await? {}
    Ok(pb::DeleteRoleResponse {})
}

/// Moves users of a role to the default one, and deletes the role if no more are left. True: it is deleted.
async fn delete_or_empty(identity: &Identity, caller: &Caller, role: &str) -> Result<bool> {
    let app_id = caller.app_id();
    let mut transaction = identity.begin_with_default_role(app_id).await?;
    // Nobody is given the role from here on.
    if !store::roles::lock_role_for_deletion(&mut transaction, app_id, role).await? {
        return Err(IdentityError::RoleNotFound { role: role.to_owned() });
    }
    let moved =
        store::users::update_role_of_users(&mut transaction, app_id, (role, DEFAULT_ROLE), MOVED_AT_ONCE, time::now())
            .await?;
    let is_empty = i64::try_from(moved.len()).is_ok_and(|moved| moved < MOVED_AT_ONCE);
    if is_empty {
        store::roles::delete_role(&mut transaction, app_id, role).await?;
    }
    let mut facts: Vec<_> = moved.iter().map(|user| events::user_changed(caller, ChangeKind::Updated, user)).collect();
    if is_empty {
        facts.push(events::role_changed(caller, role));
    }
    let pending = commit(transaction, &facts).await?;
    identity.relay.publish_now(pending).await;
    Ok(is_empty)
}
