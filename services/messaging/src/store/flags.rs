//! Reports of messages: the tables `flag_reasons`, `message_flags` and `flagged_messages`, and what was decided of
//! messages.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use halley_contracts::messaging::v1::ModerationStatus;
use sqlx::{PgConnection, PgPool};

use crate::domain::moderation::DEFAULT_REASONS;

/// Reports that are shown of a message.
const SHOWN_MAX: i64 = 100;

/// A reason as stored.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct ReasonRow {
    pub reason_id: String,
    pub name: String,
    pub description: String,
    pub is_default: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

macro_rules! reason_columns {
    () => {
        "reason_id, name, description, is_default, created_at, updated_at"
    };
}

/// Gives an app that has never had any reasons those that every app begins with.
pub(crate) async fn insert_default_reasons(
    connection: &mut PgConnection,
    app_id: &str,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let has_any: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM flag_reasons WHERE app_id = $1)")
        .bind(app_id)
        .fetch_one(&mut *connection)
        .await?;
    if has_any {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO flag_reasons (app_id, reason_id, name, description, is_default, created_at, updated_at)
         SELECT $1, reason.id, reason.name, reason.description, true, $5, $5
         FROM unnest($2::text[], $3::text[], $4::text[]) AS reason (id, name, description)
         ORDER BY reason.id
         ON CONFLICT (app_id, reason_id) DO NOTHING",
    )
    .bind(app_id)
    .bind(DEFAULT_REASONS.iter().map(|reason| reason.id).collect::<Vec<_>>())
    .bind(DEFAULT_REASONS.iter().map(|reason| reason.name).collect::<Vec<_>>())
    .bind(DEFAULT_REASONS.iter().map(|reason| reason.description).collect::<Vec<_>>())
    .bind(at)
    .execute(connection)
    .await?;
    Ok(())
}

/// An app's reasons, oldest first.
pub(crate) async fn list_reasons(
    connection: &mut PgConnection,
    app_id: &str,
    limit: i64,
    offset: i64,
) -> Result<Vec<ReasonRow>, sqlx::Error> {
    sqlx::query_as(concat!(
        "SELECT ",
        reason_columns!(),
        " FROM flag_reasons WHERE app_id = $1 AND deleted_at IS NULL
         ORDER BY created_at, reason_id LIMIT $2 OFFSET $3"
    ))
    .bind(app_id)
    .bind(limit)
    .bind(offset)
    .fetch_all(connection)
    .await
}

/// How many reasons an app has.
pub(crate) async fn count_reasons(connection: &mut PgConnection, app_id: &str) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM flag_reasons WHERE app_id = $1 AND deleted_at IS NULL")
        .bind(app_id)
        .fetch_one(connection)
        .await
}

/// The reason of an id.
pub(crate) async fn find_reason(
    connection: &mut PgConnection,
    app_id: &str,
    id: &str,
) -> Result<Option<ReasonRow>, sqlx::Error> {
    sqlx::query_as(concat!(
        "SELECT ",
        reason_columns!(),
        " FROM flag_reasons WHERE app_id = $1 AND reason_id = $2 AND deleted_at IS NULL"
    ))
    .bind(app_id)
    .bind(id)
    .fetch_optional(connection)
    .await
}

/// Stores a new reason, or one in the place of a deleted one; `None` when the id is taken.
pub(crate) async fn insert_reason(
    connection: &mut PgConnection,
    app_id: &str,
    (id, name, description): (&str, &str, &str),
    at: DateTime<Utc>,
) -> Result<Option<ReasonRow>, sqlx::Error> {
    sqlx::query_as(concat!(
        "INSERT INTO flag_reasons AS r (app_id, reason_id, name, description, is_default, created_at, updated_at)
         VALUES ($1, $2, $3, $4, false, $5, $5)
         ON CONFLICT (app_id, reason_id) DO UPDATE
         SET name = EXCLUDED.name, description = EXCLUDED.description, is_default = false,
             created_at = EXCLUDED.created_at, updated_at = EXCLUDED.updated_at, deleted_at = NULL
         WHERE r.deleted_at IS NOT NULL
         RETURNING ",
        reason_columns!()
    ))
    .bind(app_id)
    .bind(id)
    .bind(name)
    .bind(description)
    .bind(at)
    .fetch_optional(connection)
    .await
}

/// Changes a reason; `None` when there is none.
pub(crate) async fn update_reason(
    connection: &mut PgConnection,
    app_id: &str,
    id: &str,
    (name, description): (Option<&str>, Option<&str>),
    at: DateTime<Utc>,
) -> Result<Option<ReasonRow>, sqlx::Error> {
    sqlx::query_as(concat!(
        "UPDATE flag_reasons
         SET name = COALESCE($3, name), description = COALESCE($4, description), updated_at = $5
         WHERE app_id = $1 AND reason_id = $2 AND deleted_at IS NULL
         RETURNING ",
        reason_columns!()
    ))
    .bind(app_id)
    .bind(id)
    .bind(name)
    .bind(description)
    .bind(at)
    .fetch_optional(connection)
    .await
}

/// Deletes a reason; answers whether there was one.
pub(crate) async fn delete_reason(
    connection: &mut PgConnection,
    app_id: &str,
    id: &str,
    at: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE flag_reasons SET deleted_at = $3 WHERE app_id = $1 AND reason_id = $2 AND deleted_at IS NULL",
    )
    .bind(app_id)
    .bind(id)
    .bind(at)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// A report of a message by a user.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct FlagRow {
    pub message_id: i64,
    pub uid: String,
    pub reason_id: String,
    pub reason_name: String,
    pub reason_description: String,
    pub remark: String,
    pub flagged_at: DateTime<Utc>,
}

/// Stores a user's report in the place of an earlier one, and puts its message into the queue. The message's conversation
/// is locked.
pub(crate) async fn flag(connection: &mut PgConnection, app_id: &str, flag: &FlagRow) -> Result<(), sqlx::Error> {
    let is_new: bool = sqlx::query_scalar(
        "INSERT INTO message_flags
             (app_id, message_id, uid, reason_id, reason_name, reason_description, remark, flagged_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (app_id, message_id, uid) DO UPDATE
         SET reason_id = EXCLUDED.reason_id, reason_name = EXCLUDED.reason_name,
             reason_description = EXCLUDED.reason_description, remark = EXCLUDED.remark,
             flagged_at = EXCLUDED.flagged_at
         RETURNING xmax = 0",
    )
    .bind(app_id)
    .bind(flag.message_id)
    .bind(&flag.uid)
    .bind(&flag.reason_id)
    .bind(&flag.reason_name)
    .bind(&flag.reason_description)
    .bind(&flag.remark)
    .bind(flag.flagged_at)
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO flagged_messages AS f (app_id, message_id, flag_count, first_flagged_at, last_flagged_at)
         VALUES ($1, $2, 1, $3, $3)
         ON CONFLICT (app_id, message_id) DO UPDATE
         SET status = 0, reviewed_at = NULL, reviewed_by = NULL, flag_count = f.flag_count + $4,
             last_flagged_at = EXCLUDED.last_flagged_at",
    )
    .bind(app_id)
    .bind(flag.message_id)
    .bind(flag.flagged_at)
    .bind(i64::from(is_new))
    .execute(connection)
    .await?;
    Ok(())
}

/// A reported message.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct FlaggedRow {
    pub message_id: i64,
    pub status: i16,
    pub flag_count: i64,
    pub first_flagged_at: DateTime<Utc>,
    pub last_flagged_at: DateTime<Utc>,
    pub reviewed_at: Option<DateTime<Utc>>,
    pub reviewed_by: Option<String>,
}

/// Reported messages that wait, or those decided, newest first.
pub(crate) async fn list_flagged(
    pool: &PgPool,
    app_id: &str,
    reviewed: bool,
    limit: i64,
    offset: i64,
) -> Result<Vec<FlaggedRow>, sqlx::Error> {
    let sql = match reviewed {
        true => {
            "SELECT message_id, status, flag_count, first_flagged_at, last_flagged_at, reviewed_at, reviewed_by
             FROM flagged_messages
             WHERE app_id = $1 AND status <> 0
             ORDER BY reviewed_at DESC, message_id DESC
             LIMIT $2 OFFSET $3"
        }
        false => {
            "SELECT message_id, status, flag_count, first_flagged_at, last_flagged_at, reviewed_at, reviewed_by
             FROM flagged_messages
             WHERE app_id = $1 AND status = 0
             ORDER BY last_flagged_at DESC, message_id DESC
             LIMIT $2 OFFSET $3"
        }
    };
    sqlx::query_as(sql).bind(app_id).bind(limit).bind(offset).fetch_all(pool).await
}

/// How many reported messages wait, or are decided.
pub(crate) async fn count_flagged(pool: &PgPool, app_id: &str, reviewed: bool) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM flagged_messages WHERE app_id = $1 AND (status <> 0) = $2")
        .bind(app_id)
        .bind(reviewed)
        .fetch_one(pool)
        .await
}

/// The reports of messages by message, newest first; of a message with many the newest.
pub(crate) async fn list_flags(
    pool: &PgPool,
    app_id: &str,
    message_ids: &[i64],
) -> Result<HashMap<i64, Vec<FlagRow>>, sqlx::Error> {
    let rows: Vec<FlagRow> = sqlx::query_as(
        "SELECT f.*
         FROM unnest($2::bigint[]) AS asked (message_id)
         CROSS JOIN LATERAL (
             SELECT message_id, uid, reason_id, reason_name, reason_description, remark, flagged_at
             FROM message_flags
             WHERE app_id = $1 AND message_id = asked.message_id
             ORDER BY flagged_at DESC, uid
             LIMIT $3
         ) AS f",
    )
    .bind(app_id)
    .bind(message_ids)
    .bind(SHOWN_MAX)
    .fetch_all(pool)
    .await?;
    let mut flags: HashMap<i64, Vec<FlagRow>> = HashMap::new();
    for row in rows {
        flags.entry(row.message_id).or_default().push(row);
    }
    Ok(flags)
}

/// Whether anybody has reported a message.
pub(crate) async fn is_flagged(pool: &PgPool, app_id: &str, message_id: i64) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM flagged_messages WHERE app_id = $1 AND message_id = $2)")
        .bind(app_id)
        .bind(message_id)
        .fetch_one(pool)
        .await
}

/// Stores what was decided of a reported message of a locked conversation.
pub(crate) async fn review(
    connection: &mut PgConnection,
    app_id: &str,
    message_id: i64,
    status: ModerationStatus,
    by: &str,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "WITH reviewed AS (
             UPDATE flagged_messages SET status = $3, reviewed_at = $5, reviewed_by = $4
             WHERE app_id = $1 AND message_id = $2
         )
         UPDATE messages SET moderation = $3, updated_at = $5 WHERE app_id = $1 AND message_id = $2",
    )
    .bind(app_id)
    .bind(message_id)
    .bind(status as i16)
    .bind(by)
    .bind(at)
    .execute(connection)
    .await?;
    Ok(())
}
