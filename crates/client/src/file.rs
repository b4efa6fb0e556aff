//! Files of messages, and how they get to the server.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt, TryStreamExt};
use http::Method;
use reqwest::Body;
use reqwest::multipart::{Form, Part};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};
use tokio_util::io::ReaderStream;

use crate::api::answered;
use crate::{ApiClient, Attachment, ClientError, Draft};

/// Longest time that the upload of one file may take.
const UPLOAD_WITHIN: Duration = Duration::from_secs(600);
/// Bytes that are read, and told of, at once.
const CHUNK: usize = 64 * 1024;

/// What a file is read from.
pub type FileStream = BoxStream<'static, io::Result<Bytes>>;

/// A file to upload. Its size is said first, so the server refuses one that is too large before anything of it is sent.
#[derive(Clone)]
pub struct FileToSend {
    name: String,
    mime_type: String,
    size: u64,
    source: Source,
}

#[derive(Clone)]
enum Source {
    Bytes(Bytes),
    Path(PathBuf),
    /// Opened anew for each try.
    Stream(Arc<dyn Fn() -> FileStream + Send + Sync>),
}

impl FileToSend {
    /// A file in memory. `mime_type` is as `image/png`.
    pub fn bytes(name: &str, mime_type: &str, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let size = bytes.len() as u64;
        Self { name: name.to_owned(), mime_type: mime_type.to_owned(), size, source: Source::Bytes(bytes) }
    }

    /// A file on this machine, which must not change until it is sent. A storage that lasts keeps where it is, not what is in it.
    pub async fn path(path: impl AsRef<Path>, mime_type: &str) -> Result<Self, ClientError> {
        let path = path.as_ref();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let facts = tokio::fs::metadata(path).await;
        let facts = facts.map_err(|error| ClientError::File { name: name.clone(), source: Arc::new(error) })?;
        let source = Source::Path(path.to_owned());
        Ok(Self { name, mime_type: mime_type.to_owned(), size: facts.len(), source })
    }

    /// A file of exactly `size` bytes that is read from a stream. `open` begins it, for each try anew.
    pub fn stream(
        name: &str,
        mime_type: &str,
        size: u64,
        open: impl Fn() -> FileStream + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.to_owned(), mime_type: mime_type.to_owned(), size, source: Source::Stream(Arc::new(open)) }
    }

    /// Another name than that of the path.
    pub fn named(mut self, name: &str) -> Self {
        self.name = name.to_owned();
        self
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// As `image/png`.
    pub fn mime_type(&self) -> &str {
        &self.mime_type
    }

    /// Bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// As it is shown before it is uploaded.
    pub(crate) fn shown(&self) -> Attachment {
        Attachment {
            name: Some(self.name.clone()),
            mime_type: Some(self.mime_type.clone()),
            size: Some(self.size),
            ..Attachment::default()
        }
    }

    async fn open(&self) -> io::Result<FileStream> {
        Ok(match &self.source {
            Source::Bytes(bytes) => {
                let bytes = bytes.clone();
                let chunks = (0..bytes.len()).step_by(CHUNK);
                stream::iter(chunks.map(move |at| Ok(bytes.slice(at..bytes.len().min(at + CHUNK))))).boxed()
            }
            Source::Path(path) => ReaderStream::with_capacity(tokio::fs::File::open(path).await?, CHUNK).boxed(),
            Source::Stream(open) => open(),
        })
    }

    fn fault(&self, source: Arc<io::Error>) -> ClientError {
        ClientError::File { name: self.name.clone(), source }
    }
}

impl fmt::Debug for FileToSend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileToSend").field("name", &self.name).field("size", &self.size).finish_non_exhaustive()
    }
}

/// A file as a storage keeps it.
#[derive(Serialize, Deserialize)]
struct Kept {
    name: String,
    mime_type: String,
    size: u64,
    path: PathBuf,
}

impl Serialize for FileToSend {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Source::Path(path) = &self.source else {
            return Err(serde::ser::Error::custom("only a file with a path can be kept"));
        };
        let Self { name, mime_type, size, .. } = self.clone();
        Kept { name, mime_type, size, path: path.clone() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FileToSend {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Kept { name, mime_type, size, path } = Kept::deserialize(deserializer)?;
        Ok(Self { name, mime_type, size, source: Source::Path(path) })
    }
}

/// Is told how many bytes are sent of all.
pub(crate) type OnProgress = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// The file as it is sent: told of, and not a byte longer or shorter than was said.
fn metered(
    file: FileStream,
    size: u64,
    fault: Arc<OnceLock<Arc<io::Error>>>,
    on_sent: impl Fn(u64) + Send + 'static,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let next = move |(mut file, sent): (FileStream, u64)| async move {
        let Some(chunk) = file.try_next().await? else {
            let is_whole = sent == size;
            let short = || io::Error::new(io::ErrorKind::UnexpectedEof, format!("{sent} bytes instead of {size}"));
            return if is_whole { Ok(None) } else { Err(short()) };
        };
        let sent = sent + chunk.len() as u64;
        if sent > size {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("more than {size} bytes")));
        }
        Ok(Some(((chunk, sent), (file, sent))))
    };
    let chunks = stream::try_unfold((file, 0), next);
    chunks
        .map_ok(move |(chunk, sent)| {
            on_sent(sent);
            chunk
        })
        .map_err(move |error| {
            // The call only tells that its body failed.
            let error = Arc::new(error);
            drop(fault.set(Arc::clone(&error)));
            io::Error::new(error.kind(), error)
        })
}

impl ApiClient {
    /// Uploads the files of a draft. Each one that is there has its address in the draft instead, also after a failure.
    pub(crate) async fn upload_files(&self, draft: &mut Draft, on_progress: &OnProgress) -> Result<(), ClientError> {
        if draft.files.is_empty() {
            return Ok(());
        }
        let permitted: Value = self.call_data(Method::POST, "/files/upload-url", &[], Some(&wanted(draft))).await?;
        let total: u64 = draft.files.iter().map(FileToSend::size).sum();
        let mut before = 0;
        for n in 0..draft.files.len() {
            let permission = &permitted[format!("f{n}")];
            let file = draft.files[0].clone();
            let on_progress = Arc::clone(on_progress);
            self.upload(&permission["request"], &file, move |sent| on_progress(before + sent, total)).await?;
            before += file.size;
            draft.files.remove(0);
            draft.attachments.push(Attachment::from(&permission["attachment"]));
        }
        Ok(())
    }

    /// Sends a file where the server said. It may be another host, so nothing of the login goes with it.
    async fn upload(
        &self,
        request: &Value,
        file: &FileToSend,
        on_sent: impl Fn(u64) + Send + 'static,
    ) -> Result<(), ClientError> {
        let url = request["url"].as_str();
        let url = url.ok_or_else(|| ClientError::Shape("the answer has no address to upload to".into()))?;
        let mut form = Form::new();
        for (key, value) in request["body"].as_object().into_iter().flatten() {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            form = form.text(key.clone(), value);
        }
        let opened = file.open().await.map_err(|error| file.fault(Arc::new(error)))?;
        let fault = Arc::new(OnceLock::new());
        let body = Body::wrap_stream(metered(opened, file.size, Arc::clone(&fault), on_sent));
        let part = Part::stream_with_length(body, file.size).file_name(file.name.clone());
        let part = part.mime_str(&file.mime_type).map_err(|error| ClientError::Setting(error.to_string()))?;
        let sending = self.server.http.post(url).timeout(UPLOAD_WITHIN).multipart(form.part("file", part)).send();
        match sending.await {
            Ok(response) => answered(response).await.map(drop),
            Err(error) => {
                Err(fault.get().map_or_else(|| ClientError::transport(error), |fault| file.fault(Arc::clone(fault))))
            }
        }
    }
}

/// What the server is asked to let in.
fn wanted(draft: &Draft) -> Value {
    let facts = |(n, file): (usize, &FileToSend)| {
        let id = format!("f{n}");
        let facts = json!({"fileId": id, "name": file.name, "size": file.size, "mimeType": file.mime_type});
        (id, facts)
    };
    let files: Map<String, Value> = draft.files.iter().enumerate().map(facts).collect();
    let (receiver, kind) = (draft.receiver.id(), draft.receiver.receiver_type());
    let mut body = json!({"files": files, "receiver": receiver, "receiverType": kind});
    if let Some(id) = draft.parent_id {
        body["parentMessageId"] = id.to_string().into();
    }
    body
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    async fn read(chunks: &'static [&'static str], size: u64) -> (Result<usize, io::ErrorKind>, Vec<u64>, bool) {
        let file = stream::iter(chunks.iter().map(|chunk| Ok(Bytes::from_static(chunk.as_bytes())))).boxed();
        let (told, fault) = (Arc::new(Mutex::new(Vec::new())), Arc::new(OnceLock::new()));
        let writer = Arc::clone(&told);
        let sent = metered(file, size, Arc::clone(&fault), move |sent| writer.lock().unwrap().push(sent));
        let bytes = sent.try_fold(0, async |sum, chunk| Ok(sum + chunk.len())).await;
        let told = told.lock().unwrap().clone();
        (bytes.map_err(|error| error.kind()), told, fault.get().is_some())
    }

    #[tokio::test]
    async fn a_file_is_as_long_as_was_said_or_not_sent() {
        assert_eq!(read(&["ab", "cde"], 5).await, (Ok(5), vec![2, 5], false));
        assert_eq!(read(&[], 0).await, (Ok(0), vec![], false));
        assert_eq!(read(&["ab", "cde"], 4).await, (Err(io::ErrorKind::InvalidData), vec![2], true));
        assert_eq!(read(&["ab"], 4).await, (Err(io::ErrorKind::UnexpectedEof), vec![2], true));
    }

    #[test]
    fn a_file_with_a_path_is_kept_and_others_are_not() {
        let file =
            FileToSend { source: Source::Path("/tmp/a.png".into()), ..FileToSend::bytes("a.png", "image/png", "abc") };
        let kept = serde_json::to_string(&file).unwrap();
        let again: FileToSend = serde_json::from_str(&kept).unwrap();
        assert_eq!((again.name(), again.mime_type(), again.size()), ("a.png", "image/png", 3));
        assert!(serde_json::to_string(&FileToSend::bytes("a", "b", "c")).is_err());
    }
}
