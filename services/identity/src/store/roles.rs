//! The table `roles`.

use chrono::{DateTime, Utc};
use halley_contracts::identity::v1 as pb;
use halley_kit::{page::Page, time};
use halley_model::DEFAULT_ROLE;
use sqlx::{PgConnection, PgPool};

use crate::domain::{NewRole, RoleChanges};

macro_rules! columns {
    () => {
        "role, name, description, metadata, list_users, send_messages_to, created_at, updated_at"
    };
}

/// A stored role.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct RoleRow {
    pub role: String,
    pub name: String,
    pub description: String,
    pub metadata: String,
    pub list_users: i16,
    pub send_messages_to: i16,
    pub created_at: DateTime<Utc>,
    pub updated_at: Option<DateTime<Utc>>,
}

impl From<RoleRow> for pb::Role {
    fn from(row: RoleRow) -> Self {
        let settings = pb::RoleSettings {
            list_users: i32::from(row.list_users),
            send_messages_to: i32::from(row.send_messages_to),
        };
        Self {
            role: row.role,
            name: row.name,
            description: row.description,
            metadata_json: row.metadata,
            settings: (settings != pb::RoleSettings::default()).then_some(settings),
            created_at_ms: time::to_ms(row.created_at),
            updated_at_ms: time::opt_to_ms(row.updated_at),
        }
    }
}

/// Makes the default role if it is missing.
pub(crate) async fn insert_default_role(conn: &mut PgConnection, app_id: &str, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO roles (app_id, role, name, created_at) VALUES ($1, $2, 'Default Role', $3) \
         ON CONFLICT (app_id, role) DO NOTHING",
    )
    .bind(app_id)
    .bind(DEFAULT_ROLE)
    .bind(now)
    .execute(conn)
    .await
    .map(drop)
}

/// Locks an app's list of roles, by its default role, which must exist.
pub(crate) async fn lock_roles(conn: &mut PgConnection, app_id: &str) -> sqlx::Result<()> {
    sqlx::query("SELECT 1 FROM roles WHERE app_id = $1 AND role = $2 FOR NO KEY UPDATE")
        .bind(app_id)
        .bind(DEFAULT_ROLE)
        .execute(conn)
        .await
        .map(drop)
}

/// How many roles an app has.
pub(crate) async fn count_roles(conn: &mut PgConnection, app_id: &str) -> sqlx::Result<i64> {
    sqlx::query_scalar("SELECT COUNT(*) FROM roles WHERE app_id = $1").bind(app_id).fetch_one(conn).await
}

/// Stores a role. `None`: there is one of that id.
pub(crate) async fn insert_role(
    conn: &mut PgConnection,
    app_id: &str,
    role: &NewRole,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<RoleRow>> {
    sqlx::query_as(concat!(
        "INSERT INTO roles (app_id, role, name, description, metadata, list_users, send_messages_to, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (app_id, role) DO NOTHING \
         RETURNING ",
        columns!(),
    ))
    .bind(app_id)
    .bind(&role.role)
    .bind(&role.name)
    .bind(&role.description)
    .bind(&role.metadata)
    .bind(role.list_users)
    .bind(role.send_messages_to)
    .bind(now)
    .fetch_optional(conn)
    .await
}

/// A role.
pub(crate) async fn find_role(conn: &mut PgConnection, app_id: &str, role: &str) -> sqlx::Result<Option<RoleRow>> {
    sqlx::query_as(concat!("SELECT ", columns!(), " FROM roles WHERE app_id = $1 AND role = $2"))
        .bind(app_id)
        .bind(role)
        .fetch_optional(conn)
        .await
}

/// Which of those roles exist; keeps them from being deleted until the transaction ends.
pub(crate) async fn lock_known_roles(
    conn: &mut PgConnection,
    app_id: &str,
    roles: &[String],
) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar("SELECT role FROM roles WHERE app_id = $1 AND role = ANY($2) ORDER BY role FOR KEY SHARE")
        .bind(app_id)
        .bind(roles)
        .fetch_all(conn)
        .await
}

/// Which of those roles exist.
pub(crate) async fn find_known_roles(
    conn: &mut PgConnection,
    app_id: &str,
    roles: &[String],
) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar("SELECT role FROM roles WHERE app_id = $1 AND role = ANY($2)")
        .bind(app_id)
        .bind(roles)
        .fetch_all(conn)
        .await
}

/// Whom the role of an active user lets them list, as the contract's number; 0 for "not set". `None`: no such user.
pub(crate) async fn find_list_users_filter(pool: &PgPool, app_id: &str, uid: &str) -> sqlx::Result<Option<i16>> {
    sqlx::query_scalar(
        "SELECT COALESCE(r.list_users, 0::smallint) FROM users AS u \
         LEFT JOIN roles AS r ON r.app_id = u.app_id AND r.role = u.role \
         WHERE u.app_id = $1 AND u.uid = $2 AND u.deactivated_at IS NULL",
    )
    .bind(app_id)
    .bind(uid)
    .fetch_optional(pool)
    .await
}

/// One page of an app's roles, and how many there are.
pub(crate) async fn list_roles(conn: &mut PgConnection, app_id: &str, page: Page) -> sqlx::Result<(Vec<RoleRow>, i64)> {
    let rows = sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM roles WHERE app_id = $1 ORDER BY role LIMIT $2 OFFSET $3"
    ))
    .bind(app_id)
    .bind(page.limit())
    .bind(page.offset())
    .fetch_all(&mut *conn)
    .await?;
    Ok((rows, count_roles(conn, app_id).await?))
}

/// Changes a role. `None`: there is none.
pub(crate) async fn update_role(
    conn: &mut PgConnection,
    app_id: &str,
    role: &str,
    changes: &RoleChanges,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<RoleRow>> {
    sqlx::query_as(concat!(
        "UPDATE roles SET \
             name = COALESCE($3, name), \
             description = COALESCE($4, description), \
             metadata = COALESCE($5, metadata), \
             list_users = COALESCE($6, list_users), \
             send_messages_to = COALESCE($7, send_messages_to), \
             updated_at = $8 \
         WHERE app_id = $1 AND role = $2 \
         RETURNING ",
        columns!(),
    ))
    .bind(app_id)
    .bind(role)
    .bind(&changes.name)
    .bind(&changes.description)
    .bind(&changes.metadata)
    .bind(changes.list_users)
    .bind(changes.send_messages_to)
    .bind(now)
    .fetch_optional(conn)
    .await
}

/// Keeps a role from being given to anybody until the transaction ends. False: there is none.
pub(crate) async fn lock_role_for_deletion(conn: &mut PgConnection, app_id: &str, role: &str) -> sqlx::Result<bool> {
    let found: Option<i32> = sqlx::query_scalar("SELECT 1 FROM roles WHERE app_id = $1 AND role = $2 FOR UPDATE")
        .bind(app_id)
        .bind(role)
        .fetch_optional(conn)
        .await?;
    Ok(found.is_some())
}

/// Removes a locked role.
pub(crate) async fn delete_role(conn: &mut PgConnection, app_id: &str, role: &str) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM roles WHERE app_id = $1 AND role = $2")
        .bind(app_id)
        .bind(role)
        .execute(conn)
        .await
        .map(drop)
}
