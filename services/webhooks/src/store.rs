//! The only place with SQL.

pub(crate) mod deliveries;
pub(crate) mod erasures;
pub(crate) mod export;
pub(crate) mod log;

/// What there is of an app, in the order in which it is deleted with the app.
pub const APP_TABLES: &[&str] = &["deliveries", "erasures"];

/// States of a delivery.
pub(crate) const PENDING: i16 = 1;
pub(crate) const DELIVERED: i16 = 2;
pub(crate) const FAILED: i16 = 3;
