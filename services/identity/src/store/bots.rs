//! The column `bot` of the table `users`.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use super::users::{UserRow, columns};

/// Makes calls that make bots of an app wait for each other until the transaction's end: so the limit holds.
pub(crate) async fn lock_bots(conn: &mut PgConnection, app_id: &str) -> sqlx::Result<()> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('bots:' || $1, 0))")
        .bind(app_id)
        .execute(conn)
        .await
        .map(drop)
}

/// How many bots an app has.
pub(crate) async fn count_bots(conn: &mut PgConnection, app_id: &str) -> sqlx::Result<i64> {
    sqlx::query_scalar("SELECT COUNT(*) FROM users WHERE app_id = $1 AND bot").bind(app_id).fetch_one(conn).await
}

/// Makes a user a bot, or a bot a plain user. `None`: there is no user of the other kind.
pub(crate) async fn update_bot(
    conn: &mut PgConnection,
    app_id: &str,
    uid: &str,
    bot: bool,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<UserRow>> {
    sqlx::query_as(concat!(
        "UPDATE users SET bot = $3, updated_at = $4 WHERE app_id = $1 AND uid = $2 AND bot <> $3 RETURNING ",
        columns!(),
    ))
    .bind(app_id)
    .bind(uid)
    .bind(bot)
    .bind(now)
    .fetch_optional(conn)
    .await
}

/// An app's bots, by uid.
pub(crate) async fn list_bots(pool: &PgPool, app_id: &str) -> sqlx::Result<Vec<UserRow>> {
    sqlx::query_as(concat!("SELECT ", columns!(), " FROM users WHERE app_id = $1 AND bot ORDER BY uid"))
        .bind(app_id)
        .fetch_all(pool)
        .await
}
