//! `OperatorsService`: one line for each call, in the contract's order.

use halley_contracts::auth::v1::{self as pb, operators_service_server::OperatorsService};
use tonic::Request;

use super::{actions, keys, people, sessions};
use crate::{
    Auth,
    access::of_installation,
    rpc::{Answer, answer},
};

#[tonic::async_trait]
impl OperatorsService for Auth {
    async fn start_operator_session(
        &self,
        request: Request<pb::StartOperatorSessionRequest>,
    ) -> Answer<pb::StartOperatorSessionResponse> {
        answer(sessions::start(self, of_installation(request)?).await)
    }

    async fn get_operator_session(
        &self,
        request: Request<pb::GetOperatorSessionRequest>,
    ) -> Answer<pb::GetOperatorSessionResponse> {
        answer(sessions::get(self, of_installation(request)?).await)
    }

    async fn end_operator_session(
        &self,
        request: Request<pb::EndOperatorSessionRequest>,
    ) -> Answer<pb::EndOperatorSessionResponse> {
        answer(sessions::end(self, of_installation(request)?).await)
    }

    async fn show_operators(&self, request: Request<pb::ShowOperatorsRequest>) -> Answer<pb::ShowOperatorsResponse> {
        answer(people::show(self, of_installation(request)?).await)
    }

    async fn add_operator(&self, request: Request<pb::AddOperatorRequest>) -> Answer<pb::AddOperatorResponse> {
        answer(people::add(self, of_installation(request)?).await)
    }

    async fn change_operator(&self, request: Request<pb::ChangeOperatorRequest>) -> Answer<pb::ChangeOperatorResponse> {
        answer(people::change(self, of_installation(request)?).await)
    }

    async fn remove_operator(&self, request: Request<pb::RemoveOperatorRequest>) -> Answer<pb::RemoveOperatorResponse> {
        answer(people::remove(self, of_installation(request)?).await)
    }

    async fn change_own_operator(
        &self,
        request: Request<pb::ChangeOwnOperatorRequest>,
    ) -> Answer<pb::ChangeOwnOperatorResponse> {
        answer(people::change_own(self, of_installation(request)?).await)
    }

    async fn identify_operator(
        &self,
        request: Request<pb::IdentifyOperatorRequest>,
    ) -> Answer<pb::IdentifyOperatorResponse> {
        answer(people::identify(self, of_installation(request)?).await)
    }

    async fn list_management_keys(
        &self,
        request: Request<pb::ListManagementKeysRequest>,
    ) -> Answer<pb::ListManagementKeysResponse> {
        answer(keys::list(self, of_installation(request)?).await)
    }

    async fn revoke_management_key(
        &self,
        request: Request<pb::RevokeManagementKeyRequest>,
    ) -> Answer<pb::RevokeManagementKeyResponse> {
        answer(keys::revoke(self, of_installation(request)?).await)
    }

    async fn begin_action(&self, request: Request<pb::BeginActionRequest>) -> Answer<pb::BeginActionResponse> {
        answer(actions::begin(self, of_installation(request)?).await)
    }

    async fn end_action(&self, request: Request<pb::EndActionRequest>) -> Answer<pb::EndActionResponse> {
        answer(actions::end(self, of_installation(request)?).await)
    }

    async fn list_actions(&self, request: Request<pb::ListActionsRequest>) -> Answer<pb::ListActionsResponse> {
        answer(actions::list(self, of_installation(request)?).await)
    }
}
