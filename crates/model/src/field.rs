//! Checks of single fields, each naming the field that is wrong.

use crate::limits;

/// A field of a request that can't be taken as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct FieldError {
    /// The field's public name, dotted for nested ones: `data.text`.
    pub field: String,
    /// What is wrong with it, for a person.
    pub problem: String,
}

impl FieldError {
    /// A fault of the named field.
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }
}

/// Checks a text: no NUL (Postgres can't store it), at most `max` UTF-16 units.
pub fn text(field: &str, value: &str, max: usize) -> Result<(), FieldError> {
    if value.contains('\0') {
        return Err(FieldError::new(field, "must not contain the NUL character"));
    }
    if value.encode_utf16().count() > max {
        return Err(FieldError::new(field, format!("must not be longer than {max} characters")));
    }
    Ok(())
}

/// Checks a text that must not be empty or blank.
pub fn required_text(field: &str, value: &str, max: usize) -> Result<(), FieldError> {
    if value.trim().is_empty() {
        return Err(FieldError::new(field, "is required"));
    }
    text(field, value, max)
}

/// Checks an absolute `http` or `https` URL; an empty one is absent.
pub fn url(field: &str, value: &str) -> Result<(), FieldError> {
    if value.is_empty() {
        return Ok(());
    }
    text(field, value, limits::URL_MAX)?;
    let lower = value.get(..8).unwrap_or(value).to_ascii_lowercase();
    let absolute = lower.starts_with("http://") || lower.starts_with("https://");
    if !absolute || value.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(FieldError::new(field, "must be an http or https URL"));
    }
    Ok(())
}

/// Checks how many entries a list has.
pub fn at_most<T>(field: &str, values: &[T], max: usize) -> Result<(), FieldError> {
    if values.len() > max {
        return Err(FieldError::new(field, format!("must not have more than {max} entries")));
    }
    Ok(())
}

/// Checks tags: at most 25, each 1 to 100 characters.
pub fn tags(field: &str, values: &[String]) -> Result<(), FieldError> {
    at_most(field, values, limits::TAGS_MAX)?;
    values.iter().try_for_each(|tag| required_text(field, tag, limits::TAG_MAX))
}

/// Checks the JSON text of an object: parses, holds no NUL, and is at most `max_bytes` long. Empty is absent.
pub fn json_object(field: &str, value: &str, max_bytes: usize) -> Result<(), FieldError> {
    if value.is_empty() {
        return Ok(());
    }
    if value.len() > max_bytes {
        return Err(FieldError::new(field, format!("must not be larger than {max_bytes} bytes")));
    }
    let parsed: serde_json::Value =
        serde_json::from_str(value).map_err(|_| FieldError::new(field, "must be a JSON object"))?;
    if !parsed.is_object() {
        return Err(FieldError::new(field, "must be a JSON object"));
    }
    json(field, &parsed)
}

/// Checks that a JSON value can be stored: no NUL in a key or string.
pub fn json(field: &str, value: &serde_json::Value) -> Result<(), FieldError> {
    use serde_json::Value;
    let fault = || FieldError::new(field, "must not contain the NUL character");
    match value {
        Value::String(s) if s.contains('\0') => Err(fault()),
        Value::Array(items) => items.iter().try_for_each(|item| json(field, item)),
        Value::Object(map) => {
            map.iter().try_for_each(|(key, item)| if key.contains('\0') { Err(fault()) } else { json(field, item) })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emoji_counts_two() {
        assert!(text("name", &"😀".repeat(50), 100).is_ok());
        assert!(text("name", &"😀".repeat(51), 100).is_err());
    }

    #[test]
    fn nul_is_refused_wherever_it_hides() {
        assert!(text("name", "a\0b", 100).is_err());
        assert!(json_object("metadata", r#"{"a":[{"b\u0000":1}]}"#, 1000).is_err());
    }

    #[test]
    fn only_web_addresses_are_urls() {
        assert!(url("avatar", "https://x/a.png").is_ok());
        assert!(url("avatar", "javascript:alert(1)").is_err());
        assert!(url("avatar", "é").is_err());
        assert!(url("avatar", "").is_ok());
    }
}
