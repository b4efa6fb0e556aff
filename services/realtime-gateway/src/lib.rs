//! The WebSocket edge: sockets, presence, live events.
//!
//! A frame's way out: the bus delivers an event of a channel ([`dispatch`]); messages are put in order and repeats
//! dropped ([`order`]); the event is encoded once for each protocol variant ([`frame`]); the same bytes go into the
//! bounded queue of every socket of the channel's room ([`hub`], [`socket`]); the socket's one task writes them
//! ([`connection`]). A frame's way in is [`connection`] alone.
//!
//! The node owns nothing durable. What it knows of who is online lies in Redis under a lease ([`presence`]).

use std::sync::Arc;

use halley_bus::Bus;
use halley_kit::{Lifecycle, Transport};
use tonic::service::Routes;

mod close;
mod config;
mod connection;
mod dispatch;
mod error;
mod frame;
mod hub;
mod node;
mod order;
mod presence;
mod rpc;
mod socket;

pub use config::GatewayConfig;
pub use error::GatewayError;

use halley_contracts::realtime::v1::realtime_service_server::RealtimeServiceServer;

/// What a node needs. The transports are an edge's: the gateway says who the caller is.
pub struct Dependencies {
    /// Who a socket's credential stands for.
    pub auth: Transport,
    /// Users, for presence events and last-active times.
    pub identity: Transport,
    /// Which rooms a socket belongs in.
    pub groups: Transport,
    /// Receipts from sockets, and messages that the live feed lost.
    pub messaging: Transport,
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
    let lifecycle = needs.lifecycle.clone();
    let (subscriptions, deliveries) = needs.bus.subscriber(lifecycle.stopping());
    let node = Arc::new(node::Node::new(config, needs, subscriptions));
    node.presence.join(&lifecycle).await?;
    dispatch::start(Arc::clone(&node), deliveries).await;
    node::drain_at_end(Arc::clone(&node));
    let routes = Routes::new(RealtimeServiceServer::new(rpc::Realtime::new(node.presence.clone(), node.groups.clone())));
    Ok(Gateway { sockets: connection::router(node), routes })
}
