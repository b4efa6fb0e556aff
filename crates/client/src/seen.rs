//! Which messages of which conversations were yielded already.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::{Message, Receiver};

/// Ids remembered behind the newest, to tell a repeated message from one that comes late.
const RECENT: usize = 256;

/// What to do with a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Not seen before, nothing missing in front of it.
    New,
    /// Seen before.
    Repeated,
    /// Positions are missing between the last one seen and this one.
    Gap,
}

#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub peer: Receiver,
    pub last_id: u64,
    last_sequence: Option<u64>,
    /// This id and all below were seen.
    floor: u64,
    /// Ids above the floor, in the order of their coming.
    recent: VecDeque<u64>,
}

/// The last message seen, for each conversation.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    uid: String,
    places: HashMap<String, Place>,
}

impl Seen {
    pub fn new(uid: &str) -> Self {
        Self { uid: uid.into(), places: HashMap::new() }
    }

    /// Takes everything up to `last_id` as seen.
    pub fn start_after(&mut self, conversation_id: &str, peer: Receiver, last_id: u64) {
        let place = Place::new(peer, last_id);
        self.places.insert(conversation_id.to_owned(), place);
    }

    pub fn find(&self, conversation_id: &str) -> Option<&Place> {
        self.places.get(conversation_id)
    }

    /// Peer and last id of the conversations that are not among these.
    pub fn places_outside(&self, listed: &HashSet<String>) -> Vec<(Receiver, u64)> {
        let outside = self.places.iter().filter(|(id, _)| !listed.contains(*id));
        outside.map(|(_, place)| (place.peer.clone(), place.last_id)).collect()
    }

    /// The other end of a message's conversation, seen from this user.
    pub fn peer_of(&self, message: &Message) -> Receiver {
        match &message.receiver {
            Receiver::User(uid) if *uid == self.uid => Receiver::user(&message.sender),
            other => other.clone(),
        }
    }

    /// Judges a live message; changes nothing.
    pub fn judge(&self, message: &Message) -> Verdict {
        let Some(place) = self.places.get(&message.conversation_id) else {
            // Its beginning may have passed unseen, unless this is the beginning, or the user's entry.
            let entry = message.category == "action" && message.kind == "groupMember";
            return if entry || message.sequence == Some(1) { Verdict::New } else { Verdict::Gap };
        };
        if place.has(message.id) {
            return Verdict::Repeated;
        }
        match (place.last_sequence, message.sequence) {
            (Some(last), Some(now)) if now > last + 1 => Verdict::Gap,
            // After a start from the list of conversations the position is not known yet: only a look can tell.
            (None, Some(_)) if message.id > place.last_id => Verdict::Gap,
            _ => Verdict::New,
        }
    }

    /// Notes a message as yielded. False: it was noted before.
    pub fn note(&mut self, message: &Message) -> bool {
        let peer = self.peer_of(message);
        let place = self.places.entry(message.conversation_id.clone()).or_insert_with(|| Place::new(peer, 0));
        if message.id >= place.last_id {
            // Also when repeated: the first copy may have come without its position.
            place.last_sequence = place.last_sequence.max(message.sequence);
        }
        if place.has(message.id) {
            return false;
        }
        place.last_id = place.last_id.max(message.id);
        if place.recent.len() == RECENT {
            let forgotten = place.recent.pop_front().unwrap_or(0);
            place.floor = place.floor.max(forgotten);
        }
        place.recent.push_back(message.id);
        true
    }
}

impl Place {
    fn new(peer: Receiver, last_id: u64) -> Self {
        Self { peer, last_id, last_sequence: None, floor: last_id, recent: VecDeque::new() }
    }

    fn has(&self, id: u64) -> bool {
        id <= self.floor || (id <= self.last_id && self.recent.contains(&id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn message(id: u64, sequence: Option<u64>) -> Message {
        let mut value = json!({"id": id, "conversationId": "ann_user_bob", "sender": "bob", "receiver": "ann",
            "receiverType": "user", "category": "message", "type": "text", "data": {}});
        if let Some(sequence) = sequence {
            value["sequence"] = sequence.into();
        }
        serde_json::from_str(&value.to_string()).unwrap()
    }

    #[test]
    fn a_message_is_new_once() {
        let mut seen = Seen::new("ann");
        seen.start_after("ann_user_bob", Receiver::user("bob"), 4);
        for id in [5, 8, 7, 6] {
            assert_eq!(seen.judge(&message(id, None)), Verdict::New, "{id}");
            assert!(seen.note(&message(id, None)));
            assert_eq!(seen.judge(&message(id, None)), Verdict::Repeated);
            assert!(!seen.note(&message(id, None)));
        }
        assert_eq!(seen.judge(&message(4, None)), Verdict::Repeated);
        assert_eq!(seen.find("ann_user_bob").unwrap().last_id, 8);
        assert_eq!(seen.find("ann_user_bob").unwrap().peer, Receiver::user("bob"));
    }

    #[test]
    fn what_was_there_at_the_start_counts_as_seen() {
        let mut seen = Seen::new("ann");
        seen.start_after("ann_user_bob", Receiver::user("bob"), 10);
        assert_eq!(seen.judge(&message(10, None)), Verdict::Repeated);
        assert_eq!(seen.judge(&message(11, None)), Verdict::New);
    }

    #[test]
    fn a_hole_in_the_positions_is_a_gap() {
        let mut seen = Seen::new("ann");
        assert_eq!(seen.judge(&message(5, Some(1))), Verdict::New);
        seen.note(&message(5, Some(1)));
        assert_eq!(seen.judge(&message(6, Some(2))), Verdict::New);
        assert_eq!(seen.judge(&message(7, Some(3))), Verdict::Gap);
    }

    #[test]
    fn a_position_cannot_be_trusted_before_the_first_look() {
        let mut seen = Seen::new("ann");
        assert_eq!(seen.judge(&message(5, Some(2))), Verdict::Gap);
        seen.start_after("ann_user_bob", Receiver::user("bob"), 4);
        assert_eq!(seen.judge(&message(5, Some(2))), Verdict::Gap);
    }

    #[test]
    fn an_unknown_conversation_is_looked_at_from_its_start() {
        assert_eq!(Seen::new("ann").judge(&message(5, None)), Verdict::Gap);
    }

    #[test]
    fn a_repeated_message_may_still_bring_its_position() {
        let mut seen = Seen::new("ann");
        seen.note(&message(5, None));
        assert!(!seen.note(&message(5, Some(3))));
        assert_eq!(seen.judge(&message(6, Some(4))), Verdict::New);
    }

    #[test]
    fn memory_of_ids_is_bounded() {
        let mut seen = Seen::new("ann");
        for id in 1..=10_000 {
            seen.note(&message(id, None));
        }
        assert_eq!(seen.find("ann_user_bob").unwrap().recent.len(), RECENT);
    }
}
