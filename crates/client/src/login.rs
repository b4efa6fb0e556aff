use http::Method;
use serde_json::{Value, json};

use crate::{ApiClient, ClientError};

/// What a login returned.
#[derive(Clone, Debug)]
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

    /// The socket address that the settings name.
    pub(crate) fn websocket_url(&self) -> Result<String, ClientError> {
        let host = self.settings.get("CHAT_HOST").and_then(Value::as_str);
        let host = host.ok_or_else(|| ClientError::Shape("the settings have no CHAT_HOST".into()))?;
        match self.settings.get("CHAT_WSS_PORT") {
            Some(Value::Number(port)) => Ok(format!("wss://{host}:{port}")),
            Some(Value::String(port)) => Ok(format!("wss://{host}:{port}")),
            _ => Ok(format!("wss://{host}")),
        }
    }
}

impl ApiClient {
    /// Logs the user of the auth token in on this device.
    pub async fn login(&self) -> Result<Login, ClientError> {
        let body = json!({
            "platform": "rust",
            "deviceId": self.resource(),
            "appInfo": {"version": env!("CARGO_PKG_VERSION"), "apiVersion": "v3.0"},
        });
        Login::from_value(self.call_data(Method::PUT, "/me", &[], Some(&body)).await?)
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
        let url = login(json!({"CHAT_HOST": "h", "CHAT_WSS_PORT": 443})).websocket_url().unwrap();
        assert_eq!(url, "wss://h:443");
        let url = login(json!({"CHAT_HOST": "h:8443/ws", "CHAT_WSS_PORT": ""})).websocket_url().unwrap();
        assert_eq!(url, "wss://h:8443/ws:");
        assert!(login(Value::Null).websocket_url().is_err());
    }
}
