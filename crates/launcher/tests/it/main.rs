//! The launcher on real servers.

mod postgres;
mod redis;
mod support;
mod watch;
mod with_servers;
