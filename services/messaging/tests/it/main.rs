//! The service on a real Postgres and Redis, with users and groups of a fake in the same process.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod authorisation;
mod calls;
mod changes;
mod concurrency;
mod conversation_list;
mod conversation_pins;
mod conversations;
mod departures;
mod erasing;
mod faults;
mod history;
mod importing;
mod interactions;
mod marks;
mod membership;
mod metrics;
mod moderation;
mod news;
mod open_conversations;
mod own_conversation;
mod permissions;
mod reactions;
mod receipts;
mod receipts_of_all;
mod removal;
mod resume;
mod search;
mod sending;
mod support;
mod threads;
mod unread;
mod walks;
