//! A walk: an app with people whose devices are watched while one thing after another is done.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Debug},
    time::{Duration, Instant},
};

use futures::future::join_all;
use halley_client::{ApiClient, ClientError, Format, Outgoing, ReceiptAction, Receiver, Server};
use halley_testkit::{eventually, platform::Platform, unique};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    MARKER,
    device::{Device, Mode},
    fresh::fetch,
    is_of_marker,
    learned::Untold,
    operations::{CLIENT_ONLY, Hand, KINDS, Kind, Said},
    picture::{Picture, direct, guid_of},
};
use crate::{endpoints::probe::App, operations::operation};

/// How often is looked whether devices show what they should: events come, and other processes learn facts, a moment after a call
/// is answered.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How long what was fetched is compared before it is fetched again.
const FETCH_EVERY: Duration = Duration::from_millis(300);
/// How long differences are waited for where they are only to be told.
const GO_ON_AFTER: Duration = Duration::from_secs(5);

/// One thing that somebody does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Step {
    pub kind: Kind,
    seed: u32,
}

impl Debug for Step {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{:?}:{}", self.kind, self.seed)
    }
}

impl Step {
    pub fn random(random: &mut StdRng) -> Self {
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

    /// Reads one as a failure prints it.
    pub fn parse(text: &str) -> Self {
        let (kind, seed) = text.split_once(':').expect("Kind:seed");
        Self { kind: Kind::parse(kind).expect("a kind"), seed: seed.parse().expect("a seed") }
    }
}

/// What clients without a past see, by uid.
pub type Fresh = BTreeMap<String, Picture>;

/// What has to be fetched by whoever it concerns before anything is compared: it is known to other processes, or worked off
/// there, only a moment after the call is answered.
pub struct Awaited {
    what: String,
    holds: Box<dyn Fn(&Fresh) -> bool + Send>,
}

impl Debug for Awaited {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.what)
    }
}

/// What a step did besides what events tell.
#[derive(Debug, Default)]
pub struct Done {
    /// What events don't tell, and to whom; all, where the uid is empty.
    untold: Vec<(String, Untold)>,
    awaited: Option<Awaited>,
}

impl Done {
    /// Of all users where the uid is empty.
    pub fn untold(uid: &str, untold: Untold) -> Self {
        Self { untold: vec![(uid.to_owned(), untold)], ..Self::default() }
    }

    pub fn awaiting(self, what: String, holds: impl Fn(&Fresh) -> bool + Send + 'static) -> Self {
        Self { awaited: Some(Awaited { what, holds: Box::new(holds) }), ..self }
    }
}

/// An app with people whose devices are watched.
pub struct Walk {
    pub devices: Vec<Device>,
    pub people: Vec<String>,
    pub spare: String,
    pub bot: String,
    pub groups: Vec<String>,
    pub said: Vec<Said>,
    pub flagged: Vec<u64>,
    pub sessions: Vec<String>,
    /// Deleted for good: clients can't tell that from deleted, and whoever counts places is shown that they were there.
    pub purged: BTreeSet<u64>,
    /// Whether a user is subscribed to a message's thread, which no event tells; nothing, where neither the user nor a reply
    /// has made it so.
    pub subscribed: BTreeMap<(String, u64), bool>,
    /// How often each operation succeeded.
    pub counts: BTreeMap<&'static str, usize>,
    pub websockets: Vec<String>,
    pub mode: Mode,
    key: ApiClient,
    /// How long devices may take to show what they should.
    limit: Duration,
}

impl Walk {
    pub async fn new(platform: &Platform, mode: Mode, limit: Duration) -> Self {
        let app = App::new(platform).await;
        let server = Server::new(&platform.rest, &app.id).expect("server");
        let key = server.with_key(&app.key);
        let mut walk = Self {
            devices: Vec::new(),
            people: Vec::new(),
            spare: unique("u"),
            bot: unique("bot"),
            groups: Vec::new(),
            said: Vec::new(),
            flagged: Vec::new(),
            sessions: Vec::new(),
            purged: BTreeSet::new(),
            subscribed: BTreeMap::new(),
            counts: BTreeMap::new(),
            websockets: platform.websockets.clone(),
            mode,
            key,
            limit,
        };
        for base in ["ann", "bob", "cat"] {
            walk.key.create_user(base, base).await.expect("a user");
            walk.people.push(base.to_owned());
        }
        let (spare, bot) = (walk.spare.clone(), walk.bot.clone());
        for uid in [&spare, &bot, MARKER] {
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
        for (node, uid) in ["ann", "ann", "bob", "cat"].into_iter().enumerate() {
            let token = walk.key.create_auth_token(uid).await.expect("a token");
            let websocket = &walk.websockets[node % walk.websockets.len()];
            let format = if mode == Mode::Own && node % 2 == 1 { Format::Protobuf } else { Format::Json };
            walk.devices.push(Device::new(&server, websocket, &token, uid, mode, format).await);
        }
        walk
    }

    pub fn did(&mut self, id: &'static str) {
        *self.counts.entry(id).or_default() += 1;
    }

    /// Calls an operation; `None` for a refusal. Nothing may go wrong in the server.
    pub async fn op(&mut self, hand: &Hand, id: &'static str, parameters: &[&str], body: Value) -> Option<Value> {
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
        let answer = match api.call(method, &path, &[], Some(&body)).await {
            Ok(answer) => Ok(answer["data"].clone()),
            Err(ClientError::Api { status: 400..500, code, .. }) => Err(code),
            Err(error) => panic!("{id} {path}: {error}"),
        };
        if std::env::var_os("HALLEY_MODEL_VERBOSE").is_some() {
            let outcome = answer.as_ref().map_or_else(ToString::to_string, |data| format!("done {}", data["id"]));
            println!("    {hand:?} {id} {path} {body}: {outcome}");
        }
        answer.is_ok().then(|| self.did(id));
        answer.ok()
    }

    /// Waits until the frames that a device sent before are worked off. None of them is answered; but receipts are passed on one
    /// after another, so those before one whose effect is seen are stored.
    pub async fn receipts_are_stored(&self, at: usize) {
        let device = &self.devices[at];
        let marker = self.key.clone().on_behalf_of(MARKER);
        let to = Receiver::user(&device.uid);
        let sent = marker.send_message(&to, "mark", &unique("m")).await.expect("a marker");
        let path = format!("/messages/{}", sent.id);
        let receipt = || Outgoing::Receipt {
            receiver: Receiver::user(MARKER),
            action: ReceiptAction::Delivered,
            message_id: sent.id,
            message_sender: MARKER.to_owned(),
        };
        // Sent again each time, as a socket that ends may have lost it.
        let is_delivered = async || {
            device.send(receipt());
            let shown = marker.call(Method::GET, &path, &[], None).await.expect("the marker");
            (device.is_cut() || shown["data"]["deliveredAt"].is_i64()).then_some(())
        };
        eventually("a receipt behind the others", is_delivered).await;
    }

    /// Clients without the subprotocol are not told of what their user hid: they drop what was said before this.
    pub async fn hide(&mut self, uid: &str, conversation: &str) {
        if self.mode == Mode::Own {
            return;
        }
        // Ids grow in the order in which messages are stored.
        let marker = self.key.clone().on_behalf_of(MARKER);
        let sent = marker.send_message(&Receiver::user(uid), "mark", &unique("m")).await.expect("a marker");
        for device in self.devices.iter_mut().filter(|device| device.uid == uid) {
            device.state.hidden.insert(conversation.to_owned(), sent.id);
            device.state.hide_up_to(conversation, sent.id);
        }
    }

    /// Makes a step, and waits until every device shows what it would fetch.
    pub async fn step(&mut self, step: Step) -> Result<(), String> {
        let mut random = StdRng::seed_from_u64(u64::from(step.seed));
        // What is refused must change nothing, either.
        let done = self.run(step.kind, &mut random).await.unwrap_or_default();
        self.settle(done).await
    }

    /// Brings those back that are away, and compares once more.
    pub async fn end(&mut self) -> Result<(), String> {
        for at in 0..self.devices.len() {
            if self.devices[at].is_away() {
                let websocket = self.websocket_of(at);
                self.devices[at].come_back(&websocket).await;
            }
        }
        self.settle(Done::default()).await
    }

    /// Waits until every device that is not away shows what it would fetch.
    pub async fn settle(&mut self, done: Done) -> Result<(), String> {
        let begun = Instant::now();
        loop {
            let fresh = self.fresh().await;
            let differ = match done.awaited.as_ref().filter(|awaited| !(awaited.holds)(&fresh)) {
                Some(awaited) => vec![format!("not to be fetched: {awaited:?}")],
                None => self.differences(&done, &fresh).await,
            };
            if differ.is_empty() {
                self.miss(&done);
                return Ok(());
            }
            let goes_on = std::env::var_os("HALLEY_MODEL_GO_ON").is_some();
            if goes_on && begun.elapsed() > GO_ON_AFTER {
                println!("differs after {done:?}\n{}", differ.join("\n"));
                self.devices.iter_mut().for_each(|device| device.state.learn(Untold::All, &fresh[&device.uid]));
                return Ok(());
            }
            if begun.elapsed() > self.limit {
                return Err(differ.join("\n"));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Where the devices differ from what was fetched, after a while in which events may come.
    async fn differences(&mut self, done: &Done, fresh: &Fresh) -> Vec<String> {
        let begun = Instant::now();
        loop {
            let mut differ = Vec::new();
            for at in 0..self.devices.len() {
                differ.extend(self.compare(at, done, fresh).await);
            }
            if differ.is_empty() || begun.elapsed() > FETCH_EVERY {
                return differ;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Where a device differs from what was fetched.
    async fn compare(&mut self, at: usize, done: &Done, fresh: &Fresh) -> Vec<String> {
        let websocket = self.websocket_of(at);
        let device = &mut self.devices[at];
        if device.is_away() {
            return Vec::new();
        }
        device.take_in(&websocket).await;
        let (uid, fresh) = (device.uid.clone(), &fresh[&device.uid]);
        // No event tells of them, and whoever fetches them gets what that process has heard so far.
        let always = [Untold::Names, Untold::Relations];
        let plain: &[Untold] = if self.mode == Mode::Plain { &[Untold::Groups] } else { &[] };
        let missed = device.missed.iter();
        let untold = done
            .untold
            .iter()
            .filter(|(who, untold)| (who.is_empty() || *who == uid) && !untold.is_told(self.mode, false));
        let learns: Vec<Untold> =
            always.iter().chain(plain).chain(missed).chain(untold.map(|(_, untold)| untold)).copied().collect();
        learns.into_iter().for_each(|untold| device.state.learn(untold, fresh));
        let mut shown = self.comparable(self.devices[at].state.picture(), fresh);
        for (id, message) in &mut shown.messages {
            // No device is told; what is fetched has to be as the rules of subscriptions say.
            message.subscribed = self.subscribed.get(&(uid.clone(), *id)) == Some(&true);
        }
        let fresh = self.comparable(fresh.clone(), fresh);
        shown.differences(&fresh).into_iter().map(|line| format!("device {at} of {uid}: {line}")).collect()
    }

    /// After a step, those that are there know all that the step did. Those that are away will have to fetch what no event
    /// tells them as they come back.
    fn miss(&mut self, done: &Done) {
        for device in &mut self.devices {
            if !device.is_away() {
                device.missed.clear();
                continue;
            }
            let untold = done.untold.iter().filter(|(who, _)| who.is_empty() || *who == device.uid);
            device.missed.extend(untold.map(|(_, untold)| *untold).filter(|untold| !untold.is_told(self.mode, true)));
        }
    }

    pub fn websocket_of(&self, at: usize) -> String {
        self.websockets[at % self.websockets.len()].clone()
    }

    async fn fresh(&self) -> Fresh {
        let of = async |uid: &String| {
            let device = self.devices.iter().find(|device| device.uid == *uid).expect("each has a device");
            (uid.clone(), fetch(&device.api, uid).await)
        };
        join_all(self.people.iter().map(of)).await.into_iter().collect()
    }

    /// Without what a client can't know.
    fn comparable(&self, picture: Picture, fresh: &Picture) -> Picture {
        let mut picture = picture.without(is_of_marker);
        picture.messages.retain(|id, _| !self.purged.contains(id));
        for (guid, room) in &mut picture.groups {
            // Who may not ban is not shown who is banned, but may have been before.
            if fresh.groups.get(guid).is_some_and(|now| now.banned.is_none()) {
                room.banned = None;
            }
        }
        // Of the calls of a group, who is out of it hears nothing more.
        let groups: BTreeSet<String> = picture.groups.keys().cloned().collect();
        picture.calls.retain(|_, call| guid_of(&call.conversation).is_none_or(|guid| groups.contains(guid)));
        picture
    }

    /// The conversation of a user with somebody, or in a group.
    pub fn conversation(uid: &str, with: &Receiver) -> String {
        match with {
            Receiver::User(other) => direct(uid, other),
            Receiver::Group(guid) => format!("group_{guid}"),
        }
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
