//! How users stand to a group.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use halley_contracts::groups::v1::{self as pb, MemberScope};
use halley_kit::time;
use halley_model::rights::Scope;

/// A user's being in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Membership {
    pub scope: Scope,
    pub joined_at: DateTime<Utc>,
}

impl Membership {
    /// As the contract shows it.
    pub(crate) fn show(self, guid: &str, uid: &str) -> pb::Member {
        pb::Member {
            guid: guid.to_owned(),
            uid: uid.to_owned(),
            scope: scope_to_pb(self.scope).into(),
            joined_at_ms: time::to_ms(self.joined_at),
        }
    }
}

/// A user in a group, or kept out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Member(Membership),
    Banned,
}

/// The places of the users that were asked for. Who has none is a stranger.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places(HashMap<String, Place>);

impl Places {
    /// The membership of a user who is in.
    pub(crate) fn membership(&self, uid: &str) -> Option<Membership> {
        match self.0.get(uid) {
            Some(Place::Member(membership)) => Some(*membership),
            _ => None,
        }
    }

    /// Whether a user is kept out.
    pub(crate) fn is_banned(&self, uid: &str) -> bool {
        matches!(self.0.get(uid), Some(Place::Banned))
    }
}

impl FromIterator<(String, Place)> for Places {
    fn from_iter<T: IntoIterator<Item = (String, Place)>>(places: T) -> Self {
        Self(places.into_iter().collect())
    }
}

/// A scope as the contract and the database number it.
pub(crate) fn scope_to_pb(scope: Scope) -> MemberScope {
    match scope {
        Scope::Participant => MemberScope::Participant,
        Scope::Moderator => MemberScope::Moderator,
        Scope::Admin => MemberScope::Admin,
    }
}

/// A scope that was named.
pub(crate) fn scope_from_pb(scope: MemberScope) -> Option<Scope> {
    match scope {
        MemberScope::Unspecified => None,
        MemberScope::Participant => Some(Scope::Participant),
        MemberScope::Moderator => Some(Scope::Moderator),
        MemberScope::Admin => Some(Scope::Admin),
    }
}
