use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use rustls::ClientConfig;

use crate::{ApiClient, ClientError, Credential, Trust, install_crypto};

/// How to reach a server.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// HTTP base, for example `http://127.0.0.1:8080`; `/v3` is added unless it is there.
    pub rest: String,
    /// Socket address, for example `ws://127.0.0.1:8080/ws`. Without it the settings of the login name it.
    pub websocket: Option<String>,
    /// The app.
    pub app_id: String,
    /// Accepted certificates.
    pub trust: Trust,
    /// Limit of one HTTP call, connecting included.
    pub timeout: Duration,
}

/// A server and an app on it. Cheap to clone; clones share the pool of HTTP connections.
#[derive(Clone, Debug)]
pub struct Server {
    pub(crate) base: Url,
    pub(crate) websocket: Option<Arc<str>>,
    pub(crate) app_id: Arc<str>,
    pub(crate) http: reqwest::Client,
    pub(crate) tls: Arc<ClientConfig>,
    /// What a login says of where it runs.
    pub(crate) platform: Arc<str>,
}

impl Server {
    /// A server at an HTTP base, with public certificates.
    pub fn new(rest: &str, app_id: &str) -> Result<Self, ClientError> {
        Self::open(&ServerOptions {
            rest: rest.into(),
            websocket: None,
            app_id: app_id.into(),
            trust: Trust::default(),
            timeout: Duration::from_secs(30),
        })
    }

    /// A server with all options given. Nothing is sent yet.
    pub fn open(options: &ServerOptions) -> Result<Self, ClientError> {
        install_crypto();
        let tls = options.trust.client_config()?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(ClientConfig::clone(&tls))
            .timeout(options.timeout)
            .no_proxy()
            .build()
            .map_err(|error| ClientError::Setting(error.to_string()))?;
        Ok(Self {
            base: base_url(&options.rest)?,
            websocket: options.websocket.as_deref().map(Arc::from),
            app_id: Arc::from(options.app_id.as_str()),
            http,
            tls,
            platform: Arc::from("rust"),
        })
    }

    /// The same server with the given socket address.
    pub fn with_websocket(mut self, url: &str) -> Self {
        self.websocket = Some(Arc::from(url));
        self
    }

    /// The same server, told another platform at logins; `rust` without it.
    pub fn with_platform(mut self, platform: &str) -> Self {
        self.platform = Arc::from(platform);
        self
    }

    /// The HTTP base with its version prefix and no slash at the end.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// The app id.
    pub fn app_id(&self) -> &str {
        &self.app_id
    }

    /// A client that calls with an API key.
    pub fn with_key(&self, key: &str) -> ApiClient {
        ApiClient::new(self.clone(), Credential::ApiKey { key: key.into(), on_behalf_of: None })
    }

    /// A client that calls as the user of an auth token.
    pub fn as_user(&self, auth_token: &str) -> ApiClient {
        ApiClient::new(self.clone(), Credential::AuthToken(auth_token.into()))
    }
}

fn base_url(rest: &str) -> Result<Url, ClientError> {
    let trimmed = rest.trim_end_matches('/');
    let full = if trimmed.ends_with("/v3") || trimmed.ends_with("/v3.0") {
        trimmed.to_owned()
    } else {
        format!("{trimmed}/v3")
    };
    let url = Url::parse(&full).map_err(|error| ClientError::Setting(format!("{rest}: {error}")))?;
    if url.cannot_be_a_base() || !matches!(url.scheme(), "http" | "https") {
        return Err(ClientError::Setting(format!("{rest}: not an HTTP address")));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_prefix_is_added_once() {
        for rest in ["http://h:1", "http://h:1/", "http://h:1/v3", "http://h:1/v3/"] {
            assert_eq!(base_url(rest).unwrap().as_str(), "http://h:1/v3");
        }
        assert_eq!(base_url("https://h/chat/v3.0").unwrap().as_str(), "https://h/chat/v3.0");
    }

    #[test]
    fn an_address_that_is_not_http_is_refused() {
        assert!(matches!(base_url("ftp://h"), Err(ClientError::Setting(_))));
        assert!(matches!(base_url("nonsense"), Err(ClientError::Setting(_))));
    }
}
