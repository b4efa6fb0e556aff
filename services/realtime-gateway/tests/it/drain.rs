//! The orderly end of a node.

use std::time::{Duration, Instant};

use halley_realtime_gateway::GatewayConfig;

use crate::support::{
    World,
    client::{Client, Got, auth_watching},
    to_user,
};

#[tokio::test]
async fn a_stopping_node_says_goodbye_one_by_one_and_delivers_until_then() {
    let world = World::new().await;
    let node = world.node_with(GatewayConfig { drain_seconds: 1, ..Default::default() }).await;
    let other = world.node().await;
    let (token, _) = world.log_in("watcher", "w");
    let mut watcher = Client::open(other.address).await.admitted(auth_watching(&world.app, "w", &token)).await;
    assert_eq!(watcher.frame().await["body"]["user"]["uid"], "watcher");
    let mut sockets = Vec::new();
    for uid in ["ann", "bob", "cat", "dan"] {
        sockets.push((uid, world.client(&node, uid).await));
        assert_eq!(watcher.frame().await["body"]["user"]["uid"], uid);
    }
    // One that has not said who it is goes, too.
    let mut unknown = Client::open(node.address).await;

    let begun = Instant::now();
    node.lifecycle.stop();
    assert_eq!(unknown.next().await, Got::Closed(1001));
    for (uid, _) in &sockets {
        world.send(&to_user("x", uid, 1)).await;
    }

    let mut heard = 0;
    for (_, client) in &mut sockets {
        loop {
            match client.next().await {
                Got::Text(_) => heard += 1,
                Got::Closed(code) => break assert_eq!(code, 1001),
            }
        }
    }
    assert!(heard >= 1, "the last to go hears what is sent meanwhile");
    assert!(begun.elapsed() >= Duration::from_millis(500), "not all at once: {:?}", begun.elapsed());
    assert!(node.lifecycle.drain(Duration::from_secs(5)).await, "every task ends");
    let mut gone: Vec<String> = Vec::new();
    for _ in 0..4 {
        let frame = watcher.frame().await;
        assert_eq!(frame["body"]["action"], "offline", "{frame}");
        gone.push(frame["body"]["user"]["uid"].as_str().unwrap().to_owned());
    }
    gone.sort();
    assert_eq!(gone, ["ann", "bob", "cat", "dan"]);
    assert_eq!(world.ask(&other).online_users().await, ["watcher"]);
}
