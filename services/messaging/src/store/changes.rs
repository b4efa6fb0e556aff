//! Writing what edits and deletions made of messages. Their conversations are locked. What is deleted is pinned no more.

use sqlx::PgConnection;

use super::{
    array_literal,
    mentions::{self, MentionRows},
    messages::StoredMessage,
    some_text,
};
use crate::domain::counting::is_counted;

/// Writes changed messages, each once, with one statement; what was deleted for good loses all that hangs on it.
pub(crate) async fn write(
    connection: &mut PgConnection,
    changed: &[(&str, &StoredMessage)],
) -> Result<(), sqlx::Error> {
    if changed.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE messages
         SET data = changed.data::json,
             tags = changed.tags::text[],
             updated_at = changed.updated_at,
             edited_at = changed.edited_at,
             edited_by = changed.edited_by,
             deleted_at = changed.deleted_at,
             deleted_by = changed.deleted_by,
             erased = changed.erased,
             quoted_message_id = CASE WHEN changed.erased THEN NULL ELSE messages.quoted_message_id END,
             pinned_at = CASE WHEN changed.deleted_at IS NULL THEN messages.pinned_at END,
             pinned_by = CASE WHEN changed.deleted_at IS NULL THEN messages.pinned_by END,
             terms = message_terms(changed.terms, changed.message_id),
             indexed = true,
             reaction_total = CASE WHEN changed.erased THEN 0 ELSE messages.reaction_total END
         FROM unnest(
             $1::text[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::text[],
             $8::timestamptz[], $9::text[], $10::boolean[], $11::text[]
         ) AS changed (
             app_id, message_id, data, tags, updated_at, edited_at, edited_by, deleted_at, deleted_by, erased, terms
         )
         WHERE messages.app_id = changed.app_id AND messages.message_id = changed.message_id",
    )
    .bind(all(changed, |(app_id, _)| *app_id))
    .bind(all(changed, |(_, row)| row.message_id))
    .bind(all(changed, |(_, row)| row.data_json.as_str()))
    .bind(all(changed, |(_, row)| array_literal(&row.tags)))
    .bind(all(changed, |(_, row)| row.updated_at))
    .bind(all(changed, |(_, row)| row.edited_at))
    .bind(all(changed, |(_, row)| some_text(&row.edited_by)))
    .bind(all(changed, |(_, row)| row.deleted_at))
    .bind(all(changed, |(_, row)| some_text(&row.deleted_by)))
    .bind(all(changed, |(_, row)| row.erased))
    .bind(all(changed, |(app_id, row)| row.terms(app_id)))
    .execute(&mut *connection)
    .await?;
    let places: Vec<_> = changed.iter().map(|(app_id, row)| (*app_id, row.conversation_id, row.sequence)).collect();
    mentions::replace(connection, &places, mention_rows(changed)).await?;
    let erased: Vec<_> = changed.iter().filter(|(_, row)| row.erased).copied().collect();
    delete_what_hangs_on(connection, &erased).await
}

/// Who is mentioned in what is there and raises the unread count.
pub(crate) fn mention_rows(messages: &[(&str, &StoredMessage)]) -> MentionRows {
    let mut rows = MentionRows::default();
    for (app_id, row) in messages {
        if is_counted(row.category, row.parent_id, &row.data_json) {
            rows.add(app_id, (row.conversation_id, row.sequence), &row.sender_uid, row.mentions());
        }
    }
    rows
}

async fn delete_what_hangs_on(
    connection: &mut PgConnection,
    erased: &[(&str, &StoredMessage)],
) -> Result<(), sqlx::Error> {
    if erased.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "WITH erased AS (
             SELECT app_id, message_id FROM unnest($1::text[], $2::bigint[]) AS given (app_id, message_id)
         ), saved AS (
             DELETE FROM saves USING erased
             WHERE saves.app_id = erased.app_id AND saves.message_id = erased.message_id
         ), interacted AS (
             DELETE FROM interactions USING erased
             WHERE interactions.app_id = erased.app_id AND interactions.message_id = erased.message_id
         ), threaded AS (
             DELETE FROM threads USING erased
             WHERE threads.app_id = erased.app_id AND threads.parent_id = erased.message_id
         ), members AS (
             DELETE FROM thread_members USING erased
             WHERE thread_members.app_id = erased.app_id AND thread_members.parent_id = erased.message_id
         ), counts AS (
             DELETE FROM reaction_counts USING erased
             WHERE reaction_counts.app_id = erased.app_id AND reaction_counts.message_id = erased.message_id
         )
         DELETE FROM reactions USING erased
         WHERE reactions.app_id = erased.app_id AND reactions.message_id = erased.message_id",
    )
    .bind(all(erased, |(app_id, _)| *app_id))
    .bind(all(erased, |(_, row)| row.message_id))
    .execute(connection)
    .await?;
    Ok(())
}

/// One column of all rows.
fn all<'a, T>(
    changed: &'a [(&'a str, &'a StoredMessage)],
    column: impl Fn(&'a (&'a str, &'a StoredMessage)) -> T,
) -> Vec<T> {
    changed.iter().map(column).collect()
}
