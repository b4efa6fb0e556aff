//! What was sent, and what came of it.

use halley_contracts::webhooks::v1::{self as pb, DeliveryState};
use halley_kit::{Caller, time};
use halley_model::{FieldError, limits};
use uuid::Uuid;

use super::app_of;
use crate::{
    body::Told,
    call::Attempt,
    error::{Result, WebhooksError},
    service::Webhooks,
    store::{
        DELIVERED, FAILED, PENDING,
        log::{self, DeliveryRow, Wanted},
    },
};

/// Rows of a page.
const LIMIT: i32 = 25;
const LIMIT_MAX: i32 = 100;

/// In lists without what was sent and answered.
fn show(row: DeliveryRow, whole: bool) -> pb::Delivery {
    let state = match row.state {
        PENDING => DeliveryState::Pending,
        DELIVERED => DeliveryState::Delivered,
        _ => DeliveryState::Failed,
    };
    let attempt = |attempt: Attempt| pb::DeliveryAttempt {
        at_ms: attempt.at_ms,
        duration_ms: attempt.duration_ms,
        status: attempt.status.into(),
        error: attempt.error,
        answer: if whole { attempt.answer } else { String::new() },
    };
    pb::Delivery {
        delivery_id: row.delivery_id.to_string(),
        webhook_id: row.webhook_id,
        trigger: row.trigger_id,
        state: state.into(),
        created_at_ms: time::to_ms(row.created_at),
        due_at_ms: time::opt_to_ms(row.due_at),
        finished_at_ms: time::opt_to_ms(row.finished_at),
        attempts: row.attempts.0.into_iter().map(attempt).collect(),
        payload_json: row.payload.unwrap_or_default(),
    }
}

pub(super) async fn list(
    webhooks: &Webhooks,
    caller: Caller,
    request: pb::ListDeliveriesRequest,
) -> Result<pb::ListDeliveriesResponse> {
    let app_id = app_of(&caller)?;
    let state = match DeliveryState::try_from(request.state) {
        Ok(DeliveryState::Unspecified) => None,
        Ok(DeliveryState::Pending) => Some(PENDING),
        Ok(DeliveryState::Delivered) => Some(DELIVERED),
        Ok(DeliveryState::Failed) => Some(FAILED),
        Err(_) => return Err(FieldError::new("state", "must be pending, delivered or failed").into()),
    };
    let limit = match request.limit {
        0 => LIMIT,
        limit if (1..=LIMIT_MAX).contains(&limit) => limit,
        _ => return Err(FieldError::new("limit", format!("must be 1 to {LIMIT_MAX}")).into()),
    };
    let before = match request.cursor.as_str() {
        "" => None,
        cursor => {
            let wrong = |_| FieldError::new("cursor", "must be that of an earlier page");
            Some(Uuid::parse_str(cursor).map_err(wrong)?)
        }
    };
    halley_model::field::text("trigger", &request.trigger, limits::NAME_MAX)?;
    let wanted = Wanted {
        app_id,
        webhook_id: &request.webhook_id,
        trigger_id: Some(request.trigger.as_str()).filter(|trigger| !trigger.is_empty()),
        state,
        before,
    };
    // One more than asked for tells whether there is another page.
    let mut rows = log::list(&webhooks.pool, &wanted, i64::from(limit) + 1).await?;
    let most = usize::try_from(limit).unwrap_or_default();
    let is_last = rows.len() <= most;
    rows.truncate(most);
    let next_cursor = rows.last().filter(|_| !is_last).map(|row| row.delivery_id.to_string()).unwrap_or_default();
    let deliveries = rows.into_iter().map(|row| show(row, false)).collect();
    Ok(pb::ListDeliveriesResponse { deliveries, next_cursor })
}

/// What is no id is no delivery's.
fn known_id(id: &str) -> Result<Uuid> {
    Uuid::parse_str(id).map_err(|_| not_found(id))
}

fn not_found(id: &str) -> WebhooksError {
    WebhooksError::DeliveryNotFound { id: id.chars().take(limits::ID_MAX).collect() }
}

pub(super) async fn get(
    webhooks: &Webhooks,
    caller: Caller,
    request: pb::GetDeliveryRequest,
) -> Result<pb::GetDeliveryResponse> {
    let app_id = app_of(&caller)?;
    let id = known_id(&request.delivery_id)?;
    let row = log::find(&webhooks.pool, app_id, &request.webhook_id, id).await?;
    let row = row.ok_or_else(|| not_found(&request.delivery_id))?;
    Ok(pb::GetDeliveryResponse { delivery: Some(show(row, true)) })
}

pub(super) async fn redeliver(
    webhooks: &Webhooks,
    caller: Caller,
    request: pb::RedeliverRequest,
) -> Result<pb::RedeliverResponse> {
    let app_id = app_of(&caller)?;
    let id = known_id(&request.delivery_id)?;
    let Some(row) = log::send_again(&webhooks.pool, app_id, &request.webhook_id, id).await? else {
        return match log::find(&webhooks.pool, app_id, &request.webhook_id, id).await? {
            Some(_) => Err(WebhooksError::NotSendable { id: id.to_string() }),
            None => Err(not_found(&request.delivery_id)),
        };
    };
    webhooks.wake.notify_one();
    Ok(pb::RedeliverResponse { delivery: Some(show(row, true)) })
}

pub(super) async fn send_test(
    webhooks: &Webhooks,
    caller: Caller,
    request: pb::SendTestRequest,
) -> Result<pb::SendTestResponse> {
    let app_id = app_of(&caller)?;
    let app = webhooks.targets.of(app_id).await?;
    let payload = Told::test(app_id, &app.region).to(&request.webhook_id)?;
    let row = log::insert_test(&webhooks.pool, app_id, &request.webhook_id, "ping", &payload).await?;
    webhooks.wake.notify_one();
    Ok(pb::SendTestResponse { delivery: Some(show(row, true)) })
}
