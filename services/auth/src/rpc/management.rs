//! `ManagementService`: one line for each call, in the contract's order.

use halley_contracts::auth::v1::{self as pb, management_service_server::ManagementService};
use tonic::Request;

use super::{Answer, answer};
use crate::{Auth, access::of_installation};

mod apps;
mod collaborators;
pub mod entry;
mod settings;
mod tenants;
pub mod webhooks;

#[tonic::async_trait]
impl ManagementService for Auth {
    async fn create_management_key(
        &self,
        request: Request<pb::CreateManagementKeyRequest>,
    ) -> Answer<pb::CreateManagementKeyResponse> {
        answer(entry::create_key(self, of_installation(request)?).await)
    }

    async fn create_tenant(&self, request: Request<pb::CreateTenantRequest>) -> Answer<pb::CreateTenantResponse> {
        answer(tenants::create(self, of_installation(request)?).await)
    }

    async fn create_managed_app(
        &self,
        request: Request<pb::CreateManagedAppRequest>,
    ) -> Answer<pb::CreateManagedAppResponse> {
        answer(apps::create(self, of_installation(request)?).await)
    }

    async fn list_managed_apps(
        &self,
        request: Request<pb::ListManagedAppsRequest>,
    ) -> Answer<pb::ListManagedAppsResponse> {
        answer(apps::list(self, of_installation(request)?).await)
    }

    async fn get_managed_app(&self, request: Request<pb::GetManagedAppRequest>) -> Answer<pb::GetManagedAppResponse> {
        answer(apps::get(self, of_installation(request)?).await)
    }

    async fn delete_managed_app(
        &self,
        request: Request<pb::DeleteManagedAppRequest>,
    ) -> Answer<pb::DeleteManagedAppResponse> {
        answer(apps::delete(self, of_installation(request)?).await)
    }

    async fn change_collaborators(
        &self,
        request: Request<pb::ChangeCollaboratorsRequest>,
    ) -> Answer<pb::ChangeCollaboratorsResponse> {
        answer(collaborators::change(self, of_installation(request)?).await)
    }

    async fn list_collaborators(
        &self,
        request: Request<pb::ListCollaboratorsRequest>,
    ) -> Answer<pb::ListCollaboratorsResponse> {
        answer(collaborators::list(self, of_installation(request)?).await)
    }

    async fn get_settings(&self, request: Request<pb::GetSettingsRequest>) -> Answer<pb::GetSettingsResponse> {
        answer(settings::get(self, of_installation(request)?).await)
    }

    async fn set_settings(&self, request: Request<pb::SetSettingsRequest>) -> Answer<pb::SetSettingsResponse> {
        answer(settings::set(self, of_installation(request)?).await)
    }

    async fn unset_settings(&self, request: Request<pb::UnsetSettingsRequest>) -> Answer<pb::UnsetSettingsResponse> {
        answer(settings::unset(self, of_installation(request)?).await)
    }

    async fn create_webhook(&self, request: Request<pb::CreateWebhookRequest>) -> Answer<pb::CreateWebhookResponse> {
        answer(webhooks::create(self, of_installation(request)?).await)
    }

    async fn list_webhooks(&self, request: Request<pb::ListWebhooksRequest>) -> Answer<pb::ListWebhooksResponse> {
        answer(webhooks::list(self, of_installation(request)?).await)
    }

    async fn get_webhook(&self, request: Request<pb::GetWebhookRequest>) -> Answer<pb::GetWebhookResponse> {
        answer(webhooks::get(self, of_installation(request)?).await)
    }

    async fn update_webhook(&self, request: Request<pb::UpdateWebhookRequest>) -> Answer<pb::UpdateWebhookResponse> {
        answer(webhooks::update(self, of_installation(request)?).await)
    }

    async fn delete_webhook(&self, request: Request<pb::DeleteWebhookRequest>) -> Answer<pb::DeleteWebhookResponse> {
        answer(webhooks::delete(self, of_installation(request)?).await)
    }

    async fn change_triggers(&self, request: Request<pb::ChangeTriggersRequest>) -> Answer<pb::ChangeTriggersResponse> {
        answer(webhooks::change_triggers(self, of_installation(request)?).await)
    }

    async fn list_triggers(&self, request: Request<pb::ListTriggersRequest>) -> Answer<pb::ListTriggersResponse> {
        answer(webhooks::list_triggers(self, of_installation(request)?).await)
    }
}
