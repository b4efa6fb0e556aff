//! The private PostgreSQL.

use std::{path::Path, time::Duration};

use halley_launcher::{PostgresOptions, PrivatePostgres};
use nix::sys::signal::Signal;
use sqlx::{Connection as _, PgConnection};

use crate::support::{directory, processes_of, send, until_no_process_of};

async fn start(data_dir: &Path) -> PrivatePostgres {
    PrivatePostgres::start(options(data_dir)).await.expect("start")
}

fn options(data_dir: &Path) -> PostgresOptions {
    PostgresOptions { data_dir: data_dir.to_path_buf(), durable: true }
}

async fn execute(url: &str, statement: &'static str) {
    let mut connection = PgConnection::connect(url).await.expect("connect");
    sqlx::query(statement).execute(&mut connection).await.expect(statement);
}

async fn setting(url: &str, name: &str) -> String {
    let mut connection = PgConnection::connect(url).await.expect("connect");
    sqlx::query_scalar("SELECT current_setting($1)").bind(name).fetch_one(&mut connection).await.expect("setting")
}

async fn notes(url: &str) -> Vec<String> {
    let mut connection = PgConnection::connect(url).await.expect("connect");
    sqlx::query_scalar("SELECT note FROM notes ORDER BY note").fetch_all(&mut connection).await.expect("notes")
}

#[tokio::test]
async fn it_starts_from_nothing_and_keeps_its_data_and_address() {
    let directory = directory();
    let data = directory.path().join("new").join("postgres");
    let postgres = start(&data).await;
    let url = postgres.admin_url();
    execute(&url, "CREATE TABLE notes (note text)").await;
    execute(&url, "INSERT INTO notes VALUES ('kept')").await;
    postgres.stop().await.expect("stop");
    assert_eq!(processes_of(&data), [0_u32; 0], "stopping leaves no process");

    let postgres = start(&data).await;
    assert_eq!(postgres.admin_url(), url);
    assert_eq!(notes(&url).await, ["kept"]);
    postgres.stop().await.expect("stop");
}

#[tokio::test]
async fn real_data_are_durable_and_no_port_is_open() {
    let directory = directory();
    let postgres = start(&directory.path().join("postgres")).await;
    let url = postgres.admin_url();
    let wanted = [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("shared_buffers", "256MB"),
        ("max_wal_size", "2GB"),
        ("max_connections", "200"),
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
    ];
    for (name, value) in wanted {
        assert_eq!(setting(&url, name).await, value, "{name}");
    }
    postgres.stop().await.expect("stop");
}

#[tokio::test]
async fn a_second_start_on_the_same_data_is_refused_and_the_first_goes_on() {
    let directory = directory();
    let data = directory.path().join("postgres");
    let postgres = start(&data).await;
    let error = PrivatePostgres::start(options(&data)).await.map(drop).expect_err("refused").to_string();
    assert!(error.contains("another process runs PostgreSQL on"), "{error}");
    execute(&postgres.admin_url(), "SELECT 1").await;
    postgres.stop().await.expect("stop");
}

#[tokio::test]
async fn a_crash_is_recovered_from_even_when_its_process_number_is_used_again() {
    let directory = directory();
    let data = directory.path().join("postgres");
    let mut postgres = start(&data).await;
    let url = postgres.admin_url();
    execute(&url, "CREATE TABLE notes (note text)").await;
    execute(&url, "INSERT INTO notes VALUES ('committed')").await;
    send(postgres.pid(), Signal::SIGKILL);
    let status =
        tokio::time::timeout(Duration::from_secs(10), postgres.exited()).await.expect("in time").expect("status");
    assert!(!status.success());
    drop(postgres);
    // The number in the file is now that of a process that lives: this one.
    let pid_file = data.join("cluster/postmaster.pid");
    let text = std::fs::read_to_string(&pid_file).expect("pid file");
    let (_, rest) = text.split_once('\n').expect("lines");
    std::fs::write(&pid_file, format!("{}\n{rest}", std::process::id())).expect("pid file");

    let postgres = start(&data).await;
    assert_eq!(notes(&url).await, ["committed"]);
    postgres.stop().await.expect("stop");
}

#[tokio::test]
async fn dropping_it_leaves_no_process() {
    let directory = directory();
    let data = directory.path().join("postgres");
    let postgres = start(&data).await;
    let idle = PgConnection::connect(&postgres.admin_url()).await.expect("connect");
    drop(postgres);
    until_no_process_of(&data).await;
    drop(idle);
}

#[tokio::test]
async fn a_long_or_odd_path_gets_its_socket_elsewhere() {
    let directory = directory();
    for name in ["long".repeat(25), "a, b".to_owned(), "b c+d%20".to_owned()] {
        let data = directory.path().join(name).join("postgres");
        let postgres = start(&data).await;
        let url = postgres.admin_url();
        execute(&url, "SELECT 1").await;
        postgres.stop().await.expect("stop");
        let postgres = start(&data).await;
        assert_eq!(postgres.admin_url(), url, "the address stays");
        execute(&url, "SELECT 1").await;
        postgres.stop().await.expect("stop");
    }
}

#[tokio::test]
async fn roles_and_databases_are_reached_by_their_own_url() {
    let directory = directory();
    let postgres = start(&directory.path().join("postgres")).await;
    execute(&postgres.admin_url(), "CREATE ROLE chat LOGIN PASSWORD 'p@ss+word'").await;
    execute(&postgres.admin_url(), "CREATE DATABASE chat OWNER chat").await;
    execute(&postgres.url_of("chat", "chat", Some("p@ss+word")), "CREATE TABLE notes (note text)").await;
    execute(&postgres.url_of("chat", "chat", None), "DROP TABLE notes").await;
    postgres.stop().await.expect("stop");
}

#[tokio::test]
async fn a_cluster_that_can_not_start_says_why() {
    let directory = directory();
    let data = directory.path().join("postgres");
    start(&data).await.stop().await.expect("stop");
    let settings = data.join("cluster/postgresql.conf");
    std::fs::write(&settings, "no_such_setting = 1\n").expect("write");
    let error = PrivatePostgres::start(options(&data)).await.map(drop).expect_err("refused").to_string();
    assert!(error.contains("no_such_setting"), "{error}");
    assert_eq!(processes_of(&data), [0_u32; 0]);
}
