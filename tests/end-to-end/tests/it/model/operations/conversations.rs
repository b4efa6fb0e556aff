//! Receipts, and what users do to their own sides of conversations.

use halley_testkit::unique;
use rand::{RngExt as _, rngs::StdRng};
use serde_json::json;

use halley_client::{Outgoing, ReceiptAction, Receiver};

use super::{Done, Hand, Kind, Walk, pick};
use crate::model::{learned::Untold, walk::Fresh};

impl Walk {
    pub async fn mark(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        let (said, hand) = self.seen(random)?;
        let with = match &said.to {
            Receiver::User(other) if *other == hand.uid() => Receiver::user(&said.sender),
            to => to.clone(),
        };
        let is_group = matches!(with, Receiver::Group(_));
        let operation = match (kind, is_group) {
            (Kind::Read, false) => "mark-conversation-as-read",
            (Kind::Read, true) => "mark-group-conversation-as-read",
            (Kind::Delivered, false) => "mark-conversation-as-delivered",
            (Kind::Delivered, true) => "mark-group-conversation-as-delivered",
            (_, false) => "mark-conversation-as-unread",
            (_, true) => "mark-group-conversation-as-unread",
        };
        let all = kind != Kind::Unread && random.random_bool(0.5);
        let body = if all { json!({}) } else { json!({"messageId": said.id.to_string()}) };
        self.op(&hand, operation, &[with.id()], body).await?;
        Some(Done::untold(hand.uid(), Untold::Unread))
    }

    pub async fn receipt(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        let (said, hand) = self.seen(random)?;
        let hand = self.device_of(random, hand.uid());
        let at = hand.device?;
        if said.sender == hand.uid() || self.devices[at].is_away() {
            return None;
        }
        let receiver = match &said.to {
            Receiver::User(_) => Receiver::user(&said.sender),
            to => to.clone(),
        };
        let action = if kind == Kind::ReadByFrame { ReceiptAction::Read } else { ReceiptAction::Delivered };
        let frame = Outgoing::Receipt { receiver, action, message_id: said.id, message_sender: said.sender };
        self.devices[at].send(frame);
        self.did(if kind == Kind::ReadByFrame { "read-frame" } else { "delivered-frame" });
        self.receipts_are_stored(at).await;
        Some(Done::untold(hand.uid(), Untold::Unread))
    }

    pub async fn talk(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        let hand = self.hand(random);
        let with = self.receiver(random, hand.uid());
        let is_group = matches!(with, Receiver::Group(_));
        let of = |user: &'static str, group: &'static str| if is_group { group } else { user };
        match kind {
            Kind::Tag => {
                let tags = vec![unique("t")];
                let operation = of("update-user-conversation", "update-group-conversation");
                self.op(&hand, operation, &[with.id()], json!({"tags": &tags})).await?;
                let (uid, id) = (hand.uid().to_owned(), Self::conversation(hand.uid(), &with));
                let is_tagged = move |fresh: &Fresh| fresh[&uid].talks.get(&id).is_none_or(|talk| talk.tags == tags);
                Some(Done::untold(hand.uid(), Untold::Tags).awaiting("tags".to_owned(), is_tagged))
            }
            Kind::Hide if random.random_bool(0.3) => {
                let id = Self::conversation(hand.uid(), &with);
                self.op(&hand, "delete-conversation", &[&id], json!({})).await?;
                self.hide(hand.uid(), &id).await;
                Some(Done::untold(hand.uid(), Untold::Hidden))
            }
            Kind::Hide => {
                let operation = of("reset-user-conversation", "reset-group-conversation");
                let body = json!({"preserveOrder": random.random_bool(0.3)});
                self.op(&hand, operation, &[with.id()], body).await?;
                self.hide(hand.uid(), &Self::conversation(hand.uid(), &with)).await;
                Some(Done::untold(hand.uid(), Untold::Hidden))
            }
            Kind::PinTalk => {
                let operation = of("pin-user-conversation", "pin-group-conversation");
                self.op(&hand, operation, &[with.id()], json!({})).await.map(|_| Done::default())
            }
            _ => {
                let operation = of("unpin-user-conversation", "unpin-group-conversation");
                self.op(&hand, operation, &[with.id()], json!({})).await.map(|_| Done::default())
            }
        }
    }

    pub async fn system_pins(&mut self, random: &mut StdRng) -> Option<Done> {
        let pins = match pick(random, &self.groups) {
            Some(guid) if random.random_bool(0.5) => json!([{"guid": guid}]),
            _ => json!([]),
        };
        let body = json!({"pinnedConversations": pins});
        self.op(&Hand::app(), "replace-global-pinned-conversations", &[], body).await?;
        Some(Done::untold("", Untold::SystemPins))
    }
}
