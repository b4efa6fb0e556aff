//! Conversations that users pin for themselves, and those that the app pins for all of them.

use halley_bus::Channel;
use halley_contracts::{
    events::v1::event::Body,
    messaging::v1::{self as pb, Conversation, ListConversationsRequest, ReceiverType, SystemPin},
};
use halley_kit::Caller;
use halley_model::ErrorCode;

use crate::support::{Api, GROUP, USER, World, to_user};

type Told<T> = Result<T, ErrorCode>;

impl Api {
    async fn pin_with(&self, caller: &Caller, kind: ReceiverType, with: &str) -> Told<Conversation> {
        let request =
            pb::PinConversationRequest { with_type: kind.into(), with: with.to_owned(), ..Default::default() };
        let answer = self.pin_conversation(caller, request).await;
        answer.map(|answer| answer.conversation.unwrap()).map_err(|error| error.code)
    }

    async fn unpin_with(&self, caller: &Caller, kind: ReceiverType, with: &str) -> Told<Conversation> {
        let request =
            pb::UnpinConversationRequest { with_type: kind.into(), with: with.to_owned(), ..Default::default() };
        let answer = self.unpin_conversation(caller, request).await;
        answer.map(|answer| answer.conversation.unwrap()).map_err(|error| error.code)
    }

    async fn pin_for_all(&self, caller: &Caller, sides: &[(ReceiverType, &str)]) -> Told<Vec<SystemPin>> {
        let pin = |(kind, with): &(ReceiverType, &str)| SystemPin {
            with_type: (*kind).into(),
            with: (*with).to_owned(),
            pinned_at_ms: 0,
        };
        let request = pb::ReplaceSystemPinsRequest { pins: sides.iter().map(pin).collect() };
        self.replace_system_pins(caller, request).await.map(|answer| answer.pins).map_err(|error| error.code)
    }

    async fn order(&self, uid: &str) -> String {
        let pin =
            |row: &Conversation| if row.pinned_by.is_empty() { row.with.clone() } else { format!("{}*", row.with) };
        self.conversations(uid).await.iter().map(pin).collect::<Vec<_>>().join(" ")
    }
}

#[tokio::test]
async fn pinned_conversations_come_first_for_their_user_alone() {
    let world = World::new(&["ann", "bob", "cat", "dan", "eve"]).await;
    world.groups.add_group("room", &["ann"]);
    let api = world.start().await;
    let ann = api.user("ann");
    api.join(&world, "room", "ann").await;
    for uid in ["bob", "cat", "dan"] {
        api.send("ann", to_user(uid, "x")).await;
    }
    world.emptied().await;
    let mut feed = world.listen(vec![Channel::user(&world.app, "ann")]).await;
    assert_eq!(api.order("ann").await, "dan cat bob room");

    let pinned = api.pin_with(&ann, USER, "bob").await.unwrap();
    assert_eq!((pinned.pinned_by.as_str(), pinned.with.as_str(), pinned.pinned_at_ms > 0), ("ann", "bob", true));
    assert_eq!(api.pin_with(&ann, USER, "bob").await.unwrap().pinned_at_ms, pinned.pinned_at_ms, "once");
    api.pin_with(&ann, GROUP, "room").await.unwrap();
    assert_eq!(api.order("ann").await, "room* bob* dan cat");
    api.send("bob", to_user("ann", "news")).await;
    api.send("cat", to_user("ann", "news")).await;
    assert_eq!(api.order("ann").await, "room* bob* cat dan", "news moves no pin");
    assert_eq!(api.order("bob").await, "ann");
    let get = pb::GetConversationRequest { with_type: USER.into(), with: "bob".to_owned(), ..Default::default() };
    let one = api.get_conversation(&ann, get).await.unwrap().conversation.unwrap();
    assert_eq!((one.pinned_by.as_str(), one.pinned_at_ms), ("ann", pinned.pinned_at_ms));

    assert_eq!(api.unpin_with(&ann, USER, "bob").await.unwrap().pinned_at_ms, 0);
    assert!(api.unpin_with(&ann, USER, "bob").await.is_ok() && api.unpin_with(&ann, USER, "eve").await.is_ok());
    assert_eq!(api.order("ann").await, "room* cat bob dan");
    let mut told = Vec::new();
    while told.len() < 3 {
        if let Some(Body::ConversationPinChanged(changed)) = feed.next().await.1.body {
            told.push((changed.pinned, changed.conversation.unwrap().with));
        }
    }
    assert_eq!(told, [(true, "bob".to_owned()), (true, "room".to_owned()), (false, "bob".to_owned())]);
}

#[tokio::test]
async fn a_conversation_is_pinned_before_it_begins_and_five_are_all() {
    let world = World::new(&["ann", "bob", "u1", "u2", "u3", "u4", "u5", "u6"]).await;
    world.groups.add_group("room", &["bob"]);
    let api = world.start().await;
    let ann = api.user("ann");
    // At the same moment: the limit holds all the same.
    let pins = ["u1", "u2", "u3", "u4", "u5", "u6"].map(|uid| api.pin_with(&ann, USER, uid));
    let outcomes = futures::future::join_all(pins).await;
    let refused: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    assert_eq!(refused, [&ErrorCode::PinnedConversationsLimit]);
    let kept = outcomes.iter().flatten().next().unwrap();
    assert_eq!((kept.created_at_ms, kept.conversation_id.as_str()), (0, format!("ann_user_{}", kept.with).as_str()));
    assert!(api.pin_with(&ann, USER, &kept.with).await.is_ok(), "it is pinned already");
    assert_eq!(api.order("ann").await, "", "there is nothing to list yet");
    api.send("ann", to_user("bob", "x")).await;
    api.send("ann", to_user(&kept.with, "x")).await;
    assert_eq!(api.order("ann").await, format!("{}* bob", kept.with));
    api.unpin_with(&ann, USER, &kept.with).await.unwrap();
    assert!(api.pin_with(&ann, USER, "bob").await.is_ok());
    assert!(api.pin_with(&api.user("bob"), USER, "ann").await.is_ok(), "each user has five");

    assert_eq!(api.pin_with(&ann, USER, "nobody").await, Err(ErrorCode::UidNotFound));
    assert_eq!(api.pin_with(&ann, GROUP, "nothing").await, Err(ErrorCode::GuidNotFound));
    assert_eq!(api.pin_with(&ann, GROUP, "room").await, Err(ErrorCode::GroupNotJoined));
    assert_eq!(api.pin_with(&ann, USER, "").await, Err(ErrorCode::EmptyReceiver));
    assert_eq!(api.pin_with(&api.server(), USER, "bob").await, Err(ErrorCode::BadRequest));
    assert_eq!(api.unpin_with(&api.server(), USER, "bob").await, Err(ErrorCode::BadRequest));
}

#[tokio::test]
async fn what_the_app_pins_comes_first_for_everybody_and_is_no_users_to_change() {
    let world = World::new(&["ann", "bob", "help", "u1", "u2", "u3", "u4", "u5"]).await;
    world.groups.add_group("news", &["ann", "bob"]);
    let api = world.start().await;
    let (ann, server) = (api.user("ann"), api.server());
    for uid in ["ann", "bob"] {
        api.join(&world, "news", uid).await;
        api.send(uid, to_user("help", "x")).await;
        api.send(uid, to_user("u1", "x")).await;
    }
    api.pin_with(&ann, USER, "u1").await.unwrap();
    let pins = api.pin_for_all(&server, &[(USER, "help"), (GROUP, "news"), (USER, "help")]).await.unwrap();
    assert_eq!(pins.iter().map(|pin| pin.with.as_str()).collect::<Vec<_>>(), ["help", "news"]);
    assert_eq!(api.order("ann").await, "help* news* u1*");
    assert_eq!(api.order("bob").await, "help* news* u1");
    let listed = api.conversations("ann").await;
    assert_eq!((listed[0].pinned_by.as_str(), listed[2].pinned_by.as_str()), ("app_system", "ann"));
    assert_eq!(listed[0].pinned_at_ms, pins[0].pinned_at_ms);
    for outcome in [api.pin_with(&ann, USER, "help").await, api.unpin_with(&ann, GROUP, "news").await] {
        assert_eq!(outcome, Err(ErrorCode::SystemPinnedConversation));
    }
    let of = async |pinned_by_owner, pinned_by_app| {
        let request = ListConversationsRequest { pinned_by_owner, pinned_by_app, ..Default::default() };
        let rows = api.list_conversations(&ann, request).await.unwrap().conversations;
        rows.iter().map(|row| row.with.clone()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!((of(true, false).await, of(false, true).await), ("u1".to_owned(), "help news".to_owned()));
    assert_eq!(of(true, true).await, "help news u1");

    // The list is replaced as a whole; what stays in it keeps its time.
    let again = api.pin_for_all(&server, &[(GROUP, "news"), (USER, "help")]).await.unwrap();
    assert_eq!((again[1].with.as_str(), again[1].pinned_at_ms), ("help", pins[0].pinned_at_ms));
    assert_eq!(api.order("bob").await, "news* help* u1");
    let refused = async |sides: &[(ReceiverType, &str)], code| {
        assert_eq!(api.pin_for_all(&api.server(), sides).await, Err(code), "{sides:?}");
    };
    let six = [(USER, "u1"), (USER, "u2"), (USER, "u3"), (USER, "u4"), (USER, "u5"), (USER, "help")];
    refused(&six, ErrorCode::SystemPinnedConversationsLimit).await;
    refused(&[(USER, "nobody")], ErrorCode::UidNotFound).await;
    refused(&[(GROUP, "nothing")], ErrorCode::GuidNotFound).await;
    refused(&[(USER, "")], ErrorCode::BadRequest).await;
    assert_eq!(api.pin_for_all(&ann, &[]).await, Err(ErrorCode::PermissionDenied), "not a user's to set");
    let list = pb::ListSystemPinsRequest {};
    assert_eq!(api.list_system_pins(&ann, list).await.expect_err("refused").code, ErrorCode::PermissionDenied);
    assert_eq!(api.list_system_pins(&server, list).await.unwrap().pins, again, "a refusal changes nothing");
    let mut elsewhere = world.start().await;
    elsewhere.app = "other".to_owned();
    assert!(elsewhere.list_system_pins(&elsewhere.server(), list).await.unwrap().pins.is_empty());
    assert!(api.pin_for_all(&server, &[]).await.unwrap().is_empty());
    assert_eq!(api.order("ann").await, "u1* news help");
    api.send("ann", to_user("help", "x")).await;
    assert_eq!(api.order("ann").await, "u1* help news");
}
