//! Messages of every category.

use std::collections::BTreeMap;

use halley_contracts::{
    groups::v1::Group,
    identity::v1::User,
    messaging::v1::{Interaction, Message, MessageCategory, ReactionCount, ReceiverType, message::ReceiverEntity},
};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::value::RawValue;

use crate::{
    call::ToldCall,
    group::GroupJson,
    moderation::moderation_word,
    user::UserJson,
    view::{Seconds, View},
};

/// A message.
pub struct MessageJson<'a> {
    /// Which.
    pub message: &'a Message,
    /// Through whose eyes.
    pub view: View<'a>,
}

/// The public word of a category.
pub fn category_word(category: MessageCategory) -> &'static str {
    match category {
        MessageCategory::Custom => "custom",
        MessageCategory::Interactive => "interactive",
        MessageCategory::Action => "action",
        MessageCategory::Call => "call",
        MessageCategory::Card => "card",
        MessageCategory::Message | MessageCategory::Unspecified => "message",
    }
}

/// Reads the public word of a category.
pub fn parse_category(word: &str) -> Option<MessageCategory> {
    match word {
        "message" => Some(MessageCategory::Message),
        "custom" => Some(MessageCategory::Custom),
        "interactive" => Some(MessageCategory::Interactive),
        "action" => Some(MessageCategory::Action),
        "call" => Some(MessageCategory::Call),
        "card" => Some(MessageCategory::Card),
        _ => None,
    }
}

/// The public word of what a receiver is.
pub fn receiver_word(kind: ReceiverType) -> &'static str {
    if kind == ReceiverType::Group { "group" } else { "user" }
}

impl Serialize for MessageJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let message = self.message;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &message.id.to_string())?;
        if !message.muid.is_empty() {
            map.serialize_entry("muid", &message.muid)?;
        }
        map.serialize_entry("conversationId", &message.conversation_id)?;
        map.serialize_entry("sender", &message.sender_uid)?;
        map.serialize_entry("receiverType", receiver_word(message.receiver_type()))?;
        map.serialize_entry("receiver", &message.receiver)?;
        map.serialize_entry("category", category_word(message.category()))?;
        map.serialize_entry("type", &message.r#type)?;
        map.serialize_entry("data", &Data { message, view: self.view, with_entities: true })?;
        map.serialize_entry("sentAt", &Seconds(message.sent_at_ms))?;
        let times = [
            ("updatedAt", message.updated_at_ms),
            ("deliveredAt", message.delivered_at_ms),
            ("readAt", message.read_at_ms),
            ("editedAt", message.edited_at_ms),
            ("deletedAt", message.deleted_at_ms),
            ("pinnedAt", message.pinned_at_ms),
            ("savedAt", message.saved_at_ms),
        ];
        for (key, at) in times {
            if at != 0 {
                map.serialize_entry(key, &Seconds(at))?;
            }
        }
        let uids =
            [("editedBy", &message.edited_by), ("deletedBy", &message.deleted_by), ("pinnedBy", &message.pinned_by)];
        for (key, uid) in uids {
            if !uid.is_empty() {
                map.serialize_entry(key, uid)?;
            }
        }
        if !message.tags.is_empty() {
            map.serialize_entry("tags", &message.tags)?;
        }
        if message.parent_id != 0 {
            map.serialize_entry("parentId", &message.parent_id.to_string())?;
        }
        if message.reply_count != 0 {
            map.serialize_entry("replyCount", &message.reply_count)?;
        }
        if message.unread_reply_count != 0 {
            map.serialize_entry("unreadRepliesCount", &message.unread_reply_count)?;
        }
        let own = Times::of(message.own_delivered_at_ms, message.own_read_at_ms);
        if own.is_any() {
            map.serialize_entry("myReceipt", &own)?;
        }
        if message.thread_subscribed {
            map.serialize_entry("threadSubscribed", &true)?;
        }
        if message.quoted_message_id != 0 {
            map.serialize_entry("quotedMessageId", &message.quoted_message_id.to_string())?;
        }
        if let Some(quoted) = &message.quoted_message {
            map.serialize_entry("quotedMessage", &MessageJson { message: quoted, view: self.view })?;
        }
        if self.view.with_sequence {
            map.serialize_entry("sequence", &message.sequence)?;
        }
        map.end()
    }
}

/// When a message was delivered and read, as far as it was.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Times {
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered_at: Option<Seconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_at: Option<Seconds>,
}

impl Times {
    /// Of Unix ms; 0: not.
    pub(crate) fn of(delivered_at_ms: i64, read_at_ms: i64) -> Self {
        let some = |ms: i64| (ms != 0).then_some(Seconds(ms));
        Self { delivered_at: some(delivered_at_ms), read_at: some(read_at_ms) }
    }

    fn is_any(&self) -> bool {
        self.delivered_at.is_some() || self.read_at.is_some()
    }
}

/// What the sender gave, and who and what the ids stand for.
pub(crate) struct Data<'a> {
    pub message: &'a Message,
    pub view: View<'a>,
    /// Frames that have fields for them go without.
    pub with_entities: bool,
}

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let message = self.message;
        let mut map = serializer.serialize_map(None)?;
        // A deleted message keeps its place and loses its content.
        let content = if message.deleted_at_ms == 0 { message.data_json.as_str() } else { "{}" };
        let given: BTreeMap<&str, &RawValue> = serde_json::from_str(content).unwrap_or_default();
        let is_call = message.category() == MessageCategory::Call;
        for (key, value) in &given {
            // What a change left of a call is shown among the entities.
            let is_servers = match *key {
                "entities" | "resource" | "reactions" | "interactions" | "mentions" | "moderation" => true,
                "call" => is_call,
                _ => false,
            };
            if !is_servers {
                map.serialize_entry(key, value)?;
            }
        }
        // The text of media is its caption: some clients read the one word, some the other.
        let is_media = message.category() == MessageCategory::Message && message.r#type != "text";
        if let (true, Some(text), None) = (is_media, given.get("text"), given.get("caption")) {
            map.serialize_entry("caption", text)?;
        }
        if let Some(status) = moderation_word(message.moderation()) {
            map.serialize_entry("moderation", &BTreeMap::from([("status", status)]))?;
        }
        if !message.reactions.is_empty() && message.deleted_at_ms == 0 {
            map.serialize_entry("reactions", &message.reactions.iter().map(Count::of).collect::<Vec<_>>())?;
        }
        if !message.interactions.is_empty() && message.deleted_at_ms == 0 {
            let interactions: Vec<_> = message.interactions.iter().map(Used::of).collect();
            map.serialize_entry("interactions", &interactions)?;
        }
        if !message.mentions.is_empty() && message.deleted_at_ms == 0 {
            map.serialize_entry("mentions", &Mentions { users: &message.mentions, view: self.view })?;
        }
        if !given.contains_key("url")
            && let Some(url) = given.get("attachments").and_then(|list| first_url(list.get()))
        {
            map.serialize_entry("url", &url)?;
        }
        if !message.device_id.is_empty() {
            map.serialize_entry("resource", &message.device_id)?;
        }
        if self.with_entities {
            map.serialize_entry("entities", &Entities { message, view: self.view })?;
        }
        map.end()
    }
}

/// How often a message got a reaction.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Count<'a> {
    reaction: &'a str,
    count: i32,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    reacted_by_me: bool,
}

impl<'a> Count<'a> {
    fn of(count: &'a ReactionCount) -> Self {
        Self { reaction: &count.reaction, count: count.count, reacted_by_me: count.by_me }
    }
}

/// An element that the viewer used.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Used<'a> {
    element_id: &'a str,
    interacted_at: Seconds,
}

impl<'a> Used<'a> {
    fn of(interaction: &'a Interaction) -> Self {
        Self { element_id: &interaction.element_id, interacted_at: Seconds(interaction.interacted_at_ms) }
    }
}

/// Mentioned users by uid.
struct Mentions<'a> {
    users: &'a [User],
    view: View<'a>,
}

impl Serialize for Mentions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let view = View { uid: None, with_tags: self.view.mention_tags, ..self.view };
        serializer.collect_map(self.users.iter().map(|user| {
            let blocks = self.view.blocks.and_then(|blocks| blocks.get(&user.uid)).copied().unwrap_or_default();
            (&user.uid, UserJson { blocks, ..UserJson::new(user, view) })
        }))
    }
}

/// Clients show a media message by `data.url`, which is its first attachment.
fn first_url(attachments: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Attachment {
        url: String,
    }
    let list: Vec<Attachment> = serde_json::from_str(attachments).ok()?;
    list.into_iter().next().map(|attachment| attachment.url)
}

struct Entities<'a> {
    message: &'a Message,
    view: View<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entity<T> {
    entity: T,
    entity_type: &'static str,
}

pub(crate) fn of_user<'a>(user: &'a User, view: View<'a>) -> Entity<UserJson<'a>> {
    Entity { entity: UserJson::new(user, view), entity_type: "user" }
}

pub(crate) fn of_group<'a>(group: &'a Group) -> Entity<GroupJson<'a>> {
    let entity = GroupJson { joined_by_all: true, ..GroupJson::new(group, None) };
    Entity { entity, entity_type: "group" }
}

impl Serialize for Entities<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let message = self.message;
        let is_call = message.category() == MessageCategory::Call;
        let is_action = is_call || message.category() == MessageCategory::Action;
        // What is not known any more is shown by its id.
        let unknown = |uid: &str| User { uid: uid.to_owned(), ..Default::default() };
        let sender_unknown;
        let sender = match &message.sender {
            Some(user) => user,
            None => {
                sender_unknown = unknown(&message.sender_uid);
                &sender_unknown
            }
        };
        // In a one-to-one message only the receiver carries the conversation's id.
        let bare = View { uid: None, ..self.view };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(if is_action { "by" } else { "sender" }, &of_user(sender, bare))?;
        let receiver = if is_action { "for" } else { "receiver" };
        match &message.receiver_entity {
            Some(ReceiverEntity::ReceiverGroup(group)) => map.serialize_entry(receiver, &of_group(group))?,
            Some(ReceiverEntity::ReceiverUser(user)) => {
                map.serialize_entry(receiver, &of_user(user, View { uid: Some(&message.sender_uid), ..bare }))?;
            }
            None if message.receiver_type() == ReceiverType::Group => {
                let group = Group { guid: message.receiver.clone(), ..Default::default() };
                map.serialize_entry(receiver, &of_group(&group))?;
            }
            None => {
                let user = unknown(&message.receiver);
                map.serialize_entry(receiver, &of_user(&user, bare))?;
            }
        }
        if is_call {
            let entity = ToldCall { message, view: self.view };
            map.serialize_entry("on", &Entity { entity, entity_type: "call" })?;
            return map.end();
        }
        if let Some(user) = &message.action_on {
            map.serialize_entry("on", &of_user(user, bare))?;
        }
        if let Some(target) = &message.action_on_message {
            let entity = MessageJson { message: target, view: self.view };
            map.serialize_entry("on", &Entity { entity, entity_type: "message" })?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text() -> Message {
        Message {
            id: 401,
            muid: "m-1".into(),
            conversation_id: "ann_user_bob".into(),
            sequence: 7,
            sender_uid: "ann".into(),
            receiver_type: ReceiverType::User.into(),
            receiver: "bob".into(),
            category: MessageCategory::Message.into(),
            r#type: "text".into(),
            data_json: r#"{"text":"hi","metadata":{"k":1}}"#.into(),
            sent_at_ms: 1_700_000_100_000,
            updated_at_ms: 1_700_000_100_000,
            sender: Some(User { uid: "ann".into(), name: "Ann".into(), ..Default::default() }),
            receiver_entity: Some(ReceiverEntity::ReceiverUser(User {
                uid: "bob".into(),
                name: "Bob".into(),
                ..Default::default()
            })),
            ..Default::default()
        }
    }

    #[test]
    fn a_text_message_has_the_documented_shape() {
        let message = text();
        let json = serde_json::to_value(MessageJson { message: &message, view: View::default() }).expect("json");
        assert_eq!(
            json,
            json!({"id": "401", "muid": "m-1", "conversationId": "ann_user_bob", "sender": "ann", "receiverType": "user",
                "receiver": "bob", "category": "message", "type": "text", "sentAt": 1_700_000_100, "updatedAt": 1_700_000_100,
                "data": {"text": "hi", "metadata": {"k": 1}, "entities": {
                    "sender": {"entity": {"uid": "ann", "name": "Ann", "role": "default", "status": "offline"}, "entityType": "user"},
                    "receiver": {"entity": {"uid": "bob", "name": "Bob", "role": "default", "status": "offline",
                        "conversationId": "ann_user_bob"}, "entityType": "user"}}}})
        );
    }

    #[test]
    fn a_sequence_is_shown_only_when_asked_for() {
        let message = text();
        let view = View { with_sequence: true, ..Default::default() };
        assert_eq!(serde_json::to_value(MessageJson { message: &message, view }).expect("json")["sequence"], 7);
    }

    #[test]
    fn what_is_the_viewers_own_is_shown_where_it_is_known() {
        let message = Message {
            own_delivered_at_ms: 1_700_000_200_000,
            unread_reply_count: 2,
            thread_subscribed: true,
            ..text()
        };
        let json = serde_json::to_value(MessageJson { message: &message, view: View::default() }).expect("json");
        assert_eq!(json["myReceipt"], json!({"deliveredAt": 1_700_000_200}));
        assert_eq!((&json["unreadRepliesCount"], &json["threadSubscribed"]), (&json!(2), &json!(true)));
    }

    #[test]
    fn the_text_of_media_is_its_caption() {
        let caption = |message: &Message| {
            serde_json::to_value(MessageJson { message, view: View::default() }).expect("json")["data"]["caption"]
                .clone()
        };
        assert_eq!(caption(&Message { r#type: "image".into(), ..text() }), "hi");
        assert!(caption(&text()).is_null());
        let custom = Message { category: MessageCategory::Custom.into(), r#type: "image".into(), ..text() };
        assert!(caption(&custom).is_null());
    }

    #[test]
    fn a_deleted_message_loses_its_content() {
        let message = Message { deleted_at_ms: 1_700_000_200_000, deleted_by: "ann".into(), ..text() };
        let json = serde_json::to_value(MessageJson { message: &message, view: View::default() }).expect("json");
        assert!(json["data"].get("text").is_none());
        assert_eq!(json["deletedBy"], "ann");
    }

    #[test]
    fn an_edit_shows_the_message_as_it_is_now() {
        let target = Message { edited_at_ms: 1_700_000_200_000, edited_by: "app_system".into(), ..text() };
        let message = Message {
            category: MessageCategory::Action.into(),
            r#type: "message".into(),
            data_json: r#"{"action":"edited"}"#.into(),
            action_on_message: Some(Box::new(target)),
            ..text()
        };
        let json = serde_json::to_value(MessageJson { message: &message, view: View::default() }).expect("json");
        assert_eq!((&json["category"], &json["type"]), (&json!("action"), &json!("message")));
        assert_eq!(json["data"]["action"], "edited");
        let entities = &json["data"]["entities"];
        assert_eq!(
            (&entities["by"]["entity"]["uid"], &entities["for"]["entity"]["uid"]),
            (&json!("ann"), &json!("bob"))
        );
        assert_eq!(entities["on"]["entityType"], "message");
        let on = &entities["on"]["entity"];
        assert_eq!(
            (&on["id"], &on["data"]["text"], &on["editedBy"]),
            (&json!("401"), &json!("hi"), &json!("app_system"))
        );
    }

    #[test]
    fn reactions_stand_in_the_data() {
        let count = |reaction: &str, by_me| ReactionCount { reaction: reaction.into(), count: 2, by_me };
        let message = Message { reactions: vec![count("👍", true), count("x", false)], ..text() };
        let json = serde_json::to_value(MessageJson { message: &message, view: View::default() }).expect("json");
        assert_eq!(
            json["data"]["reactions"],
            json!([{"reaction": "👍", "count": 2, "reactedByMe": true}, {"reaction": "x", "count": 2}])
        );
        assert!(json.get("reactions").is_none());
    }

    #[test]
    fn mentioned_users_stand_in_the_data_by_uid() {
        let eve = User { uid: "eve".into(), name: "Eve".into(), tags: vec!["t".into()], ..Default::default() };
        let data_json = r#"{"text":"<@uid:eve>","mentions":{"fake":1}}"#.to_owned();
        let message = Message { mentions: vec![eve], data_json, ..text() };
        let shown = |view| serde_json::to_value(MessageJson { message: &message, view }).expect("json");
        let user = json!({"uid": "eve", "name": "Eve", "role": "default", "status": "offline"});
        let plain = shown(View { uid: Some("ann"), ..View::default() });
        assert_eq!((&plain["data"]["mentions"], &plain["data"]["text"]), (&json!({"eve": user}), &json!("<@uid:eve>")));
        let state = crate::BlockState { blocked_by_me: true, has_blocked_me: true, ..Default::default() };
        let blocks = std::collections::HashMap::from([("eve".to_owned(), state)]);
        let rich = shown(View { mention_tags: true, blocks: Some(&blocks), ..View::default() });
        let rich = &rich["data"]["mentions"]["eve"];
        assert_eq!(
            (&rich["tags"], &rich["blockedByMe"], &rich["hasBlockedMe"]),
            (&json!(["t"]), &json!(true), &json!(true))
        );
        let deleted = Message { deleted_at_ms: 1, ..message.clone() };
        let json = serde_json::to_value(MessageJson { message: &deleted, view: View::default() }).expect("json");
        assert!(json["data"].get("mentions").is_none());
    }

    #[test]
    fn media_is_reached_by_its_first_attachment() {
        let message = Message {
            data_json: r#"{"attachments":[{"url":"https://x/1.png"},{"url":"https://x/2.png"}]}"#.into(),
            ..text()
        };
        let json = serde_json::to_value(MessageJson { message: &message, view: View::default() }).expect("json");
        assert_eq!(json["data"]["url"], "https://x/1.png");
    }
}
