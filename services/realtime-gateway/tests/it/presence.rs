//! Who is online, over all nodes, and whoever wants to hear of it.

use std::time::Duration;

use halley_realtime_gateway::GatewayConfig;
use halley_testkit::eventually;
use serde_json::json;

use crate::support::{
    Node, OwnRedis, World,
    client::{Client, auth_watching},
};

/// A socket that hears of everybody's presence. The first it hears of is itself.
async fn watcher(world: &World, node: &Node) -> Client {
    let (token, _) = world.log_in("watcher", "w");
    let client = Client::open(node.address).await;
    let mut client = client.admitted(auth_watching(&world.app, "w", &token)).await;
    assert_eq!(heard(&mut client).await, ("watcher".to_owned(), true));
    client
}

/// The next change of presence.
async fn heard(client: &mut Client) -> (String, bool) {
    let frame = client.frame().await;
    assert_eq!(frame["type"], "presence", "{frame}");
    let (user, online) = (&frame["body"]["user"], frame["body"]["action"] == "online");
    let uid = user["uid"].as_str().unwrap();
    assert_eq!(user["name"], json!(format!("Name of {uid}")));
    assert_eq!(user["status"], if online { "available" } else { "offline" });
    assert_eq!(frame["sender"], json!(uid));
    assert!(frame["body"]["timestamp"].as_i64().unwrap() > 1_700_000_000, "{frame}");
    assert!(frame.get("deviceId").is_none(), "{frame}");
    (uid.to_owned(), online)
}

#[tokio::test]
async fn the_first_socket_of_all_nodes_and_the_last_are_told() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    let mut watcher = watcher(&world, &nodes[0]).await;
    let mut deaf = world.client(&nodes[1], "deaf").await;
    assert_eq!(heard(&mut watcher).await, ("deaf".to_owned(), true));

    let first = world.client(&nodes[0], "ann").await;
    assert_eq!(heard(&mut watcher).await, ("ann".to_owned(), true));
    let second = world.client(&nodes[1], "ann").await;
    let third = world.client(&nodes[1], "ann").await;
    // Told after it is stored, and ann's sockets there are stored no later.
    let _cat = world.client(&nodes[1], "cat").await;
    assert_eq!(heard(&mut watcher).await, ("cat".to_owned(), true));
    first.close().await;
    second.close().await;
    // Had any of these been told, it would come before bob.
    let bob = world.client(&nodes[1], "bob").await;
    assert_eq!(heard(&mut watcher).await, ("bob".to_owned(), true));
    assert_eq!(world.ask(&nodes[0]).presence(&["ann", "bob", "nobody"]).await, ["ann", "bob"]);
    assert!(world.fakes.identity.touched.lock().unwrap().is_empty());

    third.close().await;
    assert_eq!(heard(&mut watcher).await, ("ann".to_owned(), false));
    drop(bob);
    assert_eq!(heard(&mut watcher).await, ("bob".to_owned(), false));
    assert_eq!(*world.fakes.identity.touched.lock().unwrap(), ["ann", "bob"]);
    // Who did not ask hears nothing.
    world.nothing_came(&mut deaf, "deaf").await;
}

#[tokio::test]
async fn apps_do_not_hear_of_each_other() {
    let world = World::new().await;
    let other = world.other_app().await;
    let node = world.node().await;
    let mut watcher = watcher(&world, &node).await;
    let _ann = other.client(&node, "ann").await;
    other.until_online(&node, "ann", true).await;
    assert!(world.ask(&node).presence(&["ann"]).await.is_empty());
    world.nothing_came(&mut watcher, "watcher").await;
}

#[tokio::test]
async fn whatever_the_order_of_coming_and_going_what_is_stored_is_true() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    let mut current = world.client(&nodes[0], "ann").await;
    for round in 0..40 {
        let node = &nodes[usize::from(round % 3 == 0)];
        let (next, ()) = tokio::join!(world.client(node, "ann"), current.close());
        current = next;
    }
    world.until_online(&nodes[0], "ann", true).await;
    current.is_alive().await;
    assert_eq!(world.ask(&nodes[1]).presence(&["ann"]).await, ["ann"]);
    current.close().await;
    world.until_online(&nodes[1], "ann", false).await;
}

#[tokio::test]
async fn the_users_of_a_node_that_died_go_offline_and_that_is_told() {
    let own = OwnRedis::new();
    let redis = own.start(None).await;
    let world = World::on_redis(&redis.url()).await;
    let config = || GatewayConfig { lease_seconds: 1, ..Default::default() };
    let node = world.node_with(config()).await;
    let mortal = world.mortal_node(config()).await;
    let mut watcher = watcher(&world, &node).await;
    let mut ann = world.client(&mortal.node, "ann").await;
    assert_eq!(heard(&mut watcher).await, ("ann".to_owned(), true));
    let _bob_here = world.client(&node, "bob").await;
    assert_eq!(heard(&mut watcher).await, ("bob".to_owned(), true));
    let _bob_there = world.client(&mortal.node, "bob").await;
    assert_eq!(world.ask(&node).nodes().await.len(), 2);

    mortal.die();

    assert_eq!(ann.closed().await, 1006);
    // Ann alone: bob has a socket here.
    assert_eq!(heard(&mut watcher).await, ("ann".to_owned(), false));
    assert_eq!(world.ask(&node).presence(&["ann", "bob"]).await, ["bob"]);
    assert_eq!(*world.fakes.identity.touched.lock().unwrap(), ["ann"]);
    eventually("one node", async || (world.ask(&node).nodes().await.len() == 1).then_some(())).await;
    world.nothing_came(&mut watcher, "watcher").await;
}

#[tokio::test]
async fn presence_that_redis_lost_is_stored_again() {
    let own = OwnRedis::new();
    let redis = own.start(None).await;
    let world = World::on_redis(&redis.url()).await;
    let node = world.node_with(GatewayConfig { lease_seconds: 1, ..Default::default() }).await;
    let mut ann = world.client(&node, "ann").await;
    world.until_online(&node, "ann", true).await;
    let _: () = redis::cmd("FLUSHALL").query_async(&mut world.bus.connection()).await.unwrap();
    world.until_online(&node, "ann", true).await;
    ann.is_alive().await;
    let nodes = world.ask(&node).nodes().await;
    assert_eq!(nodes.len(), 1);
    assert!(nodes[0].started_at_ms > 0);
}

#[tokio::test]
async fn nobody_judges_others_by_leases_that_ran_out_while_redis_was_away() {
    let own = OwnRedis::new();
    let redis = own.start(None).await;
    let world = World::on_redis(&redis.url()).await;
    let config = || GatewayConfig { lease_seconds: 2, ..Default::default() };
    let (node, other) = (world.node_with(config()).await, world.node_with(config()).await);
    let _ann = world.client(&other, "ann").await;
    world.until_online(&node, "ann", true).await;
    // As after an outage: every lease is long over, and everything else is there.
    let mut connection = world.bus.connection();
    let ids: Vec<String> =
        redis::cmd("ZRANGE").arg("halley:nodes").arg(0).arg(-1).query_async(&mut connection).await.unwrap();
    for id in &ids {
        let _: () = redis::cmd("ZADD").arg("halley:nodes").arg(1).arg(id).query_async(&mut connection).await.unwrap();
    }
    world.until_online(&node, "ann", true).await;
    tokio::time::timeout(Duration::from_secs(1), async {
        // She stays so: nobody takes her for gone.
        loop {
            assert_eq!(world.ask(&node).presence(&["ann"]).await, ["ann"]);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .unwrap_err();
    assert!(world.fakes.identity.touched.lock().unwrap().is_empty());
}
