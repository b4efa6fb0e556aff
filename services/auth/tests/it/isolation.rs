//! Two apps with equal values see nothing of each other, and callers do what is theirs only.

use halley_contracts::auth::v1::{self as pb, authenticate_request::Credential, authenticate_response::Principal};
use halley_kit::Caller;
use halley_model::ErrorCode;

use crate::support::{Api, App, Outcome, World, full_access, holder, user};

#[tokio::test]
async fn equal_values_of_two_apps_are_apart() {
    let world = World::new().await;
    let api = world.start().await;
    let (one, two) = (api.app().await, api.app().await);
    let (mine, theirs) = (api.token(&one.id, "ann").await, api.token(&two.id, "ann").await);

    for credential in [
        Credential::ApiKey(one.rest_key.api_key.clone()),
        Credential::AuthToken(mine.auth_token.clone()),
        Credential::SessionToken(api.session(&one.id, &mine.auth_token, "d").await.session_token),
    ] {
        api.principal(&one.id, credential.clone()).await.unwrap();
        api.principal(&two.id, credential).await.expect_err("another app's");
    }
    assert_eq!(api.tokens_of(&one.id, "ann").await.len(), 1);
    let get = pb::GetApiKeyRequest { app_id: two.id.clone(), api_key: one.rest_key.api_key.clone() };
    assert_eq!(api.get_api_key(get).await.unwrap_err().code, ErrorCode::ApiKeyNotFound);
    let keys = pb::ListApiKeysRequest { app_id: one.id.clone(), ..Default::default() };
    assert_eq!(api.list_api_keys(keys).await.unwrap().api_keys, [one.auth_key.clone(), one.rest_key.clone()]);

    // Even rows of equal ids and values, as an imported database may hold them, are two things.
    sqlx::query(
        "UPDATE auth_tokens SET token_id = (SELECT token_id FROM auth_tokens WHERE app_id = $1) WHERE app_id = $2",
    )
    .bind(&one.id)
    .bind(&two.id)
    .execute(&world.pool)
    .await
    .unwrap();
    let flush = pb::FlushAuthTokensRequest { app_id: one.id.clone(), uid: "ann".to_owned() };
    assert_eq!(api.flush_auth_tokens(flush).await.unwrap().ended, 1);
    assert!(!api.is_valid(&one.id, &mine.auth_token).await);
    let still = api.principal(&two.id, Credential::AuthToken(theirs.auth_token)).await.unwrap();
    assert!(matches!(still, Principal::User(user) if user.uid == "ann"));
}

/// Every call about an app, of its key and of ann's token.
async fn every_call(api: &Api, caller: &Caller, app: &App, token: &str) -> Vec<(&'static str, Outcome<()>)> {
    let (app_id, uid, auth_token) = (app.id.clone(), "ann".to_owned(), token.to_owned());
    let api_key = app.auth_key.api_key.clone();
    macro_rules! ask {
        ($($call:ident $request:ident { $($field:ident $(: $value:expr)?),* };)*) => {
            vec![$((
                stringify!($request),
                api.$call(caller, pb::$request { $($field: ask!(@ $field $($value)?),)* ..Default::default() }).await.map(drop),
            ),)*]
        };
        (@ $field:ident $value:expr) => { $value };
        (@ $field:ident) => { $field.clone() };
    }
    #[expect(clippy::needless_update, reason = "some requests are named whole")]
    let outcomes = ask! {
        get_app_as GetAppRequest { app_id };
        update_app_as UpdateAppRequest { app_id, name: Some("taken".to_owned()) };
        create_api_key_as CreateApiKeyRequest { app_id, name: "mine".to_owned(), scope: full_access() };
        list_api_keys_as ListApiKeysRequest { app_id };
        get_api_key_as GetApiKeyRequest { app_id, api_key };
        update_api_key_as UpdateApiKeyRequest { app_id, api_key, name: Some("taken".to_owned()) };
        create_auth_token_as CreateAuthTokenRequest { app_id, uid, force: true };
        list_auth_tokens_as ListAuthTokensRequest { app_id, uid };
        get_auth_token_as GetAuthTokenRequest { app_id, uid, auth_token };
        update_auth_token_as UpdateAuthTokenRequest { app_id, uid, auth_token, platform: Some("taken".to_owned()) };
        start_session_as StartSessionRequest { app_id, auth_token, device_id: "taken".to_owned() };
        delete_api_key_as DeleteApiKeyRequest { app_id, api_key };
        delete_auth_token_as DeleteAuthTokenRequest { app_id, uid, auth_token };
        flush_auth_tokens_as FlushAuthTokensRequest { app_id, uid };
    };
    outcomes
}

/// What the calls above could have changed.
async fn state(world: &World, app_id: &str) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT to_jsonb(apps)::text FROM apps WHERE app_id = $1
         UNION ALL SELECT to_jsonb(api_keys)::text FROM api_keys WHERE app_id = $1
         UNION ALL SELECT to_jsonb(auth_tokens)::text FROM auth_tokens WHERE app_id = $1
         ORDER BY 1",
    )
    .bind(app_id)
    .fetch_all(&world.pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn a_caller_of_another_app_is_told_that_there_is_none() {
    let world = World::new().await;
    let api = world.start().await;
    let (app, other) = (api.app().await, api.app().await);
    let token = api.token(&app.id, "ann").await.auth_token;
    let before = state(&world, &app.id).await;
    for caller in [holder(&other.id, &other.rest_key), user(&other.id, "ann"), Caller::system(&other.id)] {
        for (call, outcome) in every_call(&api, &caller, &app, &token).await {
            assert_eq!(outcome.expect_err(call).code, ErrorCode::InvalidAppId, "{call}");
        }
    }
    assert_eq!(state(&world, &app.id).await, before);
}

#[tokio::test]
async fn callers_of_the_app_are_let_into_what_is_theirs() {
    let world = World::new().await;
    let api = world.start().await;
    let app = api.app().await;
    let token = api.token(&app.id, "ann").await.auth_token;
    let denied = async |caller: &Caller, allowed: &[&str]| {
        for (call, outcome) in every_call(&api, caller, &app, &token).await {
            match outcome {
                Err(error) if error.code == ErrorCode::NoAccess => {
                    assert!(!allowed.contains(&call), "{call} is allowed")
                }
                _ => assert!(allowed.contains(&call), "{call} must be denied"),
            }
        }
    };
    denied(&user(&app.id, "bob"), &["GetAppRequest", "StartSessionRequest"]).await;
    let auth_key = ["GetAppRequest", "StartSessionRequest", "CreateAuthTokenRequest"];
    denied(&holder(&app.id, &app.auth_key), &auth_key).await;
    denied(&user(&app.id, "ann"), &["GetAppRequest", "StartSessionRequest", "DeleteAuthTokenRequest"]).await;
    // Ann has ended her token above.
    assert!(!api.is_valid(&app.id, &token).await);

    let token = api.token(&app.id, "ann").await.auth_token;
    for (call, outcome) in every_call(&api, &holder(&app.id, &app.rest_key), &app, &token).await {
        outcome.expect(call);
    }
}

#[tokio::test]
async fn the_installation_is_no_apps_business() {
    let api = World::new().await.start().await;
    let app = api.app().await;
    let operator = pb::CreateOperatorRequest {
        email: "eve@example.org".to_owned(),
        name: "Eve".to_owned(),
        password: "long enough".to_owned(),
        role: pb::OperatorRole::Owner.into(),
    };
    let login = pb::AuthenticateOperatorRequest { email: operator.email.clone(), password: operator.password.clone() };
    for caller in [holder(&app.id, &app.rest_key), user(&app.id, "ann")] {
        let create = pb::CreateAppRequest { name: "Mine".to_owned(), ..Default::default() };
        let outcomes = [
            api.create_app_as(&caller, create).await.map(drop),
            api.list_apps_as(&caller, pb::ListAppsRequest::default()).await.map(drop),
            api.create_operator_as(&caller, operator.clone()).await.map(drop),
            api.authenticate_operator_as(&caller, login.clone()).await.map(drop),
            api.list_operators_as(&caller, pb::ListOperatorsRequest::default()).await.map(drop),
        ];
        for outcome in outcomes {
            assert_eq!(outcome.unwrap_err().code, ErrorCode::NoAccess);
        }
    }
    assert_eq!(api.list_apps(pb::ListAppsRequest::default()).await.unwrap().apps.len(), 1);
    assert!(api.list_operators(pb::ListOperatorsRequest::default()).await.unwrap().operators.is_empty());
}
