//! Two apps with the same ids know nothing of each other.

use halley_contracts::groups::v1 as pb;
use halley_kit::Caller;
use halley_model::ErrorCode;
use halley_testkit::unique;

use crate::support::{World, ban, delete, get, join, list_members, lists, membership, new, refused, update};

#[tokio::test]
async fn equal_ids_of_two_apps_are_two_things() {
    let world = World::new().await;
    let other = unique("b");
    let there = |uid: &str| {
        let user = halley_contracts::common::v1::UserPrincipal { uid: uid.to_owned(), ..Default::default() };
        Caller::user(&other, user)
    };
    let app_there = Caller::system(&other);
    world.group_with("ann", "room", lists(&[], &[], &["bob"], &["cat"])).await;

    // Nothing of it is seen, joined or changed from there.
    assert_eq!(refused(world.get_group(&app_there, get("room")).await), ErrorCode::GuidNotFound);
    assert_eq!(refused(world.join_group(&there("dan"), join("room")).await), ErrorCode::GuidNotFound);
    assert_eq!(refused(world.update_group(&there("ann"), update("room")).await), ErrorCode::GuidNotFound);
    assert_eq!(refused(world.delete_group(&app_there, delete("room")).await), ErrorCode::GuidNotFound);
    assert_eq!(refused(world.list_members(&app_there, list_members("room")).await), ErrorCode::GuidNotFound);
    assert!(world.list_groups(&app_there, pb::ListGroupsRequest::default()).await.unwrap().groups.is_empty());
    let batch = pb::BatchGetGroupsRequest { guids: vec!["room".to_owned()] };
    assert!(world.batch_get_groups(&app_there, batch).await.unwrap().groups.is_empty());
    let guids = pb::ListJoinedGuidsRequest { uid: "ann".to_owned() };
    assert!(world.list_joined_guids(&app_there, guids).await.unwrap().guids.is_empty());
    let member = pb::ImportedMember { guid: "room".to_owned(), uid: "eve".to_owned(), ..Default::default() };
    let imported = world.import_members(&app_there, pb::ImportMembersRequest { members: vec![member] }).await.unwrap();
    assert_eq!(imported.results[0].error.as_ref().unwrap().code, ErrorCode::GuidNotFound.as_str());

    // The same guid there is another group, with other members and bans.
    world.create_group(&there("bob"), new("room")).await.unwrap();
    world.join_group(&there("cat"), join("room")).await.unwrap();
    world.ban_member(&there("bob"), ban("room", "cat")).await.unwrap();
    let here = world.group("room").await;
    assert_eq!((here.owner.as_str(), here.members_count), ("ann", 2));
    let answer = world.get_membership(&app_there, membership("room", "ann")).await.unwrap();
    assert_eq!((answer.member, answer.group.unwrap().owner), (None, "bob".to_owned()));
    world.delete_group(&app_there, delete("room")).await.unwrap();
    assert_eq!(world.members("room").await.len(), 2);
    world.assert_counts().await;
}
