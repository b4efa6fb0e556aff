//! The error envelope.

use halley_kit::PublicError;
use serde_json::{Value, json};

/// `{"error": {...}}`; a field at fault is named in `details`.
pub fn error_envelope(error: &PublicError) -> Value {
    let mut body = json!({
        "code": error.code.as_str(),
        "message": error.message,
        "devMessage": error.message,
        "source": "halley",
    });
    if let Some(field) = &error.field {
        body["details"] = json!({field: [error.message]});
    }
    json!({"error": body})
}
