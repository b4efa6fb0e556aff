//! An archive comes in whole, once, and a bad line stops it where it stands.

use std::{fs, path::Path};

use halley_client::{MessagePage, Receiver};
use halley_testkit::{platform::Platform, unique};
use http::Method;
use serde_json::{Value, json};

use crate::support::{World, block_on};

fn write(dir: &Path, name: &str, rows: &[Value]) {
    let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
    fs::write(dir.join(name), text).expect("write");
}

/// Two users, a group of both, `count` group messages with threads and quotes, and a few direct ones.
fn archive(dir: &Path, count: usize) {
    write(dir, "users.jsonl", &[json!({"uid": "ann", "name": "Ann"}), json!({"uid": "Bob", "name": "Bob"})]);
    write(dir, "groups.jsonl", &[json!({"guid": "room", "name": "Room", "type": "public"})]);
    write(
        dir,
        "members.jsonl",
        &["ann", "bob"].map(|uid| json!({"guid": "room", "uid": uid, "joinedAt": 1_200_000_000})),
    );
    let messages: Vec<Value> = (0..count)
        .map(|n| {
            let sender = if n % 3 == 0 { "ann" } else { "bob" };
            let mut row = json!({"id": format!("r/{n}"), "guid": "room", "sender": sender, "sentAt": 1_200_000_100 + n, "text": format!("text {n} ✓")});
            if n % 10 == 5 {
                row["parentId"] = json!(format!("r/{}", n - 5));
            }
            if n % 10 == 7 {
                row["replyTo"] = json!(format!("r/{}", n - 1));
            }
            row
        })
        .collect();
    write(dir, "messages.jsonl", &messages);
    let direct: Vec<Value> = (0..20)
        .map(|n| json!({"id": format!("d/{n}"), "sender": "ann", "receiver": "bob", "sentAt": 1_300_000_000 + n, "text": format!("direct {n}")}))
        .collect();
    write(dir, "direct_messages.jsonl", &direct);
}

async fn rows(world: &halley_client::ApiClient, peer: &Receiver) -> Vec<halley_client::Message> {
    let mut rows: Vec<halley_client::Message> = Vec::new();
    loop {
        let last = rows.last().map_or(0, |message| message.id);
        let page = MessagePage::after(last, 1000).with_sequence();
        let next = world.list_messages(peer, &page).await.expect("history");
        if next.is_empty() {
            return rows;
        }
        rows.extend(next);
    }
}

#[test]
fn an_archive_is_imported_once_and_a_bad_line_stops_it() {
    block_on(async {
        let platform = Platform::one_process().await;
        let app_id = unique("imp");
        let made: Value =
            serde_json::from_str(&platform.run(&["app", "create", "--name", "I", "--app-id", &app_id]).await)
                .expect("JSON");
        let server = halley_client::Server::new(&platform.rest, &app_id).expect("server");
        let api = server.with_key(made["restApiKey"].as_str().expect("key"));
        let dir = tempfile::tempdir().expect("dir");
        archive(dir.path(), 2500);
        let path = dir.path().to_str().expect("path").to_owned();

        platform.run(&["import", &path, "--app-id", &app_id]).await;

        let room = rows(&api, &Receiver::group("room")).await;
        assert_eq!(room.len(), 2500);
        for (n, message) in room.iter().enumerate() {
            assert_eq!(message.muid.as_deref(), Some(format!("r/{n}").as_str()));
            assert_eq!((message.sent_at, message.sequence), (1_200_000_100 + n as i64, Some(n as u64 + 1)));
            assert_eq!(message.text.as_deref(), Some(format!("text {n} ✓").as_str()));
        }
        assert_eq!(room[15].parent_id, Some(room[10].id));
        assert_eq!(room[17].to_value()["quotedMessage"]["id"], json!(room[16].id.to_string()));
        assert_eq!(room[10].to_value()["replyCount"], json!(1));
        let ann = api.clone().on_behalf_of("ann");
        assert_eq!(rows(&ann, &Receiver::user("bob")).await.len(), 20);
        let bob = api.clone().on_behalf_of("bob");
        assert_eq!(bob.count_unread().await.expect("unread"), [], "imported history counts as read");
        let members = api.call(Method::GET, "/groups/room/members", &[], None).await.expect("members");
        assert_eq!(members["meta"]["pagination"]["total"], json!(2));

        let again = platform.run(&["import", &path, "--app-id", &app_id]).await;
        assert!(again.contains("messages.jsonl: 2500 rows, 0 new"), "{again}");
        assert_eq!(rows(&api, &Receiver::group("room")).await.len(), 2500);

        // More rows, then a bad one: what stands before it stays, and the message names file, line and reason.
        let mut text = fs::read_to_string(dir.path().join("messages.jsonl")).expect("read");
        text.push_str("{\"id\":\"r/2500\",\"guid\":\"room\",\"sender\":\"ann\",\"sentAt\":1200009999,\"text\":\"last\"}\n{\"id\":\"r/2501\",\"guid\":\"room\"}\n");
        fs::write(dir.path().join("messages.jsonl"), text).expect("write");
        let failed = platform.run_failing(&["import", &path, "--app-id", &app_id]).await;
        assert!(failed.contains("messages.jsonl, line 2502") && failed.contains("sender"), "{failed}");
        assert_eq!(rows(&api, &Receiver::group("room")).await.len(), 2501);
    });
}

#[test]
fn the_same_comes_in_over_rest() {
    block_on(async {
        let platform = crate::support::Form::OneProcess.platform().await;
        let world = World::on(platform);
        let (ann, bob, room) = (world.name("ann"), world.name("bob"), world.name("room"));
        let post = async |path: &str, body: Value| {
            world.api.call(Method::POST, path, &[], Some(&body)).await.expect("import")["data"].clone()
        };

        let users = post("/data_import/users", json!({"users": {&ann: {"uid": ann, "name": "Ann", "createdAt": 1_200_000_000}, &bob: {"uid": bob, "name": "Bob"}}})).await;
        assert_eq!(users[&ann]["success"], json!(true), "{users}");
        let groups = post(
            "/data_import/groups",
            json!({"groups": {&room: {"guid": room, "name": "Room", "type": "public", "createdAt": 1_200_000_000}}}),
        )
        .await;
        assert_eq!(groups[&room]["success"], json!(true), "{groups}");
        let member = format!("{room}_member_{ann}");
        let members = post("/data_import/members", json!({"members": {&member: {"memberId": member, "guid": room, "uid": ann, "scope": "admin", "joinedAt": 1_200_000_100}}})).await;
        assert_eq!(members[&member]["success"], json!(true), "{members}");
        let muid = world.name("m1");
        let message = json!({"messages": {&muid: {"muid": muid, "sender": ann, "receiverType": "group", "receiver": room, "category": "message", "type": "text", "data": {"text": "old"}, "sentAt": 1_200_000_200}}});
        let messages = post("/data_import/messages", message.clone()).await;
        assert_eq!(messages[&muid]["success"], json!(true), "{messages}");
        post("/data_import/messages", message).await;

        let history = rows(&world.api, &Receiver::group(&room)).await;
        assert_eq!(history.len(), 1);
        assert_eq!(history[0].sent_at, 1_200_000_200);
    });
}
