//! Imports.

use std::time::Instant;

use halley_contracts::{
    common::v1::ItemResult,
    events::v1::event::Body,
    groups::v1::{self as pb, GroupType, ImportedGroup, ImportedMember},
};
use halley_kit::time;
use halley_model::ErrorCode;

use crate::support::{ADMIN, MODERATOR, PARTICIPANT, Place, World, join, leave, refused};

fn group(guid: &str, created_at_ms: i64) -> ImportedGroup {
    let group = pb::Group { guid: guid.to_owned(), name: format!("The {guid}"), created_at_ms, ..Default::default() };
    ImportedGroup { group: Some(group), password: String::new() }
}

fn changed(mut imported: ImportedGroup, change: impl FnOnce(&mut pb::Group)) -> ImportedGroup {
    change(imported.group.as_mut().unwrap());
    imported
}

fn member(guid: &str, uid: &str, joined_at_ms: i64) -> ImportedMember {
    ImportedMember { guid: guid.to_owned(), uid: uid.to_owned(), joined_at_ms, ..Default::default() }
}

async fn groups(world: &World, groups: Vec<ImportedGroup>) -> (Vec<(String, Option<ErrorCode>)>, i32) {
    let answer = world.import_groups(&world.server(), pb::ImportGroupsRequest { groups }).await.unwrap();
    (fates(answer.results), answer.created)
}

async fn members(world: &World, members: Vec<ImportedMember>) -> (Vec<(String, Option<ErrorCode>)>, i32) {
    let answer = world.import_members(&world.server(), pb::ImportMembersRequest { members }).await.unwrap();
    (fates(answer.results), answer.created)
}

fn fates(results: Vec<ItemResult>) -> Vec<(String, Option<ErrorCode>)> {
    let fate = |result: ItemResult| (result.id, result.error.map(|error| ErrorCode::parse(&error.code).unwrap()));
    results.into_iter().map(fate).collect()
}

fn codes(fates: &[(String, Option<ErrorCode>)]) -> Vec<Option<ErrorCode>> {
    fates.iter().map(|(_, code)| *code).collect()
}

#[tokio::test]
async fn groups_keep_their_times_and_are_stored_once() {
    let world = World::new().await;
    let full = changed(group("Room", 5_000), |group| {
        group.owner = "Ann".to_owned();
        group.set_type(GroupType::Private);
        group.description = "d".to_owned();
        group.icon = "https://x".to_owned();
        group.metadata_json = "{}".to_owned();
        group.tags = vec![r#"a "b" \c,{}"#.to_owned(), "t".to_owned()];
        group.members_count = 99;
        group.updated_at_ms = 6_000;
    });
    let before = time::now_ms();
    let (results, created) = groups(&world, vec![full.clone(), group("now", 0), group("NOW", 7_000)]).await;
    assert_eq!(results, [("Room".to_owned(), None), ("now".to_owned(), None), ("NOW".to_owned(), None)]);
    assert_eq!(created, 2);
    let room = world.group("room").await;
    assert_eq!(
        (room.owner.as_str(), room.r#type(), room.created_at_ms, room.updated_at_ms),
        ("ann", GroupType::Private, 5_000, 6_000)
    );
    assert_eq!((room.description.as_str(), room.icon.as_str(), room.metadata_json.as_str()), ("d", "https://x", "{}"));
    assert_eq!(room.tags, [r#"a "b" \c,{}"#, "t"]);
    assert_eq!(room.members_count, 0, "members are imported by themselves");
    let now = world.group("now").await;
    assert_eq!((now.owner.as_str(), now.r#type()), ("app_system", GroupType::Public));
    assert!(now.created_at_ms >= before, "of two with one guid the first is stored");

    let (again, created) = groups(&world, vec![changed(full, |group| group.name = "Changed".to_owned())]).await;
    assert_eq!((codes(&again), created), (vec![None], 0));
    assert_eq!(world.group("room").await, room);
}

#[tokio::test]
async fn a_bad_group_fails_alone() {
    let world = World::new().await;
    let bad = |change: fn(&mut pb::Group)| changed(group("bad", 5_000), change);
    let format = Some(ErrorCode::ImportInvalidGroupFormat);
    let cases = [
        (Some(ErrorCode::InvalidGuid), bad(|group| group.guid = "no guid".to_owned())),
        (format, bad(|group| group.name.clear())),
        (format, bad(|group| group.r#type = 9)),
        (format, bad(|group| group.owner = "no uid".to_owned())),
        (format, bad(|group| group.icon = "x".to_owned())),
        (format, bad(|group| group.created_at_ms = -1)),
        (format, bad(|group| group.created_at_ms = time::now_ms() + 3_600_000)),
        (format, bad(|group| group.updated_at_ms = i64::MAX)),
        (Some(ErrorCode::EmptyGroupPassword), bad(|group| group.set_type(GroupType::Password))),
        (format, ImportedGroup { password: "x".to_owned(), ..group("bad", 5_000) }),
        (Some(ErrorCode::InvalidGuid), ImportedGroup::default()),
        (None, group("good", 5_000)),
    ];
    let (wanted, asked): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    let (results, created) = groups(&world, asked).await;
    assert_eq!((codes(&results), created), (wanted, 1));
    let many = pb::ImportGroupsRequest { groups: vec![group("g", 1); 1001] };
    assert_eq!(refused(world.import_groups(&world.server(), many).await), ErrorCode::BadRequest);
}

#[tokio::test]
async fn an_imported_password_opens_the_group() {
    let world = World::new().await;
    let locked = || {
        let imported = changed(group("locked", 5_000), |group| group.set_type(GroupType::Password));
        ImportedGroup { password: "x".to_owned(), ..imported }
    };
    assert_eq!(groups(&world, vec![locked(), group("open", 1)]).await.1, 2);
    assert_eq!(groups(&world, vec![locked(), group("open", 1)]).await.1, 0);
    let join = |password: &str| pb::JoinGroupRequest { guid: "locked".to_owned(), password: password.to_owned() };
    assert_eq!(refused(world.join_group(&world.user("ann"), join("y")).await), ErrorCode::WrongGroupPassword);
    world.join_group(&world.user("ann"), join("x")).await.unwrap();
}

#[tokio::test]
async fn members_keep_their_times_and_are_stored_once() {
    let world = World::new().await;
    groups(&world, vec![changed(group("room", 5_000), |group| group.owner = "ann".to_owned()), group("other", 5_000)])
        .await;
    let asked = vec![
        ImportedMember { scope: ADMIN.into(), ..member("Room", "Ann", 6_000) },
        ImportedMember { scope: MODERATOR.into(), ..member("room", "bob", 5_000) },
        member("room", "cat", 0),
        ImportedMember { banned: true, ..member("room", "eve", 7_000) },
        member("other", "bob", 8_000),
        ImportedMember { banned: true, ..member("room", "bob", 9_000) },
        ImportedMember { scope: ADMIN.into(), ..member("room", "EVE", 9_000) },
    ];
    let before = time::now_ms();
    let (results, created) = members(&world, asked.clone()).await;
    assert_eq!(results[0], ("Room_member_Ann".to_owned(), None));
    assert!(codes(&results).iter().all(Option::is_none));
    assert_eq!(created, 5);
    let list = pb::ListMembersRequest { guid: "room".to_owned(), ..Default::default() };
    let stored = world.list_members(&world.server(), list.clone()).await.unwrap().members;
    let seen: Vec<(&str, pb::MemberScope)> =
        stored.iter().map(|member| (member.uid.as_str(), member.scope())).collect();
    assert_eq!(seen, [("ann", ADMIN), ("bob", MODERATOR), ("cat", PARTICIPANT)]);
    assert_eq!((stored[0].joined_at_ms, stored[1].joined_at_ms), (6_000, 5_000));
    assert!(stored[2].joined_at_ms >= before);
    assert_eq!(world.place("room", "eve").await, Place::Banned);
    let bans = pb::ListBannedMembersRequest { guid: "room".to_owned(), ..Default::default() };
    assert_eq!(world.list_banned_members(&world.server(), bans).await.unwrap().bans[0].banned_at_ms, 7_000);
    assert_eq!(world.group("room").await.members_count, 3);
    assert_eq!(world.group("other").await.members_count, 1);

    // Again: whoever has a place keeps it.
    let swapped: Vec<ImportedMember> = asked
        .into_iter()
        .map(|member| ImportedMember { banned: member.uid != "Ann" && !member.banned, ..member })
        .collect();
    let (results, created) = members(&world, swapped).await;
    assert!(codes(&results).iter().all(Option::is_none));
    assert_eq!(created, 0);
    assert_eq!(world.list_members(&world.server(), list).await.unwrap().members, stored);
    world.assert_counts().await;
    // The owner owns it now that they are in.
    assert_eq!(refused(world.leave_group(&world.user("ann"), leave("room")).await), ErrorCode::GroupNoSelfAction);
}

#[tokio::test]
async fn a_group_without_a_time_begins_with_its_first_member() {
    let world = World::new().await;
    groups(&world, vec![group("undated", 0), group("dated", 5_000)]).await;
    let asked = vec![
        member("undated", "ann", 7_000),
        member("undated", "bob", 6_000),
        member("dated", "ann", 6_000),
        member("undated", "cat", 0),
    ];
    let (results, created) = members(&world, asked).await;
    assert_eq!((codes(&results), created), (vec![None; 4], 4));
    assert_eq!(world.group("undated").await.created_at_ms, 6_000);
    assert_eq!(world.group("dated").await.created_at_ms, 5_000);
    members(&world, vec![member("undated", "dan", 9_000)]).await;
    assert_eq!(world.group("undated").await.created_at_ms, 6_000, "it only moves back");
}

#[tokio::test]
async fn a_bad_member_fails_alone() {
    let world = World::new().await;
    groups(&world, vec![changed(group("room", 5_000), |group| group.owner = "ann".to_owned())]).await;
    let format = Some(ErrorCode::ImportInvalidMemberFormat);
    let joined_at = Some(ErrorCode::ImportInvalidJoinedAt);
    let cases = [
        (Some(ErrorCode::GuidNotFound), member("nowhere", "bob", 6_000)),
        (format, member("no guid", "bob", 6_000)),
        (format, member("room", "no uid", 6_000)),
        (format, ImportedMember { scope: 9, ..member("room", "bob", 6_000) }),
        (format, ImportedMember { banned: true, ..member("room", "ann", 6_000) }),
        (joined_at, member("room", "bob", 4_999)),
        (joined_at, member("room", "bob", -1)),
        (joined_at, member("room", "bob", time::now_ms() + 3_600_000)),
        (None, member("room", "cat", 6_000)),
    ];
    let (wanted, asked): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    let (results, created) = members(&world, asked).await;
    assert_eq!((codes(&results), created), (wanted, 1));
    assert_eq!(world.group("room").await.members_count, 1);
    let many = pb::ImportMembersRequest { members: vec![member("room", "bob", 0); 1001] };
    assert_eq!(refused(world.import_members(&world.server(), many).await), ErrorCode::BadRequest);
}

#[tokio::test]
async fn an_import_tells_once_for_each_group_and_only_of_new_members() {
    let world = World::new().await;
    groups(&world, vec![group("a", 5_000), group("b", 5_000)]).await;
    members(&world, vec![member("a", "old", 6_000)]).await;
    let mut feed = world.facts().await;
    let banned = ImportedMember { banned: true, ..member("a", "out", 6_000) };
    let asked =
        vec![member("b", "bob", 0), member("a", "old", 0), member("a", "ann", 0), member("a", "cat", 0), banned];
    members(&world, asked).await;
    for (guid, wanted) in [("a", &["ann", "cat"][..]), ("b", &["bob"][..])] {
        let Some(Body::MembersImported(mut imported)) = feed.next().await.body else { panic!("not an import") };
        imported.uids.sort_unstable();
        assert_eq!(
            (imported.guid.as_str(), imported.uids),
            (guid, wanted.iter().map(|uid| (*uid).to_owned()).collect())
        );
    }
    // Nothing but that: the next thing told is the next thing done.
    world.join_group(&world.user("dan"), join("a")).await.unwrap();
    assert_eq!(feed.next_membership().await.1.on_uid, "dan");
}

#[tokio::test]
async fn an_archive_of_twenty_four_thousand_members_is_stored_in_seconds() {
    const GROUPS: usize = 120;
    const MEMBERS: usize = 24_328;
    let world = World::new().await;
    let rooms = (0..GROUPS).map(|i| group(&format!("g{i}"), 5_000)).collect();
    assert_eq!(groups(&world, rooms).await.1, i32::try_from(GROUPS).unwrap());
    let all: Vec<ImportedMember> =
        (0..MEMBERS).map(|i| member(&format!("g{}", i % GROUPS), &format!("u{}", i / GROUPS), 6_000)).collect();
    for created in [MEMBERS, 0] {
        let begun = Instant::now();
        let mut sum = 0;
        for batch in all.chunks(1000) {
            sum += members(&world, batch.to_vec()).await.1;
        }
        println!("{MEMBERS} memberships, {created} of them new: {:?}", begun.elapsed());
        assert_eq!(sum, i32::try_from(created).unwrap());
        assert!(begun.elapsed() < halley_testkit::LIMIT, "{:?}", begun.elapsed());
    }
    world.assert_counts().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn imports_at_once_don_t_wait_for_each_other_for_ever() {
    let world = std::sync::Arc::new(World::new().await);
    let mut tasks = tokio::task::JoinSet::new();
    for round in 0..8 {
        let world = std::sync::Arc::clone(&world);
        tasks.spawn(async move {
            let order = |i: usize| if round % 2 == 0 { i } else { 49 - i };
            groups(&world, (0..50).map(|i| group(&format!("g{}", order(i)), 5_000)).collect()).await;
            let uid = format!("u{round}");
            members(&world, (0..50).map(|i| member(&format!("g{}", order(i)), &uid, 6_000)).collect()).await;
        });
    }
    halley_testkit::within("all imports", tasks.join_all()).await;
    assert_eq!(world.group("g7").await.members_count, 8);
    world.assert_counts().await;
}
