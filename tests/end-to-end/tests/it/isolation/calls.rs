//! How each operation is called in an app that is like another one.

use serde_json::{Value, json};

use super::Ids;

/// How an operation is called.
pub struct Entry {
    pub parameters: Vec<String>,
    pub acting: Option<&'static str>,
    pub query: String,
    pub body: Option<Value>,
}

fn entry(parameters: &[&str], acting: &'static str, body: Value) -> Option<Entry> {
    Some(Entry {
        parameters: parameters.iter().map(|one| (*one).to_owned()).collect(),
        acting: Some(acting).filter(|uid| !uid.is_empty()),
        query: String::new(),
        body: Some(body).filter(|body| !body.is_null()),
    })
}

fn query(parameters: &[&str], acting: &'static str, query: &str) -> Option<Entry> {
    entry(parameters, acting, Value::Null).map(|entry| Entry { query: format!("?{query}"), ..entry })
}

pub fn text(to: &str, text: &str) -> Value {
    json!({"receiver": to, "receiverType": "user", "category": "message", "type": "text", "data": {"text": text}})
}

/// Every operation with ids that both apps have, and with those of one of them. An operation that is not here fails the test.
pub fn call_of(id: &str, ids: &Ids, mark: &str) -> Option<Entry> {
    credentials(id, ids, mark)
        .or_else(|| people(id, mark))
        .or_else(|| rights(id, mark))
        .or_else(|| groups(id, mark))
        .or_else(|| messages(id, ids, mark))
        .or_else(|| conversations(id, ids))
        .or_else(|| others(id, ids, mark))
        .or_else(|| management(id, ids, mark))
}

fn credentials(id: &str, ids: &Ids, mark: &str) -> Option<Entry> {
    match id {
        "create-apikey" => entry(&[], "", json!({"name": mark, "scope": "fullAccess"})),
        "list-apikeys" => query(&[], "", "perPage=1000"),
        "get-apikey" => entry(&[&ids.api_key], "", Value::Null),
        "update-apikey" => entry(&[&ids.api_key], "", json!({"name": mark})),
        "delete-apikey" => entry(&[&ids.doomed_api_key], "", Value::Null),
        "create-authtoken" => entry(&["ann"], "", json!({"force": true})),
        "list-authtokens" => query(&["ann"], "", "perPage=1000"),
        "flush-authtokens" => entry(&["zoe"], "", Value::Null),
        "get-authtoken" => entry(&["ann", &ids.token], "", Value::Null),
        "update-authtoken" => entry(&["ann", &ids.token], "", json!({"userAgent": mark})),
        "delete-authtoken" => entry(&["ann", &ids.doomed_token], "", Value::Null),
        _ => None,
    }
}

fn people(id: &str, mark: &str) -> Option<Entry> {
    match id {
        "create-user" => entry(&[], "", json!({"uid": "fresh", "name": mark, "withAuthToken": true})),
        "list-users" => query(&[], "", "perPage=1000&withTags=true&withDeactivated=true"),
        "reactivate-users" => entry(&[], "", json!({"uidsToActivate": ["asleep"]})),
        "deactivate-users" => entry(&[], "", json!({"uidsToDeactivate": ["yan"]})),
        "get-user" => entry(&["bob"], "ann", Value::Null),
        "export-user" => entry(&["bob"], "", Value::Null),
        "update-user" => entry(&["bob"], "", json!({"name": mark, "tags": [mark]})),
        "delete-user" => entry(&["gone"], "", json!({"permanent": true})),
        "block-users" => entry(&["bob"], "", json!({"blockedUids": ["dan"]})),
        "list-blocked-users" => query(&["ann"], "", "perPage=1000"),
        "unblock-users" => entry(&["ann"], "", json!({"blockedUids": ["cat"]})),
        "add-friend" => entry(&["bob"], "", json!({"accepted": ["dan"]})),
        "list-all-friends" => query(&["ann"], "", "perPage=1000"),
        "remove-friend" => entry(&["ann"], "", json!({"friends": ["bob"]})),
        _ => None,
    }
}

fn rights(id: &str, mark: &str) -> Option<Entry> {
    match id {
        "create-role" => entry(&[], "", json!({"role": "fresh", "name": mark})),
        "list-roles" => query(&[], "", "perPage=1000"),
        "get-role" => entry(&["vip"], "", Value::Null),
        "update-role" => entry(&["vip"], "", json!({"name": mark, "description": mark})),
        "delete-role" => entry(&["vip"], "", Value::Null),
        "restrict-features" => entry(&["vip"], "", json!({"featuresToRestrict": ["getUser"]})),
        "get-restrictedfeatures" => entry(&["vip"], "", Value::Null),
        "allow-features" => entry(&["vip"], "", json!({"allowAll": true})),
        "list-role-permissions" => entry(&["vip"], "", Value::Null),
        "set-role-permissions" => entry(&["vip"], "", json!({"permissions": {"listUsers": "deny"}})),
        "unset-role-permissions" => entry(&["vip", "listUsers"], "", Value::Null),
        "list-scope-permissions" => entry(&["room", "participant"], "", Value::Null),
        "set-scope-permissions" => {
            entry(&["room", "participant"], "", json!({"permissions": {"sendThreadedMessage": "deny"}}))
        }
        "unset-scope-permissions" => entry(&["room", "participant", "sendThreadedMessage"], "", Value::Null),
        _ => None,
    }
}

fn groups(id: &str, mark: &str) -> Option<Entry> {
    match id {
        "create-group" => entry(&[], "ann", json!({"guid": "fresh", "name": mark, "type": "public"})),
        "list-groups" => query(&[], "", "perPage=1000&withTags=true"),
        "get-group" => entry(&["room"], "bob", Value::Null),
        "update-group" => entry(&["room"], "", json!({"name": mark, "description": mark})),
        "delete-group" => entry(&["spare"], "", Value::Null),
        "add-group-members" => entry(&["room"], "", json!({"participants": ["zoe"]})),
        "list-group-members" => query(&["room"], "", "perPage=1000"),
        "change-group-member-scope" => entry(&["room", "bob"], "", json!({"scope": "moderator"})),
        "kick-group-member" => entry(&["room", "cat"], "", Value::Null),
        "ban-group-user" => entry(&["room", "fay"], "", Value::Null),
        "unban-group-user" => entry(&["room", "eve"], "", Value::Null),
        "list-banned-group-users" => query(&["room"], "", "perPage=1000"),
        _ => None,
    }
}

fn messages(id: &str, ids: &Ids, mark: &str) -> Option<Entry> {
    let message = ids.message.as_str();
    match id {
        "send-message" => entry(
            &[],
            "ann",
            json!({"receiver": "bob", "receiverType": "user", "category": "message",
            "type": "text", "data": {"text": mark}, "muid": "equal-muid-2", "quotedMessageId": message}),
        ),
        "list-all-messages" => query(&[], "", "limit=1000"),
        "get-message-details" => entry(&[message], "bob", Value::Null),
        "update-message" => entry(&[message], "ann", json!({"data": {"text": mark}, "tags": [mark]})),
        "delete-message" => entry(&[&ids.doomed], "ann", Value::Null),
        "mark-message-as-interacted" => entry(&[&ids.interactive], "bob", json!({"interactions": ["send"]})),
        "pin-message" => entry(&[message], "", Value::Null),
        "unpin-message" => entry(&[message], "", Value::Null),
        "save-message" => entry(&[message], "ann", Value::Null),
        "unsave-message" => entry(&[message], "bob", Value::Null),
        "list-all-reactions" => query(&[message], "", "limit=1000"),
        "get-message-reactions" => query(&[message, "👍"], "ann", "limit=1000"),
        "add-message-reactions" => entry(&[message, ":new:"], "ann", Value::Null),
        "remove-message-reactions" => entry(&[message, "👍"], "bob", Value::Null),
        "send-thread-message" => entry(&[message], "bob", text("ann", mark)),
        "list-all-thread-messages" => query(&[message], "", "limit=1000"),
        "list-all-threads" => query(&[], "ann", "limit=1000"),
        "subscribe-thread" => entry(&[message], "ann", Value::Null),
        "unsubscribe-thread" => entry(&[message], "ann", Value::Null),
        "user-list-user-messages" => query(&["ann"], "bob", "limit=1000"),
        "user-list-group-messages" => query(&["room"], "", "limit=1000"),
        "send-bot-message" => entry(&["bot"], "", text("ann", mark)),
        _ => None,
    }
}

fn conversations(id: &str, ids: &Ids) -> Option<Entry> {
    let up_to = json!({"messageId": ids.message});
    match id {
        "list-all-conversations" => query(&[], "bob", "perPage=1000&withTags=true"),
        "get-conversation" => entry(&["ann_user_bob"], "bob", Value::Null),
        "delete-conversation" => entry(&["ann_user_dan"], "dan", Value::Null),
        "get-user-conversations" => entry(&["ann"], "bob", Value::Null),
        "update-user-conversation" => entry(&["ann"], "bob", json!({"tags": ["changed"]})),
        "reset-user-conversation" => entry(&["dan"], "ann", Value::Null),
        "mark-conversation-as-delivered" => entry(&["ann"], "bob", up_to),
        "mark-conversation-as-read" => entry(&["ann"], "bob", up_to),
        "mark-conversation-as-unread" => entry(&["ann"], "bob", up_to),
        "get-group-conversations" => entry(&["room"], "bob", Value::Null),
        "update-group-conversation" => entry(&["room"], "bob", json!({"tags": ["changed"]})),
        "reset-group-conversation" => entry(&["room"], "dan", Value::Null),
        "mark-group-conversation-as-delivered" => entry(&["room"], "bob", json!({})),
        "mark-group-conversation-as-read" => entry(&["room"], "bob", json!({})),
        "mark-group-conversation-as-unread" => entry(&["room"], "bob", json!({"messageId": "1"})),
        "list-global-pinned-conversations" => entry(&[], "", Value::Null),
        "replace-global-pinned-conversations" => entry(&[], "", json!({"pinnedConversations": [{"guid": "room"}]})),
        "pin-user-conversation" => entry(&["bob"], "ann", Value::Null),
        "unpin-user-conversation" => entry(&["ann"], "bob", Value::Null),
        "pin-group-conversation" => entry(&["den"], "ann", Value::Null),
        "unpin-group-conversation" => entry(&["den"], "bob", Value::Null),
        _ => None,
    }
}

fn others(id: &str, ids: &Ids, mark: &str) -> Option<Entry> {
    let of = |key: &str, entity: Value| json!({(key): {(entity["uid"].as_str().or(entity["guid"].as_str()).unwrap_or("k")): entity}});
    match id {
        "usage-metrics" => query(&[], "", "fromDate=1700000000&toDate=1700086400"),
        "message-receipt-metrics" | "connection-metrics" => entry(&[], "", Value::Null),
        "import-users" => entry(&[], "", of("users", json!({"uid": "imported", "name": mark}))),
        "import-groups" => entry(&[], "", of("groups", json!({"guid": "imported", "name": mark, "type": "public"}))),
        "import-members" => entry(
            &[],
            "",
            json!({"members": {"den_member_zoe": {"memberId": "den_member_zoe", "guid": "den", "uid": "zoe"}}}),
        ),
        "import-messages" => entry(
            &[],
            "",
            json!({"messages": {"equal-import": {"muid": "equal-import", "sender": "ann", "receiverType": "user",
            "receiver": "zoe", "category": "message", "type": "text", "data": {"text": mark}, "sentAt": 1_200_000_000}}}),
        ),
        "create-upload-url" => entry(
            &[],
            "ann",
            json!({"receiver": "bob", "receiverType": "user",
            "files": {"f": {"name": "f.txt", "size": 5, "mimeType": "text/plain"}}}),
        ),
        "list-calls" => query(&[], "", "perPage=1000"),
        "retrieve-call-details" => entry(&[&ids.session], "", Value::Null),
        "retrieve-call-transcriptions" => entry(&[&ids.session], "", Value::Null),
        "flag-a-message" => entry(&[&ids.message], "bob", json!({"reasonId": "rude", "remark": mark})),
        "list-flagged-messages" => query(&[], "", "limit=1000"),
        "blockreview-flagged-message" => entry(&[&ids.message], "", json!({"status": "approved"})),
        "list-reviewed-messages" => query(&[], "", "limit=1000"),
        "create-reason" => entry(&[], "", json!({"id": "fresh", "name": mark})),
        "list-reasons" => query(&[], "", "limit=1000"),
        "get-reason-details" => entry(&["rude"], "", Value::Null),
        "update-reason-details" => entry(&["rude"], "", json!({"name": mark})),
        "delete-reason" => entry(&["rude"], "", Value::Null),
        "notifications-push-register-token" => entry(
            &[],
            "",
            json!({"platform": "fcm_web", "providerId": "p", "fcmToken": ids.push_token, "authToken": ids.token}),
        ),
        "notifications-push-list-tokens" => query(&[], "", &format!("authToken={}&all=true", ids.token)),
        "notifications-push-unregister-tokens" => entry(&[], "", json!({"authToken": ids.token})),
        "notifications-push-delete-token" => entry(&[&ids.push_token], "", json!({"authToken": ids.token})),
        _ => None,
    }
}

fn management(id: &str, ids: &Ids, mark: &str) -> Option<Entry> {
    let app = ids.app.as_str();
    match id {
        "create-app" => entry(&[], "", json!({"name": mark, "region": "us", "skipSampleData": true})),
        "list-apps" => query(&[], "", "perPage=1000"),
        "delete-app" => entry(&[app], "", Value::Null),
        "fetch-multi-tenant-usage" => entry(&[app], "", json!({})),
        "add-collaborator" => entry(&[app], "", json!({"admins": ["nobody@example.org"]})),
        "list-collaborators" => entry(&[app], "", Value::Null),
        "map-settings" => entry(&[app], "", json!({"settings": {"core.conversations.updateOnMessageActions": true}})),
        "list-settings" => entry(&[app], "", Value::Null),
        "unmap-settings" => entry(&[app], "", json!({"settings": ["core.conversations.updateOnMessageActions"]})),
        "create-webhook" => {
            entry(&[app], "", json!({"id": "fresh", "name": mark, "webhookURL": "https://hooks.example/fresh"}))
        }
        "list-webhooks" => entry(&[app], "", Value::Null),
        "get-webhook" => entry(&[app, "hook"], "", Value::Null),
        "update-webhook" => entry(&[app, "hook"], "", json!({"name": mark})),
        "delete-webhook" => entry(&[app, "hook"], "", Value::Null),
        "add-triggers" => entry(&[app, "hook"], "", json!({"triggerIds": ["group_created"]})),
        "list-triggers" => entry(&[app, "hook"], "", Value::Null),
        "remove-triggers" => entry(&[app, "hook"], "", json!({"triggerIds": ["message_sent"]})),
        "add-tenant" => entry(
            &[],
            "",
            json!({"name": mark, "email": format!("{mark}@example.org"), "password": "long-enough-1",
            "appName": mark, "appRegion": "us"}),
        ),
        _ => None,
    }
}
