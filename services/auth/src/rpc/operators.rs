//! Operators: people in the dashboard. What `AuthService` has of them is for commands; the rest is `OperatorsService`.

use chrono::TimeDelta;
use halley_contracts::auth::v1 as pb;
use halley_kit::{page::Page, time};
use halley_model::{FieldError, field, limits};
use uuid::Uuid;

use crate::{
    Auth,
    error::AuthError,
    seal::Kind,
    store::{self, operators::OperatorRow},
};

mod actions;
mod keys;
mod people;
mod service;
pub mod sessions;

const PASSWORD_MIN: usize = 10;
const PASSWORD_MAX: usize = 100;
/// Longest address.
pub const EMAIL_MAX: usize = 254;
/// Passwords that may be tried for an address from one network before further tries from there have to wait: an operator
/// must be able to log in while somebody else guesses.
const FREE_TRIES: i32 = 5;
/// The same from all networks together.
const FREE_TRIES_OF_ALL: i32 = 200;
/// Longest wait between two tries.
const LONGEST_WAIT: TimeDelta = TimeDelta::seconds(60);
/// Without a try for so long, wrong ones are forgotten.
pub const TRIES_KEPT: TimeDelta = TimeDelta::minutes(15);

pub fn operator(row: OperatorRow) -> pb::Operator {
    pb::Operator {
        operator_id: row.operator_id.to_string(),
        email: row.email,
        name: row.name,
        role: i32::from(row.role),
        created_at_ms: time::to_ms(row.created_at),
    }
}

pub async fn create(auth: &Auth, request: pb::CreateOperatorRequest) -> Result<pb::CreateOperatorResponse, AuthError> {
    let row = new(auth, request).await?;
    let mut connection = auth.pool.acquire().await?;
    if !store::operators::insert(&mut connection, &row).await? {
        return Err(AuthError::OperatorExists);
    }
    Ok(pb::CreateOperatorResponse { operator: Some(operator(row)) })
}

/// An address as it is stored.
pub fn address(given: &str) -> String {
    given.trim().to_lowercase()
}

/// A new operator, checked.
pub async fn new(auth: &Auth, request: pb::CreateOperatorRequest) -> Result<OperatorRow, AuthError> {
    let role = request.role();
    let email = address(&request.email);
    field::required_text("email", &email, EMAIL_MAX)?;
    if !email.contains('@') {
        return Err(FieldError::new("email", "must be an e-mail address").into());
    }
    field::required_text("name", &request.name, limits::NAME_MAX)?;
    check_password(&request.password)?;
    if role == pb::OperatorRole::Unspecified {
        return Err(FieldError::new("role", "must be owner, admin, moderator or developer").into());
    }
    Ok(OperatorRow {
        operator_id: Uuid::now_v7(),
        email,
        name: request.name,
        password_hash: auth.passwords.hash(request.password).await?,
        role: i16::try_from(i32::from(role)).unwrap_or_default(),
        created_at: time::now(),
        number: 0,
    })
}

/// A password that may be set.
fn check_password(password: &str) -> Result<(), FieldError> {
    if (PASSWORD_MIN..=PASSWORD_MAX).contains(&password.chars().count()) {
        return Ok(());
    }
    Err(FieldError::new("password", format!("must have {PASSWORD_MIN} to {PASSWORD_MAX} characters")))
}

/// The operator of an address and a password. A try is counted before it is looked at, whether there is such an operator or
/// not. `network`: where it comes from; empty: that is not known.
pub async fn by_password(auth: &Auth, email: &str, password: String, network: &str) -> Result<OperatorRow, AuthError> {
    let email = address(email);
    if email.contains('\0') || email.len() > EMAIL_MAX || password.len() > 4 * PASSWORD_MAX {
        return Err(AuthError::InvalidCredentials);
    }
    let (now, hash) = (time::now(), |of: &str| auth.seal.lookup_hash(Kind::OperatorAddress, "", of));
    // No address has a line break in it.
    let (from_there, from_all) = (hash(&format!("{email}\n{network}")), hash(&email));
    for (tried, free) in [(&from_there, FREE_TRIES), (&from_all, FREE_TRIES_OF_ALL)] {
        let since = now - TRIES_KEPT;
        if !store::operator_sessions::count_try(&auth.pool, tried, now, since, free, LONGEST_WAIT).await? {
            return Err(AuthError::MustWait);
        }
    }
    let row = store::operators::find(&auth.pool, &email).await?;
    let stored = row.as_ref().map(|row| row.password_hash.clone());
    let right = auth.passwords.is_right(password, stored).await?;
    let row = row.filter(|_| right).ok_or(AuthError::InvalidCredentials)?;
    store::operator_sessions::forget_tries(&auth.pool, &from_there).await?;
    Ok(row)
}

pub async fn authenticate(
    auth: &Auth,
    request: pb::AuthenticateOperatorRequest,
) -> Result<pb::AuthenticateOperatorResponse, AuthError> {
    let row = by_password(auth, &request.email, request.password, "").await?;
    Ok(pb::AuthenticateOperatorResponse { operator: Some(operator(row)) })
}

pub async fn list(auth: &Auth, request: pb::ListOperatorsRequest) -> Result<pb::ListOperatorsResponse, AuthError> {
    let page = Page::parse(request.page)?;
    let (rows, total) = store::operators::list(&auth.pool, page).await?;
    let page = page.info(total, rows.len());
    Ok(pb::ListOperatorsResponse { operators: rows.into_iter().map(operator).collect(), page: Some(page) })
}
