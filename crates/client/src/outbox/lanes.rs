//! How a conversation's messages are sent: one after another.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::keeper::KeptError;
use super::{Outbox, answer};
use crate::file::OnProgress;
use crate::{ClientError, Draft, LogoutReason, Message, OutgoingMessage, OutgoingState, Receiver};

/// Refusals that may end, after which a message counts as failed. A network that is away does not count.
const TRIES_MAX: u32 = 10;
/// Longest wait that a server can ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(600);
/// Progress is told in so many steps at most.
const STEPS: f64 = 100.0;

impl Outbox {
    /// Puts a message at the end of its conversation, which is sent from now on if it was not already.
    pub(super) fn line_up(&self, muid: &str) {
        let mut state = self.state();
        // It may have been taken back already.
        let Some(peer) = state.items.get(muid).map(|item| item.kept.draft.receiver.clone()) else { return };
        let is_running = state.lanes.contains_key(&peer);
        state.lanes.entry(peer.clone()).or_default().push_back(muid.to_owned());
        drop(state);
        if !is_running {
            let (outbox, stop) = (self.clone(), self.shared.stop.clone());
            tokio::spawn(stop.run_until_cancelled_owned(async move { outbox.run(&peer).await }));
        }
    }

    /// Until the conversation has nothing to send any more.
    async fn run(&self, peer: &Receiver) {
        while let Some(muid) = self.first(peer) {
            self.deliver(&muid).await;
            if let Some(lane) = self.state().lanes.get_mut(peer) {
                lane.pop_front();
            }
        }
    }

    fn first(&self, peer: &Receiver) -> Option<String> {
        let mut state = self.state();
        let first = state.lanes.get(peer)?.front().cloned();
        if first.is_none() {
            state.lanes.remove(peer);
        }
        first
    }

    /// Tries until the message's fate is known.
    async fn deliver(&self, muid: &str) {
        let (mut refusals, mut waits) = (0, 0);
        loop {
            let Some((draft, cancel)) = self.draft(muid) else { return };
            let error = match self.send(draft, &cancel).await {
                Ok(message) => return self.stored(muid, message).await,
                Err(error) => error,
            };
            if cancel.is_cancelled() {
                return;
            }
            if error.is_credential_dead() {
                return self.logged_out(muid, error);
            }
            refusals += u32::from(!error.is_network());
            if !error.is_retryable() {
                return self.failed(muid, error).await;
            }
            if refusals >= TRIES_MAX {
                return self.failed(muid, ClientError::GivenUp { tries: refusals, last: Box::new(error) }).await;
            }
            tracing::debug!(%error, muid, "sending again");
            waits = if self.wait(&error, waits, &cancel).await { 0 } else { waits + 1 };
        }
    }

    fn draft(&self, muid: &str) -> Option<(Draft, CancellationToken)> {
        let state = self.state();
        let item = state.items.get(muid)?;
        // One that failed is tried again in another place of its lane.
        item.error.is_none().then(|| (item.kept.draft.clone(), item.cancel.clone()))
    }

    /// Waits before the next try. True: the socket came meanwhile, which ends a wait that no server asked for.
    async fn wait(&self, error: &ClientError, waits: u32, cancel: &CancellationToken) -> bool {
        let backoff = self.shared.way.backoff;
        let grown = backoff.first.saturating_mul(2_u32.saturating_pow(waits)).min(backoff.max);
        let asked = error.retry_after().map(|asked| asked.min(LONGEST_WAIT));
        let mut up = self.watch_up();
        let came = async {
            // What it is now is no news.
            while up.changed().await.is_ok() {
                if *up.borrow() {
                    return;
                }
            }
            std::future::pending().await
        };
        tokio::select! {
            () = sleep(asked.unwrap_or_else(|| grown.mul_f64(rand::random_range(0.5..1.0)))) => false,
            () = came, if asked.is_none() => true,
            () = cancel.cancelled() => false,
        }
    }

    async fn send(&self, mut draft: Draft, cancel: &CancellationToken) -> Result<Message, ClientError> {
        let muid = draft.id().to_owned();
        if !draft.files.is_empty() {
            let on_progress = self.progress(&muid);
            let handle = &self.shared.way.handle;
            let upload = handle.api.upload_files(&mut draft, &on_progress);
            let Some(uploaded) = cancel.run_until_cancelled(upload).await else { return Err(ClientError::Cancelled) };
            // Also after a failure: what is there is not uploaded again.
            self.change_draft(&muid, &draft).await;
            uploaded?;
        }
        if !self.mark_storing(&muid, true) {
            return Err(ClientError::Cancelled);
        }
        let stored = self.shared.way.handle.post_once(&draft.body()).await;
        self.mark_storing(&muid, false);
        stored
    }

    /// False: it was taken back.
    fn mark_storing(&self, muid: &str, is_storing: bool) -> bool {
        let mut state = self.state();
        let item = state.items.get_mut(muid);
        item.map(|item| item.is_storing = is_storing).is_some()
    }

    /// Tells of an upload. It holds no outbox alive.
    fn progress(&self, muid: &str) -> OnProgress {
        let (shared, muid) = (Arc::downgrade(&self.shared), muid.to_owned());
        Arc::new(move |sent, total| {
            let Some(shared) = Weak::upgrade(&shared) else { return };
            let outbox = Self { shared };
            #[expect(clippy::cast_precision_loss, reason = "a share needs no precision")]
            let share = if total == 0 { 1.0 } else { sent as f64 / total as f64 };
            if outbox.note_progress(&muid, share) {
                outbox.tell(&muid);
            }
        })
    }

    /// Whether it is worth telling.
    fn note_progress(&self, muid: &str, share: f64) -> bool {
        let mut state = self.state();
        let Some(item) = state.items.get_mut(muid) else { return false };
        let is_news = item.progress.is_none_or(|told| share < told || share >= told + 1.0 / STEPS || share >= 1.0);
        if is_news {
            item.progress = Some(share);
        }
        is_news
    }

    async fn change_draft(&self, muid: &str, draft: &Draft) {
        let Ok(slot) = self.shared.keeper.slot().await else { return };
        let mut state = self.state();
        let Some(item) = state.items.get_mut(muid) else { return };
        item.kept.draft.clone_from(draft);
        drop(slot.save(&item.kept));
    }

    async fn stored(&self, muid: &str, mut message: Message) {
        let slot = self.shared.keeper.slot().await;
        let Some(item) = self.state().items.remove(muid) else { return };
        if let Ok(slot) = slot {
            drop(slot.remove(&item.kept.key));
        }
        // Some servers leave the muid out.
        message.muid = Some(muid.to_owned());
        self.announce(OutgoingMessage { message: message.clone(), state: OutgoingState::Sent });
        answer(item.waiters, &Ok(message));
    }

    /// The server knows the auth token no more. What waits stays in the storage for another login.
    fn logged_out(&self, muid: &str, error: ClientError) {
        let waiters = self.state().items.remove(muid).map(|item| item.waiters);
        answer(waiters.unwrap_or_default(), &Err(error));
        self.shared.way.audience.log_out(LogoutReason::TokenRevoked);
        self.stop();
    }

    async fn failed(&self, muid: &str, error: ClientError) {
        let slot = self.shared.keeper.slot().await;
        let waiters = {
            let mut state = self.state();
            let Some(item) = state.items.get_mut(muid) else { return };
            item.kept.error = Some(KeptError::from(&error));
            item.error = Some(error.clone());
            item.progress = None;
            if let Ok(slot) = slot {
                drop(slot.save(&item.kept));
            }
            std::mem::take(&mut item.waiters)
        };
        self.tell(muid);
        answer(waiters, &Err(error));
    }
}
