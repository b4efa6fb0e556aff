//! The facts that this service tells.
//!
//! All go to the channel of facts, which gateway nodes and caches read, and onto the durable stream, from which
//! messaging makes action messages and places in conversations.

use chrono::{DateTime, Utc};
use halley_bus::{Channel, outbox::Entry};
use halley_contracts::{
    events::v1::{ChangeKind, Event, GroupChanged, MembersImported, ScopePermissionsChanged, event::Body},
    groups::v1::{Group, MembershipAction, MembershipChanged, MembershipEvent},
};
use halley_kit::{Caller, time};
use halley_model::{APP_SYSTEM_UID, rights::Scope};

use crate::domain::{Membership, scope_to_pb};

/// Whose call something comes of.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub app_id: &'a str,
    /// The acting user, or `app_system`.
    by: &'a str,
    device_id: &'a str,
}

impl<'a> Origin<'a> {
    /// A caller's.
    pub(crate) fn of(caller: &'a Caller) -> Self {
        Self { app_id: caller.app_id(), by: caller.actor(), device_id: caller.device_id() }
    }

    /// Nobody's: what follows from something else.
    pub(crate) fn system(app_id: &'a str) -> Self {
        Self { app_id, by: APP_SYSTEM_UID, device_id: "" }
    }
}

/// What became of one user in a group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change<'a> {
    pub action: MembershipAction,
    pub uid: &'a str,
    /// The membership before; `None`: there was none.
    pub before: Option<Membership>,
    /// The membership after; `None`: there is none.
    pub after: Option<Membership>,
    pub at: DateTime<Utc>,
}

/// A membership changed: the event as the call answers it, and the same as the bus carries it.
pub(crate) fn membership(origin: Origin<'_>, group: &Group, change: Change<'_>) -> (MembershipEvent, Entry) {
    let scope = |membership: Option<Membership>| scope_number(membership.map(|membership| membership.scope));
    let changed = MembershipChanged {
        action: change.action.into(),
        group: Some(group.clone()),
        by_uid: origin.by.to_owned(),
        on_uid: change.uid.to_owned(),
        scope: scope(change.after),
        old_scope: scope(change.before),
        joined_at_ms: time::opt_to_ms(change.after.or(change.before).map(|membership| membership.joined_at)),
    };
    let mut event = event(origin, Body::MembershipChanged(changed.clone()));
    event.occurred_at_ms = time::to_ms(change.at);
    let told =
        MembershipEvent { event_id: event.id.clone(), occurred_at_ms: event.occurred_at_ms, change: Some(changed) };
    (told, entry(event))
}

fn scope_number(scope: Option<Scope>) -> i32 {
    scope.map_or(0, |scope| scope_to_pb(scope).into())
}

/// A group was made or deleted.
pub(crate) fn group_changed(origin: Origin<'_>, kind: ChangeKind, group: Group) -> Entry {
    let changed = GroupChanged { kind: kind.into(), group: Some(group), old_owner: String::new() };
    entry(event(origin, Body::GroupChanged(changed)))
}

/// A group that was `old_owner`'s was changed, perhaps also given to another owner.
pub(crate) fn group_updated(origin: Origin<'_>, old_owner: &str, group: Group) -> Entry {
    let old_owner = if old_owner == group.owner { String::new() } else { old_owner.to_owned() };
    let changed = GroupChanged { kind: ChangeKind::Updated.into(), group: Some(group), old_owner };
    entry(event(origin, Body::GroupChanged(changed)))
}

/// An import put users into a group.
pub(crate) fn members_imported(origin: Origin<'_>, guid: String, uids: Vec<String>) -> Entry {
    entry(event(origin, Body::MembersImported(MembersImported { guid, uids })))
}

/// What a scope lets the members of a group do changed.
pub(crate) fn permissions_changed(origin: Origin<'_>, guid: String, scope: Scope) -> Entry {
    let changed = ScopePermissionsChanged { guid, scope: scope_to_pb(scope).into() };
    entry(event(origin, Body::ScopePermissionsChanged(changed)))
}

fn event(origin: Origin<'_>, body: Body) -> Event {
    halley_bus::event(origin.app_id, origin.device_id, body)
}

fn entry(event: Event) -> Entry {
    Entry { event, channels: vec![Channel::facts()], durable: true }
}
