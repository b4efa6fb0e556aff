//! A private Redis: on a loopback port, with a password.

use std::{
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::Signal;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    binaries,
    child::{Kind, Server},
    place::Place,
};

const START_LIMIT: Duration = Duration::from_secs(30);
/// How long a Redis that a killed process left behind may take to end by itself.
const LEFTOVER_LIMIT: Duration = Duration::from_secs(10);

/// Haste loses nothing: what was written is with the system already.
const KIND: Kind =
    Kind { name: "Redis", stop: Signal::SIGTERM, stop_limit: Duration::from_secs(10), abandon: Signal::SIGKILL };

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

/// A running server. Dropping it kills it.
pub struct PrivateRedis {
    server: Server,
    port: u16,
    password: String,
    // After the server, so that the directory is free only when the server has ended.
    _place: Place,
}

impl PrivateRedis {
    /// Starts it. Fails when it runs already.
    pub async fn start(options: RedisOptions) -> Result<Self> {
        let program = binaries::redis()?;
        let place = Place::take(KIND.name, &options.data_dir)?;
        let password = place.remembered("password", || Ok(format!("{:032x}", rand::random::<u128>())))?;
        let mut port = match options.port {
            Some(port) => port,
            None => usual_port(&place, &password).await?,
        };
        let mut tries = 0;
        let server = loop {
            match start_at(&program, &place, port, &password, options.durable).await {
                Ok(server) => break server,
                // Somebody else was faster to take the free port.
                Err(_) if options.port.is_none() && tries < 3 && !is_free(port) => port = new_port(&place)?,
                Err(error) => return Err(error),
            }
            tries += 1;
        };
        Ok(Self { server, port, password, _place: place })
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
        self.server.stop().await
    }
}

async fn start_at(program: &Path, place: &Place, port: u16, password: &str, durable: bool) -> Result<Server> {
    // By file: arguments can be read by everybody on the machine.
    let config = place.write("redis.conf", &settings(&place.path, port, password, durable))?;
    let (log, output) = place.log("redis.log")?;
    let mut command = Command::new(program);
    command.arg(config).stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
    let mut server = Server::spawn(KIND, command, place.owner)?;
    server.until_ready(&log, START_LIMIT, || answers(port, password)).await?;
    Ok(server)
}

/// Logs go to standard output, which is the log file.
fn settings(data_dir: &Path, port: u16, password: &str, durable: bool) -> String {
    // A throwaway server is one of tests, each of which takes a database of its own.
    let keep = if durable { "appendonly yes\nappendfsync everysec\n" } else { "appendonly no\ndatabases 4096\n" };
    let data_dir = data_dir.display().to_string().replace('\\', r"\\").replace('"', r#"\""#);
    format!(
        "bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir \"{data_dir}\"\nlogfile \"\"\ndaemonize no\nsave \"\"\n{keep}"
    )
}

/// The port of the last time if it is free, else a new one.
async fn usual_port(place: &Place, password: &str) -> Result<u16> {
    let last = place.remembered("port", free_port)?;
    let last: u16 = last.parse().with_context(|| format!("read {}", place.path.join("port").display()))?;
    let begun = Instant::now();
    while !is_free(last) {
        if !answers(last, password).await {
            return new_port(place);
        }
        if begun.elapsed() > LEFTOVER_LIMIT {
            bail!("a Redis that this program did not start (port {last}) runs on {}", place.path.display());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(last)
}

fn new_port(place: &Place) -> Result<u16> {
    let port = free_port()?;
    place.write("port", &port)?;
    Ok(port.parse()?)
}

/// Below 55536, as a cluster's bus would use the port 10000 above.
fn free_port() -> Result<String> {
    for _ in 0..100 {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        if port < 55_536 {
            return Ok(port.to_string());
        }
    }
    bail!("no free port below 55536 was found")
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Whether a server with this password answers PING.
async fn answers(port: u16, password: &str) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        stream.write_all(format!("AUTH {password}\r\nPING\r\nQUIT\r\n").as_bytes()).await?;
        let mut answer = String::new();
        stream.take(200).read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    matches!(tokio::time::timeout(Duration::from_secs(1), ask).await, Ok(Ok(answer)) if answer.contains("+PONG"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_quote_the_directory() {
        let text = settings(Path::new(r#"/a "b" \c"#), 7000, "secret", true);
        assert!(text.contains(r#"dir "/a \"b\" \\c""#), "{text}");
        assert!(text.contains("appendonly yes\nappendfsync everysec\n"));
    }
}
