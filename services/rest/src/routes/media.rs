//! Files: permission to upload one, the upload, the download.

use std::collections::BTreeMap;

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Path, Request, State as Shared},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{
            ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
            CONTENT_TYPE, ETAG, IF_NONE_MATCH, IF_RANGE, RANGE,
        },
        request::Parts,
    },
    response::{IntoResponse as _, Response},
};
use halley_contracts::{
    groups::v1::GetGroupRequest,
    messaging::v1::{MessageCategory, ReceiverType, SendMessageRequest},
};
use halley_model::{AppId, ErrorCode, Limit};
use object_store::{GetRange, GetResult};
use serde_json::{Map, Value, json};

use crate::{
    caller::Context,
    input::{self, Body as Fields},
    media::{self, FILES_MAX, MediaError, Name, Permission, Served, Wanted, served},
    openapi::{answer, body, path},
    reply::{ApiError, Reply, data},
    state::State,
};
use halley_wire::schema;

/// A name never gets another content.
const CACHING: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Whatever a browser takes a file for, it runs nothing of it and loads nothing for it.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");
/// Pages of other hosts show the files.
const FOR_PAGES: (HeaderName, HeaderValue) =
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));

/// Permits uploads: for each file the form to send it with.
#[utoipa::path(
    post, path = "/files/upload-url", tag = "files", operation_id = "create-upload-urls",
    request_body = body::FilesToUpload,
    responses((status = 200, body = schema::Data<BTreeMap<String, answer::UploadPermission>>)),
    extensions(("x-errors" = json!([
        "ERR_EMPTY_RECEIVER", "ERR_INVALID_RECEIVER_TYPE", "ERR_UID_NOT_FOUND", "ERR_GUID_NOT_FOUND",
        "ERR_GROUP_NOT_JOINED", "ERR_FILE_COUNT_EXCEEDED", "ERR_FILE_SIZE_EXCEEDED", "ERR_INVALID_MEDIA_MESSAGE",
        "ERR_PLAN_QUOTA_RESTRICTION",
    ])))
)]
pub async fn permit(context: Context, parts: Parts, body: Fields) -> Reply {
    let draft = draft(&context, &body).await?;
    let files = match body.0.get("files") {
        Some(Value::Object(files)) if !files.is_empty() => files,
        _ => return Err(ApiError::field("files", "must be an object of files by their ids")),
    };
    if files.len() > FILES_MAX {
        return Err(MediaError::TooManyFiles(FILES_MAX).into());
    }
    let settings = context.settings().await;
    let limit = settings.limit(Limit::FileBytes);
    let mut bytes: u64 = 0;
    let address = media::address(&context.config, &parts, context.app_id());
    let mut permissions = Map::new();
    for (id, file) in files {
        let wanted = wanted(id, file)?;
        bytes = bytes.saturating_add(wanted.size);
        let permission = context.media.permit(context.app_id(), &wanted, limit)?;
        let attachment = permission.file.to_json(&address);
        let message = SendMessageRequest {
            r#type: message_type(&attachment).to_owned(),
            data_json: json!({"attachments": [attachment]}).to_string(),
            ..draft.clone()
        };
        context.check_sending(&message).await?;
        permissions.insert(id.clone(), shown(&permission, attachment, &address));
    }
    context.media.count(context.uploader(&settings), bytes).await?;
    data(permissions)
}

/// The message that the files are for, as far as it is known: what the caller's role forbids, and who can't receive it, is
/// told before the upload. What else is against it is told when it is sent.
async fn draft(context: &Context, body: &Fields) -> Result<SendMessageRequest, ApiError> {
    let receiver = body.required("receiver").map_err(|_| ApiError::code(ErrorCode::EmptyReceiver))?;
    let (receiver_type, receiver) = match body.text("receiverType")?.as_deref() {
        Some("user") => {
            let uid = input::uid(&receiver)?;
            context.people.active_user(&Arc::from(context.app_id()), &uid).await?;
            (ReceiverType::User, uid)
        }
        Some("group") => {
            let guid = input::guid(&receiver)?;
            let request = GetGroupRequest { guid: guid.clone() };
            let answer = context.groups().get_group(context.request(request)).await?.into_inner();
            if context.caller.is_logged_in_user() && answer.own.is_none() {
                return Err(ApiError::code(ErrorCode::GroupNotJoined));
            }
            (ReceiverType::Group, guid)
        }
        _ => return Err(ApiError::code(ErrorCode::InvalidReceiverType)),
    };
    Ok(SendMessageRequest {
        receiver_type: receiver_type.into(),
        receiver,
        category: MessageCategory::Message.into(),
        parent_id: body.message_id("parentMessageId")?,
        ..SendMessageRequest::default()
    })
}

/// The type of message in which clients send such a file.
fn message_type(attachment: &Value) -> &'static str {
    let mime = attachment["mimeType"].as_str().unwrap_or_default();
    let types = ["image", "video", "audio"];
    types.into_iter().find(|kind| mime.split('/').next() == Some(*kind)).unwrap_or("file")
}

fn wanted<'a>(id: &str, file: &'a Value) -> Result<Wanted<'a>, ApiError> {
    let field = |name: &str, problem: &str| ApiError::field(&format!("files.{id}.{name}"), problem);
    let Some(file_name) = file["name"].as_str() else { return Err(field("name", "is required")) };
    let size = match &file["size"] {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let Some(size) = size.filter(|size| *size > 0) else { return Err(field("size", "must be a number of bytes")) };
    Ok(Wanted { file_name, mime: file["mimeType"].as_str().unwrap_or_default(), size })
}

fn shown(permission: &Permission, attachment: Value, address: &str) -> Value {
    let fields: Map<String, Value> =
        permission.fields.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
    json!({
        "request": {"url": address.trim_end_matches('/'), "method": "POST", "body": fields},
        "attachment": attachment,
        "expiresAt": permission.expires_at,
    })
}

/// Uploads a file.
///
/// The permission's fields come first, then the file. No credential comes along: the fields are one.
#[utoipa::path(
    post, path = "/media/{app}", tag = "files", operation_id = "upload-file",
    params(path::App),
    request_body(content = body::Upload, content_type = "multipart/form-data"),
    responses((status = 200, body = schema::Data<schema::Attachment>)),
    security(()),
    extensions(("x-errors" = json!([
        "ERR_UPLOAD_NOT_ALLOWED", "ERR_PRESIGNED_URL_EXPIRED", "ERR_MEDIA_NOT_FOUND", "ERR_FILE_SIZE_EXCEEDED",
        "ERR_INVALID_MEDIA_MESSAGE",
    ])))
)]
pub async fn upload(Shared(state): Shared<Arc<State>>, Path(app): Path<String>, request: Request) -> Reply {
    let app = app_id(&app)?;
    let (parts, body) = request.into_parts();
    let address = media::address(&state.config, &parts, app.as_str());
    let stored = state.media.accept(app.as_str(), Request::from_parts(parts, body)).await?;
    data(stored.to_json(&address))
}

/// Downloads a file.
#[utoipa::path(
    get, path = "/media/{app}/{name}", tag = "files", operation_id = "download-file",
    params(path::File),
    responses(
        (status = 200, description = "The file.", content_type = "*/*"),
        (status = 206, description = "The part of it that was asked for.", content_type = "*/*"),
        (status = 304, description = "The file that the caller has."),
        (status = 416, description = "The part is outside the file.", body = schema::ErrorAnswer)
    ),
    security(()),
    extensions(("x-errors" = json!(["ERR_MEDIA_NOT_FOUND"])))
)]
pub async fn download(
    Shared(state): Shared<Arc<State>>,
    Path((app, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Reply {
    let app = app_id(&app)?;
    let name = Name::parse(&name).ok_or(MediaError::NotFound)?;
    let tag = format!("\"{name}\"");
    if text(&headers, IF_NONE_MATCH).is_some_and(|known| known == "*" || known.contains(&tag)) {
        return Ok(with_headers(StatusCode::NOT_MODIFIED, &name, &tag, Body::empty()));
    }
    let range = wanted_range(&headers, &tag);
    let store = state.media.store();
    match store.get(app.as_str(), &name, range.clone()).await {
        Ok(found) => Ok(whole_or_part(found, range.is_some(), &name, &tag)),
        Err(error) => match (&error, range) {
            (MediaError::Store(_), Some(range)) => {
                let size = store.size(app.as_str(), &name).await?;
                if range.as_range(size).is_ok() { Err(error.into()) } else { Ok(out_of_range(size)) }
            }
            _ => Err(error.into()),
        },
    }
}

fn app_id(text: &str) -> Result<AppId, MediaError> {
    AppId::parse(text).map_err(|_| MediaError::NotFound)
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn whole_or_part(found: GetResult, is_part: bool, name: &Name, tag: &str) -> Response {
    let (range, size) = (found.range.clone(), found.meta.size);
    let status = if is_part { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let mut response = with_headers(status, name, tag, Body::from_stream(found.into_stream()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
    if is_part {
        set(headers, CONTENT_RANGE, &format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1)));
    }
    response
}

fn with_headers(status: StatusCode, name: &Name, tag: &str, body: Body) -> Response {
    let Served { content_type, inline } = served(name.extension());
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(CACHE_CONTROL, CACHING);
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(FOR_PAGES.0, FOR_PAGES.1);
    let how = if inline { "inline" } else { "attachment" };
    set(headers, CONTENT_DISPOSITION, &format!("{how}; filename=\"{name}\""));
    set(headers, ETAG, tag);
    response
}

fn out_of_range(size: u64) -> Response {
    let mut response = ApiError::field("Range", "is outside the file").into_response();
    *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
    set(response.headers_mut(), CONTENT_RANGE, &format!("bytes */{size}"));
    response
}

/// Sets a value of letters, digits and signs, as all of them here are.
fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    match HeaderValue::from_str(value) {
        Ok(value) => drop(headers.insert(name, value)),
        Err(error) => tracing::error!(%error, value, "a header can't be written"),
    }
}

/// The one range that is asked for. Several, and what can't be read, count as none: the whole file is an answer, too.
fn wanted_range(headers: &HeaderMap, tag: &str) -> Option<GetRange> {
    if text(headers, IF_RANGE).is_some_and(|known| known != tag) {
        return None;
    }
    let (first, last) = text(headers, RANGE)?.strip_prefix("bytes=")?.trim().split_once('-')?;
    match (first.trim(), last.trim()) {
        ("", last) => last.parse().ok().filter(|count| *count > 0).map(GetRange::Suffix),
        (first, "") => first.parse().ok().map(GetRange::Offset),
        (first, last) => {
            let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
            (first <= last).then(|| GetRange::Bounded(first..last.saturating_add(1)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(value: &str, if_range: Option<&str>) -> Option<GetRange> {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, value.parse().expect("a value"));
        if let Some(tag) = if_range {
            headers.insert(IF_RANGE, tag.parse().expect("a value"));
        }
        wanted_range(&headers, "\"tag\"")
    }

    #[test]
    fn one_range_is_read() {
        assert_eq!(range("bytes=0-9", None), Some(GetRange::Bounded(0..10)));
        assert_eq!(range("bytes=5-", Some("\"tag\"")), Some(GetRange::Offset(5)));
        assert_eq!(range("bytes=-7", None), Some(GetRange::Suffix(7)));
        assert_eq!(range(&format!("bytes=0-{}", u64::MAX), None), Some(GetRange::Bounded(0..u64::MAX)));
        for none in ["bytes=9-0", "bytes=-0", "bytes=-", "bytes=0-1,3-4", "items=0-1", "bytes=a-b", "bytes=+1-2x"] {
            assert_eq!(range(none, None), None, "{none}");
        }
        assert_eq!(range("bytes=0-9", Some("\"other\"")), None);
    }

    #[test]
    fn only_what_can_not_run_is_shown() {
        let disposition = |extension: &str| {
            let response = with_headers(StatusCode::OK, &Name::fresh(extension), "\"t\"", Body::empty());
            let headers = response.headers();
            assert_eq!(headers[CONTENT_SECURITY_POLICY], "default-src 'none'; sandbox");
            let kind = headers[CONTENT_TYPE].to_str().expect("text").to_owned();
            let how = headers[CONTENT_DISPOSITION].to_str().expect("text").split(';').next().map(ToOwned::to_owned);
            (kind, how.unwrap_or_default())
        };
        assert_eq!(disposition("png"), ("image/png".to_owned(), "inline".to_owned()));
        for other in ["html", "svg", "xml", "pdf", "js", "bin"] {
            assert_eq!(disposition(other), ("application/octet-stream".to_owned(), "attachment".to_owned()), "{other}");
        }
    }
}
