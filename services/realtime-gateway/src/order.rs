//! The order of messages in a room: each conversation's messages go out by sequence number, each once.
//!
//! Two messaging replicas may publish one conversation's messages the wrong way round, a crash may publish one twice,
//! and a cut feed may lose some. A message that comes too early waits; when what is missing does not come, it is asked
//! for. Pure: time and fetching belong to the caller.

use std::collections::{BTreeMap, HashMap};

/// Most messages of a conversation that wait for a missing one; past that the missing ones are given up.
const WAITING_MAX: usize = 1000;

/// The conversations of one room.
pub struct Orders<T> {
    conversations: HashMap<String, Order<T>>,
}

struct Order<T> {
    /// The sequence number that goes out next.
    next: i64,
    waiting: BTreeMap<i64, T>,
}

/// What to do with a message that came in.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict<T> {
    /// Send these, in this order. Empty for a repeat.
    Send(Vec<T>),
    /// It waits; ask for the missing ones from this number on, unless that is under way.
    Wait {
        /// The first number that is missing.
        from: i64,
        /// Whether this is the first message that waits.
        first: bool,
    },
}

impl<T> Default for Orders<T> {
    fn default() -> Self {
        Self { conversations: HashMap::new() }
    }
}

impl<T> Orders<T> {
    /// Takes a message in. The first of a conversation sets where its order begins.
    pub fn accept(&mut self, conversation: &str, sequence: i64, message: T) -> Verdict<T> {
        let Some(order) = self.conversations.get_mut(conversation) else {
            let order = Order { next: sequence + 1, waiting: BTreeMap::new() };
            self.conversations.insert(conversation.to_owned(), order);
            return Verdict::Send(vec![message]);
        };
        if sequence < order.next {
            return Verdict::Send(Vec::new());
        }
        let first = order.waiting.is_empty();
        order.waiting.insert(sequence, message);
        let ready = order.ready();
        if !ready.is_empty() {
            return Verdict::Send(ready);
        }
        if order.waiting.len() > WAITING_MAX {
            return Verdict::Send(order.give_up());
        }
        Verdict::Wait { from: order.next, first }
    }

    /// Sends on what waits although something is missing, which clients with positions see as a gap.
    pub fn give_up(&mut self, conversation: &str) -> Vec<T> {
        self.conversations.get_mut(conversation).map(Order::give_up).unwrap_or_default()
    }

    /// Whether a message still waits, and from which number on something is missing.
    pub fn missing(&self, conversation: &str) -> Option<i64> {
        let order = self.conversations.get(conversation)?;
        (!order.waiting.is_empty()).then_some(order.next)
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

    #[test]
    fn the_first_message_sets_the_beginning() {
        let mut orders = Orders::default();
        assert_eq!(orders.accept("c", 17, 17), Verdict::Send(vec![17]));
        assert_eq!(orders.accept("c", 16, 16), Verdict::Send(vec![]));
        assert_eq!(orders.accept("c", 19, 19), Verdict::Wait { from: 18, first: true });
        assert_eq!(orders.accept("c", 20, 20), Verdict::Wait { from: 18, first: false });
        assert_eq!(orders.missing("c"), Some(18));
        assert_eq!(orders.accept("c", 18, 18), Verdict::Send(vec![18, 19, 20]));
        assert_eq!(orders.missing("c"), None);
    }

    #[test]
    fn what_never_comes_is_given_up() {
        let mut orders = Orders::default();
        orders.accept("c", 1, 1);
        orders.accept("c", 3, 3);
        assert_eq!(orders.give_up("c"), [3]);
        assert_eq!(orders.accept("c", 4, 4), Verdict::Send(vec![4]));
    }

    proptest! {
        #[test]
        fn any_arrival_order_goes_out_once_and_in_order(
            mut arrivals in Just((2..60_i64).collect::<Vec<_>>()).prop_shuffle(),
            repeats in proptest::collection::vec(2..60_i64, 0..30),
        ) {
            arrivals.extend(repeats);
            let mut orders = Orders::default();
            let mut sent = vec![1];
            orders.accept("c", 1, 1_i64);
            for sequence in arrivals {
                if let Verdict::Send(ready) = orders.accept("c", sequence, sequence) {
                    sent.extend(ready);
                }
            }
            prop_assert_eq!(sent, (1..60).collect::<Vec<_>>());
        }
    }
}
