//! What the nodes know together.

use halley_contracts::realtime::v1::Node;
use halley_model::ErrorCode;

use crate::support::{OwnRedis, World};

#[tokio::test]
async fn any_node_answers_for_all_and_for_the_callers_app_only() {
    let world = World::new().await;
    let other = world.other_app().await;
    let nodes = [world.node().await, world.node().await];
    world.fakes.groups.add("room", &["ann", "bob", "nobody"]);
    world.fakes.groups.add("empty", &["nobody"]);
    let _sockets = [
        world.client(&nodes[0], "ann").await,
        world.client(&nodes[1], "ann").await,
        world.client(&nodes[1], "bob").await,
        world.client(&nodes[0], "cat").await,
        other.client(&nodes[0], "dan").await,
    ];
    for uid in ["ann", "bob", "cat"] {
        world.until_online(&nodes[0], uid, true).await;
    }
    other.until_online(&nodes[0], "dan", true).await;

    for node in &nodes {
        let ask = world.ask(node);
        assert_eq!(ask.online_users().await, ["ann", "bob", "cat"]);
        assert_eq!(ask.presence(&["cat", "dan", "ann"]).await, ["cat", "ann"]);
        assert!(ask.presence(&[]).await.is_empty());
        let counted = ask.count_online(vec!["room".into(), "empty".into(), "unknown".into()]).await.unwrap();
        assert_eq!((counted.online_users, counted.online_members), (3, vec![2, 0, 0]));
        assert_eq!(other.ask(node).online_users().await, ["dan"]);
    }
}

#[tokio::test]
async fn too_much_at_once_is_refused_by_name() {
    let world = World::new().await;
    let node = world.node().await;
    let ask = world.ask(&node);
    ask.get_presence(vec!["ann".to_owned(); 1000]).await.unwrap();
    let error = ask.get_presence(vec!["ann".to_owned(); 1001]).await.unwrap_err();
    assert_eq!((error.code, error.field.as_deref()), (ErrorCode::BadRequest, Some("uids")));
    let error = ask.count_online(vec!["room".to_owned(); 26]).await.unwrap_err();
    assert_eq!((error.code, error.field.as_deref()), (ErrorCode::BadRequest, Some("groups")));
}

#[tokio::test]
async fn nodes_are_listed_with_their_sockets() {
    let own = OwnRedis::new();
    let redis = own.start(None).await;
    let world = World::on_redis(&redis.url()).await;
    let config = || halley_realtime_gateway::GatewayConfig { lease_seconds: 1, ..Default::default() };
    let (one, _two) = (world.node_with(config()).await, world.node_with(config()).await);
    let _sockets = [world.client(&one, "ann").await, world.client(&one, "bob").await];
    halley_testkit::eventually("the count of sockets", async || {
        let mut counts: Vec<i64> = world.ask(&one).nodes().await.iter().map(|node| node.connections).collect();
        counts.sort_unstable();
        (counts == [0, 2]).then_some(())
    })
    .await;
    let ask = world.ask(&one);
    let nodes = ask.nodes().await;
    assert!(nodes.iter().all(|node| node.version.contains('.') && node.memory_bytes > 0 && node.renewed_at_ms > 0));
    let of_app = |node: &Node| node.apps.iter().map(|app| (app.app_id.clone(), app.connections)).collect::<Vec<_>>();
    let mut told: Vec<_> = nodes.iter().map(of_app).collect();
    told.sort_by_key(Vec::len);
    assert_eq!(told, [vec![], vec![(world.app.clone(), 2)]]);
    // Another app's are not told of, nor all together.
    let other = world.other_app().await;
    assert!(other.ask(&one).nodes().await.iter().all(|node| node.apps.is_empty()));
    for app_id in ["", other.app.as_str()] {
        assert_eq!(ask.nodes_of(app_id).await.unwrap_err().code, ErrorCode::NoAccess, "{app_id:?}");
    }
    assert!(!ask.connections().await.is_empty());
    assert!(other.ask(&one).connections().await.iter().all(|point| point.connections == 0));
}
