//! The only place with SQL.
//!
//! Whoever changes members or bans of a group has locked the group's row first ([`groups::lock_group`],
//! [`imports::lock_groups`]), so that changes in one group come one after another and its number of members is right.

pub(crate) mod bans;
pub(crate) mod departures;
pub(crate) mod export;
pub(crate) mod group_list;
pub(crate) mod groups;
pub(crate) mod imports;
pub(crate) mod members;
pub(crate) mod places;
pub(crate) mod scope_permissions;

/// What there is of an app, in the order in which it is deleted with the app: what hangs on something goes before it.
pub const APP_TABLES: &[&str] = &["scope_permissions", "members", "bans", "groups"];
