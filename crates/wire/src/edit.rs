//! Reading what a client wants changed in a message.

use halley_kit::PublicError;
use halley_model::{ErrorCode, field};
use serde_json::{Map, Value};

use crate::send::{self, Parsed, fault};

/// What can be changed; whatever else clients send along, as the message's own entities and attachments, stays.
const KEYS: [&str; 3] = ["text", "metadata", "customData"];

/// An edit of a message.
#[derive(Debug, PartialEq)]
pub struct Edit {
    /// JSON object of the keys to change; empty: none.
    pub data_json: String,
    /// The new tags, if they change.
    pub tags: Option<Vec<String>>,
}

/// Reads the body of `PUT /messages/{id}`. What fits which message is not known here.
pub fn parse_edit(body: &Map<String, Value>) -> Parsed<Edit> {
    let given = match body.get("data") {
        None | Some(Value::Null) => &Map::new(),
        Some(Value::Object(map)) => map,
        Some(_) => return fault(ErrorCode::InvalidMessageData, "data", "must be an object"),
    };
    let mut data = Map::new();
    for key in KEYS {
        // Clients repeat keys beside `data`, which wins.
        match given.get(key).or_else(|| body.get(key)) {
            None | Some(Value::Null) => {}
            Some(value) => {
                data.insert(key.to_owned(), value.clone());
            }
        }
    }
    // The caption of media is its text.
    if let (None, Some(caption)) = (data.get("text"), given.get("caption").or_else(|| body.get("caption")))
        && !caption.is_null()
    {
        data.insert("text".to_owned(), caption.clone());
    }
    let tags = match body.get("tags") {
        None | Some(Value::Null) => None,
        Some(_) => Some(send::tags(body)?),
    };
    if data.is_empty() && tags.is_none() {
        return fault(ErrorCode::InvalidMessageData, "data", "must name something to change");
    }
    let data_json = match data.is_empty() {
        true => String::new(),
        false => {
            let data = Value::Object(data);
            field::json("data", &data).map_err(PublicError::from)?;
            data.to_string()
        }
    };
    Ok(Edit { data_json, tags })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(body: Value) -> Parsed<Edit> {
        parse_edit(body.as_object().expect("object"))
    }

    #[test]
    fn what_can_change_is_taken_and_nothing_else() {
        let edit = read(json!({"data": {"text": "b", "entities": {}, "attachments": []}, "text": "a", "tags": []}));
        assert_eq!(edit.expect("valid"), Edit { data_json: r#"{"text":"b"}"#.into(), tags: Some(Vec::new()) });
        let caption = read(json!({"data": {"caption": "c"}})).expect("valid");
        assert_eq!(caption, Edit { data_json: r#"{"text":"c"}"#.into(), tags: None });
        let beside = read(json!({"metadata": {"k": 1}, "customData": null})).expect("valid");
        assert_eq!(beside, Edit { data_json: r#"{"metadata":{"k":1}}"#.into(), tags: None });
    }

    #[test]
    fn an_edit_of_nothing_is_refused() {
        for body in [json!({}), json!({"data": {"url": "x"}}), json!({"data": 5})] {
            assert_eq!(read(body).expect_err("refused").code, ErrorCode::InvalidMessageData);
        }
        assert_eq!(read(json!({"tags": "x"})).expect_err("refused").code, ErrorCode::BadRequest);
    }
}
