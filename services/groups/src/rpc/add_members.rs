//! `AddMembers`.

use halley_contracts::groups::v1::{AddMembersRequest, AddMembersResponse};
use halley_kit::{Caller, time};
use halley_model::{Limit, rights::Action};

use super::{
    outcomes::{self, Room},
    seats::Seats,
};
use crate::{
    access::Scene,
    domain::{self, Wanted},
    error::Result,
    events::Origin,
    service::Groups,
};

pub(super) async fn add(groups: &Groups, caller: Caller, request: AddMembersRequest) -> Result<AddMembersResponse> {
    let guid = domain::known_guid(&request.guid)?;
    let settings = groups.apps.settings(caller.app_id()).await;
    let wanted = Wanted::parse(request.members.unwrap_or_default(), settings.limit(Limit::MembersPerCall))?;
    let uids: Vec<&str> = wanted.iter().filter_map(|wanted| wanted.uid.as_deref()).collect();
    let mut transaction = halley_kit::postgres::begin(&groups.pool).await?;
    let (scene, _) = Scene::lock(&mut transaction, &caller, &guid, &uids).await?;
    scene.require(Action::AddMembers)?;
    let seats = Seats::of(&mut transaction, caller.app_id(), &settings, &uids).await?;
    let room = Room { uncounted: 0, max: settings.limit(Limit::Members), seats };
    let applied = outcomes::apply(&mut transaction, Origin::of(&caller), &scene, &wanted, &room, time::now()).await?;
    groups.commit(transaction, &applied.entries).await?;
    Ok(AddMembersResponse { group: Some(applied.group), outcomes: applied.outcomes })
}
