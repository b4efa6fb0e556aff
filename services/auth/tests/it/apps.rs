//! Apps.

use halley_contracts::{auth::v1 as pb, common::v1::PageRequest};
use halley_model::ErrorCode;
use halley_testkit::unique;

use crate::support::{World, auth_only, full_access, walk};

fn named(app_id: &str, name: &str, region: &str) -> pb::CreateAppRequest {
    pb::CreateAppRequest { app_id: app_id.to_owned(), name: name.to_owned(), region: region.to_owned() }
}

#[tokio::test]
async fn an_app_comes_with_one_key_of_each_scope() {
    let api = World::new().await.start().await;
    let made = api.create_app(named("", "Shop", "")).await.unwrap();
    let app = made.app.unwrap();
    assert!(app.app_id.len() == 16 && app.app_id.bytes().all(|b| b.is_ascii_hexdigit()), "{}", app.app_id);
    assert_eq!((app.name.as_str(), app.region.as_str(), app.settings_json.as_str()), ("Shop", "us", "{}"));
    assert!(app.created_at_ms > 0);
    let (auth_key, rest_key) = (made.auth_key.unwrap(), made.rest_api_key.unwrap());
    assert_eq!((auth_key.scope, rest_key.scope), (auth_only(), full_access()));
    for key in [&auth_key, &rest_key] {
        assert!(key.api_key.len() == 40 && key.api_key.bytes().all(|b| b.is_ascii_hexdigit()), "{}", key.api_key);
    }
    let got = api.get_app(pb::GetAppRequest { app_id: app.app_id.clone() }).await.unwrap().app.unwrap();
    assert_eq!(got, app);
}

#[tokio::test]
async fn ids_are_lower_cased_and_given_once() {
    let api = World::new().await.start().await;
    let id = unique("shop");
    let made = api.create_app(named(&id.to_uppercase(), "Shop", "EU")).await.unwrap().app.unwrap();
    assert_eq!((made.app_id.as_str(), made.region.as_str()), (id.as_str(), "eu"));
    let again = api.create_app(named(&id, "Other", "")).await.unwrap_err();
    assert_eq!((again.code, again.field.as_deref()), (ErrorCode::AppAlreadyExists, Some("appId")));
    let found = api.get_app(pb::GetAppRequest { app_id: id.to_uppercase() }).await.unwrap().app.unwrap();
    assert_eq!(found.name, "Shop");
}

#[tokio::test]
async fn bad_fields_are_named_and_nothing_is_made() {
    let api = World::new().await.start().await;
    let long = "x".repeat(101);
    let cases = [
        (named("", "", ""), "name"),
        (named("", "a\0b", ""), "name"),
        (named("", &long, ""), "name"),
        (named("a-b", "n", ""), "appId"),
        (named(&"a".repeat(33), "n", ""), "appId"),
        (named("", "n", "eu west"), "region"),
    ];
    for (request, field) in cases {
        let error = api.create_app(request.clone()).await.expect_err(field);
        assert_eq!((error.code, error.field.as_deref()), (ErrorCode::BadRequest, Some(field)), "{request:?}");
    }
    assert!(api.list_apps(pb::ListAppsRequest::default()).await.unwrap().apps.is_empty());
}

#[tokio::test]
async fn an_update_changes_what_it_names_only() {
    let api = World::new().await.start().await;
    let id = api.app().await.id;
    let update = |name: Option<&str>, settings: Option<&str>| pb::UpdateAppRequest {
        app_id: id.clone(),
        name: name.map(ToOwned::to_owned),
        settings_json: settings.map(ToOwned::to_owned),
    };
    let renamed = api.update_app(update(Some("New"), None)).await.unwrap().app.unwrap();
    assert_eq!((renamed.name.as_str(), renamed.settings_json.as_str()), ("New", "{}"));
    let set = api.update_app(update(None, Some(r#"{"a": 1}"#))).await.unwrap().app.unwrap();
    assert_eq!((set.name.as_str(), set.settings_json.as_str()), ("New", r#"{"a": 1}"#));
    for (request, field) in [
        (update(Some(" "), Some(r#"{"b": 2}"#)), "name"),
        (update(None, Some("[1]")), "settings"),
        (update(None, Some("")), "settings"),
        (update(None, Some(r#"{"a":"\u0000"}"#)), "settings"),
    ] {
        let error = api.update_app(request).await.expect_err(field);
        assert_eq!((error.code, error.field.as_deref()), (ErrorCode::BadRequest, Some(field)));
    }
    assert_eq!(api.get_app(pb::GetAppRequest { app_id: id.clone() }).await.unwrap().app.unwrap(), set);
}

#[tokio::test]
async fn unknown_apps_are_told_by_every_call_about_one() {
    let api = World::new().await.start().await;
    for app_id in ["nowhere", "", "a\0b", "no-label", &"x".repeat(5000)] {
        let app_id = app_id.to_owned();
        let get = api.get_app(pb::GetAppRequest { app_id: app_id.clone() }).await.unwrap_err();
        let update = pb::UpdateAppRequest { app_id: app_id.clone(), name: Some("n".into()), settings_json: None };
        let update = api.update_app(update).await.unwrap_err();
        let key = pb::CreateApiKeyRequest { app_id: app_id.clone(), name: "n".into(), scope: full_access() };
        let key = api.create_api_key(key).await.unwrap_err();
        let token = pb::CreateAuthTokenRequest { app_id: app_id.clone(), uid: "ann".into(), force: true };
        let token = api.create_auth_token(token).await.unwrap_err();
        let who = pb::AuthenticateRequest { app_id, credential: None };
        let who = api.authenticate(who).await.unwrap_err();
        for error in [get, update, key, token, who] {
            assert_eq!(error.code, ErrorCode::InvalidAppId, "{error}");
        }
    }
}

#[tokio::test]
async fn all_pages_together_are_all_apps() {
    let api = World::new().await.start().await;
    let mut made = Vec::new();
    for _ in 0..7 {
        made.push(api.app().await.id);
    }
    made.sort();
    for per_page in [1, 3, 7, 100] {
        let listed = walk(per_page, async |page: PageRequest| {
            let answer = api.list_apps(pb::ListAppsRequest { page: Some(page) }).await.unwrap();
            (answer.apps, answer.page)
        })
        .await;
        assert_eq!(listed.into_iter().map(|app| app.app_id).collect::<Vec<_>>(), made);
    }
    for (page, per_page, field) in [(-1, 10, "page"), (1, 1001, "perPage"), (1, -1, "perPage")] {
        let error =
            api.list_apps(pb::ListAppsRequest { page: Some(PageRequest { page, per_page }) }).await.unwrap_err();
        assert_eq!((error.code, error.field.as_deref()), (ErrorCode::BadRequest, Some(field)));
    }
    let past = pb::ListAppsRequest { page: Some(PageRequest { page: i32::MAX, per_page: 1000 }) };
    assert!(api.list_apps(past).await.unwrap().apps.is_empty());
}
