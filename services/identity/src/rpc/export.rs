//! `ExportUser`.

use halley_contracts::identity::v1 as pb;
use halley_kit::{Caller, export};

use crate::{
    Identity, access, domain,
    error::{IdentityError, Result},
    store,
};

impl From<export::ExportError> for IdentityError {
    fn from(error: export::ExportError) -> Self {
        match error {
            export::ExportError::Cursor(fault) => Self::Field(fault),
            export::ExportError::Database(error) => Self::Database(error),
        }
    }
}

pub(super) async fn export(
    identity: &Identity,
    caller: Caller,
    request: pb::ExportUserRequest,
) -> Result<pb::ExportUserResponse> {
    access::server_side(&caller, "export what is stored of users")?;
    let uid = domain::known_uid(&request.uid)?;
    let of = (caller.app_id(), uid.as_str());
    let (rows, next_cursor) = export::page(&identity.pool, store::export::SECTIONS, of, &request.cursor).await?;
    Ok(pb::ExportUserResponse { rows, next_cursor })
}
