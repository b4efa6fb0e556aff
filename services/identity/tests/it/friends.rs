//! Friends.

use halley_contracts::identity::v1 as pb;
use halley_model::ErrorCode;

use crate::support::{World, fates, texts, uids, walk};

async fn unfriend(world: &World, uid: &str, others: &[&str]) -> Vec<String> {
    let request = pb::RemoveFriendsRequest { uid: uid.to_owned(), friends: texts(others) };
    fates(world.remove_friends(&world.server(), request).await.unwrap().results)
}

/// Gives a user so many friends who have no rows of their own.
async fn give_friends(world: &World, uid: &str, count: i32) {
    sqlx::query(
        "INSERT INTO friends (app_id, uid, friend_uid, created_at) \
         SELECT $1, $2, 'f' || n, now() FROM generate_series(1, $3) AS n",
    )
    .bind(&world.app)
    .bind(uid)
    .bind(count)
    .execute(&world.pool)
    .await
    .unwrap();
}

#[tokio::test]
async fn a_friendship_is_mutual_and_ends_for_both() {
    let world = World::new(&["ann", "bob"]).await;
    assert_eq!(world.befriend("Ann", &["BOB"]).await, ["ok"]);
    assert_eq!((world.friends_of("ann").await, world.friends_of("bob").await), (texts(&["bob"]), texts(&["ann"])));
    assert!(world.relation("ann", "bob").await.friends && world.relation("bob", "ann").await.friends);
    assert_eq!(world.befriend("bob", &["ann"]).await, ["ERR_ALREADY_FRIEND"]);

    assert_eq!(unfriend(&world, "bob", &["ann"]).await, ["ok"]);
    assert!(world.friends_of("ann").await.is_empty() && world.friends_of("bob").await.is_empty());
    assert!(!world.relation("ann", "bob").await.friends);
    assert_eq!(unfriend(&world, "bob", &["ann"]).await, ["ERR_NOT_A_FRIEND"]);
}

#[tokio::test]
async fn each_item_of_a_call_fails_alone() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.befriend("ann", &["bob"]).await;
    let fates = world.befriend("ann", &["bob", "ANN", "nobody", "no id", "cat", "Cat"]).await;
    assert_eq!(
        fates,
        [
            "ERR_ALREADY_FRIEND",
            "ERR_CANNOT_FORM_SELF_RELATION",
            "ERR_UID_NOT_FOUND",
            "ERR_UID_NOT_FOUND",
            "ok",
            "ERR_ALREADY_FRIEND"
        ]
    );
    assert_eq!(world.friends_of("ann").await, ["bob", "cat"]);
    let fates = unfriend(&world, "ann", &["ann", "nobody", "no id", "bob", "bob"]).await;
    assert_eq!(fates, ["ERR_NOT_A_FRIEND", "ERR_NOT_A_FRIEND", "ERR_NOT_A_FRIEND", "ok", "ERR_NOT_A_FRIEND"]);
    assert_eq!(world.friends_of("ann").await, ["cat"]);
}

#[tokio::test]
async fn a_friend_who_is_deactivated_can_be_removed() {
    let world = World::new(&["ann", "bob"]).await;
    world.befriend("ann", &["bob"]).await;
    world.deactivate(&["bob"]).await;
    assert_eq!(unfriend(&world, "ann", &["bob"]).await, ["ok"]);
    assert!(!world.relation("bob", "ann").await.friends);
}

#[tokio::test]
async fn nobody_has_more_than_so_many_friends() {
    let world = World::new(&["ann", "bob", "cat", "dan"]).await;
    give_friends(&world, "ann", 999).await;
    give_friends(&world, "dan", 1000).await;
    assert_eq!(
        world.befriend("ann", &["dan", "bob", "cat"]).await,
        ["ERR_FAILED_TO_ADD_FRIEND", "ok", "ERR_FAILED_TO_ADD_FRIEND"]
    );
    assert_eq!(world.befriend("cat", &["ann"]).await, ["ERR_FAILED_TO_ADD_FRIEND"], "the other side counts too");
    unfriend(&world, "ann", &["bob"]).await;
    assert_eq!(world.befriend("cat", &["ann"]).await, ["ok"]);
}

#[tokio::test]
async fn a_call_needs_a_user_and_has_a_bound() {
    let world = World::new(&["ann"]).await;
    let add = |uid: &str, count| pb::AddFriendsRequest { uid: uid.to_owned(), friends: vec!["x".to_owned(); count] };
    let fault = world.add_friends(&world.server(), add("ann", 26)).await.unwrap_err();
    assert_eq!((fault.code, fault.field.as_deref()), (ErrorCode::BadRequest, Some("accepted")));
    let remove =
        |uid: &str, count| pb::RemoveFriendsRequest { uid: uid.to_owned(), friends: vec!["x".to_owned(); count] };
    let fault = world.remove_friends(&world.server(), remove("ann", 1001)).await.unwrap_err();
    assert_eq!((fault.code, fault.field.as_deref()), (ErrorCode::BadRequest, Some("friends")));
    for uid in ["nobody", "no id"] {
        assert_eq!(world.add_friends(&world.server(), add(uid, 1)).await.unwrap_err().code, ErrorCode::UidNotFound);
        assert_eq!(
            world.remove_friends(&world.server(), remove(uid, 1)).await.unwrap_err().code,
            ErrorCode::UidNotFound
        );
        let list = pb::ListFriendsRequest { uid: uid.to_owned(), ..Default::default() };
        assert_eq!(world.list_friends(&world.server(), list).await.unwrap_err().code, ErrorCode::UidNotFound);
    }
}

#[tokio::test]
async fn the_pages_together_are_all_friends() {
    let world = World::new(&["ann"]).await;
    let all = world.add_many(60).await;
    for chunk in all.chunks(20) {
        let chunk: Vec<&str> = chunk.iter().map(String::as_str).collect();
        world.befriend("ann", &chunk).await;
    }
    for per_page in [1, 7, 20, 60, 1000] {
        let walked = walk(per_page, async |page| {
            let request = pb::ListFriendsRequest { uid: "ann".to_owned(), page: Some(page), ..Default::default() };
            let answer = world.list_friends(&world.user("ann"), request).await.unwrap();
            (uids(&answer.users), answer.page.unwrap())
        });
        assert_eq!(walked.await, all, "{per_page}");
    }
    let search = async |key: &str| {
        let request =
            pb::ListFriendsRequest { uid: "ann".to_owned(), search_key: key.to_owned(), ..Default::default() };
        uids(&world.list_friends(&world.server(), request).await.unwrap().users)
    };
    assert_eq!(search("USER-005").await.len(), 10, "by uid");
    assert_eq!(search("name of user-0031").await, ["user-0031"], "by name");
    assert_eq!(search("31").await, texts(&[]));
}
