//! `Resume`: what a user missed.

use std::collections::{HashMap, HashSet};

use halley_contracts::{
    identity::v1::User,
    messaging::v1::{Conversation, LeftConversation, Message, MissedReceipt, ResumeRequest, ResumeResponse},
};
use halley_kit::{Caller, time};
use halley_model::{ConversationKey, FieldError};
use sqlx::PgConnection;

use super::conversations::of_places;
use crate::{
    access::With,
    domain::{key, moderation, resume::Moment},
    error::{MessagingError, Result},
    service::Messaging,
    store::{
        marks,
        messages::StoredMessage,
        resume::{self, OthersPlace, Since, Touched},
    },
};

/// Most conversations with something new, past which everything is fetched.
const CONVERSATIONS_MAX: usize = 200;
/// Most new messages; as many older ones may have changed, and as many receipts come.
const MESSAGES_MAX: usize = 1000;
/// Most conversations in which a client tells its position.
const POSITIONS_MAX: usize = 1000;

/// What was missed, as stored.
struct Missed {
    touched: Vec<Touched>,
    messages: Vec<StoredMessage>,
    changed: Vec<StoredMessage>,
    others: Vec<OthersPlace>,
}

pub(super) async fn resume(messaging: &Messaging, caller: Caller, request: ResumeRequest) -> Result<ResumeResponse> {
    let uid = caller.require_uid()?;
    if request.positions.len() > POSITIONS_MAX {
        let problem = format!("must be at most {POSITIONS_MAX}: whoever has more fetches anew");
        return Err(FieldError::new("positions", problem).into());
    }
    let (mut transaction, now) = resume::begin(messaging.pool.acquire().await?, time::now_ms()).await?;
    let only = |refetch| ResumeResponse { token: now.to_string(), refetch, ..Default::default() };
    if request.token.is_empty() {
        return Ok(only(false));
    }
    let Some(moment) = Moment::parse(&request.token).filter(|moment| moment.is_before(&now)) else {
        return Ok(only(true));
    };
    let since = Since { app_id: caller.app_id(), uid, snapshot: &moment.snapshot };
    let Some(mut missed) = read(&mut transaction, since, &positions(&request)).await? else { return Ok(only(true)) };
    // Others' rows are asked for with no transaction open.
    transaction.rollback().await?;
    keep_to_groups_of(messaging, &caller, uid, &mut missed).await?;
    let answer = show(messaging, &caller, uid, missed).await?;
    Ok(ResumeResponse { token: now.to_string(), ..answer })
}

/// By public id. An id that means two of the user's conversations stands for neither.
fn positions(request: &ResumeRequest) -> HashMap<&str, i64> {
    request.positions.iter().map(|position| (position.conversation_id.as_str(), position.sequence)).collect()
}

/// `None`: too much.
async fn read(
    connection: &mut PgConnection,
    since: Since<'_>,
    positions: &HashMap<&str, i64>,
) -> Result<Option<Missed>> {
    let touched = resume::list_touched(connection, since, limit(CONVERSATIONS_MAX)).await?;
    if touched.len() > CONVERSATIONS_MAX {
        return Ok(None);
    }
    // Whom a conversation was with that is gone with its other user can't be told any more.
    if touched.iter().any(|place| place.is_left && place.own_changed && key::is_unnamed(&place.conversation_key)) {
        return Ok(None);
    }
    let Some(behind) = behind(connection, since, &touched, positions).await? else { return Ok(None) };
    let mut messages = resume::list_behind(connection, since.app_id, &behind, limit(MESSAGES_MAX)).await?;
    messages.extend(last_actions(connection, since, &touched).await?);
    let mut changed = resume::list_changed(connection, since, limit(MESSAGES_MAX)).await?;
    let others = resume::list_others(connection, since, limit(MESSAGES_MAX)).await?;
    if changed.len() > MESSAGES_MAX || others.len() > MESSAGES_MAX {
        return Ok(None);
    }
    let new: HashSet<i64> = messages.iter().map(|message| message.message_id).collect();
    changed.retain(|message| !new.contains(&message.message_id));
    messages.retain(|message| !moderation::is_hidden_from(message, Some(since.uid)));
    Ok(Some(Missed { touched, messages, changed, others }))
}

/// Leaves out what was said in groups that the user is not in any more, although the stored places don't say so yet. How the
/// user came to be out is told all the same.
async fn keep_to_groups_of(messaging: &Messaging, caller: &Caller, uid: &str, missed: &mut Missed) -> Result<()> {
    let group = |key: &ConversationKey| match key {
        ConversationKey::Group(guid) => Some(guid.clone()),
        ConversationKey::Direct(..) => None,
    };
    let guids: HashSet<String> =
        missed.messages.iter().chain(&missed.changed).filter_map(|message| group(&message.key)).collect();
    let mut closed = HashSet::new();
    for guid in guids {
        let with = With::Group(guid.clone());
        match messaging.directory.authorise_conversation(caller.app_id(), uid, &with).await {
            Ok(_) => {}
            Err(MessagingError::NotAccessible) => drop(closed.insert(guid)),
            Err(error) => return Err(error),
        }
    }
    let is_open = |message: &StoredMessage| {
        message.action_on_uid == uid || !group(&message.key).is_some_and(|guid| closed.contains(&guid))
    };
    missed.messages.retain(is_open);
    missed.changed.retain(is_open);
    Ok(())
}

/// One more tells that there are more.
fn limit(max: usize) -> i64 {
    i64::try_from(max).unwrap_or(i64::MAX - 1) + 1
}

/// Behind which sequence number each conversation is new. `None`: too many messages are.
async fn behind(
    connection: &mut PgConnection,
    since: Since<'_>,
    touched: &[Touched],
    positions: &HashMap<&str, i64>,
) -> Result<Option<Vec<(i64, i64)>>> {
    let known = known(touched, positions)?;
    let max = limit(MESSAGES_MAX) - 1;
    let here = || touched.iter().filter(|conversation| !conversation.is_left);
    let floors: Vec<(i64, i64)> = here()
        .map(|conversation| {
            let id = conversation.conversation_id;
            let floor = known.get(&id).copied().unwrap_or_default().max(conversation.begins_after);
            (id, floor.max(conversation.last_sequence - max - 1))
        })
        .collect();
    let seen = resume::find_last_seen(connection, since, &floors).await?;
    let behind: Vec<(i64, i64)> =
        floors.into_iter().map(|(id, floor)| (id, seen.get(&id).copied().unwrap_or(floor))).collect();
    let missed: i64 = here().zip(&behind).map(|(of, (_, behind))| (of.last_sequence - behind).max(0)).sum();
    Ok((missed <= max).then_some(behind))
}

/// The client's positions by conversation.
fn known(touched: &[Touched], positions: &HashMap<&str, i64>) -> Result<HashMap<i64, i64>> {
    let mut by_public: HashMap<String, Vec<i64>> = HashMap::new();
    for conversation in touched.iter().filter(|conversation| !conversation.is_left) {
        by_public
            .entry(parse(&conversation.conversation_key)?.public())
            .or_default()
            .push(conversation.conversation_id);
    }
    let one = |(public, ids): (String, Vec<i64>)| match ids.as_slice() {
        [id] => positions.get(public.as_str()).map(|sequence| (*id, *sequence)),
        _ => None,
    };
    Ok(by_public.into_iter().filter_map(one).collect())
}

/// How the user came to be out of conversations.
async fn last_actions(
    connection: &mut PgConnection,
    since: Since<'_>,
    touched: &[Touched],
) -> Result<Vec<StoredMessage>> {
    let left: Vec<(i64, i64)> = touched
        .iter()
        .filter(|conversation| conversation.is_left)
        .map(|conversation| (conversation.conversation_id, conversation.last_sequence - limit(MESSAGES_MAX)))
        .collect();
    if left.is_empty() {
        return Ok(Vec::new());
    }
    Ok(resume::list_last_actions_on(connection, since, &left).await?)
}

async fn show(messaging: &Messaging, caller: &Caller, uid: &str, missed: Missed) -> Result<ResumeResponse> {
    let app_id = caller.app_id();
    let (untold, others): (Vec<_>, Vec<_>) = missed.others.into_iter().partition(|place| place.is_too_many);
    let own: Vec<&Touched> = missed.touched.iter().filter(|conversation| conversation.own_changed).collect();
    let conversations = own_conversations(messaging, app_id, uid, &own).await?;
    Ok(ResumeResponse {
        messages: show_messages(messaging, app_id, uid, &missed.messages).await?,
        changed_messages: show_messages(messaging, app_id, uid, &missed.changed).await?,
        receipts: receipts(messaging, app_id, &others).await?,
        left_conversations: left(&own, &conversations)?,
        conversations,
        untold_receipts_of: untold
            .iter()
            .map(|place| Ok(parse(&place.conversation_key)?.public()))
            .collect::<Result<_>>()?,
        ..Default::default()
    })
}

async fn show_messages(messaging: &Messaging, app_id: &str, uid: &str, rows: &[StoredMessage]) -> Result<Vec<Message>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let saves: HashMap<i64, i64> = marks::list_saves(&messaging.pool, app_id, uid)
        .await?
        .into_iter()
        .map(|(id, at)| (id, time::to_ms(at)))
        .collect();
    let mut messages = messaging.show_messages(app_id, Some(uid), rows).await?;
    for message in &mut messages {
        message.saved_at_ms = saves.get(&message.id).copied().unwrap_or_default();
    }
    Ok(messages)
}

async fn own_conversations(
    messaging: &Messaging,
    app_id: &str,
    uid: &str,
    own: &[&Touched],
) -> Result<Vec<Conversation>> {
    let here = own.iter().filter(|conversation| !conversation.is_left);
    let places: Vec<(String, i64)> = here.map(|conversation| (uid.to_owned(), conversation.conversation_id)).collect();
    match places.is_empty() {
        true => Ok(Vec::new()),
        false => of_places(messaging, app_id, uid, &places).await,
    }
}

/// The conversations that the user's list shows no more.
fn left(own: &[&Touched], shown: &[Conversation]) -> Result<Vec<LeftConversation>> {
    let mut left: Vec<LeftConversation> = Vec::new();
    for conversation in own {
        let public = parse(&conversation.conversation_key)?.public();
        if !shown.iter().any(|shown| shown.conversation_id == public)
            && !left.iter().any(|left| left.conversation_id == public)
        {
            let hidden_before_sequence = conversation.hidden_before_sequence;
            left.push(LeftConversation { conversation_id: public, hidden_before_sequence });
        }
    }
    Ok(left)
}

/// Of who has read as far as was delivered, reading alone is told: it means both.
async fn receipts(messaging: &Messaging, app_id: &str, others: &[OthersPlace]) -> Result<Vec<MissedReceipt>> {
    if others.is_empty() {
        return Ok(Vec::new());
    }
    let users = messaging.directory.users(app_id, others.iter().map(|place| place.uid.as_str())).await?;
    let mut receipts = Vec::with_capacity(others.len());
    for place in others {
        let key = parse(&place.conversation_key)?;
        let user = users.get(&place.uid).map(|user| User::clone(user));
        if place.delivered_sequence > place.read_sequence {
            receipts.push(receipt(place, &key, user.clone(), false));
        }
        if place.read_sequence > 0 {
            receipts.push(receipt(place, &key, user, true));
        }
    }
    Ok(receipts)
}

fn receipt(place: &OthersPlace, key: &ConversationKey, user: Option<User>, read: bool) -> MissedReceipt {
    let (message_id, sequence, at) = match read {
        true => (place.read_message_id, place.read_sequence, place.read_at),
        false => (place.delivered_message_id, place.delivered_sequence, place.delivered_at),
    };
    MissedReceipt {
        user: user.or_else(|| Some(crate::domain::unknown_user(&place.uid))),
        receiver_type: key::receiver_type(key).into(),
        receiver: key.counterpart(&place.uid).to_owned(),
        conversation_id: key.public(),
        read,
        message_id,
        sequence,
        at_ms: time::opt_to_ms(at),
    }
}

fn parse(stored: &str) -> Result<ConversationKey> {
    key::from_storage(stored).ok_or(MessagingError::Inconsistent("a stored conversation key can't be read"))
}
