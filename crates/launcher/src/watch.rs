//! Servers that are started again when they die.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Result;
use tokio::{sync::oneshot, task::JoinHandle};

use crate::{PostgresOptions, PrivatePostgres, PrivateRedis, RedisOptions, postgres};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A server that ran as long as this is well: the next pause is the first again.
const WELL_AFTER: Duration = Duration::from_secs(10);

/// A server under watch: when it dies unexpectedly it is started again on the same data and address. Dropping this ends
/// the server too, but does not wait for its end.
pub struct Watched<A> {
    address: A,
    pid: Arc<Mutex<Option<u32>>>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<()>>,
}

/// A watched PostgreSQL.
pub type WatchedPostgres = Watched<PostgresAddress>;
/// A watched Redis.
pub type WatchedRedis = Watched<RedisAddress>;

/// Where a cluster is reached.
#[derive(Debug, Clone)]
pub struct PostgresAddress {
    socket_dir: PathBuf,
}

/// Where a Redis is reached.
#[derive(Debug, Clone)]
pub struct RedisAddress {
    url: String,
}

trait Watchable: Sized + Send + 'static {
    const NAME: &'static str;
    type Options: Clone + Send + Sync + 'static;
    fn start(options: Self::Options) -> impl Future<Output = Result<Self>> + Send;
    fn pid(&self) -> u32;
    fn exited(&mut self) -> impl Future<Output = Result<std::process::ExitStatus>> + Send;
    fn stop(self) -> impl Future<Output = Result<()>> + Send;
}

impl Watchable for PrivatePostgres {
    const NAME: &'static str = "PostgreSQL";
    type Options = PostgresOptions;

    async fn start(options: PostgresOptions) -> Result<Self> {
        Self::start(options).await
    }

    fn pid(&self) -> u32 {
        self.pid()
    }

    async fn exited(&mut self) -> Result<std::process::ExitStatus> {
        self.exited().await
    }

    async fn stop(self) -> Result<()> {
        self.stop().await
    }
}

impl Watchable for PrivateRedis {
    const NAME: &'static str = "Redis";
    type Options = RedisOptions;

    async fn start(options: RedisOptions) -> Result<Self> {
        Self::start(options).await
    }

    fn pid(&self) -> u32 {
        self.pid()
    }

    async fn exited(&mut self) -> Result<std::process::ExitStatus> {
        self.exited().await
    }

    async fn stop(self) -> Result<()> {
        self.stop().await
    }
}

impl Watched<()> {
    /// Starts and watches a cluster.
    pub async fn postgres(options: PostgresOptions) -> Result<WatchedPostgres> {
        let server = PrivatePostgres::start(options.clone()).await?;
        let socket_dir = server.socket_dir().to_path_buf();
        Ok(watch(server, options, PostgresAddress { socket_dir }))
    }

    /// Starts and watches a Redis. It comes back on the same port.
    pub async fn redis(mut options: RedisOptions) -> Result<WatchedRedis> {
        let server = PrivateRedis::start(options.clone()).await?;
        options.port = Some(server.port());
        let url = server.url();
        Ok(watch(server, options, RedisAddress { url }))
    }
}

fn watch<S: Watchable, A>(server: S, options: S::Options, address: A) -> Watched<A> {
    let pid = Arc::new(Mutex::new(Some(server.pid())));
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(keep_running(server, options, Arc::clone(&pid), stopped));
    Watched { address, pid, stop, task }
}

async fn keep_running<S: Watchable>(
    mut server: S,
    options: S::Options,
    pid: Arc<Mutex<Option<u32>>>,
    mut stopped: oneshot::Receiver<()>,
) -> Result<()> {
    let mut pause = FIRST_PAUSE;
    loop {
        let begun = Instant::now();
        let status = tokio::select! {
            status = server.exited() => status?,
            _ = &mut stopped => return server.stop().await,
        };
        *lock(&pid) = None;
        // It holds the data directory.
        drop(server);
        tracing::warn!(server = S::NAME, %status, "died and is started again");
        if begun.elapsed() > WELL_AFTER {
            pause = FIRST_PAUSE;
        }
        let started = tokio::select! {
            started = start_again::<S>(&options, &mut pause) => started,
            _ = &mut stopped => return Ok(()),
        };
        *lock(&pid) = Some(started.pid());
        server = started;
    }
}

/// Tries until it runs, with longer and longer pauses.
async fn start_again<S: Watchable>(options: &S::Options, pause: &mut Duration) -> S {
    loop {
        tokio::time::sleep(*pause).await;
        *pause = (*pause * 2).min(LONGEST_PAUSE);
        match S::start(options.clone()).await {
            Ok(server) => return server,
            Err(error) => {
                tracing::error!(server = S::NAME, error = %format!("{error:#}"), "can't be started again yet")
            }
        }
    }
}

impl<A> Watched<A> {
    /// The process, unless it is just being started again.
    pub fn pid(&self) -> Option<u32> {
        *lock(&self.pid)
    }

    /// Ends the server in order.
    pub async fn stop(self) -> Result<()> {
        if self.stop.send(()).is_err() {
            tracing::debug!("the watch has ended");
        }
        self.task.await?
    }
}

impl WatchedPostgres {
    /// For the superuser.
    pub fn admin_url(&self) -> String {
        self.url_of("postgres", "postgres", None)
    }

    /// For a role on a database.
    pub fn url_of(&self, database: &str, user: &str, password: Option<&str>) -> String {
        postgres::url(&self.address.socket_dir, database, user, password)
    }
}

impl WatchedRedis {
    /// With its password.
    pub fn url(&self) -> String {
        self.address.url.clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
