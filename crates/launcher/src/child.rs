//! Child processes that end with this process.

use std::{
    io,
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    path::Path,
    process::{Child, Command, ExitStatus},
    sync::{Mutex, OnceLock, PoisonError, mpsc},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use nix::{
    errno::Errno,
    sys::signal::{Signal, kill},
    unistd::{Pid, getppid},
};

use crate::place::{Owner, tail};

/// How long a server that nobody stopped in order may take for its hasty end.
const DROP_LIMIT: Duration = Duration::from_secs(3);

/// Starts a program that is sent a signal when this process ends, however it ends.
///
/// The system sends it when the *thread* that started the child ends, so a thread that lasts as long as the process does it.
pub fn spawn(mut command: Command, at_our_end: Signal) -> io::Result<Child> {
    static SPAWNER: OnceLock<Mutex<mpsc::Sender<Spawn>>> = OnceLock::new();
    end_with_parent(&mut command, at_our_end);
    let gone = || io::Error::other("the spawning thread has ended");
    let spawner = SPAWNER.get_or_init(|| {
        let (requests, received) = mpsc::channel::<Spawn>();
        let thread = std::thread::Builder::new().name("spawner".to_owned()).spawn(move || {
            for (mut command, answer) in received {
                // Whoever asked may be gone; then the child is too, as nobody holds it.
                if let Err(mpsc::SendError(Ok(mut orphan))) = answer.send(command.spawn()) {
                    drop(orphan.kill().and_then(|()| orphan.wait()));
                }
            }
        });
        // Without the thread the send below fails, which is told there.
        drop(thread);
        Mutex::new(requests)
    });
    let (answer, waiting) = mpsc::channel();
    spawner.lock().unwrap_or_else(PoisonError::into_inner).send((command, answer)).map_err(|_| gone())?;
    waiting.recv().map_err(|_| gone())?
}

type Spawn = (Command, mpsc::Sender<io::Result<Child>>);

#[expect(unsafe_code, reason = "two system calls between fork and exec; they allocate nothing and take no lock")]
fn end_with_parent(command: &mut Command, signal: Signal) {
    let parent = Pid::this();
    let end = move || {
        nix::sys::prctl::set_pdeathsig(signal)?;
        // The parent may have ended before the call, and then no signal comes.
        if getppid() == parent { Ok(()) } else { Err(Errno::ESRCH.into()) }
    };
    // SAFETY: prctl and getppid are async-signal-safe.
    unsafe { command.pre_exec(end) };
}

/// A running server.
pub struct Server {
    child: Child,
    kind: Kind,
}

/// What differs between the servers.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// For people.
    pub name: &'static str,
    /// Ends it in order.
    pub stop: Signal,
    /// How long that may take.
    pub stop_limit: Duration,
    /// Ends it in haste, when its owner is gone; it still takes its own children along.
    pub abandon: Signal,
}

impl Server {
    /// Starts a server that ends when this process does.
    pub fn spawn(kind: Kind, mut command: Command, owner: Option<Owner>) -> Result<Self> {
        run_as(&mut command, owner);
        // A group of its own: Ctrl-C in the terminal reaches this process, which then stops its servers in order.
        command.process_group(0);
        let child = spawn(command, kind.abandon).with_context(|| format!("start {}", kind.name))?;
        Ok(Self { child, kind })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended, and how.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits until it ends by itself.
    pub async fn exited(&mut self) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Asks it to end and waits; when that takes too long it is killed.
    pub async fn stop(mut self) -> Result<()> {
        if self.ended()?.is_some() {
            return Ok(());
        }
        let Kind { name, stop, stop_limit, .. } = self.kind;
        kill(Pid::from_raw(self.child.id().cast_signed()), stop)?;
        let Ok(status) = tokio::time::timeout(stop_limit, self.exited()).await else {
            tracing::warn!(server = name, "did not end in time and is killed");
            self.child.kill()?;
            self.child.wait()?;
            return Ok(());
        };
        let status = status?;
        if !status.success() && status.signal() != Some(stop as i32) {
            tracing::warn!(server = name, %status, "ended with an error");
        }
        Ok(())
    }

    /// Waits until it answers; fails with the end of its log when it ends first, or takes longer than `limit`.
    pub async fn until_ready<F>(&mut self, log: &Path, limit: Duration, ready: impl Fn() -> F) -> Result<()>
    where
        F: Future<Output = bool>,
    {
        let begun = Instant::now();
        loop {
            if ready().await {
                return Ok(());
            }
            if let Some(status) = self.ended()? {
                bail!("{} ended at its start ({status}); the end of {}:\n{}", self.kind.name, log.display(), tail(log));
            }
            if begun.elapsed() > limit {
                let seconds = limit.as_secs();
                bail!(
                    "{} is not ready after {seconds} s; the end of {}:\n{}",
                    self.kind.name,
                    log.display(),
                    tail(log)
                );
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Server {
    /// A server that nobody stopped in order must not outlive its owner.
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let asked = kill(Pid::from_raw(self.child.id().cast_signed()), self.kind.abandon).is_ok();
        let begun = Instant::now();
        while asked && begun.elapsed() < DROP_LIMIT {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            #[expect(clippy::disallowed_methods, reason = "a drop can't await")]
            std::thread::sleep(Duration::from_millis(10));
        }
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            tracing::warn!(server = self.kind.name, %error, "can't be killed");
        }
    }
}

/// Runs a command as the servers' user, without settings that are meant for other servers.
pub fn run_as(command: &mut Command, owner: Option<Owner>) {
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"PG") {
            command.env_remove(name);
        }
    }
    if let Some(owner) = owner {
        command.uid(owner.uid).gid(owner.gid);
    }
    // The current directory may be closed to that user.
    command.current_dir("/");
}
