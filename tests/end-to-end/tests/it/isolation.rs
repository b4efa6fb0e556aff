//! Two apps side by side with equal ids and different contents. Every operation of the table is called with the other app's
//! credentials, with the other app's ids, and with the equal ones: no app sees or changes anything of the other.

use halley_client::{Connection, Event, Server};
use halley_testkit::{platform::Platform, unique, within};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc::{Receiver, channel};

use crate::{
    endpoints::probe::{App, Sent},
    operations::{Auth, OPERATIONS, Operation},
    support::Form,
};

mod calls;

use calls::{call_of, text};

crate::in_both_forms!(apps_share_nothing);

/// What differs between the two apps though all else is equal: ids that the server makes.
#[derive(Clone, Default, PartialEq)]
struct Ids {
    app: String,
    /// Of ann to bob, with a reply, a reaction, a pin and a save.
    message: String,
    /// Of ann to bob, to be deleted.
    doomed: String,
    interactive: String,
    token: String,
    doomed_token: String,
    api_key: String,
    doomed_api_key: String,
    session: String,
    push_token: String,
}

/// One of the two apps.
struct Twin {
    app: App,
    /// A word that is in all contents of this app and in none of the other.
    mark: String,
    ids: Ids,
}

/// Of an app's own answers, those that change without anybody's doing.
const CHANGING: [&str; 3] = ["usage-metrics", "message-receipt-metrics", "connection-metrics"];

impl Twin {
    /// An app with everything that the calls need. What is called `fresh` or `imported` is in the other app alone.
    async fn new(platform: &Platform, mark: &str, is_other: bool) -> Self {
        let app = owned(platform, mark).await;
        let ids = Ids { app: app.id.clone(), ..Ids::default() };
        let mut twin = Self { app, mark: mark.to_owned(), ids };
        twin.make_people(is_other).await;
        twin.make_groups(is_other).await;
        twin.make_messages().await;
        twin.make_credentials().await;
        twin.make_rest(is_other).await;
        twin
    }

    async fn done(&self, id: &str, parameters: &[&str], acting: &str, body: Value) -> Value {
        self.app.done(id, parameters, Some(acting).filter(|uid| !uid.is_empty()), body).await
    }

    async fn make_people(&self, is_other: bool) {
        let mark = &self.mark;
        self.done("create-role", &[], "", json!({"role": "vip", "name": mark, "metadata": {"of": mark}})).await;
        self.done("restrict-features", &["vip"], "", json!({"featuresToRestrict": ["ban"]})).await;
        self.done("set-role-permissions", &["vip"], "", json!({"permissions": {"listGroups": "deny"}})).await;
        let names = ["ann", "bob", "cat", "dan", "eve", "fay", "zoe", "yan", "gone", "asleep", "bot"];
        let more: &[&str] = if is_other { &["fresh", "imported"] } else { &[] };
        for uid in names.iter().chain(more) {
            let body = json!({"uid": uid, "name": format!("{uid} {mark}"), "metadata": {"of": mark}, "tags": [mark]});
            self.done("create-user", &[], "", body).await;
        }
        self.done("deactivate-users", &[], "", json!({"uidsToDeactivate": ["asleep"]})).await;
        self.done("add-friend", &["ann"], "", json!({"accepted": ["bob"]})).await;
        self.done("block-users", &["ann"], "", json!({"blockedUids": ["cat"]})).await;
        if is_other {
            self.done("create-role", &[], "", json!({"role": "fresh", "name": mark})).await;
        }
    }

    async fn make_groups(&self, is_other: bool) {
        let more: &[&str] = if is_other { &["fresh", "imported"] } else { &[] };
        for guid in ["room", "den", "spare"].iter().chain(more) {
            let body = json!({"guid": guid, "name": format!("{guid} {}", self.mark), "type": "public", "metadata": {"of": self.mark},
                "members": {"admins": ["dan"], "participants": ["ann", "bob", "cat", "fay"], "usersToBan": ["eve"]}});
            self.done("create-group", &[], "", body).await;
        }
        self.done(
            "set-scope-permissions",
            &["room", "participant"],
            "",
            json!({"permissions": {"listReactions": "deny"}}),
        )
        .await;
    }

    async fn make_messages(&mut self) {
        let mut first = text("bob", &format!("first {}", self.mark));
        first["muid"] = json!("equal-muid");
        self.ids.message = id(&self.done("send-message", &[], "ann", first).await);
        let message = self.ids.message.as_str();
        self.done("add-message-reactions", &[message, "👍"], "bob", json!({})).await;
        self.done("send-thread-message", &[message], "bob", text("ann", &format!("reply {}", self.mark))).await;
        self.done("pin-message", &[message], "", json!({})).await;
        self.done("save-message", &[message], "bob", json!({})).await;
        self.done("update-user-conversation", &["ann"], "bob", json!({"tags": [self.mark]})).await;
        self.done("send-message", &[], "ann", text("dan", &self.mark)).await;
        let mut in_room = text("room", &self.mark);
        in_room["receiverType"] = json!("group");
        self.done("send-message", &[], "ann", in_room).await;
        let form = json!({"receiver": "bob", "receiverType": "user", "category": "interactive", "type": "form", "data": {
            "interactionGoal": {"type": "anyOf", "elementIds": ["send"]}, "allowSenderInteraction": false,
            "interactiveData": {"title": self.mark, "formFields": [], "submitElement": {"elementType": "button",
                "elementId": "send", "buttonText": "Send", "action": {"actionType": "urlNavigation", "url": "https://x/y"}}}}});
        self.ids.interactive = id(&self.done("send-message", &[], "ann", form).await);
        self.ids.doomed = id(&self.done("send-message", &[], "ann", text("bob", &self.mark)).await);
    }

    async fn make_credentials(&mut self) {
        let token = |made: &Value| made["authToken"].as_str().unwrap_or_default().to_owned();
        self.ids.token = token(&self.done("create-authtoken", &["ann"], "", json!({"force": true})).await);
        self.ids.doomed_token = token(&self.done("create-authtoken", &["ann"], "", json!({"force": true})).await);
        let key = |made: &Value| made["apiKey"].as_str().unwrap_or_default().to_owned();
        let body = json!({"name": self.mark, "scope": "fullAccess"});
        self.ids.api_key = key(&self.done("create-apikey", &[], "", body.clone()).await);
        self.ids.doomed_api_key = key(&self.done("create-apikey", &[], "", body).await);
    }

    async fn make_rest(&mut self, is_other: bool) {
        let mark = self.mark.clone();
        for reason in if is_other { &["rude", "fresh"][..] } else { &["rude"] } {
            self.done("create-reason", &[], "", json!({"id": reason, "name": mark})).await;
        }
        self.done("flag-a-message", &[&self.ids.message], "bob", json!({"reasonId": "rude", "remark": mark})).await;
        self.ids.push_token = format!("push-{mark}");
        let body = json!({"platform": "fcm_web", "providerId": "p", "fcmToken": self.ids.push_token, "authToken": self.ids.token});
        self.done("notifications-push-register-token", &[], "", body).await;
        let pinned = json!({"pinnedConversations": [{"uid": "zoe"}]});
        self.done("replace-global-pinned-conversations", &[], "", pinned).await;
        self.done("pin-group-conversation", &["den"], "bob", json!({})).await;
        self.raw("POST", "/bots", None, json!({"uid": "bot"})).await;
        let body = json!({"type": "audio", "receiverType": "user", "receiver": "bob", "category": "call", "status": "initiated"});
        let call = self.raw("POST", "/calls", Some(&self.ids.token), body).await;
        self.ids.session =
            call["data"]["entities"]["on"]["entity"]["sessionid"].as_str().unwrap_or_default().to_owned();
        let app = self.ids.app.clone();
        for hook in if is_other { &["hook", "fresh"][..] } else { &["hook"] } {
            let body = json!({"id": hook, "name": mark, "webhookURL": format!("https://hooks.example/{mark}")});
            self.done("create-webhook", &[&app], "", body).await;
        }
        self.done("add-triggers", &[&app, "hook"], "", json!({"triggerIds": ["message_sent"]})).await;
    }

    /// A path that is no documented operation.
    async fn raw(&self, method: &'static str, target: &str, token: Option<&str>, body: Value) -> Value {
        let credential = token.map_or(("apikey", self.app.key.clone()), |token| ("authtoken", token.to_owned()));
        let headers = vec![("appid", self.app.id.clone()), credential];
        let sent = Sent { method, target: target.to_owned(), headers, body: Some(body.to_string()) };
        let (status, answer) = self.app.send(&sent).await;
        assert!(status == 200, "{target}: {status} {answer}");
        answer["data"].clone()
    }

    /// The call of an operation in this app, with the ids of an app.
    fn call(&self, operation: &Operation, ids: &Ids) -> Sent {
        let entry =
            call_of(operation.id, ids, &self.mark).unwrap_or_else(|| panic!("{} has no entry here", operation.id));
        let parameters: Vec<&str> = entry.parameters.iter().map(String::as_str).collect();
        Sent {
            method: operation.method,
            target: format!("{}{}", operation.path_with(&parameters), entry.query),
            headers: self.app.headers(operation, entry.acting),
            body: entry.body.map(|body| body.to_string()),
        }
    }

    /// Everything that the app's lists and entities show, by its own key.
    async fn snapshot(&self) -> Map<String, Value> {
        let mut shown = Map::new();
        let reads = OPERATIONS.iter().filter(|one| one.method == "GET" && !CHANGING.contains(&one.id));
        for operation in reads {
            let (status, mut answer) = self.app.send(&self.call(operation, &self.ids)).await;
            assert!(status == 200, "{} for the snapshot: {status} {answer}", operation.id);
            forget_presence(&mut answer);
            shown.insert(operation.id.to_owned(), answer);
        }
        shown
    }
}

/// Who is online, and since when, is no content.
fn forget_presence(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for key in ["lastActiveAt", "onlineMembersCount"] {
                map.remove(key);
            }
            if map.contains_key("uid") {
                map.remove("status");
            }
            map.values_mut().for_each(forget_presence);
        }
        Value::Array(rows) => rows.iter_mut().for_each(forget_presence),
        _ => {}
    }
}

fn id(message: &Value) -> String {
    message["id"].as_str().unwrap_or_default().to_owned()
}

/// An app of an operator of its own.
async fn owned(platform: &Platform, mark: &str) -> App {
    let app = App::new(platform).await;
    let body = json!({"name": mark, "email": format!("{mark}-owner@example.org"), "password": "long-enough-1", "appName": mark, "appRegion": "us"});
    let made = app.done("add-tenant", &[], None, body).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    App {
        id: text(&made["app"]["appId"]),
        key: text(&made["app"]["apiKey"]),
        auth_key: text(&made["app"]["authKey"]),
        operator: Some((text(&made["key"]), text(&made["secret"]))),
        ..app
    }
}

/// Everything that a user's device is sent, from now on.
async fn listen(platform: &Platform, twin: &Twin, uid: &str) -> Receiver<Event> {
    let token = twin.done("create-authtoken", &[uid], "", json!({"force": true})).await;
    let server = Server::new(&platform.rest, &twin.app.id).expect("server").with_websocket(&platform.websockets[0]);
    let api = server.as_user(token["authToken"].as_str().expect("a token"));
    let login = api.login().await.expect("log in");
    let options = api.socket_options(&login).expect("socket options");
    let mut socket = within("the socket opens", Connection::connect(options)).await.expect("connect");
    // More than all the calls of a test can make it hear.
    let (sender, receiver) = channel(10_000);
    tokio::spawn(async move {
        while let Some(event) = socket.next_event().await {
            if sender.try_send(event).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Sends ann a word and takes everything that she hears until it comes.
async fn heard_until(twin: &Twin, word: &str, ears: &mut Receiver<Event>) -> Vec<String> {
    twin.done("send-message", &[], "zoe", text("ann", word)).await;
    let mut heard = Vec::new();
    within("the word is heard", async {
        loop {
            match ears.recv().await {
                Some(Event::Message(message)) if message.text.as_deref() == Some(word) => return,
                Some(event) => heard.push(format!("{event:?}").chars().take(500).collect()),
                None => panic!("the socket ended"),
            }
        }
    })
    .await;
    heard
}

/// What goes wrong, each with its operation.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn add(&mut self, operation: &Operation, what: &str, shown: impl std::fmt::Display) {
        let shown: String = shown.to_string().chars().take(500).collect();
        self.0.push(format!("{}: {what}: {shown}", operation.id));
    }

    /// Nothing of this app may be in the answer.
    fn look_for(&mut self, mark: &str, operation: &Operation, how: &str, answer: &Value) {
        if answer.to_string().contains(mark) {
            self.add(operation, &format!("{how} shows the other app"), answer);
        }
    }

    fn compare(&mut self, before: &Map<String, Value>, after: &Map<String, Value>, when: &str) {
        for (id, was) in before {
            if after.get(id) != Some(was) {
                let is = after.get(id).cloned().unwrap_or_default();
                self.0.push(format!("{id} of the other app is changed {when}:\n      was {was}\n      is  {is}"));
            }
        }
    }
}

/// This app is called with the other's credentials.
async fn with_foreign_credentials(own: &Twin, other: &Twin, faults: &mut Faults) {
    for operation in OPERATIONS {
        let call = own.call(operation, &own.ids);
        let without = |names: &[&str]| {
            let headers = call.headers.iter().filter(|(name, _)| !names.contains(name)).cloned().collect::<Vec<_>>();
            Sent { headers, ..call.clone() }
        };
        let is_managed = matches!(operation.auth, Auth::Operator | Auth::Basic);
        let names_app = !is_managed || operation.path.contains("{appId}");
        if names_app {
            let mut sent = without(&["apikey", "key", "secret"]);
            let (key, secret) = other.app.operator.clone().unwrap_or_default();
            match is_managed {
                true => sent.headers.extend([("key", key), ("secret", secret)]),
                false => sent.headers.push(("apikey", other.app.key.clone())),
            }
            let code = if is_managed { "ERR_APP_NOT_FOUND" } else { "AUTH_ERR_APIKEY_NOT_FOUND" };
            let (status, answer) = own.app.send(&sent).await;
            if answer["error"]["code"] != code {
                faults.add(operation, "the other app's key is taken", format!("{status} {answer}"));
            }
            faults.look_for(&own.mark, operation, "the other app's key", &answer);
        }
        let mut sent = without(&["apikey", "key", "secret", "authorization", "onbehalfof", "appid"]);
        sent.headers.extend([("appid", own.app.id.clone()), ("authtoken", other.ids.token.clone())]);
        let code = if is_managed { "AUTH_ERR_EMPTY_AUTH_HEADER" } else { "AUTH_ERR_AUTH_TOKEN_NOT_FOUND" };
        let (status, answer) = own.app.send(&sent).await;
        if answer["error"]["code"] != code {
            faults.add(operation, "the other app's auth token is taken", format!("{status} {answer}"));
        }
        faults.look_for(&own.mark, operation, "the other app's auth token", &answer);
    }
}

/// This app's key is used on ids that only the other app has.
async fn with_foreign_ids(own: &Twin, other: &Twin, faults: &mut Faults) {
    for operation in OPERATIONS {
        let (usual, foreign) = (own.call(operation, &own.ids), own.call(operation, &other.ids));
        if usual.target == foreign.target && usual.body == foreign.body {
            continue;
        }
        let (status, answer) = own.app.send(&foreign).await;
        faults.look_for(&other.mark, operation, "the other app's id", &answer);
        if status.is_server_error() || (usual.target != foreign.target && !status.is_client_error()) {
            faults.add(operation, "the other app's id is found", format!("{status} {answer}"));
        }
    }
}

/// Reads, then what makes and changes, then what takes away; the app itself last.
fn in_order() -> Vec<&'static Operation> {
    let all = || OPERATIONS.iter();
    let mut ordered: Vec<&Operation> = all().filter(|operation| operation.method == "GET").collect();
    ordered.extend(all().filter(|operation| !matches!(operation.method, "GET" | "DELETE")));
    ordered.extend(all().rev().filter(|operation| operation.method == "DELETE" && operation.id != "delete-app"));
    ordered.extend(all().filter(|operation| operation.id == "delete-app"));
    ordered
}

/// This app's key is used on ids that both apps have: all of it works, and only here.
async fn with_equal_ids(own: &Twin, other: &Twin, faults: &mut Faults) {
    let read = own.done("user-list-group-messages", &["room"], "bob", Value::Null).await;
    let newest = read.as_array().and_then(|rows| rows.last()).map(id).unwrap_or_default();
    for operation in in_order() {
        let mut call = own.call(operation, &own.ids);
        if operation.id == "mark-group-conversation-as-unread" {
            call.body = Some(json!({"messageId": newest}).to_string());
        }
        let (status, answer) = own.app.send(&call).await;
        faults.look_for(&other.mark, operation, "the equal id", &answer);
        // Only an owner of the installation makes tenants.
        if status != 200 && operation.id != "add-tenant" {
            faults.add(operation, "the own app refuses it", format!("{status} {answer}"));
        }
    }
}

async fn apps_share_nothing(form: Form) {
    let platform = form.platform().await;
    let own = Twin::new(platform, &unique("aaa"), false).await;
    let other = Twin::new(platform, &unique("bbb"), true).await;
    let mut ears = listen(platform, &other, "ann").await;
    let mut faults = Faults::default();
    heard_until(&other, "the beginning", &mut ears).await;
    let before = (own.snapshot().await, other.snapshot().await);

    with_foreign_credentials(&own, &other, &mut faults).await;
    faults.compare(&before.0, &own.snapshot().await, "by foreign credentials");
    with_foreign_ids(&own, &other, &mut faults).await;
    with_equal_ids(&own, &other, &mut faults).await;
    faults.compare(&before.1, &other.snapshot().await, "by calls in this app");

    let heard = heard_until(&other, "the end", &mut ears).await;
    faults.0.extend(heard.into_iter().map(|event| format!("the other app's socket heard {event}")));
    assert!(faults.0.is_empty(), "{} faults:\n{}", faults.0.len(), faults.0.join("\n"));
}

#[test]
fn every_operation_has_an_entry() {
    let missing: Vec<&str> =
        OPERATIONS.iter().map(|one| one.id).filter(|id| call_of(id, &Ids::default(), "mark").is_none()).collect();
    assert_eq!(missing, [] as [&str; 0]);
}
