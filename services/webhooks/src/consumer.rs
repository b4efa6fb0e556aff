//! The reader of durable events: rows of deliveries are stored before an event is acknowledged.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use chrono::TimeDelta;
use halley_bus::{Bus, consumer};
use halley_contracts::events::v1::{ChangeKind, Event, event::Body};
use halley_kit::{Lifecycle, time};
use tokio_util::sync::CancellationToken;

use crate::{
    body::{self, Known, Told},
    error::Result,
    happening::{self, Happening, call_data},
    service::Webhooks,
    store::{
        deliveries::{self, NewDelivery},
        erasures,
    },
    targets::Target,
};

/// The consumer group of all instances of this service.
const GROUP: &str = "webhooks";
/// Between two tries while the database or another service is away.
const PAUSE: Duration = Duration::from_secs(1);

/// Reads events until the end of the process.
pub(crate) fn start(webhooks: Arc<Webhooks>, bus: Bus, lifecycle: &Lifecycle) {
    let stopping = lifecycle.stopping();
    lifecycle.spawn("reader of durable events", async move {
        let name = uuid::Uuid::new_v4().to_string();
        let handle = |event: Event| {
            let (webhooks, stopping) = (Arc::clone(&webhooks), stopping.clone());
            async move { webhooks.handle(event, &stopping).await }
        };
        consumer::run(bus, GROUP, &name, stopping.clone(), handle).await;
    });
}

impl Webhooks {
    /// Stores what an event means for webhooks. While the database or another service is away it is tried for as long as
    /// that takes: after some tries an event is put aside, and nobody would be told of it.
    async fn handle(&self, event: Event, stopping: &CancellationToken) -> Result<()> {
        loop {
            match self.apply(&event).await {
                Err(error) if error.is_passing() => {
                    tracing::warn!(%error, event = %event.id, "webhooks are not told now; trying again");
                    tokio::select! {
                        // Not acknowledged: it comes again with the next start.
                        () = stopping.cancelled() => return Err(error),
                        () = tokio::time::sleep(PAUSE) => {}
                    }
                }
                outcome => return outcome,
            }
        }
    }

    async fn apply(&self, event: &Event) -> Result<()> {
        if let Some(Body::UserChanged(changed)) = &event.body
            && changed.kind() == ChangeKind::Deleted
            && let Some(user) = &changed.user
        {
            let has_webhooks = !self.targets.of(&event.app_id).await?.targets.is_empty();
            return Ok(erasures::ask_for(&self.pool, &event.app_id, &user.uid, has_webhooks).await?);
        }
        let happenings = happening::of(event);
        if happenings.is_empty() || self.is_history(event) {
            return Ok(());
        }
        let app = self.targets.of(&event.app_id).await?;
        if app.targets.is_empty() {
            return Ok(());
        }
        let to = |happening: Happening| {
            let targets = body::receivers(&app.targets, &happening, event.occurred_at_ms);
            (!targets.is_empty()).then_some((happening, targets))
        };
        let wanted: Vec<(Happening, Vec<&Target>)> = happenings.into_iter().filter_map(to).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let known = self.known(event, &wanted).await?;
        let (mut rows, mut uids) = (Vec::new(), BTreeSet::new());
        for (happening, targets) in &wanted {
            let Some(told) = Told::new(event, happening, &known, &app.region) else { continue };
            uids.extend(told.uids());
            for target in targets {
                rows.push(NewDelivery {
                    webhook_id: target.webhook_id.clone(),
                    trigger_id: happening.trigger.to_owned(),
                    entity: happening.entity.clone(),
                    payload: told.to(&target.webhook_id)?,
                });
            }
        }
        let uids: Vec<String> = uids.into_iter().collect();
        deliveries::insert(&self.pool, &event.app_id, &rows, &uids).await?;
        self.wake.notify_one();
        Ok(())
    }

    /// Whether an event is from before anything was told here, or from longer ago than deliveries are kept: the stream
    /// holds events for a long time, and a new reader begins at its beginning.
    fn is_history(&self, event: &Event) -> bool {
        let kept = time::now() - TimeDelta::days(self.config.keep_days.into());
        // Clocks of two machines are not the same.
        let since = self.began_at - TimeDelta::seconds(5);
        event.occurred_at_ms < time::to_ms(since.max(kept))
    }

    /// Asks for what the event does not hold and its bodies need.
    async fn known(&self, event: &Event, wanted: &[(Happening, Vec<&Target>)]) -> Result<Known> {
        let mut known = Known::default();
        let mut uids = body::unknown_users(event);
        let ends_call = wanted.iter().any(|(happening, _)| happening.trigger == "call_ended");
        if ends_call && let Some(Body::MessageSent(sent)) = &event.body {
            let session = sent.message.as_ref().map(|message| call_data(message).call.sessionid).unwrap_or_default();
            known.participants = self.people.participants(&event.app_id, &session).await?;
            uids.extend(known.participants.iter().map(|participant| participant.uid.clone()));
        }
        known.users = self.people.users(&event.app_id, uids).await?;
        Ok(known)
    }
}
