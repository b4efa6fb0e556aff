//! Making, reading, changing and deleting groups.

use halley_contracts::groups::v1 as pb;
use halley_kit::PublicError;
use halley_model::ErrorCode;

use crate::support::{
    ADMIN, MODERATOR, PARTICIPANT, Place, World, add, delete, fates, get, join, lists, new, refused, update,
};

#[tokio::test]
async fn a_user_owns_the_group_they_make_and_is_in_it() {
    let world = World::new().await;
    let request = pb::CreateGroupRequest {
        guid: "Room-1".to_owned(),
        icon: "https://x/i.png".to_owned(),
        description: "All of us".to_owned(),
        metadata_json: r#"{"a":1}"#.to_owned(),
        tags: vec!["t".to_owned(), "u".to_owned(), "t".to_owned()],
        owner: "somebody-else".to_owned(),
        ..new("x")
    };
    let made = world.create_group(&world.user("ann"), request).await.unwrap();
    let group = made.group.unwrap();
    assert_eq!((group.guid.as_str(), group.name.as_str(), group.owner.as_str()), ("room-1", "The x", "ann"));
    assert_eq!((group.r#type(), group.members_count), (pb::GroupType::Public, 1));
    assert_eq!((group.icon.as_str(), group.description.as_str()), ("https://x/i.png", "All of us"));
    assert_eq!(
        (group.metadata_json.as_str(), group.tags.clone()),
        (r#"{"a":1}"#, vec!["t".to_owned(), "u".to_owned()])
    );
    assert!(group.created_at_ms > 0 && group.updated_at_ms == 0 && group.updated_by.is_empty());
    let own = made.own.unwrap();
    assert_eq!((own.uid.as_str(), own.scope(), own.joined_at_ms), ("ann", ADMIN, group.created_at_ms));

    let read = world.get_group(&world.user("ann"), get("ROOM-1")).await.unwrap();
    assert_eq!((read.group, read.own), (Some(group), Some(own)));
    assert_eq!(world.get_group(&world.user("bob"), get("room-1")).await.unwrap().own, None);
    assert_eq!(refused(world.create_group(&world.user("bob"), new("room-1")).await), ErrorCode::GuidAlreadyExists);
    world.assert_counts().await;
}

#[tokio::test]
async fn the_app_makes_groups_for_itself_or_for_a_user() {
    let world = World::new().await;
    let made = world.create_group(&world.server(), new("a")).await.unwrap();
    assert_eq!(made.own, None);
    let group = made.group.unwrap();
    assert_eq!((group.owner.as_str(), group.members_count), ("app_system", 0));

    let request = pb::CreateGroupRequest { owner: "Ann".to_owned(), ..new("b") };
    let group = world.create_group(&world.server(), request).await.unwrap().group.unwrap();
    assert_eq!((group.owner.as_str(), group.members_count), ("ann", 1));
    assert_eq!(world.place("b", "ann").await, Place::In(ADMIN));

    let made = world.create_group(&world.key("bob"), new("c")).await.unwrap();
    assert_eq!((made.group.unwrap().owner, made.own.unwrap().uid), ("bob".to_owned(), "bob".to_owned()));
}

#[tokio::test]
async fn a_group_begins_with_members_and_bans_each_by_itself() {
    let world = World::new().await;
    let members = lists(&["Bob", "ann"], &["bob", "cat"], &["dan", "no uid"], &["eve", "dan", "ann"]);
    let request = pb::CreateGroupRequest { members: Some(members), ..new("room") };
    let made = world.create_group(&world.user("ann"), request).await.unwrap();
    assert_eq!(
        fates(&made.outcomes),
        [
            ("Bob".to_owned(), None),
            ("ann".to_owned(), Some(ErrorCode::AlreadyJoined)),
            ("cat".to_owned(), None),
            ("dan".to_owned(), None),
            ("no uid".to_owned(), Some(ErrorCode::UidNotFound)),
            ("eve".to_owned(), None),
        ]
    );
    let scopes: Vec<pb::MemberScope> = made.outcomes.iter().map(pb::MemberOutcome::scope).collect();
    assert_eq!(scopes, [ADMIN, ADMIN, MODERATOR, PARTICIPANT, PARTICIPANT, pb::MemberScope::Unspecified]);
    let group = made.group.unwrap();
    assert_eq!(group.members_count, 4);
    for event in made.outcomes.iter().filter_map(|outcome| outcome.event.as_ref()) {
        assert_eq!(event.change.as_ref().unwrap().group.as_ref(), Some(&group));
    }
    assert_eq!(world.place("room", "bob").await, Place::In(ADMIN));
    assert_eq!(world.place("room", "cat").await, Place::In(MODERATOR));
    assert_eq!(world.place("room", "dan").await, Place::In(PARTICIPANT));
    assert_eq!(world.place("room", "eve").await, Place::Banned);
    assert_eq!(refused(world.join_group(&world.user("eve"), join("room")).await), ErrorCode::BannedGroupMember);

    // Not even with its own creation is a group left without its owner.
    let request = pb::CreateGroupRequest {
        owner: "ann".to_owned(),
        members: Some(lists(&[], &[], &[], &["ann"])),
        ..new("other")
    };
    let made = world.create_group(&world.server(), request).await.unwrap();
    assert_eq!(fates(&made.outcomes), [("ann".to_owned(), Some(ErrorCode::GroupNoClearance))]);
    let request = pb::CreateGroupRequest { members: Some(lists(&[], &[], &[], &["ann"])), ..new("third") };
    let made = world.create_group(&world.user("ann"), request).await.unwrap();
    assert_eq!(fates(&made.outcomes), [("ann".to_owned(), Some(ErrorCode::GroupNoSelfAction))]);
    world.assert_counts().await;
}

#[tokio::test]
async fn bad_groups_are_refused_and_nothing_is_stored() {
    let world = World::new().await;
    let too_many: Vec<String> = (0..26).map(|i| format!("u{i}")).collect();
    let cases = [
        (ErrorCode::InvalidGuid, "guid", pb::CreateGroupRequest { guid: "a room".to_owned(), ..new("x") }),
        (ErrorCode::InvalidGuid, "guid", pb::CreateGroupRequest { guid: String::new(), ..new("x") }),
        (ErrorCode::BadRequest, "name", pb::CreateGroupRequest { name: " ".to_owned(), ..new("x") }),
        (ErrorCode::BadRequest, "type", pb::CreateGroupRequest { r#type: 7, ..new("x") }),
        (ErrorCode::EmptyGroupPassword, "password", pb::CreateGroupRequest { r#type: 2, ..new("x") }),
        (ErrorCode::BadRequest, "password", pb::CreateGroupRequest { password: "p".to_owned(), ..new("x") }),
        (ErrorCode::BadRequest, "icon", pb::CreateGroupRequest { icon: "x".to_owned(), ..new("x") }),
        (ErrorCode::BadRequest, "metadata", pb::CreateGroupRequest { metadata_json: "1".to_owned(), ..new("x") }),
        (ErrorCode::BadRequest, "owner", pb::CreateGroupRequest { owner: "a b".to_owned(), ..new("x") }),
        (
            ErrorCode::BadRequest,
            "members",
            pb::CreateGroupRequest {
                members: Some(pb::MemberLists { participants: too_many, ..Default::default() }),
                ..new("x")
            },
        ),
    ];
    for (code, field, request) in cases {
        let PublicError { code: got, field: at, .. } =
            world.create_group(&world.server(), request).await.expect_err("refused");
        assert_eq!((got, at.as_deref()), (code, Some(field)));
    }
    let listed = world.list_groups(&world.server(), pb::ListGroupsRequest::default()).await.unwrap();
    assert!(listed.groups.is_empty());
}

#[tokio::test]
async fn groups_are_read_in_bulk() {
    let world = World::new().await;
    for guid in ["a", "b"] {
        world.group_of("ann", guid).await;
    }
    let read = async |guids: &[&str]| {
        let request = pb::BatchGetGroupsRequest { guids: guids.iter().map(|guid| (*guid).to_owned()).collect() };
        let answer = world.batch_get_groups(&world.server(), request).await.unwrap();
        answer.groups.into_iter().map(|group| group.guid).collect::<Vec<_>>()
    };
    assert_eq!(read(&["B", "a", "nowhere", "no guid", "b"]).await, ["a", "b"]);
    assert!(read(&[]).await.is_empty());
    let own = async |uid: &str| {
        let request = pb::BatchGetGroupsRequest { guids: vec!["a".to_owned()] };
        let answer = world.batch_get_groups(&world.user(uid), request).await.unwrap();
        answer.own.into_iter().map(|member| (member.guid.clone(), member.scope())).collect::<Vec<_>>()
    };
    assert_eq!(own("ann").await, [("a".to_owned(), ADMIN)]);
    assert!(own("bob").await.is_empty());
    let request = pb::BatchGetGroupsRequest { guids: vec!["g".to_owned(); 1001] };
    assert_eq!(refused(world.batch_get_groups(&world.server(), request).await), ErrorCode::BadRequest);
}

#[tokio::test]
async fn a_group_that_is_not_there_is_told_by_every_call() {
    let world = World::new().await;
    let ann = world.user("ann");
    for guid in ["nowhere", "no guid", ""] {
        let codes = [
            refused(world.get_group(&ann, get(guid)).await),
            refused(world.update_group(&ann, update(guid)).await),
            refused(world.delete_group(&ann, delete(guid)).await),
            refused(world.transfer_ownership(&ann, crate::support::transfer(guid, "bob")).await),
            refused(world.join_group(&ann, join(guid)).await),
            refused(world.leave_group(&ann, crate::support::leave(guid)).await),
            refused(world.add_members(&ann, add(guid, lists(&[], &[], &["bob"], &[]))).await),
            refused(world.list_members(&ann, crate::support::list_members(guid)).await),
            refused(world.change_member_scope(&ann, crate::support::change_scope(guid, "bob", ADMIN)).await),
            refused(world.kick_member(&ann, crate::support::kick(guid, "bob")).await),
            refused(world.ban_member(&ann, crate::support::ban(guid, "bob")).await),
            refused(world.unban_member(&ann, crate::support::unban(guid, "bob")).await),
            refused(world.list_banned_members(&ann, crate::support::list_banned(guid)).await),
            refused(world.get_membership(&ann, crate::support::membership(guid, "bob")).await),
        ];
        assert!(codes.iter().all(|code| *code == ErrorCode::GuidNotFound), "{guid}: {codes:?}");
    }
}

#[tokio::test]
async fn an_update_changes_what_it_names() {
    let world = World::new().await;
    world.group_of("ann", "room").await;
    let request = pb::UpdateGroupRequest {
        name: Some("New".to_owned()),
        icon: Some("https://x/i".to_owned()),
        description: Some("d".to_owned()),
        metadata_json: Some("{}".to_owned()),
        tags: vec!["t".to_owned()],
        replace_tags: true,
        owner: Some("bob".to_owned()),
        ..update("Room")
    };
    let updated = world.update_group(&world.user("ann"), request).await.unwrap();
    let group = updated.group.unwrap();
    assert_eq!(group.owner, "ann", "a user does not give a group away by an update");
    assert_eq!((group.name.as_str(), group.icon.as_str(), group.description.as_str()), ("New", "https://x/i", "d"));
    assert_eq!((group.metadata_json.as_str(), group.tags.as_slice()), ("{}", &["t".to_owned()][..]));
    assert_eq!((group.updated_by.as_str(), updated.own.unwrap().scope()), ("ann", ADMIN));
    assert!(group.updated_at_ms >= group.created_at_ms);
    assert_eq!(world.group("room").await, group);

    let unset = ["icon", "description", "metadata"].map(ToOwned::to_owned).to_vec();
    let request = pb::UpdateGroupRequest { unset, tags: vec!["ignored".to_owned()], ..update("room") };
    let group = world.update_group(&world.server(), request).await.unwrap().group.unwrap();
    assert_eq!((group.name.as_str(), group.tags.as_slice()), ("New", &["t".to_owned()][..]));
    assert!(group.icon.is_empty() && group.description.is_empty() && group.metadata_json.is_empty());
    assert_eq!(group.updated_by, "app_system");
    let request = pb::UpdateGroupRequest { replace_tags: true, ..update("room") };
    assert!(world.update_group(&world.server(), request).await.unwrap().group.unwrap().tags.is_empty());

    let cases = [
        ("name", pb::UpdateGroupRequest { name: Some(String::new()), ..update("room") }),
        ("unset", pb::UpdateGroupRequest { unset: vec!["name".to_owned()], ..update("room") }),
        ("metadata", pb::UpdateGroupRequest { metadata_json: Some("[]".to_owned()), ..update("room") }),
        ("owner", pb::UpdateGroupRequest { owner: Some(String::new()), ..update("room") }),
        ("password", pb::UpdateGroupRequest { password: Some("p".to_owned()), ..update("room") }),
    ];
    for (field, request) in cases {
        let error = world.update_group(&world.server(), request).await.expect_err("refused");
        assert_eq!((error.code, error.field.as_deref()), (ErrorCode::BadRequest, Some(field)));
    }
}

#[tokio::test]
async fn a_deleted_group_takes_members_and_bans_with_it() {
    let world = World::new().await;
    world.group_with("ann", "room", lists(&[], &[], &["bob"], &["cat"])).await;
    world.delete_group(&world.user("ann"), delete("room")).await.unwrap();
    assert_eq!(refused(world.get_group(&world.user("ann"), get("room")).await), ErrorCode::GuidNotFound);
    assert_eq!(refused(world.delete_group(&world.server(), delete("room")).await), ErrorCode::GuidNotFound);
    let rows: i64 = sqlx::query_scalar("SELECT (SELECT COUNT(*) FROM members) + (SELECT COUNT(*) FROM bans)")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(rows, 0);
    // A group of the same guid begins anew.
    world.group_of("cat", "room").await;
    assert_eq!(world.place("room", "ann").await, Place::Out);
    assert_eq!(world.place("room", "cat").await, Place::In(ADMIN));
}
