//! Lists of users.

use halley_contracts::{
    common::v1::{PageRequest, TimeRange},
    identity::v1::{self as pb, RelationFilter},
};
use halley_kit::Caller;
use halley_model::ErrorCode;

use crate::support::{World, imported, texts, uids, update, walk};

async fn listed(world: &World, caller: &Caller, request: pb::ListUsersRequest) -> Vec<String> {
    uids(&world.list_users(caller, request).await.unwrap().users)
}

/// Users with names, roles, tags and times of all kinds.
async fn people() -> World {
    let world = World::new(&[]).await;
    world.add_role("vip").await;
    let person = |uid: &str, name: &str, tags: &[&str], created_at_ms| pb::User {
        name: name.to_owned(),
        tags: texts(tags),
        created_at_ms,
        ..imported(uid)
    };
    let users = vec![
        person("ann", "Zoë", &["red"], 3000),
        person("bob", "bo", &["red", "blue"], 1000),
        person("bobby", "Änne", &["blue"], 2000),
        pb::User { role: "vip".to_owned(), ..person("cat", "BOris", &[], 2000) },
    ];
    assert_eq!(world.import_users(&world.server(), pb::ImportUsersRequest { users }).await.unwrap().created, 4);
    world
}

#[tokio::test]
async fn a_search_finds_beginnings_of_uids_and_names() {
    let world = people().await;
    let search = async |key: &str, search_in: &[&str]| {
        let request =
            pb::ListUsersRequest { search_key: key.to_owned(), search_in: texts(search_in), ..Default::default() };
        listed(&world, &world.server(), request).await
    };
    assert_eq!(search("BO", &[]).await, ["bob", "bobby", "cat"]);
    assert_eq!(search("bo", &["uid"]).await, ["bob", "bobby"]);
    assert_eq!(search("bo", &["name"]).await, ["bob", "cat"]);
    assert_eq!(search("ob", &[]).await, texts(&[]), "the beginning only");
    assert_eq!(search("än", &["name", "uid"]).await, ["bobby"]);
    assert_eq!(search("%", &[]).await, texts(&[]));
}

#[tokio::test]
async fn filters_narrow_together() {
    let world = people().await;
    let all = pb::ListUsersRequest::default;
    let list = async |request| listed(&world, &world.server(), request).await;
    assert_eq!(list(pb::ListUsersRequest { roles: texts(&["VIP"]), ..all() }).await, ["cat"]);
    assert_eq!(list(pb::ListUsersRequest { roles: texts(&["vip", "default"]), ..all() }).await.len(), 4);
    assert_eq!(list(pb::ListUsersRequest { roles: texts(&["no\0id"]), ..all() }).await, texts(&[]));
    assert_eq!(list(pb::ListUsersRequest { tags: texts(&["red"]), ..all() }).await, ["ann", "bob"]);
    assert_eq!(list(pb::ListUsersRequest { tags: texts(&["red", "blue"]), ..all() }).await, ["ann", "bob", "bobby"]);
    let named = pb::ListUsersRequest { uids: texts(&["CAT", "ann", "nobody", "no id"]), ..all() };
    assert_eq!(list(named).await, ["ann", "cat"]);
    assert_eq!(list(pb::ListUsersRequest { uids: texts(&["no id"]), ..all() }).await, texts(&[]));
    let excluded = || texts(&["CAT", "nobody", "no id"]);
    assert_eq!(list(pb::ListUsersRequest { excluded_uids: excluded(), ..all() }).await, ["ann", "bob", "bobby"]);
    let both = pb::ListUsersRequest { excluded_uids: excluded(), uids: texts(&["cat", "ann"]), ..all() };
    assert_eq!(list(both).await, ["ann"]);
    let created = |from_ms, to_ms| pb::ListUsersRequest { created_at: Some(TimeRange { from_ms, to_ms }), ..all() };
    assert_eq!(list(created(2000, 0)).await, ["ann", "bobby", "cat"]);
    assert_eq!(list(created(0, 2000)).await, ["bob", "bobby", "cat"]);
    assert_eq!(list(created(2000, 2000)).await, ["bobby", "cat"]);
    let both = pb::ListUsersRequest { tags: texts(&["blue"]), search_key: "bobb".to_owned(), ..created(2000, 0) };
    assert_eq!(list(both).await, ["bobby"]);

    let fields = pb::UserFields { status_message: Some("x".to_owned()), ..Default::default() };
    let changed = world.update_user(&world.server(), update("ann", fields)).await.unwrap().user.unwrap();
    let at = changed.updated_at_ms;
    let updated = |from_ms, to_ms| pb::ListUsersRequest { updated_at: Some(TimeRange { from_ms, to_ms }), ..all() };
    assert_eq!(list(updated(at, at)).await, ["ann"]);
    assert_eq!(list(updated(at + 1, 0)).await, texts(&[]));
}

#[tokio::test]
async fn each_order_settles_ties_by_uid() {
    let world = people().await;
    let list = async |sort_by: &str, descending| {
        let request = pb::ListUsersRequest { sort_by: sort_by.to_owned(), descending, ..Default::default() };
        listed(&world, &world.server(), request).await
    };
    assert_eq!(list("", false).await, ["ann", "bob", "bobby", "cat"]);
    assert_eq!(list("", true).await, ["cat", "bobby", "bob", "ann"]);
    assert_eq!(list("name", false).await, ["bob", "cat", "ann", "bobby"]);
    assert_eq!(list("name", true).await, ["bobby", "ann", "cat", "bob"]);
    assert_eq!(list("createdAt", false).await, ["bob", "bobby", "cat", "ann"]);
    assert_eq!(list("createdAt", true).await, ["ann", "cat", "bobby", "bob"]);
}

#[tokio::test]
async fn what_can_not_be_asked_is_named() {
    let world = World::new(&[]).await;
    let all = pb::ListUsersRequest::default;
    let time = |from_ms| Some(TimeRange { from_ms, to_ms: 0 });
    let cases = [
        ("page", pb::ListUsersRequest { page: Some(PageRequest { page: -1, per_page: 1 }), ..all() }),
        ("perPage", pb::ListUsersRequest { page: Some(PageRequest { page: 1, per_page: 1001 }), ..all() }),
        ("searchIn", pb::ListUsersRequest { search_in: texts(&["role"]), ..all() }),
        ("searchKey", pb::ListUsersRequest { search_key: "x".repeat(101), ..all() }),
        ("sortBy", pb::ListUsersRequest { sort_by: "role".to_owned(), ..all() }),
        ("deactivated", pb::ListUsersRequest { deactivated: 9, ..all() }),
        ("tags", pb::ListUsersRequest { tags: texts(&["a\0"]), ..all() }),
        ("uids", pb::ListUsersRequest { uids: vec!["a".to_owned(); 10_001], ..all() }),
        ("excludedUids", pb::ListUsersRequest { excluded_uids: vec!["a".to_owned(); 10_001], ..all() }),
        ("roles", pb::ListUsersRequest { roles: vec!["a".to_owned(); 1001], ..all() }),
        ("createdAt[from]", pb::ListUsersRequest { created_at: time(-1), ..all() }),
        ("updatedAt[from]", pb::ListUsersRequest { updated_at: time(i64::MAX), ..all() }),
        ("onBehalfOf", pb::ListUsersRequest { friends_only: true, ..all() }),
        ("onBehalfOf", pb::ListUsersRequest { hide_blocked: true, ..all() }),
    ];
    for (field, request) in cases {
        let fault = world.list_users(&world.server(), request).await.unwrap_err();
        assert_eq!((fault.code, fault.field.as_deref()), (ErrorCode::BadRequest, Some(field)));
    }
}

#[tokio::test]
async fn a_viewer_sees_who_is_blocked_and_may_leave_them_out() {
    let world = people().await;
    world.befriend("ann", &["bob", "cat"]).await;
    world.block("ann", &["bob"]).await;
    world.block("cat", &["ann"]).await;
    for caller in [world.user("ann"), world.on_behalf_of("ann")] {
        let seen = world.list_users(&caller, pb::ListUsersRequest::default()).await.unwrap();
        assert_eq!((seen.blocked_by_viewer, seen.blocking_viewer), (texts(&["bob"]), texts(&["cat"])));
    }
    let by_name = pb::ListUsersRequest { viewer_uid: "ANN".to_owned(), ..Default::default() };
    let seen = world.list_users(&world.server(), by_name).await.unwrap();
    assert_eq!(seen.blocked_by_viewer, ["bob"]);
    let nobody = world.list_users(&world.server(), pb::ListUsersRequest::default()).await.unwrap();
    assert!(nobody.blocked_by_viewer.is_empty() && nobody.blocking_viewer.is_empty());

    let ann = world.user("ann");
    let friends = pb::ListUsersRequest { friends_only: true, ..Default::default() };
    assert_eq!(listed(&world, &ann, friends.clone()).await, ["bob", "cat"]);
    let unblocked = pb::ListUsersRequest { hide_blocked: true, ..Default::default() };
    assert_eq!(listed(&world, &ann, unblocked).await, ["ann", "bobby", "cat"]);
    assert_eq!(listed(&world, &ann, pb::ListUsersRequest { hide_blocked: true, ..friends }).await, ["cat"]);
    let unknown = pb::ListUsersRequest { viewer_uid: "nobody".to_owned(), ..Default::default() };
    assert_eq!(world.list_users(&world.server(), unknown).await.unwrap_err().code, ErrorCode::UidNotFound);
}

#[tokio::test]
async fn a_role_may_let_its_users_list_only_friends() {
    let world = people().await;
    world.befriend("cat", &["ann"]).await;
    let settings = pb::RoleSettings { list_users: RelationFilter::FriendsOnly.into(), send_messages_to: 0 };
    let request = pb::UpdateRoleRequest { role: "vip".to_owned(), settings: Some(settings), ..Default::default() };
    world.update_role(&world.server(), request).await.unwrap();

    let all = pb::ListUsersRequest::default;
    assert_eq!(listed(&world, &world.user("cat"), all()).await, ["ann"]);
    assert_eq!(listed(&world, &world.on_behalf_of("cat"), all()).await, ["ann"], "the app acts with cat's rights");
    let named = pb::ListUsersRequest { uids: texts(&["bob"]), search_key: "bo".to_owned(), ..all() };
    assert_eq!(listed(&world, &world.user("cat"), named).await, texts(&[]), "no filter widens it");
    assert_eq!(listed(&world, &world.user("ann"), all()).await.len(), 4, "another role");
    assert_eq!(listed(&world, &world.server(), all()).await.len(), 4, "the app itself");
    let whole = world.list_users(&world.user("cat"), all()).await.unwrap().page.unwrap();
    assert_eq!(whole.total, 1, "not even their number is told");
}

#[tokio::test]
async fn the_pages_together_are_the_list() {
    let world = World::new(&[]).await;
    let all = world.add_many(45).await;
    // Equal names and times, so that only the uid keeps pages apart.
    sqlx::query("UPDATE users SET name_folded = 'x', created_at = to_timestamp(1)").execute(&world.pool).await.unwrap();
    for per_page in [1, 10, 15, 45, 1000] {
        for sort_by in ["", "name", "createdAt"] {
            let walked = walk(per_page, async |page| {
                let request =
                    pb::ListUsersRequest { page: Some(page), sort_by: sort_by.to_owned(), ..Default::default() };
                let answer = world.list_users(&world.server(), request).await.unwrap();
                (uids(&answer.users), answer.page.unwrap())
            });
            assert_eq!(walked.await, all, "{per_page} {sort_by}");
        }
    }
    let beyond = pb::ListUsersRequest { page: Some(PageRequest { page: 9, per_page: 10 }), ..Default::default() };
    let beyond = world.list_users(&world.server(), beyond).await.unwrap();
    assert_eq!((beyond.users.len(), beyond.page.unwrap().total), (0, 45));
}
