//! The settings of the HTTP edge.

use std::net::IpAddr;

use halley_edge::RateDefaults;
use serde::Deserialize;

/// Section `[rest]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RestConfig {
    /// host\[:port\] that clients are told for HTTP; empty: the one of their request.
    pub public_host: String,
    /// host\[:port\] that clients are told for the WebSocket; empty: the same as for HTTP.
    pub public_websocket_host: String,
    /// Addresses of proxies whose X-Forwarded-Host and X-Forwarded-For are believed, separated by commas. Where wrong
    /// credentials are counted, X-Forwarded-For is believed from private addresses, too.
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
    /// Where files of messages are kept: a folder, or `s3://bucket/prefix`; empty: `media` in the data directory.
    pub media_store: String,
    /// What addresses of files begin with for clients, without `/media`; empty: the host of their request.
    pub media_url: String,
    /// Largest body with files, in bytes: of one message, or of one upload.
    pub media_max_bytes: u64,
    /// Types of files that are not taken, separated by commas; `video/*` is every video.
    pub media_types_denied: String,
    /// Uploads at once; past it the answer is 503 at once.
    pub media_max_uploads: usize,
    /// Seconds that an upload may take.
    pub media_timeout_seconds: u64,
    /// Seconds for which a permission to upload is good.
    pub media_upload_seconds: u64,
    /// Requests a minute of an app that has no limit of its own; 0: any number. Logins, users made and deleted, groups
    /// made and joined.
    pub rate_core: u64,
    /// All other requests of an app.
    pub rate_standard: u64,
    /// Import requests of an app.
    pub rate_import: u64,
    /// Requests with one API key.
    pub rate_per_key: u64,
    /// Requests of one logged-in user.
    pub rate_per_user: u64,
    /// Whether the web chat app and the dashboard are served, under `/chat/` and `/dashboard/`.
    pub web: bool,
    /// Wrong credentials a minute from one address, counted by each process; past it the answer is 429. 0: any number.
    pub rate_wrong_credentials: u64,
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
            media_store: String::new(),
            media_url: String::new(),
            media_max_bytes: 100 * 1024 * 1024,
            media_types_denied:
                "text/html, application/xhtml+xml, image/svg+xml, application/vnd.microsoft.portable-executable"
                    .to_owned(),
            media_max_uploads: 32,
            media_timeout_seconds: 600,
            media_upload_seconds: 900,
            rate_core: 0,
            rate_standard: 0,
            rate_import: 0,
            rate_per_key: 0,
            rate_per_user: 0,
            web: true,
            rate_wrong_credentials: 300,
        }
    }
}

impl RestConfig {
    /// The limits of apps that have none of their own.
    pub fn rates(&self) -> RateDefaults {
        RateDefaults {
            core: self.rate_core,
            standard: self.rate_standard,
            import: self.rate_import,
            per_key: self.rate_per_key,
            per_user: self.rate_per_user,
        }
    }

    /// Whether forwarded headers of this peer are believed.
    pub fn is_trusted(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.split(',').any(|address| address.trim().parse() == Ok(peer))
    }
}
