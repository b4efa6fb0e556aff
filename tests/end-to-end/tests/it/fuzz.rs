//! Frames and requests of any shape: nothing of it is answered by a 5xx, ends a process, makes one panic or makes one keep memory.
//!
//! The seed is printed; HALLEY_FUZZ_SEED repeats one, HALLEY_FUZZ_SECONDS makes it longer than 20 s. What is changed are the
//! frames and bodies of [`halley_testkit::mutate`].

mod frames;
mod requests;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use halley_testkit::{eventually, platform::Platform, unique};
use rand::{SeedableRng as _, rngs::StdRng};
use serde_json::json;

use crate::{endpoints::probe::App, support::Form};

/// How much a process may grow while it is sent nonsense, after it has seen some already: caches of bounded size fill slowly.
const GROWTH_MAX: u64 = 200 * 1024 * 1024;

crate::in_both_forms!(nothing_of_any_shape_does_harm);

fn environment<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// The processes by name, with the memory that each holds.
fn memory(platform: &Platform) -> BTreeMap<String, (u32, u64)> {
    let resident = |pid: u32| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a live process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
        line.trim().trim_end_matches("kB").trim().parse::<u64>().expect("a number") * 1024
    };
    platform.pids().into_iter().map(|(name, pid)| (name, (pid, resident(pid)))).collect()
}

async fn nothing_of_any_shape_does_harm(form: Form) {
    // One of its own: what other tests do would be taken for growth.
    let platform = match form {
        Form::OneProcess => Platform::one_process().await,
        Form::ManyProcesses => Platform::many_processes().await,
    };
    let seed = environment("HALLEY_FUZZ_SEED").unwrap_or_else(rand::random);
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let app = App::new(&platform).await;
    let scene = requests::Scene::new(&platform, &app).await;
    let limit = Duration::from_secs(environment("HALLEY_FUZZ_SECONDS").unwrap_or(20));
    // The first quarter warms up.
    let mut before = BTreeMap::new();
    let mut faults = Vec::new();
    let (mut sent, mut told) = (0, 0);
    for (part, share) in [("warm", 1), ("fuzz", 3)] {
        let until = Instant::now() + limit * share / 4;
        while Instant::now() < until && faults.is_empty() {
            sent += scene.throw(&mut random, &mut faults).await;
            told += frames::throw(&platform, &scene, &mut random).await;
        }
        if part == "warm" {
            before = memory(&platform);
        }
    }
    println!("{sent} requests, {told} frames");
    let after = memory(&platform);
    for (name, (pid, was)) in &before {
        let (now_pid, is) = after[name];
        println!("{name}: {} MiB, then {} MiB", was >> 20, is >> 20);
        assert_eq!(*pid, now_pid, "seed {seed}: {name} was started again");
        assert!(is < was + GROWTH_MAX, "seed {seed}: {name} grew from {was} to {is} bytes");
    }
    for (name, log) in platform.logs() {
        let panic = log.lines().find(|line| line.contains("panicked"));
        assert_eq!(panic, None, "seed {seed}: {name} panicked");
    }
    assert!(faults.is_empty(), "seed {seed}: {}", faults.join("\n"));
    still_works(&app, &scene).await;
}

/// A message goes from one to the other.
async fn still_works(app: &App, scene: &requests::Scene) {
    let (one, other) = (unique("u"), unique("u"));
    for uid in [&one, &other] {
        app.done("create-user", &[], None, json!({"uid": uid, "name": "Late"})).await;
    }
    let body = json!({"receiver": other, "receiverType": "user", "category": "message", "type": "text",
        "data": {"text": "still here"}});
    let sent = app.done("send-message", &[], Some(&one), body).await;
    let id = sent["id"].as_str().expect("an id").to_owned();
    eventually("the message", async || {
        let shown = scene.get(&format!("/messages/{id}")).await?;
        (shown["data"]["data"]["text"] == "still here").then_some(())
    })
    .await;
}
