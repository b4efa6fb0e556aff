//! Archived apps are deleted for good when their time has come.

use halley_bus::{Channel, Delivery};
use halley_contracts::{
    auth::v1::{self as pb, authenticate_request::Credential},
    events::v1::{AppChanged, Event, event::Body},
};
use halley_model::ErrorCode;
use halley_testkit::{eventually, tables_with_rows, within};
use prost::Message as _;
use tokio_util::sync::CancellationToken;

use crate::support::{Api, World, user};

/// Archives an app that was to be deleted so many days ago.
async fn archive(world: &World, app_id: &str, days_ago: i32) {
    sqlx::query(
        "UPDATE apps SET archived_at = now(), scheduled_to_delete_at = now() - make_interval(days => $2) WHERE app_id = $1",
    )
    .bind(app_id)
    .bind(days_ago)
    .execute(&world.pool)
    .await
    .unwrap();
}

async fn removed(api: &Api) -> Vec<String> {
    let list = pb::ListRemovedAppsRequest { since_ms: 0 };
    api.list_removed_apps(list).await.unwrap().apps.into_iter().map(|app| app.app_id).collect()
}

#[tokio::test]
async fn an_archived_app_is_deleted_when_its_time_has_come() {
    let world = World::new().await;
    let api = world.start().await;
    let (due, later, living) = (api.app().await, api.app().await, api.app().await);
    for app in [&due, &later, &living] {
        api.token(&app.id, "ann").await;
    }
    // More than one part.
    sqlx::query(
        "INSERT INTO auth_tokens (app_id, token_id, uid, lookup_hash, sealed, created_at)
         SELECT $1, gen_random_uuid(), 'bob', int8send(n), '', now() FROM generate_series(1, 2500) AS n",
    )
    .bind(&due.id)
    .execute(&world.pool)
    .await
    .unwrap();
    archive(&world, &due.id, 1).await;
    archive(&world, &later.id, -1).await;
    let (subscriptions, mut deliveries) = world.bus.subscriber(CancellationToken::new());
    subscriptions.subscribe(vec![Channel::facts()]).await.unwrap();

    // Instances look at their start.
    let other = world.start().await;

    eventually("the deletion", async || (removed(&api).await == [due.id.clone()]).then_some(())).await;
    assert!(tables_with_rows(&world.pool, &due.id).await.is_empty());
    for app in [&later, &living] {
        assert!(tables_with_rows(&world.pool, &app.id).await.contains("auth_tokens"));
    }
    within("the fact", async {
        loop {
            let Some(Delivery::Message { payload, .. }) = deliveries.recv().await else { continue };
            let Event { app_id, body, .. } = Event::decode(payload).unwrap();
            if app_id == due.id && body == Some(Body::AppChanged(AppChanged { archived: true, removed: true })) {
                return;
            }
        }
    })
    .await;
    let credential = Credential::ApiKey(due.rest_key.api_key.clone());
    assert_eq!(other.principal(&due.id, credential).await.expect_err("refused").code, ErrorCode::InvalidAppId);
    let get = pb::GetAppRequest { app_id: due.id.clone() };
    assert_eq!(api.get_app(get).await.expect_err("gone").code, ErrorCode::InvalidAppId);
    let again = pb::CreateAppRequest { app_id: due.id.clone(), name: "Again".to_owned(), region: String::new() };
    assert_eq!(api.create_app(again).await.expect_err("no other app gets its id").code, ErrorCode::AppAlreadyExists);
    let credential = Credential::ApiKey(later.rest_key.api_key.clone());
    assert_eq!(api.principal(&later.id, credential).await.expect_err("refused").code, ErrorCode::AppArchived);
}

#[tokio::test]
async fn callers_of_apps_are_not_told_which_apps_were_deleted() {
    let world = World::new().await;
    let api = world.start().await;
    let app = api.app().await;
    let denied = api.list_removed_apps_as(&user(&app.id, "ann"), pb::ListRemovedAppsRequest::default()).await;
    assert_eq!(denied.expect_err("denied").code, ErrorCode::NoAccess);
}
