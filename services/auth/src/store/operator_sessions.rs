//! Tables `operator_sessions` and `operator_tries`.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::operators::OperatorRow;

/// A session with its operator.
#[derive(sqlx::FromRow)]
pub struct SessionRow {
    pub session_id: Uuid,
    pub started_at: DateTime<Utc>,
    pub used_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    #[sqlx(flatten)]
    pub operator: OperatorRow,
}

/// Stores a session that begins now.
pub async fn insert(
    db: &mut PgConnection,
    session_id: Uuid,
    operator_id: Uuid,
    token_hash: &[u8],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO operator_sessions (session_id, operator_id, token_hash, created_at, used_at, expires_at)
         VALUES ($1, $2, $3, $4, $4, $5)",
    )
    .bind(session_id)
    .bind(operator_id)
    .bind(token_hash)
    .bind(now)
    .bind(expires_at)
    .execute(db)
    .await?;
    Ok(())
}

/// The session of a token that has neither expired nor lain unused since `used_since`.
pub async fn find(
    pool: &PgPool,
    token_hash: &[u8],
    now: DateTime<Utc>,
    used_since: DateTime<Utc>,
) -> Result<Option<SessionRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT s.session_id, s.created_at AS started_at, s.used_at, s.expires_at,
             o.operator_id, o.email, o.name, o.password_hash, o.role, o.created_at, o.number
         FROM operator_sessions AS s
         JOIN operators AS o ON o.operator_id = s.operator_id
         WHERE s.token_hash = $1 AND s.expires_at > $2 AND s.used_at > $3",
    )
    .bind(token_hash)
    .bind(now)
    .bind(used_since)
    .fetch_optional(pool)
    .await
}

/// Writes down that a session is used.
pub async fn touch(pool: &PgPool, session_id: Uuid, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE operator_sessions SET used_at = greatest(used_at, $2) WHERE session_id = $1")
        .bind(session_id)
        .bind(now)
        .execute(pool)
        .await?;
    Ok(())
}

/// Ends a session; answers whether it was there.
pub async fn delete(db: &mut PgConnection, session_id: Uuid) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("DELETE FROM operator_sessions WHERE session_id = $1").bind(session_id).execute(db).await?;
    Ok(done.rows_affected() == 1)
}

/// Ends all but an operator's newest sessions; answers the ended ones.
pub async fn delete_oldest(db: &mut PgConnection, operator_id: Uuid, keep: i64) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "DELETE FROM operator_sessions
         WHERE session_id IN (
             SELECT session_id FROM operator_sessions
             WHERE operator_id = $1
             ORDER BY created_at DESC, session_id DESC
             OFFSET $2
         )
         RETURNING session_id",
    )
    .bind(operator_id)
    .bind(keep)
    .fetch_all(db)
    .await
}

/// Ends all sessions of an operator.
pub async fn delete_all(db: &mut PgConnection, operator_id: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM operator_sessions WHERE operator_id = $1").bind(operator_id).execute(db).await?;
    Ok(())
}

/// Counts a try with a password before it is looked at, unless the address has to wait: after `free` failures a second,
/// doubled with each further one, at most `longest`. Failures from before `since` are forgotten. Answers whether the
/// password may be looked at. One statement, so that many tries at once are counted one after another.
pub async fn count_try(
    pool: &PgPool,
    address_hash: &[u8],
    now: DateTime<Utc>,
    since: DateTime<Utc>,
    free: i32,
    longest: TimeDelta,
) -> Result<bool, sqlx::Error> {
    let counted: Option<i32> = sqlx::query_scalar(
        "INSERT INTO operator_tries AS t (address_hash, failures, tried_at)
         VALUES ($1, 1, $2)
         ON CONFLICT (address_hash) DO UPDATE
         SET failures = CASE WHEN t.tried_at < $3 THEN 1 ELSE t.failures + 1 END, tried_at = $2
         WHERE t.failures < $4 OR t.tried_at < $3
             OR t.tried_at + least($5, make_interval(secs => power(2, least(t.failures - $4, 20)))) <= $2
         RETURNING failures",
    )
    .bind(address_hash)
    .bind(now)
    .bind(since)
    .bind(free)
    .bind(longest)
    .fetch_optional(pool)
    .await?;
    Ok(counted.is_some())
}

/// Forgets the failures of an address whose password was right.
pub async fn forget_tries(pool: &PgPool, address_hash: &[u8]) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM operator_tries WHERE address_hash = $1").bind(address_hash).execute(pool).await?;
    Ok(())
}

/// Deletes what has no effect any more, a bounded number of each; answers whether there may be more.
pub async fn delete_stale(
    pool: &PgPool,
    now: DateTime<Utc>,
    used_since: DateTime<Utc>,
    tried_since: DateTime<Utc>,
    most: i64,
) -> Result<bool, sqlx::Error> {
    let sessions = sqlx::query(
        "DELETE FROM operator_sessions
         WHERE session_id = ANY (ARRAY(
             SELECT session_id FROM operator_sessions WHERE expires_at <= $1 OR used_at <= $2 LIMIT $3
         ))",
    )
    .bind(now)
    .bind(used_since)
    .bind(most)
    .execute(pool)
    .await?;
    let tries = sqlx::query(
        "DELETE FROM operator_tries
         WHERE address_hash = ANY (ARRAY(SELECT address_hash FROM operator_tries WHERE tried_at < $1 LIMIT $2))",
    )
    .bind(tried_since)
    .bind(most)
    .execute(pool)
    .await?;
    let deleted = sessions.rows_affected().max(tries.rows_affected());
    Ok(i64::try_from(deleted).is_ok_and(|deleted| deleted >= most))
}
