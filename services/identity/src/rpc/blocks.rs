//! Blocks, and how two users stand to each other.

use halley_contracts::{
    events::v1::RelationKind,
    identity::v1::{self as pb, BlockDirection},
};
use halley_kit::{
    Caller,
    cursor::{Order, SortBy, Walk},
    page::Page,
    search::Prefix,
    time,
};
use halley_model::{FieldError, limits};

use super::commit;
use crate::{
    Identity, access,
    domain::{self, known_uid, known_uids},
    error::{IdentityError, Result, item},
    events, store,
};

pub(super) async fn block(
    identity: &Identity,
    caller: Caller,
    request: pb::BlockUsersRequest,
) -> Result<pb::BlockUsersResponse> {
    let uid = known_uid(&request.uid)?;
    access::own_or_server_side(&caller, &uid, "block for others")?;
    domain::at_most("blockedUids", &request.blocked_uids, limits::BATCH_MAX)?;
    let app_id = caller.app_id();
    let mut uids = known_uids(&request.blocked_uids);
    uids.push(uid.clone());
    let mut transaction = halley_kit::postgres::begin(&identity.pool).await?;
    let active = store::users::lock_active_users(&mut transaction, app_id, &uids).await?;
    if !active.contains(&uid) {
        return Err(IdentityError::UserNotFound { uid });
    }
    let (mut results, mut to_block) = (Vec::new(), Vec::new());
    for given in request.blocked_uids {
        let outcome = known_uid(&given).and_then(|other| match other {
            other if other == uid => Err(IdentityError::SelfBlock),
            other if active.contains(&other) => {
                to_block.push(other);
                Ok(())
            }
            other => Err(IdentityError::UserNotFound { uid: other }),
        });
        results.push(item(given, outcome)?);
    }
    let blocked = store::blocks::insert_blocks(&mut transaction, app_id, &uid, &to_block, time::now()).await?;
    let facts: Vec<_> =
        blocked.iter().map(|other| events::relation_changed(&caller, RelationKind::Blocked, &uid, other)).collect();
    let pending = commit(transaction, &facts).await?;
    identity.relay.publish_now(pending).await;
    Ok(pb::BlockUsersResponse { results })
}

/// Who was not blocked is so afterwards too: that is no fault.
pub(super) async fn unblock(
    identity: &Identity,
    caller: Caller,
    request: pb::UnblockUsersRequest,
) -> Result<pb::UnblockUsersResponse> {
    let uid = known_uid(&request.uid)?;
    access::own_or_server_side(&caller, &uid, "unblock for others")?;
    domain::at_most("blockedUids", &request.blocked_uids, limits::BATCH_MAX)?;
    let app_id = caller.app_id();
    let others = known_uids(&request.blocked_uids);
    let mut uids = others.clone();
    uids.push(uid.clone());
    let mut transaction = halley_kit::postgres::begin(&identity.pool).await?;
    let active = store::users::lock_active_users(&mut transaction, app_id, &uids).await?;
    if !active.contains(&uid) {
        return Err(IdentityError::UserNotFound { uid });
    }
    let unblocked = store::blocks::delete_blocks(&mut transaction, app_id, &uid, &others).await?;
    let facts: Vec<_> =
        unblocked.iter().map(|other| events::relation_changed(&caller, RelationKind::Unblocked, &uid, other)).collect();
    let pending = commit(transaction, &facts).await?;
    // It gives rights and takes none away.
    identity.relay.publish(pending);
    let results = request.blocked_uids.into_iter().map(|given| {
        let outcome = known_uid(&given).map(drop);
        item(given, outcome)
    });
    Ok(pb::UnblockUsersResponse { results: results.collect::<Result<_>>()? })
}

pub(super) async fn list(
    identity: &Identity,
    caller: Caller,
    request: pb::ListBlockedUsersRequest,
) -> Result<pb::ListBlockedUsersResponse> {
    let uid = known_uid(&request.uid)?;
    access::own_or_server_side(&caller, &uid, "list the blocks of others")?;
    let ends = ends(request.direction)?;
    let order = Order { by: SortBy::Id, descending: false };
    let walk = Walk::new(Page::parse(request.page)?, &request.cursor, order, &store::blocks::ORDERS)?;
    let search = Prefix::parse(&request.search_key)?;
    identity.find_active(caller.app_id(), &uid).await?;
    let (rows, total) =
        store::blocks::list_blocked_users(&identity.pool, caller.app_id(), &uid, ends, search.as_ref(), &walk).await?;
    let page = walk.info(total, rows.len());
    let next_cursor = walk.cursor(rows.last().map(|row| row.user.keys()));
    let users = rows.into_iter().map(|row| pb::BlockedUser {
        user: Some(row.user.into()),
        blocked_by_me_at_ms: time::opt_to_ms(row.blocked_at),
        has_blocked_me_at_ms: time::opt_to_ms(row.blocked_by_other_at),
    });
    Ok(pb::ListBlockedUsersResponse { users: users.collect(), page: Some(page), next_cursor })
}

/// Whether those whom the user has blocked are listed, and those who have blocked the user.
fn ends(direction: i32) -> Result<(bool, bool)> {
    match BlockDirection::try_from(direction) {
        Ok(BlockDirection::Unspecified | BlockDirection::BlockedByMe) => Ok((true, false)),
        Ok(BlockDirection::HasBlockedMe) => Ok((false, true)),
        Ok(BlockDirection::Both) => Ok((true, true)),
        Err(_) => Err(FieldError::new("direction", "must be both, blockedByMe or hasBlockedMe").into()),
    }
}

/// Between users of whom one does not exist there is nothing.
pub(super) async fn get_relation(
    identity: &Identity,
    caller: Caller,
    request: pb::GetRelationRequest,
) -> Result<pb::GetRelationResponse> {
    let uid = known_uid(&request.uid)?;
    access::own_or_server_side(&caller, &uid, "ask how others stand to each other")?;
    let other_uid = known_uid(&request.other_uid)?;
    let relation = store::blocks::get_relation(&identity.pool, caller.app_id(), &uid, &other_uid).await?;
    Ok(pb::GetRelationResponse {
        blocked_at_ms: time::opt_to_ms(relation.blocked_at),
        blocked_by_other_at_ms: time::opt_to_ms(relation.blocked_by_other_at),
        friends: relation.friends,
    })
}
