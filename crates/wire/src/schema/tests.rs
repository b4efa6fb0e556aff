//! What is written is what the schemas say: every key is listed, and every listed key is written by somebody who has all.

use std::collections::BTreeSet;

use halley_contracts::{
    auth::v1 as auth,
    common::v1::ApiKeyScope as KeyScope,
    groups::v1 as groups,
    identity::v1 as identity,
    messaging::v1::{self as messaging, conversation::WithEntity, message::ReceiverEntity},
};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::{OpenApi, ToSchema};

use super::*;
use crate::{
    ApiKeyJson, AuthTokenJson, BlockState, ConversationJson, GroupJson, MessageJson, ReactionJson, RoleJson, UserJson,
    View,
};

#[derive(OpenApi)]
#[openapi(components(schemas(
    ApiKey,
    AuthToken,
    Conversation,
    Entity,
    EntityOf,
    EntityType,
    ErrorAnswer,
    Group,
    Guid,
    Message,
    MessageData,
    MessageEntities,
    Reaction,
    Role,
    Uid,
    User
)))]
struct All;

fn components() -> Value {
    serde_json::to_value(All::openapi()).expect("json")["components"].clone()
}

fn faults<T: ToSchema>(written: &Value) -> Vec<String> {
    let schema = json!({"$ref": format!("#/components/schemas/{}", T::name()), "components": components()});
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    validator.iter_errors(written).map(|fault| format!("{}: {fault}", fault.instance_path())).collect()
}

/// Compares a shape with the writing of something that has everything.
fn check<T: ToSchema>(whole: impl Serialize) {
    let written = serde_json::to_value(whole).expect("json");
    let found = faults::<T>(&written);
    assert!(found.is_empty(), "{}: {found:?} in {written}", T::name());
    let keys: BTreeSet<String> = written.as_object().expect("an object").keys().cloned().collect();
    let components = components();
    let listed = components["schemas"][T::name().as_ref()]["properties"].as_object().expect("properties");
    let listed: BTreeSet<String> = listed.keys().cloned().collect();
    assert_eq!(keys, listed, "{}", T::name());
}

fn user() -> identity::User {
    identity::User {
        uid: "ann".into(),
        name: "Ann".into(),
        avatar: "https://x/a.png".into(),
        link: "https://x".into(),
        role: "default".into(),
        status_message: "here".into(),
        metadata_json: r#"{"k":1}"#.into(),
        tags: vec!["t".into()],
        created_at_ms: 1000,
        updated_at_ms: 1000,
        last_active_at_ms: 1000,
        deactivated_at_ms: 1000,
        bot: false,
    }
}

fn group() -> groups::Group {
    groups::Group {
        guid: "g".into(),
        name: "G".into(),
        description: "d".into(),
        icon: "https://x".into(),
        owner: "ann".into(),
        metadata_json: "{}".into(),
        created_at_ms: 1000,
        updated_at_ms: 1000,
        updated_by: "ann".into(),
        members_count: 1,
        ..Default::default()
    }
}

fn message() -> messaging::Message {
    messaging::Message {
        id: 401,
        muid: "m".into(),
        conversation_id: "ann_user_bob".into(),
        sequence: 7,
        sender_uid: "ann".into(),
        receiver_type: messaging::ReceiverType::User.into(),
        receiver: "bob".into(),
        r#type: "image".into(),
        data_json: json!({
            "text": "hi", "metadata": {"k": 1}, "customData": {}, "interactiveData": {}, "action": "edited",
            "attachments": [{"url": "https://x/1.png", "name": "1.png", "mimeType": "image/png", "extension": "png", "size": 7}],
        })
        .to_string(),
        sent_at_ms: 1000,
        updated_at_ms: 1000,
        delivered_at_ms: 1000,
        read_at_ms: 1000,
        edited_at_ms: 1000,
        pinned_at_ms: 1000,
        saved_at_ms: 1000,
        edited_by: "ann".into(),
        deleted_by: "ann".into(),
        pinned_by: "ann".into(),
        tags: vec!["t".into()],
        parent_id: 1,
        reply_count: 1,
        quoted_message_id: 2,
        device_id: "phone".into(),
        reactions: vec![messaging::ReactionCount { reaction: "x".into(), count: 1, by_me: true }],
        sender: Some(user()),
        receiver_entity: Some(ReceiverEntity::ReceiverUser(user())),
        ..Default::default()
    }
}

#[test]
fn people_and_groups_are_as_they_are_described() {
    let (user, group) = (user(), group());
    let blocks = BlockState { blocked_by_me: true, blocked_by_me_at_ms: 1000, has_blocked_me: true };
    let view = View { uid: Some("bob"), with_tags: true, ..View::default() };
    check::<User>(UserJson { blocks, auth_token: Some("t"), ..UserJson::new(&user, view) });
    let own = groups::Member { joined_at_ms: 1000, ..Default::default() };
    check::<Group>(GroupJson { with_tags: true, ..GroupJson::new(&group, Some(&own)) });
    let all = identity::RelationFilter::All.into();
    let role = identity::Role {
        description: "d".into(),
        metadata_json: "{}".into(),
        settings: Some(identity::RoleSettings { list_users: all, send_messages_to: all }),
        updated_at_ms: 1000,
        ..Default::default()
    };
    check::<Role>(RoleJson(&role));
}

#[test]
fn credentials_are_as_they_are_described() {
    check::<ApiKey>(ApiKeyJson(&auth::ApiKey { scope: KeyScope::FullAccess.into(), ..Default::default() }));
    let token = auth::AuthToken {
        platform: "ios".into(),
        user_agent: "a".into(),
        device_id: "d".into(),
        app_info_json: "{}".into(),
        ..Default::default()
    };
    check::<AuthToken>(AuthTokenJson(&token));
}

#[test]
fn messages_are_as_they_are_described() {
    let quoted = Some(Box::new(message()));
    // A deleted message has no content: the key of its time is added by hand.
    let whole = messaging::Message { quoted_message: quoted, ..message() };
    let view = View { with_sequence: true, ..View::default() };
    let mut written = serde_json::to_value(MessageJson { message: &whole, view }).expect("json");
    check::<MessageData>(&written["data"]);
    written["deletedAt"] = json!(1);
    check::<Message>(&written);
    let action = messaging::Message {
        category: messaging::MessageCategory::Action.into(),
        action_on_message: Some(Box::new(message())),
        receiver_entity: Some(ReceiverEntity::ReceiverGroup(group())),
        ..message()
    };
    let shown = |message| serde_json::to_value(MessageJson { message, view }).expect("json");
    let mut entities = shown(&action)["data"]["entities"].clone();
    let mut of_message = shown(&message())["data"]["entities"].clone();
    entities.as_object_mut().expect("object").append(of_message.as_object_mut().expect("object"));
    check::<MessageEntities>(&entities);
    let reaction = messaging::Reaction { id: 1, message_id: 2, user: Some(user()), ..Default::default() };
    check::<Reaction>(ReactionJson { reaction: &reaction, view, more: &[] });
}

#[test]
fn conversations_are_as_they_are_described() {
    let conversation = messaging::Conversation {
        last_read_message_id: 1,
        last_delivered_message_id: 1,
        latest_message_id: 1,
        tags: vec!["t".into()],
        owner_uid: "bob".into(),
        last_message: Some(message()),
        with_entity: Some(WithEntity::WithUser(user())),
        ..Default::default()
    };
    check::<Conversation>(ConversationJson {
        conversation: &conversation,
        view: View::default(),
        blocks: BlockState::default(),
        with_tags: true,
    });
    let of_unknown = messaging::Conversation { with_entity: None, ..conversation };
    let shown = ConversationJson {
        conversation: &of_unknown,
        view: View::default(),
        blocks: BlockState::default(),
        with_tags: true,
    };
    assert_eq!(faults::<Conversation>(&serde_json::to_value(shown).expect("json")), Vec::<String>::new());
}

#[test]
fn another_shape_is_a_fault() {
    assert!(!faults::<User>(&json!({"uid": "ann", "name": 7, "role": "default", "status": "offline"})).is_empty());
    assert!(!faults::<Message>(&json!({"id": 7})).is_empty());
}
