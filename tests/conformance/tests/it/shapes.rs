//! What answers and frames must have for a client of this protocol not to hang or break. Each function names what is missing.

use serde_json::Value;

/// The path of what is missing or wrong.
pub type Shape = Result<(), String>;

/// What stands at a path with dots.
pub fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('.').filter(|key| !key.is_empty()).fold(value, |value, key| match value {
        Value::Array(_) => key.parse::<usize>().ok().and_then(|index| value.get(index)).unwrap_or(&Value::Null),
        _ => value.get(key).unwrap_or(&Value::Null),
    })
}

fn need(value: &Value, path: &str, what: &str, is: impl Fn(&Value) -> bool) -> Shape {
    let found = at(value, path);
    if is(found) { Ok(()) } else { Err(format!("{path} must be {what}, is {found}")) }
}

fn text(value: &Value, paths: &[&str]) -> Shape {
    paths.iter().try_for_each(|path| need(value, path, "a text", |found| found.as_str().is_some_and(|t| !t.is_empty())))
}

fn number(value: &Value, paths: &[&str]) -> Shape {
    paths.iter().try_for_each(|path| need(value, path, "a number", Value::is_number))
}

fn one_of(value: &Value, path: &str, words: &[&str]) -> Shape {
    need(value, path, &format!("one of {words:?}"), |found| found.as_str().is_some_and(|word| words.contains(&word)))
}

fn absent_or(value: &Value, path: &str, what: &str, is: impl Fn(&Value) -> bool) -> Shape {
    if at(value, path).is_null() { Ok(()) } else { need(value, path, what, is) }
}

fn within(path: &str, shape: Shape) -> Shape {
    shape.map_err(|fault| format!("{path}.{fault}"))
}

/// An id, text or number.
fn id(value: &Value, path: &str) -> Shape {
    need(value, path, "an id", |found| found.is_u64() || found.as_str().is_some_and(|text| !text.is_empty()))
}

pub fn object(value: &Value) -> Shape {
    need(value, "", "an object", Value::is_object)
}

pub fn user(value: &Value) -> Shape {
    text(value, &["uid", "name", "role"])?;
    one_of(value, "status", &["available", "offline"])
}

/// A group as one in it, or a stranger, gets it.
pub fn group(value: &Value) -> Shape {
    group_in_entity(value)?;
    if at(value, "hasJoined") == true { one_of(value, "scope", &["admin", "moderator", "participant"]) } else { Ok(()) }
}

/// A group as everybody gets it alike.
fn group_in_entity(value: &Value) -> Shape {
    text(value, &["guid", "name", "owner"])?;
    one_of(value, "type", &["public", "password", "private"])?;
    number(value, &["membersCount"])?;
    need(value, "hasJoined", "a boolean", Value::is_boolean)
}

fn entity(value: &Value, path: &str) -> Shape {
    one_of(value, &format!("{path}.entityType"), &["user", "group", "message", "call"])?;
    let inner = at(value, &format!("{path}.entity"));
    let shape = match at(value, &format!("{path}.entityType")).as_str() {
        Some("user") => user(inner),
        Some("group") => group_in_entity(inner),
        Some("message") => message(inner),
        _ => object(inner),
    };
    within(&format!("{path}.entity"), shape)
}

/// A message of any category.
pub fn message(value: &Value) -> Shape {
    id(value, "id")?;
    text(value, &["conversationId", "sender", "receiver", "type"])?;
    one_of(value, "receiverType", &["user", "group"])?;
    one_of(value, "category", &["message", "custom", "interactive", "card", "action", "call"])?;
    number(value, &["sentAt", "updatedAt"])?;
    need(value, "data", "an object", Value::is_object)?;
    parts(value)?;
    match at(value, "category").as_str() {
        Some("action") => {
            text(value, &["data.action"])?;
            ["by", "on", "for"].iter().try_for_each(|name| entity(value, &format!("data.entities.{name}")))
        }
        Some("call") => call(value),
        _ => {
            entity(value, "data.entities.sender")?;
            entity(value, "data.entities.receiver")?;
            let is_text = at(value, "type") == "text" && at(value, "deletedAt").is_null();
            if is_text { text(value, &["data.text"]) } else { Ok(()) }
        }
    }
}

/// What a message may have, and then has in one place only.
fn parts(value: &Value) -> Shape {
    for key in ["reactions", "mentions", "interactions"] {
        need(value, key, "in data", Value::is_null)?;
    }
    need(value, "data.tags", "on top", Value::is_null)?;
    absent_or(value, "tags", "a list", Value::is_array)?;
    absent_or(value, "data.mentions", "a map", Value::is_object)?;
    absent_or(value, "data.reactions", "a list", Value::is_array)?;
    absent_or(value, "data.interactions", "a list", Value::is_array)?;
    absent_or(value, "data.attachments", "a list", Value::is_array)?;
    for reaction in at(value, "data.reactions").as_array().into_iter().flatten() {
        within("data.reactions", text(reaction, &["reaction"]).and(number(reaction, &["count"])))?;
    }
    for file in at(value, "data.attachments").as_array().into_iter().flatten() {
        within("data.attachments", text(file, &["url", "name", "mimeType", "extension"]).and(number(file, &["size"])))?;
    }
    Ok(())
}

fn call(value: &Value) -> Shape {
    text(value, &["data.action"])?;
    ["by", "for", "on"].iter().try_for_each(|name| entity(value, &format!("data.entities.{name}")))?;
    let on = at(value, "data.entities.on.entity");
    let shape = text(on, &["sessionid", "type", "sender", "receiver", "receiverType", "conversationId"])
        .and(one_of(on, "status", &["initiated", "ongoing", "rejected", "busy", "cancelled", "unanswered", "ended"]))
        .and(number(on, &["initiatedAt"]))
        .and(entity(on, "data.entities.sender"))
        .and(entity(on, "data.entities.receiver"));
    within("data.entities.on.entity", shape)
}

/// An action message that does `action`.
pub fn action(value: &Value, action: &str) -> Shape {
    one_of(value, "category", &["action"])?;
    one_of(value, "data.action", &[action])?;
    message(value)
}

/// A conversation, which must be an object and not a list.
pub fn conversation(value: &Value) -> Shape {
    object(value)?;
    text(value, &["conversationId"])?;
    one_of(value, "conversationType", &["user", "group"])?;
    need(value, "unreadMessageCount", "a count", |found| {
        found.is_u64() || found.as_str().is_some_and(|text| text.parse::<u64>().is_ok())
    })?;
    let with = at(value, "conversationWith");
    let shape = if at(value, "conversationType") == "group" { group_in_entity(with) } else { user(with) };
    within("conversationWith", shape)?;
    // Without a last message the key is left out.
    match value.get("lastMessage") {
        None => Ok(()),
        Some(last) => within("lastMessage", message(last)),
    }
}

/// What became of each of several, by id.
pub fn fates(value: &Value) -> Shape {
    object(value)?;
    for (id, fate) in value.as_object().into_iter().flatten() {
        within(id, need(fate, "success", "a boolean", Value::is_boolean))?;
        if at(fate, "success") == false {
            within(id, text(fate, &["error.code", "error.message"]))?;
        }
    }
    Ok(())
}

/// The four lists of members, each with everybody's fate.
pub fn four_lists(value: &Value) -> Shape {
    ["admins", "moderators", "participants", "usersToBan"]
        .iter()
        .try_for_each(|key| within(key, need(value, key, "an object", Value::is_object).and(fates(at(value, key)))))
}

/// Every row of a list.
pub fn rows(value: &Value, each: impl Fn(&Value) -> Shape) -> Shape {
    need(value, "", "a list", Value::is_array)?;
    for (index, row) in value.as_array().into_iter().flatten().enumerate() {
        within(&index.to_string(), each(row))?;
    }
    Ok(())
}

/// What a login must answer.
pub fn login(value: &Value) -> Shape {
    user(value)?;
    text(value, &["authToken", "jwt"])?;
    absent_or(value, "settings", "an object", Value::is_object)
}

/// What clients can't do without.
pub fn settings(value: &Value) -> Shape {
    text(value, &["CHAT_HOST", "CLIENT_API_HOST", "ADMIN_API_HOST", "CHAT_API_VERSION"])?;
    need(value, "CHAT_WSS_PORT", "a text or number", |found| found.is_string() || found.is_u64())
}
