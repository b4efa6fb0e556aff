//! The table `bans`.

use chrono::{DateTime, Utc};
use halley_contracts::groups::v1 as pb;
use halley_kit::{
    cursor::{Keys, Order, SortBy, Walk},
    time,
};
use sqlx::{PgConnection, PgPool};

/// A stored ban.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct BanRow {
    uid: String,
    banned_at: DateTime<Utc>,
}

impl BanRow {
    /// For a cursor.
    pub(crate) fn keys(&self) -> Keys<'_> {
        Keys { id: &self.uid, name: "", created_at: self.banned_at, changed_at: self.banned_at }
    }
}

impl From<BanRow> for pb::Ban {
    fn from(row: BanRow) -> Self {
        Self { uid: row.uid, banned_at_ms: time::to_ms(row.banned_at) }
    }
}

/// Keeps users out of a locked group who are neither in it nor kept out.
pub(crate) async fn insert_bans(
    conn: &mut PgConnection,
    app_id: &str,
    guid: &str,
    uids: &[&str],
    banned_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    if uids.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO bans (app_id, guid, uid, banned_at) SELECT $1, $2, uid, $4 FROM UNNEST($3::text[]) AS t (uid)",
    )
    .bind(app_id)
    .bind(guid)
    .bind(uids)
    .bind(banned_at)
    .execute(conn)
    .await
    .map(drop)
}

/// Lifts a ban in a locked group.
pub(crate) async fn delete_ban(conn: &mut PgConnection, app_id: &str, guid: &str, uid: &str) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM bans WHERE app_id = $1 AND guid = $2 AND uid = $3")
        .bind(app_id)
        .bind(guid)
        .bind(uid)
        .execute(conn)
        .await
        .map(drop)
}

/// What the list can be sorted by: a ban has changed when it was made.
pub(crate) const ORDERS: [SortBy; 2] = [SortBy::Id, SortBy::ChangedAt];

/// One statement for each order. $5 and $6 are the row that the page begins after, $7 the only users wanted.
macro_rules! page_sql {
    ($beyond:literal, $order:literal) => {
        concat!(
            "SELECT uid, banned_at FROM bans WHERE app_id = $1 AND guid = $2 AND ($7::text[] IS NULL OR uid = ANY($7)) \
             AND ($5::text IS NULL OR ",
            $beyond,
            ") ORDER BY ",
            $order,
            " LIMIT $3 OFFSET $4",
        )
    };
}

fn sql(Order { by, descending }: Order) -> &'static str {
    match (by == SortBy::ChangedAt, descending) {
        (false, false) => page_sql!("uid > $6", "uid"),
        (false, true) => page_sql!("uid < $6", "uid DESC"),
        (true, false) => page_sql!("(banned_at, uid) > ($5::timestamptz, $6)", "banned_at, uid"),
        (true, true) => page_sql!("(banned_at, uid) < ($5::timestamptz, $6)", "banned_at DESC, uid DESC"),
    }
}

/// One page of bans, and how many the whole list has; perhaps only those of some users.
pub(crate) async fn list_bans(
    pool: &PgPool,
    app_id: &str,
    guid: &str,
    uids: Option<&[String]>,
    walk: &Walk,
) -> sqlx::Result<(Vec<BanRow>, i64)> {
    // Not kept prepared: a plan for all is wrong for a few.
    let rows: Vec<BanRow> = sqlx::query_as(sql(walk.order()))
        .bind(app_id)
        .bind(guid)
        .bind(walk.limit())
        .bind(walk.offset())
        .bind(walk.after_value())
        .bind(walk.after_id())
        .bind(uids)
        .persistent(false)
        .fetch_all(pool)
        .await?;
    if let Some(total) = walk.total_at_end(rows.len()) {
        return Ok((rows, total));
    }
    let total = sqlx::query_scalar(
        "SELECT COUNT(*) FROM bans WHERE app_id = $1 AND guid = $2 AND ($3::text[] IS NULL OR uid = ANY($3))",
    )
    .bind(app_id)
    .bind(guid)
    .bind(uids)
    .persistent(false)
    .fetch_one(pool)
    .await?;
    Ok((rows, total))
}
