//! `UpdateConversation` and `ResetConversation`: what a user does to the own side of a conversation.

use halley_bus::outbox::{self, Pending};
use halley_contracts::{
    events::v1::OwnConversationChanged,
    messaging::v1::{
        Conversation, ReceiverType, ResetConversationRequest, ResetConversationResponse, UpdateConversationRequest,
        UpdateConversationResponse,
    },
};
use halley_kit::{Caller, time};
use halley_model::{ConversationKey, FieldError, Limit, field, limits};
use sqlx::PgConnection;

use super::conversations::{no_such, own_conversation};
use crate::{
    access::With,
    domain::key::{candidates, is_direct},
    error::{MessagingError, Result},
    events,
    service::Messaging,
    store::{conversations, erasures, participants},
};

pub(super) async fn update(
    messaging: &Messaging,
    caller: Caller,
    request: UpdateConversationRequest,
) -> Result<UpdateConversationResponse> {
    field::tags("tags", &request.tags)?;
    field::at_most("tags", &request.tags, messaging.apps.settings(caller.app_id()).await.limit(Limit::Tags))?;
    let uid = caller.require_uid()?;
    let with = With::parse(request.with_type(), &request.with).map_err(no_such)?;
    let key = messaging.directory.authorise_conversation(caller.app_id(), uid, &with).await?;
    let mut transaction = halley_kit::postgres::begin(&messaging.pool).await?;
    make_place(&mut transaction, caller.app_id(), uid, &key).await?;
    let stored = key.storage();
    if !participants::set_tags(&mut transaction, caller.app_id(), uid, &stored, &request.tags).await? {
        return Err(MessagingError::NotAccessible);
    }
    let untold = note_untold(&mut transaction, caller.app_id(), uid).await?;
    transaction.commit().await?;
    let conversation = own_conversation(messaging, &caller, request.with_type(), &request.with).await?;
    let changed = OwnConversationChanged { conversation: Some(conversation.clone()), left: false };
    tell(messaging, &caller, &stored, changed, untold).await?;
    Ok(UpdateConversationResponse { conversation: Some(conversation) })
}

/// Notes, in the transaction of a change to a user's own view, that the user's devices have to hear of it. What they are told
/// is known after the commit only, since others are asked for names; it takes the note back. If it never comes to that, the
/// note goes out, and the devices ask.
pub(super) async fn note_untold(connection: &mut PgConnection, app_id: &str, uid: &str) -> Result<Pending> {
    Ok(outbox::insert(connection, &[events::own_view_untold(app_id, uid)]).await?)
}

/// Tells a user's own devices what became of a conversation of theirs. What the user changes of it is told as it is in this
/// moment: with two changes at once, what is told last is what holds.
async fn tell(
    messaging: &Messaging,
    caller: &Caller,
    stored: &str,
    mut changed: OwnConversationChanged,
    untold: Pending,
) -> Result<()> {
    let uid = caller.require_uid()?;
    let mut transaction = halley_kit::postgres::begin(&messaging.pool).await?;
    let own = participants::lock_own_side(&mut transaction, caller.app_id(), uid, stored).await?;
    if let (Some((tags, hidden_before)), Some(conversation)) = (own, changed.conversation.as_mut()) {
        conversation.tags = tags;
        conversation.hidden_before_sequence = hidden_before;
    }
    let entry = events::own_conversation(caller.app_id(), caller.device_id(), uid, changed);
    let pending = outbox::insert(&mut transaction, &[entry]).await?;
    outbox::withdraw(&mut transaction, untold).await?;
    transaction.commit().await?;
    messaging.relay.publish(pending);
    Ok(())
}

pub(super) async fn reset(
    messaging: &Messaging,
    caller: Caller,
    request: ResetConversationRequest,
) -> Result<ResetConversationResponse> {
    let uid = caller.require_uid()?;
    if request.delete_messages && caller.is_logged_in_user() {
        return Err(MessagingError::NotForUsers { what: "delete messages for good" });
    }
    let conversation = match request.conversation_id.is_empty() {
        true => None,
        false => Some(by_public_id(messaging, &caller, &request.conversation_id).await?),
    };
    let (with_type, side) = match &conversation {
        Some(found) => (found.with_type(), found.with.as_str()),
        None => (request.with_type(), request.with.as_str()),
    };
    let with = With::parse(with_type, side).map_err(no_such)?;
    let key = messaging.directory.authorise_conversation(caller.app_id(), uid, &with).await?;
    if request.delete_messages && !is_direct(&key) {
        return Err(FieldError::new("deleteMessagesPermanently", "is only for conversations with a user").into());
    }
    let (app_id, stored, keeps_place) = (caller.app_id(), key.storage(), request.preserve_order);
    let mut transaction = halley_kit::postgres::begin(&messaging.pool).await?;
    make_place(&mut transaction, app_id, uid, &key).await?;
    let hidden = participants::hide_history(&mut transaction, app_id, uid, &stored, keeps_place).await?;
    let hidden_before_sequence = hidden.ok_or(MessagingError::NotAccessible)?;
    if request.delete_messages
        && let Some(conversation_id) = conversations::find_id(&mut transaction, app_id, &key).await?
    {
        participants::count_as_read(&mut transaction, app_id, conversation_id).await?;
        erasures::ask_for_conversation(&mut transaction, app_id, conversation_id, time::now()).await?;
    }
    let untold = note_untold(&mut transaction, app_id, uid).await?;
    transaction.commit().await?;
    match own_conversation(messaging, &caller, with_type, side).await {
        Ok(shown) => {
            let changed = OwnConversationChanged { conversation: Some(shown), left: false };
            tell(messaging, &caller, &stored, changed, untold).await?;
        }
        Err(MessagingError::NotAccessible) => {
            let gone = Conversation {
                conversation_id: key.public(),
                owner_uid: uid.to_owned(),
                with_type: with_type.into(),
                with: key.counterpart(uid).to_owned(),
                hidden_before_sequence,
                ..Default::default()
            };
            let changed = OwnConversationChanged { conversation: Some(gone), left: true };
            tell(messaging, &caller, &stored, changed, untold).await?;
        }
        Err(error) => return Err(error),
    }
    Ok(ResetConversationResponse {})
}

/// A group's member whose place is not made yet gets it now.
async fn make_place(connection: &mut PgConnection, app_id: &str, uid: &str, key: &ConversationKey) -> Result<()> {
    if is_direct(key) {
        return Ok(());
    }
    if let Some(conversation_id) = conversations::find_id(connection, app_id, key).await? {
        participants::insert_if_missing(connection, app_id, uid, conversation_id).await?;
    }
    Ok(())
}

/// The conversation of the caller's user that a public id means: the first of its own, should it mean several.
pub(super) async fn by_public_id(messaging: &Messaging, caller: &Caller, public: &str) -> Result<Conversation> {
    field::text("conversationId", public, 2 * limits::ID_MAX + "_user_".len())?;
    let uid = caller.require_uid()?;
    for key in candidates(&public.to_ascii_lowercase()) {
        let (kind, with) = match &key {
            ConversationKey::Group(guid) => (ReceiverType::Group, guid.as_str()),
            ConversationKey::Direct(a, b) if a == uid || b == uid => (ReceiverType::User, key.counterpart(uid)),
            ConversationKey::Direct(..) => continue,
        };
        match own_conversation(messaging, caller, kind, with).await {
            Err(MessagingError::NotAccessible) => {}
            outcome => return outcome,
        }
    }
    Err(MessagingError::ConversationNotFound { id: public.to_owned() })
}
