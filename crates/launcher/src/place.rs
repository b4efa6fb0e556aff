//! Directories and files of the servers, and whom they belong to.

use std::{
    fs::{self, DirBuilder, File, Permissions, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use nix::unistd::{Uid, User};

/// A server's user when this process is root, which PostgreSQL refuses to run as.
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

/// A server's data directory, held by this process: no other can start a server on it meanwhile.
pub struct Place {
    pub path: PathBuf,
    pub owner: Option<Owner>,
    _lock: File,
}

/// A child that is being started elsewhere in this process holds every open file, a lock that was just given up
/// included, until it runs its program. So a taken lock is asked for again for a moment.
fn lock_soon(lock: &File) -> Result<(), TryLockError> {
    const TRIES: u32 = 20;
    for _ in 1..TRIES {
        match lock.try_lock() {
            #[expect(clippy::disallowed_methods, reason = "a second at most, once at the start of a server")]
            Err(TryLockError::WouldBlock) => std::thread::sleep(std::time::Duration::from_millis(50)),
            outcome => return outcome,
        }
    }
    lock.try_lock()
}

impl Place {
    /// Makes it when missing.
    pub fn take(server: &str, data_dir: &Path) -> Result<Self> {
        let owner = owner()?;
        fs::create_dir_all(data_dir).with_context(|| format!("make {}", data_dir.display()))?;
        let path = data_dir.canonicalize()?;
        check_reachable(&path, owner)?;
        make_private(&path, owner)?;
        let lock = File::options().create(true).truncate(false).write(true).mode(0o600).open(path.join("lock"))?;
        match lock_soon(&lock) {
            Ok(()) => Ok(Self { path, owner, _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                bail!("another process runs {server} on {} already: stop it first", path.display())
            }
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("lock {}", path.display())),
        }
    }

    /// A directory in it, for the server alone.
    pub fn directory(&self, name: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        fs::create_dir_all(&path).with_context(|| format!("make {}", path.display()))?;
        make_private(&path, self.owner)?;
        Ok(path)
    }

    /// A log in it, open for appending. The server may open it too.
    pub fn log(&self, name: &str) -> Result<(PathBuf, File)> {
        let path = self.path.join(name);
        let file = File::options().create(true).append(true).mode(0o600).open(&path)?;
        give(&path, self.owner)?;
        Ok((path, file))
    }

    /// Writes a file in it that the server alone may read.
    pub fn write(&self, name: &str, content: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        let temporary = self.path.join(format!("{name}.new"));
        let write = || -> io::Result<()> {
            let mut file = File::options().create(true).truncate(true).write(true).mode(0o600).open(&temporary)?;
            file.write_all(content.as_bytes())?;
            give(&temporary, self.owner)?;
            fs::rename(&temporary, &path)
        };
        write().with_context(|| format!("write {}", path.display()))?;
        Ok(path)
    }

    /// A value that is made once and kept in a file.
    pub fn remembered(&self, name: &str, make: impl FnOnce() -> Result<String>) -> Result<String> {
        let path = self.path.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text.trim().to_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let value = make()?;
                self.write(name, &value)?;
                Ok(value)
            }
            Err(error) => Err(error).with_context(|| format!("read {}", path.display())),
        }
    }
}

/// Makes a directory at a path where others could have made one first; what is there must be the server's own.
pub fn make_in_public(path: &Path, owner: Option<Owner>) -> Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let found = path.symlink_metadata()?;
            let uid = owner.map_or_else(|| Uid::effective().as_raw(), |owner| owner.uid);
            if !found.is_dir() || found.uid() != uid {
                bail!("{} belongs to somebody else", path.display());
            }
        }
        Err(error) => return Err(error).with_context(|| format!("make {}", path.display())),
    }
    make_private(path, owner)
}

fn make_private(path: &Path, owner: Option<Owner>) -> Result<()> {
    give(path, owner)?;
    fs::set_permissions(path, Permissions::from_mode(0o700))
        .with_context(|| format!("close {} to others", path.display()))
}

fn give(path: &Path, owner: Option<Owner>) -> io::Result<()> {
    match owner {
        Some(owner) => chown(path, Some(owner.uid), Some(owner.gid)),
        None => Ok(()),
    }
}

/// Fails early, and plainly, when the server's user can't reach a directory that root can.
fn check_reachable(path: &Path, owner: Option<Owner>) -> Result<()> {
    let Some(owner) = owner else { return Ok(()) };
    let Some(closed) = path.ancestors().skip(1).find(|folder| !may_enter(folder, owner)) else { return Ok(()) };
    bail!(
        "{} is closed to the user that the private servers run as (uid {}), because PostgreSQL refuses to run as root: choose \
         a data directory outside of it, such as /var/lib/halley, or run this as an ordinary user",
        closed.display(),
        owner.uid
    )
}

/// Whether a user may pass through a folder. One that can't be looked at is left to the server to complain about.
pub fn may_enter(folder: &Path, owner: Owner) -> bool {
    let Ok(metadata) = folder.metadata() else { return true };
    let needed = match metadata {
        ref found if found.uid() == owner.uid => 0o100,
        ref found if found.gid() == owner.gid => 0o010,
        _ => 0o001,
    };
    metadata.mode() & needed != 0
}

/// The last lines of a log.
pub fn tail(log: &Path) -> String {
    const BYTES: u64 = 16 * 1024;
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(BYTES)))?;
        let mut end = Vec::new();
        file.read_to_end(&mut end)?;
        Ok(end)
    };
    let end = read().unwrap_or_else(|error| error.to_string().into_bytes());
    let text = String::from_utf8_lossy(&end);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRANGER: Owner = Owner { uid: 3_000_000, gid: 3_000_000 };

    #[test]
    fn a_closed_folder_above_the_data_is_named() {
        let closed = tempfile::tempdir().unwrap();
        let data = closed.path().join("data");
        fs::create_dir(&data).unwrap();
        fs::set_permissions(closed.path(), Permissions::from_mode(0o700)).unwrap();
        let error = check_reachable(&data, Some(STRANGER)).unwrap_err().to_string();
        assert!(error.contains(&format!("{} is closed", closed.path().display())), "{error}");
        fs::set_permissions(closed.path(), Permissions::from_mode(0o711)).unwrap();
        check_reachable(&data, Some(STRANGER)).unwrap();
    }

    #[test]
    fn a_place_is_taken_once_and_free_again_afterwards() {
        let directory = crate::throwaway_directory("halley-test-").unwrap();
        let data = directory.path().join("data");
        let place = Place::take("Redis", &data).unwrap();
        let error = Place::take("Redis", &data).map(drop).unwrap_err().to_string();
        assert!(error.contains("another process runs Redis on"), "{error}");
        drop(place);
        Place::take("Redis", &data).unwrap();
    }

    #[test]
    fn what_is_remembered_is_private_and_made_once() {
        let directory = crate::throwaway_directory("halley-test-").unwrap();
        let place = Place::take("Redis", &directory.path().join("data")).unwrap();
        assert_eq!(place.remembered("password", || Ok("one".to_owned())).unwrap(), "one");
        assert_eq!(place.remembered("password", || Ok("two".to_owned())).unwrap(), "one");
        assert_eq!(place.path.join("password").metadata().unwrap().mode() & 0o777, 0o600);
        assert_eq!(place.path.metadata().unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_directory_in_public_is_not_taken_over_from_a_link() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("link");
        std::os::unix::fs::symlink("/", &link).unwrap();
        assert!(make_in_public(&link, None).is_err());
        let fresh = directory.path().join("fresh");
        make_in_public(&fresh, None).unwrap();
        make_in_public(&fresh, None).unwrap();
    }

    #[test]
    fn a_tail_is_the_last_lines() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let lines: Vec<String> = (0..40).map(|n| format!("line {n}")).collect();
        fs::write(file.path(), lines.join("\n")).unwrap();
        assert_eq!(tail(file.path()), lines[25..].join("\n"));
    }
}
