//! `TouchUsers`. No fact is told: a time that changes with every socket is not worth emptying caches for.

use halley_contracts::identity::v1 as pb;
use halley_kit::{Caller, time};
use halley_model::{FieldError, limits};

use crate::{
    Identity, access,
    domain::{self, known_uids},
    error::Result,
    store,
};

pub(super) async fn touch(
    identity: &Identity,
    caller: Caller,
    request: pb::TouchUsersRequest,
) -> Result<pb::TouchUsersResponse> {
    access::server_side(&caller, "say when users were online")?;
    domain::at_most("uids", &request.uids, limits::BATCH_MAX)?;
    let seen_at = time::from_ms(request.seen_at_ms).ok_or_else(|| FieldError::new("seenAt", "must be a time"))?;
    // Clocks of machines differ a little; nobody was seen in the future.
    let seen_at = seen_at.min(time::now());
    store::users::update_last_active_at(&identity.pool, caller.app_id(), &known_uids(&request.uids), seen_at).await?;
    Ok(pb::TouchUsersResponse {})
}
