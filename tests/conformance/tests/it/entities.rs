//! Section 5, the entities: where getters look for what.

use anyhow::ensure;
use serde_json::{Value, json};

use crate::{
    client::{Client, group},
    entry::Outcome,
    events::form,
    shapes::at,
    stage::Stage,
};

crate::entries!(
    message_has_its_outer_fields,
    message_has_its_entities,
    tags_on_top,
    metadata_in_data,
    muid_comes_back,
    mentions_are_a_map,
    reactions_in_data,
    interactions_in_data,
    parent_and_reply_count,
    unread_replies_count,
    quoted_message,
    times_of_delivery_and_reading,
    own_receipt,
    edited_and_deleted_marks,
    thread_subscription_mark,
    status_words,
    group_fields,
    conversation_without_last_message,
    conversation_fields,
    conversation_of_a_group_has_the_scope,
    call_entity,
    action_extras,
);

async fn hello(stage: &Stage) -> anyhow::Result<(Client, Client, Value)> {
    let (ann, bob) = stage.callers().await?;
    let said = ann.say(&bob.to(), "hello").await?;
    Ok((ann, bob, said))
}

async fn message_has_its_outer_fields(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    let seen = bob.message(&said).await?;
    let expected = format!("{}_user_{}", ann.uid(), bob.uid());
    ensure!(seen["conversationId"] == expected.as_str() && seen["id"] == said["id"], "{seen}");
    ensure!(seen["sender"] == ann.uid() && seen["receiver"] == bob.uid() && seen["sentAt"] == said["sentAt"], "{seen}");
    Ok(())
}

async fn message_has_its_entities(stage: Stage) -> Outcome {
    let (guid, people) = stage.gathering(&["ann", "bob"]).await?;
    let said = people[1].say(&group(&guid), "hello").await?;
    let entities = at(&said, "data.entities");
    ensure!(at(entities, "sender.entity.uid") == people[1].uid(), "{said}");
    let room = at(entities, "receiver.entity");
    ensure!(room["guid"] == guid.as_str() && room["hasJoined"] == true && room["membersCount"] == 2, "{said}");
    Ok(())
}

async fn tags_on_top(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let sent = ann.send_message(&bob.to(), json!({"data": {"text": "hello"}, "tags": ["starred"]})).await?;
    for seen in [&sent, &bob.message(&sent).await?] {
        ensure!(seen["tags"] == json!(["starred"]) && at(seen, "data.tags").is_null(), "{seen}");
    }
    Ok(())
}

async fn metadata_in_data(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let sent =
        ann.send_message(&bob.to(), json!({"data": {"text": "hello", "metadata": {"k": [1, {"l": null}]}}})).await?;
    let seen = bob.message(&sent).await?;
    ensure!(at(&seen, "data.metadata") == &json!({"k": [1, {"l": null}]}), "{seen}");
    Ok(())
}

async fn muid_comes_back(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    let muid = stage.name("muid");
    let sent = ann.send_message(&bob.to(), json!({"data": {"text": "hello"}, "muid": muid})).await?;
    ensure!(sent["muid"] == muid.as_str(), "{sent}");
    bob.socket().hears("onTextMessageReceived", |body| body["muid"] == muid.as_str()).await?;
    Ok(())
}

async fn mentions_are_a_map(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let text = format!("hello <@uid:{}>", bob.uid());
    let sent = ann.send_message(&bob.to(), json!({"data": {"text": text}})).await?;
    let seen = bob.message(&sent).await?;
    ensure!(at(&seen, "data.mentions")[bob.uid()]["name"] == "bob", "{seen}");
    Ok(())
}

async fn reactions_in_data(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    let answer = bob.react(&said, "😀").await?;
    let first = |message: &Value| at(message, "data.reactions.0").clone();
    ensure!(first(&answer) == json!({"reaction": "😀", "count": 1, "reactedByMe": true}), "{answer}");
    let seen = ann.message(&said).await?;
    ensure!(first(&seen)["count"] == 1 && first(&seen)["reactedByMe"] != true, "{seen}");
    Ok(())
}

async fn interactions_in_data(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let sent = ann.send_message(&bob.to(), form()).await?;
    bob.interacted(&sent, "e1").await?;
    let seen = bob.message(&sent).await?;
    let first = at(&seen, "data.interactions.0");
    ensure!(first["elementId"] == "e1" && first["interactedAt"].is_u64(), "{seen}");
    Ok(())
}

async fn parent_and_reply_count(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    let reply = bob.reply(&ann.to(), &said, "a reply").await?;
    ensure!(reply["parentId"] == said["id"], "{reply}");
    let seen = ann.message(&said).await?;
    ensure!(seen["replyCount"] == 1, "{seen}");
    Ok(())
}

async fn unread_replies_count(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    bob.reply(&ann.to(), &said, "a reply").await?;
    let seen = ann.message(&said).await?;
    ensure!(seen["unreadRepliesCount"] == 1, "{seen}");
    Ok(())
}

async fn quoted_message(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    let quoting = bob.send_message(&ann.to(), json!({"data": {"text": "this"}, "quotedMessageId": said["id"]})).await?;
    let seen = ann.message(&quoting).await?;
    ensure!(at(&seen, "quotedMessage.data.text") == "hello" && seen["quotedMessageId"] == said["id"], "{seen}");
    Ok(())
}

async fn times_of_delivery_and_reading(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    bob.mark_conversation(&ann.to(), "delivered").await?;
    let seen = ann.message(&said).await?;
    ensure!(seen["deliveredAt"].is_u64() && seen["readAt"].is_null(), "{seen}");
    bob.mark_conversation(&ann.to(), "read").await?;
    let seen = ann.message(&said).await?;
    ensure!(seen["readAt"].is_u64(), "{seen}");
    Ok(())
}

async fn own_receipt(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    bob.mark_conversation(&ann.to(), "read").await?;
    let seen = bob.message(&said).await?;
    ensure!(at(&seen, "myReceipt.readAt").is_u64() && at(&seen, "myReceipt.deliveredAt").is_u64(), "{seen}");
    Ok(())
}

async fn edited_and_deleted_marks(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    ann.edit(&said, json!({"text": "better"})).await?;
    let seen = bob.message(&said).await?;
    ensure!(seen["editedAt"].is_u64() && seen["editedBy"] == ann.uid(), "{seen}");
    ann.delete(&said).await?;
    let seen = bob.message(&said).await?;
    ensure!(seen["deletedAt"].is_u64() && seen["deletedBy"] == ann.uid() && at(&seen, "data.text").is_null(), "{seen}");
    Ok(())
}

async fn thread_subscription_mark(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    bob.reply(&ann.to(), &said, "a reply").await?;
    ann.subscription("POST", &said).await?;
    ensure!(ann.message(&said).await?["threadSubscribed"] == true);
    ann.subscription("DELETE", &said).await?;
    ensure!(ann.message(&said).await?["threadSubscribed"] != true);
    Ok(())
}

async fn status_words(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    let offline = stage.user("cat").await?;
    // Who has come is written down a moment after the socket is open.
    halley_testkit::eventually("bob is seen online", async || {
        let seen = ann.get_user(bob.uid()).await.ok()?;
        (seen["status"] == "available").then_some(())
    })
    .await;
    ensure!(ann.get_user(&offline).await?["status"] == "offline");
    Ok(())
}

async fn group_fields(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let guid = stage.room(&[&ann, &bob]).await?;
    let seen = bob.get_group(&guid).await?;
    ensure!(seen["hasJoined"] == true && seen["scope"] == "participant", "{seen}");
    ensure!(seen["membersCount"] == 2 && seen["owner"] == ann.uid() && seen["type"] == "public", "{seen}");
    let outside = stage.caller("cat").await?.get_group(&guid).await?;
    ensure!(outside["hasJoined"] == false, "{outside}");
    Ok(())
}

async fn conversation_without_last_message(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let pinned = ann.pin_conversation("POST", &bob.to()).await?;
    ensure!(pinned.get("lastMessage").is_none(), "{pinned}");
    Ok(())
}

async fn conversation_fields(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    ann.say(&bob.to(), "and more").await?;
    let seen = bob.conversation(&ann.to()).await?;
    ensure!(seen["unreadMessageCount"].to_string().trim_matches('"') == "2", "{seen}");
    ensure!(
        at(&seen, "lastMessage.data.text") == "and more" && at(&seen, "conversationWith.uid") == ann.uid(),
        "{seen}"
    );
    ensure!(
        seen["latestMessageId"] == at(&seen, "lastMessage.id").clone() && seen["unreadMentionsCount"] == 0,
        "{seen}"
    );
    bob.mark_conversation(&ann.to(), "read").await?;
    bob.mark_unread(&ann.to(), &said).await?;
    let seen = bob.conversation(&ann.to()).await?;
    ensure!(seen.get("lastReadMessageId").is_none_or(|last| last != &seen["latestMessageId"]), "{seen}");
    Ok(())
}

async fn conversation_of_a_group_has_the_scope(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let guid = stage.room(&[&ann, &bob]).await?;
    ann.say(&group(&guid), "hello").await?;
    let seen = bob.conversation(&group(&guid)).await?;
    ensure!(at(&seen, "conversationWith.scope") == "participant", "{}", seen["conversationWith"]);
    Ok(())
}

async fn call_entity(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let call = ann.ring(&bob.to()).await?;
    let shown = at(&call, "data.entities.on.entity");
    ensure!(shown["sender"] == ann.uid() && shown["receiver"] == bob.uid() && shown["type"] == "audio", "{call}");
    ensure!(shown["conversationId"] == call["conversationId"] && call["category"] == "call", "{call}");
    ensure!(
        at(&call, "data.entities.by.entity.uid") == ann.uid() && at(&call, "data.entities.for.entity.uid") == bob.uid()
    );
    Ok(())
}

async fn action_extras(stage: Stage) -> Outcome {
    let (guid, people) = stage.gathering(&["ann", "bob"]).await?;
    people[0].scope(&guid, people[1].uid(), "admin").await?;
    let frame = people[1].socket().hears("onGroupMemberScopeChanged", |_| true).await?;
    ensure!(at(&frame, "body.data.extras.scope") == &json!({"old": "participant", "new": "admin"}), "{frame}");
    ensure!(at(&frame, "body.data.entities.for.entityType") == "group", "{frame}");
    Ok(())
}
