//! What deliveries hold of deleted users.

use sqlx::{PgPool, types::Json};

use crate::call::Attempt;

/// Minutes for which a deleted user is looked for again: events that name one may come later than that of the deletion.
const MINUTES: f64 = 10.0;
/// Rows that are erased at once.
const ROWS: i64 = 500;

/// Has a user erased, if there can be anything: the app has webhooks, or had some.
pub(crate) async fn ask_for(pool: &PgPool, app_id: &str, uid: &str, has_webhooks: bool) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO erasures (app_id, uid, until)
         SELECT $1, $2, now() + make_interval(secs => $4 * 60)
         WHERE $3 OR EXISTS (SELECT FROM deliveries WHERE app_id = $1)
         ON CONFLICT (app_id, uid) DO UPDATE SET until = EXCLUDED.until, looked_at = NULL",
    )
    .bind(app_id)
    .bind(uid)
    .bind(has_webhooks)
    .bind(MINUTES)
    .execute(pool)
    .await?;
    Ok(())
}

/// Erases a part of what there is of one deleted user; false: nobody is to be looked for now. Bodies and answers go, and what
/// was not sent yet never is. That there was a delivery stays.
pub(crate) async fn erase_part(pool: &PgPool, attempt: &Attempt) -> Result<bool, sqlx::Error> {
    let mut transaction = halley_kit::postgres::begin(pool).await?;
    let next: Option<(String, String)> = sqlx::query_as(
        "SELECT app_id, uid
         FROM erasures
         WHERE looked_at IS NULL OR looked_at < now() - interval '10 seconds'
         ORDER BY until
         LIMIT 1
         FOR UPDATE SKIP LOCKED",
    )
    .fetch_optional(&mut *transaction)
    .await?;
    let Some((app_id, uid)) = next else { return Ok(false) };
    let erased = sqlx::query(
        "UPDATE deliveries AS d
         SET payload = NULL,
             uids = '{}',
             state = CASE WHEN d.state = 1 THEN 3 ELSE d.state END,
             due_at = NULL,
             finished_at = coalesce(d.finished_at, now()),
             attempts = coalesce((SELECT jsonb_agg(made - 'answer') FROM jsonb_array_elements(d.attempts) AS made), '[]')
                 || CASE WHEN d.state = 1 THEN $4::jsonb ELSE '[]' END
         FROM (
             SELECT app_id, delivery_id
             FROM deliveries
             WHERE app_id = $1 AND uids @> ARRAY[$2] COLLATE \"C\" AND uids <> '{}'
             LIMIT $3
         ) AS naming
         WHERE d.app_id = naming.app_id AND d.delivery_id = naming.delivery_id",
    )
    .bind(&app_id)
    .bind(&uid)
    .bind(ROWS)
    .bind(Json([attempt]))
    .execute(&mut *transaction)
    .await?
    .rows_affected();
    if erased == 0 {
        sqlx::query("UPDATE erasures SET looked_at = now() WHERE app_id = $1 AND uid = $2")
            .bind(&app_id)
            .bind(&uid)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("DELETE FROM erasures WHERE app_id = $1 AND uid = $2 AND until < now()")
            .bind(&app_id)
            .bind(&uid)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(true)
}
