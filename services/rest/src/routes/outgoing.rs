//! Sending a message to one receiver or to several, as JSON or as a form with its files.

use axum::extract::{FromRequest as _, Request};
use futures::future::join_all;
use halley_contracts::messaging::v1::{Message, MessageCategory, ReceiverType, SendMessageRequest};
use halley_model::{AppSettings, Limit, field, limits};
use halley_wire::{MessageJson, Receiver, parse_content, parse_receivers, parse_send};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    caller::Context,
    input::Body,
    media::{self, Form, Stored, Uploader},
    reply::{ApiError, Reply, data, failure, value},
};

impl Context {
    /// Sends what a request holds. A thread's path names the parent; 0: the body does, if anything.
    pub async fn post(&self, request: Request, parent_id: i64) -> Reply {
        let (parts, body) = request.into_parts();
        let address = media::address(&self.config, &parts, self.app_id());
        let request = Request::from_parts(parts, body);
        if media::is_form(request.headers()) {
            return self.post_form(request, &address, parent_id).await;
        }
        let body = Body::from_request(request, &()).await?;
        let letter = self.read(&body.0, &address, parent_id).await?;
        self.deliver(letter).await.show(self)
    }

    async fn post_form(&self, request: Request, address: &str, parent_id: i64) -> Reply {
        let settings = self.settings().await;
        let by = self.uploader(&settings);
        let received = self.media.receive(by, request, settings.limit(Limit::FileBytes)).await?;
        let Form { mut fields, files, draft } = received;
        attach(&mut fields, &files, address);
        let letter = match self.read(&fields, address, parent_id).await {
            Ok(letter) => letter,
            Err(error) => {
                draft.remove().await;
                return Err(error);
            }
        };
        // From here on the message may be stored even if the client goes away.
        let names = draft.keep();
        let sent = self.deliver(letter).await;
        let is_carried = sent.outcomes().any(|outcome| match outcome {
            // A repeated muid answers the first message, which has the files of the first request.
            Ok(message) => names.iter().all(|name| message.data_json.contains(&name.to_string())),
            // Whether it was stored is not known after a fault of the server: a file too many does no harm.
            Err(error) => error.0.code.http() >= 500,
        });
        if !is_carried {
            self.media.store().remove(self.app_id(), &names).await;
        }
        sent.show(self)
    }

    /// Who uploads.
    pub fn uploader(&self, settings: &AppSettings) -> Uploader<'_> {
        let daily_bytes = settings.limit(Limit::UserFileBytes);
        Uploader { app: self.app_id(), uid: self.caller.acting_uid(), daily_bytes }
    }

    async fn read(&self, fields: &Map<String, Value>, address: &str, parent_id: i64) -> Result<Letter, ApiError> {
        let receivers = parse_receivers(fields)?;
        let message = match &receivers {
            Some(_) => parse_content(fields)?,
            None => parse_send(fields)?,
        };
        let message = self.illustrated(message, address).await;
        let message = if parent_id == 0 { message } else { SendMessageRequest { parent_id, ..message } };
        if receivers.is_some() {
            check_shared_muid(&message.muid)?;
        }
        Ok(Letter { message, receivers })
    }

    /// Sends a message to its receivers. One that can't have it keeps it from no other.
    async fn deliver(&self, letter: Letter) -> Sent {
        let Letter { message, receivers } = letter;
        let Some(receivers) = receivers else { return Sent::One(Box::new(self.send(message).await)) };
        let outcomes = join_all(receivers.iter().map(|receiver| self.send_to(&message, receiver))).await;
        Sent::Several(receivers.into_iter().zip(outcomes).collect())
    }

    async fn send_to(&self, message: &SendMessageRequest, receiver: &Receiver) -> Outcome {
        let message = receiver.address(message)?;
        let muid = muid_for(&message.muid, receiver);
        self.send(SendMessageRequest { muid, ..message }).await
    }

    /// A message of own pictures with their small copies.
    async fn illustrated(&self, message: SendMessageRequest, address: &str) -> SendMessageRequest {
        let is_picture = message.category() == MessageCategory::Message && message.r#type == "image";
        if !is_picture || !message.data_json.contains(address) {
            return message;
        }
        let Ok(mut data) = serde_json::from_str(&message.data_json) else { return message };
        self.media.illustrate(self.app_id(), address, &mut data).await;
        let data_json = Value::Object(data).to_string();
        // The copies are an extra: they don't make a message too large.
        if data_json.len() > limits::MESSAGE_DATA_MAX_BYTES {
            message
        } else {
            SendMessageRequest { data_json, ..message }
        }
    }
}

/// A message on its way.
struct Letter {
    message: SendMessageRequest,
    /// Of one that goes to several; else the message names its own.
    receivers: Option<Vec<Receiver>>,
}

type Outcome = Result<Message, ApiError>;

/// What became of a letter.
enum Sent {
    One(Box<Outcome>),
    Several(Vec<(Receiver, Outcome)>),
}

impl Sent {
    fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        let (one, several) = match self {
            Self::One(outcome) => (Some(outcome.as_ref()), None),
            Self::Several(outcomes) => (None, Some(outcomes.iter().map(|(_, outcome)| outcome))),
        };
        one.into_iter().chain(several.into_iter().flatten())
    }

    /// The message; of several what became of each, by the lists that named the receivers.
    fn show(self, context: &Context) -> Reply {
        let outcomes = match self {
            Self::One(outcome) => return context.show_one(&(*outcome)?),
            Self::Several(outcomes) => outcomes,
        };
        let (mut uids, mut guids) = (Map::new(), Map::new());
        let view = context.view(None);
        for (receiver, outcome) in outcomes {
            let fate = match &outcome {
                Ok(message) => json!({"success": true, "data": value(MessageJson { message, view })}),
                Err(error) => failure(error.0.code.as_str(), &error.0.message),
            };
            let list = if receiver.kind == ReceiverType::Group { &mut guids } else { &mut uids };
            list.insert(receiver.id, fate);
        }
        data(json!({"uids": uids, "guids": guids}))
    }
}

/// Characters of a receiver's ending of a muid.
const MUID_ENDING: usize = 16;
/// How long a muid of a message to several may be, so that each receiver's has room for its own ending.
const SHARED_MUID_MAX: usize = limits::MUID_MAX - 1 - MUID_ENDING;

fn check_shared_muid(muid: &str) -> Result<(), ApiError> {
    Ok(field::text("muid", muid, SHARED_MUID_MAX)?)
}

/// A muid of its own for each receiver: one stands for one message. The same receiver always gets the same one, so that a
/// repeated call makes no second message, in whichever order it names them.
fn muid_for(muid: &str, receiver: &Receiver) -> String {
    if muid.is_empty() {
        return String::new();
    }
    let kind = if receiver.kind == ReceiverType::Group { "group:" } else { "user:" };
    let digest = hex::encode(Sha256::new().chain_update(kind).chain_update(&receiver.id).finalize());
    format!("{muid}-{}", &digest[..MUID_ENDING])
}

/// Puts the files that came where attachments stand. What the form says of attachments is about files that it brings.
fn attach(fields: &mut Map<String, Value>, files: &[Stored], address: &str) {
    if files.is_empty() {
        return;
    }
    for key in ["attachments", "url"] {
        fields.remove(key);
    }
    let data = fields.entry("data").or_insert(Value::Null);
    if data.is_null() {
        *data = json!({});
    }
    // Data that is no object is refused by whoever reads the message.
    if let Some(data) = data.as_object_mut() {
        data.remove("url");
        data.insert("attachments".to_owned(), files.iter().map(|file| file.to_json(address)).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_receiver_has_a_muid_of_its_own() {
        let of = |kind, id: &str| muid_for("m", &Receiver { kind, id: id.to_owned() });
        let (user, group) = (ReceiverType::User, ReceiverType::Group);
        assert_eq!(of(user, "ann"), of(user, "ann"));
        let all = std::collections::HashSet::from([of(user, "ann"), of(user, "bob"), of(group, "ann")]);
        assert_eq!(all.len(), 3);
        assert!(all.iter().all(|muid| muid.starts_with("m-")));
        assert_eq!(muid_for("", &Receiver { kind: user, id: "ann".to_owned() }), "");
        let longest = "m".repeat(SHARED_MUID_MAX);
        assert_eq!(muid_for(&longest, &Receiver { kind: user, id: "ann".to_owned() }).len(), limits::MUID_MAX);
        assert!(check_shared_muid(&longest).is_ok() && check_shared_muid(&format!("{longest}m")).is_err());
    }
}
