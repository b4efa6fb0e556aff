//! The calls of `GroupsService`: one line each, in the order of the contract.

mod add_members;
mod ban_member;
mod change_scope;
mod create_group;
mod delete_group;
mod export;
mod get_group;
mod import_groups;
mod import_members;
mod join_group;
mod kick_member;
mod leave_group;
mod list_groups;
mod list_members;
mod membership;
mod outcomes;
mod ownership;
mod scope_permissions;
mod seats;
mod transfer_ownership;
mod unban_member;
mod update_group;

use std::{future::Future, sync::Arc};

use halley_contracts::groups::v1::{self as pb, groups_service_server::GroupsService};
use halley_kit::{Caller, error};
use tonic::{Request, Response, Status};

use crate::{error::Result, service::Groups};

/// The service as tonic mounts it.
pub(crate) struct Service(pub Arc<Groups>);

type Answer<T> = std::result::Result<Response<T>, Status>;

/// Reads the caller, runs the call, and gives a fault its public face.
async fn answer<Q, A, F>(request: Request<Q>, call: impl FnOnce(Caller, Q) -> F) -> Answer<A>
where
    F: Future<Output = Result<A>>,
{
    let caller = Caller::of(&request)?;
    call(caller, request.into_inner()).await.map(Response::new).map_err(|fault| error::status(&fault))
}

#[tonic::async_trait]
impl GroupsService for Service {
    async fn create_group(&self, request: Request<pb::CreateGroupRequest>) -> Answer<pb::CreateGroupResponse> {
        answer(request, |caller, body| create_group::create(&self.0, caller, body)).await
    }

    async fn get_group(&self, request: Request<pb::GetGroupRequest>) -> Answer<pb::GetGroupResponse> {
        answer(request, |caller, body| get_group::get(&self.0, caller, body)).await
    }

    async fn batch_get_groups(
        &self,
        request: Request<pb::BatchGetGroupsRequest>,
    ) -> Answer<pb::BatchGetGroupsResponse> {
        answer(request, |caller, body| get_group::batch_get(&self.0, caller, body)).await
    }

    async fn list_groups(&self, request: Request<pb::ListGroupsRequest>) -> Answer<pb::ListGroupsResponse> {
        answer(request, |caller, body| list_groups::list(&self.0, caller, body)).await
    }

    async fn update_group(&self, request: Request<pb::UpdateGroupRequest>) -> Answer<pb::UpdateGroupResponse> {
        answer(request, |caller, body| update_group::update(&self.0, caller, body)).await
    }

    async fn delete_group(&self, request: Request<pb::DeleteGroupRequest>) -> Answer<pb::DeleteGroupResponse> {
        answer(request, |caller, body| delete_group::delete(&self.0, caller, body)).await
    }

    async fn transfer_ownership(
        &self,
        request: Request<pb::TransferOwnershipRequest>,
    ) -> Answer<pb::TransferOwnershipResponse> {
        answer(request, |caller, body| transfer_ownership::transfer(&self.0, caller, body)).await
    }

    async fn join_group(&self, request: Request<pb::JoinGroupRequest>) -> Answer<pb::JoinGroupResponse> {
        answer(request, |caller, body| join_group::join(&self.0, caller, body)).await
    }

    async fn leave_group(&self, request: Request<pb::LeaveGroupRequest>) -> Answer<pb::LeaveGroupResponse> {
        answer(request, |caller, body| leave_group::leave(&self.0, caller, body)).await
    }

    async fn add_members(&self, request: Request<pb::AddMembersRequest>) -> Answer<pb::AddMembersResponse> {
        answer(request, |caller, body| add_members::add(&self.0, caller, body)).await
    }

    async fn list_members(&self, request: Request<pb::ListMembersRequest>) -> Answer<pb::ListMembersResponse> {
        answer(request, |caller, body| list_members::list(&self.0, caller, body)).await
    }

    async fn change_member_scope(
        &self,
        request: Request<pb::ChangeMemberScopeRequest>,
    ) -> Answer<pb::ChangeMemberScopeResponse> {
        answer(request, |caller, body| change_scope::change(&self.0, caller, body)).await
    }

    async fn kick_member(&self, request: Request<pb::KickMemberRequest>) -> Answer<pb::KickMemberResponse> {
        answer(request, |caller, body| kick_member::kick(&self.0, caller, body)).await
    }

    async fn ban_member(&self, request: Request<pb::BanMemberRequest>) -> Answer<pb::BanMemberResponse> {
        answer(request, |caller, body| ban_member::ban(&self.0, caller, body)).await
    }

    async fn unban_member(&self, request: Request<pb::UnbanMemberRequest>) -> Answer<pb::UnbanMemberResponse> {
        answer(request, |caller, body| unban_member::unban(&self.0, caller, body)).await
    }

    async fn list_banned_members(
        &self,
        request: Request<pb::ListBannedMembersRequest>,
    ) -> Answer<pb::ListBannedMembersResponse> {
        answer(request, |caller, body| list_members::list_banned(&self.0, caller, body)).await
    }

    async fn get_scope_permissions(
        &self,
        request: Request<pb::GetScopePermissionsRequest>,
    ) -> Answer<pb::GetScopePermissionsResponse> {
        answer(request, |caller, body| scope_permissions::get(&self.0, caller, body)).await
    }

    async fn set_scope_permissions(
        &self,
        request: Request<pb::SetScopePermissionsRequest>,
    ) -> Answer<pb::SetScopePermissionsResponse> {
        answer(request, |caller, body| scope_permissions::set(&self.0, caller, body)).await
    }

    async fn unset_scope_permission(
        &self,
        request: Request<pb::UnsetScopePermissionRequest>,
    ) -> Answer<pb::UnsetScopePermissionResponse> {
        answer(request, |caller, body| scope_permissions::unset(&self.0, caller, body)).await
    }

    async fn get_membership(&self, request: Request<pb::GetMembershipRequest>) -> Answer<pb::GetMembershipResponse> {
        answer(request, |caller, body| membership::get(&self.0, caller, body)).await
    }

    async fn list_joined_guids(
        &self,
        request: Request<pb::ListJoinedGuidsRequest>,
    ) -> Answer<pb::ListJoinedGuidsResponse> {
        answer(request, |caller, body| membership::list_guids(&self.0, caller, body)).await
    }

    async fn import_groups(&self, request: Request<pb::ImportGroupsRequest>) -> Answer<pb::ImportGroupsResponse> {
        answer(request, |caller, body| import_groups::import(&self.0, caller, body)).await
    }

    async fn import_members(&self, request: Request<pb::ImportMembersRequest>) -> Answer<pb::ImportMembersResponse> {
        answer(request, |caller, body| import_members::import(&self.0, caller, body)).await
    }

    async fn export_user(&self, request: Request<pb::ExportUserRequest>) -> Answer<pb::ExportUserResponse> {
        answer(request, |caller, body| export::export(&self.0, caller, body)).await
    }
}
