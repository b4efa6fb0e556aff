//! Pins and saves: who may, how many, who is told, what lists show.

use halley_bus::Channel;
use halley_contracts::{
    events::v1::event::Body,
    groups::v1::MemberScope,
    messaging::v1::{
        self as pb, ListMessagesRequest, Message, PinMessageRequest, SaveMessageRequest, UnpinMessageRequest,
        UnsaveMessageRequest,
    },
};
use halley_kit::Caller;
use halley_model::ErrorCode;

use crate::support::{Api, GROUP, USER, World, history, to_group, to_user};

impl Api {
    async fn pin(&self, caller: &Caller, message_id: i64) -> Result<Message, ErrorCode> {
        let request = PinMessageRequest { message_id, ..Default::default() };
        let answer = self.pin_message(caller, request).await;
        answer.map(|answer| answer.message.unwrap()).map_err(|error| error.code)
    }

    async fn unpin(&self, caller: &Caller, message_id: i64) -> Result<Message, ErrorCode> {
        let request = UnpinMessageRequest { message_id, ..Default::default() };
        let answer = self.unpin_message(caller, request).await;
        answer.map(|answer| answer.message.unwrap()).map_err(|error| error.code)
    }

    async fn save(&self, caller: &Caller, message_id: i64) -> Result<Message, ErrorCode> {
        let request = SaveMessageRequest { message_id, ..Default::default() };
        let answer = self.save_message(caller, request).await;
        answer.map(|answer| answer.message.unwrap()).map_err(|error| error.code)
    }

    async fn unsave(&self, caller: &Caller, message_id: i64) -> Result<Message, ErrorCode> {
        let request = UnsaveMessageRequest { message_id, ..Default::default() };
        let answer = self.unsave_message(caller, request).await;
        answer.map(|answer| answer.message.unwrap()).map_err(|error| error.code)
    }

    async fn ids(&self, caller: &Caller, request: ListMessagesRequest) -> Vec<i64> {
        self.page(caller, request).await.into_iter().map(|message| message.id).collect()
    }
}

fn pinned(request: ListMessagesRequest) -> ListMessagesRequest {
    ListMessagesRequest { pinned: true, ..request }
}

#[tokio::test]
async fn a_pin_is_everybodys_and_told_to_everybody_once() {
    let world = World::new(&["ann", "bob", "eve"]).await;
    let api = world.start().await;
    let (ann, bob) = (api.user("ann"), api.user("bob"));
    let sent = api.send("ann", to_user("bob", "hi")).await;
    let other = api.send("ann", to_user("bob", "other")).await;
    world.emptied().await;
    let mut feed = world.listen(vec![Channel::user(&world.app, "ann")]).await;

    let first = api.pin(&bob, sent.id).await.unwrap();

    assert_eq!((first.id, first.pinned_by.as_str(), first.pinned_at_ms > 0), (sent.id, "bob", true));
    assert_eq!(api.pin(&bob, sent.id).await.unwrap(), first, "once");
    let second = api.pin(&ann, sent.id).await.unwrap();
    assert_eq!((second.pinned_by.as_str(), second.pinned_at_ms), ("ann", first.pinned_at_ms));
    assert_eq!(api.ids(&ann, pinned(history(USER, "bob"))).await, [sent.id]);
    assert_eq!(api.pin(&api.user("eve"), sent.id).await, Err(ErrorCode::MessageNoAccess));
    assert_eq!(api.unpin(&api.user("eve"), sent.id).await, Err(ErrorCode::MessageNoAccess));
    let gone = api.unpin(&bob, sent.id).await.unwrap();
    assert_eq!((gone.pinned_at_ms, gone.pinned_by.as_str()), (0, ""));
    assert!(api.unpin(&bob, other.id).await.is_ok(), "what is not pinned is no error");
    assert!(api.ids(&ann, pinned(history(USER, "bob"))).await.is_empty());
    let mut told = Vec::new();
    while told.len() < 3 {
        if let Some(Body::PinChanged(changed)) = feed.next().await.1.body {
            told.push((changed.pinned, changed.message.unwrap().pinned_by));
        }
    }
    assert_eq!(told, [(true, "bob".to_owned()), (true, "ann".to_owned()), (false, String::new())]);

    assert_eq!(api.pin(&api.server(), other.id).await.unwrap().pinned_by, "app_system");
    let delete = pb::DeleteMessageRequest { id: other.id, ..Default::default() };
    let action = api.delete_message(&ann, delete).await.unwrap().message.unwrap();
    assert_eq!(action.action_on_message.unwrap().pinned_at_ms, 0, "what is deleted is pinned no more");
    assert!(api.ids(&ann, pinned(history(USER, "bob"))).await.is_empty());
    assert_eq!(api.pin(&ann, other.id).await, Err(ErrorCode::MessageIdNotFound));
    assert_eq!(api.pin(&ann, action.id).await, Err(ErrorCode::MessageActionNotAllowed));
}

#[tokio::test]
async fn in_a_group_who_keeps_order_pins() {
    let world = World::new(&["own", "adm", "mod", "par", "out"]).await;
    world.groups.add_group("room", &["own", "adm", "mod", "par"]);
    world.groups.groups.lock().unwrap().get_mut("room").unwrap().owner = "own".to_owned();
    for (uid, scope) in [("adm", MemberScope::Admin), ("mod", MemberScope::Moderator)] {
        world.groups.scopes.lock().unwrap().insert(("room".to_owned(), uid.to_owned()), scope);
    }
    let api = world.start().await;
    let sent = api.send("par", to_group("room", "hi")).await;
    for uid in ["own", "adm", "mod"] {
        assert_eq!(api.pin(&api.user(uid), sent.id).await.unwrap().pinned_by, uid);
    }
    for (uid, code) in [("par", ErrorCode::PermissionDenied), ("out", ErrorCode::MessageNoAccess)] {
        assert_eq!(api.pin(&api.user(uid), sent.id).await, Err(code));
        assert_eq!(api.unpin(&api.user(uid), sent.id).await, Err(code));
    }
    assert_eq!(api.ids(&api.user("par"), pinned(history(GROUP, "room"))).await, [sent.id]);
}

#[tokio::test]
async fn pins_and_saves_have_their_limits() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    let api = world.start().await;
    let ann = api.user("ann");
    let mut sent = Vec::new();
    for n in 0..101 {
        sent.push(api.send("ann", to_user("bob", &format!("t{n}"))).await.id);
    }
    for id in &sent[..100] {
        api.pin(&ann, *id).await.unwrap();
        api.save(&ann, *id).await.unwrap();
    }
    assert_eq!(api.pin(&ann, sent[100]).await, Err(ErrorCode::PinnedMessagesLimit));
    assert_eq!(api.save(&ann, sent[100]).await, Err(ErrorCode::SavedMessagesLimit));
    assert!(api.pin(&api.user("bob"), sent[0]).await.is_ok(), "it is pinned already");
    assert!(api.save(&ann, sent[0]).await.is_ok(), "it is saved already");
    let elsewhere = api.send("ann", to_user("cat", "x")).await.id;
    assert!(api.pin(&ann, elsewhere).await.is_ok());
    assert!(api.save(&api.user("bob"), sent[100]).await.is_ok());
    api.unpin(&ann, sent[5]).await.unwrap();
    api.unsave(&ann, sent[5]).await.unwrap();
    assert!(api.pin(&ann, sent[100]).await.is_ok() && api.save(&ann, sent[100]).await.is_ok());
    let request =
        ListMessagesRequest { limit: 7, direction: pb::Direction::Append.into(), ..pinned(history(USER, "bob")) };
    let walked = api.pages(&ann, request, |request, last| request.cursor_id = last.id).await;
    assert_eq!(walked.len(), 100);
}

#[tokio::test]
async fn a_save_is_the_users_own() {
    let world = World::new(&["ann", "bob", "eve"]).await;
    world.groups.add_group("room", &["ann", "bob"]);
    let api = world.start().await;
    let (ann, bob) = (api.user("ann"), api.user("bob"));
    let direct = api.send("ann", to_user("bob", "hi")).await;
    let in_group = api.send("ann", to_group("room", "hi")).await;
    world.emptied().await;
    let mut feed = world.listen(vec![Channel::user(&world.app, "ann"), Channel::user(&world.app, "bob")]).await;

    let saved = api.save(&bob, direct.id).await.unwrap();

    assert!(saved.saved_at_ms > 0);
    assert_eq!(api.save(&bob, direct.id).await.unwrap().saved_at_ms, saved.saved_at_ms);
    let list = ListMessagesRequest { saved: true, ..Default::default() };
    let page = api.page(&bob, list.clone()).await;
    assert_eq!(page.iter().map(|row| (row.id, row.saved_at_ms)).collect::<Vec<_>>(), [(direct.id, saved.saved_at_ms)]);
    assert!(api.page(&ann, list.clone()).await.is_empty());
    assert_eq!(api.page(&ann, history(USER, "bob")).await[0].saved_at_ms, 0);
    assert_eq!(api.unsave(&bob, direct.id).await.unwrap().saved_at_ms, 0);
    assert!(api.unsave(&bob, direct.id).await.is_ok(), "what is not saved is no error");
    assert!(api.page(&bob, list.clone()).await.is_empty());
    for saved in [true, false] {
        let (channel, event) = feed.next().await;
        let Some(Body::SaveChanged(changed)) = event.body else { panic!("another event") };
        assert_eq!((channel, changed.saved), (Channel::user(&world.app, "bob"), saved));
    }

    assert_eq!(api.save(&api.user("eve"), in_group.id).await, Err(ErrorCode::MessageNoAccess));
    assert_eq!(api.unsave(&api.user("eve"), in_group.id).await, Err(ErrorCode::MessageNoAccess));
    assert_eq!(api.save(&api.server(), in_group.id).await, Err(ErrorCode::BadRequest));
    let refused = api.list_messages(&api.server(), list.clone()).await.expect_err("refused");
    assert_eq!(refused.code, ErrorCode::BadRequest);
    api.save(&bob, direct.id).await.unwrap();
    let erase = pb::DeleteMessageRequest { id: direct.id, permanent: true, ..Default::default() };
    api.delete_message(&api.server(), erase).await.unwrap();
    assert!(api.page(&bob, list).await.is_empty());
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM saves").fetch_one(&world.pool).await.unwrap();
    assert_eq!(left, 0);
}
