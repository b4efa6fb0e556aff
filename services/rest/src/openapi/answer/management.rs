//! What operators are answered.

use std::collections::BTreeMap;

use halley_wire::{
    one_of,
    schema::{ApiKey, Done, Fate},
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Ref, RefOr,
        schema::{AllOfBuilder, ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type},
    },
};

use crate::openapi::body::operators::OperatorRole;

/// An app, as its operators see it.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct App {
    /// Its id.
    id: String,
    /// The same.
    app_id: String,
    /// Its name.
    name: String,
    /// `self-hosted`.
    plan: String,
    /// Null: nothing is tried out.
    trial_ends_at: Option<i64>,
    /// `active`.
    state: String,
    /// `3`.
    version: String,
    /// The number of the operator who owns it; 0: nobody does.
    owner: i64,
    /// Its region.
    region: String,
    /// Unix seconds.
    created_at: i64,
    /// Who owns it; null: nobody does.
    app_owner: Option<AppOwner>,
    /// Its region.
    app_region: AppRegion,
    /// What the operator who asks is in it.
    own_role: OperatorRole,
}

/// Who owns an app.
#[derive(ToSchema)]
pub struct AppOwner {
    /// The operator's number.
    id: i64,
    /// The operator's name.
    name: String,
    /// The operator's address.
    email: String,
}

/// A region.
#[derive(ToSchema)]
pub struct AppRegion {
    /// Its word.
    id: String,
    /// The same in capitals.
    name: String,
    /// Empty.
    description: String,
}

/// Who made an API key.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct CreatedBy {
    /// `app_system`.
    created_by: String,
}

with_more! {
    /// An API key of a new app.
    FirstApiKey = ApiKey, CreatedBy;
    /// A new app with its keys.
    NewManagedApp = App, FirstApiKeys;
}

/// The keys of a new app.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct FirstApiKeys {
    /// An auth key and a REST API key, by themselves.
    api_keys: BTreeMap<String, FirstApiKey>,
}

/// When an app is deleted.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct AppDeletion {
    /// True.
    success: bool,
    /// Unix seconds.
    scheduled_to_delete_at: i64,
}

/// How much an app holds.
#[derive(ToSchema)]
pub struct AppUsage {
    /// True.
    success: bool,
    /// The same for people.
    message: String,
    /// The numbers.
    usage: UsageNumbers,
}

/// What an app holds.
#[derive(ToSchema)]
pub struct UsageNumbers {
    /// Its users.
    users: i64,
    /// Its groups.
    groups: i64,
    /// Its messages.
    messages: MessageNumbers,
}

/// Messages by what their receiver is.
#[derive(ToSchema)]
pub struct MessageNumbers {
    /// To users.
    user: i64,
    /// To groups.
    group: i64,
}

/// A tenant: an operator with a first app and a management key.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Tenant {
    /// The operator's name.
    name: String,
    /// The operator's address.
    email: String,
    /// Unix seconds.
    created_at: i64,
    /// As it was given; null without one.
    contact_number: Option<String>,
    /// The first app.
    app: TenantApp,
    /// A management key.
    key: String,
    /// Its secret: it is told only here.
    secret: String,
}

/// The first app of a tenant.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct TenantApp {
    /// Its name.
    name: String,
    /// Its id.
    app_id: String,
    /// Its region.
    region: String,
    /// Its auth key.
    auth_key: String,
    /// Its REST API key.
    api_key: String,
    /// Unix seconds.
    created_at: i64,
    /// `self-hosted`.
    plan: String,
}

/// What a collaborator is in an app. What each may do: see the description of this API.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum CollaboratorRole {
    /// Changes the app.
    Admin,
    /// Builds it: keys, bots, webhooks, settings that are features; reads the rest, and deletes nothing of users.
    Developer,
    /// Looks after users, groups, messages and reports.
    Moderator,
}

/// An operator with a role in an app that is another's.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Collaborator {
    /// The operator's number.
    id: i64,
    /// The operator's name.
    name: String,
    /// The operator's address.
    email: String,
    /// What it may do.
    role: CollaboratorRole,
    /// Unix seconds since when.
    created_at: i64,
}

/// What became of each address, by list.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct CollaboratorsChanged {
    /// Of the admins.
    admins: BTreeMap<String, Fate>,
    /// Of the developers.
    developers: BTreeMap<String, Fate>,
    /// Of the moderators.
    moderators: BTreeMap<String, Fate>,
    /// Of those to remove.
    collaborators_to_remove: BTreeMap<String, Fate>,
}

/// A webhook; its password is told to nobody.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Webhook {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// The address that is called.
    #[schema(rename = "webhookURL")]
    url: String,
    /// Whether it is called with HTTP Basic authentication.
    use_basic_auth: bool,
    /// The name to call it with; empty without one.
    username: String,
    /// Whether it is called at all.
    enabled: bool,
    /// Whether it is called again after a failure.
    retry_on_failure: bool,
    /// Which list of triggers it knows: 1 or 2.
    version: i32,
    /// Unix seconds.
    created_at: i64,
    /// Unix seconds of the last change.
    updated_at: i64,
}

/// An event that a webhook is called for.
#[derive(ToSchema)]
pub struct Trigger {
    /// Its id.
    id: String,
    /// What it belongs to.
    category: String,
    /// When it happens.
    description: String,
}

/// Every setting with its value: a truth, a limit, a word, or a list of words.
pub struct SettingsInForce;

impl PartialSchema for SettingsInForce {
    fn schema() -> RefOr<Schema> {
        let of = |kind: Type| ObjectBuilder::new().schema_type(kind);
        let value = OneOfBuilder::new()
            .item(of(Type::Boolean))
            .item(of(Type::Integer).minimum(Some(0)))
            .item(of(Type::String))
            .item(ArrayBuilder::new().items(of(Type::String)));
        of(Type::Object)
            .additional_properties(Some(Schema::from(value)))
            .description(Some("Every setting with its value: a truth, a limit, a word, or a list of words."))
            .into()
    }
}

impl ToSchema for SettingsInForce {}

/// What became of each item, by its id.
pub struct Fates;

impl PartialSchema for Fates {
    fn schema() -> RefOr<Schema> {
        let fates = ObjectBuilder::new().schema_type(Type::Object);
        let fates = fates.additional_properties(Some(Ref::from_schema_name(Fate::name())));
        fates.description(Some("What became of each item, by its id.")).into()
    }
}

impl ToSchema for Fates {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Fate::name().into_owned(), Fate::schema()));
        Fate::schemas(schemas);
    }
}

one_of! {
    /// An acknowledgement when all of them are removed, else what became of each.
    TriggersRemoved = Done, Fates;
}
