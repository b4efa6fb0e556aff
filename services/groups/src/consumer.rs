//! What this service does when users are deleted: they are out of all groups. A deactivated user stays in.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use halley_bus::{Bus, consumer};
use halley_contracts::{
    events::v1::{ChangeKind, Event, event::Body},
    groups::v1::MembershipAction,
};
use halley_kit::{Lifecycle, time};
use halley_model::APP_SYSTEM_UID;

use crate::{
    error::Result,
    events::{self, Change, Origin},
    service::Groups,
    store::departures::{self, Leaver},
};

/// How far the clocks of two machines may be apart.
const SKEW_MS: i64 = 5000;
/// Groups that one transaction takes a user out of.
const GROUPS_AT_ONCE: i64 = 200;

/// Reads durable events until the end.
pub(crate) fn start(groups: Arc<Groups>, bus: Bus, lifecycle: &Lifecycle) {
    let stopping = lifecycle.stopping();
    let name = uuid::Uuid::new_v4().to_string();
    lifecycle.spawn("groups consumer", async move {
        let handle = |event: Event| {
            let groups = Arc::clone(&groups);
            async move { act(&groups, event).await }
        };
        consumer::run(bus, "groups", &name, stopping, handle).await;
    });
}

async fn act(groups: &Groups, event: Event) -> Result<()> {
    let Some(Body::UserChanged(changed)) = event.body else { return Ok(()) };
    if changed.kind() != ChangeKind::Deleted {
        return Ok(());
    }
    let Some(user) = changed.user else { return Ok(()) };
    // The app owns groups by this uid and can't be deleted.
    if user.uid.is_empty() || user.uid == APP_SYSTEM_UID {
        return Ok(());
    }
    // An event may come late or twice: what a user of the same uid has joined since is left alone.
    let until = time::from_ms(event.occurred_at_ms.saturating_add(SKEW_MS)).unwrap_or_else(time::now);
    while remove_from_some(groups, &event.app_id, &user.uid, until).await? {}
    Ok(departures::unname(&groups.pool, Leaver { app_id: &event.app_id, uid: &user.uid, until }).await?)
}

/// Takes a user out of some groups; false when there are none left. What they owned is the app's from now on.
async fn remove_from_some(groups: &Groups, app_id: &str, uid: &str, until: DateTime<Utc>) -> Result<bool> {
    let mut transaction = halley_kit::postgres::begin(&groups.pool).await?;
    let now = time::now();
    let leaver = Leaver { app_id, uid, until };
    let departures = departures::remove_from_groups(&mut transaction, leaver, GROUPS_AT_ONCE, now).await?;
    let Some(departures) = departures else { return Ok(false) };
    let origin = Origin::system(app_id);
    let mut entries = Vec::new();
    for departure in departures {
        let group = departure.group.into();
        if let Some(was) = departure.was {
            // The app removed the user, so it is the app that acts: the user can't be shown as the sender any more.
            let change = Change { action: MembershipAction::Kicked, uid, before: Some(was), after: None, at: now };
            entries.push(events::membership(origin, &group, change).1);
        }
        if departure.owned {
            entries.push(events::group_updated(origin, uid, group));
        }
    }
    groups.commit(transaction, &entries).await?;
    Ok(true)
}
