//! Sending a message, as JSON or as a form with its files.

use axum::extract::{FromRequest as _, Request};
use halley_contracts::messaging::v1::{MessageCategory, SendMessageRequest};
use halley_model::limits;
use halley_wire::parse_send;
use serde_json::{Map, Value, json};

use crate::{
    caller::Context,
    input::Body,
    media::{self, Form, Stored},
    reply::{ApiError, Reply},
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
        let message = self.read(&body.0, &address, parent_id).await?;
        self.show_one(&self.send(message).await?)
    }

    async fn post_form(&self, request: Request, address: &str, parent_id: i64) -> Reply {
        let Form { mut fields, files, draft } = self.media.receive(self.app_id(), request).await?;
        attach(&mut fields, &files, address);
        let message = match self.read(&fields, address, parent_id).await {
            Ok(message) => message,
            Err(error) => {
                draft.remove().await;
                return Err(error);
            }
        };
        // From here on the message may be stored even if the client goes away.
        let names = draft.keep();
        let sent = self.send(message).await;
        let is_carried = match &sent {
            // A repeated muid answers the first message, which has the files of the first request.
            Ok(message) => names.iter().all(|name| message.data_json.contains(&name.to_string())),
            // Whether it was stored is not known after a fault of the server: a file too many does no harm.
            Err(error) => error.0.code.http() >= 500,
        };
        if !is_carried {
            self.media.store().remove(self.app_id(), &names).await;
        }
        self.show_one(&sent?)
    }

    async fn read(
        &self,
        fields: &Map<String, Value>,
        address: &str,
        parent_id: i64,
    ) -> Result<SendMessageRequest, ApiError> {
        let message = self.illustrated(parse_send(fields)?, address).await;
        Ok(if parent_id == 0 { message } else { SendMessageRequest { parent_id, ..message } })
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
