//! How users stand to groups: `members` and `bans` together.

use chrono::{DateTime, Utc};
use sqlx::{PgExecutor, PgPool};

use super::{
    groups::{GroupRow, columns},
    members::ScopeNumber,
};
use crate::domain::{Membership, Place, Places};

/// How some users stand to a group.
pub(crate) async fn find_places(
    db: impl PgExecutor<'_>,
    app_id: &str,
    guid: &str,
    uids: &[&str],
) -> sqlx::Result<Places> {
    if uids.is_empty() {
        return Ok(Places::default());
    }
    let rows: Vec<(String, Option<ScopeNumber>, DateTime<Utc>)> = sqlx::query_as(
        "SELECT uid, scope, joined_at FROM members WHERE app_id = $1 AND guid = $2 AND uid = ANY($3) \
         UNION ALL \
         SELECT uid, NULL::smallint, banned_at FROM bans WHERE app_id = $1 AND guid = $2 AND uid = ANY($3)",
    )
    .bind(app_id)
    .bind(guid)
    .bind(uids)
    .fetch_all(db)
    .await?;
    let place = |(uid, scope, joined_at): (String, Option<ScopeNumber>, DateTime<Utc>)| match scope {
        Some(scope) => (uid, Place::Member(Membership { scope: scope.into(), joined_at })),
        None => (uid, Place::Banned),
    };
    Ok(rows.into_iter().map(place).collect())
}

#[derive(sqlx::FromRow)]
struct SeatRow {
    #[sqlx(flatten)]
    group: GroupRow,
    scope: Option<ScopeNumber>,
    joined_at: Option<DateTime<Utc>>,
    is_banned: bool,
}

/// A group with the place of one user, in one round trip. `None`: there is no such group.
pub(crate) async fn find_group_and_place(
    pool: &PgPool,
    app_id: &str,
    guid: &str,
    uid: Option<&str>,
) -> sqlx::Result<Option<(GroupRow, Option<Place>)>> {
    let row: Option<SeatRow> = sqlx::query_as(concat!(
        "SELECT ",
        columns!("g."),
        ", m.scope, m.joined_at, b.uid IS NOT NULL AS is_banned \
         FROM groups AS g \
         LEFT JOIN members AS m ON m.app_id = g.app_id AND m.guid = g.guid AND m.uid = $3 \
         LEFT JOIN bans AS b ON b.app_id = g.app_id AND b.guid = g.guid AND b.uid = $3 \
         WHERE g.app_id = $1 AND g.guid = $2",
    ))
    .bind(app_id)
    .bind(guid)
    .bind(uid)
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| {
        let place = match (row.scope, row.joined_at) {
            (Some(scope), Some(joined_at)) => Some(Place::Member(Membership { scope: scope.into(), joined_at })),
            _ if row.is_banned => Some(Place::Banned),
            _ => None,
        };
        (row.group, place)
    }))
}
