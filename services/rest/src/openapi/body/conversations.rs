//! Bodies about conversations and receipts.

use utoipa::ToSchema;

use super::{Flag, MessageId, PinnedSide, Tag};

/// Labels of a conversation.
#[derive(ToSchema)]
pub struct ConversationTags {
    /// They replace all that there were.
    #[schema(max_items = 25)]
    tags: Vec<Tag>,
}

/// Up to where a conversation is delivered or read.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct UpTo {
    /// The last message; the newest one without it.
    message_id: Option<MessageId>,
}

/// From where on a conversation is unread.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct UnreadFrom {
    /// What comes after this message is unread.
    message_id: MessageId,
}

/// How to delete the conversation with a user.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Reset {
    /// Read and not used.
    conversation_with: Option<String>,
    /// Whether what was said so far is deleted for good, for both users, within moments. Only an API key may ask for it.
    delete_messages_permanently: Option<Flag>,
    /// Whether the conversation stays in the user's list, empty and where it was, rather than out of it until something new
    /// is said.
    preserve_order: Option<Flag>,
}

/// How to delete the conversation of a group. Only the own side is deleted.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct GroupReset {
    /// Whether the conversation stays in the user's list, empty and where it was, rather than out of it until something new
    /// is said.
    preserve_order: Option<Flag>,
}

/// Conversations to pin for all users of the app.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct SystemPins {
    /// In their order, 5 different ones at most; they replace all that there were.
    #[schema(max_items = 100)]
    pinned_conversations: Vec<PinnedSide>,
}
