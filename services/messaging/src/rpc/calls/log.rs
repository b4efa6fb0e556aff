//! The log of calls: one, and those that fit.

use halley_contracts::messaging::v1::{self as pb, CallStatus, ReceiverType};
use halley_kit::{Caller, page::Page, time};
use halley_model::{FieldError, field, limits};

use super::find;
use crate::{
    domain::{
        call::{CallFault, StoredCall},
        key::receiver_type,
    },
    error::Result,
    service::Messaging,
    store::calls::{self, CallFilter, StoredParticipant},
};

impl Messaging {
    /// Calls with their participants, in the order of the rows.
    async fn show_calls(&self, app_id: &str, rows: Vec<StoredCall>) -> Result<Vec<pb::Call>> {
        let ids: Vec<String> = rows.iter().map(|call| call.session_id.clone()).collect();
        let mut participants = calls::list_participants(&self.pool, app_id, &ids).await?;
        let now = time::now();
        let shown = rows.into_iter().map(|call| {
            let participants = participants.remove(&call.session_id).unwrap_or_default();
            show(self.as_of(call, now), participants)
        });
        Ok(shown.collect())
    }
}

fn show(call: StoredCall, participants: Vec<StoredParticipant>) -> pb::Call {
    let participants = participants.into_iter().map(|place| pb::CallParticipant {
        uid: place.uid,
        state: place.state.into(),
        device_id: place.device_id,
        joined_at_ms: time::opt_to_ms(place.joined_at),
        left_at_ms: time::opt_to_ms(place.left_at),
        seconds: place.seconds,
    });
    pb::Call {
        conversation_id: call.key.public(),
        receiver_type: receiver_type(&call.key).into(),
        session_id: call.session_id,
        message_id: call.message_id,
        r#type: call.kind.into(),
        status: call.status.into(),
        initiator_uid: call.initiator_uid,
        receiver: call.receiver,
        initiated_at_ms: time::to_ms(call.initiated_at),
        started_at_ms: time::opt_to_ms(call.started_at),
        ended_at_ms: time::opt_to_ms(call.ended_at),
        participant_count: call.participant_count,
        seconds: call.seconds,
        participants: participants.collect(),
    }
}

pub(super) async fn get(
    messaging: &Messaging,
    caller: Caller,
    request: pb::GetCallRequest,
) -> Result<pb::GetCallResponse> {
    let app_id = caller.app_id();
    let call = find(messaging, app_id, &request.session_id).await?;
    if let Some(uid) = caller.acting_uid()
        && !messaging.directory.may_see_call(app_id, &call, uid).await?
        && !calls::is_participant(&messaging.pool, app_id, &call.session_id, uid).await?
    {
        return Err(CallFault::NotAPart { uid: uid.to_owned() }.into());
    }
    let call = messaging.show_calls(app_id, vec![call]).await?.pop();
    Ok(pb::GetCallResponse { call })
}

pub(super) async fn list(
    messaging: &Messaging,
    caller: Caller,
    request: pb::ListCallsRequest,
) -> Result<pb::ListCallsResponse> {
    let page = Page::parse(request.page)?;
    let filter = filter(&caller, &request)?;
    let rows = calls::list_calls(&messaging.pool, &filter, page.limit(), page.offset()).await?;
    let count = rows.len();
    let total = match page.total_at_end(count) {
        Some(total) => total,
        None => calls::count_calls(&messaging.pool, &filter).await?,
    };
    let calls = messaging.show_calls(caller.app_id(), rows).await?;
    Ok(pb::ListCallsResponse { calls, page: Some(page.info(total, count)) })
}

fn filter(caller: &Caller, request: &pb::ListCallsRequest) -> Result<CallFilter> {
    let known = |status: &i32| CallStatus::try_from(*status).ok().filter(|s| *s != CallStatus::Unspecified);
    let statuses = request.statuses.iter().map(known).collect::<Option<Vec<_>>>();
    let statuses = statuses.ok_or_else(|| FieldError::new("status", "must be one of a call"))?;
    field::text("uid", &request.uid, limits::ID_MAX)?;
    let mut uids: Vec<String> = caller.acting_uid().map(ToOwned::to_owned).into_iter().collect();
    if !request.uid.is_empty() {
        // What is no uid has no part in any call.
        uids.push(request.uid.to_ascii_lowercase());
    }
    uids.dedup();
    let (started, ended) = (request.started_at.unwrap_or_default(), request.ended_at.unwrap_or_default());
    Ok(CallFilter {
        app_id: caller.app_id().to_owned(),
        uids,
        kind: Some(request.r#type()).filter(|kind| *kind != pb::CallType::Unspecified),
        statuses,
        receiver_type: Some(request.receiver_type()).filter(|kind| *kind != ReceiverType::Unspecified),
        participant_count: (request.participant_count != 0).then_some(request.participant_count),
        started_from: time::from_ms(started.from_ms),
        started_to: time::from_ms(started.to_ms),
        ended_from: time::from_ms(ended.from_ms),
        ended_to: time::from_ms(ended.to_ms),
    })
}
