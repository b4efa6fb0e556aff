//! Deactivated users.

use halley_contracts::identity::v1 as pb;
use halley_model::ErrorCode;

use crate::support::{World, get, texts, uids};

#[tokio::test]
async fn each_uid_of_a_call_has_its_fate() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.deactivate(&["cat"]).await;
    let off = world.deactivate(&["Bob", "cat", "nobody", "no id", "ann", "BOB", "Nobody"]).await;
    assert_eq!(off.deactivated, ["ann", "bob"]);
    assert_eq!(off.already_deactivated, ["cat"]);
    assert_eq!(off.not_found, ["nobody", "no id"]);
    assert_ne!(world.user_of("ann").await.deactivated_at_ms, 0);

    let request = pb::ReactivateUsersRequest { uids: texts(&["cat", "ann", "nobody", "ann"]) };
    let on = world.reactivate_users(&world.server(), request.clone()).await.unwrap();
    assert_eq!(
        (on.reactivated, on.not_deactivated, on.not_found),
        (texts(&["ann", "cat"]), vec![], texts(&["nobody"]))
    );
    let again = world.reactivate_users(&world.server(), request).await.unwrap();
    assert_eq!((again.reactivated, again.not_deactivated), (vec![], texts(&["ann", "cat"])));
    assert_eq!(world.user_of("ann").await.deactivated_at_ms, 0);
    world.get_user(&world.server(), get("ann")).await.expect("as before");
}

#[tokio::test]
async fn the_first_deactivation_counts() {
    let world = World::new(&["ann"]).await;
    world.deactivate(&["ann"]).await;
    let before = world.user_of("ann").await;
    world.deactivate(&["ann"]).await;
    assert_eq!(world.user_of("ann").await, before);
}

#[tokio::test]
async fn a_deactivated_user_is_out_of_lists_and_comes_back_to_them() {
    let world = World::new(&["ann", "bob"]).await;
    world.befriend("ann", &["bob"]).await;
    world.block("ann", &["bob"]).await;
    let blocked = pb::ListBlockedUsersRequest { uid: "ann".to_owned(), ..Default::default() };
    let lists = async || {
        let users = world.list_users(&world.server(), pb::ListUsersRequest::default()).await.unwrap().users.len();
        let blocked = world.list_blocked_users(&world.server(), blocked.clone()).await.unwrap().users.len();
        (users, blocked, world.friends_of("ann").await.len())
    };
    assert_eq!(lists().await, (2, 1, 1));
    world.deactivate(&["bob"]).await;
    assert_eq!(lists().await, (1, 0, 0));
    world.reactivate_users(&world.server(), pb::ReactivateUsersRequest { uids: texts(&["bob"]) }).await.unwrap();
    assert_eq!(lists().await, (2, 1, 1));
}

#[tokio::test]
async fn a_deactivated_user_is_treated_as_missing() {
    let world = World::new(&["ann", "bob"]).await;
    world.deactivate(&["bob"]).await;
    let bob = "bob".to_owned();
    let server = world.server();
    let found = [
        world.add_friends(&server, pb::AddFriendsRequest { uid: bob.clone(), ..Default::default() }).await.err(),
        world.remove_friends(&server, pb::RemoveFriendsRequest { uid: bob.clone(), ..Default::default() }).await.err(),
        world.list_friends(&server, pb::ListFriendsRequest { uid: bob.clone(), ..Default::default() }).await.err(),
        world.block_users(&server, pb::BlockUsersRequest { uid: bob.clone(), ..Default::default() }).await.err(),
        world.unblock_users(&server, pb::UnblockUsersRequest { uid: bob.clone(), ..Default::default() }).await.err(),
        world.list_blocked_users(&server, pb::ListBlockedUsersRequest { uid: bob, ..Default::default() }).await.err(),
        world.list_users(&world.on_behalf_of("bob"), pb::ListUsersRequest::default()).await.err(),
    ];
    for (place, fault) in found.into_iter().enumerate() {
        assert_eq!(fault.map(|fault| fault.code), Some(ErrorCode::UidNotFound), "{place}");
    }
    assert_eq!(world.befriend("ann", &["bob"]).await, ["ERR_UID_NOT_FOUND"]);
    assert_eq!(world.block("ann", &["bob"]).await, ["ERR_UID_NOT_FOUND"]);
}

#[tokio::test]
async fn lists_tell_the_deactivated_apart() {
    let world = World::new(&["ann", "bob"]).await;
    world.deactivate(&["bob"]).await;
    let listed = async |filter: pb::DeactivatedFilter| {
        let request = pb::ListUsersRequest { deactivated: filter.into(), ..Default::default() };
        uids(&world.list_users(&world.server(), request).await.unwrap().users)
    };
    assert_eq!(listed(pb::DeactivatedFilter::Unspecified).await, ["ann"]);
    assert_eq!(listed(pb::DeactivatedFilter::Without).await, ["ann"]);
    assert_eq!(listed(pb::DeactivatedFilter::With).await, ["ann", "bob"]);
    assert_eq!(listed(pb::DeactivatedFilter::Only).await, ["bob"]);
}

#[tokio::test]
async fn a_call_has_a_bound() {
    let world = World::new(&[]).await;
    let many = vec!["ann".to_owned(); 1001];
    let off = pb::DeactivateUsersRequest { uids: many.clone() };
    let off = world.deactivate_users(&world.server(), off).await.unwrap_err();
    assert_eq!((off.code, off.field.as_deref()), (ErrorCode::BadRequest, Some("uidsToDeactivate")));
    let on = world.reactivate_users(&world.server(), pb::ReactivateUsersRequest { uids: many }).await.unwrap_err();
    assert_eq!((on.code, on.field.as_deref()), (ErrorCode::BadRequest, Some("uidsToActivate")));
}
