//! A client with a raw socket, which sees every byte of every frame.

use std::net::SocketAddr;

use futures::{SinkExt as _, StreamExt as _};
use halley_client::binary::{decode_server_frame, encode_client_frame};
use halley_testkit::within;
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest as _, http::HeaderValue},
};

/// The answer that existing clients accept; no other form will do.
pub const ACCEPTED: &str = r#"{"type":"auth","body":{"code":"200","status":"OK"}}"#;
pub const PONG: &str = r#"{"action":"pong"}"#;
pub const PING: &str = r#"{"action":"ping","ack":"true"}"#;

/// The subprotocol of frames in binary form.
pub const BINARY: &str = "halley.v1.protobuf";

pub struct Client {
    stream: WebSocketStream<TcpStream>,
    /// Frames are in binary form; here they look as they do in JSON.
    is_binary: bool,
    /// What the server chose.
    pub protocol: Option<String>,
}

/// What came.
#[derive(Debug, PartialEq)]
pub enum Got {
    Text(String),
    /// The close code; 1006 when there was none.
    Closed(u16),
}

impl Client {
    /// A socket that has not said who it is.
    pub async fn open(address: SocketAddr) -> Self {
        Self::open_as(address, "/", None).await
    }

    pub async fn open_as(address: SocketAddr, path: &str, protocol: Option<&str>) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        Self::over(stream, path, protocol).await
    }

    /// One that takes little in before it is read.
    pub async fn open_narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        Self::over(socket.connect(address).await.unwrap(), "/", None).await
    }

    async fn over(stream: TcpStream, path: &str, protocol: Option<&str>) -> Self {
        let address = stream.peer_addr().unwrap();
        let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
        if let Some(protocol) = protocol {
            request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_str(protocol).unwrap());
        }
        let (stream, response) = within("the upgrade", client_async(request, stream)).await.unwrap();
        let protocol = response.headers().get("sec-websocket-protocol");
        let protocol = protocol.map(|protocol| protocol.to_str().unwrap().to_owned());
        Self { stream, is_binary: protocol.as_deref() == Some(BINARY), protocol }
    }

    pub async fn authenticated(address: SocketAddr, app: &str, device_id: &str, token: &str) -> Self {
        Self::open(address).await.admitted(auth(app, device_id, token)).await
    }

    /// Says who it is, and must be let in.
    pub async fn admitted(mut self, auth: Value) -> Self {
        self.send(auth).await;
        assert_eq!(self.next().await, Got::Text(ACCEPTED.to_owned()));
        self
    }

    pub async fn send(&mut self, frame: Value) {
        let message = match self.is_binary {
            true => Message::binary(encode_client_frame(&frame).unwrap()),
            false => Message::text(frame.to_string()),
        };
        self.send_raw(message).await;
    }

    pub async fn send_raw(&mut self, message: Message) {
        self.stream.send(message).await.unwrap();
    }

    /// Sends as far as the server still listens.
    pub async fn try_send(&mut self, message: Message) -> bool {
        self.stream.send(message).await.is_ok()
    }

    pub async fn next(&mut self) -> Got {
        within("a frame", async {
            loop {
                match self.stream.next().await {
                    Some(Ok(Message::Text(text))) if !self.is_binary => return Got::Text(text.as_str().to_owned()),
                    Some(Ok(Message::Binary(bytes))) if self.is_binary => {
                        return Got::Text(as_text(&decode_server_frame(&bytes).unwrap()));
                    }
                    Some(Ok(Message::Close(frame))) => {
                        return Got::Closed(frame.map_or(1005, |frame| frame.code.into()));
                    }
                    Some(Ok(Message::Text(_) | Message::Binary(_))) => panic!("a frame in the other form"),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Got::Closed(1006),
                }
            }
        })
        .await
    }

    /// The next frame, which must be one.
    pub async fn frame(&mut self) -> Value {
        match self.next().await {
            Got::Text(text) => serde_json::from_str(&text).unwrap(),
            Got::Closed(code) => panic!("closed with {code}"),
        }
    }

    /// The next frame, if one comes within a moment.
    pub async fn frame_soon(&mut self, patience: std::time::Duration) -> Option<Value> {
        tokio::time::timeout(patience, self.frame()).await.ok()
    }

    /// The text of the next frame, which must be a message.
    pub async fn hear(&mut self) -> String {
        let frame = self.frame().await;
        assert_eq!(frame["type"], "message", "{frame}");
        frame["body"]["data"]["text"].as_str().unwrap().to_owned()
    }

    /// Asks for a sign of life; the answer must be the next frame.
    pub async fn is_alive(&mut self) {
        match self.is_binary {
            true => self.send(json!({"action": "ping"})).await,
            false => self.send_raw(Message::text(PING)).await,
        }
        assert_eq!(self.next().await, Got::Text(PONG.to_owned()));
    }

    /// The code with which the server closes; whatever comes before is passed over.
    pub async fn closed(&mut self) -> u16 {
        loop {
            if let Got::Closed(code) = self.next().await {
                return code;
            }
        }
    }

    /// The connection below the frames.
    pub fn into_tcp(self) -> TcpStream {
        self.stream.into_inner()
    }

    /// Says goodbye and waits for the answer.
    pub async fn close(mut self) {
        self.stream.close(None).await.unwrap();
        let end = async { while let Some(Ok(_)) = self.stream.next().await {} };
        within("the goodbye", end).await;
    }
}

/// The literal text where JSON has one.
fn as_text(frame: &Value) -> String {
    let is_literal = |text: &&&str| serde_json::from_str::<Value>(text).unwrap() == *frame;
    [ACCEPTED, PONG].iter().find(is_literal).map_or_else(|| frame.to_string(), |text| (*text).to_owned())
}

pub fn auth(app: &str, device_id: &str, token: &str) -> Value {
    json!({"appId": app, "deviceId": device_id, "type": "auth", "sender": "anybody",
        "body": {"auth": token, "deviceId": device_id, "params": {"platform": "javascript"}}})
}

/// As `auth`, of one who wants to hear of the presence of friends, or of users with some roles.
pub fn auth_watching_some(app: &str, device_id: &str, token: &str, roles: Option<&[&str]>) -> Value {
    let mut frame = auth(app, device_id, token);
    frame["body"]["presenceSubscription"] = json!(if roles.is_some() { "ROLES" } else { "FRIENDS" });
    if let Some(roles) = roles {
        frame["body"]["roles"] = json!(roles);
    }
    frame
}

/// As `auth`, of one who wants to hear of everybody's presence.
pub fn auth_watching(app: &str, device_id: &str, token: &str) -> Value {
    let mut frame = auth(app, device_id, token);
    frame["body"]["presenceSubscription"] = json!("ALL_USERS");
    frame
}
