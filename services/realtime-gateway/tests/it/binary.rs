//! Sockets whose frames are in binary form: they say and hear what others do.

use halley_bus::Channel;
use halley_client::binary::encode_client_frame;
use halley_contracts::{
    events::v1::{
        ChangeKind, PinChanged, PresenceChanged, ReceiptChanged, ReceiptKind, TypingChanged, UnreadChanged, event::Body,
    },
    identity::v1::User,
    messaging::v1::{Conversation, LeftConversation, Message, MissedReceipt, ReceiverType, ResumeResponse},
};
use halley_realtime_gateway::GatewayConfig;
use halley_testkit::eventually;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message as WsMessage;

use crate::support::{
    Node, World,
    client::{ACCEPTED, BINARY, Client, Got, auth, auth_watching},
    to_group, to_user,
};

const JSON: &str = "halley.v1";

/// A user's socket in a form, that has just come.
async fn socket(world: &World, node: &Node, uid: &str, protocol: &str) -> Client {
    let device_id = format!("{uid}-{protocol}");
    let (token, _) = world.log_in(uid, &device_id);
    let client = Client::open_as(node.address, "/ws", Some(protocol)).await;
    assert_eq!(client.protocol.as_deref(), Some(protocol));
    let mut client = client.admitted(auth_watching(&world.app, &device_id, &token)).await;
    loop {
        // Whoever comes is online from then on, which may be told before.
        if client.frame().await["type"] == "resumed" {
            return client;
        }
    }
}

/// The next frame but of presence.
async fn next(client: &mut Client) -> Value {
    loop {
        let frame = client.frame().await;
        if frame["type"] != "presence" {
            return frame;
        }
    }
}

#[tokio::test]
async fn a_client_that_offers_both_forms_gets_the_binary_one() {
    let world = World::new().await;
    let node = world.node().await;
    for offer in ["halley.v1, halley.v1.protobuf", "halley.v1.protobuf,halley.v1", "x, halley.v1.protobuf"] {
        let client = Client::open_as(node.address, "/", Some(offer)).await;
        assert_eq!(client.protocol.as_deref(), Some(BINARY), "{offer}");
    }
    let mut wrong = Client::open_as(node.address, "/", Some(BINARY)).await;
    wrong.send(auth(&world.app, "d", "wrong")).await;
    assert_eq!(wrong.next().await, Got::Closed(4101));
}

#[tokio::test]
async fn sockets_of_both_forms_in_a_room_hear_the_same() {
    let world = World::new().await;
    world.fakes.groups.add("room", &["bob", "cat"]);
    let node = world.node().await;
    let mut json = socket(&world, &node, "bob", JSON).await;
    let mut binary = socket(&world, &node, "bob", BINARY).await;
    let ann = || Some(User { uid: "ann".into(), name: "Ann".into(), ..Default::default() });
    world.send(&to_user("ann", "bob", 1)).await;
    world.send(&to_group("cat", "room", 1)).await;
    let message = Some(to_user("ann", "bob", 1));
    let conversation = Some(Conversation { owner_uid: "bob".into(), with: "ann".into(), ..Default::default() });
    for body in [
        Body::ReceiptChanged(ReceiptChanged {
            kind: ReceiptKind::Read.into(),
            user: ann(),
            receiver_type: ReceiverType::User.into(),
            receiver: "bob".into(),
            message_id: 5,
            ..Default::default()
        }),
        Body::TypingChanged(TypingChanged {
            user: ann(),
            receiver_type: ReceiverType::User.into(),
            receiver: "bob".into(),
            started: true,
            metadata_json: r#"{"k":1}"#.into(),
        }),
        Body::PinChanged(PinChanged { pinned: true, message }),
        Body::UnreadChanged(UnreadChanged { conversation }),
    ] {
        world.publish(vec![Channel::user(&world.app, "bob")], &halley_bus::event(&world.app, "A", body)).await;
    }
    world.group_changed("room", "cat", ChangeKind::Updated).await;
    let mut kinds = Vec::new();
    while kinds.len() < 7 {
        let frame = next(&mut json).await;
        assert_eq!(next(&mut binary).await, frame);
        kinds.push(frame["type"].as_str().unwrap().to_owned());
    }
    kinds.sort_unstable();
    let expected = [
        "group_updated",
        "message",
        "message",
        "message_pinned",
        "receipts",
        "typing_indicator",
        "unread_count_changed",
    ];
    assert_eq!(kinds, expected);
    let body = Body::PresenceChanged(PresenceChanged { user: ann(), online: true });
    let channel = Channel::presence(&world.app);
    world.publish(vec![channel], &halley_bus::event(&world.app, "", body)).await;
    for client in [&mut json, &mut binary] {
        loop {
            let frame = client.frame().await;
            if frame["sender"] == "ann" {
                assert_eq!((&frame["type"], &frame["body"]["action"]), (&json!("presence"), &json!("online")));
                break;
            }
        }
    }
}

#[tokio::test]
async fn what_comes_in_the_other_form_is_ignored() {
    let world = World::new().await;
    let node = world.node().await;
    let receipt = json!({"type": "receipts", "receiver": "ann", "receiverType": "user",
        "body": {"action": "read", "messageId": "5"}});
    let bytes = encode_client_frame(&receipt).unwrap();
    let mut binary = socket(&world, &node, "bob", BINARY).await;
    for text in [receipt.to_string().as_str(), r#"{"action":"ping"}"#, "nonsense"] {
        binary.send_raw(WsMessage::text(text)).await;
    }
    for nonsense in [vec![], vec![0xff; 100], receipt.to_string().into_bytes()] {
        binary.send_raw(WsMessage::binary(nonsense)).await;
    }
    let mut json = socket(&world, &node, "cat", JSON).await;
    let mut plain = world.client(&node, "dan").await;
    for client in [&mut json, &mut plain] {
        client.send_raw(WsMessage::binary(bytes.clone())).await;
    }
    for client in [&mut binary, &mut json] {
        client.send(json!({"action": "ping"})).await;
        assert_eq!(next(client).await, json!({"action": "pong"}));
    }
    plain.is_alive().await;
    assert!(world.fakes.messaging.marked.lock().unwrap().is_empty());
    // In its own form it is acted on.
    binary.send(receipt).await;
    eventually("the receipt", async || (!world.fakes.messaging.marked.lock().unwrap().is_empty()).then_some(())).await;
    // Before the auth frame, too.
    let (token, _) = world.log_in("eve", "d");
    let mut early = Client::open_as(node.address, "/", Some(BINARY)).await;
    early.send_raw(WsMessage::text(auth(&world.app, "d", &token).to_string())).await;
    early.send(auth(&world.app, "d", &token)).await;
    assert_eq!(early.next().await, Got::Text(ACCEPTED.to_owned()));
}

#[tokio::test]
async fn a_binary_frame_that_is_too_large_ends_its_socket_only() {
    let world = World::new().await;
    let node = world.node_with(GatewayConfig { max_frame_bytes: 1000, ..Default::default() }).await;
    let mut large = socket(&world, &node, "bob", BINARY).await;
    let mut other = socket(&world, &node, "bob", BINARY).await;
    large.send_raw(WsMessage::binary(vec![0; 900])).await;
    large.send(json!({"action": "ping"})).await;
    assert_eq!(next(&mut large).await, json!({"action": "pong"}));
    large.try_send(WsMessage::binary(vec![0; 2000])).await;
    large.closed().await;
    other.send(json!({"action": "ping"})).await;
    assert_eq!(next(&mut other).await, json!({"action": "pong"}));
}

#[tokio::test]
async fn signals_of_a_binary_socket_reach_others_and_theirs_reach_it() {
    let world = World::new().await;
    let node = world.node().await;
    let mut ann = socket(&world, &node, "ann", BINARY).await;
    let mut bob = socket(&world, &node, "bob", JSON).await;
    let typing = json!({"type": "typing_indicator", "receiver": "bob", "receiverType": "user",
        "body": {"action": "started", "metadata": {"k": 1}}});
    ann.send(typing).await;
    let heard = next(&mut bob).await;
    assert_eq!((&heard["type"], &heard["body"]["metadata"]), (&json!("typing_indicator"), &json!({"k": 1})));
    assert_eq!(heard["deviceId"], format!("ann-{BINARY}"));
    let note = json!({"type": "transient_message", "receiver": "ann", "receiverType": "user",
        "body": {"data": {"k": [1, null]}}});
    bob.send(note).await;
    let heard = next(&mut ann).await;
    assert_eq!((&heard["type"], &heard["body"]["data"]), (&json!("transient_message"), &json!({"k": [1, null]})));
    assert_eq!((&heard["sender"], &heard["body"]["user"]["uid"]), (&json!("bob"), &json!("bob")));
}

#[tokio::test]
async fn messages_of_a_binary_socket_are_answered_as_in_json() {
    let world = World::new().await;
    let node = world.node().await;
    let mut json = socket(&world, &node, "ann", JSON).await;
    let mut binary = socket(&world, &node, "ann", BINARY).await;
    let body = |muid: &str| {
        json!({"receiver": "Bob", "receiverType": "user", "category": "message", "type": "text",
            "data": {"text": "hi", "metadata": {"k": 1}}, "muid": muid, "tags": ["t"]})
    };
    let with = |key: &str, value: Value| {
        let mut body = body("m2");
        body[key] = value;
        body
    };
    for body in [
        body("m"),
        with("muid", json!("")),
        with("receiver", json!("")),
        with("type", json!("poem")),
        with("category", json!("call")),
        with("data", json!([])),
        with("data", json!({"text": 5})),
        with("tags", json!(vec!["t"; 26])),
    ] {
        let frame = json!({"type": "send", "id": "x", "body": body});
        json.send(frame.clone()).await;
        let in_json = next(&mut json).await;
        binary.send(frame).await;
        assert_eq!(next(&mut binary).await, in_json, "{body}");
    }
    let (_, request) = world.fakes.messaging.stored.lock().unwrap()[0].clone();
    assert_eq!((request.receiver.as_str(), request.tags), ("bob", vec!["t".to_owned()]));
    assert_eq!(world.fakes.messaging.muids(), ["m"]);
}

#[tokio::test]
async fn what_was_missed_is_told_the_same_in_both_forms() {
    let world = World::new().await;
    let node = world.node().await;
    let message =
        |id: i64| Message { id, sequence: id, conversation_id: "a_user_b".into(), ..to_user("bob", "ann", id) };
    *world.fakes.messaging.missed.lock().unwrap() = ResumeResponse {
        token: "second".into(),
        messages: vec![message(7), message(8)],
        changed_messages: vec![message(3)],
        receipts: vec![MissedReceipt {
            user: Some(User { uid: "bob".into(), ..Default::default() }),
            receiver_type: ReceiverType::User.into(),
            receiver: "ann".into(),
            read: true,
            message_id: 6,
            at_ms: 5000,
            ..Default::default()
        }],
        conversations: vec![Conversation {
            conversation_id: "c".into(),
            owner_uid: "ann".into(),
            with: "bob".into(),
            last_message: Some(message(8)),
            ..Default::default()
        }],
        left_conversations: vec![LeftConversation { conversation_id: "group_x".into(), hidden_before_sequence: 5 }],
        untold_receipts_of: vec!["group_large".into()],
        ..Default::default()
    };
    let mut told = Vec::new();
    for protocol in [JSON, BINARY] {
        let (token, _) = world.log_in("ann", "d");
        let mut client = Client::open_as(node.address, "/ws", Some(protocol)).await;
        let mut frame = auth(&world.app, "d", &token);
        frame["body"]["resume"] = json!({"token": "first", "positions": {"a_user_b": 6}});
        client.send(frame).await;
        assert_eq!(client.next().await, Got::Text(ACCEPTED.to_owned()));
        let mut frames = Vec::new();
        while frames.last().is_none_or(|last: &Value| last["type"] != "resumed") {
            frames.push(client.frame().await);
        }
        let asked = world.fakes.messaging.resumed_from.lock().unwrap().pop().unwrap();
        assert_eq!((asked.token.as_str(), asked.positions.len()), ("first", 1));
        assert_eq!((asked.positions[0].conversation_id.as_str(), asked.positions[0].sequence), ("a_user_b", 6));
        told.push(frames);
    }
    assert_eq!(told[0].len(), 7);
    assert_eq!(told[0], told[1]);
}
