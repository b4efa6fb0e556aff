//! Pages of history: every cursor, both ways, every filter, and who sees what.

use halley_bus::Channel;
use halley_contracts::{
    common::v1::TimeRange,
    events::v1::event::Body,
    groups::v1::MembershipAction,
    messaging::v1::{self as pb, ListMessagesRequest, Message},
};
use halley_kit::Caller;
use halley_model::ErrorCode;
use halley_testkit::{eventually, within};

use crate::support::{Api, GROUP, Turn, USER, World, assert_dense, history, texts, to_group, to_user};

/// How a cursor of each kind follows a page's outermost message.
const TURNS: [(&str, Turn); 4] = [
    ("id", |request, outermost| request.cursor_id = outermost.id),
    ("sequence", |request, outermost| request.cursor_sequence = outermost.sequence),
    ("updatedAt", |request, outermost| {
        request.cursor_updated_at_ms = outermost.updated_at_ms;
        request.cursor_id = outermost.id;
    }),
    ("sentAt", |request, outermost| request.cursor_sent_at_ms = outermost.sent_at_ms),
];

const BOTH_WAYS: [pb::Direction; 2] = [pb::Direction::Append, pb::Direction::Prepend];

#[tokio::test]
async fn every_cursor_walks_the_whole_history_both_ways() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    // Imported, so that each has a time of its own, and the last ones at once, so that many share one.
    let messages = (1..=30_i64).map(|n| pb::ImportedMessage {
        muid: format!("m{n}"),
        sender_uid: "ann".to_owned(),
        receiver_type: USER.into(),
        receiver: "bob".to_owned(),
        category: pb::MessageCategory::Message.into(),
        r#type: "text".to_owned(),
        data_json: r#"{"text":"old"}"#.to_owned(),
        sent_at_ms: 1000 * n,
        ..Default::default()
    });
    let import = pb::ImportMessagesRequest { messages: messages.collect(), with_messages: false };
    assert_eq!(api.import_messages(&api.server(), import).await.unwrap().created, 30);
    let caller = api.user("bob");
    let check = async |turns: &[(&str, Turn)], count: usize| {
        for (kind, turn) in turns {
            for direction in BOTH_WAYS {
                for limit in [1, 7, 10, 100] {
                    let request = ListMessagesRequest { direction: direction.into(), limit, ..history(USER, "ann") };
                    let walked = api.pages(&caller, request, *turn).await;
                    assert_eq!(walked.len(), count, "{kind} {direction:?} {limit}");
                    assert_dense(&walked);
                }
            }
        }
    };
    check(&TURNS, 30).await;

    let ann = api.user("ann");
    let sends = (0..40).map(|n| api.send_message(&ann, to_user("bob", &format!("t{n}"))));
    futures::future::join_all(sends).await.into_iter().for_each(|sent| drop(sent.unwrap()));
    check(&TURNS[..3], 70).await;
}

#[tokio::test]
async fn who_knows_only_seconds_walks_by_updates_without_loss_or_repeat() {
    const SECOND_MS: i64 = 1_700_000_000_000;
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    for n in 0..30 {
        api.send("ann", to_user("bob", &format!("t{n}"))).await;
    }
    // All within one second, several at the same moment, and not in the order of ids.
    let spread =
        "UPDATE messages SET updated_at = to_timestamp(1700000000.0) + ((sequence * 7 % 30) / 3) * interval '90 ms'";
    sqlx::query(spread).execute(&world.pool).await.unwrap();
    for (direction, begin) in [(pb::Direction::Append, SECOND_MS - 1), (pb::Direction::Prepend, SECOND_MS + 1000)] {
        let mut request = ListMessagesRequest {
            direction: direction.into(),
            limit: 4,
            cursor_updated_at_ms: begin,
            ..history(USER, "ann")
        };
        let mut walked: Vec<Message> = Vec::new();
        loop {
            let page = api.list_messages(&api.user("bob"), request.clone()).await.unwrap();
            let forward = direction == pb::Direction::Append;
            if let Some(outermost) = if forward { page.messages.last() } else { page.messages.first() } {
                request.cursor_id = outermost.id;
                request.cursor_updated_at_ms = SECOND_MS + if forward { 0 } else { 999 };
            }
            walked.extend(page.messages);
            if !page.has_more {
                break;
            }
        }
        let mut ids: Vec<i64> = walked.iter().map(|message| message.id).collect();
        assert_eq!(ids.len(), 30, "{direction:?}");
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 30, "{direction:?}");
    }

    // One that was updated again since: what lies in the second is shown once more rather than passed over.
    let newest = api.page(&api.user("bob"), history(USER, "ann")).await.pop().unwrap();
    sqlx::query("UPDATE messages SET updated_at = updated_at + interval '1 hour' WHERE message_id = $1")
        .bind(newest.id)
        .execute(&world.pool)
        .await
        .unwrap();
    let request = ListMessagesRequest {
        direction: pb::Direction::Append.into(),
        cursor_id: newest.id,
        cursor_updated_at_ms: SECOND_MS,
        ..history(USER, "ann")
    };
    let again = api.page(&api.user("bob"), request).await;
    let in_second = again.iter().filter(|message| message.updated_at_ms > SECOND_MS).count();
    assert_eq!((in_second, again.last().unwrap().id), (again.len(), newest.id));
    assert!(again.len() >= 27, "{}", again.len());
}

#[tokio::test]
async fn a_time_is_a_cursor_that_its_own_messages_stand_on() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let sent = api.send("ann", to_user("bob", "x")).await;
    let caller = api.user("ann");
    for direction in BOTH_WAYS {
        let page = async |ms: i64, updated: bool| {
            let request = ListMessagesRequest { direction: direction.into(), ..history(USER, "bob") };
            let request = match updated {
                true => ListMessagesRequest { cursor_updated_at_ms: ms, ..request },
                false => ListMessagesRequest { cursor_sent_at_ms: ms, ..request },
            };
            api.page(&caller, request).await.len()
        };
        let before = if direction == pb::Direction::Append { -1 } else { 1 };
        for updated in [false, true] {
            assert_eq!(page(sent.sent_at_ms, updated).await, 0, "exclusive");
            assert_eq!(page(sent.sent_at_ms + before, updated).await, 1);
            assert_eq!(page(sent.sent_at_ms - before, updated).await, 0);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn walks_lose_and_repeat_nothing_while_others_write() {
    const SENDERS: usize = 6;
    const EACH: usize = 60;
    let world = World::new(&["ann"]).await;
    world.groups.add_group("room", &["ann"]);
    let (first, second) = (world.start().await, world.start().await);
    first.send("ann", to_group("room", "first")).await;
    let write = async |api: &Api| {
        for n in 0..EACH {
            api.send("ann", to_group("room", &format!("t{n}"))).await;
        }
    };
    let writing = futures::future::join_all((0..SENDERS).map(|n| write(if n % 2 == 0 { &first } else { &second })));

    let forward = async |turn: Turn| {
        let mut request =
            ListMessagesRequest { direction: pb::Direction::Append.into(), limit: 10, ..history(GROUP, "room") };
        let mut seen: Vec<Message> = Vec::new();
        let walk = async {
            while seen.len() <= SENDERS * EACH {
                let page = first.page(&first.user("ann"), request.clone()).await;
                if let Some(last) = page.last() {
                    turn(&mut request, last);
                }
                seen.extend(page);
            }
        };
        within("the walk to see everything", walk).await;
        assert_eq!(seen.len(), SENDERS * EACH + 1);
        assert_dense(&seen);
    };
    let backward = async |turn: Turn| {
        for _ in 0..15 {
            let request = ListMessagesRequest { limit: 10, ..history(GROUP, "room") };
            assert_dense(&second.pages(&second.user("ann"), request, turn).await);
        }
    };
    tokio::join!(
        writing,
        forward(TURNS[0].1),
        forward(TURNS[1].1),
        forward(TURNS[2].1),
        backward(TURNS[0].1),
        backward(TURNS[1].1),
        backward(TURNS[2].1),
    );
}

#[tokio::test]
async fn a_page_says_whether_there_are_more() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    for n in 0..4 {
        api.send("ann", to_user("bob", &format!("t{n}"))).await;
    }
    let list = async |direction: pb::Direction, limit: i32, cursor_sequence: i64| {
        let request =
            ListMessagesRequest { direction: direction.into(), limit, cursor_sequence, ..history(USER, "bob") };
        let page = api.list_messages(&api.user("ann"), request).await.unwrap();
        (texts(&page.messages).join(" "), page.has_more)
    };
    let page = |text: &str, more: bool| (text.to_owned(), more);
    assert_eq!(list(pb::Direction::Unspecified, 2, 0).await, page("t2 t3", true), "the newest, oldest first");
    assert_eq!(list(pb::Direction::Prepend, 2, 3).await, page("t0 t1", false));
    assert_eq!(list(pb::Direction::Append, 3, 0).await, page("t0 t1 t2", true));
    assert_eq!(list(pb::Direction::Append, 3, 1).await, page("t1 t2 t3", false));
    assert_eq!(list(pb::Direction::Append, 3, 4).await, page("", false));
    assert_eq!(list(pb::Direction::Prepend, 4, 0).await, page("t0 t1 t2 t3", false));
}

/// A conversation between ann and bob with something for each filter.
async fn furnish(api: &Api) -> Vec<Message> {
    let custom = pb::SendMessageRequest {
        category: pb::MessageCategory::Custom.into(),
        r#type: "poll".to_owned(),
        ..to_user("bob", "custom")
    };
    let tagged = pb::SendMessageRequest { tags: vec!["red".into(), "big".into()], ..to_user("bob", "100% RED_x") };
    let image = pb::SendMessageRequest {
        r#type: "image".to_owned(),
        data_json: r#"{"text":"image","attachments":[{"url":"https://x/a.png"}]}"#.to_owned(),
        ..to_user("bob", "")
    };
    let bare = pb::SendMessageRequest {
        r#type: "image".to_owned(),
        data_json: r#"{"text":"bare","attachments":[]}"#.to_owned(),
        ..to_user("bob", "")
    };
    let odd =
        pb::SendMessageRequest { data_json: r#"{"text":"odd","attachments":"no list"}"#.into(), ..to_user("bob", "") };
    let plain = api.send("ann", to_user("bob", "plain")).await;
    let mut sent = vec![plain.clone()];
    for request in [custom, tagged, image, bare, odd] {
        sent.push(api.send("ann", request).await);
    }
    sent.push(api.send("bob", to_user("ann", "1000 answers")).await);
    let reply = pb::SendMessageRequest { parent_id: plain.id, tags: vec!["big".into()], ..to_user("bob", "reply") };
    sent.push(api.send("ann", reply).await);
    sent
}

#[tokio::test]
async fn filters_leave_out_what_does_not_fit() {
    const ALL: &str = "plain custom 100% RED_x image bare odd 1000 answers reply";
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let sent = furnish(&api).await;
    let base = || history(USER, "bob");
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let between = |from_ms, to_ms| Some(TimeRange { from_ms, to_ms });
    let (first, last) = (sent[0].sent_at_ms, sent[7].sent_at_ms);
    let (message, custom) = (pb::MessageCategory::Message.into(), pb::MessageCategory::Custom.into());
    let cases = [
        (base(), ALL),
        (ListMessagesRequest { categories: vec![custom], ..base() }, "custom"),
        (ListMessagesRequest { categories: vec![message, custom], ..base() }, ALL),
        (ListMessagesRequest { categories: vec![pb::MessageCategory::Call.into()], ..base() }, ""),
        (ListMessagesRequest { types: words(&["image", "poll"]), ..base() }, "custom image bare"),
        (ListMessagesRequest { tags: words(&["red", "none"]), ..base() }, "100% RED_x"),
        (ListMessagesRequest { tags: words(&["big"]), ..base() }, "100% RED_x reply"),
        (ListMessagesRequest { senders: words(&["BOB"]), ..base() }, "1000 answers"),
        (ListMessagesRequest { senders: words(&["no uid", "nobody"]), ..base() }, ""),
        (ListMessagesRequest { hide_replies: true, ..base() }, "plain custom 100% RED_x image bare odd 1000 answers"),
        (ListMessagesRequest { has_attachments: true, ..base() }, "image"),
        (ListMessagesRequest { search_key: "red_X".into(), ..base() }, "100% RED_x"),
        (ListMessagesRequest { search_key: "100%".into(), ..base() }, "100% RED_x 1000 answers"),
        (ListMessagesRequest { search_key: "100".into(), ..base() }, "100% RED_x 1000 answers"),
        (ListMessagesRequest { search_key: "\\".into(), ..base() }, ""),
        (ListMessagesRequest { sent_at: between(first, last), ..base() }, ALL),
        (ListMessagesRequest { sent_at: between(first, 0), ..base() }, ALL),
        (ListMessagesRequest { sent_at: between(0, last), ..base() }, ALL),
        (ListMessagesRequest { sent_at: between(last + 1, 0), ..base() }, ""),
        (ListMessagesRequest { sent_at: between(0, first - 1), ..base() }, ""),
        (ListMessagesRequest { hide_deleted: true, ..base() }, ALL),
        (ListMessagesRequest { only_deleted: true, ..base() }, ""),
        (ListMessagesRequest { tags: words(&["big"]), hide_replies: true, ..base() }, "100% RED_x"),
    ];
    for (request, expected) in cases {
        let found = api.page(&api.user("ann"), request.clone()).await;
        assert_eq!(texts(&found).join(" "), expected, "{request:?}");
    }
}

#[tokio::test]
async fn a_filtered_walk_finds_everything_that_fits() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    for n in 0..30 {
        let sender = if n % 3 == 0 { ("bob", "ann") } else { ("ann", "bob") };
        api.send(sender.0, to_user(sender.1, &format!("t{n}"))).await;
    }
    for direction in BOTH_WAYS {
        let request = ListMessagesRequest {
            direction: direction.into(),
            limit: 3,
            senders: vec!["bob".to_owned()],
            ..history(USER, "bob")
        };
        let walked = api.pages(&api.user("ann"), request, |request, outermost| request.cursor_id = outermost.id).await;
        assert_eq!(texts(&walked), (0..30).step_by(3).map(|n| format!("t{n}")).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn what_can_not_be_listed_is_refused_by_name() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let base = || history(USER, "bob");
    let cases = [
        (ListMessagesRequest { limit: -1, ..base() }, "limit"),
        (ListMessagesRequest { limit: 1001, ..base() }, "limit"),
        (ListMessagesRequest { cursor_sent_at_ms: -1, ..base() }, "sentAt"),
        (ListMessagesRequest { cursor_updated_at_ms: i64::MAX, ..base() }, "updatedAt"),
        (ListMessagesRequest { sent_at: Some(TimeRange { from_ms: -5, to_ms: 0 }), ..base() }, "sentAt.from"),
        (ListMessagesRequest { sent_at: Some(TimeRange { from_ms: 0, to_ms: i64::MAX }), ..base() }, "sentAt.to"),
        (ListMessagesRequest { categories: vec![77], ..base() }, "categories"),
        (ListMessagesRequest { categories: vec![0], ..base() }, "categories"),
        (ListMessagesRequest { types: vec!["a\0b".into()], ..base() }, "types"),
        (ListMessagesRequest { tags: vec!["t".repeat(101)], ..base() }, "tags"),
        (ListMessagesRequest { senders: vec!["a\0b".into()], ..base() }, "senders"),
        (ListMessagesRequest { search_key: "a\0b".into(), ..base() }, "searchKey"),
        (ListMessagesRequest { conversation_id: "a\0b".into(), ..Default::default() }, "conversationId"),
        (ListMessagesRequest { cursor_sequence: 5, ..Default::default() }, "sequence"),
    ];
    for (request, field) in cases {
        let refused = api.list_messages(&api.user("ann"), request.clone()).await.expect_err("refused");
        assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::BadRequest, Some(field)), "{request:?}");
    }
    let refused = async |request| api.list_messages(&api.user("ann"), request).await.unwrap_err().code;
    assert_eq!(refused(history(USER, "nobody")).await, ErrorCode::UidNotFound);
    assert_eq!(refused(history(USER, "")).await, ErrorCode::EmptyReceiver);
    let no_type = ListMessagesRequest { with: "bob".into(), ..Default::default() };
    assert_eq!(refused(no_type).await, ErrorCode::InvalidReceiverType);
    let no_parent = ListMessagesRequest { parent_id: 1 << 60, ..Default::default() };
    assert_eq!(refused(no_parent).await, ErrorCode::MessageIdNotFound);
}

#[tokio::test]
async fn only_unread_messages_are_listed_when_asked() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.groups.add_group("room", &["ann", "bob"]);
    let api = world.start().await;
    let read = api.send("ann", to_user("bob", "read")).await;
    api.send("bob", to_user("ann", "own")).await;
    let parent = api.send("ann", to_user("bob", "unread")).await;
    api.send("ann", pb::SendMessageRequest { parent_id: parent.id, ..to_user("bob", "reply") }).await;
    api.send("cat", to_user("bob", "of cat")).await;
    let mark =
        pb::MarkReadRequest { with_type: USER.into(), with: "ann".into(), message_id: read.id, ..Default::default() };
    api.mark_read(&api.user("bob"), mark).await.unwrap();

    let unread = |request| ListMessagesRequest { unread_only: true, ..request };
    let listed = async |request| texts(&api.page(&api.user("bob"), unread(request)).await);
    assert_eq!(listed(history(USER, "ann")).await, ["unread"]);
    assert_eq!(listed(ListMessagesRequest::default()).await, ["unread", "of cat"]);
    let by_id = ListMessagesRequest { conversation_id: "ann_user_bob".into(), ..Default::default() };
    assert_eq!(listed(by_id).await, ["unread"]);
    let refused = api.list_messages(&api.server(), unread(ListMessagesRequest::default())).await.unwrap_err();
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::BadRequest, Some("onBehalfOf")));
}

#[tokio::test]
async fn messages_of_blocked_users_are_left_out_when_asked() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.groups.add_group("room", &["ann", "bob", "cat"]);
    let api = world.start().await;
    for uid in ["ann", "bob", "cat"] {
        api.send(uid, to_group("room", uid)).await;
    }
    world.identity.block("ann", "bob");
    world.identity.block("cat", "ann");
    let hidden = async |uid: &str, hide_blocked_senders| {
        let request = ListMessagesRequest { hide_blocked_senders, ..history(GROUP, "room") };
        texts(&api.page(&api.user(uid), request).await)
    };
    assert_eq!(hidden("ann", true).await, ["ann", "cat"]);
    assert_eq!(hidden("ann", false).await, ["ann", "bob", "cat"]);
    assert_eq!(hidden("bob", true).await, ["ann", "bob", "cat"], "who is blocked does not notice");
}

#[tokio::test]
async fn a_thread_is_walked_by_itself() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    let api = world.start().await;
    let parent = api.send("ann", to_user("bob", "parent")).await;
    for n in 0..12 {
        let (from, to) = if n % 2 == 0 { ("ann", "bob") } else { ("bob", "ann") };
        api.send(from, pb::SendMessageRequest { parent_id: parent.id, ..to_user(to, &format!("r{n}")) }).await;
        api.send(from, to_user(to, "between")).await;
    }
    let thread = || ListMessagesRequest { parent_id: parent.id, limit: 5, ..Default::default() };
    for (kind, turn) in &TURNS[..3] {
        for direction in BOTH_WAYS {
            let request = ListMessagesRequest { direction: direction.into(), ..thread() };
            let walked = api.pages(&api.user("bob"), request, *turn).await;
            assert_eq!(texts(&walked), (0..12).map(|n| format!("r{n}")).collect::<Vec<_>>(), "{kind} {direction:?}");
        }
    }
    let refused = api.list_messages(&api.user("cat"), thread()).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::MessageNoAccess);
    assert_eq!(api.page(&api.server(), thread()).await.len(), 5);
}

#[tokio::test]
async fn without_a_side_a_user_sees_all_own_conversations_and_the_app_everything() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.groups.add_group("room", &["ann", "cat"]);
    let api = world.start().await;
    for uid in ["ann", "cat"] {
        let joined = world.membership("room", uid, MembershipAction::Added);
        api.record_membership(&api.server(), pb::RecordMembershipRequest { event: Some(joined) }).await.unwrap();
    }
    for n in 0..8 {
        api.send("ann", to_user("bob", &format!("ab{n}"))).await;
        api.send("bob", to_user("cat", &format!("bc{n}"))).await;
        api.send("cat", to_group("room", &format!("room{n}"))).await;
    }
    let said = |prefixes: &[&str]| {
        let of = |n| prefixes.iter().map(move |prefix| format!("{prefix}{n}"));
        (0..8).flat_map(of).collect::<Vec<_>>()
    };
    for direction in BOTH_WAYS {
        let base = ListMessagesRequest { direction: direction.into(), limit: 5, ..Default::default() };
        let base = ListMessagesRequest { categories: vec![pb::MessageCategory::Message.into()], ..base };
        let walk = async |caller: Caller, request| {
            texts(&api.pages(&caller, request, |request, outermost| request.cursor_id = outermost.id).await)
        };
        assert_eq!(walk(api.user("ann"), base.clone()).await, said(&["ab", "room"]));
        assert_eq!(walk(api.user("bob"), base.clone()).await, said(&["ab", "bc"]));
        assert_eq!(walk(api.server(), base.clone()).await, said(&["ab", "bc", "room"]));
        let of_cat = ListMessagesRequest { with_type: USER.into(), with: "cat".to_owned(), ..base };
        assert_eq!(walk(api.server(), of_cat).await, said(&["bc"]), "the direct messages of a user");
    }
}

#[tokio::test]
async fn who_has_left_sees_nothing_until_the_return() {
    let world = World::new(&["ann", "bob"]).await;
    world.groups.add_group("room", &["ann", "bob"]);
    let api = world.start().await;
    let joined = world.membership("room", "bob", MembershipAction::Joined);
    let record = async |event| {
        let request = pb::RecordMembershipRequest { event: Some(event) };
        api.record_membership(&api.server(), request).await.unwrap().message.unwrap()
    };
    record(joined).await;
    let said = api.send("ann", to_group("room", "said")).await;
    assert_eq!(api.page(&api.user("bob"), ListMessagesRequest::default()).await.len(), 2);
    let mut feed = world.listen(vec![Channel::user(&world.app, "bob")]).await;

    world.groups.remove_member("room", "bob");
    let kicked = world.membership("room", "bob", MembershipAction::Kicked);
    world.fact(Body::MembershipChanged(kicked.change.clone().unwrap())).await;
    let action = record(kicked).await;
    assert_eq!(feed.next_message().await.1, action, "who is out of the group's channel is told all the same");
    let bob = api.user("bob");
    let denied = eventually("history is closed", async || api.list_messages(&bob, history(GROUP, "room")).await.err());
    assert_eq!(denied.await.code, ErrorCode::GroupNotJoined);
    let get = pb::GetMessageRequest { id: said.id };
    assert_eq!(api.get_message(&bob, get).await.unwrap_err().code, ErrorCode::MessageNoAccess);
    let thread = ListMessagesRequest { parent_id: said.id, ..Default::default() };
    assert_eq!(api.list_messages(&bob, thread).await.unwrap_err().code, ErrorCode::MessageNoAccess);
    let by_id = ListMessagesRequest { conversation_id: "group_room".into(), ..Default::default() };
    assert!(api.page(&bob, by_id).await.is_empty());
    assert!(api.page(&bob, ListMessagesRequest::default()).await.is_empty());

    api.send("ann", to_group("room", "meanwhile")).await;
    world.groups.add_member("room", "bob");
    record(world.membership("room", "bob", MembershipAction::Joined)).await;
    let back = api.page(&bob, history(GROUP, "room")).await;
    assert_eq!(texts(&back), ["", "said", "", "meanwhile", ""], "and then everything, also what was said meanwhile");
    assert_dense(&back);
}
