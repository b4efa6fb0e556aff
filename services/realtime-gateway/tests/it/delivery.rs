//! Messages reach whom they are for, on every node, and nobody else.

use std::sync::{Arc, atomic::Ordering};

use futures::future::join_all;
use halley_bus::Channel;
use halley_testkit::{eventually, unique};
use serde_json::json;

use crate::support::{
    World,
    client::{Client, auth},
    to_group, to_user,
};

#[tokio::test]
async fn a_direct_message_reaches_all_devices_of_both_ends() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    let mut ann = world.device(&nodes[0], "ann", "ann-device").await;
    let mut ann_desk = world.device(&nodes[1], "ann", "ann-desk").await;
    let mut bob = world.client(&nodes[0], "bob").await;
    let mut bob_desk = world.client(&nodes[1], "bob").await;
    let mut cat = world.client(&nodes[1], "cat").await;

    let sent = to_user("ann", "bob", 1);
    world.send(&sent).await;

    for client in [&mut ann, &mut ann_desk, &mut bob, &mut bob_desk] {
        let frame = client.frame().await;
        // Clients drop what their own device caused: the frame names the device it came from, not the one it goes to.
        let outer = json!({"appId": world.app, "type": "message", "sender": "ann", "receiver": "bob",
            "receiverType": "user", "deviceId": "ann-device"});
        for (key, value) in outer.as_object().unwrap() {
            assert_eq!(frame[key], *value, "{frame}");
        }
        let body = &frame["body"];
        assert_eq!((body["id"].clone(), body["data"]["text"].clone()), (json!(sent.id.to_string()), json!("1")));
        assert!(body.get("sequence").is_none(), "{body}");
    }
    world.nothing_came(&mut cat, "cat").await;
}

#[tokio::test]
async fn a_group_message_reaches_the_members_on_all_nodes() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    world.fakes.groups.add("room", &["ann", "bob", "cat"]);
    world.fakes.groups.add("another", &["dan"]);
    let mut inside = Vec::new();
    for (node, uid) in [(0, "ann"), (1, "ann"), (0, "bob"), (1, "cat")] {
        inside.push(world.client(&nodes[node], uid).await);
    }
    let mut outside = world.client(&nodes[0], "dan").await;
    // One subscription for each node, however many its members.
    world.until_heard(&Channel::group(&world.app, "room"), 2).await;
    for sequence in 1..=20 {
        world.send(&to_group("ann", "room", sequence)).await;
    }
    for client in &mut inside {
        for sequence in 1..=20 {
            assert_eq!(client.hear().await, sequence.to_string());
        }
    }
    world.nothing_came(&mut outside, "dan").await;
    // Last member out ends it.
    for client in inside {
        client.close().await;
    }
    world.until_heard(&Channel::group(&world.app, "room"), 0).await;
}

#[tokio::test]
async fn only_who_asks_for_positions_gets_them() {
    let world = World::new().await;
    let node = world.node().await;
    let (token, _) = world.log_in("bob", "d");
    let mut plain = world.client(&node, "bob").await;
    let own = Client::open_as(node.address, "/ws", Some("halley.v1")).await;
    let mut own = own.admitted(auth(&world.app, "d", &token)).await;
    assert_eq!(own.frame().await["type"], "resumed");
    world.send(&to_user("ann", "bob", 41)).await;
    assert!(plain.frame().await["body"].get("sequence").is_none());
    assert_eq!(own.frame().await["body"]["sequence"], 41);
}

#[tokio::test]
async fn equal_ids_of_another_app_are_other_people() {
    let world = World::new().await;
    let other = world.other_app().await;
    let node = world.node().await;
    world.fakes.groups.add("room", &["ann"]);
    let mut ann = world.client(&node, "ann").await;
    let mut namesake = other.client(&node, "ann").await;
    world.send(&to_user("bob", "ann", 1)).await;
    world.send(&to_group("bob", "room", 1)).await;
    assert_eq!((ann.hear().await, ann.hear().await), ("1".to_owned(), "1".to_owned()));
    other.nothing_came(&mut namesake, "ann").await;
}

#[tokio::test]
async fn what_is_sent_before_the_auth_reply_comes_behind_it() {
    let world = World::new().await;
    let node = world.node().await;
    let (token, _) = world.log_in("ann", "d");
    world.fakes.groups.answers.shut();
    let mut client = Client::open(node.address).await;
    client.send(auth(&world.app, "d", &token)).await;
    // The socket is in its own room when its groups are asked for.
    eventually("the question", async || (world.fakes.groups.asked.load(Ordering::SeqCst) == 1).then_some(())).await;
    world.send(&to_user("bob", "ann", 1)).await;
    world.send(&to_user("bob", "ann", 2)).await;
    world.fakes.groups.answers.open();

    assert_eq!(client.frame().await["type"], "auth");
    assert_eq!(client.hear().await, "1");
    assert_eq!(client.hear().await, "2");
}

/// Several sockets of a user come at once; each must hear what is sent after its own auth reply, although another of them
/// made the node subscribe, and perhaps has not finished.
#[tokio::test]
async fn every_one_of_many_sockets_at_once_hears_what_follows_its_auth_reply() {
    let world = Arc::new(World::new().await);
    let node = Arc::new(world.node().await);
    for round in 0..15 {
        let uid = format!("user-{round}");
        let guid = format!("room-{round}");
        world.fakes.groups.add(&guid, &[&uid]);
        let come = (0..6).map(|n| {
            let (world, node, uid, guid) = (Arc::clone(&world), Arc::clone(&node), uid.clone(), guid.clone());
            async move {
                let mut client = world.device(&node, &uid, &format!("device-{n}")).await;
                let from = unique("from-");
                world.send(&to_user(&from, &uid, 1)).await;
                // Groups are told apart by their order, so this one is a conversation of its own, too.
                let mut to_room = to_group(&from, &guid, 1);
                to_room.conversation_id = format!("group_{guid}_{n}");
                world.send(&to_room).await;
                let (mut direct, mut group) = (false, false);
                while !(direct && group) {
                    let frame = client.frame().await;
                    if frame["sender"] == json!(from) {
                        direct |= frame["receiverType"] == "user";
                        group |= frame["receiverType"] == "group";
                    }
                }
            }
        });
        join_all(come).await;
    }
}

/// A user's last socket goes while a new one comes: the end of the old room must not take the new one's feed with it.
#[tokio::test]
async fn who_comes_back_while_the_last_socket_goes_hears_everything() {
    let world = World::new().await;
    let node = world.node().await;
    let mut current = world.client(&node, "ann").await;
    for round in 0..60 {
        let next = world.client(&node, "ann");
        // Both orders come up: the goodbye takes a moment, and so does the way in.
        let goodbye = current.close();
        (current, ()) = tokio::join!(next, goodbye);
        world.send(&to_user(&unique("from-"), "ann", round)).await;
        assert_eq!(current.hear().await, round.to_string());
    }
}
