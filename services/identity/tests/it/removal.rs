//! What is deleted with an app.

use std::collections::BTreeSet;

use halley_apps::Apps;
use halley_identity::APP_TABLES;
use halley_kit::Lifecycle;
use halley_testkit::{app_tables, eventually, tables_with_rows};

use crate::support::World;

#[tokio::test]
async fn every_table_of_apps_is_known() {
    let world = World::new(&[]).await;
    assert_eq!(
        APP_TABLES.iter().map(|table| (*table).to_owned()).collect::<BTreeSet<_>>(),
        app_tables(&world.pool).await
    );
}

#[tokio::test]
async fn a_deleted_app_leaves_nothing_and_takes_nothing_of_others() {
    let mut world = World::new(&[]).await;
    let doomed = world.app.clone();
    for app in [doomed.clone(), halley_testkit::unique("b")] {
        world.app = app;
        world.add_many(2500).await;
        world.add_role("star").await;
        world.befriend("user-0000", &["user-0001"]).await;
        world.block("user-0002", &["user-0003"]).await;
    }
    let before = tables_with_rows(&world.pool, &world.app).await;
    assert!(before.len() >= 4, "{before:?}");
    sqlx::query("INSERT INTO removals (app_id, removed_at) VALUES ($1, now())")
        .bind(&doomed)
        .execute(&world.pool)
        .await
        .unwrap();

    let lifecycle = Lifecycle::new();
    for _ in 0..2 {
        halley_apps::removal::start(Apps::fixed(Default::default()), world.pool.clone(), APP_TABLES, &lifecycle);
    }

    let is_done = "SELECT EXISTS (SELECT FROM removals WHERE looked_at IS NOT NULL)";
    eventually("the end of the removal", async || {
        sqlx::query_scalar::<_, bool>(is_done).fetch_one(&world.pool).await.unwrap().then_some(())
    })
    .await;
    assert_eq!(tables_with_rows(&world.pool, &doomed).await, BTreeSet::new());
    assert_eq!(tables_with_rows(&world.pool, &world.app).await, before);
    let users: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&world.pool).await.unwrap();
    assert_eq!(users, 2500);
    lifecycle.stop();
}
