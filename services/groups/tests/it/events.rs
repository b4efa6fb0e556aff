//! What is told, and when: before the call that caused it is answered.

use std::sync::{Arc, Mutex};

use halley_bus::{STREAM, consumer};
use halley_contracts::{
    events::v1::{ChangeKind, Event, event::Body},
    groups::v1::{self as pb, MembershipAction},
};
use halley_testkit::{eventually, unique};
use prost::Message as _;
use redis::streams::{StreamId, StreamRangeReply};
use tokio_util::sync::CancellationToken;

use crate::support::{
    ADMIN, Feed, PARTICIPANT, World, add, ban, change_scope, delete, join, kick, leave, lists, new, transfer, unban,
    update,
};

/// Takes the event that tells of a change, which must be the one that the call answered.
async fn assert_told(feed: &mut Feed, answered: Option<pb::MembershipEvent>) -> Event {
    let answered = answered.expect("an event");
    let (event, changed) = feed.next_membership().await;
    assert_eq!(event.id, answered.event_id);
    assert_eq!(uuid_version(&event.id), '7');
    assert_eq!(event.occurred_at_ms, answered.occurred_at_ms);
    assert_eq!(Some(changed), answered.change);
    event
}

fn uuid_version(id: &str) -> char {
    assert_eq!(id.len(), 36, "{id}");
    id.chars().nth(14).unwrap()
}

/// Whose a group was, if it was given to somebody else.
fn old_owner(event: &Event) -> &str {
    match &event.body {
        Some(Body::GroupChanged(changed)) => &changed.old_owner,
        other => panic!("{other:?}"),
    }
}

fn group_changed(event: &Event) -> (ChangeKind, pb::Group) {
    match &event.body {
        Some(Body::GroupChanged(changed)) => (changed.kind(), changed.group.clone().unwrap()),
        other => panic!("not a change of a group: {other:?}"),
    }
}

#[tokio::test]
async fn every_change_of_a_membership_is_told_as_it_is_answered() {
    let world = World::new().await;
    let mut feed = world.facts().await;
    let (ann, bob) = (world.user("ann"), world.user("bob"));
    let made = world.create_group(&ann, new("room")).await.unwrap();
    let event = feed.next().await;
    assert_eq!(group_changed(&event), (ChangeKind::Created, made.group.unwrap()));
    assert_eq!(event.origin_device_id, "ann-phone");

    let joined = world.join_group(&bob, join("room")).await.unwrap();
    let event = assert_told(&mut feed, joined.event).await;
    assert_eq!(event.origin_device_id, "bob-phone");
    let left = world.leave_group(&bob, leave("room")).await.unwrap();
    assert_told(&mut feed, left.event).await;
    let added = world.add_members(&ann, add("room", lists(&["cat"], &[], &["bob"], &["eve"]))).await.unwrap();
    for outcome in added.outcomes {
        assert_told(&mut feed, outcome.event).await;
    }
    let changed = world.change_member_scope(&ann, change_scope("room", "cat", PARTICIPANT)).await.unwrap();
    assert_told(&mut feed, changed.event).await;
    let kicked = world.kick_member(&ann, kick("room", "cat")).await.unwrap();
    assert_told(&mut feed, kicked.event).await;
    let banned = world.ban_member(&ann, ban("room", "bob")).await.unwrap();
    assert_told(&mut feed, banned.event).await;
    let lifted = world.unban_member(&ann, unban("room", "bob")).await.unwrap();
    assert_told(&mut feed, lifted.event).await;
    let left: i64 = eventually("the outbox is empty", async || {
        let left = sqlx::query_scalar("SELECT COUNT(*) FROM outbox").fetch_one(&world.pool).await.unwrap();
        (left == 0).then_some(left)
    })
    .await;
    assert_eq!(left, 0);
}

#[tokio::test]
async fn members_of_a_new_group_are_told_of_and_its_owner_is_not() {
    let world = World::new().await;
    let mut feed = world.facts().await;
    let request = pb::CreateGroupRequest {
        owner: "ann".to_owned(),
        members: Some(lists(&[], &["bob"], &[], &["eve"])),
        ..new("room")
    };
    let made = world.create_group(&world.server(), request).await.unwrap();
    let (kind, group) = group_changed(&feed.next().await);
    assert_eq!((kind, group.owner.as_str(), group.members_count), (ChangeKind::Created, "ann", 2));
    for outcome in made.outcomes {
        assert_told(&mut feed, outcome.event).await;
    }
    world.delete_group(&world.server(), delete("room")).await.unwrap();
    assert_eq!(group_changed(&feed.next().await).0, ChangeKind::Deleted, "nothing else was told");
}

#[tokio::test]
async fn changes_of_a_group_are_told_with_the_group() {
    let world = World::new().await;
    let group = world.group_with("ann", "room", lists(&[], &[], &["bob"], &[])).await;
    let mut feed = world.facts().await;
    let ann = world.user("ann");
    let updated = world.update_group(&ann, update("room")).await.unwrap().group.unwrap();
    assert_ne!(updated, group);
    let event = feed.next().await;
    assert_eq!((group_changed(&event), old_owner(&event)), ((ChangeKind::Updated, updated), ""));

    // The new owner's scope rises, which is told like any other change of scope.
    let given = world.transfer_ownership(&ann, transfer("room", "bob")).await.unwrap().group.unwrap();
    let (_, changed) = feed.next_membership().await;
    assert_eq!((changed.action(), changed.on_uid.as_str()), (MembershipAction::ScopeChanged, "bob"));
    assert_eq!((changed.scope(), changed.old_scope(), changed.group.as_ref()), (ADMIN, PARTICIPANT, Some(&given)));
    let event = feed.next().await;
    assert_eq!((group_changed(&event), old_owner(&event)), ((ChangeKind::Updated, given), "ann"));
    let request = pb::UpdateGroupRequest { owner: Some("cat".to_owned()), ..update("room") };
    let given = world.update_group(&world.server(), request).await.unwrap().group.unwrap();
    let (_, changed) = feed.next_membership().await;
    assert_eq!((changed.action(), changed.on_uid.as_str()), (MembershipAction::Added, "cat"));
    assert_eq!((changed.by_uid.as_str(), changed.joined_at_ms), ("app_system", given.updated_at_ms));
    let event = feed.next().await;
    assert_eq!((group_changed(&event), old_owner(&event)), ((ChangeKind::Updated, given.clone()), "bob"));

    world.delete_group(&world.user("cat"), delete("room")).await.unwrap();
    assert_eq!(group_changed(&feed.next().await), (ChangeKind::Deleted, given));
}

#[tokio::test]
async fn what_takes_a_right_away_is_published_before_the_answer() {
    let world = World::new().await;
    world.group_with("ann", "room", lists(&[], &[], &["bob", "cat"], &[])).await;
    // Asked after the answer, and only once.
    let told = async |id: String| {
        let mut connection = world.bus.connection();
        let mut newest = redis::cmd("XREVRANGE");
        newest.arg(STREAM).arg("+").arg("-").arg("COUNT").arg(1000);
        let reply: StreamRangeReply = newest.query_async(&mut connection).await.unwrap();
        let payload = |entry: StreamId| entry.get::<Vec<u8>>("event").unwrap();
        reply.ids.into_iter().map(payload).any(|payload| Event::decode(payload.as_slice()).unwrap().id == id)
    };
    let kicked = world.kick_member(&world.user("ann"), kick("room", "bob")).await.unwrap();
    assert!(told(kicked.event.unwrap().event_id).await, "kicked");
    let banned = world.ban_member(&world.user("ann"), ban("room", "cat")).await.unwrap();
    assert!(told(banned.event.unwrap().event_id).await, "banned");
}

#[tokio::test]
async fn a_refused_call_tells_nothing() {
    let world = World::new().await;
    world.group_with("ann", "room", lists(&[], &[], &["bob"], &[])).await;
    let mut feed = world.facts().await;
    drop(world.kick_member(&world.user("bob"), kick("room", "ann")).await.expect_err("refused"));
    drop(world.join_group(&world.user("bob"), join("room")).await.expect_err("refused"));
    drop(world.delete_group(&world.user("bob"), delete("room")).await.expect_err("refused"));
    let members = lists(&[], &[], &["bob"], &[]);
    assert!(world.add_members(&world.user("ann"), add("room", members)).await.unwrap().outcomes[0].event.is_none());
    let left = world.leave_group(&world.user("bob"), leave("room")).await.unwrap();
    // Events come in order, and this is the first.
    assert_told(&mut feed, left.event).await;
}

#[tokio::test]
async fn everything_is_on_the_durable_stream_too() {
    let world = World::new().await;
    let read: Arc<Mutex<Vec<Event>>> = Arc::default();
    let shutdown = CancellationToken::new();
    let (bus, stop, into, app) = (world.bus.clone(), shutdown.clone(), Arc::clone(&read), world.app.clone());
    tokio::spawn(async move {
        let keep = |event: Event| {
            if event.app_id == app {
                into.lock().unwrap().push(event);
            }
            std::future::ready(Ok::<(), String>(()))
        };
        consumer::run(bus, &unique("reader-"), "one", stop, keep).await;
    });
    world.group_of("ann", "room").await;
    let joined = world.join_group(&world.user("bob"), join("room")).await.unwrap().event.unwrap();
    let member = pb::ImportedMember { guid: "room".to_owned(), uid: "cat".to_owned(), ..Default::default() };
    world.import_members(&world.server(), pb::ImportMembersRequest { members: vec![member] }).await.unwrap();
    let events = eventually("three durable events", async || {
        let read = read.lock().unwrap();
        (read.len() >= 3).then(|| read.clone())
    })
    .await;
    shutdown.cancel();
    assert_eq!(group_changed(&events[0]).0, ChangeKind::Created);
    assert_eq!(events[1].id, joined.event_id);
    assert!(matches!(&events[2].body, Some(Body::MembersImported(imported)) if imported.uids == ["cat"]));
}
