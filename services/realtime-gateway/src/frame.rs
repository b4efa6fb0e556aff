//! Frames of the client protocol: JSON objects as text, in both directions. Those of calls are in [`calls`].

pub mod calls;

mod read;
mod write;

pub use read::{AuthFrame, ClientFrame, ReceiptFrame, SendFrame, Signal, SignalFrame, decode};
pub use write::{conversation_changed, conversation_left, encode, hint, message_changed, refused, resumed, sent};

/// Clients compare both words literally; anything else starts no keepalive.
pub const AUTH_OK: &str = r#"{"type":"auth","body":{"code":"200","status":"OK"}}"#;
/// Another form of the answer is not accepted.
pub const PONG: &str = r#"{"action":"pong"}"#;
