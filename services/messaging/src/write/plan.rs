//! Which message of a batch gets which place. Pure: the locks are held and the known muids are read.

use std::collections::HashMap;

use crate::{
    domain::new_message::NewMessage,
    store::{
        conversations::{Locked, Place},
        messages::StoredMessage,
    },
};

/// What is to be done with a message of the batch.
#[derive(Debug, Clone)]
pub(super) enum Decision {
    /// It is stored at this place.
    Insert(Slot),
    /// Its muid is stored already.
    Repeated(Box<StoredMessage>),
    /// Its muid is that of an earlier message of the batch.
    SameAs(usize),
}

/// A place in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    pub conversation_id: i64,
    pub sequence: i64,
    pub counted_position: i64,
}

/// Gives each message its place, in the order of the batch. `None`: one of the conversations is missing.
pub(super) fn plan(
    batch: &[&NewMessage],
    mut locked: HashMap<Place, Locked>,
    mut known: HashMap<usize, StoredMessage>,
) -> Option<Vec<Decision>> {
    let mut muids: HashMap<(&str, &str, &str), usize> = HashMap::new();
    let mut decisions = Vec::with_capacity(batch.len());
    for (index, new) in batch.iter().enumerate() {
        if let Some(stored) = known.remove(&index) {
            decisions.push(Decision::Repeated(Box::new(stored)));
            continue;
        }
        if !new.message.muid.is_empty() {
            let muid = (new.app_id.as_str(), new.message.sender_uid.as_str(), new.message.muid.as_str());
            if let Some(first) = muids.get(&muid) {
                decisions.push(Decision::SameAs(*first));
                continue;
            }
            muids.insert(muid, index);
        }
        let conversation = locked.get_mut(&(new.app_id.clone(), new.stored_key.clone()))?;
        conversation.last_sequence += 1;
        conversation.counted_total += i64::from(new.counted);
        decisions.push(Decision::Insert(Slot {
            conversation_id: conversation.conversation_id,
            sequence: conversation.last_sequence,
            counted_position: conversation.counted_total,
        }));
    }
    Some(decisions)
}

#[cfg(test)]
mod tests {
    use halley_contracts::messaging::v1::Message;
    use halley_model::ConversationKey;

    use super::*;

    fn message(muid: &str, counted: bool) -> NewMessage {
        let key = ConversationKey::direct("ann", "bob");
        NewMessage {
            app_id: "app".to_owned(),
            stored_key: key.storage(),
            key,
            message: Message { sender_uid: "ann".to_owned(), muid: muid.to_owned(), ..Default::default() },
            counted,
            membership: None,
        }
    }

    fn locked() -> HashMap<Place, Locked> {
        let place = ("app".to_owned(), ConversationKey::direct("ann", "bob").storage());
        HashMap::from([(place, Locked { conversation_id: 7, last_sequence: 10, counted_total: 4 })])
    }

    fn slots(decisions: &[Decision]) -> Vec<Option<(i64, i64)>> {
        decisions
            .iter()
            .map(|decision| match decision {
                Decision::Insert(slot) => Some((slot.sequence, slot.counted_position)),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn places_are_dense_and_count_what_counts() {
        let batch = [message("", true), message("", false), message("", true)];
        let plan = plan(&batch.iter().collect::<Vec<_>>(), locked(), HashMap::new()).expect("planned");
        assert_eq!(slots(&plan), [Some((11, 5)), Some((12, 5)), Some((13, 6))]);
    }

    #[test]
    fn a_repeated_muid_takes_no_place() {
        let batch = [message("m", true), message("m", true), message("n", true)];
        let plan = plan(&batch.iter().collect::<Vec<_>>(), locked(), HashMap::new()).expect("planned");
        assert!(matches!(plan[1], Decision::SameAs(0)));
        assert_eq!(slots(&plan), [Some((11, 5)), None, Some((12, 6))]);
    }

    #[test]
    fn a_missing_conversation_is_told() {
        assert!(plan(&[&message("", true)], HashMap::new(), HashMap::new()).is_none());
    }
}
