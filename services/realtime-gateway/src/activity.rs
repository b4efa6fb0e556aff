//! Who came online and how many are, for the app's statistics: gathered here and told to messaging every few seconds, so
//! that a thousand logins cost one call.
//!
//! The number of those online only grows by somebody's coming, so it is counted after that; a peak that lasts less than a
//! round may be missed. Apps where nobody comes are counted now and then. What a node gathered since its last round is
//! lost with it.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use halley_contracts::messaging::v1::{RecordOnlineRequest, metrics_service_client::MetricsServiceClient};
use halley_kit::Caller;
use halley_model::limits;

use crate::{hub::lock, node::Node};

/// How often what was gathered is told.
const ROUND: Duration = Duration::from_secs(2);
/// How often every app with sockets is counted: less than the hour that a peak is kept for.
const EVERYBODY: Duration = Duration::from_secs(600);
/// Most users that wait to be told of; later ones are not counted.
const WAITING_MAX: usize = 200_000;

/// Users who came online since the last round, by app.
#[derive(Default)]
pub struct Activity {
    came: Mutex<HashMap<String, HashSet<String>>>,
}

impl Activity {
    /// Takes note of users whose first socket opened.
    pub fn came(&self, app_id: &str, uids: &[String]) {
        if uids.is_empty() {
            return;
        }
        let mut came = lock(&self.came);
        let waiting: usize = came.values().map(HashSet::len).sum();
        if waiting + uids.len() > WAITING_MAX {
            metrics::counter!("halley_gateway_activity_dropped_total").increment(uids.len() as u64);
            return;
        }
        came.entry(app_id.to_owned()).or_default().extend(uids.iter().cloned());
    }

    fn take(&self) -> HashMap<String, HashSet<String>> {
        std::mem::take(&mut *lock(&self.came))
    }
}

/// Runs the rounds until the node has ended.
pub fn start(node: Arc<Node>) {
    let lifecycle = node.lifecycle.clone();
    lifecycle.spawn("counts of who is online", async move {
        let mut everybody = Instant::now() + EVERYBODY;
        loop {
            tokio::select! {
                () = node.ended.cancelled() => return,
                () = tokio::time::sleep(ROUND) => {}
            }
            let mut came = node.activity.take();
            if Instant::now() >= everybody {
                everybody = Instant::now() + EVERYBODY;
                for socket in node.hub.all() {
                    if let Some(identity) = socket.identity() {
                        came.entry(identity.app_id.clone()).or_default();
                    }
                }
            }
            for (app_id, uids) in came {
                tell(&node, &app_id, uids.into_iter().collect()).await;
            }
        }
    });
}

/// Tells messaging; who can't be told of is told of in the next round.
async fn tell(node: &Node, app_id: &str, uids: Vec<String>) {
    let online_users = match node.presence.count(app_id).await {
        Ok(count) => i64::try_from(count).unwrap_or(i64::MAX),
        Err(error) => {
            tracing::debug!(%error, "not known how many are online");
            node.activity.came(app_id, &uids);
            return;
        }
    };
    let mut metrics = MetricsServiceClient::new(node.messaging.clone());
    // Once also for nobody: the number alone.
    let mut rest = uids.as_slice();
    loop {
        let (now, later) = rest.split_at(rest.len().min(limits::BATCH_MAX));
        let request = RecordOnlineRequest { uids: now.to_vec(), online_users };
        if let Err(status) = metrics.record_online(Caller::system(app_id).request(request)).await {
            tracing::debug!(%status, "who is online is not counted yet");
            node.activity.came(app_id, rest);
            return;
        }
        if later.is_empty() {
            return;
        }
        rest = later;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_bounded_and_nobody_waits_twice() {
        let activity = Activity::default();
        activity.came("a", &["ann".to_owned(), "bob".to_owned()]);
        activity.came("a", &["ann".to_owned()]);
        activity.came("b", &["ann".to_owned()]);
        activity.came("b", &[]);
        let many: Vec<String> = (0..WAITING_MAX).map(|n| n.to_string()).collect();
        activity.came("a", &many);
        let came = activity.take();
        assert_eq!((came["a"].len(), came["b"].len()), (2, 1));
        assert!(activity.take().is_empty());
    }
}
