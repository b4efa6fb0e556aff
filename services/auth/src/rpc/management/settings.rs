//! An app's settings.

use halley_bus::outbox;
use halley_contracts::auth::v1 as pb;
use halley_model::{Access, Area, Feature, FieldError, Limit, settings};
use serde_json::{Map, Value};

use super::entry::{self, Operator, fate};
use crate::{Auth, error::AuthError, events, store};

/// Most keys of one call.
const KEYS_MAX: usize = 100;

pub async fn get(auth: &Auth, request: pb::GetSettingsRequest) -> Result<pb::GetSettingsResponse, AuthError> {
    let (_, app) = entry::enter(auth, request.credential, &request.app_id, (Area::Settings, Access::Read)).await?;
    Ok(pb::GetSettingsResponse { settings_json: app.settings_json })
}

pub async fn set(auth: &Auth, request: pb::SetSettingsRequest) -> Result<pb::SetSettingsResponse, AuthError> {
    let (operator, app) =
        entry::enter(auth, request.credential, &request.app_id, (Area::Settings, Access::Change)).await?;
    let given: Map<String, Value> =
        serde_json::from_str(&request.settings_json).map_err(|_| FieldError::new("settings", "must be an object"))?;
    if given.is_empty() || given.len() > KEYS_MAX {
        return Err(FieldError::new("settings", format!("must have 1 to {KEYS_MAX} keys")).into());
    }
    let mut accepted = Map::new();
    let mut results = Vec::with_capacity(given.len());
    for (key, value) in given {
        let outcome = accept(&operator, &key, &value).map(|value| drop(accepted.insert(key.clone(), value)));
        results.push(fate(key, outcome)?);
    }
    if !accepted.is_empty() {
        let json = Value::Object(accepted).to_string();
        let mut transaction = halley_kit::postgres::begin(&auth.pool).await?;
        store::apps::set_keys(&mut transaction, &app.app_id, &json).await?;
        let pending = outbox::insert(&mut transaction, &[events::app_changed(&app.app_id)]).await?;
        transaction.commit().await?;
        // A lower limit takes rights away.
        auth.relay.publish_now(pending).await;
    }
    Ok(pb::SetSettingsResponse { results })
}

/// Limits protect everybody's server, so only its owners set them.
fn accept(operator: &Operator, key: &str, value: &Value) -> Result<Value, AuthError> {
    let checked = settings::check(key, value)?;
    if settings::is_limit(key) && !operator.owns_installation() {
        return Err(AuthError::LimitDenied);
    }
    Ok(checked)
}

pub async fn unset(auth: &Auth, request: pb::UnsetSettingsRequest) -> Result<pb::UnsetSettingsResponse, AuthError> {
    let (operator, app) =
        entry::enter(auth, request.credential, &request.app_id, (Area::Settings, Access::Change)).await?;
    let keys = match request.keys.is_empty() {
        true => own_keys(&operator, &app),
        false => request.keys,
    };
    if keys.len() > KEYS_MAX {
        return Err(FieldError::new("settings", format!("must not have more than {KEYS_MAX} keys")).into());
    }
    if let Some(unknown) = keys.iter().find(|key| !settings::is_known(key)) {
        return Err(FieldError::new(unknown.as_str(), "there is no such setting").into());
    }
    if keys.iter().any(|key| settings::is_limit(key)) && !operator.owns_installation() {
        return Err(AuthError::LimitDenied);
    }
    let mut transaction = halley_kit::postgres::begin(&auth.pool).await?;
    store::apps::unset_keys(&mut transaction, &app.app_id, &keys).await?;
    let pending = outbox::insert(&mut transaction, &[events::app_changed(&app.app_id)]).await?;
    transaction.commit().await?;
    auth.relay.publish_now(pending).await;
    Ok(pb::UnsetSettingsResponse {})
}

/// The keys that are set and that the operator may put back.
fn own_keys(operator: &Operator, app: &pb::App) -> Vec<String> {
    let stored: Map<String, Value> = serde_json::from_str(&app.settings_json).unwrap_or_default();
    let is_own = |key: &String| settings::is_known(key) && (operator.owns_installation() || !settings::is_limit(key));
    stored.into_iter().map(|(key, _)| key).filter(is_own).take(Limit::ALL.len() + Feature::ALL.len() + 2).collect()
}
