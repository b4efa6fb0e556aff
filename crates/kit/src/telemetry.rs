//! Logs, traces (OTLP) and metrics (Prometheus) of a process.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use opentelemetry::{propagation::Extractor, trace::TracerProvider as _};
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use serde::Deserialize;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// How a process tells of itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetryConfig {
    /// A filter as `tracing` reads it: `info`, `halley_messaging=debug,info`.
    pub log: String,
    /// `text` or `json`.
    pub log_format: String,
    /// Where spans go (OTLP over gRPC), `http://collector:4317`; empty: nowhere.
    pub otlp_endpoint: String,
}

/// Ends the export of spans when dropped by [`Telemetry::shutdown`]; holds the metrics.
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
    metrics: PrometheusHandle,
}

/// Why telemetry can't start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter can't be read.
    #[error("telemetry.log: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The exporter can't be built.
    #[error("telemetry.otlp_endpoint: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// Started twice in one process.
    #[error("telemetry runs already: {0}")]
    Twice(String),
}

impl Telemetry {
    /// Starts logs, spans and metrics of the process `name`. Call once, inside the runtime.
    pub fn start(name: &str, config: &TelemetryConfig) -> Result<Self, TelemetryError> {
        let provider = span_provider(name, config)?;
        let format = if config.log_format == "json" {
            tracing_subscriber::fmt::layer().json().with_writer(std::io::stderr).boxed()
        } else {
            tracing_subscriber::fmt::layer().with_writer(std::io::stderr).boxed()
        };
        // The exporting layer costs about a microsecond a span even unsampled, so it is there only when wanted.
        let export =
            provider.as_ref().map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("halley")));
        tracing_subscriber::registry()
            .with(EnvFilter::try_new(&config.log)?)
            .with(format)
            .with(export)
            .try_init()
            .map_err(|error| TelemetryError::Twice(error.to_string()))?;
        opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
        let metrics =
            PrometheusBuilder::new().install_recorder().map_err(|error| TelemetryError::Twice(error.to_string()))?;
        Ok(Self { provider, metrics })
    }

    /// What `/metrics` renders.
    pub fn metrics(&self) -> PrometheusHandle {
        self.metrics.clone()
    }

    /// Sends the last spans. Blocks for a moment.
    pub fn shutdown(self) {
        if let Some(provider) = self.provider
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(%error, "the last spans were not exported");
        }
    }
}

fn span_provider(name: &str, config: &TelemetryConfig) -> Result<Option<SdkTracerProvider>, TelemetryError> {
    if config.otlp_endpoint.is_empty() {
        return Ok(None);
    }
    let exporter =
        opentelemetry_otlp::SpanExporter::builder().with_tonic().with_endpoint(&config.otlp_endpoint).build()?;
    let resource = Resource::builder().with_service_name(format!("halley-{name}")).build();
    Ok(Some(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build()))
}

/// Makes the span of a request a child of the caller's, by W3C `traceparent`.
pub fn continue_trace(span: &tracing::Span, headers: &http::HeaderMap) {
    if !headers.contains_key("traceparent") {
        return;
    }
    let parent = opentelemetry::global::get_text_map_propagator(|p| p.extract(&Headers(headers)));
    // Without an exporting layer there is no context to set, which is fine.
    drop(span.set_parent(parent));
}

/// Writes the current span's `traceparent` into an outgoing request.
pub fn send_trace(headers: &mut http::HeaderMap) {
    let context = tracing::Span::current().context();
    opentelemetry::global::get_text_map_propagator(|p| p.inject_context(&context, &mut HeadersMut(headers)));
}

struct Headers<'a>(&'a http::HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}

struct HeadersMut<'a>(&'a mut http::HeaderMap);

impl opentelemetry::propagation::Injector for HeadersMut<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(key), http::HeaderValue::try_from(value)) {
            self.0.insert(name, value);
        }
    }
}
