//! Section 2: login, session, logout.

use anyhow::ensure;
use halley_testkit::eventually;
use serde_json::json;

use crate::{
    client::{Presence, code},
    entry::Outcome,
    shapes,
    stage::Stage,
};

crate::entries!(
    login_by_uid_makes_a_token,
    login_step_two,
    login_by_token,
    login_echoes_the_token,
    login_has_the_session,
    login_has_settings_inline,
    settings_by_get,
    socket_after_login,
    telemetry_is_taken,
    wrong_key_is_refused,
    unknown_uid_is_refused,
    bad_token_is_refused,
    another_user_on_the_same_device,
    logout,
    logout_ends_the_token,
    logout_again_is_refused,
    dead_token_says_so,
    other_refusals_do_not_log_out,
    stored_session_needs_no_http,
    update_own_details,
    register_push_token,
);

async fn login_by_uid_makes_a_token(stage: Stage) -> Outcome {
    let uid = stage.user("ann").await?;
    let made = stage.device(0).auth_token(&uid, &stage.app.auth_key).await?;
    ensure!(made["uid"] == uid.as_str() && made["createdAt"].is_u64(), "{made}");
    Ok(())
}

async fn login_step_two(stage: Stage) -> Outcome {
    let uid = stage.user("ann").await?;
    let mut device = stage.device(1);
    device.login(&uid).await?;
    ensure!(device.me["uid"] == uid.as_str() && device.me["name"] == "ann", "{}", device.me);
    Ok(())
}

async fn login_by_token(stage: Stage) -> Outcome {
    let uid = stage.user("ann").await?;
    let made = stage.server("POST", &format!("/users/{uid}/auth_tokens"), json!({})).await?;
    let mut device = stage.device(1);
    device.login_with(made["authToken"].as_str().unwrap_or_default()).await?;
    ensure!(device.uid() == uid);
    Ok(())
}

async fn login_echoes_the_token(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    ensure!(ann.me["authToken"] == ann.token.as_str(), "{}", ann.me);
    Ok(())
}

async fn login_has_the_session(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    ensure!(ann.jwt.split('.').count() == 3, "{} is no JWT", ann.jwt);
    Ok(())
}

async fn login_has_settings_inline(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    ensure!(ann.me["settings"].is_object(), "{}", ann.me);
    Ok(())
}

async fn settings_by_get(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    for _ in 0..2 {
        let got = ann.data("GET", "/settings", None, shapes::settings).await?;
        ensure!(got == ann.settings, "{got} is not {}", ann.settings);
    }
    Ok(())
}

async fn socket_after_login(stage: Stage) -> Outcome {
    stage.person("ann", 1).await?.socket().ping().await
}

async fn telemetry_is_taken(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    let body =
        json!({"browser": "Chrome", "screen": {"width": 1280}, "timeZone": "Europe/Berlin", "deviceId": ann.device_id});
    ann.data("POST", "/user_sessions", Some(body), shapes::object).await?;
    Ok(())
}

async fn wrong_key_is_refused(stage: Stage) -> Outcome {
    let uid = stage.user("ann").await?;
    let code = code(stage.device(0).auth_token(&uid, "wrong").await)?;
    ensure!(code == "AUTH_ERR_APIKEY_NOT_FOUND" || code.starts_with("AUTH_ERR"), "{code}");
    Ok(())
}

async fn unknown_uid_is_refused(stage: Stage) -> Outcome {
    let uid = stage.name("nobody");
    let code = code(stage.device(0).auth_token(&uid, &stage.app.auth_key).await)?;
    ensure!(code == "ERR_UID_NOT_FOUND", "{code}");
    Ok(())
}

async fn bad_token_is_refused(stage: Stage) -> Outcome {
    let mut device = stage.device(0);
    device.token = "no-token".to_owned();
    let code = code(device.call("PUT", "/me", Some(device.device_body())).await)?;
    ensure!(code == "AUTH_ERR_AUTH_TOKEN_NOT_FOUND", "{code}");
    Ok(())
}

async fn another_user_on_the_same_device(stage: Stage) -> Outcome {
    let (ann, bob) = (stage.user("ann").await?, stage.user("bob").await?);
    let mut device = stage.online(&ann, 0).await?;
    let old = device.token.clone();
    device.disconnect().await?;
    device.login(&bob).await?;
    device.connect(Presence::Nobody).await?;
    ensure!(device.uid() == bob);
    // Nobody told the server that the other one is gone.
    let mut other = stage.device(1);
    other.login_with(&old).await?;
    ensure!(other.uid() == ann);
    Ok(())
}

async fn logout(stage: Stage) -> Outcome {
    let ann = stage.person("ann", 1).await?;
    ann.logout().await?;
    // The client closes then; the server does so, too.
    ann.socket().hears("closed", |_| true).await?;
    Ok(())
}

async fn logout_ends_the_token(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    ann.logout().await?;
    eventually("the token is dead", async || {
        let refusal = code(ann.get_user(ann.uid()).await).ok()?;
        (refusal == "AUTH_ERR_AUTH_TOKEN_NOT_FOUND").then_some(())
    })
    .await;
    Ok(())
}

async fn logout_again_is_refused(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    ann.logout().await?;
    code(ann.logout().await)?;
    Ok(())
}

async fn dead_token_says_so(stage: Stage) -> Outcome {
    let uid = stage.user("ann").await?;
    let device = stage.online(&uid, 1).await?;
    let path = format!("/users/{uid}/auth_tokens/{}", device.token);
    stage.server("DELETE", &path, json!({})).await?;
    device.socket().hears("closed", |_| true).await?;
    eventually("the token is dead", async || {
        let refusal = code(device.call("GET", "/me", None).await).ok()?;
        (refusal == "AUTH_ERR_AUTH_TOKEN_NOT_FOUND").then_some(())
    })
    .await;
    Ok(())
}

async fn other_refusals_do_not_log_out(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let foreign = bob.create_group(json!({"guid": stage.name("room"), "name": "Room", "type": "private"})).await?;
    let guid = foreign["guid"].as_str().unwrap_or_default();
    let body = ann.message_body(&crate::client::group(guid), json!({"data": {"text": "hi"}}));
    let refusals = [
        code(ann.call("POST", "/messages", Some(body)).await)?,
        code(ann.get_user("nobody-there").await)?,
        code(ann.delete_group(guid).await)?,
        code(ann.call("POST", "/messages", Some(json!({}))).await)?,
        code(ann.call("GET", "/apikeys", None).await)?,
    ];
    ensure!(!refusals.contains(&"AUTH_ERR_AUTH_TOKEN_NOT_FOUND".to_owned()), "{refusals:?}");
    Ok(())
}

async fn stored_session_needs_no_http(stage: Stage) -> Outcome {
    let mut ann = stage.person("ann", 0).await?;
    ann.disconnect().await?;
    // The page was loaded anew: the socket opens with what was stored, and nothing is asked before.
    ann.connect(Presence::Nobody).await?;
    let bob = stage.person("bob", 1).await?;
    let said = bob.say(&ann.to(), "still there").await?;
    ann.socket().hears("onTextMessageReceived", |body| body["id"] == said["id"]).await?;
    Ok(())
}

async fn update_own_details(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    let mut fields = ann.me.clone();
    fields["name"] = json!("Ann II");
    fields["metadata"] = json!({"k": 1});
    fields["statusMessage"] = json!("here");
    let shown = ann.data("PUT", "/me", Some(fields), shapes::login).await?;
    ensure!(shown["name"] == "Ann II" && shown["metadata"] == json!({"k": 1}), "{shown}");
    let bob = stage.caller("bob").await?;
    let seen = bob.get_user(ann.uid()).await?;
    ensure!(seen["name"] == "Ann II" && seen["statusMessage"] == "here", "{seen}");
    Ok(())
}

async fn register_push_token(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    let mut body = ann.device_body();
    body["pushNotification"] = json!({"fcmDeviceToken": stage.name("fcm"), "settings": {}});
    let shown = ann.data("PUT", "/me", Some(body), shapes::login).await?;
    ensure!(shown["uid"] == ann.uid() && shown["name"] == "ann", "{shown}");
    Ok(())
}
