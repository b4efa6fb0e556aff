//! The table `friends`.

use chrono::{DateTime, Utc};
use halley_kit::{
    cursor::{Order, SortBy, Walk},
    search::Prefix,
};
use sqlx::{PgConnection, PgPool};

use super::users::{UserRow, columns};

/// How many friends each of these users has; users with none are left out.
pub(crate) async fn count_friends(
    conn: &mut PgConnection,
    app_id: &str,
    uids: &[String],
) -> sqlx::Result<Vec<(String, i64)>> {
    sqlx::query_as("SELECT uid, COUNT(*) FROM friends WHERE app_id = $1 AND uid = ANY($2) GROUP BY uid")
        .bind(app_id)
        .bind(uids)
        .fetch_all(conn)
        .await
}

/// Which of `others` are friends of `uid`.
pub(crate) async fn list_friends_among(
    conn: &mut PgConnection,
    app_id: &str,
    uid: &str,
    others: &[String],
) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar("SELECT friend_uid FROM friends WHERE app_id = $1 AND uid = $2 AND friend_uid = ANY($3)")
        .bind(app_id)
        .bind(uid)
        .bind(others)
        .fetch_all(conn)
        .await
}

/// Befriends `uid` with each of `others`, both ways. Those who are friends already stay so.
pub(crate) async fn insert_friends(
    conn: &mut PgConnection,
    app_id: &str,
    uid: &str,
    others: &[String],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO friends (app_id, uid, friend_uid, created_at) \
         SELECT $1, $2, other, $4 FROM UNNEST($3::text[]) AS other \
         UNION ALL \
         SELECT $1, other, $2, $4 FROM UNNEST($3::text[]) AS other \
         ON CONFLICT (app_id, uid, friend_uid) DO NOTHING",
    )
    .bind(app_id)
    .bind(uid)
    .bind(others)
    .bind(now)
    .execute(conn)
    .await
    .map(drop)
}

/// Ends the friendships of `uid` with `others`, both ways.
pub(crate) async fn delete_friends(
    conn: &mut PgConnection,
    app_id: &str,
    uid: &str,
    others: &[String],
) -> sqlx::Result<()> {
    sqlx::query(
        "DELETE FROM friends \
         WHERE app_id = $1 AND ((uid = $2 AND friend_uid = ANY($3)) OR (uid = ANY($3) AND friend_uid = $2))",
    )
    .bind(app_id)
    .bind(uid)
    .bind(others)
    .execute(conn)
    .await
    .map(drop)
}

/// Removes a user from everybody's friends; their own side goes with the user.
pub(crate) async fn delete_from_friends_of_others(
    conn: &mut PgConnection,
    app_id: &str,
    uid: &str,
) -> sqlx::Result<()> {
    sqlx::query(
        "DELETE FROM friends AS theirs USING friends AS own \
         WHERE own.app_id = $1 AND own.uid = $2 \
             AND theirs.app_id = $1 AND theirs.uid = own.friend_uid AND theirs.friend_uid = $2",
    )
    .bind(app_id)
    .bind(uid)
    .execute(conn)
    .await
    .map(drop)
}

macro_rules! condition {
    () => {
        " FROM friends AS f \
         JOIN users AS u ON u.app_id = f.app_id AND u.uid = f.friend_uid \
         WHERE f.app_id = $1 AND f.uid = $2 AND u.deactivated_at IS NULL \
             AND ($3::text IS NULL OR (u.uid >= $3 AND u.uid < $4) OR (u.name_folded >= $3 AND u.name_folded < $4))"
    };
}

/// What the list can be sorted by.
pub(crate) const ORDERS: [SortBy; 2] = [SortBy::Id, SortBy::ChangedAt];

/// One statement for each order. $7 and $8 are the row that the page begins after.
macro_rules! page_sql {
    ($beyond:literal, $inner:literal, $outer:literal) => {
        concat!(
            "SELECT u.* FROM (SELECT f.friend_uid",
            condition!(),
            " AND ($7::text IS NULL OR ",
            $beyond,
            ") ORDER BY ",
            $inner,
            " LIMIT $5 OFFSET $6) AS page \
             CROSS JOIN LATERAL (SELECT ",
            columns!(),
            " FROM users WHERE app_id = $1 AND uid = page.friend_uid) AS u ORDER BY ",
            $outer,
        )
    };
}

fn sql(Order { by, descending }: Order) -> &'static str {
    match (by == SortBy::ChangedAt, descending) {
        (false, false) => page_sql!("f.friend_uid > $8", "f.friend_uid", "u.uid"),
        (false, true) => page_sql!("f.friend_uid < $8", "f.friend_uid DESC", "u.uid DESC"),
        (true, false) => page_sql!(
            "(COALESCE(u.updated_at, u.created_at), u.uid) > ($7::timestamptz, $8)",
            "COALESCE(u.updated_at, u.created_at), u.uid",
            "COALESCE(u.updated_at, u.created_at), u.uid"
        ),
        (true, true) => page_sql!(
            "(COALESCE(u.updated_at, u.created_at), u.uid) < ($7::timestamptz, $8)",
            "COALESCE(u.updated_at, u.created_at) DESC, u.uid DESC",
            "COALESCE(u.updated_at, u.created_at) DESC, u.uid DESC"
        ),
    }
}

/// One page of the active friends of a user, and how many there are.
pub(crate) async fn list_friends(
    pool: &PgPool,
    app_id: &str,
    uid: &str,
    search: Option<&Prefix>,
    walk: &Walk,
) -> sqlx::Result<(Vec<UserRow>, i64)> {
    let (from, to) = (search.map(|prefix| &prefix.from), search.map(|prefix| &prefix.to));
    let rows: Vec<UserRow> = sqlx::query_as(sql(walk.order()))
        .bind(app_id)
        .bind(uid)
        .bind(from)
        .bind(to)
        .bind(walk.limit())
        .bind(walk.offset())
        .bind(walk.after_value())
        .bind(walk.after_id())
        .fetch_all(pool)
        .await?;
    if let Some(total) = walk.total_at_end(rows.len()) {
        return Ok((rows, total));
    }
    let total = sqlx::query_scalar(concat!("SELECT COUNT(*)", condition!()))
        .bind(app_id)
        .bind(uid)
        .bind(from)
        .bind(to)
        .fetch_one(pool)
        .await?;
    Ok((rows, total))
}
