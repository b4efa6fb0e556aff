//! Webhooks and their triggers.

use axum::{extract::Path, http::HeaderMap};
use halley_contracts::auth::v1::{
    ChangeTriggersRequest, CreateWebhookRequest, DeleteWebhookRequest, GetWebhookRequest, ListTriggersRequest,
    ListWebhooksRequest, UpdateWebhookRequest, Webhook,
};
use halley_kit::PublicError;
use halley_model::triggers;
use halley_wire::schema;
use serde_json::{Value, json};

use super::management::Operator;
use crate::{
    caller::header,
    input::{Body, Query},
    openapi::{answer, body::management as body, path, query},
    reply::{ApiError, Reply, data, done, fates, page},
};

/// The header that says for which list of events a webhook is. Without it, the older one.
fn version(headers: &HeaderMap) -> Result<i32, ApiError> {
    match header(headers, "x-webhook-version") {
        None | Some("1") => Ok(1),
        Some("2") => Ok(2),
        Some(_) => Err(ApiError::field("X-Webhook-Version", "must be 2, or left out")),
    }
}

/// Makes a webhook.
#[utoipa::path(
    post, path = "/apps/{appId}/webhooks", tag = "management", operation_id = "create-webhook",
    params(
        path::AppId,
        ("X-Webhook-Version" = Option<String>, Header, pattern = "^[12]$",
            description = "Which list of triggers the webhook knows: 2 the newer one; 1 without it.")
    ),
    request_body = body::NewWebhook,
    responses((status = 200, body = schema::Data<answer::management::Webhook>)),
    extensions(("x-errors" = json!(["ERR_WEBHOOK_ALREADY_EXISTS"])))
)]
pub async fn create(operator: Operator, Path(app_id): Path<String>, headers: HeaderMap, body: Body) -> Reply {
    let webhook = Webhook {
        webhook_id: body.required("id")?,
        name: body.required("name")?,
        url: body.required("webhookURL")?,
        use_basic_auth: body.flag("useBasicAuth")?,
        username: body.text("username")?.unwrap_or_default(),
        enabled: optional_flag(&body, "enabled")?.unwrap_or(true),
        retry_on_failure: body.flag("retryOnFailure")?,
        version: version(&headers)?,
        ..Default::default()
    };
    let request = CreateWebhookRequest {
        credential: operator.credential(),
        app_id,
        webhook: Some(webhook),
        password: body.text("password")?.unwrap_or_default(),
    };
    let answer = operator.state.management().create_webhook(request).await?.into_inner();
    show(answer.webhook)
}

fn optional_flag(body: &Body, name: &str) -> Result<Option<bool>, ApiError> {
    match body.0.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(_) => body.flag(name).map(Some),
    }
}

/// Lists the webhooks of an app.
#[utoipa::path(
    get, path = "/apps/{appId}/webhooks", tag = "management", operation_id = "list-webhooks",
    params(path::AppId, query::Search, query::Page),
    responses((status = 200, body = schema::Page<answer::management::Webhook>))
)]
pub async fn list(operator: Operator, Path(app_id): Path<String>, query: Query) -> Reply {
    let request = ListWebhooksRequest {
        credential: operator.credential(),
        app_id,
        search_key: query.text("searchKey").unwrap_or_default().to_owned(),
        page: Some(query.page()?),
    };
    let answer = operator.state.management().list_webhooks(request).await?.into_inner();
    page(answer.webhooks.iter().map(row).collect::<Vec<_>>(), answer.page)
}

/// Shows a webhook.
#[utoipa::path(
    get, path = "/apps/{appId}/webhooks/{webhookId}", tag = "management", operation_id = "get-webhook",
    params(path::AppId, path::WebhookId),
    responses((status = 200, body = schema::Data<answer::management::Webhook>)),
    extensions(("x-errors" = json!(["ERR_WEBHOOK_NOT_FOUND"])))
)]
pub async fn get(operator: Operator, Path((app_id, webhook_id)): Path<(String, String)>) -> Reply {
    let request = GetWebhookRequest { credential: operator.credential(), app_id, webhook_id, to_change: false };
    let answer = operator.state.management().get_webhook(request).await?.into_inner();
    show(answer.webhook)
}

/// Changes a webhook.
#[utoipa::path(
    put, path = "/apps/{appId}/webhooks/{webhookId}", tag = "management", operation_id = "update-webhook",
    params(path::AppId, path::WebhookId),
    request_body = Option<body::WebhookChanges>,
    responses((status = 200, body = schema::Data<answer::management::Webhook>)),
    extensions(("x-errors" = json!(["ERR_WEBHOOK_NOT_FOUND"])))
)]
pub async fn update(operator: Operator, Path((app_id, webhook_id)): Path<(String, String)>, body: Body) -> Reply {
    let request = UpdateWebhookRequest {
        credential: operator.credential(),
        app_id,
        webhook_id,
        name: body.text("name")?,
        url: body.text("webhookURL")?,
        use_basic_auth: optional_flag(&body, "useBasicAuth")?,
        username: body.text("username")?,
        // Clients send an empty one along with every change: they were never told the password.
        password: body.text("password")?.filter(|password| !password.is_empty()),
        enabled: optional_flag(&body, "enabled")?,
        retry_on_failure: optional_flag(&body, "retryOnFailure")?,
    };
    let answer = operator.state.management().update_webhook(request).await?.into_inner();
    show(answer.webhook)
}

/// Deletes a webhook.
#[utoipa::path(
    delete, path = "/apps/{appId}/webhooks/{webhookId}", tag = "management", operation_id = "delete-webhook",
    params(path::AppId, path::WebhookId),
    responses((status = 200, body = schema::Data<schema::Done>)),
    extensions(("x-errors" = json!(["ERR_WEBHOOK_NOT_FOUND"])))
)]
pub async fn delete(operator: Operator, Path((app_id, webhook_id)): Path<(String, String)>) -> Reply {
    let request = DeleteWebhookRequest { credential: operator.credential(), app_id, webhook_id };
    operator.state.management().delete_webhook(request).await?;
    done("The webhook is deleted.")
}

/// Adds triggers to a webhook.
///
/// One trigger that is not there is the call's error; of several, each has its own fate.
#[utoipa::path(
    post, path = "/apps/{appId}/webhooks/{webhookId}/triggers", tag = "management", operation_id = "add-triggers",
    params(path::AppId, path::WebhookId),
    request_body = body::Triggers,
    responses((status = 200, body = schema::Data<answer::management::Fates>)),
    extensions(("x-errors" = json!(["ERR_WEBHOOK_NOT_FOUND", "ERR_TRIGGER_NOT_FOUND"])))
)]
pub async fn add_triggers(operator: Operator, Path(path): Path<(String, String)>, body: Body) -> Reply {
    change_triggers(&operator, path, &body, false).await
}

/// Removes triggers from a webhook.
#[utoipa::path(
    delete, path = "/apps/{appId}/webhooks/{webhookId}/triggers", tag = "management", operation_id = "remove-triggers",
    params(path::AppId, path::WebhookId),
    request_body = body::Triggers,
    responses((status = 200, body = schema::Data<answer::management::TriggersRemoved>)),
    extensions(("x-errors" = json!(["ERR_WEBHOOK_NOT_FOUND", "ERR_TRIGGER_NOT_FOUND"])))
)]
pub async fn remove_triggers(operator: Operator, Path(path): Path<(String, String)>, body: Body) -> Reply {
    change_triggers(&operator, path, &body, true).await
}

/// One trigger that is not there is the call's error; of several, each has its own fate.
async fn change_triggers(
    operator: &Operator,
    (app_id, webhook_id): (String, String),
    body: &Body,
    remove: bool,
) -> Reply {
    let trigger_ids = body.some_texts("triggerIds")?;
    let request = ChangeTriggersRequest { credential: operator.credential(), app_id, webhook_id, trigger_ids, remove };
    let results = operator.state.management().change_triggers(request).await?.into_inner().results;
    if let [only] = results.as_slice()
        && let Some(error) = &only.error
        && let Some(code) = halley_model::ErrorCode::parse(&error.code)
    {
        return Err(PublicError::field(code, "triggerIds", error.message.clone()).into());
    }
    match remove {
        true if results.iter().all(|result| result.error.is_none()) => done("The triggers are removed."),
        true => data(fates(&results, "The trigger is removed.")),
        false => data(fates(&results, "The trigger is added.")),
    }
}

/// Lists the triggers of a webhook.
#[utoipa::path(
    get, path = "/apps/{appId}/webhooks/{webhookId}/triggers", tag = "management", operation_id = "list-triggers",
    params(path::AppId, path::WebhookId, query::Page),
    responses((status = 200, body = schema::Page<answer::management::Trigger>)),
    extensions(("x-errors" = json!(["ERR_WEBHOOK_NOT_FOUND"])))
)]
pub async fn list_triggers(
    operator: Operator,
    Path((app_id, webhook_id)): Path<(String, String)>,
    query: Query,
) -> Reply {
    let request =
        ListTriggersRequest { credential: operator.credential(), app_id, webhook_id, page: Some(query.page()?) };
    let answer = operator.state.management().list_triggers(request).await?.into_inner();
    let rows: Vec<Value> = answer.trigger_ids.iter().map(|id| trigger(id)).collect();
    page(rows, answer.page)
}

fn trigger(id: &str) -> Value {
    // Version 1 knows the names of both lists.
    match triggers::find(1, id) {
        Some(trigger) => json!({"id": id, "category": trigger.category, "description": trigger.description}),
        None => json!({"id": id, "category": "", "description": ""}),
    }
}

fn show(webhook: Option<Webhook>) -> Reply {
    data(row(&webhook.unwrap_or_default()))
}

/// Never with the password.
fn row(webhook: &Webhook) -> Value {
    json!({
        "id": webhook.webhook_id,
        "name": webhook.name,
        "webhookURL": webhook.url,
        "useBasicAuth": webhook.use_basic_auth,
        "username": webhook.username,
        "enabled": webhook.enabled,
        "retryOnFailure": webhook.retry_on_failure,
        "version": webhook.version,
        "createdAt": webhook.created_at_ms / 1000,
        "updatedAt": webhook.updated_at_ms / 1000,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::tests::check_whole;

    #[test]
    fn what_is_shown_is_as_it_is_described() {
        check_whole("Webhook", &row(&Webhook::default()));
        check_whole("Trigger", &trigger("message_sent"));
    }
}
