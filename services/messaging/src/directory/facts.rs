//! What each fact makes untrue.

use halley_bus::fact_cache as cache;
use halley_contracts::events::v1::{ChangeKind, Event, event::Body};

use super::Caches;

/// Drops what an event makes untrue.
pub(super) fn apply(caches: &Caches, event: &Event) {
    let app_id = event.app_id.as_str();
    match &event.body {
        Some(Body::UserChanged(changed)) => {
            let Some(user) = &changed.user else { return };
            caches.users.forget(&cache::key(app_id, &[&user.uid]));
            if changed.kind() == ChangeKind::Deleted {
                let (app, member) = (format!("{app_id}:"), format!(":{}", user.uid));
                caches.memberships.forget_if(move |key| key.starts_with(&app) && key.ends_with(&member));
            }
        }
        Some(Body::RelationChanged(changed)) => {
            let (a, b) = (changed.uid.as_str(), changed.other_uid.as_str());
            let (low, high) = if a < b { (a, b) } else { (b, a) };
            caches.relations.forget(&cache::key(app_id, &[low, high]));
        }
        Some(Body::GroupChanged(changed)) => {
            let Some(group) = &changed.group else { return };
            caches.groups.forget(&cache::key(app_id, &[&group.guid]));
            if changed.kind() == ChangeKind::Deleted {
                caches.scopes.forget(&cache::key(app_id, &[&group.guid]));
                let of_group = format!("{app_id}:{}:", group.guid);
                caches.memberships.forget_if(move |key| key.starts_with(&of_group));
            }
        }
        Some(Body::MembershipChanged(changed)) => {
            let Some(group) = &changed.group else { return };
            caches.memberships.forget(&cache::key(app_id, &[&group.guid, &changed.on_uid]));
            // The number of members is part of the group.
            caches.groups.forget(&cache::key(app_id, &[&group.guid]));
        }
        Some(Body::ScopePermissionsChanged(changed)) => caches.scopes.forget(&cache::key(app_id, &[&changed.guid])),
        Some(Body::MembersImported(imported)) => caches.groups.forget(&cache::key(app_id, &[&imported.guid])),
        _ => {}
    }
}
