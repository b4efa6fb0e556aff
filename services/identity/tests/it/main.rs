//! The service on a real Postgres and Redis.
#![expect(clippy::unwrap_used, reason = "tests panic")]

mod access;
mod activation;
mod blocks;
mod bots;
mod concurrency;
mod cursors;
mod facts;
mod friends;
mod importing;
mod isolation;
mod removal;
mod rights;
mod roles;
mod support;
mod user_list;
mod users;
