//! Messages that a socket of Halley's own subprotocol sends, and what became of them: beside the socket's other work and
//! one after another, so that they are stored in the order in which they came. What lets a message through is what lets it
//! through over HTTP, asked in the same order: the sender's role, the rate limits (both [`halley_edge`]), the shape
//! ([`halley_wire`]), and in the end messaging.
//!
//! An answer follows the commit. What is not answered when the socket ends may be stored or not; a client repeats it with
//! its muid, which is stored once.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use halley_contracts::{
    common::v1::UserPrincipal,
    messaging::v1::{Message, SendMessageRequest, messaging_service_client::MessagingServiceClient},
};
use halley_edge::Standing;
use halley_kit::{Caller, PublicError, transport::MESSAGE_MAX_BYTES};
use halley_model::{ErrorCode, FieldError};
use halley_wire::{parse_receivers, parse_send};
use serde_json::{Map, Value};
use tokio::time::timeout;

use crate::{
    frame::{self, Encoded, SendFrame, Told},
    node::Node,
    socket::{Identity, Socket, Variant},
};

/// Most messages of one socket that are under way. Each may be as large as a frame, so together they take no more memory
/// than what may wait for a slow socket.
const UNDER_WAY_MAX: usize = 16;
/// How long one may take, as over HTTP.
const PATIENCE: Duration = Duration::from_secs(30);
/// The call that it is over HTTP, whose limits hold.
const METHOD: &str = "POST";
const PATH: &str = "/messages";

/// One socket's messages.
pub struct Sends {
    node: Arc<Node>,
    variant: Variant,
    identity: Identity,
    waiting: VecDeque<SendFrame>,
    running: Option<BoxFuture<'static, Option<Encoded>>>,
}

impl Sends {
    /// None yet.
    pub fn new(node: Arc<Node>, variant: Variant, identity: Identity) -> Self {
        Self { node, variant, identity, waiting: VecDeque::new(), running: None }
    }

    /// Takes a message in. When too many are under way it is refused at once: this is the answer.
    pub fn add(&mut self, frame: SendFrame) -> Option<Encoded> {
        if self.waiting.len() + usize::from(self.running.is_some()) < UNDER_WAY_MAX {
            self.waiting.push_back(frame);
            return None;
        }
        metrics::counter!("halley_gateway_sends_refused_total").increment(1);
        let text = "Too many messages of this socket are under way: send on when one is answered.";
        let error = PublicError::new(ErrorCode::TooManyRequests, text);
        frame::tell(self.variant, Some(&self.identity), &Told::Refused { id: &frame.id, error: &error })
    }

    /// Sends the next one; answers what became of it. Without any it never ends, and a socket that is to be closed begins
    /// none: its token may have been revoked. Safe to cancel.
    pub async fn work(&mut self, socket: &Socket) -> Option<Encoded> {
        if self.running.is_none()
            && !socket.is_closing()
            && let Some(frame) = self.waiting.pop_front()
        {
            self.running = Some(Box::pin(send(Arc::clone(&self.node), self.variant, self.identity.clone(), frame)));
        }
        let answer = match &mut self.running {
            Some(running) => running.await,
            None => std::future::pending().await,
        };
        self.running = None;
        answer
    }
}

async fn send(node: Arc<Node>, variant: Variant, identity: Identity, frame: SendFrame) -> Option<Encoded> {
    let late = || Err(PublicError::new(ErrorCode::Timeout, ErrorCode::Timeout.meaning()));
    let outcome = timeout(PATIENCE, store(&node, &identity, &frame)).await.unwrap_or_else(|_| late());
    let id = frame.id.as_str();
    let told = match &outcome {
        Ok(message) => Told::Sent { id, message },
        Err(error) => Told::Refused { id, error },
    };
    frame::tell(variant, Some(&identity), &told)
}

async fn store(node: &Node, identity: &Identity, frame: &SendFrame) -> Result<Message, PublicError> {
    let Identity { app_id, uid, device_id, token_id, .. } = identity;
    let principal = UserPrincipal { uid: uid.clone(), device_id: device_id.clone(), token_id: token_id.clone() };
    let caller = Caller::user(app_id, principal);
    let app: Arc<str> = Arc::from(app_id.as_str());
    let user = node.people.token_user(&app, uid).await?;
    let role = node.people.role(&app, &user.role).await?;
    let settings = node.apps.settings(app_id).await;
    let standing = node.rates.count(&settings, &caller, METHOD, PATH).await;
    if standing.as_ref().is_some_and(Standing::is_refused) {
        return Err(PublicError::new(ErrorCode::TooManyRequests, ErrorCode::TooManyRequests.meaning()));
    }
    role.check_call(METHOD, PATH, true)?;
    let request = read(frame)?;
    let request = SendMessageRequest { sender_uid: uid.clone(), device_id: device_id.clone(), ..request };
    node.people.check_sending(&caller, &role, &request).await?;
    let mut messaging =
        MessagingServiceClient::new(node.messaging.clone()).max_decoding_message_size(MESSAGE_MAX_BYTES);
    let answer = messaging.send_message(caller.request(request)).await?;
    Ok(answer.into_inner().message.unwrap_or_default())
}

fn read(frame: &SendFrame) -> Result<SendMessageRequest, PublicError> {
    if frame.id.is_empty() {
        return Err(FieldError::new("id", "must be a text of 1 to 100 bytes").into());
    }
    let none = Map::new();
    let body = match &frame.body {
        Some(Value::Object(body)) => body,
        None | Some(Value::Null) => &none,
        Some(_) => return Err(FieldError::new("body", "must be an object").into()),
    };
    if parse_receivers(body)?.is_some() {
        return Err(FieldError::new("multipleReceivers", "can't be sent over the socket").into());
    }
    let request = parse_send(body)?;
    if request.muid.is_empty() {
        return Err(FieldError::new("muid", "is required").into());
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(id: &str, body: Value) -> Option<String> {
        let frame = SendFrame { id: id.to_owned(), body: Some(body) };
        read(&frame).err().map(|error| error.field.unwrap_or_default())
    }

    #[test]
    fn a_message_has_an_id_a_muid_and_one_receiver() {
        let body = json!({"receiver": "bob", "receiverType": "user", "data": {"text": "hi"}, "muid": "m"});
        assert_eq!(fault("1", body.clone()), None);
        assert_eq!(fault("", body.clone()).as_deref(), Some("id"));
        assert_eq!(fault("1", json!([])).as_deref(), Some("body"));
        assert_eq!(fault("1", Value::Null).as_deref(), Some("receiver"));
        let with = |key: &str, value: Value| {
            let mut body = body.clone();
            body[key] = value;
            fault("1", body)
        };
        for muid in [Value::Null, json!("")] {
            assert_eq!(with("muid", muid).as_deref(), Some("muid"));
        }
        assert_eq!(with("receiver", Value::Null).as_deref(), Some("receiver"));
        let several = json!({"multipleReceivers": {"uids": ["ann"]}, "data": {"text": "hi"}, "muid": "m"});
        assert_eq!(fault("1", several).as_deref(), Some("multipleReceivers"));
    }
}
