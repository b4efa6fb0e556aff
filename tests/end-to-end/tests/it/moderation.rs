//! Messages that users report, what the app makes of them, and how much the app is used.

use halley_testkit::{eventually, unique};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Form, Person, Scene, column, data, refused, whole};

crate::in_both_forms!(
    a_reported_message_stays_until_it_is_disapproved,
    reasons_are_made_changed_and_told_to_clients,
    only_the_server_side_moderates,
    use_of_the_app_is_counted,
);

impl Scene {
    fn acting_for(&self, person: &Person, path: &str, body: Value) -> RequestBuilder {
        self.post(path, body).header("onBehalfOf", &person.uid)
    }

    /// The row of a message in a moderation list of which other tests are part, too.
    async fn row(&self, list: &str, id: &str) -> Option<Value> {
        let rows = data(self.get(&format!("/moderation/{list}?limit=1000"))).await;
        let id_of = |row: &Value| row["message"]["id"].as_str().or(row["id"].as_str()).unwrap_or_default().to_owned();
        rows.as_array().expect("rows").iter().find(|row| id_of(row) == id).cloned()
    }
}

async fn a_reported_message_stays_until_it_is_disapproved(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob, eve) =
        (scene.world.person("ann").await, scene.world.person("bob").await, scene.world.person("eve").await);
    let phone = scene.world.device(&ann, 0).await;
    let id = phone.say(&bob.receiver(), "bad").await.id.to_string();
    let path = format!("/messages/{id}/flagged");
    let shown = async |person: &Person, with: &Person| {
        let path = format!("/users/{}/messages?limit=10", with.uid);
        column(&data(scene.by(person, Method::GET, &path, json!({}))).await, "id")
    };

    // As clients send it, and as server-side callers do.
    let flagged = whole(scene.by(&bob, Method::POST, &path, json!({"id": "spam", "remark": "ads"}))).await;
    assert_eq!((&flagged["success"], &flagged["data"]["success"]), (&json!(true), &json!(true)), "{flagged}");
    whole(scene.acting_for(&ann, &path, json!({"reasonId": "sexual"}))).await;
    let queued = scene.row("flagged-messages", &id).await.expect("queued");
    assert_eq!((&queued["flaggedCount"], &queued["appId"]), (&json!(2), &json!(scene.http.app_id)));
    let by_bob = queued["flaggedBy"].as_array().expect("reports").iter().find(|by| by["uid"] == bob.uid);
    let by_bob = by_bob.expect("by bob");
    assert_eq!(
        (&by_bob["reasonId"], &by_bob["reasonName"], &by_bob["remark"]),
        (&json!("spam"), &json!("Spam"), &json!("ads"))
    );
    assert!(by_bob["name"].is_string() && by_bob["flaggedAt"].is_i64() && by_bob["description"].is_string());
    assert_eq!(shown(&bob, &ann).await, std::slice::from_ref(&id));

    for (request, expected) in [
        (scene.by(&eve, Method::POST, &path, json!({"id": "spam"})), "ERR_MESSAGE_NO_ACCESS"),
        (scene.by(&bob, Method::POST, &path, json!({"id": "nothing"})), "ERR_REASON_NOT_FOUND"),
        (scene.by(&bob, Method::POST, &path, json!({})), "ERR_BAD_REQUEST"),
        (scene.by(&bob, Method::POST, &path, json!({"id": "spam", "remark": 5})), "ERR_BAD_REQUEST"),
        (
            scene.by(&bob, Method::POST, "/messages/999999999/flagged", json!({"id": "spam"})),
            "ERR_MESSAGE_ID_NOT_FOUND",
        ),
        (scene.post(&path, json!({"reasonId": "spam"})), "ERR_BAD_REQUEST"),
    ] {
        assert_eq!(refused(request).await, expected);
    }

    let review = format!("/moderation/flagged-messages/{id}");
    let decide = |status: &str| scene.http.with_key(Method::PATCH, &review).json(&json!({"status": status}));
    assert_eq!(refused(decide("maybe")).await, "ERR_BAD_REQUEST");
    assert_eq!(whole(decide("approved")).await["success"], true);
    assert!(scene.row("flagged-messages", &id).await.is_none());
    assert_eq!(shown(&bob, &ann).await, std::slice::from_ref(&id));
    let seen = data(scene.by(&bob, Method::GET, &format!("/messages/{id}"), json!({}))).await;
    assert_eq!(seen["data"]["moderation"], json!({"status": "approved"}));

    whole(decide("disapproved")).await;
    let reviewed = scene.row("reviewed-messages", &id).await.expect("reviewed");
    assert_eq!((&reviewed["status"], &reviewed["flaggedCount"]), (&json!("disapproved"), &json!(2)));
    assert!(reviewed["reviewedAt"].is_i64() && reviewed["message"]["data"]["text"] == "bad", "{reviewed}");
    assert!(shown(&bob, &ann).await.is_empty(), "hidden");
    assert_eq!(shown(&ann, &bob).await, std::slice::from_ref(&id), "but not from its sender");
    let own = data(scene.by(&ann, Method::GET, &format!("/messages/{id}"), json!({}))).await;
    assert_eq!(own["data"]["moderation"]["status"], "disapproved");
    let hidden = scene.by(&bob, Method::GET, &format!("/messages/{id}"), json!({}));
    assert_eq!(refused(hidden).await, "ERR_MESSAGE_ID_NOT_FOUND");
    let never = scene.http.with_key(Method::PATCH, "/moderation/flagged-messages/999999999");
    assert_eq!(refused(never.json(&json!({"status": "approved"}))).await, "ERR_MESSAGE_ID_NOT_FOUND");
}

async fn reasons_are_made_changed_and_told_to_clients(form: Form) {
    let scene = Scene::new(form).await;
    let ann = scene.world.person("ann").await;
    let id = scene.world.name("rude");
    let made = data(scene.post("/moderation/reasons", json!({"id": id, "name": "Rude", "description": "d"}))).await;
    assert_eq!((&made["id"], &made["name"], &made["description"]), (&json!(id), &json!("Rude"), &json!("d")));
    assert!(made["createdAt"].is_i64() && made["updatedAt"].is_i64() && made.get("default").is_none(), "{made}");
    let taken = scene.post("/moderation/reasons", json!({"id": id, "name": "Rude"}));
    assert_eq!(refused(taken).await, "ERR_BAD_REQUEST");
    for body in [json!({"name": "x"}), json!({"id": unique("r")}), json!({"id": "no id", "name": "x"})] {
        assert_eq!(refused(scene.post("/moderation/reasons", body.clone())).await, "ERR_BAD_REQUEST", "{body}");
    }
    let path = format!("/moderation/reasons/{id}");
    assert_eq!(data(scene.put(&path, json!({"name": "Ruder"}))).await["name"], "Ruder");
    assert_eq!(data(scene.get(&path)).await["name"], "Ruder");
    assert_eq!(data(scene.get("/moderation/reasons/spam")).await["default"], true);

    let mut walked = Vec::new();
    for page in 1.. {
        let part = whole(scene.get(&format!("/moderation/reasons?limit=2&page={page}"))).await;
        assert_eq!(part["meta"]["current"]["limit"], 2);
        let ids = column(&part["data"], "id");
        let last = part["meta"]["pagination"]["total_pages"].as_i64().expect("pages") <= page;
        walked.extend(ids);
        if last {
            break;
        }
    }
    for known in [id.as_str(), "spam", "sexual", "harassment"] {
        assert_eq!(walked.iter().filter(|walked| *walked == known).count(), 1, "{known}: {walked:?}");
    }
    let settings = data(scene.by(&ann, Method::GET, "/settings", json!({}))).await;
    assert!(column(&settings["flagReasons"], "id").contains(&id), "{settings}");

    assert_eq!(whole(scene.delete(&path, json!({}))).await["success"], true);
    for request in [scene.get(&path), scene.put(&path, json!({"name": "x"})), scene.delete(&path, json!({}))] {
        assert_eq!(refused(request).await, "ERR_REASON_NOT_FOUND");
    }
}

async fn only_the_server_side_moderates(form: Form) {
    let scene = Scene::new(form).await;
    let ann = scene.world.person("ann").await;
    for (method, path) in [
        (Method::GET, "/moderation/flagged-messages"),
        (Method::GET, "/moderation/reviewed-messages"),
        (Method::PATCH, "/moderation/flagged-messages/1"),
        (Method::GET, "/moderation/reasons"),
        (Method::POST, "/moderation/reasons"),
        (Method::GET, "/moderation/reasons/spam"),
        (Method::PUT, "/moderation/reasons/spam"),
        (Method::DELETE, "/moderation/reasons/spam"),
        (Method::GET, "/stats?fromDate=1&toDate=2"),
        (Method::GET, "/stats/messages"),
    ] {
        let body = json!({"id": "x", "name": "x", "status": "approved"});
        assert_eq!(refused(scene.by(&ann, method.clone(), path, body)).await, "AUTH_ERR_NO_ACCESS", "{method} {path}");
        let by_auth_key = scene.http.bare(method, path).header("appid", &scene.http.app_id);
        let by_auth_key = by_auth_key.header("apikey", &scene.http.auth_key).json(&json!({}));
        assert_eq!(refused(by_auth_key).await, "AUTH_ERR_NO_ACCESS", "{path}");
    }
}

async fn use_of_the_app_is_counted(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    // Other tests use the app at the same time: numbers only grow.
    let sums = async || {
        let stats = data(scene.get("/stats/messages")).await;
        let points = stats["dataPoints"].as_array().expect("points").clone();
        assert_eq!((points.len(), &stats["appId"]), (12, &json!(scene.http.app_id)));
        assert_eq!((&stats["startTime"], &stats["endTime"]), (&points[0]["startTime"], &points[11]["endTime"]));
        let sum = |key: &str| points.iter().map(|point| point[key].as_i64().expect("a number")).sum::<i64>();
        (sum("messagesSent"), sum("readReceipts"), sum("deliveryReceipts"))
    };
    let before = sums().await;
    let phone = scene.world.device(&ann, 0).await;
    let _desk = scene.world.device(&bob, 1).await;
    phone.say(&bob.receiver(), "one").await;
    phone.say(&bob.receiver(), "two").await;
    let path = format!("/users/{}/conversation", ann.uid);
    data(scene.by(&bob, Method::POST, &format!("{path}/delivered"), json!({}))).await;
    data(scene.by(&bob, Method::POST, &format!("{path}/read"), json!({}))).await;
    let counted = async || {
        let now = sums().await;
        (now.0 >= before.0 + 2 && now.1 > before.1 && now.2 > before.2).then_some(())
    };
    eventually("messages and receipts are counted", counted).await;

    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let range = format!("/stats?fromDate={}&toDate={}", now - 3600, now + 3600);
    let used = async || {
        let usage = data(scene.get(&range)).await;
        let metrics = &usage["metrics"];
        assert_eq!((&metrics["recorded_minutes"], metrics["audio_minutes"].is_number()), (&json!(0), true));
        assert_eq!(usage["time_range"]["fromDate"], json!((now - 3600) * 1000));
        let at_least_two = |key: &str| metrics[key].as_i64().expect("a number") >= 2;
        (at_least_two("active_users") && at_least_two("concurrent_users")).then_some(())
    };
    eventually("users are counted", used).await;
    for query in ["", "?fromDate=1", "?fromDate=x&toDate=2", "?fromDate=5&toDate=4", "?fromDate=1&toDate=1700000000"] {
        assert_eq!(refused(scene.get(&format!("/stats{query}"))).await, "ERR_BAD_REQUEST", "{query}");
    }
}
