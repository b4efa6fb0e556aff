//! What remains of users who were deleted.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use halley_model::APP_SYSTEM_UID;
use sqlx::{PgConnection, PgPool};

use super::{
    groups::{GroupRow, columns},
    imports,
    members::ScopeNumber,
};
use crate::domain::Membership;

/// A group that a user is out of now.
pub(crate) struct Departure {
    /// As it is without the user.
    pub group: GroupRow,
    /// What the user was in it.
    pub was: Option<Membership>,
    /// The group was the user's; it is the app's now.
    pub owned: bool,
}

/// A user who was deleted.
#[derive(Clone, Copy)]
pub(crate) struct Leaver<'a> {
    pub app_id: &'a str,
    pub uid: &'a str,
    /// What began later is another user's of the same uid.
    pub until: DateTime<Utc>,
}

/// Takes a user out of at most `max` groups: membership, ban and ownership. `None`: there are none left.
pub(crate) async fn remove_from_groups(
    conn: &mut PgConnection,
    leaver: Leaver<'_>,
    max: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Vec<Departure>>> {
    let guids = list_guids(&mut *conn, leaver, max).await?;
    if guids.is_empty() {
        return Ok(None);
    }
    let names: Vec<&str> = guids.iter().map(String::as_str).collect();
    imports::lock_groups(&mut *conn, leaver.app_id, &names).await?;
    sqlx::query("DELETE FROM bans WHERE app_id = $1 AND uid = $2 AND guid = ANY($3) AND banned_at <= $4")
        .bind(leaver.app_id)
        .bind(leaver.uid)
        .bind(&names)
        .bind(leaver.until)
        .execute(&mut *conn)
        .await?;
    let left = delete_memberships(&mut *conn, leaver, &names).await?;
    let owned = update_owners(&mut *conn, leaver, &names, now).await?;
    let groups = update_members_counts(conn, leaver.app_id, &names, &left).await?;
    let departure =
        |group: GroupRow| Departure { was: left.get(&group.guid).copied(), owned: owned.contains(&group.guid), group };
    Ok(Some(groups.into_iter().map(departure).collect()))
}

/// Takes the name of a user who was deleted from the groups that the user changed last.
pub(crate) async fn unname(pool: &PgPool, leaver: Leaver<'_>) -> sqlx::Result<()> {
    sqlx::query("UPDATE groups SET updated_by = $4 WHERE app_id = $1 AND updated_by = $2 AND updated_at <= $3")
        .bind(leaver.app_id)
        .bind(leaver.uid)
        .bind(leaver.until)
        .bind(APP_SYSTEM_UID)
        .execute(pool)
        .await
        .map(drop)
}

async fn list_guids(conn: &mut PgConnection, leaver: Leaver<'_>, max: i64) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar(
        "SELECT guid FROM members WHERE app_id = $1 AND uid = $2 AND joined_at <= $3 \
         UNION SELECT guid FROM bans WHERE app_id = $1 AND uid = $2 AND banned_at <= $3 \
         UNION SELECT guid FROM groups AS g WHERE app_id = $1 AND owner = $2 AND NOT EXISTS ( \
             SELECT FROM members AS m \
             WHERE m.app_id = $1 AND m.guid = g.guid AND m.uid = $2 AND m.joined_at > $3) \
         ORDER BY guid LIMIT $4",
    )
    .bind(leaver.app_id)
    .bind(leaver.uid)
    .bind(leaver.until)
    .bind(max)
    .fetch_all(conn)
    .await
}

async fn delete_memberships(
    conn: &mut PgConnection,
    leaver: Leaver<'_>,
    guids: &[&str],
) -> sqlx::Result<HashMap<String, Membership>> {
    let rows: Vec<(String, ScopeNumber, DateTime<Utc>)> = sqlx::query_as(
        "DELETE FROM members WHERE app_id = $1 AND uid = $2 AND guid = ANY($3) AND joined_at <= $4 \
         RETURNING guid, scope, joined_at",
    )
    .bind(leaver.app_id)
    .bind(leaver.uid)
    .bind(guids)
    .bind(leaver.until)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|(guid, scope, joined_at)| (guid, Membership { scope: scope.into(), joined_at })).collect())
}

/// Gives the groups of an owner who is not in them any more to the app; answers their guids.
async fn update_owners(
    conn: &mut PgConnection,
    leaver: Leaver<'_>,
    guids: &[&str],
    now: DateTime<Utc>,
) -> sqlx::Result<HashSet<String>> {
    let guids: Vec<String> = sqlx::query_scalar(
        "UPDATE groups AS g SET owner = $4, updated_at = $5, updated_by = $4 \
         WHERE app_id = $1 AND owner = $2 AND guid = ANY($3) AND NOT EXISTS ( \
             SELECT FROM members AS m WHERE m.app_id = $1 AND m.guid = g.guid AND m.uid = $2) \
         RETURNING guid",
    )
    .bind(leaver.app_id)
    .bind(leaver.uid)
    .bind(guids)
    .bind(APP_SYSTEM_UID)
    .bind(now)
    .fetch_all(conn)
    .await?;
    Ok(guids.into_iter().collect())
}

/// Counts one member less where there was one.
async fn update_members_counts(
    conn: &mut PgConnection,
    app_id: &str,
    guids: &[&str],
    left: &HashMap<String, Membership>,
) -> sqlx::Result<Vec<GroupRow>> {
    sqlx::query_as(concat!(
        "UPDATE groups SET members_count = members_count - (guid = ANY($3))::int \
         WHERE app_id = $1 AND guid = ANY($2) RETURNING ",
        columns!(""),
    ))
    .bind(app_id)
    .bind(guids)
    .bind(left.keys().map(String::as_str).collect::<Vec<_>>())
    .fetch_all(conn)
    .await
}
