//! How what is told changes a list of messages that stand in the order of their ids. Told twice, it changes nothing more.

use std::sync::Arc;

use crate::{ChangeKind, Message, MessageChange, ReactionCount, ReactionEvent, ReceiptEvent, ReceiptKind, Receiver};

/// Puts a message in its place, or renews it.
pub(super) fn insert(items: &mut Vec<Arc<Message>>, message: Message) {
    match items.binary_search_by_key(&message.id, |item| item.id) {
        Ok(at) => items[at] = Arc::new(merged(&items[at], message, false)),
        Err(at) => items.insert(at, Arc::new(message)),
    }
}

/// Renews a message.
pub(super) fn change(items: &mut [Arc<Message>], told: &MessageChange) {
    if let Some(item) = items.iter_mut().find(|item| item.id == told.message.id) {
        renew(Arc::make_mut(item), told);
    }
}

/// Renews the message that is told of.
pub(super) fn renew(item: &mut Message, told: &MessageChange) {
    *item = merged(item, told.message.clone(), told.is_own_view);
    if told.change == ChangeKind::Unsaved {
        item.saved_at = None;
    }
}

/// A message as it is told now, with what only the earlier one says.
fn merged(known: &Message, told: Message, is_own_view: bool) -> Message {
    // An answer may be overtaken by an event.
    if told.updated_at < known.updated_at {
        return Message { sequence: told.sequence.or(known.sequence), ..known.clone() };
    }
    let mut now = Message {
        muid: told.muid.clone().or_else(|| known.muid.clone()),
        sequence: told.sequence.or(known.sequence),
        delivered_at: told.delivered_at.max(known.delivered_at),
        read_at: told.read_at.max(known.read_at),
        reply_count: told.reply_count.max(known.reply_count),
        unread_reply_count: told.unread_reply_count.or(known.unread_reply_count),
        thread_subscribed: told.thread_subscribed || known.thread_subscribed,
        ..told
    };
    if !is_own_view {
        now.saved_at = now.saved_at.or(known.saved_at);
        if now.deleted_at.is_some() {
            now.reactions.clear();
        }
        for count in &mut now.reactions {
            count.reacted_by_me |=
                known.reactions.iter().any(|known| known.reaction == count.reaction && known.reacted_by_me);
        }
    }
    now
}

/// Counts a reaction.
pub(super) fn react(items: &mut [Arc<Message>], event: &ReactionEvent, own: &str) {
    let told = &event.reaction;
    let Some(item) = items.iter_mut().find(|item| item.id == told.message_id) else { return };
    let reactions = &mut Arc::make_mut(item).reactions;
    let is_own = told.user.uid == own;
    let place = reactions.iter().position(|count| count.reaction == told.reaction);
    match place {
        Some(at) if event.count == 0 => drop(reactions.remove(at)),
        Some(at) => {
            let known = &mut reactions[at];
            known.count = event.count;
            known.reacted_by_me = if is_own { event.is_added } else { known.reacted_by_me };
        }
        None if event.count == 0 => {}
        None => reactions.push(ReactionCount {
            reaction: told.reaction.clone(),
            count: event.count,
            reacted_by_me: is_own && event.is_added,
        }),
    }
}

/// Notes how far others got.
pub(super) fn receipt(items: &mut [Arc<Message>], event: &ReceiptEvent, own: &str) {
    for item in items.iter_mut().filter(|item| is_news(item, event, own)) {
        note(Arc::make_mut(item), event, own);
    }
}

/// Notes how far others got with one message.
pub(super) fn note(item: &mut Message, event: &ReceiptEvent, own: &str) {
    if is_news(item, event, own) {
        item.delivered_at = item.delivered_at.or(event.at);
        item.read_at = item.read_at.or(event.at.filter(|_| is_read(event)));
    }
}

/// In a group only what holds of all of them counts.
fn is_news(item: &Message, event: &ReceiptEvent, own: &str) -> bool {
    let is_of_all = matches!(event.kind, ReceiptKind::DeliveredToAll | ReceiptKind::ReadByAll);
    let is_of_others = event.user.uid != own && (is_of_all || matches!(event.peer, Receiver::User(_)));
    let is_meant = item.sender == own && item.id <= event.message_id;
    is_of_others && is_meant && (item.delivered_at.is_none() || (is_read(event) && item.read_at.is_none()))
}

fn is_read(event: &ReceiptEvent) -> bool {
    matches!(event.kind, ReceiptKind::Read | ReceiptKind::ReadByAll)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Reaction, User};

    fn message(id: u64, sender: &str, text: &str, updated_at: i64) -> Message {
        let value = json!({"id": id, "conversationId": "ann_user_bob", "sender": sender, "receiver": "bob",
            "receiverType": "user", "category": "message", "type": "text", "data": {"text": text},
            "updatedAt": updated_at});
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn messages_stand_in_order_and_once() {
        let mut items = Vec::new();
        for id in [3, 1, 2, 3] {
            insert(&mut items, message(id, "ann", "x", 1));
        }
        assert_eq!(items.iter().map(|item| item.id).collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[test]
    fn an_older_state_does_not_overtake_a_newer_one() {
        let mut items = vec![Arc::new(message(1, "ann", "x", 1))];
        let told = |text, at| MessageChange {
            message: message(1, "ann", text, at),
            change: ChangeKind::Edited,
            is_own_view: false,
        };
        change(&mut items, &told("second", 3));
        change(&mut items, &told("first", 2));
        assert_eq!(items[0].text.as_deref(), Some("second"));
    }

    #[test]
    fn reactions_and_receipts_are_counted_once_however_often_they_are_told() {
        let mut items = [message(1, "ann", "x", 1), message(2, "bob", "y", 1)].map(Arc::new);
        let reaction = Reaction::from(json!({"messageId": "1", "reaction": "+", "uid": "ann"}));
        let mut event =
            ReactionEvent { is_added: true, reaction, conversation_id: String::new(), parent_id: None, count: 1 };
        for _ in 0..2 {
            react(&mut items, &event, "ann");
            assert_eq!((items[0].reactions[0].count, items[0].reactions[0].reacted_by_me), (1, true));
        }
        (event.is_added, event.count) = (false, 0);
        react(&mut items, &event, "ann");
        assert!(items[0].reactions.is_empty());
        let read = ReceiptEvent {
            kind: ReceiptKind::Read,
            user: User::from_uid("bob"),
            peer: Receiver::user("bob"),
            message_id: 2,
            at: Some(9),
        };
        receipt(&mut items, &read, "ann");
        assert_eq!((items[0].read_at, items[0].delivered_at, items[1].read_at), (Some(9), Some(9), None));
    }
}
