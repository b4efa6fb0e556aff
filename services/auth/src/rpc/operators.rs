//! Operators: people in the dashboard.

use halley_contracts::auth::v1 as pb;
use halley_kit::{page::Page, time};
use halley_model::{FieldError, field, limits};
use uuid::Uuid;

use crate::{
    Auth,
    error::AuthError,
    store::{self, operators::OperatorRow},
};

const PASSWORD_MIN: usize = 10;
const PASSWORD_MAX: usize = 100;
const EMAIL_MAX: usize = 254;

fn operator(row: OperatorRow) -> pb::Operator {
    pb::Operator {
        operator_id: row.operator_id.to_string(),
        email: row.email,
        name: row.name,
        role: i32::from(row.role),
        created_at_ms: time::to_ms(row.created_at),
    }
}

pub async fn create(auth: &Auth, request: pb::CreateOperatorRequest) -> Result<pb::CreateOperatorResponse, AuthError> {
    let role = request.role();
    let email = request.email.trim().to_lowercase();
    field::required_text("email", &email, EMAIL_MAX)?;
    if !email.contains('@') {
        return Err(FieldError::new("email", "must be an e-mail address").into());
    }
    field::required_text("name", &request.name, limits::NAME_MAX)?;
    if !(PASSWORD_MIN..=PASSWORD_MAX).contains(&request.password.chars().count()) {
        let problem = format!("must have {PASSWORD_MIN} to {PASSWORD_MAX} characters");
        return Err(FieldError::new("password", problem).into());
    }
    if role == pb::OperatorRole::Unspecified {
        return Err(FieldError::new("role", "must be owner, admin, moderator or developer").into());
    }
    let row = OperatorRow {
        operator_id: Uuid::now_v7(),
        email,
        name: request.name,
        password_hash: auth.passwords.hash(request.password).await?,
        role: i16::try_from(i32::from(role)).unwrap_or_default(),
        created_at: time::now(),
    };
    if !store::operators::insert(&auth.pool, &row).await? {
        return Err(AuthError::OperatorExists);
    }
    Ok(pb::CreateOperatorResponse { operator: Some(operator(row)) })
}

pub async fn authenticate(
    auth: &Auth,
    request: pb::AuthenticateOperatorRequest,
) -> Result<pb::AuthenticateOperatorResponse, AuthError> {
    let email = request.email.trim().to_lowercase();
    if email.contains('\0') || email.len() > EMAIL_MAX || request.password.len() > 4 * PASSWORD_MAX {
        return Err(AuthError::InvalidCredentials);
    }
    let row = store::operators::find(&auth.pool, &email).await?;
    let stored = row.as_ref().map(|row| row.password_hash.clone());
    let right = auth.passwords.is_right(request.password, stored).await?;
    match row {
        Some(row) if right => Ok(pb::AuthenticateOperatorResponse { operator: Some(operator(row)) }),
        _ => Err(AuthError::InvalidCredentials),
    }
}

pub async fn list(auth: &Auth, request: pb::ListOperatorsRequest) -> Result<pb::ListOperatorsResponse, AuthError> {
    let page = Page::parse(request.page)?;
    let (rows, total) = store::operators::list(&auth.pool, page).await?;
    let page = page.info(total, rows.len());
    Ok(pb::ListOperatorsResponse { operators: rows.into_iter().map(operator).collect(), page: Some(page) })
}
