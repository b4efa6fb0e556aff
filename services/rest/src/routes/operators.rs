//! Operators: how they log in, who there is, and what they did.

use std::sync::Arc;

use axum::{
    extract::{Path, State as Shared},
    http::{
        HeaderValue,
        header::{CACHE_CONTROL, SET_COOKIE},
        request::Parts,
    },
    response::IntoResponse as _,
};
use halley_contracts::{
    auth::v1::{
        AddOperatorRequest, ChangeOperatorRequest, ChangeOwnOperatorRequest, CreateOperatorRequest,
        EndOperatorSessionRequest, GetOperatorSessionRequest, ListActionsRequest, ListManagementKeysRequest,
        Operator as Person, OperatorAction, OperatorSession, RemoveOperatorRequest, RevokeManagementKeyRequest,
        ShowOperatorsRequest, ShownManagementKey, StartOperatorSessionRequest,
    },
    common::v1::TimeRange,
};
use halley_model::{ErrorCode, TeamRole};
use halley_wire::schema;
use serde_json::{Value, json};

use super::management::Operator;
use crate::{
    input::{Body, Query},
    openapi::{answer, body::operators as body, path, query},
    rates,
    reply::{ApiError, Reply, data, done, list as reply_list, page},
    session_cookie,
    sessions::Ended,
    state::State,
};

fn row(operator: &Person) -> Value {
    json!({
        "id": operator.operator_id,
        "email": operator.email,
        "name": operator.name,
        "role": TeamRole::of_number(operator.role).map(TeamRole::word),
        "createdAt": operator.created_at_ms / 1000,
    })
}

fn session(session: &OperatorSession, session_token: &str) -> Value {
    json!({
        "operator": row(&session.operator.clone().unwrap_or_default()),
        "csrfToken": session_cookie::csrf_token(session_token),
        "createdAt": session.created_at_ms / 1000,
        "expiresAt": session.expires_at_ms / 1000,
        "idleSeconds": session.idle_seconds,
    })
}

/// An answer that nobody keeps, with a cookie.
fn with_cookie(reply: Reply, cookie: Option<HeaderValue>) -> Reply {
    let mut response = reply?;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(cookie) = cookie {
        headers.insert(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Begins a session of an operator, by address and password.
///
/// The answer sets the cookie `halley_session`, over TLS `__Host-halley_session`, which stands for the operator in every call that takes one: with a management
/// key's calls alone, with those of an app together with `appid`. Calls that change something need the header
/// `x-csrf-token`. After some wrong passwords for an address each further try has to wait.
#[utoipa::path(
    post, path = "/operators/sessions", tag = "operators", operation_id = "create-operator-session",
    request_body = body::LogIn,
    responses((status = 200, body = schema::Data<answer::operators::OperatorSession>)),
    security(()),
    extensions(("x-errors" = json!(["AUTH_ERR_INVALID_CREDENTIALS", "AUTH_ERR_CROSS_SITE"])))
)]
pub async fn log_in(Shared(state): Shared<Arc<State>>, parts: Parts, body: Body) -> Reply {
    session_cookie::check_origin(&state.config, &parts)?;
    let request = StartOperatorSessionRequest {
        email: body.required("email")?,
        password: body.required("password")?,
        network: rates::network(&state.config, &parts),
    };
    state.guesses.check(&state.config, &parts)?;
    let answer = state.operators().start_operator_session(request).await?.into_inner();
    let begun = answer.session.unwrap_or_default();
    let seconds = (begun.expires_at_ms - begun.created_at_ms) / 1000;
    let cookie = session_cookie::set(&parts, &answer.session_token, seconds);
    with_cookie(data(session(&begun, &answer.session_token)), cookie)
}

/// Shows the session of the cookie.
#[utoipa::path(
    get, path = "/operators/sessions/current", tag = "operators", operation_id = "get-operator-session",
    responses((status = 200, body = schema::Data<answer::operators::OperatorSession>))
)]
pub async fn current(Shared(state): Shared<Arc<State>>, parts: Parts) -> Reply {
    let session_token = session_cookie::token(&parts).ok_or_else(no_session)?;
    state.guesses.check(&state.config, &parts)?;
    let request = GetOperatorSessionRequest { session_token: session_token.to_owned() };
    let answer = state.operators().get_operator_session(request).await?.into_inner();
    with_cookie(data(session(&answer.session.unwrap_or_default(), session_token)), None)
}

fn no_session() -> ApiError {
    ApiError::code(ErrorCode::EmptyAuthHeader)
}

/// Ends the session of the cookie, and has the browser forget it, also one that has ended before.
#[utoipa::path(
    delete, path = "/operators/sessions/current", tag = "operators", operation_id = "delete-operator-session",
    responses((status = 200, body = schema::Data<schema::Done>))
)]
pub async fn log_out(operator: Result<Operator, ApiError>, parts: Parts) -> Reply {
    let operator = match operator {
        Err(error) if error.0.code == ErrorCode::SessionNotValid => {
            return with_cookie(Ok(error.into_response()), session_cookie::clear(&parts));
        }
        operator => operator?,
    };
    let session_token =
        operator.credential().map(|credential| credential.session_token).filter(|text| !text.is_empty());
    let request = EndOperatorSessionRequest { session_token: session_token.ok_or_else(no_session)? };
    let state = &operator.state;
    let ended = state.operators().end_operator_session(request).await?.into_inner().session.unwrap_or_default();
    let operator_id = ended.operator.unwrap_or_default().operator_id;
    state.end_sessions("", Ended::Operator { operator_id, session_ids: vec![ended.session_id] });
    with_cookie(done("The session is ended."), session_cookie::clear(&parts))
}

fn role(body: &Body) -> Result<Option<TeamRole>, ApiError> {
    let Some(word) = body.text("role")? else { return Ok(None) };
    let wrong = || ApiError::field("role", "must be owner, admin, moderator or developer");
    TeamRole::parse(&word).map(Some).ok_or_else(wrong)
}

/// Makes an operator. For owners of the installation, as all of these.
#[utoipa::path(
    post, path = "/operators", tag = "operators", operation_id = "create-operator",
    request_body = body::NewOperator,
    responses((status = 200, body = schema::Data<answer::operators::Operator>)),
    extensions(("x-errors" = json!(["ERR_OPERATOR_ALREADY_EXISTS"])))
)]
pub async fn create(operator: Operator, body: Body) -> Reply {
    operator.tell("email", &body.required("email")?);
    let made = CreateOperatorRequest {
        email: body.required("email")?,
        name: body.required("name")?,
        password: body.required("password")?,
        role: role(&body)?.map_or(0, TeamRole::number),
    };
    let request = AddOperatorRequest { credential: operator.credential(), operator: Some(made) };
    let answer = operator.state.operators().add_operator(request).await?.into_inner();
    data(row(&answer.operator.unwrap_or_default()))
}

/// Lists the operators, oldest first.
#[utoipa::path(
    get, path = "/operators", tag = "operators", operation_id = "list-operators",
    params(query::Page),
    responses((status = 200, body = schema::Page<answer::operators::Operator>))
)]
pub async fn list(operator: Operator, query: Query) -> Reply {
    let request = ShowOperatorsRequest { credential: operator.credential(), page: Some(query.page()?) };
    let answer = operator.state.operators().show_operators(request).await?.into_inner();
    page(answer.operators.iter().map(row).collect::<Vec<_>>(), answer.page)
}

/// Changes an operator. A new password ends its sessions; one's own is changed by `PUT /operators/me`, with the old one.
#[utoipa::path(
    put, path = "/operators/{operatorId}", tag = "operators", operation_id = "update-operator",
    params(path::OperatorId),
    request_body = body::OperatorChanges,
    responses((status = 200, body = schema::Data<answer::operators::Operator>)),
    extensions(("x-errors" = json!(["ERR_OPERATOR_NOT_FOUND", "ERR_LAST_OWNER"])))
)]
pub async fn update(operator: Operator, Path(operator_id): Path<String>, body: Body) -> Reply {
    let given = ["name", "role", "password"].into_iter().filter(|name| body.0.get(*name).is_some_and(|v| !v.is_null()));
    operator.tell("changed", &given.collect::<Vec<_>>().join(", "));
    let request = ChangeOperatorRequest {
        credential: operator.credential(),
        operator_id: operator_id.clone(),
        name: body.text("name")?,
        role: role(&body)?.map_or(0, TeamRole::number),
        password: body.text("password")?,
    };
    let answer = operator.state.operators().change_operator(request).await?.into_inner();
    operator.state.end_sessions("", Ended::Operator { operator_id, session_ids: Vec::new() });
    data(row(&answer.operator.unwrap_or_default()))
}

/// Removes an operator, its sessions and management keys. Apps that it owned stay, without an owner.
#[utoipa::path(
    delete, path = "/operators/{operatorId}", tag = "operators", operation_id = "delete-operator",
    params(path::OperatorId),
    responses((status = 200, body = schema::Data<schema::Done>)),
    extensions(("x-errors" = json!(["ERR_OPERATOR_NOT_FOUND", "ERR_LAST_OWNER"])))
)]
pub async fn delete(operator: Operator, Path(operator_id): Path<String>) -> Reply {
    let request = RemoveOperatorRequest { credential: operator.credential(), operator_id: operator_id.clone() };
    operator.state.operators().remove_operator(request).await?;
    operator.state.end_sessions("", Ended::Operator { operator_id, session_ids: Vec::new() });
    done("The operator is removed.")
}

/// Changes the operator who calls: the name, and with the old one the password.
#[utoipa::path(
    put, path = "/operators/me", tag = "operators", operation_id = "update-own-operator",
    request_body = body::OwnOperatorChanges,
    responses((status = 200, body = schema::Data<answer::operators::Operator>))
)]
pub async fn update_own(operator: Operator, body: Body) -> Reply {
    let password = body.text("password")?;
    let ends_sessions = password.is_some();
    let request = ChangeOwnOperatorRequest {
        credential: operator.credential(),
        name: body.text("name")?,
        password,
        old_password: body.text("oldPassword")?.unwrap_or_default(),
    };
    let answer = operator.state.operators().change_own_operator(request).await?.into_inner();
    let changed = answer.operator.unwrap_or_default();
    if ends_sessions {
        let operator_id = changed.operator_id.clone();
        operator.state.end_sessions("", Ended::Operator { operator_id, session_ids: Vec::new() });
    }
    data(row(&changed))
}

fn key(key: &ShownManagementKey) -> Value {
    json!({"key": key.key, "createdAt": key.created_at_ms / 1000})
}

/// Lists the management keys of an operator, newest first, without their secrets.
///
/// One's own, or for owners of the installation anybody's.
#[utoipa::path(
    get, path = "/operators/{operatorId}/keys", tag = "operators", operation_id = "list-management-keys",
    params(path::OperatorId, query::Page),
    responses((status = 200, body = schema::Page<answer::operators::ManagementKey>)),
    extensions(("x-errors" = json!(["ERR_OPERATOR_NOT_FOUND"])))
)]
pub async fn list_keys(operator: Operator, Path(operator_id): Path<String>, query: Query) -> Reply {
    let request =
        ListManagementKeysRequest { credential: operator.credential(), operator_id, page: Some(query.page()?) };
    let answer = operator.state.operators().list_management_keys(request).await?.into_inner();
    page(answer.keys.iter().map(key).collect::<Vec<_>>(), answer.page)
}

/// Ends a management key: from the answer on it is good for nothing.
///
/// One's own, or for owners of the installation anybody's.
#[utoipa::path(
    delete, path = "/operators/{operatorId}/keys/{managementKey}", tag = "operators",
    operation_id = "revoke-management-key",
    params(path::ManagementKey),
    responses((status = 200, body = schema::Data<schema::Done>)),
    extensions(("x-errors" = json!(["ERR_OPERATOR_NOT_FOUND", "ERR_MANAGEMENT_KEY_NOT_FOUND"])))
)]
pub async fn revoke_key(operator: Operator, Path((operator_id, key)): Path<(String, String)>) -> Reply {
    let request = RevokeManagementKeyRequest { credential: operator.credential(), operator_id, key };
    operator.state.operators().revoke_management_key(request).await?;
    done("The management key is revoked.")
}

/// Lists what operators did anywhere, newest first. For owners of the installation.
///
/// Every call that changes something is written down before it is made, by whom and about what its path names; of its body
/// only whom it is about. So are exports of users, and logins that a wrong password spoiled. It is kept for a year, or for the installation's `auth.audit_days`.
#[utoipa::path(
    get, path = "/operators/actions", tag = "operators", operation_id = "list-operator-actions",
    params(query::OperatorActions),
    responses((
        status = 200,
        body = schema::List<answer::operators::OperatorAction, answer::operators::OperatorActionsMeta>
    ))
)]
pub async fn list_actions(operator: Operator, query: Query) -> Reply {
    actions(&operator, String::new(), &query).await
}

/// Lists what operators did in an app, newest first. For its owner and admins.
#[utoipa::path(
    get, path = "/apps/{appId}/actions", tag = "management", operation_id = "list-app-actions",
    params(path::AppId, query::OperatorActions),
    responses((
        status = 200,
        body = schema::List<answer::operators::OperatorAction, answer::operators::OperatorActionsMeta>
    ))
)]
pub async fn list_actions_of_app(operator: Operator, Path(app_id): Path<String>, query: Query) -> Reply {
    actions(&operator, app_id, &query).await
}

async fn actions(operator: &Operator, app_id: String, query: &Query) -> Reply {
    let to_ms = query.seconds("to")?;
    let request = ListActionsRequest {
        credential: operator.credential(),
        app_id,
        operator_id: query.text("operator").unwrap_or_default().to_owned(),
        operation: query.text("operation").unwrap_or_default().to_owned(),
        // A second lasts until its last millisecond.
        range: Some(TimeRange { from_ms: query.seconds("from")?, to_ms: if to_ms == 0 { 0 } else { to_ms + 999 } }),
        limit: query.limit()?,
        before: query.cursor("cursor")?,
    };
    let answer = operator.state.operators().list_actions(request).await?.into_inner();
    let rows: Vec<Value> = answer.actions.iter().map(action).collect();
    let cursor = (answer.next != 0).then(|| answer.next.to_string());
    let meta = json!({"count": rows.len(), "cursor": cursor});
    reply_list(rows, meta)
}

fn action(action: &OperatorAction) -> Value {
    json!({
        "id": action.action_id.to_string(),
        "operator": {"id": action.operator_id, "name": action.operator_name, "email": action.operator_email},
        "appId": Some(&action.app_id).filter(|app_id| !app_id.is_empty()),
        "operation": action.operation,
        "parameters": action.parameters,
        "status": Some(action.status).filter(|status| *status != 0),
        "at": action.at_ms / 1000,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::tests::{check, check_whole};

    #[test]
    fn what_is_shown_is_as_it_is_described() {
        let person = Person { role: 1, ..Default::default() };
        check_whole("Operator", &row(&person));
        check_whole(
            "OperatorSession",
            &session(&OperatorSession { operator: Some(person), ..Default::default() }, "x"),
        );
        check_whole(
            "OperatorAction",
            &action(&OperatorAction { status: 200, app_id: "a".into(), ..Default::default() }),
        );
        check("OperatorAction", &action(&OperatorAction::default()));
        check_whole("ManagementKey", &key(&ShownManagementKey::default()));
    }
}
