//! The WebSocket edge: sockets, presence, live events.
//!
//! A frame's way out: the bus delivers an event of a channel ([`dispatch`]); messages are put in order and repeats
//! dropped ([`order`]); the event is encoded once for each protocol variant ([`frame`]); the same bytes go into the
//! bounded queue of every socket of the channel's room ([`hub`], [`socket`]); the socket's one task writes them
//! ([`connection`]). A frame's way in is [`connection`] alone.
//!
//! Messages that a socket sends are stored by messaging, and the socket is told what became of them ([`sends`]). What
//! sockets send to each other and nobody stores (typing, transient messages) goes out by [`signals`] and comes back
//! like other events; [`typing`] and [`pace`] bound what rooms are told of it and of presence. What devices in a call send
//! to each other goes the same way, by [`calls`].
//!
//! The node owns nothing durable. What it knows of who is online lies in Redis under a lease ([`presence`], [`comings`]).

use std::sync::Arc;

use halley_apps::Apps;
use halley_bus::Bus;
use halley_edge::RateDefaults;
use halley_kit::{Lifecycle, Transport};
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

mod activity;
mod bucket;
mod calls;
mod close;
mod comings;
mod config;
mod connection;
mod directory;
mod dispatch;
mod error;
mod frame;
mod friends;
#[cfg(test)]
mod fuzz;
mod hub;
mod ice;
mod live;
mod node;
mod order;
mod pace;
mod presence;
mod receipts;
mod recent;
mod resume;
mod rpc;
mod sends;
mod signals;
mod socket;
mod typing;

pub use config::GatewayConfig;
pub use error::GatewayError;

use halley_contracts::realtime::v1::realtime_service_server::RealtimeServiceServer;

/// What a node needs. The transports are an edge's: the gateway says who the caller is.
pub struct Dependencies {
    /// Who a socket's credential stands for.
    pub auth: Transport,
    /// Users, for presence events and last-active times; who is whose friend, and who blocks whom.
    pub identity: Transport,
    /// Which rooms a socket belongs in.
    pub groups: Transport,
    /// Receipts and messages from sockets, messages that the live feed lost, counts of who is online, and who is in a call.
    pub messaging: Transport,
    /// Settings and limits of apps.
    pub apps: Apps,
    /// The HTTP edge's: what is sent over a socket counts as a call.
    pub rates: RateDefaults,
    /// Live events.
    pub bus: Bus,
    /// When to stop.
    pub lifecycle: Lifecycle,
}

/// A started node.
pub struct Gateway {
    /// Where sockets come in: `/`, `/ws` and `/ws:`.
    pub sockets: axum::Router,
    /// `RealtimeService`, for the HTTP edge.
    pub routes: Routes,
}

/// Starts a node: its lease in Redis, its feed of live events, its socket routes.
pub async fn start(config: GatewayConfig, needs: Dependencies) -> Result<Gateway, GatewayError> {
    let ended = CancellationToken::new();
    let (subscriptions, deliveries) = needs.bus.subscriber(ended.clone());
    let realtime_groups = needs.groups.clone();
    let node = Arc::new(node::Node::new(config, needs, subscriptions, ended));
    node::join(&node).await?;
    dispatch::start(Arc::clone(&node), deliveries).await;
    comings::start(Arc::clone(&node));
    friends::start(Arc::clone(&node));
    activity::start(Arc::clone(&node));
    node::keep(Arc::clone(&node));
    let realtime = rpc::Realtime::new(node.presence.clone(), realtime_groups);
    Ok(Gateway { sockets: connection::router(node), routes: Routes::new(RealtimeServiceServer::new(realtime)) })
}
