//! What is stored of a user: handed out to the last row, and gone to the last row.

use std::{collections::BTreeSet, fs, path::PathBuf, time::Duration};

use halley_testkit::{platform::Platform, tables_holding, unique};
use image::ImageFormat;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::{
    management::App,
    media::{Parts, picture},
    operators::Desk,
    support::{Form, Person, Scene, answer, data, refused, whole},
};

crate::in_both_forms!(
    everything_of_a_user_is_handed_out_and_then_erased,
    an_export_is_walked_page_by_page_and_not_for_everybody,
);

/// The demo app as operators see it.
fn app_of(scene: &Scene) -> App {
    App { id: scene.http.app_id.clone(), rest_key: scene.http.key.clone(), auth_key: scene.http.auth_key.clone() }
}

/// All rows of an export.
async fn exported(scene: &Scene, uid: &str) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = whole(scene.get(&format!("/users/{uid}/export{cursor}"))).await;
        let found = page["data"].as_array().expect("rows");
        assert!(found.len() <= 100 && page["meta"]["count"] == found.len(), "{}", page["meta"]);
        rows.extend(found.iter().cloned());
        let Some(next) = page["meta"]["cursor"].as_str() else { return rows };
        cursor = format!("?cursor={next}");
    }
}

fn of_kind<'a>(rows: &'a [Value], kind: &str) -> Vec<&'a Value> {
    rows.iter().filter(|row| row["kind"] == kind).map(|row| &row["data"]).collect()
}

/// Somebody who leaves traces everywhere.
struct Trail {
    scene: Scene,
    gone: Person,
    ann: Person,
    cy: Person,
    /// In whatever the user wrote.
    marker: String,
    room: String,
    /// A message of ann's that the user did things to.
    of_ann: String,
    own_file: PathBuf,
    passed_on: PathBuf,
}

fn message(kind: &str, to: &str, data: Value) -> Value {
    json!({"receiver": to, "receiverType": kind, "category": "message", "type": "text", "data": data})
}

impl Trail {
    async fn new(form: Form) -> Self {
        let scene = Scene::new(form).await;
        let marker = unique("trace");
        let (gone, ann, cy) =
            (scene.world.person("gone").await, scene.world.person("ann").await, scene.world.person("cy").await);
        let room = scene.world.name("room");
        let nowhere = PathBuf::new();
        let (own_file, passed_on) = (nowhere.clone(), nowhere);
        let mut trail = Self { scene, gone, ann, cy, marker, room, of_ann: String::new(), own_file, passed_on };
        trail.live_among_people().await;
        trail.talk(form).await;
        trail.react().await;
        trail
    }

    fn by_gone(&self, method: Method, path: &str, body: Value) -> RequestBuilder {
        self.scene.by(&self.gone, method, path, body)
    }

    async fn live_among_people(&self) {
        let (scene, gone, marker) = (&self.scene, &self.gone.uid, &self.marker);
        let profile = json!({"statusMessage": marker, "metadata": {"m": marker}, "tags": [marker]});
        data(scene.put(&format!("/users/{gone}"), profile)).await;
        data(scene.post(&format!("/users/{gone}/friends"), json!({"accepted": [self.ann.uid]}))).await;
        for (who, whom) in [(gone, &self.cy.uid), (&self.cy.uid, gone)] {
            data(scene.post(&format!("/users/{who}/blockedusers"), json!({"blockedUids": [whom]}))).await;
        }
        let own = scene.world.name("own");
        for (guid, owner) in [(&self.room, &self.ann.uid), (&own, gone)] {
            data(scene.post("/groups", json!({"guid": guid, "name": "G", "type": "public", "owner": owner}))).await;
        }
        let members = json!({"moderators": [gone], "participants": [self.cy.uid]});
        data(scene.post(&format!("/groups/{}/members", self.room), members)).await;
        data(self.by_gone(Method::PUT, &format!("/groups/{own}"), json!({"name": "Own"}))).await;
        let closed = scene.world.name("closed");
        data(scene.post("/groups", json!({"guid": closed, "name": "C", "type": "public"}))).await;
        data(scene.post(&format!("/groups/{closed}/members"), json!({"participants": [gone]}))).await;
        data(scene.post(&format!("/groups/{closed}/bannedusers/{gone}"), json!({}))).await;
        let push = json!({"fcmToken": unique("fcm"), "authToken": self.gone.token, "platform": "fcm_android",
            "providerId": "p", "timezone": "UTC"});
        data(scene.post("/notifications/push/v1/tokens", push)).await;
    }

    async fn talk(&mut self, form: Form) {
        let (scene, marker) = (&self.scene, self.marker.clone());
        let mention = format!("hi <@uid:{}>, hi", self.gone.uid);
        let of_ann = data(scene.by(
            &self.ann,
            Method::POST,
            "/messages",
            message("group", &self.room, json!({"text": mention})),
        ))
        .await;
        self.of_ann = of_ann["id"].as_str().expect("an id").to_owned();
        for (kind, to) in [("group", &self.room), ("user", &self.ann.uid)] {
            let sent = data(self.by_gone(
                Method::POST,
                "/messages",
                message(kind, to, json!({"text": format!("{marker} said"), "metadata": {"m": marker}})),
            ))
            .await;
            let id = sent["id"].as_str().expect("an id");
            let edit = json!({"data": {"text": format!("{marker} edited")}});
            data(self.by_gone(Method::PUT, &format!("/messages/{id}"), edit)).await;
        }
        let reply = message("user", &self.gone.uid, json!({"text": "a direct word of ann's"}));
        data(scene.by(&self.ann, Method::POST, "/messages", reply)).await;
        let deleted = message("group", &self.room, json!({"text": format!("{marker} deleted")}));
        let deleted = data(self.by_gone(Method::POST, "/messages", deleted)).await;
        let path = format!("/messages/{}", deleted["id"].as_str().expect("an id"));
        data(self.by_gone(Method::DELETE, &path, json!({}))).await;
        let thread = message("group", &self.room, json!({"text": format!("{marker} replied")}));
        data(self.by_gone(Method::POST, &format!("/messages/{}/thread", self.of_ann), thread)).await;
        let call = json!({"receiver": self.ann.uid, "receiverType": "user", "type": "audio", "category": "call",
            "status": "initiated"});
        data(self.by_gone(Method::POST, "/calls", call)).await;
        self.own_file = self.send_file(form).await.1;
        let (url, passed_on) = self.send_file(form).await;
        self.passed_on = passed_on;
        let attachment = json!({"url": url, "name": "a.png", "mimeType": "image/png", "extension": "png", "size": 1});
        let mut passing_on = message("group", &self.room, json!({"attachments": [attachment], "url": url}));
        passing_on["type"] = json!("image");
        data(self.scene.by(&self.ann, Method::POST, "/messages", passing_on)).await;
    }

    /// Sends a picture; its address, and where it is stored.
    async fn send_file(&self, form: Form) -> (String, PathBuf) {
        let parts = Parts::default()
            .text("type", "image")
            .text("receiverType", "group")
            .text("category", "message")
            .text("receiver", &self.room)
            .file("files[]", &format!("{}.png", self.marker), "image/png", &picture(200, ImageFormat::Png));
        let sent = data(parts.of(self.scene.http.as_user(Method::POST, "/messages", &self.gone))).await;
        let url = sent["data"]["url"].as_str().expect("an address").to_owned();
        let name = url.rsplit('/').next().expect("a name");
        let platform: &Platform = form.platform().await;
        (url.clone(), platform.data_dir().join("media").join(&self.scene.http.app_id).join(name))
    }

    async fn react(&self) {
        let path = format!("/messages/{}", self.of_ann);
        data(self.by_gone(Method::POST, &format!("{path}/reactions/x"), json!({}))).await;
        data(self.by_gone(Method::POST, &format!("{path}/pin"), json!({}))).await;
        data(self.by_gone(Method::POST, &format!("{path}/save"), json!({}))).await;
        let flag = json!({"reasonId": "spam", "remark": self.marker});
        data(self.by_gone(Method::POST, &format!("{path}/flagged"), flag)).await;
        data(self.by_gone(Method::PUT, &path, json!({"tags": ["checked"]}))).await;
        let room = format!("/groups/{}/conversation", self.room);
        data(self.by_gone(Method::PUT, &room, json!({"tags": [self.marker]}))).await;
        data(self.by_gone(Method::POST, &format!("{room}/pin"), json!({}))).await;
        data(self.by_gone(Method::POST, &format!("{room}/read"), json!({}))).await;
        let with_gone = format!("/users/{}/conversation/pin", self.gone.uid);
        data(self.scene.by(&self.ann, Method::POST, &with_gone, json!({}))).await;
    }

    /// What ann and the app's server side see, as text.
    async fn answers(&self) -> String {
        let (scene, ann) = (&self.scene, &self.ann);
        let room = format!("/groups/{}", self.room);
        let searched = format!("/messages?searchKey={}", self.marker);
        let message = format!("/messages/{}", self.of_ann);
        let mut all = String::new();
        for path in [
            "/conversations",
            "/messages",
            &format!("{room}/messages"),
            &message,
            &format!("{message}/reactions"),
            &searched,
            "/users",
            &format!("{room}/members"),
            "/calls",
            "/threads",
        ] {
            all += &whole(scene.by(ann, Method::GET, path, json!({}))).await.to_string();
        }
        for path in [
            &room,
            &format!("{room}/members"),
            &format!("{room}/messages"),
            &searched,
            &format!("/users?searchKey={}", self.gone.uid),
            &format!("/messages?senders={}", self.gone.uid),
            &format!("/users/{}/friends", ann.uid),
            &format!("/users/{}/blockedusers", self.cy.uid),
            "/moderation/flagged-messages",
            "/calls",
            "/conversations",
        ] {
            let (status, body) = answer(scene.get(path)).await;
            assert!(status == StatusCode::OK, "{path}: {body}");
            all += &body.to_string();
        }
        all
    }
}

/// The tables of all databases that hold a text.
async fn holding(platform: &Platform, text: &str) -> BTreeSet<String> {
    let note = fs::read(platform.data_dir().join("servers.json")).expect("the note of the private servers");
    let note: Value = serde_json::from_slice(&note).expect("JSON");
    let mut found = BTreeSet::new();
    for (service, url) in note["postgres"].as_object().expect("addresses") {
        let tables = tables_holding(url.as_str().expect("an address"), text).await;
        found.extend(tables.into_iter().map(|table| format!("{service}.{table}")));
    }
    found
}

/// Waits for a job that goes through everything, which takes its time on a busy machine, as does each look at all tables.
async fn patiently<F, Fut>(what: &str, mut is_done: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    let waiting = async {
        while !is_done().await {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(60), waiting).await.is_ok(), "waited a minute for: {what}");
}

async fn everything_of_a_user_is_handed_out_and_then_erased(form: Form) {
    let trail = Trail::new(form).await;
    let (scene, uid, marker) = (&trail.scene, &trail.gone.uid, &trail.marker);
    let platform: &Platform = form.platform().await;
    let app = app_of(scene);
    let desk = Desk::owner(form).await;
    let path = format!("/users/{uid}");
    whole(desk.in_app(&app, Method::PUT, &path).json(&json!({"link": "https://x.example"}))).await;

    let rows = exported(scene, uid).await;
    let kinds: BTreeSet<&str> = rows.iter().filter_map(|row| row["kind"].as_str()).collect();
    let wanted = [
        "user",
        "friend",
        "blockedUser",
        "groupMembership",
        "groupBan",
        "authToken",
        "pushToken",
        "conversation",
        "message",
        "reaction",
        "savedMessage",
        "thread",
        "pinnedConversation",
        "flag",
        "call",
    ];
    assert_eq!(kinds, BTreeSet::from(wanted));
    assert_eq!(of_kind(&rows, "user")[0]["metadata"], json!({"m": marker}));
    let texts: Vec<&str> = of_kind(&rows, "message").iter().filter_map(|row| row["data"]["text"].as_str()).collect();
    assert_eq!(texts.iter().filter(|text| text.ends_with("edited")).count(), 2, "{texts:?}");
    assert!(texts.iter().any(|text| text.ends_with("deleted")), "also what is only hidden: {texts:?}");
    let whole_text = json!(rows).to_string();
    assert!(
        !whole_text.contains(&trail.gone.token) && !whole_text.contains("word of ann's"),
        "secrets, or others' words"
    );
    assert!(trail.own_file.exists() && trail.passed_on.exists());

    whole(desk.in_app(&app, Method::DELETE, &path).json(&json!({"permanent": true}))).await;

    assert_eq!(refused(scene.get(&format!("{path}/export"))).await, "ERR_UID_NOT_FOUND");
    patiently("nothing of what the user wrote is stored", async || holding(platform, marker).await.is_empty()).await;
    // Whom the deletion was about is written down, and nothing else.
    // The job that does it knows the uid until its last stage, which waits for what is gathered of who was online.
    let left = BTreeSet::from(["auth.operator_actions", "messaging.erasures"].map(ToOwned::to_owned));
    patiently("nothing names the user", async || holding(platform, uid).await.is_subset(&left)).await;
    let done = whole(desk.call(Method::GET, &format!("/apps/{}/actions?limit=1000", app.id))).await;
    let naming: Vec<&Value> =
        done["data"].as_array().expect("rows").iter().filter(|row| row.to_string().contains(uid)).collect();
    assert_eq!(naming.iter().map(|row| &row["operation"]).collect::<Vec<_>>(), ["delete-user"]);
    let all = trail.answers().await;
    assert!(!all.contains(uid) && !all.contains(marker), "{all}");
    let message = data(scene.by(&trail.ann, Method::GET, &format!("/messages/{}", trail.of_ann), json!({}))).await;
    assert_eq!(message["data"]["text"], "hi @…, hi");
    patiently("the file is gone", async || !trail.own_file.exists()).await;
    assert!(trail.passed_on.exists(), "ann's message carries it still");
}

async fn an_export_is_walked_page_by_page_and_not_for_everybody(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    for n in 0..101 {
        let muid = unique("m");
        let mut sent = message("user", &bob.uid, json!({"text": format!("word {n}")}));
        sent["muid"] = json!(muid);
        data(scene.by(&ann, Method::POST, "/messages", sent)).await;
    }
    data(scene.by(&bob, Method::POST, "/messages", message("user", &ann.uid, json!({"text": "of bob"})))).await;

    let rows = exported(&scene, &ann.uid).await;

    let texts: Vec<&str> = of_kind(&rows, "message").iter().filter_map(|row| row["data"]["text"].as_str()).collect();
    assert_eq!(texts, (0..101).map(|n| format!("word {n}")).collect::<Vec<_>>());
    let path = format!("/users/{}/export", ann.uid);
    for cursor in ["x", "9.", "1", "0.0", "0.7.1.", "3.1.5.x", "3.x.y.z", "2.0.0.no-id", "-1.0.0."] {
        assert_eq!(refused(scene.get(&format!("{path}?cursor={cursor}"))).await, "ERR_BAD_REQUEST", "{cursor}");
    }
    assert_eq!(refused(scene.by(&ann, Method::GET, &path, json!({}))).await, "AUTH_ERR_NO_ACCESS");
    let by_auth_key = scene.http.bare(Method::GET, &path).header("appid", &scene.http.app_id);
    assert_eq!(refused(by_auth_key.header("apikey", &scene.http.auth_key)).await, "AUTH_ERR_NO_ACCESS");
    assert_eq!(refused(scene.get("/users/nobody-at-all/export")).await, "ERR_UID_NOT_FOUND");
    // A deactivated user has the right, too.
    data(scene.delete(&format!("/users/{}", ann.uid), json!({}))).await;
    let shown = exported(&scene, &ann.uid).await;
    assert!(of_kind(&shown, "user")[0]["deactivatedAt"].is_number());
    // An operator's export is written down.
    let (desk, app) = (Desk::owner(form).await, app_of(&scene));
    whole(desk.in_app(&app, Method::GET, &path)).await;
    let id = desk.operator_id();
    let actions =
        whole(desk.call(Method::GET, &format!("/operators/actions?operator={id}&operation=export-user"))).await;
    assert_eq!(
        (&actions["data"][0]["parameters"]["uid"], &actions["data"][0]["status"]),
        (&json!(ann.uid), &json!(200))
    );
}
