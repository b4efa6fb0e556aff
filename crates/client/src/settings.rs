use std::sync::Arc;
use std::time::Duration;

use crate::{
    Backoff, ClientError, Format, MemoryStorage, PresenceSubscription, Server, ServerOptions, Storage, Timings, Trust,
};

/// Who opens the socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConnectionMode {
    /// A login does.
    #[default]
    Auto,
    /// [`crate::HalleyChat::connect`] does.
    Manual,
}

/// What becomes of the socket while the app is in the background; the app says so by
/// [`crate::HalleyChat::enter_background`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Background {
    /// It stays.
    #[default]
    Keep,
    /// It is closed after a grace from the last [`crate::HalleyChat::ping`]; with [`ConnectionMode::Auto`] it comes back in
    /// the foreground.
    Close,
}

/// How a client reaches its server, and how it behaves; made by a [`SettingsBuilder`].
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) server: Server,
    pub(crate) device_id: Option<String>,
    pub(crate) presence: PresenceSubscription,
    pub(crate) connection: ConnectionMode,
    pub(crate) background: Background,
    pub(crate) background_grace: Duration,
    pub(crate) reports_delivered: bool,
    pub(crate) format: Format,
    pub(crate) timings: Timings,
    pub(crate) backoff: Backoff,
    pub(crate) storage: Arc<dyn Storage>,
}

/// Makes [`Settings`].
#[derive(Clone, Debug)]
pub struct SettingsBuilder {
    server: ServerOptions,
    platform: Option<String>,
    device_id: Option<String>,
    presence: PresenceSubscription,
    connection: ConnectionMode,
    background: Background,
    background_grace: Duration,
    reports_delivered: bool,
    format: Format,
    timings: Timings,
    backoff: Backoff,
    storage: Arc<dyn Storage>,
}

impl SettingsBuilder {
    /// `host` is the base of the API with its scheme, as `http://127.0.0.1:8080`. The socket's scheme follows it.
    pub fn new(host: &str, app_id: &str) -> Self {
        Self {
            server: ServerOptions {
                rest: host.trim().to_owned(),
                websocket: None,
                app_id: app_id.trim().to_owned(),
                trust: Trust::default(),
                timeout: Duration::from_secs(30),
            },
            platform: None,
            device_id: None,
            presence: PresenceSubscription::None,
            connection: ConnectionMode::Auto,
            background: Background::Keep,
            background_grace: Duration::from_secs(30),
            reports_delivered: true,
            format: Format::Json,
            timings: Timings::default(),
            backoff: Backoff { max: Duration::from_secs(30), ..Backoff::default() },
            storage: Arc::new(MemoryStorage::new()),
        }
    }

    /// The address of the socket, in place of the one that the server names.
    pub fn socket_url(mut self, url: &str) -> Self {
        self.server.websocket = Some(url.to_owned());
        self
    }

    /// Certificates to accept, in place of those that public roots vouch for.
    pub fn trust(mut self, trust: Trust) -> Self {
        self.server.trust = trust;
        self
    }

    /// Limit of an HTTP call; 30 s without it.
    pub fn http_timeout(mut self, timeout: Duration) -> Self {
        self.server.timeout = timeout;
        self
    }

    /// What the server is told of the platform; `rust` without it.
    pub fn platform(mut self, platform: &str) -> Self {
        self.platform = Some(platform.to_owned());
        self
    }

    /// The id of this device, to be recognised after a restart; a new one without it.
    pub fn device_id(mut self, device_id: &str) -> Self {
        self.device_id = Some(device_id.to_owned());
        self
    }

    /// Whose presence is told; nobody's without it.
    pub fn presence(mut self, presence: PresenceSubscription) -> Self {
        self.presence = presence;
        self
    }

    /// Whether a login opens the socket; it does without it.
    pub fn connection(mut self, connection: ConnectionMode) -> Self {
        self.connection = connection;
        self
    }

    /// Whether the socket stays in the background; it does without it.
    pub fn background(mut self, background: Background) -> Self {
        self.background = background;
        self
    }

    /// How long the socket is kept in the background without a ping, if it is closed there; 30 s without it.
    pub fn background_grace(mut self, grace: Duration) -> Self {
        self.background_grace = grace;
        self
    }

    /// Whether messages are reported as delivered when they come; they are without it.
    pub fn delivered_receipts(mut self, reports_delivered: bool) -> Self {
        self.reports_delivered = reports_delivered;
        self
    }

    /// The form of the socket's frames; JSON without it.
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// The socket's clocks.
    pub fn timings(mut self, timings: Timings) -> Self {
        self.timings = timings;
        self
    }

    /// Where messages are kept until they are sent; in memory without it. With a [`crate::DirectoryStorage`] they outlive
    /// the program.
    pub fn storage(mut self, storage: Arc<dyn Storage>) -> Self {
        self.storage = storage;
        self
    }

    /// Waits between attempts to come back, and to send again; from half a second to 30 s without it.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// The settings, or what can't be used.
    pub fn build(self) -> Result<Settings, ClientError> {
        if self.server.app_id.is_empty() {
            return Err(ClientError::Setting("the app id is empty".into()));
        }
        let server = Server::open(&self.server)?;
        Ok(Settings {
            server: match self.platform {
                Some(platform) => server.with_platform(&platform),
                None => server,
            },
            device_id: self.device_id,
            presence: self.presence,
            connection: self.connection,
            background: self.background,
            background_grace: self.background_grace,
            reports_delivered: self.reports_delivered,
            format: self.format,
            timings: self.timings,
            backoff: self.backoff,
            storage: self.storage,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_used_is_refused() {
        let fault = |host: &str, app: &str| SettingsBuilder::new(host, app).build().err();
        assert!(matches!(fault("http://h", " "), Some(ClientError::Setting(_))));
        assert!(matches!(fault("h", "app"), Some(ClientError::Setting(_))));
        assert!(fault("http://h/", "app").is_none());
    }
}
