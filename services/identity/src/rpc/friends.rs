//! Friends. Who is whose friend is the app's to say; a user may read their own.

use halley_contracts::{events::v1::RelationKind, identity::v1 as pb};
use halley_kit::{
    Caller,
    cursor::{Order, SortBy, Walk},
    page::Page,
    search::Prefix,
    time,
};
use halley_model::{Limit, limits};
use sqlx::PgConnection;

use super::commit;
use crate::{
    Identity, access,
    domain::{self, Circle, known_uid, known_uids},
    error::{IdentityError, Result, item},
    events,
    store::{self, users::UserRow},
};

pub(super) async fn add(
    identity: &Identity,
    caller: Caller,
    request: pb::AddFriendsRequest,
) -> Result<pb::AddFriendsResponse> {
    access::server_side(&caller, "change friends")?;
    let app_id = caller.app_id();
    let settings = identity.apps.settings(app_id).await;
    domain::at_most("accepted", &request.friends, settings.limit(Limit::FriendsPerCall))?;
    let uid = known_uid(&request.uid)?;
    let mut transaction = halley_kit::postgres::begin(&identity.pool).await?;
    let mut circle = lock_circle(&mut transaction, app_id, &uid, &request.friends).await?;
    circle.max = settings.limit_i64(Limit::Friends);
    let (mut results, mut added) = (Vec::new(), Vec::new());
    for given in request.friends {
        let outcome = circle.befriend(&given).map(|other| added.push(other));
        results.push(item(given, outcome)?);
    }
    store::friends::insert_friends(&mut transaction, app_id, &uid, &added, time::now()).await?;
    let facts: Vec<_> =
        added.iter().map(|other| events::relation_changed(&caller, RelationKind::Befriended, &uid, other)).collect();
    let pending = commit(transaction, &facts).await?;
    // It gives rights and takes none away.
    identity.relay.publish(pending);
    Ok(pb::AddFriendsResponse { results })
}

pub(super) async fn remove(
    identity: &Identity,
    caller: Caller,
    request: pb::RemoveFriendsRequest,
) -> Result<pb::RemoveFriendsResponse> {
    access::server_side(&caller, "change friends")?;
    domain::at_most("friends", &request.friends, limits::BATCH_MAX)?;
    let app_id = caller.app_id();
    let uid = known_uid(&request.uid)?;
    let mut transaction = halley_kit::postgres::begin(&identity.pool).await?;
    let mut circle = lock_circle(&mut transaction, app_id, &uid, &request.friends).await?;
    let (mut results, mut removed) = (Vec::new(), Vec::new());
    for given in request.friends {
        let outcome = circle.part(&given).map(|other| removed.push(other));
        results.push(item(given, outcome)?);
    }
    store::friends::delete_friends(&mut transaction, app_id, &uid, &removed).await?;
    let facts: Vec<_> =
        removed.iter().map(|other| events::relation_changed(&caller, RelationKind::Unfriended, &uid, other)).collect();
    let pending = commit(transaction, &facts).await?;
    identity.relay.publish_now(pending).await;
    Ok(pb::RemoveFriendsResponse { results })
}

/// Locks an active user with the others of a call, and reads how they stand to each other.
async fn lock_circle(connection: &mut PgConnection, app_id: &str, uid: &str, others: &[String]) -> Result<Circle> {
    let mut uids = known_uids(others);
    uids.push(uid.to_owned());
    let active = store::users::lock_active_users(connection, app_id, &uids).await?;
    if !active.contains(uid) {
        return Err(IdentityError::UserNotFound { uid: uid.to_owned() });
    }
    let friends = store::friends::list_friends_among(connection, app_id, uid, &uids).await?;
    let counts = store::friends::count_friends(connection, app_id, &uids).await?;
    Ok(Circle {
        uid: uid.to_owned(),
        active,
        friends: friends.into_iter().collect(),
        counts: counts.into_iter().collect(),
        max: i64::MAX,
    })
}

pub(super) async fn list(
    identity: &Identity,
    caller: Caller,
    request: pb::ListFriendsRequest,
) -> Result<pb::ListFriendsResponse> {
    let uid = known_uid(&request.uid)?;
    access::own_or_server_side(&caller, &uid, "list the friends of others")?;
    let order = Order { by: SortBy::Id, descending: false };
    let walk = Walk::new(Page::parse(request.page)?, &request.cursor, order, &store::friends::ORDERS)?;
    let search = Prefix::parse(&request.search_key)?;
    identity.find_active(caller.app_id(), &uid).await?;
    let (rows, total) =
        store::friends::list_friends(&identity.pool, caller.app_id(), &uid, search.as_ref(), &walk).await?;
    let page = walk.info(total, rows.len());
    let next_cursor = walk.cursor(rows.last().map(UserRow::keys));
    Ok(pb::ListFriendsResponse { users: rows.into_iter().map(Into::into).collect(), page: Some(page), next_cursor })
}
