//! Operators, their apps, and push tokens: who may, what is stored, and what holds when many come at once.

use halley_contracts::auth::v1::{
    self as pb, authenticate_request::Credential, management_service_client::ManagementServiceClient,
    push_tokens_service_client::PushTokensServiceClient,
};
use halley_kit::PublicError;
use halley_model::ErrorCode;
use halley_testkit::unique;
use tonic::{Request, Response, Status};

use crate::{
    secrets::everything_stored,
    support::{Api, World, holder, user},
};

pub fn refusal<T: std::fmt::Debug>(answer: Result<Response<T>, Status>) -> ErrorCode {
    PublicError::from_status(&answer.expect_err("refused")).code
}

/// An operator with a key.
pub async fn operator(api: &Api, role: pb::OperatorRole) -> (String, pb::OperatorCredential) {
    let email = format!("{}@example.com", unique("o"));
    let request = pb::CreateOperatorRequest {
        email: email.clone(),
        name: "Operator".into(),
        password: "0123456789".into(),
        role: role.into(),
    };
    api.create_operator(request).await.unwrap();
    let request = pb::CreateManagementKeyRequest { email: email.clone() };
    let key = management(api).create_management_key(request).await.unwrap().into_inner().key.unwrap();
    (email, pb::OperatorCredential { name: key.key, secret: key.secret, ..Default::default() })
}

pub fn management(api: &Api) -> ManagementServiceClient<halley_kit::Transport> {
    ManagementServiceClient::new(api.transport.clone())
}

pub async fn own_app(api: &Api, credential: &pb::OperatorCredential) -> String {
    let request =
        pb::CreateManagedAppRequest { credential: Some(credential.clone()), name: "Own".into(), region: String::new() };
    management(api).create_managed_app(request).await.unwrap().into_inner().app.unwrap().app.unwrap().app_id
}

#[tokio::test]
async fn callers_of_apps_manage_nothing() {
    let world = World::new().await;
    let api = world.start().await;
    let (_, credential) = operator(&api, pb::OperatorRole::Owner).await;
    let app = api.app().await;
    for caller in [holder(&app.id, &app.rest_key), holder(&app.id, &app.auth_key), user(&app.id, "ann")] {
        let list = pb::ListManagedAppsRequest { credential: Some(credential.clone()), ..Default::default() };
        assert_eq!(refusal(management(&api).list_managed_apps(caller.request(list)).await), ErrorCode::NoAccess);
        let key = pb::CreateManagementKeyRequest { email: "a@example.com".into() };
        assert_eq!(refusal(management(&api).create_management_key(caller.request(key)).await), ErrorCode::NoAccess);
    }
}

#[tokio::test]
async fn management_secrets_passwords_and_push_tokens_do_not_lie_in_clear() {
    let world = World::new().await;
    let api = world.start().await;
    let (_, credential) = operator(&api, pb::OperatorRole::Owner).await;
    let app_id = own_app(&api, &credential).await;
    let webhook = pb::Webhook {
        webhook_id: "hook".into(),
        name: "Hook".into(),
        url: "https://example.com".into(),
        use_basic_auth: true,
        username: "carrier".into(),
        ..Default::default()
    };
    let password = "pigeon-1576".to_owned();
    let request = pb::CreateWebhookRequest {
        credential: Some(credential.clone()),
        app_id: app_id.clone(),
        webhook: Some(webhook),
        password: password.clone(),
    };
    management(&api).create_webhook(request).await.unwrap();
    let auth_token = api.token(&app_id, "ann").await.auth_token;
    let push_token = unique("a-push-token");
    let token = pb::PushToken {
        auth_token,
        kind: "chat".into(),
        platform: "fcm_web".into(),
        push_token: push_token.clone(),
        ..Default::default()
    };
    let request = pb::RegisterPushTokenRequest { app_id, token: Some(token) };
    PushTokensServiceClient::new(api.transport.clone()).register_push_token(request).await.unwrap();

    let stored = everything_stored(&world).await;
    assert!(stored.iter().any(|row| row.contains("carrier")), "the search finds what is in clear");
    for value in [credential.secret, password, push_token] {
        let bytes: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
        for form in [value, bytes] {
            assert!(!stored.iter().any(|row| row.contains(&form)), "{form} is stored in clear");
        }
    }
}

#[tokio::test]
async fn an_archived_apps_credentials_are_good_for_nothing() {
    let world = World::new().await;
    let api = world.start().await;
    let (_, credential) = operator(&api, pb::OperatorRole::Owner).await;
    let app = api.app().await;
    let token = api.token(&app.id, "ann").await.auth_token;
    let session = api.session(&app.id, &token, "phone").await.session_token;
    let request = pb::DeleteManagedAppRequest { credential: Some(credential), app_id: app.id.clone() };
    management(&api).delete_managed_app(Request::new(request)).await.unwrap();
    for credential in [
        Credential::ApiKey(app.rest_key.api_key.clone()),
        Credential::AuthToken(token),
        Credential::SessionToken(session),
        Credential::ApiKey("wrong".into()),
    ] {
        assert_eq!(api.principal(&app.id, credential).await.expect_err("refused").code, ErrorCode::AppArchived);
    }
}

#[tokio::test]
async fn many_at_once_do_not_pass_the_limit_of_webhooks() {
    let world = World::new().await;
    let api = world.start().await;
    let (_, credential) = operator(&api, pb::OperatorRole::Owner).await;
    let app_id = own_app(&api, &credential).await;
    let made = (0..40).map(|index| {
        let webhook = pb::Webhook {
            webhook_id: format!("hook-{index}"),
            name: "Hook".into(),
            url: "https://example.com".into(),
            ..Default::default()
        };
        let request = pb::CreateWebhookRequest {
            credential: Some(credential.clone()),
            app_id: app_id.clone(),
            webhook: Some(webhook),
            password: String::new(),
        };
        let api = api.clone();
        async move { management(&api).create_webhook(request).await }
    });
    let answers = futures::future::join_all(made).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 25);
    assert!(answers.into_iter().filter(Result::is_err).all(|answer| refusal(answer) == ErrorCode::QuotaRestriction));
}

#[tokio::test]
async fn a_user_keeps_the_newest_push_tokens() {
    let world = World::new().await;
    let api = world.start().await;
    let (_, credential) = operator(&api, pb::OperatorRole::Owner).await;
    let app_id = own_app(&api, &credential).await;
    let request = pb::SetSettingsRequest {
        credential: Some(credential),
        app_id: app_id.clone(),
        settings_json: r#"{"limits.users.pushTokens":2}"#.into(),
    };
    management(&api).set_settings(request).await.unwrap();
    let mut tokens = Vec::new();
    for index in 0..3 {
        let auth_token = api.token(&app_id, "ann").await.auth_token;
        let token = pb::PushToken {
            auth_token: auth_token.clone(),
            kind: "chat".into(),
            platform: "fcm_web".into(),
            push_token: format!("push-{index}"),
            ..Default::default()
        };
        let request = pb::RegisterPushTokenRequest { app_id: app_id.clone(), token: Some(token) };
        PushTokensServiceClient::new(api.transport.clone()).register_push_token(request).await.unwrap();
        tokens.push(auth_token);
    }
    let request = pb::ListPushTokensRequest { app_id, auth_token: tokens[0].clone(), all: true };
    let listed = PushTokensServiceClient::new(api.transport.clone()).list_push_tokens(request).await.unwrap();
    let values: Vec<String> = listed.into_inner().tokens.into_iter().map(|token| token.push_token).collect();
    assert_eq!(values, ["push-2", "push-1"]);
}
