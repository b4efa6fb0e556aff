//! What a file is: as it is given out for, as its first bytes show, and how it may be shown.
//!
//! A page may only be shown what can't run there: raster pictures, sound and video. Everything else is downloaded as mere
//! bytes. The ending of the stored name decides that, and the ending follows the type that was checked here.

use super::{MediaError, name};

/// Bytes of a file that tell its type.
pub const HEAD_BYTES: usize = 8 * 1024;
/// The type of what is not known.
const BYTES: &str = "application/octet-stream";
/// The ending of what has none.
const NO_EXTENSION: &str = "bin";
const MIME_MAX: usize = 100;

/// What a file may be taken for: contents of one class can't do anything that another of it can't.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Picture,
    /// Sound and video share containers.
    Recording,
}

/// A type that a page may show.
struct Shown {
    extension: &'static str,
    mime: &'static str,
    class: Class,
    /// Other words for it.
    aliases: &'static [&'static str],
}

const fn shown(class: Class, extension: &'static str, mime: &'static str, aliases: &'static [&'static str]) -> Shown {
    Shown { extension, mime, class, aliases }
}

const SHOWN: [Shown; 18] = [
    shown(Class::Picture, "png", "image/png", &["image/x-png"]),
    shown(Class::Picture, "jpg", "image/jpeg", &["image/jpg", "image/pjpeg", "jpeg"]),
    shown(Class::Picture, "gif", "image/gif", &[]),
    shown(Class::Picture, "webp", "image/webp", &[]),
    shown(Class::Picture, "avif", "image/avif", &[]),
    shown(Class::Picture, "bmp", "image/bmp", &["image/x-ms-bmp"]),
    shown(Class::Recording, "mp4", "video/mp4", &["video/x-m4v", "m4v"]),
    shown(Class::Recording, "webm", "video/webm", &[]),
    shown(Class::Recording, "mov", "video/quicktime", &[]),
    shown(Class::Recording, "ogv", "video/ogg", &[]),
    shown(Class::Recording, "mp3", "audio/mpeg", &["audio/mp3"]),
    shown(Class::Recording, "m4a", "audio/mp4", &["audio/m4a", "audio/x-m4a"]),
    shown(Class::Recording, "aac", "audio/aac", &["audio/x-aac", "audio/aacp"]),
    shown(Class::Recording, "ogg", "audio/ogg", &["audio/opus", "oga", "opus"]),
    shown(Class::Recording, "wav", "audio/wav", &["audio/x-wav", "audio/wave", "audio/vnd.wave"]),
    shown(Class::Recording, "flac", "audio/flac", &["audio/x-flac"]),
    shown(Class::Recording, "weba", "audio/webm", &[]),
    shown(Class::Recording, "3gp", "video/3gpp", &["audio/3gpp"]),
];

impl Shown {
    fn of_mime(mime: &str) -> Option<&'static Self> {
        SHOWN.iter().find(|shown| shown.mime == mime || shown.aliases.contains(&mime))
    }

    fn of_extension(extension: &str) -> Option<&'static Self> {
        SHOWN.iter().find(|shown| shown.extension == extension || shown.aliases.contains(&extension))
    }
}

/// How a stored file is handed out.
pub struct Served {
    pub content_type: &'static str,
    /// A page may show it.
    pub inline: bool,
}

/// By the ending of its stored name.
pub fn served(extension: &str) -> Served {
    match SHOWN.iter().find(|shown| shown.extension == extension) {
        Some(shown) => Served { content_type: shown.mime, inline: true },
        None => Served { content_type: BYTES, inline: false },
    }
}

/// Whether small copies can be made of it, and with which ending.
pub fn copies(extension: &str) -> Option<&'static str> {
    match extension {
        "jpg" => Some("jpg"),
        // These can be transparent.
        "png" | "gif" | "webp" => Some("png"),
        _ => None,
    }
}

/// Types that are not taken.
pub struct Denied(Vec<String>);

impl Denied {
    /// Reads a list with commas; `video/*` is every video.
    pub fn parse(list: &str) -> Self {
        let types = list.split(',').map(|kind| kind.trim().to_ascii_lowercase()).filter(|kind| !kind.is_empty());
        Self(types.collect())
    }

    fn check(&self, mime: &str) -> Result<(), MediaError> {
        let denied = self.0.iter().any(|denied| match denied.strip_suffix('*') {
            Some(prefix) => mime.starts_with(prefix),
            None => mime == denied,
        });
        if denied { Err(MediaError::Denied(mime.to_owned())) } else { Ok(()) }
    }
}

/// A file's type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// What its receivers are told.
    pub mime: String,
    /// The ending of its own name, or the usual one of its type; may be empty.
    pub extension: String,
    /// The ending of its stored name.
    pub stored: String,
}

impl Kind {
    /// As a file is given out for; its content must be checked with [`Kind::confirm`].
    pub fn declared(mime: &str, file_name: &str, denied: &Denied) -> Result<Self, MediaError> {
        let own = extension(file_name);
        let mime = match clean(mime) {
            known if known != BYTES => known,
            _ => Shown::of_extension(&own).map_or(BYTES, |shown| shown.mime).to_owned(),
        };
        denied.check(&mime)?;
        let shown = Shown::of_mime(&mime);
        let stored = match shown {
            Some(shown) => shown.extension,
            // An ending that would be shown belongs to checked content only.
            None if name::is_extension(&own) && Shown::of_extension(&own).is_none() => &own,
            None => NO_EXTENSION,
        }
        .to_owned();
        let extension = if own.is_empty() { shown.map_or("", |shown| shown.extension).to_owned() } else { own };
        Ok(Self { mime, extension, stored })
    }

    /// Checks the first bytes against what the file is given out for.
    pub fn confirm(&self, head: &[u8], denied: &Denied) -> Result<(), MediaError> {
        let found = sniff(head);
        if let Some(found) = found {
            denied.check(found)?;
        }
        let Some(shown) = Shown::of_extension(&self.stored) else { return Ok(()) };
        if found.and_then(class) == Some(shown.class) {
            return Ok(());
        }
        Err(MediaError::Disguised(self.mime.clone()))
    }

    /// A file that comes whole: what its first bytes show completes and corrects what it is given out for.
    pub fn of(mime: &str, file_name: &str, head: &[u8], denied: &Denied) -> Result<Self, MediaError> {
        let declared = Self::declared(mime, file_name, denied)?;
        declared.confirm(head, denied)?;
        let Some(found) = sniff(head) else { return Ok(declared) };
        // Pictures often have another format than their name says. Of a recording the container alone shows not even
        // whether it has a picture.
        let is_better = declared.mime == BYTES || class(found) == Some(Class::Picture);
        if !is_better {
            return Ok(declared);
        }
        let found = Self::declared(found, file_name, denied)?;
        found.confirm(head, denied)?;
        Ok(found)
    }
}

/// The ending of a file's own name, in lower case; empty when it has none that is usual.
fn extension(file_name: &str) -> String {
    match file_name.rsplit_once('.') {
        Some((stem, own)) if !stem.is_empty() && own.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            let own = own.to_ascii_lowercase();
            if name::is_extension(&own) { own } else { String::new() }
        }
        _ => String::new(),
    }
}

/// `type/subtype` in lower case, without parameters; what can't be one is mere bytes.
fn clean(mime: &str) -> String {
    let mime = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b));
    let is_type = mime.len() <= MIME_MAX && mime.split_once('/').is_some_and(|(left, right)| word(left) && word(right));
    if is_type { mime } else { BYTES.to_owned() }
}

fn class(found: &str) -> Option<Class> {
    if let Some(shown) = Shown::of_mime(found) {
        return Some(shown.class);
    }
    (found.starts_with("audio/") || found.starts_with("video/")).then_some(Class::Recording)
}

/// The type that the first bytes show.
fn sniff(head: &[u8]) -> Option<&'static str> {
    if let Some(page) = page(head) {
        return Some(page);
    }
    if let Some(found) = infer::get(head) {
        return Some(found.mime_type());
    }
    // Containers with a brand, or of a kind, that the list doesn't have, and short recordings.
    if head.starts_with(b"\x1a\x45\xdf\xa3") {
        return Some("video/webm");
    }
    let is_box = matches!(head.get(4..8), Some(b"ftyp" | b"moov" | b"mdat" | b"wide" | b"free" | b"skip" | b"pnot"));
    if is_box {
        return Some("video/mp4");
    }
    let is_frame = matches!(head, [0xFF, second, ..] if second & 0xE0 == 0xE0);
    is_frame.then_some("audio/mpeg")
}

/// What a browser would take for a page and run.
fn page(head: &[u8]) -> Option<&'static str> {
    // Without zeros UTF-16 reads like ASCII.
    let text: Vec<u8> = head.iter().filter(|b| **b != 0).take(2048).map(u8::to_ascii_lowercase).collect();
    let text = String::from_utf8_lossy(&text);
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\u{fffd}');
    if !text.starts_with('<') {
        return None;
    }
    if text.contains("<svg") {
        return Some("image/svg+xml");
    }
    let is_page =
        ["<!doctype html", "<html", "<head", "<body", "<script", "<iframe"].iter().any(|tag| text.contains(tag));
    match is_page {
        true if text.starts_with("<?xml") => Some("application/xhtml+xml"),
        true => Some("text/html"),
        false => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF";
    const MP4: &[u8] = b"\0\0\0\x18ftypisom\0\0\0\0isomiso2";
    const WEBM: &[u8] = b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x1f\x42\x86\x81\x01\x42\x82\x84webm";
    const PAGE: &[u8] = b"  <!DOCTYPE html><script>alert(1)</script>";
    const SVG: &[u8] = b"<?xml version='1.0'?><!-- x --><svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>";

    fn denied() -> Denied {
        Denied::parse("text/html, application/xhtml+xml,image/svg+xml")
    }

    fn of(mime: &str, name: &str, head: &[u8]) -> Result<(String, String, String), MediaError> {
        Kind::of(mime, name, head, &denied()).map(|kind| (kind.mime, kind.extension, kind.stored))
    }

    fn kind(mime: &str, extension: &str, stored: &str) -> (String, String, String) {
        (mime.to_owned(), extension.to_owned(), stored.to_owned())
    }

    #[test]
    fn a_file_is_what_its_bytes_show() {
        assert_eq!(of("image/png", "a.PNG", PNG).expect("a picture"), kind("image/png", "png", "png"));
        assert_eq!(of("image/png", "a.png", JPEG).expect("another format"), kind("image/jpeg", "png", "jpg"));
        assert_eq!(of("", "a", PNG).expect("no type given"), kind("image/png", "png", "png"));
        assert_eq!(of("audio/webm;codecs=opus", "voice", WEBM).expect("a voice"), kind("audio/webm", "weba", "weba"));
        assert_eq!(of("video/mp4", "a.mp4", MP4).expect("a video"), kind("video/mp4", "mp4", "mp4"));
        assert_eq!(of("text/plain", "a.txt", b"hello").expect("a text"), kind("text/plain", "txt", "txt"));
        assert_eq!(of("nonsense", "noname", b"?").expect("bytes"), kind(BYTES, "", "bin"));
    }

    #[test]
    fn what_is_not_shown_gets_no_ending_that_is() {
        assert_eq!(of("text/plain", "a.png", b"hello").expect("a text"), kind("text/plain", "png", "bin"));
        assert!(!served("bin").inline && !served("svg").inline && !served("html").inline);
        assert_eq!(served("html").content_type, BYTES);
    }

    #[test]
    fn disguises_are_refused() {
        for (mime, name, head) in [
            ("image/png", "a.png", PAGE),
            ("", "a.png", PAGE),
            ("text/plain", "a.txt", PAGE),
            ("image/png", "a.png", SVG),
            ("text/html", "a.html", b"plain".as_slice()),
            ("video/mp4", "a.mp4", b"no video at all"),
            ("image/png", "a.png", MP4),
            ("audio/mpeg", "a.mp3", PNG),
            ("image/png", "empty.png", b""),
        ] {
            assert!(of(mime, name, head).is_err(), "{mime} {name}");
        }
        let wide: Vec<u8> = "<html>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(of("text/plain", "a.txt", &wide).is_err());
    }

    #[test]
    fn a_whole_class_can_be_denied() {
        let denied = Denied::parse("video/*");
        assert!(Kind::declared("video/mp4", "a.mp4", &denied).is_err());
        assert!(Kind::of("", "a", MP4, &denied).is_err());
        assert!(Kind::declared("image/png", "a.png", &denied).is_ok());
    }
}
