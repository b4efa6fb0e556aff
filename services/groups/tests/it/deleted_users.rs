//! Users who were deleted. Each test has a Redis of its own: readers of one group share their events.

use std::os::unix::fs::PermissionsExt as _;

use halley_contracts::{
    events::v1::{ChangeKind, UserChanged, event::Body},
    groups::v1::{self as pb, MembershipAction},
    identity::v1::User,
};
use halley_launcher::{PrivateRedis, RedisOptions};
use halley_testkit::eventually;

use crate::support::{ADMIN, MODERATOR, Place, World, lists};

async fn redis() -> (PrivateRedis, tempfile::TempDir) {
    let directory = tempfile::Builder::new().prefix("halley-groups-").tempdir().unwrap();
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    let options = RedisOptions { data_dir: directory.path().join("redis"), durable: false, port: None };
    (PrivateRedis::start(options).await.unwrap(), directory)
}

fn user_changed(kind: ChangeKind, uid: &str) -> Body {
    Body::UserChanged(UserChanged { kind: kind.into(), user: Some(User { uid: uid.to_owned(), ..Default::default() }) })
}

async fn gone(world: &World, uid: &str) {
    eventually("the user is nowhere", async || {
        let rows: i64 = sqlx::query_scalar(
            "SELECT (SELECT COUNT(*) FROM members WHERE app_id = $1 AND uid = $2) \
                 + (SELECT COUNT(*) FROM bans WHERE app_id = $1 AND uid = $2) \
                 + (SELECT COUNT(*) FROM groups WHERE app_id = $1 AND owner = $2)",
        )
        .bind(&world.app)
        .bind(uid)
        .fetch_one(&world.pool)
        .await
        .unwrap();
        (rows == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_deleted_user_is_out_of_every_group_and_owns_none() {
    let (redis, _directory) = redis().await;
    let world = World::on_redis(&redis.url()).await;
    world.group_with("ann", "hers", lists(&[], &[], &["bob"], &[])).await;
    world.group_with("bob", "his", lists(&[], &["ann"], &[], &[])).await;
    world.group_with("bob", "shut", lists(&[], &[], &[], &["ann"])).await;
    // Owned by a user who is not in it, as an import can leave it.
    let group =
        pb::Group { guid: "old".to_owned(), name: "Old".to_owned(), owner: "ann".to_owned(), ..Default::default() };
    let groups = vec![pb::ImportedGroup { group: Some(group), password: String::new() }];
    world.import_groups(&world.server(), pb::ImportGroupsRequest { groups }).await.unwrap();
    let mut feed = world.facts().await;

    world.durable(user_changed(ChangeKind::Deleted, "ann")).await;
    gone(&world, "ann").await;
    let hers = world.group("hers").await;
    assert_eq!((hers.owner.as_str(), hers.members_count, hers.updated_by.as_str()), ("app_system", 1, "app_system"));
    let his = world.group("his").await;
    assert_eq!((his.owner.as_str(), his.members_count, his.updated_at_ms), ("bob", 1, 0));
    assert_eq!(world.group("old").await.owner, "app_system");
    assert_eq!(world.place("shut", "ann").await, Place::Out);
    world.assert_counts().await;

    let mut kicked = Vec::new();
    let mut changed = Vec::new();
    while kicked.len() + changed.len() < 4 {
        match feed.next().await.body {
            Some(Body::MembershipChanged(change)) => {
                assert_eq!((change.action(), change.by_uid.as_str()), (MembershipAction::Kicked, "app_system"));
                assert_eq!(change.on_uid, "ann");
                kicked.push((change.group.clone().unwrap().guid, change.old_scope()));
            }
            Some(Body::GroupChanged(change)) => {
                assert_eq!(change.kind(), ChangeKind::Updated);
                changed.push(change.group.unwrap().guid);
            }
            other => panic!("{other:?}"),
        }
    }
    kicked.sort_unstable();
    changed.sort_unstable();
    assert_eq!(kicked, [("hers".to_owned(), ADMIN), ("his".to_owned(), MODERATOR)]);
    assert_eq!(changed, ["hers", "old"]);
    redis.stop().await.unwrap();
}

#[tokio::test]
async fn a_user_of_many_groups_is_out_of_all_and_of_no_other_app_s() {
    let (redis, _directory) = redis().await;
    let world = World::on_redis(&redis.url()).await;
    let system = |app: &str| halley_kit::Caller::system(app);
    for app in [world.app.clone(), "other".to_owned()] {
        let group = |i: usize| pb::Group { guid: format!("g{i}"), name: "G".to_owned(), ..Default::default() };
        let groups = (0..450).map(|i| pb::ImportedGroup { group: Some(group(i)), ..Default::default() }).collect();
        world.import_groups(&system(&app), pb::ImportGroupsRequest { groups }).await.unwrap();
        let member = |i: usize, uid: &str| pb::ImportedMember {
            guid: format!("g{i}"),
            uid: uid.to_owned(),
            ..Default::default()
        };
        let members = (0..450).flat_map(|i| [member(i, "ann"), member(i, "bob")]).collect();
        world.import_members(&system(&app), pb::ImportMembersRequest { members }).await.unwrap();
    }
    world.durable(user_changed(ChangeKind::Deleted, "ann")).await;
    gone(&world, "ann").await;
    assert_eq!(world.group("g449").await.members_count, 1);
    let request = pb::ListJoinedGuidsRequest { uid: "ann".to_owned() };
    assert_eq!(world.list_joined_guids(&system("other"), request).await.unwrap().guids.len(), 450);
    world.assert_counts().await;
    redis.stop().await.unwrap();
}

#[tokio::test]
async fn a_late_event_leaves_a_new_user_of_the_same_uid_alone() {
    let (redis, _directory) = redis().await;
    let world = World::on_redis(&redis.url()).await;
    let group = |guid: &str, owner: &str| pb::Group {
        guid: guid.to_owned(),
        name: guid.to_owned(),
        owner: owner.to_owned(),
        created_at_ms: 5_000,
        ..Default::default()
    };
    let groups = [group("old", "ann"), group("again", "ann"), group("shut", "")];
    let groups =
        groups.into_iter().map(|group| pb::ImportedGroup { group: Some(group), ..Default::default() }).collect();
    world.import_groups(&world.server(), pb::ImportGroupsRequest { groups }).await.unwrap();
    let member = |guid: &str, joined_at_ms| pb::ImportedMember {
        guid: guid.to_owned(),
        uid: "ann".to_owned(),
        joined_at_ms,
        banned: guid == "shut",
        ..Default::default()
    };
    let members = vec![member("old", 6_000), member("again", 0), member("shut", 0)];
    world.import_members(&world.server(), pb::ImportMembersRequest { members }).await.unwrap();
    world.group_of("ann", "new").await;

    world.durable_of(60_000, user_changed(ChangeKind::Deleted, "ann")).await;
    eventually("the old membership is gone", async || (world.place("old", "ann").await == Place::Out).then_some(()))
        .await;
    assert_eq!(world.group("old").await.owner, "app_system");
    for guid in ["again", "new"] {
        assert!(matches!(world.place(guid, "ann").await, Place::In(_)), "{guid}");
        assert_eq!(world.group(guid).await.owner, "ann");
    }
    assert_eq!(world.place("shut", "ann").await, Place::Banned);
    world.assert_counts().await;
    redis.stop().await.unwrap();
}

#[tokio::test]
async fn a_deactivated_user_stays() {
    let (redis, _directory) = redis().await;
    let world = World::on_redis(&redis.url()).await;
    world.group_with("ann", "room", lists(&[], &[], &["bob"], &[])).await;
    world.durable(user_changed(ChangeKind::Deactivated, "ann")).await;
    world.durable(user_changed(ChangeKind::Deleted, "app_system")).await;
    // Events are acted on in order: once this one is, so were those before.
    world.durable(user_changed(ChangeKind::Deleted, "bob")).await;
    gone(&world, "bob").await;
    assert_eq!(world.place("room", "ann").await, Place::In(ADMIN));
    assert_eq!(world.group("room").await.owner, "ann");
    redis.stop().await.unwrap();
}
