use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use futures::StreamExt;
use halley_client::{
    Backoff, ChatEvent, ConversationList, Draft, HalleyChat, LoginWith, MessageList, MessagesSnapshot, Receiver,
    SettingsBuilder,
};
use tokio::sync::watch;

use crate::fake::Fake;
use crate::{soon, user};

async fn chat(fake: &Fake) -> HalleyChat {
    let backoff = Backoff { first: Duration::from_millis(5), max: Duration::from_millis(20) };
    let settings = SettingsBuilder::new(&fake.rest(), "app").socket_url(&fake.websocket()).backoff(backoff);
    let login = HalleyChat::login(settings.build().unwrap(), LoginWith::auth_token("token-ann"));
    let (chat, mut events) = login.await.unwrap();
    // With it lists are loaded anew.
    soon(async { while !matches!(events.next().await, Some(ChatEvent::Resumed { .. })) {} }).await;
    chat
}

/// Waits for a state that satisfies the condition.
async fn shows<S>(list: &mut watch::Receiver<Arc<S>>, is_it: impl Fn(&S) -> bool) -> Arc<S> {
    let shown = soon(list.wait_for(|shown| is_it(shown))).await.unwrap();
    Arc::clone(&shown)
}

fn ids(shown: &MessagesSnapshot) -> Vec<u64> {
    shown.messages.iter().map(|message| message.id).collect()
}

#[tokio::test]
async fn a_list_of_messages_has_pages_new_ones_and_own_ones_on_their_way() {
    let fake = Fake::start().await;
    let (bob, to_ann) = (user(&fake, "bob"), Receiver::user("ann"));
    for n in 1..=40 {
        bob.send_message(&to_ann, "x", &format!("m{n}")).await.unwrap();
    }
    let ann = chat(&fake).await;
    let list = MessageList::open(&ann, &Receiver::user("bob"));
    let mut state = list.subscribe();
    let shown = shows(&mut state, |shown| !shown.is_loading && shown.messages.len() == 30).await;
    assert!(shown.has_older && shown.error.is_none());
    soon(list.load_older()).await;
    assert_eq!(ids(&list.snapshot()), (1..=40).collect::<Vec<_>>());
    assert!(!list.snapshot().has_older);
    bob.send_message(&to_ann, "live", "m41").await.unwrap();
    bob.send_message(&Receiver::user("cy"), "elsewhere", "c").await.unwrap();
    shows(&mut state, |shown| shown.messages.len() == 41).await;
    fake.state.away.store(true, SeqCst);
    fake.cut();
    let queued = ann.messages().queue(Draft::text(&Receiver::user("bob"), "mine")).await.unwrap();
    let shown = shows(&mut state, |shown| shown.outgoing.len() == 1).await;
    assert_eq!(shown.outgoing[0].message.text.as_deref(), Some("mine"));
    fake.state.away.store(false, SeqCst);
    let stored = soon(queued.stored()).await.unwrap();
    let shown = shows(&mut state, |shown| shown.outgoing.is_empty()).await;
    assert_eq!(shown.messages.last().map(|message| message.id), Some(stored.id));
    ann.close().await;
    // The task ends with the login.
    while soon(state.changed()).await.is_ok() {}
}

#[tokio::test]
async fn a_list_that_could_not_be_loaded_says_so_and_is_loaded_with_the_next_socket() {
    let fake = Fake::start().await;
    user(&fake, "bob").send_message(&Receiver::user("ann"), "x", "m").await.unwrap();
    let ann = chat(&fake).await;
    fake.state.failing_histories.store(u32::MAX, SeqCst);
    let list = MessageList::open(&ann, &Receiver::user("bob"));
    let mut state = list.subscribe();
    let shown = shows(&mut state, |shown| !shown.is_loading).await;
    assert!(shown.error.as_ref().is_some_and(halley_client::ClientError::is_retryable));
    fake.state.failing_histories.store(0, SeqCst);
    fake.cut();
    shows(&mut state, |shown| shown.messages.len() == 1 && shown.error.is_none()).await;
}

#[tokio::test]
async fn a_list_of_conversations_has_the_newest_first_and_counts_what_is_unread() {
    let fake = Fake::start().await;
    let to_ann = Receiver::user("ann");
    for n in 0..40 {
        user(&fake, &format!("u{n}")).send_message(&to_ann, "x", &format!("m{n}")).await.unwrap();
    }
    let ann = chat(&fake).await;
    let list = ConversationList::open(&ann);
    let mut state = list.subscribe();
    shows(&mut state, |shown| !shown.is_loading && shown.conversations.len() == 30).await;
    soon(list.load_more()).await;
    assert_eq!((list.snapshot().conversations.len(), list.snapshot().has_more), (40, false));
    soon(list.refresh()).await;
    assert_eq!(list.snapshot().conversations.len(), 40, "as many as before");
    user(&fake, "u3").send_message(&to_ann, "again", "again").await.unwrap();
    let shown = shows(&mut state, |shown| {
        let first = shown.conversations.iter().find(|row| row.with == Receiver::user("u3"));
        first.and_then(|row| row.last_message.as_ref()).is_some_and(|last| last.text.as_deref() == Some("again"))
    })
    .await;
    assert_eq!(shown.conversations[0].with, Receiver::user("u3"));
    assert_eq!((shown.conversations[0].unread_count, shown.unread_count()), (1, 1));
}
