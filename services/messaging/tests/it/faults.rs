//! Servers and instances that die amid the work.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use halley_bus::Channel;
use halley_contracts::messaging::v1 as pb;
use halley_messaging::MessagingConfig;
use halley_model::ErrorCode;
use halley_testkit::{eventually, redis_url, within};
use sqlx::postgres::PgPoolOptions;
use tokio::runtime::Runtime;

use crate::support::{Api, OwnPostgres, OwnRedis, USER, World, assert_dense, bus, on_stream, text_of, to_user};

/// How many sends were acknowledged, and whether there should be more.
#[derive(Default)]
struct Progress {
    acknowledged: AtomicUsize,
    enough: AtomicBool,
}

impl Progress {
    fn more_wanted(&self) -> bool {
        !self.enough.load(Ordering::SeqCst)
    }

    fn acknowledge(&self) {
        self.acknowledged.fetch_add(1, Ordering::SeqCst);
    }

    async fn goes_on(&self, what: &str) {
        let goal = self.acknowledged.load(Ordering::SeqCst) + 100;
        eventually(what, async || (self.acknowledged.load(Ordering::SeqCst) >= goal).then_some(())).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn killing_redis_amid_sends_loses_nothing_and_repeats_nothing_in_history() {
    let mut redis = OwnRedis::start().await;
    let url = redis.url();
    let world = World::on_redis(&url, &["ann", "bob"]).await;
    let instances = [world.start().await, world.start().await];
    let mut feed = world.listen(vec![Channel::user(&world.app, "bob")]).await;
    let progress = Progress::default();
    let send = async |api: &Api| {
        let mut ids = Vec::new();
        while progress.more_wanted() {
            // Must succeed, Redis or not.
            ids.push(api.send("ann", to_user("bob", "x")).await.id);
            progress.acknowledge();
        }
        ids
    };
    let sending = futures::future::join_all((0..8).map(|n| send(&instances[n % 2])));
    let fault = async {
        progress.goes_on("sends with Redis").await;
        redis.kill().await;
        progress.goes_on("sends without Redis").await;
        redis.start_again().await;
        progress.goes_on("sends after its return").await;
        progress.enough.store(true, Ordering::SeqCst);
    };
    let mut published = BTreeSet::new();
    let listening = async {
        loop {
            published.insert(feed.next_message().await.1.id);
        }
    };
    let sent = tokio::select! {
        (ids, ()) = async { let done = tokio::join!(sending, fault); world.emptied().await; done } => ids.concat(),
        () = listening => unreachable!("it listens for ever"),
    };

    let sent: BTreeSet<i64> = sent.into_iter().collect();
    let stored = instances[0].walk(&instances[0].user("bob"), USER, "ann", 500).await;
    assert_dense(&stored);
    assert!(stored.iter().map(|message| message.id).eq(sent.iter().copied()), "history is what was acknowledged");
    // A kill may cost the stream what a listener has seen already, so both together tell.
    published.extend(on_stream(&url).await);
    assert!(sent.is_subset(&published), "{} were never published", sent.difference(&published).count());
}

/// Sends until there is an answer. Only faults that pass may come between.
async fn send_until_acknowledged(api: &Api, request: &pb::SendMessageRequest) -> i64 {
    loop {
        match api.send_message(&api.user("ann"), request.clone()).await {
            Ok(answer) => return answer.message.unwrap().id,
            Err(error) => {
                let passes = [ErrorCode::Unavailable, ErrorCode::Timeout, ErrorCode::TooManyRequests];
                assert!(passes.contains(&error.code), "{error}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn restarting_postgres_amid_sends_loses_and_repeats_nothing() {
    let mut postgres = OwnPostgres::start().await;
    let world = World::on(postgres.pool().await, &redis_url().await, &["ann", "bob"]).await;
    let instances = [world.start().await, world.start().await];
    let progress = Progress::default();
    let send = async |sender: usize| {
        let api = &instances[sender % 2];
        let mut sent = BTreeMap::new();
        for n in 0.. {
            if !progress.more_wanted() {
                break;
            }
            let text = format!("{sender}-{n}");
            let mut request = to_user("bob", &text);
            if n % 2 == 0 {
                request.muid.clone_from(&text);
                sent.insert(text, send_until_acknowledged(api, &request).await);
            } else if let Ok(answer) = api.send_message(&api.user("ann"), request).await {
                // Without a muid nobody can send it again, so it counts only when it was acknowledged.
                sent.insert(text, answer.message.unwrap().id);
            } else {
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
            progress.acknowledge();
        }
        sent
    };
    let sending = futures::future::join_all((0..8).map(send));
    let fault = async {
        progress.goes_on("sends before the crash").await;
        postgres.crash();
        postgres.start_again().await;
        progress.goes_on("sends after the crash").await;
        postgres.stop().await;
        postgres.start_again().await;
        progress.goes_on("sends after the restart").await;
        progress.enough.store(true, Ordering::SeqCst);
    };
    let (sent, ()) = tokio::join!(sending, fault);

    let stored = instances[0].walk(&instances[0].user("bob"), USER, "ann", 500).await;
    assert_dense(&stored);
    let by_text: BTreeMap<String, i64> = stored.iter().map(|message| (text_of(message), message.id)).collect();
    assert_eq!(by_text.len(), stored.len(), "nothing is stored twice");
    for (text, id) in sent.into_iter().flatten() {
        assert_eq!(by_text.get(&text), Some(&id), "{text} was acknowledged");
    }
    world.emptied().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_commit_without_an_answer_is_told_as_uncertain() {
    let mut postgres = OwnPostgres::start().await;
    let world = World::on(postgres.pool().await, &redis_url().await, &["ann", "bob"]).await;
    let api = world.start().await;
    api.send("ann", to_user("bob", "before")).await;
    sqlx::raw_sql(
        "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NULL; END';
         CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON messages
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dawdle()",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    let crash = async {
        eventually("the commit", async || {
            let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
            let waiting: i64 = sqlx::query_scalar(waiting).fetch_one(&world.pool).await.unwrap();
            (waiting == 1).then_some(())
        })
        .await;
        postgres.crash();
    };
    let caller = api.user("ann");
    let (answer, ()) = tokio::join!(api.send_message(&caller, to_user("bob", "x")), crash);
    assert_eq!(answer.unwrap_err().code, ErrorCode::Timeout, "it may be stored, so it is not written again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn while_postgres_is_away_everybody_is_told_soon() {
    let mut postgres = OwnPostgres::start().await;
    let world = World::on(postgres.pool().await, &redis_url().await, &["ann", "bob"]).await;
    let api = world.start().await;
    api.send("ann", to_user("bob", "before")).await;
    postgres.stop().await;
    let caller = api.user("ann");
    let sends = (0..100).map(|_| api.send_message(&caller, to_user("bob", "meanwhile")));
    for answer in within("all answers", futures::future::join_all(sends)).await {
        assert_eq!(answer.unwrap_err().code, ErrorCode::Unavailable);
    }
    postgres.start_again().await;
    let request = pb::SendMessageRequest { muid: "after".to_owned(), ..to_user("bob", "after") };
    within("the first send after", send_until_acknowledged(&api, &request)).await;
    let stored = api.walk(&caller, USER, "bob", 100).await;
    assert_eq!(stored.iter().map(text_of).collect::<Vec<_>>(), ["before", "after"], "what was refused is not there");
}

#[test]
fn what_a_crashed_instance_left_behind_is_published_by_another_one() {
    let runtime = Runtime::new().unwrap();
    let (mut redis, world) = runtime.block_on(async {
        let redis = OwnRedis::start().await;
        let world = World::on_redis(&redis.url(), &["ann", "bob"]).await;
        (redis, world)
    });
    let url = redis.url();
    // Its tasks are cut wherever they are when the runtime goes, as by the death of a process.
    let doomed = Runtime::new().unwrap();
    let sent = doomed.block_on(async {
        let options = world.pool.connect_options().as_ref().clone();
        let pool = PgPoolOptions::new().connect_with(options).await.unwrap();
        let api = world.start_on(MessagingConfig::default(), pool, bus(&url).await).await;
        redis.kill().await;
        let mut sent = Vec::new();
        for n in 0..50 {
            sent.push(api.send("ann", to_user("bob", &format!("t{n}"))).await);
        }
        sent
    });
    doomed.shutdown_background();

    runtime.block_on(async {
        assert_eq!(world.outbox().await, 50);
        redis.start_again().await;
        let mut feed = world.listen(vec![Channel::user(&world.app, "bob")]).await;
        let _api = world.start().await;
        for message in &sent {
            assert_eq!(&feed.next_message().await.1, message, "in order, as they were acknowledged");
        }
        world.emptied().await;
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stopping_instance_writes_what_it_was_given() {
    let world = World::new(&["ann", "bob"]).await;
    let (api, other) = (world.start().await, world.start().await);
    api.send("ann", to_user("bob", "warm")).await;
    let caller = api.user("ann");
    let sends = futures::future::join_all((0..500).map(|_| api.send_message(&caller, to_user("bob", "x"))));
    let stop = async { api.lifecycle.stop() };
    let (answers, ()) = tokio::join!(sends, stop);
    assert!(api.lifecycle.drain(halley_testkit::LIMIT).await, "every task ends");
    assert!(answers.iter().flat_map(|answer| answer.as_ref().err()).all(|error| error.code == ErrorCode::Unavailable));
    let acknowledged = answers.iter().filter(|answer| answer.is_ok()).count();
    let stored = other.walk(&caller, USER, "bob", 500).await;
    assert_dense(&stored);
    assert_eq!(stored.len(), acknowledged + 1);
    let late = api.send_message(&caller, to_user("bob", "late")).await.unwrap_err();
    assert_eq!(late.code, ErrorCode::Unavailable);
    // What the ended relay left is published by the other instance.
    world.emptied().await;
}
