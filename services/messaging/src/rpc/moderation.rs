//! `ModerationService`: reports of messages, and what the app's side makes of them.

use std::{collections::HashMap, sync::Arc};

use halley_bus::outbox;
use halley_contracts::{
    common::v1::PageRequest,
    messaging::v1::{self as pb, ModerationStatus, moderation_service_server::ModerationService},
};
use halley_kit::{Caller, page::Page, time};
use halley_model::FieldError;
use sqlx::{Postgres, pool::PoolConnection};
use tonic::Request;

use super::{
    Answer, answer,
    messages::{lock_conversation_of, lock_message, read_locked},
};
use crate::{
    domain::{
        change,
        moderation::{self, REASONS_MAX},
    },
    error::{MessagingError, Result},
    events,
    service::Messaging,
    store::{
        begin_batch,
        flags::{self, FlagRow, FlaggedRow, ReasonRow},
        messages,
    },
};

/// Rows of a page of reports when the caller names no number.
const FLAGGED_DEFAULT: i32 = 50;

/// The service as tonic mounts it.
pub(crate) struct Moderation(pub Arc<Messaging>);

#[tonic::async_trait]
impl ModerationService for Moderation {
    async fn flag_message(&self, request: Request<pb::FlagMessageRequest>) -> Answer<pb::FlagMessageResponse> {
        answer(request, |caller, body| flag(&self.0, caller, body)).await
    }

    async fn list_flagged_messages(
        &self,
        request: Request<pb::ListFlaggedMessagesRequest>,
    ) -> Answer<pb::ListFlaggedMessagesResponse> {
        answer(request, |caller, body| list_flagged(&self.0, caller, body)).await
    }

    async fn review_message(&self, request: Request<pb::ReviewMessageRequest>) -> Answer<pb::ReviewMessageResponse> {
        answer(request, |caller, body| review(&self.0, caller, body)).await
    }

    async fn create_reason(&self, request: Request<pb::CreateReasonRequest>) -> Answer<pb::CreateReasonResponse> {
        answer(request, |caller, body| create_reason(&self.0, caller, body)).await
    }

    async fn list_reasons(&self, request: Request<pb::ListReasonsRequest>) -> Answer<pb::ListReasonsResponse> {
        answer(request, |caller, body| list_reasons(&self.0, caller, body)).await
    }

    async fn get_reason(&self, request: Request<pb::GetReasonRequest>) -> Answer<pb::GetReasonResponse> {
        answer(request, |caller, body| get_reason(&self.0, caller, body)).await
    }

    async fn update_reason(&self, request: Request<pb::UpdateReasonRequest>) -> Answer<pb::UpdateReasonResponse> {
        answer(request, |caller, body| update_reason(&self.0, caller, body)).await
    }

    async fn delete_reason(&self, request: Request<pb::DeleteReasonRequest>) -> Answer<pb::DeleteReasonResponse> {
        answer(request, |caller, body| delete_reason(&self.0, caller, body)).await
    }
}

fn server_side(caller: &Caller, what: &'static str) -> Result<()> {
    if caller.is_logged_in_user() { Err(MessagingError::NotForUsers { what }) } else { Ok(()) }
}

fn no_reason(id: &str) -> MessagingError {
    MessagingError::ReasonNotFound { id: id.to_owned() }
}

impl Messaging {
    /// A connection, after the app has got its default reasons.
    async fn with_reasons(&self, app_id: &str) -> Result<PoolConnection<Postgres>> {
        let mut connection = self.pool.acquire().await?;
        flags::insert_default_reasons(&mut connection, app_id, time::now()).await?;
        Ok(connection)
    }
}

async fn flag(
    messaging: &Messaging,
    caller: Caller,
    request: pb::FlagMessageRequest,
) -> Result<pb::FlagMessageResponse> {
    let (app_id, uid) = (caller.app_id(), caller.require_uid()?);
    moderation::check_remark(&request.remark)?;
    let target = messaging.living_message(&caller, request.message_id).await?;
    change::require_changeable(&target)?;
    moderation::require_shown(&target)?;
    let mut connection = messaging.with_reasons(app_id).await?;
    let reason_id = request.reason_id.to_ascii_lowercase();
    let reason = flags::find_reason(&mut connection, app_id, &reason_id).await?;
    let reason = reason.ok_or_else(|| no_reason(&request.reason_id))?;
    let mut transaction = begin_batch(connection).await?;
    // A decision that was made meanwhile stands, unless it was to leave the message where it is.
    let target = lock_message(&mut transaction, app_id, target).await?;
    moderation::require_shown(&target)?;
    let row = FlagRow {
        message_id: target.message_id,
        uid: uid.to_owned(),
        reason_id: reason.reason_id,
        reason_name: reason.name,
        reason_description: reason.description,
        remark: request.remark,
        flagged_at: time::now(),
    };
    flags::flag(&mut transaction, app_id, &row).await?;
    transaction.commit().await?;
    Ok(pb::FlagMessageResponse {})
}

async fn list_flagged(
    messaging: &Messaging,
    caller: Caller,
    request: pb::ListFlaggedMessagesRequest,
) -> Result<pb::ListFlaggedMessagesResponse> {
    server_side(&caller, "see what others reported")?;
    let asked = request.page.unwrap_or_default();
    let per_page = if asked.per_page == 0 { FLAGGED_DEFAULT } else { asked.per_page };
    let page = Page::parse(Some(PageRequest { per_page, ..asked }))?;
    let app_id = caller.app_id();
    let rows = flags::list_flagged(&messaging.pool, app_id, request.reviewed, page.limit(), page.offset()).await?;
    let count = rows.len();
    let total = match page.total_at_end(count) {
        Some(total) => total,
        None => flags::count_flagged(&messaging.pool, app_id, request.reviewed).await?,
    };
    let messages = messaging.show_flagged(app_id, rows).await?;
    Ok(pb::ListFlaggedMessagesResponse { messages, page: Some(page.info(total, count)) })
}

impl Messaging {
    /// Reported messages in the order of the rows, as the app sees them.
    async fn show_flagged(&self, app_id: &str, rows: Vec<FlaggedRow>) -> Result<Vec<pb::FlaggedMessage>> {
        let ids: Vec<i64> = rows.iter().map(|row| row.message_id).collect();
        let mut flags = flags::list_flags(&self.pool, app_id, &ids).await?;
        let stored = messages::list_by_ids(&self.pool, app_id, &ids).await?;
        let shown = self.show_messages(app_id, None, &stored).await?;
        let mut shown: HashMap<i64, pb::Message> = shown.into_iter().map(|message| (message.id, message)).collect();
        let messages = rows.into_iter().map(|row| pb::FlaggedMessage {
            message: shown.remove(&row.message_id),
            flags: flags.remove(&row.message_id).unwrap_or_default().into_iter().map(show_flag).collect(),
            flag_count: row.flag_count,
            first_flagged_at_ms: time::to_ms(row.first_flagged_at),
            last_flagged_at_ms: time::to_ms(row.last_flagged_at),
            status: moderation::status_of(row.status).into(),
            reviewed_at_ms: time::opt_to_ms(row.reviewed_at),
            reviewed_by: row.reviewed_by.unwrap_or_default(),
        });
        Ok(messages.collect())
    }
}

fn show_flag(row: FlagRow) -> pb::Flag {
    pb::Flag {
        uid: row.uid,
        reason_id: row.reason_id,
        reason_name: row.reason_name,
        reason_description: row.reason_description,
        remark: row.remark,
        flagged_at_ms: time::to_ms(row.flagged_at),
    }
}

async fn review(
    messaging: &Messaging,
    caller: Caller,
    request: pb::ReviewMessageRequest,
) -> Result<pb::ReviewMessageResponse> {
    server_side(&caller, "decide about reports")?;
    let (app_id, id, status) = (caller.app_id(), request.message_id, request.status());
    if status == ModerationStatus::Unspecified {
        return Err(FieldError::new("status", "must be approved or disapproved").into());
    }
    let not_found = || MessagingError::MessageNotFound { id };
    // As the app itself: the moderator whom an API key names need not be part of the conversation, and what was deleted
    // leaves the queue, too.
    let target = messages::list_by_ids(&messaging.pool, app_id, &[id]).await?.pop().ok_or_else(not_found)?;
    if !flags::is_flagged(&messaging.pool, app_id, id).await? {
        return Err(not_found());
    }
    let mut shown = messaging.show_message(app_id, None, &target).await?;
    let mut transaction = begin_batch(messaging.pool.acquire().await?).await?;
    if !target.retired {
        lock_conversation_of(&mut transaction, app_id, &target).await?;
    }
    let before = read_locked(&mut transaction, app_id, id).await?;
    flags::review(&mut transaction, app_id, id, status, caller.actor(), time::now()).await?;
    let now = read_locked(&mut transaction, app_id, id).await?;
    change::show(&mut shown, &now);
    shown.moderation = now.moderation.into();
    let is_news = !now.retired && now.moderation != before.moderation;
    let entry = is_news.then(|| events::moderated(app_id, &now.key, shown));
    let pending = outbox::insert(&mut transaction, entry.as_slice()).await?;
    transaction.commit().await?;
    messaging.relay.publish(pending);
    Ok(pb::ReviewMessageResponse {})
}

async fn create_reason(
    messaging: &Messaging,
    caller: Caller,
    request: pb::CreateReasonRequest,
) -> Result<pb::CreateReasonResponse> {
    server_side(&caller, "make reasons")?;
    let id = moderation::parse_reason_id(&request.id)?;
    moderation::check_reason(Some(&request.name), Some(&request.description))?;
    let app_id = caller.app_id();
    let mut connection = messaging.with_reasons(app_id).await?;
    // Calls at the same moment may pass the limit by one.
    if flags::count_reasons(&mut connection, app_id).await? >= REASONS_MAX {
        return Err(FieldError::new("id", format!("an app has at most {REASONS_MAX} reasons")).into());
    }
    let texts = (id.as_str(), request.name.as_str(), request.description.as_str());
    let made = flags::insert_reason(&mut connection, app_id, texts, time::now()).await?;
    let made = made.ok_or_else(|| FieldError::new("id", "is taken"))?;
    Ok(pb::CreateReasonResponse { reason: Some(show_reason(made)) })
}

async fn list_reasons(
    messaging: &Messaging,
    caller: Caller,
    request: pb::ListReasonsRequest,
) -> Result<pb::ListReasonsResponse> {
    let page = Page::parse(request.page)?;
    let app_id = caller.app_id();
    let mut connection = messaging.with_reasons(app_id).await?;
    let rows = flags::list_reasons(&mut connection, app_id, page.limit(), page.offset()).await?;
    let count = rows.len();
    let total = match page.total_at_end(count) {
        Some(total) => total,
        None => flags::count_reasons(&mut connection, app_id).await?,
    };
    let reasons = rows.into_iter().map(show_reason).collect();
    Ok(pb::ListReasonsResponse { reasons, page: Some(page.info(total, count)) })
}

async fn get_reason(
    messaging: &Messaging,
    caller: Caller,
    request: pb::GetReasonRequest,
) -> Result<pb::GetReasonResponse> {
    let mut connection = messaging.with_reasons(caller.app_id()).await?;
    let id = request.id.to_ascii_lowercase();
    let row = flags::find_reason(&mut connection, caller.app_id(), &id).await?;
    Ok(pb::GetReasonResponse { reason: Some(show_reason(row.ok_or_else(|| no_reason(&request.id))?)) })
}

async fn update_reason(
    messaging: &Messaging,
    caller: Caller,
    request: pb::UpdateReasonRequest,
) -> Result<pb::UpdateReasonResponse> {
    server_side(&caller, "change reasons")?;
    let texts = (request.name.as_deref(), request.description.as_deref());
    moderation::check_reason(texts.0, texts.1)?;
    let mut connection = messaging.with_reasons(caller.app_id()).await?;
    let id = request.id.to_ascii_lowercase();
    let row = flags::update_reason(&mut connection, caller.app_id(), &id, texts, time::now()).await?;
    Ok(pb::UpdateReasonResponse { reason: Some(show_reason(row.ok_or_else(|| no_reason(&request.id))?)) })
}

async fn delete_reason(
    messaging: &Messaging,
    caller: Caller,
    request: pb::DeleteReasonRequest,
) -> Result<pb::DeleteReasonResponse> {
    server_side(&caller, "delete reasons")?;
    let mut connection = messaging.with_reasons(caller.app_id()).await?;
    let id = request.id.to_ascii_lowercase();
    match flags::delete_reason(&mut connection, caller.app_id(), &id, time::now()).await? {
        true => Ok(pb::DeleteReasonResponse {}),
        false => Err(no_reason(&request.id)),
    }
}

fn show_reason(row: ReasonRow) -> pb::Reason {
    pb::Reason {
        id: row.reason_id,
        name: row.name,
        description: row.description,
        created_at_ms: time::to_ms(row.created_at),
        updated_at_ms: time::to_ms(row.updated_at),
        is_default: row.is_default,
    }
}
