//! The service's SQL.

pub mod api_keys;
pub mod apps;
pub mod auth_tokens;
pub mod operators;
