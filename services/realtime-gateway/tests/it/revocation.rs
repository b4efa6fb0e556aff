//! A credential that ends closes its sockets, on every node, within a second.

use std::time::{Duration, Instant};

use halley_bus::Channel;
use halley_contracts::events::v1::ChangeKind;
use halley_realtime_gateway::GatewayConfig;

use crate::{
    slow::fill,
    support::{
        World,
        client::{Client, auth},
    },
};

const WITHIN: Duration = Duration::from_secs(1);

async fn closed_in_time(clients: &mut [Client], begun: Instant) {
    for client in clients {
        assert_eq!(client.closed().await, 4101);
    }
    assert!(begun.elapsed() < WITHIN, "took {:?}", begun.elapsed());
}

#[tokio::test]
async fn the_sockets_of_a_token_are_closed_and_no_others() {
    let world = World::new().await;
    let other = world.other_app().await;
    let nodes = [world.node().await, world.node().await];
    let (token, token_id) = world.log_in("ann", "phone");
    let mut on_token = [
        Client::authenticated(nodes[0].address, &world.app, "phone", &token).await,
        Client::authenticated(nodes[1].address, &world.app, "phone", &token).await,
    ];
    let mut others = [
        world.device(&nodes[0], "ann", "desk").await,
        world.client(&nodes[1], "bob").await,
        other.client(&nodes[0], "ann").await,
    ];
    let begun = Instant::now();
    // Of another user, or of nobody: not this socket's.
    world.revoked("bob", &[&token_id]).await;
    world.revoked("", &[&token_id]).await;
    world.revoked("ann", &["another", &token_id]).await;
    closed_in_time(&mut on_token, begun).await;
    for client in &mut others {
        client.is_alive().await;
    }
}

#[tokio::test]
async fn all_sockets_of_a_user_end_with_all_tokens_and_with_the_user() {
    let world = World::new().await;
    let nodes = [world.node().await, world.node().await];
    let mut bob = world.client(&nodes[0], "bob").await;
    for kind in [None, Some(ChangeKind::Deactivated), Some(ChangeKind::Deleted)] {
        let mut ann = [world.client(&nodes[0], "ann").await, world.client(&nodes[1], "ann").await];
        let begun = Instant::now();
        match kind {
            None => world.revoked("ann", &[]).await,
            Some(kind) => world.user_changed("ann", kind).await,
        }
        closed_in_time(&mut ann, begun).await;
    }
    // Changes that end nothing; and whoever logs in afterwards is let in at once.
    let mut ann = world.client(&nodes[0], "ann").await;
    world.user_changed("ann", ChangeKind::Updated).await;
    world.user_changed("ann", ChangeKind::Reactivated).await;
    world.nothing_came(&mut ann, "ann").await;
    bob.is_alive().await;
}

#[tokio::test]
async fn also_a_socket_that_does_not_read_ends() {
    let world = World::new().await;
    // What it does not read is waiting, and not yet too much.
    let node = world.node_with(GatewayConfig { socket_queue_bytes: 64 * 1024 * 1024, ..Default::default() }).await;
    let (token, token_id) = world.log_in("ann", "phone");
    let client = Client::open_narrow(node.address).await;
    let client = client.admitted(auth(&world.app, "phone", &token)).await;
    fill(&world, "ann", 200).await;
    let room = Channel::user(&world.app, "ann");
    world.until_heard(&room, 1).await;
    let begun = Instant::now();
    world.revoked("ann", &[&token_id]).await;
    // Its room closes with it: nothing more is kept for it.
    world.until_heard(&room, 0).await;
    assert!(begun.elapsed() < WITHIN, "took {:?}", begun.elapsed());
    drop(client);
}
