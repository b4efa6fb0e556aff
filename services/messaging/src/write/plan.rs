//! Which message of a batch gets which place, and what its changes make of other messages. Pure: the locks are held, the
//! known muids and the messages to change are read.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::{
    domain::{change::Refusal, new_message::NewMessage},
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
    /// The change it tells of can't be made.
    Refused(Refusal),
}

/// What is to be done with a batch.
#[derive(Debug)]
pub(super) struct Plan {
    /// In the order of the batch.
    pub decisions: Vec<Decision>,
    /// Messages by app and id, as the batch's changes leave them; those that it leaves alone are not in it.
    pub changed: Changed,
    /// Parents by app and id, for each reply that they lose.
    pub shorter_threads: Vec<(String, i64)>,
}

/// Messages by app and id.
pub(super) type Changed = HashMap<(String, i64), StoredMessage>;

/// What was read while the locks were held.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub locked: HashMap<Place, Locked>,
    /// Stored messages by the batch's messages that repeat them.
    pub known: HashMap<usize, StoredMessage>,
    /// The messages that are to be changed.
    pub targets: Changed,
}

/// A place in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    pub conversation_id: i64,
    pub sequence: i64,
    pub counted_position: i64,
}

/// Gives each message its place, in the order of the batch. `None`: one of the conversations is missing.
pub(super) fn plan(batch: &[&NewMessage], mut read: Read, now: DateTime<Utc>) -> Option<Plan> {
    let mut muids: HashMap<(&str, &str, &str), usize> = HashMap::new();
    let mut decisions = Vec::with_capacity(batch.len());
    let mut shorter_threads = Vec::new();
    let mut changed = Changed::new();
    for (index, new) in batch.iter().enumerate() {
        if let Some(stored) = read.known.remove(&index) {
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
        let conversation = read.locked.get_mut(&(new.app_id.clone(), new.stored_key.clone()))?;
        if let Some(change) = &new.change {
            let target = (new.app_id.clone(), change.message_id);
            let stored =
                read.targets.get_mut(&target).filter(|row| row.conversation_id == conversation.conversation_id);
            let Some(stored) = stored else {
                decisions.push(Decision::Refused(Refusal::Gone(change.message_id)));
                continue;
            };
            match change.apply(stored, now) {
                Ok(true) => shorter_threads.push((new.app_id.clone(), stored.parent_id)),
                Ok(false) => {}
                Err(refusal) => {
                    decisions.push(Decision::Refused(refusal));
                    continue;
                }
            }
            changed.insert(target, stored.clone());
        }
        conversation.last_sequence += 1;
        conversation.counted_total += i64::from(new.counted);
        decisions.push(Decision::Insert(Slot {
            conversation_id: conversation.conversation_id,
            sequence: conversation.last_sequence,
            counted_position: conversation.counted_total,
        }));
    }
    Some(Plan { decisions, changed, shorter_threads })
}

#[cfg(test)]
mod tests {
    use halley_contracts::messaging::v1::Message;
    use halley_model::ConversationKey;

    use super::*;
    use crate::domain::change::{ChangeKind, MessageChange};

    fn message(muid: &str, counted: bool) -> NewMessage {
        let key = ConversationKey::direct("ann", "bob");
        NewMessage {
            app_id: "app".to_owned(),
            stored_key: key.storage(),
            key,
            message: Message { sender_uid: "ann".to_owned(), muid: muid.to_owned(), ..Default::default() },
            counted,
            news: true,
            membership: None,
            change: None,
        }
    }

    fn locked() -> Read {
        let place = ("app".to_owned(), ConversationKey::direct("ann", "bob").storage());
        let locked = HashMap::from([(place, Locked { conversation_id: 7, last_sequence: 10, counted_total: 4 })]);
        Read { locked, ..Default::default() }
    }

    fn planned(batch: &[NewMessage], read: Read) -> Option<Plan> {
        plan(&batch.iter().collect::<Vec<_>>(), read, DateTime::UNIX_EPOCH)
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
        let plan = planned(&batch, locked()).expect("planned");
        assert_eq!(slots(&plan.decisions), [Some((11, 5)), Some((12, 5)), Some((13, 6))]);
    }

    #[test]
    fn a_repeated_muid_takes_no_place() {
        let batch = [message("m", true), message("m", true), message("n", true)];
        let plan = planned(&batch, locked()).expect("planned");
        assert!(matches!(plan.decisions[1], Decision::SameAs(0)));
        assert_eq!(slots(&plan.decisions), [Some((11, 5)), None, Some((12, 6))]);
    }

    #[test]
    fn a_missing_conversation_is_told() {
        assert!(planned(&[message("", true)], Read::default()).is_none());
    }

    #[test]
    fn a_change_of_what_is_gone_takes_no_place() {
        let kind = ChangeKind::Delete { permanent: false };
        let change = MessageChange { message_id: 5, by: "ann".to_owned(), kind };
        let batch = [NewMessage { change: Some(change), ..message("", false) }, message("", true)];
        let plan = planned(&batch, locked()).expect("planned");
        assert!(matches!(plan.decisions[0], Decision::Refused(Refusal::Gone(5))));
        assert_eq!(slots(&plan.decisions), [None, Some((11, 5))]);
        assert!(plan.changed.is_empty());
    }
}
