//! The pages for browsers: the web chat app under `/chat/` and the operators' dashboard under `/dashboard/`.
//!
//! The files are what `npm run build` in `web/` wrote. A release build has them in the program; other builds read them
//! from `web/*/dist` when they are asked for. Files under `assets/` have the hash of their content in the name.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Request, State as Shared},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{
            ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
            IF_NONE_MATCH, REFERRER_POLICY, VARY,
        },
        request::Parts,
    },
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use halley_model::ErrorCode;
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::{RestConfig, reply::ApiError, routes::public_host, state::State};

#[derive(RustEmbed)]
#[folder = "../../web/chat/dist"]
#[allow_missing = true]
struct Chat;

#[derive(RustEmbed)]
#[folder = "../../web/dashboard/dist"]
#[allow_missing = true]
struct Dashboard;

/// The page of an app, for every address that is not a file: the app reads the address itself.
const PAGE: &str = "index.html";
/// What is under it never changes.
const ASSETS: &str = "assets/";
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";
/// Compressed neighbours of a file, best first: how they end, and what browsers call them.
const COMPRESSED: [(&str, &str); 2] = [("br", "br"), ("gz", "gzip")];
/// The chat app calls with camera and microphone; the dashboard needs neither.
const PERMISSIONS: &str =
    "camera=(self), microphone=(self), display-capture=(self), geolocation=(), payment=(), usb=()";

/// Both apps.
pub fn router(config: &RestConfig) -> Router<Arc<State>> {
    if !config.web {
        return Router::new();
    }
    app::<Chat>("/chat").merge(app::<Dashboard>("/dashboard"))
}

fn app<Files: RustEmbed + 'static>(path: &'static str) -> Router<Arc<State>> {
    let home = format!("{path}/");
    let redirect = Redirect::permanent(&home);
    Router::new()
        .route(path, get(move || async move { redirect }))
        .route(&home, get(page::<Files>))
        .route(&format!("{path}/{{*file}}"), get(file::<Files>))
}

async fn page<Files: RustEmbed>(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    show::<Files>(&state.config, &parts, PAGE)
}

async fn file<Files: RustEmbed>(
    Shared(state): Shared<Arc<State>>,
    Path(file): Path<String>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let is_file = Files::get(&file).is_some() || file.starts_with(ASSETS);
    show::<Files>(&state.config, &parts, if is_file { &file } else { PAGE })
}

fn show<Files: RustEmbed>(config: &RestConfig, parts: &Parts, file: &str) -> Response {
    let Some(plain) = Files::get(file) else {
        return ApiError::code(ErrorCode::ApiNotFound).into_response();
    };
    let (encoding, content) = encoded::<Files>(&parts.headers, file, plain);
    let etag = format!("\"{}\"", hex::encode(content.metadata.sha256_hash()));
    let mut headers = HeaderMap::new();
    let mut put = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    put(CACHE_CONTROL, if file.starts_with(ASSETS) { FOR_EVER } else { ASK_AGAIN });
    put(CONTENT_SECURITY_POLICY, &policy(config, parts));
    put(REFERRER_POLICY, "no-referrer");
    put(HeaderName::from_static("permissions-policy"), PERMISSIONS);
    put(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    put(VARY, "accept-encoding");
    put(ETAG, &etag);
    if parts.headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    if let Some(encoding) = encoding {
        put_encoding(&mut headers, encoding);
    }
    headers.insert(CONTENT_TYPE, kind(file));
    (headers, content.data.into_owned()).into_response()
}

fn put_encoding(headers: &mut HeaderMap, encoding: &'static str) {
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
}

/// The file, or its compressed neighbour if the browser takes one.
fn encoded<Files: RustEmbed>(
    headers: &HeaderMap,
    file: &str,
    plain: EmbeddedFile,
) -> (Option<&'static str>, EmbeddedFile) {
    let taken = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let found = COMPRESSED.into_iter().filter(|(_, name)| takes(taken, name)).find_map(|(ending, name)| {
        let compressed = Files::get(&format!("{file}.{ending}"))?;
        Some((Some(name), compressed))
    });
    found.unwrap_or((None, plain))
}

/// Whether a list of encodings has one that is not refused by a weight of 0.
fn takes(list: &str, name: &str) -> bool {
    list.split(',').any(|entry| {
        let mut words = entry.split(';').map(str::trim);
        words.next() == Some(name) && !words.any(|weight| matches!(weight, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

/// Only our own scripts and styles run, pictures and sound may come from anywhere, and calls go to this server alone.
fn policy(config: &RestConfig, parts: &Parts) -> String {
    let mut servers = String::from("'self'");
    let host = public_host(config, parts);
    let sockets = if config.public_websocket_host.is_empty() { &host } else { &config.public_websocket_host };
    for (schemes, host) in [(["http", "https"], &host), (["ws", "wss"], sockets)] {
        for scheme in schemes {
            servers.push_str(&format!(" {scheme}://{host}"));
        }
    }
    format!(
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob: https: http:; \
         media-src 'self' data: blob: https: http:; font-src 'self'; connect-src {servers}; object-src 'none'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

/// The content type of a file; these are all kinds that the apps are made of.
fn kind(file: &str) -> HeaderValue {
    let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending);
    HeaderValue::from_static(match ending {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().uri("/chat/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).expect("request").into_parts().0
    }

    #[test]
    fn encodings_are_taken_unless_refused() {
        assert!(takes("gzip, deflate, br", "br"));
        assert!(takes("br;q=0.5", "br"));
        assert!(!takes("gzip, br;q=0", "br"));
        assert!(!takes("brotli", "br"));
        assert!(!takes("", "gzip"));
    }

    #[test]
    fn calls_go_to_this_server_and_its_socket_alone() {
        let own = policy(&RestConfig::default(), &parts(&[("host", "chat.example:8080")]));
        assert!(own.contains(
            "connect-src 'self' http://chat.example:8080 https://chat.example:8080 ws://chat.example:8080 wss://chat.example:8080;"
        ));
        assert!(own.contains("script-src 'self';") && own.contains("style-src 'self';"), "{own}");
        let apart = RestConfig { public_websocket_host: "sockets.example".into(), ..RestConfig::default() };
        let policy = policy(&apart, &parts(&[("host", "chat.example")]));
        assert!(policy.contains("ws://sockets.example wss://sockets.example;"), "{policy}");
    }

    #[test]
    fn a_host_that_is_none_does_not_get_into_the_policy() {
        for host in ["a; script-src *", "a;frame-ancestors", "a,b", "a'b"] {
            let policy = policy(&RestConfig::default(), &parts(&[("host", host)]));
            assert!(!policy.contains(host) && policy.contains("frame-ancestors 'none'"), "{policy}");
        }
    }
}
