//! Redis fails.

use crate::support::{OwnRedis, World, client::Got, to_user};

#[tokio::test]
async fn after_a_cut_of_the_feed_sockets_are_told_to_sync_and_come_back() {
    let own = OwnRedis::new();
    let redis = own.start(None).await;
    let port = redis.port();
    let world = World::on_redis(&redis.url()).await;
    let node = world.node().await;
    let mut ann = world.client(&node, "ann").await;
    redis.stop().await.unwrap();
    ann.is_alive().await;
    let _redis = own.start(Some(port)).await;

    assert_eq!(ann.next().await, Got::Closed(4000));
    let mut ann = world.client(&node, "ann").await;
    halley_testkit::eventually("commands work again", async || world.bus.ping().await.ok()).await;
    world.send(&to_user("bob", "ann", 1)).await;
    assert_eq!(ann.hear().await, "1");
    // Redis came back empty; who is there is stored again.
    world.until_online(&node, "ann", true).await;
}
