//! The server under load, and the users made on it.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::{StreamExt, TryStreamExt, stream};
use halley_client::{ApiClient, Connection, Server, ServerOptions, Trust};
use serde::Deserialize;

use crate::args::Common;

/// HTTP calls of the set-up under way at a time.
const SETUP_IN_FLIGHT: usize = 32;
/// Sockets that are being opened at a time.
const OPENING: usize = 64;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Demo {
    rest: String,
    websocket: String,
    app_id: String,
    rest_api_key: String,
}

pub struct Target {
    pub server: Server,
    pub rest: String,
    pub app_id: String,
    app: ApiClient,
    prefix: String,
}

/// A simulated user: one device, logged in.
pub struct User {
    pub uid: String,
    pub token: String,
    pub api: ApiClient,
    login: halley_client::Login,
}

impl Target {
    pub fn open(common: &Common) -> Result<Self> {
        let demo = match &common.demo {
            Some(path) => {
                let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
                Some(serde_json::from_str::<Demo>(&text).with_context(|| path.display().to_string())?)
            }
            None => None,
        };
        let (rest, websocket, app_id, key) = match demo {
            Some(demo) => (demo.rest, Some(demo.websocket), demo.app_id, demo.rest_api_key),
            None => {
                let missing = "give --demo, or --rest, --app-id and --api-key";
                let rest = common.rest.clone().context(missing)?;
                (rest, None, common.app_id.clone().context(missing)?, common.api_key.clone().context(missing)?)
            }
        };
        let server = Server::open(&ServerOptions {
            rest: rest.clone(),
            websocket: common.websocket.clone().or(websocket),
            app_id: app_id.clone(),
            trust: if common.insecure { Trust::AnyCertificate } else { Trust::PublicRoots },
            timeout: Duration::from_secs(60),
        })?;
        let app = server.with_key(&key);
        Ok(Self { server, rest, app_id, app, prefix: common.prefix.clone() })
    }

    /// Makes the users unless they exist, and logs each in on a new device.
    pub async fn log_in(&self, count: usize) -> Result<Vec<User>> {
        let users = stream::iter(0..count).map(|n| self.log_one_in(n)).buffered(SETUP_IN_FLIGHT);
        users.try_collect().await
    }

    async fn log_one_in(&self, n: usize) -> Result<User> {
        let uid = format!("{}-{n}", self.prefix);
        self.app.ensure_user(&uid, &format!("Load {n}")).await.with_context(|| format!("creating user {uid}"))?;
        let token = self.app.create_auth_token(&uid).await.with_context(|| format!("auth token of {uid}"))?;
        let api = self.server.as_user(&token);
        let login = api.login().await.with_context(|| format!("login of {uid}"))?;
        Ok(User { uid, token, api, login })
    }

    /// Makes the group of this purpose unless it exists; returns its guid.
    pub async fn make_group(&self, users: &[User], purpose: &str) -> Result<String> {
        let guid = format!("{}-{purpose}", self.prefix);
        self.app.ensure_group(&guid, "Load").await.with_context(|| format!("creating group {guid}"))?;
        let uids: Vec<String> = users.iter().map(|user| user.uid.clone()).collect();
        self.app.add_members(&guid, &uids).await.with_context(|| format!("members of {guid}"))?;
        Ok(guid)
    }
}

impl User {
    pub async fn connect(&self) -> Result<Connection> {
        let options = self.api.socket_options(&self.login)?;
        Connection::connect(options).await.with_context(|| format!("socket of {}", self.uid))
    }
}

/// Opens a socket for each user, in their order.
pub async fn connect_all(users: &[User]) -> Result<Vec<Connection>> {
    check_open_files(users.len())?;
    stream::iter(users).map(User::connect).buffered(OPENING).try_collect().await
}

/// Fails early with a clear word instead of late with "too many open files".
fn check_open_files(sockets: usize) -> Result<()> {
    let Ok(limits) = std::fs::read_to_string("/proc/self/limits") else {
        return Ok(());
    };
    let line = limits.lines().find(|line| line.starts_with("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().nth(3)?.parse::<usize>().ok());
    match soft {
        Some(soft) if soft < sockets + 600 => {
            bail!("{sockets} sockets need more open files than the limit of {soft}: raise it with `ulimit -n`")
        }
        _ => Ok(()),
    }
}
