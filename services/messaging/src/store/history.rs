//! Pages of messages.

use chrono::{DateTime, Utc};
use halley_contracts::messaging::v1::{MessageCategory, ModerationStatus};
use halley_model::ConversationKey;
use sqlx::{PgPool, Postgres, QueryBuilder};

use super::messages::{StoredMessage, columns};

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
    pub search_key: String,
    pub sent_from: Option<DateTime<Utc>>,
    pub sent_to: Option<DateTime<Utc>>,
    pub has_attachments: bool,
    pub has_reactions: bool,
    pub pinned: bool,
    /// Only messages of these ids: few.
    pub ids: Option<Vec<i64>>,
    /// Also places of what was deleted for good.
    pub with_erased: bool,
    /// Of others, counted, and after the reader's position.
    pub unread_of: Option<Unread>,
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

/// Lists messages from the cursor on, in the direction asked for, one more than the limit if there are more.
pub(crate) async fn list_messages(pool: &PgPool, query: &HistoryQuery) -> Result<Vec<StoredMessage>, sqlx::Error> {
    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(columns!());
    match &query.source {
        Source::OfUser { uid, direct_only } => push_of_user(&mut sql, query, uid, *direct_only),
        _ => push_plain(&mut sql, query),
    }
    push_order(&mut sql, query);
    let rows = sql.build().fetch_all(pool).await?;
    match &query.source {
        Source::Conversation(key) | Source::Thread(_, key) => {
            rows.iter().map(|row| StoredMessage::read(row, key)).collect()
        }
        _ => rows.iter().map(StoredMessage::read_with_key).collect(),
    }
}

fn push_plain(sql: &mut QueryBuilder<Postgres>, query: &HistoryQuery) {
    const WITH_KEY: &str = ", c.conversation_key FROM messages AS m
        JOIN conversations AS c ON c.app_id = m.app_id AND c.conversation_id = m.conversation_id";
    match &query.source {
        Source::Conversation(key) => {
            sql.push(" FROM messages AS m WHERE m.app_id = ")
                .push_bind(query.app_id.clone())
                .push(" AND m.conversation_id = (SELECT conversation_id FROM conversations WHERE app_id = ")
                .push_bind(query.app_id.clone())
                .push(" AND conversation_key = ")
                .push_bind(key.storage())
                .push(")");
        }
        Source::Thread(parent_id, _) => {
            sql.push(" FROM messages AS m WHERE m.app_id = ")
                .push_bind(query.app_id.clone())
                .push(" AND m.parent_id = ")
                .push_bind(*parent_id);
        }
        Source::Conversations(ids) => {
            sql.push(WITH_KEY)
                .push(" WHERE m.app_id = ")
                .push_bind(query.app_id.clone())
                .push(" AND m.conversation_id = ANY(")
                .push_bind(ids.clone())
                .push(")");
        }
        Source::App | Source::OfUser { .. } => {
            sql.push(WITH_KEY).push(" WHERE m.app_id = ").push_bind(query.app_id.clone());
        }
    }
    push_hidden(sql, query);
    push_cursor(sql, query);
    push_filter(sql, &query.filter, None);
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
            sql.push("(SELECT conversation_id FROM conversations WHERE app_id = ")
                .push_bind(query.app_id.clone())
                .push(" AND conversation_key = ")
                .push_bind(key.storage())
                .push(")");
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

/// Takes the first rows of each conversation and then the first of them all: a user's conversations are few, an app's
/// messages are many.
fn push_of_user(sql: &mut QueryBuilder<Postgres>, query: &HistoryQuery, uid: &str, direct_only: bool) {
    sql.push(
        ", c.conversation_key FROM participants AS p
         JOIN conversations AS c ON c.app_id = p.app_id AND c.conversation_id = p.conversation_id
         CROSS JOIN LATERAL (
             SELECT m.* FROM messages AS m WHERE m.app_id = p.app_id AND m.conversation_id = p.conversation_id",
    );
    if let Some(uid) = &query.hidden_from {
        sql.push(" AND m.sequence > p.hidden_before_sequence");
        push_disapproved(sql, query, uid);
    }
    push_cursor(sql, query);
    push_filter(
        sql,
        &query.filter,
        Some("COALESCE(p.unread_sequence, GREATEST(p.read_sequence, p.joined_sequence, c.history_sequence))"),
    );
    push_order(sql, query);
    sql.push(") AS m WHERE p.left_at IS NULL AND p.app_id = ")
        .push_bind(query.app_id.clone())
        .push(" AND p.uid = ")
        .push_bind(uid.to_owned());
    if direct_only {
        sql.push(" AND c.conversation_key LIKE 'u:%'");
    }
    if query.forward
        && let Cursor::Id(id) = query.cursor
    {
        sql.push(" AND c.last_message_id > ").push_bind(id);
    }
}

fn push_cursor(sql: &mut QueryBuilder<Postgres>, query: &HistoryQuery) {
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

fn push_order(sql: &mut QueryBuilder<Postgres>, query: &HistoryQuery) {
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
    sql.push(direction).push(" LIMIT ").push_bind(query.limit + 1);
}

fn push_filter(sql: &mut QueryBuilder<Postgres>, filter: &Filter, own_boundary: Option<&'static str>) {
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
    if !filter.search_key.is_empty() {
        sql.push(" AND m.deleted_at IS NULL AND m.data ->> 'text' ILIKE ").push_bind(like(&filter.search_key));
    }
    if let Some(from) = filter.sent_from {
        sql.push(" AND m.sent_at >= ").push_bind(from);
    }
    if let Some(to) = filter.sent_to {
        sql.push(" AND m.sent_at <= ").push_bind(to);
    }
    if filter.has_attachments {
        sql.push(
            " AND CASE WHEN json_typeof(m.data -> 'attachments') = 'array'
                  THEN json_array_length(m.data -> 'attachments') > 0 ELSE false END",
        );
    }
    if let Some(unread) = &filter.unread_of {
        sql.push(" AND m.counted AND m.sender_uid <> ").push_bind(unread.uid.clone()).push(" AND m.sequence > ");
        match own_boundary {
            Some(boundary) => {
                sql.push(boundary);
            }
            None => {
                sql.push_bind(unread.after_sequence);
            }
        }
    }
}

/// A pattern that finds the text itself anywhere.
fn like(text: &str) -> String {
    format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_a_pattern_stand_for_themselves() {
        assert_eq!(like(r"50%_\"), r"%50\%\_\\%");
    }
}
