//! `PinMessage`, `UnpinMessage`, `SaveMessage` and `UnsaveMessage`. A pin is everybody's in the conversation, a save is the
//! user's own.

use halley_bus::outbox::{self, Entry};
use halley_contracts::messaging::v1::{
    Message, PinMessageRequest, PinMessageResponse, SaveMessageRequest, SaveMessageResponse, UnpinMessageRequest,
    UnpinMessageResponse, UnsaveMessageRequest, UnsaveMessageResponse,
};
use halley_kit::{Caller, time};
use halley_model::Limit;

use super::messages::{lock_message, read_locked};
use crate::{
    domain::{change, moderation},
    error::{MessagingError, Result},
    events,
    service::Messaging,
    store::{begin_batch, marks},
};

pub(super) async fn pin(
    messaging: &Messaging,
    caller: Caller,
    request: PinMessageRequest,
) -> Result<PinMessageResponse> {
    let message = messaging.set_pin(&caller, request.message_id, &request.device_id, true).await?;
    Ok(PinMessageResponse { message: Some(message) })
}

pub(super) async fn unpin(
    messaging: &Messaging,
    caller: Caller,
    request: UnpinMessageRequest,
) -> Result<UnpinMessageResponse> {
    let message = messaging.set_pin(&caller, request.message_id, &request.device_id, false).await?;
    Ok(UnpinMessageResponse { message: Some(message) })
}

pub(super) async fn save(
    messaging: &Messaging,
    caller: Caller,
    request: SaveMessageRequest,
) -> Result<SaveMessageResponse> {
    let message = messaging.set_save(&caller, request.message_id, &request.device_id, true).await?;
    Ok(SaveMessageResponse { message: Some(message) })
}

pub(super) async fn unsave(
    messaging: &Messaging,
    caller: Caller,
    request: UnsaveMessageRequest,
) -> Result<UnsaveMessageResponse> {
    let message = messaging.set_save(&caller, request.message_id, &request.device_id, false).await?;
    Ok(UnsaveMessageResponse { message: Some(message) })
}

/// The device that a call names, or else the caller's.
fn device<'a>(caller: &'a Caller, named: &'a str) -> &'a str {
    if named.is_empty() { caller.device_id() } else { named }
}

impl Messaging {
    /// Pins a message or unpins it, tells everybody in the conversation if that changed anything, and answers it.
    async fn set_pin(&self, caller: &Caller, id: i64, device_id: &str, pin: bool) -> Result<Message> {
        let (app_id, by) = (caller.app_id(), caller.actor());
        let target = self.living_message(caller, id).await?;
        change::require_changeable(&target)?;
        moderation::require_shown(&target)?;
        self.directory.authorise_pin(caller, &target).await?;
        let mut shown = self.show_message(app_id, None, &target).await?;
        let max = self.apps.settings(app_id).await.limit_i64(Limit::PinnedMessages);
        let mut transaction = begin_batch(self.pool.acquire().await?).await?;
        let target = lock_message(&mut transaction, app_id, target).await?;
        let is_as_wished = match pin {
            true => target.pinned_at.is_some() && target.pinned_by == by,
            false => target.pinned_at.is_none(),
        };
        if is_as_wished {
            transaction.rollback().await?;
            return self.show_message(app_id, caller.acting_uid(), &target).await;
        }
        if !pin {
            marks::unpin(&mut transaction, app_id, id, time::now()).await?;
        } else if !marks::pin(&mut transaction, app_id, &target, by, time::now(), max).await? {
            return Err(MessagingError::TooManyPins { conversation: target.key.public(), max });
        }
        change::show(&mut shown, &read_locked(&mut transaction, app_id, id).await?);
        let entry = events::pin(app_id, device(caller, device_id), &target.key, shown.clone(), pin);
        let pending = outbox::insert(&mut transaction, &[entry]).await?;
        transaction.commit().await?;
        self.relay.publish(pending);
        self.show_own_reactions(app_id, caller.acting_uid(), &mut shown).await?;
        Ok(shown)
    }

    /// Saves a message for the caller's user or forgets that, tells the user's devices if that changed anything.
    async fn set_save(&self, caller: &Caller, id: i64, device_id: &str, save: bool) -> Result<Message> {
        let (app_id, uid) = (caller.app_id(), caller.require_uid()?);
        let target = self.visible_message(caller, id).await?;
        change::require_changeable(&target)?;
        if save && target.deleted_at.is_some() {
            return Err(MessagingError::MessageNotFound { id });
        }
        let mut shown = self.show_message(app_id, Some(uid), &target).await?;
        let now = time::now();
        let max = self.apps.settings(app_id).await.limit_i64(Limit::SavedMessages);
        let mut transaction = halley_kit::postgres::begin(&self.pool).await?;
        let changed = match save {
            true => {
                let saved = marks::save(&mut transaction, app_id, uid, id, now, max).await?;
                let saved_at = saved.ok_or_else(|| MessagingError::TooManySaves { uid: uid.to_owned(), max })?;
                shown.saved_at_ms = time::to_ms(saved_at);
                saved_at == now
            }
            false => marks::unsave(&mut transaction, app_id, uid, id).await?,
        };
        let entries: Vec<Entry> = changed
            .then(|| events::save(app_id, device(caller, device_id), uid, shown.clone(), save))
            .into_iter()
            .collect();
        let pending = outbox::insert(&mut transaction, &entries).await?;
        transaction.commit().await?;
        self.relay.publish(pending);
        Ok(shown)
    }
}
