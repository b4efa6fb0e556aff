//! Users.

use std::collections::HashSet;

use axum::extract::Path;
use halley_contracts::{
    identity::v1::{
        CreateUserRequest, DeactivateUsersRequest, DeactivatedFilter, DeleteUserRequest, GetRelationRequest,
        GetUserRequest, ListUsersRequest, ReactivateUsersRequest, UpdateUserRequest, User, UserFields,
    },
    realtime::v1::ListOnlineUsersRequest,
};
use halley_edge::Change;
use halley_model::{Access, Area, ErrorCode};
use halley_wire::{BlockState, UserJson, View, schema};
use serde_json::json;

use crate::{
    caller::Context,
    input::{self, Body, Query, Status},
    openapi::{answer, body, path, query},
    reply::{ApiError, Reply, changed_at, data, done, empty_page, page_with_cursor},
};

/// The fields of a user in a body.
pub fn fields(body: &Body) -> Result<UserFields, ApiError> {
    let tags = body.texts("tags")?;
    Ok(UserFields {
        name: body.text("name")?,
        avatar: body.text("avatar")?,
        link: body.text("link")?,
        role: body.text("role")?,
        status_message: body.text("statusMessage")?,
        metadata_json: body.object("metadata")?,
        replace_tags: tags.is_some(),
        tags: tags.unwrap_or_default(),
    })
}

/// Makes a user.
#[utoipa::path(
    post, path = "/users", tag = "users", operation_id = "create-user",
    request_body = body::NewUser,
    responses((status = 200, body = schema::Data<schema::User>)),
    security(("appId" = [], "apiKey" = [])),
    extensions(("x-errors" = json!(["ERR_UID_ALREADY_EXISTS", "ERR_INVALID_UID", "ERR_ROLE_NOT_FOUND"])))
)]
pub async fn create(context: Context, body: Body) -> Reply {
    context.server_side()?;
    let with_token = body.flag("withAuthToken")?;
    if with_token {
        context.check_team(Area::Tokens, Access::Change)?;
    }
    let request =
        CreateUserRequest { uid: input::new_id(&body, "uid", ErrorCode::InvalidUid)?, fields: Some(fields(&body)?) };
    let answer = context.identity().create_user(context.request(request)).await?;
    let user = answer.into_inner().user.unwrap_or_default();
    let token = match with_token {
        true => Some(context.make_auth_token(&user.uid, true).await?.auth_token),
        false => None,
    };
    let view = View { with_tags: true, ..context.view(None) };
    data(UserJson { auth_token: token.as_deref(), ..UserJson::new(&user, view) })
}

/// Lists users.
#[utoipa::path(
    get, path = "/users", tag = "users", operation_id = "list-users",
    params(query::Users, query::Times, query::Search, query::Page, query::Walk),
    responses((status = 200, body = answer::UsersOrCount))
)]
pub async fn list(context: Context, query: Query) -> Reply {
    let with_tags = query.flag("withTags")?;
    let count_only = query.flag("count")?;
    let wanted = query.page()?;
    let (roles, only_friends) = context.narrow_users([query.texts("roles"), query.texts("role")].concat())?;
    let Some(narrowed) = context.narrowed(&query).await? else { return empty_page(wanted) };
    let request = ListUsersRequest {
        page: Some(wanted),
        search_key: query.text("searchKey").unwrap_or_default().to_owned(),
        search_in: query.texts("searchIn"),
        roles,
        tags: query.texts("tags"),
        uids: narrowed.only,
        excluded_uids: narrowed.excluded,
        deactivated: deactivated(&context, &query)?.into(),
        created_at: query.range("createdAt")?,
        updated_at: query.range("updatedAt")?,
        friends_only: only_friends || query.flag("friendsOnly")?,
        hide_blocked: query.flag("hideBlockedUsers")?,
        viewer_uid: String::new(),
        sort_by: query.text("sortBy").unwrap_or_default().to_owned(),
        descending: query.descending()?,
        cursor: query.list_cursor()?,
    };
    let answer = context.identity().list_users(context.request(request)).await?.into_inner();
    if count_only {
        return data(json!({"count": answer.page.unwrap_or_default().total}));
    }
    let online = context.online(answer.users.iter().map(|user| user.uid.as_str())).await;
    let view = View { with_tags, ..context.view(Some(&online)) };
    let (blocked, blocking): (HashSet<&String>, HashSet<&String>) =
        (answer.blocked_by_viewer.iter().collect(), answer.blocking_viewer.iter().collect());
    let blocks = |user: &User| BlockState {
        blocked_by_me: blocked.contains(&user.uid),
        has_blocked_me: blocking.contains(&user.uid),
        ..Default::default()
    };
    let rows: Vec<_> =
        answer.users.iter().map(|user| UserJson { blocks: blocks(user), ..UserJson::new(user, view) }).collect();
    let changed = answer.users.last().map_or(0, |user| changed_at(user.updated_at_ms, user.created_at_ms));
    page_with_cursor(rows, answer.page, &answer.next_cursor, changed)
}

/// Whom a filter by presence leaves.
pub struct Narrowed {
    /// Only these; empty: anybody.
    pub only: Vec<String>,
    /// None of these.
    pub excluded: Vec<String>,
}

impl Context {
    /// Reads `uids` and `status`. `None`: nobody is left.
    pub async fn narrowed(&self, query: &Query) -> Result<Option<Narrowed>, ApiError> {
        let uids = query.texts("uids");
        let Some(status) = query.status()? else { return Ok(Some(Narrowed { only: uids, excluded: Vec::new() })) };
        let request = self.request(ListOnlineUsersRequest {});
        let mut online = self.realtime().list_online_users(request).await?.into_inner().uids;
        if status == Status::Offline {
            return Ok(Some(Narrowed { only: uids, excluded: online }));
        }
        if !uids.is_empty() {
            online.retain(|uid| uids.contains(uid));
        }
        Ok((!online.is_empty()).then_some(Narrowed { only: online, excluded: Vec::new() }))
    }
}

/// Users never see who is deactivated.
fn deactivated(context: &Context, query: &Query) -> Result<DeactivatedFilter, ApiError> {
    let (only, with) = (query.flag("onlyDeactivated")?, query.flag("withDeactivated")?);
    Ok(match (context.caller.is_logged_in_user(), only, with) {
        (false, true, _) => DeactivatedFilter::Only,
        (false, false, true) => DeactivatedFilter::With,
        _ => DeactivatedFilter::Without,
    })
}

/// Shows a user.
#[utoipa::path(
    get, path = "/users/{uid}", tag = "users", operation_id = "get-user",
    params(path::Uid),
    responses((status = 200, body = schema::Data<schema::User>))
)]
pub async fn get(context: Context, Path(uid): Path<String>) -> Reply {
    let uid = input::uid(&uid)?;
    let request = GetUserRequest { uid: uid.clone(), with_deactivated: false };
    let answer = context.identity().get_user(context.request(request)).await?;
    let user = answer.into_inner().user.unwrap_or_default();
    context.check_seeing(&user).await?;
    let blocks = context.blocks_with(&uid).await?;
    let online = context.online(std::iter::once(uid.as_str())).await;
    let view = View { with_tags: true, ..context.view(Some(&online)) };
    data(UserJson { blocks, ..UserJson::new(&user, view) })
}

impl Context {
    /// What blocks stand between the acting user and another one.
    async fn blocks_with(&self, uid: &str) -> Result<BlockState, ApiError> {
        let Some(acting) = self.caller.acting_uid().filter(|acting| *acting != uid) else {
            return Ok(BlockState::default());
        };
        let request = GetRelationRequest { uid: acting.to_owned(), other_uid: uid.to_owned() };
        let relation = self.identity().get_relation(self.request(request)).await?.into_inner();
        Ok(BlockState {
            blocked_by_me_at_ms: relation.blocked_at_ms,
            blocked_by_me: relation.blocked_at_ms != 0,
            has_blocked_me: relation.blocked_by_other_at_ms != 0,
        })
    }
}

/// Changes a user.
#[utoipa::path(
    put, path = "/users/{uid}", tag = "users", operation_id = "update-user",
    params(path::Uid),
    request_body = Option<body::UserChanges>,
    responses((status = 200, body = schema::Data<schema::User>)),
    security(("appId" = [], "apiKey" = [])),
    extensions(("x-errors" = json!(["ERR_ROLE_NOT_FOUND"])))
)]
pub async fn update(context: Context, Path(uid): Path<String>, body: Body) -> Reply {
    context.server_side()?;
    let uid = input::uid(&uid)?;
    let request = UpdateUserRequest {
        uid: uid.clone(),
        fields: Some(fields(&body)?),
        unset: body.texts("unset")?.unwrap_or_default(),
    };
    let answer = context.identity().update_user(context.request(request)).await?;
    context.changed(Change::Users(vec![uid]));
    data(context.show_user(&answer.into_inner().user.unwrap_or_default()).await)
}

/// Makes deactivated users active again.
#[utoipa::path(
    put, path = "/users", tag = "users", operation_id = "reactivate-users",
    request_body = body::UsersToActivate,
    responses((status = 200, body = schema::Data<answer::UsersReactivated>)),
    security(("appId" = [], "apiKey" = []))
)]
pub async fn reactivate(context: Context, body: Body) -> Reply {
    context.server_side()?;
    let uids = body.some_texts("uidsToActivate")?;
    let answer = context.identity().reactivate_users(context.request(ReactivateUsersRequest { uids })).await?;
    let answer = answer.into_inner();
    context.changed(Change::Users(answer.reactivated.clone()));
    // Sources name different keys, so all of them are here.
    data(json!({
        "success": true,
        "message": format!("{} users are active again.", answer.reactivated.len()),
        "reactivatedUids": answer.reactivated,
        "nonDeactivatedUids": answer.not_deactivated,
        "notFound": answer.not_found,
    }))
}

/// Deactivates users.
#[utoipa::path(
    delete, path = "/users", tag = "users", operation_id = "deactivate-users",
    request_body = body::UsersToDeactivate,
    responses((status = 200, body = schema::Data<answer::UsersDeactivated>)),
    security(("appId" = [], "apiKey" = []))
)]
pub async fn deactivate(context: Context, body: Body) -> Reply {
    context.server_side()?;
    let uids = body.some_texts("uidsToDeactivate")?;
    let answer = context.identity().deactivate_users(context.request(DeactivateUsersRequest { uids })).await?;
    let answer = answer.into_inner();
    context.changed(Change::Users(answer.deactivated.clone()));
    data(json!({
        "success": true,
        "message": format!("{} users are deactivated.", answer.deactivated.len()),
        "deactivatedUids": answer.deactivated,
        "alreadyDeactivatedUids": answer.already_deactivated,
        "notFound": answer.not_found,
    }))
}

/// Deactivates a user, or deletes it for good.
#[utoipa::path(
    delete, path = "/users/{uid}", tag = "users", operation_id = "delete-user",
    params(path::Uid),
    request_body = Option<body::Deletion>,
    responses((status = 200, body = schema::Data<schema::Done>)),
    security(("appId" = [], "apiKey" = []))
)]
pub async fn delete(context: Context, Path(uid): Path<String>, body: Body) -> Reply {
    context.server_side()?;
    let uid = input::uid(&uid)?;
    if body.flag("permanent")? {
        context.identity().delete_user(context.request(DeleteUserRequest { uid: uid.clone() })).await?;
        context.changed(Change::Users(vec![uid]));
        return done("The user is deleted.");
    }
    let request = DeactivateUsersRequest { uids: vec![uid] };
    let answer = context.identity().deactivate_users(context.request(request)).await?.into_inner();
    context.changed(Change::Users(answer.deactivated.clone()));
    // A deactivated user is as good as missing.
    if answer.deactivated.is_empty() {
        return Err(ApiError::code(ErrorCode::UidNotFound));
    }
    done("The user is deactivated.")
}
