//! `GetMessage`, and finding a message that a call names.

use halley_contracts::messaging::v1::{GetMessageRequest, GetMessageResponse};
use halley_kit::Caller;
use sqlx::PgConnection;

use crate::{
    domain::moderation,
    error::{MessagingError, Result},
    service::Messaging,
    store::{
        conversations,
        messages::{self, StoredMessage},
    },
};

pub(super) async fn get(
    messaging: &Messaging,
    caller: Caller,
    request: GetMessageRequest,
) -> Result<GetMessageResponse> {
    let message = messaging.visible_message(&caller, request.id).await?;
    let (app_id, uid) = (caller.app_id(), caller.acting_uid());
    let mut message = messaging.show_message(app_id, uid, &message).await?;
    message.thread_subscribed = messaging.subscribed(app_id, uid, &[message.id]).await?.contains(&message.id);
    Ok(GetMessageResponse { message: Some(message) })
}

impl Messaging {
    /// A message that the caller may see.
    pub(super) async fn visible_message(&self, caller: &Caller, id: i64) -> Result<StoredMessage> {
        let found = messages::find_message(&self.pool, caller.app_id(), id, caller.acting_uid()).await?;
        let message = found.ok_or(MessagingError::MessageNotFound { id })?;
        self.directory.authorise_message(caller, &message).await?;
        if moderation::is_hidden_from(&message, caller.acting_uid()) {
            return Err(MessagingError::MessageNotFound { id });
        }
        Ok(message)
    }

    /// A message that the caller may see and that can still change: of a conversation that goes on.
    pub(super) async fn living_message(&self, caller: &Caller, id: i64) -> Result<StoredMessage> {
        let message = self.visible_message(caller, id).await?;
        if message.retired { Err(MessagingError::MessageNotFound { id }) } else { Ok(message) }
    }
}

/// Locks the message's conversation: what moves the time of a message's update does so one after the other, so that who
/// walks by that time misses nothing.
pub(super) async fn lock_message(
    connection: &mut PgConnection,
    app_id: &str,
    target: StoredMessage,
) -> Result<StoredMessage> {
    let id = target.message_id;
    lock_conversation_of(connection, app_id, &target).await?;
    let target = read_locked(connection, app_id, id).await?;
    if target.deleted_at.is_some() { Err(MessagingError::MessageNotFound { id }) } else { Ok(target) }
}

/// Locks a message's conversation, unless it was put aside meanwhile.
pub(super) async fn lock_conversation_of(
    connection: &mut PgConnection,
    app_id: &str,
    target: &StoredMessage,
) -> Result<()> {
    let place = (app_id.to_owned(), target.key.storage());
    let locked = conversations::lock_conversations(connection, std::slice::from_ref(&place)).await?;
    match locked.get(&place) {
        Some(conversation) if conversation.conversation_id == target.conversation_id => Ok(()),
        _ => Err(MessagingError::MessageNotFound { id: target.message_id }),
    }
}

/// A message as it is in a transaction that has locked its conversation.
pub(super) async fn read_locked(connection: &mut PgConnection, app_id: &str, id: i64) -> Result<StoredMessage> {
    let mut found = messages::list_locked(connection, &[(app_id, id)]).await?;
    found.pop().map(|(_, message)| message).ok_or(MessagingError::MessageNotFound { id })
}
