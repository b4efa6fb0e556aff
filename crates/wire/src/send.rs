//! Reading a message that a client wants to send.

use halley_contracts::messaging::v1::{MessageCategory, ReceiverType, SendMessageRequest};
use halley_kit::PublicError;
use halley_model::{ErrorCode, FieldError, Guid, Uid, field, limits};
use serde_json::{Map, Value};

use crate::{interactive, message::parse_category};

const SENT: [MessageCategory; 4] =
    [MessageCategory::Message, MessageCategory::Custom, MessageCategory::Interactive, MessageCategory::Card];
const MEDIA_TYPES: [&str; 4] = ["image", "video", "audio", "file"];
const INTERACTIVE_TYPES: [&str; 4] = ["form", "card", "customInteractive", "scheduler"];
/// What clients repeat beside `data`; `data` wins.
const REPEATED: [&str; 12] = [
    "text",
    "metadata",
    "customData",
    "subType",
    "attachments",
    "caption",
    "url",
    "interactiveData",
    "interactionGoal",
    "allowSenderInteraction",
    "card",
    "fallbackText",
];
const ATTACHMENTS_MAX: usize = 10;

pub(crate) type Parsed<T> = Result<T, PublicError>;

pub(crate) fn fault<T>(code: ErrorCode, name: &str, problem: &str) -> Parsed<T> {
    Err(PublicError::field(code, name, format!("{name} {problem}")))
}

/// Reads the body of `POST /messages`. Neither sender nor device is in it: they are the caller's. A thread's path gives
/// its own parent afterwards.
pub fn parse_send(body: &Map<String, Value>) -> Parsed<SendMessageRequest> {
    let (receiver_type, receiver) = receiver(body)?;
    Ok(SendMessageRequest { receiver_type: receiver_type.into(), receiver, ..parse_content(body)? })
}

/// Reads all of the same body but its receiver.
pub fn parse_content(body: &Map<String, Value>) -> Parsed<SendMessageRequest> {
    let category = category(body)?;
    let kind = kind(body, category)?;
    let mut data = data(body)?;
    match category {
        MessageCategory::Message if kind == "text" => check_text(&data, true)?,
        MessageCategory::Message => check_media(&mut data)?,
        MessageCategory::Custom => check_custom(&data)?,
        MessageCategory::Card => check_card(&data)?,
        _ => interactive::check(&kind, &data)?,
    }
    if data.get("metadata").is_some_and(|metadata| !metadata.is_object()) {
        return fault(ErrorCode::InvalidMetadata, "metadata", "must be an object");
    }
    let data = Value::Object(data);
    field::json("data", &data)?;
    let data_json = data.to_string();
    if data_json.len() > limits::MESSAGE_DATA_MAX_BYTES {
        let problem = format!("must not be larger than {} bytes", limits::MESSAGE_DATA_MAX_BYTES);
        return fault(ErrorCode::InvalidMessageData, "data", &problem);
    }
    Ok(SendMessageRequest {
        category: category.into(),
        r#type: kind,
        data_json,
        muid: muid(body)?,
        tags: tags(body)?,
        parent_id: message_id(body, &["parentMessageId", "parentId"])?,
        quoted_message_id: message_id(body, &["quotedMessageId"])?,
        ..Default::default()
    })
}

fn receiver(body: &Map<String, Value>) -> Parsed<(ReceiverType, String)> {
    let receiver = match body.get("receiver") {
        None | Some(Value::Null) => return fault(ErrorCode::EmptyReceiver, "receiver", "is required"),
        Some(Value::String(text)) if text.trim().is_empty() => {
            return fault(ErrorCode::EmptyReceiver, "receiver", "is required");
        }
        Some(Value::String(text)) => text,
        Some(_) => return fault(ErrorCode::BadRequest, "receiver", "must be a string"),
    };
    match body.get("receiverType").and_then(Value::as_str) {
        // An id that can't be is nobody's.
        Some("user") => match Uid::parse(receiver) {
            Ok(uid) => Ok((ReceiverType::User, uid.into_string())),
            Err(_) => fault(ErrorCode::UidNotFound, "receiver", "is no user's uid"),
        },
        Some("group") => match Guid::parse(receiver) {
            Ok(guid) => Ok((ReceiverType::Group, guid.into_string())),
            Err(_) => fault(ErrorCode::GuidNotFound, "receiver", "is no group's guid"),
        },
        _ => fault(ErrorCode::InvalidReceiverType, "receiverType", "must be user or group"),
    }
}

fn category(body: &Map<String, Value>) -> Parsed<MessageCategory> {
    let word = match body.get("category") {
        None | Some(Value::Null) => return Ok(MessageCategory::Message),
        Some(Value::String(word)) if word.is_empty() => {
            return fault(ErrorCode::EmptyMessageCategory, "category", "is required");
        }
        Some(Value::String(word)) => word,
        Some(_) => return fault(ErrorCode::InvalidMessageCategory, "category", "must be a string"),
    };
    match parse_category(word).filter(|category| SENT.contains(category)) {
        Some(category) => Ok(category),
        None => fault(ErrorCode::InvalidMessageCategory, "category", "must be message, custom, interactive or card"),
    }
}

fn kind(body: &Map<String, Value>, category: MessageCategory) -> Parsed<String> {
    let given = match body.get("type") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if text.trim().is_empty() => {
            return fault(ErrorCode::EmptyMessageType, "type", "is required");
        }
        Some(Value::String(text)) => Some(text.clone()),
        Some(_) => return fault(ErrorCode::InvalidMessageType, "type", "must be a string"),
    };
    let allowed = |kind: &str| match category {
        MessageCategory::Message => kind == "text" || MEDIA_TYPES.contains(&kind),
        MessageCategory::Interactive => INTERACTIVE_TYPES.contains(&kind),
        _ => field::text("type", kind, limits::MESSAGE_TYPE_MAX).is_ok(),
    };
    match (given, category) {
        (Some(kind), _) if allowed(&kind) => Ok(kind),
        (Some(_), _) => fault(ErrorCode::InvalidMessageType, "type", "is none of the category's types"),
        (None, MessageCategory::Message) => Ok("text".to_owned()),
        (None, MessageCategory::Interactive | MessageCategory::Card) => Ok("card".to_owned()),
        (None, _) => fault(ErrorCode::EmptyMessageType, "type", "is required"),
    }
}

/// `data`, with what clients give beside it, without what only the server says.
fn data(body: &Map<String, Value>) -> Parsed<Map<String, Value>> {
    let mut data = match body.get("data") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(map)) => map.clone(),
        Some(_) => return fault(ErrorCode::InvalidMessageData, "data", "must be an object"),
    };
    for key in REPEATED {
        if !data.contains_key(key)
            && let Some(value) = body.get(key)
            && !value.is_null()
        {
            data.insert(key.to_owned(), value.clone());
        }
    }
    if let Some(caption) = data.remove("caption") {
        data.entry("text").or_insert(caption);
    }
    for key in ["entities", "resource", "reactions", "mentions", "moderation", "interactions", "action"] {
        data.remove(key);
    }
    data.retain(|_, value| !value.is_null());
    Ok(data)
}

fn check_text(data: &Map<String, Value>, required: bool) -> Parsed<()> {
    match data.get("text") {
        Some(Value::String(text)) if required && text.trim().is_empty() => {
            fault(ErrorCode::EmptyMessageText, "text", "is required")
        }
        Some(Value::String(_)) => Ok(()),
        Some(_) => fault(ErrorCode::InvalidMessageText, "text", "must be a string"),
        None if required => fault(ErrorCode::EmptyMessageText, "text", "is required"),
        None => Ok(()),
    }
}

fn check_media(data: &mut Map<String, Value>) -> Parsed<()> {
    check_text(data, false)?;
    let url = match data.get("url") {
        None => None,
        Some(Value::String(url)) => Some(url.clone()),
        Some(_) => return fault(ErrorCode::InvalidMediaMessage, "url", "must be a string"),
    };
    let attachments = match data.get("attachments") {
        None => Vec::new(),
        Some(Value::Array(list)) => list.clone(),
        Some(_) => return fault(ErrorCode::InvalidMediaMessage, "attachments", "must be a list"),
    };
    if attachments.is_empty() && url.as_deref().unwrap_or_default().is_empty() {
        return fault(ErrorCode::EmptyMessageFile, "attachments", "must have at least one entry");
    }
    if attachments.len() > ATTACHMENTS_MAX {
        return fault(ErrorCode::InvalidMediaMessage, "attachments", "has too many entries");
    }
    let invalid =
        |error: FieldError| PublicError::field(ErrorCode::InvalidMediaMessage, error.field.clone(), error.to_string());
    for attachment in &attachments {
        match attachment.get("url").and_then(Value::as_str) {
            Some(url) if !url.is_empty() => field::url("attachments.url", url).map_err(invalid)?,
            _ => return fault(ErrorCode::InvalidMediaMessage, "attachments.url", "is required"),
        }
    }
    if let Some(url) = &url {
        field::url("url", url).map_err(invalid)?;
    }
    Ok(())
}

fn check_custom(data: &Map<String, Value>) -> Parsed<()> {
    check_text(data, false)?;
    match data.get("customData") {
        None => fault(ErrorCode::EmptyCustomData, "customData", "is required"),
        Some(Value::Object(map)) if map.is_empty() => {
            fault(ErrorCode::EmptyCustomData, "customData", "must not be empty")
        }
        Some(Value::Object(_)) => Ok(()),
        Some(_) => fault(ErrorCode::InvalidCustomData, "customData", "must be an object"),
    }
}

fn check_card(data: &Map<String, Value>) -> Parsed<()> {
    check_text(data, false)?;
    if data.get("fallbackText").is_some_and(|text| !text.is_string()) {
        return fault(ErrorCode::InvalidMessageText, "fallbackText", "must be a string");
    }
    match data.get("card") {
        Some(Value::Object(card)) if !card.is_empty() => Ok(()),
        Some(Value::Object(_)) => fault(ErrorCode::InvalidMessageData, "card", "must not be empty"),
        Some(_) => fault(ErrorCode::InvalidMessageData, "card", "must be an object"),
        None => fault(ErrorCode::InvalidMessageData, "card", "is required"),
    }
}

fn muid(body: &Map<String, Value>) -> Parsed<String> {
    match body.get("muid") {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(muid)) => {
            field::text("muid", muid, limits::MUID_MAX)?;
            Ok(muid.clone())
        }
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(_) => fault(ErrorCode::BadRequest, "muid", "must be a string"),
    }
}

pub(crate) fn tags(body: &Map<String, Value>) -> Parsed<Vec<String>> {
    let list = match body.get("tags") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return fault(ErrorCode::BadRequest, "tags", "must be a list of strings"),
    };
    let tags: Option<Vec<String>> = list.iter().map(|tag| tag.as_str().map(ToOwned::to_owned)).collect();
    let Some(tags) = tags else { return fault(ErrorCode::BadRequest, "tags", "must be a list of strings") };
    field::tags("tags", &tags)?;
    Ok(tags)
}

/// An id given as number or decimal string; absent is 0.
fn message_id(body: &Map<String, Value>, names: &[&str]) -> Parsed<i64> {
    for name in names {
        let id = match body.get(*name) {
            None | Some(Value::Null) => continue,
            Some(Value::Number(number)) => number.as_i64(),
            Some(Value::String(text)) if text.is_empty() => continue,
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        return match id {
            Some(id) if id >= 0 => Ok(id),
            _ => fault(ErrorCode::BadRequest, name, "must be a message's id"),
        };
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn code(body: Value) -> Option<ErrorCode> {
        parse_send(body.as_object().expect("object")).err().map(|error| error.code)
    }

    #[test]
    fn a_plain_text_is_read() {
        let body = json!({"receiver": "Bob", "receiverType": "user", "data": {"text": "hi", "entities": {"fake": 1}}, "muid": "m"});
        let request = parse_send(body.as_object().expect("object")).expect("valid");
        assert_eq!((request.receiver.as_str(), request.r#type.as_str()), ("bob", "text"));
        assert_eq!(request.data_json, r#"{"text":"hi"}"#);
    }

    #[test]
    fn fields_beside_data_count_too() {
        let body = json!({"receiver": "g", "receiverType": "group", "category": "custom", "type": "place", "customData": {"lat": 1}, "parentMessageId": "7"});
        let request = parse_send(body.as_object().expect("object")).expect("valid");
        assert_eq!((request.data_json.as_str(), request.parent_id), (r#"{"customData":{"lat":1}}"#, 7));
    }

    #[test]
    fn a_card_is_an_object_of_the_apps_own() {
        let card = |data: Value| {
            let body = json!({"receiver": "b", "receiverType": "user", "category": "card", "data": data});
            parse_send(body.as_object().expect("object"))
        };
        let request = card(json!({"card": {"a": 1}, "text": "x", "fallbackText": "y"})).expect("valid");
        assert_eq!((request.category(), request.r#type.as_str()), (MessageCategory::Card, "card"));
        assert_eq!(request.data_json, r#"{"card":{"a":1},"fallbackText":"y","text":"x"}"#);
        let code = |data: Value| card(data).err().map(|error| error.code);
        for wrong in [json!({}), json!({"card": {}}), json!({"card": "x"}), json!({"card": [1]})] {
            assert_eq!(code(wrong.clone()), Some(ErrorCode::InvalidMessageData), "{wrong}");
        }
        for wrong in [json!({"card": {"a": 1}, "text": 5}), json!({"card": {"a": 1}, "fallbackText": 5})] {
            assert_eq!(code(wrong.clone()), Some(ErrorCode::InvalidMessageText), "{wrong}");
        }
    }

    #[test]
    fn each_fault_has_its_code() {
        let base = json!({"receiver": "b", "receiverType": "user", "category": "message", "type": "text", "data": {"text": "x"}});
        let with = |key: &str, value: Value| {
            let mut body = base.clone();
            body[key] = value;
            code(body)
        };
        assert_eq!(code(base.clone()), None);
        assert_eq!(with("receiver", json!("")), Some(ErrorCode::EmptyReceiver));
        assert_eq!(with("receiverType", json!("x")), Some(ErrorCode::InvalidReceiverType));
        assert_eq!(with("category", json!("")), Some(ErrorCode::EmptyMessageCategory));
        assert_eq!(with("category", json!("call")), Some(ErrorCode::InvalidMessageCategory));
        assert_eq!(with("type", json!("")), Some(ErrorCode::EmptyMessageType));
        assert_eq!(with("type", json!("poem")), Some(ErrorCode::InvalidMessageType));
        assert_eq!(with("data", json!([])), Some(ErrorCode::InvalidMessageData));
        assert_eq!(with("data", json!({})), Some(ErrorCode::EmptyMessageText));
        assert_eq!(with("data", json!({"text": []})), Some(ErrorCode::InvalidMessageText));
        assert_eq!(with("data", json!({"text": "x", "metadata": 5})), Some(ErrorCode::InvalidMetadata));
        assert_eq!(with("type", json!("image")), Some(ErrorCode::EmptyMessageFile));
        assert_eq!(with("tags", json!([1])), Some(ErrorCode::BadRequest));
        assert_eq!(with("data", json!({"text": "a\u{0}"})), Some(ErrorCode::BadRequest));
    }

    #[test]
    fn media_needs_a_web_address() {
        let media = |attachment: Value| {
            code(
                json!({"receiver": "b", "receiverType": "user", "category": "message", "type": "image", "data": {"attachments": [attachment]}}),
            )
        };
        assert_eq!(media(json!({"url": "https://x/1.png"})), None);
        assert_eq!(media(json!({"url": "javascript:alert(1)"})), Some(ErrorCode::InvalidMediaMessage));
        assert_eq!(media(json!("x")), Some(ErrorCode::InvalidMediaMessage));
    }
}
