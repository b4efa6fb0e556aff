//! What both examples need: whom to log in, and where.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use halley_client::{EventStream, HalleyChat, LoginWith, PresenceSubscription, SettingsBuilder};
use serde_json::Value;

/// Where the server is and who logs in. Without any of it, `demo.json` of a server that `make run` started is read.
#[derive(Args)]
pub struct Place {
    /// Base of the API, as http://127.0.0.1:8080
    #[arg(long, env = "HALLEY_HOST", requires = "app")]
    host: Option<String>,
    /// Id of the app
    #[arg(long, env = "HALLEY_APP")]
    app: Option<String>,
    /// Auth token of the user
    #[arg(long, env = "HALLEY_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The user: with --auth-key, or one of demo.json
    #[arg(long)]
    uid: Option<String>,
    /// The app's auth key, for development
    #[arg(long, env = "HALLEY_AUTH_KEY", hide_env_values = true)]
    auth_key: Option<String>,
    /// What a server with a demo app wrote
    #[arg(long, default_value = ".halley/demo.json")]
    demo: PathBuf,
}

impl Place {
    /// Logs in, as the user number `nth` of demo.json if none is named.
    pub async fn login(&self, nth: usize) -> Result<(HalleyChat, EventStream)> {
        let (builder, with) = match (&self.host, &self.app) {
            (Some(host), Some(app)) => (SettingsBuilder::new(host, app), self.credential()?),
            _ => self.read_demo(nth)?,
        };
        let settings = builder.presence(PresenceSubscription::AllUsers).build()?;
        Ok(HalleyChat::login(settings, with).await?)
    }

    fn credential(&self) -> Result<LoginWith> {
        match (&self.token, &self.uid, &self.auth_key) {
            (Some(token), ..) => Ok(LoginWith::auth_token(token)),
            (None, Some(uid), Some(key)) => Ok(LoginWith::auth_key(uid, key)),
            _ => Err(anyhow!("give --token, or --uid with --auth-key")),
        }
    }

    fn read_demo(&self, nth: usize) -> Result<(SettingsBuilder, LoginWith)> {
        let demo = self.demo()?;
        let text = |key: &str| demo[key].as_str().with_context(|| format!("{} has no {key}", self.demo.display()));
        let users = demo["users"].as_array().map(Vec::as_slice).unwrap_or_default();
        let user = match &self.uid {
            Some(uid) => users.iter().find(|user| user["uid"] == uid.as_str()),
            None => users.get(nth),
        };
        let token = user.and_then(|user| user["authToken"].as_str()).context("demo.json has no such user")?;
        let builder = SettingsBuilder::new(text("rest")?, text("appId")?).socket_url(text("websocket")?);
        Ok((builder, LoginWith::auth_token(token)))
    }

    fn demo(&self) -> Result<Value> {
        let path = self.demo.display();
        let file = std::fs::read(&self.demo);
        let file = file.with_context(|| format!("{path} can't be read: start a server, or name one with --host"))?;
        serde_json::from_slice(&file).with_context(|| format!("{path} is no JSON"))
    }
}
