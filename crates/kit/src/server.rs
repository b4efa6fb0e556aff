//! The layers that every gRPC service stands behind, in one place.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use axum::{
    extract::{Request, State},
    middleware::{self, Next},
    response::Response,
};
use futures::FutureExt as _;
use http::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq as _;
use tonic::{Status, service::Routes};
use tracing::Instrument as _;

use crate::{MasterKey, caller, secrets::Purpose, telemetry};

/// The credentials that a server accepts.
#[derive(Clone)]
pub struct Credentials {
    service: SecretString,
    edge: SecretString,
}

impl Credentials {
    /// Both, derived from the installation's master key.
    pub fn new(master: &MasterKey) -> Self {
        Self {
            service: master.credential(Purpose::ServiceCredential),
            edge: master.credential(Purpose::EdgeCredential),
        }
    }

    /// For a service's own outgoing calls. It may act as Halley itself, never for a user.
    pub fn service(&self) -> &SecretString {
        &self.service
    }

    /// For an edge's outgoing calls: it may say who the caller is.
    pub fn edge(&self) -> &SecretString {
        &self.edge
    }
}

/// Whose credential a request came with, among its extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder {
    Edge,
    Service,
}

/// Refuses a request that no service sent: for calls that are no edge's, whoever stands behind it.
pub fn require_service<T>(request: &tonic::Request<T>) -> Result<(), Status> {
    match request.extensions().get::<Holder>() {
        Some(Holder::Service) => Ok(()),
        Some(Holder::Edge) | None => Err(Status::permission_denied("only a service may call this")),
    }
}

/// Puts the layers on a service's routes. From outside in: panic wall, metrics and span, credential, deadline.
///
/// They sit on the routes, not on a server, so that a call within the process meets the same ones.
pub fn mount(routes: Routes, credentials: Credentials) -> axum::Router {
    routes.prepare().into_axum_router().layer(middleware::from_fn_with_state(credentials, guard))
}

/// The gRPC routes with health and reflection, which need no credential, for a listener.
pub async fn listenable(mounted: axum::Router) -> axum::Router {
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status("", tonic_health::ServingStatus::Serving).await;
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(halley_contracts::FILE_DESCRIPTOR_SET)
    };
    let valid = "the generated descriptor set is valid";
    // Tools of some languages still ask in the older version.
    let (current, older) = (reflection().build_v1().expect(valid), reflection().build_v1alpha().expect(valid));
    let routes = Routes::new(health).add_service(current).add_service(older);
    routes.into_axum_router().merge(mounted.reset_fallback())
}

async fn guard(State(credentials): State<Credentials>, request: Request, next: Next) -> Response {
    let method = request.uri().path().to_owned();
    let span = tracing::info_span!("rpc", method = %method.trim_start_matches('/'));
    telemetry::continue_trace(&span, request.headers());
    let begun = Instant::now();
    let response =
        AssertUnwindSafe(checked(credentials, request, next)).catch_unwind().instrument(span).await.unwrap_or_else(
            |_| {
                tracing::error!(%method, "a handler panicked");
                Status::internal("a handler panicked").into_http()
            },
        );
    metrics::histogram!("halley_rpc_seconds", "method" => method).record(begun.elapsed().as_secs_f64());
    response
}

async fn checked(credentials: Credentials, mut request: Request, next: Next) -> Response {
    match admit(&credentials, &request) {
        Ok(holder) => drop(request.extensions_mut().insert(holder)),
        Err(status) => return status.into_http(),
    }
    let Some(deadline) = deadline(&request) else {
        return next.run(request).await;
    };
    match tokio::time::timeout(deadline, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Status::deadline_exceeded("the call's deadline passed").into_http(),
    }
}

/// Lets in who holds a credential, and says which; a caller is believed only from an edge, or when it is Halley itself.
fn admit(credentials: &Credentials, request: &Request) -> Result<Holder, Status> {
    let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let given = given.strip_prefix("Bearer ").unwrap_or_default();
    if equal(given, &credentials.edge) {
        return Ok(Holder::Edge);
    }
    if !equal(given, &credentials.service) {
        return Err(Status::unauthenticated("the service credential is missing or wrong"));
    }
    let claims_a_caller = request.headers().get(caller::METADATA_KEY).is_some_and(|value| !caller::is_system(value));
    if claims_a_caller {
        return Err(Status::permission_denied("only an edge may say who the caller is"));
    }
    Ok(Holder::Service)
}

fn equal(given: &str, wanted: &SecretString) -> bool {
    given.as_bytes().ct_eq(wanted.expose_secret().as_bytes()).into()
}

/// Reads `grpc-timeout`: a number and a unit.
fn deadline(request: &Request) -> Option<Duration> {
    let text = request.headers().get("grpc-timeout")?.to_str().ok()?;
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u64 = number.parse().ok()?;
    match unit {
        "H" => number.checked_mul(3600).map(Duration::from_secs),
        "M" => number.checked_mul(60).map(Duration::from_secs),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}
