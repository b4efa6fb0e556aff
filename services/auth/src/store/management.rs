//! Tables `management_keys` and `collaborators`, and apps as operators see them.

use chrono::{DateTime, Utc};
use halley_contracts::auth::v1::App;
use halley_kit::page::Page;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{apps, operators::OperatorRow};

/// A management key's hash, with its operator.
#[derive(sqlx::FromRow)]
pub struct KeyRow {
    pub secret_hash: Vec<u8>,
    #[sqlx(flatten)]
    pub operator: OperatorRow,
}

/// Stores a management key.
pub async fn insert_key(
    db: &mut PgConnection,
    key: &str,
    secret_hash: &[u8],
    operator_id: Uuid,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO management_keys (management_key, secret_hash, operator_id, created_at)
         VALUES ($1, $2, $3, $4)",
    )
    .bind(key)
    .bind(secret_hash)
    .bind(operator_id)
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}

/// A management key.
pub async fn find_key(pool: &PgPool, key: &str) -> Result<Option<KeyRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT k.secret_hash, o.operator_id, o.email, o.name, o.password_hash, o.role, o.created_at, o.number
         FROM management_keys AS k
         JOIN operators AS o ON o.operator_id = k.operator_id
         WHERE k.management_key = $1",
    )
    .bind(key)
    .fetch_optional(pool)
    .await
}

/// A page of an operator's management keys with the times of their making, newest first, and how many there are.
pub async fn list_keys(
    pool: &PgPool,
    operator_id: Uuid,
    page: Page,
) -> Result<(Vec<(String, DateTime<Utc>)>, i64), sqlx::Error> {
    let rows = sqlx::query_as(
        "SELECT management_key, created_at
         FROM management_keys
         WHERE operator_id = $1
         ORDER BY created_at DESC, management_key
         LIMIT $2 OFFSET $3",
    )
    .bind(operator_id)
    .bind(page.limit())
    .bind(page.offset())
    .fetch_all(pool)
    .await?;
    let total = sqlx::query_scalar("SELECT count(*) FROM management_keys WHERE operator_id = $1")
        .bind(operator_id)
        .fetch_one(pool)
        .await?;
    Ok((rows, total))
}

/// Deletes a management key; answers whether the operator had it.
pub async fn delete_key(pool: &PgPool, operator_id: Uuid, key: &str) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("DELETE FROM management_keys WHERE operator_id = $1 AND management_key = $2")
        .bind(operator_id)
        .bind(key)
        .execute(pool)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// How many apps an operator owns that are not archived.
pub async fn count_own_apps(db: &mut PgConnection, operator_id: Uuid) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM apps WHERE owner_id = $1 AND archived_at IS NULL")
        .bind(operator_id)
        .fetch_one(db)
        .await
}

/// An app with its owner, and what the asking operator is in it.
#[derive(sqlx::FromRow)]
pub struct ManagedRow {
    #[sqlx(flatten)]
    app: apps::Row,
    pub owner_id: Option<Uuid>,
    pub owner_email: Option<String>,
    pub owner_name: Option<String>,
    pub owner_role: Option<i16>,
    pub owner_created_at: Option<DateTime<Utc>>,
    pub owner_number: Option<i64>,
    /// Of a collaborator.
    pub own_role: Option<i16>,
}

impl ManagedRow {
    /// The app itself.
    pub fn into_app(self) -> App {
        self.app.into()
    }
}

/// An app, archived or not.
pub async fn find_app(pool: &PgPool, app_id: &str, operator_id: Uuid) -> Result<Option<ManagedRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT a.app_id, a.name, a.region, a.settings, a.created_at, a.scheduled_to_delete_at, a.owner_id,
             o.email AS owner_email, o.name AS owner_name, o.role AS owner_role, o.created_at AS owner_created_at,
             o.number AS owner_number, c.role AS own_role
         FROM apps AS a
         LEFT JOIN operators AS o ON o.operator_id = a.owner_id
         LEFT JOIN collaborators AS c ON c.app_id = a.app_id AND c.operator_id = $2
         WHERE a.app_id = $1 AND a.removed_at IS NULL",
    )
    .bind(app_id)
    .bind(operator_id)
    .fetch_optional(pool)
    .await
}

/// A page of the apps that an operator may see, newest first, and how many there are.
pub async fn list_apps(
    pool: &PgPool,
    operator_id: Uuid,
    sees_all: bool,
    within: &str,
    page: Page,
) -> Result<(Vec<ManagedRow>, i64), sqlx::Error> {
    let rows = sqlx::query_as(
        "SELECT a.app_id, a.name, a.region, a.settings, a.created_at, a.scheduled_to_delete_at, a.owner_id,
             o.email AS owner_email, o.name AS owner_name, o.role AS owner_role, o.created_at AS owner_created_at,
             o.number AS owner_number, c.role AS own_role
         FROM apps AS a
         LEFT JOIN operators AS o ON o.operator_id = a.owner_id
         LEFT JOIN collaborators AS c ON c.app_id = a.app_id AND c.operator_id = $1
         WHERE a.archived_at IS NULL
             AND ($2 OR a.owner_id = $1 OR c.operator_id IS NOT NULL)
             AND (strpos(lower(a.name), lower($3)) > 0 OR strpos(a.app_id, lower($3)) > 0)
         ORDER BY a.created_at DESC, a.app_id
         LIMIT $4 OFFSET $5",
    )
    .bind(operator_id)
    .bind(sees_all)
    .bind(within)
    .bind(page.limit())
    .bind(page.offset())
    .fetch_all(pool)
    .await?;
    let total = sqlx::query_scalar(
        "SELECT count(*)
         FROM apps AS a
         LEFT JOIN collaborators AS c ON c.app_id = a.app_id AND c.operator_id = $1
         WHERE a.archived_at IS NULL
             AND ($2 OR a.owner_id = $1 OR c.operator_id IS NOT NULL)
             AND (strpos(lower(a.name), lower($3)) > 0 OR strpos(a.app_id, lower($3)) > 0)",
    )
    .bind(operator_id)
    .bind(sees_all)
    .bind(within)
    .fetch_one(pool)
    .await?;
    Ok((rows, total))
}

/// A collaborator with the operator.
#[derive(sqlx::FromRow)]
pub struct CollaboratorRow {
    #[sqlx(flatten)]
    pub operator: OperatorRow,
    pub own_role: i16,
    pub since: DateTime<Utc>,
}

/// Operators by address, with whether each is a collaborator of an app.
pub async fn find_operators(
    db: &mut PgConnection,
    app_id: &str,
    emails: &[String],
) -> Result<Vec<(String, Uuid, bool)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT o.email, o.operator_id, c.operator_id IS NOT NULL
         FROM operators AS o
         LEFT JOIN collaborators AS c ON c.operator_id = o.operator_id AND c.app_id = $1
         WHERE o.email = ANY($2)",
    )
    .bind(app_id)
    .bind(emails)
    .fetch_all(db)
    .await
}

/// How many collaborators an app has.
pub async fn count_collaborators(db: &mut PgConnection, app_id: &str) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM collaborators WHERE app_id = $1").bind(app_id).fetch_one(db).await
}

/// Gives operators a role in an app.
pub async fn put_collaborators(
    db: &mut PgConnection,
    app_id: &str,
    given: &[(Uuid, i16)],
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let (ids, roles): (Vec<Uuid>, Vec<i16>) = given.iter().copied().unzip();
    sqlx::query(
        "INSERT INTO collaborators (app_id, operator_id, role, created_at)
         SELECT $1, given.operator_id, given.role, $4
         FROM unnest($2::uuid[], $3::smallint[]) AS given (operator_id, role)
         ON CONFLICT (app_id, operator_id) DO UPDATE SET role = excluded.role",
    )
    .bind(app_id)
    .bind(ids)
    .bind(roles)
    .bind(at)
    .execute(db)
    .await?;
    Ok(())
}

/// Takes operators out of an app.
pub async fn delete_collaborators(db: &mut PgConnection, app_id: &str, ids: &[Uuid]) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM collaborators WHERE app_id = $1 AND operator_id = ANY($2)")
        .bind(app_id)
        .bind(ids)
        .execute(db)
        .await?;
    Ok(())
}

/// A page of an app's collaborators, oldest first, and how many there are.
pub async fn list_collaborators(
    pool: &PgPool,
    app_id: &str,
    page: Page,
) -> Result<(Vec<CollaboratorRow>, i64), sqlx::Error> {
    let rows = sqlx::query_as(
        "SELECT o.operator_id, o.email, o.name, o.password_hash, o.role, o.created_at, o.number,
             c.role AS own_role, c.created_at AS since
         FROM collaborators AS c
         JOIN operators AS o ON o.operator_id = c.operator_id
         WHERE c.app_id = $1
         ORDER BY c.created_at, o.number
         LIMIT $2 OFFSET $3",
    )
    .bind(app_id)
    .bind(page.limit())
    .bind(page.offset())
    .fetch_all(pool)
    .await?;
    let total =
        sqlx::query_scalar("SELECT count(*) FROM collaborators WHERE app_id = $1").bind(app_id).fetch_one(pool).await?;
    Ok((rows, total))
}
