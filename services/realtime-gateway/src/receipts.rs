//! Receipts that a socket sent, passed on to messaging beside the socket's other work: a client waits 3 s for a pong,
//! messaging may take longer.

use futures::future::BoxFuture;
use halley_contracts::{
    common::v1::UserPrincipal,
    messaging::v1::{MarkDeliveredRequest, MarkReadRequest, messaging_service_client::MessagingServiceClient},
};
use halley_kit::{Caller, Transport};

use crate::{frame::ReceiptFrame, socket::Identity};

/// Most receipts of one socket that wait. A receipt is "up to here", so a conversation has at most two.
const WAITING_MAX: usize = 128;

/// One socket's receipts, passed on one after another.
pub struct Receipts {
    identity: Identity,
    messaging: Transport,
    waiting: Vec<ReceiptFrame>,
    running: Option<BoxFuture<'static, ()>>,
}

impl Receipts {
    /// None yet.
    pub fn new(identity: Identity, messaging: Transport) -> Self {
        Self { identity, messaging, waiting: Vec::new(), running: None }
    }

    /// Takes a receipt in. It goes with the one of the same kind and conversation that still waits.
    pub fn add(&mut self, receipt: ReceiptFrame) {
        let same = |other: &&mut ReceiptFrame| {
            (other.read, other.receiver_type, &other.receiver)
                == (receipt.read, receipt.receiver_type, &receipt.receiver)
        };
        if let Some(waiting) = self.waiting.iter_mut().find(same) {
            waiting.message_id = waiting.message_id.max(receipt.message_id);
        } else if self.waiting.len() < WAITING_MAX {
            self.waiting.push(receipt);
        } else {
            metrics::counter!("halley_gateway_receipts_dropped_total").increment(1);
        }
    }

    /// Passes one on; without any it never ends. Safe to cancel.
    pub async fn work(&mut self) {
        if self.running.is_none() && !self.waiting.is_empty() {
            let receipt = self.waiting.remove(0);
            self.running = Some(Box::pin(pass_on(self.messaging.clone(), self.identity.clone(), receipt)));
        }
        match &mut self.running {
            Some(running) => running.await,
            None => std::future::pending().await,
        }
        self.running = None;
    }
}

async fn pass_on(messaging: Transport, identity: Identity, receipt: ReceiptFrame) {
    let Identity { app_id, uid, device_id, token_id, .. } = identity;
    let caller = Caller::user(app_id, UserPrincipal { uid, device_id: device_id.clone(), token_id });
    let mut messaging = MessagingServiceClient::new(messaging);
    let (with_type, with, message_id) = (receipt.receiver_type.into(), receipt.receiver, receipt.message_id);
    let marked = if receipt.read {
        let request = MarkReadRequest { with_type, with, message_id, device_id };
        messaging.mark_read(caller.request(request)).await.map(drop)
    } else {
        let request = MarkDeliveredRequest { with_type, with, message_id, device_id };
        messaging.mark_delivered(caller.request(request)).await.map(drop)
    };
    if let Err(status) = marked {
        tracing::debug!(%status, "a receipt was refused");
    }
}

#[cfg(test)]
mod tests {
    use halley_contracts::messaging::v1::ReceiverType;
    use halley_kit::server::Credentials;

    use super::*;

    #[test]
    fn what_waits_is_bounded_and_later_receipts_go_with_earlier_ones() {
        let credentials = Credentials::new(&halley_kit::MasterKey::generate());
        let nowhere = Transport::local(axum::Router::new(), credentials.edge());
        let identity = Identity {
            app_id: "app".into(),
            uid: "ann".into(),
            device_id: String::new(),
            token_id: String::new(),
            presence: crate::socket::PresenceWish::Nobody,
        };
        let mut receipts = Receipts::new(identity, nowhere);
        let receipt = |read, receiver: &str, message_id| ReceiptFrame {
            read,
            receiver_type: ReceiverType::User,
            receiver: receiver.to_owned(),
            message_id,
        };
        for message_id in [5, 9, 7] {
            receipts.add(receipt(true, "bob", message_id));
            receipts.add(receipt(false, "bob", message_id));
        }
        assert_eq!(receipts.waiting, [receipt(true, "bob", 9), receipt(false, "bob", 9)]);
        for n in 0..1000 {
            receipts.add(receipt(true, &format!("u{n}"), 1));
        }
        assert_eq!(receipts.waiting.len(), WAITING_MAX);
    }
}
