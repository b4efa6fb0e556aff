//! Table `operators`.

use chrono::{DateTime, Utc};
use halley_kit::page::Page;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// A row.
#[derive(sqlx::FromRow)]
pub struct OperatorRow {
    pub operator_id: Uuid,
    pub email: String,
    pub name: String,
    pub password_hash: String,
    pub role: i16,
    pub created_at: DateTime<Utc>,
    /// 0: not stored yet.
    pub number: i64,
}

/// Stores an operator; false when the address is taken.
pub async fn insert(db: &mut PgConnection, row: &OperatorRow) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "INSERT INTO operators (operator_id, email, name, password_hash, role, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (email) DO NOTHING",
    )
    .bind(row.operator_id)
    .bind(&row.email)
    .bind(&row.name)
    .bind(&row.password_hash)
    .bind(row.role)
    .bind(row.created_at)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The operator of an address.
pub async fn find(pool: &PgPool, email: &str) -> Result<Option<OperatorRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT operator_id, email, name, password_hash, role, created_at, number FROM operators WHERE email = $1",
    )
    .bind(email)
    .fetch_optional(pool)
    .await
}

/// Whether there is such an operator.
pub async fn is_there(pool: &PgPool, operator_id: Uuid) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM operators WHERE operator_id = $1)")
        .bind(operator_id)
        .fetch_one(pool)
        .await
}

/// Locks an operator against changes of it.
pub async fn lock(db: &mut PgConnection, operator_id: Uuid) -> Result<Option<OperatorRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT operator_id, email, name, password_hash, role, created_at, number
         FROM operators
         WHERE operator_id = $1
         FOR UPDATE",
    )
    .bind(operator_id)
    .fetch_optional(db)
    .await
}

/// Locks the owners of the installation, in the order of their ids, so that they change one after another.
pub async fn lock_owners(db: &mut PgConnection, role: i16) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar("SELECT operator_id FROM operators WHERE role = $1 ORDER BY operator_id FOR UPDATE")
        .bind(role)
        .fetch_all(db)
        .await
}

/// Changes what is given.
pub async fn update(
    db: &mut PgConnection,
    operator_id: Uuid,
    name: Option<&str>,
    role: Option<i16>,
    password_hash: Option<&str>,
) -> Result<Option<OperatorRow>, sqlx::Error> {
    sqlx::query_as(
        "UPDATE operators
         SET name = coalesce($2, name), role = coalesce($3, role), password_hash = coalesce($4, password_hash)
         WHERE operator_id = $1
         RETURNING operator_id, email, name, password_hash, role, created_at, number",
    )
    .bind(operator_id)
    .bind(name)
    .bind(role)
    .bind(password_hash)
    .fetch_optional(db)
    .await
}

/// Removes an operator, its sessions, management keys and places in apps; its own apps stay without an owner. Answers
/// whether it was there.
pub async fn delete(db: &mut PgConnection, operator_id: Uuid) -> Result<bool, sqlx::Error> {
    sqlx::query("UPDATE apps SET owner_id = NULL WHERE owner_id = $1").bind(operator_id).execute(&mut *db).await?;
    let done = sqlx::query("DELETE FROM operators WHERE operator_id = $1").bind(operator_id).execute(db).await?;
    Ok(done.rows_affected() == 1)
}

/// A page of the operators, oldest first, and how many there are.
pub async fn list(pool: &PgPool, page: Page) -> Result<(Vec<OperatorRow>, i64), sqlx::Error> {
    let rows = sqlx::query_as(
        "SELECT operator_id, email, name, password_hash, role, created_at, number
         FROM operators
         ORDER BY created_at, operator_id
         LIMIT $1 OFFSET $2",
    )
    .bind(page.limit())
    .bind(page.offset())
    .fetch_all(pool)
    .await?;
    let total = sqlx::query_scalar("SELECT count(*) FROM operators").fetch_one(pool).await?;
    Ok((rows, total))
}
