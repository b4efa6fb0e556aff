//! What is reported, for which reasons, and who sees what was disapproved.

use halley_contracts::messaging::v1::{Message, ModerationStatus};
use halley_model::{FieldError, Uid, field, limits};

use crate::{
    error::{MessagingError, Result},
    store::messages::StoredMessage,
};

/// Most reasons of an app.
pub(crate) const REASONS_MAX: i64 = 100;
/// Longest remark of a report.
const REMARK_MAX: usize = 500;

/// A reason that every app begins with.
pub(crate) struct DefaultReason {
    pub id: &'static str,
    pub name: &'static str,
    pub description: &'static str,
}

/// The reasons that every app begins with.
pub(crate) const DEFAULT_REASONS: &[DefaultReason] = &[
    DefaultReason {
        id: "spam",
        name: "Spam",
        description: "Unwanted advertising, or the same message again and again.",
    },
    DefaultReason { id: "sexual", name: "Sexual content", description: "Nudity, or sexual words or advances." },
    DefaultReason { id: "harassment", name: "Harassment", description: "Insults, threats or bullying." },
];

/// A stored number as a status.
pub(crate) fn status_of(stored: i16) -> ModerationStatus {
    ModerationStatus::try_from(i32::from(stored)).unwrap_or_default()
}

/// Whether a message's content is kept from that user. `None`: the app, or a live event that its sender may cause.
pub(crate) fn is_hidden_from(message: &StoredMessage, uid: Option<&str>) -> bool {
    message.moderation == ModerationStatus::Disapproved && uid.is_some_and(|uid| uid != message.sender_uid)
}

/// A message as others than its sender see it: without its content if it was disapproved.
pub(crate) fn withheld(message: Message) -> Message {
    if message.moderation() != ModerationStatus::Disapproved {
        return message;
    }
    Message {
        data_json: "{}".to_owned(),
        tags: Vec::new(),
        reactions: Vec::new(),
        mentions: Vec::new(),
        quoted_message: None,
        action_on_message: None,
        ..message
    }
}

/// Refuses what would show a disapproved message to others again.
pub(crate) fn require_shown(message: &StoredMessage) -> Result<()> {
    match message.moderation {
        ModerationStatus::Disapproved => Err(MessagingError::NoAccess { id: message.message_id }),
        _ => Ok(()),
    }
}

/// The id of a new reason.
pub(crate) fn parse_reason_id(id: &str) -> std::result::Result<String, FieldError> {
    field::required_text("id", id, limits::ID_MAX)?;
    // The same characters as a uid.
    Uid::parse(id).map(Uid::into_string).map_err(|reason| FieldError::new("id", reason.to_string()))
}

/// Checks a reason's texts.
pub(crate) fn check_reason(name: Option<&str>, description: Option<&str>) -> std::result::Result<(), FieldError> {
    if let Some(name) = name {
        field::required_text("name", name, limits::NAME_MAX)?;
    }
    field::text("description", description.unwrap_or_default(), limits::DESCRIPTION_MAX)
}

/// Checks the remark of a report.
pub(crate) fn check_remark(remark: &str) -> std::result::Result<(), FieldError> {
    field::text("remark", remark, REMARK_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_an_id_and_a_name() {
        assert_eq!(parse_reason_id("Hate-1").as_deref(), Ok("hate-1"));
        for wrong in ["", " ", "a b", "ä", &"x".repeat(101)] {
            assert_eq!(parse_reason_id(wrong).expect_err("refused").field, "id", "{wrong:?}");
        }
        assert!(check_reason(Some("n"), None).is_ok() && check_reason(None, Some("")).is_ok());
        assert_eq!(check_reason(Some(" "), None).expect_err("refused").field, "name");
        assert_eq!(check_reason(None, Some(&"x".repeat(256))).expect_err("refused").field, "description");
        assert_eq!(check_remark(&"x".repeat(501)).expect_err("refused").field, "remark");
    }

    #[test]
    fn default_reasons_keep_to_the_rules() {
        for reason in DEFAULT_REASONS {
            assert_eq!(parse_reason_id(reason.id).as_deref(), Ok(reason.id));
            assert!(check_reason(Some(reason.name), Some(reason.description)).is_ok());
        }
    }
}
