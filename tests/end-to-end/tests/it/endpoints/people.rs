//! Users, blocks and friends.

use halley_testkit::unique;
use serde_json::{Value, json};

use super::probe::{Probe, cases};

/// Bodies that neither a new user nor a change may have.
fn wrong_users() -> Vec<Value> {
    let mut wrong = vec![json!({"name": 1}), json!({"name": ""}), json!({"avatar": 1}), json!({"metadata": 1})];
    wrong.extend([json!({"metadata": {"k": "x".repeat(6000)}}), json!({"tags": "x"}), json!({"tags": [1]})]);
    wrong.extend([json!({"name": "x".repeat(101)}), json!({"link": format!("https://x/{}", "x".repeat(3000))})]);
    wrong.push(json!({"tags": (0..26).map(|n| format!("t{n}")).collect::<Vec<_>>()}));
    wrong.push(json!({"tags": ["x".repeat(101)]}));
    wrong
}

/// Two users, the first of whom has the second in a list that both make and lift.
async fn two(t: &Probe) -> (String, String) {
    (t.user().await, t.user().await)
}

cases! {
    "create-user" (t) {
        let (uid, role) = (unique("U"), t.role().await);
        let lower = uid.to_lowercase();
        let body = json!({"uid": uid, "name": "Ann", "avatar": "https://x/a.png", "link": "https://x/ann", "role": role,
            "statusMessage": "here", "metadata": {"k": 1, "@private": {"email": "a@x", "contactNumber": "1"}},
            "tags": ["a", "b"], "withAuthToken": true});
        let shown = json!({"uid": lower, "name": "Ann", "avatar": "https://x/a.png", "link": "https://x/ann", "role": role,
            "statusMessage": "here", "metadata": {"k": 1, "@private": {"email": "a@x"}}, "tags": ["a", "b"],
            "status": "offline"});
        let made = t.call(&[]).body(body.clone()).gives("@User", shown.clone()).await;
        let token = made["authToken"].as_str().unwrap_or_default();
        t.op("get-user", &[&lower]).gives("@User", shown).await;
        t.op("get-user", &[&lower]).token(token).gives("@User", json!({"metadata": {"k": 1, "@private": null}})).await;
        let plain = unique("u");
        let defaults = json!({"role": "default", "tags": [], "authToken": null, "avatar": null, "deactivatedAt": null});
        t.call(&[]).key(&t.app.auth_key).body(json!({"uid": plain, "name": "B"})).gives("@User", defaults).await;
        t.call(&[]).body(body).refused("ERR_UID_ALREADY_EXISTS").await;
        t.call(&[]).body(json!({"uid": "no spaces", "name": "x"})).refused("ERR_INVALID_UID").await;
        t.call(&[]).body(json!({"uid": "x".repeat(101), "name": "x"})).refused("ERR_INVALID_UID").await;
        t.call(&[]).body(json!({"uid": unique("u"), "name": "x", "role": "none"})).refused("ERR_ROLE_NOT_FOUND").await;
        for body in [json!({"uid": unique("u")}), json!({"name": "x"}), json!({"uid": 1, "name": "x"})] {
            t.call(&[]).body(body).refused("ERR_BAD_REQUEST").await;
        }
        for mut body in wrong_users() {
            let uid = unique("u");
            body["uid"] = json!(uid);
            if body.get("name").is_none() {
                body["name"] = json!("x");
            }
            t.call(&[]).body(body).refused("ERR_BAD_REQUEST").await;
            t.op("get-user", &[&uid]).refused("ERR_UID_NOT_FOUND").await;
        }
    }
    "list-users" (t) {
        let (mark, role) = (unique("m"), t.role().await);
        for (n, tags) in [(1, json!(["x"])), (2, json!(["x", "y"])), (3, json!([]))] {
            let body = json!({"uid": format!("{mark}{n}"), "name": format!("{mark} {n}"), "tags": tags});
            t.app.done("create-user", &[], None, body).await;
        }
        let [one, two, three] = [1, 2, 3].map(|n| format!("{mark}{n}"));
        t.app.done("update-user", &[&two], None, json!({"role": role})).await;
        t.app.done("deactivate-users", &[], None, json!({"uidsToDeactivate": [three]})).await;
        let list = |query: &str| t.call(&[]).query(&format!("searchKey={mark}")).query(query);
        let uids = |uids: &[&String]| Value::Array(uids.iter().map(|uid| json!({"uid": uid})).collect());
        let found = list("").lists("@User", uids(&[&one, &two])).await;
        t.expect(json!([{"tags": null}, {"tags": null}]), &found["data"]);
        list("withTags=true").lists("@User", json!([{"tags": ["x"]}, {"tags": ["x", "y"]}])).await;
        list("tags=y,z").lists("@User", uids(&[&two])).await;
        list(&format!("role={role}")).lists("@User", uids(&[&two])).await;
        list(&format!("roles=default&roles={role}")).lists("@User", uids(&[&one, &two])).await;
        list("withDeactivated=true").lists("@User", uids(&[&one, &two, &three])).await;
        list("onlyDeactivated=true").lists("@User", uids(&[&three])).await;
        list("status=available").lists("@User", json!([])).await;
        list("status=offline,available").lists("@User", uids(&[&one, &two])).await;
        list("searchIn=uid").lists("@User", uids(&[&one, &two])).await;
        list("searchIn=name").lists("@User", uids(&[&one, &two])).await;
        list("createdAt[from]=1000000000&createdAt[to]=9999999999").lists("@User", uids(&[&one, &two])).await;
        list("createdAt[to]=1000000000").lists("@User", json!([])).await;
        list("updatedAt[from]=1000000000").lists("@User", uids(&[&two])).await;
        list("perPage=1&page=2").lists("@User", uids(&[&two])).await;
        t.call(&[]).query(&format!("searchKey={mark}&count=true")).gives("any", json!({"count": 2})).await;
        let friend = t.user().await;
        list("").by(&friend).lists("@User", json!([{"conversationId": format!("{mark}1_user_{friend}")}, {}])).await;
        for query in ["status=away", "withTags=x", "createdAt[from]=x"] {
            t.call(&[]).query(query).refused("ERR_BAD_REQUEST").await;
        }
        t.pages(&[], "@User").await;
    }
    "export-user" (t) {
        let (uid, other) = two(t).await;
        t.text(&uid, &other).await;
        let rows = t.call(&[&uid]).gives("[@Exported]", json!([{"kind": "user", "data": {"uid": uid}}])).await;
        t.call(&[&uid]).query("cursor=3.0.0.").gives("[@Exported]", json!([{"kind": "conversation"}])).await;
        t.call(&[&uid]).query("cursor=3.1.0.").gives("[@Exported]", json!([{"kind": "message", "data": {"data": {"text": "hello"}}}])).await;
        if rows.as_array().is_none_or(Vec::is_empty) {
            t.fault("nothing is exported");
        }
        t.call(&["nobody-at-all"]).refused("ERR_UID_NOT_FOUND").await;
        for cursor in ["x", "5.0.0.", "4.1.0.", "0.9.9.", "3.1.0.x"] {
            t.call(&[&uid]).query(&format!("cursor={cursor}")).refused("ERR_BAD_REQUEST").await;
        }
    }
    "reactivate-users" (t) {
        let (uid, active) = two(t).await;
        t.app.done("deactivate-users", &[], None, json!({"uidsToDeactivate": [uid]})).await;
        t.op("get-user", &[&uid]).refused("ERR_UID_NOT_FOUND").await;
        t.call(&[]).body(json!({"uidsToActivate": [uid, active, "nobody-here"]}))
            .gives("obj", json!({"reactivatedUids": [uid], "nonDeactivatedUids": [active], "notFound": ["nobody-here"]})).await;
        t.op("get-user", &[&uid]).gives("@User", json!({"deactivatedAt": null})).await;
        for body in [json!({}), json!({"uidsToActivate": []}), json!({"uidsToActivate": "x"})] {
            t.call(&[]).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "deactivate-users" (t) {
        let (uid, other) = two(t).await;
        let token = t.token(&uid).await;
        let gone = json!({"deactivatedUids": [uid], "notFound": ["nobody-here"]});
        t.call(&[]).body(json!({"uidsToDeactivate": [uid, "nobody-here"]})).gives("obj", gone).await;
        t.op("get-user", &[&uid]).refused("ERR_UID_NOT_FOUND").await;
        t.op("get-user", &[&other]).token(&token).refused("AUTH_ERR_AUTH_TOKEN_NOT_FOUND").await;
        let again = json!({"deactivatedUids": [], "alreadyDeactivatedUids": [uid]});
        t.call(&[]).body(json!({"uidsToDeactivate": [uid]})).gives("obj", again).await;
        for body in [json!({}), json!({"uidsToDeactivate": []}), json!({"uidsToDeactivate": "x"})] {
            t.call(&[]).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "get-user" (t) {
        let (uid, other) = two(t).await;
        t.call(&[&uid]).gives("@User", json!({"uid": uid, "conversationId": null})).await;
        t.call(&[&uid.to_uppercase()]).gives("@User", json!({"uid": uid})).await;
        t.app.done("block-users", &[&other], None, json!({"blockedUids": [uid]})).await;
        let seen = t.call(&[&uid]).by(&other).gives("@User", json!({"blockedByMe": true})).await;
        for key in ["conversationId", "blockedByMeAt"] {
            if seen.get(key).is_none() {
                t.fault(format!("no {key} in the eyes of another user"));
            }
        }
        t.call(&["nobody-here"]).refused("ERR_UID_NOT_FOUND").await;
        t.call(&["no such id!"]).refused("ERR_UID_NOT_FOUND").await;
    }
    "update-user" (t) {
        let (uid, role) = (t.user().await, t.role().await);
        let change = json!({"name": "New", "avatar": "https://x/n.png", "link": "https://x/n", "role": role,
            "statusMessage": "away", "metadata": {"a": 1}, "tags": ["z"]});
        let shown = t.call(&[&uid]).body(change.clone()).gives("@User", change.clone()).await;
        if !shown["updatedAt"].is_i64() {
            t.fault("no updatedAt after a change");
        }
        t.op("get-user", &[&uid]).gives("@User", change).await;
        t.call(&[&uid]).body(json!({"unset": ["avatar", "link", "metadata"]}))
            .gives("@User", json!({"avatar": null, "link": null, "metadata": null, "name": "New", "tags": ["z"]})).await;
        t.call(&[&uid]).body(json!({"tags": []})).gives("@User", json!({"tags": []})).await;
        t.call(&["nobody-here"]).body(json!({"name": "x"})).refused("ERR_UID_NOT_FOUND").await;
        t.call(&[&uid]).body(json!({"role": "none"})).refused("ERR_ROLE_NOT_FOUND").await;
        t.call(&[&uid]).body(json!({"unset": ["uid"]})).refused("ERR_BAD_REQUEST").await;
        for body in wrong_users() {
            t.call(&[&uid]).body(body).refused("ERR_BAD_REQUEST").await;
        }
        t.op("get-user", &[&uid]).gives("@User", json!({"name": "New", "role": role})).await;
    }
    "delete-user" (t) {
        let (soft, hard) = two(t).await;
        t.text(&hard, &soft).await;
        t.call(&[&soft]).body(json!({"permanent": false})).acknowledges().await;
        t.op("get-user", &[&soft]).refused("ERR_UID_NOT_FOUND").await;
        t.app.done("reactivate-users", &[], None, json!({"uidsToActivate": [soft]})).await;
        t.op("get-user", &[&soft]).gives("@User", json!({"uid": soft})).await;
        t.call(&[&hard]).body(json!({"permanent": true})).acknowledges().await;
        t.op("get-user", &[&hard]).refused("ERR_UID_NOT_FOUND").await;
        t.op("reactivate-users", &[]).body(json!({"uidsToActivate": [hard]})).gives("obj", json!({"notFound": [hard]})).await;
        t.call(&[&hard]).refused("ERR_UID_NOT_FOUND").await;
        t.call(&["nobody-here"]).refused("ERR_UID_NOT_FOUND").await;
        t.call(&[&soft]).body(json!({"permanent": "x"})).refused("ERR_BAD_REQUEST").await;
    }
    "block-users" (t) {
        let (uid, other) = two(t).await;
        let body = json!({"blockedUids": [other, uid, "nobody-here"]});
        t.call(&[&uid]).body(body).gives("{@Fate}", json!({
            (other.clone()): {"success": true},
            (uid.clone()): {"success": false, "error": {"code": "ERR_CANNOT_BLOCK_SELF"}},
            "nobody-here": {"success": false, "error": {"code": "ERR_UID_NOT_FOUND"}},
        })).await;
        t.op("list-blocked-users", &[&uid]).lists("@Blocked", json!([{"uid": other}])).await;
        let text = |to: &str| json!({"receiver": to, "receiverType": "user", "category": "message", "type": "text",
            "data": {"text": "x"}});
        t.op("send-message", &[]).by(&uid).body(text(&other)).refused("ERR_BLOCKED_RECEIVER").await;
        t.op("send-message", &[]).by(&other).body(text(&uid)).refused("ERR_BLOCKED_SENDER").await;
        t.call(&["nobody-here"]).body(json!({"blockedUids": [other]})).refused("ERR_UID_NOT_FOUND").await;
        for body in [json!({}), json!({"blockedUids": []}), json!({"blockedUids": "x"}), json!({"blockedUids": [1]})] {
            t.call(&[&uid]).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "list-blocked-users" (t) {
        let (uid, other) = two(t).await;
        let third = t.user().await;
        t.call(&[&uid]).lists("@Blocked", json!([])).await;
        t.app.done("block-users", &[&uid], None, json!({"blockedUids": [other, third]})).await;
        let mut both = [other, third];
        both.sort_unstable();
        let listed = t.call(&[&uid]).lists("@Blocked", json!([{"uid": both[0]}, {"uid": both[1]}])).await;
        t.expect(json!({"total": 2}), &listed["meta"]["pagination"]);
        t.call(&[&both[0]]).lists("@Blocked", json!([])).await;
        t.pages(&[&uid], "@Blocked").await;
        t.call(&["nobody-here"]).refused("ERR_UID_NOT_FOUND").await;
    }
    "unblock-users" (t) {
        let (uid, other) = two(t).await;
        t.app.done("block-users", &[&uid], None, json!({"blockedUids": [other]})).await;
        t.call(&[&uid]).body(json!({"blockedUids": [other]})).gives("{@Fate}", json!({(other.clone()): {"success": true}})).await;
        t.op("list-blocked-users", &[&uid]).lists("@Blocked", json!([])).await;
        t.text(&other, &uid).await;
        t.call(&["nobody-here"]).body(json!({"blockedUids": [other]})).refused("ERR_UID_NOT_FOUND").await;
        for body in [json!({}), json!({"blockedUids": []}), json!({"blockedUids": "x"})] {
            t.call(&[&uid]).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "add-friend" (t) {
        let (uid, other) = two(t).await;
        t.call(&[&uid]).body(json!({"accepted": [other, uid, "nobody-here"], "addToConversations": false})).gives("obj", json!({
            "accepted": {
                (other.clone()): {"success": true},
                (uid.clone()): {"success": false, "error": {"code": "ERR_CANNOT_FORM_SELF_RELATION"}},
                "nobody-here": {"success": false, "error": {"code": "ERR_UID_NOT_FOUND"}},
            }
        })).await;
        t.op("list-all-friends", &[&uid]).lists("@User", json!([{"uid": other}])).await;
        t.op("list-all-friends", &[&other]).lists("@User", json!([{"uid": uid}])).await;
        t.call(&[&uid]).body(json!({"accepted": [other]}))
            .gives("obj", json!({"accepted": {(other.clone()): {"error": {"code": "ERR_ALREADY_FRIEND"}}}})).await;
        t.call(&["nobody-here"]).body(json!({"accepted": [other]})).refused("ERR_UID_NOT_FOUND").await;
        let many: Vec<String> = (0..26).map(|n| format!("many{n}")).collect();
        for body in [json!({}), json!({"accepted": []}), json!({"accepted": "x"}), json!({"accepted": many})] {
            t.call(&[&uid]).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "list-all-friends" (t) {
        let (uid, other) = two(t).await;
        let third = t.user().await;
        t.app.done("add-friend", &[&uid], None, json!({"accepted": [other, third]})).await;
        let mut both = [other, third];
        both.sort_unstable();
        let listed = t.call(&[&uid]).lists("@User", json!([{"uid": both[0]}, {"uid": both[1]}])).await;
        t.expect(json!({"total": 2}), &listed["meta"]["pagination"]);
        t.call(&[&uid]).query(&format!("searchKey={}", both[1])).lists("@User", json!([{"uid": both[1]}])).await;
        t.call(&[&uid]).query("searchKey=nobody").lists("@User", json!([])).await;
        t.pages(&[&uid], "@User").await;
        t.call(&["nobody-here"]).refused("ERR_UID_NOT_FOUND").await;
    }
    "remove-friend" (t) {
        let (uid, other) = two(t).await;
        t.app.done("add-friend", &[&uid], None, json!({"accepted": [other]})).await;
        t.call(&[&uid]).body(json!({"friends": [other]})).acknowledges().await;
        for side in [&uid, &other] {
            t.op("list-all-friends", &[side]).lists("@User", json!([])).await;
        }
        t.call(&[&uid]).body(json!({"friends": [other]})).refused("ERR_NOT_A_FRIEND").await;
        t.call(&["nobody-here"]).body(json!({"friends": [other]})).refused("ERR_UID_NOT_FOUND").await;
        for body in [json!({}), json!({"friends": []}), json!({"friends": "x"})] {
            t.call(&[&uid]).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
}
