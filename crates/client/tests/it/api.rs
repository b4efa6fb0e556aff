use halley_client::{Affix, ClientError, MessagePage, Receiver};
use http::Method;

use crate::fake::Fake;
use crate::{server, user};

#[tokio::test]
async fn an_app_makes_users_tokens_and_groups_with_its_key() {
    let fake = Fake::start().await;
    let app = server(&fake).with_key("key");
    assert_eq!(app.create_user("ann", "Ann").await.unwrap()["uid"], "ann");
    assert_eq!(app.create_user("taken", "T").await.unwrap_err().code(), Some("ERR_UID_ALREADY_EXISTS"));
    app.ensure_user("taken", "T").await.unwrap();
    assert_eq!(app.create_auth_token("ann").await.unwrap(), "token-ann");
    app.create_group("g", "G").await.unwrap();
    let uids: Vec<String> = (0..60).map(|n| format!("u{n}")).collect();
    app.add_members("g", &uids).await.unwrap();
}

#[tokio::test]
async fn a_refusal_keeps_status_and_code() {
    let fake = Fake::start().await;
    let wrong = server(&fake).with_key("wrong");
    let error = wrong.create_user("ann", "Ann").await.unwrap_err();
    assert!(matches!(&error, ClientError::Api { status: 401, code, .. } if code == "AUTH_ERR_EMPTY_APIKEY"));
    assert!(error.is_credential_dead());
    let error = user(&fake, "ann").call(Method::GET, "/nothing", &[], None).await.unwrap_err();
    assert_eq!(error.code(), Some("ERR_API_NOT_FOUND"));
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn no_server_is_a_transport_fault() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let nobody = halley_client::Server::new(&format!("http://{address}"), "app").unwrap().as_user("t");
    let error = nobody.login().await.unwrap_err();
    assert!(matches!(error, ClientError::Transport(_)) && error.is_retryable());
}

#[tokio::test]
async fn a_repeated_muid_returns_the_first_message() {
    let fake = Fake::start().await;
    let ann = user(&fake, "ann");
    let bob = Receiver::user("bob");
    let first = ann.send_message(&bob, "hi", "m1").await.unwrap();
    let again = ann.send_message(&bob, "hi", "m1").await.unwrap();
    assert_eq!((first.id, first.muid.as_deref(), first.text.as_deref()), (1, Some("m1"), Some("hi")));
    assert_eq!(again.id, first.id);
    assert_eq!(first.device.as_deref(), Some(ann.resource()));
    assert_eq!(first.sequence, None);
}

#[tokio::test]
async fn history_is_paged_both_ways() {
    let fake = Fake::start().await;
    let ann = user(&fake, "ann");
    let bob = Receiver::user("bob");
    for n in 0..250 {
        ann.send_message(&bob, "x", &format!("m{n}")).await.unwrap();
    }
    let newest = ann.list_messages(&bob, &MessagePage::newest(10)).await.unwrap();
    assert_eq!(newest.iter().map(|m| m.id).collect::<Vec<_>>(), (241..=250).collect::<Vec<_>>());
    assert_eq!(newest[0].sequence, None);
    let page = MessagePage { affix: Affix::Prepend, id: Some(241), limit: 5, with_sequence: true };
    let older = ann.list_messages(&bob, &page).await.unwrap();
    assert_eq!(older.iter().map(|m| m.id).collect::<Vec<_>>(), (236..=240).collect::<Vec<_>>());
    assert_eq!(older[0].sequence, Some(236));
    let all = ann.list_all_after(&bob, 3).await.unwrap();
    assert_eq!(all.iter().map(|m| m.id).collect::<Vec<_>>(), (4..=250).collect::<Vec<_>>());
}

#[tokio::test]
async fn conversations_unread_counts_and_marks() {
    let fake = Fake::start().await;
    let ann = user(&fake, "ann");
    let bob = Receiver::user("bob");
    ann.send_message(&bob, "x", "m").await.unwrap();
    assert_eq!(ann.list_conversations(1, 50).await.unwrap()[0]["conversationWith"]["uid"], "bob");
    assert_eq!(ann.count_unread().await.unwrap(), [(Receiver::group("g"), 3)]);
    ann.mark_read(&bob, Some(1)).await.unwrap();
    ann.mark_delivered(&Receiver::group("g"), None).await.unwrap();
}
