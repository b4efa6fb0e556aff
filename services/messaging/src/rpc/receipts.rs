//! `MarkRead`, `MarkDelivered` and `MarkUnread`.

use halley_bus::outbox;
use halley_contracts::{
    events::v1::{ReceiptChanged, ReceiptKind},
    messaging::v1::{
        MarkDeliveredRequest, MarkDeliveredResponse, MarkReadRequest, MarkReadResponse, MarkUnreadRequest,
        MarkUnreadResponse, ReceiverType,
    },
};
use halley_kit::{Caller, time};
use halley_model::ConversationKey;

use super::conversations::{no_such, own_conversation};
use crate::{
    access::With,
    counters::Counted,
    domain::{key, watermark},
    error::{MessagingError, Result},
    events,
    service::Messaging,
    store::{
        conversations, messages,
        participants::{self, LockedPlace},
    },
};

/// A watermark to be moved.
struct Mark {
    app_id: String,
    uid: String,
    key: ConversationKey,
    device_id: String,
    /// Up to and including; 0: everything.
    message_id: i64,
}

pub(super) async fn mark_read(
    messaging: &Messaging,
    caller: Caller,
    request: MarkReadRequest,
) -> Result<MarkReadResponse> {
    let with_type = request.with_type();
    let mark = mark(messaging, &caller, with_type, &request.with, request.message_id, request.device_id).await?;
    let place = move_watermark(messaging, &mark, ReceiptKind::Read).await?;
    Ok(MarkReadResponse { message_id: place.read_message_id })
}

pub(super) async fn mark_delivered(
    messaging: &Messaging,
    caller: Caller,
    request: MarkDeliveredRequest,
) -> Result<MarkDeliveredResponse> {
    let with_type = request.with_type();
    let mark = mark(messaging, &caller, with_type, &request.with, request.message_id, request.device_id).await?;
    let place = move_watermark(messaging, &mark, ReceiptKind::Delivered).await?;
    Ok(MarkDeliveredResponse { message_id: place.delivered_message_id })
}

pub(super) async fn mark_unread(
    messaging: &Messaging,
    caller: Caller,
    request: MarkUnreadRequest,
) -> Result<MarkUnreadResponse> {
    let id = request.message_id;
    let with_type = request.with_type();
    let mark = mark(messaging, &caller, with_type, &request.with, id, String::new()).await?;
    let message = messages::find_message(&messaging.pool, &mark.app_id, id, Some(&mark.uid)).await?;
    if !message.is_some_and(|message| message.key == mark.key && !message.retired) {
        return Err(MessagingError::MessageNotFound { id });
    }
    let mut transaction = messaging.pool.begin().await?;
    let mut place = lock_place(&mut transaction, &mark).await?.ok_or(MessagingError::NotAccessible)?;
    watermark::unread(&mut place);
    participants::update_place(&mut transaction, &mark.app_id, &mark.uid, &place, time::now()).await?;
    transaction.commit().await?;
    let conversation = own_conversation(messaging, &caller, with_type, &request.with).await?;
    Ok(MarkUnreadResponse { conversation: Some(conversation) })
}

async fn mark(
    messaging: &Messaging,
    caller: &Caller,
    with_type: ReceiverType,
    with: &str,
    message_id: i64,
    device_id: String,
) -> Result<Mark> {
    let uid = caller.require_uid()?.to_owned();
    let with = With::parse(with_type, with).map_err(no_such)?;
    let key = messaging.directory.authorise_conversation(caller.app_id(), &uid, &with).await?;
    let device_id = if device_id.is_empty() { caller.device_id().to_owned() } else { device_id };
    Ok(Mark { app_id: caller.app_id().to_owned(), uid, key, device_id, message_id })
}

/// The user's locked place in the conversation. A group's member whose place is not made yet gets it now.
async fn lock_place(connection: &mut sqlx::PgConnection, mark: &Mark) -> Result<Option<LockedPlace>> {
    let up_to = if mark.message_id == 0 { i64::MAX } else { mark.message_id };
    let stored = mark.key.storage();
    let place = participants::lock_place(connection, &mark.app_id, &mark.uid, &stored, up_to).await?;
    if place.is_some() || key::is_direct(&mark.key) {
        return Ok(place);
    }
    let Some(conversation_id) = conversations::find_id(connection, &mark.app_id, &mark.key).await? else {
        return Ok(None);
    };
    participants::insert_if_missing(connection, &mark.app_id, &mark.uid, conversation_id).await?;
    Ok(participants::lock_place(connection, &mark.app_id, &mark.uid, &stored, up_to).await?)
}

/// Moves a watermark and tells those whom it concerns; when nothing moves, nobody is told.
async fn move_watermark(messaging: &Messaging, mark: &Mark, kind: ReceiptKind) -> Result<LockedPlace> {
    let users = messaging.directory.users(&mark.app_id, [mark.uid.as_str()]).await?;
    let mut transaction = messaging.pool.begin().await?;
    let mut place = lock_place(&mut transaction, mark).await?.ok_or(MessagingError::NotAccessible)?;
    let (moved, changed) = match kind {
        ReceiptKind::Read => {
            let reading = watermark::read(&mut place);
            (reading.moved, reading.changed)
        }
        _ => {
            let moved = watermark::deliver(&mut place);
            (moved, moved)
        }
    };
    if !changed {
        transaction.rollback().await?;
        return Ok(place);
    }
    participants::update_place(&mut transaction, &mark.app_id, &mark.uid, &place, time::now()).await?;
    if !moved {
        transaction.commit().await?;
        return Ok(place);
    }
    let changed = ReceiptChanged {
        kind: kind.into(),
        user: users.get(&mark.uid).map(|user| user.as_ref().clone()),
        receiver_type: key::receiver_type(&mark.key).into(),
        receiver: mark.key.counterpart(&mark.uid).to_owned(),
        conversation_id: mark.key.public(),
        message_id: place.to_message_id,
        sequence: place.to_sequence,
        message_sender: place.to_sender.clone(),
    };
    let entry = events::receipt(&mark.app_id, &mark.device_id, &mark.key, &mark.uid, changed);
    let pending = outbox::insert(&mut transaction, &[entry]).await?;
    transaction.commit().await?;
    messaging.relay.publish(pending);
    let counted = if kind == ReceiptKind::Read { Counted::Read } else { Counted::Delivered };
    messaging.counters.add(&mark.app_id, counted, time::now());
    Ok(place)
}
