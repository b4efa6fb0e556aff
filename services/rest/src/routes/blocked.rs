//! Users whom a user has blocked.

use axum::extract::Path;
use halley_contracts::identity::v1::{
    BlockDirection, BlockUsersRequest, ListBlockedUsersRequest, UnblockUsersRequest, User,
};
use halley_wire::{BlockState, UserJson, View};

use crate::{
    caller::Context,
    input::{self, Body, Query},
    reply::{ApiError, Reply, data, fates, page},
};

/// `POST /users/{uid}/blockedusers`
pub async fn block(context: Context, Path(uid): Path<String>, body: Body) -> Reply {
    context.server_side()?;
    block_for(&context, input::uid(&uid)?, &body).await
}

/// `POST /blockedusers`
pub async fn block_own(context: Context, body: Body) -> Reply {
    let uid = context.caller.require_uid()?.to_owned();
    block_for(&context, uid, &body).await
}

async fn block_for(context: &Context, uid: String, body: &Body) -> Reply {
    let request = BlockUsersRequest { uid, blocked_uids: body.some_texts("blockedUids")? };
    let answer = context.identity().block_users(context.request(request)).await?.into_inner();
    data(fates(&answer.results, "The user is blocked."))
}

/// `DELETE /users/{uid}/blockedusers`
pub async fn unblock(context: Context, Path(uid): Path<String>, body: Body) -> Reply {
    context.server_side()?;
    unblock_for(&context, input::uid(&uid)?, &body).await
}

/// `DELETE /blockedusers`
pub async fn unblock_own(context: Context, body: Body) -> Reply {
    let uid = context.caller.require_uid()?.to_owned();
    unblock_for(&context, uid, &body).await
}

async fn unblock_for(context: &Context, uid: String, body: &Body) -> Reply {
    let request = UnblockUsersRequest { uid, blocked_uids: body.some_texts("blockedUids")? };
    let answer = context.identity().unblock_users(context.request(request)).await?.into_inner();
    data(fates(&answer.results, "The user is no longer blocked."))
}

/// `GET /users/{uid}/blockedusers`
pub async fn list(context: Context, Path(uid): Path<String>, query: Query) -> Reply {
    context.server_side()?;
    list_for(&context, input::uid(&uid)?, &query).await
}

/// `GET /blockedusers`
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
    page(rows, answer.page)
}
