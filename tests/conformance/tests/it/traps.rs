//! Section 9: what breaks clients although it looks right.

use anyhow::ensure;
use serde_json::json;

use crate::{
    client::{
        Presence, code,
        lists::{Messages, Numbered},
    },
    entry::Outcome,
    shapes::at,
    stage::Stage,
};

crate::entries!(
    trap_action_messages,
    trap_four_keys,
    trap_unread_conversation,
    trap_pagination_and_cursor,
    trap_own_device_id,
    trap_literal_auth_and_pong,
    trap_everybody_returns_at_once,
    trap_session_outlives_the_socket,
    trap_cors_of_errors_and_authorization,
    trap_log_out_code,
    trap_member_added_event,
    trap_media_host_is_a_substring,
);

async fn trap_action_messages(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let guid = stage.room(&[&ann]).await?;
    // The client checks each for itself: an edit, a deletion, a join.
    let said = ann.say(&bob.to(), "1").await?;
    ann.edit(&said, json!({"text": "2"})).await?;
    ann.delete(&said).await?;
    bob.join(&guid, "public", "").await?;
    Ok(())
}

async fn trap_four_keys(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let guid = stage.room(&[&ann]).await?;
    // Lists that were not given are there, too.
    ann.add_members(&guid, json!({"participants": [bob.uid()]})).await?;
    ann.add_members(&guid, json!({"admins": [bob.uid()]})).await?;
    ann.create_group_with(
        json!({"guid": stage.name("g"), "name": "G", "type": "public"}),
        json!({"participants": [bob.uid()]}),
    )
    .await?;
    ann.create_group_with(json!({"guid": stage.name("h"), "name": "H", "type": "public"}), json!({})).await?;
    Ok(())
}

async fn trap_unread_conversation(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let guid = stage.room(&[&ann, &bob]).await?;
    let room = crate::client::group(&guid);
    for to in [&bob.to(), &room] {
        let said = ann.say(to, "1").await?;
        let with = if to.kind == "user" { ann.to() } else { room.clone() };
        bob.mark_conversation(&with, "read").await?;
        bob.mark_unread(&with, &said).await?;
    }
    Ok(())
}

async fn trap_pagination_and_cursor(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let guid = stage.room(&[&ann, &bob]).await?;
    for n in 0..3 {
        ann.say(&bob.to(), &n.to_string()).await?;
    }
    for path in [
        "/users",
        "/groups",
        "/conversations",
        "/blockedusers",
        &format!("/groups/{guid}/members"),
        &format!("/groups/{guid}/bannedusers"),
    ] {
        Numbered::new(&ann, path, 1, &[]).next().await?;
    }
    let mut request = Messages::new(&ann, &format!("{}/messages", bob.to().path()), 1, &[]);
    ensure!(request.previous().await? != request.previous().await?, "the walk goes on");
    Ok(())
}

async fn trap_own_device_id(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    let said = ann.say(&bob.to(), "1").await?;
    bob.types(&ann.to(), "started").await?;
    ann.socket().hears("onTypingStarted", |_| true).await?;
    bob.receipt(&said, "read").await?;
    ann.socket().hears("onMessagesRead", |_| true).await?;
    bob.react(&said, "👍").await?;
    ann.socket().hears("onMessageReactionAdded", |_| true).await?;
    let frame = bob.socket().hears("onTextMessageReceived", |body| body["id"] == said["id"]).await?;
    ensure!(frame["deviceId"] != bob.device_id.as_str(), "{frame}");
    Ok(())
}

async fn trap_literal_auth_and_pong(stage: Stage) -> Outcome {
    let ann = stage.person("ann", 1).await?;
    for _ in 0..3 {
        ann.socket().ping().await?;
        let pong = ann.socket().hears("pong", |_| true).await?;
        ensure!(pong["action"] == "pong", "{pong}");
    }
    Ok(())
}

async fn trap_everybody_returns_at_once(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    let opening = (0..20).map(async |_| {
        let socket = ann.open(&Presence::Nobody, &ann.jwt).await?;
        socket.hears("authenticated", |_| true).await?;
        anyhow::Ok(socket)
    });
    let opened = futures::future::join_all(opening).await;
    ensure!(opened.iter().all(Result::is_ok), "{:?}", opened.iter().filter_map(|one| one.as_ref().err()).next());
    Ok(())
}

async fn trap_session_outlives_the_socket(stage: Stage) -> Outcome {
    let mut ann = stage.person("ann", 0).await?;
    let first = ann.jwt.clone();
    // Another login of the same device does not end the session of before.
    let token = ann.token.clone();
    let mut again = stage.device(1);
    again.login_with(&token).await?;
    for _ in 0..2 {
        ann.disconnect().await?;
        ann.jwt.clone_from(&first);
        ann.connect(Presence::Nobody).await?;
    }
    Ok(())
}

async fn trap_cors_of_errors_and_authorization(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    // The client takes a refusal without them for a failed fetch.
    code(ann.get_user("nobody-there").await)?;
    ann.online_members(None).await?;
    let mut wrong = stage.device(0);
    wrong.settings = ann.settings.clone();
    wrong.jwt = "no.session.here".to_owned();
    code(wrong.online_members(None).await)?;
    Ok(())
}

async fn trap_log_out_code(stage: Stage) -> Outcome {
    let ann = stage.caller("ann").await?;
    let foreign = stage.clone().alone().await?;
    let mut elsewhere = foreign.device(0);
    elsewhere.token = ann.token.clone();
    ensure!(
        code(elsewhere.call("GET", "/me", None).await)? == "AUTH_ERR_AUTH_TOKEN_NOT_FOUND",
        "a token of another app"
    );
    let denied = code(ann.call("GET", "/roles", None).await)?;
    ensure!(denied != "AUTH_ERR_AUTH_TOKEN_NOT_FOUND", "a call that users may not make logs out");
    Ok(())
}

async fn trap_member_added_event(stage: Stage) -> Outcome {
    let (guid, people) = stage.gathering(&["ann", "bob"]).await?;
    let cat = stage.user("cat").await?;
    people[0].add_members(&guid, json!({"participants": [cat]})).await?;
    let frame = people[1].socket().hears("onMemberAddedToGroup", |_| true).await?;
    ensure!(at(&frame, "body.data.action") == "added", "{frame}");
    Ok(())
}

async fn trap_media_host_is_a_substring(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let sent = ann.send_files(&bob.to(), "file", &[("a.txt", "text/plain", b"words")]).await?;
    ensure!(ann.settings.get("SECURED_MEDIA_HOST").is_none());
    // So the address is good as it is, without a token behind it.
    let url = at(&sent, "data.url").as_str().unwrap_or_default();
    ensure!(url.starts_with("https://") && !url.contains("fat="), "{url}");
    ensure!(bob.download(url).await? == b"words");
    Ok(())
}
