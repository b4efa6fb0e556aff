//! The table `users`.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use halley_contracts::identity::v1 as pb;
use halley_kit::{cursor::Keys, postgres::array_literal, search::fold, time};
use sqlx::{PgConnection, PgPool};

use crate::domain::{NewUser, UserChanges};

/// The columns of a [`UserRow`].
macro_rules! columns {
    () => {
        "uid, name, avatar, link, role, status_message, metadata, tags, \
         last_active_at, created_at, updated_at, deactivated_at, bot"
    };
}
pub(super) use columns;

/// A stored user.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct UserRow {
    pub uid: String,
    pub name: String,
    pub avatar: String,
    pub link: String,
    pub role: String,
    pub status_message: String,
    pub metadata: String,
    pub tags: Vec<String>,
    pub last_active_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: Option<DateTime<Utc>>,
    pub deactivated_at: Option<DateTime<Utc>>,
    pub bot: bool,
}

impl UserRow {
    /// For a cursor.
    pub(crate) fn keys(&self) -> Keys<'_> {
        let changed_at = self.updated_at.unwrap_or(self.created_at);
        Keys { id: &self.uid, name: &self.name, created_at: self.created_at, changed_at }
    }
}

impl From<UserRow> for pb::User {
    fn from(row: UserRow) -> Self {
        Self {
            uid: row.uid,
            name: row.name,
            avatar: row.avatar,
            link: row.link,
            role: row.role,
            status_message: row.status_message,
            metadata_json: row.metadata,
            tags: row.tags,
            last_active_at_ms: time::opt_to_ms(row.last_active_at),
            created_at_ms: time::to_ms(row.created_at),
            updated_at_ms: time::opt_to_ms(row.updated_at),
            deactivated_at_ms: time::opt_to_ms(row.deactivated_at),
            bot: row.bot,
        }
    }
}

/// Stores users in one statement and returns the new ones; a known uid, also one earlier in the list, is left as it is.
pub(crate) async fn insert_users(
    conn: &mut PgConnection,
    app_id: &str,
    users: &[NewUser],
) -> sqlx::Result<Vec<UserRow>> {
    let text = |get: fn(&NewUser) -> &str| -> Vec<&str> { users.iter().map(get).collect() };
    let folded: Vec<String> = users.iter().map(|user| fold(&user.name)).collect();
    let tags: Vec<String> = users.iter().map(|user| array_literal(&user.tags)).collect();
    let created: Vec<DateTime<Utc>> = users.iter().map(|user| user.created_at).collect();
    let active: Vec<Option<DateTime<Utc>>> = users.iter().map(|user| user.last_active_at).collect();
    let deactivated: Vec<Option<DateTime<Utc>>> = users.iter().map(|user| user.deactivated_at).collect();
    sqlx::query_as(concat!(
        "INSERT INTO users (app_id, uid, name, name_folded, avatar, link, role, status_message, metadata, tags, \
             created_at, last_active_at, deactivated_at) \
         SELECT $1, t.uid, t.name, t.name_folded, t.avatar, t.link, t.role, t.status_message, t.metadata, \
             t.tags::text[], t.created_at, t.last_active_at, t.deactivated_at \
         FROM UNNEST($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], \
             $10::text[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[]) \
             AS t (uid, name, name_folded, avatar, link, role, status_message, metadata, tags, \
                 created_at, last_active_at, deactivated_at) \
         ON CONFLICT (app_id, uid) DO NOTHING \
         RETURNING ",
        columns!(),
    ))
    .bind(app_id)
    .bind(text(|user| &user.uid))
    .bind(text(|user| &user.name))
    .bind(folded)
    .bind(text(|user| &user.avatar))
    .bind(text(|user| &user.link))
    .bind(text(|user| &user.role))
    .bind(text(|user| &user.status_message))
    .bind(text(|user| &user.metadata))
    .bind(tags)
    .bind(created)
    .bind(active)
    .bind(deactivated)
    .fetch_all(conn)
    .await
}

/// A user, active or not.
pub(crate) async fn find_user(pool: &PgPool, app_id: &str, uid: &str) -> sqlx::Result<Option<UserRow>> {
    sqlx::query_as(concat!("SELECT ", columns!(), " FROM users WHERE app_id = $1 AND uid = $2"))
        .bind(app_id)
        .bind(uid)
        .fetch_optional(pool)
        .await
}

/// The users of those uids, active or not.
pub(crate) async fn list_users_by_uid(pool: &PgPool, app_id: &str, uids: &[String]) -> sqlx::Result<Vec<UserRow>> {
    sqlx::query_as(concat!("SELECT ", columns!(), " FROM users WHERE app_id = $1 AND uid = ANY($2) ORDER BY uid"))
        .bind(app_id)
        .bind(uids)
        .fetch_all(pool)
        .await
}

/// Locks users in the order of their uids, so that two calls never wait for each other.
pub(crate) async fn lock_users(conn: &mut PgConnection, app_id: &str, uids: &[String]) -> sqlx::Result<Vec<UserRow>> {
    sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM users WHERE app_id = $1 AND uid = ANY($2) ORDER BY uid FOR NO KEY UPDATE"
    ))
    .bind(app_id)
    .bind(uids)
    .fetch_all(conn)
    .await
}

/// Locks users as [`lock_users`] does; answers the uids of those who are active.
pub(crate) async fn lock_active_users(
    conn: &mut PgConnection,
    app_id: &str,
    uids: &[String],
) -> sqlx::Result<HashSet<String>> {
    let users = lock_users(conn, app_id, uids).await?;
    Ok(users.into_iter().filter(|user| user.deactivated_at.is_none()).map(|user| user.uid).collect())
}

/// Waits for another deletion of a user of that app. Two of them would each take away rows of the other one's user: a
/// block, or one side of a friendship.
pub(crate) async fn lock_deletions(conn: &mut PgConnection, app_id: &str) -> sqlx::Result<()> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))").bind(app_id).execute(conn).await.map(drop)
}

/// Changes an active user. `None`: there is none.
pub(crate) async fn update_user(
    conn: &mut PgConnection,
    app_id: &str,
    uid: &str,
    changes: &UserChanges,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<UserRow>> {
    sqlx::query_as(concat!(
        "UPDATE users SET \
             name = COALESCE($3, name), \
             name_folded = COALESCE($4, name_folded), \
             avatar = COALESCE($5, avatar), \
             link = COALESCE($6, link), \
             role = COALESCE($7, role), \
             status_message = COALESCE($8, status_message), \
             metadata = COALESCE($9, metadata), \
             tags = COALESCE($10, tags), \
             updated_at = $11 \
         WHERE app_id = $1 AND uid = $2 AND deactivated_at IS NULL \
         RETURNING ",
        columns!(),
    ))
    .bind(app_id)
    .bind(uid)
    .bind(&changes.name)
    .bind(changes.name.as_deref().map(fold))
    .bind(&changes.avatar)
    .bind(&changes.link)
    .bind(&changes.role)
    .bind(&changes.status_message)
    .bind(&changes.metadata)
    .bind(&changes.tags)
    .bind(now)
    .fetch_optional(conn)
    .await
}

/// Sets or clears the time of deactivation of locked users.
pub(crate) async fn update_deactivated_at(
    conn: &mut PgConnection,
    app_id: &str,
    uids: &[String],
    deactivated_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<UserRow>> {
    sqlx::query_as(concat!(
        "UPDATE users SET deactivated_at = $3, updated_at = $4 WHERE app_id = $1 AND uid = ANY($2) RETURNING ",
        columns!(),
    ))
    .bind(app_id)
    .bind(uids)
    .bind(deactivated_at)
    .bind(now)
    .fetch_all(conn)
    .await
}

/// Moves at most `limit` users of a role to another one and returns them.
pub(crate) async fn update_role_of_users(
    conn: &mut PgConnection,
    app_id: &str,
    (from, to): (&str, &str),
    limit: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<UserRow>> {
    sqlx::query_as(concat!(
        "WITH locked AS ( \
             SELECT uid AS locked_uid FROM users WHERE app_id = $1 AND role = $2 \
             ORDER BY uid LIMIT $5 FOR NO KEY UPDATE \
         ) \
         UPDATE users SET role = $3, updated_at = $4 FROM locked WHERE app_id = $1 AND uid = locked_uid RETURNING ",
        columns!(),
    ))
    .bind(app_id)
    .bind(from)
    .bind(to)
    .bind(now)
    .bind(limit)
    .fetch_all(conn)
    .await
}

/// Remembers when users were last seen; never moves the time back. Locks in uid order.
pub(crate) async fn update_last_active_at(
    pool: &PgPool,
    app_id: &str,
    uids: &[String],
    seen_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(
        "WITH behind AS ( \
             SELECT uid FROM users \
             WHERE app_id = $1 AND uid = ANY($2) AND (last_active_at IS NULL OR last_active_at < $3) \
             ORDER BY uid FOR NO KEY UPDATE \
         ) \
         UPDATE users SET last_active_at = $3 FROM behind WHERE users.app_id = $1 AND users.uid = behind.uid",
    )
    .bind(app_id)
    .bind(uids)
    .bind(seen_at)
    .execute(pool)
    .await
    .map(drop)
}

/// Removes a user for good, with their blocks and their own side of friendships. `None`: there was none.
pub(crate) async fn delete_user(conn: &mut PgConnection, app_id: &str, uid: &str) -> sqlx::Result<Option<UserRow>> {
    sqlx::query_as(concat!("DELETE FROM users WHERE app_id = $1 AND uid = $2 RETURNING ", columns!()))
        .bind(app_id)
        .bind(uid)
        .fetch_optional(conn)
        .await
}
