//! Members of groups.

use std::{collections::HashSet, sync::Arc};

use axum::extract::Path;
use futures::future::join_all;
use halley_contracts::{
    common::v1::{ItemError, PageRequest},
    groups::v1::{
        AddMembersRequest, ChangeMemberScopeRequest, JoinGroupRequest, KickMemberRequest, LeaveGroupRequest,
        ListMembersRequest, MemberLists, MemberOutcome, MemberScope, MembershipEvent,
    },
    identity::v1::ListUsersRequest,
    messaging::v1::{Message, RecordMembershipRequest},
};
use halley_kit::PublicError;
use halley_model::{ErrorCode, Limit, Uid, limits};
use halley_wire::{MemberJson, MessageJson, parse_scope, schema, scope_word};
use serde_json::{Map, Value, json};

use crate::{
    caller::Context,
    input::{self, Body, Query},
    openapi::{answer, body, path, query},
    people::unknown,
    reply::{ApiError, Reply, data, done, empty_page, failure, page_with_cursor, value},
};

/// Users of the app that a search may match for a list of members to be narrowed by it.
const SEARCHED_MAX: usize = 10_000;
const LISTS: [&str; 4] = ["admins", "moderators", "participants", "usersToBan"];

/// The lists of a body that adds members, ids lower-cased; a uid in several is in the first of them only.
pub struct Lists([Vec<String>; 4]);

/// Lists of users who exist, and what became of the others.
pub struct Checked {
    pub known: MemberLists,
    /// The list and the uid of each who does not exist.
    unknown: Vec<(usize, String)>,
}

impl Lists {
    /// Reads `members` of a new group, where other keys are refused.
    pub fn parse(members: &Value, max: usize) -> Result<Self, ApiError> {
        let Value::Object(map) = members else { return Err(ApiError::field("members", "must be an object")) };
        if let Some(key) = map.keys().find(|key| !LISTS.contains(&key.as_str())) {
            return Err(ApiError::field(&format!("members.{key}"), "is no list of members"));
        }
        Self::of(&Body(map.clone()), max)
    }

    /// Reads the lists of a body.
    fn of(body: &Body, max: usize) -> Result<Self, ApiError> {
        let mut seen = HashSet::new();
        let mut lists: [Vec<String>; 4] = Default::default();
        for (name, list) in LISTS.into_iter().zip(&mut lists) {
            for uid in body.texts(name)?.unwrap_or_default() {
                let uid = uid.to_lowercase();
                if seen.insert(uid.clone()) {
                    list.push(uid);
                }
            }
        }
        if seen.len() > max {
            let problem = format!("must not name more than {max} uids, all lists together");
            return Err(ApiError::field(LISTS[2], &problem));
        }
        Ok(Self(lists))
    }
}

impl Context {
    /// Tells users who exist from those who don't, by one question.
    pub async fn existing(&self, lists: &Lists) -> Result<Checked, ApiError> {
        let uids = lists.0.concat();
        let known = self.users(uids.into_iter().filter(|uid| Uid::parse(uid).is_ok()).collect()).await?;
        let active = |uid: &String| known.get(uid).is_some_and(|user| user.deactivated_at_ms == 0);
        let keep = |list: usize| lists.0[list].iter().filter(|uid| active(uid)).cloned().collect();
        let unknown = lists
            .0
            .iter()
            .enumerate()
            .flat_map(|(list, uids)| uids.iter().filter(|uid| !active(uid)).map(move |uid| (list, uid.clone())));
        Ok(Checked {
            known: MemberLists { admins: keep(0), moderators: keep(1), participants: keep(2), users_to_ban: keep(3) },
            unknown: unknown.collect(),
        })
    }

    /// Refuses a uid in a body that is no active user's.
    pub async fn must_be_active(&self, uid: &str, field: &str) -> Result<(), ApiError> {
        let fault = || PublicError::field(ErrorCode::UidNotFound, field, "There is no such active user.");
        let uid = Uid::parse(uid).map_err(|_| fault())?.into_string();
        match self.people.active_user(&Arc::from(self.app_id()), &uid).await {
            Ok(_) => Ok(()),
            Err(error) if error.code == ErrorCode::UidNotFound => Err(fault().into()),
            Err(error) => Err(error.into()),
        }
    }

    /// The action message of a membership change. Messaging makes it from the durable event, too, should this fail.
    async fn record(&self, event: MembershipEvent) -> Result<Message, ApiError> {
        let request = RecordMembershipRequest { event: Some(event) };
        let answer = self.messaging().record_membership(self.system(request)).await?;
        Ok(answer.into_inner().message.unwrap_or_default())
    }

    /// The same for answers that don't show it.
    pub async fn note(&self, event: Option<MembershipEvent>) {
        let Some(event) = event else { return };
        if let Err(ApiError(error)) = self.record(event).await {
            tracing::warn!(%error, "the action message is left to the durable event");
        }
    }

    /// What became of each uid: all four lists, because clients hang without one.
    pub async fn show_outcomes(&self, outcomes: Vec<MemberOutcome>, checked: &Checked) -> Value {
        let shown = join_all(outcomes.into_iter().map(|outcome| self.show_outcome(outcome))).await;
        let mut lists: [Map<String, Value>; 4] = Default::default();
        for (list, uid, entry) in shown {
            lists[list].insert(uid, entry);
        }
        for (list, uid) in &checked.unknown {
            let code = ErrorCode::UidNotFound;
            lists[*list].insert(uid.clone(), failure(code.as_str(), code.meaning()));
        }
        Value::Object(LISTS.into_iter().map(ToOwned::to_owned).zip(lists.map(Value::Object)).collect())
    }

    async fn show_outcome(&self, outcome: MemberOutcome) -> (usize, String, Value) {
        let list = match outcome.scope() {
            MemberScope::Admin => 0,
            MemberScope::Moderator => 1,
            MemberScope::Participant => 2,
            MemberScope::Unspecified => 3,
        };
        let result = outcome.result.unwrap_or_default();
        if let Some(ItemError { code, message }) = result.error {
            return (list, result.id, failure(&code, &message));
        }
        let mut entry = json!({"success": true});
        if let Some(event) = outcome.event {
            match self.record(event).await {
                // Who was banned is told so and no more.
                Ok(message) if list < 3 => entry["data"] = self.show_message(&message),
                Ok(_) => {}
                Err(ApiError(error)) => tracing::warn!(%error, "the action message is left to the durable event"),
            }
        }
        (list, result.id, entry)
    }

    fn show_message(&self, message: &Message) -> Value {
        value(MessageJson { message, view: self.view(None) })
    }
}

/// Adds users to a group, or joins it.
///
/// The app's server side adds, a logged-in user joins.
#[utoipa::path(
    post, path = "/groups/{guid}/members", tag = "group-members", operation_id = "add-group-members",
    params(path::Guid),
    request_body = Option<body::JoinOrAdd>,
    responses((status = 200, body = schema::Data<answer::JoinedOrAdded>)),
    extensions(("x-errors" = json!([
        "ERR_GUID_NOT_FOUND", "ERR_GROUP_NOT_JOINED", "ERR_GROUP_NO_CLEARANCE", "ERR_WRONG_GROUP_PASS",
        "ERR_EMPTY_GROUP_PASS", "ERR_ALREADY_JOINED", "ERR_GROUP_JOIN_NOT_ALLOWED", "ERR_BANNED_GROUPMEMBER",
        "ERR_NO_VACANCY",
    ])))
)]
pub async fn add_or_join(context: Context, guid: Path<String>, body: Body) -> Reply {
    if context.caller.is_logged_in_user() {
        return join(context, guid, body).await;
    }
    // Nothing is done with it, but a wrong one is told.
    body.text("password")?;
    add(context, guid, body).await
}

async fn join(context: Context, Path(guid): Path<String>, body: Body) -> Reply {
    let guid = input::guid(&guid)?;
    context.check_joining(&guid).await?;
    let request = JoinGroupRequest { guid, password: body.text("password")?.unwrap_or_default() };
    let answer = context.groups().join_group(context.request(request)).await?.into_inner();
    // Clients take nothing but the action message for an answer.
    let message = context.record(answer.event.unwrap_or_default()).await?;
    let mut shown = context.show_message(&message);
    let group = answer.group.unwrap_or_default();
    shown["data"]["entities"]["for"]["entity"] = value(halley_wire::GroupJson::new(&group, answer.member.as_ref()));
    data(shown)
}

/// Adds users to a group.
#[utoipa::path(
    put, path = "/groups/{guid}/members", tag = "group-members", operation_id = "put-group-members",
    params(path::Guid),
    request_body = body::MemberLists,
    responses((status = 200, body = schema::Data<answer::MembersAdded>)),
    extensions(("x-errors" = json!(["ERR_GUID_NOT_FOUND", "ERR_GROUP_NOT_JOINED", "ERR_GROUP_NO_CLEARANCE"])))
)]
pub async fn add(context: Context, Path(guid): Path<String>, body: Body) -> Reply {
    let guid = input::guid(&guid)?;
    let lists = Lists::of(&body, context.settings().await.limit(Limit::MembersPerCall))?;
    if lists.0.iter().all(Vec::is_empty) {
        return Err(ApiError::field("participants", "is required, or one of the other lists"));
    }
    let checked = context.existing(&lists).await?;
    let request = AddMembersRequest { guid, members: Some(checked.known.clone()) };
    let answer = context.groups().add_members(context.request(request)).await?.into_inner();
    data(context.show_outcomes(answer.outcomes, &checked).await)
}

/// Leaves a group.
#[utoipa::path(
    delete, path = "/groups/{guid}/members", tag = "group-members", operation_id = "leave-group",
    params(path::Guid),
    responses((status = 200, body = schema::Data<schema::Done>)),
    extensions(("x-errors" = json!(["ERR_GUID_NOT_FOUND", "ERR_GROUP_NOT_JOINED", "ERR_GROUP_NO_CLEARANCE"])))
)]
pub async fn leave(context: Context, Path(guid): Path<String>) -> Reply {
    let request = LeaveGroupRequest { guid: input::guid(&guid)? };
    let answer = context.groups().leave_group(context.request(request)).await?.into_inner();
    context.note(answer.event).await;
    done("The group is left.")
}

/// Lists the members of a group.
#[utoipa::path(
    get, path = "/groups/{guid}/members", tag = "group-members", operation_id = "list-group-members",
    params(path::Guid, query::Members, query::Search, query::Page, query::Walk),
    responses((status = 200, body = schema::WalkedPage<answer::GroupMemberUser>)),
    extensions(("x-errors" = json!(["ERR_GUID_NOT_FOUND", "ERR_GROUP_NOT_JOINED", "ERR_GROUP_NO_CLEARANCE"])))
)]
pub async fn list(context: Context, Path(guid): Path<String>, query: Query) -> Reply {
    let guid = input::guid(&guid)?;
    let (wanted, cursor) = (query.page()?, query.list_cursor()?);
    let scopes: Result<Vec<i32>, ApiError> =
        query.texts("scopes").iter().map(|word| scope(word).map(i32::from)).collect();
    let Some(narrowed) = context.narrowed(&query).await? else { return empty_page(wanted) };
    let mut uids = narrowed.only;
    if let Some(search_key) = query.text("searchKey") {
        let found = context.search_uids(search_key).await?;
        uids = if uids.is_empty() { found } else { uids.into_iter().filter(|uid| found.contains(uid)).collect() };
        if uids.is_empty() {
            return empty_page(wanted);
        }
    }
    let request = ListMembersRequest {
        guid,
        page: Some(wanted),
        scopes: scopes?,
        uids,
        excluded_uids: narrowed.excluded,
        cursor,
    };
    let answer = context.groups().list_members(context.request(request)).await?.into_inner();
    let users = context.users(answer.members.iter().map(|member| member.uid.clone()).collect()).await?;
    let online = context.online(answer.members.iter().map(|member| member.uid.as_str())).await;
    let view = context.view(Some(&online));
    let rows: Vec<_> = answer
        .members
        .iter()
        .map(|member| {
            let user = users.get(&member.uid).cloned().unwrap_or_else(|| unknown(&member.uid));
            value(MemberJson { user: &user, member, view })
        })
        .collect();
    let joined = answer.members.last().map_or(0, |member| member.joined_at_ms);
    page_with_cursor(rows, answer.page, &answer.next_cursor, joined)
}

impl Context {
    /// The uids of users whose uid or name begins so, at most 10,000.
    pub async fn search_uids(&self, search_key: &str) -> Result<Vec<String>, ApiError> {
        let mut uids = Vec::new();
        for page in 1.. {
            let request = ListUsersRequest {
                search_key: search_key.to_owned(),
                page: Some(PageRequest { page, per_page: limits::PAGE_MAX }),
                ..Default::default()
            };
            let answer = self.identity().list_users(self.system(request)).await?.into_inner();
            uids.extend(answer.users.into_iter().map(|user| user.uid));
            if page >= answer.page.unwrap_or_default().total_pages || uids.len() >= SEARCHED_MAX {
                break;
            }
        }
        uids.truncate(SEARCHED_MAX);
        Ok(uids)
    }
}

fn scope(word: &str) -> Result<MemberScope, ApiError> {
    parse_scope(word).ok_or_else(|| ApiError::field("scope", "must be admin, moderator or participant"))
}

/// Changes a member's scope.
#[utoipa::path(
    put, path = "/groups/{guid}/members/{uid}", tag = "group-members", operation_id = "change-group-member-scope",
    params(path::Guid, path::Uid),
    request_body = Option<body::NewScope>,
    responses((status = 200, body = schema::Data<answer::ScopeChanged>)),
    extensions(("x-errors" = json!([
        "ERR_GUID_NOT_FOUND", "ERR_GROUP_NOT_JOINED", "ERR_GROUP_NO_CLEARANCE", "ERR_NOT_A_MEMBER", "ERR_SAME_SCOPE",
        "ERR_GROUP_NO_SCOPE_CLEARANCE", "ERR_GROUP_NO_SELF_ACTION",
    ])))
)]
pub async fn change_scope(context: Context, Path((guid, uid)): Path<(String, String)>, body: Body) -> Reply {
    let word = body.text("scope")?;
    let request = ChangeMemberScopeRequest {
        guid: input::guid(&guid)?,
        uid: input::uid(&uid)?,
        scope: scope(word.as_deref().unwrap_or("participant"))?.into(),
    };
    let answer = context.groups().change_member_scope(context.request(request)).await?.into_inner();
    context.note(answer.event).await;
    let member = answer.member.unwrap_or_default();
    data(json!({
        "guid": member.guid,
        "uid": member.uid,
        "scope": scope_word(member.scope()),
        "joinedAt": member.joined_at_ms / 1000,
        "success": true,
        "message": "The scope is changed.",
    }))
}

/// Removes a member from a group.
#[utoipa::path(
    delete, path = "/groups/{guid}/members/{uid}", tag = "group-members", operation_id = "kick-group-member",
    params(path::Guid, path::Uid),
    responses((status = 200, body = schema::Data<schema::Done>)),
    extensions(("x-errors" = json!([
        "ERR_GUID_NOT_FOUND", "ERR_GROUP_NOT_JOINED", "ERR_GROUP_NO_CLEARANCE", "ERR_NOT_A_MEMBER",
        "ERR_GROUP_NO_SELF_ACTION",
    ])))
)]
pub async fn kick(context: Context, Path((guid, uid)): Path<(String, String)>) -> Reply {
    let request = KickMemberRequest { guid: input::guid(&guid)?, uid: input::uid(&uid)? };
    let answer = context.groups().kick_member(context.request(request)).await?.into_inner();
    context.note(answer.event).await;
    done("The member is removed.")
}
