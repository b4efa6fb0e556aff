//! How many members a group and a call may have is the app's to set.

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
