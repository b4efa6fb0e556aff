//! Bots: users in whose name the app's server side sends.
//!
//! `POST /bots` with a uid makes a user a bot, `DELETE /bots/{uid}` ends that: Halley's own calls, since the documented
//! API has none. A bot is bound by what binds every user: membership, blocks, its role.

use std::sync::Arc;

use axum::extract::{Path, Request};
use halley_contracts::{
    common::v1::caller::Principal,
    identity::v1::{CreateBotRequest, DeleteBotRequest, GetUserRequest, ListBotsRequest, User},
};
use halley_edge::Change;
use halley_kit::{Caller, PublicError};
use halley_model::{ErrorCode, Uid};
use halley_wire::{UserJson, View, schema};

use crate::{
    caller::Context,
    input::Body,
    openapi::{answer, body, path},
    reply::{ApiError, Reply, data, done},
};

/// Makes a user a bot.
#[utoipa::path(
    post, path = "/bots", tag = "bots", operation_id = "create-bot",
    request_body = body::NewBot,
    responses((status = 200, body = schema::Data<schema::User>)),
    extensions(("x-errors" = json!(["ERR_UID_NOT_FOUND", "ERR_BOT_ALREADY_EXISTS", "ERR_PLAN_QUOTA_RESTRICTION"])))
)]
pub async fn create(context: Context, body: Body) -> Reply {
    context.server_side()?;
    let request = CreateBotRequest { uid: body.required("uid")? };
    let user = context.identity().create_bot(context.request(request)).await?.into_inner().user.unwrap_or_default();
    context.changed(Change::Users(vec![user.uid.clone()]));
    data(context.show_user(&user).await)
}

/// Lists bots.
#[utoipa::path(
    get, path = "/bots", tag = "bots", operation_id = "list-bots",
    responses((status = 200, body = schema::Data<Vec<schema::User>>))
)]
pub async fn list(context: Context) -> Reply {
    context.server_side()?;
    let users = context.identity().list_bots(context.request(ListBotsRequest {})).await?.into_inner().users;
    let online = context.online(users.iter().map(|user| user.uid.as_str())).await;
    let view = View { with_tags: true, ..context.view(Some(&online)) };
    data(users.iter().map(|user| UserJson::new(user, view)).collect::<Vec<_>>())
}

/// Makes a bot a user like others.
#[utoipa::path(
    delete, path = "/bots/{uid}", tag = "bots", operation_id = "delete-bot",
    params(path::Uid),
    responses((status = 200, body = schema::Data<schema::Done>)),
    extensions(("x-errors" = json!(["ERR_BOT_NOT_FOUND"])))
)]
pub async fn delete(context: Context, Path(uid): Path<String>) -> Reply {
    context.server_side()?;
    context.identity().delete_bot(context.request(DeleteBotRequest { uid: uid.clone() })).await?;
    context.changed(Change::Users(vec![uid]));
    done("The user is no bot any more.")
}

/// Sends a message as a bot.
#[utoipa::path(
    post, path = "/bots/{uid}/messages", tag = "messages", operation_id = "send-bot-message",
    params(path::Uid),
    request_body(content((body::NewMessage = "application/json"), (body::NewMessageForm = "multipart/form-data"))),
    responses((status = 200, body = schema::Data<answer::MessageOrFates>)),
    extensions(("x-errors" = json!([
        "ERR_BOT_NOT_FOUND", "ERR_EMPTY_RECEIVER", "ERR_INVALID_RECEIVER_TYPE", "ERR_UID_NOT_FOUND",
        "ERR_GUID_NOT_FOUND", "ERR_GROUP_NOT_JOINED", "ERR_BLOCKED_RECEIVER", "ERR_BLOCKED_SENDER",
        "ERR_EMPTY_MESSAGE_CATEGORY", "ERR_INVALID_MESSAGE_CATEGORY", "ERR_EMPTY_MESSAGE_TYPE",
        "ERR_INVALID_MESSAGE_TYPE", "ERR_INVALID_MESSAGE_DATA", "ERR_EMPTY_MESSAGE_TEXT", "ERR_INVALID_MESSAGE_TEXT",
        "ERR_EMPTY_MESSAGE_FILE", "ERR_INVALID_MEDIA_MESSAGE", "ERR_EMPTY_CUSTOM_DATA", "ERR_INVALID_CUSTOM_DATA",
        "ERR_INVALID_METADATA", "ERR_MESSAGE_ID_NOT_FOUND", "ERR_WRONG_MESSAGE_THREAD", "ERR_MESSAGE_THREAD_NESTING",
        "ERR_WRONG_MESSAGE_THREAD_CATEGORY", "ERR_FILE_SIZE_EXCEEDED", "ERR_FILE_COUNT_EXCEEDED",
        "ERR_PLAN_QUOTA_RESTRICTION",
    ])))
)]
pub async fn send(context: Context, Path(uid): Path<String>, request: Request) -> Reply {
    context.server_side()?;
    let bot = context.bot(&uid).await?;
    let Principal::ApiKey(key) = context.caller.principal() else { return Err(ApiError::code(ErrorCode::NoAccess)) };
    let mut key = key.clone();
    key.on_behalf_of.clone_from(&bot.uid);
    let role = context.state.people.role(&Arc::from(context.app_id()), &bot.role).await?;
    let caller = Caller::api_key(context.app_id(), key);
    Context { caller, role: Some(role), ..context }.post(request, 0).await
}

impl Context {
    async fn bot(&self, uid: &str) -> Result<Arc<User>, ApiError> {
        let not_found = |error: PublicError| match error.code {
            ErrorCode::UidNotFound => ApiError::code(ErrorCode::BotNotFound),
            _ => error.into(),
        };
        let uid = Uid::parse(uid).map_err(|_| ApiError::code(ErrorCode::BotNotFound))?.into_string();
        let known = self.people.active_user(&Arc::from(self.app_id()), &uid).await.map_err(not_found)?;
        if known.bot {
            return Ok(known);
        }
        // It may have become one since that was remembered.
        let request = GetUserRequest { uid, with_deactivated: false };
        let answer = self.identity().get_user(self.system(request)).await.map_err(|status| not_found(status.into()))?;
        match answer.into_inner().user {
            Some(user) if user.bot => Ok(Arc::new(user)),
            _ => Err(ApiError::code(ErrorCode::BotNotFound)),
        }
    }
}
