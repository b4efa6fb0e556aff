//! The nodes that hold sockets: what they tell of themselves, and that who dies is told of no more.

use halley_testkit::{eventually, platform::Platform};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    management::Manager,
    operators::Desk,
    support::{Form, Scene, answer, data, refused},
};

crate::in_both_forms!(nodes_tell_what_they_do);

async fn nodes_tell_what_they_do(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.world.person("ann").await, scene.world.person("bob").await);
    let (phone, desk) = (scene.world.device(&ann, 0).await, scene.world.device(&bob, 1).await);
    let owner = Manager::owner(form).await;
    phone.say(&bob.receiver(), "a frame").await;

    let of_app = async || data(scene.get("/stats/connections")).await;
    eventually("both sockets are told of", async || (of_app().await["connections"].as_i64() >= Some(2)).then_some(()))
        .await;
    let nodes = data(owner.get("/nodes")).await;
    let nodes = nodes.as_array().expect("nodes");
    let live = if matches!(form, Form::ManyProcesses) { 2 } else { 1 };
    assert_eq!(nodes.len(), live);
    for node in nodes {
        assert!(node["version"].as_str().is_some_and(|version| version.contains('.')), "{node}");
        assert!(node["memoryBytes"].as_i64() > Some(1_000_000) && node["startedAt"].as_i64() > Some(0), "{node}");
    }
    let sockets = |node: &Value| node["connections"].as_i64().unwrap_or_default();
    assert!(nodes.iter().map(sockets).sum::<i64>() >= 2, "{nodes:?}");
    let app = json!(scene.http.app_id);
    let names_app =
        |node: &Value| node["apps"].as_array().is_some_and(|apps| apps.iter().any(|one| one["appId"] == app));
    assert!(nodes.iter().any(names_app), "{nodes:?}");
    let series = async |of: Value| {
        let points = of["points"].as_array().expect("points").clone();
        assert!(points.len() <= 1441 && of["stepSeconds"].as_i64() >= Some(60), "{of}");
        points
    };
    assert!(!series(of_app().await).await.is_empty());
    assert!(!series(data(owner.get("/nodes/connections")).await).await.is_empty());
    for bad in ["from=x", "to=-1", "from=20&to=10"] {
        assert_eq!(refused(scene.get(&format!("/stats/connections?{bad}"))).await, "ERR_BAD_REQUEST", "{bad}");
        assert_eq!(refused(owner.get(&format!("/nodes/connections?{bad}"))).await, "ERR_BAD_REQUEST", "{bad}");
    }
    assert_eq!(refused(scene.by(&ann, Method::GET, "/stats/connections", json!({}))).await, "AUTH_ERR_NO_ACCESS");
    // Admins of the installation see it, too; who builds an app does not.
    let (admin, developer) = (Desk::of_role(form, "admin").await, Desk::of_role(form, "developer").await);
    data(admin.call(Method::GET, "/nodes")).await;
    for path in ["/nodes", "/nodes/connections"] {
        assert_eq!(refused(developer.call(Method::GET, path)).await, "AUTH_ERR_NO_ACCESS", "{path}");
        assert_eq!(refused(owner.bare(Method::GET, path)).await, "AUTH_ERR_EMPTY_AUTH_HEADER", "{path}");
    }
    drop((phone, desk));
}

#[test]
fn what_can_not_be_written_down_is_not_done_and_a_dead_node_goes_away() {
    crate::support::block_on(async {
        let platform = Platform::one_process_with(&[("HALLEY_GATEWAY__LEASE_SECONDS", "1")]).await;
        let owner = Manager::of(&platform);
        nothing_is_done_that_can_not_be_written_down(&platform, &owner).await;
        let ids = async || {
            let nodes = data(owner.get("/nodes")).await;
            nodes.as_array().expect("nodes").iter().map(|node| node["id"].clone()).collect::<Vec<_>>()
        };
        let first = ids().await;
        assert_eq!(first.len(), 1);

        platform.kill("halley").await;
        platform.restart("halley").await;

        eventually("only the new one is told of", async || {
            let now = ids().await;
            (now.len() == 1 && now != first).then_some(())
        })
        .await;
    });
}

/// An operation of an operator whose row in the log can't be written.
async fn nothing_is_done_that_can_not_be_written_down(platform: &Platform, owner: &Manager) {
    let note = std::fs::read(platform.data_dir().join("servers.json")).expect("the note of the private servers");
    let note: Value = serde_json::from_slice(&note).expect("JSON");
    let url = note["postgres"]["auth"].as_str().expect("an address");
    let app = owner.app("Kept").await;
    halley_testkit::execute(url, "ALTER TABLE operator_actions RENAME TO away").await;

    let path = format!("/apps/{}", app.id);
    let (status, _) = answer(owner.delete(&path, json!({}))).await;

    assert!(status.is_server_error(), "{status}");
    halley_testkit::execute(url, "ALTER TABLE away RENAME TO operator_actions").await;
    assert_eq!(data(owner.get(&path)).await["state"], "active");
    data(owner.delete(&path, json!({}))).await;
}
