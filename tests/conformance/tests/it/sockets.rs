//! Section 4: the socket and its timers.

use std::time::Duration;

use anyhow::ensure;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::{
    client::{
        Presence,
        lists::{Messages, column},
        user,
    },
    entry::Outcome,
    stage::Stage,
};

crate::entries!(
    keepalive_over_two_beats,
    opens_without_query_or_subprotocol,
    compression_may_be_offered,
    auth_reply_is_literal,
    no_frame_before_the_auth_reply,
    presence_of_all_users,
    presence_of_friends,
    presence_of_roles,
    presence_of_nobody,
    pong_is_literal,
    garbage_is_harmless,
    refusal_closes_the_socket,
    token_ended_closes_the_socket,
    reconnect_after_any_close,
    reconnect_after_a_cut,
    nothing_is_replayed,
    disconnect_is_orderly,
    two_devices_of_one_user,
);

/// The client's beat.
const BEAT: Duration = Duration::from_secs(15);

async fn keepalive_over_two_beats(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    for _ in 0..2 {
        tokio::time::sleep(BEAT).await;
        ann.socket().ping().await?;
        let pong = tokio::time::timeout(Duration::from_secs(3), ann.socket().hears("pong", |_| true));
        pong.await.map_err(|_| anyhow::anyhow!("no pong within 3 s"))??;
        bob.socket().ping().await?;
    }
    let said = bob.say(&ann.to(), "still there").await?;
    ann.socket().hears("onTextMessageReceived", |body| body["id"] == said["id"]).await?;
    ensure!(!ann.socket().has_heard("closed", |_| true));
    Ok(())
}

async fn opens_without_query_or_subprotocol(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    let socket = ann.open(&Presence::Nobody, &ann.jwt).await?;
    socket.hears("authenticated", |_| true).await?;
    ensure!(socket.chosen.0.is_none(), "a subprotocol that nobody asked for: {:?}", socket.chosen);
    Ok(())
}

async fn compression_may_be_offered(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    ensure!(!bob.socket().chosen.1, "this client does not compress, and browsers take either");
    let long = "long ".repeat(500);
    let said = ann.say(&bob.to(), &long).await?;
    bob.socket().hears("onTextMessageReceived", |body| body["id"] == said["id"]).await?;
    Ok(())
}

async fn auth_reply_is_literal(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    let socket = ann.open(&Presence::Nobody, &ann.jwt).await?;
    let reply = socket.hears("authenticated", |_| true).await?;
    ensure!(reply["body"] == json!({"code": "200", "status": "OK"}), "{reply}");
    Ok(())
}

async fn no_frame_before_the_auth_reply(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    ann.say(&bob.to(), "before").await?;
    let socket = bob.open(&Presence::AllUsers, &bob.jwt).await?;
    socket.hears("authenticated", |_| true).await?;
    ensure!(!socket.has_heard("onTextMessageReceived", |_| true), "a message of before");
    Ok(())
}

/// A watcher sees a person come and go.
async fn watched(watcher: &crate::client::Client, stage: &Stage, uid: &str) -> Outcome {
    let mut person = stage.online(uid, 1).await?;
    watcher.socket().hears("onUserOnline", |body| body["user"]["uid"] == uid).await?;
    person.disconnect().await?;
    watcher.socket().hears("onUserOffline", |body| body["user"]["uid"] == uid).await?;
    Ok(())
}

async fn presence_of_all_users(stage: Stage) -> Outcome {
    let (ann, bob) = (stage.user("ann").await?, stage.user("bob").await?);
    let watcher = stage.online_with(&ann, 0, Presence::AllUsers).await?;
    watched(&watcher, &stage, &bob).await
}

async fn presence_of_friends(stage: Stage) -> Outcome {
    let (ann, bob, cat) = (stage.user("ann").await?, stage.user("bob").await?, stage.user("cat").await?);
    stage.server("POST", &format!("/users/{ann}/friends"), json!({"accepted": [bob]})).await?;
    let watcher = stage.online_with(&ann, 0, Presence::Friends).await?;
    let all = stage.online_with(&ann, 0, Presence::AllUsers).await?;
    watched(&all, &stage, &cat).await?;
    watched(&watcher, &stage, &bob).await?;
    ensure!(!watcher.socket().has_heard("onUserOnline", |body| body["user"]["uid"] == cat.as_str()), "no friend");
    Ok(())
}

async fn presence_of_roles(stage: Stage) -> Outcome {
    let (ann, bob, cat) = (stage.user("ann").await?, stage.user("bob").await?, stage.user("cat").await?);
    let role = stage.name("role");
    stage.server("POST", "/roles", json!({"role": role, "name": "Role"})).await?;
    stage.server("PUT", &format!("/users/{bob}"), json!({"role": role})).await?;
    let watcher = stage.online_with(&ann, 0, Presence::Roles(vec![role])).await?;
    let all = stage.online_with(&ann, 0, Presence::AllUsers).await?;
    watched(&all, &stage, &cat).await?;
    watched(&watcher, &stage, &bob).await?;
    ensure!(!watcher.socket().has_heard("onUserOnline", |body| body["user"]["uid"] == cat.as_str()), "another role");
    Ok(())
}

async fn presence_of_nobody(stage: Stage) -> Outcome {
    let (ann, bob) = (stage.user("ann").await?, stage.user("bob").await?);
    let silent = stage.online(&ann, 0).await?;
    let all = stage.online_with(&ann, 0, Presence::AllUsers).await?;
    watched(&all, &stage, &bob).await?;
    let events = ["onUserOnline", "onUserOffline"];
    ensure!(events.iter().all(|name| !silent.socket().has_heard(name, |_| true)), "it did not ask");
    Ok(())
}

async fn pong_is_literal(stage: Stage) -> Outcome {
    let ann = stage.person("ann", 1).await?;
    ann.socket().ping().await?;
    let pong = ann.socket().hears("pong", |_| true).await?;
    ensure!(pong.get("type").is_none(), "{pong}");
    Ok(())
}

async fn garbage_is_harmless(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    for text in [
        "{",
        "[1,2]",
        "\"x\"",
        "7",
        "{}",
        r#"{"type":"nothing"}"#,
        r#"{"type":5,"body":[]}"#,
        r#"{"action":"dance"}"#,
        "",
    ] {
        bob.socket().send_raw(Message::text(text)).await?;
    }
    bob.socket().send_raw(Message::binary(vec![0, 159, 146])).await?;
    bob.socket().ping().await?;
    bob.socket().hears("pong", |_| true).await?;
    let said = ann.say(&bob.to(), "after all that").await?;
    bob.socket().hears("onTextMessageReceived", |body| body["id"] == said["id"]).await?;
    Ok(())
}

async fn refusal_closes_the_socket(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    for jwt in ["", "no.session.at-all", &format!("{}x", ann.jwt)] {
        let socket = ann.open(&Presence::Nobody, jwt).await?;
        socket.hears("closed", |_| true).await?;
        ensure!(!socket.has_heard("authenticated", |_| true), "{jwt:?} is good");
    }
    Ok(())
}

async fn token_ended_closes_the_socket(stage: Stage) -> Outcome {
    let ann = stage.person("ann", 1).await?;
    stage.server("DELETE", &format!("/users/{}/auth_tokens", ann.uid()), json!({})).await?;
    ann.socket().hears("closed", |_| true).await?;
    // It comes back after 5 s, for ever, with the old session.
    let again = ann.open(&Presence::Nobody, &ann.jwt).await?;
    again.hears("closed", |_| true).await?;
    Ok(())
}

async fn reconnect_after_any_close(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    for code in [1000, 1001, 1011, 4001, 4003] {
        let socket = ann.open(&Presence::Nobody, &ann.jwt).await?;
        socket.hears("authenticated", |_| true).await?;
        socket.close_with(code, "as tried").await?;
    }
    let socket = ann.open(&Presence::Nobody, &ann.jwt).await?;
    socket.hears("authenticated", |_| true).await?;
    let said = bob.say(&ann.to(), "hello").await?;
    socket.hears("onTextMessageReceived", |body| body["id"] == said["id"]).await?;
    Ok(())
}

async fn reconnect_after_a_cut(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let socket = ann.open(&Presence::Nobody, &ann.jwt).await?;
    socket.hears("authenticated", |_| true).await?;
    // Without a close frame.
    drop(socket);
    let socket = ann.open(&Presence::Nobody, &ann.jwt).await?;
    socket.hears("authenticated", |_| true).await?;
    let said = bob.say(&ann.to(), "hello").await?;
    socket.hears("onTextMessageReceived", |body| body["id"] == said["id"]).await?;
    Ok(())
}

async fn nothing_is_replayed(stage: Stage) -> Outcome {
    let (mut ann, bob) = stage.pair().await?;
    let first = bob.say(&ann.to(), "heard").await?;
    ann.socket().hears("onTextMessageReceived", |body| body["id"] == first["id"]).await?;
    ann.disconnect().await?;
    let missed = bob.say(&ann.to(), "missed").await?;
    ann.connect(Presence::Nobody).await?;
    let path = format!("{}/messages", bob.to().path());
    let last = first["id"].as_str().unwrap_or_default();
    let fetched = Messages::new(&ann, &path, 30, &[("id", last)]).next().await?;
    ensure!(column(&fetched, "id") == [missed["id"].as_str().unwrap_or_default()], "{fetched:?}");
    let live = bob.say(&ann.to(), "live").await?;
    ann.socket().hears("onTextMessageReceived", |body| body["id"] == live["id"]).await?;
    ensure!(!ann.socket().has_heard("onTextMessageReceived", |body| body["id"] == missed["id"]), "replayed");
    Ok(())
}

async fn disconnect_is_orderly(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    let socket = ann.open(&Presence::Nobody, &ann.jwt).await?;
    socket.hears("authenticated", |_| true).await?;
    socket.close().await
}

async fn two_devices_of_one_user(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    let desk = stage.online(bob.uid(), 0).await?;
    let said = ann.say(&user(bob.uid()), "to both").await?;
    for device in [&bob, &desk] {
        device.socket().hears("onTextMessageReceived", |body| body["id"] == said["id"]).await?;
    }
    Ok(())
}
