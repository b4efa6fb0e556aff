//! Edits and deletions: who may, what they leave, what others are told.

use halley_bus::Channel;
use halley_contracts::{
    common::v1::{ApiKeyPrincipal, ApiKeyScope},
    groups::v1::MemberScope,
    messaging::v1::{self as pb, DeleteMessageRequest, EditMessageRequest, ListMessagesRequest, Message},
};
use halley_kit::Caller;
use halley_model::ErrorCode;

use crate::support::{Api, GROUP, USER, World, assert_dense, history, text_of, to_group, to_user};

fn edit(id: i64, text: &str) -> EditMessageRequest {
    EditMessageRequest { id, data_json: serde_json::json!({ "text": text }).to_string(), ..Default::default() }
}

fn delete(id: i64) -> DeleteMessageRequest {
    DeleteMessageRequest { id, ..Default::default() }
}

fn erase(id: i64) -> DeleteMessageRequest {
    DeleteMessageRequest { id, permanent: true, ..Default::default() }
}

/// An API key that acts for a user.
fn for_user(api: &Api, uid: &str) -> Caller {
    let key =
        ApiKeyPrincipal { key_id: "k".to_owned(), scope: ApiKeyScope::FullAccess.into(), on_behalf_of: uid.to_owned() };
    Caller::api_key(&api.app, key)
}

fn target(action: &Message) -> &Message {
    action.action_on_message.as_deref().expect("the message that the action was done to")
}

impl Api {
    async fn edited(&self, caller: &Caller, request: EditMessageRequest) -> Message {
        self.edit_message(caller, request).await.unwrap().message.unwrap()
    }

    async fn deleted(&self, caller: &Caller, request: DeleteMessageRequest) -> Message {
        self.delete_message(caller, request).await.unwrap().message.unwrap()
    }

    async fn edit_refused(&self, caller: &Caller, request: EditMessageRequest) -> ErrorCode {
        self.edit_message(caller, request).await.expect_err("refused").code
    }

    async fn delete_refused(&self, caller: &Caller, request: DeleteMessageRequest) -> ErrorCode {
        self.delete_message(caller, request).await.expect_err("refused").code
    }

    async fn found(&self, caller: &Caller, id: i64) -> Result<Message, ErrorCode> {
        let answer = self.get_message(caller, pb::GetMessageRequest { id }).await;
        answer.map(|answer| answer.message.unwrap()).map_err(|error| error.code)
    }
}

#[tokio::test]
async fn an_edit_changes_the_message_and_leaves_an_action() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let sent = api
        .send(
            "ann",
            pb::SendMessageRequest { tags: vec!["a".to_owned()], muid: "m".to_owned(), ..to_user("bob", "old") },
        )
        .await;
    let mut feed = world.listen(vec![Channel::user(&world.app, "bob")]).await;
    let ann = api.user("ann");

    let action = api.edited(&ann, edit(sent.id, "new")).await;

    assert_eq!((action.category(), action.r#type.as_str()), (pb::MessageCategory::Action, "message"));
    assert_eq!(action.data_json, r#"{"action":"edited"}"#);
    assert_eq!((action.sender_uid.as_str(), action.receiver.as_str()), ("ann", "bob"));
    assert_eq!(action.sequence, 2);
    assert!(action.id > sent.id);
    let edited = target(&action);
    assert_eq!((edited.id, text_of(edited).as_str(), edited.edited_by.as_str()), (sent.id, "new", "ann"));
    assert_eq!((edited.edited_at_ms, edited.updated_at_ms), (action.sent_at_ms, action.sent_at_ms));
    assert_eq!((edited.tags.as_slice(), edited.muid.as_str()), (["a".to_owned()].as_slice(), "m"));

    let (_, told) = feed.next_message().await;
    assert_eq!((told.id, text_of(target(&told)), told.device_id.as_str()), (action.id, "new".to_owned(), "ann-phone"));
    let history = api.walk(&api.user("bob"), USER, "ann", 1).await;
    assert_dense(&history);
    assert_eq!((text_of(&history[0]).as_str(), target(&history[1]).id), ("new", sent.id));

    let tags = EditMessageRequest { id: sent.id, tags: vec!["b".to_owned()], set_tags: true, ..Default::default() };
    let action = api.edited(&ann, tags).await;
    let edited = target(&action);
    assert_eq!((edited.tags.as_slice(), text_of(edited).as_str()), (["b".to_owned()].as_slice(), "new"));
}

#[tokio::test]
async fn what_an_edit_gives_must_fit_the_message() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let ann = api.user("ann");
    let sent = api.send("ann", to_user("bob", "old")).await;
    let custom = api
        .send(
            "ann",
            pb::SendMessageRequest {
                category: pb::MessageCategory::Custom.into(),
                r#type: "place".to_owned(),
                data_json: r#"{"customData":{"lat":1},"metadata":{"k":1}}"#.to_owned(),
                ..to_user("bob", "")
            },
        )
        .await;
    let with =
        |id: i64, data_json: &str| EditMessageRequest { id, data_json: data_json.to_owned(), ..Default::default() };
    for (request, code) in [
        (with(sent.id, ""), ErrorCode::InvalidMessageData),
        (with(sent.id, "[]"), ErrorCode::InvalidMessageData),
        (edit(sent.id, " "), ErrorCode::EmptyMessageText),
        (with(sent.id, r#"{"text":5}"#), ErrorCode::InvalidMessageText),
        (with(sent.id, r#"{"metadata":"x"}"#), ErrorCode::InvalidMetadata),
        (with(sent.id, r#"{"customData":{"a":1}}"#), ErrorCode::InvalidMessageData),
        (with(custom.id, r#"{"customData":{}}"#), ErrorCode::EmptyCustomData),
        (with(custom.id, r#"{"customData":[1]}"#), ErrorCode::InvalidCustomData),
        (EditMessageRequest { set_tags: true, tags: vec![String::new()], ..edit(sent.id, "x") }, ErrorCode::BadRequest),
        (edit(9_999_999, "x"), ErrorCode::MessageIdNotFound),
    ] {
        assert_eq!(api.edit_refused(&ann, request.clone()).await, code, "{request:?}");
    }
    assert_eq!(text_of(&api.found(&ann, sent.id).await.unwrap()), "old");

    let action = api.edited(&ann, with(custom.id, r#"{"customData":{"lat":2}}"#)).await;
    assert_eq!(target(&action).data_json, r#"{"customData":{"lat":2},"metadata":{"k":1}}"#);
}

#[tokio::test]
async fn only_the_sender_changes_a_direct_message() {
    let world = World::new(&["ann", "bob", "eve"]).await;
    let api = world.start().await;
    let sent = api.send("ann", to_user("bob", "old")).await;
    for (uid, code) in [("bob", ErrorCode::MessageNotASender), ("eve", ErrorCode::MessageNoAccess)] {
        assert_eq!(api.edit_refused(&api.user(uid), edit(sent.id, "x")).await, code);
        assert_eq!(api.delete_refused(&api.user(uid), delete(sent.id)).await, code);
        assert_eq!(api.delete_refused(&for_user(&api, uid), erase(sent.id)).await, code);
    }
    assert_eq!(api.delete_refused(&api.user("ann"), erase(sent.id)).await, ErrorCode::PermissionDenied);
    let mut other = world.start().await;
    other.app = "other".to_owned();
    assert_eq!(other.edit_refused(&other.server(), edit(sent.id, "x")).await, ErrorCode::MessageIdNotFound);
    assert_eq!(text_of(&api.found(&api.user("bob"), sent.id).await.unwrap()), "old");

    world.identity.block("bob", "ann");
    let api = world.start().await;
    assert_eq!(api.edit_refused(&api.user("ann"), edit(sent.id, "x")).await, ErrorCode::BlockedSender);
    assert_eq!(target(&api.deleted(&api.user("ann"), delete(sent.id)).await).deleted_by, "ann");
}

#[tokio::test]
async fn who_keeps_order_in_a_group_changes_what_others_wrote() {
    let world = World::new(&["own", "adm", "mod", "par", "ann", "out"]).await;
    world.groups.add_group("room", &["own", "adm", "mod", "par", "ann"]);
    world.groups.groups.lock().unwrap().get_mut("room").unwrap().owner = "own".to_owned();
    for (uid, scope) in [("adm", MemberScope::Admin), ("mod", MemberScope::Moderator)] {
        world.groups.scopes.lock().unwrap().insert(("room".to_owned(), uid.to_owned()), scope);
    }
    let api = world.start().await;
    for uid in ["own", "adm", "mod"] {
        let sent = api.send("ann", to_group("room", "old")).await;
        let action = api.edited(&api.user(uid), edit(sent.id, uid)).await;
        assert_eq!((action.sender_uid.as_str(), target(&action).edited_by.as_str()), (uid, uid));
        assert_eq!(target(&action).sender_uid, "ann");
        assert_eq!(target(&api.deleted(&api.user(uid), delete(sent.id)).await).deleted_by, uid);
    }
    let sent = api.send("ann", to_group("room", "old")).await;
    for (uid, code) in [("par", ErrorCode::MessageNotASender), ("out", ErrorCode::MessageNoAccess)] {
        assert_eq!(api.edit_refused(&api.user(uid), edit(sent.id, "x")).await, code);
        assert_eq!(api.delete_refused(&api.user(uid), delete(sent.id)).await, code);
    }
    world.groups.remove_member("room", "ann");
    let api = world.start().await;
    assert_eq!(api.edit_refused(&api.user("ann"), edit(sent.id, "x")).await, ErrorCode::MessageNoAccess);
}

#[tokio::test]
async fn what_the_app_changes_is_an_action_of_the_sender() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let sent = api.send("ann", to_user("bob", "old")).await;
    let action = api.edited(&api.server(), edit(sent.id, "new")).await;
    assert_eq!((action.sender_uid.as_str(), action.receiver.as_str()), ("ann", "bob"));
    assert_eq!(target(&action).edited_by, "app_system");
    let action = api.deleted(&api.server(), delete(sent.id)).await;
    assert_eq!((action.sender_uid.as_str(), target(&action).deleted_by.as_str()), ("ann", "app_system"));
}

#[tokio::test]
async fn actions_are_changed_by_nobody() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let sent = api.send("ann", to_user("bob", "old")).await;
    let action = api.edited(&api.user("ann"), edit(sent.id, "new")).await;
    for caller in [api.user("ann"), api.server()] {
        assert_eq!(api.edit_refused(&caller, edit(action.id, "x")).await, ErrorCode::MessageActionNotAllowed);
        assert_eq!(api.delete_refused(&caller, delete(action.id)).await, ErrorCode::MessageActionNotAllowed);
    }
}

#[tokio::test]
async fn a_deleted_message_stays_in_its_place_and_is_deleted_once() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let (ann, bob) = (api.user("ann"), api.user("bob"));
    let sent = api.send("ann", to_user("bob", "secret")).await;
    let mut feed = world.listen(vec![Channel::user(&world.app, "bob")]).await;

    let action = api.deleted(&ann, delete(sent.id)).await;

    assert_eq!(action.data_json, r#"{"action":"deleted"}"#);
    assert_eq!((target(&action).deleted_by.as_str(), target(&action).deleted_at_ms), ("ann", action.sent_at_ms));
    assert_eq!(target(&feed.next_message().await.1).id, sent.id);
    let history = api.walk(&bob, USER, "ann", 10).await;
    assert_dense(&history);
    assert_eq!((history[0].id, history[0].deleted_by.as_str(), history[0].erased), (sent.id, "ann", false));
    assert_eq!(api.delete_refused(&ann, delete(sent.id)).await, ErrorCode::MessageIdNotFound);
    assert_eq!(api.edit_refused(&ann, edit(sent.id, "x")).await, ErrorCode::MessageIdNotFound);
    let request = ListMessagesRequest { hide_deleted: true, ..crate::support::history(USER, "ann") };
    assert_eq!(api.page(&bob, request).await.len(), 1, "only the action");
}

#[tokio::test]
async fn what_is_deleted_for_good_leaves_nothing_but_its_place() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let (ann, bob) = (api.user("ann"), api.user("bob"));
    let sent = api
        .send(
            "ann",
            pb::SendMessageRequest { tags: vec!["t".to_owned()], muid: "m".to_owned(), ..to_user("bob", "secret") },
        )
        .await;
    let quoting =
        api.send("bob", pb::SendMessageRequest { quoted_message_id: sent.id, ..to_user("ann", "what?") }).await;
    api.edited(&ann, edit(sent.id, "secret, too")).await;
    let reaction = pb::AddReactionRequest { message_id: sent.id, reaction: "👍".to_owned(), ..Default::default() };
    api.add_reaction(&bob, reaction).await.unwrap();
    // Softly first: that is no reason to keep the content.
    api.deleted(&ann, delete(sent.id)).await;

    let action = api.deleted(&for_user(&api, "ann"), erase(sent.id)).await;

    let gone = target(&action);
    assert!(gone.erased && gone.reactions.is_empty() && gone.tags.is_empty(), "{gone:?}");
    assert_eq!((gone.data_json.as_str(), gone.deleted_by.as_str()), ("{}", "ann"));
    for caller in [&ann, &bob, &api.server()] {
        assert_eq!(api.found(caller, sent.id).await.expect_err("gone"), ErrorCode::MessageIdNotFound);
    }
    assert_eq!(api.delete_refused(&api.server(), erase(sent.id)).await, ErrorCode::MessageIdNotFound);
    let ids = |rows: &[Message]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
    let all = api.walk(&bob, USER, "ann", 2).await;
    assert!(!ids(&all).contains(&sent.id));
    assert!(!format!("{all:?}").contains("secret"), "{all:?}");
    let of_app = api.page(&api.server(), ListMessagesRequest::default()).await;
    assert!(!ids(&of_app).contains(&sent.id));
    assert!(all.iter().find(|row| row.id == quoting.id).unwrap().quoted_message.is_none());

    let direction = pb::Direction::Append.into();
    let request = ListMessagesRequest { direction, limit: 2, with_erased: true, ..history(USER, "ann") };
    let whole = api.pages(&bob, request, |request, last| request.cursor_sequence = last.sequence).await;
    assert_dense(&whole);
    assert_eq!((whole.len(), whole[0].id, whole[0].erased), (5, sent.id, true));
    let stored: String =
        sqlx::query_scalar("SELECT string_agg(m::text, ' ') FROM messages AS m").fetch_one(&world.pool).await.unwrap();
    assert!(!stored.contains("secret"), "{stored}");
    let reactions: i64 = sqlx::query_scalar("SELECT count(*) FROM reactions").fetch_one(&world.pool).await.unwrap();
    assert_eq!(reactions, 0);

    let again = api.send_message(&ann, pb::SendMessageRequest { muid: "m".to_owned(), ..to_user("bob", "x") }).await;
    let again = again.unwrap();
    assert!(again.repeated_muid && again.message.unwrap().erased, "a muid is one message for ever");
    let reply = pb::SendMessageRequest { parent_id: sent.id, ..to_user("bob", "x") };
    assert_eq!(api.refused("ann", reply).await, ErrorCode::MessageIdNotFound);
}

#[tokio::test]
async fn a_thread_counts_the_replies_that_are_left() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let ann = api.user("ann");
    let parent = api.send("ann", to_user("bob", "parent")).await;
    let mut replies = Vec::new();
    for n in 0..4 {
        let reply = pb::SendMessageRequest { parent_id: parent.id, ..to_user("bob", &format!("r{n}")) };
        replies.push(api.send("ann", reply).await.id);
    }
    let count = async || api.found(&ann, parent.id).await.unwrap().reply_count;
    assert_eq!(count().await, 4);
    api.deleted(&ann, delete(replies[0])).await;
    api.deleted(&api.server(), erase(replies[1])).await;
    assert_eq!(count().await, 2);
    api.deleted(&api.server(), erase(replies[0])).await;
    api.edited(&ann, edit(replies[2], "x")).await;
    assert_eq!(count().await, 2);
}

#[tokio::test]
async fn changes_are_no_news_in_the_list_of_conversations() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let ann = api.user("ann");
    let sent = api.send("ann", to_user("bob", "old")).await;
    let listed = async || api.conversations("bob").await.pop().expect("listed");
    let before = listed().await;
    assert_eq!(before.unread_count, 1);

    let action = api.edited(&ann, edit(sent.id, "new")).await;

    let after = listed().await;
    assert_eq!((after.unread_count, after.updated_at_ms), (1, before.updated_at_ms));
    let last = after.last_message.expect("a last message");
    assert_eq!((last.id, text_of(&last).as_str()), (sent.id, "new"));
    assert_eq!((after.latest_message_id, after.latest_sequence), (action.id, 2));
    api.deleted(&ann, delete(sent.id)).await;
    let after = listed().await;
    assert!(after.last_message.is_none());
    assert_eq!((after.unread_count, after.updated_at_ms), (1, before.updated_at_ms));
    let next = api.send("ann", to_user("bob", "next")).await;
    assert_eq!(listed().await.last_message.expect("a last message").id, next.id);
}

#[tokio::test]
async fn who_walks_by_updates_sees_every_change() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let ann = api.user("ann");
    let mut sent = Vec::new();
    for n in 0..3 {
        sent.push(api.send("ann", to_user("bob", &format!("t{n}"))).await);
    }
    let last = sent.last().unwrap();
    let since = ListMessagesRequest {
        direction: pb::Direction::Append.into(),
        cursor_updated_at_ms: last.updated_at_ms,
        cursor_id: last.id,
        ..history(USER, "ann")
    };
    assert!(api.page(&api.user("bob"), since.clone()).await.is_empty());
    let edited = api.edited(&ann, edit(sent[0].id, "new")).await;
    let deleted = api.deleted(&ann, delete(sent[1].id)).await;
    let seen: Vec<i64> = api.page(&api.user("bob"), since).await.iter().map(|row| row.id).collect();
    for id in [sent[0].id, edited.id, sent[1].id, deleted.id] {
        assert!(seen.contains(&id), "{id} is not in {seen:?}");
    }
    assert_eq!(seen.len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_changes_at_once_none_is_lost_and_one_deletes() {
    let world = World::new(&["ann", "bob"]).await;
    let (first, second) = (world.start().await, world.start().await);
    let sent = first.send("ann", to_user("bob", "old")).await;
    let edits = (0..20).map(|n| {
        let api = if n % 2 == 0 { &first } else { &second };
        let data_json = match n % 2 {
            0 => format!(r#"{{"text":"t{n}"}}"#),
            _ => format!(r#"{{"metadata":{{"n":{n}}}}}"#),
        };
        let request = EditMessageRequest { id: sent.id, data_json, ..Default::default() };
        async move { api.edited(&api.user("ann"), request).await }
    });
    futures::future::join_all(edits).await;
    let edited = first.found(&first.user("ann"), sent.id).await.unwrap();
    let data: serde_json::Value = serde_json::from_str(&edited.data_json).unwrap();
    assert!(data["text"].as_str().unwrap().starts_with('t') && data["metadata"]["n"].is_i64(), "{data}");

    let deletions = (0..6).map(|n| {
        let api = if n % 2 == 0 { &first } else { &second };
        async move { api.delete_message(&api.user("ann"), delete(sent.id)).await }
    });
    let outcomes = futures::future::join_all(deletions).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let history = first.walk(&first.user("bob"), USER, "ann", 100).await;
    assert_dense(&history);
    assert_eq!(history.len(), 22);
}

#[tokio::test]
async fn an_action_of_a_group_is_one_publish() {
    let world = World::new(&["ann", "bob"]).await;
    world.groups.add_group("room", &["ann", "bob"]);
    let api = world.start().await;
    let sent = api.send("ann", to_group("room", "old")).await;
    world.emptied().await;
    let mut feed = world.listen(vec![Channel::group(&world.app, "room"), Channel::user(&world.app, "bob")]).await;
    let action = api.edited(&api.user("ann"), edit(sent.id, "new")).await;
    let next = api.send("ann", to_group("room", "next")).await;
    let (channel, told) = feed.next_message().await;
    assert_eq!((channel, told.id), (Channel::group(&world.app, "room"), action.id));
    assert_eq!(feed.next_message().await.1.id, next.id);
    assert_eq!(api.walk(&api.user("bob"), GROUP, "room", 10).await.len(), 3);
}
