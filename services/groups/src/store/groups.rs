//! The table `groups`.

use chrono::{DateTime, Utc};
use halley_contracts::groups::v1 as pb;
use halley_kit::{search::fold, time};
use sqlx::{PgConnection, PgPool};

use crate::domain::{GroupChanges, Kind, NewGroup};

/// The columns of a [`GroupRow`], with the prefix that says of which table.
macro_rules! columns {
    ($of:literal) => {
        concat!(
            $of,
            "guid, ",
            $of,
            "name, ",
            $of,
            "type, ",
            $of,
            "description, ",
            $of,
            "icon, ",
            $of,
            "owner, ",
            $of,
            "metadata, ",
            $of,
            "tags, ",
            $of,
            "members_count, ",
            $of,
            "created_at, ",
            $of,
            "updated_at, ",
            $of,
            "updated_by",
        )
    };
}
pub(super) use columns;

/// A stored group, without its password.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct GroupRow {
    pub guid: String,
    pub name: String,
    #[sqlx(rename = "type")]
    pub kind: Kind,
    pub description: String,
    pub icon: String,
    pub owner: String,
    pub metadata: String,
    pub tags: Vec<String>,
    pub members_count: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: Option<DateTime<Utc>>,
    pub updated_by: String,
}

impl From<GroupRow> for pb::Group {
    fn from(row: GroupRow) -> Self {
        Self {
            guid: row.guid,
            name: row.name,
            r#type: row.kind.show().into(),
            description: row.description,
            icon: row.icon,
            owner: row.owner,
            metadata_json: row.metadata,
            tags: row.tags,
            members_count: row.members_count,
            created_at_ms: time::to_ms(row.created_at),
            updated_at_ms: time::opt_to_ms(row.updated_at),
            updated_by: row.updated_by,
        }
    }
}

/// A group whose row is locked.
#[derive(sqlx::FromRow)]
pub(crate) struct LockedGroup {
    #[sqlx(flatten)]
    pub row: GroupRow,
    pub password_hash: Option<String>,
}

/// What a user who wants to join must get past.
#[derive(sqlx::FromRow)]
pub(crate) struct Door {
    #[sqlx(rename = "type")]
    pub kind: Kind,
    pub password_hash: Option<String>,
    pub is_member: bool,
    pub is_banned: bool,
}

/// Stores a group without members. `None`: there is one of that guid.
pub(crate) async fn insert_group(
    conn: &mut PgConnection,
    app_id: &str,
    new: &NewGroup,
    password_hash: Option<&str>,
) -> sqlx::Result<Option<GroupRow>> {
    sqlx::query_as(concat!(
        "INSERT INTO groups (app_id, guid, name, name_folded, type, password_hash, description, icon, owner, metadata, \
             tags, created_at, updated_at, updated_by) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
         ON CONFLICT (app_id, guid) DO NOTHING \
         RETURNING ",
        columns!(""),
    ))
    .bind(app_id)
    .bind(&new.guid)
    .bind(&new.name)
    .bind(fold(&new.name))
    .bind(new.kind)
    .bind(password_hash)
    .bind(&new.description)
    .bind(&new.icon)
    .bind(&new.owner)
    .bind(&new.metadata)
    .bind(&new.tags)
    .bind(new.created_at)
    .bind(new.updated_at)
    .bind(&new.updated_by)
    .fetch_optional(conn)
    .await
}

/// The groups of those guids.
pub(crate) async fn list_groups_by_guid(pool: &PgPool, app_id: &str, guids: &[String]) -> sqlx::Result<Vec<GroupRow>> {
    sqlx::query_as(concat!("SELECT ", columns!(""), " FROM groups WHERE app_id = $1 AND guid = ANY($2) ORDER BY guid"))
        .bind(app_id)
        .bind(guids)
        .fetch_all(pool)
        .await
}

/// Locks a group, before anything else of it is touched.
pub(crate) async fn lock_group(conn: &mut PgConnection, app_id: &str, guid: &str) -> sqlx::Result<Option<LockedGroup>> {
    sqlx::query_as(concat!(
        "SELECT ",
        columns!(""),
        ", password_hash FROM groups WHERE app_id = $1 AND guid = $2 FOR NO KEY UPDATE",
    ))
    .bind(app_id)
    .bind(guid)
    .fetch_optional(conn)
    .await
}

/// What stands between a user and a group, in one round trip.
pub(crate) async fn find_door(pool: &PgPool, app_id: &str, guid: &str, uid: &str) -> sqlx::Result<Option<Door>> {
    sqlx::query_as(
        "SELECT type, password_hash, \
             EXISTS (SELECT FROM members WHERE app_id = $1 AND guid = $2 AND uid = $3) AS is_member, \
             EXISTS (SELECT FROM bans WHERE app_id = $1 AND guid = $2 AND uid = $3) AS is_banned \
         FROM groups WHERE app_id = $1 AND guid = $2",
    )
    .bind(app_id)
    .bind(guid)
    .bind(uid)
    .fetch_optional(pool)
    .await
}

/// Who changes a locked group, when, and what of it that no request names.
#[derive(Clone, Copy)]
pub(crate) struct Update<'a> {
    pub kind: Kind,
    /// With the type password, and only then.
    pub password_hash: Option<&'a str>,
    pub owner: &'a str,
    /// How many more members there are now.
    pub joined: i32,
    pub at: DateTime<Utc>,
    pub by: &'a str,
}

/// Changes a locked group.
pub(crate) async fn update_group(
    conn: &mut PgConnection,
    app_id: &str,
    guid: &str,
    changes: &GroupChanges,
    update: Update<'_>,
) -> sqlx::Result<GroupRow> {
    sqlx::query_as(concat!(
        "UPDATE groups SET \
             name = COALESCE($3, name), \
             name_folded = COALESCE($4, name_folded), \
             icon = COALESCE($5, icon), \
             description = COALESCE($6, description), \
             metadata = COALESCE($7, metadata), \
             tags = COALESCE($8, tags), \
             type = $9, \
             password_hash = $10, \
             owner = $11, \
             members_count = members_count + $12, \
             updated_at = $13, \
             updated_by = $14 \
         WHERE app_id = $1 AND guid = $2 \
         RETURNING ",
        columns!(""),
    ))
    .bind(app_id)
    .bind(guid)
    .bind(&changes.name)
    .bind(changes.name.as_deref().map(fold))
    .bind(&changes.icon)
    .bind(&changes.description)
    .bind(&changes.metadata)
    .bind(&changes.tags)
    .bind(update.kind)
    .bind(update.password_hash)
    .bind(update.owner)
    .bind(update.joined)
    .bind(update.at)
    .bind(update.by)
    .fetch_one(conn)
    .await
}

/// Counts members who came to a locked group, or with a negative number left it.
pub(crate) async fn update_members_count(
    conn: &mut PgConnection,
    app_id: &str,
    guid: &str,
    joined: i32,
) -> sqlx::Result<GroupRow> {
    sqlx::query_as(concat!(
        "UPDATE groups SET members_count = members_count + $3 WHERE app_id = $1 AND guid = $2 RETURNING ",
        columns!(""),
    ))
    .bind(app_id)
    .bind(guid)
    .bind(joined)
    .fetch_one(conn)
    .await
}

/// Removes a locked group with its members and bans.
pub(crate) async fn delete_group(conn: &mut PgConnection, app_id: &str, guid: &str) -> sqlx::Result<()> {
    let statements = [
        "DELETE FROM members WHERE app_id = $1 AND guid = $2",
        "DELETE FROM bans WHERE app_id = $1 AND guid = $2",
        "DELETE FROM groups WHERE app_id = $1 AND guid = $2",
    ];
    for statement in statements {
        sqlx::query(statement).bind(app_id).bind(guid).execute(&mut *conn).await?;
    }
    Ok(())
}
