//! Reports of messages: users report, the app's server side decides and keeps the list of reasons.

use std::collections::HashSet;

use axum::extract::Path;
use halley_contracts::{
    common::v1::PageRequest,
    messaging::v1::{
        CreateReasonRequest, DeleteReasonRequest, FlagMessageRequest, FlaggedMessage, GetReasonRequest,
        ListFlaggedMessagesRequest, ListReasonsRequest, Reason, ReviewMessageRequest, UpdateReasonRequest,
    },
};
use halley_model::limits;
use halley_wire::{FlaggedJson, ReasonJson, parse_moderation, schema};
use serde_json::{Value, json};

use crate::{
    caller::Context,
    input::{self, Body, Query},
    openapi::{answer, body, path, query},
    reply::{self, ApiError, Reply, data, list as answer_list},
};

/// Rows of a list when the caller names no number.
const FLAGGED_DEFAULT: i32 = 50;
const REASONS_DEFAULT: i32 = 10;

/// "Done", with the keys both within `data` and beside it: sources differ, and both are read.
fn done(message: &str) -> Reply {
    reply::object(&json!({"data": {"success": true, "message": message}, "success": true, "message": message}))
}

/// Reports a message.
///
/// Server-side callers name the reason `reasonId`, clients `id`.
#[utoipa::path(
    post, path = "/messages/{id}/flagged", tag = "moderation", operation_id = "flag-a-message",
    params(path::Id),
    request_body = body::Report,
    responses((status = 200, body = answer::DoneTwice)),
    extensions(("x-errors" = json!([
        "ERR_MESSAGE_ID_NOT_FOUND", "ERR_MESSAGE_NO_ACCESS", "ERR_MESSAGE_ACTION_NOT_ALLOWED",
        "ERR_REASON_NOT_FOUND",
    ])))
)]
pub async fn flag(context: Context, Path(id): Path<String>, body: Body) -> Reply {
    let message_id = input::message_id(&id)?;
    // Both are read, so that a wrong one is told.
    let given = [body.text("reasonId")?, body.text("id")?];
    let Some(reason_id) = given.into_iter().flatten().find(|given| !given.trim().is_empty()) else {
        return Err(ApiError::field("reasonId", "is required"));
    };
    let remark = body.text("remark")?.unwrap_or_default();
    let request = FlagMessageRequest { message_id, reason_id, remark };
    context.moderation().flag_message(context.request(request)).await?;
    done("The message is reported.")
}

/// Lists reported messages about which nothing is decided.
#[utoipa::path(
    get, path = "/moderation/flagged-messages", tag = "moderation", operation_id = "list-flagged-messages",
    params(query::LimitedPage),
    responses((status = 200, body = schema::List<answer::FlaggedMessage, schema::LimitedPageMeta>))
)]
pub async fn list_flagged(context: Context, query: Query) -> Reply {
    flagged(&context, &query, false).await
}

/// Lists reported messages about which something is decided.
#[utoipa::path(
    get, path = "/moderation/reviewed-messages", tag = "moderation", operation_id = "list-reviewed-messages",
    params(query::LimitedPage),
    responses((status = 200, body = schema::List<schema::ReviewedMessage, schema::LimitedPageMeta>))
)]
pub async fn list_reviewed(context: Context, query: Query) -> Reply {
    flagged(&context, &query, true).await
}

async fn flagged(context: &Context, query: &Query, reviewed: bool) -> Reply {
    context.server_side()?;
    let page = page(query, FLAGGED_DEFAULT)?;
    let request = ListFlaggedMessagesRequest { page: Some(page), reviewed };
    let answer = context.moderation().list_flagged_messages(context.request(request)).await?.into_inner();
    let users = context.users(reporters(&answer.messages)).await?;
    let view = context.view(None);
    let rows: Vec<Value> = answer
        .messages
        .iter()
        .map(|flagged| {
            let shown = FlaggedJson { flagged, app_id: context.app_id(), users: &users, view };
            if reviewed { shown.reviewed() } else { shown.queued() }
        })
        .collect();
    let pagination = reply::pagination(answer.page.unwrap_or_default());
    let current = json!({"limit": page.per_page, "count": rows.len()});
    answer_list(rows, json!({"current": current, "pagination": pagination}))
}

/// Who reported, as many as can be asked for at once.
fn reporters(messages: &[FlaggedMessage]) -> Vec<String> {
    let uids: HashSet<&str> = messages.iter().flat_map(|of| &of.flags).map(|flag| flag.uid.as_str()).collect();
    uids.into_iter().map(ToOwned::to_owned).take(limits::BATCH_MAX).collect()
}

/// Decides about a reported message.
#[utoipa::path(
    patch, path = "/moderation/flagged-messages/{id}", tag = "moderation", operation_id = "blockreview-flagged-message",
    params(path::Id),
    request_body = body::Review,
    responses((status = 200, body = answer::DoneTwice)),
    extensions(("x-errors" = json!(["ERR_MESSAGE_ID_NOT_FOUND"])))
)]
pub async fn review(context: Context, Path(id): Path<String>, body: Body) -> Reply {
    context.server_side()?;
    let message_id = input::message_id(&id)?;
    let status = parse_moderation(&body.required("status")?)
        .ok_or_else(|| ApiError::field("status", "must be approved or disapproved"))?;
    let request = ReviewMessageRequest { message_id, status: status.into() };
    context.moderation().review_message(context.request(request)).await?;
    done("The message is reviewed.")
}

/// Makes a reason of reports.
///
/// An app has 100 at most.
#[utoipa::path(
    post, path = "/moderation/reasons", tag = "moderation", operation_id = "create-reason",
    request_body = body::NewReason,
    responses((status = 200, body = schema::Data<schema::Reason>))
)]
pub async fn create_reason(context: Context, body: Body) -> Reply {
    context.server_side()?;
    let request = CreateReasonRequest {
        id: body.required("id")?,
        name: body.required("name")?,
        description: body.text("description")?.unwrap_or_default(),
    };
    let answer = context.moderation().create_reason(context.request(request)).await?;
    show(answer.into_inner().reason)
}

/// Lists reasons of reports.
#[utoipa::path(
    get, path = "/moderation/reasons", tag = "moderation", operation_id = "list-reasons",
    params(query::LimitedPage),
    responses((status = 200, body = schema::List<schema::Reason, schema::LimitedPageMeta>))
)]
pub async fn list_reasons(context: Context, query: Query) -> Reply {
    context.server_side()?;
    let page = page(&query, REASONS_DEFAULT)?;
    let request = ListReasonsRequest { page: Some(page) };
    let answer = context.moderation().list_reasons(context.request(request)).await?.into_inner();
    let rows: Vec<_> = answer.reasons.iter().map(ReasonJson).collect();
    let pagination = reply::pagination(answer.page.unwrap_or_default());
    let current = json!({"limit": page.per_page, "count": rows.len()});
    answer_list(rows, json!({"current": current, "pagination": pagination}))
}

/// Shows a reason of reports.
#[utoipa::path(
    get, path = "/moderation/reasons/{id}", tag = "moderation", operation_id = "get-reason-details",
    params(path::ReasonId),
    responses((status = 200, body = schema::Data<schema::Reason>)),
    extensions(("x-errors" = json!(["ERR_REASON_NOT_FOUND"])))
)]
pub async fn get_reason(context: Context, Path(id): Path<String>) -> Reply {
    context.server_side()?;
    let answer = context.moderation().get_reason(context.request(GetReasonRequest { id })).await?;
    show(answer.into_inner().reason)
}

/// Changes a reason of reports.
#[utoipa::path(
    put, path = "/moderation/reasons/{id}", tag = "moderation", operation_id = "update-reason-details",
    params(path::ReasonId),
    request_body = Option<body::ReasonChanges>,
    responses((status = 200, body = schema::Data<schema::Reason>)),
    extensions(("x-errors" = json!(["ERR_REASON_NOT_FOUND"])))
)]
pub async fn update_reason(context: Context, Path(id): Path<String>, body: Body) -> Reply {
    context.server_side()?;
    let request = UpdateReasonRequest { id, name: body.text("name")?, description: body.text("description")? };
    let answer = context.moderation().update_reason(context.request(request)).await?;
    show(answer.into_inner().reason)
}

/// Deletes a reason of reports.
#[utoipa::path(
    delete, path = "/moderation/reasons/{id}", tag = "moderation", operation_id = "delete-reason",
    params(path::ReasonId),
    responses((status = 200, body = answer::DoneTwice)),
    extensions(("x-errors" = json!(["ERR_REASON_NOT_FOUND"])))
)]
pub async fn delete_reason(context: Context, Path(id): Path<String>) -> Reply {
    context.server_side()?;
    context.moderation().delete_reason(context.request(DeleteReasonRequest { id })).await?;
    done("The reason is deleted.")
}

fn show(reason: Option<Reason>) -> Reply {
    data(ReasonJson(&reason.unwrap_or_default()))
}

/// These lists are documented with a limit only; the pages behind the first are Halley's own.
fn page(query: &Query, default: i32) -> Result<PageRequest, ApiError> {
    let named = query.any(&["limit", "per_page", "perPage"]).is_some();
    let per_page = if named { query.limit()? } else { default };
    Ok(PageRequest { per_page, ..query.page()? })
}

/// What clients are told of reasons in the settings. When they can't be asked for there are none: a client can log in all
/// the same.
pub async fn flag_reasons(context: &Context) -> Value {
    let request = ListReasonsRequest { page: Some(PageRequest { page: 1, per_page: limits::PAGE_MAX }) };
    match context.moderation().list_reasons(context.request(request)).await {
        Ok(answer) => reply::value(answer.into_inner().reasons.iter().map(ReasonJson).collect::<Vec<_>>()),
        Err(status) => {
            tracing::warn!(%status, "reasons of reports are not known");
            json!([])
        }
    }
}
