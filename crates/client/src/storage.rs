//! Where what was not sent is kept.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::fs;
use tokio::io::AsyncWriteExt;

use crate::calls::segment;

/// Ends the names of files that are not whole yet.
const UNFINISHED: &str = ".tmp";
/// Whoever holds the lock of this file has the directory.
const LOCK: &str = ".lock";

/// Keeps values under their keys. Several clients may share one, as their keys are apart.
///
/// A value that [`Storage::set`] has answered for is there after a crash, whole; before that there is the earlier one.
pub trait Storage: Debug + Send + Sync + 'static {
    /// What was set, if anything was.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, io::Result<Option<Vec<u8>>>>;

    /// Keeps a value in place of an earlier one.
    fn set<'a>(&'a self, key: &'a str, value: Vec<u8>) -> BoxFuture<'a, io::Result<()>>;

    /// Forgets a value; nothing happens if there is none.
    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, io::Result<()>>;

    /// All keys that begin so, in any order.
    fn keys<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, io::Result<Vec<String>>>;
}

/// Keeps everything until the program ends.
#[derive(Debug, Default)]
pub struct MemoryStorage {
    values: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl MemoryStorage {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    fn with<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut BTreeMap<String, Vec<u8>>) -> T,
    ) -> BoxFuture<'static, io::Result<T>> {
        let done = act(&mut self.values.lock().unwrap_or_else(PoisonError::into_inner));
        futures::future::ready(Ok(done)).boxed()
    }
}

impl Storage for MemoryStorage {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, io::Result<Option<Vec<u8>>>> {
        self.with(|values| values.get(key).cloned())
    }

    fn set<'a>(&'a self, key: &'a str, value: Vec<u8>) -> BoxFuture<'a, io::Result<()>> {
        self.with(|values| drop(values.insert(key.to_owned(), value)))
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, io::Result<()>> {
        self.with(|values| drop(values.remove(key)))
    }

    fn keys<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, io::Result<Vec<String>>> {
        self.with(|values| values.keys().filter(|key| key.starts_with(prefix)).cloned().collect())
    }
}

/// Keeps each value in a file of its own in one directory, which only its owner can read. One of them has a directory at a
/// time: it is free again when this is dropped, and the clients that have it, a moment later.
#[derive(Debug)]
pub struct DirectoryStorage {
    directory: PathBuf,
    /// The lock ends with it, however the program does.
    _lock: File,
}

impl DirectoryStorage {
    /// Opens a directory, which is made if there is none. It fails with [`io::ErrorKind::WouldBlock`] while another
    /// program, or another storage of this one, has it.
    pub async fn open(directory: impl AsRef<Path>) -> io::Result<Self> {
        let directory = directory.as_ref().to_owned();
        make(&directory).await?;
        let lock = fs::File::create(directory.join(LOCK)).await?.into_std().await;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let storage = Self { directory, _lock: lock };
        for name in storage.names().await?.iter().filter(|name| name.ends_with(UNFINISHED)) {
            fs::remove_file(storage.directory.join(name)).await?;
        }
        Ok(storage)
    }

    fn path(&self, key: &str) -> PathBuf {
        self.directory.join(segment(key))
    }

    async fn names(&self) -> io::Result<Vec<String>> {
        let mut entries = fs::read_dir(&self.directory).await?;
        let mut names = Vec::new();
        while let Some(entry) = entries.next_entry().await? {
            // What is no text was put there by somebody else.
            names.extend(entry.file_name().into_string());
        }
        Ok(names)
    }

    /// Written beside its place and renamed: there is the earlier value or the new one, whenever the program ends.
    async fn write(&self, key: &str, value: Vec<u8>) -> io::Result<()> {
        let path = self.path(key);
        let mut unfinished = path.clone().into_os_string();
        unfinished.push(UNFINISHED);
        let mut file = fs::File::create(&unfinished).await?;
        file.write_all(&value).await?;
        file.sync_all().await?;
        fs::rename(&unfinished, &path).await?;
        self.sync().await
    }

    /// Names are kept by the directory.
    async fn sync(&self) -> io::Result<()> {
        if cfg!(unix) { fs::File::open(&self.directory).await?.sync_all().await } else { Ok(()) }
    }
}

async fn make(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(directory).await
}

impl Storage for DirectoryStorage {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, io::Result<Option<Vec<u8>>>> {
        async move { there(fs::read(self.path(key)).await) }.boxed()
    }

    fn set<'a>(&'a self, key: &'a str, value: Vec<u8>) -> BoxFuture<'a, io::Result<()>> {
        self.write(key, value).boxed()
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, io::Result<()>> {
        async move { there(fs::remove_file(self.path(key)).await).map(drop) }.boxed()
    }

    fn keys<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, io::Result<Vec<String>>> {
        async move {
            let names = self.names().await?;
            let keys = names.iter().filter(|name| !name.starts_with('.') && !name.ends_with(UNFINISHED));
            Ok(keys.filter_map(|name| unescaped(name)).filter(|key| key.starts_with(prefix)).collect())
        }
        .boxed()
    }
}

fn there<T>(done: io::Result<T>) -> io::Result<Option<T>> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        done => done.map(Some),
    }
}

/// The key of a file's name; `None` if it is of somebody else.
fn unescaped(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn keeps(storage: &dyn Storage) {
        assert_eq!(storage.get("a:1").await.unwrap(), None);
        storage.set("a:1", b"one".to_vec()).await.unwrap();
        storage.set("a:1", b"two".to_vec()).await.unwrap();
        storage.set("a:é/..", b"".to_vec()).await.unwrap();
        storage.set("b", b"three".to_vec()).await.unwrap();
        assert_eq!(storage.get("a:1").await.unwrap().unwrap(), b"two");
        let mut keys = storage.keys("a:").await.unwrap();
        keys.sort();
        assert_eq!(keys, ["a:1", "a:é/.."]);
        storage.delete("a:1").await.unwrap();
        storage.delete("a:1").await.unwrap();
        assert_eq!(storage.keys("").await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn what_is_set_is_kept() {
        keeps(&MemoryStorage::new()).await;
        let directory = tempfile::tempdir().unwrap();
        keeps(&DirectoryStorage::open(directory.path().join("deep/er")).await.unwrap()).await;
    }

    #[tokio::test]
    async fn a_crash_leaves_whole_values_alone() {
        let directory = tempfile::tempdir().unwrap();
        let storage = DirectoryStorage::open(directory.path()).await.unwrap();
        storage.set("k", b"whole".to_vec()).await.unwrap();
        let other = DirectoryStorage::open(directory.path()).await;
        assert_eq!(other.unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop(storage);
        // As a program leaves it that ends while it writes.
        std::fs::write(directory.path().join("k.tmp"), "ha").unwrap();
        std::fs::write(directory.path().join("%zz"), "of somebody else").unwrap();
        let storage = DirectoryStorage::open(directory.path()).await.unwrap();
        assert_eq!(storage.keys("").await.unwrap(), ["k"]);
        assert_eq!(storage.get("k").await.unwrap().unwrap(), b"whole");
        assert!(!directory.path().join("k.tmp").exists());
    }
}
