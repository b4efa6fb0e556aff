//! Bodies about messages and their files.

use std::collections::BTreeMap;

use halley_wire::schema::ReceiverType;
use utoipa::ToSchema;

use super::{MessageId, Muid, Tag, some};

/// A message to send. What stands in `data` may stand beside it as well; `data` wins.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewMessage {
    /// The uid or guid of the receiver; required without `multipleReceivers`.
    #[schema(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_-]+$")]
    receiver: Option<String>,
    /// What the receiver is; required with `receiver`.
    receiver_type: Option<ReceiverType>,
    /// Several receivers in place of one.
    multiple_receivers: Option<Receivers>,
    /// What kind of message; `message` without it.
    category: Option<SentCategory>,
    /// `text`, `image`, `video`, `audio` or `file`; `form`, `card`, `customInteractive` or `scheduler` of interactive ones; any word of custom ones and of cards, which are of the type `card` without it.
    #[schema(rename = "type", max_length = 100, pattern = r"\S")]
    kind: Option<String>,
    /// The content, 64 KiB at most.
    data: Option<NewMessageData>,
    /// An id of the sender's: a second message with it is the first. With several receivers it has 83 characters at most.
    muid: Option<Muid>,
    /// Labels.
    #[schema(max_items = 25)]
    tags: Option<Vec<Tag>>,
    /// The message that it replies to in a thread.
    parent_message_id: Option<MessageId>,
    /// The message that it quotes.
    quoted_message_id: Option<MessageId>,
}

/// Receivers of a message, 1 to 25 of both kinds together. Each gets a message of its own; one that can't have it keeps it from
/// no other.
#[derive(ToSchema)]
pub struct Receivers {
    /// Users.
    #[schema(max_items = 25)]
    uids: Option<Vec<String>>,
    /// Groups.
    #[schema(max_items = 25)]
    guids: Option<Vec<String>>,
}

/// Categories that can be sent.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum SentCategory {
    /// Text and media.
    Message,
    /// The app's own.
    Custom,
    /// With elements to use.
    Interactive,
    /// A card of the app's own. Like a custom message it raises the unread count only when `metadata.incrementUnreadCount` is true.
    Card,
}

/// The content of a message; other keys are kept.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewMessageData {
    /// The text, or the caption of media. A text message needs it.
    text: Option<String>,
    /// Another word for the text of media; `text` wins.
    caption: Option<String>,
    /// Any JSON.
    #[schema(value_type = Option<Object>)]
    metadata: Option<()>,
    /// The content of a custom message, which needs it.
    #[schema(value_type = Option<Object>)]
    custom_data: Option<()>,
    /// The elements of an interactive message, which needs them.
    #[schema(value_type = Option<Object>)]
    interactive_data: Option<()>,
    /// The content of a card, which needs it; `{}` is too little.
    #[schema(value_type = Option<Object>)]
    card: Option<()>,
    /// What clients show of a card that they can't show.
    fallback_text: Option<String>,
    /// Files. A media message needs one, or `url`.
    #[schema(max_items = 10)]
    attachments: Option<Vec<NewAttachment>>,
    /// Address of the only file.
    #[schema(max_length = 3000, pattern = r"^(https?://\S*)?$")]
    url: Option<String>,
}

/// A file.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewAttachment {
    /// Its address.
    #[schema(max_length = 3000, pattern = r"^https?://\S*$")]
    url: String,
    /// Its name.
    #[schema(value_type = Value)]
    name: Option<()>,
    /// Its MIME type.
    #[schema(value_type = Value)]
    mime_type: Option<()>,
    /// The ending of its name.
    #[schema(value_type = Value)]
    extension: Option<()>,
    /// Its size in bytes.
    #[schema(value_type = Value)]
    size: Option<()>,
}

/// A message as a form: the fields of its JSON, objects as JSON text, and its files.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewMessageForm {
    /// The uid or guid of the receiver; required without `multipleReceivers`.
    #[schema(min_length = 1, max_length = 100)]
    receiver: Option<String>,
    /// What the receiver is; required with `receiver`.
    receiver_type: Option<ReceiverType>,
    /// Several receivers in place of one, as JSON text.
    multiple_receivers: Option<String>,
    /// What kind of message.
    category: Option<SentCategory>,
    /// The type of media.
    #[schema(rename = "type")]
    kind: Option<String>,
    /// The content, as JSON text.
    data: Option<String>,
    /// A file; up to 10 may come, under any names.
    #[schema(value_type = Option<String>, format = Binary)]
    file: Option<Vec<u8>>,
}

/// Changes to a message. What is absent stays.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct MessageChanges {
    /// What changes in the content.
    data: Option<DataChanges>,
    /// Labels; they replace all that there were.
    #[schema(max_items = 25)]
    tags: Option<Vec<Tag>>,
}

/// What can change in the content of a message.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct DataChanges {
    /// The text.
    text: Option<String>,
    /// Any JSON.
    #[schema(value_type = Option<Object>)]
    metadata: Option<()>,
    /// The content of a custom message.
    #[schema(value_type = Option<Object>)]
    custom_data: Option<()>,
}

/// Elements that a user has used.
#[derive(ToSchema)]
pub struct Interactions {
    /// Their ids.
    #[schema(min_items = 1, max_items = 100)]
    interactions: Vec<ElementId>,
}

/// The id of an element of an interactive message.
#[derive(ToSchema)]
#[schema(value_type = String, max_length = 100, pattern = r"\S")]
pub struct ElementId(#[allow(dead_code)] String);

/// Files to upload.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct FilesToUpload {
    /// The uid or guid of who receives the message.
    #[schema(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_-]+$")]
    receiver: String,
    /// What the receiver is.
    receiver_type: ReceiverType,
    /// The message that it replies to in a thread.
    parent_message_id: Option<MessageId>,
    /// Files by ids of the caller's.
    #[schema(schema_with = some::<FileToUpload, 10>)]
    files: BTreeMap<String, FileToUpload>,
}

/// A file to upload.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct FileToUpload {
    /// Its name.
    #[schema(min_length = 1)]
    name: String,
    /// Its size in bytes.
    #[schema(minimum = 1)]
    size: i64,
    /// Its MIME type.
    #[schema(value_type = Value)]
    mime_type: Option<()>,
}

/// An upload: the fields of its permission, then the file.
#[derive(ToSchema)]
pub struct Upload {
    /// The file.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}
