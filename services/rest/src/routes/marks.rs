//! Pins and saves of messages.

use axum::extract::Path;
use halley_contracts::messaging::v1::{
    PinMessageRequest, SaveMessageRequest, UnpinMessageRequest, UnsaveMessageRequest,
};

use crate::{caller::Context, input, reply::Reply};

/// `POST /messages/{id}/pin`
pub async fn pin(context: Context, Path(id): Path<String>) -> Reply {
    let request = PinMessageRequest { message_id: input::message_id(&id)?, device_id: context.device_id.clone() };
    let answer = context.messaging().pin_message(context.request(request)).await?;
    context.show_one(&answer.into_inner().message.unwrap_or_default())
}

/// `DELETE /messages/{id}/pin`
pub async fn unpin(context: Context, Path(id): Path<String>) -> Reply {
    let request = UnpinMessageRequest { message_id: input::message_id(&id)?, device_id: context.device_id.clone() };
    let answer = context.messaging().unpin_message(context.request(request)).await?;
    context.show_one(&answer.into_inner().message.unwrap_or_default())
}

/// `POST /messages/{id}/save`
pub async fn save(context: Context, Path(id): Path<String>) -> Reply {
    let request = SaveMessageRequest { message_id: input::message_id(&id)?, device_id: context.device_id.clone() };
    let answer = context.messaging().save_message(context.request(request)).await?;
    context.show_one(&answer.into_inner().message.unwrap_or_default())
}

/// `DELETE /messages/{id}/save`
pub async fn unsave(context: Context, Path(id): Path<String>) -> Reply {
    let request = UnsaveMessageRequest { message_id: input::message_id(&id)?, device_id: context.device_id.clone() };
    let answer = context.messaging().unsave_message(context.request(request)).await?;
    context.show_one(&answer.into_inner().message.unwrap_or_default())
}
