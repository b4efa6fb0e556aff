//! Call logs and metrics.

use serde_json::{Value, json};

use super::probe::{Probe, cases};

/// A call that a user made to another, and its session.
async fn rung(t: &Probe) -> (String, String, String) {
    let (ann, bob) = (t.user().await, t.user().await);
    let (of_ann, of_bob) = (t.token(&ann).await, t.token(&bob).await);
    let body =
        json!({"type": "audio", "receiverType": "user", "receiver": bob, "category": "call", "status": "initiated"});
    let call = t.path("POST", "/calls", &of_ann).body(body).gives("@Message", json!({"category": "call"})).await;
    let session = call["data"]["entities"]["on"]["entity"]["sessionid"].as_str().unwrap_or("none").to_owned();
    t.path("PUT", &format!("/calls/{session}"), &of_bob)
        .body(json!({"status": "ongoing"}))
        .gives("@Message", Value::Null)
        .await;
    t.path("PUT", &format!("/calls/{session}"), &of_bob)
        .body(json!({"status": "ended"}))
        .gives("@Message", Value::Null)
        .await;
    (ann, bob, session)
}

cases! {
    "list-calls" (t) {
        let (ann, bob, session) = rung(t).await;
        let row = json!([{"sessionId": session, "type": "audio", "mode": "call", "status": "ended", "receiverType": "user"}]);
        t.call(&[]).query(&format!("uid={ann}")).lists("@Call", row.clone()).await;
        t.call(&[]).by(&bob).lists("@Call", row.clone()).await;
        let list = |query: &str| t.call(&[]).query(&format!("uid={ann}")).query(query);
        list("type=audio&status=ended&receiverType=user&mode=call").lists("@Call", row.clone()).await;
        list("participantsCount=2").lists("@Call", row).await;
        for query in ["type=video", "status=rejected", "receiverType=group", "hasRecording=true", "hasTranscription=true", "mode=meet"] {
            list(query).lists("@Call", json!([])).await;
        }
        t.call(&[]).by(&t.user().await).lists("@Call", json!([])).await;
        for query in ["type=smell", "status=x", "receiverType=crowd", "mode=x", "participantsCount=x", "startedAt=x", "hasRecording=x"] {
            list(query).refused("ERR_BAD_REQUEST").await;
        }
        t.pages(&[], "@Call").await;
    }
    "retrieve-call-details" (t) {
        let (ann, bob, session) = rung(t).await;
        let shown = json!({"sessionId": session, "status": "ended"});
        t.call(&[&session]).gives("@Call", shown.clone()).await;
        for uid in [&ann, &bob] {
            t.call(&[&session]).by(uid).gives("@Call", shown.clone()).await;
        }
        t.call(&[&session]).by(&t.user().await).refused("ERR_CALL_NOT_A_PART").await;
        t.call(&["none"]).refused("ERR_CALL_SESSION_NOT_FOUND").await;
    }
    "retrieve-call-transcriptions" (t) {
        let (ann, _, session) = rung(t).await;
        t.call(&[&session]).lists("any", json!([])).await;
        t.call(&[&session]).by(&ann).lists("any", json!([])).await;
        t.call(&["none"]).refused("ERR_CALL_SESSION_NOT_FOUND").await;
        t.pages(&[&session], "any").await;
    }
    "connection-metrics" (t) {
        t.call(&[]).gives("@AppConnections", json!({"connections": 0, "nodes": []})).await;
        t.call(&[]).query("from=1700000000").gives("@AppConnections", Value::Null).await;
        for query in ["from=x", "from=20&to=10"] {
            t.call(&[]).query(query).refused("ERR_BAD_REQUEST").await;
        }
    }
    "usage-metrics" (t) {
        let range = "fromDate=1700000000&toDate=1700086400";
        t.call(&[]).query(range).gives("@UsageOfRange", json!({"metrics": {"active_users": 0},
            "time_range": {"fromDate": 1_700_000_000_000_i64, "toDate": 1_700_086_400_000_i64}})).await;
        for query in ["fromDate=1700000000", "toDate=1700000000", "fromDate=x&toDate=1", "fromDate=1700086400&toDate=1700000000"] {
            t.call(&[]).query(query).refused("ERR_BAD_REQUEST").await;
        }
    }
    "message-receipt-metrics" (t) {
        let (ann, bob) = (t.user().await, t.user().await);
        t.text(&ann, &bob).await;
        let shown = halley_testkit::eventually("the message is counted", async || {
            let stats = t.call(&[]).gives("@Receipts", json!({"appId": t.app.id})).await;
            let points = stats["dataPoints"].as_array().cloned().unwrap_or_default();
            points.iter().any(|point| point["messagesSent"].as_i64() > Some(0)).then_some(points)
        }).await;
        t.expect(json!(12), &json!(shown.len()));
    }
}
