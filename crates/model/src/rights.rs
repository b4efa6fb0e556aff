//! Who may do what in a group, by owner and scope.
//!
//! A user without membership may do nothing here; joining has rules of its own, by the group's type. The app itself
//! (an API key that acts for nobody) has every right and is never asked about.
//!
//! Where public sources differ, the newest reading holds: moderators act on participants only, an admin may kick
//! another admin but not demote one, and nobody acts on the owner.

use crate::ErrorCode;

/// A member's scope, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Talks.
    Participant,
    /// Also keeps order among participants.
    Moderator,
    /// Also runs the group.
    Admin,
}

impl Scope {
    /// Every scope, lowest first.
    pub const ALL: [Self; 3] = [Self::Participant, Self::Moderator, Self::Admin];

    /// The public word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Participant => "participant",
            Self::Moderator => "moderator",
            Self::Admin => "admin",
        }
    }

    /// Reads the public word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }
}

/// How a user stands in a group, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Not in it.
    NonMember,
    /// In it with the scope participant.
    Participant,
    /// In it with the scope moderator.
    Moderator,
    /// In it with the scope admin.
    Admin,
    /// In it, and the group is theirs, whatever the scope.
    Owner,
}

impl Standing {
    /// Every standing, lowest first.
    pub const ALL: [Self; 5] = [Self::NonMember, Self::Participant, Self::Moderator, Self::Admin, Self::Owner];

    /// The standing of `uid`, given the group's owner and the user's scope; no scope is no membership.
    pub fn of(uid: &str, owner: &str, scope: Option<Scope>) -> Self {
        match scope {
            None => Self::NonMember,
            Some(_) if uid == owner => Self::Owner,
            Some(Scope::Participant) => Self::Participant,
            Some(Scope::Moderator) => Self::Moderator,
            Some(Scope::Admin) => Self::Admin,
        }
    }
}

/// What somebody wants to do in a group. Targets are other users: acting on oneself is refused before rights are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Send a message or start a call.
    Send,
    /// Read messages and the conversation.
    ReadHistory,
    /// Read the list of members.
    ListMembers,
    /// Leave.
    Leave,
    /// Add users, whatever their scope.
    AddMembers,
    /// Remove a member.
    Kick(Standing),
    /// Remove a user and keep them out.
    Ban(Standing),
    /// Lift a ban.
    Unban,
    /// Read the list of bans.
    ListBanned,
    /// Give a member another scope.
    ChangeScope {
        /// How the member stands now.
        target: Standing,
        /// The new scope.
        to: Scope,
    },
    /// Change name, icon, description, metadata and tags.
    UpdateGroup,
    /// Delete the group.
    DeleteGroup,
    /// Give the group to another member.
    TransferOwnership,
    /// Edit or delete what somebody else wrote.
    ModerateMessages,
    /// Pin and unpin messages.
    Pin,
}

/// Why an action is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// Not a member.
    #[error("the acting user is no member of the group")]
    NotJoined,
    /// The scope is too low.
    #[error("the acting user's scope is too low")]
    NoClearance,
    /// That scope is not theirs to take or give.
    #[error("the acting user may not change that scope")]
    NoScopeClearance,
    /// The group would be left without its owner.
    #[error("the owner can't leave: transfer the ownership first")]
    OwnerLeaves,
}

impl Denial {
    /// The public code.
    pub fn code(self) -> ErrorCode {
        match self {
            Self::NotJoined => ErrorCode::GroupNotJoined,
            Self::NoClearance => ErrorCode::GroupNoClearance,
            Self::NoScopeClearance => ErrorCode::GroupNoScopeClearance,
            Self::OwnerLeaves => ErrorCode::GroupNoSelfAction,
        }
    }
}

/// Whether a user of that standing may do it.
pub fn may(actor: Standing, action: Action) -> Result<(), Denial> {
    if actor == Standing::NonMember {
        return Err(Denial::NotJoined);
    }
    match action {
        Action::Send | Action::ReadHistory | Action::ListMembers => Ok(()),
        Action::Leave if actor == Standing::Owner => Err(Denial::OwnerLeaves),
        Action::Leave => Ok(()),
        Action::Unban | Action::ListBanned | Action::UpdateGroup | Action::ModerateMessages | Action::Pin => {
            at_least(actor, Standing::Moderator)
        }
        Action::AddMembers | Action::DeleteGroup => at_least(actor, Standing::Admin),
        Action::TransferOwnership => at_least(actor, Standing::Owner),
        Action::Kick(target) | Action::Ban(target) => may_remove(actor, target),
        Action::ChangeScope { target, to } => may_change_scope(actor, target, to),
    }
}

fn at_least(actor: Standing, needed: Standing) -> Result<(), Denial> {
    if actor >= needed { Ok(()) } else { Err(Denial::NoClearance) }
}

fn may_remove(actor: Standing, target: Standing) -> Result<(), Denial> {
    let allowed = match actor {
        Standing::Owner | Standing::Admin => target < Standing::Owner,
        Standing::Moderator => target <= Standing::Participant,
        Standing::Participant | Standing::NonMember => false,
    };
    if allowed { Ok(()) } else { Err(Denial::NoClearance) }
}

fn may_change_scope(actor: Standing, target: Standing, to: Scope) -> Result<(), Denial> {
    let allowed = match actor {
        Standing::Owner => target < Standing::Owner,
        // An admin makes admins, but only the owner unmakes them.
        Standing::Admin => target < Standing::Admin,
        Standing::Moderator => target <= Standing::Participant && to <= Scope::Moderator,
        Standing::Participant | Standing::NonMember => false,
    };
    if allowed { Ok(()) } else { Err(Denial::NoScopeClearance) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Standing::{Admin, Moderator, NonMember, Owner, Participant};

    /// One row of the matrix: an action, and whether owner, admin, moderator and participant may do it.
    type Row = (Action, [bool; 4]);

    const Y: bool = true;
    const N: bool = false;

    fn scope(target: Standing, to: Scope) -> Action {
        Action::ChangeScope { target, to }
    }

    fn matrix() -> Vec<Row> {
        vec![
            //                                    owner adm mod part
            (Action::Send, [Y, Y, Y, Y]),
            (Action::ReadHistory, [Y, Y, Y, Y]),
            (Action::ListMembers, [Y, Y, Y, Y]),
            (Action::Leave, [N, Y, Y, Y]),
            (Action::AddMembers, [Y, Y, N, N]),
            (Action::Unban, [Y, Y, Y, N]),
            (Action::ListBanned, [Y, Y, Y, N]),
            (Action::UpdateGroup, [Y, Y, Y, N]),
            (Action::DeleteGroup, [Y, Y, N, N]),
            (Action::TransferOwnership, [Y, N, N, N]),
            (Action::ModerateMessages, [Y, Y, Y, N]),
            (Action::Pin, [Y, Y, Y, N]),
            (Action::Kick(NonMember), [Y, Y, Y, N]),
            (Action::Kick(Participant), [Y, Y, Y, N]),
            (Action::Kick(Moderator), [Y, Y, N, N]),
            (Action::Kick(Admin), [Y, Y, N, N]),
            (Action::Kick(Owner), [N, N, N, N]),
            (Action::Ban(NonMember), [Y, Y, Y, N]),
            (Action::Ban(Participant), [Y, Y, Y, N]),
            (Action::Ban(Moderator), [Y, Y, N, N]),
            (Action::Ban(Admin), [Y, Y, N, N]),
            (Action::Ban(Owner), [N, N, N, N]),
            (scope(NonMember, Scope::Participant), [Y, Y, Y, N]),
            (scope(NonMember, Scope::Moderator), [Y, Y, Y, N]),
            (scope(NonMember, Scope::Admin), [Y, Y, N, N]),
            (scope(Participant, Scope::Participant), [Y, Y, Y, N]),
            (scope(Participant, Scope::Moderator), [Y, Y, Y, N]),
            (scope(Participant, Scope::Admin), [Y, Y, N, N]),
            (scope(Moderator, Scope::Participant), [Y, Y, N, N]),
            (scope(Moderator, Scope::Moderator), [Y, Y, N, N]),
            (scope(Moderator, Scope::Admin), [Y, Y, N, N]),
            (scope(Admin, Scope::Participant), [Y, N, N, N]),
            (scope(Admin, Scope::Moderator), [Y, N, N, N]),
            (scope(Admin, Scope::Admin), [Y, N, N, N]),
            (scope(Owner, Scope::Participant), [N, N, N, N]),
            (scope(Owner, Scope::Moderator), [N, N, N, N]),
            (scope(Owner, Scope::Admin), [N, N, N, N]),
        ]
    }

    fn denial_of_members(action: Action) -> Denial {
        match action {
            Action::ChangeScope { .. } => Denial::NoScopeClearance,
            Action::Leave => Denial::OwnerLeaves,
            _ => Denial::NoClearance,
        }
    }

    #[test]
    fn every_cell_of_the_matrix_is_as_written() {
        for (action, cells) in matrix() {
            for (actor, allowed) in [Owner, Admin, Moderator, Participant].into_iter().zip(cells) {
                let wanted = if allowed { Ok(()) } else { Err(denial_of_members(action)) };
                assert_eq!(may(actor, action), wanted, "{actor:?} {action:?}");
            }
        }
    }

    #[test]
    fn the_matrix_names_every_target_and_scope() {
        let named = matrix();
        for target in Standing::ALL {
            for action in [Action::Kick(target), Action::Ban(target)] {
                assert!(named.iter().any(|row| row.0 == action), "{action:?}");
            }
            for to in Scope::ALL {
                assert!(named.iter().any(|row| row.0 == scope(target, to)), "{target:?} {to:?}");
            }
        }
    }

    #[test]
    fn who_is_no_member_may_nothing() {
        for (action, _) in matrix() {
            assert_eq!(may(NonMember, action), Err(Denial::NotJoined), "{action:?}");
        }
    }

    #[test]
    fn the_owner_stands_above_any_scope_but_must_be_a_member() {
        for scope in Scope::ALL {
            assert_eq!(Standing::of("ann", "ann", Some(scope)), Owner);
        }
        assert_eq!(Standing::of("ann", "ann", None), NonMember);
        assert_eq!(Standing::of("bob", "ann", Some(Scope::Moderator)), Moderator);
    }

    #[test]
    fn scopes_are_read_back() {
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()), Some(scope));
        }
        assert_eq!(Scope::parse("owner"), None);
    }
}
