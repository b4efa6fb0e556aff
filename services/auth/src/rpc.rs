//! `AuthService`: one line for each call, in the contract's order.

use halley_contracts::auth::v1 as pb;
use pb::auth_service_server::AuthService;
use tonic::{Request, Response, Status};

use crate::{
    Auth,
    access::{May, of_app, of_installation},
    error::AuthError,
};

mod api_keys;
mod apps;
mod authenticate;
mod export;
mod management;
pub mod operators;
mod push_tokens;
pub mod tokens;
mod webhook_targets;

type Answer<T> = Result<Response<T>, Status>;

fn answer<T>(outcome: Result<T, AuthError>) -> Answer<T> {
    outcome.map(Response::new).map_err(Status::from)
}

#[tonic::async_trait]
impl AuthService for Auth {
    async fn create_app(&self, request: Request<pb::CreateAppRequest>) -> Answer<pb::CreateAppResponse> {
        answer(apps::create(self, of_installation(request)?).await)
    }

    async fn get_app(&self, request: Request<pb::GetAppRequest>) -> Answer<pb::GetAppResponse> {
        let (_, message) = of_app(request, |m| &mut m.app_id, |_| May::Anybody)?;
        answer(apps::get(self, message).await)
    }

    async fn list_apps(&self, request: Request<pb::ListAppsRequest>) -> Answer<pb::ListAppsResponse> {
        answer(apps::list(self, of_installation(request)?).await)
    }

    async fn list_removed_apps(
        &self,
        request: Request<pb::ListRemovedAppsRequest>,
    ) -> Answer<pb::ListRemovedAppsResponse> {
        answer(apps::list_removed(self, of_installation(request)?).await)
    }

    async fn update_app(&self, request: Request<pb::UpdateAppRequest>) -> Answer<pb::UpdateAppResponse> {
        let (_, message) = of_app(request, |m| &mut m.app_id, |_| May::ServerSide)?;
        answer(apps::update(self, message).await)
    }

    async fn create_api_key(&self, request: Request<pb::CreateApiKeyRequest>) -> Answer<pb::CreateApiKeyResponse> {
        let (_, message) = of_app(request, |m| &mut m.app_id, |_| May::ServerSide)?;
        answer(api_keys::create(self, message).await)
    }

    async fn list_api_keys(&self, request: Request<pb::ListApiKeysRequest>) -> Answer<pb::ListApiKeysResponse> {
        let (_, message) = of_app(request, |m| &mut m.app_id, |_| May::ServerSide)?;
        answer(api_keys::list(self, message).await)
    }

    async fn get_api_key(&self, request: Request<pb::GetApiKeyRequest>) -> Answer<pb::GetApiKeyResponse> {
        let (_, message) = of_app(request, |m| &mut m.app_id, |_| May::ServerSide)?;
        answer(api_keys::get(self, message).await)
    }

    async fn update_api_key(&self, request: Request<pb::UpdateApiKeyRequest>) -> Answer<pb::UpdateApiKeyResponse> {
        let (caller, message) = of_app(request, |m| &mut m.app_id, |_| May::ServerSide)?;
        answer(api_keys::update(self, caller.as_ref(), message).await)
    }

    async fn delete_api_key(&self, request: Request<pb::DeleteApiKeyRequest>) -> Answer<pb::DeleteApiKeyResponse> {
        let (caller, message) = of_app(request, |m| &mut m.app_id, |_| May::ServerSide)?;
        answer(api_keys::delete(self, caller.as_ref(), message).await)
    }

    async fn create_auth_token(
        &self,
        request: Request<pb::CreateAuthTokenRequest>,
    ) -> Answer<pb::CreateAuthTokenResponse> {
        let (_, message) = of_app(request, |m| &mut m.app_id, |_| May::AnyKey)?;
        answer(tokens::create(self, message).await)
    }

    async fn list_auth_tokens(
        &self,
        request: Request<pb::ListAuthTokensRequest>,
    ) -> Answer<pb::ListAuthTokensResponse> {
        let (_, message) = of_app(request, |m| &mut m.app_id, |_| May::ServerSide)?;
        answer(tokens::list(self, message).await)
    }

    async fn get_auth_token(&self, request: Request<pb::GetAuthTokenRequest>) -> Answer<pb::GetAuthTokenResponse> {
        let (_, message) = of_app(request, |m| &mut m.app_id, |_| May::ServerSide)?;
        answer(tokens::get(self, message).await)
    }

    async fn update_auth_token(
        &self,
        request: Request<pb::UpdateAuthTokenRequest>,
    ) -> Answer<pb::UpdateAuthTokenResponse> {
        let (_, message) = of_app(request, |m| &mut m.app_id, |_| May::ServerSide)?;
        answer(tokens::update(self, message).await)
    }

    async fn delete_auth_token(
        &self,
        request: Request<pb::DeleteAuthTokenRequest>,
    ) -> Answer<pb::DeleteAuthTokenResponse> {
        let (_, message) = of_app(request, |m| &mut m.app_id, |m| May::Own(&m.uid))?;
        answer(tokens::delete(self, message).await)
    }

    async fn flush_auth_tokens(
        &self,
        request: Request<pb::FlushAuthTokensRequest>,
    ) -> Answer<pb::FlushAuthTokensResponse> {
        let (_, message) = of_app(request, |m| &mut m.app_id, |_| May::ServerSide)?;
        let ended = tokens::flush(self, &message.app_id, &message.uid, None).await;
        answer(ended.map(|ended| pb::FlushAuthTokensResponse { ended }))
    }

    async fn authenticate(&self, request: Request<pb::AuthenticateRequest>) -> Answer<pb::AuthenticateResponse> {
        answer(authenticate::authenticate(self, request.into_inner()).await)
    }

    async fn start_session(&self, request: Request<pb::StartSessionRequest>) -> Answer<pb::StartSessionResponse> {
        let (_, message) = of_app(request, |m| &mut m.app_id, |_| May::Anybody)?;
        answer(authenticate::start_session(self, message).await)
    }

    async fn export_user(&self, request: Request<pb::ExportUserRequest>) -> Answer<pb::ExportUserResponse> {
        let (_, message) = of_app(request, |m| &mut m.app_id, |_| May::ServerSide)?;
        answer(export::export(self, message).await)
    }

    async fn create_operator(&self, request: Request<pb::CreateOperatorRequest>) -> Answer<pb::CreateOperatorResponse> {
        answer(operators::create(self, of_installation(request)?).await)
    }

    async fn authenticate_operator(
        &self,
        request: Request<pb::AuthenticateOperatorRequest>,
    ) -> Answer<pb::AuthenticateOperatorResponse> {
        answer(operators::authenticate(self, of_installation(request)?).await)
    }

    async fn list_operators(&self, request: Request<pb::ListOperatorsRequest>) -> Answer<pb::ListOperatorsResponse> {
        answer(operators::list(self, of_installation(request)?).await)
    }
}
