//! `ImportUsers`.
//!
//! One transaction for a call: an interrupted import is repeated as it is, and who is there already stays so. No fact is
//! told: caches remember who exists, never who does not.

use std::collections::HashSet;

use halley_contracts::identity::v1 as pb;
use halley_kit::{Caller, time};
use halley_model::limits;

use crate::{
    Identity, access,
    domain::{self, NewUser},
    error::{IdentityError, Result, item},
    store,
};

pub(super) async fn import(
    identity: &Identity,
    caller: Caller,
    request: pb::ImportUsersRequest,
) -> Result<pb::ImportUsersResponse> {
    access::server_side(&caller, "import users")?;
    domain::at_most("users", &request.users, limits::BATCH_MAX)?;
    let (app_id, now) = (caller.app_id(), time::now());
    let parsed: Vec<(String, Result<NewUser>)> =
        request.users.into_iter().map(|user| (user.uid.clone(), NewUser::parse_imported(user, now))).collect();

    let mut transaction = identity.begin_with_default_role(app_id).await?;
    let named: HashSet<String> =
        parsed.iter().filter_map(|(_, user)| user.as_ref().ok()).map(|user| user.role.clone()).collect();
    let named: Vec<String> = named.into_iter().collect();
    let known: HashSet<String> =
        store::roles::lock_known_roles(&mut transaction, app_id, &named).await?.into_iter().collect();
    let mut right = Vec::new();
    let mut results = Vec::new();
    for (id, user) in parsed {
        let checked = match user {
            Ok(user) if known.contains(&user.role) => {
                right.push(user);
                Ok(())
            }
            Ok(user) => Err(IdentityError::RoleNotFound { role: user.role }),
            Err(fault) => Err(fault),
        };
        results.push(item(id, checked)?);
    }
    // In uid order, so that two imports of the same users never wait for each other; of repeats the first one counts.
    right.sort_by(|a, b| a.uid.cmp(&b.uid));
    let created = store::users::insert_users(&mut transaction, app_id, &right).await?.len();
    transaction.commit().await?;
    Ok(pb::ImportUsersResponse { results, created: i32::try_from(created).unwrap_or(i32::MAX) })
}
