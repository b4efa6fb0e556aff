//! What users do with interactive messages.

use halley_contracts::messaging::v1::{self as pb, Interaction, MarkInteractedRequest, MessageCategory};
use halley_kit::Caller;
use halley_model::ErrorCode;
use serde_json::{Value, json};

use crate::support::{Api, USER, World, history, to_user};

fn card(sender_may: bool) -> Value {
    json!({"interactiveData": {"text": "x", "cardActions": [
        {"elementType": "button", "elementId": "yes"}, {"elementType": "button", "elementId": "no"},
        {"elementType": "label", "elementId": "words", "text": "x"}]},
        "allowSenderInteraction": sender_may})
}

fn interactive(to: &str, data: &Value) -> pb::SendMessageRequest {
    pb::SendMessageRequest {
        category: MessageCategory::Interactive.into(),
        r#type: "card".to_owned(),
        data_json: data.to_string(),
        ..to_user(to, "")
    }
}

impl Api {
    async fn interact(&self, caller: &Caller, id: i64, elements: &[&str]) -> Result<Vec<String>, ErrorCode> {
        let element_ids = elements.iter().map(|id| (*id).to_owned()).collect();
        let answer = self.mark_interacted(caller, MarkInteractedRequest { message_id: id, element_ids }).await;
        answer.map(|answer| ids(&answer.message.unwrap().interactions)).map_err(|error| error.code)
    }
}

fn ids(interactions: &[Interaction]) -> Vec<String> {
    interactions.iter().map(|interaction| interaction.element_id.clone()).collect()
}

#[tokio::test]
async fn what_a_user_did_is_the_users_own_and_its_first_time_stays() {
    let world = World::new(&["ann", "bob", "eve"]).await;
    let api = world.start().await;
    let (ann, bob) = (api.user("ann"), api.user("bob"));
    let sent = api.send("ann", interactive("bob", &card(true))).await;

    assert_eq!(api.interact(&bob, sent.id, &["yes", "yes"]).await.unwrap(), ["yes"]);
    let get = pb::GetMessageRequest { id: sent.id };
    let first = api.get_message(&bob, get).await.unwrap().message.unwrap().interactions;
    assert!(first[0].interacted_at_ms >= sent.sent_at_ms);
    assert_eq!(api.interact(&bob, sent.id, &["no", "yes"]).await.unwrap(), ["yes", "no"]);
    assert_eq!(api.interact(&ann, sent.id, &["no"]).await.unwrap(), ["no"]);
    let seen = api.page(&bob, history(USER, "ann")).await;
    assert_eq!(seen[0].interactions[0], first[0]);
    assert_eq!(ids(&seen[0].interactions), ["yes", "no"]);
    assert_eq!(ids(&api.page(&ann, history(USER, "bob")).await[0].interactions), ["no"]);
    let of_app = pb::ListMessagesRequest::default();
    assert!(api.page(&api.server(), of_app).await[0].interactions.is_empty());

    let erase = pb::DeleteMessageRequest { id: sent.id, permanent: true, ..Default::default() };
    api.delete_message(&api.server(), erase).await.unwrap();
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM interactions").fetch_one(&world.pool).await.unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn only_what_the_message_has_is_used_by_those_who_may() {
    let world = World::new(&["ann", "bob", "eve"]).await;
    let api = world.start().await;
    let (ann, bob, eve) = (api.user("ann"), api.user("bob"), api.user("eve"));
    let sent = api.send("ann", interactive("bob", &card(false))).await;
    let plain = api.send("ann", to_user("bob", "x")).await;
    let refused = async |caller: &Caller, id, elements: &[&str]| api.interact(caller, id, elements).await.unwrap_err();
    assert_eq!(refused(&ann, sent.id, &["yes"]).await, ErrorCode::PermissionDenied, "the sender may not by default");
    assert_eq!(refused(&eve, sent.id, &["yes"]).await, ErrorCode::MessageNoAccess);
    assert_eq!(refused(&bob, plain.id, &["yes"]).await, ErrorCode::MessageActionNotAllowed);
    assert_eq!(refused(&bob, 999_999, &["yes"]).await, ErrorCode::MessageIdNotFound);
    assert_eq!(refused(&api.server(), sent.id, &["yes"]).await, ErrorCode::BadRequest);
    for elements in [&["maybe"][..], &["yes", "maybe"], &["words"], &[], &[""]] {
        assert_eq!(refused(&bob, sent.id, elements).await, ErrorCode::BadRequest, "{elements:?}");
    }
    let many: Vec<String> = (0..101).map(|n| n.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(refused(&bob, sent.id, &many).await, ErrorCode::BadRequest);
    let get = pb::GetMessageRequest { id: sent.id };
    assert!(
        api.get_message(&bob, get).await.unwrap().message.unwrap().interactions.is_empty(),
        "a refusal changes nothing"
    );
    api.delete_message(&ann, pb::DeleteMessageRequest { id: sent.id, ..Default::default() }).await.unwrap();
    assert_eq!(refused(&bob, sent.id, &["yes"]).await, ErrorCode::MessageIdNotFound);
}

#[tokio::test]
async fn only_what_reached_its_goal_is_found() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let bob = api.user("bob");
    let goals = [
        json!({"type": "anyAction"}),
        json!({"type": "anyOf", "elementIds": ["yes"]}),
        json!({"type": "allOf", "elementIds": ["yes", "no"]}),
        json!({"type": "none"}),
        Value::Null,
    ];
    let mut sent = Vec::new();
    for goal in goals {
        let mut data = card(false);
        data["interactionGoal"] = goal;
        sent.push(api.send("ann", interactive("bob", &data)).await.id);
    }
    let reached = async |caller: &Caller, with: &str| {
        let request = pb::ListMessagesRequest { interaction_goal_completed_only: true, ..history(USER, with) };
        api.page(caller, request).await.iter().map(|message| message.id).collect::<Vec<_>>()
    };
    assert!(reached(&bob, "ann").await.is_empty());
    for id in &sent {
        api.interact(&bob, *id, &["no"]).await.unwrap();
    }
    assert_eq!(reached(&bob, "ann").await, sent[..1]);
    for id in &sent {
        api.interact(&bob, *id, &["yes"]).await.unwrap();
    }
    assert_eq!(reached(&bob, "ann").await, sent[..3]);
    assert!(reached(&api.user("ann"), "bob").await.is_empty(), "another's");
    let everywhere = pb::ListMessagesRequest { interaction_goal_completed_only: true, ..Default::default() };
    assert_eq!(api.page(&bob, everywhere.clone()).await.len(), 3);
    let of_nobody = api.list_messages(&api.server(), everywhere).await.expect_err("refused");
    assert_eq!(of_nobody.code, ErrorCode::BadRequest);
}
