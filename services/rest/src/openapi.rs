//! The API's description (OpenAPI 3.1), made from what stands at the handlers.
//!
//! To add a call:
//!
//! 1. Above the handler put `#[utoipa::path(METHOD, path = "/…", tag = "…", operation_id = "…", …)]`. The doc comment becomes
//!    the summary, its further paragraphs the description. `params(…)` takes the types of [`path`] and [`query`],
//!    `request_body` one of [`body`], and the answer is `responses((status = 200, body = Data<User>))` with the entities of
//!    [`halley_wire::schema`] or, where only one call answers so, of [`answer`].
//! 2. Name the codes of the catalogue that are the call's own: `extensions(("x-errors" = json!(["ERR_UID_NOT_FOUND"])))`.
//!    Those that every call can answer are added here.
//! 3. In `routes.rs` write `.routes(routes!(area::handler, area::other_method_of_the_same_path))` in place of `.route(…)`, in
//!    the group whose callers may call it ([`Callers`]).
//!
//! A path that is routed without a description fails a test here, and an answer of another shape fails the end-to-end tests.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    Router,
    http::{
        HeaderValue,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY},
    },
    middleware::map_response,
    response::Response,
    routing::get,
};
use bytes::Bytes;
use halley_model::ErrorCode;
use halley_wire::schema;
use serde_json::{Map, Value, json};
use utoipa::{
    OpenApi,
    openapi::{Paths, path::Operation, security::SecurityRequirement},
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::{Config, SwaggerUi};

// Nothing makes these types: they only tell of shapes.
#[allow(dead_code)]
pub mod answer;
#[allow(dead_code)]
pub mod body;
#[allow(dead_code)]
pub mod path;
#[allow(dead_code)]
pub mod query;

/// Where the description is.
const ADDRESS: &str = "/openapi.json";
/// Where the page to try it out is.
const PAGE: &str = "/docs";
/// The page runs its own scripts, talks to this host, and is shown in no other page. Its styles are partly inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the document says of itself, and the schemas that no handler names.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Halley REST API",
        version = "3.0",
        description = "In-app chat for your own app. Every call names its app by the header `appid`, or by the first label of \
            the host. Your server calls with an API key, and may act for a user with `onBehalfOf`; clients call with the auth \
            token of their user. Operators manage apps with a management key, also without the version in the path, or with the \
            session that they log in to; with `appid` a session also makes an app's calls, as far as the operator's role in the \
            app allows: moderators look after users, groups, roles, messages and reports, developers after keys, bots, \
            webhooks and features, and delete nothing of users; admins and owners do everything. Answers are `{\"data\": …}`, errors `{\"error\": …}`. Texts are counted in UTF-16 units. The \
            same calls are served under `/v3.0`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    servers((url = "/", description = "This server")),
    tags(
        (name = "api-keys", description = "API keys of the app"),
        (name = "users", description = "Users"),
        (name = "auth-tokens", description = "Auth tokens of users"),
        (name = "roles", description = "Roles of users"),
        (name = "restrict-features", description = "Features that a role may not use"),
        (name = "rbac", description = "Permissions of roles and of scopes in groups"),
        (name = "blocked-users", description = "Blocks between users"),
        (name = "friends", description = "Friends"),
        (name = "groups", description = "Groups"),
        (name = "group-members", description = "Members of groups"),
        (name = "banned-users", description = "Users who are banned from groups"),
        (name = "messages", description = "Messages, threads, reactions"),
        (name = "conversations", description = "Conversations and receipts"),
        (name = "data-import", description = "History from another place"),
        (name = "me", description = "The logged-in user"),
        (name = "files", description = "Files of messages"),
        (name = "bots", description = "Bots"),
        (name = "calls", description = "Calls, and the log of them"),
        (name = "moderation", description = "Reports of messages, and their reasons"),
        (name = "metrics", description = "How much the app is used"),
        (name = "notifications", description = "Push tokens of devices"),
        (name = "management", description = "Apps, their collaborators, settings and webhooks, for operators"),
        (name = "operators", description = "Operators, their sessions, and what they did")
    ),
    components(schemas(
        answer::management::Fates,
        answer::MembersAdded,
        answer::MessagePage,
        answer::SentToSeveral,
        answer::UnreadCounts,
        answer::UserCount,
        answer::UserPage,
        body::FileToUpload,
        body::PermissionValue,
        schema::Done,
        schema::Entity,
        schema::EntityOf,
        schema::EntityType,
        schema::Error,
        schema::ErrorAnswer,
        schema::Group,
        schema::Guid,
        schema::Message,
        schema::MessageData,
        schema::MessageEntities,
        schema::ToldCall,
        schema::Uid,
        schema::User
    ))
)]
struct Description;

/// Who may call a group of paths.
#[derive(Clone, Copy)]
pub enum Callers {
    /// The app's server side, with an API key.
    ServerSide,
    /// The same, and logged-in users.
    Anybody,
    /// Logged-in users only.
    Users,
    /// Operators, with a session or a management key. Where tenants are made, HTTP Basic also takes an address and a password.
    Operators,
    /// Operators, with a session.
    Sessions,
}

impl Callers {
    /// The schemes that go together, one list for each way to call.
    fn schemes(self) -> &'static [&'static [&'static str]] {
        const KEY: &[&str] = &["appId", "apiKey"];
        const KEY_FOR_USER: &[&str] = &["appId", "apiKey", "onBehalfOf"];
        const TOKEN: &[&str] = &["appId", "authToken"];
        const MANAGEMENT_KEY: &[&str] = &["managementKey", "managementSecret"];
        const BASIC: &[&str] = &["operator"];
        const SESSION: &[&str] = &["operatorSession", "csrfToken"];
        const SESSION_IN_APP: &[&str] = &["appId", "operatorSession", "csrfToken"];
        const SESSION_FOR_USER: &[&str] = &["appId", "operatorSession", "csrfToken", "onBehalfOf"];
        match self {
            Self::ServerSide => &[KEY, KEY_FOR_USER, SESSION_IN_APP, SESSION_FOR_USER],
            Self::Anybody => &[KEY, KEY_FOR_USER, TOKEN, SESSION_IN_APP, SESSION_FOR_USER],
            Self::Users => &[TOKEN],
            Self::Operators => &[MANAGEMENT_KEY, BASIC, SESSION],
            Self::Sessions => &[SESSION],
        }
    }
}

/// An empty router whose document describes the API.
pub fn described<S: Clone + Send + Sync + 'static>() -> OpenApiRouter<S> {
    OpenApiRouter::with_openapi(Description::openapi())
}

/// Writes down who may call the paths of a group; what a handler says of that itself stays.
pub fn called_by<S: Clone + Send + Sync + 'static>(callers: Callers, mut group: OpenApiRouter<S>) -> OpenApiRouter<S> {
    let all = |schemes: &[&str]| {
        schemes.iter().fold(SecurityRequirement::default(), |all, name| all.add::<_, [&str; 0], _>(*name, []))
    };
    for operation in operations(&mut group.get_openapi_mut().paths) {
        operation.security.get_or_insert_with(|| callers.schemes().iter().map(|schemes| all(schemes)).collect());
    }
    group
}

fn operations(paths: &mut Paths) -> impl Iterator<Item = &mut Operation> {
    paths.paths.values_mut().flat_map(|item| {
        [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch].into_iter().flatten()
    })
}

/// Serves the description and the page to try it out; both need no key.
pub fn pages<S: Clone + Send + Sync + 'static>(document: &Value) -> Router<S> {
    let bytes = Bytes::from(document.to_string());
    let show = async move || ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")], bytes);
    // Credentials that somebody types into the page stay out of its storage.
    let config = Config::from(ADDRESS).validator_url("none").persist_authorization(false).doc_expansion("none");
    let viewer: Router<S> = SwaggerUi::new(PAGE).config(config).into();
    Router::new().route(ADDRESS, get(show)).merge(viewer.layer(map_response(protected)))
}

async fn protected(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// Completes the document: credentials, what every call can answer, and which call leads to which.
pub fn complete(document: &utoipa::openapi::OpenApi) -> serde_json::Result<Value> {
    let mut document = serde_json::to_value(document)?;
    document["components"]["securitySchemes"] = security_schemes();
    document["components"]["headers"] = rate_headers();
    if let Some(paths) = document["paths"].as_object_mut() {
        for (path, methods) in paths.iter_mut().filter_map(|(path, item)| Some((path, item.as_object_mut()?))) {
            for operation in methods.values_mut() {
                add_errors(path, operation);
                refuse_null(operation);
                describe_success(operation);
                add_rates(operation);
            }
        }
        add_links(paths);
    }
    Ok(document)
}

fn security_schemes() -> Value {
    let header = |name: &str, text: &str| json!({"type": "apiKey", "in": "header", "name": name, "description": text});
    json!({
        "appId": header("appid", "The app's id. The first label of the host names it as well."),
        "apiKey": header("apikey", "An API key. Its scope decides what it may call."),
        "onBehalfOf": header("onBehalfOf", "The uid of the user for whom an API key acts."),
        "authToken": header("authtoken", "The auth token of a user."),
        "session": header("authorization", "The session that a login gives (`jwt`)."),
        "operatorSession": {"type": "apiKey", "in": "cookie", "name": "halley_session", "description":
            "The session of an operator."},
        "csrfToken": header("x-csrf-token", "The session's `csrfToken`. Calls that change nothing need none."),
        "managementKey": header("key", "A management key of an operator."),
        "managementSecret": header("secret", "The secret of the management key."),
        "operator": {"type": "http", "scheme": "basic", "description":
            "A management key and its secret; where tenants are made, also an operator's address and password."},
    })
}

/// What responses tell of rate limits, by the names in [`add_rates`].
fn rate_headers() -> Value {
    let header = |text: &str| json!({"description": text, "schema": {"type": "integer"}});
    json!({
        "RateLimit": header("Requests of a minute; there is no such header where nothing is limited."),
        "RateLimitRemaining": header("Requests that are left in this minute."),
        "RateLimitReset": header("Unix seconds when the minute ends."),
        "RetryAfter": header("Seconds until the minute ends."),
    })
}

/// Whether a call is made so.
fn is_called_with(operation: &Value, scheme: &str) -> bool {
    operation["security"].as_array().is_some_and(|ways| ways.iter().any(|way| way.get(scheme).is_some()))
}

/// Adds the headers of rate limits to what is counted: the calls of an app's keys and users.
fn add_rates(operation: &mut Value) {
    if !is_called_with(operation, "apiKey") && !is_called_with(operation, "authToken") {
        return;
    }
    let header = |name: &str| json!({"$ref": format!("#/components/headers/{name}")});
    let always = json!({"X-Rate-Limit": header("RateLimit"), "X-Rate-Limit-Remaining": header("RateLimitRemaining")});
    let mut refused = always.clone();
    refused["X-Rate-Limit-Reset"] = header("RateLimitReset");
    refused["Retry-After"] = header("RetryAfter");
    operation["responses"]["200"]["headers"] = always;
    operation["responses"]["429"]["headers"] = refused;
}

/// Codes that a call can answer beside its own.
fn common_errors(path: &str, operation: &Value) -> Vec<ErrorCode> {
    use ErrorCode as E;
    let mut codes = vec![E::BadRequest, E::TooManyRequests, E::Exception, E::Unavailable, E::Timeout];
    if operation["tags"][0] == "operators" || is_called_with(operation, "managementKey") {
        codes.extend([E::EmptyAuthHeader, E::InvalidCredentials, E::NoAccess, E::QuotaRestriction]);
        codes.extend([E::SessionNotValid, E::CrossSite]);
        if path.contains("{appId}") {
            codes.push(E::AppNotFound);
        }
    } else {
        codes.extend([E::EmptyAppId, E::InvalidAppId]);
        codes.extend(common_errors_of_apps(operation));
    }
    if operation.get("requestBody").is_some() {
        codes.push(E::PayloadTooLarge);
    }
    if path.contains('{') {
        codes.push(E::ApiNotFound);
    }
    codes
}

/// The same where the caller is an app's.
fn common_errors_of_apps(operation: &Value) -> Vec<ErrorCode> {
    use ErrorCode as E;
    let mut codes = Vec::new();
    if operation["security"].as_array().is_some_and(|ways| !ways.is_empty()) {
        codes.extend([E::EmptyApiKey, E::ApiKeyNotValid, E::EmptyAuthToken, E::AuthTokenNotValid]);
        codes.extend([E::NoAccess, E::PermissionDenied, E::UidNotFound]);
        codes.extend([E::SessionNotValid, E::CrossSite, E::AppNotFound]);
    }
    codes
}

/// Turns `x-errors` and the common codes into answers.
fn add_errors(path: &str, operation: &mut Value) {
    let own = operation.as_object_mut().and_then(|operation| operation.remove("x-errors")).unwrap_or_default();
    let own = own.as_array().into_iter().flatten().filter_map(|code| ErrorCode::parse(code.as_str()?));
    let mut by_status: BTreeMap<u16, BTreeSet<&str>> = BTreeMap::new();
    let common = common_errors(path, operation);
    for code in own.chain(common) {
        by_status.entry(code.http()).or_default().insert(code.as_str());
    }
    for (status, codes) in by_status {
        let lines: Vec<String> = codes
            .into_iter()
            .filter_map(|name| Some(format!("- `{name}`: {}", ErrorCode::parse(name)?.meaning())))
            .collect();
        operation["responses"][status.to_string()] = json!({
            "description": lines.join("\n"),
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}},
        });
    }
}

/// A body that may be absent may not be null.
fn refuse_null(operation: &mut Value) {
    let contents = operation.pointer_mut("/requestBody/content").and_then(Value::as_object_mut);
    for content in contents.into_iter().flat_map(Map::values_mut) {
        let kinds = content["schema"]["oneOf"].as_array().cloned().unwrap_or_default();
        let (nulls, mut others): (Vec<_>, Vec<_>) = kinds.into_iter().partition(|kind| kind["type"] == "null");
        if !nulls.is_empty() && others.len() == 1 {
            content["schema"] = others.remove(0);
        }
    }
}

/// A description is required, and the summary says it already.
fn describe_success(operation: &mut Value) {
    let answer = &mut operation["responses"]["200"];
    if answer["description"].as_str().is_none_or(str::is_empty) {
        answer["description"] = json!("Done.");
    }
}

/// Calls that make something: where its id stands in the answer, and which parameter of further calls it is.
const LINKS: &[(&str, &str, &str, &[&str])] = &[
    ("create-apikey", "/data/apiKey", "apiKey", &["get-apikey", "update-apikey", "delete-apikey"]),
    (
        "create-user",
        "/data/uid",
        "uid",
        &["get-user", "update-user", "delete-user", "create-authtoken", "list-authtokens", "block-users", "add-friend"],
    ),
    (
        "create-role",
        "/data/role",
        "role",
        &["get-role", "update-role", "delete-role", "list-role-permissions", "set-role-permissions"],
    ),
    (
        "create-group",
        "/data/guid",
        "guid",
        &["get-group", "update-group", "delete-group", "list-group-members", "add-group-members"],
    ),
    (
        "send-message",
        "/data/id",
        "id",
        &[
            "get-message-details",
            "update-message",
            "delete-message",
            "pin-message",
            "save-message",
            "send-thread-message",
            "subscribe-thread",
            "flag-a-message",
            "mark-message-as-interacted",
        ],
    ),
    ("create-bot", "/data/uid", "uid", &["delete-bot", "send-bot-message"]),
    (
        "initiate-call",
        "/data/data/entities/on/entity/sessionid",
        "sessionId",
        &["retrieve-call-details", "update-call", "retrieve-call-transcriptions"],
    ),
    ("create-reason", "/data/id", "id", &["get-reason-details", "update-reason-details", "delete-reason"]),
    (
        "create-app",
        "/data/appId",
        "appId",
        &[
            "get-app",
            "fetch-multi-tenant-usage",
            "list-collaborators",
            "map-settings",
            "list-settings",
            "create-webhook",
        ],
    ),
    (
        "create-webhook",
        "/data/id",
        "webhookId",
        &["get-webhook", "update-webhook", "delete-webhook", "add-triggers", "list-triggers"],
    ),
];

fn add_links(paths: &mut Map<String, Value>) {
    let items = paths.iter_mut().filter_map(|(path, item)| Some((path, item.as_object_mut()?)));
    for (path, operation) in items.flat_map(|(path, item)| item.values_mut().map(move |operation| (path, operation))) {
        let id = operation["operationId"].as_str().unwrap_or_default();
        let Some((_, pointer, parameter, targets)) = LINKS.iter().find(|(from, ..)| *from == id) else { continue };
        let links: Map<String, Value> = targets
            .iter()
            .map(|target| {
                let mut parameters = json!({*parameter: format!("$response.body#{pointer}")});
                // What the call was about, the further one is about as well.
                for name in path.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
                    parameters[name] = json!(format!("$request.path.{name}"));
                }
                ((*target).to_owned(), json!({"operationId": target, "parameters": parameters}))
            })
            .collect();
        operation["responses"]["200"]["links"] = Value::Object(links);
    }
}

#[cfg(test)]
pub mod tests;
