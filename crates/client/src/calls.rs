//! Typed conveniences over [`crate::ApiClient::call`], one file for each kind of thing.

pub mod conversations;
pub mod groups;
pub mod messages;
pub mod users;

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
