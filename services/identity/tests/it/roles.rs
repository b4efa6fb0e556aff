//! Roles.

use halley_contracts::identity::v1::{self as pb, RelationFilter};
use halley_model::ErrorCode;

use crate::support::{World, texts, walk};

fn get(role: &str) -> pb::GetRoleRequest {
    pb::GetRoleRequest { role: role.to_owned() }
}

fn new(role: &str) -> pb::CreateRoleRequest {
    pb::CreateRoleRequest { role: role.to_owned(), name: "Name".to_owned(), ..Default::default() }
}

fn settings(list_users: RelationFilter, send_messages_to: RelationFilter) -> pb::RoleSettings {
    pb::RoleSettings { list_users: list_users.into(), send_messages_to: send_messages_to.into() }
}

async fn update(world: &World, request: pb::UpdateRoleRequest) -> pb::Role {
    world.update_role(&world.server(), request).await.unwrap().role.unwrap()
}

#[tokio::test]
async fn the_default_role_is_always_there() {
    let world = World::new(&[]).await;
    let role = world.get_role(&world.server(), get("Default")).await.unwrap().role.unwrap();
    assert_eq!((role.role.as_str(), role.name.as_str()), ("default", "Default Role"));
    let world = World::new(&[]).await;
    let request =
        pb::UpdateRoleRequest { role: "default".to_owned(), name: Some("All".to_owned()), ..Default::default() };
    assert_eq!(update(&world, request).await.name, "All");
    assert_eq!(world.list_roles(&world.server(), pb::ListRolesRequest::default()).await.unwrap().roles.len(), 1);

    let delete = pb::DeleteRoleRequest { role: "DEFAULT".to_owned() };
    assert_eq!(world.delete_role(&world.server(), delete).await.unwrap_err().code, ErrorCode::RoleDeleteDenied);
    assert_eq!(world.get_role(&world.server(), get("default")).await.unwrap().role.unwrap().name, "All");
}

#[tokio::test]
async fn a_role_is_stored_and_changed() {
    let world = World::new(&[]).await;
    let request = pb::CreateRoleRequest {
        description: "d".to_owned(),
        metadata_json: r#"{"a":1}"#.to_owned(),
        settings: Some(settings(RelationFilter::FriendsOnly, RelationFilter::All)),
        ..new("VIP")
    };
    let made = world.create_role(&world.server(), request).await.unwrap().role.unwrap();
    assert_eq!(world.get_role(&world.server(), get("vip")).await.unwrap().role.as_ref(), Some(&made));
    assert_eq!((made.role.as_str(), made.description.as_str(), made.updated_at_ms), ("vip", "d", 0));
    assert_eq!(made.metadata_json, r#"{"a":1}"#);

    let given = settings(RelationFilter::Unspecified, RelationFilter::FriendsOnly);
    let request = pb::UpdateRoleRequest { role: "Vip".to_owned(), settings: Some(given), ..Default::default() };
    let changed = update(&world, request).await;
    assert_eq!(changed.settings, Some(settings(RelationFilter::FriendsOnly, RelationFilter::FriendsOnly)));
    assert_eq!((changed.name.as_str(), changed.description.as_str()), ("Name", "d"));
    assert_ne!(changed.updated_at_ms, 0);
    let unset = texts(&["settings", "description", "metadata"]);
    let changed = update(&world, pb::UpdateRoleRequest { role: "vip".to_owned(), unset, ..Default::default() }).await;
    assert_eq!((changed.settings, changed.description, changed.metadata_json), (None, String::new(), String::new()));
}

#[tokio::test]
async fn what_can_not_be_a_role_is_refused_and_named() {
    let world = World::new(&[]).await;
    world.add_role("vip").await;
    let refused = async |request| {
        let fault = world.create_role(&world.server(), request).await.unwrap_err();
        (fault.code, fault.field.unwrap_or_default())
    };
    assert_eq!(refused(new("VIP")).await.0, ErrorCode::RoleAlreadyExists);
    assert_eq!(refused(new("default")).await.0, ErrorCode::RoleAlreadyExists);
    assert_eq!(refused(new("no id")).await, (ErrorCode::BadRequest, "role".to_owned()));
    let nameless = pb::CreateRoleRequest { name: String::new(), ..new("x") };
    assert_eq!(refused(nameless).await, (ErrorCode::BadRequest, "name".to_owned()));
    let long = pb::CreateRoleRequest { description: "x".repeat(256), ..new("x") };
    assert_eq!(refused(long).await, (ErrorCode::BadRequest, "description".to_owned()));
    let unknown = pb::RoleSettings { list_users: 9, send_messages_to: 0 };
    let unknown = pb::CreateRoleRequest { settings: Some(unknown), ..new("x") };
    assert_eq!(refused(unknown).await, (ErrorCode::BadRequest, "settings.listUsers".to_owned()));
}

#[tokio::test]
async fn what_is_no_role_is_not_found() {
    let world = World::new(&[]).await;
    for role in ["nothing", "no id", "no\0id"] {
        let got = world.get_role(&world.server(), get(role)).await.unwrap_err();
        assert_eq!(got.code, ErrorCode::RoleNotFound);
        let request = pb::UpdateRoleRequest { role: role.to_owned(), ..Default::default() };
        assert_eq!(world.update_role(&world.server(), request).await.unwrap_err().code, ErrorCode::RoleNotFound);
        let request = pb::DeleteRoleRequest { role: role.to_owned() };
        assert_eq!(world.delete_role(&world.server(), request).await.unwrap_err().code, ErrorCode::RoleNotFound);
    }
    let unset = pb::UpdateRoleRequest { role: "default".to_owned(), unset: texts(&["name"]), ..Default::default() };
    let fault = world.update_role(&world.server(), unset).await.unwrap_err();
    assert_eq!((fault.code, fault.field.as_deref()), (ErrorCode::BadRequest, Some("unset")));
}

#[tokio::test]
async fn an_app_has_so_many_roles_and_all_are_listed() {
    let world = World::new(&[]).await;
    for n in 1..25 {
        world.add_role(&format!("role-{n:02}")).await;
    }
    let fault = world.create_role(&world.server(), new("one-more")).await.unwrap_err();
    assert_eq!(fault.code, ErrorCode::QuotaRestriction);
    assert_eq!(
        world.create_role(&world.server(), new("role-07")).await.unwrap_err().code,
        ErrorCode::RoleAlreadyExists
    );

    for per_page in [1, 7, 25, 1000] {
        let all = walk(per_page, async |page| {
            let request = pb::ListRolesRequest { page: Some(page) };
            let answer = world.list_roles(&world.server(), request).await.unwrap();
            (answer.roles, answer.page.unwrap())
        });
        let all: Vec<String> = all.await.into_iter().map(|role| role.role).collect();
        assert_eq!(all.len(), 25);
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "in order, each once");
    }
    world.delete_role(&world.server(), pb::DeleteRoleRequest { role: "role-07".to_owned() }).await.unwrap();
    world.create_role(&world.server(), new("one-more")).await.expect("there is room again");
}

#[tokio::test]
async fn users_of_a_deleted_role_get_the_default_one() {
    let world = World::new(&["ann", "bob", "cat", "dan"]).await;
    world.add_role("vip").await;
    world.add_role("other").await;
    for (uid, role) in [("ann", "vip"), ("bob", "vip"), ("cat", "other")] {
        world.give_role(uid, role).await;
    }
    world.deactivate(&["bob"]).await;
    world.delete_role(&world.server(), pb::DeleteRoleRequest { role: "VIP".to_owned() }).await.unwrap();
    let mut roles = Vec::new();
    for uid in ["ann", "bob", "cat", "dan"] {
        roles.push(world.user_of(uid).await.role);
    }
    assert_eq!(roles, ["default", "default", "other", "default"]);
    assert_eq!(world.get_role(&world.server(), get("vip")).await.unwrap_err().code, ErrorCode::RoleNotFound);
}

#[tokio::test]
async fn a_role_of_many_users_goes_in_several_steps() {
    let world = World::new(&[]).await;
    world.add_role("vip").await;
    world.add_many(2500).await;
    sqlx::query("UPDATE users SET role = 'vip'").execute(&world.pool).await.unwrap();
    world.delete_role(&world.server(), pb::DeleteRoleRequest { role: "vip".to_owned() }).await.unwrap();
    let left: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM users WHERE role = 'vip'").fetch_one(&world.pool).await.unwrap();
    assert_eq!(left, 0);
    assert_eq!(world.get_role(&world.server(), get("vip")).await.unwrap_err().code, ErrorCode::RoleNotFound);
}
