//! `with-servers CMD ARGS...`: runs a command beside a throwaway PostgreSQL and Redis, which it finds in
//! HALLEY_TEST_POSTGRES and HALLEY_TEST_REDIS, and ends with its exit code.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use halley_launcher::{PostgresOptions, PrivatePostgres, PrivateRedis, RedisOptions};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("with-servers: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<ExitCode> {
    let mut arguments = std::env::args_os().skip(1).skip_while(|argument| argument == "--");
    let program = arguments.next().context("usage: with-servers CMD ARGS...")?;
    let directory = tempfile::Builder::new().prefix("halley-test-").tempdir()?;
    // Servers may run as another user, who must be able to enter.
    std::fs::set_permissions(directory.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711))?;
    let postgres =
        PrivatePostgres::start(PostgresOptions { data_dir: directory.path().join("postgres"), durable: false }).await?;
    let redis = PrivateRedis::start(RedisOptions {
        data_dir: directory.path().join("redis"),
        durable: false,
        port: None,
    })
    .await?;
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).env("HALLEY_TEST_POSTGRES", postgres.admin_url()).env("HALLEY_TEST_REDIS", redis.url());
    let mut child = command.kill_on_drop(true).spawn().context("start the command")?;
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let code = tokio::select! {
        status = child.wait() => status?.code().unwrap_or(1),
        _ = interrupt.recv() => 130,
        _ = terminate.recv() => 143,
    };
    if code >= 128 {
        child.kill().await.context("end the command")?;
    }
    redis.stop().await?;
    postgres.stop().await?;
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}
