use futures::TryStreamExt;
use halley_client::{HalleyChat, LoginWith, Receiver, SettingsBuilder};

use crate::fake::Fake;
use crate::{soon, user};

async fn chat(fake: &Fake) -> HalleyChat {
    let settings = SettingsBuilder::new(&fake.rest(), "app").socket_url(&fake.websocket()).build().unwrap();
    HalleyChat::login(settings, LoginWith::auth_token("token-ann")).await.unwrap().0
}

#[tokio::test]
async fn a_list_with_numbers_gives_each_row_once() {
    let fake = Fake::start().await;
    let chat = chat(&fake).await;
    let users: Vec<_> = soon(chat.users().list().limit(7).items().try_collect()).await.unwrap();
    let uids: Vec<String> = users.iter().map(|user| user.uid.clone()).collect();
    assert_eq!(uids, (0..70).map(|n| format!("u{n}")).collect::<Vec<_>>());
    assert_eq!(users[3].raw["extra"], 3);
    let pages: Vec<_> = soon(chat.users().list().limit(30).pages().try_collect()).await.unwrap();
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [30, 30, 10]);
    let found: Vec<_> = soon(chat.users().list().search("u6").items().try_collect()).await.unwrap();
    assert_eq!(found.len(), 11);
    let mut none = chat.users().list().search("nobody");
    assert!(none.next_page().await.unwrap().is_empty() && !none.has_next());
}

#[tokio::test]
async fn messages_are_read_in_both_directions() {
    let fake = Fake::start().await;
    let ann = user(&fake, "ann");
    let bob = Receiver::user("bob");
    for n in 1..=9 {
        ann.send_message(&bob, "x", &format!("m{n}")).await.unwrap();
    }
    let chat = chat(&fake).await;
    let list = || chat.messages().list_with(&bob).limit(4);
    let mut back = list();
    let mut seen = Vec::new();
    while back.has_previous() {
        seen.push(back.previous_page().await.unwrap().iter().map(|message| message.id).collect::<Vec<_>>());
    }
    assert_eq!(seen, [vec![6, 7, 8, 9], vec![2, 3, 4, 5], vec![1]]);
    // Newer ones than those that were read first.
    ann.send_message(&bob, "x", "m10").await.unwrap();
    let newer = back.next_page().await.unwrap();
    assert_eq!((newer.len(), newer[0].id), (1, 10));
    let ids = |messages: Vec<halley_client::Message>| messages.iter().map(|message| message.id).collect::<Vec<_>>();
    let all = ids(soon(list().items().try_collect()).await.unwrap());
    assert_eq!(all, (1..=10).rev().collect::<Vec<_>>());
    let after = ids(soon(list().after(3).items().try_collect()).await.unwrap());
    assert_eq!(after, (4..=10).collect::<Vec<_>>());
    let before = ids(soon(list().before(3).items().try_collect()).await.unwrap());
    assert_eq!(before, [2, 1]);
}

#[tokio::test]
async fn conversations_are_read_by_their_cursor_and_reads_are_tried_again() {
    let fake = Fake::start().await;
    let ann = user(&fake, "ann");
    for n in 0..5 {
        ann.send_message(&Receiver::user(&format!("u{n}")), "x", &format!("m{n}")).await.unwrap();
    }
    let chat = chat(&fake).await;
    let rows: Vec<_> = soon(chat.conversations().list().limit(2).items().try_collect()).await.unwrap();
    let peers: Vec<Receiver> = rows.iter().map(|row| row.with.clone()).collect();
    assert_eq!(peers, (0..5).rev().map(|n| Receiver::user(&format!("u{n}"))).collect::<Vec<_>>());
    assert_eq!(rows[0].last_message.as_ref().unwrap().text.as_deref(), Some("x"));
    fake.state.failing_histories.store(2, std::sync::atomic::Ordering::SeqCst);
    let mut list = chat.messages().list_with(&peers[0]);
    assert_eq!(soon(list.previous_page()).await.unwrap().len(), 1);
    fake.state.failing_histories.store(3, std::sync::atomic::Ordering::SeqCst);
    let mut list = chat.messages().list_with(&peers[0]);
    assert!(soon(list.previous_page()).await.unwrap_err().is_retryable());
    assert_eq!(soon(list.previous_page()).await.unwrap().len(), 1, "the same page");
}
