//! The service's facts.

use halley_kit::ServiceError;
use halley_model::{ErrorCode, FieldError};

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// No such app, or the caller is of another one.
    #[error("There is no app `{app_id}`.")]
    AppNotFound {
        /// As asked.
        app_id: String,
    },
    /// The app id is taken.
    #[error("There is an app `{app_id}` already.")]
    AppExists {
        /// As asked.
        app_id: String,
    },
    /// An API key that was given as credential is wrong.
    #[error("The API key is wrong.")]
    ApiKeyNotValid,
    /// An auth token or session that was given as credential is wrong, or has ended.
    #[error("The auth token is wrong or has been revoked.")]
    AuthTokenNotValid,
    /// The API key that was asked for does not exist.
    #[error("There is no such API key.")]
    ApiKeyNotFound,
    /// A key can't be used on itself.
    #[error("An API key can't change or delete itself.")]
    ApiKeySelfAction,
    /// The auth token that was asked for does not exist.
    #[error("The user has no such auth token.")]
    AuthTokenNotFound,
    /// The auth token that was to be changed is another user's.
    #[error("The auth token is another user's.")]
    AuthTokenNotAccessible,
    /// The caller may not make this call.
    #[error("The caller may not make this call.")]
    Denied,
    /// The app has as many keys as it may.
    #[error("An app can't have more than {max} API keys.")]
    TooManyApiKeys {
        /// The most.
        max: i64,
    },
    /// The address is taken.
    #[error("There is an operator of that address already.")]
    OperatorExists,
    /// Address or password; which one is not told.
    #[error("The address or the password is wrong.")]
    InvalidCredentials,
    /// A field is wrong.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// A sealed value can't be opened: another master key, or a changed row.
    #[error("a sealed value can't be opened; is the master key the one it was sealed with?")]
    Sealed,
    /// A hash or signature can't be made.
    #[error("cryptography failed: {0}")]
    Crypto(String),
}

impl ServiceError for AuthError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::AppNotFound { .. } => ErrorCode::InvalidAppId,
            Self::AppExists { .. } => ErrorCode::AppAlreadyExists,
            Self::ApiKeyNotValid => ErrorCode::ApiKeyNotValid,
            Self::AuthTokenNotValid => ErrorCode::AuthTokenNotValid,
            Self::ApiKeyNotFound => ErrorCode::ApiKeyNotFound,
            Self::ApiKeySelfAction => ErrorCode::ApiKeySelfAction,
            Self::AuthTokenNotFound => ErrorCode::AuthTokenNotFound,
            Self::AuthTokenNotAccessible => ErrorCode::AuthTokenNotAccessible,
            Self::Denied => ErrorCode::NoAccess,
            Self::TooManyApiKeys { .. } => ErrorCode::QuotaRestriction,
            Self::OperatorExists => ErrorCode::OperatorAlreadyExists,
            Self::InvalidCredentials => ErrorCode::InvalidCredentials,
            Self::Field(_) => ErrorCode::BadRequest,
            Self::Database(_) | Self::Sealed | Self::Crypto(_) => ErrorCode::Exception,
        }
    }

    fn field(&self) -> Option<&str> {
        match self {
            Self::Field(fault) => Some(&fault.field),
            Self::AppExists { .. } => Some("appId"),
            _ => None,
        }
    }
}

impl From<AuthError> for tonic::Status {
    fn from(error: AuthError) -> Self {
        halley_kit::error::status(&error)
    }
}
