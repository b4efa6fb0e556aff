//! Calls as clients make them, live, in histories and in the log.

use halley_client::Event;
use halley_testkit::{eventually, within};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Device, Form, Person, Scene, answer, code, column, data, refused, whole};

crate::in_both_forms!(
    a_call_rings_is_answered_and_ends,
    a_call_is_declined_given_up_or_left_unanswered,
    wrong_calls_are_refused_with_their_codes,
    the_call_of_a_group_goes_on_until_the_last_leaves,
    calls_are_logged_filtered_and_walked,
    who_may_call_whom_is_as_the_role_says,
);

impl Device {
    /// The next message that tells of a call.
    async fn hear_call(&mut self) -> Value {
        within("a call", async {
            loop {
                match self.socket.next_event().await {
                    Some(Event::Message(message)) if message.category == "call" => return message.to_value(),
                    Some(Event::Closed { code, reason }) => panic!("the socket closed: {code} {reason}"),
                    None => panic!("the socket ended"),
                    Some(_) => {}
                }
            }
        })
        .await
    }
}

impl Scene {
    /// Starts a call as clients do; answers the message.
    async fn ring(&self, by: &Person, kind: &str, to: &str) -> Value {
        data(self.by(by, Method::POST, "/calls", ringing("audio", kind, to))).await
    }

    async fn change(&self, by: &Person, session: &str, status: &str) -> Value {
        data(self.by(by, Method::PUT, &format!("/calls/{session}"), json!({"status": status}))).await
    }

    async fn not_changed(&self, by: &Person, session: &str, status: &str) -> String {
        refused(self.by(by, Method::PUT, &format!("/calls/{session}"), json!({"status": status}))).await
    }
}

fn ringing(kind: &str, receiver_type: &str, to: &str) -> Value {
    json!({"type": kind, "receiverType": receiver_type, "receiver": to, "category": "call", "status": "initiated"})
}

fn session(message: &Value) -> String {
    message["data"]["entities"]["on"]["entity"]["sessionid"].as_str().expect("a session's id").to_owned()
}

fn status(message: &Value) -> (&Value, &Value) {
    (&message["data"]["action"], &message["data"]["entities"]["on"]["entity"]["status"])
}

async fn a_call_rings_is_answered_and_ends(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    let mut phone = scene.world.device(&ann, 0).await;
    let mut desk = scene.world.device(&bob, 1).await;

    let rung = data(scene.by(&ann, Method::POST, "/calls", ringing("video", "user", &bob.uid))).await;

    assert_eq!((&rung["category"], &rung["type"]), (&json!("call"), &json!("video")));
    assert_eq!((&rung["sender"], &rung["receiver"]), (&json!(ann.uid), &json!(bob.uid)));
    assert_eq!(status(&rung), (&json!("initiated"), &json!("initiated")));
    let entities = &rung["data"]["entities"];
    assert_eq!((&entities["by"]["entity"]["uid"], &entities["by"]["entityType"]), (&json!(ann.uid), &json!("user")));
    assert_eq!((&entities["for"]["entity"]["uid"], &entities["on"]["entityType"]), (&json!(bob.uid), &json!("call")));
    let call = &entities["on"]["entity"];
    let id = session(&rung);
    let stem = format!("v1.us.{}.", scene.http.app_id);
    let rest = id.strip_prefix(&stem).unwrap_or_else(|| panic!("{id}"));
    assert!(rest.len() > 20 && rest.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    assert_eq!((&call["type"], &call["receiverType"]), (&json!("video"), &json!("user")));
    assert!(call["initiatedAt"].is_i64() && call["joinedAt"] == call["initiatedAt"], "{call}");
    assert_eq!(call["data"]["entities"]["receiver"]["entity"]["uid"], json!(bob.uid));
    let heard = desk.hear_call().await;
    assert_eq!((&heard["id"], session(&heard)), (&rung["id"], id.clone()));
    assert_eq!(phone.hear_call().await["id"], rung["id"], "the caller's devices hear of it, too");

    let answered = scene.change(&bob, &id, "ongoing").await;
    assert_eq!(status(&answered), (&json!("ongoing"), &json!("ongoing")));
    assert_eq!(answered["data"]["entities"]["by"]["entity"]["uid"], json!(bob.uid));
    assert_eq!(answered["data"]["entities"]["on"]["entity"]["sender"], json!(ann.uid), "who called");
    let heard = phone.hear_call().await;
    assert_eq!((&heard["id"], status(&heard)), (&answered["id"], (&json!("ongoing"), &json!("ongoing"))));
    let ended = scene.change(&ann, &id, "ended").await;
    assert!(ended["data"]["entities"]["on"]["entity"]["duration"].is_i64(), "{ended}");
    desk.hear_call().await;
    assert_eq!(status(&desk.hear_call().await).0, "ended");

    let path = format!("/users/{}/messages?limit=10", ann.uid);
    let history = data(scene.by(&bob, Method::GET, &path, json!({}))).await;
    assert_eq!(
        history.as_array().expect("rows").iter().map(|row| &row["data"]["action"]).collect::<Vec<_>>(),
        ["initiated", "ongoing", "ended"]
    );
    let on = |message: &Value, key: &str| message["data"]["entities"]["on"]["entity"][key].clone();
    for key in ["sessionid", "status", "type", "sender", "receiver", "initiatedAt", "startedAt", "joinedAt"] {
        let shown = on(&history[1], key);
        assert!(!shown.is_null() && shown == on(&answered, key), "history shows {key} as the answer did: {history}");
    }
    let only = data(scene.by(&bob, Method::GET, &format!("{path}&categories=message"), json!({}))).await;
    assert_eq!(only, json!([]));
}

async fn a_call_is_declined_given_up_or_left_unanswered(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    for (by_caller, word) in [(false, "rejected"), (false, "busy"), (true, "cancelled"), (true, "unanswered")] {
        let id = session(&scene.ring(&ann, "user", &bob.uid).await);
        let by = if by_caller { &ann } else { &bob };
        let changed = scene.change(by, &id, word).await;
        assert_eq!(status(&changed), (&json!(word), &json!(word)));
        let logged = data(scene.get(&format!("/calls/{id}"))).await;
        assert_eq!((&logged["status"], logged.get("startedAt")), (&json!(word), None));
        assert_eq!(scene.not_changed(&bob, &id, "ongoing").await, "ERR_CALL_TERMINATED");
    }
}

async fn wrong_calls_are_refused_with_their_codes(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob, cat, eve) = (
        scene.world.person("ann").await,
        scene.world.person("bob").await,
        scene.world.person("cat").await,
        scene.world.person("eve").await,
    );
    for (body, expected) in [
        (ringing("audio", "user", &ann.uid), "ERR_CALLING_SELF"),
        (ringing("audio", "user", &scene.world.name("nobody")), "ERR_UID_NOT_FOUND"),
        (ringing("audio", "group", &scene.world.name("nothing")), "ERR_GUID_NOT_FOUND"),
        (ringing("radio", "user", &bob.uid), "ERR_INVALID_MESSAGE_TYPE"),
        (ringing("", "user", &bob.uid), "ERR_EMPTY_MESSAGE_TYPE"),
        (ringing("audio", "robot", &bob.uid), "ERR_INVALID_RECEIVER_TYPE"),
        (ringing("audio", "user", " "), "ERR_EMPTY_RECEIVER"),
        (json!({"type": 5}), "ERR_BAD_REQUEST"),
        (json!({"type": "audio", "receiver": bob.uid, "receiverType": "user", "status": "ended"}), "ERR_BAD_REQUEST"),
    ] {
        assert_eq!(refused(scene.by(&ann, Method::POST, "/calls", body.clone())).await, expected, "{body}");
    }
    let id = session(&scene.ring(&ann, "user", &bob.uid).await);
    assert_eq!(scene.not_changed(&ann, &id, "ended").await, "ERR_CALL_NOT_STARTED");
    assert_eq!(scene.not_changed(&ann, &id, "initiated").await, "ERR_CALL_INVALID_INIT");
    assert_eq!(scene.not_changed(&ann, &id, "ongoing").await, "ERR_CALL_USER_ALREADY_JOINED");
    assert_eq!(scene.not_changed(&ann, &id, "rejected").await, "ERR_BAD_REQUEST");
    assert_eq!(scene.not_changed(&eve, &id, "ongoing").await, "ERR_CALL_NOT_A_PART");
    assert_eq!(scene.not_changed(&ann, &id, "sleeping").await, "ERR_BAD_REQUEST");
    assert_eq!(scene.not_changed(&ann, "v1.us.x.1", "ended").await, "ERR_CALL_SESSION_NOT_FOUND");
    assert_eq!(scene.not_changed(&ann, "%20", "ended").await, "ERR_EMPTY_CALL_SESSION_ID");
    let nameless = scene.by(&ann, Method::PUT, "/calls", json!({"status": "ended"}));
    assert_eq!(refused(nameless).await, "ERR_EMPTY_CALL_SESSION_ID");
    scene.change(&bob, &id, "ongoing").await;
    assert_eq!(scene.not_changed(&ann, &id, "cancelled").await, "ERR_CALL_ONGOING_TO_INVALID");
    let busy = scene.by(&ann, Method::POST, "/calls", ringing("audio", "user", &cat.uid));
    assert_eq!(refused(busy).await, "ERR_CALL_BUSY_SELF");
    let busy = scene.by(&cat, Method::POST, "/calls", ringing("audio", "user", &bob.uid));
    assert_eq!(refused(busy).await, "ERR_CALL_BUSY_USER");
    assert_eq!(
        refused(scene.post("/calls", ringing("audio", "user", &bob.uid))).await,
        "ERR_BAD_REQUEST",
        "who calls?"
    );
    assert_eq!(refused(scene.by(&eve, Method::GET, &format!("/calls/{id}"), json!({}))).await, "ERR_CALL_NOT_A_PART");
    scene.change(&bob, &id, "ended").await;

    data(scene.by(&bob, Method::POST, "/blockedusers", json!({"blockedUids": [ann.uid]}))).await;
    let blocked = async || {
        let calling = scene.by(&ann, Method::POST, "/calls", ringing("audio", "user", &bob.uid));
        let (_, body) = answer(calling).await;
        (code(&body) == "ERR_BLOCKED_SENDER").then_some(())
    };
    eventually("the block is known", blocked).await;
    let calling = scene.by(&bob, Method::POST, "/calls", ringing("audio", "user", &ann.uid));
    assert_eq!(refused(calling).await, "ERR_BLOCKED_RECEIVER");
}

async fn the_call_of_a_group_goes_on_until_the_last_leaves(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob, cat, eve) = (
        scene.world.person("ann").await,
        scene.world.person("bob").await,
        scene.world.person("cat").await,
        scene.world.person("eve").await,
    );
    let group = scene.world.group("room", &[&ann, &bob, &cat]).await;
    let mut desk = scene.world.device(&cat, 1).await;
    let calling = scene.by(&eve, Method::POST, "/calls", ringing("audio", "group", group.id()));
    assert_eq!(refused(calling).await, "ERR_GROUP_NOT_JOINED");
    let rung = scene.ring(&ann, "group", group.id()).await;
    let id = session(&rung);
    let heard = desk.hear_call().await;
    assert_eq!((&heard["id"], &heard["data"]["entities"]["for"]["entityType"]), (&rung["id"], &json!("group")));
    assert_eq!(heard["data"]["entities"]["on"]["entity"]["data"]["entities"]["receiver"]["entity"]["guid"], group.id());

    assert_eq!(scene.not_changed(&bob, &id, "busy").await, "ERR_CALL_GROUP_INVALID_STATUS");
    assert_eq!(scene.not_changed(&eve, &id, "ongoing").await, "ERR_CALL_NOT_A_PART");
    let path = format!("/calls/{id}");
    let for_bob = |body: Value| scene.put(&path, body).header("onBehalfOf", &bob.uid);
    assert_eq!(refused(for_bob(json!({"status": "ongoing"}))).await, "ERR_CALL_EMPTY_JOINED_AT");
    assert_eq!(refused(for_bob(json!({"status": "ongoing", "joinedAt": "soon"}))).await, "ERR_BAD_REQUEST");
    let joined = data(for_bob(json!({"status": "ongoing", "joinedAt": 4_000_000_000_i64}))).await;
    let call = &joined["data"]["entities"]["on"]["entity"];
    assert!(call["joinedAt"].as_i64().expect("a time") < 4_000_000_000, "nobody joins in the future: {call}");
    assert_eq!(scene.not_changed(&bob, &id, "ongoing").await, "ERR_CALL_GROUP_ALREADY_JOINED");
    let calling = scene.by(&cat, Method::POST, "/calls", ringing("audio", "group", group.id()));
    assert_eq!(refused(calling).await, "ERR_CALL_BUSY_GROUP");
    scene.change(&cat, &id, "ongoing").await;
    scene.change(&ann, &id, "ended").await;
    assert_eq!(scene.not_changed(&ann, &id, "ended").await, "ERR_CALL_GROUP_ALREADY_LEFT");
    scene.change(&bob, &id, "ended").await;
    let logged = data(scene.get(&path)).await;
    assert_eq!((&logged["status"], &logged["totalParticipants"]), (&json!("ongoing"), &json!(3)));
    scene.change(&cat, &id, "ended").await;
    let logged = data(scene.get(&path)).await;
    assert_eq!((&logged["status"], logged["endedAt"].is_i64()), (&json!("ended"), true));
    let mut states = column(&logged["participants"], "state");
    states.dedup();
    assert_eq!(states, ["ended"]);
}

async fn calls_are_logged_filtered_and_walked(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    let mut ids = Vec::new();
    for _ in 0..3 {
        let id = session(&scene.ring(&ann, "user", &bob.uid).await);
        scene.change(&ann, &id, "cancelled").await;
        ids.push(id);
    }
    let id = session(&scene.ring(&bob, "user", &ann.uid).await);
    scene.change(&ann, &id, "ongoing").await;
    scene.change(&ann, &id, "ended").await;
    ids.push(id.clone());
    ids.reverse();

    let of_ann = format!("/calls?uid={}", ann.uid);
    let listed = whole(scene.get(&of_ann)).await;
    assert_eq!(column(&listed["data"], "sessionId"), ids, "newest first");
    assert_eq!(
        (&listed["meta"]["pagination"]["per_page"], &listed["meta"]["pagination"]["total"]),
        (&json!(25), &json!(4))
    );
    let row = &listed["data"][0];
    assert_eq!((&row["type"], &row["mode"], &row["status"]), (&json!("audio"), &json!("call"), &json!("ended")));
    assert_eq!(
        (&row["initiator"], &row["receiver"], &row["receiverType"]),
        (&json!(bob.uid), &json!(ann.uid), &json!("user"))
    );
    assert_eq!((&row["hasRecording"], &row["hasTranscription"]), (&json!(false), &json!(false)));
    assert!(row["mid"].is_string() && row["startedAt"].is_i64() && row["totalDuration"] == "00:00:00", "{row}");
    let mut walked = Vec::new();
    for page in 1..=4 {
        let part = whole(scene.get(&format!("{of_ann}&perPage=1&page={page}"))).await;
        assert_eq!(part["meta"]["pagination"]["total_pages"], 4);
        walked.extend(column(&part["data"], "sessionId"));
    }
    assert_eq!(walked, ids);

    let started = row["startedAt"].as_i64().expect("a time");
    for (filter, count) in [
        ("status=ended".to_owned(), 1),
        ("status=canceled".to_owned(), 3),
        ("status=ongoing,initiated".to_owned(), 0),
        ("type=video".to_owned(), 0),
        ("receiverType=group".to_owned(), 0),
        ("mode=call&hasRecording=false".to_owned(), 4),
        ("mode=meet".to_owned(), 0),
        ("hasRecording=true".to_owned(), 0),
        ("hasTranscription=1".to_owned(), 0),
        ("participantsCount=2".to_owned(), 1),
        (format!("startedAt={started}"), 1),
        (format!("startedAt={}", started + 1000), 0),
        (format!("endedAt={}", started - 1000), 0),
    ] {
        let rows = data(scene.get(&format!("{of_ann}&{filter}"))).await;
        assert_eq!(rows.as_array().expect("rows").len(), count, "{filter}");
    }
    for filter in
        ["status=odd", "type=x", "mode=x", "receiverType=x", "participantsCount=0", "hasRecording=maybe", "page=0"]
    {
        assert_eq!(refused(scene.get(&format!("{of_ann}&{filter}"))).await, "ERR_BAD_REQUEST", "{filter}");
    }
    let own = data(scene.by(&bob, Method::GET, "/calls", json!({}))).await;
    assert_eq!(column(&own, "sessionId"), ids, "a user sees the own ones");
    let eve = scene.world.person("eve").await;
    assert_eq!(data(scene.by(&eve, Method::GET, &of_ann, json!({}))).await, json!([]));

    let one = data(scene.get(&format!("/calls/{id}"))).await;
    assert_eq!((&one["metaData"], &one["tags"]), (&json!([]), &json!([])));
    let words = whole(scene.get(&format!("/calls/{id}/transcriptions"))).await;
    assert_eq!((&words["data"], &words["meta"]["pagination"]["total"]), (&json!([]), &json!(0)));
    for path in ["/calls/v1.us.x.1", "/calls/v1.us.x.1/transcriptions"] {
        assert_eq!(refused(scene.get(path)).await, "ERR_CALL_SESSION_NOT_FOUND", "{path}");
    }
}

async fn who_may_call_whom_is_as_the_role_says(form: Form) {
    let scene = Scene::new(form).await;
    let role = scene.world.name("role");
    data(scene.post("/roles", json!({"role": role, "name": "Role"}))).await;
    let (ann, bob, cat) =
        (scene.world.person("ann").await, scene.world.person("bob").await, scene.world.person("cat").await);
    for person in [&ann, &cat] {
        data(scene.put(&format!("/users/{}", person.uid), json!({"role": role}))).await;
    }
    let group = scene.world.group("room", &[&ann, &bob]).await;
    let path = format!("/roles/{role}/permissions");
    let set = async |permissions: Value| {
        data(scene.put(&path, json!({"permissions": permissions}))).await;
    };
    let calling = async |kind: &str, to: &str| {
        let (status, body) = answer(scene.by(&ann, Method::POST, "/calls", ringing("audio", kind, to))).await;
        if status == 200 { "allowed".to_owned() } else { code(&body).to_owned() }
    };
    let until = async |kind: &str, to: &str, expected: &str| {
        eventually(expected, async || (calling(kind, to).await == expected).then_some(())).await;
    };
    until("user", &bob.uid, "allowed").await;
    set(json!({"initiateCall": "deny"})).await;
    until("user", &bob.uid, "ERR_PERMISSION_DENIED").await;
    until("group", group.id(), "ERR_PERMISSION_DENIED").await;
    set(json!({"initiateCall": "allow", "initiateCall.allowedReceiverRoles": [role]})).await;
    until("user", &cat.uid, "allowed").await;
    until("user", &bob.uid, "ERR_PERMISSION_DENIED").await;
    set(json!({"initiateCall.allowedReceiverRoles": [], "initiateCall.mode": "friends"})).await;
    until("user", &cat.uid, "ERR_PERMISSION_DENIED").await;
    data(scene.post(&format!("/users/{}/friends", ann.uid), json!({"accepted": [cat.uid]}))).await;
    until("user", &cat.uid, "allowed").await;
    until("group", group.id(), "allowed").await;

    // The scope in the group decides there.
    let of_scope = format!("/groups/{}/scopes/participant/permissions", group.id());
    data(scene.put(&of_scope, json!({"permissions": {"initiateCall": "deny"}}))).await;
    until("group", group.id(), "ERR_PERMISSION_DENIED").await;
    data(scene.put(&of_scope, json!({"permissions": {"initiateCall": "allow", "initiateCall.allowedType": "video"}})))
        .await;
    until("group", group.id(), "ERR_PERMISSION_DENIED").await;
    data(scene.put(&of_scope, json!({"permissions": {"initiateCall.allowedType": "audio"}}))).await;
    until("group", group.id(), "allowed").await;

    // A role that lists no calls sees none in its histories.
    set(json!({"initiateCall.mode": "all", "listMessages.allowedMessageCategories": ["message"]})).await;
    let history = format!("/users/{}/messages?limit=10", bob.uid);
    let hidden = async || {
        let rows = data(scene.by(&ann, Method::GET, &history, json!({}))).await;
        (rows == json!([])).then_some(())
    };
    eventually("the history shows no calls", hidden).await;
    data(scene.delete(&format!("/roles/{role}"), json!({}))).await;
}
