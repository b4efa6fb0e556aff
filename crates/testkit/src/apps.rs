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

/// The tables of the database at that address in which any column of any row holds a text, bytes included.
pub async fn tables_holding(url: &str, text: &str) -> BTreeSet<String> {
    let pool = PgPool::connect(url).await.unwrap();
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT table_name::text FROM information_schema.tables
         WHERE table_schema = 'public' AND table_type = 'BASE TABLE'",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let hexadecimal: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut found = BTreeSet::new();
    for table in names {
        let statement = format!(
            "SELECT EXISTS (SELECT FROM {table} AS t WHERE strpos(t::text, $1) > 0 OR strpos(t::text, $2) > 0)"
        );
        let query = sqlx::query_scalar(AssertSqlSafe(statement)).bind(text).bind(&hexadecimal);
        if query.fetch_one(&pool).await.unwrap() {
            found.insert(table);
        }
    }
    pool.close().await;
    found
}

/// Runs a statement in the database at that address.
pub async fn execute(url: &str, statement: &'static str) {
    let pool = PgPool::connect(url).await.unwrap();
    sqlx::query(statement).execute(&pool).await.unwrap();
    pool.close().await;
}

/// The tables that have rows of an app, in the database at that address.
pub async fn tables_with_rows_at(url: &str, app_id: &str) -> BTreeSet<String> {
    let pool = PgPool::connect(url).await.unwrap();
    let found = tables_with_rows(&pool, app_id).await;
    pool.close().await;
    found
}
