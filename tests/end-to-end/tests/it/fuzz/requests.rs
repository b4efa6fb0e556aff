//! Requests over HTTP: every operation, with who may call it, and something wrong in its path, query, headers or body.

use std::time::Duration;

use halley_client::{Server, SocketOptions};
use halley_testkit::{mutate, platform::Platform};
use rand::{RngExt as _, rngs::StdRng};
use reqwest::{Client, Method, header::HeaderValue};
use serde_json::{Value, json};

use crate::{
    endpoints::probe::App,
    operations::{OPERATIONS, Operation},
};

/// Requests of one throw, all at once.
const AT_ONCE: usize = 8;
/// Ends what the scene is made of: these are thrown at others.
const SPARED: &[&str] = &["delete-app", "create-app", "add-tenant", "flush-authtokens", "delete-apikey"];
/// What clients call besides the table.
const CLIENTS: &[(&str, &str)] = &[
    ("PUT", "/me"),
    ("GET", "/me"),
    ("POST", "/blockedusers"),
    ("DELETE", "/blockedusers"),
    ("PUT", "/groups/{guid}/members"),
    ("DELETE", "/groups/{guid}/members"),
    ("PATCH", "/groups/{guid}/owner"),
    ("POST", "/calls"),
    ("PUT", "/calls/{sessionId}"),
    ("GET", "/settings"),
    ("GET", "/users/{uid}/threads"),
    ("POST", "/user_sessions"),
];
const QUERIES: &[&str] = &[
    "limit",
    "per_page",
    "perPage",
    "page",
    "id",
    "affix",
    "sentAt",
    "updatedAt",
    "cursor",
    "searchKey",
    "tags",
    "count",
    "unread",
    "categories",
    "types",
    "sortBy",
    "sortOrder",
    "status",
    "withTags",
    "createdAt[from]",
    "membersCount[gte]",
    "fromDate",
    "toDate",
    "uids",
    "direction",
    "conversationType",
    "saved",
    "pinned",
    "mentionedUids",
];

/// An app with something in it, and who calls.
pub struct Scene {
    http: Client,
    app: App,
    token: String,
    options: SocketOptions,
    guid: String,
    message: String,
}

impl Scene {
    pub async fn new(platform: &Platform, app: &App) -> Self {
        for uid in ["ann", "bob"] {
            app.done("create-user", &[], None, json!({"uid": uid, "name": uid})).await;
        }
        let token = app.done("create-authtoken", &["ann"], None, json!({"force": true})).await;
        let token = token["authToken"].as_str().expect("a token").to_owned();
        let group =
            json!({"guid": "room", "name": "Room", "type": "public", "members": {"participants": ["ann", "bob"]}});
        app.done("create-group", &[], None, group).await;
        let text = json!({"receiver": "bob", "receiverType": "user", "category": "message", "type": "text",
            "data": {"text": "hi"}});
        let sent = app.done("send-message", &[], Some("ann"), text).await;
        let server = Server::new(&platform.rest, &app.id).expect("server").with_websocket(&platform.websockets[0]);
        let api = server.as_user(&token);
        let options = api.socket_options(&api.login().await.expect("log in")).expect("options");
        Self {
            http: Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().expect("a client"),
            app: app.clone(),
            token,
            options,
            guid: "room".to_owned(),
            message: sent["id"].as_str().expect("an id").to_owned(),
        }
    }

    /// The first frame of a socket.
    pub fn auth_frame(&self) -> String {
        json!({"appId": self.app.id, "deviceId": "d", "type": "auth", "sender": "ann",
            "body": {"auth": self.options.jwt, "deviceId": "d"}})
        .to_string()
    }

    /// Puts what there is in place of the corpus's words for it.
    pub fn fill(&self, value: &mut Value) {
        match value {
            Value::String(text) => match text.as_str() {
                "$app" => self.app.id.clone_into(text),
                "$jwt" => self.options.jwt.clone_into(text),
                "$message" => self.message.clone_into(text),
                "$guid" => self.guid.clone_into(text),
                _ => {}
            },
            Value::Array(list) => list.iter_mut().for_each(|inner| self.fill(inner)),
            Value::Object(map) => map.values_mut().for_each(|inner| self.fill(inner)),
            _ => {}
        }
    }

    /// Asks with full access; `None` for anything but a success.
    pub async fn get(&self, path: &str) -> Option<Value> {
        let request = self.http.get(format!("{}/v3{path}", self.app.rest));
        let request = request.header("appid", &self.app.id).header("apikey", &self.app.key);
        let answer = request.send().await.ok()?;
        if answer.status().is_success() { answer.json().await.ok() } else { None }
    }

    /// Throws some requests; answers how many, and notes what is wrong with the answers.
    pub async fn throw(&self, random: &mut StdRng, faults: &mut Vec<String>) -> usize {
        let requests: Vec<(String, reqwest::RequestBuilder)> = (0..AT_ONCE).map(|_| self.request(random)).collect();
        let send = async |(name, request): (String, reqwest::RequestBuilder)| match request.send().await {
            Ok(answer) if answer.status().is_server_error() => {
                let status = answer.status();
                Some(format!("{name}: {status} {}", answer.text().await.unwrap_or_default()))
            }
            // What reqwest itself can't send is none of the server's.
            Err(error) if error.is_timeout() || error.is_connect() => Some(format!("{name}: {error}")),
            _ => None,
        };
        faults.extend(futures::future::join_all(requests.into_iter().map(send)).await.into_iter().flatten());
        AT_ONCE
    }

    fn request(&self, random: &mut StdRng) -> (String, reqwest::RequestBuilder) {
        let operations: Vec<&Operation> = OPERATIONS.iter().filter(|one| !SPARED.contains(&one.id)).collect();
        let operation = operations[random.random_range(0..operations.len())];
        let (method, path) = match random.random_range(0..8) {
            0 => CLIENTS[random.random_range(0..CLIENTS.len())],
            _ => (operation.method, operation.path),
        };
        let target = self.target(random, path);
        let name = format!("{method} {}", target.chars().take(300).collect::<String>());
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.http.request(method, format!("{}/v3{target}", self.app.rest));
        if random.random_bool(0.5) {
            request = request.header("appid", &self.app.id).header("authtoken", &self.token);
        } else {
            let acting = random.random_bool(0.7).then_some("ann");
            for (name, value) in self.app.headers(operation, acting) {
                request = request.header(name, value);
            }
        }
        for known in ["resource", "x-odd", "accept", "range", "if-none-match"] {
            if random.random_bool(0.05)
                && let Ok(value) = HeaderValue::from_bytes(&mutate::bytes(random, &json!("v")))
            {
                request = request.header(known, value);
            }
        }
        (name, self.with_body(random, request))
    }

    fn target(&self, random: &mut StdRng, path: &str) -> String {
        let part = |part: &str| match part {
            _ if !part.starts_with('{') => part.to_owned(),
            _ if random.random_bool(0.25) => mutate::word(random),
            "{uid}" => "bob".to_owned(),
            "{guid}" => self.guid.clone(),
            "{id}" => self.message.clone(),
            "{appId}" => self.app.id.clone(),
            "{conversationId}" => "ann_user_bob".to_owned(),
            "{scope}" => "participant".to_owned(),
            "{role}" => "default".to_owned(),
            _ => "x".to_owned(),
        };
        let mut target: String = path.split('/').map(part).collect::<Vec<_>>().join("/");
        for n in 0..random.random_range(0..4) {
            let name = QUERIES[random.random_range(0..QUERIES.len())];
            target = format!("{target}{}{name}={}", if n == 0 { '?' } else { '&' }, mutate::word(random));
        }
        target
    }

    fn with_body(&self, random: &mut StdRng, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        let bodies = mutate::bodies();
        let mut body = bodies[random.random_range(0..bodies.len())].clone();
        self.fill(&mut body);
        mutate::value(random, &mut body);
        let bytes = mutate::bytes(random, &body);
        if random.random_bool(0.1) {
            return request.header("content-type", "multipart/form-data; boundary=x").body(form(random, &bytes));
        }
        let kind = match random.random_range(0..12) {
            0 => "text/plain",
            1 => "application/x-www-form-urlencoded",
            2 => "multipart/form-data",
            _ => "application/json",
        };
        request.header("content-type", kind).body(bytes)
    }
}

/// An upload form, not always a whole one.
fn form(random: &mut StdRng, bytes: &[u8]) -> Vec<u8> {
    let mut form = Vec::new();
    for name in ["receiver", "receiverType", "category", "type", "data", "files[]", "file", "tags[]"] {
        let file = if name.starts_with("file") { "; filename=\"a.png\"\r\ncontent-type: image/png" } else { "" };
        form.extend(format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n").bytes());
        match name {
            "receiver" => form.extend(b"bob"),
            "receiverType" => form.extend(b"user"),
            "category" => form.extend(b"message"),
            "type" => form.extend(b"image"),
            _ => form.extend(bytes),
        }
        form.extend(b"\r\n");
    }
    form.extend(b"--x--\r\n");
    if random.random_bool(0.5) {
        form.truncate(random.random_range(0..=form.len()));
    }
    form
}
