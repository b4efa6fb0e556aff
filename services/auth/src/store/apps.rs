//! Table `apps`.

use chrono::{DateTime, Utc};
use halley_contracts::auth::v1::App;
use halley_kit::{page::Page, time};
use sqlx::{PgConnection, PgPool, types::Json};

#[derive(sqlx::FromRow)]
struct Row {
    app_id: String,
    name: String,
    region: String,
    settings: Json<Box<serde_json::value::RawValue>>,
    created_at: DateTime<Utc>,
}

impl From<Row> for App {
    fn from(row: Row) -> Self {
        Self {
            app_id: row.app_id,
            name: row.name,
            region: row.region,
            settings_json: row.settings.0.get().to_owned(),
            created_at_ms: time::to_ms(row.created_at),
        }
    }
}

/// Stores an app; false when the id is taken.
pub async fn insert(db: &mut PgConnection, app: &App, at: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "INSERT INTO apps (app_id, name, region, created_at)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (app_id) DO NOTHING",
    )
    .bind(&app.app_id)
    .bind(&app.name)
    .bind(&app.region)
    .bind(at)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// An app.
pub async fn find(pool: &PgPool, app_id: &str) -> Result<Option<App>, sqlx::Error> {
    let row: Option<Row> =
        sqlx::query_as("SELECT app_id, name, region, settings, created_at FROM apps WHERE app_id = $1")
            .bind(app_id)
            .fetch_optional(pool)
            .await?;
    Ok(row.map(App::from))
}

/// A page of the apps by id, and how many there are.
pub async fn list(pool: &PgPool, page: Page) -> Result<(Vec<App>, i64), sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT app_id, name, region, settings, created_at FROM apps ORDER BY app_id LIMIT $1 OFFSET $2",
    )
    .bind(page.limit())
    .bind(page.offset())
    .fetch_all(pool)
    .await?;
    let total = sqlx::query_scalar("SELECT count(*) FROM apps").fetch_one(pool).await?;
    Ok((rows.into_iter().map(App::from).collect(), total))
}

/// Changes what is given.
pub async fn update(
    db: &mut PgConnection,
    app_id: &str,
    name: Option<&str>,
    settings_json: Option<&str>,
) -> Result<Option<App>, sqlx::Error> {
    let row: Option<Row> = sqlx::query_as(
        "UPDATE apps
         SET name = coalesce($2, name), settings = coalesce($3::jsonb, settings)
         WHERE app_id = $1
         RETURNING app_id, name, region, settings, created_at",
    )
    .bind(app_id)
    .bind(name)
    .bind(settings_json)
    .fetch_optional(db)
    .await?;
    Ok(row.map(App::from))
}

/// Locks an app against changes of what it has many of.
pub async fn lock(db: &mut PgConnection, app_id: &str) -> Result<bool, sqlx::Error> {
    let found: Option<i32> = sqlx::query_scalar("SELECT 1 FROM apps WHERE app_id = $1 FOR NO KEY UPDATE")
        .bind(app_id)
        .fetch_optional(db)
        .await?;
    Ok(found.is_some())
}
