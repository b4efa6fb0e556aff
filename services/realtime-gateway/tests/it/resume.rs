//! What a socket of Halley's own subprotocol is told before anything else.

use std::{collections::HashMap, sync::atomic::Ordering};

use halley_contracts::{
    identity::v1::User,
    messaging::v1::{Conversation, LeftConversation, Message, MissedReceipt, ReceiverType, ResumeResponse},
};
use serde_json::{Value, json};

use crate::support::{
    World,
    client::{ACCEPTED, Client, Got, auth},
    to_user,
};

/// A socket that says where it left off.
async fn resumed(world: &World, node: &crate::support::Node, protocol: Option<&str>, resume: Value) -> Client {
    let (token, _) = world.log_in("ann", "d");
    let mut client = Client::open_as(node.address, "/ws", protocol).await;
    let mut frame = auth(&world.app, "d", &token);
    frame["body"]["resume"] = resume;
    client.send(frame).await;
    assert_eq!(client.next().await, Got::Text(ACCEPTED.to_owned()));
    client
}

async fn next(client: &mut Client) -> Value {
    match client.next().await {
        Got::Text(text) => serde_json::from_str(&text).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_was_missed_comes_first_and_ends_with_a_token() {
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
            ..Default::default()
        }],
        left_conversations: vec![LeftConversation { conversation_id: "group_x".into(), hidden_before_sequence: 5 }],
        untold_receipts_of: vec!["group_large".into()],
        ..Default::default()
    };
    let positions = json!({"a_user_b": 6});
    let mut client = resumed(&world, &node, Some("halley.v1"), json!({"token": "first", "positions": positions})).await;
    let mut kinds = Vec::new();
    let end = loop {
        let frame = next(&mut client).await;
        let kind = frame["type"].as_str().unwrap().to_owned();
        if kind == "message" || kind == "message_changed" {
            assert!(frame["body"]["sequence"].is_number() || frame["body"]["sequence"].is_string(), "{frame}");
            assert!(frame.get("deviceId").is_none(), "the own device may have missed its own");
        }
        if kind == "resumed" {
            break frame;
        }
        if kind == "conversation_left" {
            assert_eq!(frame["body"], json!({"conversationId": "group_x", "hiddenBefore": 5}));
        }
        kinds.push(kind);
    };
    assert_eq!(
        kinds,
        ["conversation_left", "message", "message", "message_changed", "receipts", "conversation_changed"]
    );
    assert_eq!(end["body"], json!({"token": "second", "refetch": false, "untoldReceiptsOf": ["group_large"]}));
    let asked = world.fakes.messaging.resumed_from.lock().unwrap()[0].clone();
    let positions: HashMap<_, _> = asked.positions.into_iter().map(|at| (at.conversation_id, at.sequence)).collect();
    assert_eq!((asked.token.as_str(), positions["a_user_b"]), ("first", 6));
}

#[tokio::test]
async fn other_clients_meet_none_of_it() {
    let world = World::new().await;
    let node = world.node().await;
    let mut plain = resumed(&world, &node, None, json!({"token": "first"})).await;
    plain.send(json!({"action": "ping"})).await;
    assert_eq!(plain.next().await, Got::Text(crate::support::client::PONG.to_owned()));
    assert!(world.fakes.messaging.resumed_from.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_can_not_be_asked_for_is_to_be_fetched() {
    let world = World::new().await;
    let node = world.node().await;
    world.fakes.messaging.is_down.store(true, Ordering::SeqCst);
    let mut client = resumed(&world, &node, Some("halley.v1"), json!({"token": "first"})).await;
    let end = next(&mut client).await;
    assert_eq!((&end["type"], &end["body"]["refetch"]), (&json!("resumed"), &json!(true)));
    assert_eq!(end["body"]["token"], "first", "which is as good as before");
    let mut client = resumed(&world, &node, Some("halley.v1"), json!({})).await;
    let token = next(&mut client).await["body"]["token"].clone();
    assert!(!token.as_str().unwrap().is_empty(), "an empty one would be that of a first socket");
}
