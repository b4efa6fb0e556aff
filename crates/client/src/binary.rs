//! Frames in binary form (subprotocol `halley.v1.protobuf`) and the same as JSON, both ways: so whoever reads events need
//! not know in which form they came.

use prost::Message as _;
use serde_json::{Map, Value, json};

/// The types of `proto/halley/client/v1/frames.proto`; a client needs no other contract.
#[allow(
    missing_docs,
    clippy::all,
    clippy::unwrap_used,
    clippy::too_many_lines,
    clippy::large_enum_variant,
    rustdoc::all,
    reason = "generated code"
)]
mod pb {
    include!("../../contracts/src/generated/halley.client.v1.rs");
}

use pb::{client_frame::Frame as Sent, server_frame::Frame as Told};

/// The binary form of a client's frame. `None`: the form has no such frame.
pub fn encode_client_frame(frame: &Value) -> Option<Vec<u8>> {
    let body = &frame["body"];
    let frame = match frame["type"].as_str().unwrap_or_default() {
        "" if frame["action"] == "ping" => Sent::Ping(pb::Ping {}),
        "auth" => Sent::Auth(auth(frame)),
        "typing_indicator" => Sent::Typing(pb::SendTyping {
            receiver: text(&frame["receiver"]),
            receiver_type: receiver_type(&frame["receiverType"]).into(),
            action: match body["action"].as_str()? {
                "started" => pb::TypingAction::Started.into(),
                "ended" => pb::TypingAction::Ended.into(),
                _ => return None,
            },
            metadata_json: given(&body["metadata"]),
        }),
        "transient_message" => Sent::Transient(pb::SendTransient {
            receiver: text(&frame["receiver"]),
            receiver_type: receiver_type(&frame["receiverType"]).into(),
            data_json: given(&body["data"]),
        }),
        "receipts" => Sent::Receipt(pb::SendReceipt {
            receiver: text(&frame["receiver"]),
            receiver_type: receiver_type(&frame["receiverType"]).into(),
            action: match body["action"].as_str()? {
                "delivered" => pb::ReceiptAction::Delivered.into(),
                "read" => pb::ReceiptAction::Read.into(),
                _ => return None,
            },
            message_id: number(&body["messageId"]),
        }),
        "send" => Sent::Send(send(frame)?),
        "call_signal" => Sent::CallSignal(call_signal(body)?),
        _ => return None,
    };
    Some(pb::ClientFrame { frame: Some(frame) }.encode_to_vec())
}

fn auth(frame: &Value) -> pb::Auth {
    let body = &frame["body"];
    let presence = match body["presenceSubscription"].as_str() {
        Some("ALL_USERS") => pb::PresenceSubscription::AllUsers,
        Some("FRIENDS") => pb::PresenceSubscription::Friends,
        Some("ROLES") => pb::PresenceSubscription::Roles,
        _ => pb::PresenceSubscription::Unspecified,
    };
    let resume = body["resume"].as_object().map(|resume| pb::Resume {
        token: resume.get("token").map(text).unwrap_or_default(),
        positions: resume
            .get("positions")
            .and_then(Value::as_object)
            .map(|positions| positions.iter().map(|(id, at)| (id.clone(), number(at))).collect())
            .unwrap_or_default(),
    });
    let device_id = body["deviceId"].as_str().map_or_else(|| text(&frame["deviceId"]), ToOwned::to_owned);
    pb::Auth {
        app_id: text(&frame["appId"]),
        device_id,
        token: text(&body["auth"]),
        presence: presence.into(),
        roles: texts(&body["roles"]),
        resume,
    }
}

/// What stands beside `data` has no place in the binary form.
fn send(frame: &Value) -> Option<pb::SendMessage> {
    let body = &frame["body"];
    let category = match body["category"].as_str() {
        None => pb::Category::Unspecified,
        Some("message") => pb::Category::Message,
        Some("custom") => pb::Category::Custom,
        Some("interactive") => pb::Category::Interactive,
        Some("action") => pb::Category::Action,
        Some("call") => pb::Category::Call,
        Some("card") => pb::Category::Card,
        Some(_) => return None,
    };
    Some(pb::SendMessage {
        id: text(&frame["id"]),
        receiver: text(&body["receiver"]),
        receiver_type: receiver_type(&body["receiverType"]).into(),
        category: category.into(),
        r#type: text(&body["type"]),
        data_json: given(&body["data"]),
        muid: text(&body["muid"]),
        tags: texts(&body["tags"]),
        parent_id: number(if body["parentId"].is_null() { &body["parentMessageId"] } else { &body["parentId"] }),
        quoted_message_id: number(&body["quotedMessageId"]),
    })
}

fn call_signal(body: &Value) -> Option<pb::SendCallSignal> {
    let action = match body["action"].as_str()? {
        "join" => pb::CallAction::Join,
        "leave" => pb::CallAction::Leave,
        "offer" => pb::CallAction::Offer,
        "answer" => pb::CallAction::Answer,
        "candidate" => pb::CallAction::Candidate,
        "bye" => pb::CallAction::Bye,
        _ => return None,
    };
    let to = &body["to"];
    Some(pb::SendCallSignal {
        session_id: text(&body["sessionId"]),
        action: action.into(),
        to: to.is_object().then(|| pb::Peer { uid: text(&to["uid"]), device_id: text(&to["deviceId"]) }),
        data_json: given(&body["data"]),
    })
}

fn receiver_type(value: &Value) -> pb::ReceiverType {
    match value.as_str() {
        Some("user") => pb::ReceiverType::User,
        Some("group") => pb::ReceiverType::Group,
        _ => pb::ReceiverType::Unspecified,
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().map(|list| list.iter().map(text).collect()).unwrap_or_default()
}

fn number(value: &Value) -> i64 {
    value.as_i64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_default()
}

fn given(value: &Value) -> Vec<u8> {
    if value.is_null() { Vec::new() } else { value.to_string().into_bytes() }
}

/// The JSON form of a server's frame. `None`: it can't be read, or is of a kind that is not known.
pub fn decode_server_frame(bytes: &[u8]) -> Option<Value> {
    let mut frame = pb::ServerFrame::decode(bytes).ok()?;
    let told = frame.frame.take()?;
    let (kind, body) = match told {
        Told::Pong(_) => return Some(json!({"action": "pong"})),
        Told::Sent(sent) => return Some(answer(frame.app_id, "sent", &sent.id, message(sent.message?)?)),
        Told::Refused(told) => {
            let mut error = Object::default();
            error.put("code", told.code);
            error.put("message", told.message.as_str());
            error.put("devMessage", told.message.as_str());
            error.put("source", "halley");
            if !told.field.is_empty() {
                let field = told.field;
                error.put("details", json!({field: [told.message]}));
            }
            let body = json!({"status": told.status, "error": error.0});
            return Some(answer(frame.app_id, "refused", &told.id, body));
        }
        Told::AuthAccepted(_) => ("auth", json!({"code": "200", "status": "OK"})),
        Told::Hint(hint) => ("hint", json!({"action": "reconnect", "delayMs": hint.reconnect_after_ms})),
        Told::Resumed(told) => ("resumed", resumed(told)),
        Told::Message(told) => ("message", message(told)?),
        Told::MessageChanged(told) => ("message_changed", message(told)?),
        Told::MessageModerated(told) => ("message_moderated", message(told)?),
        Told::MessagePinned(told) => ("message_pinned", message(told)?),
        Told::MessageUnpinned(told) => ("message_unpinned", message(told)?),
        Told::MessageSaved(told) => ("message_saved", message(told)?),
        Told::MessageUnsaved(told) => ("message_unsaved", message(told)?),
        Told::ConversationPinned(told) => ("conversation_pinned", conversation(told, &frame.receiver, false)?),
        Told::ConversationUnpinned(told) => ("conversation_unpinned", conversation(told, &frame.receiver, false)?),
        Told::ConversationChanged(told) => ("conversation_changed", conversation(told, &frame.receiver, true)?),
        Told::UnreadCountChanged(told) => ("unread_count_changed", conversation(told, &frame.receiver, false)?),
        Told::ConversationLeft(told) => ("conversation_left", conversation_left(told)),
        Told::Typing(told) => ("typing_indicator", typing(told)?),
        Told::Transient(told) => ("transient_message", transient(told)?),
        Told::Receipt(told) => ("receipts", receipt(told)?),
        Told::Presence(told) => ("presence", presence(told)?),
        Told::Reaction(told) => ("reaction", reaction(told)?),
        Told::GroupCreated(told) => ("group_created", group_change(told)?),
        Told::GroupUpdated(told) => ("group_updated", group_change(told)?),
        Told::GroupDeleted(told) => ("group_deleted", group_change(told)?),
        Told::GroupOwnerChanged(told) => ("group_owner_changed", group_change(told)?),
        Told::CallSignal(told) => ("call_signal", signal(told)?),
    };
    let mut outer = Object::default();
    outer.text("appId", &frame.app_id);
    outer.put("type", kind);
    outer.text("sender", &frame.sender);
    outer.text("receiver", &frame.receiver);
    outer.text("receiverType", receiver_word(frame.receiver_type));
    outer.text("deviceId", &frame.device_id);
    outer.put("body", body);
    Some(Value::Object(outer.0))
}

/// An object in the making.
#[derive(Default)]
struct Object(Map<String, Value>);

impl Object {
    fn put(&mut self, key: &str, value: impl Into<Value>) {
        self.0.insert(key.to_owned(), value.into());
    }

    /// Leaves out what is empty.
    fn text(&mut self, key: &str, text: &str) {
        if !text.is_empty() {
            self.put(key, text);
        }
    }

    /// Leaves out what is 0.
    fn number(&mut self, key: &str, number: i64) {
        if number != 0 {
            self.put(key, number);
        }
    }

    /// An id, in decimal; leaves out what is 0.
    fn id(&mut self, key: &str, id: i64) {
        if id != 0 {
            self.put(key, id.to_string());
        }
    }

    /// Leaves out what is empty. `None`: it is no JSON.
    fn json(&mut self, key: &str, json: &[u8]) -> Option<()> {
        if !json.is_empty() {
            self.put(key, serde_json::from_slice::<Value>(json).ok()?);
        }
        Some(())
    }
}

fn answer(app_id: String, kind: &str, id: &str, body: Value) -> Value {
    let mut answer = Object::default();
    answer.put("appId", app_id);
    answer.put("type", kind);
    answer.text("id", id);
    answer.put("body", body);
    Value::Object(answer.0)
}

fn resumed(told: pb::Resumed) -> Value {
    let mut body = Object::default();
    body.put("token", told.token);
    body.put("refetch", told.refetch);
    if !told.untold_receipts_of.is_empty() {
        body.put("untoldReceiptsOf", told.untold_receipts_of);
    }
    Value::Object(body.0)
}

fn receiver_word(kind: i32) -> &'static str {
    match pb::ReceiverType::try_from(kind) {
        Ok(pb::ReceiverType::User) => "user",
        Ok(pb::ReceiverType::Group) => "group",
        Ok(pb::ReceiverType::Unspecified) | Err(_) => "",
    }
}

fn category_word(category: pb::Category) -> &'static str {
    match category {
        pb::Category::Custom => "custom",
        pb::Category::Interactive => "interactive",
        pb::Category::Action => "action",
        pb::Category::Call => "call",
        pb::Category::Card => "card",
        pb::Category::Message | pb::Category::Unspecified => "message",
    }
}

fn user(user: pb::User) -> Option<Value> {
    let mut map = Object::default();
    map.put("uid", user.uid);
    map.put("name", user.name);
    map.text("avatar", &user.avatar);
    map.text("link", &user.link);
    map.text("statusMessage", &user.status_message);
    map.put("role", user.role);
    map.put("status", if user.online { "available" } else { "offline" });
    map.json("metadata", &user.metadata_json)?;
    map.number("lastActiveAt", user.last_active_at);
    map.number("createdAt", user.created_at);
    map.number("updatedAt", user.updated_at);
    map.number("deactivatedAt", user.deactivated_at);
    map.text("conversationId", &user.conversation_id);
    Some(Value::Object(map.0))
}

fn group(group: pb::Group, with_tags: bool) -> Option<Value> {
    let kind = match group.r#type() {
        pb::GroupType::Password => "password",
        pb::GroupType::Private => "private",
        pb::GroupType::Public | pb::GroupType::Unspecified => "public",
    };
    let mut map = Object::default();
    map.put("guid", group.guid);
    map.put("name", group.name);
    map.text("description", &group.description);
    map.text("icon", &group.icon);
    map.put("type", kind);
    map.put("owner", group.owner);
    map.json("metadata", &group.metadata_json)?;
    if with_tags {
        map.put("tags", group.tags);
    }
    map.put("membersCount", group.members_count);
    map.put("conversationId", group.conversation_id);
    map.put("createdAt", group.created_at);
    map.number("updatedAt", group.updated_at);
    map.text("updatedBy", &group.updated_by);
    map.put("hasJoined", true);
    Some(Value::Object(map.0))
}

fn entity(entity: Value, kind: &str) -> Value {
    json!({"entity": entity, "entityType": kind})
}

fn message(mut message: pb::Message) -> Option<Value> {
    let mut data: Value = serde_json::from_slice(&message.data_json).ok()?;
    let entities = entities(&mut message)?;
    data.as_object_mut()?.insert("entities".to_owned(), entities);
    let mut map = Object::default();
    map.put("id", message.id.to_string());
    map.text("muid", &message.muid);
    map.put("category", category_word(message.category()));
    map.put("receiverType", receiver_word(message.receiver_type));
    map.put("conversationId", message.conversation_id);
    map.put("sender", message.sender);
    map.put("receiver", message.receiver);
    map.put("type", message.r#type);
    map.put("data", data);
    map.put("sentAt", message.sent_at);
    map.number("updatedAt", message.updated_at);
    map.number("deliveredAt", message.delivered_at);
    map.number("readAt", message.read_at);
    map.number("editedAt", message.edited_at);
    map.text("editedBy", &message.edited_by);
    map.number("deletedAt", message.deleted_at);
    map.text("deletedBy", &message.deleted_by);
    map.number("pinnedAt", message.pinned_at);
    map.text("pinnedBy", &message.pinned_by);
    map.number("savedAt", message.saved_at);
    if !message.tags.is_empty() {
        map.put("tags", message.tags);
    }
    map.id("parentId", message.parent_id);
    map.number("replyCount", message.reply_count.into());
    map.number("unreadRepliesCount", message.unread_replies_count.into());
    let mut own = Object::default();
    own.number("deliveredAt", message.own_delivered_at);
    own.number("readAt", message.own_read_at);
    if !own.0.is_empty() {
        map.put("myReceipt", Value::Object(own.0));
    }
    if message.thread_subscribed {
        map.put("threadSubscribed", true);
    }
    map.id("quotedMessageId", message.quoted_message_id);
    if let Some(quoted) = message.quoted_message {
        map.put("quotedMessage", self::message(*quoted)?);
    }
    if let Some(sequence) = message.sequence {
        map.put("sequence", sequence);
    }
    Some(Value::Object(map.0))
}

/// Who and what a message's ids stand for.
fn entities(message: &mut pb::Message) -> Option<Value> {
    let is_action = matches!(message.category(), pb::Category::Action | pb::Category::Call);
    let mut entities = Object::default();
    let sender = entity(user(message.sender_user.take()?)?, "user");
    entities.put(if is_action { "by" } else { "sender" }, sender);
    let receiver = match message.receiver_entity.take()? {
        pb::message::ReceiverEntity::ReceiverUser(known) => entity(user(known)?, "user"),
        pb::message::ReceiverEntity::ReceiverGroup(known) => entity(group(known, false)?, "group"),
    };
    entities.put(if is_action { "for" } else { "receiver" }, receiver);
    match message.on.take() {
        Some(pb::message::On::OnUser(on)) => entities.put("on", entity(user(on)?, "user")),
        Some(pb::message::On::OnMessage(on)) => entities.put("on", entity(self::message(*on)?, "message")),
        Some(pb::message::On::OnCallJson(on)) => {
            entities.put("on", entity(serde_json::from_slice(&on).ok()?, "call"));
        }
        None => {}
    }
    Some(Value::Object(entities.0))
}

fn conversation(conversation: pb::Conversation, receiver: &str, with_tags: bool) -> Option<Value> {
    let kind = receiver_word(conversation.conversation_type);
    let mut map = Object::default();
    map.put("conversationId", conversation.conversation_id);
    map.put("conversationType", kind);
    map.put("unreadMessageCount", conversation.unread_message_count.to_string());
    map.put("unreadMentionsCount", conversation.unread_mentions_count);
    map.id("lastReadMessageId", conversation.last_read_message_id);
    map.id("lastDeliveredMessageId", conversation.last_delivered_message_id);
    map.id("latestMessageId", conversation.latest_message_id);
    if with_tags || !conversation.tags.is_empty() {
        map.put("tags", conversation.tags);
    }
    if conversation.pinned_at != 0 {
        map.put("pinnedAt", conversation.pinned_at);
        map.put("pinnedBy", conversation.pinned_by);
    }
    map.number("hiddenBefore", conversation.hidden_before);
    map.number("createdAt", conversation.created_at);
    map.number("updatedAt", conversation.updated_at);
    if let Some(last) = conversation.last_message {
        map.put("lastMessage", message(last)?);
    }
    let with = match conversation.conversation_with {
        Some(pb::conversation::ConversationWith::WithUser(known)) => user(known)?,
        Some(pb::conversation::ConversationWith::WithGroup(known)) => group(known, false)?,
        None if kind == "group" => json!({"guid": receiver}),
        None => json!({"uid": receiver}),
    };
    map.put("conversationWith", with);
    Some(Value::Object(map.0))
}

fn typing(told: pb::Typing) -> Option<Value> {
    let mut body = Object::default();
    body.put("action", if told.action() == pb::TypingAction::Started { "started" } else { "ended" });
    body.put("user", user(told.user?)?);
    body.json("metadata", &told.metadata_json)?;
    Some(Value::Object(body.0))
}

fn transient(told: pb::Transient) -> Option<Value> {
    let mut body = Object::default();
    body.put("user", user(told.user?)?);
    body.json("data", &told.data_json)?;
    Some(Value::Object(body.0))
}

fn receipt(told: pb::Receipt) -> Option<Value> {
    let action = match told.action() {
        pb::ReceiptAction::Delivered => "delivered",
        pb::ReceiptAction::Read => "read",
        pb::ReceiptAction::DeliveredToAll => "deliveredToAll",
        pb::ReceiptAction::ReadByAll => "readByAll",
        pb::ReceiptAction::Unspecified => return None,
    };
    let user = user(told.user?)?;
    Some(json!({"action": action, "messageId": told.message_id.to_string(), "user": user, "timestamp": told.timestamp}))
}

fn presence(told: pb::Presence) -> Option<Value> {
    let action = if told.action() == pb::PresenceAction::Online { "online" } else { "offline" };
    Some(json!({"action": action, "user": user(told.user?)?, "timestamp": told.timestamp}))
}

fn reaction(told: pb::Reaction) -> Option<Value> {
    let is_added = told.action() == pb::ReactionAction::Added;
    let mut body = Object::default();
    body.put("action", if is_added { "message_reaction_added" } else { "message_reaction_removed" });
    body.put("conversationId", told.conversation_id);
    body.put("count", told.count);
    body.id("parentMessageId", told.parent_message_id);
    body.put("id", told.id.to_string());
    body.put("messageId", told.message_id.to_string());
    body.put("reaction", told.reaction);
    body.put("uid", told.uid);
    body.put("reactedAt", told.reacted_at);
    body.put("reactedBy", user(told.reacted_by?)?);
    Some(Value::Object(body.0))
}

fn conversation_left(told: pb::ConversationLeft) -> Value {
    let mut body = Object::default();
    body.put("conversationId", told.conversation_id);
    if told.hidden_before != 0 {
        body.put("hiddenBefore", told.hidden_before);
    }
    Value::Object(body.0)
}

fn group_change(told: pb::GroupChange) -> Option<Value> {
    let mut body = Object::default();
    body.put("group", group(told.group?, true)?);
    body.text("oldOwner", &told.old_owner);
    body.put("timestamp", told.timestamp);
    Some(Value::Object(body.0))
}

fn signal(told: pb::CallSignal) -> Option<Value> {
    let peer = |peer: pb::Peer| {
        let mut map = Object::default();
        map.put("uid", peer.uid);
        map.text("deviceId", &peer.device_id);
        Value::Object(map.0)
    };
    let mut body = Object::default();
    let action = match told.action() {
        pb::CallAction::Peers => {
            body.put("peers", told.peers.into_iter().map(peer).collect::<Vec<_>>());
            body.put("iceServers", told.ice_servers.into_iter().map(ice_server).collect::<Vec<_>>());
            "peers"
        }
        pb::CallAction::Refused => {
            body.put("code", told.code);
            "refused"
        }
        pb::CallAction::Joined => "joined",
        pb::CallAction::Left => "left",
        pb::CallAction::Offer => "offer",
        pb::CallAction::Answer => "answer",
        pb::CallAction::Candidate => "candidate",
        pb::CallAction::Bye => "bye",
        pb::CallAction::Join | pb::CallAction::Leave | pb::CallAction::Unspecified => return None,
    };
    body.put("action", action);
    body.put("sessionId", told.session_id);
    if let Some(from) = told.from {
        body.put("from", peer(from));
    }
    body.json("data", &told.data_json)?;
    Some(Value::Object(body.0))
}

fn ice_server(server: pb::IceServer) -> Value {
    let mut map = Object::default();
    map.put("urls", server.urls);
    map.text("username", &server.username);
    map.text("credential", &server.credential);
    Value::Object(map.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_of_the_server_looks_as_it_does_in_json() {
        let user = pb::User { uid: "ann".into(), name: "Ann".into(), role: "default".into(), ..Default::default() };
        let typing = pb::Typing { action: 1, user: Some(user), metadata_json: br#"{"k":1}"#.to_vec() };
        let frame = pb::ServerFrame {
            app_id: "app".into(),
            sender: "ann".into(),
            receiver: "bob".into(),
            receiver_type: 1,
            device_id: "D".into(),
            frame: Some(Told::Typing(typing)),
        };
        let shown = json!({"appId": "app", "type": "typing_indicator", "sender": "ann", "receiver": "bob",
            "receiverType": "user", "deviceId": "D", "body": {"action": "started", "metadata": {"k": 1},
                "user": {"uid": "ann", "name": "Ann", "role": "default", "status": "offline"}}});
        assert_eq!(decode_server_frame(&frame.encode_to_vec()), Some(shown));
    }

    #[test]
    fn what_can_not_be_read_or_said_is_nothing() {
        let broken = pb::Transient { user: Some(pb::User::default()), data_json: b"{".to_vec() };
        let broken = pb::ServerFrame { frame: Some(Told::Transient(broken)), ..Default::default() };
        for bytes in [b"".as_slice(), b"text", &[0xff; 9], &broken.encode_to_vec()] {
            assert_eq!(decode_server_frame(bytes), None, "{bytes:?}");
        }
        for frame in [json!({}), json!({"type": "dance"}), json!({"type": "receipts", "body": {}}), json!([1])] {
            assert_eq!(encode_client_frame(&frame), None, "{frame}");
        }
    }
}
