//! `MarkRead`, `MarkDelivered` and `MarkUnread`.

mod everybody;

use halley_bus::outbox::{self, Pending};
use halley_contracts::{
    events::v1::{ReceiptChanged, ReceiptKind},
    messaging::v1::{
        Conversation, MarkDeliveredRequest, MarkDeliveredResponse, MarkReadRequest, MarkReadResponse,
        MarkUnreadRequest, MarkUnreadResponse, ReceiverType,
    },
};
use halley_kit::{Caller, time};
use halley_model::{ConversationKey, Limit};

use super::{
    conversations::{no_such, own_conversation},
    own_conversation::note_untold,
};
use crate::{
    access::With,
    counters::Counted,
    domain::{key, watermark},
    error::{MessagingError, Result},
    events,
    service::Messaging,
    store::{
        self, conversations, messages,
        participants::{self, LockedPlace},
    },
};

/// In a group the senders of so many messages that a receipt covers are told of it; others see it at their next read.
const COVERED_MAX: i64 = 100;

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
    let (place, moved) = move_watermark(messaging, &mark, ReceiptKind::Read).await?;
    if let Moved::Count(untold) = moved {
        let conversation = own_conversation(messaging, &caller, with_type, &request.with).await?;
        tell_unread(messaging, &mark, conversation, untold).await?;
    }
    Ok(MarkReadResponse { message_id: place.read_message_id })
}

pub(super) async fn mark_delivered(
    messaging: &Messaging,
    caller: Caller,
    request: MarkDeliveredRequest,
) -> Result<MarkDeliveredResponse> {
    let with_type = request.with_type();
    let mark = mark(messaging, &caller, with_type, &request.with, request.message_id, request.device_id).await?;
    let (place, _) = move_watermark(messaging, &mark, ReceiptKind::Delivered).await?;
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
    let mut transaction = halley_kit::postgres::begin(&messaging.pool).await?;
    let mut place = lock_place(&mut transaction, &mark).await?.ok_or(MessagingError::NotAccessible)?;
    watermark::unread(&mut place);
    participants::update_place(&mut transaction, &mark.app_id, &mark.uid, &place, time::now()).await?;
    let untold = note_untold(&mut transaction, &mark.app_id, &mark.uid).await?;
    transaction.commit().await?;
    let conversation = own_conversation(messaging, &caller, with_type, &request.with).await?;
    tell_unread(messaging, &mark, conversation.clone(), untold).await?;
    Ok(MarkUnreadResponse { conversation: Some(conversation) })
}

/// Tells a user's own devices of a count that no receipt tells of.
async fn tell_unread(messaging: &Messaging, mark: &Mark, conversation: Conversation, untold: Pending) -> Result<()> {
    let entry = events::unread(&mark.app_id, &mark.device_id, &mark.uid, conversation);
    let mut transaction = halley_kit::postgres::begin(&messaging.pool).await?;
    let pending = outbox::insert(&mut transaction, &[entry]).await?;
    outbox::withdraw(&mut transaction, untold).await?;
    transaction.commit().await?;
    messaging.relay.publish(pending);
    Ok(())
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

/// What a receipt changed.
#[derive(Debug)]
enum Moved {
    Nothing,
    /// Only how much is unread: it was marked unread before. The own devices are yet to be told.
    Count(Pending),
    Watermark,
}

/// Whether a mark is in a group that is small enough to tell every sender of it.
async fn is_in_small_group(messaging: &Messaging, mark: &Mark) -> Result<bool> {
    let ConversationKey::Group(guid) = &mark.key else { return Ok(false) };
    let group = messaging.directory.group(&mark.app_id, guid).await?;
    let most = messaging.apps.settings(&mark.app_id).await.limit_i64(Limit::ReceiptsByAll);
    Ok(i64::from(group.members_count) <= most)
}

/// Moves a watermark and tells those whom it concerns; when nothing moves, nobody is told.
async fn move_watermark(messaging: &Messaging, mark: &Mark, kind: ReceiptKind) -> Result<(LockedPlace, Moved)> {
    let users = messaging.directory.users(&mark.app_id, [mark.uid.as_str()]).await?;
    let is_small = is_in_small_group(messaging, mark).await?;
    let mut transaction = halley_kit::postgres::begin(&messaging.pool).await?;
    let mut place = lock_place(&mut transaction, mark).await?.ok_or(MessagingError::NotAccessible)?;
    let before = place.clone();
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
        return Ok((place, Moved::Nothing));
    }
    participants::update_place(&mut transaction, &mark.app_id, &mark.uid, &place, time::now()).await?;
    if !moved {
        let untold = note_untold(&mut transaction, &mark.app_id, &mark.uid).await?;
        transaction.commit().await?;
        return Ok((place, Moved::Count(untold)));
    }
    let senders = match is_small {
        true => {
            let after = if kind == ReceiptKind::Read { before.read_sequence } else { before.delivered_sequence };
            let (app_id, id, up_to) = (&mark.app_id, place.conversation_id, place.to_sequence);
            store::everybody::list_senders(&mut transaction, app_id, id, after, up_to, COVERED_MAX).await?
        }
        false => Vec::new(),
    };
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
    let entry = events::receipt(&mark.app_id, &mark.device_id, &mark.key, &mark.uid, &senders, changed);
    let pending = outbox::insert(&mut transaction, &[entry]).await?;
    transaction.commit().await?;
    messaging.relay.publish(pending);
    let counted = if kind == ReceiptKind::Read { Counted::Read } else { Counted::Delivered };
    messaging.counters.add(&mark.app_id, counted, time::now());
    if is_small {
        // What is stored is true already; that everybody has it is news that can be missed.
        if let Err(error) = everybody::tell(messaging, mark, &before, &place).await {
            tracing::warn!(%error, "nobody is told whether everybody received or read it");
        }
    }
    Ok((place, Moved::Watermark))
}
