//! A world to test in: a bus, fakes of the other services, nodes, and clients with raw sockets.

pub mod client;
pub mod fakes;

use std::{
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use halley_apps::Apps;
use halley_bus::{Bus, BusConfig, Channel, Outgoing};
use halley_contracts::{
    auth::v1::auth_service_server::AuthServiceServer,
    common::v1::UserPrincipal,
    events::v1::{
        ChangeKind, CredentialRevoked, Event, GroupChanged, MessageSent, RelationChanged, UserChanged, event::Body,
    },
    groups::v1::{Group, MembershipAction, MembershipChanged, groups_service_server::GroupsServiceServer},
    identity::v1::{User, identity_service_server::IdentityServiceServer},
    messaging::v1::{
        Message, MessageCategory, ReceiverType, calls_service_server::CallsServiceServer,
        messaging_service_server::MessagingServiceServer,
    },
    realtime::v1::{self as pb, realtime_service_client::RealtimeServiceClient},
};
use halley_edge::RateDefaults;
use halley_kit::{
    Caller, Lifecycle, MasterKey, PublicError, Transport,
    server::{Credentials, mount},
    time,
};
use halley_launcher::{PrivateRedis, RedisOptions};
use halley_realtime_gateway::{Dependencies, GatewayConfig};
use halley_testkit::{eventually, unique};
use prost::Message as _;
use tokio::{net::TcpListener, runtime::Runtime};
use tonic::service::Routes;

use client::Client;
use fakes::{FakeAuth, FakeCalls, FakeGroups, FakeIdentity, FakeMessaging};

pub struct World {
    pub app: String,
    pub bus: Bus,
    pub fakes: Fakes,
    redis_url: String,
}

#[derive(Clone)]
pub struct Fakes {
    pub auth: Arc<FakeAuth>,
    pub identity: Arc<FakeIdentity>,
    pub groups: Arc<FakeGroups>,
    pub messaging: Arc<FakeMessaging>,
    /// The limits of nodes that are started from now on.
    pub rates: RateDefaults,
    pub calls: Arc<FakeCalls>,
    credentials: Credentials,
}

/// A gateway node that listens.
pub struct Node {
    pub address: SocketAddr,
    pub lifecycle: Lifecycle,
    realtime: Transport,
}

/// A node with a runtime of its own, which can be cut off in the middle of everything.
pub struct MortalNode {
    pub node: Node,
    runtime: Runtime,
}

impl MortalNode {
    /// Ends every task and closes every connection, without a word to anybody.
    pub fn die(self) {
        self.runtime.shutdown_background();
    }
}

/// A Redis of one test's own.
pub struct OwnRedis {
    pub directory: tempfile::TempDir,
}

impl OwnRedis {
    pub fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("halley-gateway-").tempdir().unwrap();
        // The server may run as another user, who must be able to enter.
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
        Self { directory }
    }

    pub async fn start(&self, port: Option<u16>) -> PrivateRedis {
        let data_dir: PathBuf = self.directory.path().join("redis");
        PrivateRedis::start(RedisOptions { data_dir, durable: false, port }).await.unwrap()
    }
}

impl World {
    pub async fn new() -> Self {
        Self::on_redis(&halley_testkit::redis_url().await).await
    }

    pub async fn on_redis(redis_url: &str) -> Self {
        let fakes = Fakes {
            auth: Arc::default(),
            identity: Arc::default(),
            groups: Arc::default(),
            messaging: Arc::default(),
            rates: RateDefaults::default(),
            calls: Arc::default(),
            credentials: Credentials::new(&MasterKey::generate()),
        };
        Self { app: unique("a"), bus: connect(redis_url).await, fakes, redis_url: redis_url.to_owned() }
    }

    /// The same installation, seen from another app.
    pub async fn other_app(&self) -> Self {
        Self { app: unique("b"), bus: self.bus.clone(), fakes: self.fakes.clone(), redis_url: self.redis_url.clone() }
    }

    pub async fn node(&self) -> Node {
        self.node_with(GatewayConfig::default()).await
    }

    pub async fn node_with(&self, config: GatewayConfig) -> Node {
        start(config, self.fakes.clone(), self.redis_url.clone()).await
    }

    pub async fn mortal_node(&self, config: GatewayConfig) -> MortalNode {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let node = runtime.spawn(start(config, self.fakes.clone(), self.redis_url.clone())).await.unwrap();
        MortalNode { node, runtime }
    }

    /// A session token of a user's device, and the id of the auth token that it stands on.
    pub fn log_in(&self, uid: &str, device_id: &str) -> (String, String) {
        let (token, token_id) = (unique("jwt-"), unique("token-"));
        let user = UserPrincipal { uid: uid.to_owned(), device_id: device_id.to_owned(), token_id: token_id.clone() };
        self.fakes.auth.sessions.lock().unwrap().insert((self.app.clone(), token.clone()), user);
        (token, token_id)
    }

    /// An authenticated socket of a user's new device, which is named `{uid}-device`.
    pub async fn client(&self, node: &Node, uid: &str) -> Client {
        self.device(node, uid, &format!("{uid}-device")).await
    }

    /// An authenticated socket of a user's device.
    pub async fn device(&self, node: &Node, uid: &str, device_id: &str) -> Client {
        let (token, _) = self.log_in(uid, device_id);
        Client::authenticated(node.address, &self.app, device_id, &token).await
    }

    pub async fn publish(&self, channels: Vec<Channel>, event: &Event) {
        let payload = event.encode_to_vec().into();
        self.bus.publish(&[Outgoing { channels, durable: false, payload }]).await.unwrap();
    }

    /// Tells every node a fact.
    pub async fn fact(&self, body: Body) {
        self.publish(vec![Channel::facts()], &halley_bus::event(&self.app, "", body)).await;
    }

    pub async fn membership(&self, guid: &str, uid: &str, action: MembershipAction) {
        let changed = MembershipChanged {
            action: action.into(),
            group: Some(group(guid, "")),
            by_uid: uid.to_owned(),
            on_uid: uid.to_owned(),
            ..Default::default()
        };
        self.fact(Body::MembershipChanged(changed)).await;
    }

    pub async fn group_changed(&self, guid: &str, owner: &str, kind: ChangeKind) {
        self.fact(Body::GroupChanged(GroupChanged {
            kind: kind.into(),
            group: Some(group(guid, owner)),
            ..Default::default()
        }))
        .await;
    }

    pub async fn user_changed(&self, uid: &str, kind: ChangeKind) {
        let user = Some(User { uid: uid.to_owned(), ..Default::default() });
        self.fact(Body::UserChanged(UserChanged { kind: kind.into(), user })).await;
    }

    pub async fn relation_changed(&self, uid: &str, other: &str) {
        let changed = RelationChanged { uid: uid.to_owned(), other_uid: other.to_owned(), ..Default::default() };
        self.fact(Body::RelationChanged(changed)).await;
    }

    pub async fn revoked(&self, uid: &str, token_ids: &[&str]) {
        let credential_ids = token_ids.iter().map(|id| (*id).to_owned()).collect();
        self.fact(Body::CredentialRevoked(CredentialRevoked { uid: uid.to_owned(), credential_ids })).await;
    }

    /// Publishes a message where messaging does.
    pub async fn send(&self, message: &Message) {
        let channels = match message.receiver_type() {
            ReceiverType::Group => vec![Channel::group(&self.app, &message.receiver)],
            _ => vec![Channel::user(&self.app, &message.sender_uid), Channel::user(&self.app, &message.receiver)],
        };
        self.publish(channels, &self.sent(message)).await;
    }

    /// Nothing else has come to a user's socket, of all that was published before now: a mark that is published now
    /// comes behind it.
    pub async fn nothing_came(&self, client: &mut Client, uid: &str) {
        self.send(&to_user(&unique("mark-"), uid, 77)).await;
        assert_eq!(client.hear().await, "77");
    }

    /// Waits until so many nodes listen to a channel.
    pub async fn until_heard(&self, channel: &Channel, nodes: i64) {
        eventually("the subscription", async || {
            let mut ask = redis::cmd("PUBSUB");
            ask.arg("NUMSUB").arg(channel.as_str());
            let (_, listeners): (String, i64) = ask.query_async(&mut self.bus.connection()).await.unwrap();
            (listeners == nodes).then_some(())
        })
        .await;
    }

    /// The event of a message.
    pub fn sent(&self, message: &Message) -> Event {
        let body = Body::MessageSent(MessageSent { message: Some(message.clone()) });
        halley_bus::event(&self.app, &message.device_id, body)
    }

    /// Puts a message where nodes can fetch it.
    pub fn store(&self, message: &Message) {
        let key = (message.receiver.clone(), message.sequence);
        self.fakes.messaging.history.lock().unwrap().insert(key, message.clone());
    }

    pub fn ask(&self, node: &Node) -> Ask {
        Ask { client: RealtimeServiceClient::new(node.realtime.clone()), caller: Caller::system(&self.app) }
    }

    /// Waits until a user is online, or is not.
    pub async fn until_online(&self, node: &Node, uid: &str, online: bool) {
        let what = format!("{uid} is {}", if online { "online" } else { "offline" });
        eventually(&what, async || {
            (self.ask(node).presence(&[uid]).await.contains(&uid.to_owned()) == online).then_some(())
        })
        .await;
    }
}

/// Questions to the nodes.
pub struct Ask {
    client: RealtimeServiceClient<Transport>,
    caller: Caller,
}

impl Ask {
    pub async fn presence(&self, uids: &[&str]) -> Vec<String> {
        let uids = uids.iter().map(|uid| (*uid).to_owned()).collect();
        self.get_presence(uids).await.unwrap()
    }

    pub async fn get_presence(&self, uids: Vec<String>) -> Result<Vec<String>, PublicError> {
        let request = self.caller.request(pb::GetPresenceRequest { uids });
        Ok(self.client.clone().get_presence(request).await?.into_inner().online_uids)
    }

    pub async fn count_online(&self, guids: Vec<String>) -> Result<pb::CountOnlineResponse, PublicError> {
        let request = self.caller.request(pb::CountOnlineRequest { guids });
        Ok(self.client.clone().count_online(request).await?.into_inner())
    }

    pub async fn online_users(&self) -> Vec<String> {
        let request = self.caller.request(pb::ListOnlineUsersRequest {});
        self.client.clone().list_online_users(request).await.unwrap().into_inner().uids
    }

    pub async fn nodes(&self) -> Vec<pb::Node> {
        self.nodes_of(self.caller.app_id()).await.unwrap()
    }

    /// The nodes, with the sockets of an app, empty: of all; asked for a user of the own one.
    pub async fn nodes_of(&self, app_id: &str) -> Result<Vec<pb::Node>, PublicError> {
        let user = UserPrincipal { uid: "ann".to_owned(), ..Default::default() };
        let caller = Caller::user(self.caller.app_id(), user);
        let request = caller.request(pb::ListNodesRequest { app_id: app_id.to_owned() });
        let answer = self.client.clone().list_nodes(request).await;
        answer.map(|nodes| nodes.into_inner().nodes).map_err(|status| PublicError::from_status(&status))
    }

    /// The app's sockets over time.
    pub async fn connections(&self) -> Vec<pb::ConnectionsPoint> {
        let request = pb::ListConnectionsRequest { app_id: self.caller.app_id().to_owned(), ..Default::default() };
        let request = self.caller.request(request);
        self.client.clone().list_connections(request).await.unwrap().into_inner().points
    }
}

fn group(guid: &str, owner: &str) -> Group {
    Group { guid: guid.to_owned(), owner: owner.to_owned(), ..Default::default() }
}

async fn connect(redis_url: &str) -> Bus {
    let config = BusConfig { url: redis_url.to_owned().into(), stream_max_len: 100_000 };
    Bus::connect(&config).await.unwrap()
}

async fn start(config: GatewayConfig, fakes: Fakes, redis_url: String) -> Node {
    let lifecycle = Lifecycle::new();
    let edge_to = |routes: Routes| Transport::local(mount(routes, fakes.credentials.clone()), fakes.credentials.edge());
    let messaging = Routes::new(MessagingServiceServer::from_arc(fakes.messaging.clone()));
    let messaging = messaging.add_service(CallsServiceServer::from_arc(fakes.calls.clone()));
    let bus = connect(&redis_url).await;
    let auth = mount(Routes::new(AuthServiceServer::from_arc(fakes.auth.clone())), fakes.credentials.clone());
    let auth = Transport::local(auth, fakes.credentials.service());
    let needs = Dependencies {
        apps: Apps::start(auth, &bus, lifecycle.stopping()).await.unwrap(),
        auth: edge_to(Routes::new(AuthServiceServer::from_arc(fakes.auth.clone()))),
        identity: edge_to(Routes::new(IdentityServiceServer::from_arc(fakes.identity.clone()))),
        groups: edge_to(Routes::new(GroupsServiceServer::from_arc(fakes.groups.clone()))),
        messaging: edge_to(messaging),
        rates: fakes.rates,
        bus,
        lifecycle: lifecycle.clone(),
    };
    let gateway = halley_realtime_gateway::start(config, needs).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, gateway.sockets).await });
    Node { address, lifecycle, realtime: edge_to(gateway.routes) }
}

static NEXT_ID: AtomicI64 = AtomicI64::new(1);

/// A text message of now, whose text is its sequence number.
pub fn message(from: &str, receiver_type: ReceiverType, to: &str, sequence: i64) -> Message {
    let conversation_id = match receiver_type {
        ReceiverType::Group => format!("group_{to}"),
        _ if from < to => format!("{from}_user_{to}"),
        _ => format!("{to}_user_{from}"),
    };
    let now = time::now_ms();
    Message {
        id: NEXT_ID.fetch_add(1, Ordering::SeqCst),
        conversation_id,
        sequence,
        sender_uid: from.to_owned(),
        receiver_type: receiver_type.into(),
        receiver: to.to_owned(),
        category: MessageCategory::Message.into(),
        r#type: "text".to_owned(),
        data_json: format!(r#"{{"text":"{sequence}"}}"#),
        sent_at_ms: now,
        updated_at_ms: now,
        device_id: format!("{from}-device"),
        ..Default::default()
    }
}

pub fn to_user(from: &str, to: &str, sequence: i64) -> Message {
    message(from, ReceiverType::User, to, sequence)
}

pub fn to_group(from: &str, to: &str, sequence: i64) -> Message {
    message(from, ReceiverType::Group, to, sequence)
}
