//! The test run's PostgreSQL and Redis: those of `with-servers`, or a pair of the test process's own.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    str::FromStr as _,
};

use halley_launcher::{
    PostgresOptions, PrivatePostgres, PrivateRedis, RedisOptions, ThrowawayDirectory, throwaway_directory,
};
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::sync::OnceCell;

use crate::unique;

/// An empty database.
pub struct TestDatabase {
    /// For a connection of another process.
    pub url: String,
    /// Open on it.
    pub pool: PgPool,
}

struct Servers {
    postgres_url: String,
    redis_url: String,
    // Kept alive; they die with the process.
    _own: Option<(PrivatePostgres, PrivateRedis, ThrowawayDirectory)>,
}

static SERVERS: OnceCell<Servers> = OnceCell::const_new();

async fn servers() -> &'static Servers {
    SERVERS.get_or_init(start).await
}

async fn start() -> Servers {
    let named = (std::env::var("HALLEY_TEST_POSTGRES"), std::env::var("HALLEY_TEST_REDIS"));
    if let (Ok(postgres_url), Ok(redis_url)) = named {
        return Servers { postgres_url, redis_url, _own: None };
    }
    let directory = throwaway_directory("halley-test-").unwrap();
    let options = PostgresOptions { data_dir: directory.path().join("postgres"), durable: false };
    let postgres = PrivatePostgres::start(options).await.unwrap();
    let options = RedisOptions { data_dir: directory.path().join("redis"), durable: false, port: None };
    let redis = PrivateRedis::start(options).await.unwrap();
    Servers { postgres_url: postgres.admin_url(), redis_url: redis.url(), _own: Some((postgres, redis, directory)) }
}

/// Databases of a throwaway Redis, 0 apart, which counts those that were given out.
const REDIS_DATABASES: u64 = 4095;

/// A fresh database of the test run's Redis: readers of the durable stream in different tests would take each other's
/// events away. Live channels are the same in all of them, so tests keep apart by app ids, too.
pub async fn redis_url() -> String {
    let url = &servers().await.redis_url;
    let mut connection = redis::Client::open(url.as_str()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let given: u64 = redis::cmd("INCR").arg("halley:test:databases").query_async(&mut connection).await.unwrap();
    format!("{}/{}", url.trim_end_matches('/'), given % REDIS_DATABASES + 1)
}

/// A fresh database with a service's migrations. They run once for each test run; every test gets a copy.
pub async fn database(migrator: &'static Migrator) -> PgPool {
    let template = template(migrator).await;
    create(Some(&template)).await.pool
}

/// A fresh database with nothing in it.
pub async fn empty_database() -> TestDatabase {
    create(None).await
}

async fn create(template: Option<&str>) -> TestDatabase {
    let name = unique("test_");
    let mut admin = admin().await;
    let statement = match template {
        Some(template) => format!("CREATE DATABASE {name} TEMPLATE {template}"),
        None => format!("CREATE DATABASE {name}"),
    };
    sqlx::query(AssertSqlSafe(statement)).execute(&mut admin).await.unwrap();
    let options = options().await.database(&name);
    let pool = PgPoolOptions::new().max_connections(8).connect_with(options).await.unwrap();
    let url = servers().await.postgres_url.replacen("///postgres?", &format!("///{name}?"), 1);
    TestDatabase { url, pool }
}

/// A migrated database that no one is connected to, made by whoever comes first.
async fn template(migrator: &Migrator) -> String {
    let mut hasher = DefaultHasher::new();
    for migration in migrator.iter() {
        (migration.version, &migration.checksum).hash(&mut hasher);
    }
    let name = format!("template_{:016x}", hasher.finish());
    let mut admin = admin().await;
    sqlx::query("SELECT pg_advisory_lock(1)").execute(&mut admin).await.unwrap();
    let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(&name)
        .fetch_one(&mut admin)
        .await
        .unwrap();
    if !exists {
        let half = unique("half_");
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {half}"))).execute(&mut admin).await.unwrap();
        let mut connection = PgConnection::connect_with(&options().await.database(&half)).await.unwrap();
        migrator.run(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        sqlx::query(AssertSqlSafe(format!("ALTER DATABASE {half} RENAME TO {name}")))
            .execute(&mut admin)
            .await
            .unwrap();
    }
    // The lock goes with the connection.
    admin.close().await.unwrap();
    name
}

async fn admin() -> PgConnection {
    PgConnection::connect_with(&options().await).await.unwrap()
}

async fn options() -> PgConnectOptions {
    PgConnectOptions::from_str(&servers().await.postgres_url).unwrap()
}
