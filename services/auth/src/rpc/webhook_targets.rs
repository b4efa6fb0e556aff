//! `WebhookTargetsService`: whom to call, with the secrets that a call needs. For services alone.

use halley_contracts::auth::v1 as pb;
use halley_kit::server;
use pb::webhook_targets_service_server::WebhookTargetsService;
use tonic::Request;

use super::{Answer, answer, management};
use crate::{Auth, access, error::AuthError, seal::Kind, store};

/// More webhooks than an app's limit lets it have: a bound, no limit.
const TARGETS_MAX: i64 = 1000;

#[tonic::async_trait]
impl WebhookTargetsService for Auth {
    async fn list_webhook_targets(
        &self,
        request: Request<pb::ListWebhookTargetsRequest>,
    ) -> Answer<pb::ListWebhookTargetsResponse> {
        // What an edge lets through is not to come by passwords.
        server::require_service(&request)?;
        answer(list(self, &request.into_inner().app_id).await)
    }
}

async fn list(auth: &Auth, app_id: &str) -> Result<pb::ListWebhookTargetsResponse, AuthError> {
    let app_id = access::app_id(app_id)?;
    let app = store::apps::find(&auth.pool, &app_id).await?;
    let Some(app) = app.filter(|app| app.scheduled_to_delete_at_ms == 0) else {
        return Ok(pb::ListWebhookTargetsResponse::default());
    };
    let rows = store::webhooks::list_targets(&auth.pool, &app_id, TARGETS_MAX).await?;
    // One that can't be opened is not called; the app's others are.
    let targets = rows.into_iter().filter_map(|row| {
        let password = match &row.webhook.sealed_password {
            None => Ok(String::new()),
            Some(sealed) => auth.seal.open(Kind::WebhookPassword, &app_id, &row.webhook.webhook_id, sealed),
        };
        match password {
            Ok(password) => {
                let webhook = Some(management::webhooks::show(row.webhook));
                Some(pb::WebhookTarget { webhook, password, trigger_ids: row.trigger_ids })
            }
            Err(error) => {
                tracing::error!(%error, app = %app_id, webhook = %row.webhook.webhook_id, "a password can't be opened");
                None
            }
        }
    });
    Ok(pb::ListWebhookTargetsResponse { targets: targets.collect(), region: app.region })
}
