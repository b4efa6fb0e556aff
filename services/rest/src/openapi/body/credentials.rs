//! Bodies about API keys, auth tokens and push tokens.

use halley_wire::schema::ApiKeyScope;
use utoipa::ToSchema;

use super::{Flag, Json};

/// An API key to make.
#[derive(ToSchema)]
pub struct NewApiKey {
    /// Its name.
    #[schema(max_length = 100, pattern = r"\S")]
    name: String,
    /// What it may call; `authOnly` without it.
    scope: Option<ApiKeyScope>,
}

/// Changes to an API key.
#[derive(ToSchema)]
pub struct ApiKeyChanges {
    /// Its name.
    #[schema(max_length = 100, pattern = r"\S")]
    name: Option<String>,
    /// What it may call.
    scope: Option<ApiKeyScope>,
}

/// An auth token to make.
#[derive(ToSchema)]
pub struct NewAuthToken {
    /// Always a new one, rather than the newest that there is.
    force: Option<Flag>,
}

/// Changes to an auth token.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct AuthTokenChanges {
    /// The platform of the device.
    platform: Option<String>,
    /// The user agent of the device.
    user_agent: Option<String>,
    /// What the device tells of its app.
    app_info: Option<Json>,
}

/// A push token to register, by any of its four names.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewPushToken {
    /// A token of Firebase.
    #[schema(max_length = 4096)]
    fcm_token: Option<String>,
    /// A token of Apple.
    #[schema(max_length = 4096)]
    device_token: Option<String>,
    /// A token of Apple for calls.
    #[schema(max_length = 4096)]
    voip_token: Option<String>,
    /// Any token.
    #[schema(max_length = 4096)]
    push_token: Option<String>,
    /// The platform of the device; one that ends with `_voip` is for calls.
    #[schema(max_length = 100, pattern = r"\S")]
    platform: String,
    /// The push provider.
    #[schema(max_length = 100)]
    provider_id: Option<String>,
    /// The device's time zone.
    #[schema(max_length = 100)]
    timezone: Option<String>,
    /// The auth token of the device; the caller's own without it.
    #[schema(max_length = 4096)]
    auth_token: Option<String>,
}

/// Whose push tokens.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PushTokensOf {
    /// The auth token of the device; the caller's own without it.
    #[schema(max_length = 4096)]
    auth_token: Option<String>,
    /// Those of all devices of its user.
    all: Option<Flag>,
}

/// Whose push token.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PushTokenOf {
    /// The auth token of the device; the caller's own without it.
    #[schema(max_length = 4096)]
    auth_token: Option<String>,
}
