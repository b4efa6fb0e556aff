//! What of a message's data can be read, found and counted.

use std::collections::BTreeMap;

use halley_contracts::messaging::v1::MessageCategory;
use halley_model::{Uid, limits};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::error::{MessagingError, Result};

/// The kinds of files, in the words of clients.
pub(crate) const FILE_KINDS: [&str; 4] = ["image", "video", "audio", "file"];

const MENTION: &str = "<@uid:";
/// What stands in the place of a mention of somebody who is gone.
const NOBODY: &str = "@…";
/// Letters of a stored file's name before its ending.
const STORED_STEM_LEN: usize = 40;

/// The parts of a message's data that people read. Whatever has another shape is absent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Content {
    /// The text, or the caption of files.
    pub text: String,
    /// In the order given.
    pub files: Vec<File>,
}

/// A file of a message.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct File {
    /// As it was uploaded.
    pub name: String,
    /// Empty: not known.
    pub mime_type: String,
    /// One of [`FILE_KINDS`].
    pub kind: &'static str,
    /// Where it is; empty: not known.
    pub url: String,
}

impl File {
    /// Its name in Halley's own store, if it is there as a file of that app: `…/media/{appId}/{name}`.
    pub(crate) fn stored_name(&self, app_id: &str) -> Option<&str> {
        let (place, name) = self.url.rsplit_once('/')?;
        let (before, folder) = place.rsplit_once('/')?;
        let (stem, extension) = name.split_once('.')?;
        let is_name = stem.len() == STORED_STEM_LEN
            && stem.bytes().all(|byte| byte.is_ascii_hexdigit())
            && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (is_name && folder == app_id && before.ends_with("/media")).then_some(name)
    }
}

#[derive(Deserialize, Default)]
struct Data {
    #[serde(default)]
    text: Value,
    #[serde(default)]
    attachments: Value,
    #[serde(default)]
    url: Value,
}

impl Content {
    /// Reads the data of a message of that category and type.
    pub(crate) fn read(category: MessageCategory, kind: &str, data_json: &str) -> Self {
        if matches!(category, MessageCategory::Action | MessageCategory::Call) {
            return Self::default();
        }
        let data: Data = serde_json::from_str(data_json).unwrap_or_default();
        let own_kind = FILE_KINDS.into_iter().find(|known| *known == kind);
        let mut files: Vec<File> = match &data.attachments {
            Value::Array(list) => list.iter().map(|entry| file(entry, own_kind)).collect(),
            _ => Vec::new(),
        };
        // A media message may have an address and no list.
        if let (true, Some(kind), Value::String(url)) = (files.is_empty(), own_kind, &data.url) {
            files.push(File { kind, url: url.clone(), ..Default::default() });
        }
        Self { text: text(&data.text), files }
    }

    /// Who is mentioned, each once.
    pub(crate) fn mentions(&self) -> Vec<String> {
        mentions(&self.text)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What a file is: by its MIME type, else by the type of its message.
fn file(entry: &Value, own_kind: Option<&'static str>) -> File {
    let of = |key: &str| entry.get(key).map(text).unwrap_or_default();
    let mime_type = of("mimeType").to_ascii_lowercase();
    let kind = match mime_type.split('/').next() {
        Some("image") => "image",
        Some("video") => "video",
        Some("audio") => "audio",
        Some("") | None => own_kind.unwrap_or("file"),
        Some(_) => "file",
    };
    File { name: of("name"), mime_type, kind, url: of("url") }
}

/// The uids that a text mentions, in its order, each once and at most [`limits::MENTIONS_MAX`] of them: more can't be
/// sent, only imported.
fn mentions(text: &str) -> Vec<String> {
    let mut uids = all_mentions(text);
    uids.truncate(limits::MENTIONS_MAX);
    uids
}

fn all_mentions(text: &str) -> Vec<String> {
    let mut uids = Vec::new();
    for part in text.split(MENTION).skip(1) {
        let Some((uid, _)) = part.split_once('>') else { continue };
        if let Ok(uid) = Uid::parse(uid)
            && !uids.iter().any(|known| known == uid.as_str())
        {
            uids.push(uid.into_string());
        }
    }
    uids
}

/// Who is mentioned in a message's data. Most mention nobody, which is seen without reading them.
pub(crate) fn mentions_of(category: MessageCategory, kind: &str, data_json: &str) -> Vec<String> {
    if data_json.contains(MENTION) { Content::read(category, kind, data_json).mentions() } else { Vec::new() }
}

/// Data without the mentions of a user in its text. `None`: there are none.
pub(crate) fn without_mentions_of(data_json: &str, uid: &str) -> Option<String> {
    // Values stay as they were written.
    let mut data: BTreeMap<String, &RawValue> = serde_json::from_str(data_json).ok()?;
    let text: String = serde_json::from_str(data.get("text")?.get()).ok()?;
    let mut parts = text.split(MENTION);
    let mut without = parts.next().unwrap_or_default().to_owned();
    let mut any = false;
    for part in parts {
        match part.split_once('>') {
            Some((named, rest)) if named.eq_ignore_ascii_case(uid) => {
                any = true;
                without.push_str(NOBODY);
                without.push_str(rest);
            }
            _ => {
                without.push_str(MENTION);
                without.push_str(part);
            }
        }
    }
    if !any {
        return None;
    }
    let text = serde_json::value::to_raw_value(&without).ok()?;
    data.insert("text".to_owned(), &text);
    serde_json::to_string(&data).ok()
}

/// Refuses data whose text mentions more than `max` users.
pub(crate) fn check_mentions(data_json: &str, max: usize) -> Result<()> {
    if !data_json.contains(MENTION) {
        return Ok(());
    }
    let text = Content::read(MessageCategory::Message, "text", data_json).text;
    if all_mentions(&text).len() > max { Err(MessagingError::TooManyMentions { max }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, data_json: &str) -> Content {
        Content::read(MessageCategory::Message, kind, data_json)
    }

    fn kinds(kind: &str, data_json: &str) -> Vec<&'static str> {
        read(kind, data_json).files.iter().map(|file| file.kind).collect()
    }

    #[test]
    fn a_file_is_what_its_mime_type_says() {
        let data = r#"{"attachments":[{"mimeType":"IMAGE/png","name":"a.png"},{"mimeType":"application/pdf"},{}]}"#;
        assert_eq!(kinds("video", data), ["image", "file", "video"]);
        assert_eq!(kinds("place", data), ["image", "file", "file"]);
        assert_eq!(read("video", data).files[0].name, "a.png");
        assert_eq!(kinds("audio", r#"{"url":"https://x/a"}"#), ["audio"]);
        assert!(kinds("text", r#"{"url":"https://x/a"}"#).is_empty());
        assert!(kinds("image", r#"{"attachments":[]}"#).is_empty());
        assert!(kinds("image", r#"{"attachments":"no list","text":7}"#).is_empty());
    }

    #[test]
    fn mentions_are_tokens_of_ids() {
        let of = |text: &str| mentions(text);
        assert_eq!(of("hi <@uid:Bob> and <@uid:eve>, <@uid:bob>!"), ["bob", "eve"]);
        assert!(of("<@uid:> <@uid:a b> <@uid:bob <@all:x> @bob").is_empty());
        let many: String = (0..120).map(|n| format!("<@uid:u{n}>")).collect();
        assert_eq!(of(&many).len(), limits::MENTIONS_MAX);
    }

    #[test]
    fn a_mention_of_who_is_gone_names_nobody() {
        let data = r#"{"metadata":{"k":[1]},"text":"<@uid:Bob>, <@uid:bobby> and <@uid:bob>! <@uid:"}"#;
        let without = r#"{"metadata":{"k":[1]},"text":"@…, <@uid:bobby> and @…! <@uid:"}"#;
        assert_eq!(without_mentions_of(data, "bob").as_deref(), Some(without));
        assert_eq!(without_mentions_of(without, "bob"), None);
        assert_eq!(without_mentions_of("{}", "bob"), None);
    }

    #[test]
    fn a_stored_file_is_known_by_its_address() {
        let name = format!("{}.png", "0a".repeat(20));
        let file = |url: String| File { url, ..Default::default() };
        assert_eq!(file(format!("https://x.example/media/shop/{name}")).stored_name("shop"), Some(name.as_str()));
        for url in [
            format!("https://x.example/media/other/{name}"),
            format!("https://x.example/files/shop/{name}"),
            "https://x.example/media/shop/a.png".to_owned(),
            format!("https://x.example/media/shop/{name}?x"),
            String::new(),
        ] {
            assert_eq!(file(url.clone()).stored_name("shop"), None, "{url}");
        }
    }

    #[test]
    fn an_action_mentions_nobody() {
        let data = r#"{"text":"<@uid:bob>"}"#;
        assert_eq!(mentions_of(MessageCategory::Custom, "x", data), ["bob"]);
        assert!(mentions_of(MessageCategory::Action, "x", data).is_empty());
    }

    #[test]
    fn too_many_mentions_are_refused() {
        let data = |count: usize| {
            let text: String = (0..count).map(|n| format!("<@uid:u{n}><@uid:u{n}>")).collect();
            serde_json::json!({ "text": text }).to_string()
        };
        assert!(check_mentions(&data(10), 10).is_ok());
        assert!(matches!(check_mentions(&data(11), 10), Err(MessagingError::TooManyMentions { max: 10 })));
    }
}
