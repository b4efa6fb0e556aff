//! The connection pool and the migrations of a service's own database.

use std::{str::FromStr, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    Executor as _, PgPool, Postgres, SqlSafeStr as _, Transaction,
    migrate::{MigrateError, Migrator},
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

/// Where a service's database is.
#[derive(Debug, Clone)]
pub struct PostgresConfig {
    /// `postgres://user:password@host:port/database`.
    pub url: SecretString,
    /// Most connections of the pool.
    pub max_connections: u32,
}

/// Why a database can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// The URL is none, or nothing answers there.
    #[error("can't connect to the database of {service}: {source}")]
    Connect {
        /// Whose database.
        service: &'static str,
        /// The driver's reason; it holds no password.
        source: sqlx::Error,
    },
    /// A migration failed, or the database is newer than this program.
    #[error("can't migrate the database of {service}: {source}")]
    Migrate {
        /// Whose database.
        service: &'static str,
        /// The driver's reason.
        source: MigrateError,
    },
    /// Migrations are missing and this process may not run them.
    #[error("the database of {service} lacks migrations: run `halley migrate` first")]
    Behind {
        /// Whose database.
        service: &'static str,
    },
}

/// Connects a pool; waits up to 10 s for the server.
///
/// Its connections don't compile queries: ours are short, and compiling one takes longer than running it, from 0.1 s of a
/// processor up, whenever the planner guesses a high cost (<https://www.postgresql.org/docs/current/jit-decision.html>).
pub async fn connect(service: &'static str, config: &PostgresConfig) -> Result<PgPool, PostgresError> {
    let fault = |source| PostgresError::Connect { service, source };
    let options = PgConnectOptions::from_str(config.url.expose_secret())
        .map_err(fault)?
        .application_name(&format!("halley-{service}"));
    PgPoolOptions::new()
        .max_connections(config.max_connections)
        .acquire_timeout(Duration::from_secs(10))
        // A statement rather than a startup option: connection poolers refuse those that they don't know.
        .after_connect(|connection, _| Box::pin(async { connection.execute("SET jit = off").await.map(drop) }))
        .connect_with(options)
        .await
        .map_err(fault)
}

/// Begins a transaction. Whoever is dropped while it begins leaves no trace on the connection.
///
/// `Pool::begin` of sqlx 0.9.0 does: dropped while `BEGIN` is under way, it puts a connection back that is inside a
/// transaction. Statements of others then run in it, are answered as done, and are lost with it
/// (<https://github.com/transact-rs/sqlx/issues/4393>). So a task of its own begins, and nobody drops that.
pub async fn begin(pool: &PgPool) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    // Outside of the task, so that callers who are gone don't queue for connections.
    begin_with(pool.acquire().await?, "BEGIN").await
}

/// As [`begin`], on a connection that the caller has, and by a statement of its own.
pub async fn begin_with(
    connection: PoolConnection<Postgres>,
    statement: &'static str,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let beginning = tokio::spawn(Transaction::begin(connection, Some(statement.into_sql_str())));
    // It can't be awaited to its end when the runtime is shut down, or when it panicked.
    beginning.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
}

/// Runs the missing migrations. Several processes may call it at once: one runs, the others wait.
pub async fn migrate(service: &'static str, pool: &PgPool, migrator: &Migrator) -> Result<(), PostgresError> {
    migrator.run(pool).await.map_err(|source| PostgresError::Migrate { service, source })
}

/// Fails when migrations are missing.
pub async fn check_migrated(service: &'static str, pool: &PgPool, migrator: &Migrator) -> Result<(), PostgresError> {
    let fault = |source| PostgresError::Connect { service, source };
    let known: Option<String> =
        sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations')::text").fetch_one(pool).await.map_err(fault)?;
    if known.is_none() {
        return Err(PostgresError::Behind { service });
    }
    let done: Vec<i64> = sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success")
        .fetch_all(pool)
        .await
        .map_err(fault)?;
    if migrator.iter().all(|migration| done.contains(&migration.version)) {
        Ok(())
    } else {
        Err(PostgresError::Behind { service })
    }
}

/// The literal of a one-dimensional `text[]`, for arrays inside arrays: the wire format has no ragged ones.
pub fn array_literal(values: &[String]) -> String {
    let quoted: Vec<String> =
        values.iter().map(|value| format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))).collect();
    format!("{{{}}}", quoted.join(","))
}
