//! Section 5, what comes down the socket by calls: messages, actions, calls, reactions, marks.

use anyhow::ensure;
use serde_json::{Value, json};

use crate::{
    client::{Client, group},
    entry::Outcome,
    shapes::at,
    stage::Stage,
};

crate::entries!(
    text_message,
    media_message,
    custom_message,
    interactive_message,
    card_message,
    message_edited,
    message_deleted,
    member_joined,
    member_left,
    member_kicked,
    member_banned,
    member_unbanned,
    member_scope_changed,
    member_added,
    call_incoming,
    call_accepted,
    call_rejected,
    call_busy,
    call_cancelled,
    call_unanswered,
    call_ended,
    reaction_added,
    reaction_removed,
    message_pinned,
    message_unpinned,
    message_saved,
    message_unsaved,
    conversation_pinned,
    conversation_unpinned,
    messages_reach_all_devices,
    messages_reach_all_members,
    removed_users_are_told,
    pins_reach_everybody,
    saves_reach_own_devices_only,
    own_device_ignores_its_own,
    each_message_comes_once,
);

fn is(message: &Value) -> impl Fn(&Value) -> bool {
    let id = message["id"].clone();
    move |body| body["id"] == id
}

/// An action or edit about a message.
fn about(message: &Value) -> impl Fn(&Value) -> bool {
    let id = message["id"].clone();
    move |body| at(body, "data.entities.on.entity.id") == &id
}

/// An action about somebody.
fn on(uid: &str) -> impl Fn(&Value) -> bool {
    let uid = uid.to_owned();
    move |body| at(body, "data.entities.on.entity.uid") == uid.as_str()
}

async fn text_message(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    let said = ann.say(&bob.to(), "hello").await?;
    let frame = bob.socket().hears("onTextMessageReceived", is(&said)).await?;
    ensure!(at(&frame, "body.data.text") == "hello" && frame["sender"] == ann.uid(), "{frame}");
    ensure!(frame["receiver"] == bob.uid() && frame["receiverType"] == "user", "{frame}");
    Ok(())
}

async fn media_message(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    let sent = ann.send_files(&bob.to(), "file", &[("a.txt", "text/plain", b"some words")]).await?;
    let frame = bob.socket().hears("onMediaMessageReceived", is(&sent)).await?;
    ensure!(
        at(&frame, "body.data.attachments.0.url").is_string() && at(&frame, "body.data.url").is_string(),
        "{frame}"
    );
    Ok(())
}

async fn custom_message(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    let given =
        json!({"category": "custom", "type": "location", "data": {"customData": {"lat": 1}, "subType": "place"}});
    let sent = ann.send_message(&bob.to(), given).await?;
    let frame = bob.socket().hears("onCustomMessageReceived", is(&sent)).await?;
    ensure!(at(&frame, "body.data.customData.lat") == 1 && at(&frame, "body.data.subType") == "place", "{frame}");
    Ok(())
}

/// A form with one button.
pub fn form() -> Value {
    json!({"category": "interactive", "type": "form", "data": {
        "interactiveData": {"title": "Question", "formFields": [
            {"elementType": "textInput", "elementId": "e1", "label": "Name", "optional": true, "defaultValue": {"value": ""}}],
            "submitElement": {"elementType": "button", "elementId": "e2", "buttonText": "Send",
                "action": {"actionType": "urlNavigation", "url": "https://example.com"}}},
        "interactionGoal": {"type": "anyAction", "elementIds": ["e1", "e2"]}, "allowSenderInteraction": false}})
}

async fn interactive_message(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    let sent = ann.send_message(&bob.to(), form()).await?;
    let frame = bob.socket().hears("onInteractiveMessageReceived", is(&sent)).await?;
    let data = at(&frame, "body.data");
    ensure!(data["interactiveData"]["title"] == "Question", "{frame}");
    ensure!(data["interactionGoal"]["type"] == "anyAction" && data["allowSenderInteraction"] == false, "{frame}");
    Ok(())
}

async fn card_message(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    let card = json!({"receiver": bob.uid(), "receiverType": "user", "category": "card", "type": "card",
        "data": {"card": {"title": "Offer"}, "text": "An offer", "fallbackText": "An offer"}});
    let path = format!("{}/messages", ann.base);
    let request = stage.ground.http.post(path).header("appid", &stage.app.id).header("apikey", &stage.app.api_key);
    let answer: Value = request.header("onbehalfof", ann.uid()).json(&card).send().await?.json().await?;
    ensure!(answer["data"]["id"].is_string(), "the app's server sends a card: {answer}");
    bob.socket().hears("onCardMessageReceived", is(&answer["data"])).await?;
    Ok(())
}

async fn message_edited(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    let said = ann.say(&bob.to(), "helo").await?;
    ann.edit(&said, json!({"text": "hello"})).await?;
    let frame = bob.socket().hears("onMessageEdited", about(&said)).await?;
    let edited = at(&frame, "body.data.entities.on.entity");
    ensure!(at(edited, "data.text") == "hello" && edited["editedAt"].is_u64(), "{frame}");
    ensure!(edited["editedBy"] == ann.uid(), "{frame}");
    Ok(())
}

async fn message_deleted(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    let said = ann.say(&bob.to(), "oops").await?;
    ann.delete(&said).await?;
    let frame = bob.socket().hears("onMessageDeleted", about(&said)).await?;
    let gone = at(&frame, "body.data.entities.on.entity");
    ensure!(gone["deletedAt"].is_u64() && gone["deletedBy"] == ann.uid(), "{frame}");
    Ok(())
}

async fn member_joined(stage: Stage) -> Outcome {
    let (guid, people) = stage.gathering(&["ann", "bob"]).await?;
    let cat = stage.person("cat", 1).await?;
    cat.join(&guid, "public", "").await?;
    for person in &people {
        person.socket().hears("onGroupMemberJoined", on(cat.uid())).await?;
    }
    Ok(())
}

async fn member_left(stage: Stage) -> Outcome {
    let (guid, people) = stage.gathering(&["ann", "bob"]).await?;
    people[1].leave(&guid).await?;
    people[0].socket().hears("onGroupMemberLeft", on(people[1].uid())).await?;
    Ok(())
}

async fn member_kicked(stage: Stage) -> Outcome {
    let (guid, people) = stage.gathering(&["ann", "bob", "cat"]).await?;
    people[0].kick(&guid, people[1].uid()).await?;
    let frame = people[2].socket().hears("onGroupMemberKicked", on(people[1].uid())).await?;
    ensure!(at(&frame, "body.data.entities.by.entity.uid") == people[0].uid(), "{frame}");
    Ok(())
}

async fn member_banned(stage: Stage) -> Outcome {
    let (guid, people) = stage.gathering(&["ann", "bob", "cat"]).await?;
    people[0].ban(&guid, people[1].uid()).await?;
    people[2].socket().hears("onGroupMemberBanned", on(people[1].uid())).await?;
    Ok(())
}

async fn member_unbanned(stage: Stage) -> Outcome {
    let (guid, people) = stage.gathering(&["ann", "bob", "cat"]).await?;
    people[0].ban(&guid, people[1].uid()).await?;
    people[0].unban(&guid, people[1].uid()).await?;
    people[2].socket().hears("onGroupMemberUnbanned", on(people[1].uid())).await?;
    Ok(())
}

async fn member_scope_changed(stage: Stage) -> Outcome {
    let (guid, people) = stage.gathering(&["ann", "bob"]).await?;
    people[0].scope(&guid, people[1].uid(), "moderator").await?;
    for person in &people {
        let frame = person.socket().hears("onGroupMemberScopeChanged", on(people[1].uid())).await?;
        let scope = at(&frame, "body.data.extras.scope");
        ensure!(scope["old"] == "participant" && scope["new"] == "moderator", "{frame}");
    }
    Ok(())
}

async fn member_added(stage: Stage) -> Outcome {
    let (guid, people) = stage.gathering(&["ann", "bob"]).await?;
    let cat = stage.person("cat", 1).await?;
    people[0].add_members(&guid, json!({"participants": [cat.uid()]})).await?;
    for person in [&people[0], &people[1], &cat] {
        // The device that added is told, too, by its answer: its frames are its own.
        if person.uid() != people[0].uid() {
            let frame = person.socket().hears("onMemberAddedToGroup", on(cat.uid())).await?;
            ensure!(at(&frame, "body.data.entities.for.entity.guid") == guid.as_str(), "{frame}");
        }
    }
    Ok(())
}

/// A call that is ringing.
async fn ringing(stage: &Stage) -> anyhow::Result<(Client, Client, Value)> {
    let (ann, bob) = stage.pair().await?;
    let call = ann.ring(&bob.to()).await?;
    bob.socket().hears("onIncomingCallReceived", is(&call)).await?;
    Ok((ann, bob, call))
}

/// Who hears of a change of a call.
async fn changed(by: &Client, other: &Client, call: &Value, status: &str, event: &str) -> Outcome {
    let changed = by.change_call(call, status).await?;
    let frame = other.socket().hears(event, is(&changed)).await?;
    let shown = at(&frame, "body.data.entities.on.entity");
    ensure!(shown["status"] == status && shown["sessionid"] == crate::client::session(call), "{frame}");
    Ok(())
}

async fn call_incoming(stage: Stage) -> Outcome {
    let (_, _, call) = ringing(&stage).await?;
    ensure!(at(&call, "data.action") == "initiated", "{call}");
    Ok(())
}

async fn call_accepted(stage: Stage) -> Outcome {
    let (ann, bob, call) = ringing(&stage).await?;
    changed(&bob, &ann, &call, "ongoing", "onOutgoingCallAccepted").await
}

async fn call_rejected(stage: Stage) -> Outcome {
    let (ann, bob, call) = ringing(&stage).await?;
    changed(&bob, &ann, &call, "rejected", "onOutgoingCallRejected").await
}

async fn call_busy(stage: Stage) -> Outcome {
    let (ann, bob, call) = ringing(&stage).await?;
    changed(&bob, &ann, &call, "busy", "onOutgoingCallRejected").await
}

async fn call_cancelled(stage: Stage) -> Outcome {
    let (ann, bob, call) = ringing(&stage).await?;
    changed(&ann, &bob, &call, "cancelled", "onIncomingCallCancelled").await
}

async fn call_unanswered(stage: Stage) -> Outcome {
    let (ann, bob, call) = ringing(&stage).await?;
    changed(&ann, &bob, &call, "unanswered", "onIncomingCallCancelled").await
}

async fn call_ended(stage: Stage) -> Outcome {
    let (ann, bob, call) = ringing(&stage).await?;
    changed(&bob, &ann, &call, "ongoing", "onOutgoingCallAccepted").await?;
    changed(&ann, &bob, &call, "ended", "onCallEndedMessageReceived").await
}

async fn reaction_added(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    let said = ann.say(&bob.to(), "hello").await?;
    bob.react(&said, "😀").await?;
    let frame = ann.socket().hears("onMessageReactionAdded", |body| body["messageId"] == said["id"]).await?;
    let body = &frame["body"];
    ensure!(body["reaction"] == "😀" && body["uid"] == bob.uid(), "{frame}");
    ensure!(at(body, "reactedBy.uid") == bob.uid() && body["conversationId"] == said["conversationId"], "{frame}");
    Ok(())
}

async fn reaction_removed(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    let said = ann.say(&bob.to(), "hello").await?;
    bob.react(&said, "😀").await?;
    bob.unreact(&said, "😀").await?;
    let frame = ann.socket().hears("onMessageReactionRemoved", |body| body["messageId"] == said["id"]).await?;
    ensure!(at(&frame, "body.reaction") == "😀", "{frame}");
    Ok(())
}

/// Ann's message, marked by Bob; who hears of it is another device of `of`.
async fn marked(stage: &Stage, own: bool, mark: (&str, &str), event: &str) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    let desk = stage.online(bob.uid(), 0).await?;
    let said = ann.say(&bob.to(), "hello").await?;
    let (method, what) = mark;
    bob.on_message("POST", &said, what).await?;
    if method == "DELETE" {
        bob.on_message("DELETE", &said, what).await?;
    }
    let device = if own { &desk } else { &ann };
    device.socket().hears(event, |body| body.get("message").unwrap_or(body)["id"] == said["id"]).await?;
    Ok(())
}

async fn message_pinned(stage: Stage) -> Outcome {
    marked(&stage, false, ("POST", "/pin"), "onMessagePinned").await
}

async fn message_unpinned(stage: Stage) -> Outcome {
    marked(&stage, false, ("DELETE", "/pin"), "onMessageUnpinned").await
}

async fn message_saved(stage: Stage) -> Outcome {
    marked(&stage, true, ("POST", "/save"), "onMessageSaved").await
}

async fn message_unsaved(stage: Stage) -> Outcome {
    marked(&stage, true, ("DELETE", "/save"), "onMessageUnsaved").await
}

async fn conversation_marked(stage: &Stage, event: &str) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    let desk = stage.online(ann.uid(), 1).await?;
    let said = ann.say(&bob.to(), "hello").await?;
    ann.pin_conversation("POST", &bob.to()).await?;
    let of_it = |body: &Value| body["conversationId"] == said["conversationId"];
    desk.socket().hears("onConversationPinned", of_it).await?;
    if event == "onConversationUnpinned" {
        ann.pin_conversation("DELETE", &bob.to()).await?;
        desk.socket().hears(event, of_it).await?;
    }
    ann.say(&bob.to(), "done").await?;
    bob.socket().hears("onTextMessageReceived", |body| at(body, "data.text") == "done").await?;
    ensure!(!bob.socket().has_heard("onConversationPinned", |_| true), "it is her own matter");
    Ok(())
}

async fn conversation_pinned(stage: Stage) -> Outcome {
    conversation_marked(&stage, "onConversationPinned").await
}

async fn conversation_unpinned(stage: Stage) -> Outcome {
    conversation_marked(&stage, "onConversationUnpinned").await
}

async fn messages_reach_all_devices(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    let (desk, tablet) = (stage.online(ann.uid(), 1).await?, stage.online(bob.uid(), 0).await?);
    let said = ann.say(&bob.to(), "hello").await?;
    for device in [&bob, &tablet, &desk] {
        device.socket().hears("onTextMessageReceived", is(&said)).await?;
    }
    Ok(())
}

async fn messages_reach_all_members(stage: Stage) -> Outcome {
    let (guid, people) = stage.gathering(&["ann", "bob", "cat", "dan"]).await?;
    let desk = stage.online(people[2].uid(), 1).await?;
    let said = people[2].say(&group(&guid), "hello").await?;
    for device in [&people[0], &people[1], &people[3], &desk] {
        let frame = device.socket().hears("onTextMessageReceived", is(&said)).await?;
        ensure!(frame["receiver"] == guid.as_str() && frame["receiverType"] == "group", "{frame}");
    }
    Ok(())
}

async fn removed_users_are_told(stage: Stage) -> Outcome {
    let (guid, people) = stage.gathering(&["ann", "bob", "cat", "dan"]).await?;
    let desk = stage.online(people[3].uid(), 0).await?;
    people[0].kick(&guid, people[1].uid()).await?;
    people[1].socket().hears("onGroupMemberKicked", on(people[1].uid())).await?;
    people[0].ban(&guid, people[2].uid()).await?;
    people[2].socket().hears("onGroupMemberBanned", on(people[2].uid())).await?;
    people[3].leave(&guid).await?;
    desk.socket().hears("onGroupMemberLeft", on(people[3].uid())).await?;
    Ok(())
}

async fn pins_reach_everybody(stage: Stage) -> Outcome {
    let (guid, people) = stage.gathering(&["ann", "bob", "cat"]).await?;
    let said = people[1].say(&group(&guid), "hello").await?;
    people[0].on_message("POST", &said, "/pin").await?;
    for person in &people[1..] {
        let frame = person
            .socket()
            .hears("onMessagePinned", |body| body.get("message").unwrap_or(body)["id"] == said["id"])
            .await?;
        let message = at(&frame, "body.message");
        let message = if message.is_null() { &frame["body"] } else { message };
        ensure!(message["pinnedAt"].is_u64() && message["pinnedBy"] == people[0].uid(), "{frame}");
    }
    Ok(())
}

async fn saves_reach_own_devices_only(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    let desk = stage.online(bob.uid(), 0).await?;
    let said = ann.say(&bob.to(), "hello").await?;
    bob.on_message("POST", &said, "/save").await?;
    desk.socket().hears("onMessageSaved", |_| true).await?;
    bob.say(&ann.to(), "saved").await?;
    ann.socket().hears("onTextMessageReceived", |body| at(body, "data.text") == "saved").await?;
    ensure!(!ann.socket().has_heard("onMessageSaved", |_| true), "it is his own matter");
    Ok(())
}

async fn own_device_ignores_its_own(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    let said = ann.say(&bob.to(), "hello").await?;
    bob.socket().hears("onTextMessageReceived", is(&said)).await?;
    bob.say(&ann.to(), "yes?").await?;
    ann.socket().hears("onTextMessageReceived", |body| at(body, "data.text") == "yes?").await?;
    // If it came back, then as the device's own, which drops it.
    ensure!(!ann.socket().has_heard("onTextMessageReceived", is(&said)), "her own message fires");
    Ok(())
}

async fn each_message_comes_once(stage: Stage) -> Outcome {
    let (ann, bob) = stage.pair().await?;
    let said = ann.say(&bob.to(), "one").await?;
    ann.say(&bob.to(), "last").await?;
    bob.socket().hears("onTextMessageReceived", |body| at(body, "data.text") == "last").await?;
    ensure!(bob.socket().count("onTextMessageReceived", is(&said)) == 1, "twice, or not at all");
    Ok(())
}
