//! Where files are kept: a folder, or a bucket of S3. Names say everything, so nothing else is written down.

use std::{os::unix::fs::DirBuilderExt as _, sync::Arc};

use futures::TryStreamExt as _;
use object_store::{
    Error, GetOptions, GetRange, GetResult, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload,
    aws::AmazonS3Builder, buffered::BufWriter, local::LocalFileSystem, path::Path,
};
use tokio::io::AsyncWriteExt as _;
use tokio_util::task::TaskTracker;

use super::{MediaError, kind, name::Name};

/// What is held in memory of a file that is being written, twice: one part is on its way while the next is gathered.
const FOLDER_PART_BYTES: usize = 256 * 1024;
/// S3 takes no smaller parts.
const S3_PART_BYTES: usize = 5 * 1024 * 1024;
/// No app id has a dot, so no app's folder has this name.
const CLAIMS: &str = ".claims";
/// A picture has three.
const COPIES: [&str; 3] = ["small", "medium", "large"];

/// Why the store can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder can't be made.
    #[error("rest.media_store: can't make the folder {place}: {source}")]
    Folder {
        /// Which.
        place: String,
        /// Why.
        source: std::io::Error,
    },
    /// The folder or the bucket can't be used.
    #[error("rest.media_store: {0}")]
    Unusable(#[from] Error),
    /// Nothing says where files are to be kept.
    #[error("rest.media_store: must be a folder or s3://bucket")]
    Missing,
}

/// The store of one installation. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
    prefix: String,
    part_bytes: usize,
    /// Files that a vanished client left behind are removed even while the process stops.
    tasks: TaskTracker,
}

impl Store {
    /// Opens a folder, which is made when missing, or `s3://bucket/prefix`.
    pub fn open(place: &str, tasks: TaskTracker) -> Result<Self, OpenError> {
        if place.is_empty() {
            return Err(OpenError::Missing);
        }
        if let Some(bucket) = place.strip_prefix("s3://") {
            let (bucket, prefix) = bucket.split_once('/').unwrap_or((bucket, ""));
            let objects = AmazonS3Builder::from_env().with_bucket_name(bucket).build()?;
            let prefix = prefix.trim_matches('/').to_owned();
            return Ok(Self { objects: Arc::new(objects), prefix, part_bytes: S3_PART_BYTES, tasks });
        }
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(place);
        made.map_err(|source| OpenError::Folder { place: place.to_owned(), source })?;
        // An acknowledged message keeps its files, so they are on the disk before it is written.
        let objects = LocalFileSystem::new_with_prefix(place)?.with_fsync(true);
        Ok(Self { objects: Arc::new(objects), prefix: String::new(), part_bytes: FOLDER_PART_BYTES, tasks })
    }

    fn path(&self, folder: &str, name: &Name) -> Path {
        Path::from_iter(self.prefix.split('/').chain(folder.split('/')).chain([name.to_string().as_str()]))
    }

    /// Begins to write a file.
    pub fn write(&self, app: &str, name: &Name) -> Writing {
        let writer = BufWriter::with_capacity(Arc::clone(&self.objects), self.path(app, name), self.part_bytes);
        Writing { writer: Some(writer.with_max_concurrency(1)), tasks: self.tasks.clone(), size: 0 }
    }

    /// Writes a small file at once.
    pub async fn put(&self, app: &str, name: &Name, content: Vec<u8>) -> Result<(), MediaError> {
        self.objects.put(&self.path(app, name), PutPayload::from(content)).await?;
        Ok(())
    }

    /// A file, or the part of it that a range asks for.
    pub async fn get(&self, app: &str, name: &Name, range: Option<GetRange>) -> Result<GetResult, MediaError> {
        let options = GetOptions { range, ..GetOptions::default() };
        self.objects.get_opts(&self.path(app, name), options).await.map_err(not_found)
    }

    /// A file's size in bytes.
    pub async fn size(&self, app: &str, name: &Name) -> Result<u64, MediaError> {
        Ok(self.objects.head(&self.path(app, name)).await.map_err(not_found)?.size)
    }

    /// Removes files with their small copies. One that can't be removed is told to the log: its message is refused
    /// already, so nobody is shown it.
    pub async fn remove(&self, app: &str, names: &[Name]) {
        for name in names {
            let ending = kind::copies(name.extension());
            let copies = ending.iter().flat_map(|ending| COPIES.map(|size| name.copy(size, ending)));
            for name in copies.chain([name.clone()]) {
                self.delete(&self.path(app, &name)).await;
            }
        }
    }

    /// Removes a file with its small copies; what can't be removed is an error.
    pub async fn remove_surely(&self, app: &str, name: &Name) -> Result<(), MediaError> {
        let ending = kind::copies(name.extension());
        let copies = ending.iter().flat_map(|ending| COPIES.map(|size| name.copy(size, ending)));
        for name in copies.chain([name.clone()]) {
            match self.objects.delete(&self.path(app, &name)).await {
                Ok(()) | Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Removes every file of an app, one after the other, and answers how many.
    pub async fn remove_app(&self, app: &str) -> Result<u64, MediaError> {
        let mut count = 0;
        for folder in [app.to_owned(), format!("{CLAIMS}/{app}")] {
            let folder = Path::from_iter(self.prefix.split('/').chain(folder.split('/')));
            let mut files = self.objects.list(Some(&folder));
            while let Some(file) = files.try_next().await? {
                match self.objects.delete(&file.location).await {
                    Ok(()) | Err(Error::NotFound { .. }) => count += 1,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(count)
    }

    async fn delete(&self, path: &Path) {
        match self.objects.delete(path).await {
            Ok(()) | Err(Error::NotFound { .. }) => {}
            Err(error) => tracing::warn!(%error, %path, "a file can't be removed"),
        }
    }

    /// Takes a name for one writer; the claim is given back when it is dropped.
    pub async fn claim(&self, app: &str, name: &Name) -> Result<Claim, MediaError> {
        let path = self.path(&format!("{CLAIMS}/{app}"), name);
        match self.objects.put_opts(&path, PutPayload::new(), PutMode::Create.into()).await {
            Ok(_) => Ok(Claim { store: self.clone(), path: Some(path) }),
            Err(Error::AlreadyExists { .. }) => Err(MediaError::Used),
            Err(error) => Err(error.into()),
        }
    }
}

fn not_found(error: Error) -> MediaError {
    match error {
        Error::NotFound { .. } => MediaError::NotFound,
        error => error.into(),
    }
}

/// A name that nobody else may write.
pub struct Claim {
    store: Store,
    path: Option<Path>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(path) = self.path.take() {
            let store = self.store.clone();
            self.store.tasks.spawn(async move { store.delete(&path).await });
        }
    }
}

impl Claim {
    /// Gives the claim back before the answer.
    pub async fn release(mut self) {
        if let Some(path) = self.path.take() {
            self.store.delete(&path).await;
        }
    }
}

/// A file that is being written. Dropped before its end, nothing of it stays.
pub struct Writing {
    writer: Option<BufWriter>,
    tasks: TaskTracker,
    size: u64,
}

impl Writing {
    /// Bytes so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Writes on.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), MediaError> {
        let Some(writer) = self.writer.as_mut() else { return Ok(()) };
        writer.write_all(bytes).await.map_err(MediaError::Write)?;
        self.size += bytes.len() as u64;
        Ok(())
    }

    /// Makes the file readable; answers its size.
    pub async fn finish(mut self) -> Result<u64, MediaError> {
        if let Some(mut writer) = self.writer.take() {
            // It cleans up after itself when this fails.
            writer.shutdown().await.map_err(MediaError::Write)?;
        }
        Ok(self.size)
    }

    /// Puts away what was written, before the answer.
    pub async fn abandon(mut self) {
        if let Some(writer) = self.writer.take() {
            abort(writer).await;
        }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take() {
            self.tasks.spawn(abort(writer));
        }
    }
}

async fn abort(mut writer: BufWriter) {
    if let Err(error) = writer.abort().await {
        tracing::warn!(%error, "an upload can't be put away");
    }
}

/// Files of a message that is not sent yet. Dropped, as when the client vanishes, they are removed.
pub struct Draft {
    store: Store,
    app: String,
    names: Vec<Name>,
}

impl Draft {
    /// Without files.
    pub fn new(store: Store, app: &str) -> Self {
        Self { store, app: app.to_owned(), names: Vec::new() }
    }

    /// Must be told of a name before anything is written under it.
    pub fn add(&mut self, name: Name) {
        self.names.push(name);
    }

    /// Removes the files before the answer.
    pub async fn remove(mut self) {
        let names = std::mem::take(&mut self.names);
        self.store.remove(&self.app, &names).await;
    }

    /// The files stay, whatever becomes of the request.
    pub fn keep(mut self) -> Vec<Name> {
        std::mem::take(&mut self.names)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.names.is_empty() {
            return;
        }
        let (store, app, names) = (self.store.clone(), std::mem::take(&mut self.app), std::mem::take(&mut self.names));
        self.store.tasks.spawn(async move { store.remove(&app, &names).await });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &std::path::Path) -> usize {
        let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
        entries
            .map(|entry| entry.expect("an entry").path())
            .map(|path| if path.is_dir() { files(&path) } else { 1 })
            .sum()
    }

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().join("media");
        let store = Store::open(place.to_str().expect("UTF-8"), TaskTracker::new()).expect("a store");
        (folder, store)
    }

    async fn settle(store: &Store) {
        store.tasks.close();
        store.tasks.wait().await;
    }

    #[tokio::test]
    async fn a_large_file_is_written_in_parts_and_read_in_ranges() {
        let (_folder, store) = store();
        let name = Name::fresh("bin");
        let mut writing = store.write("app", &name);
        let chunk: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
        for _ in 0..12 {
            writing.write(&chunk).await.expect("write");
        }
        assert!(matches!(store.get("app", &name, None).await, Err(MediaError::NotFound)), "unfinished");
        assert_eq!(writing.finish().await.expect("finish"), 12 << 20);
        assert_eq!(store.size("app", &name).await.expect("size"), 12 << 20);
        let part = store.get("app", &name, Some(GetRange::Bounded(5..10))).await.expect("a part");
        assert_eq!(part.bytes().await.expect("bytes").as_ref(), &[5, 6, 7, 8, 9]);
        assert!(matches!(store.get("other", &name, None).await, Err(MediaError::NotFound)), "another app");
    }

    #[tokio::test]
    async fn nothing_stays_of_what_is_dropped() {
        let (folder, store) = store();
        let mut draft = Draft::new(store.clone(), "app");
        for size in [10, 8 << 20] {
            let name = Name::fresh("png");
            draft.add(name.clone());
            let mut writing = store.write("app", &name);
            writing.write(&vec![0; size]).await.expect("write");
            if size == 10 {
                writing.finish().await.expect("finish");
                store.put("app", &name.copy("small", "png"), vec![1]).await.expect("a copy");
            }
        }
        drop(draft);
        settle(&store).await;
        assert_eq!(files(folder.path()), 0);
    }

    #[tokio::test]
    async fn a_name_is_claimed_once_at_a_time() {
        let (folder, store) = store();
        let name = Name::fresh("png");
        let claim = store.claim("app", &name).await.expect("the first");
        assert!(matches!(store.claim("app", &name).await, Err(MediaError::Used)));
        claim.release().await;
        drop(store.claim("app", &name).await.expect("again"));
        settle(&store).await;
        assert_eq!(files(folder.path()), 0);
    }

    #[tokio::test]
    async fn the_files_of_one_app_are_removed() {
        let (folder, store) = store();
        for app in ["app", "app2"] {
            for _ in 0..3 {
                store.put(app, &Name::fresh("png"), vec![1]).await.expect("a file");
            }
        }
        assert_eq!(store.remove_app("app").await.expect("removed"), 3);
        assert_eq!(store.remove_app("app").await.expect("again"), 0);
        assert_eq!(files(folder.path()), 3, "another app's");
    }

    #[test]
    fn a_place_is_needed() {
        assert!(matches!(Store::open("", TaskTracker::new()), Err(OpenError::Missing)));
        assert!(matches!(Store::open("/dev/null/x", TaskTracker::new()), Err(OpenError::Folder { .. })));
    }
}
