//! The one map of what depends on what: which services a target runs, and how each reaches the others.

use std::collections::HashMap;

use anyhow::{Context as _, Result, bail};
use axum::Router;
use halley_apps::Apps;
use halley_bus::{Bus, BusConfig};
use halley_kit::{
    Lifecycle, MasterKey, Transport,
    postgres::{self, PostgresConfig},
    server::{self, Credentials},
};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{PgPool, migrate::Migrator};
use tonic::service::Routes;

use crate::settings::Settings;

/// What a process runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Target {
    /// Everything, on one port.
    All,
    /// Apps, API keys, auth tokens, operators.
    Auth,
    /// Users, roles, friends, blocks.
    Identity,
    /// Groups and members.
    Groups,
    /// Conversations, messages, receipts.
    Messaging,
    /// Calls of webhooks.
    Webhooks,
    /// The WebSocket edge.
    RealtimeGateway,
    /// The HTTP edge.
    Rest,
}

/// A service by name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Module {
    Auth,
    Identity,
    Groups,
    Messaging,
    Webhooks,
    RealtimeGateway,
    Rest,
}

impl Target {
    /// Its services, in an order in which each finds its peers started.
    pub fn modules(self) -> &'static [Module] {
        match self {
            Self::All => &[
                Module::Auth,
                Module::Identity,
                Module::Groups,
                Module::Messaging,
                Module::Webhooks,
                Module::RealtimeGateway,
                Module::Rest,
            ],
            Self::Auth => &[Module::Auth],
            Self::Identity => &[Module::Identity],
            Self::Groups => &[Module::Groups],
            Self::Messaging => &[Module::Messaging],
            Self::Webhooks => &[Module::Webhooks],
            Self::RealtimeGateway => &[Module::RealtimeGateway],
            Self::Rest => &[Module::Rest],
        }
    }

    /// The word of the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Auth => "auth",
            Self::Identity => "identity",
            Self::Groups => "groups",
            Self::Messaging => "messaging",
            Self::Webhooks => "webhooks",
            Self::RealtimeGateway => "realtime-gateway",
            Self::Rest => "rest",
        }
    }
}

impl Module {
    /// Its database, by the name of [`databases`]; edges have none.
    pub fn database(self) -> Option<&'static str> {
        match self {
            Self::Auth => Some("auth"),
            Self::Identity => Some("identity"),
            Self::Groups => Some("groups"),
            Self::Messaging => Some("messaging"),
            Self::Webhooks => Some("webhooks"),
            Self::RealtimeGateway | Self::Rest => None,
        }
    }
}

/// The services without the edges, as far as commands ask them.
pub const INNER: &[Module] = &[Module::Auth, Module::Identity, Module::Groups, Module::Messaging];

/// The services that have a database.
pub const STORING: &[Module] = &[Module::Auth, Module::Identity, Module::Groups, Module::Messaging, Module::Webhooks];

/// A database of a service: its name, its migrations, and where it is.
pub struct Database {
    pub service: &'static str,
    pub migrator: &'static Migrator,
    pub url: SecretString,
}

/// Every database, in no order.
pub fn databases(settings: &Settings) -> [Database; 5] {
    let p = &settings.postgres;
    let database = |service, migrator, url: &SecretString| Database { service, migrator, url: url.clone() };
    [
        database("auth", &halley_auth::MIGRATOR, &p.auth_url),
        database("identity", &halley_identity::MIGRATOR, &p.identity_url),
        database("groups", &halley_groups::MIGRATOR, &p.groups_url),
        database("messaging", &halley_messaging::MIGRATOR, &p.messaging_url),
        database("webhooks", &halley_webhooks::MIGRATOR, &p.webhooks_url),
    ]
}

/// Services that have been started, and the ways to all of them.
pub struct Running {
    pub lifecycle: Lifecycle,
    /// HTTP and WebSocket, for the listener that clients reach.
    pub edge: Option<Router>,
    /// gRPC of everything that runs here, for the listener that services reach.
    pub grpc: Option<Router>,
    credentials: Credentials,
    peers: HashMap<Module, Peer>,
    /// Settings of apps; one cache for all services of the process.
    apps: Option<Apps>,
}

#[derive(Clone)]
enum Peer {
    Here(Router),
    There(Vec<String>),
}

impl Running {
    /// Starts services in order. Peers that don't run here are reached at their configured addresses.
    pub async fn start(settings: &Settings, modules: &[Module], lifecycle: Lifecycle) -> Result<Self> {
        let master_key = MasterKey::parse(&settings.secrets.master_key).context("secrets.master_key")?;
        let bus = Bus::connect(&BusConfig {
            url: settings.redis.url.clone(),
            stream_max_len: settings.redis.stream_max_length,
        })
        .await
        .context("redis.url")?;
        let mut running = Self {
            lifecycle,
            edge: None,
            grpc: None,
            credentials: Credentials::new(&master_key),
            peers: remote_peers(settings),
            apps: None,
        };
        for module in modules {
            running
                .start_one(*module, settings, &master_key, &bus)
                .await
                .with_context(|| format!("start {module:?}"))?;
        }
        Ok(running)
    }

    /// A way to a service for an edge or a command: it may say who the caller is.
    pub fn edge_to(&self, module: Module) -> Result<Transport> {
        self.transport(module, self.credentials.edge())
    }

    /// The settings of apps, asked of auth wherever it runs.
    async fn apps(&mut self, bus: &Bus) -> Result<Apps> {
        if let Some(apps) = &self.apps {
            return Ok(apps.clone());
        }
        let apps = Apps::start(self.service_to(Module::Auth)?, bus, self.lifecycle.stopping()).await?;
        Ok(self.apps.insert(apps).clone())
    }

    fn service_to(&self, module: Module) -> Result<Transport> {
        self.transport(module, self.credentials.service())
    }

    fn transport(&self, module: Module, credential: &SecretString) -> Result<Transport> {
        match self.peers.get(&module) {
            Some(Peer::Here(router)) => Ok(Transport::local(router.clone(), credential)),
            Some(Peer::There(addresses)) => Ok(Transport::remote(addresses, credential)?),
            None => bail!("{module:?} does not run here: set its address in [peers]"),
        }
    }

    async fn start_one(
        &mut self,
        module: Module,
        settings: &Settings,
        master_key: &MasterKey,
        bus: &Bus,
    ) -> Result<()> {
        let lifecycle = self.lifecycle.clone();
        let bus = bus.clone();
        let routes = match module {
            Module::Auth => {
                let pool = pool(settings, "auth", &settings.postgres.auth_url, &halley_auth::MIGRATOR).await?;
                let master_key = master_key.clone();
                let needs = halley_auth::Dependencies { pool, bus, master_key, lifecycle };
                halley_auth::start(settings.auth.clone(), needs).await?
            }
            Module::Identity => {
                let url = &settings.postgres.identity_url;
                let pool = pool(settings, "identity", url, &halley_identity::MIGRATOR).await?;
                let apps = self.apps(&bus).await?;
                let needs = halley_identity::Dependencies { pool, apps, bus, lifecycle };
                halley_identity::start(settings.identity.clone(), needs).await?
            }
            Module::Groups => {
                let pool = pool(settings, "groups", &settings.postgres.groups_url, &halley_groups::MIGRATOR).await?;
                let apps = self.apps(&bus).await?;
                let needs = halley_groups::Dependencies { pool, apps, bus, lifecycle };
                halley_groups::start(settings.groups.clone(), needs).await?
            }
            Module::Messaging => {
                let url = &settings.postgres.messaging_url;
                let pool = pool(settings, "messaging", url, &halley_messaging::MIGRATOR).await?;
                let identity = self.service_to(Module::Identity)?;
                let groups = self.service_to(Module::Groups)?;
                let apps = self.apps(&bus).await?;
                let needs = halley_messaging::Dependencies { pool, apps, bus, identity, groups, lifecycle };
                halley_messaging::start(settings.messaging.clone(), needs).await?
            }
            Module::Webhooks => self.start_webhooks(settings, bus).await?,
            Module::RealtimeGateway => {
                let needs = halley_realtime_gateway::Dependencies {
                    auth: self.edge_to(Module::Auth)?,
                    identity: self.edge_to(Module::Identity)?,
                    groups: self.edge_to(Module::Groups)?,
                    messaging: self.edge_to(Module::Messaging)?,
                    apps: self.apps(&bus).await?,
                    rates: settings.rest.rates(),
                    bus,
                    lifecycle,
                };
                let gateway = halley_realtime_gateway::start(settings.gateway.clone(), needs).await?;
                self.add_edge(gateway.sockets);
                gateway.routes
            }
            Module::Rest => {
                let needs = halley_rest::Dependencies {
                    auth: self.edge_to(Module::Auth)?,
                    identity: self.edge_to(Module::Identity)?,
                    groups: self.edge_to(Module::Groups)?,
                    messaging: self.edge_to(Module::Messaging)?,
                    webhooks: self.edge_to(Module::Webhooks)?,
                    realtime: self.edge_to(Module::RealtimeGateway)?,
                    apps: self.apps(&bus).await?,
                    bus,
                    master_key: master_key.clone(),
                    lifecycle,
                };
                let router = halley_rest::start(settings.rest.clone(), needs).await?;
                self.add_edge(router);
                return Ok(());
            }
        };
        let mounted = server::mount(routes, self.credentials.clone());
        self.grpc = Some(match self.grpc.take() {
            Some(others) => others.merge(mounted.clone().reset_fallback()),
            None => mounted.clone(),
        });
        self.peers.insert(module, Peer::Here(mounted));
        Ok(())
    }

    async fn start_webhooks(&mut self, settings: &Settings, bus: Bus) -> Result<Routes> {
        let url = &settings.postgres.webhooks_url;
        let needs = halley_webhooks::Dependencies {
            pool: pool(settings, "webhooks", url, &halley_webhooks::MIGRATOR).await?,
            apps: self.apps(&bus).await?,
            auth: self.service_to(Module::Auth)?,
            identity: self.service_to(Module::Identity)?,
            messaging: self.service_to(Module::Messaging)?,
            bus,
            lifecycle: self.lifecycle.clone(),
        };
        Ok(halley_webhooks::start(settings.webhooks.clone(), needs).await?)
    }

    fn add_edge(&mut self, router: Router) {
        self.edge = Some(match self.edge.take() {
            Some(other) => other.merge(router),
            None => router,
        });
    }
}

fn remote_peers(settings: &Settings) -> HashMap<Module, Peer> {
    let peers = &settings.peers;
    [
        (Module::Auth, &peers.auth),
        (Module::Identity, &peers.identity),
        (Module::Groups, &peers.groups),
        (Module::Messaging, &peers.messaging),
        (Module::Webhooks, &peers.webhooks),
        (Module::RealtimeGateway, &peers.realtime_gateway),
    ]
    .into_iter()
    .filter_map(|(module, addresses)| {
        let addresses: Vec<String> =
            addresses.split(',').map(str::trim).filter(|a| !a.is_empty()).map(ToOwned::to_owned).collect();
        (!addresses.is_empty()).then_some((module, Peer::There(addresses)))
    })
    .collect()
}

async fn pool(settings: &Settings, service: &'static str, url: &SecretString, migrator: &Migrator) -> Result<PgPool> {
    if url.expose_secret().is_empty() {
        bail!("postgres.{service}_url is not set");
    }
    let config = PostgresConfig { url: url.clone(), max_connections: settings.postgres.max_connections };
    let pool = postgres::connect(service, &config).await?;
    if settings.postgres.migrate_on_start {
        postgres::migrate(service, &pool, migrator).await?;
    } else {
        postgres::check_migrated(service, &pool, migrator).await?;
    }
    Ok(pool)
}
