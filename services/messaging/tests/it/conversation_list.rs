//! The list of conversations: its filters by the other side, and walks by a cursor while conversations move.

use std::collections::{BTreeMap, BTreeSet};

use halley_contracts::{
    common::v1::PageRequest,
    messaging::v1::{self as pb, AgenticFilter, Conversation, ListConversationsRequest},
};
use halley_kit::Caller;
use halley_model::ErrorCode;

use crate::support::{Api, GROUP, World, to_group, to_user};

impl Api {
    /// The other sides of what is listed, in order.
    async fn sides(&self, caller: &Caller, request: ListConversationsRequest) -> String {
        let answer = self.list_conversations(caller, request).await.unwrap();
        assert_eq!(answer.page.unwrap().total, i64::try_from(answer.conversations.len()).unwrap());
        answer.conversations.iter().map(|row| row.with.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Every page by its cursor.
    async fn walk_conversations(
        &self,
        caller: &Caller,
        of: ListConversationsRequest,
        per_page: i32,
    ) -> Vec<Conversation> {
        let mut request = ListConversationsRequest { page: Some(PageRequest { page: 1, per_page }), ..of };
        let mut all = Vec::new();
        loop {
            let answer = self.list_conversations(caller, request.clone()).await.unwrap();
            assert!(answer.conversations.len() <= usize::try_from(per_page).unwrap());
            all.extend(answer.conversations);
            if answer.next_cursor.is_empty() {
                return all;
            }
            request.cursor = answer.next_cursor;
        }
    }
}

fn places(rows: &[Conversation]) -> Vec<(String, String)> {
    rows.iter().map(|row| (row.owner_uid.clone(), row.with.clone())).collect()
}

#[tokio::test]
async fn blocked_users_are_left_out_unless_wanted() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    let api = world.start().await;
    api.send("ann", to_user("bob", "x")).await;
    api.send("ann", to_user("cat", "x")).await;
    world.identity.block("ann", "bob");
    let with = ListConversationsRequest { include_blocked: true, ..Default::default() };
    assert_eq!(api.sides(&api.user("ann"), ListConversationsRequest::default()).await, "cat");
    assert_eq!(api.sides(&api.user("ann"), with.clone()).await, "cat bob");
    assert_eq!(
        api.sides(&api.user("bob"), ListConversationsRequest::default()).await,
        "ann",
        "who is blocked is not told"
    );
    assert_eq!(api.list_conversations(&api.server(), with).await.unwrap().conversations.len(), 4);
}

#[tokio::test]
async fn the_other_side_has_tags_and_may_be_a_bot() {
    let world = World::new(&["ann", "bob", "cat", "dan"]).await;
    for guid in ["room", "hall"] {
        world.groups.add_group(guid, &["ann"]);
    }
    for (uid, tags, bot) in [("bob", vec!["vip", "new"], false), ("cat", vec!["old"], true)] {
        let mut users = world.identity.users.lock().unwrap();
        let user = users.get_mut(uid).unwrap();
        user.tags = tags.into_iter().map(ToOwned::to_owned).collect();
        user.bot = bot;
    }
    world.groups.groups.lock().unwrap().get_mut("room").unwrap().tags = vec!["sport".to_owned()];
    let api = world.start().await;
    let ann = api.user("ann");
    for guid in ["hall", "room"] {
        api.join(&world, guid, "ann").await;
    }
    for uid in ["dan", "cat", "bob"] {
        api.send("ann", to_user(uid, "x")).await;
    }
    let tags = |users: &[&str], groups: &[&str]| ListConversationsRequest {
        user_tags: users.iter().map(|tag| (*tag).to_owned()).collect(),
        group_tags: groups.iter().map(|tag| (*tag).to_owned()).collect(),
        ..Default::default()
    };
    assert_eq!(api.sides(&ann, tags(&["vip"], &[])).await, "bob");
    assert_eq!(api.sides(&ann, tags(&["new", "old"], &[])).await, "bob cat");
    assert_eq!(api.sides(&ann, tags(&[], &["sport"])).await, "room");
    assert_eq!(api.sides(&ann, tags(&["vip"], &["sport"])).await, "bob room");
    assert_eq!(api.sides(&ann, tags(&["none"], &[])).await, "");
    let agentic = |filter: AgenticFilter| ListConversationsRequest { agentic: filter.into(), ..Default::default() };
    assert_eq!(api.sides(&ann, agentic(AgenticFilter::Only)).await, "cat");
    assert_eq!(api.sides(&ann, agentic(AgenticFilter::Hide)).await, "bob dan room hall");
    let named = ListConversationsRequest { search_key: "CAT".to_owned(), ..agentic(AgenticFilter::Hide) };
    assert_eq!(api.sides(&ann, named).await, "");
    let wrong = tags(&["t"; 26], &[]);
    assert_eq!(api.list_conversations(&ann, wrong).await.expect_err("refused").code, ErrorCode::BadRequest);
}

#[tokio::test]
async fn everybodys_conversations_are_listed_once_when_wanted() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.groups.add_group("room", &[]);
    let api = world.start().await;
    let server = api.server();
    for uid in ["ann", "bob", "cat"] {
        api.join(&world, "room", uid).await;
    }
    api.send("ann", to_user("bob", "x")).await;
    api.send("bob", to_user("cat", "x")).await;
    let unique = ListConversationsRequest { unique: true, ..Default::default() };
    for per_page in [1, 2, 100] {
        let rows = api.walk_conversations(&server, unique.clone(), per_page).await;
        let found: Vec<_> = rows.iter().map(|row| row.conversation_id.as_str()).collect();
        assert_eq!(found, ["ann_user_bob", "group_room", "bob_user_cat"], "by uid, then the newest first");
        let all = api.walk_conversations(&server, ListConversationsRequest::default(), per_page).await;
        assert_eq!(all.len(), 7);
        assert!(places(&all).windows(2).all(|pair| pair[0].0 <= pair[1].0));
    }
    // Whose side is hidden shows another's.
    let reset = pb::ResetConversationRequest {
        with_type: pb::ReceiverType::User.into(),
        with: "bob".to_owned(),
        ..Default::default()
    };
    api.reset_conversation(&api.user("ann"), reset).await.unwrap();
    let rows = api.walk_conversations(&server, unique.clone(), 2).await;
    assert!(places(&rows).contains(&("bob".to_owned(), "ann".to_owned())));
    let refused = api.list_conversations(&api.user("ann"), unique).await.expect_err("refused");
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::BadRequest, Some("unique")));
    for cursor in ["x", "1.2.3", "1.2.3.4.5.6", "a.0.0.ann.u:ann:bob", &"1".repeat(500)] {
        let request = ListConversationsRequest { cursor: cursor.to_owned(), ..Default::default() };
        let refused = api.list_conversations(&server, request).await.expect_err("refused");
        assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::BadRequest, Some("cursor")), "{cursor}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_walk_while_conversations_move_begin_and_end_holds_the_others_once() {
    let uids: Vec<String> = (0..40).map(|n| format!("u{n:02}")).collect();
    let world = World::new(&uids.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let api = world.start().await;
    let ann = api.user("u00");
    for uid in &uids[1..31] {
        api.send("u00", to_user(uid, "x")).await;
    }
    // Some pins, so that the walk crosses from them to the others.
    for uid in ["u05", "u10"] {
        let pin = pb::PinConversationRequest {
            with_type: pb::ReceiverType::User.into(),
            with: uid.to_owned(),
            ..Default::default()
        };
        api.pin_conversation(&ann, pin).await.unwrap();
    }
    for caller in [&ann, &api.server()] {
        let write = async {
            for n in 0..10 {
                // One moves to the front, one begins, one is deleted.
                api.send("u00", to_user(&uids[11 + n], "again")).await;
                api.send(&uids[31 + n % 9], to_user("u00", "new")).await;
                let reset = pb::ResetConversationRequest {
                    with_type: pb::ReceiverType::User.into(),
                    with: uids[21 + n].clone(),
                    ..Default::default()
                };
                api.reset_conversation(&ann, reset).await.unwrap();
            }
        };
        let walk = api.walk_conversations(caller, ListConversationsRequest::default(), 3);
        let (seen, ()) = tokio::join!(walk, write);
        let mut times: BTreeMap<_, u32> = BTreeMap::new();
        for place in places(&seen) {
            *times.entry(place).or_default() += 1;
        }
        for uid in &uids[1..11] {
            let place = ("u00".to_owned(), uid.clone());
            assert_eq!(times.get(&place), Some(&1), "{uid} did not move");
        }
        let order: BTreeSet<_> = times.iter().filter(|(_, count)| **count > 2).collect();
        assert!(order.is_empty(), "nothing is seen more often than before and after its move");
    }
}

#[tokio::test]
async fn a_groups_conversation_is_walked_like_others() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    for n in 0..7 {
        let guid = format!("room{n}");
        world.groups.add_group(&guid, &[]);
        api.join(&world, &guid, "ann").await;
        api.send("ann", to_group(&guid, "x")).await;
    }
    let of_groups = ListConversationsRequest { r#type: GROUP.into(), ..Default::default() };
    let unread = ListConversationsRequest { unread_only: true, ..Default::default() };
    api.send("bob", to_user("ann", "x")).await;
    for per_page in [1, 2, 7] {
        let rows = api.walk_conversations(&api.user("ann"), of_groups.clone(), per_page).await;
        assert_eq!(rows.iter().map(|row| row.with.as_str()).collect::<BTreeSet<_>>().len(), 7);
        assert_eq!(rows.len(), 7);
        let rows = api.walk_conversations(&api.user("ann"), unread.clone(), per_page).await;
        assert_eq!(places(&rows), [("ann".to_owned(), "bob".to_owned())]);
    }
}
