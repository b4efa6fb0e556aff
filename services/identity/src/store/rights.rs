//! The tables `role_permissions` and `restricted_features`. Both are written under the lock of their role's row.

use chrono::{DateTime, Utc};
use halley_contracts::{common::v1::PermissionValue, identity::v1::RestrictedFeature};
use halley_kit::{postgres::array_literal, time};
use halley_model::permissions::{Permission as _, RolePermission, Value};
use sqlx::PgConnection;

#[derive(sqlx::FromRow)]
struct PermissionRow {
    permission: String,
    word: String,
    list: Vec<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<PermissionRow> for PermissionValue {
    fn from(row: PermissionRow) -> Self {
        Self {
            permission: row.permission,
            word: row.word,
            list: row.list,
            created_at_ms: time::to_ms(row.created_at),
            updated_at_ms: time::to_ms(row.updated_at),
        }
    }
}

/// Locks a role against other changes of its rights. False: there is none.
pub(crate) async fn lock_role(conn: &mut PgConnection, app_id: &str, role: &str) -> sqlx::Result<bool> {
    let found: Option<i32> =
        sqlx::query_scalar("SELECT 1 FROM roles WHERE app_id = $1 AND role = $2 FOR NO KEY UPDATE")
            .bind(app_id)
            .bind(role)
            .fetch_optional(conn)
            .await?;
    Ok(found.is_some())
}

/// What is set of a role's permissions.
pub(crate) async fn list_permissions(
    conn: &mut PgConnection,
    app_id: &str,
    role: &str,
) -> sqlx::Result<Vec<PermissionValue>> {
    let rows: Vec<PermissionRow> = sqlx::query_as(
        "SELECT permission, word, list, created_at, updated_at FROM role_permissions \
         WHERE app_id = $1 AND role = $2 ORDER BY permission",
    )
    .bind(app_id)
    .bind(role)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Sets values of a locked role.
pub(crate) async fn upsert_permissions(
    conn: &mut PgConnection,
    app_id: &str,
    role: &str,
    values: &[(RolePermission, Value)],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let ids: Vec<&str> = values.iter().map(|(permission, _)| permission.id()).collect();
    let word = |value: &Value| match value {
        Value::Word(word) => word.clone(),
        Value::List(_) => String::new(),
    };
    let list = |value: &Value| match value {
        Value::Word(_) => array_literal(&[]),
        Value::List(list) => array_literal(list),
    };
    sqlx::query(
        "INSERT INTO role_permissions (app_id, role, permission, word, list, created_at, updated_at) \
         SELECT $1, $2, t.permission, t.word, t.list::text[], $6, $6 \
         FROM UNNEST($3::text[], $4::text[], $5::text[]) AS t (permission, word, list) \
         ON CONFLICT (app_id, role, permission) \
             DO UPDATE SET word = excluded.word, list = excluded.list, updated_at = excluded.updated_at",
    )
    .bind(app_id)
    .bind(role)
    .bind(ids)
    .bind(values.iter().map(|(_, value)| word(value)).collect::<Vec<_>>())
    .bind(values.iter().map(|(_, value)| list(value)).collect::<Vec<_>>())
    .bind(now)
    .execute(conn)
    .await
    .map(drop)
}

/// Takes a value of a locked role away.
pub(crate) async fn delete_permission(
    conn: &mut PgConnection,
    app_id: &str,
    role: &str,
    permission: RolePermission,
) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM role_permissions WHERE app_id = $1 AND role = $2 AND permission = $3")
        .bind(app_id)
        .bind(role)
        .bind(permission.id())
        .execute(conn)
        .await
        .map(drop)
}

/// The features that a role is denied.
pub(crate) async fn list_features(
    conn: &mut PgConnection,
    app_id: &str,
    role: &str,
) -> sqlx::Result<Vec<RestrictedFeature>> {
    let rows: Vec<(String, DateTime<Utc>)> =
        sqlx::query_as("SELECT key, created_at FROM restricted_features WHERE app_id = $1 AND role = $2 ORDER BY key")
            .bind(app_id)
            .bind(role)
            .fetch_all(conn)
            .await?;
    let feature = |(key, at)| RestrictedFeature { key, created_at_ms: time::to_ms(at) };
    Ok(rows.into_iter().map(feature).collect())
}

/// Denies features to a locked role; those that it is denied already stay as they are.
pub(crate) async fn insert_features(
    conn: &mut PgConnection,
    app_id: &str,
    role: &str,
    keys: &[&str],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO restricted_features (app_id, role, key, created_at) \
         SELECT $1, $2, t.key, $4 FROM UNNEST($3::text[]) AS t (key) \
         ON CONFLICT (app_id, role, key) DO NOTHING",
    )
    .bind(app_id)
    .bind(role)
    .bind(keys)
    .bind(now)
    .execute(conn)
    .await
    .map(drop)
}

/// Gives features back to a locked role; `None`: all of them.
pub(crate) async fn delete_features(
    conn: &mut PgConnection,
    app_id: &str,
    role: &str,
    keys: Option<&[&str]>,
) -> sqlx::Result<()> {
    sqlx::query(
        "DELETE FROM restricted_features \
         WHERE app_id = $1 AND role = $2 AND ($3::text[] IS NULL OR key = ANY($3))",
    )
    .bind(app_id)
    .bind(role)
    .bind(keys)
    .execute(conn)
    .await
    .map(drop)
}
