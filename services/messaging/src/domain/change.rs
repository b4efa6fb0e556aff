//! What an edit or a deletion makes of a message.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use halley_contracts::messaging::v1::{Message, MessageCategory, ModerationStatus};
use halley_kit::time;
use halley_model::{FieldError, field, limits};
use serde_json::{Value, value::RawValue};

use crate::{
    error::{MessagingError, Result},
    store::messages::StoredMessage,
};

/// The type of action messages about messages.
pub(crate) const MESSAGE: &str = "message";

/// A change of a stored message, on its way to the writer with the action message that tells of it.
#[derive(Debug, Clone)]
pub(crate) struct MessageChange {
    /// Which message.
    pub message_id: i64,
    /// A uid, or `app_system`.
    pub by: String,
    /// What is done to it.
    pub kind: ChangeKind,
}

/// What is done to a message.
#[derive(Debug, Clone)]
pub(crate) enum ChangeKind {
    /// Other values for keys of its data, and other tags if given.
    Edit {
        /// JSON object; empty: none.
        data_json: String,
        /// All of them.
        tags: Option<Vec<String>>,
    },
    /// Its content is shown no more.
    Delete {
        /// It is removed for good.
        permanent: bool,
    },
}

/// Why a change is not made, which is known only when the message can't change any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Deleted, or never there.
    Gone(i64),
    /// What the edit would make of it can't be stored.
    Invalid(FieldError),
}

impl From<Refusal> for MessagingError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Gone(id) => Self::MessageNotFound { id },
            Refusal::Invalid(fault) => Self::InvalidData(fault),
        }
    }
}

impl ChangeKind {
    /// The data of the action message.
    pub(crate) fn action_json(&self) -> &'static str {
        match self {
            Self::Edit { .. } => r#"{"action":"edited"}"#,
            Self::Delete { .. } => r#"{"action":"deleted"}"#,
        }
    }
}

impl MessageChange {
    /// Makes the change; answers whether the message's thread is one reply shorter by it.
    pub(crate) fn apply(&self, message: &mut StoredMessage, now: DateTime<Utc>) -> std::result::Result<bool, Refusal> {
        let was_deleted = message.deleted_at.is_some();
        match &self.kind {
            ChangeKind::Edit { .. } if was_deleted => return Err(Refusal::Gone(self.message_id)),
            ChangeKind::Edit { data_json, tags } => {
                message.data_json = merge(&message.data_json, data_json)?;
                if let Some(tags) = tags {
                    message.tags.clone_from(tags);
                }
                message.edited_at = Some(now);
                message.edited_by.clone_from(&self.by);
            }
            ChangeKind::Delete { permanent } => {
                if message.erased || (was_deleted && !permanent) {
                    return Err(Refusal::Gone(self.message_id));
                }
                message.deleted_at = Some(now);
                message.deleted_by.clone_from(&self.by);
                message.pinned_at = None;
                message.pinned_by.clear();
                // Everybody is told of a deletion alike, and of what a moderator withholds not even the tags.
                if message.moderation == ModerationStatus::Disapproved {
                    message.tags.clear();
                }
                if *permanent {
                    erase(message);
                }
            }
        }
        message.updated_at = now;
        let is_deletion = matches!(self.kind, ChangeKind::Delete { .. });
        Ok(is_deletion && !was_deleted && message.parent_id != 0)
    }
}

/// Leaves the place of a message and takes what stood there.
fn erase(message: &mut StoredMessage) {
    message.erased = true;
    message.data_json = "{}".to_owned();
    message.tags.clear();
    message.quoted_message_id = 0;
    message.reaction_total = 0;
}

/// Puts keys into data; values stay as they were written.
fn merge(stored: &str, changed: &str) -> std::result::Result<String, Refusal> {
    if changed.is_empty() {
        return Ok(stored.to_owned());
    }
    let invalid = |problem: &str| Refusal::Invalid(FieldError::new("data", problem));
    let read = |json| serde_json::from_str::<BTreeMap<String, &RawValue>>(json);
    let mut data = read(stored).map_err(|_| invalid("can't be changed"))?;
    data.extend(read(changed).map_err(|_| invalid("must be a JSON object"))?);
    let merged = serde_json::to_string(&data).map_err(|_| invalid("can't be written"))?;
    match merged.len() > limits::MESSAGE_DATA_MAX_BYTES {
        true => Err(invalid(&format!("must not be larger than {} bytes", limits::MESSAGE_DATA_MAX_BYTES))),
        false => Ok(merged),
    }
}

/// Whether an edit gives a message another text.
pub(crate) fn has_text(data_json: &str) -> bool {
    serde_json::from_str::<BTreeMap<String, &RawValue>>(data_json).is_ok_and(|data| data.contains_key("text"))
}

/// Shows on a message what a change made of it.
pub(crate) fn show(message: &mut Message, changed: &StoredMessage) {
    message.data_json.clone_from(&changed.data_json);
    message.tags.clone_from(&changed.tags);
    message.updated_at_ms = time::to_ms(changed.updated_at);
    message.edited_at_ms = time::opt_to_ms(changed.edited_at);
    message.edited_by.clone_from(&changed.edited_by);
    message.deleted_at_ms = time::opt_to_ms(changed.deleted_at);
    message.deleted_by.clone_from(&changed.deleted_by);
    message.pinned_at_ms = time::opt_to_ms(changed.pinned_at);
    message.pinned_by.clone_from(&changed.pinned_by);
    message.erased = changed.erased;
    if changed.deleted_at.is_some() {
        message.mentions.clear();
    }
    if changed.erased {
        message.quoted_message_id = 0;
        message.reactions.clear();
    }
}

/// Whether messages of that category can be edited, deleted and reacted to at all.
pub(crate) fn require_changeable(message: &StoredMessage) -> Result<()> {
    match message.category {
        MessageCategory::Action | MessageCategory::Call => {
            Err(MessagingError::ActionNotAllowed { id: message.message_id })
        }
        _ => Ok(()),
    }
}

/// Checks the keys that an edit gives a message. Text and metadata of all, custom data of custom messages: what was
/// attached stays.
pub(crate) fn check_edit(message: &StoredMessage, data_json: &str) -> Result<()> {
    if data_json.is_empty() {
        return Ok(());
    }
    field::json_object("data", data_json, limits::MESSAGE_DATA_MAX_BYTES).map_err(MessagingError::InvalidData)?;
    let data: BTreeMap<String, Value> = serde_json::from_str(data_json)
        .map_err(|_| MessagingError::InvalidData(FieldError::new("data", "must be a JSON object")))?;
    let is_custom = message.category == MessageCategory::Custom;
    let is_text = message.category == MessageCategory::Message && message.kind == "text";
    for (key, value) in &data {
        match (key.as_str(), value) {
            ("text", Value::String(text)) if is_text && text.trim().is_empty() => {
                return Err(MessagingError::EmptyText);
            }
            ("text", Value::String(_)) | ("metadata", Value::Object(_)) => {}
            ("text", _) => return Err(MessagingError::InvalidText),
            ("metadata", _) => return Err(MessagingError::InvalidMetadata),
            ("customData", Value::Object(map)) if is_custom && map.is_empty() => {
                return Err(MessagingError::EmptyCustomData);
            }
            ("customData", Value::Object(_)) if is_custom => {}
            ("customData", _) if is_custom => return Err(MessagingError::InvalidCustomData),
            _ => {
                let fault = FieldError::new(format!("data.{key}"), "can't be changed in such a message");
                return Err(MessagingError::InvalidData(fault));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use halley_model::ConversationKey;

    use super::*;

    fn at(ms: i64) -> DateTime<Utc> {
        time::from_ms(ms).expect("a time")
    }

    fn stored() -> StoredMessage {
        StoredMessage {
            conversation_id: 1,
            key: ConversationKey::direct("ann", "bob"),
            retired: false,
            sequence: 1,
            message_id: 7,
            muid: "m".to_owned(),
            sender_uid: "ann".to_owned(),
            category: MessageCategory::Message,
            kind: "text".to_owned(),
            data_json: r#"{"text":"a","metadata":{"n":1e300}}"#.to_owned(),
            tags: vec!["t".to_owned()],
            parent_id: 3,
            reply_count: 0,
            quoted_message_id: 0,
            action_on_uid: String::new(),
            sent_at: at(1000),
            updated_at: at(1000),
            edited_at: None,
            edited_by: String::new(),
            deleted_at: None,
            deleted_by: String::new(),
            delivered_at: None,
            read_at: None,
            device_id: String::new(),
            action_on_message_id: 0,
            erased: false,
            reaction_total: 2,
            pinned_at: None,
            pinned_by: String::new(),
            moderation: ModerationStatus::Unspecified,
        }
    }

    fn change(kind: ChangeKind) -> MessageChange {
        MessageChange { message_id: 7, by: "ann".to_owned(), kind }
    }

    fn edit(data_json: &str) -> MessageChange {
        change(ChangeKind::Edit { data_json: data_json.to_owned(), tags: None })
    }

    fn delete(permanent: bool) -> MessageChange {
        change(ChangeKind::Delete { permanent })
    }

    #[test]
    fn an_edit_changes_the_keys_it_names_and_no_others() {
        let mut message = stored();
        assert_eq!(edit(r#"{"text":"b"}"#).apply(&mut message, at(2000)), Ok(false));
        assert_eq!(message.data_json, r#"{"metadata":{"n":1e300},"text":"b"}"#);
        assert_eq!(
            (message.edited_by.as_str(), message.edited_at, message.updated_at),
            ("ann", Some(at(2000)), at(2000))
        );
        assert_eq!(message.tags, ["t"]);
    }

    #[test]
    fn an_edit_that_makes_a_message_too_large_changes_nothing() {
        let mut message = stored();
        let half = "x".repeat(limits::MESSAGE_DATA_MAX_BYTES / 2);
        assert_eq!(edit(&format!(r#"{{"text":"{half}"}}"#)).apply(&mut message, at(2000)), Ok(false));
        let before = message.data_json.clone();
        let refused = edit(&format!(r#"{{"metadata":{{"k":"{half}"}}}}"#)).apply(&mut message, at(3000));
        assert!(matches!(refused, Err(Refusal::Invalid(_))));
        assert_eq!((message.data_json, message.updated_at), (before, at(2000)));
    }

    #[test]
    fn what_is_deleted_is_deleted_once_and_not_edited() {
        let mut message = stored();
        assert_eq!(delete(false).apply(&mut message, at(2000)), Ok(true), "the thread is shorter");
        assert_eq!(delete(false).apply(&mut message, at(3000)), Err(Refusal::Gone(7)));
        assert_eq!(edit("{}").apply(&mut message, at(3000)), Err(Refusal::Gone(7)));
        assert_eq!(delete(true).apply(&mut message, at(4000)), Ok(false), "it was shorter already");
        assert_eq!((message.data_json.as_str(), message.erased, message.reaction_total), ("{}", true, 0));
        assert_eq!(delete(true).apply(&mut message, at(5000)), Err(Refusal::Gone(7)));
    }

    #[test]
    fn a_deletion_tells_nothing_of_what_is_withheld() {
        for (moderation, tags) in [(ModerationStatus::Approved, vec!["t"]), (ModerationStatus::Disapproved, vec![])] {
            let mut message = StoredMessage { moderation, ..stored() };
            assert_eq!(delete(false).apply(&mut message, at(2000)), Ok(true));
            assert_eq!(message.tags, tags);
        }
    }

    #[test]
    fn an_edit_of_the_text_is_seen() {
        assert!(has_text(r#"{"text":"b","metadata":{}}"#));
        assert!(!has_text(r#"{"metadata":{"text":"b"}}"#) && !has_text(""));
    }

    #[test]
    fn each_kind_of_message_has_its_own_keys() {
        let text = stored();
        let custom = StoredMessage { category: MessageCategory::Custom, kind: "place".to_owned(), ..stored() };
        let image = StoredMessage { kind: "image".to_owned(), ..stored() };
        assert!(check_edit(&text, r#"{"text":"b","metadata":{}}"#).is_ok());
        assert!(matches!(check_edit(&text, r#"{"text":" "}"#), Err(MessagingError::EmptyText)));
        assert!(check_edit(&image, r#"{"text":""}"#).is_ok(), "a caption may go");
        assert!(matches!(check_edit(&text, r#"{"text":1}"#), Err(MessagingError::InvalidText)));
        assert!(matches!(check_edit(&text, r#"{"metadata":[]}"#), Err(MessagingError::InvalidMetadata)));
        assert!(matches!(check_edit(&text, r#"{"customData":{"a":1}}"#), Err(MessagingError::InvalidData(_))));
        assert!(matches!(check_edit(&image, r#"{"attachments":[]}"#), Err(MessagingError::InvalidData(_))));
        assert!(check_edit(&custom, r#"{"customData":{"a":1}}"#).is_ok());
        assert!(matches!(check_edit(&custom, r#"{"customData":{}}"#), Err(MessagingError::EmptyCustomData)));
        assert!(matches!(check_edit(&custom, r#"{"customData":7}"#), Err(MessagingError::InvalidCustomData)));
    }
}
