//! API keys.

use halley_bus::outbox;
use halley_contracts::{
    auth::v1 as pb,
    common::v1::{ApiKeyScope, caller::Principal},
};
use halley_kit::{Caller, page::Page, time};
use halley_model::{FieldError, Limit, field, limits};
use uuid::Uuid;

use crate::{
    Auth,
    error::AuthError,
    events,
    seal::Kind,
    store::{self, api_keys::ApiKeyRow},
};

/// A new key: its row, and what is answered.
pub fn make(auth: &Auth, app_id: &str, name: &str, scope: ApiKeyScope) -> Result<(ApiKeyRow, pb::ApiKey), AuthError> {
    let value = hex::encode(rand::random::<[u8; 20]>());
    let key_id = Uuid::now_v7();
    let at = time::now();
    let row = ApiKeyRow {
        key_id,
        lookup_hash: auth.seal.lookup_hash(Kind::ApiKey, app_id, &value),
        sealed: auth.seal.seal(Kind::ApiKey, app_id, &key_id.to_string(), &value)?,
        name: name.to_owned(),
        scope: stored(scope),
        created_at: at,
    };
    let key = open(auth, app_id, &row)?;
    Ok((row, key))
}

fn open(auth: &Auth, app_id: &str, row: &ApiKeyRow) -> Result<pb::ApiKey, AuthError> {
    let key_id = row.key_id.to_string();
    Ok(pb::ApiKey {
        api_key: auth.seal.open(Kind::ApiKey, app_id, &key_id, &row.sealed)?,
        key_id,
        name: row.name.clone(),
        scope: i32::from(row.scope),
        created_at_ms: time::to_ms(row.created_at),
    })
}

/// Scopes are stored as the contract numbers them.
fn stored(scope: ApiKeyScope) -> i16 {
    match scope {
        ApiKeyScope::Unspecified => 0,
        ApiKeyScope::AuthOnly => 1,
        ApiKeyScope::FullAccess => 2,
    }
}

/// A scope that may be left out.
fn given_scope(number: i32) -> Result<Option<i16>, FieldError> {
    match ApiKeyScope::try_from(number) {
        Ok(ApiKeyScope::Unspecified) => Ok(None),
        Ok(scope) => Ok(Some(stored(scope))),
        Err(_) => Err(wrong_scope()),
    }
}

fn wrong_scope() -> FieldError {
    FieldError::new("scope", "must be authOnly or fullAccess")
}

pub async fn create(auth: &Auth, request: pb::CreateApiKeyRequest) -> Result<pb::CreateApiKeyResponse, AuthError> {
    field::required_text("name", &request.name, limits::NAME_MAX)?;
    let scope = request.scope();
    if scope == ApiKeyScope::Unspecified {
        return Err(wrong_scope().into());
    }
    let app_id = request.app_id;
    let (row, key) = make(auth, &app_id, &request.name, scope)?;
    let mut transaction = halley_kit::postgres::begin(&auth.pool).await?;
    // Counted under the app's lock, or two at once could pass the limit.
    let Some(settings) = store::apps::lock(&mut transaction, &app_id).await? else {
        return Err(AuthError::AppNotFound { app_id });
    };
    let max = settings.limit_i64(Limit::ApiKeys);
    if store::api_keys::count(&mut transaction, &app_id).await? >= max {
        return Err(AuthError::TooManyApiKeys { max });
    }
    store::api_keys::insert(&mut transaction, &app_id, &row).await?;
    transaction.commit().await?;
    Ok(pb::CreateApiKeyResponse { api_key: Some(key) })
}

pub async fn list(auth: &Auth, request: pb::ListApiKeysRequest) -> Result<pb::ListApiKeysResponse, AuthError> {
    field::text("searchKey", &request.search_key, limits::NAME_MAX)?;
    let page = Page::parse(request.page)?;
    let scope = given_scope(request.scope)?;
    let (rows, total) = store::api_keys::list(&auth.pool, &request.app_id, scope, &request.search_key, page).await?;
    let page = page.info(total, rows.len());
    let api_keys = rows.iter().map(|row| open(auth, &request.app_id, row)).collect::<Result<_, _>>()?;
    Ok(pb::ListApiKeysResponse { api_keys, page: Some(page) })
}

async fn find(auth: &Auth, app_id: &str, value: &str) -> Result<ApiKeyRow, AuthError> {
    let hash = auth.seal.lookup_hash(Kind::ApiKey, app_id, value);
    store::api_keys::find(&auth.pool, app_id, &hash).await?.ok_or(AuthError::ApiKeyNotFound)
}

pub async fn get(auth: &Auth, request: pb::GetApiKeyRequest) -> Result<pb::GetApiKeyResponse, AuthError> {
    let row = find(auth, &request.app_id, &request.api_key).await?;
    Ok(pb::GetApiKeyResponse { api_key: Some(open(auth, &request.app_id, &row)?) })
}

/// A key that is used to lock itself out is a mistake, or somebody else's.
fn refuse_self(caller: Option<&Caller>, row: &ApiKeyRow) -> Result<(), AuthError> {
    match caller.map(Caller::principal) {
        Some(Principal::ApiKey(key)) if key.key_id == row.key_id.to_string() => Err(AuthError::ApiKeySelfAction),
        _ => Ok(()),
    }
}

pub async fn update(
    auth: &Auth,
    caller: Option<&Caller>,
    request: pb::UpdateApiKeyRequest,
) -> Result<pb::UpdateApiKeyResponse, AuthError> {
    if let Some(name) = &request.name {
        field::required_text("name", name, limits::NAME_MAX)?;
    }
    let scope = given_scope(request.scope)?;
    let row = find(auth, &request.app_id, &request.api_key).await?;
    refuse_self(caller, &row)?;
    let mut transaction = halley_kit::postgres::begin(&auth.pool).await?;
    let changed =
        store::api_keys::update(&mut transaction, &request.app_id, row.key_id, request.name.as_deref(), scope).await?;
    let changed = changed.ok_or(AuthError::ApiKeyNotFound)?;
    let entry = events::key_revoked(&request.app_id, row.key_id.to_string());
    let pending = outbox::insert(&mut transaction, &[entry]).await?;
    transaction.commit().await?;
    auth.relay.publish_now(pending).await;
    Ok(pb::UpdateApiKeyResponse { api_key: Some(open(auth, &request.app_id, &changed)?) })
}

pub async fn delete(
    auth: &Auth,
    caller: Option<&Caller>,
    request: pb::DeleteApiKeyRequest,
) -> Result<pb::DeleteApiKeyResponse, AuthError> {
    let row = find(auth, &request.app_id, &request.api_key).await?;
    refuse_self(caller, &row)?;
    let mut transaction = halley_kit::postgres::begin(&auth.pool).await?;
    if !store::api_keys::delete(&mut transaction, &request.app_id, row.key_id).await? {
        return Err(AuthError::ApiKeyNotFound);
    }
    let entry = events::key_revoked(&request.app_id, row.key_id.to_string());
    let pending = outbox::insert(&mut transaction, &[entry]).await?;
    transaction.commit().await?;
    auth.relay.publish_now(pending).await;
    Ok(pb::DeleteApiKeyResponse {})
}
