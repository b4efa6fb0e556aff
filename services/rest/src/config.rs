//! The settings of the HTTP edge.

use std::net::IpAddr;

use serde::Deserialize;

/// Section `[rest]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RestConfig {
    /// host\[:port\] that clients are told for HTTP; empty: the one of their request.
    pub public_host: String,
    /// host\[:port\] that clients are told for the WebSocket; empty: the same as for HTTP.
    pub public_websocket_host: String,
    /// Addresses of proxies whose X-Forwarded-Host is believed, separated by commas.
    pub trusted_proxies: String,
    /// HOST:PORT to listen on with TLS as well; empty: not.
    pub tls_listen: String,
    /// PEM files of the certificate chain and its key; both empty: a self-signed one for localhost.
    pub tls_certificate: String,
    /// See `tls_certificate`.
    pub tls_key: String,
    /// Largest body, in bytes.
    pub max_body_bytes: usize,
    /// Requests handled at once; past it the answer is 503 at once.
    pub max_requests: usize,
    /// Seconds that a request may take.
    pub timeout_seconds: u64,
    /// Credentials and users that are remembered.
    pub sessions_cached: u64,
}

impl Default for RestConfig {
    fn default() -> Self {
        Self {
            public_host: String::new(),
            public_websocket_host: String::new(),
            trusted_proxies: String::new(),
            tls_listen: String::new(),
            tls_certificate: String::new(),
            tls_key: String::new(),
            max_body_bytes: 1024 * 1024,
            max_requests: 4096,
            timeout_seconds: 30,
            sessions_cached: 100_000,
        }
    }
}

impl RestConfig {
    /// Whether forwarded headers of this peer are believed.
    pub fn is_trusted(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.split(',').any(|address| address.trim().parse() == Ok(peer))
    }
}
