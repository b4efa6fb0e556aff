//! Frames and bodies as clients send them, and what is done to them so that they make less sense.

use rand::{RngExt as _, rngs::StdRng};
use serde_json::{Map, Value, json};

/// Frames of clients, of every kind. `$app`, `$jwt`, `$message` and `$guid` stand for what there is.
pub fn frames() -> Vec<Value> {
    serde_json::from_str(include_str!("../corpus/frames.json")).unwrap()
}

/// Bodies of requests, of every kind.
pub fn bodies() -> Vec<Value> {
    serde_json::from_str(include_str!("../corpus/bodies.json")).unwrap()
}

/// Values that readers trip over.
fn odd(random: &mut StdRng) -> Value {
    match random.random_range(0..22) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(-1),
        3 => json!(0),
        4 => json!(i64::MIN),
        5 => json!(u64::MAX),
        6 => json!(1e308),
        7 => json!(0.1),
        8 => json!(""),
        9 => json!("\u{0}"),
        10 => json!("x".repeat(random.random_range(1..20_000))),
        11 => json!("\u{202e}\u{feff}e\u{301}\u{1f468}\u{200d}\u{1f469}\u{fffd}"),
        12 => json!("%00'\";--\\u0000"),
        13 => json!([]),
        14 => json!({}),
        15 => Value::Array(vec![json!({"a": [null]}); random.random_range(1..3000)]),
        16 => deep(random.random_range(1..120)),
        17 => json!("9".repeat(40)),
        18 => json!("-9223372036854775808"),
        19 => json!(["a", 1, null, {"b": []}]),
        20 => json!({"": {"": ""}}),
        _ => json!("ann"),
    }
}

fn deep(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, level| if level % 2 == 0 { json!([inner]) } else { json!({"a": inner}) })
}

/// Changes a value somewhere, a few times.
pub fn value(random: &mut StdRng, value: &mut Value) {
    for _ in 0..random.random_range(0..4) {
        change(random, value);
    }
}

fn change(random: &mut StdRng, value: &mut Value) {
    let goes_deeper = random.random_bool(0.6);
    match value {
        Value::Object(map) if !map.is_empty() => {
            let at = random.random_range(0..map.len());
            let key = map.keys().nth(at).cloned().unwrap_or_default();
            if goes_deeper && let Some(inner) = map.get_mut(&key) {
                return change(random, inner);
            }
            change_key(random, map, key);
        }
        Value::Array(list) if !list.is_empty() => {
            let at = random.random_range(0..list.len());
            match random.random_range(0..4) {
                0 => drop(list.remove(at)),
                1 => list.push(list[at].clone()),
                2 => change(random, &mut list[at]),
                _ => list[at] = odd(random),
            }
        }
        value => *value = odd(random),
    }
}

fn change_key(random: &mut StdRng, map: &mut Map<String, Value>, key: String) {
    match random.random_range(0..4) {
        0 => drop(map.remove(&key)),
        1 => drop(map.insert(key, odd(random))),
        2 => {
            let inner = map.remove(&key).unwrap_or_default();
            map.insert(key.to_uppercase(), inner);
        }
        _ => drop(map.insert(odd(random).to_string(), odd(random))),
    }
}

/// Makes bytes of a value that are not always JSON.
pub fn bytes(random: &mut StdRng, value: &Value) -> Vec<u8> {
    let mut bytes = value.to_string().into_bytes();
    match random.random_range(0..12) {
        0 => bytes.truncate(random.random_range(0..=bytes.len())),
        1 => {
            let at = random.random_range(0..=bytes.len());
            bytes.splice(at..at, [0xff, 0xfe, 0xc0, 0x80]);
        }
        2 => {
            // Deeper than a reader may follow.
            let levels = random.random_range(100..20_000);
            bytes = [b"[".repeat(levels), b"]".repeat(levels)].concat();
        }
        3 => {
            // The same key twice.
            let text = String::from_utf8_lossy(&bytes).replacen('{', "{\"type\":1,\"data\":2,\"uid\":3,", 1);
            bytes = text.replacen('{', "{\"type\":\"x\",\"data\":[],", 1).into_bytes();
        }
        4 => {
            for _ in 0..random.random_range(1..10) {
                if !bytes.is_empty() {
                    let at = random.random_range(0..bytes.len());
                    bytes[at] = random.random();
                }
            }
        }
        5 => bytes = (0..random.random_range(0..2000)).map(|_| random.random()).collect(),
        6 => bytes.insert(0, 0),
        _ => {}
    }
    bytes
}

/// Changes bytes that are no text, a few times.
pub fn raw(random: &mut StdRng, bytes: &mut Vec<u8>) {
    for _ in 0..random.random_range(0..4) {
        let at = random.random_range(0..=bytes.len());
        match random.random_range(0..6) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, random.random()),
            2 => drop(bytes.splice(at..at, [0xff; 10])),
            3 if at < bytes.len() => bytes[at] = random.random(),
            // A part of it once more, as a field that comes twice.
            4 => bytes.extend_from_within(at..),
            _ => bytes.extend((0..random.random_range(0..200)).map(|_| random.random::<u8>())),
        }
    }
}

/// A part of a path, or a value of a query or header, already fit for an address.
pub fn word(random: &mut StdRng) -> String {
    match random.random_range(0..16) {
        0 => "%00".to_owned(),
        1 => "%ff%fe".to_owned(),
        2 => "..%2f..".to_owned(),
        3 => "%".to_owned(),
        4 => "x".repeat(random.random_range(1..4000)),
        5 => "-1".to_owned(),
        6 => "99999999999999999999999".to_owned(),
        7 => "9223372036854775807".to_owned(),
        8 => "%F0%9F%91%8D".to_owned(),
        9 => "a%20b".to_owned(),
        10 => "1e9".to_owned(),
        11 => "true".to_owned(),
        12 => "%E2%80%AE".to_owned(),
        13 => "group_ann".to_owned(),
        14 => "2147483648".to_owned(),
        _ => "0".to_owned(),
    }
}
