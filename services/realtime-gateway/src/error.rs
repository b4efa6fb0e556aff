//! What can go wrong in a gateway node.

use halley_kit::ServiceError;
use halley_model::ErrorCode;

/// The gateway's facts.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// Redis does not answer.
    #[error("presence is not available: {0}")]
    Redis(#[from] redis::RedisError),
    /// Too many ids in one call.
    #[error("{field}: must not have more than {max} entries")]
    TooMany {
        /// The field's public name.
        field: &'static str,
        /// The most that are allowed.
        max: usize,
    },
}

impl ServiceError for GatewayError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Redis(_) => ErrorCode::Unavailable,
            Self::TooMany { .. } => ErrorCode::BadRequest,
        }
    }

    fn field(&self) -> Option<&str> {
        match self {
            Self::Redis(_) => None,
            Self::TooMany { field, .. } => Some(field),
        }
    }
}

impl From<GatewayError> for tonic::Status {
    fn from(error: GatewayError) -> Self {
        halley_kit::error::status(&error)
    }
}
