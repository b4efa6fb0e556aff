//! Delivered and read watermarks, and who is told.

use halley_bus::Channel;
use halley_contracts::{
    events::v1::{Event, ReceiptKind, event::Body},
    messaging::v1::{self as pb, Message},
};
use halley_kit::Caller;
use halley_model::ErrorCode;

use crate::support::{Api, GROUP, Outcome, USER, World, history, to_group, to_user};

fn read(kind: pb::ReceiverType, with: &str, message_id: i64) -> pb::MarkReadRequest {
    pb::MarkReadRequest { with_type: kind.into(), with: with.to_owned(), message_id, ..Default::default() }
}

fn delivered(kind: pb::ReceiverType, with: &str, message_id: i64) -> pb::MarkDeliveredRequest {
    pb::MarkDeliveredRequest { with_type: kind.into(), with: with.to_owned(), message_id, ..Default::default() }
}

fn unread(kind: pb::ReceiverType, with: &str, message_id: i64) -> pb::MarkUnreadRequest {
    pb::MarkUnreadRequest { with_type: kind.into(), with: with.to_owned(), message_id }
}

async fn conversation(api: &Api, caller: &Caller, kind: pb::ReceiverType, with: &str) -> Outcome<pb::Conversation> {
    let request = pb::GetConversationRequest { with_type: kind.into(), with: with.to_owned(), ..Default::default() };
    api.get_conversation(caller, request).await.map(|answer| answer.conversation.unwrap())
}

/// So many messages from ann to bob.
async fn sent(api: &Api, count: usize) -> Vec<Message> {
    let mut messages = Vec::new();
    for n in 0..count {
        messages.push(api.send("ann", to_user("bob", &format!("t{n}"))).await);
    }
    messages
}

#[tokio::test]
async fn watermarks_only_move_forward_and_what_is_read_is_delivered() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let ids: Vec<i64> = sent(&api, 6).await.iter().map(|message| message.id).collect();
    let bob = api.user("bob");
    let marks = async || {
        let seen = conversation(&api, &bob, USER, "ann").await.unwrap();
        (seen.last_delivered_message_id, seen.last_read_message_id)
    };

    assert_eq!(api.mark_delivered(&bob, delivered(USER, "ann", ids[2])).await.unwrap().message_id, ids[2]);
    assert_eq!(marks().await, (ids[2], 0));
    assert_eq!(api.mark_delivered(&bob, delivered(USER, "ann", ids[0])).await.unwrap().message_id, ids[2]);
    assert_eq!(api.mark_read(&bob, read(USER, "ann", ids[1])).await.unwrap().message_id, ids[1]);
    assert_eq!(marks().await, (ids[2], ids[1]));
    assert_eq!(api.mark_read(&bob, read(USER, "ann", ids[3])).await.unwrap().message_id, ids[3]);
    assert_eq!(marks().await, (ids[3], ids[3]));
    assert_eq!(api.mark_read(&bob, read(USER, "ann", ids[0])).await.unwrap().message_id, ids[3]);
    assert_eq!(api.mark_read(&bob, read(USER, "ann", -1)).await.unwrap().message_id, ids[3]);
    assert_eq!(marks().await, (ids[3], ids[3]));
    // Without an id: everything; and an id between two messages means the earlier one.
    assert_eq!(api.mark_delivered(&bob, delivered(USER, "ann", 0)).await.unwrap().message_id, ids[5]);
    assert_eq!(api.mark_read(&bob, read(USER, "ann", i64::MAX)).await.unwrap().message_id, ids[5]);
    assert_eq!(marks().await, (ids[5], ids[5]));
    assert_eq!(conversation(&api, &api.user("ann"), USER, "bob").await.unwrap().last_read_message_id, 0);
}

#[tokio::test]
async fn the_sender_sees_when_a_message_was_delivered_and_read() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let messages = sent(&api, 3).await;
    let answer = api.send("bob", to_user("ann", "answer")).await;
    let bob = api.user("bob");
    api.mark_delivered(&bob, delivered(USER, "ann", messages[1].id)).await.unwrap();
    api.mark_read(&bob, read(USER, "ann", messages[0].id)).await.unwrap();

    let seen = api.page(&api.user("ann"), history(USER, "bob")).await;
    let marked = |pick: fn(&Message) -> i64| seen.iter().map(|message| pick(message) != 0).collect::<Vec<_>>();
    assert_eq!(marked(|message| message.delivered_at_ms), [true, true, false, false]);
    assert_eq!(marked(|message| message.read_at_ms), [true, false, false, false]);
    assert!(seen[0].read_at_ms >= messages[0].sent_at_ms);
    let got = api.get_message(&api.user("ann"), pb::GetMessageRequest { id: messages[0].id }).await.unwrap();
    assert_eq!(got.message.as_ref(), Some(&seen[0]));
    // The other direction has a watermark of its own.
    api.mark_read(&api.user("ann"), read(USER, "bob", answer.id)).await.unwrap();
    let got = api.get_message(&bob, pb::GetMessageRequest { id: answer.id }).await.unwrap().message.unwrap();
    assert!(got.read_at_ms != 0 && got.delivered_at_ms != 0);
}

#[tokio::test]
async fn both_sides_of_a_direct_conversation_are_told_once() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let messages = sent(&api, 3).await;
    let (ann, bob) = (Channel::user(&world.app, "ann"), Channel::user(&world.app, "bob"));
    let mut feed = world.listen(vec![ann.clone(), bob.clone()]).await;
    let caller = api.user("bob");

    api.mark_delivered(&caller, delivered(USER, "ann", messages[1].id)).await.unwrap();
    // Nothing moves, so nobody is told.
    api.mark_delivered(&caller, delivered(USER, "ann", messages[0].id)).await.unwrap();
    api.mark_delivered(&caller, delivered(USER, "ann", messages[1].id)).await.unwrap();
    api.mark_read(&caller, read(USER, "ann", messages[2].id)).await.unwrap();

    for (kind, message) in [(ReceiptKind::Delivered, &messages[1]), (ReceiptKind::Read, &messages[2])] {
        for channel in [&ann, &bob] {
            let (on, event) = feed.next().await;
            let Event { origin_device_id, body: Some(Body::ReceiptChanged(changed)), .. } = event else {
                panic!("{event:?}")
            };
            assert_eq!((&on, origin_device_id.as_str(), changed.kind()), (channel, "bob-phone", kind));
            assert_eq!((changed.message_id, changed.sequence), (message.id, message.sequence));
            assert_eq!((changed.receiver_type(), changed.receiver.as_str()), (USER, "ann"));
            assert_eq!((changed.conversation_id.as_str(), changed.message_sender.as_str()), ("ann_user_bob", "ann"));
            assert_eq!(changed.user.unwrap().name, "Name of bob");
        }
    }
}

#[tokio::test]
async fn in_a_group_the_author_is_told_and_not_the_group() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.groups.add_group("room", &["ann", "bob", "cat"]);
    let api = world.start().await;
    let of_ann = api.send("ann", to_group("room", "x")).await;
    let of_cat = api.send("cat", to_group("room", "x")).await;
    let user = |uid: &str| Channel::user(&world.app, uid);
    let everywhere = vec![user("ann"), user("bob"), user("cat"), Channel::group(&world.app, "room")];
    let mut feed = world.listen(everywhere).await;

    api.mark_read(&api.user("bob"), read(GROUP, "room", of_ann.id)).await.unwrap();
    api.mark_read(&api.user("bob"), read(GROUP, "room", of_cat.id)).await.unwrap();
    for (author, message) in [("ann", &of_ann), ("cat", &of_cat)] {
        for channel in [user(author), user("bob")] {
            let (on, changed) = feed.next_receipt().await;
            assert_eq!((on, changed.message_id, changed.receiver.as_str()), (channel, message.id, "room"));
        }
    }
    assert_eq!(conversation(&api, &api.user("bob"), GROUP, "room").await.unwrap().last_read_message_id, of_cat.id);
}

#[tokio::test]
async fn who_looks_sees_how_far_oneself_and_the_others_are() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.groups.add_group("room", &["ann", "bob", "cat"]);
    let api = world.start().await;
    let direct = api.send("ann", to_user("bob", "x")).await;
    let (first, second) = (api.send("ann", to_group("room", "1")).await, api.send("ann", to_group("room", "2")).await);
    let got = async |uid: &str, id: i64| api.get_message(&api.user(uid), pb::GetMessageRequest { id }).await.unwrap();
    assert!(got("ann", direct.id).await.receipts.is_empty() && got("ann", first.id).await.receipts.is_empty());

    api.mark_read(&api.user("bob"), read(USER, "ann", direct.id)).await.unwrap();
    api.mark_read(&api.user("bob"), read(GROUP, "room", first.id)).await.unwrap();
    api.mark_delivered(&api.user("cat"), delivered(GROUP, "room", second.id)).await.unwrap();
    let own = |messages: &[Message]| {
        messages.iter().map(|m| (m.own_delivered_at_ms != 0, m.own_read_at_ms != 0)).collect::<Vec<_>>()
    };
    assert_eq!(own(&api.page(&api.user("bob"), history(USER, "ann")).await), [(true, true)]);
    assert_eq!(own(&api.page(&api.user("bob"), history(GROUP, "room")).await), [(true, true), (false, false)]);
    assert_eq!(own(&api.page(&api.user("cat"), history(GROUP, "room")).await), [(true, false), (true, false)]);
    assert_eq!(own(&api.page(&api.user("ann"), history(USER, "bob")).await), [(false, false)], "one's own message");
    assert_eq!(own(&[got("bob", direct.id).await.message.unwrap()]), [(true, true)]);

    let told = |receipts: Vec<pb::MessageReceipt>| {
        let of = |one: &pb::MessageReceipt| (one.recipient.clone().unwrap().name, one.read_at_ms != 0);
        receipts.iter().inspect(|one| assert!(one.delivered_at_ms != 0)).map(of).collect::<Vec<_>>()
    };
    let name = |uid: &str| format!("Name of {uid}");
    assert_eq!(told(got("ann", direct.id).await.receipts), [(name("bob"), true)]);
    assert_eq!(told(got("ann", first.id).await.receipts), [(name("bob"), true), (name("cat"), false)]);
    assert_eq!(told(got("ann", second.id).await.receipts), [(name("cat"), false)]);
}

#[tokio::test]
async fn receipts_at_once_end_at_the_highest() {
    let world = World::new(&["ann", "bob"]).await;
    let (first, second) = (world.start().await, world.start().await);
    let messages = sent(&first, 20).await;
    let bob = first.user("bob");
    let marks = messages.iter().enumerate().map(|(n, message)| {
        let api = if n % 2 == 0 { &first } else { &second };
        api.mark_read(&bob, read(USER, "ann", message.id))
    });
    assert!(futures::future::join_all(marks).await.iter().all(Result::is_ok));
    let seen = conversation(&first, &bob, USER, "ann").await.unwrap();
    assert_eq!((seen.last_read_message_id, seen.unread_count), (messages[19].id, 0));
}

#[tokio::test]
async fn marking_unread_moves_where_counting_begins_and_takes_no_receipt_back() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let messages = sent(&api, 10).await;
    let bob = api.user("bob");
    let mut feed = world.listen(vec![Channel::user(&world.app, "ann")]).await;
    api.mark_read(&bob, read(USER, "ann", 0)).await.unwrap();
    assert_eq!(feed.next_receipt().await.1.message_id, messages[9].id);

    let answer = api.mark_unread(&bob, unread(USER, "ann", messages[4].id)).await.unwrap().conversation.unwrap();
    assert_eq!((answer.unread_count, answer.last_read_message_id), (5, messages[4].id));
    let seen = api.page(&api.user("ann"), history(USER, "bob")).await;
    assert!(seen.iter().all(|message| message.read_at_ms != 0), "the sender's view stays");
    // Reading a part of it again tells nobody; reading on past it does.
    api.mark_read(&bob, read(USER, "ann", messages[7].id)).await.unwrap();
    assert_eq!(api.unread("bob", USER, "ann").await, 2);
    api.mark_read(&bob, read(USER, "ann", messages[9].id)).await.unwrap();
    assert_eq!(api.unread("bob", USER, "ann").await, 0);
    let next = api.send("ann", to_user("bob", "next")).await;
    assert_eq!(api.unread("bob", USER, "ann").await, 1);
    api.mark_read(&bob, read(USER, "ann", 0)).await.unwrap();
    assert_eq!(feed.next_receipt().await.1.message_id, next.id, "the first receipt since it was marked unread");
}

#[tokio::test]
async fn who_is_no_part_of_a_conversation_marks_nothing() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.groups.add_group("room", &["ann"]);
    let api = world.start().await;
    let direct = api.send("ann", to_user("bob", "x")).await;
    let group = api.send("ann", to_group("room", "x")).await;
    let cases = [("cat", USER, "ann"), ("ann", USER, "cat"), ("bob", GROUP, "room"), ("ann", GROUP, "nowhere")];
    let more = [("ann", USER, "nobody"), ("ann", USER, "no uid"), ("ann", GROUP, "no guid")];
    for (uid, kind, with) in cases.into_iter().chain(more) {
        let caller = api.user(uid);
        let id = if kind == USER { direct.id } else { group.id };
        let refused = [
            api.mark_read(&caller, read(kind, with, id)).await.unwrap_err(),
            api.mark_delivered(&caller, delivered(kind, with, id)).await.unwrap_err(),
            conversation(&api, &caller, kind, with).await.unwrap_err(),
        ];
        for error in refused {
            assert_eq!(error.code, ErrorCode::ConversationNotAccessible, "{uid} {with}");
        }
        let refused = api.mark_unread(&caller, unread(kind, with, id)).await.unwrap_err().code;
        assert!(matches!(refused, ErrorCode::ConversationNotAccessible | ErrorCode::MessageIdNotFound), "{uid} {with}");
    }
    // Only messages of that conversation can be marked.
    for id in [group.id, i64::MAX, 0] {
        let refused = api.mark_unread(&api.user("bob"), unread(USER, "ann", id)).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::MessageIdNotFound);
    }
    let by_app = api.mark_read(&api.server(), read(USER, "ann", 0)).await.unwrap_err();
    assert_eq!((by_app.code, by_app.field.as_deref()), (ErrorCode::BadRequest, Some("onBehalfOf")));
    let no_type = api.mark_read(&api.user("bob"), read(pb::ReceiverType::Unspecified, "ann", 0)).await.unwrap_err();
    assert_eq!((no_type.code, no_type.field.as_deref()), (ErrorCode::InvalidReceiverType, Some("receiverType")));
    assert_eq!(conversation(&api, &api.user("bob"), USER, "ann").await.unwrap().last_read_message_id, 0);
}
