//! What a logged-in user is refused. Everything refused is allowed to the app, as the other tests show.

use halley_contracts::identity::v1 as pb;
use halley_kit::PublicError;
use halley_model::ErrorCode;

use crate::support::{World, create, imported, named, texts, update};

fn denied<T: std::fmt::Debug>(what: &str, outcome: Result<T, PublicError>) {
    let code = outcome.map_err(|fault| fault.code);
    assert!(matches!(code, Err(ErrorCode::PermissionDenied)), "{what}: {code:?}");
}

#[tokio::test]
async fn users_are_the_apps() {
    let world = World::new(&["ann", "bob"]).await;
    let ann = world.user("ann");
    let before = (world.user_of("ann").await, world.user_of("bob").await);
    let uids = || texts(&["ann", "bob"]);
    denied("create", world.create_user(&ann, create("cat", named("Cat"))).await);
    denied("update another", world.update_user(&ann, update("bob", named("x"))).await);
    denied("update nobody", world.update_user(&ann, update("nobody", named("x"))).await);
    let role = pb::UserFields { role: Some("default".to_owned()), ..named("x") };
    denied("own role", world.update_user(&ann, update("ann", role)).await);
    denied("deactivate", world.deactivate_users(&ann, pb::DeactivateUsersRequest { uids: uids() }).await);
    denied("reactivate", world.reactivate_users(&ann, pb::ReactivateUsersRequest { uids: uids() }).await);
    denied("delete", world.delete_user(&ann, pb::DeleteUserRequest { uid: "ann".to_owned() }).await);
    denied("import", world.import_users(&ann, pb::ImportUsersRequest { users: vec![imported("cat")] }).await);
    denied("touch", world.touch_users(&ann, pb::TouchUsersRequest { uids: uids(), seen_at_ms: 5000 }).await);
    let as_bob = pb::ListUsersRequest { viewer_uid: "bob".to_owned(), ..Default::default() };
    denied("list as another", world.list_users(&ann, as_bob).await);

    assert_eq!((world.user_of("ann").await, world.user_of("bob").await), before);
    let all = world.list_users(&world.server(), pb::ListUsersRequest::default()).await.unwrap();
    assert_eq!(all.users.len(), 2);
}

#[tokio::test]
async fn roles_are_the_apps() {
    let world = World::new(&["ann"]).await;
    world.add_role("vip").await;
    let ann = world.user("ann");
    let vip = || "vip".to_owned();
    let new = pb::CreateRoleRequest { role: "new".to_owned(), name: "New".to_owned(), ..Default::default() };
    denied("create", world.create_role(&ann, new).await);
    denied("get", world.get_role(&ann, pb::GetRoleRequest { role: vip() }).await);
    denied("list", world.list_roles(&ann, pb::ListRolesRequest::default()).await);
    denied("update", world.update_role(&ann, pb::UpdateRoleRequest { role: vip(), ..Default::default() }).await);
    denied("delete", world.delete_role(&ann, pb::DeleteRoleRequest { role: vip() }).await);
    let roles = world.list_roles(&world.server(), pb::ListRolesRequest::default()).await.unwrap().roles;
    assert_eq!(roles.len(), 2);
}

#[tokio::test]
async fn friends_are_the_apps_and_seen_only_by_oneself() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.befriend("ann", &["cat"]).await;
    let ann = world.user("ann");
    for uid in ["ann", "bob"] {
        let add = pb::AddFriendsRequest { uid: uid.to_owned(), friends: texts(&["bob"]) };
        denied("add", world.add_friends(&ann, add).await);
        let remove = pb::RemoveFriendsRequest { uid: uid.to_owned(), friends: texts(&["cat"]) };
        denied("remove", world.remove_friends(&ann, remove).await);
    }
    let of = |uid: &str| pb::ListFriendsRequest { uid: uid.to_owned(), ..Default::default() };
    denied("list", world.list_friends(&ann, of("bob")).await);
    assert_eq!(world.list_friends(&ann, of("ann")).await.unwrap().users.len(), 1);
    assert_eq!(world.friends_of("ann").await, ["cat"]);
}

#[tokio::test]
async fn blocks_are_ones_own() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.block("bob", &["ann"]).await;
    let ann = world.user("ann");
    let bob = || "bob".to_owned();
    denied("block", world.block_users(&ann, pb::BlockUsersRequest { uid: bob(), blocked_uids: texts(&["cat"]) }).await);
    let unblock = pb::UnblockUsersRequest { uid: bob(), blocked_uids: texts(&["ann"]) };
    denied("unblock", world.unblock_users(&ann, unblock).await);
    let list = pb::ListBlockedUsersRequest { uid: bob(), ..Default::default() };
    denied("list", world.list_blocked_users(&ann, list).await);
    let others = pb::GetRelationRequest { uid: bob(), other_uid: "cat".to_owned() };
    denied("relation of others", world.get_relation(&ann, others).await);
    let own = pb::GetRelationRequest { uid: "ann".to_owned(), other_uid: bob() };
    assert_ne!(world.get_relation(&ann, own).await.unwrap().blocked_by_other_at_ms, 0);
    assert_ne!(world.relation("bob", "ann").await.blocked_at_ms, 0);
    assert_eq!(world.relation("bob", "cat").await, pb::GetRelationResponse::default());
}
