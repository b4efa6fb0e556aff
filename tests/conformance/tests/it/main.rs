//! Every call, frame, option and trap of the client protocol, each an entry with users of its own, in both forms of deployment
//! and over TLS alone.
//!
//! `protocol.tsv` lists what there must be. The entries of a section are in a file of its name; [`client`] is the client that
//! drives them and takes an answer of a wrong shape for a hang. HALLEY_TEST_ENTRY runs some of them, as `get_user,block_users`.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{FutureExt as _, StreamExt as _, stream};

use self::{
    entry::{Entry, listed},
    stage::{Ground, Stage},
};

mod builders;
mod calls;
mod client;
mod entities;
mod entry;
mod events;
mod front;
mod lists;
mod pointing;
mod session;
mod settings;
mod shapes;
mod signals;
mod socket;
mod sockets;
mod stage;
mod talk;
mod traps;

/// Entries by file; [`listed`] knows the section of each.
const FILES: &[&[Entry]] = &[
    sockets::ENTRIES,
    pointing::ENTRIES,
    session::ENTRIES,
    settings::ENTRIES,
    signals::ENTRIES,
    events::ENTRIES,
    entities::ENTRIES,
    calls::ENTRIES,
    talk::ENTRIES,
    builders::ENTRIES,
    lists::ENTRIES,
    traps::ENTRIES,
];

/// Entries that run at once.
const AT_ONCE: usize = 12;
/// Longest time of an entry: more than any wait in it.
const LIMIT: Duration = Duration::from_secs(180);

const SECTIONS: [(u8, &str); 8] = [
    (1, "pointing the client at a server"),
    (2, "login, session, logout"),
    (3, "settings keys"),
    (4, "the socket and its timers"),
    (5, "frames and entities"),
    (6, "calls over HTTP"),
    (7, "request builders and paging"),
    (9, "traps"),
];

#[test]
fn one_process_keeps_to_the_protocol() {
    run(Ground::one_process(), "one process");
}

#[test]
fn many_processes_keep_to_the_protocol() {
    run(Ground::many_processes(), "many processes");
}

#[test]
fn every_listed_entry_has_one_test() {
    let listed = listed();
    let tested: Vec<&str> = FILES.iter().flat_map(|entries| entries.iter()).map(|entry| entry.id).collect();
    let known: BTreeSet<&str> = tested.iter().copied().collect();
    assert_eq!(known.len(), tested.len(), "an entry stands twice");
    let wanted: BTreeSet<&str> = listed.iter().filter(|(_, one)| one.left_out.is_empty()).map(|(id, _)| *id).collect();
    let differing: Vec<_> = wanted.symmetric_difference(&known).collect();
    assert!(differing.is_empty(), "in one of list and tests only: {differing:?}");
}

fn run(ground: impl Future<Output = anyhow::Result<Ground>>, form: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        // An error means that it is installed already.
        drop(rustls::crypto::ring::default_provider().install_default());
        let ground = Arc::new(ground.await.unwrap_or_else(|error| panic!("{form} does not start: {error:#}")));
        let begun = Instant::now();
        let entries = FILES.iter().flat_map(|entries| entries.iter()).filter(|entry| is_wanted(entry.id));
        let listed = listed();
        let failed: BTreeMap<&str, String> = stream::iter(entries)
            .map(|entry| outcome(entry, Stage::new(&ground)))
            .buffer_unordered(AT_ONCE)
            .filter_map(async |(id, fault)| Some((id, unexpected(fault, listed.get(id)?.fails)?)))
            .inspect(|(id, fault)| eprintln!("{form}: {id} fails: {fault}"))
            .collect()
            .await;
        let told = table(&failed);
        eprintln!("{form}, {:.1} s\n{told}", begun.elapsed().as_secs_f64());
        assert!(failed.is_empty(), "{form}: {} entries fail\n{told}", failed.len());
    });
}

/// Whether an entry runs: all do unless some are named.
fn is_wanted(id: &str) -> bool {
    let chosen = std::env::var("HALLEY_TEST_ENTRY").ok();
    chosen.is_none_or(|chosen| chosen.split(',').any(|one| one == id))
}

/// Runs an entry; answers why it fails, if it does.
async fn outcome(entry: &Entry, stage: Stage) -> (&'static str, Option<String>) {
    let running = AssertUnwindSafe(tokio::time::timeout(LIMIT, (entry.run)(stage))).catch_unwind();
    let fault = match running.await {
        Ok(Ok(Ok(()))) => None,
        Ok(Ok(Err(error))) => Some(format!("{error:#}")),
        Ok(Err(_)) => Some(format!("took longer than {} s", LIMIT.as_secs())),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            Some(format!("panicked: {}", text.unwrap_or("without a word")))
        }
    };
    (entry.id, fault)
}

/// What is wrong with how an entry came out: one that is known to fail must.
fn unexpected(fault: Option<String>, known: &str) -> Option<String> {
    match (fault, known.is_empty()) {
        (fault, true) => fault,
        (Some(_), false) => None,
        (None, false) => Some("it passes now: take its `fails:` off the list".to_owned()),
    }
}

/// What runs, what passes, what fails and why, by section.
fn table(failed: &BTreeMap<&str, String>) -> String {
    let listed = listed();
    let line = |name: &str, cells: [String; 4]| {
        let [entries, passing, failing, out] = cells;
        format!("{name:<38}{entries:>9}{passing:>9}{failing:>15}{out:>10}\n")
    };
    let mut told = line("section", ["entries", "passing", "known to fail", "left out"].map(ToOwned::to_owned));
    let mut sums = [0; 4];
    for (section, name) in SECTIONS {
        let of: Vec<_> = listed.iter().filter(|(_, one)| one.section == section).collect();
        let (tested, out): (Vec<_>, Vec<_>) = of.iter().partition(|(_, one)| one.left_out.is_empty());
        let entries: Vec<_> = tested.iter().filter(|(id, _)| is_wanted(id)).collect();
        let failing: Vec<_> = entries.iter().filter(|(id, _)| failed.contains_key(*id)).collect();
        let known: Vec<_> =
            entries.iter().filter(|(id, one)| !one.fails.is_empty() && !failed.contains_key(*id)).collect();
        let row = [entries.len(), entries.len() - failing.len() - known.len(), known.len(), out.len()];
        told += &line(&format!("{section} {name}"), row.map(|count| count.to_string()));
        for (id, one) in failing {
            told += &format!("    FAILS {id}: {}\n      {}\n", one.shows, failed[*id]);
        }
        for (id, one) in known {
            told += &format!("    known to fail {id}: {} ({})\n", one.shows, one.fails);
        }
        for (id, one) in out {
            told += &format!("    left out {id}: {} ({})\n", one.shows, one.left_out);
        }
        for (sum, more) in sums.iter_mut().zip(row) {
            *sum += more;
        }
    }
    told + &line("all", sums.map(|count| count.to_string()))
}
