//! Lists of groups and of members.

use halley_contracts::{
    common::v1::TimeRange,
    groups::v1::{self as pb, GroupType, ListGroupsRequest},
};
use halley_kit::Caller;
use halley_model::ErrorCode;

use crate::support::{ADMIN, MODERATOR, PARTICIPANT, World, assert_page, lists, new, page, refused, update};

async fn guids(world: &World, caller: &Caller, request: ListGroupsRequest) -> Vec<String> {
    let answer = world.list_groups(caller, request).await.unwrap();
    answer.groups.into_iter().map(|entry| entry.group.unwrap().guid).collect()
}

#[tokio::test]
async fn groups_are_walked_page_by_page_in_every_order() {
    let world = World::new().await;
    let app = world.server();
    let names = ["delta", "alpha", "Echo", "bravo", "Charlie", "alpha", "fox"];
    for (i, name) in names.iter().enumerate() {
        let request = pb::CreateGroupRequest { name: (*name).to_owned(), ..new(&format!("g{}", (i * 3) % 7)) };
        world.create_group(&app, request).await.unwrap();
    }
    for sort_by in ["", "guid", "name", "createdAt"] {
        let mut ways = Vec::new();
        for descending in [false, true] {
            let mut walked = Vec::new();
            for number in 1..=4 {
                let request = ListGroupsRequest {
                    page: page(number, 3),
                    sort_by: sort_by.to_owned(),
                    descending,
                    ..Default::default()
                };
                let answer = world.list_groups(&app, request).await.unwrap();
                assert_page(answer.page, number, 3, 7, answer.groups.len());
                walked.extend(answer.groups.into_iter().map(|entry| entry.group.unwrap()));
            }
            assert_eq!(walked.len(), 7, "{sort_by}");
            ways.push(walked);
        }
        ways[1].reverse();
        assert_eq!(ways[0], ways[1], "{sort_by}: both directions have the same order");
        let key = |group: &pb::Group| match sort_by {
            "name" => (group.name.to_lowercase(), group.guid.clone()),
            "createdAt" => (format!("{:020}", group.created_at_ms), group.guid.clone()),
            _ => (group.guid.clone(), String::new()),
        };
        assert!(ways[0].windows(2).all(|pair| key(&pair[0]) < key(&pair[1])), "{sort_by}");
    }
}

#[tokio::test]
async fn private_groups_are_listed_to_members_only() {
    let world = World::new().await;
    let kinds =
        [("open", GroupType::Public, ""), ("locked", GroupType::Password, "x"), ("hidden", GroupType::Private, "")];
    for (guid, kind, password) in kinds {
        let members = Some(lists(&[], &["bob"], &[], &[]));
        let request =
            pb::CreateGroupRequest { r#type: kind.into(), password: password.to_owned(), members, ..new(guid) };
        world.create_group(&world.user("ann"), request).await.unwrap();
    }
    let all = ListGroupsRequest::default;
    assert_eq!(guids(&world, &world.server(), all()).await, ["hidden", "locked", "open"]);
    assert_eq!(guids(&world, &world.user("bob"), all()).await, ["hidden", "locked", "open"]);
    assert_eq!(guids(&world, &world.user("cat"), all()).await, ["locked", "open"]);
    assert_eq!(guids(&world, &world.key("cat"), all()).await, ["locked", "open"]);
    let hidden = ListGroupsRequest { types: vec![GroupType::Private.into()], ..all() };
    assert!(guids(&world, &world.user("cat"), hidden.clone()).await.is_empty());
    let named = ListGroupsRequest { guids: vec!["hidden".to_owned()], ..all() };
    assert!(guids(&world, &world.user("cat"), named).await.is_empty());

    let answer = world.list_groups(&world.user("bob"), hidden).await.unwrap();
    let own = answer.groups[0].own.clone().unwrap();
    assert_eq!((own.guid.as_str(), own.uid.as_str(), own.scope()), ("hidden", "bob", MODERATOR));
    let answer = world.list_groups(&world.user("cat"), all()).await.unwrap();
    assert!(answer.groups.iter().all(|entry| entry.own.is_none()));
    let answer = world.list_groups(&world.server(), all()).await.unwrap();
    assert!(answer.groups.iter().all(|entry| entry.own.is_none()));
}

#[tokio::test]
async fn joined_groups_are_those_of_the_user() {
    let world = World::new().await;
    for guid in ["a", "b", "c"] {
        world.group_of("ann", guid).await;
    }
    world.group_of("bob", "d").await;
    let joined = ListGroupsRequest { has_joined: true, ..Default::default() };
    assert_eq!(guids(&world, &world.user("ann"), joined.clone()).await, ["a", "b", "c"]);
    assert_eq!(guids(&world, &world.user("bob"), joined.clone()).await, ["d"]);
    assert!(guids(&world, &world.user("cat"), joined.clone()).await.is_empty());
    assert_eq!(refused(world.list_groups(&world.server(), joined).await), ErrorCode::BadRequest);
}

#[tokio::test]
async fn every_filter_narrows() {
    let world = World::new().await;
    let app = world.server();
    let make = async |guid: &str, name: &str, tags: &[&str]| {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        let request = pb::CreateGroupRequest { name: name.to_owned(), tags, ..new(guid) };
        world.create_group(&app, request).await.unwrap().group.unwrap()
    };
    make("alpha", "Über uns", &["x"]).await;
    make("beta", "Alphabet", &["y", "z"]).await;
    make("gamma", "100%", &[]).await;
    world.group_with("ann", "full", lists(&["bob"], &[], &["cat"], &[])).await;
    let updated = world.update_group(&app, update("gamma")).await.unwrap().group.unwrap();
    let list = async |request: ListGroupsRequest| guids(&world, &app, request).await;
    let any = ListGroupsRequest::default;
    let search = |key: &str, fields: &[&str]| ListGroupsRequest {
        search_key: key.to_owned(),
        search_in: fields.iter().map(|field| (*field).to_owned()).collect(),
        ..any()
    };
    assert_eq!(list(search("ALPHA", &[])).await, ["alpha", "beta"]);
    assert_eq!(list(search("alpha", &["guid"])).await, ["alpha"]);
    assert_eq!(list(search("alpha", &["name"])).await, ["beta"]);
    assert_eq!(list(search("alpha", &["guid", "name"])).await, ["alpha", "beta"]);
    assert_eq!(list(search("über", &[])).await, ["alpha"]);
    assert_eq!(list(search("100%", &[])).await, ["gamma"]);
    assert!(list(search("%", &[])).await.is_empty());
    assert_eq!(list(ListGroupsRequest { tags: vec!["x".into(), "z".into()], ..any() }).await, ["alpha", "beta"]);
    assert_eq!(list(ListGroupsRequest { types: vec![GroupType::Public.into()], ..any() }).await.len(), 4);
    assert!(list(ListGroupsRequest { types: vec![GroupType::Private.into()], ..any() }).await.is_empty());
    assert_eq!(
        list(ListGroupsRequest { guids: vec!["BETA".into(), "no".into(), "n n".into()], ..any() }).await,
        ["beta"]
    );
    assert!(list(ListGroupsRequest { guids: vec!["n n".into()], ..any() }).await.is_empty());
    assert_eq!(list(ListGroupsRequest { members_count_min: Some(3), ..any() }).await, ["full"]);
    assert_eq!(list(ListGroupsRequest { members_count_max: Some(2), ..any() }).await, ["alpha", "beta", "gamma"]);
    assert_eq!(
        list(ListGroupsRequest { members_count_min: Some(0), members_count_max: Some(0), ..any() }).await.len(),
        3
    );
    // Only what was ever updated has a time of that.
    let at = updated.updated_at_ms;
    let range = |from_ms, to_ms| Some(TimeRange { from_ms, to_ms });
    assert_eq!(list(ListGroupsRequest { updated_at: range(1, 0), ..any() }).await, ["gamma"]);
    assert_eq!(list(ListGroupsRequest { updated_at: range(at, at), ..any() }).await, ["gamma"]);
    assert!(list(ListGroupsRequest { updated_at: range(0, at - 1), ..any() }).await.is_empty());
    assert_eq!(list(ListGroupsRequest { created_at: range(at - 60_000, 0), ..any() }).await.len(), 4);
    assert!(list(ListGroupsRequest { created_at: range(0, at - 60_000), ..any() }).await.is_empty());
}

#[tokio::test]
async fn senseless_lists_name_the_field() {
    let world = World::new().await;
    let any = ListGroupsRequest::default;
    let cases = [
        ("sortBy", ListGroupsRequest { sort_by: "members".to_owned(), ..any() }),
        ("searchIn", ListGroupsRequest { search_in: vec!["owner".to_owned()], ..any() }),
        ("type", ListGroupsRequest { types: vec![9], ..any() }),
        ("guids", ListGroupsRequest { guids: vec!["g".to_owned(); 1001], ..any() }),
        ("createdAt", ListGroupsRequest { created_at: Some(TimeRange { from_ms: -1, to_ms: 0 }), ..any() }),
        ("page", ListGroupsRequest { page: page(-1, 0), ..any() }),
        ("perPage", ListGroupsRequest { page: page(1, 1001), ..any() }),
    ];
    for (field, request) in cases {
        let error = world.list_groups(&world.server(), request).await.expect_err("refused");
        assert_eq!((error.code, error.field.as_deref()), (ErrorCode::BadRequest, Some(field)));
    }
    world.group_of("ann", "room").await;
    let members = || pb::ListMembersRequest { guid: "room".to_owned(), ..Default::default() };
    let cases = [
        ("scopes", pb::ListMembersRequest { scopes: vec![0], ..members() }),
        ("uids", pb::ListMembersRequest { uids: vec!["u".to_owned(); 10_001], ..members() }),
        ("excludedUids", pb::ListMembersRequest { excluded_uids: vec!["u".to_owned(); 10_001], ..members() }),
        ("perPage", pb::ListMembersRequest { page: page(1, 1001), ..members() }),
    ];
    for (field, request) in cases {
        let error = world.list_members(&world.server(), request).await.expect_err("refused");
        assert_eq!((error.code, error.field.as_deref()), (ErrorCode::BadRequest, Some(field)));
    }
}

#[tokio::test]
async fn members_are_walked_page_by_page() {
    let world = World::new().await;
    world.group_with("owner", "room", lists(&["d", "a"], &["c"], &["b", "f", "e"], &["out"])).await;
    let mut walked = Vec::new();
    for number in 1..=4 {
        let request = pb::ListMembersRequest { guid: "Room".to_owned(), page: page(number, 3), ..Default::default() };
        let answer = world.list_members(&world.user("b"), request).await.unwrap();
        assert_page(answer.page, number, 3, 7, answer.members.len());
        walked.extend(answer.members);
    }
    let seen: Vec<(&str, pb::MemberScope)> =
        walked.iter().map(|member| (member.uid.as_str(), member.scope())).collect();
    assert_eq!(
        seen,
        [
            ("a", ADMIN),
            ("b", PARTICIPANT),
            ("c", MODERATOR),
            ("d", ADMIN),
            ("e", PARTICIPANT),
            ("f", PARTICIPANT),
            ("owner", ADMIN),
        ]
    );
    assert!(walked.iter().all(|member| member.guid == "room" && member.joined_at_ms > 0));

    let list = async |scopes: &[pb::MemberScope], uids: &[&str]| {
        let request = pb::ListMembersRequest {
            guid: "room".to_owned(),
            scopes: scopes.iter().map(|scope| (*scope).into()).collect(),
            uids: uids.iter().map(|uid| (*uid).to_owned()).collect(),
            ..Default::default()
        };
        let answer = world.list_members(&world.server(), request).await.unwrap();
        answer.members.into_iter().map(|member| member.uid).collect::<Vec<_>>()
    };
    assert_eq!(list(&[ADMIN, MODERATOR], &[]).await, ["a", "c", "d", "owner"]);
    assert_eq!(list(&[], &["F", "out", "no uid", "a"]).await, ["a", "f"]);
    assert_eq!(list(&[PARTICIPANT], &["f", "a"]).await, ["f"]);
    assert!(list(&[], &["no uid"]).await.is_empty());
    let request = pb::ListMembersRequest {
        guid: "room".to_owned(),
        page: page(1, 3),
        excluded_uids: ["A", "c", "owner", "no uid"].map(ToOwned::to_owned).to_vec(),
        ..Default::default()
    };
    let answer = world.list_members(&world.server(), request).await.unwrap();
    assert_eq!(answer.members.iter().map(|member| member.uid.as_str()).collect::<Vec<_>>(), ["b", "d", "e"]);
    assert_page(answer.page, 1, 3, 4, 3);
}
