//! Webhooks of an app and their triggers, as data.

use reqwest::Method;
use serde_json::{Value, json};

use super::Manager;
use crate::support::{Form, column, data, refused, whole};

crate::in_both_forms!(webhooks_are_kept_without_showing_passwords,);

async fn webhooks_are_kept_without_showing_passwords(form: Form) {
    let owner = Manager::owner(form).await;
    let (tenant, app, _) = owner.tenant().await;
    let path = format!("/apps/{}/webhooks", app.id);
    let hook = |id: &str| json!({"id": id, "name": format!("Hook {id}"), "webhookURL": "https://example.com/hook"});
    let mut first = hook("orders");
    first["useBasicAuth"] = json!(true);
    first["username"] = json!("carrier");
    first["password"] = json!("pigeon-1576");
    first["retryOnFailure"] = json!(true);
    let made = tenant.post(&path, first.clone()).header("X-Webhook-Version", "2").send().await.expect("an answer");
    let made = made.text().await.expect("a body");
    assert!(!made.contains("pigeon"), "{made}");
    let made: Value = serde_json::from_str(&made).expect("JSON");
    let made = &made["data"];
    assert_eq!(
        (&made["id"], &made["enabled"], &made["version"]),
        (&json!("orders"), &json!(true), &json!(2)),
        "{made}"
    );
    assert_eq!(refused(tenant.post(&path, first)).await, "ERR_WEBHOOK_ALREADY_EXISTS");
    for (key, bad) in [
        ("id", json!("has space")),
        ("id", json!("x".repeat(51))),
        ("name", json!("x".repeat(51))),
        ("webhookURL", json!("ftp://example.com")),
        ("webhookURL", json!("https://user:pw@example.com")),
        ("webhookURL", json!(format!("https://example.com/{}", "x".repeat(250)))),
        ("useBasicAuth", json!(true)),
        ("username", json!("a b")),
        ("password", json!("x".repeat(101))),
    ] {
        let mut body = hook("bad");
        body[key] = bad;
        assert_eq!(refused(tenant.post(&path, body.clone())).await, "ERR_BAD_REQUEST", "{body}");
    }
    let one = format!("{path}/orders");
    let change = tenant.call(Method::PUT, &one).json(&json!({"name": "Renamed", "enabled": false, "password": ""}));
    let changed = data(change).await;
    assert_eq!(
        (&changed["name"], &changed["enabled"], &changed["useBasicAuth"]),
        (&json!("Renamed"), &json!(false), &json!(true))
    );
    assert_eq!(data(tenant.get(&one)).await, changed);

    let triggers = format!("{one}/triggers");
    let wanted = json!({"triggerIds": ["message_sent", "user_blocked", "before_message"]});
    let added = data(tenant.post(&triggers, wanted)).await;
    assert_eq!(added["message_sent"]["success"], true, "{added}");
    assert_eq!(added["before_message"]["error"]["code"], "ERR_TRIGGER_NOT_FOUND", "of the other version");
    assert_eq!(refused(tenant.post(&triggers, json!({"triggerIds": ["nothing"]}))).await, "ERR_TRIGGER_NOT_FOUND");
    let mut walked = Vec::new();
    for page in 1..=2 {
        let listed = whole(tenant.get(&format!("{triggers}?perPage=1&page={page}"))).await;
        assert_eq!(listed["meta"]["pagination"]["total"], 2);
        walked.extend(column(&listed["data"], "id"));
    }
    assert_eq!(walked, ["message_sent", "user_blocked"]);
    whole(tenant.delete(&triggers, json!({"triggerIds": ["user_blocked"]}))).await;
    assert_eq!(column(&whole(tenant.get(&triggers)).await["data"], "id"), ["message_sent"]);

    owner.set(&app, json!({"limits.webhooks": 4})).await;
    for id in ["b", "c", "d"] {
        data(tenant.post(&path, hook(id))).await;
    }
    assert_eq!(refused(tenant.post(&path, hook("e"))).await, "ERR_PLAN_QUOTA_RESTRICTION");
    let mut walked = Vec::new();
    for page in 1..=2 {
        walked.extend(column(&whole(tenant.get(&format!("{path}?perPage=3&page={page}"))).await["data"], "id"));
    }
    assert_eq!(walked, ["orders", "b", "c", "d"]);
    assert_eq!(column(&whole(tenant.get(&format!("{path}?searchKey=renamed"))).await["data"], "id"), ["orders"]);
    whole(tenant.delete(&one, json!({}))).await;
    for request in [tenant.get(&one), tenant.delete(&one, json!({})), tenant.get(&triggers)] {
        assert_eq!(refused(request).await, "ERR_WEBHOOK_NOT_FOUND");
    }
}
