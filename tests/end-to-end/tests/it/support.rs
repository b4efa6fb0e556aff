//! What the tests share: an app of their own on a running platform, and people in it.

use std::time::Duration;

use halley_client::{ApiClient, Connection, Event, Message, PresenceSubscription, Receiver, Server, SocketOptions};
use halley_testkit::{platform::Platform, unique, within};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;
use tokio::sync::OnceCell;

/// The form of deployment that a test runs against.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    OneProcess,
    ManyProcesses,
}

static ONE: OnceCell<Platform> = OnceCell::const_new();
static MANY: OnceCell<Platform> = OnceCell::const_new();

impl Form {
    /// The platform of this form, shared by the tests that only add to it.
    pub async fn platform(self) -> &'static Platform {
        match self {
            Self::OneProcess => ONE.get_or_init(Platform::one_process).await,
            Self::ManyProcesses => MANY.get_or_init(Platform::many_processes).await,
        }
    }
}

/// Runs one scenario in both forms.
#[macro_export]
macro_rules! in_both_forms {
    ($($name:ident),* $(,)?) => {
        mod one_process {
            $(#[test] fn $name() { $crate::support::block_on(super::$name($crate::support::Form::OneProcess)); })*
        }
        mod many_processes {
            $(#[test] fn $name() { $crate::support::block_on(super::$name($crate::support::Form::ManyProcesses)); })*
        }
    };
}

/// All tests share one runtime: the shared platforms' clients must outlive the test that made them.
pub fn block_on(scenario: impl Future<Output = ()>) {
    static RUNTIME: std::sync::OnceLock<tokio::runtime::Runtime> = std::sync::OnceLock::new();
    RUNTIME
        .get_or_init(|| tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("runtime"))
        .block_on(scenario);
}

/// The demo app of a platform, with names that no other test uses.
pub struct World {
    pub api: ApiClient,
    rest: String,
    websockets: Vec<String>,
    app_id: String,
    suffix: String,
}

impl World {
    /// On a shared platform.
    pub async fn new(form: Form) -> Self {
        Self::on(form.platform().await)
    }

    /// On any platform.
    pub fn on(platform: &Platform) -> Self {
        let text =
            |key: &str| platform.demo[key].as_str().unwrap_or_else(|| panic!("demo.json has no {key}")).to_owned();
        let app_id = text("appId");
        let server = Server::new(&platform.rest, &app_id).expect("server");
        Self {
            api: server.with_key(&text("restApiKey")),
            rest: platform.rest.clone(),
            websockets: platform.websockets.clone(),
            app_id,
            suffix: unique("t"),
        }
    }

    /// A name that only this test uses.
    pub fn name(&self, base: &str) -> String {
        format!("{base}-{}", self.suffix)
    }

    /// A user who can log in.
    pub async fn person(&self, base: &str) -> Person {
        let uid = self.name(base);
        self.api.create_user(&uid, base).await.expect("create the user");
        let token = self.api.create_auth_token(&uid).await.expect("create an auth token");
        Person { uid, token }
    }

    /// A person's device, its socket on the given gateway node (counted round).
    pub async fn device(&self, person: &Person, node: usize) -> Device {
        self.device_that(person, node, PresenceSubscription::None).await
    }

    /// As [`World::device`], of one who wants to hear of somebody's presence.
    pub async fn device_that(&self, person: &Person, node: usize, presence: PresenceSubscription) -> Device {
        let (api, mut options) = self.logged_in(person, node).await;
        options.presence = presence;
        let socket = within("the socket opens", Connection::connect(options)).await.expect("connect");
        Device { api, socket }
    }

    /// A person's device that has not opened its socket on a node yet.
    pub async fn logged_in(&self, person: &Person, node: usize) -> (ApiClient, SocketOptions) {
        let server = Server::new(&self.rest, &self.app_id).expect("server");
        let server = server.with_websocket(&self.websockets[node % self.websockets.len()]);
        let api = server.as_user(&person.token);
        let login = api.login().await.expect("log in");
        let mut options = api.socket_options(&login).expect("socket options");
        options.keep_own = true;
        options.with_sequence = true;
        (api, options)
    }

    /// A group with members.
    pub async fn group(&self, base: &str, members: &[&Person]) -> Receiver {
        let guid = self.name(base);
        self.api.create_group(&guid, base).await.expect("create the group");
        let uids: Vec<String> = members.iter().map(|person| person.uid.clone()).collect();
        self.api.add_members(&guid, &uids).await.expect("add members");
        Receiver::group(&guid)
    }
}

/// A user.
pub struct Person {
    pub uid: String,
    pub token: String,
}

impl Person {
    pub fn receiver(&self) -> Receiver {
        Receiver::user(&self.uid)
    }
}

/// A logged-in device with an open socket.
pub struct Device {
    pub api: ApiClient,
    pub socket: Connection,
}

impl Device {
    /// Sends a text.
    pub async fn say(&self, to: &Receiver, text: &str) -> Message {
        self.api.send_message(to, text, &unique("m")).await.unwrap_or_else(|error| panic!("send {text:?}: {error}"))
    }

    /// The next message of category `message`, live.
    pub async fn hear(&mut self) -> Message {
        within("a live message", async {
            loop {
                match self.socket.next_event().await {
                    Some(Event::Message(message)) if message.category == "message" => return *message,
                    Some(Event::Closed { code, reason }) => panic!("the socket closed: {code} {reason}"),
                    None => panic!("the socket ended"),
                    Some(_) => {}
                }
            }
        })
        .await
    }

    /// Makes sure that no message comes for a moment.
    pub async fn hears_nothing(&mut self) {
        let quiet = tokio::time::timeout(Duration::from_millis(300), async {
            loop {
                match self.socket.next_event().await {
                    Some(Event::Message(message)) if message.category == "message" => return message.text,
                    None | Some(Event::Closed { .. }) => return None,
                    Some(_) => {}
                }
            }
        })
        .await;
        if let Ok(text) = quiet {
            panic!("heard {text:?}");
        }
    }

    /// The close code with which the server ends the socket.
    pub async fn closed(&mut self) -> u16 {
        within("the socket closes", async {
            loop {
                match self.socket.next_event().await {
                    Some(Event::Closed { code, .. }) => return code,
                    None => panic!("ended without a code"),
                    Some(_) => {}
                }
            }
        })
        .await
    }

    /// Unread messages from a peer.
    pub async fn unread(&self, peer: &Receiver) -> u64 {
        let counts = self.api.count_unread().await.expect("unread counts");
        counts.into_iter().find(|(who, _)| who == peer).map_or(0, |(_, count)| count)
    }
}

/// A raw HTTP client with the demo app's keys.
pub struct Http {
    pub http: Client,
    pub base: String,
    pub app_id: String,
    pub key: String,
    pub auth_key: String,
}

impl Http {
    pub async fn new(form: Form) -> Self {
        Self::on(form.platform().await)
    }

    /// On any platform.
    pub fn on(platform: &Platform) -> Self {
        let text = |key: &str| platform.demo[key].as_str().expect("demo key").to_owned();
        halley_client::install_crypto();
        let http = Client::builder().no_proxy().timeout(std::time::Duration::from_secs(20)).build().expect("client");
        let (app_id, key, auth_key) = (text("appId"), text("restApiKey"), text("authKey"));
        Self { http, base: format!("{}/v3", platform.rest), app_id, key, auth_key }
    }

    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    pub fn with_key(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).header("appid", &self.app_id).header("apikey", &self.key)
    }

    pub fn as_user(&self, method: Method, path: &str, person: &Person) -> RequestBuilder {
        self.bare(method, path).header("appid", &self.app_id).header("authtoken", &person.token)
    }
}

/// Asks; the answer must be as the API's description says.
pub async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let (client, request) = request.build_split();
    let request = request.expect("a request");
    let (method, url) = (request.method().clone(), request.url().clone());
    let response = client.execute(request).await.expect("an answer");
    let status = response.status();
    assert!(response.headers().contains_key("access-control-allow-origin"), "CORS on errors, too");
    let text = response.text().await.expect("a body");
    let body = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status}: not JSON: {text}"));
    crate::openapi::check(&method, &url, status, &body).await;
    (status, body)
}

/// A code of the public catalogue in an error envelope.
pub fn code(body: &Value) -> &str {
    body["error"]["code"].as_str().unwrap_or("no code")
}

/// `data` of a success.
pub async fn data(request: RequestBuilder) -> Value {
    whole(request).await["data"].clone()
}

/// The whole answer of a success.
pub async fn whole(request: RequestBuilder) -> Value {
    let (status, body) = answer(request).await;
    assert_eq!(status, 200, "{body}");
    body
}

/// The code of a refusal.
pub async fn refused(request: RequestBuilder) -> String {
    let (status, body) = answer(request).await;
    assert!(status.is_client_error(), "{status} {body}");
    code(&body).to_owned()
}

/// The values of a key in a list.
pub fn column(rows: &Value, key: &str) -> Vec<String> {
    let rows = rows.as_array().unwrap_or_else(|| panic!("no list: {rows}"));
    rows.iter().map(|row| row[key].as_str().unwrap_or_default().to_owned()).collect()
}

/// An app's server side and people with a prefix that only this test uses.
pub struct Scene {
    pub http: Http,
    pub world: World,
}

impl Scene {
    pub async fn new(form: Form) -> Self {
        Self { http: Http::new(form).await, world: World::new(form).await }
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.http.with_key(Method::GET, path)
    }

    pub fn post(&self, path: &str, body: Value) -> RequestBuilder {
        self.http.with_key(Method::POST, path).json(&body)
    }

    pub fn put(&self, path: &str, body: Value) -> RequestBuilder {
        self.http.with_key(Method::PUT, path).json(&body)
    }

    pub fn delete(&self, path: &str, body: Value) -> RequestBuilder {
        self.http.with_key(Method::DELETE, path).json(&body)
    }

    pub fn by(&self, person: &Person, method: Method, path: &str, body: Value) -> RequestBuilder {
        self.http.as_user(method, path, person).json(&body)
    }
}
