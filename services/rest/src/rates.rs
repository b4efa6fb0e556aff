//! What responses tell of rate limits ([`halley_edge::Rates`]), and how often an address may guess ([`Guesses`]).

use std::sync::{Arc, OnceLock};

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, header::RETRY_AFTER, request::Parts},
    middleware::Next,
    response::Response,
};
use halley_edge::Standing;
use halley_kit::Caller;
use halley_model::ErrorCode;

use crate::{caller::without_version, reply::ApiError, state::State};

mod guesses;

pub use guesses::{Guesses, counted, network};

const LIMIT: HeaderName = HeaderName::from_static("x-rate-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-rate-limit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-rate-limit-reset");

/// Where a request's standing is left for its response.
#[derive(Clone, Default)]
struct Report(Arc<OnceLock<Standing>>);

/// Gives the response of a counted request its headers.
pub async fn headed(mut request: Request, next: Next) -> Response {
    let report = Report::default();
    request.extensions_mut().insert(report.clone());
    let mut response = next.run(request).await;
    let Some(standing) = report.0.get() else { return response };
    let headers = response.headers_mut();
    headers.insert(LIMIT, standing.limit.into());
    headers.insert(REMAINING, standing.remaining.into());
    if let Some(seconds) = standing.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        headers.insert(RESET, HeaderValue::from(standing.resets_at));
    }
    response
}

impl State {
    /// Lets a request through, or answers ERR_TOO_MANY_REQUESTS; leaves word for [`headed`].
    pub async fn admit(&self, parts: &Parts, caller: &Caller) -> Result<(), ApiError> {
        let settings = self.apps.settings(caller.app_id()).await;
        let path = without_version(parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str));
        let Some(standing) = self.rates.count(&settings, caller, parts.method.as_str(), path).await else {
            return Ok(());
        };
        if let Some(report) = parts.extensions.get::<Report>() {
            // The first one stands: a request is counted once.
            report.0.get_or_init(|| standing);
        }
        if !standing.is_refused() {
            return Ok(());
        }
        metrics::counter!("halley_rest_rate_limited_total").increment(1);
        Err(ApiError::code(ErrorCode::TooManyRequests))
    }
}
