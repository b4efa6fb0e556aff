//! Reports of messages, decisions about them, and the reasons.

use halley_testkit::unique;
use serde_json::{Value, json};

use super::probe::{Probe, cases};

/// A reason of a fresh id.
async fn reason(t: &Probe) -> String {
    let id = unique("reason");
    t.app.done("create-reason", &[], None, json!({"id": id, "name": "Rude", "description": "d"})).await;
    id
}

/// A message that its receiver reported: sender, receiver, message.
async fn reported(t: &Probe) -> (String, String, String) {
    let (ann, bob) = (t.user().await, t.user().await);
    let id = t.text(&ann, &bob).await;
    t.app.done("flag-a-message", &[&id], Some(&bob), json!({"reasonId": reason(t).await, "remark": "no"})).await;
    (ann, bob, id)
}

/// Whether a list of messages has one.
fn has(answer: &Value, id: &str) -> bool {
    let rows = answer["data"].as_array().into_iter().flatten();
    rows.into_iter().any(|row| row["id"] == id || row["message"]["id"] == id)
}

cases! {
    "flag-a-message" (t) {
        let (ann, bob, reason) = (t.user().await, t.user().await, reason(t).await);
        let id = t.text(&ann, &bob).await;
        t.call(&[&id]).by(&bob).body(json!({"reasonId": reason, "remark": "no"})).acknowledges().await;
        let listed = t.op("list-flagged-messages", &[]).walks("@Flagged", Value::Null).await;
        let row = listed["data"].as_array().into_iter().flatten().find(|row| row["id"] == id.as_str()).cloned().unwrap_or_default();
        t.expect(json!({"flaggedCount": 1, "flaggedBy": [{"uid": bob, "reasonId": reason, "reasonName": "Rude", "remark": "no"}]}), &row);
        let other = t.text(&bob, &ann).await;
        t.call(&[&other]).by(&ann).body(json!({"id": reason})).acknowledges().await;
        t.call(&[&id]).by(&bob).body(json!({"reasonId": "none"})).refused("ERR_REASON_NOT_FOUND").await;
        t.call(&[&id]).by(&t.user().await).body(json!({"reasonId": reason})).refused("ERR_MESSAGE_NO_ACCESS").await;
        t.call(&["999999999"]).by(&bob).body(json!({"reasonId": reason})).refused("ERR_MESSAGE_ID_NOT_FOUND").await;
        for body in [json!({}), json!({"reasonId": 1})] {
            t.call(&[&id]).by(&bob).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "list-flagged-messages" (t) {
        let (_, _, id) = reported(t).await;
        if !has(&t.call(&[]).walks("@Flagged", Value::Null).await, &id) {
            t.fault("the reported message is not listed");
        }
        t.call(&[]).query("limit=1").walks("@Flagged", json!([{"id": id}])).await;
        for query in ["limit=0", "limit=x"] {
            t.call(&[]).query(query).refused("ERR_BAD_REQUEST").await;
        }
    }
    "blockreview-flagged-message" (t) {
        let (_, bob, id) = reported(t).await;
        t.call(&[&id]).body(json!({"status": "disapproved"})).acknowledges().await;
        if has(&t.op("list-flagged-messages", &[]).walks("@Flagged", Value::Null).await, &id) {
            t.fault("a decided message still waits");
        }
        if !has(&t.op("list-reviewed-messages", &[]).walks("obj", Value::Null).await, &id) {
            t.fault("a decided message is not among the reviewed");
        }
        let seen = t.op("list-all-messages", &[]).by(&bob).query("limit=100").walks("@Message", Value::Null).await;
        if has(&seen, &id) {
            t.fault("a disapproved message is shown to its receiver");
        }
        t.call(&["999999999"]).body(json!({"status": "approved"})).refused("ERR_MESSAGE_ID_NOT_FOUND").await;
        for body in [json!({}), json!({"status": "maybe"})] {
            t.call(&[&id]).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "list-reviewed-messages" (t) {
        let (_, _, id) = reported(t).await;
        t.app.done("blockreview-flagged-message", &[&id], None, json!({"status": "approved"})).await;
        let listed = t.call(&[]).walks("obj", Value::Null).await;
        if !has(&listed, &id) {
            t.fault("the reviewed message is not listed");
        }
        t.call(&[]).query("limit=1").walks("obj", Value::Null).await;
        t.call(&[]).query("limit=0").refused("ERR_BAD_REQUEST").await;
    }
    "create-reason" (t) {
        let id = unique("reason");
        let body = json!({"id": id, "name": "Rude", "description": "d"});
        t.call(&[]).body(body.clone()).gives("@Reason", body.clone()).await;
        t.op("get-reason-details", &[&id]).gives("@Reason", body.clone()).await;
        t.call(&[]).body(body).refused("ERR_BAD_REQUEST").await;
        for body in [json!({"name": "x"}), json!({"id": unique("r")}), json!({"id": "no spaces", "name": "x"}), json!({"id": unique("r"), "name": 1})] {
            t.call(&[]).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "list-reasons" (t) {
        let id = reason(t).await;
        let listed = t.call(&[]).query("limit=100").walks("@Reason", Value::Null).await;
        for wanted in [id.as_str(), "spam"] {
            if !has(&listed, wanted) {
                t.fault(format!("{wanted} is not listed"));
            }
        }
        t.call(&[]).query("limit=0").refused("ERR_BAD_REQUEST").await;
    }
    "get-reason-details" (t) {
        let id = reason(t).await;
        t.call(&[&id]).gives("@Reason", json!({"id": id, "name": "Rude"})).await;
        t.call(&["none"]).refused("ERR_REASON_NOT_FOUND").await;
    }
    "update-reason-details" (t) {
        let id = reason(t).await;
        t.call(&[&id]).body(json!({"name": "Ruder"})).gives("@Reason", json!({"id": id, "name": "Ruder"})).await;
        t.op("get-reason-details", &[&id]).gives("@Reason", json!({"name": "Ruder", "description": "d"})).await;
        t.call(&["none"]).body(json!({"name": "x"})).refused("ERR_REASON_NOT_FOUND").await;
        for body in [json!({"name": ""}), json!({"name": 1})] {
            t.call(&[&id]).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "delete-reason" (t) {
        let id = reason(t).await;
        t.call(&[&id]).acknowledges().await;
        t.op("get-reason-details", &[&id]).refused("ERR_REASON_NOT_FOUND").await;
        t.call(&[&id]).refused("ERR_REASON_NOT_FOUND").await;
    }
}
