//! What can go wrong here, each with its public code.

use halley_contracts::common::v1::ItemError;
use halley_kit::{PublicError, ServiceError, error};
use halley_model::{ErrorCode, FieldError, permissions::Denied, rights::Scope};

use crate::domain::call::CallFault;

/// A fault of one call, or of one item of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MessagingError {
    #[error("there is no user {uid}, or it is deactivated")]
    UserNotFound { uid: String },
    #[error("there is no group {guid}")]
    GroupNotFound { guid: String },
    #[error("{uid} is no member of the group {guid}")]
    NotJoined { guid: String, uid: String },
    #[error("{uid} is banned from the group {guid}")]
    Banned { guid: String, uid: String },
    #[error("the scope {} of the group {guid} does not permit {}", .scope.as_str(), .denied.permission)]
    Denied { denied: Denied, scope: Scope, guid: String },
    #[error("the sender has blocked {uid}")]
    BlockedReceiver { uid: String },
    #[error("{uid} has blocked the sender")]
    BlockedSender { uid: String },
    #[error("the receiver is missing")]
    EmptyReceiver,
    #[error("the receiver type must be user or group")]
    InvalidReceiverType,
    #[error("messages of that category can't be sent")]
    InvalidCategory,
    #[error("the type is missing")]
    EmptyType,
    #[error("{0}")]
    InvalidData(FieldError),
    #[error("there is no message {id}")]
    MessageNotFound { id: i64 },
    #[error("message {id} is in a conversation of others")]
    NoAccess { id: i64 },
    #[error("message {id} was written by somebody else")]
    NotASender { id: i64 },
    #[error("message {id} is an action or a call: it can't be changed")]
    ActionNotAllowed { id: i64 },
    #[error("the text is missing")]
    EmptyText,
    #[error("the text must be a string")]
    InvalidText,
    #[error("the text must not mention more than {max} different users")]
    TooManyMentions { max: usize },
    #[error("the metadata must be an object")]
    InvalidMetadata,
    #[error("customData must not be empty")]
    EmptyCustomData,
    #[error("customData must be an object")]
    InvalidCustomData,
    #[error("message {id} is in another conversation")]
    WrongThread { id: i64 },
    #[error("message {id} is a reply itself")]
    ThreadNesting { id: i64 },
    #[error("message {id} is of a category without threads")]
    WrongThreadCategory { id: i64 },
    #[error("the user is no part of that conversation, or it has none yet")]
    NotAccessible,
    #[error("the conversation {conversation} has {max} pinned messages already")]
    TooManyPins { conversation: String, max: i64 },
    #[error("{uid} has saved {max} messages already")]
    TooManySaves { uid: String, max: i64 },
    #[error("{uid} may not pin messages in the group {guid}")]
    MayNotPin { uid: String, guid: String },
    #[error("message {id} is not interactive")]
    NotInteractive { id: i64 },
    #[error("{uid} sent message {id}, whose sender may not interact with it")]
    OwnInteraction { id: i64, uid: String },
    #[error("{uid} has pinned {max} conversations already", max = halley_model::limits::CONVERSATION_PINS_MAX)]
    TooManyConversationPins { uid: String },
    #[error("an app pins at most {max} conversations", max = halley_model::limits::CONVERSATION_PINS_MAX)]
    TooManySystemPins,
    #[error("the conversation with {with} is pinned by the app")]
    SystemPin { with: String },
    #[error("the user has no conversation {id}")]
    ConversationNotFound { id: String },
    #[error(transparent)]
    Call(#[from] CallFault),
    #[error("there is no reason {id}")]
    ReasonNotFound { id: String },
    #[error("a user may not {what}")]
    NotForUsers { what: &'static str },
    #[error("too many messages wait to be written: try again")]
    QueueFull,
    #[error("the service is stopping: try again")]
    Stopping,
    #[error("the database can't be reached, and the message is not written: try again")]
    Away,
    #[error("the database went away while the message was written; it may be stored")]
    Uncertain,
    #[error("{0}")]
    InvalidImport(FieldError),
    #[error("there is no imported message of the muid {muid}")]
    UnknownMuid { muid: String },
    #[error("another message of the app has the muid {muid}")]
    MuidTaken { muid: String },
    #[error(transparent)]
    Field(#[from] FieldError),
    #[error("{}", .0.message)]
    Public(#[from] PublicError),
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    #[error("{0}")]
    Inconsistent(&'static str),
}

pub(crate) type Result<T> = std::result::Result<T, MessagingError>;

impl ServiceError for MessagingError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::UserNotFound { .. } => ErrorCode::UidNotFound,
            Self::GroupNotFound { .. } => ErrorCode::GuidNotFound,
            Self::NotJoined { .. } => ErrorCode::GroupNotJoined,
            Self::Banned { .. } => ErrorCode::BannedGroupMember,
            Self::Denied { .. } => Denied::CODE,
            Self::BlockedReceiver { .. } => ErrorCode::BlockedReceiver,
            Self::BlockedSender { .. } => ErrorCode::BlockedSender,
            Self::EmptyReceiver => ErrorCode::EmptyReceiver,
            Self::InvalidReceiverType => ErrorCode::InvalidReceiverType,
            Self::InvalidCategory => ErrorCode::InvalidMessageCategory,
            Self::EmptyType => ErrorCode::EmptyMessageType,
            Self::InvalidData(_) => ErrorCode::InvalidMessageData,
            Self::MessageNotFound { .. } | Self::UnknownMuid { .. } => ErrorCode::MessageIdNotFound,
            Self::NoAccess { .. } => ErrorCode::MessageNoAccess,
            Self::NotASender { .. } => ErrorCode::MessageNotASender,
            Self::ActionNotAllowed { .. } => ErrorCode::MessageActionNotAllowed,
            Self::EmptyText => ErrorCode::EmptyMessageText,
            Self::InvalidText | Self::TooManyMentions { .. } => ErrorCode::InvalidMessageText,
            Self::InvalidMetadata => ErrorCode::InvalidMetadata,
            Self::EmptyCustomData => ErrorCode::EmptyCustomData,
            Self::InvalidCustomData => ErrorCode::InvalidCustomData,
            Self::WrongThread { .. } => ErrorCode::WrongMessageThread,
            Self::ThreadNesting { .. } => ErrorCode::MessageThreadNesting,
            Self::WrongThreadCategory { .. } => ErrorCode::WrongMessageThreadCategory,
            Self::NotAccessible => ErrorCode::ConversationNotAccessible,
            Self::TooManyPins { .. } => ErrorCode::PinnedMessagesLimit,
            Self::TooManySaves { .. } => ErrorCode::SavedMessagesLimit,
            Self::MayNotPin { .. } => ErrorCode::PermissionDenied,
            Self::NotInteractive { .. } => ErrorCode::MessageActionNotAllowed,
            Self::OwnInteraction { .. } => ErrorCode::PermissionDenied,
            Self::TooManyConversationPins { .. } => ErrorCode::PinnedConversationsLimit,
            Self::TooManySystemPins => ErrorCode::SystemPinnedConversationsLimit,
            Self::SystemPin { .. } => ErrorCode::SystemPinnedConversation,
            Self::ConversationNotFound { .. } => ErrorCode::ConversationNotFound,
            Self::Call(fault) => fault.code(),
            Self::ReasonNotFound { .. } => ErrorCode::ReasonNotFound,
            Self::NotForUsers { .. } => ErrorCode::PermissionDenied,
            Self::QueueFull => ErrorCode::TooManyRequests,
            Self::Stopping | Self::Away => ErrorCode::Unavailable,
            Self::Database(error) if is_away(error) => ErrorCode::Unavailable,
            Self::Uncertain => ErrorCode::Timeout,
            Self::InvalidImport(_) => ErrorCode::ImportInvalidMessageFormat,
            Self::MuidTaken { .. } => ErrorCode::ImportMuidAlreadyExists,
            Self::Field(_) => ErrorCode::BadRequest,
            Self::Public(error) => error.code,
            Self::Database(_) | Self::Inconsistent(_) => ErrorCode::Exception,
        }
    }

    fn field(&self) -> Option<&str> {
        match self {
            Self::MuidTaken { .. } => Some("muid"),
            Self::EmptyReceiver => Some("receiver"),
            Self::InvalidReceiverType => Some("receiverType"),
            Self::InvalidCategory => Some("category"),
            Self::EmptyType => Some("type"),
            Self::EmptyText | Self::InvalidText | Self::TooManyMentions { .. } => Some("data.text"),
            Self::InvalidMetadata => Some("data.metadata"),
            Self::EmptyCustomData | Self::InvalidCustomData => Some("data.customData"),
            Self::Field(fault) | Self::InvalidData(fault) | Self::InvalidImport(fault) => Some(&fault.field),
            Self::Call(fault) => fault.field(),
            Self::Public(error) => error.field.as_deref(),
            _ => None,
        }
    }
}

impl MessagingError {
    /// Whether it says something of the item it befell, rather than of the server.
    pub(crate) fn is_of_item(&self) -> bool {
        !matches!(
            self.code(),
            ErrorCode::Exception | ErrorCode::Unavailable | ErrorCode::Timeout | ErrorCode::TooManyRequests
        )
    }

    /// As the fate of one item.
    pub(crate) fn to_item(&self) -> ItemError {
        let public = error::public(self);
        ItemError { code: public.code.as_str().to_owned(), message: public.message }
    }
}

impl From<tonic::Status> for MessagingError {
    /// What another service answered.
    fn from(status: tonic::Status) -> Self {
        Self::Public(PublicError::from_status(&status))
    }
}

/// Whether the database is only away for a moment: restarting, or out of connections.
pub(crate) fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => true,
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| code.starts_with("57P") || code.starts_with("08") || code == "53300")
        }
        _ => false,
    }
}
