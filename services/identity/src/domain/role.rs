//! Roles to store, and changes to them.

use halley_contracts::identity::v1::{self as pb, RelationFilter};
use halley_model::{FieldError, RoleId, field, limits};

use crate::error::Result;

/// Largest metadata of a role, in bytes; the documented API names no limit.
const METADATA_MAX_BYTES: usize = 64 * 1024;

/// A role to store.
#[derive(Debug, Clone)]
pub(crate) struct NewRole {
    pub role: String,
    pub name: String,
    pub description: String,
    pub metadata: String,
    pub list_users: i16,
    pub send_messages_to: i16,
}

impl NewRole {
    /// Reads a new role.
    pub(crate) fn parse(request: pb::CreateRoleRequest) -> Result<Self> {
        let role = RoleId::parse(&request.role).map_err(|reason| FieldError::new("role", reason.to_string()))?;
        field::required_text("name", &request.name, limits::NAME_MAX)?;
        check(&request.description, &request.metadata_json)?;
        let settings = request.settings.unwrap_or_default();
        Ok(Self {
            role: role.into_string(),
            name: request.name,
            description: request.description,
            metadata: request.metadata_json,
            list_users: filter("settings.listUsers", settings.list_users)?,
            send_messages_to: filter("settings.sendMessagesTo", settings.send_messages_to)?,
        })
    }
}

/// Changes to a role; `None` leaves as it is, an empty text or 0 clears.
#[derive(Debug, Clone, Default)]
pub(crate) struct RoleChanges {
    pub name: Option<String>,
    pub description: Option<String>,
    pub metadata: Option<String>,
    pub list_users: Option<i16>,
    pub send_messages_to: Option<i16>,
}

impl RoleChanges {
    /// Reads an update. Of the settings, what is not given stays.
    pub(crate) fn parse(request: pb::UpdateRoleRequest) -> Result<Self> {
        if let Some(name) = &request.name {
            field::required_text("name", name, limits::NAME_MAX)?;
        }
        let description = request.description.as_deref().unwrap_or_default();
        check(description, request.metadata_json.as_deref().unwrap_or_default())?;
        let settings = request.settings.unwrap_or_default();
        let given = |value: i16| (value != 0).then_some(value);
        let mut changes = Self {
            name: request.name,
            description: request.description,
            metadata: request.metadata_json,
            list_users: given(filter("settings.listUsers", settings.list_users)?),
            send_messages_to: given(filter("settings.sendMessagesTo", settings.send_messages_to)?),
        };
        for name in &request.unset {
            match name.as_str() {
                "settings" => {
                    changes.list_users = Some(0);
                    changes.send_messages_to = Some(0);
                }
                "description" => changes.description = Some(String::new()),
                "metadata" => changes.metadata = Some(String::new()),
                _ => return Err(FieldError::new("unset", "may hold only settings, description and metadata").into()),
            }
        }
        Ok(changes)
    }
}

fn check(description: &str, metadata: &str) -> Result<()> {
    field::text("description", description, limits::DESCRIPTION_MAX)?;
    field::json_object("metadata", metadata, METADATA_MAX_BYTES)?;
    Ok(())
}

/// Reads a filter as it is stored: the contract's number, 0 for "not set".
fn filter(name: &str, value: i32) -> Result<i16> {
    match RelationFilter::try_from(value) {
        Ok(RelationFilter::Unspecified) => Ok(0),
        Ok(RelationFilter::All) => Ok(1),
        Ok(RelationFilter::FriendsOnly) => Ok(2),
        Err(_) => Err(FieldError::new(name, "must be all or friendsOnly").into()),
    }
}
