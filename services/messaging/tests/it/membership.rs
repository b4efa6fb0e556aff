//! What becomes of membership changes: places in conversations and action messages, from the edge and from the stream.

use std::{sync::atomic::Ordering, time::Duration};

use halley_bus::Channel;
use halley_contracts::{
    events::v1::{ChangeKind, Event, GroupChanged, MembersImported, UserChanged, event::Body},
    groups::v1::{Group, MemberScope, MembershipAction, MembershipChanged, MembershipEvent},
    identity::v1::User,
    messaging::v1 as pb,
};
use halley_messaging::MessagingConfig;
use halley_model::ErrorCode;
use halley_testkit::eventually;

use crate::support::{
    Api, GROUP, OwnRedis, USER, World, assert_dense, durable_form, history, texts, to_group, to_user,
};

async fn record(api: &Api, event: MembershipEvent) -> pb::Message {
    let request = pb::RecordMembershipRequest { event: Some(event) };
    api.record_membership(&api.server(), request).await.unwrap().message.unwrap()
}

async fn room(api: &Api) -> Vec<pb::Message> {
    api.walk(&api.server(), GROUP, "room", 100).await
}

/// Waits for the action message of an event.
async fn recorded(api: &Api, event_id: &str) -> pb::Message {
    eventually("the action message", async || room(api).await.into_iter().find(|message| message.muid == event_id))
        .await
}

fn change(event: &mut MembershipEvent) -> &mut MembershipChanged {
    event.change.as_mut().unwrap()
}

#[tokio::test]
async fn an_event_makes_one_action_message_however_often_it_comes() {
    let world = World::new(&["ann", "bob"]).await;
    world.groups.add_group("room", &["ann", "bob"]);
    let api = world.start().await;
    let mut feed = world.listen(vec![Channel::group(&world.app, "room")]).await;
    let mut event = world.membership("room", "bob", MembershipAction::ScopeChanged);
    let changed = change(&mut event);
    changed.by_uid = "ann".to_owned();
    changed.scope = MemberScope::Moderator.into();
    changed.old_scope = MemberScope::Participant.into();

    let action = record(&api, event.clone()).await;
    assert_eq!((action.category(), action.r#type.as_str()), (pb::MessageCategory::Action, "groupMember"));
    assert_eq!(
        (action.muid.as_str(), action.sender_uid.as_str(), action.sequence),
        (event.event_id.as_str(), "ann", 1)
    );
    assert_eq!(
        action.data_json,
        r#"{"action":"scopeChanged","extras":{"scope":{"new":"moderator","old":"participant"}}}"#
    );
    assert_eq!(action.action_on.as_ref().unwrap().name, "Name of bob");
    assert_eq!(feed.next_message().await.1, action);
    assert_eq!(record(&api, event.clone()).await, action);
    assert_eq!(record(&world.start().await, event).await, action);
    assert_eq!(room(&api).await, [action]);
    let next = api.send("ann", to_group("room", "x")).await;
    assert_eq!(feed.next_message().await.1, next, "a repeat is not published");
}

#[tokio::test]
async fn who_comes_and_who_goes_is_told_on_the_own_channel_too() {
    let world = World::new(&["ann", "bob"]).await;
    world.groups.add_group("room", &["ann", "bob"]);
    let api = world.start().await;
    let own = Channel::user(&world.app, "bob");
    let mut feed = world.listen(vec![own.clone()]).await;
    for action in [MembershipAction::Added, MembershipAction::ScopeChanged, MembershipAction::Kicked] {
        let mut event = world.membership("room", "bob", action);
        change(&mut event).scope = MemberScope::Admin.into();
        let told = record(&api, event).await;
        if action != MembershipAction::ScopeChanged {
            assert_eq!(feed.next_message().await, (own.clone(), told));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn edge_and_stream_together_make_one_action_message() {
    const EVENTS: usize = 30;
    let redis = OwnRedis::start().await;
    let world = World::on_redis(&redis.url(), &["ann", "bob"]).await;
    world.groups.add_group("room", &["ann"]);
    let instances = [world.start().await, world.start().await];
    let events: Vec<MembershipEvent> = (0..EVENTS)
        .map(|n| {
            let action = if n % 2 == 0 { MembershipAction::Joined } else { MembershipAction::Left };
            MembershipEvent { occurred_at_ms: 1_000_000 + n as i64, ..world.membership("room", "bob", action) }
        })
        .collect();
    let at_once = events.iter().enumerate().map(|(n, event)| {
        let (world, instances) = (&world, &instances);
        async move {
            let durable = durable_form(&world.app, event);
            tokio::join!(world.durable(&durable), record(&instances[n % 2], event.clone()), world.durable(&durable)).1
        }
    });
    let answered = futures::future::join_all(at_once).await;

    let mut last = world.membership("room", "bob", MembershipAction::Unbanned);
    change(&mut last).by_uid = "ann".to_owned();
    world.durable(&durable_form(&world.app, &last)).await;
    recorded(&instances[0], &last.event_id).await;
    let stored = room(&instances[1]).await;
    assert_dense(&stored);
    assert_eq!(stored.len(), EVENTS + 1);
    for (event, answer) in events.iter().zip(&answered) {
        assert_eq!(stored.iter().find(|message| message.muid == event.event_id), Some(answer));
    }
    assert!(!instances[0].is_listed("bob", "room").await, "the last change by its time was that bob left");
}

#[tokio::test]
async fn a_place_begins_with_joining_and_ends_with_going() {
    let world = World::new(&["ann", "bob"]).await;
    world.groups.add_group("room", &["ann", "bob"]);
    let api = world.start().await;
    record(&api, world.membership("room", "ann", MembershipAction::Joined)).await;
    for (come, go) in [
        (MembershipAction::Joined, MembershipAction::Left),
        (MembershipAction::Added, MembershipAction::Kicked),
        (MembershipAction::Joined, MembershipAction::Banned),
    ] {
        api.send("ann", to_group("room", "before")).await;
        assert!(!api.is_listed("bob", "room").await);
        record(&api, world.membership("room", "bob", come)).await;
        assert_eq!(api.unread("bob", GROUP, "room").await, 0, "what is older counts as read");
        let news = api.send("ann", to_group("room", "news")).await;
        assert_eq!(api.unread("bob", GROUP, "room").await, 1);
        // A mark of this membership does not outlive it.
        let mark = pb::MarkUnreadRequest { with_type: GROUP.into(), with: "room".to_owned(), message_id: news.id - 1 };
        api.mark_unread(&api.user("bob"), mark).await.unwrap();
        record(&api, world.membership("room", "bob", go)).await;
        let counted = api.count_unread(&api.user("bob"), pb::CountUnreadRequest::default()).await.unwrap();
        assert!(counted.counts.is_empty());
    }
    record(&api, world.membership("room", "bob", MembershipAction::Unbanned)).await;
    assert!(!api.is_listed("bob", "room").await, "who may come back is not back");
    assert!(api.is_listed("ann", "room").await);
}

#[tokio::test]
async fn an_older_change_that_comes_late_changes_no_place() {
    let world = World::new(&["ann", "bob"]).await;
    world.groups.add_group("room", &["ann", "bob"]);
    let api = world.start().await;
    let at = |action, occurred_at_ms| MembershipEvent { occurred_at_ms, ..world.membership("room", "bob", action) };
    record(&api, at(MembershipAction::Joined, 1000)).await;
    record(&api, at(MembershipAction::Joined, 3000)).await;
    record(&api, at(MembershipAction::Left, 2000)).await;
    assert!(api.is_listed("bob", "room").await);
    record(&api, at(MembershipAction::Kicked, 5000)).await;
    record(&api, at(MembershipAction::Added, 4000)).await;
    assert!(!api.is_listed("bob", "room").await);
    assert_eq!(room(&api).await.len(), 5, "the action messages are there all the same");
}

#[tokio::test]
async fn who_reads_before_the_joining_is_told_of_came_in_with_it() {
    let world = World::new(&["ann", "bob"]).await;
    world.groups.add_group("room", &["ann", "bob"]);
    let api = world.start().await;
    for _ in 0..5 {
        api.send("ann", to_group("room", "old")).await;
    }
    let mark = pb::MarkDeliveredRequest { with_type: GROUP.into(), with: "room".to_owned(), ..Default::default() };
    api.mark_delivered(&api.user("bob"), mark).await.unwrap();
    record(&api, world.membership("room", "bob", MembershipAction::Joined)).await;
    assert_eq!(api.unread("bob", GROUP, "room").await, 0);
}

#[tokio::test]
async fn only_the_app_records_and_only_what_is_whole() {
    let world = World::new(&["ann", "bob"]).await;
    world.groups.add_group("room", &["ann", "bob"]);
    let api = world.start().await;
    let whole = || world.membership("room", "bob", MembershipAction::Joined);
    let request = pb::RecordMembershipRequest { event: Some(whole()) };
    let refused = api.record_membership(&api.user("ann"), request).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::PermissionDenied);

    let broken = |breakage: fn(&mut MembershipEvent)| {
        let mut event = whole();
        breakage(&mut event);
        Some(event)
    };
    let cases = [
        (None, "event"),
        (broken(|event| event.event_id.clear()), "event.eventId"),
        (broken(|event| event.change = None), "event.change"),
        (broken(|event| change(event).action = 0), "event.change.action"),
        (broken(|event| change(event).action = 77), "event.change.action"),
        (broken(|event| change(event).group = None), "event.change.group"),
        (broken(|event| change(event).group = Some(Group::default())), "event.change.group.guid"),
        (broken(|event| change(event).on_uid.clear()), "event.change.onUid"),
        (broken(|event| change(event).by_uid = "a\0b".to_owned()), "event.change.byUid"),
    ];
    for (event, field) in cases {
        let request = pb::RecordMembershipRequest { event };
        let refused = api.record_membership(&api.server(), request.clone()).await.expect_err("refused");
        assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::BadRequest, Some(field)), "{request:?}");
    }
    assert!(room(&api).await.is_empty());
}

#[tokio::test]
async fn an_action_names_who_is_gone() {
    let world = World::new(&["ann"]).await;
    world.groups.add_group("room", &["ann"]);
    let api = world.start().await;
    let mut event = world.membership("room", "gone", MembershipAction::Kicked);
    change(&mut event).by_uid = String::new();
    let action = record(&api, event).await;
    assert_eq!((action.sender_uid.as_str(), action.action_on.as_ref().unwrap().uid.as_str()), ("app_system", "gone"));
    assert_eq!(room(&api).await, [action]);
}

#[tokio::test]
async fn imported_members_get_places_without_action_messages() {
    let redis = OwnRedis::start().await;
    let world = World::on_redis(&redis.url(), &["ann", "bob"]).await;
    world.groups.add_group("room", &["ann", "bob"]);
    let api = world.start().await;
    api.send("ann", to_group("room", "old")).await;
    let imported = MembersImported { guid: "room".to_owned(), uids: vec!["ann".to_owned(), "bob".to_owned()] };
    let event = halley_bus::event(&world.app, "", Body::MembersImported(imported));
    world.durable(&event).await;
    world.durable(&event).await;
    eventually("the places", async || api.is_listed("bob", "room").await.then_some(())).await;
    assert_eq!(api.unread("bob", GROUP, "room").await, 0);
    api.send("ann", to_group("room", "new")).await;
    assert_eq!(api.unread("bob", GROUP, "room").await, 1);
    assert_eq!(texts(&room(&api).await), ["old", "new"]);
}

/// A change of a group on the stream.
fn group_changed(world: &World, kind: ChangeKind, guid: &str, owner: &str) -> Event {
    let group = Group { guid: guid.to_owned(), owner: owner.to_owned(), ..Default::default() };
    halley_bus::event(
        &world.app,
        "",
        Body::GroupChanged(GroupChanged { kind: kind.into(), group: Some(group), ..Default::default() }),
    )
}

#[tokio::test]
async fn a_groups_owner_is_in_it_and_its_end_ends_its_conversation() {
    let redis = OwnRedis::start().await;
    let world = World::on_redis(&redis.url(), &["ann", "bob"]).await;
    world.groups.add_group("room", &["ann", "bob"]);
    let api = world.start().await;
    world.durable(&group_changed(&world, ChangeKind::Created, "room", "ann")).await;
    eventually("the owner's place", async || api.is_listed("ann", "room").await.then_some(())).await;
    record(&api, world.membership("room", "bob", MembershipAction::Joined)).await;
    let old = api.send("ann", to_group("room", "old")).await;

    let deleted = group_changed(&world, ChangeKind::Deleted, "room", "ann");
    world.durable(&deleted).await;
    eventually("the conversation's end", async || (!api.is_listed("bob", "room").await).then_some(())).await;
    assert!(!api.is_listed("ann", "room").await);
    let get = pb::GetMessageRequest { id: old.id };
    assert_eq!(api.get_message(&api.user("bob"), get).await.unwrap_err().code, ErrorCode::MessageNoAccess);

    // A new group of the same guid, as the fake has one, begins with nothing; and the old one's end comes again.
    world.durable(&group_changed(&world, ChangeKind::Created, "room", "bob")).await;
    eventually("the new owner's place", async || api.is_listed("bob", "room").await.then_some(())).await;
    let new = api.send("bob", to_group("room", "new")).await;
    world.durable(&deleted).await;
    let mark = world.membership("room", "ann", MembershipAction::Joined);
    world.durable(&durable_form(&world.app, &mark)).await;
    recorded(&api, &mark.event_id).await;
    assert_eq!(texts(&room(&api).await), ["new", ""]);
    assert_eq!(new.sequence, 1);
    let reply = pb::SendMessageRequest { parent_id: old.id, ..to_group("room", "x") };
    assert_eq!(api.refused("bob", reply).await, ErrorCode::WrongMessageThread);
    let counted = api.count_messages(&api.server(), pb::CountMessagesRequest {}).await.unwrap();
    assert_eq!((counted.user_messages, counted.group_messages), (0, 4));
}

#[tokio::test]
async fn a_deleted_users_conversations_end_and_a_new_user_begins_anew() {
    let redis = OwnRedis::start().await;
    let world = World::on_redis(&redis.url(), &["ann", "bob", "cat"]).await;
    world.groups.add_group("room", &["ann", "bob"]);
    let api = world.start().await;
    let old = api.send("ann", to_user("bob", "old")).await;
    api.send("ann", to_user("cat", "stays")).await;
    api.send("bob", to_user("bob", "note to self")).await;
    for uid in ["ann", "bob"] {
        record(&api, world.membership("room", uid, MembershipAction::Joined)).await;
    }
    let user = User { uid: "bob".to_owned(), ..Default::default() };
    let deleted = UserChanged { kind: ChangeKind::Deleted.into(), user: Some(user) };
    let deleted = halley_bus::event(&world.app, "", Body::UserChanged(deleted));
    world.durable(&deleted).await;
    eventually("the end of bob's places", async || api.conversations("bob").await.is_empty().then_some(())).await;
    assert!(!api.is_listed("ann", "bob").await);
    assert!(api.is_listed("ann", "cat").await && api.is_listed("ann", "room").await);

    // The fake still has a bob, which is another one now.
    let new = api.send("ann", to_user("bob", "new")).await;
    assert_eq!((new.sequence, api.unread("bob", USER, "ann").await), (1, 1));
    world.durable(&deleted).await;
    let mark = world.membership("room", "bob", MembershipAction::Joined);
    world.durable(&durable_form(&world.app, &mark)).await;
    recorded(&api, &mark.event_id).await;
    assert_eq!(texts(&api.page(&api.user("bob"), history(USER, "ann")).await), ["new"]);
    let get = pb::GetMessageRequest { id: old.id };
    assert_eq!(api.get_message(&api.user("bob"), get).await.unwrap_err().code, ErrorCode::MessageNoAccess);
    assert!(api.is_listed("bob", "room").await && api.is_listed("bob", "ann").await);
    let counted = api.count_messages(&api.server(), pb::CountMessagesRequest {}).await.unwrap();
    assert_eq!((counted.user_messages, counted.group_messages), (4, 3));
}

#[tokio::test]
async fn an_event_that_can_not_be_stored_stops_none_that_follows() {
    let redis = OwnRedis::start().await;
    let world = World::on_redis(&redis.url(), &["ann"]).await;
    world.groups.add_group("room", &["ann"]);
    let api = world.start().await;
    let mut broken = world.membership("room", "ann", MembershipAction::Joined);
    change(&mut broken).on_uid = "no uid".to_owned();
    world.durable(&durable_form(&world.app, &broken)).await;
    world.durable(&halley_bus::event(&world.app, "", Body::GroupChanged(GroupChanged::default()))).await;
    let whole = world.membership("room", "ann", MembershipAction::Joined);
    world.durable(&durable_form(&world.app, &whole)).await;
    recorded(&api, &whole.event_id).await;
    assert_eq!(room(&api).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_event_that_finds_the_queue_full_is_stored_later() {
    let redis = OwnRedis::start().await;
    let world = World::on_redis(&redis.url(), &["ann", "bob"]).await;
    world.groups.add_group("room", &["ann"]);
    let api = world.start_with(MessagingConfig { queue: 1, writers: 1, batch_max: 1, ..Default::default() }).await;
    api.send("ann", to_user("bob", "warm")).await;
    let mut lock = halley_kit::postgres::begin(&world.pool).await.unwrap();
    sqlx::query("SELECT FROM conversations FOR UPDATE").execute(&mut *lock).await.unwrap();
    let (app, caller) = (api.server(), api.user("ann"));
    let event = world.membership("room", "unknown", MembershipAction::Joined);
    let sends = (0..3).map(|_| api.send_message(&caller, to_user("bob", "x")));
    let release = async {
        eventually("the writer waits", async || {
            let waiting =
                "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
            sqlx::query(waiting).fetch_optional(&world.pool).await.unwrap()
        })
        .await;
        let refused = eventually("the queue is full", async || {
            // One that finds room waits in it for the lock.
            let event = Some(world.membership("room", "ann", MembershipAction::ScopeChanged));
            let call = api.record_membership(&app, pb::RecordMembershipRequest { event });
            tokio::time::timeout(Duration::from_millis(200), call).await.ok().and_then(Result::err)
        });
        assert_eq!(refused.await.code, ErrorCode::TooManyRequests);
        let asked = || world.identity.asked.load(Ordering::SeqCst);
        let before = asked();
        world.durable(&durable_form(&world.app, &event)).await;
        // Each try asks for the user again, who is unknown.
        eventually("the reader's second try", async || (asked() >= before + 2).then_some(())).await;
        lock.rollback().await.unwrap();
    };
    tokio::join!(futures::future::join_all(sends), release);
    recorded(&api, &event.event_id).await;
}
