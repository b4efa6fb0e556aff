//! What becomes of conversations, counts, pins, saves and threads when somebody leaves, and when groups and users end.

use halley_contracts::{
    events::v1::{ChangeKind, GroupChanged, UserChanged, event::Body},
    groups::v1::{Group, MembershipAction},
    identity::v1::User,
    messaging::v1::{self as pb, ListMessagesRequest, ListThreadsRequest, ReceiverType},
};
use halley_model::ErrorCode;
use halley_testkit::eventually;

use crate::support::{Api, GROUP, OwnRedis, USER, World, history, texts, to_group, to_user};

impl Api {
    async fn out(&self, world: &World, uid: &str, action: MembershipAction) {
        world.groups.remove_member("room", uid);
        let event = world.membership("room", uid, action);
        world.fact(Body::MembershipChanged(event.change.clone().unwrap())).await;
        let event = Some(event);
        self.record_membership(&self.server(), pb::RecordMembershipRequest { event }).await.unwrap();
    }

    async fn keep(&self, uid: &str, kind: ReceiverType, with: &str, message_id: i64) {
        let caller = self.user(uid);
        let pin = pb::PinConversationRequest { with_type: kind.into(), with: with.to_owned(), ..Default::default() };
        self.pin_conversation(&caller, pin).await.unwrap();
        let save = pb::SaveMessageRequest { message_id, ..Default::default() };
        self.save_message(&caller, save).await.unwrap();
        let tags = vec!["kept".to_owned()];
        let update = pb::UpdateConversationRequest { with_type: kind.into(), with: with.to_owned(), tags };
        self.update_conversation(&caller, update).await.unwrap();
    }

    async fn saved(&self, uid: &str) -> usize {
        self.page(&self.user(uid), ListMessagesRequest { saved: true, ..Default::default() }).await.len()
    }

    async fn unread_of(&self, uid: &str) -> usize {
        self.count_unread(&self.user(uid), pb::CountUnreadRequest::default()).await.unwrap().counts.len()
    }

    async fn threads_of(&self, uid: &str) -> usize {
        self.list_threads(&self.user(uid), ListThreadsRequest::default()).await.unwrap().threads.len()
    }
}

async fn pins(world: &World) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM conversation_pins").fetch_one(&world.pool).await.unwrap()
}

#[tokio::test]
async fn who_leaves_or_is_removed_loses_sight_until_the_return() {
    for action in [MembershipAction::Left, MembershipAction::Kicked, MembershipAction::Banned] {
        let world = World::new(&["ann", "bob"]).await;
        world.groups.add_group("room", &[]);
        let api = world.start().await;
        for uid in ["ann", "bob"] {
            api.join(&world, "room", uid).await;
        }
        let said = api.send("ann", to_group("room", "hi")).await;
        let reply = pb::SendMessageRequest { parent_id: said.id, ..to_group("room", "reply") };
        api.send("ann", reply).await;
        api.keep("bob", GROUP, "room", said.id).await;
        assert_eq!((api.saved("bob").await, api.unread_of("bob").await, api.threads_of("bob").await), (1, 1, 1));

        api.out(&world, "bob", action).await;

        assert!(!api.is_listed("bob", "room").await, "{action:?}");
        assert_eq!((api.saved("bob").await, api.unread_of("bob").await, api.threads_of("bob").await), (0, 0, 0));
        assert_eq!(pins(&world).await, 0, "a pin does not fill a place that is not seen");
        let get = pb::GetConversationRequest { with_type: GROUP.into(), with: "room".to_owned(), ..Default::default() };
        let refused = api.get_conversation(&api.user("bob"), get.clone()).await.expect_err("refused");
        assert_eq!(refused.code, ErrorCode::ConversationNotAccessible);
        let bob = api.user("bob");
        let refused =
            eventually("history is closed", async || api.list_messages(&bob, history(GROUP, "room")).await.err());
        assert_eq!(refused.await.code, ErrorCode::GroupNotJoined);
        let refused =
            api.get_message(&api.user("bob"), pb::GetMessageRequest { id: said.id }).await.expect_err("refused");
        assert_eq!(refused.code, ErrorCode::MessageNoAccess);
        api.send("ann", to_group("room", "while away")).await;
        assert!(api.is_listed("ann", "room").await);

        api.join(&world, "room", "bob").await;
        assert!(api.is_listed("bob", "room").await);
        assert_eq!(api.saved("bob").await, 1, "what was saved is seen again");
        assert_eq!((api.unread("bob", GROUP, "room").await, api.threads_of("bob").await), (0, 1));
        assert_eq!(api.page(&api.user("bob"), history(GROUP, "room")).await.len(), 7, "all of the history");
        let back = api.get_conversation(&api.user("bob"), get).await.unwrap().conversation.unwrap();
        assert_eq!((back.pinned_at_ms, back.tags.as_slice()), (0, ["kept".to_owned()].as_slice()));
    }
}

#[tokio::test]
async fn what_can_not_be_seen_takes_no_place_among_the_saved() {
    let world = World::new(&["ann", "bob"]).await;
    world.groups.add_group("room", &[]);
    let api = world.start().await;
    for uid in ["ann", "bob"] {
        api.join(&world, "room", uid).await;
    }
    for n in 0..100 {
        let said = api.send("ann", to_group("room", &format!("t{n}"))).await;
        api.save_message(&api.user("bob"), pb::SaveMessageRequest { message_id: said.id, ..Default::default() })
            .await
            .unwrap();
    }
    let direct = api.send("ann", to_user("bob", "x")).await;
    let save = || pb::SaveMessageRequest { message_id: direct.id, ..Default::default() };
    let refused = api.save_message(&api.user("bob"), save()).await.expect_err("full");
    assert_eq!(refused.code, ErrorCode::SavedMessagesLimit);
    api.out(&world, "bob", MembershipAction::Kicked).await;
    api.save_message(&api.user("bob"), save()).await.unwrap();
    assert_eq!(api.saved("bob").await, 1);
}

#[tokio::test]
async fn the_end_of_a_group_ends_its_pins() {
    let redis = OwnRedis::start().await;
    let world = World::on_redis(&redis.url(), &["ann", "bob"]).await;
    world.groups.add_group("room", &[]);
    let api = world.start().await;
    for uid in ["ann", "bob"] {
        api.join(&world, "room", uid).await;
    }
    let said = api.send("ann", to_group("room", "hi")).await;
    api.keep("bob", GROUP, "room", said.id).await;
    let pin = pb::SystemPin { with_type: GROUP.into(), with: "room".to_owned(), ..Default::default() };
    let request = pb::ReplaceSystemPinsRequest { pins: vec![pin] };
    assert_eq!(api.replace_system_pins(&api.server(), request.clone()).await.unwrap().pins.len(), 1);
    let group = Group { guid: "room".to_owned(), owner: "ann".to_owned(), ..Default::default() };
    let deleted = GroupChanged { kind: ChangeKind::Deleted.into(), group: Some(group), ..Default::default() };
    let deleted = halley_bus::event(&world.app, "", Body::GroupChanged(deleted));
    world.durable(&deleted).await;
    eventually("the end of the place", async || (!api.is_listed("bob", "room").await).then_some(())).await;
    assert_eq!((pins(&world).await, api.saved("bob").await, api.unread_of("bob").await), (0, 0, 0));
    let list = pb::ListSystemPinsRequest {};
    assert!(api.list_system_pins(&api.server(), list).await.unwrap().pins.is_empty());

    // The fake still has a group of that guid, which is another one now: the event that comes again leaves it alone.
    api.join(&world, "room", "bob").await;
    let said = api.send("bob", to_group("room", "new")).await;
    api.keep("bob", GROUP, "room", said.id).await;
    api.replace_system_pins(&api.server(), request).await.unwrap();
    world.durable(&deleted).await;
    let mark = world.membership("room", "ann", MembershipAction::Joined);
    world.durable(&crate::support::durable_form(&world.app, &mark)).await;
    eventually("the reader is past it", async || api.is_listed("ann", "room").await.then_some(())).await;
    assert_eq!((pins(&world).await, api.saved("bob").await), (1, 1));
    assert_eq!(api.list_system_pins(&api.server(), list).await.unwrap().pins.len(), 1);
}

#[tokio::test]
async fn a_new_user_of_a_deleted_ones_uid_inherits_nothing() {
    let redis = OwnRedis::start().await;
    let world = World::on_redis(&redis.url(), &["ann", "bob"]).await;
    world.groups.add_group("room", &[]);
    let api = world.start().await;
    for uid in ["ann", "bob"] {
        api.join(&world, "room", uid).await;
    }
    let direct = api.send("ann", to_user("bob", "hi")).await;
    let said = api.send("ann", to_group("room", "hi")).await;
    let reply = pb::SendMessageRequest { parent_id: said.id, ..to_group("room", "reply") };
    api.send("bob", reply).await;
    api.keep("bob", GROUP, "room", said.id).await;
    api.keep("bob", USER, "ann", direct.id).await;
    api.keep("ann", USER, "bob", direct.id).await;
    let reset = pb::ResetConversationRequest { with_type: GROUP.into(), with: "room".to_owned(), ..Default::default() };
    api.reset_conversation(&api.user("bob"), reset).await.unwrap();
    let user = User { uid: "bob".to_owned(), ..Default::default() };
    let deleted = UserChanged { kind: ChangeKind::Deleted.into(), user: Some(user) };
    let deleted = halley_bus::event(&world.app, "", Body::UserChanged(deleted));
    world.durable(&deleted).await;
    eventually("the end of bob's places", async || (!api.is_listed("ann", "bob").await).then_some(())).await;
    assert_eq!(pins(&world).await, 0, "neither the user's own nor those of others");
    assert_eq!(api.saved("ann").await, 0);
    eventually("the end of what the old one said", async || {
        (!texts(&api.page(&api.user("ann"), history(GROUP, "room")).await).contains(&"reply".to_owned())).then_some(())
    })
    .await;

    // The fake still has a bob, which is another one now.
    api.join(&world, "room", "bob").await;
    let place = api.conversations("bob").await.remove(0);
    assert!(place.tags.is_empty() && place.pinned_by.is_empty());
    // Of ann the coming and the message, of the old bob nothing, and the coming of the new one, from whom nothing is hidden.
    assert_eq!(api.page(&api.user("bob"), history(GROUP, "room")).await.len(), 3);
    assert_eq!(api.saved("bob").await, 0);
    let own = ListThreadsRequest { participated: true, ..Default::default() };
    assert!(api.list_threads(&api.user("bob"), own.clone()).await.unwrap().threads.is_empty());
    let get = pb::GetMessageRequest { id: said.id };
    assert!(!api.get_message(&api.user("bob"), get).await.unwrap().message.unwrap().thread_subscribed);

    // And keeps what is the new one's own when the event comes again.
    let reply = pb::SendMessageRequest { parent_id: said.id, ..to_group("room", "new") };
    api.send("bob", reply).await;
    api.keep("bob", GROUP, "room", said.id).await;
    world.durable(&deleted).await;
    let mark = world.membership("room", "ann", MembershipAction::ScopeChanged);
    world.durable(&crate::support::durable_form(&world.app, &mark)).await;
    let muid = mark.event_id;
    eventually("the reader is past it", async || {
        let page = api.page(&api.user("ann"), history(GROUP, "room")).await;
        page.iter().any(|message| message.muid == muid).then_some(())
    })
    .await;
    assert_eq!((pins(&world).await, api.saved("bob").await), (1, 1));
    assert_eq!(api.list_threads(&api.user("bob"), own).await.unwrap().threads.len(), 1);
}
