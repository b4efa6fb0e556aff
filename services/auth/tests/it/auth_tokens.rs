//! Auth tokens.

use std::collections::HashSet;

use futures::future::join_all;
use halley_contracts::{auth::v1 as pb, common::v1::PageRequest};
use halley_model::ErrorCode;

use crate::support::{Api, World, walk};

fn get(app_id: &str, uid: &str, auth_token: &str) -> pb::GetAuthTokenRequest {
    pb::GetAuthTokenRequest { app_id: app_id.to_owned(), uid: uid.to_owned(), auth_token: auth_token.to_owned() }
}

fn update(app_id: &str, uid: &str, auth_token: &str) -> pb::UpdateAuthTokenRequest {
    pb::UpdateAuthTokenRequest {
        app_id: app_id.to_owned(),
        uid: uid.to_owned(),
        auth_token: auth_token.to_owned(),
        ..Default::default()
    }
}

fn delete(app_id: &str, uid: &str, auth_token: &str) -> pb::DeleteAuthTokenRequest {
    pb::DeleteAuthTokenRequest { app_id: app_id.to_owned(), uid: uid.to_owned(), auth_token: auth_token.to_owned() }
}

async fn not_forced(api: &Api, app_id: &str, uid: &str) -> pb::AuthToken {
    let request = pb::CreateAuthTokenRequest { app_id: app_id.to_owned(), uid: uid.to_owned(), force: false };
    api.create_auth_token(request).await.unwrap().auth_token.unwrap()
}

#[tokio::test]
async fn a_token_has_the_form_that_clients_know() {
    let api = World::new().await.start().await;
    let app = api.app().await.id;
    let token = api.token(&app, "Ann-1_b").await;
    assert_eq!(token.uid, "ann-1_b");
    let rest = token.auth_token.strip_prefix("ann-1_b_").unwrap();
    let (seconds, hex) = rest.split_at(10);
    assert_eq!(seconds.parse::<i64>().unwrap(), token.created_at_ms / 1000);
    assert!(hex.len() == 40 && hex.bytes().all(|b| b.is_ascii_hexdigit()), "{hex}");
    assert_eq!((token.platform.as_str(), token.device_id.as_str()), ("", ""));
    let got = api.get_auth_token(get(&app, "ANN-1_B", &token.auth_token)).await.unwrap().auth_token.unwrap();
    assert_eq!(got, token);
}

#[tokio::test]
async fn bad_fields_are_named_and_change_nothing() {
    let api = World::new().await.start().await;
    let app = api.app().await.id;
    let token = api.token(&app, "ann").await;
    for uid in ["", "a b", "a\0b", &"x".repeat(101)] {
        let (app_id, uid) = (app.clone(), uid.to_owned());
        let create = pb::CreateAuthTokenRequest { app_id: app_id.clone(), uid: uid.clone(), force: true };
        let list = pb::ListAuthTokensRequest { app_id: app_id.clone(), uid: uid.clone(), page: None };
        let errors = [
            api.create_auth_token(create).await.unwrap_err(),
            api.list_auth_tokens(list).await.unwrap_err(),
            api.get_auth_token(get(&app, &uid, &token.auth_token)).await.unwrap_err(),
            api.update_auth_token(update(&app, &uid, &token.auth_token)).await.unwrap_err(),
            api.delete_auth_token(delete(&app, &uid, &token.auth_token)).await.unwrap_err(),
            api.flush_auth_tokens(pb::FlushAuthTokensRequest { app_id, uid }).await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!((error.code, error.field.as_deref()), (ErrorCode::BadRequest, Some("uid")));
        }
    }
    let blank = || update(&app, "ann", &token.auth_token);
    for (request, field) in [
        (pb::UpdateAuthTokenRequest { platform: Some("p\0".to_owned()), ..blank() }, "platform"),
        (pb::UpdateAuthTokenRequest { user_agent: Some("x".repeat(1001)), ..blank() }, "userAgent"),
        (pb::UpdateAuthTokenRequest { app_info_json: Some("7".to_owned()), ..blank() }, "appInfo"),
    ] {
        let request = pb::UpdateAuthTokenRequest { platform: request.platform.or(Some("new".into())), ..request };
        let error = api.update_auth_token(request).await.expect_err(field);
        assert_eq!((error.code, error.field.as_deref()), (ErrorCode::BadRequest, Some(field)));
    }
    assert_eq!(api.tokens_of(&app, "ann").await, [token]);
}

#[tokio::test]
async fn a_token_on_no_device_is_given_out_again_unless_a_new_one_is_forced() {
    let api = World::new().await.start().await;
    let app = api.app().await.id;
    let first = not_forced(&api, &app, "ann").await;
    assert_eq!(not_forced(&api, &app, "ann").await, first);
    assert_ne!(not_forced(&api, &app, "bob").await.token_id, first.token_id);
    let forced = api.token(&app, "ann").await;
    assert_ne!(forced.token_id, first.token_id);
    // The newest that is on no device.
    assert_eq!(not_forced(&api, &app, "ann").await, forced);
    api.session(&app, &forced.auth_token, "phone").await;
    assert_eq!(not_forced(&api, &app, "ann").await, first);
    api.session(&app, &first.auth_token, "desk").await;
    assert!(![first.token_id, forced.token_id].contains(&not_forced(&api, &app, "ann").await.token_id));
}

#[tokio::test]
async fn what_a_device_tells_is_kept() {
    let api = World::new().await.start().await;
    let app = api.app().await.id;
    let token = api.token(&app, "ann").await;
    let told = pb::UpdateAuthTokenRequest {
        platform: Some("android".to_owned()),
        user_agent: Some("UA".to_owned()),
        app_info_json: Some(r#"{"v": 1}"#.to_owned()),
        ..update(&app, "ann", &token.auth_token)
    };
    let changed = api.update_auth_token(told).await.unwrap().auth_token.unwrap();
    let expected = pb::AuthToken {
        platform: "android".to_owned(),
        user_agent: "UA".to_owned(),
        app_info_json: r#"{"v": 1}"#.to_owned(),
        ..token.clone()
    };
    assert_eq!(changed, expected);
    let partly =
        pb::UpdateAuthTokenRequest { platform: Some("ios".to_owned()), ..update(&app, "ann", &token.auth_token) };
    let changed = api.update_auth_token(partly).await.unwrap().auth_token.unwrap();
    assert_eq!(changed, pb::AuthToken { platform: "ios".to_owned(), ..expected });
    assert_eq!(api.tokens_of(&app, "ann").await, [changed]);
}

#[tokio::test]
async fn other_peoples_tokens_are_out_of_reach() {
    let api = World::new().await.start().await;
    let app = api.app().await.id;
    let token = api.token(&app, "ann").await;
    let absent = "ann_17000000000000000000000000000000000000000000000000";
    for (uid, value) in [("bob", token.auth_token.as_str()), ("ann", absent), ("ann", "")] {
        let code = api.get_auth_token(get(&app, uid, value)).await.unwrap_err().code;
        assert_eq!(code, ErrorCode::AuthTokenNotFound);
        let code = api.delete_auth_token(delete(&app, uid, value)).await.unwrap_err().code;
        assert_eq!(code, ErrorCode::AuthTokenNotFound);
    }
    let named = |uid, value| pb::UpdateAuthTokenRequest { platform: Some("x".to_owned()), ..update(&app, uid, value) };
    let code = api.update_auth_token(named("bob", &token.auth_token)).await.unwrap_err().code;
    assert_eq!(code, ErrorCode::AuthTokenNotAccessible);
    assert_eq!(api.update_auth_token(named("ann", absent)).await.unwrap_err().code, ErrorCode::AuthTokenNotFound);
    assert_eq!(api.tokens_of(&app, "ann").await, [token]);
}

#[tokio::test]
async fn the_newest_100_stay_valid_and_the_next_ends_the_oldest() {
    let world = World::new().await;
    let api = world.start().await;
    let app = api.app().await.id;
    let mut made = Vec::new();
    for _ in 0..100 {
        made.push(api.token(&app, "ann").await);
    }
    let of_bob = api.token(&app, "bob").await;
    assert!(api.is_valid(&app, &made[0].auth_token).await);
    let mut facts = world.facts(&app).await;

    made.push(api.token(&app, "ann").await);

    let revoked = facts.revoked().await;
    assert_eq!((revoked.uid.as_str(), &revoked.credential_ids), ("ann", &vec![made[0].token_id.clone()]));
    assert!(!api.is_valid(&app, &made[0].auth_token).await);
    for token in [&made[1], &made[100], &of_bob] {
        assert!(api.is_valid(&app, &token.auth_token).await);
    }
    made.remove(0);
    made.reverse();
    assert_eq!(api.tokens_of(&app, "ann").await, made);
}

#[tokio::test]
async fn tokens_made_at_once_keep_the_bound() {
    let world = World::new().await;
    let (api, other) = (world.start().await, world.start().await);
    let app = api.app().await.id;

    let made: Vec<pb::AuthToken> =
        join_all((0..130).map(|n| (if n % 2 == 0 { &api } else { &other }).token(&app, "ann"))).await;

    let values: HashSet<&str> = made.iter().map(|token| token.auth_token.as_str()).collect();
    assert_eq!(values.len(), 130);
    assert_eq!(api.tokens_of(&app, "ann").await.len(), 100);
    let mut valid = 0;
    for token in &made {
        valid += usize::from(api.is_valid(&app, &token.auth_token).await);
    }
    assert_eq!(valid, 100);
}

#[tokio::test]
async fn unforced_tokens_asked_for_at_once_are_one() {
    let world = World::new().await;
    let (api, other) = (world.start().await, world.start().await);
    let app = api.app().await.id;
    let made = join_all((0..20).map(|n| not_forced(if n % 2 == 0 { &api } else { &other }, &app, "ann"))).await;
    assert!(made.iter().all(|token| *token == made[0]));
}

#[tokio::test]
async fn all_pages_together_are_all_tokens() {
    let api = World::new().await.start().await;
    let app = api.app().await.id;
    let mut made = Vec::new();
    for _ in 0..11 {
        made.push(api.token(&app, "ann").await);
        api.token(&app, "bob").await;
    }
    made.reverse();
    for per_page in [1, 4, 11, 100] {
        let listed = walk(per_page, async |page: PageRequest| {
            let request = pb::ListAuthTokensRequest { app_id: app.clone(), uid: "ann".to_owned(), page: Some(page) };
            let answer = api.list_auth_tokens(request).await.unwrap();
            (answer.auth_tokens, answer.page)
        })
        .await;
        assert_eq!(listed, made);
    }
}

#[tokio::test]
async fn a_flush_ends_all_of_one_user() {
    let api = World::new().await.start().await;
    let app = api.app().await.id;
    let mine = [api.token(&app, "ann").await, api.token(&app, "ann").await];
    let of_bob = api.token(&app, "bob").await;
    let flush = || pb::FlushAuthTokensRequest { app_id: app.clone(), uid: "ann".to_owned() };
    assert_eq!(api.flush_auth_tokens(flush()).await.unwrap().ended, 2);
    for token in &mine {
        assert!(!api.is_valid(&app, &token.auth_token).await);
    }
    assert!(api.is_valid(&app, &of_bob.auth_token).await);
    assert_eq!(api.flush_auth_tokens(flush()).await.unwrap().ended, 0);
    let new = api.token(&app, "ann").await;
    assert!(api.is_valid(&app, &new.auth_token).await);
}
