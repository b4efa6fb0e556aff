//! How many take part in a call: asked of the host that the settings name for it, without a credential. The session id of a
//! call is known to its conversation alone, and says whose app it is.

use std::sync::Arc;

use axum::{extract::State as Shared, http::request::Parts};
use halley_contracts::messaging::v1::ListCallPeersRequest;
use halley_kit::{Caller, PublicError};
use halley_model::{AppId, ErrorCode};
use serde_json::json;

use crate::{
    input::Query,
    openapi::{answer, query},
    reply::{Reply, bare},
    state::State,
};

/// Counts the participants of a call.
///
/// Needs no credential. A call that is over, or that there is none, has no participants.
#[utoipa::path(
    get, path = "/room-size", tag = "calls", operation_id = "count-call-participants",
    params(query::Room),
    responses((status = 200, body = answer::RoomSize)),
    security(())
)]
pub async fn count(Shared(state): Shared<Arc<State>>, parts: Parts, query: Query) -> Reply {
    state.guesses.check(&state.config, &parts)?;
    let room = query.text("room").unwrap_or_default();
    let participants = match app_of(room) {
        Some(app_id) => participants(&state, &app_id, room).await?,
        None => None,
    };
    let mut response = bare(&json!({"participants": participants.unwrap_or_default()}));
    if participants.is_none() {
        // The id is the only credential here, so a wrong one counts as that.
        response.extensions_mut().insert(ErrorCode::InvalidCredentials);
    }
    Ok(response)
}

/// `None`: there is no such call.
async fn participants(state: &State, app_id: &AppId, session_id: &str) -> Result<Option<usize>, PublicError> {
    let request = ListCallPeersRequest { session_id: session_id.to_owned() };
    match state.calls().list_call_peers(Caller::system(app_id.as_str()).request(request)).await {
        Ok(answer) => Ok(Some(answer.into_inner().peers.len())),
        Err(status) => match PublicError::from_status(&status) {
            error if error.code == ErrorCode::CallTerminated => Ok(Some(0)),
            error if error.code == ErrorCode::CallSessionNotFound => Ok(None),
            error => Err(error),
        },
    }
}

/// `v1.{region}.{app}.{time and a random number}`
fn app_of(session_id: &str) -> Option<AppId> {
    let (front, _) = session_id.rsplit_once('.')?;
    AppId::parse(front.splitn(3, '.').nth(2)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_id_says_whose_app_it_is() {
        assert_eq!(app_of("v1.us.app.1700000000ab").map(|app| app.as_str().to_owned()), Some("app".to_owned()));
        for none in ["", "v1", "v1.us.app", "v1.us..17", "...."] {
            assert!(app_of(none).is_none(), "{none}");
        }
    }
}
