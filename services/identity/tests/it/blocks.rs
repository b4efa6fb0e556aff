//! Blocks, and how two users stand to each other.

use halley_contracts::identity::v1::{self as pb, BlockDirection};
use halley_kit::time;
use halley_model::ErrorCode;

use crate::support::{World, fates, texts, walk};

async fn unblock(world: &World, uid: &str, others: &[&str]) -> Vec<String> {
    let request = pb::UnblockUsersRequest { uid: uid.to_owned(), blocked_uids: texts(others) };
    fates(world.unblock_users(&world.user(uid), request).await.unwrap().results)
}

/// Uids, and whether the one has blocked the other, in both directions.
async fn listed(world: &World, uid: &str, direction: BlockDirection) -> Vec<(String, bool, bool)> {
    let request =
        pb::ListBlockedUsersRequest { uid: uid.to_owned(), direction: direction.into(), ..Default::default() };
    let users = world.list_blocked_users(&world.user(uid), request).await.unwrap().users;
    users
        .into_iter()
        .map(|row| (row.user.unwrap().uid, row.blocked_by_me_at_ms != 0, row.has_blocked_me_at_ms != 0))
        .collect()
}

fn row(uid: &str, mine: bool, theirs: bool) -> (String, bool, bool) {
    (uid.to_owned(), mine, theirs)
}

#[tokio::test]
async fn a_block_is_one_sided_and_ends() {
    let world = World::new(&["ann", "bob"]).await;
    let before = time::now_ms();
    assert_eq!(world.block("ann", &["BOB"]).await, ["ok"]);
    let relation = world.relation("Ann", "Bob").await;
    assert!(relation.blocked_at_ms >= before && relation.blocked_by_other_at_ms == 0 && !relation.friends);
    let reverse = world.relation("bob", "ann").await;
    assert_eq!((reverse.blocked_at_ms, reverse.blocked_by_other_at_ms), (0, relation.blocked_at_ms));

    assert_eq!(world.block("ann", &["bob"]).await, ["ok"], "again is no fault");
    assert_eq!(world.relation("ann", "bob").await, relation, "and the first time counts");
    assert_eq!(unblock(&world, "bob", &["ann"]).await, ["ok"]);
    assert_eq!(world.relation("ann", "bob").await, relation, "the other side can't lift it");
    assert_eq!(unblock(&world, "ann", &["Bob"]).await, ["ok"]);
    assert_eq!(world.relation("ann", "bob").await, pb::GetRelationResponse::default());
}

#[tokio::test]
async fn each_item_of_a_call_fails_alone() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    let fates = world.block("ann", &["bob", "ANN", "nobody", "no id", "cat", "Cat"]).await;
    assert_eq!(fates, ["ok", "ERR_CANNOT_BLOCK_SELF", "ERR_UID_NOT_FOUND", "ERR_UID_NOT_FOUND", "ok", "ok"]);
    assert_eq!(
        unblock(&world, "ann", &["bob", "nobody", "no id", "ann"]).await,
        ["ok", "ok", "ERR_UID_NOT_FOUND", "ok"]
    );
    assert_eq!(listed(&world, "ann", BlockDirection::Both).await, [row("cat", true, false)]);
}

#[tokio::test]
async fn a_block_does_not_end_a_friendship() {
    let world = World::new(&["ann", "bob"]).await;
    world.befriend("ann", &["bob"]).await;
    world.block("ann", &["bob"]).await;
    assert!(world.relation("ann", "bob").await.friends);
}

#[tokio::test]
async fn blocks_are_listed_by_direction() {
    let world = World::new(&["ann", "bob", "cat", "dan"]).await;
    world.block("ann", &["bob", "dan"]).await;
    world.block("cat", &["ann"]).await;
    world.block("dan", &["ann"]).await;
    let mine = vec![row("bob", true, false), row("dan", true, true)];
    assert_eq!(listed(&world, "ann", BlockDirection::Unspecified).await, mine);
    assert_eq!(listed(&world, "ann", BlockDirection::BlockedByMe).await, mine);
    let theirs = vec![row("cat", false, true), row("dan", true, true)];
    assert_eq!(listed(&world, "ann", BlockDirection::HasBlockedMe).await, theirs);
    let both = vec![row("bob", true, false), row("cat", false, true), row("dan", true, true)];
    assert_eq!(listed(&world, "ann", BlockDirection::Both).await, both);
    assert_eq!(listed(&world, "bob", BlockDirection::BlockedByMe).await, []);

    let wrong = pb::ListBlockedUsersRequest { uid: "ann".to_owned(), direction: 9, ..Default::default() };
    let fault = world.list_blocked_users(&world.server(), wrong).await.unwrap_err();
    assert_eq!((fault.code, fault.field.as_deref()), (ErrorCode::BadRequest, Some("direction")));
}

#[tokio::test]
async fn a_call_needs_a_user_and_has_a_bound() {
    let world = World::new(&["ann"]).await;
    let block =
        |uid: &str, count| pb::BlockUsersRequest { uid: uid.to_owned(), blocked_uids: vec!["x".to_owned(); count] };
    let fault = world.block_users(&world.server(), block("ann", 1001)).await.unwrap_err();
    assert_eq!((fault.code, fault.field.as_deref()), (ErrorCode::BadRequest, Some("blockedUids")));
    let unblock =
        |uid: &str, count| pb::UnblockUsersRequest { uid: uid.to_owned(), blocked_uids: vec!["x".to_owned(); count] };
    let fault = world.unblock_users(&world.server(), unblock("ann", 1001)).await.unwrap_err();
    assert_eq!((fault.code, fault.field.as_deref()), (ErrorCode::BadRequest, Some("blockedUids")));
    for uid in ["nobody", "no id"] {
        assert_eq!(world.block_users(&world.server(), block(uid, 1)).await.unwrap_err().code, ErrorCode::UidNotFound);
        assert_eq!(
            world.unblock_users(&world.server(), unblock(uid, 1)).await.unwrap_err().code,
            ErrorCode::UidNotFound
        );
        let list = pb::ListBlockedUsersRequest { uid: uid.to_owned(), ..Default::default() };
        assert_eq!(world.list_blocked_users(&world.server(), list).await.unwrap_err().code, ErrorCode::UidNotFound);
    }
    assert_eq!(world.relation("ann", "nobody").await, pb::GetRelationResponse::default());
    let wrong = pb::GetRelationRequest { uid: "ann".to_owned(), other_uid: "no\0id".to_owned() };
    assert_eq!(world.get_relation(&world.server(), wrong).await.unwrap_err().code, ErrorCode::UidNotFound);
}

#[tokio::test]
async fn the_pages_together_are_all_blocks() {
    let world = World::new(&["ann"]).await;
    let all = world.add_many(60).await;
    let others: Vec<&str> = all.iter().map(String::as_str).collect();
    world.block("ann", &others[..40]).await;
    for uid in &others[30..] {
        world.block(uid, &["ann"]).await;
    }
    for (direction, expected) in [
        (BlockDirection::BlockedByMe, &all[..40]),
        (BlockDirection::HasBlockedMe, &all[30..]),
        (BlockDirection::Both, &all[..]),
    ] {
        for per_page in [1, 10, 30, 1000] {
            let walked = walk(per_page, async |page| {
                let request = pb::ListBlockedUsersRequest {
                    uid: "ann".to_owned(),
                    direction: direction.into(),
                    page: Some(page),
                    ..Default::default()
                };
                let answer = world.list_blocked_users(&world.server(), request).await.unwrap();
                let uids = answer.users.into_iter().map(|row| row.user.unwrap().uid).collect();
                (uids, answer.page.unwrap())
            });
            let walked: Vec<String> = walked.await;
            assert_eq!(walked, expected, "{direction:?} {per_page}");
        }
    }
    let search = pb::ListBlockedUsersRequest {
        uid: "ann".to_owned(),
        direction: BlockDirection::Both.into(),
        search_key: "NAME OF USER-002".to_owned(),
        ..Default::default()
    };
    assert_eq!(world.list_blocked_users(&world.server(), search).await.unwrap().users.len(), 10);
}
