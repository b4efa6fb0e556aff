//! Random operations of several users and devices, on all gateway nodes: after each of them what every device has built from
//! answers and events is what it would fetch.
//!
//! A walk is a list of steps, each drawn from a seed. Each test makes the walks of known seeds for 20 s, so that what fails
//! fails again; where HALLEY_MODEL_SECONDS is given it makes those of random ones for so long. HALLEY_MODEL_SEED repeats the walk of a seed, HALLEY_MODEL_STEPS runs a list as a failure
//! prints it. A walk that fails is tried again with parts left out, for as long as HALLEY_MODEL_SHRINK_SECONDS says (60), and
//! the shortest list that still fails is told. HALLEY_MODEL_GO_ON tells each step and each difference and goes on;
//! HALLEY_MODEL_VERBOSE tells each call.
//!
//! What a step does is often known to other processes only a moment after its answer, and no frame says when all of it has
//! come. So it is awaited, for 30 s at most: first that it is fetched (`Awaited`), then that no device differs any more. What
//! is not told is taken from what is fetched only then, or it would be taken from before.

mod device;
mod fresh;
mod learned;
mod operations;
mod picture;
mod state;
mod walk;

use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use futures::FutureExt as _;
use halley_testkit::platform::Platform;
use rand::{SeedableRng as _, rngs::StdRng};

use self::{
    device::Mode,
    learned::Untold,
    operations::{CHANGE_NOTHING_SHOWN, CLIENT_ONLY},
    walk::{Done, Step, Walk},
};
use crate::{
    operations::{OPERATIONS, operation},
    support::Form,
};

crate::in_both_forms!(
    what_clients_build_is_what_they_would_fetch,
    what_existing_clients_build_is_what_they_would_fetch,
);

/// Whose messages tell that something else has been worked off; nobody compares them.
const MARKER: &str = "zz-marker";
/// The seed of the walk that is always made, and its steps.
const FIXED: (u64, usize) = (20_261_126, 40);
/// Steps of one walk: not for ever with one app, what is old is not touched any more.
const STEPS: usize = 150;
/// How long devices may take to show what they should: long, as only a failure takes it. Where a walk is only being made shorter it
/// is less.
const LIMIT: Duration = Duration::from_secs(30);
const SHORT_LIMIT: Duration = Duration::from_secs(4);

/// Whether a conversation is the marker's.
fn is_of_marker(conversation: &str) -> bool {
    conversation.ends_with(&format!("_user_{MARKER}"))
}

fn seconds(variable: &str, default: u64) -> Duration {
    let given = std::env::var(variable).ok().map(|text| text.parse().expect("a number of seconds"));
    Duration::from_secs(given.unwrap_or(default))
}

/// Where and how walks are made.
#[derive(Clone, Copy)]
struct Scene {
    platform: &'static Platform,
    mode: Mode,
    /// How long devices may take to show what they should.
    limit: Duration,
}

/// How a walk went.
#[derive(Default)]
struct Outcome {
    steps: Vec<Step>,
    /// What differed after the last.
    fault: Option<String>,
    /// How often each operation succeeded.
    counts: BTreeMap<&'static str, usize>,
}

impl Scene {
    /// Makes a walk on a fresh app, and ends it early at that time.
    async fn attempt(self, steps: impl Iterator<Item = Step>, until: Option<Instant>) -> Outcome {
        let mut outcome = Outcome::default();
        let walk = AssertUnwindSafe(self.try_attempt(steps, until, &mut outcome)).catch_unwind().await;
        outcome.fault = match walk {
            Ok(Ok(())) => None,
            Ok(Err(fault)) => Some(fault),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
                Some(text.unwrap_or("a panic without a word").to_owned())
            }
        };
        outcome
    }

    async fn try_attempt(
        self,
        steps: impl Iterator<Item = Step>,
        until: Option<Instant>,
        outcome: &mut Outcome,
    ) -> Result<(), String> {
        let mut walk = Walk::new(self.platform, self.mode, self.limit).await;
        // The places of the first members are made by the durable stream, too.
        walk.settle(Done::untold("", Untold::All)).await?;
        for step in steps.take_while(|_| until.is_none_or(|until| Instant::now() < until)) {
            outcome.steps.push(step);
            if std::env::var_os("HALLEY_MODEL_GO_ON").is_some() {
                println!("{step:?}");
            }
            let stepped = walk.step(step).await;
            outcome.counts.clone_from(&walk.counts);
            stepped?;
        }
        walk.end().await
    }

    /// Leaves out parts of a list that fails, as long as it still fails.
    async fn shrink(self, mut steps: Vec<Step>, mut fault: String) -> (Vec<Step>, String) {
        let scene = Self { limit: SHORT_LIMIT, ..self };
        let until = Instant::now() + seconds("HALLEY_MODEL_SHRINK_SECONDS", 60);
        let mut part = steps.len() / 2;
        while part > 0 && Instant::now() < until {
            let mut at = 0;
            while at < steps.len() && Instant::now() < until {
                let mut fewer = steps.clone();
                fewer.drain(at..(at + part).min(steps.len()));
                match scene.attempt(fewer.into_iter(), None).await {
                    Outcome { steps: done, fault: Some(again), .. } => (steps, fault) = (done, again),
                    _ => at += part,
                }
            }
            part /= 2;
        }
        (steps, fault)
    }

    /// Makes a walk, and fails with the shortest one that fails. Answers how often each operation succeeded.
    async fn must_hold(
        self,
        name: &str,
        steps: impl Iterator<Item = Step>,
        until: Option<Instant>,
    ) -> (usize, BTreeMap<&'static str, usize>) {
        println!("{name} ({:?})", self.mode);
        let Outcome { steps, fault, counts } = self.attempt(steps, until).await;
        let Some(fault) = fault else { return (steps.len(), counts) };
        println!("{name} ({:?}) fails after {} steps: {}\n{fault}", self.mode, steps.len(), list(&steps));
        let (shortest, fault) = self.shrink(steps, fault).await;
        panic!("{name} ({:?}), HALLEY_MODEL_STEPS='{}':\n{fault}", self.mode, list(&shortest));
    }
}

/// Steps as HALLEY_MODEL_STEPS takes them.
fn list(steps: &[Step]) -> String {
    steps.iter().map(|step| format!("{step:?}")).collect::<Vec<_>>().join(" ")
}

/// The steps of a seed.
fn steps_of(seed: u64) -> impl Iterator<Item = Step> {
    let mut random = StdRng::seed_from_u64(seed);
    std::iter::repeat_with(move || Step::random(&mut random)).take(STEPS)
}

async fn walk(form: Form, mode: Mode) {
    let scene = Scene { platform: form.platform().await, mode, limit: LIMIT };
    if let Ok(list) = std::env::var("HALLEY_MODEL_STEPS") {
        let steps: Vec<Step> = list.split_whitespace().map(Step::parse).collect();
        scene.must_hold("a given list", steps.into_iter(), None).await;
        return;
    }
    if let Ok(seed) = std::env::var("HALLEY_MODEL_SEED") {
        let seed = seed.parse().expect("a seed");
        scene.must_hold(&format!("seed {seed}"), steps_of(seed), None).await;
        return;
    }
    let until = Instant::now() + seconds("HALLEY_MODEL_SECONDS", 20);
    let (fixed, few) = FIXED;
    let (mut steps, mut counts) = scene.must_hold(&format!("seed {fixed}"), steps_of(fixed).take(few), None).await;
    let is_search = std::env::var_os("HALLEY_MODEL_SECONDS").is_some();
    for known in 1.. {
        if Instant::now() >= until {
            break;
        }
        let seed: u64 = if is_search { rand::random() } else { known };
        let (more, did) = scene.must_hold(&format!("seed {seed}"), steps_of(seed), Some(until)).await;
        steps += more;
        did.into_iter().for_each(|(id, count)| *counts.entry(id).or_default() += count);
    }
    println!("{steps} steps ({mode:?}): {counts:?}");
    let missing: Vec<&str> = exercised().into_iter().filter(|id| !counts.contains_key(id)).collect();
    println!("not met this time: {missing:?}");
    if mode == Mode::Own && steps > 1500 {
        assert!(missing.is_empty(), "{steps} steps met none of {missing:?}");
    }
}

async fn what_clients_build_is_what_they_would_fetch(form: Form) {
    walk(form, Mode::Own).await;
}

async fn what_existing_clients_build_is_what_they_would_fetch(form: Form) {
    walk(form, Mode::Plain).await;
}

/// Every operation that the model is to make.
fn exercised() -> Vec<&'static str> {
    let excused: Vec<&str> = CHANGE_NOTHING_SHOWN.iter().flat_map(|(_, ids)| ids.iter().copied()).collect();
    let table = OPERATIONS.iter().filter(|operation| operation.method != "GET").map(|operation| operation.id);
    table.filter(|id| !excused.contains(id)).chain(CLIENT_ONLY.iter().map(|(id, ..)| *id)).collect()
}

#[test]
fn every_operation_that_changes_something_is_made_or_excused() {
    let made = concat!(
        include_str!("model/operations/conversations.rs"),
        include_str!("model/operations/groups.rs"),
        include_str!("model/operations/messages.rs"),
        include_str!("model/operations/others.rs"),
        include_str!("model/operations/people.rs"),
    );
    for id in exercised() {
        assert!(made.contains(&format!("\"{id}\"")), "no step makes {id}, and nothing says why");
    }
    for (why, ids) in CHANGE_NOTHING_SHOWN {
        for id in *ids {
            assert_ne!(operation(id).method, "GET", "{id} changes nothing at all, not only: {why}");
            assert!(!made.contains(&format!("\"{id}\"")), "{id} is made and excused");
        }
    }
}
