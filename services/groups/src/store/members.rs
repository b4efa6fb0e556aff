//! The table `members`.

use chrono::{DateTime, Utc};
use halley_kit::cursor::{Keys, Order, SortBy, Walk};
use halley_model::rights::Scope;
use sqlx::{PgConnection, PgPool, Postgres, postgres::PgArguments, query::QueryAs};

use crate::domain::Membership;

/// A scope as the database numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[repr(i16)]
pub(crate) enum ScopeNumber {
    Participant = 1,
    Moderator = 2,
    Admin = 3,
}

impl From<Scope> for ScopeNumber {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Participant => Self::Participant,
            Scope::Moderator => Self::Moderator,
            Scope::Admin => Self::Admin,
        }
    }
}

impl From<ScopeNumber> for Scope {
    fn from(number: ScopeNumber) -> Self {
        match number {
            ScopeNumber::Participant => Self::Participant,
            ScopeNumber::Moderator => Self::Moderator,
            ScopeNumber::Admin => Self::Admin,
        }
    }
}

/// The numbers of scopes, for an array.
pub(super) fn numbers(scopes: impl IntoIterator<Item = Scope>) -> Vec<i16> {
    scopes.into_iter().map(|scope| ScopeNumber::from(scope) as i16).collect()
}

/// A stored member.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct MemberRow {
    pub uid: String,
    scope: ScopeNumber,
    joined_at: DateTime<Utc>,
}

impl MemberRow {
    /// The place in the group.
    pub(crate) fn membership(&self) -> Membership {
        Membership { scope: self.scope.into(), joined_at: self.joined_at }
    }

    /// For a cursor.
    pub(crate) fn keys(&self) -> Keys<'_> {
        Keys { id: &self.uid, name: "", created_at: self.joined_at, changed_at: self.joined_at }
    }
}

/// Puts strangers into a locked group.
pub(crate) async fn insert_members(
    conn: &mut PgConnection,
    app_id: &str,
    guid: &str,
    members: &[(&str, Scope)],
    joined_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    if members.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO members (app_id, guid, uid, scope, joined_at) \
         SELECT $1, $2, t.uid, t.scope, $5 FROM UNNEST($3::text[], $4::smallint[]) AS t (uid, scope)",
    )
    .bind(app_id)
    .bind(guid)
    .bind(members.iter().map(|(uid, _)| *uid).collect::<Vec<_>>())
    .bind(numbers(members.iter().map(|(_, scope)| *scope)))
    .bind(joined_at)
    .execute(conn)
    .await
    .map(drop)
}

/// Gives a member of a locked group another scope.
pub(crate) async fn update_scope(
    conn: &mut PgConnection,
    app_id: &str,
    guid: &str,
    uid: &str,
    scope: Scope,
) -> sqlx::Result<()> {
    sqlx::query("UPDATE members SET scope = $4 WHERE app_id = $1 AND guid = $2 AND uid = $3")
        .bind(app_id)
        .bind(guid)
        .bind(uid)
        .bind(ScopeNumber::from(scope))
        .execute(conn)
        .await
        .map(drop)
}

/// Takes members out of a locked group.
pub(crate) async fn delete_members(
    conn: &mut PgConnection,
    app_id: &str,
    guid: &str,
    uids: &[&str],
) -> sqlx::Result<()> {
    if uids.is_empty() {
        return Ok(());
    }
    sqlx::query("DELETE FROM members WHERE app_id = $1 AND guid = $2 AND uid = ANY($3)")
        .bind(app_id)
        .bind(guid)
        .bind(uids)
        .execute(conn)
        .await
        .map(drop)
}

/// What a list is narrowed to. Empty vectors and `None` narrow nothing.
#[derive(Debug, Clone)]
pub(crate) struct MemberFilter {
    pub scopes: Vec<Scope>,
    pub uids: Option<Vec<String>>,
    pub excluded_uids: Vec<String>,
}

/// The condition of a [`MemberFilter`]; its parameters are $1 to $5.
macro_rules! condition {
    () => {
        " FROM members WHERE app_id = $1 AND guid = $2 \
             AND (CARDINALITY($3::smallint[]) = 0 OR scope = ANY($3)) \
             AND ($4::text[] IS NULL OR uid = ANY($4)) \
             AND uid <> ALL($5::text[])"
    };
}

/// What the list can be sorted by: a member has changed when it joined.
pub(crate) const ORDERS: [SortBy; 2] = [SortBy::Id, SortBy::ChangedAt];

/// One statement for each order. $8 and $9 are the row that the page begins after.
macro_rules! page_sql {
    ($beyond:literal, $order:literal) => {
        concat!(
            "SELECT uid, scope, joined_at",
            condition!(),
            " AND ($8::text IS NULL OR ",
            $beyond,
            ") ORDER BY ",
            $order,
            " LIMIT $6 OFFSET $7",
        )
    };
}

fn sql(Order { by, descending }: Order) -> &'static str {
    match (by == SortBy::ChangedAt, descending) {
        (false, false) => page_sql!("uid > $9", "uid"),
        (false, true) => page_sql!("uid < $9", "uid DESC"),
        (true, false) => page_sql!("(joined_at, uid) > ($8::timestamptz, $9)", "joined_at, uid"),
        (true, true) => page_sql!("(joined_at, uid) < ($8::timestamptz, $9)", "joined_at DESC, uid DESC"),
    }
}

/// One page of members, and how many the whole list has.
pub(crate) async fn list_members(
    pool: &PgPool,
    app_id: &str,
    guid: &str,
    filter: &MemberFilter,
    walk: &Walk,
) -> sqlx::Result<(Vec<MemberRow>, i64)> {
    // Not kept prepared: a plan for one set of filters is wrong for another.
    let rows: Vec<MemberRow> = bind_filter(sqlx::query_as(sql(walk.order())), app_id, guid, filter)
        .bind(walk.limit())
        .bind(walk.offset())
        .bind(walk.after_value())
        .bind(walk.after_id())
        .persistent(false)
        .fetch_all(pool)
        .await?;
    if let Some(total) = walk.total_at_end(rows.len()) {
        return Ok((rows, total));
    }
    let sql = concat!("SELECT COUNT(*)", condition!());
    let (total,): (i64,) =
        bind_filter(sqlx::query_as(sql), app_id, guid, filter).persistent(false).fetch_one(pool).await?;
    Ok((rows, total))
}

fn bind_filter<'q, O>(
    query: QueryAs<'q, Postgres, O, PgArguments>,
    app_id: &'q str,
    guid: &'q str,
    filter: &'q MemberFilter,
) -> QueryAs<'q, Postgres, O, PgArguments> {
    query
        .bind(app_id)
        .bind(guid)
        .bind(numbers(filter.scopes.iter().copied()))
        .bind(&filter.uids)
        .bind(&filter.excluded_uids)
}

/// In which of these groups a user is, and how.
pub(crate) async fn list_own(
    pool: &PgPool,
    app_id: &str,
    uid: &str,
    guids: &[String],
) -> sqlx::Result<Vec<(String, MemberRow)>> {
    let rows: Vec<(String, String, ScopeNumber, DateTime<Utc>)> = sqlx::query_as(
        "SELECT guid, uid, scope, joined_at FROM members WHERE app_id = $1 AND uid = $2 AND guid = ANY($3)",
    )
    .bind(app_id)
    .bind(uid)
    .bind(guids)
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|(guid, uid, scope, joined_at)| (guid, MemberRow { uid, scope, joined_at })).collect())
}

/// Lets nobody else count the groups of these users until the transaction ends. In the order of uids, so that nobody waits
/// in a circle.
pub(crate) async fn lock_counts(conn: &mut PgConnection, app_id: &str, uids: &[&str]) -> sqlx::Result<()> {
    sqlx::query(
        "SELECT pg_advisory_xact_lock(hashtextextended($1 || ' ' || sorted.uid, 0)) \
         FROM (SELECT DISTINCT uid FROM UNNEST($2::text[]) AS t (uid) ORDER BY uid) AS sorted",
    )
    .bind(app_id)
    .bind(uids)
    .execute(conn)
    .await
    .map(drop)
}

/// How many groups each of these users is in; users in none are left out.
pub(crate) async fn count_groups_of(
    conn: &mut PgConnection,
    app_id: &str,
    uids: &[&str],
) -> sqlx::Result<Vec<(String, i64)>> {
    sqlx::query_as("SELECT uid, COUNT(*) FROM members WHERE app_id = $1 AND uid = ANY($2) GROUP BY uid")
        .bind(app_id)
        .bind(uids)
        .fetch_all(conn)
        .await
}

/// The first `max` guids of the groups that a user is in.
pub(crate) async fn list_guids_of(pool: &PgPool, app_id: &str, uid: &str, max: i64) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar("SELECT guid FROM members WHERE app_id = $1 AND uid = $2 ORDER BY guid LIMIT $3")
        .bind(app_id)
        .bind(uid)
        .bind(max)
        .fetch_all(pool)
        .await
}
