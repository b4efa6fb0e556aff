//! The listener for probes and metrics, apart from the one that serves requests.

use axum::{Router, extract::State, http::StatusCode, routing::get};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::Lifecycle;

#[derive(Clone)]
struct Admin {
    lifecycle: Lifecycle,
    metrics: PrometheusHandle,
}

/// `/livez` (the process runs), `/readyz` (requests are welcome) and `/metrics` (Prometheus text).
pub fn router(lifecycle: Lifecycle, metrics: PrometheusHandle) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(|State(admin): State<Admin>| async move { admin.metrics.render() }))
        .with_state(Admin { lifecycle, metrics })
}

async fn ready(State(admin): State<Admin>) -> (StatusCode, &'static str) {
    if admin.lifecycle.is_ready() { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready") }
}
