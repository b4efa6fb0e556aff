//! How much the app is used.

use halley_contracts::messaging::v1::{GetMessageStatsRequest, GetUsageRequest};
use halley_wire::schema;
use serde_json::{Value, json};

use crate::{
    caller::Context,
    input::Query,
    openapi::{answer, query},
    reply::{ApiError, Reply, data},
};

/// From here on a number is taken for Unix milliseconds: in seconds it lies past the year 5000.
const MILLISECONDS: i64 = 100_000_000_000;

/// Tells how much the app was used in a time of 400 days at most.
#[utoipa::path(
    get, path = "/stats", tag = "metrics", operation_id = "usage-metrics",
    params(query::UsageDates),
    responses((status = 200, body = schema::Data<answer::Usage>))
)]
pub async fn usage(context: Context, query: Query) -> Reply {
    context.server_side()?;
    let (from_ms, to_ms) = (date(&query, "fromDate")?, date(&query, "toDate")?);
    let answer = context.metrics().get_usage(context.request(GetUsageRequest { from_ms, to_ms })).await?.into_inner();
    data(json!({
        "metrics": {
            "audio_minutes": hundredths(answer.audio_minutes),
            "video_minutes": hundredths(answer.video_minutes),
            "recorded_minutes": 0,
            "active_users": answer.active_users,
            "concurrent_users": answer.concurrent_users,
        },
        "time_range": {"fromDate": from_ms, "toDate": to_ms},
    }))
}

/// A time in Unix seconds, or in milliseconds as the answer shows it.
fn date(query: &Query, name: &str) -> Result<i64, ApiError> {
    match query.number(name)? {
        None => Err(ApiError::field(name, "is required")),
        Some(number) if number <= 0 => Err(ApiError::field(name, "must be a Unix time")),
        Some(ms) if ms >= MILLISECONDS => Ok(ms),
        Some(seconds) => Ok(seconds * 1000),
    }
}

fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// Counts messages and receipts of the last hour.
#[utoipa::path(
    get, path = "/stats/messages", tag = "metrics", operation_id = "message-receipt-metrics",
    responses((status = 200, body = schema::Data<answer::MessageStats>))
)]
pub async fn messages(context: Context) -> Reply {
    context.server_side()?;
    let answer = context.metrics().get_message_stats(context.request(GetMessageStatsRequest {})).await?.into_inner();
    let points: Vec<Value> = answer
        .parts
        .iter()
        .map(|part| {
            json!({
                "messagesSent": part.messages_sent,
                "readReceipts": part.read_receipts,
                "deliveryReceipts": part.delivery_receipts,
                "startTime": part.from_ms.to_string(),
                "endTime": part.to_ms.to_string(),
            })
        })
        .collect();
    let begin = answer.parts.first().map_or(0, |part| part.from_ms);
    let end = answer.parts.last().map_or(0, |part| part.to_ms);
    data(json!({
        "startTime": begin.to_string(),
        "endTime": end.to_string(),
        "dataPoints": points,
        "appId": context.app_id(),
    }))
}
