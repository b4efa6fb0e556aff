use std::collections::HashSet;

use super::*;
use crate::routes;

/// Paths that are routed without a description of their own.
const UNDESCRIBED: [&str; 1] = [
    // The same call as `/api/{version}/online-members`.
    "/ws/api/{version}/online-members",
];

fn document() -> Value {
    complete(&routes::description()).expect("json")
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
