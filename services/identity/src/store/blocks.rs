//! The table `blocks`.

use chrono::{DateTime, Utc};
use halley_kit::{
    cursor::{Order, SortBy, Walk},
    search::Prefix,
};
use sqlx::{PgConnection, PgPool};

use super::users::{UserRow, columns};

/// Blocks `others` for `uid` and returns those who were not blocked before.
pub(crate) async fn insert_blocks(
    conn: &mut PgConnection,
    app_id: &str,
    uid: &str,
    others: &[String],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar(
        "INSERT INTO blocks (app_id, uid, blocked_uid, blocked_at) \
         SELECT $1, $2, other, $4 FROM UNNEST($3::text[]) AS other \
         ON CONFLICT (app_id, uid, blocked_uid) DO NOTHING \
         RETURNING blocked_uid",
    )
    .bind(app_id)
    .bind(uid)
    .bind(others)
    .bind(now)
    .fetch_all(conn)
    .await
}

/// Unblocks `others` for `uid` and returns those who were blocked.
pub(crate) async fn delete_blocks(
    conn: &mut PgConnection,
    app_id: &str,
    uid: &str,
    others: &[String],
) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar(
        "DELETE FROM blocks WHERE app_id = $1 AND uid = $2 AND blocked_uid = ANY($3) RETURNING blocked_uid",
    )
    .bind(app_id)
    .bind(uid)
    .bind(others)
    .fetch_all(conn)
    .await
}

/// Of `others`, those whom `uid` has blocked, and those who have blocked `uid`.
pub(crate) async fn list_blocks_among(
    pool: &PgPool,
    app_id: &str,
    uid: &str,
    others: &[String],
) -> sqlx::Result<(Vec<String>, Vec<String>)> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT uid, blocked_uid FROM blocks WHERE app_id = $1 AND uid = $2 AND blocked_uid = ANY($3) \
         UNION ALL \
         SELECT uid, blocked_uid FROM blocks WHERE app_id = $1 AND blocked_uid = $2 AND uid = ANY($3)",
    )
    .bind(app_id)
    .bind(uid)
    .bind(others)
    .fetch_all(pool)
    .await?;
    let (by, of): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(blocker, _)| blocker == uid);
    Ok((by.into_iter().map(|(_, blocked)| blocked).collect(), of.into_iter().map(|(blocker, _)| blocker).collect()))
}

/// How two users stand to each other.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct RelationRow {
    pub blocked_at: Option<DateTime<Utc>>,
    pub blocked_by_other_at: Option<DateTime<Utc>>,
    pub friends: bool,
}

/// How `uid` stands to `other_uid`, in one round trip.
pub(crate) async fn get_relation(pool: &PgPool, app_id: &str, uid: &str, other_uid: &str) -> sqlx::Result<RelationRow> {
    sqlx::query_as(
        "SELECT \
             (SELECT blocked_at FROM blocks WHERE app_id = $1 AND uid = $2 AND blocked_uid = $3) AS blocked_at, \
             (SELECT blocked_at FROM blocks WHERE app_id = $1 AND uid = $3 AND blocked_uid = $2) \
                 AS blocked_by_other_at, \
             EXISTS (SELECT 1 FROM friends WHERE app_id = $1 AND uid = $2 AND friend_uid = $3) AS friends",
    )
    .bind(app_id)
    .bind(uid)
    .bind(other_uid)
    .fetch_one(pool)
    .await
}

/// A user with the blocks between them and another.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct BlockedRow {
    #[sqlx(flatten)]
    pub user: UserRow,
    pub blocked_at: Option<DateTime<Utc>>,
    pub blocked_by_other_at: Option<DateTime<Utc>>,
}

/// Who is on the other end of a block with $2: $5 blocked by them, $6 has blocked them.
macro_rules! condition {
    () => {
        " FROM ( \
             SELECT blocked_uid AS other_uid FROM blocks WHERE $5 AND app_id = $1 AND uid = $2 \
             UNION \
             SELECT uid FROM blocks WHERE $6 AND app_id = $1 AND blocked_uid = $2 \
         ) AS b \
         JOIN users AS u ON u.app_id = $1 AND u.uid = b.other_uid \
         WHERE u.deactivated_at IS NULL \
             AND ($3::text IS NULL OR (u.uid >= $3 AND u.uid < $4) OR (u.name_folded >= $3 AND u.name_folded < $4))"
    };
}

/// What the list can be sorted by.
pub(crate) const ORDERS: [SortBy; 2] = [SortBy::Id, SortBy::ChangedAt];

/// One statement for each order. $9 and $10 are the row that the page begins after.
macro_rules! page_sql {
    ($beyond:literal, $inner:literal, $outer:literal) => {
        concat!(
            "SELECT u.*, \
                 (SELECT blocked_at FROM blocks WHERE app_id = $1 AND uid = $2 AND blocked_uid = u.uid) \
                     AS blocked_at, \
                 (SELECT blocked_at FROM blocks WHERE app_id = $1 AND uid = u.uid AND blocked_uid = $2) \
                     AS blocked_by_other_at \
             FROM (SELECT b.other_uid",
            condition!(),
            " AND ($9::text IS NULL OR ",
            $beyond,
            ") ORDER BY ",
            $inner,
            " LIMIT $7 OFFSET $8) AS page \
             CROSS JOIN LATERAL (SELECT ",
            columns!(),
            " FROM users WHERE app_id = $1 AND uid = page.other_uid) AS u ORDER BY ",
            $outer,
        )
    };
}

fn sql(Order { by, descending }: Order) -> &'static str {
    match (by == SortBy::ChangedAt, descending) {
        (false, false) => page_sql!("b.other_uid > $10", "b.other_uid", "u.uid"),
        (false, true) => page_sql!("b.other_uid < $10", "b.other_uid DESC", "u.uid DESC"),
        (true, false) => page_sql!(
            "(COALESCE(u.updated_at, u.created_at), u.uid) > ($9::timestamptz, $10)",
            "COALESCE(u.updated_at, u.created_at), u.uid",
            "COALESCE(u.updated_at, u.created_at), u.uid"
        ),
        (true, true) => page_sql!(
            "(COALESCE(u.updated_at, u.created_at), u.uid) < ($9::timestamptz, $10)",
            "COALESCE(u.updated_at, u.created_at) DESC, u.uid DESC",
            "COALESCE(u.updated_at, u.created_at) DESC, u.uid DESC"
        ),
    }
}

/// One page of users whom `uid` has blocked (`mine`), who have blocked `uid` (`theirs`), or both, and how many.
pub(crate) async fn list_blocked_users(
    pool: &PgPool,
    app_id: &str,
    uid: &str,
    (mine, theirs): (bool, bool),
    search: Option<&Prefix>,
    walk: &Walk,
) -> sqlx::Result<(Vec<BlockedRow>, i64)> {
    let (from, to) = (search.map(|prefix| &prefix.from), search.map(|prefix| &prefix.to));
    let rows: Vec<BlockedRow> = sqlx::query_as(sql(walk.order()))
        .bind(app_id)
        .bind(uid)
        .bind(from)
        .bind(to)
        .bind(mine)
        .bind(theirs)
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
        .bind(mine)
        .bind(theirs)
        .fetch_one(pool)
        .await?;
    Ok((rows, total))
}
