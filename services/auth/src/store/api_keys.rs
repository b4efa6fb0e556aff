//! Table `api_keys`.

use chrono::{DateTime, Utc};
use halley_kit::page::Page;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// A row; the value is sealed.
#[derive(sqlx::FromRow)]
pub struct ApiKeyRow {
    pub key_id: Uuid,
    pub lookup_hash: Vec<u8>,
    pub sealed: Vec<u8>,
    pub name: String,
    pub scope: i16,
    pub created_at: DateTime<Utc>,
}

/// Stores a key.
pub async fn insert(db: &mut PgConnection, app_id: &str, row: &ApiKeyRow) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO api_keys (app_id, key_id, lookup_hash, sealed, name, scope, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(app_id)
    .bind(row.key_id)
    .bind(&row.lookup_hash)
    .bind(&row.sealed)
    .bind(&row.name)
    .bind(row.scope)
    .bind(row.created_at)
    .execute(db)
    .await?;
    Ok(())
}

/// How many keys an app has.
pub async fn count(db: &mut PgConnection, app_id: &str) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM api_keys WHERE app_id = $1").bind(app_id).fetch_one(db).await
}

/// The key of a value, unless its app is archived.
pub async fn find(pool: &PgPool, app_id: &str, lookup_hash: &[u8]) -> Result<Option<ApiKeyRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT key_id, lookup_hash, sealed, name, scope, created_at
         FROM api_keys
         WHERE app_id = $1 AND lookup_hash = $2
             AND NOT EXISTS (SELECT FROM apps WHERE apps.app_id = $1 AND apps.archived_at IS NOT NULL)",
    )
    .bind(app_id)
    .bind(lookup_hash)
    .fetch_optional(pool)
    .await
}

/// A page of an app's keys, oldest first, and how many there are.
pub async fn list(
    pool: &PgPool,
    app_id: &str,
    scope: Option<i16>,
    within_name: &str,
    page: Page,
) -> Result<(Vec<ApiKeyRow>, i64), sqlx::Error> {
    let rows = sqlx::query_as(
        "SELECT key_id, lookup_hash, sealed, name, scope, created_at
         FROM api_keys
         WHERE app_id = $1 AND ($2::smallint IS NULL OR scope = $2) AND strpos(lower(name), lower($3)) > 0
         ORDER BY created_at, key_id
         LIMIT $4 OFFSET $5",
    )
    .bind(app_id)
    .bind(scope)
    .bind(within_name)
    .bind(page.limit())
    .bind(page.offset())
    .fetch_all(pool)
    .await?;
    let total = sqlx::query_scalar(
        "SELECT count(*)
         FROM api_keys
         WHERE app_id = $1 AND ($2::smallint IS NULL OR scope = $2) AND strpos(lower(name), lower($3)) > 0",
    )
    .bind(app_id)
    .bind(scope)
    .bind(within_name)
    .fetch_one(pool)
    .await?;
    Ok((rows, total))
}

/// Changes what is given.
pub async fn update(
    db: &mut PgConnection,
    app_id: &str,
    key_id: Uuid,
    name: Option<&str>,
    scope: Option<i16>,
) -> Result<Option<ApiKeyRow>, sqlx::Error> {
    sqlx::query_as(
        "UPDATE api_keys
         SET name = coalesce($3, name), scope = coalesce($4, scope)
         WHERE app_id = $1 AND key_id = $2
         RETURNING key_id, lookup_hash, sealed, name, scope, created_at",
    )
    .bind(app_id)
    .bind(key_id)
    .bind(name)
    .bind(scope)
    .fetch_optional(db)
    .await
}

/// Removes a key; false when it was not there.
pub async fn delete(db: &mut PgConnection, app_id: &str, key_id: Uuid) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("DELETE FROM api_keys WHERE app_id = $1 AND key_id = $2")
        .bind(app_id)
        .bind(key_id)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}
