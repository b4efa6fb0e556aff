//! What is around every request: CORS, bounds, the panic wall, and an envelope for whatever goes wrong.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State as Shared},
    http::{
        HeaderValue, Method, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
            ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, CONTENT_TYPE, HeaderName,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use futures::FutureExt as _;
use halley_kit::PublicError;
use halley_model::ErrorCode;

use crate::{RestConfig, audit, media::is_form, rates, reply::ApiError, state::State};

/// Clients call from any page, and never with cookies. Operators have one, and call from this origin, which asks for none of
/// this.
const CORS: [(HeaderName, &str); 5] = [
    (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, PATCH, DELETE, OPTIONS"),
    (
        ACCESS_CONTROL_ALLOW_HEADERS,
        "accept, appid, apikey, authtoken, authorization, chatapiversion, content-type, resource, sdk, cache-control, onbehalfof, range, key, secret, x-webhook-version",
    ),
    (ACCESS_CONTROL_EXPOSE_HEADERS, "retry-after, x-rate-limit, x-rate-limit-remaining, x-rate-limit-reset"),
    (ACCESS_CONTROL_MAX_AGE, "86400"),
];

/// From outside in: CORS, envelope, the end of operators' actions, panic wall, bound, deadline, headers of rate limits, the count of wrong credentials.
pub fn wrap(routes: Router, state: Arc<State>) -> Router {
    let limit = state.config.max_body_bytes;
    routes
        .layer(DefaultBodyLimit::max(limit))
        .layer(middleware::from_fn_with_state(Arc::clone(&state), rates::counted))
        .layer(middleware::from_fn(rates::headed))
        .layer(middleware::from_fn_with_state(Arc::clone(&state), bounded))
        .layer(middleware::from_fn_with_state(state, audit::completed))
        .layer(middleware::from_fn(enveloped))
}

async fn enveloped(request: Request, next: Next) -> Response {
    let mut response = if request.method() == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        in_envelope(next.run(request).await)
    };
    for (name, value) in CORS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Keys, tokens and messages stay on no disk past a sign-out; files and pages say for themselves how long they are kept.
    response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Errors that the framework answers by itself, as plain text, get the envelope too.
fn in_envelope(response: Response) -> Response {
    let is_json =
        response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let status = response.status();
    if is_json || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let code = match status {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => ErrorCode::ApiNotFound,
        StatusCode::PAYLOAD_TOO_LARGE => ErrorCode::PayloadTooLarge,
        status if status.is_client_error() => ErrorCode::BadRequest,
        _ => ErrorCode::Exception,
    };
    ApiError::code(code).into_response()
}

/// An upload takes as long as the client's line needs.
fn deadline(config: &RestConfig, request: &Request) -> u64 {
    let path = request.uri().path();
    let takes_files = path.starts_with("/media/") || path.ends_with("/messages") || path.ends_with("/thread");
    let is_upload = request.method() == Method::POST && takes_files && is_form(request.headers());
    if is_upload { config.media_timeout_seconds } else { config.timeout_seconds }
}

async fn bounded(Shared(state): Shared<Arc<State>>, request: Request, next: Next) -> Response {
    // No id holds it, and a database refuses it in any text. Bodies and queries are checked where they are read.
    if request.uri().path().contains("%00") {
        return ApiError::field("path", "must not contain the NUL character").into_response();
    }
    let Ok(_turn) = Arc::clone(&state.turns).try_acquire_owned() else {
        metrics::counter!("halley_rest_refused_total").increment(1);
        return ApiError::code(ErrorCode::Unavailable).into_response();
    };
    let limit = Duration::from_secs(deadline(&state.config, &request));
    let run = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(limit, run).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => ApiError(PublicError::internal("a handler panicked")).into_response(),
        Err(_) => ApiError::code(ErrorCode::Timeout).into_response(),
    }
}
