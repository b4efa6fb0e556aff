//! The calls of `IdentityService`: one line each, in the order of the contract.

mod activation;
mod blocks;
mod bots;
mod export;
mod friends;
mod import_users;
mod rights;
mod roles;
mod touch_users;
mod user_list;
mod users;

use std::future::Future;

use halley_bus::outbox::{self, Entry, Pending};
use halley_contracts::identity::v1::{self as pb, identity_service_server::IdentityService};
use halley_kit::{Caller, error, time};
use sqlx::{Postgres, Transaction, pool::PoolConnection};
use tonic::{Request, Response, Status};

use crate::{
    Identity,
    error::{IdentityError, Result},
    store::{self, users::UserRow},
};

type Answer<T> = std::result::Result<Response<T>, Status>;

/// Reads the caller, runs the call, and gives a fault its public face.
async fn answer<Q, A, F>(request: Request<Q>, call: impl FnOnce(Caller, Q) -> F) -> Answer<A>
where
    F: Future<Output = Result<A>>,
{
    let caller = Caller::of(&request)?;
    call(caller, request.into_inner()).await.map(Response::new).map_err(|fault| error::status(&fault))
}

impl Identity {
    /// Makes the app's default role if it is missing; answers the connection that did it.
    async fn make_default_role(&self, app_id: &str) -> Result<PoolConnection<Postgres>> {
        let mut connection = self.pool.acquire().await?;
        store::roles::insert_default_role(&mut connection, app_id, time::now()).await?;
        Ok(connection)
    }

    /// Begins a transaction that finds the default role. It is made outside, so that whoever waits for somebody else's
    /// making of it holds nothing.
    async fn begin_with_default_role(&self, app_id: &str) -> Result<Transaction<'static, Postgres>> {
        drop(self.make_default_role(app_id).await?);
        Ok(halley_kit::postgres::begin(&self.pool).await?)
    }

    /// The active user of a uid.
    async fn find_active(&self, app_id: &str, uid: &str) -> Result<UserRow> {
        let found = store::users::find_user(&self.pool, app_id, uid).await?;
        found
            .filter(|user| user.deactivated_at.is_none())
            .ok_or_else(|| IdentityError::UserNotFound { uid: uid.to_owned() })
    }
}

/// Commits a transaction together with what it tells.
async fn commit(mut transaction: Transaction<'static, Postgres>, facts: &[Entry]) -> Result<Pending> {
    let pending = outbox::insert(&mut transaction, facts).await?;
    transaction.commit().await?;
    Ok(pending)
}

#[tonic::async_trait]
impl IdentityService for Identity {
    async fn create_user(&self, request: Request<pb::CreateUserRequest>) -> Answer<pb::CreateUserResponse> {
        answer(request, |caller, body| users::create(self, caller, body)).await
    }

    async fn get_user(&self, request: Request<pb::GetUserRequest>) -> Answer<pb::GetUserResponse> {
        answer(request, |caller, body| users::get(self, caller, body)).await
    }

    async fn batch_get_users(&self, request: Request<pb::BatchGetUsersRequest>) -> Answer<pb::BatchGetUsersResponse> {
        answer(request, |caller, body| users::batch_get(self, caller, body)).await
    }

    async fn list_users(&self, request: Request<pb::ListUsersRequest>) -> Answer<pb::ListUsersResponse> {
        answer(request, |caller, body| user_list::list(self, caller, body)).await
    }

    async fn update_user(&self, request: Request<pb::UpdateUserRequest>) -> Answer<pb::UpdateUserResponse> {
        answer(request, |caller, body| users::update(self, caller, body)).await
    }

    async fn deactivate_users(
        &self,
        request: Request<pb::DeactivateUsersRequest>,
    ) -> Answer<pb::DeactivateUsersResponse> {
        answer(request, |caller, body| activation::deactivate(self, caller, body)).await
    }

    async fn reactivate_users(
        &self,
        request: Request<pb::ReactivateUsersRequest>,
    ) -> Answer<pb::ReactivateUsersResponse> {
        answer(request, |caller, body| activation::reactivate(self, caller, body)).await
    }

    async fn delete_user(&self, request: Request<pb::DeleteUserRequest>) -> Answer<pb::DeleteUserResponse> {
        answer(request, |caller, body| users::delete(self, caller, body)).await
    }

    async fn import_users(&self, request: Request<pb::ImportUsersRequest>) -> Answer<pb::ImportUsersResponse> {
        answer(request, |caller, body| import_users::import(self, caller, body)).await
    }

    async fn touch_users(&self, request: Request<pb::TouchUsersRequest>) -> Answer<pb::TouchUsersResponse> {
        answer(request, |caller, body| touch_users::touch(self, caller, body)).await
    }

    async fn create_bot(&self, request: Request<pb::CreateBotRequest>) -> Answer<pb::CreateBotResponse> {
        answer(request, |caller, body| bots::create(self, caller, body)).await
    }

    async fn delete_bot(&self, request: Request<pb::DeleteBotRequest>) -> Answer<pb::DeleteBotResponse> {
        answer(request, |caller, body| bots::delete(self, caller, body)).await
    }

    async fn list_bots(&self, request: Request<pb::ListBotsRequest>) -> Answer<pb::ListBotsResponse> {
        answer(request, |caller, body| bots::list(self, caller, body)).await
    }

    async fn create_role(&self, request: Request<pb::CreateRoleRequest>) -> Answer<pb::CreateRoleResponse> {
        answer(request, |caller, body| roles::create(self, caller, body)).await
    }

    async fn get_role(&self, request: Request<pb::GetRoleRequest>) -> Answer<pb::GetRoleResponse> {
        answer(request, |caller, body| roles::get(self, caller, body)).await
    }

    async fn list_roles(&self, request: Request<pb::ListRolesRequest>) -> Answer<pb::ListRolesResponse> {
        answer(request, |caller, body| roles::list(self, caller, body)).await
    }

    async fn update_role(&self, request: Request<pb::UpdateRoleRequest>) -> Answer<pb::UpdateRoleResponse> {
        answer(request, |caller, body| roles::update(self, caller, body)).await
    }

    async fn delete_role(&self, request: Request<pb::DeleteRoleRequest>) -> Answer<pb::DeleteRoleResponse> {
        answer(request, |caller, body| roles::delete(self, caller, body)).await
    }

    async fn get_role_rights(&self, request: Request<pb::GetRoleRightsRequest>) -> Answer<pb::GetRoleRightsResponse> {
        answer(request, |caller, body| rights::get(self, caller, body)).await
    }

    async fn set_role_permissions(
        &self,
        request: Request<pb::SetRolePermissionsRequest>,
    ) -> Answer<pb::SetRolePermissionsResponse> {
        answer(request, |caller, body| rights::set_permissions(self, caller, body)).await
    }

    async fn unset_role_permission(
        &self,
        request: Request<pb::UnsetRolePermissionRequest>,
    ) -> Answer<pb::UnsetRolePermissionResponse> {
        answer(request, |caller, body| rights::unset_permission(self, caller, body)).await
    }

    async fn restrict_features(
        &self,
        request: Request<pb::RestrictFeaturesRequest>,
    ) -> Answer<pb::RestrictFeaturesResponse> {
        answer(request, |caller, body| rights::restrict(self, caller, body)).await
    }

    async fn allow_features(&self, request: Request<pb::AllowFeaturesRequest>) -> Answer<pb::AllowFeaturesResponse> {
        answer(request, |caller, body| rights::allow(self, caller, body)).await
    }

    async fn add_friends(&self, request: Request<pb::AddFriendsRequest>) -> Answer<pb::AddFriendsResponse> {
        answer(request, |caller, body| friends::add(self, caller, body)).await
    }

    async fn remove_friends(&self, request: Request<pb::RemoveFriendsRequest>) -> Answer<pb::RemoveFriendsResponse> {
        answer(request, |caller, body| friends::remove(self, caller, body)).await
    }

    async fn list_friends(&self, request: Request<pb::ListFriendsRequest>) -> Answer<pb::ListFriendsResponse> {
        answer(request, |caller, body| friends::list(self, caller, body)).await
    }

    async fn block_users(&self, request: Request<pb::BlockUsersRequest>) -> Answer<pb::BlockUsersResponse> {
        answer(request, |caller, body| blocks::block(self, caller, body)).await
    }

    async fn unblock_users(&self, request: Request<pb::UnblockUsersRequest>) -> Answer<pb::UnblockUsersResponse> {
        answer(request, |caller, body| blocks::unblock(self, caller, body)).await
    }

    async fn list_blocked_users(
        &self,
        request: Request<pb::ListBlockedUsersRequest>,
    ) -> Answer<pb::ListBlockedUsersResponse> {
        answer(request, |caller, body| blocks::list(self, caller, body)).await
    }

    async fn get_relation(&self, request: Request<pb::GetRelationRequest>) -> Answer<pb::GetRelationResponse> {
        answer(request, |caller, body| blocks::get_relation(self, caller, body)).await
    }

    async fn export_user(&self, request: Request<pb::ExportUserRequest>) -> Answer<pb::ExportUserResponse> {
        answer(request, |caller, body| export::export(self, caller, body)).await
    }
}
