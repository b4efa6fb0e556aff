//! Pages of messages.

use chrono::{DateTime, Utc};
use halley_contracts::messaging::v1::{MessageCategory, ModerationStatus, ReceiverType};
use halley_model::ConversationKey;
use sqlx::{PgPool, Postgres, QueryBuilder};

use super::{
    messages::{StoredMessage, columns},
    participants, search,
};
use crate::domain::terms;

/// Where the messages come from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// One conversation.
    Conversation(ConversationKey),
    /// The few conversations that a public id may mean.
    Conversations(Vec<i64>),
    /// A thread.
    Thread(i64, ConversationKey),
    /// Every conversation that a user is in now; perhaps only direct ones.
    OfUser { uid: String, direct_only: bool },
    /// The whole app.
    App,
}

impl Source {
    /// Whether a sequence number means one message.
    pub(crate) fn is_one_conversation(&self) -> bool {
        matches!(self, Self::Conversation(_) | Self::Thread(..))
    }
}

/// Where a page begins, exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cursor {
    /// At the end that the direction comes from.
    None,
    Id(i64),
    Sequence(i64),
    SentAt(DateTime<Utc>),
    /// Many messages share a time, as those of one transaction do: the id, if given, says after which of them.
    UpdatedAt(DateTime<Utc>, Option<i64>),
}

/// Which messages are wanted. Lists mean any of their entries; empty ones mean all.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub categories: Vec<MessageCategory>,
    pub types: Vec<String>,
    pub tags: Vec<String>,
    pub senders: Vec<String>,
    pub not_senders: Vec<String>,
    pub hide_replies: bool,
    pub hide_deleted: bool,
    pub only_deleted: bool,
    /// What the index of terms is asked for.
    pub terms: Option<terms::Query>,
    pub sent: Range,
    /// Only of messages that changed after they were sent.
    pub updated: Range,
    pub edited: Range,
    /// Changed after they were sent.
    pub only_updates: bool,
    /// In conversations of that kind; unspecified: of both.
    pub receiver_type: ReceiverType,
    pub has_reactions: bool,
    pub pinned: bool,
    /// Only messages of these ids: few.
    pub ids: Option<Vec<i64>>,
    /// Also places of what was deleted for good.
    pub with_erased: bool,
    /// Interactive ones whose goal this user has reached.
    pub goal_reached_by: Option<String>,
    /// Of others, counted, and after the reader's position.
    pub unread_of: Option<Unread>,
    /// The same after the position up to which messages were delivered to the reader.
    pub undelivered_of: Option<Unread>,
}

/// A time from and to, both inclusive.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Range {
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
}

impl Range {
    fn is_given(&self) -> bool {
        self.from.is_some() || self.to.is_some()
    }
}

/// Whose unread messages are wanted.
#[derive(Debug, Clone)]
pub(crate) struct Unread {
    pub uid: String,
    /// Where counting begins in the one conversation; with several conversations each has its own.
    pub after_sequence: i64,
}

/// A page.
#[derive(Debug, Clone)]
pub(crate) struct HistoryQuery {
    pub app_id: String,
    pub source: Source,
    pub cursor: Cursor,
    /// Towards newer messages.
    pub forward: bool,
    pub limit: i64,
    pub filter: Filter,
    /// Who looks: what this user has hidden is left out.
    pub hidden_from: Option<String>,
}

/// Which part of the list is read, and how.
#[derive(Debug, Clone)]
pub(super) enum Part {
    /// All of it, in order.
    Whole,
    /// So many messages from the cursor on, in order.
    Walked(i64),
    /// Between two ids, inclusive, in order.
    Near { lowest: i64, highest: i64 },
    /// What lies beyond a message, by the index of terms.
    Indexed { beyond: i64, tsquery: String },
}

/// Lists messages from the cursor on, in the direction asked for, one more than the limit if there are more.
pub(crate) async fn list_messages(pool: &PgPool, query: &HistoryQuery) -> Result<Vec<StoredMessage>, sqlx::Error> {
    match search::applies(query) {
        true => search::list(pool, query).await,
        false => list_part(pool, query, &Part::Whole, query.limit + 1).await,
    }
}

/// Lists a part of the messages.
pub(super) async fn list_part(
    pool: &PgPool,
    query: &HistoryQuery,
    part: &Part,
    limit: i64,
) -> Result<Vec<StoredMessage>, sqlx::Error> {
    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(columns!());
    match (&query.source, part) {
        (Source::OfUser { uid, direct_only }, Part::Indexed { .. }) => {
            push_found_of_user(&mut sql, query, part, uid, *direct_only);
        }
        (_, Part::Indexed { .. }) => push_found(&mut sql, query, part),
        (Source::Conversation(_) | Source::App, Part::Whole) if is_by_reactions(query) => {
            push_reacted(&mut sql, query);
        }
        (Source::OfUser { uid, direct_only }, _) => push_of_user(&mut sql, query, part, limit, uid, *direct_only),
        _ => push_plain(&mut sql, query, part),
    }
    match part {
        // No index has this order, nor those conditions, so that the one of terms is used and its matches are sorted.
        Part::Indexed { .. } => {
            sql.push(" ORDER BY m.message_id + 0").push(if query.forward { " ASC" } else { " DESC" });
        }
        Part::Whole if is_by_reactions(query) && !matches!(query.source, Source::OfUser { .. }) => {
            push_order_of_reacted(&mut sql, query);
        }
        _ => push_order(&mut sql, query),
    }
    sql.push(" LIMIT ").push_bind(limit);
    let rows = sql.build().fetch_all(pool).await?;
    match &query.source {
        Source::Conversation(key) | Source::Thread(_, key) => {
            rows.iter().map(|row| StoredMessage::read(row, key)).collect()
        }
        _ => rows.iter().map(StoredMessage::read_with_key).collect(),
    }
}

fn push_plain(sql: &mut QueryBuilder<Postgres>, query: &HistoryQuery, part: &Part) {
    let with_keys = has_keys(&query.source);
    if with_keys {
        sql.push(", c.conversation_key");
    }
    match part {
        // Where the walk ends is settled before anything is asked of the messages.
        Part::Walked(rows) => {
            sql.push(" FROM (SELECT m.* FROM messages AS m WHERE ");
            push_scope(sql, query);
            push_cursor(sql, query);
            push_order(sql, query);
            sql.push(" LIMIT ").push_bind(*rows).push(") AS m");
            push_keys(sql, with_keys);
            sql.push(" WHERE true");
        }
        _ => {
            sql.push(" FROM messages AS m");
            push_keys(sql, with_keys);
            sql.push(" WHERE ");
            push_scope(sql, query);
            push_cursor(sql, query);
        }
    }
    push_hidden(sql, query);
    push_part(sql, query, part);
    push_filter(sql, query, None);
}

/// Whether the messages are found by the counts of their reactions, which are fewer. A thread is short, and times of updates
/// are in no order there.
fn is_by_reactions(query: &HistoryQuery) -> bool {
    let is_walked = matches!(query.source, Source::Conversation(_) | Source::OfUser { .. } | Source::App);
    query.filter.has_reactions && is_walked && !matches!(query.cursor, Cursor::UpdatedAt(..))
}

/// The messages of the one conversation or of the app that have reactions, in the order of their ids.
fn push_reacted(sql: &mut QueryBuilder<Postgres>, query: &HistoryQuery) {
    let with_keys = has_keys(&query.source);
    if with_keys {
        sql.push(", c.conversation_key");
    }
    sql.push(" FROM (SELECT DISTINCT r.message_id FROM reaction_counts AS r WHERE r.app_id = ")
        .push_bind(query.app_id.clone());
    if let Source::Conversation(key) = &query.source {
        sql.push(" AND r.conversation_id = ");
        push_conversation_id(sql, query, key);
    }
    push_each_reacted(sql, query);
    sql.push(" WHERE m.app_id = ")
        .push_bind(query.app_id.clone())
        .push(" AND m.message_id = r.message_id OFFSET 0) AS m");
    push_keys(sql, with_keys);
    sql.push(" WHERE true");
    push_cursor_beside_id(sql, query);
    push_hidden(sql, query);
    push_filter(sql, query, None);
}

/// Ends the list of ids, from the cursor on, and begins to look each message up: the order holds to the end.
fn push_each_reacted(sql: &mut QueryBuilder<Postgres>, query: &HistoryQuery) {
    if let Cursor::Id(id) = query.cursor {
        sql.push(" AND r.message_id").push(if query.forward { " > " } else { " < " }).push_bind(id);
    }
    push_order_of_reacted(sql, query);
    sql.push(") AS r CROSS JOIN LATERAL (SELECT * FROM messages AS m");
}

fn push_order_of_reacted(sql: &mut QueryBuilder<Postgres>, query: &HistoryQuery) {
    sql.push(" ORDER BY r.message_id").push(if query.forward { " ASC" } else { " DESC" });
}

/// What the index of terms gives, as far as it is in the one conversation or in the app.
fn push_found(sql: &mut QueryBuilder<Postgres>, query: &HistoryQuery, part: &Part) {
    let with_keys = has_keys(&query.source);
    if with_keys {
        sql.push(", c.conversation_key");
    }
    sql.push(" FROM messages AS m");
    push_keys(sql, with_keys);
    sql.push(" WHERE m.app_id = ").push_bind(query.app_id.clone());
    if let Source::Conversation(key) = &query.source {
        sql.push(" AND m.conversation_id + 0 = ");
        push_conversation_id(sql, query, key);
    }
    push_hidden(sql, query);
    push_cursor_beside_id(sql, query);
    push_part(sql, query, part);
    push_filter(sql, query, None);
}

/// A cursor's condition where the id is held to something beyond it.
fn push_cursor_beside_id(sql: &mut QueryBuilder<Postgres>, query: &HistoryQuery) {
    if !matches!(query.cursor, Cursor::Id(_)) {
        push_cursor(sql, query);
    }
}

fn push_conversation_id(sql: &mut QueryBuilder<Postgres>, query: &HistoryQuery, key: &ConversationKey) {
    sql.push("(SELECT conversation_id FROM conversations WHERE app_id = ")
        .push_bind(query.app_id.clone())
        .push(" AND conversation_key = ")
        .push_bind(key.storage())
        .push(")");
}

/// Joins the conversations, for their keys.
fn push_keys(sql: &mut QueryBuilder<Postgres>, with_keys: bool) {
    if with_keys {
        sql.push(" JOIN conversations AS c ON c.app_id = m.app_id AND c.conversation_id = m.conversation_id");
    }
}

/// The messages of the source.
pub(super) fn push_scope(sql: &mut QueryBuilder<Postgres>, query: &HistoryQuery) {
    sql.push("m.app_id = ").push_bind(query.app_id.clone());
    match &query.source {
        Source::Conversation(key) => {
            sql.push(" AND m.conversation_id = ");
            push_conversation_id(sql, query, key);
        }
        Source::Thread(parent_id, _) => {
            sql.push(" AND m.parent_id = ").push_bind(*parent_id);
        }
        Source::Conversations(ids) => {
            sql.push(" AND m.conversation_id = ANY(").push_bind(ids.clone()).push(")");
        }
        Source::App | Source::OfUser { .. } => {}
    }
}

/// Keeps to the part, and to what the index of terms is asked for.
fn push_part(sql: &mut QueryBuilder<Postgres>, query: &HistoryQuery, part: &Part) {
    let mut tsquery = query.filter.terms.as_ref().map(terms::Query::tsquery);
    match part {
        Part::Whole | Part::Walked(_) => {}
        Part::Near { lowest, highest } => {
            sql.push(" AND m.message_id BETWEEN ").push_bind(*lowest).push(" AND ").push_bind(*highest);
        }
        Part::Indexed { beyond: edge, tsquery: narrowed } => {
            let beyond = if query.forward { " > " } else { " < " };
            sql.push(" AND m.message_id + 0").push(beyond).push_bind(*edge);
            tsquery = Some(narrowed.clone());
        }
    }
    if let Some(tsquery) = tsquery {
        sql.push(" AND (m.terms @@ ").push_bind(tsquery).push("::text::tsquery)");
        if matches!(part, Part::Near { .. }) {
            // So it is a condition on what is walked, and none that the index of terms is taken for.
            sql.push(" IS TRUE");
        }
    }
}

/// Leaves out what the user who looks has hidden. Of one conversation the position is looked up once.
fn push_hidden(sql: &mut QueryBuilder<Postgres>, query: &HistoryQuery) {
    let Some(uid) = &query.hidden_from else { return };
    push_disapproved(sql, query, uid);
    sql.push(
        " AND m.sequence > COALESCE((
             SELECT p.hidden_before_sequence FROM participants AS p WHERE p.app_id = ",
    )
    .push_bind(query.app_id.clone())
    .push(" AND p.uid = ")
    .push_bind(uid.clone())
    .push(" AND p.conversation_id = ");
    match &query.source {
        Source::Conversation(key) | Source::Thread(_, key) => {
            push_conversation_id(sql, query, key);
        }
        _ => {
            sql.push("m.conversation_id");
        }
    }
    sql.push("), 0)");
}

/// Leaves out what was disapproved, except for who wrote it. Who counts places gets it without its content.
fn push_disapproved(sql: &mut QueryBuilder<Postgres>, query: &HistoryQuery, uid: &str) {
    if !query.filter.with_erased {
        let disapproved = ModerationStatus::Disapproved as i16;
        sql.push(" AND (m.moderation IS DISTINCT FROM ").push_bind(disapproved);
        sql.push(" OR m.sender_uid = ").push_bind(uid.to_owned()).push(")");
    }
}

/// The positions of a reader in each of several conversations.
#[derive(Clone, Copy)]
struct Boundaries {
    read: &'static str,
    delivered: &'static str,
}

const OWN: Boundaries = Boundaries { read: participants::READ, delivered: participants::DELIVERED };

/// Takes the first rows of each conversation and then the first of them all: a user's conversations are few, an app's
/// messages are many.
fn push_of_user(
    sql: &mut QueryBuilder<Postgres>,
    query: &HistoryQuery,
    part: &Part,
    limit: i64,
    uid: &str,
    direct_only: bool,
) {
    sql.push(
        ", c.conversation_key FROM participants AS p
         JOIN conversations AS c ON c.app_id = p.app_id AND c.conversation_id = p.conversation_id
         CROSS JOIN LATERAL (
             SELECT m.* FROM ",
    );
    let is_reacted = is_by_reactions(query) && matches!(part, Part::Whole);
    if is_reacted {
        sql.push(
            "(SELECT DISTINCT r.message_id FROM reaction_counts AS r
                 WHERE r.app_id = p.app_id AND r.conversation_id = p.conversation_id",
        );
        push_each_reacted(sql, query);
        sql.push(" WHERE m.app_id = p.app_id AND m.message_id = r.message_id OFFSET 0) AS m WHERE true");
    } else {
        sql.push("messages AS m WHERE m.app_id = p.app_id AND m.conversation_id = p.conversation_id");
    }
    if let Some(uid) = &query.hidden_from {
        sql.push(" AND m.sequence > p.hidden_before_sequence");
        push_disapproved(sql, query, uid);
    }
    push_cursor(sql, query);
    push_part(sql, query, part);
    push_filter(sql, query, Some(OWN));
    if is_reacted {
        push_order_of_reacted(sql, query)
    } else {
        push_order(sql, query)
    }
    sql.push(" LIMIT ").push_bind(limit).push(") AS m WHERE ");
    push_places(sql, query, uid, direct_only);
    let after = match (query.cursor, part) {
        (Cursor::Id(id), _) if query.forward => Some(id),
        (_, Part::Near { lowest, .. }) => Some(*lowest - 1),
        _ => None,
    };
    if let Some(after) = after {
        sql.push(" AND c.last_message_id > ").push_bind(after);
    }
}

/// What the index of terms gives, as far as it is in the user's conversations: asked once, and
/// each of its matches looked up, whatever the planner thinks of their number.
fn push_found_of_user(
    sql: &mut QueryBuilder<Postgres>,
    query: &HistoryQuery,
    part: &Part,
    uid: &str,
    direct_only: bool,
) {
    sql.push(
        ", c.conversation_key FROM (
             WITH found AS MATERIALIZED (SELECT m.* FROM messages AS m WHERE m.app_id = ",
    )
    .push_bind(query.app_id.clone());
    push_cursor_beside_id(sql, query);
    push_part(sql, query, part);
    sql.push(
        ") SELECT * FROM found
         ) AS m
         CROSS JOIN LATERAL (SELECT * FROM participants AS p WHERE p.conversation_id = m.conversation_id AND p.app_id = ",
    )
    .push_bind(query.app_id.clone())
    .push(" AND p.uid = ")
    .push_bind(uid.to_owned())
    .push(
        " AND p.left_at IS NULL OFFSET 0) AS p
         CROSS JOIN LATERAL (
             SELECT * FROM conversations AS c
             WHERE c.app_id = p.app_id AND c.conversation_id = p.conversation_id
             OFFSET 0
         ) AS c
         WHERE ",
    );
    push_places(sql, query, uid, direct_only);
    if query.hidden_from.is_some() {
        sql.push(" AND m.sequence > p.hidden_before_sequence");
    }
    push_filter(sql, query, Some(OWN));
}

/// The places that a user has now.
fn push_places(sql: &mut QueryBuilder<Postgres>, query: &HistoryQuery, uid: &str, direct_only: bool) {
    sql.push("p.left_at IS NULL AND p.app_id = ")
        .push_bind(query.app_id.clone())
        .push(" AND p.uid = ")
        .push_bind(uid.to_owned());
    if direct_only {
        sql.push(" AND c.conversation_key LIKE 'u:%'");
    }
}

pub(super) fn push_cursor(sql: &mut QueryBuilder<Postgres>, query: &HistoryQuery) {
    let beyond = if query.forward { " > " } else { " < " };
    match query.cursor {
        Cursor::None => {}
        Cursor::Id(id) => {
            sql.push(" AND m.message_id").push(beyond).push_bind(id);
        }
        Cursor::Sequence(sequence) => {
            sql.push(" AND m.sequence").push(beyond).push_bind(sequence);
        }
        Cursor::SentAt(at) => {
            sql.push(" AND m.sent_at").push(beyond).push_bind(at);
        }
        Cursor::UpdatedAt(at, id) => {
            let whole_time = if query.forward { i64::MAX } else { 0 };
            sql.push(" AND (m.updated_at, m.message_id)").push(beyond).push("(").push_bind(at);
            sql.push(", ").push_bind(id.unwrap_or(whole_time)).push(")");
        }
    }
}

pub(super) fn push_order(sql: &mut QueryBuilder<Postgres>, query: &HistoryQuery) {
    let direction = if query.forward { " ASC" } else { " DESC" };
    let one_conversation = matches!(query.source, Source::Conversation(_));
    sql.push(" ORDER BY ");
    match query.cursor {
        Cursor::UpdatedAt(..) => {
            sql.push("m.updated_at").push(direction).push(", m.message_id");
        }
        Cursor::None | Cursor::Sequence(_) | Cursor::SentAt(_) if one_conversation => {
            sql.push("m.sequence");
        }
        _ => {
            sql.push("m.message_id");
        }
    }
    sql.push(direction);
}

fn push_filter(sql: &mut QueryBuilder<Postgres>, query: &HistoryQuery, own: Option<Boundaries>) {
    let filter = &query.filter;
    if !filter.categories.is_empty() {
        let categories: Vec<i16> = filter.categories.iter().map(|category| *category as i16).collect();
        sql.push(" AND m.category = ANY(").push_bind(categories).push(")");
    }
    for (column, values) in [("m.type", &filter.types), ("m.sender_uid", &filter.senders)] {
        if !values.is_empty() {
            sql.push(" AND ").push(column).push(" = ANY(").push_bind(values.clone()).push(")");
        }
    }
    if !filter.not_senders.is_empty() {
        sql.push(" AND m.sender_uid <> ALL(").push_bind(filter.not_senders.clone()).push(")");
    }
    if !filter.tags.is_empty() {
        sql.push(" AND m.tags && ").push_bind(filter.tags.clone());
    }
    if filter.hide_replies {
        sql.push(" AND m.parent_id IS NULL");
    }
    if filter.hide_deleted {
        sql.push(" AND m.deleted_at IS NULL");
    }
    if !filter.with_erased {
        sql.push(" AND NOT m.erased");
    }
    if filter.has_reactions {
        sql.push(" AND m.reaction_total > 0");
    }
    if filter.pinned {
        sql.push(" AND m.pinned_at IS NOT NULL");
    }
    if let Some(ids) = &filter.ids {
        sql.push(" AND m.message_id = ANY(").push_bind(ids.clone()).push(")");
    }
    if filter.only_deleted {
        sql.push(" AND m.deleted_at IS NOT NULL");
    }
    push_times(sql, filter);
    push_goal(sql, filter.goal_reached_by.as_ref());
    let is_any_kind = filter.receiver_type == ReceiverType::Unspecified || !has_keys(&query.source);
    if !is_any_kind {
        // Also of conversations that were put aside.
        sql.push(match filter.receiver_type {
            ReceiverType::Group => " AND c.conversation_key ~ '^(x:)?g:'",
            _ => " AND c.conversation_key ~ '^(x:)?u:'",
        });
    }
    push_new_to(sql, filter.unread_of.as_ref(), own.map(|own| own.read));
    push_new_to(sql, filter.undelivered_of.as_ref(), own.map(|own| own.delivered));
}

/// Whether rows come with the keys of their conversations. Where they don't, all are of one kind.
fn has_keys(source: &Source) -> bool {
    !matches!(source, Source::Conversation(_) | Source::Thread(..))
}

fn push_times(sql: &mut QueryBuilder<Postgres>, filter: &Filter) {
    for (column, range) in
        [("m.sent_at", filter.sent), ("m.updated_at", filter.updated), ("m.edited_at", filter.edited)]
    {
        for (compare, bound) in [(" >= ", range.from), (" <= ", range.to)] {
            if let Some(bound) = bound {
                sql.push(" AND ").push(column).push(compare).push_bind(bound);
            }
        }
    }
    if filter.only_updates || filter.updated.is_given() {
        sql.push(" AND m.updated_at > m.sent_at");
    }
}

/// Keeps to interactive messages with which a user did what their sender wants. Without a goal there is none to reach.
fn push_goal(sql: &mut QueryBuilder<Postgres>, uid: Option<&String>) {
    let Some(uid) = uid else { return };
    // What is no list names no element.
    const ELEMENTS: &str = "json_array_elements_text(
         CASE json_typeof(m.data #> '{interactionGoal,elementIds}')
             WHEN 'array' THEN m.data #> '{interactionGoal,elementIds}' ELSE '[]'
         END)";
    let push_used = |sql: &mut QueryBuilder<Postgres>, but: &str| {
        sql.push(
            "(SELECT FROM interactions AS i WHERE i.app_id = m.app_id AND i.message_id = m.message_id AND i.uid = ",
        )
        .push_bind(uid.clone())
        .push(but)
        .push(")");
    };
    sql.push(" AND m.category = ").push_bind(MessageCategory::Interactive as i16);
    sql.push(" AND CASE m.data #>> '{interactionGoal,type}' WHEN 'anyAction' THEN EXISTS ");
    push_used(sql, "");
    sql.push(" WHEN 'allOf' THEN NOT EXISTS (SELECT FROM ").push(ELEMENTS).push(" AS e (id) WHERE NOT EXISTS ");
    push_used(sql, " AND i.element_id = e.id");
    sql.push(") WHEN 'none' THEN false ELSE EXISTS ");
    push_used(sql, &format!(" AND i.element_id IN (SELECT {ELEMENTS})"));
    sql.push(" END");
}

/// Keeps to what others wrote after a position of the reader's.
fn push_new_to(sql: &mut QueryBuilder<Postgres>, new_to: Option<&Unread>, own: Option<&'static str>) {
    let Some(new_to) = new_to else { return };
    sql.push(" AND m.counted AND m.sender_uid <> ").push_bind(new_to.uid.clone()).push(" AND m.sequence > ");
    match own {
        Some(boundary) => {
            sql.push(boundary);
        }
        None => {
            sql.push_bind(new_to.after_sequence);
        }
    }
}
