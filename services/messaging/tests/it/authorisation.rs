//! Who is refused, and how soon.

use std::sync::atomic::Ordering;

use halley_contracts::{
    events::v1::{ChangeKind, GroupChanged, RelationChanged, UserChanged, event::Body},
    groups::v1::{MembershipAction, MembershipChanged},
    identity::v1::User,
    messaging::v1 as pb,
};
use halley_model::ErrorCode;
use halley_testkit::eventually;

use crate::support::{Api, GROUP, OwnRedis, USER, World, on_stream, to_group, to_user};

#[tokio::test]
async fn unknown_and_deactivated_users_neither_send_nor_receive() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    assert_eq!(api.refused("ann", to_user("nobody", "x")).await, ErrorCode::UidNotFound);
    assert_eq!(api.refused("nobody", to_user("ann", "x")).await, ErrorCode::UidNotFound);
    // What was absent is asked again.
    world.identity.add_user("nobody");
    api.send("ann", to_user("nobody", "x")).await;

    world.identity.users.lock().unwrap().get_mut("bob").unwrap().deactivated_at_ms = 5;
    assert_eq!(api.refused("ann", to_user("bob", "x")).await, ErrorCode::UidNotFound);
    assert_eq!(api.refused("bob", to_user("ann", "x")).await, ErrorCode::UidNotFound);
}

#[tokio::test]
async fn a_block_is_told_from_its_side() {
    let world = World::new(&["ann", "bob"]).await;
    world.identity.block("ann", "bob");
    let api = world.start().await;
    assert_eq!(api.refused("ann", to_user("bob", "x")).await, ErrorCode::BlockedReceiver);
    assert_eq!(api.refused("bob", to_user("ann", "x")).await, ErrorCode::BlockedSender);
    api.send_message(&api.server(), to_user("bob", "the app may")).await.unwrap();
}

#[tokio::test]
async fn only_members_write_to_a_group_and_read_it() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.groups.add_group("room", &["ann"]);
    world.groups.banned.lock().unwrap().insert(("room".to_owned(), "cat".to_owned()));
    let api = world.start().await;
    let sent = api.send("ann", to_group("room", "x")).await;

    assert_eq!(api.refused("bob", to_group("room", "x")).await, ErrorCode::GroupNotJoined);
    assert_eq!(api.refused("cat", to_group("room", "x")).await, ErrorCode::BannedGroupMember);
    assert_eq!(api.refused("ann", to_group("nowhere", "x")).await, ErrorCode::GuidNotFound);
    let list =
        |with: &str| pb::ListMessagesRequest { with_type: GROUP.into(), with: with.to_owned(), ..Default::default() };
    let denied = async |uid: &str, with: &str| api.list_messages(&api.user(uid), list(with)).await.unwrap_err().code;
    assert_eq!(denied("bob", "room").await, ErrorCode::GroupNotJoined);
    assert_eq!(denied("ann", "nowhere").await, ErrorCode::GuidNotFound);
    let get = api.get_message(&api.user("bob"), pb::GetMessageRequest { id: sent.id }).await;
    assert_eq!(get.unwrap_err().code, ErrorCode::MessageNoAccess);
    let thread = pb::ListMessagesRequest { parent_id: sent.id, ..Default::default() };
    assert_eq!(api.list_messages(&api.user("bob"), thread).await.unwrap_err().code, ErrorCode::MessageNoAccess);
    let by_id = pb::ListMessagesRequest { conversation_id: "group_room".to_owned(), ..Default::default() };
    assert!(api.list_messages(&api.user("bob"), by_id.clone()).await.unwrap().messages.is_empty());
    assert_eq!(api.list_messages(&api.server(), by_id).await.unwrap().messages.len(), 1);
    api.send_message(&api.server(), to_group("room", "the app may")).await.unwrap();
}

#[tokio::test]
async fn others_do_not_see_a_direct_conversation() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    let api = world.start().await;
    let sent = api.send("ann", to_user("bob", "x")).await;
    let get = pb::GetMessageRequest { id: sent.id };
    assert_eq!(api.get_message(&api.user("cat"), get).await.unwrap_err().code, ErrorCode::MessageNoAccess);
    let by_id = pb::ListMessagesRequest { conversation_id: "ann_user_bob".to_owned(), ..Default::default() };
    assert!(api.list_messages(&api.user("cat"), by_id.clone()).await.unwrap().messages.is_empty());
    assert_eq!(api.list_messages(&api.user("bob"), by_id).await.unwrap().messages.len(), 1);
    let conversation =
        pb::GetConversationRequest { with_type: USER.into(), with: "ann".to_owned(), ..Default::default() };
    let refused = api.get_conversation(&api.user("cat"), conversation).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::ConversationNotAccessible);
}

#[tokio::test]
async fn one_app_does_not_see_another_apps_messages() {
    let mut world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let sent = api.send("ann", pb::SendMessageRequest { muid: "m".to_owned(), ..to_user("bob", "x") }).await;

    world.app = halley_testkit::unique("a");
    let other = world.start().await;
    let get = pb::GetMessageRequest { id: sent.id };
    assert_eq!(other.get_message(&other.server(), get).await.unwrap_err().code, ErrorCode::MessageIdNotFound);
    assert!(other.walk(&other.user("ann"), USER, "bob", 10).await.is_empty());
    assert!(
        other.list_messages(&other.server(), pb::ListMessagesRequest::default()).await.unwrap().messages.is_empty()
    );
    let reply = pb::SendMessageRequest { parent_id: sent.id, ..to_user("bob", "x") };
    assert_eq!(other.refused("ann", reply).await, ErrorCode::MessageIdNotFound);
    let same_muid = pb::SendMessageRequest { muid: "m".to_owned(), ..to_user("bob", "x") };
    let own = other.send("ann", same_muid).await;
    assert!(own.id != sent.id && own.sequence == 1);
    let counted = other.count_messages(&other.server(), pb::CountMessagesRequest {}).await.unwrap();
    assert_eq!(counted.user_messages, 1);
}

/// Sends until it is refused.
async fn until_refused(api: &Api, uid: &str, request: pb::SendMessageRequest) -> ErrorCode {
    eventually("the send is refused", async || api.send_message(&api.user(uid), request.clone()).await.err()).await.code
}

fn user_changed(kind: ChangeKind, uid: &str) -> Body {
    Body::UserChanged(UserChanged { kind: kind.into(), user: Some(User { uid: uid.to_owned(), ..Default::default() }) })
}

#[tokio::test]
async fn what_is_known_is_not_asked_again_until_a_fact_says_so() {
    let world = World::new(&["ann", "bob"]).await;
    world.groups.add_group("room", &["ann"]);
    let api = world.start().await;
    api.send("ann", to_user("bob", "x")).await;
    api.send("ann", to_group("room", "x")).await;
    let asked = || (world.identity.asked.load(Ordering::SeqCst), world.groups.asked.load(Ordering::SeqCst));
    let before = asked();
    for _ in 0..10 {
        api.send("ann", to_user("bob", "x")).await;
        api.send("ann", to_group("room", "x")).await;
    }
    assert_eq!(asked(), before);

    world.identity.users.lock().unwrap().get_mut("bob").unwrap().deactivated_at_ms = 5;
    world.fact(user_changed(ChangeKind::Deactivated, "bob")).await;
    assert_eq!(until_refused(&api, "ann", to_user("bob", "x")).await, ErrorCode::UidNotFound);

    world.groups.remove_member("room", "ann");
    let change = MembershipChanged {
        action: MembershipAction::Kicked.into(),
        group: Some(world.group("room")),
        on_uid: "ann".to_owned(),
        ..Default::default()
    };
    world.fact(Body::MembershipChanged(change)).await;
    assert_eq!(until_refused(&api, "ann", to_group("room", "x")).await, ErrorCode::GroupNotJoined);
}

#[tokio::test]
async fn a_block_and_a_groups_end_are_heeded() {
    let world = World::new(&["ann", "bob"]).await;
    world.groups.add_group("room", &["ann"]);
    let api = world.start().await;
    api.send("ann", to_user("bob", "x")).await;
    api.send("ann", to_group("room", "x")).await;

    world.identity.block("bob", "ann");
    world
        .fact(Body::RelationChanged(RelationChanged {
            uid: "bob".to_owned(),
            other_uid: "ann".to_owned(),
            ..Default::default()
        }))
        .await;
    assert_eq!(until_refused(&api, "ann", to_user("bob", "x")).await, ErrorCode::BlockedSender);

    let group = world.group("room");
    world.groups.groups.lock().unwrap().clear();
    world
        .fact(Body::GroupChanged(GroupChanged {
            kind: ChangeKind::Deleted.into(),
            group: Some(group),
            ..Default::default()
        }))
        .await;
    assert_eq!(until_refused(&api, "ann", to_group("room", "x")).await, ErrorCode::GuidNotFound);
    // A group of the same guid does not have the members of the old one.
    world.groups.members.lock().unwrap().clear();
    world.groups.add_group("room", &[]);
    assert_eq!(api.refused("ann", to_group("room", "x")).await, ErrorCode::GroupNotJoined);
}

#[tokio::test]
async fn a_fact_that_comes_while_the_answer_is_under_way_wins() {
    let world = World::new(&["ann", "bob", "probe"]).await;
    world.groups.add_group("room", &["ann"]);
    let api = world.start().await;
    api.send("probe", to_user("bob", "cached")).await;
    let permits = world.groups.answers.forget_permits(usize::MAX);

    let caller = api.user("ann");
    let under_way = api.send_message(&caller, to_group("room", "x"));
    let kick = async {
        eventually("membership is asked for", async || (world.groups.asked.load(Ordering::SeqCst) == 1).then_some(()))
            .await;
        world.groups.remove_member("room", "ann");
        let change =
            MembershipChanged { group: Some(world.group("room")), on_uid: "ann".to_owned(), ..Default::default() };
        world.fact(Body::MembershipChanged(change)).await;
        // Facts come in order: once this one is heeded, so is the kick.
        world.identity.users.lock().unwrap().get_mut("probe").unwrap().deactivated_at_ms = 5;
        world.fact(user_changed(ChangeKind::Deactivated, "probe")).await;
        until_refused(&api, "probe", to_user("bob", "x")).await;
        world.groups.answers.add_permits(permits.min(1000));
    };
    let (sent, ()) = tokio::join!(under_way, kick);
    sent.expect("asked before the kick");
    assert_eq!(api.refused("ann", to_group("room", "x")).await, ErrorCode::GroupNotJoined);
}

#[tokio::test]
async fn while_the_feed_of_facts_is_cut_everything_is_asked_anew() {
    let mut redis = OwnRedis::start().await;
    let world = World::on_redis(&redis.url(), &["ann", "bob"]).await;
    let api = world.start().await;
    api.send("ann", to_user("bob", "x")).await;
    redis.kill().await;

    // No fact tells of it, and still it is heeded; and without Redis messages are stored.
    world.identity.block("bob", "ann");
    assert_eq!(until_refused(&api, "ann", to_user("bob", "x")).await, ErrorCode::BlockedSender);
    world.identity.blocks.lock().unwrap().clear();
    let stored = api.send("ann", to_user("bob", "while Redis is away")).await;

    redis.start_again().await;
    eventually("the cache is believed again", async || {
        let before = world.identity.asked.load(Ordering::SeqCst);
        api.send("ann", to_user("bob", "y")).await;
        (world.identity.asked.load(Ordering::SeqCst) == before).then_some(())
    })
    .await;
    // What could not be published is not lost: the sweep does it.
    world.emptied().await;
    assert!(on_stream(&redis.url()).await.contains(&stored.id));
}
