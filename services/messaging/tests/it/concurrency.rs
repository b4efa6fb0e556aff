//! Many senders, several instances, one database.

use std::collections::HashSet;

use halley_contracts::messaging::v1 as pb;
use halley_messaging::MessagingConfig;
use halley_model::ErrorCode;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use crate::support::{Api, GROUP, USER, World, assert_dense, to_group, to_user};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sequences_are_dense_whoever_writes() {
    let uids: Vec<String> = (0..8).map(|n| format!("u{n}")).collect();
    let uids: Vec<&str> = uids.iter().map(String::as_str).collect();
    let world = World::new(&uids).await;
    world.groups.add_group("one", &uids);
    world.groups.add_group("two", &uids);
    let (first, second) = (world.start().await, world.start().await);

    let send = async |api: &Api, sender: usize| {
        let mut ids = Vec::new();
        for n in 0..40 {
            let to = match n % 3 {
                0 => to_group("one", "x"),
                1 => to_group("two", "x"),
                _ => to_user(&format!("u{}", (sender + n / 3) % 3), "x"),
            };
            ids.push(api.send(&format!("u{sender}"), to).await.id);
        }
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "one sender's messages keep their order");
        ids
    };
    let senders = (0..16).map(|n| send(if n % 2 == 0 { &first } else { &second }, n / 2));
    let ids: Vec<i64> = futures::future::join_all(senders).await.into_iter().flatten().collect();

    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 640, "an id is given once");
    for guid in ["one", "two"] {
        assert_dense(&first.walk(&first.server(), GROUP, guid, 100).await);
    }
    for (a, b) in [("u0", "u1"), ("u1", "u2"), ("u2", "u7"), ("u0", "u0")] {
        let walked = second.walk(&second.user(a), USER, b, 7).await;
        assert!(!walked.is_empty());
        assert_dense(&walked);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_muid_is_one_message_however_often_and_wherever_it_is_sent() {
    let world = World::new(&["ann", "bob"]).await;
    let instances = [world.start().await, world.start().await];
    let caller = instances[0].user("ann");
    let sends = (0..300).map(|n| {
        let request = pb::SendMessageRequest { muid: format!("m{}", n % 30), ..to_user("bob", &format!("t{n}")) };
        instances[n % 2].send_message(&caller, request)
    });
    let answers = futures::future::join_all(sends).await;

    let mut by_muid: std::collections::HashMap<String, HashSet<i64>> = std::collections::HashMap::new();
    let mut first = 0;
    for answer in answers {
        let answer = answer.unwrap();
        let message = answer.message.unwrap();
        first += usize::from(!answer.repeated_muid);
        by_muid.entry(message.muid).or_default().insert(message.id);
    }
    assert_eq!((by_muid.len(), first), (30, 30));
    assert!(by_muid.values().all(|ids| ids.len() == 1));
    let walked = instances[0].walk(&caller, USER, "bob", 100).await;
    assert_eq!(walked.len(), 30);
    assert_dense(&walked);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_muid_to_two_receivers_at_once_hurts_nobody_else() {
    let world = World::new(&["ann", "bob", "cat", "dan"]).await;
    let instances = [world.start().await, world.start().await];
    let caller = instances[0].user("ann");
    for round in 0..20 {
        let to = |uid: &str| pb::SendMessageRequest { muid: format!("m{round}"), ..to_user(uid, "x") };
        let (a, b, innocent) = tokio::join!(
            instances[0].send_message(&caller, to("bob")),
            instances[1].send_message(&caller, to("cat")),
            instances[1].send_message(&caller, to_user("dan", "innocent")),
        );
        assert_eq!(a.unwrap().message.unwrap().id, b.unwrap().message.unwrap().id);
        innocent.unwrap();
    }
    for uid in ["bob", "cat", "dan"] {
        assert_dense(&instances[0].walk(&caller, USER, uid, 100).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_sends_share_transactions() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    api.send("ann", to_user("bob", "warm")).await;
    let transactions = async || -> i64 {
        sqlx::query_scalar("SELECT count(DISTINCT xmin::text::bigint) FROM messages")
            .fetch_one(&world.pool)
            .await
            .unwrap()
    };
    let before = transactions().await;
    let caller = api.user("ann");
    let sends = (0..400).map(|_| api.send_message(&caller, to_user("bob", "x")));
    // Nobody can be written while this lock is held, so that they come together on a busy machine, too.
    let mut lock = halley_kit::postgres::begin(&world.pool).await.unwrap();
    sqlx::query("SELECT FROM conversations FOR UPDATE").execute(&mut *lock).await.unwrap();
    let release = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        lock.rollback().await.unwrap();
    };
    let (answers, ()) = tokio::join!(futures::future::join_all(sends), release);
    assert!(answers.iter().all(Result::is_ok));
    let used = transactions().await - before;
    assert!(used <= 40, "400 messages took {used} transactions");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_full_queue_refuses_at_once_and_keeps_what_it_took() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start_with(MessagingConfig { queue: 8, writers: 1, batch_max: 4, ..Default::default() }).await;
    api.send("ann", to_user("bob", "warm")).await;
    // Nobody can be written while this lock is held.
    let mut lock = halley_kit::postgres::begin(&world.pool).await.unwrap();
    sqlx::query("SELECT FROM conversations FOR UPDATE").execute(&mut *lock).await.unwrap();
    let caller = api.user("ann");
    let sends = (0..40).map(|_| api.send_message(&caller, to_user("bob", "x")));
    let release = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        lock.rollback().await.unwrap();
    };
    let (answers, ()) = tokio::join!(futures::future::join_all(sends), release);

    let refused = answers.iter().filter(|answer| answer.is_err()).count();
    assert!(answers.iter().flat_map(|a| a.as_ref().err()).all(|error| error.code == ErrorCode::TooManyRequests));
    assert!((28..=32).contains(&refused), "{refused} refused of 40, with room for 8 and a batch of 4");
    let walked = api.walk(&caller, USER, "bob", 100).await;
    assert_eq!(walked.len(), 41 - refused);
    assert_dense(&walked);
}

/// A send of a random interleaving.
#[derive(Debug, Clone)]
struct Send {
    instance: usize,
    sender: usize,
    group: usize,
    muid: Option<u8>,
}

fn send() -> impl Strategy<Value = Send> {
    (0..2_usize, 0..3_usize, 0..2_usize, proptest::option::of(0..5_u8))
        .prop_map(|(instance, sender, group, muid)| Send { instance, sender, group, muid })
}

const UIDS: [&str; 3] = ["ann", "bob", "cat"];

/// Runs sends in waves, all of a wave at once.
async fn interleave(world: &World, instances: &[Api; 2], waves: Vec<Vec<Send>>) {
    let groups = [halley_testkit::unique("g"), halley_testkit::unique("g")];
    groups.iter().for_each(|guid| world.groups.add_group(guid, &UIDS));
    let mut without_muid = 0;
    let mut with_muid: std::collections::HashMap<(usize, u8), Vec<(i64, bool)>> = std::collections::HashMap::new();
    for wave in waves {
        let sends = wave.iter().map(|send| {
            let muid = send.muid.map_or_else(String::new, |muid| format!("{}-{muid}", groups[0]));
            let request = pb::SendMessageRequest { muid, ..to_group(&groups[send.group], "x") };
            let api = &instances[send.instance];
            async move { api.send_message(&api.user(UIDS[send.sender]), request).await.unwrap() }
        });
        let answers = futures::future::join_all(sends).await;
        for (send, answer) in wave.iter().zip(answers) {
            match send.muid {
                None => without_muid += 1,
                Some(muid) => {
                    let answer = (answer.message.unwrap().id, !answer.repeated_muid);
                    with_muid.entry((send.sender, muid)).or_default().push(answer);
                }
            }
        }
    }
    for (muid, answers) in &with_muid {
        assert!(answers.iter().all(|(id, _)| *id == answers[0].0), "{muid:?} is several messages");
        assert_eq!(answers.iter().filter(|(_, is_first)| *is_first).count(), 1, "{muid:?}");
    }
    let mut stored = 0;
    for guid in &groups {
        let walked = instances[0].walk(&instances[0].server(), GROUP, guid, 7).await;
        assert_dense(&walked);
        stored += walked.len();
    }
    assert_eq!(stored, without_muid + with_muid.len());
}

#[test]
fn any_interleaving_keeps_sequences_dense_and_muids_unique() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = runtime.block_on(World::new(&UIDS));
    let instances = runtime.block_on(async { [world.start().await, world.start().await] });
    let mut runner = TestRunner::new(Config { cases: 32, failure_persistence: None, ..Config::default() });
    let cases = proptest::collection::vec(proptest::collection::vec(send(), 1..12), 1..6);
    runner
        .run(&cases, |waves| {
            runtime.block_on(interleave(&world, &instances, waves));
            Ok(())
        })
        .unwrap();
}
