//! How often an app, a key and a user may call: refused past it, on every HTTP edge together. How often an address may show
//! a wrong credential: refused past it by each edge.

use halley_testkit::{eventually, platform::Platform, unique};
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    management::{App, Manager},
    support::{Form, block_on, code, data},
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

/// What is seen within one minute of the clock, which is one window. Where another one began meanwhile, that one is partly
/// spent already, so it is looked again in the next.
async fn within_a_minute<T>(look: impl AsyncFn() -> T) -> T {
    for _ in 0..3 {
        let minute = now() / 60;
        let seen = look().await;
        if now() / 60 == minute {
            return seen;
        }
        tokio::time::sleep(std::time::Duration::from_secs(60 - now() % 60)).await;
    }
    panic!("it takes longer than a minute");
}

/// What an app with limits of 50, 10 and 5 sees of its windows.
struct Seen {
    /// What was left before.
    left: usize,
    allowed: usize,
    refused: Response,
    /// When that was, in seconds.
    at: u64,
    allowed_core: usize,
    allowed_imports: usize,
}

impl Edges<'_> {
    async fn look(&self) -> Seen {
        // What was counted while the limit was made known is unknown: from here on it is exact.
        let first = self.call(0, Method::GET, "/users").await;
        let left = usize::try_from(number(&first, "x-rate-limit-remaining").expect("a number")).expect("a small one");
        let allowed = self.allowed(left + 20, Method::GET, "/users").await;
        let (refused, at) = (self.call(1, Method::GET, "/users").await, now());
        let allowed_core = self.allowed(15, Method::POST, "/groups").await;
        let allowed_imports = self.allowed(8, Method::POST, "/data_import/users").await;
        Seen { left, allowed, refused, at, allowed_core, allowed_imports }
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
    let Seen { left, allowed, refused, at, allowed_core, allowed_imports } =
        within_a_minute(async || edges.look().await).await;
    assert_eq!(allowed, left);
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!((number(&refused, "x-rate-limit"), number(&refused, "x-rate-limit-remaining")), (Some(50), Some(0)));
    let (retry, reset) = (number(&refused, "retry-after").expect("seconds"), number(&refused, "x-rate-limit-reset"));
    assert!((1..=60).contains(&retry) && reset.is_some_and(|end| end.abs_diff(at + retry) <= 2), "{retry} {reset:?}");
    let body: Value = serde_json::from_str(&refused.text().await.expect("a body")).expect("JSON");
    assert_eq!(code(&body), "ERR_TOO_MANY_REQUESTS");
    // The other kinds have windows of their own.
    assert_eq!((allowed_core, allowed_imports), (10, 5));
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

#[test]
fn an_address_that_guesses_is_refused() {
    block_on(async {
        halley_client::install_crypto();
        let limit = [("HALLEY_REST__RATE_WRONG_CREDENTIALS", "5")];
        let platform = Platform::one_process_with(&limit).await;
        let http = Client::builder().no_proxy().timeout(std::time::Duration::from_secs(20)).build().expect("client");
        let demo = |key: &str| platform.demo[key].as_str().expect(key).to_owned();
        let (app, key) = (demo("appId"), demo("restApiKey"));
        let ask = async |name: &str, value: &str, from: &str| {
            let request = http.get(format!("{}/v3/users", platform.rest)).header("appid", &app);
            // The test's own address is one that a proxy may have.
            let response = request.header(name, value).header("x-forwarded-for", from).send().await.expect("an answer");
            let retry = number(&response, "retry-after");
            let body: Value = serde_json::from_str(&response.text().await.expect("a body")).expect("JSON");
            (code(&body).to_owned(), retry)
        };
        let (guesser, neighbour) = ("192.0.2.1", "192.0.2.2");
        assert_eq!(ask("apikey", &key, guesser).await.0, "no code", "a right one is no guess");
        let mut wrong = 0;
        let retry = loop {
            match ask("apikey", &unique("guess"), guesser).await {
                (code, None) if code == "AUTH_ERR_APIKEY_NOT_FOUND" => wrong += 1,
                (code, Some(retry)) if code == "ERR_TOO_MANY_REQUESTS" => break retry,
                other => panic!("{other:?}"),
            }
            // A new minute may begin once in between.
            assert!(wrong <= 10, "nobody refuses");
        };
        assert!(wrong >= 5 && (1..=60).contains(&retry), "{wrong} {retry}");
        // Each is repeated where a minute begins meanwhile, in which the address is a stranger again.
        let refused = within_a_minute(async || {
            for _ in 0..6 {
                ask("authtoken", &unique("guess"), guesser).await;
            }
            ask("authtoken", &unique("guess"), guesser).await.0
        });
        assert_eq!(refused.await, "ERR_TOO_MANY_REQUESTS", "tokens are counted with keys");
        assert_eq!(ask("apikey", &key, guesser).await.0, "no code", "what is known to be right goes on working");
        assert_eq!(ask("apikey", &unique("guess"), neighbour).await.0, "AUTH_ERR_APIKEY_NOT_FOUND", "another address");
        let managed = async || {
            let request = http.get(format!("{}/v3/apps", platform.rest)).header("x-forwarded-for", "192.0.2.3");
            let request = request.header("key", "no").header("secret", "no");
            let body = request.send().await.expect("an answer").text().await.expect("a body");
            code(&serde_json::from_str(&body).expect("JSON")).to_owned()
        };
        let seen = within_a_minute(async || {
            let mut seen = Vec::new();
            for _ in 0..7 {
                seen.push(managed().await);
            }
            seen
        })
        .await;
        assert_eq!(seen.last().map(String::as_str), Some("ERR_TOO_MANY_REQUESTS"), "{seen:?}");
    });
}

crate::in_both_forms!(
    nothing_is_limited_by_default,
    an_app_has_one_window_on_all_edges,
    a_key_and_a_user_have_their_own_windows,
);
