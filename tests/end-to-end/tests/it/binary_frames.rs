//! Devices with frames as JSON and devices with binary ones, in the same conversations on the same node: frame by frame they
//! hear the same, and what they do is the same to others.

use std::collections::{BTreeSet, VecDeque};

use futures::{SinkExt as _, StreamExt as _};
use halley_client::{
    ApiClient, Connection, Format, Receiver, Session, SessionEvent, SessionOptions, SocketOptions,
    binary::{decode_server_frame, encode_client_frame},
};
use halley_testkit::{eventually, unique, within};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

use crate::support::{Form, Person, Scene, World, data};

crate::in_both_forms!(
    devices_of_both_forms_hear_the_same,
    devices_of_both_forms_agree_on_a_call,
    what_was_missed_is_told_the_same_in_both_forms,
    messages_are_answered_the_same_in_both_forms,
    a_session_may_be_binary,
);

const BINARY: &str = "halley.v1.protobuf";

/// A socket whose frames are seen whole, as JSON whatever their form.
struct Line {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    format: Format,
    api: ApiClient,
    uid: String,
    device_id: String,
    /// Its token for the next socket.
    token: String,
    /// Told meanwhile.
    held: VecDeque<Value>,
}

impl Line {
    /// A new device's socket.
    async fn open(world: &World, person: &Person, format: Format) -> Self {
        let (api, options) = world.logged_in(person, 0).await;
        Self::on(api, options, format, None).await.0
    }

    /// A device's socket, and what it was told before it began.
    async fn on(api: ApiClient, options: SocketOptions, format: Format, resume: Option<Value>) -> (Self, Vec<Value>) {
        let mut request = options.url.as_str().into_client_request().expect("an address");
        let protocol = if format == Format::Protobuf { BINARY } else { "halley.v1" };
        request.headers_mut().insert("sec-websocket-protocol", protocol.parse().expect("a value"));
        let (stream, response) = within("the upgrade", connect_async(request)).await.expect("a socket");
        assert_eq!(response.headers()["sec-websocket-protocol"], protocol);
        let (uid, device_id) = (options.uid.clone(), options.device_id.clone());
        let (token, held) = (String::new(), VecDeque::new());
        let mut line = Self { stream, format, api, uid, device_id, token, held };
        let mut auth = json!({"type": "auth", "appId": options.app_id, "deviceId": options.device_id,
            "body": {"auth": options.jwt, "presenceSubscription": "ALL_USERS"}});
        if let Some(resume) = resume {
            auth["body"]["resume"] = resume;
        }
        line.send(&auth).await;
        assert_eq!(line.read().await, json!({"type": "auth", "body": {"code": "200", "status": "OK"}}));
        let mut missed = Vec::new();
        loop {
            let frame = line.read().await;
            if frame["type"] == "resumed" {
                frame["body"]["token"].as_str().expect("a token").clone_into(&mut line.token);
                missed.push(json!({"type": "resumed", "refetch": frame["body"]["refetch"]}));
                return (line, missed);
            }
            missed.push(frame);
        }
    }

    async fn send(&mut self, frame: &Value) {
        let message = match self.format {
            Format::Json => Message::text(frame.to_string()),
            Format::Protobuf => Message::binary(encode_client_frame(frame).expect("a binary form")),
        };
        within("a frame goes out", self.stream.send(message)).await.expect("sent");
    }

    async fn read(&mut self) -> Value {
        within("a frame", async {
            loop {
                match self.stream.next().await.expect("an open socket").expect("a message") {
                    Message::Text(text) if self.format == Format::Json => {
                        return serde_json::from_str(&text).expect("JSON");
                    }
                    Message::Binary(bytes) if self.format == Format::Protobuf => {
                        return decode_server_frame(&bytes).expect("a frame");
                    }
                    Message::Ping(_) | Message::Pong(_) => {}
                    other => panic!("{other:?}"),
                }
            }
        })
        .await
    }

    /// Whether a frame is for this socket and not for the user's others.
    fn is_own(&self, frame: &Value) -> bool {
        match frame["type"].as_str() {
            Some("sent" | "refused" | "call_signal") => true,
            // It does not come back to its device.
            Some("transient_message") => frame["sender"] == self.uid.as_str(),
            _ => false,
        }
    }

    /// The next frame that all sockets of the user are told.
    async fn told(&mut self) -> Value {
        loop {
            let frame = match self.held.pop_front() {
                Some(frame) => frame,
                None => self.read().await,
            };
            if !self.is_own(&frame) {
                return frame;
            }
        }
    }

    /// The next frame of a type that is for this socket; what else comes is kept.
    async fn own(&mut self, kinds: &[&str]) -> Value {
        loop {
            let frame = self.read().await;
            if kinds.contains(&frame["type"].as_str().unwrap_or_default()) {
                return frame;
            }
            self.held.push_back(frame);
        }
    }

    /// Sends a message; answers what became of it.
    async fn ask(&mut self, body: &Value) -> Value {
        let id = unique("i");
        self.send(&json!({"type": "send", "id": id, "body": body})).await;
        let mut answer = self.own(&["sent", "refused"]).await;
        assert_eq!(answer["id"], id.as_str(), "{answer}");
        answer["id"].take();
        answer
    }

    async fn types(&mut self, to: &str, action: &str) {
        let body = json!({"action": action, "metadata": {"k": [1, "ü"]}});
        self.send(&json!({"type": "typing_indicator", "receiver": to, "receiverType": "user", "body": body})).await;
    }

    async fn notes(&mut self, to: &str, note: Value) {
        let body = json!({"data": note});
        self.send(&json!({"type": "transient_message", "receiver": to, "receiverType": "user", "body": body})).await;
    }

    async fn receipt(&mut self, action: &str, to: &Receiver, message: &Value) {
        let body = json!({"action": action, "messageId": message["id"]});
        let (receiver, kind) = (to.id(), to.receiver_type());
        self.send(&json!({"type": "receipts", "receiver": receiver, "receiverType": kind, "body": body})).await;
    }

    async fn signals(&mut self, session: &str, action: &str, to: Option<&str>, more: Option<Value>) {
        let mut body = json!({"action": action, "sessionId": session});
        if let Some(to) = to {
            body["to"] = json!({"uid": to});
        }
        if let Some(more) = more {
            body["data"] = more;
        }
        self.send(&json!({"type": "call_signal", "body": body})).await;
    }

    async fn signal(&mut self, action: &str) -> Value {
        let frame = self.own(&["call_signal"]).await;
        assert_eq!(frame["body"]["action"], action, "{frame}");
        frame["body"].clone()
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> Value {
        self.api.call(method, path, &[], Some(&body)).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}

/// Two devices of a user, one of each form.
struct Both {
    json: Line,
    binary: Line,
    /// Kinds of frames that were told.
    kinds: BTreeSet<String>,
}

impl Both {
    /// The sockets, from a moment on at which both are there.
    async fn open(world: &World, person: &Person) -> Self {
        let json = Line::open(world, person, Format::Json).await;
        let binary = Line::open(world, person, Format::Protobuf).await;
        let mut both = Self { json, binary, kinds: BTreeSet::new() };
        let (mark, to) = (unique("mark"), person.receiver());
        let marker = world.person(&unique("m")).await;
        let marker = world.logged_in(&marker, 0).await.0;
        marker.send_message(&to, &mark, &mark).await.expect("sent");
        for line in [&mut both.json, &mut both.binary] {
            while line.told().await["body"]["data"]["text"] != mark {}
        }
        both
    }

    /// Reads frames, which must be the same for both, until one is as wanted.
    async fn hear(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        within(what, async {
            loop {
                let frame = self.json.told().await;
                assert_eq!(self.binary.told().await, frame, "{what}");
                let kind = frame["type"].as_str().expect("a type").to_owned();
                let detail = match kind.as_str() {
                    "message" => frame["body"]["category"].as_str(),
                    _ => frame["body"]["action"].as_str(),
                };
                self.kinds.insert(detail.map_or(kind.clone(), |detail| format!("{kind} {detail}")));
                if wanted(&frame) {
                    return frame;
                }
            }
        })
        .await
    }

    async fn hear_kind(&mut self, kind: &str) -> Value {
        self.hear(kind, |frame| frame["type"] == kind).await
    }

    async fn hear_action(&mut self, kind: &str, action: &str) -> Value {
        let is_wanted = |frame: &Value| frame["type"] == kind && frame["body"]["action"] == action;
        self.hear(&format!("{kind} {action}"), is_wanted).await
    }

    async fn hear_message(&mut self, message: &Value) -> Value {
        self.hear("a message", |frame| frame["type"] == "message" && frame["body"]["id"] == message["id"]).await
    }
}

fn body_to(receiver: &Receiver, category: &str, kind: &str, data: Value) -> Value {
    json!({"receiver": receiver.id(), "receiverType": receiver.receiver_type(), "category": category, "type": kind,
        "data": data, "muid": unique("m")})
}

fn text_to(receiver: &Receiver, text: &str) -> Value {
    body_to(receiver, "message", "text", json!({"text": text, "metadata": {"k": [1, null, {"ü": 1.5}]}}))
}

/// One message of each category that people send.
fn of_every_category(to: &Receiver) -> Vec<Value> {
    let file = json!({"url": "https://files.example.com/a.png", "name": "a.png", "mimeType": "image/png",
        "extension": "png", "size": 3});
    let form = json!({"interactiveData": {"title": "Question", "formFields": [], "submitElement":
        {"elementType": "button", "elementId": "e", "buttonText": "Send",
            "action": {"actionType": "urlNavigation", "url": "https://example.com"}}},
        "interactionGoal": {"type": "anyAction", "elementIds": ["e"]}});
    vec![
        text_to(to, "hello"),
        body_to(to, "message", "image", json!({"attachments": [file], "text": "caption"})),
        body_to(to, "custom", "place", json!({"customData": {"lat": 1.5}, "subType": "x"})),
        body_to(to, "interactive", "form", form),
        body_to(to, "card", "card", json!({"card": {"title": "Offer"}, "fallbackText": "An offer"})),
    ]
}

async fn devices_of_both_forms_hear_the_same(form: Form) {
    let scene = Scene::new(form).await;
    let world = &scene.world;
    let (ann, bob, cat) = (world.person("ann").await, world.person("bob").await, world.person("cat").await);
    let room = world.group("room", &[&ann, &bob, &cat]).await;
    let mut anns = Both::open(world, &ann).await;
    let mut bobs = Both::open(world, &bob).await;
    let mut last = Value::Null;
    for (n, body) in of_every_category(&ann.receiver()).into_iter().enumerate() {
        let line = if n % 2 == 0 { &mut bobs.binary } else { &mut bobs.json };
        let sent = line.ask(&body).await;
        assert_eq!(sent["type"], "sent", "{sent}");
        last = sent["body"].clone();
        let heard = anns.hear_message(&last).await;
        assert_eq!(heard["body"]["data"]["metadata"], body["data"]["metadata"], "{heard}");
        assert_eq!((&heard["body"]["sequence"], &heard["body"]["muid"]), (&last["sequence"], &body["muid"]));
        bobs.hear_message(&last).await;
    }
    changes_of_a_message(&scene, &mut anns, &mut bobs, &ann, &bob).await;
    signals_and_receipts(&scene, &mut anns, &mut bobs, (&ann, &bob), &last).await;
    changes_of_a_group(&scene, &mut anns, &mut bobs, &room, (&bob, &cat)).await;
    for kind in [
        "conversation_pinned",
        "conversation_unpinned",
        "group_deleted",
        "group_owner_changed",
        "group_updated",
        "message action",
        "message card",
        "message custom",
        "message interactive",
        "message message",
        "message_pinned",
        "message_saved",
        "message_unpinned",
        "message_unsaved",
        "presence offline",
        "presence online",
        "reaction message_reaction_added",
        "reaction message_reaction_removed",
        "receipts delivered",
        "receipts read",
        "receipts readByAll",
        "transient_message",
        "typing_indicator ended",
        "typing_indicator started",
        "unread_count_changed",
    ] {
        assert!(anns.kinds.contains(kind) || bobs.kinds.contains(kind), "{kind}: {:?} {:?}", anns.kinds, bobs.kinds);
    }
}

async fn changes_of_a_message(scene: &Scene, anns: &mut Both, bobs: &mut Both, ann: &Person, bob: &Person) {
    let answer = anns.binary.ask(&text_to(&bob.receiver(), "helo")).await;
    let said = answer["body"].clone();
    let mut reply = text_to(&ann.receiver(), "a reply");
    reply["parentId"] = said["id"].clone();
    reply["quotedMessageId"] = said["id"].clone();
    let reply = bobs.binary.ask(&reply).await["body"].clone();
    for both in [&mut *anns, &mut *bobs] {
        let heard = both.hear_message(&reply).await;
        assert_eq!((&heard["body"]["parentId"], &heard["body"]["quotedMessage"]["id"]), (&said["id"], &said["id"]));
    }
    let path = format!("/messages/{}", said["id"].as_str().expect("an id"));
    let by = |person: &Person, method: Method, path: &str, body: Value| data(scene.by(person, method, path, body));
    let (reaction, pin) = (format!("{path}/reactions/%F0%9F%91%8D"), format!("{path}/pin"));
    let edit = json!({"data": {"text": "hello"}});
    // One after another: what goes different ways to a socket need not keep its order.
    for (person, method, path, body, told) in [
        (bob, Method::POST, &reaction, json!({}), "message_reaction_added"),
        (bob, Method::DELETE, &reaction, json!({}), "message_reaction_removed"),
        (ann, Method::PUT, &path, edit, "edited"),
        (ann, Method::POST, &pin, json!({}), "message_pinned"),
        (ann, Method::DELETE, &pin, json!({}), "message_unpinned"),
    ] {
        by(person, method, path, body).await;
        for both in [&mut *anns, &mut *bobs] {
            let is_told = |frame: &Value| {
                [&frame["type"], &frame["body"]["action"], &frame["body"]["data"]["action"]].contains(&&json!(told))
            };
            both.hear(told, is_told).await;
        }
    }
    by(ann, Method::POST, &format!("{path}/save"), json!({})).await;
    anns.hear_kind("message_saved").await;
    by(ann, Method::DELETE, &format!("{path}/save"), json!({})).await;
    anns.hear_kind("message_unsaved").await;
    let pin = format!("/users/{}/conversation/pin", bob.uid);
    by(ann, Method::POST, &pin, json!({})).await;
    anns.hear_kind("conversation_pinned").await;
    by(ann, Method::DELETE, &pin, json!({})).await;
    anns.hear_kind("conversation_unpinned").await;
    by(ann, Method::DELETE, &path, json!({})).await;
    for both in [anns, bobs] {
        both.hear("the deletion", |frame| frame["body"]["data"]["action"] == "deleted").await;
    }
}

async fn signals_and_receipts(
    scene: &Scene,
    anns: &mut Both,
    bobs: &mut Both,
    (ann, bob): (&Person, &Person),
    last: &Value,
) {
    for line in [&mut bobs.json, &mut bobs.binary] {
        line.types(&ann.uid, "started").await;
        anns.hear_action("typing_indicator", "started").await;
        line.types(&ann.uid, "ended").await;
        anns.hear_action("typing_indicator", "ended").await;
        for note in [json!({"k": [1, null, "ü"]}), json!("text"), json!(5)] {
            line.notes(&ann.uid, note.clone()).await;
            let heard = anns.hear_kind("transient_message").await;
            assert_eq!((&heard["body"]["data"], &heard["deviceId"]), (&note, &json!(line.device_id)));
        }
    }
    anns.binary.receipt("delivered", &bob.receiver(), last).await;
    bobs.hear_action("receipts", "delivered").await;
    anns.binary.receipt("read", &bob.receiver(), last).await;
    bobs.hear_action("receipts", "read").await;
    let unread = format!("/users/{}/conversation/read", bob.uid);
    data(scene.by(ann, Method::DELETE, &unread, json!({"messageId": last["id"]}))).await;
    anns.hear_kind("unread_count_changed").await;
    let dan = scene.world.person("dan").await;
    let is_dan = |action: &'static str| {
        let uid = dan.uid.clone();
        move |frame: &Value| frame["type"] == "presence" && frame["sender"] == uid && frame["body"]["action"] == action
    };
    let visit = scene.world.device(&dan, 0).await;
    anns.hear("dan comes", is_dan("online")).await;
    visit.socket.close().await;
    anns.hear("dan goes", is_dan("offline")).await;
}

async fn changes_of_a_group(
    scene: &Scene,
    anns: &mut Both,
    bobs: &mut Both,
    room: &Receiver,
    (bob, cat): (&Person, &Person),
) {
    let said = anns.binary.ask(&text_to(room, "to all")).await["body"].clone();
    bobs.hear_message(&said).await;
    let mut cats = Line::open(&scene.world, cat, Format::Protobuf).await;
    bobs.json.receipt("read", room, &said).await;
    cats.receipt("read", room, &said).await;
    anns.hear_action("receipts", "readByAll").await;
    let path = format!("/groups/{}", room.id());
    data(scene.put(&path, json!({"name": "Another", "metadata": {"k": 1}, "tags": ["t"]}))).await;
    for both in [&mut *anns, &mut *bobs] {
        let told = both.hear_kind("group_updated").await;
        assert_eq!(told["body"]["group"]["metadata"], json!({"k": 1}), "{told}");
    }
    data(scene.put(&path, json!({"owner": bob.uid}))).await;
    for both in [&mut *anns, &mut *bobs] {
        both.hear_kind("group_owner_changed").await;
    }
    data(scene.delete(&format!("{path}/members/{}", cat.uid), json!({}))).await;
    for both in [&mut *anns, &mut *bobs] {
        both.hear("the kick", |frame| frame["body"]["data"]["action"] == "kicked").await;
    }
    data(scene.delete(&path, json!({}))).await;
    for both in [anns, bobs] {
        assert_eq!(both.hear_kind("group_deleted").await["receiver"], room.id());
    }
}

/// A call between a device with JSON and one with binary frames.
async fn devices_of_both_forms_agree_on_a_call(form: Form) {
    let world = World::new(form).await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let mut phone = Line::open(&world, &ann, Format::Protobuf).await;
    let mut desk = Line::open(&world, &bob, Format::Json).await;
    let body = json!({"type": "video", "receiverType": "user", "receiver": bob.uid});
    let rung = phone.call(Method::POST, "/calls", body).await["data"].clone();
    let session = rung["data"]["entities"]["on"]["entity"]["sessionid"].as_str().expect("a session").to_owned();
    for line in [&mut phone, &mut desk] {
        let told = within("the call", async {
            loop {
                let frame = line.told().await;
                if frame["body"]["category"] == "call" {
                    return frame;
                }
            }
        });
        let on = &told.await["body"]["data"]["entities"]["on"];
        assert_eq!((&on["entityType"], &on["entity"]["sessionid"]), (&json!("call"), &json!(session)));
    }
    desk.call(Method::PUT, &format!("/calls/{session}"), json!({"status": "ongoing"})).await;
    // What is known of the call is known again after each joining.
    phone.signals(&session, "join", None, None).await;
    phone.signal("peers").await;
    desk.signal("joined").await;
    desk.signals(&session, "join", None, None).await;
    let peers = desk.signal("peers").await;
    assert_eq!(peers["peers"], json!([{"uid": ann.uid, "deviceId": phone.device_id}]));
    let joined = phone.own(&["call_signal"]).await;
    let from = json!({"uid": bob.uid, "deviceId": desk.device_id});
    assert_eq!((&joined["body"]["action"], &joined["body"]["from"]), (&json!("joined"), &from));
    let offer = json!({"type": "offer", "sdp": "v=0\r\n".repeat(500)});
    phone.signals(&session, "offer", Some(&bob.uid), Some(offer.clone())).await;
    assert_eq!(desk.signal("offer").await["data"], offer);
    for action in ["answer", "candidate"] {
        desk.signals(&session, action, Some(&ann.uid), Some(json!({"n": 1}))).await;
        assert_eq!(phone.signal(action).await["data"], json!({"n": 1}));
    }
    phone.signals(&session, "bye", Some(&bob.uid), None).await;
    assert!(desk.signal("bye").await.get("data").is_none());
    phone.signals(&session, "leave", None, None).await;
    desk.signal("left").await;
    phone.signals("none", "join", None, None).await;
    assert_eq!(phone.signal("refused").await["code"], "ERR_CALL_SESSION_NOT_FOUND");
}

async fn what_was_missed_is_told_the_same_in_both_forms(form: Form) {
    let scene = Scene::new(form).await;
    let world = &scene.world;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let (room, left) = (world.group("room", &[&ann, &bob]).await, world.group("left", &[&ann, &bob]).await);
    let mut desk = Line::open(world, &bob, Format::Protobuf).await;
    let first = desk.ask(&text_to(&ann.receiver(), "first")).await["body"].clone();
    let (api, options) = world.logged_in(&ann, 0).await;
    let own = api.send_message(&bob.receiver(), "own", &unique("m")).await.expect("sent");
    let (line, _) = Line::on(api.clone(), options.clone(), Format::Protobuf, None).await;
    let positions = json!({first["conversationId"].as_str().expect("an id"): own.sequence.unwrap_or(2)});
    let resume = json!({"token": line.token, "positions": positions});
    drop(line);

    for body in of_every_category(&ann.receiver()).iter().chain([&text_to(&room, "to all")]) {
        assert_eq!(desk.ask(body).await["type"], "sent");
    }
    let path = format!("/messages/{}", first["id"].as_str().expect("an id"));
    data(scene.by(&bob, Method::PUT, &path, json!({"data": {"text": "edited"}}))).await;
    data(scene.by(&ann, Method::POST, &format!("/users/{}/conversation/pin", bob.uid), json!({}))).await;
    desk.receipt("read", &ann.receiver(), &json!({"id": own.id.to_string()})).await;
    data(scene.delete(&format!("/groups/{}/members/{}", left.id(), ann.uid), json!({}))).await;

    // What is done by frames and by facts is done a moment later, so both are asked until all of it is there.
    let kinds = ["conversation_changed", "conversation_left", "message", "message_changed", "receipts", "resumed"];
    eventually("the same in both forms", async || {
        let mut told = Vec::new();
        for format in [Format::Json, Format::Protobuf] {
            let (_, missed) = Line::on(api.clone(), options.clone(), format, Some(resume.clone())).await;
            let mut frames: Vec<_> = missed.iter().filter(|frame| frame["type"] != "presence").cloned().collect();
            assert!(frames.iter().all(|frame| frame["refetch"] != true), "so little is told");
            frames.sort_by_key(ToString::to_string);
            told.push(frames);
        }
        let has = |kind: &&str| told[0].iter().any(|frame| frame["type"] == **kind);
        (kinds.iter().all(has) && told[0] == told[1]).then_some(())
    })
    .await;
}

async fn messages_are_answered_the_same_in_both_forms(form: Form) {
    let world = World::new(form).await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let mut json = Line::open(&world, &ann, Format::Json).await;
    let mut binary = Line::open(&world, &ann, Format::Protobuf).await;
    for body in of_every_category(&bob.receiver()) {
        let stored = json.ask(&body).await;
        assert_eq!(stored["type"], "sent", "{stored}");
        // A muid is stored once, and both times answered with the first message.
        assert_eq!(binary.ask(&body).await, stored);
    }
    let with = |key: &str, value: Value| {
        let mut body = text_to(&bob.receiver(), "x");
        body[key] = value;
        body
    };
    for (body, code) in [
        (with("receiver", json!(world.name("nobody"))), "ERR_UID_NOT_FOUND"),
        (with("category", json!("action")), "ERR_INVALID_MESSAGE_CATEGORY"),
        (with("type", json!("poem")), "ERR_INVALID_MESSAGE_TYPE"),
        (with("data", json!({"text": ""})), "ERR_EMPTY_MESSAGE_TEXT"),
        (with("data", json!({"text": "x", "metadata": []})), "ERR_INVALID_METADATA"),
        (with("muid", json!("")), "ERR_BAD_REQUEST"),
        (with("parentId", json!("9000000000000")), "ERR_MESSAGE_ID_NOT_FOUND"),
    ] {
        let refused = json.ask(&body).await;
        assert_eq!((&refused["type"], &refused["body"]["error"]["code"]), (&json!("refused"), &json!(code)), "{body}");
        assert_eq!(binary.ask(&body).await, refused);
    }
}

async fn a_session_may_be_binary(form: Form) {
    let world = World::new(form).await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let (api, _) = world.logged_in(&ann, 0).await;
    let options = SessionOptions { format: Format::Protobuf, ..SessionOptions::default() };
    let mut session = within("the session starts", Session::start(api, options)).await.expect("a session");
    let first = within("the first event", session.next()).await;
    assert!(matches!(first, Some(SessionEvent::Resumed { .. })), "{first:?}");
    let (bobs, mut options) = world.logged_in(&bob, 1).await;
    options.format = Format::Protobuf;
    let socket = within("the socket opens", Connection::connect(options)).await.expect("connect");
    let mut desk = crate::support::Device { api: bobs, socket };
    let up = async {
        let muid = unique("m");
        while session.send_message(&bob.receiver(), "up", &muid).await.expect("stored").sequence.is_none() {}
    };
    within("the socket is used", up).await;
    assert_eq!(desk.hear().await.text.as_deref(), Some("up"));
    desk.say(&ann.receiver(), "back").await;
    let heard = within("the answer", session.next_message()).await.expect("a message");
    assert_eq!((heard.text.as_deref(), heard.sequence), (Some("back"), Some(2)));
    let error = session.send_message(&Receiver::user(&world.name("nobody")), "x", &unique("m")).await;
    assert_eq!(error.expect_err("nobody").code(), Some("ERR_UID_NOT_FOUND"));
    session.close().await;
}
