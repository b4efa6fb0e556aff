//! `MetricsService`: how much an app is used.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use halley_contracts::messaging::v1::{self as pb, metrics_service_server::MetricsService};
use halley_kit::{Caller, time};
use halley_model::{FieldError, Uid, limits};
use tonic::Request;

use super::{Answer, answer};
use crate::{
    counters::{PART, part_of},
    error::{MessagingError, Result},
    service::Messaging,
    store::{calls, metrics},
};

/// Parts of an hour.
const PARTS: i32 = 12;
/// Longest range of totals.
const RANGE_MAX: TimeDelta = TimeDelta::days(400);

/// The service as tonic mounts it.
pub(crate) struct Metrics(pub Arc<Messaging>);

#[tonic::async_trait]
impl MetricsService for Metrics {
    async fn record_online(&self, request: Request<pb::RecordOnlineRequest>) -> Answer<pb::RecordOnlineResponse> {
        answer(request, |caller, body| record_online(&self.0, caller, body)).await
    }

    async fn get_usage(&self, request: Request<pb::GetUsageRequest>) -> Answer<pb::GetUsageResponse> {
        answer(request, |caller, body| get_usage(&self.0, caller, body)).await
    }

    async fn get_message_stats(
        &self,
        request: Request<pb::GetMessageStatsRequest>,
    ) -> Answer<pb::GetMessageStatsResponse> {
        answer(request, |caller, body| get_message_stats(&self.0, caller, body)).await
    }
}

fn server_side(caller: &Caller, what: &'static str) -> Result<()> {
    if caller.is_logged_in_user() { Err(MessagingError::NotForUsers { what }) } else { Ok(()) }
}

fn hour_of(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::hours(1)).unwrap_or(at)
}

async fn record_online(
    messaging: &Messaging,
    caller: Caller,
    request: pb::RecordOnlineRequest,
) -> Result<pb::RecordOnlineResponse> {
    server_side(&caller, "say who is online")?;
    if request.uids.len() > limits::BATCH_MAX {
        return Err(FieldError::new("uids", format!("must not have more than {} entries", limits::BATCH_MAX)).into());
    }
    let uids: Vec<String> = request.uids.iter().filter_map(|uid| Uid::parse(uid).ok()).map(Uid::into_string).collect();
    let now = time::now();
    let mut connection = messaging.pool.acquire().await?;
    if !uids.is_empty() {
        metrics::insert_active(&mut connection, caller.app_id(), now.date_naive(), &uids).await?;
    }
    if request.online_users > 0 {
        metrics::raise_peak(&mut connection, caller.app_id(), hour_of(now), request.online_users).await?;
    }
    Ok(pb::RecordOnlineResponse {})
}

async fn get_usage(
    messaging: &Messaging,
    caller: Caller,
    request: pb::GetUsageRequest,
) -> Result<pb::GetUsageResponse> {
    server_side(&caller, "see how the app is used")?;
    let at = |name: &str, ms| time::from_ms(ms).ok_or_else(|| FieldError::new(name, "must be a time"));
    let (from, to) = (at("fromDate", request.from_ms)?, at("toDate", request.to_ms)?);
    if to < from {
        return Err(FieldError::new("toDate", "must not be before fromDate").into());
    }
    if to - from > RANGE_MAX {
        return Err(FieldError::new("toDate", format!("must be within {} days", RANGE_MAX.num_days())).into());
    }
    let (pool, app_id) = (&messaging.pool, caller.app_id());
    let (audio_minutes, video_minutes) = calls::sum_minutes(pool, app_id, from, to).await?;
    Ok(pb::GetUsageResponse {
        audio_minutes,
        video_minutes,
        active_users: metrics::count_active(pool, app_id, from.date_naive(), to.date_naive()).await?,
        concurrent_users: metrics::find_peak(pool, app_id, hour_of(from), hour_of(to)).await?,
    })
}

async fn get_message_stats(
    messaging: &Messaging,
    caller: Caller,
    _: pb::GetMessageStatsRequest,
) -> Result<pb::GetMessageStatsResponse> {
    server_side(&caller, "see how the app is used")?;
    messaging.counters.write(&messaging.pool).await?;
    let last = part_of(time::now());
    let begins: Vec<DateTime<Utc>> = (0..PARTS).rev().map(|back| last - PART * back).collect();
    let counted: HashMap<_, _> =
        metrics::list_counts(&messaging.pool, caller.app_id(), &begins).await?.into_iter().collect();
    let parts = begins.into_iter().map(|from| {
        let counts = counted.get(&from).copied().unwrap_or_default();
        pb::MessageStats {
            from_ms: time::to_ms(from),
            to_ms: time::to_ms(from + PART),
            messages_sent: counts.sent,
            read_receipts: counts.read,
            delivery_receipts: counts.delivered,
        }
    });
    Ok(pb::GetMessageStatsResponse { parts: parts.collect() })
}
