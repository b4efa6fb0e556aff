//! One transaction for many messages.

use std::{
    collections::{BTreeSet, HashMap},
    time::Instant,
};

use chrono::{DateTime, Utc};
use halley_bus::outbox::{self, Entry, Pending};
use halley_contracts::{events::v1::event::Body, messaging::v1::Message};
use halley_kit::time;
use sqlx::PgConnection;

use super::{
    Outcome, Written,
    plan::{Changed, Decision, Plan, Read, Slot, plan},
};
use crate::{
    domain::{action::Presence, change, new_message::NewMessage, thread},
    events,
    store::{
        begin_kept_batch, changes as changed_messages,
        conversations::{self, Place, Wanted},
        insert::{self, Inserted},
        messages::{self, MuidOf},
        participants::{self, Change},
        threads::{self, Growth, Member},
    },
};

/// Why a batch was not written.
#[derive(Debug, thiserror::Error)]
pub(super) enum BatchError {
    /// Nothing was stored.
    #[error("the batch was not written")]
    Failed(#[from] sqlx::Error),
    /// The connection broke in the commit: everything may be stored, or nothing.
    #[error("the commit was not answered")]
    Uncertain(#[source] sqlx::Error),
}

/// A batch that is committed.
pub(super) struct Committed {
    /// In the order of the batch.
    pub written: Vec<Outcome>,
    /// What is to be published.
    pub pending: Pending,
}

/// Writes a batch. It must not be dropped midway.
pub(super) async fn write(connection: &mut PgConnection, batch: &[&NewMessage]) -> Result<Committed, BatchError> {
    if let Some(committed) = try_write(connection, batch).await? {
        return Ok(committed);
    }
    let now = time::now();
    let wanted: Vec<Wanted<'_>> =
        batch.iter().map(|new| Wanted { app_id: &new.app_id, key: &new.key, created_at: now }).collect();
    conversations::create_missing(connection, &wanted).await?;
    match try_write(connection, batch).await? {
        Some(committed) => Ok(committed),
        // Removed again in between, which the next try sees.
        None => Err(sqlx::Error::RowNotFound.into()),
    }
}

/// `None`: a conversation is missing, and nothing was written.
async fn try_write(connection: &mut PgConnection, batch: &[&NewMessage]) -> Result<Option<Committed>, BatchError> {
    let mut transaction = begin_kept_batch(connection).await?;
    let Some((plan, now)) = decide(&mut transaction, batch).await? else {
        transaction.rollback().await?;
        return Ok(None);
    };
    let Plan { decisions, changed, shorter_threads } = plan;
    let inserted = insert(&mut transaction, batch, &decisions, now).await?;
    let written: Vec<_> = changed.iter().map(|((app_id, _), row)| (app_id.as_str(), row)).collect();
    changed_messages::write(&mut transaction, &written).await?;
    let (growths, members) = replies(batch, &decisions, &shorter_threads, now);
    threads::grow(&mut transaction, &growths, &members).await?;
    participants::upsert_participants(&mut transaction, &changes(batch, &decisions)).await?;
    let entries = entries(batch, &decisions, &changed, &inserted, now);
    let pending = outbox::insert(&mut transaction, &entries).await?;
    let commit = Instant::now();
    transaction.commit().await.map_err(commit_error)?;
    metrics::histogram!("halley_messaging_commit_seconds").record(commit.elapsed().as_secs_f64());
    Ok(Some(Committed { written: answers(decisions, entries), pending }))
}

/// A commit that the server refused stored nothing; one without an answer may have stored everything.
fn commit_error(error: sqlx::Error) -> BatchError {
    if error.as_database_error().is_some() { BatchError::Failed(error) } else { BatchError::Uncertain(error) }
}

/// The plan, and the time that counts as now: taken while the locks are held, so that in a conversation it never goes
/// back from one transaction to the next.
async fn decide(
    connection: &mut PgConnection,
    batch: &[&NewMessage],
) -> Result<Option<(Plan, DateTime<Utc>)>, sqlx::Error> {
    let places: BTreeSet<Place> = batch.iter().map(|new| (new.app_id.clone(), new.stored_key.clone())).collect();
    let places: Vec<Place> = places.into_iter().collect();
    let locked = conversations::lock_conversations(connection, &places).await?;
    if locked.len() < places.len() {
        return Ok(None);
    }
    // Read after the locks, by a snapshot of its own: what an earlier holder of the locks committed is seen.
    let with_muid: Vec<usize> = (0..batch.len()).filter(|index| !batch[*index].message.muid.is_empty()).collect();
    let asked: Vec<MuidOf<'_>> = with_muid.iter().map(|index| muid_of(batch[*index])).collect();
    let known = messages::find_by_muids(connection, &asked).await?;
    let known = known.into_iter().map(|(place, stored)| (with_muid[place], stored)).collect();
    let targets = targets(connection, batch).await?;
    let now = time::now();
    Ok(plan(batch, Read { locked, known, targets }, now).map(|plan| (plan, now)))
}

/// The messages that the batch is to change.
async fn targets(connection: &mut PgConnection, batch: &[&NewMessage]) -> Result<Changed, sqlx::Error> {
    let asked: Vec<(&str, i64)> = batch
        .iter()
        .filter_map(|new| new.change.as_ref().map(|change| (new.app_id.as_str(), change.message_id)))
        .collect();
    let mut targets = Changed::new();
    for (app_id, row) in messages::list_locked(connection, &asked).await? {
        targets.insert((app_id, row.message_id), row);
    }
    Ok(targets)
}

fn muid_of(new: &NewMessage) -> MuidOf<'_> {
    MuidOf { app_id: &new.app_id, muid: &new.message.muid, sender_uid: &new.message.sender_uid }
}

async fn insert(
    connection: &mut PgConnection,
    batch: &[&NewMessage],
    decisions: &[Decision],
    now: DateTime<Utc>,
) -> Result<HashMap<(i64, i64), i64>, sqlx::Error> {
    let rows: Vec<insert::Row<'_>> = to_insert(batch, decisions)
        .map(|(_, new, slot)| insert::Row {
            app_id: &new.app_id,
            conversation_id: slot.conversation_id,
            sequence: slot.sequence,
            message_id: 0,
            message: &new.message,
            counted: new.counted,
            news: new.news,
            counted_position: slot.counted_position,
            sent_at: now,
            delivered_at: None,
            read_at: None,
        })
        .collect();
    let inserted: Vec<Inserted> = insert::insert_messages(connection, &rows, false).await?;
    Ok(inserted.into_iter().map(|(conversation, sequence, id)| ((conversation, sequence), id)).collect())
}

fn to_insert<'a>(
    batch: &'a [&'a NewMessage],
    decisions: &'a [Decision],
) -> impl Iterator<Item = (usize, &'a NewMessage, Slot)> {
    batch.iter().zip(decisions).enumerate().filter_map(|(index, (new, decision))| match decision {
        Decision::Insert(slot) => Some((index, *new, *slot)),
        _ => None,
    })
}

/// By how much threads grow, and who has to do with the new replies; threads of deleted replies shrink.
fn replies(
    batch: &[&NewMessage],
    decisions: &[Decision],
    shorter: &[(String, i64)],
    now: DateTime<Utc>,
) -> (Vec<Growth>, Vec<Member>) {
    let mut growths: HashMap<(&str, i64), Growth> = HashMap::new();
    let mut members = Vec::new();
    for (_, new, _) in to_insert(batch, decisions).filter(|(_, new, _)| new.message.parent_id != 0) {
        let (app_id, parent_id) = (new.app_id.as_str(), new.message.parent_id);
        let growth = growths.entry((app_id, parent_id)).or_insert_with(|| Growth::none(app_id, parent_id));
        growth.count += 1;
        growth.replied_at = Some(now);
        members.extend(thread::members(app_id, &new.message));
    }
    for (app_id, parent_id) in shorter {
        growths.entry((app_id, *parent_id)).or_insert_with(|| Growth::none(app_id, *parent_id)).count -= 1;
    }
    (growths.into_values().collect(), members)
}

fn changes<'a>(batch: &'a [&'a NewMessage], decisions: &'a [Decision]) -> Vec<Change<'a>> {
    to_insert(batch, decisions)
        .filter_map(|(_, new, slot)| {
            let membership = new.membership.as_ref().filter(|change| change.presence != Presence::Unchanged)?;
            Some(Change {
                app_id: &new.app_id,
                uid: &membership.uid,
                conversation_id: slot.conversation_id,
                joined_sequence: slot.sequence,
                left_at: (membership.presence == Presence::Out).then_some(membership.at),
                at: membership.at,
            })
        })
        .collect()
}

/// The events of the stored messages, in the order of the batch.
fn entries(
    batch: &[&NewMessage],
    decisions: &[Decision],
    changed: &Changed,
    inserted: &HashMap<(i64, i64), i64>,
    now: DateTime<Utc>,
) -> Vec<Entry> {
    to_insert(batch, decisions)
        .map(|(_, new, slot)| {
            let mut message = new.message.clone();
            message.id = inserted.get(&(slot.conversation_id, slot.sequence)).copied().unwrap_or_default();
            message.sequence = slot.sequence;
            message.sent_at_ms = time::to_ms(now);
            message.updated_at_ms = message.sent_at_ms;
            if let Some(target) = &mut message.action_on_message
                && let Some(stored) = changed.get(&(new.app_id.clone(), target.id))
            {
                change::show(target, stored);
            }
            events::message_sent(new, message)
        })
        .collect()
}

/// What each message's sender is told: the published messages, taken back out of their events.
fn answers(decisions: Vec<Decision>, entries: Vec<Entry>) -> Vec<Outcome> {
    let mut sent = entries.into_iter().map(|entry| match entry.event.body {
        Some(Body::MessageSent(sent)) => sent.message.unwrap_or_default(),
        _ => Message::default(),
    });
    let mut written: Vec<Outcome> = Vec::with_capacity(decisions.len());
    for decision in decisions {
        let answer = match decision {
            Decision::Insert(_) => Ok(Written::New(Box::new(sent.next().unwrap_or_default()))),
            Decision::Repeated(stored) => Ok(Written::Repeated(stored)),
            Decision::SameAs(first) => match &written[first] {
                Ok(Written::New(message) | Written::RepeatedNew(message)) => Ok(Written::RepeatedNew(message.clone())),
                other => other.clone(),
            },
            Decision::Refused(refusal) => Err(refusal),
        };
        written.push(answer);
    }
    written
}
