use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::segment;
use crate::{ApiClient, ClientError};

impl ApiClient {
    /// Creates a user. Needs an API key.
    pub async fn create_user(&self, uid: &str, name: &str) -> Result<Value, ClientError> {
        self.call_data(Method::POST, "/users", &[], Some(&json!({"uid": uid, "name": name}))).await
    }

    /// The same, but a user who exists already is no error.
    pub async fn ensure_user(&self, uid: &str, name: &str) -> Result<(), ClientError> {
        match self.create_user(uid, name).await {
            Err(error) if error.code() == Some("ERR_UID_ALREADY_EXISTS") => Ok(()),
            other => other.map(drop),
        }
    }

    /// Makes an auth token for one more device of a user. Needs an API key.
    pub async fn create_auth_token(&self, uid: &str) -> Result<String, ClientError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Token {
            auth_token: String,
        }
        let path = format!("/users/{}/auth_tokens", segment(uid));
        let token: Token = self.call_data(Method::POST, &path, &[], Some(&json!({"force": true}))).await?;
        Ok(token.auth_token)
    }
}
