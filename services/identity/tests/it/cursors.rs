//! Lists walked by cursors.

use halley_contracts::{
    common::v1::PageRequest,
    identity::v1::{self as pb, BlockDirection},
};
use halley_kit::cursor::Cursor;
use halley_model::ErrorCode;

use crate::support::{World, uids};

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

fn page(per_page: i32) -> Option<PageRequest> {
    Some(PageRequest { page: 1, per_page })
}

/// Users of whom each third was changed later, in the order of the change.
async fn crowd(world: &World) -> (Vec<String>, Vec<String>) {
    let all = world.add_many(12).await;
    let set = "UPDATE users SET created_at = to_timestamp(5), \
        updated_at = CASE WHEN right(uid, 1) IN ('0', '3', '6', '9') THEN to_timestamp(9) END WHERE uid <> 'ann'";
    sqlx::query(set).execute(&world.pool).await.unwrap();
    let is_later = |uid: &String| ["0", "3", "6", "9"].iter().any(|end| uid.ends_with(end));
    let (later, earlier): (Vec<String>, Vec<String>) = all.iter().cloned().partition(is_later);
    let changed = [earlier, later].concat();
    (all, changed)
}

fn reversed(list: &[String]) -> Vec<String> {
    list.iter().rev().cloned().collect()
}

#[tokio::test]
async fn users_are_walked_in_every_order() {
    let world = World::new(&[]).await;
    let (all, changed) = crowd(&world).await;
    sqlx::query("UPDATE users SET name = 'X', name_folded = 'x'").execute(&world.pool).await.unwrap();
    let mut cases = Vec::new();
    for sort_by in ["", "name", "createdAt"] {
        cases.push((sort_by, false, "", all.clone()));
        cases.push((sort_by, true, "", reversed(&all)));
    }
    cases.push(("", false, "changed-asc", changed.clone()));
    cases.push(("name", false, "changed-desc", reversed(&changed)));
    for (sort_by, descending, first, expected) in cases {
        for per_page in [1, 5, 12] {
            let walked = walk(first.to_owned(), async |cursor| {
                let (page, sort_by) = (page(per_page), sort_by.to_owned());
                let request = pb::ListUsersRequest { page, sort_by, descending, cursor, ..Default::default() };
                let answer = world.list_users(&world.server(), request).await.unwrap();
                assert_eq!(answer.page.unwrap().total, 12);
                (uids(&answer.users), answer.next_cursor)
            });
            assert_eq!(walked.await, expected, "{sort_by} {descending} {first} {per_page}");
        }
    }
    let after = |second_ms, descending| pb::ListUsersRequest {
        cursor: Cursor::of_change(second_ms, descending).unwrap().write(),
        ..Default::default()
    };
    let list = async |request| uids(&world.list_users(&world.server(), request).await.unwrap().users);
    assert_eq!(list(after(5000, false)).await, changed[7..], "after that second");
    assert_eq!(list(after(9000, true)).await, reversed(&changed[..7]), "before that second");
    assert!(list(after(9000, false)).await.is_empty());
    let wrong = pb::ListUsersRequest { cursor: "uid-asc".to_owned(), ..Default::default() };
    let fault = world.list_users(&world.server(), wrong).await.unwrap_err();
    assert_eq!((fault.code, fault.field.as_deref()), (ErrorCode::BadRequest, Some("cursor")));
}

#[tokio::test]
async fn friends_and_blocks_are_walked_by_uid_and_by_change() {
    let world = World::new(&["ann"]).await;
    let (all, changed) = crowd(&world).await;
    let others: Vec<&str> = all.iter().map(String::as_str).collect();
    world.befriend("ann", &others).await;
    world.block("ann", &others[..7]).await;
    for uid in &others[5..] {
        world.block(uid, &["ann"]).await;
    }
    for (first, expected) in [
        ("id-asc", all.clone()),
        ("id-desc", reversed(&all)),
        ("changed-asc", changed.clone()),
        ("changed-desc", reversed(&changed)),
    ] {
        let walked = walk(first.to_owned(), async |cursor| {
            let request = pb::ListFriendsRequest { uid: "ann".to_owned(), page: page(5), cursor, ..Default::default() };
            let answer = world.list_friends(&world.user("ann"), request).await.unwrap();
            assert_eq!(answer.page.unwrap().total, 12);
            (uids(&answer.users), answer.next_cursor)
        });
        assert_eq!(walked.await, expected, "friends {first}");
        for (direction, of) in [
            (BlockDirection::Both, &all[..]),
            (BlockDirection::BlockedByMe, &all[..7]),
            (BlockDirection::HasBlockedMe, &all[5..]),
        ] {
            let walked = walk(first.to_owned(), async |cursor| {
                let (uid, direction) = ("ann".to_owned(), direction.into());
                let request =
                    pb::ListBlockedUsersRequest { uid, direction, page: page(5), cursor, ..Default::default() };
                let answer = world.list_blocked_users(&world.user("ann"), request).await.unwrap();
                let rows = answer.users.into_iter().map(|row| row.user.unwrap().uid).collect();
                (rows, answer.next_cursor)
            });
            let expected: Vec<String> = expected.iter().filter(|uid| of.contains(uid)).cloned().collect();
            assert_eq!(walked.await, expected, "{direction:?} {first}");
        }
    }
    for cursor in ["name-asc", "created-asc", "x"] {
        let (uid, cursor) = ("ann".to_owned(), cursor.to_owned());
        let request = pb::ListFriendsRequest { uid: uid.clone(), cursor: cursor.clone(), ..Default::default() };
        let fault = world.list_friends(&world.server(), request).await.unwrap_err();
        assert_eq!((fault.code, fault.field.as_deref()), (ErrorCode::BadRequest, Some("cursor")));
        let request = pb::ListBlockedUsersRequest { uid, cursor, ..Default::default() };
        let fault = world.list_blocked_users(&world.server(), request).await.unwrap_err();
        assert_eq!((fault.code, fault.field.as_deref()), (ErrorCode::BadRequest, Some("cursor")));
    }
}
