//! `UpdateGroup`.

use halley_contracts::groups::v1::{UpdateGroupRequest, UpdateGroupResponse};
use halley_kit::{Caller, time};
use halley_model::{Limit, rights::Action};

use super::{ownership, seats::Seats};
use crate::{
    access::Scene,
    domain::{self, GroupChanges, Kind},
    error::Result,
    service::Groups,
    store::groups::Update,
};

pub(super) async fn update(
    groups: &Groups,
    caller: Caller,
    request: UpdateGroupRequest,
) -> Result<UpdateGroupResponse> {
    let guid = domain::known_guid(&request.guid)?;
    let changes = GroupChanges::parse(&caller, request)?;
    let settings = groups.apps.settings(caller.app_id()).await;
    if let Some(tags) = &changes.tags {
        domain::at_most("tags", tags, settings.limit(Limit::Tags))?;
    }
    let hash = hash(groups, &caller, &guid, &changes).await?;
    let named: Vec<&str> = changes.owner.as_deref().into_iter().collect();
    let mut transaction = halley_kit::postgres::begin(&groups.pool).await?;
    let (scene, stored_hash) = Scene::lock(&mut transaction, &caller, &guid, &named).await?;
    scene.require(Action::UpdateGroup)?;
    let kind = changes.kind_after(scene.group.kind)?;
    let at = time::now();
    let rise = match &changes.owner {
        Some(owner) => {
            let seats = Seats::of(&mut transaction, caller.app_id(), &settings, &named).await?;
            ownership::give(&mut transaction, caller.app_id(), &scene, owner, &seats, at).await?
        }
        None => None,
    };
    let hash = hash.or(stored_hash).filter(|_| kind == Kind::Password);
    let update = Update {
        kind,
        password_hash: hash.as_deref(),
        owner: changes.owner.as_deref().unwrap_or(&scene.group.owner),
        joined: i32::from(rise.is_some_and(|rise| rise.before.is_none())),
        at,
        by: caller.actor(),
    };
    let (group, entries) = ownership::write(&mut transaction, &caller, &scene, &changes, update, rise).await?;
    groups.commit(transaction, &entries).await?;
    Ok(UpdateGroupResponse { group: Some(group), own: scene.show_own() })
}

/// The hash of a new password. Hashing costs, so who may not change the group is refused before.
async fn hash(groups: &Groups, caller: &Caller, guid: &str, changes: &GroupChanges) -> Result<Option<String>> {
    let Some(password) = &changes.password else { return Ok(None) };
    let scene = Scene::read(groups, caller, guid).await?;
    scene.require(Action::UpdateGroup)?;
    changes.kind_after(scene.group.kind)?;
    groups.passwords.hash(password.clone()).await.map(Some)
}
