//! The HTTP edge: REST API v3, for an app's server (API key) and for its users' clients (auth token) alike.
//!
//! A request's way: [`edge`] puts the bounds and the CORS headers around everything; [`caller`] says who calls,
//! [`rates`] whether that is too often, or guessed, and [`rights`] what their role forbids (both ask `halley_edge`); a handler
//! in [`routes`] reads the input ([`input`]), asks the services ([`state`]), and answers the envelope ([`reply`]). Operators come
//! with a session ([`session_cookie`]) in place of a key, and what they change is written down ([`audit`]). No rule
//! of chat lives here: what needs two services (a member must be a user, a membership makes an action message) is
//! put together here, and nothing else.

use std::sync::Arc;

use axum::Router;
use halley_apps::Apps;
use halley_bus::Bus;
use halley_kit::{Lifecycle, MasterKey, Transport};

mod audit;
mod caller;
mod config;
mod edge;
#[cfg(test)]
mod fuzz;
mod input;
mod media;
mod openapi;
mod people;
mod rates;
mod reply;
mod rights;
mod routes;
mod session_cookie;
mod sessions;
mod state;
pub mod tls;
mod web;

pub use config::RestConfig;

/// What the edge needs. The transports are an edge's: it says who the caller is.
pub struct Dependencies {
    /// Apps, keys, tokens.
    pub auth: Transport,
    /// Users.
    pub identity: Transport,
    /// Groups.
    pub groups: Transport,
    /// Messages.
    pub messaging: Transport,
    /// What webhooks were called with.
    pub webhooks: Transport,
    /// Who is online.
    pub realtime: Transport,
    /// Settings and limits of apps.
    pub apps: Apps,
    /// Facts that keep the caches true, and the counters of rate limits.
    pub bus: Bus,
    /// What permissions to upload are signed with.
    pub master_key: MasterKey,
    /// When to stop.
    pub lifecycle: Lifecycle,
}

/// Why the edge can't start.
#[derive(Debug, thiserror::Error)]
pub enum RestError {
    /// Redis does not answer.
    #[error(transparent)]
    Bus(#[from] halley_bus::BusError),
    /// Files can't be kept.
    #[error(transparent)]
    Media(#[from] media::OpenError),
    /// `media_url` is no address.
    #[error("rest.media_url: must begin with http:// or https://")]
    MediaUrl,
}

/// Starts the edge; its router serves `/v3`, `/v3.0`, `/apps`, `/tenants`, `/api`, `/media`, `/docs`, `/openapi.json`,
/// `/chat` and `/dashboard`, and refuses every other path.
pub async fn start(config: RestConfig, needs: Dependencies) -> Result<Router, RestError> {
    let state = Arc::new(state::State::start(config, needs).await?);
    Ok(edge::wrap(routes::router(Arc::clone(&state)), state))
}
