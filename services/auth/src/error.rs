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
    /// The app is archived: its credentials are good for nothing any more.
    #[error("The app `{app_id}` is archived.")]
    AppArchived {
        /// As asked.
        app_id: String,
    },
    /// No such app, as far as the operator is concerned.
    #[error("There is no app `{app_id}`.")]
    NoManagedApp {
        /// As asked.
        app_id: String,
    },
    /// No management key, or no secret, was given.
    #[error("The management key and its secret are missing.")]
    NoManagementKey,
    /// The management key and its secret do not fit.
    #[error("The management key or its secret is wrong.")]
    WrongManagementKey,
    /// No operator has that address.
    #[error("There is no operator `{email}`.")]
    OperatorNotFound {
        /// As asked.
        email: String,
    },
    /// The operator has no such management key.
    #[error("There is no such management key.")]
    ManagementKeyNotFound,
    /// The operator owns as many apps as one may.
    #[error("An operator can't own more than {max} apps.")]
    TooManyApps {
        /// The most.
        max: i64,
    },
    /// Who owns an app is no collaborator of it.
    #[error("`{email}` owns the app.")]
    AlreadyAnOwner {
        /// As asked.
        email: String,
    },
    /// The operator is no collaborator of the app.
    #[error("`{email}` is no collaborator of the app.")]
    NotACollaborator {
        /// As asked.
        email: String,
    },
    /// An operator can't take an app from themselves.
    #[error("Nobody can change their own place in an app.")]
    SelfAction,
    /// The app has as many of something as it may.
    #[error("An app can't have more than {max} {what}.")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The most.
        max: i64,
    },
    /// Only owners of the installation may set limits.
    #[error("Only an owner of the installation may set limits.")]
    LimitDenied,
    /// The app has no such webhook.
    #[error("There is no webhook `{id}`.")]
    WebhookNotFound {
        /// As asked.
        id: String,
    },
    /// The app has a webhook of that id.
    #[error("There is a webhook `{id}` already.")]
    WebhookExists {
        /// As asked.
        id: String,
    },
    /// No event has that name, or the webhook is not called for it.
    #[error("There is no trigger `{id}`.")]
    TriggerNotFound {
        /// As asked.
        id: String,
    },
    /// The user has no such push token.
    #[error("There is no such push token.")]
    PushTokenNotFound,
    /// The address is taken.
    #[error("There is an operator of that address already.")]
    OperatorExists,
    /// Address or password; which one is not told.
    #[error("The address or the password is wrong.")]
    InvalidCredentials,
    /// The operator's session has ended, or never was.
    #[error("The session has ended: log in again.")]
    SessionNotValid,
    /// Too many wrong passwords for one address.
    #[error("There were too many wrong passwords for this address: try again in a minute.")]
    MustWait,
    /// The installation would be without an owner.
    #[error("The installation needs an owner: make another one first.")]
    LastOwner,
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
            Self::AppArchived { .. } => ErrorCode::AppArchived,
            Self::NoManagedApp { .. } => ErrorCode::AppNotFound,
            Self::NoManagementKey => ErrorCode::EmptyAuthHeader,
            Self::WrongManagementKey => ErrorCode::InvalidCredentials,
            Self::OperatorNotFound { .. } => ErrorCode::OperatorNotFound,
            Self::ManagementKeyNotFound => ErrorCode::ManagementKeyNotFound,
            Self::TooManyApps { .. } => ErrorCode::QuotaRestriction,
            Self::AlreadyAnOwner { .. } => ErrorCode::AlreadyAnOwner,
            Self::NotACollaborator { .. } => ErrorCode::NotACollaborator,
            Self::SelfAction => ErrorCode::SelfActionDenied,
            Self::TooMany { .. } => ErrorCode::QuotaRestriction,
            Self::LimitDenied => ErrorCode::NoAccess,
            Self::WebhookNotFound { .. } => ErrorCode::WebhookNotFound,
            Self::WebhookExists { .. } => ErrorCode::WebhookAlreadyExists,
            Self::TriggerNotFound { .. } => ErrorCode::TriggerNotFound,
            Self::PushTokenNotFound => ErrorCode::PushTokenNotFound,
            Self::OperatorExists => ErrorCode::OperatorAlreadyExists,
            Self::InvalidCredentials => ErrorCode::InvalidCredentials,
            Self::SessionNotValid => ErrorCode::SessionNotValid,
            Self::MustWait => ErrorCode::TooManyRequests,
            Self::LastOwner => ErrorCode::LastOwner,
            Self::Field(_) => ErrorCode::BadRequest,
            Self::Database(_) | Self::Sealed | Self::Crypto(_) => ErrorCode::Exception,
        }
    }

    fn field(&self) -> Option<&str> {
        match self {
            Self::Field(fault) => Some(&fault.field),
            Self::AppExists { .. } => Some("appId"),
            Self::WebhookExists { .. } => Some("id"),
            _ => None,
        }
    }
}

impl From<AuthError> for tonic::Status {
    fn from(error: AuthError) -> Self {
        halley_kit::error::status(&error)
    }
}
