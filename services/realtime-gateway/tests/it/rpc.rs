//! What the nodes know together.

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
}
