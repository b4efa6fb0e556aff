//! What is said, and what becomes of messages.

use halley_testkit::unique;
use rand::{RngExt as _, rngs::StdRng};
use serde_json::{Value, json};

use halley_client::Receiver;

use super::{Done, Hand, Kind, REACTIONS, Said, Walk, pick};
use crate::model::{learned::Untold, picture::number};

impl Walk {
    pub async fn send(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        let mut hand = self.hand(random);
        let mut to = self.receiver(random, hand.uid());
        let (mut id, mut parameters) = ("send-message", Vec::new());
        let mut thread = None;
        if kind == Kind::Reply {
            let (said, by) = self.seen(random).filter(|(said, _)| !said.is_reply)?;
            to = match &said.to {
                Receiver::User(other) if *other == by.uid() => Receiver::user(&said.sender),
                to => to.clone(),
            };
            (id, hand) = ("send-thread-message", by);
            parameters = vec![said.id.to_string()];
            thread = Some(said);
        }
        if kind == Kind::BotSend {
            (id, hand) = ("send-bot-message", Hand::app());
            parameters = vec![self.bot.clone()];
            to = Receiver::user(pick(random, &self.people)?);
        }
        let mut body = json!({"receiver": to.id(), "receiverType": to.receiver_type(), "category": "message",
            "type": "text", "data": {"text": unique("t")}, "muid": unique("m")});
        if kind == Kind::SendForm {
            body["category"] = json!("interactive");
            body["type"] = json!("form");
            body["data"] = form();
        }
        if random.random_bool(0.3) {
            body["tags"] = json!([unique("t")]);
        }
        if random.random_bool(0.2)
            && let Some(quoted) = self.message(random)
        {
            body["quotedMessageId"] = json!(quoted.id);
        }
        let parameters: Vec<&str> = parameters.iter().map(String::as_str).collect();
        let sent = self.op(&hand, id, &parameters, body).await?;
        let sender = sent["sender"].as_str().unwrap_or_default().to_owned();
        if let Some(thread) = thread {
            self.replied(&thread, &sender);
        }
        let (is_reply, is_form) = (kind == Kind::Reply, kind == Kind::SendForm);
        self.said.push(Said { id: number(&sent["id"]), sender, to, is_reply, is_form });
        Some(Done::default())
    }

    /// Who replies is subscribed by that; the parent's sender is, too, unless that user has said otherwise before.
    fn replied(&mut self, parent: &Said, by: &str) {
        self.subscribed.insert((by.to_owned(), parent.id), true);
        self.subscribed.entry((parent.sender.clone(), parent.id)).or_insert(true);
    }

    fn purge(&mut self, said: &Said) {
        self.purged.insert(said.id);
        if said.is_reply {
            return;
        }
        let conversation = Self::conversation(&said.sender, &said.to);
        for device in &mut self.devices {
            device.state.purged.insert(said.id, (conversation.clone(), said.sender.clone()));
        }
    }

    pub async fn change(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        let (said, hand) = self.seen(random)?;
        let id = said.id.to_string();
        let by_sender = match random.random_bool(0.3) || !self.people.contains(&said.sender) {
            true => Hand::app(),
            false => self.hand_of(random, &said.sender),
        };
        match kind {
            Kind::Edit => {
                let mut body = json!({"data": {"text": unique("e")}});
                if random.random_bool(0.3) {
                    body["tags"] = json!([unique("t")]);
                }
                self.op(&by_sender, "update-message", &[&id], body).await.map(|_| Done::default())
            }
            Kind::Delete => {
                let permanent = by_sender.uid.is_none() && random.random_bool(0.5);
                let body = if permanent { json!({"permanent": true}) } else { json!({"id": id}) };
                self.op(&by_sender, "delete-message", &[&id], body).await?;
                if permanent {
                    self.purge(&said);
                }
                Some(Done::default())
            }
            Kind::Interact => {
                let form = self.said.iter().rev().find(|said| said.is_form)?.clone();
                let Receiver::User(other) = &form.to else { return None };
                let hand = self.hand_of(random, &other.clone());
                let body = json!({"interactions": ["send"]});
                let id = form.id.to_string();
                self.op(&hand, "mark-message-as-interacted", &[&id], body).await?;
                Some(Done::untold(hand.uid(), Untold::Used))
            }
            Kind::Flag => {
                let body = json!({"reasonId": "spam", "remark": "x"});
                self.op(&hand, "flag-a-message", &[&id], body).await?;
                self.flagged.push(said.id);
                Some(Done::default())
            }
            _ => {
                let id = self.flagged.pop()?.to_string();
                // Its sender and the app see it all the same.
                let status = if random.random_bool(0.5) { "approved" } else { "disapproved" };
                let body = json!({"status": status});
                self.op(&Hand::app(), "blockreview-flagged-message", &[&id], body).await?;
                Some(Done::untold("", Untold::Decisions))
            }
        }
    }

    pub async fn react(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        let (said, hand) = self.seen(random)?;
        let (id, reaction) = (said.id.to_string(), *pick(random, REACTIONS)?);
        let operation = if kind == Kind::React { "add-message-reactions" } else { "remove-message-reactions" };
        self.op(&hand, operation, &[&id, reaction], json!({})).await.map(|_| Done::default())
    }

    pub async fn pin(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        let (said, mut hand) = self.seen(random)?;
        if random.random_bool(0.4) {
            hand = Hand::app();
        }
        let operation = if kind == Kind::PinMessage { "pin-message" } else { "unpin-message" };
        self.op(&hand, operation, &[&said.id.to_string()], json!({})).await.map(|_| Done::default())
    }

    pub async fn save(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        let (said, hand) = self.seen(random)?;
        let operation = if kind == Kind::SaveMessage { "save-message" } else { "unsave-message" };
        self.op(&hand, operation, &[&said.id.to_string()], json!({})).await.map(|_| Done::default())
    }

    pub async fn subscribe(&mut self, kind: Kind, random: &mut StdRng) -> Option<Done> {
        let (said, hand) = self.seen(random)?;
        let operation = if kind == Kind::Subscribe { "subscribe-thread" } else { "unsubscribe-thread" };
        self.op(&hand, operation, &[&said.id.to_string()], json!({})).await?;
        let place = (hand.uid().to_owned(), said.id);
        match kind {
            Kind::Subscribe => drop(self.subscribed.insert(place, true)),
            // Who never was has not said anything by that.
            _ => drop(self.subscribed.entry(place).and_modify(|subscribed| *subscribed = false)),
        }
        Some(Done::default())
    }
}

/// An interactive message with a button that may be used.
fn form() -> Value {
    json!({"interactionGoal": {"type": "anyOf", "elementIds": ["send"]}, "allowSenderInteraction": false,
        "interactiveData": {"title": "Survey",
            "formFields": [{"elementType": "textInput", "elementId": "name", "optional": true, "label": "Name"}],
            "submitElement": {"elementType": "button", "elementId": "send", "buttonText": "Send",
                "disableAfterInteracted": true, "action": {"actionType": "urlNavigation", "url": "https://x/y"}}}})
}
