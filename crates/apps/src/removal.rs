//! The deletion of what a service has of apps that were deleted for good.
//!
//! auth keeps the ids of such apps. A service asks for them when a fact tells of one, and every few minutes, so that no
//! lost fact leaves anything behind. It writes them down and deletes row by row what it has, a bounded number at a time; a
//! crash repeats nothing but a part. Every service's migrations contain
//!
//! ```sql
//! CREATE TABLE removals (
//!     app_id text COLLATE "C" CONSTRAINT removals_pkey PRIMARY KEY,
//!     removed_at timestamptz NOT NULL,
//!     looked_at timestamptz,
//!     done_at timestamptz
//! );
//! ```

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use halley_kit::{Lifecycle, PublicError};
use sqlx::{PgConnection, PgPool, Postgres, QueryBuilder};

use crate::Apps;

/// Rows that are deleted at once.
const ROWS: u64 = 1000;
/// Between two parts: who sends and reads comes first.
const PAUSE: Duration = Duration::from_millis(20);
/// How often auth is asked without a fact.
const LOOK_EVERY: Duration = Duration::from_secs(300);
/// How often an app is looked at again until it is done with.
const LOOK_AGAIN: Duration = Duration::from_secs(15);
/// What auth answers at once.
const ANSWERED: usize = 1000;
/// After a failure.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(30);
/// Deletions become visible in auth a little later than their times say, and what is under way may still store something.
const OVERLAP: TimeDelta = TimeDelta::hours(1);

#[derive(Debug, thiserror::Error)]
enum RemovalError {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error("{}", .0.message)]
    Auth(#[from] PublicError),
}

/// Deletes until the end of the process what there is of deleted apps in the tables, in their order: all have a column
/// `app_id`. Instances share the work.
pub fn start(apps: Apps, pool: PgPool, tables: &'static [&'static str], lifecycle: &Lifecycle) {
    let stopping = lifecycle.stopping();
    lifecycle.spawn("deletion of what deleted apps had", async move {
        let mut told = apps.removals();
        loop {
            let pause = match work(&apps, &pool, tables).await {
                Ok(Work::Some) => PAUSE,
                Ok(Work::Later) => LOOK_AGAIN,
                Ok(Work::None) => LOOK_EVERY,
                Err(error) => {
                    tracing::warn!(%error, "what deleted apps had can't be deleted now");
                    PAUSE_AFTER_FAILURE
                }
            };
            tokio::select! {
                () = stopping.cancelled() => return,
                Ok(()) = told.changed() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    });
}

/// What there is to do.
enum Work {
    Some,
    /// Something may still come of an app that was deleted lately: sends under way, events, counts kept in memory.
    Later,
    None,
}

/// Does a part of what is written down; without any, asks for more.
async fn work(apps: &Apps, pool: &PgPool, tables: &[&str]) -> Result<Work, RemovalError> {
    if remove_part(pool, tables).await? || ask(apps, pool).await? {
        return Ok(Work::Some);
    }
    let is_unfinished: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM removals WHERE done_at IS NULL)").fetch_one(pool).await?;
    Ok(if is_unfinished { Work::Later } else { Work::None })
}

/// Asks which apps were deleted, and writes them down; answers whether any of them is new.
async fn ask(apps: &Apps, pool: &PgPool) -> Result<bool, RemovalError> {
    let known: Option<DateTime<Utc>> =
        sqlx::query_scalar("SELECT max(removed_at) FROM removals").fetch_one(pool).await?;
    let mut since = known.map_or(DateTime::UNIX_EPOCH, |known| known - OVERLAP);
    loop {
        let removed = apps.removed_since(since).await?;
        let last = removed.last().map(|(_, at)| *at).filter(|_| removed.len() >= ANSWERED);
        if write_down(pool, removed).await? {
            return Ok(true);
        }
        match last {
            Some(last) if last > since => since = last,
            _ => return Ok(false),
        }
    }
}

/// Answers whether any of them is new.
async fn write_down(pool: &PgPool, removed: Vec<(String, DateTime<Utc>)>) -> Result<bool, sqlx::Error> {
    if removed.is_empty() {
        return Ok(false);
    }
    let (app_ids, times): (Vec<String>, Vec<DateTime<Utc>>) = removed.into_iter().unzip();
    let done = sqlx::query(
        "INSERT INTO removals (app_id, removed_at)
         SELECT * FROM unnest($1::text[], $2::timestamptz[])
         ON CONFLICT (app_id) DO NOTHING",
    )
    .bind(app_ids)
    .bind(times)
    .execute(pool)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Deletes some rows of an app; false when nothing is to be deleted.
async fn remove_part(pool: &PgPool, tables: &[&str]) -> Result<bool, sqlx::Error> {
    let mut transaction = halley_kit::postgres::begin(pool).await?;
    let app_id: Option<String> = sqlx::query_scalar(
        "SELECT app_id
         FROM removals
         WHERE done_at IS NULL AND (looked_at IS NULL OR looked_at < now() - make_interval(secs => $1))
         ORDER BY removed_at
         LIMIT 1
         FOR UPDATE SKIP LOCKED",
    )
    .bind(LOOK_AGAIN.as_secs_f64() / 2.0)
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(app_id) = app_id else { return Ok(false) };
    // Rows that are gone would be read again each time; an index forgets them.
    sqlx::query("SET LOCAL enable_seqscan = off").execute(&mut *transaction).await?;
    let mut left = ROWS;
    for table in tables {
        left -= delete_rows(&mut transaction, table, &app_id, left).await?;
        if left == 0 {
            transaction.commit().await?;
            return Ok(true);
        }
    }
    let is_done: bool = sqlx::query_scalar(
        "UPDATE removals
         SET looked_at = now(), done_at = CASE WHEN removed_at < now() - make_interval(secs => $2) THEN now() END
         WHERE app_id = $1
         RETURNING done_at IS NOT NULL",
    )
    .bind(&app_id)
    .bind(OVERLAP.as_seconds_f64())
    .fetch_one(&mut *transaction)
    .await?;
    transaction.commit().await?;
    if is_done {
        tracing::info!(app = %app_id, "what a deleted app had is deleted");
    }
    Ok(true)
}

/// Answers how many rows were deleted.
async fn delete_rows(connection: &mut PgConnection, table: &str, app_id: &str, max: u64) -> Result<u64, sqlx::Error> {
    let mut query: QueryBuilder<Postgres> = QueryBuilder::new("DELETE FROM ");
    query.push(table).push(" WHERE ctid = ANY (ARRAY(SELECT ctid FROM ").push(table);
    query.push(" WHERE app_id = ").push_bind(app_id);
    query.push(" LIMIT ").push_bind(i64::try_from(max).unwrap_or(i64::MAX)).push("))");
    Ok(query.build().execute(connection).await?.rows_affected())
}
