//! What webhooks were called with, and what came of it. Auth says whether the operator may see or do that, and that there is
//! such a webhook; the service that calls webhooks is then asked as Halley itself.

use axum::extract::Path;
use halley_contracts::{
    auth::v1::GetWebhookRequest,
    webhooks::v1::{
        Delivery, DeliveryAttempt, DeliveryState, GetDeliveryRequest, ListDeliveriesRequest, RedeliverRequest,
        SendTestRequest,
    },
};
use halley_kit::Caller;
use halley_wire::schema;
use serde_json::{Value, json, value::RawValue};

use super::management::Operator;
use crate::{
    input::Query,
    openapi::{answer, path, query},
    reply::{ApiError, Reply, data, list as reply_list, value},
};

/// The caller for an app's webhook that an operator may see, or change.
async fn admit(operator: &Operator, app_id: String, webhook_id: String, to_change: bool) -> Result<Caller, ApiError> {
    let app = app_id.to_ascii_lowercase();
    let request = GetWebhookRequest { credential: operator.credential(), app_id, webhook_id, to_change };
    operator.state.management().get_webhook(request).await?;
    Ok(Caller::system(app))
}

fn state(query: &Query) -> Result<DeliveryState, ApiError> {
    match query.text("state") {
        None => Ok(DeliveryState::Unspecified),
        Some("pending") => Ok(DeliveryState::Pending),
        Some("delivered") => Ok(DeliveryState::Delivered),
        Some("failed") => Ok(DeliveryState::Failed),
        Some(_) => Err(ApiError::field("state", "must be pending, delivered or failed")),
    }
}

/// Lists the deliveries of a webhook, newest first (Halley's own).
///
/// What was sent and answered is shown by each delivery alone. They are kept for seven days, or for the installation's
/// `webhooks.keep_days`.
#[utoipa::path(
    get, path = "/apps/{appId}/webhooks/{webhookId}/deliveries", tag = "management",
    operation_id = "list-webhook-deliveries",
    params(path::AppId, path::WebhookId, query::Deliveries),
    responses((status = 200, body = schema::List<answer::webhooks::Delivery, answer::webhooks::DeliveriesMeta>)),
    extensions(("x-errors" = json!(["ERR_WEBHOOK_NOT_FOUND"])))
)]
pub async fn list(operator: Operator, Path((app_id, webhook_id)): Path<(String, String)>, query: Query) -> Reply {
    let request = ListDeliveriesRequest {
        webhook_id: webhook_id.clone(),
        trigger: query.text("trigger").unwrap_or_default().to_owned(),
        state: state(&query)?.into(),
        limit: match query.small("limit")? {
            Some(0) => return Err(ApiError::field("limit", "must be 1 to 100")),
            given => given.unwrap_or_default(),
        },
        cursor: query.text("cursor").unwrap_or_default().to_owned(),
    };
    let caller = admit(&operator, app_id, webhook_id, false).await?;
    let answer = operator.state.webhooks().list_deliveries(caller.request(request)).await?.into_inner();
    let rows: Vec<Value> = answer.deliveries.iter().map(row).collect();
    let cursor = Some(answer.next_cursor).filter(|cursor| !cursor.is_empty());
    let meta = json!({"count": rows.len(), "cursor": cursor});
    reply_list(rows, meta)
}

/// Shows a delivery, with what was sent and what was answered (Halley's own).
#[utoipa::path(
    get, path = "/apps/{appId}/webhooks/{webhookId}/deliveries/{deliveryId}", tag = "management",
    operation_id = "get-webhook-delivery",
    params(path::AppId, path::WebhookId, path::DeliveryId),
    responses((status = 200, body = schema::Data<answer::webhooks::DeliveryDetails>)),
    extensions(("x-errors" = json!(["ERR_WEBHOOK_NOT_FOUND", "ERR_WEBHOOK_DELIVERY_NOT_FOUND"])))
)]
pub async fn get(operator: Operator, Path((app_id, webhook_id, id)): Path<(String, String, String)>) -> Reply {
    let request = GetDeliveryRequest { webhook_id: webhook_id.clone(), delivery_id: id };
    let caller = admit(&operator, app_id, webhook_id, false).await?;
    let answer = operator.state.webhooks().get_delivery(caller.request(request)).await?.into_inner();
    data(details(&answer.delivery.unwrap_or_default()))
}

/// Sends a delivery again that was delivered or given up, with the same id and body (Halley's own).
#[utoipa::path(
    post, path = "/apps/{appId}/webhooks/{webhookId}/deliveries/{deliveryId}/redeliver", tag = "management",
    operation_id = "redeliver-webhook-delivery",
    params(path::AppId, path::WebhookId, path::DeliveryId),
    responses((status = 200, body = schema::Data<answer::webhooks::DeliveryDetails>)),
    extensions(("x-errors" = json!([
        "ERR_WEBHOOK_NOT_FOUND", "ERR_WEBHOOK_DELIVERY_NOT_FOUND", "ERR_WEBHOOK_DELIVERY_NOT_SENDABLE"
    ])))
)]
pub async fn redeliver(operator: Operator, Path((app_id, webhook_id, id)): Path<(String, String, String)>) -> Reply {
    let request = RedeliverRequest { webhook_id: webhook_id.clone(), delivery_id: id };
    let caller = admit(&operator, app_id, webhook_id, true).await?;
    let answer = operator.state.webhooks().redeliver(caller.request(request)).await?.into_inner();
    data(details(&answer.delivery.unwrap_or_default()))
}

/// Sends a test event, `ping`, to a webhook (Halley's own).
///
/// The answer is the delivery before it is sent; ask for it to learn what came of it.
#[utoipa::path(
    post, path = "/apps/{appId}/webhooks/{webhookId}/test", tag = "management", operation_id = "test-webhook",
    params(path::AppId, path::WebhookId),
    responses((status = 200, body = schema::Data<answer::webhooks::DeliveryDetails>)),
    extensions(("x-errors" = json!(["ERR_WEBHOOK_NOT_FOUND"])))
)]
pub async fn test(operator: Operator, Path((app_id, webhook_id)): Path<(String, String)>) -> Reply {
    let request = SendTestRequest { webhook_id: webhook_id.clone() };
    let caller = admit(&operator, app_id, webhook_id, true).await?;
    let answer = operator.state.webhooks().send_test(caller.request(request)).await?.into_inner();
    data(details(&answer.delivery.unwrap_or_default()))
}

fn some_ms(ms: i64) -> Option<i64> {
    Some(ms).filter(|ms| *ms != 0)
}

fn row(delivery: &Delivery) -> Value {
    json!({
        "id": delivery.delivery_id,
        "webhookId": delivery.webhook_id,
        "trigger": delivery.trigger,
        "state": match delivery.state() {
            DeliveryState::Pending => "pending",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Failed | DeliveryState::Unspecified => "failed",
        },
        "createdAtMs": delivery.created_at_ms,
        "dueAtMs": some_ms(delivery.due_at_ms),
        "finishedAtMs": some_ms(delivery.finished_at_ms),
        "attempts": delivery.attempts.iter().map(attempt).collect::<Vec<_>>(),
    })
}

fn attempt(attempt: &DeliveryAttempt) -> Value {
    json!({
        "atMs": attempt.at_ms,
        "durationMs": attempt.duration_ms,
        "status": Some(attempt.status).filter(|status| *status != 0),
        "error": Some(&attempt.error).filter(|error| !error.is_empty()),
    })
}

fn details(delivery: &Delivery) -> Value {
    let mut shown = row(delivery);
    let request: Option<Box<RawValue>> = serde_json::from_str(&delivery.payload_json).ok();
    shown["request"] = value(request);
    shown["answers"] = delivery.attempts.iter().map(|attempt| attempt.answer.as_str()).collect();
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::tests::{check, check_whole};

    #[test]
    fn what_is_shown_is_as_it_is_described() {
        let sent = DeliveryAttempt { at_ms: 5, duration_ms: 7, status: 200, answer: "ok".into(), ..Default::default() };
        let lost = DeliveryAttempt { error: "timeout".into(), ..Default::default() };
        let delivery = Delivery {
            delivery_id: "d".into(),
            state: DeliveryState::Delivered.into(),
            finished_at_ms: 12,
            attempts: vec![lost, sent],
            payload_json: r#"{"trigger":"ping"}"#.into(),
            ..Default::default()
        };
        let shown = row(&delivery);
        check_whole("Delivery", &shown);
        check_whole("DeliveryAttempt", &shown["attempts"][0]);
        assert_eq!((&shown["attempts"][0]["error"], &shown["attempts"][1]["status"]), (&json!("timeout"), &json!(200)));
        let whole = details(&delivery);
        check("DeliveryDetails", &whole);
        assert_eq!((&whole["request"]["trigger"], &whole["answers"][1]), (&json!("ping"), &json!("ok")));
        assert_eq!(details(&Delivery::default())["request"], Value::Null);
    }
}
