//! Threads: their list, what is unread in them, who is subscribed.

use std::collections::{BTreeMap, BTreeSet};

use halley_contracts::{
    groups::v1::MembershipAction,
    messaging::v1::{self as pb, Direction, ListThreadsRequest, Thread},
};
use halley_kit::Caller;
use halley_model::ErrorCode;

use crate::support::{Api, GROUP, USER, World, history, to_group, to_user};

impl Api {
    /// Makes a user a member of a group.
    pub async fn join(&self, world: &World, guid: &str, uid: &str) -> pb::Message {
        world.groups.add_member(guid, uid);
        let event = Some(world.membership(guid, uid, MembershipAction::Joined));
        let request = pb::RecordMembershipRequest { event };
        self.record_membership(&self.server(), request).await.unwrap().message.unwrap()
    }

    async fn reply(&self, uid: &str, parent: &pb::Message, text: &str) -> pb::Message {
        let to = if parent.receiver_type() == GROUP {
            to_group(&parent.receiver, text)
        } else {
            let other = if parent.sender_uid == uid { &parent.receiver } else { &parent.sender_uid };
            to_user(other, text)
        };
        self.send(uid, pb::SendMessageRequest { parent_id: parent.id, ..to }).await
    }

    async fn threads(&self, caller: &Caller, request: ListThreadsRequest) -> Vec<Thread> {
        self.list_threads(caller, request).await.unwrap().threads
    }

    async fn is_subscribed(&self, uid: &str, parent: &pb::Message) -> bool {
        let get = pb::GetMessageRequest { id: parent.id };
        self.get_message(&self.user(uid), get).await.unwrap().message.unwrap().thread_subscribed
    }

    async fn unsubscribe(&self, uid: &str, parent: &pb::Message) {
        let request = pb::UnsubscribeThreadRequest { parent_id: parent.id };
        self.unsubscribe_thread(&self.user(uid), request).await.unwrap();
    }

    /// Every thread from the newest on, in pages of that size; perhaps as a client that knows whole seconds.
    async fn walk_threads(&self, caller: &Caller, mut request: ListThreadsRequest, seconds: bool) -> Vec<Thread> {
        let mut all = Vec::new();
        loop {
            let page = self.list_threads(caller, request.clone()).await.unwrap();
            assert!(page.threads.len() <= usize::try_from(request.limit).unwrap());
            if let Some(last) = page.threads.last() {
                let ms = last.updated_at_ms;
                request.cursor_updated_at_ms = if seconds { ms / 1000 * 1000 + 999 } else { ms };
                request.cursor_parent_id = last.parent.as_ref().unwrap().id;
            }
            all.extend(page.threads);
            if !page.has_more {
                return all;
            }
        }
    }
}

fn ids(threads: &[Thread]) -> Vec<i64> {
    threads.iter().map(|thread| thread.parent.as_ref().unwrap().id).collect()
}

fn unread() -> ListThreadsRequest {
    ListThreadsRequest { with_unread_count: true, with_mention_count: true, ..Default::default() }
}

#[tokio::test]
async fn the_thread_with_the_newest_reply_comes_first_with_it() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.groups.add_group("room", &["ann", "bob"]);
    let api = world.start().await;
    for uid in ["ann", "bob"] {
        api.join(&world, "room", uid).await;
    }
    let first = api.send("ann", to_user("bob", "first")).await;
    let second = api.send("ann", to_group("room", "second")).await;
    api.send("ann", to_user("bob", "no thread")).await;
    api.reply("bob", &second, "r1").await;
    api.reply("bob", &first, "r2").await;
    let last = api.reply("ann", &first, "r3").await;

    let threads = api.threads(&api.user("ann"), ListThreadsRequest::default()).await;
    assert_eq!(ids(&threads), [first.id, second.id]);
    assert_eq!(threads[0].parent.as_ref().unwrap().reply_count, 2);
    assert_eq!(threads[0].last_reply.as_ref().unwrap().id, last.id);
    assert_eq!(threads[0].updated_at_ms, last.sent_at_ms);
    assert!(threads[0].subscribed);
    assert_eq!(threads[0].unread_reply_count, 0, "not asked for");
    assert_eq!(ids(&api.threads(&api.server(), ListThreadsRequest::default()).await), [first.id, second.id]);
    assert!(api.threads(&api.user("cat"), ListThreadsRequest::default()).await.is_empty());
    let with = |kind: pb::ReceiverType, with: &str| ListThreadsRequest {
        with_type: kind.into(),
        with: with.to_owned(),
        ..Default::default()
    };
    assert_eq!(ids(&api.threads(&api.user("ann"), with(GROUP, "room")).await), [second.id]);
    assert_eq!(ids(&api.threads(&api.user("ann"), with(USER, "bob")).await), [first.id]);
    assert_eq!(ids(&api.threads(&api.server(), with(USER, "bob")).await), [first.id]);
    assert_eq!(ids(&api.threads(&api.server(), with(GROUP, "room")).await), [second.id]);
    let refused = api.list_threads(&api.user("cat"), with(GROUP, "room")).await.expect_err("refused");
    assert_eq!(refused.code, ErrorCode::GroupNotJoined);
    let refused = api.list_threads(&api.server(), unread()).await.expect_err("refused");
    assert_eq!(refused.code, ErrorCode::BadRequest);

    // A thread of deleted replies is none, and the last reply is one that is there.
    let delete = |id| pb::DeleteMessageRequest { id, ..Default::default() };
    api.delete_message(&api.user("ann"), delete(last.id)).await.unwrap();
    let threads = api.threads(&api.user("ann"), with(USER, "bob")).await;
    assert_eq!(threads[0].last_reply.as_ref().unwrap().sender_uid, "bob");
    let left = threads[0].last_reply.as_ref().unwrap().id;
    api.delete_message(&api.user("bob"), delete(left)).await.unwrap();
    assert!(api.threads(&api.user("ann"), with(USER, "bob")).await.is_empty());
    let erase = pb::DeleteMessageRequest { id: second.id, permanent: true, ..Default::default() };
    api.delete_message(&api.server(), erase).await.unwrap();
    assert!(api.threads(&api.user("ann"), ListThreadsRequest::default()).await.is_empty());
    let rows: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM thread_members WHERE parent_id = $1) + (SELECT count(*) FROM threads WHERE parent_id = $1)",
    )
    .bind(second.id)
    .fetch_one(&world.pool)
    .await
    .unwrap();
    assert_eq!(rows, 0, "what was deleted for good leaves nothing behind");
}

#[tokio::test]
async fn messages_tell_what_of_their_threads_is_unread_and_subscribed() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let parent = api.send("ann", to_user("bob", "parent")).await;
    for text in ["r1", "r2"] {
        api.reply("bob", &parent, text).await;
    }
    let request = pb::ListMessagesRequest { hide_replies: true, with_thread_subscribed: true, ..history(USER, "bob") };
    let seen = async |request: &pb::ListMessagesRequest| {
        let shown = api.page(&api.user("ann"), request.clone()).await;
        (shown[0].unread_reply_count, shown[0].thread_subscribed)
    };
    assert_eq!(seen(&request).await, (2, true));
    assert_eq!(seen(&pb::ListMessagesRequest { with_thread_subscribed: false, ..request.clone() }).await, (2, false));
    let of_bob = api.page(&api.user("bob"), history(USER, "ann")).await;
    assert_eq!(of_bob[0].unread_reply_count, 0, "his own");
    api.unsubscribe("ann", &parent).await;
    let read = pb::MarkReadRequest { with_type: USER.into(), with: "bob".to_owned(), ..Default::default() };
    api.mark_read(&api.user("ann"), read).await.unwrap();
    assert_eq!(seen(&request).await, (0, false));
}

#[tokio::test]
async fn who_wrote_the_parent_or_replied_takes_part() {
    let world = World::new(&["ann", "bob", "cat", "dan"]).await;
    world.groups.add_group("room", &["ann", "bob", "cat", "dan"]);
    let api = world.start().await;
    for uid in ["ann", "bob", "cat", "dan"] {
        api.join(&world, "room", uid).await;
    }
    let parent = api.send("ann", to_group("room", "parent")).await;
    let own = ListThreadsRequest { participated: true, ..Default::default() };
    api.reply("bob", &parent, "hello <@uid:cat> and <@uid:stranger>").await;
    let participates = async |uid: &str| !api.threads(&api.user(uid), own.clone()).await.is_empty();
    assert!(participates("ann").await && participates("bob").await);
    assert!(!participates("cat").await && !participates("dan").await, "who is mentioned has said nothing");
    for (uid, subscribed) in [("ann", true), ("bob", true), ("cat", true), ("dan", false)] {
        assert_eq!(api.is_subscribed(uid, &parent).await, subscribed, "{uid}");
    }
    let strangers: i64 = sqlx::query_scalar("SELECT count(*) FROM thread_members WHERE uid = 'stranger'")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(strangers, 0);

    // It is not remembered that somebody unsubscribed; but others' replies don't subscribe anybody again.
    for uid in ["ann", "bob", "cat"] {
        api.unsubscribe(uid, &parent).await;
        api.unsubscribe(uid, &parent).await;
    }
    api.reply("bob", &parent, "again").await;
    for (uid, subscribed) in [("ann", false), ("bob", true), ("cat", false)] {
        assert_eq!(api.is_subscribed(uid, &parent).await, subscribed, "{uid}");
    }
    assert!(participates("ann").await, "an end of a subscription is no leaving");
    let subscribe = pb::SubscribeThreadRequest { parent_id: parent.id };
    for _ in 0..2 {
        api.subscribe_thread(&api.user("dan"), subscribe).await.unwrap();
    }
    assert!(api.is_subscribed("dan", &parent).await && !participates("dan").await);
    let refused = api.list_threads(&api.server(), own.clone()).await.expect_err("refused");
    assert_eq!(refused.code, ErrorCode::BadRequest);
}

#[tokio::test]
async fn only_who_sees_a_message_subscribes_to_its_thread() {
    let world = World::new(&["ann", "bob", "eve"]).await;
    world.groups.add_group("room", &["ann"]);
    let api = world.start().await;
    let parent = api.send("ann", to_user("bob", "x")).await;
    let reply = api.reply("bob", &parent, "y").await;
    let action = api.join(&world, "room", "ann").await;
    let refused = async |caller: &Caller, id: i64| {
        let subscribe = pb::SubscribeThreadRequest { parent_id: id };
        let unsubscribe = pb::UnsubscribeThreadRequest { parent_id: id };
        let code = api.subscribe_thread(caller, subscribe).await.expect_err("refused").code;
        assert_eq!(api.unsubscribe_thread(caller, unsubscribe).await.expect_err("refused").code, code);
        code
    };
    assert_eq!(refused(&api.user("eve"), parent.id).await, ErrorCode::MessageNoAccess);
    assert_eq!(refused(&api.user("ann"), 999_999).await, ErrorCode::MessageIdNotFound);
    assert_eq!(refused(&api.user("ann"), reply.id).await, ErrorCode::MessageThreadNesting);
    assert_eq!(refused(&api.user("ann"), action.id).await, ErrorCode::WrongMessageThreadCategory);
    assert_eq!(refused(&api.server(), parent.id).await, ErrorCode::BadRequest);
    let other = World::new(&["ann", "bob"]).await;
    let elsewhere = other.start().await;
    let subscribe = pb::SubscribeThreadRequest { parent_id: parent.id };
    let code = elsewhere.subscribe_thread(&elsewhere.user("ann"), subscribe).await.expect_err("refused").code;
    assert_eq!(code, ErrorCode::MessageIdNotFound, "another app's message is none");
}

#[tokio::test]
async fn unread_replies_are_those_of_others_behind_the_place_read() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let ann = api.user("ann");
    let parent = api.send("ann", to_user("bob", "parent")).await;
    let other = api.send("ann", to_user("bob", "other")).await;
    api.reply("ann", &parent, "own").await;
    let seen = api.reply("bob", &parent, "one").await;
    api.reply("bob", &parent, "two <@uid:ann>").await;
    let gone = api.reply("bob", &parent, "three").await;
    api.reply("bob", &other, "four").await;
    let counts = async |request| {
        let threads = api.threads(&api.user("ann"), request).await;
        let count =
            |thread: &Thread| (thread.parent.as_ref().unwrap().id, (thread.unread_reply_count, thread.mention_count));
        threads.iter().map(count).collect::<BTreeMap<_, _>>()
    };
    assert_eq!(counts(unread()).await, BTreeMap::from([(parent.id, (3, 1)), (other.id, (1, 0))]));
    let only_mentions = ListThreadsRequest { with_mention_count: true, ..Default::default() };
    assert_eq!(counts(only_mentions).await[&parent.id], (0, 1));
    api.delete_message(&api.user("bob"), pb::DeleteMessageRequest { id: gone.id, ..Default::default() }).await.unwrap();
    assert_eq!(counts(unread()).await[&parent.id], (2, 1));

    let read = |message_id| pb::MarkReadRequest {
        with_type: USER.into(),
        with: "bob".to_owned(),
        message_id,
        ..Default::default()
    };
    api.mark_read(&ann, read(seen.id)).await.unwrap();
    assert_eq!(counts(unread()).await, BTreeMap::from([(parent.id, (1, 1)), (other.id, (1, 0))]));
    api.mark_read(&ann, read(0)).await.unwrap();
    assert_eq!(counts(unread()).await, BTreeMap::from([(parent.id, (0, 0)), (other.id, (0, 0))]));
    let back = pb::MarkUnreadRequest { with_type: USER.into(), with: "bob".to_owned(), message_id: seen.id };
    api.mark_unread(&ann, back).await.unwrap();
    assert_eq!(counts(unread()).await[&parent.id], (1, 1));
}

#[tokio::test]
async fn a_walk_holds_every_thread_once_and_both_directions_agree() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    let api = world.start().await;
    let ann = api.user("ann");
    let mut parents = Vec::new();
    for n in 0..11 {
        parents.push(api.send("ann", to_user(if n % 2 == 0 { "bob" } else { "cat" }, &format!("p{n}"))).await);
    }
    // At once, so that many have the same time.
    let replies = parents.iter().map(|parent| api.reply("ann", parent, "r"));
    futures::future::join_all(replies).await;
    sqlx::query("UPDATE threads SET updated_at = date_trunc('second', now()) WHERE parent_id % 2 = 0")
        .execute(&world.pool)
        .await
        .unwrap();
    for caller in [&ann, &api.server()] {
        for limit in [1, 3, 11, 100] {
            let request = ListThreadsRequest { limit, ..Default::default() };
            let all = api.walk_threads(caller, request.clone(), true).await;
            assert_eq!(all.len(), 11);
            assert_eq!(ids(&api.walk_threads(caller, request, false).await), ids(&all));
            assert_eq!(ids(&all).into_iter().collect::<BTreeSet<_>>().len(), 11, "limit {limit}");
            assert!(all.windows(2).all(|pair| pair[0].updated_at_ms >= pair[1].updated_at_ms));
            // Back from the oldest one.
            let oldest = all.last().unwrap();
            let mut request = ListThreadsRequest {
                limit,
                newer: true,
                cursor_updated_at_ms: oldest.updated_at_ms,
                cursor_parent_id: oldest.parent.as_ref().unwrap().id,
                ..Default::default()
            };
            let mut back = vec![oldest.clone()];
            loop {
                let page = api.list_threads(caller, request.clone()).await.unwrap();
                let Some(first) = page.threads.first() else { break };
                request.cursor_updated_at_ms = first.updated_at_ms;
                request.cursor_parent_id = first.parent.as_ref().unwrap().id;
                back.splice(0..0, page.threads);
                if !page.has_more {
                    break;
                }
            }
            assert_eq!(ids(&back), ids(&all), "limit {limit}");
        }
    }
    for (request, field) in [
        (ListThreadsRequest { limit: -1, ..Default::default() }, "limit"),
        (ListThreadsRequest { limit: 1001, ..Default::default() }, "limit"),
        (ListThreadsRequest { cursor_updated_at_ms: i64::MAX, ..Default::default() }, "updatedAt"),
    ] {
        let refused = api.list_threads(&ann, request).await.expect_err("refused");
        assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::BadRequest, Some(field)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_walk_while_replies_come_misses_none_that_stays_or_is_read_from_its_beginning() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let ann = api.user("ann");
    let mut parents = Vec::new();
    for n in 0..30 {
        let parent = api.send("ann", to_user("bob", &format!("p{n}"))).await;
        api.reply("ann", &parent, "r").await;
        parents.push(parent);
    }
    let first = api.threads(&ann, ListThreadsRequest { limit: 1, ..Default::default() }).await.remove(0);
    let walk = async {
        let mut seen = api.walk_threads(&ann, ListThreadsRequest { limit: 2, ..Default::default() }, false).await;
        // What moved to the front in the meantime is there.
        let request = ListThreadsRequest {
            newer: true,
            limit: 1000,
            cursor_updated_at_ms: first.updated_at_ms,
            cursor_parent_id: first.parent.as_ref().unwrap().id,
            ..Default::default()
        };
        seen.extend(api.threads(&ann, request).await);
        seen
    };
    let write = async {
        for parent in parents.iter().step_by(3) {
            api.reply("bob", parent, "again").await;
        }
    };
    let (mut seen, ()) = tokio::join!(walk, write);
    let request = ListThreadsRequest {
        newer: true,
        limit: 1000,
        cursor_updated_at_ms: first.updated_at_ms,
        cursor_parent_id: first.parent.as_ref().unwrap().id,
        ..Default::default()
    };
    seen.extend(api.threads(&ann, request).await);
    let found: BTreeSet<i64> = ids(&seen).into_iter().collect();
    assert_eq!(found, parents.iter().map(|parent| parent.id).collect());
    let untouched: Vec<i64> = parents.iter().enumerate().filter(|(n, _)| n % 3 != 0).map(|(_, row)| row.id).collect();
    for id in untouched {
        assert_eq!(ids(&seen).iter().filter(|seen| **seen == id).count(), 1, "what did not move is seen once");
    }
}

#[tokio::test]
async fn imported_replies_make_threads() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let message = |muid: &str, parent: &str, at: i64| pb::ImportedMessage {
        muid: muid.to_owned(),
        sender_uid: if parent.is_empty() { "ann" } else { "bob" }.to_owned(),
        receiver_type: USER.into(),
        receiver: if parent.is_empty() { "bob" } else { "ann" }.to_owned(),
        category: pb::MessageCategory::Message.into(),
        r#type: "text".to_owned(),
        data_json: r#"{"text":"x"}"#.to_owned(),
        sent_at_ms: at,
        parent_muid: parent.to_owned(),
        ..Default::default()
    };
    let messages = vec![message("p", "", 1000), message("r1", "p", 2000), message("r2", "p", 3000)];
    let request = pb::ImportMessagesRequest { messages, ..Default::default() };
    assert_eq!(api.import_messages(&api.server(), request).await.unwrap().created, 3);
    let own = ListThreadsRequest { participated: true, ..unread() };
    for uid in ["ann", "bob"] {
        let threads = api.threads(&api.user(uid), own.clone()).await;
        assert_eq!((threads.len(), threads[0].updated_at_ms, threads[0].subscribed), (1, 3000, true), "{uid}");
        assert_eq!(threads[0].parent.as_ref().unwrap().reply_count, 2);
        assert_eq!(threads[0].unread_reply_count, 0, "imported messages count as read");
    }
}

#[tokio::test]
async fn a_message_is_found_after_its_thread_moved() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let ann = api.user("ann");
    let mut parents = Vec::new();
    for n in 0..3 {
        let parent = api.send("ann", to_user("bob", &format!("p{n}"))).await;
        api.reply("ann", &parent, "r").await;
        parents.push(parent);
    }
    sqlx::query("UPDATE threads SET updated_at = now() - interval '1 hour'").execute(&world.pool).await.unwrap();
    let page = api.threads(&ann, ListThreadsRequest { limit: 1, ..Default::default() }).await;
    let cursor = (page[0].updated_at_ms / 1000 * 1000 + 999, page[0].parent.as_ref().unwrap().id);
    api.reply("bob", page[0].parent.as_ref().unwrap(), "moves it").await;
    let request =
        ListThreadsRequest { cursor_updated_at_ms: cursor.0, cursor_parent_id: cursor.1, ..Default::default() };
    assert_eq!(api.threads(&ann, request).await.len(), 2, "nothing is passed over");
    let history =
        pb::ListMessagesRequest { parent_id: cursor.1, direction: Direction::Append.into(), ..Default::default() };
    assert_eq!(api.page(&ann, history).await.len(), 2);
}
