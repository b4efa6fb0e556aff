//! Apps.

use halley_bus::outbox;
use halley_contracts::{auth::v1 as pb, common::v1::ApiKeyScope};
use halley_kit::{page::Page, time};
use halley_model::{AppId, FieldError, field, limits};
use sqlx::PgConnection;
use uuid::Uuid;

use super::api_keys;
use crate::{Auth, error::AuthError, events, store};

/// Largest settings, in bytes of JSON.
const SETTINGS_MAX_BYTES: usize = 64 * 1024;

/// An app that was made, with its keys.
pub struct Made {
    pub app: pb::App,
    pub auth_key: pb::ApiKey,
    pub rest_api_key: pb::ApiKey,
    /// What is to be published after the commit.
    pub pending: outbox::Pending,
}

pub async fn create(auth: &Auth, request: pb::CreateAppRequest) -> Result<pb::CreateAppResponse, AuthError> {
    let mut transaction = halley_kit::postgres::begin(&auth.pool).await?;
    let made = make(auth, &mut transaction, request, None).await?;
    transaction.commit().await?;
    auth.relay.publish(made.pending);
    let (auth_key, rest_api_key) = (Some(made.auth_key), Some(made.rest_api_key));
    Ok(pb::CreateAppResponse { app: Some(made.app), auth_key, rest_api_key })
}

/// Makes an app with a key of each scope.
pub async fn make(
    auth: &Auth,
    connection: &mut PgConnection,
    request: pb::CreateAppRequest,
    owner_id: Option<Uuid>,
) -> Result<Made, AuthError> {
    field::required_text("name", &request.name, limits::NAME_MAX)?;
    let app_id = match request.app_id.as_str() {
        "" => format!("{:016x}", rand::random::<u64>()),
        given => AppId::parse(given).map_err(|error| FieldError::new("appId", error.to_string()))?.to_string(),
    };
    let region = if request.region.is_empty() { "us".to_owned() } else { label("region", &request.region)? };
    let at = time::now();
    let app = pb::App {
        app_id: app_id.clone(),
        name: request.name,
        region,
        settings_json: "{}".to_owned(),
        created_at_ms: time::to_ms(at),
        scheduled_to_delete_at_ms: 0,
    };
    let (auth_row, auth_key) = api_keys::make(auth, &app_id, "Auth Key", ApiKeyScope::AuthOnly)?;
    let (rest_row, rest_api_key) = api_keys::make(auth, &app_id, "REST API Key", ApiKeyScope::FullAccess)?;
    if !store::apps::insert(connection, &app, owner_id, at).await? {
        return Err(AuthError::AppExists { app_id });
    }
    for row in [&auth_row, &rest_row] {
        store::api_keys::insert(connection, &app_id, row).await?;
    }
    let pending = outbox::insert(connection, &[events::app_changed(&app_id)]).await?;
    Ok(Made { app, auth_key, rest_api_key, pending })
}

fn label(name: &str, value: &str) -> Result<String, AuthError> {
    match AppId::parse(value) {
        Ok(label) => Ok(label.to_string()),
        Err(error) => Err(FieldError::new(name, error.to_string()).into()),
    }
}

pub async fn get(auth: &Auth, request: pb::GetAppRequest) -> Result<pb::GetAppResponse, AuthError> {
    let app = store::apps::find(&auth.pool, &request.app_id).await?;
    let app = app.ok_or(AuthError::AppNotFound { app_id: request.app_id })?;
    Ok(pb::GetAppResponse { app: Some(app) })
}

pub async fn list(auth: &Auth, request: pb::ListAppsRequest) -> Result<pb::ListAppsResponse, AuthError> {
    let page = Page::parse(request.page)?;
    let (apps, total) = store::apps::list(&auth.pool, page).await?;
    let page = page.info(total, apps.len());
    Ok(pb::ListAppsResponse { apps, page: Some(page) })
}

pub async fn list_removed(
    auth: &Auth,
    request: pb::ListRemovedAppsRequest,
) -> Result<pb::ListRemovedAppsResponse, AuthError> {
    let since = time::from_ms(request.since_ms).unwrap_or_default();
    let apps = store::removals::list(&auth.pool, since).await?;
    let show = |(app_id, at)| pb::RemovedApp { app_id, removed_at_ms: time::to_ms(at) };
    Ok(pb::ListRemovedAppsResponse { apps: apps.into_iter().map(show).collect() })
}

pub async fn update(auth: &Auth, request: pb::UpdateAppRequest) -> Result<pb::UpdateAppResponse, AuthError> {
    if let Some(name) = &request.name {
        field::required_text("name", name, limits::NAME_MAX)?;
    }
    if let Some(settings) = &request.settings_json {
        field::json_object("settings", settings, SETTINGS_MAX_BYTES)?;
        if settings.is_empty() {
            return Err(FieldError::new("settings", "must be a JSON object").into());
        }
    }
    let mut transaction = halley_kit::postgres::begin(&auth.pool).await?;
    let (name, settings) = (request.name.as_deref(), request.settings_json.as_deref());
    let app = store::apps::update(&mut transaction, &request.app_id, name, settings).await?;
    let app = app.ok_or_else(|| AuthError::AppNotFound { app_id: request.app_id.clone() })?;
    let pending = outbox::insert(&mut transaction, &[events::app_changed(&request.app_id)]).await?;
    transaction.commit().await?;
    auth.relay.publish_now(pending).await;
    Ok(pb::UpdateAppResponse { app: Some(app) })
}
