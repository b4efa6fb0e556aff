//! Settings and limits of an app: set by its operators, and in force everywhere.

use halley_testkit::eventually;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::Manager;
use crate::support::{Form, answer, code, data, refused, whole};

crate::in_both_forms!(
    settings_are_set_checked_and_put_back,
    limits_hold_where_they_are_set,
    limits_of_tags_mentions_and_groups_hold,
    what_becomes_the_last_message_is_the_apps_to_say,
);

async fn settings_are_set_checked_and_put_back(form: Form) {
    let owner = Manager::owner(form).await;
    let (tenant, app, _) = owner.tenant().await;
    let path = format!("/apps/{}/settings", app.id);
    let first = data(tenant.get(&path)).await;
    assert_eq!(first["core.conversations.updateOnGroupActions"], true);
    assert_eq!(first["core.conversations.updateOnMessageActions"], false);
    assert_eq!((&first["limits.apiKeys"], &first["limits.groups.members"]), (&json!(25), &json!(0)));
    let fates = data(tenant.post(
        &path,
        json!({"settings": {
            "core.conversations.updateOnReplies": false,
            "core.conversations.updateOnCallActivity": "yes",
            "core.nothing": true,
            "limits.apiKeys": 3,
        }}),
    ))
    .await;
    assert_eq!(fates["core.conversations.updateOnReplies"]["success"], true);
    for (key, wanted) in [
        ("core.conversations.updateOnCallActivity", "ERR_BAD_REQUEST"),
        ("core.nothing", "ERR_BAD_REQUEST"),
        // Limits protect everybody on the server.
        ("limits.apiKeys", "AUTH_ERR_NO_ACCESS"),
    ] {
        assert_eq!(fates[key]["error"]["code"], wanted, "{key}");
    }
    owner.set(&app, json!({"limits.apiKeys": 3, "limits.roles": 1})).await;
    let set = data(tenant.get(&path)).await;
    assert_eq!(set["core.conversations.updateOnReplies"], false);
    assert_eq!((&set["limits.apiKeys"], &set["limits.roles"]), (&json!(3), &json!(1)));
    assert_eq!(refused(tenant.delete(&path, json!({"settings": ["limits.apiKeys"]}))).await, "AUTH_ERR_NO_ACCESS");
    assert_eq!(refused(tenant.delete(&path, json!({"settings": ["core.nothing"]}))).await, "ERR_BAD_REQUEST");
    whole(tenant.delete(&path, json!({}))).await;
    let set = data(tenant.get(&path)).await;
    assert_eq!((&set["core.conversations.updateOnReplies"], &set["limits.apiKeys"]), (&json!(true), &json!(3)));
    whole(owner.delete(&path, json!({"settings": {"limits.apiKeys": true}}))).await;
    let set = data(tenant.get(&path)).await;
    assert_eq!((&set["limits.apiKeys"], &set["limits.roles"]), (&json!(25), &json!(1)));
    for bad in [json!({}), json!({"settings": 1}), json!({"settings": {}})] {
        assert_eq!(refused(tenant.post(&path, bad.clone())).await, "ERR_BAD_REQUEST", "{bad}");
    }
}

/// Repeats a request until it is refused: a setting reaches other processes a moment after its answer.
async fn soon_refused(what: &str, request: RequestBuilder) -> String {
    eventually(what, async || {
        let (status, body) = answer(request.try_clone().expect("a copy")).await;
        status.is_client_error().then(|| code(&body).to_owned())
    })
    .await
}

async fn limits_hold_where_they_are_set(form: Form) {
    let owner = Manager::owner(form).await;
    let app = owner.app("Limited").await;
    let post = |path: &str, body: Value| owner.as_app(&app, Method::POST, path).json(&body);
    for uid in ["ann", "bob", "cat", "dan", "eve", "fay"] {
        data(post("/users", json!({"uid": uid, "name": uid}))).await;
    }
    data(post("/groups", json!({"guid": "room", "name": "Room", "type": "public"}))).await;
    owner
        .set(
            &app,
            json!({
                "limits.apiKeys": 2,
                "limits.roles": 1,
                "limits.users.authTokens": 1,
                "limits.users.friends": 1,
                "limits.users.friendsPerCall": 2,
                "limits.groups.membersPerCall": 2,
                "limits.groups.members": 2,
                "limits.messages.bytes": 100,
                "limits.import.entities": 1,
                "limits.files.bytes": 10,
            }),
        )
        .await;
    let key = json!({"name": "third", "scope": "authOnly"});
    assert_eq!(refused(post("/apikeys", key)).await, "ERR_PLAN_QUOTA_RESTRICTION");
    let three = json!({"accepted": ["bob", "cat", "dan"]});
    assert_eq!(soon_refused("friends of a call", post("/users/ann/friends", three)).await, "ERR_BAD_REQUEST");
    let role = post("/roles", json!({"role": "star", "name": "Star"}));
    assert_eq!(soon_refused("roles", role).await, "ERR_PLAN_QUOTA_RESTRICTION");
    let two = json!({"participants": ["bob", "cat", "dan"]});
    assert_eq!(soon_refused("members of a call", post("/groups/room/members", two)).await, "ERR_BAD_REQUEST");
    let long = json!({"receiver": "ann", "receiverType": "user", "category": "message", "type": "text",
        "data": {"text": "a".repeat(200)}});
    let said = post("/messages", long).header("onBehalfOf", "bob");
    assert_eq!(soon_refused("large messages", said).await, "ERR_INVALID_MESSAGE_DATA");

    let friends = data(post("/users/eve/friends", json!({"accepted": ["fay", "dan"]}))).await;
    assert_eq!(friends["accepted"]["fay"]["success"], true, "{friends}");
    assert_eq!(friends["accepted"]["dan"]["error"]["code"], "ERR_FAILED_TO_ADD_FRIEND", "{friends}");
    let joined = data(post("/groups/room/members", json!({"participants": ["ann", "bob"]}))).await;
    assert_eq!(joined["participants"]["ann"]["success"], true, "{joined}");
    let full = data(post("/groups/room/members", json!({"participants": ["cat"]}))).await;
    assert_eq!(full["participants"]["cat"]["error"]["code"], "ERR_NO_VACANCY", "{full}");
    let token = data(post("/users/cat/auth_tokens", json!({}))).await["authToken"].clone();
    let joining = owner.bare(Method::POST, "/groups/room/members").header("appid", &app.id).json(&json!({}));
    let joining = joining.header("authtoken", token.as_str().expect("a token"));
    assert_eq!(refused(joining).await, "ERR_NO_VACANCY");
    let import = json!({"users": {"gus": {"uid": "gus", "name": "Gus"}, "hal": {"uid": "hal", "name": "Hal"}}});
    assert_eq!(refused(post("/data_import/users", import)).await, "ERR_IMPORT_INVALID_USER_FORMAT");
    let file = json!({"name": "a.txt", "mimeType": "text/plain", "size": 11});
    let wanted = json!({"receiver": "ann", "receiverType": "user", "files": {"one": file}});
    let permit = post("/files/upload-url", wanted).header("onBehalfOf", "bob");
    assert_eq!(refused(permit).await, "ERR_FILE_SIZE_EXCEEDED");
    owner.set(&app, json!({"limits.files.bytesPerUserAndDay": 15})).await;
    let file = json!({"name": "a.txt", "mimeType": "text/plain", "size": 8});
    let wanted = json!({"receiver": "ann", "receiverType": "user", "files": {"one": file}});
    let permit = |uid: &str| post("/files/upload-url", wanted.clone()).header("onBehalfOf", uid);
    assert_eq!(soon_refused("much on one day", permit("bob")).await, "ERR_PLAN_QUOTA_RESTRICTION");
    data(permit("cat")).await;
    let form =
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n0123456789\r\n--b--\r\n";
    let form = owner.as_app(&app, Method::POST, "/messages").header("onBehalfOf", "cat").body(form);
    assert_eq!(
        refused(form.header("content-type", "multipart/form-data; boundary=b")).await,
        "ERR_PLAN_QUOTA_RESTRICTION"
    );
    data(post("/files/upload-url", wanted.clone())).await;
    for _ in 0..2 {
        data(post("/users/ann/auth_tokens", json!({"force": true}))).await;
    }
    let tokens = whole(owner.as_app(&app, Method::GET, "/users/ann/auth_tokens")).await;
    assert_eq!(tokens["data"].as_array().map(Vec::len), Some(1), "the oldest made room: {tokens}");
}

async fn limits_of_tags_mentions_and_groups_hold(form: Form) {
    let owner = Manager::owner(form).await;
    let app = owner.app("Tagged").await;
    let send = |method: Method, path: &str, body: Value| owner.as_app(&app, method, path).json(&body);
    for uid in ["ann", "bob"] {
        data(send(Method::POST, "/users", json!({"uid": uid, "name": uid}))).await;
    }
    let group = |guid: &str| json!({"guid": guid, "name": "G", "type": "public", "owner": "ann"});
    data(send(Method::POST, "/groups", group("one"))).await;
    let message = |text: &str, tags: &[&str]| json!({"receiver": "bob", "receiverType": "user", "category": "message", "type": "text", "data": {"text": text}, "tags": tags});
    let by_ann = |method: Method, path: &str, body: Value| send(method, path, body).header("onBehalfOf", "ann");
    let sent = data(by_ann(Method::POST, "/messages", message("hi", &["a"]))).await;
    let sent = format!("/messages/{}", sent["id"].as_str().expect("an id"));
    owner.set(&app, json!({"limits.tags": 1, "limits.messages.mentions": 1, "limits.users.groups": 1})).await;

    let two = json!(["a", "b"]);
    for (what, request) in [
        ("a user's", send(Method::POST, "/users", json!({"uid": "cat", "name": "Cat", "tags": two}))),
        ("a user's new", send(Method::PUT, "/users/ann", json!({"tags": two}))),
        ("a group's", send(Method::POST, "/groups", json!({"guid": "tags", "name": "G", "tags": two}))),
        ("a group's new", send(Method::PUT, "/groups/one", json!({"tags": two}))),
        ("a message's", by_ann(Method::POST, "/messages", message("x", &["a", "b"]))),
        ("a message's new", by_ann(Method::PUT, &sent, json!({"tags": two}))),
        ("a conversation's", by_ann(Method::PUT, "/users/bob/conversation", json!({"tags": two}))),
    ] {
        assert_eq!(soon_refused(&format!("{what} tags"), request).await, "ERR_BAD_REQUEST");
    }
    data(send(Method::PUT, "/users/ann", json!({"tags": ["a"]}))).await;
    let both = "<@uid:ann> <@uid:bob>";
    assert_eq!(refused(by_ann(Method::POST, "/messages", message(both, &[]))).await, "ERR_INVALID_MESSAGE_TEXT");
    assert_eq!(refused(by_ann(Method::PUT, &sent, json!({"data": {"text": both}}))).await, "ERR_INVALID_MESSAGE_TEXT");
    data(by_ann(Method::POST, "/messages", message("<@uid:bob>", &["a"]))).await;

    let second = send(Method::POST, "/groups", group("two"));
    assert_eq!(soon_refused("a second group", second).await, "ERR_PLAN_QUOTA_RESTRICTION");
    let none = json!({"guid": "open", "name": "G", "type": "public"});
    data(send(Method::POST, "/groups", none)).await;
    let added = data(send(Method::POST, "/groups/open/members", json!({"participants": ["ann", "bob"]}))).await;
    assert_eq!(added["participants"]["ann"]["error"]["code"], "ERR_PLAN_QUOTA_RESTRICTION", "{added}");
    assert_eq!(added["participants"]["bob"]["success"], true, "{added}");
}

async fn what_becomes_the_last_message_is_the_apps_to_say(form: Form) {
    let owner = Manager::owner(form).await;
    let app = owner.app("Quiet").await;
    let post = |path: &str, body: Value| owner.as_app(&app, Method::POST, path).json(&body);
    for uid in ["ann", "bob"] {
        data(post("/users", json!({"uid": uid, "name": uid}))).await;
    }
    let text = |text: &str| json!({"receiver": "bob", "receiverType": "user", "category": "message", "type": "text", "data": {"text": text}});
    let last = async || {
        let path = "/users/ann/conversation";
        let shown = data(owner.as_app(&app, Method::GET, path).header("onBehalfOf", "bob")).await;
        let shown = if shown.is_array() { shown[0].clone() } else { shown };
        shown["lastMessage"]["id"].as_str().unwrap_or_default().to_owned()
    };
    let say = async |path: &str, body: Value| {
        let sent = data(post(path, body).header("onBehalfOf", "ann")).await;
        sent["id"].as_str().expect("an id").to_owned()
    };
    let root = say("/messages", text("root")).await;
    assert_eq!(last().await, root);
    let reply = say(&format!("/messages/{root}/thread"), text("a reply")).await;
    assert_eq!(last().await, reply, "by default a reply is news");

    owner.set(&app, json!({"core.conversations.updateOnReplies": false})).await;
    let newer = say("/messages", text("newer")).await;
    eventually("replies are no news any more", async || {
        say(&format!("/messages/{root}/thread"), text("another reply")).await;
        let is_quiet = last().await == newer;
        is_quiet.then_some(())
    })
    .await;
    owner.set(&app, json!({"core.conversations.updateOnMessageActions": true})).await;
    eventually("edits are news now", async || {
        let edit = owner.as_app(&app, Method::PUT, &format!("/messages/{newer}")).header("onBehalfOf", "ann");
        data(edit.json(&json!({"data": {"text": "edited"}}))).await;
        let shown = last().await;
        (shown != newer).then_some(())
    })
    .await;
}
