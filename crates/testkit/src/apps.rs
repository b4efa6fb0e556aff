//! What a database holds of an app.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, PgPool};

/// The tables with a column `app_id`, apart from those that list apps.
pub async fn app_tables(pool: &PgPool) -> BTreeSet<String> {
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT table_name::text
         FROM information_schema.columns
         WHERE table_schema = 'public' AND column_name = 'app_id' AND table_name NOT IN ('apps', 'removals')",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    names.into_iter().collect()
}

/// The tables that have rows of an app.
pub async fn tables_with_rows(pool: &PgPool, app_id: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for table in app_tables(pool).await {
        let statement = format!("SELECT EXISTS (SELECT FROM {table} WHERE app_id = $1)");
        if sqlx::query_scalar(AssertSqlSafe(statement)).bind(app_id).fetch_one(pool).await.unwrap() {
            found.insert(table);
        }
    }
    found
}

/// The tables that have rows of an app, in the database at that address.
pub async fn tables_with_rows_at(url: &str, app_id: &str) -> BTreeSet<String> {
    let pool = PgPool::connect(url).await.unwrap();
    let found = tables_with_rows(&pool, app_id).await;
    pool.close().await;
    found
}
