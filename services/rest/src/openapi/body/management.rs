//! Bodies of operators' calls.

use std::collections::BTreeMap;

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ArrayBuilder, Object, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type},
    },
};

use super::{Flag, kind};

/// An app to make.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewApp {
    /// Its name.
    #[schema(max_length = 100, pattern = r"\S")]
    name: String,
    /// Its region: `us`, `eu` or `in`; the server's own without it.
    region: Option<String>,
    /// The version of the API.
    version: Option<ApiVersion>,
    /// Make no sample users and group.
    skip_sample_data: Option<Flag>,
}

kinds! {
    /// Version 3, the only one.
    ApiVersion = [
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["3", "v3"])),
        ObjectBuilder::new().schema_type(Type::Integer).enum_values(Some([3])),
    ];
    /// Keys of settings, as a list or as those of an object.
    SettingKeys = [
        ArrayBuilder::new().items(kind(Type::String)).max_items(Some(100)),
        ObjectBuilder::new().schema_type(Type::Object).max_properties(Some(100)),
    ];
}

/// What to tell of an app's usage.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct UsageReport {
    /// Read and not used: there are no billing cycles.
    use_previous_billing_cycle: Option<Flag>,
}

/// A tenant to make.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewTenant {
    /// The operator's name.
    #[schema(max_length = 100, pattern = r"\S")]
    name: String,
    /// The operator's address.
    #[schema(max_length = 254, format = Email)]
    email: String,
    /// The operator's password.
    #[schema(min_length = 10, max_length = 100)]
    password: String,
    /// The name of the first app.
    #[schema(max_length = 100, pattern = r"\S")]
    app_name: String,
    /// The region of the first app: `us`, `eu` or `in`.
    #[schema(pattern = r"\S")]
    app_region: String,
    /// Answered and not kept.
    contact_number: Option<String>,
    /// Read and not kept.
    role: Option<String>,
    /// Read and not kept.
    industry: Option<String>,
    /// Read and not kept.
    technology: Option<String>,
}

/// Operators by the role that they get in an app; 1 to 100 addresses, all lists together.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct CollaboratorChanges {
    /// Addresses of admins to be.
    #[schema(max_items = 100)]
    admins: Option<Vec<String>>,
    /// Addresses of developers to be.
    #[schema(max_items = 100)]
    developers: Option<Vec<String>>,
    /// Addresses of moderators to be.
    #[schema(max_items = 100)]
    moderators: Option<Vec<String>>,
    /// Addresses of those to remove.
    #[schema(max_items = 100)]
    collaborators_to_remove: Option<Vec<String>>,
}

fn settings() -> Object {
    let values = ObjectBuilder::new().schema_type(SchemaType::AnyValue);
    let map =
        ObjectBuilder::new().schema_type(Type::Object).additional_properties(Some(Schema::Object(values.build())));
    map.min_properties(Some(1)).max_properties(Some(100)).build()
}

/// Settings to set.
#[derive(ToSchema)]
pub struct SettingsToSet {
    /// Values by the keys of settings. Only owners of the installation set limits.
    #[schema(schema_with = settings)]
    settings: BTreeMap<String, ()>,
}

/// Settings to put back.
#[derive(ToSchema)]
pub struct SettingsToUnset {
    /// Which; all of them without it.
    settings: Option<SettingKeys>,
}

/// A webhook to make.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewWebhook {
    /// Its id.
    #[schema(min_length = 1, max_length = 50, pattern = "^[A-Za-z0-9_-]+$")]
    id: String,
    /// Its name.
    #[schema(max_length = 50, pattern = r"\S")]
    name: String,
    /// The address to call.
    #[schema(rename = "webhookURL", max_length = 255, pattern = r"^[Hh][Tt][Tt][Pp][Ss]?://\S+$")]
    url: String,
    /// Call it with HTTP Basic authentication, which needs name and password.
    use_basic_auth: Option<Flag>,
    /// The name to call it with.
    #[schema(max_length = 50, pattern = r"^[^\s:]*$")]
    username: Option<String>,
    /// The password to call it with.
    #[schema(max_length = 100, pattern = r"^\S*$")]
    password: Option<String>,
    /// Whether it is called; true without it.
    enabled: Option<Flag>,
    /// Call it again after a failure.
    retry_on_failure: Option<Flag>,
}

/// Changes to a webhook. What is absent stays.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct WebhookChanges {
    /// Its name.
    #[schema(max_length = 50, pattern = r"\S")]
    name: Option<String>,
    /// The address to call.
    #[schema(rename = "webhookURL", max_length = 255, pattern = r"^[Hh][Tt][Tt][Pp][Ss]?://\S+$")]
    url: Option<String>,
    /// Call it with HTTP Basic authentication, which needs name and password.
    use_basic_auth: Option<Flag>,
    /// The name to call it with.
    #[schema(max_length = 50, pattern = r"^[^\s:]*$")]
    username: Option<String>,
    /// The password to call it with; an empty one changes nothing.
    #[schema(max_length = 100, pattern = r"^\S*$")]
    password: Option<String>,
    /// Whether it is called.
    enabled: Option<Flag>,
    /// Call it again after a failure.
    retry_on_failure: Option<Flag>,
}

/// Triggers of a webhook.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Triggers {
    /// Their ids.
    #[schema(min_items = 1, max_items = 200)]
    trigger_ids: Vec<String>,
}
