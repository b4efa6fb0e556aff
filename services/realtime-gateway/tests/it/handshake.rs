//! Who is let in, and what keeps a socket.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use halley_realtime_gateway::GatewayConfig;
use halley_testkit::{eventually, unique};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{
    World,
    client::{ACCEPTED, Client, Got, PONG, auth},
    to_user,
};

#[tokio::test]
async fn the_answers_to_auth_and_ping_are_literal_on_every_path() {
    let world = World::new().await;
    let node = world.node().await;
    let (token, _) = world.log_in("ann", "d");
    for path in ["/", "/ws", "/ws:"] {
        let mut client = Client::open_as(node.address, path, None).await;
        assert_eq!(client.protocol, None);
        client.send(auth(&world.app, "d", &token)).await;
        assert_eq!(client.next().await, Got::Text(ACCEPTED.to_owned()));
        for ping in [r#"{"action":"ping","ack":"true"}"#, r#"{"action":"ping"}"#] {
            client.send_raw(Message::text(ping)).await;
            assert_eq!(client.next().await, Got::Text(PONG.to_owned()));
        }
    }
    let own = Client::open_as(node.address, "/", Some("halley.v1")).await;
    assert_eq!(own.protocol.as_deref(), Some("halley.v1"));
}

#[tokio::test]
async fn wrong_credentials_are_refused_without_a_frame() {
    let world = World::new().await;
    let other = world.other_app().await;
    let node = world.node().await;
    let (token, _) = world.log_in("ann", "d");
    for frame in [
        auth(&world.app, "d", "wrong"),
        auth(&world.app, "d", ""),
        auth(&other.app, "d", &token),
        auth("", "d", &token),
        auth("a\0b", "d", &token),
        json!({"appId": world.app, "type": "auth", "body": {}}),
    ] {
        let mut client = Client::open(node.address).await;
        client.send(frame.clone()).await;
        assert_eq!(client.next().await, Got::Closed(4101), "{frame}");
    }
    // An app id is one in any case of its letters.
    Client::authenticated(node.address, &world.app.to_uppercase(), "d", &token).await;
}

#[tokio::test]
async fn what_is_not_available_says_try_again() {
    let world = World::new().await;
    let node = world.node().await;
    let (token, _) = world.log_in("ann", "d");
    world.fakes.auth.is_down.store(true, Ordering::SeqCst);
    let mut client = Client::open(node.address).await;
    client.send(auth(&world.app, "d", &token)).await;
    assert_eq!(client.next().await, Got::Closed(1013));
    world.fakes.auth.is_down.store(false, Ordering::SeqCst);
    Client::authenticated(node.address, &world.app, "d", &token).await;
}

#[tokio::test]
async fn who_does_not_authenticate_in_time_is_closed() {
    let world = World::new().await;
    let node = world.node_with(GatewayConfig { auth_timeout_seconds: 1, ..Default::default() }).await;
    let (token, _) = world.log_in("ann", "d");
    let mut in_time = Client::open(node.address).await;
    let begun = Instant::now();
    let mut silent = Client::open(node.address).await;
    let mut chatty = Client::open(node.address).await;
    // Nothing but an auth frame counts, and nothing is answered before.
    for frame in [r#"{"action":"ping","ack":"true"}"#, "nonsense", "[]", r#"{"type":"auth"}"#] {
        in_time.send_raw(Message::text(frame)).await;
        chatty.send_raw(Message::text(frame)).await;
    }
    let mut in_time = in_time.admitted(auth(&world.app, "d", &token)).await;

    for client in [&mut silent, &mut chatty] {
        assert_eq!(client.next().await, Got::Closed(4100));
    }
    let waited = begun.elapsed();
    assert!((Duration::from_millis(900)..Duration::from_secs(3)).contains(&waited), "{waited:?}");
    in_time.is_alive().await;
}

#[tokio::test]
async fn a_socket_that_falls_silent_is_closed_and_pings_keep_it() {
    let world = World::new().await;
    let node = world.node_with(GatewayConfig { silence_timeout_seconds: 1, ..Default::default() }).await;
    let mut silent = world.client(&node, "ann").await;
    let mut alive = world.client(&node, "bob").await;
    let begun = Instant::now();
    // Beats faster than the limit, for longer than the limit.
    let mut beat = tokio::time::interval(Duration::from_millis(250));
    while begun.elapsed() < Duration::from_millis(1800) {
        beat.tick().await;
        alive.is_alive().await;
    }
    assert_eq!(silent.next().await, Got::Closed(4002));
}

#[tokio::test]
async fn a_full_node_says_try_again() {
    let world = World::new().await;
    let node = world.node_with(GatewayConfig { max_sockets: 2, ..Default::default() }).await;
    let first = world.client(&node, "ann").await;
    let mut second = world.client(&node, "bob").await;
    let mut third = Client::open(node.address).await;
    assert_eq!(third.next().await, Got::Closed(1013));
    second.is_alive().await;
    first.close().await;
    // Room that is made can be used.
    let (token, _) = world.log_in("cat", "d");
    eventually("room for another", async || {
        let mut again = Client::open(node.address).await;
        again.try_send(Message::text(auth(&world.app, "d", &token).to_string())).await;
        (again.next().await == Got::Text(ACCEPTED.to_owned())).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_second_auth_frame_changes_nothing() {
    let world = World::new().await;
    let node = world.node().await;
    let mut client = world.client(&node, "ann").await;
    let (of_bob, _) = world.log_in("bob", "d");
    client.send(auth(&world.app, "d", &of_bob)).await;
    client.is_alive().await;
    world.send(&to_user(&unique("x"), "bob", 1)).await;
    world.nothing_came(&mut client, "ann").await;
}
