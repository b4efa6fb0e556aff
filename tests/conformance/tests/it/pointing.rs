//! Section 1: pointing the client at a server; headers, CORS, the envelope.

use anyhow::ensure;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    client::{Fault, SDK, allowed_origin, code, settled},
    entry::Outcome,
    shapes::at,
    stage::Stage,
};

crate::entries!(
    the_override_alone_reaches_it,
    later_calls_go_where_the_settings_say,
    every_call_with_all_headers,
    bodyless_calls_have_a_content_type,
    resource_is_the_device,
    preflight_names_every_method,
    preflight_names_every_header,
    preflight_of_online_members,
    preflight_has_no_body,
    preflight_needs_no_credential,
    cors_on_answers,
    cors_on_errors,
    pages_without_tls_may_call,
    success_is_an_envelope,
    failure_is_an_envelope,
    every_status_has_an_envelope,
    delete_with_a_body,
);

const ALL_HEADERS: [&str; 10] = [
    "accept",
    "appid",
    "apikey",
    "authtoken",
    "authorization",
    "chatapiversion",
    "content-type",
    "resource",
    "sdk",
    "cache-control",
];

async fn the_override_alone_reaches_it(stage: Stage) -> Outcome {
    let uid = stage.user("ann").await?;
    let mut device = stage.device(1);
    // Nothing but host[:port] and the version: no path, no other host.
    ensure!(device.base == device.admin && device.base.ends_with("/v3.0"));
    device.login(&uid).await
}

async fn later_calls_go_where_the_settings_say(stage: Stage) -> Outcome {
    let uid = stage.user("ann").await?;
    let mut device = stage.device(1);
    let asked = device.base.clone();
    device.login(&uid).await?;
    ensure!(device.base == asked && device.admin == asked, "{} is not {asked}", device.base);
    device.get_user(&uid).await?;
    device.update_user(&uid, json!({"uid": uid, "name": "By the auth key"})).await?;
    Ok(())
}

async fn every_call_with_all_headers(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    let url = format!("{}/users/{}", ann.base, ann.uid());
    let all = [
        ("authtoken", ann.token.as_str()),
        ("authorization", &ann.jwt),
        ("chatapiversion", "v3.0"),
        ("cache-control", "no-cache"),
    ];
    let answer = ann.send("GET", &url, &all, None).await?;
    ensure!(answer["data"]["uid"] == ann.uid() && SDK == "javascript@4.2.0");
    Ok(())
}

async fn bodyless_calls_have_a_content_type(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    ann.get_user(bob.uid()).await?;
    let said = ann.say(&bob.to(), "hello").await?;
    ann.react(&said, "👍").await?;
    ann.unreact(&said, "👍").await?;
    let guid = ann.stage.room(&[&ann, &bob]).await?;
    ann.delete_group(&guid).await?;
    Ok(())
}

async fn resource_is_the_device(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    let said = ann.say(&bob.to(), "hello").await?;
    ensure!(at(&said, "data.resource") == ann.device_id.as_str(), "data.resource: {said}");
    let frame = bob.socket().hears("onTextMessageReceived", |body| body["id"] == said["id"]).await?;
    ensure!(frame["deviceId"] == ann.device_id.as_str(), "deviceId: {frame}");
    Ok(())
}

async fn preflight_names_every_method(stage: Stage) -> Outcome {
    let device = stage.device(0);
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        for path in ["/me", "/messages", "/messages/1/interacted", "/users/a/conversation/read", "/groups/g/members/u"]
        {
            device.may(method, &format!("{}{path}", device.base), &["appid", "authtoken"]).await?;
        }
    }
    Ok(())
}

async fn preflight_names_every_header(stage: Stage) -> Outcome {
    let device = stage.device(0);
    device.may("POST", &format!("{}/messages", device.base), &ALL_HEADERS).await
}

async fn preflight_of_online_members(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    let host = ann.settings["CHAT_HOST"].as_str().unwrap_or_default();
    let url = format!("https://{host}/api/v3.0/online-members");
    ann.may("POST", &url, &["accept", "appid", "authorization", "content-type", "resource", "sdk"]).await
}

async fn preflight_has_no_body(stage: Stage) -> Outcome {
    let device = stage.device(0);
    let request = stage.ground.http.request(Method::OPTIONS, format!("{}/me", device.base));
    let response = request.header("access-control-request-method", "PUT").send().await?;
    ensure!(response.status().is_success(), "{}", response.status());
    ensure!(response.bytes().await?.is_empty(), "it has a body");
    Ok(())
}

async fn preflight_needs_no_credential(stage: Stage) -> Outcome {
    let device = stage.device(0);
    for path in ["/users/nobody/auth_tokens", "/no/such/path", "/groups/none/bannedusers/nobody"] {
        device.may("DELETE", &format!("{}{path}", device.base), &["apikey"]).await?;
    }
    Ok(())
}

async fn cors_on_answers(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    let request = stage.ground.http.get(format!("{}/me", ann.base)).header("origin", crate::client::PAGE);
    let response = request.header("appid", &stage.app.id).header("authtoken", &ann.token).send().await?;
    allowed_origin(&response)?;
    // A star and leave for cookies do not go together.
    ensure!(response.headers().get("access-control-allow-credentials").is_none());
    Ok(())
}

async fn cors_on_errors(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    for (path, token) in [
        ("/me", "wrong"),
        ("/no/such/path", &*ann.token),
        ("/users/nobody-there", &*ann.token),
        ("/messages?per_page=x", &*ann.token),
    ] {
        let request = stage.ground.http.get(format!("{}{path}", ann.base)).header("origin", crate::client::PAGE);
        let response = request.header("appid", &stage.app.id).header("authtoken", token).send().await?;
        ensure!(response.status().is_client_error(), "{path}: {}", response.status());
        allowed_origin(&response)?;
    }
    Ok(())
}

async fn pages_without_tls_may_call(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    let request = stage.ground.http.get(format!("{}/me", ann.base)).header("origin", "http://127.0.0.1:5173");
    let response = request.header("appid", &stage.app.id).header("authtoken", &ann.token).send().await?;
    let origin = response.headers().get("access-control-allow-origin").and_then(|value| value.to_str().ok());
    ensure!(matches!(origin, Some("*" | "http://127.0.0.1:5173")), "{origin:?}");
    Ok(())
}

async fn success_is_an_envelope(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let one = ann.call("GET", &format!("/users/{}", bob.uid()), None).await?;
    ensure!(one["data"].is_object() && one.get("error").is_none(), "{one}");
    let several = ann.call("GET", "/users?per_page=1&page=1", None).await?;
    ensure!(several["data"].is_array() && several["meta"].is_object(), "{several}");
    Ok(())
}

async fn failure_is_an_envelope(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    match ann.get_user(&stage.name("nobody")).await {
        Err(Fault::Rejected { error, .. }) => {
            ensure!(error["code"] == "ERR_UID_NOT_FOUND" && error["message"].is_string(), "{error}");
            Ok(())
        }
        other => anyhow::bail!("{other:?}"),
    }
}

async fn every_status_has_an_envelope(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    for (method, path, body) in [
        ("GET", "/no/such/path", "".to_owned()),
        ("PATCH", "/me", "{}".to_owned()),
        ("POST", "/messages", "{".to_owned()),
        ("POST", "/messages", "[1]".to_owned()),
        ("GET", "/messages/abc", String::new()),
        ("PUT", "/users", "{}".to_owned()),
    ] {
        let request = stage.ground.http.request(Method::from_bytes(method.as_bytes())?, format!("{}{path}", ann.base));
        let request = request.header("appid", &stage.app.id).header("authtoken", &ann.token);
        let response = request.header("content-type", "application/json").body(body).send().await?;
        code(settled(&format!("{method} {path}"), response).await)?;
    }
    Ok(())
}

async fn delete_with_a_body(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    ann.block(&[bob.uid()]).await?;
    let freed = ann.unblock(&[bob.uid()]).await?;
    ensure!(at(&freed[bob.uid()], "success") == &Value::Bool(true), "{freed}");
    let said = ann.say(&bob.to(), "hello").await?;
    ann.delete(&said).await?;
    Ok(())
}
