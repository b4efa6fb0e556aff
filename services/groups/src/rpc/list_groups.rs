//! `ListGroups`.

use halley_contracts::groups::v1::{GroupEntry, ListGroupsRequest, ListGroupsResponse};
use halley_kit::{Caller, page::Page, search::Prefix};
use halley_model::{FieldError, limits};

use crate::{
    domain::{self, Kind, Range},
    error::Result,
    service::Groups,
    store::group_list::{self, EntryRow, GroupFilter, Sort},
};

pub(super) async fn list(groups: &Groups, caller: Caller, request: ListGroupsRequest) -> Result<ListGroupsResponse> {
    let page = Page::parse(request.page)?;
    let (sort, descending) = (sort(&request.sort_by)?, request.descending);
    let filter = filter(&caller, request)?;
    let (rows, total) = group_list::list_groups(&groups.pool, caller.app_id(), &filter, sort, descending, page).await?;
    let info = page.info(total, rows.len());
    let viewer = filter.viewer.as_deref().unwrap_or_default();
    Ok(ListGroupsResponse { groups: rows.into_iter().map(|row| show(row, viewer)).collect(), page: Some(info) })
}

fn show(row: EntryRow, viewer: &str) -> GroupEntry {
    let own = row.own().map(|membership| membership.show(&row.group.guid, viewer));
    GroupEntry { group: Some(row.group.into()), own }
}

fn sort(sort_by: &str) -> Result<Sort> {
    match sort_by {
        "" | "guid" => Ok(Sort::Guid),
        "name" => Ok(Sort::Name),
        "createdAt" => Ok(Sort::CreatedAt),
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
