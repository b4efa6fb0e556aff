//! `MarkInteracted`. No event follows: clients have none for it, and ask for the message again.

use halley_contracts::messaging::v1::{MarkInteractedRequest, MarkInteractedResponse, MessageCategory};
use halley_kit::{Caller, time};
use halley_model::{FieldError, field, limits};

use crate::{
    domain::interactive,
    error::{MessagingError, Result},
    service::Messaging,
    store::interactions,
};

pub(super) async fn mark(
    messaging: &Messaging,
    caller: Caller,
    request: MarkInteractedRequest,
) -> Result<MarkInteractedResponse> {
    let (app_id, uid) = (caller.app_id(), caller.require_uid()?);
    check(&request.element_ids)?;
    let id = request.message_id;
    let message = messaging.visible_message(&caller, id).await?;
    if message.deleted_at.is_some() {
        return Err(MessagingError::MessageNotFound { id });
    }
    if message.category != MessageCategory::Interactive {
        return Err(MessagingError::NotInteractive { id });
    }
    let content = interactive::read(&message.kind, &message.data_json);
    if message.sender_uid == uid && !content.sender_may {
        return Err(MessagingError::OwnInteraction { id, uid: uid.to_owned() });
    }
    if request.element_ids.iter().any(|element| !content.element_ids.contains(element)) {
        return Err(FieldError::new("interactions", "names an element that the message does not have").into());
    }
    interactions::insert(&messaging.pool, app_id, id, uid, &request.element_ids, time::now()).await?;
    let message = messaging.show_message(app_id, Some(uid), &message).await?;
    Ok(MarkInteractedResponse { message: Some(message) })
}

fn check(element_ids: &[String]) -> Result<()> {
    if element_ids.is_empty() {
        return Err(FieldError::new("interactions", "is required").into());
    }
    if element_ids.len() > limits::INTERACTIONS_PER_CALL_MAX {
        return Err(FieldError::new("interactions", "has too many entries").into());
    }
    element_ids.iter().try_for_each(|id| field::required_text("interactions", id, limits::ELEMENT_ID_MAX))?;
    Ok(())
}
