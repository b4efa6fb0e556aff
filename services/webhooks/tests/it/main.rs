//! The service on real PostgreSQL and Redis, with receivers on this machine.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod delivering;
mod erasing;
mod faults;
mod log;
mod support;
