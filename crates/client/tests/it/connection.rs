use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use halley_client::{
    ApiClient, ClientError, Connection, Event, Message, Outgoing, PresenceSubscription, ReceiptAction, Receiver,
    Socket, SocketOptions, Timings,
};
use serde_json::json;

use crate::fake::Fake;
use crate::{soon, user};

async fn options(api: &ApiClient) -> SocketOptions {
    let login = api.login().await.unwrap();
    let mut options = api.socket_options(&login).unwrap();
    options.presence = PresenceSubscription::AllUsers;
    options
}

async fn open(api: &ApiClient) -> Socket {
    Socket::connect(options(api).await).await.unwrap()
}

async fn message(socket: &mut Socket) -> Message {
    match soon(socket.next()).await {
        Some(Event::Message(message)) => *message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_message_reaches_the_receiver_and_the_senders_other_device_only() {
    let fake = Fake::start().await;
    let (ann, ann_elsewhere, bob) = (user(&fake, "ann"), user(&fake, "ann"), user(&fake, "bob"));
    let (mut here, mut elsewhere, mut receiver) = (open(&ann).await, open(&ann_elsewhere).await, open(&bob).await);
    ann.send_message(&Receiver::user("bob"), "hi", "m1").await.unwrap();
    bob.send_message(&Receiver::user("ann"), "ho", "m2").await.unwrap();
    assert_eq!(message(&mut receiver).await.text.as_deref(), Some("hi"));
    assert_eq!(message(&mut elsewhere).await.text.as_deref(), Some("hi"));
    assert_eq!(message(&mut here).await.text.as_deref(), Some("ho"));
}

#[tokio::test]
async fn own_frames_are_kept_on_demand() {
    let fake = Fake::start().await;
    let ann = user(&fake, "ann");
    let mut options = options(&ann).await;
    options.keep_own = true;
    let mut socket = Socket::connect(options).await.unwrap();
    ann.send_message(&Receiver::user("bob"), "hi", "m1").await.unwrap();
    assert_eq!(message(&mut socket).await.muid.as_deref(), Some("m1"));
}

#[tokio::test]
async fn positions_come_only_when_asked_for() {
    let fake = Fake::start().await;
    let (ann, bob) = (user(&fake, "ann"), user(&fake, "bob"));
    let mut plain = open(&bob).await;
    let mut with_sequence = options(&bob).await;
    with_sequence.with_sequence = true;
    let mut asking = Socket::connect(with_sequence).await.unwrap();
    let first = soon(asking.next()).await;
    assert!(matches!(&first, Some(Event::Other(frame)) if frame["type"] == "resumed"), "{first:?}");
    ann.send_message(&Receiver::user("bob"), "hi", "m1").await.unwrap();
    assert_eq!(message(&mut plain).await.sequence, None);
    assert_eq!(message(&mut asking).await.sequence, Some(1));
}

#[tokio::test]
async fn typing_receipts_and_transient_messages_go_up_as_the_protocol_says() {
    let fake = Fake::start().await;
    let ann = user(&fake, "ann");
    let socket = open(&ann).await;
    let bob = Receiver::user("bob");
    socket.send(Outgoing::Typing { receiver: bob.clone(), started: true, metadata: None }).await.unwrap();
    let receipt = Outgoing::Receipt {
        receiver: bob.clone(),
        action: ReceiptAction::Read,
        message_id: 7,
        message_sender: "bob".into(),
    };
    socket.send(receipt).await.unwrap();
    socket.send(Outgoing::Transient { receiver: Receiver::group("g"), data: json!({"k": 1}) }).await.unwrap();
    let frames = soon(async {
        loop {
            let frames = fake.frames();
            if frames.len() == 3 {
                return frames;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    let outer = json!({"appId": "app", "sender": "ann", "deviceId": ann.resource()});
    for frame in &frames {
        for (key, value) in outer.as_object().unwrap() {
            assert_eq!(frame[key], *value);
        }
    }
    assert_eq!(frames[0]["type"], "typing_indicator");
    assert_eq!((&frames[0]["receiver"], &frames[0]["receiverType"]), (&json!("bob"), &json!("user")));
    assert_eq!(frames[0]["body"], json!({"action": "started", "user": {"uid": "ann"}}));
    assert_eq!((&frames[1]["type"], &frames[1]["messageSender"]), (&json!("receipts"), &json!("bob")));
    assert_eq!(frames[1]["body"], json!({"action": "read", "messageId": "7", "user": {"uid": "ann"}}));
    assert_eq!((&frames[2]["type"], &frames[2]["receiverType"]), (&json!("transient_message"), &json!("group")));
    assert_eq!(frames[2]["body"]["data"], json!({"k": 1}));
    socket.close().await;
}

#[tokio::test]
async fn the_keepalive_keeps_an_answered_socket_and_ends_an_unanswered_one() {
    let fake = Fake::start().await;
    let mut options = options(&user(&fake, "ann")).await;
    options.timings = Timings {
        ping_every: Duration::from_millis(30),
        pong_within: Duration::from_millis(2000),
        ..Timings::default()
    };
    let mut quick = options.clone();
    quick.timings.pong_within = Duration::from_millis(200);
    let mut socket = Socket::connect(options).await.unwrap();
    soon(async {
        while fake.state.pings.load(SeqCst) < 3 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    fake.push(&json!({"type": "reaction", "body": {"action": "message_reaction_added"}}));
    assert!(matches!(soon(socket.next()).await, Some(Event::Other(_))));

    fake.state.mute.store(true, SeqCst);
    let mut socket = Socket::connect(quick).await.unwrap();
    let Some(Event::Closed { code, reason }) = soon(socket.next()).await else { panic!() };
    assert_eq!((code, reason.as_str()), (1006, "no pong in time"));
    assert!(soon(socket.next()).await.is_none());
}

#[tokio::test]
async fn the_servers_close_code_and_a_cut_are_told_apart() {
    let fake = Fake::start().await;
    let ann = user(&fake, "ann");
    let mut socket = open(&ann).await;
    fake.close(4003, "slow down");
    let Some(Event::Closed { code, reason }) = soon(socket.next()).await else { panic!() };
    assert_eq!((code, reason.as_str()), (4003, "slow down"));
    assert!(soon(socket.next()).await.is_none());
    let mut socket = open(&ann).await;
    fake.cut();
    let Some(Event::Closed { code, .. }) = soon(socket.next()).await else { panic!() };
    assert_eq!(code, 1006);
}

#[tokio::test]
async fn a_refused_socket_is_an_error_with_the_servers_code() {
    let fake = Fake::start().await;
    fake.state.refuse_sockets.store(true, SeqCst);
    let options = options(&user(&fake, "ann")).await;
    let error = soon(Connection::connect(options)).await.err().unwrap();
    assert!(matches!(error, ClientError::Closed { code: 4101, ref reason } if reason == "not you"), "{error}");
}

#[tokio::test]
async fn a_server_that_never_answers_the_auth_frame_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let fake = Fake::start().await;
    let mut options = options(&user(&fake, "ann")).await;
    options.url = format!("ws://{}", listener.local_addr().unwrap());
    options.timings.connect = Duration::from_millis(50);
    assert!(matches!(soon(Connection::connect(options)).await, Err(ClientError::Transport(_))));
}
