//! Coming in and going out by oneself.

use halley_contracts::groups::v1 as pb;
use halley_model::ErrorCode;

use crate::support::{PARTICIPANT, Place, World, add, ban, join, leave, lists, new, refused, update};

fn with_password(guid: &str, password: &str) -> pb::JoinGroupRequest {
    pb::JoinGroupRequest { guid: guid.to_owned(), password: password.to_owned() }
}

fn protected(guid: &str, password: &str) -> pb::CreateGroupRequest {
    pb::CreateGroupRequest { r#type: pb::GroupType::Password.into(), password: password.to_owned(), ..new(guid) }
}

fn to_type(kind: pb::GroupType, password: Option<&str>) -> pb::UpdateGroupRequest {
    pb::UpdateGroupRequest { r#type: kind.into(), password: password.map(ToOwned::to_owned), ..update("room") }
}

#[tokio::test]
async fn anybody_joins_a_public_group_once_and_leaves_it_once() {
    let world = World::new().await;
    world.group_of("ann", "room").await;
    let bob = world.user("bob");
    let joined = world.join_group(&bob, with_password("Room", "a filler")).await.unwrap();
    let member = joined.member.unwrap();
    assert_eq!((member.guid.as_str(), member.uid.as_str(), member.scope()), ("room", "bob", PARTICIPANT));
    assert_eq!(joined.group.unwrap().members_count, 2);
    let event = joined.event.unwrap();
    let change = event.change.unwrap();
    assert_eq!(
        (change.action(), change.by_uid.as_str(), change.on_uid.as_str()),
        (pb::MembershipAction::Joined, "bob", "bob")
    );
    assert_eq!((change.scope(), event.occurred_at_ms), (PARTICIPANT, member.joined_at_ms));
    assert_eq!(refused(world.join_group(&bob, join("room")).await), ErrorCode::AlreadyJoined);

    let left = world.leave_group(&bob, leave("room")).await.unwrap();
    assert_eq!(left.group.unwrap().members_count, 1);
    let change = left.event.unwrap().change.unwrap();
    assert_eq!((change.action(), change.old_scope()), (pb::MembershipAction::Left, PARTICIPANT));
    assert_eq!(world.place("room", "bob").await, Place::Out);
    assert_eq!(refused(world.leave_group(&bob, leave("room")).await), ErrorCode::GroupNotJoined);
    // And may come again.
    world.join_group(&bob, join("room")).await.unwrap();
    world.assert_counts().await;
}

#[tokio::test]
async fn joining_and_leaving_need_a_user() {
    let world = World::new().await;
    world.group_of("ann", "room").await;
    assert_eq!(refused(world.join_group(&world.server(), join("room")).await), ErrorCode::BadRequest);
    assert_eq!(refused(world.leave_group(&world.server(), leave("room")).await), ErrorCode::BadRequest);
    world.join_group(&world.key("bob"), join("room")).await.unwrap();
    world.leave_group(&world.key("bob"), leave("room")).await.unwrap();
}

#[tokio::test]
async fn the_owner_does_not_leave() {
    let world = World::new().await;
    world.group_of("ann", "room").await;
    assert_eq!(refused(world.leave_group(&world.user("ann"), leave("room")).await), ErrorCode::GroupNoSelfAction);
    assert_eq!(world.group("room").await.members_count, 1);
}

#[tokio::test]
async fn a_password_is_asked_for_and_never_shown() {
    let world = World::new().await;
    let made = world.create_group(&world.user("ann"), protected("room", "Sesame öffne dich")).await.unwrap();
    assert!(!format!("{made:?}").contains("Sesame"));
    let bob = world.user("bob");
    assert_eq!(refused(world.join_group(&bob, join("room")).await), ErrorCode::EmptyGroupPassword);
    let long = "x".repeat(101);
    for wrong in ["x", "sesame öffne dich", &long] {
        let outcome = world.join_group(&bob, with_password("room", wrong)).await;
        assert_eq!(refused(outcome), ErrorCode::WrongGroupPassword);
    }
    assert_eq!(world.place("room", "bob").await, Place::Out);
    world.join_group(&bob, with_password("room", "Sesame öffne dich")).await.unwrap();
    // Who is in is told so before any password.
    assert_eq!(refused(world.join_group(&bob, with_password("room", "x")).await), ErrorCode::AlreadyJoined);
    let stored: Option<String> =
        sqlx::query_scalar("SELECT password_hash FROM groups").fetch_one(&world.pool).await.unwrap();
    assert!(stored.unwrap().starts_with("$argon2id$"));
}

#[tokio::test]
async fn a_change_of_type_brings_and_drops_the_password() {
    let world = World::new().await;
    world.group_of("ann", "room").await;
    let ann = world.user("ann");
    let no_password = to_type(pb::GroupType::Password, None);
    assert_eq!(refused(world.update_group(&ann, no_password.clone()).await), ErrorCode::EmptyGroupPassword);
    let group = world.update_group(&ann, to_type(pb::GroupType::Password, Some("one"))).await.unwrap().group.unwrap();
    assert_eq!(group.r#type(), pb::GroupType::Password);
    assert_eq!(
        refused(world.join_group(&world.user("bob"), with_password("room", "two")).await),
        ErrorCode::WrongGroupPassword
    );
    world.join_group(&world.user("bob"), with_password("room", "one")).await.unwrap();

    // Staying what it is keeps the password; a new one takes the old one's place.
    world.update_group(&ann, no_password.clone()).await.unwrap();
    world.join_group(&world.user("cat"), with_password("room", "one")).await.unwrap();
    world
        .update_group(&ann, pb::UpdateGroupRequest { password: Some("two".to_owned()), ..update("room") })
        .await
        .unwrap();
    assert_eq!(
        refused(world.join_group(&world.user("dan"), with_password("room", "one")).await),
        ErrorCode::WrongGroupPassword
    );
    world.join_group(&world.user("dan"), with_password("room", "two")).await.unwrap();

    // Another type drops it for good.
    world.update_group(&ann, to_type(pb::GroupType::Public, None)).await.unwrap();
    world.join_group(&world.user("eve"), join("room")).await.unwrap();
    assert_eq!(refused(world.update_group(&ann, no_password).await), ErrorCode::EmptyGroupPassword);
    let with_private = to_type(pb::GroupType::Private, Some("x"));
    assert_eq!(refused(world.update_group(&ann, with_private).await), ErrorCode::BadRequest);
    world.update_group(&ann, to_type(pb::GroupType::Private, None)).await.unwrap();
    assert_eq!(refused(world.join_group(&world.user("fay"), join("room")).await), ErrorCode::GroupJoinNotAllowed);
    world.assert_counts().await;
}

#[tokio::test]
async fn a_private_group_is_entered_by_being_added() {
    let world = World::new().await;
    let request = pb::CreateGroupRequest { r#type: pb::GroupType::Private.into(), ..new("room") };
    world.create_group(&world.user("ann"), request).await.unwrap();
    assert_eq!(refused(world.join_group(&world.user("bob"), join("room")).await), ErrorCode::GroupJoinNotAllowed);
    world.add_members(&world.user("ann"), add("room", lists(&[], &[], &["bob"], &[]))).await.unwrap();
    assert_eq!(refused(world.join_group(&world.user("bob"), join("room")).await), ErrorCode::AlreadyJoined);
}

#[tokio::test]
async fn who_is_banned_is_kept_out_of_every_type() {
    let world = World::new().await;
    world.group_with("ann", "room", lists(&[], &[], &["bob"], &[])).await;
    world.ban_member(&world.user("ann"), ban("room", "bob")).await.unwrap();
    let types = [(pb::GroupType::Public, None), (pb::GroupType::Password, Some("x")), (pb::GroupType::Private, None)];
    for (kind, password) in types {
        world.update_group(&world.user("ann"), to_type(kind, password)).await.unwrap();
        let outcome = world.join_group(&world.user("bob"), with_password("room", "x")).await;
        assert_eq!(refused(outcome), ErrorCode::BannedGroupMember, "{kind:?}");
    }
}
