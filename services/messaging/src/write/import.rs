//! One transaction for a call of an import.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use halley_contracts::messaging::v1::{Message, MessageCategory};
use sqlx::{PgConnection, Postgres, pool::PoolConnection};

use crate::{
    domain::{import::Checked, thread},
    error::{MessagingError, Result},
    store::{
        begin_batch,
        conversations::{self, Locked, Place, Wanted},
        imports::{self, Referred},
        insert::{self, Row},
        messages::{self, MuidOf, StoredMessage},
        threads::{self, Growth, Member},
    },
};

/// What became of an item that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Imported {
    /// Stored under this id.
    Created(i64),
    /// It was there already, with this id.
    Known(i64),
}

impl Imported {
    /// The id of the message.
    pub(crate) fn id(&self) -> i64 {
        match self {
            Self::Created(id) | Self::Known(id) => *id,
        }
    }
}

type Outcome = Result<Imported>;

/// Writes items of one app; answers for them in their order.
pub(crate) async fn write(
    mut connection: PoolConnection<Postgres>,
    app_id: &str,
    items: &[&Checked],
) -> std::result::Result<Vec<Outcome>, sqlx::Error> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    conversations::create_missing(&mut connection, &oldest_of_each(items, app_id)).await?;
    let mut transaction = begin_batch(connection).await?;
    let places: BTreeSet<Place> = items.iter().map(|item| (app_id.to_owned(), item.new.stored_key.clone())).collect();
    let places: Vec<Place> = places.into_iter().collect();
    let locked = conversations::lock_conversations(&mut transaction, &places).await?;
    if locked.len() < places.len() {
        // Put aside since it was made, which the next try sees.
        return Err(sqlx::Error::RowNotFound);
    }
    let known = known(&mut transaction, app_id, items).await?;
    let referred = referred(&mut transaction, app_id, items).await?;
    let ids = imports::draw_ids(&mut transaction, i64::try_from(items.len()).unwrap_or(0)).await?;
    let mut plan = Plan {
        locked,
        known,
        referred,
        ids: ids.into_iter(),
        rows: Vec::with_capacity(items.len()),
        by_muid: HashMap::new(),
        growths: HashMap::new(),
        members: Vec::new(),
    };
    let outcomes = items.iter().enumerate().map(|(index, item)| plan.place(app_id, index, item)).collect();
    let rows: Vec<Row<'_>> = plan.rows.iter().map(|row| row.as_row(app_id)).collect();
    insert::insert_messages(&mut transaction, &rows, true).await?;
    let growths: Vec<Growth> = plan.growths.into_values().collect();
    threads::grow(&mut transaction, &growths, &plan.members).await?;
    transaction.commit().await?;
    Ok(outcomes)
}

/// Each conversation once, made at the time of its oldest message.
fn oldest_of_each<'a>(items: &[&'a Checked], app_id: &'a str) -> Vec<Wanted<'a>> {
    let mut oldest: HashMap<&str, &Checked> = HashMap::new();
    for item in items {
        let entry = oldest.entry(item.new.stored_key.as_str()).or_insert(item);
        if item.sent_at < entry.sent_at {
            *entry = item;
        }
    }
    oldest.values().map(|item| Wanted { app_id, key: &item.new.key, created_at: item.sent_at }).collect()
}

/// The messages that are there, by the items' places.
async fn known(
    connection: &mut PgConnection,
    app_id: &str,
    items: &[&Checked],
) -> std::result::Result<HashMap<usize, StoredMessage>, sqlx::Error> {
    let asked: Vec<MuidOf<'_>> = items
        .iter()
        .map(|item| MuidOf { app_id, muid: &item.new.message.muid, sender_uid: &item.new.message.sender_uid })
        .collect();
    Ok(messages::find_by_muids(connection, &asked).await?.into_iter().collect())
}

/// Messages of earlier calls that items refer to, and all those of the items' own muids.
async fn referred(
    connection: &mut PgConnection,
    app_id: &str,
    items: &[&Checked],
) -> std::result::Result<Vec<Referred>, sqlx::Error> {
    let muids: BTreeSet<&str> = items
        .iter()
        .flat_map(|item| [item.new.message.muid.as_str(), &item.parent_muid, &item.quoted_muid])
        .filter(|muid| !muid.is_empty())
        .collect();
    imports::find_referred(connection, app_id, &muids.into_iter().collect::<Vec<_>>()).await
}

/// A message with its place, to be inserted.
struct Placed<'a> {
    item: &'a Checked,
    message: Message,
    message_id: i64,
    conversation_id: i64,
    sequence: i64,
    counted_position: i64,
}

impl Placed<'_> {
    fn as_row<'a>(&'a self, app_id: &'a str) -> Row<'a> {
        Row {
            app_id,
            conversation_id: self.conversation_id,
            sequence: self.sequence,
            message_id: self.message_id,
            message: &self.message,
            counted: self.item.new.counted,
            news: self.item.new.news,
            counted_position: self.counted_position,
            sent_at: self.item.sent_at,
            delivered_at: self.item.delivered_at,
            read_at: self.item.read_at,
        }
    }
}

struct Plan<'a> {
    locked: HashMap<Place, Locked>,
    known: HashMap<usize, StoredMessage>,
    referred: Vec<Referred>,
    ids: std::vec::IntoIter<i64>,
    rows: Vec<Placed<'a>>,
    by_muid: HashMap<&'a str, usize>,
    /// By the thread's parent.
    growths: HashMap<i64, Growth>,
    members: Vec<Member>,
}

impl<'a> Plan<'a> {
    fn place(&mut self, app_id: &str, index: usize, item: &'a Checked) -> Outcome {
        if let Some(id) = self.known_id(index, item)? {
            return Ok(Imported::Known(id));
        }
        let mut message = item.new.message.clone();
        let place = (app_id.to_owned(), item.new.stored_key.clone());
        let conversation_id = match self.locked.get(&place) {
            Some(conversation) => conversation.conversation_id,
            None => return Err(MessagingError::Inconsistent("a conversation is missing that was just made")),
        };
        if !item.parent_muid.is_empty() {
            message.parent_id = self.parent(&item.parent_muid, conversation_id)?;
        }
        if !item.quoted_muid.is_empty() {
            message.quoted_message_id = self.refer(&item.quoted_muid, conversation_id)?.message_id;
        }
        let Some(message_id) = self.ids.next() else {
            return Err(MessagingError::Inconsistent("too few ids were drawn"));
        };
        if message.parent_id != 0 {
            self.reply(app_id, &message, item.sent_at);
        }
        if let Some(conversation) = self.locked.get_mut(&place) {
            conversation.last_sequence += 1;
            conversation.counted_total += i64::from(item.new.counted);
            let (sequence, counted_position) = (conversation.last_sequence, conversation.counted_total);
            self.by_muid.insert(&item.new.message.muid, self.rows.len());
            self.rows.push(Placed { item, message, message_id, conversation_id, sequence, counted_position });
        }
        Ok(Imported::Created(message_id))
    }

    /// The id of the message that an item repeats; `None`: it is new. A muid names one message of the app.
    fn known_id(&self, index: usize, item: &Checked) -> Result<Option<i64>> {
        let muid = item.new.message.muid.as_str();
        let taken = || Err(MessagingError::MuidTaken { muid: muid.to_owned() });
        if let Some(stored) = self.known.get(&index) {
            return if item.is_same(stored) { Ok(Some(stored.message_id)) } else { taken() };
        }
        let sender = item.new.message.sender_uid.as_str();
        if let Some(twin) = self.of_muid(muid) {
            let is_same = twin.message.sender_uid == sender && item.is_same_item(twin.item);
            return if is_same { Ok(Some(twin.message_id)) } else { taken() };
        }
        match self.referred.iter().any(|row| row.muid == muid && row.sender_uid != sender) {
            true => taken(),
            false => Ok(None),
        }
    }

    fn reply(&mut self, app_id: &str, message: &Message, sent_at: DateTime<Utc>) {
        let parent_id = message.parent_id;
        let growth = self.growths.entry(parent_id).or_insert_with(|| Growth::none(app_id, parent_id));
        growth.count += 1;
        growth.replied_at = growth.replied_at.max(Some(sent_at));
        self.members.extend(thread::members(app_id, message));
    }

    fn of_muid(&self, muid: &str) -> Option<&Placed<'a>> {
        self.by_muid.get(muid).map(|index| &self.rows[*index])
    }

    fn parent(&self, muid: &str, conversation_id: i64) -> Result<i64> {
        let parent = self.refer(muid, conversation_id)?;
        if parent.parent_id.is_some() {
            return Err(MessagingError::ThreadNesting { id: parent.message_id });
        }
        let category = MessageCategory::try_from(i32::from(parent.category)).unwrap_or_default();
        if matches!(category, MessageCategory::Action | MessageCategory::Call) {
            return Err(MessagingError::WrongThreadCategory { id: parent.message_id });
        }
        Ok(parent.message_id)
    }

    /// The message of a muid: earlier in this call, or stored. Of several, whose senders differ, the one in the same
    /// conversation.
    fn refer(&self, muid: &str, conversation_id: i64) -> Result<Referred> {
        let earlier = self.of_muid(muid).map(|row| Referred {
            muid: muid.to_owned(),
            sender_uid: row.message.sender_uid.clone(),
            message_id: row.message_id,
            conversation_id: row.conversation_id,
            parent_id: (row.message.parent_id != 0).then_some(row.message.parent_id),
            category: i16::try_from(row.message.category).unwrap_or_default(),
        });
        let stored = self.referred.iter().filter(|row| row.muid == muid).cloned();
        let mut elsewhere = None;
        for found in earlier.into_iter().chain(stored) {
            if found.conversation_id == conversation_id {
                return Ok(found);
            }
            elsewhere = Some(found.message_id);
        }
        Err(match elsewhere {
            Some(id) => MessagingError::WrongThread { id },
            None => MessagingError::UnknownMuid { muid: muid.to_owned() },
        })
    }
}
