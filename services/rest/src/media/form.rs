//! Reading `multipart/form-data` part by part, within bounds.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::BodyDataStream,
    extract::Request,
    http::{
        HeaderMap,
        header::{CONTENT_LENGTH, CONTENT_TYPE},
    },
};
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt as _};
use multer::{Constraints, Field, Multipart, SizeLimit};
use tokio::time::{Sleep, sleep};

use super::{MediaError, kind::HEAD_BYTES};

/// Longest time for which the rest of a refused body is read, so that the client gets to read the refusal.
const DRAIN: Duration = Duration::from_secs(10);
/// Most bytes of all fields that are no files.
const TEXT_MAX_BYTES: usize = 256 * 1024;
/// Most parts: 25 tags, 10 files, and the fields of a message.
const PARTS_MAX: usize = 100;
/// Longest name of a file, in characters.
pub const FILE_NAME_MAX: usize = 255;

/// What a body may cost.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Of the whole body.
    pub max_bytes: u64,
    /// Longest time without a byte.
    pub silence: Duration,
}

/// Whether a request's body is a form.
pub fn is_form(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| {
        kind.as_bytes().get(..19).is_some_and(|start| start.eq_ignore_ascii_case(b"multipart/form-data"))
    })
}

/// A body that is a form.
pub struct FormBody {
    stream: Steady,
    boundary: String,
    bounds: Bounds,
    announced: Option<u64>,
}

impl FormBody {
    /// Reads the boundary.
    pub fn open(request: Request, bounds: Bounds) -> Result<Self, MediaError> {
        let headers = request.headers();
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let boundary = multer::parse_boundary(text(CONTENT_TYPE).unwrap_or_default());
        let boundary = boundary.map_err(|error| MediaError::Form(error.to_string()))?;
        let announced = text(CONTENT_LENGTH).and_then(|length| length.parse().ok());
        let stream = Steady::new(request.into_body().into_data_stream(), bounds.silence);
        Ok(Self { stream, boundary, bounds, announced })
    }

    /// Its parts, in order.
    pub fn parts(&mut self) -> Result<Parts<'_>, MediaError> {
        let max_bytes = self.bounds.max_bytes;
        if self.announced.is_some_and(|length| length > max_bytes) {
            return Err(MediaError::BodyTooLarge(max_bytes));
        }
        let limit = SizeLimit::new().whole_stream(max_bytes);
        let constraints = Constraints::new().size_limit(limit);
        let form = Multipart::with_constraints(&mut self.stream, self.boundary.clone(), constraints);
        Ok(Parts { form, bounds: self.bounds, text_left: TEXT_MAX_BYTES, parts_left: PARTS_MAX })
    }

    /// Reads what is left of a refused body, within bounds: a client that is cut off while it sends sees a broken
    /// connection in place of the answer.
    pub async fn drain(mut self) {
        let mut left = self.bounds.max_bytes.saturating_mul(2);
        let rest = async {
            while let Some(Ok(chunk)) = self.stream.next().await {
                left = left.saturating_sub(chunk.len() as u64);
                if left == 0 {
                    return;
                }
            }
        };
        if tokio::time::timeout(DRAIN, rest).await.is_err() {
            tracing::debug!("a refused upload goes on and is cut off");
        }
    }
}

/// The parts of a form.
pub struct Parts<'r> {
    form: Multipart<'r>,
    bounds: Bounds,
    text_left: usize,
    parts_left: usize,
}

/// A part.
pub enum Part<'r> {
    /// A field.
    Text(String, String),
    /// A file, not read yet.
    File(Box<FilePart<'r>>),
}

impl<'r> Parts<'r> {
    /// The next part. The one before must have been read to its end, or is skipped.
    pub async fn next(&mut self) -> Result<Option<Part<'r>>, MediaError> {
        let Some(mut field) = self.form.next_field().await.map_err(|error| fault(error, self.bounds))? else {
            return Ok(None);
        };
        self.parts_left = self.parts_left.checked_sub(1).ok_or(MediaError::FieldsTooLarge)?;
        let name = field.name().unwrap_or_default().to_owned();
        if let Some(given) = field.file_name() {
            let file_name = plain_name(given)?;
            let mime = field.content_type().map(ToString::to_string).unwrap_or_default();
            let head = BytesMut::new();
            let mut part = FilePart { field, file_name, mime, head, is_fresh: true, bounds: self.bounds };
            part.read_head().await?;
            return Ok(Some(Part::File(Box::new(part))));
        }
        let mut text = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(|error| fault(error, self.bounds))? {
            self.text_left = self.text_left.checked_sub(chunk.len()).ok_or(MediaError::FieldsTooLarge)?;
            text.extend_from_slice(&chunk);
        }
        let text = String::from_utf8(text).map_err(|_| MediaError::Form(format!("{name} is not UTF-8")))?;
        Ok(Some(Part::Text(name, text)))
    }
}

/// A file in a form.
pub struct FilePart<'r> {
    field: Field<'r>,
    /// Its own name, a plain one.
    pub file_name: String,
    /// The type it is given out for; may be empty.
    pub mime: String,
    head: BytesMut,
    is_fresh: bool,
    bounds: Bounds,
}

impl FilePart<'_> {
    async fn read_head(&mut self) -> Result<(), MediaError> {
        while self.head.len() < HEAD_BYTES {
            let Some(chunk) = self.field_chunk().await? else { return Ok(()) };
            self.head.extend_from_slice(&chunk);
        }
        Ok(())
    }

    /// Its first bytes: enough to tell its type, fewer only if there are no more.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// Its content from the first byte on.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, MediaError> {
        if std::mem::take(&mut self.is_fresh) {
            return Ok(Some(self.head.split().freeze()));
        }
        self.field_chunk().await
    }

    async fn field_chunk(&mut self) -> Result<Option<Bytes>, MediaError> {
        self.field.chunk().await.map_err(|error| fault(error, self.bounds))
    }
}

fn fault(error: multer::Error, bounds: Bounds) -> MediaError {
    match error {
        multer::Error::StreamSizeExceeded { .. } => MediaError::BodyTooLarge(bounds.max_bytes),
        multer::Error::StreamReadFailed(cause) if cause.is::<Silent>() => MediaError::Stalled(bounds.silence.as_secs()),
        error => MediaError::Form(error.to_string()),
    }
}

/// A file's own name is shown to others and never used as a path; one that looks like a path is none of an honest client.
pub fn plain_name(given: &str) -> Result<String, MediaError> {
    let name = given.trim();
    let is_plain = !name.is_empty()
        && !matches!(name, "." | "..")
        && name.chars().count() <= FILE_NAME_MAX
        && !name.chars().any(|c| c.is_control() || matches!(c, '/' | '\\'));
    if is_plain { Ok(name.to_owned()) } else { Err(MediaError::FileName(FILE_NAME_MAX)) }
}

/// The client is silent.
#[derive(Debug, thiserror::Error)]
#[error("no byte came for too long")]
struct Silent;

/// A body that gives one chunk a turn, and fails when none comes for too long. The reader of forms takes all that it can
/// get before it hands anything on: without turns a fast client would fill the memory.
struct Steady {
    body: BodyDataStream,
    has_given: bool,
    limit: Duration,
    /// Runs only while a chunk is waited for: time in which the store is slow is not the client's.
    silence: Option<Pin<Box<Sleep>>>,
}

impl Steady {
    fn new(body: BodyDataStream, limit: Duration) -> Self {
        Self { body, has_given: false, limit, silence: None }
    }
}

impl Stream for Steady {
    type Item = Result<Bytes, axum::BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.has_given) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Poll::Ready(chunk) = Pin::new(&mut self.body).poll_next(cx) {
            self.silence = None;
            self.has_given = chunk.is_some();
            return Poll::Ready(chunk.map(|chunk| chunk.map_err(Into::into)));
        }
        let limit = self.limit;
        let silence = self.silence.get_or_insert_with(|| Box::pin(sleep(limit)));
        silence.as_mut().poll(cx).map(|()| Some(Err(Silent.into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use futures::stream;

    fn request(body: Body) -> Request {
        Request::builder().header(CONTENT_TYPE, "multipart/form-data; boundary=x").body(body).expect("a request")
    }

    async fn read(body: impl Into<Body>, max_bytes: u64) -> Result<Vec<String>, MediaError> {
        let bounds = Bounds { max_bytes, silence: Duration::from_millis(50) };
        let mut body = FormBody::open(request(body.into()), bounds)?;
        let mut parts = body.parts()?;
        let mut seen = Vec::new();
        while let Some(part) = parts.next().await? {
            match part {
                Part::Text(name, value) => seen.push(format!("{name}={value}")),
                Part::File(mut file) => {
                    let mut size = 0;
                    while let Some(chunk) = file.chunk().await? {
                        size += chunk.len();
                    }
                    seen.push(format!("{} {} {size}", file.file_name, file.mime));
                }
            }
        }
        Ok(seen)
    }

    fn file(name: &str, content: &str) -> String {
        format!(
            "--x\r\nContent-Disposition: form-data; name=\"files[]\"; filename=\"{name}\"\r\nContent-Type: text/plain\r\n\r\n{content}\r\n"
        )
    }

    fn text(name: &str, value: &str) -> String {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    }

    #[tokio::test]
    async fn fields_and_files_are_told_apart() {
        let long = "y".repeat(100_000);
        let body = format!("{}{}{}--x--\r\n", text("type", "image"), file("a b.txt", &long), text("tags[]", "t"));
        // In pieces as they come from a network.
        let pieces: Vec<Result<Bytes, std::io::Error>> =
            body.as_bytes().chunks(1000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let seen = read(Body::from_stream(stream::iter(pieces)), 1 << 20).await.expect("a form");
        assert_eq!(seen, ["type=image", "a b.txt text/plain 100000", "tags[]=t"]);
    }

    #[tokio::test]
    async fn every_bound_holds() {
        let large = format!("{}--x--\r\n", file("a.txt", &"y".repeat(2000)));
        assert!(matches!(read(large, 1000).await, Err(MediaError::BodyTooLarge(1000))));
        let wordy = format!("{}--x--\r\n", text("data", &"y".repeat(TEXT_MAX_BYTES + 1)));
        assert!(matches!(read(wordy, 1 << 20).await, Err(MediaError::FieldsTooLarge)));
        let many = format!("{}--x--\r\n", text("a", "b").repeat(PARTS_MAX + 1));
        assert!(matches!(read(many, 1 << 20).await, Err(MediaError::FieldsTooLarge)));
        assert!(matches!(read(file("a.txt", "cut off"), 1 << 20).await, Err(MediaError::Form(_))));
        assert!(matches!(read("no form", 1 << 20).await, Err(MediaError::Form(_))));
    }

    #[tokio::test]
    async fn paths_are_no_names() {
        for name in ["../../etc/passwd", "..", "a/b.png", "..\\\\a.png"] {
            let body = format!("{}--x--\r\n", file(name, "x"));
            assert!(matches!(read(body, 1 << 20).await, Err(MediaError::FileName(_))), "{name}");
        }
        assert!(plain_name(&"n".repeat(FILE_NAME_MAX + 1)).is_err());
        assert!(plain_name("a\u{0}b").is_err());
    }

    #[tokio::test]
    async fn a_client_that_falls_silent_is_let_go() {
        let start = Bytes::from(file("a.txt", "x"));
        let silent = stream::once(async { Ok::<_, std::io::Error>(start) }).chain(stream::pending());
        assert!(matches!(read(Body::from_stream(silent), 1 << 20).await, Err(MediaError::Stalled(_))));
    }

    #[test]
    fn forms_are_known_by_their_type() {
        let headers = |kind: &str| HeaderMap::from_iter([(CONTENT_TYPE, kind.parse().expect("a value"))]);
        assert!(is_form(&headers("Multipart/Form-Data; boundary=x")));
        assert!(!is_form(&headers("application/json")) && !is_form(&HeaderMap::new()));
    }
}
