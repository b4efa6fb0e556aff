use http::Method;
use serde::Serialize;
use serde_json::json;

use super::segment;
use crate::{ApiClient, ClientError};

/// A device's token of a push service.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PushToken {
    /// As the service gave it.
    #[serde(rename = "pushToken")]
    pub token: String,
    /// As `fcm_android`, `fcm_web`, `apns_ios`; one that ends with `_voip` is for calls.
    pub platform: String,
    /// Which of the app's accounts at the service it belongs to, if there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// As `Europe/Berlin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
}

/// Push tokens of this device; made by [`crate::HalleyChat::push`].
pub struct Push<'a> {
    pub(crate) api: &'a ApiClient,
}

impl Push<'_> {
    /// Tells the server where this device is reached.
    pub async fn register(&self, token: &PushToken) -> Result<(), ClientError> {
        self.api.call(Method::POST, "/notifications/push/v1/tokens", &[], Some(&json!(token))).await.map(drop)
    }

    /// This device is not to be reached by a token any more.
    pub async fn unregister(&self, token: &str) -> Result<(), ClientError> {
        let path = format!("/notifications/push/v1/tokens/{}", segment(token));
        self.api.call(Method::DELETE, &path, &[], Some(&json!({}))).await.map(drop)
    }
}
