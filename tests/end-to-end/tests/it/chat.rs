//! People talk.

use std::time::Duration;

use halley_client::{ApiClient, Message, MessagePage, Receiver};
use halley_testkit::{unique, within};
use http::Method;
use serde_json::json;

use crate::support::{Device, Form, World};

crate::in_both_forms!(
    one_to_one_messages_reach_all_devices_of_both,
    group_messages_reach_every_member_on_every_node,
    history_and_unread_counts_agree_on_both_nodes,
    a_repeated_muid_is_one_message,
    replies_stand_under_their_parent,
    joining_and_leaving_take_effect_at_once,
    a_revoked_token_closes_its_sockets,
    an_app_made_by_the_command_line_is_apart,
    every_send_has_its_place_without_holes,
);

async fn one_to_one_messages_reach_all_devices_of_both(form: Form) {
    let world = World::new(form).await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let mut ann_phone = world.device(&ann, 0).await;
    let mut ann_desk = world.device(&ann, 1).await;
    let mut bob_phone = world.device(&bob, 1).await;
    let mut bob_desk = world.device(&bob, 0).await;

    let sent = ann_phone.say(&bob.receiver(), "hello").await;

    for device in [&mut ann_desk, &mut bob_phone, &mut bob_desk] {
        let heard = device.hear().await;
        assert_eq!((heard.id, heard.text.as_deref(), heard.sequence), (sent.id, Some("hello"), Some(1)));
    }
    let answer = bob_desk.say(&ann.receiver(), "hi").await;
    for device in [&mut ann_desk, &mut bob_phone] {
        assert_eq!(device.hear().await.id, answer.id);
    }
    // Its own echo names the sending device, by which clients drop it.
    let own = ann_phone.hear().await;
    assert_eq!(own.device.as_deref(), Some(ann_phone.api.resource()));
}

async fn group_messages_reach_every_member_on_every_node(form: Form) {
    let world = World::new(form).await;
    let people = [world.person("ann").await, world.person("bob").await, world.person("cat").await];
    let stranger = world.person("dan").await;
    let group = world.group("room", &people.each_ref()).await;
    let mut devices = Vec::new();
    for (node, person) in people.iter().enumerate() {
        devices.push(world.device(person, node).await);
    }
    let mut outside = world.device(&stranger, 0).await;

    for round in 0..10 {
        let text = format!("round {round}");
        let sent = devices[round % 3].say(&group, &text).await;
        for device in &mut devices {
            assert_eq!(device.hear().await.id, sent.id);
        }
    }
    outside.hears_nothing().await;
    let refused = outside.api.send_message(&group, "let me in", &unique("m")).await.expect_err("no member");
    assert_eq!(refused.code(), Some("ERR_GROUP_NOT_JOINED"));
}

async fn history(api: &ApiClient, peer: &Receiver, limit: u32) -> Vec<Message> {
    let mut newest = api.list_messages(peer, &MessagePage::newest(limit).with_sequence()).await.expect("history");
    while let Some(first) = newest.first() {
        let page = MessagePage::before(first.id, limit).with_sequence();
        let mut older = api.list_messages(peer, &page).await.expect("history");
        if older.is_empty() {
            break;
        }
        older.append(&mut newest);
        newest = older;
    }
    newest
}

async fn history_and_unread_counts_agree_on_both_nodes(form: Form) {
    let world = World::new(form).await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let group = world.group("room", &[&ann, &bob]).await;
    let ann_phone = world.device(&ann, 0).await;
    let bob_phone = world.device(&bob, 1).await;
    let bob_desk = world.device(&bob, 0).await;
    for n in 0..7 {
        ann_phone.say(&bob.receiver(), &format!("d{n}")).await;
        ann_phone.say(&group, &format!("g{n}")).await;
    }
    bob_phone.say(&group, "mine").await;

    let direct = history(&bob_phone.api, &ann.receiver(), 3).await;
    assert_eq!(texts(&direct), ["d0", "d1", "d2", "d3", "d4", "d5", "d6"]);
    assert_eq!(texts(&direct), texts(&history(&ann_phone.api, &bob.receiver(), 5).await));
    let room = history(&bob_phone.api, &group, 4).await;
    assert_eq!(
        room.iter().map(|m| m.id).collect::<Vec<_>>(),
        history(&ann_phone.api, &group, 100).await.iter().map(|m| m.id).collect::<Vec<_>>()
    );
    for device in [&bob_phone, &bob_desk] {
        assert_eq!(device.unread(&ann.receiver()).await, 7);
        assert_eq!(device.unread(&group).await, 7);
    }
    assert_eq!(ann_phone.unread(&group).await, 1);

    bob_phone.api.mark_read(&ann.receiver(), Some(direct[4].id)).await.expect("mark read");
    bob_phone.api.mark_read(&group, None).await.expect("mark read");

    assert_eq!(bob_desk.unread(&ann.receiver()).await, 2);
    assert_eq!(bob_desk.unread(&group).await, 0);
    let conversation = bob_desk.api.get_conversation(&ann.receiver()).await.expect("conversation");
    assert_eq!(conversation["unreadMessageCount"], json!("2"));
    assert_eq!(conversation["lastMessage"]["data"]["text"], json!("d6"));
}

fn texts(messages: &[Message]) -> Vec<&str> {
    messages.iter().filter_map(|message| message.text.as_deref()).collect()
}

async fn a_repeated_muid_is_one_message(form: Form) {
    let world = World::new(form).await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let phone = world.device(&ann, 0).await;
    let muid = unique("m");

    let tries = (0..8).map(|n| {
        let (api, to, muid) = (phone.api.clone(), bob.receiver(), muid.clone());
        async move { api.send_message(&to, &format!("try {n}"), &muid).await.expect("send").id }
    });
    let ids = futures::future::join_all(tries).await;

    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(history(&phone.api, &bob.receiver(), 100).await.len(), 1);
}

async fn replies_stand_under_their_parent(form: Form) {
    let world = World::new(form).await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let phone = world.device(&ann, 0).await;
    let parent = phone.say(&bob.receiver(), "question").await;

    let reply = phone.api.send_reply(parent.id, &bob.receiver(), "answer", &unique("m")).await.expect("reply");

    assert_eq!(reply.parent_id, Some(parent.id));
    let path = format!("/messages/{}/thread", parent.id);
    let thread = phone.api.call(Method::GET, &path, &[], None).await.expect("thread");
    assert_eq!(thread["data"][0]["id"], json!(reply.id.to_string()));
    let seen = phone.api.get_message(parent.id).await.expect("parent");
    assert_eq!(seen.to_value()["replyCount"], json!(1));
    let nested = phone.api.send_reply(reply.id, &bob.receiver(), "no", &unique("m")).await.expect_err("one level");
    assert_eq!(nested.code(), Some("ERR_MESSAGE_THREAD_NESTING"));
    assert_eq!(world.device(&bob, 1).await.unread(&ann.receiver()).await, 1, "a reply raises no unread count");
}

async fn joining_and_leaving_take_effect_at_once(form: Form) {
    let world = World::new(form).await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let group = world.group("room", &[&ann]).await;
    let ann_phone = world.device(&ann, 0).await;
    let mut bob_phone = world.device(&bob, 1).await;

    let joined = bob_phone.api.join_group(group.id()).await.expect("join");
    assert_eq!(joined["data"]["action"], json!("joined"));
    assert_eq!(joined["data"]["entities"]["for"]["entity"]["guid"], json!(group.id()));
    // The node takes the member in by event; from then on nothing is missed.
    let heard = within("the new member hears the room", async {
        loop {
            ann_phone.say(&group, "welcome").await;
            if let Ok(heard) = tokio::time::timeout(Duration::from_millis(500), bob_phone.hear()).await {
                return heard;
            }
        }
    })
    .await;
    assert_eq!(heard.text.as_deref(), Some("welcome"));
    bob_phone.say(&group, "thanks").await;

    world.api.kick_member(group.id(), &bob.uid).await.expect("kick");
    let refused = bob_phone.api.send_message(&group, "still here?", &unique("m")).await.expect_err("kicked");
    assert_eq!(refused.code(), Some("ERR_GROUP_NOT_JOINED"));
    let hidden = bob_phone.api.list_messages(&group, &MessagePage::newest(10)).await.expect_err("kicked");
    assert_eq!(hidden.code(), Some("ERR_GROUP_NOT_JOINED"));
}

async fn a_revoked_token_closes_its_sockets(form: Form) {
    let world = World::new(form).await;
    let ann = world.person("ann").await;
    let mut phone = world.device(&ann, 0).await;
    let path = format!("/users/{}/auth_tokens", ann.uid);

    world.api.call(Method::DELETE, &path, &[], None).await.expect("flush");

    assert_eq!(phone.closed().await, 4101);
    let refused = phone.api.call(Method::GET, "/me", &[], None).await.expect_err("revoked");
    assert_eq!(refused.code(), Some("AUTH_ERR_AUTH_TOKEN_NOT_FOUND"));
}

async fn an_app_made_by_the_command_line_is_apart(form: Form) {
    let platform = form.platform().await;
    let world = World::on(platform);
    let ann = world.person("ann").await;
    let app_id = unique("app");
    let made = platform.run(&["app", "create", "--name", "Other", "--app-id", &app_id]).await;
    let made: serde_json::Value = serde_json::from_str(&made).unwrap_or_else(|error| panic!("{error}: {made}"));
    let other = halley_client::Server::new(&platform.rest, &app_id).expect("server");
    let key = other.with_key(made["restApiKey"].as_str().expect("key"));

    let missing = key.call(Method::GET, &format!("/users/{}", ann.uid), &[], None).await.expect_err("another app");
    assert_eq!(missing.code(), Some("ERR_UID_NOT_FOUND"));
    key.create_user(&ann.uid, "Another Ann").await.expect("the uid is free here");
    let foreign = other.as_user(&ann.token).call(Method::GET, "/me", &[], None).await.expect_err("another app's token");
    assert_eq!(foreign.code(), Some("AUTH_ERR_AUTH_TOKEN_NOT_FOUND"));
    let printed = platform.run(&["token", "--app-id", &app_id, "--uid", "Eve"]).await;
    let me = other.as_user(printed.trim()).call(Method::GET, "/me", &[], None).await.expect("log in");
    assert_eq!(me["data"]["uid"], json!("eve"));
}

async fn every_send_has_its_place_without_holes(form: Form) {
    let world = World::new(form).await;
    let people = [world.person("ann").await, world.person("bob").await, world.person("cat").await];
    let group = world.group("room", &people.each_ref()).await;
    let mut devices: Vec<Device> = Vec::new();
    for (node, person) in people.iter().enumerate() {
        devices.push(world.device(person, node).await);
    }
    let before = history(&devices[0].api, &group, 100).await.last().and_then(|m| m.sequence).unwrap_or(0);

    let sends = (0..90).map(|n| {
        let (api, to) = (devices[n % 3].api.clone(), group.clone());
        async move { api.send_message(&to, &format!("{n}"), &unique("m")).await.expect("send").id }
    });
    let sent = futures::future::join_all(sends).await;

    let mut wanted = sent;
    wanted.sort_unstable();
    for device in &mut devices {
        let mut heard = Vec::new();
        for place in 1..=90 {
            let message = device.hear().await;
            assert_eq!(message.sequence, Some(before + place), "in order, without a hole");
            heard.push(message.id);
        }
        assert_eq!(heard, wanted);
    }
}
