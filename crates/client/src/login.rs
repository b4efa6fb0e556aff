use std::fmt;

use http::Method;
use serde_json::{Value, json};

use crate::calls::segment;
use crate::{ApiClient, ClientError};

/// What the settings name where they name no port of their own.
const HTTPS_PORT: &str = "443";

/// What a login returned.
#[derive(Clone)]
pub struct Login {
    /// The user's id.
    pub uid: String,
    /// Proof of this login; opens the socket.
    pub jwt: String,
    /// The app's settings, as sent by the server.
    pub settings: Value,
    /// The user, as sent by the server (it also holds the fields above).
    pub user: Value,
}

impl fmt::Debug for Login {
    /// Without what proves the login.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("uid", &self.uid).finish_non_exhaustive()
    }
}

impl Login {
    fn from_value(user: Value) -> Result<Self, ClientError> {
        let text = |key: &str| {
            let found = user.get(key).and_then(Value::as_str).map(str::to_owned);
            found.ok_or_else(|| ClientError::Shape(format!("the login reply has no {key}")))
        };
        Ok(Self {
            uid: text("uid")?,
            jwt: text("jwt")?,
            settings: user.get("settings").cloned().unwrap_or(Value::Null),
            user,
        })
    }

    /// The socket address that the settings name. With TLS for the HTTP calls there is TLS for the socket.
    pub(crate) fn websocket_url(&self, with_tls: bool) -> Result<String, ClientError> {
        let host = self.settings.get("CHAT_HOST").and_then(Value::as_str);
        let host = host.ok_or_else(|| ClientError::Shape("the settings have no CHAT_HOST".into()))?;
        let port = match self.settings.get("CHAT_WSS_PORT") {
            Some(Value::Number(port)) => Some(port.to_string()),
            Some(Value::String(port)) => Some(port.clone()),
            _ => None,
        };
        let scheme = if with_tls { "wss" } else { "ws" };
        match port {
            // The default port is that of TLS; without TLS it stands for none.
            Some(port) if with_tls || port != HTTPS_PORT => Ok(format!("{scheme}://{host}:{port}")),
            _ => Ok(format!("{scheme}://{host}")),
        }
    }
}

impl ApiClient {
    /// Logs the user of the auth token in on this device.
    pub async fn login(&self) -> Result<Login, ClientError> {
        let body = json!({
            "platform": &*self.server.platform,
            "deviceId": self.resource(),
            "appInfo": {"version": env!("CARGO_PKG_VERSION"), "apiVersion": "v3.0"},
        });
        Login::from_value(self.call_data(Method::PUT, "/me", &[], Some(&body)).await?)
    }

    /// Makes an auth token of a user with the app's auth key (`self` is a client with that key). For development: who has
    /// the key can be everybody.
    pub async fn login_token(&self, uid: &str) -> Result<String, ClientError> {
        let path = format!("/users/{}/auth_tokens", segment(uid));
        let made: Value = self.call_data(Method::POST, &path, &[], Some(&json!({}))).await?;
        let token = made["authToken"].as_str().map(str::to_owned);
        token.ok_or_else(|| ClientError::Shape("the answer has no authToken".into()))
    }

    /// Ends this device's login; its auth token and its socket die with it.
    pub async fn logout(&self) -> Result<(), ClientError> {
        self.call(Method::DELETE, "/me", &[], None).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_name_the_socket_as_a_client_of_the_protocol_reads_them() {
        let login =
            |settings: Value| Login::from_value(json!({"uid": "ann", "jwt": "j", "settings": settings})).unwrap();
        let url = login(json!({"CHAT_HOST": "h", "CHAT_WSS_PORT": 443})).websocket_url(true).unwrap();
        assert_eq!(url, "wss://h:443");
        let url = login(json!({"CHAT_HOST": "h:8443/ws", "CHAT_WSS_PORT": ""})).websocket_url(true).unwrap();
        assert_eq!(url, "wss://h:8443/ws:");
        assert!(login(Value::Null).websocket_url(true).is_err());
        let url = login(json!({"CHAT_HOST": "h", "CHAT_WSS_PORT": 443})).websocket_url(false).unwrap();
        assert_eq!(url, "ws://h");
        let url = login(json!({"CHAT_HOST": "h", "CHAT_WSS_PORT": "8081"})).websocket_url(false).unwrap();
        assert_eq!(url, "ws://h:8081");
    }
}
