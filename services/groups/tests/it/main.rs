//! The service on a real Postgres and Redis.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod bans;
mod concurrency;
mod cursors;
mod deleted_users;
mod events;
mod groups;
mod importing;
mod isolation;
mod joining;
mod lists;
mod members;
mod ownership;
mod permissions;
mod removal;
mod rights;
mod room;
mod support;
