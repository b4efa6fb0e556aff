//! Sockets are cut at random points: what each device knows in the end is what it would fetch.

use std::time::Duration;

use halley_client::{Connection, Event, Format, Outgoing, ReceiptAction, Receiver};
use halley_testkit::{eventually, platform::Platform, unique, within};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use reqwest::Method;
use serde_json::json;

use crate::{
    mirror::Mirror,
    support::{Form, Http, Person, World, answer, block_on, data},
};

crate::in_both_forms!(
    a_device_that_is_cut_off_at_random_knows_what_it_would_fetch,
    a_first_socket_is_given_a_token_and_nothing_else,
    receipts_of_the_meantime_are_told,
    a_useless_token_is_an_advice_to_fetch,
    who_is_thrown_out_meanwhile_learns_it,
);

/// A device that keeps what it knows over its sockets.
struct Tracked {
    person: Person,
    format: Format,
    mirror: Mirror,
    socket: Option<Connection>,
}

impl Tracked {
    async fn new(world: &World, base: &str) -> Self {
        // The form of the frames makes no difference.
        let format = if base == "bob" { Format::Protobuf } else { Format::Json };
        Self { person: world.person(base).await, format, mirror: Mirror::default(), socket: None }
    }

    async fn connect(&mut self, world: &World, node: usize) {
        let (_, mut options) = world.logged_in(&self.person, node).await;
        options.format = self.format;
        options.left_off = Some(self.mirror.left_off());
        let mut socket = within("the socket opens", Connection::connect(options)).await.expect("connect");
        self.mirror.resume(&mut socket).await;
        self.socket = Some(socket);
    }

    /// As soon as the platform lets it in.
    async fn come_back(&mut self, world: &World, node: usize) {
        let (_, mut options) = world.logged_in(&self.person, node).await;
        options.format = self.format;
        options.left_off = Some(self.mirror.left_off());
        let connect = async || Connection::connect(options.clone()).await.ok();
        let mut socket = eventually("a socket that opens", connect).await;
        self.mirror.resume(&mut socket).await;
        self.socket = Some(socket);
    }

    fn cut(&mut self) {
        // Without a word: the stream is dropped.
        self.socket = None;
    }

    /// Takes in what has come so far.
    async fn drain(&mut self) {
        let Some(socket) = &mut self.socket else { return };
        while let Ok(event) = tokio::time::timeout(Duration::from_millis(5), socket.next_event()).await {
            match event {
                Some(Event::Closed { .. }) | None => return self.cut(),
                Some(event) => drop(self.mirror.apply(event)),
            }
        }
    }
}

/// Something random by one of the people, in the group or between the first two.
async fn act(random: &mut StdRng, http: &Http, people: &[&Person], group: &Receiver, ids: &mut Vec<(String, String)>) {
    let person = people[random.random_range(0..people.len())];
    let choice = random.random_range(0..10);
    if choice < 5 || ids.is_empty() {
        let (to, kind) = match random.random_bool(0.5) {
            true => (group.id().to_owned(), "group"),
            false => (people[usize::from(person.uid == people[0].uid)].uid.clone(), "user"),
        };
        let body = json!({"receiver": to, "receiverType": kind, "category": "message", "type": "text",
            "data": {"text": unique("t")}, "muid": unique("m")});
        let sent = data(http.as_user(Method::POST, "/messages", person).json(&body)).await;
        ids.push((sent["id"].as_str().expect("id").to_owned(), person.uid.clone()));
        return;
    }
    let (id, sender) = ids[random.random_range(0..ids.len())].clone();
    let sender = people.iter().find(|person| person.uid == sender).expect("the sender");
    // A call may be about what was deleted before: a refusal is as good as a change.
    let request = match choice {
        5 => {
            http.as_user(Method::PUT, &format!("/messages/{id}"), sender).json(&json!({"data": {"text": unique("e")}}))
        }
        6 => http.as_user(Method::DELETE, &format!("/messages/{id}"), sender).json(&json!({})),
        7 => http.as_user(Method::POST, &format!("/messages/{id}/reactions/%F0%9F%91%8D"), person).json(&json!({})),
        8 => http.as_user(Method::DELETE, &format!("/messages/{id}/reactions/%F0%9F%91%8D"), person).json(&json!({})),
        _ => http.with_key(Method::POST, &format!("/messages/{id}/pin")).json(&json!({})),
    };
    crate::support::answer(request).await;
}

async fn a_device_that_is_cut_off_at_random_knows_what_it_would_fetch(form: Form) {
    let (http, world) = (Http::new(form).await, World::new(form).await);
    let seed = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut devices = [Tracked::new(&world, "ann").await, Tracked::new(&world, "bob").await];
    let cat = world.person("cat").await;
    let group = world.group("room", &[&devices[0].person, &devices[1].person, &cat]).await;
    for (node, device) in devices.iter_mut().enumerate() {
        device.connect(&world, node).await;
        assert!(device.mirror.messages.is_empty(), "a first socket tells nothing of the past");
        let (api, _) = world.logged_in(&device.person, 0).await;
        device.mirror.messages = Mirror::fetched(&api, &group).await;
    }
    let mut ids = Vec::new();
    for _ in 0..120 {
        let people = [&devices[0].person, &devices[1].person, &cat];
        act(&mut random, &http, &people, &group, &mut ids).await;
        let device = &mut devices[random.random_range(0..2)];
        match random.random_range(0..6) {
            0 => device.cut(),
            1 => device.connect(&world, random.random_range(0..2)).await,
            _ => device.drain().await,
        }
    }
    know_all(&world, &mut devices, &group, seed).await;
}

/// Both devices, cut off once more, come to know what they would fetch.
async fn know_all(world: &World, devices: &mut [Tracked], group: &Receiver, seed: u64) {
    for node in 0..2 {
        let other = devices[1 - node].person.receiver();
        let device = &mut devices[node];
        device.cut();
        device.come_back(world, node).await;
        assert_eq!(device.mirror.refetches, 0, "so little is told");
        let (api, _) = world.logged_in(&device.person, 0).await;
        for with in [group, &other] {
            let fetched = Mirror::fetched(&api, with).await;
            let Some(((conversation, _), _)) = fetched.first_key_value() else { continue };
            assert_eq!(device.mirror.of(conversation), fetched, "seed {seed}");
        }
    }
}

/// What is done to the platform while people talk.
enum Blow {
    Node,
    Redis,
    NodeAndRedis,
}

impl Blow {
    async fn strike(&self, platform: &Platform) {
        if matches!(self, Self::Node | Self::NodeAndRedis) {
            platform.kill("realtime-gateway-1").await;
        }
        if matches!(self, Self::Redis | Self::NodeAndRedis) {
            // It holds nothing that lasts: another one starts empty in its place.
            platform.kill_redis().await;
        }
    }

    async fn mend(&self, platform: &Platform) {
        if matches!(self, Self::Node | Self::NodeAndRedis) {
            platform.restart("realtime-gateway-1").await;
        }
    }
}

#[test]
fn nodes_and_a_redis_that_die_leave_no_hole() {
    block_on(async {
        let platform = Platform::many_processes().await;
        let (http, world) = (Http::on(&platform), World::on(&platform));
        let seed = rand::random();
        println!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        let mut devices = [Tracked::new(&world, "ann").await, Tracked::new(&world, "bob").await];
        let cat = world.person("cat").await;
        let group = world.group("room", &[&devices[0].person, &devices[1].person, &cat]).await;
        for (node, device) in devices.iter_mut().enumerate() {
            device.connect(&world, node).await;
            let (api, _) = world.logged_in(&device.person, 0).await;
            device.mirror.messages = Mirror::fetched(&api, &group).await;
        }
        let mut ids = Vec::new();
        for blow in [Blow::Node, Blow::Redis, Blow::NodeAndRedis] {
            for step in 0..30 {
                if step == 10 {
                    blow.strike(&platform).await;
                    // Until the services trust what they know again, they may ask to try later.
                    let path = format!("/groups/{}", group.id());
                    let asks = || http.as_user(Method::GET, &path, &cat);
                    eventually("an answer", async || (answer(asks()).await.0 == 200).then_some(())).await;
                }
                let people = [&devices[0].person, &devices[1].person, &cat];
                act(&mut random, &http, &people, &group, &mut ids).await;
                for device in &mut devices {
                    device.drain().await;
                    if device.socket.is_none() && random.random_bool(0.3) {
                        device.come_back(&world, 1).await;
                    }
                }
            }
            blow.mend(&platform).await;
        }
        know_all(&world, &mut devices, &group, seed).await;
    });
}

async fn a_first_socket_is_given_a_token_and_nothing_else(form: Form) {
    let world = World::new(form).await;
    let mut ann = Tracked::new(&world, "ann").await;
    let bob = world.person("bob").await;
    world.device(&bob, 0).await.say(&ann.person.receiver(), "before").await;
    ann.connect(&world, 0).await;
    assert!(ann.mirror.messages.is_empty() && !ann.mirror.token.is_empty());
    let device = world.device(&bob, 1).await;
    ann.cut();
    device.say(&ann.person.receiver(), "one").await;
    ann.connect(&world, 1).await;
    assert_eq!(ann.mirror.messages.values().map(|message| message.text.as_str()).collect::<Vec<_>>(), ["one"]);
}

async fn receipts_of_the_meantime_are_told(form: Form) {
    let world = World::new(form).await;
    let mut ann = Tracked::new(&world, "ann").await;
    let bob = world.person("bob").await;
    let device = world.device(&bob, 0).await;
    ann.connect(&world, 0).await;
    let (api, _) = world.logged_in(&ann.person, 0).await;
    let sent = api.send_message(&bob.receiver(), "hi", &unique("m")).await.expect("sent");
    ann.cut();
    let receipt = Outgoing::Receipt {
        receiver: ann.person.receiver(),
        action: ReceiptAction::Read,
        message_id: sent.id,
        message_sender: ann.person.uid.clone(),
    };
    let mut socket = device.socket;
    socket.send(&receipt).await.expect("send");
    // It has no answer: the conversation tells when it is stored.
    within("the receipt", async {
        while !ann.mirror.read.values().any(|read| *read == sent.id) {
            ann.connect(&world, 1).await;
        }
    })
    .await;
}

async fn a_useless_token_is_an_advice_to_fetch(form: Form) {
    let world = World::new(form).await;
    let mut ann = Tracked::new(&world, "ann").await;
    ann.mirror.token = "nonsense".to_owned();
    ann.connect(&world, 0).await;
    assert_eq!((ann.mirror.refetches, ann.mirror.messages.len()), (1, 0));
    ann.cut();
    ann.connect(&world, 1).await;
    assert_eq!(ann.mirror.refetches, 1, "the token that came with it is good");
}

async fn who_is_thrown_out_meanwhile_learns_it(form: Form) {
    let (http, world) = (Http::new(form).await, World::new(form).await);
    let mut ann = Tracked::new(&world, "ann").await;
    let group = world.group("room", &[&ann.person]).await;
    ann.connect(&world, 0).await;
    ann.cut();
    data(http.with_key(Method::DELETE, &format!("/groups/{}/members/{}", group.id(), ann.person.uid))).await;
    let conversation = format!("group_{}", group.id());
    // The member's place ends by the durable stream.
    within("being told", async {
        while !ann.mirror.left.contains(&conversation) {
            ann.connect(&world, 1).await;
        }
    })
    .await;
    assert!(ann.mirror.messages.keys().any(|(id, _)| *id == conversation), "and how it came");
}
