//! What a socket of Halley's own subprotocol is told after its auth reply: everything it missed, then a token for the next
//! time. Live events wait in the socket's queue meanwhile, so nothing comes before it and nothing falls between. What was
//! committed in that moment may come twice: clients know it by its position.

use std::{collections::HashMap, time::Duration};

use axum::extract::ws::WebSocket;
use futures::SinkExt as _;
use halley_contracts::{
    common::v1::UserPrincipal,
    events::v1::{Event, MessageSent, ReceiptChanged, ReceiptKind, event::Body},
    messaging::v1::{
        Message, MissedReceipt, Position, ResumeRequest, ResumeResponse,
        messaging_service_client::MessagingServiceClient,
    },
};
use halley_kit::{Caller, transport::MESSAGE_MAX_BYTES};
use tokio::time::timeout;

use crate::{
    close::Close,
    frame::{self, Encoded, Told, Wanted},
    node::Node,
    socket::{Identity, Socket, Variant},
};

/// How long all of it may take to be written.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);

/// A token from which nothing can be told, so that the client fetches.
pub const NO_TOKEN: &str = "none";

/// What a client says of where it left off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOff {
    /// Of an earlier socket; empty: there was none.
    pub token: String,
    /// By conversation, the sequence number up to which the client has every message.
    pub positions: HashMap<String, i64>,
}

/// Tells it. What can't be asked for is to be fetched by the client, which is told so.
pub async fn tell(
    node: &Node,
    socket: &Socket,
    identity: &Identity,
    left_off: LeftOff,
    stream: &mut WebSocket,
) -> Result<(), Close> {
    let missed = ask(node, identity, left_off).await;
    let write = async {
        for frame in frames(socket.variant, identity, missed) {
            stream.feed(frame.into_message()).await?;
        }
        stream.flush().await
    };
    timeout(WRITE_TIMEOUT, write).await.map_err(|_| Close::Slow)?.map_err(|_| Close::Silent)
}

async fn ask(node: &Node, identity: &Identity, left_off: LeftOff) -> ResumeResponse {
    let positions = left_off.positions.into_iter();
    let token = left_off.token.clone();
    let request = ResumeRequest {
        token: left_off.token,
        positions: positions.map(|(conversation_id, sequence)| Position { conversation_id, sequence }).collect(),
    };
    let user = UserPrincipal {
        uid: identity.uid.clone(),
        device_id: identity.device_id.clone(),
        token_id: identity.token_id.clone(),
    };
    let caller = Caller::user(&identity.app_id, user);
    let messaging = MessagingServiceClient::new(node.messaging.clone());
    match messaging.max_decoding_message_size(MESSAGE_MAX_BYTES).resume(caller.request(request)).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => {
            tracing::warn!(%status, "can't ask what a socket missed");
            // The old token, or one of no use: an empty one would count as that of a first socket, which has missed nothing.
            let token = if token.is_empty() { NO_TOKEN.to_owned() } else { token };
            ResumeResponse { refetch: true, token, ..Default::default() }
        }
    }
}

/// Membership first, then messages, what became of older ones, and who read what.
fn frames(variant: Variant, identity: &Identity, missed: ResumeResponse) -> impl Iterator<Item = Encoded> {
    let tell = move |told: &Told<'_>| frame::tell(variant, Some(identity), told);
    let end = tell(&Told::Resumed(&missed));
    // Without the device that caused it: this one may have been cut off before it had the answer to its own call.
    let live = move |body: Body, at_ms: i64| {
        let app_id = identity.app_id.clone();
        let event = Event { app_id, occurred_at_ms: at_ms, body: Some(body), ..Default::default() };
        frame::encode(&event, Wanted::only(variant))?.of(variant).cloned()
    };
    let left = missed.left_conversations.into_iter();
    let left = left.filter_map(move |left| tell(&Told::ConversationLeft(&left)));
    let sent = missed.messages.into_iter().filter_map(move |message: Message| {
        let at_ms = message.sent_at_ms;
        live(Body::MessageSent(MessageSent { message: Some(message) }), at_ms)
    });
    let changed = missed.changed_messages.into_iter();
    let changed = changed.filter_map(move |message| tell(&Told::MessageChanged(&message)));
    let receipts = missed.receipts.into_iter().filter_map(move |missed| {
        let at_ms = missed.at_ms;
        live(Body::ReceiptChanged(receipt(missed)), at_ms)
    });
    let own = missed.conversations.into_iter();
    let own = own.filter_map(move |conversation| tell(&Told::ConversationChanged(&conversation)));
    left.chain(sent).chain(changed).chain(receipts).chain(own).chain(end)
}

fn receipt(missed: MissedReceipt) -> ReceiptChanged {
    let kind = if missed.read { ReceiptKind::Read } else { ReceiptKind::Delivered };
    ReceiptChanged {
        kind: kind.into(),
        receiver_type: missed.receiver_type,
        user: missed.user,
        receiver: missed.receiver,
        conversation_id: missed.conversation_id,
        message_id: missed.message_id,
        sequence: missed.sequence,
        message_sender: String::new(),
    }
}
