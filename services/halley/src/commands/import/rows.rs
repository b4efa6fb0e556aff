//! The rows of an archive, and the contract types they become.

use halley_contracts::{
    groups::v1::{Group, GroupType, ImportedGroup, ImportedMember, MemberScope},
    identity::v1::User,
    messaging::v1::{ImportedMessage, MessageCategory, ReceiverType},
};
use halley_model::APP_SYSTEM_UID;
use serde::Deserialize;
use serde_json::{Map, Value, json};

type Parsed<T> = Result<T, String>;

/// Latest second that a time may name: the year 9999.
const SECONDS_MAX: i64 = 253_402_300_799;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UserRow {
    uid: String,
    name: String,
    #[serde(default)]
    avatar: String,
    #[serde(default)]
    link: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    created_at: i64,
    #[serde(default)]
    last_active_at: i64,
    #[serde(default)]
    deactivated_at: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GroupRow {
    guid: String,
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    icon: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    created_at: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MemberRow {
    guid: String,
    uid: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    is_banned: bool,
    #[serde(default)]
    joined_at: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MessageRow {
    id: String,
    #[serde(default)]
    guid: String,
    #[serde(default)]
    receiver: String,
    sender: String,
    sent_at: i64,
    text: String,
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    parent_id: String,
    #[serde(default)]
    reply_to: String,
}

fn read<'a, T: Deserialize<'a>>(line: &'a str) -> Parsed<T> {
    serde_json::from_str(line).map_err(|error| format!("not as it must be: {error}"))
}

fn ms(field: &str, seconds: i64) -> Parsed<i64> {
    if (0..=SECONDS_MAX).contains(&seconds) {
        Ok(seconds * 1000)
    } else {
        Err(format!("{field}: must be Unix seconds"))
    }
}

fn object(value: Option<Map<String, Value>>) -> String {
    value.map_or_else(String::new, |map| Value::Object(map).to_string())
}

/// A row of users.jsonl.
pub fn user(line: &str) -> Parsed<User> {
    let row: UserRow = read(line)?;
    Ok(User {
        uid: row.uid,
        name: row.name,
        avatar: row.avatar,
        link: row.link,
        role: row.role,
        metadata_json: object(row.metadata),
        tags: row.tags,
        created_at_ms: ms("createdAt", row.created_at)?,
        last_active_at_ms: ms("lastActiveAt", row.last_active_at)?,
        deactivated_at_ms: ms("deactivatedAt", row.deactivated_at)?,
        ..Default::default()
    })
}

/// A row of groups.jsonl.
pub fn group(line: &str) -> Parsed<ImportedGroup> {
    let row: GroupRow = read(line)?;
    let kind = match row.kind.as_str() {
        "public" => GroupType::Public,
        "password" => GroupType::Password,
        "private" => GroupType::Private,
        other => return Err(format!("type: must be public, password or private, not `{other}`")),
    };
    let group = Group {
        guid: row.guid,
        name: row.name,
        r#type: kind.into(),
        description: row.description,
        icon: row.icon,
        owner: if row.owner.is_empty() { APP_SYSTEM_UID.to_owned() } else { row.owner },
        metadata_json: object(row.metadata),
        tags: row.tags,
        created_at_ms: ms("createdAt", row.created_at)?,
        ..Default::default()
    };
    Ok(ImportedGroup { group: Some(group), password: row.password })
}

/// A row of members.jsonl.
pub fn member(line: &str) -> Parsed<ImportedMember> {
    let row: MemberRow = read(line)?;
    let scope = match row.scope.as_str() {
        "" | "participant" => MemberScope::Participant,
        "moderator" => MemberScope::Moderator,
        "admin" => MemberScope::Admin,
        other => return Err(format!("scope: must be admin, moderator or participant, not `{other}`")),
    };
    Ok(ImportedMember {
        guid: row.guid,
        uid: row.uid,
        scope: scope.into(),
        banned: row.is_banned,
        joined_at_ms: ms("joinedAt", row.joined_at)?,
    })
}

/// A row of messages.jsonl (with a guid) or of direct_messages.jsonl (with a receiver).
pub fn message(line: &str, to: ReceiverType) -> Parsed<ImportedMessage> {
    let row: MessageRow = read(line)?;
    let (receiver, field) = match to {
        ReceiverType::Group => (row.guid, "guid"),
        _ => (row.receiver, "receiver"),
    };
    if receiver.is_empty() {
        return Err(format!("{field}: is required"));
    }
    let mut data = json!({"text": row.text});
    if let (Some(metadata), Some(map)) = (row.metadata, data.as_object_mut()) {
        map.insert("metadata".to_owned(), Value::Object(metadata));
    }
    Ok(ImportedMessage {
        muid: row.id,
        sender_uid: row.sender,
        receiver_type: to.into(),
        receiver,
        category: MessageCategory::Message.into(),
        r#type: "text".to_owned(),
        data_json: data.to_string(),
        tags: row.tags,
        sent_at_ms: ms("sentAt", row.sent_at)?,
        parent_muid: row.parent_id,
        quoted_muid: row.reply_to,
        ..Default::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_row_keeps_time_text_and_links() {
        let row =
            r#"{"id":"m2","guid":"g","sender":"ann","sentAt":1700000000,"text":"hi","parentId":"m1","replyTo":"m0"}"#;
        let message = message(row, ReceiverType::Group).expect("valid");
        assert_eq!((message.muid.as_str(), message.sent_at_ms), ("m2", 1_700_000_000_000));
        assert_eq!((message.parent_muid.as_str(), message.quoted_muid.as_str()), ("m1", "m0"));
        assert_eq!(message.data_json, r#"{"text":"hi"}"#);
    }

    #[test]
    fn a_bad_row_says_what_is_wrong() {
        assert!(user(r#"{"uid":"a"}"#).expect_err("no name").contains("name"));
        assert!(user(r#"{"uid":"a","name":"A","nmae":"B"}"#).expect_err("unknown key").contains("nmae"));
        assert!(group(r#"{"guid":"g","name":"G","type":"open"}"#).expect_err("type").contains("open"));
        assert!(message(r#"{"id":"1","sender":"a","sentAt":-5,"text":"x","guid":"g"}"#, ReceiverType::Group).is_err());
    }
}
