//! Directories that vanish with the process.

use std::{
    fs::Permissions,
    io,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::place::{may_enter, owner};

/// A temporary directory for servers. It is removed when this is dropped and, as statics never are and a process can be
/// killed, by a waiting child soon after the process has ended.
pub struct ThrowawayDirectory {
    directory: TempDir,
    sweeper: Child,
    is_left: bool,
}

/// Makes one whose name begins with `prefix`. The servers' user can enter it, others can't look into it.
pub fn throwaway_directory(prefix: &str) -> Result<ThrowawayDirectory> {
    let directory =
        tempfile::Builder::new().prefix(prefix).tempdir_in(parent()?).context("make a temporary directory")?;
    std::fs::set_permissions(directory.path(), Permissions::from_mode(0o711))?;
    let sweeper = sweeper(directory.path()).context("start the sweeper of a temporary directory")?;
    Ok(ThrowawayDirectory { directory, sweeper, is_left: false })
}

impl ThrowawayDirectory {
    /// Where it is.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

impl ThrowawayDirectory {
    /// Leaves the removal to the waiting child. The databases of many tests are hundreds of thousands of files, whose removal
    /// takes minutes on some disks.
    pub fn leave_behind(mut self) {
        self.directory.disable_cleanup(true);
        self.is_left = true;
        drop(self.sweeper.stdin.take());
    }
}

impl Drop for ThrowawayDirectory {
    fn drop(&mut self) {
        if self.is_left {
            return;
        }
        // A server that is just ending may still write, so the sweeper tries again.
        if let Err(error) = std::fs::remove_dir_all(self.directory.path()) {
            tracing::debug!(%error, "a temporary directory is left to its sweeper");
            return;
        }
        drop(self.sweeper.kill().and_then(|()| self.sweeper.wait()));
    }
}

/// Root's own temporary directory may be closed to the servers' user; /tmp never is.
fn parent() -> Result<PathBuf> {
    let usual = std::env::temp_dir();
    let Some(owner) = owner()? else { return Ok(usual) };
    let open = usual.ancestors().all(|folder| may_enter(folder, owner));
    Ok(if open { usual } else { PathBuf::from("/tmp") })
}

/// Its input ends when this process does. A group of its own spares it from Ctrl-C.
fn sweeper(directory: &Path) -> io::Result<Child> {
    const SCRIPT: &str = r#"cat; for _ in 1 2 3 4 5 6 7 8 9 10; do sleep 0.5; rm -rf -- "$1" && exit; done"#;
    Command::new("sh")
        .args(["-c", SCRIPT, "halley-sweeper"])
        .arg(directory)
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}
