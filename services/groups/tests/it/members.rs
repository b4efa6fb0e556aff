//! Adding, removing and promoting others.

use halley_contracts::groups::v1 as pb;
use halley_model::ErrorCode;

use crate::support::{
    ADMIN, MODERATOR, PARTICIPANT, Place, World, add, change_scope, fates, kick, lists, membership, new, refused,
};

#[tokio::test]
async fn each_uid_of_an_addition_fares_by_itself() {
    let world = World::new().await;
    world.group_with("ann", "room", lists(&[], &["mod"], &["par"], &["out"])).await;
    let members =
        lists(&["bob", "out"], &["cat", "bob"], &["par", "dan", "DAN", "no uid"], &["mod", "out", "eve", "ann"]);
    let answer = world.add_members(&world.user("ann"), add("Room", members)).await.unwrap();
    let wanted = [
        ("bob", None, ADMIN),
        ("out", Some(ErrorCode::BannedGroupMember), ADMIN),
        ("cat", None, MODERATOR),
        ("par", Some(ErrorCode::AlreadyJoined), PARTICIPANT),
        ("dan", None, PARTICIPANT),
        ("no uid", Some(ErrorCode::UidNotFound), PARTICIPANT),
        ("mod", None, pb::MemberScope::Unspecified),
        ("eve", None, pb::MemberScope::Unspecified),
        ("ann", Some(ErrorCode::GroupNoSelfAction), pb::MemberScope::Unspecified),
    ];
    let fates = fates(&answer.outcomes);
    for ((fate, outcome), (id, code, scope)) in fates.iter().zip(&answer.outcomes).zip(wanted) {
        assert_eq!((fate.0.as_str(), fate.1, outcome.scope()), (id, code, scope));
    }
    assert_eq!(fates.len(), wanted.len());
    // ann, par, bob, cat, dan; mod is out.
    assert_eq!(answer.group.unwrap().members_count, 5);
    assert_eq!(world.place("room", "mod").await, Place::Banned);
    assert_eq!(world.place("room", "eve").await, Place::Banned);
    assert_eq!(world.place("room", "cat").await, Place::In(MODERATOR));
    let banned = answer.outcomes[6].event.as_ref().unwrap().change.as_ref().unwrap();
    assert_eq!(
        (banned.action(), banned.old_scope(), banned.by_uid.as_str()),
        (pb::MembershipAction::Banned, MODERATOR, "ann")
    );
    let added = answer.outcomes[2].event.as_ref().unwrap().change.as_ref().unwrap();
    assert_eq!((added.action(), added.scope()), (pb::MembershipAction::Added, MODERATOR));
    world.assert_counts().await;
}

#[tokio::test]
async fn an_addition_is_bounded_and_may_be_empty() {
    let world = World::new().await;
    world.group_of("ann", "room").await;
    let uids = |count: usize| (0..count).map(|i| format!("u{i}")).collect::<Vec<_>>();
    let members = pb::MemberLists { admins: uids(13), users_to_ban: uids(13), ..Default::default() };
    let error = world.add_members(&world.server(), add("room", members)).await.expect_err("refused");
    assert_eq!((error.code, error.field.as_deref()), (ErrorCode::BadRequest, Some("members")));
    assert_eq!(world.group("room").await.members_count, 1);
    let nobody = world.add_members(&world.server(), add("room", pb::MemberLists::default())).await.unwrap();
    assert!(nobody.outcomes.is_empty());
    let many = pb::MemberLists { participants: uids(25), ..Default::default() };
    let answer = world.add_members(&world.server(), add("room", many)).await.unwrap();
    assert_eq!(answer.group.unwrap().members_count, 26);
    let change = answer.outcomes[0].event.as_ref().unwrap().change.as_ref().unwrap();
    assert_eq!(change.by_uid, "app_system");
}

#[tokio::test]
async fn an_admin_bans_other_admins_by_list_but_not_the_owner() {
    let world = World::new().await;
    world.group_with("ann", "room", lists(&["bob", "cat"], &[], &[], &[])).await;
    let members = lists(&[], &[], &[], &["ann", "cat"]);
    let answer = world.add_members(&world.user("bob"), add("room", members)).await.unwrap();
    assert_eq!(
        fates(&answer.outcomes),
        [("ann".to_owned(), Some(ErrorCode::GroupNoClearance)), ("cat".to_owned(), None)]
    );
    assert_eq!(world.place("room", "ann").await, Place::In(ADMIN));
    assert_eq!(answer.group.unwrap().members_count, 2);
}

#[tokio::test]
async fn a_kicked_member_is_out_and_may_come_back() {
    let world = World::new().await;
    world.group_with("ann", "room", lists(&[], &[], &["bob"], &[])).await;
    let ann = world.user("ann");
    let kicked = world.kick_member(&ann, kick("room", "Bob")).await.unwrap();
    assert_eq!(kicked.group.unwrap().members_count, 1);
    let change = kicked.event.unwrap().change.unwrap();
    assert_eq!(
        (change.action(), change.by_uid.as_str(), change.on_uid.as_str()),
        (pb::MembershipAction::Kicked, "ann", "bob")
    );
    assert_eq!(world.place("room", "bob").await, Place::Out);
    for nobody in ["bob", "no uid", ""] {
        assert_eq!(refused(world.kick_member(&ann, kick("room", nobody)).await), ErrorCode::NotAMember);
    }
    assert_eq!(refused(world.kick_member(&ann, kick("room", "ann")).await), ErrorCode::GroupNoSelfAction);
    world.join_group(&world.user("bob"), crate::support::join("room")).await.unwrap();
    world.assert_counts().await;
}

#[tokio::test]
async fn the_app_may_everything_but_remove_the_owner() {
    let world = World::new().await;
    world.group_with("ann", "room", lists(&["bob"], &["cat"], &["dan"], &[])).await;
    let app = world.server();
    assert_eq!(refused(world.kick_member(&app, kick("room", "ann")).await), ErrorCode::GroupNoClearance);
    assert_eq!(refused(world.ban_member(&app, crate::support::ban("room", "ann")).await), ErrorCode::GroupNoClearance);
    let demote = change_scope("room", "ann", PARTICIPANT);
    assert_eq!(refused(world.change_member_scope(&app, demote).await), ErrorCode::GroupNoScopeClearance);
    world.change_member_scope(&app, change_scope("room", "bob", PARTICIPANT)).await.unwrap();
    world.change_member_scope(&app, change_scope("room", "dan", ADMIN)).await.unwrap();
    let event = world.kick_member(&app, kick("room", "cat")).await.unwrap().event.unwrap();
    assert_eq!(event.change.unwrap().by_uid, "app_system");
    world.ban_member(&app, crate::support::ban("room", "bob")).await.unwrap();
    world.list_members(&app, crate::support::list_members("room")).await.unwrap();
    world.list_banned_members(&app, crate::support::list_banned("room")).await.unwrap();
    world.unban_member(&app, crate::support::unban("room", "bob")).await.unwrap();
    world.transfer_ownership(&app, crate::support::transfer("room", "dan")).await.unwrap();
    world.kick_member(&app, kick("room", "ann")).await.unwrap();
    world.assert_counts().await;
    world.delete_group(&app, crate::support::delete("room")).await.unwrap();
}

#[tokio::test]
async fn a_scope_changes_and_tells_the_old_one() {
    let world = World::new().await;
    world.group_with("ann", "room", lists(&[], &[], &["bob"], &[])).await;
    let ann = world.user("ann");
    let changed = world.change_member_scope(&ann, change_scope("room", "Bob", MODERATOR)).await.unwrap();
    assert_eq!(changed.old_scope(), PARTICIPANT);
    let member = changed.member.unwrap();
    assert_eq!((member.uid.as_str(), member.scope()), ("bob", MODERATOR));
    let change = changed.event.unwrap().change.unwrap();
    assert_eq!(
        (change.action(), change.scope(), change.old_scope()),
        (pb::MembershipAction::ScopeChanged, MODERATOR, PARTICIPANT)
    );
    assert_eq!((change.joined_at_ms, change.group.unwrap().members_count), (member.joined_at_ms, 2));
    assert_eq!(world.place("room", "bob").await, Place::In(MODERATOR));

    let code =
        async |uid: &str, scope| refused(world.change_member_scope(&ann, change_scope("room", uid, scope)).await);
    assert_eq!(code("bob", MODERATOR).await, ErrorCode::SameScope);
    assert_eq!(code("cat", MODERATOR).await, ErrorCode::NotAMember);
    assert_eq!(code("no uid", MODERATOR).await, ErrorCode::NotAMember);
    assert_eq!(code("ann", MODERATOR).await, ErrorCode::GroupNoSelfAction);
    assert_eq!(code("bob", pb::MemberScope::Unspecified).await, ErrorCode::BadRequest);
}

#[tokio::test]
async fn a_membership_is_told_to_services_and_members() {
    let world = World::new().await;
    world.group_with("ann", "room", lists(&[], &[], &["bob"], &["cat"])).await;
    let answer = world.get_membership(&world.server(), membership("Room", "Bob")).await.unwrap();
    assert_eq!(answer.group.unwrap(), world.group("room").await);
    assert_eq!((answer.member.unwrap().scope(), answer.banned), (PARTICIPANT, false));
    for (uid, banned) in [("cat", true), ("nobody", false), ("no uid", false)] {
        let answer = world.get_membership(&world.server(), membership("room", uid)).await.unwrap();
        assert_eq!((answer.member, answer.banned), (None, banned), "{uid}");
    }
    // A stranger asks about nobody but themselves.
    world.get_membership(&world.user("bob"), membership("room", "ann")).await.unwrap();
    assert!(world.get_membership(&world.user("cat"), membership("room", "cat")).await.unwrap().banned);
    let asked = world.get_membership(&world.user("dan"), membership("room", "ann")).await;
    assert_eq!(refused(asked), ErrorCode::GroupNotJoined);
}

#[tokio::test]
async fn joined_guids_are_ones_own() {
    let world = World::new().await;
    for guid in ["b", "a"] {
        world.group_with("ann", guid, lists(&[], &[], &["bob"], &["cat"])).await;
    }
    world.create_group(&world.user("bob"), new("c")).await.unwrap();
    let joined = async |caller: &halley_kit::Caller, uid: &str| {
        let request = pb::ListJoinedGuidsRequest { uid: uid.to_owned() };
        world.list_joined_guids(caller, request).await.map(|answer| answer.guids)
    };
    assert_eq!(joined(&world.server(), "Bob").await.unwrap(), ["a", "b", "c"]);
    assert_eq!(joined(&world.user("ann"), "ann").await.unwrap(), ["a", "b"]);
    for none in ["cat", "nobody", "no uid"] {
        assert!(joined(&world.server(), none).await.unwrap().is_empty());
    }
    assert_eq!(refused(joined(&world.user("ann"), "bob").await), ErrorCode::PermissionDenied);
}
