//! What happens to messages and conversations after they were sent: edits, deletions, reactions, pins, tags.

use halley_client::Event;
use halley_testkit::within;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Device, Form, Person, Scene, answer, column, data, refused, whole};

crate::in_both_forms!(
    an_edit_reaches_everybody_as_an_action,
    a_deleted_message_loses_its_content_for_everybody,
    what_is_deleted_for_good_is_a_place_for_those_who_count_places,
    a_group_is_kept_in_order,
    reactions_are_told_counted_and_listed,
    pins_are_everybodys_and_saves_the_own,
    a_walk_by_updates_loses_and_repeats_nothing,
    a_conversation_is_tagged_found_and_deleted_for_oneself,
);

impl Scene {
    /// A call of the app for a person.
    fn for_person(&self, person: &Person, method: Method, path: &str, body: Value) -> RequestBuilder {
        self.http.with_key(method, path).header("onBehalfOf", &person.uid).json(&body)
    }

    fn seen(&self, person: &Person, path: &str) -> RequestBuilder {
        self.by(person, Method::GET, path, json!({}))
    }
}

impl Device {
    /// The body of the next frame of a kind.
    async fn frame(&mut self, kind: &str, action: &str) -> Value {
        within("a frame", async {
            loop {
                match self.socket.next_event().await {
                    Some(Event::Message(message)) if kind == "message" && message.action.as_deref() == Some(action) => {
                        return message.to_value();
                    }
                    Some(Event::Other(frame)) if frame["type"] == kind && frame["body"]["action"] == action => {
                        return *frame;
                    }
                    Some(Event::Closed { code, reason }) => panic!("the socket closed: {code} {reason}"),
                    None => panic!("the socket ended"),
                    Some(_) => {}
                }
            }
        })
        .await
    }
}

impl Device {
    /// The next frame of a kind that has no action.
    async fn other_frame(&mut self, kind: &str) -> Value {
        within("a frame", async {
            loop {
                match self.socket.next_event().await {
                    Some(Event::Other(frame)) if frame["type"] == kind => return *frame,
                    Some(Event::Closed { code, reason }) => panic!("the socket closed: {code} {reason}"),
                    None => panic!("the socket ended"),
                    Some(_) => {}
                }
            }
        })
        .await
    }
}

async fn an_edit_reaches_everybody_as_an_action(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob, eve) =
        (scene.world.person("ann").await, scene.world.person("bob").await, scene.world.person("eve").await);
    let phone = scene.world.device(&ann, 0).await;
    let mut desk = scene.world.device(&ann, 1).await;
    let mut other = scene.world.device(&bob, 1).await;
    let sent = phone.say(&bob.receiver(), "old").await;
    let path = format!("/messages/{}", sent.id);

    // As clients send it: with everything that the message had.
    let body = json!({"receiver": bob.uid, "receiverType": "user", "category": "message", "type": "text", "text": "new",
        "data": {"text": "new", "metadata": {"k": 1}, "entities": {}}, "tags": ["t"]});
    let action = data(scene.by(&ann, Method::PUT, &path, body)).await;

    assert_eq!((&action["category"], &action["type"]), (&json!("action"), &json!("message")));
    assert_eq!(action["data"]["action"], "edited");
    let entities = &action["data"]["entities"];
    assert_eq!(
        (&entities["by"]["entity"]["uid"], &entities["for"]["entity"]["uid"]),
        (&json!(ann.uid), &json!(bob.uid))
    );
    let on = &entities["on"];
    assert_eq!(on["entityType"], "message");
    let entity = &on["entity"];
    assert_eq!((&entity["id"], &entity["data"]["text"]), (&json!(sent.id.to_string()), &json!("new")));
    assert_eq!((&entity["data"]["metadata"]["k"], &entity["tags"]), (&json!(1), &json!(["t"])));
    assert_eq!((&entity["editedBy"], entity["editedAt"].is_i64()), (&json!(ann.uid), true));
    for device in [&mut desk, &mut other] {
        let told = device.frame("message", "edited").await;
        assert_eq!(
            (&told["id"], &told["data"]["entities"]["on"]["entity"]["data"]["text"]),
            (&action["id"], &json!("new"))
        );
    }
    let history = data(scene.seen(&bob, &format!("/users/{}/messages?limit=10", ann.uid))).await;
    assert_eq!(column(&history, "id"), [sent.id.to_string(), action["id"].as_str().unwrap_or_default().to_owned()]);
    assert_eq!((&history[0]["data"]["text"], &history[0]["editedBy"]), (&json!("new"), &json!(ann.uid)));
    let listed = data(scene.seen(&bob, "/conversations")).await;
    assert_eq!(
        (&listed[0]["unreadMessageCount"], &listed[0]["lastMessage"]["id"]),
        (&json!("1"), &json!(sent.id.to_string()))
    );

    let by_app = data(scene.put(&path, json!({"data": {"text": "newest"}}))).await;
    assert_eq!(
        (&by_app["sender"], &by_app["data"]["entities"]["by"]["entity"]["uid"]),
        (&json!(ann.uid), &json!(ann.uid))
    );
    assert_eq!(by_app["data"]["entities"]["on"]["entity"]["editedBy"], "app_system");
    let change = json!({"data": {"text": "x"}});
    assert_eq!(refused(scene.by(&bob, Method::PUT, &path, change.clone())).await, "ERR_MESSAGE_NOT_A_SENDER");
    assert_eq!(refused(scene.for_person(&eve, Method::PUT, &path, change.clone())).await, "ERR_MESSAGE_NO_ACCESS");
    let of_action = format!("/messages/{}", action["id"].as_str().unwrap_or_default());
    assert_eq!(refused(scene.put(&of_action, change.clone())).await, "ERR_MESSAGE_ACTION_NOT_ALLOWED");
    assert_eq!(refused(scene.put("/messages/999999999", change)).await, "ERR_MESSAGE_ID_NOT_FOUND");
    for (body, code) in [
        (json!({}), "ERR_INVALID_MESSAGE_DATA"),
        (json!({"data": {"text": ""}}), "ERR_EMPTY_MESSAGE_TEXT"),
        (json!({"data": {"text": 1}}), "ERR_INVALID_MESSAGE_TEXT"),
        (json!({"data": {"metadata": 1}}), "ERR_INVALID_METADATA"),
        (json!({"tags": "x"}), "ERR_BAD_REQUEST"),
    ] {
        assert_eq!(refused(scene.put(&path, body.clone())).await, code, "{body}");
    }
}

async fn a_deleted_message_loses_its_content_for_everybody(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    let phone = scene.world.device(&ann, 0).await;
    let mut other = scene.world.device(&bob, 1).await;
    let sent = phone.say(&bob.receiver(), "secret").await;
    let path = format!("/messages/{}", sent.id);
    assert_eq!(refused(scene.by(&bob, Method::DELETE, &path, json!({}))).await, "ERR_MESSAGE_NOT_A_SENDER");

    let action = data(scene.by(&ann, Method::DELETE, &path, json!({"id": sent.id.to_string()}))).await;

    assert_eq!((&action["category"], &action["data"]["action"]), (&json!("action"), &json!("deleted")));
    let told = other.frame("message", "deleted").await;
    for shown in [&action, &told] {
        let on = &shown["data"]["entities"]["on"]["entity"];
        assert_eq!((&on["id"], &on["deletedBy"]), (&json!(sent.id.to_string()), &json!(ann.uid)));
        assert!(on["deletedAt"].is_i64() && !shown.to_string().contains("secret"), "{shown}");
    }
    let history = data(scene.seen(&bob, &format!("/users/{}/messages?limit=10", ann.uid))).await;
    assert_eq!((history.as_array().map(Vec::len), &history[0]["deletedBy"]), (Some(2), &json!(ann.uid)));
    assert!(!history.to_string().contains("secret"), "{history}");
    let hidden = data(scene.seen(&bob, &format!("/users/{}/messages?limit=10&hideDeleted=1", ann.uid))).await;
    assert_eq!(column(&hidden, "category"), ["action"]);
    assert!(data(scene.seen(&bob, "/conversations")).await[0].get("lastMessage").is_none());
    assert_eq!(refused(scene.delete(&path, json!({}))).await, "ERR_MESSAGE_ID_NOT_FOUND");
}

async fn what_is_deleted_for_good_is_a_place_for_those_who_count_places(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    let phone = scene.world.device(&ann, 0).await;
    let mut sent = Vec::new();
    for text in ["first", "secret", "last"] {
        sent.push(phone.say(&bob.receiver(), text).await.id);
    }
    let path = format!("/messages/{}", sent[1]);
    let permanent = json!({"permanent": true});
    assert_eq!(refused(scene.by(&ann, Method::DELETE, &path, permanent.clone())).await, "ERR_PERMISSION_DENIED");
    assert_eq!(refused(scene.delete(&path, json!({"permanent": "x"}))).await, "ERR_BAD_REQUEST");

    let action = data(scene.delete(&path, permanent)).await;

    assert_eq!(action["data"]["entities"]["on"]["entity"]["deletedBy"], "app_system");
    assert_eq!(refused(scene.seen(&bob, &path)).await, "ERR_MESSAGE_ID_NOT_FOUND");
    let history = format!("/users/{}/messages?limit=10", ann.uid);
    let ids = column(&data(scene.seen(&bob, &history)).await, "id");
    assert_eq!((ids.len(), ids.contains(&sent[1].to_string())), (3, false));
    let counted = data(scene.seen(&bob, &format!("{history}&withSequence=1"))).await;
    let sequences: Vec<_> = counted.as_array().expect("rows").iter().map(|row| row["sequence"].clone()).collect();
    assert_eq!(sequences, [json!(1), json!(2), json!(3), json!(4)]);
    assert!(counted[1]["deletedAt"].is_i64() && !counted.to_string().contains("secret"), "{counted}");
}

async fn a_group_is_kept_in_order(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, mia, bob) =
        (scene.world.person("ann").await, scene.world.person("mia").await, scene.world.person("bob").await);
    let group = scene.world.group("room", &[&ann, &mia, &bob]).await;
    let member = format!("/groups/{}/members/{}", group.id(), mia.uid);
    data(scene.put(&member, json!({"scope": "moderator"}))).await;
    let phone = scene.world.device(&ann, 0).await;
    let mut other = scene.world.device(&bob, 1).await;
    let sent = phone.say(&group, "rude").await;
    let path = format!("/messages/{}", sent.id);
    assert_eq!(refused(scene.by(&bob, Method::DELETE, &path, json!({}))).await, "ERR_MESSAGE_NOT_A_SENDER");
    let edited = data(scene.by(&mia, Method::PUT, &path, json!({"data": {"text": "kind"}}))).await;
    assert_eq!((&edited["sender"], &edited["receiverType"]), (&json!(mia.uid), &json!("group")));
    data(scene.by(&mia, Method::DELETE, &path, json!({}))).await;
    assert_eq!(other.frame("message", "edited").await["id"], edited["id"]);
    let told = other.frame("message", "deleted").await;
    assert_eq!(told["data"]["entities"]["by"]["entity"]["uid"], json!(mia.uid));
    data(scene.delete(&format!("/groups/{}/members/{}", group.id(), mia.uid), json!({}))).await;
    let next = phone.say(&group, "rude again").await;
    let path = format!("/messages/{}", next.id);
    assert_eq!(refused(scene.by(&mia, Method::DELETE, &path, json!({}))).await, "ERR_MESSAGE_NO_ACCESS");
}

async fn reactions_are_told_counted_and_listed(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob, eve) =
        (scene.world.person("ann").await, scene.world.person("bob").await, scene.world.person("eve").await);
    let group = scene.world.group("room", &[&ann, &bob]).await;
    let mut phone = scene.world.device(&ann, 0).await;
    let sent = phone.say(&group, "hi").await;
    let all = format!("/messages/{}/reactions", sent.id);
    let thumb = format!("{all}/%F0%9F%91%8D");

    let answer_to_bob = data(scene.by(&bob, Method::POST, &thumb, json!({}))).await;

    assert_eq!(answer_to_bob["id"], json!(sent.id.to_string()));
    assert_eq!(answer_to_bob["data"]["reactions"], json!([{"reaction": "👍", "count": 1, "reactedByMe": true}]));
    let told = phone.frame("reaction", "message_reaction_added").await;
    assert_eq!((&told["receiver"], &told["receiverType"]), (&json!(group.id()), &json!("group")));
    let body = &told["body"];
    assert_eq!((&body["messageId"], &body["reaction"]), (&json!(sent.id.to_string()), &json!("👍")));
    assert_eq!((&body["uid"], &body["reactedBy"]["uid"]), (&json!(bob.uid), &json!(bob.uid)));
    assert!(body["id"].is_string() && body["reactedAt"].is_i64() && body["conversationId"].is_string(), "{body}");
    data(scene.for_person(&ann, Method::POST, &thumb, json!({}))).await;
    data(scene.by(&ann, Method::POST, &format!("{all}/ok"), json!({}))).await;
    let history = data(scene.seen(&ann, &format!("/groups/{}/messages?limit=10&hasReactions=1", group.id()))).await;
    assert_eq!(
        history[0]["data"]["reactions"],
        json!([{"reaction": "👍", "count": 2, "reactedByMe": true}, {"reaction": "ok", "count": 1, "reactedByMe": true}])
    );

    // As clients walk: every key of `next` is a query parameter of the next call.
    let mut walked = Vec::new();
    let mut query = "limit=2&affix=append".to_owned();
    loop {
        let page = whole(scene.seen(&bob, &format!("{all}?{query}"))).await;
        walked.extend(page["data"].as_array().expect("rows").clone());
        let Some(next) = page["meta"]["next"].as_object() else { break };
        let keys = next.iter().map(|(key, value)| format!("&{key}={}", value.as_str().unwrap_or_default()));
        query = format!("limit=2{}", keys.collect::<String>());
    }
    let listed: Vec<_> = walked.iter().map(|row| (row["uid"].clone(), row["reaction"].clone())).collect();
    assert_eq!(listed, [(json!(bob.uid), json!("👍")), (json!(ann.uid), json!("👍")), (json!(ann.uid), json!("ok"))]);
    assert_eq!(walked[0]["reactedBy"]["uid"], json!(bob.uid));
    assert_eq!(column(&data(scene.get(&thumb)).await, "uid"), [bob.uid.clone(), ann.uid.clone()]);

    let removed = data(scene.by(&bob, Method::DELETE, &thumb, json!({}))).await;
    assert_eq!(removed["data"]["reactions"], json!([{"reaction": "👍", "count": 1}, {"reaction": "ok", "count": 1}]));
    assert_eq!(phone.frame("reaction", "message_reaction_removed").await["body"]["uid"], json!(bob.uid));
    assert_eq!(refused(scene.by(&eve, Method::POST, &thumb, json!({}))).await, "ERR_MESSAGE_NO_ACCESS");
    assert_eq!(refused(scene.post(&thumb, json!({}))).await, "ERR_BAD_REQUEST");
    assert_eq!(
        refused(scene.by(&bob, Method::POST, &format!("{all}/{}", "x".repeat(46)), json!({}))).await,
        "ERR_BAD_REQUEST"
    );
    assert_eq!(refused(scene.get(&format!("{all}?affix=sideways"))).await, "ERR_BAD_REQUEST");
    assert_eq!(refused(scene.get("/messages/999999999/reactions")).await, "ERR_MESSAGE_ID_NOT_FOUND");
}

async fn pins_are_everybodys_and_saves_the_own(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob, eve) =
        (scene.world.person("ann").await, scene.world.person("bob").await, scene.world.person("eve").await);
    let group = scene.world.group("room", &[&ann, &bob]).await;
    let mut phone = scene.world.device(&ann, 0).await;
    let mut other = scene.world.device(&bob, 1).await;
    let sent = phone.say(&group, "hi").await;
    let (pin, save) = (format!("/messages/{}/pin", sent.id), format!("/messages/{}/save", sent.id));
    assert_eq!(refused(scene.by(&bob, Method::POST, &pin, json!({}))).await, "ERR_PERMISSION_DENIED");

    let pinned = data(scene.post(&pin, json!({}))).await;

    assert_eq!((&pinned["id"], &pinned["pinnedBy"]), (&json!(sent.id.to_string()), &json!("app_system")));
    assert!(pinned["pinnedAt"].is_i64(), "{pinned}");
    for device in [&mut phone, &mut other] {
        assert_eq!(device.other_frame("message_pinned").await["body"]["id"], json!(sent.id.to_string()));
    }
    let path = format!("/groups/{}/messages?pinned=1&per_page=10&affix=prepend", group.id());
    assert_eq!(column(&data(scene.seen(&bob, &path)).await, "pinnedBy"), ["app_system"]);
    let unpinned = data(scene.delete(&pin, json!({}))).await;
    assert!(unpinned.get("pinnedAt").is_none() && unpinned.get("pinnedBy").is_none(), "{unpinned}");
    other.other_frame("message_unpinned").await;

    let saved = data(scene.by(&bob, Method::POST, &save, json!({}))).await;
    assert!(saved["savedAt"].is_i64(), "{saved}");
    assert_eq!(other.other_frame("message_saved").await["body"]["savedAt"], saved["savedAt"]);
    let listed = data(scene.seen(&bob, "/messages?saved=1&per_page=10&affix=prepend")).await;
    assert_eq!((column(&listed, "id"), &listed[0]["savedAt"]), (vec![sent.id.to_string()], &saved["savedAt"]));
    assert_eq!(data(scene.seen(&ann, "/messages?saved=1")).await, json!([]));
    assert!(data(scene.by(&bob, Method::DELETE, &save, json!({}))).await.get("savedAt").is_none());
    other.other_frame("message_unsaved").await;
    for path in [&pin, &save] {
        assert_eq!(refused(scene.by(&eve, Method::POST, path, json!({}))).await, "ERR_MESSAGE_NO_ACCESS");
    }
    assert_eq!(refused(scene.post(&save, json!({}))).await, "ERR_BAD_REQUEST");
}

async fn a_walk_by_updates_loses_and_repeats_nothing(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    let phone = scene.world.device(&ann, 0).await;
    let mut sent = Vec::new();
    for n in 0..30 {
        sent.push(phone.say(&bob.receiver(), &n.to_string()).await.id.to_string());
    }
    let first = data(scene.seen(&bob, &format!("/messages/{}", sent[0]))).await["updatedAt"].as_i64().expect("a time");
    let mut cursor = format!("&updatedAt={}", first - 1);
    let mut walked: Vec<String> = Vec::new();
    loop {
        let path = format!("/users/{}/messages?per_page=4&affix=append{cursor}", ann.uid);
        let page = whole(scene.seen(&bob, &path)).await;
        let rows = page["data"].as_array().expect("rows").clone();
        walked.extend(column(&page["data"], "id"));
        let Some(keys) = page["meta"]["cursor"].as_object() else { break };
        assert!(keys.contains_key("updatedAt") && keys.contains_key("id") && keys.len() == 2, "{keys:?}");
        let Some(row) = rows.last() else { break };
        cursor = keys.keys().map(|key| format!("&{key}={}", row[key].to_string().trim_matches('"'))).collect();
        assert!(walked.len() <= 30, "the walk repeats itself");
    }
    assert_eq!(walked, sent);
}

async fn a_conversation_is_tagged_found_and_deleted_for_oneself(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    let group = scene.world.group("room", &[&ann, &bob]).await;
    let phone = scene.world.device(&ann, 0).await;
    phone.say(&bob.receiver(), "old").await;
    phone.say(&group, "old").await;
    let with_ann = format!("/users/{}/conversation", ann.uid);
    let of_group = format!("/groups/{}/conversation", group.id());

    let tagged = data(scene.by(&bob, Method::PUT, &with_ann, json!({"tags": ["work"]}))).await;

    assert_eq!((&tagged["tags"], &tagged["conversationType"]), (&json!(["work"]), &json!("user")));
    assert_eq!(data(scene.by(&bob, Method::PUT, &of_group, json!({"tags": ["fun"]}))).await["tags"], json!(["fun"]));
    let with = |rows: &Value| -> Vec<String> {
        let rows = rows.as_array().expect("rows").iter();
        rows.map(|row| row["conversationWith"]["guid"].as_str().or(row["conversationWith"]["uid"].as_str()))
            .map(|id| id.unwrap_or_default().to_owned())
            .collect()
    };
    let list = |query: &str| scene.seen(&bob, &format!("/conversations?{query}"));
    assert_eq!(with(&data(list("tags=work&withTags=true")).await), [ann.uid.as_str()]);
    assert_eq!(with(&data(list("tags=fun,work")).await), [group.id().to_owned(), ann.uid.clone()]);
    assert_eq!(with(&data(list("searchKey=ROOM")).await), [group.id().to_owned()]);
    assert_eq!(data(list("searchKey=nobody")).await, json!([]));
    let untagged = data(scene.seen(&ann, "/conversations?withTags=1")).await;
    assert_eq!((&untagged[0]["tags"], &untagged[1]["tags"]), (&json!([]), &json!([])));
    let many: Vec<String> = (0..26).map(|n| format!("t{n}")).collect();
    assert_eq!(refused(scene.by(&bob, Method::PUT, &with_ann, json!({"tags": many}))).await, "ERR_BAD_REQUEST");
    assert_eq!(refused(scene.by(&bob, Method::PUT, &with_ann, json!({}))).await, "ERR_BAD_REQUEST");

    let by_id = format!("/conversations/{}", tagged["conversationId"].as_str().unwrap_or_default());
    assert_eq!(data(scene.seen(&bob, &by_id)).await["conversationWith"]["uid"], json!(ann.uid));
    assert_eq!(refused(scene.seen(&bob, "/conversations/a_user_b")).await, "ERR_CONVERSATION_NOT_FOUND");
    for path in [&with_ann, &of_group] {
        assert_eq!(data(scene.by(&bob, Method::DELETE, path, json!({"preserveOrder": false}))).await["success"], true);
    }
    assert_eq!(data(list("")).await, json!([]));
    assert_eq!(data(scene.seen(&bob, &format!("/users/{}/messages?limit=10", ann.uid))).await, json!([]));
    assert_eq!(data(scene.seen(&ann, "/conversations")).await.as_array().map(Vec::len), Some(2));
    assert_eq!(refused(scene.by(&bob, Method::DELETE, &by_id, json!({}))).await, "ERR_CONVERSATION_NOT_FOUND");
    phone.say(&bob.receiver(), "new").await;
    assert_eq!(with(&data(list("")).await), [ann.uid.as_str()]);
    let history = data(scene.seen(&bob, &format!("/users/{}/messages?limit=10", ann.uid))).await;
    assert_eq!(history.as_array().map(Vec::len), Some(1));
    assert_eq!(data(scene.by(&bob, Method::DELETE, &by_id, json!({}))).await["success"], true);
    let (status, _) = answer(scene.delete(&with_ann, json!({}))).await;
    assert_eq!(status, 400, "the app itself has no conversation");
}
