use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

/// Why a call, a connection or a send failed.
#[derive(Clone, Debug, thiserror::Error)]
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
        /// How long to wait before the next try, when the server said so (`Retry-After`, in seconds).
        retry_after: Option<Duration>,
    },
    /// Nothing, or not everything, came back: whether the server acted is unknown.
    #[error("transport: {0}")]
    Transport(#[source] Arc<dyn std::error::Error + Send + Sync>),
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
    /// The outbox tried a message for the last time. Whether it is stored is unknown; with its muid it may be sent again.
    #[error("given up after {tries} refusals: {last}")]
    GivenUp {
        /// Refusals; times at which the server could not be reached are not counted.
        tries: u32,
        /// The last one.
        last: Box<Self>,
    },
    /// The caller took the message back before it was sent.
    #[error("the message was taken back")]
    Cancelled,
    /// The login ended before the message was sent; a storage that lasts still has it.
    #[error("the login ended before the message was sent")]
    LoggedOut,
    /// So many messages wait to be sent that no other is taken in.
    #[error("{waiting} messages wait in the outbox already")]
    OutboxFull {
        /// How many.
        waiting: usize,
    },
    /// A file to send can't be read, or is not as long as was said.
    #[error("{name} can't be sent: {source}")]
    File {
        /// What it is called.
        name: String,
        /// What failed.
        source: Arc<io::Error>,
    },
    /// The storage failed; what is to be sent is sent all the same.
    #[error("storage: {0}")]
    Storage(#[source] Arc<io::Error>),
    /// What failed before the program was started again, in words.
    #[error("{0}")]
    Earlier(String),
}

impl ClientError {
    pub(crate) fn transport(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Transport(Arc::from(source.into()))
    }

    /// The public error code, when the server gave one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Api { code, .. } if !code.is_empty() => Some(code),
            Self::GivenUp { last, .. } => last.code(),
            _ => None,
        }
    }

    /// Whether the same call may succeed later. A send is safe to repeat only with the same muid.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Api { status, .. } => *status == 429 || *status >= 500,
            Self::Transport(_) | Self::Closed { .. } => true,
            Self::GivenUp { last, .. } => last.is_retryable(),
            _ => false,
        }
    }

    /// Whether the server could not be reached: nothing answered, or something in front of it.
    pub fn is_network(&self) -> bool {
        match self {
            Self::Api { status, code, .. } => *status >= 500 && code.is_empty(),
            Self::Transport(_) | Self::Closed { .. } => true,
            _ => false,
        }
    }

    /// How long to wait before the next try, when the server said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Api { retry_after, .. } => *retry_after,
            Self::GivenUp { last, .. } => last.retry_after(),
            _ => None,
        }
    }

    /// Whether the credential is dead, so that only a new login helps.
    pub fn is_credential_dead(&self) -> bool {
        match self {
            Self::Api { status, code, .. } => *status == 401 || code == "AUTH_ERR_AUTH_TOKEN_NOT_FOUND",
            Self::GivenUp { last, .. } => last.is_credential_dead(),
            _ => false,
        }
    }
}
