//! What roles and scopes let people do: permissions, and the features that are the older way to say it.

use std::collections::BTreeMap;

use axum::extract::Path;
use halley_contracts::{
    common::v1::{PageInfo, PermissionValue},
    groups::v1::{
        GetScopePermissionsRequest, MemberScope, ScopePermissions, SetScopePermissionsRequest,
        UnsetScopePermissionRequest,
    },
    identity::v1::{
        AllowFeaturesRequest, GetRoleRightsRequest, RestrictFeaturesRequest, RestrictedFeature,
        SetRolePermissionsRequest, UnsetRolePermissionRequest,
    },
};
use halley_edge::Change;
use halley_kit::permissions;
use halley_model::permissions::{Feature, Permission, RolePermission, ScopePermission, Value as Right};
use halley_wire::{parse_scope, schema};
use serde_json::{Map, Value, json};

use crate::{
    caller::Context,
    input::{self, Body, Query},
    openapi::{answer, body, path, query},
    reply::{ApiError, Reply, data, done, page},
};

/// Forbids features to a role.
#[utoipa::path(
    post, path = "/roles/{role}/restrictedfeatures", tag = "restrict-features", operation_id = "restrict-features",
    params(path::Role),
    request_body = body::FeaturesToRestrict,
    responses((status = 200, body = schema::Data<BTreeMap<String, schema::Fate>>)),
    extensions(("x-errors" = json!(["ERR_ROLE_NOT_FOUND"])))
)]
pub async fn restrict(context: Context, Path(role): Path<String>, body: Body) -> Reply {
    context.server_side()?;
    let keys = body.some_texts("featuresToRestrict")?;
    let request = RestrictFeaturesRequest { role: input::role(&role)?, keys: keys.clone() };
    context.identity().restrict_features(context.request(request)).await?;
    context.changed(Change::Role(input::role(&role)?));
    let fate = |key: String| (key.clone(), success(&format!("The role {role} may not use {key} any more.")));
    data(keys.into_iter().map(fate).collect::<Map<String, Value>>())
}

/// Lists what is forbidden to a role.
#[utoipa::path(
    get, path = "/roles/{role}/restrictedfeatures", tag = "restrict-features", operation_id = "get-restrictedfeatures",
    params(path::Role, query::Page),
    responses((status = 200, body = schema::Page<answer::Feature>)),
    extensions(("x-errors" = json!(["ERR_ROLE_NOT_FOUND"])))
)]
pub async fn list_restricted(context: Context, Path(role): Path<String>, query: Query) -> Reply {
    context.server_side()?;
    let asked = query.page()?;
    let request = GetRoleRightsRequest { role: input::role(&role)? };
    let answer = context.identity().get_role_rights(context.request(request)).await?.into_inner();
    let rows: Vec<Value> = answer.restricted_features.iter().filter_map(feature).collect();
    part(rows, asked.page, asked.per_page)
}

fn feature(restricted: &RestrictedFeature) -> Option<Value> {
    let feature = Feature::parse(&restricted.key)?;
    let path = feature.calls().first().map_or("", |call| call.path);
    Some(json!({
        "title": feature.title(),
        "description": feature.description(),
        "key": format!("{}{}", Feature::PREFIX, feature.key()),
        "path": format!("/v3{}", path.replace('{', "{{").replace('}', "}}")),
        "createdAt": restricted.created_at_ms / 1000,
    }))
}

/// Allows features again.
#[utoipa::path(
    delete, path = "/roles/{role}/restrictedfeatures", tag = "restrict-features", operation_id = "allow-features",
    params(path::Role),
    request_body = Option<body::FeaturesToAllow>,
    responses((status = 200, body = schema::Data<schema::Done>)),
    extensions(("x-errors" = json!(["ERR_ROLE_NOT_FOUND"])))
)]
pub async fn allow(context: Context, Path(role): Path<String>, body: Body) -> Reply {
    context.server_side()?;
    let request = AllowFeaturesRequest {
        role: input::role(&role)?,
        keys: body.texts("featuresToAllow")?.unwrap_or_default(),
        all: body.flag("allowAll")?,
    };
    context.identity().allow_features(context.request(request)).await?;
    context.changed(Change::Role(input::role(&role)?));
    done("The features are allowed.")
}

/// Lists the permissions of a role.
#[utoipa::path(
    get, path = "/roles/{role}/permissions", tag = "rbac", operation_id = "list-role-permissions",
    params(path::Role, query::Page),
    responses((status = 200, body = schema::Page<answer::Permission>)),
    extensions(("x-errors" = json!(["ERR_ROLE_NOT_FOUND"])))
)]
pub async fn list_of_role(context: Context, Path(role): Path<String>, query: Query) -> Reply {
    context.server_side()?;
    let asked = query.page()?;
    let request = GetRoleRightsRequest { role: input::role(&role)? };
    let answer = context.identity().get_role_rights(context.request(request)).await?.into_inner();
    let since = answer.role.unwrap_or_default().created_at_ms;
    part(descriptors::<RolePermission>(&answer.permissions, since), asked.page, asked.per_page)
}

/// Sets permissions of a role.
#[utoipa::path(
    put, path = "/roles/{role}/permissions", tag = "rbac", operation_id = "set-role-permissions",
    params(path::Role),
    request_body = body::Permissions,
    responses((status = 200, body = schema::Data<answer::PermissionsSet>)),
    extensions(("x-errors" = json!(["ERR_ROLE_NOT_FOUND"])))
)]
pub async fn set_of_role(context: Context, Path(role): Path<String>, body: Body) -> Reply {
    context.server_side()?;
    let given = given(&body)?;
    let request = SetRolePermissionsRequest { role: input::role(&role)?, permissions: given.clone() };
    let answer = context.identity().set_role_permissions(context.request(request)).await?.into_inner();
    context.changed(Change::Role(input::role(&role)?));
    let text = |id: &str| format!("The permission {id} is set for the role {role}.");
    data(are_set::<RolePermission>(&given, &answer.permissions, text))
}

/// Gives a permission of a role its default again.
#[utoipa::path(
    delete, path = "/roles/{role}/permissions/{permission}", tag = "rbac", operation_id = "unset-role-permissions",
    params(path::Role, path::Permission),
    responses((status = 200, body = schema::Data<answer::PermissionsInForce>)),
    extensions(("x-errors" = json!(["ERR_ROLE_NOT_FOUND"])))
)]
pub async fn unset_of_role(context: Context, Path((role, permission)): Path<(String, String)>) -> Reply {
    context.server_side()?;
    let request = UnsetRolePermissionRequest { role: input::role(&role)?, permission };
    let answer = context.identity().unset_role_permission(context.request(request)).await?.into_inner();
    context.changed(Change::Role(input::role(&role)?));
    data(json!({"permissions": in_force::<RolePermission>(&answer.permissions)}))
}

/// Lists the permissions of a scope in a group.
#[utoipa::path(
    get, path = "/groups/{guid}/scopes/{scope}/permissions", tag = "rbac", operation_id = "list-scope-permissions",
    params(path::Guid, path::Scope, query::Page),
    responses((status = 200, body = schema::Page<answer::Permission>)),
    extensions(("x-errors" = json!(["ERR_GUID_NOT_FOUND"])))
)]
pub async fn list_of_scope(context: Context, Path((guid, scope)): Path<(String, String)>, query: Query) -> Reply {
    context.server_side()?;
    let asked = query.page()?;
    let request = GetScopePermissionsRequest { guid: input::guid(&guid)?, scope: known_scope(&scope)?.into() };
    let answer = context.groups().get_scope_permissions(context.request(request)).await?.into_inner();
    let ScopePermissions { permissions, .. } = answer.scopes.into_iter().next().unwrap_or_default();
    part(descriptors::<ScopePermission>(&permissions, answer.group_created_at_ms), asked.page, asked.per_page)
}

/// Sets permissions of a scope in a group.
#[utoipa::path(
    put, path = "/groups/{guid}/scopes/{scope}/permissions", tag = "rbac", operation_id = "set-scope-permissions",
    params(path::Guid, path::Scope),
    request_body = body::Permissions,
    responses((status = 200, body = schema::Data<answer::PermissionsSet>)),
    extensions(("x-errors" = json!(["ERR_GUID_NOT_FOUND"])))
)]
pub async fn set_of_scope(context: Context, Path((guid, scope)): Path<(String, String)>, body: Body) -> Reply {
    context.server_side()?;
    let given = given(&body)?;
    let request = SetScopePermissionsRequest {
        guid: input::guid(&guid)?,
        scope: known_scope(&scope)?.into(),
        permissions: given.clone(),
    };
    let answer = context.groups().set_scope_permissions(context.request(request)).await?.into_inner();
    let text = |id: &str| format!("The permission {id} is set for the scope {scope} of the group {guid}.");
    data(are_set::<ScopePermission>(&given, &answer.permissions, text))
}

/// Gives a permission of a scope its default again.
#[utoipa::path(
    delete, path = "/groups/{guid}/scopes/{scope}/permissions/{permission}", tag = "rbac", operation_id = "unset-scope-permissions",
    params(path::Guid, path::Scope, path::Permission),
    responses((status = 200, body = schema::Data<answer::PermissionsInForce>)),
    extensions(("x-errors" = json!(["ERR_GUID_NOT_FOUND"])))
)]
pub async fn unset_of_scope(context: Context, Path(path): Path<(String, String, String)>) -> Reply {
    context.server_side()?;
    let (guid, scope, permission) = path;
    let request =
        UnsetScopePermissionRequest { guid: input::guid(&guid)?, scope: known_scope(&scope)?.into(), permission };
    let answer = context.groups().unset_scope_permission(context.request(request)).await?.into_inner();
    data(json!({"permissions": in_force::<ScopePermission>(&answer.permissions)}))
}

fn known_scope(word: &str) -> Result<MemberScope, ApiError> {
    parse_scope(word).ok_or_else(|| ApiError::field("scope", "must be admin, moderator or participant"))
}

fn success(message: &str) -> Value {
    json!({"success": true, "message": message})
}

/// The values of a body, as the services check them.
fn given(body: &Body) -> Result<Vec<PermissionValue>, ApiError> {
    let map = match body.0.get("permissions") {
        Some(Value::Object(map)) if !map.is_empty() => map,
        None | Some(Value::Null | Value::Object(_)) => return Err(ApiError::field("permissions", "is required")),
        Some(_) => return Err(ApiError::field("permissions", "must be an object")),
    };
    let mut given = Vec::with_capacity(map.len());
    for (id, value) in map {
        let right = Right::from_json(&format!("permissions.{id}"), value)?;
        given.push(permissions::to_contract(id, right));
    }
    Ok(given)
}

/// What became of each permission, and all that holds now.
fn are_set<P: Permission>(
    given: &[PermissionValue],
    now: &[PermissionValue],
    text: impl Fn(&str) -> String,
) -> Map<String, Value> {
    let fates = given.iter().map(|value| (value.permission.clone(), success(&text(&value.permission))));
    fates.chain([("permissions".to_owned(), in_force::<P>(now))]).collect()
}

/// Every permission with its value.
fn in_force<P: Permission>(stored: &[PermissionValue]) -> Value {
    let rights = permissions::rights::<P>(stored);
    let values = P::ALL.iter().map(|permission| (permission.id().to_owned(), rights.value(*permission).to_json()));
    Value::Object(values.collect())
}

/// Every permission as the catalogue describes it, with its value. One that was not set is as old as whose it is.
fn descriptors<P: Permission>(stored: &[PermissionValue], since_ms: i64) -> Vec<Value> {
    let rights = permissions::rights::<P>(stored);
    let show = |permission: &P| {
        let spec = permission.spec();
        let set = stored.iter().find(|value| value.permission == spec.id);
        let (created, updated) = set.map_or((since_ms, since_ms), |set| (set.created_at_ms, set.updated_at_ms));
        json!({
            "id": spec.id,
            "type": P::KIND,
            "title": spec.title,
            "description": spec.description,
            "dataType": spec.data_type.as_str(),
            "availableValues": spec.available,
            "defaultValue": permission.default_value().to_json(),
            "value": rights.value(*permission).to_json(),
            "createdAt": created / 1000,
            "updatedAt": updated / 1000,
        })
    };
    P::ALL.iter().map(show).collect()
}

/// A page of a list that is whole in memory, because a catalogue bounds it.
fn part(rows: Vec<Value>, number: i32, size: i32) -> Reply {
    let total = i32::try_from(rows.len()).unwrap_or(i32::MAX);
    let skipped = usize::try_from((i64::from(number) - 1) * i64::from(size)).unwrap_or(usize::MAX);
    let shown: Vec<Value> = rows.into_iter().skip(skipped).take(usize::try_from(size).unwrap_or(0)).collect();
    let info = PageInfo {
        total: total.into(),
        count: i32::try_from(shown.len()).unwrap_or(i32::MAX),
        per_page: size,
        current_page: number,
        total_pages: ((total + size - 1) / size).max(1),
    };
    page(shown, Some(info))
}
