//! A private Redis: on a loopback port, with a password.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream},
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

const START_LIMIT: Duration = Duration::from_secs(30);
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// Where and how.
#[derive(Debug, Clone)]
pub struct RedisOptions {
    /// Its own directory; made when missing.
    pub data_dir: PathBuf,
    /// True: every write is kept in a log on disk, flushed each second.
    pub durable: bool,
    /// `None`: a free one, kept in the data directory for the next start.
    pub port: Option<u16>,
}

/// A running server.
pub struct PrivateRedis {
    server: Server,
    port: u16,
    password: String,
}

impl PrivateRedis {
    /// Starts it.
    pub async fn start(options: RedisOptions) -> Result<Self> {
        let program = binaries::redis()?;
        let owner = child::owner()?;
        std::fs::create_dir_all(&options.data_dir)?;
        let data_dir = options.data_dir.canonicalize()?;
        child::check_reachable(&data_dir, owner)?;
        child::make_directory(&data_dir, owner)?;
        let password = remembered(&data_dir.join("password"), owner, || Ok(format!("{:032x}", rand::random::<u128>())))?;
        let port = match options.port {
            Some(port) => port,
            None => port(&data_dir.join("port"), owner)?,
        };
        let log = data_dir.join("redis.log");
        // By file: arguments can be read by everybody on the machine.
        let settings = settings(&data_dir, &log, port, &password, options.durable);
        child::write_file(&data_dir.join("redis.conf"), &settings, owner)?;
        if let Err(error) = std::fs::remove_file(&log)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(error.into());
        }
        let mut command = Command::new(program);
        command.arg(data_dir.join("redis.conf")).current_dir("/").stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(File::create(data_dir.join("stderr.log"))?);
        let mut server = Server::spawn("Redis", command, owner)?;
        let asked = password.clone();
        child::until_ready(&mut server, &log, START_LIMIT, || answers(port, &asked)).await?;
        Ok(Self { server, port, password })
    }

    /// With its password.
    pub fn url(&self) -> String {
        format!("redis://:{}@127.0.0.1:{}", self.password, self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// Waits until it ends by itself.
    pub async fn exited(&mut self) -> Result<ExitStatus> {
        self.server.exited().await
    }

    /// Ends it in order.
    pub async fn stop(self) -> Result<()> {
        self.server.stop(Signal::SIGTERM, STOP_LIMIT).await
    }
}

fn settings(data_dir: &Path, log: &Path, port: u16, password: &str, durable: bool) -> String {
    let keep = if durable { "appendonly yes\nappendfsync everysec\n" } else { "appendonly no\n" };
    format!(
        "bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir \"{}\"\nlogfile \"{}\"\ndaemonize no\nsave \"\"\n\
         maxclients 10000\ntcp-backlog 511\n{keep}",
        data_dir.display(),
        log.display()
    )
}

/// A value that is made once and kept.
fn remembered(path: &Path, owner: Option<Owner>, make: impl FnOnce() -> Result<String>) -> Result<String> {
    if let Ok(text) = std::fs::read_to_string(path)
        && !text.trim().is_empty()
    {
        return Ok(text.trim().to_owned());
    }
    let value = make()?;
    child::write_file(path, &value, owner)?;
    Ok(value)
}

/// The port of the last time if it is free, else a new one. The cluster bus would need port + 10000.
fn port(path: &Path, owner: Option<Owner>) -> Result<u16> {
    let last = remembered(path, owner, || Ok(free_port()?.to_string()))?;
    let last: u16 = last.parse().with_context(|| format!("read {}", path.display()))?;
    if TcpListener::bind((Ipv4Addr::LOCALHOST, last)).is_ok() {
        return Ok(last);
    }
    if answers(last, &std::fs::read_to_string(path.with_file_name("password")).unwrap_or_default()) {
        bail!("a Redis runs on {} already (port {last})", path.parent().unwrap_or(path).display());
    }
    let port = free_port()?;
    child::write_file(path, &port.to_string(), owner)?;
    Ok(port)
}

fn free_port() -> Result<u16> {
    for _ in 0..100 {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        if port < 55_536 {
            return Ok(port);
        }
    }
    bail!("no free port below 55536 was found")
}

/// Whether a server with this password answers PING.
fn answers(port: u16, password: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port).into();
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_millis(200))?;
        stream.set_read_timeout(Some(Duration::from_millis(500)))?;
        stream.write_all(format!("AUTH {}\r\nPING\r\nQUIT\r\n", password.trim()).as_bytes())?;
        let mut answer = String::new();
        stream.take(200).read_to_string(&mut answer)?;
        Ok(answer.contains("+PONG"))
    };
    ask().unwrap_or(false)
}
