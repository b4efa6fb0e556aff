//! Sending: what is stored, answered and published.

use halley_bus::Channel;
use halley_contracts::messaging::v1::{self as pb, message::ReceiverEntity};
use halley_model::ErrorCode;

use crate::support::{GROUP, USER, World, text_of, to_group, to_user};

#[tokio::test]
async fn a_direct_message_is_answered_stored_and_published_to_both() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let (ann, bob) = (Channel::user(&world.app, "ann"), Channel::user(&world.app, "bob"));
    let mut feed = world.listen(vec![ann.clone(), bob.clone()]).await;

    let mut request = to_user("bob", "hello");
    request.muid = "m-1".to_owned();
    request.tags = vec!["a,b".to_owned(), "\"quoted\" \\ NULL".to_owned()];
    let sent = api.send("ann", request.clone()).await;

    assert_eq!((sent.conversation_id.as_str(), sent.sequence), ("ann_user_bob", 1));
    assert_eq!((sent.sender_uid.as_str(), sent.receiver.as_str(), sent.receiver_type()), ("ann", "bob", USER));
    assert_eq!((sent.muid.as_str(), &sent.data_json, &sent.tags), ("m-1", &request.data_json, &request.tags));
    assert_eq!(sent.sender.as_ref().map(|user| user.name.as_str()), Some("Name of ann"));
    assert!(matches!(&sent.receiver_entity, Some(ReceiverEntity::ReceiverUser(user)) if user.name == "Name of bob"));
    assert_eq!((sent.device_id.as_str(), sent.sent_at_ms == sent.updated_at_ms), ("ann-phone", true));

    let mut channels = Vec::new();
    for _ in 0..2 {
        let (channel, message) = feed.next_message().await;
        assert_eq!(message, sent);
        channels.push(channel);
    }
    assert_eq!(channels, [ann, bob]);
    let got = api.get_message(&api.user("bob"), pb::GetMessageRequest { id: sent.id }).await.unwrap();
    assert_eq!(got.message, Some(sent));
}

#[tokio::test]
async fn a_group_message_is_published_once() {
    let world = World::new(&["ann"]).await;
    world.groups.add_group("room", &["ann"]);
    let api = world.start().await;
    let mut feed = world.listen(vec![Channel::group(&world.app, "room"), Channel::user(&world.app, "ann")]).await;

    let first = api.send("ann", to_group("room", "one")).await;
    let second = api.send("ann", to_group("room", "two")).await;

    assert_eq!(first.conversation_id, "group_room");
    assert!(
        matches!(&first.receiver_entity, Some(ReceiverEntity::ReceiverGroup(group)) if group.name == "Name of room")
    );
    assert_eq!(feed.next_message().await, (Channel::group(&world.app, "room"), first));
    assert_eq!(feed.next_message().await, (Channel::group(&world.app, "room"), second));
}

#[tokio::test]
async fn a_repeated_muid_answers_the_first_message() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    let (api, other) = (world.start().await, world.start().await);
    let mut request = to_user("bob", "first");
    request.muid = "m".to_owned();
    let first = api.send("ann", request.clone()).await;

    request.data_json = r#"{"text":"second"}"#.to_owned();
    for api in [&api, &other] {
        let again = api.send_message(&api.user("ann"), request.clone()).await.unwrap();
        assert!(again.repeated_muid);
        assert_eq!(again.message, Some(first.clone()));
    }
    // Even to somebody else; but another sender's muids are other ones.
    request.receiver = "cat".to_owned();
    assert_eq!(api.send("ann", request.clone()).await.id, first.id);
    request.receiver = "bob".to_owned();
    assert_ne!(api.send("cat", request).await.id, first.id);
    assert_eq!(api.walk(&api.user("ann"), USER, "bob", 100).await.len(), 1);
}

#[tokio::test]
async fn the_sender_is_the_logged_in_user_whatever_the_request_says() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    let api = world.start().await;
    let mut request = to_user("bob", "x");
    request.sender_uid = "cat".to_owned();

    assert_eq!(api.send("ann", request.clone()).await.sender_uid, "ann");
    let by_server = api.send_message(&api.server(), request.clone()).await.unwrap().message.unwrap();
    assert_eq!(by_server.sender_uid, "cat");
    request.sender_uid.clear();
    let by_app = api.send_message(&api.server(), request).await.unwrap().message.unwrap();
    assert_eq!((by_app.sender_uid.as_str(), by_app.receiver.as_str()), ("app_system", "bob"));
    assert_eq!(by_app.sender.unwrap().name, "System");
}

#[tokio::test]
async fn threads_have_one_level_and_one_conversation() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    let api = world.start().await;
    let parent = api.send("ann", to_user("bob", "parent")).await;
    let elsewhere = api.send("ann", to_user("cat", "elsewhere")).await;
    let call = pb::SendMessageRequest { category: pb::MessageCategory::Call.into(), ..to_user("bob", "ring") };
    let call = api.send("ann", call).await;
    let reply = |parent_id| pb::SendMessageRequest { parent_id, ..to_user("bob", "reply") };

    let answered = api.send("ann", reply(parent.id)).await;
    assert_eq!((answered.parent_id, answered.sequence), (parent.id, 3));
    assert_eq!(api.refused("ann", reply(answered.id)).await, ErrorCode::MessageThreadNesting);
    assert_eq!(api.refused("ann", reply(elsewhere.id)).await, ErrorCode::WrongMessageThread);
    assert_eq!(api.refused("ann", reply(call.id)).await, ErrorCode::WrongMessageThreadCategory);
    assert_eq!(api.refused("ann", reply(i64::MAX)).await, ErrorCode::MessageIdNotFound);
    api.send("ann", reply(parent.id)).await;

    let got = api.get_message(&api.user("bob"), pb::GetMessageRequest { id: parent.id }).await.unwrap();
    assert_eq!(got.message.unwrap().reply_count, 2);
    let thread = pb::ListMessagesRequest { parent_id: parent.id, ..Default::default() };
    let thread = api.list_messages(&api.user("bob"), thread).await.unwrap().messages;
    assert_eq!(thread.iter().map(|message| message.parent_id).collect::<Vec<_>>(), [parent.id, parent.id]);
}

#[tokio::test]
async fn a_quoted_message_is_shown_one_level_deep() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let quote = |quoted_message_id, body| pb::SendMessageRequest { quoted_message_id, ..to_user("bob", body) };
    let first = api.send("ann", to_user("bob", "first")).await;
    let second = api.send("ann", quote(first.id, "second")).await;
    let third = api.send("ann", quote(second.id, "third")).await;

    assert_eq!(second.quoted_message.as_deref().map(text_of), Some("first".to_owned()));
    let quoted = third.quoted_message.as_deref().unwrap();
    assert_eq!((text_of(quoted), quoted.quoted_message.is_none()), ("second".to_owned(), true));
    assert_eq!(quoted.sender.as_ref().unwrap().uid, "ann");
    let walked = api.walk(&api.user("bob"), USER, "ann", 10).await;
    assert_eq!(walked[2], third);
}

#[tokio::test]
async fn what_can_not_be_stored_is_refused_by_name() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let base = || to_user("bob", "x");
    let cases = [
        (
            pb::SendMessageRequest { data_json: r#"{"text":"a\u0000b"}"#.into(), ..base() },
            ErrorCode::InvalidMessageData,
        ),
        (pb::SendMessageRequest { data_json: "[]".into(), ..base() }, ErrorCode::InvalidMessageData),
        (pb::SendMessageRequest { data_json: String::new(), ..base() }, ErrorCode::InvalidMessageData),
        (pb::SendMessageRequest { muid: "a\0b".into(), ..base() }, ErrorCode::BadRequest),
        (pb::SendMessageRequest { muid: "m".repeat(101), ..base() }, ErrorCode::BadRequest),
        (pb::SendMessageRequest { device_id: "a\0b".into(), ..base() }, ErrorCode::BadRequest),
        (pb::SendMessageRequest { tags: vec!["a\0b".into()], ..base() }, ErrorCode::BadRequest),
        (pb::SendMessageRequest { r#type: String::new(), ..base() }, ErrorCode::EmptyMessageType),
        (pb::SendMessageRequest { r#type: "a\0b".into(), ..base() }, ErrorCode::BadRequest),
        (
            pb::SendMessageRequest { category: pb::MessageCategory::Action.into(), ..base() },
            ErrorCode::InvalidMessageCategory,
        ),
        (pb::SendMessageRequest { category: 0, ..base() }, ErrorCode::InvalidMessageCategory),
        (pb::SendMessageRequest { category: 77, ..base() }, ErrorCode::InvalidMessageCategory),
        (pb::SendMessageRequest { receiver: String::new(), ..base() }, ErrorCode::EmptyReceiver),
        (pb::SendMessageRequest { receiver_type: 0, ..base() }, ErrorCode::InvalidReceiverType),
        (pb::SendMessageRequest { receiver: "b\0b".into(), ..base() }, ErrorCode::UidNotFound),
    ];
    for (request, code) in cases {
        assert_eq!(api.refused("ann", request.clone()).await, code, "{request:?}");
    }
    // Numbers that JSON can write and a database would spell out are kept as they are.
    let odd =
        pb::SendMessageRequest { data_json: r#"{"z":1e300,"a":[1,{"b":null}],"a2":"\ud83d\ude00"}"#.into(), ..base() };
    let sent = api.send("ann", odd.clone()).await;
    let got = api.get_message(&api.user("ann"), pb::GetMessageRequest { id: sent.id }).await.unwrap().message.unwrap();
    assert_eq!(got.data_json, odd.data_json);
}

#[tokio::test]
async fn a_caller_who_goes_away_does_not_stop_the_write() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    api.send("ann", to_user("bob", "warm")).await;
    let caller = api.user("ann");
    let call = api.send_message(&caller, to_user("bob", "left"));
    // Long enough for the message to be queued, mostly not for its commit; either way it must be stored whole.
    drop(tokio::time::timeout(std::time::Duration::from_micros(300), call).await);

    api.send("ann", to_user("bob", "after")).await;
    let walked = api.walk(&caller, USER, "bob", 10).await;
    crate::support::assert_dense(&walked);
    assert_eq!(walked.last().map(text_of), Some("after".to_owned()));
}

#[tokio::test]
async fn messages_are_counted_by_kind_of_conversation() {
    let world = World::new(&["ann", "bob"]).await;
    world.groups.add_group("room", &["ann"]);
    let api = world.start().await;
    for _ in 0..3 {
        api.send("ann", to_user("bob", "x")).await;
    }
    api.send("ann", to_group("room", "x")).await;

    let counted = api.count_messages(&api.server(), pb::CountMessagesRequest {}).await.unwrap();
    assert_eq!((counted.user_messages, counted.group_messages), (3, 1));
    assert_eq!(api.walk(&api.server(), GROUP, "room", 10).await.len(), 1);
}
