//! An app of its own with what the cases need in it, and calls that note what differs instead of ending the case.

use std::{
    pin::Pin,
    sync::{Mutex, PoisonError},
};

use halley_testkit::{platform::Platform, unique};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use super::shape;
use crate::operations::{Acting, Auth, OF_OPERATORS, OPERATIONS, Operation, operation};

/// An app, with its keys and the key of an operator who manages it.
#[derive(Clone)]
pub struct App {
    pub http: Client,
    pub rest: String,
    pub id: String,
    pub key: String,
    pub auth_key: String,
    /// Management key and secret, where the server knows any.
    pub operator: Option<(String, String)>,
}

impl App {
    /// A new one.
    pub async fn new(platform: &Platform) -> Self {
        halley_client::install_crypto();
        let http = Client::builder().no_proxy().timeout(std::time::Duration::from_secs(60)).build().expect("a client");
        let printed = platform.run(&["app", "create", "--name", "T", "--app-id", &unique("t")]).await;
        let made: Value = serde_json::from_str(&printed).expect("JSON");
        let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_else(|| panic!("no {key}")).to_owned();
        let operator = std::fs::read(platform.data_dir().join("management.json")).ok().map(|bytes| {
            let file: Value = serde_json::from_slice(&bytes).expect("JSON");
            (text(&file, "key"), text(&file, "secret"))
        });
        Self {
            http,
            rest: platform.rest.clone(),
            id: text(&made, "appId"),
            key: text(&made, "restApiKey"),
            auth_key: text(&made, "authKey"),
            operator,
        }
    }

    /// What a call has to show by itself: who calls, and which app it means.
    pub fn headers(&self, operation: &Operation, acting: Option<&str>) -> Vec<(&'static str, String)> {
        let (key, secret) = self.operator.clone().unwrap_or_default();
        let mut headers = match operation.auth {
            Auth::Key | Auth::AnyKey => vec![("appid", self.id.clone()), ("apikey", self.key.clone())],
            Auth::Operator => vec![("key", key), ("secret", secret)],
            Auth::Basic => vec![("authorization", basic(&key, &secret))],
        };
        headers.extend(acting.map(|uid| ("onbehalfof", uid.to_owned())));
        headers
    }

    /// Sends a request as it is; answers status and body.
    pub async fn send(&self, request: &Sent) -> (StatusCode, Value) {
        let method = Method::from_bytes(request.method.as_bytes()).expect("a method");
        let mut sending = self.http.request(method, format!("{}/v3{}", self.rest, request.target));
        for (name, value) in &request.headers {
            sending = sending.header(*name, value);
        }
        if let Some(body) = &request.body {
            sending = sending.header("content-type", "application/json").body(body.clone());
        }
        let response = sending.send().await.unwrap_or_else(|error| panic!("{}: {error}", request.target));
        let status = response.status();
        let text = response.text().await.unwrap_or_else(|error| panic!("{}: {error}", request.target));
        let body = serde_json::from_str(&text).unwrap_or_else(|_| json!({"notJson": text}));
        (status, body)
    }

    /// A call that prepares something, and must succeed.
    pub async fn done(&self, id: &str, parameters: &[&str], acting: Option<&str>, body: Value) -> Value {
        let operation = operation(id);
        let request = Sent {
            method: operation.method,
            target: operation.path_with(parameters),
            headers: self.headers(operation, acting),
            body: Some(body.to_string()),
        };
        let (status, answer) = self.send(&request).await;
        assert!(status == 200, "{id} for the preparation: {status} {answer}");
        answer["data"].clone()
    }
}

/// HTTP Basic.
pub fn basic(name: &str, secret: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::from("Basic ");
    for three in format!("{name}:{secret}").as_bytes().chunks(3) {
        let byte = |n: usize| u32::from(three.get(n).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for n in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * n) & 63) as usize];
            encoded.push(if n <= three.len() { char::from(digit) } else { '=' });
        }
    }
    encoded
}

/// A request, to be sent again with one thing changed.
#[derive(Clone, Debug)]
pub struct Sent {
    pub method: &'static str,
    pub target: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<String>,
}

impl Sent {
    fn without(&self, name: &str) -> Self {
        let headers = self.headers.iter().filter(|(known, _)| *known != name).cloned().collect();
        Self { headers, ..self.clone() }
    }

    fn with(&self, name: &'static str, value: &str) -> Self {
        let mut changed = self.without(name);
        changed.headers.push((name, value.to_owned()));
        changed
    }
}

/// The steps of a case.
pub type Run = for<'a> fn(&'a Probe) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// One operation and what proves that it works.
pub struct Case {
    pub id: &'static str,
    pub run: Run,
}

/// Cases, each the operation's id with its steps.
macro_rules! cases {
    ($($id:literal ($probe:ident) $steps:block)*) => {
        /// The cases of this area.
        pub const CASES: &[$crate::endpoints::probe::Case] = &[
            $($crate::endpoints::probe::Case { id: $id, run: |$probe| Box::pin(async move $steps) }),*
        ];
    };
}
pub(super) use cases;

/// A case that runs.
pub struct Probe {
    pub app: App,
    operation: &'static Operation,
    faults: Mutex<Vec<String>>,
    /// The first call of the operation that succeeded.
    first: Mutex<Option<Sent>>,
}

fn held<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Probe {
    pub fn new(app: App, operation: &'static Operation) -> Self {
        Self { app, operation, faults: Mutex::default(), first: Mutex::default() }
    }

    /// Notes what is wrong.
    pub fn fault(&self, fault: impl Into<String>) {
        held(&self.faults).push(fault.into());
    }

    /// What was noted.
    pub fn faults(&self) -> Vec<String> {
        held(&self.faults).clone()
    }

    /// Notes a wrong value.
    pub fn expect(&self, expected: Value, value: &Value) {
        shape::compare(&expected, value, "the value", &mut held(&self.faults));
    }

    /// A call of the case's own operation.
    pub fn call<'a>(&'a self, parameters: &[&str]) -> Call<'a> {
        self.op(self.operation.id, parameters)
    }

    /// A call of another operation.
    pub fn op<'a>(&'a self, id: &str, parameters: &[&str]) -> Call<'a> {
        let operation = operation(id);
        let target = operation.path_with(parameters);
        let headers = self.app.headers(operation, None);
        Call { probe: self, operation, sent: Sent { method: operation.method, target, headers, body: None } }
    }

    /// A path that is no documented operation, as clients call it.
    pub fn path(&self, method: &'static str, target: &str, token: &str) -> Call<'_> {
        let headers = vec![("appid", self.app.id.clone()), ("authtoken", token.to_owned())];
        let sent = Sent { method, target: target.to_owned(), headers, body: None };
        Call { probe: self, operation: operation("get-user"), sent }
    }

    /// A user of a fresh uid.
    pub async fn user(&self) -> String {
        let uid = unique("u");
        self.app.done("create-user", &[], None, json!({"uid": uid, "name": format!("Name {uid}")})).await;
        uid
    }

    /// A token of a user.
    pub async fn token(&self, uid: &str) -> String {
        let made = self.app.done("create-authtoken", &[uid], None, json!({"force": true})).await;
        made["authToken"].as_str().unwrap_or_default().to_owned()
    }

    /// A role of a fresh id.
    pub async fn role(&self) -> String {
        let role = unique("r");
        self.app.done("create-role", &[], None, json!({"role": role, "name": "Role"})).await;
        role
    }

    /// A public group of the app itself, with members.
    pub async fn group(&self, members: &[&str]) -> String {
        let guid = unique("g");
        let body = json!({"guid": guid, "name": "Group", "type": "public"});
        self.app.done("create-group", &[], None, body).await;
        if !members.is_empty() {
            self.app.done("add-group-members", &[&guid], None, json!({"participants": members})).await;
        }
        guid
    }

    /// A text from one user to another; its id.
    pub async fn text(&self, from: &str, to: &str) -> String {
        self.send_text(from, to, "user").await
    }

    /// A text to a group; its id.
    pub async fn group_text(&self, from: &str, guid: &str) -> String {
        self.send_text(from, guid, "group").await
    }

    async fn send_text(&self, from: &str, receiver: &str, kind: &str) -> String {
        let body = json!({"receiver": receiver, "receiverType": kind, "category": "message", "type": "text",
            "data": {"text": "hello"}});
        let sent = self.app.done("send-message", &[], Some(from), body).await;
        sent["id"].as_str().unwrap_or_default().to_owned()
    }

    /// Asks a numbered list for its pages, and for pages that there can't be.
    pub async fn pages(&self, parameters: &[&str], row: &str) {
        for query in ["perPage=0", "perPage=1001", "page=0", "page=x", "perPage=x"] {
            self.call(parameters).query(query).refused("ERR_BAD_REQUEST").await;
        }
        let page = self.call(parameters).query("perPage=1&page=1").lists(row, Value::Null).await;
        let info = json!({"per_page": 1, "current_page": 1, "count": page["data"].as_array().map(Vec::len)});
        self.expect(info, &page["meta"]["pagination"]);
        let beyond = self.call(parameters).query("perPage=1000&page=1000").lists(row, json!([])).await;
        self.expect(json!({"per_page": 1000, "current_page": 1000, "count": 0}), &beyond["meta"]["pagination"]);
    }

    /// Repeats the first success with one thing wrong: who calls, which app is meant, for whom, the body, the method.
    pub async fn spoil(&self) {
        let Some(good) = held(&self.first).clone() else { return self.fault("the operation never succeeded") };
        let op = self.operation;
        let mut spoilt: Vec<(Sent, &str)> = match op.auth {
            Auth::Key | Auth::AnyKey => {
                let bare = good.without("apikey");
                let mut spoilt = vec![
                    (good.without("appid"), "AUTH_ERR_EMPTY_APPID"),
                    (good.with("appid", "nosuchapp"), "AUTH_ERR_INVALID_APPID"),
                    (bare.clone(), "AUTH_ERR_EMPTY_APIKEY"),
                    (good.with("apikey", &"0".repeat(40)), "AUTH_ERR_APIKEY_NOT_FOUND"),
                    (bare.with("authtoken", ""), "AUTH_ERR_EMPTY_AUTH_TOKEN"),
                    (bare.with("authtoken", "nobody_1700000000"), "AUTH_ERR_AUTH_TOKEN_NOT_FOUND"),
                ];
                if op.auth == Auth::Key {
                    spoilt.push((good.with("apikey", &self.app.auth_key), "AUTH_ERR_NO_ACCESS"));
                }
                spoilt
            }
            Auth::Operator => {
                let empty = good.without("key").without("secret");
                vec![
                    (empty, "AUTH_ERR_EMPTY_AUTH_HEADER"),
                    (good.with("secret", "wrong"), "AUTH_ERR_INVALID_CREDENTIALS"),
                ]
            }
            Auth::Basic => vec![
                (good.without("authorization"), "AUTH_ERR_EMPTY_AUTH_HEADER"),
                (good.with("authorization", &basic("a", "b")), "AUTH_ERR_INVALID_CREDENTIALS"),
            ],
        };
        if op.acting != Acting::Never {
            spoilt.push((good.with("onbehalfof", "nobody-at-all"), "ERR_UID_NOT_FOUND"));
        }
        if op.acting == Acting::Must {
            spoilt.push((good.without("onbehalfof"), "ERR_BAD_REQUEST"));
        }
        if good.body.is_some() {
            spoilt.push((Sent { body: Some("{".to_owned()), ..good.clone() }, "ERR_BAD_REQUEST"));
        }
        let taken: Vec<&str> =
            OPERATIONS.iter().chain(OF_OPERATORS).filter(|o| o.path == op.path).map(|o| o.method).collect();
        let method = ["PATCH", "PUT", "DELETE"].into_iter().find(|method| !taken.contains(method)).unwrap_or("TRACE");
        spoilt.push((Sent { method, ..good.clone() }, "ERR_API_NOT_FOUND"));
        for (sent, code) in spoilt {
            Call { probe: self, operation: op, sent }.refused(code).await;
        }
    }
}

/// A call to be made.
pub struct Call<'a> {
    probe: &'a Probe,
    operation: &'static Operation,
    sent: Sent,
}

impl Call<'_> {
    pub fn body(mut self, body: Value) -> Self {
        self.sent.body = Some(body.to_string());
        self
    }

    pub fn query(mut self, query: &str) -> Self {
        let joint = if self.sent.target.contains('?') { '&' } else { '?' };
        self.sent.target = format!("{}{joint}{query}", self.sent.target);
        self
    }

    /// Acts for a user.
    pub fn by(mut self, uid: &str) -> Self {
        self.sent = self.sent.with("onbehalfof", uid);
        self
    }

    /// With another API key.
    pub fn key(mut self, key: &str) -> Self {
        self.sent = self.sent.with("apikey", key);
        self
    }

    /// As a logged-in user.
    pub fn token(mut self, token: &str) -> Self {
        self.sent = self.sent.without("apikey").with("authtoken", token);
        self
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.sent = self.sent.with(name, value);
        self
    }

    fn name(&self) -> String {
        let body = self.sent.body.as_deref().unwrap_or_default();
        format!("{} {} {}", self.sent.method, self.sent.target, body.chars().take(200).collect::<String>())
    }

    /// Sends it; notes anything but a success.
    pub async fn answer(self) -> Value {
        let (status, body) = self.probe.app.send(&self.sent).await;
        if status != 200 {
            self.probe.fault(format!("{}: {status} {body}", self.name()));
            return body;
        }
        let mut first = held(&self.probe.first);
        if self.operation.id == self.probe.operation.id && first.is_none() {
            *first = Some(self.sent);
        }
        body
    }

    /// Succeeds with data of this shape and with these values; null: any.
    pub async fn gives(self, shape: &str, expected: Value) -> Value {
        let (probe, name) = (self.probe, self.name());
        let answer = self.answer().await;
        probe.compare(&name, shape, &expected, &answer["data"]);
        answer["data"].clone()
    }

    /// Succeeds with a numbered page of such rows; answers all of it.
    pub async fn lists(self, row: &str, expected: Value) -> Value {
        self.page(row, expected, "pagination", "@Page").await
    }

    /// Succeeds with a page of such rows that is walked by cursors; answers all of it.
    pub async fn walks(self, row: &str, expected: Value) -> Value {
        let (probe, name) = (self.probe, self.name());
        let answer = self.page(row, expected, "current", "@Current").await;
        for beside in ["next", "previous"] {
            if let Some(cursor) = answer["meta"].get(beside) {
                probe.compare(&name, "@Cursor", &Value::Null, cursor);
            }
        }
        answer
    }

    async fn page(self, row: &str, expected: Value, meta: &str, shape: &str) -> Value {
        let (probe, name) = (self.probe, self.name());
        let answer = self.answer().await;
        probe.compare(&name, &format!("[{row}]"), &expected, &answer["data"]);
        let rows = answer["data"].as_array().map(Vec::len);
        probe.compare(&format!("{name}: {meta}"), shape, &json!({"count": rows}), &answer["meta"][meta]);
        answer
    }

    /// Succeeds with nothing but the word of it, in `data` or beside it.
    pub async fn acknowledges(self) -> Value {
        let (probe, name) = (self.probe, self.name());
        let answer = self.answer().await;
        let shown = answer.get("data").unwrap_or(&answer);
        probe.compare(&name, "@Done", &Value::Null, shown);
        answer
    }

    /// Is refused with this code, in the envelope of errors.
    pub async fn refused(self, code: &str) -> Value {
        let (status, body) = self.probe.app.send(&self.sent).await;
        let error = &body["error"];
        if error["code"] != code || !status.is_client_error() {
            let shown: String = body.to_string().chars().take(400).collect();
            self.probe.fault(format!(
                "{} {:?}: should be {code}, and is {status} {shown}",
                self.name(),
                self.notable()
            ));
            return body;
        }
        let known = halley_model::ErrorCode::parse(code).map(halley_model::ErrorCode::http);
        if known != Some(status.as_u16()) {
            self.probe.fault(format!("{}: {code} comes with the status {status}", self.name()));
        }
        self.probe.compare(&self.name(), "@Error", &Value::Null, error);
        body
    }

    /// Is refused as soon as every process has heard why. Only for calls that may be made more than once.
    pub async fn soon_refused(self, code: &str) -> Value {
        halley_testkit::eventually(&format!("{} is refused with {code}", self.name()), async || {
            let (_, body) = self.probe.app.send(&self.sent).await;
            (body["error"]["code"] == code).then_some(())
        })
        .await;
        self.refused(code).await
    }

    /// Succeeds as soon as every process has heard why it may; the rest is checked as by [`Call::gives`].
    pub async fn soon_gives(self, shape: &str, expected: Value) -> Value {
        halley_testkit::eventually(&format!("{} is allowed", self.name()), async || {
            let (status, _) = self.probe.app.send(&self.sent).await;
            status.is_success().then_some(())
        })
        .await;
        self.gives(shape, expected).await
    }

    /// The headers that tell refusals apart, without secrets.
    fn notable(&self) -> Vec<(&'static str, String)> {
        let shown = |(name, value): &(&'static str, String)| (*name, value.chars().take(12).collect());
        self.sent.headers.iter().map(shown).collect()
    }
}

impl Probe {
    fn compare(&self, name: &str, shape: &str, expected: &Value, value: &Value) {
        let mut faults = Vec::new();
        shape::check(shape, value, "the answer", &mut faults);
        if !expected.is_null() {
            shape::compare(expected, value, "the answer", &mut faults);
        }
        held(&self.faults).extend(faults.into_iter().map(|fault| format!("{name}: {fault}")));
    }
}
