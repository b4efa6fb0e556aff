//! The only place with SQL.

pub(crate) mod blocks;
pub(crate) mod bots;
pub(crate) mod friends;
pub(crate) mod rights;
pub(crate) mod roles;
pub(crate) mod user_list;
pub(crate) mod users;
