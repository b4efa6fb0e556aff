//! What this service does when users end: their tokens end with them, and what operators did names them no more, but for
//! the deletion.

use std::sync::Arc;

use halley_bus::{Bus, consumer};
use halley_contracts::events::v1::{ChangeKind, Event, event::Body};
use halley_kit::{Lifecycle, time};

use crate::{Auth, error::AuthError, rpc, store};

/// How far the clocks of two machines may be apart.
const SKEW_MS: i64 = 5000;

/// Reads durable events until the end.
pub fn start(auth: Arc<Auth>, bus: Bus, lifecycle: &Lifecycle) {
    let stopping = lifecycle.stopping();
    let name = uuid::Uuid::new_v4().to_string();
    lifecycle.spawn("auth consumer", async move {
        let handle = |event: Event| {
            let auth = Arc::clone(&auth);
            async move { act(&auth, event).await }
        };
        consumer::run(bus, "auth", &name, stopping, handle).await;
    });
}

async fn act(auth: &Auth, event: Event) -> Result<(), AuthError> {
    let Some(Body::UserChanged(changed)) = event.body else { return Ok(()) };
    if !matches!(changed.kind(), ChangeKind::Deleted | ChangeKind::Deactivated) {
        return Ok(());
    }
    let changed_kind = changed.kind();
    let Some(user) = changed.user else { return Ok(()) };
    // An event may come late or twice: tokens of a user who is back by then are left alone.
    let until = time::from_ms(event.occurred_at_ms.saturating_add(SKEW_MS));
    rpc::tokens::flush(auth, &event.app_id, &user.uid, until).await?;
    if changed_kind == ChangeKind::Deleted {
        let until = until.unwrap_or_else(time::now);
        while store::operator_actions::unname(&auth.pool, &event.app_id, &user.uid, until).await? {}
    }
    Ok(())
}
