//! Lists walked by cursors.

use halley_contracts::groups::v1::{self as pb, ListGroupsRequest};
use halley_kit::cursor::Cursor;
use halley_model::ErrorCode;

use crate::support::{World, delete, list_banned, list_members, lists, new, page, update};

fn guids(answer: pb::ListGroupsResponse) -> Vec<String> {
    answer.groups.into_iter().map(|entry| entry.group.unwrap().guid).collect()
}

/// A walk by the time of change from a second on; 0: from the first row.
fn by_change(second_ms: i64, descending: bool) -> String {
    Cursor::of_change(second_ms, descending).unwrap().write()
}

/// Asks for page after page until one is empty. The first is asked with `cursor`.
async fn walk(mut cursor: String, mut ask: impl AsyncFnMut(String) -> (Vec<String>, String)) -> Vec<String> {
    let mut all = Vec::new();
    for _ in 0..100 {
        let (rows, next) = ask(cursor).await;
        assert_eq!(rows.is_empty(), next.is_empty(), "a page with rows has a cursor");
        if rows.is_empty() {
            return all;
        }
        all.extend(rows);
        cursor = next;
    }
    panic!("the walk never ends: {all:?}");
}

#[tokio::test]
async fn groups_are_walked_in_every_order() {
    let world = World::new().await;
    let app = world.server();
    for (i, name) in ["delta", "a.b. c", "Echo", "bravo", "İx", "a.b. c", "fox"].iter().enumerate() {
        let request = pb::CreateGroupRequest { name: (*name).to_owned(), ..new(&format!("g{}", (i * 3) % 7)) };
        world.create_group(&app, request).await.unwrap();
    }
    // Equal times, so that only the guid keeps pages apart; and two that differ.
    sqlx::query("UPDATE groups SET created_at = to_timestamp(5)").execute(&world.pool).await.unwrap();
    sqlx::query("UPDATE groups SET updated_at = to_timestamp(9) WHERE guid IN ('g1', 'g4')")
        .execute(&world.pool)
        .await
        .unwrap();
    for (sort_by, first) in [("guid", ""), ("name", ""), ("createdAt", ""), ("", "changed-asc"), ("", "changed-desc")] {
        for (descending, size) in [(false, 1), (false, 3), (true, 2), (true, 7)] {
            let request = |size| ListGroupsRequest {
                page: page(1, size),
                sort_by: sort_by.to_owned(),
                descending,
                cursor: first.to_owned(),
                ..Default::default()
            };
            let whole = guids(world.list_groups(&app, request(100)).await.unwrap());
            assert_eq!(whole.len(), 7);
            let walked = walk(first.to_owned(), async |cursor| {
                let answer = world.list_groups(&app, ListGroupsRequest { cursor, ..request(size) }).await.unwrap();
                let info = answer.page.unwrap();
                assert_eq!((info.total, info.count), (7, i32::try_from(answer.groups.len()).unwrap()));
                let next = answer.next_cursor.clone();
                (guids(answer), next)
            });
            assert_eq!(walked.await, whole, "{sort_by} {first} {descending} {size}");
        }
    }
    let change = async |cursor: String| {
        guids(world.list_groups(&app, ListGroupsRequest { cursor, ..Default::default() }).await.unwrap())
    };
    assert_eq!(change(by_change(0, false)).await, ["g0", "g2", "g3", "g5", "g6", "g1", "g4"]);
    assert_eq!(change(by_change(5000, false)).await, ["g1", "g4"], "after that second");
    assert_eq!(change(by_change(9000, true)).await, ["g6", "g5", "g3", "g2", "g0"], "before that second");
    assert!(change(by_change(9000, false)).await.is_empty());
}

#[tokio::test]
async fn a_walk_goes_on_where_its_row_is_gone_and_sees_what_moved_to_its_end() {
    let world = World::new().await;
    let app = world.server();
    for guid in ["a", "b", "c", "d"] {
        world.create_group(&app, new(guid)).await.unwrap();
    }
    let ask = async |cursor: &str| {
        let request = ListGroupsRequest { page: page(1, 2), cursor: cursor.to_owned(), ..Default::default() };
        let answer = world.list_groups(&app, request).await.unwrap();
        let next = answer.next_cursor.clone();
        (guids(answer), next)
    };
    let (first, cursor) = ask("").await;
    assert_eq!(first, ["a", "b"]);
    world.delete_group(&app, delete("b")).await.unwrap();
    assert_eq!(ask(&cursor).await.0, ["c", "d"]);

    let (first, cursor) = ask(&by_change(0, false)).await;
    assert_eq!(first, ["a", "c"]);
    world.update_group(&app, update("a")).await.unwrap();
    assert_eq!(ask(&cursor).await.0, ["d", "a"]);
}

#[tokio::test]
async fn a_cursor_shows_nothing_that_its_list_does_not() {
    let world = World::new().await;
    let (ann, bob) = (world.user("ann"), world.user("bob"));
    let hidden = pb::CreateGroupRequest { r#type: pb::GroupType::Private.into(), ..new("hidden") };
    world.create_group(&ann, hidden).await.unwrap();
    let ask = |cursor: &str| ListGroupsRequest { cursor: cursor.to_owned(), ..Default::default() };
    for cursor in ["id-asc", "id-asc..a", "changed-desc"] {
        assert_eq!(guids(world.list_groups(&ann, ask(cursor)).await.unwrap()), ["hidden"]);
        assert!(guids(world.list_groups(&bob, ask(cursor)).await.unwrap()).is_empty(), "{cursor}");
    }
    for cursor in ["no cursor", "id-asc.x", "created-asc.yesterday.x", "size-asc"] {
        let error = world.list_groups(&ann, ask(cursor)).await.expect_err("refused");
        assert_eq!((error.code, error.field.as_deref()), (ErrorCode::BadRequest, Some("cursor")), "{cursor}");
    }
}

#[tokio::test]
async fn members_and_bans_are_walked_by_uid_and_by_time() {
    let world = World::new().await;
    world.group_with("owner", "room", lists(&["d", "a"], &["c"], &["b", "f"], &["v", "u", "w"])).await;
    for table in ["members SET joined_at", "bans SET banned_at"] {
        let later = format!("UPDATE {table} = to_timestamp(5 + ascii(uid) % 2)");
        sqlx::query(sqlx::AssertSqlSafe(later)).execute(&world.pool).await.unwrap();
    }
    for (first, members, bans) in [
        ("id-asc", ["a", "b", "c", "d", "f", "owner"], ["u", "v", "w"]),
        ("id-desc", ["owner", "f", "d", "c", "b", "a"], ["w", "v", "u"]),
        // Letters of odd numbers came a second later.
        ("changed-asc", ["b", "d", "f", "a", "c", "owner"], ["v", "u", "w"]),
        ("changed-desc", ["owner", "c", "a", "f", "d", "b"], ["w", "u", "v"]),
    ] {
        let walked = walk(first.to_owned(), async |cursor| {
            let request = pb::ListMembersRequest { page: page(1, 2), cursor, ..list_members("room") };
            let answer = world.list_members(&world.user("b"), request).await.unwrap();
            assert_eq!(answer.page.unwrap().total, 6);
            (answer.members.into_iter().map(|member| member.uid).collect(), answer.next_cursor)
        });
        assert_eq!(walked.await, members, "{first}");
        let walked = walk(first.to_owned(), async |cursor| {
            let request = pb::ListBannedMembersRequest { page: page(1, 2), cursor, ..list_banned("room") };
            let answer = world.list_banned_members(&world.user("owner"), request).await.unwrap();
            assert_eq!(answer.page.unwrap().total, 3);
            (answer.bans.into_iter().map(|ban| ban.uid).collect(), answer.next_cursor)
        });
        assert_eq!(walked.await, bans, "{first}");
    }
    let cursor = "name-asc".to_owned();
    let request = pb::ListMembersRequest { cursor: cursor.clone(), ..list_members("room") };
    let error = world.list_members(&world.server(), request).await.expect_err("members have no names here");
    assert_eq!((error.code, error.field.as_deref()), (ErrorCode::BadRequest, Some("cursor")));
    let request = pb::ListBannedMembersRequest { cursor, ..list_banned("room") };
    let error = world.list_banned_members(&world.server(), request).await.expect_err("nor have bans");
    assert_eq!((error.code, error.field.as_deref()), (ErrorCode::BadRequest, Some("cursor")));
    let refused = world.list_members(&world.user("u"), list_members("room")).await.expect_err("banned");
    assert_eq!(refused.code, ErrorCode::GroupNotJoined);
}
