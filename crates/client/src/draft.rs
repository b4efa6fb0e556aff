//! Messages to be sent, and their files.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Map, Value, json};

use crate::{ApiClient, Attachment, ClientError, Receiver};

/// Longest time that the upload of one file may take.
const UPLOAD_WITHIN: Duration = Duration::from_secs(600);

/// A file to upload.
#[derive(Clone, Debug)]
pub struct FileToSend {
    /// What it is called.
    pub name: String,
    /// As `image/png`.
    pub mime_type: String,
    /// What is in it.
    pub bytes: Bytes,
}

/// A message to be sent. Clones have the same muid, so a draft is stored once however often it is sent.
#[derive(Clone, Debug)]
pub struct Draft {
    receiver: Receiver,
    category: &'static str,
    kind: String,
    data: Map<String, Value>,
    muid: String,
    tags: Vec<String>,
    parent_id: Option<u64>,
    quoted_message_id: Option<u64>,
    /// Still to upload.
    files: Vec<FileToSend>,
    attachments: Vec<Attachment>,
}

impl Draft {
    fn new(receiver: &Receiver, category: &'static str, kind: &str) -> Self {
        Self {
            receiver: receiver.clone(),
            category,
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
        let kind = media_type(files.first().map(|file| file.mime_type.as_str()));
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

    /// The body of `POST /messages`.
    pub(crate) fn body(self) -> Value {
        let mut data = self.data;
        if !self.attachments.is_empty() {
            data.insert("attachments".into(), self.attachments.iter().map(Attachment::to_value).collect());
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
            body["tags"] = self.tags.into();
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

impl ApiClient {
    /// Uploads the files of a draft, which has their addresses in place of them afterwards.
    pub(crate) async fn upload_files(&self, draft: &mut Draft) -> Result<(), ClientError> {
        if draft.files.is_empty() {
            return Ok(());
        }
        let wanted = |(n, file): (usize, &FileToSend)| {
            let id = format!("f{n}");
            let facts = json!({"fileId": id, "name": file.name, "size": file.bytes.len(), "mimeType": file.mime_type});
            (id, facts)
        };
        let files: Map<String, Value> = draft.files.iter().enumerate().map(wanted).collect();
        let (receiver, kind) = (draft.receiver.id(), draft.receiver.receiver_type());
        let mut body = json!({"files": files, "receiver": receiver, "receiverType": kind});
        if let Some(id) = draft.parent_id {
            body["parentMessageId"] = id.to_string().into();
        }
        let permitted: Value = self.call_data(Method::POST, "/files/upload-url", &[], Some(&body)).await?;
        for (n, file) in draft.files.iter().enumerate() {
            let permission = &permitted[format!("f{n}")];
            self.upload(&permission["request"], file).await?;
            draft.attachments.push(Attachment::from(&permission["attachment"]));
        }
        draft.files.clear();
        Ok(())
    }

    /// Sends a file where the server said. It may be another host, so nothing of the login goes with it.
    async fn upload(&self, request: &Value, file: &FileToSend) -> Result<(), ClientError> {
        let url = request["url"].as_str();
        let url = url.ok_or_else(|| ClientError::Shape("the answer has no address to upload to".into()))?;
        let mut form = Form::new();
        for (key, value) in request["body"].as_object().into_iter().flatten() {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            form = form.text(key.clone(), value);
        }
        let part = Part::stream_with_length(file.bytes.clone(), file.bytes.len() as u64).file_name(file.name.clone());
        let part = part.mime_str(&file.mime_type).map_err(|error| ClientError::Setting(error.to_string()))?;
        let sending = self.server.http.post(url).timeout(UPLOAD_WITHIN).multipart(form.part("file", part)).send();
        let response = sending.await.map_err(ClientError::transport)?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(ClientError::transport)?;
        if status.is_success() { Ok(()) } else { Err(crate::api::api_error(status.as_u16(), &bytes)) }
    }
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
    fn clones_have_one_muid_and_other_drafts_another() {
        let draft = Draft::text(&Receiver::user("bob"), "hi");
        assert_eq!(draft.clone().body()["muid"], draft.clone().body()["muid"]);
        assert_ne!(draft.body()["muid"], Draft::text(&Receiver::user("bob"), "hi").body()["muid"]);
    }
}
