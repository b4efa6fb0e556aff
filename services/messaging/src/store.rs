//! The only place with SQL.

pub(crate) mod calls;
pub(crate) mod changes;
pub(crate) mod conversation_pins;
pub(crate) mod conversations;
pub(crate) mod departures;
pub(crate) mod erased_files;
pub(crate) mod erasures;
pub(crate) mod everybody;
pub(crate) mod export;
pub(crate) mod flags;
pub(crate) mod history;
pub(crate) mod imports;
pub(crate) mod inbox;
pub(crate) mod insert;
pub(crate) mod interactions;
pub(crate) mod marks;
pub(crate) mod mentions;
pub(crate) mod messages;
pub(crate) mod metrics;
pub(crate) mod participants;
pub(crate) mod reactions;
pub(crate) mod resume;
pub(crate) mod search;
pub(crate) mod threads;
pub(crate) mod traces;
pub(crate) mod unindexed;

pub(crate) use halley_kit::postgres::array_literal;
use sqlx::{Connection as _, PgConnection, Postgres, Transaction, pool::PoolConnection};

/// What there is of an app, in the order in which it is deleted with the app: what hangs on something goes before it.
pub const APP_TABLES: &[&str] = &[
    "erasures",
    "erased_files",
    "reactions",
    "reaction_counts",
    "saves",
    "mentions",
    "thread_members",
    "threads",
    "interactions",
    "conversation_pins",
    "system_pins",
    "call_participants",
    "calls",
    "message_flags",
    "flagged_messages",
    "flag_reasons",
    "message_stats",
    "active_users",
    "online_peaks",
    "message_changes",
    "messages",
    "participants",
    "conversations",
];

/// How a transaction begins that writes batches. Its statements join short arrays with large tables by an index each time;
/// a plan that was made while the tables were small and that reads them whole must not be kept by the connection. With those
/// out of the way a plan fits arrays of any length, so it is made once rather than for each batch. What is out of the way is
/// given a huge cost, and where it is the only way nevertheless, that cost would have the server compile the statement.
const BEGIN_BATCH: &str = "BEGIN; \
    SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; \
    SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL jit = off; \
    SET LOCAL synchronous_commit = on";

/// Begins a transaction that writes batches.
pub(crate) async fn begin_batch(
    connection: PoolConnection<Postgres>,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    halley_kit::postgres::begin_with(connection, BEGIN_BATCH).await
}

/// The same on a connection that somebody keeps who is never dropped midway: no task is started for it.
#[expect(clippy::disallowed_methods, reason = "the one who calls it is not dropped midway")]
pub(crate) async fn begin_kept_batch(connection: &mut PgConnection) -> Result<Transaction<'_, Postgres>, sqlx::Error> {
    connection.begin_with(BEGIN_BATCH).await
}

/// Empty is absent.
pub(crate) fn some_text(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
