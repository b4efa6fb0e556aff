//! Management keys of operators. Commands make them; here they are shown and ended.

use halley_contracts::auth::v1 as pb;
use halley_kit::{page::Page, time};
use halley_model::limits;
use uuid::Uuid;

use crate::{Auth, error::AuthError, rpc::management::entry, store};

/// The operator whose keys they are: who asks, or for owners of the installation anybody.
async fn whose(auth: &Auth, credential: Option<pb::OperatorCredential>, id: &str) -> Result<Uuid, AuthError> {
    let operator = entry::authenticate(auth, credential).await?;
    let asked = Uuid::parse_str(id).ok();
    if asked == Some(operator.0.operator_id) {
        return Ok(operator.0.operator_id);
    }
    if !operator.owns_installation() {
        return Err(AuthError::Denied);
    }
    let unknown = || AuthError::OperatorNotFound { email: id.chars().take(limits::ID_MAX).collect() };
    let asked = asked.ok_or_else(unknown)?;
    if store::operators::is_there(&auth.pool, asked).await? { Ok(asked) } else { Err(unknown()) }
}

pub async fn list(
    auth: &Auth,
    request: pb::ListManagementKeysRequest,
) -> Result<pb::ListManagementKeysResponse, AuthError> {
    let operator_id = whose(auth, request.credential, &request.operator_id).await?;
    let page = Page::parse(request.page)?;
    let (rows, total) = store::management::list_keys(&auth.pool, operator_id, page).await?;
    let page = page.info(total, rows.len());
    let shown = |(key, at)| pb::ShownManagementKey { key, created_at_ms: time::to_ms(at) };
    Ok(pb::ListManagementKeysResponse { keys: rows.into_iter().map(shown).collect(), page: Some(page) })
}

pub async fn revoke(
    auth: &Auth,
    request: pb::RevokeManagementKeyRequest,
) -> Result<pb::RevokeManagementKeyResponse, AuthError> {
    let operator_id = whose(auth, request.credential, &request.operator_id).await?;
    // Nothing remembers a key: each call asks for it.
    let is_gone =
        !request.key.contains('\0') && store::management::delete_key(&auth.pool, operator_id, &request.key).await?;
    if is_gone { Ok(pb::RevokeManagementKeyResponse {}) } else { Err(AuthError::ManagementKeyNotFound) }
}
