//! Calls: who may start and change them, what is stored and told of them, how they end.

use std::time::Duration;

use halley_bus::Channel;
use halley_contracts::{
    groups::v1::MemberScope,
    messaging::v1::{
        self as pb, Call, CallStatus as S, CallType, GetCallRequest, InitiateCallRequest, ListCallsRequest, Message,
        MessageCategory, ParticipantState as P, ReceiverType, UpdateCallRequest,
        calls_service_client::CallsServiceClient,
    },
};
use halley_kit::{Caller, permissions};
use halley_model::{
    ErrorCode,
    permissions::{Permission as _, ScopePermission, Value},
};
use halley_testkit::eventually;

use crate::support::{Api, GROUP, USER, World, history, outcome, to_user};

impl Api {
    fn calls(&self) -> CallsServiceClient<halley_kit::Transport> {
        CallsServiceClient::new(self.transport())
    }

    async fn initiate(&self, caller: &Caller, kind: ReceiverType, to: &str) -> Result<Message, ErrorCode> {
        let request = InitiateCallRequest {
            r#type: CallType::Audio.into(),
            receiver_type: kind.into(),
            receiver: to.to_owned(),
            region: "us".to_owned(),
            ..Default::default()
        };
        let answer = outcome(self.calls().initiate_call(caller.request(request)).await);
        answer.map(|answer| answer.message.unwrap()).map_err(|fault| fault.code)
    }

    /// Starts a call as a user; answers its session's id.
    async fn ring(&self, uid: &str, kind: ReceiverType, to: &str) -> String {
        session_of(&self.initiate(&self.user(uid), kind, to).await.unwrap())
    }

    async fn change(&self, caller: &Caller, session_id: &str, status: S) -> Result<Message, ErrorCode> {
        let request =
            UpdateCallRequest { session_id: session_id.to_owned(), status: status.into(), ..Default::default() };
        let answer = outcome(self.calls().update_call(caller.request(request)).await);
        answer.map(|answer| answer.message.unwrap()).map_err(|fault| fault.code)
    }

    /// Changes a call as a user; answers the code of a refusal.
    async fn say(&self, uid: &str, session_id: &str, status: S) -> Result<(), ErrorCode> {
        self.change(&self.user(uid), session_id, status).await.map(drop)
    }

    async fn call(&self, caller: &Caller, session_id: &str) -> Result<Call, ErrorCode> {
        let request = GetCallRequest { session_id: session_id.to_owned() };
        let answer = outcome(self.calls().get_call(caller.request(request)).await);
        answer.map(|answer| answer.call.unwrap()).map_err(|fault| fault.code)
    }

    async fn log(&self, caller: &Caller, request: ListCallsRequest) -> pb::ListCallsResponse {
        outcome(self.calls().list_calls(caller.request(request)).await).unwrap()
    }

    async fn sessions(&self, caller: &Caller, request: ListCallsRequest) -> Vec<String> {
        self.log(caller, request).await.calls.into_iter().map(|call| call.session_id).collect()
    }
}

fn data_of(message: &Message) -> serde_json::Value {
    serde_json::from_str(&message.data_json).unwrap()
}

fn session_of(message: &Message) -> String {
    data_of(message)["call"]["sessionid"].as_str().unwrap().to_owned()
}

fn states(call: &Call) -> Vec<(&str, P)> {
    let mut states: Vec<_> = call.participants.iter().map(|of| (of.uid.as_str(), of.state())).collect();
    states.sort_by_key(|(uid, _)| *uid);
    states
}

impl World {
    /// Lets a call have begun so many minutes ago.
    async fn age(&self, session_id: &str, minutes: f64) {
        sqlx::query(
            "UPDATE calls SET initiated_at = initiated_at - make_interval(secs => $2 * 60),
                 started_at = started_at - make_interval(secs => $2 * 60)
             WHERE session_id = $1",
        )
        .bind(session_id)
        .bind(minutes)
        .execute(&self.pool)
        .await
        .unwrap();
        sqlx::query(
            "UPDATE call_participants SET joined_at = joined_at - make_interval(secs => $2 * 60) WHERE session_id = $1",
        )
        .bind(session_id)
        .bind(minutes)
        .execute(&self.pool)
        .await
        .unwrap();
    }
}

#[tokio::test]
async fn a_call_is_answered_and_ended_and_every_change_is_a_message() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    world.emptied().await;
    let mut feed = world.listen(vec![Channel::user(&world.app, "bob")]).await;

    let initiated = api.initiate(&api.user("ann"), USER, "bob").await.unwrap();

    assert_eq!((initiated.category(), initiated.r#type.as_str()), (MessageCategory::Call, "audio"));
    let session = session_of(&initiated);
    assert!(session.starts_with(&format!("v1.us.{}.", world.app)), "{session}");
    assert_eq!(data_of(&initiated)["action"], "initiated");
    assert_eq!(data_of(&initiated)["call"]["joinedAt"], data_of(&initiated)["call"]["initiatedAt"]);
    let ringing = api.call(&api.user("bob"), &session).await.unwrap();
    assert_eq!((ringing.status(), ringing.message_id), (S::Initiated, initiated.id));
    assert_eq!(states(&ringing), [("ann", P::Ongoing), ("bob", P::Unanswered)]);

    let answered = api.change(&api.user("bob"), &session, S::Ongoing).await.unwrap();
    assert_eq!((answered.sender_uid.as_str(), answered.receiver.as_str()), ("bob", "ann"));
    assert_eq!(answered.action_on.clone().unwrap().uid, "ann", "who called");
    world.age(&session, 2.0).await;
    let ended = api.change(&api.user("ann"), &session, S::Ended).await.unwrap();
    assert_eq!(data_of(&ended)["call"]["status"], "ended");
    assert!(data_of(&ended)["call"]["duration"].as_i64().unwrap() >= 120);

    let over = api.call(&api.server(), &session).await.unwrap();
    assert_eq!((over.status(), over.participant_count), (S::Ended, 2));
    assert_eq!(states(&over), [("ann", P::Ended), ("bob", P::Ended)]);
    assert!((240..260).contains(&over.seconds), "both were in it for two minutes: {}", over.seconds);
    let walked = api.walk(&api.user("bob"), USER, "ann", 2).await;
    assert_eq!(walked.iter().map(|message| message.id).collect::<Vec<_>>(), [initiated.id, answered.id, ended.id]);
    assert_eq!(walked[1].data_json, answered.data_json);
    assert_eq!(walked[1].action_on.clone().unwrap().uid, "ann");
    for sent in [initiated, answered, ended] {
        let (channel, told) = feed.next_message().await;
        assert_eq!((channel, told.id, &told.data_json), (Channel::user(&world.app, "bob"), sent.id, &sent.data_json));
    }
    assert_eq!(api.say("bob", &session, S::Ended).await, Err(ErrorCode::CallTerminated));
    let edit = pb::EditMessageRequest { id: walked[0].id, data_json: r#"{"text":"x"}"#.into(), ..Default::default() };
    assert_eq!(api.edit_message(&api.user("ann"), edit).await.unwrap_err().code, ErrorCode::MessageActionNotAllowed);
    api.send("ann", to_user("bob", "a word")).await;
    assert_eq!(api.unread("bob", USER, "ann").await, 1, "calls don't count");
}

#[tokio::test]
async fn a_call_that_nobody_answers_is_over_in_the_way_that_is_said() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    for (uid, status, own, other) in [
        ("bob", S::Rejected, P::Rejected, P::Unanswered),
        ("bob", S::Busy, P::Rejected, P::Unanswered),
        ("ann", S::Cancelled, P::Unanswered, P::Unanswered),
        ("ann", S::Unanswered, P::Unanswered, P::Unanswered),
    ] {
        let session = api.ring("ann", USER, "bob").await;
        assert_eq!(api.say(uid, &session, S::Ended).await, Err(ErrorCode::CallNotStarted));
        api.say(uid, &session, status).await.unwrap();
        let call = api.call(&api.server(), &session).await.unwrap();
        assert_eq!((call.status(), call.started_at_ms, call.seconds), (status, 0, 0));
        assert!(call.ended_at_ms > 0);
        let (ann, bob) = if uid == "ann" { (own, other) } else { (other, own) };
        assert_eq!(states(&call), [("ann", ann), ("bob", bob)], "{status:?}");
        assert_eq!(api.say("bob", &session, S::Ongoing).await, Err(ErrorCode::CallTerminated));
    }
}

#[tokio::test]
async fn who_is_in_a_call_is_busy_until_it_is_over() {
    let world = World::new(&["ann", "bob", "cat", "dan"]).await;
    let api = world.start().await;
    let first = api.ring("ann", USER, "bob").await;
    let second = api.ring("cat", USER, "bob").await;
    let third = api.ring("cat", USER, "ann").await;
    api.say("bob", &first, S::Ongoing).await.expect("ringing makes nobody busy");
    assert_eq!(api.say("bob", &second, S::Ongoing).await, Err(ErrorCode::CallBusySelf));
    assert_eq!(api.say("ann", &third, S::Ongoing).await, Err(ErrorCode::CallBusySelf));
    assert_eq!(api.initiate(&api.user("ann"), USER, "dan").await, Err(ErrorCode::CallBusySelf));
    assert_eq!(api.initiate(&api.user("dan"), USER, "bob").await, Err(ErrorCode::CallBusyUser));
    api.say("bob", &second, S::Busy).await.expect("but busy may be said");
    api.say("ann", &first, S::Ended).await.unwrap();
    api.say("ann", &third, S::Ongoing).await.unwrap();
    assert!(api.initiate(&api.user("dan"), USER, "bob").await.is_ok());
}

#[tokio::test]
async fn of_answers_at_the_same_moment_one_wins() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    let (one, other) = (world.start().await, world.start().await);
    let first = one.ring("ann", USER, "cat").await;
    let second = one.ring("bob", USER, "cat").await;
    let (a, b) = tokio::join!(one.say("cat", &first, S::Ongoing), other.say("cat", &second, S::Ongoing));
    assert_eq!([a, b].iter().filter(|outcome| outcome.is_ok()).count(), 1, "{a:?} {b:?}");
    assert!([a, b].contains(&Err(ErrorCode::CallBusySelf)), "{a:?} {b:?}");
}

#[tokio::test]
async fn a_call_that_nobody_ends_makes_nobody_busy_for_ever() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    let api = world.start().await;
    let session = api.ring("ann", USER, "bob").await;
    let ringing = api.ring("cat", USER, "bob").await;
    api.say("bob", &session, S::Ongoing).await.unwrap();
    world.age(&session, 241.0).await;
    world.age(&ringing, 241.0).await;

    // Not swept away yet, and over all the same.
    assert_eq!(api.say("bob", &session, S::Ended).await, Err(ErrorCode::CallTerminated));
    assert_eq!(api.call(&api.user("cat"), &ringing).await.unwrap().status(), S::Unanswered);
    assert!(api.initiate(&api.user("ann"), USER, "bob").await.is_ok());

    // A new instance sweeps when it starts.
    let _other = world.start().await;
    let ended = async || {
        let status: i16 = sqlx::query_scalar("SELECT status FROM calls WHERE session_id = $1")
            .bind(&session)
            .fetch_one(&world.pool)
            .await
            .unwrap();
        (status == S::Ended as i16).then_some(())
    };
    eventually("the call is swept away", ended).await;
    let call = api.call(&api.server(), &session).await.unwrap();
    assert_eq!(states(&call), [("ann", P::Ended), ("bob", P::Ended)]);
    assert_eq!(call.ended_at_ms - call.initiated_at_ms, 240 * 60 * 1000);
    let missed = api.call(&api.server(), &ringing).await.unwrap();
    assert_eq!((missed.status(), missed.seconds), (S::Unanswered, 0));
}

#[tokio::test]
async fn members_join_decline_and_leave_the_call_of_their_group() {
    let world = World::new(&["ann", "bob", "cat", "eve"]).await;
    world.groups.add_group("room", &["ann", "bob", "cat"]);
    let api = world.start().await;
    world.emptied().await;
    let mut feed = world.listen(vec![Channel::group(&world.app, "room")]).await;
    assert_eq!(api.initiate(&api.user("eve"), GROUP, "room").await, Err(ErrorCode::GroupNotJoined));
    assert_eq!(api.initiate(&api.user("ann"), GROUP, "hall").await, Err(ErrorCode::GuidNotFound));
    let session = api.ring("ann", GROUP, "room").await;
    assert_eq!(feed.next_message().await.0, Channel::group(&world.app, "room"), "one publish");

    assert_eq!(api.say("eve", &session, S::Ongoing).await, Err(ErrorCode::CallNotAPart));
    assert_eq!(api.say("bob", &session, S::Busy).await, Err(ErrorCode::CallGroupInvalidStatus));
    assert_eq!(api.say("bob", &session, S::Cancelled).await, Err(ErrorCode::BadRequest));
    api.say("cat", &session, S::Rejected).await.unwrap();
    assert_eq!(api.call(&api.server(), &session).await.unwrap().status(), S::Initiated);
    let by_app = api.change(&api.for_user("bob"), &session, S::Ongoing).await;
    assert_eq!(by_app, Err(ErrorCode::CallEmptyJoinedAt));
    api.say("bob", &session, S::Ongoing).await.unwrap();
    assert_eq!(api.say("bob", &session, S::Ongoing).await, Err(ErrorCode::CallGroupAlreadyJoined));
    assert_eq!(api.initiate(&api.user("cat"), GROUP, "room").await, Err(ErrorCode::CallBusyGroup));
    assert_eq!(api.say("ann", &session, S::Cancelled).await, Err(ErrorCode::CallOngoingToInvalid));
    assert_eq!(api.say("cat", &session, S::Ended).await, Err(ErrorCode::CallNotAPart));
    api.say("ann", &session, S::Ended).await.unwrap();
    assert_eq!(api.say("ann", &session, S::Ended).await, Err(ErrorCode::CallGroupAlreadyLeft));
    let call = api.call(&api.user("cat"), &session).await.unwrap();
    assert_eq!((call.status(), call.participant_count), (S::Ongoing, 2), "bob is in it");
    assert_eq!(states(&call), [("ann", P::Ended), ("bob", P::Ongoing), ("cat", P::Rejected)]);
    api.say("cat", &session, S::Ongoing).await.expect("who declined may come later");
    api.say("bob", &session, S::Ended).await.unwrap();
    // Who has been removed from the group can still leave its call.
    world.groups.remove_member("room", "cat");
    api.say("cat", &session, S::Ended).await.unwrap();
    let call = api.call(&api.server(), &session).await.unwrap();
    assert_eq!((call.status(), call.participant_count), (S::Ended, 3));
    assert_eq!(api.say("bob", &session, S::Ongoing).await, Err(ErrorCode::CallTerminated));
}

#[tokio::test]
async fn nobody_calls_who_is_blocked_unknown_or_themselves() {
    let world = World::new(&["ann", "bob", "cat", "eve"]).await;
    world.identity.block("ann", "bob");
    let api = world.start().await;
    let ann = api.user("ann");
    assert_eq!(api.initiate(&ann, USER, "ann").await, Err(ErrorCode::CallingSelf));
    assert_eq!(api.initiate(&ann, USER, "nobody").await, Err(ErrorCode::UidNotFound));
    assert_eq!(api.initiate(&ann, USER, "bob").await, Err(ErrorCode::BlockedReceiver));
    assert_eq!(api.initiate(&api.user("bob"), USER, "ann").await, Err(ErrorCode::BlockedSender));
    assert_eq!(api.initiate(&api.server(), USER, "ann").await, Err(ErrorCode::BadRequest), "who calls?");
    assert!(api.log(&api.server(), ListCallsRequest::default()).await.calls.is_empty());

    let session = api.ring("ann", USER, "cat").await;
    for (session, code) in [("", ErrorCode::EmptyCallSessionId), ("v1.us.a.1", ErrorCode::CallSessionNotFound)] {
        assert_eq!(api.say("cat", session, S::Ongoing).await, Err(code));
    }
    assert_eq!(api.say("eve", &session, S::Ongoing).await, Err(ErrorCode::CallNotAPart));
    assert_eq!(api.say("eve", &session, S::Ended).await, Err(ErrorCode::CallNotAPart));
    assert_eq!(api.say("ann", &session, S::Initiated).await, Err(ErrorCode::CallInvalidInit));
    assert_eq!(api.call(&api.user("eve"), &session).await, Err(ErrorCode::CallNotAPart));
    let elsewhere = World::stranger(&api);
    assert_eq!(elsewhere.call(&elsewhere.server(), &session).await, Err(ErrorCode::CallSessionNotFound));
    assert_eq!(elsewhere.say("cat", &session, S::Ongoing).await, Err(ErrorCode::CallSessionNotFound));
    assert!(elsewhere.log(&elsewhere.server(), ListCallsRequest::default()).await.calls.is_empty());
}

#[tokio::test]
async fn the_scope_in_a_group_says_who_calls_and_who_is_called() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.groups.add_group("room", &["ann", "bob", "cat"]);
    world.groups.groups.lock().unwrap().get_mut("room").unwrap().members_count = 3;
    world.groups.scopes.lock().unwrap().insert(("room".to_owned(), "ann".to_owned()), MemberScope::Admin);
    let permit = |scope: MemberScope, permission: ScopePermission, word: &str| {
        let value = Value::Word(word.to_owned()).fitted(permission).unwrap();
        let value = permissions::to_contract(permission.id(), value);
        world.groups.permissions.lock().unwrap().insert(("room".to_owned(), scope), vec![value]);
    };
    permit(MemberScope::Participant, ScopePermission::InitiateCall, "deny");
    permit(MemberScope::Admin, ScopePermission::InitiateCallAllowedScopes, "moderator");
    let api = world.start().await;
    assert_eq!(api.initiate(&api.user("bob"), GROUP, "room").await, Err(ErrorCode::PermissionDenied));
    let session = api.ring("ann", GROUP, "room").await;
    assert_eq!(api.say("bob", &session, S::Ongoing).await, Err(ErrorCode::PermissionDenied));
    api.say("bob", &session, S::Rejected).await.expect("declining is always allowed");

    permit(MemberScope::Participant, ScopePermission::InitiateCallAllowedType, "video");
    permit(MemberScope::Admin, ScopePermission::InitiateCall, "friends");
    let fresh = world.start().await;
    assert_eq!(fresh.initiate(&fresh.user("bob"), GROUP, "room").await, Err(ErrorCode::PermissionDenied), "audio");
    assert_eq!(fresh.initiate(&fresh.user("ann"), GROUP, "room").await, Err(ErrorCode::PermissionDenied));
    for friend in ["bob", "cat"] {
        world.identity.friends.lock().unwrap().insert(("ann".to_owned(), friend.to_owned()));
    }
    assert!(fresh.initiate(&fresh.user("ann"), GROUP, "room").await.is_ok(), "all are friends");
}

#[tokio::test]
async fn the_log_is_filtered_and_walked_to_its_end() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.groups.add_group("room", &["ann", "bob", "cat"]);
    let api = world.start().await;
    let mut all = Vec::new();
    for _ in 0..3 {
        let session = api.ring("ann", USER, "bob").await;
        api.say("ann", &session, S::Cancelled).await.unwrap();
        all.push(session);
    }
    all.push(api.ring("cat", USER, "ann").await);
    let group = api.ring("cat", GROUP, "room").await;
    api.say("bob", &group, S::Ongoing).await.unwrap();
    all.push(group);
    all.reverse();

    let server = api.server();
    assert_eq!(api.sessions(&server, ListCallsRequest::default()).await.len(), 5);
    let mut walked = Vec::new();
    for page in 1..=3 {
        let page = Some(halley_contracts::common::v1::PageRequest { page, per_page: 2 });
        let answer = api.log(&server, ListCallsRequest { page, ..Default::default() }).await;
        assert_eq!(answer.page.unwrap().total, 5);
        walked.extend(answer.calls.into_iter().map(|call| call.session_id));
    }
    let mut sorted = walked.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!((walked.len(), sorted.len()), (5, 5));
    assert_eq!(walked[0], all[0], "newest first");

    let of = async |caller: &Caller, request: ListCallsRequest| api.sessions(caller, request).await.len();
    let none = ListCallsRequest::default;
    assert_eq!(of(&api.user("bob"), none()).await, 4, "three with ann, and the group's");
    assert_eq!(of(&api.user("bob"), ListCallsRequest { uid: "cat".into(), ..none() }).await, 1);
    assert_eq!(of(&server, ListCallsRequest { uid: "CAT".into(), ..none() }).await, 2);
    assert_eq!(of(&server, ListCallsRequest { uid: "no uid".into(), ..none() }).await, 0);
    assert_eq!(of(&server, ListCallsRequest { statuses: vec![S::Cancelled.into()], ..none() }).await, 3);
    let live = vec![S::Initiated.into(), S::Ongoing.into()];
    assert_eq!(of(&server, ListCallsRequest { statuses: live, ..none() }).await, 2);
    assert_eq!(of(&server, ListCallsRequest { receiver_type: GROUP.into(), ..none() }).await, 1);
    assert_eq!(of(&server, ListCallsRequest { r#type: CallType::Video.into(), ..none() }).await, 0);
    assert_eq!(of(&server, ListCallsRequest { participant_count: 2, ..none() }).await, 1);
    let range = |from_ms, to_ms| Some(halley_contracts::common::v1::TimeRange { from_ms, to_ms });
    assert_eq!(of(&server, ListCallsRequest { started_at: range(1, 0), ..none() }).await, 1);
    assert_eq!(of(&server, ListCallsRequest { ended_at: range(0, i64::from(u32::MAX) * 1000), ..none() }).await, 3);
    assert_eq!(of(&server, ListCallsRequest { ended_at: range(0, 1), ..none() }).await, 0);
    let shown = api.page(&api.user("cat"), history(GROUP, "room")).await;
    assert_eq!(shown.len(), 2, "the history holds the calls, too");
}

#[tokio::test]
async fn a_crowd_changes_a_call_and_loses_nobody() {
    let world = World::new(&[]).await;
    let uids: Vec<String> = (0..12).map(|n| format!("u{n}")).collect();
    uids.iter().for_each(|uid| world.identity.add_user(uid));
    world.groups.add_group("room", &uids.iter().map(String::as_str).collect::<Vec<_>>());
    let (one, other) = (world.start().await, world.start().await);
    let session = one.ring("u0", GROUP, "room").await;
    let joins = uids[1..].iter().enumerate().map(|(index, uid)| {
        let api = if index % 2 == 0 { &one } else { &other };
        api.say(uid, &session, S::Ongoing)
    });
    let joined = tokio::time::timeout(Duration::from_secs(30), futures_join(joins)).await.unwrap();
    assert!(joined.iter().all(Result::is_ok), "{joined:?}");
    assert_eq!(one.call(&one.server(), &session).await.unwrap().participant_count, 12);
    let leaves = uids.iter().map(|uid| other.say(uid, &session, S::Ended));
    let left = tokio::time::timeout(Duration::from_secs(30), futures_join(leaves)).await.unwrap();
    assert!(left.iter().all(Result::is_ok), "{left:?}");
    assert_eq!(one.call(&one.server(), &session).await.unwrap().status(), S::Ended, "the last one out ends it");
    let messages = one.walk(&one.user("u0"), GROUP, "room", 100).await;
    assert_eq!(messages.len(), 24);
    crate::support::assert_dense(&messages);
}

async fn futures_join<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    futures::future::join_all(all).await
}

impl Api {
    async fn peers(&self, caller: &Caller, session_id: &str) -> Result<Vec<(String, String)>, ErrorCode> {
        let request = pb::ListCallPeersRequest { session_id: session_id.to_owned() };
        let answer = outcome(self.calls().list_call_peers(caller.request(request)).await);
        let peers = answer.map_err(|fault| fault.code)?.peers;
        Ok(peers.into_iter().map(|peer| (peer.uid, peer.device_id)).collect())
    }

    fn system(&self) -> Caller {
        Caller::system(&self.app)
    }
}

/// Users in a call, each with the phone.
fn phones(uids: &[&str]) -> Vec<(String, String)> {
    uids.iter().map(|uid| ((*uid).to_owned(), format!("{uid}-phone"))).collect()
}

#[tokio::test]
async fn peers_are_those_who_are_in_a_call_that_is_not_over() {
    let world = World::new(&["ann", "bob", "eve"]).await;
    let api = world.start().await;
    let session = api.ring("ann", USER, "bob").await;
    assert_eq!(api.peers(&api.system(), &session).await.unwrap(), phones(&["ann"]), "it rings");
    assert_eq!(api.peers(&api.user("bob"), &session).await, Err(ErrorCode::CallNotAPart), "not yet");
    api.say("bob", &session, S::Ongoing).await.unwrap();
    assert_eq!(api.peers(&api.user("bob"), &session).await.unwrap(), phones(&["ann", "bob"]));
    assert_eq!(api.peers(&api.user("eve"), &session).await, Err(ErrorCode::CallNotAPart));
    let elsewhere = World::stranger(&api);
    assert_eq!(elsewhere.peers(&elsewhere.system(), &session).await, Err(ErrorCode::CallSessionNotFound));
    assert_eq!(api.peers(&api.system(), "").await, Err(ErrorCode::EmptyCallSessionId));
    api.say("ann", &session, S::Ended).await.unwrap();
    assert_eq!(api.peers(&api.system(), &session).await, Err(ErrorCode::CallTerminated));
}

#[tokio::test]
async fn peers_of_a_groups_call_are_its_members_only() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.groups.add_group("room", &["ann", "bob", "cat"]);
    let api = world.start().await;
    let session = api.ring("ann", GROUP, "room").await;
    for uid in ["bob", "cat"] {
        api.say(uid, &session, S::Ongoing).await.unwrap();
    }
    assert_eq!(api.peers(&api.system(), &session).await.unwrap(), phones(&["ann", "bob", "cat"]));
    world.groups.remove_member("room", "bob");
    assert_eq!(api.peers(&api.system(), &session).await.unwrap(), phones(&["ann", "cat"]));
    assert_eq!(api.peers(&api.user("bob"), &session).await, Err(ErrorCode::CallNotAPart));
    api.say("cat", &session, S::Ended).await.unwrap();
    assert_eq!(api.peers(&api.system(), &session).await.unwrap(), phones(&["ann"]));
}

#[tokio::test]
async fn a_call_that_rings_for_too_long_is_unanswered_and_both_are_told() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.groups.add_group("room", &["ann", "bob"]);
    let first = world.start().await;
    let direct = first.ring("ann", USER, "bob").await;
    let group = first.ring("ann", GROUP, "room").await;
    let young = first.ring("cat", USER, "bob").await;
    let answered = first.ring("bob", USER, "cat").await;
    first.say("cat", &answered, S::Ongoing).await.unwrap();
    // Whoever counted the seconds is gone.
    first.lifecycle.stop();
    first.lifecycle.drain(Duration::from_secs(10)).await;
    for session in [&direct, &group, &answered] {
        world.age(session, 1.0).await;
    }
    let mut feed = world.listen(vec![Channel::user(&world.app, "bob"), Channel::group(&world.app, "room")]).await;
    let (one, _other) = (world.start().await, world.start().await);

    for session in [&direct, &group] {
        eventually("the call is over", async || {
            let call = one.call(&one.server(), session).await.unwrap();
            (call.status() == S::Unanswered && call.ended_at_ms > 0).then_some(())
        })
        .await;
        let (_, told) = feed.next_message().await;
        assert_eq!((told.sender_uid.as_str(), told.device_id.as_str()), ("ann", ""), "all devices are told");
        assert_eq!((&data_of(&told)["action"], session_of(&told)), (&"unanswered".into(), session.clone()));
    }
    let call = one.call(&one.server(), &direct).await.unwrap();
    assert_eq!(states(&call), [("ann", P::Unanswered), ("bob", P::Unanswered)]);
    assert_eq!(one.say("bob", &direct, S::Ongoing).await, Err(ErrorCode::CallTerminated));
    assert_eq!(one.call(&one.server(), &young).await.unwrap().status(), S::Initiated);
    assert_eq!(one.call(&one.server(), &answered).await.unwrap().status(), S::Ongoing);
    // Two instances looked for it, and one message tells of it.
    let said = one.walk(&one.user("ann"), USER, "bob", 100).await;
    assert_eq!(said.len(), 2, "{said:?}");
}

#[tokio::test]
async fn of_two_devices_that_answer_at_once_one_is_in_the_call() {
    let world = World::new(&["ann", "bob"]).await;
    let (one, other) = (world.start().await, world.start().await);
    let session = one.ring("ann", USER, "bob").await;
    let answer = async |api: &Api, device: &str| {
        let request = UpdateCallRequest {
            session_id: session.clone(),
            status: S::Ongoing.into(),
            device_id: device.to_owned(),
            ..Default::default()
        };
        outcome(api.calls().update_call(api.user("bob").request(request)).await).map_err(|fault| fault.code)
    };
    let (phone, desk) = tokio::join!(answer(&one, "phone"), answer(&other, "desk"));
    let refusals: Vec<_> = [&phone, &desk].into_iter().filter_map(|answer| answer.as_ref().err()).collect();
    assert_eq!(refusals, [&ErrorCode::CallUserAlreadyJoined]);
    let winner = if phone.is_ok() { "phone" } else { "desk" };
    let peers = one.peers(&one.system(), &session).await.unwrap();
    assert_eq!(peers[1], ("bob".to_owned(), winner.to_owned()));
    assert_eq!(one.walk(&one.user("ann"), USER, "bob", 100).await.len(), 2, "one message tells of it");
}
