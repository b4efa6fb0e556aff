//! One client type for a service next door and for one across the network.
//!
//! A generated client takes a [`Transport`]: either a service of the same process, called without a socket, or the
//! addresses of its replicas. Both carry the same headers: credential, deadline, trace context, caller.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderValue, header::AUTHORIZATION};
use http_body_util::{BodyExt as _, Full};
use secrecy::{ExposeSecret, SecretString};
use tonic::{
    Status,
    body::Body,
    transport::{Channel, Endpoint},
};
use tower::{Service, ServiceExt as _, util::BoxCloneSyncService};

use crate::telemetry;

type Request = http::Request<Body>;
type Response = http::Response<Body>;

/// Largest request or answer between services, in bytes: 1,000 messages with as much data as they may have, and their
/// people. Servers and clients name it, because gRPC's own default of 4 MiB is less than a full page.
pub const MESSAGE_MAX_BYTES: usize = 96 * 1024 * 1024;

/// Deadline of a call that names none.
const DEFAULT_DEADLINE: &str = "10S";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// A way to a service. Cheap to clone.
#[derive(Clone)]
pub struct Transport {
    inner: BoxCloneSyncService<Request, Response, Status>,
    credential: HeaderValue,
}

/// Why a transport can't be made.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The address is no URI.
    #[error("`{address}` is no address of a service: use http://host:port")]
    Address {
        /// As configured.
        address: String,
    },
    /// No address at all.
    #[error("no address is configured")]
    NoAddress,
}

impl Transport {
    /// Straight into a service of this process, mounted by [`crate::server::mount`].
    pub fn local(mounted: axum::Router, credential: &SecretString) -> Self {
        let service = tower::service_fn(move |request: Request| {
            let router = mounted.clone();
            async move {
                let response = router.oneshot(request.map(axum::body::Body::new)).await;
                let response = response.unwrap_or_else(|never: Infallible| match never {});
                Ok(response.map(Body::new))
            }
        });
        Self { inner: BoxCloneSyncService::new(service), credential: header(credential) }
    }

    /// To the replicas of a service, taken in turn. A replica that can't be connected to is passed over, which is
    /// safe: it has not seen the call. Nothing else is repeated.
    pub fn remote(addresses: &[String], credential: &SecretString) -> Result<Self, TransportError> {
        let channels = addresses
            .iter()
            .map(|address| {
                Endpoint::from_shared(address.clone())
                    .map(|endpoint| {
                        endpoint
                            .connect_timeout(CONNECT_TIMEOUT)
                            .tcp_nodelay(true)
                            .http2_keep_alive_interval(Duration::from_secs(10))
                            .keep_alive_timeout(Duration::from_secs(5))
                            .connect_lazy()
                    })
                    .map_err(|_| TransportError::Address { address: address.clone() })
            })
            .collect::<Result<Vec<_>, _>>()?;
        if channels.is_empty() {
            return Err(TransportError::NoAddress);
        }
        let replicas = Arc::new(Replicas { channels, next: AtomicUsize::new(0) });
        let service = tower::service_fn(move |request: Request| Arc::clone(&replicas).call(request));
        Ok(Self { inner: BoxCloneSyncService::new(service), credential: header(credential) })
    }
}

fn header(credential: &SecretString) -> HeaderValue {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", credential.expose_secret()))
        .expect("a credential is base64, which a header can hold");
    value.set_sensitive(true);
    value
}

impl Service<Request> for Transport {
    type Response = Response;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Response, Status>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, self.credential.clone());
        if !headers.contains_key("grpc-timeout") {
            headers.insert("grpc-timeout", HeaderValue::from_static(DEFAULT_DEADLINE));
        }
        telemetry::send_trace(headers);
        Box::pin(self.inner.call(request))
    }
}

struct Replicas {
    channels: Vec<Channel>,
    next: AtomicUsize,
}

impl Replicas {
    async fn call(self: Arc<Self>, request: Request) -> Result<Response, Status> {
        let (parts, body) = request.into_parts();
        // Every call is unary, so its body is whole and small: it can be sent to the next replica again.
        let body: Bytes = body.collect().await?.to_bytes();
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let mut refused = None;
        for turn in 0..self.channels.len() {
            let mut channel = self.channels[first.wrapping_add(turn) % self.channels.len()].clone();
            let mut request = http::Request::new(Body::new(Full::new(body.clone())));
            *request.method_mut() = parts.method.clone();
            *request.uri_mut() = parts.uri.clone();
            *request.version_mut() = parts.version;
            *request.headers_mut() = parts.headers.clone();
            let sent = match channel.ready().await {
                Ok(ready) => ready.call(request).await,
                Err(error) => Err(error),
            };
            match sent {
                Ok(response) => return Ok(response),
                Err(error) if never_connected(&error) => refused = Some(error),
                Err(error) => return Err(Status::from_error(error.into())),
            }
        }
        Err(refused.map_or_else(
            || Status::unavailable("no replica"),
            |error| Status::unavailable(format!("no replica can be reached: {error}")),
        ))
    }
}

fn never_connected(error: &tonic::transport::Error) -> bool {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = source {
        if cause.is::<tonic::ConnectError>() {
            return true;
        }
        source = cause.source();
    }
    false
}
