//! API keys.

use futures::future::join_all;
use halley_contracts::{auth::v1 as pb, common::v1::PageRequest};
use halley_model::ErrorCode;

use crate::support::{Api, Outcome, World, auth_only, full_access, holder, walk};

async fn create(api: &Api, app_id: &str, name: &str, scope: i32) -> Outcome<pb::ApiKey> {
    let request = pb::CreateApiKeyRequest { app_id: app_id.to_owned(), name: name.to_owned(), scope };
    api.create_api_key(request).await.map(|made| made.api_key.unwrap())
}

fn update(app_id: &str, api_key: &str) -> pb::UpdateApiKeyRequest {
    pb::UpdateApiKeyRequest { app_id: app_id.to_owned(), api_key: api_key.to_owned(), ..Default::default() }
}

#[tokio::test]
async fn a_key_is_given_back_changed_and_deleted() {
    let api = World::new().await.start().await;
    let app = api.app().await.id;
    let key = create(&api, &app, "Robot", auth_only()).await.unwrap();
    let get = || pb::GetApiKeyRequest { app_id: app.clone(), api_key: key.api_key.clone() };
    assert_eq!(api.get_api_key(get()).await.unwrap().api_key.unwrap(), key);

    let renamed = pb::UpdateApiKeyRequest { name: Some("Robot 2".to_owned()), ..update(&app, &key.api_key) };
    let renamed = api.update_api_key(renamed).await.unwrap().api_key.unwrap();
    assert_eq!(renamed, pb::ApiKey { name: "Robot 2".to_owned(), ..key.clone() });
    let raised = pb::UpdateApiKeyRequest { scope: full_access(), ..update(&app, &key.api_key) };
    let raised = api.update_api_key(raised).await.unwrap().api_key.unwrap();
    assert_eq!(raised, pb::ApiKey { scope: full_access(), ..renamed });

    let delete = || pb::DeleteApiKeyRequest { app_id: app.clone(), api_key: key.api_key.clone() };
    api.delete_api_key(delete()).await.unwrap();
    assert_eq!(api.get_api_key(get()).await.unwrap_err().code, ErrorCode::ApiKeyNotFound);
    assert_eq!(api.delete_api_key(delete()).await.unwrap_err().code, ErrorCode::ApiKeyNotFound);
    assert_eq!(api.update_api_key(update(&app, &key.api_key)).await.unwrap_err().code, ErrorCode::ApiKeyNotFound);
}

#[tokio::test]
async fn bad_fields_are_named_and_change_nothing() {
    let api = World::new().await.start().await;
    let app = api.app().await;
    let named = |error: halley_kit::PublicError| (error.code, error.field.unwrap_or_default());
    let bad = |field: &str| (ErrorCode::BadRequest, field.to_owned());
    assert_eq!(named(create(&api, &app.id, "", full_access()).await.unwrap_err()), bad("name"));
    assert_eq!(named(create(&api, &app.id, "n", 0).await.unwrap_err()), bad("scope"));
    assert_eq!(named(create(&api, &app.id, "n", 9).await.unwrap_err()), bad("scope"));
    let key = &app.auth_key.api_key;
    let request = pb::UpdateApiKeyRequest { name: Some("x".repeat(101)), scope: full_access(), ..update(&app.id, key) };
    assert_eq!(named(api.update_api_key(request).await.unwrap_err()), bad("name"));
    let request = pb::UpdateApiKeyRequest { name: Some("new".to_owned()), scope: 9, ..update(&app.id, key) };
    assert_eq!(named(api.update_api_key(request).await.unwrap_err()), bad("scope"));
    let request = pb::ListApiKeysRequest { app_id: app.id.clone(), search_key: "a\0".to_owned(), ..Default::default() };
    assert_eq!(named(api.list_api_keys(request).await.unwrap_err()), bad("searchKey"));
    let get = pb::GetApiKeyRequest { app_id: app.id.clone(), api_key: key.clone() };
    assert_eq!(api.get_api_key(get).await.unwrap().api_key.unwrap(), app.auth_key);
}

#[tokio::test]
async fn a_key_neither_changes_nor_deletes_itself() {
    let api = World::new().await.start().await;
    let app = api.app().await;
    let other = create(&api, &app.id, "Other", full_access()).await.unwrap();
    let (me, it) = (holder(&app.id, &app.rest_key), holder(&app.id, &other));
    let delete = pb::DeleteApiKeyRequest { app_id: app.id.clone(), api_key: app.rest_key.api_key.clone() };
    let change = pb::UpdateApiKeyRequest { name: Some("x".to_owned()), ..update(&app.id, &app.rest_key.api_key) };

    assert_eq!(api.update_api_key_as(&me, change.clone()).await.unwrap_err().code, ErrorCode::ApiKeySelfAction);
    assert_eq!(api.delete_api_key_as(&me, delete.clone()).await.unwrap_err().code, ErrorCode::ApiKeySelfAction);
    assert_eq!(api.update_api_key_as(&it, change).await.unwrap().api_key.unwrap().name, "x");
    api.delete_api_key_as(&it, delete).await.unwrap();
}

#[tokio::test]
async fn an_app_has_at_most_25_keys_however_many_are_asked_for_at_once() {
    let world = World::new().await;
    let (api, other) = (world.start().await, world.start().await);
    let app = api.app().await.id;

    let asked = (0..40).map(|n| create(if n % 2 == 0 { &api } else { &other }, &app, "Robot", full_access()));
    let outcomes = join_all(asked).await;

    let refused: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    assert_eq!(refused.len(), 17, "two come with the app");
    assert!(refused.iter().all(|error| error.code == ErrorCode::QuotaRestriction), "{refused:?}");
    // Room that is made can be used.
    let first = outcomes.iter().find_map(|outcome| outcome.as_ref().ok()).unwrap();
    let delete = pb::DeleteApiKeyRequest { app_id: app.clone(), api_key: first.api_key.clone() };
    api.delete_api_key(delete).await.unwrap();
    create(&api, &app, "Robot", full_access()).await.unwrap();
}

#[tokio::test]
async fn all_pages_together_are_all_keys_of_a_filter() {
    let api = World::new().await.start().await;
    let app = api.app().await;
    let mut made = vec![app.auth_key.clone(), app.rest_key.clone()];
    for n in 0..9 {
        let scope = if n % 3 == 0 { auth_only() } else { full_access() };
        made.push(create(&api, &app.id, &format!("100% Robot {n}"), scope).await.unwrap());
    }
    let walk_with = async |scope: i32, search_key: &str, per_page: i32| {
        walk(per_page, async |page: PageRequest| {
            let (app_id, search_key) = (app.id.clone(), search_key.to_owned());
            let request = pb::ListApiKeysRequest { app_id, scope, search_key, page: Some(page) };
            let answer = api.list_api_keys(request).await.unwrap();
            (answer.api_keys, answer.page)
        })
        .await
    };
    for per_page in [1, 4, 100] {
        assert_eq!(walk_with(0, "", per_page).await, made);
        let auth_keys: Vec<_> = made.iter().filter(|key| key.scope == auth_only()).cloned().collect();
        assert_eq!(walk_with(auth_only(), "", per_page).await, auth_keys);
        assert_eq!(walk_with(0, "0% rOBOT", per_page).await, made[2..]);
        assert!(walk_with(0, "_", per_page).await.is_empty());
    }
}
