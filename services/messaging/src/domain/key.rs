//! Conversation keys as they are stored and as clients name them.

use halley_contracts::messaging::v1::ReceiverType;
use halley_model::{APP_SYSTEM_UID, ConversationKey};

/// Before the key of a conversation whose group or user was deleted, so that a new one of the same id begins with an
/// empty conversation.
pub(crate) const RETIRED_PREFIX: &str = "x:";

/// Reads a stored key, also of a conversation that was put aside.
pub(crate) fn from_storage(stored: &str) -> Option<ConversationKey> {
    match stored.strip_prefix(RETIRED_PREFIX) {
        Some(retired) => retired.rsplit_once(':').and_then(|(key, _)| ConversationKey::from_storage(key)),
        None => ConversationKey::from_storage(stored),
    }
}

/// The key of a direct conversation that was put aside, without the name of one of its users: the app's stands for it.
pub(crate) fn without(stored: &str, uid: &str, conversation_id: i64) -> Option<String> {
    let ConversationKey::Direct(a, b) = from_storage(stored)? else { return None };
    let unnamed = |name: String| if name == uid { APP_SYSTEM_UID.to_owned() } else { name };
    let key = ConversationKey::direct(&unnamed(a), &unnamed(b));
    Some(format!("{RETIRED_PREFIX}{}:{conversation_id}", key.storage()))
}

/// Whether [`without`] has made that key: whom the conversation was with is not known any more.
pub(crate) fn is_unnamed(stored: &str) -> bool {
    let Some(ConversationKey::Direct(a, b)) = from_storage(stored) else { return false };
    stored.starts_with(RETIRED_PREFIX) && [a, b].iter().any(|uid| uid == APP_SYSTEM_UID)
}

/// What kind of receiver its messages have.
pub(crate) fn receiver_type(key: &ConversationKey) -> ReceiverType {
    match key {
        ConversationKey::Direct(..) => ReceiverType::User,
        ConversationKey::Group(_) => ReceiverType::Group,
    }
}

/// Whether a conversation is between two users.
pub(crate) fn is_direct(key: &ConversationKey) -> bool {
    matches!(key, ConversationKey::Direct(..))
}

/// Every conversation that a public id may mean: ids may hold `_user_` and begin with `group_` themselves.
pub(crate) fn candidates(public: &str) -> Vec<ConversationKey> {
    const BETWEEN: &str = "_user_";
    let mut keys = Vec::new();
    if let Some(guid) = public.strip_prefix("group_")
        && !guid.is_empty()
    {
        keys.push(ConversationKey::group(guid));
    }
    let mut from = 0;
    while let Some(at) = public.get(from..).and_then(|rest| rest.find(BETWEEN)).map(|at| at + from) {
        let (a, b) = (&public[..at], &public[at + BETWEEN.len()..]);
        if !a.is_empty() && !b.is_empty() && a <= b {
            keys.push(ConversationKey::direct(a, b));
        }
        from = at + 1;
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_id_may_mean_several_conversations() {
        assert_eq!(candidates("ann_user_bob"), [ConversationKey::direct("ann", "bob")]);
        assert_eq!(candidates("group_room"), [ConversationKey::group("room")]);
        let both = [ConversationKey::group("a_user_b"), ConversationKey::direct("group_a", "b")];
        assert_eq!(candidates("group_a_user_b")[0], both[0]);
        assert!(!candidates("group_a_user_b").contains(&both[1]), "the uids of a public id ascend");
        assert_eq!(
            candidates("a_user_b_user_c"),
            [ConversationKey::direct("a", "b_user_c"), ConversationKey::direct("a_user_b", "c")]
        );
        assert!(candidates("").is_empty());
        assert!(candidates("_user_").is_empty());
        assert!(candidates("ä_user_ö").len() == 1);
    }

    #[test]
    fn a_key_loses_one_name() {
        assert_eq!(without("x:u:ann:bob:17", "bob", 17).as_deref(), Some("x:u:ann:app_system:17"));
        assert_eq!(without("x:u:bob:eve:17", "bob", 17).as_deref(), Some("x:u:app_system:eve:17"));
        assert_eq!(without("x:g:bob:17", "bob", 17), None);
        assert!(is_unnamed("x:u:ann:app_system:17") && !is_unnamed("u:ann:app_system") && !is_unnamed("x:u:ann:bob:1"));
    }

    #[test]
    fn the_key_of_what_was_deleted_is_read_back() {
        assert_eq!(from_storage("x:g:room:17"), Some(ConversationKey::group("room")));
        assert_eq!(from_storage("x:u:ann:bob:17"), Some(ConversationKey::direct("ann", "bob")));
        assert_eq!(from_storage("g:room"), Some(ConversationKey::group("room")));
        assert_eq!(from_storage("nothing"), None);
    }
}
