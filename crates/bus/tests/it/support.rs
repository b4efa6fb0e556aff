//! A bus on the test run's Redis, or on one of a test's own that can be killed.

use halley_bus::{Bus, BusConfig, Channel, Delivery};
use halley_contracts::events::v1::{AppChanged, Event, event::Body};
use halley_testkit::within;
use prost::Message as _;
use tokio::sync::mpsc;

pub async fn bus() -> Bus {
    bus_at(&halley_testkit::redis_url().await).await
}

pub async fn bus_at(url: &str) -> Bus {
    let config = BusConfig { url: url.to_owned().into(), stream_max_len: 100_000 };
    Bus::connect(&config).await.expect("Redis answers")
}

/// An event that is told apart by its app id.
pub fn event(app_id: &str) -> Event {
    halley_bus::event(app_id, "", Body::AppChanged(AppChanged::default()))
}

/// The next event of a feed, with its channel.
pub async fn next(feed: &mut mpsc::Receiver<Delivery>) -> (Channel, Event) {
    within("a live event", async {
        loop {
            match feed.recv().await.expect("the feed goes on") {
                Delivery::Message { channel, payload } => return (channel, Event::decode(payload).expect("an event")),
                Delivery::Lost | Delivery::Gap => {}
            }
        }
    })
    .await
}
