//! Messages and what hangs on them.

use std::collections::BTreeMap;

use utoipa::ToSchema;

use super::{Group, Moderation, ToldCall, User};

/// What a receiver is.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum ReceiverType {
    /// A user.
    User,
    /// A group.
    Group,
}

/// What kind of message.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum Category {
    /// Text and media.
    Message,
    /// The app's own.
    Custom,
    /// With elements to use.
    Interactive,
    /// Written by Halley: what happened to members and messages.
    Action,
    /// A call.
    Call,
    /// A card of the app's own.
    Card,
}

/// A message.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Message {
    /// Its id, in decimal; ids grow with time.
    #[schema(pattern = "^[0-9]+$")]
    pub id: String,
    /// The id that its sender gave it.
    #[schema(required = false)]
    pub muid: String,
    /// The conversation it is in.
    pub conversation_id: String,
    /// The sender's uid.
    pub sender: String,
    /// What the receiver is.
    pub receiver_type: ReceiverType,
    /// The uid or guid of the receiver.
    pub receiver: String,
    /// What kind of message.
    pub category: Category,
    /// The type within the category: `text`, `image`, a type of the app's own, …
    #[schema(rename = "type")]
    pub kind: String,
    /// The content.
    #[schema(no_recursion)]
    pub data: MessageData,
    /// Unix seconds.
    pub sent_at: i64,
    /// Unix seconds of the last change.
    #[schema(required = false)]
    pub updated_at: i64,
    /// Unix seconds since when it is delivered.
    #[schema(required = false)]
    pub delivered_at: i64,
    /// Unix seconds since when it is read.
    #[schema(required = false)]
    pub read_at: i64,
    /// Unix seconds of the last edit.
    #[schema(required = false)]
    pub edited_at: i64,
    /// Unix seconds of the deletion.
    #[schema(required = false)]
    pub deleted_at: i64,
    /// Unix seconds since when it is pinned.
    #[schema(required = false)]
    pub pinned_at: i64,
    /// Unix seconds since when who looks has saved it.
    #[schema(required = false)]
    pub saved_at: i64,
    /// The uid of who edited it.
    #[schema(required = false)]
    pub edited_by: String,
    /// The uid of who deleted it.
    #[schema(required = false)]
    pub deleted_by: String,
    /// The uid of who pinned it.
    #[schema(required = false)]
    pub pinned_by: String,
    /// Labels of the app.
    #[schema(required = false)]
    pub tags: Vec<String>,
    /// The message that it replies to in a thread.
    #[schema(required = false, pattern = "^[0-9]+$")]
    pub parent_id: String,
    /// How many replies its thread has.
    #[schema(required = false)]
    pub reply_count: i32,
    /// How many replies of others in its thread who looks has not read, up to 1,000.
    #[schema(required = false)]
    pub unread_replies_count: i32,
    /// When who looks got and read it, if somebody else sent it.
    #[schema(required = false)]
    pub my_receipt: OwnReceipt,
    /// Who looks is subscribed to its thread; in lists where it is asked for.
    #[schema(required = false)]
    pub thread_subscribed: bool,
    /// How far it got with those whom it was sent to, where one message is asked for. Absent when it reached nobody yet, and
    /// in large groups.
    #[schema(required = false)]
    pub receipts: MessageReceipts,
    /// The message that it quotes.
    #[schema(required = false, pattern = "^[0-9]+$")]
    pub quoted_message_id: String,
    /// The message that it quotes, as it is now.
    #[schema(required = false, no_recursion)]
    pub quoted_message: Box<Message>,
    /// Its place in the conversation, counted from 1; where it is asked for.
    #[schema(required = false)]
    pub sequence: i64,
}

/// When who looks got a message.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct OwnReceipt {
    /// Unix seconds since when it is delivered.
    #[schema(required = false)]
    pub delivered_at: i64,
    /// Unix seconds since when it is read.
    #[schema(required = false)]
    pub read_at: i64,
}

/// The receipts of a message.
#[derive(ToSchema)]
pub struct MessageReceipts {
    /// One for each whom it reached.
    pub data: Vec<MessageReceipt>,
}

/// How far a message got with somebody.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct MessageReceipt {
    /// Who.
    pub recipient: User,
    /// Unix seconds since when it is delivered.
    #[schema(required = false)]
    pub delivered_at: i64,
    /// Unix seconds since when it is read.
    #[schema(required = false)]
    pub read_at: i64,
}

/// The content of a message, and who and what its ids stand for. Other keys are the sender's own.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct MessageData {
    /// The text, or the caption of media.
    #[schema(required = false)]
    pub text: String,
    /// The text of media once more.
    #[schema(required = false)]
    pub caption: String,
    /// Any JSON of the sender.
    #[schema(required = false, value_type = Object)]
    pub metadata: (),
    /// The content of a custom message.
    #[schema(required = false, value_type = Object)]
    pub custom_data: (),
    /// The elements of an interactive message.
    #[schema(required = false, value_type = Object)]
    pub interactive_data: (),
    /// The content of a card.
    #[schema(required = false, value_type = Object)]
    pub card: (),
    /// What clients show of a card that they can't show.
    #[schema(required = false)]
    pub fallback_text: String,
    /// Which elements of an interactive message who looks has used.
    #[schema(required = false)]
    pub interactions: Vec<Interaction>,
    /// Whom the text mentions, by uid.
    #[schema(required = false)]
    pub mentions: BTreeMap<String, User>,
    /// What was decided about the message after a report.
    #[schema(required = false)]
    pub moderation: Moderation,
    /// Files.
    #[schema(required = false)]
    pub attachments: Vec<Attachment>,
    /// Address of the first file.
    #[schema(required = false)]
    pub url: String,
    /// What an action message tells: `joined`, `edited`, …
    #[schema(required = false)]
    pub action: String,
    /// How often it got which reaction.
    #[schema(required = false)]
    pub reactions: Vec<ReactionCount>,
    /// The device that sent it.
    #[schema(required = false)]
    pub resource: String,
    /// Sender, receiver, and what an action is about.
    #[schema(no_recursion)]
    pub entities: MessageEntities,
}

/// An element that was used.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Interaction {
    /// The element's id.
    pub element_id: String,
    /// Unix seconds of the first use.
    pub interacted_at: i64,
}

/// A file of a message.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Attachment {
    /// Its address.
    pub url: String,
    /// Its name.
    #[schema(required = false, value_type = Value)]
    pub name: (),
    /// Its MIME type.
    #[schema(required = false, value_type = Value)]
    pub mime_type: (),
    /// The ending of its name.
    #[schema(required = false, value_type = Value)]
    pub extension: (),
    /// Its size in bytes.
    #[schema(required = false, value_type = Value)]
    pub size: (),
}

/// How often a message got a reaction.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ReactionCount {
    /// Which.
    pub reaction: String,
    /// How often.
    #[schema(minimum = 1)]
    pub count: i32,
    /// Who looks reacted so.
    #[schema(required = false)]
    pub reacted_by_me: bool,
}

/// Who and what the ids of a message stand for.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct MessageEntities {
    /// Who sent it.
    #[schema(required = false, no_recursion)]
    pub sender: Entity,
    /// Who receives it.
    #[schema(required = false, no_recursion)]
    pub receiver: Entity,
    /// Of an action: who did it.
    #[schema(required = false, no_recursion)]
    pub by: Entity,
    /// Of an action: where.
    #[schema(required = false, rename = "for", no_recursion)]
    pub place: Entity,
    /// Of an action: whom or what it was done to.
    #[schema(required = false, no_recursion)]
    pub on: Entity,
}

/// What an entity is.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum EntityType {
    /// A user.
    User,
    /// A group.
    Group,
    /// A message.
    Message,
    /// A call.
    Call,
}

/// A user, a group, a message or a call, with the word for what it is.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Entity {
    /// It.
    #[schema(no_recursion)]
    pub entity: EntityOf,
    /// What it is.
    pub entity_type: EntityType,
}

one_of! {
    /// A user, a group, a message or a call.
    EntityOf = User, Group, Message, ToldCall;
}

/// One user's reaction to a message.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Reaction {
    /// Its id, in decimal.
    #[schema(pattern = "^[0-9]+$")]
    pub id: String,
    /// The message's id.
    #[schema(pattern = "^[0-9]+$")]
    pub message_id: String,
    /// Which.
    pub reaction: String,
    /// Whose.
    pub uid: String,
    /// Unix seconds.
    pub reacted_at: i64,
    /// Whose, in full.
    pub reacted_by: User,
}

/// What a thread has beside what its parent has as a message.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Thread {
    /// The newest reply; absent when who looks may not see it.
    #[schema(required = false)]
    pub last_reply: Message,
    /// Who looks is subscribed; absent for an app without a user.
    #[schema(required = false)]
    pub subscribed: bool,
    /// How many replies are unread.
    #[schema(required = false, minimum = 0)]
    pub unread_reply_count: i32,
    /// How many unread replies mention who looks; where it is asked for.
    #[schema(required = false, minimum = 0)]
    pub mention_count: i32,
}
