//! Which conversation two users, or a group, talk in.

/// A conversation's unambiguous key.
///
/// The public id (`a_user_b`, `group_g`) is what clients see, but ids may hold `_user_` themselves: the users
/// `a_user_b` and `c` would share it with `a` and `b_user_c`. So nothing is ever looked up by the public id alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ConversationKey {
    /// Between two users, in ascending order; both may be the same.
    Direct(String, String),
    /// Of a group.
    Group(String),
}

impl ConversationKey {
    /// The conversation of two users, whichever way round they are given.
    pub fn direct(a: &str, b: &str) -> Self {
        let (low, high) = if a <= b { (a, b) } else { (b, a) };
        Self::Direct(low.to_owned(), high.to_owned())
    }

    /// The conversation of a group.
    pub fn group(guid: &str) -> Self {
        Self::Group(guid.to_owned())
    }

    /// The key as stored: `u:{a}:{b}` or `g:{guid}`. Ids hold no colon.
    pub fn storage(&self) -> String {
        match self {
            Self::Direct(a, b) => format!("u:{a}:{b}"),
            Self::Group(guid) => format!("g:{guid}"),
        }
    }

    /// Reads a stored key.
    pub fn from_storage(stored: &str) -> Option<Self> {
        match stored.split_once(':')? {
            ("g", guid) => Some(Self::Group(guid.to_owned())),
            ("u", pair) => pair.split_once(':').map(|(a, b)| Self::Direct(a.to_owned(), b.to_owned())),
            _ => None,
        }
    }

    /// The id that clients see.
    pub fn public(&self) -> String {
        match self {
            Self::Direct(a, b) => format!("{a}_user_{b}"),
            Self::Group(guid) => format!("group_{guid}"),
        }
    }

    /// For one of two users: the other one. For a group: its guid.
    pub fn counterpart<'a>(&'a self, uid: &str) -> &'a str {
        match self {
            Self::Direct(a, b) => {
                if a == uid {
                    b
                } else {
                    a
                }
            }
            Self::Group(guid) => guid,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_are_one_conversation() {
        assert_eq!(ConversationKey::direct("bob", "ann"), ConversationKey::direct("ann", "bob"));
        assert_eq!(ConversationKey::direct("bob", "ann").public(), "ann_user_bob");
    }

    #[test]
    fn equal_public_ids_are_still_told_apart() {
        let one = ConversationKey::direct("a_user_b", "c");
        let other = ConversationKey::direct("a", "b_user_c");
        assert_eq!(one.public(), other.public());
        assert_ne!(one.storage(), other.storage());
    }

    #[test]
    fn stored_keys_are_read_back() {
        for key in [ConversationKey::direct("x", "y"), ConversationKey::group("room")] {
            assert_eq!(ConversationKey::from_storage(&key.storage()), Some(key));
        }
    }
}
