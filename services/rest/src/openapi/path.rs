//! Segments of paths.

use utoipa::IntoParams;

/// A user.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct Uid {
    /// The user's id.
    #[param(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_-]+$")]
    uid: String,
}

/// A group.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct Guid {
    /// The group's id.
    #[param(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_-]+$")]
    guid: String,
}

/// A role.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct Role {
    /// The role's id.
    #[param(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_-]+$")]
    role: String,
}

/// A message.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct Id {
    /// The message's id, in decimal.
    #[param(pattern = "^[1-9][0-9]{0,17}$")]
    id: String,
}

/// A reason of reports.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ReasonId {
    /// The reason's id.
    #[param(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_-]+$")]
    id: String,
}

/// A call.
#[derive(IntoParams)]
#[into_params(parameter_in = Path, rename_all = "camelCase")]
pub struct SessionId {
    /// The call's id.
    #[param(min_length = 1)]
    session_id: String,
}

/// A push token.
#[derive(IntoParams)]
#[into_params(parameter_in = Path, rename_all = "camelCase")]
pub struct PushToken {
    /// The token itself.
    #[param(min_length = 1)]
    push_token: String,
}

/// An app that an operator manages.
#[derive(IntoParams)]
#[into_params(parameter_in = Path, rename_all = "camelCase")]
pub struct AppId {
    /// The app's id.
    #[param(min_length = 1)]
    app_id: String,
}

/// An operator.
#[derive(IntoParams)]
#[into_params(parameter_in = Path, rename_all = "camelCase")]
pub struct OperatorId {
    /// The operator's id.
    #[param(min_length = 1)]
    operator_id: String,
}

/// A webhook.
#[derive(IntoParams)]
#[into_params(parameter_in = Path, rename_all = "camelCase")]
pub struct WebhookId {
    /// The webhook's id.
    #[param(min_length = 1)]
    webhook_id: String,
}

/// A delivery to a webhook.
#[derive(IntoParams)]
#[into_params(parameter_in = Path, rename_all = "camelCase")]
pub struct DeliveryId {
    /// The delivery's id.
    #[param(min_length = 1)]
    delivery_id: String,
}

/// A reaction.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct Reaction {
    /// The reaction, mostly an emoji.
    #[param(min_length = 1, max_length = 45)]
    reaction: String,
}

/// A conversation.
#[derive(IntoParams)]
#[into_params(parameter_in = Path, rename_all = "camelCase")]
pub struct ConversationId {
    /// The conversation's id, as conversations show it.
    #[param(min_length = 1)]
    conversation_id: String,
}

/// An API key.
#[derive(IntoParams)]
#[into_params(parameter_in = Path, rename_all = "camelCase")]
pub struct ApiKey {
    /// The key itself.
    #[param(min_length = 1)]
    api_key: String,
}

/// An auth token.
#[derive(IntoParams)]
#[into_params(parameter_in = Path, rename_all = "camelCase")]
pub struct AuthToken {
    /// The token itself.
    #[param(min_length = 1)]
    auth_token: String,
}

/// A scope.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct Scope {
    /// The members' scope.
    #[param(inline)]
    scope: halley_wire::schema::MemberScope,
}

/// A permission.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct Permission {
    /// The permission's id, as lists of permissions show it.
    #[param(min_length = 1)]
    permission: String,
}

/// A management key of an operator.
#[derive(IntoParams)]
#[into_params(parameter_in = Path, rename_all = "camelCase")]
pub struct ManagementKey {
    /// The operator's id.
    #[param(min_length = 1)]
    operator_id: String,
    /// The key, without its secret.
    #[param(min_length = 1)]
    management_key: String,
}

/// A file.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct File {
    /// The app's id.
    #[param(min_length = 1)]
    app: String,
    /// The file's name, as addresses in messages end with it.
    #[param(min_length = 1)]
    name: String,
}

/// Where files are sent to.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct App {
    /// The app's id.
    #[param(min_length = 1)]
    app: String,
}

/// A version of the API.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct Version {
    /// The version that the client speaks; any is served.
    #[param(min_length = 1)]
    version: String,
}
