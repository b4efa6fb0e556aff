//! Webhooks are called when something happens, and operators see what came of it.

use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, extract::State, http::StatusCode};
use halley_testkit::{eventually, unique};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{
    management::{App, Manager},
    support::{Form, data, refused, whole},
};

crate::in_both_forms!(
    receivers_are_told_of_messages_reactions_groups_and_calls,
    operators_see_deliveries_send_them_again_and_test,
);

/// A receiver on this machine: what came, and what it answers.
#[derive(Clone)]
struct Receiver {
    got: Arc<Mutex<Vec<Value>>>,
    answer: Arc<Mutex<StatusCode>>,
}

impl Receiver {
    /// With its address.
    async fn start() -> (Self, String) {
        let receiver = Self { got: Arc::default(), answer: Arc::new(Mutex::new(StatusCode::OK)) };
        let router = Router::new().fallback(take).with_state(receiver.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (receiver, url)
    }

    fn answer(&self, status: StatusCode) {
        *self.answer.lock().expect("lock") = status;
    }

    /// Waits for the first body of a trigger that fits.
    async fn told(&self, trigger: &str, fits: impl Fn(&Value) -> bool) -> Value {
        eventually(&format!("a call for {trigger}"), async || {
            let got = self.got.lock().expect("lock");
            got.iter().find(|body| body["trigger"] == trigger && fits(body)).cloned()
        })
        .await
    }
}

async fn take(State(receiver): State<Receiver>, body: Bytes) -> StatusCode {
    receiver.got.lock().expect("lock").push(serde_json::from_slice(&body).expect("JSON"));
    *receiver.answer.lock().expect("lock")
}

/// An app with a webhook of version 2.
struct Scene {
    owner: Manager,
    app: App,
    receiver: Receiver,
}

impl Scene {
    async fn new(form: Form, triggers: &[&str]) -> Self {
        let owner = Manager::owner(form).await;
        let app = owner.app(&unique("Hooks")).await;
        let (receiver, url) = Receiver::start().await;
        let path = format!("/apps/{}/webhooks", app.id);
        let hook = json!({"id": "hook", "name": "Hook", "webhookURL": url});
        data(owner.post(&path, hook).header("x-webhook-version", "2")).await;
        data(owner.post(&format!("{path}/hook/triggers"), json!({"triggerIds": triggers}))).await;
        let scene = Self { owner, app, receiver };
        for uid in ["ann", "bob"] {
            data(scene.by_app(Method::POST, "/users", json!({"uid": uid, "name": uid}))).await;
        }
        scene
    }

    fn hook(&self, rest: &str) -> String {
        format!("/apps/{}/webhooks/hook{rest}", self.app.id)
    }

    fn by_app(&self, method: Method, path: &str, body: Value) -> RequestBuilder {
        self.owner.as_app(&self.app, method, path).json(&body)
    }

    fn by(&self, uid: &str, method: Method, path: &str, body: Value) -> RequestBuilder {
        self.by_app(method, path, body).header("onBehalfOf", uid)
    }

    async fn send(&self, text: &str) -> String {
        let body = json!({"receiver": "bob", "receiverType": "user", "category": "message", "type": "text",
            "data": {"text": text}});
        let sent = data(self.by("ann", Method::POST, "/messages", body)).await;
        sent["id"].as_str().expect("an id").to_owned()
    }

    /// Waits until a delivery is in a state.
    async fn is(&self, id: &str, state: &str) -> Value {
        eventually(&format!("the delivery is {state}"), async || {
            let shown = data(self.owner.get(&self.hook(&format!("/deliveries/{id}")))).await;
            (shown["state"] == state).then_some(shown)
        })
        .await
    }
}

const TOLD: [&str; 16] = [
    "message_sent",
    "message_edited",
    "message_deleted",
    "message_read_receipt",
    "message_reaction_added",
    "user_mentioned",
    "user_blocked",
    "user_unblocked",
    "group_created",
    "group_updated",
    "group_member_added",
    "group_member_kicked",
    "call_initiated",
    "call_started",
    "call_ended",
    "moderation_manual_approved",
];

async fn receivers_are_told_of_messages_reactions_groups_and_calls(form: Form) {
    let scene = Scene::new(form, &TOLD).await;
    let receiver = &scene.receiver;
    let id = scene.send("hello <@uid:bob>").await;
    // A webhook that was made a moment ago may not be known yet to a process that had asked before.
    let told = receiver.told("message_sent", |body| body["data"]["message"]["id"] == id.as_str()).await;
    assert_eq!((&told["appId"], &told["webhook"]), (&json!(scene.app.id), &json!("hook")));
    let mentioned = receiver.told("user_mentioned", |_| true).await;
    assert_eq!(mentioned["data"]["message"]["data"]["mentions"]["bob"]["name"], "bob");

    data(scene.by("bob", Method::POST, &format!("/messages/{id}/reactions/x"), json!({}))).await;
    let told = receiver.told("message_reaction_added", |_| true).await;
    assert_eq!((&told["data"]["reaction"]["messageId"], &told["data"]["reaction"]["uid"]), (&json!(id), &json!("bob")));
    data(scene.by("bob", Method::POST, "/users/ann/conversation/read", json!({}))).await;
    let told = receiver.told("message_read_receipt", |_| true).await;
    assert_eq!((&told["data"]["sender"], &told["data"]["body"]["action"]), (&json!("bob"), &json!("read")));
    data(scene.by("bob", Method::POST, &format!("/messages/{id}/flagged"), json!({"reasonId": "spam"}))).await;
    let review = json!({"status": "approved"});
    data(scene.by_app(Method::PATCH, &format!("/moderation/flagged-messages/{id}"), review)).await;
    receiver.told("moderation_manual_approved", |body| body["data"]["message"]["id"] == id.as_str()).await;
    let edit = json!({"data": {"text": "hi"}});
    data(scene.by("ann", Method::PUT, &format!("/messages/{id}"), edit)).await;
    let told = receiver.told("message_edited", |_| true).await;
    assert_eq!(told["data"]["message"]["data"]["entities"]["on"]["entity"]["id"], id.as_str());
    data(scene.by("ann", Method::DELETE, &format!("/messages/{id}"), json!({}))).await;
    receiver.told("message_deleted", |_| true).await;

    data(scene.by_app(Method::POST, "/groups", json!({"guid": "room", "name": "R", "type": "public", "owner": "ann"})))
        .await;
    let told = receiver.told("group_created", |_| true).await;
    assert_eq!(
        (&told["data"]["group"]["guid"], &told["data"]["members"]["ann"]["name"]),
        (&json!("room"), &json!("ann"))
    );
    data(scene.by("ann", Method::POST, "/groups/room/members", json!({"participants": ["bob"]}))).await;
    let told = receiver.told("group_member_added", |_| true).await;
    assert_eq!((&told["data"]["members"]["bob"]["name"], &told["data"]["by"]["uid"]), (&json!("bob"), &json!("ann")));
    data(scene.by("ann", Method::DELETE, "/groups/room/members/bob", json!({}))).await;
    receiver.told("group_member_kicked", |body| body["data"]["members"]["bob"].is_object()).await;
    data(scene.by("ann", Method::PUT, "/groups/room", json!({"name": "Room"}))).await;
    receiver.told("group_updated", |body| body["data"]["group"]["name"] == "Room").await;

    let call =
        json!({"receiver": "bob", "receiverType": "user", "type": "audio", "category": "call", "status": "initiated"});
    let call = data(scene.by("ann", Method::POST, "/calls", call)).await;
    let session = call["data"]["entities"]["on"]["entity"]["sessionid"].as_str().expect("a session").to_owned();
    receiver.told("call_initiated", |_| true).await;
    for (uid, status) in [("bob", "ongoing"), ("bob", "ended")] {
        data(scene.by(uid, Method::PUT, &format!("/calls/{session}"), json!({"status": status}))).await;
    }
    receiver.told("call_started", |body| body["type"] == "call").await;
    let told = receiver.told("call_ended", |body| body["data"]["sessionId"] == session.as_str()).await;
    let occupants = told["data"]["all_occupants"].as_array().expect("occupants");
    assert!(occupants.len() == 2 && occupants.iter().all(|one| one["left_at"].is_i64()), "{told}");

    data(scene.by_app(Method::POST, "/users/ann/blockedusers", json!({"blockedUids": ["bob"]}))).await;
    let told = receiver.told("user_blocked", |_| true).await;
    assert_eq!((&told["data"]["users"]["bob"]["name"], &told["data"]["by"]["uid"]), (&json!("bob"), &json!("ann")));
    data(scene.by_app(Method::DELETE, "/users/ann/blockedusers", json!({"blockedUids": ["bob"]}))).await;
    receiver.told("user_unblocked", |_| true).await;
}

async fn operators_see_deliveries_send_them_again_and_test(form: Form) {
    let scene = Scene::new(form, &["message_sent"]).await;
    let (owner, receiver) = (&scene.owner, &scene.receiver);
    let ping = data(owner.post(&scene.hook("/test"), json!({}))).await;
    let id = ping["id"].as_str().expect("an id");
    let done = scene.is(id, "delivered").await;
    assert_eq!((&done["attempts"][0]["status"], &done["request"]["trigger"]), (&json!(200), &json!("ping")));

    receiver.answer(StatusCode::IM_A_TEAPOT);
    scene.send("one").await;
    receiver.told("message_sent", |_| true).await;
    let failed = eventually("the delivery is given up", async || {
        let page = whole(owner.get(&scene.hook("/deliveries?state=failed&limit=1"))).await;
        page["data"].get(0).cloned()
    })
    .await;
    assert_eq!((&failed["trigger"], &failed["attempts"][0]["status"]), (&json!("message_sent"), &json!(418)));
    receiver.answer(StatusCode::OK);
    let failed = failed["id"].as_str().expect("an id");
    data(owner.post(&scene.hook(&format!("/deliveries/{failed}/redeliver")), json!({}))).await;
    let done = scene.is(failed, "delivered").await;
    assert_eq!(done["attempts"].as_array().map(Vec::len), Some(2));

    let first = whole(owner.get(&scene.hook("/deliveries?limit=1"))).await;
    let cursor = first["meta"]["cursor"].as_str().expect("another page");
    let second = whole(owner.get(&scene.hook(&format!("/deliveries?limit=1&cursor={cursor}")))).await;
    assert_eq!((&second["data"][0]["id"], &second["meta"]["cursor"]), (&json!(id), &Value::Null));
    let of_pings = whole(owner.get(&scene.hook("/deliveries?trigger=ping"))).await;
    assert_eq!(of_pings["data"].as_array().map(Vec::len), Some(1));

    for query in ["?limit=0", "?limit=101", "?state=x", "?cursor=x"] {
        assert_eq!(refused(owner.get(&scene.hook(&format!("/deliveries{query}")))).await, "ERR_BAD_REQUEST", "{query}");
    }
    for (method, path, code) in [
        (Method::GET, "/deliveries/x".to_owned(), "ERR_WEBHOOK_DELIVERY_NOT_FOUND"),
        (Method::POST, "/deliveries/x/redeliver".to_owned(), "ERR_WEBHOOK_DELIVERY_NOT_FOUND"),
    ] {
        assert_eq!(refused(owner.call(method, &scene.hook(&path)).json(&json!({}))).await, code, "{path}");
    }
    let missing = format!("/apps/{}/webhooks/nohook/deliveries", scene.app.id);
    assert_eq!(refused(owner.get(&missing)).await, "ERR_WEBHOOK_NOT_FOUND");
    deny_others(&scene, id).await;
}

/// Who is nothing in the app sees no app; a moderator sees no webhooks; a developer looks after them.
async fn deny_others(scene: &Scene, id: &str) {
    let calls = [
        (Method::GET, scene.hook("/deliveries")),
        (Method::GET, scene.hook(&format!("/deliveries/{id}"))),
        (Method::POST, scene.hook(&format!("/deliveries/{id}/redeliver"))),
        (Method::POST, scene.hook("/test")),
    ];
    let (other, _, email) = scene.owner.tenant().await;
    let roles = format!("/apps/{}/collaborators", scene.app.id);
    for (role, code) in
        [("", Some("ERR_APP_NOT_FOUND")), ("moderators", Some("AUTH_ERR_NO_ACCESS")), ("developers", None)]
    {
        if !role.is_empty() {
            data(scene.owner.post(&roles, json!({(role): [email]}))).await;
        }
        for (method, path) in &calls {
            let request = other.call(method.clone(), path).json(&json!({}));
            match code {
                Some(code) => assert_eq!(refused(request).await, code, "{role}: {method} {path}"),
                None => drop(data(request).await),
            }
        }
    }
}
