//! Bans.

use halley_contracts::groups::v1 as pb;
use halley_model::ErrorCode;

use crate::support::{
    ADMIN, PARTICIPANT, Place, World, add, assert_page, ban, fates, join, lists, page, refused, unban,
};

#[tokio::test]
async fn a_ban_ends_the_membership_and_keeps_the_user_out_until_it_is_lifted() {
    let world = World::new().await;
    world.group_with("ann", "room", lists(&[], &[], &["bob"], &[])).await;
    let ann = world.user("ann");
    let banned = world.ban_member(&ann, ban("Room", "Bob")).await.unwrap();
    assert_eq!(banned.group.unwrap().members_count, 1);
    let change = banned.event.unwrap().change.unwrap();
    assert_eq!((change.action(), change.on_uid.as_str()), (pb::MembershipAction::Banned, "bob"));
    assert_eq!((change.scope(), change.old_scope()), (pb::MemberScope::Unspecified, PARTICIPANT));
    assert_eq!(world.place("room", "bob").await, Place::Banned);

    assert_eq!(refused(world.ban_member(&ann, ban("room", "bob")).await), ErrorCode::AlreadyBanned);
    assert_eq!(refused(world.ban_member(&ann, ban("room", "cat")).await), ErrorCode::NotAMember);
    assert_eq!(refused(world.ban_member(&ann, ban("room", "no uid")).await), ErrorCode::NotAMember);
    assert_eq!(refused(world.ban_member(&ann, ban("room", "ann")).await), ErrorCode::GroupNoSelfAction);
    assert_eq!(refused(world.join_group(&world.user("bob"), join("room")).await), ErrorCode::BannedGroupMember);
    let added = world.add_members(&ann, add("room", lists(&["bob"], &[], &[], &[]))).await.unwrap();
    assert_eq!(fates(&added.outcomes), [("bob".to_owned(), Some(ErrorCode::BannedGroupMember))]);
    let again = world.add_members(&ann, add("room", lists(&[], &[], &[], &["bob"]))).await.unwrap();
    assert_eq!(fates(&again.outcomes), [("bob".to_owned(), Some(ErrorCode::AlreadyBanned))]);

    let lifted = world.unban_member(&ann, unban("room", "Bob")).await.unwrap();
    assert_eq!(lifted.group.unwrap().members_count, 1);
    assert_eq!(lifted.event.unwrap().change.unwrap().action(), pb::MembershipAction::Unbanned);
    assert_eq!(world.place("room", "bob").await, Place::Out, "a lifted ban brings nobody back");
    for nobody in ["bob", "ann", "no uid"] {
        assert_eq!(refused(world.unban_member(&ann, unban("room", nobody)).await), ErrorCode::NotABannedUser);
    }
    world.join_group(&world.user("bob"), join("room")).await.unwrap();
    world.assert_counts().await;
}

#[tokio::test]
async fn a_member_who_comes_back_has_no_rights_of_before() {
    let world = World::new().await;
    world.group_with("ann", "room", lists(&["bob"], &[], &[], &[])).await;
    assert_eq!(world.place("room", "bob").await, Place::In(ADMIN));
    world.ban_member(&world.user("ann"), ban("room", "bob")).await.unwrap();
    assert_eq!(refused(world.unban_member(&world.user("bob"), unban("room", "bob")).await), ErrorCode::GroupNotJoined);
    world.unban_member(&world.user("ann"), unban("room", "bob")).await.unwrap();
    world.join_group(&world.user("bob"), join("room")).await.unwrap();
    assert_eq!(world.place("room", "bob").await, Place::In(PARTICIPANT));
}

#[tokio::test]
async fn bans_are_walked_page_by_page() {
    let world = World::new().await;
    let uids: Vec<String> = (0..7).map(|i| format!("u{i}")).collect();
    let names: Vec<&str> = uids.iter().map(String::as_str).collect();
    world.group_with("ann", "room", lists(&[], &[], &[], &names)).await;
    let mut walked = Vec::new();
    for number in 1..=4 {
        let request =
            pb::ListBannedMembersRequest { guid: "Room".to_owned(), page: page(number, 3), ..Default::default() };
        let answer = world.list_banned_members(&world.user("ann"), request).await.unwrap();
        assert_page(answer.page, number, 3, 7, answer.bans.len());
        assert!(answer.bans.iter().all(|ban| ban.banned_at_ms > 0));
        walked.extend(answer.bans.into_iter().map(|ban| ban.uid));
    }
    assert_eq!(walked, uids);
    let some = pb::ListBannedMembersRequest {
        guid: "room".to_owned(),
        uids: ["U3", "u1", "nobody"].map(ToOwned::to_owned).to_vec(),
        page: page(1, 1),
        ..Default::default()
    };
    let answer = world.list_banned_members(&world.user("ann"), some).await.unwrap();
    assert_page(answer.page, 1, 1, 2, answer.bans.len());
    assert_eq!(answer.bans[0].uid, "u1");
    let request = pb::ListBannedMembersRequest { guid: "room".to_owned(), page: page(1, 1001), ..Default::default() };
    assert_eq!(refused(world.list_banned_members(&world.server(), request).await), ErrorCode::BadRequest);
}
