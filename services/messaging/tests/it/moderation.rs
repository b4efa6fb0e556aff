//! Reports of messages: who may, what the queue shows, who sees what was disapproved.

use halley_bus::Channel;
use halley_contracts::{
    common::v1::PageRequest,
    events::v1::{MessageModerated, event::Body},
    messaging::v1::{
        self as pb, FlagMessageRequest, FlaggedMessage, ListFlaggedMessagesRequest, Message, ModerationStatus, Reason,
        ReviewMessageRequest, moderation_service_client::ModerationServiceClient,
    },
};
use halley_kit::{Caller, Transport};
use halley_model::ErrorCode;

use crate::support::{Api, Feed, GROUP, USER, World, history, outcome, texts, to_group, to_user};

impl Api {
    fn moderation(&self) -> ModerationServiceClient<Transport> {
        ModerationServiceClient::new(self.transport())
    }

    async fn flag(&self, caller: &Caller, message_id: i64, reason: &str) -> Result<(), ErrorCode> {
        let request =
            FlagMessageRequest { message_id, reason_id: reason.to_owned(), remark: format!("because {reason}") };
        outcome(self.moderation().flag_message(caller.request(request)).await).map(drop).map_err(|fault| fault.code)
    }

    async fn queue(&self, caller: &Caller, reviewed: bool) -> Result<Vec<FlaggedMessage>, ErrorCode> {
        let request = ListFlaggedMessagesRequest { page: None, reviewed };
        let answer = outcome(self.moderation().list_flagged_messages(caller.request(request)).await);
        answer.map(|answer| answer.messages).map_err(|fault| fault.code)
    }

    async fn review(&self, caller: &Caller, message_id: i64, status: ModerationStatus) -> Result<(), ErrorCode> {
        let request = ReviewMessageRequest { message_id, status: status.into() };
        outcome(self.moderation().review_message(caller.request(request)).await).map(drop).map_err(|fault| fault.code)
    }

    async fn reasons(&self, caller: &Caller, page: i32, per_page: i32) -> (Vec<Reason>, i64) {
        let request = pb::ListReasonsRequest { page: Some(PageRequest { page, per_page }) };
        let answer = outcome(self.moderation().list_reasons(caller.request(request)).await).unwrap();
        (answer.reasons, answer.page.unwrap().total)
    }

    async fn add_reason(&self, caller: &Caller, id: &str, name: &str) -> Result<Reason, ErrorCode> {
        let request = pb::CreateReasonRequest { id: id.to_owned(), name: name.to_owned(), description: "d".to_owned() };
        let answer = outcome(self.moderation().create_reason(caller.request(request)).await);
        answer.map(|answer| answer.reason.unwrap()).map_err(|fault| fault.code)
    }

    async fn delete_reason(&self, caller: &Caller, id: &str) -> Result<(), ErrorCode> {
        let request = pb::DeleteReasonRequest { id: id.to_owned() };
        outcome(self.moderation().delete_reason(caller.request(request)).await).map(drop).map_err(|fault| fault.code)
    }

    async fn rename_reason(&self, caller: &Caller, id: &str, name: &str) -> Result<Reason, ErrorCode> {
        let request = pb::UpdateReasonRequest { id: id.to_owned(), name: Some(name.to_owned()), description: None };
        let answer = outcome(self.moderation().update_reason(caller.request(request)).await);
        answer.map(|answer| answer.reason.unwrap()).map_err(|fault| fault.code)
    }

    async fn shown(&self, uid: &str, id: i64) -> Result<Message, ErrorCode> {
        let answer = self.get_message(&self.user(uid), pb::GetMessageRequest { id }).await;
        answer.map(|answer| answer.message.unwrap()).map_err(|fault| fault.code)
    }
}

#[tokio::test]
async fn an_app_begins_with_reasons_and_changes_them() {
    let world = World::new(&["ann"]).await;
    let api = world.start().await;
    let (server, ann) = (api.server(), api.user("ann"));
    let (first, total) = api.reasons(&ann, 1, 100).await;
    let ids = |reasons: &[Reason]| reasons.iter().map(|reason| reason.id.clone()).collect::<Vec<_>>();
    assert_eq!((ids(&first), total), (["harassment", "sexual", "spam"].map(str::to_owned).to_vec(), 3));
    assert!(first.iter().all(|reason| reason.is_default && !reason.name.is_empty() && reason.created_at_ms > 0));

    let made = api.add_reason(&server, "Rude", "Rude words").await.unwrap();
    assert_eq!((made.id.as_str(), made.is_default), ("rude", false));
    assert_eq!(api.add_reason(&server, "rude", "x").await, Err(ErrorCode::BadRequest), "taken");
    assert_eq!(api.add_reason(&server, "no id", "x").await, Err(ErrorCode::BadRequest));
    assert_eq!(api.add_reason(&server, "x", " ").await, Err(ErrorCode::BadRequest));
    let renamed = api.rename_reason(&server, "RUDE", "Ruder").await.unwrap();
    assert_eq!((renamed.name.as_str(), renamed.description.as_str()), ("Ruder", "d"));
    for id in ["spam", "sexual", "harassment"] {
        api.delete_reason(&server, id).await.unwrap();
        assert_eq!(api.delete_reason(&server, id).await, Err(ErrorCode::ReasonNotFound));
        assert_eq!(api.rename_reason(&server, id, "x").await, Err(ErrorCode::ReasonNotFound));
    }
    assert_eq!(ids(&api.reasons(&server, 1, 100).await.0), ["rude"], "default ones don't come back");
    assert!(!api.add_reason(&server, "spam", "Own").await.unwrap().is_default, "the id is free again");

    for n in 0..5 {
        api.add_reason(&server, &format!("r{n}"), "x").await.unwrap();
    }
    let mut walked = Vec::new();
    for page in 1..=4 {
        let (rows, total) = api.reasons(&server, page, 2).await;
        assert_eq!(total, 7);
        walked.extend(ids(&rows));
    }
    walked.sort_unstable();
    assert_eq!(walked, ["r0", "r1", "r2", "r3", "r4", "rude", "spam"]);

    let denied = ErrorCode::PermissionDenied;
    assert_eq!(api.add_reason(&ann, "x", "x").await, Err(denied));
    assert_eq!(api.rename_reason(&ann, "rude", "x").await, Err(denied));
    assert_eq!(api.delete_reason(&ann, "rude").await, Err(denied));
    let elsewhere = World::stranger(&api);
    assert_eq!(elsewhere.reasons(&elsewhere.server(), 1, 100).await.1, 3, "another app has its own");
    assert_eq!(elsewhere.delete_reason(&elsewhere.server(), "rude").await, Err(ErrorCode::ReasonNotFound));
}

#[tokio::test]
async fn a_report_is_queued_decided_and_queued_again() {
    let world = World::new(&["ann", "bob", "cat", "eve"]).await;
    world.groups.add_group("room", &["ann", "bob", "cat"]);
    let api = world.start().await;
    let server = api.server();
    let (bob, cat, eve) = (api.user("bob"), api.user("cat"), api.user("eve"));
    let id = api.send("ann", to_group("room", "bad")).await.id;

    assert_eq!(api.flag(&eve, id, "spam").await, Err(ErrorCode::MessageNoAccess));
    assert_eq!(api.flag(&bob, id, "nothing").await, Err(ErrorCode::ReasonNotFound));
    assert_eq!(api.flag(&bob, 999_999, "spam").await, Err(ErrorCode::MessageIdNotFound));
    assert_eq!(api.flag(&server, id, "spam").await, Err(ErrorCode::BadRequest), "who reports?");
    assert_eq!(api.review(&server, id, ModerationStatus::Approved).await, Err(ErrorCode::MessageIdNotFound));
    api.flag(&bob, id, "spam").await.unwrap();
    api.flag(&cat, id, "Harassment").await.unwrap();
    api.flag(&bob, id, "sexual").await.unwrap();

    let queued = api.queue(&server, false).await.unwrap();
    assert_eq!((queued.len(), queued[0].flag_count), (1, 2));
    assert_eq!(queued[0].message.as_ref().unwrap().id, id);
    let flags: Vec<_> = queued[0].flags.iter().map(|flag| (flag.uid.as_str(), flag.reason_id.as_str())).collect();
    assert!(flags.len() == 2 && flags.contains(&("bob", "sexual")) && flags.contains(&("cat", "harassment")));
    assert_eq!(queued[0].flags.iter().find(|flag| flag.uid == "bob").unwrap().remark, "because sexual");
    assert_eq!(texts(&api.page(&cat, history(GROUP, "room")).await), ["bad"], "it stays until somebody decides");

    assert_eq!(api.queue(&bob, false).await, Err(ErrorCode::PermissionDenied));
    assert_eq!(api.review(&bob, id, ModerationStatus::Approved).await, Err(ErrorCode::PermissionDenied));
    assert_eq!(api.review(&server, id, ModerationStatus::Unspecified).await, Err(ErrorCode::BadRequest));
    api.review(&server, id, ModerationStatus::Approved).await.unwrap();
    assert!(api.queue(&server, false).await.unwrap().is_empty());
    let reviewed = api.queue(&server, true).await.unwrap();
    assert_eq!((reviewed[0].status(), reviewed[0].reviewed_by.as_str()), (ModerationStatus::Approved, "app_system"));
    assert_eq!(api.shown("bob", id).await.unwrap().moderation(), ModerationStatus::Approved);
    api.flag(&cat, id, "spam").await.unwrap();
    assert_eq!(api.queue(&server, false).await.unwrap().len(), 1, "reported again");
    assert!(api.queue(&server, true).await.unwrap().is_empty());

    // What was deleted leaves the queue, too.
    let delete = pb::DeleteMessageRequest { id, ..Default::default() };
    api.delete_message(&api.user("ann"), delete).await.unwrap();
    api.review(&server, id, ModerationStatus::Disapproved).await.unwrap();
    assert!(api.queue(&server, false).await.unwrap().is_empty());
    let elsewhere = World::stranger(&api);
    assert!(elsewhere.queue(&elsewhere.server(), true).await.unwrap().is_empty());
    let foreign = elsewhere.review(&elsewhere.server(), id, ModerationStatus::Approved).await;
    assert_eq!(foreign, Err(ErrorCode::MessageIdNotFound));
}

/// What the sender and what others are told next of a moderated message.
async fn told(feed: &mut Feed) -> (String, String) {
    loop {
        if let Some(Body::MessageModerated(MessageModerated { message, shown_to_others })) = feed.next().await.1.body {
            let text = |message: Option<Message>| texts(&[message.unwrap()]).concat();
            return (text(message), text(shown_to_others));
        }
    }
}

#[tokio::test]
async fn what_was_disapproved_is_its_senders_and_the_apps() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let (ann, bob, server) = (api.user("ann"), api.user("bob"), api.server());
    let first = api.send("ann", to_user("bob", "good")).await.id;
    let bad = api.send("ann", to_user("bob", "bad")).await.id;
    let quoting =
        api.send("bob", pb::SendMessageRequest { quoted_message_id: bad, ..to_user("ann", "what?") }).await.id;
    let edit = pb::EditMessageRequest { id: bad, data_json: r#"{"text":"worse"}"#.to_owned(), ..Default::default() };
    let action = api.edit_message(&ann, edit.clone()).await.unwrap().message.unwrap().id;
    api.flag(&bob, bad, "spam").await.unwrap();
    let before = api.shown("ann", bad).await.unwrap().updated_at_ms;
    let mut feed = world.listen(vec![Channel::user(&world.app, "bob")]).await;
    for _ in 0..2 {
        api.review(&server, bad, ModerationStatus::Disapproved).await.unwrap();
    }
    api.review(&server, bad, ModerationStatus::Approved).await.unwrap();
    api.review(&server, bad, ModerationStatus::Disapproved).await.unwrap();
    let disapproved = ("worse".to_owned(), String::new());
    let approved = ("worse".to_owned(), "worse".to_owned());
    assert_eq!(told(&mut feed).await, disapproved);
    assert_eq!(told(&mut feed).await, approved, "what stays as it is, is no news");
    assert_eq!(told(&mut feed).await, disapproved);

    let ids = async |caller: &Caller, request: pb::ListMessagesRequest| {
        api.page(caller, request).await.into_iter().map(|message| message.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&bob, history(USER, "ann")).await, [first, quoting, action]);
    assert_eq!(ids(&bob, pb::ListMessagesRequest::default()).await, [first, quoting, action]);
    assert_eq!(ids(&ann, history(USER, "bob")).await, [first, bad, quoting, action]);
    assert_eq!(ids(&server, pb::ListMessagesRequest::default()).await, [first, bad, quoting, action]);
    assert_eq!(api.shown("bob", bad).await, Err(ErrorCode::MessageIdNotFound));
    let own = api.shown("ann", bad).await.unwrap();
    assert_eq!(
        (texts(std::slice::from_ref(&own)), own.moderation()),
        (vec!["worse".to_owned()], ModerationStatus::Disapproved)
    );
    assert!(own.updated_at_ms >= before, "a walk by updates meets it");

    // Nor does it show through what refers to it, or to those who count places.
    let quotes = api.shown("bob", quoting).await.unwrap();
    assert!(quotes.quoted_message.is_none());
    let edited = api.shown("bob", action).await.unwrap().action_on_message.unwrap();
    assert_eq!((edited.id, edited.data_json.as_str()), (bad, "{}"));
    let places = pb::ListMessagesRequest { with_erased: true, ..history(USER, "ann") };
    let places = api.page(&bob, places).await;
    assert_eq!(places.iter().map(|message| message.sequence).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(places[1].data_json, "{}");

    // Nobody brings it back by other means, not even its sender; but it can be deleted.
    assert_eq!(api.edit_message(&ann, edit).await.unwrap_err().code, ErrorCode::MessageNoAccess);
    let pin = pb::PinMessageRequest { message_id: bad, ..Default::default() };
    assert_eq!(api.pin_message(&ann, pin.clone()).await.unwrap_err().code, ErrorCode::MessageNoAccess);
    assert_eq!(api.pin_message(&bob, pin).await.unwrap_err().code, ErrorCode::MessageIdNotFound);
    let react = pb::AddReactionRequest { message_id: bad, reaction: "x".to_owned(), ..Default::default() };
    assert_eq!(api.add_reaction(&ann, react).await.unwrap_err().code, ErrorCode::MessageNoAccess);
    for request in [
        pb::SendMessageRequest { quoted_message_id: bad, ..to_user("bob", "again") },
        pb::SendMessageRequest { parent_id: bad, ..to_user("bob", "again") },
    ] {
        assert_eq!(api.refused("ann", request).await, ErrorCode::MessageIdNotFound);
    }
    assert_eq!(api.flag(&bob, bad, "spam").await, Err(ErrorCode::MessageIdNotFound));

    // A decision may be changed.
    api.review(&server, bad, ModerationStatus::Approved).await.unwrap();
    assert_eq!(texts(&[api.shown("bob", bad).await.unwrap()]), ["worse"]);
    api.review(&server, bad, ModerationStatus::Disapproved).await.unwrap();
    api.delete_message(&ann, pb::DeleteMessageRequest { id: bad, ..Default::default() }).await.unwrap();
}

#[tokio::test]
async fn the_last_message_of_a_conversation_is_not_one_that_was_disapproved() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let id = api.send("ann", to_user("bob", "bad")).await.id;
    api.flag(&api.user("bob"), id, "spam").await.unwrap();
    api.review(&api.server(), id, ModerationStatus::Disapproved).await.unwrap();
    assert!(api.conversations("bob").await[0].last_message.is_none());
    assert_eq!(api.conversations("ann").await[0].last_message.as_ref().unwrap().id, id);
}

#[tokio::test]
async fn the_queue_is_walked_to_its_end() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let mut sent = Vec::new();
    for n in 0..5 {
        let id = api.send("ann", to_user("bob", &format!("t{n}"))).await.id;
        api.flag(&api.user("bob"), id, "spam").await.unwrap();
        sent.push(id);
    }
    let walk = async |reviewed: bool| {
        let mut walked = Vec::new();
        for page in 1..=3 {
            let page = Some(PageRequest { page, per_page: 2 });
            let request = ListFlaggedMessagesRequest { page, reviewed };
            let answer = outcome(api.moderation().list_flagged_messages(api.server().request(request)).await).unwrap();
            walked.extend(answer.messages.into_iter().map(|of| of.message.unwrap().id));
        }
        walked.sort_unstable();
        walked
    };
    assert_eq!((walk(false).await, walk(true).await), (sent.clone(), Vec::new()));
    for id in &sent {
        api.review(&api.server(), *id, ModerationStatus::Approved).await.unwrap();
    }
    assert_eq!((walk(false).await, walk(true).await), (Vec::new(), sent));
}
