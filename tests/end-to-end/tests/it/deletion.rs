//! What is deleted for good, and what stays: users, conversations and apps.

use std::{collections::BTreeSet, fs};

use halley_testkit::{eventually, platform::Platform, tables_with_rows_at};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    management::{App, Manager},
    support::{Form, Person, Scene, column, data, refused},
};

crate::in_both_forms!(
    what_a_deleted_user_said_is_gone,
    a_conversation_may_keep_its_place,
    a_conversation_may_be_deleted_for_both,
);

impl Scene {
    /// The texts that somebody sees with a side, newest last.
    async fn texts(&self, person: &Person, path: &str) -> Vec<String> {
        let rows = data(self.by(person, Method::GET, &format!("{path}/messages?category=message"), json!({}))).await;
        let rows = rows.as_array().expect("rows").iter();
        rows.map(|row| row["data"]["text"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

async fn what_a_deleted_user_said_is_gone(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    let room = scene.world.group("room", &[&ann, &bob]).await;
    let (phone, desk) = (scene.world.device(&ann, 0).await, scene.world.device(&bob, 1).await);
    let said = phone.say(&room, "of ann").await;
    desk.say(&room, "of bob").await;
    desk.say(&ann.receiver(), "direct of bob").await;
    data(scene.by(&bob, Method::POST, &format!("/messages/{}/reactions/x", said.id), json!({}))).await;
    let path = format!("/groups/{}", room.id());
    assert_eq!(scene.texts(&ann, &path).await, ["of ann", "of bob"]);

    data(scene.delete(&format!("/users/{}", bob.uid), json!({"permanent": true}))).await;

    eventually("the end of what bob said", async || (scene.texts(&ann, &path).await == ["of ann"]).then_some(())).await;
    let said = data(scene.by(&ann, Method::GET, &format!("/messages/{}", said.id), json!({}))).await;
    assert!(said["data"].get("reactions").is_none_or(|reactions| reactions == &json!([])), "{said}");
    let conversations = data(scene.by(&ann, Method::GET, "/conversations", json!({}))).await;
    assert_eq!(column(&conversations, "conversationType"), ["group"]);
}

/// Sides of conversations, in the order of the list.
async fn sides(scene: &Scene, person: &Person) -> Vec<String> {
    let rows = data(scene.by(person, Method::GET, "/conversations", json!({}))).await;
    let with = |row: &Value| row["conversationWith"]["uid"].as_str().unwrap_or_default().to_owned();
    rows.as_array().expect("rows").iter().map(with).collect()
}

async fn a_conversation_may_keep_its_place(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob, cat) =
        (scene.world.person("ann").await, scene.world.person("bob").await, scene.world.person("cat").await);
    let phone = scene.world.device(&bob, 0).await;
    phone.say(&ann.receiver(), "first").await;
    phone.say(&cat.receiver(), "second").await;
    let both = [cat.uid.clone(), ann.uid.clone()];
    let path = format!("/users/{}/conversation", ann.uid);

    data(scene.by(&bob, Method::DELETE, &path, json!({"preserveOrder": true}))).await;

    assert_eq!(sides(&scene, &bob).await, both);
    let kept = data(scene.by(&bob, Method::GET, &path, json!({}))).await;
    assert!(kept.get("lastMessage").is_none_or(|last| !last.to_string().contains("first")), "{kept}");
    assert!(scene.texts(&bob, &format!("/users/{}", ann.uid)).await.is_empty());
    data(scene.by(&bob, Method::DELETE, &path, json!({}))).await;
    assert_eq!(sides(&scene, &bob).await, [cat.uid.as_str()]);
}

async fn a_conversation_may_be_deleted_for_both(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    let phone = scene.world.device(&bob, 0).await;
    phone.say(&ann.receiver(), "old").await;
    let path = format!("/users/{}/conversation", ann.uid);
    let for_good = json!({"deleteMessagesPermanently": true});
    assert_eq!(refused(scene.by(&bob, Method::DELETE, &path, for_good.clone())).await, "ERR_PERMISSION_DENIED");
    let with_bob = format!("/users/{}", bob.uid);
    assert_eq!(scene.texts(&ann, &with_bob).await, ["old"]);

    data(scene.delete(&path, for_good).header("onBehalfOf", &bob.uid)).await;

    eventually("the end of the messages", async || scene.texts(&ann, &with_bob).await.is_empty().then_some(())).await;
    phone.say(&ann.receiver(), "new").await;
    assert_eq!(scene.texts(&ann, &with_bob).await, ["new"]);
}

/// People, a group and words of an app.
async fn fill(owner: &Manager, app: &App) {
    let post = |path: &str, body: Value| owner.as_app(app, Method::POST, path).json(&body);
    for uid in ["ann", "bob"] {
        data(post("/users", json!({"uid": uid, "name": uid}))).await;
    }
    data(post("/groups", json!({"guid": "room", "name": "Room", "type": "public"}))).await;
    data(post("/groups/room/members", json!({"participants": ["ann", "bob"]}))).await;
    let said = json!({"receiver": "room", "receiverType": "group", "category": "message", "type": "text",
        "data": {"text": "hi"}});
    data(post("/messages", said).header("onBehalfOf", "bob")).await;
}

/// The services that hold something of an app.
async fn holders(platform: &Platform, app: &App) -> BTreeSet<String> {
    let note = fs::read(platform.data_dir().join("servers.json")).expect("the note of the private servers");
    let note: Value = serde_json::from_slice(&note).expect("JSON");
    let mut holders = BTreeSet::new();
    for (service, url) in note["postgres"].as_object().expect("addresses") {
        let url = url.as_str().expect("an address");
        if !tables_with_rows_at(url, &app.id).await.is_empty() {
            holders.insert(service.clone());
        }
    }
    if platform.data_dir().join("media").join(&app.id).join("0.png").exists() {
        holders.insert("media".to_owned());
    }
    holders
}

#[test]
fn an_archived_app_is_deleted_everywhere() {
    crate::support::block_on(async {
        let platform = Platform::one_process_with(&[("HALLEY_AUTH__ARCHIVED_APP_DAYS", "0")]).await;
        let owner = Manager::of(&platform);
        let (doomed, other) = (owner.app("Doomed").await, owner.app("Other").await);
        for app in [&doomed, &other] {
            fill(&owner, app).await;
            let folder = platform.data_dir().join("media").join(&app.id);
            fs::create_dir_all(&folder).expect("a folder");
            fs::write(folder.join("0.png"), b"a picture").expect("a file");
        }
        let everywhere: BTreeSet<String> =
            ["auth", "identity", "groups", "messaging", "media"].map(ToOwned::to_owned).into();
        assert_eq!(holders(&platform, &doomed).await, everywhere);

        data(owner.delete(&format!("/apps/{}", doomed.id), json!({}))).await;

        let users = || owner.as_app(&doomed, Method::GET, "/users");
        eventually("the end of the app", async || (refused(users()).await == "AUTH_ERR_INVALID_APPID").then_some(()))
            .await;
        eventually("the end of all that it had", async || holders(&platform, &doomed).await.is_empty().then_some(()))
            .await;
        assert_eq!(holders(&platform, &other).await, everywhere);
        assert_eq!(data(owner.as_app(&other, Method::GET, "/users/bob")).await["uid"], "bob");
    });
}
