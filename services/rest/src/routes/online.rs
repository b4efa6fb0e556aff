//! How many users are online: asked of the socket's host, with the session instead of an auth token.

use std::sync::Arc;

use axum::{
    extract::State as Shared,
    http::{header::AUTHORIZATION, request::Parts},
};
use halley_contracts::{
    auth::v1::{authenticate_request::Credential, authenticate_response::Principal},
    realtime::v1::CountOnlineRequest,
};
use halley_kit::Caller;
use halley_model::{ErrorCode, limits};
use serde_json::{Map, Value, json};

use crate::{
    caller,
    input::Body,
    openapi::{answer, body, path},
    reply::{ApiError, Reply, data},
    state::State,
};
use halley_wire::schema;

/// Counts who is online.
///
/// With the session of a login in place of a credential.
#[utoipa::path(
    post, path = "/api/{version}/online-members", tag = "me", operation_id = "count-online-members",
    params(path::Version),
    request_body = Option<body::OnlineOf>,
    responses((status = 200, body = schema::Data<answer::Online>)),
    security(("appId" = [], "session" = [])),
    extensions(("x-errors" = json!(["AUTH_ERR_EMPTY_AUTH_TOKEN", "AUTH_ERR_AUTH_TOKEN_NOT_FOUND"])))
)]
pub async fn count(Shared(state): Shared<Arc<State>>, parts: Parts, body: Body) -> Reply {
    let app_id = caller::app_id(&parts)?;
    let token = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if token.is_empty() {
        return Err(ApiError::code(ErrorCode::EmptyAuthToken));
    }
    let session = state.session(&parts, app_id.as_str(), Credential::SessionToken(token.to_owned())).await?;
    let Principal::User(user) = session.principal else { return Err(ApiError::code(ErrorCode::AuthTokenNotValid)) };
    let guids = body.texts("groups")?.unwrap_or_default();
    if guids.len() > limits::GROUPS_PER_CALL_MAX {
        return Err(ApiError::field(
            "groups",
            &format!("must not have more than {} entries", limits::GROUPS_PER_CALL_MAX),
        ));
    }
    let request = Caller::user(app_id.as_str(), user).request(CountOnlineRequest { guids: guids.clone() });
    let answer = state.realtime().count_online(request).await?.into_inner();
    let groups: Map<String, Value> =
        guids.into_iter().zip(answer.online_members.into_iter().map(Value::from)).collect();
    data(json!({"onlineUsersCount": answer.online_users, "groups": groups}))
}
