//! Operators and their apps: made, set, shared and ended from outside.

use halley_client::{Connection, Event, Server};
use halley_testkit::{eventually, platform::Platform, unique, within};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Form, answer, code, column, data, refused, whole};

mod push_tokens;
mod settings;
mod webhooks;

/// An operator with a management key.
pub struct Manager {
    http: Client,
    base: String,
    key: String,
    secret: String,
}

/// An app with its keys.
pub struct App {
    pub id: String,
    pub rest_key: String,
    pub auth_key: String,
}

impl Manager {
    /// The owner of the installation.
    pub async fn owner(form: Form) -> Self {
        Self::of(form.platform().await)
    }

    /// The owner of a platform's installation.
    pub fn of(platform: &Platform) -> Self {
        halley_client::install_crypto();
        let file = std::fs::read(platform.data_dir().join("management.json")).expect("written at the first start");
        let file: Value = serde_json::from_slice(&file).expect("JSON");
        let text = |key: &str| file[key].as_str().expect(key).to_owned();
        let http = Client::builder().no_proxy().timeout(std::time::Duration::from_secs(20)).build().expect("client");
        Self { http, base: format!("{}/v3", platform.rest), key: text("key"), secret: text("secret") }
    }

    /// A request without a credential.
    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// A request with the key.
    pub fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).header("key", &self.key).header("secret", &self.secret)
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.call(Method::GET, path)
    }

    pub fn post(&self, path: &str, body: Value) -> RequestBuilder {
        self.call(Method::POST, path).json(&body)
    }

    pub fn delete(&self, path: &str, body: Value) -> RequestBuilder {
        self.call(Method::DELETE, path).json(&body)
    }

    /// A new app.
    pub async fn app(&self, name: &str) -> App {
        let made = data(self.post("/apps", json!({"name": name, "skipSampleData": true}))).await;
        App::of(&made)
    }

    /// A new operator who owns an app.
    pub async fn tenant(&self) -> (Self, App, String) {
        let email = format!("{}@example.com", unique("t"));
        let body = json!({
            "name": "Tycho", "email": email, "password": "uraniborg-1576", "appName": "Stjerneborg", "appRegion": "eu",
        });
        let made =
            data(self.bare(Method::POST, "/tenants").basic_auth(&self.key, Some(&self.secret)).json(&body)).await;
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let (key, secret) = (text(&made["key"]), text(&made["secret"]));
        let app = App {
            id: text(&made["app"]["appId"]),
            rest_key: text(&made["app"]["apiKey"]),
            auth_key: text(&made["app"]["authKey"]),
        };
        let operator = Self { http: self.http.clone(), base: self.base.clone(), key, secret };
        (operator, app, email)
    }

    /// A request of an app's server side.
    pub fn as_app(&self, app: &App, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).header("appid", &app.id).header("apikey", &app.rest_key)
    }

    /// Sets an app's settings, all of which must be taken.
    pub async fn set(&self, app: &App, settings: Value) {
        let fates = data(self.post(&format!("/apps/{}/settings", app.id), json!({"settings": settings}))).await;
        for (key, fate) in fates.as_object().expect("fates") {
            assert_eq!(fate["success"], true, "{key}: {fate}");
        }
    }
}

impl App {
    fn of(made: &Value) -> Self {
        let keys = made["apiKeys"].as_object().expect("keys");
        let key = |scope: &str| {
            let found = keys.values().find(|key| key["scope"] == scope).expect("a key of each scope");
            found["apiKey"].as_str().expect("a key").to_owned()
        };
        let id = made["id"].as_str().expect("an id").to_owned();
        Self { id, rest_key: key("fullAccess"), auth_key: key("authOnly") }
    }
}

async fn an_app_is_made_found_and_used(form: Form) {
    let owner = Manager::owner(form).await;
    let name = unique("Observatory");
    let made = data(owner.post("/apps", json!({"name": name, "region": "eu", "version": "3"}))).await;
    assert_eq!((&made["name"], &made["region"], &made["state"]), (&json!(name), &json!("eu"), &json!("active")));
    assert!(
        made["owner"].is_i64() && made["appOwner"]["email"].is_string() && made["appRegion"]["id"] == "eu",
        "{made}"
    );
    let app = App::of(&made);
    assert_eq!(made["apiKeys"][&app.rest_key]["createdBy"], "app_system");
    assert_eq!(app.rest_key.len(), 40);

    let users = whole(owner.as_app(&app, Method::GET, "/users")).await;
    assert_eq!(users["data"].as_array().map(Vec::len), Some(5), "sample users: {users}");
    let members = whole(owner.as_app(&app, Method::GET, "/groups/observatory/members")).await;
    assert_eq!(members["data"].as_array().map(Vec::len), Some(5), "all of them in a group: {members}");
    let usage = data(owner.post(&format!("/apps/{}/usage", app.id), json!({}))).await;
    assert_eq!((&usage["usage"]["users"], &usage["usage"]["groups"]), (&json!(5), &json!(1)), "{usage}");

    let found = whole(owner.get(&format!("/apps?searchKey={}", name.to_lowercase()))).await;
    assert_eq!(column(&found["data"], "id"), std::slice::from_ref(&app.id));
    assert_eq!(found["meta"]["pagination"]["per_page"], 25);
    assert_eq!(
        column(&whole(owner.get(&format!("/apps?searchKey={}", app.id))).await["data"], "id"),
        std::slice::from_ref(&app.id)
    );
    assert_eq!(data(owner.get(&format!("/apps/{}", app.id))).await["name"], name.as_str());
    // The same paths without a version, as on a host of their own.
    let bare = owner.base.trim_end_matches("/v3").to_owned();
    let request = owner.http.get(format!("{bare}/apps/{}", app.id)).header("key", &owner.key);
    assert_eq!(data(request.header("secret", &owner.secret)).await["id"], app.id.as_str());
    let empty = data(owner.post("/apps", json!({"name": "Empty", "skipSampleData": true}))).await;
    assert_eq!(whole(owner.as_app(&App::of(&empty), Method::GET, "/users")).await["data"], json!([]));
    for bad in [
        json!({}),
        json!({"name": "x".repeat(101)}),
        json!({"name": "x", "version": "2"}),
        json!({"name": "x", "region": "no/region"}),
    ] {
        assert_eq!(refused(owner.post("/apps", bad.clone())).await, "ERR_BAD_REQUEST", "{bad}");
    }
}

async fn apps_are_walked_page_by_page(form: Form) {
    let owner = Manager::owner(form).await;
    let (tenant, first, _) = owner.tenant().await;
    let mut made = vec![first.id];
    for index in 0..4 {
        made.push(tenant.app(&format!("App {index}")).await.id);
    }
    let mut walked = Vec::new();
    for page in 1..=3 {
        let listed = whole(tenant.get(&format!("/apps?perPage=2&page={page}"))).await;
        assert_eq!(listed["meta"]["pagination"]["total"], 5, "{listed}");
        walked.extend(column(&listed["data"], "id"));
    }
    walked.reverse();
    assert_eq!(walked, made, "newest first, each once, and nobody else's");
}

async fn an_archived_app_is_refused_everywhere(form: Form) {
    let owner = Manager::owner(form).await;
    let app = owner.app("To be gone").await;
    let made = json!({"uid": "ann", "name": "Ann", "withAuthToken": true});
    data(owner.as_app(&app, Method::POST, "/users").json(&made)).await;
    let token = data(owner.as_app(&app, Method::POST, "/users/ann/auth_tokens").json(&json!({}))).await;
    let token = token["authToken"].as_str().expect("a token").to_owned();
    let platform = form.platform().await;
    let server = Server::new(&platform.rest, &app.id).expect("server").with_websocket(&platform.websockets[0]);
    let api = server.as_user(&token);
    let login = api.login().await.expect("log in");
    let options = api.socket_options(&login).expect("options");
    let mut socket = within("the socket opens", Connection::connect(options)).await.expect("connect");

    let deleted = data(owner.delete(&format!("/apps/{}", app.id), json!({}))).await;
    assert_eq!(deleted["success"], true);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let days = deleted["scheduledToDeleteAt"].as_u64().expect("a time").saturating_sub(now).div_ceil(86_400);
    assert_eq!(days, 30);

    eventually("the key is refused", async || {
        let (_, body) = answer(owner.as_app(&app, Method::GET, "/users")).await;
        (code(&body) == "ERR_APP_ARCHIVED").then_some(())
    })
    .await;
    let auth_key = owner.bare(Method::POST, "/users").header("appid", &app.id).header("apikey", &app.auth_key);
    assert_eq!(refused(auth_key.json(&json!({"uid": "bob", "name": "Bob"}))).await, "ERR_APP_ARCHIVED");
    let by_user = owner.bare(Method::GET, "/me").header("appid", &app.id).header("authtoken", &token);
    eventually("the token is refused", async || {
        let (_, body) = answer(by_user.try_clone().expect("a copy")).await;
        (code(&body) == "ERR_APP_ARCHIVED").then_some(())
    })
    .await;
    within("the socket closes", async {
        loop {
            match socket.next_event().await {
                Some(Event::Closed { .. }) | None => return,
                Some(_) => {}
            }
        }
    })
    .await;
    assert_eq!(refused(owner.get(&format!("/apps/{}", app.id))).await, "ERR_APP_NOT_FOUND");
    assert_eq!(refused(owner.delete(&format!("/apps/{}", app.id), json!({}))).await, "ERR_APP_ARCHIVED");
    assert_eq!(whole(owner.get(&format!("/apps?searchKey={}", app.id))).await["data"], json!([]));
}

/// Every call about an app, with a body that would do something.
fn calls(app: &str) -> Vec<(Method, String, Value)> {
    let path = |rest: &str| format!("/apps/{app}{rest}");
    let hook = json!({"id": "hook", "name": "Hook", "webhookURL": "https://example.com/hook"});
    vec![
        (Method::GET, path(""), json!({})),
        (Method::POST, path("/usage"), json!({})),
        (Method::GET, path("/collaborators"), json!({})),
        (Method::POST, path("/collaborators"), json!({"admins": ["a@example.com"]})),
        (Method::GET, path("/settings"), json!({})),
        (Method::POST, path("/settings"), json!({"settings": {"core.conversations.updateOnReplies": false}})),
        (Method::DELETE, path("/settings"), json!({})),
        (Method::GET, path("/webhooks"), json!({})),
        (Method::POST, path("/webhooks"), hook.clone()),
        (Method::GET, path("/webhooks/own"), json!({})),
        (Method::PUT, path("/webhooks/own"), json!({"name": "Other"})),
        (Method::GET, path("/webhooks/own/triggers"), json!({})),
        (Method::POST, path("/webhooks/own/triggers"), json!({"triggerIds": ["message_sent"]})),
        (Method::DELETE, path("/webhooks/own/triggers"), json!({"triggerIds": ["message_sent"]})),
        (Method::DELETE, path("/webhooks/own"), json!({})),
        (Method::DELETE, path(""), json!({})),
    ]
}

async fn only_an_operator_of_the_app_manages_it(form: Form) {
    let owner = Manager::owner(form).await;
    let (tenant, app, _) = owner.tenant().await;
    let (stranger, other, _) = owner.tenant().await;
    let hook = json!({"id": "own", "name": "Own", "webhookURL": "https://example.com/own"});
    data(tenant.post(&format!("/apps/{}/webhooks", app.id), hook)).await;
    for (method, path, body) in calls(&app.id) {
        let bare = || owner.bare(method.clone(), &path).json(&body);
        let refusals = [
            (bare(), "AUTH_ERR_EMPTY_AUTH_HEADER"),
            (bare().header("key", &tenant.key), "AUTH_ERR_EMPTY_AUTH_HEADER"),
            // An app's own keys are none of an operator, in whatever header.
            (bare().header("appid", &app.id).header("apikey", &app.rest_key), "AUTH_ERR_EMPTY_AUTH_HEADER"),
            (bare().header("key", &app.id).header("secret", &app.rest_key), "AUTH_ERR_INVALID_CREDENTIALS"),
            (bare().header("key", &app.rest_key).header("secret", &app.rest_key), "AUTH_ERR_INVALID_CREDENTIALS"),
            (bare().header("key", &tenant.key).header("secret", &stranger.secret), "AUTH_ERR_INVALID_CREDENTIALS"),
            (stranger.call(method.clone(), &path).json(&body), "ERR_APP_NOT_FOUND"),
        ];
        for (request, wanted) in refusals {
            assert_eq!(refused(request).await, wanted, "{method} {path}");
        }
    }
    assert_eq!(refused(owner.bare(Method::GET, "/apps")).await, "AUTH_ERR_EMPTY_AUTH_HEADER");
    assert_eq!(column(&whole(stranger.get("/apps")).await["data"], "id"), [other.id]);
    assert_eq!(refused(tenant.get("/apps/nosuchapp")).await, "ERR_APP_NOT_FOUND");
    assert_eq!(refused(tenant.get("/apps/no%20app")).await, "ERR_APP_NOT_FOUND");
    // Nothing was changed by all that, and a management key is none of an app.
    let hooks = whole(tenant.get(&format!("/apps/{}/webhooks", app.id))).await;
    assert_eq!(column(&hooks["data"], "name"), ["Own"]);
    let as_app = owner.bare(Method::GET, "/users").header("appid", &app.id).header("apikey", &tenant.key);
    assert_eq!(refused(as_app).await, "AUTH_ERR_APIKEY_NOT_FOUND");
    // Tenants are made by the installation's owners alone.
    let body =
        json!({"name": "N", "email": "n@example.com", "password": "0123456789", "appName": "A", "appRegion": "us"});
    assert_eq!(refused(tenant.post("/tenants", body.clone())).await, "AUTH_ERR_NO_ACCESS");
    assert_eq!(refused(owner.bare(Method::POST, "/tenants").json(&body)).await, "AUTH_ERR_EMPTY_AUTH_HEADER");
}

async fn tenants_are_made_by_password_or_key_and_once(form: Form) {
    let owner = Manager::owner(form).await;
    let (tenant, app, email) = owner.tenant().await;
    assert_eq!(data(tenant.get(&format!("/apps/{}", app.id))).await["region"], "eu");
    assert_eq!(data(tenant.get(&format!("/apps/{}", app.id))).await["appOwner"]["email"], email.as_str());
    let again = json!({
        "name": "Other", "email": email, "password": "0123456789", "appName": "A", "appRegion": "us",
    });
    assert_eq!(refused(owner.post("/tenants", again.clone())).await, "ERR_OPERATOR_ALREADY_EXISTS");
    let by = |password: &str| owner.bare(Method::POST, "/tenants").basic_auth(&email, Some(password)).json(&again);
    assert_eq!(refused(by("uraniborg-1576")).await, "AUTH_ERR_NO_ACCESS", "a known operator, who owns no installation");
    assert_eq!(refused(by("wrong-password")).await, "AUTH_ERR_INVALID_CREDENTIALS");
    // A password is good for tenants only: elsewhere it could be guessed at.
    let apps = owner.bare(Method::GET, "/apps").basic_auth(&email, Some("uraniborg-1576"));
    assert_eq!(refused(apps).await, "AUTH_ERR_EMPTY_AUTH_HEADER");
    let made = form.platform().await.run(&["operator", "key", "--email", &email]).await;
    let made: Value = serde_json::from_str(&made).expect("JSON");
    let by_command = owner.bare(Method::GET, "/apps").header("key", made["key"].as_str().expect("key"));
    let listed = whole(by_command.header("secret", made["secret"].as_str().expect("secret"))).await;
    assert_eq!(column(&listed["data"], "id"), [app.id]);
}

async fn collaborators_share_an_app(form: Form) {
    let owner = Manager::owner(form).await;
    let (tenant, app, own_email) = owner.tenant().await;
    let (admin, _, admin_email) = owner.tenant().await;
    let (reader, _, reader_email) = owner.tenant().await;
    let path = format!("/apps/{}/collaborators", app.id);
    let added = data(tenant.post(
        &path,
        json!({
            "admins": [admin_email.to_uppercase(), own_email, "nobody@example.com"],
            "moderators": [reader_email],
        }),
    ))
    .await;
    assert_eq!(added["admins"][admin_email.to_uppercase()]["success"], true, "{added}");
    assert_eq!(added["admins"][&own_email]["error"]["code"], "ERR_ALREADY_AN_OWNER");
    assert_eq!(added["admins"]["nobody@example.com"]["error"]["code"], "ERR_OPERATOR_NOT_FOUND");
    assert_eq!(added["moderators"][&reader_email]["success"], true);
    let listed = whole(reader.get(&path)).await;
    let mut found: Vec<_> = column(&listed["data"], "email").into_iter().zip(column(&listed["data"], "role")).collect();
    found.sort();
    let mut wanted = [(admin_email.clone(), "admin".to_owned()), (reader_email.clone(), "moderator".to_owned())];
    wanted.sort();
    assert_eq!(found, wanted);

    // An admin does what the owner does, but does not end what is another's.
    let hook = json!({"id": "own", "name": "Own", "webhookURL": "https://example.com/own"});
    data(admin.post(&format!("/apps/{}/webhooks", app.id), hook)).await;
    for (method, path, body) in calls(&app.id) {
        let request = reader.call(method.clone(), &path).json(&body);
        // A moderator looks after users, and sees of the app what it is and who else does.
        let is_read = method == Method::GET && !path.contains("/settings") && !path.contains("/webhooks");
        match is_read || path.ends_with("/usage") {
            true => drop(whole(request).await),
            false => assert_eq!(refused(request).await, "AUTH_ERR_NO_ACCESS", "{method} {path}"),
        }
    }
    assert_eq!(refused(admin.delete(&format!("/apps/{}", app.id), json!({}))).await, "AUTH_ERR_NO_ACCESS");
    let own = data(admin.post(&path, json!({"collaboratorsToRemove": [admin_email]}))).await;
    assert_eq!(own["collaboratorsToRemove"][&admin_email]["error"]["code"], "ERR_SELF_ACTION_DENIED");

    let removed =
        data(tenant.post(&path, json!({"collaboratorsToRemove": [reader_email, "nobody@example.com"]}))).await;
    assert_eq!(removed["collaboratorsToRemove"][&reader_email]["success"], true);
    assert_eq!(removed["collaboratorsToRemove"]["nobody@example.com"]["error"]["code"], "ERR_NOT_A_COLLABORATOR");
    assert_eq!(refused(reader.get(&path)).await, "ERR_APP_NOT_FOUND");
    // One place is taken, and the limit is one.
    owner.set(&app, json!({"limits.collaborators": 1})).await;
    let full = data(tenant.post(&path, json!({"developers": [reader_email]}))).await;
    assert_eq!(full["developers"][&reader_email]["error"]["code"], "ERR_PLAN_QUOTA_RESTRICTION");
    assert_eq!(refused(tenant.post(&path, json!({}))).await, "ERR_BAD_REQUEST");
}

crate::in_both_forms!(
    an_app_is_made_found_and_used,
    apps_are_walked_page_by_page,
    an_archived_app_is_refused_everywhere,
    only_an_operator_of_the_app_manages_it,
    tenants_are_made_by_password_or_key_and_once,
    collaborators_share_an_app,
);
