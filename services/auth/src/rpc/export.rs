//! `ExportUser`.

use halley_contracts::auth::v1 as pb;
use halley_kit::export;
use halley_model::Uid;

use crate::{Auth, error::AuthError, store};

impl From<export::ExportError> for AuthError {
    fn from(error: export::ExportError) -> Self {
        match error {
            export::ExportError::Cursor(fault) => Self::Field(fault),
            export::ExportError::Database(error) => Self::Database(error),
        }
    }
}

pub async fn export(auth: &Auth, request: pb::ExportUserRequest) -> Result<pb::ExportUserResponse, AuthError> {
    let Ok(uid) = Uid::parse(&request.uid) else { return Ok(pb::ExportUserResponse::default()) };
    let of = (request.app_id.as_str(), uid.as_str());
    let (rows, next_cursor) = export::page(&auth.pool, store::export::SECTIONS, of, &request.cursor).await?;
    Ok(pb::ExportUserResponse { rows, next_cursor })
}
