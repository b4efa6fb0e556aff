//! Push tokens of devices.

use halley_testkit::unique;
use serde_json::{Value, json};

use super::probe::{Probe, cases};

const PATH: &str = "notifications-push-register-token";

/// A user with an auth token and a push token of it.
async fn registered(t: &Probe) -> (String, String, String) {
    let uid = t.user().await;
    let (auth, push) = (t.token(&uid).await, unique("push"));
    let body = json!({"platform": "fcm_android", "providerId": "fcm-1", "fcmToken": push, "authToken": auth, "timezone": "Europe/Oslo"});
    t.app.done(PATH, &[], None, body).await;
    (uid, auth, push)
}

/// A query for the tokens of an auth token.
fn of(auth: &str) -> String {
    format!("authToken={auth}")
}

cases! {
    "notifications-push-register-token" (t) {
        let uid = t.user().await;
        for (platform, key) in [("fcm_web", "fcmToken"), ("apns_ios_device", "deviceToken"), ("apns_ios_voip", "voipToken")] {
            let (auth, push) = (t.token(&uid).await, unique("push"));
            let body = json!({"platform": platform, "providerId": "p", (key): push, "authToken": auth, "timezone": "Europe/Oslo"});
            t.call(&[]).body(body).acknowledges().await;
            t.op("notifications-push-list-tokens", &[]).query(&of(&auth)).gives("@PushTokens", json!({"pushTokens": [
                {"uid": uid, "authToken": auth, "pushToken": push, "platform": platform, "providerId": "p"}]})).await;
        }
        let auth = t.token(&uid).await;
        let good = json!({"platform": "fcm_web", "providerId": "p", "fcmToken": "t", "authToken": auth});
        let with = |key: &str, value: Value| { let mut body = good.clone(); body[key] = value; body };
        t.call(&[]).body(with("authToken", json!("nobody_1"))).refused("ERR_AUTH_TOKEN_NOT_FOUND").await;
        for body in [with("authToken", Value::Null), with("platform", Value::Null), with("platform", json!("fax")), with("fcmToken", Value::Null),
            with("fcmToken", json!("x".repeat(4097)))] {
            t.call(&[]).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "notifications-push-list-tokens" (t) {
        let (uid, auth, push) = registered(t).await;
        let second = t.token(&uid).await;
        let body = json!({"platform": "fcm_web", "providerId": "p", "fcmToken": unique("push"), "authToken": second});
        t.app.done(PATH, &[], None, body).await;
        t.call(&[]).query(&of(&auth)).gives("@PushTokens", json!({"pushTokens": [{"pushToken": push}]})).await;
        t.call(&[]).query(&of(&auth)).query("all=true").gives("@PushTokens", json!({"pushTokens": [{}, {}]})).await;
        t.call(&[]).query(&of("nobody_1")).refused("ERR_AUTH_TOKEN_NOT_FOUND").await;
        t.call(&[]).refused("ERR_BAD_REQUEST").await;
        t.call(&[]).query(&of(&auth)).query("all=x").refused("ERR_BAD_REQUEST").await;
    }
    "notifications-push-unregister-tokens" (t) {
        let (uid, auth, push) = registered(t).await;
        let second = t.token(&uid).await;
        let body = json!({"platform": "fcm_web", "providerId": "p", "fcmToken": unique("push"), "authToken": second});
        t.app.done(PATH, &[], None, body).await;
        t.call(&[]).query("all=false").body(json!({"authToken": auth})).gives("@PushTokens", json!({"pushTokens": [{"pushToken": push}]})).await;
        t.op("notifications-push-list-tokens", &[]).query(&of(&auth)).query("all=true").gives("@PushTokens", json!({"pushTokens": [{}]})).await;
        t.call(&[]).query("all=true").body(json!({"authToken": auth})).gives("@PushTokens", json!({"pushTokens": [{"authToken": second}]})).await;
        t.op("notifications-push-list-tokens", &[]).query(&of(&auth)).query("all=true").gives("@PushTokens", json!({"pushTokens": []})).await;
        t.call(&[]).body(json!({"authToken": "nobody_1"})).refused("ERR_AUTH_TOKEN_NOT_FOUND").await;
        t.call(&[]).body(json!({})).refused("ERR_BAD_REQUEST").await;
    }
    "notifications-push-delete-token" (t) {
        let (_, auth, push) = registered(t).await;
        t.call(&[&push]).body(json!({"authToken": auth})).gives("@PushTokens", json!({"pushTokens": [{"pushToken": push}]})).await;
        t.op("notifications-push-list-tokens", &[]).query(&of(&auth)).gives("@PushTokens", json!({"pushTokens": []})).await;
        t.call(&[&push]).body(json!({"authToken": auth})).refused("ERR_TOKEN_NOT_FOUND").await;
        t.call(&[&push]).body(json!({"authToken": "nobody_1"})).refused("ERR_AUTH_TOKEN_NOT_FOUND").await;
        t.call(&[&push]).body(json!({})).refused("ERR_BAD_REQUEST").await;
    }
}
