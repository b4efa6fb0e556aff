//! Groups.

use axum::extract::Path;
use halley_contracts::groups::v1::{
    CreateGroupRequest, DeleteGroupRequest, GetGroupRequest, Group, GroupType, ListGroupsRequest, Member, MemberLists,
    TransferOwnershipRequest, UpdateGroupRequest,
};
use halley_model::{ErrorCode, Limit};
use halley_wire::{GroupJson, parse_group_type, schema};
use serde_json::json;

use super::members::Lists;
use crate::{
    caller::Context,
    input::{self, Body, Query},
    openapi::{answer, body, path, query},
    reply::{ApiError, Reply, changed_at, data, done, page_with_cursor, value},
};

/// Makes a group.
#[utoipa::path(
    post, path = "/groups", tag = "groups", operation_id = "create-group",
    request_body = body::NewGroup,
    responses((status = 200, body = schema::Data<answer::NewGroupWithMembers>)),
    extensions(("x-errors" = json!(["ERR_GUID_ALREADY_EXISTS", "ERR_INVALID_GUID", "ERR_EMPTY_GROUP_PASS"])))
)]
pub async fn create(context: Context, body: Body) -> Reply {
    let kind = group_type(body.text("type")?.as_deref())?;
    context.check_creating(kind)?;
    let max = context.settings().await.limit(Limit::MembersPerCall);
    let lists = body.0.get("members").filter(|members| !members.is_null());
    let lists = lists.map(|members| Lists::parse(members, max)).transpose()?;
    let checked = match &lists {
        Some(lists) => Some(context.existing(lists).await?),
        None => None,
    };
    let owner = body.text("owner")?.unwrap_or_default();
    if !owner.is_empty() {
        context.must_be_active(&owner, "owner").await?;
    }
    let request = CreateGroupRequest {
        guid: input::new_id(&body, "guid", ErrorCode::InvalidGuid)?,
        name: body.required("name")?,
        r#type: kind.into(),
        password: body.text("password")?.unwrap_or_default(),
        icon: body.text("icon")?.unwrap_or_default(),
        description: body.text("description")?.unwrap_or_default(),
        metadata_json: body.object("metadata")?.unwrap_or_default(),
        owner,
        tags: body.texts("tags")?.unwrap_or_default(),
        members: checked.as_ref().map(|checked| MemberLists::clone(&checked.known)),
    };
    let answer = context.groups().create_group(context.request(request)).await?.into_inner();
    let (group, own) = (answer.group.unwrap_or_default(), answer.own);
    let Some(checked) = checked else {
        return data(GroupJson { with_tags: true, ..GroupJson::new(&group, own.as_ref()) });
    };
    let mut outcomes = context.show_outcomes(answer.outcomes, &checked).await;
    // The REST pages show the lists themselves, clients read them under `data`: both are there.
    outcomes["data"] = outcomes.clone();
    let more = [("members", outcomes)];
    data(GroupJson { with_tags: true, more: &more, ..GroupJson::new(&group, own.as_ref()) })
}

fn group_type(word: Option<&str>) -> Result<GroupType, ApiError> {
    match word {
        None | Some("") => Ok(GroupType::Unspecified),
        Some(word) => {
            parse_group_type(word).ok_or_else(|| ApiError::field("type", "must be public, password or private"))
        }
    }
}

/// Lists groups.
#[utoipa::path(
    get, path = "/groups", tag = "groups", operation_id = "list-groups",
    params(query::Groups, query::Times, query::Search, query::Page, query::Walk),
    responses((status = 200, body = schema::WalkedPage<schema::Group>))
)]
pub async fn list(context: Context, query: Query) -> Reply {
    let with_tags = query.flag("withTags")?;
    let types = [query.texts("types"), query.texts("type")].concat();
    let types: Result<Vec<i32>, ApiError> = types.iter().map(|word| group_type(Some(word)).map(i32::from)).collect();
    let (least, most) = members_count(&query)?;
    let request = ListGroupsRequest {
        page: Some(query.page()?),
        search_key: query.text("searchKey").unwrap_or_default().to_owned(),
        search_in: query.texts("searchIn"),
        sort_by: query.text("sortBy").unwrap_or_default().to_owned(),
        descending: query.descending()?,
        tags: query.texts("tags"),
        types: context.narrow_groups(types?)?,
        guids: [query.texts("guids"), query.texts("guid")].concat(),
        has_joined: query.flag("hasJoined")?,
        created_at: query.range("createdAt")?,
        updated_at: query.range("updatedAt")?,
        members_count_min: least,
        members_count_max: most,
        cursor: query.list_cursor()?,
    };
    let answer = context.groups().list_groups(context.request(request)).await?.into_inner();
    let rows: Vec<_> = answer
        .groups
        .iter()
        .filter_map(|entry| Some(GroupJson { with_tags, ..GroupJson::new(entry.group.as_ref()?, entry.own.as_ref()) }))
        .collect();
    let last = answer.groups.last().and_then(|entry| entry.group.as_ref());
    let changed = last.map_or(0, |group| changed_at(group.updated_at_ms, group.created_at_ms));
    page_with_cursor(rows, answer.page, &answer.next_cursor, changed)
}

/// `membersCount[gte]` and its kin as inclusive bounds.
fn members_count(query: &Query) -> Result<(Option<i32>, Option<i32>), ApiError> {
    let (mut least, mut most) = (None::<i32>, None::<i32>);
    for operator in ["eq", "gte", "gt", "lte", "lt"] {
        let name = format!("membersCount[{operator}]");
        let Some(count) = query.small(&name)? else { continue };
        let (low, high) = match operator {
            "eq" => (Some(count), Some(count)),
            "gte" => (Some(count), None),
            "gt" => (Some(count.saturating_add(1)), None),
            "lte" => (None, Some(count)),
            _ => (None, Some(count.saturating_sub(1))),
        };
        least = least.max(low);
        most = match (most, high) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    Ok((least, most))
}

/// Shows a group.
#[utoipa::path(
    get, path = "/groups/{guid}", tag = "groups", operation_id = "get-group",
    params(path::Guid),
    responses((status = 200, body = schema::Data<schema::Group>)),
    extensions(("x-errors" = json!(["ERR_GUID_NOT_FOUND"])))
)]
pub async fn get(context: Context, Path(guid): Path<String>) -> Reply {
    let request = GetGroupRequest { guid: input::guid(&guid)? };
    let answer = context.groups().get_group(context.request(request)).await?.into_inner();
    show(answer.group, answer.own)
}

/// Changes a group.
#[utoipa::path(
    put, path = "/groups/{guid}", tag = "groups", operation_id = "update-group",
    params(path::Guid),
    request_body = Option<body::GroupChanges>,
    responses((status = 200, body = schema::Data<schema::Group>)),
    extensions(("x-errors" = json!([
        "ERR_GUID_NOT_FOUND", "ERR_GROUP_NOT_JOINED", "ERR_GROUP_NO_CLEARANCE", "ERR_EMPTY_GROUP_PASS",
    ])))
)]
pub async fn update(context: Context, Path(guid): Path<String>, body: Body) -> Reply {
    let guid = input::guid(&guid)?;
    // Only the app itself names an owner; members transfer.
    let named = body.text("owner")?.filter(|owner| !owner.is_empty());
    let owner = named.filter(|_| context.caller.acting_uid().is_none());
    if let Some(owner) = &owner {
        context.must_be_active(owner, "owner").await?;
    }
    let tags = body.texts("tags")?;
    let request = UpdateGroupRequest {
        guid,
        name: body.text("name")?,
        r#type: group_type(body.text("type")?.as_deref())?.into(),
        // Clients send an empty one along with every change.
        password: body.text("password")?.filter(|password| !password.is_empty()),
        icon: body.text("icon")?,
        description: body.text("description")?,
        metadata_json: body.object("metadata")?,
        owner,
        replace_tags: tags.is_some(),
        tags: tags.unwrap_or_default(),
        unset: body.texts("unset")?.unwrap_or_default(),
    };
    let answer = context.groups().update_group(context.request(request)).await?.into_inner();
    show(answer.group, answer.own)
}

/// Deletes a group.
#[utoipa::path(
    delete, path = "/groups/{guid}", tag = "groups", operation_id = "delete-group",
    params(path::Guid),
    responses((status = 200, body = schema::Data<schema::Done>)),
    extensions(("x-errors" = json!(["ERR_GUID_NOT_FOUND", "ERR_GROUP_NOT_JOINED", "ERR_GROUP_NO_CLEARANCE"])))
)]
pub async fn delete(context: Context, Path(guid): Path<String>) -> Reply {
    let request = DeleteGroupRequest { guid: input::guid(&guid)? };
    context.groups().delete_group(context.request(request)).await?;
    done("The group is deleted.")
}

/// Hands a group to another member.
#[utoipa::path(
    patch, path = "/groups/{guid}/owner", tag = "groups", operation_id = "transfer-group",
    params(path::Guid),
    request_body = body::NewOwner,
    responses((status = 200, body = schema::Data<answer::GroupTransferred>)),
    extensions(("x-errors" = json!([
        "ERR_GUID_NOT_FOUND", "ERR_GROUP_NOT_JOINED", "ERR_GROUP_NO_CLEARANCE", "ERR_NOT_A_MEMBER",
    ])))
)]
pub async fn transfer(context: Context, Path(guid): Path<String>, body: Body) -> Reply {
    let request = TransferOwnershipRequest { guid: input::guid(&guid)?, new_owner: body.required("owner")? };
    let answer = context.groups().transfer_ownership(context.request(request)).await?;
    let group = answer.into_inner().group.unwrap_or_default();
    let mut shown = value(GroupJson { joined_by_all: true, ..GroupJson::new(&group, None) });
    shown["success"] = json!(true);
    shown["message"] = json!(format!("The group is now of {}.", group.owner));
    data(shown)
}

fn show(group: Option<Group>, own: Option<Member>) -> Reply {
    data(GroupJson { with_tags: true, ..GroupJson::new(&group.unwrap_or_default(), own.as_ref()) })
}
