//! What users do with interactive messages.

use axum::extract::Path;
use halley_contracts::messaging::v1::MarkInteractedRequest;

use crate::{
    caller::Context,
    input::{self, Body},
    reply::{Reply, done},
};

/// `PATCH /messages/{id}/interacted`
pub async fn mark(context: Context, Path(id): Path<String>, body: Body) -> Reply {
    let request =
        MarkInteractedRequest { message_id: input::message_id(&id)?, element_ids: body.some_texts("interactions")? };
    context.messaging().mark_interacted(context.request(request)).await?;
    done("The interactions are noted.")
}
