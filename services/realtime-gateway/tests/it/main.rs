//! Real nodes on loopback ports and a real Redis, with the other services as fakes in the same process.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod bad_frames;
mod binary;
mod calls;
mod changes;
mod delivery;
mod drain;
mod faults;
mod handshake;
mod membership;
mod mode;
mod order;
mod presence;
mod receipts;
mod resume;
mod revocation;
mod rpc;
mod sends;
mod signals;
mod slow;
mod support;
