//! Why the server closes a socket. Codes from 4000 to 4099 say "come back", from 4100 "not with this credential".

use axum::extract::ws::{CloseFrame, Message};

/// A reason with its close code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// The node stops: reconnect.
    GoingAway,
    /// Live events were lost: reconnect and fetch what was missed.
    Resync,
    /// The socket took too long to read: reconnect and fetch what was missed.
    Slow,
    /// Nothing was heard for too long.
    Silent,
    /// The node has as many sockets as it may.
    Full,
    /// No valid auth frame in time.
    NotAuthenticated,
    /// The session is not valid, or not any more.
    Revoked,
    /// A service behind the gateway can't be reached: try again.
    Unavailable,
}

impl Close {
    /// The WebSocket close code.
    pub fn code(self) -> u16 {
        match self {
            Self::GoingAway => 1001,
            Self::Resync => 4000,
            Self::Slow => 4001,
            Self::Silent => 4002,
            Self::Full | Self::Unavailable => 1013,
            Self::NotAuthenticated => 4100,
            Self::Revoked => 4101,
        }
    }

    fn reason(self) -> &'static str {
        match self {
            Self::GoingAway => "going away: reconnect",
            Self::Resync => "events were lost: reconnect and sync",
            Self::Slow => "too slow: reconnect and sync",
            Self::Silent => "silent for too long",
            Self::Full => "the node is full: try again later",
            Self::Unavailable => "not available: try again later",
            Self::NotAuthenticated => "not authenticated",
            Self::Revoked => "the session has ended",
        }
    }

    /// Whether all sockets of the node get it at about the same time, and come back.
    pub fn is_for_many(self) -> bool {
        matches!(self, Self::GoingAway | Self::Resync)
    }

    /// As a frame.
    pub fn message(self) -> Message {
        Message::Close(Some(CloseFrame { code: self.code(), reason: self.reason().into() }))
    }
}
