//! What can go wrong here, each with its public code.

use halley_contracts::common::v1::{ItemError, ItemResult};
use halley_kit::{PublicError, ServiceError, error};
use halley_model::{ErrorCode, FieldError, id::InvalidId};

/// A fault of one call, or of one item of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdentityError {
    #[error("there is no user {uid}")]
    UserNotFound { uid: String },
    #[error("there is a user {uid} already")]
    UserExists { uid: String },
    #[error("uid: {reason}")]
    InvalidUid { reason: InvalidId },
    #[error("uid: app_system is the app itself")]
    ReservedUid,
    #[error("there is no role {role}")]
    RoleNotFound { role: String },
    #[error("permissions.{permission}: there is no role {role}")]
    RoleOfListNotFound { permission: &'static str, role: String },
    #[error("there is a role {role} already")]
    RoleExists { role: String },
    #[error("the default role can't be deleted")]
    DefaultRole,
    #[error("an app has at most {max} roles")]
    TooManyRoles { max: i64 },
    #[error("{uid} is no bot")]
    BotNotFound { uid: String },
    #[error("{uid} is a bot already")]
    BotExists { uid: String },
    #[error("an app has at most {max} bots")]
    TooManyBots { max: i64 },
    #[error("{uid} is a friend already")]
    AlreadyFriends { uid: String },
    #[error("{uid} is no friend")]
    NotFriends { uid: String },
    #[error("nobody is a friend of themselves")]
    SelfRelation,
    #[error("{uid} has {max} friends, and nobody has more")]
    FriendsFull { uid: String, max: i64 },
    #[error("nobody blocks themselves")]
    SelfBlock,
    #[error("a user may not {what}")]
    Denied { what: &'static str },
    #[error("{0}")]
    InvalidImport(FieldError),
    #[error(transparent)]
    Field(#[from] FieldError),
    #[error("{}", .0.message)]
    Caller(#[from] PublicError),
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

pub(crate) type Result<T> = std::result::Result<T, IdentityError>;

impl ServiceError for IdentityError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::UserNotFound { .. } => ErrorCode::UidNotFound,
            Self::UserExists { .. } => ErrorCode::UidAlreadyExists,
            Self::InvalidUid { .. } | Self::ReservedUid => ErrorCode::InvalidUid,
            Self::RoleNotFound { .. } | Self::RoleOfListNotFound { .. } => ErrorCode::RoleNotFound,
            Self::RoleExists { .. } => ErrorCode::RoleAlreadyExists,
            Self::DefaultRole => ErrorCode::RoleDeleteDenied,
            Self::BotNotFound { .. } => ErrorCode::BotNotFound,
            Self::BotExists { .. } => ErrorCode::BotAlreadyExists,
            Self::TooManyRoles { .. } | Self::TooManyBots { .. } => ErrorCode::QuotaRestriction,
            Self::AlreadyFriends { .. } => ErrorCode::AlreadyFriend,
            Self::NotFriends { .. } => ErrorCode::NotAFriend,
            Self::SelfRelation => ErrorCode::SelfRelation,
            Self::FriendsFull { .. } => ErrorCode::FailedToAddFriend,
            Self::SelfBlock => ErrorCode::CannotBlockSelf,
            Self::Denied { .. } => ErrorCode::PermissionDenied,
            Self::InvalidImport(_) => ErrorCode::ImportInvalidUserFormat,
            Self::Field(_) => ErrorCode::BadRequest,
            Self::Caller(error) => error.code,
            Self::Database(sqlx::Error::PoolTimedOut) => ErrorCode::Unavailable,
            Self::Database(_) => ErrorCode::Exception,
        }
    }

    fn field(&self) -> Option<&str> {
        match self {
            Self::InvalidUid { .. } | Self::ReservedUid => Some("uid"),
            Self::RoleOfListNotFound { permission, .. } => Some(permission),
            Self::Field(fault) | Self::InvalidImport(fault) => Some(&fault.field),
            Self::Caller(error) => error.field.as_deref(),
            _ => None,
        }
    }
}

/// The fate of one item. A fault of the server is no item's: it fails the call.
pub(crate) fn item(id: String, outcome: Result<()>) -> Result<ItemResult> {
    let error = match outcome {
        Ok(()) => None,
        Err(fault @ IdentityError::Database(_)) => return Err(fault),
        Err(fault) => {
            let public = error::public(&fault);
            Some(ItemError { code: public.code.as_str().to_owned(), message: public.message })
        }
    };
    Ok(ItemResult { id, error })
}
