//! Wrong requests get the documented code, name the field where there is one, and change nothing.

use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Form, Http, World, answer, code};

crate::in_both_forms!(
    malformed_bodies_are_refused,
    credentials_are_checked,
    an_auth_key_may_only_create_and_log_in,
    receivers_must_exist_and_be_reachable,
    ids_have_no_other_characters,
    oversize_bodies_are_refused,
    unknown_paths_say_so,
    no_input_makes_the_edge_fail,
);

async fn refused(request: RequestBuilder, wanted: &str) -> Value {
    let (status, body) = answer(request).await;
    assert_eq!(code(&body), wanted, "{status} {body}");
    assert!(status.is_client_error(), "{status} {body}");
    body
}

async fn malformed_bodies_are_refused(form: Form) {
    let raw = Http::new(form).await;
    let world = World::new(form).await;
    let uid = world.name("mal");
    for body in ["{", "[1]", "\"x\"", "{\"uid\": 5, \"name\": {}}", "\u{feff}", "{\"uid\":\"a\",\"uid\"", "null"] {
        let request = raw.with_key(Method::POST, "/users").header("content-type", "application/json").body(body);
        refused(request, "ERR_BAD_REQUEST").await;
    }
    let bytes =
        raw.with_key(Method::POST, "/users").header("content-type", "application/json").body(vec![0xff, 0xfe, b'{']);
    refused(bytes, "ERR_BAD_REQUEST").await;
    let nul = raw.with_key(Method::POST, "/users").json(&json!({"uid": uid, "name": "a\u{0}b"}));
    let body = refused(nul, "ERR_BAD_REQUEST").await;
    assert!(body["error"]["details"]["name"].is_array(), "names the field: {body}");
    refused(raw.with_key(Method::DELETE, "/moderation/reasons/a%00b"), "ERR_BAD_REQUEST").await;
    let unnamed = raw.with_key(Method::POST, "/users").json(&json!({"uid": uid}));
    let body = refused(unnamed, "ERR_BAD_REQUEST").await;
    assert!(body["error"]["details"]["name"].is_array(), "names the field: {body}");

    let missing = raw.with_key(Method::GET, &format!("/users/{uid}"));
    refused(missing, "ERR_UID_NOT_FOUND").await;
}

async fn credentials_are_checked(form: Form) {
    let raw = Http::new(form).await;
    let users = |request: RequestBuilder| request;
    refused(users(raw.bare(Method::GET, "/users")), "AUTH_ERR_EMPTY_APPID").await;
    refused(
        raw.bare(Method::GET, "/users").header("appid", "nosuchapp").header("apikey", &raw.key),
        "AUTH_ERR_INVALID_APPID",
    )
    .await;
    refused(raw.bare(Method::GET, "/users").header("appid", &raw.app_id), "AUTH_ERR_EMPTY_APIKEY").await;
    let wrong = "0".repeat(40);
    refused(
        raw.bare(Method::GET, "/users").header("appid", &raw.app_id).header("apikey", wrong),
        "AUTH_ERR_APIKEY_NOT_FOUND",
    )
    .await;
    let token = raw.bare(Method::GET, "/me").header("appid", &raw.app_id).header("authtoken", "ann_1700000000abc");
    refused(token, "AUTH_ERR_AUTH_TOKEN_NOT_FOUND").await;
    let nobody = raw.with_key(Method::GET, "/conversations").header("onbehalfof", "nobody-at-all");
    refused(nobody, "ERR_UID_NOT_FOUND").await;
}

async fn an_auth_key_may_only_create_and_log_in(form: Form) {
    let raw = Http::new(form).await;
    let world = World::new(form).await;
    let uid = world.name("auth");
    let with = |method, path: &str| raw.bare(method, path).header("appid", &raw.app_id).header("apikey", &raw.auth_key);
    let (status, body) = answer(with(Method::POST, "/users").json(&json!({"uid": uid, "name": "Auth"}))).await;
    assert_eq!(status, 200, "{body}");
    let (status, body) = answer(with(Method::POST, &format!("/users/{uid}/auth_tokens"))).await;
    assert_eq!(status, 200, "{body}");
    for (method, path) in [
        (Method::GET, "/users".to_owned()),
        (Method::DELETE, format!("/users/{uid}")),
        (Method::GET, "/apikeys".to_owned()),
        (Method::POST, "/messages".to_owned()),
        (Method::POST, "/groups".to_owned()),
        (Method::GET, format!("/users/{uid}/auth_tokens")),
    ] {
        refused(with(method, &path).json(&json!({})), "AUTH_ERR_NO_ACCESS").await;
    }
    let (status, _) = answer(raw.with_key(Method::GET, &format!("/users/{uid}"))).await;
    assert_eq!(status, 200, "the user is still there");
}

async fn receivers_must_exist_and_be_reachable(form: Form) {
    let raw = Http::new(form).await;
    let world = World::new(form).await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let group = world.group("room", &[&bob]).await;
    let send = |body: Value| raw.as_user(Method::POST, "/messages", &ann).json(&body);
    let text = |receiver: &str, kind: &str| json!({"receiver": receiver, "receiverType": kind, "category": "message", "type": "text", "data": {"text": "x"}});

    refused(send(text("nobody-at-all", "user")), "ERR_UID_NOT_FOUND").await;
    refused(send(text("no-such-group", "group")), "ERR_GUID_NOT_FOUND").await;
    refused(send(text(group.id(), "group")), "ERR_GROUP_NOT_JOINED").await;
    refused(send(text("", "user")), "ERR_EMPTY_RECEIVER").await;
    refused(send(text(&bob.uid, "planet")), "ERR_INVALID_RECEIVER_TYPE").await;
    let mut body = text(&bob.uid, "user");
    body["data"] = json!({"text": ""});
    refused(send(body.clone()), "ERR_EMPTY_MESSAGE_TEXT").await;
    body["data"] = json!({"text": 5});
    refused(send(body.clone()), "ERR_INVALID_MESSAGE_TEXT").await;
    body["data"] = json!({"text": "x", "metadata": []});
    refused(send(body.clone()), "ERR_INVALID_METADATA").await;
    body["category"] = json!("action");
    refused(send(body.clone()), "ERR_INVALID_MESSAGE_CATEGORY").await;
    body["category"] = json!("custom");
    body["type"] = json!("place");
    body["data"] = json!({});
    refused(send(body), "ERR_EMPTY_CUSTOM_DATA").await;

    let (_, listed) = answer(raw.as_user(Method::GET, "/conversations", &ann)).await;
    assert_eq!(listed["data"], json!([]), "nothing was stored");
}

async fn ids_have_no_other_characters(form: Form) {
    let raw = Http::new(form).await;
    for bad in ["a b", "ä", "a:b", "a/b", ""] {
        let (status, body) = answer(raw.with_key(Method::POST, "/users").json(&json!({"uid": bad, "name": "x"}))).await;
        assert_eq!(status, 400, "{body}");
        assert!(matches!(code(&body), "ERR_INVALID_UID" | "ERR_BAD_REQUEST"), "{body}");
        let (status, body) =
            answer(raw.with_key(Method::POST, "/groups").json(&json!({"guid": bad, "name": "x", "type": "public"})))
                .await;
        assert_eq!(status, 400, "{body}");
        assert!(matches!(code(&body), "ERR_INVALID_GUID" | "ERR_BAD_REQUEST"), "{body}");
    }
    let long = "a".repeat(101);
    let (status, body) = answer(raw.with_key(Method::POST, "/users").json(&json!({"uid": long, "name": "x"}))).await;
    assert_eq!(status, 400, "{body}");
}

async fn oversize_bodies_are_refused(form: Form) {
    let raw = Http::new(form).await;
    let world = World::new(form).await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let huge = json!({"receiver": bob.uid, "receiverType": "user", "category": "message", "type": "text", "data": {"text": "x".repeat(3_000_000)}});
    let (status, body) = answer(raw.as_user(Method::POST, "/messages", &ann).json(&huge)).await;
    assert!(status == 413 || status == 400, "{status} {body}");
    let large = json!({"receiver": bob.uid, "receiverType": "user", "category": "message", "type": "text", "data": {"text": "x".repeat(70_000)}});
    let (status, body) = answer(raw.as_user(Method::POST, "/messages", &ann).json(&large)).await;
    assert!(status.is_client_error(), "{status} {body}");
    let (_, listed) = answer(raw.as_user(Method::GET, "/conversations", &ann)).await;
    assert_eq!(listed["data"], json!([]), "nothing was stored");
}

async fn unknown_paths_say_so(form: Form) {
    let raw = Http::new(form).await;
    refused(raw.with_key(Method::GET, "/no/such/path"), "ERR_API_NOT_FOUND").await;
    refused(raw.with_key(Method::PATCH, "/users"), "ERR_API_NOT_FOUND").await;
    let version = raw.http.get(format!("{}/v9/users", raw.base.trim_end_matches("/v3")));
    refused(version, "ERR_INVALID_API_VERSION").await;
}

/// JSON of any shape, with strings that are often trouble.
fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        any::<String>(),
        Just("\u{0}".to_owned()),
        Just("user".to_owned()),
        Just("group".to_owned()),
        Just("text".to_owned()),
        Just("message".to_owned()),
        Just("9223372036854775808".to_owned()),
        Just("%".repeat(200)),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("uid".to_owned()),
        Just("name".to_owned()),
        Just("guid".to_owned()),
        Just("type".to_owned()),
        Just("receiver".to_owned()),
        Just("receiverType".to_owned()),
        Just("category".to_owned()),
        Just("data".to_owned()),
        Just("text".to_owned()),
        Just("metadata".to_owned()),
        Just("tags".to_owned()),
        Just("muid".to_owned()),
        Just("customData".to_owned()),
        Just("attachments".to_owned()),
        Just("messages".to_owned()),
        Just("users".to_owned()),
        Just("participants".to_owned()),
        Just("messageId".to_owned()),
        Just("sentAt".to_owned()),
        Just("joinedAt".to_owned()),
        any::<String>(),
    ];
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

const ROUTES: [(&str, &str); 27] = [
    ("POST", "/users"),
    ("PUT", "/users"),
    ("PUT", "/users/caroline"),
    ("GET", "/users"),
    ("POST", "/groups"),
    ("PUT", "/groups/none"),
    ("POST", "/groups/none/members"),
    ("POST", "/messages"),
    ("GET", "/messages"),
    ("GET", "/messages/5"),
    ("POST", "/messages/5/thread"),
    ("GET", "/users/caroline/messages"),
    ("GET", "/conversations"),
    ("GET", "/threads"),
    ("PATCH", "/messages/5/interacted"),
    ("POST", "/messages/5/thread/subscription"),
    ("POST", "/users/edmond/conversation/pin"),
    ("POST", "/bots"),
    ("POST", "/users/edmond/conversation/read"),
    ("DELETE", "/users/edmond/conversation/read"),
    ("PUT", "/me"),
    ("POST", "/apikeys"),
    ("POST", "/data_import/users"),
    ("POST", "/data_import/groups"),
    ("POST", "/data_import/members"),
    ("POST", "/data_import/messages"),
    ("GET", "/groups"),
];

async fn no_input_makes_the_edge_fail(form: Form) {
    let raw = Http::new(form).await;
    // Plain and broken bodies, odd queries and paths; whatever comes, the answer is an envelope and never a 5xx.
    let cases = {
        let mut runner = TestRunner::new(Config::default());
        let query = proptest::collection::vec(
            (
                prop_oneof![
                    Just("limit"),
                    Just("perPage"),
                    Just("page"),
                    Just("id"),
                    Just("affix"),
                    Just("sentAt"),
                    Just("tags"),
                    Just("searchKey"),
                    Just("categories")
                ],
                any::<String>(),
            ),
            0..3,
        );
        let strategy = (0..ROUTES.len(), any_json(), any::<bool>(), query, "\\PC{0,12}", any::<bool>());
        (0..250).map(|_| strategy.new_tree(&mut runner).expect("a case").current()).collect::<Vec<_>>()
    };
    for (route, body, on_behalf, query, segment, odd_path) in cases {
        let (method, path) = ROUTES[route];
        let path = if odd_path { format!("{path}/{}", urlencode(&segment)) } else { path.to_owned() };
        let query: String = query.iter().map(|(name, value)| format!("{name}={}&", urlencode(value))).collect();
        let mut request = raw.with_key(method.parse().expect("method"), &format!("{path}?{query}"));
        if on_behalf {
            request = request.header("onbehalfof", "caroline");
        }
        let (status, answered) = answer(request.json(&body)).await;
        assert!(!status.is_server_error(), "{method} {path} {query:?} {body}: {status} {answered}");
    }
}

fn urlencode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
