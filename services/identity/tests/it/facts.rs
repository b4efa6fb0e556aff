//! What caches are told, and that it is told before a call that takes something away is answered.

use std::collections::BTreeSet;

use halley_contracts::{
    events::v1::{ChangeKind, event::Body},
    identity::v1 as pb,
};
use halley_testkit::eventually;

use crate::support::{Facts, World, create, imported, named, texts, update};

fn user_change(body: Body) -> (ChangeKind, String) {
    match body {
        Body::UserChanged(changed) => (changed.kind(), changed.user.unwrap().uid),
        other => panic!("not of a user: {other:?}"),
    }
}

fn relation_change(body: Body) -> (String, String) {
    match body {
        Body::RelationChanged(changed) => (changed.uid, changed.other_uid),
        other => panic!("not of a relation: {other:?}"),
    }
}

fn change(kind: ChangeKind, uid: &str) -> (ChangeKind, String) {
    (kind, uid.to_owned())
}

fn pair(uid: &str, other: &str) -> (String, String) {
    (uid.to_owned(), other.to_owned())
}

async fn awaited(facts: &mut Facts) -> Body {
    facts.next().await.body.unwrap()
}

#[tokio::test]
async fn every_change_of_a_user_is_told() {
    let world = World::new(&[]).await;
    let mut facts = world.facts().await;
    world.create_user(&world.server(), create("ann", named("Ann"))).await.unwrap();
    assert_eq!(user_change(awaited(&mut facts).await), change(ChangeKind::Created, "ann"));

    world.update_user(&world.user("ann"), update("ann", named("New"))).await.unwrap();
    let event = facts.next().await;
    assert_eq!(event.origin_device_id, "ann-phone");
    let Some(Body::UserChanged(changed)) = event.body else { panic!("not of a user") };
    assert_eq!((changed.kind(), changed.user.unwrap().name), (ChangeKind::Updated, "New".to_owned()));
    world.deactivate(&["ann"]).await;
    assert_eq!(user_change(awaited(&mut facts).await), change(ChangeKind::Deactivated, "ann"));
    world.reactivate_users(&world.server(), pb::ReactivateUsersRequest { uids: texts(&["ann"]) }).await.unwrap();
    assert_eq!(user_change(awaited(&mut facts).await), change(ChangeKind::Reactivated, "ann"));
    world.delete_user(&world.server(), pb::DeleteUserRequest { uid: "ann".to_owned() }).await.unwrap();
    assert_eq!(user_change(awaited(&mut facts).await), change(ChangeKind::Deleted, "ann"));
}

#[tokio::test]
async fn only_what_began_or_ended_is_told_of_a_relation() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    let mut facts = world.facts().await;
    world.befriend("ann", &["bob", "nobody", "ann"]).await;
    assert_eq!(relation_change(awaited(&mut facts).await), pair("ann", "bob"));
    world.befriend("ann", &["bob"]).await;
    let remove =
        |uid: &str, friends: &[&str]| pb::RemoveFriendsRequest { uid: uid.to_owned(), friends: texts(friends) };
    world.remove_friends(&world.server(), remove("bob", &["ann", "cat"])).await.unwrap();
    assert_eq!(relation_change(awaited(&mut facts).await), pair("bob", "ann"));

    world.block("ann", &["bob"]).await;
    assert_eq!(relation_change(awaited(&mut facts).await), pair("ann", "bob"));
    world.block("ann", &["bob", "cat"]).await;
    assert_eq!(relation_change(awaited(&mut facts).await), pair("ann", "cat"));
    let unblock = pb::UnblockUsersRequest { uid: "ann".to_owned(), blocked_uids: texts(&["cat", "nobody"]) };
    world.unblock_users(&world.user("ann"), unblock.clone()).await.unwrap();
    assert_eq!(relation_change(awaited(&mut facts).await), pair("ann", "cat"));
    // Nothing is told of what changes nothing: the next fact is of the next change.
    world.unblock_users(&world.user("ann"), unblock).await.unwrap();
    world.deactivate(&["bob"]).await;
    assert_eq!(user_change(awaited(&mut facts).await), change(ChangeKind::Deactivated, "bob"));
}

#[tokio::test]
async fn what_takes_rights_away_is_told_before_the_answer() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.befriend("ann", &["cat"]).await;
    world.add_role("vip").await;
    world.give_role("cat", "vip").await;
    let outbox_is_empty = async || {
        let left: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM outbox").fetch_one(&world.pool).await.unwrap();
        (left == 0).then_some(())
    };
    eventually("what was told before is out", outbox_is_empty).await;
    let mut facts = world.facts().await;
    let only = |bodies: Vec<Body>| -> Body {
        let [body]: [Body; 1] = bodies.try_into().expect("one fact, before the answer");
        body
    };

    world.block("ann", &["bob"]).await;
    assert_eq!(relation_change(only(facts.so_far(&world).await)), pair("ann", "bob"));
    let remove = pb::RemoveFriendsRequest { uid: "ann".to_owned(), friends: texts(&["cat"]) };
    world.remove_friends(&world.server(), remove).await.unwrap();
    assert_eq!(relation_change(only(facts.so_far(&world).await)), pair("ann", "cat"));
    world.give_role("ann", "vip").await;
    assert_eq!(user_change(only(facts.so_far(&world).await)), change(ChangeKind::Updated, "ann"));
    world.give_role("ann", "default").await;
    assert_eq!(user_change(only(facts.so_far(&world).await)), change(ChangeKind::Updated, "ann"));
    world.delete_role(&world.server(), pb::DeleteRoleRequest { role: "vip".to_owned() }).await.unwrap();
    let told: [Body; 2] = facts.so_far(&world).await.try_into().expect("of the user and of the role");
    let [of_user, of_role] = told;
    assert_eq!(user_change(of_user), change(ChangeKind::Updated, "cat"));
    assert!(matches!(of_role, Body::RoleChanged(changed) if changed.role == "vip"));
    world.deactivate(&["bob"]).await;
    assert_eq!(user_change(only(facts.so_far(&world).await)), change(ChangeKind::Deactivated, "bob"));
    world.delete_user(&world.server(), pb::DeleteUserRequest { uid: "bob".to_owned() }).await.unwrap();
    assert_eq!(user_change(only(facts.so_far(&world).await)), change(ChangeKind::Deleted, "bob"));
}

#[tokio::test]
async fn a_deleted_role_is_told_of_each_user_and_an_import_of_none() {
    let world = World::new(&[]).await;
    world.add_role("vip").await;
    let uids = world.add_many(1500).await;
    sqlx::query("UPDATE users SET role = 'vip'").execute(&world.pool).await.unwrap();
    let mut facts = world.facts().await;
    let users = vec![imported("silent")];
    world.import_users(&world.server(), pb::ImportUsersRequest { users }).await.unwrap();
    let touched = pb::TouchUsersRequest { uids: texts(&["silent"]), seen_at_ms: 5000 };
    world.touch_users(&world.server(), touched).await.unwrap();
    world.delete_role(&world.server(), pb::DeleteRoleRequest { role: "vip".to_owned() }).await.unwrap();
    let mut told = BTreeSet::new();
    for _ in &uids {
        let Some(Body::UserChanged(changed)) = facts.next().await.body else { panic!("not of a user") };
        let kind = changed.kind();
        let user = changed.user.unwrap();
        assert_eq!((kind, user.role.as_str()), (ChangeKind::Updated, "default"));
        assert!(told.insert(user.uid), "each once");
    }
    assert!(told.into_iter().eq(uids), "and each of them");
}
