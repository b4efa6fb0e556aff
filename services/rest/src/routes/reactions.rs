//! Reactions to messages.

use axum::extract::Path;
use halley_contracts::messaging::v1::{
    AddReactionRequest, Direction, ListReactionsRequest, Reaction, RemoveReactionRequest,
};
use halley_wire::{ReactionJson, schema};
use serde_json::{Value, json};

use crate::{
    caller::Context,
    input::{self, Query},
    openapi::{path, query},
    reply::{ApiError, Reply, list as answer_list},
};

/// Reacts to a message.
#[utoipa::path(
    post, path = "/messages/{id}/reactions/{reaction}", tag = "messages", operation_id = "add-message-reactions",
    params(path::Id, path::Reaction),
    responses((status = 200, body = schema::Data<schema::Message>)),
    extensions(("x-errors" = json!(["ERR_MESSAGE_ID_NOT_FOUND", "ERR_MESSAGE_NO_ACCESS", "ERR_MESSAGE_ACTION_NOT_ALLOWED"])))
)]
pub async fn add(context: Context, Path((id, reaction)): Path<(String, String)>) -> Reply {
    let device_id = context.device_id.clone();
    let request = AddReactionRequest { message_id: input::message_id(&id)?, reaction, device_id };
    let answer = context.messaging().add_reaction(context.request(request)).await?;
    context.show_one(&answer.into_inner().message.unwrap_or_default())
}

/// Takes a reaction back.
#[utoipa::path(
    delete, path = "/messages/{id}/reactions/{reaction}", tag = "messages", operation_id = "remove-message-reactions",
    params(path::Id, path::Reaction),
    responses((status = 200, body = schema::Data<schema::Message>)),
    extensions(("x-errors" = json!(["ERR_MESSAGE_ID_NOT_FOUND", "ERR_MESSAGE_NO_ACCESS", "ERR_MESSAGE_ACTION_NOT_ALLOWED"])))
)]
pub async fn remove(context: Context, Path((id, reaction)): Path<(String, String)>) -> Reply {
    let device_id = context.device_id.clone();
    let request = RemoveReactionRequest { message_id: input::message_id(&id)?, reaction, device_id };
    let answer = context.messaging().remove_reaction(context.request(request)).await?;
    context.show_one(&answer.into_inner().message.unwrap_or_default())
}

/// Lists the reactions to a message.
#[utoipa::path(
    get, path = "/messages/{id}/reactions", tag = "messages", operation_id = "list-all-reactions",
    params(path::Id, query::Cursor),
    responses((status = 200, body = schema::List<schema::Reaction, schema::ReactionListMeta>)),
    extensions(("x-errors" = json!(["ERR_MESSAGE_ID_NOT_FOUND", "ERR_MESSAGE_NO_ACCESS"])))
)]
pub async fn list(context: Context, Path(id): Path<String>, query: Query) -> Reply {
    page(context, &id, String::new(), &query).await
}

/// Lists who reacted so to a message.
#[utoipa::path(
    get, path = "/messages/{id}/reactions/{reaction}", tag = "messages", operation_id = "get-message-reactions",
    params(path::Id, path::Reaction, query::Cursor),
    responses((status = 200, body = schema::List<schema::Reaction, schema::ReactionListMeta>)),
    extensions(("x-errors" = json!(["ERR_MESSAGE_ID_NOT_FOUND", "ERR_MESSAGE_NO_ACCESS"])))
)]
pub async fn list_one(context: Context, Path((id, reaction)): Path<(String, String)>, query: Query) -> Reply {
    page(context, &id, reaction, &query).await
}

async fn page(context: Context, id: &str, reaction: String, query: &Query) -> Reply {
    let direction = match query.text("affix") {
        None | Some("append") => Direction::Append,
        Some("prepend") => Direction::Prepend,
        Some(_) => return Err(ApiError::field("affix", "must be append or prepend")),
    };
    let asked = ListReactionsRequest {
        message_id: input::message_id(id)?,
        reaction,
        direction: direction.into(),
        limit: query.limit()?,
        cursor_id: query.cursor("id")?,
    };
    let answer = context.messaging().list_reactions(context.request(asked.clone())).await?.into_inner();
    let online = context.online(answer.reactions.iter().map(|reaction| reaction.uid.as_str())).await;
    let view = context.view(Some(&online));
    let rows: Vec<_> = answer.reactions.iter().map(|reaction| ReactionJson { reaction, view, more: &[] }).collect();
    answer_list(rows, meta(&asked, &answer.reactions, answer.has_more))
}

/// Where the page stands: `next` and `previous` are there when something is.
fn meta(asked: &ListReactionsRequest, rows: &[Reaction], has_more: bool) -> Value {
    let mut meta = json!({"current": {"limit": asked.limit, "count": rows.len()}});
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return meta };
    let forward = asked.direction() == Direction::Append;
    let from_cursor = asked.cursor_id != 0;
    if if forward { has_more } else { from_cursor } {
        meta["next"] = json!({"affix": "append", "id": last.id.to_string()});
    }
    if if forward { from_cursor } else { has_more } {
        meta["previous"] = json!({"affix": "prepend", "id": first.id.to_string()});
    }
    meta
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(direction: Direction, cursor_id: i64, has_more: bool) -> Value {
        let rows: Vec<Reaction> = (3..6).map(|id| Reaction { id, ..Default::default() }).collect();
        let asked = ListReactionsRequest { direction: direction.into(), limit: 3, cursor_id, ..Default::default() };
        meta(&asked, &rows, has_more)
    }

    #[test]
    fn a_page_names_what_lies_beside_it() {
        let first = page(Direction::Append, 0, true);
        assert_eq!(first["current"], json!({"limit": 3, "count": 3}));
        assert_eq!(first["next"], json!({"affix": "append", "id": "5"}));
        assert!(first.get("previous").is_none());
        let last = page(Direction::Append, 2, false);
        assert!(last.get("next").is_none());
        assert_eq!(last["previous"], json!({"affix": "prepend", "id": "3"}));
        let newest = page(Direction::Prepend, 0, true);
        assert_eq!(newest["previous"], json!({"affix": "prepend", "id": "3"}));
        assert!(newest.get("next").is_none());
    }
}
