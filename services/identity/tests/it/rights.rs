//! What roles let their users do.

use halley_contracts::{
    common::v1::PermissionValue,
    events::v1::event::Body,
    identity::v1::{self as pb, RelationFilter},
};
use halley_kit::permissions;
use halley_model::{
    ErrorCode,
    permissions::{DataType, Feature, Permission as _, RolePermission, Value},
};
use halley_testkit::eventually;

use crate::support::{Outcome, World, texts};

fn value(permission: RolePermission, value: Value) -> PermissionValue {
    permissions::to_contract(permission.id(), value)
}

fn word(permission: RolePermission, word: &str) -> PermissionValue {
    value(permission, Value::Word(word.to_owned()))
}

fn list(permission: RolePermission, items: &[&str]) -> PermissionValue {
    value(permission, Value::List(texts(items)))
}

fn set(role: &str, permissions: Vec<PermissionValue>) -> pb::SetRolePermissionsRequest {
    pb::SetRolePermissionsRequest { role: role.to_owned(), permissions }
}

fn unset(role: &str, permission: &str) -> pb::UnsetRolePermissionRequest {
    pb::UnsetRolePermissionRequest { role: role.to_owned(), permission: permission.to_owned() }
}

fn restrict(role: &str, keys: &[&str]) -> pb::RestrictFeaturesRequest {
    pb::RestrictFeaturesRequest { role: role.to_owned(), keys: texts(keys) }
}

fn allow(role: &str, keys: &[&str]) -> pb::AllowFeaturesRequest {
    pb::AllowFeaturesRequest { role: role.to_owned(), keys: texts(keys), all: false }
}

async fn rights(world: &World, role: &str) -> pb::GetRoleRightsResponse {
    let request = pb::GetRoleRightsRequest { role: role.to_owned() };
    world.get_role_rights(&world.server(), request).await.unwrap()
}

/// Ids and values, without times.
fn plain(stored: &[PermissionValue]) -> Vec<(String, Value)> {
    stored.iter().map(|stored| (stored.permission.clone(), permissions::value(stored))).collect()
}

async fn keys(world: &World, role: &str) -> Vec<String> {
    rights(world, role).await.restricted_features.into_iter().map(|feature| feature.key).collect()
}

fn fault<T: std::fmt::Debug>(outcome: Outcome<T>) -> (ErrorCode, String) {
    let fault = outcome.expect_err("refused");
    (fault.code, fault.field.unwrap_or_default())
}

#[tokio::test]
async fn every_permission_is_stored_changed_and_taken_back() {
    let world = World::new(&[]).await;
    world.add_role("vip").await;
    let some = |permission: RolePermission| match permission.spec() {
        spec if spec.data_type == DataType::Roles => list(permission, &["vip", "default"]),
        spec if spec.data_type == DataType::Texts => list(permission, &["a \"b\"", "c\\,{}"]),
        spec if spec.data_type == DataType::Word => word(permission, spec.available[1]),
        spec => list(permission, spec.available),
    };
    let all: Vec<PermissionValue> = RolePermission::ALL.iter().copied().map(some).collect();
    let answer = world.set_role_permissions(&world.server(), set("VIP", all.clone())).await.unwrap();
    let mut wanted = plain(&all);
    wanted.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(plain(&answer.permissions), wanted);
    assert_eq!(rights(&world, "vip").await.permissions, answer.permissions);
    assert!(rights(&world, "default").await.permissions.is_empty(), "another role has its own");

    let again = word(RolePermission::SendMessage, "allow");
    world.set_role_permissions(&world.server(), set("vip", vec![again])).await.unwrap();
    for permission in RolePermission::ALL {
        let answer = world.unset_role_permission(&world.server(), unset("vip", permission.id())).await.unwrap();
        wanted.retain(|(id, _)| id != permission.id());
        let left: Vec<String> = answer.permissions.into_iter().map(|value| value.permission).collect();
        assert!(left.iter().eq(wanted.iter().map(|(id, _)| id)), "{left:?}");
    }
    world.unset_role_permission(&world.server(), unset("vip", "sendMessage")).await.expect("safe to repeat");
}

#[tokio::test]
async fn a_value_keeps_the_time_when_it_was_first_set() {
    let world = World::new(&[]).await;
    let switch = RolePermission::SendMessage;
    let first = world.set_role_permissions(&world.server(), set("default", vec![word(switch, "deny")])).await.unwrap();
    let later = async || {
        let answer = world.set_role_permissions(&world.server(), set("default", vec![word(switch, "allow")])).await;
        let value = answer.unwrap().permissions.remove(0);
        (value.updated_at_ms > first.permissions[0].updated_at_ms).then_some(value)
    };
    let value = eventually("a later time", later).await;
    assert_eq!((value.created_at_ms, value.word.as_str()), (first.permissions[0].created_at_ms, "allow"));
}

#[tokio::test]
async fn wrong_permissions_are_named_and_change_nothing() {
    let world = World::new(&[]).await;
    let good = word(RolePermission::CreateGroup, "deny");
    let refused = async |permissions: Vec<PermissionValue>| {
        fault(world.set_role_permissions(&world.server(), set("default", permissions)).await)
    };
    let bad = |field: &str| (ErrorCode::BadRequest, field.to_owned());
    assert_eq!(refused(Vec::new()).await, bad("permissions"));
    let unknown = permissions::to_contract("fly", Value::Word("deny".to_owned()));
    assert_eq!(refused(vec![good.clone(), unknown]).await, bad("permissions.fly"));
    for permission in RolePermission::ALL.iter().copied() {
        let wrong = if permission.spec().data_type == DataType::Texts { "" } else { "no such thing" };
        let wrong = list(permission, &[wrong]);
        assert_eq!(refused(vec![good.clone(), wrong]).await, bad(&format!("permissions.{}", permission.id())));
    }
    let nobodys = list(RolePermission::ListUsersAllowedRoles, &["nobodys"]);
    let wanted = (ErrorCode::RoleNotFound, "listUsers.allowedRoles".to_owned());
    assert_eq!(refused(vec![good, nobodys]).await, wanted);
    assert!(rights(&world, "default").await.permissions.is_empty(), "nothing is set");
    let outcome = world.unset_role_permission(&world.server(), unset("default", "fly")).await;
    assert_eq!(fault(outcome), bad("permission"));
}

#[tokio::test]
async fn every_feature_is_restricted_and_allowed_again() {
    let world = World::new(&[]).await;
    world.add_role("vip").await;
    let all: Vec<String> = Feature::ALL.iter().map(|feature| format!("u.{}", feature.key())).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    world.restrict_features(&world.server(), restrict("vip", &all)).await.unwrap();
    let mut wanted: Vec<&str> = Feature::ALL.iter().map(|feature| feature.key()).collect();
    wanted.sort_unstable();
    assert_eq!(keys(&world, "vip").await, wanted);
    assert!(keys(&world, "default").await.is_empty());
    let since = rights(&world, "vip").await.restricted_features;
    world.restrict_features(&world.server(), restrict("vip", &["ban"])).await.unwrap();
    assert_eq!(rights(&world, "vip").await.restricted_features, since, "it was restricted already");

    world.allow_features(&world.server(), allow("vip", &["u.ban", "addMember"])).await.unwrap();
    wanted.retain(|key| !["ban", "addMember"].contains(key));
    assert_eq!(keys(&world, "vip").await, wanted);
    let everything = pb::AllowFeaturesRequest { all: true, ..allow("vip", &[]) };
    world.allow_features(&world.server(), everything).await.unwrap();
    assert!(keys(&world, "vip").await.is_empty());
}

#[tokio::test]
async fn wrong_features_are_named_and_change_nothing() {
    let world = World::new(&[]).await;
    let bad = |field: &str| (ErrorCode::BadRequest, field.to_owned());
    for keys in [&[][..], &["ban", "fly"][..]] {
        let outcome = world.restrict_features(&world.server(), restrict("default", keys)).await;
        assert_eq!(fault(outcome), bad("featuresToRestrict"));
        let outcome = world.allow_features(&world.server(), allow("default", keys)).await;
        assert_eq!(fault(outcome), bad("featuresToAllow"));
    }
    assert!(keys(&world, "default").await.is_empty());
}

#[tokio::test]
async fn rights_of_no_role_are_not_found_and_go_with_theirs() {
    let world = World::new(&[]).await;
    let deny = || vec![word(RolePermission::SendMessage, "deny")];
    for role in ["nothing", "no id"] {
        let get = pb::GetRoleRightsRequest { role: role.to_owned() };
        let codes = [
            fault(world.get_role_rights(&world.server(), get).await).0,
            fault(world.set_role_permissions(&world.server(), set(role, deny())).await).0,
            fault(world.unset_role_permission(&world.server(), unset(role, "sendMessage")).await).0,
            fault(world.restrict_features(&world.server(), restrict(role, &["ban"])).await).0,
            fault(world.allow_features(&world.server(), allow(role, &["ban"])).await).0,
        ];
        assert_eq!(codes, [ErrorCode::RoleNotFound; 5], "{role}");
    }
    world.add_role("vip").await;
    world.set_role_permissions(&world.server(), set("vip", deny())).await.unwrap();
    world.restrict_features(&world.server(), restrict("vip", &["ban"])).await.unwrap();
    world.delete_role(&world.server(), pb::DeleteRoleRequest { role: "vip".to_owned() }).await.unwrap();
    world.add_role("vip").await;
    let again = rights(&world, "vip").await;
    assert!(again.permissions.is_empty() && again.restricted_features.is_empty(), "a new role begins anew");
}

#[tokio::test]
async fn users_neither_read_nor_change_rights() {
    let world = World::new(&["ann"]).await;
    let ann = world.user("ann");
    let get = pb::GetRoleRightsRequest { role: "default".to_owned() };
    let deny = vec![word(RolePermission::SendMessage, "deny")];
    let codes = [
        fault(world.get_role_rights(&ann, get).await).0,
        fault(world.set_role_permissions(&ann, set("default", deny)).await).0,
        fault(world.unset_role_permission(&ann, unset("default", "sendMessage")).await).0,
        fault(world.restrict_features(&ann, restrict("default", &["ban"])).await).0,
        fault(world.allow_features(&ann, allow("default", &["ban"])).await).0,
    ];
    assert_eq!(codes, [ErrorCode::PermissionDenied; 5]);
}

#[tokio::test]
async fn every_change_is_told_before_its_answer() {
    let world = World::new(&[]).await;
    world.add_role("vip").await;
    let mut facts = world.facts().await;
    let deny = vec![word(RolePermission::SendMessage, "deny")];
    let only_friends = pb::RoleSettings { list_users: RelationFilter::FriendsOnly.into(), send_messages_to: 0 };
    let settings = pb::UpdateRoleRequest { role: "vip".to_owned(), settings: Some(only_friends), ..Default::default() };
    let server = world.server();
    for step in 0..6 {
        match step {
            0 => drop(world.set_role_permissions(&server, set("vip", deny.clone())).await.unwrap()),
            1 => drop(world.unset_role_permission(&server, unset("vip", "sendMessage")).await.unwrap()),
            2 => drop(world.restrict_features(&server, restrict("vip", &["ban"])).await.unwrap()),
            3 => drop(world.allow_features(&server, allow("vip", &["ban"])).await.unwrap()),
            4 => drop(world.update_role(&server, settings.clone()).await.unwrap()),
            _ => drop(world.delete_role(&server, pb::DeleteRoleRequest { role: "vip".to_owned() }).await.unwrap()),
        }
        let told: Vec<String> = facts
            .so_far(&world)
            .await
            .into_iter()
            .filter_map(|body| match body {
                Body::RoleChanged(changed) => Some(changed.role),
                _ => None,
            })
            .collect();
        assert_eq!(told, ["vip"], "step {step}");
    }
}

#[tokio::test]
async fn one_apps_rights_are_not_anothers() {
    let mut world = World::new(&[]).await;
    world
        .set_role_permissions(&world.server(), set("default", vec![word(RolePermission::ListGroups, "deny")]))
        .await
        .unwrap();
    world.restrict_features(&world.server(), restrict("default", &["ban"])).await.unwrap();
    world.app = halley_testkit::unique("a");
    let other = rights(&world, "default").await;
    assert!(other.permissions.is_empty() && other.restricted_features.is_empty());
}
