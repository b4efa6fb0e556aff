//! The settings of a process: one set of keys for every form of deployment.

use std::{net::SocketAddr, path::Path};

use anyhow::Result;
use halley_kit::{config, telemetry::TelemetryConfig};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

/// Every key with its meaning and default.
pub const DEFAULTS: &str = include_str!("../halley.default.toml");

/// All of it. The sections of services belong to the services.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub server: Server,
    pub secrets: Secrets,
    pub postgres: Postgres,
    pub redis: Redis,
    pub peers: Peers,
    pub telemetry: TelemetryConfig,
    pub auth: halley_auth::AuthConfig,
    pub identity: halley_identity::IdentityConfig,
    pub groups: halley_groups::GroupsConfig,
    pub messaging: halley_messaging::MessagingConfig,
    pub webhooks: halley_webhooks::WebhooksConfig,
    pub gateway: halley_realtime_gateway::GatewayConfig,
    pub rest: halley_rest::RestConfig,
}

/// Listeners and the end of the process.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    pub listen: String,
    pub admin_listen: String,
    pub grace_seconds: u64,
    pub demo: bool,
}

/// What no database may know.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    pub master_key: SecretString,
}

/// One database for each service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Postgres {
    pub auth_url: SecretString,
    pub identity_url: SecretString,
    pub groups_url: SecretString,
    pub messaging_url: SecretString,
    pub webhooks_url: SecretString,
    pub max_connections: u32,
    pub migrate_on_start: bool,
}

/// The one Redis.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    pub url: SecretString,
    pub stream_max_length: u64,
}

/// Addresses of services that run elsewhere, several separated by commas.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peers {
    pub auth: String,
    pub identity: String,
    pub groups: String,
    pub messaging: String,
    pub webhooks: String,
    pub realtime_gateway: String,
}

impl Settings {
    /// Reads defaults, file and environment; tells every fault at once.
    pub fn load(file: Option<&Path>) -> Result<Self> {
        Ok(config::load(DEFAULTS, file, std::env::vars())?)
    }
}

impl config::Validate for Settings {
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.server.listen.parse::<SocketAddr>().is_err() {
            faults.push("server.listen: must be HOST:PORT with a numeric host".to_owned());
        }
        if !self.server.admin_listen.is_empty() && self.server.admin_listen.parse::<SocketAddr>().is_err() {
            faults.push("server.admin_listen: must be HOST:PORT with a numeric host, or empty".to_owned());
        }
        if self.postgres.max_connections == 0 {
            faults.push("postgres.max_connections: must be 1 or more".to_owned());
        }
        let urls = [
            ("auth_url", &self.postgres.auth_url),
            ("identity_url", &self.postgres.identity_url),
            ("groups_url", &self.postgres.groups_url),
            ("messaging_url", &self.postgres.messaging_url),
            ("webhooks_url", &self.postgres.webhooks_url),
        ];
        for (key, url) in urls {
            let url = url.expose_secret();
            if !url.is_empty() && !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
                faults.push(format!("postgres.{key}: must begin with postgres://"));
            }
        }
        if !matches!(self.telemetry.log_format.as_str(), "text" | "json") {
            faults.push("telemetry.log_format: must be text or json".to_owned());
        }
        faults
    }
}
