//! Every path that the edge serves; one file for an area.

use std::sync::Arc;

use axum::{
    Router,
    http::Uri,
    routing::{delete, get, patch, post, put},
};
use halley_model::ErrorCode;

use crate::{
    reply::{ApiError, Reply, data},
    state::State,
};

mod api_keys;
mod auth_tokens;
mod banned;
mod blocked;
mod bots;
mod calls;
mod conversation_pins;
mod conversations;
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
mod online;
mod outgoing;
mod push_tokens;
mod reactions;
mod rights;
mod roles;
mod settings;
mod threads;
mod users;
mod webhooks;

pub use settings::public_host;

/// The API under both of its prefixes, and what clients ask of the host of the socket.
pub fn router(state: Arc<State>) -> Router {
    let api = app_side().merge(people()).merge(talk()).merge(calls()).merge(reports()).merge(logged_in());
    Router::new()
        .nest("/v3", api.clone().merge(managed()))
        .nest("/v3.0", api)
        // Documents give the management of apps a host of its own, without a version.
        .merge(managed())
        .route("/api/{version}/online-members", post(online::count))
        // Where a port is part of CHAT_HOST, clients put this path behind the socket's.
        .route("/ws/api/{version}/online-members", post(online::count))
        .route("/media/{app}", post(media::upload))
        .route("/media/{app}/{name}", get(media::download))
        .fallback(unknown)
        .with_state(state)
}

/// What only the app's server side may call.
fn app_side() -> Router<Arc<State>> {
    Router::new()
        .route("/apikeys", post(api_keys::create).get(api_keys::list))
        .route("/apikeys/{apiKey}", get(api_keys::get).put(api_keys::update).delete(api_keys::delete))
        .route("/users/{uid}/auth_tokens", post(auth_tokens::create).get(auth_tokens::list).delete(auth_tokens::flush))
        .route(
            "/users/{uid}/auth_tokens/{authToken}",
            get(auth_tokens::get).put(auth_tokens::update).delete(auth_tokens::delete),
        )
        .route("/roles", post(roles::create).get(roles::list))
        .route("/roles/{role}", get(roles::get).put(roles::update).delete(roles::delete))
        .route(
            "/roles/{role}/restrictedfeatures",
            post(rights::restrict).get(rights::list_restricted).delete(rights::allow),
        )
        .route("/roles/{role}/permissions", get(rights::list_of_role).put(rights::set_of_role))
        .route("/roles/{role}/permissions/{permission}", delete(rights::unset_of_role))
        .route("/groups/{guid}/scopes/{scope}/permissions", get(rights::list_of_scope).put(rights::set_of_scope))
        .route("/groups/{guid}/scopes/{scope}/permissions/{permission}", delete(rights::unset_of_scope))
        .route("/bots", post(bots::create).get(bots::list))
        .route("/bots/{uid}", delete(bots::delete))
        .route("/bots/{uid}/messages", post(bots::send))
        .route("/conversations/pinned", get(conversation_pins::list_system).put(conversation_pins::replace_system))
        .route("/users/{uid}/friends", post(friends::add).get(friends::list).delete(friends::remove))
        .route("/users/{uid}/blockedusers", post(blocked::block).get(blocked::list).delete(blocked::unblock))
        .route("/data_import/users", post(import::users))
        .route("/data_import/groups", post(import::groups))
        .route("/data_import/members", post(import::members))
        .route("/data_import/messages", post(import::messages))
}

/// What operators do with apps, by management key.
fn managed() -> Router<Arc<State>> {
    Router::new()
        .route("/tenants", post(management::create_tenant))
        .route("/apps", post(management::create).get(management::list))
        .route("/apps/{appId}", get(management::get).delete(management::delete))
        .route("/apps/{appId}/usage", post(management::usage))
        .route(
            "/apps/{appId}/collaborators",
            post(management::change_collaborators).get(management::list_collaborators),
        )
        .route(
            "/apps/{appId}/settings",
            post(management::set_settings).get(management::get_settings).delete(management::unset_settings),
        )
        .route("/apps/{appId}/webhooks", post(webhooks::create).get(webhooks::list))
        .route("/apps/{appId}/webhooks/{webhookId}", get(webhooks::get).put(webhooks::update).delete(webhooks::delete))
        .route(
            "/apps/{appId}/webhooks/{webhookId}/triggers",
            post(webhooks::add_triggers).get(webhooks::list_triggers).delete(webhooks::remove_triggers),
        )
}

fn people() -> Router<Arc<State>> {
    Router::new()
        .route("/users", post(users::create).get(users::list).put(users::reactivate).delete(users::deactivate))
        .route("/users/{uid}", get(users::get).put(users::update).delete(users::delete))
        .route("/groups", post(groups::create).get(groups::list))
        .route("/groups/{guid}", get(groups::get).put(groups::update).delete(groups::delete))
        .route("/groups/{guid}/owner", patch(groups::transfer))
        .route(
            "/groups/{guid}/members",
            get(members::list).post(members::add_or_join).put(members::add).delete(members::leave),
        )
        .route("/groups/{guid}/members/{uid}", put(members::change_scope).delete(members::kick))
        .route("/groups/{guid}/bannedusers", get(banned::list))
        .route("/groups/{guid}/bannedusers/{uid}", post(banned::ban).delete(banned::unban))
}

fn talk() -> Router<Arc<State>> {
    Router::new()
        .route("/messages", post(messages::send).get(messages::list_all))
        .route("/messages/{id}", get(messages::get).put(messages::edit).delete(messages::delete))
        .route("/messages/{id}/pin", post(marks::pin).delete(marks::unpin))
        .route("/messages/{id}/save", post(marks::save).delete(marks::unsave))
        .route("/messages/{id}/reactions", get(reactions::list))
        .route(
            "/messages/{id}/reactions/{reaction}",
            get(reactions::list_one).post(reactions::add).delete(reactions::remove),
        )
        .route("/messages/{id}/thread", post(messages::reply).get(messages::list_thread))
        .route("/messages/{id}/thread/subscription", post(threads::subscribe).delete(threads::unsubscribe))
        .route("/messages/{id}/interacted", patch(interactions::mark))
        .route("/threads", get(threads::list_all))
        .route("/users/{uid}/threads", get(threads::list_with_user))
        .route("/groups/{guid}/threads", get(threads::list_of_group))
        .route("/users/{uid}/messages", get(messages::list_with_user))
        .route("/groups/{guid}/messages", get(messages::list_of_group))
        .route("/conversations", get(conversations::list))
        // Deprecated; the two below are the newer forms.
        .route("/conversations/{conversationId}", get(conversations::get_by_id).delete(conversations::reset_by_id))
        .route(
            "/users/{uid}/conversation",
            get(conversations::get_with_user)
                .put(conversations::update_with_user)
                .delete(conversations::reset_with_user),
        )
        .route(
            "/groups/{guid}/conversation",
            get(conversations::get_of_group).put(conversations::update_of_group).delete(conversations::reset_of_group),
        )
        .route(
            "/users/{uid}/conversation/read",
            post(conversations::read_with_user).delete(conversations::unread_with_user),
        )
        .route(
            "/groups/{guid}/conversation/read",
            post(conversations::read_of_group).delete(conversations::unread_of_group),
        )
        .route(
            "/users/{uid}/conversation/pin",
            post(conversation_pins::pin_with_user).delete(conversation_pins::unpin_with_user),
        )
        .route(
            "/groups/{guid}/conversation/pin",
            post(conversation_pins::pin_of_group).delete(conversation_pins::unpin_of_group),
        )
        .route("/users/{uid}/conversation/delivered", post(conversations::delivered_with_user))
        .route("/groups/{guid}/conversation/delivered", post(conversations::delivered_of_group))
}

fn calls() -> Router<Arc<State>> {
    Router::new()
        .route("/calls", post(calls::initiate).get(calls::list).put(calls::update_nothing))
        .route("/calls/{sessionId}", get(calls::get).put(calls::update))
        .route("/calls/{sessionId}/transcriptions", get(calls::transcriptions))
}

/// Reports of messages, and how much the app is used.
fn reports() -> Router<Arc<State>> {
    Router::new()
        .route("/messages/{id}/flagged", post(moderation::flag))
        .route("/moderation/flagged-messages", get(moderation::list_flagged))
        .route("/moderation/flagged-messages/{id}", patch(moderation::review))
        .route("/moderation/reviewed-messages", get(moderation::list_reviewed))
        .route("/moderation/reasons", post(moderation::create_reason).get(moderation::list_reasons))
        .route(
            "/moderation/reasons/{id}",
            get(moderation::get_reason).put(moderation::update_reason).delete(moderation::delete_reason),
        )
        .route("/stats", get(metrics::usage))
        .route("/stats/messages", get(metrics::messages))
}

/// What a client calls about itself.
fn logged_in() -> Router<Arc<State>> {
    Router::new()
        .route("/me", get(me::get).put(me::put).delete(me::logout))
        .route("/blockedusers", post(blocked::block_own).get(blocked::list_own).delete(blocked::unblock_own))
        .route("/settings", get(settings::get))
        .route("/files/upload-url", post(media::permit))
        .route(
            "/notifications/push/v1/tokens",
            post(push_tokens::register).get(push_tokens::list).delete(push_tokens::unregister),
        )
        .route("/notifications/push/v1/tokens/{pushToken}", delete(push_tokens::delete))
        // Clients tell of browser and screen some seconds after a login; an error would be thrown in the page.
        .route("/user_sessions", post(async || -> Reply { data(serde_json::json!({})) }))
}

/// `/v9/users` is a version that there is not; everything else is no path at all.
async fn unknown(uri: Uri) -> ApiError {
    let first = uri.path().split('/').nth(1).unwrap_or_default();
    let is_version = first.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let is_served = matches!(first, "v3" | "v3.0");
    ApiError::code(if is_version && !is_served { ErrorCode::InvalidApiVersion } else { ErrorCode::ApiNotFound })
}
