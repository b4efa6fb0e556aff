//! Push tokens, which hang on auth tokens.

use halley_testkit::unique;
use reqwest::Method;
use serde_json::json;

use super::Manager;
use crate::support::{Form, Http, Scene, column, data, refused};

crate::in_both_forms!(push_tokens_hang_on_auth_tokens, push_tokens_are_their_users_own,);

const PUSH: &str = "/notifications/push/v1/tokens";

async fn push_tokens_hang_on_auth_tokens(form: Form) {
    let scene = Scene::new(form).await;
    let ann = scene.world.person("ann").await;
    let second = scene.world.api.create_auth_token(&ann.uid).await.expect("a second device");
    let (push, other) = (unique("fcm"), unique("fcm"));
    let register = |key: &str, push: &str, token: &str, platform: &str| {
        let mut body =
            json!({"platform": platform, "providerId": "any", "authToken": token, "timezone": "Europe/Oslo"});
        body[key] = json!(push);
        scene.post(PUSH, body)
    };
    assert_eq!(data(register("fcmToken", &push, &ann.token, "fcm_android")).await["success"], true);
    let list = |token: &str, all: bool| scene.get(&format!("{PUSH}?authToken={token}&all={all}"));
    let listed = data(list(&ann.token, false)).await["pushTokens"].clone();
    let row = &listed[0];
    assert_eq!((&row["pushToken"], &row["uid"]), (&json!(push), &json!(ann.uid)), "{listed}");
    assert_eq!((&row["authToken"], &row["pushTokenType"]), (&json!(ann.token), &json!("chat")));
    assert!(row["createdAt"].as_str().is_some_and(|at| at.ends_with('Z')), "{row}");
    // One of a kind for each auth token; one for calls beside it; a device is whose login was last.
    data(register("fcmToken", &other, &ann.token, "fcm_android")).await;
    data(register("voipToken", &push, &ann.token, "apns_ios_voip")).await;
    let mut values = column(&data(list(&ann.token, false)).await["pushTokens"], "pushToken");
    values.sort();
    let mut wanted = [push.clone(), other.clone()];
    wanted.sort();
    assert_eq!(values, wanted);
    data(register("deviceToken", &push, &second, "apns_ios_device")).await;
    assert_eq!(column(&data(list(&ann.token, false)).await["pushTokens"], "pushToken"), std::slice::from_ref(&other));
    assert_eq!(data(list(&ann.token, true)).await["pushTokens"].as_array().map(Vec::len), Some(2));

    let gone = data(scene.delete(&format!("{PUSH}/{push}"), json!({"authToken": ann.token}))).await;
    assert_eq!(column(&gone["pushTokens"], "pushToken"), std::slice::from_ref(&push), "any of the user's");
    let again = scene.delete(&format!("{PUSH}/{push}"), json!({"authToken": ann.token}));
    assert_eq!(refused(again).await, "ERR_TOKEN_NOT_FOUND");
    data(register("fcmToken", &push, &second, "fcm_ios")).await;
    let gone = data(scene.delete(&format!("{PUSH}?all=false"), json!({"authToken": second}))).await;
    assert_eq!(column(&gone["pushTokens"], "pushToken"), std::slice::from_ref(&push));
    data(register("fcmToken", &push, &second, "fcm_ios")).await;
    // An auth token that ends takes its push token along.
    data(scene.delete(&format!("/users/{}/auth_tokens/{second}", ann.uid), json!({}))).await;
    assert_eq!(column(&data(list(&ann.token, true)).await["pushTokens"], "pushToken"), std::slice::from_ref(&other));
    let gone = data(scene.delete(&format!("{PUSH}?all=true"), json!({"authToken": ann.token}))).await;
    assert_eq!(column(&gone["pushTokens"], "pushToken"), [other]);
    for (body, wanted) in [
        (json!({"platform": "fcm_web", "authToken": ann.token}), "ERR_BAD_REQUEST"),
        (json!({"fcmToken": "x", "authToken": ann.token}), "ERR_BAD_REQUEST"),
        (json!({"platform": "fcm_web", "fcmToken": "x"}), "ERR_BAD_REQUEST"),
        (json!({"platform": "fcm_web", "fcmToken": "x".repeat(4097), "authToken": ann.token}), "ERR_BAD_REQUEST"),
        (json!({"platform": "fcm_web", "fcmToken": "x", "authToken": second}), "ERR_AUTH_TOKEN_NOT_FOUND"),
    ] {
        assert_eq!(refused(scene.post(PUSH, body.clone())).await, wanted, "{body}");
    }
}

async fn push_tokens_are_their_users_own(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    let push = unique("fcm");
    let body = json!({"platform": "fcm_web", "fcmToken": push});
    // A client names no auth token: it came with it.
    data(scene.by(&ann, Method::POST, PUSH, body.clone())).await;
    let own = data(scene.by(&ann, Method::GET, PUSH, json!({}))).await;
    assert_eq!(column(&own["pushTokens"], "pushToken"), std::slice::from_ref(&push));
    let foreign = json!({"authToken": ann.token, "platform": "fcm_web", "fcmToken": unique("fcm")});
    for request in [
        scene.by(&bob, Method::POST, PUSH, foreign.clone()),
        scene.by(&bob, Method::GET, &format!("{PUSH}?authToken={}", ann.token), json!({})),
        scene.by(&bob, Method::DELETE, PUSH, json!({"authToken": ann.token})),
        scene.by(&bob, Method::DELETE, &format!("{PUSH}/{push}"), json!({"authToken": ann.token})),
    ] {
        assert_eq!(refused(request).await, "ERR_AUTHTOKEN_NOT_ACCESSIBLE");
    }
    assert_eq!(
        refused(scene.by(&bob, Method::DELETE, &format!("{PUSH}/{push}"), json!({}))).await,
        "ERR_TOKEN_NOT_FOUND"
    );
    let http = Http::new(form).await;
    let auth_key = http.bare(Method::POST, PUSH).header("appid", &http.app_id).header("apikey", &http.auth_key);
    assert_eq!(refused(auth_key.json(&foreign)).await, "AUTH_ERR_NO_ACCESS");
    // Another app does not know the auth token.
    let owner = Manager::owner(form).await;
    let other = owner.app("Other").await;
    let request = owner.as_app(&other, Method::GET, &format!("{PUSH}?authToken={}", ann.token));
    assert_eq!(refused(request).await, "ERR_AUTH_TOKEN_NOT_FOUND");
    assert_eq!(column(&data(scene.by(&ann, Method::GET, PUSH, json!({}))).await["pushTokens"], "pushToken"), [push]);
}
