//! Threads, interactive messages, messages to several receivers, bots, and pinned conversations, from outside.

use halley_client::Event;
use halley_testkit::{unique, within};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Device, Form, Person, Scene, answer, code, column, data, refused, whole};

crate::in_both_forms!(
    threads_are_listed_subscribed_and_counted,
    an_interactive_message_is_used_by_those_who_may,
    a_message_goes_to_several_and_one_that_can_not_have_it_keeps_it_from_no_other,
    a_bot_sends_in_its_own_name,
    conversations_are_pinned_by_users_and_by_the_app,
    the_list_of_conversations_is_filtered_and_walked,
    who_leaves_loses_sight_and_who_is_deleted_leaves_nothing,
);

impl Scene {
    fn acting(&self, uid: &str, method: Method, path: &str, body: Value) -> RequestBuilder {
        self.http.with_key(method, path).header("onBehalfOf", uid).json(&body)
    }

    async fn people<const N: usize>(&self, names: [&str; N]) -> [Person; N] {
        let mut people = Vec::new();
        for name in names {
            people.push(self.world.person(name).await);
        }
        people.try_into().unwrap_or_else(|_| panic!("as many as names"))
    }

    async fn group(&self, name: &str, members: &[&Person]) -> String {
        self.world.group(name, members).await.id().to_owned()
    }

    async fn say(&self, from: &Person, kind: &str, to: &str, text: &str) -> String {
        let body = json!({"receiver": to, "receiverType": kind, "data": {"text": text}});
        id(&data(self.by(from, Method::POST, "/messages", body)).await)
    }

    async fn reply(&self, from: &Person, kind: &str, to: &str, parent: &str) -> String {
        let body = json!({"receiver": to, "receiverType": kind, "data": {"text": "reply"}});
        id(&data(self.by(from, Method::POST, &format!("/messages/{parent}/thread"), body)).await)
    }
}

impl Device {
    async fn told(&mut self, kind: &str) -> Value {
        within("a frame", async {
            loop {
                match self.socket.next_event().await {
                    Some(Event::Other(frame)) if frame["type"] == kind => return frame["body"].clone(),
                    Some(Event::Closed { code, reason }) => panic!("the socket closed: {code} {reason}"),
                    None => panic!("the socket ended"),
                    Some(_) => {}
                }
            }
        })
        .await
    }
}

fn id(message: &Value) -> String {
    message["id"].as_str().unwrap_or_else(|| panic!("no id: {message}")).to_owned()
}

async fn threads_are_listed_subscribed_and_counted(form: Form) {
    let scene = Scene::new(form).await;
    let [ann, bob, eve] = scene.people(["ann", "bob", "eve"]).await;
    let mut parents = Vec::new();
    for n in 0..5 {
        let parent = scene.say(&ann, "user", &bob.uid, &format!("parent {n}")).await;
        scene.reply(&bob, "user", &ann.uid, &parent).await;
        parents.push(parent);
    }
    let get = |person: &Person, path: &str| scene.by(person, Method::GET, path, json!({}));

    let page = whole(get(&ann, "/threads?limit=2&participatedByMe=true")).await;
    let expected: Vec<_> = parents.iter().rev().cloned().collect();
    assert_eq!(column(&page["data"], "id"), expected[..2]);
    let row = &page["data"][0];
    assert_eq!(
        (&row["replyCount"], &row["subscribed"], &row["unreadReplyCount"]),
        (&json!(1), &json!(true), &json!(1))
    );
    assert_eq!((&row["lastReply"]["parentId"], &row["lastReply"]["sender"]), (&row["id"], &json!(bob.uid)));
    assert_eq!(page["meta"]["current"], json!({"limit": 2, "count": 2}));
    let mut walked = column(&page["data"], "id");
    let mut next = page["meta"]["next"].clone();
    while !next.is_null() {
        // As clients do: every key of it becomes a parameter.
        let keys = next.as_object().expect("an object").iter();
        let keys: Vec<_> = keys.map(|(key, value)| format!("&{key}={}", value.to_string().trim_matches('"'))).collect();
        let page = whole(get(&ann, &format!("/threads?limit=2&participatedByMe=true{}", keys.concat()))).await;
        walked.extend(column(&page["data"], "id"));
        next = page["meta"]["next"].clone();
    }
    assert_eq!(walked, expected);

    let read = format!("/users/{}/conversation/read", bob.uid);
    data(scene.by(&ann, Method::POST, &read, json!({}))).await;
    let listed = whole(get(&ann, "/threads?withUnreadReplyCount=1&withMentionCount=1")).await;
    let first = &listed["data"][0];
    assert_eq!((&first["unreadReplyCount"], &first["mentionCount"]), (&json!(0), &json!(0)));
    let text = format!("<@uid:{}> look", ann.uid);
    let body = json!({"receiver": ann.uid, "receiverType": "user", "data": {"text": text}});
    data(scene.by(&bob, Method::POST, &format!("/messages/{}/thread", parents[0]), body)).await;
    let listed = whole(get(&ann, "/threads?withMentionCount=1")).await;
    assert_eq!((&listed["data"][0]["id"], &listed["data"][0]["mentionCount"]), (&json!(parents[0]), &json!(1)));
    let with = whole(get(&ann, &format!("/users/{}/threads?limit=100", bob.uid))).await;
    assert_eq!(with["data"].as_array().map(Vec::len), Some(5));

    // A subscription is a fact of its user.
    let path = format!("/messages/{}/thread/subscription", parents[1]);
    let subscribed = async |person: &Person| {
        let message = data(get(person, &format!("/messages/{}?withThreadSubscribed=true", parents[1]))).await;
        message["threadSubscribed"] == true
    };
    assert!(subscribed(&ann).await && subscribed(&bob).await);
    for _ in 0..2 {
        assert_eq!(data(scene.by(&ann, Method::DELETE, &path, json!({}))).await["success"], true);
    }
    assert!(!subscribed(&ann).await && subscribed(&bob).await);
    for _ in 0..2 {
        assert_eq!(data(scene.acting(&ann.uid, Method::POST, &path, json!({}))).await["success"], true);
    }
    assert!(subscribed(&ann).await);
    assert_eq!(refused(scene.by(&eve, Method::POST, &path, json!({}))).await, "ERR_MESSAGE_NO_ACCESS");
    assert_eq!(refused(scene.post(&path, json!({}))).await, "ERR_BAD_REQUEST");
    let unknown = "/messages/999999999/thread/subscription";
    assert_eq!(refused(scene.by(&ann, Method::POST, unknown, json!({}))).await, "ERR_MESSAGE_ID_NOT_FOUND");
    assert_eq!(column(&whole(get(&eve, "/threads")).await["data"], "id"), [""; 0]);
    for (query, field) in [("affix=sideways", "affix"), ("limit=0", "limit"), ("updatedAt=x", "updatedAt")] {
        let (status, body) = answer(get(&ann, &format!("/threads?{query}"))).await;
        assert_eq!((status.as_u16(), code(&body)), (400, "ERR_BAD_REQUEST"));
        assert!(body["error"]["details"].get(field).is_some(), "{body}");
    }
    assert_eq!(refused(scene.get("/threads?participatedByMe=1")).await, "ERR_BAD_REQUEST");
}

fn button(element: &str) -> Value {
    json!({"elementType": "button", "elementId": element, "buttonText": "Go",
        "action": {"actionType": "urlNavigation", "url": "https://example.com/"}})
}

async fn an_interactive_message_is_used_by_those_who_may(form: Form) {
    let scene = Scene::new(form).await;
    let [ann, bob, eve] = scene.people(["ann", "bob", "eve"]).await;
    let message = |kind: &str, content: Value| {
        json!({"receiver": bob.uid, "receiverType": "user", "category": "interactive", "type": kind,
            "data": {"interactiveData": content, "interactionGoal": {"type": "anyOf", "elementIds": ["send"]}}})
    };
    let form_content = json!({"title": "Survey", "submitElement": button("send"),
        "formFields": [{"elementType": "textInput", "elementId": "name", "label": "Name"}]});
    let sent = data(scene.by(&ann, Method::POST, "/messages", message("form", form_content))).await;
    assert_eq!((&sent["category"], &sent["type"]), (&json!("interactive"), &json!("form")));
    let path = format!("/messages/{}", id(&sent));
    let mark = |person: &Person, elements: Value| {
        scene.by(person, Method::PATCH, &format!("{path}/interacted"), json!({"interactions": elements}))
    };
    assert_eq!(data(mark(&bob, json!(["name"]))).await["success"], true);
    let seen = async |person: &Person| {
        data(scene.by(person, Method::GET, &path, json!({}))).await["data"]["interactions"].clone()
    };
    let first = seen(&bob).await;
    assert_eq!(column(&first, "elementId"), ["name"]);
    assert!(first[0]["interactedAt"].is_i64());
    data(mark(&bob, json!(["send", "name"]))).await;
    let both = seen(&bob).await;
    assert_eq!((column(&both, "elementId").len(), &both[0]), (2, &first[0]), "the first time stays");
    assert!(seen(&ann).await.is_null(), "others see nothing of it");

    assert_eq!(refused(mark(&bob, json!(["other"]))).await, "ERR_BAD_REQUEST");
    assert_eq!(refused(mark(&bob, json!([]))).await, "ERR_BAD_REQUEST");
    assert_eq!(refused(mark(&bob, json!("name"))).await, "ERR_BAD_REQUEST");
    assert_eq!(refused(mark(&ann, json!(["name"]))).await, "ERR_PERMISSION_DENIED");
    assert_eq!(refused(mark(&eve, json!(["name"]))).await, "ERR_MESSAGE_NO_ACCESS");
    let text = scene.say(&ann, "user", &bob.uid, "plain").await;
    let on_text =
        scene.by(&bob, Method::PATCH, &format!("/messages/{text}/interacted"), json!({"interactions": ["x"]}));
    assert_eq!(refused(on_text).await, "ERR_MESSAGE_ACTION_NOT_ALLOWED");

    // What clients could not show is not sent.
    for (kind, content) in [
        ("form", json!({"title": "No fields", "submitElement": button("send")})),
        ("card", json!({"text": "x", "cardActions": [{"elementType": "poem", "elementId": "a"}]})),
        ("scheduler", json!({"title": "x", "duration": 30})),
        ("customInteractive", json!([])),
    ] {
        let broken = scene.by(&ann, Method::POST, "/messages", message(kind, content));
        assert_eq!(refused(broken).await, "ERR_INVALID_MESSAGE_DATA", "{kind}");
    }
    let own = scene.by(&ann, Method::POST, "/messages", message("customInteractive", json!({"anything": [1]})));
    let own = id(&data(own).await);
    let goal = json!({"interactions": ["send"]});
    data(scene.by(&bob, Method::PATCH, &format!("/messages/{own}/interacted"), goal)).await;
}

async fn a_message_goes_to_several_and_one_that_can_not_have_it_keeps_it_from_no_other(form: Form) {
    let scene = Scene::new(form).await;
    let [ann, bob, cat] = scene.people(["ann", "bob", "cat"]).await;
    let joined = scene.group("joined", &[&ann, &bob]).await;
    let foreign = scene.group("foreign", &[&bob]).await;
    let (nobody, muid) = (scene.world.name("nobody"), unique("m"));
    let receivers = json!({"uids": [bob.uid, cat.uid, nobody, "no uid"], "guids": [joined, foreign]});
    let body = json!({"multipleReceivers": receivers, "data": {"text": "to all"}, "muid": muid, "tags": ["t"]});

    let sent = data(scene.by(&ann, Method::POST, "/messages", body.clone())).await;

    for uid in [&bob.uid, &cat.uid] {
        let fate = &sent["uids"][uid];
        assert_eq!((&fate["success"], &fate["data"]["receiver"]), (&json!(true), &json!(uid)), "{sent}");
        assert_eq!((&fate["data"]["sender"], &fate["data"]["data"]["text"]), (&json!(ann.uid), &json!("to all")));
    }
    assert_eq!(sent["guids"][&joined]["data"]["receiverType"], "group");
    let failed = |list: &str, id: &str| sent[list][id]["error"]["code"].as_str().unwrap_or_default().to_owned();
    assert_eq!(failed("uids", &nobody), "ERR_UID_NOT_FOUND");
    assert_eq!(failed("uids", "no uid"), "ERR_UID_NOT_FOUND");
    assert_eq!(failed("guids", &foreign), "ERR_GROUP_NOT_JOINED");
    assert_eq!(sent["guids"][&foreign]["success"], false);

    // Sent again, in another order, it makes no second message; and each has a muid that begins with the given one.
    let receivers = json!({"guids": [joined], "uids": [cat.uid, bob.uid]});
    let again = json!({"multipleReceivers": receivers, "data": {"text": "to all"}, "muid": muid});
    let again = data(scene.by(&ann, Method::POST, "/messages", again)).await;
    for (list, id) in [("uids", &bob.uid), ("uids", &cat.uid), ("guids", &joined)] {
        assert_eq!(again[list][id]["data"]["id"], sent[list][id]["data"]["id"]);
        assert!(again[list][id]["data"]["muid"].as_str().is_some_and(|stored| stored.starts_with(&muid)));
    }
    let history = |uid: &str| scene.by(&ann, Method::GET, &format!("/users/{uid}/messages"), json!({}));
    assert_eq!(data(history(&bob.uid)).await.as_array().map(Vec::len), Some(1));

    // A thread is in one conversation: the others' replies have none.
    let parent = sent["uids"][&bob.uid]["data"]["id"].as_str().expect("an id");
    let body = json!({"multipleReceivers": {"uids": [bob.uid, cat.uid]}, "data": {"text": "reply"}});
    let replies = data(scene.by(&ann, Method::POST, &format!("/messages/{parent}/thread"), body)).await;
    assert_eq!(replies["uids"][&bob.uid]["data"]["parentId"], parent);
    assert_eq!(replies["uids"][&cat.uid]["error"]["code"], "ERR_WRONG_MESSAGE_THREAD");

    let many: Vec<String> = (0..26).map(|n| format!("u{n}")).collect();
    let long = "m".repeat(84);
    for (broken, expected) in [
        (json!({"multipleReceivers": {"uids": many}, "data": {"text": "x"}}), "ERR_BAD_REQUEST"),
        (json!({"multipleReceivers": {}, "data": {"text": "x"}}), "ERR_EMPTY_RECEIVER"),
        (json!({"multipleReceivers": {"uids": [bob.uid]}, "data": {}}), "ERR_EMPTY_MESSAGE_TEXT"),
        (json!({"multipleReceivers": {"uids": [bob.uid]}, "data": {"text": "x"}, "receiver": "a"}), "ERR_BAD_REQUEST"),
        (json!({"multipleReceivers": {"uids": [bob.uid]}, "data": {"text": "x"}, "muid": long}), "ERR_BAD_REQUEST"),
    ] {
        assert_eq!(refused(scene.by(&ann, Method::POST, "/messages", broken)).await, expected);
    }
    assert_eq!(data(history(&bob.uid)).await.as_array().map(Vec::len), Some(2), "a refusal sends nothing");
}

async fn a_bot_sends_in_its_own_name(form: Form) {
    let scene = Scene::new(form).await;
    let [ann, bot] = scene.people(["ann", "bot"]).await;
    let joined = scene.group("joined", &[&bot]).await;
    let foreign = scene.group("foreign", &[&ann]).await;
    let path = format!("/bots/{}/messages", bot.uid);
    let message = |kind: &str, to: &str| json!({"receiver": to, "receiverType": kind, "data": {"text": "beep"}});
    assert_eq!(refused(scene.post(&path, message("user", &ann.uid))).await, "ERR_BOT_NOT_FOUND", "not one yet");
    let made = data(scene.post("/bots", json!({"uid": bot.uid}))).await;
    assert_eq!(made["uid"], bot.uid);
    assert_eq!(refused(scene.post("/bots", json!({"uid": bot.uid}))).await, "ERR_BOT_ALREADY_EXISTS");
    assert_eq!(refused(scene.post("/bots", json!({"uid": scene.world.name("nobody")}))).await, "ERR_UID_NOT_FOUND");
    assert!(column(&data(scene.get("/bots")).await, "uid").contains(&bot.uid));

    let mut phone = scene.world.device(&ann, 0).await;
    let sent = data(scene.post(&path, message("user", &ann.uid))).await;
    assert_eq!((&sent["sender"], &sent["receiver"]), (&json!(bot.uid), &json!(ann.uid)));
    assert_eq!(phone.hear().await.text.as_deref(), Some("beep"));
    assert_eq!(data(scene.post(&path, message("group", &joined))).await["sender"], bot.uid);
    assert_eq!(refused(scene.post(&path, message("group", &foreign))).await, "ERR_GROUP_NOT_JOINED");
    let body = json!({"multipleReceivers": {"uids": [ann.uid]}, "data": {"text": "beep"}});
    assert_eq!(data(scene.post(&path, body)).await["uids"][&ann.uid]["data"]["sender"], bot.uid);
    data(scene.by(&ann, Method::POST, "/blockedusers", json!({"blockedUids": [bot.uid]}))).await;
    assert_eq!(refused(scene.post(&path, message("user", &ann.uid))).await, "ERR_BLOCKED_SENDER");
    data(scene.by(&ann, Method::DELETE, "/blockedusers", json!({"blockedUids": [bot.uid]}))).await;

    let list =
        |query: &str| scene.by(&ann, Method::GET, &format!("/conversations?conversationType=user&{query}"), json!({}));
    let only = data(list("onlyAgentic=true")).await;
    assert_eq!(only[0]["conversationWith"]["uid"], bot.uid);
    assert_eq!(data(list("hideAgentic=true")).await, json!([]));
    assert_eq!(refused(list("hideAgentic=true&onlyAgentic=true")).await, "ERR_BAD_REQUEST");

    for (method, path) in [(Method::POST, "/bots"), (Method::GET, "/bots"), (Method::POST, path.as_str())] {
        let body = message("user", &ann.uid);
        assert_eq!(refused(scene.by(&ann, method, path, body)).await, "AUTH_ERR_NO_ACCESS");
    }
    data(scene.delete(&format!("/bots/{}", bot.uid), json!({}))).await;
    assert_eq!(refused(scene.delete(&format!("/bots/{}", bot.uid), json!({}))).await, "ERR_BOT_NOT_FOUND");
    halley_testkit::eventually("the end of the bot", async || {
        let (status, _) = answer(scene.post(&path, message("user", &ann.uid))).await;
        (status == 404).then_some(())
    })
    .await;
}

async fn conversations_are_pinned_by_users_and_by_the_app(form: Form) {
    let scene = Scene::new(form).await;
    let [ann, bob, cat, dan] = scene.people(["ann", "bob", "cat", "dan"]).await;
    let room = scene.group("room", &[&ann]).await;
    for person in [&bob, &cat] {
        scene.say(&ann, "user", &person.uid, "x").await;
    }
    let mut phone = scene.world.device(&ann, 0).await;
    let with = |kind: &str, id: &str| format!("/{kind}/{id}/conversation/pin");
    let pin = |path: &str| scene.by(&ann, Method::POST, path, json!({}));
    let unpin = |path: &str| scene.by(&ann, Method::DELETE, path, json!({}));
    let order = async || {
        let rows = data(scene.by(&ann, Method::GET, "/conversations", json!({}))).await;
        let rows = rows.as_array().expect("a list").clone();
        let side = |row: &Value| {
            row["conversationWith"]["uid"].as_str().or(row["conversationWith"]["guid"].as_str()).map(ToOwned::to_owned)
        };
        rows.iter().filter_map(side).collect::<Vec<_>>()
    };
    assert_eq!(order().await, [&cat.uid, &bob.uid, &room].map(Clone::clone));
    let pinned = data(pin(&with("users", &bob.uid))).await;
    assert_eq!((&pinned["pinnedBy"], &pinned["conversationType"]), (&json!(ann.uid), &json!("user")));
    assert!(pinned["pinnedAt"].is_i64() && pinned["conversationId"].is_string());
    let told = phone.told("conversation_pinned").await;
    assert_eq!((&told["conversationId"], &told["pinnedBy"]), (&pinned["conversationId"], &json!(ann.uid)));
    data(pin(&with("groups", &room))).await;
    assert_eq!(order().await, [&room, &bob.uid, &cat.uid].map(Clone::clone));
    let again = data(pin(&with("users", &bob.uid))).await;
    assert_eq!(again["pinnedAt"], pinned["pinnedAt"]);
    let before = data(pin(&with("users", &dan.uid))).await;
    assert_eq!((&before["pinnedBy"], before.get("createdAt")), (&json!(ann.uid), None), "before anything is said");
    let gone = data(unpin(&with("groups", &room))).await;
    assert!(gone.get("pinnedBy").is_none() && gone["conversationId"].is_string());
    assert!(phone.told("conversation_unpinned").await.get("pinnedAt").is_none());
    data(unpin(&with("groups", &room))).await;
    let filtered = data(scene.by(&ann, Method::GET, "/conversations?pinnedBy=me", json!({}))).await;
    assert_eq!(filtered.as_array().map(Vec::len), Some(1));

    for name in ["u1", "u2", "u3"] {
        let person = scene.world.person(name).await;
        data(pin(&with("users", &person.uid))).await;
    }
    let (status, body) = answer(pin(&with("users", &cat.uid))).await;
    assert_eq!((status.as_u16(), code(&body)), (400, "ERR_PINNED_CONVERSATIONS_LIMIT_EXCEEDED"));
    assert_eq!(refused(pin(&with("users", &scene.world.name("nobody")))).await, "ERR_UID_NOT_FOUND");
    let foreign = scene.group("foreign", &[&bob]).await;
    assert_eq!(refused(pin(&with("groups", &foreign))).await, "ERR_GROUP_NOT_JOINED");
    assert_eq!(refused(scene.post(&with("users", &bob.uid), json!({}))).await, "ERR_BAD_REQUEST");

    // The app's list is one for all tests of the app: it is set, looked at and cleared at once.
    let put = |pins: Value| scene.put("/conversations/pinned", json!({"pinnedConversations": pins}));
    let set = data(put(json!([{"guid": room}, {"uid": cat.uid}, {"guid": room}]))).await;
    assert_eq!(column(&set, "conversationType"), ["group", "user"]);
    assert_eq!((&set[0]["pinnedBy"], &set[1]["uid"]), (&json!("app_system"), &json!(cat.uid)));
    assert_eq!(data(scene.get("/conversations/pinned")).await, set);
    assert_eq!(order().await, [&room, &cat.uid, &bob.uid].map(Clone::clone));
    let one = data(scene.by(&ann, Method::GET, &format!("/users/{}/conversation", cat.uid), json!({}))).await;
    assert_eq!(one["pinnedBy"], "app_system");
    let (status, body) = answer(pin(&with("users", &cat.uid))).await;
    assert_eq!((status.as_u16(), code(&body)), (403, "ERR_SYSTEM_PINNED_CONVERSATION"));
    assert_eq!(refused(unpin(&with("users", &cat.uid))).await, "ERR_SYSTEM_PINNED_CONVERSATION");
    assert_eq!(data(put(json!([]))).await, json!([]));
    assert_eq!(order().await, [&bob.uid, &cat.uid, &room].map(Clone::clone));
    let six: Vec<_> = (0..6).map(|n| json!({"uid": format!("u{n}")})).collect();
    assert_eq!(refused(put(json!(six))).await, "ERR_SYSTEM_PINNED_CONVERSATIONS_LIMIT_EXCEEDED");
    for broken in [json!([{}]), json!(["x"]), json!("x"), json!([{"uid": "a", "guid": "b"}])] {
        assert_eq!(refused(put(broken)).await, "ERR_BAD_REQUEST");
    }
    let own = scene.by(&ann, Method::PUT, "/conversations/pinned", json!({"pinnedConversations": []}));
    assert_eq!(refused(own).await, "AUTH_ERR_NO_ACCESS");
}

async fn the_list_of_conversations_is_filtered_and_walked(form: Form) {
    let scene = Scene::new(form).await;
    let [ann, bob, cat, dan, eve] = scene.people(["ann", "bob", "cat", "dan", "eve"]).await;
    for person in [&bob, &cat, &dan, &eve] {
        scene.say(&ann, "user", &person.uid, "x").await;
    }
    data(scene.put(&format!("/users/{}", bob.uid), json!({"tags": ["vip"]}))).await;
    let list = |query: &str| scene.by(&ann, Method::GET, &format!("/conversations?{query}"), json!({}));
    let sides = |rows: &Value| -> Vec<String> {
        rows.as_array()
            .expect("a list")
            .iter()
            .map(|row| row["conversationWith"]["uid"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    assert_eq!(sides(&data(list("userTags=vip,none")).await), std::slice::from_ref(&bob.uid));
    assert_eq!(sides(&data(list("groupTags=vip")).await), [""; 0]);

    // Who is blocked is left out unless wanted.
    data(scene.by(&ann, Method::POST, "/blockedusers", json!({"blockedUids": [cat.uid]}))).await;
    assert_eq!(sides(&data(list("")).await), [&eve.uid, &dan.uid, &bob.uid].map(Clone::clone));
    let all = data(list("includeBlockedUsers=true&withBlockedInfo=true")).await;
    assert_eq!(sides(&all), [&eve.uid, &dan.uid, &cat.uid, &bob.uid].map(Clone::clone));
    assert_eq!(
        (&all[2]["conversationWith"]["blockedByMe"], all[1]["conversationWith"].get("blockedByMe")),
        (&json!(true), None)
    );

    // By the cursor a walk holds what does not move, whatever else does.
    let first = whole(list("perPage=1&includeBlockedUsers=1")).await;
    assert_eq!((&first["meta"]["pagination"]["total"], sides(&first["data"])), (&json!(4), vec![eve.uid.clone()]));
    let mut cursor = first["meta"]["cursor"]["cursor"].clone();
    let mut walked = sides(&first["data"]);
    scene.say(&ann, "user", &bob.uid, "moves to the front").await;
    while let Some(token) = cursor.as_str() {
        let page = whole(list(&format!("perPage=1&includeBlockedUsers=1&cursor={token}"))).await;
        walked.extend(sides(&page["data"]));
        cursor = page["meta"]["cursor"]["cursor"].clone();
    }
    assert_eq!(walked, [&eve.uid, &dan.uid, &cat.uid].map(Clone::clone));
    assert!(whole(list("perPage=1&useCursoredIndex=0")).await["meta"].get("cursor").is_none());
    for query in ["unique=1", "cursor=x", "pinnedBy=you", "useCursoredIndex=7"] {
        assert_eq!(refused(list(query)).await, "ERR_BAD_REQUEST", "{query}");
    }

    // The app walks everybody's, each once when it likes.
    let mut seen = Vec::new();
    let mut query = "perPage=1000&unique=1".to_owned();
    loop {
        let page = whole(scene.get(&format!("/conversations?{query}"))).await;
        seen.extend(column(&page["data"], "conversationId"));
        let Some(token) = page["meta"]["cursor"]["cursor"].as_str() else { break };
        query = format!("perPage=1000&unique=1&cursor={token}");
    }
    let own: Vec<_> = seen.iter().filter(|id| id.contains(&ann.uid)).collect();
    assert_eq!(own.len(), 4, "{own:?}");
}

async fn who_leaves_loses_sight_and_who_is_deleted_leaves_nothing(form: Form) {
    let scene = Scene::new(form).await;
    let [ann, bob] = scene.people(["ann", "bob"]).await;
    let room = scene.group("room", &[&ann, &bob]).await;
    let said = scene.say(&ann, "group", &room, "hi").await;
    scene.reply(&ann, "group", &room, &said).await;
    let get = |path: &str| scene.by(&bob, Method::GET, path, json!({}));
    let do_pin = || scene.by(&bob, Method::POST, &format!("/groups/{}/conversation/pin", room), json!({}));
    data(do_pin()).await;
    data(scene.by(&bob, Method::POST, &format!("/messages/{said}/save"), json!({}))).await;
    let saved = async || data(get("/messages?saved=1&affix=prepend&limit=10")).await.as_array().map(Vec::len);
    let listed = async || data(get("/conversations")).await;
    assert_eq!(saved().await, Some(1));
    assert_eq!(listed().await[0]["pinnedBy"], bob.uid);

    data(scene.by(&bob, Method::DELETE, &format!("/groups/{}/members", room), json!({}))).await;
    assert_eq!(listed().await, json!([]));
    assert_eq!((saved().await, data(get("/threads")).await), (Some(0), json!([])));
    let conversation = format!("/groups/{}/conversation", room);
    assert_eq!(refused(get(&conversation)).await, "ERR_CONVERSATION_NOT_ACCESSIBLE");
    assert_eq!(refused(get(&format!("/groups/{}/messages", room))).await, "ERR_GROUP_NOT_JOINED");
    assert_eq!(data(get("/messages?unread=1&count=1")).await, json!([]));

    let path = format!("/groups/{}/members", room);
    data(scene.post(&path, json!({"participants": [bob.uid]}))).await;
    let back = listed().await;
    assert!(back[0].get("pinnedBy").is_none(), "{back}");
    assert_eq!((saved().await, data(get("/threads")).await.as_array().map(Vec::len)), (Some(1), Some(1)));

    data(do_pin()).await;
    data(scene.delete(&format!("/groups/{}", room), json!({}))).await;
    halley_testkit::eventually("the end of the group", async || (listed().await == json!([])).then_some(())).await;
    assert_eq!(refused(get(&conversation)).await, "ERR_CONVERSATION_NOT_ACCESSIBLE");
    assert_eq!(saved().await, Some(0));

    scene.say(&ann, "user", &bob.uid, "x").await;
    let pin = scene.by(&ann, Method::POST, &format!("/users/{}/conversation/pin", bob.uid), json!({}));
    data(pin).await;
    data(scene.delete(&format!("/users/{}", bob.uid), json!({"permanent": true}))).await;
    halley_testkit::eventually("the end of the user", async || {
        let rows = data(scene.by(&ann, Method::GET, "/conversations", json!({}))).await;
        (rows == json!([])).then_some(())
    })
    .await;
}
