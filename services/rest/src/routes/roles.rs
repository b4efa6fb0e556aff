//! Roles.

use axum::extract::Path;
use halley_contracts::identity::v1::{
    CreateRoleRequest, DeleteRoleRequest, GetRoleRequest, ListRolesRequest, RelationFilter, Role, RoleSettings,
    UpdateRoleRequest,
};
use halley_edge::Change;
use halley_wire::{RoleJson, schema};
use serde_json::{Map, Value};

use crate::{
    caller::Context,
    input::{self, Body, Query},
    openapi::{body, path, query},
    reply::{ApiError, Reply, data, done, page},
};

/// Makes a role.
#[utoipa::path(
    post, path = "/roles", tag = "roles", operation_id = "create-role",
    request_body = body::NewRole,
    responses((status = 200, body = schema::Data<schema::Role>)),
    extensions(("x-errors" = json!(["ERR_ROLE_ALREADY_EXISTS", "ERR_PLAN_QUOTA_RESTRICTION"])))
)]
pub async fn create(context: Context, body: Body) -> Reply {
    context.server_side()?;
    let request = CreateRoleRequest {
        role: body.required("role")?,
        name: body.required("name")?,
        description: body.text("description")?.unwrap_or_default(),
        metadata_json: body.object("metadata")?.unwrap_or_default(),
        settings: settings(&body)?,
    };
    let answer = context.identity().create_role(context.request(request)).await?;
    show(answer.into_inner().role)
}

/// Lists roles.
#[utoipa::path(
    get, path = "/roles", tag = "roles", operation_id = "list-roles",
    params(query::Page),
    responses((status = 200, body = schema::Page<schema::Role>))
)]
pub async fn list(context: Context, query: Query) -> Reply {
    context.server_side()?;
    let request = ListRolesRequest { page: Some(query.page()?) };
    let answer = context.identity().list_roles(context.request(request)).await?.into_inner();
    let rows: Vec<_> = answer.roles.iter().map(RoleJson).collect();
    page(rows, answer.page)
}

/// Shows a role.
#[utoipa::path(
    get, path = "/roles/{role}", tag = "roles", operation_id = "get-role",
    params(path::Role),
    responses((status = 200, body = schema::Data<schema::Role>)),
    extensions(("x-errors" = json!(["ERR_ROLE_NOT_FOUND"])))
)]
pub async fn get(context: Context, Path(role): Path<String>) -> Reply {
    context.server_side()?;
    let request = GetRoleRequest { role: input::role(&role)? };
    let answer = context.identity().get_role(context.request(request)).await?;
    show(answer.into_inner().role)
}

/// Changes a role.
#[utoipa::path(
    put, path = "/roles/{role}", tag = "roles", operation_id = "update-role",
    params(path::Role),
    request_body = Option<body::RoleChanges>,
    responses((status = 200, body = schema::Data<schema::Role>)),
    extensions(("x-errors" = json!(["ERR_ROLE_NOT_FOUND"])))
)]
pub async fn update(context: Context, Path(role): Path<String>, body: Body) -> Reply {
    context.server_side()?;
    let role = input::role(&role)?;
    let request = UpdateRoleRequest {
        role: role.clone(),
        name: body.text("name")?,
        description: body.text("description")?,
        metadata_json: body.object("metadata")?,
        settings: settings(&body)?,
        unset: body.texts("unset")?.unwrap_or_default(),
    };
    let answer = context.identity().update_role(context.request(request)).await?;
    context.changed(Change::Role(role));
    show(answer.into_inner().role)
}

/// Deletes a role; its users get the default role.
#[utoipa::path(
    delete, path = "/roles/{role}", tag = "roles", operation_id = "delete-role",
    params(path::Role),
    responses((status = 200, body = schema::Data<schema::Done>)),
    extensions(("x-errors" = json!(["ERR_ROLE_NOT_FOUND", "ERR_ROLE_DELETE_DENIED"])))
)]
pub async fn delete(context: Context, Path(role): Path<String>) -> Reply {
    context.server_side()?;
    let role = input::role(&role)?;
    context.identity().delete_role(context.request(DeleteRoleRequest { role: role.clone() })).await?;
    context.changed(Change::RoleDeleted(role));
    done("The role is deleted, and its users have the default role.")
}

fn show(role: Option<Role>) -> Reply {
    data(RoleJson(&role.unwrap_or_default()))
}

fn settings(body: &Body) -> Result<Option<RoleSettings>, ApiError> {
    let map = match body.0.get("settings") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(map)) => map,
        Some(_) => return Err(ApiError::field("settings", "must be an object")),
    };
    Ok(Some(RoleSettings {
        list_users: filter(map, "listUsers")?.into(),
        send_messages_to: filter(map, "sendMessagesTo")?.into(),
    }))
}

fn filter(settings: &Map<String, Value>, name: &str) -> Result<RelationFilter, ApiError> {
    match settings.get(name) {
        None | Some(Value::Null) => Ok(RelationFilter::Unspecified),
        Some(word) if word == "all" => Ok(RelationFilter::All),
        Some(word) if word == "friendsOnly" => Ok(RelationFilter::FriendsOnly),
        Some(_) => Err(ApiError::field(&format!("settings.{name}"), "must be all or friendsOnly")),
    }
}
