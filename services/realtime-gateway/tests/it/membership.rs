//! Groups that users come into and leave while they are connected, or while they connect.

use std::sync::atomic::Ordering;

use halley_bus::Channel;
use halley_contracts::{
    events::v1::{ChangeKind, MembersImported, event::Body},
    groups::v1::MembershipAction,
};
use halley_testkit::eventually;

use crate::support::{
    Node, World,
    client::{Client, Got, auth},
    to_group,
};

fn room(world: &World) -> Channel {
    Channel::group(&world.app, "room")
}

/// A socket of ann's whose way in stops where the answer about her groups is known, and not heard yet.
async fn half_way_in(world: &World, node: &Node) -> (Client, String) {
    let (token, token_id) = world.log_in("ann", "d");
    let asked = world.fakes.groups.asked.load(Ordering::SeqCst);
    world.fakes.groups.answers.shut();
    let mut client = Client::open(node.address).await;
    client.send(auth(&world.app, "d", &token)).await;
    eventually("the question", async || (world.fakes.groups.asked.load(Ordering::SeqCst) > asked).then_some(())).await;
    (client, token_id)
}

#[tokio::test]
async fn who_comes_in_hears_from_then_on() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    let mut ann = [world.client(&nodes[0], "ann").await, world.client(&nodes[1], "ann").await];
    let mut bob = world.client(&nodes[0], "bob").await;
    world.send(&to_group("x", "room", 1)).await;
    for action in [MembershipAction::Joined, MembershipAction::Added] {
        world.membership("room", "ann", action).await;
        world.until_heard(&room(&world), 2).await;
        let message = to_group("x", "room", if action == MembershipAction::Joined { 2 } else { 3 });
        world.send(&message).await;
        for client in &mut ann {
            assert_eq!(client.hear().await, message.sequence.to_string());
        }
    }
    world.nothing_came(&mut bob, "bob").await;
}

#[tokio::test]
async fn what_is_said_before_the_node_hears_the_room_is_missed_by_nobody() {
    let world = World::new().await;
    let node = world.node().await;
    let mut bob = [world.client(&node, "bob").await, world.client(&node, "bob").await];
    for sequence in 1..=3 {
        world.store(&to_group("ann", "room", sequence));
    }
    world.membership("room", "bob", MembershipAction::Joined).await;
    // Of these only the coming is heard, on the user's own channel; nothing more is said.
    world.publish(vec![Channel::user(&world.app, "bob")], &world.sent(&to_group("ann", "room", 1))).await;
    for client in &mut bob {
        for sequence in ["1", "2", "3"] {
            assert_eq!(client.hear().await, sequence);
        }
        world.nothing_came(client, "bob").await;
    }
}

#[tokio::test]
async fn who_comes_in_is_told_before_the_node_hears_the_room() {
    let world = World::new().await;
    let node = world.node().await;
    let mut bob = [world.client(&node, "bob").await, world.client(&node, "bob").await];
    world.membership("room", "bob", MembershipAction::Added).await;
    // On the group's channel it was published too early for this node; on the user's own it comes.
    let added = to_group("ann", "room", 1);
    world.publish(vec![Channel::user(&world.app, "bob")], &world.sent(&added)).await;
    world.until_heard(&room(&world), 1).await;
    for client in &mut bob {
        assert_eq!(client.hear().await, "1");
    }
    // Where it comes on both, it is told once; and what was sent between is missed by nobody.
    world.store(&to_group("ann", "room", 2));
    world.send(&added).await;
    world.send(&to_group("ann", "room", 3)).await;
    for client in &mut bob {
        assert_eq!((client.hear().await, client.hear().await), ("2".to_owned(), "3".to_owned()));
    }
    world.membership("room", "bob", MembershipAction::Kicked).await;
    world.publish(vec![Channel::user(&world.app, "bob")], &world.sent(&to_group("ann", "room", 4))).await;
    for client in &mut bob {
        assert_eq!(client.hear().await, "4");
        world.nothing_came(client, "bob").await;
    }
}

#[tokio::test]
async fn owners_of_new_groups_and_imported_members_are_in() {
    let world = World::new().await;
    let node = world.node().await;
    let (mut ann, mut bob) = (world.client(&node, "ann").await, world.client(&node, "bob").await);
    world.group_changed("new", "ann", ChangeKind::Created).await;
    world.until_heard(&Channel::group(&world.app, "new"), 1).await;
    world.send(&to_group("x", "new", 1)).await;
    assert_eq!(ann.hear().await, "1");
    world.nothing_came(&mut bob, "bob").await;

    let uids = ["cat", "bob"].map(ToOwned::to_owned).into();
    world.fact(Body::MembersImported(MembersImported { guid: "old".to_owned(), uids })).await;
    world.until_heard(&Channel::group(&world.app, "old"), 1).await;
    world.send(&to_group("x", "old", 9)).await;
    assert_eq!(bob.hear().await, "9");
    world.nothing_came(&mut ann, "ann").await;
}

#[tokio::test]
async fn who_is_out_by_whatever_way_hears_no_more() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    world.fakes.groups.add("room", &["ann", "bob"]);
    for action in [MembershipAction::Left, MembershipAction::Kicked, MembershipAction::Banned] {
        let mut ann = [world.client(&nodes[0], "ann").await, world.client(&nodes[1], "ann").await];
        let mut bob = [world.client(&nodes[0], "bob").await, world.client(&nodes[1], "bob").await];
        world.membership("room", "ann", action).await;
        world.send(&to_group("x", "room", 1)).await;
        for client in &mut bob {
            assert_eq!(client.hear().await, "1");
        }
        for client in &mut ann {
            world.nothing_came(client, "ann").await;
        }
        for client in ann.into_iter().chain(bob) {
            client.close().await;
        }
        world.until_heard(&room(&world), 0).await;
    }
    // Other actions take nobody out.
    let mut bob = world.client(&nodes[0], "bob").await;
    for action in [MembershipAction::ScopeChanged, MembershipAction::Unbanned] {
        world.membership("room", "bob", action).await;
    }
    world.send(&to_group("x", "room", 1)).await;
    assert_eq!(bob.hear().await, "1");
}

#[tokio::test]
async fn a_deleted_group_is_heard_no_more() {
    let world = World::new().await;
    let node = world.node().await;
    world.fakes.groups.add("room", &["ann"]);
    let mut ann = world.client(&node, "ann").await;
    world.group_changed("room", "ann", ChangeKind::Updated).await;
    world.send(&to_group("x", "room", 1)).await;
    assert_eq!(ann.hear().await, "1");
    world.group_changed("room", "ann", ChangeKind::Deleted).await;
    world.until_heard(&room(&world), 0).await;
    world.send(&to_group("x", "room", 2)).await;
    world.nothing_came(&mut ann, "ann").await;
}

#[tokio::test]
async fn who_leaves_a_moment_after_joining_is_out() {
    let world = World::new().await;
    let node = world.node().await;
    world.fakes.groups.add("room", &["bob"]);
    let (mut ann, mut bob) = (world.client(&node, "ann").await, world.client(&node, "bob").await);
    for round in 1..=40 {
        world.membership("room", "ann", MembershipAction::Joined).await;
        world.membership("room", "ann", MembershipAction::Kicked).await;
        world.send(&to_group("x", "room", round)).await;
        assert_eq!(bob.hear().await, round.to_string());
        world.nothing_came(&mut ann, "ann").await;
    }
}

#[tokio::test]
async fn a_group_that_is_left_while_the_socket_comes_in_is_not_entered() {
    let world = World::new().await;
    let node = world.node().await;
    let mut witness = world.client(&node, "bob").await;
    world.fakes.groups.add("room", &["ann"]);
    world.fakes.groups.add("gone", &["ann"]);
    world.fakes.groups.add("kept", &["ann"]);
    let (mut ann, _) = half_way_in(&world, &node).await;
    world.membership("room", "ann", MembershipAction::Kicked).await;
    world.group_changed("gone", "x", ChangeKind::Deleted).await;
    // The node has dealt with both.
    world.nothing_came(&mut witness, "bob").await;
    world.fakes.groups.answers.open();

    assert_eq!(ann.frame().await["type"], "auth");
    world.send(&to_group("x", "room", 1)).await;
    world.send(&to_group("x", "gone", 2)).await;
    world.send(&to_group("x", "kept", 3)).await;
    assert_eq!(ann.hear().await, "3");
}

#[tokio::test]
async fn a_group_that_is_joined_while_the_socket_comes_in_is_entered() {
    let world = World::new().await;
    let node = world.node().await;
    let mut witness = world.client(&node, "bob").await;
    let (mut ann, _) = half_way_in(&world, &node).await;
    world.membership("room", "ann", MembershipAction::Left).await;
    world.membership("room", "ann", MembershipAction::Joined).await;
    world.nothing_came(&mut witness, "bob").await;
    world.fakes.groups.answers.open();
    assert_eq!(ann.frame().await["type"], "auth");
    world.until_heard(&room(&world), 1).await;
    world.send(&to_group("x", "room", 1)).await;
    assert_eq!(ann.hear().await, "1");
}

/// What was left, and joined again elsewhere, before the socket came is no reason to keep it out.
#[tokio::test]
async fn who_left_and_came_back_while_offline_hears_again() {
    let world = World::new().await;
    let node = world.node().await;
    let mut witness = world.client(&node, "bob").await;
    world.membership("room", "ann", MembershipAction::Left).await;
    world.membership("room", "ann", MembershipAction::Joined).await;
    world.membership("other", "ann", MembershipAction::Left).await;
    world.nothing_came(&mut witness, "bob").await;
    world.fakes.groups.add("room", &["ann"]);
    // By an import, say, of which this node has not heard yet.
    world.fakes.groups.add("other", &["ann"]);
    let mut ann = world.client(&node, "ann").await;
    world.send(&to_group("x", "room", 1)).await;
    assert_eq!(ann.hear().await, "1");
    world.send(&to_group("x", "other", 5)).await;
    assert_eq!(ann.hear().await, "5");
    world.fakes.groups.remove("room", "ann");
}

#[tokio::test]
async fn a_credential_that_ends_while_the_socket_comes_in_does_not_let_it_in() {
    let world = World::new().await;
    let node = world.node().await;
    let mut witness = world.client(&node, "bob").await;
    let (mut ann, token_id) = half_way_in(&world, &node).await;
    world.revoked("ann", &[&token_id]).await;
    world.nothing_came(&mut witness, "bob").await;
    world.fakes.groups.answers.open();
    assert_eq!(ann.next().await, Got::Closed(4101));
}
