//! Conversations: of one user with another, or of a group.

use serde_json::{Value, json};

use super::probe::{Probe, cases};

/// Two users, two texts from the first to the second, and the conversation's id.
async fn talk(t: &Probe) -> (String, String, [String; 2], String) {
    let (ann, bob) = (t.user().await, t.user().await);
    let ids = [t.text(&ann, &bob).await, t.text(&ann, &bob).await];
    let mut both = [ann.clone(), bob.clone()];
    both.sort_unstable();
    (ann, bob, ids, both.join("_user_"))
}

/// A group of two, and two texts of the first member.
async fn room(t: &Probe) -> (String, String, String, [String; 2]) {
    let (ann, bob) = (t.user().await, t.user().await);
    let guid = t.group(&[&ann, &bob]).await;
    let ids = [t.group_text(&ann, &guid).await, t.group_text(&ann, &guid).await];
    (guid, ann, bob, ids)
}

/// The unread messages of a side's conversation with another.
async fn unread(t: &Probe, kind: &str, with: &str, uid: &str, count: &str) {
    t.op(kind, &[with]).by(uid).gives("@Conversation", json!({"unreadMessageCount": count})).await;
}

/// Marks up to a message, then all; what there can't be is refused.
async fn marks(t: &Probe, with: &str, bob: &str, ids: &[String; 2], read: Option<&str>) {
    t.call(&[with]).by(bob).body(json!({"messageId": ids[0].parse::<i64>().unwrap_or(0)})).acknowledges().await;
    if let Some(kind) = read {
        unread(t, kind, with, bob, "1").await;
    }
    t.call(&[with]).by(bob).body(json!({})).acknowledges().await;
    if let Some(kind) = read {
        unread(t, kind, with, bob, "0").await;
    }
    t.call(&[with]).by(&t.user().await).body(json!({})).refused("ERR_CONVERSATION_NOT_ACCESSIBLE").await;
    for body in [json!({"messageId": "x"}), json!({"messageId": -1})] {
        t.call(&[with]).by(bob).body(body).refused("ERR_BAD_REQUEST").await;
    }
}

/// Pins and unpins; what is pinned is so once, and at most five are.
async fn pins(t: &Probe, with: &str, uid: &str, unpin: &str, list: &str) {
    let pinned = json!({"pinnedBy": uid});
    t.call(&[with]).by(uid).gives("@Pin", pinned.clone()).await;
    t.call(&[with]).by(uid).gives("@Pin", pinned.clone()).await;
    t.op(list, &[with]).by(uid).gives("@Conversation", pinned).await;
    t.app.done(unpin, &[with], Some(uid), json!({})).await;
    t.op(list, &[with]).by(uid).gives("@Conversation", json!({"pinnedBy": null, "pinnedAt": null})).await;
}

/// Replaces the pins of the app.
async fn system_pins(t: &Probe, pins: Value) {
    t.app.done("replace-global-pinned-conversations", &[], None, json!({"pinnedConversations": pins})).await;
}

cases! {
    "list-all-conversations" (t) {
        let (ann, bob, ids, id) = talk(t).await;
        let guid = t.group(&[&bob]).await;
        t.group_text(&bob, &guid).await;
        let list = |query: &str| t.call(&[]).by(&bob).query(query);
        let with_ann = json!({"conversationId": id, "conversationType": "user", "unreadMessageCount": "2",
            "conversationWith": {"uid": ann}, "lastMessage": {"id": ids[1]}});
        let with_group = json!({"conversationId": format!("group_{guid}"), "conversationType": "group", "conversationWith": {"guid": guid}});
        let listed = list("").lists("@Conversation", json!([with_group, with_ann])).await;
        t.expect(json!({"total": 2}), &listed["meta"]["pagination"]);
        list("conversationType=user").lists("@Conversation", json!([with_ann])).await;
        list("conversationType=group").lists("@Conversation", json!([with_group])).await;
        list("unread=true").lists("@Conversation", json!([with_ann])).await;
        t.app.done("update-user-conversation", &[&ann], Some(&bob), json!({"tags": ["work"]})).await;
        list("tags=work,fun").lists("@Conversation", json!([{"tags": ["work"]}])).await;
        list("withTags=true").lists("@Conversation", json!([{"tags": []}, {"tags": ["work"]}])).await;
        list("withUserAndGroupTags=true").lists("@Conversation", json!([{"conversationWith": {"tags": []}}, {"conversationWith": {"tags": []}}])).await;
        list(&format!("searchKey=name {ann}")).lists("@Conversation", json!([with_ann])).await;
        list("perPage=1&page=2").lists("@Conversation", json!([with_ann])).await;
        t.call(&[]).by(&t.user().await).lists("@Conversation", json!([])).await;
        for query in ["conversationType=crowd", "unread=x", "withTags=x"] {
            list(query).refused("ERR_BAD_REQUEST").await;
        }
        t.pages(&[], "@Conversation").await;
    }
    "get-conversation" (t) {
        let (ann, bob, ids, id) = talk(t).await;
        t.call(&[&id]).by(&bob).gives("@Conversation", json!({"conversationId": id, "lastMessage": {"id": ids[1]}, "conversationWith": {"uid": ann}})).await;
        t.call(&[&id]).by(&t.user().await).refused("ERR_CONVERSATION_NOT_FOUND").await;
        t.call(&["group_none-here"]).by(&bob).refused("ERR_CONVERSATION_NOT_FOUND").await;
        t.call(&["nonsense"]).by(&bob).refused("ERR_CONVERSATION_NOT_FOUND").await;
    }
    "delete-conversation" (t) {
        let (ann, bob, _, id) = talk(t).await;
        t.call(&[&id]).by(&bob).acknowledges().await;
        t.op("list-all-conversations", &[]).by(&bob).lists("@Conversation", json!([])).await;
        t.op("list-all-conversations", &[]).by(&ann).lists("@Conversation", json!([{"conversationId": id}])).await;
        t.call(&["group_none-here"]).by(&bob).refused("ERR_CONVERSATION_NOT_FOUND").await;
    }
    "get-user-conversations" (t) {
        let (ann, bob, ids, id) = talk(t).await;
        t.call(&[&ann]).by(&bob).gives("@Conversation", json!({"conversationId": id, "conversationType": "user",
            "unreadMessageCount": "2", "lastMessage": {"id": ids[1]}, "conversationWith": {"uid": ann}})).await;
        t.call(&[&ann]).by(&t.user().await).refused("ERR_CONVERSATION_NOT_ACCESSIBLE").await;
    }
    "update-user-conversation" (t) {
        let (ann, bob, _, id) = talk(t).await;
        t.call(&[&ann]).by(&bob).body(json!({"tags": ["a", "b"]})).gives("@Conversation", json!({"conversationId": id, "tags": ["a", "b"]})).await;
        t.op("get-user-conversations", &[&ann]).by(&bob).gives("@Conversation", json!({"tags": ["a", "b"]})).await;
        t.op("get-user-conversations", &[&bob]).by(&ann).gives("@Conversation", json!({"tags": null})).await;
        t.call(&[&ann]).by(&t.user().await).body(json!({"tags": []})).refused("ERR_CONVERSATION_NOT_ACCESSIBLE").await;
        let many: Vec<String> = (0..26).map(|n| format!("t{n}")).collect();
        for body in [json!({}), json!({"tags": "x"}), json!({"tags": many}), json!({"tags": ["x".repeat(101)]})] {
            t.call(&[&ann]).by(&bob).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "reset-user-conversation" (t) {
        let (ann, bob, _, _) = talk(t).await;
        t.call(&[&ann]).by(&bob).body(json!({"conversationWith": ann, "preserveOrder": false, "deleteMessagesPermanently": false})).acknowledges().await;
        t.op("list-all-conversations", &[]).by(&bob).lists("@Conversation", json!([])).await;
        t.op("user-list-user-messages", &[&ann]).by(&bob).query("limit=10").walks("@Message", json!([])).await;
        t.op("user-list-user-messages", &[&bob]).by(&ann).query("limit=10").walks("@Message", json!([{}, {}])).await;
        t.call(&[&ann]).by(&t.user().await).refused("ERR_CONVERSATION_NOT_ACCESSIBLE").await;
        t.call(&[&ann]).by(&ann).body(json!({"preserveOrder": "x"})).refused("ERR_BAD_REQUEST").await;
    }
    "mark-conversation-as-delivered" (t) {
        let (ann, bob, ids, _) = talk(t).await;
        t.call(&[&ann]).by(&bob).body(json!({"messageId": ids[0].parse::<i64>().unwrap_or(0)})).gives("obj", json!({"success": true})).await;
        let at = |id: &str| t.op("get-message-details", &[id]).by(&ann).gives("@Message", Value::Null);
        if !at(&ids[0]).await["deliveredAt"].is_i64() || !at(&ids[1]).await["deliveredAt"].is_null() {
            t.fault("not the messages up to the one are delivered");
        }
        marks(t, &ann, &bob, &ids, None).await;
    }
    "mark-conversation-as-read" (t) {
        let (ann, bob, ids, _) = talk(t).await;
        marks(t, &ann, &bob, &ids, Some("get-user-conversations")).await;
        if !t.op("get-message-details", &[&ids[1]]).by(&ann).gives("@Message", Value::Null).await["readAt"].is_i64() {
            t.fault("no readAt");
        }
    }
    "mark-conversation-as-unread" (t) {
        let (ann, bob, ids, _) = talk(t).await;
        t.app.done("mark-conversation-as-read", &[&ann], Some(&bob), json!({})).await;
        t.call(&[&ann]).by(&bob).body(json!({"messageId": ids[0].parse::<i64>().unwrap_or(0)})).acknowledges().await;
        unread(t, "get-user-conversations", &ann, &bob, "1").await;
        // In a conversation that is not there, no message is.
        t.call(&[&ann]).by(&t.user().await).body(json!({"messageId": ids[0]})).refused("ERR_MESSAGE_ID_NOT_FOUND").await;
        for body in [json!({}), json!({"messageId": "x"})] {
            t.call(&[&ann]).by(&bob).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "get-group-conversations" (t) {
        let (guid, _, bob, ids) = room(t).await;
        t.call(&[&guid]).by(&bob).gives("@Conversation", json!({"conversationId": format!("group_{guid}"), "conversationType": "group",
            "unreadMessageCount": "2", "lastMessage": {"id": ids[1]}, "conversationWith": {"guid": guid}})).await;
        t.call(&[&guid]).by(&t.user().await).refused("ERR_CONVERSATION_NOT_ACCESSIBLE").await;
    }
    "update-group-conversation" (t) {
        let (guid, ann, bob, _) = room(t).await;
        t.call(&[&guid]).by(&bob).body(json!({"tags": ["a"]})).gives("@Conversation", json!({"tags": ["a"]})).await;
        t.op("get-group-conversations", &[&guid]).by(&bob).gives("@Conversation", json!({"tags": ["a"]})).await;
        t.op("get-group-conversations", &[&guid]).by(&ann).gives("@Conversation", json!({"tags": null})).await;
        t.call(&[&guid]).by(&t.user().await).body(json!({"tags": []})).refused("ERR_CONVERSATION_NOT_ACCESSIBLE").await;
        for body in [json!({}), json!({"tags": "x"})] {
            t.call(&[&guid]).by(&bob).body(body).refused("ERR_BAD_REQUEST").await;
        }
    }
    "reset-group-conversation" (t) {
        let (guid, ann, bob, _) = room(t).await;
        t.call(&[&guid]).by(&bob).body(json!({"preserveOrder": false})).acknowledges().await;
        t.op("list-all-conversations", &[]).by(&bob).lists("@Conversation", json!([])).await;
        t.op("list-all-conversations", &[]).by(&ann).lists("@Conversation", json!([{"conversationType": "group"}])).await;
        t.call(&[&guid]).by(&t.user().await).refused("ERR_CONVERSATION_NOT_ACCESSIBLE").await;
        t.call(&[&guid]).by(&ann).body(json!({"preserveOrder": "x"})).refused("ERR_BAD_REQUEST").await;
    }
    "mark-group-conversation-as-delivered" (t) {
        let (guid, _, bob, ids) = room(t).await;
        marks(t, &guid, &bob, &ids, None).await;
    }
    "mark-group-conversation-as-read" (t) {
        let (guid, _, bob, ids) = room(t).await;
        marks(t, &guid, &bob, &ids, Some("get-group-conversations")).await;
    }
    "mark-group-conversation-as-unread" (t) {
        let (guid, _, bob, ids) = room(t).await;
        t.app.done("mark-group-conversation-as-read", &[&guid], Some(&bob), json!({})).await;
        t.call(&[&guid]).by(&bob).body(json!({"messageId": ids[0].parse::<i64>().unwrap_or(0)})).acknowledges().await;
        unread(t, "get-group-conversations", &guid, &bob, "1").await;
        t.call(&[&guid]).by(&t.user().await).body(json!({"messageId": ids[0]})).refused("ERR_CONVERSATION_NOT_ACCESSIBLE").await;
        t.call(&[&guid]).by(&bob).body(json!({})).refused("ERR_BAD_REQUEST").await;
    }
    "list-global-pinned-conversations" (t) {
        let (uid, guid) = (t.user().await, t.group(&[]).await);
        system_pins(t, json!([{"guid": guid}, {"uid": uid}])).await;
        t.call(&[]).gives("[any]", json!([{"conversationType": "group", "pinnedBy": "app_system"}, {"conversationType": "user", "pinnedBy": "app_system"}])).await;
        system_pins(t, json!([])).await;
        t.call(&[]).gives("[any]", json!([])).await;
    }
    "replace-global-pinned-conversations" (t) {
        let (uid, guid) = (t.user().await, t.group(&[]).await);
        let put = |pins: Value| t.call(&[]).body(json!({"pinnedConversations": pins}));
        put(json!([{"guid": guid}, {"uid": uid}, {"guid": guid}])).gives("[any]", json!([{"conversationType": "group"}, {"conversationType": "user"}])).await;
        t.op("list-global-pinned-conversations", &[]).gives("[any]", json!([{"conversationType": "group"}, {"conversationType": "user"}])).await;
        put(json!([{"uid": "nobody-here"}])).refused("ERR_UID_NOT_FOUND").await;
        put(json!([{"guid": "none-here"}])).refused("ERR_GUID_NOT_FOUND").await;
        let mut many = Vec::new();
        for _ in 0..6 {
            many.push(json!({"uid": t.user().await}));
        }
        put(json!(many)).refused("ERR_SYSTEM_PINNED_CONVERSATIONS_LIMIT_EXCEEDED").await;
        for pins in [json!([{}]), json!("x"), Value::Null, json!([1])] {
            put(pins).refused("ERR_BAD_REQUEST").await;
        }
        put(json!([])).gives("[any]", json!([])).await;
    }
    "pin-user-conversation" (t) {
        let (ann, bob, _, _) = talk(t).await;
        pins(t, &ann, &bob, "unpin-user-conversation", "get-user-conversations").await;
        for _ in 0..5 {
            t.app.done("pin-user-conversation", &[&t.user().await], Some(&bob), json!({})).await;
        }
        t.call(&[&ann]).by(&bob).refused("ERR_PINNED_CONVERSATIONS_LIMIT_EXCEEDED").await;
        t.call(&["nobody-here"]).by(&ann).refused("ERR_UID_NOT_FOUND").await;
        system_pins(t, json!([{"uid": bob}])).await;
        t.call(&[&bob]).by(&ann).refused("ERR_SYSTEM_PINNED_CONVERSATION").await;
        system_pins(t, json!([])).await;
    }
    "unpin-user-conversation" (t) {
        let (ann, bob, _, id) = talk(t).await;
        t.app.done("pin-user-conversation", &[&ann], Some(&bob), json!({})).await;
        let gone = json!({"conversationId": id, "conversationType": "user", "pinnedAt": null});
        t.call(&[&ann]).by(&bob).gives("@Unpinned", gone.clone()).await;
        t.call(&[&ann]).by(&bob).gives("@Unpinned", gone).await;
        t.op("get-user-conversations", &[&ann]).by(&bob).gives("@Conversation", json!({"pinnedAt": null})).await;
        system_pins(t, json!([{"uid": bob}])).await;
        t.call(&[&bob]).by(&ann).refused("ERR_SYSTEM_PINNED_CONVERSATION").await;
        system_pins(t, json!([])).await;
    }
    "pin-group-conversation" (t) {
        let (guid, _, bob, _) = room(t).await;
        pins(t, &guid, &bob, "unpin-group-conversation", "get-group-conversations").await;
        for _ in 0..5 {
            t.app.done("pin-group-conversation", &[&t.group(&[&bob]).await], Some(&bob), json!({})).await;
        }
        t.call(&[&guid]).by(&bob).refused("ERR_PINNED_CONVERSATIONS_LIMIT_EXCEEDED").await;
        t.call(&["none-here"]).by(&bob).refused("ERR_GUID_NOT_FOUND").await;
        t.call(&[&guid]).by(&t.user().await).refused("ERR_GROUP_NOT_JOINED").await;
        system_pins(t, json!([{"guid": guid}])).await;
        t.call(&[&guid]).by(&bob).refused("ERR_SYSTEM_PINNED_CONVERSATION").await;
        system_pins(t, json!([])).await;
    }
    "unpin-group-conversation" (t) {
        let (guid, _, bob, _) = room(t).await;
        t.app.done("pin-group-conversation", &[&guid], Some(&bob), json!({})).await;
        let gone = json!({"conversationId": format!("group_{guid}"), "conversationType": "group", "pinnedAt": null});
        t.call(&[&guid]).by(&bob).gives("@Unpinned", gone.clone()).await;
        t.call(&[&guid]).by(&bob).gives("@Unpinned", gone).await;
        system_pins(t, json!([{"guid": guid}])).await;
        t.call(&[&guid]).by(&bob).refused("ERR_SYSTEM_PINNED_CONVERSATION").await;
        system_pins(t, json!([])).await;
    }
}
