//! Typed conveniences over [`crate::ApiClient::call`], one file for each kind of thing.

pub mod conversations;
pub mod groups;
pub mod messages;
pub mod push;
pub mod ringing;
pub mod threads;
pub mod users;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::ClientError;

/// What became of each item of a call about several, by its id.
pub type Fates = BTreeMap<String, Result<(), ClientError>>;

/// Reads what became of each item.
pub(crate) fn fates(answer: &Value) -> Fates {
    let entries = answer.as_object().into_iter().flatten();
    entries.map(|(id, fate)| (id.clone(), fate_of(fate))).collect()
}

fn fate_of(fate: &Value) -> Result<(), ClientError> {
    if fate["success"] != false {
        return Ok(());
    }
    let error = &fate["error"];
    let message = error["message"].as_str().or_else(|| fate["message"].as_str()).unwrap_or("it was not done");
    Err(ClientError::Api {
        status: 400,
        code: error["code"].as_str().unwrap_or_default().to_owned(),
        message: message.to_owned(),
        details: error.get("details").cloned(),
        retry_after: None,
    })
}

/// Escapes one segment of a path, so that an id with a slash or an emoji stays one segment.
pub(crate) fn segment(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// `/users/{uid}` or `/groups/{guid}`.
pub(crate) fn peer_path(peer: &crate::Receiver) -> String {
    format!("/{}s/{}", peer.receiver_type(), segment(peer.id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_never_becomes_two() {
        assert_eq!(segment("ann-1_x"), "ann-1_x");
        assert_eq!(segment("a/b?c"), "a%2Fb%3Fc");
        assert_eq!(segment("👍"), "%F0%9F%91%8D");
        assert_eq!(peer_path(&crate::Receiver::group("g 1")), "/groups/g%201");
    }
}
