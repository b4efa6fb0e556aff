//! `ImportGroups`.

use std::collections::HashSet;

use halley_contracts::groups::v1::{ImportGroupsRequest, ImportGroupsResponse, ImportedGroup};
use halley_kit::{Caller, time};
use halley_model::limits;

use crate::{
    access,
    domain::{self, NewGroup},
    error::{Result, item},
    service::Groups,
    store::imports,
};

/// Nothing is told of it: nobody knows anything of a group that was not there.
pub(super) async fn import(
    groups: &Groups,
    caller: Caller,
    request: ImportGroupsRequest,
) -> Result<ImportGroupsResponse> {
    access::app_only(&caller, "import groups")?;
    domain::at_most("groups", &request.groups, limits::BATCH_MAX)?;
    let (results, new) = parse(request.groups)?;
    let hashed = hash(groups, caller.app_id(), new).await?;
    let mut transaction = halley_kit::postgres::begin(&groups.pool).await?;
    let created = imports::insert_groups(&mut transaction, caller.app_id(), &hashed).await?;
    transaction.commit().await?;
    // At most as many as were asked for.
    Ok(ImportGroupsResponse { results, created: created as i32 })
}

/// The fate of each group, and those to store. Of several with one guid the first is.
fn parse(groups: Vec<ImportedGroup>) -> Result<(Vec<halley_contracts::common::v1::ItemResult>, Vec<NewGroup>)> {
    let now = time::now();
    let mut seen = HashSet::new();
    let mut results = Vec::with_capacity(groups.len());
    let mut new = Vec::with_capacity(groups.len());
    for imported in groups {
        let id = imported.group.as_ref().map(|group| group.guid.clone()).unwrap_or_default();
        let outcome = match NewGroup::parse_imported(imported, now) {
            Ok(group) => {
                if seen.insert(group.guid.clone()) {
                    new.push(group);
                }
                Ok(())
            }
            Err(fault) => Err(fault),
        };
        results.push(item(id, outcome)?);
    }
    Ok((results, new))
}

/// Adds the hashes of passwords, without those groups that exist already: hashing is slow on purpose.
async fn hash(groups: &Groups, app_id: &str, new: Vec<NewGroup>) -> Result<Vec<(NewGroup, Option<String>)>> {
    let protected: Vec<&str> =
        new.iter().filter(|group| group.password.is_some()).map(|group| group.guid.as_str()).collect();
    let existing: HashSet<String> = if protected.is_empty() {
        HashSet::new()
    } else {
        imports::list_existing_guids(&groups.pool, app_id, &protected).await?.into_iter().collect()
    };
    let mut hashed = Vec::with_capacity(new.len());
    for mut group in new {
        let hash = match group.password.take() {
            Some(_) if existing.contains(&group.guid) => continue,
            // One after another: an import leaves the other cores to those who wait for an answer.
            Some(password) => Some(groups.passwords.hash(password).await?),
            None => None,
        };
        hashed.push((group, hash));
    }
    Ok(hashed)
}
