//! Groups and members in bulk, with their own times.

use chrono::{DateTime, Utc};
use halley_kit::{postgres::array_literal, search::fold};
use halley_model::rights::Scope;
use sqlx::{PgConnection, PgPool};

use super::members::numbers;
use crate::domain::NewGroup;

/// Of some guids, those that have a group.
pub(crate) async fn list_existing_guids(pool: &PgPool, app_id: &str, guids: &[&str]) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar("SELECT guid FROM groups WHERE app_id = $1 AND guid = ANY($2)")
        .bind(app_id)
        .bind(guids)
        .fetch_all(pool)
        .await
}

/// Stores groups, in the order of their guids so that two calls never wait for each other; answers how many are new.
pub(crate) async fn insert_groups(
    conn: &mut PgConnection,
    app_id: &str,
    groups: &[(NewGroup, Option<String>)],
) -> sqlx::Result<u64> {
    let text = |get: fn(&NewGroup) -> &str| -> Vec<&str> { groups.iter().map(|(group, _)| get(group)).collect() };
    let folded: Vec<String> = groups.iter().map(|(group, _)| fold(&group.name)).collect();
    let kinds: Vec<i16> = groups.iter().map(|(group, _)| group.kind as i16).collect();
    let hashes: Vec<Option<&str>> = groups.iter().map(|(_, hash)| hash.as_deref()).collect();
    let tags: Vec<String> = groups.iter().map(|(group, _)| array_literal(&group.tags)).collect();
    let created: Vec<DateTime<Utc>> = groups.iter().map(|(group, _)| group.created_at).collect();
    let updated: Vec<Option<DateTime<Utc>>> = groups.iter().map(|(group, _)| group.updated_at).collect();
    sqlx::query(
        "INSERT INTO groups (app_id, guid, name, name_folded, type, password_hash, description, icon, owner, metadata, \
             tags, created_at, created_at_known, updated_at, updated_by) \
         SELECT $1, t.guid, t.name, t.name_folded, t.type, t.password_hash, t.description, t.icon, t.owner, t.metadata, \
             t.tags::text[], t.created_at, t.created_at_known, t.updated_at, t.updated_by \
         FROM UNNEST($2::text[], $3::text[], $4::text[], $5::smallint[], $6::text[], $7::text[], $8::text[], \
             $9::text[], $10::text[], $11::text[], $12::timestamptz[], $13::bool[], $14::timestamptz[], $15::text[]) \
             AS t (guid, name, name_folded, type, password_hash, description, icon, owner, metadata, tags, \
                 created_at, created_at_known, updated_at, updated_by) \
         ORDER BY t.guid \
         ON CONFLICT (app_id, guid) DO NOTHING",
    )
    .bind(app_id)
    .bind(text(|group| &group.guid))
    .bind(text(|group| &group.name))
    .bind(folded)
    .bind(kinds)
    .bind(hashes)
    .bind(text(|group| &group.description))
    .bind(text(|group| &group.icon))
    .bind(text(|group| &group.owner))
    .bind(text(|group| &group.metadata))
    .bind(tags)
    .bind(created)
    .bind(groups.iter().map(|(group, _)| group.created_at_known).collect::<Vec<_>>())
    .bind(updated)
    .bind(text(|group| &group.updated_by))
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}

/// What an import must know of a group.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct ImportGroup {
    pub guid: String,
    pub owner: String,
    pub created_at: DateTime<Utc>,
    pub created_at_known: bool,
}

/// Locks groups in the order of their guids, so that two calls never wait for each other.
pub(crate) async fn lock_groups(
    conn: &mut PgConnection,
    app_id: &str,
    guids: &[&str],
) -> sqlx::Result<Vec<ImportGroup>> {
    sqlx::query_as(
        "SELECT guid, owner, created_at, created_at_known FROM groups WHERE app_id = $1 AND guid = ANY($2) \
         ORDER BY guid FOR NO KEY UPDATE",
    )
    .bind(app_id)
    .bind(guids)
    .fetch_all(conn)
    .await
}

/// A user's place in a group, with the time since when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ImportRow<'a> {
    pub guid: &'a str,
    pub uid: &'a str,
    pub at: DateTime<Utc>,
}

/// Puts users into locked groups; answers guid, time and uid of those who were neither in nor kept out.
pub(crate) async fn insert_members(
    conn: &mut PgConnection,
    app_id: &str,
    members: &[(ImportRow<'_>, Scope)],
) -> sqlx::Result<Vec<(String, DateTime<Utc>, String)>> {
    if members.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_as(
        "INSERT INTO members (app_id, guid, uid, scope, joined_at) \
         SELECT $1, t.guid, t.uid, t.scope, t.joined_at \
         FROM UNNEST($2::text[], $3::text[], $4::smallint[], $5::timestamptz[]) AS t (guid, uid, scope, joined_at) \
         WHERE NOT EXISTS (SELECT FROM bans AS b WHERE b.app_id = $1 AND b.guid = t.guid AND b.uid = t.uid) \
         ON CONFLICT (app_id, guid, uid) DO NOTHING \
         RETURNING guid, joined_at, uid",
    )
    .bind(app_id)
    .bind(members.iter().map(|(row, _)| row.guid).collect::<Vec<_>>())
    .bind(members.iter().map(|(row, _)| row.uid).collect::<Vec<_>>())
    .bind(numbers(members.iter().map(|(_, scope)| *scope)))
    .bind(members.iter().map(|(row, _)| row.at).collect::<Vec<_>>())
    .fetch_all(conn)
    .await
}

/// Keeps users out of locked groups; answers how many were neither in nor kept out.
pub(crate) async fn insert_bans(conn: &mut PgConnection, app_id: &str, bans: &[ImportRow<'_>]) -> sqlx::Result<u64> {
    if bans.is_empty() {
        return Ok(0);
    }
    sqlx::query(
        "INSERT INTO bans (app_id, guid, uid, banned_at) \
         SELECT $1, t.guid, t.uid, t.banned_at \
         FROM UNNEST($2::text[], $3::text[], $4::timestamptz[]) AS t (guid, uid, banned_at) \
         WHERE NOT EXISTS (SELECT FROM members AS m WHERE m.app_id = $1 AND m.guid = t.guid AND m.uid = t.uid) \
         ON CONFLICT (app_id, guid, uid) DO NOTHING",
    )
    .bind(app_id)
    .bind(bans.iter().map(|row| row.guid).collect::<Vec<_>>())
    .bind(bans.iter().map(|row| row.uid).collect::<Vec<_>>())
    .bind(bans.iter().map(|row| row.at).collect::<Vec<_>>())
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}

/// Who came to a locked group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Joined<'a> {
    pub guid: &'a str,
    pub count: i32,
    /// When the first of them joined.
    pub first: DateTime<Utc>,
}

/// Counts members who came to locked groups. A group that nobody knows the beginning of begins with them at the latest.
pub(crate) async fn update_members_counts(
    conn: &mut PgConnection,
    app_id: &str,
    joined: &[Joined<'_>],
) -> sqlx::Result<()> {
    if joined.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE groups AS g SET \
             members_count = g.members_count + t.joined, \
             created_at = CASE WHEN g.created_at_known THEN g.created_at ELSE LEAST(g.created_at, t.first) END \
         FROM UNNEST($2::text[], $3::int[], $4::timestamptz[]) AS t (guid, joined, first) \
         WHERE g.app_id = $1 AND g.guid = t.guid",
    )
    .bind(app_id)
    .bind(joined.iter().map(|group| group.guid).collect::<Vec<_>>())
    .bind(joined.iter().map(|group| group.count).collect::<Vec<_>>())
    .bind(joined.iter().map(|group| group.first).collect::<Vec<_>>())
    .execute(conn)
    .await
    .map(drop)
}
