//! One socket's task: the upgrade, the auth frame, keepalive, frames in, queued frames out.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{
        State, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    response::Response,
    routing::any,
};
use futures::SinkExt as _;
use halley_contracts::{
    auth::v1::{
        AuthenticateRequest, authenticate_request::Credential, authenticate_response::Principal,
        auth_service_client::AuthServiceClient,
    },
    common::v1::UserPrincipal,
    messaging::v1::{
        MarkDeliveredRequest, MarkReadRequest, messaging_service_client::MessagingServiceClient,
    },
};
use halley_kit::{Caller, PublicError};
use halley_model::ErrorCode;
use tokio::time::{Instant, timeout};

use crate::{
    close::Close,
    frame::{self, AuthFrame, ClientFrame, ReceiptFrame},
    node::Node,
    socket::{Identity, Socket, Variant, Work},
};

/// The subprotocol of Halley's own additions.
const SUBPROTOCOL: &str = "halley.v1";
/// How long one write may take before the socket counts as dead.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);

/// The paths that clients use: `/ws:` is what their URL becomes when the settings name a path and no port.
pub fn router(node: Arc<Node>) -> Router {
    Router::new()
        .route("/", any(upgrade))
        .route("/ws", any(upgrade))
        .route("/ws:", any(upgrade))
        .with_state(node)
}

async fn upgrade(State(node): State<Arc<Node>>, upgrade: WebSocketUpgrade) -> Response {
    let max = node.config.max_frame_bytes;
    // The defaults reserve 128 KiB for each socket.
    upgrade
        .protocols([SUBPROTOCOL])
        .read_buffer_size(1024)
        .write_buffer_size(8 * 1024)
        .max_write_buffer_size(usize::MAX)
        .max_message_size(max)
        .max_frame_size(max)
        .on_upgrade(move |stream| async move {
            let tracker = node.lifecycle.tracker();
            tracker.track_future(run(node, stream)).await;
        })
}

async fn run(node: Arc<Node>, mut stream: WebSocket) {
    let positions = stream.protocol().is_some_and(|protocol| protocol.as_bytes() == SUBPROTOCOL.as_bytes());
    let variant = if positions { Variant::Positions } else { Variant::Plain };
    let socket = Socket::new(variant, node.config.socket_queue_bytes);
    if node.hub.len() >= node.config.max_sockets {
        end(&mut stream, Close::Full).await;
        return;
    }
    node.hub.add(&socket);
    let outcome = match authenticate(&node, &socket, &mut stream).await {
        Ok(()) => talk(&node, &socket, &mut stream).await,
        Err(why) => Some(why),
    };
    node.remove(&socket).await;
    if let Some(why) = outcome {
        end(&mut stream, why).await;
    }
}

/// Closes politely, as far as the peer still listens.
async fn end(stream: &mut WebSocket, why: Close) {
    let closing = async {
        if stream.send(why.message()).await.is_ok() {
            // The peer's own close frame ends the handshake.
            while let Some(Ok(_)) = stream.recv().await {}
        }
    };
    if timeout(Duration::from_secs(2), closing).await.is_err() {
        tracing::debug!("a peer did not answer the close frame");
    }
}

/// Waits for the auth frame, checks it, and lets the socket into its rooms.
async fn authenticate(node: &Node, socket: &Arc<Socket>, stream: &mut WebSocket) -> Result<(), Close> {
    let limit = Duration::from_secs(node.config.auth_timeout_seconds);
    let stopping = node.lifecycle.stopping();
    let first = tokio::select! {
        first = timeout(limit, auth_frame(stream)) => first.map_err(|_| Close::NotAuthenticated)?,
        () = stopping.cancelled() => return Err(Close::GoingAway),
    };
    let auth = first.ok_or(Close::NotAuthenticated)?;
    let identity = identify(node, auth).await?;
    socket.authenticated(identity.clone());
    node.admit(socket, &identity).await?;
    let reply = Message::Text(frame::AUTH_OK.into());
    timeout(WRITE_TIMEOUT, stream.send(reply)).await.map_err(|_| Close::Slow)?.map_err(|_| Close::Silent)
}

/// The first auth frame; anything before it is ignored. `None`: the peer left.
async fn auth_frame(stream: &mut WebSocket) -> Option<AuthFrame> {
    loop {
        match stream.recv().await?.ok()? {
            Message::Text(text) => {
                if let Some(ClientFrame::Auth(auth)) = frame::decode(&text) {
                    return Some(auth);
                }
            }
            Message::Close(_) => return None,
            _ => {}
        }
    }
}

/// Asks auth whom the frame's token stands for.
async fn identify(node: &Node, auth: AuthFrame) -> Result<Identity, Close> {
    let request = AuthenticateRequest {
        app_id: auth.app_id.clone(),
        credential: Some(Credential::SessionToken(auth.token)),
    };
    let answer = AuthServiceClient::new(node.auth.clone()).authenticate(request).await;
    let principal = match answer {
        Ok(answer) => answer.into_inner().principal,
        Err(status) => return Err(refusal(&PublicError::from_status(&status))),
    };
    let Some(Principal::User(user)) = principal else { return Err(Close::Revoked) };
    let device_id = if auth.device_id.is_empty() { user.device_id } else { auth.device_id };
    Ok(Identity {
        app_id: auth.app_id,
        uid: user.uid,
        device_id,
        token_id: user.token_id,
        all_presence: auth.all_presence,
    })
}

fn refusal(error: &PublicError) -> Close {
    match error.code {
        ErrorCode::AuthTokenNotValid | ErrorCode::InvalidAppId | ErrorCode::BadRequest => Close::Revoked,
        _ => Close::Unavailable,
    }
}

/// The socket's life. Answers why the server closes it; `None`: the peer left.
async fn talk(node: &Node, socket: &Socket, stream: &mut WebSocket) -> Option<Close> {
    let silence = Duration::from_secs(node.config.silence_timeout_seconds);
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            received = stream.recv() => {
                heard = Instant::now();
                match received {
                    Some(Ok(Message::Text(text))) => receive(node, socket, &text).await,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                    Some(Ok(_)) => {}
                }
            }
            work = socket.work() => {
                let (frames, close) = match work {
                    Work::Frames(frames) => (frames, None),
                    Work::Close(frames, why) => (frames, Some(why)),
                };
                match timeout(WRITE_TIMEOUT, write(stream, frames)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return None,
                    Err(_) => return Some(Close::Slow),
                }
                if close.is_some() {
                    return close;
                }
            }
            () = tokio::time::sleep_until(heard + silence) => return Some(Close::Silent),
        }
    }
}

/// Writes all that waits with one flush: the system call is most of the cost of a delivery.
async fn write(
    stream: &mut WebSocket,
    frames: std::collections::VecDeque<axum::extract::ws::Utf8Bytes>,
) -> Result<(), axum::Error> {
    for frame in frames {
        stream.feed(Message::Text(frame)).await?;
    }
    stream.flush().await
}

/// Acts on a frame of the client. What can't be read, or is not for a server, is ignored, as clients expect.
async fn receive(node: &Node, socket: &Socket, text: &str) {
    match frame::decode(text) {
        Some(ClientFrame::Ping) => socket.push(&frame::PONG.into()),
        Some(ClientFrame::Receipt(receipt)) => mark(node, socket, receipt).await,
        Some(ClientFrame::Auth(_)) | None => {}
    }
}

async fn mark(node: &Node, socket: &Socket, receipt: ReceiptFrame) {
    let Some(identity) = socket.identity() else { return };
    let caller = Caller::user(
        &identity.app_id,
        UserPrincipal {
            uid: identity.uid.clone(),
            device_id: identity.device_id.clone(),
            token_id: identity.token_id.clone(),
        },
    );
    let mut messaging = MessagingServiceClient::new(node.messaging.clone());
    let (with_type, with, message_id) = (receipt.receiver_type.into(), receipt.receiver, receipt.message_id);
    let device_id = identity.device_id.clone();
    let marked = if receipt.read {
        let request = MarkReadRequest { with_type, with, message_id, device_id };
        messaging.mark_read(caller.request(request)).await.map(drop)
    } else {
        let request = MarkDeliveredRequest { with_type, with, message_id, device_id };
        messaging.mark_delivered(caller.request(request)).await.map(drop)
    };
    if let Err(status) = marked {
        tracing::debug!(%status, "a receipt was refused");
    }
}
