//! How much an app is used.

use halley_contracts::messaging::v1::{
    self as pb, GetMessageStatsRequest, GetUsageRequest, MessageStats, RecordOnlineRequest,
    metrics_service_client::MetricsServiceClient,
};
use halley_kit::{Caller, Transport, time};
use halley_model::ErrorCode;

use crate::support::{Api, USER, World, outcome, to_user};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

impl Api {
    fn metrics(&self) -> MetricsServiceClient<Transport> {
        MetricsServiceClient::new(self.transport())
    }

    async fn stats(&self, caller: &Caller) -> Result<Vec<MessageStats>, ErrorCode> {
        let answer = outcome(self.metrics().get_message_stats(caller.request(GetMessageStatsRequest {})).await);
        answer.map(|answer| answer.parts).map_err(|fault| fault.code)
    }

    async fn usage(&self, caller: &Caller, from_ms: i64, to_ms: i64) -> Result<pb::GetUsageResponse, ErrorCode> {
        let request = GetUsageRequest { from_ms, to_ms };
        outcome(self.metrics().get_usage(caller.request(request)).await).map_err(|fault| fault.code)
    }

    async fn online(&self, caller: &Caller, uids: &[&str], online_users: i64) -> Result<(), ErrorCode> {
        let request = RecordOnlineRequest { uids: uids.iter().map(|uid| (*uid).to_owned()).collect(), online_users };
        outcome(self.metrics().record_online(caller.request(request)).await).map(drop).map_err(|fault| fault.code)
    }
}

fn total(parts: &[MessageStats]) -> (i64, i64, i64) {
    parts.iter().fold((0, 0, 0), |sum, part| {
        (sum.0 + part.messages_sent, sum.1 + part.read_receipts, sum.2 + part.delivery_receipts)
    })
}

#[tokio::test]
async fn messages_and_receipts_of_the_last_hour_are_counted() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let server = api.server();
    assert_eq!(total(&api.stats(&server).await.unwrap()), (0, 0, 0));
    let repeated = pb::SendMessageRequest { muid: "m".to_owned(), ..to_user("bob", "x") };
    for request in [repeated.clone(), repeated, to_user("bob", "y"), to_user("bob", "z")] {
        api.send("ann", request).await;
    }
    let read = pb::MarkReadRequest { with_type: USER.into(), with: "ann".to_owned(), ..Default::default() };
    let delivered = pb::MarkDeliveredRequest { with_type: USER.into(), with: "ann".to_owned(), ..Default::default() };
    for _ in 0..2 {
        api.mark_delivered(&api.user("bob"), delivered.clone()).await.unwrap();
        api.mark_read(&api.user("bob"), read.clone()).await.unwrap();
    }
    let parts = api.stats(&server).await.unwrap();
    assert_eq!(total(&parts), (3, 1, 1), "what is repeated is counted once");
    assert_eq!(parts.len(), 12);
    assert!(parts.windows(2).all(|pair| pair[0].to_ms == pair[1].from_ms), "without holes");
    assert!(parts.iter().all(|part| part.to_ms - part.from_ms == 300_000));
    let last = parts.last().unwrap();
    assert!(last.from_ms <= time::now_ms() && time::now_ms() < last.to_ms + 300_000);

    // Another instance sees them, and adds its own.
    let other = world.start().await;
    other.send("bob", to_user("ann", "w")).await;
    assert_eq!(total(&other.stats(&server).await.unwrap()), (4, 1, 1));
    assert_eq!(api.stats(&api.user("ann")).await, Err(ErrorCode::PermissionDenied));
    let elsewhere = World::stranger(&api);
    assert_eq!(total(&elsewhere.stats(&elsewhere.server()).await.unwrap()), (0, 0, 0));
}

#[tokio::test]
async fn what_a_stopping_instance_counted_is_written() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    api.send("ann", to_user("bob", "x")).await;
    api.lifecycle.stop();
    assert!(api.lifecycle.drain(std::time::Duration::from_secs(20)).await);
    let other = world.start().await;
    assert_eq!(total(&other.stats(&other.server()).await.unwrap()).0, 1);
}

#[tokio::test]
async fn users_are_counted_once_and_peaks_are_kept() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let server = api.server();
    let now = time::now_ms();
    api.online(&server, &["ann", "bob", "ann"], 2).await.unwrap();
    api.online(&server, &["ann"], 7).await.unwrap();
    api.online(&server, &[], 3).await.unwrap();
    let usage = api.usage(&server, now - DAY_MS, now).await.unwrap();
    assert_eq!((usage.active_users, usage.concurrent_users), (2, 7));
    // The same two on another day.
    sqlx::query("INSERT INTO active_users SELECT app_id, day - 1, uid FROM active_users")
        .execute(&world.pool)
        .await
        .unwrap();
    assert_eq!(api.usage(&server, now - DAY_MS, now).await.unwrap().active_users, 2);
    let earlier = api.usage(&server, now - 9 * DAY_MS, now - 8 * DAY_MS).await.unwrap();
    assert_eq!((earlier.active_users, earlier.concurrent_users), (0, 0));

    for (from, to) in [(0, now), (now, 0), (now, now - 1), (now - 401 * DAY_MS, now)] {
        assert_eq!(api.usage(&server, from, to).await, Err(ErrorCode::BadRequest), "{from} {to}");
    }
    let ann = api.user("ann");
    assert_eq!(api.online(&ann, &["ann"], 1).await, Err(ErrorCode::PermissionDenied));
    assert_eq!(api.usage(&ann, now - DAY_MS, now).await, Err(ErrorCode::PermissionDenied));
    let elsewhere = World::stranger(&api);
    let none = elsewhere.usage(&elsewhere.server(), now - DAY_MS, now).await.unwrap();
    assert_eq!((none.active_users, none.concurrent_users), (0, 0));
}
