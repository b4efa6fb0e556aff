//! Conversations that are seen before anything is said in them.

use halley_contracts::messaging::v1::{
    GetConversationRequest, OpenConversationsRequest, ResetConversationRequest, UpdateConversationRequest,
};
use halley_model::ErrorCode;

use crate::support::{Api, USER, World, to_user};

fn with(uid: &str, others: &[&str]) -> OpenConversationsRequest {
    OpenConversationsRequest { uid: uid.to_owned(), others: others.iter().map(|other| (*other).to_owned()).collect() }
}

impl Api {
    /// With whom a user sees conversations, and whether there is a last message.
    async fn seen(&self, uid: &str) -> Vec<(String, bool)> {
        let conversations = self.conversations(uid).await;
        conversations.into_iter().map(|one| (one.with, one.last_message.is_some())).collect()
    }
}

fn empty(with: &str) -> (String, bool) {
    (with.to_owned(), false)
}

fn said(with: &str) -> (String, bool) {
    (with.to_owned(), true)
}

#[tokio::test]
async fn both_sides_see_an_opened_conversation_until_they_delete_it() {
    let world = World::new(&["ann", "bob", "cat", "dan"]).await;
    let api = world.start().await;
    api.send("ann", to_user("bob", "hi")).await;

    for _ in 0..2 {
        api.open_conversations(&api.server(), with("ann", &["Bob", "cat", "cat", "ann"])).await.unwrap();
    }

    let mut seen = api.seen("ann").await;
    seen.sort();
    assert_eq!(seen, [said("bob"), empty("cat")]);
    assert_eq!(api.seen("bob").await, [said("ann")]);
    assert_eq!(api.seen("cat").await, [empty("ann")]);
    assert!(api.seen("dan").await.is_empty());
    let ann = api.user("ann");
    let one = GetConversationRequest { with_type: USER.into(), with: "cat".to_owned(), ..Default::default() };
    let one = api.get_conversation(&ann, one).await.unwrap().conversation.unwrap();
    assert_eq!((one.unread_count, one.last_message), (0, None));
    let tags = UpdateConversationRequest { with_type: USER.into(), with: "cat".to_owned(), tags: vec!["new".into()] };
    assert_eq!(api.update_conversation(&ann, tags).await.unwrap().conversation.unwrap().tags, ["new"]);

    let reset = ResetConversationRequest { with_type: USER.into(), with: "cat".to_owned(), ..Default::default() };
    api.reset_conversation(&ann, reset.clone()).await.unwrap();
    assert_eq!(api.seen("ann").await, [said("bob")]);
    assert_eq!(api.seen("cat").await, [empty("ann")], "the other side keeps it");
    api.send("cat", to_user("ann", "here I am")).await;
    assert_eq!(api.seen("ann").await, [said("cat"), said("bob")]);

    api.reset_conversation(&ann, reset).await.unwrap();
    assert_eq!(api.seen("ann").await, [said("bob")]);
    api.open_conversations(&api.server(), with("ann", &["cat"])).await.unwrap();
    let mut seen = api.seen("ann").await;
    seen.sort();
    assert_eq!(seen, [said("bob"), empty("cat")], "it is back, and what was deleted is not");
}

#[tokio::test]
async fn only_the_app_opens_conversations_and_only_of_its_users() {
    let world = World::new(&["ann", "bob"]).await;
    let api = world.start().await;
    let (ann, server) = (api.user("ann"), api.server());
    let code = async |caller, request| api.open_conversations(caller, request).await.unwrap_err().code;
    assert_eq!(code(&ann, with("ann", &["bob"])).await, ErrorCode::PermissionDenied);
    for request in [with("ann", &["bob", "nobody"]), with("nobody", &["ann"]), with("ann", &["no id"])] {
        assert_eq!(code(&server, request).await, ErrorCode::UidNotFound);
    }
    assert_eq!(code(&server, with("ann", &["app_system"])).await, ErrorCode::UidNotFound);
    assert_eq!(code(&server, with("ann", &["x"; 1001])).await, ErrorCode::BadRequest);
    assert!(api.seen("ann").await.is_empty(), "a refused call opens none");
    let stranger = World::stranger(&api);
    drop(stranger.open_conversations(&stranger.server(), with("ann", &["bob"])).await);
    assert!(api.seen("ann").await.is_empty(), "another app's users are others");
}
