//! Transactions of callers who are gone.

use std::{future::Future as _, pin::pin, task::Poll};

use halley_kit::postgres::{PostgresConfig, begin, connect};
use sqlx::{PgPool, postgres::PgPoolOptions};

/// A pool of one connection, so that whoever comes next gets the one that was given back, and a pool that looks on.
async fn pools() -> (PgPool, PgPool) {
    let others = halley_testkit::empty_database().await.pool;
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with((*others.connect_options()).clone())
        .await
        .expect("a database");
    sqlx::query("CREATE TABLE said (text text)").execute(&others).await.expect("table");
    (pool, others)
}

/// Begins a transaction and is gone after some polls, wherever that is.
async fn begin_and_leave(pool: &PgPool, polls: usize) {
    let mut beginning = pin!(begin(pool));
    for _ in 0..polls {
        let ready = std::future::poll_fn(|context| Poll::Ready(beginning.as_mut().poll(context).is_ready())).await;
        if ready {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_after_an_abandoned_begin_is_kept() {
    let (pool, others) = pools().await;
    for polls in 1..60 {
        begin_and_leave(&pool, polls).await;

        sqlx::query("INSERT INTO said VALUES ('hello')").execute(&pool).await.expect("said");

        let seen: i64 = sqlx::query_scalar("SELECT count(*) FROM said").fetch_one(&others).await.expect("count");
        assert_eq!(seen, i64::try_from(polls).expect("small"), "given up after {polls} polls");
    }
}

#[tokio::test]
async fn connections_do_not_compile_queries() {
    let url = halley_testkit::empty_database().await.url;
    let config = PostgresConfig { url: url.into(), max_connections: 1 };
    let pool = connect("test", &config).await.expect("a pool");
    let jit: String = sqlx::query_scalar("SHOW jit").fetch_one(&pool).await.expect("a setting");
    assert_eq!(jit, "off");
}
