//! Whose friends a socket wants to hear of.
//!
//! A socket asks for its user's friends when it comes in. After that facts say of whom it must be asked again: they
//! don't say what changed, and may come in another order than they happened, so one task looks what is true now.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use halley_bus::Channel;
use halley_contracts::{
    common::v1::PageRequest,
    identity::v1::{GetRelationRequest, ListFriendsRequest, identity_service_client::IdentityServiceClient},
};
use halley_kit::{Caller, transport::MESSAGE_MAX_BYTES};
use halley_model::limits;
use tokio::sync::Notify;
use tonic::Status;

use crate::{hub::lock, node::Node, socket::Socket};

/// Most friends of a user whose presence a socket is told: pages of a thousand.
const PAGES_MAX: i32 = 5;
/// Most pairs that wait to be looked at. Past that a socket may hear of somebody who is a friend no more.
const WAITING_MAX: usize = 50_000;
/// How long to wait when identity does not answer.
const PAUSE: Duration = Duration::from_millis(500);

/// The friends of one socket's user.
#[derive(Default)]
pub struct Friends(Mutex<Known>);

#[derive(Default)]
struct Known {
    uids: HashSet<String>,
    /// What was looked up while the list was asked for: it is newer.
    newer: Option<HashMap<String, bool>>,
}

impl Friends {
    /// Of a socket whose list is asked for now.
    pub fn loading() -> Self {
        Self(Mutex::new(Known { uids: HashSet::new(), newer: Some(HashMap::new()) }))
    }

    /// Whether somebody is one.
    pub fn has(&self, uid: &str) -> bool {
        lock(&self.0).uids.contains(uid)
    }

    fn set_all(&self, uids: impl IntoIterator<Item = String>) {
        let mut known = lock(&self.0);
        known.uids = uids.into_iter().collect();
        for (uid, is_friend) in known.newer.take().unwrap_or_default() {
            known.set(&uid, is_friend);
        }
    }

    fn set(&self, uid: &str, is_friend: bool) {
        let mut known = lock(&self.0);
        match &mut known.newer {
            Some(newer) => drop(newer.insert(uid.to_owned(), is_friend)),
            None => known.set(uid, is_friend),
        }
    }
}

impl Known {
    fn set(&mut self, uid: &str, is_friend: bool) {
        if is_friend {
            self.uids.insert(uid.to_owned());
        } else {
            self.uids.remove(uid);
        }
    }
}

/// App id and two uids.
type Pair = (String, String, String);

/// Pairs of users who may have become friends, or ceased to be.
#[derive(Default)]
pub struct Relations {
    marked: Mutex<HashSet<Pair>>,
    wake: Notify,
}

impl Relations {
    fn mark(&self, pair: Pair) {
        let mut marked = lock(&self.marked);
        if marked.len() >= WAITING_MAX {
            metrics::counter!("halley_gateway_relations_dropped_total").increment(1);
            return;
        }
        marked.insert(pair);
        drop(marked);
        self.wake.notify_one();
    }

    fn take(&self) -> HashSet<Pair> {
        std::mem::take(&mut *lock(&self.marked))
    }
}

/// Takes note of a changed relation, if a socket of either user wants to know.
pub fn changed(node: &Node, app_id: &str, uid: &str, other: &str) {
    if [uid, other].iter().any(|uid| watching(node, app_id, uid).next().is_some()) {
        node.relations.mark((app_id.to_owned(), uid.to_owned(), other.to_owned()));
    }
}

/// A user's sockets that want to hear of friends.
fn watching(node: &Node, app_id: &str, uid: &str) -> impl Iterator<Item = Arc<Socket>> {
    let sockets = node.hub.sockets(&Channel::user(app_id, uid));
    sockets.into_iter().filter(|socket| socket.friends().is_some())
}

/// Runs the task until the node has ended.
pub fn start(node: Arc<Node>) {
    let lifecycle = node.lifecycle.clone();
    lifecycle.spawn("friends of sockets", async move {
        loop {
            tokio::select! {
                () = node.ended.cancelled() => return,
                () = node.relations.wake.notified() => {}
            }
            while !look_at_all(&node).await {
                tokio::select! {
                    () = node.ended.cancelled() => return,
                    () = tokio::time::sleep(PAUSE) => {}
                }
            }
        }
    });
}

/// Looks at every marked pair. False when identity does not answer: then the rest stays marked.
async fn look_at_all(node: &Node) -> bool {
    let mut pairs = node.relations.take().into_iter();
    while let Some(pair) = pairs.next() {
        if let Err(status) = look(node, &pair).await {
            tracing::debug!(%status, "not known whether two users are friends");
            std::iter::once(pair).chain(pairs).for_each(|pair| node.relations.mark(pair));
            return false;
        }
    }
    true
}

async fn look(node: &Node, (app_id, uid, other): &Pair) -> Result<(), Status> {
    let request = GetRelationRequest { uid: uid.clone(), other_uid: other.clone() };
    let mut identity = IdentityServiceClient::new(node.identity.clone()).max_decoding_message_size(MESSAGE_MAX_BYTES);
    let answer = identity.get_relation(Caller::system(app_id).request(request)).await?.into_inner();
    for (of, whom) in [(uid, other), (other, uid)] {
        for socket in watching(node, app_id, of) {
            if let Some(friends) = socket.friends() {
                friends.set(whom, answer.friends);
            }
        }
    }
    Ok(())
}

/// Asks for the friends of a socket's user. The socket must be in the user's room: what changes from now on is told.
pub async fn load(node: &Node, app_id: &str, uid: &str, friends: &Friends) -> Result<(), Status> {
    let mut uids = Vec::new();
    for page in 1..=PAGES_MAX {
        let page = Some(PageRequest { page, per_page: limits::PAGE_MAX });
        let request = ListFriendsRequest { uid: uid.to_owned(), page, ..Default::default() };
        let mut identity =
            IdentityServiceClient::new(node.identity.clone()).max_decoding_message_size(MESSAGE_MAX_BYTES);
        let answer = identity.list_friends(Caller::system(app_id).request(request)).await?.into_inner();
        uids.extend(answer.users.into_iter().map(|user| user.uid));
        if i64::try_from(uids.len()).unwrap_or(i64::MAX) >= answer.page.map_or(0, |page| page.total) {
            break;
        }
    }
    friends.set_all(uids);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_looked_up_while_the_list_was_asked_for_is_newer() {
        let friends = Friends::loading();
        friends.set("bob", false);
        friends.set("cat", true);
        assert!(!friends.has("cat"), "nothing is known yet");
        friends.set_all(["ann", "bob"].map(ToOwned::to_owned));
        assert_eq!(["ann", "bob", "cat"].map(|uid| friends.has(uid)), [true, false, true]);
        friends.set("ann", false);
        friends.set("bob", true);
        assert_eq!(["ann", "bob", "cat"].map(|uid| friends.has(uid)), [false, true, true]);
    }

    #[test]
    fn what_waits_is_bounded_and_no_pair_waits_twice() {
        let relations = Relations::default();
        let pair = |n: usize| ("app".to_owned(), "ann".to_owned(), n.to_string());
        relations.mark(pair(1));
        relations.mark(pair(1));
        assert_eq!(relations.take().len(), 1);
        for n in 0..WAITING_MAX + 10 {
            relations.mark(pair(n));
        }
        assert_eq!(relations.take().len(), WAITING_MAX);
    }
}
