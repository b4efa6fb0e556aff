//! A strict client of the protocol: it sends what existing clients send, with their headers and noise, and takes an answer without
//! what they need for a hang, which names what is missing.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, bail, ensure};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    shapes::{self, Shape, at},
    socket::{Address, Socket},
    stage::{Ground, Stage},
};

mod calls;
mod files;
pub mod lists;

pub use calls::session;

pub const SDK: &str = "javascript@4.2.0";
/// Where the page is: never the server's own host.
pub const PAGE: &str = "https://page.example";
pub const AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
const API_VERSION: &str = "v3.0";

/// Why a call did not end well.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The promise rejects with this error object.
    #[error("{call} is refused: {error}")]
    Rejected { call: String, error: Value },
    /// The promise never settles.
    #[error("{call} HANGS: {what}")]
    Hang { call: String, what: String },
}

/// What a call answers.
pub type Call = Result<Value, Fault>;

/// The code of a refusal; anything else is a fault.
pub fn code(call: Call) -> anyhow::Result<String> {
    match call {
        Err(Fault::Rejected { error, .. }) => Ok(error["code"].as_str().unwrap_or_default().to_owned()),
        Err(hang) => Err(hang.into()),
        Ok(answer) => bail!("must be refused, answers {answer}"),
    }
}

/// Whose presence a socket asks for.
#[derive(Clone)]
pub enum Presence {
    Nobody,
    AllUsers,
    Friends,
    Roles(Vec<String>),
}

/// Whom a message or signal is for.
#[derive(Clone, Debug)]
pub struct To {
    pub kind: &'static str,
    pub id: String,
}

pub fn user(uid: &str) -> To {
    To { kind: "user", id: uid.to_owned() }
}

pub fn group(guid: &str) -> To {
    To { kind: "group", id: guid.to_owned() }
}

impl To {
    /// The first part of paths about it.
    pub fn path(&self) -> String {
        format!("/{}s/{}", self.kind, segment(&self.id))
    }
}

/// One segment of a path.
pub fn segment(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// A query of these pairs.
pub fn query(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", segment(name), segment(value))).collect();
    pairs.join("&")
}

/// A device of somebody.
pub struct Client {
    pub stage: Stage,
    pub device_id: String,
    /// Base of calls with the auth key.
    pub admin: String,
    /// Base of calls of a user.
    pub base: String,
    pub token: String,
    pub jwt: String,
    pub settings: Value,
    /// The logged-in user as the login told.
    pub me: Value,
    socket: Option<Socket>,
}

impl Client {
    /// Sends nothing. Both overrides name the host of a node's side, without a scheme.
    pub fn init(stage: Stage, node: usize) -> Self {
        let hosts = &stage.ground.hosts;
        let base = format!("https://{}/{API_VERSION}", hosts[node % hosts.len()]);
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let device_id = format!("WEB-4_2_0-{}-{}", uuid::Uuid::new_v4(), since.as_millis());
        let (token, jwt) = (String::new(), String::new());
        let (settings, me) = (Value::Null, Value::Null);
        Self { stage, device_id, admin: base.clone(), base, token, jwt, settings, me, socket: None }
    }

    pub fn uid(&self) -> &str {
        self.me["uid"].as_str().unwrap_or_default()
    }

    pub fn to(&self) -> To {
        user(self.uid())
    }

    pub fn socket(&self) -> &Socket {
        self.socket.as_ref().unwrap_or_else(|| panic!("{} has no socket", self.uid()))
    }

    pub fn ground(&self) -> &Ground {
        &self.stage.ground
    }

    /// What both steps of a login tell of the device.
    pub fn device_body(&self) -> Value {
        json!({"platform": "WEB", "deviceId": self.device_id,
            "appInfo": {"version": "4.2.0", "apiVersion": API_VERSION, "userAgent": AGENT}})
    }

    /// The first step of a login by uid.
    pub async fn auth_token(&self, uid: &str, auth_key: &str) -> Call {
        let url = format!("{}/users/{}/auth_tokens", self.admin, segment(uid));
        let shape = |data: &Value| {
            let has = |key: &str| !at(data, key).is_null();
            let missing = ["uid", "authToken", "createdAt"].into_iter().find(|key| !has(key));
            missing.map_or(Ok(()), |key| Err(format!("{key} is missing")))
        };
        let answer = self.send("POST", &url, &[("apikey", auth_key)], Some(self.device_body())).await?;
        checked(&format!("POST {url}"), answer["data"].clone(), shape)
    }

    /// Logs in by uid with the app's auth key.
    pub async fn login(&mut self, uid: &str) -> anyhow::Result<()> {
        let auth_key = self.stage.app.auth_key.clone();
        let token = self.auth_token(uid, &auth_key).await?;
        ensure!(token["uid"] == uid, "the token is {uid}'s: {token}");
        let token = token["authToken"].as_str().context("authToken is a text")?.to_owned();
        self.login_with(&token).await
    }

    /// Logs in with an auth token, and goes from then on where the settings say.
    pub async fn login_with(&mut self, token: &str) -> anyhow::Result<()> {
        self.token = token.to_owned();
        let me = self.data("PUT", "/me", Some(self.device_body()), shapes::login).await?;
        ensure!(me["authToken"] == token, "PUT /me echoes the token");
        self.settings = match me.get("settings") {
            Some(inline) => inline.clone(),
            None => self.data("GET", "/settings", None, shapes::settings).await?,
        };
        shapes::settings(&self.settings).map_err(|fault| anyhow::anyhow!("settings HANG: {fault}"))?;
        let text = |key: &str| self.settings[key].as_str().unwrap_or("undefined");
        let version = text("CHAT_API_VERSION");
        (self.admin, self.base) = (
            format!("https://{}/{version}", text("ADMIN_API_HOST")),
            format!("https://{}/{version}", text("CLIENT_API_HOST")),
        );
        self.jwt = me["jwt"].as_str().context("jwt")?.to_owned();
        self.me = me;
        Ok(())
    }

    /// Where the settings say that the socket is.
    pub fn socket_url(&self) -> String {
        let text = |key: &str| self.settings[key].as_str().filter(|text| !text.is_empty());
        let host = text("CHAT_HOST_APP_SPECIFIC").or(text("CHAT_HOST_OVERRIDE")).or(text("CHAT_HOST"));
        let port = &self.settings["CHAT_WSS_PORT"];
        let port = port.as_str().map_or_else(|| port.to_string(), ToOwned::to_owned);
        format!("wss://{}:{port}", host.unwrap_or("undefined"))
    }

    /// Opens a socket and sends the first frame; what comes of it is for the caller to hear.
    pub async fn open(&self, presence: &Presence, jwt: &str) -> anyhow::Result<Socket> {
        let url = self.socket_url();
        let address = Address { url: &url, tls: Arc::clone(&self.ground().tls), device_id: &self.device_id };
        let socket = Socket::open(address).await?;
        let mut body = json!({"auth": jwt, "deviceId": self.device_id, "params": {
            "appInfo": {"version": "4.2.0", "apiVersion": API_VERSION, "origin": PAGE, "uts": 0},
            "userAgent": AGENT, "deviceId": self.device_id, "platform": "javascript"}});
        match presence {
            Presence::Nobody => {}
            Presence::AllUsers => body["presenceSubscription"] = json!("ALL_USERS"),
            Presence::Friends => body["presenceSubscription"] = json!("FRIENDS"),
            Presence::Roles(roles) => {
                body["presenceSubscription"] = json!("ROLES");
                body["roles"] = json!(roles);
            }
        }
        let frame = json!({"appId": self.stage.app.id, "deviceId": self.device_id, "type": "auth",
            "sender": self.uid(), "body": body});
        socket.send(&frame).await?;
        Ok(socket)
    }

    /// Opens the socket and waits for the answer that begins the keepalive.
    pub async fn connect(&mut self, presence: Presence) -> anyhow::Result<()> {
        let socket = self.open(&presence, &self.jwt).await?;
        socket.hears("authenticated", |_| true).await?;
        self.socket = Some(socket);
        Ok(())
    }

    /// Closes the socket as a logout or `disconnect` does.
    pub async fn disconnect(&mut self) -> anyhow::Result<()> {
        let socket = self.socket.take().context("a socket")?;
        socket.close().await
    }

    /// Sends a frame of a kind to somebody.
    pub async fn signal(&self, kind: &str, to: &To, body: Value) -> anyhow::Result<()> {
        self.signal_with(kind, to, body, Value::Null).await
    }

    async fn signal_with(&self, kind: &str, to: &To, mut body: Value, sender: Value) -> anyhow::Result<()> {
        body["user"] = self.me.clone();
        let mut frame = json!({"appId": self.stage.app.id, "type": kind, "sender": self.uid(), "receiver": to.id,
            "receiverType": to.kind, "deviceId": self.device_id, "body": body});
        if !sender.is_null() {
            frame["messageSender"] = sender;
        }
        self.socket().send(&frame).await
    }

    pub async fn types(&self, to: &To, action: &str) -> anyhow::Result<()> {
        self.signal("typing_indicator", to, json!({"action": action, "metadata": {"mood": "calm"}})).await
    }

    /// `markAsDelivered` or `markAsRead`. To a user the receiver is the message's sender.
    pub async fn receipt(&self, message: &Value, action: &str) -> anyhow::Result<()> {
        let to = match message["receiverType"] == "group" {
            true => group(message["receiver"].as_str().unwrap_or_default()),
            false => user(message["sender"].as_str().unwrap_or_default()),
        };
        let body = json!({"action": action, "messageId": message["id"]});
        self.signal_with("receipts", &to, body, message["sender"].clone()).await
    }

    /// A user's call; answers `data`, which must have this shape.
    pub async fn data(&self, method: &str, path: &str, body: Option<Value>, shape: impl Fn(&Value) -> Shape) -> Call {
        let answer = self.call(method, path, body).await?;
        checked(&format!("{method} {path}"), answer["data"].clone(), shape)
    }

    /// A user's call; answers the whole envelope.
    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Call {
        self.send(method, &format!("{}{path}", self.base), &[("authtoken", &self.token)], body).await
    }

    /// Any call, with leave asked before it as browsers do.
    pub async fn send(&self, method: &str, url: &str, credential: &[(&str, &str)], body: Option<Value>) -> Call {
        let call = format!("{method} {url}");
        let hang = |what: String| Fault::Hang { call: call.clone(), what };
        self.preflight(method, url, credential).await.map_err(|fault| hang(format!("FAILED_TO_FETCH: {fault}")))?;
        let verb = Method::from_bytes(method.as_bytes()).map_err(|fault| hang(fault.to_string()))?;
        let mut request = self.ground().http.request(verb, url);
        for (name, value) in self.headers().iter().chain(credential) {
            request = request.header(*name, *value);
        }
        request = request.header("content-type", "application/json").header("origin", PAGE);
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let response = request.send().await.map_err(|fault| hang(format!("FAILED_TO_FETCH: {fault:?}")))?;
        settled(&call, response).await
    }

    /// What every call has, whoever makes it.
    pub fn headers(&self) -> [(&str, &str); 5] {
        [
            ("accept", "application/json"),
            ("appid", &self.stage.app.id),
            ("resource", &self.device_id),
            ("sdk", SDK),
            ("user-agent", AGENT),
        ]
    }

    /// Asks leave once for each kind of call: what browsers ask is answered alike for all ids.
    async fn preflight(&self, method: &str, url: &str, credential: &[(&str, &str)]) -> anyhow::Result<()> {
        let path = url.splitn(4, '/').nth(3).unwrap_or_default();
        let path = path.split('?').next().unwrap_or_default();
        let first = path.split('/').nth(1).unwrap_or_default();
        let last = path.rsplit('/').next().unwrap_or_default();
        let kind = format!("{method} {first} {} {}", path.split('/').count(), last.len() < 12);
        let is_new = self.ground().preflights.lock().map(|mut known| known.insert(kind)).unwrap_or(true);
        if !is_new {
            return Ok(());
        }
        let mut names = vec!["accept", "appid", "content-type", "resource", "sdk"];
        names.extend(credential.iter().map(|(name, _)| *name));
        self.may(method, url, &names).await
    }

    /// Asks as a browser whether a page may make a call with these headers.
    pub async fn may(&self, method: &str, url: &str, names: &[&str]) -> anyhow::Result<()> {
        let request = self.ground().http.request(Method::OPTIONS, url).header("origin", PAGE);
        let request = request.header("access-control-request-method", method);
        let response = request.header("access-control-request-headers", names.join(",")).send().await?;
        ensure!(response.status().is_success(), "OPTIONS {url}: {}", response.status());
        allowed_origin(&response)?;
        let listed = |name: &str| -> Vec<String> {
            let values = response.headers().get_all(name).iter();
            let values = values.flat_map(|value| value.to_str().unwrap_or_default().split(','));
            values.map(|value| value.trim().to_ascii_lowercase()).collect()
        };
        let methods = listed("access-control-allow-methods");
        ensure!(methods.contains(&method.to_ascii_lowercase()), "OPTIONS {url}: {method} is none of {methods:?}");
        let headers = listed("access-control-allow-headers");
        // A star would not stand for `authorization`.
        let missing = names.iter().find(|name| !headers.contains(&(**name).to_owned()));
        ensure!(missing.is_none(), "OPTIONS {url}: {missing:?} is none of {headers:?}");
        Ok(())
    }
}

/// The page may read the answer.
pub fn allowed_origin(response: &Response) -> anyhow::Result<()> {
    let origin = response.headers().get("access-control-allow-origin").and_then(|value| value.to_str().ok());
    ensure!(origin == Some("*") || origin == Some(PAGE), "Access-Control-Allow-Origin is {origin:?}");
    Ok(())
}

/// How a promise settles by an answer, if it does.
pub async fn settled(call: &str, response: Response) -> Call {
    let hang = |what: String| Fault::Hang { call: call.to_owned(), what };
    allowed_origin(&response).map_err(|fault| hang(format!("FAILED_TO_FETCH: {fault}")))?;
    let status = response.status();
    let text = response.text().await.map_err(|fault| hang(fault.to_string()))?;
    let body: Value = serde_json::from_str(&text).map_err(|_| hang(format!("{status}: not JSON: {text:.200}")))?;
    if let Some(error) = body.get("error") {
        let is_whole = error["code"].is_string() && error["message"].is_string();
        if !is_whole || status.is_success() {
            return Err(hang(format!("{status}: an error that is none: {text:.300}")));
        }
        return Err(Fault::Rejected { call: call.to_owned(), error: error.clone() });
    }
    if body.get("data").is_none() || status != StatusCode::OK {
        return Err(hang(format!("{status}: neither data nor error: {text:.300}")));
    }
    Ok(body)
}

/// `data` if it has the shape.
pub fn checked(call: &str, data: Value, shape: impl Fn(&Value) -> Shape) -> Call {
    match shape(&data) {
        Ok(()) => Ok(data),
        Err(what) => {
            let shown: String = data.to_string().chars().take(1200).collect();
            Err(Fault::Hang { call: call.to_owned(), what: format!("{what} in {shown}") })
        }
    }
}
