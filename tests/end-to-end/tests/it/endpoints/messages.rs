//! Messages, their marks, reactions and threads.

use halley_testkit::unique;
use serde_json::{Value, json};

use super::probe::{Probe, cases};

/// A body for a text.
fn text(receiver: &str, kind: &str, text: &str) -> Value {
    json!({"receiver": receiver, "receiverType": kind, "category": "message", "type": "text", "data": {"text": text}})
}

/// Two users and the id of a text from the first to the second.
async fn said(t: &Probe) -> (String, String, String) {
    let (ann, bob) = (t.user().await, t.user().await);
    let id = t.text(&ann, &bob).await;
    (ann, bob, id)
}

/// An interactive message with a button that may be used.
fn form(receiver: &str) -> Value {
    json!({"receiver": receiver, "receiverType": "user", "category": "interactive", "type": "form", "data": {
        "interactionGoal": {"type": "anyOf", "elementIds": ["send"]}, "allowSenderInteraction": false,
        "interactiveData": {"title": "Survey",
            "formFields": [{"elementType": "textInput", "elementId": "name", "optional": true, "label": "Name"}],
            "submitElement": {"elementType": "button", "elementId": "send", "buttonText": "Send",
                "disableAfterInteracted": true, "action": {"actionType": "urlNavigation", "url": "https://x/y"}}}}})
}

cases! {
    "send-message" (t) {
        let (ann, bob) = (t.user().await, t.user().await);
        let guid = t.group(&[&ann, &bob]).await;
        let muid = unique("m");
        let mut body = text(&bob, "user", "hi");
        body["muid"] = json!(muid);
        body["tags"] = json!(["t"]);
        body["data"]["metadata"] = json!({"k": 1});
        let mut ids = [ann.clone(), bob.clone()];
        ids.sort_unstable();
        let shown = json!({"muid": muid, "sender": ann, "receiver": bob, "receiverType": "user", "category": "message",
            "type": "text", "tags": ["t"], "conversationId": ids.join("_user_"), "data": {"text": "hi", "metadata": {"k": 1},
            "entities": {"sender": {"entityType": "user", "entity": {"uid": ann}},
                "receiver": {"entityType": "user", "entity": {"uid": bob}}}}});
        let sent = t.call(&[]).by(&ann).body(body).gives("@Message", shown.clone()).await;
        let id = sent["id"].as_str().unwrap_or("0");
        t.op("get-message-details", &[id]).gives("@Message", shown).await;
        t.call(&[]).body(text(&bob, "user", "from the app")).gives("@Message", json!({"sender": "app_system"})).await;
        let mut quoting = text(&guid, "group", "to all");
        let first = t.call(&[]).by(&bob).body(quoting.clone()).gives("@Message", json!({
            "receiver": guid, "receiverType": "group", "conversationId": format!("group_{guid}"),
            "data": {"entities": {"receiver": {"entityType": "group", "entity": {"guid": guid}}}}})).await;
        quoting["quotedMessageId"] = first["id"].clone();
        t.call(&[]).by(&ann).body(quoting).gives("@Message", json!({"quotedMessageId": first["id"],
            "quotedMessage": {"id": first["id"], "data": {"text": "to all"}}})).await;
        let file = json!({"url": "https://files.example/1.png", "name": "1.png", "mimeType": "image/png", "extension": "png", "size": 12});
        let mut image = json!({"receiver": bob, "receiverType": "user", "category": "message", "type": "image",
            "data": {"attachments": [file], "text": "caption"}});
        t.call(&[]).by(&ann).body(image.clone()).gives("@Message", json!({"type": "image",
            "data": {"text": "caption", "attachments": [file], "url": file["url"]}})).await;
        let mut custom = json!({"receiver": bob, "receiverType": "user", "category": "custom", "type": "place",
            "data": {"customData": {"lat": 1.5}}});
        t.call(&[]).by(&ann).body(custom.clone()).gives("@Message", json!({"category": "custom", "type": "place",
            "data": {"customData": {"lat": 1.5}}})).await;
        t.call(&[]).by(&ann).body(form(&bob)).gives("@Message", json!({"category": "interactive", "type": "form",
            "data": {"interactiveData": {"title": "Survey"}, "interactionGoal": {"type": "anyOf"}}})).await;
        let card = json!({"receiver": bob, "receiverType": "user", "category": "card",
            "data": {"card": {"title": "Offer"}, "text": "An offer", "fallbackText": "An offer"}});
        t.call(&[]).by(&ann).body(card.clone()).gives("@Message", json!({"category": "card", "type": "card",
            "data": {"card": {"title": "Offer"}, "text": "An offer", "fallbackText": "An offer"}})).await;
        t.call(&[]).by(&ann).body(json!({"receiver": bob, "receiverType": "user", "category": "card", "data": {}}))
            .refused("ERR_INVALID_MESSAGE_DATA").await;

        image["data"] = json!({});
        t.call(&[]).by(&ann).body(image.clone()).refused("ERR_EMPTY_MESSAGE_FILE").await;
        image["data"] = json!({"attachments": [{"name": "x"}]});
        t.call(&[]).by(&ann).body(image).refused("ERR_INVALID_MEDIA_MESSAGE").await;
        custom["data"] = json!({});
        t.call(&[]).by(&ann).body(custom.clone()).refused("ERR_EMPTY_CUSTOM_DATA").await;
        custom["data"] = json!({"customData": 1});
        t.call(&[]).by(&ann).body(custom).refused("ERR_INVALID_CUSTOM_DATA").await;
        let stranger = t.user().await;
        t.call(&[]).by(&stranger).body(text(&guid, "group", "x")).refused("ERR_GROUP_NOT_JOINED").await;
        t.call(&[]).by(&ann).body(text("nobody-here", "user", "x")).refused("ERR_UID_NOT_FOUND").await;
        t.call(&[]).by(&ann).body(text("none-here", "group", "x")).refused("ERR_GUID_NOT_FOUND").await;
        for (key, value, code) in [
            ("receiver", Value::Null, "ERR_EMPTY_RECEIVER"),
            ("receiverType", json!("crowd"), "ERR_INVALID_RECEIVER_TYPE"),
            ("category", json!(""), "ERR_EMPTY_MESSAGE_CATEGORY"),
            ("category", json!("gossip"), "ERR_INVALID_MESSAGE_CATEGORY"),
            ("category", json!("action"), "ERR_INVALID_MESSAGE_CATEGORY"),
            ("type", json!("smell"), "ERR_INVALID_MESSAGE_TYPE"),
            ("data", json!(1), "ERR_INVALID_MESSAGE_DATA"),
            ("data", json!({"text": ""}), "ERR_EMPTY_MESSAGE_TEXT"),
            ("data", json!({"text": 1}), "ERR_INVALID_MESSAGE_TEXT"),
            ("data", json!({"text": "x", "metadata": 1}), "ERR_INVALID_METADATA"),
            ("tags", json!("x"), "ERR_BAD_REQUEST"),
            ("muid", json!("x".repeat(101)), "ERR_BAD_REQUEST"),
            ("quotedMessageId", json!("x"), "ERR_BAD_REQUEST"),
        ] {
            let mut body = text(&bob, "user", "x");
            body[key] = value;
            t.call(&[]).by(&ann).body(body).refused(code).await;
        }
    }
    "list-all-messages" (t) {
        let (ann, bob, id) = said(t).await;
        let guid = t.group(&[&ann]).await;
        let in_group = t.group_text(&ann, &guid).await;
        let list = |query: &str| t.call(&[]).by(&ann).query("limit=10").query(query);
        list("").walks("@Message", Value::Null).await;
        list("receiverType=user&category=message").walks("@Message", json!([{"id": id}])).await;
        list("categories=message&types=text").walks("@Message", json!([{"id": id}, {"id": in_group}])).await;
        list(&format!("conversationId=group_{guid}&category=message")).walks("@Message", json!([{"id": in_group}])).await;
        list(&format!("senders={bob}")).walks("@Message", json!([])).await;
        list("searchKey=hello&category=message").walks("@Message", json!([{"id": id}, {"id": in_group}])).await;
        list("searchKey=nothing-like-it").walks("@Message", json!([])).await;
        for flag in ["hasAttachments", "hasReactions", "hasLinks", "hasMentions", "onlyDeleted", "undelivered"] {
            list(&format!("{flag}=true&category=message&senders={ann}")).walks("@Message", json!([])).await;
        }
        for flag in ["hideReplies", "hideDeleted", "withTags", "hideQuotedMessages", "mentionsWithTagInfo", "mentionsWithBlockedInfo"] {
            list(&format!("{flag}=true&category=message")).walks("@Message", json!([{"id": id}, {"id": in_group}])).await;
        }
        list(&format!("mentionedUids={bob}&category=message")).walks("@Message", json!([])).await;
        list("attachmentTypes=image,video").walks("@Message", json!([])).await;
        for range in ["updatedAt[to]=1000000000", "editedAt[from]=1000000000", "sentAt[to]=1000000000"] {
            list(&format!("{range}&category=message")).walks("@Message", json!([])).await;
        }
        list(&format!("affix=append&id={id}&category=message")).walks("@Message", json!([{"id": in_group}])).await;
        list(&format!("affix=prepend&id={in_group}&category=message")).walks("@Message", json!([{"id": id}])).await;
        list("fromTimestamp=1000000000&toTimestamp=1000000001").walks("@Message", json!([])).await;
        list("sentAt[from]=1000000000&category=message").walks("@Message", json!([{"id": id}, {"id": in_group}])).await;
        t.call(&[]).by(&bob).query("unread=true&count=true")
            .gives("any", json!([{"entityType": "user", "entityId": ann, "count": 1}])).await;
        t.call(&[]).query(&format!("sender={ann}&category=message&limit=10"))
            .walks("@Message", json!([{"id": id}, {"id": in_group}])).await;
        for query in ["limit=0", "limit=1001", "affix=aside", "id=x", "category=gossip", "sentAt=x", "hideReplies=x"] {
            t.call(&[]).query(query).refused("ERR_BAD_REQUEST").await;
        }
    }
    "get-message-details" (t) {
        let (ann, bob, id) = said(t).await;
        let shown = json!({"id": id, "sender": ann, "receiver": bob, "data": {"text": "hello"}});
        for uid in [&ann, &bob] {
            t.call(&[&id]).by(uid).gives("@Message", shown.clone()).await;
        }
        t.call(&[&id]).gives("@Message", shown).await;
        t.call(&[&id]).by(&t.user().await).refused("ERR_MESSAGE_NO_ACCESS").await;
        for unknown in ["999999999", "x", "0"] {
            t.call(&[unknown]).refused("ERR_MESSAGE_ID_NOT_FOUND").await;
        }
    }
    "update-message" (t) {
        let (ann, bob, id) = said(t).await;
        let body = json!({"data": {"text": "new", "metadata": {"k": 1}}, "tags": ["t"]});
        let edited = |by: &str| json!({"category": "action", "type": "message", "sender": ann, "data": {"action": "edited",
            "entities": {"by": {"entityType": "user"}, "for": {"entity": {"uid": bob}}, "on": {"entityType": "message",
            "entity": {"id": id, "editedBy": by, "data": {"text": "new"}, "tags": ["t"]}}}}});
        t.call(&[&id]).body(body.clone()).gives("@Message", edited("app_system")).await;
        t.call(&[&id]).by(&ann).body(body).gives("@Message", edited(&ann)).await;
        t.op("get-message-details", &[&id]).gives("@Message", json!({"data": {"text": "new", "metadata": {"k": 1}},
            "tags": ["t"], "editedBy": ann})).await;
        t.call(&[&id]).by(&bob).body(json!({"data": {"text": "x"}})).refused("ERR_MESSAGE_NOT_A_SENDER").await;
        t.call(&[&id]).by(&t.user().await).body(json!({"data": {"text": "x"}})).refused("ERR_MESSAGE_NO_ACCESS").await;
        t.call(&["999999999"]).body(json!({"data": {"text": "x"}})).refused("ERR_MESSAGE_ID_NOT_FOUND").await;
        let action = t.call(&[&id]).body(json!({"tags": []})).gives("@Message", Value::Null).await;
        t.call(&[action["id"].as_str().unwrap_or("0")]).body(json!({"data": {"text": "x"}})).refused("ERR_MESSAGE_ACTION_NOT_ALLOWED").await;
        for (body, code) in [
            (json!({"data": {"text": ""}}), "ERR_EMPTY_MESSAGE_TEXT"),
            (json!({"data": {"text": 1}}), "ERR_INVALID_MESSAGE_TEXT"),
            (json!({"data": {"metadata": 1}}), "ERR_INVALID_METADATA"),
            (json!({"data": 1}), "ERR_INVALID_MESSAGE_DATA"),
            (json!({"tags": "x"}), "ERR_BAD_REQUEST"),
        ] {
            t.call(&[&id]).body(body).refused(code).await;
        }
    }
    "delete-message" (t) {
        let (ann, bob, id) = said(t).await;
        t.call(&[&id]).by(&bob).refused("ERR_MESSAGE_NOT_A_SENDER").await;
        t.call(&[&id]).by(&t.user().await).refused("ERR_MESSAGE_NO_ACCESS").await;
        let deleted = |id: &str, by: &str| json!({"category": "action", "type": "message", "data": {"action": "deleted",
            "entities": {"on": {"entityType": "message", "entity": {"id": id, "deletedBy": by, "data": {"text": null}}}}}});
        let action = t.call(&[&id]).by(&ann).gives("@Message", deleted(&id, &ann)).await;
        t.op("user-list-user-messages", &[&ann]).by(&bob).query("limit=10&onlyDeleted=true")
            .walks("@Message", json!([{"id": id, "deletedBy": ann, "data": {"text": null}}])).await;
        t.call(&[&id]).refused("ERR_MESSAGE_ID_NOT_FOUND").await;
        let purged = t.text(&ann, &bob).await;
        t.call(&[&purged]).body(json!({"permanent": true})).gives("@Message", deleted(&purged, "app_system")).await;
        t.op("get-message-details", &[&purged]).refused("ERR_MESSAGE_ID_NOT_FOUND").await;
        t.call(&[action["id"].as_str().unwrap_or("0")]).refused("ERR_MESSAGE_ACTION_NOT_ALLOWED").await;
        t.call(&["999999999"]).refused("ERR_MESSAGE_ID_NOT_FOUND").await;
        t.call(&[&t.text(&ann, &bob).await]).body(json!({"permanent": "x"})).refused("ERR_BAD_REQUEST").await;
    }
    "mark-message-as-interacted" (t) {
        let (ann, bob) = (t.user().await, t.user().await);
        let sent = t.app.done("send-message", &[], Some(&ann), form(&bob)).await;
        let id = sent["id"].as_str().unwrap_or("0");
        t.call(&[id]).by(&bob).body(json!({"interactions": ["send"]})).acknowledges().await;
        t.call(&[id]).by(&bob).body(json!({"interactions": ["send"]})).acknowledges().await;
        t.op("get-message-details", &[id]).by(&bob)
            .gives("@Message", json!({"data": {"interactions": [{"elementId": "send"}]}})).await;
        t.call(&[id]).by(&t.user().await).body(json!({"interactions": ["send"]})).refused("ERR_MESSAGE_NO_ACCESS").await;
        t.call(&["999999999"]).by(&bob).body(json!({"interactions": ["send"]})).refused("ERR_MESSAGE_ID_NOT_FOUND").await;
        t.call(&[&t.text(&ann, &bob).await]).by(&bob).body(json!({"interactions": ["send"]})).refused("ERR_MESSAGE_ACTION_NOT_ALLOWED").await;
        for body in [json!({}), json!({"interactions": []}), json!({"interactions": ["fly"]}), json!({"interactions": "send"})] {
            t.call(&[id]).by(&bob).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "pin-message" (t) {
        let (ann, bob, id) = said(t).await;
        t.call(&[&id]).gives("@Message", json!({"id": id, "pinnedBy": "app_system"})).await;
        t.op("user-list-user-messages", &[&ann]).by(&bob).query("limit=10&pinned=true")
            .walks("@Message", json!([{"id": id, "pinnedBy": "app_system"}])).await;
        let guid = t.group(&[&ann]).await;
        let in_group = t.group_text(&ann, &guid).await;
        t.call(&[&in_group]).by(&ann).refused("ERR_PERMISSION_DENIED").await;
        t.app.done("change-group-member-scope", &[&guid, &ann], None, json!({"scope": "admin"})).await;
        t.call(&[&in_group]).by(&ann).soon_gives("@Message", json!({"pinnedBy": ann})).await;
        t.call(&[&id]).by(&t.user().await).refused("ERR_MESSAGE_NO_ACCESS").await;
        t.call(&["999999999"]).refused("ERR_MESSAGE_ID_NOT_FOUND").await;
        for _ in 1..100 {
            t.app.done("pin-message", &[&t.text(&ann, &bob).await], None, json!({})).await;
        }
        t.call(&[&t.text(&ann, &bob).await]).refused("ERR_PINNED_MESSAGES_LIMIT_EXCEEDED").await;
        t.call(&[&id]).gives("@Message", json!({"pinnedBy": "app_system"})).await;
    }
    "unpin-message" (t) {
        let (ann, bob, id) = said(t).await;
        t.app.done("pin-message", &[&id], None, json!({})).await;
        t.call(&[&id]).gives("@Message", json!({"id": id, "pinnedAt": null, "pinnedBy": null})).await;
        t.op("user-list-user-messages", &[&ann]).by(&bob).query("limit=10&pinned=true").walks("@Message", json!([])).await;
        t.call(&[&id]).gives("@Message", json!({"pinnedAt": null})).await;
        t.call(&[&id]).by(&t.user().await).refused("ERR_MESSAGE_NO_ACCESS").await;
        t.call(&["999999999"]).refused("ERR_MESSAGE_ID_NOT_FOUND").await;
    }
    "save-message" (t) {
        let (ann, bob, id) = said(t).await;
        let saved = t.call(&[&id]).by(&bob).gives("@Message", json!({"id": id})).await;
        if !saved["savedAt"].is_i64() {
            t.fault("no savedAt");
        }
        t.call(&[&id]).by(&bob).gives("@Message", json!({"savedAt": saved["savedAt"]})).await;
        t.op("list-all-messages", &[]).by(&bob).query("saved=true").walks("@Message", json!([{"id": id, "savedAt": saved["savedAt"]}])).await;
        t.op("get-message-details", &[&id]).by(&ann).gives("@Message", json!({"savedAt": null})).await;
        t.call(&[&id]).by(&t.user().await).refused("ERR_MESSAGE_NO_ACCESS").await;
        t.call(&["999999999"]).by(&bob).refused("ERR_MESSAGE_ID_NOT_FOUND").await;
        for _ in 1..100 {
            t.app.done("save-message", &[&t.text(&ann, &bob).await], Some(&bob), json!({})).await;
        }
        t.call(&[&t.text(&ann, &bob).await]).by(&bob).refused("ERR_SAVED_MESSAGES_LIMIT_EXCEEDED").await;
    }
    "unsave-message" (t) {
        let (_, bob, id) = said(t).await;
        t.app.done("save-message", &[&id], Some(&bob), json!({})).await;
        t.call(&[&id]).by(&bob).gives("@Message", json!({"id": id, "savedAt": null})).await;
        t.op("list-all-messages", &[]).by(&bob).query("saved=true").walks("@Message", json!([])).await;
        t.call(&[&id]).by(&bob).gives("@Message", json!({"savedAt": null})).await;
        t.call(&[&id]).by(&t.user().await).refused("ERR_MESSAGE_NO_ACCESS").await;
        t.call(&["999999999"]).by(&bob).refused("ERR_MESSAGE_ID_NOT_FOUND").await;
    }
    "list-all-reactions" (t) {
        let (ann, bob, id) = said(t).await;
        t.call(&[&id]).walks("@Reaction", json!([])).await;
        t.app.done("add-message-reactions", &[&id, "👍"], Some(&ann), json!({})).await;
        t.app.done("add-message-reactions", &[&id, ":ok:"], Some(&bob), json!({})).await;
        let rows = json!([{"uid": ann, "reaction": "👍", "messageId": id}, {"uid": bob, "reaction": ":ok:"}]);
        t.call(&[&id]).walks("@Reaction", rows.clone()).await;
        let page = t.call(&[&id]).by(&bob).query("limit=1").walks("@Reaction", json!([{"uid": ann}])).await;
        let next = page["meta"]["next"]["id"].as_str().unwrap_or("0").to_owned();
        t.call(&[&id]).query(&format!("limit=1&affix=append&id={next}")).walks("@Reaction", json!([{"uid": bob}])).await;
        t.call(&[&id]).by(&t.user().await).refused("ERR_MESSAGE_NO_ACCESS").await;
        t.call(&["999999999"]).refused("ERR_MESSAGE_ID_NOT_FOUND").await;
        for query in ["limit=0", "limit=1001", "affix=aside", "id=x"] {
            t.call(&[&id]).query(query).refused("ERR_BAD_REQUEST").await;
        }
    }
    "get-message-reactions" (t) {
        let (ann, bob, id) = said(t).await;
        t.app.done("add-message-reactions", &[&id, "👍"], Some(&ann), json!({})).await;
        t.app.done("add-message-reactions", &[&id, ":ok:"], Some(&bob), json!({})).await;
        t.call(&[&id, "👍"]).walks("@Reaction", json!([{"uid": ann, "reaction": "👍"}])).await;
        t.call(&[&id, ":ok:"]).by(&ann).walks("@Reaction", json!([{"uid": bob}])).await;
        t.call(&[&id, "x"]).walks("@Reaction", json!([])).await;
        t.call(&[&id, "👍"]).by(&t.user().await).refused("ERR_MESSAGE_NO_ACCESS").await;
        t.call(&["999999999", "👍"]).refused("ERR_MESSAGE_ID_NOT_FOUND").await;
        t.call(&[&id, "👍"]).query("limit=0").refused("ERR_BAD_REQUEST").await;
    }
    "add-message-reactions" (t) {
        let (ann, bob, id) = said(t).await;
        let mine = json!({"id": id, "data": {"reactions": [{"reaction": "👍", "count": 1, "reactedByMe": true}]}});
        t.call(&[&id, "👍"]).by(&ann).gives("@Message", mine.clone()).await;
        t.call(&[&id, "👍"]).by(&ann).gives("@Message", mine).await;
        t.op("get-message-details", &[&id]).by(&bob)
            .gives("@Message", json!({"data": {"reactions": [{"count": 1, "reactedByMe": null}]}})).await;
        t.op("list-all-reactions", &[&id]).walks("@Reaction", json!([{"uid": ann}])).await;
        t.call(&[&id, "👍"]).by(&t.user().await).refused("ERR_MESSAGE_NO_ACCESS").await;
        t.call(&["999999999", "👍"]).by(&ann).refused("ERR_MESSAGE_ID_NOT_FOUND").await;
        t.call(&[&id, &"x".repeat(46)]).by(&ann).refused("ERR_BAD_REQUEST").await;
        for n in 1..25 {
            t.app.done("add-message-reactions", &[&id, &format!("r{n}")], Some(&ann), json!({})).await;
        }
        t.call(&[&id, "one-too-many"]).by(&ann).refused("ERR_BAD_REQUEST").await;
    }
    "remove-message-reactions" (t) {
        let (ann, bob, id) = said(t).await;
        for uid in [&ann, &bob] {
            t.app.done("add-message-reactions", &[&id, "👍"], Some(uid), json!({})).await;
        }
        t.call(&[&id, "👍"]).by(&ann).gives("@Message", json!({"id": id, "data": {"reactions": [{"reaction": "👍", "count": 1, "reactedByMe": null}]}})).await;
        t.op("list-all-reactions", &[&id]).walks("@Reaction", json!([{"uid": bob}])).await;
        t.call(&[&id, "👍"]).by(&bob).gives("@Message", json!({"data": {"reactions": null}})).await;
        t.call(&[&id, "👍"]).by(&t.user().await).refused("ERR_MESSAGE_NO_ACCESS").await;
        t.call(&["999999999", "👍"]).by(&ann).refused("ERR_MESSAGE_ID_NOT_FOUND").await;
    }
    "send-thread-message" (t) {
        let (ann, bob, id) = said(t).await;
        let mut body = text(&ann, "user", "a reply");
        body["tags"] = json!(["t"]);
        let reply = t.call(&[&id]).by(&bob).body(body).gives("@Message", json!({"parentId": id, "sender": bob, "receiver": ann,
            "data": {"text": "a reply"}, "tags": ["t"]})).await;
        t.op("get-message-details", &[&id]).gives("@Message", json!({"replyCount": 1})).await;
        t.op("list-all-thread-messages", &[&id]).walks("@Message", json!([{"id": reply["id"]}])).await;
        let own = reply["id"].as_str().unwrap_or("0");
        t.call(&[own]).by(&bob).body(text(&ann, "user", "x")).refused("ERR_MESSAGE_THREAD_NESTING").await;
        let other = t.user().await;
        t.call(&[&id]).by(&bob).body(text(&other, "user", "x")).refused("ERR_WRONG_MESSAGE_THREAD").await;
        let action = t.app.done("update-message", &[&id], None, json!({"tags": ["u"]})).await;
        t.call(&[action["id"].as_str().unwrap_or("0")]).by(&bob).body(text(&ann, "user", "x"))
            .refused("ERR_WRONG_MESSAGE_THREAD_CATEGORY").await;
        t.call(&["999999999"]).by(&bob).body(text(&ann, "user", "x")).refused("ERR_MESSAGE_ID_NOT_FOUND").await;
        t.call(&[&id]).by(&bob).body(text(&ann, "user", "")).refused("ERR_EMPTY_MESSAGE_TEXT").await;
        t.call(&[&id]).by(&bob).body(json!({"data": {"text": "x"}})).refused("ERR_EMPTY_RECEIVER").await;
    }
    "list-all-thread-messages" (t) {
        let (ann, bob, id) = said(t).await;
        let mut replies = Vec::new();
        for n in 0..3 {
            let sent = t.app.done("send-thread-message", &[&id], Some(&bob), text(&ann, "user", &n.to_string())).await;
            replies.push(sent["id"].as_str().unwrap_or("0").to_owned());
        }
        let rows = |ids: &[String]| Value::Array(ids.iter().map(|one| json!({"id": one, "parentId": id})).collect());
        t.call(&[&id]).walks("@Message", rows(&replies)).await;
        t.call(&[&id]).by(&ann).query(&format!("limit=1&affix=append&id={}", replies[0])).walks("@Message", rows(&replies[1..2])).await;
        t.call(&[&id]).by(&ann).query(&format!("limit=2&affix=prepend&id={}", replies[2])).walks("@Message", rows(&replies[..2])).await;
        t.call(&[&id]).query("perPage=2").walks("@Message", Value::Null).await;
        t.call(&[&id]).by(&t.user().await).refused("ERR_MESSAGE_NO_ACCESS").await;
        t.call(&["999999999"]).refused("ERR_MESSAGE_ID_NOT_FOUND").await;
        for query in ["limit=0", "limit=1001", "affix=aside"] {
            t.call(&[&id]).query(query).refused("ERR_BAD_REQUEST").await;
        }
    }
    "list-all-threads" (t) {
        let (ann, bob, id) = said(t).await;
        let reply = t.app.done("send-thread-message", &[&id], Some(&bob), text(&ann, "user", "reply")).await;
        let row = json!({"id": id, "replyCount": 1, "lastReply": {"id": reply["id"]}});
        t.call(&[]).by(&ann).walks("@Message", json!([row])).await;
        t.call(&[]).by(&ann).query("participatedByMe=true&withUnreadReplyCount=true&withMentionCount=true&limit=10").walks("@Message", json!([{"id": id}])).await;
        t.call(&[]).by(&t.user().await).walks("@Message", json!([])).await;
        t.call(&[]).query("limit=1000").walks("@Message", Value::Null).await;
        for query in ["limit=0", "limit=1001", "affix=aside", "updatedAt=x"] {
            t.call(&[]).by(&ann).query(query).refused("ERR_BAD_REQUEST").await;
        }
    }
    "subscribe-thread" (t) {
        let (ann, _, id) = said(t).await;
        t.call(&[&id]).by(&ann).gives("obj", json!({"success": true})).await;
        t.call(&[&id]).by(&ann).gives("obj", json!({"success": true})).await;
        t.op("user-list-user-messages", &[&t.user().await]).by(&ann).query("limit=1").walks("@Message", json!([])).await;
        t.call(&[&id]).by(&t.user().await).refused("ERR_MESSAGE_NO_ACCESS").await;
        t.call(&["999999999"]).by(&ann).refused("ERR_MESSAGE_ID_NOT_FOUND").await;
    }
    "unsubscribe-thread" (t) {
        let (ann, _, id) = said(t).await;
        t.app.done("subscribe-thread", &[&id], Some(&ann), json!({})).await;
        t.call(&[&id]).by(&ann).gives("obj", json!({"success": true})).await;
        t.call(&[&id]).by(&ann).gives("obj", json!({"success": true})).await;
        t.call(&["999999999"]).by(&ann).refused("ERR_MESSAGE_ID_NOT_FOUND").await;
    }
    "user-list-user-messages" (t) {
        let (ann, bob, id) = said(t).await;
        let second = t.text(&ann, &bob).await;
        let list = |query: &str| t.call(&[&ann]).by(&bob).query("limit=10").query(query);
        let both = json!([{"id": id}, {"id": second}]);
        list("").walks("@Message", both.clone()).await;
        list(&format!("affix=append&id={id}")).walks("@Message", json!([{"id": second}])).await;
        list(&format!("affix=prepend&id={second}")).walks("@Message", json!([{"id": id}])).await;
        list("unread=true").walks("@Message", both.clone()).await;
        list("category=message&type=text&searchKey=hell").walks("@Message", both.clone()).await;
        list(&format!("sender={bob}")).walks("@Message", json!([])).await;
        list("unread=true&count=true").gives("any", json!([{"entityType": "user", "entityId": ann, "count": 2}])).await;
        for flag in ["hasAttachments", "hasReactions"] {
            list(&format!("{flag}=true")).walks("@Message", json!([])).await;
        }
        list("hideReplies=true&withTags=true&hideQuotedMessages=true").walks("@Message", both.clone()).await;
        for none in ["hasLinks=true", "hasMentions=true", "myMentionsOnly=true", "attachmentTypes=file", "fromTimestamp=1000000000&toTimestamp=1000000001"] {
            list(none).walks("@Message", json!([])).await;
        }
        list("undelivered=true").walks("@Message", both.clone()).await;
        t.call(&[&ann]).query("perPage=10&category=message").lists("@Message", both).await;
        t.call(&["nobody-here"]).by(&bob).refused("ERR_UID_NOT_FOUND").await;
        for query in ["limit=0", "limit=1001", "affix=aside", "category=gossip", "id=x"] {
            t.call(&[&ann]).by(&bob).query(query).refused("ERR_BAD_REQUEST").await;
        }
    }
    "user-list-group-messages" (t) {
        let (ann, bob) = (t.user().await, t.user().await);
        let guid = t.group(&[&ann, &bob]).await;
        let (first, second) = (t.group_text(&ann, &guid).await, t.group_text(&bob, &guid).await);
        let list = |query: &str| t.call(&[&guid]).by(&bob).query("limit=10&category=message").query(query);
        let both = json!([{"id": first, "receiverType": "group", "receiver": guid}, {"id": second}]);
        list("").walks("@Message", both.clone()).await;
        list(&format!("affix=append&id={first}")).walks("@Message", json!([{"id": second}])).await;
        list(&format!("sender={ann}")).walks("@Message", json!([{"id": first}])).await;
        t.app.done("block-users", &[&bob], None, json!({"blockedUids": [ann]})).await;
        list("hideMessagesFromBlockedUsers=true").walks("@Message", json!([{"id": second}])).await;
        t.call(&[&guid]).query("category=message&limit=10").walks("@Message", both).await;
        t.call(&[&guid]).by(&t.user().await).refused("ERR_GROUP_NOT_JOINED").await;
        t.call(&["none-here"]).refused("ERR_GUID_NOT_FOUND").await;
        for query in ["limit=0", "limit=1001", "affix=aside"] {
            t.call(&[&guid]).query(query).refused("ERR_BAD_REQUEST").await;
        }
    }
    "send-bot-message" (t) {
        let (bot, bob) = (t.user().await, t.user().await);
        t.call(&[&bot]).body(text(&bob, "user", "beep")).refused("ERR_BOT_NOT_FOUND").await;
        make_bot(t, &bot).await;
        let sent = t.call(&[&bot]).body(text(&bob, "user", "beep"))
            .gives("@Message", json!({"sender": bot, "receiver": bob, "data": {"text": "beep"}})).await;
        t.op("get-message-details", &[sent["id"].as_str().unwrap_or("0")]).gives("@Message", json!({"sender": bot})).await;
        t.call(&["nobody-here"]).body(text(&bob, "user", "x")).refused("ERR_BOT_NOT_FOUND").await;
        t.call(&[&bot]).body(text("nobody-here", "user", "x")).refused("ERR_UID_NOT_FOUND").await;
        t.call(&[&bot]).body(text(&bob, "user", "")).refused("ERR_EMPTY_MESSAGE_TEXT").await;
    }
}

/// The server's own call that makes a user a bot.
pub async fn make_bot(t: &Probe, uid: &str) {
    let request = super::probe::Sent {
        method: "POST",
        target: "/bots".to_owned(),
        headers: t.app.headers(crate::operations::operation("create-user"), None),
        body: Some(json!({"uid": uid}).to_string()),
    };
    let (status, answer) = t.app.send(&request).await;
    assert!(status == 200, "POST /bots: {status} {answer}");
}
