//! Section 3: the keys of the settings.

use anyhow::ensure;
use serde_json::{Value, json};

use crate::{
    client::{Presence, session},
    entry::Outcome,
    shapes,
    stage::Stage,
};

crate::entries!(
    chat_host_and_port,
    api_hosts_and_version,
    host_overrides_are_left_out,
    ws_api_version,
    analytics_are_off,
    mode,
    region,
    extensions,
    parameters,
    flag_reasons,
    webrtc,
    secured_media_host_is_left_out,
    smallest_settings_are_enough,
);

async fn chat_host_and_port(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    ensure!(ann.settings["CHAT_HOST"].is_string() && ann.settings["CHAT_WSS_PORT"].is_string(), "{}", ann.settings);
    // No port of its own but 443 stands in CHAT_WSS_PORT: online counts take CHAT_HOST alone.
    ensure!(ann.socket_url().ends_with("/ws:") || ann.socket_url().ends_with(":443"), "{}", ann.socket_url());
    drop(ann.open(&Presence::Nobody, &ann.jwt).await?);
    Ok(())
}

async fn api_hosts_and_version(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    for key in ["CLIENT_API_HOST", "ADMIN_API_HOST"] {
        let host = ann.settings[key].as_str().unwrap_or_default();
        ensure!(stage.ground.hosts.iter().any(|known| known == host), "{key} is {host}");
    }
    ensure!(ann.settings["CHAT_API_VERSION"] == "v3.0");
    Ok(())
}

async fn host_overrides_are_left_out(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    for key in ["CHAT_HOST_OVERRIDE", "CHAT_HOST_APP_SPECIFIC"] {
        ensure!(ann.settings.get(key).is_none(), "{key} is there");
    }
    Ok(())
}

async fn ws_api_version(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    ensure!(ann.settings["WS_API_VERSION"].is_string(), "{}", ann.settings);
    ann.online_members(None).await?;
    Ok(())
}

async fn analytics_are_off(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    ensure!(ann.me["settings"]["ANALYTICS_PING_DISABLED"] == true, "inline: {}", ann.me);
    let got = ann.data("GET", "/settings", None, shapes::settings).await?;
    ensure!(got["ANALYTICS_PING_DISABLED"] == true, "by GET: {got}");
    Ok(())
}

async fn mode(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    let known = [json!("DEFAULT"), json!("LIMITED_TRANSIENT"), json!("NO_TRANSIENT"), json!(null)];
    ensure!(known.contains(&ann.settings["MODE"]), "{}", ann.settings);
    Ok(())
}

async fn region(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    ensure!(ann.settings["REGION"] == "us", "{}", ann.settings);
    Ok(())
}

async fn extensions(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    let listed = ann.settings["extensions"]
        .as_array()
        .is_some_and(|all| all.iter().all(|one| one["id"].is_string() && one["name"].is_string()));
    ensure!(listed, "{}", ann.settings);
    Ok(())
}

async fn parameters(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    let parameters = &ann.settings["parameters"];
    ensure!(parameters.is_object() && parameters["file.count.max"].is_u64(), "{parameters}");
    Ok(())
}

async fn flag_reasons(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    let reasons = ann.settings["flagReasons"].as_array().cloned().unwrap_or_default();
    ensure!(!reasons.is_empty(), "nothing could be flagged: {}", ann.settings);
    ensure!(reasons.iter().all(|one| one["id"].is_string() && one["name"].is_string()), "{reasons:?}");
    Ok(())
}

async fn webrtc(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let text = |key: &str| ann.settings.get(key).and_then(Value::as_str);
    let host = match (text("WEBRTC_API_SUBDOMAIN"), text("WEBRTC_HOST")) {
        (Some(label), Some(rest)) => format!("{label}.{rest}"),
        // A host of one label can't be told in two parts.
        (None, None) => ann.settings["CLIENT_API_HOST"].as_str().unwrap_or_default().to_owned(),
        other => anyhow::bail!("one without the other: {other:?}"),
    };
    let size = async |room: &str| {
        let url = format!("https://{host}/room-size?domain=any&room={room}");
        anyhow::Ok(stage.ground.http.get(url).send().await?.error_for_status()?.json::<Value>().await?)
    };
    let call = ann.ring(&bob.to()).await?;
    ensure!(size(session(&call)).await? == json!({"participants": 1}), "while it rings");
    bob.change_call(&call, "ongoing").await?;
    ensure!(size(session(&call)).await? == json!({"participants": 2}), "while they talk");
    ann.change_call(&call, "ended").await?;
    ensure!(size(session(&call)).await? == json!({"participants": 0}), "when it is over");
    ensure!(size("no-such-room").await? == json!({"participants": 0}), "of no call");
    Ok(())
}

async fn secured_media_host_is_left_out(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    ensure!(ann.settings.get("SECURED_MEDIA_HOST").is_none(), "{}", ann.settings);
    Ok(())
}

async fn smallest_settings_are_enough(stage: Stage) -> Outcome {
    let mut ann = stage.caller("ann").await?;
    let needed = [
        "CHAT_HOST",
        "CHAT_WSS_PORT",
        "CLIENT_API_HOST",
        "ADMIN_API_HOST",
        "CHAT_API_VERSION",
        "ANALYTICS_PING_DISABLED",
    ];
    let kept = needed.map(|key| (key.to_owned(), ann.settings[key].clone()));
    ann.settings = serde_json::Value::Object(kept.into_iter().collect());
    ann.connect(Presence::Nobody).await?;
    ann.get_user(ann.uid()).await?;
    Ok(())
}
