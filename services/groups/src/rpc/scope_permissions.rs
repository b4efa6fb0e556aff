//! `GetScopePermissions`, `SetScopePermissions` and `UnsetScopePermission`. Users neither read nor change them; every
//! change is told before the answer, because it may take a right away.

use std::collections::BTreeMap;

use halley_contracts::{
    common::v1::PermissionValue,
    groups::v1::{
        GetScopePermissionsRequest, GetScopePermissionsResponse, MemberScope, ScopePermissions,
        SetScopePermissionsRequest, SetScopePermissionsResponse, UnsetScopePermissionRequest,
        UnsetScopePermissionResponse,
    },
};
use halley_kit::{Caller, permissions, time};
use halley_model::{
    FieldError,
    permissions::{Permission as _, Rights, ScopePermission, Value},
    rights::Scope,
};
use sqlx::PgConnection;

use crate::{
    access::{Scene, app_only},
    domain::{self, scope_from_pb, scope_to_pb},
    error::{GroupsError, Result},
    events::{self, Origin},
    service::Groups,
    store::{groups, scope_permissions as store},
};

pub(super) async fn get(
    groups: &Groups,
    caller: Caller,
    request: GetScopePermissionsRequest,
) -> Result<GetScopePermissionsResponse> {
    app_only(&caller, "read permissions")?;
    let guid = domain::known_guid(&request.guid)?;
    let group = Scene::read(groups, &caller, &guid).await?.group;
    let scopes = match request.scope() {
        MemberScope::Unspecified => Scope::ALL.to_vec(),
        _ => vec![known_scope(request.scope)?],
    };
    let mut sets: Vec<ScopePermissions> = Vec::new();
    for (scope, value) in store::list_permissions(&groups.pool, caller.app_id(), &guid, &scopes).await? {
        let scope = i32::from(scope_to_pb(scope));
        match sets.last_mut().filter(|set| set.scope == scope) {
            Some(set) => set.permissions.push(value),
            None => sets.push(ScopePermissions { scope, permissions: vec![value] }),
        }
    }
    Ok(GetScopePermissionsResponse { scopes: sets, group_created_at_ms: time::to_ms(group.created_at) })
}

pub(super) async fn set(
    groups: &Groups,
    caller: Caller,
    request: SetScopePermissionsRequest,
) -> Result<SetScopePermissionsResponse> {
    app_only(&caller, "change permissions")?;
    let (app_id, guid) = (caller.app_id(), domain::known_guid(&request.guid)?);
    let scope = known_scope(request.scope)?;
    let values = values(&request.permissions)?;
    let mut transaction = halley_kit::postgres::begin(&groups.pool).await?;
    require_group(&mut transaction, app_id, &guid).await?;
    store::upsert_permissions(&mut transaction, app_id, &guid, scope, &values, time::now()).await?;
    let permissions = of_scope(&mut transaction, app_id, &guid, scope).await?;
    groups.commit(transaction, &[events::permissions_changed(Origin::of(&caller), guid, scope)]).await?;
    Ok(SetScopePermissionsResponse { permissions })
}

pub(super) async fn unset(
    groups: &Groups,
    caller: Caller,
    request: UnsetScopePermissionRequest,
) -> Result<UnsetScopePermissionResponse> {
    app_only(&caller, "change permissions")?;
    let (app_id, guid) = (caller.app_id(), domain::known_guid(&request.guid)?);
    let scope = known_scope(request.scope)?;
    let permission = known_permission("permission", &request.permission)?;
    let mut transaction = halley_kit::postgres::begin(&groups.pool).await?;
    require_group(&mut transaction, app_id, &guid).await?;
    store::delete_permission(&mut transaction, app_id, &guid, scope, permission).await?;
    let permissions = of_scope(&mut transaction, app_id, &guid, scope).await?;
    groups.commit(transaction, &[events::permissions_changed(Origin::of(&caller), guid, scope)]).await?;
    Ok(UnsetScopePermissionResponse { permissions })
}

/// Locks a group that must exist.
async fn require_group(conn: &mut PgConnection, app_id: &str, guid: &str) -> Result<()> {
    match groups::lock_group(conn, app_id, guid).await? {
        Some(_) => Ok(()),
        None => Err(GroupsError::GroupNotFound { guid: guid.to_owned() }),
    }
}

async fn of_scope(conn: &mut PgConnection, app_id: &str, guid: &str, scope: Scope) -> Result<Vec<PermissionValue>> {
    let rows = store::list_permissions(conn, app_id, guid, &[scope]).await?;
    Ok(rows.into_iter().map(|(_, value)| value).collect())
}

fn known_scope(number: i32) -> Result<Scope> {
    let scope = MemberScope::try_from(number).ok().and_then(scope_from_pb);
    Ok(scope.ok_or_else(|| FieldError::new("scope", "must be admin, moderator or participant"))?)
}

fn known_permission(field: &str, id: &str) -> Result<ScopePermission> {
    Ok(ScopePermission::parse(id).ok_or_else(|| FieldError::new(field, "is no permission of scopes"))?)
}

/// Values to set, checked; of a permission that is named twice the last one counts.
fn values(given: &[PermissionValue]) -> Result<Vec<(ScopePermission, Value)>> {
    domain::at_most("permissions", given, ScopePermission::ALL.len())?;
    if given.is_empty() {
        return Err(FieldError::new("permissions", "is required").into());
    }
    let mut values = BTreeMap::new();
    for stored in given {
        let permission = known_permission(&format!("permissions.{}", stored.permission), &stored.permission)?;
        values.insert(permission, permissions::value(stored).fitted(permission)?);
    }
    Ok(values.into_iter().collect())
}

impl Groups {
    /// What the caller's scope may do in a group; the app itself may everything.
    pub(super) async fn own_rights(&self, caller: &Caller, scene: &Scene<'_>) -> Result<Rights<ScopePermission>> {
        let Some(own) = scene.own() else { return Ok(Rights::default()) };
        let rows = store::list_permissions(&self.pool, caller.app_id(), &scene.group.guid, &[own.scope]).await?;
        let values: Vec<PermissionValue> = rows.into_iter().map(|(_, value)| value).collect();
        Ok(permissions::rights(&values))
    }
}
