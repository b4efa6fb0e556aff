//! The facts that this service tells: to every cache, and onto the durable stream.

use halley_bus::{Channel, outbox::Entry};
use halley_contracts::events::v1::{ChangeKind, RelationChanged, RelationKind, RoleChanged, UserChanged, event::Body};
use halley_kit::Caller;

use crate::store::users::UserRow;

/// A user was made, changed, deactivated, reactivated or deleted. A deleted one is told as it was.
pub(crate) fn user_changed(caller: &Caller, kind: ChangeKind, user: &UserRow) -> Entry {
    entry(caller, Body::UserChanged(UserChanged { kind: kind.into(), user: Some(user.clone().into()) }))
}

/// A block or a friendship between two users began or ended.
pub(crate) fn relation_changed(caller: &Caller, kind: RelationKind, uid: &str, other_uid: &str) -> Entry {
    let changed = RelationChanged { uid: uid.to_owned(), other_uid: other_uid.to_owned(), kind: kind.into() };
    entry(caller, Body::RelationChanged(changed))
}

/// What a role lets its users do changed, or the role was deleted.
pub(crate) fn role_changed(caller: &Caller, role: &str) -> Entry {
    entry(caller, Body::RoleChanged(RoleChanged { role: role.to_owned() }))
}

fn entry(caller: &Caller, body: Body) -> Entry {
    let event = halley_bus::event(caller.app_id(), caller.device_id(), body);
    Entry { event, channels: vec![Channel::facts()], durable: true }
}
