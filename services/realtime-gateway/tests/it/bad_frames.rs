//! Whatever a client sends, others don't notice.

use halley_realtime_gateway::GatewayConfig;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{
    World,
    client::{Client, Got, PONG},
    to_user,
};

#[tokio::test]
async fn frames_that_mean_nothing_are_passed_over() {
    let world = World::new().await;
    let node = world.node().await;
    let mut client = world.client(&node, "ann").await;
    for text in [
        "",
        "null",
        "[]",
        "7",
        "{}",
        "nonsense",
        "{\"type\":7}",
        "{\"type\":null}",
        "{\"action\":\"pong\"}",
        "{\"type\":\"ping\"}",
        "{\"type\":\"receipts\"}",
        "{\"type\":\"receipts\",\"body\":{}}",
        "{\"type\":\"receipts\",\"receiver\":\"bob\",\"receiverType\":\"nobody\",\"body\":{\"action\":\"read\",\"messageId\":\"1\"}}",
        "{\"type\":\"receipts\",\"receiver\":\"bob\",\"receiverType\":\"user\",\"body\":{\"action\":\"read\",\"messageId\":\"x\"}}",
        "{\"type\":\"message\",\"body\":{\"text\":\"not by the socket\"}}",
        "{\"type\":\"something_new\",\"body\":[1]}",
    ] {
        client.send_raw(Message::text(text)).await;
    }
    client.send_raw(Message::binary(vec![0, 159, 146, 150])).await;
    client.send_raw(Message::Ping(vec![1, 2, 3].into())).await;
    client.is_alive().await;
    assert!(world.fakes.messaging.marked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_frame_that_is_too_large_ends_its_socket_only() {
    let world = World::new().await;
    let node = world.node_with(GatewayConfig { max_frame_bytes: 1000, ..Default::default() }).await;
    let mut large = world.client(&node, "ann").await;
    let mut unknown = Client::open(node.address).await;
    let mut other = world.client(&node, "ann").await;
    large.send_raw(Message::text("x".repeat(900))).await;
    large.is_alive().await;
    for client in [&mut large, &mut unknown] {
        client.try_send(Message::text("x".repeat(2000))).await;
        client.closed().await;
    }
    other.is_alive().await;
    world.nothing_came(&mut other, "ann").await;
}

/// Text that is nearly a frame, or anything.
fn frames() -> impl Strategy<Value = Vec<Message>> {
    let key = "type|action|appId|deviceId|receiver|receiverType|body|messageId|auth|.{0,5}";
    let value = prop_oneof![
        "\"(auth|ping|receipts|read|delivered|user|group|typing_indicator|.{0,8})\"",
        "-?[0-9]{1,25}",
        Just("null".to_owned()),
        Just("{\"action\":\"read\",\"messageId\":1}".to_owned()),
        Just("[[[[]]]]".to_owned()),
    ];
    let nearly = proptest::collection::vec((key, value), 0..5).prop_map(|pairs| {
        let pairs: Vec<String> = pairs.into_iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        Message::text(format!("{{{}}}", pairs.join(",")))
    });
    let frame = prop_oneof![
        3 => nearly,
        1 => ".{0,200}".prop_map(Message::text),
        1 => proptest::collection::vec(any::<u8>(), 0..200).prop_map(Message::binary),
    ];
    proptest::collection::vec(frame, 0..12)
}

#[test]
fn no_bytes_disturb_others() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (world, node, witness) = runtime.block_on(async {
        let world = World::new().await;
        let node = world.node().await;
        let witness = world.client(&node, "bob").await;
        (world, node, witness)
    });
    let witness = tokio::sync::Mutex::new(witness);
    let mut runner = TestRunner::new(Config { cases: 60, ..Default::default() });
    let outcome = runner.run(&(frames(), any::<bool>()), |(frames, is_known)| {
        runtime.block_on(async {
            let mut client = if is_known { world.client(&node, "ann").await } else { Client::open(node.address).await };
            for frame in frames {
                client.try_send(frame).await;
            }
            if is_known {
                // Still served, whatever it was.
                client.try_send(Message::text(crate::support::client::PING)).await;
                while client.next().await != Got::Text(PONG.to_owned()) {}
            }
            let mut witness = witness.lock().await;
            witness.is_alive().await;
            world.nothing_came(&mut witness, "bob").await;
        });
        Ok(())
    });
    outcome.unwrap();
    // Bytes below the level of frames.
    let mut runner = TestRunner::new(Config { cases: 40, ..Default::default() });
    let outcome = runner.run(&proptest::collection::vec(any::<u8>(), 1..300), |bytes| {
        runtime.block_on(async {
            use tokio::io::AsyncWriteExt as _;
            let client = world.client(&node, "ann").await;
            let mut stream = client.into_tcp();
            // The server may have hung up already.
            drop(stream.write_all(&bytes).await);
            drop(stream);
            let mut witness = witness.lock().await;
            world.send(&to_user("ann", "dan", 1)).await;
            witness.is_alive().await;
        });
        Ok(())
    });
    outcome.unwrap();
}
