//! `halley health`.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Which process to ask.
#[derive(Args)]
pub struct Health {
    /// The process's admin listener.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9090", env = "HALLEY_SERVER__ADMIN_LISTEN")]
    admin: SocketAddr,
}

/// Fails unless `/readyz` answers 200 within 3 s.
pub async fn run(options: Health) -> Result<()> {
    let mut address = options.admin;
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    let answer = tokio::time::timeout(Duration::from_secs(3), ask(address)).await.context("no answer within 3 s")??;
    if answer.starts_with("HTTP/1.0 200") || answer.starts_with("HTTP/1.1 200") {
        return Ok(());
    }
    bail!("not ready: {}", answer.lines().next().unwrap_or_default());
}

async fn ask(address: SocketAddr) -> Result<String> {
    let mut stream = tokio::net::TcpStream::connect(address).await.with_context(|| format!("connect to {address}"))?;
    stream.write_all(b"GET /readyz HTTP/1.0\r\n\r\n").await?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
