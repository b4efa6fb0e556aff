//! What is written down of what operators did.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Desk, Team};
use crate::support::{Form, column, data, refused, whole};

crate::in_both_forms!(what_operators_change_is_written_down, actions_are_walked_while_more_are_done);

/// The actions of an app, newest first.
async fn actions(desk: &Desk, app: &str, query: &str) -> Vec<Value> {
    let listed = whole(desk.call(Method::GET, &format!("/apps/{app}/actions?limit=1000{query}"))).await;
    assert_eq!(listed["meta"]["cursor"], Value::Null, "all on one page");
    listed["data"].as_array().expect("rows").clone()
}

fn told(action: &Value) -> (String, Value, Value) {
    (action["operation"].as_str().expect("a text").to_owned(), action["parameters"].clone(), action["status"].clone())
}

async fn what_operators_change_is_written_down(form: Form) {
    let team = Team::new(form).await;
    let (app, owner) = (&team.app, &team.owner);
    let before = actions(owner, &app.id, "").await;
    assert_eq!(before.iter().map(|action| told(action).0).collect::<Vec<_>>(), ["add-collaborator"]);

    let moderator = &team.moderator;
    let ann = json!({"uid": "ann", "name": "Ann Secretive"});
    data(moderator.in_app(app, Method::POST, "/users").json(&ann)).await;
    whole(moderator.in_app(app, Method::GET, "/users/ann")).await;
    whole(moderator.in_app(app, Method::DELETE, "/users/ann").json(&json!({"permanent": true}))).await;
    assert_eq!(refused(moderator.in_app(app, Method::DELETE, "/users/ann")).await, "ERR_UID_NOT_FOUND");
    assert_eq!(refused(moderator.in_app(app, Method::POST, "/apikeys").json(&json!({}))).await, "AUTH_ERR_NO_ACCESS");
    let key = data(owner.in_app(app, Method::POST, "/apikeys").json(&json!({"name": "k"}))).await;
    let key = key["apiKey"].as_str().expect("a key").to_owned();
    whole(owner.in_app(app, Method::DELETE, &format!("/apikeys/{key}"))).await;
    let settings = json!({"settings": {"core.conversations.updateOnReplies": true}});
    whole(owner.call(Method::POST, &format!("/apps/{}/settings", app.id)).json(&settings)).await;
    // By a management key, and not at all by a key of the app.
    let installation = &owner.manager;
    whole(installation.delete(&format!("/apps/{}/settings", app.id), json!({}))).await;
    data(installation.as_app(app, Method::POST, "/users").json(&json!({"uid": "bob", "name": "Bob"}))).await;
    // What is refused before anybody is known is nobody's action.
    let no_token = moderator.manager.bare(Method::DELETE, "/users/bob").header("appid", &app.id);
    assert_eq!(refused(no_token.header("cookie", &moderator.cookie)).await, "AUTH_ERR_CROSS_SITE");

    let done = actions(owner, &app.id, "").await;
    let none = || json!({});
    let mut wanted = vec![
        ("add-collaborator", team.told_of(), 200),
        ("create-user", none(), 200),
        ("delete-user", json!({"uid": "ann"}), 200),
        ("delete-user", json!({"uid": "ann"}), 404),
        ("create-apikey", none(), 403),
        ("create-apikey", none(), 200),
        ("delete-apikey", json!({"apiKey": "…"}), 200),
        ("map-settings", json!({"appId": app.id}), 200),
        ("unmap-settings", json!({"appId": app.id}), 200),
    ];
    wanted.reverse();
    let wanted: Vec<_> =
        wanted.into_iter().map(|(id, parameters, status)| (id.to_owned(), parameters, json!(status))).collect();
    assert_eq!(done.iter().map(told).collect::<Vec<_>>(), wanted);
    let all = json!(done).to_string();
    assert!(!all.contains("Secretive") && !all.contains(&key), "neither bodies nor keys: {all}");
    assert!(done.iter().all(|action| action["appId"] == app.id.as_str()));

    let id = moderator.operator["id"].as_str().expect("an id");
    let narrowed = actions(owner, &app.id, &format!("&operator={id}&operation=delete-user")).await;
    assert_eq!(narrowed.iter().map(|action| action["status"].clone()).collect::<Vec<_>>(), [404, 200]);
    assert_eq!(narrowed[0]["operator"]["email"], moderator.operator["email"]);
    assert_eq!(actions(&team.admin, &app.id, &format!("&operator={id}")).await.len(), 4);
    let at = done[0]["at"].as_i64().expect("a time");
    assert!(actions(owner, &app.id, &format!("&from={}", at + 3600)).await.is_empty());
    assert_eq!(actions(owner, &app.id, &format!("&from={}&to={at}", at - 3600)).await.len(), done.len());

    for desk in [moderator, &team.developer] {
        assert_eq!(refused(desk.call(Method::GET, &format!("/apps/{}/actions", app.id))).await, "AUTH_ERR_NO_ACCESS");
    }
    let stranger = Team::new(form).await.owner;
    assert_eq!(refused(stranger.call(Method::GET, &format!("/apps/{}/actions", app.id))).await, "ERR_APP_NOT_FOUND");
    for bad in ["limit=0", "limit=1001", "cursor=x", "operator=x", "from=x", "to=-1"] {
        let request = owner.call(Method::GET, &format!("/apps/{}/actions?{bad}", app.id));
        assert_eq!(refused(request).await, "ERR_BAD_REQUEST", "{bad}");
    }
    // Owners of the installation see everything, also who came.
    let root = Desk::owner(form).await;
    let own = root.operator["id"].as_str().expect("an id");
    let came = whole(root.call(Method::GET, &format!("/operators/actions?operator={own}"))).await;
    assert_eq!(column(&came["data"], "operation"), ["create-operator-session"]);
    assert_eq!((&came["data"][0]["appId"], &came["data"][0]["status"]), (&Value::Null, &json!(200)));
}

async fn actions_are_walked_while_more_are_done(form: Form) {
    let Team { app, owner, .. } = Team::new(form).await;
    let act = async |uid: String| {
        data(owner.in_app(&app, Method::POST, "/users").json(&json!({"uid": uid, "name": uid}))).await;
    };
    for n in 0..6 {
        act(format!("a{n}")).await;
    }
    let staying: Vec<Value> = actions(&owner, &app.id, "").await.iter().map(|action| action["id"].clone()).collect();
    for limit in [1, 2, 7] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let query = format!("limit={limit}{cursor}");
            let page = whole(owner.call(Method::GET, &format!("/apps/{}/actions?{query}", app.id))).await;
            let rows = page["data"].as_array().expect("rows");
            assert_eq!(page["meta"]["count"], rows.len());
            seen.extend(rows.iter().map(|action| action["id"].clone()));
            act(halley_testkit::unique("z")).await;
            let Some(next) = page["meta"]["cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        seen.retain(|id| staying.contains(id));
        assert_eq!(seen, staying, "pages of {limit}");
    }
}
