//! A private PostgreSQL cluster: on a unix socket only, with trust for whoever may enter the socket's directory.

use std::{
    fmt::Write as _,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::Signal;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
};

use crate::{
    binaries,
    child::{self, Kind, Server},
    place::{self, Owner, Place},
};

/// Longest path of a socket's directory: PostgreSQL adds 14 bytes to it, and the system allows 107.
const SOCKET_DIR_MAX: usize = 90;
/// Names the socket; nothing listens on such a port.
const PORT: &str = "5432";
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long a cluster that a killed process left behind may take to end by itself.
const LEFTOVER_LIMIT: Duration = Duration::from_secs(10);

/// Haste is an immediate shutdown: what was committed is recovered at the next start, and no process or shared memory stays.
const KIND: Kind =
    Kind { name: "PostgreSQL", stop: Signal::SIGINT, stop_limit: Duration::from_secs(20), abandon: Signal::SIGQUIT };

/// Where and how.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// The cluster's own directory; made when missing.
    pub data_dir: PathBuf,
    /// False: nothing is flushed to disk. For tests alone.
    pub durable: bool,
}

/// A running cluster. Dropping it ends it in haste.
pub struct PrivatePostgres {
    server: Server,
    socket_dir: PathBuf,
    // After the server, so that the directory is free only when the server has ended.
    _place: Place,
}

impl PrivatePostgres {
    /// Starts it, initialising a new one where there is none. Fails when it runs already.
    pub async fn start(options: PostgresOptions) -> Result<Self> {
        let bin = binaries::postgres()?;
        let place = Place::take(KIND.name, &options.data_dir)?;
        let cluster = place.path.join("cluster");
        if !cluster.join("PG_VERSION").exists() {
            initialise(&bin, &cluster, place.owner, options.durable).await?;
        }
        await_leftover(&cluster).await?;
        let socket_dir = socket_dir(&place)?;
        let (log, output) = place.log("postgres.log")?;
        let mut command = Command::new(bin.join("postgres"));
        command.arg("-D").arg(&cluster).arg("-k").arg(&socket_dir);
        for setting in settings(options.durable) {
            command.arg("-c").arg(setting);
        }
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let mut server = Server::spawn(KIND, command, place.owner)?;
        let (socket, pid_file, pid) =
            (&socket_dir.join(".s.PGSQL.5432"), &cluster.join("postmaster.pid"), server.pid());
        let ready = || async move { is_ready(pid_file, pid) && lets_in(socket).await };
        server.until_ready(&log, START_LIMIT, ready).await?;
        Ok(Self { server, socket_dir, _place: place })
    }

    /// For the superuser, on the database `postgres`.
    pub fn admin_url(&self) -> String {
        self.url_of("postgres", "postgres", None)
    }

    /// For a role on a database. Roles need no password on this socket.
    pub fn url_of(&self, database: &str, user: &str, password: Option<&str>) -> String {
        url(&self.socket_dir, database, user, password)
    }

    /// Where the socket is.
    pub(crate) fn socket_dir(&self) -> &Path {
        &self.socket_dir
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
        let stopped = self.server.stop().await;
        if let Err(error) = fs::remove_dir_all(&self.socket_dir) {
            tracing::debug!(%error, "the socket's directory stays");
        }
        stopped
    }
}

pub fn url(socket_dir: &Path, database: &str, user: &str, password: Option<&str>) -> String {
    // The port is named so that PGPORT does not count.
    let mut url = format!(
        "postgres:///{}?host={}&port={PORT}&user={}",
        encode(database.as_bytes()),
        encode(socket_dir.as_os_str().as_encoded_bytes()),
        encode(user.as_bytes())
    );
    if let Some(password) = password {
        url.push_str("&password=");
        url.push_str(&encode(password.as_bytes()));
    }
    url
}

/// Percent-encoding of all but what is safe anywhere in a URL.
fn encode(value: &[u8]) -> String {
    value.iter().fold(String::with_capacity(value.len()), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(byte) {
            text.push(char::from(*byte));
        } else {
            write!(text, "%{byte:02X}").expect("a String takes all");
        }
        text
    })
}

fn settings(durable: bool) -> Vec<&'static str> {
    let mut settings = vec![
        "listen_addresses=",
        "port=5432",
        "unix_socket_permissions=0700",
        "max_wal_size=2GB",
        "synchronous_commit=on",
        "password_encryption=scram-sha-256",
        "log_min_messages=warning",
    ];
    if durable {
        settings.extend(["shared_buffers=256MB", "max_connections=200"]);
    } else {
        // Each of many tests at once has a pool of its own.
        settings.extend(["shared_buffers=128MB", "max_connections=400"]);
        settings.extend(["fsync=off", "full_page_writes=off", "autovacuum=off"]);
    }
    settings
}

async fn initialise(bin: &Path, cluster: &Path, owner: Option<Owner>, durable: bool) -> Result<()> {
    // Into a directory aside, so that a start that is cut off leaves no half cluster.
    let half = cluster.with_extension("new");
    if half.exists() {
        fs::remove_dir_all(&half)?;
    }
    let mut command = Command::new(bin.join("initdb"));
    command.arg("-D").arg(&half).args(["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]);
    if !durable {
        command.arg("--no-sync");
    }
    child::run_as(&mut command, owner);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = child::spawn(command, Signal::SIGTERM).context("start initdb")?;
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await??;
    if !output.status.success() {
        bail!("initdb failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    fs::rename(&half, cluster).context("put the new cluster in place")
}

/// Waits for the processes of a killed owner's cluster, and clears the pid file: PostgreSQL would refuse to start when
/// its number belongs to another process by now.
async fn await_leftover(cluster: &Path) -> Result<()> {
    let pid_file = cluster.join("postmaster.pid");
    let begun = Instant::now();
    while pid_file.exists() {
        match process_in(cluster)? {
            None => fs::remove_file(&pid_file).context("remove the pid file of a cluster that has died")?,
            Some(pid) if begun.elapsed() > LEFTOVER_LIMIT => {
                bail!("a PostgreSQL that this program did not start (process {pid}) runs on {}", cluster.display())
            }
            Some(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    Ok(())
}

/// A process of the cluster: all of them, and only they, have it as their current directory.
fn process_in(cluster: &Path) -> Result<Option<u32>> {
    let cluster = cluster.metadata()?;
    // Not by its path, which may mean another directory in another container.
    let works_there = |pid: &u32| {
        fs::metadata(format!("/proc/{pid}/cwd")).is_ok_and(|at| (at.dev(), at.ino()) == (cluster.dev(), cluster.ino()))
    };
    Ok(fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).find(works_there))
}

/// The eighth line of the pid file says `ready`, and the first whose file it is.
fn is_ready(pid_file: &Path, pid: u32) -> bool {
    let Ok(text) = fs::read_to_string(pid_file) else { return false };
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.first() == Some(&pid.to_string().as_str()) && lines.get(7) == Some(&"ready")
}

/// Whether the superuser can log in: a startup message is answered with `R`, and with `E` otherwise.
async fn lets_in(socket: &Path) -> bool {
    const VERSION_3: u32 = 196_608;
    let parameters = b"user\0postgres\0database\0postgres\0\0";
    let ask = async {
        let mut stream = UnixStream::connect(socket).await?;
        let length = u32::try_from(8 + parameters.len()).map_err(std::io::Error::other)?;
        stream.write_all(&[&length.to_be_bytes()[..], &VERSION_3.to_be_bytes(), parameters].concat()).await?;
        stream.read_u8().await
    };
    matches!(tokio::time::timeout(Duration::from_secs(2), ask).await, Ok(Ok(b'R')))
}

/// In the data directory, unless its path is too long for a socket or holds what PostgreSQL reads as a list.
fn socket_dir(place: &Place) -> Result<PathBuf> {
    let own = place.path.join("socket");
    if own.as_os_str().len() <= SOCKET_DIR_MAX && !own.as_os_str().as_encoded_bytes().contains(&b',') {
        return place.directory("socket");
    }
    // A name that nobody can guess and be there first; kept, so that the next start has the same address.
    let name = place.remembered("socket-name", || Ok(format!("halley-{:016x}", rand::random::<u64>())))?;
    let path = Path::new("/tmp").join(name);
    place::make_in_public(&path, place.owner)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_takes_any_path_and_password() {
        let url = url(Path::new("/home/a b/ä&?"), "app", "app", Some("p@ss+word"));
        assert_eq!(url, "postgres:///app?host=/home/a%20b/%C3%A4%26%3F&port=5432&user=app&password=p%40ss%2Bword");
    }
}
