//! Reading bodies, queries and path segments; each fault names its field.

use std::collections::HashMap;

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::request::Parts,
};
use halley_contracts::common::v1::{PageRequest, TimeRange};
use halley_kit::{PublicError, cursor::Cursor};
use halley_model::{ErrorCode, FieldError, Guid, RoleId, Uid, field, limits};
use serde_json::{Map, Value};

use crate::reply::ApiError;

/// A JSON object; an empty body is an empty one, as clients send with DELETE.
pub struct Body(pub Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = match Bytes::from_request(request, state).await {
            Ok(bytes) => bytes,
            Err(rejection) if rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE => {
                return Err(ApiError::code(ErrorCode::PayloadTooLarge));
            }
            Err(rejection) => return Err(PublicError::new(ErrorCode::BadRequest, rejection.body_text()).into()),
        };
        if bytes.trim_ascii().is_empty() {
            return Ok(Self(Map::new()));
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(map)) => Ok(Self(map)),
            Ok(_) => Err(PublicError::new(ErrorCode::BadRequest, "The body must be a JSON object.").into()),
            Err(error) => Err(PublicError::new(ErrorCode::BadRequest, format!("The body is no JSON: {error}.")).into()),
        }
    }
}

fn absent(value: Option<&Value>) -> bool {
    matches!(value, None | Some(Value::Null))
}

impl Body {
    /// A text that may be absent.
    pub fn text(&self, name: &str) -> Result<Option<String>, ApiError> {
        match self.0.get(name) {
            value if absent(value) => Ok(None),
            Some(Value::String(text)) => {
                if text.contains('\0') {
                    return Err(ApiError::field(name, "must not contain the NUL character"));
                }
                Ok(Some(text.clone()))
            }
            _ => Err(ApiError::field(name, "must be a string")),
        }
    }

    /// A text that must be there and not be blank.
    pub fn required(&self, name: &str) -> Result<String, ApiError> {
        match self.text(name)? {
            Some(text) if !text.trim().is_empty() => Ok(text),
            _ => Err(ApiError::field(name, "is required")),
        }
    }

    /// A truth, also as 0 or 1; absent is false.
    pub fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.0.get(name) {
            value if absent(value) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::Number(number)) if number.as_i64() == Some(0) => Ok(false),
            Some(Value::Number(number)) if number.as_i64() == Some(1) => Ok(true),
            _ => Err(ApiError::field(name, "must be true or false")),
        }
    }

    /// A list of texts; absent is `None`.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<String>>, ApiError> {
        let list = match self.0.get(name) {
            value if absent(value) => return Ok(None),
            Some(Value::Array(list)) => list,
            _ => return Err(ApiError::field(name, "must be a list of strings")),
        };
        if list.len() > limits::BATCH_MAX {
            return Err(ApiError::field(name, "has too many entries"));
        }
        let mut texts = Vec::with_capacity(list.len());
        for value in list {
            match value {
                Value::String(text) if !text.contains('\0') => texts.push(text.clone()),
                _ => return Err(ApiError::field(name, "must be a list of strings")),
            }
        }
        Ok(Some(texts))
    }

    /// A list of texts that must be there and not be empty.
    pub fn some_texts(&self, name: &str) -> Result<Vec<String>, ApiError> {
        match self.texts(name)? {
            Some(texts) if !texts.is_empty() => Ok(texts),
            _ => Err(ApiError::field(name, "is required")),
        }
    }

    /// An object as JSON text, as services store it; absent is `None`.
    pub fn object(&self, name: &str) -> Result<Option<String>, ApiError> {
        match self.0.get(name) {
            value if absent(value) => Ok(None),
            Some(value @ Value::Object(_)) => {
                field::json(name, value)?;
                Ok(Some(value.to_string()))
            }
            // Some clients send an empty list for an empty object.
            Some(Value::Array(list)) if list.is_empty() => Ok(Some("{}".to_owned())),
            _ => Err(ApiError::field(name, "must be an object")),
        }
    }

    /// A message's id as number or decimal string; absent is 0.
    pub fn message_id(&self, name: &str) -> Result<i64, ApiError> {
        let id = match self.0.get(name) {
            value if absent(value) => return Ok(0),
            Some(Value::Number(number)) => number.as_i64(),
            Some(Value::String(text)) => text.parse().ok(),
            _ => None,
        };
        match id {
            Some(id) if id > 0 => Ok(id),
            _ => Err(ApiError::field(name, "must be a message's id")),
        }
    }

    /// Unix seconds as milliseconds; absent is 0.
    pub fn seconds(&self, name: &str) -> Result<i64, ApiError> {
        match self.0.get(name) {
            value if absent(value) => Ok(0),
            Some(value) => seconds(value).ok_or_else(|| ApiError::field(name, "must be Unix seconds")),
            None => Ok(0),
        }
    }
}

fn seconds(value: &Value) -> Option<i64> {
    let number = match value {
        Value::Number(number) => number.as_i64()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    seconds_to_ms(number)
}

/// Up to the year 9999.
fn seconds_to_ms(seconds: i64) -> Option<i64> {
    (0..=253_402_300_799).contains(&seconds).then(|| seconds * 1000)
}

/// A user's presence as a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Has an open socket.
    Available,
    /// Has none.
    Offline,
}

/// The query, with repeated names, `name[]` and comma lists read alike.
pub struct Query(HashMap<String, Vec<String>>);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let mut values: HashMap<String, Vec<String>> = HashMap::new();
        for (name, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
            if name.contains('\0') || value.contains('\0') {
                return Err(ApiError::field(&name.replace('\0', ""), "must not contain the NUL character"));
            }
            let name = name.strip_suffix("[]").unwrap_or(&name).to_owned();
            values.entry(name).or_default().push(value.into_owned());
        }
        Ok(Self(values))
    }
}

impl Query {
    /// The last value of a name; empty counts as absent.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(|values| values.last()).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// The first of several names that is there.
    pub fn any(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.text(name))
    }

    /// A truth: `1` or `true`.
    pub fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.text(name) {
            None | Some("0" | "false") => Ok(false),
            Some("1" | "true") => Ok(true),
            Some(_) => Err(ApiError::field(name, "must be true or false")),
        }
    }

    /// All values of a name.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let values = self.0.get(name).map(Vec::as_slice).unwrap_or_default();
        let parts = values.iter().flat_map(|value| value.split(','));
        parts.map(str::trim).filter(|part| !part.is_empty()).map(ToOwned::to_owned).take(limits::BATCH_MAX).collect()
    }

    /// A whole number.
    pub fn number(&self, name: &str) -> Result<Option<i64>, ApiError> {
        self.text(name)
            .map(|text| text.parse().map_err(|_| ApiError::field(name, "must be a whole number")))
            .transpose()
    }

    /// A place in a list; 0 is before the first: as good as none.
    pub fn cursor(&self, name: &str) -> Result<i64, ApiError> {
        match self.number(name)? {
            None => Ok(0),
            Some(number) if number >= 0 => Ok(number),
            Some(_) => Err(ApiError::field(name, "must not be negative")),
        }
    }

    /// A whole number of 32 bits.
    pub fn small(&self, name: &str) -> Result<Option<i32>, ApiError> {
        let number = self.number(name)?;
        number.map(|n| i32::try_from(n).map_err(|_| ApiError::field(name, "is out of range"))).transpose()
    }

    /// The numbered page that is asked for.
    pub fn page(&self) -> Result<PageRequest, ApiError> {
        let page = self.small("page")?.unwrap_or(1);
        let name = if self.text("per_page").is_some() { "per_page" } else { "perPage" };
        let per_page = self.small(name)?.unwrap_or(limits::PAGE_DEFAULT);
        // 0 means "default" between services, but a client that asks for it is wrong.
        if page < 1 {
            return Err(ApiError::field("page", "must be 1 or more"));
        }
        if !(1..=limits::PAGE_MAX).contains(&per_page) {
            return Err(ApiError::field("perPage", "must be 1 to 1000"));
        }
        Ok(PageRequest { page, per_page })
    }

    /// The place where a page of a numbered list begins in place of its number: the `cursor` of an answer, or a time of
    /// change. Empty: it begins by its number.
    pub fn list_cursor(&self) -> Result<String, ApiError> {
        if let Some(cursor) = self.text("cursor") {
            return Ok(cursor.to_owned());
        }
        let second = self.seconds("updatedAt")?;
        let descending = match self.text("affix") {
            None if second == 0 => return Ok(String::new()),
            // The ordinary way, in the order that is asked for.
            Some("append") if second == 0 && self.text("sortBy").is_some() => return Ok(String::new()),
            None | Some("append") => false,
            Some("prepend") => true,
            Some(_) => return Err(ApiError::field("affix", "must be append or prepend")),
        };
        let cursor = Cursor::of_change(second, descending);
        cursor.map(|cursor| cursor.write()).ok_or_else(|| ApiError::field("updatedAt", "is too late a time"))
    }

    /// `sortOrder`: whether it is descending.
    pub fn descending(&self) -> Result<bool, ApiError> {
        match self.text("sortOrder") {
            None | Some("asc") => Ok(false),
            Some("desc") => Ok(true),
            Some(_) => Err(ApiError::field("sortOrder", "must be asc or desc")),
        }
    }

    /// `status`; both of them together are none.
    pub fn status(&self) -> Result<Option<Status>, ApiError> {
        let mut wanted = None;
        for word in self.texts("status") {
            let status = match word.as_str() {
                "available" | "online" => Status::Available,
                "offline" => Status::Offline,
                _ => return Err(ApiError::field("status", "must be available or offline")),
            };
            if wanted.is_some_and(|other| other != status) {
                return Ok(None);
            }
            wanted = Some(status);
        }
        Ok(wanted)
    }

    /// How many rows of a cursor list, by the first of its names that is there. All are read, so that a wrong one is told.
    pub fn limit(&self) -> Result<i32, ApiError> {
        let mut found = None;
        for name in ["limit", "per_page", "perPage"] {
            let given = self.small(name)?;
            if given.is_some_and(|limit| !(1..=limits::PAGE_MAX).contains(&limit)) {
                return Err(ApiError::field(name, "must be 1 to 1000"));
            }
            found = found.or(given);
        }
        Ok(found.unwrap_or(limits::PAGE_DEFAULT))
    }

    /// Unix seconds as milliseconds; absent is 0.
    pub fn seconds(&self, name: &str) -> Result<i64, ApiError> {
        match self.number(name)? {
            None => Ok(0),
            Some(number) => seconds_to_ms(number).ok_or_else(|| ApiError::field(name, "must be Unix seconds")),
        }
    }

    /// `name[from]` and `name[to]`.
    pub fn range(&self, name: &str) -> Result<Option<TimeRange>, ApiError> {
        let (from, to) = (format!("{name}[from]"), format!("{name}[to]"));
        if self.text(&from).is_none() && self.text(&to).is_none() {
            return Ok(None);
        }
        let to_ms = self.seconds(&to)?;
        // A second lasts until its last millisecond.
        Ok(Some(TimeRange { from_ms: self.seconds(&from)?, to_ms: if to_ms == 0 { 0 } else { to_ms + 999 } }))
    }
}

/// A uid in a path; what can't be one is nobody's.
pub fn uid(segment: &str) -> Result<String, ApiError> {
    Uid::parse(segment).map(Uid::into_string).map_err(|_| ApiError::code(ErrorCode::UidNotFound))
}

/// A guid in a path; what can't be one is no group's.
pub fn guid(segment: &str) -> Result<String, ApiError> {
    Guid::parse(segment).map(Guid::into_string).map_err(|_| ApiError::code(ErrorCode::GuidNotFound))
}

/// A role id in a path; what can't be one is no role's.
pub fn role(segment: &str) -> Result<String, ApiError> {
    RoleId::parse(segment).map(RoleId::into_string).map_err(|_| ApiError::code(ErrorCode::RoleNotFound))
}

/// A message id in a path; what can't be one is no message's.
pub fn message_id(segment: &str) -> Result<i64, ApiError> {
    match segment.parse() {
        Ok(id) if id > 0 => Ok(id),
        _ => Err(ApiError::code(ErrorCode::MessageIdNotFound)),
    }
}

/// Reads a new id in a body, with the code for wrong characters that belongs to it.
pub fn new_id(body: &Body, name: &str, invalid: ErrorCode) -> Result<String, ApiError> {
    let given = body.required(name)?;
    let parsed = Uid::parse(&given).map(Uid::into_string);
    parsed
        .map_err(|error| PublicError::field(invalid, name, FieldError::new(name, error.to_string()).to_string()).into())
}
