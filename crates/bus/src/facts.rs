//! Keeping caches true by the feed of facts.

use halley_contracts::events::v1::Event;
use prost::Message as _;
use tokio_util::sync::CancellationToken;

use crate::{Bus, BusError, Channel, Delivery};

/// What a cache is told.
pub enum Fact<'a> {
    /// Something changed.
    Event(&'a Event),
    /// The feed is cut: nothing cached is certain.
    Lost,
    /// The feed is whole again; what was cached before is still to be dropped.
    Gap,
}

/// Runs until `shutdown`: calls `on_fact` for each event of [`Channel::facts`], and when the feed is cut or whole again.
/// Returns once the first subscription stands, so that caches filled from then on are kept true.
pub async fn watch_facts(
    bus: &Bus,
    shutdown: CancellationToken,
    on_fact: impl Fn(Fact<'_>) + Send + 'static,
) -> Result<(), BusError> {
    let (subscriptions, mut deliveries) = bus.subscriber(shutdown);
    subscriptions.subscribe(vec![Channel::facts()]).await?;
    tokio::spawn(async move {
        // Kept, or the subscriber would end.
        let _subscriptions = subscriptions;
        while let Some(delivery) = deliveries.recv().await {
            match delivery {
                Delivery::Lost => on_fact(Fact::Lost),
                Delivery::Gap => on_fact(Fact::Gap),
                Delivery::Message { payload, .. } => match Event::decode(payload) {
                    Ok(event) => on_fact(Fact::Event(&event)),
                    Err(error) => {
                        tracing::error!(%error, "a fact can't be read; caches are dropped");
                        on_fact(Fact::Lost);
                        on_fact(Fact::Gap);
                    }
                },
            }
        }
    });
    Ok(())
}
