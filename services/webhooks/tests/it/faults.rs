//! What goes wrong: processes die, addresses are internal, receivers are gone, too much waits.

use halley_contracts::webhooks::v1::DeliveryState;
use halley_testkit::eventually;
use halley_webhooks::WebhooksConfig;

use crate::support::{World, config};

#[tokio::test]
async fn what_a_dead_process_was_sending_is_sent_by_another() {
    let world = World::with(WebhooksConfig { timeout_ms: 10_000, ..config() }).await;
    world.hooks(vec![world.hook("hook", "/slow-first")]).await;
    world.messages(1).await;
    let first = world.receiver.wait_for("/slow-first", 1).await.remove(0);
    world.hooks(vec![world.hook("hook", "/ok-second")]).await;

    // Its time is over, as it would be half a minute after the process died.
    sqlx::query("UPDATE deliveries SET due_at = now()").execute(&world.pool).await.unwrap();

    let second = world.receiver.wait_for("/ok-second", 1).await.remove(0);
    world.finished("hook", 1, DeliveryState::Delivered).await;
    assert_eq!((first.header("webhook-id"), &first.body), (second.header("webhook-id"), &second.body));
}

#[tokio::test]
async fn what_was_stored_and_not_sent_is_sent_after_the_next_start() {
    let world = World::with(WebhooksConfig { calls: 1, calls_per_webhook: 1, timeout_ms: 10_000, ..config() }).await;
    // The one call that this instance may make hangs, so that the others stay stored.
    world.hooks(vec![world.hook("a", "/slow"), world.hook("b", "/ok-b")]).await;
    world.messages(1).await;
    eventually("both rows are stored", async || {
        let stored = world.log("a").await.len() + world.log("b").await.len();
        (stored == 2 && world.receiver.calls("/").len() == 1).then_some(())
    })
    .await;

    let _next = world.start(config()).await;

    world.receiver.wait_for("/ok-b", 1).await;
    world.finished("b", 1, DeliveryState::Delivered).await;
}

#[tokio::test]
async fn internal_addresses_are_not_called() {
    let world = World::with(WebhooksConfig { allow_internal: false, ..config() }).await;
    let mut targets = Vec::new();
    let port = world.url("/x").rsplit(':').next().unwrap().to_owned();
    let addresses = [
        ("plain", world.url("/ok"), "not-https"),
        ("v4", format!("https://127.0.0.1:{port}"), "internal-address"),
        ("short", format!("https://127.1:{port}"), "internal-address"),
        ("v6", format!("https://[::1]:{port}"), "internal-address"),
        ("mapped", format!("https://[::ffff:127.0.0.1]:{port}"), "internal-address"),
        ("name", format!("https://localhost:{port}"), "internal-address"),
        ("cloud", "https://169.254.169.254/latest/meta-data".to_owned(), "internal-address"),
    ];
    for (id, url, _) in &addresses {
        let mut target = world.hook(id, "/");
        if let Some(webhook) = &mut target.webhook {
            webhook.url.clone_from(url);
        }
        targets.push(target);
    }
    world.hooks(targets).await;

    world.messages(1).await;

    for (id, _, word) in addresses {
        let log = world.finished(id, 1, DeliveryState::Failed).await;
        assert_eq!((log[0].attempts[0].error.as_str(), log[0].attempts[0].status), (word, 0), "{id}");
    }
    assert!(world.receiver.calls("/").is_empty());
}

#[tokio::test]
async fn a_webhook_that_is_gone_gets_nothing_that_waits_for_it() {
    let world = World::with(WebhooksConfig { first_retry_ms: 500, ..config() }).await;
    world.hooks(vec![world.stubborn("hook", "/fail-x")]).await;
    world.messages(1).await;
    world.receiver.wait_for("/fail-x", 1).await;

    world.hooks(Vec::new()).await;

    let log = world.finished("hook", 1, DeliveryState::Failed).await;
    assert_eq!(log[0].attempts.last().unwrap().error, "not-enabled");
    assert_eq!(world.receiver.calls("/fail-x").len(), 1);
}

#[tokio::test]
async fn the_oldest_of_too_many_that_wait_are_given_up() {
    let quiet = WebhooksConfig { calls: 1, calls_per_webhook: 1, timeout_ms: 10_000, ..config() };
    let world = World::with(quiet.clone()).await;
    world.hooks(vec![world.hook("hook", "/slow")]).await;
    world.messages(9).await;
    eventually("all rows are stored", async || (world.log("hook").await.len() == 9).then_some(())).await;

    // Another instance looks at its start.
    let _next = world.start(WebhooksConfig { waiting_max: 3, ..quiet }).await;

    eventually("the oldest are given up", async || {
        let log = world.log("hook").await;
        let given_up = log.iter().filter(|d| d.attempts.last().is_some_and(|attempt| attempt.error == "too-many"));
        (given_up.count() >= 5).then_some(())
    })
    .await;
    let newest = world.log("hook").await.remove(0);
    assert!(newest.attempts.iter().all(|attempt| attempt.error != "too-many"), "{newest:?}");
}

#[tokio::test]
async fn what_happened_long_ago_or_before_a_webhook_was_made_is_no_news() {
    let world = World::new().await;
    let now = halley_kit::time::now_ms();
    let mut late = world.hook("late", "/ok-late");
    if let Some(webhook) = &mut late.webhook {
        webhook.created_at_ms = now + 3_600_000;
    }
    world.hooks(vec![late, world.hook("early", "/ok-early")]).await;
    let mut ancient = world.message(1);
    ancient.occurred_at_ms = now - 30 * 86_400_000;

    world.durable(&[ancient, world.message(2)]).await;

    world.finished("early", 1, DeliveryState::Delivered).await;
    assert_eq!(world.receiver.calls("/").len(), 1);
    assert!(world.log("late").await.is_empty());
}
