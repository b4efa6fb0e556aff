//! What can go wrong here, each with its public code.

use halley_kit::{PublicError, ServiceError, export::ExportError};
use halley_model::{ErrorCode, FieldError};

/// A fault of one call, or of the handling of an event.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WebhooksError {
    #[error("the webhook has no delivery {id}")]
    DeliveryNotFound { id: String },
    #[error("the delivery {id} is under way, or its body is not kept any more")]
    NotSendable { id: String },
    #[error("deliveries are the business of operators")]
    NotForApps,
    #[error(transparent)]
    Field(#[from] FieldError),
    #[error("{}", .0.message)]
    Public(#[from] PublicError),
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    #[error("something can't be written as JSON")]
    Json(#[from] serde_json::Error),
}

pub(crate) type Result<T> = std::result::Result<T, WebhooksError>;

impl From<ExportError> for WebhooksError {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Cursor(fault) => Self::Field(fault),
            ExportError::Database(error) => Self::Database(error),
        }
    }
}

impl WebhooksError {
    /// Whether the same will succeed later: the database or another service is away, or has too much to do.
    pub(crate) fn is_passing(&self) -> bool {
        let code = self.code();
        matches!(code, ErrorCode::Unavailable | ErrorCode::Timeout | ErrorCode::TooManyRequests)
    }
}

impl ServiceError for WebhooksError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::DeliveryNotFound { .. } => ErrorCode::WebhookDeliveryNotFound,
            Self::NotSendable { .. } => ErrorCode::WebhookDeliveryNotSendable,
            Self::NotForApps => ErrorCode::PermissionDenied,
            Self::Field(_) => ErrorCode::BadRequest,
            Self::Public(error) => error.code,
            Self::Database(error) if is_away(error) => ErrorCode::Unavailable,
            Self::Database(_) | Self::Json(_) => ErrorCode::Exception,
        }
    }

    fn field(&self) -> Option<&str> {
        match self {
            Self::Field(fault) => Some(&fault.field),
            Self::Public(error) => error.field.as_deref(),
            _ => None,
        }
    }
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
