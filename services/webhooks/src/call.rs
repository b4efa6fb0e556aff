//! One call of a webhook.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use halley_kit::time;
use reqwest::{Client, Response, header, redirect::Policy};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};

use crate::{
    guard::{self, Refusal},
    store::deliveries::Due,
    targets::Target,
};

/// As much of an answer as is read and kept.
const ANSWER_MAX_BYTES: usize = 2048;

/// What came of a call; also as the log keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attempt {
    /// Unix ms.
    pub at_ms: i64,
    pub duration_ms: i32,
    /// The HTTP status; 0: there was no answer.
    pub status: u16,
    /// Why it failed; empty: it did not.
    pub error: String,
    /// What was answered; erased with users whom the delivery names.
    #[serde(default)]
    pub answer: String,
}

impl Attempt {
    /// A call that was not made.
    pub(crate) fn none(error: &str) -> Self {
        Self { at_ms: time::now_ms(), duration_ms: 0, status: 0, error: error.to_owned(), answer: String::new() }
    }

    /// Whether the receiver took it.
    pub(crate) fn is_success(&self) -> bool {
        self.error.is_empty()
    }
}

/// The client.
pub(crate) struct Calls {
    client: Client,
    timeout: Duration,
    allow_internal: bool,
}

impl Calls {
    /// Calls take at most `timeout`. Redirects are not followed, and no proxy of the environment is asked: neither would
    /// be held to what the guard checked.
    pub(crate) fn new(timeout: Duration, allow_internal: bool) -> Result<Self, reqwest::Error> {
        let mut builder = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .https_only(!allow_internal)
            .user_agent(concat!("Halley-Webhooks/", env!("CARGO_PKG_VERSION")))
            .pool_max_idle_per_host(4)
            .pool_idle_timeout(Duration::from_secs(30));
        if !allow_internal {
            builder = builder.dns_resolver(guard::resolver());
        }
        Ok(Self { client: builder.build()?, timeout, allow_internal })
    }

    /// Makes a call.
    pub(crate) async fn call(&self, target: &Target, due: &Due, now: DateTime<Utc>) -> Attempt {
        let begun = Instant::now();
        let outcome = match tokio::time::timeout(self.timeout, self.try_call(target, due, now)).await {
            Ok(outcome) => outcome,
            Err(_) => Err("timeout"),
        };
        let took = begun.elapsed();
        let (status, error, answer) = match outcome {
            Ok((status, answer)) if (200..300).contains(&status) => (status, "", answer),
            Ok((status, answer)) => (status, "status", answer),
            Err(word) => (0, word, String::new()),
        };
        metrics::counter!("halley_webhooks_calls_total", "outcome" => if error.is_empty() { "delivered" } else { error })
            .increment(1);
        metrics::histogram!("halley_webhooks_call_seconds").record(took.as_secs_f64());
        let duration_ms = i32::try_from(took.as_millis()).unwrap_or(i32::MAX);
        Attempt { at_ms: time::to_ms(now), duration_ms, status, error: error.to_owned(), answer }
    }

    async fn try_call(&self, target: &Target, due: &Due, now: DateTime<Utc>) -> Result<(u16, String), &'static str> {
        let url = guard::check(&target.url, self.allow_internal).map_err(refusal_word)?;
        let mut request = self
            .client
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", due.delivery_id.to_string())
            .header("webhook-timestamp", now.timestamp())
            .body(due.payload.clone());
        if let Some((user, password)) = &target.login {
            request = request.basic_auth(user, Some(password.expose_secret()));
        }
        let response = request.send().await.map_err(|error| error_word(&error))?;
        let status = response.status().as_u16();
        Ok((status, beginning(response).await))
    }
}

/// The beginning of an answer. One that breaks off has still said its status.
async fn beginning(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < ANSWER_MAX_BYTES {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk[..chunk.len().min(ANSWER_MAX_BYTES - bytes.len())]),
            Ok(None) | Err(_) => break,
        }
    }
    // No column takes a NUL.
    String::from_utf8_lossy(&bytes).replace('\0', "\u{fffd}")
}

fn refusal_word(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Internal => "internal-address",
        Refusal::NotHttps => "not-https",
        Refusal::NoAddress => "no-address",
        Refusal::Unreadable => "unreadable-address",
    }
}

/// One word for why there is no answer; texts of libraries tell strangers too much of this network.
fn error_word(error: &reqwest::Error) -> &'static str {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(at) = cause {
        if let Some(refusal) = at.downcast_ref::<Refusal>() {
            return refusal_word(*refusal);
        }
        let inner = at.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if at.is::<rustls::Error>() || inner.is_some_and(|inner| inner.is::<rustls::Error>()) {
            return "tls";
        }
        cause = at.source();
    }
    if error.is_connect() { "no-connection" } else { "broken-off" }
}
