//! Conversations and receipts.

use std::collections::HashMap;

use axum::extract::Path;
use halley_contracts::{
    groups::v1::{BatchGetGroupsRequest, Member},
    messaging::v1::{
        AgenticFilter, Conversation, GetConversationRequest, ListConversationsRequest, MarkDeliveredRequest,
        MarkReadRequest, MarkUnreadRequest, ReceiverType, ResetConversationRequest, UpdateConversationRequest,
    },
};
use halley_wire::{BlockState, ConversationJson, View, schema};
use serde_json::json;

use crate::{
    caller::Context,
    input::{self, Body, Query},
    openapi::{body, path, query},
    reply::{ApiError, Reply, data, done, list as answer_list, pagination, value},
};

/// The other side of a conversation.
struct With {
    kind: ReceiverType,
    id: String,
}

fn user(Path(uid): Path<String>) -> Result<With, ApiError> {
    Ok(With { kind: ReceiverType::User, id: input::uid(&uid)? })
}

fn group(Path(guid): Path<String>) -> Result<With, ApiError> {
    Ok(With { kind: ReceiverType::Group, id: input::guid(&guid)? })
}

/// Lists conversations, the newest first.
#[utoipa::path(
    get, path = "/conversations", tag = "conversations", operation_id = "list-all-conversations",
    params(query::Conversations, query::Search, query::Page),
    responses((status = 200, body = schema::List<schema::Conversation, schema::ConversationListMeta>))
)]
pub async fn list(context: Context, query: Query) -> Reply {
    let kind = match query.text("conversationType") {
        None => ReceiverType::Unspecified,
        Some("user") => ReceiverType::User,
        Some("group") => ReceiverType::Group,
        Some(_) => return Err(ApiError::field("conversationType", "must be user or group")),
    };
    let (pinned_by_owner, pinned_by_app) = pinned_by(&query)?;
    let with_cursor = zero_or_one(&query, "useCursoredIndex", true)?;
    let request = ListConversationsRequest {
        page: Some(query.page()?),
        r#type: kind.into(),
        unread_only: query.flag("unread")?,
        tags: query.texts("tags"),
        search_key: query.any(&["searchKey", "searchKeyword"]).unwrap_or_default().to_owned(),
        user_tags: query.texts("userTags"),
        group_tags: query.texts("groupTags"),
        include_blocked: query.flag("includeBlockedUsers")?,
        agentic: agentic(&query)?.into(),
        unique: zero_or_one(&query, "unique", false)?,
        pinned_by_owner,
        pinned_by_app,
        cursor: query.text("cursor").unwrap_or_default().to_owned(),
    };
    let answer = context.messaging().list_conversations(context.request(request)).await?.into_inner();
    let people = answer.conversations.iter().flat_map(people);
    let online = context.online(people).await;
    // The tags of a conversation are shown wherever it has any; an empty list only to who asked for it.
    let with_tags = query.flag("withTags")?;
    let view = View { with_tags: query.flag("withUserAndGroupTags")?, ..context.view(Some(&online)) };
    let blocks = if query.flag("withBlockedInfo")? { context.blocks().await? } else { HashMap::new() };
    let places = places(&context, &answer.conversations).await?;
    let show = |conversation| {
        let blocks = blocks_of(conversation, &blocks);
        ConversationJson { conversation, view, with_tags, blocks, own: place_in(conversation, &places) }
    };
    let rows: Vec<_> = answer.conversations.iter().map(show).collect();
    let mut meta = json!({"pagination": pagination(answer.page.unwrap_or_default())});
    // A page that begins behind another one, whatever has moved since: `cursor` instead of `page`.
    if with_cursor && !answer.next_cursor.is_empty() {
        meta["cursor"] = json!({"affix": "append", "cursor": answer.next_cursor});
    }
    answer_list(rows, meta)
}

/// Only pinned ones: the user's own, the app's, or both.
fn pinned_by(query: &Query) -> Result<(bool, bool), ApiError> {
    let words = query.texts("pinnedBy");
    if words.iter().any(|word| word != "me" && word != "system") {
        return Err(ApiError::field("pinnedBy", "may hold me and system"));
    }
    let has = |word: &str| words.iter().any(|given| given == word);
    Ok((has("me"), has("system")))
}

fn agentic(query: &Query) -> Result<AgenticFilter, ApiError> {
    match (query.flag("hideAgentic")?, query.flag("onlyAgentic")?) {
        (true, true) => Err(ApiError::field("onlyAgentic", "can't stand beside hideAgentic")),
        (true, false) => Ok(AgenticFilter::Hide),
        (false, true) => Ok(AgenticFilter::Only),
        (false, false) => Ok(AgenticFilter::Unspecified),
    }
}

/// A truth that is documented as a number.
fn zero_or_one(query: &Query, name: &str, default: bool) -> Result<bool, ApiError> {
    if query.text(name).is_none() { Ok(default) } else { query.flag(name) }
}

/// How the other user of a conversation and its owner stand to each other.
fn blocks_of(conversation: &Conversation, blocks: &HashMap<String, BlockState>) -> BlockState {
    let is_direct = conversation.with_type() == ReceiverType::User;
    blocks.get(&conversation.with).filter(|_| is_direct).copied().unwrap_or_default()
}

/// The acting user's places in the groups of conversations, by guid.
async fn places(context: &Context, conversations: &[Conversation]) -> Result<HashMap<String, Member>, ApiError> {
    let of_groups = conversations.iter().filter(|conversation| conversation.with_type() == ReceiverType::Group);
    let guids: Vec<String> = of_groups.map(|conversation| conversation.with.clone()).collect();
    if guids.is_empty() || context.caller.acting_uid().is_none() {
        return Ok(HashMap::new());
    }
    let answer = context.groups().batch_get_groups(context.request(BatchGetGroupsRequest { guids })).await?;
    Ok(answer.into_inner().own.into_iter().map(|member| (member.guid.clone(), member)).collect())
}

fn place_in<'a>(conversation: &Conversation, places: &'a HashMap<String, Member>) -> Option<&'a Member> {
    let is_group = conversation.with_type() == ReceiverType::Group;
    places.get(&conversation.with).filter(|_| is_group)
}

/// Whose presence a conversation shows.
fn people(conversation: &Conversation) -> impl Iterator<Item = &str> {
    let with = (conversation.with_type() == ReceiverType::User).then_some(conversation.with.as_str());
    let sender = conversation.last_message.as_ref().map(|message| message.sender_uid.as_str());
    with.into_iter().chain(sender)
}

/// Shows the conversation with a user.
#[utoipa::path(
    get, path = "/users/{uid}/conversation", tag = "conversations", operation_id = "get-user-conversations",
    params(path::Uid),
    responses((status = 200, body = schema::Data<schema::Conversation>)),
    extensions(("x-errors" = json!(["ERR_CONVERSATION_NOT_FOUND", "ERR_CONVERSATION_NOT_ACCESSIBLE", "ERR_UID_NOT_FOUND"])))
)]
pub async fn get_with_user(context: Context, uid: Path<String>) -> Reply {
    get(context, user(uid)?).await
}

/// Shows the conversation of a group.
#[utoipa::path(
    get, path = "/groups/{guid}/conversation", tag = "conversations", operation_id = "get-group-conversations",
    params(path::Guid),
    responses((status = 200, body = schema::Data<schema::Conversation>)),
    extensions(("x-errors" = json!([
        "ERR_CONVERSATION_NOT_FOUND", "ERR_CONVERSATION_NOT_ACCESSIBLE", "ERR_GUID_NOT_FOUND", "ERR_GROUP_NOT_JOINED",
    ])))
)]
pub async fn get_of_group(context: Context, guid: Path<String>) -> Reply {
    get(context, group(guid)?).await
}

async fn get(context: Context, with: With) -> Reply {
    let request = GetConversationRequest { with_type: with.kind.into(), with: with.id, ..Default::default() };
    find(context, request).await
}

/// Shows a conversation by its id.
///
/// Deprecated: ask by user or group.
#[utoipa::path(
    get, path = "/conversations/{conversationId}", tag = "conversations", operation_id = "get-conversation",
    params(path::ConversationId),
    responses((status = 200, body = schema::Data<schema::Conversation>)),
    extensions(("x-errors" = json!(["ERR_CONVERSATION_NOT_FOUND", "ERR_CONVERSATION_NOT_ACCESSIBLE"])))
)]
pub async fn get_by_id(context: Context, Path(conversation_id): Path<String>) -> Reply {
    find(context, GetConversationRequest { conversation_id, ..Default::default() }).await
}

async fn find(context: Context, request: GetConversationRequest) -> Reply {
    let answer = context.messaging().get_conversation(context.request(request)).await?.into_inner();
    show(&context, &answer.conversation.unwrap_or_default()).await
}

/// One conversation, shown.
pub async fn show(context: &Context, conversation: &Conversation) -> Reply {
    let online = context.online(people(conversation)).await;
    let places = places(context, std::slice::from_ref(conversation)).await?;
    data(ConversationJson {
        conversation,
        view: context.view(Some(&online)),
        with_tags: false,
        blocks: BlockState::default(),
        own: place_in(conversation, &places),
    })
}

/// Replaces the tags of the conversation with a user.
#[utoipa::path(
    put, path = "/users/{uid}/conversation", tag = "conversations", operation_id = "update-user-conversation",
    params(path::Uid),
    request_body = body::ConversationTags,
    responses((status = 200, body = schema::Data<schema::Conversation>)),
    extensions(("x-errors" = json!(["ERR_CONVERSATION_NOT_FOUND", "ERR_CONVERSATION_NOT_ACCESSIBLE", "ERR_UID_NOT_FOUND"])))
)]
pub async fn update_with_user(context: Context, uid: Path<String>, body: Body) -> Reply {
    update(context, user(uid)?, &body).await
}

/// Replaces the tags of the conversation of a group.
#[utoipa::path(
    put, path = "/groups/{guid}/conversation", tag = "conversations", operation_id = "update-group-conversation",
    params(path::Guid),
    request_body = body::ConversationTags,
    responses((status = 200, body = schema::Data<schema::Conversation>)),
    extensions(("x-errors" = json!([
        "ERR_CONVERSATION_NOT_FOUND", "ERR_CONVERSATION_NOT_ACCESSIBLE", "ERR_GUID_NOT_FOUND", "ERR_GROUP_NOT_JOINED",
    ])))
)]
pub async fn update_of_group(context: Context, guid: Path<String>, body: Body) -> Reply {
    update(context, group(guid)?, &body).await
}

async fn update(context: Context, with: With, body: &Body) -> Reply {
    let Some(tags) = body.texts("tags")? else { return Err(ApiError::field("tags", "is required")) };
    let request = UpdateConversationRequest { with_type: with.kind.into(), with: with.id, tags };
    let answer = context.messaging().update_conversation(context.request(request)).await?.into_inner();
    show(&context, &answer.conversation.unwrap_or_default()).await
}

/// Deletes the conversation with a user for the acting user.
///
/// The other side keeps its messages, unless they are to be deleted for good.
#[utoipa::path(
    delete, path = "/users/{uid}/conversation", tag = "conversations", operation_id = "reset-user-conversation",
    params(path::Uid),
    request_body = Option<body::Reset>,
    responses((status = 200, body = schema::Data<schema::Done>)),
    extensions(("x-errors" = json!(["ERR_CONVERSATION_NOT_FOUND", "ERR_CONVERSATION_NOT_ACCESSIBLE", "ERR_UID_NOT_FOUND"])))
)]
pub async fn reset_with_user(context: Context, uid: Path<String>, body: Body) -> Reply {
    let with = user(uid)?;
    body.text("conversationWith")?;
    let request = ResetConversationRequest {
        with_type: with.kind.into(),
        with: with.id,
        preserve_order: body.flag("preserveOrder")?,
        delete_messages: body.flag("deleteMessagesPermanently")?,
        ..Default::default()
    };
    reset(context, request).await
}

/// Deletes the conversation of a group for the acting user.
#[utoipa::path(
    delete, path = "/groups/{guid}/conversation", tag = "conversations", operation_id = "reset-group-conversation",
    params(path::Guid),
    request_body = Option<body::GroupReset>,
    responses((status = 200, body = schema::Data<schema::Done>)),
    extensions(("x-errors" = json!([
        "ERR_CONVERSATION_NOT_FOUND", "ERR_CONVERSATION_NOT_ACCESSIBLE", "ERR_GUID_NOT_FOUND", "ERR_GROUP_NOT_JOINED",
    ])))
)]
pub async fn reset_of_group(context: Context, guid: Path<String>, body: Body) -> Reply {
    let with = group(guid)?;
    let request = ResetConversationRequest {
        with_type: with.kind.into(),
        with: with.id,
        preserve_order: body.flag("preserveOrder")?,
        ..Default::default()
    };
    reset(context, request).await
}

/// Deletes a conversation for the acting user.
///
/// Deprecated: ask by user or group.
#[utoipa::path(
    delete, path = "/conversations/{conversationId}", tag = "conversations", operation_id = "delete-conversation",
    params(path::ConversationId),
    responses((status = 200, body = schema::Data<schema::Done>)),
    extensions(("x-errors" = json!(["ERR_CONVERSATION_NOT_FOUND", "ERR_CONVERSATION_NOT_ACCESSIBLE"])))
)]
pub async fn reset_by_id(context: Context, Path(conversation_id): Path<String>) -> Reply {
    reset(context, ResetConversationRequest { conversation_id, ..Default::default() }).await
}

async fn reset(context: Context, request: ResetConversationRequest) -> Reply {
    context.messaging().reset_conversation(context.request(request)).await?;
    done("The conversation is deleted for the user.")
}

/// Marks the conversation with a user as read.
#[utoipa::path(
    post, path = "/users/{uid}/conversation/read", tag = "conversations", operation_id = "mark-conversation-as-read",
    params(path::Uid),
    request_body = Option<body::UpTo>,
    responses((status = 200, body = schema::Data<schema::Marked>)),
    extensions(("x-errors" = json!([
        "ERR_CONVERSATION_NOT_FOUND", "ERR_CONVERSATION_NOT_ACCESSIBLE", "ERR_UID_NOT_FOUND",
        "ERR_MESSAGE_ID_NOT_FOUND",
    ])))
)]
pub async fn read_with_user(context: Context, uid: Path<String>, body: Body) -> Reply {
    read(context, user(uid)?, &body).await
}

/// Marks the conversation of a group as read.
#[utoipa::path(
    post, path = "/groups/{guid}/conversation/read", tag = "conversations", operation_id = "mark-group-conversation-as-read",
    params(path::Guid),
    request_body = Option<body::UpTo>,
    responses((status = 200, body = schema::Data<schema::Marked>)),
    extensions(("x-errors" = json!([
        "ERR_CONVERSATION_NOT_FOUND", "ERR_CONVERSATION_NOT_ACCESSIBLE", "ERR_GUID_NOT_FOUND", "ERR_GROUP_NOT_JOINED",
        "ERR_MESSAGE_ID_NOT_FOUND",
    ])))
)]
pub async fn read_of_group(context: Context, guid: Path<String>, body: Body) -> Reply {
    read(context, group(guid)?, &body).await
}

async fn read(context: Context, with: With, body: &Body) -> Reply {
    let request = MarkReadRequest {
        with_type: with.kind.into(),
        with: with.id,
        message_id: body.message_id("messageId")?,
        device_id: context.device_id.clone(),
    };
    context.messaging().mark_read(context.request(request)).await?;
    marked("The conversation is read.")
}

/// Marks the conversation with a user as delivered.
#[utoipa::path(
    post, path = "/users/{uid}/conversation/delivered", tag = "conversations", operation_id = "mark-conversation-as-delivered",
    params(path::Uid),
    request_body = Option<body::UpTo>,
    responses((status = 200, body = schema::Data<schema::Marked>)),
    extensions(("x-errors" = json!([
        "ERR_CONVERSATION_NOT_FOUND", "ERR_CONVERSATION_NOT_ACCESSIBLE", "ERR_UID_NOT_FOUND",
        "ERR_MESSAGE_ID_NOT_FOUND",
    ])))
)]
pub async fn delivered_with_user(context: Context, uid: Path<String>, body: Body) -> Reply {
    delivered(context, user(uid)?, &body).await
}

/// Marks the conversation of a group as delivered.
#[utoipa::path(
    post, path = "/groups/{guid}/conversation/delivered", tag = "conversations", operation_id = "mark-group-conversation-as-delivered",
    params(path::Guid),
    request_body = Option<body::UpTo>,
    responses((status = 200, body = schema::Data<schema::Marked>)),
    extensions(("x-errors" = json!([
        "ERR_CONVERSATION_NOT_FOUND", "ERR_CONVERSATION_NOT_ACCESSIBLE", "ERR_GUID_NOT_FOUND", "ERR_GROUP_NOT_JOINED",
        "ERR_MESSAGE_ID_NOT_FOUND",
    ])))
)]
pub async fn delivered_of_group(context: Context, guid: Path<String>, body: Body) -> Reply {
    delivered(context, group(guid)?, &body).await
}

async fn delivered(context: Context, with: With, body: &Body) -> Reply {
    let request = MarkDeliveredRequest {
        with_type: with.kind.into(),
        with: with.id,
        message_id: body.message_id("messageId")?,
        device_id: context.device_id.clone(),
    };
    context.messaging().mark_delivered(context.request(request)).await?;
    marked("The conversation is delivered.")
}

/// The pages spell the text's key one way for users and another for groups: both are there.
fn marked(message: &str) -> Reply {
    data(json!({"success": true, "message": message, "Message": message}))
}

/// Marks the conversation with a user as unread from a message on.
#[utoipa::path(
    delete, path = "/users/{uid}/conversation/read", tag = "conversations", operation_id = "mark-conversation-as-unread",
    params(path::Uid),
    request_body = body::UnreadFrom,
    responses((status = 200, body = schema::Data<schema::UnreadMarked>)),
    extensions(("x-errors" = json!([
        "ERR_CONVERSATION_NOT_FOUND", "ERR_CONVERSATION_NOT_ACCESSIBLE", "ERR_UID_NOT_FOUND",
        "ERR_MESSAGE_ID_NOT_FOUND",
    ])))
)]
pub async fn unread_with_user(context: Context, uid: Path<String>, body: Body) -> Reply {
    unread(context, user(uid)?, &body).await
}

/// Marks the conversation of a group as unread from a message on.
#[utoipa::path(
    delete, path = "/groups/{guid}/conversation/read", tag = "conversations", operation_id = "mark-group-conversation-as-unread",
    params(path::Guid),
    request_body = body::UnreadFrom,
    responses((status = 200, body = schema::Data<schema::UnreadMarked>)),
    extensions(("x-errors" = json!([
        "ERR_CONVERSATION_NOT_FOUND", "ERR_CONVERSATION_NOT_ACCESSIBLE", "ERR_GUID_NOT_FOUND", "ERR_GROUP_NOT_JOINED",
        "ERR_MESSAGE_ID_NOT_FOUND",
    ])))
)]
pub async fn unread_of_group(context: Context, guid: Path<String>, body: Body) -> Reply {
    unread(context, group(guid)?, &body).await
}

async fn unread(context: Context, with: With, body: &Body) -> Reply {
    let message_id = body.message_id("messageId")?;
    if message_id == 0 {
        return Err(ApiError::field("messageId", "is required"));
    }
    let request = MarkUnreadRequest { with_type: with.kind.into(), with: with.id, message_id };
    let answer = context.messaging().mark_unread(context.request(request)).await?.into_inner();
    let conversation = answer.conversation.unwrap_or_default();
    let (view, blocks) = (context.view(None), BlockState::default());
    let places = places(&context, std::slice::from_ref(&conversation)).await?;
    let own = place_in(&conversation, &places);
    let shown = value(ConversationJson { conversation: &conversation, view, with_tags: false, blocks, own });
    // Clients hang without the conversation, the REST pages show only the acknowledgement.
    data(json!({"success": true, "message": "The conversation is unread.", "conversation": shown}))
}
