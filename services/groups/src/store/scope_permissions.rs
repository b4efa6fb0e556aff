//! The table `scope_permissions`.

use chrono::{DateTime, Utc};
use halley_contracts::common::v1::PermissionValue;
use halley_kit::{postgres::array_literal, time};
use halley_model::{
    permissions::{Permission as _, ScopePermission, Value},
    rights::Scope,
};
use sqlx::{PgConnection, PgExecutor};

use super::members::{ScopeNumber, numbers};

#[derive(sqlx::FromRow)]
struct PermissionRow {
    scope: ScopeNumber,
    permission: String,
    word: String,
    list: Vec<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// What is set in a group for some scopes, by scope and id.
pub(crate) async fn list_permissions(
    db: impl PgExecutor<'_>,
    app_id: &str,
    guid: &str,
    scopes: &[Scope],
) -> sqlx::Result<Vec<(Scope, PermissionValue)>> {
    let rows: Vec<PermissionRow> = sqlx::query_as(
        "SELECT scope, permission, word, list, created_at, updated_at FROM scope_permissions \
         WHERE app_id = $1 AND guid = $2 AND scope = ANY($3) ORDER BY scope, permission",
    )
    .bind(app_id)
    .bind(guid)
    .bind(numbers(scopes.iter().copied()))
    .fetch_all(db)
    .await?;
    let value = |row: PermissionRow| {
        let value = PermissionValue {
            permission: row.permission,
            word: row.word,
            list: row.list,
            created_at_ms: time::to_ms(row.created_at),
            updated_at_ms: time::to_ms(row.updated_at),
        };
        (row.scope.into(), value)
    };
    Ok(rows.into_iter().map(value).collect())
}

/// Sets values for a scope of a locked group.
pub(crate) async fn upsert_permissions(
    conn: &mut PgConnection,
    app_id: &str,
    guid: &str,
    scope: Scope,
    values: &[(ScopePermission, Value)],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let ids: Vec<&str> = values.iter().map(|(permission, _)| permission.id()).collect();
    let parts = |(_, value): &(ScopePermission, Value)| match value {
        Value::Word(word) => (word.clone(), array_literal(&[])),
        Value::List(list) => (String::new(), array_literal(list)),
    };
    let (words, lists): (Vec<String>, Vec<String>) = values.iter().map(parts).unzip();
    sqlx::query(
        "INSERT INTO scope_permissions (app_id, guid, scope, permission, word, list, created_at, updated_at) \
         SELECT $1, $2, $3, t.permission, t.word, t.list::text[], $7, $7 \
         FROM UNNEST($4::text[], $5::text[], $6::text[]) AS t (permission, word, list) \
         ON CONFLICT (app_id, guid, scope, permission) \
             DO UPDATE SET word = excluded.word, list = excluded.list, updated_at = excluded.updated_at",
    )
    .bind(app_id)
    .bind(guid)
    .bind(ScopeNumber::from(scope))
    .bind(ids)
    .bind(words)
    .bind(lists)
    .bind(now)
    .execute(conn)
    .await
    .map(drop)
}

/// Takes a value of a scope of a locked group away.
pub(crate) async fn delete_permission(
    conn: &mut PgConnection,
    app_id: &str,
    guid: &str,
    scope: Scope,
    permission: ScopePermission,
) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM scope_permissions WHERE app_id = $1 AND guid = $2 AND scope = $3 AND permission = $4")
        .bind(app_id)
        .bind(guid)
        .bind(ScopeNumber::from(scope))
        .bind(permission.id())
        .execute(conn)
        .await
        .map(drop)
}
