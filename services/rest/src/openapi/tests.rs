//! The description is whole, and what handlers put together by hand is as it is described.

use std::collections::HashSet;

use super::*;
use crate::routes;

/// Paths that are routed without a description of their own.
const UNDESCRIBED: [&str; 3] = [
    // The same calls as those of `bannedusers`, which say so.
    "/groups/{guid}/banned_members",
    "/groups/{guid}/banned_members/{uid}",
    // The same call as `/api/{version}/online-members`.
    "/ws/api/{version}/online-members",
];

fn document() -> Value {
    complete(&routes::description()).expect("json")
}

/// Fails unless a shape of the description fits what is written.
pub fn check(name: &str, written: &Value) {
    let schema = json!({"$ref": format!("#/components/schemas/{name}"), "components": document()["components"]});
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let found: Vec<String> =
        validator.iter_errors(written).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert!(found.is_empty(), "{name}: {found:?} in {written}");
}

/// The same of something that has everything: every key is written and listed.
pub fn check_whole(name: &str, written: &Value) {
    check(name, written);
    let keys = |map: &Value| -> BTreeSet<String> { map.as_object().expect("an object").keys().cloned().collect() };
    assert_eq!(keys(written), keys(&document()["components"]["schemas"][name]["properties"]), "{name}");
}

fn all_operations(document: &Value) -> Vec<(String, &str, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().expect("methods").iter();
            methods.map(move |(method, operation)| (path.clone(), method.as_str(), operation))
        })
        .collect()
}

#[test]
fn every_route_is_described() {
    let plain = include_str!("../routes.rs").split(".route(").skip(1);
    let paths: Vec<&str> = plain.filter_map(|call| call.split('"').nth(1)).collect();
    let missing: Vec<&&str> = paths.iter().filter(|path| !UNDESCRIBED.contains(path)).collect();
    assert!(missing.is_empty(), "write `.routes(routes!(…))` for {missing:?}: see the doc comment of openapi.rs");
    for handler in ["/v3/users/{uid}", "/v3/messages", "/media/{app}/{name}", "/api/{version}/online-members"] {
        assert!(document()["paths"].get(handler).is_some(), "{handler}");
    }
}

#[test]
fn every_operation_is_named_grouped_and_complete() {
    let document = document();
    let tags: Vec<&str> =
        document["tags"].as_array().expect("tags").iter().filter_map(|tag| tag["name"].as_str()).collect();
    let mut ids = HashSet::new();
    for (path, method, operation) in all_operations(&document) {
        let what = format!("{method} {path}");
        assert!(ids.insert(operation["operationId"].as_str().expect(&what).to_owned()), "{what}: operationId");
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{what}: summary");
        let tag = operation["tags"][0].as_str().expect(&what);
        assert!(tags.contains(&tag), "{what}: the tag {tag} is not in the list of tags");
        assert!(operation["responses"]["200"].is_object(), "{what}: 200");
        let empty = Vec::new();
        let parameters = operation["parameters"].as_array().unwrap_or(&empty);
        let in_path: HashSet<&str> = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "path")
            .filter_map(|parameter| parameter["name"].as_str())
            .collect();
        let named: HashSet<&str> = path.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        assert_eq!(in_path, named, "{what}: parameters of the path");
    }
}

#[test]
fn errors_are_of_the_catalogue() {
    let description = serde_json::to_value(routes::description()).expect("json");
    for (path, method, operation) in all_operations(&description) {
        for code in operation["x-errors"].as_array().into_iter().flatten() {
            let code = code.as_str().expect("a code");
            assert!(ErrorCode::parse(code).is_some(), "{method} {path}: {code}");
        }
    }
}

#[test]
fn references_lead_somewhere() {
    fn collect(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(target)) = map.get("$ref") {
                    found.push(target.clone());
                }
                map.values().for_each(|value| collect(value, found));
            }
            Value::Array(list) => list.iter().for_each(|value| collect(value, found)),
            _ => {}
        }
    }
    let document = document();
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 100, "{}", references.len());
    for reference in references {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
    let ids: HashSet<&str> = all_operations(&document).iter().filter_map(|(.., o)| o["operationId"].as_str()).collect();
    for (from, _, _, targets) in LINKS {
        assert!(ids.contains(from) && targets.iter().all(|target| ids.contains(target)), "{from}");
    }
}

#[test]
#[should_panic(expected = "webhookURL")]
fn another_shape_is_a_fault() {
    check("Webhook", &json!({"id": "x", "webhookURL": 7}));
}

#[test]
fn every_call_says_how_it_is_made_and_limited() {
    let document = document();
    let of = |path: &str, method: &str| document["paths"][path][method].clone();
    let flag = of("/v3/messages/{id}/flagged", "post");
    assert!(is_called_with(&flag, "authToken") && flag["responses"]["429"]["headers"]["Retry-After"].is_object());
    let reasons = of("/v3/moderation/reasons", "get");
    assert!(is_called_with(&reasons, "apiKey") && !is_called_with(&reasons, "authToken"));
    let app = of("/v3/apps/{appId}", "get");
    assert!(is_called_with(&app, "operator") && !is_called_with(&app, "apiKey"));
    assert!(app["responses"]["200"]["headers"].is_null(), "operators' calls are not counted");
    let webhook = of("/v3/apps/{appId}/webhooks", "post");
    assert_eq!(
        webhook["responses"]["200"]["links"]["get-webhook"]["parameters"],
        json!({"appId": "$request.path.appId", "webhookId": "$response.body#/data/id"})
    );
}
