//! Operators as owners of the installation manage them, and as each manages itself.

use halley_bus::outbox;
use halley_contracts::auth::v1 as pb;
use halley_kit::page::Page;
use halley_model::{FieldError, TeamRole, field, limits};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{by_password, check_password, new, operator};
use crate::{
    Auth,
    error::AuthError,
    events,
    rpc::management::entry,
    store::{self, operators::OperatorRow},
};

/// An owner of the installation, as the database has it.
const OWNER: i16 = 1;

fn unknown(id: &str) -> AuthError {
    AuthError::OperatorNotFound { email: id.chars().take(limits::ID_MAX).collect() }
}

pub async fn show(auth: &Auth, request: pb::ShowOperatorsRequest) -> Result<pb::ShowOperatorsResponse, AuthError> {
    entry::owner(auth, request.credential).await?;
    let page = Page::parse(request.page)?;
    let (rows, total) = store::operators::list(&auth.pool, page).await?;
    let page = page.info(total, rows.len());
    Ok(pb::ShowOperatorsResponse { operators: rows.into_iter().map(operator).collect(), page: Some(page) })
}

pub async fn identify(
    auth: &Auth,
    request: pb::IdentifyOperatorRequest,
) -> Result<pb::IdentifyOperatorResponse, AuthError> {
    let row = entry::authenticate(auth, request.credential).await?.0;
    Ok(pb::IdentifyOperatorResponse { operator: Some(operator(row)) })
}

pub async fn add(auth: &Auth, request: pb::AddOperatorRequest) -> Result<pb::AddOperatorResponse, AuthError> {
    entry::owner(auth, request.credential).await?;
    let row = new(auth, request.operator.unwrap_or_default()).await?;
    let mut connection = auth.pool.acquire().await?;
    if !store::operators::insert(&mut connection, &row).await? {
        return Err(AuthError::OperatorExists);
    }
    Ok(pb::AddOperatorResponse { operator: Some(operator(row)) })
}

pub async fn change(auth: &Auth, request: pb::ChangeOperatorRequest) -> Result<pb::ChangeOperatorResponse, AuthError> {
    let owner = entry::owner(auth, request.credential).await?;
    let id = Uuid::parse_str(&request.operator_id).map_err(|_| unknown(&request.operator_id))?;
    check_name(request.name.as_deref())?;
    // Whoever finds an owner's open session must not be able to keep the owner out.
    if request.password.is_some() && id == owner.0.operator_id {
        return Err(FieldError::new("password", "of one's own is changed at /operators/me, with the old one").into());
    }
    let role = match request.role {
        0 => None,
        number => Some(TeamRole::of_number(number).ok_or_else(wrong_role)?),
    };
    let role = role.map(|role| i16::try_from(role.number()).unwrap_or_default());
    let password_hash = hashed(auth, request.password).await?;
    let mut transaction = halley_kit::postgres::begin(&auth.pool).await?;
    if role.is_some_and(|role| role != OWNER) {
        keep_an_owner(&mut transaction, id).await?;
    }
    let (name, hash) = (request.name.as_deref(), password_hash.as_deref());
    let row = store::operators::update(&mut transaction, id, name, role, hash).await?;
    let row = row.ok_or_else(|| unknown(&request.operator_id))?;
    if password_hash.is_some() {
        store::operator_sessions::delete_all(&mut transaction, id).await?;
    }
    let pending = outbox::insert(&mut transaction, &[events::operator_changed(id, &[])]).await?;
    transaction.commit().await?;
    auth.relay.publish_now(pending).await;
    Ok(pb::ChangeOperatorResponse { operator: Some(operator(row)) })
}

fn wrong_role() -> FieldError {
    FieldError::new("role", "must be owner, admin, moderator or developer")
}

fn check_name(name: Option<&str>) -> Result<(), FieldError> {
    name.map_or(Ok(()), |name| field::required_text("name", name, limits::NAME_MAX))
}

async fn hashed(auth: &Auth, password: Option<String>) -> Result<Option<String>, AuthError> {
    let Some(password) = password else { return Ok(None) };
    check_password(&password)?;
    auth.passwords.hash(password).await.map(Some)
}

/// Refuses what would leave nobody to own the installation. Owners change one after another by it.
async fn keep_an_owner(connection: &mut PgConnection, without: Uuid) -> Result<(), AuthError> {
    let owners = store::operators::lock_owners(connection, OWNER).await?;
    if owners == [without] { Err(AuthError::LastOwner) } else { Ok(()) }
}

pub async fn remove(auth: &Auth, request: pb::RemoveOperatorRequest) -> Result<pb::RemoveOperatorResponse, AuthError> {
    entry::owner(auth, request.credential).await?;
    let id = Uuid::parse_str(&request.operator_id).map_err(|_| unknown(&request.operator_id))?;
    let mut transaction = halley_kit::postgres::begin(&auth.pool).await?;
    keep_an_owner(&mut transaction, id).await?;
    if !store::operators::delete(&mut transaction, id).await? {
        return Err(unknown(&request.operator_id));
    }
    let pending = outbox::insert(&mut transaction, &[events::operator_changed(id, &[])]).await?;
    transaction.commit().await?;
    auth.relay.publish_now(pending).await;
    Ok(pb::RemoveOperatorResponse {})
}

pub async fn change_own(
    auth: &Auth,
    request: pb::ChangeOwnOperatorRequest,
) -> Result<pb::ChangeOwnOperatorResponse, AuthError> {
    let own = entry::authenticate(auth, request.credential).await?.0;
    check_name(request.name.as_deref())?;
    if request.password.is_some() {
        check_old(auth, &own, request.old_password).await?;
    }
    let password_hash = hashed(auth, request.password).await?;
    let mut transaction = halley_kit::postgres::begin(&auth.pool).await?;
    let (name, hash) = (request.name.as_deref(), password_hash.as_deref());
    let row = store::operators::update(&mut transaction, own.operator_id, name, None, hash).await?;
    let row = row.ok_or_else(|| unknown(&own.email))?;
    let mut entries = Vec::new();
    if password_hash.is_some() {
        store::operator_sessions::delete_all(&mut transaction, own.operator_id).await?;
        entries.push(events::operator_changed(own.operator_id, &[]));
    }
    let pending = outbox::insert(&mut transaction, &entries).await?;
    transaction.commit().await?;
    auth.relay.publish_now(pending).await;
    Ok(pb::ChangeOwnOperatorResponse { operator: Some(operator(row)) })
}

/// Whoever finds an open session must not be able to guess the password through it, so tries are counted here as well.
async fn check_old(auth: &Auth, own: &OperatorRow, password: String) -> Result<(), AuthError> {
    match by_password(auth, &own.email, password, &own.operator_id.to_string()).await {
        Ok(_) => Ok(()),
        Err(AuthError::InvalidCredentials) => Err(FieldError::new("oldPassword", "is wrong").into()),
        Err(error) => Err(error),
    }
}
