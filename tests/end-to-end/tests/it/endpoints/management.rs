//! Apps as operators manage them: collaborators, settings, webhooks, triggers, tenants.

use halley_testkit::unique;
use serde_json::{Value, json};

use super::probe::{Probe, cases};

/// A webhook of a fresh id; app and webhook.
async fn webhook(t: &Probe) -> String {
    let id = unique("hook");
    t.app
        .done(
            "create-webhook",
            &[&t.app.id],
            None,
            json!({"id": id, "name": "Hook", "webhookURL": "https://hooks.example/x"}),
        )
        .await;
    id
}

/// An app of the operator's own.
async fn app(t: &Probe) -> String {
    let made =
        t.app.done("create-app", &[], None, json!({"name": "Other", "region": "eu", "skipSampleData": true})).await;
    made["id"].as_str().unwrap_or("none").to_owned()
}

cases! {
    "create-app" (t) {
        let body = json!({"name": "Shop", "region": "eu", "version": "3", "skipSampleData": true});
        let made = t.call(&[]).body(body).gives("@App", json!({"name": "Shop", "region": "eu", "state": "active"})).await;
        let scopes: Vec<&Value> = made["apiKeys"].as_object().into_iter().flatten().map(|(_, key)| &key["scope"]).collect();
        if scopes.len() != 2 {
            t.fault(format!("not two keys: {scopes:?}"));
        }
        let id = made["id"].as_str().unwrap_or("none");
        let key = made["apiKeys"].as_object().into_iter().flatten().find(|(_, key)| key["scope"] == "fullAccess");
        let key = key.map(|(_, key)| key["apiKey"].as_str().unwrap_or_default().to_owned()).unwrap_or_default();
        t.op("list-users", &[]).header("appid", id).key(&key).lists("@User", json!([])).await;
        t.op("list-apps", &[]).query(&format!("searchKey={id}")).lists("@App", json!([{"id": id, "name": "Shop"}])).await;
        let sample = t.call(&[]).body(json!({"name": "Sample", "region": "us"})).gives("@App", Value::Null).await;
        let key = sample["apiKeys"].as_object().into_iter().flatten().find(|(_, key)| key["scope"] == "fullAccess");
        let key = key.map(|(_, key)| key["apiKey"].as_str().unwrap_or_default().to_owned()).unwrap_or_default();
        let users = t.op("list-users", &[]).header("appid", sample["id"].as_str().unwrap_or("none")).key(&key).lists("@User", Value::Null).await;
        if users["data"].as_array().is_none_or(Vec::is_empty) {
            t.fault("no sample users");
        }
        for body in [json!({}), json!({"name": ""}), json!({"name": "x".repeat(101)}), json!({"name": "x", "region": "on mars"}),
            json!({"name": "x", "version": "2"}), json!({"name": "x", "skipSampleData": "x"})] {
            t.call(&[]).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "list-apps" (t) {
        let id = app(t).await;
        t.call(&[]).query(&format!("searchKey={id}")).lists("@App", json!([{"id": id, "name": "Other", "region": "eu"}])).await;
        t.call(&[]).query("searchKey=nothing-like-it").lists("@App", json!([])).await;
        let listed = t.call(&[]).lists("@App", Value::Null).await;
        t.expect(json!({"per_page": 25}), &listed["meta"]["pagination"]);
        t.pages(&[], "@App").await;
    }
    "delete-app" (t) {
        let id = app(t).await;
        t.call(&[&id]).gives("@Deletion", Value::Null).await;
        t.op("list-apps", &[]).query(&format!("searchKey={id}")).lists("@App", json!([])).await;
        t.op("list-settings", &[&id]).refused("ERR_APP_NOT_FOUND").await;
        t.call(&["nosuchapp"]).refused("ERR_APP_NOT_FOUND").await;
    }
    "fetch-multi-tenant-usage" (t) {
        t.call(&[&t.app.id]).body(json!({"usePreviousBillingCycle": false})).acknowledges().await;
        t.call(&["nosuchapp"]).body(json!({})).refused("ERR_APP_NOT_FOUND").await;
        t.call(&[&t.app.id]).body(json!({"usePreviousBillingCycle": "x"})).refused("ERR_BAD_REQUEST").await;
    }
    "add-collaborator" (t) {
        let email = format!("{}@example.org", unique("c"));
        let tenant = json!({"name": "C", "email": email, "password": "long-enough-1", "appName": "A", "appRegion": "us"});
        t.app.done("add-tenant", &[], None, tenant).await;
        t.call(&[&t.app.id]).body(json!({"admins": [email], "moderators": [], "collaboratorsToRemove": []}))
            .gives("@Collaboration", json!({"admins": {(email.clone()): {"success": true}}})).await;
        let listed = t.op("list-collaborators", &[&t.app.id]).lists("@Collaborator", Value::Null).await;
        if !listed["data"].as_array().is_some_and(|rows| rows.iter().any(|row| row["email"] == email.as_str() && row["role"] == "admin")) {
            t.fault("the collaborator is not listed");
        }
        t.call(&[&t.app.id]).body(json!({"collaboratorsToRemove": [email]}))
            .gives("@Collaboration", json!({"collaboratorsToRemove": {(email.clone()): {"success": true}}})).await;
        t.call(&[&t.app.id]).body(json!({"collaboratorsToRemove": [email]}))
            .gives("@Collaboration", json!({"collaboratorsToRemove": {(email.clone()): {"error": {"code": "ERR_NOT_A_COLLABORATOR"}}}})).await;
        t.call(&["nosuchapp"]).body(json!({"admins": [email]})).refused("ERR_APP_NOT_FOUND").await;
        t.call(&[&t.app.id]).body(json!({"admins": "x"})).refused("ERR_BAD_REQUEST").await;
    }
    "list-collaborators" (t) {
        t.call(&[&t.app.id]).lists("@Collaborator", Value::Null).await;
        t.call(&["nosuchapp"]).refused("ERR_APP_NOT_FOUND").await;
        t.pages(&[&t.app.id], "@Collaborator").await;
    }
    "map-settings" (t) {
        let key = "core.conversations.updateOnMessageActions";
        t.call(&[&t.app.id]).body(json!({"settings": {(key): true}})).gives("{@Fate}", json!({(key): {"success": true}})).await;
        t.op("list-settings", &[&t.app.id]).gives("obj", json!({(key): true})).await;
        t.call(&["nosuchapp"]).body(json!({"settings": {(key): true}})).refused("ERR_APP_NOT_FOUND").await;
        for body in [json!({}), json!({"settings": 1})] {
            t.call(&[&t.app.id]).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "list-settings" (t) {
        t.call(&[&t.app.id]).gives("obj", json!({"core.conversations.updateOnGroupActions": true, "core.threads.updateOnMessageActions": false})).await;
        t.call(&["nosuchapp"]).refused("ERR_APP_NOT_FOUND").await;
    }
    "unmap-settings" (t) {
        let key = "core.conversations.updateOnCallActivity";
        t.app.done("map-settings", &[&t.app.id], None, json!({"settings": {(key): true}})).await;
        t.call(&[&t.app.id]).body(json!({"settings": [key]})).acknowledges().await;
        t.op("list-settings", &[&t.app.id]).gives("obj", json!({(key): false})).await;
        t.call(&["nosuchapp"]).refused("ERR_APP_NOT_FOUND").await;
    }
    "create-webhook" (t) {
        let id = unique("hook");
        let body = json!({"id": id, "name": "Hook", "webhookURL": "https://hooks.example/x", "useBasicAuth": true, "username": "u",
            "password": "p", "enabled": true, "retryOnFailure": true});
        let shown = json!({"id": id, "name": "Hook", "webhookURL": "https://hooks.example/x", "password": null});
        t.call(&[&t.app.id]).header("x-webhook-version", "2").body(body.clone()).gives("@Webhook", shown.clone()).await;
        t.op("get-webhook", &[&t.app.id, &id]).gives("@Webhook", shown).await;
        t.call(&[&t.app.id]).body(body).refused("ERR_WEBHOOK_ALREADY_EXISTS").await;
        for body in [json!({"name": "x", "webhookURL": "https://x"}), json!({"id": "x", "webhookURL": "https://x"}), json!({"id": "x", "name": "x"}),
            json!({"id": "x".repeat(51), "name": "x", "webhookURL": "https://x.example"}),
            json!({"id": "x", "name": "x", "webhookURL": "nonsense"}), json!({"id": "x", "name": "x", "webhookURL": "https://x.example", "enabled": "x"})] {
            t.call(&[&t.app.id]).body(body).refused("ERR_BAD_REQUEST").await;
        }
        t.call(&["nosuchapp"]).body(json!({"id": "x", "name": "x", "webhookURL": "https://x.example"})).refused("ERR_APP_NOT_FOUND").await;
    }
    "list-webhooks" (t) {
        let id = webhook(t).await;
        let listed = t.call(&[&t.app.id]).lists("@Webhook", Value::Null).await;
        if !listed["data"].as_array().is_some_and(|rows| rows.iter().any(|row| row["id"] == id.as_str())) {
            t.fault("the webhook is not listed");
        }
        t.call(&[&t.app.id]).query("searchKey=nothing-like-it").lists("@Webhook", json!([])).await;
        t.call(&["nosuchapp"]).refused("ERR_APP_NOT_FOUND").await;
        t.pages(&[&t.app.id], "@Webhook").await;
    }
    "get-webhook" (t) {
        let id = webhook(t).await;
        t.call(&[&t.app.id, &id]).gives("@Webhook", json!({"id": id, "name": "Hook"})).await;
        t.call(&[&t.app.id, "none"]).refused("ERR_WEBHOOK_NOT_FOUND").await;
        t.call(&["nosuchapp", &id]).refused("ERR_APP_NOT_FOUND").await;
    }
    "update-webhook" (t) {
        let id = webhook(t).await;
        let change = json!({"name": "New", "webhookURL": "https://hooks.example/new", "enabled": false});
        t.call(&[&t.app.id, &id]).body(change.clone()).gives("@Webhook", change.clone()).await;
        t.op("get-webhook", &[&t.app.id, &id]).gives("@Webhook", change).await;
        t.call(&[&t.app.id, "none"]).body(json!({"name": "x"})).refused("ERR_WEBHOOK_NOT_FOUND").await;
        t.call(&["nosuchapp", &id]).body(json!({"name": "x"})).refused("ERR_APP_NOT_FOUND").await;
        for body in [json!({"name": 1}), json!({"webhookURL": "nonsense"}), json!({"enabled": "x"})] {
            t.call(&[&t.app.id, &id]).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "delete-webhook" (t) {
        let id = webhook(t).await;
        t.call(&[&t.app.id, &id]).acknowledges().await;
        t.op("get-webhook", &[&t.app.id, &id]).refused("ERR_WEBHOOK_NOT_FOUND").await;
        t.call(&[&t.app.id, &id]).refused("ERR_WEBHOOK_NOT_FOUND").await;
        t.call(&["nosuchapp", &id]).refused("ERR_APP_NOT_FOUND").await;
    }
    "add-triggers" (t) {
        let id = webhook(t).await;
        t.call(&[&t.app.id, &id]).body(json!({"triggerIds": ["message_sent", "group_created"]}))
            .gives("{@Fate}", json!({"message_sent": {"success": true}, "group_created": {"success": true}})).await;
        let listed = t.op("list-triggers", &[&t.app.id, &id]).lists("@Trigger", Value::Null).await;
        t.expect(json!({"total": 2}), &listed["meta"]["pagination"]);
        t.call(&[&t.app.id, &id]).body(json!({"triggerIds": ["fly"]})).refused("ERR_TRIGGER_NOT_FOUND").await;
        t.call(&[&t.app.id, "none"]).body(json!({"triggerIds": ["message_sent"]})).refused("ERR_WEBHOOK_NOT_FOUND").await;
        t.call(&["nosuchapp", &id]).body(json!({"triggerIds": ["message_sent"]})).refused("ERR_APP_NOT_FOUND").await;
        for body in [json!({}), json!({"triggerIds": []}), json!({"triggerIds": "x"})] {
            t.call(&[&t.app.id, &id]).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "list-triggers" (t) {
        let id = webhook(t).await;
        t.call(&[&t.app.id, &id]).lists("@Trigger", json!([])).await;
        t.app.done("add-triggers", &[&t.app.id, &id], None, json!({"triggerIds": ["message_sent"]})).await;
        t.call(&[&t.app.id, &id]).lists("@Trigger", json!([{"id": "message_sent"}])).await;
        t.pages(&[&t.app.id, &id], "@Trigger").await;
        t.call(&[&t.app.id, "none"]).refused("ERR_WEBHOOK_NOT_FOUND").await;
        t.call(&["nosuchapp", &id]).refused("ERR_APP_NOT_FOUND").await;
    }
    "remove-triggers" (t) {
        let id = webhook(t).await;
        t.app.done("add-triggers", &[&t.app.id, &id], None, json!({"triggerIds": ["message_sent", "message_edited"]})).await;
        t.call(&[&t.app.id, &id]).body(json!({"triggerIds": ["message_sent"]})).acknowledges().await;
        t.op("list-triggers", &[&t.app.id, &id]).lists("@Trigger", json!([{"id": "message_edited"}])).await;
        t.call(&[&t.app.id, &id]).body(json!({"triggerIds": ["fly"]})).refused("ERR_TRIGGER_NOT_FOUND").await;
        t.call(&[&t.app.id, "none"]).body(json!({"triggerIds": ["message_sent"]})).refused("ERR_WEBHOOK_NOT_FOUND").await;
        t.call(&["nosuchapp", &id]).body(json!({"triggerIds": ["message_sent"]})).refused("ERR_APP_NOT_FOUND").await;
        t.call(&[&t.app.id, &id]).body(json!({})).refused("ERR_BAD_REQUEST").await;
    }
    "add-tenant" (t) {
        let email = format!("{}@example.org", unique("t"));
        let body = json!({"name": "Tenant", "email": email, "password": "long-enough-1", "appName": "Shop", "appRegion": "in",
            "contactNumber": "1", "role": "r", "industry": "i", "technology": "t"});
        let made = t.call(&[]).body(body.clone()).gives("@Tenant", json!({"name": "Tenant", "email": email, "app": {"name": "Shop", "region": "in"}})).await;
        let (id, key) = (made["app"]["appId"].as_str().unwrap_or("none"), made["app"]["apiKey"].as_str().unwrap_or_default());
        t.op("list-users", &[]).header("appid", id).key(key).lists("@User", Value::Null).await;
        t.op("list-apps", &[]).query(&format!("searchKey={id}")).lists("@App", json!([{"id": id, "name": "Shop"}])).await;
        t.call(&[]).body(body.clone()).refused("ERR_OPERATOR_ALREADY_EXISTS").await;
        for (key, value) in [("name", Value::Null), ("email", Value::Null), ("password", Value::Null), ("appName", Value::Null),
            ("appRegion", json!("on mars")), ("email", json!("nonsense")), ("role", json!(1))] {
            let mut wrong = body.clone();
            wrong["email"] = json!(format!("{}@example.org", unique("t")));
            wrong[key] = value;
            t.call(&[]).body(wrong).refused("ERR_BAD_REQUEST").await;
        }
    }
}
