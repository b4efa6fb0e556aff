use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use halley_client::{Backoff, ClientError, Message, Receiver, Session, SessionEvent, SessionOptions};
use serde_json::Value;

use crate::fake::Fake;
use crate::{server, soon, user};

fn quick() -> SessionOptions {
    let backoff = Backoff { first: Duration::from_millis(10), max: Duration::from_millis(50) };
    SessionOptions { backoff, ..SessionOptions::default() }
}

async fn next(session: &mut Session) -> SessionEvent {
    soon(session.next()).await.expect("the session ended")
}

async fn message(session: &mut Session) -> Message {
    match next(session).await {
        SessionEvent::Message(message) => *message,
        other => panic!("{other:?}"),
    }
}

async fn resumed(session: &mut Session) -> usize {
    match next(session).await {
        SessionEvent::Resumed { missed, .. } => missed,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_was_missed_comes_once_and_in_order_after_a_cut() {
    what_was_missed_comes_once(false).await;
}

#[tokio::test]
async fn what_a_server_does_not_tell_is_fetched() {
    what_was_missed_comes_once(true).await;
}

async fn what_was_missed_comes_once(refetch: bool) {
    let fake = Fake::start().await;
    fake.state.refetch.store(refetch, SeqCst);
    let ann = user(&fake, "ann");
    let to_bob = Receiver::user("bob");
    ann.send_message(&to_bob, "old", "m0").await.unwrap();
    let mut bob = Session::start(user(&fake, "bob"), quick()).await.unwrap();
    assert_eq!(resumed(&mut bob).await, 0);
    ann.send_message(&to_bob, "live", "m1").await.unwrap();
    assert_eq!(message(&mut bob).await.text.as_deref(), Some("live"));

    // Nothing is delivered live; the break itself hides these.
    fake.state.skip_live.store(u32::MAX, SeqCst);
    for n in 0..250 {
        ann.send_message(&to_bob, "missed", &format!("x{n}")).await.unwrap();
    }
    let cy = user(&fake, "cy");
    cy.send_message(&to_bob, "a new conversation", "c0").await.unwrap();
    fake.state.skip_live.store(0, SeqCst);
    fake.cut();
    assert!(matches!(next(&mut bob).await, SessionEvent::Disconnected { code: 1006, .. }));
    let mut from_ann = Vec::new();
    let mut from_cy = 0;
    let missed = loop {
        match next(&mut bob).await {
            SessionEvent::Message(message) if message.sender == "ann" => from_ann.push(message.id),
            SessionEvent::Message(_) => from_cy += 1,
            SessionEvent::Resumed { missed, refetch: told, .. } => {
                assert_eq!(told, refetch);
                break missed;
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((missed, from_cy), (251, 1));
    assert_eq!(from_ann, (3..=252).collect::<Vec<_>>());
    ann.send_message(&to_bob, "live again", "m2").await.unwrap();
    assert_eq!(message(&mut bob).await.text.as_deref(), Some("live again"));
    let resumes = fake.resumes();
    assert_eq!((&resumes[0], &resumes[1]["positions"]["ann_user_bob"]), (&Value::Null, &Value::from(2)));
    bob.close().await;
}

#[tokio::test]
async fn a_message_delivered_twice_is_yielded_once() {
    let fake = Fake::start().await;
    fake.state.twice.store(true, SeqCst);
    let ann = user(&fake, "ann");
    let mut bob = Session::start(user(&fake, "bob"), quick()).await.unwrap();
    resumed(&mut bob).await;
    for n in 1..=20 {
        ann.send_message(&Receiver::user("bob"), "x", &format!("m{n}")).await.unwrap();
        assert_eq!(message(&mut bob).await.id, n);
    }
}

#[tokio::test]
async fn a_gap_in_the_live_feed_is_filled_without_a_break() {
    let fake = Fake::start().await;
    let ann = user(&fake, "ann");
    let to_bob = Receiver::user("bob");
    let options = quick();
    let mut bob = Session::start(user(&fake, "bob"), options).await.unwrap();
    resumed(&mut bob).await;
    ann.send_message(&to_bob, "x", "m1").await.unwrap();
    assert_eq!(message(&mut bob).await.id, 1);
    fake.state.skip_live.store(3, SeqCst);
    for n in 2..=5 {
        ann.send_message(&to_bob, "x", &format!("m{n}")).await.unwrap();
    }
    for n in 2..=5 {
        assert_eq!(message(&mut bob).await.id, n);
    }
}

#[tokio::test]
async fn a_group_is_resumed_too() {
    let fake = Fake::start().await;
    server(&fake).with_key("key").add_members("g", &["ann".into(), "bob".into()]).await.unwrap();
    let ann = user(&fake, "ann");
    let group = Receiver::group("g");
    let mut bob = Session::start(user(&fake, "bob"), quick()).await.unwrap();
    resumed(&mut bob).await;
    ann.send_message(&group, "x", "m1").await.unwrap();
    assert_eq!(message(&mut bob).await.receiver, group);
    fake.state.skip_live.store(u32::MAX, SeqCst);
    ann.send_message(&group, "y", "m2").await.unwrap();
    fake.state.skip_live.store(0, SeqCst);
    fake.close(1012, "restart");
    assert!(matches!(next(&mut bob).await, SessionEvent::Disconnected { code: 1012, .. }));
    assert_eq!(message(&mut bob).await.text.as_deref(), Some("y"));
    assert_eq!(resumed(&mut bob).await, 1);
}

#[tokio::test]
async fn own_messages_are_left_out_unless_asked_for() {
    let fake = Fake::start().await;
    let bob = user(&fake, "bob");
    let mut quiet = Session::start(bob.clone(), quick()).await.unwrap();
    let keep = SessionOptions { keep_own: true, ..quick() };
    let mut full = Session::start(bob.clone(), keep).await.unwrap();
    resumed(&mut quiet).await;
    resumed(&mut full).await;
    bob.send_message(&Receiver::user("ann"), "mine", "m1").await.unwrap();
    user(&fake, "ann").send_message(&Receiver::user("bob"), "yours", "m2").await.unwrap();
    assert_eq!(message(&mut quiet).await.text.as_deref(), Some("yours"));
    assert_eq!(message(&mut full).await.text.as_deref(), Some("mine"));
}

#[tokio::test]
async fn a_failing_catch_up_is_tried_again_and_loses_nothing() {
    let fake = Fake::start().await;
    let ann = user(&fake, "ann");
    let to_bob = Receiver::user("bob");
    let mut bob = Session::start(user(&fake, "bob"), quick()).await.unwrap();
    resumed(&mut bob).await;
    fake.state.refetch.store(true, SeqCst);
    fake.state.skip_live.store(u32::MAX, SeqCst);
    ann.send_message(&to_bob, "x", "m1").await.unwrap();
    fake.state.skip_live.store(0, SeqCst);
    fake.state.failing_histories.store(2, SeqCst);
    fake.cut();
    let mut breaks = 0;
    let found = loop {
        match next(&mut bob).await {
            SessionEvent::Disconnected { .. } => breaks += 1,
            SessionEvent::Message(message) => break message,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((breaks, found.id), (3, 1));
    assert_eq!(resumed(&mut bob).await, 1);
}

#[tokio::test]
async fn refused_sockets_are_retried_with_a_fresh_login_until_the_token_is_dead() {
    let fake = Fake::start().await;
    let mut bob = Session::start(user(&fake, "bob"), quick()).await.unwrap();
    resumed(&mut bob).await;
    fake.state.refuse_sockets.store(true, SeqCst);
    fake.cut();
    assert!(matches!(next(&mut bob).await, SessionEvent::Disconnected { .. }));
    soon(async {
        while fake.state.logins.load(SeqCst) < 4 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    fake.state.refuse_sockets.store(false, SeqCst);
    assert_eq!(resumed(&mut bob).await, 0);

    fake.state.refuse_sockets.store(true, SeqCst);
    fake.state.dead_tokens.store(true, SeqCst);
    fake.cut();
    assert!(matches!(next(&mut bob).await, SessionEvent::Disconnected { .. }));
    assert!(matches!(next(&mut bob).await, SessionEvent::Ended(_)));
    assert!(soon(bob.next()).await.is_none());
}

#[tokio::test]
async fn a_dead_token_cannot_start_a_session() {
    let fake = Fake::start().await;
    fake.state.dead_tokens.store(true, SeqCst);
    let error = Session::start(user(&fake, "bob"), quick()).await.err().unwrap();
    assert!(matches!(&error, ClientError::Api { .. }) && error.is_credential_dead());
}

#[tokio::test]
async fn a_session_closes_at_once_even_while_the_server_is_away() {
    let fake = Fake::start().await;
    let slow =
        SessionOptions { backoff: Backoff { first: Duration::from_secs(60), max: Duration::from_secs(60) }, ..quick() };
    let mut bob = Session::start(user(&fake, "bob"), slow).await.unwrap();
    resumed(&mut bob).await;
    fake.cut();
    assert!(matches!(next(&mut bob).await, SessionEvent::Disconnected { .. }));
    soon(bob.close()).await;
}

#[tokio::test]
async fn a_server_that_sends_many_away_says_when_to_be_back() {
    let fake = Fake::start().await;
    let mut bob = Session::start(user(&fake, "bob"), quick()).await.unwrap();
    assert_eq!(resumed(&mut bob).await, 0);
    fake.push(&serde_json::json!({"type": "hint", "body": {"action": "reconnect", "delayMs": 3000}}));
    fake.close(1001, "going away");
    assert!(matches!(next(&mut bob).await, SessionEvent::Disconnected { code: 1001, .. }));
    let begun = std::time::Instant::now();
    assert_eq!(resumed(&mut bob).await, 0);
    assert!(begun.elapsed() >= Duration::from_millis(2900), "{:?}", begun.elapsed());
    // Once: the next break is like any other.
    fake.cut();
    assert!(matches!(next(&mut bob).await, SessionEvent::Disconnected { .. }));
    let begun = std::time::Instant::now();
    assert_eq!(resumed(&mut bob).await, 0);
    assert!(begun.elapsed() < Duration::from_millis(2900), "{:?}", begun.elapsed());
}

/// The frames with which a session sent messages.
fn sends(fake: &Fake) -> Vec<Value> {
    fake.frames().into_iter().filter(|frame| frame["type"] == "send").collect()
}

#[tokio::test]
async fn messages_go_over_the_socket_and_are_answered() {
    let fake = Fake::start().await;
    let options = quick();
    let mut ann = Session::start(user(&fake, "ann"), options).await.unwrap();
    resumed(&mut ann).await;
    let (bob, stranger) = (Receiver::user("bob"), Receiver::user("stranger"));
    until_up(&ann, &bob).await;
    let before = sends(&fake).len();
    for n in 1..=40 {
        let sent = soon(ann.send_message(&bob, "hi", &format!("m{n}"))).await.unwrap();
        assert_eq!((sent.muid.as_deref(), sent.sequence), (Some(&*format!("m{n}")), Some(n + 1)));
    }
    assert_eq!(sends(&fake).len(), before + 40);
    let error = soon(ann.send_message(&stranger, "hi", "s")).await.unwrap_err();
    assert!(matches!(&error, ClientError::Api { status: 404, code, .. } if code == "ERR_UID_NOT_FOUND"), "{error}");
    // More than may be under way: they wait for each other.
    let muids: Vec<String> = (0..50).map(|n| format!("x{n}")).collect();
    let all = futures::future::join_all(muids.iter().map(|muid| ann.send_message(&bob, "hi", muid)));
    let all = soon(all).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    // What does not fit in a frame goes over HTTP.
    let before = sends(&fake).len();
    let large = soon(ann.send_message(&bob, &"x".repeat(62_000), "large")).await.unwrap();
    assert_eq!((large.muid.as_deref(), sends(&fake).len()), (Some("large"), before));
    ann.close().await;
}

/// Waits until messages go over the socket: those of the moment before go over HTTP.
async fn until_up(session: &Session, to: &Receiver) {
    let up = async {
        while soon(session.send_message(to, "up", "up")).await.unwrap().sequence.is_none() {
            tokio::task::yield_now().await;
        }
    };
    soon(up).await;
}

#[tokio::test]
async fn what_a_cut_leaves_unanswered_is_sent_again_and_stored_once() {
    let fake = Fake::start().await;
    let options = quick();
    let mut ann = Session::start(user(&fake, "ann"), options).await.unwrap();
    resumed(&mut ann).await;
    let bob = Receiver::user("bob");
    until_up(&ann, &bob).await;
    fake.state.cut_sends.store(2, SeqCst);
    let sent = soon(ann.send_message(&bob, "hi", "m")).await.unwrap();
    assert_eq!((sent.id, sent.sequence), (2, Some(2)));
    let muids: Vec<Value> = sends(&fake).into_iter().map(|frame| frame["body"]["muid"].clone()).collect();
    assert_eq!(muids.iter().filter(|muid| *muid == "m").count(), 3, "twice in vain: {muids:?}");
    ann.close().await;
}

#[tokio::test]
async fn without_a_socket_messages_go_over_http_and_what_was_missed_comes_when_it_is_back() {
    let fake = Fake::start().await;
    let mut ann = Session::start(user(&fake, "ann"), quick()).await.unwrap();
    resumed(&mut ann).await;
    let bob = Receiver::user("bob");
    until_up(&ann, &bob).await;
    ann.disconnect();
    assert!(matches!(next(&mut ann).await, SessionEvent::Disconnected { code: 1000, .. }));
    let before = sends(&fake).len();
    let sent = soon(ann.send_message(&bob, "hi", "m")).await.unwrap();
    assert_eq!((sent.id, sends(&fake).len()), (2, before));
    user(&fake, "bob").send_message(&Receiver::user("ann"), "there?", "b1").await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(200), ann.next()).await.is_err(), "it stays away");
    ann.connect();
    assert_eq!(message(&mut ann).await.text.as_deref(), Some("there?"));
    assert_eq!(resumed(&mut ann).await, 1);
    ann.close().await;
}

#[tokio::test]
async fn who_is_told_to_connect_does_not_wait_for_the_next_try() {
    let fake = Fake::start().await;
    let slow =
        SessionOptions { backoff: Backoff { first: Duration::from_secs(60), max: Duration::from_secs(60) }, ..quick() };
    let mut bob = Session::start(user(&fake, "bob"), slow).await.unwrap();
    resumed(&mut bob).await;
    fake.cut();
    assert!(matches!(next(&mut bob).await, SessionEvent::Disconnected { code: 1006, .. }));
    bob.connect();
    assert_eq!(resumed(&mut bob).await, 0);
    bob.close().await;
}
