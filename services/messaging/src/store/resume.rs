//! What was committed since an earlier snapshot of the database, as far as it concerns one user.
//!
//! All of it is read in one snapshot, and rows know the transaction that wrote them: so what is told is exactly what that
//! snapshot shows and the earlier one did not. A time could not do that, as commits don't come in its order.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Postgres, Transaction, pool::PoolConnection};

use super::messages::{StoredMessage, columns};
use crate::domain::resume::Moment;

/// Most members of a group whose receipts are looked through.
pub(crate) const RECEIPTS_MEMBERS_MAX: i64 = 300;

/// Whether the transaction in a column was not over in snapshot `$3`. The first comparison lets an index begin there; the second
/// leaves out what a restored copy has from another database's count.
macro_rules! unseen {
    ($column:literal) => {
        concat!(
            "COALESCE(",
            $column,
            " >= pg_snapshot_xmin($3::text::pg_snapshot) AND ",
            $column,
            " < pg_snapshot_xmax(pg_current_snapshot()) AND NOT pg_visible_in_snapshot(",
            $column,
            ", $3::text::pg_snapshot), false)"
        )
    };
}

/// Whose view since when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Since<'a> {
    pub app_id: &'a str,
    pub uid: &'a str,
    pub snapshot: &'a str,
}

/// A conversation with something new for the user.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Touched {
    pub conversation_id: i64,
    pub conversation_key: String,
    pub last_sequence: i64,
    /// What is not newer the user does not see, or counts as from before the user came in.
    pub begins_after: i64,
    /// What is not newer the user hid; 0: nothing.
    pub hidden_before_sequence: i64,
    pub is_left: bool,
    /// The user's own row changed.
    pub own_changed: bool,
}

/// How far another participant got.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct OthersPlace {
    pub conversation_key: String,
    pub uid: String,
    pub read_sequence: i64,
    pub read_message_id: i64,
    pub read_at: Option<DateTime<Utc>>,
    pub delivered_sequence: i64,
    pub delivered_message_id: i64,
    pub delivered_at: Option<DateTime<Utc>>,
    /// The group is too large: this row stands for all its receipts.
    pub is_too_many: bool,
}

/// Begins a transaction whose statements all see one snapshot; answers it, too.
pub(crate) async fn begin(
    connection: PoolConnection<Postgres>,
    at_ms: i64,
) -> Result<(Transaction<'static, Postgres>, Moment), sqlx::Error> {
    let statement = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    let mut transaction = halley_kit::postgres::begin_with(connection, statement).await?;
    let (cluster, snapshot): (String, String) =
        sqlx::query_as("SELECT system_identifier::text, pg_current_snapshot()::text FROM pg_control_system()")
            .fetch_one(&mut *transaction)
            .await?;
    Ok((transaction, Moment { cluster, at_ms, snapshot }))
}

/// The conversations of the user with new messages, and those in which the user's own row changed.
pub(crate) async fn list_touched(
    connection: &mut PgConnection,
    since: Since<'_>,
    limit: i64,
) -> Result<Vec<Touched>, sqlx::Error> {
    sqlx::query_as(concat!(
        "SELECT c.conversation_id, c.conversation_key, c.last_sequence,
             GREATEST(p.hidden_before_sequence, p.joined_sequence - 1) AS begins_after, p.hidden_before_sequence,
             p.left_at IS NOT NULL AS is_left, ",
        unseen!("p.changed"),
        " AS own_changed
         FROM participants AS p
         JOIN conversations AS c ON c.app_id = p.app_id AND c.conversation_id = p.conversation_id
         WHERE p.app_id = $1 AND p.uid = $2 AND (",
        unseen!("p.changed"),
        " OR (p.left_at IS NULL AND ",
        unseen!("c.changed"),
        ")) ORDER BY c.conversation_id LIMIT $4"
    ))
    .bind(since.app_id)
    .bind(since.uid)
    .bind(since.snapshot)
    .bind(limit)
    .fetch_all(connection)
    .await
}

/// For each of the conversations, the newest of those messages behind a given sequence number that are not new; it is left
/// out when none is. In a conversation messages are stored in the order of their numbers, so what follows is new.
pub(crate) async fn find_last_seen(
    connection: &mut PgConnection,
    since: Since<'_>,
    behind: &[(i64, i64)],
) -> Result<HashMap<i64, i64>, sqlx::Error> {
    let (ids, sequences): (Vec<i64>, Vec<i64>) = behind.iter().copied().unzip();
    let rows: Vec<(i64, i64)> = sqlx::query_as(concat!(
        "SELECT asked.conversation_id, seen.sequence
         FROM unnest($2::bigint[], $4::bigint[]) AS asked (conversation_id, behind)
         CROSS JOIN LATERAL (
             SELECT m.sequence FROM messages AS m
             WHERE m.app_id = $1 AND m.conversation_id = asked.conversation_id AND m.sequence > asked.behind AND NOT ",
        unseen!("m.stored"),
        " ORDER BY m.sequence DESC
             LIMIT 1
         ) AS seen"
    ))
    .bind(since.app_id)
    .bind(ids)
    .bind(since.snapshot)
    .bind(sequences)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().collect())
}

/// The messages of conversations behind a sequence number each, in order. What was deleted for good is left out.
pub(crate) async fn list_behind(
    connection: &mut PgConnection,
    app_id: &str,
    behind: &[(i64, i64)],
    limit: i64,
) -> Result<Vec<StoredMessage>, sqlx::Error> {
    let (ids, sequences): (Vec<i64>, Vec<i64>) = behind.iter().copied().unzip();
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        ", c.conversation_key
         FROM unnest($2::bigint[], $3::bigint[]) WITH ORDINALITY AS asked (conversation_id, behind, place)
         JOIN conversations AS c ON c.app_id = $1 AND c.conversation_id = asked.conversation_id
         CROSS JOIN LATERAL (
             SELECT * FROM messages AS m
             WHERE m.app_id = $1 AND m.conversation_id = asked.conversation_id AND m.sequence > asked.behind
             ORDER BY m.sequence
             LIMIT $4
         ) AS m
         WHERE NOT m.erased
         ORDER BY asked.place, m.sequence"
    ))
    .bind(app_id)
    .bind(ids)
    .bind(sequences)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(StoredMessage::read_with_key).collect()
}

/// Messages in the user's conversations that changed, new ones among them, the oldest changes first.
pub(crate) async fn list_changed(
    connection: &mut PgConnection,
    since: Since<'_>,
    limit: i64,
) -> Result<Vec<StoredMessage>, sqlx::Error> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        ", c.conversation_key
         FROM participants AS p
         JOIN conversations AS c ON c.app_id = p.app_id AND c.conversation_id = p.conversation_id
         CROSS JOIN LATERAL (
             SELECT m.*, x.changed FROM message_changes AS x
             JOIN messages AS m ON m.app_id = x.app_id AND m.message_id = x.message_id
             WHERE x.app_id = p.app_id AND x.conversation_id = p.conversation_id
                 AND x.changed >= pg_snapshot_xmin($3::text::pg_snapshot) AND ",
        unseen!("x.changed"),
        "        AND NOT m.erased AND m.sequence > p.hidden_before_sequence
             LIMIT $4
         ) AS m
         WHERE p.app_id = $1 AND p.uid = $2 AND p.left_at IS NULL
         ORDER BY m.changed, m.message_id
         LIMIT $4"
    ))
    .bind(since.app_id)
    .bind(since.uid)
    .bind(since.snapshot)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(StoredMessage::read_with_key).collect()
}

/// The newest new action on the user in each of the conversations: how the user came to leave it.
pub(crate) async fn list_last_actions_on(
    connection: &mut PgConnection,
    since: Since<'_>,
    behind: &[(i64, i64)],
) -> Result<Vec<StoredMessage>, sqlx::Error> {
    let (ids, sequences): (Vec<i64>, Vec<i64>) = behind.iter().copied().unzip();
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        ", c.conversation_key
         FROM unnest($4::bigint[], $5::bigint[]) AS asked (conversation_id, behind)
         JOIN conversations AS c ON c.app_id = $1 AND c.conversation_id = asked.conversation_id
         CROSS JOIN LATERAL (
             SELECT m.* FROM messages AS m
             WHERE m.app_id = $1 AND m.conversation_id = asked.conversation_id AND m.sequence > asked.behind
                 AND m.action_on_uid = $2 AND ",
        unseen!("m.stored"),
        "    ORDER BY m.sequence DESC
             LIMIT 1
         ) AS m"
    ))
    .bind(since.app_id)
    .bind(since.uid)
    .bind(since.snapshot)
    .bind(ids)
    .bind(sequences)
    .fetch_all(connection)
    .await?;
    rows.iter().map(StoredMessage::read_with_key).collect()
}

/// How far others got in the user's conversations, if that is new. Of a group with more than
/// [`RECEIPTS_MEMBERS_MAX`] members there is one row that says so.
pub(crate) async fn list_others(
    connection: &mut PgConnection,
    since: Since<'_>,
    limit: i64,
) -> Result<Vec<OthersPlace>, sqlx::Error> {
    sqlx::query_as(concat!(
        "SELECT c.conversation_key, o.uid, o.read_sequence, o.read_message_id, o.read_at, o.delivered_sequence,
             o.delivered_message_id, o.delivered_at, o.members > $4 AS is_too_many
         FROM participants AS p
         JOIN conversations AS c ON c.app_id = p.app_id AND c.conversation_id = p.conversation_id
         CROSS JOIN LATERAL (
             SELECT first.*, row_number() OVER () AS place, count(*) OVER () AS members
             FROM (
                 SELECT * FROM participants AS other
                 WHERE other.app_id = p.app_id AND other.conversation_id = p.conversation_id
                     AND other.left_at IS NULL
                 LIMIT $4 + 1
             ) AS first
         ) AS o
         WHERE p.app_id = $1 AND p.uid = $2 AND p.left_at IS NULL
             AND CASE WHEN o.members > $4 THEN o.place = 1
                 ELSE o.uid <> $2 AND o.delivered_sequence > 0 AND ",
        unseen!("o.changed"),
        " END ORDER BY o.changed LIMIT $5"
    ))
    .bind(since.app_id)
    .bind(since.uid)
    .bind(since.snapshot)
    .bind(RECEIPTS_MEMBERS_MAX)
    .bind(limit)
    .fetch_all(connection)
    .await
}
