//! Messages on their way: each conversation's in their order, tried again while that may help, each stored once.

mod keeper;
mod lanes;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::chat::Audience;
use crate::session::Handle;
use crate::{Backoff, ChatEvent, ClientError, Draft, Message, OutgoingMessage, OutgoingState, Receiver, User};
use keeper::{Keeper, Kept};

/// Most messages that wait or failed.
const WAITING_MAX: usize = 1_000;

/// What becomes of a message.
type Fate = Result<Message, ClientError>;

/// A message that was taken in by the outbox. It is sent whether this is awaited, kept or dropped.
#[derive(Debug)]
pub struct Queued {
    muid: String,
    fate: oneshot::Receiver<Fate>,
}

impl Queued {
    /// The sender's own id of it.
    pub fn muid(&self) -> &str {
        &self.muid
    }

    /// Waits until it is stored, or refused, or given up. While the server can't be reached it waits.
    pub async fn stored(self) -> Result<Message, ClientError> {
        self.fate.await.unwrap_or(Err(ClientError::LoggedOut))
    }
}

/// Who sends, and by which ways.
pub(crate) struct Way {
    pub handle: Handle,
    pub audience: Arc<Audience>,
    pub sender: User,
    pub backoff: Backoff,
}

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Outbox {
    shared: Arc<Shared>,
}

struct Shared {
    way: Way,
    keeper: Keeper,
    /// Ends all work, with the login.
    stop: CancellationToken,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By muid.
    items: HashMap<String, Item>,
    /// Muids by conversation: the first is under way, the others wait for it.
    lanes: HashMap<Receiver, VecDeque<String>>,
    last_created_at: u64,
    is_closed: bool,
}

/// A message that is not stored.
struct Item {
    kept: Kept,
    /// The share of its files that is uploaded.
    progress: Option<f64>,
    /// Why it is not tried again by itself.
    error: Option<ClientError>,
    /// The server may be storing it just now.
    is_storing: bool,
    cancel: CancellationToken,
    waiters: Vec<oneshot::Sender<Fate>>,
}

impl Outbox {
    /// An outbox with what an earlier program left in the storage. It begins to send at once.
    pub async fn open(way: Way, storage: Arc<dyn crate::Storage>, app_id: &str) -> Self {
        let keeper = Keeper::new(storage, app_id, &way.sender.uid, Arc::clone(&way.audience));
        let left = keeper.load().await;
        let shared = Shared { way, keeper, stop: CancellationToken::new(), state: Mutex::default() };
        let outbox = Self { shared: Arc::new(shared) };
        for kept in left {
            outbox.enter_again(kept);
        }
        outbox
    }

    /// What an earlier program left takes its place again.
    fn enter_again(&self, kept: Kept) {
        let (muid, error) = (kept.draft.id().to_owned(), kept.error.clone().map(ClientError::from));
        let is_failed = error.is_some();
        let mut state = self.state();
        if state.items.contains_key(&muid) {
            return;
        }
        state.last_created_at = state.last_created_at.max(kept.created_at);
        state.items.insert(muid.clone(), Item { error, ..self.item(kept) });
        drop(state);
        self.tell(&muid);
        if !is_failed {
            self.line_up(&muid);
        }
    }

    fn item(&self, kept: Kept) -> Item {
        let cancel = self.shared.stop.child_token();
        Item { kept, progress: None, error: None, is_storing: false, cancel, waiters: Vec::new() }
    }

    /// Takes a message in, and answers once it is kept. One with a muid that is under way is the same message; one that
    /// failed is tried again as it is given now.
    pub async fn queue(&self, draft: Draft) -> Result<Queued, ClientError> {
        let muid = draft.id().to_owned();
        let (waiter, fate) = oneshot::channel();
        let slot = self.shared.keeper.slot().await?;
        let is_kept = {
            let mut state = self.state();
            match state.admit(&muid)? {
                Admitted::Known => {
                    state.wait_for(&muid, waiter);
                    return Ok(Queued { muid, fate });
                }
                Admitted::New { created_at, key } => {
                    let kept = Kept { key, created_at, draft, error: None };
                    let is_kept = slot.save(&kept);
                    state.items.insert(muid.clone(), Item { waiters: vec![waiter], ..self.item(kept) });
                    is_kept
                }
            }
        };
        self.tell(&muid);
        self.line_up(&muid);
        // An error means that the keeper was cancelled with its runtime.
        drop(is_kept.await);
        Ok(Queued { muid, fate })
    }

    /// All that wait or failed, in the order of their making.
    pub fn messages(&self) -> Vec<OutgoingMessage> {
        let state = self.state();
        let mut items: Vec<&Item> = state.items.values().collect();
        items.sort_unstable_by_key(|item| item.kept.created_at);
        items.iter().filter_map(|item| self.shown(item)).collect()
    }

    /// Tries a failed message again, behind what its conversation sends meanwhile. `None`: none of that muid failed.
    pub async fn retry(&self, muid: &str) -> Option<Result<Queued, ClientError>> {
        let draft = {
            let state = self.state();
            let item = state.items.get(muid)?;
            item.error.is_some().then(|| item.kept.draft.clone())?
        };
        Some(self.queue(draft).await)
    }

    /// Throws a failed message away, or takes one back that is not being stored just now. False: there is none.
    pub async fn discard(&self, muid: &str) -> bool {
        let Ok(slot) = self.shared.keeper.slot().await else { return false };
        let item = {
            let mut state = self.state();
            if state.items.get(muid).is_none_or(|item| item.is_storing) {
                return false;
            }
            state.items.remove(muid)
        };
        let Some(item) = item else { return false };
        item.cancel.cancel();
        drop(slot.remove(&item.kept.key));
        if let Some(outgoing) = self.shown(&item) {
            self.announce(OutgoingMessage { state: OutgoingState::Discarded, ..outgoing });
        }
        answer(item.waiters, &Err(ClientError::Cancelled));
        true
    }

    /// Ends for good; what is not sent stays in the storage, unless it is to be forgotten.
    pub async fn close(&self, forget: bool) {
        self.stop();
        self.shared.keeper.finish(forget).await;
    }

    /// The same without waiting for the storage.
    pub fn stop(&self) {
        self.shared.stop.cancel();
        let mut state = self.state();
        state.is_closed = true;
        state.items.clear();
        state.lanes.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What is guarded is whole at every moment, so it is no worse after a panic.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shown(&self, item: &Item) -> Option<OutgoingMessage> {
        let (sender, device) = (&self.shared.way.sender, self.shared.way.handle.api.resource());
        let sent_at = i64::try_from(item.kept.created_at / 1_000_000).unwrap_or(0);
        let message = item.kept.draft.shown(sender, device, sent_at);
        let message = message.inspect_err(|error| tracing::warn!(%error, "a message can't be shown")).ok()?;
        let state = match &item.error {
            Some(error) => OutgoingState::Failed(error.clone()),
            None => OutgoingState::Pending { progress: item.progress },
        };
        Some(OutgoingMessage { message, state })
    }

    fn tell(&self, muid: &str) {
        let shown = self.state().items.get(muid).and_then(|item| self.shown(item));
        if let Some(outgoing) = shown {
            self.announce(outgoing);
        }
    }

    fn announce(&self, outgoing: OutgoingMessage) {
        self.shared.way.audience.tell(ChatEvent::Outgoing(Box::new(outgoing)));
    }

    fn watch_up(&self) -> watch::Receiver<bool> {
        self.shared.way.handle.watch_up()
    }
}

/// A message that may be taken in.
enum Admitted {
    /// It is under way already.
    Known,
    New {
        created_at: u64,
        key: String,
    },
}

impl State {
    fn admit(&mut self, muid: &str) -> Result<Admitted, ClientError> {
        if self.is_closed {
            return Err(ClientError::LoggedOut);
        }
        let failed = match self.items.get(muid) {
            Some(item) if item.error.is_none() => return Ok(Admitted::Known),
            item => item.map(|item| item.kept.key.clone()),
        };
        if failed.is_none() && self.items.len() >= WAITING_MAX {
            return Err(ClientError::OutboxFull { waiting: self.items.len() });
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        // Each later than the one before it, so that the storage keeps the order.
        self.last_created_at = u64::try_from(now.as_micros()).unwrap_or(0).max(self.last_created_at + 1);
        let key = failed.unwrap_or_else(|| uuid::Uuid::new_v4().simple().to_string());
        Ok(Admitted::New { created_at: self.last_created_at, key })
    }

    /// Lets another one know the fate of a message, too.
    fn wait_for(&mut self, muid: &str, waiter: oneshot::Sender<Fate>) {
        if let Some(item) = self.items.get_mut(muid) {
            item.waiters.retain(|waiter| !waiter.is_closed());
            item.waiters.push(waiter);
        }
    }
}

fn answer(waiters: Vec<oneshot::Sender<Fate>>, fate: &Fate) {
    for waiter in waiters {
        // Nobody may wait for it any more.
        drop(waiter.send(fate.clone()));
    }
}
