//! Users in whose name the app's server side sends.

use halley_contracts::{
    events::v1::{ChangeKind, event::Body},
    identity::v1 as pb,
};
use halley_model::ErrorCode;

use crate::support::{World, get, texts, uids};

fn make(uid: &str) -> pb::CreateBotRequest {
    pb::CreateBotRequest { uid: uid.to_owned() }
}

fn unmake(uid: &str) -> pb::DeleteBotRequest {
    pb::DeleteBotRequest { uid: uid.to_owned() }
}

#[tokio::test]
async fn a_user_becomes_a_bot_once_and_a_user_again() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    let server = world.server();
    let made = world.create_bot(&server, make("BOB")).await.unwrap().user.unwrap();
    assert!(made.bot && made.updated_at_ms > 0);
    world.create_bot(&server, make("ann")).await.unwrap();
    assert_eq!(world.get_user(&server, get("bob")).await.unwrap().user, Some(made));
    let listed = world.list_bots(&server, pb::ListBotsRequest {}).await.unwrap().users;
    assert_eq!(uids(&listed), ["ann", "bob"]);
    assert_eq!(world.create_bot(&server, make("bob")).await.unwrap_err().code, ErrorCode::BotAlreadyExists);
    for nobody in ["nobody", "no uid", ""] {
        assert_eq!(world.create_bot(&server, make(nobody)).await.unwrap_err().code, ErrorCode::UidNotFound);
        assert_eq!(world.delete_bot(&server, unmake(nobody)).await.unwrap_err().code, ErrorCode::BotNotFound);
    }
    world.delete_bot(&server, unmake("bob")).await.unwrap();
    assert!(!world.get_user(&server, get("bob")).await.unwrap().user.unwrap().bot);
    assert_eq!(world.delete_bot(&server, unmake("bob")).await.unwrap_err().code, ErrorCode::BotNotFound);
    let gone = pb::DeactivateUsersRequest { uids: texts(&["cat"]) };
    world.deactivate_users(&server, gone).await.unwrap();
    assert_eq!(world.create_bot(&server, make("cat")).await.unwrap_err().code, ErrorCode::UidNotFound);
}

#[tokio::test]
async fn an_app_has_25_bots_whoever_makes_them() {
    let names: Vec<String> = (0..30).map(|n| format!("u{n}")).collect();
    let world = World::new(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let server = world.server();
    let made = futures::future::join_all(names.iter().map(|uid| world.create_bot(&server, make(uid)))).await;
    let refused: Vec<_> = made.iter().filter_map(|made| made.as_ref().err()).collect();
    assert_eq!(refused.len(), 5);
    assert!(refused.iter().all(|error| error.code == ErrorCode::QuotaRestriction));
    assert_eq!(world.list_bots(&server, pb::ListBotsRequest {}).await.unwrap().users.len(), 25);
}

#[tokio::test]
async fn bots_are_the_apps_to_make_and_its_own() {
    let world = World::new(&["ann"]).await;
    let ann = world.user("ann");
    assert_eq!(world.create_bot(&ann, make("ann")).await.unwrap_err().code, ErrorCode::PermissionDenied);
    assert_eq!(world.delete_bot(&ann, unmake("ann")).await.unwrap_err().code, ErrorCode::PermissionDenied);
    let list = pb::ListBotsRequest {};
    assert_eq!(world.list_bots(&ann, list).await.unwrap_err().code, ErrorCode::PermissionDenied);
    world.create_bot(&world.server(), make("ann")).await.unwrap();
    let other = World::new(&["ann"]).await;
    assert!(other.list_bots(&other.server(), list).await.unwrap().users.is_empty());
    assert_eq!(other.delete_bot(&other.server(), unmake("ann")).await.unwrap_err().code, ErrorCode::BotNotFound);
}

#[tokio::test]
async fn every_cache_is_told() {
    let world = World::new(&["ann"]).await;
    let mut facts = world.facts().await;
    world.create_bot(&world.server(), make("ann")).await.unwrap();
    world.delete_bot(&world.server(), unmake("ann")).await.unwrap();
    for bot in [true, false] {
        let changed = loop {
            let Some(Body::UserChanged(changed)) = facts.next().await.body else { panic!("another fact") };
            // That the user was made may be told late.
            if changed.kind() != ChangeKind::Created {
                break changed;
            }
        };
        assert_eq!(changed.user.unwrap().bot, bot);
    }
}
