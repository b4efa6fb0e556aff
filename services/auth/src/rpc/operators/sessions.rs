//! Sessions of operators.

use std::collections::HashMap;

use chrono::TimeDelta;
use halley_bus::outbox;
use halley_contracts::auth::v1 as pb;
use halley_kit::time;
use uuid::Uuid;

use super::{address, by_password, operator};
use crate::{
    Auth,
    error::AuthError,
    events,
    rpc::management::entry::{self, Operator},
    seal::Kind,
    store::{self, operator_sessions::SessionRow},
};

/// Without a call for so long a session ends.
pub const IDLE: TimeDelta = TimeDelta::hours(12);
/// A session ends then in any case.
const LONGEST: TimeDelta = TimeDelta::days(7);
/// Sessions of an operator at once; the oldest end.
const SESSIONS_MAX: i64 = 20;
/// How exact the time of the last call is: no call writes it again before.
const TOUCHED_AFTER: TimeDelta = TimeDelta::minutes(5);
/// Characters of a token: 32 bytes in hexadecimal.
const TOKEN_LEN: usize = 64;
/// The operation's id in the description of the API. The edge can't write it down: it doesn't know the operator before.
const STARTED: &str = "create-operator-session";

fn show(row: SessionRow) -> pb::OperatorSession {
    pb::OperatorSession {
        session_id: row.session_id.to_string(),
        operator: Some(operator(row.operator)),
        created_at_ms: time::to_ms(row.started_at),
        expires_at_ms: time::to_ms(row.expires_at),
        idle_seconds: IDLE.num_seconds(),
    }
}

pub async fn start(
    auth: &Auth,
    request: pb::StartOperatorSessionRequest,
) -> Result<pb::StartOperatorSessionResponse, AuthError> {
    let known = match by_password(auth, &request.email, request.password, &request.network).await {
        Err(AuthError::InvalidCredentials) => {
            note_refused(auth, &request.email, request.network);
            return Err(AuthError::InvalidCredentials);
        }
        known => known?,
    };
    let (operator_id, session_id) = (known.operator_id, Uuid::now_v7());
    let session_token = hex::encode(rand::random::<[u8; 32]>());
    let hash = auth.seal.lookup_hash(Kind::OperatorSession, "", &session_token);
    let now = time::now();
    let expires_at = now + LONGEST;
    let mut transaction = halley_kit::postgres::begin(&auth.pool).await?;
    // The password may have been changed since it was looked at: then this would be a session that outlives the change.
    let locked = store::operators::lock(&mut transaction, operator_id).await?;
    let operator =
        locked.filter(|row| row.password_hash == known.password_hash).ok_or(AuthError::InvalidCredentials)?;
    store::operator_sessions::insert(&mut transaction, session_id, operator_id, &hash, now, expires_at).await?;
    let ended = store::operator_sessions::delete_oldest(&mut transaction, operator_id, SESSIONS_MAX).await?;
    let (none, done) = (HashMap::new(), Some(200));
    store::operator_actions::insert(&mut transaction, &operator, None, STARTED, &none, done, now).await?;
    let mut entries = Vec::new();
    if !ended.is_empty() {
        entries.push(events::operator_changed(operator_id, &ended));
    }
    let pending = outbox::insert(&mut transaction, &entries).await?;
    transaction.commit().await?;
    auth.relay.publish_now(pending).await;
    let row = SessionRow { session_id, started_at: now, used_at: now, expires_at, operator };
    Ok(pb::StartOperatorSessionResponse { session: Some(show(row)), session_token })
}

/// Writes down that somebody gave a wrong password of an operator. Of an address that is nobody's nothing is written: anybody
/// could fill the log with those. Beside the answer, whose time must not tell whether there is such an operator.
fn note_refused(auth: &Auth, email: &str, network: String) {
    let (pool, email) = (auth.pool.clone(), address(email));
    tokio::spawn(async move {
        if let Err(error) = store::operator_actions::insert_refused(&pool, &email, STARTED, &network, time::now()).await
        {
            tracing::warn!(%error, "a refused login of an operator is not written down");
        }
    });
}

/// The session of a token, which is thereby used.
pub async fn find(auth: &Auth, token: &str) -> Result<SessionRow, AuthError> {
    if token.len() != TOKEN_LEN || !token.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(AuthError::SessionNotValid);
    }
    let hash = auth.seal.lookup_hash(Kind::OperatorSession, "", token);
    let now = time::now();
    let row = store::operator_sessions::find(&auth.pool, &hash, now, now - IDLE).await?;
    let row = row.ok_or(AuthError::SessionNotValid)?;
    if now - row.used_at >= TOUCHED_AFTER {
        store::operator_sessions::touch(&auth.pool, row.session_id, now).await?;
    }
    Ok(row)
}

/// Whom a token stands for in an app that is not archived.
pub async fn in_app(auth: &Auth, app_id: &str, token: &str) -> Result<pb::OperatorPrincipal, AuthError> {
    let session = find(auth, token).await?;
    let operator = Operator(session.operator);
    let (row, role) = entry::seen(auth, &operator, app_id).await?;
    if row.into_app().scheduled_to_delete_at_ms != 0 {
        return Err(AuthError::NoManagedApp { app_id: app_id.to_owned() });
    }
    Ok(pb::OperatorPrincipal {
        operator_id: operator.0.operator_id.to_string(),
        session_id: session.session_id.to_string(),
        role: role.number(),
        expires_at_ms: time::to_ms(session.expires_at),
    })
}

pub async fn get(
    auth: &Auth,
    request: pb::GetOperatorSessionRequest,
) -> Result<pb::GetOperatorSessionResponse, AuthError> {
    let row = find(auth, &request.session_token).await?;
    Ok(pb::GetOperatorSessionResponse { session: Some(show(row)) })
}

pub async fn end(
    auth: &Auth,
    request: pb::EndOperatorSessionRequest,
) -> Result<pb::EndOperatorSessionResponse, AuthError> {
    let row = find(auth, &request.session_token).await?;
    let mut transaction = halley_kit::postgres::begin(&auth.pool).await?;
    if !store::operator_sessions::delete(&mut transaction, row.session_id).await? {
        return Err(AuthError::SessionNotValid);
    }
    let entry = events::operator_changed(row.operator.operator_id, &[row.session_id]);
    let pending = outbox::insert(&mut transaction, &[entry]).await?;
    transaction.commit().await?;
    auth.relay.publish_now(pending).await;
    Ok(pb::EndOperatorSessionResponse { session: Some(show(row)) })
}
