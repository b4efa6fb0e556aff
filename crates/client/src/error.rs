use serde_json::Value;

/// Why a call or a connection failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server answered with an error envelope, or with a failure status and no envelope (then `code` is empty).
    #[error("{code} (HTTP {status}): {message}")]
    Api {
        /// HTTP status.
        status: u16,
        /// Public error code, for example `ERR_UID_NOT_FOUND`.
        code: String,
        /// Human text.
        message: String,
        /// Per-field facts, when the server gave any.
        details: Option<Value>,
    },
    /// Nothing, or not everything, came back: whether the server acted is unknown.
    #[error("transport: {0}")]
    Transport(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A success answer that is not what the protocol promises.
    #[error("unexpected answer: {0}")]
    Shape(String),
    /// The server closed the socket instead of accepting it.
    #[error("socket closed with code {code}: {reason}")]
    Closed {
        /// WebSocket close code; 1006 when there was no close frame.
        code: u16,
        /// The server's words.
        reason: String,
    },
    /// An address, certificate or header value given by the caller cannot be used.
    #[error("bad setting: {0}")]
    Setting(String),
}

impl ClientError {
    pub(crate) fn transport(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Transport(source.into())
    }

    /// The public error code, when the server gave one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Api { code, .. } if !code.is_empty() => Some(code),
            _ => None,
        }
    }

    /// Whether the same call may succeed later. A send is safe to repeat only with the same muid.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Api { status, .. } => *status == 429 || *status >= 500,
            Self::Transport(_) | Self::Closed { .. } => true,
            Self::Shape(_) | Self::Setting(_) => false,
        }
    }

    /// Whether the credential is dead, so that only a new login helps.
    pub fn is_credential_dead(&self) -> bool {
        matches!(self, Self::Api { status: 401, .. }) || self.code().is_some_and(|code| code.starts_with("AUTH_ERR_"))
    }
}
