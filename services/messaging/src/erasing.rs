//! Deletes for good what is too much for one call: what a deleted user said, and conversations that were deleted with
//! their messages. Each part is one transaction that also says how far it is, so a crash loses and repeats nothing.
//!
//! Clients are not told of each message, as nobody asked for it: they see it at their next read. Actions stay, because a
//! group's history would make no sense without them; of a user they say nothing but the uid.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use halley_contracts::messaging::v1::MessageCategory;
use halley_kit::{Lifecycle, time};
use halley_model::APP_SYSTEM_UID;
use sqlx::{PgConnection, PgPool};

use crate::{
    domain::change::{ChangeKind, MessageChange},
    store::{
        begin_batch, changes,
        erasures::{self, Erasure},
        messages::StoredMessage,
        threads::{self, Growth},
    },
};

/// Between two parts: who sends and reads comes first.
const PAUSE: Duration = Duration::from_millis(20);
/// While there is nothing to do.
const IDLE: Duration = Duration::from_secs(1);
/// After a failure.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Erases until the end of the process. Instances share the work.
pub(crate) fn start(pool: PgPool, lifecycle: &Lifecycle) {
    let stopping = lifecycle.stopping();
    lifecycle.spawn("erasure of deleted messages", async move {
        loop {
            let pause = match erase_part(&pool).await {
                Ok(true) => PAUSE,
                Ok(false) => IDLE,
                Err(error) => {
                    tracing::warn!(%error, "deleted messages can't be erased now");
                    PAUSE_AFTER_FAILURE
                }
            };
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    });
}

/// Does a part of what is to be done; false when there is nothing.
async fn erase_part(pool: &PgPool) -> Result<bool, sqlx::Error> {
    let mut transaction = begin_batch(pool.acquire().await?).await?;
    let Some(erasure) = erasures::take(&mut transaction).await? else { return Ok(false) };
    let has_more = match (&erasure.uid, erasure.conversation_id) {
        (_, Some(conversation_id)) => erase_messages(&mut transaction, &erasure, conversation_id).await?,
        (Some(uid), None) => {
            erasures::delete_reactions(&mut transaction, &erasure, uid).await?
                || erasures::ask_for_next_groups(&mut transaction, &erasure, uid).await?
        }
        (None, None) => false,
    };
    if !has_more {
        erasures::finish(&mut transaction, &erasure).await?;
    }
    transaction.commit().await?;
    Ok(true)
}

/// Erases the next messages of a conversation; answers whether there may be more.
async fn erase_messages(
    connection: &mut PgConnection,
    erasure: &Erasure,
    conversation_id: i64,
) -> Result<bool, sqlx::Error> {
    let (messages, has_more) = erasures::next_messages(connection, erasure, conversation_id).await?;
    // Taken under the conversation's lock, so that times of updates never go back.
    let (erased, growths) = erased(erasure, messages, time::now());
    let erased: Vec<(&str, &StoredMessage)> = erased.iter().map(|row| (erasure.app_id.as_str(), row)).collect();
    changes::write(connection, &erased).await?;
    threads::grow(connection, &growths, &[]).await?;
    Ok(has_more)
}

/// What the erasure makes of messages, and by how much it shortens which threads.
fn erased(erasure: &Erasure, messages: Vec<StoredMessage>, now: DateTime<Utc>) -> (Vec<StoredMessage>, Vec<Growth>) {
    let mut growths: HashMap<i64, Growth> = HashMap::new();
    let mut erased = Vec::new();
    for mut row in messages.into_iter().filter(|row| is_meant(erasure, row)) {
        let kind = ChangeKind::Delete { permanent: true };
        let change = MessageChange { message_id: row.message_id, by: APP_SYSTEM_UID.to_owned(), kind };
        // Refused is only what is gone.
        let Ok(is_shorter) = change.apply(&mut row, now) else { continue };
        if is_shorter {
            growths.entry(row.parent_id).or_insert_with(|| Growth::none(&erasure.app_id, row.parent_id)).count -= 1;
        }
        erased.push(row);
    }
    (erased, growths.into_values().collect())
}

fn is_meant(erasure: &Erasure, row: &StoredMessage) -> bool {
    let is_action_of_group = erasure.uid.is_some() && row.category == MessageCategory::Action;
    let is_older = row.message_id <= erasure.until_message_id && row.sent_at <= erasure.until;
    is_older && !is_action_of_group
}
