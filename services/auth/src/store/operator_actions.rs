//! Table `operator_actions`.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use super::operators::OperatorRow;

/// A row.
#[derive(sqlx::FromRow)]
pub struct ActionRow {
    pub action_id: i64,
    pub operator_id: Uuid,
    pub operator_name: String,
    pub operator_email: String,
    pub app_id: Option<String>,
    pub operation: String,
    pub parameters: Json<HashMap<String, String>>,
    pub status: Option<i16>,
    pub created_at: DateTime<Utc>,
}

/// Which rows are asked for; what is `None` narrows nothing.
#[derive(Default)]
pub struct Wanted<'a> {
    pub app_id: Option<&'a str>,
    pub operator_id: Option<Uuid>,
    pub operation: Option<&'a str>,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    /// Only older ones.
    pub before: Option<i64>,
}

/// Stores an action; with a status it has ended.
pub async fn insert(
    db: &mut PgConnection,
    operator: &OperatorRow,
    app_id: Option<&str>,
    operation: &str,
    parameters: &HashMap<String, String>,
    status: Option<i16>,
    at: DateTime<Utc>,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "INSERT INTO operator_actions
             (operator_id, operator_name, operator_email, app_id, operation, parameters, status, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         RETURNING action_id",
    )
    .bind(operator.operator_id)
    .bind(&operator.name)
    .bind(&operator.email)
    .bind(app_id)
    .bind(operation)
    .bind(Json(parameters))
    .bind(status)
    .bind(at)
    .fetch_one(db)
    .await
}

/// Stores that a login of an address was refused, if an operator has that address.
pub async fn insert_refused(
    pool: &PgPool,
    email: &str,
    operation: &str,
    network: &str,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO operator_actions (operator_id, operator_name, operator_email, operation, parameters, status, created_at)
         SELECT operator_id, name, email, $2, CASE $3 WHEN '' THEN '{}' ELSE jsonb_build_object('network', $3) END, 401, $4
         FROM operators
         WHERE email = $1",
    )
    .bind(email)
    .bind(operation)
    .bind(network)
    .bind(at)
    .execute(pool)
    .await?;
    Ok(())
}

/// Writes down how an action ended, once, with what else is known of it by then.
pub async fn end(
    pool: &PgPool,
    action_id: i64,
    status: i16,
    parameters: &HashMap<String, String>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE operator_actions SET status = $2, parameters = parameters || $3
         WHERE action_id = $1 AND status IS NULL",
    )
    .bind(action_id)
    .bind(status)
    .bind(Json(parameters))
    .execute(pool)
    .await?;
    Ok(())
}

/// Actions, newest first.
pub async fn list(pool: &PgPool, wanted: &Wanted<'_>, limit: i64) -> Result<Vec<ActionRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT action_id, operator_id, operator_name, operator_email, app_id, operation, parameters, status, created_at
         FROM operator_actions
         WHERE ($1::text IS NULL OR app_id = $1)
             AND ($2::uuid IS NULL OR operator_id = $2)
             AND ($3::text IS NULL OR operation = $3)
             AND ($4::timestamptz IS NULL OR created_at >= $4)
             AND ($5::timestamptz IS NULL OR created_at <= $5)
             AND ($6::bigint IS NULL OR action_id < $6)
         ORDER BY action_id DESC
         LIMIT $7",
    )
    .bind(wanted.app_id)
    .bind(wanted.operator_id)
    .bind(wanted.operation)
    .bind(wanted.from)
    .bind(wanted.to)
    .bind(wanted.before)
    .bind(limit)
    .fetch_all(pool)
    .await
}

/// Deletes some of what is older; answers whether there may be more.
pub async fn delete_older(pool: &PgPool, than: DateTime<Utc>, most: i64) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "DELETE FROM operator_actions
         WHERE action_id = ANY (ARRAY(SELECT action_id FROM operator_actions WHERE created_at < $1 LIMIT $2))",
    )
    .bind(than)
    .bind(most)
    .execute(pool)
    .await?;
    Ok(i64::try_from(done.rows_affected()).is_ok_and(|deleted| deleted >= most))
}

/// Makes some of an app's those of the installation alone, which name the app as a parameter; answers whether there may be
/// more.
pub async fn part_with_app(db: &mut PgConnection, app_id: &str, most: i64) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE operator_actions
         SET app_id = NULL, parameters = parameters || jsonb_build_object('appId', $1::text)
         WHERE action_id = ANY (ARRAY(SELECT action_id FROM operator_actions WHERE app_id = $1 LIMIT $2))",
    )
    .bind(app_id)
    .bind(most)
    .execute(db)
    .await?;
    Ok(i64::try_from(done.rows_affected()).is_ok_and(|parted| parted >= most))
}

/// Actions that are unnamed at once.
const UNNAMED: i64 = 500;

/// Takes the name of a deleted user from some of what was done in an app until then; answers whether there may be more. The
/// deletion itself goes on naming whom it was about: that it was done is to be shown.
pub async fn unname(pool: &PgPool, app_id: &str, uid: &str, until: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE operator_actions AS a
         SET parameters = (
             SELECT jsonb_object_agg(p.key, CASE WHEN lower(p.value) = $2 THEN '…' ELSE p.value END)
             FROM jsonb_each_text(a.parameters) AS p
         )
         WHERE a.action_id = ANY (ARRAY(
             SELECT action_id
             FROM operator_actions
             WHERE app_id = $1 AND created_at <= $3 AND operation <> 'delete-user'
                 AND EXISTS (SELECT FROM jsonb_each_text(parameters) AS p WHERE lower(p.value) = $2)
             LIMIT $4
         ))",
    )
    .bind(app_id)
    .bind(uid)
    .bind(until)
    .bind(UNNAMED)
    .execute(pool)
    .await?;
    Ok(i64::try_from(done.rows_affected()).is_ok_and(|unnamed| unnamed >= UNNAMED))
}
