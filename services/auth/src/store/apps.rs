//! Table `apps`.

use chrono::{DateTime, Utc};
use halley_contracts::auth::v1::App;
use halley_kit::{page::Page, time};
use halley_model::AppSettings;
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

#[derive(sqlx::FromRow)]
pub struct Row {
    app_id: String,
    name: String,
    region: String,
    settings: Json<Box<serde_json::value::RawValue>>,
    created_at: DateTime<Utc>,
    scheduled_to_delete_at: Option<DateTime<Utc>>,
}

impl From<Row> for App {
    fn from(row: Row) -> Self {
        Self {
            app_id: row.app_id,
            name: row.name,
            region: row.region,
            settings_json: row.settings.0.get().to_owned(),
            created_at_ms: time::to_ms(row.created_at),
            scheduled_to_delete_at_ms: row.scheduled_to_delete_at.map_or(0, time::to_ms),
        }
    }
}

/// Stores an app; false when the id is taken.
pub async fn insert(
    db: &mut PgConnection,
    app: &App,
    owner_id: Option<Uuid>,
    at: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "INSERT INTO apps (app_id, name, region, created_at, owner_id)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (app_id) DO NOTHING",
    )
    .bind(&app.app_id)
    .bind(&app.name)
    .bind(&app.region)
    .bind(at)
    .bind(owner_id)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// An app.
pub async fn find(pool: &PgPool, app_id: &str) -> Result<Option<App>, sqlx::Error> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT app_id, name, region, settings, created_at, scheduled_to_delete_at
         FROM apps
         WHERE app_id = $1 AND removed_at IS NULL",
    )
    .bind(app_id)
    .fetch_optional(pool)
    .await?;
    Ok(row.map(App::from))
}

/// A page of the apps by id, and how many there are.
pub async fn list(pool: &PgPool, page: Page) -> Result<(Vec<App>, i64), sqlx::Error> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT app_id, name, region, settings, created_at, scheduled_to_delete_at
         FROM apps
         WHERE removed_at IS NULL
         ORDER BY app_id LIMIT $1 OFFSET $2",
    )
    .bind(page.limit())
    .bind(page.offset())
    .fetch_all(pool)
    .await?;
    let total = sqlx::query_scalar("SELECT count(*) FROM apps WHERE removed_at IS NULL").fetch_one(pool).await?;
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
         WHERE app_id = $1 AND removed_at IS NULL
         RETURNING app_id, name, region, settings, created_at, scheduled_to_delete_at",
    )
    .bind(app_id)
    .bind(name)
    .bind(settings_json)
    .fetch_optional(db)
    .await?;
    Ok(row.map(App::from))
}

/// Locks an app against changes of what it has many of; answers its settings.
pub async fn lock(db: &mut PgConnection, app_id: &str) -> Result<Option<AppSettings>, sqlx::Error> {
    let found: Option<String> =
        sqlx::query_scalar("SELECT settings::text FROM apps WHERE app_id = $1 FOR NO KEY UPDATE")
            .bind(app_id)
            .fetch_optional(db)
            .await?;
    Ok(found.map(|json| AppSettings::parse(&json)))
}

/// An app's settings; of one that is not there, the defaults.
pub async fn settings(db: &mut PgConnection, app_id: &str) -> Result<AppSettings, sqlx::Error> {
    let found: Option<String> =
        sqlx::query_scalar("SELECT settings::text FROM apps WHERE app_id = $1").bind(app_id).fetch_optional(db).await?;
    Ok(found.map(|json| AppSettings::parse(&json)).unwrap_or_default())
}

/// Sets keys of the settings and leaves the others as they are; answers whether the app is there.
pub async fn set_keys(db: &mut PgConnection, app_id: &str, settings_json: &str) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("UPDATE apps SET settings = settings || $2::jsonb WHERE app_id = $1")
        .bind(app_id)
        .bind(settings_json)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes keys out of the settings.
pub async fn unset_keys(db: &mut PgConnection, app_id: &str, keys: &[String]) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("UPDATE apps SET settings = settings - $2::text[] WHERE app_id = $1")
        .bind(app_id)
        .bind(keys)
        .execute(db)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Archives an app; false when it was already.
pub async fn archive(
    db: &mut PgConnection,
    app_id: &str,
    at: DateTime<Utc>,
    delete_at: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE apps
         SET archived_at = $2, scheduled_to_delete_at = $3
         WHERE app_id = $1 AND archived_at IS NULL",
    )
    .bind(app_id)
    .bind(at)
    .bind(delete_at)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}
