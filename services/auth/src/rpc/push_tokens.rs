//! `PushTokensService`.

use halley_contracts::{
    auth::v1::{self as pb, push_tokens_service_server::PushTokensService},
    common::v1::{ApiKeyScope, caller::Principal},
};
use halley_kit::{Caller, time};
use halley_model::{FieldError, Limit, field, limits};
use tonic::Request;

use super::{Answer, answer, tokens};
use crate::{
    Auth,
    access::{May, of_app},
    error::AuthError,
    seal::Kind,
    store::{self, auth_tokens::AuthTokenRow, push_tokens::PushTokenRow},
};

/// Longest push token.
const PUSH_TOKEN_MAX: usize = 4096;
/// What sends to a device: the programs that the documented calls know.
const PLATFORMS: [&str; 17] = [
    "fcm_android",
    "fcm_ios",
    "fcm_web",
    "fcm_flutter_android",
    "fcm_flutter_ios",
    "fcm_react_native_android",
    "fcm_react_native_ios",
    "fcm_ionic_cordova_android",
    "fcm_ionic_cordova_ios",
    "apns_ios_device",
    "apns_flutter_device",
    "apns_react_native_device",
    "apns_ionic_cordova_device",
    "apns_ios_voip",
    "apns_flutter_voip",
    "apns_react_native_voip",
    "apns_ionic_cordova_voip",
];
/// Longest auth token that is looked at.
const AUTH_TOKEN_MAX: usize = 4096;

#[tonic::async_trait]
impl PushTokensService for Auth {
    async fn register_push_token(
        &self,
        request: Request<pb::RegisterPushTokenRequest>,
    ) -> Answer<pb::RegisterPushTokenResponse> {
        let (caller, message) = of_app(request, |m| &mut m.app_id, |_| May::Anybody)?;
        answer(register(self, caller.as_ref(), message).await)
    }

    async fn list_push_tokens(
        &self,
        request: Request<pb::ListPushTokensRequest>,
    ) -> Answer<pb::ListPushTokensResponse> {
        let (caller, message) = of_app(request, |m| &mut m.app_id, |_| May::Anybody)?;
        answer(list(self, caller.as_ref(), message).await)
    }

    async fn remove_push_tokens(
        &self,
        request: Request<pb::RemovePushTokensRequest>,
    ) -> Answer<pb::RemovePushTokensResponse> {
        let (caller, message) = of_app(request, |m| &mut m.app_id, |_| May::Anybody)?;
        answer(remove(self, caller.as_ref(), message).await)
    }
}

/// The auth token that a call is about: anybody's for the app's server side, the own one for a user.
async fn device(auth: &Auth, caller: Option<&Caller>, app_id: &str, value: &str) -> Result<AuthTokenRow, AuthError> {
    field::required_text("authToken", value, AUTH_TOKEN_MAX)?;
    let is_server_side = match caller.map(Caller::principal) {
        None | Some(Principal::System(_)) => true,
        Some(Principal::ApiKey(key)) if key.scope() == ApiKeyScope::FullAccess => true,
        Some(Principal::ApiKey(_)) => return Err(AuthError::Denied),
        Some(Principal::User(_)) => false,
    };
    let row = tokens::find(auth, app_id, value).await?.ok_or(AuthError::AuthTokenNotFound)?;
    let is_own = || caller.and_then(Caller::acting_uid).is_some_and(|uid| uid == row.uid);
    if is_server_side || is_own() { Ok(row) } else { Err(AuthError::AuthTokenNotAccessible) }
}

fn open(auth: &Auth, app_id: &str, row: PushTokenRow) -> Result<pb::PushToken, AuthError> {
    let token_id = row.token_id.to_string();
    Ok(pb::PushToken {
        auth_token: auth.seal.open(Kind::AuthToken, app_id, &token_id, &row.sealed_auth_token)?,
        push_token: auth.seal.open(Kind::PushToken, app_id, &place(&token_id, &row.kind), &row.sealed)?,
        uid: row.uid,
        kind: row.kind,
        platform: row.platform,
        provider_id: row.provider_id,
        timezone: row.timezone,
        created_at_ms: time::to_ms(row.created_at),
        updated_at_ms: time::to_ms(row.updated_at),
    })
}

/// What a sealed push token is bound to.
fn place(token_id: &str, kind: &str) -> String {
    format!("{token_id} {kind}")
}

fn check(token: &pb::PushToken) -> Result<(), FieldError> {
    field::required_text("pushToken", &token.push_token, PUSH_TOKEN_MAX)?;
    if !PLATFORMS.contains(&token.platform.as_str()) {
        return Err(FieldError::new("platform", format!("must be one of {}", PLATFORMS.join(", "))));
    }
    field::text("providerId", &token.provider_id, limits::NAME_MAX)?;
    field::text("timezone", &token.timezone, limits::NAME_MAX)?;
    match token.kind.as_str() {
        "chat" | "voip" => Ok(()),
        _ => Err(FieldError::new("pushTokenType", "must be chat or voip")),
    }
}

async fn register(
    auth: &Auth,
    caller: Option<&Caller>,
    request: pb::RegisterPushTokenRequest,
) -> Result<pb::RegisterPushTokenResponse, AuthError> {
    let app_id = request.app_id;
    let token = request.token.unwrap_or_default();
    let device = device(auth, caller, &app_id, &token.auth_token).await?;
    check(&token)?;
    let at = time::now();
    let bound_to = place(&device.token_id.to_string(), &token.kind);
    let mut row = PushTokenRow {
        token_id: device.token_id,
        uid: device.uid,
        lookup_hash: auth.seal.lookup_hash(Kind::PushToken, &app_id, &token.push_token),
        sealed: auth.seal.seal(Kind::PushToken, &app_id, &bound_to, &token.push_token)?,
        kind: token.kind,
        platform: token.platform,
        provider_id: token.provider_id,
        timezone: token.timezone,
        created_at: at,
        updated_at: at,
        sealed_auth_token: device.sealed,
    };
    let mut transaction = halley_kit::postgres::begin(&auth.pool).await?;
    store::push_tokens::lock_value(&mut transaction, &row.lookup_hash).await?;
    row.created_at = match store::push_tokens::put(&mut transaction, &app_id, &row).await {
        // The auth token ended meanwhile.
        Err(error) if tokens::is_foreign_key(&error) => return Err(AuthError::AuthTokenNotFound),
        stored => stored?,
    };
    let max = store::apps::settings(&mut transaction, &app_id).await?.limit_i64(Limit::PushTokens);
    store::push_tokens::delete_oldest(&mut transaction, &app_id, &row.uid, max).await?;
    transaction.commit().await?;
    Ok(pb::RegisterPushTokenResponse { token: Some(open(auth, &app_id, row)?) })
}

async fn list(
    auth: &Auth,
    caller: Option<&Caller>,
    request: pb::ListPushTokensRequest,
) -> Result<pb::ListPushTokensResponse, AuthError> {
    let app_id = request.app_id;
    let device = device(auth, caller, &app_id, &request.auth_token).await?;
    let token_id = (!request.all).then_some(device.token_id);
    let rows = store::push_tokens::list(&auth.pool, &app_id, &device.uid, token_id).await?;
    let tokens = rows.into_iter().map(|row| open(auth, &app_id, row)).collect::<Result<_, _>>()?;
    Ok(pb::ListPushTokensResponse { tokens })
}

async fn remove(
    auth: &Auth,
    caller: Option<&Caller>,
    request: pb::RemovePushTokensRequest,
) -> Result<pb::RemovePushTokensResponse, AuthError> {
    let app_id = request.app_id;
    let device = device(auth, caller, &app_id, &request.auth_token).await?;
    let named = match request.push_token.as_str() {
        "" => None,
        value => Some(auth.seal.lookup_hash(Kind::PushToken, &app_id, value)),
    };
    let token_id = (!request.all && named.is_none()).then_some(device.token_id);
    let rows = store::push_tokens::delete(&auth.pool, &app_id, &device.uid, token_id, named.as_deref()).await?;
    if named.is_some() && rows.is_empty() {
        return Err(AuthError::PushTokenNotFound);
    }
    let tokens = rows.into_iter().map(|row| open(auth, &app_id, row)).collect::<Result<_, _>>()?;
    Ok(pb::RemovePushTokensResponse { tokens })
}
