//! What the scope in a group lets a member do.

use std::sync::atomic::Ordering;

use halley_contracts::{
    events::v1::{ScopePermissionsChanged, event::Body},
    groups::v1::MemberScope,
    messaging::v1 as pb,
};
use halley_kit::permissions;
use halley_model::{
    ErrorCode,
    permissions::{Permission as _, ScopePermission, Value},
};
use halley_testkit::eventually;

use crate::support::{World, to_group};

impl World {
    /// What a scope of a group may do from now on, and that it is told.
    async fn permit(&self, guid: &str, scope: MemberScope, permission: ScopePermission, word: &str) {
        let value = Value::Word(word.to_owned()).fitted(permission).unwrap();
        let value = permissions::to_contract(permission.id(), value);
        self.groups.permissions.lock().unwrap().insert((guid.to_owned(), scope), vec![value]);
        let changed = ScopePermissionsChanged { guid: guid.to_owned(), scope: scope.into() };
        self.fact(Body::ScopePermissionsChanged(changed)).await;
    }

    fn give_scope(&self, guid: &str, uid: &str, scope: MemberScope) {
        self.groups.scopes.lock().unwrap().insert((guid.to_owned(), uid.to_owned()), scope);
    }
}

#[tokio::test]
async fn a_scope_that_may_not_send_is_refused_and_others_are_not() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.groups.add_group("room", &["ann", "bob", "cat"]);
    world.groups.add_group("hall", &["bob"]);
    world.give_scope("room", "ann", MemberScope::Admin);
    world.give_scope("room", "cat", MemberScope::Moderator);
    world.permit("room", MemberScope::Participant, ScopePermission::SendMessage, "deny").await;
    let api = world.start().await;

    let fault = api.send_message(&api.user("bob"), to_group("room", "x")).await.unwrap_err();
    assert_eq!(fault.code, ErrorCode::PermissionDenied);
    assert!(fault.message.contains("participant") && fault.message.contains("sendMessage"), "{}", fault.message);
    for uid in ["ann", "cat"] {
        api.send(uid, to_group("room", "x")).await;
    }
    api.send("bob", to_group("hall", "x")).await;
    api.send_message(&api.server(), to_group("room", "the app may")).await.unwrap();
}

#[tokio::test]
async fn replies_need_both_permissions() {
    let world = World::new(&["bob"]).await;
    world.groups.add_group("room", &["bob"]);
    world.permit("room", MemberScope::Participant, ScopePermission::SendThreadedMessage, "deny").await;
    let api = world.start().await;
    let parent = api.send("bob", to_group("room", "x")).await.id;
    let reply = || pb::SendMessageRequest { parent_id: parent, ..to_group("room", "y") };
    assert_eq!(api.refused("bob", reply()).await, ErrorCode::PermissionDenied);
    world.permit("room", MemberScope::Participant, ScopePermission::SendThreadedMessage, "allow").await;
    eventually("the reply is sent", async || api.send_message(&api.user("bob"), reply()).await.ok()).await;
    world.permit("room", MemberScope::Participant, ScopePermission::SendMessage, "deny").await;
    eventually("the reply is refused", async || api.send_message(&api.user("bob"), reply()).await.err()).await;
}

#[tokio::test]
async fn permissions_are_asked_once_until_a_fact_says_that_they_changed() {
    let world = World::new(&["bob"]).await;
    world.groups.add_group("room", &["bob"]);
    let (one, other) = (world.start().await, world.start().await);
    for _ in 0..10 {
        one.send("bob", to_group("room", "x")).await;
        other.send("bob", to_group("room", "x")).await;
    }
    assert_eq!(world.groups.asked_permissions.load(Ordering::SeqCst), 2, "once an instance");

    world.permit("room", MemberScope::Participant, ScopePermission::SendMessage, "deny").await;
    for api in [&one, &other] {
        let refused = async || api.send_message(&api.user("bob"), to_group("room", "x")).await.err();
        assert_eq!(eventually("the send is refused", refused).await.code, ErrorCode::PermissionDenied);
    }
}

#[tokio::test]
async fn editing_and_reacting_are_as_the_scope_may() {
    let world = World::new(&["ann", "bob"]).await;
    world.groups.add_group("room", &["ann", "bob"]);
    world.give_scope("room", "ann", MemberScope::Admin);
    let api = world.start().await;
    let id = api.send("bob", to_group("room", "x")).await.id;
    let edit = || pb::EditMessageRequest { id, data_json: r#"{"text":"y"}"#.to_owned(), ..Default::default() };
    let react =
        |reaction: &str| pb::AddReactionRequest { message_id: id, reaction: reaction.to_owned(), ..Default::default() };
    let list = || pb::ListReactionsRequest { message_id: id, ..Default::default() };
    let (ann, bob) = (api.user("ann"), api.user("bob"));
    api.edit_message(&bob, edit()).await.unwrap();
    api.add_reaction(&bob, react("👍")).await.unwrap();
    api.add_reaction(&ann, react("🎉")).await.unwrap();
    assert_eq!(api.list_reactions(&bob, list()).await.unwrap().reactions.len(), 2);

    world.permit("room", MemberScope::Participant, ScopePermission::EditMessage, "deny").await;
    let refused = eventually("the edit is refused", async || api.edit_message(&bob, edit()).await.err()).await;
    assert_eq!(refused.code, ErrorCode::PermissionDenied);
    api.edit_message(&ann, edit()).await.expect("an admin may");

    world.permit("room", MemberScope::Participant, ScopePermission::AddReaction, "deny").await;
    let refused = eventually("the reaction is refused", async || api.add_reaction(&bob, react("🔥")).await.err()).await;
    assert_eq!(refused.code, ErrorCode::PermissionDenied);
    api.add_reaction(&ann, react("🔥")).await.expect("an admin may");

    world.permit("room", MemberScope::Participant, ScopePermission::ListReactions, "deny").await;
    let refused = eventually("the list is refused", async || api.list_reactions(&bob, list()).await.err()).await;
    assert_eq!(refused.code, ErrorCode::PermissionDenied);
    assert_eq!(api.list_reactions(&ann, list()).await.unwrap().reactions.len(), 3);
}

#[tokio::test]
async fn a_list_of_reactions_leaves_out_other_scopes_and_is_walked_to_its_end() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.groups.add_group("room", &["ann", "bob", "cat"]);
    world.give_scope("room", "ann", MemberScope::Admin);
    let api = world.start().await;
    let id = api.send("bob", to_group("room", "x")).await.id;
    for (uid, reaction) in [("bob", "1"), ("cat", "1"), ("ann", "1"), ("bob", "2"), ("cat", "3"), ("ann", "4")] {
        let request = pb::AddReactionRequest { message_id: id, reaction: reaction.to_owned(), ..Default::default() };
        api.add_reaction(&api.user(uid), request).await.unwrap();
    }
    let walk = async |uid: &str| {
        let mut walked = Vec::new();
        let mut cursor_id = 0;
        loop {
            let request = pb::ListReactionsRequest {
                message_id: id,
                limit: 1,
                cursor_id,
                direction: pb::Direction::Append.into(),
                ..Default::default()
            };
            let page = api.list_reactions(&api.user(uid), request).await.unwrap();
            walked.extend(page.reactions.iter().map(|row| (row.uid.clone(), row.reaction.clone())));
            match page.reactions.last() {
                Some(last) if page.has_more => cursor_id = last.id,
                _ => return walked,
            }
        }
    };
    assert_eq!(walk("bob").await.len(), 6);
    world.permit("room", MemberScope::Participant, ScopePermission::ListReactionsAllowedScopes, "admin").await;
    let by_ann = [("ann".to_owned(), "1".to_owned()), ("ann".to_owned(), "4".to_owned())];
    let narrowed = async || (walk("bob").await == by_ann).then_some(());
    eventually("only an admin's are listed", narrowed).await;
    assert_eq!(walk("ann").await.len(), 6, "another scope sees all");
}
