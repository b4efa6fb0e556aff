//! Whom to call, with passwords in clear: for services alone.

use halley_bus::{Channel, Delivery};
use halley_contracts::{
    auth::v1::{self as pb, webhook_targets_service_client::WebhookTargetsServiceClient},
    events::v1::{Event, event::Body},
};
use halley_kit::{Caller, Transport};
use halley_testkit::within;
use prost::Message as _;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Status};

use crate::{
    management::{management, operator, own_app},
    support::World,
};

async fn targets(way: &Transport, app_id: &str) -> Result<Vec<pb::WebhookTarget>, Status> {
    let request = pb::ListWebhookTargetsRequest { app_id: app_id.to_owned() };
    let answer = WebhookTargetsServiceClient::new(way.clone()).list_webhook_targets(request).await?;
    Ok(answer.into_inner().targets)
}

fn webhook(id: &str) -> pb::Webhook {
    pb::Webhook {
        webhook_id: id.into(),
        name: "Hook".into(),
        url: "https://example.com".into(),
        use_basic_auth: true,
        username: "carrier".into(),
        enabled: true,
        version: 2,
        ..Default::default()
    }
}

#[tokio::test]
async fn a_service_is_told_of_enabled_webhooks_and_an_edge_of_none() {
    let world = World::new().await;
    let api = world.start().await;
    let (_, credential) = operator(&api, pb::OperatorRole::Owner).await;
    let (app_id, other) = (own_app(&api, &credential).await, own_app(&api, &credential).await);
    let create = |webhook| pb::CreateWebhookRequest {
        credential: Some(credential.clone()),
        app_id: app_id.clone(),
        webhook: Some(webhook),
        password: "pigeon-1576".into(),
    };
    for made in [webhook("hook"), pb::Webhook { enabled: false, ..webhook("off") }] {
        management(&api).create_webhook(create(made)).await.unwrap();
    }
    let request = pb::ChangeTriggersRequest {
        credential: Some(credential.clone()),
        app_id: app_id.clone(),
        webhook_id: "hook".into(),
        trigger_ids: vec!["message_sent".into(), "group_created".into()],
        remove: false,
    };
    management(&api).change_triggers(request).await.unwrap();

    let told = targets(&api.service, &app_id).await.unwrap();

    assert_eq!(told.len(), 1, "one that is off is not called");
    assert_eq!(
        (told[0].password.as_str(), told[0].webhook.as_ref().unwrap().webhook_id.as_str()),
        ("pigeon-1576", "hook")
    );
    assert_eq!(told[0].trigger_ids, ["group_created", "message_sent"]);
    assert!(targets(&api.service, &other).await.unwrap().is_empty(), "another app's are not shown");
    // An edge may say who the caller is, and comes by no password, whoever that is.
    assert_eq!(targets(&api.transport, &app_id).await.unwrap_err().code(), Code::PermissionDenied);
    let as_halley: Request<_> =
        Caller::system(&app_id).request(pb::ListWebhookTargetsRequest { app_id: app_id.clone() });
    let refused = WebhookTargetsServiceClient::new(api.transport.clone()).list_webhook_targets(as_halley).await;
    assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);

    let archive = pb::DeleteManagedAppRequest { credential: Some(credential), app_id: app_id.clone() };
    management(&api).delete_managed_app(archive).await.unwrap();
    assert!(targets(&api.service, &app_id).await.unwrap().is_empty(), "an archived app calls nobody");
}

#[tokio::test]
async fn each_change_of_webhooks_is_told_before_it_is_answered() {
    let world = World::new().await;
    let api = world.start().await;
    let (_, credential) = operator(&api, pb::OperatorRole::Owner).await;
    let app_id = own_app(&api, &credential).await;
    let (subscriptions, mut deliveries) = world.bus.subscriber(CancellationToken::new());
    subscriptions.subscribe(vec![Channel::facts()]).await.unwrap();
    let (app, webhook_id, credential) = (|| app_id.clone(), || "hook".to_owned(), Some(credential));
    let create = pb::CreateWebhookRequest {
        credential: credential.clone(),
        app_id: app(),
        webhook: Some(webhook("hook")),
        password: "pw".into(),
    };
    let update = pb::UpdateWebhookRequest {
        credential: credential.clone(),
        app_id: app(),
        webhook_id: webhook_id(),
        enabled: Some(false),
        ..Default::default()
    };
    let triggers = pb::ChangeTriggersRequest {
        credential: credential.clone(),
        app_id: app(),
        webhook_id: webhook_id(),
        trigger_ids: vec!["message_sent".into()],
        remove: false,
    };
    let delete = pb::DeleteWebhookRequest { credential, app_id: app(), webhook_id: webhook_id() };
    let mut management = management(&api);
    management.create_webhook(create).await.unwrap();
    management.update_webhook(update).await.unwrap();
    management.change_triggers(triggers).await.unwrap();
    management.delete_webhook(delete).await.unwrap();
    let mut told = 0;
    while told < 4 {
        let delivery = within("a fact", deliveries.recv()).await.unwrap();
        let Delivery::Message { payload, .. } = delivery else { continue };
        let Event { app_id: of, body, .. } = Event::decode(payload).unwrap();
        told += i32::from(of == app_id && matches!(body, Some(Body::WebhooksChanged(_))));
    }
}
