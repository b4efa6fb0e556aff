//! The order of messages in a room: each conversation's messages go out by sequence number, each once.
//!
//! Two messaging replicas may publish one conversation's messages the wrong way round, a crash may publish one twice,
//! and a cut feed may lose some. A message that comes too early waits; when what is missing does not come, it is asked
//! for. Pure: time and fetching belong to the caller.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Most messages of a conversation that wait for a missing one; past that the missing ones are given up.
const WAITING_MAX: usize = 1000;
/// Most conversations of one room whose place is remembered.
const CONVERSATIONS_MAX: usize = 1000;

/// The conversations of one room.
pub struct Orders<T> {
    conversations: HashMap<String, Order<T>>,
    next_gap: u64,
}

struct Order<T> {
    /// Where it began: earlier messages may still come, if they were sent after the room opened.
    first: i64,
    late: BTreeSet<i64>,
    /// The sequence number that goes out next.
    next: i64,
    waiting: BTreeMap<i64, T>,
    /// Tells the gap that is waited for from earlier ones.
    gap: u64,
}

/// What to do with a message that came in.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict<T> {
    /// Send these, in this order. Empty for a repeat.
    Send(Vec<T>),
    /// It waits; the gap is new, and what is missing is to be asked for.
    Ask(Gap),
    /// It waits for a gap that was told before.
    Wait,
    /// Send these. What is missing before them is given up: receivers must be told.
    Lost(Vec<T>),
}

/// Something missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The first sequence number that is missing.
    pub from: i64,
    id: u64,
}

impl<T> Default for Orders<T> {
    fn default() -> Self {
        Self { conversations: HashMap::new(), next_gap: 0 }
    }
}

impl<T> Orders<T> {
    /// Takes a message in. The first of a conversation sets where its order begins. Two that were sent at once may come
    /// the wrong way round even then, so an earlier one is let through, late but once, when it is `fresh`: sent after
    /// the room opened. Older ones are repeats of what clients have fetched.
    pub fn accept(&mut self, conversation: &str, sequence: i64, fresh: bool, message: T) -> Verdict<T> {
        let Some(order) = self.conversations.get_mut(conversation) else {
            self.begin(conversation, sequence);
            return Verdict::Send(vec![message]);
        };
        if sequence < order.next {
            let late = fresh && sequence < order.first && order.late.len() < WAITING_MAX && order.late.insert(sequence);
            return Verdict::Send(if late { vec![message] } else { Vec::new() });
        }
        let is_new = order.waiting.is_empty();
        order.waiting.insert(sequence, message);
        let ready = order.ready();
        if !ready.is_empty() {
            return Verdict::Send(ready);
        }
        if order.waiting.len() > WAITING_MAX {
            return Verdict::Lost(order.give_up());
        }
        if !is_new {
            return Verdict::Wait;
        }
        self.next_gap += 1;
        order.gap = self.next_gap;
        Verdict::Ask(Gap { from: order.next, id: order.gap })
    }

    /// Whether a message of a conversation that comes here in parts only is newer than all before it.
    pub fn is_news(&mut self, conversation: &str, sequence: i64) -> bool {
        let Some(order) = self.conversations.get_mut(conversation) else {
            self.begin(conversation, sequence);
            return true;
        };
        let is_news = sequence >= order.next;
        order.next = order.next.max(sequence + 1);
        is_news
    }

    /// Whether this gap is still waited for.
    pub fn is_open(&self, conversation: &str, gap: Gap) -> bool {
        self.is_waiting(conversation) && self.conversations.get(conversation).is_some_and(|order| order.gap == gap.id)
    }

    /// Whether any message waits.
    pub fn is_waiting(&self, conversation: &str) -> bool {
        self.conversations.get(conversation).is_some_and(|order| !order.waiting.is_empty())
    }

    /// Sends on what waits although something is missing. The receivers must be told.
    pub fn give_up(&mut self, conversation: &str) -> Vec<T> {
        self.conversations.get_mut(conversation).map(Order::give_up).unwrap_or_default()
    }

    fn begin(&mut self, conversation: &str, sequence: i64) {
        if self.conversations.len() >= CONVERSATIONS_MAX {
            self.conversations.retain(|_, order| !order.waiting.is_empty());
        }
        let order =
            Order { first: sequence, late: BTreeSet::new(), next: sequence + 1, waiting: BTreeMap::new(), gap: 0 };
        self.conversations.insert(conversation.to_owned(), order);
    }
}

impl<T> Order<T> {
    fn ready(&mut self) -> Vec<T> {
        let mut ready = Vec::new();
        while let Some(message) = self.waiting.remove(&self.next) {
            ready.push(message);
            self.next += 1;
        }
        ready
    }

    fn give_up(&mut self) -> Vec<T> {
        let waiting = std::mem::take(&mut self.waiting);
        if let Some((last, _)) = waiting.last_key_value() {
            self.next = last + 1;
        }
        waiting.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn gap(verdict: Verdict<i64>) -> Gap {
        match verdict {
            Verdict::Ask(gap) => gap,
            other => panic!("no new gap: {other:?}"),
        }
    }

    #[test]
    fn what_comes_too_early_waits_for_what_is_missing() {
        let mut orders = Orders::default();
        assert_eq!(orders.accept("c", 17, false, 17), Verdict::Send(vec![17]));
        assert_eq!(orders.accept("c", 17, true, 17), Verdict::Send(vec![]));
        let gap = gap(orders.accept("c", 19, false, 19));
        assert_eq!(gap.from, 18);
        assert_eq!(orders.accept("c", 20, false, 20), Verdict::Wait);
        assert!(orders.is_open("c", gap));
        assert_eq!(orders.accept("c", 18, false, 18), Verdict::Send(vec![18, 19, 20]));
        assert!(!orders.is_open("c", gap));
    }

    #[test]
    fn before_the_beginning_only_fresh_messages_are_news() {
        let mut orders = Orders::default();
        orders.accept("c", 17, true, 17);
        assert_eq!(orders.accept("c", 15, false, 15), Verdict::Send(vec![]));
        assert_eq!(orders.accept("c", 16, true, 16), Verdict::Send(vec![16]));
        assert_eq!(orders.accept("c", 16, true, 16), Verdict::Send(vec![]));
    }

    #[test]
    fn what_never_comes_is_given_up() {
        let mut orders = Orders::default();
        orders.accept("c", 1, false, 1);
        orders.accept("c", 3, false, 3);
        assert_eq!(orders.give_up("c"), [3]);
        assert_eq!(orders.accept("c", 4, false, 4), Verdict::Send(vec![4]));
    }

    #[test]
    fn an_earlier_gap_is_not_a_later_one() {
        let mut orders = Orders::default();
        orders.accept("c", 1, false, 1);
        let first = gap(orders.accept("c", 3, false, 3));
        orders.accept("c", 2, false, 2);
        let second = gap(orders.accept("c", 5, false, 5));
        assert!(!orders.is_open("c", first) && orders.is_open("c", second));
    }

    #[test]
    fn too_many_waiting_messages_are_sent_and_the_loss_is_told() {
        let mut orders = Orders::default();
        orders.accept("c", 1, false, 1);
        let lost = (3..).find_map(|n| match orders.accept("c", n, false, n) {
            Verdict::Lost(sent) => Some(sent),
            _ => None,
        });
        assert_eq!(lost.expect("lost").len(), WAITING_MAX + 1);
    }

    #[test]
    fn parts_of_a_conversation_have_no_gaps_but_no_repeats_either() {
        let mut orders = Orders::<i64>::default();
        assert!(orders.is_news("g", 17));
        assert!(!orders.is_news("g", 17));
        assert!(orders.is_news("g", 90));
        assert!(!orders.is_news("g", 20));
    }

    #[test]
    fn places_are_remembered_within_bounds() {
        let mut orders = Orders::default();
        for n in 0..10_000 {
            orders.accept(&format!("c{n}"), 1, false, 1);
        }
        assert!(orders.conversations.len() <= CONVERSATIONS_MAX);
    }

    proptest! {
        #[test]
        fn any_arrival_order_goes_out_once_and_in_order(
            mut arrivals in Just((2..60_i64).collect::<Vec<_>>()).prop_shuffle(),
            repeats in proptest::collection::vec(1..60_i64, 0..30),
        ) {
            arrivals.extend(repeats);
            let mut orders = Orders::default();
            let mut sent = vec![1];
            orders.accept("c", 1, true, 1_i64);
            for sequence in arrivals {
                if let Verdict::Send(ready) = orders.accept("c", sequence, true, sequence) {
                    sent.extend(ready);
                }
            }
            prop_assert_eq!(sent, (1..60).collect::<Vec<_>>());
        }
    }
}
