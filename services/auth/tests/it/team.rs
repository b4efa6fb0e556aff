//! Who may manage operators, and that somebody always can; what each role may do in an app.

use halley_contracts::{
    auth::v1::{self as pb, OperatorRole},
    common::v1::PageRequest,
};
use halley_kit::PublicError;
use halley_model::ErrorCode;
use halley_testkit::unique;

use crate::{
    management::{management, own_app, refusal},
    operator_sessions::{PASSWORD, client, is_good, log_in, person, role_in, try_log_in},
    support::{Api, World, walk},
};

fn new(role: OperatorRole) -> pb::CreateOperatorRequest {
    pb::CreateOperatorRequest {
        email: format!("{}@example.com", unique("n")),
        name: "New".into(),
        password: PASSWORD.into(),
        role: role.into(),
    }
}

async fn all(api: &Api, credential: &pb::OperatorCredential) -> Vec<pb::Operator> {
    walk(1, async |page: PageRequest| {
        let request = pb::ShowOperatorsRequest { credential: Some(credential.clone()), page: Some(page) };
        let answer = client(api).show_operators(request).await.unwrap().into_inner();
        (answer.operators, answer.page)
    })
    .await
}

#[tokio::test]
async fn an_owner_makes_changes_and_removes_operators() {
    let api = World::new().await.start().await;
    let me = person(&api, OperatorRole::Owner).await;
    let mine = log_in(&api, &me).await;
    let credential = || Some(mine.clone());
    let add = pb::AddOperatorRequest { credential: credential(), operator: Some(new(OperatorRole::Moderator)) };
    let made = client(&api).add_operator(add.clone()).await.unwrap().into_inner().operator.unwrap();
    assert_eq!(refusal(client(&api).add_operator(add).await), ErrorCode::OperatorAlreadyExists);
    assert_eq!(all(&api, &mine).await, [me, made.clone()]);
    let theirs = log_in(&api, &made).await;
    let app = own_app(&api, &theirs).await;

    let change = |name: Option<&str>, role: OperatorRole, password: Option<&str>| pb::ChangeOperatorRequest {
        credential: credential(),
        operator_id: made.operator_id.clone(),
        name: name.map(ToOwned::to_owned),
        role: role.into(),
        password: password.map(ToOwned::to_owned),
    };
    let request = change(Some("Other"), OperatorRole::Owner, None);
    let changed = client(&api).change_operator(request).await.unwrap().into_inner().operator.unwrap();
    assert_eq!((changed.name.as_str(), changed.role()), ("Other", OperatorRole::Owner));
    assert!(is_good(&api, &theirs).await, "a role ends no session");
    client(&api).change_operator(change(None, OperatorRole::Unspecified, Some("battery staple"))).await.unwrap();
    assert!(!is_good(&api, &theirs).await);
    let session_token = try_log_in(&api, &made.email, "battery staple").await.unwrap();
    let theirs = pb::OperatorCredential { session_token, ..Default::default() };
    for (request, field) in [
        (change(Some(""), OperatorRole::Unspecified, None), "name"),
        (change(None, OperatorRole::Unspecified, Some("short")), "password"),
        (pb::ChangeOperatorRequest { role: 99, ..change(None, OperatorRole::Unspecified, None) }, "role"),
    ] {
        let error = PublicError::from_status(&client(&api).change_operator(request).await.unwrap_err());
        assert_eq!((error.code, error.field.as_deref()), (ErrorCode::BadRequest, Some(field)));
    }

    let remove = |id: &str| pb::RemoveOperatorRequest { credential: credential(), operator_id: id.to_owned() };
    client(&api).remove_operator(remove(&made.operator_id)).await.unwrap();
    assert!(!is_good(&api, &theirs).await);
    assert_eq!(try_log_in(&api, &made.email, "battery staple").await, Err(ErrorCode::InvalidCredentials));
    assert_eq!(role_in(&api, &app, &mine).await, Ok(OperatorRole::Owner), "its app stays");
    for id in [made.operator_id.as_str(), "nonsense", ""] {
        assert_eq!(refusal(client(&api).remove_operator(remove(id)).await), ErrorCode::OperatorNotFound, "{id}");
        let change =
            pb::ChangeOperatorRequest { operator_id: id.into(), ..change(Some("X"), OperatorRole::Unspecified, None) };
        assert_eq!(refusal(client(&api).change_operator(change).await), ErrorCode::OperatorNotFound, "{id}");
    }
}

#[tokio::test]
async fn the_installation_is_never_without_an_owner() {
    let api = World::new().await.start().await;
    let me = person(&api, OperatorRole::Owner).await;
    let mine = log_in(&api, &me).await;
    let demote = |id: &str| pb::ChangeOperatorRequest {
        credential: Some(mine.clone()),
        operator_id: id.to_owned(),
        role: OperatorRole::Admin.into(),
        ..Default::default()
    };
    let remove = |id: &str| pb::RemoveOperatorRequest { credential: Some(mine.clone()), operator_id: id.to_owned() };
    assert_eq!(refusal(client(&api).change_operator(demote(&me.operator_id)).await), ErrorCode::LastOwner);
    assert_eq!(refusal(client(&api).remove_operator(remove(&me.operator_id)).await), ErrorCode::LastOwner);
    let rename = pb::ChangeOperatorRequest { name: Some("Me".into()), role: 0, ..demote(&me.operator_id) };
    client(&api).change_operator(rename).await.unwrap();
    // Two who remove each other at the same moment: one of them stays.
    let other = person(&api, OperatorRole::Owner).await;
    let theirs = log_in(&api, &other).await;
    let by_other = pb::RemoveOperatorRequest { credential: Some(theirs.clone()), operator_id: me.operator_id.clone() };
    let (mut first, mut second) = (client(&api), client(&api));
    let (one, two) = tokio::join!(first.remove_operator(remove(&other.operator_id)), second.remove_operator(by_other));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    let left = if one.is_ok() { mine } else { theirs };
    assert_eq!(all(&api, &left).await.len(), 1);
}

#[tokio::test]
async fn only_owners_of_the_installation_manage_operators() {
    let api = World::new().await.start().await;
    let owner = person(&api, OperatorRole::Owner).await;
    for role in [OperatorRole::Admin, OperatorRole::Moderator, OperatorRole::Developer] {
        let operator = person(&api, role).await;
        let credential = Some(log_in(&api, &operator).await);
        // Owning an app makes nobody an owner of the installation.
        own_app(&api, credential.as_ref().unwrap()).await;
        let show = pb::ShowOperatorsRequest { credential: credential.clone(), page: None };
        assert_eq!(refusal(client(&api).show_operators(show).await), ErrorCode::NoAccess);
        let add = pb::AddOperatorRequest { credential: credential.clone(), operator: Some(new(OperatorRole::Owner)) };
        assert_eq!(refusal(client(&api).add_operator(add).await), ErrorCode::NoAccess);
        let change = pb::ChangeOperatorRequest {
            credential: credential.clone(),
            operator_id: operator.operator_id.clone(),
            role: OperatorRole::Owner.into(),
            ..Default::default()
        };
        assert_eq!(refusal(client(&api).change_operator(change).await), ErrorCode::NoAccess);
        let remove =
            pb::RemoveOperatorRequest { credential: credential.clone(), operator_id: owner.operator_id.clone() };
        assert_eq!(refusal(client(&api).remove_operator(remove).await), ErrorCode::NoAccess);
        let list = pb::ListActionsRequest { credential, ..Default::default() };
        assert_eq!(refusal(client(&api).list_actions(list).await), ErrorCode::NoAccess);
    }
    let nobody = pb::ShowOperatorsRequest::default();
    assert_eq!(refusal(client(&api).show_operators(nobody).await), ErrorCode::EmptyAuthHeader);
    let own = pb::ChangeOwnOperatorRequest { name: Some("X".into()), ..Default::default() };
    assert_eq!(refusal(client(&api).change_own_operator(own).await), ErrorCode::EmptyAuthHeader);
}

/// One call of each kind about an app; whether it is refused.
async fn refusals(api: &Api, credential: &pb::OperatorCredential, app_id: &str) -> Vec<(&'static str, bool)> {
    let (credential, app_id) = (Some(credential.clone()), app_id.to_owned());
    macro_rules! ask {
        ($($call:ident $request:ident { $($field:ident: $value:expr),* };)*) => {
            vec![$({
                let (credential, app_id) = (credential.clone(), app_id.clone());
                let request = pb::$request { credential, app_id, $($field: $value,)* ..Default::default() };
                let answer = management(api).$call(request).await;
                let code = answer.err().map(|status| PublicError::from_status(&status).code);
                (stringify!($call), code == Some(ErrorCode::NoAccess))
            }),*]
        };
    }
    #[expect(clippy::needless_update, reason = "some requests are named whole")]
    let asked = ask! {
        get_managed_app GetManagedAppRequest {};
        list_collaborators ListCollaboratorsRequest {};
        change_collaborators ChangeCollaboratorsRequest { remove: vec!["nobody@example.com".into()] };
        get_settings GetSettingsRequest {};
        set_settings SetSettingsRequest { settings_json: r#"{"core.conversations.updateOnReplies":true}"#.into() };
        unset_settings UnsetSettingsRequest { keys: vec!["core.conversations.updateOnReplies".into()] };
        list_webhooks ListWebhooksRequest {};
        get_webhook GetWebhookRequest { webhook_id: "none".into() };
        create_webhook CreateWebhookRequest { webhook: None };
        update_webhook UpdateWebhookRequest { webhook_id: "none".into() };
        delete_webhook DeleteWebhookRequest { webhook_id: "none".into() };
        change_triggers ChangeTriggersRequest { webhook_id: "none".into(), trigger_ids: vec!["message_sent".into()] };
        list_triggers ListTriggersRequest { webhook_id: "none".into() };
        delete_managed_app DeleteManagedAppRequest {};
    };
    asked
}

#[tokio::test]
async fn every_call_about_an_app_asks_the_role() {
    let api = World::new().await.start().await;
    let owner = log_in(&api, &person(&api, OperatorRole::Developer).await).await;
    let app = own_app(&api, &owner).await;
    let (admin, moderator, developer) = (
        person(&api, OperatorRole::Admin).await,
        person(&api, OperatorRole::Admin).await,
        person(&api, OperatorRole::Admin).await,
    );
    let request = pb::ChangeCollaboratorsRequest {
        credential: Some(owner),
        app_id: app.clone(),
        admins: vec![admin.email.clone()],
        moderators: vec![moderator.email.clone()],
        developers: vec![developer.email.clone()],
        remove: Vec::new(),
    };
    management(&api).change_collaborators(request).await.unwrap();
    let denied = async |operator: &pb::Operator| {
        let asked = refusals(&api, &log_in(&api, operator).await, &app).await;
        asked.into_iter().filter(|(_, refused)| *refused).map(|(call, _)| call).collect::<Vec<_>>()
    };
    assert_eq!(denied(&admin).await, ["delete_managed_app"]);
    assert_eq!(denied(&developer).await, ["change_collaborators", "delete_managed_app"]);
    let allowed = ["get_managed_app", "list_collaborators"];
    assert_eq!(denied(&moderator).await.len(), 14 - allowed.len());
    assert!(denied(&moderator).await.iter().all(|call| !allowed.contains(call)));
}
