//! `AuthService`: one line for each call, in the contract's order.

use halley_contracts::auth::v1 as pb;
use halley_kit::Caller;
use pb::auth_service_server::AuthService;
use tonic::{Request, Response, Status};

use crate::{Auth, error::AuthError};

mod api_keys;
mod apps;
mod authenticate;
mod operators;
pub mod tokens;

type Answer<T> = Result<Response<T>, Status>;

/// A request about one app: its caller, if any, must be of that app.
fn of_app<T>(request: Request<T>, app_id: impl Fn(&T) -> &str) -> Result<(Option<Caller>, T), AuthError> {
    let caller = match request.metadata().contains_key(halley_kit::caller::METADATA_KEY) {
        true => Caller::of(&request).ok(),
        false => None,
    };
    let message = request.into_inner();
    let asked = app_id(&message);
    match caller {
        Some(caller) if caller.app_id() != asked => Err(AuthError::AppNotFound { app_id: asked.to_owned() }),
        caller => Ok((caller, message)),
    }
}

fn answer<T>(outcome: Result<T, AuthError>) -> Answer<T> {
    outcome.map(Response::new).map_err(Status::from)
}

#[tonic::async_trait]
impl AuthService for Auth {
    async fn create_app(&self, request: Request<pb::CreateAppRequest>) -> Answer<pb::CreateAppResponse> {
        answer(apps::create(self, request.into_inner()).await)
    }

    async fn get_app(&self, request: Request<pb::GetAppRequest>) -> Answer<pb::GetAppResponse> {
        answer(apps::get(self, request.into_inner()).await)
    }

    async fn list_apps(&self, request: Request<pb::ListAppsRequest>) -> Answer<pb::ListAppsResponse> {
        answer(apps::list(self, request.into_inner()).await)
    }

    async fn update_app(&self, request: Request<pb::UpdateAppRequest>) -> Answer<pb::UpdateAppResponse> {
        let (_, message) = of_app(request, |m| &m.app_id)?;
        answer(apps::update(self, message).await)
    }

    async fn create_api_key(&self, request: Request<pb::CreateApiKeyRequest>) -> Answer<pb::CreateApiKeyResponse> {
        let (_, message) = of_app(request, |m| &m.app_id)?;
        answer(api_keys::create(self, message).await)
    }

    async fn list_api_keys(&self, request: Request<pb::ListApiKeysRequest>) -> Answer<pb::ListApiKeysResponse> {
        let (_, message) = of_app(request, |m| &m.app_id)?;
        answer(api_keys::list(self, message).await)
    }

    async fn get_api_key(&self, request: Request<pb::GetApiKeyRequest>) -> Answer<pb::GetApiKeyResponse> {
        let (_, message) = of_app(request, |m| &m.app_id)?;
        answer(api_keys::get(self, message).await)
    }

    async fn update_api_key(&self, request: Request<pb::UpdateApiKeyRequest>) -> Answer<pb::UpdateApiKeyResponse> {
        let (caller, message) = of_app(request, |m| &m.app_id)?;
        answer(api_keys::update(self, caller.as_ref(), message).await)
    }

    async fn delete_api_key(&self, request: Request<pb::DeleteApiKeyRequest>) -> Answer<pb::DeleteApiKeyResponse> {
        let (caller, message) = of_app(request, |m| &m.app_id)?;
        answer(api_keys::delete(self, caller.as_ref(), message).await)
    }

    async fn create_auth_token(
        &self,
        request: Request<pb::CreateAuthTokenRequest>,
    ) -> Answer<pb::CreateAuthTokenResponse> {
        let (_, message) = of_app(request, |m| &m.app_id)?;
        answer(tokens::create(self, message).await)
    }

    async fn list_auth_tokens(&self, request: Request<pb::ListAuthTokensRequest>) -> Answer<pb::ListAuthTokensResponse> {
        let (_, message) = of_app(request, |m| &m.app_id)?;
        answer(tokens::list(self, message).await)
    }

    async fn get_auth_token(&self, request: Request<pb::GetAuthTokenRequest>) -> Answer<pb::GetAuthTokenResponse> {
        let (_, message) = of_app(request, |m| &m.app_id)?;
        answer(tokens::get(self, message).await)
    }

    async fn update_auth_token(
        &self,
        request: Request<pb::UpdateAuthTokenRequest>,
    ) -> Answer<pb::UpdateAuthTokenResponse> {
        let (_, message) = of_app(request, |m| &m.app_id)?;
        answer(tokens::update(self, message).await)
    }

    async fn delete_auth_token(
        &self,
        request: Request<pb::DeleteAuthTokenRequest>,
    ) -> Answer<pb::DeleteAuthTokenResponse> {
        let (_, message) = of_app(request, |m| &m.app_id)?;
        answer(tokens::delete(self, message).await)
    }

    async fn flush_auth_tokens(
        &self,
        request: Request<pb::FlushAuthTokensRequest>,
    ) -> Answer<pb::FlushAuthTokensResponse> {
        let (_, message) = of_app(request, |m| &m.app_id)?;
        let ended = tokens::flush(self, &message.app_id, &message.uid).await;
        answer(ended.map(|ended| pb::FlushAuthTokensResponse { ended }))
    }

    async fn authenticate(&self, request: Request<pb::AuthenticateRequest>) -> Answer<pb::AuthenticateResponse> {
        answer(authenticate::authenticate(self, request.into_inner()).await)
    }

    async fn start_session(&self, request: Request<pb::StartSessionRequest>) -> Answer<pb::StartSessionResponse> {
        let (_, message) = of_app(request, |m| &m.app_id)?;
        answer(authenticate::start_session(self, message).await)
    }

    async fn create_operator(&self, request: Request<pb::CreateOperatorRequest>) -> Answer<pb::CreateOperatorResponse> {
        answer(operators::create(self, request.into_inner()).await)
    }

    async fn authenticate_operator(
        &self,
        request: Request<pb::AuthenticateOperatorRequest>,
    ) -> Answer<pb::AuthenticateOperatorResponse> {
        answer(operators::authenticate(self, request.into_inner()).await)
    }

    async fn list_operators(&self, request: Request<pb::ListOperatorsRequest>) -> Answer<pb::ListOperatorsResponse> {
        answer(operators::list(self, request.into_inner()).await)
    }
}
