//! Two apps with equal ids.

use halley_contracts::identity::v1 as pb;
use halley_model::ErrorCode;
use halley_testkit::unique;

use crate::support::{World, get, named, texts, uids, update};

#[tokio::test]
async fn one_app_neither_sees_nor_changes_anothers() {
    let mut world = World::new(&["ann", "bob", "cat"]).await;
    world.add_role("vip").await;
    world.give_role("ann", "vip").await;
    world.befriend("ann", &["bob"]).await;
    world.block("ann", &["cat"]).await;
    let first = world.app.clone();
    let before = (world.user_of("ann").await, world.relation("ann", "bob").await, world.relation("ann", "cat").await);

    world.app = unique("b");
    assert_eq!(world.get_user(&world.server(), get("ann")).await.unwrap_err().code, ErrorCode::UidNotFound);
    let empty = world.list_users(&world.server(), pb::ListUsersRequest::default()).await.unwrap();
    assert_eq!((empty.users.len(), empty.page.unwrap().total), (0, 0));
    let vip = || "vip".to_owned();
    assert_eq!(
        world.get_role(&world.server(), pb::GetRoleRequest { role: vip() }).await.unwrap_err().code,
        ErrorCode::RoleNotFound
    );
    for uid in ["ann", "bob", "cat"] {
        world.add(uid).await;
    }
    assert_eq!(world.relation("ann", "bob").await, pb::GetRelationResponse::default());
    assert_eq!(world.relation("ann", "cat").await, pb::GetRelationResponse::default());
    assert!(world.friends_of("ann").await.is_empty());
    let blocked = pb::ListBlockedUsersRequest { uid: "ann".to_owned(), ..Default::default() };
    assert!(world.list_blocked_users(&world.server(), blocked).await.unwrap().users.is_empty());
    let given = pb::UserFields { role: Some(vip()), ..Default::default() };
    let fault = world.update_user(&world.server(), update("ann", given)).await.unwrap_err();
    assert_eq!(fault.code, ErrorCode::RoleNotFound, "another app's role");

    // Everything that changes or ends things, by equal ids.
    world.add_role("vip").await;
    world.update_user(&world.server(), update("ann", named("Other"))).await.unwrap();
    world.befriend("ann", &["bob", "cat"]).await;
    let unfriend = pb::RemoveFriendsRequest { uid: "ann".to_owned(), friends: texts(&["bob"]) };
    world.remove_friends(&world.server(), unfriend).await.unwrap();
    let unblock = pb::UnblockUsersRequest { uid: "ann".to_owned(), blocked_uids: texts(&["cat"]) };
    world.unblock_users(&world.server(), unblock).await.unwrap();
    world.touch_users(&world.server(), pb::TouchUsersRequest { uids: texts(&["ann"]), seen_at_ms: 1 }).await.unwrap();
    world.delete_role(&world.server(), pb::DeleteRoleRequest { role: vip() }).await.unwrap();
    world.deactivate(&["ann", "bob"]).await;
    world.delete_user(&world.server(), pb::DeleteUserRequest { uid: "ann".to_owned() }).await.unwrap();

    world.app = first;
    let after = (world.user_of("ann").await, world.relation("ann", "bob").await, world.relation("ann", "cat").await);
    assert_eq!(after, before);
    let listed = world.list_users(&world.server(), pb::ListUsersRequest::default()).await.unwrap();
    assert_eq!(uids(&listed.users), ["ann", "bob", "cat"]);
    world.get_role(&world.server(), pb::GetRoleRequest { role: vip() }).await.expect("it is still there");
}
