//! Auth tokens.

use chrono::{DateTime, Utc};
use halley_bus::outbox;
use halley_contracts::auth::v1 as pb;
use halley_kit::{page::Page, time};
use halley_model::{FieldError, Limit, Uid, field};
use uuid::Uuid;

use crate::{
    Auth,
    error::AuthError,
    events,
    seal::Kind,
    store::{
        self,
        auth_tokens::{AuthTokenRow, Device},
    },
};

/// Longest of what a device tells of itself.
const DEVICE_TEXT_MAX: usize = 1000;
const APP_INFO_MAX_BYTES: usize = 10 * 1024;

/// A row with its value.
pub fn open(auth: &Auth, app_id: &str, row: AuthTokenRow) -> Result<pb::AuthToken, AuthError> {
    let token_id = row.token_id.to_string();
    Ok(pb::AuthToken {
        auth_token: auth.seal.open(Kind::AuthToken, app_id, &token_id, &row.sealed)?,
        token_id,
        uid: row.uid,
        created_at_ms: time::to_ms(row.created_at),
        platform: row.platform,
        user_agent: row.user_agent,
        app_info_json: row.app_info.map(|json| json.0.get().to_owned()).unwrap_or_default(),
        device_id: row.device_id,
    })
}

/// Checks what a device tells of itself.
pub fn check_device(device: &Device<'_>) -> Result<(), FieldError> {
    let texts = [("deviceId", device.device_id), ("platform", device.platform), ("userAgent", device.user_agent)];
    for (name, value) in texts {
        field::text(name, value.unwrap_or_default(), DEVICE_TEXT_MAX)?;
    }
    field::json_object("appInfo", device.app_info_json.unwrap_or_default(), APP_INFO_MAX_BYTES)
}

/// A uid in lower case.
fn user(uid: &str) -> Result<String, FieldError> {
    match Uid::parse(uid) {
        Ok(uid) => Ok(uid.into_string()),
        Err(error) => Err(FieldError::new("uid", error.to_string())),
    }
}

pub async fn create(
    auth: &Auth,
    request: pb::CreateAuthTokenRequest,
) -> Result<pb::CreateAuthTokenResponse, AuthError> {
    let uid = user(&request.uid)?;
    let app_id = request.app_id;
    let mut transaction = halley_kit::postgres::begin(&auth.pool).await?;
    store::auth_tokens::lock_user(&mut transaction, &app_id, &uid).await?;
    if !request.force
        && let Some(unused) = store::auth_tokens::find_unused(&mut transaction, &app_id, &uid).await?
    {
        return Ok(pb::CreateAuthTokenResponse { auth_token: Some(open(auth, &app_id, unused)?) });
    }
    let row = make(auth, &app_id, &uid)?;
    match store::auth_tokens::insert(&mut transaction, &app_id, &row).await {
        Err(error) if is_foreign_key(&error) => return Err(AuthError::AppNotFound { app_id }),
        stored => stored?,
    }
    let max = store::apps::settings(&mut transaction, &app_id).await?.limit_i64(Limit::AuthTokens);
    let ended = store::auth_tokens::delete_oldest(&mut transaction, &app_id, &uid, max).await?;
    let mut entries = Vec::new();
    if !ended.is_empty() {
        entries.push(events::tokens_revoked(&app_id, &uid, ended.iter().map(Uuid::to_string).collect()));
    }
    let pending = outbox::insert(&mut transaction, &entries).await?;
    transaction.commit().await?;
    auth.relay.publish_now(pending).await;
    Ok(pb::CreateAuthTokenResponse { auth_token: Some(open(auth, &app_id, row)?) })
}

/// Whether what a row belongs to is gone.
pub fn is_foreign_key(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_foreign_key_violation)
}

/// `{uid}_{seconds}{40 hex}`, as clients know it.
fn make(auth: &Auth, app_id: &str, uid: &str) -> Result<AuthTokenRow, AuthError> {
    let at = time::now();
    let value = format!("{uid}_{:010}{}", at.timestamp(), hex::encode(rand::random::<[u8; 20]>()));
    let token_id = Uuid::now_v7();
    Ok(AuthTokenRow {
        token_id,
        uid: uid.to_owned(),
        lookup_hash: auth.seal.lookup_hash(Kind::AuthToken, app_id, &value),
        sealed: auth.seal.seal(Kind::AuthToken, app_id, &token_id.to_string(), &value)?,
        device_id: String::new(),
        platform: String::new(),
        user_agent: String::new(),
        app_info: None,
        created_at: at,
    })
}

pub async fn list(auth: &Auth, request: pb::ListAuthTokensRequest) -> Result<pb::ListAuthTokensResponse, AuthError> {
    let uid = user(&request.uid)?;
    let page = Page::parse(request.page)?;
    let (rows, total) = store::auth_tokens::list(&auth.pool, &request.app_id, &uid, page).await?;
    let page = page.info(total, rows.len());
    let auth_tokens = rows.into_iter().map(|row| open(auth, &request.app_id, row)).collect::<Result<_, _>>()?;
    Ok(pb::ListAuthTokensResponse { auth_tokens, page: Some(page) })
}

/// The row of a value, whoever's it is.
pub async fn find(auth: &Auth, app_id: &str, value: &str) -> Result<Option<AuthTokenRow>, AuthError> {
    let hash = auth.seal.lookup_hash(Kind::AuthToken, app_id, value);
    Ok(store::auth_tokens::find(&auth.pool, app_id, &hash).await?)
}

/// The row of a value, which must be of that user.
async fn find_of(auth: &Auth, app_id: &str, uid: &str, value: &str) -> Result<AuthTokenRow, AuthError> {
    let uid = user(uid)?;
    match find(auth, app_id, value).await? {
        Some(row) if row.uid == uid => Ok(row),
        _ => Err(AuthError::AuthTokenNotFound),
    }
}

pub async fn get(auth: &Auth, request: pb::GetAuthTokenRequest) -> Result<pb::GetAuthTokenResponse, AuthError> {
    let row = find_of(auth, &request.app_id, &request.uid, &request.auth_token).await?;
    Ok(pb::GetAuthTokenResponse { auth_token: Some(open(auth, &request.app_id, row)?) })
}

pub async fn update(
    auth: &Auth,
    request: pb::UpdateAuthTokenRequest,
) -> Result<pb::UpdateAuthTokenResponse, AuthError> {
    let device = Device {
        device_id: None,
        platform: request.platform.as_deref(),
        user_agent: request.user_agent.as_deref(),
        app_info_json: request.app_info_json.as_deref().filter(|json| !json.is_empty()),
    };
    check_device(&device)?;
    let uid = user(&request.uid)?;
    let row = find(auth, &request.app_id, &request.auth_token).await?.ok_or(AuthError::AuthTokenNotFound)?;
    if row.uid != uid {
        return Err(AuthError::AuthTokenNotAccessible);
    }
    let changed = store::auth_tokens::update(&auth.pool, &request.app_id, row.token_id, device).await?;
    let changed = changed.ok_or(AuthError::AuthTokenNotFound)?;
    Ok(pb::UpdateAuthTokenResponse { auth_token: Some(open(auth, &request.app_id, changed)?) })
}

pub async fn delete(
    auth: &Auth,
    request: pb::DeleteAuthTokenRequest,
) -> Result<pb::DeleteAuthTokenResponse, AuthError> {
    let row = find_of(auth, &request.app_id, &request.uid, &request.auth_token).await?;
    let mut transaction = halley_kit::postgres::begin(&auth.pool).await?;
    if !store::auth_tokens::delete(&mut transaction, &request.app_id, row.token_id).await? {
        return Err(AuthError::AuthTokenNotFound);
    }
    let entry = events::tokens_revoked(&request.app_id, &row.uid, vec![row.token_id.to_string()]);
    let pending = outbox::insert(&mut transaction, &[entry]).await?;
    transaction.commit().await?;
    auth.relay.publish_now(pending).await;
    Ok(pb::DeleteAuthTokenResponse {})
}

/// Ends a user's tokens, those made later than `until` excepted; answers how many there were. The fact names them, so that
/// it can't end a token that is made before everybody has heard it.
pub async fn flush(auth: &Auth, app_id: &str, uid: &str, until: Option<DateTime<Utc>>) -> Result<i32, AuthError> {
    let uid = user(uid)?;
    let mut transaction = halley_kit::postgres::begin(&auth.pool).await?;
    store::auth_tokens::lock_user(&mut transaction, app_id, &uid).await?;
    let ended = store::auth_tokens::delete_of_user(&mut transaction, app_id, &uid, until).await?;
    if ended.is_empty() {
        return Ok(0);
    }
    let entry = events::tokens_revoked(app_id, &uid, ended.iter().map(Uuid::to_string).collect());
    let pending = outbox::insert(&mut transaction, &[entry]).await?;
    transaction.commit().await?;
    auth.relay.publish_now(pending).await;
    Ok(i32::try_from(ended.len()).unwrap_or(i32::MAX))
}
