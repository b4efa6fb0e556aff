//! Calls at the same time.

use futures::future::join_all;
use halley_contracts::identity::v1 as pb;
use halley_model::ErrorCode;

use crate::support::{World, create, fates, imported, named, texts};

#[tokio::test]
async fn of_equal_creations_one_succeeds() {
    let world = World::new(&[]).await;
    let caller = world.server();
    let made = join_all((0..8).map(|n| world.create_user(&caller, create("ann", named(&format!("Ann {n}")))))).await;
    let (won, lost): (Vec<_>, Vec<_>) = made.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    assert!(lost.into_iter().all(|fault| fault.unwrap_err().code == ErrorCode::UidAlreadyExists));
    let winner = won.into_iter().next().unwrap().unwrap().user.unwrap();
    assert_eq!(world.user_of("ann").await, winner);

    let role = pb::CreateRoleRequest { role: "vip".to_owned(), name: "Vip".to_owned(), ..Default::default() };
    let made = join_all((0..8).map(|_| world.create_role(&caller, role.clone()))).await;
    assert_eq!(made.iter().filter(|outcome| outcome.is_ok()).count(), 1);
}

#[tokio::test]
async fn crosswise_friends_and_blocks_do_not_wait_for_each_other() {
    let world = &World::new(&[]).await;
    let all = &world.add_many(10).await;
    for _ in 0..5 {
        let befriend = join_all(all.iter().map(|uid| {
            let others: Vec<&str> = all.iter().rev().map(String::as_str).filter(|other| other != uid).collect();
            async move { world.befriend(uid, &others).await }
        }));
        let block = join_all(all.iter().map(|uid| {
            let others: Vec<&str> = all.iter().map(String::as_str).filter(|other| other != uid).collect();
            async move { world.block(uid, &others).await }
        }));
        let (befriended, blocked) = tokio::join!(befriend, block);
        let formed = befriended.iter().flatten().filter(|fate| *fate == "ok").count();
        assert_eq!(formed, 45, "each pair is formed once, by one of the two");
        assert!(blocked.iter().flatten().all(|fate| fate == "ok"));
        let unfriend = join_all(all.iter().map(|uid| {
            let request = pb::RemoveFriendsRequest { uid: uid.clone(), friends: all.clone() };
            async move { fates(world.remove_friends(&world.server(), request).await.unwrap().results) }
        }));
        let unblock = join_all(all.iter().map(|uid| {
            let request = pb::UnblockUsersRequest { uid: uid.clone(), blocked_uids: all.clone() };
            async move { world.unblock_users(&world.server(), request).await.unwrap() }
        }));
        let (parted, _) = tokio::join!(unfriend, unblock);
        assert_eq!(parted.iter().flatten().filter(|fate| *fate == "ok").count(), 45);
    }
    let left: i64 = sqlx::query_scalar("SELECT (SELECT COUNT(*) FROM friends) + (SELECT COUNT(*) FROM blocks)")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn users_who_know_each_other_are_deleted_at_once() {
    let world = &World::new(&[]).await;
    for _ in 0..5 {
        let all = &world.add_many(8).await;
        let others: Vec<&str> = all.iter().map(String::as_str).collect();
        for uid in all {
            world.befriend(uid, &others).await;
            world.block(uid, &others).await;
        }
        let delete = join_all(all.iter().map(|uid| {
            let request = pb::DeleteUserRequest { uid: uid.clone() };
            async move { world.delete_user(&world.server(), request).await }
        }));
        // Befriending somebody who is being deleted either comes first or finds nobody.
        let befriend = join_all(all.iter().map(|uid| {
            let request = pb::AddFriendsRequest { uid: uid.clone(), friends: all.clone() };
            async move { world.add_friends(&world.server(), request).await }
        }));
        let (deleted, befriended) = tokio::join!(delete, befriend);
        for outcome in deleted {
            outcome.unwrap();
        }
        assert!(befriended.into_iter().filter_map(Result::err).all(|fault| fault.code == ErrorCode::UidNotFound));
        let left: i64 = sqlx::query_scalar("SELECT (SELECT COUNT(*) FROM friends) + (SELECT COUNT(*) FROM blocks)")
            .fetch_one(&world.pool)
            .await
            .unwrap();
        assert_eq!(left, 0, "nothing of them is left behind");
    }
}

#[tokio::test]
async fn nobody_keeps_a_role_that_is_being_deleted() {
    let world = &World::new(&[]).await;
    let caller = &world.server();
    for round in 0..5 {
        world.add_role("vip").await;
        let delete = world.delete_role(caller, pb::DeleteRoleRequest { role: "vip".to_owned() });
        let making = join_all((0..8).map(|n| {
            let fields = pb::UserFields { role: Some("vip".to_owned()), ..named("x") };
            let request = create(&format!("r{round}-{n}"), fields);
            async move { world.create_user(caller, request).await }
        }));
        let (deleted, made) = tokio::join!(delete, making);
        deleted.unwrap();
        assert!(made.into_iter().filter_map(Result::err).all(|fault| fault.code == ErrorCode::RoleNotFound));
        let orphans: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM users WHERE role = 'vip'").fetch_one(&world.pool).await.unwrap();
        assert_eq!(orphans, 0);
    }
}

#[tokio::test]
async fn who_is_being_deleted_makes_no_friends() {
    let world = World::new(&["ann", "bob"]).await;
    let befriended = "CREATE CONSTRAINT TRIGGER held AFTER INSERT ON friends DEFERRABLE INITIALLY DEFERRED \
        FOR EACH ROW EXECUTE FUNCTION wait_at_gate()";
    let gate = world.gate(befriended).await;
    let caller = world.server();
    let open = async {
        world.waiting(1).await;
        // The friendship is stored and not committed. The deletion must take it into account all the same.
        let delete = world.delete_user(&caller, pb::DeleteUserRequest { uid: "ann".to_owned() });
        let open = async {
            world.waiting(2).await;
            gate.rollback().await.unwrap();
        };
        tokio::join!(delete, open).0
    };
    let (fates, deleted) = tokio::join!(world.befriend("bob", &["ann"]), open);
    deleted.unwrap();
    assert_eq!(fates, ["ok"]);
    let left: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM friends").fetch_one(&world.pool).await.unwrap();
    assert_eq!(left, 0, "nobody is friends with somebody gone");
}

#[tokio::test]
async fn two_calls_do_not_both_take_the_last_place() {
    let world = World::new(&[]).await;
    for n in 1..24 {
        world.add_role(&format!("role-{n}")).await;
    }
    let made = "CREATE CONSTRAINT TRIGGER held AFTER INSERT ON roles DEFERRABLE INITIALLY DEFERRED \
        FOR EACH ROW EXECUTE FUNCTION wait_at_gate()";
    let gate = world.gate(made).await;
    let caller = world.server();
    let making = join_all((0..4).map(|n| {
        let request =
            pb::CreateRoleRequest { role: format!("last-{n}"), name: "Last".to_owned(), ..Default::default() };
        world.create_role(&caller, request)
    }));
    let open = async {
        world.waiting(4).await;
        gate.rollback().await.unwrap();
    };
    let (made, ()) = tokio::join!(making, open);
    let refused: Vec<ErrorCode> = made.into_iter().filter_map(Result::err).map(|fault| fault.code).collect();
    assert_eq!(refused, [ErrorCode::QuotaRestriction; 3]);
}

#[tokio::test]
async fn imports_of_the_same_users_do_not_wait_for_each_other() {
    let world = World::new(&[]).await;
    let in_the_middle = "CREATE TRIGGER held BEFORE INSERT ON users FOR EACH ROW WHEN (NEW.uid = 'user-5') \
        EXECUTE FUNCTION wait_at_gate()";
    let gate = world.gate(in_the_middle).await;
    let there: Vec<pb::User> = (0..10).map(|n| imported(&format!("user-{n}"))).collect();
    let back: Vec<pb::User> = there.iter().rev().cloned().collect();
    let caller = world.server();
    let imports = join_all([there, back].map(|users| world.import_users(&caller, pb::ImportUsersRequest { users })));
    let open = async {
        world.waiting(2).await;
        gate.rollback().await.unwrap();
    };
    let (imported, ()) = tokio::join!(imports, open);
    let mut created: Vec<i32> = imported.into_iter().map(|answer| answer.unwrap().created).collect();
    created.sort_unstable();
    assert_eq!(created, [0, 10], "each user is made once");
}

#[tokio::test]
async fn crosswise_activations_do_not_wait_for_each_other() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    let caller = world.server();
    let calls = join_all((0..10).map(|n| {
        let (there, back) = (texts(&["ann", "bob", "cat"]), texts(&["cat", "bob", "ann"]));
        let uids = if n % 2 == 0 { there } else { back };
        let caller = &caller;
        let world = &world;
        async move {
            world.deactivate_users(caller, pb::DeactivateUsersRequest { uids: uids.clone() }).await.unwrap();
            world.reactivate_users(caller, pb::ReactivateUsersRequest { uids }).await.unwrap();
        }
    }));
    calls.await;
    assert_eq!(world.user_of("ann").await.deactivated_at_ms, 0);
}
