//! The client against a small server that misbehaves on demand.
#![expect(clippy::unwrap_used, reason = "tests")]

mod api;
mod chat;
mod connection;
mod fake;
mod lists;
mod outbox;
mod requests;
mod session;
mod tls;

use std::future::Future;
use std::time::Duration;

use fake::Fake;
use halley_client::{ApiClient, Server};

/// A wait that fails instead of hanging.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), what).await.expect("it takes too long")
}

fn server(fake: &Fake) -> Server {
    Server::new(&fake.rest(), "app").unwrap().with_websocket(&fake.websocket())
}

fn user(fake: &Fake, uid: &str) -> ApiClient {
    server(fake).as_user(&format!("token-{uid}"))
}
