//! Apps.

use halley_bus::outbox;
use halley_contracts::{auth::v1 as pb, common::v1::ApiKeyScope};
use halley_kit::{page::Page, time};
use halley_model::{AppId, FieldError, field, limits};

use super::api_keys;
use crate::{Auth, error::AuthError, events, store};

/// Largest settings, in bytes of JSON.
const SETTINGS_MAX_BYTES: usize = 64 * 1024;

pub async fn create(auth: &Auth, request: pb::CreateAppRequest) -> Result<pb::CreateAppResponse, AuthError> {
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
    };
    let (auth_row, auth_key) = api_keys::make(auth, &app_id, "Auth Key", ApiKeyScope::AuthOnly)?;
    let (rest_row, rest_api_key) = api_keys::make(auth, &app_id, "REST API Key", ApiKeyScope::FullAccess)?;

    let mut transaction = auth.pool.begin().await?;
    if !store::apps::insert(&mut transaction, &app, at).await? {
        return Err(AuthError::AppExists { app_id });
    }
    for row in [&auth_row, &rest_row] {
        store::api_keys::insert(&mut transaction, &app_id, row).await?;
    }
    let pending = outbox::insert(&mut transaction, &[events::app_changed(&app_id)]).await?;
    transaction.commit().await?;
    auth.relay.publish(pending);
    Ok(pb::CreateAppResponse { app: Some(app), auth_key: Some(auth_key), rest_api_key: Some(rest_api_key) })
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
    let mut transaction = auth.pool.begin().await?;
    let (name, settings) = (request.name.as_deref(), request.settings_json.as_deref());
    let app = store::apps::update(&mut transaction, &request.app_id, name, settings).await?;
    let app = app.ok_or_else(|| AuthError::AppNotFound { app_id: request.app_id.clone() })?;
    let pending = outbox::insert(&mut transaction, &[events::app_changed(&request.app_id)]).await?;
    transaction.commit().await?;
    auth.relay.publish_now(pending).await;
    Ok(pb::UpdateAppResponse { app: Some(app) })
}
