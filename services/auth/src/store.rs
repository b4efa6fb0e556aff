//! The service's SQL.

pub mod api_keys;
pub mod apps;
pub mod auth_tokens;
pub mod export;
pub mod management;
pub mod operator_actions;
pub mod operator_sessions;
pub mod operators;
pub mod push_tokens;
pub mod removals;
pub mod webhooks;
