//! Conversations that users pin for themselves, and those that the app pins for all of them.

use axum::extract::Path;
use halley_contracts::messaging::v1::{
    ListSystemPinsRequest, PinConversationRequest, ReceiverType, ReplaceSystemPinsRequest, SystemPin,
    UnpinConversationRequest,
};
use halley_model::{APP_SYSTEM_UID, ConversationKey};
use halley_wire::{receiver_word, schema};
use serde_json::{Value, json};

use super::conversations;
use crate::{
    caller::Context,
    input::{self, Body},
    openapi::{answer, body, path},
    reply::{ApiError, Reply, data},
};

/// Pins the conversation with a user for the acting user.
#[utoipa::path(
    post, path = "/users/{uid}/conversation/pin", tag = "conversations", operation_id = "pin-user-conversation",
    params(path::Uid),
    responses((status = 200, body = schema::Data<schema::Conversation>)),
    extensions(("x-errors" = json!([
        "ERR_UID_NOT_FOUND", "ERR_SYSTEM_PINNED_CONVERSATION", "ERR_PINNED_CONVERSATIONS_LIMIT_EXCEEDED",
    ])))
)]
pub async fn pin_with_user(context: Context, Path(uid): Path<String>) -> Reply {
    pin(context, ReceiverType::User, input::uid(&uid)?).await
}

/// Pins the conversation of a group for the acting user.
#[utoipa::path(
    post, path = "/groups/{guid}/conversation/pin", tag = "conversations", operation_id = "pin-group-conversation",
    params(path::Guid),
    responses((status = 200, body = schema::Data<schema::Conversation>)),
    extensions(("x-errors" = json!([
        "ERR_GUID_NOT_FOUND", "ERR_GROUP_NOT_JOINED", "ERR_SYSTEM_PINNED_CONVERSATION",
        "ERR_PINNED_CONVERSATIONS_LIMIT_EXCEEDED",
    ])))
)]
pub async fn pin_of_group(context: Context, Path(guid): Path<String>) -> Reply {
    pin(context, ReceiverType::Group, input::guid(&guid)?).await
}

/// Clients take the whole conversation; the documented four keys are among its own.
async fn pin(context: Context, kind: ReceiverType, with: String) -> Reply {
    let request = PinConversationRequest { with_type: kind.into(), with, device_id: context.device_id.clone() };
    let answer = context.messaging().pin_conversation(context.request(request)).await?.into_inner();
    conversations::show(&context, &answer.conversation.unwrap_or_default()).await
}

/// Pins the conversation with a user no longer.
#[utoipa::path(
    delete, path = "/users/{uid}/conversation/pin", tag = "conversations", operation_id = "unpin-user-conversation",
    params(path::Uid),
    responses((status = 200, body = schema::Data<schema::Conversation>)),
    extensions(("x-errors" = json!(["ERR_UID_NOT_FOUND", "ERR_SYSTEM_PINNED_CONVERSATION"])))
)]
pub async fn unpin_with_user(context: Context, Path(uid): Path<String>) -> Reply {
    unpin(context, ReceiverType::User, input::uid(&uid)?).await
}

/// Pins the conversation of a group no longer.
#[utoipa::path(
    delete, path = "/groups/{guid}/conversation/pin", tag = "conversations", operation_id = "unpin-group-conversation",
    params(path::Guid),
    responses((status = 200, body = schema::Data<schema::Conversation>)),
    extensions(("x-errors" = json!(["ERR_GUID_NOT_FOUND", "ERR_GROUP_NOT_JOINED", "ERR_SYSTEM_PINNED_CONVERSATION"])))
)]
pub async fn unpin_of_group(context: Context, Path(guid): Path<String>) -> Reply {
    unpin(context, ReceiverType::Group, input::guid(&guid)?).await
}

async fn unpin(context: Context, kind: ReceiverType, with: String) -> Reply {
    let request = UnpinConversationRequest { with_type: kind.into(), with, device_id: context.device_id.clone() };
    let answer = context.messaging().unpin_conversation(context.request(request)).await?.into_inner();
    conversations::show(&context, &answer.conversation.unwrap_or_default()).await
}

/// Lists the conversations that the app pins for all of its users.
#[utoipa::path(
    get, path = "/conversations/pinned", tag = "conversations", operation_id = "list-global-pinned-conversations",
    responses((status = 200, body = schema::Data<Vec<answer::SystemPin>>))
)]
pub async fn list_system(context: Context) -> Reply {
    context.server_side()?;
    let answer = context.messaging().list_system_pins(context.request(ListSystemPinsRequest {})).await?;
    show(&answer.into_inner().pins)
}

/// Replaces the conversations that the app pins for all of its users.
#[utoipa::path(
    put, path = "/conversations/pinned", tag = "conversations", operation_id = "replace-global-pinned-conversations",
    request_body = body::SystemPins,
    responses((status = 200, body = schema::Data<Vec<answer::SystemPin>>)),
    extensions(("x-errors" = json!([
        "ERR_SYSTEM_PINNED_CONVERSATIONS_LIMIT_EXCEEDED", "ERR_UID_NOT_FOUND", "ERR_GUID_NOT_FOUND",
    ])))
)]
pub async fn replace_system(context: Context, body: Body) -> Reply {
    context.server_side()?;
    let request = ReplaceSystemPinsRequest { pins: entries(&body)? };
    let answer = context.messaging().replace_system_pins(context.request(request)).await?;
    show(&answer.into_inner().pins)
}

const NAME: &str = "pinnedConversations";

fn entries(body: &Body) -> Result<Vec<SystemPin>, ApiError> {
    let Some(Value::Array(list)) = body.0.get(NAME) else { return Err(ApiError::field(NAME, "must be a list")) };
    list.iter().map(entry).collect()
}

/// `{uid}` or `{guid}`.
fn entry(entry: &Value) -> Result<SystemPin, ApiError> {
    let id = |key: &str| entry.get(key).and_then(Value::as_str).filter(|id| !id.is_empty());
    let (kind, with) = match (id("uid"), id("guid")) {
        (Some(uid), None) => (ReceiverType::User, input::uid(uid)?),
        (None, Some(guid)) => (ReceiverType::Group, input::guid(guid)?),
        _ => return Err(ApiError::field(NAME, "must hold either a uid or a guid in each entry")),
    };
    Ok(SystemPin { with_type: kind.into(), with, pinned_at_ms: 0 })
}

fn show(pins: &[SystemPin]) -> Reply {
    data(pins.iter().map(row).collect::<Vec<Value>>())
}

/// A one-to-one conversation has another id for each user: here it is named by the user that all of them talk to.
fn row(pin: &SystemPin) -> Value {
    let (key, conversation_id) = match pin.with_type() {
        ReceiverType::Group => ("guid", ConversationKey::group(&pin.with).public()),
        _ => ("uid", format!("user_{}", pin.with)),
    };
    json!({
        "conversationId": conversation_id,
        "conversationType": receiver_word(pin.with_type()),
        key: pin.with,
        "pinnedBy": APP_SYSTEM_UID,
        "pinnedAt": pin.pinned_at_ms / 1000,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::tests::check;

    #[test]
    fn what_is_shown_is_as_it_is_described() {
        for kind in [ReceiverType::User, ReceiverType::Group] {
            check("SystemPin", &row(&SystemPin { with_type: kind.into(), with: "x".into(), pinned_at_ms: 1 }));
        }
    }

    #[test]
    fn an_entry_names_one_side() {
        let read = |value: Value| entry(&value).map(|pin| (pin.with_type(), pin.with)).map_err(|error| error.0.field);
        assert_eq!(read(json!({"uid": "Bob"})), Ok((ReceiverType::User, "bob".to_owned())));
        assert_eq!(read(json!({"guid": "room", "uid": ""})), Ok((ReceiverType::Group, "room".to_owned())));
        for wrong in [json!({}), json!("bob"), json!({"uid": "a", "guid": "b"}), json!({"uid": 5})] {
            assert_eq!(read(wrong), Err(Some(NAME.to_owned())));
        }
    }
}
