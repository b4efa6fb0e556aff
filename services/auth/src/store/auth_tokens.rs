//! Table `auth_tokens`.

use chrono::{DateTime, Utc};
use halley_kit::page::Page;
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

/// A row; the value is sealed.
#[derive(sqlx::FromRow)]
pub struct AuthTokenRow {
    pub token_id: Uuid,
    pub uid: String,
    pub lookup_hash: Vec<u8>,
    pub sealed: Vec<u8>,
    pub device_id: String,
    pub platform: String,
    pub user_agent: String,
    pub app_info: Option<Json<Box<serde_json::value::RawValue>>>,
    pub created_at: DateTime<Utc>,
}

/// What a device tells of itself; `None` leaves a column as it is.
#[derive(Default)]
pub struct Device<'a> {
    pub device_id: Option<&'a str>,
    pub platform: Option<&'a str>,
    pub user_agent: Option<&'a str>,
    pub app_info_json: Option<&'a str>,
}

/// Makes the tokens of one user change one after another.
pub async fn lock_user(db: &mut PgConnection, app_id: &str, uid: &str) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1 || ':' || $2, 0))")
        .bind(app_id)
        .bind(uid)
        .execute(db)
        .await?;
    Ok(())
}

/// Stores a token.
pub async fn insert(db: &mut PgConnection, app_id: &str, row: &AuthTokenRow) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO auth_tokens (app_id, token_id, uid, lookup_hash, sealed, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(app_id)
    .bind(row.token_id)
    .bind(&row.uid)
    .bind(&row.lookup_hash)
    .bind(&row.sealed)
    .bind(row.created_at)
    .execute(db)
    .await?;
    Ok(())
}

/// Removes all but a user's newest tokens; answers the removed ones.
pub async fn delete_oldest(
    db: &mut PgConnection,
    app_id: &str,
    uid: &str,
    keep: i64,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "DELETE FROM auth_tokens
         WHERE app_id = $1 AND token_id IN (
             SELECT token_id FROM auth_tokens
             WHERE app_id = $1 AND uid = $2
             ORDER BY created_at DESC, token_id DESC
             OFFSET $3
         )
         RETURNING token_id",
    )
    .bind(app_id)
    .bind(uid)
    .bind(keep)
    .fetch_all(db)
    .await
}

/// A user's newest token that is on no device.
pub async fn find_unused(db: &mut PgConnection, app_id: &str, uid: &str) -> Result<Option<AuthTokenRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT token_id, uid, lookup_hash, sealed, device_id, platform, user_agent, app_info, created_at
         FROM auth_tokens
         WHERE app_id = $1 AND uid = $2 AND device_id = ''
         ORDER BY created_at DESC, token_id DESC
         LIMIT 1",
    )
    .bind(app_id)
    .bind(uid)
    .fetch_optional(db)
    .await
}

/// The token of a value, unless its app is archived.
pub async fn find(pool: &PgPool, app_id: &str, lookup_hash: &[u8]) -> Result<Option<AuthTokenRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT token_id, uid, lookup_hash, sealed, device_id, platform, user_agent, app_info, created_at
         FROM auth_tokens
         WHERE app_id = $1 AND lookup_hash = $2
             AND NOT EXISTS (SELECT FROM apps WHERE apps.app_id = $1 AND apps.archived_at IS NOT NULL)",
    )
    .bind(app_id)
    .bind(lookup_hash)
    .fetch_optional(pool)
    .await
}

/// Whether a token is still valid, and its app not archived.
pub async fn exists(pool: &PgPool, app_id: &str, token_id: Uuid) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM auth_tokens WHERE app_id = $1 AND token_id = $2)
             AND NOT EXISTS (SELECT FROM apps WHERE app_id = $1 AND archived_at IS NOT NULL)",
    )
    .bind(app_id)
    .bind(token_id)
    .fetch_one(pool)
    .await
}

/// A page of a user's tokens, newest first, and how many there are.
pub async fn list(pool: &PgPool, app_id: &str, uid: &str, page: Page) -> Result<(Vec<AuthTokenRow>, i64), sqlx::Error> {
    let rows = sqlx::query_as(
        "SELECT token_id, uid, lookup_hash, sealed, device_id, platform, user_agent, app_info, created_at
         FROM auth_tokens
         WHERE app_id = $1 AND uid = $2
         ORDER BY created_at DESC, token_id DESC
         LIMIT $3 OFFSET $4",
    )
    .bind(app_id)
    .bind(uid)
    .bind(page.limit())
    .bind(page.offset())
    .fetch_all(pool)
    .await?;
    let total = sqlx::query_scalar("SELECT count(*) FROM auth_tokens WHERE app_id = $1 AND uid = $2")
        .bind(app_id)
        .bind(uid)
        .fetch_one(pool)
        .await?;
    Ok((rows, total))
}

/// Says on what device a token is.
pub async fn update(
    pool: &PgPool,
    app_id: &str,
    token_id: Uuid,
    device: Device<'_>,
) -> Result<Option<AuthTokenRow>, sqlx::Error> {
    sqlx::query_as(
        "UPDATE auth_tokens
         SET device_id = coalesce($3, device_id),
             platform = coalesce($4, platform),
             user_agent = coalesce($5, user_agent),
             app_info = coalesce($6::jsonb, app_info)
         WHERE app_id = $1 AND token_id = $2
         RETURNING token_id, uid, lookup_hash, sealed, device_id, platform, user_agent, app_info, created_at",
    )
    .bind(app_id)
    .bind(token_id)
    .bind(device.device_id)
    .bind(device.platform)
    .bind(device.user_agent)
    .bind(device.app_info_json)
    .fetch_optional(pool)
    .await
}

/// Removes a token; false when it was not there.
pub async fn delete(db: &mut PgConnection, app_id: &str, token_id: Uuid) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("DELETE FROM auth_tokens WHERE app_id = $1 AND token_id = $2")
        .bind(app_id)
        .bind(token_id)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes a user's tokens, those made later than `until` excepted; answers the removed ones.
pub async fn delete_of_user(
    db: &mut PgConnection,
    app_id: &str,
    uid: &str,
    until: Option<DateTime<Utc>>,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "DELETE FROM auth_tokens
         WHERE app_id = $1 AND uid = $2 AND ($3::timestamptz IS NULL OR created_at <= $3)
         RETURNING token_id",
    )
    .bind(app_id)
    .bind(uid)
    .bind(until)
    .fetch_all(db)
    .await
}
