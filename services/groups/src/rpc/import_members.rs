//! `ImportMembers`.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use halley_bus::outbox::Entry;
use halley_contracts::groups::v1::{ImportMembersRequest, ImportMembersResponse, ImportedMember};
use halley_kit::{Caller, time};
use halley_model::{limits, rights::Scope};

use crate::{
    access,
    domain::{self, NewMember, NewPlace},
    error::{GroupsError, Result, item},
    events::{self, Origin},
    service::Groups,
    store::imports::{self, ImportGroup, ImportRow, Joined},
};

pub(super) async fn import(
    groups: &Groups,
    caller: Caller,
    request: ImportMembersRequest,
) -> Result<ImportMembersResponse> {
    access::app_only(&caller, "import members")?;
    domain::at_most("members", &request.members, limits::BATCH_MAX)?;
    let asked = time::now();
    let parsed: Vec<Result<NewMember>> = request.members.iter().map(|member| NewMember::parse(member, asked)).collect();
    let app_id = caller.app_id();
    let guids: Vec<&str> = parsed.iter().filter_map(|member| Some(member.as_ref().ok()?.guid.as_str())).collect();
    let mut transaction = halley_kit::postgres::begin(&groups.pool).await?;
    let locked = imports::lock_groups(&mut transaction, app_id, &guids).await?;
    let checked = check(parsed, locked);
    let (members, bans) = rows(&checked, time::now());
    let created = imports::insert_members(&mut transaction, app_id, &members).await?;
    let banned = imports::insert_bans(&mut transaction, app_id, &bans).await?;
    let total = created.len() as u64 + banned;
    let joined = by_group(created);
    let counted: Vec<Joined<'_>> = joined.iter().map(|(guid, members)| count(guid, members)).collect();
    imports::update_members_counts(&mut transaction, app_id, &counted).await?;
    // One event for a group. A ban changes nothing that anybody knows.
    let tell = |(guid, members): (String, Vec<Came>)| {
        events::members_imported(Origin::of(&caller), guid, members.into_iter().map(|(_, uid)| uid).collect())
    };
    let entries: Vec<Entry> = joined.into_iter().map(tell).collect();
    groups.commit(transaction, &entries).await?;
    let results = request.members.iter().zip(checked).map(|(asked, outcome)| item(id(asked), outcome.map(drop)));
    // At most as many as were asked for.
    Ok(ImportMembersResponse { results: results.collect::<Result<_>>()?, created: total as i32 })
}

fn id(member: &ImportedMember) -> String {
    format!("{}_member_{}", member.guid, member.uid)
}

/// Checks each member against its group.
fn check(parsed: Vec<Result<NewMember>>, locked: Vec<ImportGroup>) -> Vec<Result<NewMember>> {
    let groups: HashMap<String, ImportGroup> = locked.into_iter().map(|group| (group.guid.clone(), group)).collect();
    let check = |member: NewMember| {
        let group = groups.get(&member.guid).ok_or_else(|| GroupsError::GroupNotFound { guid: member.guid.clone() })?;
        member.fits(&group.owner, group.created_at_known.then_some(group.created_at))?;
        Ok(member)
    };
    parsed.into_iter().map(|member| member.and_then(check)).collect()
}

/// A member to store, and with which scope.
type MemberRow<'a> = (ImportRow<'a>, Scope);

/// The rows of members and of bans. Of several of one user in one group the first is stored.
fn rows(checked: &[Result<NewMember>], now: DateTime<Utc>) -> (Vec<MemberRow<'_>>, Vec<ImportRow<'_>>) {
    let mut seen = HashSet::new();
    let (mut members, mut bans) = (Vec::new(), Vec::new());
    for member in checked.iter().flatten() {
        let row = ImportRow { guid: &member.guid, uid: &member.uid, at: member.at.unwrap_or(now) };
        if !seen.insert((row.guid, row.uid)) {
            continue;
        }
        match member.place {
            NewPlace::In(scope) => members.push((row, scope)),
            NewPlace::Out => bans.push(row),
        }
    }
    (members, bans)
}

/// When somebody came, and who.
type Came = (DateTime<Utc>, String);

fn by_group(created: Vec<(String, DateTime<Utc>, String)>) -> BTreeMap<String, Vec<Came>> {
    let mut joined: BTreeMap<String, Vec<Came>> = BTreeMap::new();
    for (guid, at, uid) in created {
        joined.entry(guid).or_default().push((at, uid));
    }
    joined
}

fn count<'a>(guid: &'a str, members: &[Came]) -> Joined<'a> {
    let first = members.iter().map(|(at, _)| *at).min().unwrap_or_default();
    // At most as many as were asked for.
    Joined { guid, count: members.len() as i32, first }
}
