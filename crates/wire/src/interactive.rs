//! Checking what an interactive message holds.
//!
//! What clients show and act on must be whole: elements with their kinds and ids, buttons with their actions. What else a
//! message carries is kept as it is.

use std::collections::HashSet;

use halley_model::{ErrorCode, field, limits};
use serde_json::{Map, Value};

use crate::send::{Parsed, fault};

const GOALS: [&str; 5] = ["anyAction", "anyOf", "allOf", "oneOf", "none"];
/// Goals that mean certain elements.
const GOALS_OF_ELEMENTS: [&str; 3] = ["anyOf", "allOf", "oneOf"];
const ELEMENT_TYPES: [&str; 8] =
    ["textInput", "dropdown", "checkbox", "singleSelect", "radio", "button", "label", "dateTime"];
/// Elements that let people choose.
const CHOICES: [&str; 4] = ["dropdown", "checkbox", "singleSelect", "radio"];
const ACTION_TYPES: [&str; 4] = ["urlNavigation", "apiAction", "deepLinking", "customAction"];
const WEEKDAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

type Object = Map<String, Value>;

/// Checks the data of an interactive message of that type.
pub(crate) fn check(kind: &str, data: &Object) -> Parsed<()> {
    let content = match data.get("interactiveData") {
        Some(Value::Object(map)) => map,
        _ => return wrong("interactiveData", "must be an object"),
    };
    if data.get("allowSenderInteraction").is_some_and(|allow| !allow.is_boolean()) {
        return wrong("allowSenderInteraction", "must be true or false");
    }
    if let Some(goal) = data.get("interactionGoal") {
        check_goal(goal)?;
    }
    let mut elements = Elements::default();
    match kind {
        "form" => check_form(content, &mut elements),
        "card" => check_card(content, &mut elements),
        "scheduler" => check_scheduler(content, &mut elements),
        // The app's own.
        _ => Ok(()),
    }
}

fn wrong<T>(name: &str, problem: &str) -> Parsed<T> {
    fault(ErrorCode::InvalidMessageData, name, problem)
}

fn check_goal(goal: &Value) -> Parsed<()> {
    let Some(goal) = goal.as_object() else { return wrong("interactionGoal", "must be an object") };
    let kind = match goal.get("type").and_then(Value::as_str) {
        Some(kind) if GOALS.contains(&kind) => kind,
        _ => return wrong("interactionGoal.type", "must be anyAction, anyOf, allOf, oneOf or none"),
    };
    let ids = match goal.get("elementIds") {
        None | Some(Value::Null) => &[],
        Some(Value::Array(list)) => list.as_slice(),
        Some(_) => return wrong("interactionGoal.elementIds", "must be a list of strings"),
    };
    if !ids.iter().all(|id| id.as_str().is_some_and(is_id)) {
        return wrong("interactionGoal.elementIds", "must be a list of ids of elements");
    }
    match GOALS_OF_ELEMENTS.contains(&kind) && ids.is_empty() {
        true => wrong("interactionGoal.elementIds", "must name an element for such a goal"),
        false => Ok(()),
    }
}

fn is_id(id: &str) -> bool {
    field::required_text("elementId", id, limits::ELEMENT_ID_MAX).is_ok()
}

fn check_form(content: &Object, elements: &mut Elements) -> Parsed<()> {
    required_text(content, "title")?;
    elements.list(content, "formFields")?;
    elements.button(content, "submitElement", true)
}

fn check_card(content: &Object, elements: &mut Elements) -> Parsed<()> {
    required_text(content, "text")?;
    optional_text(content, "imageUrl")?;
    elements.list(content, "cardActions")?;
    elements.button(content, "submitElement", false)
}

fn check_scheduler(content: &Object, elements: &mut Elements) -> Parsed<()> {
    required_text(content, "title")?;
    required_text(content, "timezoneCode")?;
    for name in ["avatarUrl", "icsFileUrl", "goalCompletionText"] {
        optional_text(content, name)?;
    }
    if content.get("duration").and_then(Value::as_u64).is_none_or(|minutes| minutes == 0) {
        return wrong("interactiveData.duration", "must be a whole number of minutes above 0");
    }
    if content.get("bufferTime").is_some_and(|buffer| !buffer.is_null() && buffer.as_u64().is_none()) {
        return wrong("interactiveData.bufferTime", "must be a whole number of minutes");
    }
    for name in ["dateRangeStart", "dateRangeEnd"] {
        match content.get(name) {
            None | Some(Value::Null) => {}
            Some(Value::String(date)) if is_date(date) => {}
            Some(_) => return wrong(&format!("interactiveData.{name}"), "must be a date: YYYY-MM-DD"),
        }
    }
    check_availability(content.get("availability"))?;
    elements.button(content, "scheduleElement", true)
}

fn check_availability(availability: Option<&Value>) -> Parsed<()> {
    const NAME: &str = "interactiveData.availability";
    let Some(Value::Object(days)) = availability else { return wrong(NAME, "must be an object of weekdays") };
    for (day, spans) in days {
        if !WEEKDAYS.contains(&day.to_ascii_lowercase().as_str()) {
            return wrong(NAME, "must hold weekdays only");
        }
        let spans = spans.as_array().map(Vec::as_slice).unwrap_or_default();
        let is_clock = |span: &Value, name| span.get(name).and_then(Value::as_str).is_some_and(is_clock);
        if spans.is_empty() || !spans.iter().all(|span| is_clock(span, "from") && is_clock(span, "to")) {
            return wrong(NAME, "must hold for each day a list of from and to: HHMM");
        }
    }
    Ok(())
}

/// `HHMM`.
fn is_clock(text: &str) -> bool {
    let is_digits = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits && text < "2400" && text[2..] < *"60"
}

/// `YYYY-MM-DD`, roughly: whether a month has the day is the client's to see.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let number = |text: &str, length: usize| {
        let is_digits = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_digits { text.parse::<u32>().ok() } else { None }
    };
    number(year, 4).is_some()
        && number(month, 2).is_some_and(|month| (1..=12).contains(&month))
        && number(day, 2).is_some_and(|day| (1..=31).contains(&day))
}

fn required_text(content: &Object, name: &str) -> Parsed<()> {
    match content.get(name).and_then(Value::as_str) {
        Some(text) if !text.trim().is_empty() => Ok(()),
        _ => wrong(&format!("interactiveData.{name}"), "must be a text"),
    }
}

fn optional_text(content: &Object, name: &str) -> Parsed<()> {
    match content.get(name) {
        None | Some(Value::Null | Value::String(_)) => Ok(()),
        Some(_) => wrong(&format!("interactiveData.{name}"), "must be a string"),
    }
}

/// The elements of one message: no two have the same id.
#[derive(Default)]
struct Elements {
    ids: HashSet<String>,
}

impl Elements {
    fn list(&mut self, content: &Object, name: &str) -> Parsed<()> {
        let path = format!("interactiveData.{name}");
        let Some(Value::Array(list)) = content.get(name) else { return wrong(&path, "must be a list of elements") };
        list.iter().try_for_each(|element| self.element(&path, element).map(drop))
    }

    fn button(&mut self, content: &Object, name: &str, required: bool) -> Parsed<()> {
        let path = format!("interactiveData.{name}");
        match content.get(name) {
            None | Some(Value::Null) if !required => Ok(()),
            Some(element @ Value::Object(_)) => match self.element(&path, element)? {
                "button" => Ok(()),
                _ => wrong(&path, "must be a button"),
            },
            _ => wrong(&path, "must be a button"),
        }
    }

    /// Answers the element's kind.
    fn element<'e>(&mut self, path: &str, element: &'e Value) -> Parsed<&'e str> {
        let Some(element) = element.as_object() else { return wrong(path, "must hold objects") };
        let kind = match element.get("elementType").and_then(Value::as_str) {
            Some(kind) if ELEMENT_TYPES.contains(&kind) => kind,
            _ => return wrong(&format!("{path}.elementType"), &format!("must be one of {}", ELEMENT_TYPES.join(", "))),
        };
        match element.get("elementId").and_then(Value::as_str) {
            Some(id) if is_id(id) && self.ids.insert(id.to_owned()) => {}
            Some(id) if is_id(id) => return wrong(&format!("{path}.elementId"), "is there twice"),
            None if kind == "label" => {}
            _ => return wrong(&format!("{path}.elementId"), "must be a text of at most 100 characters"),
        }
        if CHOICES.contains(&kind) {
            check_options(path, element.get("options"))?;
        }
        if kind == "button" {
            check_action(path, element.get("action"))?;
        }
        Ok(kind)
    }
}

fn check_options(path: &str, options: Option<&Value>) -> Parsed<()> {
    let is_option = |option: &Value| {
        option.get("label").is_some_and(Value::is_string) && option.get("value").is_some_and(|value| !value.is_null())
    };
    match options {
        Some(Value::Array(list)) if !list.is_empty() && list.iter().all(is_option) => Ok(()),
        _ => wrong(&format!("{path}.options"), "must be a list of value and label"),
    }
}

/// A button without an action only tells that it was used.
fn check_action(path: &str, action: Option<&Value>) -> Parsed<()> {
    let path = format!("{path}.action");
    let action = match action {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Object(map)) => map,
        Some(_) => return wrong(&path, "must be an object"),
    };
    let kind = match action.get("actionType").and_then(Value::as_str) {
        Some(kind) if ACTION_TYPES.contains(&kind) => kind,
        _ => return wrong(&format!("{path}.actionType"), &format!("must be one of {}", ACTION_TYPES.join(", "))),
    };
    let url = action.get("url").and_then(Value::as_str).unwrap_or_default();
    match kind {
        // Clients open it: it must not be a script.
        "urlNavigation" | "apiAction" if url.is_empty() || field::url("url", url).is_err() => {
            wrong(&format!("{path}.url"), "must be an address of the web")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The field that a message is refused for; empty: it is not.
    fn refused(kind: &str, data: &Value) -> String {
        match check(kind, data.as_object().expect("object")) {
            Ok(()) => String::new(),
            Err(error) => {
                assert_eq!(error.code, ErrorCode::InvalidMessageData);
                error.field.expect("a field")
            }
        }
    }

    fn button(id: &str) -> Value {
        json!({"elementType": "button", "elementId": id, "buttonText": "Go",
            "action": {"actionType": "urlNavigation", "url": "https://example.com"}})
    }

    fn form() -> Value {
        json!({"interactiveData": {"title": "T", "submitElement": button("send"), "formFields": [
            {"elementType": "label", "text": "x"},
            {"elementType": "textInput", "elementId": "name", "label": "Name"},
            {"elementType": "dropdown", "elementId": "pick", "options": [{"value": "1", "label": "One"}]},
        ]}, "interactionGoal": {"type": "anyOf", "elementIds": ["send"]}, "allowSenderInteraction": true})
    }

    fn scheduler() -> Value {
        json!({"interactiveData": {"title": "T", "timezoneCode": "Europe/Berlin", "duration": 30, "bufferTime": 0,
            "dateRangeStart": "2026-01-31", "dateRangeEnd": "2026-02-28",
            "availability": {"monday": [{"from": "0900", "to": "1730"}]}, "scheduleElement": button("book")}})
    }

    /// With one thing changed; null takes it away.
    fn with(mut data: Value, path: &str, value: Value) -> Value {
        *data.pointer_mut(path).unwrap_or_else(|| panic!("no {path}")) = value;
        data
    }

    #[test]
    fn whole_messages_pass() {
        let card =
            json!({"interactiveData": {"text": "x", "imageUrl": "https://x/y.png", "cardActions": [button("a")]}});
        assert_eq!((refused("form", &form()), refused("card", &card)), (String::new(), String::new()));
        assert_eq!(refused("scheduler", &scheduler()), "");
        assert_eq!(refused("customInteractive", &json!({"interactiveData": {"anything": 1}})), "");
    }

    #[test]
    fn what_is_broken_in_a_form_is_named() {
        let cases = [
            ("/interactiveData", json!([]), "interactiveData"),
            ("/allowSenderInteraction", json!("yes"), "allowSenderInteraction"),
            ("/interactionGoal", json!("anyOf"), "interactionGoal"),
            ("/interactionGoal/type", json!("someOf"), "interactionGoal.type"),
            ("/interactionGoal/elementIds", json!([]), "interactionGoal.elementIds"),
            ("/interactionGoal/elementIds", json!([5]), "interactionGoal.elementIds"),
            ("/interactiveData/title", json!(" "), "interactiveData.title"),
            ("/interactiveData/formFields", json!({}), "interactiveData.formFields"),
            ("/interactiveData/formFields/1/elementType", json!("poem"), "interactiveData.formFields.elementType"),
            ("/interactiveData/formFields/1/elementId", json!(""), "interactiveData.formFields.elementId"),
            ("/interactiveData/formFields/1/elementId", json!("pick"), "interactiveData.formFields.elementId"),
            ("/interactiveData/formFields/2/options", json!([]), "interactiveData.formFields.options"),
            ("/interactiveData/submitElement", Value::Null, "interactiveData.submitElement"),
            ("/interactiveData/submitElement/elementType", json!("textInput"), "interactiveData.submitElement"),
            (
                "/interactiveData/submitElement/action/actionType",
                json!("x"),
                "interactiveData.submitElement.action.actionType",
            ),
            (
                "/interactiveData/submitElement/action/url",
                json!("javascript:x"),
                "interactiveData.submitElement.action.url",
            ),
        ];
        for (path, value, field) in cases {
            assert_eq!(refused("form", &with(form(), path, value)), field, "{path}");
        }
    }

    #[test]
    fn what_is_broken_in_a_scheduler_is_named() {
        let cases = [
            ("duration", json!(0)),
            ("duration", json!("30")),
            ("bufferTime", json!(-5)),
            ("timezoneCode", Value::Null),
            ("dateRangeStart", json!("2026-13-01")),
            ("dateRangeEnd", json!("tomorrow")),
            ("availability", json!({"noday": [{"from": "0900", "to": "1000"}]})),
            ("availability", json!({"monday": [{"from": "0960", "to": "1000"}]})),
            ("availability", json!({"monday": [{"from": "2400", "to": "é0"}]})),
            ("availability", json!({"monday": []})),
        ];
        for (name, value) in cases {
            let broken = with(scheduler(), &format!("/interactiveData/{name}"), value);
            assert_eq!(refused("scheduler", &broken), format!("interactiveData.{name}"));
        }
    }
}
