//! What both edges ask before they pass a call on, so that a message that comes over the socket is let through by the same
//! rules as one that comes over HTTP: what the caller's role forbids ([`Role`], known from [`People`]), and how often who
//! may call ([`Rates`]). What conversations, groups and blocks forbid is the services' to say.

mod cache;
mod people;
mod rates;
mod role;

pub use cache::Facts;
pub use people::{Change, People};
pub use rates::{KEPT, RateDefaults, Rates, Standing, WINDOW_MS};
pub use role::Role;
