//! Whom a credential stands for.

use halley_contracts::{
    auth::v1::{self as pb, authenticate_request::Credential, authenticate_response::Principal},
    common::v1::{ApiKeyPrincipal, UserPrincipal},
};
use uuid::Uuid;

use super::{apps, operators::sessions, tokens};
use crate::{
    Auth, access,
    error::AuthError,
    seal::Kind,
    store::{
        self,
        auth_tokens::{AuthTokenRow, Device},
    },
};

/// Longest credential that is looked at.
const CREDENTIAL_MAX: usize = 4096;

pub async fn authenticate(
    auth: &Auth,
    mut request: pb::AuthenticateRequest,
) -> Result<pb::AuthenticateResponse, AuthError> {
    request.app_id = access::app_id(&request.app_id)?;
    let principal = match &request.credential {
        Some(Credential::ApiKey(value)) if fits(value) => api_key(auth, &request.app_id, value).await?,
        Some(Credential::AuthToken(value)) if fits(value) => {
            tokens::find(auth, &request.app_id, value).await?.map(|row| Principal::User(user(row)))
        }
        Some(Credential::SessionToken(value)) if fits(value) => session(auth, &request.app_id, value).await?,
        Some(Credential::OperatorSession(value)) => {
            Some(Principal::Operator(sessions::in_app(auth, &request.app_id, value).await?))
        }
        _ => None,
    };
    match principal {
        Some(principal) => Ok(pb::AuthenticateResponse { principal: Some(principal) }),
        None => Err(refusal(auth, request.app_id, request.credential).await),
    }
}

fn fits(value: &str) -> bool {
    value.len() <= CREDENTIAL_MAX && !value.contains('\0')
}

async fn api_key(auth: &Auth, app_id: &str, value: &str) -> Result<Option<Principal>, AuthError> {
    let hash = auth.seal.lookup_hash(Kind::ApiKey, app_id, value);
    let row = store::api_keys::find(&auth.pool, app_id, &hash).await?;
    Ok(row.map(|row| {
        Principal::ApiKey(ApiKeyPrincipal {
            key_id: row.key_id.to_string(),
            scope: i32::from(row.scope),
            on_behalf_of: String::new(),
        })
    }))
}

fn user(row: AuthTokenRow) -> UserPrincipal {
    UserPrincipal { uid: row.uid, device_id: row.device_id, token_id: row.token_id.to_string() }
}

async fn session(auth: &Auth, app_id: &str, value: &str) -> Result<Option<Principal>, AuthError> {
    let Ok(claims) = auth.sessions.read(app_id, value) else { return Ok(None) };
    let Ok(token_id) = Uuid::parse_str(&claims.tid) else { return Ok(None) };
    if !store::auth_tokens::exists(&auth.pool, app_id, token_id).await? {
        return Ok(None);
    }
    Ok(Some(Principal::User(UserPrincipal { uid: claims.sub, device_id: claims.did, token_id: claims.tid })))
}

/// An unknown or archived app is told as such; only now is it asked for.
async fn refusal(auth: &Auth, app_id: String, credential: Option<Credential>) -> AuthError {
    match apps::get(auth, pb::GetAppRequest { app_id: app_id.clone() }).await {
        Err(error) => return error,
        Ok(found) if found.app.as_ref().is_some_and(|app| app.scheduled_to_delete_at_ms != 0) => {
            return AuthError::AppArchived { app_id };
        }
        Ok(_) => {}
    }
    match credential {
        Some(Credential::ApiKey(_)) | None => AuthError::ApiKeyNotValid,
        Some(Credential::AuthToken(_) | Credential::SessionToken(_)) => AuthError::AuthTokenNotValid,
        Some(Credential::OperatorSession(_)) => AuthError::SessionNotValid,
    }
}

/// A token moves to the device that uses it last. What the device does not tell stays as it was known.
pub async fn start_session(
    auth: &Auth,
    request: pb::StartSessionRequest,
) -> Result<pb::StartSessionResponse, AuthError> {
    let told = |text| Some(text).filter(|text: &&str| !text.is_empty());
    let device = Device {
        device_id: told(&request.device_id),
        platform: told(&request.platform),
        user_agent: told(&request.user_agent),
        app_info_json: told(&request.app_info_json),
    };
    tokens::check_device(&device)?;
    if !fits(&request.auth_token) {
        return Err(AuthError::AuthTokenNotValid);
    }
    let row = tokens::find(auth, &request.app_id, &request.auth_token).await?.ok_or(AuthError::AuthTokenNotValid)?;
    let bound = store::auth_tokens::update(&auth.pool, &request.app_id, row.token_id, device).await?;
    let bound = bound.ok_or(AuthError::AuthTokenNotValid)?;
    let token_id = bound.token_id.to_string();
    let session_token = auth.sessions.sign(&request.app_id, &bound.uid, &token_id, &bound.device_id)?;
    let uid = bound.uid.clone();
    let auth_token = Some(tokens::open(auth, &request.app_id, bound)?);
    Ok(pb::StartSessionResponse { uid, session_token, auth_token })
}
