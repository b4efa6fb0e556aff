//! Devices in a call agree on their media over their sockets, and stop ringing together; which signals an app's clients
//! send is the app's to say.

use std::time::Duration;

use halley_client::{Event, Outgoing};
use halley_testkit::{eventually, within};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    management::Manager,
    support::{Device, Form, Person, Scene, data},
};

crate::in_both_forms!(
    two_devices_agree_on_their_media_and_hang_up,
    the_devices_of_a_groups_call_find_each_other,
    who_has_no_part_in_a_call_signals_nothing,
    other_devices_stop_ringing_when_one_answers_or_declines,
    which_signals_clients_send_is_the_apps_to_say,
);

/// Longer than a signal is under way between two nodes.
const A_MOMENT: Duration = Duration::from_millis(500);

impl Device {
    fn id(&self) -> String {
        self.socket.options().device_id.clone()
    }

    /// The next frame that is wanted.
    async fn until<T>(&mut self, what: &str, wanted: impl Fn(&Event) -> Option<T>) -> T {
        within(what, async {
            loop {
                let event = self.socket.next_event().await.expect("the socket ended");
                if let Event::Closed { code, reason } = &event {
                    panic!("the socket closed: {code} {reason}");
                }
                if let Some(found) = wanted(&event) {
                    return found;
                }
            }
        })
        .await
    }

    /// The next thing that is said in a call, which must be this.
    async fn signal(&mut self, action: &str) -> Value {
        let body = self.until(action, signal).await;
        assert_eq!(body["action"], action, "{body}");
        body
    }

    async fn no_signal(&mut self) {
        let quiet = tokio::time::timeout(A_MOMENT, self.until("nothing", signal)).await;
        assert!(quiet.is_err(), "{quiet:?}");
    }

    /// Asks to join until that is refused. A socket that asks too often is not answered at all.
    async fn is_refused_soon(&mut self, session: &str) {
        within("a refusal", async {
            loop {
                self.says(session, "join", None, None).await;
                match tokio::time::timeout(A_MOMENT, self.until("an answer", signal)).await {
                    Ok(answer) if answer["action"] == "refused" => return,
                    Ok(_) | Err(_) => {}
                }
            }
        })
        .await;
    }

    async fn says(
        &mut self,
        session: &str,
        action: &'static str,
        to: Option<(&str, Option<&str>)>,
        data: Option<Value>,
    ) {
        let to = to.map(|(uid, device)| (uid.to_owned(), device.map(ToOwned::to_owned)));
        let frame = Outgoing::Call { session_id: session.to_owned(), action, to, data };
        self.socket.send(&frame).await.expect("send");
    }

    async fn joins(&mut self, session: &str) -> Value {
        self.says(session, "join", None, None).await;
        self.signal("peers").await
    }

    /// Starts a call from this device; answers its session.
    async fn calls(&self, kind: &str, to: &str) -> String {
        let body =
            json!({"type": "video", "receiverType": kind, "receiver": to, "category": "call", "status": "initiated"});
        let rung = self.api.call(Method::POST, "/calls", &[], Some(&body)).await.expect("a call");
        rung["data"]["data"]["entities"]["on"]["entity"]["sessionid"].as_str().expect("a session").to_owned()
    }

    /// Changes a call from this device.
    async fn moves(&self, session: &str, status: &str) {
        let path = format!("/calls/{session}");
        let body = json!({"status": status});
        self.api.call(Method::PUT, &path, &[], Some(&body)).await.expect("a change");
    }

    /// The next change of a call: its word, and the device that made it.
    async fn call_change(&mut self) -> (String, Option<String>) {
        self.until("a call", |event| match event {
            Event::Message(message) if message.category == "call" => {
                let word = message.to_value()["data"]["action"].as_str().expect("an action").to_owned();
                Some((word, message.device.clone()))
            }
            _ => None,
        })
        .await
    }
}

fn signal(event: &Event) -> Option<Value> {
    match event {
        Event::Other(frame) if frame["type"] == "call_signal" => Some(frame["body"].clone()),
        _ => None,
    }
}

fn peer(device: &Device, person: &Person) -> Value {
    json!({"uid": person.uid, "deviceId": device.id()})
}

async fn two_devices_agree_on_their_media_and_hang_up(form: Form) {
    let Scene { world, .. } = Scene::new(form).await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let mut phone = world.device(&ann, 0).await;
    let mut desk = world.device(&bob, 1).await;
    let mut other = world.device(&bob, 0).await;
    let session = phone.calls("user", &bob.uid).await;
    assert_eq!(phone.joins(&session).await["peers"], json!([]), "it rings");
    desk.moves(&session, "ongoing").await;
    let told = desk.joins(&session).await;
    assert_eq!((&told["peers"], &told["iceServers"]), (&json!([peer(&phone, &ann)]), &json!([])));
    assert_eq!(phone.signal("joined").await["from"], peer(&desk, &bob));

    let offer = json!({"type": "offer", "sdp": "v=0\r\n".repeat(2000)});
    phone.says(&session, "offer", Some((&bob.uid, None)), Some(offer.clone())).await;
    let heard = desk.signal("offer").await;
    assert_eq!((&heard["data"], &heard["from"]), (&offer, &peer(&phone, &ann)));
    let (phone_id, desk_id) = (phone.id(), desk.id());
    desk.says(&session, "answer", Some((&ann.uid, Some(&phone_id))), Some(json!({"sdp": "v=0"}))).await;
    assert_eq!(phone.signal("answer").await["data"]["sdp"], "v=0");
    for n in 0..20 {
        phone.says(&session, "candidate", Some((&bob.uid, Some(&desk_id))), Some(json!({"n": n}))).await;
        assert_eq!(desk.signal("candidate").await["data"]["n"], n);
    }
    // It goes on over a cut of the socket.
    drop(desk);
    assert_eq!(phone.signal("left").await["from"]["deviceId"], desk_id.as_str());
    let (_, mut options) = world.logged_in(&bob, 1).await;
    options.device_id.clone_from(&desk_id);
    let socket = halley_client::Connection::connect(options).await.expect("connect");
    let mut desk = Device { api: other.api.clone(), socket };
    desk.joins(&session).await;
    phone.signal("joined").await;
    phone.says(&session, "bye", Some((&bob.uid, None)), None).await;
    desk.signal("bye").await;
    phone.moves(&session, "ended").await;
    // The node hears of the end a moment later by itself, and at once when it asks.
    phone.says(&session, "join", None, None).await;
    assert_eq!(phone.signal("refused").await["code"], "ERR_CALL_TERMINATED");
    phone.says(&session, "offer", Some((&bob.uid, None)), Some(json!({}))).await;
    desk.no_signal().await;
    other.no_signal().await;
}

async fn the_devices_of_a_groups_call_find_each_other(form: Form) {
    let Scene { world, .. } = Scene::new(form).await;
    let people = [world.person("ann").await, world.person("bob").await, world.person("cat").await];
    let group = world.group("room", &people.each_ref()).await;
    let mut devices = Vec::new();
    for (node, person) in people.iter().enumerate() {
        devices.push(world.device(person, node).await);
    }
    let session = devices[0].calls("group", group.id()).await;
    devices[0].joins(&session).await;
    for n in 1..3 {
        devices[n].moves(&session, "ongoing").await;
        let told = devices[n].joins(&session).await["peers"].clone();
        let before: Vec<Value> = (0..n).map(|m| peer(&devices[m], &people[m])).collect();
        assert_eq!(told, json!(before));
        let new = peer(&devices[n], &people[n]);
        for device in &mut devices[..n] {
            assert_eq!(device.signal("joined").await["from"], new);
        }
    }
    for from in 0..3 {
        for to in (0..3).filter(|to| *to != from) {
            devices[from].says(&session, "offer", Some((&people[to].uid, None)), Some(json!({"from": from}))).await;
            assert_eq!(devices[to].signal("offer").await["data"]["from"], from);
        }
    }
    devices[1].says(&session, "leave", None, None).await;
    for n in [0, 2] {
        assert_eq!(devices[n].signal("left").await["from"]["uid"], people[1].uid.as_str());
    }
    // Who is put out of the group is out of its call, for the others and for the server.
    world
        .api
        .call(Method::DELETE, &format!("/groups/{}/members/{}", group.id(), people[2].uid), &[], None)
        .await
        .expect("kick");
    devices[2].is_refused_soon(&session).await;
    devices[2].says(&session, "offer", Some((&people[0].uid, None)), Some(json!({}))).await;
    let quiet = tokio::time::timeout(
        A_MOMENT,
        devices[0].until("an offer", |event| signal(event).filter(|body| body["action"] == "offer")),
    )
    .await;
    assert!(quiet.is_err(), "{quiet:?}");
}

async fn who_has_no_part_in_a_call_signals_nothing(form: Form) {
    let Scene { world, .. } = Scene::new(form).await;
    let (ann, bob, eve) = (world.person("ann").await, world.person("bob").await, world.person("eve").await);
    let mut phone = world.device(&ann, 0).await;
    let mut desk = world.device(&bob, 1).await;
    let mut outside = world.device(&eve, 0).await;
    let mut other = world.device(&bob, 0).await;
    let session = phone.calls("user", &bob.uid).await;
    desk.moves(&session, "ongoing").await;
    for device in [&mut outside, &mut other] {
        device.says(&session, "join", None, None).await;
        assert_eq!(device.signal("refused").await["code"], "ERR_CALL_NOT_A_PART");
        device.says(&session, "offer", Some((&ann.uid, None)), Some(json!({}))).await;
    }
    outside.says("v1.us.nothing.1", "join", None, None).await;
    assert_eq!(outside.signal("refused").await["code"], "ERR_CALL_SESSION_NOT_FOUND");
    phone.no_signal().await;
    desk.joins(&session).await;
    phone.signal("joined").await;

    let body = json!({"blockedUids": [ann.uid]});
    desk.api.call(Method::POST, "/blockedusers", &[], Some(&body)).await.expect("block");
    phone.is_refused_soon(&session).await;
    phone.says(&session, "offer", Some((&bob.uid, None)), Some(json!({}))).await;
    let offer = |event: &Event| signal(event).filter(|body| body["action"] == "offer");
    let quiet = tokio::time::timeout(A_MOMENT, desk.until("an offer", offer)).await;
    assert!(quiet.is_err(), "{quiet:?}");
}

async fn other_devices_stop_ringing_when_one_answers_or_declines(form: Form) {
    let scene = Scene::new(form).await;
    let world = &scene.world;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let mut phone = world.device(&ann, 0).await;
    let mut desks = [world.device(&bob, 0).await, world.device(&bob, 1).await];
    for word in ["ongoing", "rejected", "busy"] {
        let session = phone.calls("user", &bob.uid).await;
        for desk in &mut desks {
            assert_eq!(desk.call_change().await.0, "initiated");
        }
        desks[0].moves(&session, word).await;
        let by = Some(desks[0].id());
        assert_eq!(desks[1].call_change().await, (word.to_owned(), by.clone()), "and which device it was");
        assert_eq!(desks[0].call_change().await, (word.to_owned(), by.clone()));
        assert_eq!(phone.call_change().await.0, "initiated");
        assert_eq!(phone.call_change().await, (word.to_owned(), by));
        if word == "ongoing" {
            phone.moves(&session, "ended").await;
            for device in desks.iter_mut().chain([&mut phone]) {
                assert_eq!(device.call_change().await.0, "ended");
            }
        }
    }
    // The app's server side answers for the user: no device did.
    let session = phone.calls("user", &bob.uid).await;
    let path = format!("/calls/{session}");
    data(scene.put(&path, json!({"status": "ongoing"})).header("onBehalfOf", &bob.uid)).await;
    for desk in &mut desks {
        assert_eq!(desk.call_change().await.0, "initiated");
        assert_eq!(desk.call_change().await.0, "ongoing");
    }
    data(scene.put(&path, json!({"status": "ended"})).header("onBehalfOf", &bob.uid)).await;
}

async fn which_signals_clients_send_is_the_apps_to_say(form: Form) {
    let owner = Manager::owner(form).await;
    let app = owner.app("Modes").await;
    let post = |path: &str, body: Value| owner.as_app(&app, Method::POST, path).json(&body);
    data(post("/users", json!({"uid": "ann", "name": "Ann"}))).await;
    let token =
        data(post("/users/ann/auth_tokens", json!({}))).await["authToken"].as_str().expect("a token").to_owned();
    let asked =
        |method: Method, path: &str| owner.bare(method, path).header("appid", &app.id).header("authtoken", &token);
    let told = async || data(asked(Method::GET, "/settings")).await["MODE"].clone();
    assert_eq!(told().await, "DEFAULT");
    for mode in ["LIMITED_TRANSIENT", "NO_TRANSIENT", "DEFAULT"] {
        owner.set(&app, json!({"core.mode": mode})).await;
        eventually(mode, async || (told().await == mode).then_some(())).await;
        let login = asked(Method::PUT, "/me").json(&json!({"platform": "WEB", "deviceId": "WEB-1"}));
        assert_eq!(data(login).await["settings"]["MODE"], mode);
    }
    let wrong = json!({"settings": {"core.mode": "QUIET"}});
    let fates = data(owner.post(&format!("/apps/{}/settings", app.id), wrong)).await;
    assert_eq!(fates["core.mode"]["error"]["code"], "ERR_BAD_REQUEST");
}
