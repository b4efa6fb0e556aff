//! Child processes that end with this process.

use std::{
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    path::Path,
    process::{Child, Command, ExitStatus},
    sync::{OnceLock, mpsc},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, Uid, User},
};

/// A program's user when this process is root, which PostgreSQL refuses to run as.
#[derive(Debug, Clone, Copy)]
pub struct Owner {
    pub uid: u32,
    pub gid: u32,
}

/// The user to run servers as: nobody else unless this process is root.
pub fn owner() -> Result<Option<Owner>> {
    if !Uid::effective().is_root() {
        return Ok(None);
    }
    for name in ["postgres", "nobody"] {
        if let Some(user) = User::from_name(name)? {
            return Ok(Some(Owner { uid: user.uid.as_raw(), gid: user.gid.as_raw() }));
        }
    }
    bail!("this process is root, and there is neither a user `postgres` nor `nobody` to run servers as")
}

/// A running server.
pub struct Server {
    child: Child,
    name: &'static str,
}

impl Server {
    /// Starts a program that ends when this process does.
    pub fn spawn(name: &'static str, mut command: Command, owner: Option<Owner>) -> Result<Self> {
        if let Some(owner) = owner {
            command.uid(owner.uid).gid(owner.gid);
        }
        // A group of its own: Ctrl-C in the terminal reaches this process, which then stops its servers in order.
        command.process_group(0);
        end_with_parent(&mut command);
        let child = spawn_on_lasting_thread(command).with_context(|| format!("start {name}"))?;
        Ok(Self { child, name })
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

    /// Asks it to end and waits; after `limit` it is killed.
    pub async fn stop(mut self, signal: Signal, limit: Duration) -> Result<()> {
        if self.ended()?.is_some() {
            return Ok(());
        }
        kill(Pid::from_raw(self.child.id().cast_signed()), signal)?;
        if let Ok(status) = tokio::time::timeout(limit, self.exited()).await {
            let status = status?;
            if !status.success() && status.signal() != Some(signal as i32) {
                tracing::warn!(server = self.name, %status, "ended with an error");
            }
            return Ok(());
        }
        tracing::warn!(server = self.name, "did not end in time and is killed");
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    /// A server that nobody stopped in order is killed: it must not outlive its owner.
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let ended = self.child.kill().and_then(|()| self.child.wait());
            if let Err(error) = ended {
                tracing::warn!(server = self.name, %error, "can't be killed");
            }
        }
    }
}

#[expect(unsafe_code, reason = "prctl between fork and exec; it allocates nothing and takes no lock")]
fn end_with_parent(command: &mut Command) {
    let end = || nix::sys::prctl::set_pdeathsig(Signal::SIGKILL).map_err(Into::into);
    // SAFETY: prctl is async-signal-safe.
    unsafe { command.pre_exec(end) };
}

type Spawn = (Command, mpsc::Sender<std::io::Result<Child>>);

/// The death signal comes when the spawning thread ends, so that thread must last as long as the process.
fn spawn_on_lasting_thread(command: Command) -> Result<Child> {
    static SPAWNER: OnceLock<std::sync::Mutex<mpsc::Sender<Spawn>>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (requests, received) = mpsc::channel::<Spawn>();
        let thread = std::thread::Builder::new().name("spawner".to_owned()).spawn(move || {
            for (mut command, answer) in received {
                if answer.send(command.spawn()).is_err() {
                    tracing::debug!("nobody waits for a child");
                }
            }
        });
        // Without the thread the send below fails, which is told there.
        drop(thread);
        std::sync::Mutex::new(requests)
    });
    let (answer, waiting) = mpsc::channel();
    spawner
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .send((command, answer))
        .context("the spawning thread has ended")?;
    Ok(waiting.recv().context("the spawning thread has ended")??)
}

/// Waits until a server answers; fails with the end of its log when it ends first, or takes too long.
pub async fn until_ready(server: &mut Server, log: &Path, limit: Duration, ready: impl Fn() -> bool) -> Result<()> {
    let begun = Instant::now();
    loop {
        if ready() {
            return Ok(());
        }
        if let Some(status) = server.ended()? {
            bail!("{} ended at its start ({status}):\n{}", server.name, tail(log));
        }
        if begun.elapsed() > limit {
            bail!("{} is not ready after {} s:\n{}", server.name, limit.as_secs(), tail(log));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The last lines of a log.
pub fn tail(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

/// Makes a directory that belongs to the server's user alone.
pub fn make_directory(path: &Path, owner: Option<Owner>) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::create_dir_all(path).with_context(|| format!("make {}", path.display()))?;
    if let Some(owner) = owner {
        std::os::unix::fs::chown(path, Some(owner.uid), Some(owner.gid))?;
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
    Ok(())
}

/// Writes a file that belongs to the server's user alone.
pub fn write_file(path: &Path, content: &str, owner: Option<Owner>) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, content).with_context(|| format!("write {}", path.display()))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    if let Some(owner) = owner {
        std::os::unix::fs::chown(path, Some(owner.uid), Some(owner.gid))?;
    }
    Ok(())
}

/// Fails early, and plainly, when the server's user can't reach a directory that root can.
pub fn check_reachable(path: &Path, owner: Option<Owner>) -> Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let Some(owner) = owner else { return Ok(()) };
    for folder in path.ancestors().skip(1) {
        let Ok(metadata) = folder.metadata() else { continue };
        let mode = metadata.mode();
        let may_enter = mode & 0o001 != 0
            || (metadata.uid() == owner.uid && mode & 0o100 != 0)
            || (metadata.gid() == owner.gid && mode & 0o010 != 0);
        if !may_enter {
            bail!(
                "{} can't be entered by the user that the private servers run as (uid {}): choose another data directory, \
                 or run this as an ordinary user",
                folder.display(),
                owner.uid
            );
        }
    }
    Ok(())
}
