//! The settings of a gateway node.

use secrecy::SecretString;
use serde::Deserialize;

/// Section `[gateway]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayConfig {
    /// Seconds a new socket has to authenticate.
    pub auth_timeout_seconds: u64,
    /// Seconds of silence after which a socket is taken for dead. Clients ping every 15 s; one that an app keeps in the
    /// background may leave 30 s between two pings.
    pub silence_timeout_seconds: u64,
    /// Most bytes that may wait for one slow socket before it is closed.
    pub socket_queue_bytes: usize,
    /// Largest frame a client may send, in bytes.
    pub max_frame_bytes: usize,
    /// Most sockets of this node.
    pub max_sockets: usize,
    /// Seconds that the sockets of a stopping node are closed over, so that clients don't return all at once.
    pub drain_seconds: u64,
    /// Seconds after which the users of a node that died count as offline.
    pub lease_seconds: u64,
    /// Milliseconds that a user without a socket still counts as online: who comes to another node meanwhile never went.
    pub offline_grace_ms: u64,
    /// Frames of presence that the sockets of one app on this node get a second; what is more comes later. One costs some
    /// 10 µs of a core.
    pub presence_frames_per_second: u32,
    /// Seconds after which a user who is not heard of any more has stopped typing. A client that says again that it goes on
    /// is passed on at most four times in that time. As long as a silent socket lives, or longer: then the end of the socket ends it, and this only what a
    /// node that died left behind.
    pub typing_timeout_seconds: u64,
    /// Addresses of STUN servers that devices in a call are told, separated by commas.
    pub ice_stun_urls: String,
    /// Addresses of TURN servers, which know `ice_turn_secret`.
    pub ice_turn_urls: String,
    /// What credentials for the TURN servers are made from; empty: none is told.
    pub ice_turn_secret: SecretString,
    /// Seconds for which such a credential is good.
    pub ice_turn_seconds: u64,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            auth_timeout_seconds: 10,
            silence_timeout_seconds: 40,
            socket_queue_bytes: 1024 * 1024,
            max_frame_bytes: 64 * 1024,
            max_sockets: 100_000,
            drain_seconds: 2,
            lease_seconds: 15,
            offline_grace_ms: 500,
            presence_frames_per_second: 50_000,
            typing_timeout_seconds: 40,
            ice_stun_urls: String::new(),
            ice_turn_urls: String::new(),
            ice_turn_secret: SecretString::default(),
            ice_turn_seconds: 86_400,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds between two pings of an app that keeps its socket in the background.
    const BACKGROUND_PING: u64 = 30;

    #[test]
    fn the_defaults_keep_a_socket_in_the_background_and_end_typing_with_a_dead_one() {
        let config = GatewayConfig::default();
        assert!(config.silence_timeout_seconds >= BACKGROUND_PING + 5, "a ping may be late");
        assert!(config.typing_timeout_seconds >= config.silence_timeout_seconds);
        assert_eq!(config.auth_timeout_seconds, 10);
    }
}
