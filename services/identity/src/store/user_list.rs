//! Pages of `users` by many filters.

use chrono::{DateTime, Utc};
use halley_kit::{
    cursor::{Order, SortBy, Walk},
    search::Prefix,
};
use sqlx::{PgPool, Postgres, query::QueryAs};

use super::users::{UserRow, columns};

/// What the list can be sorted by.
pub(crate) const ORDERS: [SortBy; 4] = [SortBy::Id, SortBy::Name, SortBy::CreatedAt, SortBy::ChangedAt];

/// Whom to list by being deactivated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deactivated {
    Without,
    With,
    Only,
}

/// What a list is narrowed to. `None` and no tags narrow nothing; an empty list of roles or uids fits nobody.
#[derive(Debug, Clone)]
pub(crate) struct UserFilter {
    pub search: Option<Prefix>,
    pub in_uid: bool,
    pub in_name: bool,
    pub roles: Option<Vec<String>>,
    pub tags: Vec<String>,
    pub uids: Option<Vec<String>>,
    pub excluded_uids: Vec<String>,
    pub deactivated: Deactivated,
    pub created_from: Option<DateTime<Utc>>,
    pub created_to: Option<DateTime<Utc>>,
    pub updated_from: Option<DateTime<Utc>>,
    pub updated_to: Option<DateTime<Utc>>,
    /// Only friends of the viewer.
    pub friends_only: bool,
    /// Nobody whom the viewer has blocked.
    pub hide_blocked: bool,
    pub viewer_uid: String,
}

/// The condition of a [`UserFilter`]; its parameters are $1 to $17.
macro_rules! condition {
    () => {
        " FROM users WHERE app_id = $1 \
             AND ($2::text IS NULL \
                 OR ($4 AND uid >= $2 AND uid < $3) \
                 OR ($5 AND name_folded >= $2 AND name_folded < $3)) \
             AND ($6::text[] IS NULL OR role = ANY($6)) \
             AND (CARDINALITY($7::text[]) = 0 OR tags && $7) \
             AND ($8::text[] IS NULL OR uid = ANY($8)) \
             AND uid <> ALL($17::text[]) \
             AND ($9::bool IS NULL OR (deactivated_at IS NOT NULL) = $9) \
             AND ($10::timestamptz IS NULL OR created_at >= $10) \
             AND ($11::timestamptz IS NULL OR created_at <= $11) \
             AND ($12::timestamptz IS NULL OR updated_at >= $12) \
             AND ($13::timestamptz IS NULL OR updated_at <= $13) \
             AND (NOT $14::bool OR uid IN \
                 (SELECT f.friend_uid FROM friends AS f WHERE f.app_id = $1 AND f.uid = $16)) \
             AND (NOT $15::bool OR uid NOT IN \
                 (SELECT b.blocked_uid FROM blocks AS b WHERE b.app_id = $1 AND b.uid = $16))"
    };
}

/// One statement for each order, because an order is no parameter. $20 and $21 are the row that the page begins after.
macro_rules! page_sql {
    ($beyond:literal, $order:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            condition!(),
            " AND ($20::text IS NULL OR ",
            $beyond,
            ") ORDER BY ",
            $order,
            " LIMIT $18 OFFSET $19",
        )
    };
}

fn sql(Order { by, descending }: Order) -> &'static str {
    match (by, descending) {
        (SortBy::Id, false) => page_sql!("uid > $21", "uid"),
        (SortBy::Id, true) => page_sql!("uid < $21", "uid DESC"),
        (SortBy::Name, false) => page_sql!("(name_folded, uid) > ($20, $21)", "name_folded, uid"),
        (SortBy::Name, true) => page_sql!("(name_folded, uid) < ($20, $21)", "name_folded DESC, uid DESC"),
        (SortBy::CreatedAt, false) => page_sql!("(created_at, uid) > ($20::timestamptz, $21)", "created_at, uid"),
        (SortBy::CreatedAt, true) => {
            page_sql!("(created_at, uid) < ($20::timestamptz, $21)", "created_at DESC, uid DESC")
        }
        (SortBy::ChangedAt, false) => page_sql!(
            "(COALESCE(updated_at, created_at), uid) > ($20::timestamptz, $21)",
            "COALESCE(updated_at, created_at), uid"
        ),
        (SortBy::ChangedAt, true) => page_sql!(
            "(COALESCE(updated_at, created_at), uid) < ($20::timestamptz, $21)",
            "COALESCE(updated_at, created_at) DESC, uid DESC"
        ),
    }
}

/// One page, and how many users the whole list has.
pub(crate) async fn list_users(
    pool: &PgPool,
    app_id: &str,
    filter: &UserFilter,
    walk: &Walk,
) -> sqlx::Result<(Vec<UserRow>, i64)> {
    // Not kept prepared: a plan for one set of filters is wrong for another.
    let rows: Vec<UserRow> = bind_filter(sqlx::query_as(sql(walk.order())), app_id, filter)
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
    let (total,): (i64,) = bind_filter(sqlx::query_as(concat!("SELECT COUNT(*)", condition!())), app_id, filter)
        .persistent(false)
        .fetch_one(pool)
        .await?;
    Ok((rows, total))
}

fn bind_filter<'q, O>(
    query: QueryAs<'q, Postgres, O, sqlx::postgres::PgArguments>,
    app_id: &'q str,
    filter: &'q UserFilter,
) -> QueryAs<'q, Postgres, O, sqlx::postgres::PgArguments> {
    let deactivated = match filter.deactivated {
        Deactivated::Without => Some(false),
        Deactivated::With => None,
        Deactivated::Only => Some(true),
    };
    query
        .bind(app_id)
        .bind(filter.search.as_ref().map(|prefix| &prefix.from))
        .bind(filter.search.as_ref().map(|prefix| &prefix.to))
        .bind(filter.in_uid)
        .bind(filter.in_name)
        .bind(&filter.roles)
        .bind(&filter.tags)
        .bind(&filter.uids)
        .bind(deactivated)
        .bind(filter.created_from)
        .bind(filter.created_to)
        .bind(filter.updated_from)
        .bind(filter.updated_to)
        .bind(filter.friends_only)
        .bind(filter.hide_blocked)
        .bind(&filter.viewer_uid)
        .bind(&filter.excluded_uids)
}
