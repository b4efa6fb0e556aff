//! `ExportUser`, and the files of what was erased.

use halley_contracts::{
    common::v1::caller::Principal,
    messaging::v1::{
        ExportUserRequest, ExportUserResponse, ForgetErasedFilesRequest, ForgetErasedFilesResponse,
        ListErasedFilesRequest, ListErasedFilesResponse,
    },
};
use halley_kit::{Caller, PublicError, export};
use halley_model::{ErrorCode, Uid};

use crate::{
    error::{MessagingError, Result},
    service::Messaging,
    store::{self, erased_files},
};

impl From<export::ExportError> for MessagingError {
    fn from(error: export::ExportError) -> Self {
        match error {
            export::ExportError::Cursor(fault) => Self::Field(fault),
            export::ExportError::Database(error) => Self::Database(error),
        }
    }
}

fn denied(what: &str) -> MessagingError {
    PublicError::new(ErrorCode::PermissionDenied, what).into()
}

pub(super) async fn export(
    messaging: &Messaging,
    caller: Caller,
    request: ExportUserRequest,
) -> Result<ExportUserResponse> {
    if caller.is_logged_in_user() {
        return Err(denied("a user may not export what is stored of users"));
    }
    let Ok(uid) = Uid::parse(&request.uid) else { return Ok(ExportUserResponse::default()) };
    let of = (caller.app_id(), uid.as_str());
    let (rows, next_cursor) = export::page(&messaging.pool, store::export::SECTIONS, of, &request.cursor).await?;
    Ok(ExportUserResponse { rows, next_cursor })
}

/// The files are of all apps, so nobody but Halley itself is told of them.
fn own(caller: &Caller) -> Result<()> {
    match caller.principal() {
        Principal::System(_) => Ok(()),
        Principal::User(_) | Principal::ApiKey(_) => Err(denied("files are looked after by Halley itself")),
    }
}

pub(super) async fn list_files(
    messaging: &Messaging,
    caller: Caller,
    _: ListErasedFilesRequest,
) -> Result<ListErasedFilesResponse> {
    own(&caller)?;
    Ok(ListErasedFilesResponse { files: erased_files::list(&messaging.pool).await? })
}

pub(super) async fn forget_files(
    messaging: &Messaging,
    caller: Caller,
    request: ForgetErasedFilesRequest,
) -> Result<ForgetErasedFilesResponse> {
    own(&caller)?;
    erased_files::forget(&messaging.pool, &request.files).await?;
    Ok(ForgetErasedFilesResponse {})
}
