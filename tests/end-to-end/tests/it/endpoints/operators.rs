//! Operators, their keys and what they did; the nodes. The probe's key is one of an owner of the installation.

use halley_testkit::unique;
use serde_json::{Value, json};

use super::probe::{Probe, cases};

/// An operator with a management key and an app: address, key, secret, app.
struct Tenant {
    email: String,
    id: String,
    key: String,
    secret: String,
    app: String,
}

async fn tenant(t: &Probe) -> Tenant {
    let email = format!("{}@example.org", unique("o"));
    let body = json!({"name": "O", "email": email, "password": "long-enough-1", "appName": "A", "appRegion": "us"});
    let made = t.app.done("add-tenant", &[], None, body).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (key, secret, app) = (text(&made["key"]), text(&made["secret"]), text(&made["app"]["appId"]));
    let listed = t.op("list-operators", &[]).query("perPage=1000").lists("@Operator", Value::Null).await;
    let rows = listed["data"].as_array().into_iter().flatten();
    let id = rows.filter(|row| row["email"] == email.as_str()).map(|row| text(&row["id"])).next().unwrap_or_default();
    Tenant { email, id, key, secret, app }
}

fn new_operator(role: &str) -> Value {
    let email = format!("{}@example.org", unique("o"));
    json!({"email": email, "name": "New", "password": "long-enough-1", "role": role})
}

cases! {
    "list-operators" (t) {
        let one = tenant(t).await;
        t.call(&[]).query("perPage=1000").lists("@Operator", Value::Null).await;
        t.call(&[]).header("key", &one.key).header("secret", &one.secret).refused("AUTH_ERR_NO_ACCESS").await;
        t.pages(&[], "@Operator").await;
    }
    "create-operator" (t) {
        let body = new_operator("moderator");
        t.call(&[]).body(body.clone()).gives("@Operator", json!({"email": body["email"], "role": "moderator"})).await;
        t.call(&[]).body(body.clone()).refused("ERR_OPERATOR_ALREADY_EXISTS").await;
        for (key, value) in [("email", json!("x")), ("name", json!("")), ("password", json!("short")), ("role", json!("king"))] {
            let mut wrong = new_operator("admin");
            wrong[key] = value;
            t.call(&[]).body(wrong).refused("ERR_BAD_REQUEST").await;
        }
    }
    "update-operator" (t) {
        let one = tenant(t).await;
        let changes = json!({"name": "Other", "role": "admin", "password": "long-enough-2"});
        t.call(&[&one.id]).body(changes).gives("@Operator", json!({"id": one.id, "name": "Other", "role": "admin"})).await;
        t.call(&["nobody"]).body(json!({"name": "x"})).refused("ERR_OPERATOR_NOT_FOUND").await;
        t.call(&[&one.id]).body(json!({"role": "king"})).refused("ERR_BAD_REQUEST").await;
    }
    "delete-operator" (t) {
        let one = tenant(t).await;
        t.call(&[&one.id]).acknowledges().await;
        t.call(&[&one.id]).refused("ERR_OPERATOR_NOT_FOUND").await;
    }
    "update-own-operator" (t) {
        let one = tenant(t).await;
        let own = |body: Value| t.call(&[]).header("key", &one.key).header("secret", &one.secret).body(body);
        own(json!({"name": "Renamed"})).gives("@Operator", json!({"id": one.id, "email": one.email, "name": "Renamed"})).await;
        own(json!({"password": "long-enough-2", "oldPassword": "long-enough-1"})).gives("@Operator", Value::Null).await;
        own(json!({"password": "long-enough-3", "oldPassword": "long-enough-1"})).refused("ERR_BAD_REQUEST").await;
        own(json!({"password": "long-enough-3"})).refused("ERR_BAD_REQUEST").await;
    }
    "list-management-keys" (t) {
        let (one, two) = (tenant(t).await, tenant(t).await);
        t.call(&[&one.id]).lists("@ManagementKey", json!([{"key": one.key}])).await;
        let by = |id: &str| t.call(&[id]).header("key", &one.key).header("secret", &one.secret);
        by(&one.id).lists("@ManagementKey", json!([{"key": one.key}])).await;
        by(&two.id).refused("AUTH_ERR_NO_ACCESS").await;
        t.call(&["nobody"]).refused("ERR_OPERATOR_NOT_FOUND").await;
        t.pages(&[&one.id], "@ManagementKey").await;
    }
    "revoke-management-key" (t) {
        let (one, two) = (tenant(t).await, tenant(t).await);
        let by = |parameters: &[&str]| t.call(parameters).header("key", &one.key).header("secret", &one.secret);
        by(&[&two.id, &two.key]).refused("AUTH_ERR_NO_ACCESS").await;
        by(&[&one.id, &two.key]).refused("ERR_MANAGEMENT_KEY_NOT_FOUND").await;
        t.call(&[&two.id, &two.key]).acknowledges().await;
        t.call(&[&two.id, &two.key]).refused("ERR_MANAGEMENT_KEY_NOT_FOUND").await;
        t.op("list-apps", &[]).header("key", &two.key).header("secret", &two.secret).refused("AUTH_ERR_INVALID_CREDENTIALS").await;
        // A key ends itself, too.
        by(&[&one.id, &one.key]).acknowledges().await;
        by(&[&one.id, &one.key]).refused("AUTH_ERR_INVALID_CREDENTIALS").await;
        t.call(&["nobody", "x"]).refused("ERR_OPERATOR_NOT_FOUND").await;
    }
    "list-operator-actions" (t) {
        let body = new_operator("developer");
        t.app.done("create-operator", &[], None, body.clone()).await;
        let told = t.call(&[]).query("operation=create-operator&limit=1000").gives("[@Action]", Value::Null).await;
        let names = |row: &Value| row["parameters"]["email"] == body["email"] && row["status"] == 200;
        if !told.as_array().is_some_and(|rows| rows.iter().any(names)) {
            t.fault("the address of a new operator is not written down");
        }
        for query in ["limit=0", "cursor=x", "operator=x", "from=x"] {
            t.call(&[]).query(query).refused("ERR_BAD_REQUEST").await;
        }
    }
    "list-app-actions" (t) {
        let (one, other) = (tenant(t).await, tenant(t).await);
        t.app.done("add-collaborator", &[&one.app], None, json!({"admins": [other.email]})).await;
        t.call(&[&one.app]).gives("[@Action]", json!([{"operation": "add-collaborator", "parameters": {"admins": other.email}}])).await;
        t.call(&["nosuchapp"]).refused("ERR_APP_NOT_FOUND").await;
        t.call(&[&one.app]).query("limit=1001").refused("ERR_BAD_REQUEST").await;
    }
    "list-nodes" (t) {
        let one = tenant(t).await;
        t.call(&[]).gives("[@Node]", Value::Null).await;
        t.call(&[]).header("key", &one.key).header("secret", &one.secret).refused("AUTH_ERR_NO_ACCESS").await;
    }
    "list-node-connections" (t) {
        let one = tenant(t).await;
        t.call(&[]).gives("@Connections", Value::Null).await;
        t.call(&[]).query("from=20&to=10").refused("ERR_BAD_REQUEST").await;
        t.call(&[]).header("key", &one.key).header("secret", &one.secret).refused("AUTH_ERR_NO_ACCESS").await;
    }
}
