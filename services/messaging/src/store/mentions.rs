//! The table `mentions`.

use sqlx::PgConnection;

/// Rows of the table, column by column.
#[derive(Debug, Default)]
pub(crate) struct MentionRows {
    pub app_ids: Vec<String>,
    pub conversation_ids: Vec<i64>,
    pub sequences: Vec<i64>,
    pub uids: Vec<String>,
}

impl MentionRows {
    /// Adds whom a message at that place mentions. Who mentions themselves has nothing to read.
    pub(crate) fn add(&mut self, app_id: &str, place: (i64, i64), sender_uid: &str, uids: Vec<String>) {
        for uid in uids.into_iter().filter(|uid| uid != sender_uid) {
            self.app_ids.push(app_id.to_owned());
            self.conversation_ids.push(place.0);
            self.sequences.push(place.1);
            self.uids.push(uid);
        }
    }
}

/// Puts the rows in the place of those that the messages, given by app, conversation and sequence, had.
pub(crate) async fn replace(
    connection: &mut PgConnection,
    messages: &[(&str, i64, i64)],
    rows: MentionRows,
) -> Result<(), sqlx::Error> {
    // Both parts see the rows as they were: what is told again is left, and what is told no more goes.
    sqlx::query(
        "WITH told AS (
             SELECT * FROM unnest($4::text[], $5::bigint[], $6::bigint[], $7::text[])
                 AS told (app_id, conversation_id, sequence, uid)
         ), gone AS (
             DELETE FROM mentions
             USING unnest($1::text[], $2::bigint[], $3::bigint[]) AS changed (app_id, conversation_id, sequence)
             WHERE mentions.app_id = changed.app_id AND mentions.conversation_id = changed.conversation_id
                 AND mentions.sequence = changed.sequence
                 AND NOT EXISTS (
                     SELECT FROM told
                     WHERE told.app_id = mentions.app_id AND told.conversation_id = mentions.conversation_id
                         AND told.sequence = mentions.sequence AND told.uid = mentions.uid
                 )
         )
         INSERT INTO mentions (app_id, conversation_id, sequence, uid)
         SELECT app_id, conversation_id, sequence, uid FROM told
         ON CONFLICT DO NOTHING",
    )
    .bind(messages.iter().map(|message| message.0).collect::<Vec<_>>())
    .bind(messages.iter().map(|message| message.1).collect::<Vec<_>>())
    .bind(messages.iter().map(|message| message.2).collect::<Vec<_>>())
    .bind(rows.app_ids)
    .bind(rows.conversation_ids)
    .bind(rows.sequences)
    .bind(rows.uids)
    .execute(connection)
    .await?;
    Ok(())
}
