//! Users who come online and go: told to Redis, and to whoever wants to know.
//!
//! Sockets open and close in any order and at once, so nobody tells what happened: users are marked, and one task looks
//! what is true now and stores that. So a socket that closes can't undo one that opened a moment later, and a thousand
//! users cost a few commands.
//!
//! Who has no socket any more is looked at a moment later, and is online until then: clients that move from one node to
//! another, or reconnect at once, never went, for nobody.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use halley_bus::{Channel, Outgoing};
use halley_contracts::{
    events::v1::{PresenceChanged, event::Body},
    identity::v1::{BatchGetUsersRequest, TouchUsersRequest, User, identity_service_client::IdentityServiceClient},
};
use halley_kit::{Caller, time, transport::MESSAGE_MAX_BYTES};
use prost::Message as _;
use tokio::sync::Notify;

use crate::{error::GatewayError, hub::lock, node::Node};

/// Most users of one round.
const BATCH: usize = 500;
/// How long to wait when Redis does not answer.
const PAUSE: Duration = Duration::from_millis(500);

/// App id and uid.
type Who = (String, String);

/// Users whose presence may have changed. At most as many as have had a socket.
pub struct Comings {
    grace: Duration,
    marked: Mutex<HashSet<Who>>,
    later: Mutex<Later>,
    wake: Notify,
}

/// Who will be marked.
#[derive(Default)]
struct Later {
    /// In the order of that. Of a user who came and went again meanwhile only the last one counts.
    turns: VecDeque<(Instant, Who)>,
    due: HashMap<Who, Instant>,
}

impl Comings {
    /// Nobody yet. Who has no socket any more is given `grace` to come back.
    pub fn new(grace: Duration) -> Self {
        Self { grace, marked: Mutex::default(), later: Mutex::default(), wake: Notify::new() }
    }

    /// Says that a user's presence may have changed.
    pub fn mark(&self, app_id: &str, uid: &str) {
        lock(&self.marked).insert((app_id.to_owned(), uid.to_owned()));
        self.wake.notify_one();
    }

    /// Says that a user's last socket may have closed.
    pub fn mark_later(&self, app_id: &str, uid: &str) {
        self.mark_at(Instant::now() + self.grace, (app_id.to_owned(), uid.to_owned()));
        self.wake.notify_one();
    }

    fn mark_at(&self, due: Instant, who: Who) {
        let mut later = lock(&self.later);
        // One turn for each user: it goes back to the end when the time has moved on.
        if later.due.insert(who.clone(), due).is_none() {
            later.turns.push_back((due, who));
        }
    }

    /// Whether a user who has no socket may still come back.
    fn is_given_grace(&self, app_id: &str, uid: &str) -> bool {
        lock(&self.later).due.contains_key(&(app_id.to_owned(), uid.to_owned()))
    }

    /// Marks whose grace is over; answers how long the next one's lasts.
    fn mark_due(&self, now: Instant) -> Option<Duration> {
        let mut later = lock(&self.later);
        while let Some((due, who)) = later.turns.pop_front() {
            if due > now {
                later.turns.push_front((due, who));
                return Some(due.duration_since(now));
            }
            match later.due.get(&who).copied() {
                Some(moved) if moved > now => later.turns.push_back((moved, who)),
                Some(_) => {
                    later.due.remove(&who);
                    lock(&self.marked).insert(who);
                }
                None => {}
            }
        }
        None
    }

    fn has_marked(&self) -> bool {
        !lock(&self.marked).is_empty()
    }

    fn take(&self) -> HashMap<String, Vec<String>> {
        let mut marked = lock(&self.marked);
        let some: Vec<Who> = marked.iter().take(BATCH).cloned().collect();
        let mut by_app: HashMap<String, Vec<String>> = HashMap::new();
        for who in some {
            marked.remove(&who);
            by_app.entry(who.0).or_default().push(who.1);
        }
        by_app
    }
}

/// Runs the task until the node has ended.
pub fn start(node: Arc<Node>) {
    let lifecycle = node.lifecycle.clone();
    lifecycle.spawn("comings and goings", async move {
        loop {
            // A long time where there is nobody: the wake-up comes before.
            let next = node.comings.mark_due(Instant::now()).unwrap_or(Duration::from_secs(3600));
            if !node.comings.has_marked() {
                tokio::select! {
                    () = node.ended.cancelled() => return,
                    () = node.comings.wake.notified() => {}
                    () = tokio::time::sleep(next) => {}
                }
                continue;
            }
            while !settle(&node).await {
                tokio::select! {
                    () = node.ended.cancelled() => return,
                    () = tokio::time::sleep(PAUSE) => {}
                }
            }
        }
    });
}

/// Stores what is true of the marked users. False when Redis does not answer: then they stay marked.
async fn settle(node: &Node) -> bool {
    loop {
        let by_app = node.comings.take();
        if by_app.is_empty() {
            return true;
        }
        let mut left = by_app.into_iter();
        while let Some((app_id, uids)) = left.next() {
            let Err(error) = settle_app(node, &app_id, &uids).await else { continue };
            tracing::warn!(%error, "presence is not up to date");
            for (app_id, uids) in std::iter::once((app_id, uids)).chain(left) {
                uids.iter().for_each(|uid| node.comings.mark(&app_id, uid));
            }
            return false;
        }
    }
}

async fn settle_app(node: &Node, app_id: &str, uids: &[String]) -> Result<(), GatewayError> {
    let is_here = |uid: &str| node.hub.room(&Channel::user(app_id, uid)).is_some();
    let users = uids.iter().map(|uid| (uid.clone(), is_here(uid)));
    // Who left again before this was looked at is marked when the grace is over.
    let users: Vec<(String, bool)> =
        users.filter(|(uid, online)| *online || !node.comings.is_given_grace(app_id, uid)).collect();
    if users.is_empty() {
        return Ok(());
    }
    let changed = node.presence.change(app_id, &users).await?;
    let (mut came, mut went) = (Vec::new(), Vec::new());
    for ((uid, online), changed) in users.into_iter().zip(changed) {
        match (changed, online) {
            (true, true) => came.push(uid),
            (true, false) => went.push(uid),
            (false, _) => {}
        }
    }
    node.activity.came(app_id, &came);
    announce(node, app_id, came, true).await;
    announce(node, app_id, went, false).await;
    Ok(())
}

/// Tells that users came online or went.
async fn announce(node: &Node, app_id: &str, uids: Vec<String>, online: bool) {
    if uids.is_empty() {
        return;
    }
    let now = time::now_ms();
    if !online {
        touch(node, app_id, &uids, now).await;
    }
    match node.presence.is_watched(app_id).await {
        Ok(false) => return,
        Ok(true) => {}
        Err(error) => tracing::debug!(%error, "not known whether anybody listens"),
    }
    let mut known = look_up(node, app_id, &uids).await;
    let items: Vec<Outgoing> = uids
        .into_iter()
        .map(|uid| {
            let mut user = known.remove(&uid).unwrap_or(User { uid, ..Default::default() });
            user.last_active_at_ms = now;
            let body = Body::PresenceChanged(PresenceChanged { user: Some(user), online });
            let payload = halley_bus::event(app_id, "", body).encode_to_vec().into();
            Outgoing { channels: vec![Channel::presence(app_id)], durable: false, payload }
        })
        .collect();
    if let Err(error) = node.bus.publish(&items).await {
        tracing::warn!(%error, users = items.len(), "nobody is told who came or went");
    }
}

/// When they were last seen.
async fn touch(node: &Node, app_id: &str, uids: &[String], seen_at_ms: i64) {
    let request = TouchUsersRequest { uids: uids.to_vec(), seen_at_ms };
    let mut identity = IdentityServiceClient::new(node.identity.clone()).max_decoding_message_size(MESSAGE_MAX_BYTES);
    if let Err(status) = identity.touch_users(Caller::system(app_id).request(request)).await {
        tracing::warn!(%status, users = uids.len(), "last-active times are not kept");
    }
}

/// Who the uids are, as far as that can be found out.
async fn look_up(node: &Node, app_id: &str, uids: &[String]) -> HashMap<String, User> {
    let request = BatchGetUsersRequest { uids: uids.to_vec() };
    let mut identity = IdentityServiceClient::new(node.identity.clone()).max_decoding_message_size(MESSAGE_MAX_BYTES);
    match identity.batch_get_users(Caller::system(app_id).request(request)).await {
        Ok(answer) => answer.into_inner().users.into_iter().map(|user| (user.uid.clone(), user)).collect(),
        Err(status) => {
            tracing::warn!(%status, "users are told of by their uids only");
            HashMap::new()
        }
    }
}

/// Removes what a node left behind, and tells which users are offline by that. Its lease must have ended.
pub async fn retire(node: &Node, node_id: &str) -> Result<(), GatewayError> {
    for app_id in node.presence.apps_of(node_id).await? {
        for uids in node.presence.take(&app_id, node_id).await?.chunks(BATCH) {
            let online: HashSet<String> = node.presence.of(&app_id, uids).await?.into_iter().collect();
            let gone = uids.iter().filter(|uid| !online.contains(*uid)).cloned().collect();
            announce(node, &app_id, gone, false).await;
        }
    }
    node.presence.forget(node_id).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grace_begins_anew_with_each_going() {
        let begun = Instant::now();
        let at = |ms| begun + Duration::from_millis(ms);
        let who = || ("app".to_owned(), "ann".to_owned());
        let comings = Comings::new(Duration::from_millis(500));
        comings.mark_at(at(500), who());
        comings.mark_at(at(980), who());
        assert_eq!(comings.mark_due(at(400)), Some(Duration::from_millis(100)));
        assert_eq!(comings.mark_due(at(500)), Some(Duration::from_millis(480)), "she was here since");
        assert!(!comings.has_marked() && comings.is_given_grace("app", "ann"));
        assert_eq!(comings.mark_due(at(980)), None);
        assert!(comings.has_marked() && !comings.is_given_grace("app", "ann"));
        assert!(comings.take()["app"].contains(&"ann".to_owned()));
    }
}
