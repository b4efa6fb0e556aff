//! History that comes along from another place, at most 50 entities a call. Each entity stands or falls alone.

use std::collections::{BTreeMap, HashMap};

use halley_contracts::{
    common::v1::ItemResult,
    groups::v1::{
        Group, GroupType, ImportGroupsRequest, ImportMembersRequest, ImportedGroup, ImportedMember, MemberScope,
    },
    identity::v1::{ImportUsersRequest, User},
    messaging::v1::{ImportMessagesRequest, ImportedMessage},
};
use halley_kit::PublicError;
use halley_model::{APP_SYSTEM_UID, ErrorCode, Limit};
use halley_wire::{
    GroupJson, MessageJson, UserJson, View, parse_group_type, parse_scope, parse_send, schema, scope_word,
};
use serde_json::{Map, Value, json};

use super::users;
use crate::{
    caller::Context,
    input::Body,
    openapi::body,
    reply::{ApiError, Reply, data, failure, value},
};

/// One entity of a call: its key and its object.
struct Entry {
    key: String,
    body: Body,
}

/// Entities that could be read, in order, and what became of all of them by key.
struct Batch<T> {
    keys: Vec<String>,
    items: Vec<T>,
    fates: Map<String, Value>,
}

/// Imports users.
#[utoipa::path(
    post, path = "/data_import/users", tag = "data-import", operation_id = "import-users",
    request_body = body::UsersToImport,
    responses((status = 200, body = schema::Data<BTreeMap<String, schema::Fate>>)),
    extensions(("x-errors" = json!(["ERR_IMPORT_INVALID_USER_FORMAT"])))
)]
pub async fn users(context: Context, body: Body) -> Reply {
    context.server_side()?;
    let max = context.settings().await.limit(Limit::ImportEntities);
    let entries = entries(&body, "users", "uid", ErrorCode::ImportInvalidUserFormat, max)?;
    let mut batch = Batch::read(entries, ErrorCode::ImportInvalidUserFormat, |entry| user(&entry.body));
    let results = context.import_users(batch.items.clone()).await?;
    let stored = context.users(batch.items.iter().map(|user| user.uid.clone()).collect()).await?;
    let view = View { with_tags: true, ..context.view(None) };
    batch.settle(&results, |user| stored.get(&user.uid).map(|user| value(UserJson::new(user, view))));
    data(batch.fates)
}

/// Imports groups.
#[utoipa::path(
    post, path = "/data_import/groups", tag = "data-import", operation_id = "import-groups",
    request_body = body::GroupsToImport,
    responses((status = 200, body = schema::Data<BTreeMap<String, schema::Fate>>)),
    extensions(("x-errors" = json!(["ERR_IMPORT_INVALID_GROUP_FORMAT"])))
)]
pub async fn groups(context: Context, body: Body) -> Reply {
    context.server_side()?;
    let max = context.settings().await.limit(Limit::ImportEntities);
    let entries = entries(&body, "groups", "guid", ErrorCode::ImportInvalidGroupFormat, max)?;
    context.import_details(&entries, &["groupOwnerDetails"], &[]).await?;
    let mut batch = Batch::read(entries, ErrorCode::ImportInvalidGroupFormat, |entry| group(&entry.body));
    let results = context.import_groups(batch.items.clone()).await?;
    batch.settle(&results, |imported| imported.group.as_ref().map(|group| value(GroupJson::new(group, None))));
    data(batch.fates)
}

/// Imports members of groups.
#[utoipa::path(
    post, path = "/data_import/members", tag = "data-import", operation_id = "import-members",
    request_body = body::MembersToImport,
    responses((status = 200, body = schema::Data<BTreeMap<String, schema::Fate>>)),
    extensions(("x-errors" = json!(["ERR_IMPORT_INVALID_MEMBER_FORMAT"])))
)]
pub async fn members(context: Context, body: Body) -> Reply {
    context.server_side()?;
    let max = context.settings().await.limit(Limit::ImportEntities);
    let entries = entries(&body, "members", "memberId", ErrorCode::ImportInvalidMemberFormat, max)?;
    context.import_details(&entries, &["userDetails"], &["groupDetails"]).await?;
    let mut batch = Batch::read(entries, ErrorCode::ImportInvalidMemberFormat, |entry| member(&entry.body));
    let known = context.users(batch.items.iter().map(|member| member.uid.clone()).collect()).await?;
    batch.refuse_unless(ErrorCode::UidNotFound, |member| known.contains_key(&member.uid));
    let request = ImportMembersRequest { members: batch.items.clone() };
    let results = context.groups().import_members(context.request(request)).await?.into_inner().results;
    batch.settle(&results, |member| {
        Some(json!({
            "guid": member.guid,
            "uid": member.uid,
            "scope": scope_word(member.scope()),
            "joinedAt": member.joined_at_ms / 1000,
        }))
    });
    data(batch.fates)
}

/// Imports messages.
#[utoipa::path(
    post, path = "/data_import/messages", tag = "data-import", operation_id = "import-messages",
    request_body = body::MessagesToImport,
    responses((status = 200, body = schema::Data<BTreeMap<String, schema::Fate>>)),
    extensions(("x-errors" = json!(["ERR_IMPORT_INVALID_MESSAGE_FORMAT"])))
)]
pub async fn messages(context: Context, body: Body) -> Reply {
    context.server_side()?;
    let max = context.settings().await.limit(Limit::ImportEntities);
    let entries = entries(&body, "messages", "muid", ErrorCode::ImportInvalidMessageFormat, max)?;
    let people = ["senderUserDetails", "receiverUserDetails", "receiverGroupOwnerDetails"];
    context.import_details(&entries, &people, &["receiverGroupDetails"]).await?;
    let mut batch = Batch::read(entries, ErrorCode::ImportInvalidMessageFormat, |entry| message(&entry.body));
    let request = ImportMessagesRequest { messages: batch.items.clone(), with_messages: true };
    let answer = context.messaging().import_messages(context.request(request)).await?.into_inner();
    let view = context.view(None);
    let stored: HashMap<(&str, &str), &halley_contracts::messaging::v1::Message> =
        answer.messages.iter().map(|message| ((message.sender_uid.as_str(), message.muid.as_str()), message)).collect();
    batch.settle(&answer.results, |item| {
        let message = stored.get(&(item.sender_uid.as_str(), item.muid.as_str()))?;
        Some(value(MessageJson { message, view }))
    });
    data(batch.fates)
}

/// A map from each entity's own id to it, or a list of them: sources show both.
fn entries(body: &Body, name: &str, id: &str, invalid: ErrorCode, max: usize) -> Result<Vec<Entry>, ApiError> {
    let fault = |problem: String| ApiError(PublicError::field(invalid, name, format!("{name} {problem}")));
    let pairs: Vec<(String, &Value)> = match body.0.get(name) {
        Some(Value::Object(map)) => map.iter().map(|(key, entity)| (key.clone(), entity)).collect(),
        Some(Value::Array(list)) => list
            .iter()
            .map(|entity| (entity.get(id).and_then(Value::as_str).unwrap_or_default().to_owned(), entity))
            .collect(),
        _ => return Err(fault("must be an object of entities by their ids".to_owned())),
    };
    if pairs.is_empty() || pairs.len() > max {
        return Err(fault(format!("must have 1 to {max} entries")));
    }
    pairs
        .into_iter()
        .map(|(key, entity)| match entity {
            Value::Object(map) => {
                let mut map = map.clone();
                map.entry(id).or_insert_with(|| Value::String(key.clone()));
                Ok(Entry { key, body: Body(map) })
            }
            _ => Err(fault(format!("`{key}` must be an object"))),
        })
        .collect()
}

impl<T> Batch<T> {
    fn read(entries: Vec<Entry>, invalid: ErrorCode, read: impl Fn(&Entry) -> Result<T, ApiError>) -> Self {
        let mut batch = Self { keys: Vec::new(), items: Vec::new(), fates: Map::new() };
        for entry in entries {
            match read(&entry) {
                Ok(item) => {
                    batch.keys.push(entry.key);
                    batch.items.push(item);
                }
                Err(ApiError(error)) => {
                    batch.fates.insert(entry.key, fault(invalid, &error));
                }
            }
        }
        batch
    }

    /// Takes out what may not be stored.
    fn refuse_unless(&mut self, code: ErrorCode, may: impl Fn(&T) -> bool) {
        let (keys, items) = (std::mem::take(&mut self.keys), std::mem::take(&mut self.items));
        for (key, item) in keys.into_iter().zip(items) {
            if may(&item) {
                self.keys.push(key);
                self.items.push(item);
            } else {
                self.fates.insert(key, failure(code.as_str(), code.meaning()));
            }
        }
    }

    /// Answers come in the order asked.
    fn settle(&mut self, results: &[ItemResult], show: impl Fn(&T) -> Option<Value>) {
        for ((key, item), result) in self.keys.drain(..).zip(&self.items).zip(results) {
            let fate = match &result.error {
                Some(error) => failure(&error.code, &error.message),
                None => json!({"success": true, "data": show(item)}),
            };
            self.fates.insert(key, fate);
        }
    }
}

fn fault(invalid: ErrorCode, error: &PublicError) -> Value {
    let mut fate = failure(invalid.as_str(), &error.message);
    if let Some(field) = &error.field {
        fate["error"]["details"] = json!({field: [error.message]});
    }
    fate
}

impl Context {
    async fn import_users(&self, users: Vec<User>) -> Result<Vec<ItemResult>, ApiError> {
        let request = self.request(ImportUsersRequest { users });
        Ok(self.identity().import_users(request).await?.into_inner().results)
    }

    async fn import_groups(&self, groups: Vec<ImportedGroup>) -> Result<Vec<ItemResult>, ApiError> {
        let request = self.request(ImportGroupsRequest { groups });
        Ok(self.groups().import_groups(request).await?.into_inner().results)
    }

    /// Stores the users and groups that entities bring along, as far as they are new. What is wrong with one of them shows
    /// in the entity that needs it.
    async fn import_details(&self, entries: &[Entry], people: &[&str], groups: &[&str]) -> Result<(), ApiError> {
        let users: Vec<User> = details(entries, people).filter_map(|body| user(&body).ok()).collect();
        if !users.is_empty() {
            self.import_users(users).await?;
        }
        let groups: Vec<ImportedGroup> = details(entries, groups).filter_map(|body| group(&body).ok()).collect();
        if !groups.is_empty() {
            self.import_groups(groups).await?;
        }
        Ok(())
    }
}

fn details<'a>(entries: &'a [Entry], names: &'a [&'a str]) -> impl Iterator<Item = Body> + 'a {
    entries.iter().flat_map(move |entry| names.iter().filter_map(|name| entry.body.0.get(*name))).filter_map(
        |details| match details {
            Value::Object(map) => Some(Body(map.clone())),
            _ => None,
        },
    )
}

fn user(body: &Body) -> Result<User, ApiError> {
    let fields = users::fields(body)?;
    Ok(User {
        uid: body.required("uid")?.to_lowercase(),
        name: fields.name.unwrap_or_default(),
        avatar: fields.avatar.unwrap_or_default(),
        link: fields.link.unwrap_or_default(),
        role: fields.role.unwrap_or_default(),
        status_message: fields.status_message.unwrap_or_default(),
        metadata_json: fields.metadata_json.unwrap_or_default(),
        tags: fields.tags,
        created_at_ms: body.seconds("createdAt")?,
        last_active_at_ms: body.seconds("lastActiveAt")?,
        deactivated_at_ms: body.seconds("deactivatedAt")?,
        ..Default::default()
    })
}

fn group(body: &Body) -> Result<ImportedGroup, ApiError> {
    let kind: GroupType = parse_group_type(&body.required("type")?)
        .ok_or_else(|| ApiError::field("type", "must be public, password or private"))?;
    let owner = body.text("owner")?.filter(|owner| !owner.is_empty());
    let group = Group {
        guid: body.required("guid")?.to_lowercase(),
        name: body.required("name")?,
        r#type: kind.into(),
        description: body.text("description")?.unwrap_or_default(),
        icon: body.text("icon")?.unwrap_or_default(),
        owner: owner.map_or_else(|| APP_SYSTEM_UID.to_owned(), |owner| owner.to_lowercase()),
        metadata_json: body.object("metadata")?.unwrap_or_default(),
        tags: body.texts("tags")?.unwrap_or_default(),
        created_at_ms: body.seconds("createdAt")?,
        ..Default::default()
    };
    Ok(ImportedGroup { group: Some(group), password: body.text("password")?.unwrap_or_default() })
}

fn member(body: &Body) -> Result<ImportedMember, ApiError> {
    let scope = match body.text("scope")?.as_deref() {
        None | Some("") => MemberScope::Participant,
        Some(word) => {
            parse_scope(word).ok_or_else(|| ApiError::field("scope", "must be admin, moderator or participant"))?
        }
    };
    Ok(ImportedMember {
        guid: body.required("guid")?.to_lowercase(),
        uid: body.required("uid")?.to_lowercase(),
        scope: scope.into(),
        banned: body.flag("isBanned")?,
        joined_at_ms: body.seconds("joinedAt")?,
    })
}

fn message(body: &Body) -> Result<ImportedMessage, ApiError> {
    let parsed = parse_send(&body.0)?;
    Ok(ImportedMessage {
        muid: body.required("muid")?,
        sender_uid: body.required("sender")?.to_lowercase(),
        receiver_type: parsed.receiver_type,
        receiver: parsed.receiver,
        category: parsed.category,
        r#type: parsed.r#type,
        data_json: parsed.data_json,
        tags: parsed.tags,
        sent_at_ms: body.seconds("sentAt")?,
        delivered_at_ms: body.seconds("deliveredAt")?,
        read_at_ms: body.seconds("readAt")?,
        parent_muid: body.text("parentMuid")?.unwrap_or_default(),
        quoted_muid: body.text("quotedMuid")?.unwrap_or_default(),
    })
}
