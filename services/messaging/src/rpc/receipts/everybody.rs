//! Tells senders in a group that everybody has received or read what they sent.
//!
//! Asked after the watermark is stored: of two members who are the last and move at once, the later one sees both. So
//! both may tell the same; clients take it as "up to here". A call that moves a watermark reads a row for each member,
//! therefore only groups of `limits.groups.receiptsByAll` members are asked for.

use halley_bus::outbox;
use halley_contracts::events::v1::{ReceiptChanged, ReceiptKind};
use halley_model::{APP_SYSTEM_UID, ConversationKey};

use super::Mark as Moving;
use crate::{
    domain::{self, key},
    error::Result,
    events,
    service::Messaging,
    store::{
        everybody::{self, Mark, Newest},
        participants::LockedPlace,
    },
};

/// Most messages that one receipt can bring to everybody. Who was away for longer brings none of the older ones.
const COVERED_MAX: i64 = 1000;

/// Tells of what a user's watermarks, which stood at `before` and stand at `now`, were the last to pass.
pub(super) async fn tell(
    messaging: &Messaging,
    moving: &Moving,
    before: &LockedPlace,
    now: &LockedPlace,
) -> Result<()> {
    let moves = [
        (Mark::Delivered, before.delivered_sequence, now.delivered_sequence),
        (Mark::Read, before.read_sequence, now.read_sequence),
    ];
    let mut entries = Vec::new();
    for (mark, from, to) in moves {
        if from == to {
            continue;
        }
        let after = from.max(before.joined_sequence).max(before.history_sequence).max(to - COVERED_MAX);
        for newest in passed_by_all(messaging, moving, now.conversation_id, mark, (after, to)).await? {
            let changed = changed(&moving.key, mark, newest);
            entries.push(events::receipt_of_all(&moving.app_id, changed));
        }
    }
    if entries.is_empty() {
        return Ok(());
    }
    let mut transaction = halley_kit::postgres::begin(&messaging.pool).await?;
    let pending = outbox::insert(&mut transaction, &entries).await?;
    transaction.commit().await?;
    messaging.relay.publish(pending);
    Ok(())
}

/// The newest message of each sender, after one place and up to another, that everybody else has passed. What the one who
/// moves sent never waited for that one.
async fn passed_by_all(
    messaging: &Messaging,
    moving: &Moving,
    conversation_id: i64,
    mark: Mark,
    stretch: (i64, i64),
) -> Result<Vec<Newest>> {
    let (pool, app_id) = (&messaging.pool, moving.app_id.as_str());
    let ConversationKey::Group(guid) = &moving.key else { return Ok(Vec::new()) };
    let Some(lowest) = everybody::find_lowest(pool, app_id, conversation_id, mark).await? else {
        return Ok(Vec::new());
    };
    let members = i64::from(messaging.directory.group(app_id, guid).await?.members_count);
    // Who has no place yet has received nothing.
    if lowest.places < members || lowest.of_others <= stretch.0 {
        return Ok(Vec::new());
    }
    let mut newest = everybody::list_newest(pool, app_id, conversation_id, stretch, &lowest, &moving.uid).await?;
    newest.retain(|newest| newest.sender_uid != APP_SYSTEM_UID);
    Ok(newest)
}

fn changed(key: &ConversationKey, mark: Mark, newest: Newest) -> ReceiptChanged {
    let kind = match mark {
        Mark::Delivered => ReceiptKind::DeliveredToAll,
        Mark::Read => ReceiptKind::ReadByAll,
    };
    ReceiptChanged {
        kind: kind.into(),
        user: Some(domain::system_user()),
        receiver_type: key::receiver_type(key).into(),
        receiver: key.counterpart("").to_owned(),
        conversation_id: key.public(),
        message_id: newest.message_id,
        sequence: newest.sequence,
        message_sender: newest.sender_uid,
    }
}
