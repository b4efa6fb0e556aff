//! `ExportUser`.

use halley_contracts::groups::v1::{ExportUserRequest, ExportUserResponse};
use halley_kit::{Caller, export};

use crate::{
    domain,
    error::{GroupsError, Result},
    service::Groups,
    store,
};

impl From<export::ExportError> for GroupsError {
    fn from(error: export::ExportError) -> Self {
        match error {
            export::ExportError::Cursor(fault) => Self::Field(fault),
            export::ExportError::Database(error) => Self::Database(error),
        }
    }
}

pub(super) async fn export(groups: &Groups, caller: Caller, request: ExportUserRequest) -> Result<ExportUserResponse> {
    if caller.is_logged_in_user() {
        return Err(GroupsError::NotForUsers { what: "export what is stored of users" });
    }
    let Some(uid) = domain::known_uid(&request.uid) else { return Ok(ExportUserResponse::default()) };
    let of = (caller.app_id(), uid.as_str());
    let (rows, next_cursor) = export::page(&groups.pool, store::export::SECTIONS, of, &request.cursor).await?;
    Ok(ExportUserResponse { rows, next_cursor })
}
