//! The action message that a membership change leaves in its group.

use chrono::{DateTime, Utc};
use halley_contracts::groups::v1::{MemberScope, MembershipAction, MembershipChanged};
use serde::Serialize;

/// The type of action messages about members.
pub(crate) const GROUP_MEMBER: &str = "groupMember";

/// What a membership change does to a participant's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// In the conversation from now on.
    In,
    /// Out of it.
    Out,
    /// As before.
    Unchanged,
}

/// A membership change as the conversation keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Membership {
    /// Whose.
    pub uid: String,
    /// In or out.
    pub presence: Presence,
    /// When it took place.
    pub at: DateTime<Utc>,
}

#[derive(Serialize)]
struct Data {
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    extras: Option<Extras>,
}

#[derive(Serialize)]
struct Extras {
    scope: Scopes,
}

#[derive(Serialize)]
struct Scopes {
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<&'static str>,
}

/// The public word of an action; `None` for one that is not named.
pub(crate) fn word(action: MembershipAction) -> Option<&'static str> {
    match action {
        MembershipAction::Joined => Some("joined"),
        MembershipAction::Left => Some("left"),
        MembershipAction::Added => Some("added"),
        MembershipAction::Kicked => Some("kicked"),
        MembershipAction::Banned => Some("banned"),
        MembershipAction::Unbanned => Some("unbanned"),
        MembershipAction::ScopeChanged => Some("scopeChanged"),
        MembershipAction::Unspecified => None,
    }
}

/// What an action does to its user's place in the conversation.
pub(crate) fn presence(action: MembershipAction) -> Presence {
    match action {
        MembershipAction::Joined | MembershipAction::Added => Presence::In,
        MembershipAction::Left | MembershipAction::Kicked | MembershipAction::Banned => Presence::Out,
        MembershipAction::Unbanned | MembershipAction::ScopeChanged | MembershipAction::Unspecified => {
            Presence::Unchanged
        }
    }
}

/// The action message's data, for an action that has a word.
pub(crate) fn data(action: &'static str, change: &MembershipChanged) -> Result<String, serde_json::Error> {
    let scopes = Scopes { new: scope(change.scope()), old: scope(change.old_scope()) };
    let extras = (scopes.new.is_some() || scopes.old.is_some()).then_some(Extras { scope: scopes });
    serde_json::to_string(&Data { action, extras })
}

fn scope(scope: MemberScope) -> Option<&'static str> {
    match scope {
        MemberScope::Participant => Some("participant"),
        MemberScope::Moderator => Some("moderator"),
        MemberScope::Admin => Some("admin"),
        MemberScope::Unspecified => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_scope_tells_both_scopes() {
        let change = MembershipChanged {
            action: MembershipAction::ScopeChanged.into(),
            scope: MemberScope::Admin.into(),
            old_scope: MemberScope::Participant.into(),
            ..Default::default()
        };
        assert_eq!(
            data("scopeChanged", &change).expect("json"),
            r#"{"action":"scopeChanged","extras":{"scope":{"new":"admin","old":"participant"}}}"#
        );
    }

    #[test]
    fn without_a_scope_there_are_no_extras() {
        assert_eq!(data("left", &MembershipChanged::default()).expect("json"), r#"{"action":"left"}"#);
    }
}
