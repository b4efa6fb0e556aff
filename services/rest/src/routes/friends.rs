//! A user's friends.

use axum::extract::Path;
use halley_contracts::{
    common::v1::ItemResult,
    identity::v1::{AddFriendsRequest, ListFriendsRequest, RemoveFriendsRequest},
    messaging::v1::OpenConversationsRequest,
};
use halley_edge::Change;
use halley_kit::PublicError;
use halley_model::ErrorCode;
use halley_wire::{UserJson, schema};
use serde_json::json;

use crate::{
    caller::Context,
    input::{self, Body, Query},
    openapi::{answer, body, path, query},
    reply::{ApiError, Reply, changed_at, data, done, fates, page_with_cursor},
};

/// Makes users friends.
///
/// With `addToConversations` each pair finds its conversation in the list of conversations, on both sides, without a last
/// message. Whoever deletes it there sees it again when something is said.
#[utoipa::path(
    post, path = "/users/{uid}/friends", tag = "friends", operation_id = "add-friend",
    params(path::Uid),
    request_body = body::NewFriends,
    responses((status = 200, body = schema::Data<answer::FriendsAdded>))
)]
pub async fn add(context: Context, Path(uid): Path<String>, body: Body) -> Reply {
    context.server_side()?;
    let (uid, opens) = (input::uid(&uid)?, body.flag("addToConversations")?);
    let request = AddFriendsRequest { uid: uid.clone(), friends: body.some_texts("accepted")? };
    let answer = context.identity().add_friends(context.request(request)).await?.into_inner();
    forget(&context, &uid, &answer.results);
    // Those who were friends before as well: so a call whose end nobody saw can be repeated.
    let others: Vec<String> =
        answer.results.iter().filter(|result| are_friends(result)).map(|result| result.id.clone()).collect();
    if opens && !others.is_empty() {
        let request = OpenConversationsRequest { uid, others };
        context.messaging().open_conversations(context.request(request)).await?;
    }
    data(json!({"accepted": fates(&answer.results, "The two are friends now.")}))
}

fn are_friends(result: &ItemResult) -> bool {
    result.error.as_ref().is_none_or(|error| error.code == ErrorCode::AlreadyFriend.as_str())
}

/// Lists a user's friends.
#[utoipa::path(
    get, path = "/users/{uid}/friends", tag = "friends", operation_id = "list-all-friends",
    params(path::Uid, query::Search, query::Page, query::Walk),
    responses((status = 200, body = schema::WalkedPage<schema::User>))
)]
pub async fn list(context: Context, Path(uid): Path<String>, query: Query) -> Reply {
    context.server_side()?;
    let request = ListFriendsRequest {
        uid: input::uid(&uid)?,
        search_key: query.text("searchKey").unwrap_or_default().to_owned(),
        page: Some(query.page()?),
        cursor: query.list_cursor()?,
    };
    let answer = context.identity().list_friends(context.request(request)).await?.into_inner();
    let online = context.online(answer.users.iter().map(|user| user.uid.as_str())).await;
    let rows: Vec<_> = answer.users.iter().map(|user| UserJson::new(user, context.view(Some(&online)))).collect();
    let changed = answer.users.last().map_or(0, |user| changed_at(user.updated_at_ms, user.created_at_ms));
    page_with_cursor(rows, answer.page, &answer.next_cursor, changed)
}

/// Ends friendships.
#[utoipa::path(
    delete, path = "/users/{uid}/friends", tag = "friends", operation_id = "remove-friend",
    params(path::Uid),
    request_body = body::FormerFriends,
    responses((status = 200, body = schema::Data<schema::Done>)),
    extensions(("x-errors" = json!(["ERR_NOT_A_FRIEND"])))
)]
pub async fn remove(context: Context, Path(uid): Path<String>, body: Body) -> Reply {
    context.server_side()?;
    let uid = input::uid(&uid)?;
    let request = RemoveFriendsRequest { uid: uid.clone(), friends: body.some_texts("friends")? };
    let answer = context.identity().remove_friends(context.request(request)).await?.into_inner();
    forget(&context, &uid, &answer.results);
    // The documented answer has no room for each: when none was a friend, the call has failed.
    match answer.results.iter().all(|result| result.error.is_some()) {
        true => Err(first_error(&answer.results)),
        false => done("The friends are removed."),
    }
}

/// Lets the new state of each friendship be asked for.
fn forget(context: &Context, uid: &str, results: &[ItemResult]) {
    for result in results.iter().filter(|result| result.error.is_none()) {
        context.changed(Change::Friendship(uid.to_owned(), result.id.clone()));
    }
}

fn first_error(results: &[ItemResult]) -> ApiError {
    let error = results.iter().find_map(|result| result.error.as_ref());
    let code = error.and_then(|error| ErrorCode::parse(&error.code)).unwrap_or(ErrorCode::NotAFriend);
    ApiError(PublicError::new(code, error.map_or(code.meaning(), |error| error.message.as_str())))
}
