//! Frames over sockets: before and after the auth frame, as text and as bytes, whole and in pieces, too large, and none at all.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use halley_client::binary::encode_client_frame;
use halley_testkit::{mutate, platform::Platform, within};
use rand::{RngExt as _, rngs::StdRng};
use serde_json::Value;
use tokio_tungstenite::{
    connect_async,
    tungstenite::{
        Message, Utf8Bytes,
        client::IntoClientRequest as _,
        protocol::frame::{
            Frame,
            coding::{Data, OpCode},
        },
    },
};

use super::requests::Scene;

/// Frames of one socket.
const FRAMES: usize = 40;

/// Opens a socket and throws frames at it; answers how many.
pub async fn throw(platform: &Platform, scene: &Scene, random: &mut StdRng) -> usize {
    let frames = mutate::frames();
    let url = &platform.websockets[random.random_range(0..platform.websockets.len())];
    let mut request = url.as_str().into_client_request().expect("an address");
    let protocol = ["", "halley.v1", "halley.v1", "halley.v1.protobuf"][random.random_range(0..4)];
    if !protocol.is_empty() {
        request.headers_mut().insert("sec-websocket-protocol", protocol.parse().expect("a value"));
        // Offered, as browsers do; a frame that says so is thrown, too.
        request.headers_mut().insert("sec-websocket-extensions", "permessage-deflate".parse().expect("a value"));
    }
    // A server that does not take the offer of a protocol is as good as one that does.
    let Ok(Ok((mut socket, _))) = tokio::time::timeout(Duration::from_secs(10), connect_async(request)).await else {
        return 0;
    };
    if random.random_bool(0.7) {
        let auth = scene.auth_frame();
        let auth = match protocol {
            "halley.v1.protobuf" => Message::binary(in_binary_form(&serde_json::from_str(&auth).expect("JSON"))),
            _ => Message::text(auth),
        };
        within("the auth frame goes out", socket.send(auth)).await.expect("send");
        within("its answer", socket.next()).await.expect("a frame").expect("a frame");
    }
    let mut sent = 0;
    for _ in 0..FRAMES {
        let mut frame: Value = frames[random.random_range(0..frames.len())].clone();
        scene.fill(&mut frame);
        mutate::value(random, &mut frame);
        let message = if protocol == "halley.v1.protobuf" && random.random_bool(0.8) {
            let mut bytes = in_binary_form(&frame);
            mutate::raw(random, &mut bytes);
            Message::binary(bytes)
        } else {
            let bytes = mutate::bytes(random, &frame);
            message(random, bytes)
        };
        // The server may have closed it, as it should.
        let outcome = tokio::time::timeout(Duration::from_secs(10), socket.send(message)).await;
        if !matches!(outcome, Ok(Ok(()))) {
            break;
        }
        sent += 1;
        while let Ok(Some(Ok(_))) = tokio::time::timeout(Duration::from_micros(50), socket.next()).await {}
    }
    sent
}

/// What has become of no kind that there is goes as its text.
fn in_binary_form(frame: &Value) -> Vec<u8> {
    encode_client_frame(frame).unwrap_or_else(|| frame.to_string().into_bytes())
}

fn message(random: &mut StdRng, bytes: Vec<u8>) -> Message {
    match random.random_range(0..14) {
        0 => Message::binary(bytes),
        1 => Message::Ping(bytes.into_iter().take(125).collect::<Vec<_>>().into()),
        2 => Message::Pong(bytes.into_iter().take(125).collect::<Vec<_>>().into()),
        3 => Message::text("x".repeat(random.random_range(60_000..2_000_000))),
        // A beginning without an end, or a part without a beginning.
        4 => Message::Frame(Frame::message(bytes, OpCode::Data(Data::Text), false)),
        5 => Message::Frame(Frame::message(bytes, OpCode::Data(Data::Continue), random.random())),
        6 => {
            // Said to be compressed, whatever was agreed.
            let mut frame = Frame::message(bytes, OpCode::Data(Data::Text), true);
            frame.header_mut().rsv1 = true;
            Message::Frame(frame)
        }
        7 => Message::Frame(Frame::message(bytes, OpCode::Data(Data::Reserved(5)), true)),
        // No UTF-8, yet said to be text.
        8 => Message::Frame(Frame::message(bytes, OpCode::Data(Data::Text), true)),
        _ => match Utf8Bytes::try_from(bytes) {
            Ok(text) => Message::Text(text),
            Err(_) => Message::binary(vec![0xff; 3]),
        },
    }
}
