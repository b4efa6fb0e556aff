//! What the tasks of a node share, how sockets come in and go, and the node's own beginning and end.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use halley_apps::Apps;
use halley_bus::{Bus, Channel, Fact, Subscriptions};
use halley_contracts::{
    events::v1::Event,
    groups::v1::{ListJoinedGuidsRequest, groups_service_client::GroupsServiceClient},
};
use halley_edge::{People, Rates};
use halley_kit::{Caller, Lifecycle, Transport};
use tokio_util::sync::CancellationToken;

use crate::{
    Dependencies, GatewayConfig,
    activity::Activity,
    close::Close,
    comings::{self, Comings},
    directory::Directory,
    error::GatewayError,
    friends::{self, Relations},
    hub::{Hub, lock},
    live::{Meter, State, Traffic},
    presence::{Presence, Renewal},
    recent::{Recent, Revocation},
    socket::{Identity, PresenceWish, Socket},
};

/// Users, and pairs of them, that are remembered for what they may send.
const USERS_CACHED: u64 = 100_000;
/// How long the last sockets of a stopping node have to say goodbye.
const GOODBYE: Duration = Duration::from_millis(1500);

/// One gateway process.
pub struct Node {
    pub config: GatewayConfig,
    pub hub: Hub,
    pub presence: Presence,
    pub comings: Comings,
    pub activity: Activity,
    pub directory: Directory,
    pub relations: Relations,
    /// What lets messages of sockets through.
    pub people: People,
    pub apps: Apps,
    pub rates: Rates,
    pub auth: Transport,
    pub identity: Transport,
    pub messaging: Transport,
    pub bus: Bus,
    pub lifecycle: Lifecycle,
    /// Cancelled when the last socket of a stopping node is gone: until then live events are delivered.
    pub ended: CancellationToken,
    /// Frames so far.
    pub traffic: Traffic,
    groups: Transport,
    subscriptions: Subscriptions,
    recent: Mutex<Recent>,
}

impl Node {
    /// A node with no sockets.
    pub fn new(
        config: GatewayConfig,
        needs: Dependencies,
        subscriptions: Subscriptions,
        ended: CancellationToken,
    ) -> Self {
        let people = People::new(needs.identity.clone(), USERS_CACHED);
        // Nothing is believed before the facts come.
        people.learn(&Fact::Lost);
        Self {
            presence: Presence::new(&needs.bus, Duration::from_secs(config.lease_seconds.max(1))),
            hub: Hub::default(),
            comings: Comings::new(Duration::from_millis(config.offline_grace_ms)),
            config,
            activity: Activity::default(),
            directory: Directory::new(needs.identity.clone(), needs.messaging.clone()),
            relations: Relations::default(),
            people,
            apps: needs.apps,
            rates: Rates::new(needs.bus.clone(), needs.rates),
            auth: needs.auth,
            identity: needs.identity,
            messaging: needs.messaging,
            bus: needs.bus,
            lifecycle: needs.lifecycle,
            ended,
            traffic: Traffic::default(),
            groups: needs.groups,
            subscriptions,
            recent: Mutex::default(),
        }
    }

    /// Puts an authenticated socket into its user's room and its groups' rooms. Once this returns, everything that is
    /// sent reaches it. `begun` is when the socket's credential was about to be checked: what has been taken away since
    /// then is taken away here, or by the dispatch, which finds the socket in its user's room.
    pub async fn admit(&self, socket: &Arc<Socket>, identity: &Identity, begun: Instant) -> Result<(), Close> {
        let mut rooms = vec![Channel::user(&identity.app_id, &identity.uid)];
        if identity.presence != PresenceWish::Nobody {
            rooms.push(Channel::presence(&identity.app_id));
        }
        self.enter(socket.id, rooms).await?;
        let ((), rooms) = tokio::try_join!(self.load_friends(socket, identity), self.joined_rooms(identity))?;
        let entering = self.enter(socket.id, rooms.clone());
        // Looked up after the socket is in: who leaves from now on is taken out by the dispatch.
        for lost in lock(&self.recent).lost(identity, &rooms, begun) {
            self.leave(socket.id, &lost);
        }
        entering.await?;
        if lock(&self.recent).is_revoked(identity, begun) {
            return Err(Close::Revoked);
        }
        self.comings.mark(&identity.app_id, &identity.uid);
        Ok(())
    }

    async fn load_friends(&self, socket: &Socket, identity: &Identity) -> Result<(), Close> {
        if identity.presence != PresenceWish::Friends {
            return Ok(());
        }
        friends::load(self, &identity.app_id, &identity.uid, socket.want_friends()).await.map_err(|status| {
            tracing::warn!(%status, "can't ask for a user's friends");
            Close::Unavailable
        })
    }

    async fn joined_rooms(&self, identity: &Identity) -> Result<Vec<Channel>, Close> {
        let request = ListJoinedGuidsRequest { uid: identity.uid.clone() };
        let answer = GroupsServiceClient::new(self.groups.clone())
            .list_joined_guids(Caller::system(&identity.app_id).request(request))
            .await;
        match answer {
            Ok(answer) => {
                Ok(answer.into_inner().guids.iter().map(|guid| Channel::group(&identity.app_id, guid)).collect())
            }
            Err(status) => {
                tracing::warn!(%status, "can't ask for a user's groups");
                Err(Close::Unavailable)
            }
        }
    }

    /// Puts a socket into rooms at once; the answer waits until all of them are subscribed to.
    pub fn enter(&self, socket_id: u64, rooms: Vec<Channel>) -> impl Future<Output = Result<(), Close>> + Send + use<> {
        let entered = self.hub.enter(socket_id, rooms, |channels| self.subscriptions.subscribe(channels));
        async move {
            let Some((subscribed, rooms)) = entered else { return Ok(()) };
            if let Err(error) = subscribed.await {
                tracing::warn!(%error, "can't subscribe");
                return Err(Close::Unavailable);
            }
            rooms.iter().for_each(|room| room.set_subscribed());
            Ok(())
        }
    }

    /// Takes a socket out of one room.
    pub fn leave(&self, socket_id: u64, room: &Channel) {
        self.hub.leave(socket_id, room, |closed| self.subscriptions.unsubscribe(closed));
    }

    /// Forgets a socket that has closed.
    pub fn remove(&self, socket: &Socket) {
        self.hub.remove(socket.id, |closed| self.subscriptions.unsubscribe(closed));
        if let Some(identity) = socket.identity() {
            self.comings.mark_later(&identity.app_id, &identity.uid);
        }
    }

    /// Feeds the node with facts that it did not ask for by a room.
    pub async fn subscribe_facts(&self) {
        match self.subscriptions.subscribe(vec![Channel::facts()]).await {
            Ok(()) => self.trust(true),
            // It stays wanted and is restored with the connection.
            Err(error) => tracing::warn!(%error, "not subscribed to facts yet"),
        }
    }

    /// Says whether the feed of facts is whole: what was known before is believed no more.
    pub fn trust(&self, whole: bool) {
        self.directory.trust(whole);
        self.people.learn(if whole { &Fact::Gap } else { &Fact::Lost });
    }

    /// Takes a fact in.
    pub fn learn(&self, event: &Event) {
        self.directory.learn(event);
        self.people.learn(&Fact::Event(event));
    }

    /// Whether a user left a group's room lately and is not back.
    pub fn has_left(&self, app_id: &str, uid: &str, room: &Channel) -> bool {
        lock(&self.recent).has_left(app_id, uid, room)
    }

    /// Remembers and acts on credentials that ended.
    pub fn revoke(&self, revocation: Revocation) {
        let own = Channel::user(&revocation.app_id, &revocation.uid);
        lock(&self.recent).revoked(revocation.clone(), Instant::now());
        for socket in self.hub.sockets(&own) {
            if socket.identity().is_some_and(|identity| revocation.covers(identity)) {
                socket.close(Close::Revoked);
            }
        }
    }

    /// Remembers and acts on an app's end: all of its sockets close.
    pub fn revoke_app(&self, app_id: String) {
        let revocation = Revocation { app_id, uid: String::new(), token_ids: Vec::new() };
        lock(&self.recent).revoked(revocation.clone(), Instant::now());
        for socket in self.hub.all() {
            if socket.identity().is_some_and(|identity| revocation.covers(identity)) {
                socket.close(Close::Revoked);
            }
        }
    }

    /// Remembers and acts on a user's leaving a group, by whatever way.
    pub fn user_left(&self, app_id: &str, guid: &str, uid: &str) {
        let room = Channel::group(app_id, guid);
        lock(&self.recent).left(app_id, uid, room.clone(), Instant::now());
        for socket in self.hub.sockets(&Channel::user(app_id, uid)) {
            self.leave(socket.id, &room);
        }
    }

    /// Acts on a user's coming into a group: the sockets are in at once, so that a leave that follows finds them there.
    pub fn user_joined(&self, app_id: &str, guid: &str, uid: &str) {
        let room = Channel::group(app_id, guid);
        lock(&self.recent).joined(app_id, uid, &room);
        for socket in self.hub.sockets(&Channel::user(app_id, uid)) {
            let entering = self.enter(socket.id, vec![room.clone()]);
            // The subscription's answer comes on the feed that the caller reads.
            tokio::spawn(async move {
                if let Err(why) = entering.await {
                    socket.close(why);
                }
            });
        }
    }

    /// Remembers and acts on a group's end.
    pub fn group_deleted(&self, app_id: &str, guid: &str) {
        let room = Channel::group(app_id, guid);
        lock(&self.recent).ended(room.clone(), Instant::now());
        for socket in self.hub.sockets(&room) {
            self.leave(socket.id, &room);
        }
    }

    /// Has everybody's presence stored again, after Redis may have lost it.
    pub fn mark_everybody(&self) {
        for socket in self.hub.all() {
            if let Some(identity) = socket.identity() {
                self.comings.mark(&identity.app_id, &identity.uid);
            }
        }
    }
}

/// Takes the node's lease.
pub async fn join(node: &Node) -> Result<(), GatewayError> {
    node.presence.renew(0).await?;
    node.presence.tell(&State::of((0.0, 0.0)), HashMap::new()).await
}

/// Renews the lease and looks after those of others; at the end closes the sockets over a few seconds and gives the
/// lease up.
pub fn keep(node: Arc<Node>) {
    let lifecycle = node.lifecycle.clone();
    lifecycle.spawn("gateway node", async move {
        let stopping = node.lifecycle.stopping();
        // Others' leases are judged only by a node that has held its own for so long: when Redis was away, all ran out.
        let mut judge_from = Instant::now() + node.presence.lease();
        let mut meter = Meter::new();
        loop {
            tokio::select! {
                () = stopping.cancelled() => break,
                () = tokio::time::sleep(node.presence.lease() / 3) => {}
            }
            metrics::gauge!("halley_gateway_sockets").set(node.hub.len() as f64);
            lock(&node.recent).forget(Instant::now());
            let rates = meter.read(&node.traffic, Instant::now());
            match renew(&node, &mut judge_from, rates).await {
                Ok(()) => {}
                Err(error) => tracing::warn!(%error, "the node's lease is not renewed"),
            }
        }
        drain(&node).await;
        node.ended.cancel();
    });
}

async fn renew(node: &Node, judge_from: &mut Instant, rates: (f64, f64)) -> Result<(), GatewayError> {
    if node.presence.renew(node.hub.len()).await? == Renewal::Regained {
        *judge_from = Instant::now() + node.presence.lease();
        node.mark_everybody();
    }
    node.presence.tell(&State::of(rates), node.hub.count_by_app()).await?;
    node.presence.count_minute().await?;
    if Instant::now() < *judge_from {
        return Ok(());
    }
    for dead in node.presence.dead_nodes().await? {
        tracing::info!(node = %dead, "a node's lease ran out: its users are offline");
        comings::retire(node, &dead).await?;
    }
    Ok(())
}

async fn drain(node: &Node) {
    let sockets = node.hub.all();
    let pause = Duration::from_secs(node.config.drain_seconds) / u32::try_from(sockets.len().max(1)).unwrap_or(1);
    for socket in sockets {
        socket.close(Close::GoingAway);
        tokio::time::sleep(pause).await;
    }
    let gone = async {
        while node.hub.len() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(GOODBYE, gone).await.is_err() {
        tracing::debug!(sockets = node.hub.len(), "some sockets did not say goodbye");
    }
    // Who came to another node meanwhile never went.
    tokio::time::sleep(Duration::from_millis(node.config.offline_grace_ms)).await;
    if let Err(error) = leave_for_good(node).await {
        tracing::warn!(%error, "the node's lease is left to run out");
    }
}

/// What is left under the lease belongs to users who are gone.
async fn leave_for_good(node: &Node) -> Result<(), GatewayError> {
    let own = node.presence.node_id();
    node.presence.end_lease(own).await?;
    comings::retire(node, own).await
}
