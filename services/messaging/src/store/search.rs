//! Searches: pages of messages that the index of `terms` knows.
//!
//! An index of that kind gives all of its matches and in no order, which is right for what is rare and wrong for what is
//! common. So the newest messages are looked through first, a bounded number: what is common fills its page there. What
//! does not is asked of the index, for one stretch of ids after the other and more of them each time. No statistics are
//! needed for the choice, and neither way ever reads everything.

use sqlx::{PgPool, Postgres, QueryBuilder};

use super::{
    history::{self, Cursor, HistoryQuery, Part, Source},
    messages::StoredMessage,
};

/// Messages that are looked through before the index is asked.
const WALKED: i64 = 4096;
/// Ids of one stretch, as a power of two; the database's function `message_terms` has the same.
const STRETCH_BITS: i64 = 14;
/// Stretches that the index is asked for a few at a time. What they don't fill the page with is rare.
const STRETCHES_MAX: i64 = 128;
/// Up to so many conversations of a user are named to the index, rather than sorted out of what it gives. With ten that is as
/// fast or up to four times faster; with 139 the index looks for each of them at each match, which takes two to nine times
/// longer than to read the matches.
const NAMED_CONVERSATIONS: usize = 16;

/// Whether a query is answered in these two ways. By time of update nothing is walked in order, and threads are short.
pub(super) fn applies(query: &HistoryQuery) -> bool {
    let walked = matches!(query.source, Source::Conversation(_) | Source::OfUser { .. } | Source::App);
    let few = query.filter.pinned || query.filter.ids.is_some();
    query.filter.terms.is_some() && walked && !few && !matches!(query.cursor, Cursor::UpdatedAt(..))
}

/// One page, one more than the limit if there are more.
pub(super) async fn list(pool: &PgPool, query: &HistoryQuery) -> Result<Vec<StoredMessage>, sqlx::Error> {
    let wanted = query.limit + 1;
    let (mut rows, edge) = match &query.source {
        Source::OfUser { uid, .. } => {
            let Some(first) = find_first(pool, query, uid).await? else { return Ok(Vec::new()) };
            let message_id = if query.forward { first + WALKED } else { first - WALKED };
            let part = Part::Near { lowest: first.min(message_id), highest: first.max(message_id) };
            let rows = history::list_part(pool, query, &part, wanted).await?;
            (rows, Some(Edge { message_id, conversation_id: 0 }))
        }
        _ => {
            let rows = history::list_part(pool, query, &Part::Walked(WALKED), wanted).await?;
            let edge = if missing(wanted, &rows) > 0 { find_edge(pool, query).await? } else { None };
            (rows, edge)
        }
    };
    if let Some(edge) = edge
        && missing(wanted, &rows) > 0
    {
        fill(pool, query, &edge, &mut rows).await?;
    }
    Ok(rows)
}

fn missing(wanted: i64, rows: &[StoredMessage]) -> i64 {
    wanted - i64::try_from(rows.len()).unwrap_or(i64::MAX)
}

/// Adds what the index knows beyond the edge, stretch by stretch: what was common once and is not now fills the page by
/// one of them, which reads no more of the messages than lie in it.
async fn fill(
    pool: &PgPool,
    query: &HistoryQuery,
    edge: &Edge,
    rows: &mut Vec<StoredMessage>,
) -> Result<(), sqlx::Error> {
    let Some(terms) = &query.filter.terms else { return Ok(()) };
    let conversations = conversations(pool, query, edge.conversation_id).await?;
    let (oldest, newest) = ends(pool, &query.app_id).await?;
    let (step, end) = if query.forward { (1, stretch_of(newest)) } else { (-1, stretch_of(oldest)) };
    let (mut next, mut beyond, mut covered) = (stretch_of(edge.message_id), edge.message_id, 0);
    while missing(query.limit + 1, rows) > 0 && (end - next) * step >= 0 {
        let left = (end - next) * step + 1;
        let count = if covered < STRETCHES_MAX { (covered / 2).max(2).min(left) } else { left };
        let stretches: Vec<i64> = match covered < STRETCHES_MAX {
            true => (0..count).map(|n| next + n * step).collect(),
            false => Vec::new(),
        };
        let part = Part::Indexed { beyond, tsquery: terms.within(&conversations, &stretches) };
        rows.extend(history::list_part(pool, query, &part, missing(query.limit + 1, rows)).await?);
        next += count * step;
        covered += count;
        beyond = if query.forward { (next << STRETCH_BITS) - 1 } else { (next + 1) << STRETCH_BITS };
    }
    Ok(())
}

/// The stretch of ids that a message lies in: the column `terms` holds it.
fn stretch_of(message_id: i64) -> i64 {
    message_id >> STRETCH_BITS
}

/// The ids of an app's oldest and newest messages.
async fn ends(pool: &PgPool, app_id: &str) -> Result<(i64, i64), sqlx::Error> {
    let ends: (Option<i64>, Option<i64>) =
        sqlx::query_as("SELECT min(message_id), max(message_id) FROM messages WHERE app_id = $1")
            .bind(app_id)
            .fetch_one(pool)
            .await?;
    Ok((ends.0.unwrap_or_default(), ends.1.unwrap_or_default()))
}

/// The last message that is looked through.
#[derive(sqlx::FromRow)]
struct Edge {
    message_id: i64,
    conversation_id: i64,
}

/// Where a walk of one conversation or of an app ended. `None`: at the end of the list.
async fn find_edge(pool: &PgPool, query: &HistoryQuery) -> Result<Option<Edge>, sqlx::Error> {
    outermost(pool, query, WALKED - 1).await
}

/// Where a walk of a user's conversations begins, which goes as far as so many ids reach, whosever messages have them: at
/// the newest message in them; forward at the oldest one of the app. `None`: there are no messages.
async fn find_first(pool: &PgPool, query: &HistoryQuery, uid: &str) -> Result<Option<i64>, sqlx::Error> {
    if query.forward {
        return Ok(outermost(pool, query, 0).await?.map(|first| first.message_id));
    }
    let newest: Option<i64> = sqlx::query_scalar(
        "SELECT max(c.last_message_id)
         FROM participants AS p
         JOIN conversations AS c ON c.app_id = p.app_id AND c.conversation_id = p.conversation_id
         WHERE p.app_id = $1 AND p.uid = $2 AND p.left_at IS NULL",
    )
    .bind(&query.app_id)
    .bind(uid)
    .fetch_one(pool)
    .await?;
    Ok(newest.map(|newest| if let Cursor::Id(id) = query.cursor { newest.min(id) } else { newest }))
}

/// The message so many places behind the first one from the cursor on; of a user's conversations, of their app.
async fn outermost(pool: &PgPool, query: &HistoryQuery, places: i64) -> Result<Option<Edge>, sqlx::Error> {
    let mut sql: QueryBuilder<Postgres> =
        QueryBuilder::new("SELECT m.message_id, m.conversation_id FROM messages AS m WHERE ");
    history::push_scope(&mut sql, query);
    history::push_cursor(&mut sql, query);
    history::push_order(&mut sql, query);
    sql.push(" LIMIT 1 OFFSET ").push_bind(places);
    sql.build_query_as().fetch_optional(pool).await
}

/// The conversations that a query is about, if they are few enough to be named to the index.
async fn conversations(pool: &PgPool, query: &HistoryQuery, of_edge: i64) -> Result<Vec<i64>, sqlx::Error> {
    match &query.source {
        Source::Conversation(_) => Ok(vec![of_edge]),
        Source::OfUser { uid, .. } => {
            let ids = list_conversations(pool, &query.app_id, uid).await?;
            Ok(if ids.len() <= NAMED_CONVERSATIONS { ids } else { Vec::new() })
        }
        _ => Ok(Vec::new()),
    }
}

/// The conversations that a user is in, as far as it matters how many they are.
async fn list_conversations(pool: &PgPool, app_id: &str, uid: &str) -> Result<Vec<i64>, sqlx::Error> {
    let limit = i64::try_from(NAMED_CONVERSATIONS + 1).unwrap_or(i64::MAX);
    sqlx::query_scalar(
        "SELECT conversation_id FROM participants WHERE app_id = $1 AND uid = $2 AND left_at IS NULL LIMIT $3",
    )
    .bind(app_id)
    .bind(uid)
    .bind(limit)
    .fetch_all(pool)
    .await
}
