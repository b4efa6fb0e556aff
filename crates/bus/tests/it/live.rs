//! Live channels.

use halley_bus::{Channel, Delivery, Outgoing};
use halley_launcher::{PrivateRedis, RedisOptions};
use halley_testkit::{eventually, unique, within};
use prost::Message as _;
use tokio_util::sync::CancellationToken;

use crate::support::{bus, bus_at, event, next};

#[tokio::test]
async fn what_is_published_after_subscribing_arrives_in_order() {
    let bus = bus().await;
    let app = unique("a");
    let (subscriptions, mut feed) = bus.subscriber(CancellationToken::new());
    let channels: Vec<Channel> = (0..2500).map(|n| Channel::group(&app, &format!("g{n}"))).collect();
    subscriptions.subscribe(channels.clone()).await.expect("subscribed");

    let items: Vec<Outgoing> = (0..300)
        .map(|n| Outgoing {
            channels: vec![channels[n * 7].clone()],
            durable: false,
            payload: event(&format!("n{n}")).encode_to_vec().into(),
        })
        .collect();
    bus.publish(&items).await.expect("published");

    for (n, item) in items.iter().enumerate() {
        let (channel, event) = next(&mut feed).await;
        assert_eq!((&channel, event.app_id), (&item.channels[0], format!("n{n}")));
    }
}

#[tokio::test]
async fn what_is_given_back_is_not_heard_any_more() {
    let bus = bus().await;
    let app = unique("a");
    let (subscriptions, mut feed) = bus.subscriber(CancellationToken::new());
    let (gone, kept) = (Channel::user(&app, "gone"), Channel::user(&app, "kept"));
    subscriptions.subscribe(vec![gone.clone(), kept.clone()]).await.expect("subscribed");
    subscriptions.unsubscribe(vec![gone.clone()]);
    // Subscribing waits for its answer, which comes after the end of the other.
    subscriptions.subscribe(vec![Channel::presence(&app)]).await.expect("subscribed");

    let payload: bytes::Bytes = event(&app).encode_to_vec().into();
    let item =
        |channel: &Channel| Outgoing { channels: vec![channel.clone()], durable: false, payload: payload.clone() };
    bus.publish(&[item(&gone), item(&kept)]).await.expect("published");

    assert_eq!(next(&mut feed).await.0, kept);
}

#[tokio::test]
async fn a_cut_feed_says_so_and_is_restored() {
    let directory = tempfile::Builder::new().prefix("halley-bus-").tempdir().expect("dir");
    std::fs::set_permissions(directory.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711)).expect("mode");
    let options = |port| RedisOptions { data_dir: directory.path().join("redis"), durable: false, port };
    let redis = PrivateRedis::start(options(None)).await.expect("start");
    let port = redis.port();
    let bus = bus_at(&redis.url()).await;
    let (subscriptions, mut feed) = bus.subscriber(CancellationToken::new());
    let channel = Channel::user("app", "ann");
    subscriptions.subscribe(vec![channel.clone()]).await.expect("subscribed");

    redis.stop().await.expect("stop");
    let lost = within("word of the cut", feed.recv()).await;
    assert!(matches!(lost, Some(Delivery::Lost)), "{lost:?}");
    let item =
        Outgoing { channels: vec![channel.clone()], durable: false, payload: event("late").encode_to_vec().into() };
    within("a quick failure", bus.publish(std::slice::from_ref(&item))).await.expect_err("Redis is down");
    let _redis = PrivateRedis::start(options(Some(port))).await.expect("start again");

    let back = within("word of the restoration", feed.recv()).await;
    assert!(matches!(back, Some(Delivery::Gap)), "{back:?}");
    eventually("commands work again", async || bus.publish(std::slice::from_ref(&item)).await.ok()).await;
    assert_eq!(next(&mut feed).await.1.app_id, "late");
}
