//! `PinConversation`, `UnpinConversation`, `ListSystemPins` and `ReplaceSystemPins`. A user's pins are told to the user's
//! own devices; those of the app are seen when a list is read again.

use halley_bus::outbox;
use halley_contracts::messaging::v1::{
    Conversation, ListSystemPinsRequest, ListSystemPinsResponse, PinConversationRequest, PinConversationResponse,
    ReceiverType, ReplaceSystemPinsRequest, ReplaceSystemPinsResponse, SystemPin, UnpinConversationRequest,
    UnpinConversationResponse, conversation::WithEntity,
};
use halley_kit::{Caller, PublicError, time};
use halley_model::{ErrorCode, FieldError, limits};

use super::conversations::own_conversation;
use crate::{
    access::With,
    error::{MessagingError, Result},
    events,
    service::Messaging,
    store::conversation_pins::{self as store, SystemPin as StoredPin},
};

/// Entries of one call, repeats included.
const ENTRIES_MAX: usize = 100;

pub(super) async fn pin(
    messaging: &Messaging,
    caller: Caller,
    request: PinConversationRequest,
) -> Result<PinConversationResponse> {
    let with = With::parse(request.with_type(), &request.with)?;
    messaging.directory.authorise_read(&caller, &with).await?;
    let conversation = messaging.set_conversation_pin(&caller, &with, &request.device_id, true).await?;
    Ok(PinConversationResponse { conversation: Some(conversation) })
}

/// Needs no right in a group: who is out of it may still clean up.
pub(super) async fn unpin(
    messaging: &Messaging,
    caller: Caller,
    request: UnpinConversationRequest,
) -> Result<UnpinConversationResponse> {
    let with = With::parse(request.with_type(), &request.with)?;
    let conversation = messaging.set_conversation_pin(&caller, &with, &request.device_id, false).await?;
    Ok(UnpinConversationResponse { conversation: Some(conversation) })
}

impl Messaging {
    /// Pins a conversation for the caller's user or unpins it, tells the user's devices if that changed anything, and
    /// answers it.
    async fn set_conversation_pin(
        &self,
        caller: &Caller,
        with: &With,
        device_id: &str,
        pin: bool,
    ) -> Result<Conversation> {
        let (app_id, uid) = (caller.app_id(), caller.require_uid()?);
        let (kind, id) = side(with);
        if store::list_system(&self.pool, app_id).await?.iter().any(|pinned| is_of(pinned, kind, id)) {
            return Err(MessagingError::SystemPin { with: id.to_owned() });
        }
        let before = self.pinnable(caller, with).await?;
        let key = with.key(uid).storage();
        let now = time::now();
        let mut transaction = halley_kit::postgres::begin(&self.pool).await?;
        store::lock_pins(&mut transaction, app_id, uid).await?;
        let (pinned_at, changed) = match pin {
            true => {
                let max = limits::CONVERSATION_PINS_MAX;
                let pinned = store::pin(&mut transaction, app_id, uid, &key, now, max).await?;
                let at = pinned.ok_or_else(|| MessagingError::TooManyConversationPins { uid: uid.to_owned() })?;
                (Some(at), at == now)
            }
            false => (None, store::unpin(&mut transaction, app_id, uid, &key).await?),
        };
        if changed {
            store::note_change(&mut transaction, app_id, uid, &key).await?;
        }
        let pinned_by = if pin { uid.to_owned() } else { String::new() };
        let shown = Conversation { pinned_at_ms: time::opt_to_ms(pinned_at), pinned_by, ..before };
        let device_id = if device_id.is_empty() { caller.device_id() } else { device_id };
        let entry = changed.then(|| events::conversation_pin(app_id, device_id, uid, shown.clone(), pin));
        let pending = outbox::insert(&mut transaction, entry.as_slice()).await?;
        transaction.commit().await?;
        self.relay.publish(pending);
        Ok(shown)
    }

    /// The conversation of the caller's user with a side, also one that has not begun or that the user is out of.
    async fn pinnable(&self, caller: &Caller, with: &With) -> Result<Conversation> {
        let (kind, id) = side(with);
        match own_conversation(self, caller, kind, id).await {
            Err(MessagingError::NotAccessible) => {}
            outcome => return outcome,
        }
        let (app_id, uid) = (caller.app_id(), caller.require_uid()?);
        let with_entity = match with {
            With::User(other) => {
                let users = self.directory.users(app_id, [other.as_str()]).await?;
                users.get(other).map(|user| WithEntity::WithUser(user.as_ref().clone()))
            }
            With::Group(guid) => {
                let groups = self.directory.groups(app_id, [guid.as_str()]).await?;
                groups.get(guid).map(|group| WithEntity::WithGroup(group.as_ref().clone()))
            }
        };
        Ok(Conversation {
            conversation_id: with.key(uid).public(),
            owner_uid: uid.to_owned(),
            with_type: kind.into(),
            with: id.to_owned(),
            with_entity,
            ..Default::default()
        })
    }
}

fn side(with: &With) -> (ReceiverType, &str) {
    match with {
        With::User(uid) => (ReceiverType::User, uid),
        With::Group(guid) => (ReceiverType::Group, guid),
    }
}

fn is_of(pin: &StoredPin, kind: ReceiverType, id: &str) -> bool {
    i32::from(pin.with_type) == i32::from(kind) && pin.with_id == id
}

/// The list is the app's own: users see it by the order of their conversations.
fn server_side(caller: &Caller) -> Result<()> {
    match caller.is_logged_in_user() {
        true => Err(PublicError::new(ErrorCode::PermissionDenied, "a user may not see or set the app's pins").into()),
        false => Ok(()),
    }
}

pub(super) async fn list_system(
    messaging: &Messaging,
    caller: Caller,
    _: ListSystemPinsRequest,
) -> Result<ListSystemPinsResponse> {
    server_side(&caller)?;
    Ok(ListSystemPinsResponse { pins: messaging.system_pins(caller.app_id()).await? })
}

pub(super) async fn replace_system(
    messaging: &Messaging,
    caller: Caller,
    request: ReplaceSystemPinsRequest,
) -> Result<ReplaceSystemPinsResponse> {
    server_side(&caller)?;
    let app_id = caller.app_id();
    let pins = distinct(&request.pins)?;
    messaging.require_sides(app_id, &pins).await?;
    let stored: Vec<(i16, String)> = pins
        .iter()
        .map(|with| {
            let (kind, id) = side(with);
            (if kind == ReceiverType::User { 1 } else { 2 }, id.to_owned())
        })
        .collect();
    let mut transaction = halley_kit::postgres::begin(&messaging.pool).await?;
    store::lock_pins(&mut transaction, app_id, "").await?;
    store::replace_system(&mut transaction, app_id, &stored, time::now()).await?;
    transaction.commit().await?;
    Ok(ReplaceSystemPinsResponse { pins: messaging.system_pins(app_id).await? })
}

/// The sides, each at its first place.
fn distinct(pins: &[SystemPin]) -> Result<Vec<With>> {
    if pins.len() > ENTRIES_MAX {
        return Err(MessagingError::TooManySystemPins);
    }
    let mut found: Vec<With> = Vec::new();
    for pin in pins {
        let with = With::parse(pin.with_type(), &pin.with).map_err(|error| match error {
            MessagingError::EmptyReceiver | MessagingError::InvalidReceiverType => {
                FieldError::new("pinnedConversations", "must hold a uid or a guid each").into()
            }
            error => error,
        })?;
        if !found.iter().any(|known| side(known) == side(&with)) {
            found.push(with);
        }
    }
    match i64::try_from(found.len()) {
        Ok(count) if count <= limits::CONVERSATION_PINS_MAX => Ok(found),
        _ => Err(MessagingError::TooManySystemPins),
    }
}

impl Messaging {
    async fn system_pins(&self, app_id: &str) -> Result<Vec<SystemPin>> {
        let stored = store::list_system(&self.pool, app_id).await?;
        let pins = stored.into_iter().map(|pin| SystemPin {
            with_type: i32::from(pin.with_type),
            with: pin.with_id,
            pinned_at_ms: time::to_ms(pin.pinned_at),
        });
        Ok(pins.collect())
    }

    async fn require_sides(&self, app_id: &str, sides: &[With]) -> Result<()> {
        let of = |kind: ReceiverType| sides.iter().map(side).filter(move |side| side.0 == kind).map(|side| side.1);
        let users = self.directory.users(app_id, of(ReceiverType::User)).await?;
        let groups = self.directory.groups(app_id, of(ReceiverType::Group)).await?;
        for with in sides {
            match with {
                With::User(uid) if !users.contains_key(uid) => {
                    return Err(MessagingError::UserNotFound { uid: uid.clone() });
                }
                With::Group(guid) if !groups.contains_key(guid) => {
                    return Err(MessagingError::GroupNotFound { guid: guid.clone() });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(kind: ReceiverType, with: &str) -> SystemPin {
        SystemPin { with_type: kind.into(), with: with.to_owned(), pinned_at_ms: 0 }
    }

    #[test]
    fn of_repeats_the_first_place_counts_and_only_different_ones_count() {
        let (user, group) = (ReceiverType::User, ReceiverType::Group);
        let pins = [pin(user, "Bob"), pin(group, "bob"), pin(user, "bob")];
        let sides = distinct(&pins).expect("two");
        assert_eq!(sides.iter().map(side).collect::<Vec<_>>(), [(user, "bob"), (group, "bob")]);
        let six: Vec<_> = (0..6).map(|n| pin(user, &format!("u{n}"))).collect();
        assert!(matches!(distinct(&six), Err(MessagingError::TooManySystemPins)));
        assert!(distinct(&vec![pin(user, "u1"); 6]).is_ok());
        assert!(matches!(distinct(&[pin(user, "")]), Err(MessagingError::Field(_))));
        assert!(matches!(distinct(&[SystemPin::default()]), Err(MessagingError::Field(_))));
    }
}
