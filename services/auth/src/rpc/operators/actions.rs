//! What operators did: written down before it is done, and again when it has ended.

use std::collections::HashMap;

use halley_contracts::auth::v1 as pb;
use halley_kit::time;
use halley_model::{Access, Area, FieldError, limits};
use uuid::Uuid;

use crate::{
    Auth,
    error::AuthError,
    rpc::management::entry,
    store::{
        self,
        operator_actions::{ActionRow, Wanted},
    },
};

/// Parameters of one action, and characters of each: more is left out.
const PARAMETERS_MAX: usize = 10;
const TEXT_MAX: usize = 200;

/// As much of a text as is kept.
fn kept(text: &str) -> String {
    text.chars().filter(|c| *c != '\0').take(TEXT_MAX).collect()
}

/// As much of parameters as is kept.
fn bounded(given: &HashMap<String, String>) -> HashMap<String, String> {
    given.iter().take(PARAMETERS_MAX).map(|(name, value)| (kept(name), kept(value))).collect()
}

pub async fn begin(auth: &Auth, request: pb::BeginActionRequest) -> Result<pb::BeginActionResponse, AuthError> {
    let operator = entry::authenticate(auth, request.credential).await?;
    // Whose app it is not, is not shown to the app's people as one of theirs.
    let app_id = match entry::seen(auth, &operator, &request.app_id).await {
        Ok((row, _)) => Some(row.into_app().app_id),
        Err(AuthError::NoManagedApp { .. }) => None,
        Err(error) => return Err(error),
    };
    let parameters = bounded(&request.parameters);
    let operation = kept(&request.operation);
    let mut connection = auth.pool.acquire().await?;
    let (app_id, at) = (app_id.as_deref(), time::now());
    let stored =
        store::operator_actions::insert(&mut connection, &operator.0, app_id, &operation, &parameters, None, at);
    Ok(pb::BeginActionResponse { action_id: stored.await? })
}

pub async fn end(auth: &Auth, request: pb::EndActionRequest) -> Result<pb::EndActionResponse, AuthError> {
    let status = i16::try_from(request.status).unwrap_or_default();
    let parameters = bounded(&request.parameters);
    store::operator_actions::end(&auth.pool, request.action_id, status, &parameters).await?;
    Ok(pb::EndActionResponse {})
}

fn show(row: ActionRow) -> pb::OperatorAction {
    pb::OperatorAction {
        action_id: row.action_id,
        operator_id: row.operator_id.to_string(),
        operator_name: row.operator_name,
        operator_email: row.operator_email,
        app_id: row.app_id.unwrap_or_default(),
        operation: row.operation,
        parameters: row.parameters.0,
        status: row.status.map_or(0, i32::from),
        at_ms: time::to_ms(row.created_at),
    }
}

pub async fn list(auth: &Auth, request: pb::ListActionsRequest) -> Result<pb::ListActionsResponse, AuthError> {
    let app_id = match request.app_id.as_str() {
        "" => entry::owner(auth, request.credential).await.map(|_| None)?,
        app_id => {
            let need = (Area::Audit, Access::Read);
            Some(entry::enter(auth, request.credential, app_id, need).await?.1.app_id)
        }
    };
    let limit = match request.limit {
        0 => limits::PAGE_DEFAULT,
        limit if (1..=limits::PAGE_MAX).contains(&limit) => limit,
        _ => return Err(FieldError::new("limit", "must be 1 to 1000").into()),
    };
    let operator_id = match request.operator_id.as_str() {
        "" => None,
        id => Some(Uuid::parse_str(id).map_err(|_| FieldError::new("operator", "must be an operator's id"))?),
    };
    if request.operation.contains('\0') {
        return Err(FieldError::new("operation", "must not contain the NUL character").into());
    }
    let range = request.range.unwrap_or_default();
    let at = |ms: i64| if ms == 0 { None } else { time::from_ms(ms) };
    let wanted = Wanted {
        app_id: app_id.as_deref(),
        operator_id,
        operation: Some(request.operation.as_str()).filter(|operation| !operation.is_empty()),
        from: at(range.from_ms),
        to: at(range.to_ms),
        before: Some(request.before).filter(|before| *before > 0),
    };
    // One more than asked for tells whether there is another page.
    let mut rows = store::operator_actions::list(&auth.pool, &wanted, i64::from(limit) + 1).await?;
    let most = usize::try_from(limit).unwrap_or_default();
    let is_last = rows.len() <= most;
    rows.truncate(most);
    let next = if is_last { 0 } else { rows.last().map_or(0, |row| row.action_id) };
    Ok(pb::ListActionsResponse { actions: rows.into_iter().map(show).collect(), next })
}
