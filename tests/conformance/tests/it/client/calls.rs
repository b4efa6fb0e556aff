//! The calls of a logged-in user, as existing clients make them.

use halley_testkit::unique;
use serde_json::{Map, Value, json};

use super::{Call, Client, To, checked, segment};
use crate::shapes::{self, Shape, at};

/// Content that is not looked at.
fn ok(_: &Value) -> Shape {
    Ok(())
}

/// What stands beside `data` once more.
const REPEATED: [&str; 4] = ["text", "metadata", "caption", "customData"];

/// Parts of a group that go along with whatever is known of it.
fn group_noise(mut group: Value) -> Value {
    group["hasJoined"] = json!(false);
    group["membersCount"] = json!(0);
    group["isBanned"] = json!(false);
    group
}

impl Client {
    pub async fn create_user(&self, mut fields: Value) -> Call {
        self.user_noise(&mut fields);
        self.by_key("POST", "/users", fields).await
    }

    pub async fn update_user(&self, uid: &str, mut fields: Value) -> Call {
        self.user_noise(&mut fields);
        self.by_key("PUT", &format!("/users/{}", segment(uid)), fields).await
    }

    fn user_noise(&self, fields: &mut Value) {
        fields["hasBlockedMe"] = json!(false);
        fields["blockedByMe"] = json!(false);
        fields["deactivatedAt"] = json!(0);
    }

    async fn by_key(&self, method: &str, path: &str, body: Value) -> Call {
        let url = format!("{}{path}", self.admin);
        let answer = self.send(method, &url, &[("apikey", &self.stage.app.auth_key)], Some(body)).await?;
        checked(&url, answer["data"].clone(), shapes::user)
    }

    pub async fn get_user(&self, uid: &str) -> Call {
        self.data("GET", &format!("/users/{}", segment(uid)), None, shapes::user).await
    }

    pub async fn block(&self, uids: &[&str]) -> Call {
        self.data("POST", "/blockedusers", Some(json!({"blockedUids": uids})), shapes::fates).await
    }

    pub async fn unblock(&self, uids: &[&str]) -> Call {
        self.data("DELETE", "/blockedusers", Some(json!({"blockedUids": uids})), shapes::fates).await
    }

    pub async fn logout(&self) -> Call {
        let shape = |data: &Value| {
            let is_done = at(data, "success") == true && at(data, "message").is_string();
            if is_done { Ok(()) } else { Err("success and message".to_owned()) }
        };
        self.data("DELETE", "/me", None, shape).await
    }

    /// The body of a message, with what is repeated beside `data`.
    pub fn message_body(&self, to: &To, given: Value) -> Value {
        let mut body = json!({"type": "text", "category": "message", "receiverType": to.kind, "receiver": to.id,
            "muid": unique("m"), "data": {}});
        let known: Map<String, Value> = given.as_object().cloned().unwrap_or_default();
        for (key, value) in known {
            body[key] = value;
        }
        for key in REPEATED {
            if let Some(value) = body["data"].get(key).cloned() {
                body[key] = value;
            }
        }
        body
    }

    /// Sends a message; what is given stands over the fields of a text.
    pub async fn send_message(&self, to: &To, given: Value) -> Call {
        let body = self.message_body(to, given);
        let path = match &body["parentMessageId"] {
            Value::Null => "/messages".to_owned(),
            parent => format!("/messages/{}/thread", id(parent)),
        };
        self.data("POST", &path, Some(body), shapes::message).await
    }

    pub async fn say(&self, to: &To, text: &str) -> Call {
        self.send_message(to, json!({"data": {"text": text}})).await
    }

    pub async fn reply(&self, to: &To, parent: &Value, text: &str) -> Call {
        self.send_message(to, json!({"data": {"text": text}, "parentMessageId": parent["id"]})).await
    }

    pub async fn message(&self, message: &Value) -> Call {
        let path = format!("/messages/{}?withThreadSubscribed=true", of(message));
        self.data("GET", &path, None, shapes::message).await
    }

    /// `getMessageReceipts`: the receipts of a message.
    pub async fn receipts(&self, message: &Value) -> Call {
        let path = format!("/messages/{}", of(message));
        let shape = |data: &Value| {
            shapes::message(data)?;
            match data.get("receipts") {
                None => Ok(()),
                Some(receipts) => shapes::rows(at(receipts, "data"), |row| {
                    shapes::user(at(row, "recipient")).map_err(|fault| format!("receipts.data.recipient.{fault}"))
                }),
            }
        };
        let message = self.data("GET", &path, None, shape).await?;
        Ok(message["receipts"].get("data").cloned().unwrap_or_else(|| json!([])))
    }

    /// All fields of the message go along. Answers the action message.
    pub async fn edit(&self, message: &Value, data: Value) -> Call {
        let mut body = message.clone();
        for (key, value) in data.as_object().into_iter().flatten() {
            body["data"][key] = value.clone();
            body[key] = value.clone();
        }
        let path = format!("/messages/{}", of(message));
        self.data("PUT", &path, Some(body), |data| shapes::action(data, "edited")).await
    }

    pub async fn delete(&self, message: &Value) -> Call {
        let path = format!("/messages/{}", of(message));
        let body = json!({"id": message["id"]});
        self.data("DELETE", &path, Some(body), |data| shapes::action(data, "deleted")).await
    }

    pub async fn react(&self, message: &Value, reaction: &str) -> Call {
        self.on_message("POST", message, &format!("/reactions/{}", segment(reaction))).await
    }

    pub async fn unreact(&self, message: &Value, reaction: &str) -> Call {
        self.on_message("DELETE", message, &format!("/reactions/{}", segment(reaction))).await
    }

    /// Pins, saves and the like, which answer the message.
    pub async fn on_message(&self, method: &str, message: &Value, what: &str) -> Call {
        self.data(method, &format!("/messages/{}{what}", of(message)), None, shapes::message).await
    }

    pub async fn interacted(&self, message: &Value, element: &str) -> Call {
        let path = format!("/messages/{}/interacted", of(message));
        self.data("PATCH", &path, Some(json!({"interactions": [element]})), ok).await
    }

    pub async fn flag(&self, message: &Value, reason: &str) -> Call {
        let path = format!("/messages/{}/flagged", of(message));
        self.data("POST", &path, Some(json!({"id": reason, "remark": "as said"})), ok).await
    }

    /// `subscribeToThread` and its contrary.
    pub async fn subscription(&self, method: &str, message: &Value) -> Call {
        self.data(method, &format!("/messages/{}/thread/subscription", of(message)), None, ok).await
    }

    /// Unread counts: path and query as the call has them.
    pub async fn unread(&self, path: &str, more: &str) -> Call {
        let path = format!("{path}?unread=1&count=1&hideMessagesFromBlockedUsers=0{more}");
        let shape = |data: &Value| {
            shapes::rows(data, |row| {
                let is_whole = row["entityType"].is_string() && row["entityId"].is_string() && row["count"].is_u64();
                if is_whole { Ok(()) } else { Err("entityType, entityId, count".to_owned()) }
            })
        };
        self.data("GET", &path, None, shape).await
    }

    pub async fn conversation(&self, with: &To) -> Call {
        self.data("GET", &format!("{}/conversation", with.path()), None, shapes::conversation).await
    }

    pub async fn tag_conversation(&self, with: &To, tags: &[&str]) -> Call {
        let path = format!("{}/conversation", with.path());
        self.data("PUT", &path, Some(json!({"tags": tags})), shapes::conversation).await
    }

    pub async fn delete_conversation(&self, with: &To) -> Call {
        self.data("DELETE", &format!("{}/conversation", with.path()), None, ok).await
    }

    /// `read` or `delivered`.
    pub async fn mark_conversation(&self, with: &To, how: &str) -> Call {
        self.data("POST", &format!("{}/conversation/{how}", with.path()), None, ok).await
    }

    /// `markMessageAsUnread`: needs the conversation under its own key.
    pub async fn mark_unread(&self, with: &To, message: &Value) -> Call {
        let path = format!("{}/conversation/read", with.path());
        let shape = |data: &Value| {
            shapes::conversation(at(data, "conversation")).map_err(|fault| format!("conversation.{fault}"))
        };
        self.data("DELETE", &path, Some(json!({"messageId": message["id"]})), shape).await
    }

    pub async fn pin_conversation(&self, method: &str, with: &To) -> Call {
        self.data(method, &format!("{}/conversation/pin", with.path()), None, shapes::conversation).await
    }

    pub async fn create_group(&self, group: Value) -> Call {
        self.data("POST", "/groups", Some(group_noise(group)), shapes::group).await
    }

    pub async fn create_group_with(&self, group: Value, members: Value) -> Call {
        let mut body = group_noise(group);
        body["members"] = members;
        let shape = |data: &Value| {
            shapes::group(data)?;
            shapes::four_lists(at(data, "members.data")).map_err(|fault| format!("members.data.{fault}"))
        };
        self.data("POST", "/groups", Some(body), shape).await
    }

    pub async fn get_group(&self, guid: &str) -> Call {
        self.data("GET", &group_path(guid), None, shapes::group).await
    }

    pub async fn update_group(&self, guid: &str, fields: Value) -> Call {
        self.data("PUT", &group_path(guid), Some(group_noise(fields)), shapes::group).await
    }

    pub async fn delete_group(&self, guid: &str) -> Call {
        self.data("DELETE", &group_path(guid), None, ok).await
    }

    /// The name is a filler. Answers the action message.
    pub async fn join(&self, guid: &str, kind: &str, password: &str) -> Call {
        let body = group_noise(json!({"guid": guid, "name": "name", "type": kind, "password": password}));
        let shape = |data: &Value| {
            shapes::action(data, "joined")?;
            shapes::group(at(data, "data.entities.for.entity")).or_else(|fault| {
                // The scope is not in what all get alike.
                if fault.starts_with("scope") { Ok(()) } else { Err(format!("data.entities.for.entity.{fault}")) }
            })
        };
        self.data("POST", &format!("{}/members", group_path(guid)), Some(body), shape).await
    }

    pub async fn leave(&self, guid: &str) -> Call {
        self.data("DELETE", &format!("{}/members", group_path(guid)), None, ok).await
    }

    pub async fn add_members(&self, guid: &str, lists: Value) -> Call {
        self.data("PUT", &format!("{}/members", group_path(guid)), Some(lists), shapes::four_lists).await
    }

    pub async fn scope(&self, guid: &str, uid: &str, scope: &str) -> Call {
        let path = format!("{}/members/{}", group_path(guid), segment(uid));
        self.data("PUT", &path, Some(json!({"scope": scope})), ok).await
    }

    pub async fn kick(&self, guid: &str, uid: &str) -> Call {
        self.data("DELETE", &format!("{}/members/{}", group_path(guid), segment(uid)), None, ok).await
    }

    pub async fn ban(&self, guid: &str, uid: &str) -> Call {
        self.data("POST", &format!("{}/bannedusers/{}", group_path(guid), segment(uid)), None, ok).await
    }

    pub async fn unban(&self, guid: &str, uid: &str) -> Call {
        self.data("DELETE", &format!("{}/bannedusers/{}", group_path(guid), segment(uid)), None, ok).await
    }

    pub async fn transfer(&self, guid: &str, owner: &str) -> Call {
        self.data("PATCH", &format!("{}/owner", group_path(guid)), Some(json!({"owner": owner})), ok).await
    }

    pub async fn ring(&self, to: &To) -> Call {
        let body = json!({"type": "audio", "receiverType": to.kind, "receiver": to.id, "category": "call",
            "status": "initiated"});
        self.data("POST", "/calls", Some(body), shapes::message).await
    }

    /// Accepts, rejects, cancels, ends.
    pub async fn change_call(&self, call: &Value, status: &str) -> Call {
        let path = format!("/calls/{}", segment(session(call)));
        self.data("PUT", &path, Some(json!({"status": status})), shapes::message).await
    }

    /// Online counts: asked of the socket's host, by the session.
    pub async fn online_members(&self, groups: Option<&[&str]>) -> Call {
        let host = self.settings["CHAT_HOST"].as_str().unwrap_or("undefined");
        let version = self.settings["WS_API_VERSION"].as_str().unwrap_or("undefined");
        let url = format!("https://{host}/api/{version}/online-members");
        let body = groups.map(|groups| json!({"groups": groups}));
        let answer = self.send("POST", &url, &[("authorization", &self.jwt)], body).await?;
        let shape = |data: &Value| match data["onlineUsersCount"].is_u64() && data["groups"].is_object() {
            true => Ok(()),
            false => Err("onlineUsersCount and groups".to_owned()),
        };
        checked(&url, answer["data"].clone(), shape)
    }
}

fn group_path(guid: &str) -> String {
    format!("/groups/{}", segment(guid))
}

/// The session of a call's message.
pub fn session(call: &Value) -> &str {
    at(call, "data.entities.on.entity.sessionid").as_str().unwrap_or_default()
}

/// An id as a path has it.
fn id(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn of(message: &Value) -> String {
    id(&message["id"])
}
