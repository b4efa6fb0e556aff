//! The state that a client of Halley's own subprotocol builds from what comes over its socket, over several sockets, and how
//! it compares with what it would fetch.

use std::collections::{BTreeMap, HashMap};

use halley_client::{ApiClient, Connection, Event, LeftOff, MessagePage, Receiver};
use halley_testkit::within;
use serde_json::Value;

/// A message as far as its changes go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    pub id: u64,
    pub text: String,
    pub edited: bool,
    pub deleted: bool,
    pub pinned: bool,
    /// How many users have which reaction.
    pub reactions: BTreeMap<String, u64>,
}

impl Shown {
    fn of(message: &Value) -> Self {
        let deleted = message["deletedAt"].is_i64();
        let text = &message["data"]["text"];
        let reactions = message["data"]["reactions"].as_array().map(Vec::as_slice).unwrap_or_default();
        let reaction = |row: &Value| Some((row["reaction"].as_str()?.to_owned(), row["count"].as_u64()?));
        Self {
            id: number(&message["id"]),
            text: if deleted { String::new() } else { text.as_str().unwrap_or_default().to_owned() },
            edited: message["editedAt"].is_i64(),
            deleted,
            pinned: message["pinnedAt"].is_i64(),
            reactions: if deleted { BTreeMap::new() } else { reactions.iter().filter_map(reaction).collect() },
        }
    }
}

/// What one device knows.
#[derive(Debug, Default)]
pub struct Mirror {
    /// By conversation and sequence number.
    pub messages: BTreeMap<(String, u64), Shown>,
    /// The newest message that others have read, by conversation and uid.
    pub read: HashMap<(String, String), u64>,
    pub token: String,
    /// How often it was told to fetch instead.
    pub refetches: usize,
    /// Frames of messages that it had already.
    pub repeats: usize,
    /// Conversations that were left.
    pub left: Vec<String>,
}

impl Mirror {
    /// Where it stands, for the next socket.
    pub fn left_off(&self) -> LeftOff {
        let mut positions = HashMap::new();
        for (conversation, sequence) in self.messages.keys() {
            let position: &mut i64 = positions.entry(conversation.clone()).or_default();
            *position = (*position).max(sequence.cast_signed());
        }
        LeftOff { token: self.token.clone(), positions }
    }

    /// Reads until the frame that ends what was missed.
    pub async fn resume(&mut self, socket: &mut Connection) {
        within("everything missed", async {
            loop {
                let event = socket.next_event().await.expect("a frame");
                if self.apply(event) {
                    return;
                }
            }
        })
        .await;
    }

    /// Takes in a frame; answers whether it was the one that ends what was missed.
    pub fn apply(&mut self, event: Event) -> bool {
        match event {
            Event::Message(message) => {
                let body = message.to_value();
                let sequence = message.sequence.expect("a position");
                let known = self.messages.insert((message.conversation_id.clone(), sequence), Shown::of(&body));
                self.repeats += usize::from(known.is_some());
                // An edit or a deletion shows its message as it is then.
                let target = &body["data"]["entities"]["on"]["entity"];
                if message.category == "action" && message.kind == "message" {
                    self.change(target);
                }
            }
            Event::Receipt(receipt) if receipt.action == "read" => {
                let key = (receipt.receiver.id().to_owned(), receipt.uid.clone());
                let read = self.read.entry(key).or_default();
                *read = (*read).max(receipt.message_id);
            }
            Event::Other(frame) => return self.other(&frame),
            Event::Closed { code, reason } => panic!("the socket closed: {code} {reason}"),
            _ => {}
        }
        false
    }

    fn other(&mut self, frame: &Value) -> bool {
        let body = &frame["body"];
        match frame["type"].as_str().unwrap_or_default() {
            "resumed" => {
                body["token"].as_str().expect("a token").clone_into(&mut self.token);
                self.refetches += usize::from(body["refetch"] == true);
                return true;
            }
            "message_changed" | "message_pinned" | "message_unpinned" => self.change(body),
            "conversation_left" => self.left.push(body["conversationId"].as_str().expect("an id").to_owned()),
            "reaction" => {
                let (reaction, count) = (body["reaction"].as_str().expect("a reaction"), body["count"].as_u64());
                let Some(message) = self.find(number(&body["messageId"])) else { return false };
                match count.expect("a count") {
                    0 => drop(message.reactions.remove(reaction)),
                    count => drop(message.reactions.insert(reaction.to_owned(), count)),
                }
            }
            _ => {}
        }
        false
    }

    fn change(&mut self, message: &Value) {
        let now = Shown::of(message);
        if let Some(message) = self.find(now.id) {
            *message = now;
        }
    }

    fn find(&mut self, id: u64) -> Option<&mut Shown> {
        self.messages.values_mut().find(|message| message.id == id)
    }

    /// What a device without a past fetches of a conversation.
    pub async fn fetched(api: &ApiClient, with: &Receiver) -> BTreeMap<(String, u64), Shown> {
        let mut messages = BTreeMap::new();
        let mut last = 0;
        loop {
            let page = MessagePage::after(last, 100).with_sequence();
            let rows = api.list_messages(with, &page).await.expect("a page");
            let Some(newest) = rows.last() else { return messages };
            last = newest.id;
            for row in rows {
                let place = (row.conversation_id.clone(), row.sequence.expect("a position"));
                messages.insert(place, Shown::of(&row.to_value()));
            }
        }
    }

    /// Its part of a conversation.
    pub fn of(&self, conversation: &str) -> BTreeMap<(String, u64), Shown> {
        let own = self.messages.iter().filter(|((id, _), _)| id == conversation);
        own.map(|(place, message)| (place.clone(), message.clone())).collect()
    }
}

/// Ids come as text or as numbers.
fn number(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_default()
}
