//! Which messages raise the unread count of those who did not write them.

use halley_contracts::messaging::v1::MessageCategory;
use serde::Deserialize;

/// What of a message's data the rule reads.
#[derive(Deserialize)]
struct Data {
    #[serde(default)]
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default, rename = "incrementUnreadCount")]
    increment_unread_count: Option<serde_json::Value>,
}

/// Whether a message raises the unread count: replies in a thread, actions and calls never do, custom messages and
/// cards only when their metadata asks for it.
pub(crate) fn is_counted(category: MessageCategory, parent_id: i64, data_json: &str) -> bool {
    if parent_id != 0 {
        return false;
    }
    match category {
        MessageCategory::Message | MessageCategory::Interactive => true,
        MessageCategory::Custom | MessageCategory::Card => asks_to_count(data_json),
        MessageCategory::Action | MessageCategory::Call | MessageCategory::Unspecified => false,
    }
}

fn asks_to_count(data_json: &str) -> bool {
    // Metadata of another shape asks for nothing.
    serde_json::from_str::<Data>(data_json)
        .ok()
        .and_then(|data| data.metadata)
        .and_then(|metadata| metadata.increment_unread_count)
        .is_some_and(|value| value == serde_json::Value::Bool(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_counts_and_what_the_system_writes_does_not() {
        assert!(is_counted(MessageCategory::Message, 0, "{}"));
        assert!(is_counted(MessageCategory::Interactive, 0, "{}"));
        assert!(!is_counted(MessageCategory::Action, 0, "{}"));
        assert!(!is_counted(MessageCategory::Call, 0, "{}"));
    }

    #[test]
    fn a_reply_in_a_thread_does_not_count() {
        assert!(!is_counted(MessageCategory::Message, 7, "{}"));
    }

    #[test]
    fn a_custom_message_counts_when_it_asks() {
        let asking = r#"{"customData":{"a":1},"metadata":{"incrementUnreadCount":true}}"#;
        assert!(is_counted(MessageCategory::Custom, 0, asking));
        assert!(is_counted(MessageCategory::Card, 0, asking));
        for other in [
            r#"{"metadata":{"incrementUnreadCount":false}}"#,
            r#"{"metadata":{"incrementUnreadCount":"true"}}"#,
            r#"{"metadata":[1]}"#,
            "{}",
        ] {
            assert!(!is_counted(MessageCategory::Custom, 0, other), "{other}");
            assert!(!is_counted(MessageCategory::Card, 0, other), "{other}");
        }
    }
}
