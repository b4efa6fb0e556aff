//! Tenants: an operator with an app of their own.

use halley_contracts::auth::v1 as pb;

use super::entry;
use crate::{
    Auth,
    error::AuthError,
    rpc::{apps, operators},
    store,
};

pub async fn create(auth: &Auth, request: pb::CreateTenantRequest) -> Result<pb::CreateTenantResponse, AuthError> {
    if !entry::authenticate(auth, request.credential).await?.owns_installation() {
        return Err(AuthError::Denied);
    }
    let wanted = pb::CreateOperatorRequest {
        email: request.email,
        name: request.name,
        password: request.password,
        role: pb::OperatorRole::Developer.into(),
    };
    let operator = operators::new(auth, wanted).await?;
    let wanted = pb::CreateAppRequest { app_id: String::new(), name: request.app_name, region: request.app_region };
    let mut transaction = halley_kit::postgres::begin(&auth.pool).await?;
    if !store::operators::insert(&mut transaction, &operator).await? {
        return Err(AuthError::OperatorExists);
    }
    let made = apps::make(auth, &mut transaction, wanted, Some(operator.operator_id)).await?;
    let key = entry::make_key(auth, &mut transaction, operator.operator_id).await?;
    transaction.commit().await?;
    auth.relay.publish(made.pending);
    Ok(pb::CreateTenantResponse {
        operator: Some(operators::operator(operator)),
        app: Some(made.app),
        auth_key: Some(made.auth_key),
        rest_api_key: Some(made.rest_api_key),
        key: Some(key),
    })
}
