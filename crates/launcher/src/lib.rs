//! Private PostgreSQL and Redis servers as child processes.
//!
//! A server belongs to a data directory. It is started on what is there or on nothing, listens where only this machine
//! reaches it, is started again when it dies unexpectedly, and ends with the process that started it, even by `kill -9`.

mod binaries;
mod child;
mod postgres;
mod redis;
mod watch;

pub use postgres::{PostgresOptions, PrivatePostgres};
pub use redis::{PrivateRedis, RedisOptions};
pub use watch::{Watched, WatchedPostgres, WatchedRedis};
