//! `CallsService`. A change of a call and the message that tells of it share one transaction, which holds the locks of the
//! acting users' calls and of the conversation.

mod log;
mod peers;
mod sweep;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use halley_bus::outbox;
use halley_contracts::{
    identity::v1::User,
    messaging::v1::{
        self as pb, CallStatus, Message, MessageCategory, ParticipantState, calls_service_server::CallsService,
        message::ReceiverEntity,
    },
};
use halley_kit::{Caller, time};
use halley_model::{ConversationKey, Feature, FieldError, field, limits};
use sqlx::PgConnection;
use tonic::Request;

pub(crate) use sweep::sweep;

use super::{Answer, answer};
use crate::{
    access::With,
    domain::{
        self,
        call::{self, CallFault, Own, Standing, Step, StoredCall},
        key::receiver_type,
        new_message::NewMessage,
    },
    error::{MessagingError, Result},
    events,
    service::Messaging,
    store::{
        begin_batch,
        calls::{self, StoredParticipant},
        conversations::{self, Locked, Wanted},
        insert,
    },
};

/// Longest id of a session, in characters.
const SESSION_ID_MAX: usize = 200;

/// The service as tonic mounts it.
pub(crate) struct Calls(pub Arc<Messaging>);

#[tonic::async_trait]
impl CallsService for Calls {
    async fn initiate_call(&self, request: Request<pb::InitiateCallRequest>) -> Answer<pb::InitiateCallResponse> {
        answer(request, |caller, body| initiate(&self.0, caller, body)).await
    }

    async fn update_call(&self, request: Request<pb::UpdateCallRequest>) -> Answer<pb::UpdateCallResponse> {
        answer(request, |caller, body| update(&self.0, caller, body)).await
    }

    async fn get_call(&self, request: Request<pb::GetCallRequest>) -> Answer<pb::GetCallResponse> {
        answer(request, |caller, body| log::get(&self.0, caller, body)).await
    }

    async fn list_calls(&self, request: Request<pb::ListCallsRequest>) -> Answer<pb::ListCallsResponse> {
        answer(request, |caller, body| log::list(&self.0, caller, body)).await
    }

    async fn list_call_peers(&self, request: Request<pb::ListCallPeersRequest>) -> Answer<pb::ListCallPeersResponse> {
        answer(request, |caller, body| peers::list(&self.0, caller, body)).await
    }
}

/// A call's change on its way: who makes it, and who and what its message shows.
struct Change<'a> {
    app_id: &'a str,
    uid: &'a str,
    device_id: String,
    actor: User,
    /// Of the message: the other user, or the group.
    receiver: Option<ReceiverEntity>,
    initiator: User,
    /// Whether the message becomes the conversation's last one.
    news: bool,
}

async fn initiate(
    messaging: &Messaging,
    caller: Caller,
    request: pb::InitiateCallRequest,
) -> Result<pb::InitiateCallResponse> {
    let (app_id, uid) = (caller.app_id(), caller.require_uid()?);
    let kind = request.r#type();
    if kind == pb::CallType::Unspecified {
        return Err(MessagingError::EmptyType);
    }
    let to = With::parse(request.receiver_type(), &request.receiver)?;
    if matches!(&to, With::User(other) if other == uid) {
        return Err(CallFault::CallingSelf.into());
    }
    let device_id = device(&caller, request.device_id)?;
    let parties = messaging.directory.authorise_call(&caller, &to, kind).await?;
    let now = time::now();
    let actor = User::clone(&parties.sender);
    let (initiator, receiver) = (actor.clone(), Some(parties.receiver));
    let news = messaging.calls_are_news(app_id).await;
    let change = Change { app_id, uid, device_id, actor, receiver, initiator, news };
    let call = StoredCall {
        session_id: session_id(app_id, &request.region, now)?,
        conversation_id: 0,
        receiver: parties.key.counterpart(uid).to_owned(),
        key: parties.key,
        kind,
        status: CallStatus::Initiated,
        initiator_uid: uid.to_owned(),
        message_id: 0,
        initiated_at: now,
        started_at: None,
        ended_at: None,
        participant_count: 1,
        seconds: 0,
    };
    let mut connection = messaging.pool.acquire().await?;
    let wanted = [Wanted { app_id, key: &call.key, created_at: now }];
    conversations::create_missing(&mut connection, &wanted).await?;
    let mut transaction = begin_batch(connection).await?;
    let (call, locked) = lock_free(messaging, &mut transaction, app_id, call).await?;
    let entry = write_message(&mut transaction, &change, &call, &locked, CallStatus::Initiated, Some(now)).await?;
    let message = message_of(&entry)?;
    let call = StoredCall { message_id: message.id, ..call };
    calls::insert_call(&mut transaction, app_id, &call).await?;
    for participant in first_participants(&call, &change.device_id) {
        calls::put_participant(&mut transaction, app_id, &call, &participant).await?;
    }
    let pending = outbox::insert(&mut transaction, &[entry]).await?;
    transaction.commit().await?;
    messaging.relay.publish(pending);
    Ok(pb::InitiateCallResponse { message: Some(message) })
}

/// Locks whom a new call is about, if none of them is in another.
async fn lock_free(
    messaging: &Messaging,
    connection: &mut PgConnection,
    app_id: &str,
    call: StoredCall,
) -> Result<(StoredCall, Locked)> {
    let since = messaging.oldest_call(call.initiated_at);
    let uid = call.initiator_uid.as_str();
    let mut uids = vec![uid];
    if let ConversationKey::Direct(..) = call.key {
        uids.push(&call.receiver);
    }
    calls::lock_users(connection, app_id, &uids).await?;
    let locked = lock_conversation(connection, app_id, &call.key).await?.ok_or(sqlx::Error::RowNotFound)?;
    let busy = calls::list_busy(connection, app_id, &uids, since, "").await?;
    if busy.iter().any(|busy| busy == uid) {
        return Err(CallFault::BusySelf { uid: uid.to_owned() }.into());
    }
    if let Some(uid) = busy.into_iter().next() {
        return Err(CallFault::BusyUser { uid }.into());
    }
    if let ConversationKey::Group(guid) = &call.key
        && calls::has_ongoing(connection, app_id, locked.conversation_id, since).await?
    {
        return Err(CallFault::BusyGroup { guid: guid.clone() }.into());
    }
    Ok((StoredCall { conversation_id: locked.conversation_id, ..call }, locked))
}

/// Who starts a call is in it; of two, the other has not answered yet. A group's members come when they answer.
fn first_participants(call: &StoredCall, device_id: &str) -> Vec<StoredParticipant> {
    let place = |uid: &str, state, device_id: &str, joined_at| StoredParticipant {
        uid: uid.to_owned(),
        state,
        device_id: device_id.to_owned(),
        joined_at,
        left_at: None,
        seconds: 0,
    };
    let caller = place(&call.initiator_uid, ParticipantState::Ongoing, device_id, Some(call.initiated_at));
    match call.key {
        ConversationKey::Direct(..) => vec![caller, place(&call.receiver, ParticipantState::Unanswered, "", None)],
        ConversationKey::Group(_) => vec![caller],
    }
}

async fn update(
    messaging: &Messaging,
    caller: Caller,
    request: pb::UpdateCallRequest,
) -> Result<pb::UpdateCallResponse> {
    let (app_id, uid) = (caller.app_id(), caller.require_uid()?);
    let wish = request.status();
    let call = find(messaging, app_id, &request.session_id).await?;
    let joins = wish == CallStatus::Ongoing;
    if joins || wish == CallStatus::Rejected || matches!(call.key, ConversationKey::Direct(..)) {
        messaging.directory.authorise_answer(app_id, &call, uid, joins).await?;
    }
    // A client of a group's member sends no time; who speaks for others by an API key must.
    let is_group = matches!(call.key, ConversationKey::Group(_));
    if joins && is_group && request.joined_at_ms == 0 && !caller.is_logged_in_user() {
        return Err(CallFault::EmptyJoinedAt.into());
    }
    let joined_at = match request.joined_at_ms {
        0 => None,
        ms => Some(time::from_ms(ms).ok_or_else(|| FieldError::new("joinedAt", "must be a time"))?),
    };
    let device_id = device(&caller, request.device_id)?;
    let change = messaging.change_of(app_id, uid, device_id, &call).await?;
    let message = make(messaging, &change, &call, wish, joined_at).await?;
    Ok(pb::UpdateCallResponse { message: Some(message) })
}

/// Makes a change that its user may ask for, if the call as it is now allows it; answers the message that tells of it.
async fn make(
    messaging: &Messaging,
    change: &Change<'_>,
    call: &StoredCall,
    wish: CallStatus,
    joined_at: Option<DateTime<Utc>>,
) -> Result<Message> {
    let (app_id, uid) = (change.app_id, change.uid);
    let joins = wish == CallStatus::Ongoing;
    let mut transaction = begin_batch(messaging.pool.acquire().await?).await?;
    calls::lock_users(&mut transaction, app_id, &[uid]).await?;
    let locked = lock_conversation(&mut transaction, app_id, &call.key).await?;
    let locked = locked.filter(|locked| locked.conversation_id == call.conversation_id);
    let not_found = || CallFault::NotFound { session_id: call.session_id.clone() };
    let locked = locked.ok_or_else(not_found)?;
    let call = calls::find_call(&mut transaction, app_id, &call.session_id).await?.ok_or_else(not_found)?;
    let now = time::now();
    let (own, others_in) = calls::find_standing(&mut transaction, app_id, &call.session_id, uid).await?;
    let call = messaging.as_of(call, now);
    let step = call.step(Standing { uid, state: own.as_ref().map(|own| own.state), others_in }, wish)?;
    if joins {
        let busy =
            calls::list_busy(&mut transaction, app_id, &[uid], messaging.oldest_call(now), &call.session_id).await?;
        if !busy.is_empty() {
            return Err(CallFault::BusySelf { uid: uid.to_owned() }.into());
        }
    }
    let joined_at = call::joined_at(joined_at, call.initiated_at, now);
    let (call, own) = take(&mut transaction, change, call, own, step, joined_at, now).await?;
    let entry = write_message(&mut transaction, change, &call, &locked, wish, own).await?;
    let message = message_of(&entry)?;
    let pending = outbox::insert(&mut transaction, &[entry]).await?;
    transaction.commit().await?;
    messaging.relay.publish(pending);
    Ok(message)
}

/// Takes a step; answers the call after it and when its user joined, if ever.
async fn take(
    connection: &mut PgConnection,
    change: &Change<'_>,
    mut call: StoredCall,
    own: Option<StoredParticipant>,
    step: Step,
    joined_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(StoredCall, Option<DateTime<Utc>>)> {
    let (app_id, uid) = (change.app_id, change.uid);
    let mut own_joined_at = own.as_ref().and_then(|own| own.joined_at);
    let place = |state, joined_at, left_at| StoredParticipant {
        uid: uid.to_owned(),
        state,
        device_id: change.device_id.clone(),
        joined_at,
        left_at,
        seconds: 0,
    };
    if step.status == CallStatus::Ongoing && call.started_at.is_none() {
        call.started_at = Some(now);
    }
    match step.own {
        Own::Join => {
            own_joined_at = Some(joined_at);
            let own = place(ParticipantState::Ongoing, own_joined_at, None);
            calls::put_participant(connection, app_id, &call, &own).await?;
        }
        Own::Decline => {
            let own = place(ParticipantState::Rejected, None, Some(now));
            calls::put_participant(connection, app_id, &call, &own).await?;
        }
        Own::Leave => calls::leave(connection, app_id, &call, Some(uid), now).await?,
        Own::Nothing => {}
    }
    call.status = step.status;
    if !call::is_live(step.status) {
        call.ended_at = Some(now);
        match call.started_at {
            Some(_) => calls::leave(connection, app_id, &call, None, now).await?,
            None => calls::give_up(connection, app_id, &call.session_id, now).await?,
        }
    }
    calls::update_call(connection, app_id, &call).await?;
    Ok((call, own_joined_at))
}

async fn lock_conversation(
    connection: &mut PgConnection,
    app_id: &str,
    key: &ConversationKey,
) -> Result<Option<Locked>> {
    let place = (app_id.to_owned(), key.storage());
    let mut locked = conversations::lock_conversations(connection, std::slice::from_ref(&place)).await?;
    Ok(locked.remove(&place))
}

/// Writes the message that tells of a change; answers its event.
async fn write_message(
    connection: &mut PgConnection,
    change: &Change<'_>,
    call: &StoredCall,
    locked: &Locked,
    status: CallStatus,
    joined_at: Option<DateTime<Utc>>,
) -> Result<outbox::Entry> {
    let now = time::now();
    let data_json = call::told(call, status, joined_at)
        .map_err(|_| MessagingError::Inconsistent("a call can't be written as JSON"))?;
    let mut message = Message {
        conversation_id: call.key.public(),
        sequence: locked.last_sequence + 1,
        sender_uid: change.uid.to_owned(),
        receiver_type: receiver_type(&call.key).into(),
        receiver: call.key.counterpart(change.uid).to_owned(),
        category: MessageCategory::Call.into(),
        r#type: call::type_word(call.kind).to_owned(),
        data_json,
        device_id: change.device_id.clone(),
        sender: Some(change.actor.clone()),
        receiver_entity: change.receiver.clone(),
        action_on: Some(change.initiator.clone()),
        sent_at_ms: time::to_ms(now),
        updated_at_ms: time::to_ms(now),
        ..Default::default()
    };
    let row = insert::Row {
        app_id: change.app_id,
        conversation_id: locked.conversation_id,
        sequence: message.sequence,
        message_id: 0,
        message: &message,
        counted: false,
        news: change.news,
        counted_position: locked.counted_total,
        sent_at: now,
        delivered_at: None,
        read_at: None,
    };
    let inserted = insert::insert_messages(connection, &[row], false).await?;
    message.id = inserted.first().map(|(_, _, id)| *id).ok_or(sqlx::Error::RowNotFound)?;
    let new = NewMessage {
        app_id: change.app_id.to_owned(),
        key: call.key.clone(),
        stored_key: call.key.storage(),
        message: Message::default(),
        counted: false,
        news: change.news,
        membership: None,
        change: None,
    };
    Ok(events::message_sent(&new, message))
}

fn message_of(entry: &outbox::Entry) -> Result<Message> {
    match &entry.event.body {
        Some(halley_contracts::events::v1::event::Body::MessageSent(sent)) => sent.message.clone(),
        _ => None,
    }
    .ok_or(MessagingError::Inconsistent("the event of a call has no message"))
}

/// The device that a call names, or else the caller's.
fn device(caller: &Caller, named: String) -> Result<String> {
    let device_id = if named.is_empty() { caller.device_id().to_owned() } else { named };
    field::text("deviceId", &device_id, 255)?;
    Ok(device_id)
}

/// A new session's id, which can't be guessed.
fn session_id(app_id: &str, region: &str, now: DateTime<Utc>) -> Result<String> {
    let is_label =
        !region.is_empty() && region.len() <= limits::APP_ID_MAX && region.bytes().all(|b| b.is_ascii_alphanumeric());
    if !is_label {
        return Err(FieldError::new("region", "must be letters and digits").into());
    }
    Ok(format!("v1.{region}.{app_id}.{:010}{}", now.timestamp(), uuid::Uuid::new_v4().simple()))
}

/// The call of a session's id.
async fn find(messaging: &Messaging, app_id: &str, session_id: &str) -> Result<StoredCall> {
    if session_id.trim().is_empty() {
        return Err(CallFault::EmptySession.into());
    }
    let not_found = || CallFault::NotFound { session_id: session_id.to_owned() };
    field::text("sessionId", session_id, SESSION_ID_MAX).map_err(|_| not_found())?;
    let mut connection = messaging.pool.acquire().await?;
    let call = calls::find_call(&mut connection, app_id, session_id).await?;
    Ok(messaging.as_of(call.ok_or_else(not_found)?, time::now()))
}

impl Messaging {
    /// Calls that began before have gone on too long.
    fn oldest_call(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now - TimeDelta::from_std(self.call_max).unwrap_or(TimeDelta::MAX)
    }

    /// A call as it is now: one that nobody ended in time is over, whether it was swept away or not.
    fn as_of(&self, mut call: StoredCall, now: DateTime<Utc>) -> StoredCall {
        if call::is_live(call.status) && call::is_stale(call.initiated_at, now, self.call_max) {
            call.status = if call.started_at.is_some() { CallStatus::Ended } else { CallStatus::Unanswered };
            call.ended_at = Some(call.initiated_at + TimeDelta::from_std(self.call_max).unwrap_or(TimeDelta::MAX));
        }
        call
    }

    async fn change_of<'a>(
        &self,
        app_id: &'a str,
        uid: &'a str,
        device_id: String,
        call: &StoredCall,
    ) -> Result<Change<'a>> {
        let other = match &call.key {
            key @ ConversationKey::Direct(..) => Some(key.counterpart(uid)),
            ConversationKey::Group(_) => None,
        };
        let uids = [Some(uid), Some(call.initiator_uid.as_str()), other];
        let users = self.directory.users(app_id, uids.into_iter().flatten()).await?;
        let user = |uid: &str| users.get(uid).map(|user| user.as_ref().clone());
        let known = |uid: &str| user(uid).unwrap_or_else(|| domain::unknown_user(uid));
        let receiver = match &call.key {
            ConversationKey::Direct(..) => other.and_then(user).map(ReceiverEntity::ReceiverUser),
            ConversationKey::Group(guid) => {
                let groups = self.directory.groups(app_id, [guid.as_str()]).await?;
                groups.get(guid).map(|group| ReceiverEntity::ReceiverGroup(group.as_ref().clone()))
            }
        };
        let (actor, initiator) = (known(uid), known(&call.initiator_uid));
        let news = self.calls_are_news(app_id).await;
        Ok(Change { app_id, uid, device_id, actor, receiver, initiator, news })
    }

    async fn calls_are_news(&self, app_id: &str) -> bool {
        self.apps.settings(app_id).await.is_on(Feature::UpdateOnCallActivity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_named_after_region_app_and_time() {
        let now = DateTime::from_timestamp(1_700_000_000, 0).expect("time");
        let id = session_id("app", "eu", now).expect("valid");
        let hex = id.strip_prefix("v1.eu.app.1700000000").expect("the documented form");
        assert!(hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
        assert_ne!(id, session_id("app", "eu", now).expect("valid"));
        assert!(session_id("app", "e.u", now).is_err() && session_id("app", "", now).is_err());
    }
}
