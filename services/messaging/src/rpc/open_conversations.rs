//! `OpenConversations`: conversations that are seen before anything is said in them.

use halley_contracts::messaging::v1::{OpenConversationsRequest, OpenConversationsResponse};
use halley_kit::{Caller, PublicError, time};
use halley_model::{APP_SYSTEM_UID, ConversationKey, ErrorCode, Uid, field, limits};

use crate::{
    error::{MessagingError, Result},
    service::Messaging,
    store::{
        conversations::{self, Wanted},
        participants,
    },
};

pub(super) async fn open(
    messaging: &Messaging,
    caller: Caller,
    request: OpenConversationsRequest,
) -> Result<OpenConversationsResponse> {
    if caller.is_logged_in_user() {
        return Err(PublicError::new(ErrorCode::PermissionDenied, "a user may not open conversations").into());
    }
    field::at_most("others", &request.others, limits::BATCH_MAX)?;
    let app_id = caller.app_id();
    let uid = user(&request.uid)?;
    let others: Vec<String> = request.others.iter().map(|other| user(other)).collect::<Result<_>>()?;
    let named = || others.iter().chain([&uid]).map(String::as_str);
    let known = messaging.directory.users(app_id, named()).await?;
    if let Some(missing) = named().find(|uid| *uid == APP_SYSTEM_UID || !known.contains_key(*uid)) {
        return Err(MessagingError::UserNotFound { uid: missing.to_owned() });
    }
    let now = time::now();
    let keys: Vec<ConversationKey> =
        others.iter().filter(|other| **other != uid).map(|other| ConversationKey::direct(&uid, other)).collect();
    let wanted: Vec<Wanted<'_>> = keys.iter().map(|key| Wanted { app_id, key, created_at: now }).collect();
    let stored: Vec<String> = keys.iter().map(ConversationKey::storage).collect();
    let mut connection = messaging.pool.acquire().await?;
    conversations::create_missing(&mut connection, &wanted).await?;
    participants::open(&mut connection, app_id, &stored).await?;
    Ok(OpenConversationsResponse {})
}

fn user(uid: &str) -> Result<String> {
    Uid::parse(uid).map(Uid::into_string).map_err(|_| MessagingError::UserNotFound { uid: uid.to_owned() })
}
