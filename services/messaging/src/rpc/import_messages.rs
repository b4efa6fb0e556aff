//! `ImportMessages`.
//!
//! One transaction for a call: an interrupted import is repeated as it is, and what is there already stays.

use halley_contracts::{
    common::v1::ItemResult,
    messaging::v1::{ImportMessagesRequest, ImportMessagesResponse, ImportedMessage},
};
use halley_kit::Caller;
use halley_model::{APP_SYSTEM_UID, FieldError, limits};

use crate::{
    domain::{
        import::{self, Checked},
        new_message,
    },
    error::{MessagingError, Result},
    service::Messaging,
    store::messages,
    write::{
        import::{Imported, write},
        may_pass,
    },
};

/// Tries of a call whose transaction met another one.
const TRIES: usize = 3;

pub(super) async fn import(
    messaging: &Messaging,
    caller: Caller,
    request: ImportMessagesRequest,
) -> Result<ImportMessagesResponse> {
    if caller.is_logged_in_user() {
        return Err(halley_kit::PublicError::new(
            halley_model::ErrorCode::PermissionDenied,
            "a user may not import messages",
        )
        .into());
    }
    if request.messages.len() > limits::BATCH_MAX {
        let problem = format!("must not have more than {} entries", limits::BATCH_MAX);
        return Err(FieldError::new("messages", problem).into());
    }
    let ids: Vec<String> = request.messages.iter().map(|item| item.muid.clone()).collect();
    let checked = check(messaging, caller.app_id(), request.messages).await?;
    let imported = write_right(messaging, caller.app_id(), checked).await?;
    let created = imported.iter().filter(|item| matches!(item, Ok(Imported::Created(_)))).count();
    let results = ids
        .into_iter()
        .zip(&imported)
        .map(|(id, item)| ItemResult { id, error: item.as_ref().err().map(MessagingError::to_item) })
        .collect();
    let messages = match request.with_messages {
        true => show(messaging, caller.app_id(), &imported).await?,
        false => Vec::new(),
    };
    Ok(ImportMessagesResponse { results, created: i32::try_from(created).unwrap_or(i32::MAX), messages })
}

/// Reads the items and looks whether those whom they name exist, by one question for each kind.
async fn check(messaging: &Messaging, app_id: &str, items: Vec<ImportedMessage>) -> Result<Vec<Result<Checked>>> {
    let checked: Vec<Result<Checked>> = items
        .into_iter()
        .map(|item| {
            let item = import::read(app_id, item)?;
            let message = &item.new.message;
            new_message::check(
                message.category(),
                &message.r#type,
                &message.data_json,
                &message.muid,
                &message.tags,
                limits::MESSAGE_DATA_MAX_BYTES,
            )?;
            Ok(item)
        })
        .collect();
    let named = || checked.iter().filter_map(|item| item.as_ref().ok());
    let users = messaging.directory.users(app_id, named().flat_map(Checked::uids)).await?;
    let groups = messaging.directory.groups(app_id, named().filter_map(Checked::guid)).await?;
    let exists = |item: Checked| -> Result<Checked> {
        if let Some(uid) = item.uids().find(|uid| *uid != APP_SYSTEM_UID && !users.contains_key(*uid)) {
            return Err(MessagingError::UserNotFound { uid: uid.to_owned() });
        }
        match item.guid().filter(|guid| !groups.contains_key(*guid)) {
            Some(guid) => Err(MessagingError::GroupNotFound { guid: guid.to_owned() }),
            None => Ok(item),
        }
    };
    Ok(checked.into_iter().map(|item| item.and_then(exists)).collect())
}

/// Writes the items that are right.
async fn write_right(
    messaging: &Messaging,
    app_id: &str,
    items: Vec<Result<Checked>>,
) -> Result<Vec<Result<Imported>>> {
    let right: Vec<&Checked> = items.iter().filter_map(|item| item.as_ref().ok()).collect();
    let mut attempt = 1;
    let written = loop {
        let connection = messaging.pool.acquire().await?;
        match write(connection, app_id, &right).await {
            Ok(written) => break written,
            Err(error) if attempt < TRIES && may_pass(&error) => attempt += 1,
            Err(error) => return Err(error.into()),
        }
    };
    let mut written = written.into_iter();
    let lost = || Err(MessagingError::Inconsistent("an imported message has no answer"));
    Ok(items.into_iter().map(|item| item.and_then(|_| written.next().unwrap_or_else(lost))).collect())
}

/// The stored messages of the items that did not fail, in their order.
async fn show(
    messaging: &Messaging,
    app_id: &str,
    imported: &[Result<Imported>],
) -> Result<Vec<halley_contracts::messaging::v1::Message>> {
    let ids: Vec<i64> = imported.iter().filter_map(|item| item.as_ref().ok()).map(Imported::id).collect();
    let rows = messages::list_by_ids(&messaging.pool, app_id, &ids).await?;
    let shown = messaging.show_messages(app_id, None, &rows).await?;
    let by_id: std::collections::HashMap<i64, _> = shown.into_iter().map(|message| (message.id, message)).collect();
    Ok(ids.iter().filter_map(|id| by_id.get(id).cloned()).collect())
}
