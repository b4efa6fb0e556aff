//! API keys and auth tokens.

use halley_testkit::unique;
use serde_json::{Value, json};

use super::probe::cases;

cases! {
    "create-apikey" (t) {
        let name = unique("key");
        let made = t.call(&[]).body(json!({"name": name, "scope": "fullAccess"}))
            .gives("@ApiKey", json!({"name": name, "scope": "fullAccess"})).await;
        let key = made["apiKey"].as_str().unwrap_or_default();
        t.op("get-apikey", &[key]).gives("@ApiKey", made.clone()).await;
        t.op("list-users", &[]).key(key).lists("@User", Value::Null).await;
        let weak = t.call(&[]).body(json!({"name": "weak"})).gives("@ApiKey", json!({"scope": "authOnly"})).await;
        t.op("list-users", &[]).key(weak["apiKey"].as_str().unwrap_or_default()).refused("AUTH_ERR_NO_ACCESS").await;
        for body in [json!({"scope": "fullAccess"}), json!({"name": ""}), json!({"name": 1}),
            json!({"name": "k", "scope": "all"}), json!({"name": "x".repeat(101)})] {
            t.call(&[]).body(body).refused("ERR_BAD_REQUEST").await;
        }
        // The app has two from the beginning, and these two.
        let mut more = Vec::new();
        for _ in 4..25 {
            more.push(t.app.done("create-apikey", &[], None, json!({"name": "more"})).await);
        }
        t.call(&[]).body(json!({"name": "one too many"})).refused("ERR_PLAN_QUOTA_RESTRICTION").await;
        for key in more.iter().chain([&made, &weak]) {
            t.app.done("delete-apikey", &[key["apiKey"].as_str().unwrap_or_default()], None, json!({})).await;
        }
    }
    "list-apikeys" (t) {
        let name = unique("key");
        for scope in ["fullAccess", "authOnly"] {
            t.app.done("create-apikey", &[], None, json!({"name": name, "scope": scope})).await;
        }
        let search = format!("searchKey={}", &name[2..]);
        let both = t.call(&[]).query(&search).lists("@ApiKey", json!([{"name": name}, {"name": name}])).await;
        t.expect(json!({"total": 2}), &both["meta"]["pagination"]);
        for scope in ["fullAccess", "authOnly"] {
            t.call(&[]).query(&search).query(&format!("scope={scope}")).lists("@ApiKey", json!([{"scope": scope}])).await;
        }
        t.call(&[]).query("scope=all").refused("ERR_BAD_REQUEST").await;
        t.pages(&[], "@ApiKey").await;
    }
    "get-apikey" (t) {
        t.call(&[&t.app.key]).gives("@ApiKey", json!({"apiKey": t.app.key, "scope": "fullAccess"})).await;
        t.call(&[&t.app.auth_key]).gives("@ApiKey", json!({"apiKey": t.app.auth_key, "scope": "authOnly"})).await;
        t.call(&[&"0".repeat(40)]).refused("ERR_APIKEY_NOT_FOUND").await;
        t.call(&["x"]).refused("ERR_APIKEY_NOT_FOUND").await;
    }
    "update-apikey" (t) {
        let made = t.app.done("create-apikey", &[], None, json!({"name": "old", "scope": "fullAccess"})).await;
        let key = made["apiKey"].as_str().unwrap_or_default();
        t.op("list-roles", &[]).key(key).lists("@Role", Value::Null).await;
        let new = json!({"apiKey": key, "name": "new", "scope": "authOnly", "createdAt": made["createdAt"]});
        t.call(&[key]).body(json!({"name": "new", "scope": "authOnly"})).gives("@ApiKey", new.clone()).await;
        t.op("get-apikey", &[key]).gives("@ApiKey", new).await;
        t.op("list-roles", &[]).key(key).refused("AUTH_ERR_NO_ACCESS").await;
        t.call(&[key]).body(json!({"name": "newer"})).gives("@ApiKey", json!({"name": "newer", "scope": "authOnly"})).await;
        t.call(&[&t.app.key]).body(json!({"name": "self"})).refused("ERR_APIKEY_NO_SELF_ACTION").await;
        t.call(&[&"0".repeat(40)]).body(json!({"name": "none"})).refused("ERR_APIKEY_NOT_FOUND").await;
        for body in [json!({"scope": "all"}), json!({"name": 1}), json!({"name": "x".repeat(101)})] {
            t.call(&[key]).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "delete-apikey" (t) {
        let made = t.app.done("create-apikey", &[], None, json!({"name": "k", "scope": "fullAccess"})).await;
        let key = made["apiKey"].as_str().unwrap_or_default();
        t.op("list-roles", &[]).key(key).lists("@Role", Value::Null).await;
        t.call(&[key]).acknowledges().await;
        t.op("get-apikey", &[key]).refused("ERR_APIKEY_NOT_FOUND").await;
        t.op("list-roles", &[]).key(key).refused("AUTH_ERR_APIKEY_NOT_FOUND").await;
        t.call(&[key]).refused("ERR_APIKEY_NOT_FOUND").await;
        t.call(&[&t.app.key]).refused("ERR_APIKEY_NO_SELF_ACTION").await;
    }
    "create-authtoken" (t) {
        let uid = t.user().await;
        let made = t.call(&[&uid]).body(json!({"force": true})).gives("@Token", json!({"uid": uid})).await;
        let token = made["authToken"].as_str().unwrap_or_default();
        t.op("get-authtoken", &[&uid, token]).gives("@Token", json!({"uid": uid, "authToken": token})).await;
        t.op("get-user", &[&uid]).token(token).gives("@User", json!({"uid": uid})).await;
        let other = t.call(&[&uid]).body(json!({"force": true})).gives("@Token", json!({"uid": uid})).await;
        if other["authToken"] == made["authToken"] {
            t.fault("a forced token is not a new one");
        }
        t.call(&[&uid]).gives("@Token", json!({"uid": uid})).await;
        t.call(&[&uid]).key(&t.app.auth_key).body(json!({})).gives("@Token", json!({"uid": uid})).await;
        t.call(&["nobody-here"]).refused("ERR_UID_NOT_FOUND").await;
        t.call(&[&uid]).body(json!({"force": "x"})).refused("ERR_BAD_REQUEST").await;
        t.app.done("deactivate-users", &[], None, json!({"uidsToDeactivate": [uid]})).await;
        t.call(&[&uid]).refused("ERR_UID_NOT_FOUND").await;
        t.op("get-user", &[&uid]).token(token).refused("AUTH_ERR_AUTH_TOKEN_NOT_FOUND").await;
    }
    "list-authtokens" (t) {
        let uid = t.user().await;
        let tokens = [t.token(&uid).await, t.token(&uid).await];
        let listed = t.call(&[&uid]).lists("@Token", json!([{"uid": uid}, {"uid": uid}])).await;
        for token in &tokens {
            if !listed["data"].to_string().contains(token.as_str()) {
                t.fault("a token is not listed");
            }
        }
        t.expect(json!({"total": 2}), &listed["meta"]["pagination"]);
        t.pages(&[&uid], "@Token").await;
        t.call(&["nobody-here"]).refused("ERR_UID_NOT_FOUND").await;
    }
    "flush-authtokens" (t) {
        let uid = t.user().await;
        let tokens = [t.token(&uid).await, t.token(&uid).await];
        t.call(&[&uid]).acknowledges().await;
        for token in &tokens {
            t.op("get-user", &[&uid]).token(token).refused("AUTH_ERR_AUTH_TOKEN_NOT_FOUND").await;
        }
        t.op("list-authtokens", &[&uid]).lists("@Token", json!([])).await;
        t.call(&["nobody-here"]).refused("ERR_UID_NOT_FOUND").await;
    }
    "get-authtoken" (t) {
        let (uid, other) = (t.user().await, t.user().await);
        let token = t.token(&uid).await;
        t.call(&[&uid, &token]).gives("@Token", json!({"uid": uid, "authToken": token})).await;
        t.call(&[&uid, "x"]).refused("ERR_AUTH_TOKEN_NOT_FOUND").await;
        t.call(&[&other, &token]).refused("ERR_AUTH_TOKEN_NOT_FOUND").await;
        t.call(&["nobody-here", &token]).refused("ERR_UID_NOT_FOUND").await;
    }
    "update-authtoken" (t) {
        let (uid, other) = (t.user().await, t.user().await);
        let token = t.token(&uid).await;
        let change = json!({"platform": "ios", "userAgent": "agent", "appInfo": {"version": "4"}});
        t.call(&[&uid, &token]).body(change.clone()).gives("@Token", json!({"uid": uid, "authToken": token})).await;
        t.op("get-authtoken", &[&uid, &token]).gives("@Token", change).await;
        t.call(&[&uid, "x"]).body(json!({"platform": "ios"})).refused("ERR_AUTH_TOKEN_NOT_FOUND").await;
        t.call(&[&other, &token]).body(json!({"platform": "ios"})).refused("ERR_AUTHTOKEN_NOT_ACCESSIBLE").await;
        t.call(&["nobody-here", &token]).body(json!({"platform": "ios"})).refused("ERR_UID_NOT_FOUND").await;
        for body in [json!({"platform": 1}), json!({"userAgent": {}}), json!({"appInfo": 1})] {
            t.call(&[&uid, &token]).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "delete-authtoken" (t) {
        let (uid, other) = (t.user().await, t.user().await);
        let (token, kept) = (t.token(&uid).await, t.token(&uid).await);
        t.call(&[&other, &token]).refused("ERR_AUTH_TOKEN_NOT_FOUND").await;
        t.op("get-user", &[&uid]).token(&token).gives("@User", Value::Null).await;
        t.call(&[&uid, &token]).acknowledges().await;
        t.op("get-user", &[&uid]).token(&token).refused("AUTH_ERR_AUTH_TOKEN_NOT_FOUND").await;
        t.op("get-user", &[&uid]).token(&kept).gives("@User", Value::Null).await;
        t.op("list-authtokens", &[&uid]).lists("@Token", json!([{"authToken": kept}])).await;
        t.call(&[&uid, &token]).refused("ERR_AUTH_TOKEN_NOT_FOUND").await;
        t.call(&["nobody-here", &kept]).refused("ERR_UID_NOT_FOUND").await;
    }
}
