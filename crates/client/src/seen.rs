//! Which messages of which conversations were yielded already.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::{Message, Receiver};

/// Most conversations whose place a server lets a client name when it comes back.
const POSITIONS_MAX: usize = 1_000;
/// Largest JSON of positions: a frame of 64 KiB holds it, with a session token. Ids are ASCII.
const POSITIONS_BYTES_MAX: usize = 40 * 1024;

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
    /// Grows with each message of any conversation.
    heard_at: u64,
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
    heard: u64,
}

impl Seen {
    pub fn new(uid: &str) -> Self {
        Self { uid: uid.into(), places: HashMap::new(), heard: 0 }
    }

    /// Begins a conversation behind `last_id`: what is missing is looked for after it. A message before it that comes live
    /// all the same was sent while the conversations were listed, and is new.
    pub fn start_after(&mut self, conversation_id: &str, peer: Receiver, last_id: u64) {
        self.places.entry(conversation_id.to_owned()).or_insert_with(|| Place::new(peer, last_id));
    }

    /// By conversation, the sequence number up to which everything was seen. Those that were heard of last, as many as
    /// fit: of the others the server knows how far the last socket was.
    pub fn positions(&self) -> HashMap<String, i64> {
        let known = |(id, place): (&'_ String, &Place)| Some((place.heard_at, id.clone(), place.last_sequence?));
        let mut known: Vec<_> = self.places.iter().filter_map(known).collect();
        known.sort_unstable_by_key(|(at, ..)| std::cmp::Reverse(*at));
        let mut bytes = 0;
        let fitting = known.into_iter().take(POSITIONS_MAX).take_while(|(_, id, _)| {
            // Quotes, colon, comma, and a number of 20 digits at most.
            bytes += id.len() + 24;
            bytes <= POSITIONS_BYTES_MAX
        });
        fitting.map(|(_, id, sequence)| (id, i64::try_from(sequence).unwrap_or(i64::MAX))).collect()
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
        message.receiver.seen_from(&self.uid, &message.sender)
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
        self.heard += 1;
        let heard_at = self.heard;
        let place = self.places.entry(message.conversation_id.clone()).or_insert_with(|| Place::new(peer, 0));
        place.heard_at = heard_at;
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
        Self { peer, last_id, last_sequence: None, heard_at: 0, floor: 0, recent: VecDeque::new() }
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
        assert_eq!(seen.find("ann_user_bob").unwrap().last_id, 8);
        assert_eq!(seen.find("ann_user_bob").unwrap().peer, Receiver::user("bob"));
    }

    #[test]
    fn what_comes_live_while_the_conversations_are_listed_is_new_once() {
        let mut seen = Seen::new("ann");
        seen.start_after("ann_user_bob", Receiver::user("bob"), 10);
        assert_eq!(seen.judge(&message(10, Some(3))), Verdict::New);
        assert!(seen.note(&message(10, Some(3))));
        assert_eq!(seen.judge(&message(10, Some(3))), Verdict::Repeated);
        assert_eq!(seen.judge(&message(11, Some(4))), Verdict::New);
    }

    #[test]
    fn a_conversation_that_was_heard_of_is_not_begun_again() {
        let mut seen = Seen::new("ann");
        seen.note(&message(5, Some(1)));
        seen.start_after("ann_user_bob", Receiver::user("bob"), 9);
        assert_eq!(seen.find("ann_user_bob").unwrap().last_id, 5);
    }

    #[test]
    fn positions_are_those_that_are_known_newest_first_as_far_as_they_fit() {
        let mut seen = Seen::new("ann");
        seen.start_after("quiet", Receiver::user("bob"), 9);
        seen.note(&message(5, Some(7)));
        assert_eq!(seen.positions(), HashMap::from([("ann_user_bob".to_owned(), 7)]));
        for n in 0..2_000 {
            let mut other = message(5, Some(1));
            other.conversation_id = format!("c{n}");
            seen.note(&other);
        }
        let positions = seen.positions();
        assert_eq!(positions.len(), POSITIONS_MAX);
        assert!(positions.contains_key("c1999") && !positions.contains_key("c999"));
        for n in 0..200 {
            let mut long = message(5, Some(1));
            long.conversation_id = format!("{n}{}", "x".repeat(400));
            seen.note(&long);
        }
        assert!(serde_json::to_string(&seen.positions()).unwrap().len() <= POSITIONS_BYTES_MAX);
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
