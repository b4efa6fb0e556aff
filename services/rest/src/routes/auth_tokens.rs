//! A user's auth tokens, as the app's server side sees them.

use std::sync::Arc;

use axum::extract::Path;
use halley_contracts::auth::v1::{
    AuthToken, CreateAuthTokenRequest, DeleteAuthTokenRequest, FlushAuthTokensRequest, GetAuthTokenRequest,
    ListAuthTokensRequest, UpdateAuthTokenRequest, authenticate_request::Credential,
};
use halley_wire::{AuthTokenJson, schema};

use crate::{
    caller::Context,
    input::{self, Body, Query},
    openapi::{body, path, query},
    reply::{ApiError, Reply, data, done, page},
    sessions::Ended,
};

impl Context {
    /// A user's path segment, for calls about what belongs to an active user.
    async fn active_uid(&self, segment: &str) -> Result<String, ApiError> {
        let uid = input::uid(segment)?;
        self.people.active_user(&Arc::from(self.app_id()), &uid).await?;
        Ok(uid)
    }

    /// Makes an auth token for a user who is known to exist.
    pub async fn make_auth_token(&self, uid: &str, force: bool) -> Result<AuthToken, ApiError> {
        let request = CreateAuthTokenRequest { app_id: self.app_id().to_owned(), uid: uid.to_owned(), force };
        let answer = self.auth().create_auth_token(self.request(request)).await?;
        Ok(answer.into_inner().auth_token.unwrap_or_default())
    }
}

/// Gives a user an auth token to log in with.
#[utoipa::path(
    post, path = "/users/{uid}/auth_tokens", tag = "auth-tokens", operation_id = "create-authtoken",
    params(path::Uid),
    request_body = Option<body::NewAuthToken>,
    responses((status = 200, body = schema::Data<schema::AuthToken>))
)]
pub async fn create(context: Context, Path(uid): Path<String>, body: Body) -> Reply {
    context.server_side()?;
    let force = body.flag("force")?;
    let uid = input::uid(&uid)?;
    context.people.ask_for_active_user(context.app_id(), &uid).await?;
    data(AuthTokenJson(&context.make_auth_token(&uid, force).await?))
}

/// Lists a user's auth tokens, the newest first.
#[utoipa::path(
    get, path = "/users/{uid}/auth_tokens", tag = "auth-tokens", operation_id = "list-authtokens",
    params(path::Uid, query::Page),
    responses((status = 200, body = schema::Page<schema::AuthToken>))
)]
pub async fn list(context: Context, Path(uid): Path<String>, query: Query) -> Reply {
    context.server_side()?;
    let uid = context.active_uid(&uid).await?;
    let request = ListAuthTokensRequest { app_id: context.app_id().to_owned(), uid, page: Some(query.page()?) };
    let answer = context.auth().list_auth_tokens(context.request(request)).await?.into_inner();
    let rows: Vec<_> = answer.auth_tokens.iter().map(AuthTokenJson).collect();
    page(rows, answer.page)
}

/// Ends all auth tokens of a user.
#[utoipa::path(
    delete, path = "/users/{uid}/auth_tokens", tag = "auth-tokens", operation_id = "flush-authtokens",
    params(path::Uid),
    responses((status = 200, body = schema::Data<schema::Done>))
)]
pub async fn flush(context: Context, Path(uid): Path<String>) -> Reply {
    context.server_side()?;
    let uid = context.active_uid(&uid).await?;
    let request = FlushAuthTokensRequest { app_id: context.app_id().to_owned(), uid: uid.clone() };
    let ended = context.auth().flush_auth_tokens(context.request(request)).await?.into_inner().ended;
    context.ended(Ended::Ids { uid, ids: Vec::new() });
    done(&format!("{ended} auth tokens are ended."))
}

/// Shows an auth token.
#[utoipa::path(
    get, path = "/users/{uid}/auth_tokens/{authToken}", tag = "auth-tokens", operation_id = "get-authtoken",
    params(path::Uid, path::AuthToken),
    responses((status = 200, body = schema::Data<schema::AuthToken>)),
    extensions(("x-errors" = json!(["ERR_AUTH_TOKEN_NOT_FOUND", "ERR_AUTHTOKEN_NOT_ACCESSIBLE"])))
)]
pub async fn get(context: Context, Path((uid, auth_token)): Path<(String, String)>) -> Reply {
    context.server_side()?;
    let uid = context.active_uid(&uid).await?;
    let request = GetAuthTokenRequest { app_id: context.app_id().to_owned(), uid, auth_token };
    let answer = context.auth().get_auth_token(context.request(request)).await?;
    show(answer.into_inner().auth_token)
}

/// Changes what an auth token tells of its device.
#[utoipa::path(
    put, path = "/users/{uid}/auth_tokens/{authToken}", tag = "auth-tokens", operation_id = "update-authtoken",
    params(path::Uid, path::AuthToken),
    request_body = Option<body::AuthTokenChanges>,
    responses((status = 200, body = schema::Data<schema::AuthToken>)),
    extensions(("x-errors" = json!(["ERR_AUTH_TOKEN_NOT_FOUND", "ERR_AUTHTOKEN_NOT_ACCESSIBLE"])))
)]
pub async fn update(context: Context, Path((uid, auth_token)): Path<(String, String)>, body: Body) -> Reply {
    context.server_side()?;
    let request = UpdateAuthTokenRequest {
        app_id: context.app_id().to_owned(),
        platform: body.text("platform")?,
        user_agent: body.text("userAgent")?,
        app_info_json: body.object("appInfo")?,
        uid: context.active_uid(&uid).await?,
        auth_token,
    };
    let answer = context.auth().update_auth_token(context.request(request)).await?;
    show(answer.into_inner().auth_token)
}

/// Ends an auth token.
#[utoipa::path(
    delete, path = "/users/{uid}/auth_tokens/{authToken}", tag = "auth-tokens", operation_id = "delete-authtoken",
    params(path::Uid, path::AuthToken),
    responses((status = 200, body = schema::Data<schema::Done>)),
    extensions(("x-errors" = json!(["ERR_AUTH_TOKEN_NOT_FOUND", "ERR_AUTHTOKEN_NOT_ACCESSIBLE"])))
)]
pub async fn delete(context: Context, Path((uid, auth_token)): Path<(String, String)>) -> Reply {
    context.server_side()?;
    let uid = context.active_uid(&uid).await?;
    let request = DeleteAuthTokenRequest { app_id: context.app_id().to_owned(), uid, auth_token: auth_token.clone() };
    context.auth().delete_auth_token(context.request(request)).await?;
    context.ended(Ended::Credential(Credential::AuthToken(auth_token)));
    done("The auth token is ended.")
}

fn show(token: Option<AuthToken>) -> Reply {
    data(AuthTokenJson(&token.unwrap_or_default()))
}
