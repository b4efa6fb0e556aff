//! `CountMessages`.

use halley_contracts::messaging::v1::{CountMessagesRequest, CountMessagesResponse};
use halley_kit::Caller;

use crate::{error::Result, service::Messaging, store::conversations};

pub(super) async fn count(
    messaging: &Messaging,
    caller: Caller,
    _: CountMessagesRequest,
) -> Result<CountMessagesResponse> {
    let (user_messages, group_messages) = conversations::count_messages(&messaging.pool, caller.app_id()).await?;
    Ok(CountMessagesResponse { user_messages, group_messages })
}
