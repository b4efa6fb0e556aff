use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use futures::StreamExt;
use halley_client::{
    Backoff, ChatEvent, ClientError, ConnectionMode, DirectoryStorage, Draft, EventStream, HalleyChat, LoginWith,
    MemoryStorage, OutgoingState, Receiver, SettingsBuilder, Storage,
};
use proptest::prelude::*;

use crate::fake::{Fake, Fault};
use crate::soon;

fn settings(fake: &Fake) -> SettingsBuilder {
    let backoff = Backoff { first: Duration::from_millis(1), max: Duration::from_millis(5) };
    SettingsBuilder::new(&fake.rest(), "app").socket_url(&fake.websocket()).backoff(backoff)
}

async fn login(builder: SettingsBuilder) -> (HalleyChat, EventStream) {
    HalleyChat::login(builder.build().unwrap(), LoginWith::auth_token("token-ann")).await.unwrap()
}

async fn by_hand(fake: &Fake) -> (HalleyChat, EventStream) {
    login(settings(fake).connection(ConnectionMode::Manual)).await
}

/// The next news of a message on its way: its text, and a word.
async fn news(events: &mut EventStream) -> String {
    loop {
        let ChatEvent::Outgoing(told) = soon(events.next()).await.expect("the stream goes on") else { continue };
        let state = match told.state {
            OutgoingState::Pending { .. } => "pending",
            OutgoingState::Sent => "sent",
            OutgoingState::Failed(_) => "failed",
            OutgoingState::Discarded => "discarded",
        };
        return format!("{} {state}", told.message.text.unwrap_or_default());
    }
}

fn bob() -> Receiver {
    Receiver::user("bob")
}

#[tokio::test]
async fn what_is_sent_while_the_server_is_away_waits_and_keeps_its_order() {
    let fake = Fake::start().await;
    let (ann, mut events) = by_hand(&fake).await;
    fake.state.away.store(true, SeqCst);
    let mut queued = Vec::new();
    for text in ["a", "b", "c"] {
        queued.push(ann.messages().queue(Draft::text(&bob(), text)).await.unwrap());
        assert_eq!(news(&mut events).await, format!("{text} pending"));
    }
    let waiting = ann.messages().outgoing();
    assert_eq!(waiting.iter().map(|told| told.message.text.clone().unwrap()).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!((waiting[0].message.id, waiting[0].message.sender.as_str()), (0, "ann"));
    fake.state.away.store(false, SeqCst);
    for (queued, text) in queued.into_iter().zip(["a", "b", "c"]) {
        let muid = queued.muid().to_owned();
        let stored = soon(queued.stored()).await.unwrap();
        assert_eq!((stored.text.as_deref(), stored.muid), (Some(text), Some(muid)));
        assert_eq!(news(&mut events).await, format!("{text} sent"));
    }
    assert_eq!(fake.texts_to("bob"), ["a", "b", "c"]);
    assert!(ann.messages().outgoing().is_empty());
}

#[tokio::test]
async fn a_busy_server_is_tried_again_after_its_time_with_the_same_muid() {
    let fake = Fake::start().await;
    let (ann, _) = by_hand(&fake).await;
    fake.state.retry_after.store(1, SeqCst);
    fake.state.faults.lock().unwrap().push_back(Fault::Busy);
    let begin = Instant::now();
    soon(ann.messages().send_text(&bob(), "a")).await.unwrap();
    assert!(begin.elapsed() >= Duration::from_secs(1), "{:?}", begin.elapsed());
    let arrived = fake.state.arrived.lock().unwrap().clone();
    assert_eq!((arrived.len(), &arrived[0]), (2, &arrived[1]));
    // Reads, too, unless the wait is too long.
    fake.state.failing_histories.store(1, SeqCst);
    let begin = Instant::now();
    assert_eq!(soon(ann.messages().list_with(&bob()).previous_page()).await.unwrap().len(), 1);
    assert!(begin.elapsed() >= Duration::from_secs(1), "{:?}", begin.elapsed());
    fake.state.retry_after.store(6, SeqCst);
    fake.state.failing_histories.store(1, SeqCst);
    let error = ann.messages().list_with(&bob()).previous_page().await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(6)));
}

#[tokio::test]
async fn a_server_that_always_fails_is_given_up_and_holds_nothing_up() {
    let fake = Fake::start().await;
    let (ann, mut events) = by_hand(&fake).await;
    fake.state.faults.lock().unwrap().extend([Fault::Broken; 10]);
    let messages = ann.messages();
    let given_up = messages.queue(Draft::text(&bob(), "a")).await.unwrap();
    let other = messages.queue(Draft::text(&bob(), "b")).await.unwrap();
    let muid = given_up.muid().to_owned();
    let error = soon(given_up.stored()).await.unwrap_err();
    assert!(matches!(&error, ClientError::GivenUp { tries: 10, .. }) && error.code() == Some("ERR_LATER"), "{error}");
    soon(other.stored()).await.unwrap();
    assert!(matches!(&messages.outgoing()[0].state, OutgoingState::Failed(ClientError::GivenUp { .. })));
    soon(messages.retry(&muid).await.unwrap().unwrap().stored()).await.unwrap();
    assert_eq!(fake.texts_to("bob"), ["b", "a"]);
    let expected = ["a pending", "b pending", "a failed", "b sent", "a pending", "a sent"];
    for word in expected {
        assert_eq!(news(&mut events).await, word);
    }
    assert!(messages.retry(&muid).await.is_none() && messages.outgoing().is_empty());
}

#[tokio::test]
async fn a_refusal_is_told_at_once_and_what_failed_is_sent_again_or_thrown_away() {
    let fake = Fake::start().await;
    let (ann, mut events) = by_hand(&fake).await;
    let messages = ann.messages();
    let draft = Draft::text(&Receiver::user("stranger"), "x");
    let error = soon(messages.send(draft.clone())).await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), (Some("ERR_UID_NOT_FOUND"), false));
    assert_eq!(messages.outgoing().len(), 1);
    assert_eq!(soon(messages.send(draft.clone())).await.unwrap_err().code(), Some("ERR_UID_NOT_FOUND"));
    assert!(messages.discard(draft.id()).await && !messages.discard(draft.id()).await);
    assert!(messages.outgoing().is_empty());
    for word in ["x pending", "x failed", "x pending", "x failed", "x discarded"] {
        assert_eq!(news(&mut events).await, word);
    }
}

#[tokio::test]
async fn what_waits_can_be_taken_back() {
    let fake = Fake::start().await;
    let (ann, _) = login(
        settings(&fake)
            .connection(ConnectionMode::Manual)
            .backoff(Backoff { first: Duration::from_secs(60), max: Duration::from_secs(60) }),
    )
    .await;
    fake.state.away.store(true, SeqCst);
    let messages = ann.messages();
    let first = messages.queue(Draft::text(&bob(), "a")).await.unwrap();
    let second = messages.queue(Draft::text(&bob(), "b")).await.unwrap();
    assert!(messages.discard(second.muid()).await);
    // The first is being sent at times.
    soon(async {
        while !messages.discard(first.muid()).await {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(matches!(soon(first.stored()).await, Err(ClientError::Cancelled)));
    assert!(matches!(soon(second.stored()).await, Err(ClientError::Cancelled)));
    fake.state.away.store(false, SeqCst);
    soon(messages.send_text(&bob(), "c")).await.unwrap();
    assert_eq!(fake.texts_to("bob"), ["c"]);
}

#[tokio::test]
async fn a_draft_that_is_under_way_is_not_queued_twice() {
    let fake = Fake::start().await;
    let (ann, _) = by_hand(&fake).await;
    fake.state.away.store(true, SeqCst);
    let draft = Draft::text(&bob(), "a");
    let queued = ann.messages().queue(draft.clone()).await.unwrap();
    let again = ann.messages().queue(draft).await.unwrap();
    assert_eq!(ann.messages().outgoing().len(), 1);
    fake.state.away.store(false, SeqCst);
    assert_eq!(soon(queued.stored()).await.unwrap().id, soon(again.stored()).await.unwrap().id);
}

#[tokio::test]
async fn what_was_not_sent_outlives_the_program_in_its_order() {
    let fake = Fake::start().await;
    let directory = tempfile::tempdir().unwrap();
    let open = || async {
        // The tasks of a client that is dropped end a moment later.
        let free = async {
            loop {
                match DirectoryStorage::open(directory.path().join("kept")).await {
                    Ok(storage) => return storage,
                    Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
                }
            }
        };
        let storage = soon(free).await;
        login(settings(&fake).connection(ConnectionMode::Manual).storage(Arc::new(storage))).await
    };
    let (first, _) = open().await;
    let refused = Draft::text(&Receiver::user("stranger"), "refused");
    soon(first.messages().send(refused.clone())).await.unwrap_err();
    fake.state.away.store(true, SeqCst);
    for text in ["a", "b", "c"] {
        first.messages().queue(Draft::text(&bob(), text)).await.unwrap();
    }
    first.close().await;
    let late = first.messages().queue(Draft::text(&bob(), "d")).await;
    assert!(matches!(late, Err(ClientError::LoggedOut)));
    drop(first);
    fake.state.away.store(false, SeqCst);
    let (second, mut events) = open().await;
    let mut told = Vec::new();
    while told.iter().filter(|word: &&String| word.ends_with("sent")).count() < 3 {
        told.push(news(&mut events).await);
    }
    let sent: Vec<&str> = told.iter().filter(|word| word.ends_with("sent")).map(String::as_str).collect();
    assert_eq!(sent, ["a sent", "b sent", "c sent"]);
    assert_eq!(fake.texts_to("bob"), ["a", "b", "c"]);
    let failed = second.messages().outgoing();
    assert_eq!(failed.len(), 1);
    let OutgoingState::Failed(error) = &failed[0].state else { panic!("{failed:?}") };
    assert_eq!(error.code(), Some("ERR_UID_NOT_FOUND"));
    assert!(second.messages().discard(refused.id()).await);
    second.close().await;
    drop((second, events));
    assert!(open().await.0.messages().outgoing().is_empty());
}

#[tokio::test]
async fn a_logout_forgets_what_was_not_sent_and_is_told_last() {
    let fake = Fake::start().await;
    let storage = Arc::new(MemoryStorage::new());
    let (ann, mut events) = login(settings(&fake).storage(storage.clone())).await;
    fake.state.away.store(true, SeqCst);
    fake.cut();
    let queued = ann.messages().queue(Draft::text(&bob(), "a")).await.unwrap();
    assert_eq!(storage.keys("halley:app:outbox:ann:").await.unwrap().len(), 1);
    soon(ann.logout()).await.unwrap();
    assert!(storage.keys("").await.unwrap().is_empty());
    assert!(matches!(soon(queued.stored()).await, Err(ClientError::LoggedOut)));
    let mut last = None;
    while let Some(event) = soon(events.next()).await {
        last = Some(event);
    }
    assert!(matches!(last, Some(ChatEvent::Logout(halley_client::LogoutReason::Asked))), "{last:?}");
}

#[tokio::test]
async fn what_a_dead_token_can_not_send_waits_for_another_login() {
    let fake = Fake::start().await;
    let storage = Arc::new(MemoryStorage::new());
    let open = || login(settings(&fake).connection(ConnectionMode::Manual).storage(storage.clone()));
    let (ann, mut events) = open().await;
    fake.state.dead_tokens.store(true, SeqCst);
    let error = soon(ann.messages().send_text(&bob(), "a")).await.unwrap_err();
    assert!(error.is_credential_dead());
    let mut last = None;
    while let Some(event) = soon(events.next()).await {
        last = Some(event);
    }
    assert!(matches!(last, Some(ChatEvent::Logout(halley_client::LogoutReason::TokenRevoked))), "{last:?}");
    ann.close().await;
    fake.state.dead_tokens.store(false, SeqCst);
    let (again, _) = open().await;
    soon(async {
        while !again.messages().outgoing().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(fake.texts_to("bob"), ["a"]);
}

/// Messages to some people, what becomes of their tries, and when the program crashes.
#[derive(Clone, Debug)]
struct Plan {
    to: Vec<&'static str>,
    faults: Vec<Fault>,
    has_socket: bool,
    /// After so many messages are stored.
    crash_at: Option<usize>,
}

fn plan() -> impl Strategy<Value = Plan> {
    let fault = prop_oneof![Just(Fault::Busy), Just(Fault::Broken), Just(Fault::Lost), Just(Fault::AnswerLost)];
    let to = prop::collection::vec(prop_oneof![Just("bob"), Just("cy"), Just("di")], 1..12);
    // Fewer than what a message is given up after.
    (to, prop::collection::vec(fault, 0..10), any::<bool>(), prop::option::of(0..6_usize))
        .prop_map(|(to, faults, has_socket, crash_at)| Plan { to, faults, has_socket, crash_at })
}

/// What a storage has at a moment, as a program that ends then leaves it.
async fn copied(storage: &MemoryStorage) -> Arc<MemoryStorage> {
    let copy = Arc::new(MemoryStorage::new());
    for key in storage.keys("").await.unwrap() {
        if let Some(value) = storage.get(&key).await.unwrap() {
            copy.set(&key, value).await.unwrap();
        }
    }
    copy
}

async fn nothing_is_lost(plan: Plan) {
    let fake = Fake::start().await;
    fake.state.faults.lock().unwrap().extend(plan.faults);
    let mode = if plan.has_socket { ConnectionMode::Auto } else { ConnectionMode::Manual };
    let open = |storage: Arc<MemoryStorage>| login(settings(&fake).connection(mode).storage(storage));
    let storage = Arc::new(MemoryStorage::new());
    let (mut ann, _) = open(storage.clone()).await;
    for (n, to) in plan.to.iter().enumerate() {
        ann.messages().queue(Draft::text(&Receiver::user(to), &n.to_string())).await.unwrap();
    }
    let stored = || ["bob", "cy", "di"].iter().map(|uid| fake.texts_to(uid).len()).sum::<usize>();
    if let Some(count) = plan.crash_at {
        while stored() < count.min(plan.to.len()) {
            tokio::task::yield_now().await;
        }
        let left = copied(&storage).await;
        drop(ann);
        ann = open(left).await.0;
    }
    while !ann.messages().outgoing().is_empty() {
        tokio::task::yield_now().await;
    }
    for uid in ["bob", "cy", "di"] {
        let expected: Vec<String> =
            plan.to.iter().enumerate().filter(|(_, to)| **to == uid).map(|(n, _)| n.to_string()).collect();
        assert_eq!(fake.texts_to(uid), expected, "to {uid}");
    }
    ann.close().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_fails_each_message_is_stored_once_and_in_its_conversations_order(plan in plan()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(soon(nothing_is_lost(plan)));
    }
}
