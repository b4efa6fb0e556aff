//! Files of messages: how they come in, where they are kept, how they go out.
//!
//! Nothing lists them: a file's name is unguessable, and the message that carries its address is all that knows it. So a
//! file is removed when its message is refused or erased with its sender or conversation, or with its app, and stays
//! otherwise.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::Request,
    http::{header::CONTENT_LENGTH, request::Parts},
};
use halley_kit::{secrets::Purpose, time};
use halley_model::ErrorCode;
use serde_json::{Map, Value, json};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

mod allowance;
mod erased;
mod error;
mod form;
mod kind;
mod name;
mod pictures;
mod removal;
mod store;
mod ticket;

pub use allowance::Uploader;
pub use error::MediaError;
pub use form::{is_form, plain_name};
pub use kind::{Served, served};
pub use name::Name;
pub use store::{Draft, OpenError, Store, Writing};

use self::{
    allowance::Allowance,
    form::{Bounds, FilePart, FormBody, Part},
    kind::{Denied, Kind},
    pictures::Pictures,
    ticket::{POLICY, SIGNATURE, Ticket, Tickets},
};
use crate::{Dependencies, RestConfig, routes, tls::OverTls};

/// Files of one message.
pub const FILES_MAX: usize = 10;
/// Longest silence of a client that uploads.
const SILENCE: Duration = Duration::from_secs(30);
/// Fields of a form that hold JSON.
const JSON_FIELDS: [&str; 6] =
    ["data", "metadata", "customData", "interactiveData", "interactionGoal", "multipleReceivers"];

/// The files of an installation.
pub struct Media {
    store: Store,
    pictures: Pictures,
    tickets: Tickets,
    denied: Denied,
    max_bytes: u64,
    ticket_seconds: i64,
    turns: Arc<Semaphore>,
    allowance: Allowance,
}

/// A file that has come in.
pub struct Stored {
    name: Name,
    file_name: String,
    kind: Kind,
    size: u64,
}

impl Stored {
    /// As an entry of `data.attachments`.
    pub fn to_json(&self, address: &str) -> Value {
        json!({
            "url": format!("{address}{}", self.name),
            "name": self.file_name,
            "mimeType": self.kind.mime,
            "extension": self.kind.extension,
            "size": self.size,
        })
    }
}

/// A message with files, as its form gave it.
pub struct Form {
    /// The fields, as they would stand in a JSON body.
    pub fields: Map<String, Value>,
    /// The files, in order.
    pub files: Vec<Stored>,
    /// Holds the files until it is known whether the message is taken.
    pub draft: Draft,
}

/// A file that somebody wants to upload.
pub struct Wanted<'a> {
    /// Its own name.
    pub file_name: &'a str,
    /// The type it is given out for.
    pub mime: &'a str,
    /// In bytes.
    pub size: u64,
}

/// The permission to upload it.
pub struct Permission {
    /// Fields of the form to upload with.
    pub fields: [(&'static str, String); 2],
    /// What the message is to carry.
    pub file: Stored,
    /// Unix seconds.
    pub expires_at: i64,
}

impl Media {
    /// Opens the store, and begins to look after the files of deleted apps.
    pub fn open(config: &RestConfig, needs: &Dependencies) -> Result<Self, OpenError> {
        let store = Store::open(&config.media_store, needs.lifecycle.tracker())?;
        removal::start(needs.apps.clone(), store.clone(), &needs.lifecycle);
        erased::start(needs.messaging.clone(), store.clone(), &needs.lifecycle);
        Ok(Self {
            pictures: Pictures::new(store.clone()),
            store,
            tickets: Tickets::new(&needs.master_key.derive(Purpose::Upload)),
            denied: Denied::parse(&config.media_types_denied),
            max_bytes: config.media_max_bytes,
            ticket_seconds: i64::try_from(config.media_upload_seconds).unwrap_or(i64::MAX),
            turns: Arc::new(Semaphore::new(config.media_max_uploads)),
            allowance: Allowance::new(needs.bus.clone()),
        })
    }

    /// Where files are.
    pub fn store(&self) -> &Store {
        &self.store
    }

    fn turn(&self) -> Result<OwnedSemaphorePermit, MediaError> {
        Arc::clone(&self.turns).try_acquire_owned().map_err(|_| MediaError::Busy)
    }

    fn open_form(&self, request: Request) -> Result<FormBody, MediaError> {
        FormBody::open(request, Bounds { max_bytes: self.max_bytes, silence: SILENCE })
    }

    /// The largest file of an app with that limit.
    fn most(&self, limit: usize) -> u64 {
        u64::try_from(limit).unwrap_or(u64::MAX).min(self.max_bytes)
    }

    /// Reads a message with files of at most `limit` bytes, and stores the files.
    pub async fn receive(&self, by: Uploader<'_>, request: Request, limit: usize) -> Result<Form, MediaError> {
        let _turn = self.turn()?;
        let announced = length(&request);
        let mut body = self.open_form(request)?;
        let mut draft = Draft::new(self.store.clone(), by.app);
        match self.read_counted(by, announced, &mut body, &mut draft, self.most(limit)).await {
            Ok((fields, files)) => Ok(Form { fields, files, draft }),
            Err(error) => {
                draft.remove().await;
                body.drain().await;
                Err(error)
            }
        }
    }

    async fn read_counted(
        &self,
        by: Uploader<'_>,
        announced: Option<u64>,
        body: &mut FormBody,
        draft: &mut Draft,
        max_bytes: u64,
    ) -> Result<(Map<String, Value>, Vec<Stored>), MediaError> {
        if let Some(bytes) = announced {
            self.allowance.draw(by, bytes).await?;
        }
        let (fields, files) = self.read_message(by.app, body, draft, max_bytes).await?;
        if announced.is_none() {
            self.allowance.draw(by, files.iter().map(|file| file.size).sum()).await?;
        }
        Ok((fields, files))
    }

    async fn read_message(
        &self,
        app: &str,
        body: &mut FormBody,
        draft: &mut Draft,
        max_bytes: u64,
    ) -> Result<(Map<String, Value>, Vec<Stored>), MediaError> {
        let mut parts = body.parts()?;
        let (mut fields, mut files) = (Map::new(), Vec::new());
        while let Some(part) = parts.next().await? {
            match part {
                Part::Text(name, text) => add_field(&mut fields, &name, text)?,
                Part::File(_) if files.len() == FILES_MAX => return Err(MediaError::TooManyFiles(FILES_MAX)),
                Part::File(mut file) => {
                    let kind = Kind::of(&file.mime, &file.file_name, file.head(), &self.denied)?;
                    let name = Name::fresh(&kind.stored);
                    draft.add(name.clone());
                    let size = self.save(app, &name, &mut file, max_bytes).await?;
                    files.push(Stored { name, file_name: file.file_name, kind, size });
                }
            }
        }
        Ok((fields, files))
    }

    async fn save(&self, app: &str, name: &Name, file: &mut FilePart<'_>, max_bytes: u64) -> Result<u64, MediaError> {
        let mut writing = self.store.write(app, name);
        match copy(file, &mut writing, max_bytes).await {
            Ok(()) => writing.finish().await,
            Err(error) => {
                writing.abandon().await;
                Err(error)
            }
        }
    }

    /// Permits one upload of at most `limit` bytes.
    pub fn permit(&self, app: &str, wanted: &Wanted<'_>, limit: usize) -> Result<Permission, MediaError> {
        let file_name = plain_name(wanted.file_name)?;
        let kind = Kind::declared(wanted.mime, &file_name, &self.denied)?;
        let max_bytes = self.most(limit);
        if wanted.size > max_bytes {
            return Err(MediaError::FileTooLarge(max_bytes));
        }
        let name = Name::fresh(&kind.stored);
        let expires_at = now().saturating_add(self.ticket_seconds);
        let fields = self.tickets.sign(&Ticket::new(app, &name, &kind, wanted.size, expires_at))?;
        Ok(Permission { fields, file: Stored { name, file_name, kind, size: wanted.size }, expires_at })
    }

    /// Counts the files that are to be permitted as uploaded.
    pub async fn count(&self, by: Uploader<'_>, bytes: u64) -> Result<(), MediaError> {
        self.allowance.draw(by, bytes).await
    }

    /// Takes a file that was permitted.
    pub async fn accept(&self, app: &str, request: Request) -> Result<Stored, MediaError> {
        let mut body = self.open_form(request)?;
        let taken = self.read_permitted(app, &mut body).await;
        if taken.is_err() {
            body.drain().await;
        }
        taken
    }

    async fn read_permitted(&self, app: &str, body: &mut FormBody) -> Result<Stored, MediaError> {
        let mut parts = body.parts()?;
        let (mut policy, mut signature) = (String::new(), String::new());
        // Until it has shown its permission, a client is a stranger: it gets no turn, and little time.
        let soon = Instant::now() + SILENCE;
        let late = |_| MediaError::Stalled(SILENCE.as_secs());
        // As with S3, whatever comes after the file is not looked at.
        while let Some(part) = timeout_at(soon, parts.next()).await.map_err(late)?? {
            match part {
                Part::Text(name, text) if name == POLICY => policy = text,
                Part::Text(name, text) if name == SIGNATURE => signature = text,
                Part::Text(..) => {}
                Part::File(file) => {
                    let ticket = self.tickets.check(&policy, &signature, app, now())?;
                    let _turn = self.turn()?;
                    return self.take(app, &ticket, file).await;
                }
            }
        }
        Err(MediaError::field(ErrorCode::BadRequest, "file", "is required, after the other fields"))
    }

    async fn take(&self, app: &str, ticket: &Ticket, mut file: Box<FilePart<'_>>) -> Result<Stored, MediaError> {
        let (name, kind) = (ticket.name()?, ticket.kind()?);
        kind.confirm(file.head(), &self.denied)?;
        // Under the claim nobody else writes that name, so "not there yet" stays true.
        let claim = self.store.claim(app, &name).await?;
        let saved = self.save_once(app, &name, ticket.size, &mut file).await;
        claim.release().await;
        Ok(Stored { name, file_name: file.file_name, kind, size: saved? })
    }

    async fn save_once(
        &self,
        app: &str,
        name: &Name,
        announced: u64,
        file: &mut FilePart<'_>,
    ) -> Result<u64, MediaError> {
        match self.store.size(app, name).await {
            Err(MediaError::NotFound) => {}
            Ok(_) => return Err(MediaError::Used),
            Err(error) => return Err(error),
        }
        let mut draft = Draft::new(self.store.clone(), app);
        draft.add(name.clone());
        // Clients measure a file before they prepare it for sending: a tenth more or less is theirs.
        let most = announced.saturating_add(announced / 10).min(self.max_bytes);
        match self.save(app, name, file, most).await {
            Ok(size) if size >= announced - announced / 10 => {
                draft.keep();
                Ok(size)
            }
            Ok(found) => {
                draft.remove().await;
                Err(MediaError::OtherSize { announced, found })
            }
            Err(error) => {
                draft.remove().await;
                Err(error)
            }
        }
    }

    /// Adds the small copies of a picture message's files to its data.
    pub async fn illustrate(&self, app: &str, address: &str, data: &mut Map<String, Value>) {
        self.pictures.illustrate(app, address, data).await;
    }
}

async fn copy(file: &mut FilePart<'_>, writing: &mut Writing, max_bytes: u64) -> Result<(), MediaError> {
    while let Some(chunk) = file.chunk().await? {
        if writing.size() + chunk.len() as u64 > max_bytes {
            return Err(MediaError::FileTooLarge(max_bytes));
        }
        writing.write(&chunk).await?;
    }
    Ok(())
}

/// The length of a body, if its client tells it.
fn length(request: &Request) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn now() -> i64 {
    time::now_ms() / 1000
}

/// Puts a field of a form where it would stand in a JSON body.
fn add_field(fields: &mut Map<String, Value>, name: &str, text: String) -> Result<(), MediaError> {
    if let Some(name) = name.strip_suffix("[]") {
        match fields.entry(name).or_insert_with(|| json!([])) {
            Value::Array(list) => list.push(Value::String(text)),
            other => *other = json!([text]),
        }
        return Ok(());
    }
    let is_list = name == "tags" && text.trim_start().starts_with('[');
    let value = if !is_list && !JSON_FIELDS.contains(&name) {
        Value::String(text)
    } else if text.trim().is_empty() {
        Value::Null
    } else {
        let code = if name == "data" { ErrorCode::InvalidMessageData } else { ErrorCode::BadRequest };
        serde_json::from_str(&text).map_err(|_| MediaError::field(code, name, "must be JSON"))?
    };
    fields.insert(name.to_owned(), value);
    Ok(())
}

/// What the addresses of an app's files begin with, for the client of this request.
pub fn address(config: &RestConfig, parts: &Parts, app: &str) -> String {
    let base = match config.media_url.trim_end_matches('/') {
        "" => format!("{}://{}", scheme(config, parts), routes::public_host(config, parts)),
        given => given.to_owned(),
    };
    format!("{base}/media/{app}/")
}

/// Clients that are told a host use TLS; who came without it to no named host gets addresses without it. A proxy is
/// believed without being trusted: whoever claims TLS here spoils no addresses but those of their own files.
fn scheme(config: &RestConfig, parts: &Parts) -> &'static str {
    let is_named = !config.public_host.is_empty();
    let is_forwarded = parts.headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    if is_named || is_forwarded || parts.extensions.get::<OverTls>().is_some() { "https" } else { "http" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_reads_like_a_body() {
        let mut fields = Map::new();
        for (name, text) in [
            ("receiver", "bob"),
            ("data", r#"{"text":"hi"}"#),
            ("metadata", ""),
            ("tags[]", "a"),
            ("tags[]", "b"),
            ("muid", "7"),
        ] {
            add_field(&mut fields, name, text.to_owned()).expect("a field");
        }
        let expected =
            json!({"receiver": "bob", "data": {"text": "hi"}, "metadata": null, "tags": ["a", "b"], "muid": "7"});
        assert_eq!(Value::Object(fields.clone()), expected);
        add_field(&mut fields, "tags", r#"["c"]"#.to_owned()).expect("a list");
        assert_eq!(fields["tags"], json!(["c"]));
        let error = add_field(&mut fields, "data", "{".to_owned()).expect_err("no JSON");
        assert_eq!(halley_kit::ServiceError::code(&error), ErrorCode::InvalidMessageData);
    }

    #[test]
    fn addresses_are_those_of_the_request() {
        let parts = |headers: &[(&str, &str)]| {
            let mut request = Request::builder().uri("/v3/messages");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            request.body(axum::body::Body::empty()).expect("a request").into_parts().0
        };
        let plain = RestConfig::default();
        assert_eq!(address(&plain, &parts(&[("host", "h:8080")]), "app"), "http://h:8080/media/app/");
        let forwarded = [("host", "h"), ("x-forwarded-proto", "https")];
        assert_eq!(address(&plain, &parts(&forwarded), "app"), "https://h/media/app/");
        let named = RestConfig { public_host: "chat.example.com".into(), ..plain.clone() };
        assert_eq!(address(&named, &parts(&[]), "app"), "https://chat.example.com/media/app/");
        let other = RestConfig { media_url: "https://files.example.com/".into(), ..plain };
        assert_eq!(address(&other, &parts(&[]), "app"), "https://files.example.com/media/app/");
        let mut secure = parts(&[("host", "h")]);
        secure.extensions.insert(OverTls);
        assert_eq!(address(&RestConfig::default(), &secure, "app"), "https://h/media/app/");
    }
}
