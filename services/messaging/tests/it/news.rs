//! What becomes a conversation's last message is the app's to set; so are some limits.

use halley_contracts::{
    groups::v1::MembershipAction,
    messaging::v1::{self as pb, MessageCategory},
};
use halley_model::{AppSettings, ErrorCode, Feature, Limit};

use crate::support::{Api, GROUP, USER, World, to_group, to_user};

async fn world(settings: AppSettings) -> (World, Api) {
    let mut world = World::new(&["ann", "bob"]).await;
    world.groups.add_group("room", &["ann", "bob"]);
    world.settings = settings;
    let api = world.start().await;
    (world, api)
}

/// The last message of bob's conversation with a side, and his unread count.
async fn last(api: &Api, kind: pb::ReceiverType, with: &str) -> (i64, i64) {
    let request = pb::GetConversationRequest { with_type: kind.into(), with: with.to_owned(), ..Default::default() };
    let shown = api.get_conversation(&api.user("bob"), request).await.unwrap().conversation.unwrap();
    (shown.last_message.map_or(0, |message| message.id), shown.unread_count)
}

fn custom(data: &str) -> pb::SendMessageRequest {
    pb::SendMessageRequest {
        category: MessageCategory::Custom.into(),
        r#type: "move".to_owned(),
        data_json: data.to_owned(),
        ..to_user("bob", "")
    }
}

/// What each kind of message leaves as the last message: whether that is the message itself, and how many are unread.
async fn outcomes(on: bool) -> Vec<(Feature, bool, i64)> {
    let mut all = Vec::new();
    for feature in [
        Feature::UpdateOnReplies,
        Feature::UpdateOnCustomMessage,
        Feature::UpdateOnCallActivity,
        Feature::UpdateOnMessageActions,
        Feature::UpdateOnGroupActions,
    ] {
        let (world, api) = world(AppSettings::default().with_feature(feature, on)).await;
        let root = api.send("ann", to_user("bob", "root")).await.id;
        let joined = Some(world.membership("room", "bob", MembershipAction::Joined));
        api.record_membership(&api.server(), pb::RecordMembershipRequest { event: joined }).await.unwrap();
        api.send("ann", to_group("room", "root")).await;
        let made = match feature {
            Feature::UpdateOnReplies => {
                api.send("ann", pb::SendMessageRequest { parent_id: root, ..to_user("bob", "reply") }).await.id
            }
            Feature::UpdateOnCustomMessage => {
                let data = r#"{"customData":{"a":1},"metadata":{"incrementUnreadCount":true}}"#;
                api.send("ann", custom(data)).await.id
            }
            Feature::UpdateOnCallActivity => {
                let category = MessageCategory::Call.into();
                let call = pb::SendMessageRequest { category, r#type: "audio".into(), ..to_user("bob", "call") };
                api.send("ann", call).await.id
            }
            Feature::UpdateOnMessageActions => {
                let data_json = r#"{"text":"edited"}"#.to_owned();
                let edit = pb::EditMessageRequest { id: root, data_json, ..Default::default() };
                api.edit_message(&api.user("ann"), edit).await.unwrap().message.unwrap().id
            }
            _ => {
                let event = Some(world.membership("room", "ann", MembershipAction::ScopeChanged));
                let request = pb::RecordMembershipRequest { event };
                api.record_membership(&api.server(), request).await.unwrap().message.unwrap().id
            }
        };
        let (kind, with) = if feature == Feature::UpdateOnGroupActions { (GROUP, "room") } else { (USER, "ann") };
        let (shown, unread) = last(&api, kind, with).await;
        all.push((feature, shown == made, unread));
    }
    all
}

#[tokio::test]
async fn each_kind_becomes_the_last_message_where_the_app_says_so() {
    assert_eq!(
        outcomes(true).await,
        [
            (Feature::UpdateOnReplies, true, 1),
            (Feature::UpdateOnCustomMessage, true, 2),
            (Feature::UpdateOnCallActivity, true, 1),
            (Feature::UpdateOnMessageActions, true, 1),
            (Feature::UpdateOnGroupActions, true, 1),
        ]
    );
    assert_eq!(
        outcomes(false).await,
        [
            (Feature::UpdateOnReplies, false, 1),
            (Feature::UpdateOnCustomMessage, false, 1),
            (Feature::UpdateOnCallActivity, false, 1),
            (Feature::UpdateOnMessageActions, false, 1),
            (Feature::UpdateOnGroupActions, false, 1),
        ]
    );
}

#[tokio::test]
async fn a_quiet_message_is_no_news_beside_loud_ones_of_the_same_batch() {
    let (_world, api) = world(AppSettings::default().with_feature(Feature::UpdateOnCustomMessage, false)).await;
    let quiet = custom(r#"{"customData":{"a":1}}"#);
    let sent = futures::future::join_all((0..20).map(|index| {
        let request = if index % 2 == 0 { to_user("bob", "loud") } else { quiet.clone() };
        api.send("ann", request)
    }))
    .await;
    let newest_loud = sent.iter().filter(|message| message.r#type == "text").map(|message| message.id).max().unwrap();
    assert_eq!(last(&api, USER, "ann").await, (newest_loud, 10));
}

#[tokio::test]
async fn pins_saves_reactions_and_size_are_limited_as_the_app_says() {
    let settings = AppSettings::default()
        .with_limit(Limit::PinnedMessages, 1)
        .with_limit(Limit::SavedMessages, 1)
        .with_limit(Limit::Reactions, 1)
        .with_limit(Limit::MessageBytes, 40);
    let (_world, api) = world(settings).await;
    let (one, two) = (api.send("ann", to_user("bob", "1")).await.id, api.send("ann", to_user("bob", "2")).await.id);
    let ann = api.user("ann");
    let pin = |message_id| pb::PinMessageRequest { message_id, ..Default::default() };
    api.pin_message(&ann, pin(one)).await.unwrap();
    assert_eq!(api.pin_message(&ann, pin(two)).await.expect_err("full").code, ErrorCode::PinnedMessagesLimit);
    let save = |message_id| pb::SaveMessageRequest { message_id, ..Default::default() };
    api.save_message(&ann, save(one)).await.unwrap();
    assert_eq!(api.save_message(&ann, save(two)).await.expect_err("full").code, ErrorCode::SavedMessagesLimit);
    let react = |reaction: &str| pb::AddReactionRequest {
        message_id: one,
        reaction: reaction.to_owned(),
        ..Default::default()
    };
    api.add_reaction(&ann, react("🙂")).await.unwrap();
    assert_eq!(api.add_reaction(&ann, react("👍")).await.expect_err("full").code, ErrorCode::BadRequest);
    assert_eq!(api.refused("ann", to_user("bob", &"a".repeat(40))).await, ErrorCode::InvalidMessageData);
    let data_json = format!(r#"{{"text":"{}"}}"#, "a".repeat(40));
    let edit = pb::EditMessageRequest { id: one, data_json, ..Default::default() };
    assert_eq!(api.edit_message(&ann, edit).await.expect_err("too large").code, ErrorCode::InvalidMessageData);
}

#[tokio::test]
async fn tags_and_mentions_are_limited_as_the_app_says() {
    let settings = AppSettings::default().with_limit(Limit::Tags, 1).with_limit(Limit::Mentions, 11);
    let (_world, api) = world(settings).await;
    let tagged = |tags: &[&str]| pb::SendMessageRequest {
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        ..to_user("bob", "hi")
    };
    let sent = api.send("ann", tagged(&["a"])).await;
    assert_eq!(api.refused("ann", tagged(&["a", "b"])).await, ErrorCode::BadRequest);
    let ann = api.user("ann");
    let tags = vec!["a".to_owned(), "b".to_owned()];
    let edit = pb::EditMessageRequest { id: sent.id, tags: tags.clone(), set_tags: true, ..Default::default() };
    assert_eq!(api.edit_message(&ann, edit).await.expect_err("two").code, ErrorCode::BadRequest);
    let update = pb::UpdateConversationRequest { with_type: USER.into(), with: "bob".to_owned(), tags };
    assert_eq!(api.update_conversation(&ann, update).await.expect_err("two").code, ErrorCode::BadRequest);
    let mentioning = |count: usize| (0..count).map(|n| format!("<@uid:u{n}>")).collect::<String>();
    api.send("ann", to_user("bob", &mentioning(11))).await;
    assert_eq!(api.refused("ann", to_user("bob", &mentioning(12))).await, ErrorCode::InvalidMessageText);
    let data_json = serde_json::json!({"text": mentioning(12)}).to_string();
    let edit = pb::EditMessageRequest { id: sent.id, data_json, ..Default::default() };
    assert_eq!(api.edit_message(&ann, edit).await.expect_err("twelve").code, ErrorCode::InvalidMessageText);
}
