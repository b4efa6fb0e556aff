//! What the scopes of a group may do.

use halley_contracts::{
    common::v1::PermissionValue,
    events::v1::event::Body,
    groups::v1::{self as pb, MemberScope},
};
use halley_kit::permissions;
use halley_model::{
    ErrorCode,
    permissions::{DataType, Permission as _, ScopePermission, Value},
    rights::Scope,
};

use crate::support::{ADMIN, MODERATOR, PARTICIPANT, World, delete, list_members, lists, refused, scope};

fn value(permission: ScopePermission, items: &[&str]) -> PermissionValue {
    let value = match (permission.spec().data_type, items) {
        (DataType::Word, [word]) => Value::Word((*word).to_owned()),
        _ => Value::List(items.iter().map(|item| (*item).to_owned()).collect()),
    };
    permissions::to_contract(permission.id(), value)
}

fn set(guid: &str, scope: MemberScope, permissions: Vec<PermissionValue>) -> pb::SetScopePermissionsRequest {
    pb::SetScopePermissionsRequest { guid: guid.to_owned(), scope: scope.into(), permissions }
}

fn unset(guid: &str, scope: MemberScope, permission: &str) -> pb::UnsetScopePermissionRequest {
    pb::UnsetScopePermissionRequest { guid: guid.to_owned(), scope: scope.into(), permission: permission.to_owned() }
}

fn get(guid: &str, scope: MemberScope) -> pb::GetScopePermissionsRequest {
    pb::GetScopePermissionsRequest { guid: guid.to_owned(), scope: scope.into() }
}

async fn all_of(world: &World, guid: &str) -> Vec<(MemberScope, Vec<String>)> {
    let answer = world.get_scope_permissions(&world.server(), get(guid, MemberScope::Unspecified)).await.unwrap();
    let ids = |set: &pb::ScopePermissions| set.permissions.iter().map(|value| value.permission.clone()).collect();
    answer.scopes.iter().map(|set| (set.scope(), ids(set))).collect()
}

#[tokio::test]
async fn every_permission_is_stored_changed_and_taken_back() {
    let world = World::new().await;
    world.group_of("ann", "room").await;
    world.group_of("ann", "hall").await;
    for of in Scope::ALL.map(scope) {
        let all: Vec<PermissionValue> = ScopePermission::ALL
            .iter()
            .map(|permission| match permission.spec() {
                spec if spec.data_type == DataType::Word => value(*permission, &["deny"]),
                spec => value(*permission, spec.available),
            })
            .collect();
        let answer = world.set_scope_permissions(&world.server(), set("Room", of, all.clone())).await.unwrap();
        let plain = |stored: &[PermissionValue]| {
            let mut values: Vec<(String, Value)> =
                stored.iter().map(|stored| (stored.permission.clone(), permissions::value(stored))).collect();
            values.sort_by(|a, b| a.0.cmp(&b.0));
            values
        };
        assert_eq!(plain(&answer.permissions), plain(&all));
        let got = world.get_scope_permissions(&world.server(), get("room", of)).await.unwrap();
        assert_eq!((got.scopes.len(), &got.scopes[0].permissions), (1, &answer.permissions));
        assert_ne!(got.group_created_at_ms, 0);
    }
    assert_eq!(all_of(&world, "room").await.len(), 3);
    assert!(all_of(&world, "hall").await.is_empty(), "another group has its own");

    for permission in ScopePermission::ALL {
        let answer = world.unset_scope_permission(&world.server(), unset("room", ADMIN, permission.id())).await;
        assert!(answer.unwrap().permissions.iter().all(|value| value.permission != permission.id()));
    }
    let left: Vec<MemberScope> = all_of(&world, "room").await.into_iter().map(|(scope, _)| scope).collect();
    assert_eq!(left, [PARTICIPANT, MODERATOR]);
}

#[tokio::test]
async fn wrong_permissions_are_named_and_change_nothing() {
    let world = World::new().await;
    world.group_of("ann", "room").await;
    let good = value(ScopePermission::SendMessage, &["deny"]);
    let fault = async |scope: MemberScope, permissions: Vec<PermissionValue>| {
        let fault = world.set_scope_permissions(&world.server(), set("room", scope, permissions)).await.unwrap_err();
        (fault.code, fault.field.unwrap_or_default())
    };
    let bad = |field: &str| (ErrorCode::BadRequest, field.to_owned());
    assert_eq!(fault(PARTICIPANT, Vec::new()).await, bad("permissions"));
    assert_eq!(fault(MemberScope::Unspecified, vec![good.clone()]).await, bad("scope"));
    let unknown = permissions::to_contract("createGroup", Value::Word("deny".to_owned()));
    assert_eq!(fault(PARTICIPANT, vec![good.clone(), unknown]).await, bad("permissions.createGroup"));
    for permission in ScopePermission::ALL.iter().copied() {
        let wrong = value(permission, &["perhaps"]);
        let wanted = bad(&format!("permissions.{}", permission.id()));
        assert_eq!(fault(PARTICIPANT, vec![good.clone(), wrong]).await, wanted);
    }
    assert!(all_of(&world, "room").await.is_empty());
    let outcome = world.unset_scope_permission(&world.server(), unset("room", PARTICIPANT, "createGroup")).await;
    assert_eq!(refused(outcome), ErrorCode::BadRequest);
}

#[tokio::test]
async fn permissions_of_no_group_are_not_found_and_go_with_theirs() {
    let world = World::new().await;
    let app = world.server();
    let deny = || vec![value(ScopePermission::SendMessage, &["deny"])];
    for guid in ["nothing", "no guid"] {
        assert_eq!(refused(world.get_scope_permissions(&app, get(guid, ADMIN)).await), ErrorCode::GuidNotFound);
        assert_eq!(refused(world.set_scope_permissions(&app, set(guid, ADMIN, deny())).await), ErrorCode::GuidNotFound);
        let outcome = world.unset_scope_permission(&app, unset(guid, ADMIN, "sendMessage")).await;
        assert_eq!(refused(outcome), ErrorCode::GuidNotFound);
    }
    world.group_of("ann", "room").await;
    world.set_scope_permissions(&app, set("room", ADMIN, deny())).await.unwrap();
    world.delete_group(&app, delete("room")).await.unwrap();
    world.group_of("ann", "room").await;
    assert!(all_of(&world, "room").await.is_empty(), "a new group begins anew");
}

#[tokio::test]
async fn users_neither_read_nor_change_permissions() {
    let world = World::new().await;
    world.group_of("ann", "room").await;
    for caller in [world.user("ann"), world.key("ann")] {
        let deny = vec![value(ScopePermission::SendMessage, &["deny"])];
        let codes = [
            refused(world.get_scope_permissions(&caller, get("room", ADMIN)).await),
            refused(world.set_scope_permissions(&caller, set("room", ADMIN, deny)).await),
            refused(world.unset_scope_permission(&caller, unset("room", ADMIN, "sendMessage")).await),
        ];
        assert_eq!(codes, [ErrorCode::PermissionDenied; 3]);
    }
}

#[tokio::test]
async fn every_change_is_told() {
    let world = World::new().await;
    world.group_of("ann", "room").await;
    let mut facts = world.facts().await;
    let deny = vec![value(ScopePermission::SendMessage, &["deny"])];
    world.set_scope_permissions(&world.server(), set("room", MODERATOR, deny)).await.unwrap();
    world.unset_scope_permission(&world.server(), unset("room", ADMIN, "sendMessage")).await.unwrap();
    for scope in [MODERATOR, ADMIN] {
        match facts.next().await.body {
            Some(Body::ScopePermissionsChanged(changed)) => {
                assert_eq!((changed.guid.as_str(), changed.scope()), ("room", scope));
            }
            other => panic!("not of permissions: {other:?}"),
        }
    }
}

#[tokio::test]
async fn members_are_listed_as_the_scope_may() {
    let world = World::new().await;
    world.group_with("ann", "room", lists(&[], &["bob"], &["cat"], &[])).await;
    let names = async |uid: &str, scopes: &[MemberScope]| {
        let scopes = scopes.iter().map(|scope| i32::from(*scope)).collect();
        let request = pb::ListMembersRequest { scopes, ..list_members("room") };
        let answer = world.list_members(&world.user(uid), request).await?;
        Ok::<_, halley_kit::PublicError>(answer.members.into_iter().map(|member| member.uid).collect::<Vec<_>>())
    };
    assert_eq!(names("cat", &[]).await.unwrap(), ["ann", "bob", "cat"]);

    let only = vec![value(ScopePermission::ListMembersAllowedScopes, &["admin", "moderator"])];
    world.set_scope_permissions(&world.server(), set("room", PARTICIPANT, only)).await.unwrap();
    assert_eq!(names("cat", &[]).await.unwrap(), ["ann", "bob"]);
    assert_eq!(names("cat", &[ADMIN]).await.unwrap(), ["ann"]);
    assert_eq!(names("cat", &[PARTICIPANT]).await.unwrap_err().code, ErrorCode::PermissionDenied);
    assert_eq!(names("bob", &[PARTICIPANT]).await.unwrap(), ["cat"], "another scope may");

    let deny = vec![value(ScopePermission::ListMembers, &["deny"])];
    world.set_scope_permissions(&world.server(), set("room", PARTICIPANT, deny)).await.unwrap();
    let fault = names("cat", &[ADMIN]).await.unwrap_err();
    assert_eq!(fault.code, ErrorCode::PermissionDenied);
    assert!(fault.message.contains("participant") && fault.message.contains("listMembers"), "{}", fault.message);
    assert_eq!(world.list_members(&world.server(), list_members("room")).await.unwrap().members.len(), 3);
    world.unset_scope_permission(&world.server(), unset("room", PARTICIPANT, "listMembers")).await.unwrap();
    assert_eq!(names("cat", &[]).await.unwrap(), ["ann", "bob"]);
}
