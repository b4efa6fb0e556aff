//! API keys.

use axum::extract::Path;
use halley_contracts::{
    auth::v1::{
        ApiKey, CreateApiKeyRequest, DeleteApiKeyRequest, GetApiKeyRequest, ListApiKeysRequest, UpdateApiKeyRequest,
        authenticate_request::Credential,
    },
    common::v1::ApiKeyScope,
};
use halley_wire::{ApiKeyJson, schema};

use crate::{
    caller::Context,
    input::{Body, Query},
    openapi::{body, path, query},
    reply::{ApiError, Reply, data, done, page},
    sessions::Ended,
};

/// Makes an API key.
#[utoipa::path(
    post, path = "/apikeys", tag = "api-keys", operation_id = "create-apikey",
    request_body = body::NewApiKey,
    responses((status = 200, body = schema::Data<schema::ApiKey>)),
    extensions(("x-errors" = json!(["ERR_PLAN_QUOTA_RESTRICTION"])))
)]
pub async fn create(context: Context, body: Body) -> Reply {
    context.server_side()?;
    let request = CreateApiKeyRequest {
        app_id: context.app_id().to_owned(),
        name: body.required("name")?,
        scope: scope(body.text("scope")?.as_deref())?.unwrap_or(ApiKeyScope::AuthOnly).into(),
    };
    let answer = context.auth().create_api_key(context.request(request)).await?;
    show(answer.into_inner().api_key)
}

/// Lists API keys.
#[utoipa::path(
    get, path = "/apikeys", tag = "api-keys", operation_id = "list-apikeys",
    params(query::ApiKeys, query::Search, query::Page),
    responses((status = 200, body = schema::Page<schema::ApiKey>))
)]
pub async fn list(context: Context, query: Query) -> Reply {
    context.server_side()?;
    let request = ListApiKeysRequest {
        app_id: context.app_id().to_owned(),
        scope: scope(query.text("scope"))?.unwrap_or_default().into(),
        search_key: query.text("searchKey").unwrap_or_default().to_owned(),
        page: Some(query.page()?),
    };
    let answer = context.auth().list_api_keys(context.request(request)).await?.into_inner();
    let rows: Vec<_> = answer.api_keys.iter().map(ApiKeyJson).collect();
    page(rows, answer.page)
}

/// Shows an API key.
#[utoipa::path(
    get, path = "/apikeys/{apiKey}", tag = "api-keys", operation_id = "get-apikey",
    params(path::ApiKey),
    responses((status = 200, body = schema::Data<schema::ApiKey>)),
    extensions(("x-errors" = json!(["ERR_APIKEY_NOT_FOUND"])))
)]
pub async fn get(context: Context, Path(api_key): Path<String>) -> Reply {
    context.server_side()?;
    let request = GetApiKeyRequest { app_id: context.app_id().to_owned(), api_key };
    let answer = context.auth().get_api_key(context.request(request)).await?;
    show(answer.into_inner().api_key)
}

/// Renames an API key, or changes its scope.
#[utoipa::path(
    put, path = "/apikeys/{apiKey}", tag = "api-keys", operation_id = "update-apikey",
    params(path::ApiKey),
    request_body = Option<body::ApiKeyChanges>,
    responses((status = 200, body = schema::Data<schema::ApiKey>)),
    extensions(("x-errors" = json!(["ERR_APIKEY_NOT_FOUND", "ERR_APIKEY_NO_SELF_ACTION"])))
)]
pub async fn update(context: Context, Path(api_key): Path<String>, body: Body) -> Reply {
    context.server_side()?;
    let request = UpdateApiKeyRequest {
        app_id: context.app_id().to_owned(),
        api_key: api_key.clone(),
        name: body.text("name")?,
        scope: scope(body.text("scope")?.as_deref())?.unwrap_or_default().into(),
    };
    let answer = context.auth().update_api_key(context.request(request)).await?;
    context.ended(Ended::Credential(Credential::ApiKey(api_key)));
    show(answer.into_inner().api_key)
}

/// Ends an API key.
#[utoipa::path(
    delete, path = "/apikeys/{apiKey}", tag = "api-keys", operation_id = "delete-apikey",
    params(path::ApiKey),
    responses((status = 200, body = schema::Data<schema::Done>)),
    extensions(("x-errors" = json!(["ERR_APIKEY_NOT_FOUND", "ERR_APIKEY_NO_SELF_ACTION"])))
)]
pub async fn delete(context: Context, Path(api_key): Path<String>) -> Reply {
    context.server_side()?;
    let request = DeleteApiKeyRequest { app_id: context.app_id().to_owned(), api_key: api_key.clone() };
    context.auth().delete_api_key(context.request(request)).await?;
    context.ended(Ended::Credential(Credential::ApiKey(api_key)));
    done("The API key is deleted.")
}

fn show(key: Option<ApiKey>) -> Reply {
    data(ApiKeyJson(&key.unwrap_or_default()))
}

fn scope(word: Option<&str>) -> Result<Option<ApiKeyScope>, ApiError> {
    match word {
        None => Ok(None),
        Some("authOnly") => Ok(Some(ApiKeyScope::AuthOnly)),
        Some("fullAccess") => Ok(Some(ApiKeyScope::FullAccess)),
        Some(_) => Err(ApiError::field("scope", "must be authOnly or fullAccess")),
    }
}
