//! Section 5, what goes up the socket, and what of it comes down to others.

use anyhow::ensure;
use serde_json::{Value, json};

use crate::{
    client::{Client, To, group},
    entry::Outcome,
    shapes::at,
    stage::Stage,
};

crate::entries!(
    typing_started_to_a_user,
    typing_ended_to_a_user,
    typing_in_a_group,
    typing_keeps_metadata,
    typing_user_is_the_servers_notion,
    transient_to_a_user,
    transient_to_a_group,
    delivered_to_a_user,
    read_to_a_user,
    delivered_in_a_group,
    read_in_a_group,
    delivered_to_all_and_read_by_all,
    receipts_go_up_to_an_id,
    receipts_reach_own_devices,
    receipts_have_times,
    online_has_user_and_time,
    offline_has_user_and_time,
    typing_does_not_come_back,
    transient_does_not_come_back,
);

fn from(client: &Client) -> impl Fn(&Value) -> bool {
    let uid = client.uid().to_owned();
    move |body| body["user"]["uid"] == uid.as_str()
}

fn is_to(frame: &Value, to: &To) -> Outcome {
    ensure!(frame["receiver"] == to.id.as_str() && frame["receiverType"] == to.kind, "receiver: {frame}");
    Ok(())
}

async fn typing_started_to_a_user(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    ann.types(&bob.to(), "started").await?;
    is_to(&bob.socket().hears("onTypingStarted", from(&ann)).await?, &bob.to())
}

async fn typing_ended_to_a_user(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    ann.types(&bob.to(), "started").await?;
    bob.socket().hears("onTypingStarted", from(&ann)).await?;
    ann.types(&bob.to(), "ended").await?;
    bob.socket().hears("onTypingEnded", from(&ann)).await?;
    Ok(())
}

async fn typing_in_a_group(stage: Stage) -> Outcome {
    let (guid, people) = stage.gathering(&["ann", "bob", "cat"]).await?;
    let to = group(&guid);
    people[0].types(&to, "started").await?;
    for other in &people[1..] {
        is_to(&other.socket().hears("onTypingStarted", from(&people[0])).await?, &to)?;
    }
    people[0].types(&to, "ended").await?;
    for other in &people[1..] {
        is_to(&other.socket().hears("onTypingEnded", from(&people[0])).await?, &to)?;
    }
    Ok(())
}

async fn typing_keeps_metadata(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    ann.types(&bob.to(), "started").await?;
    let frame = bob.socket().hears("onTypingStarted", from(&ann)).await?;
    ensure!(at(&frame, "body.metadata") == &json!({"mood": "calm"}), "{frame}");
    Ok(())
}

async fn typing_user_is_the_servers_notion(stage: Stage) -> Outcome {
    let (mut ann, bob) = stage.pair().await?;
    let uid = ann.uid().to_owned();
    // What the client says of itself is not believed.
    ann.me["name"] = json!("The director");
    ann.me["uid"] = json!(bob.uid());
    ann.types(&bob.to(), "started").await?;
    let frame = bob.socket().hears("onTypingStarted", |body| body["user"]["uid"] == uid.as_str()).await?;
    ensure!(at(&frame, "body.user.name") == "ann" && frame["sender"] == uid.as_str(), "{frame}");
    Ok(())
}

async fn transient_to_a_user(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    let data = json!({"live": ["reaction", 1, null]});
    ann.signal("transient_message", &bob.to(), json!({"data": data})).await?;
    let frame = bob.socket().hears("onTransientMessageReceived", from(&ann)).await?;
    ensure!(at(&frame, "body.data") == &data, "{frame}");
    is_to(&frame, &bob.to())
}

async fn transient_to_a_group(stage: Stage) -> Outcome {
    let (guid, people) = stage.gathering(&["ann", "bob", "cat"]).await?;
    people[1].signal("transient_message", &group(&guid), json!({"data": {"n": 5}})).await?;
    for other in [&people[0], &people[2]] {
        let frame = other.socket().hears("onTransientMessageReceived", from(&people[1])).await?;
        is_to(&frame, &group(&guid))?;
    }
    Ok(())
}

/// One says something, the other's receipt is heard.
async fn receipt_to_a_user(stage: &Stage, action: &str, event: &str) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    let said = ann.say(&bob.to(), "hello").await?;
    bob.socket().hears("onTextMessageReceived", |body| body["id"] == said["id"]).await?;
    bob.receipt(&said, action).await?;
    let frame = ann.socket().hears(event, |body| body["messageId"] == said["id"]).await?;
    ensure!(at(&frame, "body.user.uid") == bob.uid() && frame["receiverType"] == "user", "{frame}");
    Ok(())
}

async fn delivered_to_a_user(stage: Stage) -> Outcome {
    receipt_to_a_user(&stage, "delivered", "onMessagesDelivered").await
}

async fn read_to_a_user(stage: Stage) -> Outcome {
    receipt_to_a_user(&stage, "read", "onMessagesRead").await
}

async fn receipt_in_a_group(stage: &Stage, action: &str, event: &str) -> Outcome {
    let (guid, people) = stage.gathering(&["ann", "bob", "cat"]).await?;
    let said = people[0].say(&group(&guid), "hello").await?;
    people[1].socket().hears("onTextMessageReceived", |body| body["id"] == said["id"]).await?;
    people[1].receipt(&said, action).await?;
    let frame = people[0].socket().hears(event, |body| body["messageId"] == said["id"]).await?;
    ensure!(at(&frame, "body.user.uid") == people[1].uid(), "{frame}");
    is_to(&frame, &group(&guid))
}

async fn delivered_in_a_group(stage: Stage) -> Outcome {
    receipt_in_a_group(&stage, "delivered", "onMessagesDelivered").await
}

async fn read_in_a_group(stage: Stage) -> Outcome {
    receipt_in_a_group(&stage, "read", "onMessagesRead").await
}

async fn delivered_to_all_and_read_by_all(stage: Stage) -> Outcome {
    let (guid, people) = stage.gathering(&["ann", "bob", "cat"]).await?;
    let said = people[0].say(&group(&guid), "hello").await?;
    for (action, event) in [("delivered", "onMessagesDeliveredToAll"), ("read", "onMessagesReadByAll")] {
        for other in &people[1..] {
            other.receipt(&said, action).await?;
        }
        people[0].socket().hears(event, |body| body["messageId"] == said["id"]).await?;
    }
    Ok(())
}

async fn receipts_go_up_to_an_id(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    let first = ann.say(&bob.to(), "one").await?;
    let last = ann.say(&bob.to(), "two").await?;
    bob.receipt(&last, "read").await?;
    ann.socket().hears("onMessagesRead", |body| body["messageId"] == last["id"]).await?;
    let seen = ann.message(&first).await?;
    ensure!(seen["readAt"].is_u64() && seen["deliveredAt"].is_u64(), "the one before it is read, too: {seen}");
    Ok(())
}

async fn receipts_reach_own_devices(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    let desk = stage.online(bob.uid(), 0).await?;
    let said = ann.say(&bob.to(), "hello").await?;
    bob.receipt(&said, "read").await?;
    desk.socket().hears("onMessagesRead", |body| body["messageId"] == said["id"]).await?;
    Ok(())
}

async fn receipts_have_times(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    let said = ann.say(&bob.to(), "hello").await?;
    bob.receipt(&said, "read").await?;
    let frame = ann.socket().hears("onMessagesRead", |body| body["messageId"] == said["id"]).await?;
    let at = at(&frame, "body.timestamp").as_u64().unwrap_or_default();
    ensure!(at.abs_diff(said["sentAt"].as_u64().unwrap_or_default()) < 60, "seconds: {frame}");
    Ok(())
}

async fn presence(stage: Stage, event: &str) -> Outcome {
    let (ann, bob) = (stage.user("ann").await?, stage.user("bob").await?);
    let watcher = stage.online_with(&ann, 0, crate::client::Presence::AllUsers).await?;
    let mut person = stage.online(&bob, 1).await?;
    watcher.socket().hears("onUserOnline", |body| body["user"]["uid"] == bob.as_str()).await.and_then(|frame| {
        ensure!(at(&frame, "body.user.status") == "available", "{frame}");
        Ok(())
    })?;
    person.disconnect().await?;
    if event == "onUserOffline" {
        let frame = watcher.socket().hears(event, |body| body["user"]["uid"] == bob.as_str()).await?;
        ensure!(at(&frame, "body.user.status") == "offline" && at(&frame, "body.timestamp").is_u64(), "{frame}");
    }
    Ok(())
}

async fn online_has_user_and_time(stage: Stage) -> Outcome {
    presence(stage, "onUserOnline").await
}

async fn offline_has_user_and_time(stage: Stage) -> Outcome {
    presence(stage, "onUserOffline").await
}

async fn typing_does_not_come_back(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    ann.types(&bob.to(), "started").await?;
    bob.socket().hears("onTypingStarted", from(&ann)).await?;
    bob.say(&ann.to(), "I see").await?;
    ann.socket().hears("onTextMessageReceived", |_| true).await?;
    ensure!(!ann.socket().has_heard("onTypingStarted", |_| true));
    Ok(())
}

async fn transient_does_not_come_back(stage: Stage) -> Outcome {
    let (guid, people) = stage.gathering(&["ann", "bob"]).await?;
    people[0].signal("transient_message", &group(&guid), json!({"data": 1})).await?;
    people[1].socket().hears("onTransientMessageReceived", from(&people[0])).await?;
    people[1].say(&group(&guid), "seen").await?;
    people[0].socket().hears("onTextMessageReceived", |_| true).await?;
    ensure!(!people[0].socket().has_heard("onTransientMessageReceived", |_| true));
    Ok(())
}
