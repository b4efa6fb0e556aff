//! Importing messages.

use halley_bus::Channel;
use halley_contracts::messaging::v1::{self as pb, ImportMessagesResponse, ImportedMessage};
use halley_model::ErrorCode;
use halley_testkit::unique;

use crate::support::{Api, GROUP, USER, World, assert_dense, history, text_of, texts, to_group, to_user};

/// A message from ann; the muid is also its text.
fn item(kind: pb::ReceiverType, to: &str, muid: &str, sent_at_ms: i64) -> ImportedMessage {
    ImportedMessage {
        muid: muid.to_owned(),
        sender_uid: "ann".to_owned(),
        receiver_type: kind.into(),
        receiver: to.to_owned(),
        category: pb::MessageCategory::Message.into(),
        r#type: "text".to_owned(),
        data_json: serde_json::json!({ "text": muid }).to_string(),
        sent_at_ms,
        ..Default::default()
    }
}

fn to_bob(muid: &str, sent_at_ms: i64) -> ImportedMessage {
    item(USER, "bob", muid, sent_at_ms)
}

async fn import(api: &Api, messages: Vec<ImportedMessage>) -> ImportMessagesResponse {
    let request = pb::ImportMessagesRequest { messages, with_messages: true };
    api.import_messages(&api.server(), request).await.unwrap()
}

/// The codes of the items; empty for those that did not fail.
fn codes(answer: &ImportMessagesResponse) -> Vec<&str> {
    answer.results.iter().map(|result| result.error.as_ref().map_or("", |error| error.code.as_str())).collect()
}

#[tokio::test]
async fn messages_keep_their_order_and_times() {
    let world = World::new(&["ann", "bob"]).await;
    world.groups.add_group("room", &["ann"]);
    let api = world.start().await;
    let full = ImportedMessage {
        delivered_at_ms: 3500,
        read_at_ms: 4000,
        tags: vec!["a".to_owned()],
        data_json: r#"{"z":1e300,"text":"m2","a":null}"#.to_owned(),
        ..to_bob("m2", 3000)
    };
    let read = ImportedMessage { read_at_ms: 6000, ..to_bob("m4", 5000) };
    let of_app = ImportedMessage { sender_uid: "app_system".to_owned(), ..to_bob("app", 9000) };
    let given = vec![to_bob("m1", 2000), full, item(GROUP, "room", "g1", 1000), to_bob("m3", 1500), read, of_app];
    let answer = import(&api, given.clone()).await;

    assert_eq!((answer.created, codes(&answer)), (6, vec![""; 6]));
    assert_eq!(
        answer.results.iter().map(|result| result.id.as_str()).collect::<Vec<_>>(),
        ["m1", "m2", "g1", "m3", "m4", "app"]
    );
    assert_eq!(texts(&answer.messages), ["m1", "m2", "g1", "m3", "m4", "app"]);
    let stored = api.walk(&api.user("ann"), USER, "bob", 2).await;
    assert_eq!(texts(&stored), ["m1", "m2", "m3", "m4"], "in the order given");
    assert_dense(&stored);
    let of_ann: Vec<_> =
        answer.messages.iter().filter(|m| m.receiver == "bob" && m.sender_uid == "ann").cloned().collect();
    assert_eq!(of_ann, stored);
    let times =
        |n: usize| (stored[n].sent_at_ms, stored[n].updated_at_ms, stored[n].delivered_at_ms, stored[n].read_at_ms);
    assert_eq!((times(0), times(1)), ((2000, 2000, 0, 0), (3000, 3000, 3500, 4000)));
    assert_eq!(times(3), (5000, 5000, 6000, 6000), "what was read was delivered");
    assert_eq!((&stored[1].data_json, &stored[1].tags), (&given[1].data_json, &given[1].tags));
    let listed = api.conversations("bob").await;
    assert_eq!((listed[0].with.as_str(), listed[1].with.as_str()), ("app_system", "ann"));
    assert_eq!((listed[1].created_at_ms, listed[1].updated_at_ms), (1500, 5000));
}

#[tokio::test]
async fn threads_and_quotes_are_linked_by_muid() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    let api = world.start().await;
    let reply = |muid: &str, parent: &str| ImportedMessage { parent_muid: parent.to_owned(), ..to_bob(muid, 2000) };
    let quote = |muid: &str, quoted: &str| ImportedMessage { quoted_muid: quoted.to_owned(), ..to_bob(muid, 2000) };
    let call = ImportedMessage { category: pb::MessageCategory::Call.into(), ..to_bob("call", 1000) };
    let elsewhere = item(USER, "cat", "elsewhere", 900);
    let first = vec![elsewhere, to_bob("parent", 1000), call, reply("r1", "parent"), quote("q1", "parent")];
    assert_eq!(codes(&import(&api, first).await), vec![""; 5]);
    // Another message of the same muid, of somebody else and elsewhere.
    api.send("cat", pb::SendMessageRequest { muid: "parent".into(), ..to_user("ann", "twin") }).await;
    let second = vec![
        reply("r2", "parent"),
        quote("q2", "r1"),
        reply("nested", "r1"),
        reply("astray", "elsewhere"),
        reply("of call", "call"),
        reply("orphan", "unknown"),
        quote("misquote", "unknown"),
        reply("later", "too late"),
        to_bob("too late", 3000),
    ];
    let answer = import(&api, second).await;
    let expected = [
        "",
        "",
        "ERR_MESSAGE_THREAD_NESTING",
        "ERR_WRONG_MESSAGE_THREAD",
        "ERR_WRONG_MESSAGE_THREAD_CATEGORY",
        "ERR_MESSAGE_ID_NOT_FOUND",
        "ERR_MESSAGE_ID_NOT_FOUND",
        "ERR_MESSAGE_ID_NOT_FOUND",
        "",
    ];
    assert_eq!((codes(&answer), answer.created), (expected.to_vec(), 3));

    let stored = api.walk(&api.user("bob"), USER, "ann", 100).await;
    assert_eq!(texts(&stored), ["parent", "call", "r1", "q1", "r2", "q2", "too late"]);
    assert_dense(&stored);
    let parent = &stored[0];
    assert_eq!((parent.reply_count, stored[2].parent_id, stored[4].parent_id), (2, parent.id, parent.id));
    assert_eq!(stored[3].quoted_message.as_deref().map(text_of).as_deref(), Some("parent"));
    assert_eq!(stored[5].quoted_message_id, stored[2].id);
    let thread = pb::ListMessagesRequest { parent_id: parent.id, ..Default::default() };
    assert_eq!(texts(&api.page(&api.user("bob"), thread).await), ["r1", "r2"]);
}

#[tokio::test]
async fn a_second_run_changes_nothing() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let live = api.send("ann", pb::SendMessageRequest { muid: "live".into(), ..to_user("bob", "live") }).await;
    let messages = || {
        let reply = ImportedMessage { parent_muid: "m1".to_owned(), ..to_bob("m3", 3000) };
        vec![to_bob("m1", 1000), to_bob("m2", 2000), to_bob("m1", 9000), reply, to_bob("live", 1)]
    };
    let first = import(&api, messages()).await;
    assert_eq!((first.created, codes(&first)), (3, vec![""; 5]), "a repeated muid is a success");
    let ids = |answer: &ImportMessagesResponse| answer.messages.iter().map(|message| message.id).collect::<Vec<_>>();
    assert_eq!((ids(&first)[0], ids(&first)[4]), (ids(&first)[2], live.id));
    let stored = api.walk(&api.user("bob"), USER, "ann", 100).await;
    assert_eq!(texts(&stored), ["live", "m1", "m2", "m3"]);

    let second = import(&api, messages()).await;
    assert_eq!((second.created, codes(&second), ids(&second)), (0, vec![""; 5], ids(&first)));
    assert_eq!(api.walk(&api.user("bob"), USER, "ann", 100).await, stored);
    // Sending such a muid answers the imported message, too.
    let sent = pb::SendMessageRequest { muid: "m2".into(), ..to_user("bob", "again") };
    let sent = api.send_message(&api.user("ann"), sent).await.unwrap();
    assert_eq!((sent.repeated_muid, sent.message.as_ref()), (true, Some(&stored[2])));
}

#[tokio::test]
async fn a_muid_names_one_message_of_the_app() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.groups.add_group("room", &["ann"]);
    let api = world.start().await;
    let of_cat = api.send("cat", pb::SendMessageRequest { muid: "live".into(), ..to_user("bob", "live") }).await;
    import(&api, vec![to_bob("m1", 1000), to_bob("m2", 1000), to_bob("m3", 1000)]).await;
    let stored = api.walk(&api.user("bob"), USER, "ann", 10).await;
    let edit = pb::EditMessageRequest { id: stored[1].id, data_json: r#"{"text":"b"}"#.into(), ..Default::default() };
    api.edit_message(&api.user("ann"), edit).await.unwrap();
    let gone = pb::DeleteMessageRequest { id: stored[2].id, permanent: true, ..Default::default() };
    api.delete_message(&api.server(), gone).await.unwrap();

    let other_text = ImportedMessage { data_json: r#"{"text":"other"}"#.into(), ..to_bob("m1", 1000) };
    let reordered = ImportedMessage { data_json: r#" {"text": "m1"}"#.into(), ..to_bob("m1", 1000) };
    let again = vec![
        reordered,
        other_text,
        ImportedMessage { r#type: "place".into(), category: pb::MessageCategory::Custom.into(), ..to_bob("m1", 1000) },
        item(GROUP, "room", "m1", 1000),
        ImportedMessage { sender_uid: "cat".to_owned(), ..to_bob("m1", 1000) },
        to_bob("m2", 1000),
        to_bob("m3", 1000),
        to_bob("live", 1000),
        to_bob("new", 1000),
        ImportedMessage { data_json: r#"{"text":"twice"}"#.into(), ..to_bob("new", 1000) },
        ImportedMessage { sender_uid: "cat".to_owned(), ..to_bob("new", 1000) },
    ];
    let answer = import(&api, again).await;

    let taken = "ERR_IMPORT_MUID_ALREADY_EXISTS";
    let expected = ["", taken, taken, taken, taken, "", "", taken, "", taken, taken];
    assert_eq!((codes(&answer), answer.created), (expected.to_vec(), 1), "edits and deletions make no other message");
    let seen = api.walk(&api.user("bob"), USER, "ann", 10).await;
    assert_eq!(seen.iter().filter(|message| message.muid == "m1").count(), 1);
    assert_eq!(text_of(seen.iter().find(|message| message.muid == "m1").unwrap()), "m1");
    let kept = api.get_message(&api.user("bob"), pb::GetMessageRequest { id: of_cat.id }).await.unwrap();
    assert_eq!(text_of(&kept.message.unwrap()), "live");
}

#[tokio::test]
async fn an_interrupted_run_goes_on() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let batch = |numbers: std::ops::Range<i64>| numbers.map(|n| to_bob(&format!("m{n}"), 1000 + n)).collect::<Vec<_>>();
    import(&api, batch(0..50)).await;
    // This call is cut somewhere: it counts whole or not at all.
    let caller = api.server();
    let request = pb::ImportMessagesRequest { messages: batch(50..150), with_messages: false };
    drop(tokio::time::timeout(std::time::Duration::from_millis(3), api.import_messages(&caller, request)).await);
    let there = api.walk(&caller, USER, "bob", 100).await.len();
    assert!(there == 50 || there == 150, "{there}");

    for start in (0..300).step_by(50) {
        import(&api, batch(start..start + 50)).await;
    }
    let stored = api.walk(&api.user("bob"), USER, "ann", 100).await;
    assert_dense(&stored);
    assert_eq!(texts(&stored), (0..300).map(|n| format!("m{n}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_bad_item_fails_alone() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let base = || to_bob("m", 1000);
    let format = "ERR_IMPORT_INVALID_MESSAGE_FORMAT";
    let cases = [
        (ImportedMessage { muid: String::new(), ..base() }, format),
        (ImportedMessage { muid: "m".repeat(101), ..base() }, format),
        (ImportedMessage { muid: "a\0b".into(), ..base() }, format),
        (ImportedMessage { receiver_type: 0, ..base() }, format),
        (ImportedMessage { sent_at_ms: 0, ..base() }, format),
        (ImportedMessage { sent_at_ms: i64::MAX, ..base() }, format),
        (ImportedMessage { delivered_at_ms: -1, ..base() }, format),
        (ImportedMessage { read_at_ms: i64::MAX, ..base() }, format),
        (ImportedMessage { sender_uid: String::new(), ..base() }, "ERR_UID_NOT_FOUND"),
        (ImportedMessage { sender_uid: "nobody".into(), ..base() }, "ERR_UID_NOT_FOUND"),
        (ImportedMessage { receiver: "nobody".into(), ..base() }, "ERR_UID_NOT_FOUND"),
        (ImportedMessage { receiver: "no uid".into(), ..base() }, "ERR_UID_NOT_FOUND"),
        (item(GROUP, "nowhere", "m", 1000), "ERR_GUID_NOT_FOUND"),
        (ImportedMessage { category: pb::MessageCategory::Action.into(), ..base() }, "ERR_INVALID_MESSAGE_CATEGORY"),
        (ImportedMessage { r#type: String::new(), ..base() }, "ERR_EMPTY_MESSAGE_TYPE"),
        (ImportedMessage { data_json: "[]".into(), ..base() }, "ERR_INVALID_MESSAGE_DATA"),
        (ImportedMessage { tags: vec!["a\0b".into()], ..base() }, "ERR_BAD_REQUEST"),
    ];
    let (bad, expected): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    let mut messages = vec![to_bob("first", 1000)];
    messages.extend(bad);
    messages.push(to_bob("last", 2000));
    let answer = import(&api, messages).await;
    let codes = codes(&answer);
    assert_eq!((codes.first(), codes.last(), &codes[1..codes.len() - 1]), (Some(&""), Some(&""), &expected[..]));
    assert_eq!((answer.created, texts(&answer.messages)), (2, vec!["first".to_owned(), "last".to_owned()]));
    let stored = api.walk(&api.user("ann"), USER, "bob", 100).await;
    assert_eq!(texts(&stored), ["first", "last"]);
    assert_dense(&stored);
}

#[tokio::test]
async fn imported_messages_count_as_read_and_nobody_is_told() {
    let world = World::new(&["ann", "bob"]).await;
    world.groups.add_group("room", &["ann", "bob"]);
    let api = world.start().await;
    let own = |uid: &str| Channel::user(&world.app, uid);
    let mut feed = world.listen(vec![own("ann"), own("bob"), Channel::group(&world.app, "room")]).await;
    import(&api, vec![to_bob("m1", 1000), to_bob("m2", 2000), item(GROUP, "room", "g", 1000)]).await;
    assert_eq!(api.unread("bob", USER, "ann").await, 0);
    let unread = pb::ListMessagesRequest { unread_only: true, ..history(USER, "ann") };
    assert!(api.page(&api.user("bob"), unread.clone()).await.is_empty());
    assert_eq!(world.outbox().await, 0);

    let live = api.send("ann", to_user("bob", "live")).await;
    assert_eq!((feed.next_message().await.1.id, live.sequence), (live.id, 3), "the first event");
    assert_eq!(api.unread("bob", USER, "ann").await, 1);
    assert_eq!(texts(&api.page(&api.user("bob"), unread).await), ["live"]);
    let in_room = api.send("ann", to_group("room", "live")).await;
    assert_eq!(in_room.sequence, 2);
    let counted = api.count_messages(&api.server(), pb::CountMessagesRequest {}).await.unwrap();
    assert_eq!((counted.user_messages, counted.group_messages), (3, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn imports_and_sends_at_once_keep_one_order() {
    let world = World::new(&["ann", "bob"]).await;
    let instances = [world.start().await, world.start().await];
    let imports = (0..8).map(|batch| {
        // Each message is in two of the calls.
        let numbers = batch / 2 * 20..batch / 2 * 20 + 20;
        let messages = numbers.map(|n| to_bob(&format!("m{n}"), 1000 + n)).collect();
        import(&instances[usize::try_from(batch % 2).unwrap()], messages)
    });
    let caller = instances[0].user("bob");
    let sends = (0..80).map(|n| instances[n % 2].send_message(&caller, to_user("ann", "live")));
    let (imports, sends) = tokio::join!(futures::future::join_all(imports), futures::future::join_all(sends));

    assert_eq!(imports.iter().map(|answer| answer.created).sum::<i32>(), 80);
    assert!(sends.iter().all(Result::is_ok));
    let stored = instances[0].walk(&caller, USER, "ann", 50).await;
    assert_eq!(stored.len(), 160);
    assert_dense(&stored);
}

#[tokio::test]
async fn only_the_app_imports_and_only_so_much_at_once() {
    let mut world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let request = |messages| pb::ImportMessagesRequest { messages, with_messages: false };
    let denied = api.import_messages(&api.user("ann"), request(vec![to_bob("m", 1)])).await.unwrap_err();
    assert_eq!(denied.code, ErrorCode::PermissionDenied);
    let many = (0..1001).map(|n| to_bob(&format!("m{n}"), 1)).collect();
    let refused = api.import_messages(&api.server(), request(many)).await.unwrap_err();
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::BadRequest, Some("messages")));
    assert_eq!(import(&api, Vec::new()).await, ImportMessagesResponse::default());

    // Another app's muids link nothing and are free.
    import(&api, vec![to_bob("m", 1000)]).await;
    world.app = unique("a");
    let other = world.start().await;
    let reply = ImportedMessage { parent_muid: "m".to_owned(), ..to_bob("r", 2000) };
    let answer = import(&other, vec![reply, to_bob("m", 1000)]).await;
    assert_eq!((codes(&answer), answer.created), (vec!["ERR_MESSAGE_ID_NOT_FOUND", ""], 1));
    assert_eq!(api.walk(&api.server(), USER, "bob", 10).await.len(), 1);
}
