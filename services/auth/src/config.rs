//! The settings of this service.

use serde::Deserialize;

/// The section `[auth]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthConfig {
    /// Days from the archiving of an app to its deletion for good, with everything that belongs to it.
    pub archived_app_days: u16,
    /// Days for which it is known what operators did; at least 1.
    pub audit_days: u16,
    /// Apps that an operator may own at once. Owners of the installation may own any number.
    pub apps_per_operator: u32,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self { archived_app_days: 30, audit_days: 365, apps_per_operator: 100 }
    }
}
