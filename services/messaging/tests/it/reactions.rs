//! Reactions: who may, how they count, what others are told, their lists.

use halley_bus::Channel;
use halley_contracts::{
    events::v1::{Event, ReactionChanged, event::Body},
    groups::v1::MembershipAction,
    messaging::v1::{
        self as pb, AddReactionRequest, Direction, ListMessagesRequest, ListReactionsRequest, Message,
        RemoveReactionRequest,
    },
};
use halley_kit::Caller;
use halley_model::ErrorCode;

use crate::support::{Api, Feed, GROUP, Turn, USER, World, history, to_group, to_user};

impl Api {
    async fn react(&self, caller: &Caller, message_id: i64, reaction: &str) -> Result<Message, ErrorCode> {
        let request = AddReactionRequest { message_id, reaction: reaction.to_owned(), ..Default::default() };
        let answer = self.add_reaction(caller, request).await;
        answer.map(|answer| answer.message.unwrap()).map_err(|error| error.code)
    }

    async fn take_back(&self, caller: &Caller, message_id: i64, reaction: &str) -> Result<Message, ErrorCode> {
        let request = RemoveReactionRequest { message_id, reaction: reaction.to_owned(), ..Default::default() };
        let answer = self.remove_reaction(caller, request).await;
        answer.map(|answer| answer.message.unwrap()).map_err(|error| error.code)
    }

    async fn reactors(&self, caller: &Caller, request: ListReactionsRequest) -> Vec<String> {
        let answer = self.list_reactions(caller, request).await.unwrap();
        answer.reactions.iter().map(|reaction| format!("{} {}", reaction.uid, reaction.reaction)).collect()
    }
}

impl Feed {
    async fn next_reaction(&mut self) -> ReactionChanged {
        loop {
            if let (_, Event { body: Some(Body::ReactionChanged(changed)), .. }) = self.next().await {
                return changed;
            }
        }
    }
}

/// Reaction, count, whether it is the viewer's own.
fn counts(message: &Message) -> Vec<(&str, i32, bool)> {
    message.reactions.iter().map(|count| (count.reaction.as_str(), count.count, count.by_me)).collect()
}

#[tokio::test]
async fn reactions_are_counted_for_each_viewer() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.groups.add_group("room", &["ann", "bob", "cat"]);
    let api = world.start().await;
    let (ann, bob, cat) = (api.user("ann"), api.user("bob"), api.user("cat"));
    let sent = api.send("ann", to_group("room", "hi")).await;
    let plain = api.send("ann", to_group("room", "plain")).await;

    api.react(&bob, sent.id, "👍").await.unwrap();
    api.react(&bob, sent.id, "❤️").await.unwrap();
    let answer = api.react(&ann, sent.id, "👍").await.unwrap();

    assert_eq!(answer.id, sent.id);
    assert_eq!(counts(&answer), [("👍", 2, true), ("❤️", 1, false)]);
    assert!(answer.updated_at_ms >= sent.updated_at_ms);
    assert_eq!(counts(&api.react(&ann, sent.id, "👍").await.unwrap()), [("👍", 2, true), ("❤️", 1, false)], "once");
    let seen = async |caller: &Caller| {
        let page = api.page(caller, history(GROUP, "room")).await;
        assert!(page.iter().find(|row| row.id == plain.id).unwrap().reactions.is_empty());
        page.into_iter().find(|row| row.id == sent.id).unwrap()
    };
    assert_eq!(counts(&seen(&bob).await), [("👍", 2, true), ("❤️", 1, true)]);
    assert_eq!(counts(&seen(&cat).await), [("👍", 2, false), ("❤️", 1, false)]);
    assert_eq!(counts(&seen(&api.server()).await), [("👍", 2, false), ("❤️", 1, false)]);

    assert_eq!(counts(&api.take_back(&bob, sent.id, "👍").await.unwrap()), [("👍", 1, false), ("❤️", 1, true)]);
    assert_eq!(counts(&api.take_back(&bob, sent.id, "👍").await.unwrap()), [("👍", 1, false), ("❤️", 1, true)]);
    assert_eq!(counts(&api.take_back(&ann, sent.id, "👍").await.unwrap()), [("❤️", 1, false)]);
    let with = ListMessagesRequest { has_reactions: true, ..history(GROUP, "room") };
    let ids = |rows: Vec<Message>| rows.iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(api.page(&cat, with.clone()).await), [sent.id]);
    api.take_back(&bob, sent.id, "❤️").await.unwrap();
    assert!(api.page(&cat, with).await.is_empty());
}

#[tokio::test]
async fn messages_with_reactions_are_walked_whole_and_in_order() {
    let world = World::new(&["ann", "bob"]).await;
    world.groups.add_group("room", &["ann", "bob"]);
    let api = world.start().await;
    for uid in ["ann", "bob"] {
        let event = Some(world.membership("room", uid, MembershipAction::Added));
        api.record_membership(&api.server(), pb::RecordMembershipRequest { event }).await.unwrap();
    }
    let (ann, bob) = (api.user("ann"), api.user("bob"));
    let (mut direct, mut grouped) = (Vec::new(), Vec::new());
    for n in 0..30 {
        for (to, reacted) in [(to_user("bob", "d"), &mut direct), (to_group("room", "g"), &mut grouped)] {
            let id = api.send("ann", to).await.id;
            if n % 3 == 0 {
                for (caller, reaction) in [(&ann, "x"), (&bob, "x"), (&bob, "y")] {
                    api.react(caller, id, reaction).await.unwrap();
                }
                reacted.push(id);
            } else if n % 3 == 1 {
                api.react(&bob, id, "x").await.unwrap();
                api.take_back(&bob, id, "x").await.unwrap();
            }
        }
    }
    let mut all = [direct.clone(), grouped.clone()].concat();
    all.sort_unstable();
    let everywhere = ListMessagesRequest::default();
    for (caller, request, expected) in [
        (&ann, history(USER, "bob"), &direct),
        (&bob, history(GROUP, "room"), &grouped),
        (&bob, everywhere.clone(), &all),
        (&api.server(), everywhere, &all),
    ] {
        for direction in [Direction::Append, Direction::Prepend] {
            let request =
                ListMessagesRequest { has_reactions: true, limit: 4, direction: direction.into(), ..request.clone() };
            let mut seen = api.pages(caller, request.clone(), |request, last| request.cursor_id = last.id).await;
            if !request.with.is_empty() {
                let turn: Turn = |request, last| request.cursor_sequence = last.sequence;
                assert_eq!(api.pages(caller, request, turn).await, seen);
            }
            assert_eq!(seen.drain(..).map(|row| row.id).collect::<Vec<_>>(), *expected, "{direction:?}");
        }
    }
}

#[tokio::test]
async fn everybody_in_the_conversation_is_told_once() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let (ann, bob) = (api.user("ann"), api.user("bob"));
    let parent = api.send("ann", to_user("bob", "hi")).await;
    let reply = api.send("ann", pb::SendMessageRequest { parent_id: parent.id, ..to_user("bob", "re") }).await;
    let mut feed = world.listen(vec![Channel::user(&world.app, "ann")]).await;
    api.react(&bob, reply.id, "x").await.unwrap();
    api.react(&bob, reply.id, "x").await.unwrap();
    api.take_back(&ann, reply.id, "x").await.unwrap();
    api.take_back(&bob, reply.id, "x").await.unwrap();
    let added = feed.next_reaction().await;
    let removed = feed.next_reaction().await;
    assert!(added.added && !removed.added, "neither a repeat nor another's is told");
    for told in [&added, &removed] {
        assert_eq!((told.receiver_type(), told.receiver.as_str()), (USER, "ann"));
        assert_eq!((told.conversation_id.as_str(), told.parent_id), ("ann_user_bob", parent.id));
        assert_eq!(told.message_sender, "ann");
        let reaction = told.reaction.as_ref().unwrap();
        assert_eq!((reaction.uid.as_str(), reaction.message_id, reaction.reaction.as_str()), ("bob", reply.id, "x"));
        assert_eq!(reaction.user.as_ref().unwrap().name, "Name of bob");
    }
    assert_eq!(added.reaction, removed.reaction);
}

#[tokio::test]
async fn not_everybody_reacts_to_everything() {
    let world = World::new(&["ann", "bob", "eve"]).await;
    world.groups.add_group("room", &["ann"]);
    let api = world.start().await;
    let (ann, bob, eve) = (api.user("ann"), api.user("bob"), api.user("eve"));
    let sent = api.send("ann", to_user("bob", "hi")).await;
    let in_group = api.send("ann", to_group("room", "hi")).await;
    for id in [sent.id, in_group.id] {
        assert_eq!(api.react(&eve, id, "x").await.expect_err("refused"), ErrorCode::MessageNoAccess);
        assert_eq!(api.take_back(&eve, id, "x").await.expect_err("refused"), ErrorCode::MessageNoAccess);
        let list = ListReactionsRequest { message_id: id, ..Default::default() };
        assert_eq!(api.list_reactions(&eve, list).await.expect_err("refused").code, ErrorCode::MessageNoAccess);
    }
    assert_eq!(api.react(&api.server(), sent.id, "x").await.expect_err("refused"), ErrorCode::BadRequest);
    for wrong in ["", " ", "a\0", &"x".repeat(46)] {
        assert_eq!(api.react(&bob, sent.id, wrong).await.expect_err("refused"), ErrorCode::BadRequest, "{wrong:?}");
    }
    let request = pb::DeleteMessageRequest { id: in_group.id, ..Default::default() };
    let action = api.delete_message(&ann, request).await.unwrap().message.unwrap();
    assert_eq!(api.react(&ann, in_group.id, "x").await.expect_err("refused"), ErrorCode::MessageIdNotFound);
    assert_eq!(api.react(&ann, action.id, "x").await.expect_err("refused"), ErrorCode::MessageActionNotAllowed);
    api.react(&bob, sent.id, "x").await.unwrap();
    world.identity.block("ann", "bob");
    let api = world.start().await;
    assert_eq!(api.react(&bob, sent.id, "y").await.expect_err("refused"), ErrorCode::BlockedSender);
    assert!(api.take_back(&bob, sent.id, "x").await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_message_has_at_most_25_different_ones_whoever_adds_them() {
    let uids: Vec<String> = (0..30).map(|n| format!("u{n}")).collect();
    let world = World::new(&uids.iter().map(String::as_str).collect::<Vec<_>>()).await;
    world.groups.add_group("room", &uids.iter().map(String::as_str).collect::<Vec<_>>());
    let (first, second) = (world.start().await, world.start().await);
    let sent = first.send("u0", to_group("room", "hi")).await;
    let reacting = (0..30).map(|n| {
        let api = if n % 2 == 0 { &first } else { &second };
        let (caller, reaction) = (api.user(&uids[n]), format!("r{n}"));
        async move { api.react(&caller, sent.id, &reaction).await }
    });
    let outcomes = futures::future::join_all(reacting).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 25);
    let there = outcomes.iter().position(Result::is_ok).unwrap();
    let away = outcomes.iter().position(Result::is_err).unwrap();
    let other = first.user(&uids[away]);
    let answer = first.react(&other, sent.id, &format!("r{there}")).await.unwrap();
    assert_eq!(answer.reactions.len(), 25);
    first.take_back(&other, sent.id, &format!("r{there}")).await.unwrap();
    first.take_back(&first.user(&uids[there]), sent.id, &format!("r{there}")).await.unwrap();
    assert!(first.react(&other, sent.id, "new").await.is_ok(), "there is room again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_are_all_counted() {
    let uids: Vec<String> = (0..40).map(|n| format!("u{n}")).collect();
    let world = World::new(&uids.iter().map(String::as_str).collect::<Vec<_>>()).await;
    world.groups.add_group("room", &uids.iter().map(String::as_str).collect::<Vec<_>>());
    let (first, second) = (world.start().await, world.start().await);
    let sent = first.send("u0", to_group("room", "hi")).await;
    let reacting = uids.iter().enumerate().map(|(n, uid)| {
        let api = if n % 2 == 0 { &first } else { &second };
        async move {
            api.react(&api.user(uid), sent.id, "👍").await.unwrap();
            if n % 4 == 0 {
                api.take_back(&api.user(uid), sent.id, "👍").await.unwrap();
            }
        }
    });
    let sending = (0..40).map(|n| first.send("u0", to_group("room", &format!("t{n}"))));
    futures::future::join(futures::future::join_all(reacting), futures::future::join_all(sending)).await;
    let message = first.get_message(&first.user("u1"), pb::GetMessageRequest { id: sent.id }).await.unwrap();
    assert_eq!(counts(&message.message.unwrap()), [("👍", 30, true)]);
}

#[tokio::test]
async fn the_list_is_walked_both_ways_and_by_reaction() {
    let uids: Vec<String> = (0..7).map(|n| format!("u{n}")).collect();
    let world = World::new(&uids.iter().map(String::as_str).collect::<Vec<_>>()).await;
    world.groups.add_group("room", &uids.iter().map(String::as_str).collect::<Vec<_>>());
    let api = world.start().await;
    let sent = api.send("u0", to_group("room", "hi")).await;
    let mut wanted = Vec::new();
    for uid in &uids {
        for reaction in ["a", "b"] {
            api.react(&api.user(uid), sent.id, reaction).await.unwrap();
            wanted.push(format!("{uid} {reaction}"));
        }
    }
    let only_b: Vec<String> = wanted.iter().filter(|row| row.ends_with('b')).cloned().collect();
    for (reaction, wanted) in [("", &wanted), ("b", &only_b)] {
        for direction in [Direction::Append, Direction::Prepend] {
            let mut request = ListReactionsRequest {
                message_id: sent.id,
                reaction: reaction.to_owned(),
                direction: direction.into(),
                limit: 3,
                cursor_id: 0,
            };
            let mut pages: Vec<Vec<String>> = Vec::new();
            loop {
                let answer = api.list_reactions(&api.user("u3"), request.clone()).await.unwrap();
                let rows = &answer.reactions;
                pages.push(rows.iter().map(|row| format!("{} {}", row.uid, row.reaction)).collect());
                let outermost = if direction == Direction::Append { rows.last() } else { rows.first() };
                if !answer.has_more {
                    break;
                }
                request.cursor_id = outermost.unwrap().id;
            }
            if direction == Direction::Prepend {
                pages.reverse();
            }
            assert_eq!(&pages.concat(), wanted, "{reaction:?} {direction:?}");
        }
    }
    let all = ListReactionsRequest { message_id: sent.id, ..Default::default() };
    assert_eq!(api.reactors(&api.server(), all.clone()).await, wanted);
    for limit in [-1, 1001] {
        let request = ListReactionsRequest { limit, ..all.clone() };
        let refused = api.list_reactions(&api.server(), request).await.expect_err("refused");
        assert_eq!(refused.code, ErrorCode::BadRequest);
    }
}
