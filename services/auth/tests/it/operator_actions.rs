//! What operators did, as it is written down.

use std::collections::HashMap;

use halley_contracts::{
    auth::v1::{self as pb, OperatorRole},
    common::v1::TimeRange,
    events::v1::{ChangeKind, UserChanged, event::Body},
    identity::v1::User,
};
use halley_kit::PublicError;
use halley_model::ErrorCode;
use halley_testkit::{eventually, tables_with_rows};

use crate::{
    management::{management, own_app, refusal},
    operator_sessions::{client, log_in, person},
    support::{Api, World},
};

async fn begin(api: &Api, credential: &pb::OperatorCredential, app_id: &str, operation: &str) -> i64 {
    let request = pb::BeginActionRequest {
        credential: Some(credential.clone()),
        app_id: app_id.to_owned(),
        operation: operation.to_owned(),
        parameters: HashMap::from([("uid".to_owned(), "ann".to_owned())]),
    };
    client(api).begin_action(request).await.unwrap().into_inner().action_id
}

async fn list(api: &Api, request: pb::ListActionsRequest) -> Vec<pb::OperatorAction> {
    client(api).list_actions(request).await.unwrap().into_inner().actions
}

fn ids(actions: &[pb::OperatorAction]) -> Vec<i64> {
    actions.iter().map(|action| action.action_id).collect()
}

#[tokio::test]
async fn an_action_is_there_before_it_has_ended() {
    let api = World::new().await.start().await;
    let operator = person(&api, OperatorRole::Owner).await;
    let credential = log_in(&api, &operator).await;
    let app = own_app(&api, &credential).await;
    let id = begin(&api, &credential, &app.to_uppercase(), "delete-user").await;
    let asked =
        || pb::ListActionsRequest { credential: Some(credential.clone()), app_id: app.clone(), ..Default::default() };
    let begun = list(&api, asked()).await.pop().unwrap();
    assert_eq!((begun.action_id, begun.status, begun.operation.as_str()), (id, 0, "delete-user"));
    assert_eq!((begun.operator_id, begun.operator_name), (operator.operator_id, operator.name));
    assert_eq!((begun.operator_email, begun.app_id), (operator.email, app.clone()));
    assert_eq!(begun.parameters, HashMap::from([("uid".to_owned(), "ann".to_owned())]));
    for status in [403, 200] {
        let parameters = HashMap::from([("email".to_owned(), format!("{status}@example.com"))]);
        client(&api).end_action(pb::EndActionRequest { action_id: id, status, parameters }).await.unwrap();
        let ended = list(&api, asked()).await.remove(0);
        assert_eq!((ended.status, ended.parameters.len()), (403, 2), "it ends once");
        assert_eq!(ended.parameters["email"], "403@example.com");
    }
}

#[tokio::test]
async fn what_can_not_be_told_of_anybody_is_refused() {
    let api = World::new().await.start().await;
    for credential in [
        pb::OperatorCredential { session_token: "0".repeat(64), ..Default::default() },
        pb::OperatorCredential { name: "k".into(), secret: "s".into(), ..Default::default() },
        pb::OperatorCredential::default(),
    ] {
        let request = pb::BeginActionRequest { credential: Some(credential), ..Default::default() };
        client(&api).begin_action(request).await.unwrap_err();
    }
}

#[tokio::test]
async fn actions_are_found_by_app_operator_operation_and_time_page_by_page() {
    let api = World::new().await.start().await;
    let (one, two) = (person(&api, OperatorRole::Owner).await, person(&api, OperatorRole::Developer).await);
    let (owner, developer) = (log_in(&api, &one).await, log_in(&api, &two).await);
    let (first, second) = (own_app(&api, &owner).await, own_app(&api, &developer).await);
    let mut made = Vec::new();
    for n in 0..7 {
        let operation = if n % 2 == 0 { "create-user" } else { "delete-user" };
        made.push(begin(&api, &owner, &first, operation).await);
        made.push(begin(&api, &developer, &second, operation).await);
    }
    // Another's app is not shown as if the operator had a part in it, and no app is none.
    let foreign = begin(&api, &developer, &first, "delete-app").await;
    let none = begin(&api, &developer, "", "create-app").await;
    let asked = |credential: &pb::OperatorCredential, app_id: &str| pb::ListActionsRequest {
        credential: Some(credential.clone()),
        app_id: app_id.to_owned(),
        ..Default::default()
    };
    let newest_first = |wanted: &dyn Fn(usize) -> bool| {
        let kept = made.iter().enumerate().filter(|(n, _)| wanted(*n)).map(|(_, id)| *id);
        let mut kept: Vec<i64> = kept.collect();
        kept.reverse();
        kept
    };
    assert_eq!(ids(&list(&api, asked(&owner, &first)).await), newest_first(&|n| n % 2 == 0));
    assert_eq!(ids(&list(&api, asked(&developer, &second)).await), newest_first(&|n| n % 2 == 1));
    let by_operator = pb::ListActionsRequest {
        operator_id: two.operator_id.clone(),
        operation: "delete-user".into(),
        ..asked(&owner, "")
    };
    assert_eq!(ids(&list(&api, by_operator).await), newest_first(&|n| n % 2 == 1 && n / 2 % 2 == 1));
    let everything = list(&api, asked(&owner, "")).await;
    let of = |id: i64| everything.iter().find(|action| action.action_id == id).unwrap().app_id.clone();
    assert_eq!((of(foreign), of(none)), (String::new(), String::new()));
    assert_eq!(everything.iter().filter(|action| action.operation == "create-operator-session").count(), 2);

    let at = everything[0].at_ms;
    for (range, is_there) in
        [((at + 60_000, 0), false), ((0, at - 3_600_000), false), ((at - 60_000, at + 60_000), true)]
    {
        let range = Some(TimeRange { from_ms: range.0, to_ms: range.1 });
        let found = list(&api, pb::ListActionsRequest { range, ..asked(&owner, "") }).await;
        assert_eq!(!found.is_empty(), is_there, "{range:?}");
    }
    for limit in [1, 3, 1000] {
        let (mut walked, mut before) = (Vec::new(), 0);
        loop {
            let request = pb::ListActionsRequest { limit, before, ..asked(&owner, "") };
            let page = client(&api).list_actions(request).await.unwrap().into_inner();
            walked.extend(page.actions);
            // What is done meanwhile is seen by the next walk.
            begin(&api, &owner, &first, "update-user").await;
            if page.next == 0 {
                break;
            }
            before = page.next;
        }
        walked.retain(|action| action.operation != "update-user");
        assert_eq!(walked, everything, "{limit}");
    }
    for (request, field) in [
        (pb::ListActionsRequest { limit: 1001, ..asked(&owner, "") }, "limit"),
        (pb::ListActionsRequest { limit: -1, ..asked(&owner, "") }, "limit"),
        (pb::ListActionsRequest { operator_id: "x".into(), ..asked(&owner, "") }, "operator"),
        (pb::ListActionsRequest { operation: "\0".into(), ..asked(&owner, "") }, "operation"),
    ] {
        let error = PublicError::from_status(&client(&api).list_actions(request).await.unwrap_err());
        assert_eq!((error.code, error.field.as_deref()), (ErrorCode::BadRequest, Some(field)));
    }
}

#[tokio::test]
async fn only_owners_and_admins_of_an_app_see_what_was_done_in_it() {
    let api = World::new().await.start().await;
    let owner = log_in(&api, &person(&api, OperatorRole::Developer).await).await;
    let app = own_app(&api, &owner).await;
    let people = [OperatorRole::Admin, OperatorRole::Moderator, OperatorRole::Developer];
    let mut addresses = Vec::new();
    let mut sessions = Vec::new();
    for _ in people {
        let operator = person(&api, OperatorRole::Developer).await;
        sessions.push(log_in(&api, &operator).await);
        addresses.push(operator.email);
    }
    let request = pb::ChangeCollaboratorsRequest {
        credential: Some(owner.clone()),
        app_id: app.clone(),
        admins: vec![addresses[0].clone()],
        moderators: vec![addresses[1].clone()],
        developers: vec![addresses[2].clone()],
        remove: Vec::new(),
    };
    management(&api).change_collaborators(request).await.unwrap();
    let asked = |credential: &pb::OperatorCredential| pb::ListActionsRequest {
        credential: Some(credential.clone()),
        app_id: app.clone(),
        ..Default::default()
    };
    let id = begin(&api, &sessions[1], &app, "ban-group-user").await;
    for who in [&owner, &sessions[0]] {
        assert_eq!(ids(&list(&api, asked(who)).await), [id]);
    }
    for who in &sessions[1..] {
        assert_eq!(refusal(client(&api).list_actions(asked(who)).await), ErrorCode::NoAccess);
    }
    let stranger = log_in(&api, &person(&api, OperatorRole::Admin).await).await;
    assert_eq!(refusal(client(&api).list_actions(asked(&stranger)).await), ErrorCode::AppNotFound);
}

#[tokio::test]
async fn old_actions_are_deleted_and_those_of_deleted_apps_are_the_installations() {
    let world = World::new().await;
    let api = world.start().await;
    let owner = log_in(&api, &person(&api, OperatorRole::Owner).await).await;
    let (app, gone) = (own_app(&api, &owner).await, own_app(&api, &owner).await);
    let (old, young) = (begin(&api, &owner, &app, "x").await, begin(&api, &owner, &app, "x").await);
    let kept = begin(&api, &owner, &gone, "of-the-app").await;
    for (id, days) in [(old, 366), (young, 364)] {
        sqlx::query("UPDATE operator_actions SET created_at = now() - make_interval(days => $2) WHERE action_id = $1")
            .bind(id)
            .bind(days)
            .execute(&world.pool)
            .await
            .unwrap();
    }
    sqlx::query(
        "UPDATE apps SET archived_at = now(), scheduled_to_delete_at = now() - interval '1 day' WHERE app_id = $1",
    )
    .bind(&gone)
    .execute(&world.pool)
    .await
    .unwrap();
    assert!(tables_with_rows(&world.pool, &gone).await.contains("operator_actions"));
    world.start().await;
    let asked = pb::ListActionsRequest { credential: Some(owner.clone()), app_id: app, ..Default::default() };
    eventually("the old one is gone", async || (ids(&list(&api, asked.clone()).await) == [young]).then_some(())).await;
    eventually("the app has none", async || tables_with_rows(&world.pool, &gone).await.is_empty().then_some(())).await;
    let operation = "of-the-app".to_owned();
    let all = list(&api, pb::ListActionsRequest { credential: Some(owner), operation, ..Default::default() }).await;
    assert_eq!(ids(&all), [kept]);
    assert_eq!((all[0].app_id.as_str(), all[0].parameters["appId"].as_str()), ("", gone.as_str()));
}

#[tokio::test]
async fn a_deleted_user_is_named_by_the_deletion_alone() {
    let world = World::new().await;
    let api = world.start().await;
    let owner = log_in(&api, &person(&api, OperatorRole::Owner).await).await;
    let (app, other) = (own_app(&api, &owner).await, own_app(&api, &owner).await);
    begin(&api, &owner, &app, "update-user").await;
    begin(&api, &owner, &app, "delete-user").await;
    begin(&api, &owner, &other, "update-user").await;
    let user = User { uid: "ann".to_owned(), ..Default::default() };
    let deleted = UserChanged { kind: ChangeKind::Deleted.into(), user: Some(user) };
    world.durable(&halley_bus::event(&app, "", Body::UserChanged(deleted))).await;
    let named = async |app_id: &str| {
        let asked =
            pb::ListActionsRequest { credential: Some(owner.clone()), app_id: app_id.to_owned(), ..Default::default() };
        let actions = list(&api, asked).await;
        actions.into_iter().map(|action| action.parameters["uid"].clone()).collect::<Vec<_>>()
    };
    eventually("the name is gone", async || (named(&app).await == ["ann", "…"]).then_some(())).await;
    assert_eq!(named(&other).await, ["ann"]);
}

#[tokio::test]
async fn an_operator_owns_a_bounded_number_of_apps() {
    let world = World::new().await;
    let api = world.start().await;
    let (developer, owner) = (
        log_in(&api, &person(&api, OperatorRole::Developer).await).await,
        log_in(&api, &person(&api, OperatorRole::Owner).await).await,
    );
    let first = own_app(&api, &developer).await;
    sqlx::query(
        "INSERT INTO apps (app_id, name, region, created_at, owner_id)
         SELECT 'own' || n, 'Own', 'us', now(), (SELECT owner_id FROM apps WHERE app_id = $1)
         FROM generate_series(1, 99) AS n",
    )
    .bind(&first)
    .execute(&world.pool)
    .await
    .unwrap();
    let make = |credential: &pb::OperatorCredential| pb::CreateManagedAppRequest {
        credential: Some(credential.clone()),
        name: "One more".into(),
        region: String::new(),
    };
    assert_eq!(refusal(management(&api).create_managed_app(make(&developer)).await), ErrorCode::QuotaRestriction);
    let delete = pb::DeleteManagedAppRequest { credential: Some(developer.clone()), app_id: first };
    management(&api).delete_managed_app(delete).await.unwrap();
    management(&api).create_managed_app(make(&developer)).await.unwrap();
    management(&api).create_managed_app(make(&owner)).await.unwrap();
}
