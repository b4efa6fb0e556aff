//! What a node knows of users and of blocks between them, for what sockets send to each other: asked of identity once,
//! kept in bounded caches, and dropped when a fact says that it changed. Absence is kept, too, so that no frame of a
//! client costs a question twice. While the feed of facts is cut nothing is known.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use halley_bus::fact_cache::{self as cache, FactCache};
use halley_contracts::{
    events::v1::{Event, event::Body},
    identity::v1::{BatchGetUsersRequest, GetRelationRequest, User, identity_service_client::IdentityServiceClient},
};
use halley_kit::{Caller, Transport};
use tonic::Status;

/// Users that are remembered.
const USERS_CACHED: u64 = 50_000;
/// Pairs of users that are remembered.
const PAIRS_CACHED: u64 = 100_000;

/// The caches.
pub struct Directory {
    identity: Transport,
    /// `None`: there is no such user.
    users: FactCache<Option<Arc<User>>>,
    /// Whether one of two users has blocked the other.
    blocks: FactCache<bool>,
    /// Whether what is cached may be believed.
    open: AtomicBool,
}

impl Directory {
    /// Empty, and keeping nothing until [`Directory::trust`].
    pub fn new(identity: Transport) -> Self {
        Self {
            identity,
            users: FactCache::new("gateway users", USERS_CACHED),
            blocks: FactCache::new("gateway blocks", PAIRS_CACHED),
            open: AtomicBool::new(false),
        }
    }

    /// Says whether the feed of facts is whole. Whatever was known before is dropped.
    pub fn trust(&self, whole: bool) {
        self.open.store(false, Ordering::Release);
        self.users.forget_all();
        self.blocks.forget_all();
        self.open.store(whole, Ordering::Release);
    }

    /// Drops what an event makes untrue.
    pub fn learn(&self, event: &Event) {
        match &event.body {
            Some(Body::UserChanged(changed)) => {
                if let Some(user) = &changed.user {
                    self.users.forget(&cache::key(&event.app_id, &[&user.uid]));
                }
            }
            Some(Body::RelationChanged(changed)) => {
                self.blocks.forget(&pair(&event.app_id, &changed.uid, &changed.other_uid));
            }
            _ => {}
        }
    }

    /// A user who exists and is active.
    pub async fn user(&self, app_id: &str, uid: &str) -> Result<Option<Arc<User>>, Status> {
        let key = cache::key(app_id, &[uid]);
        if let Some(user) = self.users.get(&key, self.is_open()) {
            return Ok(user);
        }
        let ticket = self.users.begin(key);
        let request = BatchGetUsersRequest { uids: vec![uid.to_owned()] };
        let mut identity = IdentityServiceClient::new(self.identity.clone());
        let answer = identity.batch_get_users(Caller::system(app_id).request(request)).await?.into_inner();
        let user = answer.users.into_iter().find(|user| user.uid == uid && user.deactivated_at_ms == 0).map(Arc::new);
        self.users.put(&ticket, user.clone(), || self.is_open());
        Ok(user)
    }

    /// Whether one of two users has blocked the other.
    pub async fn is_blocked(&self, app_id: &str, uid: &str, other: &str) -> Result<bool, Status> {
        let key = pair(app_id, uid, other);
        if let Some(blocked) = self.blocks.get(&key, self.is_open()) {
            return Ok(blocked);
        }
        let ticket = self.blocks.begin(key);
        let request = GetRelationRequest { uid: uid.to_owned(), other_uid: other.to_owned() };
        let mut identity = IdentityServiceClient::new(self.identity.clone());
        let answer = identity.get_relation(Caller::system(app_id).request(request)).await?.into_inner();
        let blocked = answer.blocked_at_ms != 0 || answer.blocked_by_other_at_ms != 0;
        self.blocks.put(&ticket, blocked, || self.is_open());
        Ok(blocked)
    }

    fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }
}

/// One key for both directions.
fn pair(app_id: &str, a: &str, b: &str) -> String {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    cache::key(app_id, &[low, high])
}
