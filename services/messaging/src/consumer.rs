//! The reader of durable events: what a crashed edge did not record is recorded here.

use std::sync::Arc;

use halley_bus::{Bus, consumer};
use halley_contracts::{
    events::v1::{ChangeKind, Event, GroupChanged, event::Body},
    groups::v1::MembershipEvent,
};
use halley_kit::{Lifecycle, time};
use halley_model::{APP_SYSTEM_UID, ConversationKey};

use crate::{
    error::Result,
    service::Messaging,
    store::{
        begin_batch,
        conversations::{self, Wanted},
        departures, erasures,
        participants::{self, Change},
    },
};

/// The consumer group of all instances of this service.
const GROUP: &str = "messaging";

/// Reads events until the end of the process.
pub(crate) fn start(messaging: Arc<Messaging>, bus: Bus, lifecycle: &Lifecycle) {
    let stopping = lifecycle.stopping();
    lifecycle.spawn("reader of durable events", async move {
        let name = uuid::Uuid::new_v4().to_string();
        let handle = |event: Event| {
            let messaging = Arc::clone(&messaging);
            async move { messaging.handle(event).await }
        };
        consumer::run(bus, GROUP, &name, stopping, handle).await;
    });
}

impl Messaging {
    /// Stores what an event means here. Safe to repeat. An event that can never be stored is logged and passed over.
    async fn handle(&self, event: Event) -> Result<()> {
        let id = event.id.clone();
        match self.apply(event).await {
            Err(error) if error.is_of_item() => {
                tracing::error!(%error, event = %id, "an event is passed over");
                Ok(())
            }
            outcome => outcome,
        }
    }

    async fn apply(&self, event: Event) -> Result<()> {
        let Event { id, app_id, occurred_at_ms, body: Some(body), .. } = event else { return Ok(()) };
        match body {
            Body::MembershipChanged(change) => {
                let event = MembershipEvent { event_id: id, occurred_at_ms, change: Some(change) };
                self.record_membership(&app_id, event).await?;
            }
            Body::MembersImported(imported) => {
                self.add_members(&app_id, &imported.guid, &imported.uids, occurred_at_ms).await?;
            }
            Body::GroupChanged(changed) => self.apply_group(&app_id, changed, occurred_at_ms).await?,
            Body::UserChanged(changed) if changed.kind() == ChangeKind::Deleted => {
                let uid = changed.user.unwrap_or_default().uid;
                let at = time::from_ms(occurred_at_ms).unwrap_or_else(time::now);
                departures::forget_user(&self.pool, &app_id, &uid, at).await?;
                conversations::retire_user(&self.pool, &app_id, &uid, at).await?;
                erasures::ask_for_user(&self.pool, &app_id, &uid, at).await?;
            }
            _ => {}
        }
        Ok(())
    }

    async fn apply_group(&self, app_id: &str, changed: GroupChanged, occurred_at_ms: i64) -> Result<()> {
        let kind = changed.kind();
        let Some(group) = changed.group else { return Ok(()) };
        match kind {
            // The owner is in it from the beginning, by no event of membership.
            ChangeKind::Created if group.owner != APP_SYSTEM_UID && !group.owner.is_empty() => {
                self.add_members(app_id, &group.guid, &[group.owner], occurred_at_ms).await
            }
            ChangeKind::Deleted => {
                let at = time::from_ms(occurred_at_ms).unwrap_or_else(time::now);
                departures::forget_group(&self.pool, app_id, &group.guid, at).await?;
                Ok(conversations::retire_group(&self.pool, app_id, &group.guid, at).await?)
            }
            _ => Ok(()),
        }
    }

    /// Gives users their places in a group's conversation, without action messages.
    async fn add_members(&self, app_id: &str, guid: &str, uids: &[String], occurred_at_ms: i64) -> Result<()> {
        let key = ConversationKey::group(guid);
        let at = time::from_ms(occurred_at_ms).unwrap_or_else(time::now);
        let mut connection = self.pool.acquire().await?;
        let wanted = [Wanted { app_id, key: &key, created_at: at }];
        conversations::create_missing(&mut connection, &wanted).await?;
        let mut transaction = begin_batch(connection).await?;
        let place = (app_id.to_owned(), key.storage());
        let locked = conversations::lock_conversations(&mut transaction, std::slice::from_ref(&place)).await?;
        let Some(conversation) = locked.get(&place) else { return Ok(()) };
        let changes: Vec<Change<'_>> = uids
            .iter()
            .map(|uid| Change {
                app_id,
                uid,
                conversation_id: conversation.conversation_id,
                joined_sequence: conversation.last_sequence,
                left_at: None,
                at,
            })
            .collect();
        participants::upsert_participants(&mut transaction, &changes).await?;
        transaction.commit().await?;
        Ok(())
    }
}
