//! Sessions of operators: what they are good for, and what ends them.

use halley_bus::{Channel, Delivery};
use halley_contracts::{
    auth::v1::{
        self as pb, OperatorRole, authenticate_request::Credential, authenticate_response::Principal,
        operators_service_client::OperatorsServiceClient,
    },
    events::v1::{Event, OperatorChanged, event::Body},
};
use halley_kit::{PublicError, Transport};
use halley_model::ErrorCode;
use halley_testkit::{unique, within};
use prost::Message as _;
use tokio_util::sync::CancellationToken;

use crate::{
    management::{management, own_app, refusal},
    secrets::everything_stored,
    support::{Api, World, holder, user},
};

/// What every operator here logs in with.
pub const PASSWORD: &str = "correct horse";

pub fn client(api: &Api) -> OperatorsServiceClient<Transport> {
    OperatorsServiceClient::new(api.transport.clone())
}

/// A new operator; the address.
pub async fn person(api: &Api, role: OperatorRole) -> pb::Operator {
    let request = pb::CreateOperatorRequest {
        email: format!("{}@example.com", unique("p")),
        name: "Eve".into(),
        password: PASSWORD.into(),
        role: role.into(),
    };
    api.create_operator(request).await.unwrap().operator.unwrap()
}

pub async fn try_log_in(api: &Api, email: &str, password: &str) -> Result<String, ErrorCode> {
    let request = pb::StartOperatorSessionRequest {
        email: email.to_owned(),
        password: password.to_owned(),
        network: String::new(),
    };
    match client(api).start_operator_session(request).await {
        Ok(answer) => Ok(answer.into_inner().session_token),
        Err(status) => Err(PublicError::from_status(&status).code),
    }
}

/// A session of an operator, as a credential.
pub async fn log_in(api: &Api, operator: &pb::Operator) -> pb::OperatorCredential {
    let session_token = try_log_in(api, &operator.email, PASSWORD).await.unwrap();
    pb::OperatorCredential { session_token, ..Default::default() }
}

pub async fn is_good(api: &Api, credential: &pb::OperatorCredential) -> bool {
    let request = pb::GetOperatorSessionRequest { session_token: credential.session_token.clone() };
    match client(api).get_operator_session(request).await {
        Ok(_) => true,
        Err(status) => {
            assert_eq!(PublicError::from_status(&status).code, ErrorCode::SessionNotValid);
            false
        }
    }
}

/// What the session is in an app.
pub async fn role_in(api: &Api, app_id: &str, credential: &pb::OperatorCredential) -> Result<OperatorRole, ErrorCode> {
    let shown = Credential::OperatorSession(credential.session_token.clone());
    match api.principal(app_id, shown).await {
        Ok(Principal::Operator(operator)) => Ok(operator.role()),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(error.code),
    }
}

#[tokio::test]
async fn a_session_is_good_until_it_is_ended() {
    let world = World::new().await;
    let api = world.start().await;
    let operator = person(&api, OperatorRole::Developer).await;
    let request = pb::StartOperatorSessionRequest {
        email: operator.email.to_uppercase(),
        password: PASSWORD.to_owned(),
        network: String::new(),
    };
    let begun = client(&api).start_operator_session(request).await.unwrap().into_inner();
    let session = begun.session.unwrap();
    assert_eq!(session.operator.as_ref(), Some(&operator));
    assert_eq!(session.expires_at_ms - session.created_at_ms, 7 * 24 * 3_600_000);
    assert_eq!((session.idle_seconds, begun.session_token.len()), (12 * 3600, 64));
    let (first, second) = (
        pb::OperatorCredential { session_token: begun.session_token, ..Default::default() },
        log_in(&api, &operator).await,
    );
    let app = own_app(&api, &first).await;
    assert_eq!(role_in(&api, &app, &first).await, Ok(OperatorRole::Owner));

    let (subscriptions, mut deliveries) = world.bus.subscriber(CancellationToken::new());
    subscriptions.subscribe(vec![Channel::facts()]).await.unwrap();
    let request = pb::EndOperatorSessionRequest { session_token: first.session_token.clone() };
    client(&api).end_operator_session(request.clone()).await.unwrap();
    within("the fact", async {
        loop {
            let Some(Delivery::Message { payload, .. }) = deliveries.recv().await else { continue };
            let wanted = OperatorChanged {
                operator_id: operator.operator_id.clone(),
                session_ids: vec![session.session_id.clone()],
            };
            if Event::decode(payload).unwrap().body == Some(Body::OperatorChanged(wanted)) {
                return;
            }
        }
    })
    .await;
    assert!(!is_good(&api, &first).await && is_good(&api, &second).await);
    assert_eq!(role_in(&api, &app, &first).await, Err(ErrorCode::SessionNotValid));
    assert_eq!(refusal(client(&api).end_operator_session(request).await), ErrorCode::SessionNotValid);
    let list = |credential| pb::ListManagedAppsRequest { credential: Some(credential), ..Default::default() };
    assert_eq!(refusal(management(&api).list_managed_apps(list(first)).await), ErrorCode::SessionNotValid);
    assert_eq!(management(&api).list_managed_apps(list(second)).await.unwrap().into_inner().apps.len(), 1);
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used_and_after_a_week() {
    let world = World::new().await;
    let api = world.start().await;
    let operator = person(&api, OperatorRole::Developer).await;
    let age = async |column: &str, hours: i32| {
        let sql = format!("UPDATE operator_sessions SET {column} = {column} - make_interval(hours => $1)");
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(hours).execute(&world.pool).await.unwrap();
    };
    let session = log_in(&api, &operator).await;
    age("used_at", 11).await;
    assert!(is_good(&api, &session).await);
    // That was a use, so it is good for longer.
    age("used_at", 11).await;
    assert!(is_good(&api, &session).await);
    age("used_at", 13).await;
    assert!(!is_good(&api, &session).await);
    let session = log_in(&api, &operator).await;
    age("expires_at", 7 * 24).await;
    assert!(!is_good(&api, &session).await);
    // Both are deleted by the next instance.
    world.start().await;
    halley_testkit::eventually("the rows are gone", async || {
        let left: i64 =
            sqlx::query_scalar("SELECT count(*) FROM operator_sessions").fetch_one(&world.pool).await.unwrap();
        (left == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn guessing_a_password_is_slow() {
    let world = World::new().await;
    let api = world.start().await;
    let operator = person(&api, OperatorRole::Owner).await;
    // What decides is how long ago the last try was, and after how many failures; by the clock a slow machine would differ.
    let put = async |failures: i32, seconds_ago: f64| {
        sqlx::query("UPDATE operator_tries SET failures = $1, tried_at = now() - make_interval(secs => $2)")
            .bind(failures)
            .bind(seconds_ago)
            .execute(&world.pool)
            .await
            .unwrap();
    };
    // Nothing tells an unknown address from a known one.
    for email in [operator.email.as_str(), "nobody@example.com"] {
        for _ in 0..5 {
            assert_eq!(try_log_in(&api, email, "wrong horse").await, Err(ErrorCode::InvalidCredentials));
        }
    }
    let counted: Vec<i32> =
        sqlx::query_scalar("SELECT failures FROM operator_tries").fetch_all(&world.pool).await.unwrap();
    assert_eq!(counted, [5; 4], "for each address, from that network and from all");
    put(5, -60.0).await;
    for email in [operator.email.as_str(), "nobody@example.com"] {
        assert_eq!(try_log_in(&api, email, PASSWORD).await, Err(ErrorCode::TooManyRequests));
    }
    let by_password = pb::OperatorCredential {
        name: operator.email.clone(),
        secret: PASSWORD.into(),
        is_password: true,
        ..Default::default()
    };
    let list = pb::ListManagedAppsRequest { credential: Some(by_password), ..Default::default() };
    assert_eq!(refusal(management(&api).list_managed_apps(list).await), ErrorCode::TooManyRequests);
    // Who guesses locks nobody out who comes from elsewhere.
    let elsewhere = pb::StartOperatorSessionRequest {
        email: operator.email.clone(),
        password: PASSWORD.into(),
        network: "192.0.2.7".into(),
    };
    client(&api).start_operator_session(elsewhere).await.unwrap();
    // A second after the fifth, doubled with each: half a minute after the tenth; never more than a minute.
    for (failures, too_early, late_enough) in [(10, 16.0, 33.0), (40, 45.0, 61.0)] {
        put(failures, too_early).await;
        assert_eq!(try_log_in(&api, &operator.email, PASSWORD).await, Err(ErrorCode::TooManyRequests), "{failures}");
        put(failures, late_enough).await;
        assert_eq!(try_log_in(&api, &operator.email, "wrong horse").await, Err(ErrorCode::InvalidCredentials));
    }
    // The right one makes an end of it, and so does a quarter of an hour.
    put(5, 2.0).await;
    try_log_in(&api, &operator.email, PASSWORD).await.unwrap();
    assert_eq!(try_log_in(&api, &operator.email, "wrong horse").await, Err(ErrorCode::InvalidCredentials));
    put(40, 16.0 * 60.0).await;
    assert_eq!(try_log_in(&api, &operator.email, "wrong horse").await, Err(ErrorCode::InvalidCredentials));
    let counted: Vec<i32> = sqlx::query_scalar("SELECT failures FROM operator_tries WHERE failures = 1")
        .fetch_all(&world.pool)
        .await
        .unwrap();
    assert_eq!(counted.len(), 2);
}

#[tokio::test]
async fn guesses_at_once_are_counted_one_after_another() {
    let world = World::new().await;
    let api = world.start().await;
    let operator = person(&api, OperatorRole::Owner).await;
    let guesses = (0..20).map(|_| try_log_in(&api, &operator.email, "wrong horse"));
    let answers = futures::future::join_all(guesses).await;
    let looked_at = answers.iter().filter(|answer| **answer == Err(ErrorCode::InvalidCredentials)).count();
    assert!((5..12).contains(&looked_at), "{looked_at} of 20");
}

#[tokio::test]
async fn tokens_and_tried_addresses_do_not_lie_in_clear() {
    let world = World::new().await;
    let api = world.start().await;
    let operator = person(&api, OperatorRole::Owner).await;
    let token = log_in(&api, &operator).await.session_token;
    let tried = format!("{}@example.com", unique("tried"));
    try_log_in(&api, &tried, "wrong horse").await.unwrap_err();
    let stored = everything_stored(&world).await;
    assert!(stored.iter().any(|row| row.contains(&operator.email)), "the search finds what is in clear");
    for value in [token, tried] {
        let bytes: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
        for form in [value, bytes] {
            assert!(!stored.iter().any(|row| row.contains(&form)), "{form} is stored in clear");
        }
    }
}

#[tokio::test]
async fn the_oldest_sessions_end() {
    let api = World::new().await.start().await;
    let operator = person(&api, OperatorRole::Developer).await;
    let mut sessions = Vec::new();
    for _ in 0..21 {
        sessions.push(log_in(&api, &operator).await);
    }
    assert!(!is_good(&api, &sessions[0]).await);
    for session in &sessions[1..] {
        assert!(is_good(&api, session).await);
    }
}

#[tokio::test]
async fn a_new_password_ends_all_sessions() {
    let api = World::new().await.start().await;
    let operator = person(&api, OperatorRole::Developer).await;
    let (one, two) = (log_in(&api, &operator).await, log_in(&api, &operator).await);
    let change = |old: &str, new: &str| pb::ChangeOwnOperatorRequest {
        credential: Some(one.clone()),
        name: Some("Ada".into()),
        password: Some(new.into()),
        old_password: old.into(),
    };
    for (request, field) in [
        (change("wrong horse", "battery staple"), "oldPassword"),
        (change("", "battery staple"), "oldPassword"),
        (change(PASSWORD, "short"), "password"),
        (pb::ChangeOwnOperatorRequest { name: Some(" ".into()), ..change(PASSWORD, "battery staple") }, "name"),
    ] {
        let error = PublicError::from_status(&client(&api).change_own_operator(request).await.unwrap_err());
        assert_eq!((error.code, error.field.as_deref()), (ErrorCode::BadRequest, Some(field)));
    }
    assert!(is_good(&api, &two).await);
    let changed = client(&api).change_own_operator(change(PASSWORD, "battery staple")).await.unwrap().into_inner();
    assert_eq!(changed.operator.unwrap().name, "Ada");
    assert!(!is_good(&api, &one).await && !is_good(&api, &two).await);
    assert_eq!(try_log_in(&api, &operator.email, PASSWORD).await, Err(ErrorCode::InvalidCredentials));
    try_log_in(&api, &operator.email, "battery staple").await.unwrap();
}

#[tokio::test]
async fn a_new_name_alone_ends_nothing() {
    let api = World::new().await.start().await;
    let session = log_in(&api, &person(&api, OperatorRole::Developer).await).await;
    let request = pb::ChangeOwnOperatorRequest {
        credential: Some(session.clone()),
        name: Some("Ada".into()),
        ..Default::default()
    };
    client(&api).change_own_operator(request).await.unwrap();
    assert!(is_good(&api, &session).await);
}

#[tokio::test]
async fn a_session_is_what_its_operator_is_in_an_app() {
    let world = World::new().await;
    let api = world.start().await;
    let (owner, other) = (person(&api, OperatorRole::Developer).await, person(&api, OperatorRole::Admin).await);
    let (mine, theirs) = (log_in(&api, &owner).await, log_in(&api, &other).await);
    let installation = log_in(&api, &person(&api, OperatorRole::Owner).await).await;
    let app = own_app(&api, &mine).await;
    assert_eq!(role_in(&api, &app, &mine).await, Ok(OperatorRole::Owner));
    assert_eq!(role_in(&api, &app, &installation).await, Ok(OperatorRole::Owner));
    // What somebody is in the installation is nothing in an app.
    assert_eq!(role_in(&api, &app, &theirs).await, Err(ErrorCode::AppNotFound));
    let change = async |lists: pb::ChangeCollaboratorsRequest| {
        let request = pb::ChangeCollaboratorsRequest { credential: Some(mine.clone()), app_id: app.clone(), ..lists };
        management(&api).change_collaborators(request).await.unwrap();
    };
    let email = || vec![other.email.clone()];
    change(pb::ChangeCollaboratorsRequest { admins: email(), ..Default::default() }).await;
    assert_eq!(role_in(&api, &app, &theirs).await, Ok(OperatorRole::Admin));
    change(pb::ChangeCollaboratorsRequest { moderators: email(), ..Default::default() }).await;
    assert_eq!(role_in(&api, &app, &theirs).await, Ok(OperatorRole::Moderator));
    change(pb::ChangeCollaboratorsRequest { developers: email(), ..Default::default() }).await;
    assert_eq!(role_in(&api, &app, &theirs).await, Ok(OperatorRole::Developer));
    change(pb::ChangeCollaboratorsRequest { remove: email(), ..Default::default() }).await;
    assert_eq!(role_in(&api, &app, &theirs).await, Err(ErrorCode::AppNotFound));

    for app_id in ["nosuchapp", "no app"] {
        role_in(&api, app_id, &mine).await.unwrap_err();
    }
    for token in ["", "x", &"0".repeat(64), &"é".repeat(32), &"0".repeat(9999)] {
        let wrong = pb::OperatorCredential { session_token: token.to_owned(), ..Default::default() };
        assert_eq!(role_in(&api, &app, &wrong).await, Err(ErrorCode::SessionNotValid), "{token}");
    }
    let request = pb::DeleteManagedAppRequest { credential: Some(mine.clone()), app_id: app.clone() };
    management(&api).delete_managed_app(request).await.unwrap();
    assert_eq!(role_in(&api, &app, &mine).await, Err(ErrorCode::AppNotFound));
}

#[tokio::test]
async fn callers_of_apps_have_no_sessions() {
    let api = World::new().await.start().await;
    let operator = person(&api, OperatorRole::Owner).await;
    let session = log_in(&api, &operator).await;
    let app = api.app().await;
    for caller in [holder(&app.id, &app.rest_key), holder(&app.id, &app.auth_key), user(&app.id, "ann")] {
        let start = pb::StartOperatorSessionRequest {
            email: operator.email.clone(),
            password: PASSWORD.into(),
            network: String::new(),
        };
        assert_eq!(refusal(client(&api).start_operator_session(caller.request(start)).await), ErrorCode::NoAccess);
        let get = pb::GetOperatorSessionRequest { session_token: session.session_token.clone() };
        assert_eq!(refusal(client(&api).get_operator_session(caller.request(get)).await), ErrorCode::NoAccess);
        let end = pb::EndOperatorSessionRequest { session_token: session.session_token.clone() };
        assert_eq!(refusal(client(&api).end_operator_session(caller.request(end)).await), ErrorCode::NoAccess);
        let begin = pb::BeginActionRequest { credential: Some(session.clone()), ..Default::default() };
        assert_eq!(refusal(client(&api).begin_action(caller.request(begin)).await), ErrorCode::NoAccess);
        let end = pb::EndActionRequest { action_id: 1, status: 200, ..Default::default() };
        assert_eq!(refusal(client(&api).end_action(caller.request(end)).await), ErrorCode::NoAccess);
        let list = pb::ListActionsRequest { credential: Some(session.clone()), ..Default::default() };
        assert_eq!(refusal(client(&api).list_actions(caller.request(list)).await), ErrorCode::NoAccess);
        let show = pb::ShowOperatorsRequest { credential: Some(session.clone()), ..Default::default() };
        assert_eq!(refusal(client(&api).show_operators(caller.request(show)).await), ErrorCode::NoAccess);
    }
    assert!(is_good(&api, &session).await);
}
