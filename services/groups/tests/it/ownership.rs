//! Whose a group is.

use halley_contracts::groups::v1 as pb;
use halley_model::ErrorCode;

use crate::support::{ADMIN, PARTICIPANT, Place, World, ban, leave, lists, refused, transfer, update};

fn give_to(owner: &str) -> pb::UpdateGroupRequest {
    pb::UpdateGroupRequest { owner: Some(owner.to_owned()), ..update("room") }
}

#[tokio::test]
async fn the_owner_gives_the_group_to_a_member_and_may_leave_then() {
    let world = World::new().await;
    world.group_with("ann", "room", lists(&[], &[], &["bob"], &["cat"])).await;
    let ann = world.user("ann");
    for nobody in ["dan", "cat", "app_system", "no uid", ""] {
        let outcome = world.transfer_ownership(&ann, transfer("room", nobody)).await;
        assert_eq!(refused(outcome), ErrorCode::NotAMember, "{nobody}");
    }
    assert_eq!(refused(world.transfer_ownership(&ann, transfer("room", "ann")).await), ErrorCode::GroupNoSelfAction);

    let group = world.transfer_ownership(&ann, transfer("Room", "Bob")).await.unwrap().group.unwrap();
    assert_eq!((group.owner.as_str(), group.updated_by.as_str(), group.members_count), ("bob", "ann", 2));
    assert_eq!(world.place("room", "bob").await, Place::In(ADMIN));
    assert_eq!(world.place("room", "ann").await, Place::In(ADMIN));
    assert_eq!(refused(world.transfer_ownership(&ann, transfer("room", "ann")).await), ErrorCode::GroupNoClearance);
    world.leave_group(&ann, leave("room")).await.unwrap();
    assert_eq!(refused(world.leave_group(&world.user("bob"), leave("room")).await), ErrorCode::GroupNoSelfAction);
    world.assert_counts().await;
}

#[tokio::test]
async fn a_password_outlives_a_change_of_owner() {
    let world = World::new().await;
    world.group_with("ann", "room", lists(&[], &[], &["bob"], &[])).await;
    let kind = pb::GroupType::Password.into();
    let request = pb::UpdateGroupRequest { r#type: kind, password: Some("x".to_owned()), ..update("room") };
    world.update_group(&world.user("ann"), request).await.unwrap();
    world.transfer_ownership(&world.user("ann"), transfer("room", "bob")).await.unwrap();
    let join = |password: &str| pb::JoinGroupRequest { guid: "room".to_owned(), password: password.to_owned() };
    assert_eq!(refused(world.join_group(&world.user("cat"), join("y")).await), ErrorCode::WrongGroupPassword);
    world.join_group(&world.user("cat"), join("x")).await.unwrap();
}

#[tokio::test]
async fn an_owner_whom_the_app_names_becomes_a_member() {
    let world = World::new().await;
    world.group_with("ann", "room", lists(&[], &[], &["bob"], &["cat"])).await;
    let app = world.server();
    let group = world.update_group(&app, give_to("Dan")).await.unwrap().group.unwrap();
    assert_eq!((group.owner.as_str(), group.members_count), ("dan", 3));
    assert_eq!(world.place("room", "dan").await, Place::In(ADMIN));
    let group = world.update_group(&app, give_to("bob")).await.unwrap().group.unwrap();
    assert_eq!((group.owner.as_str(), group.members_count), ("bob", 3));
    assert_eq!(world.place("room", "bob").await, Place::In(ADMIN));
    assert_eq!(refused(world.update_group(&app, give_to("cat")).await), ErrorCode::BannedGroupMember);
    assert_eq!(world.group("room").await.owner, "bob");
    let group = world.update_group(&app, give_to("app_system")).await.unwrap().group.unwrap();
    assert_eq!((group.owner.as_str(), group.members_count), ("app_system", 3));
    // It is nobody's, so nobody is spared, and nobody but the app gives it away.
    assert_eq!(
        refused(world.transfer_ownership(&world.user("bob"), transfer("room", "bob")).await),
        ErrorCode::GroupNoClearance
    );
    world.ban_member(&world.user("bob"), ban("room", "dan")).await.unwrap();
    world.leave_group(&world.user("bob"), leave("room")).await.unwrap();
    world.transfer_ownership(&app, transfer("room", "ann")).await.unwrap();
    assert_eq!(world.group("room").await.owner, "ann");
    world.assert_counts().await;
}

#[tokio::test]
async fn an_update_on_behalf_of_a_user_gives_nothing_away() {
    let world = World::new().await;
    world.group_with("ann", "room", lists(&[], &[], &["bob"], &[])).await;
    let group = world.update_group(&world.key("ann"), give_to("bob")).await.unwrap().group.unwrap();
    assert_eq!(group.owner, "ann");
    assert_eq!(world.place("room", "bob").await, Place::In(PARTICIPANT));
}
