//! Making, reading, changing and deleting users.

use halley_contracts::identity::v1 as pb;
use halley_kit::time;
use halley_model::ErrorCode;

use crate::support::{World, create, get, named, texts, uids, update};

fn full() -> pb::UserFields {
    pb::UserFields {
        name: Some("Ann 😀".to_owned()),
        avatar: Some("https://x/a.png".to_owned()),
        link: Some("https://x/ann".to_owned()),
        role: Some("VIP".to_owned()),
        status_message: Some("away".to_owned()),
        metadata_json: Some(r#"{"a":1,"@private":{"email":"e"}}"#.to_owned()),
        tags: texts(&["t, \"1\"", "b\\", "b\\"]),
        replace_tags: false,
    }
}

#[tokio::test]
async fn a_user_is_stored_with_all_that_was_given() {
    let world = World::new(&[]).await;
    world.add_role("vip").await;
    let before = time::now_ms();
    let made = world.create_user(&world.server(), create("Ann", full())).await.unwrap().user.unwrap();

    let expected = pb::User {
        uid: "ann".to_owned(),
        name: "Ann 😀".to_owned(),
        avatar: "https://x/a.png".to_owned(),
        link: "https://x/ann".to_owned(),
        role: "vip".to_owned(),
        status_message: "away".to_owned(),
        metadata_json: r#"{"a":1,"@private":{"email":"e"}}"#.to_owned(),
        tags: texts(&["t, \"1\"", "b\\"]),
        created_at_ms: made.created_at_ms,
        ..Default::default()
    };
    assert_eq!(made, expected);
    assert!(made.created_at_ms >= before);
    assert_eq!(world.get_user(&world.user("ann"), get("ANN")).await.unwrap().user, Some(made));
}

#[tokio::test]
async fn what_can_not_be_a_user_is_refused_and_named() {
    let world = World::new(&["ann"]).await;
    let refused = async |request| {
        let fault = world.create_user(&world.server(), request).await.unwrap_err();
        (fault.code, fault.field.unwrap_or_default())
    };
    assert_eq!(refused(create("ANN", named("x"))).await, (ErrorCode::UidAlreadyExists, String::new()));
    assert_eq!(refused(create("a b", named("x"))).await, (ErrorCode::InvalidUid, "uid".to_owned()));
    assert_eq!(refused(create("", named("x"))).await, (ErrorCode::InvalidUid, "uid".to_owned()));
    assert_eq!(refused(create("App_System", named("x"))).await, (ErrorCode::InvalidUid, "uid".to_owned()));
    assert_eq!(refused(create("bob", named(" "))).await, (ErrorCode::BadRequest, "name".to_owned()));
    let with_role = |role: &str| pb::UserFields { role: Some(role.to_owned()), ..named("x") };
    assert_eq!(refused(create("bob", with_role("nothing"))).await.0, ErrorCode::RoleNotFound);
    assert_eq!(refused(create("bob", with_role("no id"))).await.0, ErrorCode::RoleNotFound);
    assert_eq!(world.get_user(&world.server(), get("bob")).await.unwrap_err().code, ErrorCode::UidNotFound);
}

#[tokio::test]
async fn an_absent_user_is_not_found_and_left_out() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.deactivate(&["bob"]).await;
    let refused = async |request| world.get_user(&world.server(), request).await.unwrap_err().code;
    assert_eq!(refused(get("nobody")).await, ErrorCode::UidNotFound);
    assert_eq!(refused(get("no\0id")).await, ErrorCode::UidNotFound);
    assert_eq!(refused(get("bob")).await, ErrorCode::UidNotFound);
    assert_ne!(world.user_of("bob").await.deactivated_at_ms, 0, "unless asked for");

    let asked = texts(&["cat", "nobody", "no id", "BOB", "cat", "ann"]);
    let found = world.batch_get_users(&world.user("ann"), pb::BatchGetUsersRequest { uids: asked }).await.unwrap();
    assert_eq!(uids(&found.users), ["ann", "bob", "cat"]);
    let none = world.batch_get_users(&world.server(), pb::BatchGetUsersRequest::default()).await.unwrap();
    assert!(none.users.is_empty());
    let many = pb::BatchGetUsersRequest { uids: vec!["ann".to_owned(); 1001] };
    let fault = world.batch_get_users(&world.server(), many).await.unwrap_err();
    assert_eq!((fault.code, fault.field.as_deref()), (ErrorCode::BadRequest, Some("uids")));
}

#[tokio::test]
async fn an_update_changes_what_is_given_and_clears_what_is_unset() {
    let world = World::new(&[]).await;
    world.add_role("vip").await;
    let made = world.create_user(&world.server(), create("ann", full())).await.unwrap().user.unwrap();

    let fields = pb::UserFields { name: Some("Änne".to_owned()), ..Default::default() };
    let request = pb::UpdateUserRequest { unset: texts(&["avatar", "metadata"]), ..update("Ann", fields) };
    let changed = world.update_user(&world.server(), request).await.unwrap().user.unwrap();
    let expected = pb::User {
        name: "Änne".to_owned(),
        avatar: String::new(),
        metadata_json: String::new(),
        updated_at_ms: changed.updated_at_ms,
        ..made
    };
    assert_eq!(changed, expected);
    assert_ne!(changed.updated_at_ms, 0);

    let fields = pb::UserFields { replace_tags: true, role: Some(String::new()), ..Default::default() };
    let request = pb::UpdateUserRequest { unset: texts(&["link"]), ..update("ann", fields) };
    let changed = world.update_user(&world.server(), request).await.unwrap().user.unwrap();
    assert_eq!((changed.tags, changed.role.as_str(), changed.link.as_str()), (Vec::new(), "default", ""));
    let found = pb::ListUsersRequest { search_key: "ÄN".to_owned(), ..Default::default() };
    let found = world.list_users(&world.server(), found).await.unwrap().users;
    assert_eq!(uids(&found), ["ann"], "the new name is searched");
}

#[tokio::test]
async fn a_wrong_update_changes_nothing() {
    let world = World::new(&["ann", "bob"]).await;
    world.deactivate(&["bob"]).await;
    let before = world.user_of("ann").await;
    let refused = async |request| {
        let fault = world.update_user(&world.server(), request).await.unwrap_err();
        (fault.code, fault.field.unwrap_or_default())
    };
    let name = |name: &str| pb::UserFields { name: Some(name.to_owned()), ..Default::default() };
    let role = pb::UserFields { role: Some("nothing".to_owned()), ..name("New") };
    assert_eq!(refused(update("ann", role)).await.0, ErrorCode::RoleNotFound);
    let avatar = pb::UserFields { avatar: Some("x".to_owned()), ..name("New") };
    assert_eq!(refused(update("ann", avatar)).await, (ErrorCode::BadRequest, "avatar".to_owned()));
    let unset = pb::UpdateUserRequest { unset: texts(&["name"]), ..update("ann", name("New")) };
    assert_eq!(refused(unset).await, (ErrorCode::BadRequest, "unset".to_owned()));
    assert_eq!(refused(update("ann", name(""))).await, (ErrorCode::BadRequest, "name".to_owned()));
    assert_eq!(refused(update("nobody", name("New"))).await.0, ErrorCode::UidNotFound);
    assert_eq!(refused(update("bob", name("New"))).await.0, ErrorCode::UidNotFound, "deactivated");
    assert_eq!(world.user_of("ann").await, before);
}

#[tokio::test]
async fn a_user_changes_their_own_profile() {
    let world = World::new(&["ann"]).await;
    let fields = pb::UserFields { role: None, ..full() };
    let changed = world.update_user(&world.user("ann"), update("ann", fields)).await.unwrap().user.unwrap();
    assert_eq!((changed.name.as_str(), changed.status_message.as_str()), ("Ann 😀", "away"));
    assert_eq!(changed.role, "default");
}

#[tokio::test]
async fn what_a_user_writes_back_leaves_the_private_part() {
    let world = World::new(&[]).await;
    world.add_role("vip").await;
    world.create_user(&world.server(), create("ann", full())).await.unwrap();
    let metadata =
        |text: &str| update("ann", pb::UserFields { metadata_json: Some(text.to_owned()), ..Default::default() });
    let stored = async |caller, request| world.update_user(caller, request).await.unwrap().user.unwrap().metadata_json;

    let (ann, server) = (world.user("ann"), world.server());
    assert_eq!(stored(&ann, metadata(r#"{"b":2}"#)).await, r#"{"@private":{"email":"e"},"b":2}"#);
    assert_eq!(stored(&server, metadata(r#"{"c":3}"#)).await, r#"{"c":3}"#, "the server side replaces all of it");
}

#[tokio::test]
async fn a_deleted_user_is_gone_everywhere() {
    let world = World::new(&["ann", "bob", "cat"]).await;
    world.befriend("ann", &["bob", "cat"]).await;
    world.block("ann", &["bob"]).await;
    world.block("cat", &["ann"]).await;
    let delete = |uid: &str| pb::DeleteUserRequest { uid: uid.to_owned() };
    world.delete_user(&world.server(), delete("ANN")).await.unwrap();

    let gone = pb::GetUserRequest { with_deactivated: true, ..get("ann") };
    assert_eq!(world.get_user(&world.server(), gone).await.unwrap_err().code, ErrorCode::UidNotFound);
    for other in ["bob", "cat"] {
        assert!(world.friends_of(other).await.is_empty(), "{other}");
    }
    // Somebody else of that uid begins anew.
    world.add("ann").await;
    assert_eq!(world.relation("ann", "bob").await, pb::GetRelationResponse::default());
    assert_eq!(world.relation("cat", "ann").await, pb::GetRelationResponse::default());

    for uid in ["nobody", "no id"] {
        let fault = world.delete_user(&world.server(), delete(uid)).await.unwrap_err();
        assert_eq!(fault.code, ErrorCode::UidNotFound);
    }
    world.deactivate(&["bob"]).await;
    world.delete_user(&world.server(), delete("bob")).await.expect("a deactivated user can be deleted");
}

#[tokio::test]
async fn a_user_was_last_seen_when_it_was_latest() {
    let world = World::new(&["ann", "bob"]).await;
    let touch = async |uids: &[&str], seen_at_ms| {
        world.touch_users(&world.server(), pb::TouchUsersRequest { uids: texts(uids), seen_at_ms }).await
    };
    touch(&["ann", "bob", "nobody", "no id"], 5000).await.unwrap();
    touch(&["ann"], 3000).await.unwrap();
    touch(&["bob"], 7000).await.unwrap();
    assert_eq!(world.user_of("ann").await.last_active_at_ms, 5000, "never back");
    assert_eq!(world.user_of("bob").await.last_active_at_ms, 7000);
    assert_eq!(world.user_of("bob").await.updated_at_ms, 0, "being seen is no update");
    touch(&["ann"], time::now_ms() + 60_000).await.unwrap();
    assert!(world.user_of("ann").await.last_active_at_ms <= time::now_ms(), "never in the future");
    for bad in [0, -1] {
        let fault = touch(&["ann"], bad).await.unwrap_err();
        assert_eq!((fault.code, fault.field.as_deref()), (ErrorCode::BadRequest, Some("seenAt")));
    }
    let fault = touch(&["ann"; 1001], 5000).await.unwrap_err();
    assert_eq!((fault.code, fault.field.as_deref()), (ErrorCode::BadRequest, Some("uids")));
}

#[tokio::test]
async fn a_fault_of_the_database_tells_nothing_of_it() {
    let world = World::new(&["ann"]).await;
    sqlx::query("ALTER TABLE users RENAME TO persons").execute(&world.pool).await.unwrap();
    let fault = world.get_user(&world.server(), get("ann")).await.unwrap_err();
    assert_eq!(fault.code, ErrorCode::Exception);
    assert!(!fault.message.contains("users"), "{}", fault.message);
    let block = pb::BlockUsersRequest { uid: "ann".to_owned(), blocked_uids: texts(&["bob"]) };
    let fault = world.block_users(&world.server(), block).await.unwrap_err();
    assert_eq!(fault.code, ErrorCode::Exception, "the call fails, not its items");
}

#[tokio::test]
async fn an_app_may_allow_fewer_tags() {
    let settings = halley_model::AppSettings::default().with_limit(halley_model::Limit::Tags, 1);
    let world = World::with(settings, &["ann"]).await;
    let tagged = |tags: &[&str]| pb::UserFields { tags: texts(tags), replace_tags: true, ..named("A") };
    let refused = |fault: halley_kit::PublicError| (fault.code, fault.field);
    let wanted = (ErrorCode::BadRequest, Some("tags".to_owned()));
    let fault = world.create_user(&world.server(), create("bob", tagged(&["a", "b"]))).await.unwrap_err();
    assert_eq!(refused(fault), wanted);
    let fault = world.update_user(&world.server(), update("ann", tagged(&["a", "b"]))).await.unwrap_err();
    assert_eq!(refused(fault), wanted);
    assert!(world.user_of("ann").await.tags.is_empty());
    world.create_user(&world.server(), create("bob", tagged(&["a", "a"]))).await.unwrap();
    let import = pb::ImportUsersRequest {
        users: vec![pb::User { tags: texts(&["a", "b"]), ..crate::support::imported("cat") }],
    };
    assert_eq!(world.import_users(&world.server(), import).await.unwrap().created, 1, "an import passes it");
}
