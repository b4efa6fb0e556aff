//! Bodies about roles, what they forbid and what they permit.

use std::collections::BTreeMap;

use halley_wire::schema::UserFilter;
use utoipa::ToSchema;

use super::{Flag, Json, PermissionValue, some};

/// A role to make.
#[derive(ToSchema)]
pub struct NewRole {
    /// Its id; kept in lower case.
    #[schema(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_-]+$")]
    role: String,
    /// Its name.
    #[schema(max_length = 100, pattern = r"\S")]
    name: String,
    /// What it is for.
    #[schema(max_length = 255)]
    description: Option<String>,
    /// Any JSON of the app, 64 KiB at most.
    metadata: Option<Json>,
    /// Its settings.
    settings: Option<RoleSettingsToSet>,
}

/// The settings of a role.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct RoleSettingsToSet {
    /// Whom its users see listed.
    list_users: Option<UserFilter>,
    /// To whom its users may send.
    send_messages_to: Option<UserFilter>,
}

/// Changes to a role. What is absent stays.
#[derive(ToSchema)]
pub struct RoleChanges {
    /// Its name.
    #[schema(max_length = 100, pattern = r"\S")]
    name: Option<String>,
    /// What it is for.
    #[schema(max_length = 255)]
    description: Option<String>,
    /// Any JSON of the app, 64 KiB at most.
    metadata: Option<Json>,
    /// Its settings.
    settings: Option<RoleSettingsToSet>,
    /// Fields to clear.
    #[schema(inline)]
    unset: Option<Vec<RoleUnset>>,
}

/// Fields of a role that can be cleared.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum RoleUnset {
    /// The settings.
    Settings,
    /// The description.
    Description,
    /// The metadata.
    Metadata,
}

/// Features to forbid.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct FeaturesToRestrict {
    /// Keys of features.
    #[schema(min_items = 1, max_items = 1000)]
    features_to_restrict: Vec<String>,
}

/// Features to allow again.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct FeaturesToAllow {
    /// Keys of features; required without `allowAll`.
    #[schema(max_items = 1000)]
    features_to_allow: Option<Vec<String>>,
    /// All of them.
    allow_all: Option<Flag>,
}

/// Permissions to set.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Permissions {
    /// Values by the ids of permissions.
    #[schema(schema_with = some::<PermissionValue, 1000>)]
    permissions: BTreeMap<String, PermissionValue>,
}
