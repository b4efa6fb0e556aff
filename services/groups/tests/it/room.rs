//! How many members a group and a call may have, how many groups a user, and how many tags a group, is the app's to set.

use halley_contracts::groups::v1 as pb;
use halley_model::{AppSettings, ErrorCode, Limit};

use crate::support::World;

fn participants(uids: &[&str]) -> Option<pb::MemberLists> {
    let participants = uids.iter().map(|uid| (*uid).to_owned()).collect();
    Some(pb::MemberLists { participants, ..Default::default() })
}

async fn world(members: u64) -> World {
    let settings = AppSettings::default().with_limit(Limit::Members, members).with_limit(Limit::MembersPerCall, 3);
    let world = World::with(&halley_testkit::redis_url().await, settings).await;
    let request = pb::CreateGroupRequest {
        guid: "room".into(),
        name: "Room".into(),
        owner: "ann".into(),
        members: participants(&["bob"]),
        ..Default::default()
    };
    world.create_group(&world.server(), request).await.unwrap();
    world
}

fn fates(outcomes: &[pb::MemberOutcome]) -> Vec<(String, String)> {
    let results = outcomes.iter().map(|outcome| outcome.result.clone().unwrap());
    results.map(|result| (result.id, result.error.map(|error| error.code).unwrap_or_default())).collect()
}

#[tokio::test]
async fn a_full_group_takes_nobody_by_any_way() {
    let world = world(3).await;
    let add = |uids: &[&str]| pb::AddMembersRequest { guid: "room".into(), members: participants(uids) };
    let answer = world.add_members(&world.server(), add(&["cat", "dan"])).await.unwrap();
    let fated = |uid: &str, code: &str| (uid.to_owned(), code.to_owned());
    assert_eq!(fates(&answer.outcomes), [fated("cat", ""), fated("dan", "ERR_NO_VACANCY")]);
    assert_eq!(answer.group.unwrap().members_count, 3);
    let join = pb::JoinGroupRequest { guid: "room".into(), ..Default::default() };
    let refused = world.join_group(&world.user("eve"), join).await.expect_err("full");
    assert_eq!(refused.code, ErrorCode::NoVacancy);
    let four = world.add_members(&world.server(), add(&["d", "e", "f", "g"])).await.expect_err("too many at once");
    assert_eq!(four.code, ErrorCode::BadRequest);
    world.assert_counts().await;
}

#[tokio::test]
async fn many_who_join_at_once_do_not_pass_the_limit() {
    let world = world(5).await;
    let joining = (0..12).map(|index| {
        let (caller, world) = (world.user(&format!("user{index}")), &world);
        let join = pb::JoinGroupRequest { guid: "room".into(), ..Default::default() };
        async move { world.join_group(&caller, join).await }
    });
    let answers = futures::future::join_all(joining).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3);
    world.assert_counts().await;
}

#[tokio::test]
async fn a_new_group_may_be_full_from_the_beginning() {
    let world = world(3).await;
    let request = pb::CreateGroupRequest {
        guid: "hall".into(),
        name: "Hall".into(),
        owner: "ann".into(),
        members: participants(&["bob", "cat", "dan"]),
        ..Default::default()
    };
    let made = world.create_group(&world.server(), request).await.unwrap();
    assert_eq!(fates(&made.outcomes)[2], ("dan".to_owned(), "ERR_NO_VACANCY".to_owned()));
    assert_eq!(made.group.unwrap().members_count, 3);
}

fn fate(answer: &pb::AddMembersResponse) -> Vec<(String, String)> {
    fates(&answer.outcomes)
}

#[tokio::test]
async fn a_user_in_as_many_groups_as_may_be_comes_into_no_other_by_any_way() {
    let settings = AppSettings::default().with_limit(Limit::GroupsOfUser, 2);
    let world = World::with(&halley_testkit::redis_url().await, settings).await;
    let create = |guid: &str, owner: &str| pb::CreateGroupRequest {
        guid: guid.into(),
        name: "G".into(),
        owner: owner.into(),
        ..Default::default()
    };
    for guid in ["a", "b"] {
        world.create_group(&world.server(), create(guid, "ann")).await.unwrap();
    }
    world.create_group(&world.server(), create("c", "")).await.unwrap();
    let quota = ErrorCode::QuotaRestriction;
    let third = world.create_group(&world.server(), create("d", "ann")).await.expect_err("an owner");
    assert_eq!(third.code, quota);
    let join = || pb::JoinGroupRequest { guid: "c".into(), ..Default::default() };
    assert_eq!(world.join_group(&world.user("ann"), join()).await.expect_err("who joins").code, quota);
    let add = pb::AddMembersRequest { guid: "c".into(), members: participants(&["ann", "bob"]) };
    let added = world.add_members(&world.server(), add).await.unwrap();
    let fated = |uid: &str, code: &str| (uid.to_owned(), code.to_owned());
    assert_eq!(fate(&added), [fated("ann", quota.as_str()), fated("bob", "")]);
    let make = pb::CreateGroupRequest { members: participants(&["ann", "cat"]), ..create("e", "bob") };
    let made = world.create_group(&world.server(), make).await.unwrap();
    assert_eq!(fates(&made.outcomes), [fated("ann", quota.as_str()), fated("cat", "")]);
    let give = pb::UpdateGroupRequest { guid: "c".into(), owner: Some("ann".into()), ..Default::default() };
    assert_eq!(world.update_group(&world.server(), give).await.expect_err("a new owner").code, quota);

    let leave = pb::LeaveGroupRequest { guid: "c".into() };
    world.leave_group(&world.user("bob"), leave).await.unwrap();
    world.join_group(&world.user("bob"), join()).await.unwrap();
    let give = pb::TransferOwnershipRequest { guid: "a".into(), new_owner: "ann".into() };
    assert_ne!(world.transfer_ownership(&world.server(), give).await.err().map(|error| error.code), Some(quota));
    world.assert_counts().await;
}

#[tokio::test]
async fn who_joins_many_groups_at_once_does_not_pass_the_limit() {
    let settings = AppSettings::default().with_limit(Limit::GroupsOfUser, 3);
    let world = World::with(&halley_testkit::redis_url().await, settings).await;
    for n in 0..10 {
        let (guid, name) = (format!("g{n}"), "G".into());
        world.create_group(&world.server(), pb::CreateGroupRequest { guid, name, ..Default::default() }).await.unwrap();
    }
    let ann = world.user("ann");
    let joining = (0..10).map(|n| {
        let join = pb::JoinGroupRequest { guid: format!("g{n}"), ..Default::default() };
        world.join_group(&ann, join)
    });
    let answers = futures::future::join_all(joining).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3);
    world.assert_counts().await;
}

#[tokio::test]
async fn an_app_may_allow_fewer_tags() {
    let settings = AppSettings::default().with_limit(Limit::Tags, 1);
    let world = World::with(&halley_testkit::redis_url().await, settings).await;
    let tags = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>();
    let create = |given: &[&str]| pb::CreateGroupRequest {
        guid: "room".into(),
        name: "Room".into(),
        tags: tags(given),
        ..Default::default()
    };
    let error = world.create_group(&world.server(), create(&["a", "b"])).await.expect_err("two");
    assert_eq!((error.code, error.field.as_deref()), (ErrorCode::BadRequest, Some("tags")));
    world.create_group(&world.server(), create(&["a", "a"])).await.unwrap();
    let change = |given: &[&str]| pb::UpdateGroupRequest {
        guid: "room".into(),
        tags: tags(given),
        replace_tags: true,
        ..Default::default()
    };
    let error = world.update_group(&world.server(), change(&["b", "c"])).await.expect_err("two");
    assert_eq!((error.code, error.field.as_deref()), (ErrorCode::BadRequest, Some("tags")));
    assert_eq!(world.update_group(&world.server(), change(&["b"])).await.unwrap().group.unwrap().tags, ["b"]);
}
