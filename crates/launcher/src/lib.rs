//! Private PostgreSQL and Redis servers as child processes.
//!
//! A server belongs to a data directory. It is started on what is there or on nothing, listens where only this machine
//! reaches it, is started again when it dies unexpectedly, and ends with the process that started it, even by `kill -9`.

mod binaries;
mod child;
mod place;
mod postgres;
mod redis;
mod throwaway;
mod watch;

pub use child::spawn;
pub use postgres::{PostgresOptions, PrivatePostgres};
pub use redis::{PrivateRedis, RedisOptions};
pub use throwaway::{ThrowawayDirectory, throwaway_directory};
pub use watch::{Watched, WatchedPostgres, WatchedRedis};
