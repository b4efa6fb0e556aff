//! The only place with SQL.

pub(crate) mod blocks;
pub(crate) mod bots;
pub(crate) mod export;
pub(crate) mod friends;
pub(crate) mod rights;
pub(crate) mod roles;
pub(crate) mod user_list;
pub(crate) mod users;

/// What there is of an app, in the order in which it is deleted with the app: what hangs on something goes before it.
pub const APP_TABLES: &[&str] = &["friends", "blocks", "role_permissions", "restricted_features", "users", "roles"];
