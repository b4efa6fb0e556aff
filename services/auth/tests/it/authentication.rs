//! Whom a credential stands for, and sessions.

use halley_contracts::{
    auth::v1::{self as pb, authenticate_request::Credential, authenticate_response::Principal},
    common::v1::{ApiKeyPrincipal, UserPrincipal},
};
use halley_model::ErrorCode;

use crate::support::{World, full_access};

#[tokio::test]
async fn each_kind_of_credential_stands_for_its_holder() {
    let api = World::new().await.start().await;
    let app = api.app().await;
    let token = api.token(&app.id, "ann").await;
    let session = api.session(&app.id, &token.auth_token, "phone").await;
    assert_eq!(session.uid, "ann");
    assert_eq!(session.auth_token.unwrap().device_id, "phone");

    let key = api.principal(&app.id.to_uppercase(), Credential::ApiKey(app.rest_key.api_key.clone())).await.unwrap();
    let expected =
        ApiKeyPrincipal { key_id: app.rest_key.key_id.clone(), scope: full_access(), on_behalf_of: String::new() };
    assert_eq!(key, Principal::ApiKey(expected));
    let user = UserPrincipal { uid: "ann".to_owned(), device_id: "phone".to_owned(), token_id: token.token_id.clone() };
    let by_token = api.principal(&app.id, Credential::AuthToken(token.auth_token)).await.unwrap();
    assert_eq!(by_token, Principal::User(user.clone()));
    let by_session = api.principal(&app.id, Credential::SessionToken(session.session_token)).await.unwrap();
    assert_eq!(by_session, Principal::User(user));
}

#[tokio::test]
async fn wrong_credentials_are_refused_by_their_kind() {
    let api = World::new().await.start().await;
    let app = api.app().await;
    let token = api.token(&app.id, "ann").await.auth_token;
    let session = api.session(&app.id, &token, "phone").await.session_token;
    let forged = format!("{}x", &session[..session.len() - 1]);
    let unsigned = format!("{}.", session.rsplit_once('.').unwrap().0);
    let long = "x".repeat(100_000);
    let key = |value: &str| Credential::ApiKey(value.to_owned());
    let auth = |value: &str| Credential::AuthToken(value.to_owned());
    let jwt = |value: &str| Credential::SessionToken(value.to_owned());
    let cases = [
        (key(""), ErrorCode::ApiKeyNotValid),
        (key("0123456789012345678901234567890123456789"), ErrorCode::ApiKeyNotValid),
        (key("a\0"), ErrorCode::ApiKeyNotValid),
        (key(&long), ErrorCode::ApiKeyNotValid),
        // One kind is not taken for another.
        (key(&token), ErrorCode::ApiKeyNotValid),
        (auth(&app.rest_key.api_key), ErrorCode::AuthTokenNotValid),
        (auth(&session), ErrorCode::AuthTokenNotValid),
        (auth(&token.to_uppercase()), ErrorCode::AuthTokenNotValid),
        (auth(""), ErrorCode::AuthTokenNotValid),
        (auth(&long), ErrorCode::AuthTokenNotValid),
        (jwt(&token), ErrorCode::AuthTokenNotValid),
        (jwt(&forged), ErrorCode::AuthTokenNotValid),
        (jwt(&unsigned), ErrorCode::AuthTokenNotValid),
        (jwt(&long), ErrorCode::AuthTokenNotValid),
    ];
    for (credential, code) in cases {
        let error = api.principal(&app.id, credential.clone()).await.expect_err("wrong");
        assert_eq!(error.code, code, "{credential:?}");
    }
    let none = api.authenticate(pb::AuthenticateRequest { app_id: app.id.clone(), credential: None }).await;
    assert_eq!(none.unwrap_err().code, ErrorCode::ApiKeyNotValid);
    let unknown = api.principal("nowhere", auth(&token)).await.unwrap_err();
    assert_eq!(unknown.code, ErrorCode::InvalidAppId);
}

#[tokio::test]
async fn a_session_ends_with_its_token_and_with_no_other() {
    let api = World::new().await.start().await;
    let app = api.app().await.id;
    let (one, two) = (api.token(&app, "ann").await, api.token(&app, "ann").await);
    let first = api.session(&app, &one.auth_token, "phone").await.session_token;
    let second = api.session(&app, &two.auth_token, "desk").await.session_token;
    let (app_id, uid) = (app.clone(), "ann".to_owned());
    api.delete_auth_token(pb::DeleteAuthTokenRequest { app_id, uid, auth_token: one.auth_token.clone() })
        .await
        .unwrap();

    let ended = api.principal(&app, Credential::SessionToken(first)).await.unwrap_err();
    assert_eq!(ended.code, ErrorCode::AuthTokenNotValid);
    api.principal(&app, Credential::SessionToken(second)).await.unwrap();
    let again = pb::StartSessionRequest { app_id: app, auth_token: one.auth_token, ..Default::default() };
    assert_eq!(api.start_session(again).await.unwrap_err().code, ErrorCode::AuthTokenNotValid);
}

#[tokio::test]
async fn a_token_moves_to_the_device_that_uses_it_last_and_keeps_what_that_does_not_tell() {
    let api = World::new().await.start().await;
    let app = api.app().await.id;
    let token = api.token(&app, "ann").await;
    let login = pb::StartSessionRequest {
        app_id: app.clone(),
        auth_token: token.auth_token.clone(),
        device_id: "phone".to_owned(),
        platform: "android".to_owned(),
        user_agent: "UA".to_owned(),
        app_info_json: r#"{"v": 1}"#.to_owned(),
    };
    let first = api.start_session(login.clone()).await.unwrap();
    let kept = pb::AuthToken {
        device_id: "phone".to_owned(),
        platform: "android".to_owned(),
        user_agent: "UA".to_owned(),
        app_info_json: r#"{"v": 1}"#.to_owned(),
        ..token.clone()
    };
    assert_eq!(first.auth_token.unwrap(), kept);
    // A change of the user's own details comes by the same path and tells of no device.
    let silent =
        pb::StartSessionRequest { app_id: app.clone(), auth_token: token.auth_token.clone(), ..Default::default() };
    assert_eq!(api.start_session(silent).await.unwrap().auth_token.unwrap(), kept);
    let moved = api.session(&app, &token.auth_token, "desk").await;
    assert_eq!(moved.auth_token.unwrap().device_id, "desk");
    let Principal::User(user) = api.principal(&app, Credential::SessionToken(moved.session_token)).await.unwrap()
    else {
        panic!("a user")
    };
    assert_eq!(user.device_id, "desk");

    for (request, field) in [
        (pb::StartSessionRequest { device_id: "x".repeat(1001), ..login.clone() }, "deviceId"),
        (pb::StartSessionRequest { platform: "\0".to_owned(), ..login.clone() }, "platform"),
        (pb::StartSessionRequest { app_info_json: "[]".to_owned(), ..login }, "appInfo"),
    ] {
        let error = api.start_session(request).await.expect_err(field);
        assert_eq!((error.code, error.field.as_deref()), (ErrorCode::BadRequest, Some(field)));
    }
    assert_eq!(api.tokens_of(&app, "ann").await[0].device_id, "desk");
}
