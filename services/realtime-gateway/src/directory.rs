//! What a node knows of users, of blocks between them and of who is in a call, for what sockets send to each other: asked
//! once, kept in bounded caches, and dropped when a fact, or a call's message, says that it changed. Absence is kept, too,
//! so that no frame of a client costs a question twice. While the feed of facts is cut nothing is known.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use halley_bus::fact_cache::{self as cache, FactCache};
use halley_contracts::{
    events::v1::{ChangeKind, Event, MessageSent, event::Body},
    groups::v1::MembershipAction,
    identity::v1::{BatchGetUsersRequest, GetRelationRequest, User, identity_service_client::IdentityServiceClient},
    messaging::v1::{
        ListCallPeersRequest, ListCallPeersResponse, MessageCategory, calls_service_client::CallsServiceClient,
    },
};
use halley_kit::{Caller, PublicError, Transport};
use halley_model::ErrorCode;
use tonic::Status;

/// Users that are remembered.
const USERS_CACHED: u64 = 50_000;
/// Pairs of users that are remembered.
const PAIRS_CACHED: u64 = 100_000;
/// Calls that are remembered.
const CALLS_CACHED: u64 = 20_000;

/// Who is in a call, or why nobody may send anything in it.
pub type CallPeers = Result<Arc<ListCallPeersResponse>, ErrorCode>;

/// The caches.
pub struct Directory {
    identity: Transport,
    messaging: Transport,
    /// `None`: there is no such user.
    users: FactCache<Option<Arc<User>>>,
    /// Whether one of two users has blocked the other.
    blocks: FactCache<bool>,
    /// By session. An entry is up to date while a participant's socket is on the node: the call's messages come to it.
    calls: FactCache<CallPeers>,
    /// Whether what is cached may be believed.
    open: AtomicBool,
}

impl Directory {
    /// Empty, and keeping nothing until [`Directory::trust`].
    pub fn new(identity: Transport, messaging: Transport) -> Self {
        Self {
            identity,
            messaging,
            users: FactCache::new("gateway users", USERS_CACHED),
            blocks: FactCache::new("gateway blocks", PAIRS_CACHED),
            calls: FactCache::new("gateway calls", CALLS_CACHED),
            open: AtomicBool::new(false),
        }
    }

    /// Says whether the feed of facts is whole. Whatever was known before is dropped.
    pub fn trust(&self, whole: bool) {
        self.open.store(false, Ordering::Release);
        self.users.forget_all();
        self.blocks.forget_all();
        self.calls.forget_all();
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
            // Who is out of the group is out of its calls. That is rare, and calls are soon asked for again.
            Some(Body::MembershipChanged(changed))
                if matches!(
                    changed.action(),
                    MembershipAction::Left | MembershipAction::Kicked | MembershipAction::Banned
                ) =>
            {
                self.calls.forget_all();
            }
            Some(Body::GroupChanged(changed)) if changed.kind() == ChangeKind::Deleted => self.calls.forget_all(),
            _ => {}
        }
    }

    /// Drops what a message makes untrue: each change of a call is told by one.
    pub fn learn_of_call(&self, event: &Event) {
        let Some(Body::MessageSent(MessageSent { message: Some(message) })) = &event.body else { return };
        if message.category() != MessageCategory::Call {
            return;
        }
        #[derive(serde::Deserialize)]
        struct Data {
            call: Session,
        }
        #[derive(serde::Deserialize)]
        struct Session {
            sessionid: String,
        }
        match serde_json::from_str::<Data>(&message.data_json) {
            Ok(data) => self.forget_call(&event.app_id, &data.call.sessionid),
            // It may be any.
            Err(_) => self.calls.forget_all(),
        }
    }

    /// Has a call asked for anew.
    pub fn forget_call(&self, app_id: &str, session_id: &str) {
        self.calls.forget(&cache::key(app_id, &[session_id]));
    }

    /// Who is in a call now, and on which devices.
    pub async fn call(&self, app_id: &str, session_id: &str) -> Result<CallPeers, Status> {
        let key = cache::key(app_id, &[session_id]);
        if let Some(call) = self.calls.get(&key, self.is_open()) {
            return Ok(call);
        }
        let ticket = self.calls.begin(key);
        let request = ListCallPeersRequest { session_id: session_id.to_owned() };
        let mut messaging = CallsServiceClient::new(self.messaging.clone());
        let call = match messaging.list_call_peers(Caller::system(app_id).request(request)).await {
            Ok(answer) => Ok(Arc::new(answer.into_inner())),
            Err(status) => match PublicError::from_status(&status).code {
                code @ (ErrorCode::CallSessionNotFound | ErrorCode::CallTerminated | ErrorCode::EmptyCallSessionId) => {
                    Err(code)
                }
                _ => return Err(status),
            },
        };
        self.calls.put(&ticket, call.clone(), || self.is_open());
        Ok(call)
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
