//! What of an interactive message people can use.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// What a message says of its elements.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Interactive {
    /// The ids of all elements but labels.
    pub element_ids: BTreeSet<String>,
    /// Whether its sender may use them, too.
    pub sender_may: bool,
}

/// Reads a message's data. A goal declares the elements of an interactive message whose content is the app's own.
pub(crate) fn read(kind: &str, data_json: &str) -> Interactive {
    let Ok(data) = serde_json::from_str::<Map<String, Value>>(data_json) else { return Interactive::default() };
    let mut element_ids = BTreeSet::new();
    if let Some(content) = data.get("interactiveData") {
        collect(content, &mut element_ids);
    }
    if kind == "customInteractive"
        && let Some(goal) =
            data.get("interactionGoal").and_then(|goal| goal.get("elementIds")).and_then(Value::as_array)
    {
        element_ids.extend(goal.iter().filter_map(Value::as_str).map(ToOwned::to_owned));
    }
    let sender_may = data.get("allowSenderInteraction").and_then(Value::as_bool).unwrap_or(false);
    Interactive { element_ids, sender_may }
}

/// As deep as the JSON, whose depth its reader bounds. What an action sends elsewhere is none of the message's elements.
fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|item| collect(item, found)),
        Value::Object(map) => {
            let is_label = map.get("elementType").and_then(Value::as_str) == Some("label");
            if let (Some(Value::String(id)), false) = (map.get("elementId"), is_label) {
                found.insert(id.clone());
            }
            map.iter().filter(|(key, _)| *key != "action").for_each(|(_, inner)| collect(inner, found));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ids(kind: &str, data: &Value) -> Vec<String> {
        read(kind, &data.to_string()).element_ids.into_iter().collect()
    }

    #[test]
    fn every_element_but_a_label_can_be_used() {
        let form = json!({"interactiveData": {
            "formFields": [
                {"elementType": "label", "elementId": "l", "text": "x"},
                {"elementType": "textInput", "elementId": "name"},
            ],
            "submitElement": {"elementType": "button", "elementId": "send",
                "action": {"actionType": "apiAction", "payload": {"elementId": "elsewhere"}}},
        }});
        assert_eq!(ids("form", &form), ["name", "send"]);
        let own = json!({"interactiveData": {"x": 1}, "interactionGoal": {"type": "anyOf", "elementIds": ["a"]}});
        assert_eq!(ids("customInteractive", &own), ["a"]);
        assert!(ids("card", &own).is_empty());
        assert_eq!(read("form", "broken"), Interactive::default());
    }

    #[test]
    fn the_sender_may_only_when_the_message_says_so() {
        assert!(!read("card", "{}").sender_may);
        assert!(read("card", r#"{"allowSenderInteraction":true}"#).sender_may);
    }
}
