//! The server under load, and the users made on it.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::{StreamExt, TryStreamExt, stream};
use halley_client::{ApiClient, Connection, Server, ServerOptions, SocketOptions, Trust};
use serde::Deserialize;

use crate::args::Common;

/// HTTP calls of the set-up under way at a time.
const SETUP_IN_FLIGHT: usize = 32;
/// Sockets that are being opened at a time.
pub const OPENING: usize = 64;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Demo {
    rest: String,
    websocket: String,
    app_id: String,
    rest_api_key: String,
}

#[derive(Clone)]
pub struct Target {
    pub server: Server,
    pub rest: String,
    pub app_id: String,
    app: ApiClient,
    key: String,
    options: ServerOptions,
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
        let options = ServerOptions {
            rest: rest.clone(),
            websocket: common.websocket.clone().or(websocket),
            app_id: app_id.clone(),
            trust: if common.insecure { Trust::AnyCertificate } else { Trust::PublicRoots },
            timeout: Duration::from_secs(60),
        };
        let server = Server::open(&options)?;
        let app = server.with_key(&key);
        Ok(Self { server, rest, app_id, app, key, options, prefix: common.prefix.clone() })
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

    /// Makes the group of this purpose unless it exists, with further members who are made but not logged in; returns its
    /// guid.
    pub async fn make_group(&self, users: &[User], absent: usize, purpose: &str) -> Result<String> {
        let guid = format!("{}-{purpose}", self.prefix);
        self.app.ensure_group(&guid, "Load").await.with_context(|| format!("creating group {guid}"))?;
        let away: Vec<String> = (0..absent).map(|n| format!("{}-away-{n}", self.prefix)).collect();
        let made = stream::iter(&away).map(|uid| self.app.ensure_user(uid, "Away")).buffered(SETUP_IN_FLIGHT);
        made.try_for_each(async |_| Ok(())).await.context("creating absent members")?;
        let uids: Vec<String> = users.iter().map(|user| user.uid.clone()).chain(away).collect();
        self.app.add_members(&guid, &uids).await.with_context(|| format!("members of {guid}"))?;
        Ok(guid)
    }

    /// The same app, called at another HTTP edge.
    pub fn at(&self, rest: &str) -> Result<Self> {
        let server = Server::open(&ServerOptions { rest: rest.to_owned(), ..self.options.clone() })?;
        let app = server.with_key(&self.key);
        Ok(Self { server, rest: rest.to_owned(), app, ..self.clone() })
    }

    /// Calls with the API key.
    pub fn app(&self) -> &ApiClient {
        &self.app
    }

    /// The uid of the first user of [`Target::log_in`].
    pub fn first_uid(&self) -> String {
        format!("{}-0", self.prefix)
    }

    /// An id that nothing has yet.
    pub fn fresh(&self, purpose: &str) -> String {
        format!("{}-{purpose}-{:08x}", self.prefix, rand::random::<u32>())
    }

    /// Makes a user; returns an auth token.
    pub async fn new_user(&self, uid: &str) -> Result<String> {
        self.app.ensure_user(uid, "Load").await.with_context(|| format!("creating user {uid}"))?;
        self.app.create_auth_token(uid).await.with_context(|| format!("auth token of {uid}"))
    }

    /// Makes a group with members.
    pub async fn new_group(&self, guid: &str, uids: &[&str]) -> Result<()> {
        self.app.ensure_group(guid, "Load").await.with_context(|| format!("creating group {guid}"))?;
        let uids: Vec<String> = uids.iter().map(|uid| (*uid).to_owned()).collect();
        self.app.add_members(guid, &uids).await.with_context(|| format!("members of {guid}"))
    }

    /// Makes each of the first a friend of one of the others, and of a neighbour.
    pub async fn befriend(&self, users: &[User], others: &[User]) -> Result<()> {
        let pairs = users.iter().enumerate().map(|(n, user)| {
            let neighbour = &users[(n + 1) % users.len()].uid;
            let other = others.get(n % others.len().max(1)).map(|other| &other.uid);
            let friends: Vec<&String> =
                std::iter::once(neighbour).chain(other).filter(|uid| **uid != user.uid).collect();
            let path = format!("/users/{}/friends", user.uid);
            let body = serde_json::json!({"accepted": friends});
            async move { self.app.call(http::Method::POST, &path, &[], Some(&body)).await }
        });
        let made = stream::iter(pairs).buffered(SETUP_IN_FLIGHT);
        made.try_for_each(async |_| Ok(())).await.context("making friends")
    }
}

impl User {
    pub fn socket_options(&self) -> Result<SocketOptions> {
        Ok(self.api.socket_options(&self.login)?)
    }

    /// Where its sockets are opened.
    pub fn socket_url(&self) -> Result<String> {
        Ok(self.socket_options()?.url)
    }

    pub async fn connect(&self) -> Result<Connection> {
        Connection::connect(self.socket_options()?).await.with_context(|| format!("socket of {}", self.uid))
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
