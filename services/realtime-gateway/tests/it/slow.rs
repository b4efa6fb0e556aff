//! A socket that does not read is closed and told to sync; it holds up nobody.

use halley_contracts::messaging::v1::Message;
use halley_realtime_gateway::GatewayConfig;

use crate::support::{
    World,
    client::{Client, Got, auth},
    to_user,
};

/// Sends so many messages of 60 KiB to a user: more than the systems' own buffers of a connection hold.
pub async fn fill(world: &World, uid: &str, count: i64) {
    for sequence in 1..=count {
        world.send(&large(uid, sequence)).await;
    }
}

fn large(uid: &str, sequence: i64) -> Message {
    let pad = "x".repeat(60 * 1024);
    Message {
        data_json: format!(r#"{{"text":"{sequence}","metadata":{{"pad":"{pad}"}}}}"#),
        ..to_user("filler", uid, sequence)
    }
}

#[tokio::test]
async fn a_slow_reader_is_closed_with_the_code_that_says_sync() {
    let world = World::new().await;
    let node = world.node_with(GatewayConfig { socket_queue_bytes: 256 * 1024, ..Default::default() }).await;
    let (token, _) = world.log_in("ann", "phone");
    let slow = Client::open_narrow(node.address).await;
    let mut slow = slow.admitted(auth(&world.app, "phone", &token)).await;
    let mut fast = world.device(&node, "ann", "desk").await;
    for sequence in 1..=200 {
        world.send(&large("ann", sequence)).await;
        assert_eq!(fast.hear().await, sequence.to_string());
    }
    fast.is_alive().await;

    let mut heard = 0;
    let code = loop {
        match slow.next().await {
            Got::Text(_) => heard += 1,
            Got::Closed(code) => break code,
        }
    };
    assert_eq!(code, 4001);
    assert!(heard < 200, "it was not slow");
}
