//! What clients are told of the app and of where the server is.

use std::net::SocketAddr;

use axum::{
    extract::ConnectInfo,
    http::{HeaderMap, request::Parts, uri::Authority},
};
use halley_contracts::auth::v1::GetAppRequest;
use halley_model::AppSettings;
use serde_json::{Value, json};

use super::moderation;
use crate::{
    RestConfig,
    caller::Context,
    media::FILES_MAX,
    openapi::answer,
    reply::{ApiError, Reply, data},
};
use halley_wire::schema;

/// Port of HTTPS: clients add it where no other is named.
const HTTPS_PORT: &str = "443";
const API_VERSION: &str = "v3.0";

/// Tells what a client must know of the app and the server.
#[utoipa::path(
    get, path = "/settings", tag = "me", operation_id = "get-settings",
    responses((status = 200, body = schema::Data<answer::Settings>))
)]
pub async fn get(context: Context, parts: Parts) -> Reply {
    data(of(&context, &parts).await?)
}

/// The settings of the caller's app, as the host that was asked.
pub async fn of(context: &Context, parts: &Parts) -> Result<Value, ApiError> {
    let request = GetAppRequest { app_id: context.app_id().to_owned() };
    let app = context.auth().get_app(context.request(request)).await?.into_inner().app.unwrap_or_default();
    let host = public_host(&context.config, parts);
    let socket_host = match context.config.public_websocket_host.as_str() {
        "" => host.as_str(),
        given => given,
    };
    let (chat_host, port) = socket_address(socket_host);
    let mut settings = json!({
        "CHAT_HOST": chat_host,
        "CHAT_WSS_PORT": port,
        "CLIENT_API_HOST": host,
        "ADMIN_API_HOST": host,
        "CHAT_API_VERSION": API_VERSION,
        "WS_API_VERSION": API_VERSION,
        "REGION": app.region,
        "MODE": AppSettings::parse(&app.settings_json).mode().word(),
        // Without it clients ping a host that only the vendor has.
        "ANALYTICS_PING_DISABLED": true,
        "extensions": [],
        "flagReasons": moderation::flag_reasons(context).await,
        "parameters": {"file.count.max": FILES_MAX},
    });
    if let Some((label, rest)) = halves(&host) {
        // Clients put the two together with a dot between them, to ask this server how many are in a call.
        settings["WEBRTC_API_SUBDOMAIN"] = label.into();
        settings["WEBRTC_HOST"] = rest.into();
    }
    Ok(settings)
}

/// The host that clients reach: configured, or forwarded by a trusted proxy, or the one of the request.
pub fn public_host(config: &RestConfig, parts: &Parts) -> String {
    if !config.public_host.is_empty() {
        return config.public_host.clone();
    }
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    if peer.is_some_and(|peer| config.is_trusted(peer))
        && let Some(forwarded) = host_in(&parts.headers, "x-forwarded-host")
    {
        return forwarded;
    }
    // HTTP/2 names the host in the address of the request.
    let of_uri = parts.uri.authority().map(ToString::to_string);
    host_in(&parts.headers, "host").or(of_uri).unwrap_or_else(|| "localhost".to_owned())
}

/// The first host of a header, if it is one: it goes into an answer that names where credentials are sent to.
fn host_in(headers: &HeaderMap, name: &str) -> Option<String> {
    let given = headers.get(name)?.to_str().ok()?.split(',').next()?.trim();
    let authority: Authority = given.parse().ok()?;
    // Signs that an authority may hold and no host has would end what it is put into, as a page's policy.
    let is_host = |sign: char| sign.is_ascii_alphanumeric() || ".-_:[]".contains(sign);
    authority.as_str().chars().all(is_host).then(|| authority.to_string())
}

/// A host as clients put it together again, with a dot between the two.
fn halves(host: &str) -> Option<(&str, &str)> {
    host.split_once('.').filter(|_| !host.starts_with('['))
}

/// Clients open `wss://{CHAT_HOST}:{CHAT_WSS_PORT}`, and ask `https://{CHAT_HOST}/api/…` for who is online. So a port of
/// its own stands in CHAT_HOST, with a path behind it that takes the colon.
fn socket_address(host: &str) -> (String, &'static str) {
    let has_port = host.parse::<Authority>().is_ok_and(|authority| authority.port().is_some());
    if has_port { (format!("{host}/ws"), "") } else { (host.to_owned(), HTTPS_PORT) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn parts(headers: &[(&str, &str)], peer: &str) -> Parts {
        let mut request = Request::builder().uri("/v3/settings");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut parts = request.body(()).expect("request").into_parts().0;
        let peer: SocketAddr = peer.parse().expect("address");
        parts.extensions.insert(ConnectInfo(peer));
        parts
    }

    #[test]
    fn the_server_is_named_as_it_was_asked() {
        let config = RestConfig { trusted_proxies: "10.0.0.1".into(), ..RestConfig::default() };
        let headers = [("host", "inner:8080"), ("x-forwarded-host", "chat.example.com, other")];
        assert_eq!(public_host(&config, &parts(&headers, "10.0.0.1:5")), "chat.example.com");
        assert_eq!(public_host(&config, &parts(&headers, "10.0.0.2:5")), "inner:8080");
        assert_eq!(public_host(&config, &parts(&[("host", "u@evil")], "10.0.0.2:5")), "localhost");
        let fixed = RestConfig { public_host: "fixed".into(), ..config };
        assert_eq!(public_host(&fixed, &parts(&headers, "10.0.0.1:5")), "fixed");
    }

    #[test]
    fn a_host_of_one_label_has_no_halves() {
        assert_eq!(halves("chat.example.com:8443"), Some(("chat", "example.com:8443")));
        assert_eq!(halves("127.0.0.1:80"), Some(("127", "0.0.1:80")));
        assert_eq!(halves("localhost:8443"), None);
        assert_eq!(halves("[::ffff:1.2.3.4]:8443"), None);
    }

    #[test]
    fn a_port_of_its_own_stands_in_the_host() {
        assert_eq!(socket_address("h.example"), ("h.example".to_owned(), "443"));
        assert_eq!(socket_address("localhost:8443"), ("localhost:8443/ws".to_owned(), ""));
        assert_eq!(socket_address("[::1]:8443"), ("[::1]:8443/ws".to_owned(), ""));
    }
}
