//! Searches: words, files, links and mentions, in one conversation, in all of a user's, in the whole app; what is walked and
//! what the index gives; and who finds what.

use halley_contracts::{
    groups::v1::MembershipAction,
    messaging::v1::{self as pb, ListMessagesRequest, Message},
};
use halley_kit::Caller;
use halley_model::ErrorCode;
use halley_testkit::eventually;

use crate::support::{Api, GROUP, USER, World, history, text_of, texts, to_group, to_user};

const BOTH_WAYS: [pb::Direction; 2] = [pb::Direction::Append, pb::Direction::Prepend];

fn imported(n: i64, text: &str) -> pb::ImportedMessage {
    pb::ImportedMessage {
        muid: format!("m{n}"),
        sender_uid: if n % 2 == 0 { "ann" } else { "bob" }.to_owned(),
        receiver_type: GROUP.into(),
        receiver: "room".to_owned(),
        category: pb::MessageCategory::Message.into(),
        r#type: "text".to_owned(),
        data_json: serde_json::json!({ "text": text }).to_string(),
        sent_at_ms: 1_700_000_000_000 + n * 1000,
        ..Default::default()
    }
}

/// A group with more messages than a search walks: some words in many of them, some in a few, old ones among them.
async fn large_room(world: &World, api: &Api) -> Vec<String> {
    const COUNT: i64 = 9000;
    world.groups.add_group("room", &["ann", "bob"]);
    for uid in ["ann", "bob"] {
        join(world, api, "room", uid).await;
    }
    let texts: Vec<String> = (0..COUNT)
        .map(|n| {
            let rare = if n % 1500 == 7 { " seldom" } else { "" };
            let common = if n % 3 == 0 { " Often" } else { "" };
            let link = if n % 1000 == 3 { " https://example.org" } else { "" };
            let mention = if n % 900 == 4 { " <@uid:bob>" } else { "" };
            format!("n{n}{common}{rare}{link}{mention}")
        })
        .collect();
    for (chunk, some) in texts.chunks(1000).enumerate() {
        let first = i64::try_from(chunk * 1000).unwrap();
        let messages = (first..).zip(some).map(|(n, text)| imported(n, text)).collect();
        let request = pb::ImportMessagesRequest { messages, with_messages: false };
        assert_eq!(api.import_messages(&api.server(), request).await.unwrap().created, 1000);
    }
    texts
}

async fn join(world: &World, api: &Api, guid: &str, uid: &str) {
    let event = Some(world.membership(guid, uid, MembershipAction::Added));
    api.record_membership(&api.server(), pb::RecordMembershipRequest { event }).await.unwrap();
}

fn search(key: &str) -> ListMessagesRequest {
    ListMessagesRequest { search_key: key.to_owned(), ..Default::default() }
}

#[tokio::test]
async fn every_search_walks_all_that_fits_and_nothing_else() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let said = large_room(&world, &api).await;
    let room = |request: ListMessagesRequest| ListMessagesRequest {
        with_type: GROUP.into(),
        with: "room".to_owned(),
        ..request
    };
    let holds = |part: &'static str| said.iter().filter(move |text| text.contains(part)).cloned().collect::<Vec<_>>();
    let by_bob = holds(" seldom").into_iter().filter(|text| text.contains('7') && !is_even(text)).collect();
    let cases = [
        (search("OFTEN"), 1000, holds(" Often")),
        (search("seld"), 3, holds(" seldom")),
        (search("seldom often"), 2, holds(" Often seldom")),
        (search("n8997"), 10, vec!["n8997 Often".to_owned()]),
        (search("n3"), 1000, holds("n3")),
        (search("nowhere"), 10, vec![]),
        (search("?!"), 10, vec![]),
        (ListMessagesRequest { has_links: true, ..Default::default() }, 4, holds("https")),
        (ListMessagesRequest { has_mentions: true, ..Default::default() }, 4, holds("<@uid:bob>")),
        (ListMessagesRequest { mentioned_uids: vec!["Bob".into(), "eve".into()], ..search("n") }, 4, vec![]),
        (
            ListMessagesRequest { mentioned_uids: vec!["Bob".into(), "eve".into()], ..Default::default() },
            4,
            holds("<@uid:bob>"),
        ),
        (ListMessagesRequest { senders: vec!["bob".into()], ..search("seldom") }, 2, by_bob),
    ];
    for (request, limit, expected) in cases {
        for (caller, narrow) in [(api.user("ann"), false), (api.user("ann"), true), (api.server(), false)] {
            for direction in BOTH_WAYS {
                let request = ListMessagesRequest { direction: direction.into(), limit, ..request.clone() };
                let request = if narrow { room(request) } else { request };
                let turn = |request: &mut ListMessagesRequest, message: &Message| request.cursor_id = message.id;
                let found = api.pages(&caller, request.clone(), turn).await;
                assert_eq!(texts(&found), expected, "{request:?}");
            }
        }
    }
}

fn is_even(text: &str) -> bool {
    let digits: String = text.chars().skip(1).take_while(char::is_ascii_digit).collect();
    digits.parse::<i64>().unwrap() % 2 == 0
}

#[tokio::test]
async fn every_cursor_walks_a_search() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let said = large_room(&world, &api).await;
    let expected: Vec<String> = said.iter().filter(|text| text.contains(" seldom")).cloned().collect();
    let turns: [crate::support::Turn; 3] = [
        |request, message| request.cursor_sequence = message.sequence,
        |request, message| request.cursor_sent_at_ms = message.sent_at_ms,
        |request, message| {
            request.cursor_updated_at_ms = message.updated_at_ms;
            request.cursor_id = message.id;
        },
    ];
    for turn in turns {
        for direction in BOTH_WAYS {
            let request = ListMessagesRequest {
                direction: direction.into(),
                limit: 1,
                search_key: "seldom".into(),
                ..history(GROUP, "room")
            };
            assert_eq!(texts(&api.pages(&api.user("ann"), request, turn).await), expected, "{direction:?}");
        }
    }
    let numbered = async |page| {
        let request = ListMessagesRequest { page, limit: 2, ..search("seldom") };
        api.list_messages(&api.user("ann"), request).await
    };
    let mut pages = Vec::new();
    for page in [3, 2, 1] {
        let page = numbered(page).await.unwrap();
        pages.extend(texts(&page.messages));
    }
    assert_eq!(pages, expected, "pages by number, the newest first");
    assert!(numbered(4).await.unwrap().messages.is_empty());
    assert_eq!(numbered(5001).await.unwrap_err().field.as_deref(), Some("page"));
}

/// What a search finds for somebody, in order.
async fn found(api: &Api, caller: &Caller, request: ListMessagesRequest) -> String {
    texts(&api.page(caller, request).await).join(" | ")
}

#[tokio::test]
async fn words_begin_so_in_every_script() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    for text in ["Über den Wolken", "我们在家里", "don't panic", "ok 👍", "x y", "file_name.txt"] {
        api.send("ann", to_user("bob", text)).await;
    }
    let bob = api.user("bob");
    for (key, expected) in [
        ("über", "Über den Wolken"),
        ("WOLK DEN", "Über den Wolken"),
        ("olken", ""),
        ("在家", "我们在家里"),
        ("里", "我们在家里"),
        ("我里", ""),
        ("don't", "don't panic"),
        ("👍", "ok 👍"),
        ("x", "x y"),
        ("name.t", ""),
        ("name.txt", "file_name.txt"),
    ] {
        assert_eq!(found(&api, &bob, search(key)).await, expected, "{key}");
    }
}

#[tokio::test]
async fn files_are_found_by_kind_and_name() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let media = |kind: &str, caption: &str, name: &str, mime: &str| pb::SendMessageRequest {
        r#type: kind.to_owned(),
        data_json: serde_json::json!({"text": caption,
            "attachments": [{"url": "https://x/f", "name": name, "mimeType": mime}]})
        .to_string(),
        ..to_user("bob", "")
    };
    api.send("ann", to_user("bob", "no file, cat")).await;
    api.send("ann", media("image", "first", "Cat.png", "image/png")).await;
    api.send("ann", media("file", "second", "report.pdf", "application/pdf")).await;
    let (ann, kinds) = (api.user("ann"), |kinds: &[&str]| ListMessagesRequest {
        attachment_types: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        ..Default::default()
    });
    assert_eq!(found(&api, &ann, search("cat")).await, "no file, cat | first");
    assert_eq!(found(&api, &ann, kinds(&["image"])).await, "first");
    assert_eq!(found(&api, &ann, kinds(&["image", "file"])).await, "first | second");
    assert_eq!(found(&api, &ann, kinds(&["audio"])).await, "");
    let both = ListMessagesRequest { has_attachments: true, ..search("rep") };
    assert_eq!(found(&api, &ann, both).await, "second");
    let refused = api.list_messages(&ann, kinds(&["picture"])).await.unwrap_err();
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::BadRequest, Some("attachmentTypes")));
}

#[tokio::test]
async fn what_is_deleted_is_not_found_and_what_is_edited_by_its_new_text() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let (ann, server) = (api.user("ann"), api.server());
    let [kept, gone, erased] = [
        api.send("ann", to_user("bob", "alpha")).await,
        api.send("ann", to_user("bob", "beta")).await,
        api.send("ann", to_user("bob", "gamma")).await,
    ];
    let edit = pb::EditMessageRequest { id: kept.id, data_json: r#"{"text":"delta"}"#.into(), ..Default::default() };
    api.edit_message(&ann, edit).await.unwrap();
    api.delete_message(&ann, pb::DeleteMessageRequest { id: gone.id, ..Default::default() }).await.unwrap();
    let for_good = pb::DeleteMessageRequest { id: erased.id, permanent: true, ..Default::default() };
    api.delete_message(&server, for_good).await.unwrap();
    for caller in [&ann, &server] {
        for key in ["alpha", "beta", "gamma", "deleted", "edited"] {
            assert_eq!(found(&api, caller, search(key)).await, "", "{key}");
        }
        assert_eq!(found(&api, caller, search("delta")).await, "delta");
    }
}

#[tokio::test]
async fn who_may_not_see_a_message_does_not_find_it() {
    let world = World::new(&["ann", "bob", "eve"]).await;
    world.groups.add_group("room", &["ann", "bob", "eve"]);
    let api = world.start().await;
    for uid in ["ann", "bob", "eve"] {
        join(&world, &api, "room", uid).await;
    }
    api.send("ann", to_group("room", "treasure of ann")).await;
    api.send("bob", to_group("room", "treasure of bob")).await;
    api.send("ann", to_user("bob", "treasure told")).await;
    let (ann, bob, eve) = (api.user("ann"), api.user("bob"), api.user("eve"));
    assert_eq!(found(&api, &eve, search("treasure")).await, "treasure of ann | treasure of bob");
    assert_eq!(found(&api, &bob, search("treasure")).await, "treasure of ann | treasure of bob | treasure told");

    world.identity.block("eve", "bob");
    let unblocked = ListMessagesRequest { hide_blocked_senders: true, ..search("treasure") };
    assert_eq!(found(&api, &eve, unblocked).await, "treasure of ann");

    let cleared = pb::ResetConversationRequest { with_type: GROUP.into(), with: "room".into(), ..Default::default() };
    api.reset_conversation(&bob, cleared).await.unwrap();
    assert_eq!(found(&api, &bob, search("treasure")).await, "treasure told");
    let in_room = ListMessagesRequest { search_key: "treasure".into(), ..history(GROUP, "room") };
    assert_eq!(found(&api, &bob, in_room.clone()).await, "");
    assert_eq!(found(&api, &ann, in_room.clone()).await, "treasure of ann | treasure of bob");

    world.groups.remove_member("room", "eve");
    let left = world.membership("room", "eve", MembershipAction::Left);
    world.fact(halley_contracts::events::v1::event::Body::MembershipChanged(left.change.clone().unwrap())).await;
    api.record_membership(&api.server(), pb::RecordMembershipRequest { event: Some(left) }).await.unwrap();
    assert_eq!(found(&api, &eve, search("treasure")).await, "");
    let denied = eventually("the group is closed", async || api.list_messages(&eve, in_room.clone()).await.err());
    assert_eq!(denied.await.code, ErrorCode::GroupNotJoined);
    let by_id = ListMessagesRequest { conversation_id: "group_room".into(), ..search("treasure") };
    assert_eq!(found(&api, &eve, by_id).await, "");

    let other = World::on(world.pool.clone(), &halley_testkit::redis_url().await, &["ann", "bob"]).await;
    let elsewhere = other.start().await;
    assert_eq!(found(&elsewhere, &elsewhere.server(), search("treasure")).await, "", "another app");
    assert_eq!(found(&elsewhere, &elsewhere.user("ann"), search("treasure")).await, "");
}

#[tokio::test]
async fn filters_keep_to_what_is_asked_for() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.groups.add_group("room", &["ann", "bob"]);
    let api = world.start().await;
    join(&world, &api, "room", "bob").await;
    let first = api.send("ann", to_user("bob", "direct")).await;
    api.send("ann", to_group("room", "in the room")).await;
    let edited = api.send("ann", to_user("bob", "olden")).await;
    let edit = pb::EditMessageRequest { id: edited.id, data_json: r#"{"text":"newer"}"#.into(), ..Default::default() };
    api.edit_message(&api.user("ann"), edit).await.unwrap();
    let delivered = pb::MarkDeliveredRequest {
        with_type: USER.into(),
        with: "ann".into(),
        message_id: first.id,
        ..Default::default()
    };
    api.mark_delivered(&api.user("bob"), delivered).await.unwrap();
    let said = || ListMessagesRequest { categories: vec![pb::MessageCategory::Message.into()], ..Default::default() };
    let now = halley_kit::time::now_ms() + 1000;
    let range = |from_ms, to_ms| Some(halley_contracts::common::v1::TimeRange { from_ms, to_ms });
    let bob = api.user("bob");
    for (request, expected) in [
        (ListMessagesRequest { receiver_type: USER.into(), ..said() }, "direct | newer"),
        (ListMessagesRequest { receiver_type: GROUP.into(), ..said() }, "in the room"),
        (ListMessagesRequest { receiver_type: GROUP.into(), ..history(USER, "ann") }, ""),
        (ListMessagesRequest { only_updates: true, ..said() }, "newer"),
        (ListMessagesRequest { updated_at: range(1, now), ..said() }, "newer"),
        (ListMessagesRequest { updated_at: range(now, 0), ..said() }, ""),
        (ListMessagesRequest { edited_at: range(0, now), ..said() }, "newer"),
        (ListMessagesRequest { edited_at: range(now, 0), ..said() }, ""),
        (ListMessagesRequest { undelivered_only: true, ..said() }, "in the room | newer"),
        (ListMessagesRequest { undelivered_only: true, ..history(USER, "ann") }, "newer"),
        (ListMessagesRequest { undelivered_only: true, receiver_type: USER.into(), ..search("new") }, "newer"),
    ] {
        assert_eq!(found(&api, &bob, request.clone()).await, expected, "{request:?}");
    }
    let of_app = ListMessagesRequest { receiver_type: GROUP.into(), ..said() };
    assert_eq!(found(&api, &api.server(), of_app).await, "in the room");
    let count = async |undelivered, hide_blocked_senders| {
        let request = pb::CountUnreadRequest { undelivered, hide_blocked_senders, ..Default::default() };
        let counts = api.count_unread(&bob, request).await.unwrap().counts;
        counts.into_iter().map(|count| (count.with, count.count)).collect::<std::collections::BTreeMap<_, _>>()
    };
    let counts = |direct, room| [("ann".to_owned(), direct), ("room".to_owned(), room)].into();
    assert_eq!(count(false, false).await, counts(2, 1));
    assert_eq!(count(true, false).await, counts(1, 1));
    world.identity.block("bob", "ann");
    assert!(count(false, true).await.is_empty() && count(true, true).await.is_empty());
}

#[tokio::test]
async fn mentions_are_shown_counted_and_follow_edits() {
    let world = World::new(&["ann", "bob", "eve"]).await;
    world.groups.add_group("room", &["ann", "bob", "eve"]);
    let api = world.start().await;
    for uid in ["ann", "bob", "eve"] {
        join(&world, &api, "room", uid).await;
    }
    let mut feed = world.listen(vec![halley_bus::Channel::group(&world.app, "room")]).await;
    let sent = api.send("ann", to_group("room", "hi <@uid:Bob> <@uid:nobody> <@uid:ann> <@uid:bob>")).await;
    let uids = |message: &Message| message.mentions.iter().map(|user| user.uid.clone()).collect::<Vec<_>>();
    assert_eq!(uids(&sent), ["bob", "ann"], "who does not exist is only in the text");
    assert_eq!(uids(&feed.next_message().await.1), ["bob", "ann"]);
    let (bob, eve) = (api.user("bob"), api.user("eve"));
    assert_eq!(uids(&api.page(&bob, history(GROUP, "room")).await[3]), ["bob", "ann"]);
    let unread = async |uid: &str| {
        let conversations = api.conversations(uid).await;
        (conversations[0].unread_count, conversations[0].unread_mentions_count)
    };
    assert_eq!((unread("bob").await, unread("eve").await, unread("ann").await), ((1, 1), (1, 0), (0, 0)));
    let mine = || ListMessagesRequest { my_mentions_only: true, ..Default::default() };
    assert_eq!((api.page(&bob, mine()).await.len(), api.page(&eve, mine()).await.len()), (1, 0));
    assert_eq!(api.list_messages(&api.server(), mine()).await.unwrap_err().field.as_deref(), Some("onBehalfOf"));

    let edit = pb::EditMessageRequest {
        id: sent.id,
        data_json: r#"{"text":"hi <@uid:eve>"}"#.to_owned(),
        ..Default::default()
    };
    let action = api.edit_message(&api.user("ann"), edit).await.unwrap().message.unwrap();
    assert_eq!(uids(action.action_on_message.as_ref().unwrap()), ["eve"]);
    assert_eq!(uids(feed.next_message().await.1.action_on_message.as_ref().unwrap()), ["eve"]);
    assert_eq!((unread("bob").await, unread("eve").await), ((1, 0), (1, 1)));
    assert_eq!((api.page(&bob, mine()).await.len(), api.page(&eve, mine()).await.len()), (0, 1));

    let read = pb::MarkReadRequest { with_type: GROUP.into(), with: "room".into(), ..Default::default() };
    api.mark_read(&eve, read).await.unwrap();
    assert_eq!(unread("eve").await, (0, 0));
    let last = api.send("ann", to_group("room", "<@uid:eve> again")).await;
    assert_eq!(unread("eve").await, (1, 1));
    api.delete_message(&api.user("ann"), pb::DeleteMessageRequest { id: last.id, ..Default::default() }).await.unwrap();
    assert_eq!(unread("eve").await.1, 0);
    assert_eq!(api.page(&eve, mine()).await.len(), 1);
}

#[tokio::test]
async fn too_many_mentions_are_refused_and_change_nothing() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let mentioning = |count: usize| (0..count).map(|n| format!("<@uid:u{n}>")).collect::<String>();
    let sent = api.send("ann", to_user("bob", &mentioning(10))).await;
    let refused = api.send_message(&api.user("ann"), to_user("bob", &mentioning(11))).await.unwrap_err();
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::InvalidMessageText, Some("data.text")));
    let data_json = serde_json::json!({"text": mentioning(11)}).to_string();
    let edit = pb::EditMessageRequest { id: sent.id, data_json, ..Default::default() };
    assert_eq!(api.edit_message(&api.user("ann"), edit).await.unwrap_err().code, ErrorCode::InvalidMessageText);
    let page = api.page(&api.user("bob"), history(USER, "ann")).await;
    assert_eq!(page.iter().map(text_of).collect::<Vec<_>>(), [mentioning(10)]);
}

#[tokio::test]
async fn what_was_stored_before_there_was_an_index_is_indexed() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    for n in 0..600 {
        api.send("ann", to_user("bob", &format!("word{n} <@uid:bob>"))).await;
    }
    let gone = api.send("ann", to_user("bob", "deleted word")).await;
    api.delete_message(&api.user("ann"), pb::DeleteMessageRequest { id: gone.id, ..Default::default() }).await.unwrap();
    sqlx::query("UPDATE messages SET terms = NULL, indexed = false").execute(&world.pool).await.unwrap();
    sqlx::query("DELETE FROM mentions").execute(&world.pool).await.unwrap();
    let request = || ListMessagesRequest { limit: 1000, ..search("word") };
    assert!(api.page(&api.user("bob"), request()).await.is_empty());

    let again = world.start().await;
    eventually("everything is indexed", async || {
        (again.page(&again.user("bob"), request()).await.len() == 600).then_some(())
    })
    .await;
    assert_eq!(again.conversations("bob").await[0].unread_mentions_count, 600);
    assert!(!texts(&again.page(&again.user("bob"), search("deleted")).await).contains(&"deleted word".to_owned()));
}
