//! Table `deliveries`: what was sent, and what came of it.

use chrono::{DateTime, Utc};
use sqlx::{PgPool, types::Json};
use uuid::Uuid;

use super::PENDING;
use crate::call::Attempt;

/// A delivery.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct DeliveryRow {
    pub delivery_id: Uuid,
    pub webhook_id: String,
    pub trigger_id: String,
    pub state: i16,
    /// Null in lists, and when it is not kept any more.
    pub payload: Option<String>,
    pub attempts: Json<Vec<Attempt>>,
    pub due_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
}

/// Which deliveries of a webhook are wanted.
pub(crate) struct Wanted<'a> {
    pub app_id: &'a str,
    pub webhook_id: &'a str,
    pub trigger_id: Option<&'a str>,
    pub state: Option<i16>,
    /// Only older ones than this.
    pub before: Option<Uuid>,
}

/// A page, the newest first, without bodies.
pub(crate) async fn list(pool: &PgPool, wanted: &Wanted<'_>, limit: i64) -> Result<Vec<DeliveryRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT delivery_id, webhook_id, trigger_id, state, NULL::text AS payload, attempts, due_at, created_at,
             finished_at
         FROM deliveries
         WHERE app_id = $1 AND webhook_id = $2
             AND ($3::text IS NULL OR trigger_id = $3)
             AND ($4::smallint IS NULL OR state = $4)
             AND ($5::uuid IS NULL OR delivery_id < $5)
         ORDER BY delivery_id DESC
         LIMIT $6",
    )
    .bind(wanted.app_id)
    .bind(wanted.webhook_id)
    .bind(wanted.trigger_id)
    .bind(wanted.state)
    .bind(wanted.before)
    .bind(limit)
    .fetch_all(pool)
    .await
}

/// One delivery of a webhook, with its body.
pub(crate) async fn find(
    pool: &PgPool,
    app_id: &str,
    webhook_id: &str,
    delivery_id: Uuid,
) -> Result<Option<DeliveryRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT delivery_id, webhook_id, trigger_id, state, payload, attempts, due_at, created_at, finished_at
         FROM deliveries
         WHERE app_id = $1 AND webhook_id = $2 AND delivery_id = $3",
    )
    .bind(app_id)
    .bind(webhook_id)
    .bind(delivery_id)
    .fetch_optional(pool)
    .await
}

/// Has a finished delivery sent again; `None`: it is none, or there is nothing to send.
pub(crate) async fn send_again(
    pool: &PgPool,
    app_id: &str,
    webhook_id: &str,
    delivery_id: Uuid,
) -> Result<Option<DeliveryRow>, sqlx::Error> {
    sqlx::query_as(
        "UPDATE deliveries
         SET state = 1, failures = 0, due_at = now(), finished_at = NULL
         WHERE app_id = $1 AND webhook_id = $2 AND delivery_id = $3 AND state <> 1 AND payload IS NOT NULL
         RETURNING delivery_id, webhook_id, trigger_id, state, payload, attempts, due_at, created_at, finished_at",
    )
    .bind(app_id)
    .bind(webhook_id)
    .bind(delivery_id)
    .fetch_optional(pool)
    .await
}

/// Stores a test, which is told of under its own id.
pub(crate) async fn insert_test(
    pool: &PgPool,
    app_id: &str,
    webhook_id: &str,
    trigger_id: &str,
    payload: &str,
) -> Result<DeliveryRow, sqlx::Error> {
    let delivery_id = Uuid::now_v7();
    sqlx::query_as(
        "INSERT INTO deliveries (app_id, delivery_id, webhook_id, trigger_id, entity, state, payload, uids, due_at,
             created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, '{}', now(), now())
         RETURNING delivery_id, webhook_id, trigger_id, state, payload, attempts, due_at, created_at, finished_at",
    )
    .bind(app_id)
    .bind(delivery_id)
    .bind(webhook_id)
    .bind(trigger_id)
    .bind(delivery_id.to_string())
    .bind(PENDING)
    .bind(payload)
    .fetch_one(pool)
    .await
}
