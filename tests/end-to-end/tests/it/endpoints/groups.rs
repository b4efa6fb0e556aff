//! Groups, members and bans.

use halley_testkit::unique;
use serde_json::{Value, json};

use super::probe::{Probe, cases};

/// A group of two members whose first is its admin.
async fn group_of_two(t: &Probe) -> (String, String, String) {
    let (admin, member) = (t.user().await, t.user().await);
    let guid = t.group(&[&member]).await;
    t.app.done("add-group-members", &[&guid], None, json!({"admins": [admin]})).await;
    (guid, admin, member)
}

cases! {
    "create-group" (t) {
        let (guid, owner, member) = (unique("G"), t.user().await, t.user().await);
        let lower = guid.to_lowercase();
        let body = json!({"guid": guid, "name": "Room", "type": "password", "password": "secret", "icon": "https://x/i.png",
            "description": "d", "metadata": {"k": 1}, "owner": owner, "tags": ["a"],
            "members": {"moderators": [member], "participants": [member, "nobody-here"]}});
        let shown = json!({"guid": lower, "name": "Room", "type": "password", "icon": "https://x/i.png", "description": "d",
            "metadata": {"k": 1}, "owner": owner, "tags": ["a"], "conversationId": format!("group_{lower}"), "password": null});
        let made = t.call(&[]).body(body.clone()).gives("@Group", shown.clone()).await;
        t.expect(json!({"moderators": {(member.clone()): {"success": true}},
            "participants": {(member.clone()): null, "nobody-here": {"error": {"code": "ERR_UID_NOT_FOUND"}}}}), &made["members"]);
        t.op("get-group", &[&lower]).gives("@Group", shown).await;
        let own = json!({"owner": member, "scope": "admin", "hasJoined": true, "type": "public", "membersCount": 1});
        t.call(&[]).by(&member).body(json!({"guid": unique("g"), "name": "Own", "type": "public"})).gives("@Group", own).await;
        t.call(&[]).body(json!({"guid": unique("g"), "name": "Plain"}))
            .gives("@Group", json!({"type": "public", "owner": "app_system"})).await;
        t.call(&[]).body(body).refused("ERR_GUID_ALREADY_EXISTS").await;
        t.call(&[]).body(json!({"guid": unique("g"), "name": "x", "type": "password"})).refused("ERR_EMPTY_GROUP_PASS").await;
        t.call(&[]).body(json!({"guid": "no spaces", "name": "x"})).refused("ERR_INVALID_GUID").await;
        t.call(&[]).body(json!({"guid": unique("g"), "name": "x", "owner": "nobody-here"})).refused("ERR_UID_NOT_FOUND").await;
        let many: Vec<String> = (0..26).map(|n| format!("many{n}")).collect();
        for (key, value) in [("type", json!("club")), ("name", json!(1)), ("name", json!("x".repeat(101))), ("tags", json!("x")),
            ("metadata", json!(1)), ("description", json!("x".repeat(256))), ("members", json!({"kings": ["x"]})),
            ("members", json!({"admins": many})), ("members", json!(1))] {
            let refused = unique("g");
            let mut body = json!({"guid": refused, "name": "x", "type": "public"});
            body[key] = value;
            t.call(&[]).body(body).refused("ERR_BAD_REQUEST").await;
            t.op("get-group", &[&refused]).refused("ERR_GUID_NOT_FOUND").await;
        }
        t.call(&[]).body(json!({"name": "x", "type": "public"})).refused("ERR_BAD_REQUEST").await;
        t.call(&[]).body(json!({"guid": unique("g"), "type": "public"})).refused("ERR_BAD_REQUEST").await;
    }
    "list-groups" (t) {
        let (mark, uid) = (unique("m"), t.user().await);
        for (n, kind, tags) in [(1, "public", json!(["x"])), (2, "private", json!(["x", "y"])), (3, "password", json!([]))] {
            let password = if kind == "password" { json!("p") } else { Value::Null };
            let body = json!({"guid": format!("{mark}{n}"), "name": format!("{mark} {n}"), "type": kind, "password": password,
                "tags": tags});
            t.app.done("create-group", &[], None, body).await;
        }
        let [one, two, three] = [1, 2, 3].map(|n| format!("{mark}{n}"));
        t.app.done("add-group-members", &[&two], None, json!({"participants": [uid]})).await;
        let list = |query: &str| t.call(&[]).query(&format!("searchKey={mark}")).query(query);
        let guids = |guids: &[&String]| Value::Array(guids.iter().map(|guid| json!({"guid": guid})).collect());
        let sorted = "sortBy=guid&sortOrder=asc";
        list(sorted).lists("@Group", guids(&[&one, &two, &three])).await;
        list("sortBy=guid&sortOrder=desc").lists("@Group", guids(&[&three, &two, &one])).await;
        list("sortBy=name&sortOrder=desc").lists("@Group", guids(&[&three, &two, &one])).await;
        list("sortBy=createdAt&sortOrder=asc").lists("@Group", Value::Null).await;
        list(sorted).query("withTags=true").lists("@Group", json!([{"tags": ["x"]}, {"tags": ["x", "y"]}, {"tags": []}])).await;
        list("tags=y,z").lists("@Group", guids(&[&two])).await;
        list("type=private").lists("@Group", guids(&[&two])).await;
        list(sorted).query("types=public,password").lists("@Group", guids(&[&one, &three])).await;
        list("type=protected").lists("@Group", guids(&[&three])).await;
        list("hasJoined=true").by(&uid).lists("@Group", json!([{"guid": two, "hasJoined": true, "scope": "participant"}])).await;
        list("searchIn=guid&sortBy=guid").lists("@Group", guids(&[&one, &two, &three])).await;
        t.call(&[]).query(&format!("guids={one},{three}&sortBy=guid")).lists("@Group", guids(&[&one, &three])).await;
        t.call(&[]).query(&format!("guid={one}")).lists("@Group", guids(&[&one])).await;
        list("membersCount[gte]=1").lists("@Group", guids(&[&two])).await;
        list(sorted).query("membersCount[lt]=1").lists("@Group", guids(&[&one, &three])).await;
        list("membersCount[eq]=1").lists("@Group", guids(&[&two])).await;
        list("createdAt[to]=1000000000").lists("@Group", json!([])).await;
        list(sorted).query("createdAt[from]=1000000000").lists("@Group", guids(&[&one, &two, &three])).await;
        t.app.done("update-group", &[&three], None, json!({"name": format!("{mark} 3 new")})).await;
        list("updatedAt[from]=1000000000").lists("@Group", guids(&[&three])).await;
        list(sorted).query("perPage=2&page=2").lists("@Group", guids(&[&three])).await;
        for query in ["type=club", "sortOrder=up", "hasJoined=x", "membersCount[gte]=x", "sortBy=icon"] {
            t.call(&[]).query(query).refused("ERR_BAD_REQUEST").await;
        }
        t.pages(&[], "@Group").await;
    }
    "get-group" (t) {
        let (guid, admin, member) = group_of_two(t).await;
        t.call(&[&guid]).gives("@Group", json!({"guid": guid, "membersCount": 2, "scope": null, "owner": "app_system"})).await;
        t.call(&[&guid]).by(&admin).gives("@Group", json!({"hasJoined": true, "scope": "admin"})).await;
        t.call(&[&guid]).by(&member).gives("@Group", json!({"hasJoined": true, "scope": "participant"})).await;
        t.call(&["none-here"]).refused("ERR_GUID_NOT_FOUND").await;
    }
    "update-group" (t) {
        let (guid, admin, member) = group_of_two(t).await;
        let change = json!({"name": "New", "icon": "https://x/n.png", "description": "nd", "metadata": {"a": 1}, "tags": ["z"]});
        t.call(&[&guid]).body(change.clone()).gives("@Group", change.clone()).await;
        t.op("get-group", &[&guid]).gives("@Group", change).await;
        t.call(&[&guid]).body(json!({"unset": ["icon", "description", "metadata"]}))
            .gives("@Group", json!({"icon": null, "description": null, "metadata": null, "name": "New"})).await;
        t.call(&[&guid]).body(json!({"owner": admin})).gives("@Group", json!({"owner": admin})).await;
        t.call(&[&guid]).by(&admin).body(json!({"name": "Own", "owner": member}))
            .gives("@Group", json!({"name": "Own", "owner": admin, "updatedBy": admin})).await;
        t.call(&[&guid]).body(json!({"type": "password", "password": "p"})).gives("@Group", json!({"type": "password"})).await;
        t.call(&[&guid]).by(&member).body(json!({"name": "x"})).refused("ERR_GROUP_NO_CLEARANCE").await;
        t.call(&["none-here"]).body(json!({"name": "x"})).refused("ERR_GUID_NOT_FOUND").await;
        t.call(&[&guid]).body(json!({"owner": "nobody-here"})).refused("ERR_UID_NOT_FOUND").await;
        let other = t.group(&[]).await;
        t.call(&[&other]).body(json!({"type": "password"})).refused("ERR_EMPTY_GROUP_PASS").await;
        for body in [json!({"name": 1}), json!({"name": "x".repeat(101)}), json!({"type": "club"}), json!({"unset": ["guid"]}),
            json!({"tags": "x"}), json!({"metadata": 1})] {
            t.call(&[&guid]).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "delete-group" (t) {
        let (guid, _, member) = group_of_two(t).await;
        t.call(&[&guid]).by(&member).refused("ERR_GROUP_NO_CLEARANCE").await;
        t.call(&[&guid]).acknowledges().await;
        t.op("get-group", &[&guid]).refused("ERR_GUID_NOT_FOUND").await;
        t.op("list-group-members", &[&guid]).refused("ERR_GUID_NOT_FOUND").await;
        t.call(&[&guid]).refused("ERR_GUID_NOT_FOUND").await;
    }
    "add-group-members" (t) {
        let (guid, admin, member) = group_of_two(t).await;
        let [chief, helper, guest, banned] = [t.user().await, t.user().await, t.user().await, t.user().await];
        let body = json!({"admins": [chief], "moderators": [helper, chief], "participants": [guest, member, "nobody-here"],
            "usersToBan": [banned]});
        let action = |uid: &str| json!({"success": true, "data": {"category": "action", "type": "groupMember",
            "sender": "app_system", "data": {"action": "added", "entities": {"by": {"entity": {"uid": "app_system"}},
            "on": {"entity": {"uid": uid}}, "for": {"entity": {"guid": guid}}}}}});
        let answer = t.call(&[&guid]).body(body).gives("@Outcomes", json!({
            "admins": {(chief.clone()): action(&chief)},
            "moderators": {(helper.clone()): action(&helper), (chief.clone()): null},
            "participants": {(guest.clone()): action(&guest), (member.clone()): {"error": {"code": "ERR_ALREADY_JOINED"}},
                "nobody-here": {"error": {"code": "ERR_UID_NOT_FOUND"}}},
            "usersToBan": {(banned.clone()): {"success": true, "data": null}},
        })).await;
        let message = &answer["admins"][&chief]["data"]["id"];
        t.op("get-message-details", &[message.as_str().unwrap_or("0")]).gives("@Message", json!({"category": "action"})).await;
        t.op("list-group-members", &[&guid]).query("scopes=moderator").lists("@Member", json!([{"uid": helper}])).await;
        t.op("list-banned-group-users", &[&guid]).lists("@Banned", json!([{"uid": banned}])).await;
        t.call(&[&guid]).body(json!({"participants": [banned], "usersToBan": [banned]})).gives("obj", Value::Null).await;
        t.call(&[&guid]).body(json!({"usersToBan": [banned]}))
            .gives("obj", json!({"usersToBan": {(banned.clone()): {"error": {"code": "ERR_ALREADY_BANNED"}}}})).await;
        t.call(&[&guid]).body(json!({"participants": [banned]}))
            .gives("obj", json!({"participants": {(banned.clone()): {"error": {"code": "ERR_BANNED_GROUPMEMBER"}}}})).await;
        let late = t.user().await;
        t.call(&[&guid]).by(&admin).body(json!({"participants": [late]}))
            .gives("obj", json!({"participants": {(late.clone()): {"data": {"sender": admin}}}})).await;
        t.call(&[&guid]).by(&member).body(json!({"participants": [t.user().await]})).refused("ERR_GROUP_NO_CLEARANCE").await;
        t.call(&["none-here"]).body(json!({"participants": [late]})).refused("ERR_GUID_NOT_FOUND").await;
        let many: Vec<String> = (0..26).map(|n| format!("many{n}")).collect();
        for body in [json!({}), json!({"participants": []}), json!({"admins": "x"}), json!({"admins": many})] {
            t.call(&[&guid]).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "list-group-members" (t) {
        let (guid, admin, member) = group_of_two(t).await;
        let mut both = [(&admin, "admin"), (&member, "participant")];
        both.sort_unstable();
        let rows: Vec<Value> = both.iter().map(|(uid, scope)| json!({"uid": uid, "scope": scope})).collect();
        let listed = t.call(&[&guid]).lists("@Member", json!(rows)).await;
        t.expect(json!({"total": 2}), &listed["meta"]["pagination"]);
        t.call(&[&guid]).query("scopes=admin,moderator").lists("@Member", json!([{"uid": admin}])).await;
        t.call(&[&guid]).query("status=available").lists("@Member", json!([])).await;
        t.call(&[&guid]).query("status=offline").lists("@Member", json!(rows)).await;
        for query in ["scopes=king", "status=away"] {
            t.call(&[&guid]).query(query).refused("ERR_BAD_REQUEST").await;
        }
        t.pages(&[&guid], "@Member").await;
        t.call(&["none-here"]).refused("ERR_GUID_NOT_FOUND").await;
    }
    "change-group-member-scope" (t) {
        let (guid, admin, member) = group_of_two(t).await;
        let changed = json!({"guid": guid, "uid": member, "scope": "moderator"});
        t.call(&[&guid, &member]).body(json!({"scope": "moderator"})).gives("@Scope", changed).await;
        t.op("list-group-members", &[&guid]).query("scopes=moderator").lists("@Member", json!([{"uid": member}])).await;
        t.call(&[&guid, &member]).body(json!({"scope": "moderator"})).refused("ERR_SAME_SCOPE").await;
        t.call(&[&guid, &member]).body(json!({})).gives("@Scope", json!({"scope": "participant"})).await;
        t.call(&[&guid, &admin]).by(&member).body(json!({"scope": "participant"})).refused("ERR_GROUP_NO_SCOPE_CLEARANCE").await;
        t.call(&[&guid, &admin]).by(&admin).body(json!({"scope": "participant"})).refused("ERR_GROUP_NO_SELF_ACTION").await;
        let stranger = t.user().await;
        t.call(&[&guid, &stranger]).body(json!({"scope": "admin"})).refused("ERR_NOT_A_MEMBER").await;
        t.call(&[&guid, &member]).by(&stranger).body(json!({"scope": "admin"})).refused("ERR_GROUP_NOT_JOINED").await;
        t.call(&["none-here", &member]).body(json!({"scope": "admin"})).refused("ERR_GUID_NOT_FOUND").await;
        t.call(&[&guid, &member]).body(json!({"scope": "king"})).refused("ERR_BAD_REQUEST").await;
        t.call(&[&guid, &member]).by(&admin).body(json!({"scope": "admin"})).gives("@Scope", json!({"scope": "admin"})).await;
    }
    "kick-group-member" (t) {
        let (guid, admin, member) = group_of_two(t).await;
        let stranger = t.user().await;
        t.call(&[&guid, &admin]).by(&member).refused("ERR_GROUP_NO_CLEARANCE").await;
        t.call(&[&guid, &stranger]).refused("ERR_NOT_A_MEMBER").await;
        t.call(&[&guid, &member]).by(&admin).acknowledges().await;
        t.op("list-group-members", &[&guid]).lists("@Member", json!([{"uid": admin}])).await;
        t.call(&[&guid, &member]).refused("ERR_NOT_A_MEMBER").await;
        t.call(&["none-here", &member]).refused("ERR_GUID_NOT_FOUND").await;
        t.call(&[&guid, &admin]).acknowledges().await;
        // The kicked may come back.
        t.app.done("add-group-members", &[&guid], None, json!({"participants": [member]})).await;
    }
    "ban-group-user" (t) {
        let (guid, admin, member) = group_of_two(t).await;
        t.call(&[&guid, &admin]).by(&member).refused("ERR_GROUP_NO_CLEARANCE").await;
        t.call(&[&guid, &member]).by(&admin).acknowledges().await;
        t.op("list-banned-group-users", &[&guid]).lists("@Banned", json!([{"uid": member}])).await;
        t.op("list-group-members", &[&guid]).lists("@Member", json!([{"uid": admin}])).await;
        let token = t.token(&member).await;
        t.path("POST", &format!("/groups/{guid}/members"), &token).body(json!({})).refused("ERR_BANNED_GROUPMEMBER").await;
        t.call(&[&guid, &member]).refused("ERR_ALREADY_BANNED").await;
        t.call(&["none-here", &member]).refused("ERR_GUID_NOT_FOUND").await;
    }
    "unban-group-user" (t) {
        let (guid, admin, member) = group_of_two(t).await;
        t.app.done("ban-group-user", &[&guid, &member], None, json!({})).await;
        t.call(&[&guid, &member]).by(&member).refused("ERR_GROUP_NOT_JOINED").await;
        t.call(&[&guid, &member]).by(&admin).acknowledges().await;
        t.op("list-banned-group-users", &[&guid]).lists("@Banned", json!([])).await;
        let token = t.token(&member).await;
        t.path("POST", &format!("/groups/{guid}/members"), &token).body(json!({})).gives("@Message", Value::Null).await;
        t.call(&[&guid, &member]).refused("ERR_NOT_A_BANNED_USER").await;
        t.call(&["none-here", &member]).refused("ERR_GUID_NOT_FOUND").await;
    }
    "list-banned-group-users" (t) {
        let (guid, _, member) = group_of_two(t).await;
        t.call(&[&guid]).lists("@Banned", json!([])).await;
        t.app.done("ban-group-user", &[&guid, &member], None, json!({})).await;
        let listed = t.call(&[&guid]).lists("@Banned", json!([{"uid": member}])).await;
        t.expect(json!({"total": 1}), &listed["meta"]["pagination"]);
        t.pages(&[&guid], "@Banned").await;
        t.call(&["none-here"]).refused("ERR_GUID_NOT_FOUND").await;
    }
}
