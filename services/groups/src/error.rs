//! What can go wrong here, each with its public code.

use halley_contracts::common::v1::{ItemError, ItemResult};
use halley_kit::{PublicError, ServiceError, error};
use halley_model::{
    ErrorCode, FieldError,
    id::InvalidId,
    permissions,
    rights::{Denial, Scope},
};

/// A fault of one call, or of one item of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GroupsError {
    #[error("there is no group {guid}")]
    GroupNotFound { guid: String },
    #[error("there is a group {guid} already")]
    GroupExists { guid: String },
    #[error("guid: {reason}")]
    InvalidGuid { reason: InvalidId },
    #[error("a group of the type password needs a password")]
    EmptyPassword,
    #[error("the group's password is another")]
    WrongPassword,
    #[error("a private group can't be joined: a member with the right to must add the user")]
    JoinNotAllowed,
    #[error("there is no user {uid}")]
    UserNotFound { uid: String },
    #[error("{uid} is a member already")]
    AlreadyJoined { uid: String },
    #[error("{uid} is no member of the group")]
    NotAMember { uid: String },
    #[error("{uid} is banned from the group")]
    Banned { uid: String },
    #[error("the group is full")]
    Full,
    #[error("{uid} is in {max} groups, and the app lets nobody be in more")]
    TooManyGroups { uid: String, max: i64 },
    #[error("{uid} is banned already")]
    AlreadyBanned { uid: String },
    #[error("{uid} is not banned")]
    NotBanned { uid: String },
    #[error("{uid} has that scope already")]
    SameScope { uid: String },
    #[error("nobody does that to themselves")]
    SelfAction,
    #[error("{uid} owns the group: transfer the ownership first")]
    OwnerStays { uid: String },
    #[error("{uid} owns the group and keeps the scope: transfer the ownership first")]
    OwnersScope { uid: String },
    #[error(transparent)]
    Denied(#[from] Denial),
    #[error("the scope {} does not permit {}", .scope.as_str(), .denied.permission)]
    NotPermitted { denied: permissions::Denied, scope: Scope },
    #[error("a user may not {what}")]
    NotForUsers { what: &'static str },
    #[error("too many passwords are being checked: try again")]
    PasswordsBusy,
    #[error("{0}")]
    InvalidImportedGroup(FieldError),
    #[error("{0}")]
    InvalidImportedMember(FieldError),
    #[error("{0}")]
    InvalidJoinedAt(FieldError),
    #[error(transparent)]
    Field(#[from] FieldError),
    #[error("{}", .0.message)]
    Public(#[from] PublicError),
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    #[error("cryptography failed: {0}")]
    Crypto(String),
}

pub(crate) type Result<T> = std::result::Result<T, GroupsError>;

impl ServiceError for GroupsError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::GroupNotFound { .. } => ErrorCode::GuidNotFound,
            Self::GroupExists { .. } => ErrorCode::GuidAlreadyExists,
            Self::InvalidGuid { .. } => ErrorCode::InvalidGuid,
            Self::EmptyPassword => ErrorCode::EmptyGroupPassword,
            Self::WrongPassword => ErrorCode::WrongGroupPassword,
            Self::JoinNotAllowed => ErrorCode::GroupJoinNotAllowed,
            Self::UserNotFound { .. } => ErrorCode::UidNotFound,
            Self::AlreadyJoined { .. } => ErrorCode::AlreadyJoined,
            Self::NotAMember { .. } => ErrorCode::NotAMember,
            Self::Banned { .. } => ErrorCode::BannedGroupMember,
            Self::AlreadyBanned { .. } => ErrorCode::AlreadyBanned,
            Self::Full => ErrorCode::NoVacancy,
            Self::TooManyGroups { .. } => ErrorCode::QuotaRestriction,
            Self::NotBanned { .. } => ErrorCode::NotABannedUser,
            Self::SameScope { .. } => ErrorCode::SameScope,
            Self::SelfAction => ErrorCode::GroupNoSelfAction,
            Self::OwnerStays { .. } => ErrorCode::GroupNoClearance,
            Self::OwnersScope { .. } => ErrorCode::GroupNoScopeClearance,
            Self::Denied(denial) => denial.code(),
            Self::NotForUsers { .. } => ErrorCode::PermissionDenied,
            Self::NotPermitted { .. } => permissions::Denied::CODE,
            Self::PasswordsBusy => ErrorCode::TooManyRequests,
            Self::InvalidImportedGroup(_) => ErrorCode::ImportInvalidGroupFormat,
            Self::InvalidImportedMember(_) => ErrorCode::ImportInvalidMemberFormat,
            Self::InvalidJoinedAt(_) => ErrorCode::ImportInvalidJoinedAt,
            Self::Field(_) => ErrorCode::BadRequest,
            Self::Public(error) => error.code,
            Self::Database(error) if is_away(error) => ErrorCode::Unavailable,
            Self::Database(_) | Self::Crypto(_) => ErrorCode::Exception,
        }
    }

    fn field(&self) -> Option<&str> {
        match self {
            Self::InvalidGuid { .. } => Some("guid"),
            Self::EmptyPassword | Self::WrongPassword => Some("password"),
            Self::Field(fault)
            | Self::InvalidImportedGroup(fault)
            | Self::InvalidImportedMember(fault)
            | Self::InvalidJoinedAt(fault) => Some(&fault.field),
            Self::Public(error) => error.field.as_deref(),
            _ => None,
        }
    }
}

/// The fate of one item. A fault of the server is no item's: it fails the call.
pub(crate) fn item(id: String, outcome: Result<()>) -> Result<ItemResult> {
    let error = match outcome {
        Ok(()) => None,
        Err(fault @ (GroupsError::Database(_) | GroupsError::Crypto(_))) => return Err(fault),
        Err(fault) => {
            let public = error::public(&fault);
            Some(ItemError { code: public.code.as_str().to_owned(), message: public.message })
        }
    };
    Ok(ItemResult { id, error })
}

/// Whether the database is only away for a moment: restarting, or out of connections.
fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => true,
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| code.starts_with("57P") || code.starts_with("08") || code == "53300")
        }
        _ => false,
    }
}
