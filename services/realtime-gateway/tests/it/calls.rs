//! What the devices of a call send each other for their media.

use std::{sync::atomic::Ordering, time::Duration};

use halley_contracts::{
    events::v1::{MessageSent, event::Body},
    groups::v1::MembershipAction,
    messaging::v1::{Message, MessageCategory},
};
use halley_realtime_gateway::GatewayConfig;
use serde_json::{Value, json};

use crate::support::{
    Node, World,
    client::{BINARY, Client, Got, auth},
    to_user,
};

/// Longer than a signal is under way.
const A_MOMENT: Duration = Duration::from_millis(300);

/// A device's socket of a client that knows the additions; Bob's has frames in binary form.
async fn device(world: &World, node: &Node, uid: &str, device_id: &str) -> Client {
    let (token, _) = world.log_in(uid, device_id);
    let protocol = if uid == "bob" { BINARY } else { "halley.v1" };
    let client = Client::open_as(node.address, "/ws", Some(protocol)).await;
    let mut client = client.admitted(auth(&world.app, device_id, &token)).await;
    assert_eq!(client.frame().await["type"], "resumed");
    client
}

fn wish(action: &str, session: &str) -> Value {
    json!({"type": "call_signal", "body": {"action": action, "sessionId": session}})
}

fn tell(action: &str, session: &str, to: Value, data: Value) -> Value {
    json!({"type": "call_signal", "body": {"action": action, "sessionId": session, "to": to, "data": data}})
}

/// The next frame's body, which must be of a call.
async fn signal(client: &mut Client) -> Value {
    let frame = client.frame().await;
    assert_eq!(frame["type"], "call_signal", "{frame}");
    frame["body"].clone()
}

/// Says that the device is there; answers what it is told.
async fn join(client: &mut Client, session: &str) -> Value {
    client.send(wish("join", session)).await;
    signal(client).await
}

async fn refusal(client: &mut Client, session: &str) -> String {
    let body = join(client, session).await;
    assert_eq!((&body["action"], &body["sessionId"]), (&json!("refused"), &json!(session)), "{body}");
    body["code"].as_str().unwrap().to_owned()
}

/// Nothing of a call has come, of all that was sent before now.
async fn nothing(client: &mut Client) {
    let came = client.frame_soon(A_MOMENT).await;
    assert_eq!(came, None);
}

impl World {
    /// Tells a change of a call, as messaging does.
    async fn call_changed(&self, from: &str, to: &str, session: &str, sequence: i64) {
        let message = Message {
            category: MessageCategory::Call.into(),
            r#type: "audio".to_owned(),
            data_json: json!({"action": "ended", "call": {"sessionid": session, "status": "ended"}}).to_string(),
            ..to_user(from, to, sequence)
        };
        let event = halley_bus::event(&self.app, "", Body::MessageSent(MessageSent { message: Some(message) }));
        let channels = [from, to].map(|uid| halley_bus::Channel::user(&self.app, uid)).to_vec();
        self.publish(channels, &event).await;
    }
}

#[tokio::test]
async fn two_devices_agree_over_two_nodes_and_nobody_else_hears_it() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    world.fakes.calls.add(&world.app, "s", "", &[("ann", "a1"), ("bob", "b1")]);
    let mut ann = device(&world, &nodes[0], "ann", "a1").await;
    let mut bob = device(&world, &nodes[1], "bob", "b1").await;
    let mut bob_desk = device(&world, &nodes[1], "bob", "b2").await;
    let mut ann_desk = device(&world, &nodes[1], "ann", "a2").await;
    let mut plain = world.client(&nodes[0], "bob").await;

    let told = join(&mut ann, "s").await;
    assert_eq!((&told["action"], &told["sessionId"]), (&json!("peers"), &json!("s")));
    assert_eq!(told["peers"], json!([{"uid": "bob", "deviceId": "b1"}]));
    assert_eq!(told["iceServers"], json!([]));
    assert_eq!(signal(&mut bob).await["action"], "joined");
    assert_eq!(join(&mut bob, "s").await["peers"], json!([{"uid": "ann", "deviceId": "a1"}]));
    let joined = ann.frame().await;
    assert_eq!((&joined["sender"], &joined["deviceId"]), (&json!("bob"), &json!("b1")));
    assert_eq!(joined["body"]["from"], json!({"uid": "bob", "deviceId": "b1"}));

    let sdp = json!({"type": "offer", "sdp": "v=0\r\n".repeat(4000)});
    // Without a device it goes to the one that is in the call.
    ann.send(tell("offer", "s", json!({"uid": "BOB"}), sdp.clone())).await;
    let heard = signal(&mut bob).await;
    assert_eq!((&heard["action"], &heard["data"], &heard["from"]["deviceId"]), (&json!("offer"), &sdp, &json!("a1")));
    bob.send(tell("answer", "s", json!({"uid": "ann", "deviceId": "a1"}), json!({"sdp": "x"}))).await;
    assert_eq!(signal(&mut ann).await["action"], "answer");
    for n in 0..30 {
        ann.send(tell("candidate", "s", json!({"uid": "bob", "deviceId": "b1"}), json!({"n": n}))).await;
    }
    for n in 0..30 {
        assert_eq!(signal(&mut bob).await["data"]["n"], n, "in their order");
    }
    bob.send(tell("bye", "s", json!({"uid": "ann"}), Value::Null)).await;
    assert_eq!(signal(&mut ann).await["action"], "bye");
    bob.send(wish("leave", "s")).await;
    assert_eq!(signal(&mut ann).await["action"], "left");
    bob.send(tell("offer", "s", json!({"uid": "ann"}), json!({}))).await;
    bob.is_alive().await;
    // Another device than the one that is in the call is none that can be told.
    ann.send(tell("offer", "s", json!({"uid": "bob", "deviceId": "b2"}), json!({}))).await;
    ann.send(tell("offer", "s", json!({"uid": "ann"}), json!({}))).await;
    ann.is_alive().await;
    for client in [&mut ann, &mut bob, &mut bob_desk, &mut ann_desk, &mut plain] {
        nothing(client).await;
    }
}

#[tokio::test]
async fn only_the_devices_of_the_call_may_join_it() {
    let world = World::new().await;
    let other = world.other_app().await;
    let node = world.node().await;
    world.fakes.calls.add(&world.app, "s", "", &[("ann", "a1"), ("bob", "b1")]);
    other.fakes.calls.add(&other.app, "theirs", "", &[("ann", "a1"), ("bob", "b1")]);
    let mut eve = device(&world, &node, "eve", "e1").await;
    let mut desk = device(&world, &node, "ann", "a2").await;
    let mut ann = device(&world, &node, "ann", "a1").await;
    let mut bob = device(&world, &node, "bob", "b1").await;
    assert_eq!(refusal(&mut eve, "s").await, "ERR_CALL_NOT_A_PART");
    assert_eq!(refusal(&mut desk, "s").await, "ERR_CALL_NOT_A_PART", "another device answered");
    assert_eq!(refusal(&mut ann, "theirs").await, "ERR_CALL_SESSION_NOT_FOUND", "another app's");
    assert_eq!(refusal(&mut ann, "nothing").await, "ERR_CALL_SESSION_NOT_FOUND");
    world.fakes.calls.over.lock().unwrap().insert("s".to_owned());
    assert_eq!(refusal(&mut ann, "s").await, "ERR_CALL_TERMINATED");
    world.fakes.calls.is_down.store(true, Ordering::SeqCst);
    let unavailable = refusal(&mut ann, "s").await;
    assert!(!unavailable.starts_with("ERR_CALL"), "{unavailable}");
    world.fakes.calls.is_down.store(false, Ordering::SeqCst);
    for (client, to) in [(&mut eve, "bob"), (&mut desk, "bob"), (&mut ann, "bob")] {
        client.send(tell("offer", "s", json!({"uid": to}), json!({}))).await;
        client.is_alive().await;
    }
    nothing(&mut bob).await;
    // A plain client has no such frames.
    let mut plain = world.client(&node, "ann").await;
    plain.send(wish("join", "s")).await;
    plain.is_alive().await;
}

#[tokio::test]
async fn who_has_not_joined_on_this_socket_sends_nothing() {
    let world = World::new().await;
    let node = world.node().await;
    world.fakes.calls.add(&world.app, "s", "", &[("ann", "a1"), ("bob", "b1")]);
    let mut ann = device(&world, &node, "ann", "a1").await;
    let mut bob = device(&world, &node, "bob", "b1").await;
    ann.send(tell("offer", "s", json!({"uid": "bob"}), json!({"n": 1}))).await;
    ann.is_alive().await;
    nothing(&mut bob).await;
    assert_eq!(world.fakes.calls.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn nothing_is_asked_for_each_frame_and_a_change_of_the_call_is_known_at_once() {
    let world = World::new().await;
    let node = world.node().await;
    world.fakes.calls.add(&world.app, "s", "", &[("ann", "a1")]);
    let mut ann = device(&world, &node, "ann", "a1").await;
    let mut bob = device(&world, &node, "bob", "b1").await;
    assert_eq!(join(&mut ann, "s").await["peers"], json!([]), "it rings");
    ann.send(tell("offer", "s", json!({"uid": "bob"}), json!({"n": 0}))).await;
    ann.is_alive().await;
    nothing(&mut bob).await;
    world.fakes.calls.add(&world.app, "s", "", &[("ann", "a1"), ("bob", "b1")]);
    world.call_changed("bob", "ann", "s", 1).await;
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.frame().await["type"], "message");
    }
    ann.send(tell("offer", "s", json!({"uid": "bob"}), json!({"n": 1}))).await;
    assert_eq!(signal(&mut bob).await["data"]["n"], 1);
    let asked = world.fakes.calls.asked.load(Ordering::SeqCst);
    for n in 2..20 {
        ann.send(tell("candidate", "s", json!({"uid": "bob"}), json!({"n": n}))).await;
        assert_eq!(signal(&mut bob).await["data"]["n"], n);
    }
    assert_eq!(world.fakes.calls.asked.load(Ordering::SeqCst), asked);

    world.fakes.calls.over.lock().unwrap().insert("s".to_owned());
    world.call_changed("bob", "ann", "s", 2).await;
    for client in [&mut ann, &mut bob] {
        assert_eq!(client.frame().await["type"], "message");
    }
    ann.send(tell("candidate", "s", json!({"uid": "bob"}), json!({"n": 99}))).await;
    ann.is_alive().await;
    nothing(&mut bob).await;
}

#[tokio::test]
async fn who_is_blocked_or_put_out_of_the_group_sends_nothing_more() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    world.fakes.groups.add("room", &["ann", "bob", "cat"]);
    world.fakes.calls.add(&world.app, "direct", "", &[("ann", "a1"), ("bob", "b1")]);
    world.fakes.calls.add(&world.app, "group", "room", &[("ann", "a1"), ("bob", "b1"), ("cat", "c1")]);
    let mut ann = device(&world, &nodes[0], "ann", "a1").await;
    let mut bob = device(&world, &nodes[1], "bob", "b1").await;
    let mut cat = device(&world, &nodes[1], "cat", "c1").await;
    join(&mut ann, "direct").await;
    assert_eq!(signal(&mut bob).await["action"], "joined");
    let peers = join(&mut ann, "group").await["peers"].clone();
    assert_eq!(peers, json!([{"uid": "bob", "deviceId": "b1"}, {"uid": "cat", "deviceId": "c1"}]));
    for client in [&mut bob, &mut cat] {
        assert_eq!(signal(client).await["action"], "joined");
    }
    for session in ["direct", "group"] {
        ann.send(tell("offer", session, json!({"uid": "bob"}), json!({}))).await;
        assert_eq!(signal(&mut bob).await["sessionId"], session);
    }

    world.fakes.identity.blocks.lock().unwrap().insert(("bob".to_owned(), "ann".to_owned()));
    world.relation_changed("bob", "ann").await;
    world.nothing_came(&mut ann, "ann").await;
    ann.send(tell("offer", "direct", json!({"uid": "bob"}), json!({}))).await;
    assert_eq!(refusal(&mut ann, "direct").await, "AUTH_ERR_NO_ACCESS");
    nothing(&mut bob).await;

    // Messaging answers no more peers who are no members; the node knows without it.
    world.fakes.groups.remove("room", "ann");
    world.membership("room", "ann", MembershipAction::Kicked).await;
    world.nothing_came(&mut ann, "ann").await;
    ann.send(tell("offer", "group", json!({"uid": "cat"}), json!({}))).await;
    assert_eq!(refusal(&mut ann, "group").await, "ERR_CALL_NOT_A_PART");
    nothing(&mut cat).await;
}

#[tokio::test]
async fn a_socket_that_goes_is_told_as_gone_and_comes_back() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    world.fakes.groups.add("room", &["ann", "bob", "cat"]);
    world.fakes.calls.add(&world.app, "s", "room", &[("ann", "a1"), ("bob", "b1"), ("cat", "c1")]);
    let mut others = [device(&world, &nodes[0], "bob", "b1").await, device(&world, &nodes[1], "cat", "c1").await];
    for _ in 0..2 {
        let mut ann = device(&world, &nodes[1], "ann", "a1").await;
        join(&mut ann, "s").await;
        for other in &mut others {
            assert_eq!(signal(other).await["action"], "joined");
        }
        drop(ann);
        for other in &mut others {
            let left = signal(other).await;
            assert_eq!((&left["action"], &left["from"]), (&json!("left"), &json!({"uid": "ann", "deviceId": "a1"})));
        }
    }
}

#[tokio::test]
async fn a_device_that_nobody_named_is_any_of_the_users() {
    let world = World::new().await;
    let node = world.node().await;
    world.fakes.calls.add(&world.app, "s", "", &[("ann", "a1"), ("bob", "")]);
    let mut ann = device(&world, &node, "ann", "a1").await;
    let mut bobs = [device(&world, &node, "bob", "b1").await, device(&world, &node, "bob", "b2").await];
    assert_eq!(join(&mut ann, "s").await["peers"], json!([{"uid": "bob"}]));
    for bob in &mut bobs {
        assert_eq!(signal(bob).await["action"], "joined");
    }
    assert_eq!(join(&mut bobs[1], "s").await["peers"], json!([{"uid": "ann", "deviceId": "a1"}]));
    assert_eq!(signal(&mut ann).await["from"]["deviceId"], "b2");
    ann.send(tell("offer", "s", json!({"uid": "bob", "deviceId": "b2"}), json!({}))).await;
    assert_eq!(signal(&mut bobs[1]).await["action"], "offer");
    nothing(&mut bobs[0]).await;
}

#[tokio::test]
async fn what_is_too_much_or_too_large_is_dropped() {
    let world = World::new().await;
    let node = world.node_with(GatewayConfig { max_frame_bytes: 128 * 1024, ..Default::default() }).await;
    world.fakes.calls.add(&world.app, "s", "", &[("ann", "a1"), ("bob", "b1")]);
    let mut ann = device(&world, &node, "ann", "a1").await;
    let mut bob = device(&world, &node, "bob", "b1").await;
    join(&mut ann, "s").await;
    assert_eq!(signal(&mut bob).await["action"], "joined");
    let to = || json!({"uid": "bob"});
    ann.send(tell("offer", "s", to(), json!({"sdp": "x".repeat(61 * 1024)}))).await;
    for n in 0..600 {
        ann.send(tell("candidate", "s", to(), json!({"n": n}))).await;
    }
    ann.is_alive().await;
    let mut came = 0;
    while let Some(frame) = bob.frame_soon(A_MOMENT).await {
        assert!(frame["body"]["data"].get("sdp").is_none(), "too large");
        came += 1;
    }
    assert!((20..600).contains(&came), "{came}");
    assert_eq!(ann.frame_soon(A_MOMENT).await, None);
    // The socket itself is none the worse, and after a moment it may send again.
    halley_testkit::within("it may send again", async {
        loop {
            ann.send(tell("candidate", "s", to(), json!({}))).await;
            if bob.frame_soon(A_MOMENT).await.is_some() {
                return;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn servers_are_told_with_a_credential_of_the_users_own() {
    let world = World::new().await;
    let node = world
        .node_with(GatewayConfig {
            ice_stun_urls: "stun:s.example:3478".to_owned(),
            ice_turn_urls: "turn:t.example:3478, turns:t.example:5349".to_owned(),
            ice_turn_secret: "north".into(),
            ice_turn_seconds: 600,
            ..Default::default()
        })
        .await;
    world.fakes.calls.add(&world.app, "s", "", &[("ann", "a1")]);
    let mut ann = device(&world, &node, "ann", "a1").await;
    let told = join(&mut ann, "s").await;
    let servers = &told["iceServers"];
    assert_eq!(servers[0], json!({"urls": ["stun:s.example:3478"]}));
    assert_eq!(servers[1]["urls"], json!(["turn:t.example:3478", "turns:t.example:5349"]));
    let username = servers[1]["username"].as_str().unwrap();
    let (until, uid) = username.split_once(':').unwrap();
    let left = until.parse::<i64>().unwrap() - halley_kit::time::now_ms() / 1000;
    assert!(uid == "ann" && (590..=600).contains(&left), "{username}");
    assert_eq!(servers[1]["credential"].as_str().unwrap().len(), 28, "20 bytes in base64");
    assert!(!told.to_string().contains("north"));
    // Nobody else's.
    let mut eve = device(&world, &node, "eve", "e1").await;
    eve.send(wish("join", "s")).await;
    let Got::Text(refused) = eve.next().await else { panic!("a refusal") };
    assert!(!refused.contains("iceServers"), "{refused}");
}
