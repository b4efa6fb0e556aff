//! Roles, restricted features, permissions of roles and of scopes.

use halley_testkit::unique;
use serde_json::{Value, json};

use super::probe::cases;

cases! {
    "create-role" (t) {
        let role = unique("R");
        let body = json!({"role": role, "name": "VIP", "description": "d", "metadata": {"k": 1},
            "settings": {"listUsers": "friendsOnly", "sendMessagesTo": "all"}});
        let mut shown = body.clone();
        shown["role"] = json!(role.to_lowercase());
        t.call(&[]).body(body.clone()).gives("@Role", shown.clone()).await;
        t.op("get-role", &[&role]).gives("@Role", shown).await;
        t.call(&[]).body(body).refused("ERR_ROLE_ALREADY_EXISTS").await;
        for body in [json!({"name": "x"}), json!({"role": unique("r")}), json!({"role": "no spaces", "name": "x"}),
            json!({"role": unique("r"), "name": "x", "description": "x".repeat(256)}),
            json!({"role": unique("r"), "name": "x", "metadata": 1}), json!({"role": unique("r"), "name": "x".repeat(101)}),
            json!({"role": unique("r"), "name": "x", "settings": {"listUsers": "some"}}),
            json!({"role": unique("r"), "name": "x", "settings": 1})] {
            t.call(&[]).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "list-roles" (t) {
        let role = t.role().await;
        let listed = t.call(&[]).query("perPage=1000").lists("@Role", Value::Null).await;
        for wanted in [role.as_str(), "default"] {
            if !listed["data"].as_array().is_some_and(|rows| rows.iter().any(|row| row["role"] == wanted)) {
                t.fault(format!("{wanted} is not listed"));
            }
        }
        t.expect(json!({"total": listed["data"].as_array().map(Vec::len)}), &listed["meta"]["pagination"]);
        t.pages(&[], "@Role").await;
    }
    "get-role" (t) {
        let role = t.role().await;
        t.call(&[&role]).gives("@Role", json!({"role": role, "name": "Role"})).await;
        t.call(&["default"]).gives("@Role", json!({"role": "default"})).await;
        t.call(&["none"]).refused("ERR_ROLE_NOT_FOUND").await;
    }
    "update-role" (t) {
        let role = t.role().await;
        let change = json!({"name": "New", "description": "d", "metadata": {"k": 1}, "settings": {"listUsers": "all"}});
        t.call(&[&role]).body(change.clone()).gives("@Role", change.clone()).await;
        t.op("get-role", &[&role]).gives("@Role", change).await;
        t.call(&[&role]).body(json!({"unset": ["settings", "description", "metadata"]}))
            .gives("@Role", json!({"name": "New", "settings": null, "description": null, "metadata": null})).await;
        t.call(&["none"]).body(json!({"name": "x"})).refused("ERR_ROLE_NOT_FOUND").await;
        for body in [json!({"name": 1}), json!({"name": ""}), json!({"unset": ["role"]}), json!({"metadata": 1}),
            json!({"settings": {"sendMessagesTo": "x"}})] {
            t.call(&[&role]).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "delete-role" (t) {
        let (role, uid) = (t.role().await, t.user().await);
        t.app.done("update-user", &[&uid], None, json!({"role": role})).await;
        t.call(&[&role]).acknowledges().await;
        t.op("get-role", &[&role]).refused("ERR_ROLE_NOT_FOUND").await;
        t.op("get-user", &[&uid]).gives("@User", json!({"role": "default"})).await;
        t.call(&[&role]).refused("ERR_ROLE_NOT_FOUND").await;
        t.call(&["default"]).refused("ERR_ROLE_DELETE_DENIED").await;
    }
    "restrict-features" (t) {
        let (role, uid) = (t.role().await, t.user().await);
        t.app.done("update-user", &[&uid], None, json!({"role": role})).await;
        let token = t.token(&uid).await;
        t.op("list-users", &[]).token(&token).lists("@User", Value::Null).await;
        t.call(&[&role]).body(json!({"featuresToRestrict": ["u.listUsers", "deleteGroup"]}))
            .gives("{@Fate}", json!({"u.listUsers": {"success": true}, "deleteGroup": {"success": true}})).await;
        t.op("get-restrictedfeatures", &[&role]).lists("@Feature", json!([{"key": "u.deleteGroup"}, {"key": "u.listUsers"}])).await;
        t.op("list-users", &[]).token(&token).refused("ERR_PERMISSION_DENIED").await;
        t.op("list-users", &[]).lists("@User", Value::Null).await;
        t.call(&["none"]).body(json!({"featuresToRestrict": ["listUsers"]})).refused("ERR_ROLE_NOT_FOUND").await;
        for body in [json!({}), json!({"featuresToRestrict": []}), json!({"featuresToRestrict": ["fly"]}),
            json!({"featuresToRestrict": "listUsers"})] {
            t.call(&[&role]).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "get-restrictedfeatures" (t) {
        let role = t.role().await;
        t.call(&[&role]).lists("@Feature", json!([])).await;
        t.app.done("restrict-features", &[&role], None, json!({"featuresToRestrict": ["getGroup"]})).await;
        t.call(&[&role]).lists("@Feature", json!([{"key": "u.getGroup", "path": "/v3/groups/{{guid}}"}])).await;
        t.pages(&[&role], "@Feature").await;
        t.call(&["none"]).refused("ERR_ROLE_NOT_FOUND").await;
    }
    "allow-features" (t) {
        let role = t.role().await;
        t.app.done("restrict-features", &[&role], None, json!({"featuresToRestrict": ["ban", "unban", "getUser"]})).await;
        t.call(&[&role]).body(json!({"featuresToAllow": ["u.ban"]})).acknowledges().await;
        t.op("get-restrictedfeatures", &[&role]).lists("@Feature", json!([{"key": "u.getUser"}, {"key": "u.unban"}])).await;
        t.call(&[&role]).body(json!({"allowAll": true})).acknowledges().await;
        t.op("get-restrictedfeatures", &[&role]).lists("@Feature", json!([])).await;
        t.call(&["none"]).body(json!({"allowAll": true})).refused("ERR_ROLE_NOT_FOUND").await;
        for body in [json!({"featuresToAllow": ["fly"]}), json!({"featuresToAllow": "ban"}), json!({"allowAll": "x"})] {
            t.call(&[&role]).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "list-role-permissions" (t) {
        let role = t.role().await;
        let listed = t.call(&[&role]).lists("@Permission", Value::Null).await;
        for id in ["listUsers", "listUsers.mode", "sendMessage.allowedMessageTypes", "joinGroup.allowedGroupTypes"] {
            if !listed["data"].as_array().is_some_and(|rows| rows.iter().any(|row| row["id"] == id && row["type"] == "role")) {
                t.fault(format!("{id} is not listed"));
            }
        }
        t.pages(&[&role], "@Permission").await;
        t.call(&["none"]).refused("ERR_ROLE_NOT_FOUND").await;
    }
    "set-role-permissions" (t) {
        let (role, uid, other) = (t.role().await, t.user().await, t.user().await);
        t.app.done("update-user", &[&uid], None, json!({"role": role})).await;
        let answer = t.call(&[&role])
            .body(json!({"permissions": {"sendMessage": "deny", "listUsers.allowedRoles": ["default"]}}))
            .gives("obj", json!({"sendMessage": {"success": true}, "permissions": {"sendMessage": "deny", "listUsers": "allow"}}))
            .await;
        t.expect(json!({"listUsers.allowedRoles": ["default"]}), &answer["permissions"]);
        let text = json!({"receiver": other, "receiverType": "user", "category": "message", "type": "text", "data": {"text": "x"}});
        t.op("send-message", &[]).by(&uid).body(text).refused("ERR_PERMISSION_DENIED").await;
        t.text(&other, &uid).await;
        t.call(&["none"]).body(json!({"permissions": {"sendMessage": "deny"}})).refused("ERR_ROLE_NOT_FOUND").await;
        for body in [json!({}), json!({"permissions": {}}), json!({"permissions": {"fly": "deny"}}),
            json!({"permissions": {"sendMessage": "maybe"}}), json!({"permissions": {"listUsers.mode": 1}})] {
            t.call(&[&role]).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "unset-role-permissions" (t) {
        let role = t.role().await;
        t.app.done("set-role-permissions", &[&role], None, json!({"permissions": {"listUsers": "deny", "listGroups": "deny"}})).await;
        t.call(&[&role, "listUsers"]).gives("obj", json!({"permissions": {"listUsers": "allow", "listGroups": "deny"}})).await;
        t.call(&[&role, "listUsers"]).gives("obj", json!({"permissions": {"listUsers": "allow"}})).await;
        t.call(&[&role, "fly"]).refused("ERR_BAD_REQUEST").await;
        t.call(&["none", "listUsers"]).refused("ERR_ROLE_NOT_FOUND").await;
    }
    "list-scope-permissions" (t) {
        let guid = t.group(&[]).await;
        for scope in ["admin", "moderator", "participant"] {
            let listed = t.call(&[&guid, scope]).lists("@Permission", Value::Null).await;
            for id in ["addReaction", "listMembers", "sendThreadedMessage", "initiateCall.allowedType"] {
                if !listed["data"].as_array().is_some_and(|rows| rows.iter().any(|row| row["id"] == id && row["type"] == "scope")) {
                    t.fault(format!("{id} is not listed for the scope {scope}"));
                }
            }
        }
        t.pages(&[&guid, "admin"], "@Permission").await;
        t.call(&["none-here", "admin"]).refused("ERR_GUID_NOT_FOUND").await;
        t.call(&[&guid, "king"]).refused("ERR_BAD_REQUEST").await;
    }
    "set-scope-permissions" (t) {
        let uid = t.user().await;
        let guid = t.group(&[&uid]).await;
        let id = t.group_text(&uid, &guid).await;
        t.call(&[&guid, "participant"]).body(json!({"permissions": {"addReaction": "deny"}}))
            .gives("obj", json!({"addReaction": {"success": true}, "permissions": {"addReaction": "deny"}})).await;
        t.op("add-message-reactions", &[&id, "👍"]).by(&uid).soon_refused("ERR_PERMISSION_DENIED").await;
        t.call(&["none-here", "admin"]).body(json!({"permissions": {"addReaction": "deny"}})).refused("ERR_GUID_NOT_FOUND").await;
        t.call(&[&guid, "king"]).body(json!({"permissions": {"addReaction": "deny"}})).refused("ERR_BAD_REQUEST").await;
        for body in [json!({}), json!({"permissions": {"fly": "deny"}}), json!({"permissions": {"addReaction": "maybe"}})] {
            t.call(&[&guid, "participant"]).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "unset-scope-permissions" (t) {
        let guid = t.group(&[]).await;
        t.app.done("set-scope-permissions", &[&guid, "moderator"], None, json!({"permissions": {"sendMessage": "deny"}})).await;
        t.call(&[&guid, "moderator", "sendMessage"]).gives("obj", json!({"permissions": {"sendMessage": "allow"}})).await;
        t.call(&[&guid, "moderator", "fly"]).refused("ERR_BAD_REQUEST").await;
        t.call(&[&guid, "king", "sendMessage"]).refused("ERR_BAD_REQUEST").await;
        t.call(&["none-here", "admin", "sendMessage"]).refused("ERR_GUID_NOT_FOUND").await;
    }
}
