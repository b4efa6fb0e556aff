//! Importing users.

use halley_contracts::identity::v1 as pb;
use halley_kit::time;
use halley_model::ErrorCode;

use crate::support::{World, fates, imported, texts};

async fn import(world: &World, users: Vec<pb::User>) -> pb::ImportUsersResponse {
    world.import_users(&world.server(), pb::ImportUsersRequest { users }).await.unwrap()
}

#[tokio::test]
async fn users_keep_their_own_times() {
    let world = World::new(&[]).await;
    world.add_role("vip").await;
    let ann = pb::User {
        uid: "ann".to_owned(),
        name: "Ann".to_owned(),
        avatar: "https://x/a.png".to_owned(),
        link: "https://x/ann".to_owned(),
        role: "vip".to_owned(),
        status_message: "away".to_owned(),
        metadata_json: r#"{"a":1}"#.to_owned(),
        tags: texts(&["x", "y"]),
        last_active_at_ms: 2000,
        created_at_ms: 1000,
        updated_at_ms: 0,
        deactivated_at_ms: 3000,
        bot: false,
    };
    let before = time::now_ms();
    let answer = import(&world, vec![ann.clone(), imported("bob")]).await;
    assert_eq!((fates(answer.results), answer.created), (texts(&["ok", "ok"]), 2));
    assert_eq!(world.user_of("ann").await, ann);
    let bob = world.user_of("bob").await;
    assert_eq!(bob.role, "default");
    assert!(bob.created_at_ms >= before, "no time is now");
}

#[tokio::test]
async fn a_repeated_import_changes_nothing() {
    let world = World::new(&["ann"]).await;
    let before = world.user_of("ann").await;
    let users = || vec![imported("Ann"), imported("bob"), pb::User { name: "Other".to_owned(), ..imported("BOB") }];
    let first = import(&world, users()).await;
    assert_eq!((fates(first.results.clone()), first.created), (texts(&["ok"; 3]), 1));
    assert_eq!(first.results.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["Ann", "bob", "BOB"]);
    let second = import(&world, users()).await;
    assert_eq!((fates(second.results), second.created), (texts(&["ok"; 3]), 0));
    assert_eq!(world.user_of("ann").await, before, "an existing user is left as it is");
    assert_eq!(world.user_of("bob").await.name, "Name of bob", "of repeats the first counts");
}

#[tokio::test]
async fn one_wrong_user_does_not_keep_out_the_others() {
    let world = World::new(&[]).await;
    let users = vec![
        imported("ann"),
        imported("no id"),
        imported("app_system"),
        pb::User { name: String::new(), ..imported("bob") },
        pb::User { role: "nothing".to_owned(), ..imported("cat") },
        pb::User { created_at_ms: time::now_ms() + 60_000, ..imported("dan") },
        pb::User { metadata_json: "[]".to_owned(), ..imported("eve") },
        imported("zoe"),
    ];
    let answer = import(&world, users).await;
    assert_eq!(answer.created, 2);
    assert_eq!(
        fates(answer.results),
        [
            "ok",
            "ERR_INVALID_UID",
            "ERR_INVALID_UID",
            "ERR_IMPORT_INVALID_USER_FORMAT",
            "ERR_ROLE_NOT_FOUND",
            "ERR_IMPORT_INVALID_USER_FORMAT",
            "ERR_IMPORT_INVALID_USER_FORMAT",
            "ok"
        ]
    );
    let all = pb::ListRolesRequest::default();
    let roles = world.list_roles(&world.server(), all).await.unwrap().roles;
    assert_eq!(roles.len(), 1, "a role that is named is not made");
}

#[tokio::test]
async fn a_full_call_passes_and_a_larger_one_does_not() {
    let world = World::new(&[]).await;
    let metadata = format!(r#"{{"a":"{}"}}"#, "x".repeat(5 * 1024 - 8));
    let url = format!("https://{}", "x".repeat(2900));
    let users = |count: usize| -> Vec<pb::User> {
        let user = |n| pb::User {
            metadata_json: metadata.clone(),
            avatar: url.clone(),
            link: url.clone(),
            ..imported(&format!("user-{n}"))
        };
        (0..count).map(user).collect()
    };
    assert_eq!(import(&world, users(1000)).await.created, 1000);
    let request = pb::ImportUsersRequest { users: users(1001) };
    let fault = world.import_users(&world.server(), request).await.unwrap_err();
    assert_eq!((fault.code, fault.field.as_deref()), (ErrorCode::BadRequest, Some("users")));
    let stored: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM users").fetch_one(&world.pool).await.unwrap();
    assert_eq!(stored, 1000);
}
