//! Table `push_tokens`.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// A row with the sealed value of its auth token; its own value is sealed, too.
#[derive(sqlx::FromRow)]
pub struct PushTokenRow {
    pub token_id: Uuid,
    pub kind: String,
    pub uid: String,
    pub lookup_hash: Vec<u8>,
    pub sealed: Vec<u8>,
    pub platform: String,
    pub provider_id: String,
    pub timezone: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub sealed_auth_token: Vec<u8>,
}

/// Stores a push token. The device's earlier one of the kind makes room, and so does the same one on another auth token:
/// a device belongs to who logged in on it last.
pub async fn put(db: &mut PgConnection, app_id: &str, row: &PushTokenRow) -> Result<DateTime<Utc>, sqlx::Error> {
    sqlx::query(
        "DELETE FROM push_tokens
         WHERE app_id = $1 AND lookup_hash = $2 AND (token_id, kind) <> ($3, $4)",
    )
    .bind(app_id)
    .bind(&row.lookup_hash)
    .bind(row.token_id)
    .bind(&row.kind)
    .execute(&mut *db)
    .await?;
    sqlx::query_scalar(
        "INSERT INTO push_tokens (app_id, token_id, kind, uid, lookup_hash, sealed, platform, provider_id, timezone,
             created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
         ON CONFLICT (app_id, token_id, kind) DO UPDATE
         SET lookup_hash = excluded.lookup_hash, sealed = excluded.sealed, platform = excluded.platform,
             provider_id = excluded.provider_id, timezone = excluded.timezone, updated_at = excluded.updated_at
         RETURNING created_at",
    )
    .bind(app_id)
    .bind(row.token_id)
    .bind(&row.kind)
    .bind(&row.uid)
    .bind(&row.lookup_hash)
    .bind(&row.sealed)
    .bind(&row.platform)
    .bind(&row.provider_id)
    .bind(&row.timezone)
    .bind(row.created_at)
    .fetch_one(db)
    .await
}

/// Makes the registrations of one push token come one after another.
pub async fn lock_value(db: &mut PgConnection, lookup_hash: &[u8]) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 1))")
        .bind(lookup_hash)
        .execute(db)
        .await?;
    Ok(())
}

/// Removes all but a user's newest push tokens.
pub async fn delete_oldest(db: &mut PgConnection, app_id: &str, uid: &str, keep: i64) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM push_tokens
         WHERE app_id = $1 AND (token_id, kind) IN (
             SELECT token_id, kind FROM push_tokens
             WHERE app_id = $1 AND uid = $2
             ORDER BY updated_at DESC, token_id DESC, kind
             OFFSET $3
         )",
    )
    .bind(app_id)
    .bind(uid)
    .bind(keep)
    .execute(db)
    .await?;
    Ok(())
}

/// A user's push tokens, newest first: all, or those of one auth token.
pub async fn list(
    pool: &PgPool,
    app_id: &str,
    uid: &str,
    token_id: Option<Uuid>,
) -> Result<Vec<PushTokenRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT p.token_id, p.kind, p.uid, p.lookup_hash, p.sealed, p.platform, p.provider_id, p.timezone,
             p.created_at, p.updated_at, t.sealed AS sealed_auth_token
         FROM push_tokens AS p
         JOIN auth_tokens AS t ON t.app_id = p.app_id AND t.token_id = p.token_id
         WHERE p.app_id = $1 AND p.uid = $2 AND ($3::uuid IS NULL OR p.token_id = $3)
         ORDER BY p.updated_at DESC, p.token_id DESC, p.kind",
    )
    .bind(app_id)
    .bind(uid)
    .bind(token_id)
    .fetch_all(pool)
    .await
}

/// Removes a user's push tokens: all, those of one auth token, or the one of a value; answers them.
pub async fn delete(
    pool: &PgPool,
    app_id: &str,
    uid: &str,
    token_id: Option<Uuid>,
    lookup_hash: Option<&[u8]>,
) -> Result<Vec<PushTokenRow>, sqlx::Error> {
    sqlx::query_as(
        "DELETE FROM push_tokens AS p
         USING auth_tokens AS t
         WHERE p.app_id = $1 AND p.uid = $2 AND ($3::uuid IS NULL OR p.token_id = $3)
             AND ($4::bytea IS NULL OR p.lookup_hash = $4)
             AND t.app_id = p.app_id AND t.token_id = p.token_id
         RETURNING p.token_id, p.kind, p.uid, p.lookup_hash, p.sealed, p.platform, p.provider_id, p.timezone,
             p.created_at, p.updated_at, t.sealed AS sealed_auth_token",
    )
    .bind(app_id)
    .bind(uid)
    .bind(token_id)
    .bind(lookup_hash)
    .fetch_all(pool)
    .await
}
