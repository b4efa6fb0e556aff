//! Apps, their collaborators and settings, as operators manage them.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, MatchedPath, Path},
    http::{header::AUTHORIZATION, request::Parts},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use halley_contracts::{
    auth::v1::{
        ApiKey, App, ChangeCollaboratorsRequest, Collaborator, CreateManagedAppRequest, CreateTenantRequest,
        DeleteManagedAppRequest, GetManagedAppRequest, GetSettingsRequest, ListCollaboratorsRequest,
        ListManagedAppsRequest, ManagedApp, OperatorCredential, OperatorRole, SetSettingsRequest, UnsetSettingsRequest,
    },
    common::v1::PageRequest,
    groups::v1::{CreateGroupRequest, ListGroupsRequest, MemberLists},
    identity::v1::{CreateUserRequest, ListUsersRequest, UserFields},
    messaging::v1::CountMessagesRequest,
};
use halley_kit::{Caller, PublicError};
use halley_model::{ErrorCode, TeamRole, sample, settings};
use halley_wire::{ApiKeyJson, schema};
use serde_json::{Map, Value, json};

use crate::{
    audit::Action,
    caller::header,
    input::{Body, Query},
    openapi::{answer, body::management as body, path, query},
    reply::{ApiError, Reply, data, done, fates, page, value},
    session_cookie,
    sessions::Ended,
    state::State,
};

/// Rows of a page of apps when the caller names no number.
const APPS_PER_PAGE: i32 = 25;

/// An operator by what the request says; auth checks it with every call, and writes down those that change something.
pub struct Operator {
    pub state: Arc<State>,
    credential: OperatorCredential,
    action: Action,
}

impl Operator {
    /// Has something of what is done written down that the path does not say: whom it is about, never a secret.
    pub fn tell(&self, name: &str, value: &str) {
        self.action.tell(name, value);
    }

    /// For a call to auth.
    pub fn credential(&self) -> Option<OperatorCredential> {
        Some(self.credential.clone())
    }
}

impl FromRequestParts<Arc<State>> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<State>) -> Result<Self, ApiError> {
        let credential = match by_key(parts).or_else(|| by_basic(parts)) {
            Some(credential) => credential,
            None => by_cookie(state, parts)?,
        };
        state.guesses.check(&state.config, parts)?;
        state.begin_action(parts, credential.clone(), None).await?;
        let action = parts.extensions.get::<Action>().cloned().unwrap_or_default();
        Ok(Self { state: Arc::clone(state), credential, action })
    }
}

/// A session, where no key is given.
fn by_cookie(state: &State, parts: &Parts) -> Result<OperatorCredential, ApiError> {
    let token = session_cookie::token(parts).ok_or_else(|| ApiError::code(ErrorCode::EmptyAuthHeader))?;
    session_cookie::check(&state.config, parts, token)?;
    Ok(OperatorCredential { session_token: token.to_owned(), ..Default::default() })
}

fn by_key(parts: &Parts) -> Option<OperatorCredential> {
    let (key, secret) = (header(&parts.headers, "key")?, header(&parts.headers, "secret")?);
    Some(OperatorCredential { name: key.to_owned(), secret: secret.to_owned(), ..Default::default() })
}

/// HTTP Basic with a management key and its secret; where tenants are made, also with an address and a password.
fn by_basic(parts: &Parts) -> Option<OperatorCredential> {
    let encoded = parts.headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, secret) = decoded.split_once(':')?;
    let is_password = name.contains('@');
    let takes_passwords = parts.extensions.get::<MatchedPath>().is_some_and(|path| path.as_str().ends_with("/tenants"));
    if is_password && !takes_passwords {
        return None;
    }
    Some(OperatorCredential { name: name.to_owned(), secret: secret.to_owned(), is_password, ..Default::default() })
}

/// Makes an app, with an auth key and a REST API key.
#[utoipa::path(
    post, path = "/apps", tag = "management", operation_id = "create-app",
    request_body = body::NewApp,
    responses((status = 200, body = schema::Data<answer::management::NewManagedApp>)),
    extensions(("x-errors" = json!(["ERR_PLAN_QUOTA_RESTRICTION"])))
)]
pub async fn create(operator: Operator, body: Body) -> Reply {
    match body.0.get("version") {
        None | Some(Value::Null) => {}
        Some(Value::String(version)) if matches!(version.as_str(), "3" | "v3") => {}
        Some(Value::Number(version)) if version.as_i64() == Some(3) => {}
        Some(_) => return Err(ApiError::field("version", "must be 3")),
    }
    let with_sample = !body.flag("skipSampleData")?;
    let request = CreateManagedAppRequest {
        credential: operator.credential(),
        name: body.required("name")?,
        region: body.text("region")?.unwrap_or_default(),
    };
    let made = operator.state.management().create_managed_app(request).await?.into_inner();
    let app = made.app.unwrap_or_default();
    if with_sample
        && let Some(app) = &app.app
        && let Err(error) = make_sample(&operator.state, &app.app_id).await
    {
        // The app is there, and a caller who is told of an error would make another.
        tracing::warn!(%error, app = app.app_id, "a new app has no sample data");
    }
    let mut shown = row(&app);
    let keys = [&made.rest_api_key, &made.auth_key].into_iter().flatten();
    shown["apiKeys"] = keys.map(|key| (key.api_key.clone(), key_row(key))).collect::<Map<_, _>>().into();
    data(shown)
}

fn key_row(key: &ApiKey) -> Value {
    let mut shown = value(ApiKeyJson(key));
    shown["createdBy"] = json!(halley_model::APP_SYSTEM_UID);
    shown
}

/// The users and the group of a new app.
async fn make_sample(state: &State, app_id: &str) -> Result<(), PublicError> {
    let system = Caller::system(app_id);
    for (uid, name) in sample::USERS {
        let fields = UserFields { name: Some(name.to_owned()), ..Default::default() };
        let request = CreateUserRequest { uid: uid.to_owned(), fields: Some(fields) };
        state.identity().create_user(system.request(request)).await?;
    }
    let (guid, name) = sample::GROUP;
    let [(owner, _), others @ ..] = sample::USERS;
    let participants = others.iter().map(|(uid, _)| (*uid).to_owned()).collect();
    let request = CreateGroupRequest {
        guid: guid.to_owned(),
        name: name.to_owned(),
        owner: owner.to_owned(),
        members: Some(MemberLists { participants, ..Default::default() }),
        ..Default::default()
    };
    state.groups().create_group(system.request(request)).await?;
    Ok(())
}

/// Lists the operator's apps.
#[utoipa::path(
    get, path = "/apps", tag = "management", operation_id = "list-apps",
    params(query::Search, query::ShortPage),
    responses((status = 200, body = schema::Page<answer::management::App>))
)]
pub async fn list(operator: Operator, query: Query) -> Reply {
    let mut asked = query.page()?;
    if query.any(&["perPage", "per_page"]).is_none() {
        asked.per_page = APPS_PER_PAGE;
    }
    let request = ListManagedAppsRequest {
        credential: operator.credential(),
        search_key: query.text("searchKey").unwrap_or_default().to_owned(),
        page: Some(asked),
    };
    let answer = operator.state.management().list_managed_apps(request).await?.into_inner();
    page(answer.apps.iter().map(row).collect::<Vec<_>>(), answer.page)
}

/// Shows an app.
#[utoipa::path(
    get, path = "/apps/{appId}", tag = "management", operation_id = "get-app",
    params(path::AppId),
    responses((status = 200, body = schema::Data<answer::management::App>))
)]
pub async fn get(operator: Operator, Path(app_id): Path<String>) -> Reply {
    data(row(&find(&operator, app_id).await?))
}

async fn find(operator: &Operator, app_id: String) -> Result<ManagedApp, ApiError> {
    let request = GetManagedAppRequest { credential: operator.credential(), app_id };
    let answer = operator.state.management().get_managed_app(request).await?.into_inner();
    Ok(answer.app.unwrap_or_default())
}

/// Archives an app. It is deleted for good 30 days later, or when the installation's `auth.archived_app_days` says.
#[utoipa::path(
    delete, path = "/apps/{appId}", tag = "management", operation_id = "delete-app",
    params(path::AppId),
    responses((status = 200, body = schema::Data<answer::management::AppDeletion>)),
    extensions(("x-errors" = json!(["ERR_APP_ARCHIVED"])))
)]
pub async fn delete(operator: Operator, Path(app_id): Path<String>) -> Reply {
    let request = DeleteManagedAppRequest { credential: operator.credential(), app_id };
    let answer = operator.state.management().delete_managed_app(request).await?.into_inner();
    data(json!({"success": true, "scheduledToDeleteAt": answer.scheduled_to_delete_at_ms / 1000}))
}

/// Tells how much an app holds.
///
/// Nothing is mailed: the numbers are in the answer.
#[utoipa::path(
    post, path = "/apps/{appId}/usage", tag = "management", operation_id = "fetch-multi-tenant-usage",
    params(path::AppId),
    request_body = Option<body::UsageReport>,
    responses((status = 200, body = schema::Data<answer::management::AppUsage>))
)]
pub async fn usage(operator: Operator, Path(app_id): Path<String>, body: Body) -> Reply {
    body.flag("usePreviousBillingCycle")?;
    let app = find(&operator, app_id).await?.app.unwrap_or_default();
    let system = Caller::system(app.app_id.as_str());
    let first = Some(PageRequest { page: 1, per_page: 1 });
    let state = &operator.state;
    let users = ListUsersRequest { page: first, ..Default::default() };
    let users = state.identity().list_users(system.request(users)).await?.into_inner().page.unwrap_or_default();
    let groups = ListGroupsRequest { page: first, ..Default::default() };
    let groups = state.groups().list_groups(system.request(groups)).await?.into_inner().page.unwrap_or_default();
    let messages = state.messaging().count_messages(system.request(CountMessagesRequest {})).await?.into_inner();
    data(json!({
        "success": true,
        "message": "The usage of the app.",
        "usage": {
            "users": users.total,
            "groups": groups.total,
            "messages": {"user": messages.user_messages, "group": messages.group_messages},
        },
    }))
}

fn region(app: &App) -> Value {
    json!({"id": app.region, "name": app.region.to_uppercase(), "description": ""})
}

fn row(managed: &ManagedApp) -> Value {
    let app = managed.app.clone().unwrap_or_default();
    let owner = managed.owner.as_ref();
    json!({
        "id": app.app_id,
        "appId": app.app_id,
        "name": app.name,
        "plan": "self-hosted",
        "trialEndsAt": null,
        "state": "active",
        "version": "3",
        "owner": managed.owner_number,
        "region": app.region,
        "createdAt": app.created_at_ms / 1000,
        "appOwner": owner.map(|owner| json!({"id": managed.owner_number, "name": owner.name, "email": owner.email})),
        "appRegion": region(&app),
        "ownRole": TeamRole::of_number(managed.own_role).map(TeamRole::word),
    })
}

/// Makes a tenant: an operator with a first app and a management key.
///
/// HTTP Basic authentication takes a management key with its secret, or an operator's address and password.
#[utoipa::path(
    post, path = "/tenants", tag = "management", operation_id = "add-tenant",
    request_body = body::NewTenant,
    responses((status = 200, body = schema::Data<answer::management::Tenant>)),
    extensions(("x-errors" = json!(["ERR_OPERATOR_ALREADY_EXISTS"])))
)]
pub async fn create_tenant(operator: Operator, body: Body) -> Reply {
    operator.tell("email", &body.required("email")?);
    let request = CreateTenantRequest {
        credential: operator.credential(),
        name: body.required("name")?,
        email: body.required("email")?,
        password: body.required("password")?,
        app_name: body.required("appName")?,
        app_region: body.required("appRegion")?,
    };
    // These are read so that a wrong one is told, and not kept.
    for name in ["role", "industry", "technology"] {
        body.text(name)?;
    }
    let contact = body.text("contactNumber")?;
    let made = operator.state.management().create_tenant(request).await?.into_inner();
    let (tenant, app) = (made.operator.unwrap_or_default(), made.app.unwrap_or_default());
    let key = made.key.unwrap_or_default();
    data(json!({
        "name": tenant.name,
        "email": tenant.email,
        "createdAt": tenant.created_at_ms / 1000,
        "contactNumber": contact,
        "app": {
            "name": app.name,
            "appId": app.app_id,
            "region": app.region,
            "authKey": made.auth_key.unwrap_or_default().api_key,
            "apiKey": made.rest_api_key.unwrap_or_default().api_key,
            "createdAt": app.created_at_ms / 1000,
            "plan": "self-hosted",
        },
        "key": key.key,
        "secret": key.secret,
    }))
}

/// Adds collaborators to an app, and removes some.
#[utoipa::path(
    post, path = "/apps/{appId}/collaborators", tag = "management", operation_id = "add-collaborator",
    params(path::AppId),
    request_body = body::CollaboratorChanges,
    responses((status = 200, body = schema::Data<answer::management::CollaboratorsChanged>))
)]
pub async fn change_collaborators(operator: Operator, Path(app_id): Path<String>, body: Body) -> Reply {
    let emails = |name: &str| Ok::<_, ApiError>(body.texts(name)?.unwrap_or_default());
    let request = ChangeCollaboratorsRequest {
        credential: operator.credential(),
        app_id,
        admins: emails("admins")?,
        developers: emails("developers")?,
        moderators: emails("moderators")?,
        remove: emails("collaboratorsToRemove")?,
    };
    let lists = [
        ("admins", &request.admins),
        ("developers", &request.developers),
        ("moderators", &request.moderators),
        ("removed", &request.remove),
    ];
    for (name, emails) in lists.into_iter().filter(|(_, emails)| !emails.is_empty()) {
        operator.tell(name, &emails.join(", "));
    }
    let changed_in = request.app_id.to_lowercase();
    let answer = operator.state.management().change_collaborators(request).await?.into_inner();
    operator.state.end_sessions(&changed_in, Ended::OperatorsOfApp);
    let added = "The collaborator is added.";
    data(json!({
        "admins": fates(&answer.admins, added),
        "developers": fates(&answer.developers, added),
        "moderators": fates(&answer.moderators, added),
        "collaboratorsToRemove": fates(&answer.removed, "The collaborator is removed."),
    }))
}

/// Lists the collaborators of an app.
#[utoipa::path(
    get, path = "/apps/{appId}/collaborators", tag = "management", operation_id = "list-collaborators",
    params(path::AppId, query::Page),
    responses((status = 200, body = schema::Page<answer::management::Collaborator>))
)]
pub async fn list_collaborators(operator: Operator, Path(app_id): Path<String>, query: Query) -> Reply {
    let request = ListCollaboratorsRequest { credential: operator.credential(), app_id, page: Some(query.page()?) };
    let answer = operator.state.management().list_collaborators(request).await?.into_inner();
    page(answer.collaborators.iter().map(collaborator).collect::<Vec<_>>(), answer.page)
}

fn collaborator(row: &Collaborator) -> Value {
    let operator = row.operator.clone().unwrap_or_default();
    let role = match row.role() {
        OperatorRole::Admin => "admin",
        OperatorRole::Moderator => "moderator",
        OperatorRole::Owner | OperatorRole::Developer | OperatorRole::Unspecified => "developer",
    };
    json!({
        "id": row.number,
        "name": operator.name,
        "email": operator.email,
        "role": role,
        "createdAt": row.created_at_ms / 1000,
    })
}

/// Sets settings of an app.
#[utoipa::path(
    post, path = "/apps/{appId}/settings", tag = "management", operation_id = "map-settings",
    params(path::AppId),
    request_body = body::SettingsToSet,
    responses((status = 200, body = schema::Data<answer::management::Fates>))
)]
pub async fn set_settings(operator: Operator, Path(app_id): Path<String>, body: Body) -> Reply {
    let Some(settings_json) = body.object("settings")? else { return Err(ApiError::field("settings", "is required")) };
    let request = SetSettingsRequest { credential: operator.credential(), app_id, settings_json };
    let answer = operator.state.management().set_settings(request).await?.into_inner();
    data(fates(&answer.results, "The setting is set."))
}

/// Shows the settings of an app.
#[utoipa::path(
    get, path = "/apps/{appId}/settings", tag = "management", operation_id = "list-settings",
    params(path::AppId),
    responses((status = 200, body = schema::Data<answer::management::SettingsInForce>))
)]
pub async fn get_settings(operator: Operator, Path(app_id): Path<String>) -> Reply {
    let request = GetSettingsRequest { credential: operator.credential(), app_id };
    let answer = operator.state.management().get_settings(request).await?.into_inner();
    data(settings::show(&answer.settings_json))
}

/// Puts settings of an app back to their defaults.
///
/// The named ones; without any, all.
#[utoipa::path(
    delete, path = "/apps/{appId}/settings", tag = "management", operation_id = "unmap-settings",
    params(path::AppId),
    request_body = Option<body::SettingsToUnset>,
    responses((status = 200, body = schema::Data<schema::Done>))
)]
pub async fn unset_settings(operator: Operator, Path(app_id): Path<String>, body: Body) -> Reply {
    let keys = match body.0.get("settings") {
        Some(Value::Object(map)) => map.keys().cloned().collect(),
        _ => body.texts("settings")?.unwrap_or_default(),
    };
    let request = UnsetSettingsRequest { credential: operator.credential(), app_id, keys };
    operator.state.management().unset_settings(request).await?;
    done("The settings have their defaults.")
}

#[cfg(test)]
mod tests {
    use halley_contracts::auth::v1::Operator as Person;

    use super::*;
    use crate::openapi::tests::{check, check_whole};

    #[test]
    fn what_is_shown_is_as_it_is_described() {
        let owner = Some(Person { name: "O".into(), ..Default::default() });
        let managed = ManagedApp { app: Some(App::default()), owner, owner_number: 7, own_role: 1 };
        check_whole("App", &row(&managed));
        check("App", &row(&ManagedApp { owner: None, ..managed }));
        check_whole("Collaborator", &collaborator(&Collaborator::default()));
        check("FirstApiKey", &key_row(&ApiKey::default()));
        check("SettingsInForce", &settings::show("{}").into());
    }
}
