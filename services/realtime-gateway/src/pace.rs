//! How fast the sockets of a node are told who comes online and who goes. Pure: time and sending belong to the caller.
//!
//! Ten thousand users who come at once are ten thousand frames for each socket that wants to hear of everybody. So an
//! app's frames of presence have a budget for each node; what is over it waits its turn, and who comes and goes
//! meanwhile nets out. A change costs as many frames as sockets are told, so few listeners never wait.

use std::{
    collections::{HashMap, VecDeque},
    time::Instant,
};

use halley_contracts::events::v1::{Event, PresenceChanged, event::Body};

use crate::bucket::Bucket;

/// Most users whose changes wait. Later ones are not told.
const WAITING_MAX: usize = 100_000;

/// The changes of one app's presence that wait.
pub struct Pace {
    budget: Bucket,
    /// Uids in the order in which their changes came. One whose change netted out may still stand here.
    turns: VecDeque<String>,
    changes: HashMap<String, Event>,
}

impl Pace {
    /// `frames`: how many the sockets of one app on one node may get a second, and at once.
    pub fn new(frames: u32) -> Self {
        Self { budget: Bucket::new(frames, frames), turns: VecDeque::new(), changes: HashMap::new() }
    }

    /// Takes a change in. A user who comes and goes, or goes and comes, while that waits has not moved.
    pub fn take(&mut self, event: Event) {
        let Some((uid, online)) = of(&event) else { return };
        match self.changes.get_mut(&uid) {
            Some(waiting) if of(waiting).is_some_and(|(_, was)| was != online) => {
                self.changes.remove(&uid);
            }
            Some(waiting) => *waiting = event,
            None if self.turns.len() >= WAITING_MAX => {
                metrics::counter!("halley_gateway_presence_dropped_total").increment(1);
            }
            None => {
                self.turns.push_back(uid.clone());
                self.changes.insert(uid, event);
            }
        }
    }

    /// The change that is to be told next, if the budget allows one now.
    pub fn next(&mut self, now: Instant) -> Option<Event> {
        while !self.turns.is_empty() && self.budget.has_some(now) {
            let uid = self.turns.pop_front()?;
            if let Some(event) = self.changes.remove(&uid) {
                return Some(event);
            }
        }
        None
    }

    /// Pays for a change that so many sockets were told.
    pub fn spend(&mut self, sockets: usize) {
        self.budget.spend(sockets.max(1));
    }

    /// Whether nothing waits, and what was told is paid for.
    pub fn is_settled(&mut self, now: Instant) -> bool {
        self.turns.is_empty() && self.budget.is_full(now)
    }
}

/// Whose change it is, and whether the user came.
fn of(event: &Event) -> Option<(String, bool)> {
    match &event.body {
        Some(Body::PresenceChanged(PresenceChanged { user: Some(user), online })) => Some((user.uid.clone(), *online)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use halley_contracts::identity::v1::User;

    use super::*;

    fn change(uid: &str, online: bool) -> Event {
        let user = Some(User { uid: uid.to_owned(), ..Default::default() });
        halley_bus::event("app", "", Body::PresenceChanged(PresenceChanged { user, online }))
    }

    fn told(pace: &mut Pace, now: Instant, sockets: usize) -> Vec<(String, bool)> {
        let mut told = Vec::new();
        while let Some(event) = pace.next(now) {
            pace.spend(sockets);
            told.push(of(&event).expect("presence"));
        }
        told
    }

    #[test]
    fn within_the_budget_nothing_waits_and_order_is_kept() {
        let now = Instant::now();
        let mut pace = Pace::new(100_000);
        for uid in ["ann", "bob", "cat"] {
            pace.take(change(uid, true));
        }
        let uids: Vec<String> = told(&mut pace, now, 1000).into_iter().map(|(uid, _)| uid).collect();
        assert_eq!(uids, ["ann", "bob", "cat"]);
        assert!(!pace.is_settled(now) && pace.is_settled(now + Duration::from_secs(1)));
    }

    #[test]
    fn a_burst_is_spread_and_flaps_net_out() {
        let now = Instant::now();
        let mut pace = Pace::new(1000);
        for n in 0..100 {
            pace.take(change(&format!("u{n}"), true));
        }
        assert_eq!(told(&mut pace, now, 100).len(), 10);
        // u50 is gone before it was told; u3 was told, and goes.
        pace.take(change("u50", false));
        pace.take(change("u3", false));
        pace.take(change("u60", true));
        let later = told(&mut pace, now + Duration::from_secs(1), 100);
        assert_eq!(later.len(), 10);
        let rest = told(&mut pace, now + Duration::from_secs(3600), 0);
        assert_eq!(rest.len(), 100 - 10 - 10 - 1 + 1);
        assert!(!rest.iter().any(|(uid, _)| uid == "u50"));
        assert_eq!(rest.last(), Some(&("u3".to_owned(), false)));
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut pace = Pace::new(0);
        for n in 0..WAITING_MAX + 10 {
            pace.take(change(&n.to_string(), true));
        }
        assert_eq!(pace.turns.len(), WAITING_MAX);
    }
}
