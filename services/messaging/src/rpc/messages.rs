//! `GetMessage`, and finding a message that a call names.

use halley_contracts::messaging::v1::{
    GetMessageRequest, GetMessageResponse, Message, MessageReceipt, message::ReceiverEntity,
};
use halley_kit::{Caller, time};
use halley_model::Limit;
use sqlx::PgConnection;

use crate::{
    domain::{self, key::is_direct, moderation},
    error::{MessagingError, Result},
    service::Messaging,
    store::{
        conversations,
        messages::{self, StoredMessage},
        participants,
    },
    view,
};

pub(super) async fn get(
    messaging: &Messaging,
    caller: Caller,
    request: GetMessageRequest,
) -> Result<GetMessageResponse> {
    let stored = messaging.visible_message(&caller, request.id).await?;
    let (app_id, uid) = (caller.app_id(), caller.acting_uid());
    let mut message = messaging.show_message(app_id, uid, &stored).await?;
    message.thread_subscribed = messaging.subscribed(app_id, uid, &[message.id]).await?.contains(&message.id);
    let receipts = match is_direct(&stored.key) {
        true => receipt_of_receiver(&message).into_iter().collect(),
        false => messaging.receipts_of_members(app_id, &stored).await?,
    };
    Ok(GetMessageResponse { message: Some(message), receipts })
}

fn receipt_of_receiver(message: &Message) -> Option<MessageReceipt> {
    let (delivered_at_ms, read_at_ms) = (message.delivered_at_ms, message.read_at_ms);
    if delivered_at_ms == 0 && read_at_ms == 0 {
        return None;
    }
    let recipient = match &message.receiver_entity {
        Some(ReceiverEntity::ReceiverUser(user)) => user.clone(),
        _ => domain::unknown_user(&message.receiver),
    };
    Some(MessageReceipt { recipient: Some(recipient), delivered_at_ms, read_at_ms })
}

impl Messaging {
    /// How far a message got with each member of its group. A large group is not looked through.
    async fn receipts_of_members(&self, app_id: &str, message: &StoredMessage) -> Result<Vec<MessageReceipt>> {
        let most = self.apps.settings(app_id).await.limit_i64(Limit::ReceiptsByAll);
        let (conversation_id, sequence) = (message.conversation_id, message.sequence);
        let mut reached = participants::list_reached(&self.pool, app_id, conversation_id, sequence, most).await?;
        reached.retain(|marks| marks.uid != message.sender_uid);
        let users = self.directory.users(app_id, reached.iter().map(|marks| marks.uid.as_str())).await?;
        let receipt = |marks: &participants::Watermarks| {
            let (delivered_at, read_at) = view::passed(marks, sequence);
            let user = users.get(&marks.uid).map(|user| (**user).clone());
            MessageReceipt {
                recipient: Some(user.unwrap_or_else(|| domain::unknown_user(&marks.uid))),
                delivered_at_ms: time::opt_to_ms(delivered_at),
                read_at_ms: time::opt_to_ms(read_at),
            }
        };
        Ok(reached.iter().map(receipt).collect())
    }

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
