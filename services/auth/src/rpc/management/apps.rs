//! Apps of operators.

use halley_bus::outbox;
use halley_contracts::auth::v1 as pb;
use halley_kit::{page::Page, time};
use halley_model::{Access, Area, TeamRole, field, limits};

use super::entry::{self, Operator};
use crate::{
    Auth,
    error::AuthError,
    events,
    rpc::{apps, operators},
    store::{self, management::ManagedRow},
};

/// An app with its owner, for an operator with that role in it.
pub fn show(row: ManagedRow, own: TeamRole) -> pb::ManagedApp {
    let owner = row.owner_id.map(|id| pb::Operator {
        operator_id: id.to_string(),
        email: row.owner_email.clone().unwrap_or_default(),
        name: row.owner_name.clone().unwrap_or_default(),
        role: row.owner_role.map_or(0, i32::from),
        created_at_ms: row.owner_created_at.map_or(0, time::to_ms),
    });
    let owner_number = row.owner_number.unwrap_or_default();
    pb::ManagedApp { app: Some(row.into_app()), owner, owner_number, own_role: own.number() }
}

pub async fn create(
    auth: &Auth,
    request: pb::CreateManagedAppRequest,
) -> Result<pb::CreateManagedAppResponse, AuthError> {
    let operator = entry::authenticate(auth, request.credential).await?;
    let is_bounded = !operator.owns_installation();
    let Operator(operator) = operator;
    let wanted = pb::CreateAppRequest { app_id: String::new(), name: request.name, region: request.region };
    let mut transaction = halley_kit::postgres::begin(&auth.pool).await?;
    if is_bounded {
        // Counted under the operator's lock, or two at once could pass the limit.
        store::operators::lock(&mut transaction, operator.operator_id).await?;
        let max = auth.apps_per_operator;
        if store::management::count_own_apps(&mut transaction, operator.operator_id).await? >= max {
            return Err(AuthError::TooManyApps { max });
        }
    }
    let made = apps::make(auth, &mut transaction, wanted, Some(operator.operator_id)).await?;
    transaction.commit().await?;
    auth.relay.publish(made.pending);
    let owner_number = operator.number;
    let own_role = TeamRole::Owner.number();
    let app =
        pb::ManagedApp { app: Some(made.app), owner: Some(operators::operator(operator)), owner_number, own_role };
    let (auth_key, rest_api_key) = (Some(made.auth_key), Some(made.rest_api_key));
    Ok(pb::CreateManagedAppResponse { app: Some(app), auth_key, rest_api_key })
}

pub async fn list(auth: &Auth, request: pb::ListManagedAppsRequest) -> Result<pb::ListManagedAppsResponse, AuthError> {
    let operator = entry::authenticate(auth, request.credential).await?;
    field::text("searchKey", &request.search_key, limits::NAME_MAX)?;
    let page = Page::parse(request.page)?;
    let (id, sees_all) = (operator.0.operator_id, operator.owns_installation());
    let (rows, total) = store::management::list_apps(&auth.pool, id, sees_all, &request.search_key, page).await?;
    let page = page.info(total, rows.len());
    // Only apps with a role are listed.
    let shown = |row: ManagedRow| entry::role(&operator, &row).map(|own| show(row, own));
    Ok(pb::ListManagedAppsResponse { apps: rows.into_iter().filter_map(shown).collect(), page: Some(page) })
}

pub async fn get(auth: &Auth, request: pb::GetManagedAppRequest) -> Result<pb::GetManagedAppResponse, AuthError> {
    let need = (Area::App, Access::Read);
    let (operator, app) = entry::enter(auth, request.credential, &request.app_id, need).await?;
    let (row, own) = entry::seen(auth, &operator, &app.app_id).await?;
    Ok(pb::GetManagedAppResponse { app: Some(show(row, own)) })
}

/// Only who owns an app may end it; an admin of it may not.
pub async fn delete(
    auth: &Auth,
    request: pb::DeleteManagedAppRequest,
) -> Result<pb::DeleteManagedAppResponse, AuthError> {
    let operator = entry::authenticate(auth, request.credential).await?;
    let app = entry::app(auth, &operator, &request.app_id, (Area::Ownership, Access::Delete)).await?.into_app();
    let at = time::now();
    let delete_at = at + auth.archived_for;
    let mut transaction = halley_kit::postgres::begin(&auth.pool).await?;
    if !store::apps::archive(&mut transaction, &app.app_id, at, delete_at).await? {
        return Err(AuthError::AppArchived { app_id: app.app_id });
    }
    let pending = outbox::insert(&mut transaction, &[events::app_archived(&app.app_id)]).await?;
    transaction.commit().await?;
    auth.relay.publish_now(pending).await;
    Ok(pb::DeleteManagedAppResponse { scheduled_to_delete_at_ms: time::to_ms(delete_at) })
}
