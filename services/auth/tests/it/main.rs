//! The service on a real Postgres and Redis.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod api_keys;
mod apps;
mod auth_tokens;
mod authentication;
mod isolation;
mod management;
mod operator_actions;
mod operator_sessions;
mod operators;
mod removal;
mod revocation;
mod secrets;
mod support;
mod team;
mod webhook_targets;
