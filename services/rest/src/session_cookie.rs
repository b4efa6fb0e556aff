//! The cookie of an operator's session, and what keeps other sites from using it.
//!
//! Browsers send a cookie by themselves, so a call that changes something must show more: the header `x-csrf-token`, which
//! only a page of this origin can know, and no sign that another site made the call. The cookie is `SameSite=Strict`
//! besides, and the API's answers are readable from elsewhere only where no cookie was sent.

use axum::http::{
    HeaderMap, HeaderValue, Method,
    header::{COOKIE, ORIGIN},
    request::Parts,
};
use halley_kit::PublicError;
use halley_model::ErrorCode;
use ring::hmac;

use crate::{RestConfig, caller::header, reply::ApiError, routes::public_host, tls::OverTls};

const NAME: &str = "halley_session";
/// Over TLS: browsers take a cookie of such a name from this host alone, so that no neighbour of it can set another session.
const SECURE_NAME: &str = "__Host-halley_session";
const TOKEN_HEADER: &str = "x-csrf-token";
/// What tells the token of a session from its value.
const CONTEXT: &[u8] = b"halley csrf v1";

/// The session's token that a request brings along.
pub fn token(parts: &Parts) -> Option<&str> {
    // An origin may be another site's, which is told so elsewhere.
    let plain = || if is_told_tls(parts) { None } else { cookie(&parts.headers, NAME) };
    cookie(&parts.headers, SECURE_NAME).or_else(plain)
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let given = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = given.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(given, _)| *given == name).map(|(_, value)| value).find(|value| !value.is_empty())
}

fn csrf_key(session_token: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, session_token.as_bytes())
}

/// What calls by a session have to show. It follows from the session's token, which no script can read.
pub fn csrf_token(session_token: &str) -> String {
    hex::encode(hmac::sign(&csrf_key(session_token), CONTEXT))
}

/// Whether calls of a method change nothing.
pub fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Refuses a call by cookie that changes something and may be another site's.
pub fn check(config: &RestConfig, parts: &Parts, session_token: &str) -> Result<(), ApiError> {
    if is_safe(&parts.method) {
        return Ok(());
    }
    check_origin(config, parts)?;
    let given = header(&parts.headers, TOKEN_HEADER).and_then(|text| hex::decode(text).ok()).unwrap_or_default();
    // Compares in constant time.
    match hmac::verify(&csrf_key(session_token), CONTEXT, &given) {
        Ok(()) => Ok(()),
        Err(_) => Err(refused("The header x-csrf-token is missing, or is not that of the session.")),
    }
}

/// Refuses a call that says of itself that another site made it.
pub fn check_origin(config: &RestConfig, parts: &Parts) -> Result<(), ApiError> {
    let foreign =
        || refused("The call comes from another site. Is rest.public_host or rest.trusted_proxies to be set?");
    if parts.headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin") {
        return Err(foreign());
    }
    let Some(origin) = parts.headers.get(ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    let asked = header(&parts.headers, "host").or(parts.uri.authority().map(http::uri::Authority::as_str));
    let public = public_host(config, parts);
    let is_own =
        |host: &str| [asked, Some(public.as_str())].into_iter().flatten().any(|own| own.eq_ignore_ascii_case(host));
    if origin.is_some_and(is_own) { Ok(()) } else { Err(foreign()) }
}

fn refused(text: &str) -> ApiError {
    PublicError::new(ErrorCode::CrossSite, text).into()
}

/// Hands a session's token to the browser, for so many seconds.
pub fn set(parts: &Parts, session_token: &str, seconds: i64) -> Option<HeaderValue> {
    let (name, secure) = if is_over_tls(parts) { (SECURE_NAME, "; Secure") } else { (NAME, "") };
    let cookie = format!("{name}={session_token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::from_str(&cookie).ok()
}

/// Takes it back.
pub fn clear(parts: &Parts) -> Option<HeaderValue> {
    set(parts, "", 0)
}

/// Whether the browser speaks TLS, to this process or to a proxy before it. Who only says so keeps a cookie from no one but
/// themselves, so any proxy is believed, and so is the browser's own word of where its page is from.
fn is_over_tls(parts: &Parts) -> bool {
    is_told_tls(parts) || header(&parts.headers, "origin").is_some_and(|origin| origin.starts_with("https://"))
}

fn is_told_tls(parts: &Parts) -> bool {
    let is_forwarded = header(&parts.headers, "x-forwarded-proto").is_some_and(|scheme| scheme == "https");
    parts.extensions.get::<OverTls>().is_some() || is_forwarded
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn parts(method: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri("/v3/apps");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).expect("request").into_parts().0
    }

    fn code(answer: Result<(), ApiError>) -> Option<ErrorCode> {
        answer.err().map(|error| error.0.code)
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let of = |cookie: &str| token(&parts("GET", &[("cookie", cookie)])).map(ToOwned::to_owned);
        assert_eq!(of("halley_session=abc").as_deref(), Some("abc"));
        assert_eq!(of("a=b; halley_session=abc;c=d").as_deref(), Some("abc"));
        for other in ["", "halley_session=", "xhalley_session=abc", "halley_session", "halley_sessions=abc"] {
            assert_eq!(of(other), None, "{other}");
        }
        assert_eq!(of("halley_session=plain; __Host-halley_session=abc").as_deref(), Some("abc"));
        // Over TLS the plain one may be another's.
        let over_tls = |cookie| token(&parts("GET", &[("cookie", cookie), ("x-forwarded-proto", "https")])).is_some();
        assert!(over_tls("__Host-halley_session=abc") && !over_tls("halley_session=abc"));
    }

    #[test]
    fn what_changes_something_needs_the_token_of_its_session() {
        let config = RestConfig::default();
        let token = csrf_token("session");
        let check =
            |method: &str, given: &str| code(check(&config, &parts(method, &[("x-csrf-token", given)]), "session"));
        assert_eq!(check("POST", &token), None);
        for wrong in ["", "session", &csrf_token("another"), &token[1..], &token[..62]] {
            for method in ["POST", "PUT", "PATCH", "DELETE"] {
                assert_eq!(check(method, wrong), Some(ErrorCode::CrossSite), "{method} {wrong}");
            }
            assert_eq!(check("GET", wrong), None);
        }
    }

    #[test]
    fn other_sites_are_refused() {
        let config = RestConfig { public_host: "chat.example.com".into(), ..RestConfig::default() };
        let origin = |headers: &[(&str, &str)]| {
            let all: Vec<_> = headers.iter().copied().chain([("host", "inner:8080")]).collect();
            code(check_origin(&config, &parts("POST", &all)))
        };
        for own in ["https://chat.example.com", "http://inner:8080", "http://INNER:8080"] {
            assert_eq!(origin(&[("origin", own)]), None, "{own}");
        }
        assert_eq!(origin(&[("sec-fetch-site", "same-origin")]), None);
        assert_eq!(origin(&[]), None);
        for foreign in ["https://evil.example", "null", "", "http://inner", "https://chat.example.com.evil.example"] {
            assert_eq!(origin(&[("origin", foreign)]), Some(ErrorCode::CrossSite), "{foreign}");
        }
        for site in ["cross-site", "same-site", "none", ""] {
            let both = [("sec-fetch-site", site), ("origin", "http://inner:8080")];
            assert_eq!(origin(&both), Some(ErrorCode::CrossSite), "{site}");
        }
    }

    #[test]
    fn a_cookie_is_for_this_host_alone_and_over_tls_for_tls_alone() {
        let plain = "halley_session=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Strict";
        let mut direct = parts("POST", &[("origin", "http://chat.example")]);
        assert_eq!(set(&direct, "abc", 60).expect("a header"), plain);
        let secure = format!("__Host-{plain}; Secure");
        for told in [("x-forwarded-proto", "https"), ("origin", "https://chat.example")] {
            assert_eq!(set(&parts("POST", &[told]), "abc", 60).expect("a header"), secure);
        }
        direct.extensions.insert(OverTls);
        assert_eq!(set(&direct, "abc", 60).expect("a header"), secure);
    }
}
