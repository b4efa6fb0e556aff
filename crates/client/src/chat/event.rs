//! What a client tells of.

use serde_json::Value;

use crate::{Call, ClientError, Conversation, Group, Membership, Message, Reaction, Receiver, User};

/// Whether there is a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// There is none, and none is on its way unless [`ConnectionState::Connecting`] follows.
    Disconnected,
    /// One is on its way.
    Connecting,
    /// There is one, and everything that was missed is told.
    Connected,
}

/// Something that a client tells of.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ChatEvent {
    /// Whether there is a socket.
    Connection(ConnectionState),
    /// The socket is there, and everything that was missed is told before this.
    Resumed {
        /// All messages are told, but of what else was missed nothing is, and what is shown has to be fetched: too much was
        /// missed, or it is the first socket, and what was fetched before it may be older.
        refetch: bool,
        /// Conversations of large groups whose receipts have to be fetched.
        untold_receipts_of: Vec<String>,
    },
    /// A new message, of any category, of this device, too. Each once; each conversation's in order.
    Message(Box<Message>),
    /// A message is another than it was.
    MessageChanged(Box<MessageChange>),
    /// A reaction was added or taken back.
    Reaction(Box<ReactionEvent>),
    /// All messages up to one were delivered or read.
    Receipt(Box<ReceiptEvent>),
    /// Somebody types, or no more.
    Typing(Box<TypingEvent>),
    /// Somebody came or went.
    Presence(Box<PresenceEvent>),
    /// A note that is not stored.
    Transient(Box<TransientEvent>),
    /// Who is in a group changed. The action message that says so comes before it.
    Membership(Box<Membership>),
    /// A group is another than it was, or is no more; or the user made it, on another device too.
    Group(Box<GroupEvent>),
    /// A call stands another way. The message that says so comes before it.
    Call(Box<CallEvent>),
    /// What a device in a call says to this one.
    CallSignal(Box<CallSignal>),
    /// A conversation is another than it was for the logged-in user.
    ConversationChanged(Box<ConversationEvent>),
    /// The logged-in user is out of a conversation, or hid what was said in it.
    ConversationLeft {
        /// Which.
        conversation_id: String,
        /// Up to this place in the conversation.
        hidden_before: Option<u64>,
    },
    /// A message of this device on its way: it waits, it is stored, or it failed.
    Outgoing(Box<OutgoingMessage>),
    /// Something failed in the background.
    Error(Box<ClientError>),
    /// The login ended; nothing follows.
    Logout(LogoutReason),
    /// This stream was read too slowly: what is shown has to be fetched.
    Lost {
        /// So many events are gone.
        events: u64,
    },
    /// A frame that this version does not know.
    Other(Box<Value>),
}

/// A message of this device on its way.
#[derive(Clone, Debug)]
pub struct OutgoingMessage {
    /// The message as it is stored. Before that as it is shown until then: known by its muid, with the id 0, and files
    /// without addresses.
    pub message: Message,
    /// How far it is.
    pub state: OutgoingState,
}

/// How far a message of this device is.
#[derive(Clone, Debug)]
pub enum OutgoingState {
    /// It waits for its turn, for the server, or for its answer.
    Pending {
        /// The share of its files that is uploaded, from 0 to 1, once that began.
        progress: Option<f64>,
    },
    /// It is stored. As a new message it is told besides.
    Sent,
    /// It is not tried again by itself, until [`crate::Messages::retry`].
    Failed(ClientError),
    /// It was thrown away, or taken back before it was sent.
    Discarded,
}

/// Why a login ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutReason {
    /// The app logged out.
    Asked,
    /// The server knows the auth token no more.
    TokenRevoked,
}

/// How a message changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was edited.
    Edited,
    /// It was deleted.
    Deleted,
    /// It was pinned for everybody.
    Pinned,
    /// It is pinned no longer.
    Unpinned,
    /// The logged-in user saved it.
    Saved,
    /// The logged-in user saved it no longer.
    Unsaved,
    /// A moderator let it stand, or keeps its content from all but its sender.
    Moderated,
    /// In whatever way, while there was no socket: it is shown as it is now.
    Other,
}

/// A message is another than it was.
#[derive(Clone, Debug)]
pub struct MessageChange {
    /// As it is now.
    pub message: Message,
    /// How it changed.
    pub change: ChangeKind,
    /// Whether it is shown as the logged-in user sees it, own reactions and saves included.
    pub is_own_view: bool,
}

/// A reaction was added or taken back.
#[derive(Clone, Debug)]
pub struct ReactionEvent {
    /// Added, or taken back.
    pub is_added: bool,
    /// Which.
    pub reaction: Reaction,
    /// The message's conversation.
    pub conversation_id: String,
    /// The root of the message's thread, if it is a reply.
    pub parent_id: Option<u64>,
    /// How often the message is reacted to in this way, after it.
    pub count: u64,
}

/// What a receipt says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptKind {
    /// The user got them.
    Delivered,
    /// The user read them.
    Read,
    /// Every member of the group got them.
    DeliveredToAll,
    /// Every member of the group read them.
    ReadByAll,
}

/// All messages up to one were delivered or read.
#[derive(Clone, Debug)]
pub struct ReceiptEvent {
    /// Delivered, or read.
    pub kind: ReceiptKind,
    /// By whom.
    pub user: User,
    /// The conversation, seen from the logged-in user.
    pub peer: Receiver,
    /// Up to this message.
    pub message_id: u64,
    /// When.
    pub at: Option<i64>,
}

/// Somebody types, or no more.
#[derive(Clone, Debug)]
pub struct TypingEvent {
    /// Who.
    pub user: User,
    /// The conversation, seen from the logged-in user.
    pub peer: Receiver,
    /// Began, or stopped.
    pub is_typing: bool,
    /// As the sender gave it.
    pub metadata: Option<Value>,
}

/// Somebody came or went.
#[derive(Clone, Debug)]
pub struct PresenceEvent {
    /// Who.
    pub user: User,
    /// Came, or went.
    pub is_online: bool,
    /// When.
    pub at: Option<i64>,
}

/// A note that is not stored.
#[derive(Clone, Debug)]
pub struct TransientEvent {
    /// By whom.
    pub user: User,
    /// The conversation, seen from the logged-in user.
    pub peer: Receiver,
    /// As the sender gave it.
    pub data: Value,
}

/// How a group changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupChange {
    /// The logged-in user made it.
    Created,
    /// It is called or looks another way.
    Updated,
    /// It is no more.
    Deleted,
    /// It has another owner.
    OwnerChanged {
        /// Uid of the one before.
        old_owner: String,
    },
}

/// A group is another than it was.
#[derive(Clone, Debug)]
pub struct GroupEvent {
    /// How it changed.
    pub change: GroupChange,
    /// As it is now.
    pub group: Group,
}

/// A call stands another way.
#[derive(Clone, Debug)]
pub struct CallEvent {
    /// As it stands now.
    pub call: Call,
    /// Who made the change.
    pub by: User,
    /// The device that made it.
    pub device_id: Option<String>,
}

/// What a device in a call says to this one.
#[derive(Clone, Debug)]
pub struct CallSignal {
    /// `peers`, `refused`, `joined`, `left`, `offer`, `answer`, `candidate`, `bye`.
    pub action: String,
    /// The call.
    pub session_id: String,
    /// Uid and device of who says it; nobody, if it is the server.
    pub from: Option<(String, Option<String>)>,
    /// All of it.
    pub body: Value,
}

/// How a conversation changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConversationChange {
    /// The user pinned it.
    Pinned,
    /// The user pinned it no longer.
    Unpinned,
    /// It has another count of unread messages.
    Unread,
    /// In whatever way.
    Other,
}

/// A conversation is another than it was for the logged-in user.
#[derive(Clone, Debug)]
pub struct ConversationEvent {
    /// How it changed.
    pub change: ConversationChange,
    /// As it is now.
    pub conversation: Conversation,
}
