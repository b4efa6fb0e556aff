//! Deletes for good what is too much for one call: what a deleted user said, and conversations that were deleted with
//! their messages. Each part is one transaction that also says how far it is, so a crash loses and repeats nothing.
//!
//! Clients are not told of each message, as nobody asked for it: they see it at their next read.
//!
//! Of a user nothing is left that names them: actions by or on the user go like messages, what the user did to messages of
//! others is the app's from then on, and mentions in texts of others name nobody. Only a text that its sender has deleted,
//! which nobody is shown, keeps the mention in it.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use chrono::{DateTime, Utc};
use halley_kit::{Lifecycle, time};
use halley_model::APP_SYSTEM_UID;
use sqlx::{PgConnection, PgPool};

use crate::{
    domain::{
        change::{ChangeKind, MessageChange},
        content::{self, Content},
    },
    store::{
        begin_batch, changes, erased_files,
        erasures::{self, Erasure},
        messages::StoredMessage,
        threads::{self, Growth},
        traces,
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
        (Some(uid), None) => erase_user(&mut transaction, &erasure, uid).await?,
        (None, None) => false,
    };
    if !has_more {
        erasures::finish(&mut transaction, &erasure).await?;
    }
    transaction.commit().await?;
    Ok(true)
}

/// Erases a part of what there is of a user; answers whether there may be more.
async fn erase_user(connection: &mut PgConnection, erasure: &Erasure, uid: &str) -> Result<bool, sqlx::Error> {
    let (app_id, until) = (erasure.app_id.as_str(), erasure.until);
    let has_more = match erasure.stage {
        0 => {
            erasures::delete_reactions(connection, erasure, uid).await?
                || erasures::ask_for_next_groups(connection, erasure, uid).await?
        }
        1 => erase_mentions(connection, erasure, uid).await?,
        2 => traces::leave_calls(connection, app_id, uid, until).await?,
        3 => {
            traces::forget(connection, app_id, uid, until).await?;
            false
        }
        _ => {
            traces::forget_activity(connection, app_id, uid, until).await?;
            return Ok(false);
        }
    };
    if !has_more {
        erasures::begin_next_stage(connection, erasure).await?;
    }
    Ok(true)
}

/// Takes the user's name from the next texts of others; answers whether there may be more.
async fn erase_mentions(connection: &mut PgConnection, erasure: &Erasure, uid: &str) -> Result<bool, sqlx::Error> {
    let found = traces::next_mentioning(connection, erasure, uid).await?;
    let has_more = !found.is_empty();
    // Taken under the conversations' locks, so that times of updates never go back.
    let now = time::now();
    let unnamed = found.into_iter().filter(|row| is_older(erasure, row)).filter_map(|row| {
        let data_json = content::without_mentions_of(&row.data_json, uid)?;
        Some(StoredMessage { data_json, updated_at: now, ..row })
    });
    let unnamed: Vec<StoredMessage> = unnamed.collect();
    let changed: Vec<(&str, &StoredMessage)> = unnamed.iter().map(|row| (erasure.app_id.as_str(), row)).collect();
    changes::write(connection, &changed).await?;
    Ok(has_more)
}

/// Erases the next messages of a conversation; answers whether there may be more.
async fn erase_messages(
    connection: &mut PgConnection,
    erasure: &Erasure,
    conversation_id: i64,
) -> Result<bool, sqlx::Error> {
    let (messages, has_more) = erasures::next_messages(connection, erasure, conversation_id).await?;
    // Taken under the conversation's lock, so that times of updates never go back.
    let app_id = erasure.app_id.as_str();
    let meant: Vec<StoredMessage> = messages.into_iter().filter(|row| is_older(erasure, row)).collect();
    let ids: Vec<i64> = meant.iter().map(|row| row.message_id).collect();
    let files = files_of(app_id, &meant);
    let (erased, growths) = erased(erasure, meant, time::now());
    let erased: Vec<(&str, &StoredMessage)> = erased.iter().map(|row| (app_id, row)).collect();
    changes::write(connection, &erased).await?;
    threads::grow(connection, &growths, &[]).await?;
    erased_files::note(connection, app_id, &files).await?;
    let Some(uid) = erasure.whose() else { return Ok(has_more) };
    traces::unname_messages(connection, app_id, uid, &ids).await?;
    if !has_more {
        traces::delete_place(connection, app_id, uid, conversation_id).await?;
    }
    if !has_more && erasure.departed_uid.is_some() {
        traces::unname_conversation(connection, app_id, uid, conversation_id).await?;
    }
    Ok(has_more)
}

/// What the erasure makes of messages, and by how much it shortens which threads.
fn erased(erasure: &Erasure, messages: Vec<StoredMessage>, now: DateTime<Utc>) -> (Vec<StoredMessage>, Vec<Growth>) {
    let mut growths: HashMap<i64, Growth> = HashMap::new();
    let mut erased = Vec::new();
    for mut row in messages {
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

/// What is younger than the deletion is another user's of the same uid.
fn is_older(erasure: &Erasure, row: &StoredMessage) -> bool {
    row.message_id <= erasure.until_message_id && row.sent_at <= erasure.until
}

/// The stored files of messages, each once.
fn files_of(app_id: &str, messages: &[StoredMessage]) -> Vec<String> {
    let mut names = BTreeSet::new();
    for row in messages.iter().filter(|row| row.data_json.contains("/media/")) {
        let content = Content::read(row.category, &row.kind, &row.data_json);
        names.extend(content.files.iter().filter_map(|file| file.stored_name(app_id)).map(ToOwned::to_owned));
    }
    names.into_iter().collect()
}
