//! Unread counts: arithmetic on positions, checked against counting by hand.

use std::collections::BTreeMap;

use halley_contracts::{groups::v1::MembershipAction, messaging::v1 as pb};
use halley_model::ErrorCode;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use crate::support::{Api, GROUP, USER, World, to_group, to_user};

async fn counts(api: &Api, uid: &str, request: pb::CountUnreadRequest) -> BTreeMap<String, i64> {
    let answer = api.count_unread(&api.user(uid), request).await.unwrap();
    answer.counts.into_iter().map(|count| (format!("{:?} {}", count.r#type(), count.with), count.count)).collect()
}

fn expected(counts: &[(&str, i64)]) -> BTreeMap<String, i64> {
    counts.iter().map(|(side, count)| ((*side).to_owned(), *count)).collect()
}

#[tokio::test]
async fn counts_come_by_conversation_and_leave_out_what_is_read() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.groups.add_group("room", &["ann", "bob"]);
    let api = world.start().await;
    let joined = pb::RecordMembershipRequest { event: Some(world.membership("room", "bob", MembershipAction::Joined)) };
    api.record_membership(&api.server(), joined).await.unwrap();
    for _ in 0..3 {
        api.send("ann", to_user("bob", "x")).await;
        api.send("ann", to_group("room", "x")).await;
    }
    api.send("cat", to_user("bob", "x")).await;
    api.send("bob", to_group("room", "own")).await;

    let all = pb::CountUnreadRequest::default();
    assert_eq!(
        counts(&api, "bob", all.clone()).await,
        expected(&[("User ann", 3), ("User cat", 1), ("Group room", 3)])
    );
    let direct = pb::CountUnreadRequest { r#type: USER.into(), ..Default::default() };
    assert_eq!(counts(&api, "bob", direct).await, expected(&[("User ann", 3), ("User cat", 1)]));
    let groups = pb::CountUnreadRequest { r#type: GROUP.into(), ..Default::default() };
    assert_eq!(counts(&api, "bob", groups).await, expected(&[("Group room", 3)]));
    let one = pb::CountUnreadRequest { r#type: USER.into(), with: "cat".to_owned(), ..Default::default() };
    assert_eq!(counts(&api, "bob", one).await, expected(&[("User cat", 1)]));
    assert_eq!(counts(&api, "ann", all.clone()).await, expected(&[]), "own messages are no news");

    let mark = pb::MarkReadRequest { with_type: USER.into(), with: "ann".to_owned(), ..Default::default() };
    api.mark_read(&api.user("bob"), mark).await.unwrap();
    assert_eq!(counts(&api, "bob", all.clone()).await, expected(&[("User cat", 1), ("Group room", 3)]));
    let refused = api.count_unread(&api.server(), all).await.unwrap_err();
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::BadRequest, Some("onBehalfOf")));
}

#[tokio::test]
async fn only_what_the_rule_counts_raises_the_count() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.groups.add_group("room", &["ann", "bob", "cat"]);
    let api = world.start().await;
    let record = async |uid: &str, action| {
        let request = pb::RecordMembershipRequest { event: Some(world.membership("room", uid, action)) };
        api.record_membership(&api.server(), request).await.unwrap();
    };
    record("bob", MembershipAction::Joined).await;
    let custom = |increment: bool| pb::SendMessageRequest {
        category: pb::MessageCategory::Custom.into(),
        data_json: serde_json::json!({ "customData": {}, "metadata": { "incrementUnreadCount": increment } })
            .to_string(),
        ..to_group("room", "")
    };
    let parent = api.send("ann", to_group("room", "counts")).await;
    assert_eq!(api.unread("bob", GROUP, "room").await, 1);
    api.send("ann", pb::SendMessageRequest { parent_id: parent.id, ..to_group("room", "reply") }).await;
    api.send("ann", pb::SendMessageRequest { category: pb::MessageCategory::Call.into(), ..to_group("room", "") })
        .await;
    api.send("ann", custom(false)).await;
    record("cat", MembershipAction::Joined).await;
    record("cat", MembershipAction::ScopeChanged).await;
    assert_eq!(api.unread("bob", GROUP, "room").await, 1);
    api.send("ann", custom(true)).await;
    let card = pb::SendMessageRequest { category: pb::MessageCategory::Interactive.into(), ..to_group("room", "") };
    api.send("ann", card).await;
    assert_eq!(api.unread("bob", GROUP, "room").await, 3);
    assert_eq!(api.unread("cat", GROUP, "room").await, 2, "from the joining on");
}

#[tokio::test]
async fn a_card_is_stored_and_listed_and_counts_when_it_asks() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let card = |increment: bool| pb::SendMessageRequest {
        category: pb::MessageCategory::Card.into(),
        r#type: "card".to_owned(),
        data_json: serde_json::json!({ "card": { "a": 1 }, "metadata": { "incrementUnreadCount": increment } })
            .to_string(),
        ..to_user("bob", "")
    };
    api.send("ann", to_user("bob", "x")).await;
    let cards = [api.send("ann", card(false)).await, api.send("ann", card(true)).await];
    assert_eq!(api.unread("bob", USER, "ann").await, 2);
    let request = pb::ListMessagesRequest {
        with_type: USER.into(),
        with: "ann".to_owned(),
        categories: vec![pb::MessageCategory::Card.into()],
        ..Default::default()
    };
    let listed = api.page(&api.user("bob"), request).await;
    assert_eq!(listed.iter().map(|message| message.id).collect::<Vec<_>>(), cards.map(|message| message.id));
    assert!(listed.iter().all(|message| message.category() == pb::MessageCategory::Card));
}

#[derive(Debug, Clone)]
enum Step {
    /// By one of three: a message, a reply, a call.
    Send {
        by: usize,
        kind: usize,
    },
    /// One of three reads up to a part of what is there.
    Read {
        who: usize,
        part: u8,
    },
    Unread {
        who: usize,
        part: u8,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..3_usize, 0..3_usize).prop_map(|(by, kind)| Step::Send { by, kind }),
        1 => (0..3_usize, any::<u8>()).prop_map(|(who, part)| Step::Read { who, part }),
        1 => (0..3_usize, any::<u8>()).prop_map(|(who, part)| Step::Unread { who, part }),
    ]
}

const UIDS: [&str; 3] = ["ann", "bob", "cat"];

/// A conversation as it would be counted by hand.
#[derive(Default)]
struct Model {
    /// Id, author, whether it counts.
    messages: Vec<(i64, usize, bool)>,
    read: [usize; 3],
    unread: [Option<usize>; 3],
}

impl Model {
    fn count(&self, who: usize) -> i64 {
        let after = self.unread[who].unwrap_or(self.read[who]);
        let news = self.messages[after..].iter().filter(|(_, by, counts)| *by != who && *counts);
        i64::try_from(news.count()).unwrap()
    }

    fn read(&mut self, who: usize, to: usize) {
        match self.unread[who] {
            Some(_) if to >= self.read[who] => self.unread[who] = None,
            Some(unread) => self.unread[who] = Some(unread.max(to)),
            None => {}
        }
        self.read[who] = self.read[who].max(to);
    }
}

async fn follow(world: &World, api: &Api, guid: &str, steps: Vec<Step>) {
    for uid in UIDS {
        let request =
            pb::RecordMembershipRequest { event: Some(world.membership(guid, uid, MembershipAction::Joined)) };
        api.record_membership(&api.server(), request).await.unwrap();
    }
    let mut model = Model::default();
    let first = api.send(UIDS[0], to_group(guid, "first")).await;
    model.messages.push((first.id, 0, true));
    for step in steps {
        match step {
            Step::Send { by, kind } => {
                let category = if kind == 2 { pb::MessageCategory::Call } else { pb::MessageCategory::Message };
                let parent_id = if kind == 1 { first.id } else { 0 };
                let request = pb::SendMessageRequest { category: category.into(), parent_id, ..to_group(guid, "x") };
                model.messages.push((api.send(UIDS[by], request).await.id, by, kind == 0));
            }
            Step::Read { who, part } => {
                let to = usize::from(part) % model.messages.len();
                let (with_type, with) = (GROUP.into(), guid.to_owned());
                let request =
                    pb::MarkReadRequest { with_type, with, message_id: model.messages[to].0, ..Default::default() };
                api.mark_read(&api.user(UIDS[who]), request).await.unwrap();
                model.read(who, to + 1);
            }
            Step::Unread { who, part } => {
                let to = usize::from(part) % model.messages.len();
                let (with_type, with) = (GROUP.into(), guid.to_owned());
                let request = pb::MarkUnreadRequest { with_type, with, message_id: model.messages[to].0 };
                api.mark_unread(&api.user(UIDS[who]), request).await.unwrap();
                model.unread[who] = Some(to + 1);
            }
        }
        for (who, uid) in UIDS.iter().enumerate() {
            let request = pb::CountUnreadRequest { r#type: GROUP.into(), with: guid.to_owned(), ..Default::default() };
            let count = counts(api, uid, request).await.into_values().sum::<i64>();
            assert_eq!(count, model.count(who), "{uid}");
        }
    }
}

#[test]
fn counts_are_what_counting_by_hand_gives() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = runtime.block_on(World::new(&UIDS));
    let api = runtime.block_on(world.start());
    let mut runner = TestRunner::new(Config { cases: 16, failure_persistence: None, ..Config::default() });
    let cases = proptest::collection::vec(step(), 1..24);
    runner
        .run(&cases, |steps| {
            let guid = halley_testkit::unique("g");
            world.groups.add_group(&guid, &UIDS);
            runtime.block_on(follow(&world, &api, &guid, steps));
            Ok(())
        })
        .unwrap();
}
