//! Reading the table `messages`.

use chrono::{DateTime, Utc};
use halley_contracts::messaging::v1::{MessageCategory, ModerationStatus};
use halley_model::ConversationKey;
use sqlx::{PgConnection, PgPool, Row as _, postgres::PgRow};

use crate::domain::{content, key, moderation, terms};

/// A message as stored.
#[derive(Debug, Clone)]
pub(crate) struct StoredMessage {
    pub conversation_id: i64,
    pub key: ConversationKey,
    /// Of a group or a user that was deleted; a new one of the same id has nothing to do with it.
    pub retired: bool,
    pub sequence: i64,
    pub message_id: i64,
    pub muid: String,
    pub sender_uid: String,
    pub category: MessageCategory,
    pub kind: String,
    pub data_json: String,
    pub tags: Vec<String>,
    pub parent_id: i64,
    pub reply_count: i32,
    pub quoted_message_id: i64,
    pub action_on_uid: String,
    pub sent_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub edited_at: Option<DateTime<Utc>>,
    pub edited_by: String,
    pub deleted_at: Option<DateTime<Utc>>,
    pub deleted_by: String,
    pub delivered_at: Option<DateTime<Utc>>,
    pub read_at: Option<DateTime<Utc>>,
    pub device_id: String,
    pub action_on_message_id: i64,
    /// Deleted for good: a place and nothing more.
    pub erased: bool,
    /// Reactions of all users together.
    pub reaction_total: i32,
    pub pinned_at: Option<DateTime<Utc>>,
    pub pinned_by: String,
    /// What was decided after somebody had reported it.
    pub moderation: ModerationStatus,
}

/// What [`StoredMessage::read`] reads, of a table named `m`, in its order.
macro_rules! columns {
    () => {
        "m.conversation_id, m.sequence, m.message_id, m.muid, m.sender_uid, m.category, m.type, m.data::text, m.tags, \
         m.parent_id, m.reply_count, m.quoted_message_id, m.action_on_uid, m.sent_at, m.updated_at, m.edited_at, \
         m.edited_by, m.deleted_at, m.deleted_by, m.delivered_at, m.read_at, m.device_id, m.action_on_message_id, \
         m.erased, m.reaction_total, m.pinned_at, m.pinned_by, m.moderation"
    };
}
pub(crate) use columns;

/// The place of the column after those: the stored key, where rows of several conversations come together.
pub(super) const KEY_COLUMN: usize = 28;

impl StoredMessage {
    /// Reads a row of [`columns`] whose conversation is known.
    pub(crate) fn read(row: &PgRow, key: &ConversationKey) -> Result<Self, sqlx::Error> {
        let category: i16 = row.try_get(5)?;
        Ok(Self {
            conversation_id: row.try_get(0)?,
            key: key.clone(),
            retired: false,
            sequence: row.try_get(1)?,
            message_id: row.try_get(2)?,
            muid: text(row, 3)?,
            sender_uid: row.try_get(4)?,
            category: MessageCategory::try_from(i32::from(category)).unwrap_or_default(),
            kind: row.try_get(6)?,
            data_json: row.try_get(7)?,
            tags: row.try_get(8)?,
            parent_id: row.try_get::<Option<i64>, _>(9)?.unwrap_or_default(),
            reply_count: row.try_get(10)?,
            quoted_message_id: row.try_get::<Option<i64>, _>(11)?.unwrap_or_default(),
            action_on_uid: text(row, 12)?,
            sent_at: row.try_get(13)?,
            updated_at: row.try_get(14)?,
            edited_at: row.try_get(15)?,
            edited_by: text(row, 16)?,
            deleted_at: row.try_get(17)?,
            deleted_by: text(row, 18)?,
            delivered_at: row.try_get(19)?,
            read_at: row.try_get(20)?,
            device_id: row.try_get(21)?,
            action_on_message_id: row.try_get::<Option<i64>, _>(22)?.unwrap_or_default(),
            erased: row.try_get(23)?,
            reaction_total: row.try_get(24)?,
            pinned_at: row.try_get(25)?,
            pinned_by: text(row, 26)?,
            moderation: moderation::status_of(row.try_get::<Option<i16>, _>(27)?.unwrap_or_default()),
        })
    }

    /// Reads a row of [`columns`] with its conversation's stored key behind them.
    pub(crate) fn read_with_key(row: &PgRow) -> Result<Self, sqlx::Error> {
        let stored: &str = row.try_get(KEY_COLUMN)?;
        let parsed = key::from_storage(stored)
            .ok_or_else(|| sqlx::Error::Decode(format!("`{stored}` is no conversation key").into()))?;
        Ok(Self { retired: stored.starts_with(key::RETIRED_PREFIX), ..Self::read(row, &parsed)? })
    }

    /// What it can be found by. What is deleted is found by nothing.
    pub(crate) fn terms(&self, app_id: &str) -> Option<String> {
        match self.deleted_at {
            Some(_) => None,
            None => terms::of(app_id, self.conversation_id, (self.category, &self.kind, &self.data_json)),
        }
    }

    /// Whom its text mentions, as far as it is shown.
    pub(crate) fn mentions(&self) -> Vec<String> {
        match self.deleted_at {
            Some(_) => Vec::new(),
            None => content::mentions_of(self.category, &self.kind, &self.data_json),
        }
    }

    /// To whom it went: the other user, or the group.
    pub(crate) fn receiver(&self) -> &str {
        self.key.counterpart(&self.sender_uid)
    }
}

fn text(row: &PgRow, column: usize) -> Result<String, sqlx::Error> {
    Ok(row.try_get::<Option<String>, _>(column)?.unwrap_or_default())
}

/// Messages by id, in no order; unknown ones are left out, ones deleted for good are not.
pub(crate) async fn list_by_ids(pool: &PgPool, app_id: &str, ids: &[i64]) -> Result<Vec<StoredMessage>, sqlx::Error> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        ", c.conversation_key
         FROM messages AS m
         JOIN conversations AS c ON c.app_id = m.app_id AND c.conversation_id = m.conversation_id
         WHERE m.app_id = $1 AND m.message_id = ANY($2)"
    ))
    .bind(app_id)
    .bind(ids)
    .fetch_all(pool)
    .await?;
    rows.iter().map(StoredMessage::read_with_key).collect()
}

/// The message of an id, unless it was deleted for good or its user, if one is named, has hidden it.
pub(crate) async fn find_message(
    pool: &PgPool,
    app_id: &str,
    id: i64,
    uid: Option<&str>,
) -> Result<Option<StoredMessage>, sqlx::Error> {
    let row = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        ", c.conversation_key
         FROM messages AS m
         JOIN conversations AS c ON c.app_id = m.app_id AND c.conversation_id = m.conversation_id
         LEFT JOIN participants AS p
             ON p.app_id = m.app_id AND p.uid = $3 AND p.conversation_id = m.conversation_id
         WHERE m.app_id = $1 AND m.message_id = $2 AND NOT m.erased
             AND m.sequence > COALESCE(p.hidden_before_sequence, 0)"
    ))
    .bind(app_id)
    .bind(id)
    .bind(uid)
    .fetch_optional(pool)
    .await?;
    row.as_ref().map(StoredMessage::read_with_key).transpose()
}

/// Messages that are to be changed, each with its app. Their conversations are locked, so what is read stays true.
pub(crate) async fn list_locked(
    connection: &mut PgConnection,
    messages: &[(&str, i64)],
) -> Result<Vec<(String, StoredMessage)>, sqlx::Error> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let (app_ids, ids): (Vec<&str>, Vec<i64>) = messages.iter().copied().unzip();
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        ", c.conversation_key, m.app_id
         FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::bigint[])) AS asked (app_id, message_id)
         JOIN messages AS m ON m.app_id = asked.app_id AND m.message_id = asked.message_id
         JOIN conversations AS c ON c.app_id = m.app_id AND c.conversation_id = m.conversation_id"
    ))
    .bind(app_ids)
    .bind(ids)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok((row.try_get(KEY_COLUMN + 1)?, StoredMessage::read_with_key(row)?))).collect()
}

/// When a message was updated last.
pub(crate) async fn find_updated_at(
    pool: &PgPool,
    app_id: &str,
    id: i64,
) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    sqlx::query_scalar("SELECT updated_at FROM messages WHERE app_id = $1 AND message_id = $2")
        .bind(app_id)
        .bind(id)
        .fetch_optional(pool)
        .await
}

/// A muid with whom it is of.
pub(crate) struct MuidOf<'a> {
    pub app_id: &'a str,
    pub muid: &'a str,
    pub sender_uid: &'a str,
}

/// The messages that hold one of the muids, each with the place of its muid in the list. A plain index probe for
/// each, in this order, whatever the planner knows: as the app is compared by its text alone, no index that begins with it
/// will do.
pub(crate) async fn find_by_muids(
    connection: &mut PgConnection,
    muids: &[MuidOf<'_>],
) -> Result<Vec<(usize, StoredMessage)>, sqlx::Error> {
    if muids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        ", c.conversation_key, asked.place
         FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS asked (app_id, muid, sender_uid, place)
         CROSS JOIN LATERAL (
             SELECT * FROM messages AS m
             WHERE m.muid = asked.muid AND m.sender_uid = asked.sender_uid AND m.app_id || '' = asked.app_id
             OFFSET 0
         ) AS m
         CROSS JOIN LATERAL (
             SELECT * FROM conversations AS c
             WHERE c.app_id = m.app_id AND c.conversation_id = m.conversation_id
             OFFSET 0
         ) AS c"
    ))
    .bind(muids.iter().map(|of| of.app_id).collect::<Vec<_>>())
    .bind(muids.iter().map(|of| of.muid).collect::<Vec<_>>())
    .bind(muids.iter().map(|of| of.sender_uid).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let place: i64 = row.try_get(KEY_COLUMN + 1)?;
            let place = usize::try_from(place - 1).map_err(|error| sqlx::Error::Decode(error.into()))?;
            Ok((place, StoredMessage::read_with_key(row)?))
        })
        .collect()
}
