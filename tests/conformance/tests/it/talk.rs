//! Section 6: messages, files, threads, reactions, marks, conversations.

use anyhow::ensure;
use serde_json::{Value, json};

use crate::{
    client::{Client, code, group, lists::column, query},
    entry::Outcome,
    events::form,
    shapes::{self, at},
    stage::Stage,
};

crate::entries!(
    send_text,
    send_text_to_a_group,
    send_custom,
    send_interactive,
    send_media_by_attachments,
    send_reply,
    send_one_file,
    send_several_files,
    upload_before_the_message,
    get_message_details,
    get_message_receipts,
    edit_message,
    delete_message,
    add_reaction,
    remove_reaction,
    list_reactions,
    list_reactions_of_one_kind,
    mark_as_interacted,
    pin_message,
    unpin_message,
    save_message,
    unsave_message,
    flag_message,
    subscribe_to_thread,
    list_threads,
    list_threads_with_a_user,
    list_threads_of_a_group,
    unread_count_of_all,
    unread_count_of_users_or_groups,
    unread_count_with_a_user,
    unread_count_of_a_group,
    unread_count_without_blocked,
    get_conversation_with_a_user,
    get_conversation_of_a_group,
    tag_conversation,
    delete_conversation,
    mark_conversation_as_read,
    mark_conversation_as_delivered,
    mark_message_as_unread,
    pin_conversation,
    unpin_conversation,
);

async fn hello(stage: &Stage) -> anyhow::Result<(Client, Client, Value)> {
    let (ann, bob) = stage.callers().await?;
    let said = ann.say(&bob.to(), "hello").await?;
    Ok((ann, bob, said))
}

async fn send_text(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    ensure!(said["sender"] == ann.uid() && at(&bob.message(&said).await?, "data.text") == "hello", "{said}");
    Ok(())
}

async fn send_text_to_a_group(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let guid = stage.room(&[&ann, &bob]).await?;
    let said = bob.say(&group(&guid), "hello").await?;
    ensure!(said["conversationId"] == format!("group_{guid}").as_str(), "{said}");
    Ok(())
}

async fn send_custom(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let given = json!({"category": "custom", "type": "poll", "data": {"customData": {"q": "?"}, "subType": "s", "metadata": {"k": 1}}});
    let sent = ann.send_message(&bob.to(), given).await?;
    ensure!(sent["category"] == "custom" && sent["type"] == "poll", "{sent}");
    ensure!(at(&sent, "data.customData.q") == "?" && at(&sent, "data.subType") == "s", "{sent}");
    Ok(())
}

async fn send_interactive(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let sent = ann.send_message(&bob.to(), form()).await?;
    let data = &sent["data"];
    ensure!(
        data["interactionGoal"]["type"] == "anyAction" && data["interactiveData"]["formFields"].is_array(),
        "{sent}"
    );
    Ok(())
}

async fn send_media_by_attachments(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let file = json!({"url": "https://files.example/a.png", "name": "a.png", "mimeType": "image/png", "extension": "png", "size": 10});
    let given = json!({"type": "image", "data": {"attachments": [file], "caption": "as seen"}});
    let sent = ann.send_message(&bob.to(), given).await?;
    ensure!(at(&sent, "data.attachments.0.url") == "https://files.example/a.png", "{sent}");
    ensure!(at(&sent, "data.url") == "https://files.example/a.png" && at(&sent, "data.caption") == "as seen", "{sent}");
    Ok(())
}

async fn send_reply(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    let reply = bob.reply(&ann.to(), &said, "a reply").await?;
    ensure!(reply["parentId"] == said["id"], "{reply}");
    Ok(())
}

async fn send_one_file(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let sent = ann.send_files(&bob.to(), "file", &[("a.txt", "text/plain", b"some words")]).await?;
    ensure!(
        sent["tags"] == json!(["seen"]) && at(&sent, "data.metadata.k") == 1 && at(&sent, "data.caption") == "as seen",
        "{sent}"
    );
    let url = at(&sent, "data.url").as_str().unwrap_or_default();
    ensure!(bob.download(url).await? == b"some words");
    Ok(())
}

async fn send_several_files(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let files: [(&str, &str, &[u8]); 2] = [("a.txt", "text/plain", b"first"), ("b.txt", "text/plain", b"second")];
    let sent = ann.send_files(&bob.to(), "file", &files).await?;
    let attachments = at(&sent, "data.attachments").as_array().cloned().unwrap_or_default();
    ensure!(column(&attachments, "name") == ["a.txt", "b.txt"], "{sent}");
    ensure!(at(&sent, "data.url") == &attachments[0]["url"], "{sent}");
    Ok(())
}

async fn upload_before_the_message(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let content = b"uploaded words";
    let leave = ann.upload_request(&bob.to(), "file-1", "a.txt", "text/plain", content.len()).await?;
    ann.upload(&leave, "a.txt", "text/plain", content).await?;
    let sent =
        ann.send_message(&bob.to(), json!({"type": "file", "data": {"attachments": [leave["attachment"]]}})).await?;
    let url = at(&sent, "data.url").as_str().unwrap_or_default();
    ensure!(bob.download(url).await? == content);
    Ok(())
}

async fn get_message_details(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    for client in [&ann, &bob] {
        ensure!(client.message(&said).await?["id"] == said["id"]);
    }
    let cat = stage.caller("cat").await?;
    code(cat.message(&said).await)?;
    Ok(())
}

async fn get_message_receipts(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    bob.mark_conversation(&ann.to(), "read").await?;
    let receipts = ann.receipts(&said).await?;
    let first = &receipts[0];
    ensure!(
        at(first, "recipient.uid") == bob.uid() && first["readAt"].is_u64() && first["deliveredAt"].is_u64(),
        "{receipts}"
    );
    Ok(())
}

async fn edit_message(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    let action = ann.edit(&said, json!({"text": "better", "metadata": {"k": 2}})).await?;
    let edited = at(&action, "data.entities.on.entity");
    ensure!(
        edited["id"] == said["id"] && at(edited, "data.text") == "better" && edited["editedBy"] == ann.uid(),
        "{action}"
    );
    code(bob.edit(&said, json!({"text": "mine"})).await)?;
    Ok(())
}

async fn delete_message(stage: Stage) -> Outcome {
    let (ann, _, said) = hello(&stage).await?;
    let action = ann.delete(&said).await?;
    let gone = at(&action, "data.entities.on.entity");
    ensure!(gone["id"] == said["id"] && gone["deletedAt"].is_u64() && gone["deletedBy"] == ann.uid(), "{action}");
    Ok(())
}

async fn add_reaction(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    bob.react(&said, "👍").await?;
    let both = ann.react(&said, "👍").await?;
    ensure!(at(&both, "data.reactions.0.count") == 2 && at(&both, "data.reactions.0.reactedByMe") == true, "{both}");
    Ok(())
}

async fn remove_reaction(stage: Stage) -> Outcome {
    let (_, bob, said) = hello(&stage).await?;
    bob.react(&said, "👍").await?;
    let none = bob.unreact(&said, "👍").await?;
    ensure!(at(&none, "data.reactions.0").is_null(), "{none}");
    Ok(())
}

/// Pages of reactions by `meta.next`, whose every key the next call repeats.
async fn reactions(client: &Client, path: &str, affix: &str) -> anyhow::Result<Vec<Value>> {
    let (mut all, mut more) = (Vec::new(), vec![("affix".to_owned(), affix.to_owned())]);
    for _ in 0..20 {
        let path = format!("{path}?limit=2&{}", query(&more));
        let answer = client.call("GET", &path, None).await?;
        let row =
            |row: &Value| match row["reaction"].is_string() && row["uid"].is_string() && row["reactedBy"].is_object() {
                true => Ok(()),
                false => Err(format!("reaction, uid, reactedBy: {row}")),
            };
        shapes::rows(&answer["data"], row).map_err(anyhow::Error::msg)?;
        all.extend(answer["data"].as_array().cloned().unwrap_or_default());
        let beside = at(&answer, if affix == "append" { "meta.next" } else { "meta.previous" });
        let Some(beside) = beside.as_object() else { return Ok(all) };
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        more = beside.iter().map(|(key, value)| (key.clone(), text(value))).collect();
    }
    anyhow::bail!("the walk has no end")
}

async fn list_reactions(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    for emoji in ["😀", "👍", "🎉"] {
        bob.react(&said, emoji).await?;
        ann.react(&said, emoji).await?;
    }
    let path = format!("/messages/{}/reactions", said["id"].as_str().unwrap_or_default());
    for affix in ["append", "prepend"] {
        let rows = reactions(&ann, &path, affix).await?;
        ensure!(rows.len() == 6, "{affix}: {} rows", rows.len());
    }
    Ok(())
}

async fn list_reactions_of_one_kind(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    bob.react(&said, "😀").await?;
    bob.react(&said, "👍").await?;
    let path =
        format!("/messages/{}/reactions/{}", said["id"].as_str().unwrap_or_default(), crate::client::segment("👍"));
    let rows = reactions(&ann, &path, "append").await?;
    ensure!(column(&rows, "reaction") == ["👍"], "{rows:?}");
    Ok(())
}

async fn mark_as_interacted(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let sent = ann.send_message(&bob.to(), form()).await?;
    bob.interacted(&sent, "e2").await?;
    ensure!(at(&bob.message(&sent).await?, "data.interactions.0.elementId") == "e2");
    ensure!(at(&ann.message(&sent).await?, "data.interactions.0").is_null(), "they are the viewer's own");
    Ok(())
}

async fn pin_message(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    let pinned = bob.on_message("POST", &said, "/pin").await?;
    ensure!(pinned["pinnedBy"] == bob.uid() && ann.message(&said).await?["pinnedAt"].is_u64(), "{pinned}");
    Ok(())
}

async fn unpin_message(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    bob.on_message("POST", &said, "/pin").await?;
    bob.on_message("DELETE", &said, "/pin").await?;
    ensure!(ann.message(&said).await?["pinnedAt"].is_null());
    Ok(())
}

async fn save_message(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    let saved = bob.on_message("POST", &said, "/save").await?;
    ensure!(saved["savedAt"].is_u64() && ann.message(&said).await?["savedAt"].is_null(), "{saved}");
    Ok(())
}

async fn unsave_message(stage: Stage) -> Outcome {
    let (_, bob, said) = hello(&stage).await?;
    bob.on_message("POST", &said, "/save").await?;
    let free = bob.on_message("DELETE", &said, "/save").await?;
    ensure!(free["savedAt"].is_null(), "{free}");
    Ok(())
}

async fn flag_message(stage: Stage) -> Outcome {
    let (_, bob, said) = hello(&stage).await?;
    // Clients refuse what is none of the settings' reasons.
    let reason = at(&bob.settings, "flagReasons.0.id").as_str().unwrap_or_default().to_owned();
    bob.flag(&said, &reason).await?;
    let flagged = stage.server("GET", "/moderation/flagged-messages?limit=100", json!({})).await?;
    ensure!(flagged.to_string().contains(&format!("\"id\":{}", said["id"])), "{} is not reported", said["id"]);
    Ok(())
}

async fn subscribe_to_thread(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    bob.reply(&ann.to(), &said, "a reply").await?;
    ann.subscription("POST", &said).await?;
    ann.subscription("DELETE", &said).await?;
    Ok(())
}

/// A thread as its list shows it.
async fn threads(client: &Client, path: &str, parent: &Value) -> anyhow::Result<Value> {
    let shape = |rows: &Value| {
        shapes::rows(rows, |row| {
            shapes::message(row)?;
            shapes::message(&row["lastReply"]).map_err(|fault| format!("lastReply.{fault}"))?;
            let is_whole =
                row["replyCount"].is_u64() && row["subscribed"].is_boolean() && row["unreadReplyCount"].is_u64();
            if is_whole { Ok(()) } else { Err(format!("replyCount, subscribed, unreadReplyCount: {row}")) }
        })
    };
    let rows = client.data("GET", &format!("{path}?participatedByMe=false&limit=30"), None, shape).await?;
    let found = rows.as_array().into_iter().flatten().find(|row| row["id"] == parent["id"]).cloned();
    found.ok_or_else(|| anyhow::anyhow!("{path} lists {rows}"))
}

async fn list_threads(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    bob.reply(&ann.to(), &said, "a reply").await?;
    let row = threads(&ann, "/threads", &said).await?;
    ensure!(
        row["replyCount"] == 1 && at(&row, "lastReply.data.text") == "a reply" && row["unreadReplyCount"] == 1,
        "{row}"
    );
    Ok(())
}

async fn list_threads_with_a_user(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    bob.reply(&ann.to(), &said, "a reply").await?;
    threads(&ann, &format!("{}/threads", bob.to().path()), &said).await?;
    Ok(())
}

async fn list_threads_of_a_group(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let to = group(&stage.room(&[&ann, &bob]).await?);
    let said = ann.say(&to, "hello").await?;
    bob.reply(&to, &said, "a reply").await?;
    let path = format!("{}/threads", to.path());
    halley_testkit::eventually("the thread is listed", async || threads(&ann, &path, &said).await.ok()).await;
    Ok(())
}

fn count(rows: &Value, id: &str) -> Value {
    let row = rows.as_array().into_iter().flatten().find(|row| row["entityId"] == id);
    row.map(|row| row["count"].clone()).unwrap_or_default()
}

/// Two messages to Bob by Ann, one in a group of theirs.
async fn unread(stage: &Stage) -> anyhow::Result<(Client, Client, String)> {
    let (ann, bob) = stage.callers().await?;
    let guid = stage.room(&[&ann, &bob]).await?;
    ann.say(&bob.to(), "one").await?;
    ann.say(&bob.to(), "two").await?;
    ann.say(&group(&guid), "three").await?;
    Ok((ann, bob, guid))
}

async fn unread_count_of_all(stage: Stage) -> Outcome {
    let (ann, bob, guid) = unread(&stage).await?;
    let rows = bob.unread("/messages", "").await?;
    ensure!(count(&rows, ann.uid()) == 2 && count(&rows, &guid) == 1, "{rows}");
    Ok(())
}

async fn unread_count_of_users_or_groups(stage: Stage) -> Outcome {
    let (ann, bob, guid) = unread(&stage).await?;
    let users = bob.unread("/messages", "&receiverType=user").await?;
    ensure!(count(&users, ann.uid()) == 2 && count(&users, &guid).is_null(), "{users}");
    let groups = bob.unread("/messages", "&receiverType=group").await?;
    ensure!(count(&groups, ann.uid()).is_null() && count(&groups, &guid) == 1, "{groups}");
    Ok(())
}

async fn unread_count_with_a_user(stage: Stage) -> Outcome {
    let (ann, bob, guid) = unread(&stage).await?;
    let rows = bob.unread(&format!("{}/messages", ann.to().path()), &format!("&uid={}", ann.uid())).await?;
    ensure!(count(&rows, ann.uid()) == 2 && count(&rows, &guid).is_null(), "{rows}");
    Ok(())
}

async fn unread_count_of_a_group(stage: Stage) -> Outcome {
    let (ann, bob, guid) = unread(&stage).await?;
    let rows = bob.unread(&format!("{}/messages", group(&guid).path()), &format!("&guid={guid}")).await?;
    ensure!(count(&rows, ann.uid()).is_null() && count(&rows, &guid) == 1, "{rows}");
    Ok(())
}

async fn unread_count_without_blocked(stage: Stage) -> Outcome {
    let (ann, bob, _) = unread(&stage).await?;
    bob.block(&[ann.uid()]).await?;
    halley_testkit::eventually("the block is known", async || {
        let rows = bob.call("GET", "/messages?unread=1&count=1&hideMessagesFromBlockedUsers=1", None).await.ok()?;
        count(&rows["data"], ann.uid()).is_null().then_some(())
    })
    .await;
    ensure!(count(&bob.unread("/messages", "").await?, ann.uid()) == 2);
    Ok(())
}

async fn get_conversation_with_a_user(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    let seen = bob.conversation(&ann.to()).await?;
    ensure!(at(&seen, "lastMessage.id") == &said["id"] && seen["conversationType"] == "user", "{seen}");
    Ok(())
}

async fn get_conversation_of_a_group(stage: Stage) -> Outcome {
    let (ann, bob, guid) = unread(&stage).await?;
    let seen = bob.conversation(&group(&guid)).await?;
    ensure!(at(&seen, "conversationWith.guid") == guid.as_str() && seen["conversationType"] == "group", "{seen}");
    ensure!(at(&seen, "lastMessage.sender") == ann.uid(), "{seen}");
    Ok(())
}

async fn tag_conversation(stage: Stage) -> Outcome {
    let (ann, bob, _) = hello(&stage).await?;
    let tagged = ann.tag_conversation(&bob.to(), &["work"]).await?;
    ensure!(
        tagged["tags"] == json!(["work"]) && ann.conversation(&bob.to()).await?["tags"] == json!(["work"]),
        "{tagged}"
    );
    Ok(())
}

async fn delete_conversation(stage: Stage) -> Outcome {
    let (ann, bob, _) = hello(&stage).await?;
    ann.delete_conversation(&bob.to()).await?;
    code(ann.conversation(&bob.to()).await)?;
    bob.conversation(&ann.to()).await?;
    Ok(())
}

/// Unread messages of Bob's from Ann.
async fn unread_of(bob: &Client, ann: &Client) -> anyhow::Result<String> {
    Ok(bob.conversation(&ann.to()).await?["unreadMessageCount"].to_string().trim_matches('"').to_owned())
}

async fn mark_conversation_as_read(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    bob.mark_conversation(&ann.to(), "read").await?;
    ensure!(unread_of(&bob, &ann).await? == "0" && ann.message(&said).await?["readAt"].is_u64());
    Ok(())
}

async fn mark_conversation_as_delivered(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    bob.mark_conversation(&ann.to(), "delivered").await?;
    let seen = ann.message(&said).await?;
    ensure!(seen["deliveredAt"].is_u64() && seen["readAt"].is_null() && unread_of(&bob, &ann).await? == "1", "{seen}");
    Ok(())
}

async fn mark_message_as_unread(stage: Stage) -> Outcome {
    let (ann, bob, said) = hello(&stage).await?;
    ann.say(&bob.to(), "more").await?;
    bob.mark_conversation(&ann.to(), "read").await?;
    let answer = bob.mark_unread(&ann.to(), &said).await?;
    // What comes after the message is unread.
    ensure!(at(&answer, "conversation.unreadMessageCount").to_string().trim_matches('"') == "1", "{answer}");
    ensure!(unread_of(&bob, &ann).await? == "1");
    Ok(())
}

async fn pin_conversation(stage: Stage) -> Outcome {
    let (ann, bob, _) = hello(&stage).await?;
    let pinned = ann.pin_conversation("POST", &bob.to()).await?;
    ensure!(pinned["pinnedAt"].is_u64() && pinned["pinnedBy"].is_string(), "{pinned}");
    Ok(())
}

async fn unpin_conversation(stage: Stage) -> Outcome {
    let (ann, bob, _) = hello(&stage).await?;
    ann.pin_conversation("POST", &bob.to()).await?;
    let free = ann.pin_conversation("DELETE", &bob.to()).await?;
    ensure!(free["pinnedAt"].is_null(), "{free}");
    Ok(())
}
