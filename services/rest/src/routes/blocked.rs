//! Users whom a user has blocked.

use std::collections::BTreeMap;

use axum::extract::Path;
use halley_contracts::identity::v1::{
    BlockDirection, BlockUsersRequest, ListBlockedUsersRequest, UnblockUsersRequest, User,
};
use halley_wire::{BlockState, UserJson, View, schema};

use crate::{
    caller::Context,
    input::{self, Body, Query},
    openapi::{body, path, query},
    reply::{ApiError, Reply, changed_at, data, fates, page_with_cursor},
};

/// Blocks users for a user.
#[utoipa::path(
    post, path = "/users/{uid}/blockedusers", tag = "blocked-users", operation_id = "block-users",
    params(path::Uid),
    request_body = body::Blocks,
    responses((status = 200, body = schema::Data<BTreeMap<String, schema::Fate>>))
)]
pub async fn block(context: Context, Path(uid): Path<String>, body: Body) -> Reply {
    context.server_side()?;
    block_for(&context, input::uid(&uid)?, &body).await
}

/// Blocks users for the acting user.
#[utoipa::path(
    post, path = "/blockedusers", tag = "blocked-users", operation_id = "block-own-users",
    request_body = body::Blocks,
    responses((status = 200, body = schema::Data<BTreeMap<String, schema::Fate>>))
)]
pub async fn block_own(context: Context, body: Body) -> Reply {
    let uid = context.caller.require_uid()?.to_owned();
    block_for(&context, uid, &body).await
}

async fn block_for(context: &Context, uid: String, body: &Body) -> Reply {
    let request = BlockUsersRequest { uid, blocked_uids: body.some_texts("blockedUids")? };
    let answer = context.identity().block_users(context.request(request)).await?.into_inner();
    data(fates(&answer.results, "The user is blocked."))
}

/// Blocks users no longer.
#[utoipa::path(
    delete, path = "/users/{uid}/blockedusers", tag = "blocked-users", operation_id = "unblock-users",
    params(path::Uid),
    request_body = body::Blocks,
    responses((status = 200, body = schema::Data<BTreeMap<String, schema::Fate>>))
)]
pub async fn unblock(context: Context, Path(uid): Path<String>, body: Body) -> Reply {
    context.server_side()?;
    unblock_for(&context, input::uid(&uid)?, &body).await
}

/// Blocks users no longer for the acting user.
#[utoipa::path(
    delete, path = "/blockedusers", tag = "blocked-users", operation_id = "unblock-own-users",
    request_body = body::Blocks,
    responses((status = 200, body = schema::Data<BTreeMap<String, schema::Fate>>))
)]
pub async fn unblock_own(context: Context, body: Body) -> Reply {
    let uid = context.caller.require_uid()?.to_owned();
    unblock_for(&context, uid, &body).await
}

async fn unblock_for(context: &Context, uid: String, body: &Body) -> Reply {
    let request = UnblockUsersRequest { uid, blocked_uids: body.some_texts("blockedUids")? };
    let answer = context.identity().unblock_users(context.request(request)).await?.into_inner();
    data(fates(&answer.results, "The user is no longer blocked."))
}

/// Lists blocks of a user.
#[utoipa::path(
    get, path = "/users/{uid}/blockedusers", tag = "blocked-users", operation_id = "list-blocked-users",
    params(path::Uid, query::Blocked, query::Search, query::Page, query::Walk),
    responses((status = 200, body = schema::WalkedPage<schema::User>))
)]
pub async fn list(context: Context, Path(uid): Path<String>, query: Query) -> Reply {
    context.server_side()?;
    list_for(&context, input::uid(&uid)?, &query).await
}

/// Lists blocks of the acting user.
#[utoipa::path(
    get, path = "/blockedusers", tag = "blocked-users", operation_id = "list-own-blocked-users",
    params(query::Blocked, query::Search, query::Page, query::Walk),
    responses((status = 200, body = schema::WalkedPage<schema::User>))
)]
pub async fn list_own(context: Context, query: Query) -> Reply {
    let uid = context.caller.require_uid()?.to_owned();
    list_for(&context, uid, &query).await
}

async fn list_for(context: &Context, uid: String, query: &Query) -> Reply {
    let direction = match query.text("direction") {
        None | Some("blockedByMe") => BlockDirection::BlockedByMe,
        Some("hasBlockedMe") => BlockDirection::HasBlockedMe,
        Some("both") => BlockDirection::Both,
        Some(_) => return Err(ApiError::field("direction", "must be both, blockedByMe or hasBlockedMe")),
    };
    let request = ListBlockedUsersRequest {
        uid: uid.clone(),
        direction: direction.into(),
        search_key: query.text("searchKey").unwrap_or_default().to_owned(),
        page: Some(query.page()?),
        cursor: query.list_cursor()?,
    };
    let answer = context.identity().list_blocked_users(context.request(request)).await?.into_inner();
    let users: Vec<User> = answer.users.iter().map(|row| row.user.clone().unwrap_or_default()).collect();
    let online = context.online(users.iter().map(|user| user.uid.as_str())).await;
    // The list is seen through the eyes of whose it is.
    let view = View { uid: Some(&uid), ..context.view(Some(&online)) };
    let rows: Vec<_> = answer
        .users
        .iter()
        .zip(&users)
        .map(|(row, user)| {
            let blocks = BlockState {
                blocked_by_me: row.blocked_by_me_at_ms != 0,
                blocked_by_me_at_ms: row.blocked_by_me_at_ms,
                has_blocked_me: row.has_blocked_me_at_ms != 0,
            };
            UserJson { blocks, ..UserJson::new(user, view) }
        })
        .collect();
    let changed = users.last().map_or(0, |user| changed_at(user.updated_at_ms, user.created_at_ms));
    page_with_cursor(rows, answer.page, &answer.next_cursor, changed)
}
