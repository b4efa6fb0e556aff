//! History that is brought in, and the permission to upload files.

use halley_testkit::unique;
use serde_json::{Value, json};

use super::probe::{Probe, cases};

/// Bodies that no import takes.
async fn wrong_batches(t: &Probe, name: &str, code: &str) {
    let many: Value = (0..51).map(|n| (format!("k{n}"), json!({}))).collect::<serde_json::Map<_, _>>().into();
    for entities in [Value::Null, json!("x"), json!({}), many, json!({"k": 1})] {
        t.call(&[]).body(json!({(name): entities})).refused(code).await;
    }
}

cases! {
    "import-users" (t) {
        let (uid, bad) = (unique("u"), unique("u"));
        let user = json!({"uid": uid, "name": "Old", "avatar": "https://x/a.png", "createdAt": 1_200_000_000, "tags": ["t"], "metadata": {"k": 1}});
        t.call(&[]).body(json!({"users": {(uid.clone()): user, (bad.clone()): {"uid": bad}}})).gives("{@Fate}", json!({
            (uid.clone()): {"success": true, "data": {"uid": uid, "name": "Old"}},
            (bad.clone()): {"success": false, "error": {"code": "ERR_IMPORT_INVALID_USER_FORMAT"}},
        })).await;
        t.op("get-user", &[&uid]).gives("@User", json!({"name": "Old", "createdAt": 1_200_000_000, "tags": ["t"]})).await;
        t.op("get-user", &[&bad]).refused("ERR_UID_NOT_FOUND").await;
        let gone = unique("u");
        t.call(&[]).body(json!({"users": {(gone.clone()): {"uid": gone, "name": "x", "deactivatedAt": 1_300_000_000}}}))
            .gives("{@Fate}", json!({(gone.clone()): {"success": true}})).await;
        t.op("get-user", &[&gone]).refused("ERR_UID_NOT_FOUND").await;
        wrong_batches(t, "users", "ERR_IMPORT_INVALID_USER_FORMAT").await;
    }
    "import-groups" (t) {
        let (guid, owner, bad) = (unique("g"), unique("u"), unique("g"));
        let group = json!({"guid": guid, "name": "Old", "type": "public", "owner": owner, "createdAt": 1_200_000_000, "tags": ["t"],
            "groupOwnerDetails": {"uid": owner, "name": "Owner"}});
        t.call(&[]).body(json!({"groups": {(guid.clone()): group, (bad.clone()): {"guid": bad, "name": "x", "type": "club"}}})).gives("{@Fate}", json!({
            (guid.clone()): {"success": true, "data": {"guid": guid, "owner": owner, "conversationId": format!("group_{guid}")}},
            (bad.clone()): {"success": false, "error": {"code": "ERR_IMPORT_INVALID_GROUP_FORMAT"}},
        })).await;
        t.op("get-group", &[&guid]).gives("@Group", json!({"name": "Old", "createdAt": 1_200_000_000, "owner": owner})).await;
        t.op("get-user", &[&owner]).gives("@User", json!({"name": "Owner"})).await;
        wrong_batches(t, "groups", "ERR_IMPORT_INVALID_GROUP_FORMAT").await;
    }
    "import-members" (t) {
        let (uid, guid) = (t.user().await, unique("g"));
        let old = json!({"guid": guid, "name": "Old", "type": "public", "createdAt": 1_200_000_000});
        t.app.done("import-groups", &[], None, json!({"groups": {(guid.clone()): old}})).await;
        let key = |uid: &str| format!("{guid}_member_{uid}");
        let member = |uid: &str, at: i64| json!({"memberId": key(uid), "guid": guid, "uid": uid, "scope": "moderator", "joinedAt": at});
        let early = t.user().await;
        t.call(&[]).body(json!({"members": {
            (key(&uid)): member(&uid, 1_200_000_100), (key(&early)): member(&early, 1_100_000_000), (key("none")): member("none", 1_200_000_100),
        }})).gives("{@Fate}", json!({
            (key(&uid)): {"success": true, "data": {"guid": guid, "uid": uid, "scope": "moderator", "joinedAt": 1_200_000_100}},
            (key(&early)): {"success": false, "error": {"code": "ERR_IMPORT_INVALID_JOINEDAT"}},
            (key("none")): {"success": false, "error": {"code": "ERR_UID_NOT_FOUND"}},
        })).await;
        t.op("list-group-members", &[&guid]).lists("@Member", json!([{"uid": uid, "scope": "moderator", "joinedAt": 1_200_000_100}])).await;
        wrong_batches(t, "members", "ERR_IMPORT_INVALID_MEMBER_FORMAT").await;
    }
    "import-messages" (t) {
        let (ann, bob, muid, bad) = (t.user().await, t.user().await, unique("m"), unique("m"));
        let message = json!({"muid": muid, "sender": ann, "receiverType": "user", "receiver": bob, "category": "message", "type": "text",
            "data": {"text": "old"}, "tags": ["t"], "sentAt": 1_200_000_000});
        let wrong = json!({"muid": bad, "sender": ann, "receiverType": "user", "receiver": bob, "category": "message", "type": "text", "data": {"text": "x"}});
        let answer = t.call(&[]).body(json!({"messages": {(muid.clone()): message.clone(), (bad.clone()): wrong}})).gives("{@Fate}", json!({
            (muid.clone()): {"success": true, "data": {"muid": muid, "sender": ann, "sentAt": 1_200_000_000, "data": {"text": "old"}}},
            (bad.clone()): {"success": false, "error": {"code": "ERR_IMPORT_INVALID_MESSAGE_FORMAT"}},
        })).await;
        let id = answer[&muid]["data"]["id"].as_str().unwrap_or("0");
        t.op("get-message-details", &[id]).gives("@Message", json!({"data": {"text": "old"}, "sentAt": 1_200_000_000})).await;
        t.op("user-list-user-messages", &[&ann]).by(&bob).query("limit=10").walks("@Message", json!([{"muid": muid}])).await;
        // An import that is repeated, as after a broken line, answers what is there and stores nothing anew.
        t.call(&[]).body(json!({"messages": {(muid.clone()): message}}))
            .gives("{@Fate}", json!({(muid.clone()): {"success": true, "data": {"id": id}}})).await;
        t.op("user-list-user-messages", &[&ann]).by(&bob).query("limit=10").walks("@Message", json!([{"id": id}])).await;
        wrong_batches(t, "messages", "ERR_IMPORT_INVALID_MESSAGE_FORMAT").await;
    }
    "create-upload-url" (t) {
        let (ann, bob) = (t.user().await, t.user().await);
        let file = json!({"fileId": "f1", "name": "a.txt", "size": 5, "mimeType": "text/plain"});
        let body = json!({"files": {"f1": file}, "receiver": bob, "receiverType": "user"});
        let answer = t.call(&[]).by(&ann).body(body.clone()).gives("{@Upload}", json!({"f1": {"attachment": {"name": "a.txt", "extension": "txt"}}})).await;
        match crate::media::upload(&answer["f1"], crate::media::permitted(&answer["f1"], "a.txt", b"hello")).send().await {
            Ok(sent) if sent.status().is_success() => {}
            sent => t.fault(format!("the upload: {sent:?}")),
        }
        let stored = answer["f1"]["attachment"]["url"].as_str().unwrap_or_default();
        match t.app.http.get(stored).send().await {
            Ok(got) if got.status() == 200 => t.expect(json!("hello"), &json!(got.text().await.unwrap_or_default())),
            got => t.fault(format!("the download: {got:?}")),
        }
        let with = |key: &str, value: Value| { let mut changed = body.clone(); changed[key] = value; changed };
        let call = |body: Value| t.call(&[]).by(&ann).body(body);
        call(with("receiver", Value::Null)).refused("ERR_EMPTY_RECEIVER").await;
        call(with("receiver", json!("nobody-here"))).refused("ERR_UID_NOT_FOUND").await;
        call(with("receiverType", json!("crowd"))).refused("ERR_INVALID_RECEIVER_TYPE").await;
        for files in [json!({}), Value::Null, json!({"f": {"size": 5}}), json!({"f": {"name": "x"}})] {
            call(with("files", files)).refused("ERR_BAD_REQUEST").await;
        }
        call(with("files", json!({"f": {"name": "x.bin", "size": 1_000_000_000_000_i64}}))).refused("ERR_FILE_SIZE_EXCEEDED").await;
        let many: Value = (0..1000).map(|n| (format!("f{n}"), file.clone())).collect::<serde_json::Map<_, _>>().into();
        call(with("files", many)).refused("ERR_FILE_COUNT_EXCEEDED").await;
    }
}
