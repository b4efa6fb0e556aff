//! Answers: `{"data": …}`, `{"data": […], "meta": …}`, `{"error": …}`.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use halley_contracts::common::v1::{ItemResult, PageInfo, PageRequest};
use halley_kit::{PublicError, cursor::Cursor};
use halley_model::{ErrorCode, FieldError};
use halley_wire::error_envelope;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// What a handler answers.
pub type Reply = Result<Response, ApiError>;

/// An error on its way to the client.
#[derive(Debug)]
pub struct ApiError(pub PublicError);

impl ApiError {
    /// A code with its own meaning as text.
    pub fn code(code: ErrorCode) -> Self {
        Self(PublicError::new(code, code.meaning()))
    }

    /// A field that is wrong.
    pub fn field(name: &str, problem: &str) -> Self {
        FieldError::new(name, problem).into()
    }
}

impl<E: Into<PublicError>> From<E> for ApiError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.code.http()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = with_status(status, &error_envelope(&self.0));
        // For those around the handlers.
        response.extensions_mut().insert(self.0.code);
        response
    }
}

fn with_status(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            let mut response = Response::new(Body::from(bytes));
            *response.status_mut() = status;
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        Err(error) => {
            tracing::error!(%error, "an answer can't be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[derive(Serialize)]
struct Data<T> {
    data: T,
}

#[derive(Serialize)]
struct DataWithMeta<T> {
    data: T,
    meta: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<Value>,
}

/// What stands in no envelope, because clients read it so.
pub fn bare(body: &impl Serialize) -> Response {
    with_status(StatusCode::OK, body)
}

/// One entity.
pub fn data(data: impl Serialize) -> Reply {
    Ok(with_status(StatusCode::OK, &Data { data }))
}

/// A list with what tells of its page.
pub fn list(data: impl Serialize, meta: Value) -> Reply {
    Ok(with_status(StatusCode::OK, &DataWithMeta { data, meta, cursor: None }))
}

/// A numbered page.
pub fn page(rows: impl Serialize, page: Option<PageInfo>) -> Reply {
    list(rows, json!({"pagination": pagination(page.unwrap_or_default())}))
}

/// A numbered page of a list that is walked by cursors as well. `cursor` and `changed_at_ms` are of the last row.
///
/// Documents show the cursor beside `meta` of some lists and within that of others: it is in both places.
pub fn page_with_cursor(rows: impl Serialize, page: Option<PageInfo>, cursor: &str, changed_at_ms: i64) -> Reply {
    let mut meta = json!({"pagination": pagination(page.unwrap_or_default())});
    // A cursor that can't be read is none of ours to hand out.
    let cursor = Cursor::parse(cursor).ok().map(|place| {
        let affix = if place.descending() { "prepend" } else { "append" };
        json!({"updatedAt": changed_at_ms / 1000, "affix": affix, "cursor": cursor})
    });
    if let Some(cursor) = &cursor {
        meta["cursor"] = cursor.clone();
    }
    Ok(with_status(StatusCode::OK, &DataWithMeta { data: rows, meta, cursor }))
}

/// When an entity was last changed, or made.
pub fn changed_at(updated_at_ms: i64, created_at_ms: i64) -> i64 {
    if updated_at_ms == 0 { created_at_ms } else { updated_at_ms }
}

/// A numbered page of a list that has no rows.
pub fn empty_page(asked: PageRequest) -> Reply {
    let info = PageInfo { per_page: asked.per_page, current_page: asked.page, total_pages: 1, ..PageInfo::default() };
    page([(); 0], Some(info))
}

/// An answer that is no envelope.
pub fn object(body: &Value) -> Reply {
    Ok(with_status(StatusCode::OK, body))
}

/// Where a numbered page stands. Clients hang without every one of these keys.
pub fn pagination(page: PageInfo) -> Value {
    json!({
        "total": page.total,
        "count": page.count,
        "per_page": page.per_page,
        "current_page": page.current_page,
        "total_pages": page.total_pages,
    })
}

/// "Done."
pub fn done(message: &str) -> Reply {
    data(json!({"success": true, "message": message}))
}

/// What became of each item, by its id.
pub fn fates(results: &[ItemResult], done: &str) -> Map<String, Value> {
    let fate = |result: &ItemResult| match &result.error {
        None => json!({"success": true, "message": done}),
        Some(error) => failure(&error.code, &error.message),
    };
    results.iter().map(|result| (result.id.clone(), fate(result))).collect()
}

/// An item that failed alone.
pub fn failure(code: &str, message: &str) -> Value {
    json!({"success": false, "error": {"code": code, "message": message}})
}

/// An entity as a value, for answers that are put together.
pub fn value(entity: impl Serialize) -> Value {
    serde_json::to_value(entity).unwrap_or_else(|error| {
        tracing::error!(%error, "an entity can't be written");
        Value::Null
    })
}
