//! The list of conversations and single ones.

use std::collections::BTreeSet;

use halley_contracts::{
    common::v1::{PageInfo, PageRequest},
    groups::v1::MembershipAction,
    messaging::v1::{self as pb, ListConversationsRequest, conversation::WithEntity},
};
use halley_kit::Caller;
use halley_model::ErrorCode;

use crate::support::{Api, GROUP, USER, World, text_of, to_group, to_user};

async fn list(api: &Api, caller: &Caller, request: ListConversationsRequest) -> Vec<pb::Conversation> {
    api.list_conversations(caller, request).await.unwrap().conversations
}

fn sides(conversations: &[pb::Conversation]) -> Vec<&str> {
    conversations.iter().map(|conversation| conversation.with.as_str()).collect()
}

async fn join(world: &World, api: &Api, guid: &str, uid: &str) -> pb::Message {
    world.groups.add_member(guid, uid);
    let request = pb::RecordMembershipRequest { event: Some(world.membership(guid, uid, MembershipAction::Joined)) };
    api.record_membership(&api.server(), request).await.unwrap().message.unwrap()
}

#[tokio::test]
async fn the_newest_activity_comes_first_with_its_last_message() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.groups.add_group("room", &[]);
    let api = world.start().await;
    api.send("ann", to_user("bob", "1")).await;
    join(&world, &api, "room", "ann").await;
    api.send("cat", to_user("ann", "2")).await;
    let in_room = api.send("ann", to_group("room", "3")).await;
    let last = api.send("bob", to_user("ann", "4")).await;

    let listed = api.conversations("ann").await;
    assert_eq!(sides(&listed), ["bob", "room", "cat"]);
    let (first, second) = (&listed[0], &listed[1]);
    assert_eq!(first.last_message.as_ref(), Some(&last));
    assert_eq!(
        (first.conversation_id.as_str(), first.owner_uid.as_str(), first.with_type()),
        ("ann_user_bob", "ann", USER)
    );
    assert_eq!((first.latest_message_id, first.latest_sequence, first.unread_count), (last.id, 2, 1));
    assert_eq!(first.updated_at_ms, last.sent_at_ms);
    assert!(matches!(&first.with_entity, Some(WithEntity::WithUser(user)) if user.name == "Name of bob"));
    assert_eq!(second.last_message.as_ref(), Some(&in_room));
    assert_eq!((second.with_type(), second.unread_count), (GROUP, 0));
    assert!(matches!(&second.with_entity, Some(WithEntity::WithGroup(group)) if group.name == "Name of room"));

    // Something new moves a conversation up, for both sides.
    api.send("ann", to_user("cat", "5")).await;
    assert_eq!(sides(&api.conversations("ann").await), ["cat", "bob", "room"]);
    assert_eq!(sides(&api.conversations("cat").await), ["ann"]);
    let request = pb::GetConversationRequest { with_type: USER.into(), with: "ann".to_owned(), ..Default::default() };
    let one = api.get_conversation(&api.user("cat"), request).await.unwrap().conversation.unwrap();
    assert_eq!(vec![one], api.conversations("cat").await);
}

#[tokio::test]
async fn pages_hold_every_conversation_once() {
    let uids: Vec<String> = (0..23).map(|n| format!("u{n}")).collect();
    let uids: Vec<&str> = uids.iter().map(String::as_str).collect();
    let world = World::new(&uids).await;
    let api = world.start().await;
    let ann = api.user("u0");
    // At once, so that many have the same time.
    let sends = uids.iter().map(|uid| api.send_message(&ann, to_user(uid, uid)));
    futures::future::join_all(sends).await.into_iter().for_each(|sent| drop(sent.unwrap()));

    for (caller, total) in [(ann, 23), (api.server(), 45)] {
        for per_page in [1, 5, 23, 100] {
            let mut seen = Vec::new();
            let mut page = 1;
            loop {
                let request = PageRequest { page, per_page };
                let request = ListConversationsRequest { page: Some(request), ..Default::default() };
                let answer = api.list_conversations(&caller, request).await.unwrap();
                let count = i32::try_from(answer.conversations.len()).unwrap();
                let total_pages = i32::try_from((total + i64::from(per_page) - 1) / i64::from(per_page)).unwrap();
                assert_eq!(answer.page, Some(PageInfo { total, count, per_page, current_page: page, total_pages }));
                seen.extend(answer.conversations);
                if page == total_pages {
                    break;
                }
                page += 1;
            }
            let distinct: BTreeSet<_> = seen.iter().map(|seen| (&seen.owner_uid, &seen.with)).collect();
            assert_eq!((seen.len(), distinct.len()), (usize::try_from(total).unwrap(), seen.len()));
            let is_before = |a: &pb::Conversation, b: &pb::Conversation| {
                a.owner_uid < b.owner_uid || (a.owner_uid == b.owner_uid && a.updated_at_ms >= b.updated_at_ms)
            };
            assert!(seen.windows(2).all(|pair| is_before(&pair[0], &pair[1])), "by uid, then the newest first");
        }
    }
    let beyond = ListConversationsRequest { page: Some(PageRequest { page: 9, per_page: 100 }), ..Default::default() };
    let beyond = api.list_conversations(&api.user("u0"), beyond).await.unwrap();
    assert_eq!((beyond.conversations.len(), beyond.page.unwrap().total), (0, 23));
}

#[tokio::test]
async fn filters_leave_out_what_does_not_fit() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.groups.add_group("room", &[]);
    let api = world.start().await;
    join(&world, &api, "room", "ann").await;
    api.send("cat", to_user("ann", "unread")).await;
    api.send("ann", to_user("bob", "own")).await;
    sqlx::query(
        "UPDATE participants SET tags = ARRAY['work', 'star'] FROM conversations AS c
         WHERE c.conversation_id = participants.conversation_id AND c.conversation_key = 'u:ann:bob' AND uid = 'ann'",
    )
    .execute(&world.pool)
    .await
    .unwrap();

    let listed = async |request| {
        let answer = api.list_conversations(&api.user("ann"), request).await.unwrap();
        assert_eq!(answer.page.unwrap().total, i64::try_from(answer.conversations.len()).unwrap());
        sides(&answer.conversations).join(" ")
    };
    let tags = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>();
    let all = ListConversationsRequest::default;
    assert_eq!(listed(all()).await, "bob cat room");
    assert_eq!(listed(ListConversationsRequest { r#type: USER.into(), ..all() }).await, "bob cat");
    assert_eq!(listed(ListConversationsRequest { r#type: GROUP.into(), ..all() }).await, "room");
    assert_eq!(listed(ListConversationsRequest { unread_only: true, ..all() }).await, "cat");
    assert_eq!(listed(ListConversationsRequest { tags: tags(&["star", "none"]), ..all() }).await, "bob");
    assert_eq!(listed(ListConversationsRequest { tags: tags(&["none"]), ..all() }).await, "");
    assert_eq!(sides(&list(&api, &api.user("bob"), all()).await), ["ann"]);
    let of_bob = ListConversationsRequest { tags: tags(&["star"]), ..all() };
    assert!(list(&api, &api.user("bob"), of_bob).await.is_empty(), "tags are a user's own");
    assert_eq!(api.conversations("ann").await[0].tags, ["work", "star"]);
}

#[tokio::test]
async fn without_a_user_an_app_sees_everybodys_view() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.groups.add_group("room", &[]);
    let api = world.start().await;
    api.send("ann", to_user("bob", "x")).await;
    join(&world, &api, "room", "ann").await;
    join(&world, &api, "room", "cat").await;
    api.send("ann", to_group("room", "x")).await;
    api.send_message(&api.server(), to_user("cat", "of the app")).await.unwrap();

    let listed = list(&api, &api.server(), ListConversationsRequest::default()).await;
    let views: Vec<_> =
        listed.iter().map(|seen| (seen.owner_uid.as_str(), seen.with.as_str(), seen.unread_count)).collect();
    let expected =
        [("ann", "room", 0), ("ann", "bob", 0), ("bob", "ann", 1), ("cat", "app_system", 1), ("cat", "room", 1)];
    assert_eq!(views, expected, "by uid, then the newest first");
    let system = listed[3].with_entity.as_ref().unwrap();
    assert!(matches!(system, WithEntity::WithUser(user) if user.name == "System"));
}

#[tokio::test]
async fn a_group_is_listed_before_anybody_has_written() {
    let world = World::new(&["ann"]).await;
    world.groups.add_group("room", &[]);
    let api = world.start().await;
    let action = join(&world, &api, "room", "ann").await;
    let listed = api.conversations("ann").await;
    assert_eq!(sides(&listed), ["room"]);
    assert_eq!((listed[0].last_message.as_ref(), listed[0].unread_count), (Some(&action), 0));
}

#[tokio::test]
async fn a_conversation_that_is_not_ones_own_is_refused() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.groups.add_group("room", &["ann"]);
    let api = world.start().await;
    api.send("ann", to_user("bob", "x")).await;
    api.send("ann", to_group("room", "x")).await;
    let get = async |caller: Caller, kind: pb::ReceiverType, with: &str| {
        let request =
            pb::GetConversationRequest { with_type: kind.into(), with: with.to_owned(), ..Default::default() };
        api.get_conversation(&caller, request).await.unwrap_err().code
    };
    for (uid, kind, with) in
        [("cat", USER, "ann"), ("ann", USER, "nobody"), ("bob", GROUP, "room"), ("ann", GROUP, "no")]
    {
        assert_eq!(get(api.user(uid), kind, with).await, ErrorCode::ConversationNotAccessible, "{uid} {with}");
    }
    assert_eq!(get(api.user("ann"), USER, "").await, ErrorCode::EmptyReceiver);
    assert_eq!(get(api.server(), USER, "ann").await, ErrorCode::BadRequest);
    for (page, per_page, field) in [(-1, 10, "page"), (1, -1, "perPage"), (1, 1001, "perPage")] {
        let request = ListConversationsRequest { page: Some(PageRequest { page, per_page }), ..Default::default() };
        let refused = api.list_conversations(&api.user("ann"), request).await.unwrap_err();
        assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::BadRequest, Some(field)));
    }
}

#[tokio::test]
async fn one_app_does_not_see_another_apps_conversations() {
    let mut world = World::new(&["ann", "bob"]).await;
    world.groups.add_group("room", &["ann", "bob"]);
    let api = world.start().await;
    let direct = api.send("ann", to_user("bob", "secret")).await;
    join(&world, &api, "room", "bob").await;
    let group = api.send("ann", to_group("room", "secret")).await;

    world.app = halley_testkit::unique("a");
    let other = world.start().await;
    assert!(other.conversations("bob").await.is_empty());
    assert!(list(&other, &other.server(), ListConversationsRequest::default()).await.is_empty());
    let counted = other.count_unread(&other.user("bob"), pb::CountUnreadRequest::default()).await.unwrap();
    assert!(counted.counts.is_empty());
    for (kind, with, id) in [(USER, "ann", direct.id), (GROUP, "room", group.id)] {
        let (bob, with_type, with) = (other.user("bob"), kind.into(), with.to_owned());
        let read = pb::MarkReadRequest { with_type, with: with.clone(), message_id: id, ..Default::default() };
        assert_eq!(other.mark_read(&bob, read).await.unwrap_err().code, ErrorCode::ConversationNotAccessible);
        let unread = pb::MarkUnreadRequest { with_type, with: with.clone(), message_id: id };
        assert_eq!(other.mark_unread(&bob, unread).await.unwrap_err().code, ErrorCode::MessageIdNotFound);
        let request = pb::ListMessagesRequest { with_type, with, ..Default::default() };
        assert!(other.page(&bob, request).await.is_empty());
        let thread = pb::ListMessagesRequest { parent_id: id, ..Default::default() };
        assert_eq!(other.list_messages(&bob, thread).await.unwrap_err().code, ErrorCode::MessageIdNotFound);
    }
    // Nothing of it has touched the first app.
    assert_eq!(api.unread("bob", USER, "ann").await, 1);
    assert_eq!(api.unread("bob", GROUP, "room").await, 1);
    assert_eq!(text_of(&api.conversations("bob").await.pop().unwrap().last_message.unwrap()), "secret");
}
