use serde_json::Value;

/// The value as a text, also of a number; `None` if it is none or empty.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The value as an integer, also of its digits.
pub(crate) fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// The value as an integer that can't be negative: an id, a count, a place.
pub(crate) fn positive(value: &Value) -> Option<u64> {
    number(value).and_then(|number| u64::try_from(number).ok())
}

/// The value as a list of texts.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(text).collect()
}

/// The value as an object of the app's own.
pub(crate) fn object(value: &Value) -> Option<Value> {
    value.is_object().then(|| value.clone())
}
