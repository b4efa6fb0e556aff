//! Who calls: the app by header or host, the credential, the user that an API key or an operator acts for.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, MatchedPath},
    http::{HeaderMap, Method, request::Parts},
};
use halley_contracts::{
    auth::v1::{OperatorCredential, authenticate_request::Credential, authenticate_response::Principal},
    common::v1::{ApiKeyPrincipal, ApiKeyScope, UserPrincipal},
    identity::v1::User,
};
use halley_edge::{Change, Role};
use halley_kit::{Caller, PublicError, time};
use halley_model::{Access, AppId, AppSettings, Area, ErrorCode, TeamRole, Uid, team};

use crate::{
    reply::ApiError,
    session_cookie,
    sessions::{Ended, Session},
    state::State,
};

/// What an auth key may call. Sources differ over creating and updating users; clients rely on both.
const AUTH_KEY_CALLS: [(Method, &str); 3] =
    [(Method::POST, "/users"), (Method::POST, "/users/{uid}/auth_tokens"), (Method::PUT, "/users/{uid}")];

/// A request's caller with the edge it came in by.
pub struct Context {
    pub state: Arc<State>,
    pub caller: Caller,
    /// The auth token itself, of a logged-in user.
    pub auth_token: Option<String>,
    pub device_id: String,
    /// The role of the acting user, if there is one.
    pub role: Option<Arc<Role>>,
    /// What the operator who calls is in the app; `None`: no operator calls.
    pub team_role: Option<TeamRole>,
}

impl std::ops::Deref for Context {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

impl Context {
    /// The app.
    pub fn app_id(&self) -> &str {
        self.caller.app_id()
    }

    /// Lets what was changed through this edge be in force with the next call here; other edges hear of it as a fact. Call it
    /// after the service has answered.
    pub fn changed(&self, change: Change) {
        self.state.forget_people(self.app_id(), change);
    }

    /// The same for sessions that were ended.
    pub fn ended(&self, ended: Ended) {
        self.state.end_sessions(self.app_id(), ended);
    }

    /// A request of this caller.
    pub fn request<T>(&self, message: T) -> tonic::Request<T> {
        self.caller.request(message)
    }

    /// A request of Halley itself in the caller's app, for what the caller needs no right to.
    pub fn system<T>(&self, message: T) -> tonic::Request<T> {
        Caller::system(self.app_id()).request(message)
    }

    /// The app's settings and limits.
    pub async fn settings(&self) -> Arc<AppSettings> {
        self.apps.settings(self.app_id()).await
    }

    /// Refuses operators whose role in the app forbids that.
    pub fn check_team(&self, area: Area, access: Access) -> Result<(), ApiError> {
        match self.team_role {
            Some(role) if !role.may(area, access) => Err(ApiError::code(ErrorCode::NoAccess)),
            _ => Ok(()),
        }
    }

    /// Refuses logged-in users: the call is the app's server side's.
    pub fn server_side(&self) -> Result<(), ApiError> {
        if self.caller.is_logged_in_user() { Err(ApiError::code(ErrorCode::NoAccess)) } else { Ok(()) }
    }
}

impl Context {
    /// Refuses an operator a call that its role forbids, whatever it is about.
    fn check_area(&self, parts: &Parts) -> Result<(), ApiError> {
        let path = without_version(parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str));
        let area = team::area(path).ok_or_else(|| ApiError::code(ErrorCode::NoAccess))?;
        self.check_team(area, Access::of_method(parts.method.as_str()))
    }
}

/// The session of an operator, where neither key nor token is given.
fn by_cookie(state: &State, parts: &Parts) -> Result<Credential, ApiError> {
    let token = session_cookie::token(parts).ok_or_else(|| ApiError::code(ErrorCode::EmptyApiKey))?;
    session_cookie::check(&state.config, parts, token)?;
    Ok(Credential::OperatorSession(token.to_owned()))
}

impl FromRequestParts<Arc<State>> for Context {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<State>) -> Result<Self, ApiError> {
        let app_id = app_id(parts)?;
        let key = header(&parts.headers, "apikey");
        let token = header(&parts.headers, "authtoken");
        let device_id: String = header(&parts.headers, "resource").unwrap_or_default().chars().take(200).collect();
        let credential = match (key, token) {
            (Some(key), _) => Credential::ApiKey(key.to_owned()),
            (None, Some(token)) => Credential::AuthToken(token.to_owned()),
            (None, None) if parts.headers.contains_key("authtoken") => {
                return Err(ApiError::code(ErrorCode::EmptyAuthToken));
            }
            (None, None) => by_cookie(state, parts)?,
        };
        let operator = match &credential {
            Credential::OperatorSession(token) => {
                Some(OperatorCredential { session_token: token.clone(), ..Default::default() })
            }
            _ => None,
        };
        let session = state.session(parts, app_id.as_str(), credential).await?;
        let app: Arc<str> = Arc::clone(&session.app_id);
        let mut team_role = None;
        let (caller, auth_token, user) = match session {
            Session { principal: Principal::ApiKey(key), .. } => {
                check_scope(&key, parts)?;
                let (caller, user) = for_key(state, &app, key, &parts.headers).await?;
                (caller, None, user)
            }
            Session { principal: Principal::Operator(operator), .. } => {
                if operator.expires_at_ms <= time::now_ms() {
                    return Err(ApiError::code(ErrorCode::SessionNotValid));
                }
                let known = TeamRole::of_number(operator.role);
                team_role = Some(known.ok_or_else(|| ApiError::code(ErrorCode::NoAccess))?);
                let (key_id, scope) = (operator.operator_id, ApiKeyScope::FullAccess.into());
                let key = ApiKeyPrincipal { key_id, scope, ..Default::default() };
                let (caller, user) = for_key(state, &app, key, &parts.headers).await?;
                (caller, None, user)
            }
            Session { principal: Principal::User(user), .. } => {
                let active = state.people.token_user(&app, &user.uid).await?;
                let user = UserPrincipal { device_id: device_id.clone(), ..user };
                (Caller::user(app.as_ref(), user), token.map(ToOwned::to_owned), Some(active))
            }
        };
        let role = match user {
            Some(user) => Some(state.people.role(&app, &user.role).await?),
            None => None,
        };
        state.admit(parts, &caller).await?;
        let context = Self { state: Arc::clone(state), caller, auth_token, device_id, role, team_role };
        if let Some(credential) = operator {
            state.begin_action(parts, credential, Some(app.as_ref())).await?;
            context.check_area(parts)?;
        }
        context.check_call(parts).await?;
        Ok(context)
    }
}

/// A header's text; blank is absent.
pub fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim).filter(|value| !value.is_empty())
}

/// By header, else by the host's first label: `{appId}.api-us.example.com`.
pub fn app_id(parts: &Parts) -> Result<AppId, ApiError> {
    if let Some(given) = header(&parts.headers, "appid") {
        return AppId::parse(given).map_err(|_| ApiError::code(ErrorCode::InvalidAppId));
    }
    let host = header(&parts.headers, "host").unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let is_address = host.parse::<std::net::IpAddr>().is_ok() || host.starts_with('[');
    match host.split_once('.') {
        Some((label, _)) if !is_address => AppId::parse(label).map_err(|_| ApiError::code(ErrorCode::InvalidAppId)),
        _ => Err(ApiError::code(ErrorCode::EmptyAppId)),
    }
}

fn check_scope(key: &ApiKeyPrincipal, parts: &Parts) -> Result<(), ApiError> {
    if key.scope() == ApiKeyScope::FullAccess {
        return Ok(());
    }
    let path = without_version(parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str));
    let allowed = AUTH_KEY_CALLS.iter().any(|(method, call)| parts.method == *method && path == *call);
    if allowed { Ok(()) } else { Err(ApiError::code(ErrorCode::NoAccess)) }
}

/// A route's path from behind the version.
pub fn without_version(path: &str) -> &str {
    path.strip_prefix("/v3.0").or_else(|| path.strip_prefix("/v3")).unwrap_or(path)
}

/// The caller of an API key, and the user it acts for.
async fn for_key(
    state: &State,
    app: &Arc<str>,
    mut key: ApiKeyPrincipal,
    headers: &HeaderMap,
) -> Result<(Caller, Option<Arc<User>>), ApiError> {
    let mut user = None;
    if let Some(given) = header(headers, "onbehalfof") {
        let unknown = || PublicError::field(ErrorCode::UidNotFound, "onBehalfOf", "There is no such active user.");
        let uid = Uid::parse(given).map_err(|_| unknown())?.into_string();
        user = Some(state.people.active_user(app, &uid).await?);
        key.on_behalf_of = uid;
    }
    Ok((Caller::api_key(app.as_ref(), key), user))
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn app(headers: &[(&str, &str)]) -> Result<String, ErrorCode> {
        let mut request = Request::builder().uri("/v3/users");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let parts = request.body(()).expect("request").into_parts().0;
        app_id(&parts).map(|app| app.as_str().to_owned()).map_err(|error| error.0.code)
    }

    #[test]
    fn the_app_is_named_by_header_or_by_the_first_label_of_the_host() {
        assert_eq!(app(&[("appId", "Shop"), ("host", "other.api-eu.example.com")]).as_deref(), Ok("shop"));
        assert_eq!(app(&[("host", "shop.api-eu.example.com:8443")]).as_deref(), Ok("shop"));
        assert_eq!(app(&[("appid", "no/app")]), Err(ErrorCode::InvalidAppId));
        for host in ["127.0.0.1:8080", "[::1]:8080", "localhost:8080", ""] {
            assert_eq!(app(&[("host", host)]), Err(ErrorCode::EmptyAppId), "{host}");
        }
    }
}
