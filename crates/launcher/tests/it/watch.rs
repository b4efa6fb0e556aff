//! Servers under watch.

use halley_launcher::{PostgresOptions, RedisOptions, Watched};
use nix::sys::signal::Signal;
use redis::AsyncCommands as _;
use sqlx::{Connection as _, PgConnection};

use crate::{
    redis::connect,
    support::{directory, eventually, processes_of, send, until_no_process_of},
};

#[tokio::test]
async fn a_killed_postgres_comes_back_with_its_data_at_its_address() {
    let directory = directory();
    let data_dir = directory.path().join("postgres");
    let postgres =
        Watched::postgres(PostgresOptions { data_dir: data_dir.clone(), durable: true }).await.expect("start");
    let url = postgres.admin_url();
    let mut connection = PgConnection::connect(&url).await.expect("connect");
    sqlx::query("CREATE TABLE notes (note text)").execute(&mut connection).await.expect("create");
    for round in 0..3 {
        let pid = postgres.pid().expect("it runs");
        send(pid, Signal::SIGKILL);
        eventually("it runs again", async || postgres.pid().filter(|new| *new != pid)).await;
        let mut connection = PgConnection::connect(&url).await.expect("connect");
        sqlx::query("INSERT INTO notes VALUES ('one')").execute(&mut connection).await.expect("insert");
        let notes: i64 =
            sqlx::query_scalar("SELECT count(*) FROM notes").fetch_one(&mut connection).await.expect("count");
        assert_eq!(notes, round + 1);
    }
    postgres.stop().await.expect("stop");
    assert_eq!(processes_of(&data_dir), [0_u32; 0]);
}

#[tokio::test]
async fn a_killed_redis_comes_back_with_its_data_at_its_address() {
    let directory = directory();
    let data_dir = directory.path().join("redis");
    let options = RedisOptions { data_dir: data_dir.clone(), durable: true, port: None };
    let redis = Watched::redis(options).await.expect("start");
    let url = redis.url();
    let () = connect(&url).await.expect("connect").set("note", "kept").await.expect("set");
    let pid = redis.pid().expect("it runs");
    send(pid, Signal::SIGKILL);
    eventually("it runs again", async || redis.pid().filter(|new| *new != pid)).await;
    assert_eq!(redis.url(), url);
    let note: String = connect(&url).await.expect("connect").get("note").await.expect("get");
    assert_eq!(note, "kept");
    redis.stop().await.expect("stop");
    assert_eq!(processes_of(&data_dir), [0_u32; 0]);
}

#[tokio::test]
async fn stopping_while_it_is_started_again_stops_it_too() {
    let directory = directory();
    let data_dir = directory.path().join("redis");
    let options = RedisOptions { data_dir: data_dir.clone(), durable: false, port: None };
    let redis = Watched::redis(options).await.expect("start");
    send(redis.pid().expect("it runs"), Signal::SIGKILL);
    eventually("its death is noticed", async || redis.pid().is_none().then_some(())).await;
    redis.stop().await.expect("stop");
    until_no_process_of(&data_dir).await;
}

#[tokio::test]
async fn dropping_the_watch_ends_the_server() {
    let directory = directory();
    let data_dir = directory.path().join("redis");
    let options = RedisOptions { data_dir: data_dir.clone(), durable: false, port: None };
    drop(Watched::redis(options).await.expect("start"));
    until_no_process_of(&data_dir).await;
}
