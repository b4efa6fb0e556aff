//! What entries stand on: a platform for each form, apps, people and their devices.

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use halley_testkit::{platform::Platform, unique};
use reqwest::Method;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    client::{Client, Presence},
    front::Certificate,
};

/// An app with its keys.
#[derive(Clone)]
pub struct App {
    pub id: String,
    pub auth_key: String,
    /// Of the server side.
    pub api_key: String,
}

/// A platform that is reached over TLS only.
pub struct Ground {
    platform: Platform,
    /// host:port of everything, for each gateway node.
    pub hosts: Vec<String>,
    pub tls: Arc<ClientConfig>,
    pub http: reqwest::Client,
    demo: App,
    /// Kinds of calls that were asked leave for, as browsers remember it.
    pub preflights: Mutex<HashSet<String>>,
}

impl Ground {
    /// One process, which ends TLS itself.
    pub async fn one_process() -> anyhow::Result<Self> {
        let platform = Platform::one_process().await;
        let (url, certificate) = platform.tls.clone().context("TLS")?;
        let pem = std::fs::read_to_string(certificate)?;
        Self::new(platform, vec![url.trim_start_matches("https://").to_owned()], &pem)
    }

    /// Many processes; each of the two edges and gateway nodes behind a front of its own.
    pub async fn many_processes() -> anyhow::Result<Self> {
        let certificate = Certificate::new()?;
        let listeners = [TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?];
        let mut hosts = Vec::new();
        for listener in &listeners {
            hosts.push(format!("localhost:{}", listener.local_addr()?.port()));
        }
        let platform = Platform::many_processes_behind(&hosts).await;
        for (index, listener) in listeners.into_iter().enumerate() {
            let at = |name: &str| platform.address(&format!("{name}-{}", index + 1)).parse::<SocketAddr>();
            certificate.serve(listener, at("rest")?, at("realtime-gateway")?);
        }
        Self::new(platform, hosts, &certificate.pem)
    }

    fn new(platform: Platform, hosts: Vec<String>, pem: &str) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes())?)?;
        let tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls.clone())
            .https_only(true)
            .timeout(Duration::from_secs(20))
            .no_proxy()
            .build()?;
        let text = |key: &str| platform.demo[key].as_str().map(ToOwned::to_owned).context("demo.json");
        let demo = App { id: text("appId")?, auth_key: text("authKey")?, api_key: text("restApiKey")? };
        Ok(Self { hosts, tls: Arc::new(tls), http, demo, platform, preflights: Mutex::default() })
    }
}

/// An entry's own part of a platform: names that no other entry uses.
#[derive(Clone)]
pub struct Stage {
    pub ground: Arc<Ground>,
    pub app: App,
    suffix: String,
}

impl Stage {
    pub fn new(ground: &Arc<Ground>) -> Self {
        Self { ground: ground.clone(), app: ground.demo.clone(), suffix: unique("") }
    }

    /// The same in an app of its own, for what tells of everybody.
    pub async fn alone(mut self) -> anyhow::Result<Self> {
        let printed = self.ground.platform.run(&["app", "create", "--name", "T", "--app-id", &unique("t")]).await;
        let made: Value = serde_json::from_str(&printed)?;
        let text = |key: &str| made[key].as_str().map(ToOwned::to_owned).context("the new app");
        self.app = App { id: text("appId")?, auth_key: text("authKey")?, api_key: text("restApiKey")? };
        Ok(self)
    }

    pub fn name(&self, base: &str) -> String {
        format!("{base}-{}", self.suffix)
    }

    /// What the app's own server does, over the REST API; answers `data`.
    pub async fn server(&self, method: &str, path: &str, body: Value) -> anyhow::Result<Value> {
        let method = Method::from_bytes(method.as_bytes())?;
        let url = format!("https://{}/v3{path}", self.ground.hosts[0]);
        let request = self.ground.http.request(method, &url).header("appid", &self.app.id);
        let response = request.header("apikey", &self.app.api_key).json(&body).send().await?;
        let status = response.status();
        let body: Value = response.json().await?;
        ensure!(status.is_success(), "the app's server at {path}: {body}");
        Ok(body["data"].clone())
    }

    /// A user with this base of a name; answers the uid.
    pub async fn user(&self, base: &str) -> anyhow::Result<String> {
        let uid = self.name(base);
        self.server("POST", "/users", json!({"uid": uid, "name": base})).await?;
        Ok(uid)
    }

    /// A device that has not logged in yet. Devices are spread over the nodes.
    pub fn device(&self, node: usize) -> Client {
        Client::init(self.clone(), node)
    }

    /// A new user's device, logged in, without a socket.
    pub async fn caller(&self, base: &str) -> anyhow::Result<Client> {
        let uid = self.user(base).await?;
        let mut device = self.device(0);
        device.login(&uid).await?;
        Ok(device)
    }

    /// A new user's device, logged in and connected.
    pub async fn person(&self, base: &str, node: usize) -> anyhow::Result<Client> {
        let uid = self.user(base).await?;
        self.online(&uid, node).await
    }

    /// Another device of a user, connected.
    pub async fn online(&self, uid: &str, node: usize) -> anyhow::Result<Client> {
        self.online_with(uid, node, Presence::Nobody).await
    }

    pub async fn online_with(&self, uid: &str, node: usize, presence: Presence) -> anyhow::Result<Client> {
        let mut device = self.device(node);
        device.login(uid).await?;
        device.connect(presence).await?;
        Ok(device)
    }

    /// Two people, connected to different nodes.
    pub async fn pair(&self) -> anyhow::Result<(Client, Client)> {
        Ok((self.person("ann", 0).await?, self.person("bob", 1).await?))
    }

    /// Two who only call.
    pub async fn callers(&self) -> anyhow::Result<(Client, Client)> {
        Ok((self.caller("ann").await?, self.caller("bob").await?))
    }

    /// A group of the first one with the others as participants; answers its guid.
    pub async fn room(&self, members: &[&Client]) -> anyhow::Result<String> {
        let guid = self.name("room");
        let group = json!({"guid": guid, "name": "Room", "type": "public"});
        members[0].create_group(group).await?;
        if members.len() > 1 {
            let uids: Vec<&str> = members[1..].iter().map(|member| member.uid()).collect();
            members[0].add_members(&guid, json!({"participants": uids})).await?;
        }
        Ok(guid)
    }

    /// A group of people who are connected after they joined, spread over the nodes; the first one owns it.
    pub async fn gathering(&self, bases: &[&str]) -> anyhow::Result<(String, Vec<Client>)> {
        let mut people = Vec::new();
        for base in bases {
            people.push(self.caller(base).await?);
        }
        let guid = self.room(&people.iter().collect::<Vec<_>>()).await?;
        let mut connected = Vec::new();
        for (node, person) in people.iter().enumerate() {
            connected.push(self.online(person.uid(), node).await?);
        }
        Ok((guid, connected))
    }
}
