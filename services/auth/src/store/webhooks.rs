//! Tables `webhooks` and `webhook_triggers`.

use chrono::{DateTime, Utc};
use halley_kit::page::Page;
use sqlx::{PgConnection, PgPool};

/// A row; the password is sealed.
#[derive(sqlx::FromRow)]
pub struct WebhookRow {
    pub webhook_id: String,
    pub name: String,
    pub url: String,
    pub use_basic_auth: bool,
    pub username: String,
    pub sealed_password: Option<Vec<u8>>,
    pub enabled: bool,
    pub retry_on_failure: bool,
    pub version: i16,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// Stores a webhook; false when the id is taken.
pub async fn insert(db: &mut PgConnection, app_id: &str, row: &WebhookRow) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "INSERT INTO webhooks (app_id, webhook_id, name, url, use_basic_auth, username, sealed_password, enabled,
             retry_on_failure, version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (app_id, webhook_id) DO NOTHING",
    )
    .bind(app_id)
    .bind(&row.webhook_id)
    .bind(&row.name)
    .bind(&row.url)
    .bind(row.use_basic_auth)
    .bind(&row.username)
    .bind(&row.sealed_password)
    .bind(row.enabled)
    .bind(row.retry_on_failure)
    .bind(row.version)
    .bind(row.created_at)
    .bind(row.updated_at)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// How many webhooks an app has.
pub async fn count(db: &mut PgConnection, app_id: &str) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM webhooks WHERE app_id = $1").bind(app_id).fetch_one(db).await
}

/// A webhook; its row is locked until the transaction ends.
pub async fn lock(db: &mut PgConnection, app_id: &str, webhook_id: &str) -> Result<Option<WebhookRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT webhook_id, name, url, use_basic_auth, username, sealed_password, enabled, retry_on_failure, version,
             created_at, updated_at
         FROM webhooks
         WHERE app_id = $1 AND webhook_id = $2
         FOR NO KEY UPDATE",
    )
    .bind(app_id)
    .bind(webhook_id)
    .fetch_optional(db)
    .await
}

/// A webhook.
pub async fn find(pool: &PgPool, app_id: &str, webhook_id: &str) -> Result<Option<WebhookRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT webhook_id, name, url, use_basic_auth, username, sealed_password, enabled, retry_on_failure, version,
             created_at, updated_at
         FROM webhooks
         WHERE app_id = $1 AND webhook_id = $2",
    )
    .bind(app_id)
    .bind(webhook_id)
    .fetch_optional(pool)
    .await
}

/// A page of an app's webhooks, oldest first, and how many there are.
pub async fn list(
    pool: &PgPool,
    app_id: &str,
    within_name: &str,
    page: Page,
) -> Result<(Vec<WebhookRow>, i64), sqlx::Error> {
    let rows = sqlx::query_as(
        "SELECT webhook_id, name, url, use_basic_auth, username, sealed_password, enabled, retry_on_failure, version,
             created_at, updated_at
         FROM webhooks
         WHERE app_id = $1 AND strpos(lower(name), lower($2)) > 0
         ORDER BY created_at, webhook_id
         LIMIT $3 OFFSET $4",
    )
    .bind(app_id)
    .bind(within_name)
    .bind(page.limit())
    .bind(page.offset())
    .fetch_all(pool)
    .await?;
    let total =
        sqlx::query_scalar("SELECT count(*) FROM webhooks WHERE app_id = $1 AND strpos(lower(name), lower($2)) > 0")
            .bind(app_id)
            .bind(within_name)
            .fetch_one(pool)
            .await?;
    Ok((rows, total))
}

/// Writes what may change of a webhook.
pub async fn update(db: &mut PgConnection, app_id: &str, row: &WebhookRow) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE webhooks
         SET name = $3, url = $4, use_basic_auth = $5, username = $6, sealed_password = $7, enabled = $8,
             retry_on_failure = $9, updated_at = $10
         WHERE app_id = $1 AND webhook_id = $2",
    )
    .bind(app_id)
    .bind(&row.webhook_id)
    .bind(&row.name)
    .bind(&row.url)
    .bind(row.use_basic_auth)
    .bind(&row.username)
    .bind(&row.sealed_password)
    .bind(row.enabled)
    .bind(row.retry_on_failure)
    .bind(row.updated_at)
    .execute(db)
    .await?;
    Ok(())
}

/// Removes a webhook; false when it was not there.
pub async fn delete(db: &mut PgConnection, app_id: &str, webhook_id: &str) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("DELETE FROM webhooks WHERE app_id = $1 AND webhook_id = $2")
        .bind(app_id)
        .bind(webhook_id)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// A webhook that is called, and what for.
#[derive(sqlx::FromRow)]
pub struct TargetRow {
    #[sqlx(flatten)]
    pub webhook: WebhookRow,
    pub trigger_ids: Vec<String>,
}

/// An app's enabled webhooks by id.
pub async fn list_targets(pool: &PgPool, app_id: &str, max: i64) -> Result<Vec<TargetRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT w.webhook_id, w.name, w.url, w.use_basic_auth, w.username, w.sealed_password, w.enabled,
             w.retry_on_failure, w.version, w.created_at, w.updated_at,
             ARRAY(
                 SELECT t.trigger_id
                 FROM webhook_triggers AS t
                 WHERE t.app_id = w.app_id AND t.webhook_id = w.webhook_id
                 ORDER BY t.trigger_id
             ) AS trigger_ids
         FROM webhooks AS w
         WHERE w.app_id = $1 AND w.enabled
         ORDER BY w.webhook_id
         LIMIT $2",
    )
    .bind(app_id)
    .bind(max)
    .fetch_all(pool)
    .await
}

/// Adds triggers to a webhook.
pub async fn insert_triggers(
    db: &mut PgConnection,
    app_id: &str,
    webhook_id: &str,
    trigger_ids: &[String],
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO webhook_triggers (app_id, webhook_id, trigger_id, created_at)
         SELECT $1, $2, given.trigger_id, $4
         FROM unnest($3::text[]) AS given (trigger_id)
         ON CONFLICT (app_id, webhook_id, trigger_id) DO NOTHING",
    )
    .bind(app_id)
    .bind(webhook_id)
    .bind(trigger_ids)
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}

/// Removes triggers from a webhook; answers those that were there.
pub async fn delete_triggers(
    db: &mut PgConnection,
    app_id: &str,
    webhook_id: &str,
    trigger_ids: &[String],
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "DELETE FROM webhook_triggers
         WHERE app_id = $1 AND webhook_id = $2 AND trigger_id = ANY($3)
         RETURNING trigger_id",
    )
    .bind(app_id)
    .bind(webhook_id)
    .bind(trigger_ids)
    .fetch_all(db)
    .await
}

/// A page of a webhook's triggers by name, and how many there are.
pub async fn list_triggers(
    pool: &PgPool,
    app_id: &str,
    webhook_id: &str,
    page: Page,
) -> Result<(Vec<String>, i64), sqlx::Error> {
    let rows = sqlx::query_scalar(
        "SELECT trigger_id
         FROM webhook_triggers
         WHERE app_id = $1 AND webhook_id = $2
         ORDER BY trigger_id
         LIMIT $3 OFFSET $4",
    )
    .bind(app_id)
    .bind(webhook_id)
    .bind(page.limit())
    .bind(page.offset())
    .fetch_all(pool)
    .await?;
    let total = sqlx::query_scalar("SELECT count(*) FROM webhook_triggers WHERE app_id = $1 AND webhook_id = $2")
        .bind(app_id)
        .bind(webhook_id)
        .fetch_one(pool)
        .await?;
    Ok((rows, total))
}
