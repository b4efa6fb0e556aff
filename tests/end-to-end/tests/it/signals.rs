//! What sockets hear besides messages: typing, transient messages, presence, receipts, and changes of groups.

use std::time::{Duration, Instant};

use halley_client::{Connection, Event, Outgoing, PresenceSubscription, Receipt, ReceiptAction, Receiver};
use halley_testkit::within;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Device, Form, Person, Scene, data};

crate::in_both_forms!(
    typing_is_seen_on_the_other_node_and_ends_with_the_socket,
    who_is_blocked_or_kicked_is_not_seen_typing,
    transient_messages_reach_who_is_there,
    presence_is_told_to_who_asked_for_it,
    who_moves_to_another_node_is_never_told_offline,
    a_read_is_told_to_every_sender_and_to_own_devices,
    what_all_have_read_is_told_by_the_app,
    changes_of_a_group_are_told_to_its_members,
    an_unread_count_is_told_to_own_devices,
);

/// Longer than signals are gathered, and than the way between two nodes.
const A_MOMENT: Duration = Duration::from_millis(500);

impl Device {
    /// What the next event that is wanted says.
    async fn next<T>(&mut self, what: &str, wanted: impl Fn(&Event) -> Option<T>) -> T {
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

    /// Makes sure that nothing that is wanted comes for a moment.
    async fn none<T>(&mut self, wanted: impl Fn(&Event) -> Option<T>) {
        let quiet = tokio::time::timeout(A_MOMENT, self.next("nothing", wanted)).await;
        assert!(quiet.is_err(), "something came");
    }

    async fn types(&mut self, to: &Receiver, started: bool) {
        let frame = Outgoing::Typing { receiver: to.clone(), started, metadata: Some(json!({"k": 1})) };
        self.socket.send(&frame).await.expect("send");
    }

    async fn notes(&mut self, to: &Receiver, data: Value) {
        self.socket.send(&Outgoing::Transient { receiver: to.clone(), data }).await.expect("send");
    }

    async fn reads(&mut self, to: &Receiver, message_id: u64, message_sender: &str) {
        let (action, message_sender) = (ReceiptAction::Read, message_sender.to_owned());
        let frame = Outgoing::Receipt { receiver: to.clone(), action, message_id, message_sender };
        self.socket.send(&frame).await.expect("send");
    }
}

/// Who types to whom, and whether it began.
fn typing(event: &Event) -> Option<(String, Receiver, bool)> {
    match event {
        Event::Typing(typing) => Some((typing.uid.clone(), typing.receiver.clone(), typing.started)),
        _ => None,
    }
}

fn note(event: &Event) -> Option<(String, Value)> {
    match event {
        Event::Transient(note) => Some((note.uid.clone(), note.data.clone())),
        _ => None,
    }
}

/// Changes of presence of these people.
fn presence_of(uids: &[&str]) -> impl Fn(&Event) -> Option<(String, bool)> + use<> {
    let uids: Vec<String> = uids.iter().map(|uid| (*uid).to_owned()).collect();
    move |event| match event {
        Event::Presence(presence) if uids.contains(&presence.uid) => Some((presence.uid.clone(), presence.online)),
        _ => None,
    }
}

fn receipt(action: &'static str) -> impl Fn(&Event) -> Option<Receipt> {
    move |event| match event {
        Event::Receipt(receipt) if receipt.action == action => Some(Receipt::clone(receipt)),
        _ => None,
    }
}

fn frame(kind: &'static str) -> impl Fn(&Event) -> Option<Value> {
    move |event| match event {
        Event::Other(frame) if frame["type"] == kind => Some(Value::clone(frame)),
        _ => None,
    }
}

async fn typing_is_seen_on_the_other_node_and_ends_with_the_socket(form: Form) {
    let Scene { world, .. } = Scene::new(form).await;
    let (ann, bob, cat) = (world.person("ann").await, world.person("bob").await, world.person("cat").await);
    let stranger = world.person("dan").await;
    let room = world.group("room", &[&ann, &bob, &cat]).await;
    let mut ann_phone = world.device(&ann, 0).await;
    let mut ann_desk = world.device(&ann, 1).await;
    let mut bob_phone = world.device(&bob, 1).await;
    let mut cat_phone = world.device(&cat, 0).await;
    let mut outside = world.device(&stranger, 0).await;

    for started in [true, false] {
        ann_phone.types(&bob.receiver(), started).await;
        let heard = bob_phone.next("typing", typing).await;
        assert_eq!(heard, (ann.uid.clone(), bob.receiver(), started));
    }
    ann_phone.types(&room, true).await;
    outside.types(&room, true).await;
    for device in [&mut bob_phone, &mut cat_phone] {
        assert_eq!(device.next("typing", typing).await, (ann.uid.clone(), room.clone(), true));
    }
    ann_phone.socket.close().await;
    for device in [&mut bob_phone, &mut cat_phone] {
        assert_eq!(device.next("its end", typing).await, (ann.uid.clone(), room.clone(), false));
    }
    ann_desk.none(typing).await;
    outside.none(typing).await;
}

async fn who_is_blocked_or_kicked_is_not_seen_typing(form: Form) {
    let scene = Scene::new(form).await;
    let world = &scene.world;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let room = world.group("room", &[&ann, &bob]).await;
    let mut ann_phone = world.device(&ann, 0).await;
    let mut bob_phone = world.device(&bob, 1).await;
    ann_phone.types(&bob.receiver(), true).await;
    assert!(bob_phone.next("typing", typing).await.2);
    ann_phone.types(&room, true).await;
    assert!(bob_phone.next("typing", typing).await.2);

    data(scene.by(&bob, Method::POST, "/blockedusers", json!({"blockedUids": [ann.uid]}))).await;
    assert_eq!(bob_phone.next("its end", typing).await, (ann.uid.clone(), bob.receiver(), false));
    data(scene.delete(&format!("/groups/{}/members/{}", room.id(), ann.uid), json!({}))).await;
    assert_eq!(bob_phone.next("its end", typing).await, (ann.uid.clone(), room.clone(), false));
    for to in [&bob.receiver(), &room] {
        ann_phone.types(to, false).await;
        ann_phone.types(to, true).await;
        ann_phone.notes(to, json!("hello")).await;
    }
    bob_phone.none(|event| typing(event).map(drop).or(note(event).map(drop))).await;
}

async fn transient_messages_reach_who_is_there(form: Form) {
    let Scene { world, .. } = Scene::new(form).await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let room = world.group("room", &[&ann, &bob]).await;
    let mut ann_phone = world.device(&ann, 0).await;
    let mut ann_desk = world.device(&ann, 1).await;
    let mut bobs = [world.device(&bob, 0).await, world.device(&bob, 1).await];
    let sent = json!({"live": [1, null, "two"]});
    ann_phone.notes(&bob.receiver(), sent.clone()).await;
    for device in &mut bobs {
        assert_eq!(device.next("a note", note).await, (ann.uid.clone(), sent.clone()));
    }
    ann_phone.notes(&room, json!(2)).await;
    for device in bobs.iter_mut().chain([&mut ann_desk]) {
        assert_eq!(device.next("a note", note).await, (ann.uid.clone(), json!(2)));
    }
    // It is not stored, and does not come back to the device that sent it.
    ann_phone.none(note).await;
    assert_eq!(bobs[0].unread(&room).await, 0);
}

/// A person comes on a node, and goes once a witness has heard of it, who hears of that, too.
async fn visit(scene: &Scene, person: &Person, node: usize, witness: &mut Device) {
    let device = scene.world.device(person, node).await;
    let of_person = presence_of(&[&person.uid]);
    assert_eq!(witness.next("the coming", &of_person).await, (person.uid.clone(), true));
    device.socket.close().await;
    assert_eq!(witness.next("the going", &of_person).await, (person.uid.clone(), false));
}

async fn presence_is_told_to_who_asked_for_it(form: Form) {
    let scene = Scene::new(form).await;
    let world = &scene.world;
    let role = world.name("role");
    data(scene.post("/roles", json!({"role": role, "name": "Role"}))).await;
    let (friend, teacher) = (world.person("friend").await, world.person("teacher").await);
    let watcher = world.person("watcher").await;
    data(scene.put(&format!("/users/{}", teacher.uid), json!({"role": role}))).await;
    data(scene.post(&format!("/users/{}/friends", watcher.uid), json!({"accepted": [friend.uid]}))).await;
    let mut everybody = world.device_that(&watcher, 0, PresenceSubscription::AllUsers).await;
    let mut friends = world.device_that(&watcher, 1, PresenceSubscription::Friends).await;
    let mut roles = world.device_that(&watcher, 0, PresenceSubscription::Roles(vec![role.clone()])).await;
    let mut nobody = world.device(&watcher, 1).await;
    let both = [friend.uid.as_str(), teacher.uid.as_str()];

    for (person, is_friend) in [(&friend, true), (&teacher, false)] {
        visit(&scene, person, 1, &mut everybody).await;
        for online in [true, false] {
            let narrow = if is_friend { &mut friends } else { &mut roles };
            assert_eq!(narrow.next("presence", presence_of(&both)).await, (person.uid.clone(), online));
        }
    }
    let seen = data(scene.get(&format!("/users/{}", friend.uid))).await;
    assert!(seen["lastActiveAt"].as_i64().is_some_and(|at| at > 1_700_000_000), "{seen}");

    // Who is a friend no more is not told of any more.
    data(scene.delete(&format!("/users/{}/friends", watcher.uid), json!({"friends": [friend.uid]}))).await;
    data(scene.post(&format!("/users/{}/friends", watcher.uid), json!({"accepted": [teacher.uid]}))).await;
    within("the new friend is known", async {
        loop {
            visit(&scene, &teacher, 0, &mut everybody).await;
            let heard = friends.next("presence", presence_of(&both));
            if let Ok(heard) = tokio::time::timeout(Duration::from_secs(1), heard).await {
                return assert_eq!(heard.0, teacher.uid);
            }
        }
    })
    .await;
    visit(&scene, &friend, 0, &mut everybody).await;
    friends.none(presence_of(&[&friend.uid])).await;
    nobody.none(presence_of(&both)).await;
}

async fn who_moves_to_another_node_is_never_told_offline(form: Form) {
    let Scene { world, .. } = Scene::new(form).await;
    let (ann, watcher) = (world.person("ann").await, world.person("watcher").await);
    let mut watching = world.device_that(&watcher, 0, PresenceSubscription::AllUsers).await;
    let mut current = world.device(&ann, 0).await;
    let of_ann = presence_of(&[&ann.uid]);
    assert_eq!(watching.next("presence", &of_ann).await, (ann.uid.clone(), true));
    let mut slowest = Duration::ZERO;
    for round in 1..8 {
        let (api, options) = world.logged_in(&ann, round).await;
        let begun = Instant::now();
        // Closed first, so that there is a moment without any socket.
        current.socket.close().await;
        let socket = within("the socket opens", Connection::connect(options)).await.expect("connect");
        slowest = slowest.max(begun.elapsed());
        current = Device { api, socket };
    }
    // On a machine that is busy with other things she may have been away for longer than is overlooked.
    if slowest > Duration::from_millis(400) {
        return;
    }
    watching.none(&of_ann).await;
    current.socket.close().await;
    assert_eq!(watching.next("presence", &of_ann).await, (ann.uid.clone(), false));
}

async fn a_read_is_told_to_every_sender_and_to_own_devices(form: Form) {
    let Scene { world, .. } = Scene::new(form).await;
    let (ann, bob, cat) = (world.person("ann").await, world.person("bob").await, world.person("cat").await);
    let room = world.group("room", &[&ann, &bob, &cat]).await;
    let mut ann_phone = world.device(&ann, 0).await;
    let mut bob_phone = world.device(&bob, 1).await;
    let mut cat_phone = world.device(&cat, 0).await;
    let mut cat_desk = world.device(&cat, 1).await;
    ann_phone.say(&room, "from ann").await;
    let last = bob_phone.say(&room, "from bob").await;
    cat_phone.hear().await;
    cat_phone.hear().await;
    assert_eq!(cat_desk.unread(&room).await, 2);
    cat_phone.reads(&room, last.id, &bob.uid).await;
    for device in [&mut ann_phone, &mut bob_phone, &mut cat_desk] {
        let heard = device.next("a receipt", receipt("read")).await;
        assert_eq!((heard.uid, heard.message_id, heard.receiver), (cat.uid.clone(), last.id, room.clone()));
    }
    assert_eq!(cat_desk.unread(&room).await, 0);
}

async fn what_all_have_read_is_told_by_the_app(form: Form) {
    let Scene { world, .. } = Scene::new(form).await;
    let (ann, bob, cat) = (world.person("ann").await, world.person("bob").await, world.person("cat").await);
    let room = world.group("room", &[&ann, &bob, &cat]).await;
    let mut ann_phone = world.device(&ann, 0).await;
    let mut bob_phone = world.device(&bob, 1).await;
    let mut cat_phone = world.device(&cat, 0).await;
    let sent = ann_phone.say(&room, "hello").await;
    bob_phone.hear().await;
    cat_phone.hear().await;
    bob_phone.reads(&room, sent.id, &ann.uid).await;
    assert_eq!(ann_phone.next("a receipt", receipt("read")).await.uid, bob.uid);
    ann_phone.none(receipt("readByAll")).await;
    cat_phone.reads(&room, sent.id, &ann.uid).await;
    let mut told = Vec::new();
    for _ in 0..2 {
        told.push(ann_phone.next("news of all", |e| receipt("readByAll")(e).or(receipt("deliveredToAll")(e))).await);
    }
    let actions: Vec<&str> = told.iter().map(|receipt| receipt.action.as_str()).collect();
    assert_eq!(actions, ["deliveredToAll", "readByAll"]);
    for receipt in told {
        let whom = (receipt.uid.as_str(), receipt.message_id, &receipt.receiver);
        assert_eq!(whom, ("app_system", sent.id, &room));
    }
    bob_phone.none(receipt("readByAll")).await;
}

async fn changes_of_a_group_are_told_to_its_members(form: Form) {
    let scene = Scene::new(form).await;
    let world = &scene.world;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let room = world.group("room", &[&ann, &bob]).await;
    let mut devices = [world.device(&ann, 0).await, world.device(&bob, 1).await];
    let path = format!("/groups/{}", room.id());
    data(scene.put(&path, json!({"name": "Another name"}))).await;
    for device in &mut devices {
        assert_eq!(device.next("the change", frame("group_updated")).await["body"]["group"]["name"], "Another name");
    }
    data(scene.put(&path, json!({"owner": bob.uid}))).await;
    for device in &mut devices {
        let told = device.next("the owner", frame("group_owner_changed")).await;
        assert_eq!(told["body"]["group"]["owner"], json!(bob.uid), "{told}");
        assert!(told["body"]["oldOwner"].is_string(), "{told}");
    }
    data(scene.delete(&path, json!({}))).await;
    for device in &mut devices {
        assert_eq!(device.next("the end", frame("group_deleted")).await["receiver"], json!(room.id()));
    }
}

async fn an_unread_count_is_told_to_own_devices(form: Form) {
    let scene = Scene::new(form).await;
    let world = &scene.world;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let mut ann_phone = world.device(&ann, 0).await;
    let mut bobs = [world.device(&bob, 0).await, world.device(&bob, 1).await];
    let first = ann_phone.say(&bob.receiver(), "one").await;
    let last = ann_phone.say(&bob.receiver(), "two").await;
    bobs[0].reads(&ann.receiver(), last.id, &ann.uid).await;
    ann_phone.next("a receipt", receipt("read")).await;
    let path = format!("/users/{}/conversation/read", ann.uid);
    data(scene.by(&bob, Method::DELETE, &path, json!({"messageId": first.id}))).await;
    for device in &mut bobs {
        let told = device.next("the count", frame("unread_count_changed")).await;
        assert_eq!(told["body"]["unreadMessageCount"].to_string().trim_matches('"'), "1", "{told}");
    }
    bobs[0].reads(&ann.receiver(), last.id, &ann.uid).await;
    for device in &mut bobs {
        let told = device.next("the count", frame("unread_count_changed")).await;
        assert_eq!(told["body"]["unreadMessageCount"].to_string().trim_matches('"'), "0", "{told}");
    }
    ann_phone.none(frame("unread_count_changed")).await;
}
