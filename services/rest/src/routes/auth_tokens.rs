//! A user's auth tokens, as the app's server side sees them.

use std::sync::Arc;

use axum::extract::Path;
use halley_contracts::auth::v1::{
    AuthToken, CreateAuthTokenRequest, DeleteAuthTokenRequest, FlushAuthTokensRequest, GetAuthTokenRequest,
    ListAuthTokensRequest, UpdateAuthTokenRequest,
};
use halley_wire::AuthTokenJson;

use crate::{
    caller::Context,
    input::{self, Body, Query},
    reply::{ApiError, Reply, data, done, page},
};

impl Context {
    /// A user's path segment, for calls about what belongs to an active user.
    async fn active_uid(&self, segment: &str) -> Result<String, ApiError> {
        let uid = input::uid(segment)?;
        self.active_user(&Arc::from(self.app_id()), &uid).await?;
        Ok(uid)
    }

    /// Makes an auth token for a user who is known to exist.
    pub async fn make_auth_token(&self, uid: &str, force: bool) -> Result<AuthToken, ApiError> {
        let request = CreateAuthTokenRequest { app_id: self.app_id().to_owned(), uid: uid.to_owned(), force };
        let answer = self.auth().create_auth_token(self.request(request)).await?;
        Ok(answer.into_inner().auth_token.unwrap_or_default())
    }
}

/// `POST /users/{uid}/auth_tokens`
pub async fn create(context: Context, Path(uid): Path<String>, body: Body) -> Reply {
    context.server_side()?;
    let force = body.flag("force")?;
    let uid = context.active_uid(&uid).await?;
    data(AuthTokenJson(&context.make_auth_token(&uid, force).await?))
}

/// `GET /users/{uid}/auth_tokens`
pub async fn list(context: Context, Path(uid): Path<String>, query: Query) -> Reply {
    context.server_side()?;
    let uid = context.active_uid(&uid).await?;
    let request = ListAuthTokensRequest { app_id: context.app_id().to_owned(), uid, page: Some(query.page()?) };
    let answer = context.auth().list_auth_tokens(context.request(request)).await?.into_inner();
    let rows: Vec<_> = answer.auth_tokens.iter().map(AuthTokenJson).collect();
    page(rows, answer.page)
}

/// `DELETE /users/{uid}/auth_tokens`
pub async fn flush(context: Context, Path(uid): Path<String>) -> Reply {
    context.server_side()?;
    let uid = context.active_uid(&uid).await?;
    let request = FlushAuthTokensRequest { app_id: context.app_id().to_owned(), uid };
    let ended = context.auth().flush_auth_tokens(context.request(request)).await?.into_inner().ended;
    done(&format!("{ended} auth tokens are ended."))
}

/// `GET /users/{uid}/auth_tokens/{authToken}`
pub async fn get(context: Context, Path((uid, auth_token)): Path<(String, String)>) -> Reply {
    context.server_side()?;
    let uid = context.active_uid(&uid).await?;
    let request = GetAuthTokenRequest { app_id: context.app_id().to_owned(), uid, auth_token };
    let answer = context.auth().get_auth_token(context.request(request)).await?;
    show(answer.into_inner().auth_token)
}

/// `PUT /users/{uid}/auth_tokens/{authToken}`
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

/// `DELETE /users/{uid}/auth_tokens/{authToken}`
pub async fn delete(context: Context, Path((uid, auth_token)): Path<(String, String)>) -> Reply {
    context.server_side()?;
    let uid = context.active_uid(&uid).await?;
    let request = DeleteAuthTokenRequest { app_id: context.app_id().to_owned(), uid, auth_token };
    context.auth().delete_auth_token(context.request(request)).await?;
    done("The auth token is ended.")
}

fn show(token: Option<AuthToken>) -> Reply {
    data(AuthTokenJson(&token.unwrap_or_default()))
}
