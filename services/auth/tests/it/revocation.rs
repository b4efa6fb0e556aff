//! Facts that take rights away: on the bus before the call is answered.

use halley_contracts::{
    auth::v1 as pb,
    events::v1::{ChangeKind, UserChanged, event::Body},
    identity::v1::User,
};
use halley_testkit::eventually;

use crate::support::{World, full_access};

#[tokio::test]
async fn facts_are_on_the_bus_before_the_answer() {
    let world = World::new().await;
    let api = world.start().await;
    let app = api.app().await;
    let key = &app.auth_key;
    let (one, two, three) =
        (api.token(&app.id, "ann").await, api.token(&app.id, "ann").await, api.token(&app.id, "ann").await);
    let mut facts = world.facts(&app.id).await;
    let (app_id, uid) = (app.id.clone(), "ann".to_owned());

    let update = pb::UpdateApiKeyRequest {
        app_id: app_id.clone(),
        api_key: key.api_key.clone(),
        scope: full_access(),
        name: None,
    };
    api.update_api_key(update).await.unwrap();
    assert_eq!(facts.until_now(&world).await, [("".to_owned(), vec![key.key_id.clone()])]);
    api.delete_api_key(pb::DeleteApiKeyRequest { app_id: app_id.clone(), api_key: key.api_key.clone() }).await.unwrap();
    assert_eq!(facts.until_now(&world).await, [("".to_owned(), vec![key.key_id.clone()])]);
    let delete =
        pb::DeleteAuthTokenRequest { app_id: app_id.clone(), uid: uid.clone(), auth_token: one.auth_token.clone() };
    api.delete_auth_token(delete).await.unwrap();
    assert_eq!(facts.until_now(&world).await, [("ann".to_owned(), vec![one.token_id.clone()])]);

    api.flush_auth_tokens(pb::FlushAuthTokensRequest { app_id: app_id.clone(), uid: uid.clone() }).await.unwrap();
    let mut flushed = facts.until_now(&world).await;
    assert_eq!(flushed.len(), 1);
    flushed[0].1.sort();
    let mut ended = vec![two.token_id, three.token_id];
    ended.sort();
    // Named, so that a token made a moment later is not ended with them.
    assert_eq!(flushed, [("ann".to_owned(), ended)]);
    // Nothing to take away, nothing to tell.
    api.flush_auth_tokens(pb::FlushAuthTokensRequest { app_id, uid }).await.unwrap();
    assert!(facts.until_now(&world).await.is_empty());
}

/// A user's change, as identity tells it, some time ago.
async fn user_changed(world: &World, app_id: &str, uid: &str, kind: ChangeKind, age_ms: i64) {
    let user = Some(User { uid: uid.to_owned(), ..Default::default() });
    let mut event = halley_bus::event(app_id, "", Body::UserChanged(UserChanged { kind: kind.into(), user }));
    event.occurred_at_ms -= age_ms;
    world.durable(&event).await;
}

#[tokio::test]
async fn the_tokens_of_users_who_end_end_with_them() {
    let world = World::new().await;
    let api = world.start().await;
    let app = api.app().await.id;
    let mut facts = world.facts(&app).await;
    for (uid, kind) in [("ann", ChangeKind::Deleted), ("bob", ChangeKind::Deactivated)] {
        let token = api.token(&app, uid).await;
        let session = api.session(&app, &token.auth_token, "phone").await.session_token;
        user_changed(&world, &app, uid, kind, 0).await;
        let revoked = facts.revoked().await;
        assert_eq!((revoked.uid.as_str(), revoked.credential_ids), (uid, vec![token.token_id]));
        assert!(!api.is_valid(&app, &token.auth_token).await);
        let session = pb::authenticate_request::Credential::SessionToken(session);
        api.principal(&app, session).await.expect_err("ended with its token");
    }
}

#[tokio::test]
async fn other_changes_and_late_news_end_nothing() {
    let world = World::new().await;
    let api = world.start().await;
    let (app, other) = (api.app().await.id, api.app().await.id);
    let (ann, bob) = (api.token(&app, "ann").await, api.token(&app, "bob").await);
    user_changed(&world, &app, "ann", ChangeKind::Updated, 0).await;
    user_changed(&world, &app, "ann", ChangeKind::Reactivated, 0).await;
    user_changed(&world, &other, "ann", ChangeKind::Deleted, 0).await;
    // Ann was deleted a minute ago and is back: her token is younger than that.
    user_changed(&world, &app, "ann", ChangeKind::Deleted, 60_000).await;
    user_changed(&world, &app, "bob", ChangeKind::Deleted, 0).await;

    // Events are handled in order, so with bob's all are.
    eventually("bob's tokens end", async || (!api.is_valid(&app, &bob.auth_token).await).then_some(())).await;
    assert!(api.is_valid(&app, &ann.auth_token).await);
}
