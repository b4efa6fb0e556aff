//! The outbox.

use halley_bus::{
    Channel,
    outbox::{self, Entry, Relay},
};
use halley_testkit::{eventually, unique};
use sqlx::PgPool;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::support::{bus, event, next};

async fn outbox_database() -> PgPool {
    let pool = halley_testkit::empty_database().await.pool;
    sqlx::query(
        "CREATE TABLE outbox (
             outbox_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT outbox_pkey PRIMARY KEY,
             channels text[] NOT NULL,
             durable boolean NOT NULL,
             payload bytea NOT NULL,
             created_at timestamptz NOT NULL DEFAULT now()
         )",
    )
    .execute(&pool)
    .await
    .expect("table");
    pool
}

fn entries(channel: &Channel, names: std::ops::Range<u32>) -> Vec<Entry> {
    names.map(|n| Entry { event: event(&format!("n{n}")), channels: vec![channel.clone()], durable: false }).collect()
}

async fn emptied(pool: &PgPool) {
    eventually("an empty outbox", async || {
        let left: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox").fetch_one(pool).await.expect("count");
        (left == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn committed_events_go_out_once_in_the_order_of_handing_over() {
    let (bus, pool) = (bus().await, outbox_database().await);
    let channel = Channel::user(&unique("a"), "ann");
    let (subscriptions, mut feed) = bus.subscriber(CancellationToken::new());
    subscriptions.subscribe(vec![channel.clone()]).await.expect("subscribed");
    let relay = Relay::start(pool.clone(), bus, CancellationToken::new(), TaskTracker::new());

    for batch in 0..20 {
        let mut transaction = halley_kit::postgres::begin(&pool).await.expect("begin");
        let pending =
            outbox::insert(&mut transaction, &entries(&channel, batch * 10..batch * 10 + 10)).await.expect("insert");
        transaction.commit().await.expect("commit");
        relay.publish(pending);
    }

    for n in 0..200 {
        assert_eq!(next(&mut feed).await.1.app_id, format!("n{n}"));
    }
    emptied(&pool).await;
}

#[tokio::test]
async fn what_a_crash_left_behind_is_published_in_order() {
    let (bus, pool) = (bus().await, outbox_database().await);
    let channel = Channel::user(&unique("a"), "ann");
    let (subscriptions, mut feed) = bus.subscriber(CancellationToken::new());
    subscriptions.subscribe(vec![channel.clone()]).await.expect("subscribed");
    let mut connection = pool.acquire().await.expect("connection");
    // Committed, then the process was gone.
    outbox::insert(&mut connection, &entries(&channel, 0..700)).await.expect("insert");

    let _relay = Relay::start(pool.clone(), bus, CancellationToken::new(), TaskTracker::new());

    for n in 0..700 {
        assert_eq!(next(&mut feed).await.1.app_id, format!("n{n}"));
    }
    emptied(&pool).await;
}

#[tokio::test]
async fn a_rolled_back_event_never_goes_out() {
    let (bus, pool) = (bus().await, outbox_database().await);
    let channel = Channel::user(&unique("a"), "ann");
    let (subscriptions, mut feed) = bus.subscriber(CancellationToken::new());
    subscriptions.subscribe(vec![channel.clone()]).await.expect("subscribed");
    let relay = Relay::start(pool.clone(), bus, CancellationToken::new(), TaskTracker::new());
    let mut transaction = halley_kit::postgres::begin(&pool).await.expect("begin");
    outbox::insert(&mut transaction, &entries(&channel, 0..1)).await.expect("insert");
    transaction.rollback().await.expect("rollback");

    let mut connection = pool.acquire().await.expect("connection");
    let pending = outbox::insert(&mut connection, &entries(&channel, 1..2)).await.expect("insert");
    relay.publish_now(pending).await;

    assert_eq!(next(&mut feed).await.1.app_id, "n1");
}
