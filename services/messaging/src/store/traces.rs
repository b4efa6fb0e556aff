//! What else names a user who was deleted, besides what the user said: it is taken away, or given to the app itself.

use chrono::{DateTime, Utc};
use halley_model::APP_SYSTEM_UID;
use sqlx::{PgConnection, PgPool};

use super::{
    erasures::Erasure,
    messages::{StoredMessage, columns},
};
use crate::domain::{key, terms};

/// Messages that are read at once.
const MESSAGES: i64 = 200;
/// Calls that are left at once.
const CALLS: i64 = 500;
/// Later than any time that another machine's clock shows for now.
const SKEW: &str = "5 seconds";

/// Takes a user's name from messages that are erased, from those that the user changed, and what was said about them.
pub(crate) async fn unname_messages(
    connection: &mut PgConnection,
    app_id: &str,
    uid: &str,
    ids: &[i64],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "WITH done_to AS (
             SELECT DISTINCT action_on_message_id AS message_id
             FROM messages
             WHERE app_id = $1 AND message_id = ANY($3) AND sender_uid = $2 AND action_on_message_id IS NOT NULL
         ), flags AS (
             DELETE FROM message_flags WHERE app_id = $1 AND message_id = ANY($3)
         ), flagged AS (
             DELETE FROM flagged_messages WHERE app_id = $1 AND message_id = ANY($3)
         )
         UPDATE messages AS m
         SET edited_by = CASE WHEN m.edited_by = $2 THEN $4 ELSE m.edited_by END,
             deleted_by = CASE WHEN m.deleted_by = $2 THEN $4 ELSE m.deleted_by END
         FROM done_to
         WHERE m.app_id = $1 AND m.message_id = done_to.message_id AND m.message_id <> ALL($3)
             AND (m.edited_by = $2 OR m.deleted_by = $2)",
    )
    .bind(app_id)
    .bind(uid)
    .bind(ids)
    .bind(APP_SYSTEM_UID)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "UPDATE messages
         SET sender_uid = CASE WHEN sender_uid = $2 THEN $4 ELSE sender_uid END,
             -- That of an action is the id of an event, by which a repeat of it is known.
             muid = CASE WHEN sender_uid = $2 AND category <> 4 THEN NULL ELSE muid END,
             device_id = CASE WHEN sender_uid = $2 THEN '' ELSE device_id END,
             action_on_uid = NULLIF(action_on_uid, $2),
             edited_by = NULLIF(edited_by, $2),
             deleted_by = CASE WHEN deleted_by = $2 THEN $4 ELSE deleted_by END
         WHERE app_id = $1 AND message_id = ANY($3)",
    )
    .bind(app_id)
    .bind(uid)
    .bind(ids)
    .bind(APP_SYSTEM_UID)
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives a user's pins of messages in some conversations to the app.
pub(crate) async fn unname_pins(
    connection: &mut PgConnection,
    app_id: &str,
    uid: &str,
    conversation_ids: &[i64],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE messages SET pinned_by = $4
         WHERE app_id = $1 AND conversation_id = ANY($3) AND pinned_at IS NOT NULL AND pinned_by = $2",
    )
    .bind(app_id)
    .bind(uid)
    .bind(conversation_ids)
    .bind(APP_SYSTEM_UID)
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends a user's place in a conversation whose messages are erased, if the user is out of it.
pub(crate) async fn delete_place(
    connection: &mut PgConnection,
    app_id: &str,
    uid: &str,
    conversation_id: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM participants
         WHERE app_id = $1 AND uid = $2 AND conversation_id = $3 AND left_at IS NOT NULL",
    )
    .bind(app_id)
    .bind(uid)
    .bind(conversation_id)
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes a user's name from the key of a conversation that was put aside with the user.
pub(crate) async fn unname_conversation(
    connection: &mut PgConnection,
    app_id: &str,
    uid: &str,
    conversation_id: i64,
) -> Result<(), sqlx::Error> {
    let stored: Option<String> =
        sqlx::query_scalar("SELECT conversation_key FROM conversations WHERE app_id = $1 AND conversation_id = $2")
            .bind(app_id)
            .bind(conversation_id)
            .fetch_optional(&mut *connection)
            .await?;
    let Some(unnamed) = stored.and_then(|stored| key::without(&stored, uid, conversation_id)) else { return Ok(()) };
    sqlx::query("UPDATE conversations SET conversation_key = $3 WHERE app_id = $1 AND conversation_id = $2")
        .bind(app_id)
        .bind(conversation_id)
        .bind(unnamed)
        .execute(connection)
        .await?;
    Ok(())
}

/// Asks for the erasure of one message in a group's conversation that names a deleted user and came late, and of the user's
/// place there.
pub(crate) async fn ask_for_late(
    pool: &PgPool,
    app_id: &str,
    uid: &str,
    stored_key: &str,
    (message_id, sequence): (i64, i64),
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO erasures (app_id, uid, conversation_id, until, until_message_id, at_sequence)
         SELECT $1, $2, conversation_id, now() + $6::text::interval, $4, $5
         FROM conversations
         WHERE app_id = $1 AND conversation_key = $3",
    )
    .bind(app_id)
    .bind(uid)
    .bind(stored_key)
    .bind(message_id)
    .bind(sequence - 1)
    .bind(SKEW)
    .execute(pool)
    .await?;
    Ok(())
}

/// The next messages of others that mention the user, with their conversations locked. Empty: there are none left.
pub(crate) async fn next_mentioning(
    connection: &mut PgConnection,
    erasure: &Erasure,
    uid: &str,
) -> Result<Vec<StoredMessage>, sqlx::Error> {
    let found: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT message_id, conversation_id
         FROM messages
         WHERE app_id = $1 AND terms @@ $2::text::tsquery AND message_id + 0 > $3
         ORDER BY message_id + 0
         LIMIT $4",
    )
    .bind(&erasure.app_id)
    .bind(terms::mentioning(&erasure.app_id, uid))
    .bind(erasure.at_sequence)
    .bind(MESSAGES)
    .fetch_all(&mut *connection)
    .await?;
    let (ids, conversations): (Vec<i64>, Vec<i64>) = found.into_iter().unzip();
    let Some(last) = ids.last() else { return Ok(Vec::new()) };
    super::erasures::lock_by_id(connection, &erasure.app_id, &conversations).await?;
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        ", c.conversation_key
         FROM messages AS m
         JOIN conversations AS c ON c.app_id = m.app_id AND c.conversation_id = m.conversation_id
         WHERE m.app_id = $1 AND m.message_id = ANY($2)"
    ))
    .bind(&erasure.app_id)
    .bind(&ids)
    .fetch_all(&mut *connection)
    .await?;
    sqlx::query("UPDATE erasures SET at_sequence = $2 WHERE erasure_id = $1")
        .bind(erasure.erasure_id)
        .bind(last)
        .execute(connection)
        .await?;
    rows.iter().map(StoredMessage::read_with_key).collect()
}

/// Takes the user out of some calls, which stay for the others and for the app's numbers; answers whether there may be more.
pub(crate) async fn leave_calls(
    connection: &mut PgConnection,
    app_id: &str,
    uid: &str,
    until: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "WITH own AS (
             SELECT session_id
             FROM call_participants
             WHERE app_id = $1 AND uid = $2 AND initiated_at <= $3
             ORDER BY initiated_at
             LIMIT $5
         ), unnamed AS (
             UPDATE calls AS c
             SET initiator_uid = CASE WHEN c.initiator_uid = $2 THEN $4 ELSE c.initiator_uid END,
                 receiver = CASE WHEN c.receiver_type = 1 AND c.receiver = $2 THEN $4 ELSE c.receiver END
             FROM own
             WHERE c.app_id = $1 AND c.session_id = own.session_id
         )
         DELETE FROM call_participants AS p
         USING own
         WHERE p.app_id = $1 AND p.session_id = own.session_id AND p.uid = $2",
    )
    .bind(app_id)
    .bind(uid)
    .bind(until)
    .bind(APP_SYSTEM_UID)
    .bind(CALLS)
    .execute(connection)
    .await?;
    Ok(i64::try_from(done.rows_affected()).is_ok_and(|left| left == CALLS))
}

/// Takes away what is left of a user who was deleted: reports, pins by others, places.
pub(crate) async fn forget(
    connection: &mut PgConnection,
    app_id: &str,
    uid: &str,
    until: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    forget_reports(connection, app_id, uid, until).await?;
    // Those of conversations in which nothing was said; no index leads to them.
    sqlx::query(
        "DELETE FROM conversation_pins
         WHERE app_id = $1 AND pinned_at <= $3 AND starts_with(conversation_key, 'u:')
             AND (starts_with(conversation_key, 'u:' || $2 || ':')
                 OR right(conversation_key, length($2) + 1) = ':' || $2)",
    )
    .bind(app_id)
    .bind(uid)
    .bind(until)
    .execute(&mut *connection)
    .await?;
    sqlx::query("DELETE FROM participants WHERE app_id = $1 AND uid = $2 AND left_at IS NOT NULL")
        .bind(app_id)
        .bind(uid)
        .execute(connection)
        .await?;
    Ok(())
}

/// Makes the days on which a deleted user was online somebody's whom nobody knows: how many users were active stays true.
pub(crate) async fn forget_activity(
    connection: &mut PgConnection,
    app_id: &str,
    uid: &str,
    until: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "WITH nobody AS MATERIALIZED (
             SELECT '~' || gen_random_uuid()::text AS uid
         )
         UPDATE active_users AS a
         SET uid = nobody.uid
         FROM nobody, generate_series(
             (SELECT min(day) FROM active_users WHERE app_id = $1)::timestamp, $3::timestamptz::date::timestamp,
             INTERVAL '1 day'
         ) AS asked (day)
         WHERE a.app_id = $1 AND a.day = asked.day::date AND a.uid = $2",
    )
    .bind(app_id)
    .bind(uid)
    .bind(until)
    .execute(connection)
    .await?;
    Ok(())
}

/// What was decided of messages stays, without who decided it.
async fn forget_reports(
    connection: &mut PgConnection,
    app_id: &str,
    uid: &str,
    until: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "WITH gone AS (
             DELETE FROM message_flags WHERE app_id = $1 AND uid = $2 AND flagged_at <= $3
             RETURNING message_id
         )
         UPDATE flagged_messages AS f
         SET flag_count = f.flag_count - 1
         FROM gone
         WHERE f.app_id = $1 AND f.message_id = gone.message_id",
    )
    .bind(app_id)
    .bind(uid)
    .bind(until)
    .execute(&mut *connection)
    .await?;
    sqlx::query("DELETE FROM flagged_messages WHERE app_id = $1 AND status = 0 AND flag_count <= 0")
        .bind(app_id)
        .execute(&mut *connection)
        .await?;
    sqlx::query("UPDATE flagged_messages SET reviewed_by = $3 WHERE app_id = $1 AND status <> 0 AND reviewed_by = $2")
        .bind(app_id)
        .bind(uid)
        .bind(APP_SYSTEM_UID)
        .execute(connection)
        .await?;
    Ok(())
}
