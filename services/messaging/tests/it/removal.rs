//! What is deleted with an app.

use std::collections::BTreeSet;

use halley_contracts::messaging::v1 as pb;
use halley_messaging::APP_TABLES;
use halley_testkit::{app_tables, eventually, tables_with_rows};

use crate::support::{Api, USER, World, history, texts, to_group, to_user};

#[tokio::test]
async fn every_table_of_apps_is_known() {
    let world = World::new(&[]).await;
    assert_eq!(
        APP_TABLES.iter().map(|table| (*table).to_owned()).collect::<BTreeSet<_>>(),
        app_tables(&world.pool).await
    );
}

/// Says and keeps things of most kinds.
async fn fill(world: &World, api: &Api) {
    for uid in ["ann", "bob"] {
        api.join(world, "room", uid).await;
    }
    let said = api.send("ann", to_group("room", "hi <@uid:bob>")).await;
    api.send("bob", pb::SendMessageRequest { parent_id: said.id, ..to_group("room", "reply") }).await;
    api.send("ann", to_user("bob", "direct")).await;
    let bob = api.user("bob");
    let save = pb::SaveMessageRequest { message_id: said.id, ..Default::default() };
    api.save_message(&bob, save).await.unwrap();
    let react = pb::AddReactionRequest { message_id: said.id, reaction: "x".to_owned(), ..Default::default() };
    api.add_reaction(&bob, react).await.unwrap();
    let pin = pb::PinConversationRequest { with_type: USER.into(), with: "ann".to_owned(), ..Default::default() };
    api.pin_conversation(&bob, pin).await.unwrap();
    let messages = (0..900).map(|n| pb::ImportedMessage {
        muid: format!("m{n}"),
        sender_uid: "ann".to_owned(),
        receiver_type: USER.into(),
        receiver: "bob".to_owned(),
        category: pb::MessageCategory::Message.into(),
        r#type: "text".to_owned(),
        data_json: r#"{"text":"old"}"#.to_owned(),
        sent_at_ms: 1000 + n,
        ..Default::default()
    });
    let messages: Vec<_> = messages.collect();
    for part in messages.chunks(450) {
        let import = pb::ImportMessagesRequest { messages: part.to_vec(), with_messages: false };
        assert_eq!(api.import_messages(&api.server(), import).await.unwrap().created, 450);
    }
}

#[tokio::test]
async fn a_deleted_app_leaves_nothing_and_takes_nothing_of_others() {
    let world = World::new(&["ann", "bob"]).await;
    world.groups.add_group("room", &[]);
    let api = world.start().await;
    let other = World::stranger(&api);
    fill(&world, &api).await;
    other.send("ann", to_user("bob", "stays")).await;
    let before = tables_with_rows(&world.pool, &api.app).await;
    for table in ["messages", "participants", "reactions", "saves", "threads", "mentions", "conversation_pins"] {
        assert!(before.contains(table), "{before:?}");
    }
    sqlx::query("INSERT INTO removals (app_id, removed_at) VALUES ($1, now())")
        .bind(&api.app)
        .execute(&world.pool)
        .await
        .unwrap();

    // Instances look at their start.
    world.start().await;

    eventually("the end of the rows", async || tables_with_rows(&world.pool, &api.app).await.is_empty().then_some(()))
        .await;
    assert_eq!(texts(&other.page(&other.user("bob"), history(USER, "ann")).await), ["stays"]);
}
