//! The API's description against the API: every answer that any test gets over REST has a shape that is described.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock},
};

use jsonschema::Validator;
use reqwest::{
    Client, Method, StatusCode, Url,
    header::{HeaderMap, HeaderValue},
};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::support::{Form, Http, code, refused};

crate::in_both_forms!(
    the_description_and_its_page_need_no_key,
    what_is_wrong_with_a_credential_is_said,
    an_answer_of_another_shape_is_found,
);

static DOCUMENT: OnceCell<Value> = OnceCell::const_new();
type Validators = Mutex<HashMap<String, Arc<Validator>>>;
static VALIDATORS: OnceLock<Validators> = OnceLock::new();

async fn document(url: &Url) -> &'static Value {
    let fetch = async || {
        let mut at = url.clone();
        at.set_path("/openapi.json");
        at.set_query(None);
        let client = Client::builder().no_proxy().build().expect("client");
        client.get(at).send().await.expect("an answer").json().await.expect("JSON")
    };
    DOCUMENT.get_or_init(fetch).await
}

/// The path of the description that an address is of; words win over placeholders.
fn template<'d>(document: &'d Value, method: &Method, path: &str) -> Option<&'d str> {
    let path = path.replacen("/v3.0/", "/v3/", 1);
    let asked: Vec<&str> = path.split('/').collect();
    let fits = |template: &str| {
        let parts: Vec<&str> = template.split('/').collect();
        parts.len() == asked.len()
            && parts
                .iter()
                .zip(&asked)
                .all(|(part, given)| part == given || (part.starts_with('{') && !given.is_empty()))
    };
    let templates = document["paths"].as_object()?.keys().filter(|template| fits(template));
    let method = method.as_str().to_ascii_lowercase();
    let best = templates.min_by_key(|template| template.matches('{').count())?;
    document["paths"][best].get(method).map(|_| best.as_str())
}

/// What is wrong with an answer by the description; what is not described at all is not judged.
fn faults(document: &Value, method: &Method, path: &str, status: StatusCode, body: &Value) -> Vec<String> {
    let Some(template) = template(document, method, path) else { return Vec::new() };
    let method = method.as_str().to_ascii_lowercase();
    let answers = &document["paths"][template][&method]["responses"];
    let Some(answer) = answers.get(status.as_str()) else {
        return vec![format!("{method} {template} can't answer {status}: {}", code(body))];
    };
    if answer.pointer("/content/application~1json/schema").is_none() {
        return Vec::new();
    }
    let pointer = format!(
        "#/paths/{}/{method}/responses/{}/content/application~1json/schema",
        template.replace('/', "~1").replace('{', "%7B").replace('}', "%7D"),
        status.as_str()
    );
    let mut validators = VALIDATORS.get_or_init(Validators::default).lock().expect("no panic before");
    let validator = Arc::clone(validators.entry(pointer.clone()).or_insert_with(|| {
        let mut schema = document.clone();
        schema["$ref"] = json!(pointer);
        Arc::new(jsonschema::validator_for(&schema).expect("a schema"))
    }));
    drop(validators);
    validator
        .iter_errors(body)
        .map(|fault| format!("{method} {template}: {}: {fault}", fault.instance_path()))
        .collect()
}

/// Fails when an answer is not as it is described.
pub async fn check(method: &Method, url: &Url, status: StatusCode, body: &Value) {
    let found = faults(document(url).await, method, url.path(), status, body);
    assert!(found.is_empty(), "{found:#?} in {body}");
}

fn origin(http: &Http) -> String {
    http.base.trim_end_matches("/v3").to_owned()
}

async fn the_description_and_its_page_need_no_key(form: Form) {
    let http = Http::new(form).await;
    let get = async |path: &str| {
        let response = http.http.get(format!("{}{path}", origin(&http))).send().await.expect("an answer");
        assert_eq!(response.status(), 200, "{path}");
        let headers = response.headers().clone();
        (headers, response.text().await.expect("text"))
    };
    let header = |headers: &HeaderMap, name: &str| headers[name].to_str().expect("text").to_owned();
    let (headers, text) = get("/openapi.json").await;
    assert_eq!(header(&headers, "content-type"), "application/json");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")), "{}", document["openapi"]);
    assert_eq!(document["paths"]["/v3/users"]["post"]["operationId"], "create-user");
    assert!(document["paths"]["/v3/messages/{id}"]["put"]["responses"]["404"].is_object());

    let (headers, page) = get("/docs/").await;
    assert!(page.contains("swagger-ui"), "{page}");
    assert!(!page.contains("https://") && !page.contains("http://"), "nothing comes from elsewhere: {page}");
    let policy = header(&headers, "content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self'"), "{policy}");
    assert!(get("/docs/swagger-initializer.js").await.1.contains("/openapi.json"));
    get("/docs/swagger-ui-bundle.js").await;
    get("/docs/swagger-ui.css").await;
    // Sockets are opened at the bare address; a person who opens it sees where to go on.
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let home = client.get(format!("{}/", origin(&http))).send().await.expect("an answer");
    assert_eq!((home.status().as_u16(), &home.headers()["location"]), (307, &HeaderValue::from_static("/dashboard/")));
}

async fn what_is_wrong_with_a_credential_is_said(form: Form) {
    let http = Http::new(form).await;
    let with =
        |name: &str, value: &str| http.bare(Method::GET, "/users").header("appid", &http.app_id).header(name, value);
    assert_eq!(refused(with("authtoken", "")).await, "AUTH_ERR_EMPTY_AUTH_TOKEN");
    assert_eq!(refused(with("apikey", "")).await, "AUTH_ERR_EMPTY_APIKEY");
    let missing = http.http.get(format!("{}/media/{}/none.png", origin(&http), http.app_id));
    assert_eq!(refused(missing).await, "ERR_MEDIA_NOT_FOUND");
}

async fn an_answer_of_another_shape_is_found(form: Form) {
    let http = Http::new(form).await;
    let document = document(&http.base.parse().expect("URL")).await;
    let faults = |status: StatusCode, body: Value| faults(document, &Method::GET, "/v3/users/ann", status, &body);
    let user = json!({"uid": "ann", "name": "Ann", "role": "default", "status": "offline"});
    assert_eq!(faults(StatusCode::OK, json!({"data": user})), Vec::<String>::new());
    assert_eq!(faults(StatusCode::OK, json!({"data": {"uid": 7}})).len(), 4);
    assert_eq!(faults(StatusCode::IM_A_TEAPOT, json!({})).len(), 1);
}
