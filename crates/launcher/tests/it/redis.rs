//! The private Redis.

use std::{net::TcpListener, os::unix::fs::PermissionsExt as _, path::Path};

use halley_launcher::{PrivateRedis, RedisOptions};
use redis::AsyncCommands as _;

use crate::support::{directory, processes_of, until_no_process_of};

async fn start(data_dir: &Path, durable: bool) -> PrivateRedis {
    PrivateRedis::start(options(data_dir, durable)).await.expect("start")
}

fn options(data_dir: &Path, durable: bool) -> RedisOptions {
    RedisOptions { data_dir: data_dir.to_path_buf(), durable, port: None }
}

pub async fn connect(url: &str) -> redis::RedisResult<redis::aio::MultiplexedConnection> {
    redis::Client::open(url)?.get_multiplexed_async_connection().await
}

#[tokio::test]
async fn it_starts_from_nothing_and_keeps_its_data_and_address() {
    let directory = directory();
    let data = directory.path().join("new").join("redis");
    let redis = start(&data, true).await;
    let url = redis.url();
    assert!(redis.port() < 55_536);
    let () = connect(&url).await.expect("connect").set("note", "kept").await.expect("set");
    redis.stop().await.expect("stop");
    assert_eq!(processes_of(&data), [0_u32; 0], "stopping leaves no process");

    let redis = start(&data, true).await;
    assert_eq!(redis.url(), url);
    let note: String = connect(&url).await.expect("connect").get("note").await.expect("get");
    assert_eq!(note, "kept");
    redis.stop().await.expect("stop");
}

#[tokio::test]
async fn it_wants_its_password_which_no_argument_shows() {
    let directory = directory();
    let data = directory.path().join("redis");
    let redis = start(&data, false).await;
    let refused: redis::RedisResult<String> = match connect(&format!("redis://127.0.0.1:{}", redis.port())).await {
        Ok(mut connection) => connection.get("note").await,
        Err(error) => Err(error),
    };
    assert!(refused.is_err());
    let password = std::fs::read_to_string(data.join("password")).expect("password");
    assert!(redis.url().contains(&password));
    let arguments = std::fs::read_to_string(format!("/proc/{}/cmdline", redis.pid())).expect("arguments");
    assert!(!arguments.contains(&password), "{arguments}");
    for file in ["password", "redis.conf"] {
        let mode = data.join(file).metadata().expect("file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    redis.stop().await.expect("stop");
}

#[tokio::test]
async fn a_second_start_on_the_same_data_is_refused_and_the_first_goes_on() {
    let directory = directory();
    let data = directory.path().join("redis");
    let redis = start(&data, false).await;
    let error = PrivateRedis::start(options(&data, false)).await.map(drop).expect_err("refused").to_string();
    assert!(error.contains("another process runs Redis on"), "{error}");
    connect(&redis.url()).await.expect("connect");
    redis.stop().await.expect("stop");
}

#[tokio::test]
async fn a_port_that_another_took_meanwhile_is_replaced() {
    let directory = directory();
    let data = directory.path().join("redis");
    let redis = start(&data, false).await;
    let port = redis.port();
    redis.stop().await.expect("stop");
    let other = TcpListener::bind(("127.0.0.1", port)).expect("bind");
    let redis = start(&data, false).await;
    assert_ne!(redis.port(), port);
    connect(&redis.url()).await.expect("connect");
    redis.stop().await.expect("stop");
    drop(other);
}

#[tokio::test]
async fn a_named_port_that_is_taken_is_an_error_that_says_so() {
    let directory = directory();
    let other = TcpListener::bind(("127.0.0.1", 0)).expect("bind");
    let port = other.local_addr().expect("address").port();
    let options = RedisOptions { port: Some(port), ..options(&directory.path().join("redis"), false) };
    let error = PrivateRedis::start(options).await.map(drop).expect_err("refused").to_string();
    assert!(error.contains("Address already in use"), "{error}");
}

#[tokio::test]
async fn dropping_it_leaves_no_process() {
    let directory = directory();
    let data = directory.path().join("redis");
    drop(start(&data, false).await);
    until_no_process_of(&data).await;
}
