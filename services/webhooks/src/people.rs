//! What events do not hold: users whom they name by their ids only, and who was in a call.

use std::{collections::HashMap, time::Duration};

use halley_contracts::{
    identity::v1::{BatchGetUsersRequest, User, identity_service_client::IdentityServiceClient},
    messaging::v1::{CallParticipant, GetCallRequest, calls_service_client::CallsServiceClient},
};
use halley_kit::{Caller, PublicError, Transport, transport::MESSAGE_MAX_BYTES};
use halley_model::ErrorCode;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks other services.
pub(crate) struct People {
    identity: Transport,
    messaging: Transport,
}

impl People {
    /// With services' transports.
    pub(crate) fn new(identity: Transport, messaging: Transport) -> Self {
        Self { identity, messaging }
    }

    /// Users by uid; who does not exist any more is missing.
    pub(crate) async fn users(&self, app_id: &str, uids: Vec<String>) -> Result<HashMap<String, User>, PublicError> {
        if uids.is_empty() {
            return Ok(HashMap::new());
        }
        let mut request = Caller::system(app_id).request(BatchGetUsersRequest { uids });
        request.set_timeout(PATIENCE);
        let mut identity =
            IdentityServiceClient::new(self.identity.clone()).max_decoding_message_size(MESSAGE_MAX_BYTES);
        let answer = identity.batch_get_users(request).await?.into_inner();
        Ok(answer.users.into_iter().map(|user| (user.uid.clone(), user)).collect())
    }

    /// Who had a part in a call, as far as it is known.
    pub(crate) async fn participants(
        &self,
        app_id: &str,
        session_id: &str,
    ) -> Result<Vec<CallParticipant>, PublicError> {
        let mut request = Caller::system(app_id).request(GetCallRequest { session_id: session_id.to_owned() });
        request.set_timeout(PATIENCE);
        match CallsServiceClient::new(self.messaging.clone()).get_call(request).await.map_err(PublicError::from) {
            Ok(answer) => Ok(answer.into_inner().call.unwrap_or_default().participants),
            Err(error) if error.code == ErrorCode::CallSessionNotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}
