//! The logged-in user: login, own details, logout.

use axum::http::request::Parts;
use halley_contracts::{
    auth::v1::{DeleteAuthTokenRequest, StartSessionRequest, authenticate_request::Credential},
    identity::v1::{GetUserRequest, UpdateUserRequest, User, UserFields},
};
use halley_edge::Change;
use halley_model::{ErrorCode, field};
use serde_json::{Value, json};

use super::{settings, users};
use crate::{
    caller::Context,
    input::Body,
    openapi::{answer, body},
    reply::{ApiError, Reply, data, done},
    sessions::Ended,
};
use halley_wire::schema;

/// Longest device id, platform and user agent, in characters.
const DEVICE_TEXT_MAX: usize = 1000;
const DEVICE_ID_MAX: usize = 200;

/// Shows the logged-in user.
#[utoipa::path(
    get, path = "/me", tag = "me", operation_id = "get-me",
    responses((status = 200, body = schema::Data<schema::User>))
)]
pub async fn get(context: Context) -> Reply {
    let token = auth_token(&context)?;
    let request = GetUserRequest { uid: context.caller.require_uid()?.to_owned(), with_deactivated: false };
    let user = context.identity().get_user(context.request(request)).await?.into_inner().user.unwrap_or_default();
    let mut shown = context.show_user(&user).await;
    shown["authToken"] = json!(token);
    data(shown)
}

/// Logs a device in, changes own details, or both.
///
/// A login when it tells of a device, a change of own details when it tells of those. Every one gets the login's answer, because
/// clients read the same keys from each.
#[utoipa::path(
    put, path = "/me", tag = "me", operation_id = "update-me",
    request_body = Option<body::OwnDetails>,
    responses((status = 200, body = schema::Data<answer::LoggedIn>))
)]
pub async fn put(context: Context, parts: Parts, body: Body) -> Reply {
    let token = auth_token(&context)?;
    // Clients send their whole user back, but the role is not theirs to set.
    let fields = UserFields { role: None, ..users::fields(&body)? };
    let unset = body.texts("unset")?.unwrap_or_default();
    let session = session(&context, &body, &token)?;
    let user = own(&context, fields, unset).await?;
    let started = context.auth().start_session(session).await?.into_inner();
    let mut shown = context.show_user(&user).await;
    shown["authToken"] = json!(token);
    shown["jwt"] = json!(started.session_token);
    shown["settings"] = settings::of(&context, &parts).await?;
    data(shown)
}

/// The user, after the changes that the body asks for.
async fn own(context: &Context, fields: UserFields, unset: Vec<String>) -> Result<User, ApiError> {
    let uid = context.caller.require_uid()?.to_owned();
    if fields == UserFields::default() && unset.is_empty() {
        let request = GetUserRequest { uid, with_deactivated: false };
        return Ok(context.identity().get_user(context.request(request)).await?.into_inner().user.unwrap_or_default());
    }
    let request = UpdateUserRequest { uid: uid.clone(), fields: Some(fields), unset };
    let answer = context.identity().update_user(context.request(request)).await?;
    context.changed(Change::Users(vec![uid]));
    Ok(answer.into_inner().user.unwrap_or_default())
}

/// What the device tells of itself.
fn session(context: &Context, body: &Body, token: &str) -> Result<StartSessionRequest, ApiError> {
    let text = |name: &str, max: usize| -> Result<String, ApiError> {
        let text = body.text(name)?.unwrap_or_default();
        field::text(name, &text, max)?;
        Ok(text)
    };
    let device_id = match text("deviceId", DEVICE_ID_MAX)? {
        given if given.is_empty() => context.device_id.clone(),
        given => given,
    };
    let info = body.object("appInfo")?.unwrap_or_default();
    field::json_object("appInfo", &info, halley_model::limits::METADATA_MAX_BYTES)?;
    let agent = body.0.get("appInfo").and_then(|info| info.get("userAgent")).and_then(Value::as_str);
    Ok(StartSessionRequest {
        app_id: context.app_id().to_owned(),
        auth_token: token.to_owned(),
        device_id,
        platform: text("platform", DEVICE_TEXT_MAX)?,
        user_agent: agent.unwrap_or_default().chars().take(DEVICE_TEXT_MAX).collect(),
        app_info_json: info,
    })
}

/// Logs the device out: its auth token ends, and its socket with it.
#[utoipa::path(
    delete, path = "/me", tag = "me", operation_id = "logout",
    responses((status = 200, body = schema::Data<schema::Done>))
)]
pub async fn logout(context: Context) -> Reply {
    let auth_token = auth_token(&context)?;
    let uid = context.caller.require_uid()?.to_owned();
    let request = DeleteAuthTokenRequest { app_id: context.app_id().to_owned(), uid, auth_token: auth_token.clone() };
    context.auth().delete_auth_token(context.request(request)).await?;
    context.ended(Ended::Credential(Credential::AuthToken(auth_token)));
    done("The user is logged out.")
}

fn auth_token(context: &Context) -> Result<String, ApiError> {
    context.auth_token.clone().ok_or_else(|| ApiError::code(ErrorCode::EmptyAuthToken))
}
