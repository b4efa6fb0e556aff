//! Random operations of several users and devices, on all gateway nodes: after each of them what every device has built from
//! answers and events is what it would fetch.
//!
//! A walk is a list of steps, each drawn from a seed. Walks run where HALLEY_MODEL_SECONDS says for how long: they still find
//! differences of which it is not settled whether the model or the server is wrong. HALLEY_MODEL_SEED repeats one,
//! HALLEY_MODEL_STEPS runs a list as a failure prints it. A walk that fails is tried again with parts left out, for as
//! long as HALLEY_MODEL_SHRINK_SECONDS says (30), and the shortest list that still fails is told. HALLEY_MODEL_GO_ON tells each
//! step and each difference and goes on; HALLEY_MODEL_VERBOSE tells each refusal.

mod device;
mod fresh;
mod operations;
mod state;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Debug},
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use futures::{FutureExt as _, future::join_all};
use halley_client::{ApiClient, ClientError, Format, Server};
use halley_testkit::{LIMIT, platform::Platform, unique};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use reqwest::Method;
use serde_json::{Value, json};

use self::{
    device::{Device, Mode},
    fresh::{Untold, fetch},
    operations::{CHANGE_NOTHING_SHOWN, CLIENT_ONLY, Hand, KINDS, Kind, Said},
    state::Picture,
};
use crate::{
    endpoints::probe::App,
    operations::{OPERATIONS, operation},
    support::Form,
};

crate::in_both_forms!(
    what_clients_build_is_what_they_would_fetch,
    what_existing_clients_build_is_what_they_would_fetch,
);

/// One thing that somebody does.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Step {
    kind: Kind,
    seed: u32,
}

impl Debug for Step {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{:?}:{}", self.kind, self.seed)
    }
}

impl Step {
    fn random(random: &mut StdRng) -> Self {
        let total: u32 = KINDS.iter().map(|(_, weight)| weight).sum();
        let mut drawn = random.random_range(0..total);
        let seed = random.random();
        for (kind, weight) in KINDS {
            if drawn < *weight {
                return Self { kind: *kind, seed };
            }
            drawn -= weight;
        }
        unreachable!("less than all weights together")
    }

    fn parse(text: &str) -> Self {
        let (kind, seed) = text.split_once(':').expect("Kind:seed");
        Self { kind: Kind::parse(kind).expect("a kind"), seed: seed.parse().expect("a seed") }
    }
}

/// What a step did besides what events tell.
#[derive(Debug, Default)]
pub struct Done {
    /// What nobody, or only this user's devices, are not told.
    untold: Option<(String, Untold)>,
    /// It is told to these devices when they resume.
    is_resumed: bool,
    /// Who has to see which group before anything is compared.
    enters: Option<(String, String)>,
}

impl Done {
    /// Of all users where it is empty.
    fn untold(uid: &str, untold: Untold) -> Self {
        Self { untold: Some((uid.to_owned(), untold)), ..Self::default() }
    }

    fn resumed(uid: &str, untold: Untold) -> Self {
        Self { is_resumed: true, ..Self::untold(uid, untold) }
    }
}

/// An app with people whose devices are watched.
pub struct Walk {
    key: ApiClient,
    websockets: Vec<String>,
    mode: Mode,
    people: Vec<String>,
    devices: Vec<Device>,
    spare: String,
    bot: String,
    groups: Vec<String>,
    said: Vec<Said>,
    flagged: Vec<u64>,
    sessions: Vec<String>,
    /// Deleted for good: clients can't tell that from deleted, and whoever counts places is shown that they were there.
    purged: BTreeSet<u64>,
    /// How often each operation succeeded.
    counts: BTreeMap<&'static str, usize>,
}

impl Walk {
    async fn new(platform: &Platform, mode: Mode) -> Self {
        let app = App::new(platform).await;
        let server = Server::new(&platform.rest, &app.id).expect("server");
        let key = server.with_key(&app.key);
        let mut walk = Self {
            key,
            websockets: platform.websockets.clone(),
            mode,
            people: Vec::new(),
            devices: Vec::new(),
            spare: unique("u"),
            bot: unique("bot"),
            groups: Vec::new(),
            said: Vec::new(),
            flagged: Vec::new(),
            sessions: Vec::new(),
            purged: BTreeSet::new(),
            counts: BTreeMap::new(),
        };
        for base in ["ann", "bob", "cat"] {
            walk.key.create_user(base, base).await.expect("a user");
            walk.people.push(base.to_owned());
        }
        let (spare, bot) = (walk.spare.clone(), walk.bot.clone());
        for uid in [&spare, &bot] {
            walk.key.create_user(uid, "Extra").await.expect("a user");
        }
        walk.key.call(Method::POST, "/bots", &[], Some(&json!({"uid": bot}))).await.expect("a bot");
        for n in 0..2 {
            let guid = unique("g");
            let members: Vec<String> = walk.people[..3 - n].to_vec();
            walk.key.create_group(&guid, "Group").await.expect("a group");
            walk.key.add_members(&guid, &members).await.expect("members");
            walk.groups.push(guid);
        }
        // The places of members are made by the durable stream, too.
        for (node, uid) in ["ann", "ann", "bob", "cat"].into_iter().enumerate() {
            let token = walk.key.create_auth_token(uid).await.expect("a token");
            let websocket = &walk.websockets[node % walk.websockets.len()];
            let format = if mode == Mode::Own && node % 2 == 1 { Format::Protobuf } else { Format::Json };
            walk.devices.push(Device::new(&server, websocket, &token, uid, mode, format).await);
        }
        walk
    }

    fn did(&mut self, id: &'static str) {
        *self.counts.entry(id).or_default() += 1;
    }

    /// Calls an operation; `None` for a refusal. Nothing may go wrong in the server.
    async fn op(&mut self, hand: &Hand, id: &'static str, parameters: &[&str], body: Value) -> Option<Value> {
        let (method, path) = match CLIENT_ONLY.iter().find(|(name, ..)| *name == id) {
            Some((_, method, path)) => (*method, with_parameters(path, parameters)),
            None => (operation(id).method, with_parameters(operation(id).path, parameters)),
        };
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let api = match (hand.device, &hand.uid) {
            (Some(at), _) => self.devices[at].api.clone(),
            (None, Some(uid)) => self.key.clone().on_behalf_of(uid),
            (None, None) => self.key.clone(),
        };
        match api.call(method, &path, &[], Some(&body)).await {
            Ok(answer) => {
                self.did(id);
                Some(answer["data"].clone())
            }
            Err(ClientError::Api { status: 400..500, code, .. }) => {
                if std::env::var_os("HALLEY_MODEL_VERBOSE").is_some() {
                    println!("    {id} {path}: {code}");
                }
                None
            }
            Err(error) => panic!("{id} {path}: {error}"),
        }
    }

    /// Makes a step, and waits until every device shows what it would fetch.
    async fn step(&mut self, step: Step) -> Result<(), String> {
        let mut random = StdRng::seed_from_u64(u64::from(step.seed));
        // What is refused must change nothing, either.
        let done = self.run(step.kind, &mut random).await.unwrap_or_default();
        if done.is_resumed && self.mode == Mode::Own {
            let Some((uid, _)) = &done.untold else { return Ok(()) };
            for (at, device) in self.devices.iter_mut().enumerate().filter(|(_, device)| device.uid == *uid) {
                let websocket = &self.websockets[at % self.websockets.len()];
                device.take_in(websocket).await;
                device.come_back(websocket).await;
            }
        }
        self.settle(&done).await
    }

    async fn settle(&mut self, done: &Done) -> Result<(), String> {
        let begun = Instant::now();
        loop {
            let mut fresh = self.fresh().await;
            for picture in fresh.values_mut() {
                picture.messages.retain(|id, _| !self.purged.contains(id));
            }
            let entered = done.enters.as_ref().is_none_or(|(uid, guid)| fresh[uid].groups.contains_key(guid));
            let mut differ = Vec::new();
            for at in 0..self.devices.len() {
                let websocket = self.websockets[at % self.websockets.len()].clone();
                self.devices[at].take_in(&websocket).await;
                self.learn(at, done, &fresh);
                let device = &self.devices[at];
                let shown = self.comparable(device.state.picture(), &fresh[&device.uid]);
                let differences = differences(&shown, &fresh[&device.uid]);
                differ.extend(differences.into_iter().map(|line| format!("device {at} of {}: {line}", device.uid)));
            }
            if entered && differ.is_empty() {
                return Ok(());
            }
            if begun.elapsed() > Duration::from_millis(1500) && std::env::var_os("HALLEY_MODEL_GO_ON").is_some() {
                println!("differs after {done:?}\n{}", differ.join("\n"));
                for device in &mut self.devices {
                    device.state.learn(Untold::All, &fresh[&device.uid]);
                }
                return Ok(());
            }
            if begun.elapsed() > LIMIT {
                return Err(differ.join("\n"));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What a client without a past sees, by uid.
    async fn fresh(&self) -> BTreeMap<String, Picture> {
        let of = async |uid: &String| {
            let device = self.devices.iter().find(|device| device.uid == *uid).expect("each has a device");
            (uid.clone(), fetch(&device.api, uid).await)
        };
        join_all(self.people.iter().map(of)).await.into_iter().collect()
    }

    /// What no event tells the device is taken from what was fetched.
    fn learn(&mut self, at: usize, done: &Done, fresh: &BTreeMap<String, Picture>) {
        let device = &mut self.devices[at];
        let fresh = &fresh[&device.uid];
        if let Some((uid, guid)) = &done.enters
            && *uid == device.uid
            && fresh.groups.contains_key(guid)
        {
            // No event tells of it, as no action message does.
            device.state.learn(Untold::All, fresh);
        }
        let Some((uid, untold)) = &done.untold else { return };
        let is_told = match untold {
            Untold::Unread | Untold::Groups => self.mode == Mode::Own,
            Untold::Tags | Untold::Hidden => done.is_resumed && self.mode == Mode::Own,
            _ => false,
        };
        if !is_told && (uid.is_empty() || *uid == device.uid) {
            device.state.learn(*untold, fresh);
        }
    }

    /// Without what a client can't know.
    fn comparable(&self, mut shown: Picture, fresh: &Picture) -> Picture {
        shown.messages.retain(|id, _| !self.purged.contains(id));
        for (guid, room) in &mut shown.groups {
            if fresh.groups.get(guid).is_some_and(|now| now.banned.is_none()) {
                room.banned = None;
            }
        }
        shown
    }
}

fn with_parameters(path: &str, parameters: &[&str]) -> String {
    let mut parameters = parameters.iter();
    let part = |part: &str| match part.starts_with('{') {
        true => (*parameters.next().unwrap_or_else(|| panic!("a parameter of {path}"))).to_owned(),
        false => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn differences(shown: &Picture, fresh: &Picture) -> Vec<String> {
    let mut lines = Vec::new();
    compare("conversation", &shown.talks, &fresh.talks, &mut lines);
    compare("message", &shown.messages, &fresh.messages, &mut lines);
    compare("group", &shown.groups, &fresh.groups, &mut lines);
    compare("call", &shown.calls, &fresh.calls, &mut lines);
    if shown.blocked != fresh.blocked || shown.friends != fresh.friends {
        lines.push(format!("relations: {:?} {:?}", shown.blocked, shown.friends));
        lines.push(format!("     fresh {:?} {:?}", fresh.blocked, fresh.friends));
    }
    lines
}

fn compare<K: Ord + Debug, V: PartialEq + Debug>(
    what: &str,
    shown: &BTreeMap<K, V>,
    fresh: &BTreeMap<K, V>,
    lines: &mut Vec<String>,
) {
    let keys: BTreeSet<&K> = shown.keys().chain(fresh.keys()).collect();
    for key in keys.into_iter().filter(|key| shown.get(*key) != fresh.get(*key)) {
        lines.push(format!("{what} {key:?}\n    shown {:?}\n    fresh {:?}", shown.get(key), fresh.get(key)));
    }
}

fn seconds(variable: &str, default: u64) -> Duration {
    let given = std::env::var(variable).ok().map(|text| text.parse().expect("a number of seconds"));
    Duration::from_secs(given.unwrap_or(default))
}

/// Runs steps on a fresh app. Answers those that were done, and what differed after the last.
async fn attempt(
    platform: &Platform,
    mode: Mode,
    mut steps: impl Iterator<Item = Step>,
    until: Instant,
) -> (Vec<Step>, Option<String>, BTreeMap<&'static str, usize>) {
    let mut walk = Walk::new(platform, mode).await;
    let mut done = Vec::new();
    if let Err(fault) = walk.settle(&Done::default()).await {
        return (done, Some(fault), walk.counts);
    }
    while Instant::now() < until
        && let Some(step) = steps.next()
    {
        done.push(step);
        if std::env::var_os("HALLEY_MODEL_GO_ON").is_some() {
            println!("{step:?}");
        }
        let outcome = AssertUnwindSafe(walk.step(step)).catch_unwind().await;
        let fault = match outcome {
            Ok(Ok(())) => continue,
            Ok(Err(fault)) => fault,
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
                text.unwrap_or("a panic without a word").to_owned()
            }
        };
        return (done, Some(fault), walk.counts);
    }
    (done, None, walk.counts)
}

/// Leaves out parts of a list that fails, as long as it still fails.
async fn shrink(platform: &Platform, mode: Mode, mut steps: Vec<Step>, mut fault: String) -> (Vec<Step>, String) {
    let until = Instant::now() + seconds("HALLEY_MODEL_SHRINK_SECONDS", 30);
    let mut part = steps.len() / 2;
    while part > 0 && Instant::now() < until {
        let mut at = 0;
        while at < steps.len() && Instant::now() < until {
            let mut fewer = steps.clone();
            fewer.drain(at..(at + part).min(steps.len()));
            let far = Instant::now() + Duration::from_secs(600);
            match attempt(platform, mode, fewer.into_iter(), far).await {
                (done, Some(again), _) => (steps, fault) = (done, again),
                _ => at += part,
            }
        }
        part /= 2;
    }
    (steps, fault)
}

async fn walk(form: Form, mode: Mode) {
    let limit = seconds("HALLEY_MODEL_SECONDS", 0);
    if limit.is_zero() {
        println!("no walk: HALLEY_MODEL_SECONDS says how long one takes");
        return;
    }
    let platform = form.platform().await;
    let chosen = std::env::var("HALLEY_MODEL_STEPS").ok();
    let (until, mut counts, mut steps) = (Instant::now() + limit, BTreeMap::<&str, usize>::new(), 0);
    while Instant::now() < until {
        let given = std::env::var("HALLEY_MODEL_SEED").ok().map(|seed| seed.parse().expect("a seed"));
        let seed: u64 = given.unwrap_or_else(rand::random);
        println!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        let (done, fault, did) = match &chosen {
            Some(list) => {
                let list: Vec<Step> = list.split_whitespace().map(Step::parse).collect();
                attempt(platform, mode, list.into_iter(), until + limit).await
            }
            // Not for ever with one app: what is old is not touched any more.
            None => {
                attempt(platform, mode, std::iter::repeat_with(|| Step::random(&mut random)).take(150), until).await
            }
        };
        steps += done.len();
        did.into_iter().for_each(|(id, count)| *counts.entry(id).or_default() += count);
        if let Some(fault) = fault {
            println!("seed {seed} fails after {} steps: {done:?}\n{fault}", done.len());
            let (shortest, fault) = shrink(platform, mode, done, fault).await;
            let list: Vec<String> = shortest.iter().map(|step| format!("{step:?}")).collect();
            panic!("seed {seed} ({mode:?}), HALLEY_MODEL_STEPS='{}':\n{fault}", list.join(" "));
        }
        if chosen.is_some() || given.is_some() {
            return;
        }
    }
    println!("{steps} steps: {counts:?}");
    let missing: Vec<&str> = exercised().into_iter().filter(|id| !counts.contains_key(id)).collect();
    println!("not met this time: {missing:?}");
    if mode == Mode::Own && steps > 1000 {
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
    let source = include_str!("model/operations.rs");
    let (_, made) = source.split_once("impl Walk").expect("the steps");
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
