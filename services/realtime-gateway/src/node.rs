//! What the tasks of a node share.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use halley_bus::{Bus, Channel, Subscriptions};
use halley_contracts::{
    events::v1::{Event, PresenceChanged, event::Body},
    groups::v1::{ListJoinedGuidsRequest, groups_service_client::GroupsServiceClient},
    identity::v1::{TouchUsersRequest, User, identity_service_client::IdentityServiceClient},
};
use halley_kit::{Caller, Lifecycle, Transport, time};
use prost::Message as _;

use crate::{
    Dependencies, GatewayConfig,
    close::Close,
    hub::Hub,
    presence::Presence,
    socket::{Identity, Socket},
};

/// How long a fact that takes something away is remembered, for sockets that are just authenticating.
const MEMORY: Duration = Duration::from_secs(30);

/// One gateway process.
pub struct Node {
    pub config: GatewayConfig,
    pub hub: Hub,
    pub presence: Presence,
    pub auth: Transport,
    pub groups: Transport,
    pub messaging: Transport,
    pub lifecycle: Lifecycle,
    identity: Transport,
    bus: Bus,
    subscriptions: Subscriptions,
    recent: Mutex<Recent>,
}

/// What was taken away in the last seconds.
#[derive(Default)]
struct Recent {
    revoked: Vec<(Instant, Revocation)>,
    left: Vec<(Instant, Channel, String)>,
}

/// Credentials that ended: these tokens, or with none named all of a user's.
#[derive(Clone)]
pub struct Revocation {
    pub app_id: String,
    pub uid: String,
    pub token_ids: Vec<String>,
}

impl Revocation {
    /// Whether a socket stands on such a credential.
    pub fn covers(&self, identity: &Identity) -> bool {
        identity.app_id == self.app_id
            && identity.uid == self.uid
            && (self.token_ids.is_empty() || self.token_ids.contains(&identity.token_id))
    }
}

impl Node {
    /// A node with no sockets.
    pub fn new(config: GatewayConfig, needs: Dependencies, subscriptions: Subscriptions) -> Self {
        Self {
            config,
            hub: Hub::default(),
            presence: Presence::new(&needs.bus),
            auth: needs.auth,
            groups: needs.groups,
            messaging: needs.messaging,
            lifecycle: needs.lifecycle,
            identity: needs.identity,
            bus: needs.bus,
            subscriptions,
            recent: Mutex::default(),
        }
    }

    /// Puts an authenticated socket into its user's room and its groups' rooms. Once this returns, everything that is
    /// sent reaches it. Fails when the socket's credential ended meanwhile, or something can't be reached.
    pub async fn admit(&self, socket: &Arc<Socket>, identity: &Identity) -> Result<(), Close> {
        let own = Channel::user(&identity.app_id, &identity.uid);
        let first = self.hub.sockets(&own).is_empty();
        let mut rooms = vec![own];
        if identity.all_presence {
            rooms.push(Channel::presence(&identity.app_id));
        }
        self.enter(socket.id, rooms).await?;
        let guids = self.joined_guids(identity).await?;
        // A group that the user left between the question and now must not be entered.
        let left = self.recently_left(identity);
        let rooms = guids.iter().map(|guid| Channel::group(&identity.app_id, guid));
        self.enter(socket.id, rooms.filter(|room| !left.contains(room)).collect()).await?;
        if self.recently_revoked(identity) {
            return Err(Close::Revoked);
        }
        if first {
            self.announce(identity, true).await;
        }
        Ok(())
    }

    async fn joined_guids(&self, identity: &Identity) -> Result<Vec<String>, Close> {
        let request = ListJoinedGuidsRequest { uid: identity.uid.clone() };
        let answer = GroupsServiceClient::new(self.groups.clone())
            .list_joined_guids(Caller::system(&identity.app_id).request(request))
            .await;
        match answer {
            Ok(answer) => Ok(answer.into_inner().guids),
            Err(status) => {
                tracing::warn!(%status, "can't ask for a user's groups");
                Err(Close::Unavailable)
            }
        }
    }

    /// Puts a socket into rooms and waits until the new ones are subscribed to.
    pub async fn enter(&self, socket_id: u64, rooms: Vec<Channel>) -> Result<(), Close> {
        let opened = self.hub.enter(socket_id, rooms);
        if opened.is_empty() {
            return Ok(());
        }
        self.subscriptions.subscribe(opened).await.map_err(|error| {
            tracing::warn!(%error, "can't subscribe");
            Close::Unavailable
        })
    }

    /// Takes a socket out of one room.
    pub fn leave(&self, socket_id: u64, room: &Channel) {
        if let Some(closed) = self.hub.leave(socket_id, room) {
            self.subscriptions.unsubscribe(vec![closed]);
        }
    }

    /// Forgets a socket that has closed.
    pub async fn remove(&self, socket: &Socket) {
        let closed = self.hub.remove(socket.id);
        let Some(identity) = socket.identity() else { return };
        let last = closed.contains(&Channel::user(&identity.app_id, &identity.uid));
        if !closed.is_empty() {
            self.subscriptions.unsubscribe(closed);
        }
        if last {
            self.announce(identity, false).await;
        }
    }

    /// Feeds the node with facts that it did not ask for by a room.
    pub async fn subscribe_facts(&self) {
        if let Err(error) = self.subscriptions.subscribe(vec![Channel::facts()]).await {
            // It stays wanted and is restored with the connection.
            tracing::warn!(%error, "not subscribed to facts yet");
        }
    }

    /// Tells Redis and whoever wants to know that a user came or went.
    async fn announce(&self, identity: &Identity, online: bool) {
        let changed = if online {
            self.presence.online(&identity.app_id, &identity.uid).await
        } else {
            self.presence.offline(&identity.app_id, &identity.uid).await
        };
        match changed {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(%error, "presence is not up to date");
                return;
            }
        }
        if !online {
            self.touch(identity).await;
        }
        let user = User { uid: identity.uid.clone(), last_active_at_ms: time::now_ms(), ..Default::default() };
        let body = Body::PresenceChanged(PresenceChanged { user: Some(user), online });
        self.publish(vec![Channel::presence(&identity.app_id)], &identity.app_id, "", body).await;
    }

    async fn touch(&self, identity: &Identity) {
        let request = TouchUsersRequest { uids: vec![identity.uid.clone()], seen_at_ms: time::now_ms() };
        let touched = IdentityServiceClient::new(self.identity.clone())
            .touch_users(Caller::system(&identity.app_id).request(request))
            .await;
        if let Err(status) = touched {
            tracing::warn!(%status, "last-active time is not kept");
        }
    }

    async fn publish(&self, channels: Vec<Channel>, app_id: &str, device_id: &str, body: Body) {
        let event: Event = halley_bus::event(app_id, device_id, body);
        let outgoing = halley_bus::Outgoing { channels, durable: false, payload: event.encode_to_vec().into() };
        if let Err(error) = self.bus.publish(&[outgoing]).await {
            tracing::warn!(%error, "a live event was not published");
        }
    }

    /// Remembers and acts on credentials that ended.
    pub fn revoke(&self, revocation: Revocation) {
        self.recent().revoked.push((Instant::now(), revocation.clone()));
        for socket in self.hub.sockets(&Channel::user(&revocation.app_id, &revocation.uid)) {
            if socket.identity().is_some_and(|identity| revocation.covers(identity)) {
                socket.close(Close::Revoked);
            }
        }
    }

    /// Remembers and acts on a user's leaving a group, by whatever way.
    pub fn user_left(&self, app_id: &str, guid: &str, uid: &str) {
        let room = Channel::group(app_id, guid);
        self.recent().left.push((Instant::now(), room.clone(), uid.to_owned()));
        for socket in self.hub.sockets(&Channel::user(app_id, uid)) {
            self.leave(socket.id, &room);
        }
    }

    /// Acts on a user's coming into a group.
    pub async fn user_joined(&self, app_id: &str, guid: &str, uid: &str) {
        let room = Channel::group(app_id, guid);
        self.recent().left.retain(|(_, left, who)| *left != room || who != uid);
        for socket in self.hub.sockets(&Channel::user(app_id, uid)) {
            if let Err(why) = self.enter(socket.id, vec![room.clone()]).await {
                socket.close(why);
            }
        }
    }

    /// Acts on a group's end.
    pub fn group_deleted(&self, app_id: &str, guid: &str) {
        let room = Channel::group(app_id, guid);
        for socket in self.hub.sockets(&room) {
            self.leave(socket.id, &room);
        }
    }

    fn recently_revoked(&self, identity: &Identity) -> bool {
        self.recent().revoked.iter().any(|(_, revocation)| revocation.covers(identity))
    }

    fn recently_left(&self, identity: &Identity) -> HashSet<Channel> {
        let recent = self.recent();
        recent.left.iter().filter(|(_, _, uid)| *uid == identity.uid).map(|(_, room, _)| room.clone()).collect()
    }

    /// What is remembered, less what is too old.
    fn recent(&self) -> std::sync::MutexGuard<'_, Recent> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.revoked.retain(|(at, _)| at.elapsed() < MEMORY);
        recent.left.retain(|(at, _, _)| at.elapsed() < MEMORY);
        recent
    }

    /// The node's online users by app.
    pub fn online(&self) -> HashMap<String, Vec<String>> {
        let mut online: HashMap<String, HashSet<String>> = HashMap::new();
        for socket in self.hub.all() {
            if let Some(identity) = socket.identity() {
                online.entry(identity.app_id.clone()).or_default().insert(identity.uid.clone());
            }
        }
        online.into_iter().map(|(app_id, uids)| (app_id, uids.into_iter().collect())).collect()
    }
}

/// Renews the lease; at the end closes the sockets over a few seconds and gives the lease up.
pub fn drain_at_end(node: Arc<Node>) {
    let lifecycle = node.lifecycle.clone();
    lifecycle.spawn("gateway node", async move {
        let stopping = node.lifecycle.stopping();
        while !stopping.is_cancelled() {
            tokio::select! {
                () = stopping.cancelled() => break,
                () = tokio::time::sleep(Presence::renewal()) => {}
            }
            metrics::gauge!("halley_gateway_sockets").set(node.hub.len() as f64);
            if let Err(error) = node.presence.renew(node.hub.len()).await {
                tracing::warn!(%error, "the node's lease is not renewed");
            }
        }
        let sockets = node.hub.all();
        let pause = Duration::from_secs(node.config.drain_seconds) / u32::try_from(sockets.len().max(1)).unwrap_or(1);
        for socket in sockets {
            socket.close(Close::GoingAway);
            tokio::time::sleep(pause).await;
        }
        if let Err(error) = node.presence.end().await {
            tracing::warn!(%error, "the node's lease is left to run out");
        }
    });
}
