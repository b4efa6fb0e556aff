use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use futures::StreamExt;
use halley_client::{
    Background, Backoff, ChatEvent, ConnectionMode, ConnectionState, EventStream, HalleyChat, LoginWith, LogoutReason,
    Receiver, SettingsBuilder,
};
use serde_json::json;

use crate::fake::Fake;
use crate::{soon, user};

fn settings(fake: &Fake) -> SettingsBuilder {
    let backoff = Backoff { first: Duration::from_millis(10), max: Duration::from_millis(50) };
    SettingsBuilder::new(&fake.rest(), "app").socket_url(&fake.websocket()).backoff(backoff)
}

async fn login(builder: SettingsBuilder, uid: &str) -> (HalleyChat, EventStream) {
    let token = format!("token-{uid}");
    HalleyChat::login(builder.build().unwrap(), LoginWith::auth_token(&token)).await.unwrap()
}

async fn next(events: &mut EventStream) -> ChatEvent {
    soon(events.next()).await.expect("the stream goes on")
}

async fn resumed(events: &mut EventStream) -> bool {
    loop {
        if let ChatEvent::Resumed { refetch, .. } = next(events).await {
            return refetch;
        }
    }
}

async fn text(events: &mut EventStream) -> String {
    loop {
        if let ChatEvent::Message(message) = next(events).await {
            return message.text.clone().unwrap_or_default();
        }
    }
}

#[tokio::test]
async fn a_login_opens_the_socket_and_every_stream_hears_all() {
    let fake = Fake::start().await;
    let (ann, mut events) = login(settings(&fake), "ann").await;
    let mut other = ann.events();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let writer = Arc::clone(&heard);
    ann.add_listener("first", |_| panic!("it is replaced"));
    ann.add_listener("first", move |event| {
        if let ChatEvent::Message(message) = event {
            writer.lock().unwrap().push(message.text.clone().unwrap());
        }
    });
    assert!(matches!(next(&mut events).await, ChatEvent::Connection(ConnectionState::Connecting)));
    assert!(matches!(next(&mut events).await, ChatEvent::Connection(ConnectionState::Connected)));
    assert!(resumed(&mut events).await, "what was fetched before may be older");
    let bob = user(&fake, "bob");
    bob.send_message(&Receiver::user("ann"), "hi", "m1").await.unwrap();
    assert_eq!((text(&mut events).await, text(&mut other).await), ("hi".into(), "hi".into()));
    assert_eq!(*heard.lock().unwrap(), ["hi"]);
    ann.remove_listener("first");
    // The message is reported as delivered, once, after a moment.
    let delivered = async {
        loop {
            let mut receipts = fake.frames().into_iter().filter(|frame| frame["type"] == "receipts");
            if let Some(receipt) = receipts.next_back() {
                return receipt;
            }
            tokio::task::yield_now().await;
        }
    };
    let receipt = soon(delivered).await;
    assert_eq!((&receipt["body"]["action"], &receipt["receiver"]), (&json!("delivered"), &json!("bob")));
    soon(ann.close()).await;
    while let Some(event) = soon(events.next()).await {
        assert!(matches!(event, ChatEvent::Connection(ConnectionState::Disconnected)), "{event:?}");
    }
    assert!(soon(ann.events().next()).await.is_none());
    assert_eq!(*heard.lock().unwrap(), ["hi"]);
}

#[tokio::test]
async fn a_manual_connection_is_opened_and_closed_by_hand_and_resumes() {
    let fake = Fake::start().await;
    let (ann, mut events) = login(settings(&fake).connection(ConnectionMode::Manual), "ann").await;
    assert_eq!(ann.connection(), ConnectionState::Disconnected);
    ann.messages().send_text(&Receiver::user("bob"), "over HTTP").await.unwrap();
    assert!(!ann.start_typing(&Receiver::user("bob"), None).await, "there is no socket");
    ann.connect();
    assert!(resumed(&mut events).await);
    soon(ann.disconnect()).await;
    assert_eq!(ann.connection(), ConnectionState::Disconnected);
    user(&fake, "bob").send_message(&Receiver::user("ann"), "there?", "m1").await.unwrap();
    ann.connect();
    assert_eq!(text(&mut events).await, "there?");
    assert!(!resumed(&mut events).await);
    ann.disconnect().await;
    soon(ann.disconnect()).await;
}

#[tokio::test]
async fn in_the_background_the_socket_stays_as_long_as_it_is_pinged() {
    let fake = Fake::start().await;
    let builder = settings(&fake).background(Background::Close).background_grace(Duration::from_millis(400));
    let (ann, mut events) = login(builder, "ann").await;
    resumed(&mut events).await;
    ann.enter_background();
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        ann.ping();
    }
    assert_eq!(ann.connection(), ConnectionState::Connected);
    assert!(matches!(next(&mut events).await, ChatEvent::Connection(ConnectionState::Disconnected)));
    ann.ping();
    ann.enter_foreground();
    assert!(!resumed(&mut events).await);
}

#[tokio::test]
async fn a_dead_token_ends_the_login() {
    let fake = Fake::start().await;
    let (ann, mut events) = login(settings(&fake), "ann").await;
    resumed(&mut events).await;
    fake.state.refuse_sockets.store(true, SeqCst);
    fake.state.dead_tokens.store(true, SeqCst);
    fake.cut();
    loop {
        match next(&mut events).await {
            ChatEvent::Logout(reason) => break assert_eq!(reason, LogoutReason::TokenRevoked),
            ChatEvent::Connection(_) => {}
            other => panic!("{other:?}"),
        }
    }
    while soon(events.next()).await.is_some() {}
    soon(ann.disconnect()).await;
}

#[tokio::test]
async fn a_user_may_log_in_with_the_apps_key() {
    let fake = Fake::start().await;
    let with = LoginWith::auth_key("ann", "key");
    let (ann, _) = HalleyChat::login(settings(&fake).build().unwrap(), with).await.unwrap();
    assert_eq!((ann.uid(), ann.user().uid.as_str()), ("ann", "ann"));
    let wrong = HalleyChat::login(settings(&fake).build().unwrap(), LoginWith::auth_key("ann", "wrong")).await;
    assert!(wrong.err().unwrap().is_credential_dead());
}

#[tokio::test]
async fn a_stream_that_is_not_read_is_told_what_it_lost() {
    let fake = Fake::start().await;
    let (ann, mut events) = login(settings(&fake), "ann").await;
    let mut lazy = ann.events();
    resumed(&mut events).await;
    let note = json!({"type": "transient_message", "receiver": "ann", "receiverType": "user",
        "body": {"data": 1, "user": {"uid": "bob"}}});
    for _ in 0..1100 {
        fake.push(&note);
        next(&mut events).await;
    }
    assert!(matches!(next(&mut lazy).await, ChatEvent::Lost { events } if events >= 76));
    assert!(matches!(next(&mut lazy).await, ChatEvent::Transient(_)));
}

#[tokio::test]
async fn a_socket_that_is_closed_and_wanted_again_at_once_is_closed_first() {
    let fake = Fake::start().await;
    let (ann, mut events) = login(settings(&fake), "ann").await;
    resumed(&mut events).await;
    for _ in 0..20 {
        tokio::join!(soon(ann.disconnect()), async { ann.connect() });
        assert!(!resumed(&mut events).await);
    }
}

#[tokio::test]
async fn a_listener_that_panics_keeps_nobody_from_hearing() {
    let fake = Fake::start().await;
    let (ann, mut events) = login(settings(&fake), "ann").await;
    ann.add_listener("bad", |_| panic!("of a test"));
    resumed(&mut events).await;
    user(&fake, "bob").send_message(&Receiver::user("ann"), "hi", "m1").await.unwrap();
    assert_eq!(text(&mut events).await, "hi");
}

#[tokio::test]
async fn nothing_secret_is_shown() {
    let fake = Fake::start().await;
    let (ann, _) = login(settings(&fake), "ann").await;
    let shown = format!("{:?} {:?}", ann.user(), ann.api());
    assert!(!shown.contains("jwt-ann") && !shown.contains("token-ann"), "{shown}");
}
