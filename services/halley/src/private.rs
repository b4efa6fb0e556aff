//! The data directory: keys, and the private PostgreSQL and Redis when no others are configured.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use halley_kit::MasterKey;
use halley_launcher::{PostgresOptions, RedisOptions, Watched, WatchedPostgres, WatchedRedis};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sqlx::{Connection as _, PgConnection};

use crate::{
    cli::Place,
    modules::{self, Module},
    settings::Settings,
};

const SERVICES: [&str; 5] = ["auth", "identity", "groups", "messaging", "webhooks"];

/// The private servers that this process started; they end with it.
pub struct PrivateServers {
    postgres: WatchedPostgres,
    redis: WatchedRedis,
    note: PathBuf,
}

/// Where the private servers of a running process are, for commands beside it.
#[derive(Serialize, Deserialize)]
struct Note {
    pid: i32,
    postgres: std::collections::BTreeMap<String, String>,
    redis: String,
}

/// What a process needs of the servers.
pub struct Needs {
    /// The services whose databases it opens.
    pub databases: Vec<&'static str>,
    /// Whether services run in it, which need Redis and the master key.
    pub services: bool,
}

impl Needs {
    /// To run these services.
    pub fn of(modules: &[Module]) -> Self {
        Self { databases: modules.iter().filter_map(|module| module.database()).collect(), services: true }
    }
}

/// Fills in what the settings leave open: the master key, and the addresses of private servers, which are started
/// unless a process that runs on the same data directory has them already.
pub async fn complete(settings: &mut Settings, place: &Place, needs: &Needs) -> Result<Option<PrivateServers>> {
    if settings.rest.media_store.is_empty() {
        settings.rest.media_store = place.data_dir.join("media").display().to_string();
    }
    let databases = modules::databases(settings);
    let missing: Vec<_> = databases.iter().filter(|d| d.url.expose_secret().is_empty()).map(|d| d.service).collect();
    let no_redis = settings.redis.url.expose_secret().is_empty();
    if needs.services && settings.secrets.master_key.expose_secret().is_empty() {
        make_directory(&place.data_dir)?;
        settings.secrets.master_key = master_key(&place.data_dir)?;
    }
    let lacks_database = needs.databases.iter().any(|service| missing.contains(service));
    let lacks_redis = needs.services && no_redis;
    if !lacks_database && !lacks_redis {
        return Ok(None);
    }
    if missing.len() != SERVICES.len() || !no_redis {
        let keys: Vec<_> = needs.databases.iter().map(|service| format!("postgres.{service}_url")).collect();
        bail!(
            "some servers are configured and some are not: set redis.url and {}, or none at all for private servers",
            keys.join(", ")
        );
    }
    make_directory(&place.data_dir)?;
    let note = place.data_dir.join("servers.json");
    if let Some(found) = running(&note)? {
        use_servers(settings, &found);
        return Ok(None);
    }
    let servers = PrivateServers::start(&place.data_dir, note).await?;
    let found = servers.prepare().await?;
    use_servers(settings, &found);
    Ok(Some(servers))
}

impl PrivateServers {
    async fn start(data_dir: &Path, note: PathBuf) -> Result<Self> {
        let data_dir = data_dir.canonicalize()?;
        let postgres =
            Watched::postgres(PostgresOptions { data_dir: data_dir.join("postgres"), durable: true }).await?;
        let redis =
            Watched::redis(RedisOptions { data_dir: data_dir.join("redis"), durable: true, port: None }).await?;
        Ok(Self { postgres, redis, note })
    }

    /// Makes a role and a database for each service, each closed to the others, and leaves the note.
    async fn prepare(&self) -> Result<Note> {
        let mut admin = PgConnection::connect(&self.postgres.admin_url()).await.context("private PostgreSQL")?;
        for service in SERVICES {
            let name = format!("halley_{service}");
            let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
                .bind(&name)
                .fetch_one(&mut admin)
                .await?;
            if exists {
                continue;
            }
            for statement in [
                format!("CREATE ROLE {name} LOGIN"),
                format!("CREATE DATABASE {name} OWNER {name}"),
                format!("REVOKE CONNECT ON DATABASE {name} FROM PUBLIC"),
            ] {
                // The names are the constants above.
                sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut admin).await?;
            }
        }
        let postgres = SERVICES
            .iter()
            .map(|service| {
                let name = format!("halley_{service}");
                ((*service).to_owned(), self.postgres.url_of(&name, &name, None))
            })
            .collect();
        let note = Note { pid: std::process::id().cast_signed(), postgres, redis: self.redis.url() };
        write_private(&self.note, &serde_json::to_vec_pretty(&note)?)?;
        Ok(note)
    }

    /// Stops both servers; data stay.
    pub async fn stop(self) -> Result<()> {
        if let Err(error) = fs::remove_file(&self.note) {
            tracing::warn!(%error, note = %self.note.display(), "can't remove");
        }
        let redis = self.redis.stop().await;
        self.postgres.stop().await?;
        redis
    }
}

fn use_servers(settings: &mut Settings, note: &Note) {
    let url = |service: &str| SecretString::from(note.postgres.get(service).cloned().unwrap_or_default());
    settings.postgres.auth_url = url("auth");
    settings.postgres.identity_url = url("identity");
    settings.postgres.groups_url = url("groups");
    settings.postgres.messaging_url = url("messaging");
    settings.postgres.webhooks_url = url("webhooks");
    settings.redis.url = SecretString::from(note.redis.clone());
}

/// The note of a process that still runs; an old one of a crashed process is ignored.
fn running(path: &Path) -> Result<Option<Note>> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context(format!("read {}", path.display())),
    };
    let note: Note = serde_json::from_slice(&text).with_context(|| format!("read {}", path.display()))?;
    let pid = nix::unistd::Pid::from_raw(note.pid);
    Ok(nix::sys::signal::kill(pid, None).is_ok().then_some(note))
}

fn master_key(data_dir: &Path) -> Result<SecretString> {
    let path = data_dir.join("master.key");
    match fs::read_to_string(&path) {
        Ok(text) => Ok(SecretString::from(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let text = MasterKey::generate().to_text();
            write_private(&path, text.expose_secret().as_bytes())?;
            Ok(text)
        }
        Err(error) => Err(error).context(format!("read {}", path.display())),
    }
}

/// Makes a directory that only its owner may enter.
pub fn make_directory(path: &Path) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o711)
        .create(path)
        .with_context(|| format!("make the directory {}", path.display()))
}

/// Writes a file that only its owner may read, whole or not at all.
pub fn write_private(path: &Path, content: &[u8]) -> Result<()> {
    let temporary = path.with_extension("new");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&temporary, path).with_context(|| format!("write {}", path.display()))
}
