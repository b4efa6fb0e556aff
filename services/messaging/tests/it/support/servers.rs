//! Servers of one test's own, which it may kill.
//!
//! Starting again may take several tries: while another test starts a program, that one holds the directory's lock, too,
//! until its file descriptors are closed.

use std::time::Duration;

use halley_launcher::{
    PostgresOptions, PrivatePostgres, PrivateRedis, RedisOptions, ThrowawayDirectory, throwaway_directory,
};
use halley_messaging::MIGRATOR;
use halley_testkit::eventually;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use sqlx::{PgPool, postgres::PgPoolOptions};

pub struct OwnRedis {
    server: Option<PrivateRedis>,
    port: u16,
    directory: ThrowawayDirectory,
}

impl OwnRedis {
    pub async fn start() -> Self {
        let directory = throwaway_directory("halley-messaging-").unwrap();
        let server = PrivateRedis::start(redis(&directory, None)).await.unwrap();
        Self { port: server.port(), server: Some(server), directory }
    }

    pub fn url(&self) -> String {
        self.server.as_ref().unwrap().url()
    }

    /// Kills it without a warning.
    pub async fn kill(&mut self) {
        let mut server = self.server.take().unwrap();
        kill_process(server.pid());
        server.exited().await.unwrap();
    }

    /// Starts it again, at the same address and with what it had written.
    pub async fn start_again(&mut self) {
        let start = async || PrivateRedis::start(redis(&self.directory, Some(self.port))).await.ok();
        self.server = Some(eventually("Redis again", start).await);
    }
}

fn redis(directory: &ThrowawayDirectory, port: Option<u16>) -> RedisOptions {
    RedisOptions { data_dir: directory.path().join("redis"), durable: true, port }
}

pub struct OwnPostgres {
    server: Option<PrivatePostgres>,
    directory: ThrowawayDirectory,
}

impl OwnPostgres {
    pub async fn start() -> Self {
        let directory = throwaway_directory("halley-messaging-").unwrap();
        let server = PrivatePostgres::start(postgres(&directory)).await.unwrap();
        Self { server: Some(server), directory }
    }

    /// A pool on its migrated database.
    pub async fn pool(&self) -> PgPool {
        let url = self.server.as_ref().unwrap().admin_url();
        let pool = PgPoolOptions::new().max_connections(8).acquire_timeout(Duration::from_secs(2));
        let pool = pool.connect(&url).await.unwrap();
        MIGRATOR.run(&pool).await.unwrap();
        pool
    }

    /// Ends it in haste, as a crash would: transactions under way are cut.
    pub fn crash(&mut self) {
        drop(self.server.take());
    }

    /// Ends it in order: sessions are cut.
    pub async fn stop(&mut self) {
        self.server.take().unwrap().stop().await.unwrap();
    }

    pub async fn start_again(&mut self) {
        let start = async || PrivatePostgres::start(postgres(&self.directory)).await.ok();
        self.server = Some(eventually("PostgreSQL again", start).await);
    }
}

fn postgres(directory: &ThrowawayDirectory) -> PostgresOptions {
    PostgresOptions { data_dir: directory.path().join("postgres"), durable: false }
}

fn kill_process(pid: u32) {
    kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL).unwrap();
}
