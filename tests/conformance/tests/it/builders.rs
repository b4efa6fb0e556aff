//! Section 7: the options of `MessagesRequest`, each by the rows that it leaves and those that it takes away, and its paging.

use std::time::Duration;

use anyhow::ensure;
use halley_testkit::eventually;
use serde_json::{Value, json};

use crate::{
    client::{
        Client, group,
        lists::{Messages, column},
    },
    entry::Outcome,
    events::form,
    shapes::at,
    stage::Stage,
};

crate::entries!(
    previous_with_a_user,
    previous_of_a_group,
    previous_in_a_thread,
    previous_of_all,
    next_with_a_user,
    next_of_a_group,
    next_in_a_thread,
    next_of_all,
    end_of_a_walk_asks_no_more,
    cursor_is_an_object,
    set_message_id,
    set_timestamp,
    set_unread,
    set_updated_after,
    updates_only,
    search_keyword,
    hide_replies,
    hide_deleted_messages,
    hide_messages_from_blocked_users,
    messages_pinned,
    messages_saved,
    set_category,
    set_categories,
    set_type,
    set_types,
    set_tags,
    with_tags,
    has_attachments,
    has_links,
    has_mentions,
    has_reactions,
    mentioned_uids,
    attachment_types,
    mentions_with_tag_info,
    mentions_with_blocked_info,
    with_parent,
    hide_quoted_messages,
    interaction_goal_completed_only,
    with_thread_subscribed,
    options_together,
);

/// Ann and Bob, and the path of what Bob reads of them.
struct Chat {
    ann: Client,
    bob: Client,
    path: String,
}

impl Chat {
    async fn new(stage: &Stage) -> anyhow::Result<Self> {
        let (ann, bob) = stage.callers().await?;
        let path = format!("{}/messages", ann.to().path());
        Ok(Self { ann, bob, path })
    }

    async fn say(&self, text: &str) -> anyhow::Result<Value> {
        Ok(self.ann.say(&self.bob.to(), text).await?)
    }

    async fn send(&self, given: Value) -> anyhow::Result<Value> {
        Ok(self.ann.send_message(&self.bob.to(), given).await?)
    }

    /// What Bob gets with these options.
    async fn rows(&self, given: &[(&str, &str)]) -> anyhow::Result<Vec<Value>> {
        Ok(Messages::new(&self.bob, &self.path, 30, given).all("prepend").await?)
    }

    /// These options leave these messages alone.
    async fn leaves(&self, given: &[(&str, &str)], expected: &[&Value]) -> Outcome {
        let ids = column(&self.rows(given).await?, "id");
        let expected = of(expected);
        ensure!(ids == expected, "{given:?} leaves {ids:?}, not {expected:?}");
        Ok(())
    }
}

fn id(message: &Value) -> &str {
    message["id"].as_str().unwrap_or_default()
}

fn of(messages: &[&Value]) -> Vec<String> {
    messages.iter().map(|message| id(message).to_owned()).collect()
}

/// Five messages at a path, walked in both directions, two at a time.
async fn walk(stage: &Stage, place: &str, affix: &str) -> Outcome {
    let stage = if place == "all" { stage.clone().alone().await? } else { stage.clone() };
    let (ann, bob) = stage.callers().await?;
    let room = group(&stage.room(&[&ann, &bob]).await?);
    let parent = ann.say(&bob.to(), "the parent").await?;
    let mut sent = Vec::new();
    for text in ["1", "2", "3", "4", "5"] {
        sent.push(match place {
            "group" => ann.say(&room, text).await?,
            "thread" => ann.reply(&bob.to(), &parent, text).await?,
            _ => ann.say(&bob.to(), text).await?,
        });
    }
    let path = match place {
        "group" => format!("{}/messages", room.path()),
        "thread" => format!("/messages/{}/thread", id(&parent)),
        "user" => format!("{}/messages", ann.to().path()),
        _ => "/messages".to_owned(),
    };
    let filter = ("types", "text");
    let mut request = match affix {
        "prepend" => Messages::new(&bob, &path, 2, &[filter]),
        _ => Messages::new(&bob, &path, 2, &[filter, ("id", id(&parent))]),
    };
    let rows = request.all(affix).await?;
    let got: Vec<String> = column(&rows, "id").into_iter().filter(|row| row != id(&parent)).collect();
    ensure!(got == of(&sent.iter().collect::<Vec<_>>()), "{got:?}");
    ensure!(request.calls >= 3, "it was asked page by page");
    Ok(())
}

async fn previous_with_a_user(stage: Stage) -> Outcome {
    walk(&stage, "user", "prepend").await
}

async fn previous_of_a_group(stage: Stage) -> Outcome {
    walk(&stage, "group", "prepend").await
}

async fn previous_in_a_thread(stage: Stage) -> Outcome {
    walk(&stage, "thread", "prepend").await
}

async fn previous_of_all(stage: Stage) -> Outcome {
    walk(&stage, "all", "prepend").await
}

async fn next_with_a_user(stage: Stage) -> Outcome {
    walk(&stage, "user", "append").await
}

async fn next_of_a_group(stage: Stage) -> Outcome {
    walk(&stage, "group", "append").await
}

async fn next_in_a_thread(stage: Stage) -> Outcome {
    walk(&stage, "thread", "append").await
}

async fn next_of_all(stage: Stage) -> Outcome {
    walk(&stage, "all", "append").await
}

async fn end_of_a_walk_asks_no_more(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    chat.say("1").await?;
    let mut request = Messages::new(&chat.bob, &chat.path, 10, &[]);
    ensure!(request.previous().await?.len() == 1);
    while !request.previous().await?.is_empty() {}
    let calls = request.calls;
    ensure!(request.previous().await?.is_empty() && request.calls == calls, "the walk is over");
    Ok(())
}

async fn cursor_is_an_object(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    for text in ["1", "2", "3"] {
        chat.say(text).await?;
    }
    for affix in ["prepend", "append"] {
        let path = format!(
            "{}?per_page=2&affix={affix}&withThreadSubscribed=true&id={}",
            chat.path,
            if affix == "append" { "1" } else { "99999999" }
        );
        let answer = chat.bob.call("GET", &path, None).await?;
        let cursor = at(&answer, "meta.cursor");
        let row = at(&answer, if affix == "append" { "data.1" } else { "data.0" });
        ensure!(
            cursor.is_object() && cursor.get("id").is_some() && cursor.get("sentAt").is_some(),
            "{affix}: {}",
            answer["meta"]
        );
        // What the cursor says is what the client takes from the row.
        ensure!(cursor["id"] == row["id"] && cursor["sentAt"] == row["sentAt"], "{affix}: {cursor} of {row}");
    }
    Ok(())
}

async fn set_message_id(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    let (first, middle, last) = (chat.say("1").await?, chat.say("2").await?, chat.say("3").await?);
    chat.leaves(&[("id", id(&middle))], &[&first]).await?;
    let next = Messages::new(&chat.bob, &chat.path, 30, &[("id", id(&middle))]).next().await?;
    ensure!(column(&next, "id") == of(&[&last]), "{next:?}");
    Ok(())
}

/// Into the next second, in which times of messages are told.
async fn next_second(after: &Value, key: &str) {
    let of = Duration::from_secs(after[key].as_u64().unwrap_or_default() + 1);
    let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    tokio::time::sleep(of.saturating_sub(now()) + Duration::from_millis(20)).await;
}

async fn set_timestamp(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    let first = chat.say("1").await?;
    next_second(&first, "sentAt").await;
    let second = chat.say("2").await?;
    let after = first["sentAt"].to_string();
    let next = Messages::new(&chat.bob, &chat.path, 30, &[("sentAt", &after)]).next().await?;
    ensure!(column(&next, "id") == of(&[&second]), "after {after}: {next:?}");
    let before = second["sentAt"].to_string();
    chat.leaves(&[("sentAt", &before)], &[&first]).await
}

async fn set_unread(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    chat.say("1").await?;
    chat.bob.mark_conversation(&chat.ann.to(), "read").await?;
    let unread = chat.say("2").await?;
    chat.bob.say(&chat.ann.to(), "his own").await?;
    chat.leaves(&[("unread", "1")], &[&unread]).await
}

async fn set_updated_after(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    let (first, second) = (chat.say("1").await?, chat.say("2").await?);
    next_second(&second, "sentAt").await;
    chat.ann.edit(&first, json!({"text": "one"})).await?;
    let after = second["updatedAt"].to_string();
    let given = [("updatedAt", &*after), ("categories", "message")];
    let rows = Messages::new(&chat.bob, &chat.path, 30, &given).next().await?;
    ensure!(column(&rows, "id") == of(&[&first]) && at(&rows[0], "data.text") == "one", "{rows:?}");
    Ok(())
}

async fn updates_only(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    let first = chat.say("1").await?;
    next_second(&first, "sentAt").await;
    chat.ann.edit(&first, json!({"text": "one"})).await?;
    let sent = chat.say("2").await?;
    let after = first["updatedAt"].to_string();
    let given =
        |only: &'static str| [("updatedAt".to_owned(), after.clone()), ("onlyUpdates".to_owned(), only.to_owned())];
    for (only, expected) in [("1", vec![&first]), ("0", vec![&first, &sent])] {
        let pairs = given(only);
        let pairs: Vec<(&str, &str)> =
            pairs.iter().map(|(name, value)| (&**name, &**value)).chain([("categories", "message")]).collect();
        let mut ids = column(&Messages::new(&chat.bob, &chat.path, 30, &pairs).next().await?, "id");
        ids.sort_by_key(|id| id.parse::<u64>().unwrap_or_default());
        ensure!(ids == of(&expected), "onlyUpdates={only}: {ids:?}");
    }
    Ok(())
}

async fn search_keyword(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    let found = chat.say("the quick fox").await?;
    chat.say("the lazy dog").await?;
    chat.leaves(&[("searchKey", "quick")], &[&found]).await
}

async fn hide_replies(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    let parent = chat.say("1").await?;
    let reply = chat.ann.reply(&chat.bob.to(), &parent, "a reply").await?;
    let last = chat.say("2").await?;
    chat.leaves(&[("hideReplies", "true")], &[&parent, &last]).await?;
    chat.leaves(&[], &[&parent, &reply, &last]).await
}

async fn hide_deleted_messages(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    let (gone, stays) = (chat.say("1").await?, chat.say("2").await?);
    chat.ann.delete(&gone).await?;
    let only = ("categories", "message");
    chat.leaves(&[("hideDeleted", "1"), only], &[&stays]).await?;
    chat.leaves(&[only], &[&gone, &stays]).await
}

async fn hide_messages_from_blocked_users(stage: Stage) -> Outcome {
    let (ann, bob) = stage.callers().await?;
    let cat = stage.caller("cat").await?;
    let to = group(&stage.room(&[&ann, &bob, &cat]).await?);
    let (blocked, other) = (ann.say(&to, "1").await?, cat.say(&to, "2").await?);
    bob.block(&[ann.uid()]).await?;
    let path = format!("{}/messages", to.path());
    let only = ("categories", "message");
    eventually("the block is known", async || {
        let given = [("hideMessagesFromBlockedUsers", "1"), only];
        let rows = Messages::new(&bob, &path, 30, &given).all("prepend").await.ok()?;
        (column(&rows, "id") == of(&[&other])).then_some(())
    })
    .await;
    let all = Messages::new(&bob, &path, 30, &[only]).all("prepend").await?;
    ensure!(column(&all, "id") == of(&[&blocked, &other]), "{all:?}");
    Ok(())
}

/// `fetchNext` needs no place to begin at for these.
async fn marked(stage: &Stage, what: &str, option: &str) -> Outcome {
    let chat = Chat::new(stage).await?;
    let (first, _, last) = (chat.say("1").await?, chat.say("2").await?, chat.say("3").await?);
    for message in [&first, &last] {
        chat.bob.on_message("POST", message, what).await?;
    }
    for affix in ["prepend", "append"] {
        let mut ids = column(&Messages::new(&chat.bob, &chat.path, 30, &[(option, "1")]).all(affix).await?, "id");
        ids.sort_by_key(|id| id.parse::<u64>().unwrap_or_default());
        ensure!(ids == of(&[&first, &last]), "{affix}: {ids:?}");
    }
    Ok(())
}

async fn messages_pinned(stage: Stage) -> Outcome {
    marked(&stage, "/pin", "pinned").await
}

async fn messages_saved(stage: Stage) -> Outcome {
    marked(&stage, "/save", "saved").await
}

/// A text, a custom message and an interactive one.
async fn kinds(chat: &Chat) -> anyhow::Result<[Value; 3]> {
    let custom = json!({"category": "custom", "type": "poll", "data": {"customData": {"q": "?"}}});
    Ok([chat.say("1").await?, chat.send(custom).await?, chat.send(form()).await?])
}

async fn set_category(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    let [_, custom, _] = kinds(&chat).await?;
    chat.leaves(&[("categories", "custom")], &[&custom]).await
}

async fn set_categories(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    let [text, _, interactive] = kinds(&chat).await?;
    chat.leaves(&[("categories", "message,interactive")], &[&text, &interactive]).await
}

async fn set_type(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    let [_, poll, _] = kinds(&chat).await?;
    chat.leaves(&[("types", "poll")], &[&poll]).await
}

async fn set_types(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    let [text, _, interactive] = kinds(&chat).await?;
    chat.leaves(&[("types", "text,form")], &[&text, &interactive]).await
}

async fn set_tags(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    let tagged = |tag: &str| json!({"data": {"text": tag}, "tags": [tag]});
    let (a, b) = (chat.send(tagged("a")).await?, chat.send(tagged("b")).await?);
    chat.send(tagged("c")).await?;
    chat.leaves(&[("tags", "a")], &[&a]).await?;
    chat.leaves(&[("tags", "a,b")], &[&a, &b]).await
}

async fn with_tags(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    chat.send(json!({"data": {"text": "1"}, "tags": ["a"]})).await?;
    let rows = chat.rows(&[("withTags", "1")]).await?;
    ensure!(rows.len() == 1 && rows[0]["tags"] == json!(["a"]), "{rows:?}");
    Ok(())
}

fn file(kind: &str, mime: &str) -> Value {
    let attachment =
        json!({"url": "https://files.example/a", "name": "a", "mimeType": mime, "extension": "a", "size": 1});
    json!({"type": kind, "data": {"attachments": [attachment]}})
}

async fn has_attachments(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    chat.say("1").await?;
    let with = chat.send(file("image", "image/png")).await?;
    chat.leaves(&[("hasAttachments", "1")], &[&with]).await
}

async fn has_links(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    chat.say("1").await?;
    let with = chat.say("see https://example.com/page").await?;
    chat.leaves(&[("hasLinks", "1")], &[&with]).await
}

async fn has_mentions(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    chat.say("1").await?;
    let with = chat.say(&format!("hello <@uid:{}>", chat.bob.uid())).await?;
    chat.leaves(&[("hasMentions", "1")], &[&with]).await
}

async fn has_reactions(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    chat.say("1").await?;
    let with = chat.say("2").await?;
    chat.bob.react(&with, "👍").await?;
    chat.leaves(&[("hasReactions", "1")], &[&with]).await
}

async fn mentioned_uids(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    let (ann, bob) = (chat.ann.uid().to_owned(), chat.bob.uid().to_owned());
    let first = chat.say(&format!("<@uid:{bob}>")).await?;
    let second = chat.say(&format!("<@uid:{ann}>")).await?;
    chat.say("nobody").await?;
    chat.leaves(&[("mentionedUids", &bob)], &[&first]).await?;
    chat.leaves(&[("mentionedUids", &format!("{ann},{bob}"))], &[&first, &second]).await
}

async fn attachment_types(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    let image = chat.send(file("image", "image/png")).await?;
    let audio = chat.send(file("audio", "audio/mpeg")).await?;
    chat.send(file("video", "video/mp4")).await?;
    chat.leaves(&[("attachmentTypes", "image")], &[&image]).await?;
    chat.leaves(&[("attachmentTypes", "image,audio")], &[&image, &audio]).await
}

async fn mentions_with_tag_info(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    let uid = chat.bob.uid().to_owned();
    stage.server("PUT", &format!("/users/{uid}"), json!({"tags": ["vip"]})).await?;
    let told = eventually("the tags are known", async || {
        chat.say(&format!("<@uid:{uid}>")).await.ok()?;
        let rows = chat.rows(&[("mentionsWithTagInfo", "1")]).await.ok()?;
        (at(rows.last()?, "data.mentions")[&uid]["tags"] == json!(["vip"])).then_some(())
    });
    told.await;
    let without = chat.rows(&[]).await?;
    ensure!(without.iter().all(|row| at(row, "data.mentions")[&uid]["tags"].is_null()), "{without:?}");
    Ok(())
}

async fn mentions_with_blocked_info(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    let cat = stage.user("cat").await?;
    chat.bob.block(&[&cat]).await?;
    chat.say(&format!("<@uid:{cat}>")).await?;
    let rows = chat.rows(&[("mentionsWithBlockedInfo", "1")]).await?;
    ensure!(at(&rows[0], "data.mentions")[&cat]["blockedByMe"] == true, "{rows:?}");
    Ok(())
}

async fn with_parent(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    let parent = chat.say("the parent").await?;
    let reply = chat.ann.reply(&chat.bob.to(), &parent, "a reply").await?;
    let path = format!("/messages/{}/thread", id(&parent));
    let rows = Messages::new(&chat.bob, &path, 30, &[("withParent", "1")]).previous().await?;
    ensure!(column(&rows, "id") == of(&[&parent, &reply]), "{:?}", column(&rows, "id"));
    let rows = Messages::new(&chat.bob, &path, 30, &[]).previous().await?;
    ensure!(column(&rows, "id") == of(&[&reply]), "{:?}", column(&rows, "id"));
    Ok(())
}

async fn hide_quoted_messages(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    let said = chat.say("1").await?;
    chat.send(json!({"data": {"text": "this"}, "quotedMessageId": said["id"]})).await?;
    let shown = chat.rows(&[]).await?;
    ensure!(shown[1]["quotedMessage"].is_object(), "{shown:?}");
    let hidden = chat.rows(&[("hideQuotedMessages", "1")]).await?;
    ensure!(hidden.len() == 2 && hidden[1]["quotedMessage"].is_null(), "{hidden:?}");
    Ok(())
}

async fn interaction_goal_completed_only(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    let (done, _open) = (chat.send(form()).await?, chat.send(form()).await?);
    chat.bob.interacted(&done, "e1").await?;
    chat.leaves(&[("onlyInteractionGoalCompleted", "1"), ("categories", "interactive")], &[&done]).await
}

async fn with_thread_subscribed(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    let said = chat.say("1").await?;
    chat.bob.reply(&chat.ann.to(), &said, "a reply").await?;
    chat.bob.subscription("POST", &said).await?;
    let rows = chat.rows(&[("hideReplies", "true")]).await?;
    ensure!(rows[0]["threadSubscribed"] == true, "{rows:?}");
    Ok(())
}

async fn options_together(stage: Stage) -> Outcome {
    let chat = Chat::new(&stage).await?;
    chat.send(json!({"data": {"text": "one apple"}, "tags": ["a"]})).await?;
    let wanted = chat.send(json!({"data": {"text": "two apple"}, "tags": ["b"]})).await?;
    chat.send(json!({"data": {"text": "two pears"}, "tags": ["b"]})).await?;
    let given = [
        ("searchKey", "apple"),
        ("tags", "b"),
        ("categories", "message"),
        ("types", "text"),
        ("hideDeleted", "1"),
        ("hideReplies", "true"),
    ];
    chat.leaves(&given, &[&wanted]).await
}
