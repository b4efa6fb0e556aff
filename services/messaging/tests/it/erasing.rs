//! What is deleted for good in the background: what deleted users said, and conversations with their messages.

use halley_contracts::{
    events::v1::{ChangeKind, Event, UserChanged, event::Body},
    groups::v1::MembershipAction,
    identity::v1::User,
    messaging::v1::{self as pb, ImportedMessage, ListMessagesRequest, ResetConversationRequest},
};
use halley_model::ErrorCode;
use halley_testkit::eventually;

use crate::support::{Api, GROUP, OwnRedis, USER, World, history, text_of, texts, to_group, to_user};

fn deletion(world: &World, uid: &str) -> Event {
    let user = User { uid: uid.to_owned(), ..Default::default() };
    let deleted = UserChanged { kind: ChangeKind::Deleted.into(), user: Some(user) };
    halley_bus::event(&world.app, "", Body::UserChanged(deleted))
}

fn imported(sender: &str, guid: &str, muid: String) -> ImportedMessage {
    ImportedMessage {
        data_json: serde_json::json!({ "text": muid }).to_string(),
        muid,
        sender_uid: sender.to_owned(),
        receiver_type: GROUP.into(),
        receiver: guid.to_owned(),
        category: pb::MessageCategory::Message.into(),
        r#type: "text".to_owned(),
        sent_at_ms: 1000,
        ..Default::default()
    }
}

impl Api {
    async fn import(&self, messages: Vec<ImportedMessage>) {
        let wanted = i32::try_from(messages.len()).unwrap();
        let request = pb::ImportMessagesRequest { messages, with_messages: false };
        assert_eq!(self.import_messages(&self.server(), request).await.unwrap().created, wanted);
    }

    /// The texts that the app itself sees in a group, actions left out.
    async fn said_in(&self, guid: &str) -> Vec<String> {
        let all = self.walk(&self.server(), GROUP, guid, 100).await;
        all.iter().filter(|message| message.category() != pb::MessageCategory::Action).map(text_of).collect()
    }
}

/// The tables with rows of the app in which anything holds a text.
async fn tables_naming(world: &World, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for table in halley_testkit::app_tables(&world.pool).await {
        let statement =
            format!("SELECT EXISTS (SELECT FROM {table} AS t WHERE t.app_id = $1 AND strpos(t::text, $2) > 0)");
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).bind(&world.app).bind(text);
        if query.fetch_one(&world.pool).await.unwrap() {
            found.push(table);
        }
    }
    found
}

async fn left_to_erase(world: &World) -> i64 {
    // The last stage waits for what others gather.
    sqlx::query_scalar("SELECT count(*) FROM erasures WHERE stage < 4").fetch_one(&world.pool).await.unwrap()
}

async fn erased(world: &World) {
    eventually("the end of the erasure", async || (left_to_erase(world).await == 0).then_some(())).await;
}

#[tokio::test]
async fn what_a_deleted_user_said_is_gone_everywhere() {
    let redis = OwnRedis::start().await;
    let world = World::on_redis(&redis.url(), &["ann", "bob"]).await;
    world.groups.add_group("room", &[]);
    world.groups.add_group("archive", &["ann"]);
    let api = world.start().await;
    for uid in ["ann", "bob"] {
        api.join(&world, "room", uid).await;
    }
    let said = api.send("ann", to_group("room", "hi <@uid:bob>")).await;
    let reply = pb::SendMessageRequest { parent_id: said.id, ..to_group("room", "reply of bob") };
    let reply = api.send("bob", reply).await;
    let own = api.send("bob", to_group("room", "of bob")).await;
    api.send("ann", pb::SendMessageRequest { parent_id: own.id, ..to_group("room", "reply of ann") }).await;
    for (uid, message_id) in [("bob", said.id), ("ann", said.id), ("ann", own.id)] {
        let react = pb::AddReactionRequest { message_id, reaction: "x".to_owned(), ..Default::default() };
        api.add_reaction(&api.user(uid), react).await.unwrap();
    }
    api.send("ann", to_user("bob", "direct of ann")).await;
    api.send("bob", to_user("ann", "direct of bob")).await;
    // Of somebody who never had a place there.
    api.import(vec![imported("bob", "archive", "old of bob".into()), imported("ann", "archive", "old".into())]).await;
    let other = World::stranger(&api);
    other.send("bob", to_user("ann", "of another bob")).await;

    world.identity.users.lock().unwrap().remove("bob");
    let event = deletion(&world, "bob");
    world.fact(event.body.clone().unwrap()).await;
    world.durable(&event).await;

    eventually("the end of what bob said", async || {
        let texts = [api.said_in("room").await, api.said_in("archive").await].concat();
        (!texts.iter().any(|text| text.contains("of bob"))).then_some(())
    })
    .await;
    erased(&world).await;
    assert_eq!(api.said_in("room").await, ["hi @…", "reply of ann"]);
    assert_eq!(api.said_in("archive").await, ["old"]);
    let ann = api.user("ann");
    let left = api.get_message(&ann, pb::GetMessageRequest { id: said.id }).await.unwrap().message.unwrap();
    assert_eq!((left.reply_count, left.mentions.len()), (0, 0), "neither the reply nor the user is shown");
    assert_eq!(left.reactions.iter().map(|count| count.count).collect::<Vec<_>>(), [1], "ann's own");
    for id in [own.id, reply.id] {
        let refused = api.get_message(&ann, pb::GetMessageRequest { id }).await.expect_err("gone");
        assert_eq!(refused.code, ErrorCode::MessageIdNotFound);
    }
    let everything = api.page(&api.server(), ListMessagesRequest { limit: 100, ..Default::default() }).await;
    assert!(!everything.iter().any(|message| text_of(message).contains("direct")), "both sides of what was direct");
    let joined = everything.iter().filter(|message| message.category() == pb::MessageCategory::Action);
    assert_eq!(joined.count(), 1, "what names nobody who is gone");
    assert_eq!(tables_naming(&world, "bob").await, ["erasures"], "until the last stage");
    let (app, direction) = (api.server(), pb::Direction::Append.into());
    let with_places = ListMessagesRequest { with_erased: true, direction, ..history(GROUP, "room") };
    let places = api.pages(&app, with_places, |request, last| request.cursor_sequence = last.sequence);
    crate::support::assert_dense(&places.await);
    let of_other = other.page(&other.user("ann"), history(USER, "bob")).await;
    assert_eq!(texts(&of_other), ["of another bob"]);
}

#[tokio::test]
async fn what_a_new_user_of_the_uid_says_stays() {
    let redis = OwnRedis::start().await;
    let world = World::on_redis(&redis.url(), &["ann", "bob"]).await;
    world.groups.add_group("room", &[]);
    let api = world.start().await;
    for uid in ["ann", "bob"] {
        api.join(&world, "room", uid).await;
    }
    api.send("bob", to_group("room", "old")).await;
    let event = deletion(&world, "bob");
    world.durable(&event).await;
    eventually("the end of what bob said", async || api.said_in("room").await.is_empty().then_some(())).await;
    erased(&world).await;

    // The fake still has a bob, which is another one now. The event comes again.
    api.join(&world, "room", "bob").await;
    let new = api.send("bob", to_group("room", "new")).await;
    api.send("bob", to_user("ann", "new direct")).await;
    let react = pb::AddReactionRequest { message_id: new.id, reaction: "x".to_owned(), ..Default::default() };
    api.add_reaction(&api.user("bob"), react).await.unwrap();
    world.durable(&event).await;
    let mark = world.membership("room", "ann", MembershipAction::ScopeChanged);
    world.durable(&crate::support::durable_form(&world.app, &mark)).await;
    eventually("the reader is past it", async || {
        let page = api.page(&api.user("ann"), history(GROUP, "room")).await;
        page.iter().any(|message| message.muid == mark.event_id).then_some(())
    })
    .await;
    erased(&world).await;
    assert_eq!(api.said_in("room").await, ["new"]);
    assert_eq!(texts(&api.page(&api.user("ann"), history(USER, "bob")).await), ["new direct"]);
    let kept = api.get_message(&api.user("ann"), pb::GetMessageRequest { id: new.id }).await.unwrap().message.unwrap();
    assert_eq!(kept.reactions.len(), 1);
}

#[tokio::test]
async fn days_of_activity_become_somebodys_whom_nobody_knows() {
    let redis = OwnRedis::start().await;
    let world = World::on_redis(&redis.url(), &["ann", "bob"]).await;
    world.start().await;
    sqlx::query(
        "INSERT INTO active_users (app_id, day, uid)
         SELECT $1, current_date - n, uid FROM generate_series(1, 3) AS n, unnest(ARRAY['ann', 'bob']) AS uid",
    )
    .bind(&world.app)
    .execute(&world.pool)
    .await
    .unwrap();
    // Long enough ago that nobody gathers anything of it any more.
    let mut event = deletion(&world, "bob");
    event.occurred_at_ms -= 30_000;
    world.durable(&event).await;
    eventually("the name is gone", async || tables_naming(&world, "bob").await.is_empty().then_some(())).await;
    let users: i64 = sqlx::query_scalar("SELECT count(DISTINCT uid) FROM active_users WHERE app_id = $1")
        .bind(&world.app)
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(users, 2);
}

#[tokio::test]
async fn much_is_erased_in_parts_by_several_instances() {
    let redis = OwnRedis::start().await;
    let world = World::on_redis(&redis.url(), &["ann", "bob"]).await;
    let api = world.start().await;
    world.start().await;
    for guid in ["one", "two", "three"] {
        world.groups.add_group(guid, &["ann", "bob"]);
        let messages: Vec<_> =
            (0..1200).map(|n| imported(if n % 6 == 0 { "ann" } else { "bob" }, guid, format!("{guid}-{n}"))).collect();
        for part in messages.chunks(600) {
            api.import(part.to_vec()).await;
        }
    }
    world.identity.users.lock().unwrap().remove("bob");
    world.durable(&deletion(&world, "bob")).await;
    let left = "SELECT count(*) FROM messages WHERE sender_uid = 'bob' AND NOT erased";
    eventually("the end of what bob said", async || {
        (sqlx::query_scalar::<_, i64>(left).fetch_one(&world.pool).await.unwrap() == 0).then_some(())
    })
    .await;
    erased(&world).await;
    for guid in ["one", "two", "three"] {
        let said = api.said_in(guid).await;
        assert_eq!(said.len(), 200, "what others said stays");
        assert!(said.contains(&format!("{guid}-1194")));
    }
}

fn reset(kind: pb::ReceiverType, with: &str) -> ResetConversationRequest {
    ResetConversationRequest { with_type: kind.into(), with: with.to_owned(), ..Default::default() }
}

#[tokio::test]
async fn a_conversation_is_deleted_with_its_messages_for_both() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.groups.add_group("room", &["ann", "bob"]);
    let api = world.start().await;
    let old = api.send("ann", to_user("bob", "old of ann")).await;
    api.send("bob", to_user("ann", "old of bob")).await;
    api.send("ann", to_user("cat", "elsewhere")).await;
    api.send("ann", to_group("room", "in the room")).await;
    let (bob, for_bob) = (api.user("bob"), api.for_user("bob"));

    let for_good = |kind, with| ResetConversationRequest { delete_messages: true, ..reset(kind, with) };
    let denied = api.reset_conversation(&bob, for_good(USER, "ann")).await.expect_err("denied");
    assert_eq!(denied.code, ErrorCode::PermissionDenied);
    let refused = api.reset_conversation(&for_bob, for_good(GROUP, "room")).await.expect_err("refused");
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::BadRequest, Some("deleteMessagesPermanently")));
    assert_eq!(api.page(&bob, history(USER, "ann")).await.len(), 2, "a refusal changes nothing");
    assert_eq!((left_to_erase(&world).await, api.is_listed("bob", "ann").await), (0, true));

    api.reset_conversation(&for_bob, for_good(USER, "ann")).await.unwrap();

    assert!(!api.is_listed("bob", "ann").await, "hidden at once");
    let ann = api.user("ann");
    eventually("the end of the messages", async || api.page(&ann, history(USER, "bob")).await.is_empty().then_some(()))
        .await;
    let refused = api.get_message(&ann, pb::GetMessageRequest { id: old.id }).await.expect_err("gone");
    assert_eq!(refused.code, ErrorCode::MessageIdNotFound);
    assert!(api.is_listed("ann", "bob").await, "the other's conversation stays, empty");
    api.send("ann", to_user("bob", "new")).await;
    erased(&world).await;
    assert_eq!(texts(&api.page(&bob, history(USER, "ann")).await), ["new"]);
    assert_eq!(texts(&api.page(&api.user("cat"), history(USER, "ann")).await), ["elsewhere"]);
    assert_eq!(api.said_in("room").await, ["in the room"]);
}

#[tokio::test]
async fn a_deleted_conversation_may_keep_its_place() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    let api = world.start().await;
    api.send("ann", to_user("bob", "first")).await;
    api.send("cat", to_user("bob", "second")).await;
    let bob = api.user("bob");
    let with = async || {
        let rows = api.conversations("bob").await;
        rows.into_iter().map(|row| row.with).collect::<Vec<_>>()
    };
    assert_eq!(with().await, ["cat", "ann"]);

    let keeping = |uid| ResetConversationRequest { preserve_order: true, ..reset(USER, uid) };
    api.reset_conversation(&bob, keeping("ann")).await.unwrap();

    assert_eq!(with().await, ["cat", "ann"], "where it was");
    let row = api.conversations("bob").await.remove(1);
    assert_eq!((row.last_message.is_none(), row.unread_count), (true, 0), "and empty");
    assert!(api.page(&bob, history(USER, "ann")).await.is_empty());
    let everybodys = pb::ListConversationsRequest { unique: true, ..Default::default() };
    assert_eq!(api.list_conversations(&api.server(), everybodys).await.unwrap().conversations.len(), 2);
    api.send("ann", to_user("bob", "third")).await;
    assert_eq!((with().await, api.unread("bob", USER, "ann").await), (vec!["ann".to_owned(), "cat".to_owned()], 1));
    api.reset_conversation(&bob, reset(USER, "ann")).await.unwrap();
    assert_eq!(with().await, ["cat"], "a deletion without the wish leaves the list");
}
