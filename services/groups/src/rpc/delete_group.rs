//! `DeleteGroup`.

use halley_contracts::{
    events::v1::ChangeKind,
    groups::v1::{DeleteGroupRequest, DeleteGroupResponse},
};
use halley_kit::Caller;
use halley_model::rights::Action;

use crate::{
    access::Scene,
    domain,
    error::Result,
    events::{self, Origin},
    service::Groups,
    store,
};

pub(super) async fn delete(
    groups: &Groups,
    caller: Caller,
    request: DeleteGroupRequest,
) -> Result<DeleteGroupResponse> {
    let guid = domain::known_guid(&request.guid)?;
    let mut transaction = halley_kit::postgres::begin(&groups.pool).await?;
    let (scene, _) = Scene::lock(&mut transaction, &caller, &guid, &[]).await?;
    scene.require(Action::DeleteGroup)?;
    store::groups::delete_group(&mut transaction, caller.app_id(), &guid).await?;
    let entry = events::group_changed(Origin::of(&caller), ChangeKind::Deleted, scene.group.into());
    groups.commit(transaction, &[entry]).await?;
    Ok(DeleteGroupResponse {})
}
