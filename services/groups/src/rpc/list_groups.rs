//! `ListGroups`.

use halley_contracts::groups::v1::{GroupEntry, ListGroupsRequest, ListGroupsResponse};
use halley_kit::{
    Caller,
    cursor::{Order, SortBy, Walk},
    page::Page,
    search::Prefix,
};
use halley_model::{FieldError, limits};

use crate::{
    domain::{self, Kind, Range},
    error::Result,
    service::Groups,
    store::group_list::{self, EntryRow, GroupFilter},
};

pub(super) async fn list(groups: &Groups, caller: Caller, request: ListGroupsRequest) -> Result<ListGroupsResponse> {
    let order = Order { by: sort(&request.sort_by)?, descending: request.descending };
    let walk = Walk::new(Page::parse(request.page)?, &request.cursor, order, &group_list::ORDERS)?;
    let filter = filter(&caller, request)?;
    let (rows, total) = group_list::list_groups(&groups.pool, caller.app_id(), &filter, &walk).await?;
    let info = walk.info(total, rows.len());
    let next_cursor = walk.cursor(rows.last().map(EntryRow::keys));
    let viewer = filter.viewer.as_deref().unwrap_or_default();
    let groups = rows.into_iter().map(|row| show(row, viewer)).collect();
    Ok(ListGroupsResponse { groups, page: Some(info), next_cursor })
}

fn show(row: EntryRow, viewer: &str) -> GroupEntry {
    let own = row.own().map(|membership| membership.show(&row.group.guid, viewer));
    GroupEntry { group: Some(row.group.into()), own }
}

fn sort(sort_by: &str) -> Result<SortBy> {
    match sort_by {
        "" | "guid" => Ok(SortBy::Id),
        "name" => Ok(SortBy::Name),
        "createdAt" => Ok(SortBy::CreatedAt),
        _ => Err(FieldError::new("sortBy", "must be name, guid or createdAt").into()),
    }
}

fn filter(caller: &Caller, request: ListGroupsRequest) -> Result<GroupFilter> {
    if request.has_joined {
        caller.require_uid()?;
    }
    let (in_guid, in_name) = search_in(&request.search_in)?;
    domain::at_most("tags", &request.tags, limits::TAGS_MAX)?;
    domain::at_most("guids", &request.guids, limits::BATCH_MAX)?;
    let kinds: Vec<Option<Kind>> = request.types.iter().map(|kind| Kind::parse(*kind)).collect::<Result<_>>()?;
    Ok(GroupFilter {
        viewer: caller.acting_uid().map(ToOwned::to_owned),
        joined_only: request.has_joined,
        search: Prefix::parse(&request.search_key)?,
        in_guid,
        in_name,
        tags: request.tags,
        kinds: kinds.into_iter().flatten().collect(),
        // Guids that are none narrow the list to nothing all the same.
        guids: (!request.guids.is_empty()).then(|| domain::known_guids(&request.guids)),
        created: Range::parse("createdAt", request.created_at)?,
        updated: Range::parse("updatedAt", request.updated_at)?,
        members_min: request.members_count_min,
        members_max: request.members_count_max,
    })
}

/// Whether guids and names are searched; none named is both.
fn search_in(fields: &[String]) -> Result<(bool, bool)> {
    if fields.is_empty() {
        return Ok((true, true));
    }
    let (mut guid, mut name) = (false, false);
    for field in fields {
        match field.as_str() {
            "guid" => guid = true,
            "name" => name = true,
            _ => return Err(FieldError::new("searchIn", "may hold only guid and name").into()),
        }
    }
    Ok((guid, name))
}
