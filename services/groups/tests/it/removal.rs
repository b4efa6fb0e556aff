//! What is deleted with an app.

use std::collections::BTreeSet;

use halley_groups::APP_TABLES;
use halley_testkit::app_tables;

use crate::support::World;

#[tokio::test]
async fn every_table_of_apps_is_known() {
    let world = World::new().await;
    assert_eq!(
        APP_TABLES.iter().map(|table| (*table).to_owned()).collect::<BTreeSet<_>>(),
        app_tables(&world.pool).await
    );
}
