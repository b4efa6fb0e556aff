//! Who an operator is, and which apps they may read and change.

use halley_contracts::{
    auth::v1::{self as pb, OperatorRole},
    common::v1::ItemResult,
};
use halley_kit::{ServiceError as _, time};
use halley_model::{Access, Area, TeamRole};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    Auth, access,
    error::AuthError,
    rpc::operators::{self, sessions},
    seal::Kind,
    store::{self, management::ManagedRow, operators::OperatorRow},
};

/// Longest key or secret that is looked at.
const CREDENTIAL_MAX: usize = 200;

/// An operator who has shown who they are.
pub struct Operator(pub OperatorRow);

impl Operator {
    /// Owners of the installation may do everything in every app.
    pub fn owns_installation(&self) -> bool {
        i32::from(self.0.role) == i32::from(OperatorRole::Owner)
    }
}

/// What a call does in an app.
pub type Need = (Area, Access);

/// The operator of a session, or of a management key; with `is_password`, of an address and a password.
pub async fn authenticate(auth: &Auth, credential: Option<pb::OperatorCredential>) -> Result<Operator, AuthError> {
    let credential = credential.unwrap_or_default();
    if !credential.session_token.is_empty() {
        return sessions::find(auth, &credential.session_token).await.map(|row| Operator(row.operator));
    }
    if credential.name.is_empty() || credential.secret.is_empty() {
        return Err(AuthError::NoManagementKey);
    }
    if credential.is_password {
        return operators::by_password(auth, &credential.name, credential.secret, "").await.map(Operator);
    }
    let fits = |text: &str| text.len() <= CREDENTIAL_MAX && !text.contains('\0');
    if !fits(&credential.name) || !fits(&credential.secret) {
        return Err(AuthError::WrongManagementKey);
    }
    let row = store::management::find_key(&auth.pool, &credential.name).await?.ok_or(AuthError::WrongManagementKey)?;
    match auth.seal.is_hash(Kind::ManagementSecret, &credential.name, &credential.secret, &row.secret_hash) {
        true => Ok(Operator(row.operator)),
        false => Err(AuthError::WrongManagementKey),
    }
}

/// The operator of a credential, who owns the installation.
pub async fn owner(auth: &Auth, credential: Option<pb::OperatorCredential>) -> Result<Operator, AuthError> {
    let operator = authenticate(auth, credential).await?;
    if operator.owns_installation() { Ok(operator) } else { Err(AuthError::Denied) }
}

/// What an operator is in an app; `None`: nothing.
pub fn role(operator: &Operator, row: &ManagedRow) -> Option<TeamRole> {
    if operator.owns_installation() || row.owner_id == Some(operator.0.operator_id) {
        return Some(TeamRole::Owner);
    }
    TeamRole::of_number(row.own_role?.into())
}

/// An app as an operator sees it, and what they are in it. Archived ones are as good as gone, but told apart for their own
/// people.
pub async fn seen(auth: &Auth, operator: &Operator, app_id: &str) -> Result<(ManagedRow, TeamRole), AuthError> {
    let unknown = || AuthError::NoManagedApp { app_id: app_id.chars().take(halley_model::limits::ID_MAX).collect() };
    let parsed = access::app_id(app_id).map_err(|_| unknown())?;
    let row = store::management::find_app(&auth.pool, &parsed, operator.0.operator_id).await?.ok_or_else(unknown)?;
    let role = role(operator, &row).ok_or_else(unknown)?;
    Ok((row, role))
}

/// An app in which an operator may do that.
pub async fn app(auth: &Auth, operator: &Operator, app_id: &str, need: Need) -> Result<ManagedRow, AuthError> {
    let (row, role) = seen(auth, operator, app_id).await?;
    if role.may(need.0, need.1) { Ok(row) } else { Err(AuthError::Denied) }
}

/// The operator of a credential and the id of an app that they may so use and that is not archived.
pub async fn enter(
    auth: &Auth,
    credential: Option<pb::OperatorCredential>,
    app_id: &str,
    need: Need,
) -> Result<(Operator, pb::App), AuthError> {
    let operator = authenticate(auth, credential).await?;
    let app = app(auth, &operator, app_id, need).await?.into_app();
    if app.scheduled_to_delete_at_ms != 0 {
        return Err(AuthError::NoManagedApp { app_id: app.app_id });
    }
    Ok((operator, app))
}

/// A new management key of an operator.
pub async fn make_key(
    auth: &Auth,
    connection: &mut PgConnection,
    operator_id: Uuid,
) -> Result<pb::ManagementKey, AuthError> {
    let key = hex::encode(rand::random::<[u8; 20]>());
    let secret = hex::encode(rand::random::<[u8; 20]>());
    let hash = auth.seal.lookup_hash(Kind::ManagementSecret, &key, &secret);
    store::management::insert_key(connection, &key, &hash, operator_id, time::now()).await?;
    Ok(pb::ManagementKey { key, secret })
}

pub async fn create_key(
    auth: &Auth,
    request: pb::CreateManagementKeyRequest,
) -> Result<pb::CreateManagementKeyResponse, AuthError> {
    let email = operators::address(&request.email);
    halley_model::field::required_text("email", &email, operators::EMAIL_MAX)?;
    let operator = store::operators::find(&auth.pool, &email).await?.ok_or(AuthError::OperatorNotFound { email })?;
    let mut connection = auth.pool.acquire().await?;
    let key = make_key(auth, &mut connection, operator.operator_id).await?;
    Ok(pb::CreateManagementKeyResponse { key: Some(key) })
}

/// The fate of one item. A fault of the server is everybody's.
pub fn fate(id: String, outcome: Result<(), AuthError>) -> Result<ItemResult, AuthError> {
    let error = match outcome {
        Ok(()) => None,
        Err(error @ (AuthError::Database(_) | AuthError::Sealed | AuthError::Crypto(_))) => return Err(error),
        Err(error) => Some(halley_contracts::common::v1::ItemError {
            code: error.code().as_str().to_owned(),
            message: error.to_string(),
        }),
    };
    Ok(ItemResult { id, error })
}
