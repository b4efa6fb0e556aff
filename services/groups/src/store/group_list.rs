//! Pages of `groups` by many filters.

use chrono::{DateTime, Utc};
use halley_kit::{
    cursor::{Keys, Order, SortBy, Walk},
    search::Prefix,
};
use sqlx::{PgPool, Postgres, postgres::PgArguments, query::QueryAs};

use super::{
    groups::{GroupRow, columns},
    members::ScopeNumber,
};
use crate::domain::{Kind, Membership, Range};

/// What the list can be sorted by.
pub(crate) const ORDERS: [SortBy; 4] = [SortBy::Id, SortBy::Name, SortBy::CreatedAt, SortBy::ChangedAt];

/// What a list is narrowed to. Empty vectors and `None` narrow nothing.
#[derive(Debug, Clone)]
pub(crate) struct GroupFilter {
    /// Who looks: private groups are shown to their members only. `None`: the app itself, which sees all.
    pub viewer: Option<String>,
    /// Only groups that the viewer is in.
    pub joined_only: bool,
    pub search: Option<Prefix>,
    pub in_guid: bool,
    pub in_name: bool,
    pub tags: Vec<String>,
    pub kinds: Vec<Kind>,
    pub guids: Option<Vec<String>>,
    pub created: Range,
    pub updated: Range,
    pub members_min: Option<i32>,
    pub members_max: Option<i32>,
}

/// A group with the viewer's place in it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct EntryRow {
    #[sqlx(flatten)]
    pub group: GroupRow,
    scope: Option<ScopeNumber>,
    joined_at: Option<DateTime<Utc>>,
}

impl EntryRow {
    /// The viewer's membership.
    pub(crate) fn own(&self) -> Option<Membership> {
        let (scope, joined_at) = (self.scope?, self.joined_at?);
        Some(Membership { scope: scope.into(), joined_at })
    }

    /// For a cursor.
    pub(crate) fn keys(&self) -> Keys<'_> {
        let group = &self.group;
        let changed_at = group.updated_at.unwrap_or(group.created_at);
        Keys { id: &group.guid, name: &group.name, created_at: group.created_at, changed_at }
    }
}

/// The condition of a [`GroupFilter`]; its parameters are $1 to $16.
macro_rules! condition {
    () => {
        " FROM groups AS g LEFT JOIN members AS m ON m.app_id = g.app_id AND m.guid = g.guid AND m.uid = $2 \
         WHERE g.app_id = $1 \
             AND ($2::text IS NULL OR g.type <> 3 OR m.uid IS NOT NULL) \
             AND (NOT $3::bool OR m.uid IS NOT NULL) \
             AND ($4::text IS NULL \
                 OR ($6 AND g.guid >= $4 AND g.guid < $5) \
                 OR ($7 AND g.name_folded >= $4 AND g.name_folded < $5)) \
             AND (CARDINALITY($8::text[]) = 0 OR g.tags && $8) \
             AND (CARDINALITY($9::smallint[]) = 0 OR g.type = ANY($9)) \
             AND ($10::text[] IS NULL OR g.guid = ANY($10)) \
             AND ($11::timestamptz IS NULL OR g.created_at >= $11) \
             AND ($12::timestamptz IS NULL OR g.created_at <= $12) \
             AND ($13::timestamptz IS NULL OR g.updated_at >= $13) \
             AND ($14::timestamptz IS NULL OR g.updated_at <= $14) \
             AND ($15::int IS NULL OR g.members_count >= $15) \
             AND ($16::int IS NULL OR g.members_count <= $16)"
    };
}

/// One statement for each order, because an order is no parameter. $19 and $20 are the row that the page begins after.
macro_rules! page_sql {
    ($beyond:literal, $order:literal) => {
        concat!(
            "SELECT ",
            columns!("g."),
            ", m.scope, m.joined_at",
            condition!(),
            " AND ($19::text IS NULL OR ",
            $beyond,
            ") ORDER BY ",
            $order,
            " LIMIT $17 OFFSET $18",
        )
    };
}

fn sql(Order { by, descending }: Order) -> &'static str {
    match (by, descending) {
        (SortBy::Id, false) => page_sql!("g.guid > $20", "g.guid"),
        (SortBy::Id, true) => page_sql!("g.guid < $20", "g.guid DESC"),
        (SortBy::Name, false) => page_sql!("(g.name_folded, g.guid) > ($19, $20)", "g.name_folded, g.guid"),
        (SortBy::Name, true) => page_sql!("(g.name_folded, g.guid) < ($19, $20)", "g.name_folded DESC, g.guid DESC"),
        (SortBy::CreatedAt, false) => {
            page_sql!("(g.created_at, g.guid) > ($19::timestamptz, $20)", "g.created_at, g.guid")
        }
        (SortBy::CreatedAt, true) => {
            page_sql!("(g.created_at, g.guid) < ($19::timestamptz, $20)", "g.created_at DESC, g.guid DESC")
        }
        (SortBy::ChangedAt, false) => page_sql!(
            "(COALESCE(g.updated_at, g.created_at), g.guid) > ($19::timestamptz, $20)",
            "COALESCE(g.updated_at, g.created_at), g.guid"
        ),
        (SortBy::ChangedAt, true) => page_sql!(
            "(COALESCE(g.updated_at, g.created_at), g.guid) < ($19::timestamptz, $20)",
            "COALESCE(g.updated_at, g.created_at) DESC, g.guid DESC"
        ),
    }
}

/// One page, and how many groups the whole list has.
pub(crate) async fn list_groups(
    pool: &PgPool,
    app_id: &str,
    filter: &GroupFilter,
    walk: &Walk,
) -> sqlx::Result<(Vec<EntryRow>, i64)> {
    // Not kept prepared: a plan for one set of filters is wrong for another.
    let rows: Vec<EntryRow> = bind_filter(sqlx::query_as(sql(walk.order())), app_id, filter)
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
    query: QueryAs<'q, Postgres, O, PgArguments>,
    app_id: &'q str,
    filter: &'q GroupFilter,
) -> QueryAs<'q, Postgres, O, PgArguments> {
    query
        .bind(app_id)
        .bind(&filter.viewer)
        .bind(filter.joined_only)
        .bind(filter.search.as_ref().map(|prefix| &prefix.from))
        .bind(filter.search.as_ref().map(|prefix| &prefix.to))
        .bind(filter.in_guid)
        .bind(filter.in_name)
        .bind(&filter.tags)
        .bind(filter.kinds.iter().map(|kind| *kind as i16).collect::<Vec<_>>())
        .bind(&filter.guids)
        .bind(filter.created.from)
        .bind(filter.created.to)
        .bind(filter.updated.from)
        .bind(filter.updated.to)
        .bind(filter.members_min)
        .bind(filter.members_max)
}
