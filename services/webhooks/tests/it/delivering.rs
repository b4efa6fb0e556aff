//! From an event to a receiver.

use std::sync::atomic::{AtomicI64, Ordering};

use halley_contracts::{auth::v1::WebhookTarget, webhooks::v1::DeliveryState};
use halley_testkit::eventually;
use serde_json::json;

use crate::support::{World, config};

fn words(delivery: &halley_contracts::webhooks::v1::Delivery) -> Vec<(i32, &str)> {
    delivery.attempts.iter().map(|attempt| (attempt.status, attempt.error.as_str())).collect()
}

#[tokio::test]
async fn a_message_is_delivered_once_with_all_that_a_receiver_needs() {
    let world = World::new().await;
    let mut secret = world.hook("secret", "/ok-secret");
    secret.password = "pw".to_owned();
    if let Some(webhook) = &mut secret.webhook {
        (webhook.use_basic_auth, webhook.username) = (true, "me".to_owned());
    }
    let mut other = world.hook("other", "/ok-other");
    other.trigger_ids = vec!["group_created".to_owned()];
    world.hooks(vec![secret, other]).await;
    let event = world.message(7);

    // The stream may bring an event twice.
    world.durable(&[event.clone(), event, world.message(8)]).await;

    let calls = world.receiver.wait_for("/ok-secret", 2).await;
    let log = world.finished("secret", 2, DeliveryState::Delivered).await;
    let call = calls.iter().find(|call| call.body["data"]["message"]["id"] == "7").unwrap();
    assert_eq!(
        (&call.body["trigger"], &call.body["webhook"], &call.body["region"], &call.body["appId"]),
        (&json!("message_sent"), &json!("secret"), &json!("eu"), &json!(world.app))
    );
    assert_eq!(call.header("authorization"), "Basic bWU6cHc=");
    assert_eq!(call.header("content-type"), "application/json");
    assert!(call.header("webhook-timestamp").parse::<i64>().is_ok_and(|at| at > 1_700_000_000));
    let delivery = log.iter().find(|delivery| delivery.delivery_id == call.header("webhook-id")).unwrap();
    let whole = world.get("secret", &delivery.delivery_id).await.unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&whole.payload_json).unwrap(), call.body);
    assert_eq!((words(&whole), whole.attempts[0].answer.as_str()), (vec![(202, "")], "taken"));
    assert_eq!(world.receiver.calls("/").len(), 2, "once each, and nothing that nobody chose");
}

#[tokio::test]
async fn a_failure_is_tried_twice_more_where_that_is_wanted() {
    let world = World::new().await;
    let hooks: Vec<WebhookTarget> = vec![
        world.stubborn("third", "/third"),
        world.stubborn("never", "/fail-always"),
        world.hook("once", "/fail-once"),
        world.hook("moved", "/moved"),
    ];
    world.hooks(hooks).await;

    world.messages(1).await;

    let log = world.finished("third", 1, DeliveryState::Delivered).await;
    assert_eq!(words(&log[0]), [(503, "status"), (503, "status"), (202, "")]);
    let at: Vec<i64> = log[0].attempts.iter().map(|attempt| attempt.at_ms).collect();
    assert!(at[1] - at[0] >= 60 && at[2] - at[1] >= 120, "pauses of the settings: {at:?}");
    let log = world.finished("never", 1, DeliveryState::Failed).await;
    assert_eq!(words(&log[0]), [(500, "status"); 3]);
    let whole = world.get("never", &log[0].delivery_id).await.unwrap();
    assert_eq!(whole.attempts[0].answer.len(), 2048, "no more than that is kept");
    assert_eq!(words(&world.finished("once", 1, DeliveryState::Failed).await[0]), [(500, "status")]);
    assert_eq!(words(&world.finished("moved", 1, DeliveryState::Failed).await[0]), [(302, "status")]);
    assert!(world.receiver.calls("/ok-moved").is_empty(), "redirects are not followed");
}

#[tokio::test]
async fn a_slow_receiver_holds_up_nobody_else() {
    let world =
        World::with(halley_webhooks::WebhooksConfig { calls: 4, calls_per_webhook: 2, timeout_ms: 10_000, ..config() })
            .await;
    world.hooks(vec![world.hook("a-slow", "/slow"), world.hook("quick", "/ok-quick")]).await;

    world.messages(20).await;

    world.finished("quick", 20, DeliveryState::Delivered).await;
    let slow = world.log("a-slow").await;
    assert!(slow.iter().all(|delivery| delivery.state() == DeliveryState::Pending), "they are under way, or wait");
    assert_eq!(world.receiver.calls("/slow").len(), 2, "no more at once than one webhook may have");
}

#[tokio::test]
async fn webhooks_are_remembered_until_a_fact() {
    let world = World::with(halley_webhooks::WebhooksConfig { apps_cached: 100, ..config() }).await;
    world.hooks(Vec::new()).await;
    world.messages(20).await;
    world.hooks(vec![world.hook("hook", "/ok")]).await;

    // When the fact comes is not known: messages before that are of an app without webhooks.
    let id = AtomicI64::new(100);
    eventually("a message after the fact is told of", async || {
        world.durable(&[world.message(id.fetch_add(1, Ordering::SeqCst))]).await;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        (!world.receiver.calls("/ok").is_empty()).then_some(())
    })
    .await;
    assert!(world.asked() <= 6, "asked {} times for more than 20 messages", world.asked());
}

#[tokio::test]
async fn with_one_call_at_a_time_events_arrive_in_their_order() {
    let world = World::with(halley_webhooks::WebhooksConfig { calls_per_webhook: 1, ..config() }).await;
    world.hooks(vec![world.hook("hook", "/ok-ordered")]).await;

    world.messages(30).await;

    let calls = world.receiver.wait_for("/ok-ordered", 30).await;
    let ids: Vec<&str> = calls.iter().filter_map(|call| call.body["data"]["message"]["id"].as_str()).collect();
    assert_eq!(ids, (1..=30).map(|id| id.to_string()).collect::<Vec<_>>());
}
