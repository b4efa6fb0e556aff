//! `ListUsers`.

use chrono::{DateTime, Utc};
use halley_contracts::{
    common::v1::TimeRange,
    identity::v1::{self as pb, DeactivatedFilter, RelationFilter},
};
use halley_kit::{
    Caller,
    cursor::{Order, SortBy, Walk},
    page::Page,
    search::Prefix,
    time,
};
use halley_model::{FieldError, RoleId, field, limits};

use crate::{
    Identity, access,
    domain::{self, known_uid, known_uids},
    error::{IdentityError, Result},
    store::{
        self,
        user_list::{Deactivated, ORDERS, UserFilter},
        users::UserRow,
    },
};

/// Most uids of a filter, to list or to leave out.
const UIDS_MAX: usize = 10_000;

pub(super) async fn list(
    identity: &Identity,
    caller: Caller,
    request: pb::ListUsersRequest,
) -> Result<pb::ListUsersResponse> {
    let app_id = caller.app_id();
    let order = Order { by: sort(&request.sort_by)?, descending: request.descending };
    let walk = Walk::new(Page::parse(request.page)?, &request.cursor, order, &ORDERS)?;
    let mut filter = filter(&caller, request)?;
    if (filter.friends_only || filter.hide_blocked) && filter.viewer_uid.is_empty() {
        caller.require_uid()?;
    }
    filter.friends_only |= sees_only_friends(identity, app_id, &filter.viewer_uid).await?;
    let (rows, total) = store::user_list::list_users(&identity.pool, app_id, &filter, &walk).await?;

    let listed: Vec<String> = rows.iter().map(|user| user.uid.clone()).collect();
    let (blocked_by_viewer, blocking_viewer) = match filter.viewer_uid.as_str() {
        "" => Default::default(),
        viewer => store::blocks::list_blocks_among(&identity.pool, app_id, viewer, &listed).await?,
    };
    Ok(pb::ListUsersResponse {
        page: Some(walk.info(total, rows.len())),
        next_cursor: walk.cursor(rows.last().map(UserRow::keys)),
        users: rows.into_iter().map(Into::into).collect(),
        blocked_by_viewer,
        blocking_viewer,
    })
}

/// Whether the role of the viewer lets them list nobody but friends. The app itself sees everybody.
async fn sees_only_friends(identity: &Identity, app_id: &str, viewer_uid: &str) -> Result<bool> {
    if viewer_uid.is_empty() {
        return Ok(false);
    }
    let setting = store::roles::find_list_users_filter(&identity.pool, app_id, viewer_uid).await?;
    let setting = setting.ok_or_else(|| IdentityError::UserNotFound { uid: viewer_uid.to_owned() })?;
    Ok(i32::from(setting) == RelationFilter::FriendsOnly as i32)
}

fn filter(caller: &Caller, request: pb::ListUsersRequest) -> Result<UserFilter> {
    domain::at_most("roles", &request.roles, limits::BATCH_MAX)?;
    domain::at_most("uids", &request.uids, UIDS_MAX)?;
    domain::at_most("excludedUids", &request.excluded_uids, UIDS_MAX)?;
    field::tags("tags", &request.tags)?;
    let search_in = |name: &str| request.search_in.is_empty() || request.search_in.iter().any(|given| given == name);
    if request.search_in.iter().any(|given| given != "uid" && given != "name") {
        return Err(FieldError::new("searchIn", "may hold only uid and name").into());
    }
    let (created_from, created_to) = range("createdAt", request.created_at)?;
    let (updated_from, updated_to) = range("updatedAt", request.updated_at)?;
    Ok(UserFilter {
        search: Prefix::parse(&request.search_key)?,
        in_uid: search_in("uid"),
        in_name: search_in("name"),
        deactivated: deactivated(request.deactivated)?,
        viewer_uid: viewer(caller, &request.viewer_uid)?,
        roles: (!request.roles.is_empty()).then(|| known_roles(&request.roles)),
        tags: request.tags,
        uids: (!request.uids.is_empty()).then(|| known_uids(&request.uids)),
        excluded_uids: known_uids(&request.excluded_uids),
        created_from,
        created_to,
        updated_from,
        updated_to,
        friends_only: request.friends_only,
        hide_blocked: request.hide_blocked,
    })
}

/// Who sees the list; empty is the app itself.
fn viewer(caller: &Caller, given: &str) -> Result<String> {
    if given.is_empty() {
        return Ok(caller.acting_uid().unwrap_or_default().to_owned());
    }
    let uid = known_uid(given)?;
    access::own_or_server_side(caller, &uid, "list users as somebody else")?;
    Ok(uid)
}

/// Reads roles to look for; those that are none have no users and are left out.
fn known_roles(values: &[String]) -> Vec<String> {
    values.iter().filter_map(|value| RoleId::parse(value).ok().map(RoleId::into_string)).collect()
}

fn sort(sort_by: &str) -> Result<SortBy> {
    match sort_by {
        "" => Ok(SortBy::Id),
        "name" => Ok(SortBy::Name),
        "createdAt" => Ok(SortBy::CreatedAt),
        _ => Err(FieldError::new("sortBy", "must be name or createdAt").into()),
    }
}

fn deactivated(value: i32) -> Result<Deactivated> {
    match DeactivatedFilter::try_from(value) {
        Ok(DeactivatedFilter::Unspecified | DeactivatedFilter::Without) => Ok(Deactivated::Without),
        Ok(DeactivatedFilter::With) => Ok(Deactivated::With),
        Ok(DeactivatedFilter::Only) => Ok(Deactivated::Only),
        Err(_) => Err(FieldError::new("deactivated", "must be without, with or only").into()),
    }
}

type Ends = (Option<DateTime<Utc>>, Option<DateTime<Utc>>);

/// Reads a range of times; an end of 0 is open.
fn range(name: &str, range: Option<TimeRange>) -> Result<Ends> {
    let range = range.unwrap_or_default();
    let end = |end: &str, ms: i64| match (ms, time::from_ms(ms)) {
        (0, _) => Ok(None),
        (_, Some(at)) => Ok(Some(at)),
        (_, None) => Err(FieldError::new(format!("{name}[{end}]"), "must be a time")),
    };
    Ok((end("from", range.from_ms)?, end("to", range.to_ms)?))
}
