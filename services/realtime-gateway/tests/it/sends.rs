//! Messages that sockets send: stored once and in order, answered by their ids, and refused as over HTTP.

use std::sync::atomic::Ordering;

use halley_contracts::{
    events::v1::{ChangeKind, RoleChanged, event::Body},
    identity::v1::{GetRoleRightsResponse, RestrictedFeature, Role},
};
use halley_kit::{PublicError, permissions};
use halley_model::{ErrorCode, permissions::Value as Right};
use halley_testkit::eventually;
use serde_json::{Value, json};

use crate::support::{
    Node, World,
    client::{Client, auth},
};

/// Most messages of a socket that are under way.
const UNDER_WAY: usize = 16;

/// A socket of Halley's own subprotocol.
async fn socket(world: &World, node: &Node, uid: &str) -> Client {
    let (token, _) = world.log_in(uid, "d");
    socket_on(world, node, &token).await
}

async fn socket_on(world: &World, node: &Node, token: &str) -> Client {
    let client = Client::open_as(node.address, "/ws", Some("halley.v1")).await;
    let mut client = client.admitted(auth(&world.app, "d", token)).await;
    assert_eq!(client.frame().await["type"], "resumed");
    client
}

fn to_bob(muid: &str) -> Value {
    json!({"receiver": "bob", "receiverType": "user", "category": "message", "type": "text",
        "data": {"text": muid}, "muid": muid})
}

fn with(key: &str, value: Value) -> Value {
    let mut body = to_bob("m");
    body[key] = value;
    body
}

async fn send(client: &mut Client, id: &str, body: Value) {
    client.send(json!({"type": "send", "id": id, "body": body})).await;
}

/// Sends, and is answered by the next frame.
async fn ask(client: &mut Client, body: Value) -> Value {
    send(client, "x", body).await;
    let answer = client.frame().await;
    assert_eq!(answer["id"], "x", "{answer}");
    answer
}

/// The message, which is stored.
async fn stored(client: &mut Client, body: Value) -> Value {
    let answer = ask(client, body).await;
    assert_eq!(answer["type"], "sent", "{answer}");
    answer["body"].clone()
}

fn code(answer: &Value) -> &str {
    assert_eq!(answer["type"], "refused", "{answer}");
    let error = &answer["body"]["error"];
    assert!(error["message"].is_string(), "{answer}");
    let code = error["code"].as_str().unwrap();
    let known = ErrorCode::parse(code).unwrap();
    assert_eq!(answer["body"]["status"], known.http());
    code
}

/// The code with which a message is refused.
async fn refused(client: &mut Client, body: Value) -> String {
    code(&ask(client, body).await).to_owned()
}

#[tokio::test]
async fn a_message_is_answered_once_it_is_stored() {
    let world = World::new().await;
    let node = world.node().await;
    let mut ann = socket(&world, &node, "ann").await;
    let messaging = &world.fakes.messaging;
    messaging.stores.shut();
    let body = json!({"receiver": "Room", "receiverType": "group", "category": "custom", "type": "place", "muid": "m",
        "data": {"customData": {"lat": 1}}, "tags": ["t"], "parentId": 7, "quotedMessageId": "8", "sender": "eve"});
    send(&mut ann, "7", body).await;
    // Nothing is told before, and the socket's other work goes on.
    ann.is_alive().await;
    messaging.stores.open();
    let answer = ann.frame().await;
    assert_eq!((&answer["type"], &answer["id"], &answer["appId"]), (&json!("sent"), &json!("7"), &json!(world.app)));
    let message = &answer["body"];
    assert_eq!((&message["id"], &message["sequence"]), (&json!("1"), &json!(1)));
    assert_eq!((&message["sender"], &message["muid"]), (&json!("ann"), &json!("m")));
    let (app, request) = messaging.stored.lock().unwrap()[0].clone();
    assert_eq!((app.as_str(), request.sender_uid.as_str(), request.device_id.as_str()), (&*world.app, "ann", "d"));
    assert_eq!((request.receiver.as_str(), request.r#type.as_str()), ("room", "place"));
    assert_eq!((request.tags, request.parent_id, request.quoted_message_id), (vec!["t".to_owned()], 7, 8));
    assert_eq!(request.data_json, r#"{"customData":{"lat":1}}"#);
}

#[tokio::test]
async fn a_repeated_muid_is_answered_again_and_stored_once() {
    let world = World::new().await;
    let other = world.other_app().await;
    let node = world.node().await;
    let mut ann = socket(&world, &node, "ann").await;
    let first = stored(&mut ann, to_bob("m")).await;
    assert_eq!(stored(&mut ann, with("data", json!({"text": "another"}))).await, first);
    let mut again = socket(&world, &node, "ann").await;
    assert_eq!(stored(&mut again, to_bob("m")).await, first);
    assert_eq!(world.fakes.messaging.muids(), ["m"]);
    // Of somebody else, or in another app, it is another message.
    let mut eve = socket(&world, &node, "eve").await;
    assert_ne!(stored(&mut eve, to_bob("m")).await["id"], first["id"]);
    let mut stranger = socket(&other, &node, "ann").await;
    assert_ne!(stored(&mut stranger, to_bob("m")).await["id"], first["id"]);
}

#[tokio::test]
async fn too_many_under_way_are_refused_at_once_and_the_others_keep_their_order() {
    let world = World::new().await;
    let node = world.node().await;
    let mut ann = socket(&world, &node, "ann").await;
    world.fakes.messaging.stores.shut();
    for n in 0..UNDER_WAY + 3 {
        send(&mut ann, &format!("i{n}"), to_bob(&format!("m{n}"))).await;
    }
    for n in UNDER_WAY..UNDER_WAY + 3 {
        let answer = ann.frame().await;
        assert_eq!((&answer["id"], code(&answer)), (&json!(format!("i{n}")), "ERR_TOO_MANY_REQUESTS"));
    }
    world.fakes.messaging.stores.open();
    for n in 0..UNDER_WAY {
        let answer = ann.frame().await;
        assert_eq!((&answer["type"], &answer["id"]), (&json!("sent"), &json!(format!("i{n}"))));
    }
    let muids: Vec<String> = (0..UNDER_WAY).map(|n| format!("m{n}")).collect();
    assert_eq!(world.fakes.messaging.muids(), muids);
    stored(&mut ann, to_bob("later")).await;
}

#[tokio::test]
async fn what_is_wrong_with_a_message_is_told_and_nothing_is_stored() {
    let world = World::new().await;
    let node = world.node().await;
    let mut ann = socket(&world, &node, "ann").await;
    let cases = [
        (with("receiver", json!("")), "ERR_EMPTY_RECEIVER"),
        (with("receiver", json!("no/uid")), "ERR_UID_NOT_FOUND"),
        (with("receiverType", json!("room")), "ERR_INVALID_RECEIVER_TYPE"),
        (with("category", json!("")), "ERR_EMPTY_MESSAGE_CATEGORY"),
        (with("category", json!("action")), "ERR_INVALID_MESSAGE_CATEGORY"),
        (with("category", json!("call")), "ERR_INVALID_MESSAGE_CATEGORY"),
        (with("type", json!("poem")), "ERR_INVALID_MESSAGE_TYPE"),
        (with("data", json!({"text": " "})), "ERR_EMPTY_MESSAGE_TEXT"),
        (with("data", json!([])), "ERR_INVALID_MESSAGE_DATA"),
        (with("data", json!({"text": "x", "metadata": 5})), "ERR_INVALID_METADATA"),
        (with("tags", json!([1])), "ERR_BAD_REQUEST"),
        (with("muid", json!("")), "ERR_BAD_REQUEST"),
        (with("muid", json!("m".repeat(101))), "ERR_BAD_REQUEST"),
        (with("parentId", json!("x")), "ERR_BAD_REQUEST"),
        (with("multipleReceivers", json!({"uids": ["cat"]})), "ERR_BAD_REQUEST"),
        (json!([]), "ERR_BAD_REQUEST"),
        (json!(null), "ERR_EMPTY_RECEIVER"),
    ];
    for (body, expected) in cases {
        assert_eq!(refused(&mut ann, body.clone()).await, expected, "{body}");
    }
    for id in [json!(""), json!(7), json!(null), json!("x".repeat(101))] {
        ann.send(json!({"type": "send", "id": id, "body": to_bob("m")})).await;
        let answer = ann.frame().await;
        assert_eq!((code(&answer), answer.get("id")), ("ERR_BAD_REQUEST", None), "{id}");
        assert!(answer["body"]["error"]["details"]["id"].is_array(), "{answer}");
    }
    assert!(world.fakes.messaging.muids().is_empty());
}

/// Gives a user a role of its own, with one permission set, or a feature restricted.
fn give(world: &World, uid: &str, permission: &str, value: Option<Right>) {
    let role = format!("role-of-{uid}");
    let restricted = |feature: &str| RestrictedFeature { key: feature.to_owned(), created_at_ms: 1 };
    let mut rights =
        GetRoleRightsResponse { role: Some(Role { role: role.clone(), ..Default::default() }), ..Default::default() };
    match value {
        Some(value) => rights.permissions.push(permissions::to_contract(permission, value)),
        None => rights.restricted_features.push(restricted(permission)),
    }
    let identity = &world.fakes.identity;
    identity.rights.lock().unwrap().insert(role.clone(), rights);
    identity.roles.lock().unwrap().insert(uid.to_owned(), role);
}

#[tokio::test]
async fn what_the_role_forbids_is_refused_and_all_else_is_not() {
    let world = World::new().await;
    let node = world.node().await;
    let list = |entries: &[&str]| Some(Right::List(entries.iter().map(|entry| (*entry).to_owned()).collect()));
    let word = |word: &str| Some(Right::Word(word.to_owned()));
    let to_room = json!({"receiver": "room", "receiverType": "group", "data": {"text": "x"}, "muid": "g"});
    let custom = json!({"receiver": "bob", "receiverType": "user", "category": "custom", "type": "place",
        "data": {"customData": {"lat": 1}}, "muid": "c"});
    let file = json!({"receiver": "bob", "receiverType": "user", "type": "image", "muid": "f",
        "data": {"attachments": [{"url": "https://x/a", "mimeType": "image/png"}]}});
    // The permission, its value (none: a restricted feature), what it forbids, and what it lets through.
    let cases = [
        ("createMessage", None, to_bob("m"), None),
        ("createMessageThread", None, with("parentId", json!(3)), Some(to_bob("m"))),
        ("sendMessage", word("deny"), to_bob("m"), None),
        ("sendMessage.mode", word("friends"), to_bob("m"), Some(with("receiver", json!("friend")))),
        ("sendMessage.allowedReceiverTypes", list(&["user"]), to_room, Some(to_bob("m"))),
        ("sendMessage.allowedReceiverRoles", list(&["coach"]), to_bob("m"), Some(with("receiver", json!("coach")))),
        ("sendMessage.allowedMessageCategories", list(&["message"]), custom.clone(), Some(to_bob("m"))),
        ("sendMessage.allowedMessageTypes", list(&["text"]), file.clone(), Some(to_bob("m"))),
        ("sendMessage.allowedCustomTypes", list(&["poll"]), custom, Some(to_bob("m"))),
        ("sendMessage.allowedMimeTypes", list(&["video/*"]), file, Some(to_bob("m"))),
    ];
    world.fakes.identity.roles.lock().unwrap().insert("coach".to_owned(), "coach".to_owned());
    for (n, (permission, value, forbidden, permitted)) in cases.into_iter().enumerate() {
        let uid = format!("ann{n}");
        world.fakes.identity.befriend(&uid, "friend");
        give(&world, &uid, permission, value);
        let mut ann = socket(&world, &node, &uid).await;
        let before = world.fakes.messaging.muids().len();
        let answer = ask(&mut ann, forbidden).await;
        assert_eq!(code(&answer), "ERR_PERMISSION_DENIED", "{permission}");
        let message = answer["body"]["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(permission) && message.contains(&format!("role-of-{uid}")), "{message}");
        assert_eq!(world.fakes.messaging.muids().len(), before, "{permission}");
        if let Some(permitted) = permitted {
            stored(&mut ann, permitted).await;
        }
    }
}

#[tokio::test]
async fn a_change_of_the_role_is_felt_by_open_sockets() {
    let world = World::new().await;
    let node = world.node().await;
    give(&world, "ann", "sendMessage", Some(Right::Word("allow".to_owned())));
    let mut ann = socket(&world, &node, "ann").await;
    stored(&mut ann, to_bob("m")).await;
    give(&world, "ann", "sendMessage", Some(Right::Word("deny".to_owned())));
    world.fact(Body::RoleChanged(RoleChanged { role: "role-of-ann".to_owned() })).await;
    let mut tries = 0;
    let mut denied = false;
    // A repeated muid stores nothing more.
    while !denied {
        let answer = ask(&mut ann, to_bob("m")).await;
        denied = answer["type"] == "refused" && code(&answer) == "ERR_PERMISSION_DENIED";
        tries += 1;
        assert!(tries < 10_000, "{answer}");
    }
    // A user whose role is another one.
    world.fakes.identity.roles.lock().unwrap().remove("ann");
    world.user_changed("ann", ChangeKind::Updated).await;
    while denied {
        denied = ask(&mut ann, to_bob("m")).await["type"] == "refused";
        tries += 1;
        assert!(tries < 20_000, "still denied");
    }
}

#[tokio::test]
async fn what_messaging_refuses_is_told_and_what_is_away_can_be_tried_again() {
    let world = World::new().await;
    let node = world.node().await;
    let mut ann = socket(&world, &node, "ann").await;
    let messaging = &world.fakes.messaging;
    for refusal in [ErrorCode::BlockedReceiver, ErrorCode::GroupNotJoined, ErrorCode::MessageIdNotFound] {
        *messaging.refusal.lock().unwrap() = Some(PublicError::new(refusal, "no"));
        assert_eq!(refused(&mut ann, to_bob("m")).await, refusal.as_str());
    }
    *messaging.refusal.lock().unwrap() = None;
    messaging.is_down.store(true, Ordering::SeqCst);
    let answer = ask(&mut ann, to_bob("m")).await;
    assert_eq!((code(&answer), &answer["body"]["status"]), (ErrorCode::Unavailable.as_str(), &json!(503)));
    messaging.is_down.store(false, Ordering::SeqCst);
    stored(&mut ann, to_bob("m")).await;
}

#[tokio::test]
async fn who_is_gone_sends_nothing() {
    let world = World::new().await;
    let node = world.node().await;
    let mut ann = socket(&world, &node, "ann").await;
    world.fakes.identity.unknown.lock().unwrap().insert("ann".to_owned());
    assert_eq!(refused(&mut ann, to_bob("m")).await, ErrorCode::AuthTokenNotValid.as_str());
    assert!(world.fakes.messaging.muids().is_empty());
}

#[tokio::test]
async fn messages_count_as_calls_of_their_user() {
    let mut world = World::new().await;
    world.fakes.rates.per_user = 2;
    let node = world.node().await;
    let mut ann = socket(&world, &node, "ann").await;
    let mut codes = Vec::new();
    // Two windows at most, whatever the clock says.
    for n in 0..6 {
        let answer = ask(&mut ann, to_bob(&format!("m{n}"))).await;
        if answer["type"] == "refused" {
            codes.push(code(&answer).to_owned());
        }
    }
    assert!((2..=4).contains(&codes.len()) && codes.iter().all(|code| code == "ERR_TOO_MANY_REQUESTS"), "{codes:?}");
    assert_eq!(world.fakes.messaging.muids().len(), 6 - codes.len());
    let mut eve = socket(&world, &node, "eve").await;
    stored(&mut eve, to_bob("m")).await;
}

#[tokio::test]
async fn a_cut_between_store_and_answer_is_mended_by_the_same_muid() {
    let world = World::new().await;
    let node = world.node().await;
    let messaging = &world.fakes.messaging;
    let mut ann = socket(&world, &node, "ann").await;
    messaging.answers.shut();
    send(&mut ann, "1", to_bob("m")).await;
    eventually("it is stored", async || (messaging.muids() == ["m"]).then_some(())).await;
    drop(ann.into_tcp());
    messaging.answers.open();
    let mut again = socket(&world, &node, "ann").await;
    assert_eq!(stored(&mut again, to_bob("m")).await["id"], "1");
    assert_eq!(messaging.muids(), ["m"]);
}

#[tokio::test]
async fn a_revoked_token_ends_what_waits() {
    let world = World::new().await;
    let node = world.node().await;
    let messaging = &world.fakes.messaging;
    let (token, token_id) = world.log_in("ann", "d");
    let mut ann = socket_on(&world, &node, &token).await;
    messaging.stores.shut();
    for muid in ["a", "b", "c"] {
        send(&mut ann, muid, to_bob(muid)).await;
    }
    // All three are taken in.
    ann.is_alive().await;
    world.revoked("ann", &[&token_id]).await;
    assert_eq!(ann.closed().await, 4101);
    messaging.stores.open();
    let mut bob = socket(&world, &node, "bob").await;
    stored(&mut bob, to_bob("after")).await;
    // The first may have been on its way.
    assert!(messaging.muids().iter().all(|muid| ["a", "after"].contains(&muid.as_str())), "{:?}", messaging.muids());
}

#[tokio::test]
async fn existing_clients_have_no_such_frame() {
    let world = World::new().await;
    let node = world.node().await;
    let mut ann = world.client(&node, "ann").await;
    send(&mut ann, "1", to_bob("m")).await;
    world.nothing_came(&mut ann, "ann").await;
    assert!(world.fakes.messaging.muids().is_empty());
}
