//! Friends who find their conversation, and banned users by the other spelling of their path.

use reqwest::Method;
use serde_json::json;

use crate::support::{Form, Scene, column, data, refused, whole};

crate::in_both_forms!(friends_may_find_their_conversation, bans_have_two_spellings);

async fn friends_may_find_their_conversation(form: Form) {
    let scene = Scene::new(form).await;
    let mut people = Vec::new();
    for name in ["ann", "bob", "cat", "dan"] {
        people.push(scene.world.person(name).await);
    }
    let [ann, bob, cat, dan] = people.as_slice() else { panic!("four people") };
    let friends = format!("/users/{}/friends", ann.uid);
    data(scene.post(&friends, json!({"accepted": [dan.uid]}))).await;
    let body = json!({"accepted": [bob.uid, "nobody-at-all", dan.uid], "addToConversations": true});
    let fates = data(scene.post(&friends, body)).await["accepted"].clone();
    assert_eq!(fates[&bob.uid]["success"], true);
    assert_eq!(fates["nobody-at-all"]["error"]["code"], "ERR_UID_NOT_FOUND");
    assert_eq!(fates[&dan.uid]["error"]["code"], "ERR_ALREADY_FRIEND");
    data(scene.post(&friends, json!({"accepted": [cat.uid], "addToConversations": false}))).await;
    assert_eq!(
        refused(scene.post(&friends, json!({"accepted": [cat.uid], "addToConversations": "x"}))).await,
        "ERR_BAD_REQUEST"
    );

    let list = async |person| whole(scene.by(person, Method::GET, "/conversations", json!({}))).await["data"].clone();
    let seen = list(ann).await;
    let mut with: Vec<&str> =
        seen.as_array().expect("rows").iter().filter_map(|row| row["conversationWith"]["uid"].as_str()).collect();
    with.sort_unstable();
    let mut wanted = [bob.uid.as_str(), dan.uid.as_str()];
    wanted.sort_unstable();
    assert_eq!(with, wanted, "who was a friend before is found as well, and who was not asked for is not");
    assert!(seen.as_array().expect("rows").iter().all(|row| row.get("lastMessage").is_none()), "{seen}");
    assert_eq!(list(bob).await.as_array().map(Vec::len), Some(1));
    assert_eq!(list(cat).await, json!([]));
    let conversation = format!("/users/{}/conversation", bob.uid);
    assert_eq!(data(scene.by(ann, Method::GET, &conversation, json!({}))).await["unreadMessageCount"], "0");
    data(scene.by(ann, Method::DELETE, &conversation, json!({}))).await;
    assert_eq!(refused(scene.by(ann, Method::GET, &conversation, json!({}))).await, "ERR_CONVERSATION_NOT_ACCESSIBLE");
    assert_eq!(list(bob).await.as_array().map(Vec::len), Some(1), "the other side keeps it");
}

async fn bans_have_two_spellings(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    let guid = scene.world.name("room");
    let body = json!({"guid": guid, "name": "Room", "type": "public", "owner": ann.uid, "members": {"participants": [bob.uid]}});
    data(scene.post("/groups", body)).await;
    let list = format!("/groups/{guid}/banned_members");
    let one = format!("{list}/{}", bob.uid);
    let owner = format!("{list}/{}", ann.uid);
    assert_eq!(refused(scene.by(&bob, Method::POST, &owner, json!({}))).await, "ERR_GROUP_NO_CLEARANCE");
    data(scene.by(&ann, Method::POST, &one, json!({}))).await;
    for path in [&list, &format!("/groups/{guid}/bannedusers")] {
        assert_eq!(
            column(&data(scene.by(&ann, Method::GET, path, json!({}))).await, "uid"),
            std::slice::from_ref(&bob.uid)
        );
    }
    assert_eq!(refused(scene.by(&bob, Method::GET, &list, json!({}))).await, "ERR_GROUP_NOT_JOINED");
    data(scene.by(&ann, Method::DELETE, &one, json!({}))).await;
    assert_eq!(data(scene.by(&ann, Method::GET, &list, json!({}))).await, json!([]));
}
