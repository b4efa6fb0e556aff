//! How often an app, a key and a user may call: refused past it, on every HTTP edge together.

use halley_testkit::eventually;
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    management::{App, Manager},
    support::{Form, code, data},
};

/// An app's calls to one HTTP edge after the other.
struct Edges<'a> {
    http: Client,
    rests: &'a [String],
    app: &'a App,
}

impl Edges<'_> {
    async fn call(&self, index: usize, method: Method, path: &str) -> Response {
        let rest = &self.rests[index % self.rests.len()];
        let request = self.http.request(method, format!("{rest}/v3{path}")).json(&json!({}));
        request.header("appid", &self.app.id).header("apikey", &self.app.rest_key).send().await.expect("an answer")
    }

    /// How many of so many calls are let through.
    async fn allowed(&self, calls: usize, method: Method, path: &str) -> usize {
        let mut allowed = 0;
        for index in 0..calls {
            let status = self.call(index, method.clone(), path).await.status();
            allowed += usize::from(status != StatusCode::TOO_MANY_REQUESTS);
        }
        allowed
    }
}

fn number(response: &Response, header: &str) -> Option<u64> {
    response.headers().get(header)?.to_str().ok()?.parse().ok()
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs()
}

/// Waits for a minute that has enough left of it for a test.
async fn early_in_a_minute() {
    let second = now() % 60;
    if second > 40 {
        tokio::time::sleep(std::time::Duration::from_secs(61 - second)).await;
    }
}

async fn edges<'a>(form: Form, app: &'a App) -> Edges<'a> {
    let http = Client::builder().no_proxy().timeout(std::time::Duration::from_secs(20)).build().expect("client");
    Edges { http, rests: &form.platform().await.rests, app }
}

async fn nothing_is_limited_by_default(form: Form) {
    let owner = Manager::owner(form).await;
    let app = owner.app("Free").await;
    let edges = edges(form, &app).await;
    assert_eq!(edges.allowed(100, Method::GET, "/users").await, 100);
    let response = edges.call(0, Method::GET, "/users").await;
    assert!(!response.headers().contains_key("x-rate-limit"), "there is none to tell of");
}

async fn an_app_has_one_window_on_all_edges(form: Form) {
    let owner = Manager::owner(form).await;
    let app = owner.app("Limited").await;
    let edges = edges(form, &app).await;
    owner.set(&app, json!({"limits.rates.standard": 50, "limits.rates.core": 10, "limits.rates.import": 5})).await;
    for index in 0..edges.rests.len() {
        eventually("the limit is known", async || {
            let response = edges.call(index, Method::GET, "/users").await;
            number(&response, "x-rate-limit").map(drop)
        })
        .await;
    }
    early_in_a_minute().await;
    // What was counted before the minute, or while the limit was made known, is unknown: from here on it is exact.
    let used = 50 - number(&edges.call(0, Method::GET, "/users").await, "x-rate-limit-remaining").expect("a number");
    let left = usize::try_from(50 - used).expect("a small number");
    assert_eq!(edges.allowed(left + 20, Method::GET, "/users").await, left);
    let refused = edges.call(1, Method::GET, "/users").await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!((number(&refused, "x-rate-limit"), number(&refused, "x-rate-limit-remaining")), (Some(50), Some(0)));
    let (retry, reset) = (number(&refused, "retry-after").expect("seconds"), number(&refused, "x-rate-limit-reset"));
    assert!((1..=60).contains(&retry) && reset.is_some_and(|at| at.abs_diff(now() + retry) <= 2), "{retry} {reset:?}");
    let body: Value = serde_json::from_str(&refused.text().await.expect("a body")).expect("JSON");
    assert_eq!(code(&body), "ERR_TOO_MANY_REQUESTS");
    // The other kinds have windows of their own.
    assert_eq!(edges.allowed(15, Method::POST, "/groups").await, 10);
    assert_eq!(edges.allowed(8, Method::POST, "/data_import/users").await, 5);
    // Another app has its own.
    let other = owner.app("Other").await;
    data(owner.as_app(&other, Method::GET, "/users")).await;
    // Off is off, at once.
    owner.set(&app, json!({"limits.rates.standard": 0})).await;
    eventually("the limit is gone", async || {
        (edges.call(0, Method::GET, "/users").await.status() == StatusCode::OK).then_some(())
    })
    .await;
}

async fn a_key_and_a_user_have_their_own_windows(form: Form) {
    let owner = Manager::owner(form).await;
    let app = owner.app("Users").await;
    for uid in ["ann", "bob"] {
        let body = json!({"uid": uid, "name": uid});
        data(owner.as_app(&app, Method::POST, "/users").json(&body)).await;
    }
    let mut tokens = Vec::new();
    for uid in ["ann", "bob"] {
        let path = format!("/users/{uid}/auth_tokens");
        let made = data(owner.as_app(&app, Method::POST, &path).json(&json!({}))).await;
        tokens.push(made["authToken"].as_str().expect("a token").to_owned());
    }
    let edges = edges(form, &app).await;
    let get = async |token: &str| {
        let request = edges.http.get(format!("{}/v3/me", edges.rests[0])).header("appid", &app.id);
        request.header("authtoken", token).send().await.expect("an answer").status()
    };
    early_in_a_minute().await;
    owner.set(&app, json!({"limits.rates.perUser": 4})).await;
    eventually("ann is refused", async || (get(&tokens[0]).await == StatusCode::TOO_MANY_REQUESTS).then_some(())).await;
    assert_eq!(get(&tokens[1]).await, StatusCode::OK, "bob has called nobody yet");
    assert_eq!(edges.allowed(10, Method::GET, "/users").await, 10, "a key is no user");
    owner.set(&app, json!({"limits.rates.perKey": 3})).await;
    eventually("the key is refused", async || {
        (edges.call(0, Method::GET, "/users").await.status() == StatusCode::TOO_MANY_REQUESTS).then_some(())
    })
    .await;
}

crate::in_both_forms!(
    nothing_is_limited_by_default,
    an_app_has_one_window_on_all_edges,
    a_key_and_a_user_have_their_own_windows,
);
