//! A private PostgreSQL cluster: on a unix socket only, with trust for whoever may enter the socket's directory.

use std::{
    fs::File,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::Signal;

use crate::{
    binaries,
    child::{self, Owner, Server},
};

/// Longest path of a unix socket, with the name that PostgreSQL adds.
const SOCKET_PATH_MAX: usize = 80;
const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(8);

/// Where and how.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// The cluster's own directory; made when missing.
    pub data_dir: PathBuf,
    /// False: nothing is flushed to disk. For tests alone.
    pub durable: bool,
}

/// A running cluster.
pub struct PrivatePostgres {
    server: Server,
    socket_dir: PathBuf,
}

impl PrivatePostgres {
    /// Starts it, initialising a new one where there is none.
    pub async fn start(options: PostgresOptions) -> Result<Self> {
        let bin = binaries::postgres()?;
        let owner = child::owner()?;
        std::fs::create_dir_all(&options.data_dir)?;
        let data_dir = options.data_dir.canonicalize()?;
        child::check_reachable(&data_dir, owner)?;
        child::make_directory(&data_dir, owner)?;
        let cluster = data_dir.join("cluster");
        if !cluster.join("PG_VERSION").exists() {
            initialise(&bin, &cluster, owner, options.durable).await?;
        }
        refuse_second(&cluster)?;
        let socket_dir = socket_dir(&data_dir);
        child::make_directory(&socket_dir, owner)?;
        let log = data_dir.join("postgres.log");
        let mut command = Command::new(bin.join("postgres"));
        command.arg("-D").arg(&cluster).arg("-k").arg(&socket_dir);
        for setting in settings(options.durable) {
            command.arg("-c").arg(setting);
        }
        let output = log_file(&log, owner)?;
        command.current_dir("/").stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let mut server = Server::spawn("PostgreSQL", command, owner)?;
        let pid_file = cluster.join("postmaster.pid");
        let pid = server.pid();
        child::until_ready(&mut server, &log, START_LIMIT, || ready(&pid_file, pid)).await?;
        Ok(Self { server, socket_dir })
    }

    /// For the superuser, on the database `postgres`.
    pub fn admin_url(&self) -> String {
        self.url_of("postgres", "postgres", None)
    }

    /// For a role on a database. Roles need no password on this socket.
    pub fn url_of(&self, database: &str, user: &str, password: Option<&str>) -> String {
        let password = password.map_or_else(String::new, |password| format!("&password={password}"));
        format!("postgres:///{database}?host={}&user={user}{password}", self.socket_dir.display())
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// Waits until it ends by itself.
    pub async fn exited(&mut self) -> Result<ExitStatus> {
        self.server.exited().await
    }

    /// Ends it in order: connections are cut, everything is on disk.
    pub async fn stop(self) -> Result<()> {
        let stopped = self.server.stop(Signal::SIGINT, STOP_LIMIT).await;
        if let Err(error) = std::fs::remove_dir_all(&self.socket_dir) {
            tracing::debug!(%error, "the socket's directory stays");
        }
        stopped
    }
}

fn settings(durable: bool) -> Vec<&'static str> {
    let mut settings = vec![
        "listen_addresses=",
        "unix_socket_permissions=0700",
        "max_connections=200",
        "max_wal_size=2GB",
        "password_encryption=scram-sha-256",
        "log_min_messages=warning",
    ];
    if durable {
        settings.extend(["shared_buffers=256MB", "synchronous_commit=on"]);
    } else {
        settings.extend(["shared_buffers=128MB", "fsync=off", "full_page_writes=off", "autovacuum=off", "max_connections=400"]);
    }
    settings
}

async fn initialise(bin: &Path, cluster: &Path, owner: Option<Owner>, durable: bool) -> Result<()> {
    // Into a directory aside, so that a start that is cut off leaves no half cluster.
    let half = cluster.with_extension("new");
    if half.exists() {
        std::fs::remove_dir_all(&half)?;
    }
    let mut command = Command::new(bin.join("initdb"));
    command.arg("-D").arg(&half).args(["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]);
    if !durable {
        command.arg("--no-sync");
    }
    if let Some(owner) = owner {
        std::os::unix::process::CommandExt::uid(&mut command, owner.uid);
        std::os::unix::process::CommandExt::gid(&mut command, owner.gid);
    }
    command.current_dir("/").stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    if !output.status.success() {
        bail!("initdb failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    std::fs::rename(&half, cluster).context("put the new cluster in place")
}

/// PostgreSQL itself refuses too, but only its log would tell why.
fn refuse_second(cluster: &Path) -> Result<()> {
    let Ok(text) = std::fs::read_to_string(cluster.join("postmaster.pid")) else { return Ok(()) };
    let Some(pid) = text.lines().next().and_then(|line| line.trim().parse::<i32>().ok()) else { return Ok(()) };
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    if name.trim() == "postgres" {
        bail!("a PostgreSQL (process {pid}) runs on {} already", cluster.display());
    }
    Ok(())
}

/// The eighth line of the pid file says `ready`, and the first whose file it is.
fn ready(pid_file: &Path, pid: u32) -> bool {
    let Ok(text) = std::fs::read_to_string(pid_file) else { return false };
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.first() == Some(&pid.to_string().as_str()) && lines.get(7) == Some(&"ready")
}

/// The data directory itself when its path is short enough for a socket, else one under /tmp.
fn socket_dir(data_dir: &Path) -> PathBuf {
    let own = data_dir.join("socket");
    if own.as_os_str().len() <= SOCKET_PATH_MAX {
        return own;
    }
    let mut hasher = DefaultHasher::new();
    data_dir.hash(&mut hasher);
    std::env::temp_dir().join(format!("halley-{:016x}", hasher.finish()))
}

fn log_file(path: &Path, owner: Option<Owner>) -> Result<File> {
    let file = File::options().create(true).append(true).open(path)?;
    if let Some(owner) = owner {
        std::os::unix::fs::chown(path, Some(owner.uid), Some(owner.gid))?;
    }
    Ok(file)
}
