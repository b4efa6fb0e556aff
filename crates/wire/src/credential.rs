//! API keys and auth tokens.

use halley_contracts::{
    auth::v1::{ApiKey, AuthToken},
    common::v1::ApiKeyScope,
};
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use crate::view::{Seconds, object_or_none};

/// An API key.
pub struct ApiKeyJson<'a>(pub &'a ApiKey);

impl Serialize for ApiKeyJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let key = self.0;
        let scope = if key.scope() == ApiKeyScope::FullAccess { "fullAccess" } else { "authOnly" };
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("apiKey", &key.api_key)?;
        map.serialize_entry("name", &key.name)?;
        map.serialize_entry("scope", scope)?;
        map.serialize_entry("createdAt", &Seconds(key.created_at_ms))?;
        map.end()
    }
}

/// An auth token.
pub struct AuthTokenJson<'a>(pub &'a AuthToken);

impl Serialize for AuthTokenJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let token = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("uid", &token.uid)?;
        map.serialize_entry("authToken", &token.auth_token)?;
        map.serialize_entry("createdAt", &Seconds(token.created_at_ms))?;
        for (key, text) in
            [("platform", &token.platform), ("userAgent", &token.user_agent), ("deviceId", &token.device_id)]
        {
            if !text.is_empty() {
                map.serialize_entry(key, text)?;
            }
        }
        if let Some(info) = object_or_none(&token.app_info_json) {
            map.serialize_entry("appInfo", info)?;
        }
        map.end()
    }
}
