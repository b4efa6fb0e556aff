//! Messages go out in the order of their conversation, each once, whatever the feed does.

use std::sync::atomic::Ordering;

use halley_bus::Channel;
use halley_contracts::messaging::v1::Message;

use crate::support::{World, client::Client, to_group, to_user};

async fn hear_all(client: &mut Client, wanted: impl IntoIterator<Item = i64>) {
    for sequence in wanted {
        assert_eq!(client.hear().await, sequence.to_string());
    }
}

#[tokio::test]
async fn what_comes_the_wrong_way_round_is_put_in_order_and_repeats_are_dropped() {
    let world = World::new().await;
    let node = world.node().await;
    world.fakes.groups.add("room", &["ann"]);
    let mut ann = world.client(&node, "ann").await;
    let message = |sequence| to_group("bob", "room", sequence);
    for sequence in [1, 3, 4, 2, 2, 1, 6, 5, 4, 7] {
        world.send(&message(sequence)).await;
    }
    hear_all(&mut ann, 1..=7).await;
    world.nothing_came(&mut ann, "ann").await;
}

#[tokio::test]
async fn conversations_do_not_wait_for_each_other() {
    let world = World::new().await;
    let node = world.node().await;
    let mut ann = world.client(&node, "ann").await;
    world.send(&to_user("bob", "ann", 1)).await;
    world.send(&to_user("bob", "ann", 3)).await;
    world.send(&to_user("cat", "ann", 9)).await;
    hear_all(&mut ann, [1, 9]).await;
    world.send(&to_user("bob", "ann", 2)).await;
    hear_all(&mut ann, [2, 3]).await;
}

/// Publishes the first and the last; the rest is only in history.
async fn with_a_gap(world: &World, message: impl Fn(i64) -> Message, last: i64) {
    for sequence in 1..=last {
        world.store(&message(sequence));
    }
    for sequence in [1, last] {
        world.send(&message(sequence)).await;
    }
}

#[tokio::test]
async fn what_the_feed_lost_is_fetched() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    world.fakes.groups.add("room", &["ann", "bob"]);
    let (mut ann, mut bob) = (world.client(&nodes[0], "ann").await, world.client(&nodes[1], "bob").await);
    with_a_gap(&world, |sequence| to_group("cat", "room", sequence), 9).await;
    hear_all(&mut ann, 1..=9).await;
    hear_all(&mut bob, 1..=9).await;
    with_a_gap(&world, |sequence| to_user("cat", "ann", sequence), 5).await;
    hear_all(&mut ann, 1..=5).await;
    // The order goes on behind it, and what comes late is a repeat.
    world.send(&to_group("cat", "room", 5)).await;
    world.send(&to_group("cat", "room", 10)).await;
    hear_all(&mut ann, [10]).await;
    hear_all(&mut bob, [10]).await;
}

#[tokio::test]
async fn what_can_not_be_had_is_told_by_the_close_code() {
    let world = World::new().await;
    let node = world.node().await;
    world.fakes.groups.add("room", &["ann", "bob"]);
    let (mut ann, mut bob) = (world.client(&node, "ann").await, world.client(&node, "bob").await);
    let mut cat = world.client(&node, "cat").await;
    world.fakes.messaging.is_down.store(true, Ordering::SeqCst);
    with_a_gap(&world, |sequence| to_group("dan", "room", sequence), 4).await;
    for client in [&mut ann, &mut bob] {
        hear_all(client, [1, 4]).await;
        assert_eq!(client.closed().await, 4000);
    }
    cat.is_alive().await;
}

#[tokio::test]
async fn a_fetch_that_fails_is_tried_again() {
    let world = World::new().await;
    let node = world.node().await;
    let mut ann = world.client(&node, "ann").await;
    world.fakes.messaging.is_down.store(true, Ordering::SeqCst);
    with_a_gap(&world, |sequence| to_user("bob", "ann", sequence), 3).await;
    hear_all(&mut ann, [1]).await;
    halley_testkit::eventually("the first try", async || {
        (world.fakes.messaging.asked.load(Ordering::SeqCst) > 0).then_some(())
    })
    .await;
    world.fakes.messaging.is_down.store(false, Ordering::SeqCst);
    hear_all(&mut ann, [2, 3]).await;
}

#[tokio::test]
async fn two_messages_that_open_a_conversation_the_wrong_way_round_both_arrive() {
    let world = World::new().await;
    let node = world.node().await;
    let mut ann = world.client(&node, "ann").await;
    let old = Message { sent_at_ms: 1_700_000_000_000, ..to_user("bob", "ann", 4) };
    world.send(&to_user("bob", "ann", 6)).await;
    world.send(&to_user("bob", "ann", 5)).await;
    world.send(&to_user("bob", "ann", 5)).await;
    // Sent long before the socket came: the client has fetched it.
    world.send(&old).await;
    world.send(&to_user("bob", "ann", 7)).await;
    hear_all(&mut ann, [6, 5, 7]).await;
    world.nothing_came(&mut ann, "ann").await;
}

/// Who was removed is told on the own channel, which gets nothing else of the group: the messages between two such are
/// not the user's to see.
#[tokio::test]
async fn notices_of_removal_bring_nothing_of_the_group_with_them() {
    let world = World::new().await;
    let node = world.node().await;
    let mut ann = world.client(&node, "ann").await;
    for sequence in 1..=50 {
        world.store(&to_group("bob", "room", sequence));
    }
    for sequence in [17, 17, 40] {
        let notice = to_group("bob", "room", sequence);
        world.publish(vec![Channel::user(&world.app, "ann")], &world.sent(&notice)).await;
    }
    hear_all(&mut ann, [17, 40]).await;
    world.nothing_came(&mut ann, "ann").await;
    assert_eq!(world.fakes.messaging.asked.load(Ordering::SeqCst), 0);
}
