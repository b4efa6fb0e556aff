//! Reported messages and the reasons of reports.

use std::collections::HashMap;

use halley_contracts::{
    identity::v1::User,
    messaging::v1::{Flag, FlaggedMessage, Message, ModerationStatus, Reason},
};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::{Value, json};

use crate::{
    message::MessageJson,
    view::{Seconds, View},
};

/// The public word of what was decided; `None`: nothing was.
pub fn moderation_word(status: ModerationStatus) -> Option<&'static str> {
    match status {
        ModerationStatus::Unspecified => None,
        ModerationStatus::Approved => Some("approved"),
        ModerationStatus::Disapproved => Some("disapproved"),
    }
}

/// Reads the public word of a decision; the queue of another list says `rejected`.
pub fn parse_moderation(word: &str) -> Option<ModerationStatus> {
    match word {
        "approved" => Some(ModerationStatus::Approved),
        "disapproved" | "rejected" => Some(ModerationStatus::Disapproved),
        _ => None,
    }
}

/// A reason of reports.
pub struct ReasonJson<'a>(pub &'a Reason);

impl Serialize for ReasonJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let reason = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &reason.id)?;
        map.serialize_entry("name", &reason.name)?;
        map.serialize_entry("description", &reason.description)?;
        map.serialize_entry("createdAt", &Seconds(reason.created_at_ms))?;
        map.serialize_entry("updatedAt", &Seconds(reason.updated_at_ms))?;
        if reason.is_default {
            map.serialize_entry("default", &true)?;
        }
        map.end()
    }
}

/// A reported message, in the queue or in the list of those decided.
pub struct FlaggedJson<'a> {
    /// Which.
    pub flagged: &'a FlaggedMessage,
    /// Whose message it is.
    pub app_id: &'a str,
    /// Those who reported it, as far as known.
    pub users: &'a HashMap<String, User>,
    /// Through whose eyes.
    pub view: View<'a>,
}

impl FlaggedJson<'_> {
    fn flags(&self) -> Vec<Value> {
        self.flagged.flags.iter().map(|flag| self.flag(flag)).collect()
    }

    fn flag(&self, flag: &Flag) -> Value {
        let user = self.users.get(&flag.uid);
        let mut shown = json!({
            "uid": flag.uid,
            "name": user.map_or(flag.uid.as_str(), |user| user.name.as_str()),
            "reasonId": flag.reason_id,
            "reasonName": flag.reason_name,
            "description": flag.reason_description,
            "remark": flag.remark,
            "flaggedAt": flag.flagged_at_ms / 1000,
        });
        if let Some(user) = user {
            shown["role"] = json!(user.role);
            if !user.avatar.is_empty() {
                shown["avatar"] = json!(user.avatar);
            }
        }
        shown
    }

    /// As it stands in the queue: the message with its reports.
    pub fn queued(&self) -> Value {
        let mut shown = self.message();
        shown["appId"] = json!(self.app_id);
        shown["flaggedBy"] = self.flags().into();
        shown["flaggedCount"] = json!(self.flagged.flag_count);
        shown
    }

    /// As it stands in the list of those decided: the message within what was decided.
    pub fn reviewed(&self) -> Value {
        let flagged = self.flagged;
        json!({
            "message": self.message(),
            "action": ["flag"],
            "status": moderation_word(flagged.status()),
            "reviewed": true,
            "reviewedAt": flagged.reviewed_at_ms / 1000,
            "reviewedBy": flagged.reviewed_by,
            "flaggedBy": self.flags(),
            "flaggedCount": flagged.flag_count,
            "createdAt": flagged.first_flagged_at_ms / 1000,
            "updatedAt": flagged.reviewed_at_ms / 1000,
            "appId": self.app_id,
        })
    }

    fn message(&self) -> Value {
        let nothing = Message::default();
        let message = self.flagged.message.as_ref().unwrap_or(&nothing);
        // A message that can't be written is left out rather than the list.
        serde_json::to_value(MessageJson { message, view: self.view }).unwrap_or_else(|_| json!({}))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reported_message_has_the_documented_shape() {
        let flag = Flag {
            uid: "bob".into(),
            reason_id: "spam".into(),
            reason_name: "Spam".into(),
            reason_description: "d".into(),
            remark: "r".into(),
            flagged_at_ms: 9000,
        };
        let message = Message {
            id: 7,
            data_json: r#"{"text":"x","moderation":{"status":"forged"}}"#.into(),
            moderation: ModerationStatus::Disapproved.into(),
            ..Default::default()
        };
        let flagged = FlaggedMessage {
            message: Some(message),
            flags: vec![flag],
            flag_count: 3,
            first_flagged_at_ms: 8000,
            last_flagged_at_ms: 9000,
            status: ModerationStatus::Disapproved.into(),
            reviewed_at_ms: 10_000,
            reviewed_by: "app_system".into(),
        };
        let bob = User { uid: "bob".into(), name: "Bob".into(), role: "default".into(), ..Default::default() };
        let users = HashMap::from([("bob".to_owned(), bob)]);
        let json = FlaggedJson { flagged: &flagged, app_id: "app", users: &users, view: View::default() };
        let by = json!([{"uid": "bob", "name": "Bob", "role": "default", "reasonId": "spam", "reasonName": "Spam",
            "description": "d", "remark": "r", "flaggedAt": 9}]);
        let queued = json.queued();
        assert_eq!((&queued["id"], &queued["appId"], &queued["flaggedBy"]), (&json!("7"), &json!("app"), &by));
        assert_eq!(queued["flaggedCount"], 3);
        assert_eq!(queued["data"]["moderation"], json!({"status": "disapproved"}), "what the sender said is not shown");
        let reviewed = json.reviewed();
        assert_eq!((&reviewed["message"]["id"], &reviewed["status"]), (&json!("7"), &json!("disapproved")));
        assert_eq!(
            (&reviewed["createdAt"], &reviewed["updatedAt"], &reviewed["flaggedBy"]),
            (&json!(8), &json!(10), &by)
        );
    }

    #[test]
    fn a_default_reason_says_so() {
        let reason = Reason { id: "spam".into(), name: "Spam".into(), is_default: true, ..Default::default() };
        assert_eq!(serde_json::to_value(ReasonJson(&reason)).expect("json")["default"], true);
        let own = Reason { is_default: false, ..reason };
        assert!(serde_json::to_value(ReasonJson(&own)).expect("json").get("default").is_none());
    }
}
