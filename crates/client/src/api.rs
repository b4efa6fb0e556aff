use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::connection::{Format, PresenceSubscription, SocketOptions, Timings};
use crate::{ClientError, Login, Server};

/// Further tries of a call that changes nothing.
const READ_RETRIES: u32 = 2;
/// Before the first of them; it doubles.
const READ_AGAIN_AFTER: Duration = Duration::from_millis(300);
/// Longest wait that a server may ask for before a read is tried again; a longer one is left to the caller.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Who calls.
#[derive(Clone)]
pub enum Credential {
    /// An app's server, with an API key.
    ApiKey {
        /// The key's value.
        key: String,
        /// The user in whose name the calls are made.
        on_behalf_of: Option<String>,
    },
    /// A user's device, with an auth token.
    AuthToken(String),
}

impl fmt::Debug for Credential {
    /// Without its secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApiKey { on_behalf_of, .. } => {
                f.debug_struct("ApiKey").field("on_behalf_of", on_behalf_of).finish_non_exhaustive()
            }
            Self::AuthToken(_) => f.debug_struct("AuthToken").finish_non_exhaustive(),
        }
    }
}

/// HTTP calls to one server with one credential, from one device. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ApiClient {
    pub(crate) server: Server,
    pub(crate) credential: Arc<Credential>,
    pub(crate) resource: Arc<str>,
}

impl ApiClient {
    /// A client with a fresh device id.
    pub fn new(server: Server, credential: Credential) -> Self {
        Self { server, credential: Arc::new(credential), resource: Arc::from(new_device_id()) }
    }

    /// The same client as another device. The id must outlive restarts if the device is to be recognised.
    pub fn with_resource(mut self, resource: &str) -> Self {
        self.resource = Arc::from(resource);
        self
    }

    /// The same API key acting for a user. No effect on a client with an auth token.
    pub fn on_behalf_of(mut self, uid: &str) -> Self {
        if let Credential::ApiKey { key, .. } = &*self.credential {
            self.credential = Arc::new(Credential::ApiKey { key: key.clone(), on_behalf_of: Some(uid.into()) });
        }
        self
    }

    /// The server called.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// This device's id, sent as `resource` and as the socket's `deviceId`.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    pub(crate) fn is_user(&self) -> bool {
        matches!(&*self.credential, Credential::AuthToken(_))
    }

    /// Calls a path under the version prefix and returns the whole success envelope.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, ClientError> {
        let bytes = self.fetch(method, path, query, body).await?;
        let envelope: Value = parse(&bytes)?;
        if envelope.is_object() { Ok(envelope) } else { Err(shape("the envelope is not an object", &bytes)) }
    }

    /// Calls and decodes what the envelope holds under `data`.
    pub(crate) async fn call_data<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<T, ClientError> {
        #[derive(Deserialize)]
        struct Envelope<T> {
            data: T,
        }
        let bytes = self.fetch(method, path, query, body).await?;
        Ok(parse::<Envelope<T>>(&bytes)?.data)
    }

    /// The envelope of a call that changes nothing. It is tried again when that may help: after as long as the server says,
    /// if it does, and that is no more than 5 s.
    pub(crate) async fn read(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, ClientError> {
        let mut backoff = READ_AGAIN_AFTER;
        for _ in 0..READ_RETRIES {
            let error = match self.call(Method::GET, path, query, None).await {
                Err(error) if error.is_retryable() => error,
                answer => return answer,
            };
            let wait = error.retry_after().unwrap_or_else(|| backoff.mul_f64(rand::random_range(0.5..1.0)));
            if wait > LONGEST_WAIT {
                return Err(error);
            }
            tracing::debug!(%error, path, "reading again");
            tokio::time::sleep(wait).await;
            backoff *= 2;
        }
        self.call(Method::GET, path, query, None).await
    }

    /// What such a call answers under `data`.
    pub(crate) async fn read_data<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, ClientError> {
        let mut answer = self.read(path, query).await?;
        serde_json::from_value(answer["data"].take()).map_err(|error| ClientError::Shape(format!("{path}: {error}")))
    }

    async fn fetch(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Bytes, ClientError> {
        let mut url = self.server.base.clone();
        url.set_path(&format!("{}{path}", self.server.base.path()));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.server.http.request(method, url).headers(self.headers()?);
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let response = request.send().await.map_err(ClientError::transport)?;
        answered(response).await
    }

    fn headers(&self) -> Result<HeaderMap, ClientError> {
        let mut headers = HeaderMap::with_capacity(7);
        let json = HeaderValue::from_static("application/json");
        headers.insert(ACCEPT, json.clone());
        headers.insert(CONTENT_TYPE, json);
        headers.insert("appid", header(&self.server.app_id)?);
        headers.insert("resource", header(&self.resource)?);
        match &*self.credential {
            Credential::ApiKey { key, on_behalf_of } => {
                headers.insert("apikey", secret(key)?);
                if let Some(uid) = on_behalf_of {
                    headers.insert("onbehalfof", header(uid)?);
                }
            }
            Credential::AuthToken(token) => {
                headers.insert("authtoken", secret(token)?);
            }
        }
        Ok(headers)
    }

    /// Options of a socket for a login made with this client.
    pub fn socket_options(&self, login: &Login) -> Result<SocketOptions, ClientError> {
        let url = match &self.server.websocket {
            Some(url) => url.to_string(),
            None => login.websocket_url(self.server.base.scheme() == "https")?,
        };
        Ok(SocketOptions {
            url,
            app_id: self.server.app_id.to_string(),
            uid: login.uid.clone(),
            jwt: login.jwt.clone(),
            device_id: self.resource.to_string(),
            presence: PresenceSubscription::default(),
            with_sequence: false,
            format: Format::default(),
            left_off: None,
            keep_own: false,
            capacity: 64,
            timings: Timings::default(),
            tls: self.server.tls.clone(),
        })
    }
}

fn header(value: &str) -> Result<HeaderValue, ClientError> {
    HeaderValue::from_str(value).map_err(|_| ClientError::Setting(format!("{value:?} cannot be a header value")))
}

fn secret(value: &str) -> Result<HeaderValue, ClientError> {
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| ClientError::Setting("the credential cannot be a header value".into()))?;
    value.set_sensitive(true);
    Ok(value)
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ClientError> {
    serde_json::from_slice(bytes).map_err(|error| shape(&error.to_string(), bytes))
}

fn shape(fault: &str, bytes: &[u8]) -> ClientError {
    ClientError::Shape(format!("{fault}: {}", beginning(bytes)))
}

fn beginning(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned()
}

/// What a success holds, or the failure.
pub(crate) async fn answered(response: reqwest::Response) -> Result<Bytes, ClientError> {
    let status = response.status();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(seconds);
    let bytes = response.bytes().await.map_err(ClientError::transport)?;
    if status.is_success() { Ok(bytes) } else { Err(api_error(status.as_u16(), retry_after, &bytes)) }
}

/// A date instead of seconds is passed over: this machine's clock may be another than the server's.
fn seconds(value: &HeaderValue) -> Option<Duration> {
    value.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

fn api_error(status: u16, retry_after: Option<Duration>, bytes: &[u8]) -> ClientError {
    #[derive(Deserialize)]
    struct Envelope {
        error: Fault,
    }
    #[derive(Deserialize)]
    struct Fault {
        code: String,
        #[serde(default)]
        message: String,
        details: Option<Value>,
    }
    match serde_json::from_slice::<Envelope>(bytes) {
        Ok(Envelope { error }) => {
            ClientError::Api { status, code: error.code, message: error.message, details: error.details, retry_after }
        }
        Err(_) => {
            let message = beginning(bytes);
            ClientError::Api { status, code: String::new(), message, details: None, retry_after }
        }
    }
}

fn new_device_id() -> String {
    let version = env!("CARGO_PKG_VERSION").replace('.', "_");
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("RUST-{version}-{}-{}", uuid::Uuid::new_v4(), since_epoch.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_with_an_envelope_keeps_its_code_and_details() {
        let error =
            api_error(400, None, br#"{"error":{"code":"ERR_BAD_REQUEST","message":"m","details":{"uid":["bad"]}}}"#);
        let ClientError::Api { status, code, details, .. } = error else { panic!("{error}") };
        assert_eq!((status, code.as_str()), (400, "ERR_BAD_REQUEST"));
        assert_eq!(details.unwrap()["uid"][0], "bad");
    }

    #[test]
    fn a_failure_without_an_envelope_is_retryable_by_its_status() {
        let error = api_error(502, None, b"<html>");
        assert_eq!(error.code(), None);
        assert!(error.is_retryable() && error.is_network());
        assert!(!api_error(404, None, b"").is_retryable());
    }

    #[test]
    fn nothing_secret_is_shown() {
        let server = Server::new("http://h", "app").unwrap();
        assert!(!format!("{:?}", server.as_user("TOKEN")).contains("TOKEN"));
        assert!(!format!("{:?}", server.with_key("KEY").on_behalf_of("ann")).contains("KEY"));
    }

    #[test]
    fn a_wait_is_read_in_seconds() {
        assert_eq!(seconds(&HeaderValue::from_static("7")), Some(Duration::from_secs(7)));
        assert_eq!(seconds(&HeaderValue::from_static("Wed, 21 Oct 2026 07:28:00 GMT")), None);
    }
}
