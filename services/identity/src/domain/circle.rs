//! Who becomes whose friend.

use std::collections::{HashMap, HashSet};

use super::known_uid;
use crate::error::{IdentityError, Result};

/// A user with the others of one call, all of them locked.
#[derive(Debug, Default)]
pub(crate) struct Circle {
    pub uid: String,
    /// Those of all named users who exist and are active.
    pub active: HashSet<String>,
    /// Those of the others who are friends of the user.
    pub friends: HashSet<String>,
    /// How many friends each has, also outside of this circle.
    pub counts: HashMap<String, i64>,
    /// How many friends a user may have.
    pub max: i64,
}

impl Circle {
    /// Makes another user a friend, if it can be; answers their uid.
    pub(crate) fn befriend(&mut self, given: &str) -> Result<String> {
        let other = known_uid(given)?;
        if other == self.uid {
            return Err(IdentityError::SelfRelation);
        }
        if !self.active.contains(&other) {
            return Err(IdentityError::UserNotFound { uid: other });
        }
        if self.friends.contains(&other) {
            return Err(IdentityError::AlreadyFriends { uid: other });
        }
        let max = self.max;
        for uid in [&self.uid, &other] {
            if self.counts.get(uid).is_some_and(|count| *count >= max) {
                return Err(IdentityError::FriendsFull { uid: uid.clone(), max });
            }
        }
        for uid in [&self.uid, &other] {
            *self.counts.entry(uid.clone()).or_default() += 1;
        }
        self.friends.insert(other.clone());
        Ok(other)
    }

    /// Ends a friendship; answers the other one's uid. They may be deactivated meanwhile.
    pub(crate) fn part(&mut self, given: &str) -> Result<String> {
        let not_friends = || IdentityError::NotFriends { uid: given.to_owned() };
        let other = known_uid(given).map_err(|_| not_friends())?;
        self.friends.take(&other).ok_or_else(not_friends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: i64 = 10;

    fn circle(counts: &[(&str, i64)]) -> Circle {
        Circle {
            uid: "ann".to_owned(),
            active: ["ann", "bob", "cat"].map(str::to_owned).into(),
            friends: ["cat".to_owned()].into(),
            counts: counts.iter().map(|(uid, count)| ((*uid).to_owned(), *count)).collect(),
            max: MAX,
        }
    }

    #[test]
    fn each_refusal_has_its_own_reason() {
        let mut circle = circle(&[]);
        assert!(matches!(circle.befriend("Ann"), Err(IdentityError::SelfRelation)));
        assert!(matches!(circle.befriend("nobody"), Err(IdentityError::UserNotFound { .. })));
        assert!(matches!(circle.befriend("no id"), Err(IdentityError::UserNotFound { .. })));
        assert!(matches!(circle.befriend("cat"), Err(IdentityError::AlreadyFriends { .. })));
        assert_eq!(circle.befriend("Bob").unwrap(), "bob");
        assert!(matches!(circle.befriend("bob"), Err(IdentityError::AlreadyFriends { .. })), "twice in one call");
    }

    #[test]
    fn a_list_that_is_full_on_either_side_takes_nobody() {
        let max = MAX;
        for full in ["ann", "bob"] {
            let mut circle = circle(&[(full, max)]);
            assert!(matches!(circle.befriend("bob"), Err(IdentityError::FriendsFull { uid, .. }) if uid == full));
        }
        let mut circle = circle(&[("ann", max - 1)]);
        circle.active.insert("dan".to_owned());
        circle.befriend("bob").unwrap();
        assert!(matches!(circle.befriend("dan"), Err(IdentityError::FriendsFull { .. })), "the call itself counts");
    }

    #[test]
    fn only_friends_part_and_only_once() {
        let mut circle = circle(&[]);
        assert!(matches!(circle.part("bob"), Err(IdentityError::NotFriends { .. })));
        assert!(matches!(circle.part("no id"), Err(IdentityError::NotFriends { .. })));
        assert_eq!(circle.part("CAT").unwrap(), "cat");
        assert!(matches!(circle.part("cat"), Err(IdentityError::NotFriends { .. })));
    }
}
