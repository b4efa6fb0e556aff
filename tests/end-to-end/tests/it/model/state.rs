//! What one device shows: built from the answers to its own calls and from what comes over its socket.

use std::collections::{BTreeMap, BTreeSet};

use halley_client::{Event, Receipt};
use serde_json::Value;

use super::picture::{Call, Picture, Room, Shown, Talk, direct, guid_of, number, text};

/// How far the two sides of a conversation are.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    /// What is newer is unread to the viewer.
    pub boundary: u64,
    /// How far the others received and read.
    pub others: BTreeMap<String, (u64, u64)>,
}

/// What a device knows.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub uid: String,
    /// `unread`, `last` and the calls are worked out when it is compared.
    pub picture: Picture,
    /// By session, every call that it heard of.
    pub calls: BTreeMap<String, Call>,
    /// Sessions of the calls in which the user has a part: the log shows no other.
    pub own_calls: BTreeSet<String>,
    pub marks: BTreeMap<String, Marks>,
    /// Conversations that the list does not show until something is said in them.
    pub asleep: BTreeMap<String, Talk>,
    /// Up to which message conversations were hidden, where no frame tells of it.
    pub hidden: BTreeMap<String, u64>,
    /// Conversations that came into the list. What the user made of them is fetched; clients without the subprotocol fetch what
    /// was said in them, too.
    pub appeared: BTreeSet<String>,
    /// The newest place of each conversation.
    pub positions: BTreeMap<String, i64>,
    /// The place of each message.
    pub sequences: BTreeMap<u64, i64>,
    /// Messages deleted for good, with their conversation and sender, that count all the same: what was counted stays counted
    /// until it is read. Who was away has nothing of them but the count.
    pub purged: BTreeMap<u64, (String, String)>,
    /// While what was missed comes: the new messages of it. They are told as they are now, with the replies that follow.
    pub batch: Option<BTreeSet<u64>>,
    pub token: String,
    /// What has to be fetched before it can be shown: a group that the user came into.
    pub wanted: BTreeSet<String>,
    /// How often it was told to fetch instead of being told.
    pub refetches: usize,
}

impl State {
    /// Takes in a frame; answers whether it was the one that ends what was missed.
    pub fn apply(&mut self, event: &Event) -> bool {
        match event {
            Event::Message(message) => self.message(&message.to_value()),
            Event::Receipt(receipt) => self.receipt(receipt),
            Event::Other(frame) => return self.other(frame),
            _ => {}
        }
        false
    }

    fn other(&mut self, frame: &Value) -> bool {
        let body = &frame["body"];
        match frame["type"].as_str().unwrap_or_default() {
            "resumed" => {
                self.batch = None;
                self.token = text(&body["token"]);
                self.refetches += usize::from(body["refetch"] == true);
                return true;
            }
            "message_pinned" | "message_unpinned" | "message_moderated" => self.changed(body),
            "message_saved" => self.saved(number(&body["id"]), true),
            "message_unsaved" => self.saved(number(&body["id"]), false),
            "message_changed" => self.replaced(body),
            "reaction" => self.reaction(body),
            "conversation_pinned" => self.pinned(body, true),
            "conversation_unpinned" => self.pinned(body, false),
            "unread_count_changed" => self.counted(body),
            "conversation_changed" => self.conversation(body),
            "conversation_left" => self.left(body),
            "group_updated" | "group_owner_changed" => self.group(&body["group"]),
            "group_created" => drop(self.wanted.insert(text(&body["group"]["guid"]))),
            "group_deleted" => self.leave(&text(&body["group"]["guid"])),
            _ => {}
        }
        false
    }

    /// A message of any category, new or known.
    pub fn message(&mut self, body: &Value) {
        let (id, shown) = (number(&body["id"]), Shown::of(body, &self.uid));
        let conversation = shown.conversation.clone();
        let sequence = i64::try_from(number(&body["sequence"])).unwrap_or_default();
        let position = self.positions.entry(conversation.clone()).or_default();
        *position = (*position).max(sequence);
        self.sequences.insert(id, sequence);
        let is_new = !self.picture.messages.contains_key(&id);
        if shown.kind.0 == "action" && is_new {
            self.action(id, body);
        }
        if shown.kind.0 == "call" && is_new {
            self.call(body);
        }
        if is_new {
            self.comes(id, shown, body);
        }
    }

    /// Who starts a call, answers or declines it has a part in it, and so have both of two.
    pub fn call(&mut self, message: &Value) {
        let session = text(&message["data"]["entities"]["on"]["entity"]["sessionid"]);
        if message["sender"] == self.uid.as_str() || message["receiverType"] == "user" {
            self.own_calls.insert(session.clone());
        }
        self.calls.entry(session).or_default().hears(message);
    }

    fn comes(&mut self, id: u64, shown: Shown, body: &Value) {
        let conversation = shown.conversation.clone();
        if guid_of(&conversation).is_some_and(|guid| !self.picture.groups.contains_key(guid)) {
            // How the user went out of it, or came in: then it is fetched.
            return;
        }
        if !shown.is_deleted() {
            self.count_reply(shown.parent, 1);
        }
        if let Some(batch) = &mut self.batch {
            batch.insert(id);
        }
        // A call alone, or a change of a message, brings no conversation into the list.
        if !self.picture.talks.contains_key(&conversation) && shown.is_news() {
            let entities = &body["data"]["entities"];
            let with = match shown.sender == self.uid || guid_of(&conversation).is_some() {
                true => [&entities["receiver"], &entities["for"]],
                false => [&entities["sender"], &entities["by"]],
            };
            let name = with.iter().find_map(|with| with["entity"]["name"].as_str()).unwrap_or_default().to_owned();
            let talk = self.asleep.remove(&conversation).unwrap_or_default();
            self.picture.talks.insert(conversation.clone(), Talk { name, ..talk });
            self.appeared.insert(conversation.clone());
        }
        if self.hidden.get(&conversation).is_none_or(|hidden| id > *hidden) {
            self.picture.messages.insert(id, shown);
        }
    }

    fn action(&mut self, id: u64, body: &Value) {
        let (data, conversation) = (&body["data"], text(&body["conversationId"]));
        let on = &data["entities"]["on"]["entity"];
        if body["type"] == "message" {
            return self.told(on);
        }
        let Some(guid) = guid_of(&conversation).map(ToOwned::to_owned) else { return };
        let (what, uid) = (text(&data["action"]), text(&on["uid"]));
        if uid == self.uid {
            match what.as_str() {
                "joined" | "added" => {
                    self.read_up_to(&conversation, id);
                    self.wanted.insert(guid);
                    return;
                }
                "left" | "kicked" | "banned" => return self.leave(&guid),
                _ => {}
            }
        }
        let Some(room) = self.picture.groups.get_mut(&guid) else { return };
        match what.as_str() {
            "joined" | "added" => drop(room.members.insert(uid, scope_of(data))),
            "left" | "kicked" => drop(room.members.remove(&uid)),
            "banned" => {
                room.members.remove(&uid);
                room.banned.get_or_insert_default().insert(uid);
            }
            "unbanned" => drop(room.banned.get_or_insert_default().remove(&uid)),
            "scopeChanged" => {
                if uid == self.uid {
                    // Who is banned is shown to some scopes only.
                    self.wanted.insert(guid);
                }
                room.members.insert(uid, text(&data["extras"]["scope"]["new"]));
            }
            _ => {}
        }
    }

    /// An edited or deleted message as it is then.
    fn told(&mut self, message: &Value) {
        let id = number(&message["id"]);
        let was_deleted = self.picture.messages.get(&id).is_none_or(Shown::is_deleted);
        self.changed(message);
        let Some(now) = self.picture.messages.get(&id) else { return };
        let parent = now.parent;
        if now.is_deleted() && !was_deleted {
            self.count_reply(parent, -1);
        }
    }

    fn count_reply(&mut self, parent: u64, by: i64) {
        let is_counted = self.batch.as_ref().is_some_and(|batch| batch.contains(&parent));
        if let Some(parent) = self.picture.messages.get_mut(&parent)
            && !is_counted
        {
            parent.replies = parent.replies.saturating_add_signed(by);
        }
    }

    fn changed(&mut self, message: &Value) {
        let now = Shown::of(message, &self.uid);
        if let Some(known) = self.picture.messages.get_mut(&number(&message["id"])) {
            known.becomes(now);
        }
    }

    /// The message as the viewer sees it now.
    pub fn replaced(&mut self, message: &Value) {
        let now = Shown::of(message, &self.uid);
        if let Some(known) = self.picture.messages.get_mut(&number(&message["id"])) {
            *known = now;
        }
    }

    fn saved(&mut self, id: u64, saved: bool) {
        if let Some(known) = self.picture.messages.get_mut(&id) {
            known.saved = saved;
        }
    }

    fn reaction(&mut self, body: &Value) {
        let Some(message) = self.picture.messages.get_mut(&number(&body["messageId"])) else { return };
        let (reaction, count) = (text(&body["reaction"]), number(&body["count"]));
        if count == 0 {
            message.reactions.remove(&reaction);
            return;
        }
        let entry = message.reactions.entry(reaction).or_default();
        entry.0 = count;
        if body["uid"].as_str() == Some(&self.uid) {
            entry.1 = body["action"] == "message_reaction_added";
        }
    }

    fn receipt(&mut self, receipt: &Receipt) {
        // The frame names the other user, or the group, seen from who received or read.
        let conversation = match &receipt.receiver {
            halley_client::Receiver::Group(guid) => format!("group_{guid}"),
            halley_client::Receiver::User(other) => direct(&receipt.uid, other),
        };
        let is_read = receipt.action == "read";
        if receipt.uid == self.uid {
            if is_read {
                self.read_up_to(&conversation, receipt.message_id);
            }
            return;
        }
        let marks = self.marks.entry(conversation).or_default();
        if !matches!(receipt.action.as_str(), "read" | "delivered") {
            return;
        }
        let (delivered, read) = marks.others.entry(receipt.uid.clone()).or_default();
        *delivered = (*delivered).max(receipt.message_id);
        if is_read {
            *read = (*read).max(receipt.message_id);
        }
    }

    /// Own pins are told of conversations, too, that the list does not show.
    fn pinned(&mut self, body: &Value, pinned: bool) {
        let id = text(&body["conversationId"]);
        match self.picture.talks.get_mut(&id) {
            Some(talk) => talk.pinned = pinned,
            None => self.asleep.entry(id).or_insert_with(|| Talk::of(body)).pinned = pinned,
        }
    }

    /// A count that no receipt tells of.
    pub fn counted(&mut self, body: &Value) {
        self.count_back(&text(&body["conversationId"]), number(&body["unreadMessageCount"]));
    }

    /// So many of the newest messages are unread.
    pub fn count_back(&mut self, id: &str, unread: u64) {
        let counted = self.counted_of(id);
        let boundary = counted.iter().rev().nth(usize::try_from(unread).unwrap_or(usize::MAX));
        let boundary = boundary.copied().unwrap_or_default();
        self.marks.entry(id.to_owned()).or_default().boundary = boundary;
    }

    /// What raises the count of a conversation, wherever it is read up to.
    fn counted_of(&self, id: &str) -> BTreeSet<u64> {
        let here = self.picture.messages.iter().filter(|(_, message)| message.conversation == id);
        let counted = here.filter(|(_, message)| message.is_counted() && message.sender != self.uid);
        let purged = self.purged.iter().filter(|(_, (of, sender))| of == id && *sender != self.uid);
        counted.map(|(at, _)| *at).chain(purged.map(|(at, _)| *at)).collect()
    }

    fn read_up_to(&mut self, id: &str, message: u64) {
        let boundary = &mut self.marks.entry(id.to_owned()).or_default().boundary;
        *boundary = (*boundary).max(message);
    }

    /// What a conversation held so far is not shown any more.
    pub fn hide_up_to(&mut self, id: &str, newest: u64) {
        self.read_up_to(id, newest);
        self.picture.messages.retain(|at, message| message.conversation != id || *at > newest);
        // Where a message lies that is gone can't be told.
        self.purged.retain(|_, (of, _)| of != id);
    }

    fn hide_by_place(&mut self, id: &str, body: &Value) {
        let Some(hidden_before) = body["hiddenBefore"].as_i64() else { return };
        let hidden = self.picture.messages.iter().rev().find(|(at, message)| {
            // What was fetched after an import has no place here, and was there before.
            message.conversation == id && self.sequences.get(*at).is_none_or(|at| *at <= hidden_before)
        });
        if let Some((newest, _)) = hidden {
            self.hide_up_to(id, *newest);
        }
    }

    /// The list shows a conversation no more, unless something newer than what is hidden has come already.
    fn left(&mut self, body: &Value) {
        let id = text(&body["conversationId"]);
        self.hide_by_place(&id, body);
        let mut here = self.picture.messages.values().filter(|message| message.conversation == id);
        // A change or a call that came since brings it into the list no more than before. Of a group that the user is out of,
        // an action tells.
        if !here.any(Shown::is_news) {
            self.doze(&id);
        }
    }

    fn doze(&mut self, id: &str) {
        if let Some(talk) = self.picture.talks.remove(id) {
            self.asleep.insert(id.to_owned(), talk);
        }
    }

    /// The own side of a conversation as it is now.
    pub fn conversation(&mut self, body: &Value) {
        let id = text(&body["conversationId"]);
        if let Some(guid) = guid_of(&id)
            && !self.picture.groups.contains_key(guid)
        {
            // The user came into it while the device was away, and no action tells of that.
            self.wanted.insert(guid.to_owned());
        }
        self.hide_by_place(&id, body);
        self.counted(body);
        self.asleep.remove(&id);
        self.picture.talks.insert(id, Talk::of(body));
    }

    /// The list shows it no more; what was in it is not shown either.
    pub fn sleep(&mut self, id: &str) {
        let newest = self.picture.messages.iter().rev().find(|(_, message)| message.conversation == id);
        let newest = newest.map_or(0, |(newest, _)| *newest);
        self.hide_up_to(id, newest);
        self.doze(id);
    }

    fn group(&mut self, group: &Value) {
        let now = Room::of(group);
        let guid = text(&group["guid"]);
        if let Some(talk) = self.picture.talks.get_mut(&format!("group_{guid}")) {
            talk.name.clone_from(&now.name);
        }
        if let Some(room) = self.picture.groups.get_mut(&guid) {
            room.becomes(now);
        }
    }

    pub fn leave(&mut self, guid: &str) {
        let conversation = format!("group_{guid}");
        self.picture.groups.remove(guid);
        self.picture.talks.remove(&conversation);
        self.picture.messages.retain(|_, message| message.conversation != conversation);
        self.wanted.remove(guid);
    }

    /// What the device shows.
    pub fn picture(&self) -> Picture {
        let mut picture = self.picture.clone();
        picture.calls = self.calls.clone();
        picture.calls.retain(|session, _| self.own_calls.contains(session));
        picture.messages.retain(|_, message| self.picture.talks.contains_key(&message.conversation));
        for (id, talk) in &mut picture.talks {
            let marks = self.marks.get(id).cloned().unwrap_or_default();
            let boundary = marks.boundary;
            let here = || self.picture.messages.iter().filter(|(_, message)| message.conversation == *id);
            talk.unread = self.counted_of(id).range(boundary + 1..).count() as u64;
            // One that was deleted or is withheld is shown by none.
            let last = here().rev().find(|(_, message)| message.is_news());
            talk.last = last.filter(|(_, message)| !message.is_deleted() && !message.is_withheld).map(|(at, _)| *at);
        }
        for (id, message) in &mut picture.messages {
            if let Some(marks) = self.marks.get(&message.conversation)
                && message.is_receipted(&self.uid)
            {
                let passed = |of: fn(&(u64, u64)) -> u64| marks.others.values().any(|other| of(other) >= *id);
                message.read |= passed(|(_, read)| *read);
                message.delivered |= passed(|(delivered, _)| *delivered) || message.read;
            }
        }
        picture
    }
}

/// The scope that a member comes with.
fn scope_of(data: &Value) -> String {
    match data["extras"]["scope"]["new"].as_str() {
        Some(scope) => scope.to_owned(),
        None => "participant".to_owned(),
    }
}
