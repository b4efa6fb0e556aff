//! Bodies against the documented shapes.

use halley_contracts::{
    events::v1::{MessageModerated, MessageSent, ReactionChanged, RelationKind},
    messaging::v1::{MessageCategory, ModerationStatus, ReceiverType, message::ReceiverEntity},
};

use super::*;
use crate::happening;

fn user(uid: &str, name: &str) -> User {
    User { uid: uid.to_owned(), name: name.to_owned(), ..Default::default() }
}

fn known() -> Known {
    let users = [user("ann", "Ann"), user("bob", "Bob")].map(|user| (user.uid.clone(), user));
    Known { users: users.into(), participants: Vec::new() }
}

fn event(body: Body) -> Event {
    Event {
        id: "e".to_owned(),
        app_id: "app".to_owned(),
        occurred_at_ms: 1_700_000_100_000,
        body: Some(body),
        ..Default::default()
    }
}

/// The bodies of an event by trigger and form, as a webhook gets them.
fn told(body: Body, known: &Known) -> HashMap<(&'static str, bool), Value> {
    let event = event(body);
    let one = |happening: Happening| {
        let told = Told::new(&event, &happening, known, "eu").expect("a body");
        let json = serde_json::from_str(&told.to("hook").expect("json")).expect("json");
        ((happening.trigger, happening.form == Form::Legacy), json)
    };
    happening::of(&event).into_iter().map(one).collect()
}

fn message() -> Message {
    Message {
        id: 401,
        conversation_id: "ann_user_bob".to_owned(),
        sender_uid: "ann".to_owned(),
        receiver_type: ReceiverType::User.into(),
        receiver: "bob".to_owned(),
        category: MessageCategory::Message.into(),
        r#type: "text".to_owned(),
        data_json: r#"{"text":"hi"}"#.to_owned(),
        sent_at_ms: 1_700_000_100_000,
        sender: Some(user("ann", "Ann")),
        receiver_entity: Some(ReceiverEntity::ReceiverUser(user("bob", "Bob"))),
        ..Default::default()
    }
}

fn sent(message: Message) -> Body {
    Body::MessageSent(MessageSent { message: Some(message) })
}

#[test]
fn a_message_stands_in_an_envelope_of_either_version() {
    let all = told(sent(Message { mentions: vec![user("eve", "Eve")], ..message() }), &Known::default());
    let current = &all[&("message_sent", false)];
    assert_eq!(
        (&current["trigger"], &current["appId"], &current["region"], &current["webhook"]),
        (&json!("message_sent"), &json!("app"), &json!("eu"), &json!("hook"))
    );
    let shown = &current["data"]["message"];
    assert_eq!((&shown["id"], &shown["data"]["text"], &shown["sender"]), (&json!("401"), &json!("hi"), &json!("ann")));
    assert!(current.get("type").is_none());
    assert_eq!(all[&("user_mentioned", false)]["data"]["message"]["data"]["mentions"]["eve"]["name"], "Eve");
    let older = &all[&("after_message", true)];
    assert_eq!((&older["data"], older.get("region")), (shown, None));
}

#[test]
fn a_change_of_a_message_is_the_action_that_tells_of_it() {
    for (word, trigger) in [("edited", "message_edited"), ("deleted", "message_deleted")] {
        let action = Message {
            id: 402,
            category: MessageCategory::Action.into(),
            r#type: "message".to_owned(),
            data_json: json!({"action": word}).to_string(),
            action_on_message: Some(Box::new(message())),
            ..message()
        };
        let all = told(sent(action), &Known::default());
        let data = &all[&(trigger, false)]["data"]["message"]["data"];
        assert_eq!((&data["action"], &data["entities"]["on"]["entity"]["id"]), (&json!(word), &json!("401")));
        assert_eq!(all[&(trigger, true)]["data"]["id"], "402");
    }
}

#[test]
fn receipts_have_the_shape_of_each_version() {
    let changed = ReceiptChanged {
        kind: ReceiptKind::Read.into(),
        user: Some(user("bob", "Bob")),
        receiver_type: ReceiverType::User.into(),
        receiver: "ann".to_owned(),
        message_id: 401,
        message_sender: "ann".to_owned(),
        ..Default::default()
    };
    let all = told(Body::ReceiptChanged(changed), &Known::default());
    let shown = json!({"uid": "bob", "name": "Bob", "role": "default", "status": "offline"});
    assert_eq!(
        all[&("message_read_receipt", false)]["data"],
        json!({"receiver": "ann", "receiverType": "user", "type": "receipts", "sender": "bob", "messageSender": "ann",
            "body": {"action": "read", "messageId": "401", "user": shown, "timestamp": 1_700_000_100}})
    );
    let older = &all[&("message_read_receipt", true)];
    assert_eq!(
        older["data"],
        json!({"messageId": "401", "receiptType": "read", "readAt": 1_700_000_100, "messageSender": "ann",
            "receiptSender": "bob", "receiptReceiver": "ann", "receiverType": "user"})
    );
    assert_eq!((&older["origin"]["platform"], &older["chatAPIVersion"]), (&json!("WEBSOCKET"), &json!("3.0")));
}

#[test]
fn a_reaction_says_who_reacted() {
    let reaction = Reaction {
        id: 9,
        message_id: 401,
        reaction: "x".to_owned(),
        uid: "bob".to_owned(),
        reacted_at_ms: 5000,
        user: Some(user("bob", "Bob")),
    };
    for (added, trigger) in [(true, "message_reaction_added"), (false, "message_reaction_removed")] {
        let changed = ReactionChanged { added, reaction: Some(reaction.clone()), ..Default::default() };
        let all = told(Body::ReactionChanged(changed), &Known::default());
        let shown = &all[&(trigger, false)]["data"]["reaction"];
        assert_eq!(
            (&shown["messageId"], &shown["reaction"], &shown["reactedBy"]["name"]),
            (&json!("401"), &json!("x"), &json!("Bob"))
        );
        assert_eq!(&all[&(trigger, true)]["data"], shown);
    }
}

#[test]
fn a_block_says_who_blocked_whom() {
    for (kind, trigger) in [(RelationKind::Blocked, "user_blocked"), (RelationKind::Unblocked, "user_unblocked")] {
        let changed = RelationChanged { uid: "ann".to_owned(), other_uid: "bob".to_owned(), kind: kind.into() };
        let data = told(Body::RelationChanged(changed), &known())[&(trigger, false)]["data"].clone();
        assert_eq!((&data["users"]["bob"]["name"], &data["by"]["name"]), (&json!("Bob"), &json!("Ann")));
    }
    let friends = RelationChanged { kind: RelationKind::Befriended.into(), ..Default::default() };
    assert!(told(Body::RelationChanged(friends), &known()).is_empty());
}

fn room() -> Group {
    Group {
        guid: "room".to_owned(),
        name: "Room".to_owned(),
        owner: "ann".to_owned(),
        members_count: 2,
        created_at_ms: 7000,
        updated_by: "ann".to_owned(),
        ..Default::default()
    }
}

#[test]
fn a_group_is_told_of_from_its_beginning_to_its_end() {
    let changed = |kind: ChangeKind, old_owner: &str| {
        Body::GroupChanged(GroupChanged { kind: kind.into(), group: Some(room()), old_owner: old_owner.to_owned() })
    };
    let data = |body, trigger| told(body, &known())[&(trigger, false)]["data"].clone();
    let made = data(changed(ChangeKind::Created, ""), "group_created");
    assert_eq!(
        (
            &made["group"]["scope"],
            &made["group"]["hasJoined"],
            &made["group"]["joinedAt"],
            &made["members"]["ann"]["name"]
        ),
        (&json!("admin"), &json!(true), &json!(7), &json!("Ann"))
    );
    let updated = data(changed(ChangeKind::Updated, ""), "group_updated");
    assert_eq!(
        updated["group"],
        json!({"guid": "room", "name": "Room", "type": "public", "owner": "ann", "membersCount": 2,
            "conversationId": "group_room", "createdAt": 7, "updatedBy": "ann"})
    );
    assert_eq!(data(changed(ChangeKind::Updated, "bob"), "group_owner_transferred")["group"]["oldOwner"], "bob");
    assert_eq!(data(changed(ChangeKind::Deleted, ""), "group_deleted")["group"]["guid"], "room");
}

#[test]
fn a_member_is_told_of_with_who_did_it() {
    let changed = |action: MembershipAction, by: &str| MembershipChanged {
        action: action.into(),
        group: Some(room()),
        by_uid: by.to_owned(),
        on_uid: "bob".to_owned(),
        scope: MemberScope::Admin.into(),
        old_scope: MemberScope::Participant.into(),
        ..Default::default()
    };
    let data = |changed, trigger| told(Body::MembershipChanged(changed), &known())[&(trigger, false)]["data"].clone();
    let kicked = data(changed(MembershipAction::Kicked, "ann"), "group_member_kicked");
    assert_eq!(
        (&kicked["members"]["bob"]["conversationId"], &kicked["by"]["name"], &kicked["group"]["guid"]),
        (&json!("ann_user_bob"), &json!("Ann"), &json!("room"))
    );
    assert_eq!(data(changed(MembershipAction::Kicked, "ann"), "group_member_removed"), kicked);
    let scope = data(changed(MembershipAction::ScopeChanged, "ann"), "group_member_scope_changed");
    assert_eq!(
        (&scope["members"]["bob"]["scope"], &scope["members"]["bob"]["oldScope"]),
        (&json!("admin"), &json!("participant"))
    );
    let joined = data(changed(MembershipAction::Joined, "bob"), "group_member_joined");
    assert!(joined.get("by").is_none() && joined["members"]["bob"]["name"] == "Bob", "{joined}");
    let by_app = data(changed(MembershipAction::Added, "app_system"), "group_member_added");
    assert!(by_app["members"]["bob"].get("conversationId").is_none() && by_app["by"]["uid"] == "app_system");
}

#[test]
fn a_call_is_told_of_by_message_or_by_session() {
    let call = |action: &str, more: Value| {
        let mut told = json!({"sessionid": "s", "status": action, "initiatedAt": 10});
        for (key, value) in more.as_object().expect("an object") {
            told[key] = value.clone();
        }
        sent(Message {
            category: MessageCategory::Call.into(),
            r#type: "audio".to_owned(),
            data_json: json!({"action": action, "call": told}).to_string(),
            ..message()
        })
    };
    for action in ["initiated", "rejected", "busy", "cancelled", "unanswered"] {
        let trigger = happening::of(&event(call(action, json!({}))))[0].trigger;
        assert_eq!(trigger, format!("call_{action}"));
        let body = told(call(action, json!({})), &known())[&(trigger, false)].clone();
        assert_eq!((&body["data"]["call"]["data"]["action"], body.get("type")), (&json!(action), None));
    }
    let all = told(call("ongoing", json!({"startedAt": 20, "joinedAt": 20})), &known());
    let started = &all[&("call_started", false)];
    assert_eq!((&started["type"], &started["data"]), (&json!("call"), &json!({"created_at": 20, "sessionId": "s"})));
    assert_eq!(
        all[&("call_participant_joined", false)]["data"],
        json!({"occupant": {"uid": "ann", "name": "Ann", "audio_call": "true", "joined_at": 20}, "sessionId": "s"})
    );
    let participants = vec![CallParticipant { uid: "bob".to_owned(), joined_at_ms: 21_000, ..Default::default() }];
    let all = told(
        call("ended", json!({"startedAt": 20, "joinedAt": 20, "endedAt": 50})),
        &Known { participants, ..known() },
    );
    assert_eq!(
        all[&("call_ended", false)]["data"],
        json!({"all_occupants": [{"uid": "bob", "name": "Bob", "audio_call": "true", "joined_at": 21, "left_at": 50}],
            "created_at": 20, "destroyed_at": 50, "sessionId": "s"})
    );
    assert_eq!(all[&("call_participant_left", false)]["data"]["occupant"]["left_at"], 50);
}

#[test]
fn only_an_approval_is_told_of() {
    let reviewed = |status: ModerationStatus| {
        let message = Message { moderation: status.into(), ..message() };
        Body::MessageModerated(MessageModerated { message: Some(message), shown_to_others: None })
    };
    let all = told(reviewed(ModerationStatus::Approved), &known());
    let data = &all[&("moderation_manual_approved", false)]["data"];
    assert_eq!(
        (&data["message"]["data"]["moderation"]["status"], &data["reviewed"]),
        (&json!("approved"), &json!(true))
    );
    assert!(told(reviewed(ModerationStatus::Disapproved), &known()).is_empty());
}

#[test]
fn a_body_is_found_by_everybody_whom_it_names() {
    let quoted = Message { sender_uid: "cy".to_owned(), sender: None, ..message() };
    let message = Message { mentions: vec![user("eve", "Eve")], quoted_message: Some(Box::new(quoted)), ..message() };
    let event = event(sent(message));
    let happening = happening::of(&event).remove(0);
    let told = Told::new(&event, &happening, &Known::default(), "us").expect("a body");
    assert_eq!(told.uids().into_iter().collect::<Vec<_>>(), ["ann", "bob", "cy", "eve"]);
    let event = Event {
        body: Some(Body::MembershipChanged(MembershipChanged {
            action: MembershipAction::Kicked.into(),
            group: Some(room()),
            by_uid: "app_system".to_owned(),
            on_uid: "dan".to_owned(),
            ..Default::default()
        })),
        ..event
    };
    let told = Told::new(&event, &happening::of(&event)[0], &Known::default(), "us").expect("a body");
    assert_eq!(told.uids().into_iter().collect::<Vec<_>>(), ["ann", "dan"]);
    assert!(Told::test("app", "us").uids().is_empty());
}
