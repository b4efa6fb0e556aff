//! Who may send whom what media needs.

use halley_contracts::messaging::v1 as pb;
use halley_kit::{Caller, time};
use halley_model::{ConversationKey, ErrorCode, rights::Scope};

use super::find;
use crate::{
    domain::call::{self, CallFault},
    error::{MessagingError, Result},
    service::Messaging,
    store::calls::{self, StoredParticipant},
};

/// Peers that are told: media between so many devices, each with each, is impossible long before.
const PEERS_MAX: i64 = 100;

pub(super) async fn list(
    messaging: &Messaging,
    caller: Caller,
    request: pb::ListCallPeersRequest,
) -> Result<pb::ListCallPeersResponse> {
    let app_id = caller.app_id();
    let call = find(messaging, app_id, &request.session_id).await?;
    if !call::is_live(call.status) {
        return Err(CallFault::Terminated.into());
    }
    let mut present = calls::list_present(&messaging.pool, app_id, &call.session_id, PEERS_MAX).await?;
    let guid = match &call.key {
        ConversationKey::Direct(..) => String::new(),
        ConversationKey::Group(guid) => {
            present = messaging.members_of(app_id, guid, present).await?;
            guid.clone()
        }
    };
    if let Some(uid) = caller.acting_uid()
        && !present.iter().any(|place| place.uid == uid)
    {
        return Err(CallFault::NotAPart { uid: uid.to_owned() }.into());
    }
    let peers = present.into_iter().map(|place| pb::CallPeer {
        uid: place.uid,
        device_id: place.device_id,
        joined_at_ms: time::opt_to_ms(place.joined_at),
    });
    Ok(pb::ListCallPeersResponse { guid, peers: peers.collect() })
}

impl Messaging {
    /// Those who are still in the group: who was removed from it may leave its call, and nothing else.
    async fn members_of(
        &self,
        app_id: &str,
        guid: &str,
        present: Vec<StoredParticipant>,
    ) -> Result<Vec<StoredParticipant>> {
        let uids = present.iter().map(|place| place.uid.clone()).collect();
        let everybody = [Scope::Admin, Scope::Moderator, Scope::Participant];
        let members = match self.directory.members_within(app_id, guid, uids, &everybody).await {
            Ok(members) => members,
            Err(MessagingError::Public(error)) if error.code == ErrorCode::GuidNotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        Ok(present.into_iter().filter(|place| members.contains(&place.uid)).collect())
    }
}
