//! Push tokens of devices: registered now, used by whoever sends notifications.

use axum::extract::Path;
use halley_contracts::auth::v1::{ListPushTokensRequest, PushToken, RegisterPushTokenRequest, RemovePushTokensRequest};
use halley_kit::time;
use halley_wire::schema;
use serde_json::{Value, json};

use crate::{
    caller::Context,
    input::{Body, Query},
    openapi::{answer, body, path, query},
    reply::{ApiError, Reply, data, done},
};

/// Registers a push token for a device.
#[utoipa::path(
    post, path = "/notifications/push/v1/tokens", tag = "notifications", operation_id = "notifications-push-register-token",
    request_body = body::NewPushToken,
    responses((status = 200, body = schema::Data<schema::Done>)),
    extensions(("x-errors" = json!(["ERR_AUTH_TOKEN_NOT_FOUND", "ERR_AUTHTOKEN_NOT_ACCESSIBLE"])))
)]
pub async fn register(context: Context, body: Body) -> Reply {
    let (push_token, is_voip) = value_of(&body)?;
    let platform = body.required("platform")?;
    let kind = if is_voip || platform.ends_with("_voip") { "voip" } else { "chat" };
    let token = PushToken {
        auth_token: auth_token(&context, &body)?,
        kind: kind.to_owned(),
        platform,
        provider_id: body.text("providerId")?.unwrap_or_default(),
        push_token,
        timezone: body.text("timezone")?.unwrap_or_default(),
        ..Default::default()
    };
    let request = RegisterPushTokenRequest { app_id: context.app_id().to_owned(), token: Some(token) };
    context.push_tokens().register_push_token(context.request(request)).await?;
    done("The push token is registered.")
}

/// The token by the name that its service has for it, and whether it is one for calls.
fn value_of(body: &Body) -> Result<(String, bool), ApiError> {
    let mut found = None;
    // All are read, so that a wrong one is told.
    for name in ["fcmToken", "deviceToken", "voipToken", "pushToken"] {
        let given = body.text(name)?.filter(|token| !token.trim().is_empty());
        found = found.or(given.map(|token| (token, name == "voipToken")));
    }
    found.ok_or_else(|| ApiError::field("fcmToken", "or deviceToken or voipToken is required"))
}

/// The body's, or else the one that a user came with.
fn auth_token(context: &Context, body: &Body) -> Result<String, ApiError> {
    match (body.text("authToken")?.filter(|token| !token.is_empty()), &context.auth_token) {
        (Some(token), _) => Ok(token),
        (None, Some(own)) => Ok(own.clone()),
        (None, None) => Err(ApiError::field("authToken", "is required")),
    }
}

/// Lists push tokens.
#[utoipa::path(
    get, path = "/notifications/push/v1/tokens", tag = "notifications", operation_id = "notifications-push-list-tokens",
    params(query::PushTokens),
    responses((status = 200, body = schema::Data<answer::PushTokens>)),
    extensions(("x-errors" = json!(["ERR_AUTH_TOKEN_NOT_FOUND", "ERR_AUTHTOKEN_NOT_ACCESSIBLE"])))
)]
pub async fn list(context: Context, query: Query) -> Reply {
    let auth_token = match (query.text("authToken"), &context.auth_token) {
        (Some(token), _) => token.to_owned(),
        (None, Some(own)) => own.clone(),
        (None, None) => return Err(ApiError::field("authToken", "is required")),
    };
    let app_id = context.app_id().to_owned();
    let request = ListPushTokensRequest { app_id, auth_token, all: query.flag("all")? };
    let answer = context.push_tokens().list_push_tokens(context.request(request)).await?;
    show(&answer.into_inner().tokens)
}

/// Removes the push tokens of a device, or of all devices of its user.
#[utoipa::path(
    delete, path = "/notifications/push/v1/tokens", tag = "notifications", operation_id = "notifications-push-unregister-tokens",
    params(query::AllPushTokens),
    request_body = Option<body::PushTokensOf>,
    responses((status = 200, body = schema::Data<answer::PushTokens>)),
    extensions(("x-errors" = json!(["ERR_AUTH_TOKEN_NOT_FOUND", "ERR_AUTHTOKEN_NOT_ACCESSIBLE"])))
)]
pub async fn unregister(context: Context, query: Query, body: Body) -> Reply {
    // Both are read, so that a wrong one is told.
    let given = [query.flag("all")?, body.flag("all")?];
    let all = given.contains(&true);
    remove(&context, &body, all, String::new()).await
}

/// Removes a push token.
#[utoipa::path(
    delete, path = "/notifications/push/v1/tokens/{pushToken}", tag = "notifications", operation_id = "notifications-push-delete-token",
    params(path::PushToken),
    request_body = Option<body::PushTokenOf>,
    responses((status = 200, body = schema::Data<answer::PushTokens>)),
    extensions(("x-errors" = json!([
        "ERR_AUTH_TOKEN_NOT_FOUND", "ERR_AUTHTOKEN_NOT_ACCESSIBLE", "ERR_TOKEN_NOT_FOUND",
    ])))
)]
pub async fn delete(context: Context, Path(push_token): Path<String>, body: Body) -> Reply {
    if push_token.contains('\0') {
        return Err(ApiError::field("pushToken", "must not contain the NUL character"));
    }
    remove(&context, &body, false, push_token).await
}

async fn remove(context: &Context, body: &Body, all: bool, push_token: String) -> Reply {
    let auth_token = auth_token(context, body)?;
    let request = RemovePushTokensRequest { app_id: context.app_id().to_owned(), auth_token, all, push_token };
    let answer = context.push_tokens().remove_push_tokens(context.request(request)).await?;
    show(&answer.into_inner().tokens)
}

fn show(tokens: &[PushToken]) -> Reply {
    data(json!({"pushTokens": tokens.iter().map(row).collect::<Vec<Value>>()}))
}

fn row(token: &PushToken) -> Value {
    json!({
        "authToken": token.auth_token,
        "pushTokenType": token.kind,
        "platform": token.platform,
        "providerId": token.provider_id,
        "pushToken": token.push_token,
        "uid": token.uid,
        "createdAt": iso(token.created_at_ms),
        "updatedAt": iso(token.updated_at_ms),
    })
}

/// Here documents show times as text.
fn iso(ms: i64) -> String {
    time::from_ms(ms).map(time::iso).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::tests::check_whole;

    #[test]
    fn what_is_shown_is_as_it_is_described() {
        check_whole("PushToken", &row(&PushToken { kind: "voip".into(), created_at_ms: 1, ..Default::default() }));
    }

    #[test]
    fn the_first_name_counts_and_a_wrong_one_is_told() {
        let read = |value: Value| value_of(&Body(value.as_object().expect("object").clone())).map_err(|e| e.0.field);
        assert_eq!(read(json!({"fcmToken": "a", "voipToken": "b"})), Ok(("a".to_owned(), false)));
        assert_eq!(read(json!({"fcmToken": " ", "voipToken": "b"})), Ok(("b".to_owned(), true)));
        assert_eq!(read(json!({"fcmToken": "a", "pushToken": 5})), Err(Some("pushToken".to_owned())));
        assert_eq!(read(json!({})), Err(Some("fcmToken".to_owned())));
    }
}
