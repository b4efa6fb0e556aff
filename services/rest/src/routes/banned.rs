//! Users who are banned from a group. The calls are served under `banned_members` as well.

use axum::extract::Path;
use halley_contracts::groups::v1::{BanMemberRequest, ListBannedMembersRequest, UnbanMemberRequest};
use halley_wire::{BannedJson, schema};

use crate::{
    caller::Context,
    input::{self, Query},
    openapi::{answer, path, query},
    people::unknown,
    reply::{Reply, done, empty_page, page_with_cursor, value},
};

/// Bans a member from a group.
///
/// Also under `/groups/{guid}/banned_members/{uid}`.
#[utoipa::path(
    post, path = "/groups/{guid}/bannedusers/{uid}", tag = "banned-users", operation_id = "ban-group-user",
    params(path::Guid, path::Uid),
    responses((status = 200, body = schema::Data<schema::Done>)),
    extensions(("x-errors" = json!([
        "ERR_GUID_NOT_FOUND", "ERR_NOT_A_MEMBER", "ERR_ALREADY_BANNED", "ERR_GROUP_NOT_JOINED",
        "ERR_GROUP_NO_CLEARANCE", "ERR_GROUP_NO_SELF_ACTION",
    ])))
)]
pub async fn ban(context: Context, Path((guid, uid)): Path<(String, String)>) -> Reply {
    let request = BanMemberRequest { guid: input::guid(&guid)?, uid: input::uid(&uid)? };
    let answer = context.groups().ban_member(context.request(request)).await?.into_inner();
    context.note(answer.event).await;
    done("The user is banned.")
}

/// Lifts a ban.
///
/// Also under `/groups/{guid}/banned_members/{uid}`.
#[utoipa::path(
    delete, path = "/groups/{guid}/bannedusers/{uid}", tag = "banned-users", operation_id = "unban-group-user",
    params(path::Guid, path::Uid),
    responses((status = 200, body = schema::Data<schema::Done>)),
    extensions(("x-errors" = json!([
        "ERR_GUID_NOT_FOUND", "ERR_NOT_A_BANNED_USER", "ERR_GROUP_NOT_JOINED", "ERR_GROUP_NO_CLEARANCE",
    ])))
)]
pub async fn unban(context: Context, Path((guid, uid)): Path<(String, String)>) -> Reply {
    let request = UnbanMemberRequest { guid: input::guid(&guid)?, uid: input::uid(&uid)? };
    let answer = context.groups().unban_member(context.request(request)).await?.into_inner();
    context.note(answer.event).await;
    done("The ban is lifted.")
}

/// Lists who is banned from a group.
///
/// Also under `/groups/{guid}/banned_members`.
#[utoipa::path(
    get, path = "/groups/{guid}/bannedusers", tag = "banned-users", operation_id = "list-banned-group-users",
    params(path::Guid, query::Search, query::Page, query::Walk),
    responses((status = 200, body = schema::WalkedPage<answer::BannedGroupUser>)),
    extensions(("x-errors" = json!(["ERR_GUID_NOT_FOUND", "ERR_GROUP_NOT_JOINED", "ERR_GROUP_NO_CLEARANCE"])))
)]
pub async fn list(context: Context, Path(guid): Path<String>, query: Query) -> Reply {
    let guid = input::guid(&guid)?;
    let (wanted, cursor) = (query.page()?, query.list_cursor()?);
    let uids = match query.text("searchKey") {
        Some(search_key) => context.search_uids(search_key).await?,
        None => Vec::new(),
    };
    if uids.is_empty() && query.text("searchKey").is_some() {
        return empty_page(wanted);
    }
    let request = ListBannedMembersRequest { guid, page: Some(wanted), cursor, uids };
    let answer = context.groups().list_banned_members(context.request(request)).await?.into_inner();
    let users = context.users(answer.bans.iter().map(|ban| ban.uid.clone()).collect()).await?;
    let online = context.online(answer.bans.iter().map(|ban| ban.uid.as_str())).await;
    let view = context.view(Some(&online));
    let rows: Vec<_> = answer
        .bans
        .iter()
        .map(|ban| {
            let user = users.get(&ban.uid).cloned().unwrap_or_else(|| unknown(&ban.uid));
            value(BannedJson { user: &user, banned_at_ms: ban.banned_at_ms, view })
        })
        .collect();
    let banned = answer.bans.last().map_or(0, |ban| ban.banned_at_ms);
    page_with_cursor(rows, answer.page, &answer.next_cursor, banned)
}
