//! Frames of Halley's own, for clients that ask for its additions.

use halley_contracts::{
    events::v1::{
        ChangeKind, GroupChanged, MessageModerated, OwnConversationChanged, OwnViewUntold, UnreadChanged, event::Body,
    },
    groups::v1::Group,
    messaging::v1::{Conversation, Message, MessageCategory, ModerationStatus, ReceiverType},
};
use halley_realtime_gateway::GatewayConfig;
use serde_json::json;

use crate::support::{
    Node, OwnRedis, World,
    client::{Client, auth},
    to_group,
};

/// A socket of a client that knows the additions.
async fn own(world: &World, node: &Node, uid: &str) -> Client {
    let (token, _) = world.log_in(uid, "own");
    let client = Client::open_as(node.address, "/ws", Some("halley.v1")).await;
    let mut client = client.admitted(auth(&world.app, "own", &token)).await;
    assert_eq!(client.frame().await["type"], "resumed");
    client
}

#[tokio::test]
async fn members_hear_what_becomes_of_their_group() {
    let world = World::new().await;
    let node = world.node().await;
    world.fakes.groups.add("room", &["ann", "bob"]);
    let mut ann = own(&world, &node, "ann").await;
    let mut plain = world.client(&node, "bob").await;
    let mut stranger = own(&world, &node, "dan").await;
    let changes = [
        (ChangeKind::Updated, "", "group_updated"),
        (ChangeKind::Updated, "cat", "group_owner_changed"),
        (ChangeKind::Deleted, "", "group_deleted"),
    ];
    for (kind, old_owner, told) in changes {
        let group = Group {
            guid: "room".to_owned(),
            name: "Room".to_owned(),
            owner: "ann".to_owned(),
            updated_by: "cat".to_owned(),
            ..Default::default()
        };
        let changed = GroupChanged { kind: kind.into(), group: Some(group), old_owner: old_owner.to_owned() };
        world.fact(Body::GroupChanged(changed)).await;
        let frame = ann.frame().await;
        assert_eq!((&frame["type"], &frame["receiver"]), (&json!(told), &json!("room")));
        let body = &frame["body"];
        assert_eq!((&body["group"]["name"], &body["group"]["owner"]), (&json!("Room"), &json!("ann")));
        assert_eq!(body.get("oldOwner").is_some(), !old_owner.is_empty(), "{frame}");
        assert!(body["timestamp"].as_i64().unwrap() > 1_700_000_000);
    }
    world.nothing_came(&mut plain, "bob").await;
    world.nothing_came(&mut stranger, "dan").await;
}

#[tokio::test]
async fn who_makes_a_group_hears_of_it_on_all_devices() {
    let world = World::new().await;
    let node = world.node().await;
    let (mut ann, mut bob) = (own(&world, &node, "ann").await, own(&world, &node, "bob").await);
    let mut plain = world.client(&node, "ann").await;
    // This one is published before the node hears the group.
    world.store(&to_group("bob", "new", 1));
    world.group_changed("new", "ann", ChangeKind::Created).await;
    world.group_changed("new", "ann", ChangeKind::Updated).await;
    let frames = [ann.frame().await, ann.frame().await, ann.frame().await];
    assert_eq!(frames[0]["body"]["group"]["guid"], "new");
    // Whoever fetches the group now misses nothing that is sent there.
    let mut told = frames.iter().map(|frame| frame["type"].as_str().expect("a type")).collect::<Vec<_>>();
    told[1..].sort_unstable();
    assert_eq!(told, ["group_created", "group_updated", "message"]);
    assert_eq!(plain.hear().await, "1");
    world.nothing_came(&mut bob, "bob").await;
}

#[tokio::test]
async fn own_devices_hear_of_counts_that_no_receipt_tells_of() {
    let world = World::new().await;
    let node = world.node().await;
    let mut ann = own(&world, &node, "ann").await;
    let mut plain = world.client(&node, "ann").await;
    let conversation = Conversation {
        owner_uid: "ann".to_owned(),
        conversation_id: "ann_user_bob".to_owned(),
        with_type: ReceiverType::User.into(),
        with: "bob".to_owned(),
        unread_count: 3,
        ..Default::default()
    };
    let body = Body::UnreadChanged(UnreadChanged { conversation: Some(conversation) });
    let event = halley_bus::event(&world.app, "phone", body);
    world.publish(vec![halley_bus::Channel::user(&world.app, "ann")], &event).await;
    let frame = ann.frame().await;
    assert_eq!((&frame["type"], &frame["deviceId"]), (&json!("unread_count_changed"), &json!("phone")));
    assert_eq!(frame["body"]["conversationId"], "ann_user_bob");
    assert_eq!(frame["body"]["unreadMessageCount"].to_string().trim_matches('"'), "3", "{frame}");
    world.nothing_came(&mut plain, "ann").await;
}

#[tokio::test]
async fn own_devices_hear_of_tags_and_of_what_is_hidden() {
    let world = World::new().await;
    let node = world.node().await;
    let mut ann = own(&world, &node, "ann").await;
    let mut plain = world.client(&node, "ann").await;
    for (left, kind) in [(false, "conversation_changed"), (true, "conversation_left")] {
        let conversation = Conversation {
            owner_uid: "ann".to_owned(),
            conversation_id: "ann_user_bob".to_owned(),
            tags: vec!["work".to_owned()],
            hidden_before_sequence: 7,
            ..Default::default()
        };
        let body = Body::OwnConversationChanged(OwnConversationChanged { conversation: Some(conversation), left });
        let event = halley_bus::event(&world.app, "phone", body);
        world.publish(vec![halley_bus::Channel::user(&world.app, "ann")], &event).await;
        let frame = ann.frame().await;
        assert_eq!((&frame["type"], &frame["deviceId"]), (&json!(kind), &json!("phone")));
        let body = &frame["body"];
        assert_eq!((&body["conversationId"], &body["hiddenBefore"]), (&json!("ann_user_bob"), &json!(7)));
        assert_eq!(body["tags"] == json!(["work"]), !left, "{frame}");
    }
    world.nothing_came(&mut plain, "ann").await;
}

#[tokio::test]
async fn own_devices_come_back_for_what_was_not_told() {
    let world = World::new().await;
    let node = world.node().await;
    let mut ann = own(&world, &node, "ann").await;
    let mut plain = world.client(&node, "ann").await;
    let mut bob = own(&world, &node, "bob").await;
    let event = halley_bus::event(&world.app, "", Body::OwnViewUntold(OwnViewUntold {}));
    world.publish(vec![halley_bus::Channel::user(&world.app, "ann")], &event).await;
    assert_eq!(ann.closed().await, 4000);
    world.nothing_came(&mut plain, "ann").await;
    world.nothing_came(&mut bob, "bob").await;
}

/// A hint comes last, and tells how long to stay away.
async fn hinted(client: &mut Client, code: u16) -> i64 {
    let frame = client.frame().await;
    assert_eq!((&frame["type"], &frame["body"]["action"]), (&json!("hint"), &json!("reconnect")), "{frame}");
    let delay = frame["body"]["delayMs"].as_i64().unwrap();
    assert!((0..30_000).contains(&delay), "{frame}");
    assert_eq!(client.closed().await, code);
    delay
}

#[tokio::test]
async fn a_stopping_node_says_when_to_be_back() {
    let world = World::new().await;
    let node = world.node_with(GatewayConfig { drain_seconds: 0, ..Default::default() }).await;
    let mut ann = own(&world, &node, "ann").await;
    let mut plain = world.client(&node, "bob").await;
    node.lifecycle.stop();
    hinted(&mut ann, 1001).await;
    assert_eq!(plain.next().await, crate::support::client::Got::Closed(1001));
}

#[tokio::test]
async fn clients_are_asked_back_at_different_times() {
    let world = World::new().await;
    let node = world.node_with(GatewayConfig { drain_seconds: 0, ..Default::default() }).await;
    let mut clients = Vec::new();
    for n in 0..8 {
        clients.push(own(&world, &node, &format!("u{n}")).await);
    }
    node.lifecycle.stop();
    let mut delays = std::collections::BTreeSet::new();
    for client in &mut clients {
        delays.insert(hinted(client, 1001).await);
    }
    // Of a second; that three pairs of eight fall together is next to impossible.
    assert!(delays.len() > 4, "{delays:?}");
}

#[tokio::test]
async fn after_a_cut_of_the_feed_clients_are_asked_back_one_by_one() {
    let own_redis = OwnRedis::new();
    let redis = own_redis.start(None).await;
    let port = redis.port();
    let world = World::on_redis(&redis.url()).await;
    let node = world.node().await;
    let mut ann = own(&world, &node, "ann").await;
    redis.stop().await.unwrap();
    ann.is_alive().await;
    let _redis = own_redis.start(Some(port)).await;
    hinted(&mut ann, 4000).await;
}

#[tokio::test]
async fn who_is_revoked_is_asked_for_nothing() {
    let world = World::new().await;
    let node = world.node().await;
    let mut ann = own(&world, &node, "ann").await;
    world.revoked("ann", &[]).await;
    assert_eq!(ann.next().await, crate::support::client::Got::Closed(4101));
}

#[tokio::test]
async fn a_moderated_message_is_shown_to_its_sender_alone() {
    let world = World::new().await;
    let node = world.node().await;
    let (mut ann, mut bob) = (own(&world, &node, "ann").await, own(&world, &node, "bob").await);
    let mut plain = world.client(&node, "bob").await;
    let said = |text: &str| Message {
        id: 7,
        sender_uid: "ann".to_owned(),
        receiver_type: ReceiverType::User.into(),
        receiver: "bob".to_owned(),
        category: MessageCategory::Message.into(),
        r#type: "text".to_owned(),
        data_json: json!({"text": text}).to_string(),
        moderation: ModerationStatus::Disapproved.into(),
        ..Default::default()
    };
    let moderated = MessageModerated { message: Some(said("bad")), shown_to_others: Some(said("")) };
    let event = halley_bus::event(&world.app, "", Body::MessageModerated(moderated));
    let channels = ["ann", "bob"].map(|uid| halley_bus::Channel::user(&world.app, uid));
    world.publish(channels.to_vec(), &event).await;
    for (socket, text) in [(&mut ann, "bad"), (&mut bob, "")] {
        let frame = socket.frame().await;
        assert_eq!((&frame["type"], &frame["body"]["data"]["text"]), (&json!("message_moderated"), &json!(text)));
        assert_eq!(frame["body"]["data"]["moderation"]["status"], "disapproved", "{frame}");
    }
    world.nothing_came(&mut plain, "bob").await;
}
