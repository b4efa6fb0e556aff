//! Archived apps that are deleted for good.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use super::operator_actions;

/// Auth tokens, or actions, that are looked after at once: an app may have millions.
const TOKENS: i64 = 1000;
/// Apps of one answer.
const LISTED_MAX: i64 = 1000;

/// Locks an archived app whose time has come and that nobody else is at.
pub async fn take(db: &mut PgConnection, now: DateTime<Utc>) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT app_id
         FROM apps
         WHERE archived_at IS NOT NULL AND removed_at IS NULL AND scheduled_to_delete_at <= $1
         ORDER BY scheduled_to_delete_at
         LIMIT 1
         FOR UPDATE SKIP LOCKED",
    )
    .bind(now)
    .fetch_optional(db)
    .await
}

/// Deletes some of an app's auth tokens, and the push tokens with them; answers whether there may be more.
pub async fn delete_tokens(db: &mut PgConnection, app_id: &str) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "DELETE FROM auth_tokens
         WHERE app_id = $1 AND token_id = ANY (ARRAY(SELECT token_id FROM auth_tokens WHERE app_id = $1 LIMIT $2))",
    )
    .bind(app_id)
    .bind(TOKENS)
    .execute(db)
    .await?;
    Ok(i64::try_from(done.rows_affected()).is_ok_and(|deleted| deleted == TOKENS))
}

/// Leaves some of what operators did in an app to the installation; answers whether there may be more.
pub async fn part_with_actions(db: &mut PgConnection, app_id: &str) -> Result<bool, sqlx::Error> {
    operator_actions::part_with_app(db, app_id, TOKENS).await
}

/// Deletes what else an app has, which limits keep to little, and empties its row.
pub async fn remove(db: &mut PgConnection, app_id: &str, at: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "WITH keys AS (
             DELETE FROM api_keys WHERE app_id = $1
         ), hooks AS (
             DELETE FROM webhooks WHERE app_id = $1
         ), others AS (
             DELETE FROM collaborators WHERE app_id = $1
         )
         UPDATE apps SET removed_at = $2, name = '', settings = '{}', owner_id = NULL WHERE app_id = $1",
    )
    .bind(app_id)
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}

/// Apps that were deleted since a time, the oldest deletions first.
pub async fn list(pool: &PgPool, since: DateTime<Utc>) -> Result<Vec<(String, DateTime<Utc>)>, sqlx::Error> {
    sqlx::query_as("SELECT app_id, removed_at FROM apps WHERE removed_at >= $1 ORDER BY removed_at, app_id LIMIT $2")
        .bind(since)
        .bind(LISTED_MAX)
        .fetch_all(pool)
        .await
}
