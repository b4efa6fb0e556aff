//! Calls: started, answered and ended by clients, and the log of them. Clients' calls and those of the app's server
//! side share their paths, on whatever host they come to.

use axum::extract::Path;
use halley_contracts::{
    auth::v1::GetAppRequest,
    common::v1::{PageRequest, TimeRange},
    messaging::v1::{CallType, GetCallRequest, InitiateCallRequest, ListCallsRequest, ReceiverType, UpdateCallRequest},
};
use halley_kit::PublicError;
use halley_model::{ErrorCode, limits};
use halley_wire::{CallJson, parse_call_status, parse_call_type, schema};

use crate::{
    caller::Context,
    input::{Body, Query},
    openapi::{answer, body, path, query},
    reply::{self, ApiError, Reply, data},
};

/// Rows of a page when the caller names no number.
const PAGE_DEFAULT: i32 = 25;

/// Starts a call.
///
/// Answers the message that tells of it.
#[utoipa::path(
    post, path = "/calls", tag = "calls", operation_id = "initiate-call",
    request_body = body::NewCall,
    responses((status = 200, body = schema::Data<schema::Message>)),
    extensions(("x-errors" = json!([
        "ERR_EMPTY_MESSAGE_TYPE", "ERR_INVALID_MESSAGE_TYPE", "ERR_EMPTY_RECEIVER", "ERR_INVALID_RECEIVER_TYPE",
        "ERR_UID_NOT_FOUND", "ERR_GUID_NOT_FOUND", "ERR_GROUP_NOT_JOINED", "ERR_BANNED_GROUPMEMBER",
        "ERR_BLOCKED_RECEIVER", "ERR_BLOCKED_SENDER", "ERR_CALLING_SELF", "ERR_CALL_BUSY_SELF", "ERR_CALL_BUSY_USER",
        "ERR_CALL_BUSY_GROUP",
    ])))
)]
pub async fn initiate(context: Context, body: Body) -> Reply {
    let kind = call_type(&body)?;
    let (receiver_type, receiver) = receiver(&body)?;
    check_initiated(&body)?;
    context.check_calling(receiver_type, &receiver).await?;
    let app = context.auth().get_app(context.system(GetAppRequest { app_id: context.app_id().to_owned() })).await?;
    let request = InitiateCallRequest {
        r#type: kind.into(),
        receiver_type: receiver_type.into(),
        receiver,
        device_id: context.device_id.clone(),
        region: app.into_inner().app.unwrap_or_default().region,
    };
    let answer = context.calls().initiate_call(context.request(request)).await?;
    context.show_one(&answer.into_inner().message.unwrap_or_default())
}

fn call_type(body: &Body) -> Result<CallType, ApiError> {
    match body.text("type")?.as_deref().map(str::trim) {
        None | Some("") => Err(fault(ErrorCode::EmptyMessageType, "type", "is required")),
        Some(word) => {
            parse_call_type(word).ok_or_else(|| fault(ErrorCode::InvalidMessageType, "type", "must be audio or video"))
        }
    }
}

fn receiver(body: &Body) -> Result<(ReceiverType, String), ApiError> {
    let receiver = body.text("receiver")?.filter(|text| !text.trim().is_empty());
    let receiver = receiver.ok_or_else(|| fault(ErrorCode::EmptyReceiver, "receiver", "is required"))?;
    match body.text("receiverType")?.as_deref() {
        Some("user") => Ok((ReceiverType::User, receiver.to_ascii_lowercase())),
        Some("group") => Ok((ReceiverType::Group, receiver.to_ascii_lowercase())),
        _ => Err(fault(ErrorCode::InvalidReceiverType, "receiverType", "must be user or group")),
    }
}

/// Clients say that they begin a call; who says that it is anything else is mistaken.
fn check_initiated(body: &Body) -> Result<(), ApiError> {
    match body.text("status")?.as_deref() {
        None | Some("" | "initiated") => Ok(()),
        Some(_) => Err(ApiError::field("status", "must be initiated")),
    }
}

fn fault(code: ErrorCode, name: &str, problem: &str) -> ApiError {
    PublicError::field(code, name, format!("{name} {problem}")).into()
}

/// Changes a call: answers, declines, joins, leaves, ends.
///
/// Answers the message that tells of the change.
#[utoipa::path(
    put, path = "/calls/{sessionId}", tag = "calls", operation_id = "update-call",
    params(path::SessionId),
    request_body = body::CallChange,
    responses((status = 200, body = schema::Data<schema::Message>)),
    extensions(("x-errors" = json!([
        "ERR_EMPTY_CALL_SESSION_ID", "ERR_CALL_SESSION_NOT_FOUND", "ERR_CALL_NOT_A_PART", "ERR_CALL_TERMINATED",
        "ERR_CALL_INVALID_INIT", "ERR_CALL_NOT_STARTED", "ERR_CALL_USER_ALREADY_JOINED",
        "ERR_CALL_GROUP_ALREADY_JOINED", "ERR_CALL_GROUP_ALREADY_LEFT", "ERR_CALL_GROUP_INVALID_STATUS",
        "ERR_CALL_ONGOING_TO_INVALID", "ERR_CALL_EMPTY_JOINED_AT", "ERR_CALL_BUSY_SELF", "ERR_CALL_BUSY_USER",
        "ERR_UID_NOT_FOUND", "ERR_GUID_NOT_FOUND", "ERR_GROUP_NOT_JOINED", "ERR_BANNED_GROUPMEMBER",
        "ERR_BLOCKED_RECEIVER", "ERR_BLOCKED_SENDER",
    ])))
)]
pub async fn update(context: Context, Path(session_id): Path<String>, body: Body) -> Reply {
    let status = parse_call_status(&body.required("status")?)
        .ok_or_else(|| ApiError::field("status", "must be ongoing, rejected, busy, cancelled, unanswered or ended"))?;
    let request = UpdateCallRequest {
        session_id,
        status: status.into(),
        joined_at_ms: body.seconds("joinedAt")?,
        device_id: context.device_id.clone(),
    };
    let answer = context.calls().update_call(context.request(request)).await?;
    context.show_one(&answer.into_inner().message.unwrap_or_default())
}

/// Refuses to change a call that is not named.
///
/// Clients come here when they have lost the session's id; the answer is always that it is missing.
#[utoipa::path(
    put, path = "/calls", tag = "calls", operation_id = "update-unnamed-call",
    responses((status = 200)),
    extensions(("x-errors" = json!(["ERR_EMPTY_CALL_SESSION_ID"])))
)]
pub async fn update_nothing(_: Context) -> Reply {
    Err(ApiError::code(ErrorCode::EmptyCallSessionId))
}

/// Shows a call.
#[utoipa::path(
    get, path = "/calls/{sessionId}", tag = "calls", operation_id = "retrieve-call-details",
    params(path::SessionId),
    responses((status = 200, body = schema::Data<schema::Call>)),
    extensions(("x-errors" = json!(["ERR_EMPTY_CALL_SESSION_ID", "ERR_CALL_SESSION_NOT_FOUND", "ERR_CALL_NOT_A_PART"])))
)]
pub async fn get(context: Context, Path(session_id): Path<String>) -> Reply {
    let answer = context.calls().get_call(context.request(GetCallRequest { session_id })).await?;
    data(CallJson { call: &answer.into_inner().call.unwrap_or_default(), alone: true })
}

/// Lists what is written down of a call: nothing is.
#[utoipa::path(
    get, path = "/calls/{sessionId}/transcriptions", tag = "calls", operation_id = "retrieve-call-transcriptions",
    params(path::SessionId, query::Page),
    responses((status = 200, body = answer::EmptyPage)),
    extensions(("x-errors" = json!(["ERR_EMPTY_CALL_SESSION_ID", "ERR_CALL_SESSION_NOT_FOUND", "ERR_CALL_NOT_A_PART"])))
)]
pub async fn transcriptions(context: Context, Path(session_id): Path<String>, query: Query) -> Reply {
    let page = query.page()?;
    context.calls().get_call(context.request(GetCallRequest { session_id })).await?;
    reply::empty_page(page)
}

/// Lists calls, the newest first.
#[utoipa::path(
    get, path = "/calls", tag = "calls", operation_id = "list-calls",
    params(query::Calls, query::ShortPage),
    responses((status = 200, body = schema::Page<schema::Call>))
)]
pub async fn list(context: Context, query: Query) -> Reply {
    let page = page(&query)?;
    let Some(asked) = asked(&query, page)? else { return reply::empty_page(page) };
    let answer = context.calls().list_calls(context.request(asked)).await?.into_inner();
    let rows: Vec<_> = answer.calls.iter().map(|call| CallJson { call, alone: false }).collect();
    reply::page(rows, answer.page)
}

fn page(query: &Query) -> Result<PageRequest, ApiError> {
    let page = query.page()?;
    let per_page = if query.any(&["per_page", "perPage"]).is_none() { PAGE_DEFAULT } else { page.per_page };
    Ok(PageRequest { per_page, ..page })
}

/// Reads the filters. `None`: no call of Halley's can match, as there are no meetings, recordings and transcriptions.
fn asked(query: &Query, page: PageRequest) -> Result<Option<ListCallsRequest>, ApiError> {
    let records = query.flag("hasRecording")? || query.flag("hasTranscription")?;
    let is_call = match query.text("mode") {
        None | Some("call") => true,
        Some("meet" | "presenter") => false,
        Some(_) => return Err(ApiError::field("mode", "must be call, meet or presenter")),
    };
    let kind = match query.text("type") {
        None => CallType::Unspecified,
        Some(word) => parse_call_type(word).ok_or_else(|| ApiError::field("type", "must be audio or video"))?,
    };
    let receiver_type = match query.text("receiverType") {
        None => ReceiverType::Unspecified,
        Some("user") => ReceiverType::User,
        Some("group") => ReceiverType::Group,
        Some(_) => return Err(ApiError::field("receiverType", "must be user or group")),
    };
    let statuses: Result<Vec<i32>, ApiError> = query
        .texts("status")
        .iter()
        .map(|word| {
            let status = parse_call_status(word);
            status.map(i32::from).ok_or_else(|| ApiError::field("status", "must be a status of a call"))
        })
        .collect();
    let statuses = statuses?;
    let participant_count = query.small("participantsCount")?;
    if participant_count.is_some_and(|count| count < 1) {
        return Err(ApiError::field("participantsCount", "must be 1 or more"));
    }
    let uid = query.text("uid").unwrap_or_default().to_owned();
    if uid.chars().count() > limits::ID_MAX {
        return Err(ApiError::field("uid", "is no user's uid"));
    }
    let asked = ListCallsRequest {
        page: Some(page),
        r#type: kind.into(),
        statuses,
        receiver_type: receiver_type.into(),
        participant_count: participant_count.unwrap_or_default(),
        started_at: from(query, "startedAt")?,
        ended_at: until(query, "endedAt")?,
        uid,
    };
    Ok((is_call && !records).then_some(asked))
}

/// `startedAt`: from that second on, or a range in brackets.
fn from(query: &Query, name: &str) -> Result<Option<TimeRange>, ApiError> {
    let range = query.range(name)?;
    Ok(match query.seconds(name)? {
        0 => range,
        from_ms => Some(TimeRange { from_ms, to_ms: 0 }),
    })
}

/// `endedAt`: until the end of that second, or a range in brackets.
fn until(query: &Query, name: &str) -> Result<Option<TimeRange>, ApiError> {
    let range = query.range(name)?;
    Ok(match query.seconds(name)? {
        0 => range,
        to_ms => Some(TimeRange { from_ms: 0, to_ms: to_ms + 999 }),
    })
}
