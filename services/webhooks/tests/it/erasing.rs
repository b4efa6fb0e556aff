//! What is left of deleted users and apps.

use std::collections::BTreeSet;

use halley_contracts::webhooks::v1::{self as pb, DeliveryState};
use halley_testkit::{app_tables, eventually};
use halley_webhooks::{APP_TABLES, WebhooksConfig};

use crate::support::{World, config};

#[tokio::test]
async fn every_table_of_apps_is_known() {
    let world = World::new().await;
    assert_eq!(
        APP_TABLES.iter().map(|table| (*table).to_owned()).collect::<BTreeSet<_>>(),
        app_tables(&world.pool).await
    );
}

async fn holding(world: &World, text: &str) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM deliveries AS d WHERE strpos(d::text, $1) > 0")
        .bind(text)
        .fetch_one(&world.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_deleted_user_is_named_by_no_delivery() {
    let world = World::with(WebhooksConfig { first_retry_ms: 3_600_000, ..config() }).await;
    world.hooks(vec![world.hook("done", "/ok"), world.stubborn("waits", "/fail")]).await;
    world.messages(3).await;
    world.finished("done", 3, DeliveryState::Delivered).await;
    world.receiver.wait_for("/fail", 3).await;
    assert_eq!(holding(&world, "\"bob\"").await, 6);
    let exported = |uid: &str| {
        let request = pb::ExportUserRequest { uid: uid.to_owned(), cursor: String::new() };
        let (mut client, caller) = (world.client(), world.server());
        async move { client.export_user(caller.request(request)).await.unwrap().into_inner().rows }
    };
    assert_eq!((exported("ann").await.len(), exported("cy").await.len()), (6, 0));

    world.user_deleted("ann").await;

    eventually("nothing names the user", async || (holding(&world, "ann").await == 0).then_some(())).await;
    let log = world.finished("waits", 3, DeliveryState::Failed).await;
    assert!(log.iter().all(|delivery| delivery.attempts.last().unwrap().error == "erased"), "{log:?}");
    let done = world.finished("done", 3, DeliveryState::Delivered).await.remove(0);
    let whole = world.get("done", &done.delivery_id).await.unwrap();
    assert!(whole.payload_json.is_empty() && whole.attempts[0].answer.is_empty(), "{whole:?}");
    assert_eq!(whole.attempts[0].status, 202, "that it was sent is still known");
    assert_eq!(exported("ann").await.len(), 0);
    let fault = world.redeliver("done", &done.delivery_id).await.unwrap_err();
    assert_eq!(fault.code, halley_model::ErrorCode::WebhookDeliveryNotSendable);

    // What came on its way a little later goes, too.
    world.durable(&[world.message(9)]).await;
    world.receiver.wait_for("/ok", 4).await;
    sqlx::query("UPDATE erasures SET looked_at = NULL").execute(&world.pool).await.unwrap();
    eventually("nothing names the user again", async || (holding(&world, "ann").await == 0).then_some(())).await;
    sqlx::query("UPDATE erasures SET looked_at = NULL, until = now()").execute(&world.pool).await.unwrap();
    eventually("the job is done", async || {
        let left: i64 = sqlx::query_scalar("SELECT count(*) FROM erasures").fetch_one(&world.pool).await.unwrap();
        (left == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn deliveries_go_after_their_time_and_when_there_are_too_many() {
    let world = World::new().await;
    world.hooks(vec![world.hook("hook", "/ok")]).await;
    world.messages(9).await;
    world.receiver.wait_for("/ok", 9).await;
    world.finished("hook", 9, DeliveryState::Delivered).await;
    let newest = world.log("hook").await.remove(0).delivery_id;

    let _next = world.start(WebhooksConfig { kept_per_app: 4, ..config() }).await;
    eventually("only four are kept", async || (world.log("hook").await.len() == 4).then_some(())).await;
    assert_eq!(world.log("hook").await[0].delivery_id, newest);

    sqlx::query("UPDATE deliveries SET created_at = now() - interval '8 days'").execute(&world.pool).await.unwrap();
    let _next = world.start(config()).await;
    eventually("none is kept for so long", async || world.log("hook").await.is_empty().then_some(())).await;
}
