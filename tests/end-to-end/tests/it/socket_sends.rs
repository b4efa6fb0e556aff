//! Messages that are sent over the socket: the same as those over HTTP, refused by the same rules, stored once and in order
//! whatever is cut.

use std::collections::HashMap;

use halley_client::{Connection, Event, Receiver, Session, SessionEvent, SessionOptions};
use halley_testkit::{eventually, unique, within};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Device, Form, Person, Scene, World, answer, data};

crate::in_both_forms!(
    a_message_over_the_socket_is_the_same_as_over_http,
    what_is_refused_over_http_is_refused_over_the_socket,
    what_a_role_forbids_is_refused_over_the_socket,
    messages_of_a_socket_are_stored_in_their_order,
    what_a_cut_leaves_unanswered_is_repeated_and_stored_once,
    a_revoked_token_ends_sending,
    a_session_sends_over_its_socket,
);

/// The answer to a message, and the live messages that came before it.
async fn answered(socket: &mut Connection, id: &str) -> Value {
    within("an answer", async {
        loop {
            match socket.next_event().await {
                Some(Event::Other(frame)) if frame["id"] == id => return *frame,
                Some(Event::Closed { code, reason }) => panic!("the socket closed: {code} {reason}"),
                None => panic!("the socket ended"),
                Some(_) => {}
            }
        }
    })
    .await
}

async fn send(socket: &mut Connection, id: &str, body: &Value) {
    let frame = json!({"type": "send", "id": id, "body": body});
    socket.send_text(frame.to_string()).await.expect("the socket is open");
}

async fn ask(device: &mut Device, body: &Value) -> Value {
    let id = unique("i");
    send(&mut device.socket, &id, body).await;
    answered(&mut device.socket, &id).await
}

async fn stored(device: &mut Device, body: &Value) -> Value {
    let answer = ask(device, body).await;
    assert_eq!(answer["type"], "sent", "{answer}");
    answer["body"].clone()
}

fn text_to(receiver: &Receiver, text: &str, muid: &str) -> Value {
    json!({"receiver": receiver.id(), "receiverType": receiver.receiver_type(), "category": "message", "type": "text",
        "data": {"text": text}, "muid": muid})
}

async fn a_message_over_the_socket_is_the_same_as_over_http(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    let (mut phone, mut desk) = (scene.world.device(&ann, 0).await, scene.world.device(&bob, 1).await);
    let muid = unique("m");
    let mut body = text_to(&bob.receiver(), "hello", &muid);
    body["tags"] = json!(["t"]);
    body["data"]["metadata"] = json!({"k": 1});

    let sent = stored(&mut phone, &body).await;

    let heard = desk.hear().await;
    assert_eq!((heard.id.to_string(), heard.sequence), (sent["id"].as_str().expect("id").to_owned(), Some(1)));
    assert_eq!((heard.text.as_deref(), heard.device.as_deref()), (Some("hello"), Some(phone.api.resource())));
    // Over HTTP the place is not told with a message; all else is the same.
    let mut seen = sent.clone();
    assert_eq!(seen.as_object_mut().expect("a message").remove("sequence"), Some(json!(1)));
    let call = scene.by(&ann, Method::POST, "/messages", body.clone()).header("resource", phone.api.resource());
    assert_eq!(data(call).await, seen, "a repeated muid is answered with the first message");
    assert_eq!(stored(&mut phone, &body).await["id"], sent["id"]);
    let reply = json!({"receiver": bob.uid, "receiverType": "user", "data": {"text": "re"}, "muid": unique("m"),
        "parentId": sent["id"], "quotedMessageId": sent["id"]});
    let reply = stored(&mut phone, &reply).await;
    assert_eq!(
        (&reply["sequence"], &reply["parentId"], &reply["quotedMessageId"]),
        (&json!(2), &sent["id"], &sent["id"])
    );
    let history = phone.api.list_all_after(&bob.receiver(), 0).await.expect("history");
    assert_eq!(history.iter().filter_map(|message| message.text.as_deref()).collect::<Vec<_>>(), ["hello", "re"]);
}

/// What HTTP answers to a message, and what the socket does: they must come to be the same refusal.
async fn refused_alike(scene: &Scene, device: &mut Device, person: &Person, body: &Value, expected: &str) {
    let over_http = eventually(&format!("{expected} over HTTP"), async || {
        let (status, answer) = answer(scene.by(person, Method::POST, "/messages", body.clone())).await;
        (answer["error"]["code"] == expected).then_some((status.as_u16(), answer["error"].clone()))
    })
    .await;
    let over_socket = within(&format!("{expected} over the socket"), async {
        loop {
            // A repeated muid is stored once: trying again does no harm.
            let answer = ask(device, body).await;
            if answer["type"] == "refused" {
                return answer["body"].clone();
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!(over_socket, json!({"status": over_http.0, "error": over_http.1}), "{body}");
}

async fn what_is_refused_over_http_is_refused_over_the_socket(form: Form) {
    let scene = Scene::new(form).await;
    let world = &scene.world;
    let (ann, bob, cat) = (world.person("ann").await, world.person("bob").await, world.person("cat").await);
    let group = world.group("room", &[&bob]).await;
    let mut phone = world.device(&ann, 0).await;
    // A message of another conversation.
    let elsewhere = stored(&mut phone, &text_to(&cat.receiver(), "x", &unique("m"))).await["id"].clone();
    data(scene.by(&ann, Method::POST, "/blockedusers", json!({"blockedUids": [cat.uid]}))).await;
    let base = text_to(&bob.receiver(), "x", "m");
    let with = |key: &str, value: Value| {
        let mut body = base.clone();
        body[key] = value;
        body
    };
    let cases = [
        (with("receiver", json!("")), "ERR_EMPTY_RECEIVER"),
        (with("receiver", json!(world.name("nobody"))), "ERR_UID_NOT_FOUND"),
        (with("receiverType", json!("room")), "ERR_INVALID_RECEIVER_TYPE"),
        (text_to(&Receiver::group(&world.name("nowhere")), "x", "m"), "ERR_GUID_NOT_FOUND"),
        (text_to(&group, "x", "m"), "ERR_GROUP_NOT_JOINED"),
        (text_to(&cat.receiver(), "x", "m"), "ERR_BLOCKED_RECEIVER"),
        (with("category", json!("action")), "ERR_INVALID_MESSAGE_CATEGORY"),
        (with("category", json!("call")), "ERR_INVALID_MESSAGE_CATEGORY"),
        (with("type", json!("poem")), "ERR_INVALID_MESSAGE_TYPE"),
        (with("data", json!({"text": ""})), "ERR_EMPTY_MESSAGE_TEXT"),
        (with("data", json!({"text": 5})), "ERR_INVALID_MESSAGE_TEXT"),
        (with("data", json!({"text": "x", "metadata": []})), "ERR_INVALID_METADATA"),
        (with("type", json!("image")), "ERR_EMPTY_MESSAGE_FILE"),
        (with("tags", json!(vec!["t"; 26])), "ERR_BAD_REQUEST"),
        (with("muid", json!("m".repeat(101))), "ERR_BAD_REQUEST"),
        (with("parentId", elsewhere.clone()), "ERR_WRONG_MESSAGE_THREAD"),
        (with("parentId", json!("9000000000000")), "ERR_MESSAGE_ID_NOT_FOUND"),
        (with("quotedMessageId", elsewhere), "ERR_WRONG_MESSAGE_THREAD"),
    ];
    for (body, expected) in cases {
        refused_alike(&scene, &mut phone, &ann, &body, expected).await;
    }
    let blocked = text_to(&ann.receiver(), "x", "m");
    let mut other = world.device(&cat, 1).await;
    refused_alike(&scene, &mut other, &cat, &blocked, "ERR_BLOCKED_SENDER").await;
    let history = phone.api.list_all_after(&bob.receiver(), 0).await.expect("history");
    assert!(history.is_empty(), "{history:?}");
}

async fn what_a_role_forbids_is_refused_over_the_socket(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    let role = scene.world.name("role");
    data(scene.post("/roles", json!({"role": role, "name": "Role"}))).await;
    data(scene.put(&format!("/users/{}", ann.uid), json!({"role": role}))).await;
    let mut phone = scene.world.device(&ann, 1).await;
    let permissions = format!("/roles/{role}/permissions");
    let features = format!("/roles/{role}/restrictedfeatures");
    let body = text_to(&bob.receiver(), "x", "m");
    let reply =
        json!({"receiver": bob.uid, "receiverType": "user", "data": {"text": "re"}, "muid": "r", "parentId": 1});
    let custom = json!({"receiver": bob.uid, "receiverType": "user", "category": "custom", "type": "place", "muid": "c",
        "data": {"customData": {"lat": 1}}});
    let denied = [
        (json!({"sendMessage": "deny"}), &body),
        (json!({"sendMessage.mode": "friends"}), &body),
        (json!({"sendMessage.allowedReceiverTypes": ["group"]}), &body),
        (json!({"sendMessage.allowedReceiverRoles": [role]}), &body),
        (json!({"sendMessage.allowedCustomTypes": ["poll"]}), &custom),
    ];
    for (given, message) in denied {
        data(scene.put(&permissions, json!({"permissions": given}))).await;
        refused_alike(&scene, &mut phone, &ann, message, "ERR_PERMISSION_DENIED").await;
        let name = given.as_object().and_then(|given| given.keys().next()).expect("a permission").clone();
        data(scene.delete(&format!("{permissions}/{name}"), json!({}))).await;
        allowed(&mut phone, message).await;
    }
    for (feature, message) in [("createMessage", &body), ("createMessageThread", &reply)] {
        data(scene.post(&features, json!({"featuresToRestrict": [feature]}))).await;
        refused_alike(&scene, &mut phone, &ann, message, "ERR_PERMISSION_DENIED").await;
        data(scene.delete(&features, json!({"featuresToAllow": [feature]}))).await;
    }
    allowed(&mut phone, &body).await;
    data(scene.delete(&format!("/roles/{role}"), json!({}))).await;
}

/// Waits until a message is let through.
async fn allowed(device: &mut Device, body: &Value) {
    within("the message is let through", async {
        while ask(device, body).await["type"] != "sent" {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
}

async fn messages_of_a_socket_are_stored_in_their_order(form: Form) {
    let world = World::new(form).await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let group = world.group("room", &[&ann, &bob]).await;
    let mut phone = world.device(&ann, 0).await;
    let before = phone.api.list_all_after(&group, 0).await.expect("history").len();
    for batch in 0..4 {
        // As many as may be under way.
        for n in 0..16 {
            let text = format!("{}", batch * 16 + n);
            send(&mut phone.socket, &text, &text_to(&group, &text, &unique("m"))).await;
        }
        for n in 0..16 {
            let answer = answered(&mut phone.socket, &format!("{}", batch * 16 + n)).await;
            assert_eq!(answer["type"], "sent", "{answer}");
        }
    }
    let history = phone.api.list_all_after(&group, 0).await.expect("history");
    let texts: Vec<&str> = history.iter().skip(before).filter_map(|message| message.text.as_deref()).collect();
    assert_eq!(texts, (0..64).map(|n| n.to_string()).collect::<Vec<_>>());
}

async fn what_a_cut_leaves_unanswered_is_repeated_and_stored_once(form: Form) {
    let world = World::new(form).await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let mut ids = HashMap::new();
    for round in 0..12 {
        let texts: Vec<String> = (0..4).map(|n| format!("{round}-{n}")).collect();
        let mut cut = world.device(&ann, round).await;
        for text in &texts {
            send(&mut cut.socket, text, &text_to(&bob.receiver(), text, &format!("m{text}"))).await;
        }
        if round % 2 == 0 {
            answered(&mut cut.socket, &texts[round % 4]).await;
        }
        // Without a word.
        drop(cut);
        let mut phone = world.device(&ann, round + 1).await;
        for text in &texts {
            let sent = stored(&mut phone, &text_to(&bob.receiver(), text, &format!("m{text}"))).await;
            ids.insert(text.clone(), sent["id"].as_str().expect("id").to_owned());
        }
    }
    let (api, _) = world.logged_in(&ann, 0).await;
    let history = api.list_all_after(&bob.receiver(), 0).await.expect("history");
    let found: HashMap<String, String> =
        history.iter().map(|message| (message.text.clone().unwrap_or_default(), message.id.to_string())).collect();
    assert_eq!((history.len(), found), (48, ids));
}

async fn a_revoked_token_ends_sending(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    let mut phone = scene.world.device(&ann, 1).await;
    stored(&mut phone, &text_to(&bob.receiver(), "before", &unique("m"))).await;
    data(scene.delete(&format!("/users/{}/auth_tokens", ann.uid), json!({}))).await;
    assert_eq!(phone.closed().await, 4101);
    // The socket is over: whether a write still leaves is the system's to say, but nobody reads it.
    let frame = json!({"type": "send", "id": "1", "body": text_to(&bob.receiver(), "after", &unique("m"))});
    drop(phone.socket.send_text(frame.to_string()).await);
    let path = format!("/users/{}/messages", bob.uid);
    let request = scene.http.with_key(Method::GET, &path).header("onbehalfof", &ann.uid);
    let history = data(request).await;
    assert_eq!(crate::support::column(&history, "muid").len(), 1, "{history}");
}

async fn a_session_sends_over_its_socket(form: Form) {
    let world = World::new(form).await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let (api, _) = world.logged_in(&ann, 0).await;
    let mut desk = world.device(&bob, 1).await;
    let options = SessionOptions::default();
    let mut session = within("the session starts", Session::start(api, options)).await.expect("a session");
    let first = within("the first event", session.next()).await;
    assert!(matches!(first, Some(SessionEvent::Resumed { .. })), "{first:?}");
    // Over HTTP the place is not told: from the moment it is, the socket is used.
    let up = async {
        let muid = unique("m");
        while session.send_message(&bob.receiver(), "up", &muid).await.expect("stored").sequence.is_none() {}
    };
    within("the socket is used", up).await;
    assert_eq!(desk.hear().await.text.as_deref(), Some("up"));
    for n in 0..20 {
        let text = format!("{n}");
        let sent =
            within("it is stored", session.send_message(&bob.receiver(), &text, &unique("m"))).await.expect("stored");
        assert_eq!(sent.sequence, Some(n + 2));
        assert_eq!(desk.hear().await.text, Some(text));
    }
    let error = session.send_message(&Receiver::user(&world.name("nobody")), "x", &unique("m")).await;
    assert_eq!(error.expect_err("nobody").code(), Some("ERR_UID_NOT_FOUND"));
    session.close().await;
}
