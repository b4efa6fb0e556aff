//! The table `erasures`: what is to be deleted for good, and how far that is.

use chrono::{DateTime, Utc};
use halley_kit::time;
use sqlx::{PgConnection, PgPool};

use super::{
    messages::{StoredMessage, columns},
    traces,
};
use crate::domain::key;

/// Group conversations that are looked through at once.
const CONVERSATIONS: i64 = 1000;
/// Messages that are read at once.
const MESSAGES: i64 = 500;
/// Reactions that are deleted at once.
const REACTIONS: i64 = 500;
/// The stored keys of groups, and of those that were deleted, as ranges: direct conversations lie between them.
const GROUPS: [(&str, &str); 2] = [("g:", "g;"), ("x:g:", "x:g;")];

/// Something to be deleted for good.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Erasure {
    pub erasure_id: i64,
    pub app_id: String,
    /// Whose messages; `None`: everybody's.
    pub uid: Option<String>,
    /// Where; `None`: everywhere.
    pub conversation_id: Option<i64>,
    /// What is younger stays.
    pub until: DateTime<Utc>,
    /// And what was stored later, whatever its time.
    pub until_message_id: i64,
    /// Of a conversation that was put aside with a deleted user: whose traces go with it.
    pub departed_uid: Option<String>,
    /// Which kind of the user's traces is looked after.
    pub stage: i16,
    at_key: String,
    /// How far it is in the conversation, or in the messages that mention the user.
    pub at_sequence: i64,
}

impl Erasure {
    /// Whose traces go.
    pub(crate) fn whose(&self) -> Option<&str> {
        self.uid.as_deref().or(self.departed_uid.as_deref())
    }
}

/// Asks for the erasure of what a deleted user said and how the user reacted, and of all that was said in the direct
/// conversations that were put aside with the user.
pub(crate) async fn ask_for_user(
    pool: &PgPool,
    app_id: &str,
    uid: &str,
    until: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO erasures (app_id, uid, departed_uid, conversation_id, until, until_message_id)
         SELECT $1, $2, NULL, NULL::bigint, $3, (SELECT last_value FROM message_ids)
         UNION ALL
         SELECT $1, NULL, $2, c.conversation_id, $3, (SELECT last_value FROM message_ids)
         FROM participants AS p
         JOIN conversations AS c ON c.app_id = p.app_id AND c.conversation_id = p.conversation_id
         WHERE p.app_id = $1 AND p.uid = $2 AND c.conversation_key LIKE 'x:u:%' AND c.created_at <= $3",
    )
    .bind(app_id)
    .bind(uid)
    .bind(until)
    .execute(pool)
    .await?;
    Ok(())
}

/// Asks for the erasure of what was said in a conversation so far.
pub(crate) async fn ask_for_conversation(
    connection: &mut PgConnection,
    app_id: &str,
    conversation_id: i64,
    until: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO erasures (app_id, conversation_id, until, until_message_id)
         VALUES ($1, $2, $3, (SELECT last_value FROM message_ids))",
    )
    .bind(app_id)
    .bind(conversation_id)
    .bind(until)
    .execute(connection)
    .await?;
    Ok(())
}

/// The last stage of the erasure of a user waits so long: who was online is gathered for a while, here and by the gateway.
const SETTLED_AFTER: &str = "20 seconds";
/// The last stage.
pub(crate) const LAST_STAGE: i16 = 4;

/// Locks the oldest erasure that nobody else is at; looking through all groups for a user's messages comes behind what is
/// to be erased in one conversation.
pub(crate) async fn take(connection: &mut PgConnection) -> Result<Option<Erasure>, sqlx::Error> {
    sqlx::query_as(
        "SELECT erasure_id, app_id, uid, conversation_id, until, until_message_id, departed_uid, stage, at_key,
             at_sequence
         FROM erasures
         WHERE stage < $1 OR until < now() - $2::text::interval
         ORDER BY conversation_id IS NULL, erasure_id
         LIMIT 1
         FOR UPDATE SKIP LOCKED",
    )
    .bind(LAST_STAGE)
    .bind(SETTLED_AFTER)
    .fetch_optional(connection)
    .await
}

/// Begins the next stage of the erasure of a user.
pub(crate) async fn begin_next_stage(connection: &mut PgConnection, erasure: &Erasure) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE erasures SET stage = stage + 1, at_sequence = 0 WHERE erasure_id = $1")
        .bind(erasure.erasure_id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Locks conversations by their ids, in the order in which everybody locks them.
pub(crate) async fn lock_by_id(
    connection: &mut PgConnection,
    app_id: &str,
    conversation_ids: &[i64],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "SELECT FROM conversations
         WHERE app_id = $1 AND conversation_id = ANY($2)
         ORDER BY app_id, conversation_key
         FOR UPDATE",
    )
    .bind(app_id)
    .bind(conversation_ids)
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends an erasure.
pub(crate) async fn finish(connection: &mut PgConnection, erasure: &Erasure) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM erasures WHERE erasure_id = $1").bind(erasure.erasure_id).execute(connection).await?;
    Ok(())
}

/// The next messages of which that holds.
macro_rules! next_messages {
    ($condition:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM messages AS m WHERE m.app_id = $1 AND m.conversation_id = $2 AND m.sequence > $3 AND ",
            $condition,
            " ORDER BY m.sequence LIMIT $5"
        )
    };
}

/// Locks an erasure's conversation and reads its next messages; answers them with whether there may be more behind them.
pub(crate) async fn next_messages(
    connection: &mut PgConnection,
    erasure: &Erasure,
    conversation_id: i64,
) -> Result<(Vec<StoredMessage>, bool), sqlx::Error> {
    let stored: Option<String> = sqlx::query_scalar(
        "SELECT conversation_key FROM conversations WHERE app_id = $1 AND conversation_id = $2 FOR UPDATE",
    )
    .bind(&erasure.app_id)
    .bind(conversation_id)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(stored) = stored else { return Ok((Vec::new(), false)) };
    let key = key::from_storage(&stored)
        .ok_or_else(|| sqlx::Error::Decode(format!("`{stored}` is no conversation key").into()))?;
    // Two statements: in one for both the sender would be no condition that an index is used for.
    let next = match erasure.uid {
        // What the user said, and what was done to the user: each by an index of its own.
        Some(_) => next_messages!(
            "m.sequence = ANY (ARRAY(
                 (SELECT s.sequence FROM messages AS s
                  WHERE s.app_id = $1 AND s.conversation_id = $2 AND s.sender_uid = $4 AND s.sequence > $3
                  ORDER BY s.sequence LIMIT $5)
                 UNION ALL
                 (SELECT s.sequence FROM messages AS s
                  WHERE s.app_id = $1 AND s.conversation_id = $2 AND s.action_on_uid = $4 AND s.sequence > $3
                  ORDER BY s.sequence LIMIT $5)
             ))"
        ),
        None => next_messages!("$4::text IS NULL"),
    };
    let rows = sqlx::query(next)
        .bind(&erasure.app_id)
        .bind(conversation_id)
        .bind(erasure.at_sequence)
        .bind(&erasure.uid)
        .bind(MESSAGES)
        .fetch_all(&mut *connection)
        .await?;
    let messages = rows.iter().map(|row| StoredMessage::read(row, &key)).collect::<Result<Vec<_>, _>>()?;
    if let Some(last) = messages.last() {
        sqlx::query("UPDATE erasures SET at_sequence = $2 WHERE erasure_id = $1")
            .bind(erasure.erasure_id)
            .bind(last.sequence)
            .execute(connection)
            .await?;
    }
    let has_more = i64::try_from(messages.len()).is_ok_and(|read| read == MESSAGES);
    Ok((messages, has_more))
}

/// Asks for the erasure of what a deleted user said in the next group conversations; false when all are looked through.
/// They are looked through rather than the user's own ones, because an import stores messages of who has no place there.
pub(crate) async fn ask_for_next_groups(
    connection: &mut PgConnection,
    erasure: &Erasure,
    uid: &str,
) -> Result<bool, sqlx::Error> {
    let is_put_aside = erasure.at_key.as_str() >= GROUPS[1].0;
    let (from, to) = GROUPS[usize::from(is_put_aside)];
    let found: Vec<(i64, String)> = sqlx::query_as(
        "SELECT conversation_id, conversation_key
         FROM conversations
         WHERE app_id = $1 AND conversation_key > $2 AND conversation_key < $3
         ORDER BY conversation_key
         LIMIT $4",
    )
    .bind(&erasure.app_id)
    .bind(erasure.at_key.as_str().max(from))
    .bind(to)
    .bind(CONVERSATIONS)
    .fetch_all(&mut *connection)
    .await?;
    let at_key = match found.last() {
        Some((_, key)) => key.as_str(),
        None if is_put_aside => return Ok(false),
        None => GROUPS[1].0,
    };
    let ids: Vec<i64> = found.iter().map(|(id, _)| *id).collect();
    sqlx::query(
        "WITH moved AS (
             UPDATE erasures SET at_key = $6 WHERE erasure_id = $5
         )
         INSERT INTO erasures (app_id, uid, conversation_id, until, until_message_id)
         SELECT $1, $2, found.conversation_id, $4, $7
         FROM unnest($3::bigint[]) AS found (conversation_id)
         WHERE EXISTS (
             SELECT FROM messages AS m
             WHERE m.app_id = $1 AND m.conversation_id = found.conversation_id AND m.sender_uid = $2
         ) OR EXISTS (
             SELECT FROM messages AS m
             WHERE m.app_id = $1 AND m.conversation_id = found.conversation_id AND m.action_on_uid = $2
         )",
    )
    .bind(&erasure.app_id)
    .bind(uid)
    .bind(&ids)
    .bind(erasure.until)
    .bind(erasure.erasure_id)
    .bind(at_key)
    .bind(erasure.until_message_id)
    .execute(&mut *connection)
    .await?;
    traces::unname_pins(connection, &erasure.app_id, uid, &ids).await?;
    Ok(true)
}

/// Deletes some of a deleted user's reactions; false when there are none left.
pub(crate) async fn delete_reactions(
    connection: &mut PgConnection,
    erasure: &Erasure,
    uid: &str,
) -> Result<bool, sqlx::Error> {
    let found: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT r.reaction_id, m.conversation_id
         FROM reactions AS r
         JOIN messages AS m ON m.app_id = r.app_id AND m.message_id = r.message_id
         WHERE r.app_id = $1 AND r.uid = $2 AND r.reacted_at <= $3
         ORDER BY r.reaction_id
         LIMIT $4",
    )
    .bind(&erasure.app_id)
    .bind(uid)
    .bind(erasure.until)
    .bind(REACTIONS)
    .fetch_all(&mut *connection)
    .await?;
    if found.is_empty() {
        return Ok(false);
    }
    let (reactions, conversations): (Vec<i64>, Vec<i64>) = found.into_iter().unzip();
    lock_by_id(connection, &erasure.app_id, &conversations).await?;
    let messages: Vec<i64> = sqlx::query_scalar(
        "WITH gone AS (
             DELETE FROM reactions WHERE app_id = $1 AND uid = $2 AND reaction_id = ANY($3)
             RETURNING message_id, reaction
         ), counted AS (
             UPDATE reaction_counts AS c SET count = c.count - 1
             FROM gone
             WHERE c.app_id = $1 AND c.message_id = gone.message_id AND c.reaction = gone.reaction
         )
         UPDATE messages AS m SET reaction_total = m.reaction_total - less.count, updated_at = $4
         FROM (SELECT message_id, count(*)::integer AS count FROM gone GROUP BY message_id) AS less
         WHERE m.app_id = $1 AND m.message_id = less.message_id
         RETURNING m.message_id",
    )
    .bind(&erasure.app_id)
    .bind(uid)
    .bind(reactions)
    // Taken under the locks, so that times of updates never go back.
    .bind(time::now())
    .fetch_all(&mut *connection)
    .await?;
    sqlx::query("DELETE FROM reaction_counts WHERE app_id = $1 AND message_id = ANY($2) AND count = 0")
        .bind(&erasure.app_id)
        .bind(messages)
        .execute(connection)
        .await?;
    Ok(true)
}
