//! The tables `calls` and `call_participants`. Who changes a call holds the lock of its conversation.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use halley_contracts::messaging::v1::{CallStatus, CallType, ParticipantState, ReceiverType};
use halley_model::ConversationKey;
use sqlx::{PgConnection, PgPool, Postgres, QueryBuilder, Row as _, postgres::PgRow};

use crate::domain::call::StoredCall;

/// Participants that are shown of a call.
const SHOWN_MAX: i64 = 50;

/// What [`read`] reads, of a table named `c`, in its order.
macro_rules! columns {
    () => {
        "c.session_id, c.conversation_id, c.receiver_type, c.initiator_uid, c.receiver, c.type, c.status, \
     c.message_id, c.initiated_at, c.started_at, c.ended_at, c.participant_count, c.seconds"
    };
}

/// A user's place in a call.
#[derive(Debug, Clone)]
pub(crate) struct StoredParticipant {
    pub uid: String,
    pub state: ParticipantState,
    pub device_id: String,
    pub joined_at: Option<DateTime<Utc>>,
    pub left_at: Option<DateTime<Utc>>,
    pub seconds: i64,
}

fn read(row: &PgRow) -> Result<StoredCall, sqlx::Error> {
    let (receiver_type, kind, status): (i16, i16, i16) = (row.try_get(2)?, row.try_get(5)?, row.try_get(6)?);
    let (initiator_uid, receiver): (String, String) = (row.try_get(3)?, row.try_get(4)?);
    let key = match ReceiverType::try_from(i32::from(receiver_type)) {
        Ok(ReceiverType::Group) => ConversationKey::group(&receiver),
        _ => ConversationKey::direct(&initiator_uid, &receiver),
    };
    Ok(StoredCall {
        session_id: row.try_get(0)?,
        conversation_id: row.try_get(1)?,
        key,
        kind: CallType::try_from(i32::from(kind)).unwrap_or_default(),
        status: CallStatus::try_from(i32::from(status)).unwrap_or_default(),
        initiator_uid,
        receiver,
        message_id: row.try_get(7)?,
        initiated_at: row.try_get(8)?,
        started_at: row.try_get(9)?,
        ended_at: row.try_get(10)?,
        participant_count: row.try_get(11)?,
        seconds: row.try_get(12)?,
    })
}

fn read_participant(row: &PgRow) -> Result<StoredParticipant, sqlx::Error> {
    let state: i16 = row.try_get(1)?;
    Ok(StoredParticipant {
        uid: row.try_get(0)?,
        state: ParticipantState::try_from(i32::from(state)).unwrap_or_default(),
        device_id: row.try_get(2)?,
        joined_at: row.try_get(3)?,
        left_at: row.try_get(4)?,
        seconds: row.try_get(5)?,
    })
}

/// Keeps others from starting and joining calls as these users until the transaction ends: being busy is nobody's row.
/// Before any conversation is locked, and in one order whoever asks.
pub(crate) async fn lock_users(connection: &mut PgConnection, app_id: &str, uids: &[&str]) -> Result<(), sqlx::Error> {
    let mut keys: Vec<String> = uids.iter().map(|uid| format!("call:{app_id}:{uid}")).collect();
    keys.sort_unstable();
    keys.dedup();
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended(key, 0)) FROM unnest($1::text[]) AS key")
        .bind(keys)
        .execute(connection)
        .await?;
    Ok(())
}

/// The call of a session.
pub(crate) async fn find_call(
    connection: &mut PgConnection,
    app_id: &str,
    session_id: &str,
) -> Result<Option<StoredCall>, sqlx::Error> {
    let row = sqlx::query(concat!("SELECT ", columns!(), " FROM calls AS c WHERE c.app_id = $1 AND c.session_id = $2"))
        .bind(app_id)
        .bind(session_id)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(read).transpose()
}

/// Who of these users is in a call that was answered and began after `since`, apart from one session.
pub(crate) async fn list_busy(
    connection: &mut PgConnection,
    app_id: &str,
    uids: &[&str],
    since: DateTime<Utc>,
    but_session_id: &str,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT DISTINCT p.uid
         FROM call_participants AS p
         JOIN calls AS c ON c.app_id = p.app_id AND c.session_id = p.session_id
         WHERE p.app_id = $1 AND p.uid = ANY($2) AND p.state = 2
             AND c.status = 2 AND c.initiated_at > $3 AND c.session_id <> $4",
    )
    .bind(app_id)
    .bind(uids)
    .bind(since)
    .bind(but_session_id)
    .fetch_all(connection)
    .await
}

/// Whether a conversation has a call that was answered and began after `since`.
pub(crate) async fn has_ongoing(
    connection: &mut PgConnection,
    app_id: &str,
    conversation_id: i64,
    since: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (
             SELECT FROM calls
             WHERE app_id = $1 AND conversation_id = $2 AND status <= 2 AND status = 2 AND initiated_at > $3
         )",
    )
    .bind(app_id)
    .bind(conversation_id)
    .bind(since)
    .fetch_one(connection)
    .await
}

/// Stores a call that has just begun.
pub(crate) async fn insert_call(
    connection: &mut PgConnection,
    app_id: &str,
    call: &StoredCall,
) -> Result<(), sqlx::Error> {
    let receiver_type = match call.key {
        ConversationKey::Group(_) => ReceiverType::Group,
        ConversationKey::Direct(..) => ReceiverType::User,
    };
    sqlx::query(
        "INSERT INTO calls (app_id, session_id, conversation_id, receiver_type, initiator_uid, receiver, type, status,
             message_id, initiated_at, participant_count)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(app_id)
    .bind(&call.session_id)
    .bind(call.conversation_id)
    .bind(receiver_type as i16)
    .bind(&call.initiator_uid)
    .bind(&call.receiver)
    .bind(call.kind as i16)
    .bind(call.status as i16)
    .bind(call.message_id)
    .bind(call.initiated_at)
    .bind(call.participant_count)
    .execute(connection)
    .await?;
    Ok(())
}

/// A user's place in a call, and how many others are in it.
pub(crate) async fn find_standing(
    connection: &mut PgConnection,
    app_id: &str,
    session_id: &str,
    uid: &str,
) -> Result<(Option<StoredParticipant>, i64), sqlx::Error> {
    let row = sqlx::query(
        "SELECT uid, state, device_id, joined_at, left_at, seconds FROM call_participants
         WHERE app_id = $1 AND session_id = $2 AND uid = $3",
    )
    .bind(app_id)
    .bind(session_id)
    .bind(uid)
    .fetch_optional(&mut *connection)
    .await?;
    let others_in = sqlx::query_scalar(
        "SELECT count(*) FROM call_participants WHERE app_id = $1 AND session_id = $2 AND uid <> $3 AND state = 2",
    )
    .bind(app_id)
    .bind(session_id)
    .bind(uid)
    .fetch_one(connection)
    .await?;
    Ok((row.as_ref().map(read_participant).transpose()?, others_in))
}

/// Puts a user into a place in a call: `None` for the times leaves them empty. Seconds stay.
pub(crate) async fn put_participant(
    connection: &mut PgConnection,
    app_id: &str,
    call: &StoredCall,
    participant: &StoredParticipant,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO call_participants AS p
             (app_id, session_id, uid, state, device_id, joined_at, left_at, initiated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (app_id, session_id, uid) DO UPDATE
         SET state = EXCLUDED.state,
             device_id = EXCLUDED.device_id,
             joined_at = EXCLUDED.joined_at,
             left_at = EXCLUDED.left_at",
    )
    .bind(app_id)
    .bind(&call.session_id)
    .bind(&participant.uid)
    .bind(participant.state as i16)
    .bind(&participant.device_id)
    .bind(participant.joined_at)
    .bind(participant.left_at)
    .bind(call.initiated_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes users out of a call that was answered and counts their time in it: one user, or everybody.
pub(crate) async fn leave(
    connection: &mut PgConnection,
    app_id: &str,
    call: &StoredCall,
    uid: Option<&str>,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE call_participants
         SET state = 4,
             left_at = $5,
             seconds = seconds + GREATEST(0, floor(extract(epoch FROM $5 - GREATEST(joined_at, $4)))::bigint)
         WHERE app_id = $1 AND session_id = $2 AND ($3::text IS NULL OR uid = $3) AND state = 2",
    )
    .bind(app_id)
    .bind(&call.session_id)
    .bind(uid)
    .bind(call.started_at)
    .bind(at)
    .execute(connection)
    .await?;
    Ok(())
}

/// Says of those who are in a call that nobody answered that it was not answered.
pub(crate) async fn give_up(
    connection: &mut PgConnection,
    app_id: &str,
    session_id: &str,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE call_participants SET state = 1, left_at = $3 WHERE app_id = $1 AND session_id = $2 AND state = 2",
    )
    .bind(app_id)
    .bind(session_id)
    .bind(at)
    .execute(connection)
    .await?;
    Ok(())
}

/// Stores a call's status and times, and what its participants come to.
pub(crate) async fn update_call(
    connection: &mut PgConnection,
    app_id: &str,
    call: &StoredCall,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE calls AS c
         SET status = $3,
             started_at = $4,
             ended_at = $5,
             participant_count = p.joined,
             seconds = p.seconds
         FROM (
             SELECT count(*) FILTER (WHERE joined_at IS NOT NULL)::integer AS joined,
                 COALESCE(sum(seconds), 0)::bigint AS seconds
             FROM call_participants
             WHERE app_id = $1 AND session_id = $2
         ) AS p
         WHERE c.app_id = $1 AND c.session_id = $2",
    )
    .bind(app_id)
    .bind(&call.session_id)
    .bind(call.status as i16)
    .bind(call.started_at)
    .bind(call.ended_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends calls that began before `before`, at most so many; they are over at `max` after their beginning. Answers how many.
pub(crate) async fn end_stale(
    connection: &mut PgConnection,
    before: DateTime<Utc>,
    max: chrono::TimeDelta,
    limit: i64,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "WITH stale AS (
             SELECT app_id, session_id, started_at, initiated_at + $2 AS over_at
             FROM calls
             WHERE status <= 2 AND initiated_at < $1
             ORDER BY initiated_at
             LIMIT $3
             FOR UPDATE SKIP LOCKED
         ), left_behind AS (
             UPDATE call_participants AS p
             SET state = CASE WHEN stale.started_at IS NULL THEN 1 ELSE 4 END,
                 left_at = stale.over_at,
                 seconds = p.seconds + CASE WHEN stale.started_at IS NULL THEN 0 ELSE
                     GREATEST(0, floor(extract(epoch FROM stale.over_at - GREATEST(p.joined_at, stale.started_at))))
                 END::bigint
             FROM stale
             WHERE p.app_id = stale.app_id AND p.session_id = stale.session_id AND p.state = 2
             RETURNING p.app_id, p.session_id,
                 CASE WHEN stale.started_at IS NULL THEN 0 ELSE
                     GREATEST(0, floor(extract(epoch FROM stale.over_at - GREATEST(p.joined_at, stale.started_at))))
                 END::bigint AS more
         )
         UPDATE calls AS c
         SET status = CASE WHEN stale.started_at IS NULL THEN 6 ELSE 7 END,
             ended_at = stale.over_at,
             seconds = c.seconds + COALESCE((
                 SELECT sum(more) FROM left_behind
                 WHERE left_behind.app_id = c.app_id AND left_behind.session_id = c.session_id
             ), 0)::bigint
         FROM stale
         WHERE c.app_id = stale.app_id AND c.session_id = stale.session_id",
    )
    .bind(before)
    .bind(max)
    .bind(limit)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Which calls are wanted; `None` and empty are all.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallFilter {
    pub app_id: String,
    /// In which each of these has a part.
    pub uids: Vec<String>,
    pub kind: Option<CallType>,
    pub statuses: Vec<CallStatus>,
    pub receiver_type: Option<ReceiverType>,
    pub participant_count: Option<i32>,
    pub started_from: Option<DateTime<Utc>>,
    pub started_to: Option<DateTime<Utc>>,
    pub ended_from: Option<DateTime<Utc>>,
    pub ended_to: Option<DateTime<Utc>>,
}

/// The matching calls, newest first.
pub(crate) async fn list_calls(
    pool: &PgPool,
    filter: &CallFilter,
    limit: i64,
    offset: i64,
) -> Result<Vec<StoredCall>, sqlx::Error> {
    let mut query = QueryBuilder::new(concat!("SELECT ", columns!()));
    push_from(&mut query, filter);
    let by = if filter.uids.is_empty() { "c" } else { "p0" };
    query.push(format!(" ORDER BY {by}.initiated_at DESC, c.session_id DESC LIMIT "));
    query.push_bind(limit).push(" OFFSET ").push_bind(offset);
    query.build().fetch_all(pool).await?.iter().map(read).collect()
}

/// How many calls match.
pub(crate) async fn count_calls(pool: &PgPool, filter: &CallFilter) -> Result<i64, sqlx::Error> {
    let mut query = QueryBuilder::new("SELECT count(*)");
    push_from(&mut query, filter);
    query.build_query_scalar().fetch_one(pool).await
}

fn push_from(query: &mut QueryBuilder<Postgres>, filter: &CallFilter) {
    query.push(" FROM calls AS c");
    for (index, uid) in filter.uids.iter().enumerate() {
        query
            .push(format!(
                " JOIN call_participants AS p{index} ON p{index}.app_id = c.app_id AND p{index}.session_id = c.session_id \
                 AND p{index}.uid = "
            ))
            .push_bind(uid.clone());
    }
    query.push(" WHERE c.app_id = ").push_bind(filter.app_id.clone());
    if let Some(kind) = filter.kind {
        query.push(" AND c.type = ").push_bind(kind as i16);
    }
    if !filter.statuses.is_empty() {
        let statuses: Vec<i16> = filter.statuses.iter().map(|status| *status as i16).collect();
        query.push(" AND c.status = ANY(").push_bind(statuses).push(")");
    }
    if let Some(receiver_type) = filter.receiver_type {
        query.push(" AND c.receiver_type = ").push_bind(receiver_type as i16);
    }
    if let Some(count) = filter.participant_count {
        query.push(" AND c.participant_count = ").push_bind(count);
    }
    let bounds = [
        (" AND c.started_at >= ", filter.started_from),
        (" AND c.started_at <= ", filter.started_to),
        (" AND c.ended_at >= ", filter.ended_from),
        (" AND c.ended_at <= ", filter.ended_to),
    ];
    for (sql, at) in bounds {
        if let Some(at) = at {
            query.push(sql).push_bind(at);
        }
    }
}

/// The participants of calls by session, in the order in which they came to be; of a large call the first ones.
pub(crate) async fn list_participants(
    pool: &PgPool,
    app_id: &str,
    session_ids: &[String],
) -> Result<HashMap<String, Vec<StoredParticipant>>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT p.uid, p.state, p.device_id, p.joined_at, p.left_at, p.seconds, asked.session_id
         FROM unnest($2::text[]) AS asked (session_id)
         CROSS JOIN LATERAL (
             SELECT * FROM call_participants AS p
             WHERE p.app_id = $1 AND p.session_id = asked.session_id
             ORDER BY p.joined_at NULLS LAST, p.uid
             LIMIT $3
         ) AS p",
    )
    .bind(app_id)
    .bind(session_ids)
    .bind(SHOWN_MAX)
    .fetch_all(pool)
    .await?;
    let mut participants: HashMap<String, Vec<StoredParticipant>> = HashMap::new();
    for row in &rows {
        participants.entry(row.try_get(6)?).or_default().push(read_participant(row)?);
    }
    Ok(participants)
}

/// Who is in a call, in the order in which they joined; the first ones.
pub(crate) async fn list_present(
    pool: &PgPool,
    app_id: &str,
    session_id: &str,
    limit: i64,
) -> Result<Vec<StoredParticipant>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT uid, state, device_id, joined_at, left_at, seconds FROM call_participants
         WHERE app_id = $1 AND session_id = $2 AND state = 2
         ORDER BY joined_at NULLS LAST, uid
         LIMIT $3",
    )
    .bind(app_id)
    .bind(session_id)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    rows.iter().map(read_participant).collect()
}

/// Calls, by app and session, that ring since before a time, the oldest first. Not those that began before `since`: they
/// are ended as too old.
pub(crate) async fn list_unanswered(
    pool: &PgPool,
    since: DateTime<Utc>,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<(String, StoredCall)>, sqlx::Error> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        ", c.app_id FROM calls AS c
         WHERE c.status <= 2 AND c.status = 1 AND c.initiated_at > $1 AND c.initiated_at < $2
         ORDER BY c.initiated_at
         LIMIT $3"
    ))
    .bind(since)
    .bind(before)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    rows.iter().map(|row| Ok((row.try_get(13)?, read(row)?))).collect()
}

/// Whether a user has a place in a call.
pub(crate) async fn is_participant(
    pool: &PgPool,
    app_id: &str,
    session_id: &str,
    uid: &str,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM call_participants WHERE app_id = $1 AND session_id = $2 AND uid = $3)",
    )
    .bind(app_id)
    .bind(session_id)
    .bind(uid)
    .fetch_one(pool)
    .await
}

/// Minutes of audio and of video calls that were over in a range, of all participants together.
pub(crate) async fn sum_minutes(
    pool: &PgPool,
    app_id: &str,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<(f64, f64), sqlx::Error> {
    sqlx::query_as(
        "SELECT COALESCE(sum(seconds) FILTER (WHERE type = 1), 0)::float8 / 60,
                COALESCE(sum(seconds) FILTER (WHERE type = 2), 0)::float8 / 60
         FROM calls
         WHERE app_id = $1 AND started_at IS NOT NULL AND ended_at >= $2 AND ended_at <= $3",
    )
    .bind(app_id)
    .bind(from)
    .bind(to)
    .fetch_one(pool)
    .await
}
