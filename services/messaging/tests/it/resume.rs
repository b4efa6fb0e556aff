//! What a user missed: exactly that, or the advice to fetch.

use std::collections::HashMap;

use halley_contracts::{
    events::v1::event::Body,
    groups::v1::MembershipAction,
    messaging::v1::{self as pb, Position, ResumeRequest, ResumeResponse},
};
use halley_model::ErrorCode;
use halley_testkit::eventually;

use crate::support::{Api, GROUP, USER, World, assert_dense, history, text_of, texts, to_group, to_user};

impl Api {
    async fn token(&self, uid: &str) -> String {
        self.resume(&self.user(uid), ResumeRequest::default()).await.unwrap().token
    }

    /// What a user missed since a token; must be told.
    async fn missed(&self, uid: &str, token: &str) -> ResumeResponse {
        let answer = self.since(uid, token, &[]).await;
        assert!(!answer.refetch, "must be told");
        answer
    }

    async fn since(&self, uid: &str, token: &str, positions: &[(&str, i64)]) -> ResumeResponse {
        let position =
            |(id, sequence): &(&str, i64)| Position { conversation_id: (*id).to_owned(), sequence: *sequence };
        let positions = positions.iter().map(position).collect();
        self.resume(&self.user(uid), ResumeRequest { token: token.to_owned(), positions }).await.unwrap()
    }

    async fn member(&self, world: &World, uid: &str, action: MembershipAction) {
        let request = pb::RecordMembershipRequest { event: Some(world.membership("room", uid, action)) };
        self.record_membership(&self.server(), request).await.unwrap();
    }

    async fn like(&self, uid: &str, message_id: i64) {
        let request = pb::AddReactionRequest { message_id, reaction: "👍".to_owned(), ..Default::default() };
        self.add_reaction(&self.user(uid), request).await.unwrap();
    }

    async fn read(&self, uid: &str, with: &str, message_id: i64) {
        let request =
            pb::MarkReadRequest { with_type: USER.into(), with: with.to_owned(), message_id, ..Default::default() };
        self.mark_read(&self.user(uid), request).await.unwrap();
    }
}

fn is_nothing(missed: &ResumeResponse) -> bool {
    missed.messages.is_empty()
        && missed.changed_messages.is_empty()
        && missed.receipts.is_empty()
        && missed.conversations.is_empty()
        && missed.left_conversations.is_empty()
        && missed.untold_receipts_of.is_empty()
}

#[tokio::test]
async fn new_messages_are_told_in_order_and_once() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    let api = world.start().await;
    api.send("ann", to_user("bob", "before")).await;
    let token = api.token("bob").await;
    assert!(is_nothing(&api.missed("bob", &token).await), "nothing yet");

    for n in 0..5 {
        api.send("ann", to_user("bob", &format!("t{n}"))).await;
    }
    api.send("cat", to_user("bob", "first of its conversation")).await;
    api.send("ann", to_user("cat", "not for bob")).await;
    let missed = api.missed("bob", &token).await;
    assert_eq!(texts(&missed.messages), ["t0", "t1", "t2", "t3", "t4", "first of its conversation"]);
    assert!(is_nothing(&api.missed("bob", &missed.token).await), "the new token stands behind all of it");
    assert_eq!(texts(&api.missed("cat", &token).await.messages).len(), 2, "a token knows a moment, not a user");
}

#[tokio::test]
async fn positions_leave_out_what_the_client_has() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let token = api.token("bob").await;
    let mut sent = Vec::new();
    for n in 0..4 {
        sent.push(api.send("ann", to_user("bob", &format!("t{n}"))).await);
    }
    let id = sent[0].conversation_id.clone();
    let told = async |sequence| texts(&api.since("bob", &token, &[(&id, sequence), ("group_x", 7)]).await.messages);
    assert_eq!(told(2).await, ["t2", "t3"]);
    assert_eq!(told(4).await, Vec::<String>::new());
    assert_eq!(told(i64::MAX).await, Vec::<String>::new());
    assert_eq!(told(i64::MIN).await.len(), 4);
}

#[tokio::test]
async fn edits_deletions_reactions_and_pins_of_older_messages_are_told() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let ann = api.user("ann");
    let mut sent = Vec::new();
    for n in 0..5 {
        sent.push(api.send("ann", to_user("bob", &format!("t{n}"))).await);
    }
    let token = api.token("bob").await;
    let edit =
        pb::EditMessageRequest { id: sent[0].id, data_json: r#"{"text":"edited"}"#.to_owned(), ..Default::default() };
    api.edit_message(&ann, edit).await.unwrap();
    api.delete_message(&ann, pb::DeleteMessageRequest { id: sent[1].id, ..Default::default() }).await.unwrap();
    api.like("bob", sent[2].id).await;
    api.pin_message(&ann, pb::PinMessageRequest { message_id: sent[3].id, ..Default::default() }).await.unwrap();

    let missed = api.missed("bob", &token).await;
    assert_eq!(missed.messages.len(), 2, "the actions of the edit and the deletion");
    assert!(missed.messages.iter().all(|message| message.category() == pb::MessageCategory::Action));
    let changed: HashMap<i64, &pb::Message> = missed.changed_messages.iter().map(|it| (it.id, it)).collect();
    assert_eq!(changed.len(), 4);
    assert_eq!(text_of(changed[&sent[0].id]), "edited");
    assert_ne!(changed[&sent[1].id].deleted_at_ms, 0);
    assert!(changed[&sent[2].id].reactions.iter().any(|count| count.by_me && count.count == 1));
    assert_ne!(changed[&sent[3].id].pinned_at_ms, 0);
    // What is new as a whole is not told as changed, too.
    let token = missed.token;
    let new = api.send("ann", to_user("bob", "new")).await;
    api.like("bob", new.id).await;
    let missed = api.missed("bob", &token).await;
    assert_eq!((missed.messages.len(), missed.changed_messages.len()), (1, 0));
    assert_eq!(missed.messages[0].reactions.len(), 1);
}

#[tokio::test]
async fn receipts_of_others_and_what_ones_other_devices_did_are_told() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let sent = api.send("ann", to_user("bob", "hi")).await;
    let (of_ann, of_bob) = (api.token("ann").await, api.token("bob").await);
    api.read("bob", "ann", sent.id).await;

    let missed = api.missed("ann", &of_ann).await;
    let [receipt] = missed.receipts.as_slice() else { panic!("one receipt: {:?}", missed.receipts) };
    assert_eq!((receipt.read, receipt.message_id, receipt.sequence), (true, sent.id, sent.sequence));
    assert_eq!((receipt.user.as_ref().unwrap().uid.as_str(), receipt.receiver.as_str()), ("bob", "ann"));
    assert!(receipt.at_ms > 0 && missed.conversations.is_empty());

    let missed = api.missed("bob", &of_bob).await;
    assert!(missed.receipts.is_empty(), "one's own are no news of others");
    let [conversation] = missed.conversations.as_slice() else { panic!("the own state") };
    assert_eq!((conversation.last_read_message_id, conversation.unread_count), (sent.id, 0));
    let pin = pb::PinConversationRequest { with_type: USER.into(), with: "ann".to_owned(), ..Default::default() };
    api.pin_conversation(&api.user("bob"), pin).await.unwrap();
    let missed = api.missed("bob", &missed.token).await;
    assert_ne!(missed.conversations[0].pinned_at_ms, 0);
    let reset = pb::ResetConversationRequest { with_type: USER.into(), with: "ann".to_owned(), ..Default::default() };
    api.reset_conversation(&api.user("bob"), reset).await.unwrap();
    let missed = api.missed("bob", &missed.token).await;
    let [left] = missed.left_conversations.as_slice() else { panic!("hidden on another device: {missed:?}") };
    assert_eq!((&left.conversation_id, left.hidden_before_sequence), (&sent.conversation_id, sent.sequence));
    assert!(missed.messages.is_empty() && missed.conversations.is_empty());
}

#[tokio::test]
async fn who_came_in_and_who_had_to_go_is_told() {
    let world = World::new(&["ann", "bob", "eve"]).await;
    world.groups.add_group("room", &["ann", "bob"]);
    let api = world.start().await;
    for uid in ["ann", "bob"] {
        api.member(&world, uid, MembershipAction::Joined).await;
    }
    api.send("ann", to_group("room", "before eve")).await;
    let (of_bob, of_eve) = (api.token("bob").await, api.token("eve").await);
    world.groups.add_member("room", "eve");
    api.member(&world, "eve", MembershipAction::Joined).await;
    api.send("ann", to_group("room", "with eve")).await;

    let missed = api.missed("eve", &of_eve).await;
    assert_eq!(texts(&missed.messages), ["", "with eve"], "from the own coming on");
    assert_eq!(missed.conversations.len(), 1);
    world.groups.remove_member("room", "bob");
    api.member(&world, "bob", MembershipAction::Kicked).await;
    api.send("ann", to_group("room", "without bob")).await;
    let missed = api.missed("bob", &of_bob).await;
    let [left] = missed.left_conversations.as_slice() else { panic!("out of it: {missed:?}") };
    assert_eq!((left.conversation_id.as_str(), left.hidden_before_sequence), ("group_room", 0));
    let [kicked] = missed.messages.as_slice() else { panic!("how it came: {:?}", texts(&missed.messages)) };
    assert_eq!(
        (kicked.category(), kicked.action_on.as_ref().unwrap().uid.as_str()),
        (pb::MessageCategory::Action, "bob")
    );
}

#[tokio::test]
async fn who_is_thrown_out_is_told_nothing_more_though_the_place_is_still_there() {
    let world = World::new(&["ann", "bob"]).await;
    world.groups.add_group("room", &["ann", "bob"]);
    let api = world.start().await;
    for uid in ["ann", "bob"] {
        api.member(&world, uid, MembershipAction::Joined).await;
    }
    let token = api.token("bob").await;
    let sent = api.send("ann", to_group("room", "between us")).await;
    assert_eq!(texts(&api.missed("bob", &token).await.messages), ["between us"]);
    world.groups.remove_member("room", "bob");
    world
        .fact(Body::MembershipChanged(world.membership("room", "bob", MembershipAction::Kicked).change.unwrap()))
        .await;
    eventually("the fact is read", async || api.missed("bob", &token).await.messages.is_empty().then_some(())).await;
    api.like("ann", sent.id).await;
    assert!(api.missed("bob", &token).await.changed_messages.is_empty());
}

#[tokio::test]
async fn of_large_groups_receipts_are_not_told_one_by_one() {
    let world = World::new(&["ann", "bob"]).await;
    world.groups.add_group("room", &["ann", "bob"]);
    let api = world.start().await;
    for uid in ["ann", "bob"] {
        api.member(&world, uid, MembershipAction::Joined).await;
    }
    let sent = api.send("ann", to_group("room", "hi")).await;
    let token = api.token("ann").await;
    let read = pb::MarkReadRequest {
        with_type: GROUP.into(),
        with: "room".to_owned(),
        message_id: sent.id,
        ..Default::default()
    };
    api.mark_read(&api.user("bob"), read).await.unwrap();
    let missed = api.missed("ann", &token).await;
    assert_eq!((missed.receipts.len(), missed.untold_receipts_of.len()), (1, 0));
    // Those who left don't make it large, those who are there do.
    let fill = async |prefix: &str, left: bool| {
        sqlx::query(
            "INSERT INTO participants (app_id, uid, conversation_id, left_at)
             SELECT app_id, $1 || n, conversation_id, CASE WHEN $2 THEN now() END
             FROM conversations, generate_series(1, 300) AS n WHERE app_id = $3",
        )
        .bind(prefix)
        .bind(left)
        .bind(&world.app)
        .execute(&world.pool)
        .await
        .unwrap();
    };
    fill("gone", true).await;
    assert_eq!(api.missed("ann", &token).await.receipts.len(), 1);
    fill("here", false).await;
    let missed = api.missed("ann", &token).await;
    assert_eq!((missed.receipts.len(), missed.untold_receipts_of), (0, vec!["group_room".to_owned()]));
}

#[tokio::test]
async fn what_is_committed_late_is_told_though_its_time_was_earlier() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let first = api.send("ann", to_user("bob", "t0")).await;
    // A transaction that began, and drew its number, before the token, and commits after it.
    let mut late = halley_kit::postgres::begin(&world.pool).await.unwrap();
    sqlx::query("UPDATE messages SET updated_at = now(), pinned_at = now() WHERE message_id = $1")
        .bind(first.id)
        .execute(&mut *late)
        .await
        .unwrap();
    let other = api.send("bob", to_user("ann", "meanwhile")).await;
    let token = api.token("bob").await;
    assert!(is_nothing(&api.missed("bob", &token).await));
    late.commit().await.unwrap();
    let missed = api.missed("bob", &token).await;
    assert_eq!(missed.changed_messages.iter().map(|message| message.id).collect::<Vec<_>>(), [first.id]);
    assert!(missed.messages.is_empty(), "{} was before the token", other.id);
    assert!(is_nothing(&api.missed("bob", &missed.token).await));
}

#[tokio::test]
async fn too_much_and_useless_tokens_are_to_be_fetched() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let token = api.token("bob").await;
    for bad in ["x", "r1.1.1.10:10:", "r1.9999999999999999999.1.1:1:", "' OR 1=1", &"9".repeat(10_000)] {
        let answer = api.since("bob", bad, &[]).await;
        assert!(answer.refetch && is_nothing(&answer) && !answer.token.is_empty(), "{bad}");
    }
    let forged = token.rsplit_once('.').map(|(head, _)| format!("{head}.1:99999999999:")).unwrap();
    assert!(api.since("bob", &forged, &[]).await.refetch, "of a later time");
    let request = ResumeRequest {
        token: token.clone(),
        positions: (0..1001).map(|n| Position { conversation_id: n.to_string(), sequence: 1 }).collect(),
    };
    assert_eq!(api.resume(&api.user("bob"), request).await.unwrap_err().code, ErrorCode::BadRequest);

    let messages = (0..1001).map(|n| pb::ImportedMessage {
        muid: format!("m{n}"),
        sender_uid: "ann".to_owned(),
        receiver_type: USER.into(),
        receiver: "bob".to_owned(),
        category: pb::MessageCategory::Message.into(),
        r#type: "text".to_owned(),
        data_json: format!(r#"{{"text":"{n}"}}"#),
        sent_at_ms: 1_700_000_000_000 + n,
        ..Default::default()
    });
    let messages: Vec<_> = messages.collect();
    for part in messages.chunks(1000) {
        let request = pb::ImportMessagesRequest { messages: part.to_vec(), ..Default::default() };
        api.import_messages(&api.server(), request).await.unwrap();
    }
    let answer = api.since("bob", &token, &[]).await;
    assert!(answer.refetch && is_nothing(&answer), "never a part");
    let id = api.conversations("bob").await[0].conversation_id.clone();
    let answer = api.since("bob", &token, &[(&id, 1)]).await;
    assert_eq!((answer.refetch, answer.messages.len()), (false, 1000), "all but the one that is known");
}

#[tokio::test]
async fn many_senders_and_resumes_at_once_leave_no_hole_and_no_repeat() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.groups.add_group("room", &["ann", "bob", "cat"]);
    let api = world.start().await;
    for uid in ["ann", "bob", "cat"] {
        api.member(&world, uid, MembershipAction::Joined).await;
    }
    let start = api.token("bob").await;
    let before = api.walk(&api.user("bob"), GROUP, "room", 100).await.len();
    let send = async |uid: &str| {
        for n in 0..40 {
            api.send(uid, to_group("room", &format!("{uid}{n}"))).await;
        }
    };
    let resume = async {
        let (mut token, mut told) = (start, Vec::new());
        for _ in 0..60 {
            let missed = api.missed("bob", &token).await;
            told.extend(missed.messages);
            token = missed.token;
        }
        (token, told)
    };
    let ((token, mut told), ..) = tokio::join!(resume, send("ann"), send("cat"));
    told.extend(api.missed("bob", &token).await.messages);
    let all = api.walk(&api.user("bob"), GROUP, "room", 100).await;
    assert_dense(&all);
    let ids = |messages: &[pb::Message]| messages.iter().map(|message| message.id).collect::<Vec<_>>();
    assert_eq!(ids(&told), ids(&all[before..]));
    assert!(api.page(&api.user("bob"), history(GROUP, "room")).await.len() > 1);
}
