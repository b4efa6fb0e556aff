//! Writing messages: one statement for a whole batch.

use chrono::{DateTime, Utc};
use halley_contracts::messaging::v1::Message;
use sqlx::PgConnection;

use super::{array_literal, mentions::MentionRows, some_text};
use crate::domain::{content, terms};

/// A message with its place.
pub(crate) struct Row<'a> {
    pub app_id: &'a str,
    pub conversation_id: i64,
    pub sequence: i64,
    /// 0: a new one is drawn.
    pub message_id: i64,
    pub message: &'a Message,
    pub counted: bool,
    /// Whether it becomes the conversation's last message.
    pub news: bool,
    /// The messages up to this one that raise the unread count.
    pub counted_position: i64,
    pub sent_at: DateTime<Utc>,
    pub delivered_at: Option<DateTime<Utc>>,
    pub read_at: Option<DateTime<Utc>>,
}

/// What an insertion gave: a conversation, a sequence number in it, the new id.
pub(crate) type Inserted = (i64, i64, i64);

/// Messages, what they move on in their conversations, and whom they mention. The inner query is sorted and not merged into
/// the outer ones, so that ids are drawn in its order.
const INSERT: &str = "WITH inserted AS (
         INSERT INTO messages (
             app_id, conversation_id, sequence, message_id, sender_uid, category, type, data, muid, tags, parent_id,
             quoted_message_id, action_on_uid, counted, counted_position, sent_at, updated_at, delivered_at,
             read_at, device_id, action_on_message_id, terms, indexed
         )
         SELECT
             row.app_id, row.conversation_id, row.sequence, row.id, row.sender_uid, row.category, row.type,
             row.data::json, row.muid, row.tags::text[], row.parent_id, row.quoted_message_id,
             row.action_on_uid, row.counted, row.counted_position, row.sent_at, row.sent_at, row.delivered_at,
             row.read_at, row.device_id, row.action_on_message_id, message_terms(row.terms, row.id), true
         FROM (
             SELECT *, COALESCE(NULLIF(sorted.message_id, 0), nextval('message_ids')) AS id
             FROM (
                 SELECT *
                 FROM unnest(
                     $1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::smallint[], $6::text[], $7::text[],
                     $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::text[], $13::boolean[], $14::bigint[],
                     $15::timestamptz[], $16::timestamptz[], $17::timestamptz[], $18::text[], $19::bigint[],
                     $20::bigint[], $22::text[]
                 ) WITH ORDINALITY AS given (
                     app_id, conversation_id, sequence, sender_uid, category, type, data, muid, tags, parent_id,
                     quoted_message_id, action_on_uid, counted, counted_position, sent_at, delivered_at, read_at,
                     device_id, message_id, action_on_message_id, terms, place
                 )
                 ORDER BY given.place
             ) AS sorted
         ) AS row
         RETURNING app_id, conversation_id, sequence, message_id, counted, sent_at
     ), told AS (
         SELECT inserted.*, NOT EXISTS (
             SELECT
             FROM unnest($27::bigint[], $28::bigint[]) AS quiet (conversation_id, sequence)
             WHERE quiet.conversation_id = inserted.conversation_id AND quiet.sequence = inserted.sequence
         ) AS is_news
         FROM inserted
     ), latest AS (
         SELECT app_id, conversation_id, max(sequence) AS sequence, max(message_id) AS message_id,
             count(*) FILTER (WHERE counted) AS counted,
             max(sequence) FILTER (WHERE is_news) AS news_sequence,
             max(message_id) FILTER (WHERE is_news) AS news_message_id,
             max(sent_at) FILTER (WHERE is_news) AS news_sent_at
         FROM told
         GROUP BY app_id, conversation_id
     ), moved AS (
         UPDATE conversations
         SET changed = pg_current_xact_id(),
             last_sequence = latest.sequence,
             last_message_id = latest.message_id,
             last_message_at = GREATEST(conversations.last_message_at, latest.news_sent_at),
             preview_sequence = COALESCE(latest.news_sequence, conversations.preview_sequence),
             preview_message_id = COALESCE(latest.news_message_id, conversations.preview_message_id),
             counted_total = conversations.counted_total + latest.counted,
             history_sequence = CASE WHEN $21 THEN latest.sequence ELSE conversations.history_sequence END
         FROM latest
         WHERE conversations.app_id = latest.app_id AND conversations.conversation_id = latest.conversation_id
     ), mentioned AS (
         INSERT INTO mentions (app_id, conversation_id, sequence, uid)
         SELECT * FROM unnest($23::text[], $24::bigint[], $25::bigint[], $26::text[])
     )
     SELECT conversation_id, sequence, message_id FROM inserted";

/// Writes messages of locked conversations and moves those conversations on. Ids are given in the order of the rows,
/// which is that of sequence numbers. With `imported`, what is there counts as read.
pub(crate) async fn insert_messages(
    connection: &mut PgConnection,
    rows: &[Row<'_>],
    imported: bool,
) -> Result<Vec<Inserted>, sqlx::Error> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mentions = mentions(rows);
    sqlx::query_as(INSERT)
        .bind(all(rows, |row| row.app_id))
        .bind(all(rows, |row| row.conversation_id))
        .bind(all(rows, |row| row.sequence))
        .bind(all(rows, |row| row.message.sender_uid.as_str()))
        .bind(all(rows, |row| i16::try_from(row.message.category).unwrap_or_default()))
        .bind(all(rows, |row| row.message.r#type.as_str()))
        .bind(all(rows, |row| row.message.data_json.as_str()))
        .bind(all(rows, |row| some_text(&row.message.muid)))
        .bind(all(rows, |row| array_literal(&row.message.tags)))
        .bind(all(rows, |row| some_id(row.message.parent_id)))
        .bind(all(rows, |row| some_id(row.message.quoted_message_id)))
        .bind(all(rows, |row| row.message.action_on.as_ref().map(|user| user.uid.as_str())))
        .bind(all(rows, |row| row.counted))
        .bind(all(rows, |row| row.counted_position))
        .bind(all(rows, |row| row.sent_at))
        .bind(all(rows, |row| row.delivered_at))
        .bind(all(rows, |row| row.read_at))
        .bind(all(rows, |row| row.message.device_id.as_str()))
        .bind(all(rows, |row| row.message_id))
        .bind(all(rows, |row| row.message.action_on_message.as_ref().map(|message| message.id)))
        .bind(imported)
        .bind(all(rows, terms_of))
        .bind(mentions.app_ids)
        .bind(mentions.conversation_ids)
        .bind(mentions.sequences)
        .bind(mentions.uids)
        .bind(quiet(rows, |row| row.conversation_id))
        .bind(quiet(rows, |row| row.sequence))
        .fetch_all(connection)
        .await
}

/// One column of all rows.
fn all<'a, T>(rows: &'a [Row<'a>], column: impl Fn(&'a Row<'a>) -> T) -> Vec<T> {
    rows.iter().map(column).collect()
}

/// One column of the rows that are no news: mostly none.
fn quiet<'a, T>(rows: &'a [Row<'a>], column: impl Fn(&'a Row<'a>) -> T) -> Vec<T> {
    rows.iter().filter(|row| !row.news).map(column).collect()
}

fn terms_of(row: &Row<'_>) -> Option<String> {
    let message = row.message;
    terms::of(row.app_id, row.conversation_id, (message.category(), &message.r#type, &message.data_json))
}

/// Who is mentioned in messages that raise the unread count.
fn mentions(rows: &[Row<'_>]) -> MentionRows {
    let mut mentions = MentionRows::default();
    for row in rows.iter().filter(|row| row.counted) {
        let message = row.message;
        let uids = content::mentions_of(message.category(), &message.r#type, &message.data_json);
        mentions.add(row.app_id, (row.conversation_id, row.sequence), &message.sender_uid, uids);
    }
    mentions
}

fn some_id(id: i64) -> Option<i64> {
    (id != 0).then_some(id)
}
