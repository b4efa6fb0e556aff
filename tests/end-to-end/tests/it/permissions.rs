//! What roles and scopes let people do, set over the API and felt by clients.

use std::time::{Duration, Instant};

use halley_model::permissions::{Call, Feature, Permission as _, RolePermission, ScopePermission};
use halley_testkit::eventually;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::support::{Form, Http, Person, World, answer, code, column, data, whole};

crate::in_both_forms!(
    permissions_have_the_documented_shape,
    restricted_features_are_listed_page_by_page,
    every_restricted_feature_forbids_its_calls,
    every_denied_permission_forbids_its_calls,
    messages_go_where_and_as_the_role_allows,
    people_are_seen_as_the_role_allows,
    groups_are_made_listed_and_joined_as_the_role_allows,
    history_shows_what_the_role_allows,
    scopes_decide_in_their_group,
    a_change_is_felt_soon_on_every_node,
    wrong_rights_are_refused_and_only_the_server_side_sets_them,
);

/// How long a change may take to be felt everywhere: far less than what is cached lives without being told.
const SOON: Duration = Duration::from_secs(5);

/// A role of this test's own, and its people.
struct Scene {
    http: Http,
    world: World,
    role: String,
}

impl Scene {
    async fn new(form: Form) -> Self {
        let (http, world) = (Http::new(form).await, World::new(form).await);
        let scene = Self { role: world.name("role"), http, world };
        scene.add_role(&scene.role).await;
        scene
    }

    async fn add_role(&self, role: &str) {
        data(self.key(Method::POST, "/roles", json!({"role": role, "name": "Role"}))).await;
    }

    /// An app has room for so many roles: each test gives its own back.
    async fn end(self) {
        data(self.key(Method::DELETE, &format!("/roles/{}", self.role), json!({}))).await;
    }

    fn key(&self, method: Method, path: &str, body: Value) -> RequestBuilder {
        self.http.with_key(method, path).json(&body)
    }

    fn by(&self, person: &Person, method: Method, path: &str, body: Value) -> RequestBuilder {
        self.http.as_user(method, path, person).json(&body)
    }

    async fn give(&self, person: &Person, role: &str) {
        data(self.key(Method::PUT, &format!("/users/{}", person.uid), json!({"role": role}))).await;
    }

    /// A person with the test's role.
    async fn person(&self, base: &str) -> Person {
        let person = self.world.person(base).await;
        self.give(&person, &self.role).await;
        person
    }

    /// Sets permissions of the role.
    async fn set(&self, permissions: Value) {
        let path = format!("/roles/{}/permissions", self.role);
        data(self.key(Method::PUT, &path, json!({"permissions": permissions}))).await;
    }

    async fn unset(&self, permission: &str) {
        data(self.key(Method::DELETE, &format!("/roles/{}/permissions/{permission}", self.role), json!({}))).await;
    }

    async fn befriend(&self, a: &Person, b: &Person) {
        data(self.key(Method::POST, &format!("/users/{}/friends", a.uid), json!({"accepted": [b.uid]}))).await;
    }
}

/// Waits until a call is refused for want of permission; answers the text.
async fn denied(what: &str, request: impl Fn() -> RequestBuilder) -> String {
    soon(what, async || {
        let (status, body) = answer(request()).await;
        let is_denied = status == StatusCode::FORBIDDEN && code(&body) == "ERR_PERMISSION_DENIED";
        is_denied.then(|| body["error"]["message"].as_str().unwrap_or_default().to_owned())
    })
    .await
}

/// Waits until a call succeeds; answers its data.
async fn allowed(what: &str, request: impl Fn() -> RequestBuilder) -> Value {
    soon(what, async || {
        let (status, body) = answer(request()).await;
        (status == 200).then(|| body["data"].clone())
    })
    .await
}

/// Waits for an answer, which must come soon.
async fn soon<T, F: Future<Output = Option<T>>>(what: &str, ask: impl FnMut() -> F) -> T {
    let begun = Instant::now();
    let found = eventually(what, ask).await;
    assert!(begun.elapsed() < SOON, "{what}: only after {:?}", begun.elapsed());
    found
}

fn text_to(receiver: &str, kind: &str) -> Value {
    json!({"receiver": receiver, "receiverType": kind, "category": "message", "type": "text", "data": {"text": "x"}})
}

async fn permissions_have_the_documented_shape(form: Form) {
    let scene = Scene::new(form).await;
    let path = format!("/roles/{}/permissions", scene.role);
    let listed = whole(scene.key(Method::GET, &path, json!({}))).await;
    assert_eq!(listed["meta"]["pagination"]["total"], RolePermission::ALL.len());
    assert_eq!(column(&listed["data"], "id"), RolePermission::ALL.iter().map(|p| p.id()).collect::<Vec<_>>());
    for row in listed["data"].as_array().expect("rows") {
        assert_eq!(row["type"], "role");
        assert!(row["title"].is_string() && row["description"].is_string() && row["dataType"].is_string(), "{row}");
        assert!(row["availableValues"].is_array() && row["createdAt"].is_i64() && row["updatedAt"].is_i64(), "{row}");
        assert_eq!(row["value"], row["defaultValue"]);
    }
    let second = whole(scene.key(Method::GET, &format!("{path}?perPage=20&page=2"), json!({}))).await;
    assert_eq!(second["data"].as_array().expect("rows").len(), 8);

    let body = json!({"permissions": {"sendMessage": "deny", "listUsers.allowedRoles": [scene.role], "listUsers.mode": ["friends"]}});
    let set = data(scene.key(Method::PUT, &path, body)).await;
    assert_eq!(set["sendMessage"]["success"], true);
    let map = &set["permissions"];
    assert_eq!(map.as_object().expect("map").len(), RolePermission::ALL.len());
    assert_eq!((&map["sendMessage"], &map["listUsers.mode"]), (&json!("deny"), &json!("friends")));
    assert_eq!((&map["listUsers.allowedRoles"], &map["createGroup"]), (&json!([scene.role]), &json!("allow")));
    let unset = data(scene.key(Method::DELETE, &format!("{path}/sendMessage"), json!({}))).await;
    let map = &unset["permissions"];
    assert_eq!((&map["sendMessage"], &map["listUsers.mode"]), (&json!("allow"), &json!("friends")));

    let ann = scene.world.person("ann").await;
    let group = scene.world.group("room", &[&ann]).await;
    let path = format!("/groups/{}/scopes/moderator/permissions", group.id());
    let listed = whole(scene.key(Method::GET, &path, json!({}))).await;
    assert_eq!(listed["meta"]["pagination"]["total"], ScopePermission::ALL.len());
    assert!(listed["data"].as_array().expect("rows").iter().all(|row| row["type"] == "scope"));
    let body = json!({"permissions": {"initiateCall.allowedType": "audio", "sendMessage": "deny"}});
    let set = data(scene.key(Method::PUT, &path, body)).await;
    let text = set["sendMessage"]["message"].as_str().expect("text");
    assert!(["sendMessage", "moderator", group.id()].iter().all(|named| text.contains(named)), "{text}");
    assert_eq!(set["permissions"]["initiateCall.allowedType"], json!(["audio"]));
    assert_eq!(set["permissions"].as_object().expect("map").len(), ScopePermission::ALL.len());
    let unset = data(scene.key(Method::DELETE, &format!("{path}/sendMessage"), json!({}))).await;
    assert_eq!(unset["permissions"]["sendMessage"], "allow");
    scene.end().await;
}

async fn restricted_features_are_listed_page_by_page(form: Form) {
    let scene = Scene::new(form).await;
    let path = format!("/roles/{}/restrictedfeatures", scene.role);
    assert_eq!(data(scene.key(Method::GET, &path, json!({}))).await, json!([]));
    let keys = ["u.listUsers", "deleteGroup", "u.ban"];
    let set = data(scene.key(Method::POST, &path, json!({"featuresToRestrict": keys}))).await;
    for key in keys {
        assert_eq!(set[key]["success"], true, "{set}");
    }
    let mut walked = Vec::new();
    for page in 1..=3 {
        let part = whole(scene.key(Method::GET, &format!("{path}?perPage=1&page={page}"), json!({}))).await;
        assert_eq!((&part["meta"]["pagination"]["total"], &part["data"][0]["createdAt"].is_i64()), (&json!(3), &true));
        walked.extend(part["data"].as_array().expect("rows").clone());
    }
    assert_eq!(column(&json!(walked), "key"), ["u.ban", "u.deleteGroup", "u.listUsers"]);
    assert_eq!(walked[1]["path"], "/v3/groups/{{guid}}");
    let one = data(scene.key(Method::DELETE, &path, json!({"featuresToAllow": ["u.ban"]}))).await;
    assert_eq!(one["success"], true);
    assert_eq!(column(&data(scene.key(Method::GET, &path, json!({}))).await, "key"), ["u.deleteGroup", "u.listUsers"]);
    data(scene.key(Method::DELETE, &path, json!({"allowAll": true}))).await;
    assert_eq!(data(scene.key(Method::GET, &path, json!({}))).await, json!([]));
    scene.end().await;
}

/// Makes a call about nothing that exists; answers its status and code.
async fn call(scene: &Scene, person: &Person, call: &Call) -> (StatusCode, String) {
    let nobody = scene.world.name("nobody");
    let path = ["{uid}", "{guid}", "{conversationId}", "{sessionId}"]
        .iter()
        .fold(call.path.replace("{id}", "1"), |path, name| path.replace(name, &nobody));
    let method = call.method.parse().expect("a method");
    let (status, body) = answer(scene.by(person, method, &path, json!({}))).await;
    (status, code(&body).to_owned())
}

/// Calls that features are named after and no document describes: there are none.
const NO_CALLS: [(&str, &str); 3] =
    [("DELETE", "/calls/{sessionId}"), ("DELETE", "/groups/{guid}/messages"), ("GET", "/groups/{guid}/members/{uid}")];

async fn every_restricted_feature_forbids_its_calls(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, other) = (scene.person("ann").await, scene.world.person("other").await);
    let path = format!("/roles/{}/restrictedfeatures", scene.role);
    let all: Vec<&str> = Feature::ALL.iter().map(|feature| feature.key()).collect();
    data(scene.key(Method::POST, &path, json!({"featuresToRestrict": all}))).await;
    denied("the features are restricted", || scene.by(&ann, Method::GET, "/users", json!({}))).await;
    // Logging out comes last: it succeeds when it is allowed.
    let mut features = Feature::ALL.to_vec();
    features.sort_by_key(|feature| *feature == Feature::Logout);
    for feature in &features {
        for each in feature.calls() {
            let (status, code) = call(&scene, &ann, each).await;
            let wanted = match NO_CALLS.contains(&(each.method, each.path)) {
                true => (404, "ERR_API_NOT_FOUND"),
                false => (403, "ERR_PERMISSION_DENIED"),
            };
            assert_eq!((status.as_u16(), code.as_str()), wanted, "{feature:?} {each:?}");
        }
    }
    assert_eq!(answer(scene.by(&other, Method::GET, "/users", json!({}))).await.0, 200, "another role may");
    let as_ann = scene.key(Method::GET, "/users", json!({})).header("onbehalfof", &ann.uid);
    assert_eq!(answer(as_ann).await.0, 200, "features bind clients only");

    data(scene.key(Method::DELETE, &path, json!({"allowAll": true}))).await;
    allowed("the features are allowed", || scene.by(&ann, Method::GET, "/users", json!({}))).await;
    for feature in &features {
        for each in feature.calls() {
            let (_, code) = call(&scene, &ann, each).await;
            assert_ne!(code, "ERR_PERMISSION_DENIED", "{feature:?} {each:?}");
        }
    }
    scene.end().await;
}

async fn every_denied_permission_forbids_its_calls(form: Form) {
    let scene = Scene::new(form).await;
    let ann = scene.person("ann").await;
    for permission in RolePermission::ALL.iter().filter(|permission| !permission.calls().is_empty()) {
        let each = permission.calls()[0];
        assert_ne!(call(&scene, &ann, &each).await.1, "ERR_PERMISSION_DENIED", "{permission:?} by default");
        scene.set(json!({permission.id(): "deny"})).await;
        for each in permission.calls() {
            let refused = async || (call(&scene, &ann, each).await.1 == "ERR_PERMISSION_DENIED").then_some(());
            soon("the call is denied", refused).await;
        }
        scene.unset(permission.id()).await;
        let let_in = async || (call(&scene, &ann, &each).await.1 != "ERR_PERMISSION_DENIED").then_some(());
        soon("the call is allowed again", let_in).await;
    }
    // Acting for somebody is no way around what they may not.
    scene.set(json!({"createGroup": "deny"})).await;
    let group = |base: &str| json!({"guid": scene.world.name(base), "name": "G", "type": "public"});
    let create = |base: &str| scene.key(Method::POST, "/groups", group(base));
    denied("on behalf of the user", || create("denied").header("onbehalfof", &ann.uid)).await;
    // Another name: until the change is felt, the group is made.
    data(create("allowed")).await;
    scene.end().await;
}

async fn messages_go_where_and_as_the_role_allows(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob, cat) = (scene.person("ann").await, scene.person("bob").await, scene.world.person("cat").await);
    let group = scene.world.group("room", &[&ann]).await;
    let send = |body: Value| move |scene: &Scene, ann: &Person| scene.by(ann, Method::POST, "/messages", body.clone());
    let to_bob = send(text_to(&bob.uid, "user"));
    let to_cat = send(text_to(&cat.uid, "user"));
    let to_group = send(text_to(group.id(), "group"));
    let custom = send(
        json!({"receiver": bob.uid, "receiverType": "user", "category": "custom", "type": "place", "data": {"customData": {"a": 1}}}),
    );
    let file = |mime: &str| {
        send(json!({"receiver": bob.uid, "receiverType": "user", "category": "message", "type": "image",
            "data": {"attachments": [{"url": "https://x/a", "mimeType": mime}]}}))
    };
    let (image, film) = (file("image/png"), file("video/mp4"));
    type Send<'a> = &'a dyn Fn(&Scene, &Person) -> RequestBuilder;
    // The permission with a value, a message that is sent then, and one that is not.
    let table: [(&str, Value, Send<'_>, Send<'_>); 6] = [
        ("sendMessage.allowedReceiverTypes", json!(["group"]), &to_group, &to_bob),
        ("sendMessage.allowedReceiverRoles", json!([scene.role]), &to_bob, &to_cat),
        ("sendMessage.allowedMessageCategories", json!(["custom"]), &custom, &to_bob),
        ("sendMessage.allowedMessageTypes", json!(["image"]), &image, &to_bob),
        ("sendMessage.allowedCustomTypes", json!(["poll"]), &to_bob, &custom),
        ("sendMessage.allowedMimeTypes", json!(["image/*"]), &image, &film),
    ];
    for (permission, value, sent, refused) in table {
        allowed(permission, || refused(&scene, &ann)).await;
        scene.set(json!({permission: value})).await;
        let text = denied(permission, || refused(&scene, &ann)).await;
        assert!(text.contains(permission) && text.contains(&scene.role), "{text}");
        allowed(permission, || sent(&scene, &ann)).await;
        scene.unset(permission).await;
    }
    scene.set(json!({"sendMessage.mode": "friends"})).await;
    denied("not to strangers", || to_cat(&scene, &ann)).await;
    scene.befriend(&ann, &cat).await;
    allowed("to friends", || to_cat(&scene, &ann)).await;
    data(scene.key(Method::DELETE, &format!("/users/{}/friends", ann.uid), json!({"friends": [cat.uid]}))).await;
    denied("not to strangers again", || to_cat(&scene, &ann)).await;
    allowed("to groups all the same", || to_group(&scene, &ann)).await;
    scene.end().await;
}

async fn people_are_seen_as_the_role_allows(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob, cat) = (scene.person("ann").await, scene.person("bob").await, scene.world.person("cat").await);
    scene.befriend(&ann, &cat).await;
    let uids = format!("/users?uids={},{},{}", ann.uid, bob.uid, cat.uid);
    let listed = async || column(&data(scene.by(&ann, Method::GET, &uids, json!({}))).await, "uid");
    let one = |person: &Person| scene.by(&ann, Method::GET, &format!("/users/{}", person.uid), json!({}));
    assert_eq!(listed().await.len(), 3);

    scene.set(json!({"listUsers.mode": "friends"})).await;
    soon("only friends are listed", async || (listed().await == [cat.uid.clone()]).then_some(())).await;
    scene.unset("listUsers.mode").await;
    scene.set(json!({"listUsers.allowedRoles": [scene.role]})).await;
    soon("only one role is listed", async || (listed().await == [ann.uid.clone(), bob.uid.clone()]).then_some(()))
        .await;
    denied("asking for another role", || scene.by(&ann, Method::GET, "/users?roles=default", json!({}))).await;

    scene.set(json!({"getUserDetails.mode": "friends"})).await;
    denied("strangers are not seen", || one(&bob)).await;
    allowed("friends are", || one(&cat)).await;
    allowed("and oneself", || one(&ann)).await;
    scene.unset("getUserDetails.mode").await;
    scene.set(json!({"getUserDetails.allowedRoles": [scene.role]})).await;
    denied("another role is not seen", || one(&cat)).await;
    allowed("the own one is", || one(&bob)).await;
    scene.end().await;
}

async fn groups_are_made_listed_and_joined_as_the_role_allows(form: Form) {
    let scene = Scene::new(form).await;
    let ann = scene.person("ann").await;
    let (open, locked) = (scene.world.name("open"), scene.world.name("locked"));
    for (guid, kind, password) in [(&open, "public", ""), (&locked, "password", "x")] {
        let body = json!({"guid": guid, "name": "G", "type": kind, "password": password});
        data(scene.key(Method::POST, "/groups", body)).await;
    }
    let make = |kind: &str| {
        let body = json!({"guid": scene.world.name(kind), "name": "G", "type": kind});
        scene.by(&ann, Method::POST, "/groups", body)
    };
    let join = |guid: &str| scene.by(&ann, Method::POST, &format!("/groups/{guid}/members"), json!({"password": "x"}));
    let list = |types: &str| scene.by(&ann, Method::GET, &format!("/groups?guids={open},{locked}{types}"), json!({}));
    assert_eq!(data(list("")).await.as_array().map(Vec::len), Some(2));

    scene
        .set(json!({
            "createGroup.allowedGroupTypes": ["public"],
            "listGroups.allowedGroupTypes": ["public"],
            "joinGroup.allowedGroupTypes": ["public"],
        }))
        .await;
    denied("no private group", || make("private")).await;
    allowed("a public one", || make("public")).await;
    denied("asking for others", || list("&types=password")).await;
    let listed = async || column(&data(list("")).await, "guid");
    soon("only public ones are listed", async || (listed().await == [open.clone()]).then_some(())).await;
    denied("no locked group", || join(&locked)).await;
    allowed("an open one", || join(&open)).await;
    scene.unset("joinGroup.allowedGroupTypes").await;
    // Until the denial was felt, a try may have joined it.
    let let_in = async || (code(&answer(join(&locked)).await.1) != "ERR_PERMISSION_DENIED").then_some(());
    soon("the locked one now", let_in).await;
    scene.end().await;
}

async fn history_shows_what_the_role_allows(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.person("ann").await, scene.world.person("bob").await);
    let text = data(scene.by(&bob, Method::POST, "/messages", text_to(&ann.uid, "user"))).await;
    let custom = json!({"receiver": ann.uid, "receiverType": "user", "category": "custom", "type": "place", "data": {"customData": {"a": 1}}});
    let custom = data(scene.by(&bob, Method::POST, "/messages", custom)).await;
    let id = |message: &Value| message["id"].as_str().expect("id").to_owned();
    let list = |query: &str| scene.by(&ann, Method::GET, &format!("/users/{}/messages{query}", bob.uid), json!({}));
    let one = |id: String| scene.by(&ann, Method::GET, &format!("/messages/{id}"), json!({}));
    for (permission, value, hidden, query) in [
        ("listMessages.allowedMessageCategories", "custom", &text, "?categories=message"),
        ("listMessages.allowedMessageTypes", "text", &custom, "?types=place"),
    ] {
        assert_eq!(column(&data(list("")).await, "id"), [id(&text), id(&custom)]);
        scene.set(json!({permission: [value]})).await;
        denied("asking for what is hidden", || list(query)).await;
        denied("one that is hidden", || one(id(hidden))).await;
        let shown = soon("only the other is shown", async || {
            let shown = column(&data(list("")).await, "id");
            (shown.len() == 1 && !shown.contains(&id(hidden))).then_some(shown)
        })
        .await;
        allowed("one that is not", || one(shown[0].clone())).await;
        scene.unset(permission).await;
        soon("all is shown", async || (data(list("")).await.as_array().map(Vec::len) == Some(2)).then_some(())).await;
    }
    scene.end().await;
}

async fn scopes_decide_in_their_group(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    let group = scene.world.group("room", &[&ann, &bob]).await;
    let members = format!("/groups/{}/members", group.id());
    data(scene.key(Method::PUT, &format!("{members}/{}", ann.uid), json!({"scope": "admin"}))).await;
    let path = format!("/groups/{}/scopes/participant/permissions", group.id());
    let set = async |permissions: Value| data(scene.key(Method::PUT, &path, json!({"permissions": permissions}))).await;
    let send = |person: &Person| scene.by(person, Method::POST, "/messages", text_to(group.id(), "group"));
    let list = |person: &Person, query: &str| scene.by(person, Method::GET, &format!("{members}{query}"), json!({}));

    let parent = data(send(&bob)).await["id"].as_str().expect("id").to_owned();
    let reply = || scene.by(&bob, Method::POST, &format!("/messages/{parent}/thread"), text_to(group.id(), "group"));
    set(json!({"sendThreadedMessage": "deny"})).await;
    denied("no replies", reply).await;
    allowed("but messages", || send(&bob)).await;
    set(json!({"sendMessage": "deny"})).await;
    let text = denied("no messages", || send(&bob)).await;
    assert!(text.contains("participant") && text.contains("sendMessage"), "{text}");
    allowed("an admin's", || send(&ann)).await;

    set(json!({"listMembers.allowedScopes": "admin"})).await;
    assert_eq!(column(&allowed("admins only", || list(&bob, "")).await, "uid"), [ann.uid.as_str()]);
    denied("no participants", || list(&bob, "?scopes=participant")).await;
    set(json!({"listMembers": "deny"})).await;
    denied("no list at all", || list(&bob, "")).await;
    allowed("an admin's list", || list(&ann, "")).await;

    // The role is asked first: what the scope allows, it can still deny.
    scene.give(&ann, &scene.role).await;
    scene.set(json!({"sendMessage": "deny"})).await;
    assert!(denied("by the role", || send(&ann)).await.contains(&scene.role));
    for permission in ["sendMessage", "sendThreadedMessage", "listMembers", "listMembers.allowedScopes"] {
        data(scene.key(Method::DELETE, &format!("{path}/{permission}"), json!({}))).await;
    }
    allowed("replies again", reply).await;
    assert_eq!(allowed("all members again", || list(&bob, "")).await.as_array().map(Vec::len), Some(2));
    scene.end().await;
}

async fn a_change_is_felt_soon_on_every_node(form: Form) {
    let scene = Scene::new(form).await;
    let ann = scene.person("ann").await;
    let group = scene.world.group("room", &[&ann]).await;
    let path = format!("/groups/{}/scopes/participant/permissions", group.id());
    let send = || scene.by(&ann, Method::POST, "/messages", text_to(group.id(), "group"));
    // Calls go to the replicas in turn: so many of them in a row reach every one.
    const IN_A_ROW: usize = 8;
    let in_a_row = async |wanted: StatusCode| {
        for _ in 0..IN_A_ROW {
            if answer(send()).await.0 != wanted {
                return None;
            }
        }
        Some(())
    };
    for _ in 0..3 {
        soon("all nodes allow", async || in_a_row(StatusCode::OK).await).await;
        data(scene.key(Method::PUT, &path, json!({"permissions": {"sendMessage": "deny"}}))).await;
        soon("all nodes deny by the scope", async || in_a_row(StatusCode::FORBIDDEN).await).await;
        data(scene.key(Method::DELETE, &format!("{path}/sendMessage"), json!({}))).await;
        soon("all nodes allow again", async || in_a_row(StatusCode::OK).await).await;
        scene.set(json!({"sendMessage": "deny"})).await;
        soon("all nodes deny by the role", async || in_a_row(StatusCode::FORBIDDEN).await).await;
        scene.give(&ann, "default").await;
        soon("another role", async || in_a_row(StatusCode::OK).await).await;
        scene.give(&ann, &scene.role).await;
        soon("the role again", async || in_a_row(StatusCode::FORBIDDEN).await).await;
        scene.unset("sendMessage").await;
    }
    scene.end().await;
}

async fn wrong_rights_are_refused_and_only_the_server_side_sets_them(form: Form) {
    let scene = Scene::new(form).await;
    let ann = scene.person("ann").await;
    let group = scene.world.group("room", &[&ann]).await;
    let (role, nobody) = (&scene.role, scene.world.name("nobody"));
    let refused = async |request: RequestBuilder| {
        let (status, body) = answer(request).await;
        assert!(status.is_client_error(), "{status} {body}");
        code(&body).to_owned()
    };
    let scopes = format!("/groups/{}/scopes", group.id());
    let deny = json!({"permissions": {"sendMessage": "deny"}});
    let table = [
        (Method::PUT, format!("/roles/{role}/permissions"), json!({}), "ERR_BAD_REQUEST"),
        (Method::PUT, format!("/roles/{role}/permissions"), json!({"permissions": []}), "ERR_BAD_REQUEST"),
        (Method::PUT, format!("/roles/{role}/permissions"), json!({"permissions": {"fly": "deny"}}), "ERR_BAD_REQUEST"),
        (
            Method::PUT,
            format!("/roles/{role}/permissions"),
            json!({"permissions": {"sendMessage": 1}}),
            "ERR_BAD_REQUEST",
        ),
        (Method::PUT, format!("/roles/{nobody}/permissions"), deny.clone(), "ERR_ROLE_NOT_FOUND"),
        (Method::GET, format!("/roles/{nobody}/permissions"), json!({}), "ERR_ROLE_NOT_FOUND"),
        (Method::DELETE, format!("/roles/{role}/permissions/fly"), json!({}), "ERR_BAD_REQUEST"),
        (Method::POST, format!("/roles/{role}/restrictedfeatures"), json!({}), "ERR_BAD_REQUEST"),
        (
            Method::POST,
            format!("/roles/{role}/restrictedfeatures"),
            json!({"featuresToRestrict": ["fly"]}),
            "ERR_BAD_REQUEST",
        ),
        (Method::DELETE, format!("/roles/{role}/restrictedfeatures"), json!({}), "ERR_BAD_REQUEST"),
        (Method::GET, format!("/roles/{nobody}/restrictedfeatures"), json!({}), "ERR_ROLE_NOT_FOUND"),
        (Method::PUT, format!("{scopes}/owner/permissions"), deny.clone(), "ERR_BAD_REQUEST"),
        (Method::PUT, format!("/groups/{nobody}/scopes/admin/permissions"), deny.clone(), "ERR_GUID_NOT_FOUND"),
        (Method::DELETE, format!("{scopes}/admin/permissions/createGroup"), json!({}), "ERR_BAD_REQUEST"),
    ];
    for (method, path, body, wanted) in table {
        assert_eq!(refused(scene.key(method.clone(), &path, body.clone())).await, wanted, "{method} {path} {body}");
        assert_eq!(refused(scene.by(&ann, method.clone(), &path, body)).await, "AUTH_ERR_NO_ACCESS", "{method} {path}");
    }
    let listed = data(scene.key(Method::GET, &format!("/roles/{role}/permissions"), json!({}))).await;
    assert!(listed.as_array().expect("rows").iter().all(|row| row["value"] == row["defaultValue"]));
    scene.end().await;
}
