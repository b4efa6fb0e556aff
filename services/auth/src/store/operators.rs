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
