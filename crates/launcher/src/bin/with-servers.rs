//! `with-servers CMD ARGS...`: runs a command beside a throwaway PostgreSQL and Redis, which it finds in
//! HALLEY_TEST_POSTGRES and HALLEY_TEST_REDIS, and ends with its exit code.

use std::{
    ffi::OsString,
    fs,
    os::unix::process::ExitStatusExt as _,
    process::{Child, Command, ExitCode, ExitStatus},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use halley_launcher::{PostgresOptions, PrivatePostgres, PrivateRedis, RedisOptions, throwaway_directory};
use nix::{
    errno::Errno,
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::signal::unix::{SignalKind, signal};

/// How long the command may take to end after a signal.
const END_LIMIT: Duration = Duration::from_secs(10);

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
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let ended = tokio::select! {
        ended = beside_servers(program, arguments.collect()) => ended?,
        _ = interrupt.recv() => 130,
        _ = terminate.recv() => 143,
    };
    // Dropping what ran beside it has ended the command, and then the servers.
    Ok(ExitCode::from(u8::try_from(ended).unwrap_or(1)))
}

async fn beside_servers(program: OsString, arguments: Vec<OsString>) -> Result<i32> {
    let directory = throwaway_directory("halley-test-")?;
    let data_dir = |name: &str| directory.path().join(name);
    let postgres = PostgresOptions { data_dir: data_dir("postgres"), durable: false };
    let redis = RedisOptions { data_dir: data_dir("redis"), durable: false, port: None };
    let (postgres, redis) = tokio::try_join!(PrivatePostgres::start(postgres), PrivateRedis::start(redis))?;
    let mut command = Command::new(&program);
    command.args(arguments).env("HALLEY_TEST_POSTGRES", postgres.admin_url()).env("HALLEY_TEST_REDIS", redis.url());
    let child = halley_launcher::spawn(command, Signal::SIGTERM);
    let mut command = Running(child.with_context(|| format!("start {}", program.display()))?);
    let status = command.ended().await?;
    redis.stop().await?;
    postgres.stop().await?;
    directory.leave_behind();
    Ok(status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(1))
}

/// The command. Dropping it ends it with all that it has started.
struct Running(Child);

impl Running {
    async fn ended(&mut self) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.0.try_wait()? {
                return Ok(status);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !matches!(self.0.try_wait(), Ok(None)) {
            return;
        }
        // Taken down before anybody ends, as an orphan's parent is another.
        let family = family_of(self.0.id());
        send(&family, Signal::SIGTERM);
        let begun = Instant::now();
        while begun.elapsed() < END_LIMIT {
            let ended = !matches!(self.0.try_wait(), Ok(None));
            if ended && !family.iter().any(|pid| kill(Pid::from_raw(*pid), None).is_ok()) {
                return;
            }
            #[expect(clippy::disallowed_methods, reason = "a drop can't await")]
            std::thread::sleep(Duration::from_millis(20));
        }
        send(&family, Signal::SIGKILL);
        if let Err(error) = self.0.wait() {
            eprintln!("with-servers: {error}");
        }
    }
}

/// A process and all that descend from it.
fn family_of(ancestor: u32) -> Vec<i32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().filter_map(|entry| {
        let pid: i32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name before the last parenthesis may hold anything.
        let parent: i32 = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
        Some((pid, parent))
    });
    let processes: Vec<(i32, i32)> = processes.collect();
    let mut family = vec![ancestor.cast_signed()];
    let mut next = 0;
    while next < family.len() {
        let children = processes.iter().filter(|(_, parent)| *parent == family[next]).map(|(pid, _)| *pid);
        family.extend(children.collect::<Vec<_>>());
        next += 1;
    }
    family
}

fn send(family: &[i32], signal: Signal) {
    for pid in family {
        if let Err(error) = kill(Pid::from_raw(*pid), signal)
            && error != Errno::ESRCH
        {
            eprintln!("with-servers: can't end process {pid}: {error}");
        }
    }
}
