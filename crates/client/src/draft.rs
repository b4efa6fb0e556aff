//! Messages to be sent, and their files.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{Attachment, FileToSend, Message, Receiver, User};

/// A message to be sent. Clones have the same muid, so a draft is stored once however often it is sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Draft {
    pub(crate) receiver: Receiver,
    category: Cow<'static, str>,
    kind: String,
    data: Map<String, Value>,
    muid: String,
    tags: Vec<String>,
    pub(crate) parent_id: Option<u64>,
    quoted_message_id: Option<u64>,
    /// Still to upload.
    pub(crate) files: Vec<FileToSend>,
    pub(crate) attachments: Vec<Attachment>,
}

impl Draft {
    fn new(receiver: &Receiver, category: &'static str, kind: &str) -> Self {
        Self {
            receiver: receiver.clone(),
            category: Cow::Borrowed(category),
            kind: kind.to_owned(),
            data: Map::new(),
            muid: new_muid(),
            tags: Vec::new(),
            parent_id: None,
            quoted_message_id: None,
            files: Vec::new(),
            attachments: Vec::new(),
        }
    }

    /// A text.
    pub fn text(receiver: &Receiver, text: &str) -> Self {
        Self::new(receiver, "message", "text").put("text", text)
    }

    /// Files, which are uploaded first. The type is that of the first: `image`, `video`, `audio` or `file`.
    pub fn media(receiver: &Receiver, files: Vec<FileToSend>) -> Self {
        let kind = media_type(files.first().map(FileToSend::mime_type));
        Self { files, ..Self::new(receiver, "message", kind) }
    }

    /// Files that are somewhere already.
    pub fn attachments(receiver: &Receiver, attachments: Vec<Attachment>) -> Self {
        let kind = media_type(attachments.first().and_then(|file| file.mime_type.as_deref()));
        Self { attachments, ..Self::new(receiver, "message", kind) }
    }

    /// A message of the app's own; `custom_data` is an object.
    pub fn custom(receiver: &Receiver, kind: &str, custom_data: Value) -> Self {
        Self::new(receiver, "custom", kind).put("customData", custom_data)
    }

    /// A message with elements to use: `form`, `card`, `customInteractive` or `scheduler`; `interactive_data` is an object.
    pub fn interactive(receiver: &Receiver, kind: &str, interactive_data: Value) -> Self {
        Self::new(receiver, "interactive", kind).put("interactiveData", interactive_data)
    }

    /// Another type than that of the first file.
    pub fn kind(mut self, kind: &str) -> Self {
        self.kind = kind.to_owned();
        self
    }

    /// What stands below files, or what lists and notifications show of a custom message.
    pub fn caption(self, text: &str) -> Self {
        self.put("text", text)
    }

    /// An object of the app's own.
    pub fn metadata(self, metadata: Value) -> Self {
        self.put("metadata", metadata)
    }

    /// Any other key of `data`, as `subType` or `interactionGoal`.
    pub fn put(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.data.insert(key.to_owned(), value.into());
        self
    }

    /// Words of the app.
    pub fn tags(mut self, tags: &[&str]) -> Self {
        self.tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        self
    }

    /// The message that it replies to in a thread.
    pub fn parent_id(mut self, id: u64) -> Self {
        self.parent_id = Some(id);
        self
    }

    /// The message that it quotes.
    pub fn quoted_message_id(mut self, id: u64) -> Self {
        self.quoted_message_id = Some(id);
        self
    }

    /// The sender's own id of it, in place of a new one: a second message with it is the first.
    pub fn muid(mut self, muid: &str) -> Self {
        self.muid = muid.to_owned();
        self
    }

    /// Where it goes.
    pub fn receiver(&self) -> &Receiver {
        &self.receiver
    }

    /// The sender's own id of it.
    pub fn id(&self) -> &str {
        &self.muid
    }

    /// The message that is shown until the server has stored it: with the id 0, and files without an address.
    pub(crate) fn shown(&self, sender: &User, device: &str, sent_at: i64) -> Result<Message, serde_json::Error> {
        let own = sender.uid.as_str();
        let conversation_id = match &self.receiver {
            Receiver::Group(guid) => format!("group_{guid}"),
            Receiver::User(uid) if own < uid.as_str() => format!("{own}_user_{uid}"),
            Receiver::User(uid) => format!("{uid}_user_{own}"),
        };
        let mut shown = self.clone();
        shown.attachments.extend(self.files.iter().map(FileToSend::shown));
        let mut body = shown.body();
        body["id"] = 0.into();
        body["conversationId"] = conversation_id.into();
        body["sender"] = own.into();
        body["sentAt"] = sent_at.into();
        body["data"]["resource"] = device.into();
        let entity = json!({"uid": own, "name": sender.name, "avatar": sender.avatar});
        body["data"]["entities"] = json!({"sender": {"entityType": "user", "entity": entity}});
        Message::deserialize(&body)
    }

    /// The body of `POST /messages`.
    pub(crate) fn body(&self) -> Value {
        let mut data = self.data.clone();
        if !self.attachments.is_empty() {
            data.insert("attachments".into(), json!(self.attachments));
        }
        let mut body = json!({
            "receiver": self.receiver.id(),
            "receiverType": self.receiver.receiver_type(),
            "category": self.category,
            "type": self.kind,
            "data": data,
            "muid": self.muid,
        });
        if !self.tags.is_empty() {
            body["tags"] = json!(self.tags);
        }
        for (key, id) in [("parentMessageId", self.parent_id), ("quotedMessageId", self.quoted_message_id)] {
            if let Some(id) = id {
                body[key] = id.to_string().into();
            }
        }
        body
    }
}

/// A new id of a message, by which a repeated send is known.
pub(crate) fn new_muid() -> String {
    format!("m-{}", uuid::Uuid::new_v4().simple())
}

fn media_type(mime_type: Option<&str>) -> &'static str {
    let kind = mime_type.unwrap_or_default().split('/').next().unwrap_or_default();
    ["image", "video", "audio"].into_iter().find(|known| *known == kind).unwrap_or("file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_becomes_the_body_of_a_message() {
        let to = Receiver::group("room");
        let draft = Draft::text(&to, "hi").parent_id(7).tags(&["a"]).metadata(json!({"k": 1})).muid("m");
        let expected = json!({"receiver": "room", "receiverType": "group", "category": "message", "type": "text",
            "data": {"text": "hi", "metadata": {"k": 1}}, "muid": "m", "tags": ["a"], "parentMessageId": "7"});
        assert_eq!(draft.clone().body(), expected);
        let picture = Attachment { url: "u".into(), mime_type: Some("image/png".into()), ..Attachment::default() };
        let body = Draft::attachments(&to, vec![picture]).caption("look").body();
        assert_eq!(body["type"], "image");
        assert_eq!(body["data"], json!({"text": "look", "attachments": [{"url": "u", "mimeType": "image/png"}]}));
    }

    #[test]
    fn a_draft_is_shown_before_it_is_stored_and_survives_being_kept() {
        let ann = User::from(json!({"uid": "ann", "name": "Ann", "authToken": "SECRET"}));
        let file = FileToSend::bytes("a.png", "image/png", "abc");
        let draft = Draft::media(&Receiver::user("bob"), vec![file]).caption("look").parent_id(7);
        let shown = draft.shown(&ann, "D", 5).unwrap();
        assert_eq!(
            (shown.id, shown.muid.as_deref(), shown.conversation_id.as_str()),
            (0, Some(draft.id()), "ann_user_bob")
        );
        assert_eq!((shown.text.as_deref(), shown.parent_id, shown.sent_at), (Some("look"), Some(7), 5));
        assert_eq!((shown.attachments[0].name.as_deref(), shown.attachments[0].size), (Some("a.png"), Some(3)));
        assert_eq!(shown.sender_user().name, "Ann");
        assert!(!shown.raw().contains("SECRET"));
        let text = Draft::custom(&Receiver::group("g"), "place", json!({"lat": 1})).tags(&["a"]);
        let again: Draft = serde_json::from_str(&serde_json::to_string(&text).unwrap()).unwrap();
        assert_eq!(again.body(), text.body());
    }

    #[test]
    fn clones_have_one_muid_and_other_drafts_another() {
        let draft = Draft::text(&Receiver::user("bob"), "hi");
        assert_eq!(draft.clone().body()["muid"], draft.clone().body()["muid"]);
        assert_ne!(draft.body()["muid"], Draft::text(&Receiver::user("bob"), "hi").body()["muid"]);
    }
}
