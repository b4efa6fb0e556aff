//! `SendMessage`.

use halley_contracts::messaging::v1::{Message, MessageCategory, SendMessageRequest, SendMessageResponse};
use halley_kit::Caller;
use halley_model::{Limit, Uid, field};

use crate::{
    access::With,
    domain::{
        content,
        key::receiver_type,
        moderation,
        new_message::{self, NewMessage},
        news::{is_news, raises_unread},
    },
    error::{MessagingError, Result},
    service::Messaging,
    store::messages,
    write::Written,
};

pub(super) async fn send(
    messaging: &Messaging,
    caller: Caller,
    request: SendMessageRequest,
) -> Result<SendMessageResponse> {
    let category = request.category();
    let settings = messaging.apps.settings(caller.app_id()).await;
    let max_bytes = settings.limit(Limit::MessageBytes);
    new_message::check(category, &request.r#type, &request.data_json, &request.muid, &request.tags, max_bytes)?;
    field::at_most("tags", &request.tags, settings.limit(Limit::Tags))?;
    content::check_mentions(&request.data_json, settings.limit(Limit::Mentions))?;
    let to = With::parse(request.receiver_type(), &request.receiver)?;
    let sender_uid = parse_sender(&request.sender_uid)?;
    let is_reply = request.parent_id != 0;
    let parties = messaging.directory.authorise_send(&caller, &sender_uid, &to, is_reply).await?;
    let mentions = messaging.mentioned_users(caller.app_id(), category, &request.r#type, &request.data_json).await?;
    let counted = raises_unread(&settings, category, request.parent_id, &request.data_json);
    let device_id = if request.device_id.is_empty() { caller.device_id().to_owned() } else { request.device_id };
    field::text("deviceId", &device_id, 255)?;
    let new = NewMessage {
        app_id: caller.app_id().to_owned(),
        stored_key: parties.key.storage(),
        counted,
        news: true,
        membership: None,
        change: None,
        message: Message {
            muid: request.muid,
            conversation_id: parties.key.public(),
            sender_uid: parties.sender.uid.clone(),
            receiver_type: receiver_type(&parties.key).into(),
            receiver: parties.key.counterpart(&parties.sender.uid).to_owned(),
            category: request.category,
            r#type: request.r#type,
            data_json: request.data_json,
            tags: request.tags,
            parent_id: request.parent_id,
            quoted_message_id: request.quoted_message_id,
            device_id,
            sender: Some(parties.sender.as_ref().clone()),
            receiver_entity: Some(parties.receiver),
            mentions,
            ..Default::default()
        },
        key: parties.key,
    };
    let new = NewMessage { news: is_news(&settings, &new.message), ..new };
    let new = with_relatives(messaging, new).await?;
    answer(messaging, &caller, messaging.writers.write(new).await?).await
}

/// The sender that an app names; empty: the app itself.
fn parse_sender(uid: &str) -> Result<String> {
    if uid.is_empty() {
        return Ok(String::new());
    }
    Uid::parse(uid).map(Uid::into_string).map_err(|_| MessagingError::UserNotFound { uid: uid.to_owned() })
}

/// Checks parent and quoted message, and shows the quoted one. Where a message stands, of what category it is and
/// whether it is a reply never changes, so this need not wait for the writer's transaction.
async fn with_relatives(messaging: &Messaging, mut new: NewMessage) -> Result<NewMessage> {
    let (parent_id, quoted_id) = (new.message.parent_id, new.message.quoted_message_id);
    let ids: Vec<i64> = [parent_id, quoted_id].into_iter().filter(|id| *id != 0).collect();
    if ids.is_empty() {
        return Ok(new);
    }
    let found = messages::list_by_ids(&messaging.pool, &new.app_id, &ids).await?;
    let find = |id: i64| {
        let message =
            found.iter().find(|message| message.message_id == id).ok_or(MessagingError::MessageNotFound { id })?;
        match message.key == new.key && !message.retired {
            _ if message.erased || moderation::require_shown(message).is_err() => {
                Err(MessagingError::MessageNotFound { id })
            }
            true => Ok(message),
            false => Err(MessagingError::WrongThread { id }),
        }
    };
    if parent_id != 0 {
        let parent = find(parent_id)?;
        if parent.parent_id != 0 {
            return Err(MessagingError::ThreadNesting { id: parent_id });
        }
        if matches!(parent.category, MessageCategory::Action | MessageCategory::Call) {
            return Err(MessagingError::WrongThreadCategory { id: parent_id });
        }
    }
    if quoted_id != 0 {
        let quoted = messaging.show_message(&new.app_id, None, find(quoted_id)?).await?;
        new.message.quoted_message = Some(Box::new(Message { quoted_message: None, ..quoted }));
    }
    Ok(new)
}

/// What a sender is told.
async fn answer(messaging: &Messaging, caller: &Caller, written: Written) -> Result<SendMessageResponse> {
    let (message, repeated_muid) = match written {
        Written::New(message) => (*message, false),
        Written::RepeatedNew(message) => (*message, true),
        Written::Repeated(stored) => {
            (messaging.show_message(caller.app_id(), caller.acting_uid(), &stored).await?, true)
        }
    };
    Ok(SendMessageResponse { message: Some(message), repeated_muid })
}
