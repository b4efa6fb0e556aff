//! Who writes to whom.

use crate::mark::Bits;

/// Message `n` is sent by writer `n % writers`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// User 0 and 1, 2 and 3, ... write to each other.
    Pairs { users: u64 },
    /// The first members write to all.
    Group { members: u64, senders: u64 },
}

impl Plan {
    pub fn users(self) -> u64 {
        match self {
            Self::Pairs { users } => users,
            Self::Group { members, .. } => members,
        }
    }

    fn writers(self) -> u64 {
        match self {
            Self::Pairs { users } => users,
            Self::Group { senders, .. } => senders,
        }
    }

    pub fn sender_of(self, number: u64) -> usize {
        (number % self.writers()) as usize
    }

    /// To how many users a message must come. The sending device is not told of its own message.
    pub fn fan_out(self) -> u64 {
        match self {
            Self::Pairs { .. } => 1,
            Self::Group { members, .. } => members - 1,
        }
    }

    /// Where a user keeps the bit of a message; `None` if the message is not for that user.
    pub fn bit_of(self, user: usize, number: u64) -> Option<u64> {
        let sender = self.sender_of(number);
        match self {
            Self::Pairs { users } => (sender == user ^ 1).then_some(number / users),
            Self::Group { .. } => (sender != user).then_some(number),
        }
    }

    /// Deliveries of acknowledged messages that never came.
    pub fn count_lost(self, acknowledged: &[u64], heard: &[&Bits]) -> u64 {
        match self {
            Self::Pairs { users } => {
                let missing = |number: &&u64| !heard[self.sender_of(**number) ^ 1].has(**number / users);
                acknowledged.iter().filter(missing).count() as u64
            }
            Self::Group { .. } => {
                let missing = |user: usize, bits: &Bits| {
                    let lost = |number: &&u64| self.sender_of(**number) != user && !bits.has(**number);
                    acknowledged.iter().filter(lost).count() as u64
                };
                heard.iter().enumerate().map(|(user, bits)| missing(user, bits)).sum()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(plan: Plan, messages: u64, without: &[(usize, u64)]) -> Vec<Bits> {
        let mut all = Vec::new();
        for user in 0..plan.users() as usize {
            let mut bits = Bits::default();
            for number in (0..messages).filter(|number| !without.contains(&(user, *number))) {
                if let Some(bit) = plan.bit_of(user, number) {
                    assert!(bits.set(bit));
                }
            }
            all.push(bits);
        }
        all
    }

    #[test]
    fn every_delivery_that_is_missing_counts() {
        let pairs = Plan::Pairs { users: 4 };
        let group = Plan::Group { members: 5, senders: 2 };
        let acknowledged: Vec<u64> = (0..20).collect();
        for (plan, lost) in [(pairs, [(1, 4), (2, 7)]), (group, [(4, 3), (0, 1)])] {
            let full = heard(plan, 20, &[]);
            assert_eq!(plan.count_lost(&acknowledged, &full.iter().collect::<Vec<_>>()), 0);
            let holes = heard(plan, 20, &lost);
            assert_eq!(plan.count_lost(&acknowledged, &holes.iter().collect::<Vec<_>>()), 2, "{plan:?}");
        }
    }

    #[test]
    fn a_message_has_as_many_receivers_as_the_fan_out_says() {
        for plan in [Plan::Pairs { users: 6 }, Plan::Group { members: 7, senders: 3 }] {
            for number in 0..12 {
                let receivers = (0..plan.users() as usize).filter(|user| plan.bit_of(*user, number).is_some());
                assert_eq!(receivers.count() as u64, plan.fan_out());
            }
        }
    }
}
