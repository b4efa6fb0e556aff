//! What users do with interactive messages.

use axum::extract::Path;
use halley_contracts::messaging::v1::MarkInteractedRequest;
use halley_wire::schema;

use crate::{
    caller::Context,
    input::{self, Body},
    openapi::{body, path},
    reply::{Reply, done},
};

/// Notes which elements of an interactive message the acting user has used.
#[utoipa::path(
    patch, path = "/messages/{id}/interacted", tag = "messages", operation_id = "mark-message-as-interacted",
    params(path::Id),
    request_body = body::Interactions,
    responses((status = 200, body = schema::Data<schema::Done>)),
    extensions(("x-errors" = json!([
        "ERR_MESSAGE_ID_NOT_FOUND", "ERR_MESSAGE_NO_ACCESS", "ERR_MESSAGE_ACTION_NOT_ALLOWED",
    ])))
)]
pub async fn mark(context: Context, Path(id): Path<String>, body: Body) -> Reply {
    let request =
        MarkInteractedRequest { message_id: input::message_id(&id)?, element_ids: body.some_texts("interactions")? };
    context.messaging().mark_interacted(context.request(request)).await?;
    done("The interactions are noted.")
}
