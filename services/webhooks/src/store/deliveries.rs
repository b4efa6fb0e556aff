//! Table `deliveries`: what is to be sent.

use chrono::{DateTime, Utc};
use sqlx::{PgPool, types::Json};
use uuid::Uuid;

use super::{DELIVERED, FAILED, PENDING};
use crate::call::Attempt;

/// Seconds after which somebody else takes over what is being sent. A call takes 10 at most.
const TAKEN_FOR_SECONDS: f64 = 30.0;

/// Since when webhooks are called.
pub(crate) async fn beginning(pool: &PgPool) -> Result<DateTime<Utc>, sqlx::Error> {
    sqlx::query_scalar("SELECT min(began_at) FROM beginning").fetch_one(pool).await
}

/// Something to be sent.
pub(crate) struct NewDelivery {
    pub webhook_id: String,
    pub trigger_id: String,
    pub entity: String,
    pub payload: String,
}

/// Stores deliveries of an app, all of which name these users. What is stored already is left alone.
pub(crate) async fn insert(
    pool: &PgPool,
    app_id: &str,
    rows: &[NewDelivery],
    uids: &[String],
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let column = |of: fn(&NewDelivery) -> &str| rows.iter().map(of).collect::<Vec<_>>();
    sqlx::query(
        "INSERT INTO deliveries (app_id, delivery_id, webhook_id, trigger_id, entity, state, payload, uids, due_at,
             created_at)
         SELECT $1, given.delivery_id, given.webhook_id, given.trigger_id, given.entity, $8, given.payload, $7, now(),
             now()
         FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
             AS given (delivery_id, webhook_id, trigger_id, entity, payload)
         ON CONFLICT (app_id, webhook_id, trigger_id, entity) DO NOTHING",
    )
    .bind(app_id)
    .bind(rows.iter().map(|_| Uuid::now_v7()).collect::<Vec<_>>())
    .bind(column(|row| &row.webhook_id))
    .bind(column(|row| &row.trigger_id))
    .bind(column(|row| &row.entity))
    .bind(column(|row| &row.payload))
    .bind(uids)
    .bind(PENDING)
    .execute(pool)
    .await?;
    Ok(())
}

/// A delivery that is to be sent now.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Due {
    pub app_id: String,
    pub delivery_id: Uuid,
    pub webhook_id: String,
    pub payload: String,
    /// Calls that failed.
    pub failures: i16,
}

/// How many of one webhook's deliveries this process is sending.
#[derive(Debug)]
pub(crate) struct Busy {
    pub app_id: String,
    pub webhook_id: String,
    pub calls: i64,
}

/// Takes what is due, at most `most`, and of each webhook no more than makes it `per_webhook` with what is being sent of it;
/// the oldest first. A webhook with many deliveries does not hold up others, as each is looked for by itself.
pub(crate) async fn take(pool: &PgPool, busy: &[Busy], per_webhook: i64, most: i64) -> Result<Vec<Due>, sqlx::Error> {
    sqlx::query_as(
        "WITH RECURSIVE waiting (app_id, webhook_id) AS (
             (SELECT app_id, webhook_id FROM deliveries WHERE state = 1 ORDER BY app_id, webhook_id LIMIT 1)
             UNION ALL
             SELECT next.app_id, next.webhook_id
             FROM waiting AS last
             CROSS JOIN LATERAL (
                 SELECT d.app_id, d.webhook_id
                 FROM deliveries AS d
                 WHERE d.state = 1 AND (d.app_id, d.webhook_id) > (last.app_id, last.webhook_id)
                 ORDER BY d.app_id, d.webhook_id
                 LIMIT 1
             ) AS next
         ), room AS (
             SELECT waiting.app_id, waiting.webhook_id, $4 - coalesce(busy.calls, 0) AS calls
             FROM waiting
             LEFT JOIN unnest($1::text[], $2::text[], $3::bigint[]) AS busy (app_id, webhook_id, calls)
                 ON busy.app_id = waiting.app_id AND busy.webhook_id = waiting.webhook_id
         ), taken AS MATERIALIZED (
             SELECT due.app_id, due.delivery_id
             FROM room
             CROSS JOIN LATERAL (
                 SELECT d.app_id, d.delivery_id, d.due_at
                 FROM deliveries AS d
                 WHERE d.state = 1 AND d.app_id = room.app_id AND d.webhook_id = room.webhook_id AND d.due_at <= now()
                 ORDER BY d.due_at, d.delivery_id
                 LIMIT greatest(room.calls, 0)
                 FOR UPDATE SKIP LOCKED
             ) AS due
             ORDER BY due.due_at, due.delivery_id
             LIMIT $5
         )
         UPDATE deliveries AS d
         SET due_at = now() + make_interval(secs => $6)
         FROM taken
         WHERE d.app_id = taken.app_id AND d.delivery_id = taken.delivery_id
         RETURNING d.app_id, d.delivery_id, d.webhook_id, coalesce(d.payload, '') AS payload, d.failures",
    )
    .bind(busy.iter().map(|busy| busy.app_id.as_str()).collect::<Vec<_>>())
    .bind(busy.iter().map(|busy| busy.webhook_id.as_str()).collect::<Vec<_>>())
    .bind(busy.iter().map(|busy| busy.calls).collect::<Vec<_>>())
    .bind(per_webhook)
    .bind(most)
    .bind(TAKEN_FOR_SECONDS)
    .fetch_all(pool)
    .await
}

/// What becomes of a delivery after a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Delivered,
    /// To be sent again after so many milliseconds.
    Again(u32),
    GivenUp,
}

/// Writes a call down. One that was erased meanwhile stays so.
pub(crate) async fn finish(pool: &PgPool, due: &Due, attempt: &Attempt, outcome: Outcome) -> Result<(), sqlx::Error> {
    let (state, again_ms) = match outcome {
        Outcome::Delivered => (DELIVERED, None),
        Outcome::Again(ms) => (PENDING, Some(f64::from(ms))),
        Outcome::GivenUp => (FAILED, None),
    };
    sqlx::query(
        "UPDATE deliveries
         SET state = $3,
             failures = failures + CASE WHEN $3 = 2 THEN 0 ELSE 1 END,
             -- The last ten.
             attempts = CASE WHEN jsonb_array_length(attempts) >= 10 THEN attempts - 0 ELSE attempts END || $4::jsonb,
             due_at = now() + make_interval(secs => $5 / 1000),
             finished_at = CASE WHEN $3 = 1 THEN NULL ELSE now() END
         WHERE app_id = $1 AND delivery_id = $2 AND state = 1",
    )
    .bind(&due.app_id)
    .bind(due.delivery_id)
    .bind(state)
    .bind(Json([attempt]))
    .bind(again_ms)
    .execute(pool)
    .await?;
    Ok(())
}

/// Puts back what was taken and not sent, for a moment.
pub(crate) async fn put_back(pool: &PgPool, due: &Due) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE deliveries
         SET due_at = now() + interval '1 second'
         WHERE app_id = $1 AND delivery_id = $2 AND state = 1",
    )
    .bind(&due.app_id)
    .bind(due.delivery_id)
    .execute(pool)
    .await?;
    Ok(())
}

/// Gives up the oldest of what waits for webhooks that have more than `max` waiting; answers how many.
pub(crate) async fn give_up_surplus(pool: &PgPool, max: i64, attempt: &Attempt, rows: i64) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "WITH RECURSIVE waiting (app_id, webhook_id) AS (
             (SELECT app_id, webhook_id FROM deliveries WHERE state = 1 ORDER BY app_id, webhook_id LIMIT 1)
             UNION ALL
             SELECT next.app_id, next.webhook_id
             FROM waiting AS last
             CROSS JOIN LATERAL (
                 SELECT d.app_id, d.webhook_id
                 FROM deliveries AS d
                 WHERE d.state = 1 AND (d.app_id, d.webhook_id) > (last.app_id, last.webhook_id)
                 ORDER BY d.app_id, d.webhook_id
                 LIMIT 1
             ) AS next
         ), surplus AS MATERIALIZED (
             SELECT old.app_id, old.delivery_id
             FROM waiting
             CROSS JOIN LATERAL (
                 SELECT d.app_id, d.delivery_id
                 FROM deliveries AS d
                 WHERE d.state = 1 AND d.app_id = waiting.app_id AND d.webhook_id = waiting.webhook_id
                 ORDER BY d.due_at DESC, d.delivery_id DESC
                 OFFSET $1
             ) AS old
             LIMIT $2
         )
         UPDATE deliveries AS d
         SET state = 3, due_at = NULL, finished_at = now(), attempts = attempts || $3::jsonb
         FROM surplus
         WHERE d.app_id = surplus.app_id AND d.delivery_id = surplus.delivery_id AND d.state = 1",
    )
    .bind(max)
    .bind(rows)
    .bind(Json([attempt]))
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes deliveries from before a time, at most so many; answers how many.
pub(crate) async fn delete_older(pool: &PgPool, before: DateTime<Utc>, rows: i64) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "DELETE FROM deliveries
         WHERE ctid = ANY (ARRAY(SELECT ctid FROM deliveries WHERE created_at < $1 ORDER BY created_at LIMIT $2))",
    )
    .bind(before)
    .bind(rows)
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes the oldest finished deliveries of apps that have more than `max`, at most so many of each; answers how many.
pub(crate) async fn delete_surplus(pool: &PgPool, max: i64, rows: i64) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "WITH RECURSIVE apps (app_id) AS (
             (SELECT app_id FROM deliveries ORDER BY app_id LIMIT 1)
             UNION ALL
             SELECT next.app_id
             FROM apps AS last
             CROSS JOIN LATERAL (
                 SELECT d.app_id FROM deliveries AS d WHERE d.app_id > last.app_id ORDER BY d.app_id LIMIT 1
             ) AS next
         ), surplus AS MATERIALIZED (
             SELECT old.app_id, old.delivery_id
             FROM apps
             CROSS JOIN LATERAL (
                 SELECT d.app_id, d.delivery_id
                 FROM deliveries AS d
                 WHERE d.app_id = apps.app_id
                 ORDER BY d.delivery_id DESC
                 OFFSET $1
                 LIMIT $2
             ) AS old
         )
         DELETE FROM deliveries AS d
         USING surplus
         WHERE d.app_id = surplus.app_id AND d.delivery_id = surplus.delivery_id AND d.state <> 1",
    )
    .bind(max)
    .bind(rows)
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}
