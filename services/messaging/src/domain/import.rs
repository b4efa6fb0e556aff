//! Reading messages to import.

use chrono::{DateTime, Utc};
use halley_contracts::messaging::v1::{ImportedMessage, Message, ReceiverType};
use halley_kit::time;
use halley_model::{APP_SYSTEM_UID, ConversationKey, FieldError, Guid, Uid, field, limits};
use serde_json::Value;

use super::{
    counting::is_counted,
    key::{is_direct, receiver_type},
    new_message::NewMessage,
};
use crate::{
    error::{MessagingError, Result},
    store::messages::StoredMessage,
};

/// A message to import whose fields are right.
#[derive(Debug, Clone)]
pub(crate) struct Checked {
    pub new: NewMessage,
    pub sent_at: DateTime<Utc>,
    pub delivered_at: Option<DateTime<Utc>>,
    pub read_at: Option<DateTime<Utc>>,
    /// Empty: none.
    pub parent_muid: String,
    pub quoted_muid: String,
}

impl Checked {
    /// The users that it names.
    pub(crate) fn uids(&self) -> impl Iterator<Item = &str> {
        let message = &self.new.message;
        let receiver = is_direct(&self.new.key).then_some(message.receiver.as_str());
        [Some(message.sender_uid.as_str()), receiver].into_iter().flatten()
    }

    /// Whether it means a stored message of its muid and sender. What edits and deletions change may differ, and so may
    /// times: of the clocks that they came from nothing is known.
    pub(crate) fn is_same(&self, stored: &StoredMessage) -> bool {
        let message = &self.new.message;
        let is_as_sent = stored.edited_at.is_none() && stored.deleted_at.is_none();
        // What was put aside is in no conversation that an item can name.
        !stored.retired
            && stored.key == self.new.key
            && stored.category == message.category()
            && stored.kind == message.r#type
            && (!is_as_sent || is_same_data(&stored.data_json, &message.data_json))
    }

    /// Whether it means the same message as an earlier item of its muid and sender.
    pub(crate) fn is_same_item(&self, other: &Self) -> bool {
        let (message, earlier) = (&self.new.message, &other.new.message);
        self.new.key == other.new.key
            && message.category == earlier.category
            && message.r#type == earlier.r#type
            && is_same_data(&message.data_json, &earlier.data_json)
    }

    /// The group that it names.
    pub(crate) fn guid(&self) -> Option<&str> {
        match &self.new.key {
            ConversationKey::Group(guid) => Some(guid),
            ConversationKey::Direct(..) => None,
        }
    }
}

/// Whether two texts are the same JSON.
fn is_same_data(a: &str, b: &str) -> bool {
    let read = |json: &str| serde_json::from_str::<Value>(json).ok();
    a == b || read(a).is_some_and(|value| read(b) == Some(value))
}

/// Reads one item. Whether those whom it names exist is not known here.
pub(crate) fn read(app_id: &str, item: ImportedMessage) -> Result<Checked> {
    let fault = |field: &str, problem: &str| MessagingError::InvalidImport(FieldError::new(field, problem));
    field::required_text("muid", &item.muid, limits::MUID_MAX).map_err(MessagingError::InvalidImport)?;
    let sender = match item.sender_uid.as_str() {
        APP_SYSTEM_UID => APP_SYSTEM_UID.to_owned(),
        uid => Uid::parse(uid).map_err(|_| MessagingError::UserNotFound { uid: uid.to_owned() })?.into_string(),
    };
    let kind = item.receiver_type();
    let key = match kind {
        ReceiverType::User => {
            let uid =
                Uid::parse(&item.receiver).map_err(|_| MessagingError::UserNotFound { uid: item.receiver.clone() })?;
            ConversationKey::direct(&sender, uid.as_str())
        }
        ReceiverType::Group => {
            let guid = Guid::parse(&item.receiver)
                .map_err(|_| MessagingError::GroupNotFound { guid: item.receiver.clone() })?;
            ConversationKey::group(guid.as_str())
        }
        ReceiverType::Unspecified => return Err(fault("receiverType", "must be user or group")),
    };
    let optional = |field: &str, ms: i64| match time::from_ms(ms) {
        None if ms != 0 => Err(fault(field, "must be a time")),
        time => Ok(time),
    };
    let read_at = optional("readAt", item.read_at_ms)?;
    // What was read was delivered.
    let delivered_at = optional("deliveredAt", item.delivered_at_ms)?.or(read_at);
    let sent_at = time::from_ms(item.sent_at_ms).ok_or_else(|| fault("sentAt", "is required"))?;
    let is_reply = i64::from(!item.parent_muid.is_empty());
    Ok(Checked {
        sent_at,
        delivered_at,
        read_at,
        new: NewMessage {
            app_id: app_id.to_owned(),
            stored_key: key.storage(),
            counted: is_counted(item.category(), is_reply, &item.data_json),
            news: true,
            membership: None,
            change: None,
            message: Message {
                conversation_id: key.public(),
                receiver_type: receiver_type(&key).into(),
                receiver: key.counterpart(&sender).to_owned(),
                sender_uid: sender,
                category: item.category,
                muid: item.muid,
                r#type: item.r#type,
                data_json: item.data_json,
                tags: item.tags,
                ..Default::default()
            },
            key,
        },
        parent_muid: item.parent_muid,
        quoted_muid: item.quoted_muid,
    })
}
