//! Many at once.

use std::sync::Arc;

use halley_contracts::groups::v1 as pb;
use halley_model::ErrorCode;
use halley_testkit::{eventually, within};
use tokio::task::JoinSet;

use crate::support::{Place, World, add, ban, delete, join, kick, leave, lists, new, refused, transfer, unban};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn members_are_counted_right_whatever_happens_at_once() {
    let world = Arc::new(World::new().await);
    world.group_of("ann", "room").await;
    let mut tasks = JoinSet::new();
    for i in 0..50 {
        let world = Arc::clone(&world);
        tasks.spawn(async move {
            let uid = format!("u{}", i % 25);
            for _ in 0..4 {
                drop(world.join_group(&world.user(&uid), join("room")).await);
                drop(world.leave_group(&world.user(&uid), leave("room")).await);
                drop(world.kick_member(&world.user("ann"), kick("room", &uid)).await);
                drop(world.add_members(&world.server(), add("room", lists(&[], &[], &[&uid], &[]))).await);
            }
        });
    }
    within("all joins and leaves", tasks.join_all()).await;
    world.assert_counts().await;
    // Everybody's last call was an addition that found them in or put them in.
    assert_eq!(world.group("room").await.members_count, i32::try_from(world.members("room").await.len()).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_users_join_at_once_and_all_are_in() {
    let world = Arc::new(World::new().await);
    world.group_of("ann", "room").await;
    let mut tasks = JoinSet::new();
    for i in 0..50 {
        let world = Arc::clone(&world);
        tasks.spawn(async move { world.join_group(&world.user(&format!("u{i}")), join("room")).await.unwrap() });
    }
    let joined = within("all joins", tasks.join_all()).await;
    let mut counts: Vec<i32> = joined.into_iter().map(|joined| joined.group.unwrap().members_count).collect();
    counts.sort_unstable();
    assert_eq!(counts, (2..=51).collect::<Vec<_>>(), "one after another");
    world.assert_counts().await;

    let mut tasks = JoinSet::new();
    for i in 0..50 {
        let world = Arc::clone(&world);
        tasks.spawn(async move { world.leave_group(&world.user(&format!("u{i}")), leave("room")).await.unwrap() });
    }
    within("all leaves", tasks.join_all()).await;
    assert_eq!(world.group("room").await.members_count, 1);
    world.assert_counts().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_joins_of_one_user_one_succeeds() {
    let world = Arc::new(World::new().await);
    world.group_of("ann", "room").await;
    let mut tasks = JoinSet::new();
    for _ in 0..10 {
        let world = Arc::clone(&world);
        tasks.spawn(async move { world.join_group(&world.user("bob"), join("room")).await });
    }
    let outcomes = within("all joins", tasks.join_all()).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for outcome in outcomes {
        if outcome.is_err() {
            assert_eq!(refused(outcome), ErrorCode::AlreadyJoined);
        }
    }
    assert_eq!(world.group("room").await.members_count, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_creations_of_one_guid_one_succeeds() {
    let world = Arc::new(World::new().await);
    let mut tasks = JoinSet::new();
    for i in 0..10 {
        let world = Arc::clone(&world);
        tasks.spawn(async move { world.create_group(&world.user(&format!("u{i}")), new("room")).await });
    }
    let outcomes = within("all creations", tasks.join_all()).await;
    let made: Vec<_> = outcomes.iter().flatten().collect();
    assert_eq!(made.len(), 1);
    assert_eq!(world.group("room").await, made[0].group.clone().unwrap());
    assert_eq!(world.members("room").await.len(), 1);
    for outcome in outcomes {
        if outcome.is_err() {
            assert_eq!(refused(outcome), ErrorCode::GuidAlreadyExists);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_is_in_and_banned() {
    let world = Arc::new(World::new().await);
    world.group_of("ann", "room").await;
    let mut tasks = JoinSet::new();
    for i in 0..12 {
        let world = Arc::clone(&world);
        tasks.spawn(async move {
            for _ in 0..8 {
                match i % 3 {
                    0 => drop(world.join_group(&world.user("bob"), join("room")).await),
                    1 => drop(world.ban_member(&world.user("ann"), ban("room", "bob")).await),
                    _ => drop(world.unban_member(&world.user("ann"), unban("room", "bob")).await),
                }
            }
        });
    }
    within("all of it", tasks.join_all()).await;
    world.assert_counts().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_group_is_never_without_its_owner() {
    let world = Arc::new(World::new().await);
    for round in 0..10 {
        let guid = format!("g{round}");
        world.group_with("ann", &guid, lists(&[], &[], &["bob"], &[])).await;
        let (there, room) = (Arc::clone(&world), guid.clone());
        let transfer =
            tokio::spawn(async move { there.transfer_ownership(&there.user("ann"), transfer(&room, "bob")).await });
        let (there, room) = (Arc::clone(&world), guid.clone());
        let leave = tokio::spawn(async move { there.leave_group(&there.user("bob"), leave(&room)).await });
        let (transfer, leave) = within("both", async { (transfer.await.unwrap(), leave.await.unwrap()) }).await;
        assert_ne!(transfer.is_ok(), leave.is_ok(), "either bob owns it or bob is out");
        let owner = world.group(&guid).await.owner;
        assert_eq!(world.place(&guid, &owner).await, Place::In(pb::MemberScope::Admin));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_group_that_is_deleted_meanwhile_takes_nobody_in() {
    let world = Arc::new(World::new().await);
    world.group_of("ann", "room").await;
    let mut tasks = JoinSet::new();
    for i in 0..20 {
        let world = Arc::clone(&world);
        tasks.spawn(async move { world.join_group(&world.user(&format!("u{i}")), join("room")).await.map(drop) });
    }
    world.delete_group(&world.server(), delete("room")).await.unwrap();
    for outcome in within("all joins", tasks.join_all()).await {
        if outcome.is_err() {
            assert_eq!(refused(outcome), ErrorCode::GuidNotFound);
        }
    }
    let members: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM members").fetch_one(&world.pool).await.unwrap();
    assert_eq!(members, 0);
}

#[tokio::test]
async fn what_changes_between_the_password_and_the_lock_counts() {
    let cases = [
        ("UPDATE groups SET password_hash = 'another'", ErrorCode::WrongGroupPassword),
        ("UPDATE groups SET type = 3, password_hash = NULL", ErrorCode::GroupJoinNotAllowed),
        ("INSERT INTO bans SELECT app_id, guid, 'bob', now() FROM groups", ErrorCode::BannedGroupMember),
        ("DELETE FROM groups", ErrorCode::GuidNotFound),
    ];
    for (change, code) in cases {
        let world = Arc::new(World::new().await);
        let kind = pb::GroupType::Password.into();
        let request = pb::CreateGroupRequest { r#type: kind, password: "x".to_owned(), ..new("room") };
        world.create_group(&world.user("ann"), request).await.unwrap();
        let mut transaction = halley_kit::postgres::begin(&world.pool).await.unwrap();
        sqlx::query("SELECT FROM groups FOR UPDATE").execute(&mut *transaction).await.unwrap();
        let there = Arc::clone(&world);
        let request = pb::JoinGroupRequest { guid: "room".to_owned(), password: "x".to_owned() };
        let joining = tokio::spawn(async move { there.join_group(&there.user("bob"), request).await });
        eventually("the join waits for the lock", async || {
            let sql =
                "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
            let waiting: i64 = sqlx::query_scalar(sql).fetch_one(&world.pool).await.unwrap();
            (waiting == 1).then_some(())
        })
        .await;
        sqlx::query(change).execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(refused(within("the join", joining).await.unwrap()), code, "{change}");
    }
}
