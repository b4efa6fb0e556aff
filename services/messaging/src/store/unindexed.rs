//! Messages that were stored before there was an index of what they are found by.

use sqlx::PgConnection;

use super::{
    changes::mention_rows,
    mentions,
    messages::{KEY_COLUMN, StoredMessage, columns},
};

/// Indexes some messages that are not, and answers how many they were. Those that others hold are passed over: who changes a
/// message indexes it, too.
pub(crate) async fn index_some(connection: &mut PgConnection, limit: i64) -> Result<usize, sqlx::Error> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        ", c.conversation_key, m.app_id
         FROM messages AS m
         JOIN conversations AS c ON c.app_id = m.app_id AND c.conversation_id = m.conversation_id
         WHERE NOT m.indexed
         ORDER BY m.app_id, m.message_id
         LIMIT $1
         FOR UPDATE OF m SKIP LOCKED"
    ))
    .bind(limit)
    .fetch_all(&mut *connection)
    .await?;
    let mut found: Vec<(String, StoredMessage)> = Vec::with_capacity(rows.len());
    for row in &rows {
        found.push((sqlx::Row::try_get(row, KEY_COLUMN + 1)?, StoredMessage::read_with_key(row)?));
    }
    let messages: Vec<(&str, &StoredMessage)> = found.iter().map(|(app_id, row)| (app_id.as_str(), row)).collect();
    sqlx::query(
        "UPDATE messages
         SET terms = message_terms(found.terms, found.message_id), indexed = true
         FROM unnest($1::text[], $2::bigint[], $3::text[]) AS found (app_id, message_id, terms)
         WHERE messages.app_id = found.app_id AND messages.message_id = found.message_id",
    )
    .bind(messages.iter().map(|(app_id, _)| *app_id).collect::<Vec<_>>())
    .bind(messages.iter().map(|(_, row)| row.message_id).collect::<Vec<_>>())
    .bind(messages.iter().map(|(app_id, row)| row.terms(app_id)).collect::<Vec<_>>())
    .execute(&mut *connection)
    .await?;
    let places: Vec<_> = messages.iter().map(|(app_id, row)| (*app_id, row.conversation_id, row.sequence)).collect();
    mentions::replace(connection, &places, mention_rows(&messages)).await?;
    Ok(found.len())
}
