//! The table `bans`.

use chrono::{DateTime, Utc};
use halley_contracts::groups::v1 as pb;
use halley_kit::{page::Page, time};
use sqlx::{PgConnection, PgPool};

/// A stored ban.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct BanRow {
    uid: String,
    banned_at: DateTime<Utc>,
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

/// One page of bans by uid, and how many the group has.
pub(crate) async fn list_bans(pool: &PgPool, app_id: &str, guid: &str, page: Page) -> sqlx::Result<(Vec<BanRow>, i64)> {
    let rows: Vec<BanRow> = sqlx::query_as(
        "SELECT uid, banned_at FROM bans WHERE app_id = $1 AND guid = $2 ORDER BY uid LIMIT $3 OFFSET $4",
    )
    .bind(app_id)
    .bind(guid)
    .bind(page.limit())
    .bind(page.offset())
    .fetch_all(pool)
    .await?;
    if let Some(total) = page.total_at_end(rows.len()) {
        return Ok((rows, total));
    }
    let total = sqlx::query_scalar("SELECT COUNT(*) FROM bans WHERE app_id = $1 AND guid = $2")
        .bind(app_id)
        .bind(guid)
        .fetch_one(pool)
        .await?;
    Ok((rows, total))
}
