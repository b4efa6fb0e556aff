//! One socket's task: the upgrade, the auth frame, keepalive, frames in, queued frames out.

use std::{collections::VecDeque, sync::Arc, time::Duration};

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
use halley_contracts::auth::v1::{
    AuthenticateRequest, auth_service_client::AuthServiceClient, authenticate_request::Credential,
    authenticate_response::Principal,
};
use halley_kit::PublicError;
use halley_model::{AppId, ErrorCode};
use tokio::time::{Instant, timeout};

use crate::{
    calls::Calls,
    close::Close,
    frame::{self, AuthFrame, ClientFrame, Encoded, Told},
    node::Node,
    receipts::Receipts,
    resume,
    sends::Sends,
    signals::Signals,
    socket::{Identity, Socket, Variant, Work},
};

/// The subprotocols of Halley's own additions: frames as JSON, and in binary form.
const JSON_SUBPROTOCOL: &str = "halley.v1";
const BINARY_SUBPROTOCOL: &str = "halley.v1.protobuf";
/// How long one write may take before the socket counts as dead.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a write that is under way may go on when the socket is to be closed.
const LAST_WRITE: Duration = Duration::from_millis(250);
/// How long the peer has to answer a close frame.
const GOODBYE: Duration = Duration::from_secs(1);
/// How many clients a second are asked back after all were sent away at once, and the least and the most that they are
/// spread over.
const BACK_PER_SECOND: u64 = 500;
const SPREAD_MS: (u64, u64) = (1000, 30_000);
/// Longest device id that is kept, as over HTTP.
const DEVICE_ID_MAX: usize = 200;

/// The paths that clients use: `/ws:` is what their URL becomes when the settings name a path and no port.
pub fn router(node: Arc<Node>) -> Router {
    Router::new().route("/", any(upgrade)).route("/ws", any(upgrade)).route("/ws:", any(upgrade)).with_state(node)
}

async fn upgrade(State(node): State<Arc<Node>>, upgrade: WebSocketUpgrade) -> Response {
    let max = node.config.max_frame_bytes;
    // Who asks for both gets the first. The defaults reserve 128 KiB for each socket.
    upgrade
        .protocols([BINARY_SUBPROTOCOL, JSON_SUBPROTOCOL])
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
    let variant = match stream.protocol().and_then(|protocol| protocol.to_str().ok()) {
        Some(BINARY_SUBPROTOCOL) => Variant::Binary,
        Some(JSON_SUBPROTOCOL) => Variant::Positions,
        _ => Variant::Plain,
    };
    let socket = Socket::new(variant, node.config.socket_queue_bytes);
    if node.hub.len() >= node.config.max_sockets {
        end(&mut stream, Close::Full).await;
        return;
    }
    node.hub.add(&socket);
    let outcome = match authenticate(&node, &socket, &mut stream).await {
        Ok(identity) => {
            let mut talker = Talker {
                receipts: Receipts::new(identity.clone(), node.messaging.clone()),
                signals: Signals::new(Arc::clone(&node), socket.id, identity.clone()),
                calls: Calls::new(Arc::clone(&node), Arc::clone(&socket), identity.clone()),
                sends: Sends::new(Arc::clone(&node), variant, identity),
            };
            let outcome = talk(&node, &socket, &mut talker, &mut stream).await;
            talker.signals.farewell();
            talker.calls.farewell();
            outcome
        }
        Err(why) => Some(why),
    };
    let sockets = node.hub.len();
    node.remove(&socket);
    if let Some(why) = outcome {
        if variant.is_own() && why.is_for_many() {
            hint(variant, &mut stream, sockets).await;
        }
        end(&mut stream, why).await;
    }
}

/// Tells when to be back, each client at another time: together they would be too many for those who let them in.
async fn hint(variant: Variant, stream: &mut WebSocket, sockets: usize) {
    let spread = u64::try_from(sockets).unwrap_or(u64::MAX).saturating_mul(1000) / BACK_PER_SECOND;
    let delay_ms = rand::random_range(0..spread.clamp(SPREAD_MS.0, SPREAD_MS.1));
    let Some(frame) = frame::tell(variant, None, &Told::Hint { delay_ms }) else { return };
    // A peer that does not read does not read this; how the socket ends is seen at the close frame.
    if !matches!(timeout(GOODBYE, stream.send(frame.into_message())).await, Ok(Ok(()))) {
        tracing::debug!("a peer is not told when to be back");
    }
}

/// Closes politely, as far as the peer still listens. One that was too slow gets the time of a write: the reason stands
/// behind what it has not read yet, and no more comes to that.
async fn end(stream: &mut WebSocket, why: Close) {
    let closing = async {
        if stream.send(why.message()).await.is_ok() {
            // The peer's own close frame ends the handshake.
            while let Some(Ok(_)) = stream.recv().await {}
        }
    };
    let limit = if why == Close::Slow { WRITE_TIMEOUT } else { GOODBYE };
    if timeout(limit, closing).await.is_err() {
        tracing::debug!("a peer did not answer the close frame");
    }
}

/// Waits for the auth frame, checks it, and lets the socket into its rooms.
async fn authenticate(node: &Node, socket: &Arc<Socket>, stream: &mut WebSocket) -> Result<Identity, Close> {
    let limit = Duration::from_secs(node.config.auth_timeout_seconds);
    let stopping = node.lifecycle.stopping();
    let first = tokio::select! {
        first = timeout(limit, auth_frame(socket.variant, stream)) => first.map_err(|_| Close::NotAuthenticated)?,
        () = stopping.cancelled() => return Err(Close::GoingAway),
    };
    let mut auth = first.ok_or(Close::NotAuthenticated)?;
    let begun = std::time::Instant::now();
    let left_off = std::mem::take(&mut auth.left_off);
    let identity = identify(node, auth).await?;
    socket.authenticated(identity.clone());
    node.admit(socket, &identity, begun).await?;
    let reply = frame::tell(socket.variant, Some(&identity), &Told::AuthAccepted).ok_or(Close::Unavailable)?;
    timeout(WRITE_TIMEOUT, stream.send(reply.into_message()))
        .await
        .map_err(|_| Close::Slow)?
        .map_err(|_| Close::Silent)?;
    if socket.variant.is_own() {
        tokio::select! {
            told = resume::tell(node, socket, &identity, left_off, stream) => told?,
            why = socket.closing() => return Err(why),
        }
    }
    Ok(identity)
}

/// The first auth frame; anything before it is ignored. `None`: the peer left.
async fn auth_frame(variant: Variant, stream: &mut WebSocket) -> Option<AuthFrame> {
    loop {
        match stream.recv().await?.ok()? {
            Message::Close(_) => return None,
            message => {
                if let Some(ClientFrame::Auth(auth)) = frame::read(variant, &message) {
                    return Some(auth);
                }
            }
        }
    }
}

/// Asks auth whom the frame's token stands for.
async fn identify(node: &Node, auth: AuthFrame) -> Result<Identity, Close> {
    let app_id = AppId::parse(&auth.app_id).map_err(|_| Close::Revoked)?.to_string();
    let credential = Some(Credential::SessionToken(auth.token));
    let request = AuthenticateRequest { app_id: app_id.clone(), credential };
    let answer = AuthServiceClient::new(node.auth.clone()).authenticate(request).await;
    let principal = match answer {
        Ok(answer) => answer.into_inner().principal,
        Err(status) => return Err(refusal(&PublicError::from_status(&status))),
    };
    let Some(Principal::User(user)) = principal else { return Err(Close::Revoked) };
    let device_id = if auth.device_id.is_empty() { user.device_id } else { auth.device_id };
    Ok(Identity {
        app_id,
        uid: user.uid,
        device_id: device_id.chars().take(DEVICE_ID_MAX).collect(),
        token_id: user.token_id,
        presence: auth.presence,
    })
}

fn refusal(error: &PublicError) -> Close {
    match error.code {
        ErrorCode::AuthTokenNotValid | ErrorCode::InvalidAppId | ErrorCode::AppArchived | ErrorCode::BadRequest => {
            Close::Revoked
        }
        _ => Close::Unavailable,
    }
}

/// What comes from a socket and is worked on beside it.
struct Talker {
    receipts: Receipts,
    signals: Signals,
    calls: Calls,
    sends: Sends,
}

/// The socket's life. Answers why the server closes it; `None`: the peer left.
async fn talk(node: &Node, socket: &Socket, talker: &mut Talker, stream: &mut WebSocket) -> Option<Close> {
    let silence = Duration::from_secs(node.config.silence_timeout_seconds);
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            received = stream.recv() => {
                heard = Instant::now();
                match received {
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                    Some(Ok(message)) => {
                        node.traffic.came();
                        talker.receive(socket, &message);
                    }
                }
            }
            work = socket.work() => match work {
                Work::Frames(frames) => match write(node, socket, stream, frames).await {
                    Written::All => {}
                    Written::Closing(why) => return Some(why),
                    Written::Gone => return None,
                },
                Work::Close(frames, why) => return match write(node, socket, stream, frames).await {
                    Written::All | Written::Closing(_) => Some(why),
                    Written::Gone => None,
                },
            },
            () = talker.receipts.work() => {}
            () = talker.signals.work() => {}
            () = talker.calls.work() => {}
            answer = talker.sends.work(socket) => push(socket, answer),
            () = tokio::time::sleep_until(heard + silence) => return Some(Close::Silent),
        }
    }
}

/// How a write ended.
enum Written {
    All,
    /// The socket is to be closed, and the peer does not read.
    Closing(Close),
    /// The peer is gone.
    Gone,
}

/// Writes all that waits with one flush: the system call is most of the cost of a delivery.
async fn write(node: &Node, socket: &Socket, stream: &mut WebSocket, frames: VecDeque<Encoded>) -> Written {
    node.traffic.went(frames.len());
    let all = async {
        for frame in frames {
            stream.feed(frame.into_message()).await?;
        }
        stream.flush().await
    };
    let closing = async {
        let why = socket.closing().await;
        tokio::time::sleep(LAST_WRITE).await;
        why
    };
    tokio::select! {
        biased;
        written = timeout(WRITE_TIMEOUT, all) => match written {
            Ok(Ok(())) => Written::All,
            Ok(Err(_)) => Written::Gone,
            Err(_) => Written::Closing(Close::Slow),
        },
        why = closing => Written::Closing(why),
    }
}

impl Talker {
    /// Acts on a frame of the client. What can't be read, or is not for a server, is ignored, as clients expect.
    fn receive(&mut self, socket: &Socket, message: &Message) {
        let own = socket.variant.is_own();
        match frame::read(socket.variant, message) {
            Some(ClientFrame::Ping) => push(socket, frame::tell(socket.variant, None, &Told::Pong)),
            Some(ClientFrame::Receipt(receipt)) => self.receipts.add(receipt),
            Some(ClientFrame::Signal(signal)) => self.signals.add(signal),
            Some(ClientFrame::Send(frame)) if own => push(socket, self.sends.add(frame)),
            Some(ClientFrame::Call(frame)) if own => self.calls.add(frame),
            Some(ClientFrame::Auth(_) | ClientFrame::Send(_) | ClientFrame::Call(_)) | None => {}
        }
    }
}

fn push(socket: &Socket, frame: Option<Encoded>) {
    if let Some(frame) = frame {
        socket.push(&frame);
    }
}
