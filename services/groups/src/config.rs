//! The settings of this service.

use serde::Deserialize;

/// The section `[groups]`. It has no keys yet.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupsConfig {}
