//! `GetMessage`.

use halley_contracts::messaging::v1::{GetMessageRequest, GetMessageResponse};
use halley_kit::Caller;

use crate::{
    error::{MessagingError, Result},
    service::Messaging,
    store::messages,
};

pub(super) async fn get(
    messaging: &Messaging,
    caller: Caller,
    request: GetMessageRequest,
) -> Result<GetMessageResponse> {
    let found = messages::find_message(&messaging.pool, caller.app_id(), request.id).await?;
    let message = found.ok_or(MessagingError::MessageNotFound { id: request.id })?;
    messaging.directory.authorise_message(&caller, &message).await?;
    let message = messaging.show_message(caller.app_id(), &message).await?;
    Ok(GetMessageResponse { message: Some(message) })
}
