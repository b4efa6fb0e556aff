//! Typing and transient messages: what sockets send to each other and nobody stores.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use halley_contracts::groups::v1::MembershipAction;
use halley_realtime_gateway::GatewayConfig;
use serde_json::{Value, json};

use crate::support::{World, client::Client};

/// Longer than changes of a room are gathered.
const A_MOMENT: Duration = Duration::from_millis(300);

fn typing(action: &str, receiver_type: &str, receiver: &str) -> Value {
    json!({"appId": "any", "type": "typing_indicator", "sender": "somebody else", "receiver": receiver,
        "receiverType": receiver_type, "deviceId": "D",
        "body": {"action": action, "user": {"uid": "somebody else"}, "metadata": {"k": action}}})
}

fn note(receiver_type: &str, receiver: &str, data: &Value) -> Value {
    json!({"type": "transient_message", "receiver": receiver, "receiverType": receiver_type,
        "body": {"data": data, "user": {"uid": "somebody else"}}})
}

/// The next frame, which must be typing: who, and whether it began.
async fn heard(client: &mut Client) -> (String, bool) {
    let frame = client.frame().await;
    assert_eq!(frame["type"], "typing_indicator", "{frame}");
    (frame["body"]["user"]["uid"].as_str().unwrap().to_owned(), frame["body"]["action"] == "started")
}

fn ann(started: bool) -> (String, bool) {
    ("ann".to_owned(), started)
}

#[tokio::test]
async fn typing_to_a_user_reaches_all_devices_of_that_user_and_nobody_else() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    let mut sender = world.client(&nodes[0], "ann").await;
    let mut desk = world.device(&nodes[1], "ann", "ann-desk").await;
    let mut bobs = [world.client(&nodes[0], "bob").await, world.client(&nodes[1], "bob").await];
    let mut cat = world.client(&nodes[1], "cat").await;
    for (action, started) in [("started", true), ("ended", false)] {
        sender.send(typing(action, "user", "BOB")).await;
        for bob in &mut bobs {
            let frame = bob.frame().await;
            // The server's own notion of who it is, and the device it came from.
            let outer = json!({"appId": world.app, "type": "typing_indicator", "sender": "ann", "receiver": "bob",
                "receiverType": "user", "deviceId": "ann-device"});
            for (key, value) in outer.as_object().unwrap() {
                assert_eq!(frame[key], *value, "{frame}");
            }
            let body = &frame["body"];
            assert_eq!((&body["action"], &body["metadata"]), (&json!(action), &json!({"k": action})));
            let user = &body["user"];
            assert_eq!((&user["uid"], &user["name"]), (&json!("ann"), &json!("Name of ann")));
            assert_eq!(user["status"], json!("available"), "{started}");
        }
    }
    for (client, uid) in [(&mut sender, "ann"), (&mut desk, "ann"), (&mut cat, "cat")] {
        world.nothing_came(client, uid).await;
    }
}

#[tokio::test]
async fn typing_to_a_group_reaches_its_other_members_and_only_members_may() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    world.fakes.groups.add("room", &["ann", "bob", "cat"]);
    let mut sender = world.client(&nodes[0], "ann").await;
    let mut desk = world.device(&nodes[1], "ann", "ann-desk").await;
    let mut others = [world.client(&nodes[0], "bob").await, world.client(&nodes[1], "cat").await];
    let mut stranger = world.client(&nodes[0], "dan").await;
    stranger.send(typing("started", "group", "room")).await;
    stranger.send(note("group", "room", &json!(1))).await;
    stranger.is_alive().await;
    sender.send(typing("started", "group", "room")).await;
    for other in &mut others {
        assert_eq!(heard(other).await, ann(true));
    }
    // What began once need not be told again at once.
    sender.send(typing("started", "group", "room")).await;
    sender.send(typing("ended", "group", "room")).await;
    sender.send(typing("ended", "group", "room")).await;
    for other in &mut others {
        assert_eq!(heard(other).await, ann(false));
    }
    for (client, uid) in [(&mut sender, "ann"), (&mut desk, "ann"), (&mut stranger, "dan")] {
        world.nothing_came(client, uid).await;
    }
}

#[tokio::test]
async fn who_is_put_out_stops_typing_there_and_may_not_begin_again() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    for action in [MembershipAction::Kicked, MembershipAction::Banned, MembershipAction::Left] {
        world.fakes.groups.add("room", &["ann", "bob"]);
        let mut sender = world.client(&nodes[0], "ann").await;
        let mut bob = world.client(&nodes[1], "bob").await;
        sender.send(typing("started", "group", "room")).await;
        assert_eq!(heard(&mut bob).await, ann(true));
        world.membership("room", "ann", action).await;
        assert_eq!(heard(&mut bob).await, ann(false));
        world.nothing_came(&mut sender, "ann").await;
        sender.send(typing("started", "group", "room")).await;
        sender.send(note("group", "room", &json!("still here"))).await;
        sender.is_alive().await;
        assert_eq!(bob.frame_soon(A_MOMENT).await, None);
        sender.close().await;
        bob.close().await;
        world.membership("room", "ann", MembershipAction::Joined).await;
    }
}

#[tokio::test]
async fn a_group_that_is_left_by_one_is_told_nothing_that_came_late() {
    let world = World::new().await;
    let node = world.node().await;
    world.fakes.groups.add("room", &["ann", "bob"]);
    let mut bob = world.client(&node, "bob").await;
    world.membership("room", "ann", MembershipAction::Kicked).await;
    // As another node publishes it that has not heard of that yet.
    let user = halley_contracts::identity::v1::User { uid: "ann".to_owned(), ..Default::default() };
    let changed = halley_contracts::events::v1::TypingChanged {
        user: Some(user),
        receiver_type: halley_contracts::messaging::v1::ReceiverType::Group.into(),
        receiver: "room".to_owned(),
        started: true,
        metadata_json: String::new(),
    };
    let body = halley_contracts::events::v1::event::Body::TypingChanged(changed);
    let room = halley_bus::Channel::group(&world.app, "room");
    world.publish(vec![room.clone()], &halley_bus::event(&world.app, "d", body.clone())).await;
    world.nothing_came(&mut bob, "bob").await;
    world.membership("room", "ann", MembershipAction::Joined).await;
    world.publish(vec![room], &halley_bus::event(&world.app, "d", body)).await;
    assert_eq!(heard(&mut bob).await, ann(true));
}

#[tokio::test]
async fn between_users_of_whom_one_blocks_the_other_nothing_goes() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    let mut sender = world.client(&nodes[0], "ann").await;
    let mut bob = world.client(&nodes[1], "bob").await;
    sender.send(typing("started", "user", "bob")).await;
    assert_eq!(heard(&mut bob).await, ann(true));
    for (blocker, blocked) in [("bob", "ann"), ("ann", "bob")] {
        let block = (blocker.to_owned(), blocked.to_owned());
        world.fakes.identity.blocks.lock().unwrap().insert(block.clone());
        world.relation_changed(blocker, blocked).await;
        // The other node ends what it shows, and this one has emptied its cache.
        assert_eq!(heard(&mut bob).await, ann(false));
        world.nothing_came(&mut sender, "ann").await;
        sender.send(typing("ended", "user", "bob")).await;
        sender.send(typing("started", "user", "bob")).await;
        sender.send(note("user", "bob", &json!("hello"))).await;
        sender.send(typing("ended", "user", "bob")).await;
        sender.is_alive().await;
        assert_eq!(bob.frame_soon(A_MOMENT).await, None);
        world.fakes.identity.blocks.lock().unwrap().remove(&block);
        world.relation_changed(blocker, blocked).await;
        world.nothing_came(&mut sender, "ann").await;
        sender.send(typing("started", "user", "bob")).await;
        assert_eq!(heard(&mut bob).await, ann(true));
    }
}

#[tokio::test]
async fn nothing_goes_to_oneself_or_to_nobody_and_nothing_is_asked_twice() {
    let world = World::new().await;
    let node = world.node().await;
    world.fakes.identity.unknown.lock().unwrap().insert("nobody".to_owned());
    let mut sender = world.client(&node, "ann").await;
    let mut desk = world.device(&node, "ann", "ann-desk").await;
    let mut bob = world.client(&node, "bob").await;
    world.until_online(&node, "bob", true).await;
    sender.send(note("user", "bob", &json!(0))).await;
    sender.send(note("user", "nobody", &json!(0))).await;
    assert_eq!(bob.frame().await["body"]["data"], 0);
    sender.send(note("user", "bob", &json!(1))).await;
    assert_eq!(bob.frame().await["body"]["data"], 1);
    let asked = world.fakes.identity.asked.load(Ordering::SeqCst);
    for n in 2..12 {
        sender.send(note("user", "ann", &json!(n))).await;
        sender.send(note("user", "nobody", &json!(n))).await;
        sender.send(note("user", "bob", &json!(n))).await;
        assert_eq!(bob.frame().await["body"]["data"], n);
    }
    assert_eq!(world.fakes.identity.asked.load(Ordering::SeqCst), asked);
    world.nothing_came(&mut desk, "ann").await;
    world.nothing_came(&mut sender, "ann").await;
}

#[tokio::test]
async fn typing_ends_with_the_socket_that_began_it() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    world.fakes.groups.add("room", &["ann", "bob"]);
    let mut bob = world.client(&nodes[1], "bob").await;
    for receiver in [("group", "room"), ("user", "bob")] {
        let mut phone = world.device(&nodes[0], "ann", "phone").await;
        let mut desk = world.device(&nodes[1], "ann", "desk").await;
        phone.send(typing("started", receiver.0, receiver.1)).await;
        assert_eq!(heard(&mut bob).await, ann(true));
        desk.send(typing("started", receiver.0, receiver.1)).await;
        // It comes behind that beginning.
        desk.send(note("user", "bob", &json!("barrier"))).await;
        assert_eq!(bob.frame().await["type"], "transient_message");
        drop(phone);
        // She goes on at the desk.
        assert_eq!(bob.frame_soon(A_MOMENT).await, None);
        drop(desk);
        assert_eq!(heard(&mut bob).await, ann(false));
    }
}

#[tokio::test]
async fn a_node_that_dies_leaves_nobody_typing() {
    let world = World::new().await;
    let config = || GatewayConfig { typing_timeout_seconds: 1, ..Default::default() };
    let node = world.node_with(config()).await;
    let mortal = world.mortal_node(config()).await;
    let mut bob = world.client(&node, "bob").await;
    let mut sender = world.client(&mortal.node, "ann").await;
    let begun = Instant::now();
    sender.send(typing("started", "user", "bob")).await;
    assert_eq!(heard(&mut bob).await, ann(true));
    mortal.die();
    assert_eq!(heard(&mut bob).await, ann(false));
    assert!(begun.elapsed() >= Duration::from_millis(900), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn who_keeps_typing_is_shown_on_and_on() {
    let world = World::new().await;
    let node = world.node_with(GatewayConfig { typing_timeout_seconds: 4, ..Default::default() }).await;
    let (mut sender, mut bob) = (world.client(&node, "ann").await, world.client(&node, "bob").await);
    sender.send(typing("started", "user", "bob")).await;
    assert_eq!(heard(&mut bob).await, ann(true));
    for _ in 0..4 {
        assert_eq!(bob.frame_soon(Duration::from_millis(1500)).await, None);
        sender.send(typing("started", "user", "bob")).await;
    }
    sender.send(typing("ended", "user", "bob")).await;
    assert_eq!(heard(&mut bob).await, ann(false));
}

#[tokio::test]
async fn in_a_full_room_few_are_shown_typing() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    let uids: Vec<String> = (0..40).map(|n| format!("u{n}")).collect();
    world.fakes.groups.add("room", &uids.iter().map(String::as_str).collect::<Vec<_>>());
    world.fakes.groups.add("room", &["bob"]);
    let mut senders = Vec::new();
    for (n, uid) in uids.iter().enumerate() {
        senders.push(world.client(&nodes[n % 2], uid).await);
    }
    let mut bob = world.client(&nodes[0], "bob").await;
    for action in ["started", "ended"] {
        for sender in &mut senders {
            sender.send(typing(action, "group", "room")).await;
        }
    }
    let mut shown: Vec<String> = Vec::new();
    let mut most = 0;
    while let Some(frame) = bob.frame_soon(Duration::from_secs(1)).await {
        assert_eq!(frame["type"], "typing_indicator", "{frame}");
        let uid = frame["body"]["user"]["uid"].as_str().unwrap().to_owned();
        if frame["body"]["action"] == "started" {
            assert!(!shown.contains(&uid));
            shown.push(uid);
        } else {
            assert!(shown.contains(&uid), "{uid} was not shown typing");
            shown.retain(|other| *other != uid);
        }
        most = most.max(shown.len());
    }
    assert!(shown.is_empty(), "{shown:?}");
    assert!((1..=10).contains(&most), "{most}");
}

#[tokio::test]
async fn a_transient_message_reaches_all_but_the_sending_device() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    world.fakes.groups.add("room", &["ann", "bob"]);
    let mut sender = world.client(&nodes[0], "ann").await;
    let mut desk = world.device(&nodes[1], "ann", "ann-desk").await;
    let mut bobs = [world.client(&nodes[0], "bob").await, world.client(&nodes[1], "bob").await];
    let data = json!({"live": [1, "two", null]});
    sender.send(note("user", "bob", &data)).await;
    for bob in &mut bobs {
        let frame = bob.frame().await;
        let outer = json!({"appId": world.app, "type": "transient_message", "sender": "ann", "receiver": "bob",
            "receiverType": "user", "deviceId": "ann-device"});
        for (key, value) in outer.as_object().unwrap() {
            assert_eq!(frame[key], *value, "{frame}");
        }
        assert_eq!((&frame["body"]["data"], &frame["body"]["user"]["name"]), (&data, &json!("Name of ann")));
    }
    // The desk's first is this one.
    sender.send(note("group", "room", &json!("hi"))).await;
    for client in bobs.iter_mut().chain([&mut desk]) {
        let frame = client.frame().await;
        assert_eq!((&frame["receiver"], &frame["body"]["data"]), (&json!("room"), &json!("hi")));
    }
    world.nothing_came(&mut sender, "ann").await;
}

#[tokio::test]
async fn what_is_too_much_or_too_large_is_dropped() {
    let world = World::new().await;
    let node = world.node().await;
    let (mut sender, mut bob) = (world.client(&node, "ann").await, world.client(&node, "bob").await);
    sender.send(note("user", "bob", &json!("x".repeat(11 * 1024)))).await;
    let mut large = typing("started", "user", "bob");
    large["body"]["metadata"] = json!({"k": "x".repeat(3 * 1024)});
    sender.send(large).await;
    let begun = Instant::now();
    for n in 0..500 {
        sender.send(note("user", "bob", &json!(n))).await;
    }
    sender.is_alive().await;
    let took = begun.elapsed().as_secs_f64();
    let mut came = 0;
    let mut last = -1;
    while let Some(frame) = bob.frame_soon(A_MOMENT).await {
        let n = frame["body"]["data"].as_i64().unwrap_or_else(|| panic!("{frame}"));
        assert!(n > last, "in order");
        (last, came) = (n, came + 1);
    }
    let most = 50.0 + 20.0 * took + 1.0;
    assert!(came >= 20 && f64::from(came) <= most, "{came} in {took} s");
    // The socket itself is none the worse, and after a moment it may send again.
    halley_testkit::within("it may send again", async {
        loop {
            sender.send(note("user", "bob", &json!("again"))).await;
            if bob.frame_soon(A_MOMENT).await.is_some() {
                return;
            }
        }
    })
    .await;
}
