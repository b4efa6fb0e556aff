//! Operators and their apps: made, set, shared and ended from outside. Push tokens, too, which are the app's data.

use halley_client::{Connection, Event, Server};
use halley_testkit::{eventually, platform::Platform, unique, within};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Form, Http, Scene, answer, code, column, data, refused, whole};

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

    fn of(platform: &Platform) -> Self {
        halley_client::install_crypto();
        let file = std::fs::read(platform.data_dir().join("management.json")).expect("written at the first start");
        let file: Value = serde_json::from_slice(&file).expect("JSON");
        let text = |key: &str| file[key].as_str().expect(key).to_owned();
        let http = Client::builder().no_proxy().timeout(std::time::Duration::from_secs(20)).build().expect("client");
        Self { http, base: format!("{}/v3", platform.rest), key: text("key"), secret: text("secret") }
    }

    fn bare(&self, method: Method, path: &str) -> RequestBuilder {
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

    // Who reads may not write; an admin may, but not end what is another's.
    let hook = json!({"id": "own", "name": "Own", "webhookURL": "https://example.com/own"});
    data(admin.post(&format!("/apps/{}/webhooks", app.id), hook)).await;
    for (method, path, body) in calls(&app.id) {
        let request = reader.call(method.clone(), &path).json(&body);
        match method == Method::GET || path.ends_with("/usage") {
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

async fn settings_are_set_checked_and_put_back(form: Form) {
    let owner = Manager::owner(form).await;
    let (tenant, app, _) = owner.tenant().await;
    let path = format!("/apps/{}/settings", app.id);
    let first = data(tenant.get(&path)).await;
    assert_eq!(first["core.conversations.updateOnGroupActions"], true);
    assert_eq!(first["core.conversations.updateOnMessageActions"], false);
    assert_eq!((&first["limits.apiKeys"], &first["limits.groups.members"]), (&json!(25), &json!(0)));
    let fates = data(tenant.post(
        &path,
        json!({"settings": {
            "core.conversations.updateOnReplies": false,
            "core.conversations.updateOnCallActivity": "yes",
            "core.nothing": true,
            "limits.apiKeys": 3,
        }}),
    ))
    .await;
    assert_eq!(fates["core.conversations.updateOnReplies"]["success"], true);
    for (key, wanted) in [
        ("core.conversations.updateOnCallActivity", "ERR_BAD_REQUEST"),
        ("core.nothing", "ERR_BAD_REQUEST"),
        // Limits protect everybody on the server.
        ("limits.apiKeys", "AUTH_ERR_NO_ACCESS"),
    ] {
        assert_eq!(fates[key]["error"]["code"], wanted, "{key}");
    }
    owner.set(&app, json!({"limits.apiKeys": 3, "limits.roles": 1})).await;
    let set = data(tenant.get(&path)).await;
    assert_eq!(set["core.conversations.updateOnReplies"], false);
    assert_eq!((&set["limits.apiKeys"], &set["limits.roles"]), (&json!(3), &json!(1)));
    assert_eq!(refused(tenant.delete(&path, json!({"settings": ["limits.apiKeys"]}))).await, "AUTH_ERR_NO_ACCESS");
    assert_eq!(refused(tenant.delete(&path, json!({"settings": ["core.nothing"]}))).await, "ERR_BAD_REQUEST");
    whole(tenant.delete(&path, json!({}))).await;
    let set = data(tenant.get(&path)).await;
    assert_eq!((&set["core.conversations.updateOnReplies"], &set["limits.apiKeys"]), (&json!(true), &json!(3)));
    whole(owner.delete(&path, json!({"settings": {"limits.apiKeys": true}}))).await;
    let set = data(tenant.get(&path)).await;
    assert_eq!((&set["limits.apiKeys"], &set["limits.roles"]), (&json!(25), &json!(1)));
    for bad in [json!({}), json!({"settings": 1}), json!({"settings": {}})] {
        assert_eq!(refused(tenant.post(&path, bad.clone())).await, "ERR_BAD_REQUEST", "{bad}");
    }
}

/// Repeats a request until it is refused: a setting reaches other processes a moment after its answer.
async fn soon_refused(what: &str, request: RequestBuilder) -> String {
    eventually(what, async || {
        let (status, body) = answer(request.try_clone().expect("a copy")).await;
        status.is_client_error().then(|| code(&body).to_owned())
    })
    .await
}

async fn limits_hold_where_they_are_set(form: Form) {
    let owner = Manager::owner(form).await;
    let app = owner.app("Limited").await;
    let post = |path: &str, body: Value| owner.as_app(&app, Method::POST, path).json(&body);
    for uid in ["ann", "bob", "cat", "dan", "eve", "fay"] {
        data(post("/users", json!({"uid": uid, "name": uid}))).await;
    }
    data(post("/groups", json!({"guid": "room", "name": "Room", "type": "public"}))).await;
    owner
        .set(
            &app,
            json!({
                "limits.apiKeys": 2,
                "limits.roles": 1,
                "limits.users.authTokens": 1,
                "limits.users.friends": 1,
                "limits.users.friendsPerCall": 2,
                "limits.groups.membersPerCall": 2,
                "limits.groups.members": 2,
                "limits.messages.bytes": 100,
                "limits.import.entities": 1,
                "limits.files.bytes": 10,
            }),
        )
        .await;
    let key = json!({"name": "third", "scope": "authOnly"});
    assert_eq!(refused(post("/apikeys", key)).await, "ERR_PLAN_QUOTA_RESTRICTION");
    let three = json!({"accepted": ["bob", "cat", "dan"]});
    assert_eq!(soon_refused("friends of a call", post("/users/ann/friends", three)).await, "ERR_BAD_REQUEST");
    let role = post("/roles", json!({"role": "star", "name": "Star"}));
    assert_eq!(soon_refused("roles", role).await, "ERR_PLAN_QUOTA_RESTRICTION");
    let two = json!({"participants": ["bob", "cat", "dan"]});
    assert_eq!(soon_refused("members of a call", post("/groups/room/members", two)).await, "ERR_BAD_REQUEST");
    let long = json!({"receiver": "ann", "receiverType": "user", "category": "message", "type": "text",
        "data": {"text": "a".repeat(200)}});
    let said = post("/messages", long).header("onBehalfOf", "bob");
    assert_eq!(soon_refused("large messages", said).await, "ERR_INVALID_MESSAGE_DATA");

    let friends = data(post("/users/eve/friends", json!({"accepted": ["fay", "dan"]}))).await;
    assert_eq!(friends["accepted"]["fay"]["success"], true, "{friends}");
    assert_eq!(friends["accepted"]["dan"]["error"]["code"], "ERR_FAILED_TO_ADD_FRIEND", "{friends}");
    let joined = data(post("/groups/room/members", json!({"participants": ["ann", "bob"]}))).await;
    assert_eq!(joined["participants"]["ann"]["success"], true, "{joined}");
    let full = data(post("/groups/room/members", json!({"participants": ["cat"]}))).await;
    assert_eq!(full["participants"]["cat"]["error"]["code"], "ERR_NO_VACANCY", "{full}");
    let token = data(post("/users/cat/auth_tokens", json!({}))).await["authToken"].clone();
    let joining = owner.bare(Method::POST, "/groups/room/members").header("appid", &app.id).json(&json!({}));
    let joining = joining.header("authtoken", token.as_str().expect("a token"));
    assert_eq!(refused(joining).await, "ERR_NO_VACANCY");
    let import = json!({"users": {"gus": {"uid": "gus", "name": "Gus"}, "hal": {"uid": "hal", "name": "Hal"}}});
    assert_eq!(refused(post("/data_import/users", import)).await, "ERR_IMPORT_INVALID_USER_FORMAT");
    let file = json!({"name": "a.txt", "mimeType": "text/plain", "size": 11});
    let wanted = json!({"receiver": "ann", "receiverType": "user", "files": {"one": file}});
    let permit = post("/files/upload-url", wanted).header("onBehalfOf", "bob");
    assert_eq!(refused(permit).await, "ERR_FILE_SIZE_EXCEEDED");
    for _ in 0..2 {
        data(post("/users/ann/auth_tokens", json!({"force": true}))).await;
    }
    let tokens = whole(owner.as_app(&app, Method::GET, "/users/ann/auth_tokens")).await;
    assert_eq!(tokens["data"].as_array().map(Vec::len), Some(1), "the oldest made room: {tokens}");
}

async fn what_becomes_the_last_message_is_the_apps_to_say(form: Form) {
    let owner = Manager::owner(form).await;
    let app = owner.app("Quiet").await;
    let post = |path: &str, body: Value| owner.as_app(&app, Method::POST, path).json(&body);
    for uid in ["ann", "bob"] {
        data(post("/users", json!({"uid": uid, "name": uid}))).await;
    }
    let text = |text: &str| json!({"receiver": "bob", "receiverType": "user", "category": "message", "type": "text", "data": {"text": text}});
    let last = async || {
        let path = "/users/ann/conversation";
        let shown = data(owner.as_app(&app, Method::GET, path).header("onBehalfOf", "bob")).await;
        let shown = if shown.is_array() { shown[0].clone() } else { shown };
        shown["lastMessage"]["id"].as_str().unwrap_or_default().to_owned()
    };
    let say = async |path: &str, body: Value| {
        let sent = data(post(path, body).header("onBehalfOf", "ann")).await;
        sent["id"].as_str().expect("an id").to_owned()
    };
    let root = say("/messages", text("root")).await;
    assert_eq!(last().await, root);
    let reply = say(&format!("/messages/{root}/thread"), text("a reply")).await;
    assert_eq!(last().await, reply, "by default a reply is news");

    owner.set(&app, json!({"core.conversations.updateOnReplies": false})).await;
    let newer = say("/messages", text("newer")).await;
    eventually("replies are no news any more", async || {
        say(&format!("/messages/{root}/thread"), text("another reply")).await;
        let is_quiet = last().await == newer;
        is_quiet.then_some(())
    })
    .await;
    owner.set(&app, json!({"core.conversations.updateOnMessageActions": true})).await;
    eventually("edits are news now", async || {
        let edit = owner.as_app(&app, Method::PUT, &format!("/messages/{newer}")).header("onBehalfOf", "ann");
        data(edit.json(&json!({"data": {"text": "edited"}}))).await;
        let shown = last().await;
        (shown != newer).then_some(())
    })
    .await;
}

async fn webhooks_are_kept_without_showing_passwords(form: Form) {
    let owner = Manager::owner(form).await;
    let (tenant, app, _) = owner.tenant().await;
    let path = format!("/apps/{}/webhooks", app.id);
    let hook = |id: &str| json!({"id": id, "name": format!("Hook {id}"), "webhookURL": "https://example.com/hook"});
    let mut first = hook("orders");
    first["useBasicAuth"] = json!(true);
    first["username"] = json!("carrier");
    first["password"] = json!("pigeon-1576");
    first["retryOnFailure"] = json!(true);
    let made = tenant.post(&path, first.clone()).header("X-Webhook-Version", "2").send().await.expect("an answer");
    let made = made.text().await.expect("a body");
    assert!(!made.contains("pigeon"), "{made}");
    let made: Value = serde_json::from_str(&made).expect("JSON");
    let made = &made["data"];
    assert_eq!(
        (&made["id"], &made["enabled"], &made["version"]),
        (&json!("orders"), &json!(true), &json!(2)),
        "{made}"
    );
    assert_eq!(refused(tenant.post(&path, first)).await, "ERR_WEBHOOK_ALREADY_EXISTS");
    for (key, bad) in [
        ("id", json!("has space")),
        ("id", json!("x".repeat(51))),
        ("name", json!("x".repeat(51))),
        ("webhookURL", json!("ftp://example.com")),
        ("webhookURL", json!("https://user:pw@example.com")),
        ("webhookURL", json!(format!("https://example.com/{}", "x".repeat(250)))),
        ("useBasicAuth", json!(true)),
        ("username", json!("a b")),
        ("password", json!("x".repeat(101))),
    ] {
        let mut body = hook("bad");
        body[key] = bad;
        assert_eq!(refused(tenant.post(&path, body.clone())).await, "ERR_BAD_REQUEST", "{body}");
    }
    let one = format!("{path}/orders");
    let change = tenant.call(Method::PUT, &one).json(&json!({"name": "Renamed", "enabled": false, "password": ""}));
    let changed = data(change).await;
    assert_eq!(
        (&changed["name"], &changed["enabled"], &changed["useBasicAuth"]),
        (&json!("Renamed"), &json!(false), &json!(true))
    );
    assert_eq!(data(tenant.get(&one)).await, changed);

    let triggers = format!("{one}/triggers");
    let wanted = json!({"triggerIds": ["message_sent", "user_blocked", "before_message"]});
    let added = data(tenant.post(&triggers, wanted)).await;
    assert_eq!(added["message_sent"]["success"], true, "{added}");
    assert_eq!(added["before_message"]["error"]["code"], "ERR_TRIGGER_NOT_FOUND", "of the other version");
    assert_eq!(refused(tenant.post(&triggers, json!({"triggerIds": ["nothing"]}))).await, "ERR_TRIGGER_NOT_FOUND");
    let mut walked = Vec::new();
    for page in 1..=2 {
        let listed = whole(tenant.get(&format!("{triggers}?perPage=1&page={page}"))).await;
        assert_eq!(listed["meta"]["pagination"]["total"], 2);
        walked.extend(column(&listed["data"], "id"));
    }
    assert_eq!(walked, ["message_sent", "user_blocked"]);
    whole(tenant.delete(&triggers, json!({"triggerIds": ["user_blocked"]}))).await;
    assert_eq!(column(&whole(tenant.get(&triggers)).await["data"], "id"), ["message_sent"]);

    owner.set(&app, json!({"limits.webhooks": 4})).await;
    for id in ["b", "c", "d"] {
        data(tenant.post(&path, hook(id))).await;
    }
    assert_eq!(refused(tenant.post(&path, hook("e"))).await, "ERR_PLAN_QUOTA_RESTRICTION");
    let mut walked = Vec::new();
    for page in 1..=2 {
        walked.extend(column(&whole(tenant.get(&format!("{path}?perPage=3&page={page}"))).await["data"], "id"));
    }
    assert_eq!(walked, ["orders", "b", "c", "d"]);
    assert_eq!(column(&whole(tenant.get(&format!("{path}?searchKey=renamed"))).await["data"], "id"), ["orders"]);
    whole(tenant.delete(&one, json!({}))).await;
    for request in [tenant.get(&one), tenant.delete(&one, json!({})), tenant.get(&triggers)] {
        assert_eq!(refused(request).await, "ERR_WEBHOOK_NOT_FOUND");
    }
}

const PUSH: &str = "/notifications/push/v1/tokens";

async fn push_tokens_hang_on_auth_tokens(form: Form) {
    let scene = Scene::new(form).await;
    let ann = scene.world.person("ann").await;
    let second = scene.world.api.create_auth_token(&ann.uid).await.expect("a second device");
    let (push, other) = (unique("fcm"), unique("fcm"));
    let register = |key: &str, push: &str, token: &str, platform: &str| {
        let mut body =
            json!({"platform": platform, "providerId": "any", "authToken": token, "timezone": "Europe/Oslo"});
        body[key] = json!(push);
        scene.post(PUSH, body)
    };
    assert_eq!(data(register("fcmToken", &push, &ann.token, "fcm_android")).await["success"], true);
    let list = |token: &str, all: bool| scene.get(&format!("{PUSH}?authToken={token}&all={all}"));
    let listed = data(list(&ann.token, false)).await["pushTokens"].clone();
    let row = &listed[0];
    assert_eq!((&row["pushToken"], &row["uid"]), (&json!(push), &json!(ann.uid)), "{listed}");
    assert_eq!((&row["authToken"], &row["pushTokenType"]), (&json!(ann.token), &json!("chat")));
    assert!(row["createdAt"].as_str().is_some_and(|at| at.ends_with('Z')), "{row}");
    // One of a kind for each auth token; one for calls beside it; a device is whose login was last.
    data(register("fcmToken", &other, &ann.token, "fcm_android")).await;
    data(register("voipToken", &push, &ann.token, "apns_ios_voip")).await;
    let mut values = column(&data(list(&ann.token, false)).await["pushTokens"], "pushToken");
    values.sort();
    let mut wanted = [push.clone(), other.clone()];
    wanted.sort();
    assert_eq!(values, wanted);
    data(register("deviceToken", &push, &second, "apns_ios_device")).await;
    assert_eq!(column(&data(list(&ann.token, false)).await["pushTokens"], "pushToken"), std::slice::from_ref(&other));
    assert_eq!(data(list(&ann.token, true)).await["pushTokens"].as_array().map(Vec::len), Some(2));

    let gone = data(scene.delete(&format!("{PUSH}/{push}"), json!({"authToken": ann.token}))).await;
    assert_eq!(column(&gone["pushTokens"], "pushToken"), std::slice::from_ref(&push), "any of the user's");
    let again = scene.delete(&format!("{PUSH}/{push}"), json!({"authToken": ann.token}));
    assert_eq!(refused(again).await, "ERR_TOKEN_NOT_FOUND");
    data(register("fcmToken", &push, &second, "fcm_ios")).await;
    let gone = data(scene.delete(&format!("{PUSH}?all=false"), json!({"authToken": second}))).await;
    assert_eq!(column(&gone["pushTokens"], "pushToken"), std::slice::from_ref(&push));
    data(register("fcmToken", &push, &second, "fcm_ios")).await;
    // An auth token that ends takes its push token along.
    data(scene.delete(&format!("/users/{}/auth_tokens/{second}", ann.uid), json!({}))).await;
    assert_eq!(column(&data(list(&ann.token, true)).await["pushTokens"], "pushToken"), std::slice::from_ref(&other));
    let gone = data(scene.delete(&format!("{PUSH}?all=true"), json!({"authToken": ann.token}))).await;
    assert_eq!(column(&gone["pushTokens"], "pushToken"), [other]);
    for (body, wanted) in [
        (json!({"platform": "fcm_web", "authToken": ann.token}), "ERR_BAD_REQUEST"),
        (json!({"fcmToken": "x", "authToken": ann.token}), "ERR_BAD_REQUEST"),
        (json!({"platform": "fcm_web", "fcmToken": "x"}), "ERR_BAD_REQUEST"),
        (json!({"platform": "fcm_web", "fcmToken": "x".repeat(4097), "authToken": ann.token}), "ERR_BAD_REQUEST"),
        (json!({"platform": "fcm_web", "fcmToken": "x", "authToken": second}), "ERR_AUTH_TOKEN_NOT_FOUND"),
    ] {
        assert_eq!(refused(scene.post(PUSH, body.clone())).await, wanted, "{body}");
    }
}

async fn push_tokens_are_their_users_own(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    let push = unique("fcm");
    let body = json!({"platform": "fcm_web", "fcmToken": push});
    // A client names no auth token: it came with it.
    data(scene.by(&ann, Method::POST, PUSH, body.clone())).await;
    let own = data(scene.by(&ann, Method::GET, PUSH, json!({}))).await;
    assert_eq!(column(&own["pushTokens"], "pushToken"), std::slice::from_ref(&push));
    let foreign = json!({"authToken": ann.token, "platform": "fcm_web", "fcmToken": unique("fcm")});
    for request in [
        scene.by(&bob, Method::POST, PUSH, foreign.clone()),
        scene.by(&bob, Method::GET, &format!("{PUSH}?authToken={}", ann.token), json!({})),
        scene.by(&bob, Method::DELETE, PUSH, json!({"authToken": ann.token})),
        scene.by(&bob, Method::DELETE, &format!("{PUSH}/{push}"), json!({"authToken": ann.token})),
    ] {
        assert_eq!(refused(request).await, "ERR_AUTHTOKEN_NOT_ACCESSIBLE");
    }
    assert_eq!(
        refused(scene.by(&bob, Method::DELETE, &format!("{PUSH}/{push}"), json!({}))).await,
        "ERR_TOKEN_NOT_FOUND"
    );
    let http = Http::new(form).await;
    let auth_key = http.bare(Method::POST, PUSH).header("appid", &http.app_id).header("apikey", &http.auth_key);
    assert_eq!(refused(auth_key.json(&foreign)).await, "AUTH_ERR_NO_ACCESS");
    // Another app does not know the auth token.
    let owner = Manager::owner(form).await;
    let other = owner.app("Other").await;
    let request = owner.as_app(&other, Method::GET, &format!("{PUSH}?authToken={}", ann.token));
    assert_eq!(refused(request).await, "ERR_AUTH_TOKEN_NOT_FOUND");
    assert_eq!(column(&data(scene.by(&ann, Method::GET, PUSH, json!({}))).await["pushTokens"], "pushToken"), [push]);
}

crate::in_both_forms!(
    an_app_is_made_found_and_used,
    apps_are_walked_page_by_page,
    an_archived_app_is_refused_everywhere,
    only_an_operator_of_the_app_manages_it,
    tenants_are_made_by_password_or_key_and_once,
    collaborators_share_an_app,
    settings_are_set_checked_and_put_back,
    limits_hold_where_they_are_set,
    what_becomes_the_last_message_is_the_apps_to_say,
    webhooks_are_kept_without_showing_passwords,
    push_tokens_hang_on_auth_tokens,
    push_tokens_are_their_users_own,
);
