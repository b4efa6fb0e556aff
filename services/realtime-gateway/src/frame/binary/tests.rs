//! Both forms of a frame say the same: read back by a client, they are equal.

use halley_client::binary::{decode_server_frame, encode_client_frame};
use halley_contracts::{
    events::v1::{
        CallSignaled, ConversationPinChanged, Event, GroupChanged, MessageModerated, MessageSent,
        OwnConversationChanged, PinChanged, PresenceChanged, ReactionChanged, ReceiptChanged, SaveChanged,
        TransientSent, TypingChanged, UnreadChanged, event::Body,
    },
    groups::v1::Group,
    identity::v1::User,
    messaging::v1::{
        Conversation, Interaction, LeftConversation, Message, Reaction, ReactionCount, ResumeResponse,
        conversation::WithEntity, message::ReceiverEntity,
    },
};
use halley_kit::PublicError;
use halley_model::ErrorCode;
use proptest::prelude::*;
use rand::{SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};

use super::{
    super::{Encoded, Told, Wanted, calls::PeerJson, encode, read, tell},
    decode,
};
use crate::{
    ice::IceServer,
    resume::NO_TOKEN,
    socket::{Identity, PresenceWish, Variant},
};

/// Kinds of events that clients are told of.
const KINDS: usize = 14;

/// Contract types with anything in them.
struct Any(StdRng);

impl Any {
    fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    fn is(&mut self) -> bool {
        self.0.random()
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.is().then(|| make(self))
    }

    fn few<T>(&mut self, make: impl Fn(&mut Self) -> T) -> Vec<T> {
        (0..self.0.random_range(0..3)).map(|_| make(self)).collect()
    }

    fn text(&mut self) -> String {
        let texts = ["", "", "ann", "bob", "app_system", "Ü\u{1f468}\u{200d}\u{1f469}\"\\\n", "x y"];
        texts[self.0.random_range(0..texts.len())].to_owned()
    }

    fn json(&mut self) -> String {
        let texts = [
            "",
            "{}",
            r#"{"k":[1,null,{"a":1.5}],"@private":{"s":1}}"#,
            r#" {"text": "hi", "metadata": {"k": 1}, "attachments": [{"url": "https://x/1.png"}], "action": "edited"} "#,
            r#"{"call":{"sessionid":"s","status":"ended"},"entities":{"fake":1},"text":"é"}"#,
            "no JSON",
        ];
        texts[self.0.random_range(0..texts.len())].to_owned()
    }

    /// Unix ms, or 0.
    fn time(&mut self) -> i64 {
        if self.is() { 0 } else { self.0.random_range(1000..2_000_000_000_000) }
    }

    fn count(&mut self) -> i64 {
        if self.is() { 0 } else { self.0.random_range(0..i64::from(i32::MAX)) }
    }

    fn small(&mut self) -> i32 {
        self.0.random_range(0..7)
    }

    fn user(&mut self) -> User {
        User {
            uid: self.text(),
            name: self.text(),
            avatar: self.text(),
            link: self.text(),
            role: self.text(),
            status_message: self.text(),
            metadata_json: self.json(),
            tags: self.few(Self::text),
            last_active_at_ms: self.time(),
            created_at_ms: self.time(),
            updated_at_ms: self.time(),
            deactivated_at_ms: self.time(),
            bot: self.is(),
        }
    }

    fn group(&mut self) -> Group {
        Group {
            guid: self.text(),
            name: self.text(),
            r#type: self.small() % 4,
            description: self.text(),
            icon: self.text(),
            owner: self.text(),
            metadata_json: self.json(),
            tags: self.few(Self::text),
            members_count: self.small(),
            created_at_ms: self.time(),
            updated_at_ms: self.time(),
            updated_by: self.text(),
        }
    }

    fn message(&mut self, depth: usize) -> Message {
        let receiver_entity = self.maybe(|any| match any.is() {
            true => ReceiverEntity::ReceiverUser(any.user()),
            false => ReceiverEntity::ReceiverGroup(any.group()),
        });
        let inner = |any: &mut Self| any.maybe(|any| Box::new(any.message(depth - 1)));
        Message {
            id: self.count(),
            muid: self.text(),
            conversation_id: self.text(),
            sequence: self.count(),
            sender_uid: self.text(),
            receiver_type: self.small() % 3,
            receiver: self.text(),
            category: self.small(),
            r#type: self.text(),
            data_json: self.json(),
            tags: self.few(Self::text),
            sent_at_ms: self.time(),
            updated_at_ms: self.time(),
            edited_at_ms: self.time(),
            edited_by: self.text(),
            deleted_at_ms: if self.small() == 0 { self.time() } else { 0 },
            deleted_by: self.text(),
            parent_id: self.count(),
            reply_count: self.small(),
            quoted_message_id: self.count(),
            delivered_at_ms: self.time(),
            read_at_ms: self.time(),
            device_id: self.text(),
            sender: self.maybe(Self::user),
            receiver_entity,
            action_on: self.maybe(Self::user),
            quoted_message: if depth == 0 { None } else { inner(self) },
            action_on_message: if depth == 0 { None } else { inner(self) },
            reactions: self.few(|any| ReactionCount { reaction: any.text(), count: any.small(), by_me: any.is() }),
            pinned_at_ms: self.time(),
            pinned_by: self.text(),
            saved_at_ms: self.time(),
            interactions: self.few(|any| Interaction { element_id: any.text(), interacted_at_ms: any.time() }),
            thread_subscribed: self.is(),
            own_delivered_at_ms: self.time(),
            own_read_at_ms: self.time(),
            unread_reply_count: self.small(),
            moderation: self.small() % 3,
            mentions: self.few(Self::user),
            ..Default::default()
        }
    }

    fn conversation(&mut self) -> Conversation {
        let with_entity = self.maybe(|any| match any.is() {
            true => WithEntity::WithUser(any.user()),
            false => WithEntity::WithGroup(any.group()),
        });
        Conversation {
            conversation_id: self.text(),
            owner_uid: self.text(),
            with_type: 1 + self.small() % 2,
            with: format!("w{}", self.text()),
            with_entity,
            unread_count: self.count(),
            last_message: self.maybe(|any| any.message(1)),
            last_read_message_id: self.count(),
            last_delivered_message_id: self.count(),
            latest_message_id: self.count(),
            latest_sequence: self.count(),
            tags: self.few(Self::text),
            created_at_ms: self.time(),
            updated_at_ms: self.time(),
            pinned_at_ms: self.time(),
            pinned_by: self.text(),
            unread_mentions_count: self.count(),
            hidden_before_sequence: self.count(),
        }
    }

    fn reaction(&mut self) -> Reaction {
        Reaction {
            id: self.count(),
            message_id: self.count(),
            reaction: self.text(),
            uid: self.text(),
            reacted_at_ms: self.time(),
            user: self.maybe(Self::user),
        }
    }

    fn body(&mut self, kind: usize) -> Body {
        let (receiver, receiver_type) = (self.text(), 1 + self.small() % 2);
        match kind {
            0 => Body::MessageSent(MessageSent { message: Some(self.message(2)) }),
            1 => Body::ReceiptChanged(ReceiptChanged {
                kind: self.small() % 5,
                receiver_type,
                user: self.maybe(Self::user),
                receiver,
                message_id: self.count(),
                ..Default::default()
            }),
            2 => Body::ReactionChanged(ReactionChanged {
                added: self.is(),
                reaction: Some(self.reaction()),
                receiver_type,
                receiver,
                conversation_id: self.text(),
                parent_id: self.count(),
                message_sender: self.text(),
                count: self.count(),
            }),
            3 => Body::PinChanged(PinChanged { pinned: self.is(), message: Some(self.message(1)) }),
            4 => Body::SaveChanged(SaveChanged { saved: self.is(), uid: self.text(), message: Some(self.message(1)) }),
            5 => Body::ConversationPinChanged(ConversationPinChanged {
                pinned: self.is(),
                conversation: Some(self.conversation()),
            }),
            6 => Body::UnreadChanged(UnreadChanged { conversation: Some(self.conversation()) }),
            7 => Body::PresenceChanged(PresenceChanged { user: Some(self.user()), online: self.is() }),
            8 => Body::TypingChanged(TypingChanged {
                user: Some(self.user()),
                receiver_type,
                receiver,
                started: self.is(),
                metadata_json: self.json(),
            }),
            9 => Body::TransientSent(TransientSent {
                user: Some(self.user()),
                receiver_type,
                receiver,
                data_json: self.json(),
            }),
            10 => Body::CallSignaled(CallSignaled {
                session_id: self.text(),
                uid: self.text(),
                to_uid: self.text(),
                to_device_id: self.text(),
                kind: self.small(),
                data_json: self.json(),
            }),
            11 => Body::OwnConversationChanged(OwnConversationChanged {
                conversation: Some(self.conversation()),
                left: self.is(),
            }),
            12 => Body::MessageModerated(MessageModerated { message: Some(self.message(1)), shown_to_others: None }),
            _ => Body::GroupChanged(GroupChanged {
                kind: self.small() % 5,
                group: Some(self.group()),
                old_owner: self.text(),
            }),
        }
    }

    fn event(&mut self, kind: usize) -> Event {
        Event {
            app_id: format!("app{}", self.text()),
            origin_device_id: self.text(),
            occurred_at_ms: self.time(),
            body: Some(self.body(kind)),
            ..Default::default()
        }
    }
}

/// A frame as a client reads it.
fn shown(frame: &Encoded) -> Value {
    match frame {
        Encoded::Text(text) => serde_json::from_str(text).expect("JSON"),
        Encoded::Binary(bytes) => decode_server_frame(bytes).expect("a frame"),
    }
}

/// An event in the form of a socket.
fn in_form(event: &Event, variant: Variant) -> Option<Value> {
    encode(event, Wanted::only(variant))?.of(variant).map(shown)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn an_event_says_the_same_in_both_forms(seed: u64, kind in 0..KINDS) {
        let event = Any::new(seed).event(kind);
        prop_assert_eq!(in_form(&event, Variant::Binary), in_form(&event, Variant::Positions));
    }
}

#[test]
fn every_kind_of_event_is_told() {
    for kind in 0..KINDS {
        let told = (0..20).filter(|seed| in_form(&Any::new(*seed).event(kind), Variant::Binary).is_some());
        assert!(told.count() > 0, "{kind}");
    }
}

#[test]
fn only_what_is_wanted_is_encoded() {
    let event = Any::new(1).event(0);
    for wanted in Variant::ALL {
        let frames = encode(&event, Wanted::only(wanted)).expect("frames");
        for variant in Variant::ALL {
            assert_eq!(frames.of(variant).is_some(), variant == wanted, "{variant:?} of {wanted:?}");
        }
    }
    assert!(encode(&event, Wanted::default()).is_none());
    let all = Wanted { plain: true, positions: true, binary: true };
    let frames = encode(&Any::new(1).event(2), all).expect("frames");
    assert_eq!(frames.of(Variant::Plain), frames.of(Variant::Positions));
    assert!(matches!(frames.of(Variant::Binary), Some(Encoded::Binary(_))));
}

#[test]
fn what_a_socket_alone_is_told_says_the_same_in_both_forms() {
    let mut any = Any::new(7);
    let identity = Identity {
        app_id: "app".into(),
        uid: "ann".into(),
        device_id: "d".into(),
        token_id: "t".into(),
        presence: PresenceWish::Nobody,
    };
    let alike = |identity: Option<&Identity>, told: &Told<'_>| {
        let [json, binary] = [Variant::Positions, Variant::Binary]
            .map(|variant| shown(&tell(variant, identity, told).expect("a frame")));
        assert_eq!(json, binary);
    };
    for told in [Told::AuthAccepted, Told::Pong, Told::Hint { delay_ms: 70 }, Told::Hint { delay_ms: 0 }] {
        alike(None, &told);
    }
    for _ in 0..300 {
        let missed = ResumeResponse {
            token: any.text(),
            refetch: any.is(),
            untold_receipts_of: any.few(Any::text),
            ..Default::default()
        };
        let (message, conversation, text) = (any.message(1), any.conversation(), any.text());
        let hidden_before_sequence = if any.is() { any.count() } else { 0 };
        let left = LeftConversation { conversation_id: any.text(), hidden_before_sequence };
        let plain = PublicError::new(ErrorCode::Timeout, "late");
        let of_field = PublicError::field(ErrorCode::BadRequest, "muid", "is required");
        let peers = [PeerJson { uid: "bob", device_id: "" }, PeerJson { uid: "cat", device_id: "c" }];
        let server = |username: Option<&str>| IceServer {
            urls: vec!["turn:x".into()],
            username: username.map(ToOwned::to_owned),
            credential: username.map(ToOwned::to_owned),
        };
        let servers = [server(None), server(Some("u"))];
        for told in [
            Told::Resumed(&missed),
            Told::MessageChanged(&message),
            Told::ConversationChanged(&conversation),
            Told::ConversationLeft(&left),
            Told::Sent { id: &text, message: &message },
            Told::Refused { id: &text, error: &plain },
            Told::Refused { id: "7", error: &of_field },
            Told::Peers { session_id: "s", peers: &peers, servers: &servers },
            Told::Peers { session_id: "s", peers: &[], servers: &[] },
            Told::CallRefused { session_id: "s", code: ErrorCode::CallNotAPart },
        ] {
            alike(Some(&identity), &told);
        }
    }
}

/// Frames of clients that both forms have.
fn client_frames() -> Vec<Value> {
    let mut frames = halley_testkit::mutate::frames();
    // The last is none for a server.
    frames.pop();
    let to = json!({"uid": "BOB", "deviceId": "D"});
    let call = |action: &str, more: Value| {
        let mut body = json!({"action": action, "sessionId": "s"});
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        json!({"type": "call_signal", "body": body})
    };
    frames.extend([
        json!({"type": "send", "id": "7", "body": {"receiver": "Bob", "receiverType": "user", "category": "card",
            "type": "card", "data": {"card": {"a": [1]}, "text": "x"}, "muid": "m", "tags": ["t", "u"],
            "parentId": 7, "quotedMessageId": 8}}),
        json!({"type": "send", "body": {"receiver": "room", "receiverType": "group", "data": {"text": "x"}}}),
        call("join", json!({})),
        call("leave", json!({})),
        call("offer", json!({"to": to, "data": {"sdp": "v=0"}})),
        call("answer", json!({"to": {"uid": "bob"}, "data": {"sdp": "v=0"}})),
        call("candidate", json!({"to": to, "data": {"n": 1}})),
        call("bye", json!({"to": to})),
    ]);
    let text = Value::Array(frames).to_string().replace("$message", "12").replace("$guid", "Room");
    serde_json::from_str(&text).expect("frames")
}

#[test]
fn a_frame_of_a_client_means_the_same_in_both_forms() {
    for frame in client_frames() {
        let bytes = encode_client_frame(&frame).expect("a binary form");
        let read = decode(&bytes);
        assert!(read.is_some(), "{frame}");
        assert_eq!(read, read::decode(&frame.to_string()), "{frame}");
    }
}

#[test]
fn what_makes_no_sense_is_passed_over_in_both_forms() {
    let signal = |kind: &str, receiver: &str, receiver_type: &str, body: Value| json!({"type": kind, "receiver": receiver, "receiverType": receiver_type, "body": body});
    let long = "b".repeat(101);
    for frame in [
        signal("typing_indicator", "bob", "room", json!({"action": "started"})),
        signal("typing_indicator", "", "user", json!({"action": "started"})),
        signal("typing_indicator", &long, "user", json!({"action": "started"})),
        signal("transient_message", "bob", "user", json!({})),
        signal("transient_message", "bob", "user", json!({"data": null})),
        signal("receipts", "bob", "nobody", json!({"action": "read", "messageId": 1})),
        signal("receipts", "bob", "user", json!({"action": "read", "messageId": 0})),
        signal("receipts", "bob", "user", json!({"action": "read", "messageId": -1})),
        json!({"type": "call_signal", "body": {"action": "join", "sessionId": ""}}),
        json!({"type": "call_signal", "body": {"action": "join", "sessionId": "s".repeat(201)}}),
        json!({"type": "call_signal", "body": {"action": "offer", "sessionId": "s", "to": {"uid": "bob"}}}),
        json!({"type": "call_signal", "body": {"action": "offer", "sessionId": "s", "data": {}}}),
        json!({"type": "call_signal", "body": {"action": "offer", "sessionId": "s", "to": {"uid": ""}, "data": {}}}),
    ] {
        assert_eq!(read::decode(&frame.to_string()), None, "{frame}");
        assert_eq!(decode(&encode_client_frame(&frame).expect("bytes")), None, "{frame}");
    }
    for bytes in [b"".as_slice(), b"{}", &[0xff; 20], &[0x0a], &[0x4a, 0x00]] {
        assert_eq!(decode(bytes), None, "{bytes:?}");
    }
}

mod by_hand {
    use halley_contracts::client::v1::{self as pb, client_frame::Frame};
    use prost::Message as _;

    use super::*;
    use crate::frame::{ClientFrame, SendFrame};

    fn read(frame: Frame) -> Option<ClientFrame> {
        decode(&pb::ClientFrame { frame: Some(frame) }.encode_to_vec())
    }

    #[test]
    fn json_within_a_frame_is_bounded_like_a_whole_frame_of_it() {
        let typing = |json: &str| pb::SendTyping {
            receiver: "bob".into(),
            receiver_type: pb::ReceiverType::User.into(),
            action: pb::TypingAction::Started.into(),
            metadata_json: json.as_bytes().to_vec(),
        };
        for json in ["{", "{\"a\":1}x", "{'a':1}", "\u{0}"] {
            assert_eq!(read(Frame::Typing(typing(json))), None, "{json}");
        }
        let mut broken = typing("{}");
        broken.metadata_json = b"{\"a\":\"\xff\"}".to_vec();
        assert_eq!(read(Frame::Typing(broken)), None, "no UTF-8");
        for json in ["", "[1]", "5"] {
            assert_eq!(read(Frame::Typing(typing(json))), read(Frame::Typing(typing(""))), "{json}");
        }
        let deep = [r#"{"a":"#.repeat(20_000), "1".to_owned(), "}".repeat(20_000)].concat();
        let send = |json: &str| {
            let frame = pb::SendMessage { id: "7".into(), data_json: json.as_bytes().to_vec(), ..Default::default() };
            match read(Frame::Send(frame)) {
                Some(ClientFrame::Send(SendFrame { id, body: Some(body) })) => (id, body["data"].clone()),
                other => panic!("{other:?}"),
            }
        };
        // The client is told: what is no JSON is no object.
        for json in ["{", deep.as_str()] {
            let (id, data) = send(json);
            assert_eq!((id.as_str(), data.is_string()), ("7", true));
        }
        assert_eq!(send(r#"{"a":1}"#).1, json!({"a": 1}));
    }

    #[test]
    fn numbers_that_mean_nothing_are_refused_or_passed_over() {
        let frame = pb::SendMessage { receiver_type: 77, category: 77, ..Default::default() };
        let Some(ClientFrame::Send(SendFrame { id, body: Some(body) })) = read(Frame::Send(frame)) else { panic!() };
        assert_eq!((id.as_str(), body), ("", json!({"receiverType": "unknown", "category": "unknown"})));
        let long = pb::SendMessage { id: "x".repeat(101), ..Default::default() };
        assert!(matches!(read(Frame::Send(long)), Some(ClientFrame::Send(SendFrame { id, .. })) if id.is_empty()));
        let receipt = pb::SendReceipt { receiver_type: 1, action: 4, message_id: 5, ..Default::default() };
        assert_eq!(read(Frame::Receipt(receipt)), None, "the server's to say");
        let call = pb::SendCallSignal { session_id: "s".into(), action: 7, ..Default::default() };
        assert_eq!(read(Frame::CallSignal(call)), None);
        let auth = pb::Auth { presence: 77, roles: vec!["r".into(); 500], ..Default::default() };
        let Some(ClientFrame::Auth(auth)) = read(Frame::Auth(auth)) else { panic!() };
        assert_eq!(auth.presence, PresenceWish::Nobody);
        let roles = pb::Auth { presence: 3, roles: vec!["R".into(); 500], ..Default::default() };
        let Some(ClientFrame::Auth(auth)) = read(Frame::Auth(roles)) else { panic!() };
        assert_eq!(auth.presence, PresenceWish::Roles(vec!["r".to_owned(); 100]));
        assert_ne!(auth.left_off.token, NO_TOKEN, "nothing was asked for");
    }
}

fn person(uid: &str) -> User {
    User {
        uid: uid.into(),
        name: format!("{uid} Miller"),
        avatar: format!("https://files.example.com/avatars/{uid}.png"),
        created_at_ms: 1_760_000_000_000,
        updated_at_ms: 1_760_000_500_000,
        last_active_at_ms: 1_760_000_900_000,
        ..Default::default()
    }
}

/// A message in a group as it is in life.
fn usual_message() -> Message {
    let group = Group {
        guid: "engineering".into(),
        name: "Engineering".into(),
        owner: "ann".into(),
        members_count: 120,
        created_at_ms: 1_760_000_000_000,
        ..Default::default()
    };
    Message {
        id: 48_213_377,
        muid: "5c1c9a1e-6f0b-4d57-8f26-52a4c1c6f7aa".into(),
        conversation_id: "group_engineering".into(),
        sequence: 90_210,
        sender_uid: "ann".into(),
        receiver_type: 2,
        receiver: "engineering".into(),
        category: 1,
        r#type: "text".into(),
        data_json: r#"{"metadata":{"k":1},"text":"The build is green again, thanks for looking into it."}"#.into(),
        sent_at_ms: 1_760_000_900_000,
        updated_at_ms: 1_760_000_900_000,
        device_id: "WEB-4_0_1-1c2f2b3a-1760000000000".into(),
        sender: Some(person("ann")),
        receiver_entity: Some(ReceiverEntity::ReceiverGroup(group)),
        ..Default::default()
    }
}

fn usual_bodies() -> [Body; 5] {
    let (user, receiver_type, receiver) = (Some(person("bob")), 2, "engineering".to_owned());
    let reaction = Reaction {
        id: 5,
        message_id: 48_213_377,
        reaction: "👍".into(),
        uid: "bob".into(),
        reacted_at_ms: 1_760_000_900_000,
        user: user.clone(),
    };
    [
        Body::MessageSent(MessageSent { message: Some(usual_message()) }),
        Body::ReceiptChanged(ReceiptChanged {
            kind: 2,
            receiver_type,
            receiver: receiver.clone(),
            user: user.clone(),
            message_id: 48_213_377,
            ..Default::default()
        }),
        Body::TypingChanged(TypingChanged {
            user: user.clone(),
            receiver_type,
            receiver: receiver.clone(),
            started: true,
            metadata_json: String::new(),
        }),
        Body::ReactionChanged(ReactionChanged {
            added: true,
            reaction: Some(reaction),
            receiver_type,
            receiver,
            conversation_id: "group_engineering".into(),
            count: 3,
            ..Default::default()
        }),
        Body::PresenceChanged(PresenceChanged { user, online: true }),
    ]
}

fn usual_events() -> impl Iterator<Item = Event> {
    usual_bodies().into_iter().map(|body| Event {
        app_id: "2643f8a9b1c2d3e4".into(),
        origin_device_id: "WEB-4_0_1-1c2f2b3a-1760000000000".into(),
        occurred_at_ms: 1_760_000_900_000,
        body: Some(body),
        ..Default::default()
    })
}

fn size(event: &Event, variant: Variant) -> usize {
    encode(event, Wanted::only(variant)).expect("frames").of(variant).expect("a frame").len()
}

#[test]
fn binary_frames_are_the_smaller_ones() {
    for event in usual_events() {
        let (json, binary) = (size(&event, Variant::Positions), size(&event, Variant::Binary));
        assert!(binary * 10 < json * 7, "{binary} of {json}: {event:?}");
    }
}

/// `cargo test --release -p halley-realtime-gateway what_a_frame_costs -- --ignored --nocapture`
#[test]
#[ignore = "prints figures and checks nothing"]
fn what_a_frame_costs() {
    const ROUNDS: u32 = 20_000;
    for event in usual_events() {
        let kind = in_form(&event, Variant::Binary).expect("a frame")["type"].clone();
        for variant in [Variant::Positions, Variant::Binary] {
            let begun = std::time::Instant::now();
            for _ in 0..ROUNDS {
                std::hint::black_box(size(std::hint::black_box(&event), variant));
            }
            println!("{kind} {variant:?}: {} bytes, {:?}", size(&event, variant), begun.elapsed() / ROUNDS);
        }
    }
}
