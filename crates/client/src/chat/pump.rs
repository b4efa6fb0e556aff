//! The task that turns what a session yields into events.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::event::{ChatEvent, ConnectionState, LogoutReason};
use super::stream::Audience;
use super::told::{told, told_by};
use super::typing::Typist;
use crate::{Message, Outgoing, ReceiptAction, Receiver, Session, SessionEvent};

/// How long receipts of a conversation are gathered for: one covers everything before it.
const GATHERED_FOR: Duration = Duration::from_millis(150);

pub(super) struct Pump {
    pub session: Session,
    pub audience: Arc<Audience>,
    pub typist: Arc<Typist>,
    pub stop: Arc<Notify>,
    pub reports_delivered: bool,
    /// By conversation, the newest message that is not reported as delivered yet, and its sender.
    pub undelivered: HashMap<Receiver, (u64, String)>,
}

impl Pump {
    pub async fn run(mut self) {
        let mut due = Instant::now();
        let mut up = self.session.handle().watch_up();
        loop {
            let is_due = !self.undelivered.is_empty() && *up.borrow_and_update();
            tokio::select! {
                event = self.session.next() => {
                    let Some(event) = event else { break };
                    if self.undelivered.is_empty() {
                        due = Instant::now() + GATHERED_FOR;
                    }
                    self.take(event);
                }
                // Without a socket receipts wait for it.
                _ = up.changed() => {}
                () = sleep_until(due), if is_due => {
                    due = Instant::now() + GATHERED_FOR;
                    self.report();
                }
                () = self.stop.notified() => break,
            }
        }
        self.session.close().await;
        self.audience.end();
    }

    fn take(&mut self, event: SessionEvent) {
        match event {
            SessionEvent::Message(message) => {
                self.note_delivered(&message);
                let also = told_by(&message);
                self.audience.tell(ChatEvent::Message(message));
                if let Some(also) = also {
                    self.audience.tell(also);
                }
            }
            SessionEvent::Live(event) => match told(event, self.session.uid()) {
                Some(event) => self.audience.tell(event),
                None => tracing::debug!("unreadable frame"),
            },
            SessionEvent::Disconnected { .. } => {
                self.typist.interrupt();
                self.audience.change(ConnectionState::Disconnected);
                if self.session.handle().is_wanted() {
                    self.audience.change(ConnectionState::Connecting);
                }
            }
            SessionEvent::Resumed { refetch, untold_receipts_of, .. } => {
                // One that was closed by hand meanwhile is told to be gone already.
                if self.session.handle().is_wanted() {
                    self.audience.change(ConnectionState::Connected);
                }
                self.audience.tell(ChatEvent::Resumed { refetch, untold_receipts_of });
            }
            SessionEvent::Ended(_) => self.audience.log_out(LogoutReason::TokenRevoked),
        }
    }

    fn note_delivered(&mut self, message: &Message) {
        let is_ours = message.category == "action" || message.category == "call";
        let own = self.session.uid();
        if !self.reports_delivered || is_ours || message.sender == own {
            return;
        }
        let peer = message.receiver.seen_from(own, &message.sender);
        let newest = self.undelivered.entry(peer).or_default();
        if message.id > newest.0 {
            *newest = (message.id, message.sender.clone());
        }
    }

    /// What the socket does not take now waits for the next time.
    fn report(&mut self) {
        let handle = self.session.handle();
        self.undelivered.retain(|peer, (message_id, sender)| {
            let frame = Outgoing::Receipt {
                receiver: peer.clone(),
                action: ReceiptAction::Delivered,
                message_id: *message_id,
                message_sender: sender.clone(),
            };
            !handle.try_send(frame)
        });
    }
}
