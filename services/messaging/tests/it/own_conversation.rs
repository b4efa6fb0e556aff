//! What a user does to the own side of a conversation: tags, deletion, and finding it by a name or a public id.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use halley_bus::Channel;
use halley_contracts::{
    common::v1::PageRequest,
    events::v1::{OwnConversationChanged, event::Body},
    groups::v1::MembershipAction,
    messaging::v1::{
        self as pb, GetConversationRequest, ListConversationsRequest, ListMessagesRequest, ReceiverType,
        ResetConversationRequest, UpdateConversationRequest,
    },
};
use halley_model::ErrorCode;

use crate::support::{Api, Feed, GROUP, USER, World, history, texts, to_group, to_user};

fn tagged(kind: ReceiverType, with: &str, tags: &[&str]) -> UpdateConversationRequest {
    let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
    UpdateConversationRequest { with_type: kind.into(), with: with.to_owned(), tags }
}

fn reset(kind: ReceiverType, with: &str) -> ResetConversationRequest {
    ResetConversationRequest { with_type: kind.into(), with: with.to_owned(), ..Default::default() }
}

impl Api {
    async fn listed(&self, uid: &str, request: ListConversationsRequest) -> Vec<String> {
        let answer = self.list_conversations(&self.user(uid), request).await.unwrap();
        answer.conversations.into_iter().map(|conversation| conversation.with).collect()
    }

    async fn texts(&self, uid: &str, request: ListMessagesRequest) -> Vec<String> {
        texts(&self.page(&self.user(uid), request).await)
    }
}

/// What the own devices are told next of a conversation.
async fn told(feed: &mut Feed) -> (pb::Conversation, bool) {
    loop {
        if let Some(Body::OwnConversationChanged(OwnConversationChanged { conversation, left })) =
            feed.next().await.1.body
        {
            return (conversation.unwrap(), left);
        }
    }
}

#[tokio::test]
async fn own_devices_hear_of_tags_and_of_what_is_hidden() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    api.send("ann", to_user("bob", "hi")).await;
    let token = api.resume(&api.user("ann"), pb::ResumeRequest::default()).await.unwrap().token;
    let mut feed = world.listen(vec![Channel::user(&world.app, "ann")]).await;
    let ann = api.user("ann");

    api.update_conversation(&ann, tagged(USER, "bob", &["work"])).await.unwrap();
    let (conversation, left) = told(&mut feed).await;
    assert_eq!((conversation.with.as_str(), conversation.hidden_before_sequence, left), ("bob", 0, false));
    assert_eq!(conversation.tags, ["work"]);

    let keeps_place = ResetConversationRequest { preserve_order: true, ..reset(USER, "bob") };
    api.reset_conversation(&ann, keeps_place).await.unwrap();
    let (conversation, left) = told(&mut feed).await;
    assert_eq!((conversation.tags.len(), conversation.hidden_before_sequence, left), (1, 1, false));

    let missed = api.resume(&ann, pb::ResumeRequest { token, positions: Vec::new() }).await.unwrap();
    assert_eq!(missed.conversations[0].hidden_before_sequence, 1, "who was away is told, too");

    api.send("bob", to_user("ann", "hi")).await;
    api.reset_conversation(&ann, reset(USER, "bob")).await.unwrap();
    let (conversation, left) = told(&mut feed).await;
    let id = conversation.conversation_id.as_str();
    assert_eq!((id, conversation.hidden_before_sequence, left), ("ann_user_bob", 2, true));
}

/// Begins a call and is gone once it was woken so often.
async fn leave_after<T>(wakes: usize, call: impl Future<Output = T>) {
    let mut call = pin!(call);
    let mut polls = 0;
    poll_fn(|context| {
        polls += 1;
        match call.as_mut().poll(context) {
            Poll::Pending if polls < wakes => Poll::Pending,
            _ => Poll::Ready(()),
        }
    })
    .await;
}

#[tokio::test]
async fn own_devices_hear_of_a_change_that_its_caller_left_midway() {
    let others: Vec<String> = (1..40).map(|wakes| format!("u{wakes}")).collect();
    let names: Vec<&str> = others.iter().map(String::as_str).collect();
    let world = World::new(&[&["ann"], names.as_slice()].concat()).await;
    let api = world.start().await;
    for other in &others {
        api.send("ann", to_user(other, "hi")).await;
    }
    let mut feed = world.listen(vec![Channel::user(&world.app, "ann")]).await;
    let ann = api.user("ann");

    for (wakes, other) in (1..).zip(&others) {
        leave_after(wakes, api.update_conversation(&ann, tagged(USER, other, &["work"]))).await;
    }

    let by_tag = ListConversationsRequest { tags: vec!["work".to_owned()], ..Default::default() };
    let changed = api.listed("ann", by_tag).await.len();
    let (mut told, mut untold) = (0, 0);
    while told + untold < changed {
        match feed.next().await.1.body {
            Some(Body::OwnConversationChanged(_)) => told += 1,
            Some(Body::OwnViewUntold(_)) => untold += 1,
            _ => {}
        }
    }
    assert!(told > 0 && untold > 0, "{told} of {changed} were told, {untold} are to be asked for");
}

#[tokio::test]
async fn tags_are_the_own_ones() {
    let world = World::new(&["ann", "bob", "eve"]).await;
    world.groups.add_group("room", &["ann"]);
    let api = world.start().await;
    api.send("ann", to_user("bob", "hi")).await;
    api.send("ann", to_group("room", "hi")).await;
    let (ann, bob) = (api.user("ann"), api.user("bob"));

    let answer = api.update_conversation(&ann, tagged(USER, "bob", &["work", "x"])).await.unwrap();

    assert_eq!(answer.conversation.unwrap().tags, ["work", "x"]);
    api.update_conversation(&ann, tagged(GROUP, "room", &["fun"])).await.unwrap();
    let by_tag = |tag: &str| ListConversationsRequest { tags: vec![tag.to_owned()], ..Default::default() };
    assert_eq!(api.listed("ann", by_tag("work")).await, ["bob"]);
    assert_eq!(api.listed("ann", by_tag("fun")).await, ["room"]);
    assert!(api.listed("bob", by_tag("work")).await.is_empty());
    let answer = api.update_conversation(&ann, tagged(USER, "bob", &[])).await.unwrap();
    assert!(answer.conversation.unwrap().tags.is_empty());

    let many: Vec<String> = (0..26).map(|n| format!("t{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (caller, request, code) in [
        (&ann, tagged(USER, "bob", &many), ErrorCode::BadRequest),
        (&ann, tagged(USER, "eve", &["a"]), ErrorCode::ConversationNotAccessible),
        (&ann, tagged(USER, "nobody", &["a"]), ErrorCode::ConversationNotAccessible),
        (&bob, tagged(GROUP, "room", &["a"]), ErrorCode::ConversationNotAccessible),
        (&api.server(), tagged(USER, "bob", &["a"]), ErrorCode::BadRequest),
    ] {
        assert_eq!(api.update_conversation(caller, request).await.expect_err("refused").code, code);
    }
}

#[tokio::test]
async fn a_deleted_conversation_is_gone_for_one_side_until_something_new_is_said() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let (ann, bob) = (api.user("ann"), api.user("bob"));
    let old = api.send("ann", to_user("bob", "old")).await;
    let reply = api.send("ann", pb::SendMessageRequest { parent_id: old.id, ..to_user("bob", "old reply") }).await;
    assert_eq!(api.unread("bob", USER, "ann").await, 1);

    api.reset_conversation(&bob, reset(USER, "ann")).await.unwrap();

    assert!(!api.is_listed("bob", "ann").await && api.is_listed("ann", "bob").await);
    let get = GetConversationRequest { with_type: USER.into(), with: "ann".to_owned(), ..Default::default() };
    let refused = api.get_conversation(&bob, get).await.expect_err("hidden");
    assert_eq!(refused.code, ErrorCode::ConversationNotAccessible);
    let everywhere = |uid: &str| {
        let with = if uid == "bob" { "ann" } else { "bob" };
        let public = ListMessagesRequest { conversation_id: "ann_user_bob".to_owned(), ..Default::default() };
        [history(USER, with), ListMessagesRequest::default(), public]
    };
    for request in everywhere("bob") {
        assert!(api.texts("bob", request).await.is_empty());
    }
    for request in everywhere("ann") {
        assert_eq!(api.texts("ann", request).await, ["old", "old reply"]);
    }
    for id in [old.id, reply.id] {
        let refused = api.get_message(&bob, pb::GetMessageRequest { id }).await.expect_err("hidden");
        assert_eq!(refused.code, ErrorCode::MessageIdNotFound);
    }
    let count = api.count_unread(&bob, pb::CountUnreadRequest::default()).await.unwrap();
    assert!(count.counts.is_empty());

    // An edit is nothing new.
    let edit =
        pb::EditMessageRequest { id: old.id, data_json: r#"{"text":"edited"}"#.to_owned(), ..Default::default() };
    api.edit_message(&ann, edit).await.unwrap();
    assert!(!api.is_listed("bob", "ann").await);

    api.send("ann", to_user("bob", "new")).await;

    assert!(api.is_listed("bob", "ann").await);
    assert_eq!(api.unread("bob", USER, "ann").await, 1);
    let seen = api.page(&bob, history(USER, "ann")).await;
    assert_eq!(seen.iter().map(|row| row.sequence).collect::<Vec<_>>(), [3, 4]);
    assert!(!format!("{seen:?}").contains("old"), "{seen:?}");
}

#[tokio::test]
async fn a_members_deletion_hides_a_group_from_that_member_only() {
    let world = World::new(&["ann", "bob", "eve"]).await;
    world.groups.add_group("room", &["ann", "bob"]);
    let api = world.start().await;
    for uid in ["ann", "bob"] {
        let event = world.membership("room", uid, MembershipAction::Joined);
        api.record_membership(&api.server(), pb::RecordMembershipRequest { event: Some(event) }).await.unwrap();
    }
    api.send("ann", to_group("room", "old")).await;
    api.reset_conversation(&api.user("bob"), reset(GROUP, "room")).await.unwrap();
    assert!(!api.is_listed("bob", "room").await && api.is_listed("ann", "room").await);
    assert!(api.texts("bob", history(GROUP, "room")).await.is_empty());
    assert_eq!(api.texts("ann", history(GROUP, "room")).await.pop().unwrap(), "old");
    api.send("ann", to_group("room", "new")).await;
    assert_eq!(api.texts("bob", history(GROUP, "room")).await, ["new"]);
    assert_eq!(api.unread("bob", GROUP, "room").await, 1);
    for (uid, request) in [("eve", reset(GROUP, "room")), ("eve", reset(USER, "ann"))] {
        let refused = api.reset_conversation(&api.user(uid), request).await.expect_err("refused");
        assert_eq!(refused.code, ErrorCode::ConversationNotAccessible);
    }
    let refused = api.reset_conversation(&api.server(), reset(GROUP, "room")).await.expect_err("refused");
    assert_eq!(refused.code, ErrorCode::BadRequest);
}

#[tokio::test]
async fn a_public_id_finds_the_own_conversation() {
    let world = World::new(&["a", "b_user_c", "a_user_b", "c", "eve"]).await;
    world.groups.add_group("room", &["a"]);
    let api = world.start().await;
    api.send("a", to_user("b_user_c", "one")).await;
    api.send("c", to_user("a_user_b", "other")).await;
    let event = world.membership("room", "a", MembershipAction::Joined);
    api.record_membership(&api.server(), pb::RecordMembershipRequest { event: Some(event) }).await.unwrap();
    let get = |id: &str| GetConversationRequest { conversation_id: id.to_owned(), ..Default::default() };
    for (uid, id, with) in
        [("a", "a_user_b_user_c", "b_user_c"), ("c", "a_user_b_user_c", "a_user_b"), ("a", "group_room", "room")]
    {
        let answer = api.get_conversation(&api.user(uid), get(id)).await.unwrap();
        assert_eq!(answer.conversation.unwrap().with, with);
    }
    for (uid, id) in [("eve", "a_user_b_user_c"), ("eve", "group_room"), ("a", "nonsense"), ("a", "a_user_c")] {
        let refused = api.get_conversation(&api.user(uid), get(id)).await.expect_err("refused");
        assert_eq!(refused.code, ErrorCode::ConversationNotFound, "{uid} {id}");
        let reset = ResetConversationRequest { conversation_id: id.to_owned(), ..Default::default() };
        let refused = api.reset_conversation(&api.user(uid), reset).await.expect_err("refused");
        assert_eq!(refused.code, ErrorCode::ConversationNotFound, "{uid} {id}");
    }
    let by_id = ResetConversationRequest { conversation_id: "A_user_b_user_c".to_owned(), ..Default::default() };
    api.reset_conversation(&api.user("a"), by_id).await.unwrap();
    assert!(!api.is_listed("a", "b_user_c").await && api.is_listed("c", "a_user_b").await);
}

#[tokio::test]
async fn conversations_are_found_by_the_name_of_the_other_side() {
    let world = World::new(&["ann", "bob", "bobby", "cat"]).await;
    world.groups.add_group("bob-fans", &["ann"]);
    let api = world.start().await;
    for uid in ["bob", "bobby", "cat"] {
        api.send("ann", to_user(uid, "hi")).await;
    }
    let event = world.membership("bob-fans", "ann", MembershipAction::Joined);
    api.record_membership(&api.server(), pb::RecordMembershipRequest { event: Some(event) }).await.unwrap();
    let named = |text: &str| ListConversationsRequest { search_key: text.to_owned(), ..Default::default() };
    assert_eq!(api.listed("ann", named("NAME OF BOB")).await, ["bob-fans", "bobby", "bob"]);
    assert_eq!(api.listed("ann", named("of cat")).await, ["cat"]);
    assert!(api.listed("ann", named("nobody")).await.is_empty());
    assert!(api.listed("cat", named("bob")).await.is_empty(), "only the own ones");
    assert_eq!(
        api.listed("ann", ListConversationsRequest { r#type: USER.into(), ..named("bob") }).await,
        ["bobby", "bob"]
    );

    let mut walked = Vec::new();
    for page in 1..=3 {
        let page = Some(PageRequest { page, per_page: 1 });
        let answer = api.list_conversations(&api.user("ann"), ListConversationsRequest { page, ..named("bob") }).await;
        let answer = answer.unwrap();
        assert_eq!(answer.page.unwrap().total, 3);
        walked.extend(answer.conversations.into_iter().map(|conversation| conversation.with));
    }
    assert_eq!(walked, ["bob-fans", "bobby", "bob"]);
    let long = named(&"x".repeat(101));
    assert_eq!(api.list_conversations(&api.user("ann"), long).await.expect_err("refused").code, ErrorCode::BadRequest);
}
