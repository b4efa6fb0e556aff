//! A message that may be sent, checked, on its way to the writer.

use halley_contracts::messaging::v1::{Message, MessageCategory};
use halley_model::{ConversationKey, FieldError, field, limits};

use super::{action::Membership, change::MessageChange};
use crate::error::{MessagingError, Result};

/// A message without id, sequence number and time.
#[derive(Debug, Clone)]
pub(crate) struct NewMessage {
    /// Whose tenant.
    pub app_id: String,
    /// Where it goes.
    pub key: ConversationKey,
    /// The same as stored.
    pub stored_key: String,
    /// With its entities, as it will be answered and published.
    pub message: Message,
    /// Whether it raises the unread count.
    pub counted: bool,
    /// Whether it becomes the conversation's last message.
    pub news: bool,
    /// The membership change that it tells of.
    pub membership: Option<Membership>,
    /// The change of another message that it tells of.
    pub change: Option<MessageChange>,
}

/// Checks what every stored message must keep to. The edge has checked the shape of each category already.
pub(crate) fn check(
    category: MessageCategory,
    kind: &str,
    data_json: &str,
    muid: &str,
    tags: &[String],
    max_bytes: usize,
) -> Result<()> {
    if matches!(category, MessageCategory::Unspecified | MessageCategory::Action) {
        return Err(MessagingError::InvalidCategory);
    }
    if kind.is_empty() {
        return Err(MessagingError::EmptyType);
    }
    field::text("type", kind, limits::MESSAGE_TYPE_MAX)?;
    field::text("muid", muid, limits::MUID_MAX)?;
    field::tags("tags", tags)?;
    if data_json.is_empty() {
        return Err(MessagingError::InvalidData(FieldError::new("data", "is required")));
    }
    field::json_object("data", data_json, max_bytes).map_err(MessagingError::InvalidData)
}
