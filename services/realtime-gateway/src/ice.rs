//! Which STUN and TURN servers a device in a call is told. Without any, media finds its way within one network only.
//!
//! TURN servers and this one share a secret, and nothing else: a credential says until when it is good and for whom, and
//! its password is the keyed hash of that (the scheme of `draft-uberti-behave-turn-rest-00`).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::hmac;
use secrecy::ExposeSecret as _;
use serde::Serialize;

use crate::GatewayConfig;

/// As browsers take it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct IceServer {
    /// Addresses.
    pub urls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// For TURN.
    pub username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// For TURN.
    pub credential: Option<String>,
}

/// The servers for a user. `now` is Unix seconds.
pub fn servers(config: &GatewayConfig, uid: &str, now: i64) -> Vec<IceServer> {
    let (stun, turn) = (urls(&config.ice_stun_urls), urls(&config.ice_turn_urls));
    let mut servers = Vec::new();
    if !stun.is_empty() {
        servers.push(IceServer { urls: stun, username: None, credential: None });
    }
    let secret = config.ice_turn_secret.expose_secret();
    if !turn.is_empty() && !secret.is_empty() {
        let until = now.saturating_add(i64::try_from(config.ice_turn_seconds).unwrap_or(i64::MAX));
        let username = format!("{until}:{uid}");
        let credential = credential(secret, &username);
        servers.push(IceServer { urls: turn, username: Some(username), credential: Some(credential) });
    }
    servers
}

fn urls(list: &str) -> Vec<String> {
    list.split(',').map(str::trim).filter(|url| !url.is_empty()).map(ToOwned::to_owned).collect()
}

/// SHA-1 is what TURN servers know; as a keyed hash it holds.
fn credential(secret: &str, username: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
    STANDARD.encode(hmac::sign(&key, username.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_told_where_nothing_is_configured() {
        assert!(servers(&GatewayConfig::default(), "ann", 0).is_empty());
        let turn = GatewayConfig { ice_turn_urls: "turn:t:3478".into(), ..GatewayConfig::default() };
        assert!(servers(&turn, "ann", 0).is_empty(), "a TURN server without a secret lets nobody in");
    }

    #[test]
    fn a_credential_is_for_one_user_and_a_time() {
        let config = GatewayConfig {
            ice_stun_urls: "stun:s:3478, stun:s2:3478,".into(),
            ice_turn_urls: "turns:t:5349".into(),
            ice_turn_secret: "north".into(),
            ice_turn_seconds: 600,
            ..GatewayConfig::default()
        };
        let told = servers(&config, "ann", 1_700_000_000);
        assert_eq!(told[0].urls, ["stun:s:3478", "stun:s2:3478"]);
        assert_eq!((told[1].username.as_deref(), told[0].username.as_deref()), (Some("1700000600:ann"), None));
        let other = servers(&config, "bob", 1_700_000_000);
        assert_ne!(told[1].credential, other[1].credential);
    }

    #[test]
    fn the_hash_is_the_one_that_turn_servers_make() {
        // Test case 2 of RFC 2202.
        assert_eq!(credential("Jefe", "what do ya want for nothing?"), "7/zfauXrL6LSdBbV8YTfnCWafHk=");
    }
}
