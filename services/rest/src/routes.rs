//! Every path that the edge serves; one file for an area.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Router,
    http::Uri,
    routing::{get, post},
};
use halley_model::ErrorCode;
use halley_wire::schema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    openapi::{self, Callers},
    reply::{ApiError, Reply, data},
    state::State,
    web,
};

mod api_keys;
mod auth_tokens;
mod banned;
mod blocked;
mod bots;
mod calls;
mod conversation_pins;
mod conversations;
mod deliveries;
mod export;
mod friends;
mod groups;
mod import;
mod interactions;
mod management;
mod marks;
mod me;
mod media;
mod members;
mod messages;
mod metrics;
mod moderation;
mod nodes;
mod online;
mod operators;
mod outgoing;
mod push_tokens;
mod reactions;
mod rights;
mod roles;
mod room_size;
mod settings;
mod threads;
mod users;
mod webhooks;

pub use settings::public_host;

/// The API under both of its prefixes, and what clients ask of the host of the socket.
pub fn router(state: Arc<State>) -> Router {
    let (router, document) = described().split_for_parts();
    let pages = match openapi::complete(&document) {
        Ok(document) => openapi::pages(&document),
        Err(error) => {
            tracing::error!(%error, "the API's description can't be written");
            Router::new()
        }
    };
    let unversioned: Router<Arc<State>> = managed().into();
    let browsers = web::router(&state.config);
    router
        .nest("/v3.0", api().into())
        .merge(unversioned)
        .merge(pages)
        .merge(browsers)
        .fallback(unknown)
        .with_state(state)
}

/// The description of everything that is served.
pub fn description() -> utoipa::openapi::OpenApi {
    described().into_openapi()
}

fn described() -> OpenApiRouter<Arc<State>> {
    openapi::described()
        .nest("/v3", api().merge(managed()))
        .routes(routes!(online::count))
        // Where a port is part of CHAT_HOST, clients put this path behind the socket's.
        .route("/ws/api/{version}/online-members", post(online::count))
        .routes(routes!(room_size::count))
        .routes(routes!(media::upload))
        .routes(routes!(media::download))
}

fn api() -> OpenApiRouter<Arc<State>> {
    openapi::called_by(Callers::ServerSide, app_side())
        .merge(openapi::called_by(Callers::Anybody, people()))
        .merge(openapi::called_by(Callers::Anybody, talk()))
        .merge(openapi::called_by(Callers::Anybody, calls()))
        .merge(openapi::called_by(Callers::ServerSide, reports()))
        .merge(openapi::called_by(Callers::Users, logged_in()))
        .merge(openapi::called_by(Callers::Anybody, acting_user()))
        .merge(openapi::called_by(Callers::Sessions, operator_sessions()))
        .merge(openapi::called_by(Callers::Operators, operators()))
}

/// What only the app's server side may call.
fn app_side() -> OpenApiRouter<Arc<State>> {
    OpenApiRouter::new()
        .routes(routes!(api_keys::create, api_keys::list))
        .routes(routes!(api_keys::get, api_keys::update, api_keys::delete))
        .routes(routes!(auth_tokens::create, auth_tokens::list, auth_tokens::flush))
        .routes(routes!(auth_tokens::get, auth_tokens::update, auth_tokens::delete))
        .routes(routes!(roles::create, roles::list))
        .routes(routes!(roles::get, roles::update, roles::delete))
        .routes(routes!(rights::restrict, rights::list_restricted, rights::allow))
        .routes(routes!(rights::list_of_role, rights::set_of_role))
        .routes(routes!(rights::unset_of_role))
        .routes(routes!(rights::list_of_scope, rights::set_of_scope))
        .routes(routes!(rights::unset_of_scope))
        .routes(routes!(friends::add, friends::list, friends::remove))
        .routes(routes!(blocked::block, blocked::list, blocked::unblock))
        .routes(routes!(bots::create, bots::list))
        .routes(routes!(bots::delete))
        .routes(routes!(bots::send))
        .routes(routes!(conversation_pins::list_system, conversation_pins::replace_system))
        .routes(routes!(export::export))
        .routes(routes!(import::users))
        .routes(routes!(import::groups))
        .routes(routes!(import::members))
        .routes(routes!(import::messages))
}

fn people() -> OpenApiRouter<Arc<State>> {
    OpenApiRouter::new()
        .routes(routes!(users::create, users::list, users::reactivate, users::deactivate))
        .routes(routes!(users::get, users::update, users::delete))
        .routes(routes!(groups::create, groups::list))
        .routes(routes!(groups::get, groups::update, groups::delete))
        .routes(routes!(groups::transfer))
        .routes(routes!(members::list, members::add_or_join, members::add, members::leave))
        .routes(routes!(members::change_scope, members::kick))
        .routes(routes!(banned::list))
        .routes(routes!(banned::ban, banned::unban))
        // Some documents spell the same calls so.
        .route("/groups/{guid}/banned_members", get(banned::list))
        .route("/groups/{guid}/banned_members/{uid}", post(banned::ban).delete(banned::unban))
}

fn talk() -> OpenApiRouter<Arc<State>> {
    OpenApiRouter::new()
        .routes(routes!(messages::send, messages::list_all))
        .routes(routes!(messages::get, messages::edit, messages::delete))
        .routes(routes!(marks::pin, marks::unpin))
        .routes(routes!(marks::save, marks::unsave))
        .routes(routes!(reactions::list))
        .routes(routes!(reactions::list_one, reactions::add, reactions::remove))
        .routes(routes!(messages::reply, messages::list_thread))
        .routes(routes!(messages::list_with_user))
        .routes(routes!(messages::list_of_group))
        .routes(routes!(conversations::list))
        // Deprecated; the two below are the newer forms.
        .routes(routes!(conversations::get_by_id, conversations::reset_by_id))
        .routes(routes!(conversations::get_with_user, conversations::update_with_user, conversations::reset_with_user))
        .routes(routes!(conversations::get_of_group, conversations::update_of_group, conversations::reset_of_group))
        .routes(routes!(conversations::read_with_user, conversations::unread_with_user))
        .routes(routes!(conversations::read_of_group, conversations::unread_of_group))
        .routes(routes!(conversations::delivered_with_user))
        .routes(routes!(conversations::delivered_of_group))
        .routes(routes!(threads::subscribe, threads::unsubscribe))
        .routes(routes!(threads::list_all))
        .routes(routes!(threads::list_with_user))
        .routes(routes!(threads::list_of_group))
        .routes(routes!(conversation_pins::pin_with_user, conversation_pins::unpin_with_user))
        .routes(routes!(conversation_pins::pin_of_group, conversation_pins::unpin_of_group))
        .routes(routes!(interactions::mark))
        .routes(routes!(moderation::flag))
}

fn calls() -> OpenApiRouter<Arc<State>> {
    OpenApiRouter::new()
        .routes(routes!(calls::initiate, calls::list, calls::update_nothing))
        .routes(routes!(calls::get, calls::update))
        .routes(routes!(calls::transcriptions))
}

/// Reports of messages, and how much the app is used.
fn reports() -> OpenApiRouter<Arc<State>> {
    OpenApiRouter::new()
        .routes(routes!(moderation::list_flagged))
        .routes(routes!(moderation::review))
        .routes(routes!(moderation::list_reviewed))
        .routes(routes!(moderation::create_reason, moderation::list_reasons))
        .routes(routes!(moderation::get_reason, moderation::update_reason, moderation::delete_reason))
        .routes(routes!(metrics::usage))
        .routes(routes!(metrics::messages))
        .routes(routes!(nodes::of_app))
}

/// What operators do with apps, by session or management key. Documents give it a host of its own, without a version.
fn managed() -> OpenApiRouter<Arc<State>> {
    let all = OpenApiRouter::new()
        .routes(routes!(management::create_tenant))
        .routes(routes!(management::create, management::list))
        .routes(routes!(management::get, management::delete))
        .routes(routes!(management::usage))
        .routes(routes!(operators::list_actions_of_app))
        .routes(routes!(management::change_collaborators, management::list_collaborators))
        .routes(routes!(management::set_settings, management::get_settings, management::unset_settings))
        .routes(routes!(webhooks::create, webhooks::list))
        .routes(routes!(webhooks::get, webhooks::update, webhooks::delete))
        .routes(routes!(webhooks::add_triggers, webhooks::list_triggers, webhooks::remove_triggers))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::get))
        .routes(routes!(deliveries::redeliver))
        .routes(routes!(deliveries::test));
    openapi::called_by(Callers::Operators, all)
}

/// How an operator comes and goes.
fn operator_sessions() -> OpenApiRouter<Arc<State>> {
    OpenApiRouter::new().routes(routes!(operators::log_in)).routes(routes!(operators::current, operators::log_out))
}

/// Operators, and what they did.
fn operators() -> OpenApiRouter<Arc<State>> {
    OpenApiRouter::new()
        .routes(routes!(operators::create, operators::list))
        .routes(routes!(operators::update, operators::delete))
        .routes(routes!(operators::update_own))
        .routes(routes!(operators::list_keys))
        .routes(routes!(operators::revoke_key))
        .routes(routes!(operators::list_actions))
        .routes(routes!(nodes::list))
        .routes(routes!(nodes::connections))
}

/// What a client calls about itself.
fn logged_in() -> OpenApiRouter<Arc<State>> {
    OpenApiRouter::new().routes(routes!(me::get, me::put, me::logout)).routes(routes!(user_sessions))
}

/// What is about whoever acts, by itself or by an API key.
fn acting_user() -> OpenApiRouter<Arc<State>> {
    OpenApiRouter::new()
        .routes(routes!(blocked::block_own, blocked::list_own, blocked::unblock_own))
        .routes(routes!(settings::get))
        .routes(routes!(media::permit))
        .routes(routes!(push_tokens::register, push_tokens::list, push_tokens::unregister))
        .routes(routes!(push_tokens::delete))
}

/// Takes what clients tell of browser and screen, and keeps nothing of it.
///
/// They do so some seconds after a login, and an error would be thrown in the page.
#[utoipa::path(
    post, path = "/user_sessions", tag = "me", operation_id = "report-user-session",
    responses((status = 200, body = schema::Data<HashMap<String, String>>)),
    security(())
)]
async fn user_sessions() -> Reply {
    data(serde_json::json!({}))
}

/// `/v9/users` is a version that there is not; everything else is no path at all.
async fn unknown(uri: Uri) -> ApiError {
    let first = uri.path().split('/').nth(1).unwrap_or_default();
    let is_version = first.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let is_served = matches!(first, "v3" | "v3.0");
    ApiError::code(if is_version && !is_served { ErrorCode::InvalidApiVersion } else { ErrorCode::ApiNotFound })
}
