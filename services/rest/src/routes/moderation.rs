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
use halley_wire::{FlaggedJson, ReasonJson, parse_moderation};
use serde_json::{Value, json};

use crate::{
    caller::Context,
    input::{self, Body, Query},
    reply::{self, ApiError, Reply, data, list as answer_list},
};

/// Rows of a list when the caller names no number.
const FLAGGED_DEFAULT: i32 = 50;
const REASONS_DEFAULT: i32 = 10;

/// "Done", with the keys both within `data` and beside it: sources differ, and both are read.
fn done(message: &str) -> Reply {
    reply::object(&json!({"data": {"success": true, "message": message}, "success": true, "message": message}))
}

/// `POST /messages/{id}/flagged`: server-side callers name the reason `reasonId`, clients `id`.
pub async fn flag(context: Context, Path(id): Path<String>, body: Body) -> Reply {
    let message_id = input::message_id(&id)?;
    let reason_id = match body.text("reasonId")? {
        Some(given) if !given.trim().is_empty() => given,
        _ => body.text("id")?.filter(|given| !given.trim().is_empty()).unwrap_or_default(),
    };
    if reason_id.is_empty() {
        return Err(ApiError::field("reasonId", "is required"));
    }
    let remark = body.text("remark")?.unwrap_or_default();
    let request = FlagMessageRequest { message_id, reason_id, remark };
    context.moderation().flag_message(context.request(request)).await?;
    done("The message is reported.")
}

/// `GET /moderation/flagged-messages`
pub async fn list_flagged(context: Context, query: Query) -> Reply {
    flagged(&context, &query, false).await
}

/// `GET /moderation/reviewed-messages`
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

/// `PATCH /moderation/flagged-messages/{id}`
pub async fn review(context: Context, Path(id): Path<String>, body: Body) -> Reply {
    context.server_side()?;
    let message_id = input::message_id(&id)?;
    let status = parse_moderation(&body.required("status")?)
        .ok_or_else(|| ApiError::field("status", "must be approved or disapproved"))?;
    let request = ReviewMessageRequest { message_id, status: status.into() };
    context.moderation().review_message(context.request(request)).await?;
    done("The message is reviewed.")
}

/// `POST /moderation/reasons`
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

/// `GET /moderation/reasons`
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

/// `GET /moderation/reasons/{id}`
pub async fn get_reason(context: Context, Path(id): Path<String>) -> Reply {
    context.server_side()?;
    let answer = context.moderation().get_reason(context.request(GetReasonRequest { id })).await?;
    show(answer.into_inner().reason)
}

/// `PUT /moderation/reasons/{id}`
pub async fn update_reason(context: Context, Path(id): Path<String>, body: Body) -> Reply {
    context.server_side()?;
    let request = UpdateReasonRequest { id, name: body.text("name")?, description: body.text("description")? };
    let answer = context.moderation().update_reason(context.request(request)).await?;
    show(answer.into_inner().reason)
}

/// `DELETE /moderation/reasons/{id}`
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
