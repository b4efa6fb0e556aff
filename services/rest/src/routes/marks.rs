//! Pins and saves of messages.

use axum::extract::Path;
use halley_contracts::messaging::v1::{
    PinMessageRequest, SaveMessageRequest, UnpinMessageRequest, UnsaveMessageRequest,
};

use crate::{caller::Context, input, openapi::path, reply::Reply};
use halley_wire::schema;

/// Pins a message in its conversation.
#[utoipa::path(
    post, path = "/messages/{id}/pin", tag = "messages", operation_id = "pin-message",
    params(path::Id),
    responses((status = 200, body = schema::Data<schema::Message>)),
    extensions(("x-errors" = json!([
        "ERR_MESSAGE_ID_NOT_FOUND", "ERR_MESSAGE_NO_ACCESS", "ERR_PINNED_MESSAGES_LIMIT_EXCEEDED",
        "ERR_MESSAGE_ACTION_NOT_ALLOWED",
    ])))
)]
pub async fn pin(context: Context, Path(id): Path<String>) -> Reply {
    let request = PinMessageRequest { message_id: input::message_id(&id)?, device_id: context.device_id.clone() };
    let answer = context.messaging().pin_message(context.request(request)).await?;
    context.show_one(&answer.into_inner().message.unwrap_or_default())
}

/// Pins a message no longer.
#[utoipa::path(
    delete, path = "/messages/{id}/pin", tag = "messages", operation_id = "unpin-message",
    params(path::Id),
    responses((status = 200, body = schema::Data<schema::Message>)),
    extensions(("x-errors" = json!(["ERR_MESSAGE_ID_NOT_FOUND", "ERR_MESSAGE_NO_ACCESS"])))
)]
pub async fn unpin(context: Context, Path(id): Path<String>) -> Reply {
    let request = UnpinMessageRequest { message_id: input::message_id(&id)?, device_id: context.device_id.clone() };
    let answer = context.messaging().unpin_message(context.request(request)).await?;
    context.show_one(&answer.into_inner().message.unwrap_or_default())
}

/// Saves a message for the acting user.
#[utoipa::path(
    post, path = "/messages/{id}/save", tag = "messages", operation_id = "save-message",
    params(path::Id),
    responses((status = 200, body = schema::Data<schema::Message>)),
    extensions(("x-errors" = json!([
        "ERR_MESSAGE_ID_NOT_FOUND", "ERR_MESSAGE_NO_ACCESS", "ERR_SAVED_MESSAGES_LIMIT_EXCEEDED",
        "ERR_MESSAGE_ACTION_NOT_ALLOWED",
    ])))
)]
pub async fn save(context: Context, Path(id): Path<String>) -> Reply {
    let request = SaveMessageRequest { message_id: input::message_id(&id)?, device_id: context.device_id.clone() };
    let answer = context.messaging().save_message(context.request(request)).await?;
    context.show_one(&answer.into_inner().message.unwrap_or_default())
}

/// Saves a message no longer.
#[utoipa::path(
    delete, path = "/messages/{id}/save", tag = "messages", operation_id = "unsave-message",
    params(path::Id),
    responses((status = 200, body = schema::Data<schema::Message>)),
    extensions(("x-errors" = json!(["ERR_MESSAGE_ID_NOT_FOUND", "ERR_MESSAGE_NO_ACCESS"])))
)]
pub async fn unsave(context: Context, Path(id): Path<String>) -> Reply {
    let request = UnsaveMessageRequest { message_id: input::message_id(&id)?, device_id: context.device_id.clone() };
    let answer = context.messaging().unsave_message(context.request(request)).await?;
    context.show_one(&answer.into_inner().message.unwrap_or_default())
}
