//! What is written is what the schemas say: every key is listed, and every listed key is written by somebody who has all.

use std::collections::{BTreeSet, HashMap};

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
    ApiKeyJson, AuthTokenJson, BlockState, CallJson, ConversationJson, FlaggedJson, GroupJson, MessageDetailsJson,
    MessageJson, ReactionJson, ReasonJson, RoleJson, ThreadCounts, ThreadJson, UserJson, View,
};

#[derive(OpenApi)]
#[openapi(components(schemas(
    ApiKey,
    AuthToken,
    Call,
    CallParticipant,
    CallParties,
    Conversation,
    Entity,
    EntityOf,
    EntityType,
    ErrorAnswer,
    Flagged,
    Group,
    Guid,
    Interaction,
    Message,
    MessageData,
    MessageEntities,
    MessageFlag,
    MessageReceipt,
    MessageReceipts,
    OwnReceipt,
    Reaction,
    Reason,
    ReviewedMessage,
    Role,
    Thread,
    ToldCall,
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
    assert_eq!(keys(&written), listed::<T>(), "{}", T::name());
}

fn keys(written: &Value) -> BTreeSet<String> {
    written.as_object().expect("an object").keys().cloned().collect()
}

fn listed<T: ToSchema>() -> BTreeSet<String> {
    keys(&components()["schemas"][T::name().as_ref()]["properties"])
}

/// The same of a message with more keys.
fn check_message_with<T: ToSchema>(whole: impl Serialize) {
    let written = serde_json::to_value(whole).expect("json");
    let found = [faults::<Message>(&written), faults::<T>(&written)].concat();
    assert!(found.is_empty(), "{}: {found:?} in {written}", T::name());
    let more: BTreeSet<String> = keys(&written).difference(&listed::<Message>()).cloned().collect();
    assert_eq!(more, listed::<T>(), "{}", T::name());
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
        category: messaging::MessageCategory::Message.into(),
        r#type: "image".into(),
        data_json: json!({
            "text": "hi", "metadata": {"k": 1}, "customData": {}, "interactiveData": {}, "action": "edited", "card": {"k": 1},
            "fallbackText": "hi",
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
        thread_subscribed: true,
        own_delivered_at_ms: 1000,
        own_read_at_ms: 1000,
        unread_reply_count: 1,
        mentions: vec![user()],
        interactions: vec![messaging::Interaction { element_id: "e".into(), interacted_at_ms: 1000 }],
        moderation: messaging::ModerationStatus::Approved.into(),
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
    let receipt = messaging::MessageReceipt { recipient: Some(user()), delivered_at_ms: 1000, read_at_ms: 1000 };
    let details = MessageDetailsJson::new(MessageJson { message: &whole, view }, std::slice::from_ref(&receipt));
    let mut written = serde_json::to_value(details).expect("json");
    check::<OwnReceipt>(&written["myReceipt"]);
    check::<MessageReceipts>(&written["receipts"]);
    check::<MessageReceipt>(&written["receipts"]["data"][0]);
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
        pinned_at_ms: 1000,
        pinned_by: "bob".into(),
        created_at_ms: 1000,
        updated_at_ms: 1000,
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
        own: None,
    });
    let of_unknown = messaging::Conversation { with_entity: None, ..conversation };
    let shown = ConversationJson {
        conversation: &of_unknown,
        view: View::default(),
        blocks: BlockState::default(),
        with_tags: true,
        own: None,
    };
    assert_eq!(faults::<Conversation>(&serde_json::to_value(shown).expect("json")), Vec::<String>::new());
}

#[test]
fn threads_are_as_they_are_described() {
    let thread = messaging::Thread {
        parent: Some(message()),
        last_reply: Some(message()),
        subscribed: true,
        ..Default::default()
    };
    let counts = ThreadCounts { unread: true, mentions: true };
    check_message_with::<Thread>(ThreadJson::new(&thread, View { uid: Some("ann"), ..View::default() }, counts));
}

#[test]
fn calls_are_as_they_are_described() {
    let participant = messaging::CallParticipant {
        uid: "ann".into(),
        device_id: "d".into(),
        joined_at_ms: 1000,
        left_at_ms: 2000,
        ..Default::default()
    };
    let call = messaging::Call {
        initiated_at_ms: 1000,
        started_at_ms: 1000,
        ended_at_ms: 9000,
        participants: vec![participant],
        ..Default::default()
    };
    let written = serde_json::to_value(CallJson { call: &call, alone: true }).expect("json");
    check::<CallParticipant>(&written["participants"][0]);
    check::<Call>(written);
    let told = json!({"action": "ended", "call": {"sessionid": "s", "status": "ended", "initiatedAt": 1, "startedAt": 2,
        "joinedAt": 3, "endedAt": 4, "duration": 2}});
    let category = messaging::MessageCategory::Call.into();
    let message = messaging::Message { category, r#type: "audio".into(), data_json: told.to_string(), ..message() };
    let written = serde_json::to_value(MessageJson { message: &message, view: View::default() }).expect("json");
    assert_eq!(faults::<Message>(&written), Vec::<String>::new());
    let told = &written["data"]["entities"]["on"];
    assert_eq!(told["entityType"], "call");
    check::<ToldCall>(&told["entity"]);
    check::<CallParties>(&told["entity"]["data"]["entities"]);
}

#[test]
fn reports_are_as_they_are_described() {
    check::<Reason>(ReasonJson(&messaging::Reason { is_default: true, ..Default::default() }));
    let flagged = messaging::FlaggedMessage {
        message: Some(message()),
        flags: vec![messaging::Flag { uid: "ann".into(), ..Default::default() }],
        status: messaging::ModerationStatus::Disapproved.into(),
        ..Default::default()
    };
    let users = HashMap::from([("ann".to_owned(), user())]);
    let shown = FlaggedJson { flagged: &flagged, app_id: "app", users: &users, view: View::default() };
    check::<MessageFlag>(&shown.queued()["flaggedBy"][0]);
    check_message_with::<Flagged>(shown.queued());
    check::<ReviewedMessage>(shown.reviewed());
}

#[test]
fn another_shape_is_a_fault() {
    assert!(!faults::<User>(&json!({"uid": "ann", "name": 7, "role": "default", "status": "offline"})).is_empty());
    assert!(!faults::<Message>(&json!({"id": 7})).is_empty());
}
