//! Who is online, over all nodes, and whoever wants to hear of it.

use std::{sync::atomic::Ordering, time::Duration};

use halley_realtime_gateway::GatewayConfig;
use halley_testkit::{eventually, within};
use serde_json::json;

use crate::support::{
    Node, OwnRedis, World,
    client::{Client, auth, auth_watching, auth_watching_some},
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

/// A socket of `watcher` that hears of friends, or of some roles.
async fn some_watcher(world: &World, node: &Node, roles: Option<&[&str]>) -> Client {
    let (token, _) = world.log_in("watcher", "w");
    Client::open(node.address).await.admitted(auth_watching_some(&world.app, "w", &token, roles)).await
}

/// A user comes and goes.
async fn visit(world: &World, node: &Node, uid: &str) {
    let client = world.client(node, uid).await;
    world.until_online(node, uid, true).await;
    client.close().await;
    world.until_online(node, uid, false).await;
}

#[tokio::test]
async fn who_watches_roles_hears_of_users_with_them() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    for (uid, role) in [("ann", "teacher"), ("bob", "pupil"), ("cat", "guest")] {
        world.fakes.identity.roles.lock().unwrap().insert(uid.to_owned(), role.to_owned());
    }
    let mut watcher = some_watcher(&world, &nodes[0], Some(&["Teacher", "guest", "default"])).await;
    // It has no role, which is the default one.
    assert_eq!(heard(&mut watcher).await, ("watcher".to_owned(), true));
    let mut nothing = some_watcher(&world, &nodes[1], Some(&[])).await;
    for uid in ["bob", "ann", "cat"] {
        visit(&world, &nodes[1], uid).await;
    }
    for uid in ["ann", "cat"] {
        assert_eq!(heard(&mut watcher).await, (uid.to_owned(), true));
        assert_eq!(heard(&mut watcher).await, (uid.to_owned(), false));
    }
    world.nothing_came(&mut watcher, "watcher").await;
    world.nothing_came(&mut nothing, "watcher").await;
}

#[tokio::test]
async fn who_watches_friends_hears_of_those_it_has_now() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    let identity = &world.fakes.identity;
    identity.befriend("watcher", "ann");
    identity.befriend("bob", "ann");
    let mut watcher = some_watcher(&world, &nodes[0], None).await;
    visit(&world, &nodes[1], "bob").await;
    visit(&world, &nodes[1], "ann").await;
    for online in [true, false] {
        assert_eq!(heard(&mut watcher).await, ("ann".to_owned(), online));
    }
    // A friendship that begins and one that ends; identity is away when the node hears of it.
    identity.is_down.store(true, Ordering::SeqCst);
    identity.befriend("bob", "watcher");
    identity.part("ann", "watcher");
    let asked = identity.asked.load(Ordering::SeqCst);
    world.relation_changed("bob", "watcher").await;
    world.relation_changed("watcher", "ann").await;
    eventually("the question", async || (identity.asked.load(Ordering::SeqCst) > asked).then_some(())).await;
    identity.is_down.store(false, Ordering::SeqCst);
    within("the news", async {
        loop {
            visit(&world, &nodes[1], "bob").await;
            let Some(frame) = watcher.frame_soon(Duration::from_millis(200)).await else { continue };
            return assert_eq!(frame["body"]["user"]["uid"], "bob", "{frame}");
        }
    })
    .await;
    while watcher.frame_soon(Duration::from_millis(200)).await.is_some() {}
    visit(&world, &nodes[1], "ann").await;
    world.nothing_came(&mut watcher, "watcher").await;
}

#[tokio::test]
async fn a_friend_of_the_moment_in_which_the_socket_comes_in_is_not_missed() {
    let world = World::new().await;
    let node = world.node().await;
    let identity = &world.fakes.identity;
    identity.befriend("watcher", "old");
    identity.lists.shut();
    let (token, _) = world.log_in("watcher", "w");
    let mut watcher = Client::open(node.address).await;
    watcher.send(auth_watching_some(&world.app, "w", &token, None)).await;
    world.until_heard(&halley_bus::Channel::user(&world.app, "watcher"), 1).await;
    // The list is on its way; give the question a moment to be asked.
    eventually("the groups", async || (world.fakes.groups.asked.load(Ordering::SeqCst) > 0).then_some(())).await;
    let asked = identity.asked.load(Ordering::SeqCst);
    identity.befriend("watcher", "new");
    identity.part("watcher", "old");
    for uid in ["new", "old"] {
        world.relation_changed("watcher", uid).await;
    }
    eventually("both looked at", async || (identity.asked.load(Ordering::SeqCst) >= asked + 2).then_some(())).await;
    identity.lists.open();
    assert_eq!(watcher.frame().await["type"], "auth");
    visit(&world, &node, "old").await;
    visit(&world, &node, "new").await;
    assert_eq!(heard(&mut watcher).await, ("new".to_owned(), true));
}

/// A client that leaves one node and comes to another a moment later never went, for nobody.
#[tokio::test]
async fn who_moves_from_node_to_node_never_goes() {
    let world = World::new().await;
    // Long enough for a busy machine.
    let config = || GatewayConfig { offline_grace_ms: 3000, ..Default::default() };
    let nodes = [world.node_with(config()).await, world.node_with(config()).await];
    let mut watcher = watcher(&world, &nodes[0]).await;
    let mut current = world.client(&nodes[0], "ann").await;
    assert_eq!(heard(&mut watcher).await, ("ann".to_owned(), true));
    for round in 1..20 {
        current.close().await;
        current = world.client(&nodes[round % 2], "ann").await;
    }
    // All of it is stored by now, and long enough ago.
    assert_eq!(watcher.frame_soon(Duration::from_millis(4000)).await, None);
    assert_eq!(world.ask(&nodes[1]).presence(&["ann"]).await, ["ann"]);
    assert!(world.fakes.identity.touched.lock().unwrap().is_empty());
    current.close().await;
    assert_eq!(heard(&mut watcher).await, ("ann".to_owned(), false));
    assert_eq!(*world.fakes.identity.touched.lock().unwrap(), ["ann"]);
}

#[tokio::test]
async fn the_friends_of_a_socket_must_be_known_before_it_is_let_in() {
    let world = World::new().await;
    let node = world.node().await;
    world.fakes.identity.befriend("watcher", "ann");
    let mut watcher = some_watcher(&world, &node, None).await;
    let (token, _) = world.log_in("ann", "d");
    let _ann = Client::open(node.address).await.admitted(auth(&world.app, "d", &token)).await;
    assert_eq!(heard(&mut watcher).await, ("ann".to_owned(), true));
}
