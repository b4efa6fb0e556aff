//! Operators with a session: how they come and go, what they may do in an app by their role, who manages them, and what is
//! written down of what they did.

use std::os::unix::fs::PermissionsExt as _;

use halley_model::{Access, TeamRole, team};
use halley_testkit::{eventually, unique};
use reqwest::{Method, RequestBuilder, StatusCode, header::SET_COOKIE};
use serde_json::{Value, json};

use crate::{
    management::{App, Manager},
    operations::{Auth, OPERATIONS},
    support::{Form, answer, code, column, data, refused, whole},
};

mod actions;

/// What tenants log in with.
const PASSWORD: &str = "uraniborg-1576";

/// A browser with an operator's session.
pub struct Desk {
    manager: Manager,
    cookie: String,
    csrf: String,
    operator: Value,
}

impl Desk {
    /// Logs in.
    pub async fn open(form: Form, email: &str, password: &str) -> Self {
        let manager = Manager::owner(form).await;
        let body = json!({"email": email, "password": password});
        let response = manager.bare(Method::POST, "/operators/sessions").json(&body).send().await.expect("an answer");
        assert_eq!(response.status(), 200, "{email}");
        let cookie = response.headers()[SET_COOKIE].to_str().expect("text").to_owned();
        let shown: Value = response.json().await.expect("JSON");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let (csrf, operator) = (text(&shown["data"]["csrfToken"]), shown["data"]["operator"].clone());
        Self { manager, cookie: cookie.split(';').next().expect("a cookie").to_owned(), csrf, operator }
    }

    /// An owner of the installation who is this test's own, since many who log in as one at once are slowed down.
    pub async fn owner(form: Form) -> Self {
        Self::of_role(form, "owner").await
    }

    /// The operator's id.
    pub fn operator_id(&self) -> &str {
        self.operator["id"].as_str().expect("an id")
    }

    /// The same of another role in the installation.
    pub async fn of_role(form: Form, role: &str) -> Self {
        let (owner, email) = (Manager::owner(form).await, format!("{}@example.com", unique("own")));
        let body = json!({"email": email, "name": "Sophie", "password": PASSWORD, "role": role});
        data(owner.post("/operators", body)).await;
        Self::open(form, &email, PASSWORD).await
    }

    /// A request with the cookie, and the token where something changes.
    pub fn call(&self, method: Method, path: &str) -> RequestBuilder {
        let is_safe = method == Method::GET;
        let request = self.manager.bare(method, path).header("cookie", format!("theme=dark; {}", self.cookie));
        if is_safe { request } else { request.header("x-csrf-token", &self.csrf) }
    }

    /// A request to an app.
    pub fn in_app(&self, app: &App, method: Method, path: &str) -> RequestBuilder {
        self.call(method, path).header("appid", &app.id)
    }
}

/// An app with an owner, and one collaborator of each role.
struct Team {
    app: App,
    owner: Desk,
    admin: Desk,
    moderator: Desk,
    developer: Desk,
}

impl Team {
    async fn new(form: Form) -> Self {
        let installation = Manager::owner(form).await;
        let (_, app, email) = installation.tenant().await;
        let owner = Desk::open(form, &email, PASSWORD).await;
        let mut added = Vec::new();
        for _ in 0..3 {
            added.push(installation.tenant().await.2);
        }
        let body = json!({"admins": [added[0]], "moderators": [added[1]], "developers": [added[2]]});
        whole(owner.call(Method::POST, &format!("/apps/{}/collaborators", app.id)).json(&body)).await;
        Self {
            app,
            owner,
            admin: Desk::open(form, &added[0], PASSWORD).await,
            moderator: Desk::open(form, &added[1], PASSWORD).await,
            developer: Desk::open(form, &added[2], PASSWORD).await,
        }
    }

    /// What is written down of the making of the team.
    fn told_of(&self) -> Value {
        let email = |desk: &Desk| desk.operator["email"].clone();
        json!({"appId": self.app.id, "admins": email(&self.admin), "moderators": email(&self.moderator),
            "developers": email(&self.developer)})
    }

    fn all(&self) -> [(&Desk, TeamRole); 4] {
        [
            (&self.owner, TeamRole::Owner),
            (&self.admin, TeamRole::Admin),
            (&self.moderator, TeamRole::Moderator),
            (&self.developer, TeamRole::Developer),
        ]
    }
}

async fn a_session_is_begun_shown_and_ended(form: Form) {
    let manager = Manager::owner(form).await;
    let (_, app, email) = manager.tenant().await;
    let log_in = |email: &str, password: &str| {
        manager.bare(Method::POST, "/operators/sessions").json(&json!({"email": email, "password": password}))
    };
    let response = log_in(&email, PASSWORD).send().await.expect("an answer");
    let cookie = response.headers()[SET_COOKIE].to_str().expect("text").to_owned();
    for part in ["halley_session=", "; Path=/", "; Max-Age=604800", "; HttpOnly", "; SameSite=Strict"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    assert!(!cookie.contains("Secure"), "not over plain HTTP: {cookie}");
    assert_eq!(response.headers()["cache-control"], "no-store");
    drop(response);

    let desk = Desk::open(form, &email.to_uppercase(), PASSWORD).await;
    let shown = data(desk.call(Method::GET, "/operators/sessions/current")).await;
    assert_eq!((&shown["csrfToken"], &shown["operator"]), (&json!(desk.csrf), &desk.operator), "{shown}");
    assert_eq!((&desk.operator["email"], &desk.operator["role"]), (&json!(email), &json!("developer")));
    assert!(
        !shown.to_string().contains(desk.cookie.split('=').nth(1).expect("a value")),
        "the token is in the cookie alone"
    );
    let listed = whole(desk.call(Method::GET, "/apps")).await;
    assert_eq!(
        (column(&listed["data"], "id"), column(&listed["data"], "ownRole")),
        (vec![app.id.clone()], vec!["owner".to_owned()])
    );

    for (given, wanted) in [
        (log_in(&email, "wrong-password"), "AUTH_ERR_INVALID_CREDENTIALS"),
        (log_in(&format!("{}@example.com", unique("no")), PASSWORD), "AUTH_ERR_INVALID_CREDENTIALS"),
        (log_in("", PASSWORD), "ERR_BAD_REQUEST"),
        (log_in(&email, ""), "ERR_BAD_REQUEST"),
        (log_in(&email, PASSWORD).header("origin", "https://elsewhere.example"), "AUTH_ERR_CROSS_SITE"),
        (log_in(&email, PASSWORD).header("sec-fetch-site", "cross-site"), "AUTH_ERR_CROSS_SITE"),
        (manager.bare(Method::GET, "/operators/sessions/current"), "AUTH_ERR_EMPTY_AUTH_HEADER"),
        (manager.bare(Method::DELETE, "/operators/sessions/current"), "AUTH_ERR_EMPTY_AUTH_HEADER"),
        (manager.call(Method::DELETE, "/operators/sessions/current"), "AUTH_ERR_EMPTY_AUTH_HEADER"),
        (manager.get("/operators/sessions/current"), "AUTH_ERR_EMPTY_AUTH_HEADER"),
        (manager.bare(Method::GET, "/apps").header("cookie", "halley_session=abc"), "AUTH_ERR_SESSION_NOT_VALID"),
    ] {
        assert_eq!(refused(given).await, wanted);
    }

    let response = desk.call(Method::DELETE, "/operators/sessions/current").send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    assert!(response.headers()[SET_COOKIE].to_str().expect("text").contains("halley_session=; Path=/; Max-Age=0"));
    // Whose session has ended loses the cookie, too.
    let again = desk.call(Method::DELETE, "/operators/sessions/current").send().await.expect("an answer");
    assert_eq!(again.status(), 401);
    assert!(again.headers()[SET_COOKIE].to_str().expect("text").contains("Max-Age=0"));
    for request in [
        desk.call(Method::GET, "/operators/sessions/current"),
        desk.call(Method::DELETE, "/operators/sessions/current"),
        desk.call(Method::GET, "/apps"),
        desk.call(Method::POST, "/apps").json(&json!({"name": "X"})),
    ] {
        assert_eq!(refused(request).await, "AUTH_ERR_SESSION_NOT_VALID");
    }
}

async fn the_first_operator_logs_in_by_what_the_first_start_wrote(form: Form) {
    let file = form.platform().await.data_dir().join("management.json");
    let mode = std::fs::metadata(&file).expect("written at the first start").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "for its owner alone");
    let file: Value = serde_json::from_slice(&std::fs::read(&file).expect("a file")).expect("JSON");
    let text = |key: &str| file[key].as_str().expect(key).to_owned();
    let desk = Desk::open(form, &text("email"), &text("password")).await;
    assert_eq!(desk.operator["role"], "owner");
}

async fn guessing_is_slowed_down(form: Form) {
    let manager = Manager::owner(form).await;
    let (_, _, email) = manager.tenant().await;
    let guess = |password: &str| {
        let body = json!({"email": email, "password": password});
        refused(manager.bare(Method::POST, "/operators/sessions").json(&body))
    };
    let mut codes = Vec::new();
    // The wait is a second after the fifth; a slow machine may be later than that.
    for _ in 0..9 {
        codes.push(guess("wrong-password").await);
    }
    assert_eq!(codes[..5], ["AUTH_ERR_INVALID_CREDENTIALS"; 5]);
    assert!(codes.contains(&"ERR_TOO_MANY_REQUESTS".to_owned()), "{codes:?}");
}

/// Calls that change something, each of another kind of path.
fn changes(desk: &Desk, app: &App) -> Vec<RequestBuilder> {
    let bare = |method: Method, path: &str| {
        let request = desk.manager.bare(method, path).header("cookie", &desk.cookie);
        request.header("appid", &app.id).json(&json!({"uid": "mallory", "name": "Mallory"}))
    };
    vec![
        bare(Method::POST, "/users"),
        bare(Method::PUT, "/users/mallory"),
        bare(Method::DELETE, "/users/mallory"),
        bare(Method::PATCH, "/groups/room/owner"),
        bare(Method::POST, "/apps"),
        bare(Method::DELETE, &format!("/apps/{}", app.id)),
        bare(Method::PUT, "/operators/me"),
        bare(Method::DELETE, "/operators/sessions/current"),
        bare(Method::POST, "/tenants"),
    ]
}

async fn other_sites_use_no_session(form: Form) {
    let manager = Manager::owner(form).await;
    let (_, app, email) = manager.tenant().await;
    let (desk, other) = (Desk::open(form, &email, PASSWORD).await, Desk::open(form, &email, PASSWORD).await);
    let host = desk.manager.bare(Method::GET, "/apps").build().expect("a request").url().clone();
    let own = format!("http://{}:{}", host.host_str().expect("a host"), host.port().expect("a port"));
    let users = async || whole(desk.in_app(&app, Method::GET, "/users")).await["data"].clone();
    let before = users().await;
    for n in 0..changes(&desk, &app).len() {
        let call = || changes(&desk, &app).swap_remove(n);
        for request in [
            call(),
            call().header("x-csrf-token", ""),
            call().header("x-csrf-token", &other.csrf),
            call().header("x-csrf-token", &desk.csrf[1..]),
            call().header("x-csrf-token", &desk.csrf).header("origin", "https://elsewhere.example"),
            call().header("x-csrf-token", &desk.csrf).header("origin", "null"),
            call().header("x-csrf-token", &desk.csrf).header("sec-fetch-site", "same-site"),
            call().header("x-csrf-token", &desk.csrf).header("sec-fetch-site", "cross-site").header("origin", &own),
        ] {
            assert_eq!(refused(request).await, "AUTH_ERR_CROSS_SITE");
        }
    }
    assert_eq!(users().await, before);
    let made = desk.in_app(&app, Method::POST, "/users").json(&json!({"uid": "ann", "name": "Ann"}));
    whole(made.header("origin", own).header("sec-fetch-site", "same-origin")).await;
}

async fn a_session_does_what_a_key_of_the_app_does(form: Form) {
    let Team { app, owner, .. } = Team::new(form).await;
    for uid in ["ann", "bob"] {
        data(owner.in_app(&app, Method::POST, "/users").json(&json!({"uid": uid, "name": uid}))).await;
    }
    let text = json!({"receiver": "bob", "receiverType": "user", "category": "message", "type": "text", "data": {"text": "hi"}});
    let sent = data(owner.in_app(&app, Method::POST, "/messages").header("onBehalfOf", "ann").json(&text)).await;
    assert_eq!(sent["sender"], "ann");
    let read =
        data(owner.in_app(&app, Method::GET, &format!("/messages/{}", sent["id"].as_str().expect("an id")))).await;
    assert_eq!(read["data"]["text"], "hi");
    let nobody = owner.in_app(&app, Method::POST, "/messages").header("onBehalfOf", "nobody").json(&text);
    assert_eq!(refused(nobody).await, "ERR_UID_NOT_FOUND");
    whole(owner.in_app(&app, Method::GET, "/stats/messages")).await;
    // The app has to be named, and to be there.
    assert_eq!(refused(owner.call(Method::GET, "/users")).await, "AUTH_ERR_EMPTY_APPID");
    let elsewhere = owner.call(Method::GET, "/users").header("appid", "nosuchapp");
    assert_eq!(refused(elsewhere).await, "ERR_APP_NOT_FOUND");
    // What is of users alone stays theirs.
    assert_eq!(refused(owner.in_app(&app, Method::GET, "/me")).await, "AUTH_ERR_NO_ACCESS");
    // A key or a token that is given counts, and not the cookie beside it.
    let wrong = owner.in_app(&app, Method::GET, "/users").header("apikey", "0".repeat(40));
    assert_eq!(refused(wrong).await, "AUTH_ERR_APIKEY_NOT_FOUND");
    let wrong = owner.in_app(&app, Method::GET, "/users").header("authtoken", "nobody_1700000000");
    assert_eq!(refused(wrong).await, "AUTH_ERR_AUTH_TOKEN_NOT_FOUND");
    // Another's app is none.
    let stranger = Team::new(form).await.owner;
    assert_eq!(refused(stranger.in_app(&app, Method::GET, "/users")).await, "ERR_APP_NOT_FOUND");
    // The installation's owner is the owner of every app.
    let installation = Desk::owner(form).await;
    whole(installation.in_app(&app, Method::GET, "/users")).await;
}

/// Calls every operation of an app by a session; answers where the table says something else.
async fn refused_otherwise(app: &App, desk: &Desk, role: TeamRole) -> Vec<String> {
    let mut wrong = Vec::new();
    for operation in OPERATIONS.iter().filter(|one| matches!(one.auth, Auth::Key | Auth::AnyKey)) {
        let path = operation.path_with(&vec!["none"; operation.parameters()]);
        let method = Method::from_bytes(operation.method.as_bytes()).expect("a method");
        let area = team::area(operation.path).unwrap_or_else(|| panic!("{} has no area", operation.path));
        let (status, body) = answer(desk.in_app(app, method, &path).json(&json!({}))).await;
        let is_refused = code(&body) == "AUTH_ERR_NO_ACCESS";
        let may = role.may(area, Access::of_method(operation.method));
        if is_refused == may || status.is_server_error() {
            wrong.push(format!("{} as {}: {status} {}", operation.id, role.word(), code(&body)));
        }
    }
    wrong
}

/// Every operation of an app by a session of each role: it is refused when the table says so, and not otherwise.
async fn roles_decide_about_every_operation(form: Form) {
    let team = Team::new(form).await;
    let by_role = team.all().map(|(desk, role)| refused_otherwise(&team.app, desk, role));
    let wrong = futures::future::join_all(by_role).await.concat();
    assert!(wrong.is_empty(), "{wrong:#?}");
    // What lies in a body: a token outlives the session, so moderators get none.
    let with_token = json!({"uid": "ann", "name": "Ann", "withAuthToken": true});
    let make = |desk: &Desk| desk.in_app(&team.app, Method::POST, "/users").json(&with_token);
    assert_eq!(refused(make(&team.moderator)).await, "AUTH_ERR_NO_ACCESS");
    assert_eq!(refused(team.owner.in_app(&team.app, Method::GET, "/users/ann")).await, "ERR_UID_NOT_FOUND");
    data(make(&team.developer)).await;
    // Features are the app's business, limits the installation's.
    let settings = format!("/apps/{}/settings", team.app.id);
    let set = |desk: &Desk, settings_given: Value| {
        desk.call(Method::POST, &settings).json(&json!({"settings": settings_given}))
    };
    let feature = json!({"core.conversations.updateOnReplies": false});
    assert_eq!(refused(set(&team.moderator, feature.clone())).await, "AUTH_ERR_NO_ACCESS");
    for desk in [&team.developer, &team.admin, &team.owner] {
        assert_eq!(data(set(desk, feature.clone())).await["core.conversations.updateOnReplies"]["success"], true);
        let limit = data(set(desk, json!({"limits.roles": 7}))).await;
        assert_eq!(limit["limits.roles"]["error"]["code"], "AUTH_ERR_NO_ACCESS");
    }
}

async fn who_is_removed_does_nothing_any_more(form: Form) {
    let team = Team::new(form).await;
    let users = |desk: &Desk| desk.in_app(&team.app, Method::GET, "/users");
    for (desk, _) in team.all() {
        whole(users(desk)).await;
    }
    let people = format!("/apps/{}/collaborators", team.app.id);
    let change = |lists: Value| team.owner.call(Method::POST, &people).json(&lists);
    let becomes = async |desk: &Desk, wanted: &str| {
        eventually(wanted, async || {
            let (_, body) = answer(users(desk)).await;
            (code(&body) == wanted).then_some(())
        })
        .await;
    };
    whole(change(json!({"collaboratorsToRemove": [team.admin.operator["email"]]}))).await;
    becomes(&team.admin, "ERR_APP_NOT_FOUND").await;
    // Another role is another.
    whole(change(json!({"moderators": [team.developer.operator["email"]]}))).await;
    eventually("the keys are hidden", async || {
        let (_, body) = answer(team.developer.in_app(&team.app, Method::GET, "/apikeys")).await;
        (code(&body) == "AUTH_ERR_NO_ACCESS").then_some(())
    })
    .await;
    whole(users(&team.developer)).await;
    whole(team.moderator.call(Method::DELETE, "/operators/sessions/current")).await;
    becomes(&team.moderator, "AUTH_ERR_SESSION_NOT_VALID").await;
    whole(users(&team.owner)).await;
    whole(team.owner.call(Method::DELETE, &format!("/apps/{}", team.app.id))).await;
    becomes(&team.owner, "ERR_APP_NOT_FOUND").await;
}

async fn owners_manage_operators(form: Form) {
    let owner = Desk::owner(form).await;
    let email = format!("{}@example.com", unique("op"));
    let body = json!({"email": email, "name": "Kirsten", "password": PASSWORD, "role": "moderator"});
    let post = |body: &Value| owner.call(Method::POST, "/operators").json(body);
    let made = data(post(&body)).await;
    assert_eq!((&made["email"], &made["role"], &made["name"]), (&json!(email), &json!("moderator"), &json!("Kirsten")));
    assert_eq!(refused(post(&body)).await, "ERR_OPERATOR_ALREADY_EXISTS");
    for (key, bad) in [
        ("email", json!("nonsense")),
        ("name", json!("")),
        ("password", json!("short")),
        ("role", json!("king")),
        ("role", Value::Null),
        ("role", json!(1)),
    ] {
        let mut wrong = body.clone();
        wrong["email"] = json!(format!("{}@example.com", unique("op")));
        wrong[key] = bad;
        assert_eq!(refused(post(&wrong)).await, "ERR_BAD_REQUEST", "{wrong}");
    }
    let id = made["id"].as_str().expect("an id");
    let one = format!("/operators/{id}");
    let listed = whole(owner.call(Method::GET, "/operators?perPage=1000")).await;
    assert!(listed["data"].as_array().expect("rows").contains(&made), "{listed}");
    assert_eq!(refused(owner.call(Method::GET, "/operators?perPage=0")).await, "ERR_BAD_REQUEST");

    the_log_tells_of_wrong_passwords(&owner, &email, id).await;
    // An owner's own password needs the old one.
    let own = format!("/operators/{}", owner.operator_id());
    let (_, told) = answer(owner.call(Method::PUT, &own).json(&json!({"password": "battery-staple"}))).await;
    assert!(told["error"]["details"]["password"].is_array(), "{told}");
    data(owner.call(Method::PUT, &own).json(&json!({"name": "Sophie B."}))).await;

    let desk = Desk::open(form, &email, PASSWORD).await;
    let changed = data(owner.call(Method::PUT, &one).json(&json!({"name": "Other", "role": "developer"}))).await;
    assert_eq!((&changed["name"], &changed["role"]), (&json!("Other"), &json!("developer")));
    // A key does what a session does.
    let by_key = data(desk.manager.call(Method::PUT, &one).json(&json!({"name": "Kirsten"}))).await;
    assert_eq!(by_key["name"], "Kirsten");
    // What owners do, others don't.
    for (method, path) in [
        (Method::GET, "/operators"),
        (Method::POST, "/operators"),
        (Method::PUT, one.as_str()),
        (Method::DELETE, one.as_str()),
        (Method::GET, "/operators/actions"),
    ] {
        let request = desk.call(method.clone(), path).json(&body);
        assert_eq!(refused(request).await, "AUTH_ERR_NO_ACCESS", "{method} {path}");
        assert_eq!(refused(desk.manager.bare(method.clone(), path).json(&body)).await, "AUTH_ERR_EMPTY_AUTH_HEADER");
    }
    let me = |body: Value| desk.call(Method::PUT, "/operators/me").json(&body);
    assert_eq!(data(me(json!({"name": "Kirsten J."}))).await["name"], "Kirsten J.");
    for wrong in [json!({"password": "battery-staple"}), json!({"password": "battery-staple", "oldPassword": "x"})] {
        let (status, body) = answer(me(wrong)).await;
        assert_eq!((status, code(&body)), (StatusCode::BAD_REQUEST, "ERR_BAD_REQUEST"));
        assert!(body["error"]["details"]["oldPassword"].is_array(), "{body}");
    }
    whole(me(json!({"password": "battery-staple", "oldPassword": PASSWORD}))).await;
    assert_eq!(refused(desk.call(Method::GET, "/apps")).await, "AUTH_ERR_SESSION_NOT_VALID");
    let desk = Desk::open(form, &email, "battery-staple").await;
    whole(owner.call(Method::PUT, &one).json(&json!({"password": PASSWORD}))).await;
    assert_eq!(refused(desk.call(Method::GET, "/apps")).await, "AUTH_ERR_SESSION_NOT_VALID");
    let desk = Desk::open(form, &email, PASSWORD).await;
    whole(owner.call(Method::DELETE, &one)).await;
    assert_eq!(refused(desk.call(Method::GET, "/apps")).await, "AUTH_ERR_SESSION_NOT_VALID");
    for request in [owner.call(Method::DELETE, &one), owner.call(Method::PUT, &one).json(&json!({"name": "X"}))] {
        assert_eq!(refused(request).await, "ERR_OPERATOR_NOT_FOUND");
    }
}

/// Of an operator's address alone.
async fn the_log_tells_of_wrong_passwords(owner: &Desk, email: &str, id: &str) {
    for address in [email, "nobody@example.com"] {
        let wrong = json!({"email": address, "password": "not-the-password"});
        let request = owner.manager.bare(Method::POST, "/operators/sessions").json(&wrong);
        assert_eq!(refused(request).await, "AUTH_ERR_INVALID_CREDENTIALS");
    }
    let path = format!("/operators/actions?operator={id}");
    let told = eventually("the refused login is written down", async || {
        let told = whole(owner.call(Method::GET, &path)).await["data"].clone();
        (told != json!([])).then_some(told)
    })
    .await;
    assert_eq!((&told[0]["operation"], &told[0]["status"]), (&json!("create-operator-session"), &json!(401)), "{told}");
}

crate::in_both_forms!(
    a_session_is_begun_shown_and_ended,
    the_first_operator_logs_in_by_what_the_first_start_wrote,
    guessing_is_slowed_down,
    other_sites_use_no_session,
    a_session_does_what_a_key_of_the_app_does,
    roles_decide_about_every_operation,
    who_is_removed_does_nothing_any_more,
    owners_manage_operators,
);
